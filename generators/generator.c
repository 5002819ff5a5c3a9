#include "generators/generator.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "generators/contract_writer.h"
#include "generators/lineage.h"
#include "generators/table.h"

enum { ITEMS_A_SHARD = 50000, SHARDS_MIN = 4 };
#define FAULT_LOG_MAX ((size_t)4 << 30)
/* The closing export is taken so long after the window's end. */
#define CLOSING_DELAY_US (300 * CLOCK_SECOND_US)
/* Stream times are whole seconds, and the first and last changes some way inside the window. */
#define COVERAGE_MARGIN_US (2 * CLOCK_SECOND_US)

struct run {
	const struct generator_options *options;
	struct generator_report *report;
	struct error *error;
	struct model model;
	struct history history;
	struct output output;
	struct fault_plan plan;
	struct delivery delivery;
	struct buffer log;
	struct buffer windows; /* folders of the incremental exports, a line each */
	int64_t export_us[GENERATOR_EXPORTS_MAX];
};

static void watch_begin(struct run *run, const char *step, uint64_t total, const char *unit)
{
	if (run->options->watch.begin != NULL)
		run->options->watch.begin(step, total, unit);
}

static void watch_end(struct run *run)
{
	if (run->options->watch.end != NULL)
		run->options->watch.end();
}

static void tell_landed(const struct run *run, const char *path, int64_t time_us)
{
	if (run->options->watch.landed != NULL)
		run->options->watch.landed(run->options->watch.context, path, time_us);
}

/* ---- options against each other ---- */

static const struct dump_format *dump_of(const struct generator_options *options)
{
	return options->export_format < EXPORT_DUMPS ? NULL
						     : dump_format_at((size_t)(options->export_format - EXPORT_DUMPS));
}

/* How far an item may have been read from the time that an export or a dump is of. */
static int64_t reach_us(const struct generator_options *options)
{
	return dump_of(options) != NULL ? options->fuzz_us : FUZZ_PROMISED_US;
}

static int64_t export_time(const struct generator_options *options)
{
	int64_t time_us = options->model.start_us + options->model.duration_us / 100 * options->export_percent;
	return time_us / 1000 * 1000; /* exports are timed in milliseconds */
}

static bool is_of_window(const struct fault *fault)
{
	return fault->window > 0 || fault_kinds[fault->id].stage == STAGE_WINDOW;
}

static int check_windows(const struct generator_options *options, struct error *error)
{
	if (options->windows > GENERATOR_WINDOWS_MAX)
		return error_set(error, ERROR_USAGE, "there are at most %d incremental exports", GENERATOR_WINDOWS_MAX);
	if (options->windows > 0 && options->export_percent < 0)
		return error_set(error, ERROR_USAGE, "incremental exports follow a full one; give --export-at");
	for (unsigned i = 0; i < options->faults.fault_count; i++) {
		const struct fault *fault = &options->faults.faults[i];
		if (is_of_window(fault) && (options->windows == 0 || fault->window > options->windows))
			return error_set(error, ERROR_USAGE,
					 "fault \"%s\" is one of incremental export %u, and there are %u; give "
					 "--incremental",
					 fault_kinds[fault->id].name, fault->window > 0 ? fault->window : 1,
					 options->windows);
	}
	return 0;
}

/* A dump has no place for some of what can be wrong with an export. */
static int check_dump(const struct generator_options *options, struct error *error)
{
	const struct dump_format *format = dump_of(options);
	enum fault_id none = FAULT_COUNT;

	if (format == NULL)
		return 0;
	if (options->windows > 0 || options->prefix[0] != '\0')
		return error_set(error, ERROR_USAGE,
				 "incremental exports and an S3 prefix go with an export, not with the dump \"%s\"",
				 format->name);
	if (fault_plan_has(&options->faults, FAULT_WRONG_MD5))
		none = FAULT_WRONG_MD5;
	if (!format->manifest && fault_plan_has(&options->faults, FAULT_MISSING_EXPORT_FILE))
		none = FAULT_MISSING_EXPORT_FILE;
	if (!format->counts && fault_plan_has(&options->faults, FAULT_WRONG_COUNT))
		none = FAULT_WRONG_COUNT;
	if (fault_plan_has(&options->faults, FAULT_STRAY_EXPORT))
		none = FAULT_STRAY_EXPORT;
	if (none == FAULT_COUNT)
		return 0;
	return error_set(error, ERROR_USAGE, "the fault \"%s\" has no place in the dump \"%s\"", fault_kinds[none].name,
			 format->name);
}

