#include "reconcile/ingest/ingest_file.h"

#include <assert.h>
#include <stdlib.h>

#include <xxhash.h>

#include "reconcile/ingest/ingest_lane.h"
#include "reconcile/ingest/rows_plan.h"

enum { BATCH_ROWS = 65536 };

struct ingest_worker {
	struct ingest_lane *lanes;
	uint32_t lane_count;
	struct json_parser *parser;
	struct arena answers;     /* of `where` */
	struct ingest_lane *lake; /* INGEST_LAKE: the file's */
	struct slice last_key;    /* of the last record; empty when it had none */
	char key[KEY_BYTES_MAX];
	const int64_t *positions; /* INGEST_LAKE: of the present batch */
};

int ingest_worker_new(struct run *run, struct ingest_worker **out, struct error *error)
{
	struct ingest_worker *worker = calloc(1, sizeof *worker);
	uint32_t lanes = 0;
	assert(run != NULL);
	*out = worker;
	if (worker == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	for (const struct run *one = run; one != NULL; one = one->next)
		lanes++;
	arena_init(&worker->answers, (size_t)64 << 20);
	worker->parser = json_parser_new(RECORD_SIZE_MAX);
	worker->lanes = calloc(lanes, sizeof *worker->lanes);
	if (worker->parser == NULL || worker->lanes == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	int code = 0;
	for (size_t memory_max = run->options.memory_max / 2 / run->options.jobs / lanes; run != NULL && code == 0;
	     run = run->next)
		code = ingest_lane_open(&worker->lanes[worker->lane_count++], run, memory_max, &worker->answers, error);
	return code;
}

void ingest_worker_free(struct ingest_worker *worker)
{
	if (worker == NULL)
		return;
	for (uint32_t i = 0; i < worker->lane_count; i++)
		ingest_lane_close(&worker->lanes[i]);
	json_parser_free(worker->parser);
	arena_release(&worker->answers);
	free(worker->lanes);
	free(worker);
}

int ingest_worker_flush(struct ingest_worker *worker, struct error *error)
{
	int code = 0;
	for (uint32_t i = 0; i < worker->lane_count && code == 0; i++)
		code = state_builder_flush(worker->lanes[i].builder, error);
	return code;
}

enum state_source_kind ingest_state_kind(const struct ingest_work *work)
{
	static const enum state_source_kind kinds[] = {[INGEST_EXPORT] = STATE_EXPORT_FILE,
						       [INGEST_EVENTS] = STATE_EVENTS_FILE,
						       [INGEST_LAKE] = STATE_LAKE_FILE,
						       [INGEST_ITEMS] = STATE_EXPORT_FILE};
	return kinds[work->kind];
}

static const struct rows_shape *shape_of(const struct run *run, const struct contract_source *source)
{
	return source->kind == SOURCE_ROWS ? run->shapes[source - run->contract->sources] : &source->rows.shape;
}

uint64_t ingest_source_fingerprint(const struct run *run, const struct contract_source *source)
{
	enum { ITEMS_FORMATS = 64 }; /* beyond those of events */
	uint64_t format = source == NULL                 ? 0
			  : contract_is_rows(source)     ? rows_plan_fingerprint(shape_of(run, source))
			  : source->kind == SOURCE_ITEMS ? ITEMS_FORMATS + (uint64_t)source->items_format
							 : (uint64_t)source->format;
	return digest_plan_fingerprint(run->plan) ^ format * UINT64_C(0x9e3779b97f4a7c15);
}

/* What the manifests say of a data file and of how it is to be read. */
static uint64_t stated_of(const struct export *export, const struct export_file *file)
{
	const uint64_t parts[] = {export->incremental,
				  export->ion,
				  export->with_old,
				  (uint64_t) export->from_us,
				  (uint64_t) export->to_us,
				  (uint64_t)file->item_count,
				  file->has_md5,
				  XXH64(file->md5, sizeof file->md5, 0)};
	return XXH64(parts, sizeof parts, XXH64(file->etag, strlen(file->etag), 0));
}

uint64_t ingest_fingerprint(const struct run *run, const struct ingest_work *work)
{
	uint64_t fingerprint = ingest_source_fingerprint(run, work->contract_source);
	if (work->export != NULL)
		fingerprint ^= stated_of(work->export, &work->export->files[work->index]);
	return fingerprint;
}

static const struct contract_source *source_of(const struct run *run, uint32_t group)
{
	for (uint32_t i = 0; i < run->contract->source_count; i++)
		if (run->source_groups[i] == group && run->contract->sources[i].kind != SOURCE_EXPORT)
			return &run->contract->sources[i];
	return NULL;
}

/* Formats need not be told: they say what is refused, not where records are. */
int ingest_reread(const struct run *run, const struct state_source *source, const uint64_t *numbers, size_t count,
		  struct json_parser *parser, const struct record_sink *sink, struct error *error)
{
	const struct contract_source *of = source_of(run, source->group);
	if (of != NULL && contract_is_rows(of))
		return rows_reread(source->path, shape_of(run, of), numbers, count, parser, sink, error);
	if (source->kind == STATE_EVENTS_FILE)
		return events_reread(source->path, EVENTS_AUTO, numbers, count, parser, sink, error);
	return of != NULL && of->kind == SOURCE_ITEMS
		       ? items_reread(source->path, ITEMS_AUTO, numbers, count, parser, sink, error)
		       : export_reread(source->path, numbers, count, parser, sink, error);
}

static struct ingest_lane *next_lane(struct ingest_worker *worker, struct ingest_lane *lane)
{
	lane = lane == NULL ? worker->lanes : lane + 1;
	while (lane < worker->lanes + worker->lane_count && lane->work == NULL)
		lane++;
	return lane < worker->lanes + worker->lane_count ? lane : NULL;
}

/* NULL when all lanes are of events, which find their keys themselves. */
static struct ingest_lane *first_of_items(struct ingest_worker *worker)
{
	struct ingest_lane *lane = next_lane(worker, NULL);
	while (lane != NULL && lane->run->contract->shape == SHAPE_EVENTS)
		lane = next_lane(worker, lane);
	return lane;
}

static int take_record(void *context, const struct record *record, struct error *error)
{
	struct ingest_worker *worker = context;
	struct digest_fault fault = {0};
	struct slice key = {NULL, 0};
	struct ingest_lane *first = next_lane(worker, NULL), *of_items = first_of_items(worker);
	int code = 0;
	worker->last_key = key;
	bool foreign = record->kind == RECORD_CHANGE &&
		       record->tokens[record->keys].count > first->run->contract->table_key_count;
	bool keyed = !foreign && of_items != NULL &&
		     digest_key(of_items->scratch, record->tokens, record->keys, &key, &fault);
	if (keyed) {
		memcpy(worker->key, key.data, key.size); /* the scratch lends one key at a time */
		key.data = worker->key;
		worker->last_key = key;
	}
	for (struct ingest_lane *lane = first; lane != NULL && code == 0; lane = next_lane(worker, lane)) {
		bool events = lane->run->contract->shape == SHAPE_EVENTS;
		code = foreign  ? ingest_lane_tell_foreign(lane, record, error)
		       : events ? ingest_lane_tell_event(lane, record, error)
		       : !keyed ? ingest_lane_tell_keyless(lane, record, &fault, error)
				: ingest_lane_tell(lane, record, key, error);
		if (code == 0 && (digest_scratch_failed(lane->scratch) || worker->answers.failed))
			code = error_set(error, ERROR_INTERNAL, "out of memory for the values of a record");
	}
	return code;
}

static int take_problem(void *context, const struct problem *problem, struct error *error)
{
	struct ingest_worker *worker = context;
	struct slice key = problem->delivered ? worker->last_key : (struct slice){NULL, 0};
	int code = 0;
	for (struct ingest_lane *lane = next_lane(worker, NULL); lane != NULL && code == 0;
	     lane = next_lane(worker, lane))
		code = ingest_lane_tell_problem(lane, problem, key, error);
	return code;
}

static int take_row(void *context, uint64_t index, const struct row_digest *row, struct error *error)
{
	struct ingest_worker *worker = context;
	return ingest_lane_tell_row(worker->lake, row, worker->positions[index], error);
}

static int read_batches(struct ingest_worker *worker, struct ArrowArrayStream *stream, uint64_t *rows,
			struct error *error)
{
	struct ArrowSchema schema = {0};
	int code = 0;
	if (stream->get_schema(stream, &schema) != 0)
		return error_set(error, ERROR_DATA, "\"%s\": %s", worker->lake->work->path,
				 stream->get_last_error(stream));
	while (code == 0) {
		struct ArrowArray batch = {0};
		if (stream->get_next(stream, &batch) != 0) {
			code = error_set(error, ERROR_DATA, "\"%s\": %s", worker->lake->work->path,
					 stream->get_last_error(stream));
			break;
		}
		if (batch.release == NULL)
			break;
		const struct ArrowArray *last = batch.children[batch.n_children - 1];
		worker->positions = (const int64_t *)last->buffers[1] + last->offset + batch.offset;
		*rows += (uint64_t)batch.length;
		code = digest_batch(worker->lake->scratch, &schema, &batch, take_row, worker, error);
		batch.release(&batch);
	}
	schema.release(&schema);
	return code;
}

static int read_lake_file(struct ingest_worker *worker, struct file_result *result, struct error *error)
{
	uint64_t count;
	const char *const *columns = digest_plan_columns(worker->lake->run->plan, &count);
	struct ArrowArrayStream stream = {0};
	int code = bridge_file_read(worker->lake->run->table, worker->lake->work->index, columns, count, BATCH_ROWS,
				    true, &stream, error);
	if (code != 0)
		return code;
	code = read_batches(worker, &stream, &result->records, error);
	stream.release(&stream);
	result->bytes = result->stored_bytes = worker->lake->work->size_bytes;
	result->complete = true;
	return code;
}

static int read_by_kind(struct ingest_worker *worker, struct file_result *result, struct error *error)
{
	struct ingest_lane *first = next_lane(worker, NULL);
	const struct ingest_work *work = first->work;
	const struct contract_source *source = work->contract_source;
	struct record_sink sink = {worker, take_record, take_problem};
	if (source != NULL && contract_is_rows(source)) {
		struct rows_shape shape = *shape_of(first->run, source);
		shape.has_version = shape.has_version || work->identity[0] != '\0';
		shape.version = work->version;
		return rows_read_file(work->path, &shape, worker->parser, &sink, result, error);
	}
	assert(source != NULL || work->kind == INGEST_EXPORT || work->kind == INGEST_LAKE);
	switch (work->kind) {
	case INGEST_EXPORT:
		return export_read_file(work->export, work->index, worker->parser, &sink, result, error);
	case INGEST_EVENTS:
		return events_read_file(work->path, source->format, worker->parser, &sink, result, error);
	case INGEST_ITEMS:
		return items_read_file(work->path, source->items_format, worker->parser, &sink, result, error);
	case INGEST_LAKE:
		break;
	}
	worker->lake = first;
	return read_lake_file(worker, result, error);
}

int ingest_worker_read(struct ingest_worker *worker, const struct ingest_job *job, struct error *error)
{
	struct file_result result = {0};
	int code = 0;
	for (uint32_t i = 0; i < worker->lane_count && code == 0; i++) {
		worker->lanes[i].work = job->works[i];
		if (job->works[i] != NULL)
			code = ingest_lane_begin(&worker->lanes[i], error);
	}
	if (code == 0)
		code = read_by_kind(worker, &result, error);
	for (uint32_t i = 0; i < worker->lane_count && code == 0; i++)
		if (job->works[i] != NULL)
			code = ingest_lane_end(&worker->lanes[i], &result, error);
	return code;
}
