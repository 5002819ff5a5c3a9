#include "reconcile/ingest/ingest_lane.h"

#include <stdio.h>
#include <stdlib.h>

#include <xxhash.h>

#include "base/clock.h"
#include "reconcile/contract/where.h"

int ingest_lane_open(struct ingest_lane *lane, struct run *run, size_t memory_max, struct arena *answers,
		     struct error *error)
{
	lane->run = run;
	lane->answers = answers;
	event_item_init(&lane->event);
	lane->time_max_us = clock_now_us() + 86400 * CLOCK_SECOND_US;
	lane->scratch = digest_scratch_new(run->plan);
	if (lane->scratch == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	return state_builder_new(run->state, memory_max, &lane->builder, error);
}

void ingest_lane_close(struct ingest_lane *lane)
{
	digest_scratch_free(lane->scratch);
	state_builder_free(lane->builder);
	free(lane->attribute_counts);
	event_item_release(&lane->event);
}

static int note_problem(struct ingest_lane *lane, const char *id, const struct record *record, struct slice key,
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

static int note_fault(struct ingest_lane *lane, const struct record *record, struct slice key, const char *what,
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

static int domain_of(struct ingest_lane *lane, const struct record *record, uint32_t *domain, struct error *error)
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

static bool image_has_key(struct ingest_lane *lane, const struct record *record, uint32_t image, struct slice key)
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
static int take_side(struct ingest_lane *lane, const struct record *record, enum where_answer by_key,
		     enum item_state state, uint32_t image, const char *what, struct slice key, struct fact_side *side,
		     bool *faulty, struct error *error)
{
	*side = (struct fact_side){.state = state == STATE_PRESENT ? present_in(by_key) : state,
				   .expires_s = EXPIRES_NONE};
	if (state != STATE_IMAGE)
		return 0;
	struct image_digest digest;
	struct digest_fault fault = {0};
	enum where_answer inside = where_image(lane->run->contract->where, record->tokens, image, lane->answers);
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
	side->dated_s = digest.dated_s;
	return 0;
}

/* Order matters: a file's content is the sequence of what its records say. */
static void mix_content(struct ingest_lane *lane, const struct fact *fact)
{
	uint64_t parts[] = {lane->content,   fact->key_hash,       fact->after.item[0],
			    fact->after.row, fact->before.item[0], (uint64_t)fact->time_lo_us,
			    fact->event_hash};
	lane->content = XXH64(parts, sizeof parts, XXH64(fact->sequence, SEQUENCE_SIZE, fact->after.state));
}

static int add_fact(struct ingest_lane *lane, struct fact *fact, struct error *error)
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
static bool time_is_sound(const struct ingest_lane *lane, const struct record *record)
{
	return !record->has_time || (record->time_lo_us >= launched_us && record->time_lo_us <= lane->time_max_us);
}

static int check_time(struct ingest_lane *lane, const struct record *record, struct fact *fact, struct slice key,
		      bool *faulty, struct error *error)
{
	bool sound = time_is_sound(lane, record);
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

/* What a change says besides its sides. */
static int take_stamp(struct ingest_lane *lane, const struct record *record, struct slice key, struct fact *fact,
		      bool *faulty, struct error *error)
{
	fact->flags |= (record->flags & RECORD_FAILED) != 0 ? FACT_UNTIMELY : 0;
	fact->ttl = (uint8_t)record->ttl;
	fact->has_sequence = record->has_sequence;
	if (record->has_sequence)
		memcpy(fact->sequence, record->sequence, SEQUENCE_SIZE);
	fact->event_hash = record->event_id.size > 0 ? XXH64(record->event_id.data, record->event_id.size, 0) : 0;
	int code = check_time(lane, record, fact, key, faulty, error);
	return code != 0 ? code : domain_of(lane, record, &fact->domain, error);
}

/* Whether TTL removed an item of this lake. What was outside it did not remove from here; of what cannot be told, a
 * lake that keeps such rows has one or never had. */
static void weigh_removal(const struct ingest_lane *lane, const struct record *record, struct fact *fact)
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
static int take_fact(struct ingest_lane *lane, const struct record *record, struct slice key, enum where_answer by_key,
		     struct fact *fact, struct error *error)
{
	bool faulty = (record->flags & RECORD_DAMAGED) != 0, change = record->kind == RECORD_CHANGE;
	int code = take_side(lane, record, by_key, record->after, record->after_image, change ? "new image" : "item",
			     key, &fact->after, &faulty, error);
	fact->before = (struct fact_side){.expires_s = EXPIRES_NONE};
	if (code == 0 && change)
		code = take_side(lane, record, by_key, record->before, record->before_image, "old image", key,
				 &fact->before, &faulty, error);
	if (code == 0 && change)
		code = take_stamp(lane, record, key, fact, &faulty, error);
	if (code == 0 && change)
		weigh_removal(lane, record, fact);
	if (code != 0 || !faulty)
		return code;
	fact->flags |= FACT_DAMAGED;
	enum item_state sure = fact->after.state;
	if (sure >= STATE_PRESENT)
		sure = change ? present_in(by_key) : STATE_PRESENT;
	fact->after = (struct fact_side){.state = sure, .expires_s = EXPIRES_NONE};
	fact->before = (struct fact_side){.expires_s = EXPIRES_NONE};
	return 0;
}

/* A change of which this lake keeps no fact was captured all the same. */
static int pass_over(struct ingest_lane *lane, const struct record *record, struct error *error)
{
	uint32_t domain;
	if (record->kind != RECORD_CHANGE)
		return 0;
	bool timed = record->has_time && time_is_sound(lane, record) && (record->flags & RECORD_FAILED) == 0;
	int code = domain_of(lane, record, &domain, error);
	return code != 0 ? code
			 : state_builder_window(lane->builder, domain, timed ? record->time_lo_us : INT64_MIN,
						timed ? record->time_hi_us : INT64_MAX, error);
}

static int note_unmatched(struct ingest_lane *lane, const struct record *record, const struct digest_fault *fault,
			  struct error *error)
{
	char message[300];
	snprintf(message, sizeof message, "no key of a row can be made of the item's: %s %s", fault->detail,
		 fault->reason);
	return note_problem(lane, "key.unmatched", record, (struct slice){NULL, 0}, message, error);
}

int ingest_lane_tell(struct ingest_lane *lane, const struct record *record, struct slice key, struct error *error)
{
	const struct contract *contract = lane->run->contract;
	enum where_answer by_key = where_key(contract->where, contract, key, lane->answers);
	struct fact fact = {.kind = record->kind == RECORD_ITEM ? FACT_SNAPSHOT : FACT_CHANGE,
			    .record = record->number,
			    .offset = record->offset};
	struct digest_fault fault = {0};
	struct slice row_key;
	if (by_key == WHERE_OUTSIDE)
		return pass_over(lane, record, error);
	bool has_row_key = digest_row_key(lane->scratch, key, &row_key, &fault);
	int code = take_fact(lane, record, key, by_key, &fact, error);
	if (code != 0 || (fact.kind == FACT_SNAPSHOT && fact.after.state == STATE_ABSENT))
		return code;
	if (!has_row_key) {
		bool inside = fact.after.state != STATE_ABSENT || fact.before.state >= STATE_PRESENT;
		code = inside ? note_unmatched(lane, record, &fault, error) : 0;
		return code != 0 ? code : pass_over(lane, record, error);
	}
	fact.key = row_key;
	fact.key_hash = fact_key_hash(row_key);
	fact.item_key = row_key.data != key.data ? fact_key_hash(key) : 0;
	return add_fact(lane, &fact, error);
}

/* Exports know of no events, nor do incremental ones, whose changes are net, and polls. */
int ingest_lane_tell_event(struct ingest_lane *lane, const struct record *record, struct error *error)
{
	struct digest_fault fault = {0};
	struct record event;
	struct slice key;
	const struct contract_source *source = lane->work->contract_source;
	if (record->kind != RECORD_CHANGE || source == NULL || !contract_holds_changes(source) ||
	    source->rows.puts_only)
		return 0;
	int code = event_item_make(&lane->event, lane->run->contract, record, &event, error);
	if (code != 0)
		return code;
	if (!digest_key(lane->scratch, event.tokens, event.keys, &key, &fault)) {
		code = note_unmatched(lane, record, &fault, error);
		return code != 0 ? code : pass_over(lane, record, error);
	}
	memcpy(lane->event_key, key.data, key.size); /* the scratch lends one key at a time */
	return ingest_lane_tell(lane, &event, (struct slice){lane->event_key, key.size}, error);
}

int ingest_lane_tell_keyless(struct ingest_lane *lane, const struct record *record, const struct digest_fault *fault,
			     struct error *error)
{
	lane->unreadable++;
	return note_fault(lane, record, (struct slice){NULL, 0}, "key", fault, error);
}

int ingest_lane_tell_foreign(struct ingest_lane *lane, const struct record *record, struct error *error)
{
	lane->unreadable++;
	return note_problem(lane, "record.unreadable", record, (struct slice){NULL, 0},
			    "Keys has attributes that are not part of the contract's key; correct the contract's key",
			    error);
}

int ingest_lane_tell_problem(struct ingest_lane *lane, const struct problem *problem, struct slice key,
			     struct error *error)
{
	struct digest_fault fault;
	struct slice row_key = {NULL, 0};
	bool keyed = key.size > 0 && digest_row_key(lane->scratch, key, &row_key, &fault);
	struct state_problem copy = {.id = problem->id,
				     .path = problem->path,
				     .has_position = problem->has_position,
				     .has_key = keyed,
				     .record = problem->record,
				     .offset = problem->offset,
				     .key = row_key,
				     .message = problem->message};
	return state_builder_problem(lane->builder, &copy, error);
}

static bool is_timed(const struct contract *contract, const struct row_digest *row)
{
	return contract->shape == SHAPE_HISTORY || (contract->shape == SHAPE_EVENTS && row->time_lo_us != INT64_MIN);
}

int ingest_lane_tell_row(struct ingest_lane *lane, const struct row_digest *row, int64_t position, struct error *error)
{
	if (row->key.size == 0) {
		struct state_problem problem = {.id = "row.null_key",
						.path = lane->work->path,
						.has_position = true,
						.record = (uint64_t)position,
						.message = "a key column is null, or holds what no key can be"};
		lane->unreadable++;
		return state_builder_problem(lane->builder, &problem, error);
	}
	struct fact fact = {
		.key = row->key,
		.key_hash = fact_key_hash(row->key),
		.kind = FACT_LAKE,
		.flags = (row->deleted ? FACT_DELETED : 0U) | (row->current ? FACT_CURRENT : 0U) |
			 (is_timed(lane->run->contract, row) ? FACT_TIMED : 0U),
		.time_lo_us = row->time_lo_us,
		.time_hi_us = row->time_hi_us,
		.record = (uint64_t)position,
		.after = {.state = STATE_IMAGE, .row = row->row, .expires_s = row->expires_s, .dated_s = row->dated_s},
		.before = {.expires_s = EXPIRES_NONE}};
	return add_fact(lane, &fact, error);
}

int ingest_lane_begin(struct ingest_lane *lane, struct error *error)
{
	struct ingest_work *work = lane->work;
	lane->source = (struct state_source){.kind = ingest_state_kind(work),
					     .group = work->group,
					     .path = work->path,
					     .identity = work->identity,
					     .size_bytes = work->size_bytes,
					     .mtime_ns = work->mtime_ns,
					     .fingerprint = ingest_fingerprint(lane->run, work)};
	lane->facts = lane->unreadable = lane->content = 0;
	work->contained = work->before_facts == 0;
	return state_builder_begin(lane->builder, &lane->source, error);
}

static int note_attributes(struct ingest_lane *lane, struct error *error)
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

int ingest_lane_end(struct ingest_lane *lane, const struct file_result *result, struct error *error)
{
	struct state_source *source = &lane->source;
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