/* Rows have no tags and no service's identity to break, and the line breaks of CSV are not between rows alone. */
bool generator_fault_fits(const struct stream_format *format, enum fault_id id)
{
	bool of_tags = fault_kinds[id].stage == STAGE_RECORD && id != FAULT_NUMBER_SPELLING &&
		       id != FAULT_EMPTY_IMAGE && id != FAULT_BAD_JSON;

	if (format->parquet != NULL &&
	    (fault_kinds[id].stage == STAGE_FILE || id == FAULT_BAD_JSON || id == FAULT_BAD_UTF8))
		return false; /* Its files are whole, and its columns hold texts in UTF-8. */
	if (format->parquet != NULL && format->rows == 0) /* What its columns lack is dropped unseen. */
		return id != FAULT_BAD_TYPE_TAG && id != FAULT_BAD_NUMBER && id != FAULT_BAD_DUPLICATE_KEY &&
		       id != FAULT_BAD_DEEP && id != FAULT_BAD_HUGE;
	if (format->rows == 0 || format->parquet != NULL)
		return true;
	if ((format->rows & LANDED_CSV) != 0 && (id == FAULT_CRLF || id == FAULT_NO_NEWLINE))
		return false;
	if ((format->rows & LANDED_PUTS_ONLY) != 0 && (id == FAULT_DROP_REMOVE || id == FAULT_PUT_AS_REMOVE))
		return false;
	return !of_tags;
}

static int check_rows(const struct generator_options *options, struct error *error)
{
	for (unsigned i = 0; i < options->faults.fault_count; i++) {
		enum fault_id id = options->faults.faults[i].id;
		if (!generator_fault_fits(options->format, id))
			return error_set(error, ERROR_USAGE, "the fault \"%s\" has no place in records as \"%s\"",
					 fault_kinds[id].name, options->format->name);
	}
	return 0;
}

static int check_options(const struct generator_options *options, struct error *error)
{
	const struct model_config *config = &options->model;
	int64_t room_us = reach_us(options) + COVERAGE_MARGIN_US;

	if (options->shards > EXPORT_SHARDS_MAX)
		return error_set(error, ERROR_USAGE, "an export has at most %d shards", EXPORT_SHARDS_MAX);
	if (options->fuzz_us < 0 || (options->fuzz_us > FUZZ_PROMISED_US && dump_of(options) == NULL))
		return error_set(error, ERROR_USAGE, "the fuzz is 0 s to 60 s, which is what the service promises");
	if (fault_plan_has(&options->faults, FAULT_TRUNCATE_GZIP) && !options->gzip)
		return error_set(error, ERROR_USAGE, "the fault \"truncate-gzip\" needs --gzip");
	if (options->format->parquet != NULL && options->gzip)
		return error_set(error, ERROR_USAGE, "Parquet files are not compressed with gzip; leave --gzip out");
	if (check_windows(options, error) != 0 || check_dump(options, error) != 0 || check_rows(options, error) != 0)
		return error->code;
	if (options->export_percent < 0) {
		bool faults = options->second_export || fault_plan_has(&options->faults, FAULT_LATE_START);
		for (unsigned id = 0; id < FAULT_COUNT; id++)
			faults = faults || (fault_kinds[id].stage == STAGE_EXPORT &&
					    fault_plan_has(&options->faults, (enum fault_id)id));
		if (faults)
			return error_set(error, ERROR_USAGE,
					 "without an export there is neither a second one nor a fault of it");
		return 0;
	}
	if (options->export_percent > 100)
		return error_set(error, ERROR_USAGE, "the export lies at 0 to 100 percent of the window");
	int64_t time_us = export_time(options);
	if (config->changes > 0 &&
	    (time_us - config->start_us < room_us || config->start_us + config->duration_us - time_us < room_us))
		return error_set(error, ERROR_USAGE,
				 "an export at %d%% of %" PRId64 " s comes within %" PRId64
				 " s of the window's start or end; "
				 "the capture must overlap it on both sides: give a longer --duration",
				 options->export_percent, config->duration_us / CLOCK_SECOND_US,
				 room_us / CLOCK_SECOND_US);
	return 0;
}

