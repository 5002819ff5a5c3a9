#include "reconcile/ingest_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "base/clock.h"
#include "reconcile/contract/where.h"

enum { BATCH_ROWS = 65536, DOMAIN_CACHE_ARN_MAX = 1024 };

/* What a worker has for one lake. */
struct lane {
	struct run *run;
	struct digest_scratch *scratch;
	struct state_builder *builder;
	uint64_t *attribute_counts; /* digest_unmapped's counts when the present file began */
	uint64_t attribute_capacity;
	/* the present file */
	struct ingest_work *work; /* NULL: not for this lake */
	uint64_t facts, damaged, unreadable, content;
	/* the domain of the last record's ARN, since neighbours mostly share it */
	bool domain_known;
	uint32_t domain, domain_group;
	size_t domain_arn_size;
	char domain_arn[DOMAIN_CACHE_ARN_MAX];
};

struct ingest_worker {
	struct lane *lanes;
	uint32_t lane_count;
	struct json_parser *parser;
	struct arena answers;  /* of `where` */
	struct lane *lake;     /* INGEST_LAKE: the file's */
	struct slice last_key; /* of the last record; empty when it had none */
	char key[KEY_BYTES_MAX];
	int64_t time_max_us;      /* no record is later than that */
	const int64_t *positions; /* INGEST_LAKE: of the present batch */
};

