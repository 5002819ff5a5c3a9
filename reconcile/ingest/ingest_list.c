#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <xxhash.h>

#include "reconcile/ingest/ingest_lake.h"
#include "sources/columnar.h"

static struct ingest_work *add_work(struct ingest_lake *lake, enum ingest_kind kind, const char *path,
				    struct error *error)
{
	if (lake->count == lake->capacity) {
		uint64_t capacity = lake->capacity == 0 ? 256 : lake->capacity * 2;
		struct ingest_work *grown = realloc(lake->works, capacity * sizeof *grown);
		if (grown == NULL) {
			error_set(error, ERROR_INTERNAL, "out of memory");
			return NULL;
		}
		lake->works = grown;
		lake->capacity = capacity;
	}
	struct ingest_work *work = &lake->works[lake->count];
	*work = (struct ingest_work){.kind = kind, .identity = ""};
	work->path = arena_copy(&lake->run->arena, slice_from(path)).data;
	if (work->path == NULL) {
		error_set(error, ERROR_INTERNAL, "out of memory");
		return NULL;
	}
	lake->count++;
	return work;
}

/* False when it cannot be looked at: its size and time stay 0, and who reads it says what is wrong with it. */
static bool stat_work(struct ingest_work *work, const char *path)
{
	struct stat status;
	if (stat(path, &status) != 0)
		return false;
	work->size_bytes = (uint64_t)status.st_size;
	/* Whichever is later: a copy that keeps the modification time is still a change. */
	int64_t modified = (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
	int64_t changed = (int64_t)status.st_ctim.tv_sec * 1000000000 + status.st_ctim.tv_nsec;
	work->mtime_ns = modified > changed ? modified : changed;
	return true;
}

static int manifest_problem(void *context, const struct problem *problem, struct error *error)
{
	struct state_problem copy = {.id = problem->id,
				     .path = problem->path,
				     .has_position = problem->has_position,
				     .record = problem->record,
				     .offset = problem->offset,
				     .message = problem->message};
	int code = 0;
	for (struct run *run = context; run != NULL && code == 0; run = run->next)
		code = run_problem(run, &copy, error);
	return code;
}

/* Names what a path stands for, not only how it is written: contracts of two folders that share a state both say
 * "events", and neither's files are the other's. */
static int group_of(struct run *run, const char *path, uint32_t *group, struct error *error)
{
	char *whole = realpath(path, NULL);
	const char *text = whole == NULL || strcmp(whole, path) == 0 ? path
								     : arena_text(&run->arena, "%s (%s)", path, whole);
	free(whole);
	return text == NULL ? error_set(error, ERROR_INTERNAL, "out of memory")
			    : state_group(run->state, text, group, error);
}

static bool is_listed(const struct run *run, uint32_t source_count, uint32_t group)
{
	for (uint32_t i = 0; i < source_count; i++)
		if (run->source_groups[i] == group)
			return true;
	for (uint32_t i = 0; i < run->export_count; i++)
		if (run->exports[i].group == group)
			return true;
	return false;
}

static int listed_twice(const struct run *run, uint32_t index, struct error *error)
{
	return error_set(error, ERROR_USAGE, "%s:%d: the source '%s' is listed twice", run->contract->path,
			 run->contract->sources[index].line, run->contract->sources[index].text);
}

static struct run_export *add_export(struct run *run, struct error *error)
{
	if (run->export_count == run->export_capacity) {
		uint32_t capacity = run->export_capacity * 2 + 16;
		struct run_export *grown = reallocarray(run->exports, capacity, sizeof(*grown));
		if (grown == NULL) {
			error_set(error, ERROR_INTERNAL, "out of memory");
			return NULL;
		}
		run->exports = grown;
		run->export_capacity = capacity;
	}
	struct run_export *entry = &run->exports[run->export_count];
	*entry = (struct run_export){0};
	return entry;
}

static int list_export(struct ingest_lake *lake, uint32_t index, const char *folder, struct error *error)
{
	struct run *run = lake->run;
	struct record_sink sink = {run, NULL, manifest_problem};
	uint32_t group = 0;
	int code = group_of(run, folder, &group, error);
	if (code == 0 && is_listed(run, index, group))
		code = listed_twice(run, index, error);
	if (code != 0)
		return code;
	struct run_export *entry = add_export(run, error);
	if (entry == NULL)
		return error->code;
	code = export_open(folder, &sink, &entry->export, error);
	if (code != 0)
		return code;
	run->export_count++;
	entry->contract_source = index;
	entry->group = group;
	for (uint64_t i = 0; i < entry->export->file_count && code == 0; i++) {
		const struct export_file *file = &entry->export->files[i];
		if (file->path == NULL)
			continue;
		struct ingest_work *work = add_work(lake, INGEST_EXPORT, file->path, error);
		if (work == NULL)
			return error->code;
		work->export = entry->export;
		work->index = i;
		work->group = entry->group;
		(void)stat_work(work, work->path);
	}
	return code;
}

static int list_exports(struct ingest_lake *lake, uint32_t index, struct error *error)
{
	struct record_sink sink = {lake->run, NULL, manifest_problem};
	char **folders = NULL;
	size_t count = 0;
	int code = export_list(lake->run->contract->sources[index].path, &sink, &folders, &count, error);
	for (size_t i = 0; i < count && code == 0; i++)
		code = list_export(lake, index, folders[i], error);
	events_list_free(folders, count);
	return code;
}

/* A table of rows: what its version is and holds. What cannot be opened is told by who reads it. */
static int look_at_table(struct run *run, struct ingest_work *work, const struct rows_shape *shape, struct error *error)
{
	struct error unopened = {0};
	struct buffer identity;
	int64_t time_ms = 0;
	buffer_init(&identity, 4096);
	work->version = shape->has_version ? shape->version : -1;
	int code = columnar_table(work->path, &work->version, &work->size_bytes, &time_ms, &identity, &unopened);
	if (code == 0) {
		work->mtime_ns = time_ms * 1000000;
		work->identity = arena_text(&run->arena, "%.*s", (int)identity.size, identity.data);
	}
	buffer_release(&identity);
	if (code == ERROR_INTERNAL || work->identity == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	return 0;
}

/* A lake that is held to itself is always right. */
static int refuse_lake(const struct run *run, const struct contract_source *source, const char *path,
		       struct error *error)
{
	char *whole = realpath(path, NULL);
	int code = 0;
	for (const struct run *one = run; one != NULL && whole != NULL && code == 0; one = one->next) {
		char *lake = one->contract->delta != NULL ? realpath(one->contract->delta, NULL) : NULL;
		if (lake != NULL && strcmp(whole, lake) == 0)
			code = error_set(error, ERROR_USAGE,
					 "%s:%d: the source '%s' is the table that is to be proven, '%s', which proves "
					 "nothing of itself; name what it was made from",
					 run->contract->path, source->line, source->text, one->contract->delta);
		free(lake);
	}
	free(whole);
	return code;
}

static int list_files(struct ingest_lake *lake, uint32_t index, char *const *files, size_t count, struct error *error)
{
	const struct contract_source *source = &lake->run->contract->sources[index];
	int code = 0;
	/* Of no file it cannot be said that it was whole. */
	lake->run->dumps[index] = source->complete && count > 0;
	for (size_t i = 0; i < count && code == 0; i++) {
		struct ingest_work *work = add_work(lake, contract_is_dump(source) ? INGEST_ITEMS : INGEST_EVENTS,
						    files[i], error);
		if (work == NULL) {
			code = error->code;
			break;
		}
		work->group = lake->run->source_groups[index];
		work->contract_source = source;
		bool table = contract_is_rows(source) && columnar_kind(files[i]) == COLUMNAR_TABLE;
		code = table ? refuse_lake(lake->run, source, files[i], error) : 0;
		if (code == 0 && table)
			code = look_at_table(lake->run, work, &source->rows.shape, error);
		else if (!table)
			(void)stat_work(work, work->path);
	}
	return code;
}

static int list_events(struct ingest_lake *lake, uint32_t index, struct error *error)
{
	char **files = NULL;
	size_t count = 0;
	int code = events_list(lake->run->contract->sources[index].path, &files, &count, error);
	if (code == 0)
		code = list_files(lake, index, files, count, error);
	events_list_free(files, count);
	return code;
}

static int list_items(struct ingest_lake *lake, uint32_t index, struct error *error)
{
	struct run *run = lake->run;
	const struct contract_source *source = &run->contract->sources[index];
	struct record_sink sink = {run, NULL, manifest_problem};
	char **files = NULL;
	size_t count = 0;
	uint64_t missing = 0;
	int code = items_list(source->path, &sink, &files, &count, &missing, error);
	if (code == 0)
		code = list_files(lake, index, files, count, error);
	run->dumps[index] = run->dumps[index] && missing == 0;
	events_list_free(files, count);
	return code;
}

/* Under column mapping a file says by its columns' physical names what it holds, and a column that was renamed, or
 * dropped and added again, has another one: the same file then holds other rows. */
static uint64_t mapping_of(const struct bridge_info *info)
{
	const char *schema = info->schema_json;
	bool mapped = schema != NULL && strstr(schema, "delta.columnMapping.physicalName") != NULL;
	return mapped ? XXH64(schema, strlen(schema), 0) : 0;
}

static int list_table(struct ingest_lake *lake, struct error *error)
{
	struct run *run = lake->run;
	const struct bridge_info *info = bridge_table_info(run->table);
	uint64_t mapping = mapping_of(info);
	uint32_t group = 0;
	int code = group_of(run, run->contract->delta, &group, error);
	run->lake_sources = calloc(info->file_count + 1, sizeof(*run->lake_sources));
	if (run->lake_sources == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	for (uint64_t i = 0; i < info->file_count && code == 0; i++) {
		const struct bridge_file *file = bridge_table_file(run->table, i);
		struct ingest_work *work = add_work(lake, INGEST_LAKE, file->path, error);
		if (work == NULL)
			return error->code;
		work->index = i;
		work->group = group;
		work->identity = arena_text(&run->arena, "%s|%s|%s|%016" PRIx64, info->table_id, file->deletion_vector,
					    file->partition_values, mapping);
		const char *path = arena_text(&run->arena, "%s/%s", file->path[0] == '/' ? "" : run->contract->delta,
					      file->path);
		if (work->identity == NULL || path == NULL)
			return error_set(error, ERROR_INTERNAL, "out of memory");
		if (!stat_work(work, path)) {
			work->size_bytes = file->size_bytes;
			work->mtime_ns = file->modification_time_ms * 1000000;
		}
	}
	return code;
}

static int list_sources(struct ingest_lake *lake, struct error *error)
{
	struct run *run = lake->run;
	const struct contract *contract = run->contract;
	int code = 0;
	run->source_groups = calloc(contract->source_count + 1, sizeof(*run->source_groups));
	run->export_count = 0;
	run->dumps = calloc(contract->source_count + 1, sizeof(*run->dumps));
	if (run->source_groups == NULL || run->dumps == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	for (uint32_t i = 0; i < contract->source_count && code == 0; i++) {
		code = group_of(run, contract->sources[i].path, &run->source_groups[i], error);
		if (code == 0 && is_listed(run, i, run->source_groups[i]))
			code = listed_twice(run, i, error);
		if (code == 0)
			code = contract->sources[i].kind == SOURCE_EXPORT  ? list_exports(lake, i, error)
			       : contract->sources[i].kind == SOURCE_ITEMS ? list_items(lake, i, error)
									   : list_events(lake, i, error);
	}
	return code;
}

/* The same group by its id in this run's state. */
static int own_group(struct run *run, const struct run *first, uint32_t of_first, uint32_t *group, struct error *error)
{
	return state_group(run->state, state_group_text(first->state, of_first), group, error);
}

/* Another lake has the same sources, under its own state's groups. */
static int take_over_sources(struct ingest_lake *lake, const struct ingest_lake *first, struct error *error)
{
	struct run *run = lake->run;
	const struct contract *contract = run->contract;
	int code = 0;
	run->source_groups = calloc(contract->source_count + 1, sizeof(*run->source_groups));
	run->dumps = calloc(contract->source_count + 1, sizeof(*run->dumps));
	run->exports = calloc(first->run->export_count + 1, sizeof(*run->exports));
	if (run->source_groups == NULL || run->exports == NULL || run->dumps == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	for (uint32_t i = 0; i < contract->source_count && code == 0; i++) {
		code = own_group(run, first->run, first->run->source_groups[i], &run->source_groups[i], error);
		run->dumps[i] = first->run->dumps[i];
	}
	for (uint32_t i = 0; i < first->run->export_count && code == 0; i++) {
		run->exports[i] = first->run->exports[i];
		code = own_group(run, first->run, first->run->exports[i].group, &run->exports[i].group, error);
	}
	run->export_count = first->run->export_count;
	for (uint64_t i = 0; i < first->shared && code == 0; i++) {
		const struct ingest_work *from = &first->works[i];
		struct ingest_work *work = add_work(lake, from->kind, from->path, error);
		if (work == NULL)
			return error->code;
		/* What the file is, not what the first lake's state knows of it. */
		const char *path = work->path;
		*work = (struct ingest_work){.kind = from->kind,
					     .path = path,
					     .identity = from->identity,
					     .size_bytes = from->size_bytes,
					     .mtime_ns = from->mtime_ns,
					     .export = from->export,
					     .index = from->index,
					     .contract_source = from->contract_source};
		code = own_group(run, first->run, from->group, &work->group, error);
	}
	return code;
}

int ingest_lake_list(struct ingest_lake *lake, const struct ingest_lake *first, struct error *error)
{
	int code = lake == first ? list_sources(lake, error) : take_over_sources(lake, first, error);
	lake->shared = lake->count;
	return code == 0 && lake->run->table != NULL ? list_table(lake, error) : code;
}
