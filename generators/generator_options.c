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
		.fuzz_us = EXPORT_FUZZ_US,
		.prefix = "",
		.faults = {.records_per_file = 500,
			   .batch_window_us = 300 * CLOCK_SECOND_US,
			   .duplicates = {.ppm = 10000},
			   .shuffle_window = 50,
			   .replay_files = 3,
			   .late_start_us = INT64_MIN},
		.late_s = -1,
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

/* ---- rates ---- */

static int rate_error(const char *text, struct error *error)
{
	return error_set(error, ERROR_USAGE,
			 "cannot read the rate \"%s\"; write a count such as 12, a share such as 0.5%%, "
			 "or none",
			 text);
}

int generator_parse_rate(const char *text, struct fault_rate *rate, struct error *error)
{
	enum { PPM_DECIMALS = 4, DIGITS_MAX = 15 };
	uint64_t value = 0;
	int decimals = -1;
	size_t i = 0;

	*rate = (struct fault_rate){0, 0};
	if (strcmp(text, "none") == 0)
		return 0;
	for (; (text[i] >= '0' && text[i] <= '9') || (text[i] == '.' && decimals < 0 && i > 0); i++) {
		if (text[i] == '.') {
			decimals = 0;
			continue;
		}
		value = value * 10 + (uint64_t)(text[i] - '0');
		if (decimals >= 0)
			decimals++;
		if (i > DIGITS_MAX || decimals > PPM_DECIMALS)
			return rate_error(text, error);
	}
	if (i == 0)
		return rate_error(text, error);
	if (text[i] == '\0' && decimals < 0) {
		rate->count = value;
		return 0;
	}
	if (text[i] != '%' || text[i + 1] != '\0')
		return rate_error(text, error);
	for (int missing = decimals < 0 ? PPM_DECIMALS : PPM_DECIMALS - decimals; missing > 0; missing--)
		value *= 10;
	if (value > 1000000)
		return error_set(error, ERROR_USAGE, "the share \"%s\" is more than 100%%", text);
	rate->ppm = value;
	return 0;
}

/* ---- faults ---- */

static int apply_fault(const char *name, struct fault_rate rate, bool has_rate, struct generator_options *options,
		       struct error *error)
{
	struct fault_plan *plan = &options->faults;
	struct fault_rate one = has_rate ? rate : (struct fault_rate){.count = 1};
	struct fault_rate some = has_rate ? rate : (struct fault_rate){.ppm = 1000};
	bool *const flags[] = {&options->missing_export_file, &options->wrong_md5, &options->wrong_count,
			       &options->truncated_export};
	static const char *const flag_names[] = {"missing-export-file", "wrong-md5", "wrong-count", "truncate-export"};

	/* What is no share of anything: a time, and files, which are few. */
	if (rate.ppm > 0 && (strcmp(name, "truncate-gzip") == 0 || strcmp(name, "late-start") == 0))
		return error_set(error, ERROR_USAGE, "fault \"%s\" takes a count, no share", name);
	if (strcmp(name, "drop-record") == 0) {
		plan->drop_records = some;
	} else if (strcmp(name, "drop-remove") == 0) {
		plan->drop_removes = has_rate ? rate : (struct fault_rate){.ppm = 1000000};
	} else if (strcmp(name, "truncate-gzip") == 0) {
		plan->truncated_files = one.count;
	} else if (strcmp(name, "late-start") == 0) {
		options->late_s = has_rate ? (int64_t)rate.count : 60;
	} else if (broken_find(name) != BROKEN_NONE) {
		plan->broken[broken_find(name)] = one;
	} else {
		for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
			if (strcmp(name, flag_names[i]) != 0)
				continue;
			if (has_rate)
				return error_set(error, ERROR_USAGE, "fault \"%s\" takes no rate", name);
			*flags[i] = true;
			return 0;
		}
		return error_set(error, ERROR_USAGE, "unknown fault \"%s\"; see `lakeproof generate --help`", name);
	}
	return 0;
}

int generator_parse_faults(const char *text, struct generator_options *options, struct error *error)
{
	enum { FAULT_MAX = 64 };
	char fault[FAULT_MAX];

	while (*text != '\0') {
		size_t size = strcspn(text, ",");
		struct fault_rate rate = {0, 0};
		if (size == 0 || size >= FAULT_MAX)
			return error_set(error, ERROR_USAGE, "cannot read the faults at \"%s\"", text);
		memcpy(fault, text, size);
		fault[size] = '\0';
		char *colon = strchr(fault, ':');
		if (colon != NULL) {
			*colon = '\0';
			if (generator_parse_rate(colon + 1, &rate, error) != 0)
				return error_prefix(error, "fault \"%s\"", fault);
		}
		if (apply_fault(fault, rate, colon != NULL, options, error) != 0)
			return error->code;
		text += size + (text[size] == ',');
	}
	return 0;
}
