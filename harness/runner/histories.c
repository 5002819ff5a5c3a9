#include "harness/runner/histories.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/whole_file.h"
#include "generators/workload_file.h"
#include "harness/runner/folder.h"
#include "harness/runner/yaml_merge.h"

enum { MEMORY_MAX = 256 * 1024 * 1024, TEXT_MAX = 8 * 1024 * 1024, WINDOWS_DEFAULT = 4 };
#define EXPORT_PERCENT 50

struct maker {
	const struct histories_request *request;
	struct histories *histories;
	struct error *error;
	bool collects, failed;
};

static int no_memory(struct error *error)
{
	return error_set(error, ERROR_INTERNAL, "out of memory for a scenario's history");
}

/* ---- the workload */

/* The scenario's folder, the one above it, or that of all scenarios. */
static const char *find_base(const struct histories_request *request, struct arena *arena)
{
	const char *const folders[] = {request->scenario->folder, arena_text(arena, "%s/..", request->scenario->folder),
				       request->scenarios};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		const char *path = folders[i] == NULL ? NULL : arena_text(arena, "%s/workload.yaml", folders[i]);
		if (path != NULL && folder_has(path))
			return path;
	}
	return NULL;
}

/* A preset by its name, or the mapping that stands in the scenario. */
static struct slice own_workload(const struct scenario_file *scenario)
{
	char name[64];

	if (scenario->workload == NULL)
		return slice_from("");
	size_t size = strcspn(scenario->workload, "\n");
	snprintf(name, sizeof(name), "%.*s", (int)size, scenario->workload);
	struct slice preset = workload_preset_text(name);
	return preset.size > 0 ? preset : slice_from(scenario->workload);
}

/* Without an export the table begins empty, unless the scenario's workload says otherwise. */
#define WITHOUT_EXPORT "items: 0\nexport: {at: none}\n"

static int merge_workload(struct maker *maker, struct buffer *text)
{
	const struct scenario_file *scenario = maker->request->scenario;
	static const struct yaml_either either = {"attributes", "entities"};
	const char *path = find_base(maker->request, &maker->histories->arena);
	struct buffer base, middle;

	if (path == NULL)
		return error_set(maker->error, ERROR_USAGE,
				 "there is no workload.yaml beside scenario %s or above it; give --scenarios",
				 scenario->name);
	buffer_init(&base, TEXT_MAX);
	buffer_init(&middle, TEXT_MAX);
	int failed = whole_file_read(path, &base, maker->error);
	struct yaml_source under = {path, buffer_slice(&base)};
	struct yaml_source without = {path, slice_from((scenario->lands & LANDS_EXPORT) == 0 ? WITHOUT_EXPORT : "")};
	struct yaml_source own = {scenario->path, own_workload(scenario)};
	if (failed == 0)
		failed = yaml_merge(&under, &without, NULL, &middle, maker->error);
	struct yaml_source between = {path, buffer_slice(&middle)};
	if (failed == 0)
		failed = yaml_merge(&between, &own, &either, text, maker->error);
	buffer_release(&base);
	buffer_release(&middle);
	return failed;
}

/* ---- what is generated */

/* Nothing but what happened to the table: nothing repeated, out of order or damaged. No export closes it: the capture
 * is whole, and what a later export lacks would no longer be known to be TTL's doing. */
static void as_evidence(struct generator_options *options)
{
	if (options->export_percent < 0)
		options->export_percent = EXPORT_PERCENT;
	options->second_export = false;
	options->fuzz_us = 0;
	options->shards = 1;
	options->prefix = "";
	options->export_format = EXPORT_JSON;
	options->windows = 0;
	options->faults = (struct fault_plan){.records_per_file = 100000,
					      .batch_window_us = options->model.duration_us};
	options->view = VIEW_NEW_AND_OLD_IMAGES;
	options->format = stream_format_find("streams");
	options->time = TIME_INTEGER;
	options->gzip = false;
}

