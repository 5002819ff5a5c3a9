/* Whatever contract_parse accepts keeps the promises of contract.h and compiles to a plan or a usage error;
 * what it refuses is a usage error that names a line and column. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "reconcile/digest/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_contract(const struct contract *contract)
{
	assert(contract->table != NULL && contract->table[0] != '\0');
	assert(contract->key_count >= 1 && contract->key_count <= KEY_PARTS_MAX);
	for (uint32_t part = 0; part < contract->key_count; part++)
		assert(strchr("SNB", contract->key[part].type) != NULL && contract->key[part].attribute[0] != '\0');
	assert(contract->source_count >= 1 && contract->baseline != BASELINE_AUTO);
	for (uint32_t index = 0; index < contract->source_count; index++) {
		const struct contract_source *source = &contract->sources[index];
		assert(source->path[0] != '\0' && source->line > 0);
		assert(!source->has_from || !source->has_to || source->from_us < source->to_us);
	}
	assert((contract->delta == NULL) == (contract->column_count == 0 && contract->by_name == BY_NAME_NONE));
	for (uint32_t index = 0; index < contract->column_count; index++) {
		const struct contract_column *column = &contract->columns[index];
		assert(column->column[0] != '\0' && column->line > 0);
		for (uint32_t path = 0; path < column->source_count; path++) {
			const struct contract_path *source = &column->sources[path];
			assert(source->count > 0 && source->names[0] != NULL);
			for (uint32_t name = 0; name < source->count; name++)
				assert(source->names[name] != NULL ? source->names[name][0] != '\0'
								   : source->places[name] >= 0);
		}
	}
	for (uint32_t index = 0; index < contract->allow_count; index++)
		assert(contract->allow[index].count_max >= 0 || contract->allow[index].fraction_ppb <= 1000000000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct contract *contract = NULL;
	struct digest_plan *plan = NULL;
	struct error error = {0};
	struct buffer sql;
	int code = contract_parse("c.yaml", (struct slice){(const char *)data, size}, &contract, &error);
	if (code != 0) {
		assert(code == ERROR_USAGE && contract == NULL && strncmp(error.message, "c.yaml:", 7) == 0);
		assert(error.message[7] >= '0' && error.message[7] <= '9');
		return 0;
	}
	check_contract(contract);
	code = digest_plan_new(contract, NULL, &plan, &error);
	assert(code == 0 || code == ERROR_USAGE);
	if (code == 0 && digest_plan_has_rows(plan)) {
		buffer_init(&sql, 64 * 1024 * 1024);
		code = digest_plan_sql(plan, &sql);
		assert(code == 0 || code == ERROR_DATA || sql.failed);
		buffer_release(&sql);
	}
	digest_plan_free(plan);
	contract_free(contract);
	return 0;
}