/* ---- steps ---- */

enum { EXPORT_DAMAGES = 4 };
static const enum fault_id export_damages[EXPORT_DAMAGES] = {FAULT_MISSING_EXPORT_FILE, FAULT_WRONG_MD5,
							     FAULT_WRONG_COUNT, FAULT_TRUNCATE_EXPORT};

static const struct fault *export_fault(const struct run *run, enum fault_id id, unsigned index)
{
	const struct fault_plan *plan = &run->options->faults;
	for (unsigned i = 0; i < plan->fault_count; i++)
		if (plan->faults[i].id == id && plan->faults[i].export_index == index && plan->faults[i].window == 0)
			return &plan->faults[i];
	return NULL;
}

/* That of an incremental export, counted from 1; a fault of none in particular hits the one in the middle. */
static const struct fault *window_fault(const struct run *run, enum fault_id id, unsigned window)
{
	const struct fault_plan *plan = &run->options->faults;
	for (unsigned i = 0; i < plan->fault_count; i++) {
		const struct fault *fault = &plan->faults[i];
		unsigned hit = fault->window > 0 ? fault->window : run->options->windows / 2 + 1;
		if (fault->id == id && is_of_window(fault) && hit == window)
			return fault;
	}
	return NULL;
}

/* `index` as targets count: 0 for the export, 1 for the closing one; window: instead of them, from 1, or 0. */
static void plan_export_faults(const struct run *run, unsigned index, unsigned window, unsigned shards,
			       struct export_faults *faults)
{
	int64_t *const hits[EXPORT_DAMAGES] = {&faults->missing_file, &faults->wrong_md5, &faults->wrong_count,
					       &faults->truncated_file};
	unsigned shard = (unsigned)(run->model.salt >> 32) % shards;

	for (unsigned i = 0; i < EXPORT_DAMAGES; i++) {
		if ((window > 0 ? window_fault(run, export_damages[i], window)
				: export_fault(run, export_damages[i], index)) == NULL)
			continue;
		/* Each fault has a file of its own as long as there are enough. */
		shard = (shard + 1) % shards;
		if (shards > 1 && export_shard_is_empty(&run->model, shard, shards))
			shard = (shard + 1) % shards;
		*hits[i] = shard;
	}
}

static int log_export_faults(struct run *run, const struct export_result *result)
{
	for (unsigned i = 0; i < EXPORT_DAMAGES; i++) {
		if (result->hit_file[i][0] != '\0' &&
		    fault_log_file(export_damages[i], result->hit_file[i], NULL, &run->log) != 0)
			return error_set(run->error, ERROR_INTERNAL, "out of memory for the fault log");
	}
	return 0;
}

static int log_export(struct run *run, enum fault_id id, const struct export_result *result)
{
	if (fault_log_file(id, result->folder, NULL, &run->log) != 0)
		return error_set(run->error, ERROR_INTERNAL, "out of memory for the fault log");
	return 0;
}

static uint64_t live_items(const uint32_t *states, const struct model *model)
{
	uint64_t live = 0;
	for (uint64_t item = 0; item < model->slots_max; item++)
		live += state_status(states[item]) == ITEM_LIVE;
	return live;
}

static unsigned shard_count(const struct generator_options *options)
{
	return options->shards > 0 ? options->shards : SHARDS_MIN + (unsigned)(options->model.items / ITEMS_A_SHARD);
}

/* An export that incremental ones continue holds all that they do not: its items' cuts lie no further back than where
 * the first of them begins. */
static void take_snapshot(const struct run *run, unsigned index, int64_t fuzz_us, uint32_t *states)
{
	const struct generator_options *options = run->options;
	int64_t back_us = fuzz_us;

	if (options->windows > 0 && index == 0 && options->windows_lead_us >= 0 && options->windows_lead_us < fuzz_us)
		back_us = options->windows_lead_us;
	history_snapshot(&run->model, &run->history, run->export_us[index] + (fuzz_us - back_us) / 2,
			 (fuzz_us + back_us) / 2, states);
}