static int as_delivered(const struct maker *maker, struct generator_options *options)
{
	const struct scenario_file *scenario = maker->request->scenario;
	const struct pipeline_file *pipeline = maker->request->pipeline;
	struct error why = {0, ""};

	if (pipeline->changes >= 0)
		options->format = stream_format_at((size_t)pipeline->changes);
	if (options->format->parquet != NULL)
		options->gzip = false;
	if ((scenario->lands & LANDS_EXPORT) == 0)
		options->export_percent = -1;
	else if (pipeline->export >= 0)
		options->export_format = pipeline->export;
	if (options->export_percent < 0)
		options->second_export = false;
	if (options->export_format >= EXPORT_DUMPS)
		options->prefix = "";
	if ((scenario->lands & LANDS_INCREMENTS) == 0)
		options->windows = 0;
	else if (options->windows == 0)
		options->windows = WINDOWS_DEFAULT;
	if (pipeline->increments >= 0)
		options->windows_view = pipeline->increments;
	for (uint32_t i = 0; i < scenario->fault_count; i++)
		if (generator_parse_faults(scenario->faults[i], options, &why) != 0)
			return error_set(maker->error, ERROR_USAGE, "%s: %s", scenario->path, why.message);
	return 0;
}

static struct unit *add_unit(struct maker *maker, const char *path, int64_t time_us)
{
	struct histories *histories = maker->histories;

	if (histories->unit_count == histories->unit_capacity) {
		uint32_t capacity = histories->unit_capacity * 2 + 64;
		struct unit *grown = arena_array(&histories->arena, capacity, sizeof(*grown));
		if (grown == NULL)
			return NULL;
		if (histories->unit_count > 0)
			memcpy(grown, histories->units, histories->unit_count * sizeof(*grown));
		histories->units = grown;
		histories->unit_capacity = capacity;
	}
	struct unit *unit = &histories->units[histories->unit_count++];
	*unit = (struct unit){.path = arena_text(&histories->arena, "%s", path), .time_us = time_us};
	return unit->path != NULL ? unit : NULL;
}

static void landed(void *context, const char *path, int64_t time_us)
{
	struct maker *maker = context;

	if (!maker->collects)
		return;
	struct unit *unit = add_unit(maker, path, time_us);
	if (unit == NULL)
		maker->failed = true;
	else if (strncmp(path, "events", 6) != 0 || strstr(path, "AWSDynamoDB/") != NULL)
		unit->kind = UNIT_EXPORT; /* which of them are increments shows their number */
}

static const char *kept_file(struct maker *maker, const char *folder, const char *name)
{
	struct buffer text;
	const char *kept = NULL;
	char path[4200];

	buffer_init(&text, TEXT_MAX);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (whole_file_read(path, &text, maker->error) == 0) {
		kept = arena_copy(&maker->histories->arena, buffer_slice(&text)).data;
		if (kept == NULL)
			(void)no_memory(maker->error);
	}
	buffer_release(&text);
	return kept;
}

static int generate_one(struct maker *maker, struct slice workload, bool evidence, struct generator_report *report)
{
	struct histories *histories = maker->histories;
	const struct scenario_file *scenario = maker->request->scenario;
	struct generator_options options;
	struct workload_file *file = NULL;
	const char *folder = evidence ? histories->evidence : histories->delivered;
	const char *name = arena_text(&histories->arena, "the workload of %s", scenario->path);

	generator_defaults(&options);
	int failed = name == NULL ? no_memory(maker->error)
				  : workload_file_parse(name, workload, &options, &file, maker->error);
	if (failed != 0)
		return failed;
	options.model.seed = maker->request->seed;
	options.no_truth = true;
	options.watch = (struct generator_watch){.landed = landed, .context = maker};
	maker->collects = !evidence;
	histories->since_creation = options.model.items == 0;
	histories->end_us = options.model.start_us + options.model.duration_us;
	const struct model_config *model = &options.model;
	histories->key_text = arena_text(&histories->arena, "%s:%c", model->key_name[0], model->key_type[0]);
	if (model->key_type[1] != '\0' && histories->key_text != NULL)
		histories->key_text = arena_text(&histories->arena, "%s,%s:%c", histories->key_text, model->key_name[1],
						 model->key_type[1]);
	if (evidence)
		as_evidence(&options);
	else
		failed = as_delivered(maker, &options);
	if (failed == 0)
		failed = generator_run(&options, folder, report, maker->error);
	workload_file_free(file);
	if (failed == 0 && (maker->failed || histories->key_text == NULL))
		failed = no_memory(maker->error);
	return failed;
}

/* ---- the units' files */

