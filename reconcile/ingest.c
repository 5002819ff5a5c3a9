#include "reconcile/ingest.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <xxhash.h>

#include "reconcile/ingest_file.h"

struct ingest {
	struct run *run;
	struct ingest_work *works;
	uint64_t count, capacity;
	uint64_t shared; /* of the works, those of sources: the first ones, the same files for every lake */
	const struct state_source **known; /* what the state holds, sorted by known_compare */
	uint64_t known_count;
	uint32_t *stale;            /* beside them: the id of one that serves nothing any more, else 0 */
	struct ingest_work **queue; /* what must be read, largest first */
	uint64_t queue_count;
	uint64_t redigested; /* files that must be read again since the contract changed */
};

/* What is read, by all threads, for all lakes. */
struct reading {
	struct run *run; /* the first */
	struct ingest_job *jobs;
	struct ingest_work **works; /* of the jobs */
	uint64_t job_count;
	atomic_uint_fast64_t next;
	atomic_bool stop;
};

static const enum state_source_kind state_kinds[] = {STATE_EXPORT_FILE, STATE_EVENTS_FILE, STATE_LAKE_FILE,
						     STATE_EXPORT_FILE};

static int known_compare_parts(const struct state_source *a, enum state_source_kind kind, uint32_t group,
			       const char *path, const char *identity)
{
	if (a->kind != kind)
		return a->kind < kind ? -1 : 1;
	if (a->group != group)
		return a->group < group ? -1 : 1;
	int order = strcmp(a->path, path);
	return order != 0 ? order : strcmp(a->identity, identity);
}

static int known_compare(const void *left, const void *right)
{
	const struct state_source *a = *(const struct state_source *const *)left;
	const struct state_source *b = *(const struct state_source *const *)right;
	int order = known_compare_parts(a, b->kind, b->group, b->path, b->identity);
	if (order != 0)
		return order;
	return (a->id > b->id) - (a->id < b->id);
}