/* `as`: FAULT_COUNT, or the fault that writes it once more. */
static int write_export(struct run *run, unsigned index, enum fault_id as)
{
	const struct generator_options *options = run->options;
	const struct fault *fuzz = export_fault(run, FAULT_EXPORT_FUZZ, index);
	const bool copy = as == FAULT_EXPORT_TWICE, stray = as == FAULT_STRAY_EXPORT;
	struct export_result strayed;
	struct export_result *result = stray ? &strayed : &run->report->exported[run->report->exports];
	struct export_request request = {
		.model = &run->model,
		.slots = run->model.slots_max,
		.time_us = run->export_us[index],
		.prefix = stray ? "events" : options->prefix,
		.shards = shard_count(options),
		.faults = EXPORT_FAULTS_NONE,
		.ion = options->export_format == EXPORT_ION,
		.copy = copy,
		.progress = options->watch.add,
	};
	const struct dump_request dump = {dump_of(options), options->envelope_records, options->gzip};
	int failed;

	if (as == FAULT_COUNT)
		plan_export_faults(run, index, 0, request.shards, &request.faults);
	uint32_t *states = malloc(run->model.slots_max * sizeof(*states));
	if (states == NULL)
		return error_set(run->error, ERROR_INTERNAL, "out of memory for the export's items; generate fewer");
	take_snapshot(run, index, fuzz != NULL ? (int64_t)fuzz->rate.count * CLOCK_SECOND_US : options->fuzz_us,
		      states);
	only_states(&options->only, &run->model, states);
	request.states = states;
	watch_begin(run, index == 0 ? "writing the export" : "writing the closing export",
		    live_items(states, &run->model), "items");
	failed = dump.format != NULL ? dump_write(&dump, &request, &run->output, result, run->error)
				     : export_write(&request, &run->output, result, run->error);
	watch_end(run);
	free(states);
	if (failed)
		return failed;
	run->report->exports += !stray;
	tell_landed(run, result->folder, request.time_us);
	if ((fuzz != NULL && log_export(run, FAULT_EXPORT_FUZZ, result) != 0) ||
	    (as != FAULT_COUNT && log_export(run, as, result) != 0))
		return run->error->code;
	return log_export_faults(run, result);
}

static int write_exports(struct run *run)
{
	const struct model_config *config = &run->options->model;

	if (run->options->export_percent < 0)
		return 0;
	run->export_us[0] = export_time(run->options);
	run->export_us[1] = (config->start_us + config->duration_us + CLOSING_DELAY_US) / 1000 * 1000;
	if (write_export(run, 0, FAULT_COUNT) != 0)
		return run->error->code;
	if (fault_plan_has(&run->options->faults, FAULT_EXPORT_TWICE) && write_export(run, 0, FAULT_EXPORT_TWICE) != 0)
		return run->error->code;
	if (fault_plan_has(&run->options->faults, FAULT_STRAY_EXPORT) && write_export(run, 0, FAULT_STRAY_EXPORT) != 0)
		return run->error->code;
	return run->options->second_export ? write_export(run, 1, FAULT_COUNT) : 0;
}

/* ---- incremental exports ---- */

/* Window `window` of the chain, from 1. */
static void place_window(const struct run *run, unsigned window, struct increment *increment)
{
	const struct generator_options *options = run->options;
	int64_t begin_us = run->export_us[0] - options->windows_lead_us / 1000 * 1000;
	int64_t end_us = (options->model.start_us + options->model.duration_us) / 1000 * 1000 + CLOCK_SECOND_US;
	int64_t length_us = (end_us - begin_us) / options->windows / 1000 * 1000;

	increment->from_us = begin_us + length_us * (window - 1);
	increment->to_us = window == options->windows ? end_us : increment->from_us + length_us;
	if (window > 1 && window_fault(run, FAULT_WINDOW_OVERLAP, window) != NULL)
		increment->from_us -= length_us / 2000 * 1000;
}