/* Incremental exports put their data files into one folder beside their own, where the manifest finds them. */
static int shared_files(struct maker *maker, struct unit *unit, uint32_t own)
{
	struct arena *arena = &maker->histories->arena;
	static const char key[] = "\"dataFileS3Key\":\"";
	const char *manifest = arena_text(arena, "%s/%s", unit->path, "manifest-files.json");
	int above = (int)(strrchr(unit->path, '/') - unit->path);
	const char *text = "";
	size_t count = 0;

	const char *full = arena_text(arena, "%s/%s", maker->histories->delivered, manifest != NULL ? manifest : "");
	if (manifest == NULL || full == NULL)
		return no_memory(maker->error);
	if (folder_has(full) && (text = kept_file(maker, maker->histories->delivered, manifest)) == NULL)
		return maker->error->code != 0 ? error_code(maker->error) : no_memory(maker->error);
	for (const char *at = text; (at = strstr(at, key)) != NULL; at += sizeof(key))
		count++;
	unit->files = arena_array(arena, count + own + 1, sizeof(*unit->files));
	if (unit->files == NULL)
		return no_memory(maker->error);
	for (const char *at = text; (at = strstr(at, key)) != NULL;) {
		at += sizeof(key) - 1;
		size_t size = strcspn(at, "\"");
		while (size > 0 && memchr(at, '/', size) != NULL) {
			at++;
			size--;
		}
		const char *path = arena_text(arena, "%.*s/data/%.*s", above, unit->path, (int)size, at);
		full = arena_text(arena, "%s/%s", maker->histories->delivered, path != NULL ? path : "");
		if (path == NULL || full == NULL)
			return no_memory(maker->error);
		if (folder_has(full))
			unit->files[unit->file_count++] = path;
	}
	return 0;
}

static int files_of_export(struct maker *maker, struct unit *unit)
{
	struct histories *histories = maker->histories;
	const char *folder = arena_text(&histories->arena, "%s/%s", histories->delivered, unit->path);
	struct folder_list list;

	if (folder == NULL || folder_list(folder, &histories->arena, &list, maker->error) != 0)
		return folder == NULL ? no_memory(maker->error) : error_code(maker->error);
	if (shared_files(maker, unit, list.count) != 0)
		return maker->error->code;
	/* The manifests come last, as AWS writes them: who waits for them finds everything there. */
	for (unsigned manifests = 0; manifests < 2; manifests++) {
		for (uint32_t i = 0; i < list.count; i++) {
			if ((strstr(list.paths[i], "manifest") != NULL) != (manifests == 1))
				continue;
			const char *path = arena_text(&histories->arena, "%s/%s", unit->path, list.paths[i]);
			if (path == NULL)
				return no_memory(maker->error);
			unit->files[unit->file_count++] = path;
		}
	}
	return 0;
}

