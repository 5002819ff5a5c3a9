/* Options as text: the part of generator.h that reads what people write. */

#include "base/clock.h"
#include "generators/generator.h"
#include "generators/table.h"

/* 2025-10-09T08:22:51.270Z */
#define DEFAULT_START_US INT64_C(1759998171270000)

void generator_defaults(struct generator_options *options)
{
	*options = (struct generator_options){
		.model = {.seed = 1,
			  .items = 100000,
			  .changes = 20000,
			  .start_us = DEFAULT_START_US,
			  .duration_us = 7200 * CLOCK_SECOND_US,
			  .skew = 2,
			  .zipf = -1,
			  .ttl_ppm = 20000,
			  .ttl_name = TTL_ATTRIBUTE,
			  .ttl_sweeps = 6,
			  .mix = {.insert_percent = 8,
				  .reinsert_percent = 5,
				  .delete_percent = 11,
				  .no_effect_percent = 6,
				  .burst = 120000,
				  .burst_gap_us = 3000,
				  .transaction_min = 2,
				  .transaction_max = 10},
			  .clock_us = 1,
			  .shards = 4,
			  .splits = 1,
			  .foreign = 300000,
			  .partition_items = 4,
			  .large_partition_max = 5000},
		.export_percent = 50,
		.fuzz_us = FUZZ_PROMISED_US,
		.prefix = "",
		.faults = {.records_per_file = 500,
			   .batch_window_us = 300 * CLOCK_SECOND_US,
			   .duplicates = {.ppm = 10000},
			   .shuffle_window = 50,
			   .replay_files = 3},
		.view = VIEW_NEW_AND_OLD_IMAGES,
		.format = stream_format_at(0),
		.envelope_records = 100,
		.truth = TRUTH_FULL,
	};
	memcpy(options->model.key_type, "SN", 2);
	memcpy(options->model.key_name[0], "pk", 3);
	memcpy(options->model.key_name[1], "sk", 3);
}

/* ---- keys ---- */

int generator_parse_key(const char *text, struct model_config *config, struct error *error)
{
	memset(config->key_type, 0, sizeof(config->key_type));
	memset(config->key_shape, 0, sizeof(config->key_shape));
	for (unsigned part = 0; part < 2; part++) {
		const char *colon = strchr(text, ':');
		struct slice name = {text, colon != NULL ? (size_t)(colon - text) : 0};
		if (colon == NULL || !model_name_valid(name) || colon[1] == '\0' || strchr("SNB", colon[1]) == NULL ||
		    (colon[2] != '\0' && (colon[2] != ',' || part == 1)))
			break;
		memset(config->key_name[part], 0, KEY_NAME_MAX);
		memcpy(config->key_name[part], name.data, name.size);
		config->key_type[part] = colon[1];
		if (colon[2] == '\0')
			return part == 1 && strcmp(config->key_name[0], config->key_name[1]) == 0
				       ? error_set(error, ERROR_USAGE, "both key attributes are named \"%s\"",
						   config->key_name[0])
				       : 0;
		text = colon + 3;
	}
	return error_set(error, ERROR_USAGE,
			 "cannot read the key at \"%s\"; write NAME:TYPE or NAME:TYPE,NAME:TYPE with types S, N, B, "
			 "such as pk:S,sk:N",
			 text);
}

int generator_parse_faults(const char *text, struct generator_options *options, struct error *error)
{
	enum { FAULT_MAX = 200 };
	struct fault_plan *plan = &options->faults;
	char fault[FAULT_MAX];

	while (*text != '\0') {
		size_t size = strcspn(text, ",");
		if (size == 0 || size >= FAULT_MAX)
			return error_set(error, ERROR_USAGE, "cannot read the faults at \"%s\"", text);
		if (plan->fault_count == FAULTS_MAX)
			return error_set(error, ERROR_USAGE, "there are more than %d faults", FAULTS_MAX);
		memcpy(fault, text, size);
		fault[size] = '\0';
		if (fault_parse(fault, &plan->faults[plan->fault_count], error) != 0)
			return error->code;
		plan->fault_count++;
		text += size + (text[size] == ',');
	}
	return 0;
}