static int write_window(struct run *run, unsigned window, bool again, struct net_change *changes)
{
	const struct generator_options *options = run->options;
	struct increment increment = {.with_old = options->windows_view == EXPORT_NEW_AND_OLD_IMAGES,
				      .changes = changes};
	struct export_result result;
	struct export_request request = {
		.model = &run->model,
		.increment = &increment,
		.slots = run->model.slots_max,
		.prefix = options->prefix,
		.shards = shard_count(options),
		.faults = EXPORT_FAULTS_NONE,
		.ion = options->export_format == EXPORT_ION,
		.progress = options->watch.add,
	};

	place_window(run, window, &increment);
	/* Asked for in a whole second some time after it. */
	request.time_us = (increment.to_us / CLOCK_SECOND_US + (again ? 7200 : 60)) * CLOCK_SECOND_US;
	increment_collect(&run->model, &run->history, increment.from_us, increment.to_us, changes);
	only_net_changes(&options->only, &run->model, changes);
	if (!again)
		plan_export_faults(run, 0, window, request.shards, &request.faults);
	if (export_write(&request, &run->output, &result, run->error) != 0)
		return run->error->code;
	tell_landed(run, result.folder, request.time_us);
	run->report->windows++;
	run->report->window_records += result.items;
	run->report->window_bytes += result.stored_bytes;
	if (buffer_printf(&run->windows, "%s\n", result.folder) != 0)
		return error_set(run->error, ERROR_INTERNAL, "out of memory for the incremental exports");
	if ((again && log_export(run, FAULT_WINDOW_AGAIN, &result) != 0) ||
	    (window > 1 && window_fault(run, FAULT_WINDOW_OVERLAP, window) != NULL &&
	     log_export(run, FAULT_WINDOW_OVERLAP, &result) != 0))
		return run->error->code;
	return log_export_faults(run, &result);
}

static int write_windows(struct run *run)
{
	unsigned count = run->options->windows;
	int failed = 0;

	if (count == 0)
		return 0;
	struct net_change *changes = malloc(run->model.slots_max * sizeof(*changes));
	if (changes == NULL)
		return error_set(run->error, ERROR_INTERNAL,
				 "out of memory for incremental exports; generate fewer items");
	watch_begin(run, "writing incremental exports", 0, "changes");
	for (unsigned window = 1; window <= count && !failed; window++) {
		char name[32];
		snprintf(name, sizeof(name), "window %u", window);
		if (window_fault(run, FAULT_MISSING_WINDOW, window) == NULL)
			failed = write_window(run, window, false, changes);
		else if (fault_log_file(FAULT_MISSING_WINDOW, name, NULL, &run->log) != 0)
			failed = error_set(run->error, ERROR_INTERNAL, "out of memory for the fault log");
	}
	for (unsigned window = 1; window <= count && !failed; window++)
		if (window_fault(run, FAULT_WINDOW_AGAIN, window) != NULL)
			failed = write_window(run, window, true, changes);
	watch_end(run);
	free(changes);
	return failed;
}

static int write_stream(struct run *run)
{
	const struct generator_options *options = run->options;
	struct stream_request request = {
		.history = &run->history,
		.delivery = &run->delivery,
		.format = options->format,
		.style = {.model = &run->model,
			  .view = options->view,
			  .time = options->time,
			  .envelope_records = options->envelope_records},
		.gzip = options->gzip,
		.progress = options->watch.add,
		.landed = options->watch.landed,
		.context = options->watch.context,
	};
	struct buffer json;
	uint64_t records = 0;
	int failed;

	run->plan = options->faults;
	run->plan.export_end_us = run->export_us[0] + reach_us(options);
	if (delivery_plan(&run->model, &run->history, &run->plan, &run->delivery, &run->log, run->error) != 0 ||
	    only_delivery(&options->only, &run->history, &run->delivery, run->error) != 0)
		return run->error->code;
	run->report->dropped = run->delivery.dropped;
	run->report->duplicated = run->delivery.duplicated;
	for (uint64_t i = 0; i < run->delivery.file_count; i++)
		records += run->delivery.files[i].count;
	watch_begin(run, "writing the stream", records, "records");
	failed = stream_write(&request, &run->output, &run->report->stream, &run->log, run->error);
	watch_end(run);
	if (failed)
		return failed;
	buffer_init(&json, (size_t)1 << 20);
	if (lineage_describe(&run->model, &run->history, stream_view_name(options->view), &json) != 0)
		failed = error_set(run->error, ERROR_INTERNAL, "out of memory for the stream's description");
	else
		failed = output_write(&run->output, OUTPUT_STREAM, buffer_slice(&json), run->error);
	buffer_release(&json);
	return failed;
}

