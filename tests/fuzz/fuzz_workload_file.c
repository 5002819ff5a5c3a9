/* fuzz_workload_file - any YAML is a workload that keeps its promises, or a usage error that names a line and column.
 */
#include "generators/workload_file.h"

#include <stdlib.h>

#include "generators/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct generator_options *options)
{
	const struct table *table = options->model.table;
	const struct write_mix *mix = &options->model.mix;
	if (table == NULL || table->entity_count == 0 || table->share_sum == 0 || table->json_max == 0)
		abort();
	if (mix->transaction_min < 1 || mix->transaction_min > mix->transaction_max || mix->burst_gap_us < 1)
		abort();
	for (uint32_t i = 0; i < table->entity_count; i++) {
		const struct table_entity *entity = &table->entities[i];
		bool counts = false;
		for (uint32_t j = 0; j < entity->attribute_count; j++) {
			const struct table_attribute *attribute = &entity->attributes[j];
			counts = counts || attribute->counts;
			if (attribute->range.min > attribute->range.max || attribute->phase_from > table->phase_count)
				abort();
		}
		/* Something tells one version of an item from the next. */
		if (!counts || entity->name == NULL || entity->once != (i < table->once_count))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct generator_options options;
	struct workload_file *file;
	struct error error = {0};
	generator_defaults(&options);
	int code = workload_file_parse("w.yaml", (struct slice){(const char *)data, size}, &options, &file, &error);
	if (code == 0) {
		check(&options);
	} else if (code != ERROR_USAGE || file != NULL || strncmp(error.message, "w.yaml:", 7) != 0 ||
		   error.message[7] < '0' || error.message[7] > '9') {
		abort();
	}
	workload_file_free(file);
	return 0;
}
