#include "reconcile/ingest_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "base/clock.h"

enum { BATCH_ROWS = 65536, DOMAIN_CACHE_ARN_MAX = 1024 };

struct ingest_worker {
	struct run *run;
	struct json_parser *parser;
	struct digest_scratch *scratch;
	struct state_builder *builder;
	uint64_t *attribute_counts; /* digest_unmapped's counts when the present file began */
	uint64_t attribute_capacity;
	/* the present file */
	struct ingest_work *work;
	uint64_t facts, damaged, unreadable, content;
	struct slice last_key; /* of the last record; empty when it had none */
	char key[KEY_BYTES_MAX];
	/* the domain of the last record's ARN, since neighbours mostly share it */
	bool domain_known;
	uint32_t domain, domain_group;
	size_t domain_arn_size;
	char domain_arn[DOMAIN_CACHE_ARN_MAX];
	int64_t time_max_us;      /* no record is later than that */
	const int64_t *positions; /* INGEST_LAKE: of the present batch */
};

int ingest_worker_new(struct run *run, struct ingest_worker **out, struct error *error)
{
	struct ingest_worker *worker = calloc(1, sizeof *worker);
	*out = worker;
	if (worker == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	worker->run = run;
	worker->time_max_us = clock_now_us() + 86400 * CLOCK_SECOND_US;
	worker->parser = json_parser_new(RECORD_SIZE_MAX);
	worker->scratch = digest_scratch_new(run->plan);
	if (worker->parser == NULL || worker->scratch == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	return state_builder_new(run->state, run->options.memory_max / 2 / run->options.jobs, &worker->builder, error);
}

void ingest_worker_free(struct ingest_worker *worker)
{
	if (worker == NULL)
		return;
	json_parser_free(worker->parser);
	digest_scratch_free(worker->scratch);
	state_builder_free(worker->builder);
	free(worker->attribute_counts);
	free(worker);
}

int ingest_worker_flush(struct ingest_worker *worker, struct error *error)
{
	return state_builder_flush(worker->builder, error);
}

uint64_t ingest_fingerprint(const struct run *run, const struct contract_source *source)
{
	enum { ITEMS_FORMATS = 64 }; /* beyond those of events */
	uint64_t format = source == NULL                 ? 0
			  : source->kind == SOURCE_ITEMS ? ITEMS_FORMATS + (uint64_t)source->items_format
							 : (uint64_t)source->format;
	return digest_plan_fingerprint(run->plan) ^ format * UINT64_C(0x9e3779b97f4a7c15);
}

static bool is_dump(const struct run *run, uint32_t group)
{
	for (uint32_t i = 0; i < run->contract->source_count; i++)
		if (run->source_groups[i] == group && run->contract->sources[i].kind == SOURCE_ITEMS)
			return true;
	return false;
}

/* Formats need not be told: they say what is refused, not where records are. */
int ingest_reread(const struct run *run, const struct state_source *source, const uint64_t *numbers, size_t count,
		  struct json_parser *parser, const struct record_sink *sink, struct error *error)
{
	if (source->kind == STATE_EVENTS_FILE)
		return events_reread(source->path, EVENTS_AUTO, numbers, count, parser, sink, error);
	return is_dump(run, source->group) ? items_reread(source->path, ITEMS_AUTO, numbers, count, parser, sink, error)
					   : export_reread(source->path, numbers, count, parser, sink, error);
}

static int note_problem(struct ingest_worker *worker, const char *id, const struct record *record, struct slice key,
			const char *message, struct error *error)
{
	struct state_problem problem = {.id = id,
					.path = worker->work->path,
					.has_position = true,
					.has_key = key.size > 0,
					.record = record->number,
					.offset = record->offset,
					.key = key,
					.message = message};
	return state_builder_problem(worker->builder, &problem, error);
}

static int note_fault(struct ingest_worker *worker, const struct record *record, struct slice key, const char *what,
		      const struct digest_fault *fault, struct error *error)
{
	char message[400];
	snprintf(message, sizeof message, "%s: %s%s%s", what, fault->reason, fault->detail[0] != '\0' ? ": " : "",
		 fault->detail);
	return note_problem(worker, "record.unreadable", record, key, message, error);
}

/* Records of Kinesis Data Streams name their table and no stream: they are a domain of their table. */
static struct slice domain_text(const struct record *record, char text[DOMAIN_CACHE_ARN_MAX])
{
	if (record->order != ORDER_KINESIS)
		return record->stream_arn;
	int size = snprintf(text, DOMAIN_CACHE_ARN_MAX, KINESIS_DOMAIN "%.*s:%.*s", (int)record->region.size,
			    record->region.size > 0 ? record->region.data : "", (int)record->table.size,
			    record->table.size > 0 ? record->table.data : "");
	return (struct slice){text, size < DOMAIN_CACHE_ARN_MAX ? (size_t)size : DOMAIN_CACHE_ARN_MAX - 1};
}

static int domain_of(struct ingest_worker *worker, const struct record *record, uint32_t *domain, struct error *error)
{
	char text[DOMAIN_CACHE_ARN_MAX];
	struct slice arn = domain_text(record, text);
	if (worker->domain_known && worker->domain_group == worker->work->group &&
	    arn.size == worker->domain_arn_size &&
	    memcmp(arn.size > 0 ? arn.data : "", worker->domain_arn, arn.size) == 0) {
		*domain = worker->domain;
		return 0;
	}
	int code = state_domain(worker->run->state, worker->work->group, arn, domain, error);
	if (code == 0 && arn.size <= sizeof worker->domain_arn) {
		worker->domain_known = true;
		worker->domain = *domain;
		worker->domain_group = worker->work->group;
		worker->domain_arn_size = arn.size;
		if (arn.size > 0)
			memcpy(worker->domain_arn, arn.data, arn.size);
	}
	return code;
}

static bool image_has_key(struct ingest_worker *worker, const struct record *record, uint32_t image, struct slice key)
{
	struct digest_fault fault;
	struct slice of_image;
	return digest_key(worker->scratch, record->tokens, image, &of_image, &fault) && slice_equal(of_image, key);
}

/* One side of a record; a faulty image leaves what is sure of it and sets *faulty. */
static int take_side(struct ingest_worker *worker, const struct record *record, enum item_state state, uint32_t image,
		     const char *what, struct slice key, struct fact_side *side, bool *faulty, struct error *error)
{
	*side = (struct fact_side){.state = state, .expires_s = EXPIRES_NONE};
	if (state != STATE_IMAGE)
		return 0;
	struct image_digest digest;
	struct digest_fault fault = {0};
	if (!digest_image(worker->scratch, record->tokens, image, &digest, &fault)) {
		side->state = STATE_PRESENT;
		*faulty = true;
		return note_fault(worker, record, key, what, &fault, error);
	}
	if (record->kind == RECORD_CHANGE && !image_has_key(worker, record, image, key)) {
		side->state = STATE_PRESENT;
		*faulty = true;
		return note_problem(worker, "record.unreadable", record, key,
				    "an image's key attributes are not the record's Keys", error);
	}
	side->flags = digest.flags;
	side->item[0] = digest.item[0];
	side->item[1] = digest.item[1];
	side->row = digest.row;
	side->expires_s = digest.expires_s;
	return 0;
}

/* Order matters: a file's content is the sequence of what its records say. */
static void mix_content(struct ingest_worker *worker, const struct fact *fact)
{
	uint64_t parts[] = {worker->content, fact->key_hash,       fact->after.item[0],
			    fact->after.row, fact->before.item[0], (uint64_t)fact->time_lo_us,
			    fact->event_hash};
	worker->content = XXH64(parts, sizeof parts, XXH64(fact->sequence, SEQUENCE_SIZE, fact->after.state));
}

static int add_fact(struct ingest_worker *worker, struct fact *fact, struct error *error)
{
	worker->facts++;
	mix_content(worker, fact);
	if (worker->work->before != 0 && worker->facts == worker->work->before_facts)
		worker->work->contained = worker->content == worker->work->before_content;
	return state_builder_add(worker->builder, fact, error);
}

/* A time before there was a DynamoDB, or one yet to come, is a slip (milliseconds for seconds, a wrong clock). Taken
 * at its word it would stretch the capture's window over times that nobody captured. */
static int check_time(struct ingest_worker *worker, const struct record *record, struct fact *fact, bool *faulty,
		      struct error *error)
{
	static const int64_t launched_us = INT64_C(1326844800) * CLOCK_SECOND_US; /* 2012-01-18 */
	if (!record->has_time || (record->time_lo_us >= launched_us && record->time_lo_us <= worker->time_max_us))
		return 0;
	fact->time_lo_us = INT64_MIN;
	fact->time_hi_us = INT64_MAX;
	*faulty = true;
	return note_problem(worker, "record.unreadable", record, fact->key,
			    record->time_lo_us < launched_us
				    ? "its time is before 2012, when there was no DynamoDB; redeliver the record"
				    : "its time is more than a day in the future; redeliver the record",
			    error);
}

/* Keys with more attributes than the contract's key: several items would share what it takes for one key. */
static int note_foreign_key(struct ingest_worker *worker, const struct record *record, struct error *error)
{
	worker->unreadable++;
	return note_problem(worker, "record.unreadable", record, (struct slice){NULL, 0},
			    "Keys has attributes that are not part of the contract's key; correct the contract's key",
			    error);
}

static int take_record(void *context, const struct record *record, struct error *error)
{
	struct ingest_worker *worker = context;
	struct digest_fault fault = {0};
	struct slice key = {NULL, 0};
	worker->last_key = key;
	if (record->kind == RECORD_CHANGE && record->tokens[record->keys].count > worker->run->contract->key_count)
		return note_foreign_key(worker, record, error);
	if (!digest_key(worker->scratch, record->tokens, record->keys, &key, &fault)) {
		worker->unreadable++;
		return note_fault(worker, record, (struct slice){NULL, 0}, "key", &fault, error);
	}
	memcpy(worker->key, key.data, key.size); /* the scratch lends one key at a time */
	key.data = worker->key;
	worker->last_key = key;
	struct fact fact = {.key = key,
			    .key_hash = fact_key_hash(key),
			    .kind = record->kind == RECORD_ITEM ? FACT_SNAPSHOT : FACT_CHANGE,
			    .record = record->number,
			    .offset = record->offset};
	bool faulty = (record->flags & RECORD_DAMAGED) != 0;
	int code = take_side(worker, record, record->after, record->after_image,
			     record->kind == RECORD_ITEM ? "item" : "new image", key, &fact.after, &faulty, error);
	fact.before = (struct fact_side){.expires_s = EXPIRES_NONE};
	if (code == 0 && record->kind == RECORD_CHANGE) {
		code = take_side(worker, record, record->before, record->before_image, "old image", key, &fact.before,
				 &faulty, error);
		fact.flags |= (record->flags & RECORD_FAILED) != 0 ? FACT_UNTIMELY : 0;
		fact.ttl = (uint8_t)record->ttl;
		fact.has_sequence = record->has_sequence;
		if (record->has_sequence)
			memcpy(fact.sequence, record->sequence, SEQUENCE_SIZE);
		fact.time_lo_us = record->has_time ? record->time_lo_us : INT64_MIN;
		fact.time_hi_us = record->has_time ? record->time_hi_us : INT64_MAX;
		fact.event_hash = record->event_id.size > 0 ? XXH64(record->event_id.data, record->event_id.size, 0)
							    : 0;
		if (code == 0)
			code = check_time(worker, record, &fact, &faulty, error);
		if (code == 0)
			code = domain_of(worker, record, &fact.domain, error);
	}
	if (code != 0)
		return code;
	if (faulty) {
		worker->damaged++;
		fact.flags |= FACT_DAMAGED;
		struct fact_side sure = {.state = fact.after.state >= STATE_PRESENT ? STATE_PRESENT : fact.after.state,
					 .expires_s = EXPIRES_NONE};
		fact.after = sure;
		fact.before = (struct fact_side){.expires_s = EXPIRES_NONE};
	}
	return add_fact(worker, &fact, error);
}

static int take_problem(void *context, const struct problem *problem, struct error *error)
{
	struct ingest_worker *worker = context;
	struct state_problem copy = {.id = problem->id,
				     .path = problem->path,
				     .has_position = problem->has_position,
				     .has_key = problem->delivered && worker->last_key.size > 0,
				     .record = problem->record,
				     .offset = problem->offset,
				     .key = worker->last_key,
				     .message = problem->message};
	return state_builder_problem(worker->builder, &copy, error);
}

static int take_row(void *context, uint64_t index, const struct row_digest *row, struct error *error)
{
	struct ingest_worker *worker = context;
	int64_t position = worker->positions[index];
	if (row->key.size == 0) {
		struct state_problem problem = {.id = "row.null_key",
						.path = worker->work->path,
						.has_position = true,
						.record = (uint64_t)position,
						.message = "a key column is null, or holds what no key can be"};
		worker->unreadable++;
		return state_builder_problem(worker->builder, &problem, error);
	}
	struct fact fact = {.key = row->key,
			    .key_hash = fact_key_hash(row->key),
			    .kind = FACT_LAKE,
			    .flags = row->deleted ? FACT_DELETED : 0,
			    .record = (uint64_t)position,
			    .after = {.state = STATE_IMAGE, .row = row->row, .expires_s = row->expires_s},
			    .before = {.expires_s = EXPIRES_NONE}};
	return add_fact(worker, &fact, error);
}

static int read_batches(struct ingest_worker *worker, struct ArrowArrayStream *stream, uint64_t *rows,
			struct error *error)
{
	struct ArrowSchema schema = {0};
	int code = 0;
	if (stream->get_schema(stream, &schema) != 0)
		return error_set(error, ERROR_DATA, "\"%s\": %s", worker->work->path, stream->get_last_error(stream));
	while (code == 0) {
		struct ArrowArray batch = {0};
		if (stream->get_next(stream, &batch) != 0) {
			code = error_set(error, ERROR_DATA, "\"%s\": %s", worker->work->path,
					 stream->get_last_error(stream));
			break;
		}
		if (batch.release == NULL)
			break;
		const struct ArrowArray *last = batch.children[batch.n_children - 1];
		worker->positions = (const int64_t *)last->buffers[1] + last->offset + batch.offset;
		*rows += (uint64_t)batch.length;
		code = digest_batch(worker->scratch, &schema, &batch, take_row, worker, error);
		batch.release(&batch);
	}
	schema.release(&schema);
	return code;
}

static int read_lake_file(struct ingest_worker *worker, struct file_result *result, struct error *error)
{
	uint64_t count;
	const char *const *columns = digest_plan_columns(worker->run->plan, &count);
	struct ArrowArrayStream stream = {0};
	int code = bridge_file_read(worker->run->table, worker->work->index, columns, count, BATCH_ROWS, true, &stream,
				    error);
	if (code != 0)
		return code;
	code = read_batches(worker, &stream, &result->records, error);
	stream.release(&stream);
	result->bytes = result->stored_bytes = worker->work->size_bytes;
	result->complete = true;
	return code;
}

static int note_attributes(struct ingest_worker *worker, struct error *error)
{
	uint64_t count;
	const struct unmapped_attribute *attributes = digest_unmapped(worker->scratch, &count);
	if (count > worker->attribute_capacity) {
		uint64_t *grown = realloc(worker->attribute_counts, count * 2 * sizeof *grown);
		if (grown == NULL)
			return error_set(error, ERROR_INTERNAL, "out of memory");
		memset(grown + worker->attribute_capacity, 0, (count * 2 - worker->attribute_capacity) * sizeof *grown);
		worker->attribute_counts = grown;
		worker->attribute_capacity = count * 2;
	}
	int code = 0;
	for (uint64_t i = 0; i < count && code == 0; i++) {
		uint64_t images = attributes[i].count - worker->attribute_counts[i];
		worker->attribute_counts[i] = attributes[i].count;
		if (images > 0)
			code = state_builder_attribute(worker->builder, attributes[i].name, images, error);
	}
	return code;
}

static int read_by_kind(struct ingest_worker *worker, struct file_result *result, struct error *error)
{
	const struct ingest_work *work = worker->work;
	struct record_sink sink = {worker, take_record, take_problem};
	switch (work->kind) {
	case INGEST_EXPORT:
		return export_read_file(work->export, work->index, worker->parser, &sink, result, error);
	case INGEST_EVENTS:
		return events_read_file(work->path, work->contract_source->format, worker->parser, &sink, result,
					error);
	case INGEST_ITEMS:
		return items_read_file(work->path, work->contract_source->items_format, worker->parser, &sink, result,
				       error);
	case INGEST_LAKE:
		break;
	}
	return read_lake_file(worker, result, error);
}

int ingest_worker_read(struct ingest_worker *worker, struct ingest_work *work, struct error *error)
{
	static const enum state_source_kind kinds[] = {STATE_EXPORT_FILE, STATE_EVENTS_FILE, STATE_LAKE_FILE,
						       STATE_EXPORT_FILE};
	struct file_result result = {0};
	struct state_source source = {.kind = kinds[work->kind],
				      .group = work->group,
				      .path = work->path,
				      .identity = work->identity,
				      .size_bytes = work->size_bytes,
				      .mtime_ns = work->mtime_ns,
				      .fingerprint = ingest_fingerprint(worker->run, work->contract_source)};
	worker->work = work;
	worker->facts = worker->damaged = worker->unreadable = worker->content = 0;
	work->contained = work->before_facts == 0;
	int code = state_builder_begin(worker->builder, &source, error);
	if (code == 0)
		code = read_by_kind(worker, &result, error);
	if (code != 0)
		return code;
	source.complete = result.complete;
	source.content = worker->content;
	source.records = result.records;
	source.unreadable = result.unreadable + worker->unreadable;
	source.bytes = result.bytes;
	source.stored_bytes = result.stored_bytes;
	source.facts = result.complete ? worker->facts : 0;
	code = note_attributes(worker, error);
	if (code == 0)
		code = state_builder_end(worker->builder, &source, error);
	work->source = source.id;
	return code;
}