static int write_truth(struct run *run)
{
	const struct generator_report *report = run->report;
	const struct history *history = &run->history;
	char path[OUTPUT_PATH_MAX];
	const struct truth_count counts[] = {
		{"live", report->totals.live},
		{"deleted", report->totals.deleted},
		{"expired", report->totals.expired},
		{"changes", history->count},
		{"inserts", history->inserts},
		{"modifies", history->modifies},
		{"deletes", history->deletes},
		{"ttl_deletes", history->expiries},
		{"reinserts", history->reinserts},
		{"revivals", history->revivals},
		{"no_effects", history->no_effects},
		{"export_items", report->exported[0].items},
		{"closing_export_items", run->options->second_export ? report->exported[report->exports - 1].items : 0},
		{"records_dropped", report->dropped},
		{"records_duplicated", report->duplicated},
		{"records_delivered", report->stream.records},
		{"files_delivered", report->stream.files},
		{NULL, 0},
	};
	int failed;

	if (run->options->no_truth || run->options->only.count > 0)
		return 0;
	if (output_path(&run->output, OUTPUT_TRUTH, path, run->error) != 0)
		return run->error->code;
	watch_begin(run, "writing the truth", 0, "items");
	failed = truth_write(&run->model, history, run->options->truth, counts, path, run->error);
	if (run->options->watch.add != NULL)
		run->options->watch.add(run->report->totals.live, 0);
	watch_end(run);
	return failed;
}

static int write_one_contract(struct run *run, const struct contract_parts *parts, const char *path,
			      struct buffer *yaml)
{
	yaml->size = 0;
	if (contract_write(parts, yaml) != 0)
		return error_set(run->error, ERROR_INTERNAL, "out of memory for the contract");
	return output_write(&run->output, path, buffer_slice(yaml), run->error);
}

/* Several entities, each with a table of its own. */
static int write_lakes(struct run *run, const struct contract_parts *parts, struct buffer *text)
{
	const struct table *table = run->model.config.table;
	char path[OUTPUT_PATH_MAX];

	if (!contract_has_lakes(&run->model))
		return 0;
	text->size = 0;
	if (contract_write_lakes(parts, text) != 0)
		return error_set(run->error, ERROR_INTERNAL, "out of memory for the contract");
	int failed = output_write(&run->output, OUTPUT_CONTRACT_LAKES, buffer_slice(text), run->error);
	for (uint32_t i = 0; i < table->entity_count && !failed; i++) {
		text->size = 0;
		snprintf(path, sizeof(path), "%s/%s.txt", OUTPUT_LAKE_COLUMNS, table->entities[i].name);
		failed = contract_write_lake_pipeline(&run->model, i, text) != 0
				 ? error_set(run->error, ERROR_INTERNAL, "out of memory for the pipeline's columns")
				 : output_write(&run->output, path, buffer_slice(text), run->error);
	}
	return failed;
}

static int write_contract(struct run *run)
{
	const struct model_config *config = &run->options->model;
	unsigned exports = run->report->exports;
	struct contract_parts parts = {.model = &run->model,
				       .events = run->delivery.count > 0 ? run->options->format : NULL};
	struct buffer yaml;
	int failed;

	for (unsigned i = 0; i < exports; i++) {
		const struct export_result *exported = &run->report->exported[i];
		parts.exports[i] = (struct contract_export){.folder = exported->folder,
							    .dump = dump_of(run->options) != NULL};
		if (!parts.exports[i].dump)
			continue;
		parts.exports[i].items = dump_of(run->options)->source;
		parts.exports[i].rows = dump_of(run->options)->rows;
		parts.exports[i].from_us = exported->time_us - reach_us(run->options) - 1000;
		parts.exports[i].to_us = exported->time_us + reach_us(run->options) + 1000;
	}
	parts.from_us = config->start_us;
	parts.to_us = config->start_us + config->duration_us;
	if (exports > 0 && run->history.count > 0) {
		int64_t first_us = run->history.changes[0].time_us;
		int64_t last_us = run->history.changes[run->history.count - 1].time_us;
		int64_t until_us = run->export_us[run->options->second_export] + reach_us(run->options) +
				   COVERAGE_MARGIN_US;
		/* A capture that started too late has no business claiming otherwise. */
		parts.with_from = !fault_plan_has(&run->options->faults, FAULT_LATE_START) &&
				  first_us > run->export_us[0] - reach_us(run->options) - COVERAGE_MARGIN_US;
		parts.with_to = last_us < until_us;
		if (parts.to_us < until_us)
			parts.to_us = until_us;
	}
	buffer_init(&yaml, (size_t)1 << 20);
	failed = write_one_contract(run, &parts, OUTPUT_CONTRACT, &yaml);
	if (!failed)
		failed = write_lakes(run, &parts, &yaml);
	if (!failed && run->report->windows > 0) {
		/* The same table by its exports alone. */
		parts.increments = buffer_slice(&run->windows);
		parts.events = NULL;
		failed = write_one_contract(run, &parts, OUTPUT_CONTRACT_EXPORTS, &yaml);
	}
	yaml.size = 0;
	if (!failed && contract_write_pipeline(&run->model, &yaml) != 0)
		failed = error_set(run->error, ERROR_INTERNAL, "out of memory for the pipeline's columns");
	if (!failed)
		failed = output_write(&run->output, OUTPUT_COLUMNS, buffer_slice(&yaml), run->error);
	buffer_release(&yaml);
	return failed;
}