static int lane_open(struct lane *lane, struct run *run, size_t memory_max, struct error *error)
{
	lane->run = run;
	lane->scratch = digest_scratch_new(run->plan);
	if (lane->scratch == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	return state_builder_new(run->state, memory_max, &lane->builder, error);
}

int ingest_worker_new(struct run *run, struct ingest_worker **out, struct error *error)
{
	struct ingest_worker *worker = calloc(1, sizeof *worker);
	uint32_t lanes = 0;
	*out = worker;
	if (worker == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	for (const struct run *one = run; one != NULL; one = one->next)
		lanes++;
	arena_init(&worker->answers, (size_t)64 << 20);
	worker->time_max_us = clock_now_us() + 86400 * CLOCK_SECOND_US;
	worker->parser = json_parser_new(RECORD_SIZE_MAX);
	worker->lanes = calloc(lanes, sizeof *worker->lanes);
	if (worker->parser == NULL || worker->lanes == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	int code = 0;
	for (size_t memory_max = run->options.memory_max / 2 / run->options.jobs / lanes; run != NULL && code == 0;
	     run = run->next)
		code = lane_open(&worker->lanes[worker->lane_count++], run, memory_max, error);
	return code;
}

void ingest_worker_free(struct ingest_worker *worker)
{
	if (worker == NULL)
		return;
	for (uint32_t i = 0; i < worker->lane_count; i++) {
		digest_scratch_free(worker->lanes[i].scratch);
		state_builder_free(worker->lanes[i].builder);
		free(worker->lanes[i].attribute_counts);
	}
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

uint64_t ingest_source_fingerprint(const struct run *run, const struct contract_source *source)
{
	enum { ITEMS_FORMATS = 64 }; /* beyond those of events */
	uint64_t format = source == NULL                 ? 0
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
				  (uint64_t)export->from_us,
				  (uint64_t)export->to_us,
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

static int note_problem(struct lane *lane, const char *id, const struct record *record, struct slice key,
			const char *message, struct error *error)
{
	struct digest_fault fault;
	struct slice row_key = key;
	bool keyed = key.size > 0 && digest_row_key(lane->scratch, key, &row_key, &fault);
	struct state_problem problem = {.id = id,
					.path = lane->work->path,
					.has_position = true,
					.has_key = keyed,
					.record = record->number,
					.offset = record->offset,
					.key = row_key,
					.message = message};
	return state_builder_problem(lane->builder, &problem, error);
}

static int note_fault(struct lane *lane, const struct record *record, struct slice key, const char *what,
		      const struct digest_fault *fault, struct error *error)
{
	char message[400];
	snprintf(message, sizeof message, "%s: %s%s%s", what, fault->reason, fault->detail[0] != '\0' ? ": " : "",
		 fault->detail);
	return note_problem(lane, "record.unreadable", record, key, message, error);
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

static int domain_of(struct lane *lane, const struct record *record, uint32_t *domain, struct error *error)
{
	char text[DOMAIN_CACHE_ARN_MAX];
	struct slice arn = domain_text(record, text);
	if (lane->domain_known && lane->domain_group == lane->work->group && arn.size == lane->domain_arn_size &&
	    memcmp(arn.size > 0 ? arn.data : "", lane->domain_arn, arn.size) == 0) {
		*domain = lane->domain;
		return 0;
	}
	int code = state_domain(lane->run->state, lane->work->group, arn, domain, error);
	if (code == 0 && arn.size <= sizeof lane->domain_arn) {
		lane->domain_known = true;
		lane->domain = *domain;
		lane->domain_group = lane->work->group;
		lane->domain_arn_size = arn.size;
		if (arn.size > 0)
			memcpy(lane->domain_arn, arn.data, arn.size);
	}
	return code;
}

static bool image_has_key(struct lane *lane, const struct record *record, uint32_t image, struct slice key)
{
	struct digest_fault fault;
	struct slice of_image;
	return digest_key(lane->scratch, record->tokens, image, &of_image, &fault) && slice_equal(of_image, key);
}

/* What a side that is there, its image not known, is to a lake. */
static enum item_state present_in(enum where_answer by_key)
{
	return by_key == WHERE_INSIDE ? STATE_PRESENT : STATE_UNKNOWN;
}

/* One side of a record, as this lake has it (docs/semantics.md, "Lakes"); a faulty image leaves what is sure of it and
 * sets *faulty. */
static int take_side(struct ingest_worker *worker, struct lane *lane, const struct record *record,
		     enum where_answer by_key, enum item_state state, uint32_t image, const char *what,
		     struct slice key, struct fact_side *side, bool *faulty, struct error *error)
{
	*side = (struct fact_side){.state = state == STATE_PRESENT ? present_in(by_key) : state,
				   .expires_s = EXPIRES_NONE};
	if (state != STATE_IMAGE)
		return 0;
	struct image_digest digest;
	struct digest_fault fault = {0};
	enum where_answer inside = where_image(lane->run->contract->where, record->tokens, image, &worker->answers);
	side->state = STATE_PRESENT;
	if (inside != WHERE_OUTSIDE && !digest_image(lane->scratch, record->tokens, image, &digest, &fault)) {
		*faulty = true;
		return note_fault(lane, record, key, what, &fault, error);
	}
	if (inside == WHERE_UNTOLD || (record->kind == RECORD_CHANGE && !image_has_key(lane, record, image, key))) {
		*faulty = true;
		return note_problem(lane, "record.unreadable", record, key,
				    inside == WHERE_UNTOLD ? "what `where` looks at cannot be told"
							   : "an image's key attributes are not the record's Keys",
				    error);
	}
	side->state = inside == WHERE_OUTSIDE ? STATE_ABSENT : STATE_IMAGE;
	if (inside == WHERE_OUTSIDE)
		return 0;
	side->flags = digest.flags;
	side->item[0] = digest.item[0];
	side->item[1] = digest.item[1];
	side->row = digest.row;
	side->expires_s = digest.expires_s;
	return 0;
}

/* Order matters: a file's content is the sequence of what its records say. */
static void mix_content(struct lane *lane, const struct fact *fact)
{
	uint64_t parts[] = {lane->content,   fact->key_hash,       fact->after.item[0],
			    fact->after.row, fact->before.item[0], (uint64_t)fact->time_lo_us,
			    fact->event_hash};
	lane->content = XXH64(parts, sizeof parts, XXH64(fact->sequence, SEQUENCE_SIZE, fact->after.state));
}

static int add_fact(struct lane *lane, struct fact *fact, struct error *error)
{
	lane->facts++;
	mix_content(lane, fact);
	if (lane->work->before != 0 && lane->facts == lane->work->before_facts)
		lane->work->contained = lane->content == lane->work->before_content;
	return state_builder_add(lane->builder, fact, error);
}

static const int64_t launched_us = INT64_C(1326844800) * CLOCK_SECOND_US; /* 2012-01-18 */

/* A time before there was a DynamoDB, or one yet to come, is a slip (milliseconds for seconds, a wrong clock). Taken
 * at its word it would stretch the capture's window over times that nobody captured. */
static bool time_is_sound(const struct ingest_worker *worker, const struct record *record)
{
	return !record->has_time || (record->time_lo_us >= launched_us && record->time_lo_us <= worker->time_max_us);
}

static int check_time(struct ingest_worker *worker, struct lane *lane, const struct record *record, struct fact *fact,
		      struct slice key, bool *faulty, struct error *error)
{
	bool sound = time_is_sound(worker, record);
	fact->time_lo_us = record->has_time && sound ? record->time_lo_us : INT64_MIN;
	fact->time_hi_us = record->has_time && sound ? record->time_hi_us : INT64_MAX;
	if (sound)
		return 0;
	*faulty = true;
	return note_problem(lane, "record.unreadable", record, key,
			    record->time_lo_us < launched_us
				    ? "its time is before 2012, when there was no DynamoDB; redeliver the record"
				    : "its time is more than a day in the future; redeliver the record",
			    error);
}

/* Keys with more attributes than the contract's key: several items would share what it takes for one key. */
static int note_foreign_key(struct lane *lane, const struct record *record, struct error *error)
{
	lane->unreadable++;
	return note_problem(lane, "record.unreadable", record, (struct slice){NULL, 0},
			    "Keys has attributes that are not part of the contract's key; correct the contract's key",
			    error);
}

/* What a change says besides its sides. */
static int take_stamp(struct ingest_worker *worker, struct lane *lane, const struct record *record, struct slice key,
		      struct fact *fact, bool *faulty, struct error *error)
{
	fact->flags |= (record->flags & RECORD_FAILED) != 0 ? FACT_UNTIMELY : 0;
	fact->ttl = (uint8_t)record->ttl;
	fact->has_sequence = record->has_sequence;
	if (record->has_sequence)
		memcpy(fact->sequence, record->sequence, SEQUENCE_SIZE);
	fact->event_hash = record->event_id.size > 0 ? XXH64(record->event_id.data, record->event_id.size, 0) : 0;
	int code = check_time(worker, lane, record, fact, key, faulty, error);
	return code != 0 ? code : domain_of(lane, record, &fact->domain, error);
}

/* Whether TTL removed an item of this lake. What was outside it did not remove from here; of what cannot be told, a
 * lake that keeps such rows has one or never had. */
static void weigh_removal(const struct lane *lane, const struct record *record, struct fact *fact)
{
	if (fact->after.state != STATE_ABSENT || fact->ttl == TTL_NO)
		return;
	if (fact->before.state == STATE_ABSENT)
		fact->ttl = TTL_NO;
	else if (fact->before.state == STATE_UNKNOWN && record->before != STATE_UNKNOWN &&
		 lane->run->contract->ttl == TTL_POLICY_KEEP)
		fact->after.state = STATE_UNKNOWN;
}

/* The fact of a record in one lake, but for its key. */
static int take_fact(struct ingest_worker *worker, struct lane *lane, const struct record *record, struct slice key,
		     enum where_answer by_key, struct fact *fact, struct error *error)
{
	bool faulty = (record->flags & RECORD_DAMAGED) != 0, change = record->kind == RECORD_CHANGE;
	int code = take_side(worker, lane, record, by_key, record->after, record->after_image,
			     change ? "new image" : "item", key, &fact->after, &faulty, error);
	fact->before = (struct fact_side){.expires_s = EXPIRES_NONE};
	if (code == 0 && change)
		code = take_side(worker, lane, record, by_key, record->before, record->before_image, "old image", key,
				 &fact->before, &faulty, error);
	if (code == 0 && change)
		code = take_stamp(worker, lane, record, key, fact, &faulty, error);
	if (code == 0 && change)
		weigh_removal(lane, record, fact);
	if (code != 0 || !faulty)
		return code;
	lane->damaged++;
	fact->flags |= FACT_DAMAGED;
	enum item_state sure = fact->after.state;
	if (sure >= STATE_PRESENT)
		sure = change ? present_in(by_key) : STATE_PRESENT;
	fact->after = (struct fact_side){.state = sure, .expires_s = EXPIRES_NONE};
	fact->before = (struct fact_side){.expires_s = EXPIRES_NONE};
	return 0;
}

/* A change of which this lake keeps no fact was captured all the same. */
static int pass_over(struct ingest_worker *worker, struct lane *lane, const struct record *record, struct error *error)
{
	uint32_t domain;
	if (record->kind != RECORD_CHANGE)
		return 0;
	bool timed = record->has_time && time_is_sound(worker, record) && (record->flags & RECORD_FAILED) == 0;
	int code = domain_of(lane, record, &domain, error);
	return code != 0 ? code
			 : state_builder_window(lane->builder, domain, timed ? record->time_lo_us : INT64_MIN,
						timed ? record->time_hi_us : INT64_MAX, error);
}

static int note_unmatched(struct lane *lane, const struct record *record, const struct digest_fault *fault,
			  struct error *error)
{
	char message[300];
	snprintf(message, sizeof message, "no key of a row can be made of the item's: %s %s", fault->detail,
		 fault->reason);
	return note_problem(lane, "key.unmatched", record, (struct slice){NULL, 0}, message, error);
}

/* One record, told to one lake. */
static int tell_lane(struct ingest_worker *worker, struct lane *lane, const struct record *record, struct slice key,
		     struct error *error)
{
	const struct contract *contract = lane->run->contract;
	enum where_answer by_key = where_key(contract->where, contract, key, &worker->answers);
	struct fact fact = {.kind = record->kind == RECORD_ITEM ? FACT_SNAPSHOT : FACT_CHANGE,
			    .record = record->number,
			    .offset = record->offset};
	struct digest_fault fault = {0};
	struct slice row_key;
	if (by_key == WHERE_OUTSIDE)
		return pass_over(worker, lane, record, error);
	bool has_row_key = digest_row_key(lane->scratch, key, &row_key, &fault);
	int code = take_fact(worker, lane, record, key, by_key, &fact, error);
	if (code != 0 || (fact.kind == FACT_SNAPSHOT && fact.after.state == STATE_ABSENT))
		return code;
	if (!has_row_key) {
		bool inside = fact.after.state != STATE_ABSENT || fact.before.state >= STATE_PRESENT;
		code = inside ? note_unmatched(lane, record, &fault, error) : 0;
		return code != 0 ? code : pass_over(worker, lane, record, error);
	}
	fact.key = row_key;
	fact.key_hash = fact_key_hash(row_key);
	fact.item_key = row_key.data != key.data ? fact_key_hash(key) : 0;
	return add_fact(lane, &fact, error);
}

static struct lane *next_lane(struct ingest_worker *worker, struct lane *lane)
{
	lane = lane == NULL ? worker->lanes : lane + 1;
	while (lane < worker->lanes + worker->lane_count && lane->work == NULL)
		lane++;
	return lane < worker->lanes + worker->lane_count ? lane : NULL;
}

static int take_record(void *context, const struct record *record, struct error *error)
{
	struct ingest_worker *worker = context;
	struct digest_fault fault = {0};
	struct slice key = {NULL, 0};
	struct lane *first = next_lane(worker, NULL);
	int code = 0;
	worker->last_key = key;
	bool foreign = record->kind == RECORD_CHANGE &&
		       record->tokens[record->keys].count > first->run->contract->item_key_count;
	bool keyed = !foreign && digest_key(first->scratch, record->tokens, record->keys, &key, &fault);
	if (keyed) {
		memcpy(worker->key, key.data, key.size); /* the scratch lends one key at a time */
		key.data = worker->key;
		worker->last_key = key;
	}
	for (struct lane *lane = first; lane != NULL && code == 0; lane = next_lane(worker, lane)) {
		if (foreign) {
			code = note_foreign_key(lane, record, error);
		} else if (!keyed) {
			lane->unreadable++;
			code = note_fault(lane, record, (struct slice){NULL, 0}, "key", &fault, error);
		} else {
			code = tell_lane(worker, lane, record, key, error);
		}
		if (code == 0 && (digest_scratch_failed(lane->scratch) || worker->answers.failed))
			code = error_set(error, ERROR_INTERNAL, "out of memory for the values of a record");
	}
	return code;
}

static int take_problem(void *context, const struct problem *problem, struct error *error)
{
	struct ingest_worker *worker = context;
	struct digest_fault fault;
	int code = 0;
	for (struct lane *lane = next_lane(worker, NULL); lane != NULL && code == 0; lane = next_lane(worker, lane)) {
		struct slice key = {NULL, 0};
		bool keyed = problem->delivered && worker->last_key.size > 0 &&
			     digest_row_key(lane->scratch, worker->last_key, &key, &fault);
		struct state_problem copy = {.id = problem->id,
					     .path = problem->path,
					     .has_position = problem->has_position,
					     .has_key = keyed,
					     .record = problem->record,
					     .offset = problem->offset,
					     .key = key,
					     .message = problem->message};
		code = state_builder_problem(lane->builder, &copy, error);
	}
	return code;
}

static int take_row(void *context, uint64_t index, const struct row_digest *row, struct error *error)
{
	struct ingest_worker *worker = context;
	struct lane *lane = worker->lake;
	int64_t position = worker->positions[index];
	if (row->key.size == 0) {
		struct state_problem problem = {.id = "row.null_key",
						.path = lane->work->path,
						.has_position = true,
						.record = (uint64_t)position,
						.message = "a key column is null, or holds what no key can be"};
		lane->unreadable++;
		return state_builder_problem(lane->builder, &problem, error);
	}
	struct fact fact = {.key = row->key,
			    .key_hash = fact_key_hash(row->key),
			    .kind = FACT_LAKE,
			    .flags = row->deleted ? FACT_DELETED : 0,
			    .record = (uint64_t)position,
			    .after = {.state = STATE_IMAGE, .row = row->row, .expires_s = row->expires_s},
			    .before = {.expires_s = EXPIRES_NONE}};
	return add_fact(lane, &fact, error);
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

static int note_attributes(struct lane *lane, struct error *error)
{
	uint64_t count;
	const struct unmapped_attribute *attributes = digest_unmapped(lane->scratch, &count);
	if (count > lane->attribute_capacity) {
		uint64_t *grown = realloc(lane->attribute_counts, count * 2 * sizeof *grown);
		if (grown == NULL)
			return error_set(error, ERROR_INTERNAL, "out of memory");
		memset(grown + lane->attribute_capacity, 0, (count * 2 - lane->attribute_capacity) * sizeof *grown);
		lane->attribute_counts = grown;
		lane->attribute_capacity = count * 2;
	}
	int code = 0;
	for (uint64_t i = 0; i < count && code == 0; i++) {
		uint64_t images = attributes[i].count - lane->attribute_counts[i];
		lane->attribute_counts[i] = attributes[i].count;
		if (images > 0)
			code = state_builder_attribute(lane->builder, attributes[i].name, images, error);
	}
	return code;
}

static int read_by_kind(struct ingest_worker *worker, struct file_result *result, struct error *error)
{
	struct lane *first = next_lane(worker, NULL);
	const struct ingest_work *work = first->work;
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
	worker->lake = first;
	return read_lake_file(worker, result, error);
}

static int lane_begin(struct lane *lane, struct state_source *source, struct error *error)
{
	static const enum state_source_kind kinds[] = {STATE_EXPORT_FILE, STATE_EVENTS_FILE, STATE_LAKE_FILE,
						       STATE_EXPORT_FILE};
	struct ingest_work *work = lane->work;
	*source = (struct state_source){.kind = kinds[work->kind],
					.group = work->group,
					.path = work->path,
					.identity = work->identity,
					.size_bytes = work->size_bytes,
					.mtime_ns = work->mtime_ns,
					.fingerprint = ingest_fingerprint(lane->run, work)};
	lane->facts = lane->damaged = lane->unreadable = lane->content = 0;
	work->contained = work->before_facts == 0;
	return state_builder_begin(lane->builder, source, error);
}

static int lane_end(struct lane *lane, struct state_source *source, const struct file_result *result,
		    struct error *error)
{
	source->complete = result->complete;
	source->content = lane->content;
	source->records = result->records;
	source->unreadable = result->unreadable + lane->unreadable;
	source->bytes = result->bytes;
	source->stored_bytes = result->stored_bytes;
	source->facts = result->complete ? lane->facts : 0;
	int code = note_attributes(lane, error);
	if (code == 0)
		code = state_builder_end(lane->builder, source, error);
	lane->work->source = source->id;
	return code;
}

int ingest_worker_read(struct ingest_worker *worker, const struct ingest_job *job, struct error *error)
{
	struct file_result result = {0};
	struct state_source *sources = calloc(worker->lane_count, sizeof *sources);
	int code = sources == NULL ? error_set(error, ERROR_INTERNAL, "out of memory") : 0;
	for (uint32_t i = 0; i < worker->lane_count && code == 0; i++) {
		worker->lanes[i].work = job->works[i];
		if (job->works[i] != NULL)
			code = lane_begin(&worker->lanes[i], &sources[i], error);
	}
	if (code == 0)
		code = read_by_kind(worker, &result, error);
	for (uint32_t i = 0; i < worker->lane_count && code == 0; i++)
		if (job->works[i] != NULL)
			code = lane_end(&worker->lanes[i], &sources[i], &result, error);
	free(sources);
	return code;
}