/* The files that a commit of the Delta table `events` added, and its log. */
static int files_of_commit(struct maker *maker, struct unit *unit, uint32_t version, struct json_parser *parser)
{
	struct histories *histories = maker->histories;
	char name[64];

	snprintf(name, sizeof(name), "events/_delta_log/%020u.json", version);
	const char *log = kept_file(maker, histories->delivered, name);
	size_t lines = 2;
	for (const char *at = log; at != NULL && (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	unit->files = log == NULL ? NULL : arena_array(&histories->arena, lines + 2, sizeof(*unit->files));
	if (unit->files == NULL)
		return maker->error->code != 0 ? error_code(maker->error) : no_memory(maker->error);
	for (const char *at = log; *at != '\0';) {
		const struct json_token *tokens;
		struct json_failure failure;
		size_t count, size = strcspn(at, "\n");
		struct buffer line; /* with padding after it */
		buffer_init(&line, TEXT_MAX);
		buffer_append(&line, at, size);
		bool read = buffer_reserve(&line, JSON_PADDING) == 0 && size > 0 &&
			    json_parse(parser, buffer_slice(&line), &tokens, &count, &failure);
		uint32_t add = read ? json_member(tokens, 0, "add") : 0;
		uint32_t path = add != 0 ? json_member(tokens, add, "path") : 0;
		if (path != 0)
			unit->files[unit->file_count++] = arena_text(&histories->arena, "events/%.*s",
								     (int)tokens[path].size, tokens[path].text);
		buffer_release(&line);
		at += size + (at[size] == '\n');
	}
	if (version == 1) /* the one that made the table */
		unit->files[unit->file_count++] = "events/_delta_log/00000000000000000000.json";
	unit->files[unit->file_count++] = arena_text(&histories->arena, "%s", name);
	return histories->arena.failed ? no_memory(maker->error) : 0;
}

static int add_errors(struct maker *maker)
{
	struct histories *histories = maker->histories;
	const char *folder = arena_text(&histories->arena, "%s/errors", histories->delivered);
	struct folder_list list;

	if (folder == NULL || folder_list(folder, &histories->arena, &list, maker->error) != 0)
		return folder == NULL ? no_memory(maker->error) : error_code(maker->error);
	for (uint32_t i = 0; i < list.count; i++) {
		char path[4200];
		snprintf(path, sizeof(path), "errors/%s", list.paths[i]);
		struct unit *unit = add_unit(maker, path, histories->end_us);
		if (unit == NULL)
			return no_memory(maker->error);
		unit->kind = UNIT_ERRORS;
	}
	return 0;
}

/* Gives each unit its files, and drops what the scenario does not land. */
static int finish_units(struct maker *maker, unsigned full_exports)
{
	struct histories *histories = maker->histories;
	unsigned lands = maker->request->scenario->lands;
	struct json_parser *parser = json_parser_new(TEXT_MAX);
	uint32_t kept = 0, exports = 0, commits = 0;
	int failed = parser == NULL ? no_memory(maker->error) : add_errors(maker);

	for (uint32_t i = 0; i < histories->unit_count && failed == 0; i++) {
		struct unit unit = histories->units[i];
		if (unit.kind == UNIT_EXPORT && strncmp(unit.path, "events/", 7) != 0 && ++exports > full_exports)
			unit.kind = UNIT_INCREMENT;
		if (unit.kind == UNIT_EXPORT || unit.kind == UNIT_INCREMENT)
			failed = files_of_export(maker, &unit);
		else if (strcmp(unit.path, "events") == 0)
			failed = files_of_commit(maker, &unit, ++commits, parser);
		else if ((unit.files = arena_array(&histories->arena, 1, sizeof(*unit.files))) != NULL)
			unit.files[unit.file_count++] = unit.path;
		else
			failed = no_memory(maker->error);
		if ((lands & LANDS_CHANGES) != 0 || (unit.kind != UNIT_CHANGES && unit.kind != UNIT_ERRORS))
			histories->units[kept++] = unit;
	}
	histories->unit_count = kept;
	json_parser_free(parser);
	return failed;
}

static const char *key_as_json(struct histories *histories)
{
	char names[2][256] = {"", ""}, types[2] = {0, 0};
	int parts = sscanf(histories->key_text, "%255[^:]:%c,%255[^:]:%c", names[0], &types[0], names[1], &types[1]);

	if (parts == 4)
		return arena_text(&histories->arena,
				  "[{\"name\":\"%s\",\"type\":\"%c\"},{\"name\":\"%s\",\"type\":\"%c\"}]", names[0],
				  types[0], names[1], types[1]);
	return arena_text(&histories->arena, "[{\"name\":\"%s\",\"type\":\"%c\"}]", names[0], types[0]);
}

int histories_make(const struct histories_request *request, struct histories *histories, struct error *error)
{
	struct maker maker = {.request = request, .histories = histories, .error = error};
	struct generator_report evidence, delivered;
	struct buffer workload;

	*histories = (struct histories){.evidence = NULL};
	arena_init(&histories->arena, MEMORY_MAX);
	histories->evidence = arena_text(&histories->arena, "%s/evidence", request->folder);
	histories->delivered = arena_text(&histories->arena, "%s/delivered", request->folder);
	histories->columns = arena_text(&histories->arena, "%s/delivered/columns.txt", request->folder);
	if (histories->columns == NULL || histories->evidence == NULL || histories->delivered == NULL)
		return no_memory(error);
	buffer_init(&workload, TEXT_MAX);
	int failed = merge_workload(&maker, &workload);
	if (failed == 0)
		failed = generate_one(&maker, buffer_slice(&workload), true, &evidence);
	if (failed == 0)
		failed = generate_one(&maker, buffer_slice(&workload), false, &delivered);
	buffer_release(&workload);
	if (failed == 0)
		failed = finish_units(&maker, delivered.exports);
	if (failed != 0)
		return failed;
	histories->items = evidence.totals.live;
	histories->changes = evidence.history.count;
	histories->evidence_contract = kept_file(&maker, histories->evidence, "contract.yaml");
	histories->delivered_contract = kept_file(&maker, histories->delivered, "contract.yaml");
	histories->key = key_as_json(histories);
	if (histories->evidence_contract == NULL || histories->delivered_contract == NULL)
		return error_code(error);
	return histories->key == NULL ? no_memory(error) : 0;
}

void histories_release(struct histories *histories)
{
	arena_release(&histories->arena);
}

bool histories_same(const struct pipeline_file *a, const struct pipeline_file *b)
{
	return a->changes == b->changes && a->export == b->export && a->increments == b->increments;
}