/* Written last: a marker with contents says that the run was complete. */
static int write_marker(struct run *run)
{
	const struct generator_report *report = run->report;
	struct buffer json;
	int failed;

	buffer_init(&json, (size_t)1 << 20);
	buffer_printf(&json, "{\"program\":\"lakeproof generate\",\"seed\":%" PRIu64 ",\"reproduce\":",
		      run->options->model.seed);
	buffer_append_json(&json, slice_from(run->options->reproduce != NULL ? run->options->reproduce : ""));
	buffer_printf(&json, ",\"live\":%" PRIu64 ",\"changes\":%" PRIu64 ",\"records\":%" PRIu64 ",\"exports\":[",
		      report->totals.live, run->history.count, report->stream.records);
	for (unsigned i = 0; i < report->exports; i++) {
		buffer_append_text(&json, i > 0 ? "," : "");
		buffer_append_json(&json, slice_from(report->exported[i].folder));
	}
	buffer_append_text(&json, "]}\n");
	failed = json.failed ? error_set(run->error, ERROR_INTERNAL, "out of memory for the marker file")
			     : output_write(&run->output, OUTPUT_MARKER, buffer_slice(&json), run->error);
	buffer_release(&json);
	return failed;
}

static int run_steps(struct run *run, const char *root)
{
	const struct generator_options *options = run->options;

	if (check_options(options, run->error) != 0 || model_init(&run->model, &options->model, run->error) != 0 ||
	    output_open(&run->output, root, options->prefix, options->force, run->error) != 0)
		return run->error->code;
	watch_begin(run, "living the history", 0, "changes");
	if (history_run(&run->model, &run->history, run->error) != 0)
		return run->error->code;
	run->report->totals = truth_totals(&run->history);
	if (options->watch.add != NULL)
		options->watch.add(options->model.changes, 0);
	watch_end(run);
	if (write_exports(run) != 0 || write_windows(run) != 0 || write_stream(run) != 0 || write_truth(run) != 0 ||
	    write_contract(run) != 0)
		return run->error->code;
	if (output_write(&run->output, OUTPUT_FAULTS, buffer_slice(&run->log), run->error) != 0)
		return run->error->code;
	return write_marker(run);
}

/* What is told of, where that is not all. */
static void narrow_report(struct run *run)
{
	struct truth_totals totals = {0, 0, 0};
	uint64_t changes = 0;

	if (run->options->only.count == 0 || run->history.changes == NULL || run->history.states == NULL)
		return;
	only_states(&run->options->only, &run->model, run->history.states);
	totals = truth_totals(&run->history);
	for (uint64_t i = 0; i < run->history.count; i++)
		changes += only_has(&run->options->only, run->history.changes[i].item);
	run->report->totals = totals;
	run->history.count = changes;
}

int generator_run(const struct generator_options *options, const char *root, struct generator_report *report,
		  struct error *error)
{
	struct run run = {.options = options, .report = report, .error = error};

	*report = (struct generator_report){0};
	buffer_init(&run.log, FAULT_LOG_MAX);
	buffer_init(&run.windows, (size_t)16 << 20);
	int failed = run_steps(&run, root);
	buffer_release(&run.log);
	buffer_release(&run.windows);
	delivery_release(&run.delivery);
	if (!failed)
		narrow_report(&run);
	report->history = run.history;
	report->history.changes = NULL;
	report->history.states = NULL;
	report->files = run.output.files;
	report->bytes = run.output.bytes;
	history_release(&run.history);
	return failed;
}