static int list_known(struct ingest *ingest, struct error *error)
{
	uint64_t count = 0;
	uint32_t last = 0;
	const struct state_source *source;
	while ((source = state_source_next(ingest->run->state, last)) != NULL) {
		last = source->id;
		count++;
	}
	ingest->known = calloc(count + 1, sizeof(*ingest->known));
	ingest->stale = calloc(count + 1, sizeof(*ingest->stale));
	if (ingest->known == NULL || ingest->stale == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	last = 0;
	while ((source = state_source_next(ingest->run->state, last)) != NULL) {
		last = source->id;
		ingest->known[ingest->known_count++] = source;
	}
	qsort(ingest->known, ingest->known_count, sizeof(*ingest->known), known_compare);
	return 0;
}

static uint64_t known_first(const struct ingest *ingest, const struct ingest_work *work)
{
	uint64_t low = 0, high = ingest->known_count;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		if (known_compare_parts(ingest->known[middle], state_kinds[work->kind], work->group, work->path,
					work->identity) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool known_is(const struct ingest *ingest, uint64_t index, const struct ingest_work *work)
{
	return index < ingest->known_count && known_compare_parts(ingest->known[index], state_kinds[work->kind],
								  work->group, work->path, work->identity) == 0;
}

static int use_source(struct run *run, uint32_t id, struct error *error)
{
	if (run->source_count == run->source_capacity) {
		uint64_t capacity = run->source_capacity == 0 ? 256 : run->source_capacity * 2;
		uint32_t *grown = realloc(run->sources, capacity * sizeof *grown);
		if (grown == NULL)
			return error_set(error, ERROR_INTERNAL, "out of memory");
		run->sources = grown;
		run->source_capacity = capacity;
	}
	run->sources[run->source_count++] = id;
	return 0;
}

static struct ingest_work *add_work(struct ingest *ingest, enum ingest_kind kind, const char *path, struct error *error)
{
	if (ingest->count == ingest->capacity) {
		uint64_t capacity = ingest->capacity == 0 ? 256 : ingest->capacity * 2;
		struct ingest_work *grown = realloc(ingest->works, capacity * sizeof *grown);
		if (grown == NULL) {
			error_set(error, ERROR_INTERNAL, "out of memory");
			return NULL;
		}
		ingest->works = grown;
		ingest->capacity = capacity;
	}
	struct ingest_work *work = &ingest->works[ingest->count];
	*work = (struct ingest_work){.kind = kind, .identity = ""};
	work->path = arena_copy(&ingest->run->arena, slice_from(path)).data;
	if (work->path == NULL) {
		error_set(error, ERROR_INTERNAL, "out of memory");
		return NULL;
	}
	ingest->count++;
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

static int list_export(struct ingest *ingest, uint32_t index, const char *folder, struct error *error)
{
	struct run *run = ingest->run;
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
		struct ingest_work *work = add_work(ingest, INGEST_EXPORT, file->path, error);
		if (work == NULL)
			return error->code;
		work->export = entry->export;
		work->index = i;
		work->group = entry->group;
		(void)stat_work(work, work->path);
	}
	return code;
}

static int list_exports(struct ingest *ingest, uint32_t index, struct error *error)
{
	struct record_sink sink = {ingest->run, NULL, manifest_problem};
	char **folders = NULL;
	size_t count = 0;
	int code = export_list(ingest->run->contract->sources[index].path, &sink, &folders, &count, error);
	for (size_t i = 0; i < count && code == 0; i++)
		code = list_export(ingest, index, folders[i], error);
	events_list_free(folders, count);
	return code;
}

static int list_files(struct ingest *ingest, enum ingest_kind kind, uint32_t index, char *const *files, size_t count,
		      struct error *error)
{
	int code = 0;
	for (size_t i = 0; i < count && code == 0; i++) {
		struct ingest_work *work = add_work(ingest, kind, files[i], error);
		if (work == NULL) {
			code = error->code;
			break;
		}
		work->group = ingest->run->source_groups[index];
		work->contract_source = &ingest->run->contract->sources[index];
		(void)stat_work(work, work->path);
	}
	return code;
}

static int list_events(struct ingest *ingest, uint32_t index, struct error *error)
{
	char **files = NULL;
	size_t count = 0;
	int code = events_list(ingest->run->contract->sources[index].path, &files, &count, error);
	if (code == 0)
		code = list_files(ingest, INGEST_EVENTS, index, files, count, error);
	events_list_free(files, count);
	return code;
}

static int list_items(struct ingest *ingest, uint32_t index, struct error *error)
{
	struct run *run = ingest->run;
	const struct contract_source *source = &run->contract->sources[index];
	struct record_sink sink = {run, NULL, manifest_problem};
	char **files = NULL;
	size_t count = 0;
	uint64_t missing = 0;
	int code = items_list(source->path, &sink, &files, &count, &missing, error);
	if (code == 0)
		code = list_files(ingest, INGEST_ITEMS, index, files, count, error);
	/* Of no file it cannot be said that it was whole. */
	run->dumps[index] = source->complete && missing == 0 && count > 0;
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

static int list_lake(struct ingest *ingest, struct error *error)
{
	struct run *run = ingest->run;
	const struct bridge_info *info = bridge_table_info(run->table);
	uint64_t mapping = mapping_of(info);
	uint32_t group = 0;
	int code = group_of(run, run->contract->delta, &group, error);
	run->lake_sources = calloc(info->file_count + 1, sizeof(*run->lake_sources));
	if (run->lake_sources == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	for (uint64_t i = 0; i < info->file_count && code == 0; i++) {
		const struct bridge_file *file = bridge_table_file(run->table, i);
		struct ingest_work *work = add_work(ingest, INGEST_LAKE, file->path, error);
		if (work == NULL)
			return error->code;
		work->index = i;
		work->group = group;
		work->identity = arena_text(&run->arena, "%s|%s|%s|%016" PRIx64, info->table_id,
					    file->deletion_vector, file->partition_values, mapping);
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

static int list_works(struct ingest *ingest, struct error *error)
{
	struct run *run = ingest->run;
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
			code = contract->sources[i].kind == SOURCE_EXPORT  ? list_exports(ingest, i, error)
			       : contract->sources[i].kind == SOURCE_ITEMS ? list_items(ingest, i, error)
									   : list_events(ingest, i, error);
	}
	ingest->shared = ingest->count;
	if (code == 0 && run->table != NULL)
		code = list_lake(ingest, error);
	return code;
}

/* The same group by its id in this run's state. */
static int own_group(struct run *run, const struct run *first, uint32_t of_first, uint32_t *group, struct error *error)
{
	return state_group(run->state, state_group_text(first->state, of_first), group, error);
}

/* Another lake's works are those of the first, under its own state's groups, and its own table's files. */
static int copy_works(struct ingest *ingest, const struct ingest *first, struct error *error)
{
	struct run *run = ingest->run;
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
		struct ingest_work *work = add_work(ingest, from->kind, from->path, error);
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
	ingest->shared = ingest->count;
	if (code == 0 && run->table != NULL)
		code = list_lake(ingest, error);
	return code;
}

static int tell_changed(struct run *run, const struct ingest_work *work, struct error *error)
{
	struct state_problem problem = {
		.id = "source.changed",
		.path = work->path,
		.message =
			"the file is not what it was when it was merged; the facts of both are kept. Delete the state "
			"folder to forget the earlier ones"};
	return run_problem(run, &problem, error);
}

/* Decides for one file whether the state's facts of it serve. Facts of an event file that has changed since are kept
 * beside the new ones: the merge takes duplicates, and nothing is lost. */
static int plan_work(struct ingest *ingest, struct ingest_work *work, struct error *error)
{
	struct run *run = ingest->run;
	uint64_t fingerprint = ingest_fingerprint(run, work);
	bool fresh = false;
	int code = 0;
	for (uint64_t i = known_first(ingest, work); known_is(ingest, i, work) && code == 0; i++) {
		const struct state_source *known = ingest->known[i];
		/* What could not be opened then is tried again. */
		bool same_file = known->size_bytes == work->size_bytes && known->mtime_ns == work->mtime_ns &&
				 known->stored_bytes == known->size_bytes;
		bool same_plan = known->fingerprint == fingerprint;
		ingest->redigested += same_file && !same_plan;
		if (same_file && same_plan) {
			fresh = true;
			work->source = known->id;
			code = use_source(run, known->id, error);
		} else if (work->kind == INGEST_EVENTS && same_plan) {
			work->before = known->id;
			work->before_facts = known->facts;
			work->before_content = known->content;
			code = use_source(run, known->id, error);
		} else {
			ingest->stale[i] = known->id;
		}
	}
	if (fresh && work->before != 0 && code == 0)
		code = tell_changed(run, work, error);
	work->wanted = !fresh;
	if (!fresh)
		ingest->queue[ingest->queue_count++] = work;
	else if (work->kind == INGEST_LAKE)
		run->lake_reused++;
	else
		run->evidence_reused++;
	return code;
}

/* All at once: each drop looks through the segments for those that nothing lives in any more. */
static int drop_stale(struct ingest *ingest, struct error *error)
{
	uint64_t count = 0;
	for (uint64_t i = 0; i < ingest->known_count; i++)
		if (ingest->stale[i] != 0)
			ingest->stale[count++] = ingest->stale[i];
	return state_drop(ingest->run->state, ingest->stale, count, error);
}

static int larger_first(const void *left, const void *right)
{
	const struct ingest_job *a = left, *b = right;
	if (a->size_bytes != b->size_bytes)
		return a->size_bytes < b->size_bytes ? 1 : -1;
	return strcmp(a->path, b->path);
}

static void add_job(struct reading *reading, struct ingest *ingests, uint32_t first, uint32_t end, uint32_t lanes,
		    uint64_t index)
{
	struct ingest_work **works = reading->works + reading->job_count * lanes;
	struct ingest_job job = {.works = works};
	for (uint32_t lane = first; lane < end; lane++) {
		struct ingest_work *work = &ingests[lane].works[index];
		if (!work->wanted)
			continue;
		works[lane] = work;
		job.size_bytes = work->size_bytes;
		job.path = work->path;
	}
	if (job.path != NULL)
		reading->jobs[reading->job_count++] = job;
}

/* A file of a source is one job for all lakes, one of a lake a job of its own. */
static int make_jobs(struct reading *reading, struct ingest *ingests, uint32_t lanes, struct error *error)
{
	uint64_t most = ingests[0].shared;
	for (uint32_t lane = 0; lane < lanes; lane++)
		most += ingests[lane].count - ingests[lane].shared;
	reading->jobs = calloc(most + 1, sizeof(*reading->jobs));
	reading->works = calloc((most + 1) * lanes, sizeof(*reading->works));
	if (reading->jobs == NULL || reading->works == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	for (uint64_t i = 0; i < ingests[0].shared; i++)
		add_job(reading, ingests, 0, lanes, lanes, i);
	for (uint32_t lane = 0; lane < lanes; lane++)
		for (uint64_t i = ingests[lane].shared; i < ingests[lane].count; i++)
			add_job(reading, ingests, lane, lane + 1, lanes, i);
	qsort(reading->jobs, reading->job_count, sizeof(*reading->jobs), larger_first);
	return 0;
}

struct ingest_thread {
	pthread_t thread;
	struct reading *reading;
	struct error error;
	int code;
};

static void *work_through(void *argument)
{
	struct ingest_thread *self = argument;
	struct reading *reading = self->reading;
	const struct run_watch *watch = &reading->run->options.watch;
	struct ingest_worker *worker = NULL;
	self->code = ingest_worker_new(reading->run, &worker, &self->error);
	while (self->code == 0 && !atomic_load(&reading->stop)) {
		uint64_t next = atomic_fetch_add(&reading->next, 1);
		if (next >= reading->job_count)
			break;
		const struct ingest_job *job = &reading->jobs[next];
		self->code = ingest_worker_read(worker, job, &self->error);
		if (self->code == 0 && watch->add != NULL)
			watch->add(1, job->size_bytes);
	}
	if (self->code == 0)
		self->code = ingest_worker_flush(worker, &self->error);
	else
		atomic_store(&reading->stop, true);
	ingest_worker_free(worker);
	return NULL;
}

static int read_queue(struct reading *reading, struct error *error)
{
	enum { THREADS_MAX = 64 };
	struct ingest_thread threads[THREADS_MAX];
	uint32_t jobs = reading->run->options.jobs, count = jobs < THREADS_MAX ? jobs : THREADS_MAX;
	int code = 0;
	uint32_t started = 0;
	for (; started < count; started++) {
		threads[started] = (struct ingest_thread){.reading = reading};
		if (pthread_create(&threads[started].thread, NULL, work_through, &threads[started]) != 0)
			break;
	}
	if (started == 0)
		return error_set(error, ERROR_INTERNAL, "cannot start a thread");
	for (uint32_t i = 0; i < started; i++) {
		pthread_join(threads[i].thread, NULL);
		if (threads[i].code != 0 && code == 0) {
			*error = threads[i].error;
			code = threads[i].code;
		}
	}
	return code;
}

static int note_changed(struct ingest *ingest, const struct ingest_work *work, struct error *error)
{
	const struct state_source *before = state_source(ingest->run->state, work->before);
	const struct state_source *after = state_source(ingest->run->state, work->source);
	if (before == NULL || after == NULL)
		return error_set(error, ERROR_INTERNAL, "a source vanished while it was read");
	if (work->contained) {
		struct run *run = ingest->run;
		for (uint64_t i = 0; i < run->source_count; i++)
			if (run->sources[i] == work->before)
				run->sources[i--] = run->sources[--run->source_count];
		return state_drop(run->state, &work->before, 1, error);
	}
	return tell_changed(ingest->run, work, error);
}

static int adopt_read(struct ingest *ingest, struct error *error)
{
	int code = 0;
	for (uint64_t i = 0; i < ingest->queue_count && code == 0; i++) {
		const struct ingest_work *work = ingest->queue[i];
		code = use_source(ingest->run, work->source, error);
		if (code == 0 && work->before != 0)
			code = note_changed(ingest, work, error);
		if (work->kind == INGEST_LAKE)
			ingest->run->lake_read++;
		else
			ingest->run->evidence_read++;
	}
	for (uint64_t i = 0; i < ingest->count; i++)
		if (ingest->works[i].kind == INGEST_LAKE)
			ingest->run->lake_sources[ingest->works[i].index] = ingest->works[i].source;
	return code;
}

static int by_path(const void *left, const void *right)
{
	const struct ingest_work *a = *(const struct ingest_work *const *)left;
	const struct ingest_work *b = *(const struct ingest_work *const *)right;
	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	return strcmp(a->path, b->path);
}

/* The event files of this run, sorted for listed(). */
static struct ingest_work **list_event_works(struct ingest *ingest, uint64_t *count)
{
	struct ingest_work **works = calloc(ingest->count + 1, sizeof(*works));
	for (uint64_t i = 0; i < ingest->count && works != NULL; i++)
		if (ingest->works[i].kind == INGEST_EVENTS)
			works[(*count)++] = &ingest->works[i];
	if (works != NULL)
		qsort(works, *count, sizeof(*works), by_path);
	return works;
}

static bool listed(struct ingest_work *const *works, uint64_t count, const struct state_source *source)
{
	struct ingest_work wanted = {.group = source->group, .path = source->path}, *key = &wanted;
	return bsearch(&key, works, count, sizeof(*works), by_path) != NULL;
}

/* Event files that were merged and are gone stay evidence. */
static int settle_unlisted(struct ingest *ingest, struct error *error)
{
	struct run *run = ingest->run;
	int code = 0;
	uint64_t event_count = 0;
	struct ingest_work **events = list_event_works(ingest, &event_count);
	if (events == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	for (uint64_t i = 0; i < ingest->known_count && code == 0; i++) {
		const struct state_source *known = ingest->known[i];
		const struct contract_source *ours = NULL;
		for (uint32_t j = 0; j < run->contract->source_count; j++)
			if (known->group == run->source_groups[j] && known->kind == STATE_EVENTS_FILE &&
			    run->contract->sources[j].kind == SOURCE_EVENTS)
				ours = &run->contract->sources[j];
		if (ours == NULL || listed(events, event_count, known))
			continue;
		if (known->fingerprint == ingest_source_fingerprint(run, ours))
			code = use_source(run, known->id, error);
		struct state_problem problem = {.id = "source.gone",
						.path = known->path,
						.message = "the file was merged before and is no longer there; its "
							   "facts are kept. Put it back, or "
							   "delete the state folder to forget it"};
		if (code == 0)
			code = run_problem(run, &problem, error);
	}
	free(events);
	return code;
}

/* A run that was killed may have merged a file for some lakes only. If it is gone now, the others lack it. */
static int settle_between(struct ingest *ingests, uint32_t lanes, struct error *error)
{
	int code = 0;
	for (uint32_t lane = 0; lane < lanes && code == 0; lane++) {
		struct run *run = ingests[lane].run;
		for (uint32_t other = 0; other < lanes && code == 0; other++) {
			const struct run *from = ingests[other].run;
			for (uint64_t i = 0; i < from->problem_count && other != lane && code == 0; i++) {
				const struct state_problem *problem = &from->problems[i];
				bool told = strcmp(problem->id, "source.gone") != 0;
				for (uint64_t j = 0; j < run->problem_count && !told; j++)
					told = strcmp(run->problems[j].id, problem->id) == 0 &&
					       strcmp(run->problems[j].path, problem->path) == 0;
				if (!told)
					code = run_problem(run, problem, error);
			}
		}
	}
	return code;
}

static void judge_exports(struct ingest *ingest)
{
	struct run *run = ingest->run;
	for (uint32_t i = 0; i < run->export_count; i++) {
		struct run_export *entry = &run->exports[i];
		entry->complete = entry->export->complete;
		for (uint64_t j = 0; j < ingest->count; j++) {
			const struct ingest_work *work = &ingest->works[j];
			const struct state_source *source = work->export == entry->export
								    ? state_source(run->state, work->source)
								    : NULL;
			if (source != NULL && (!source->complete || source->unreadable > 0))
				entry->complete = false;
		}
	}
}

/* A dump of which a file, a page or an item could not be read does not say what is absent. */
static void judge_dumps(struct ingest *ingest)
{
	struct run *run = ingest->run;
	for (uint64_t i = 0; i < ingest->count; i++) {
		const struct ingest_work *work = &ingest->works[i];
		const struct state_source *source = state_source(run->state, work->source);
		if (work->kind == INGEST_ITEMS && (source == NULL || !source->complete || source->unreadable > 0))
			run->dumps[work->contract_source - run->contract->sources] = false;
	}
}

/* What must be read for one lake. */
static int plan_lane(struct ingest *ingest, const struct ingest *first, struct error *error)
{
	int code = ingest == first ? list_works(ingest, error) : copy_works(ingest, first, error);
	if (code == 0)
		code = list_known(ingest, error);
	ingest->queue = calloc(ingest->count + 1, sizeof(*ingest->queue));
	if (code == 0 && ingest->queue == NULL)
		code = error_set(error, ERROR_INTERNAL, "out of memory");
	for (uint64_t i = 0; i < ingest->count && code == 0; i++)
		code = plan_work(ingest, &ingest->works[i], error);
	if (code == 0)
		code = drop_stale(ingest, error);
	return code != 0 ? code : settle_unlisted(ingest, error);
}

static int read_all(struct ingest *ingests, uint32_t lanes, struct error *error)
{
	struct reading reading = {.run = ingests[0].run};
	const struct run_watch *watch = &reading.run->options.watch;
	int code = make_jobs(&reading, ingests, lanes, error);
	if (code == 0 && reading.job_count > 0) {
		if (watch->begin != NULL)
			watch->begin("reading", reading.job_count, "files");
		code = read_queue(&reading, error);
		if (watch->end != NULL)
			watch->end();
	}
	free(reading.jobs);
	free(reading.works);
	return code;
}

static void ingest_release(struct ingest *ingest)
{
	free(ingest->works);
	free(ingest->known);
	free(ingest->stale);
	free(ingest->queue);
}

int ingest_sources(struct run *run, struct error *error)
{
	const struct run_watch *watch = &run->options.watch;
	uint32_t lanes = 0;
	uint64_t redigested = 0;
	for (const struct run *one = run; one != NULL; one = one->next)
		lanes++;
	struct ingest *ingests = calloc(lanes, sizeof *ingests);
	int code = ingests == NULL ? error_set(error, ERROR_INTERNAL, "out of memory") : 0;
	for (uint32_t lane = 0; lane < lanes && code == 0; lane++, run = run->next) {
		ingests[lane].run = run;
		code = plan_lane(&ingests[lane], ingests, error);
		redigested += ingests[lane].redigested;
	}
	if (code == 0)
		code = settle_between(ingests, lanes, error);
	if (code == 0 && redigested > 0 && watch->note != NULL)
		watch->note("the contract's key, columns or ignores, or an export's manifests changed: %" PRIu64
			    " files are read again",
			    redigested);
	if (code == 0)
		code = read_all(ingests, lanes, error);
	for (uint32_t lane = 0; lane < lanes && code == 0; lane++) {
		code = adopt_read(&ingests[lane], error);
		if (code == 0)
			judge_exports(&ingests[lane]);
		if (code == 0)
			judge_dumps(&ingests[lane]);
	}
	for (uint32_t lane = 0; lane < lanes && ingests != NULL; lane++)
		ingest_release(&ingests[lane]);
	free(ingests);
	return code;
}
