#include "reconcile/evidence.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "reconcile/contract/disclosure.h"
#include "reconcile/event_item.h"
#include "reconcile/ingest/ingest_file.h"
#include "reconcile/judge/cause.h"
#include "sources/events.h"

enum { VALUE_TEXT_MAX = 240, ONE_SIDE_COLUMNS_MAX = 6, BATCH_ROWS = 65536, THREADS_MAX = 16 };

/* One column's value on one side. */
struct value {
	char *text;  /* as it may be told, cut; owned by the evidence */
	char *whole; /* the value itself, of a column with a tolerance; likewise */
	char *note;  /* why it has no place in its column, or NULL; owned likewise */
	bool hidden;
	uint64_t digest;
	uint32_t flags;
};

/* Something to find again: a record's image or a lake row, for one finding. */
struct request {
	uint32_t source;
	bool before; /* the record's old image */
	uint64_t record, finding;
};

struct evidence {
	struct run *run;
	const struct kept *const *kept;
	bool all_columns;
	uint32_t columns;
	struct value *expected, *actual; /* finding * columns + column */
	bool *has_expected, *has_actual;
	bool *sure_expected, *sure_actual; /* what was read again is what was judged */
	enum cause_gone *gone;             /* of zombies, where the lake has a `where` */
	struct request *requests;          /* sorted by (source, record) */
	uint64_t request_count;
	uint64_t *groups; /* where each source's requests begin; group_count + 1 entries */
	uint64_t group_count;
	atomic_uint_fast64_t next_group;
};

struct reader {
	struct evidence *evidence;
	struct json_parser *parser;
	struct digest_scratch *scratch;
	struct buffer text, told;
	struct event_item event;
	const struct request *begin, *end; /* of the present source */
	pthread_t thread;
	struct error error;
	int code;
};

static int request_order(const void *left, const void *right)
{
	const struct request *a = left, *b = right;
	if (a->source != b->source)
		return a->source < b->source ? -1 : 1;
	if (a->record != b->record)
		return a->record < b->record ? -1 : 1;
	return (a->finding > b->finding) - (a->finding < b->finding);
}

static const struct request *first_request(const struct reader *reader, uint64_t record)
{
	const struct request *low = reader->begin, *high = reader->end;
	while (low < high) {
		const struct request *middle = low + (high - low) / 2;
		if (middle->record < record)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct contract_column *rules_of(const struct evidence *evidence, uint32_t column)
{
	const struct column_type *type;
	return digest_plan_rules(evidence->run->plan, column, &type);
}

/* Puts what may be told of the value in reader->text, under its digest, to `value`. */
static int keep_value(struct reader *reader, uint32_t column, struct value *value, struct error *error)
{
	static const char mark[] = "…";
	const struct run *run = reader->evidence->run;
	const struct contract_column *rules = rules_of(reader->evidence, column);
	struct slice whole = buffer_slice(&reader->text);
	bool long_text = whole.size >= sizeof mark &&
			 memcmp(whole.data + whole.size - (sizeof mark - 1), mark, sizeof mark - 1) == 0;
	if (rules->tolerance.kind != TOLERANCE_NONE &&
	    (value->whole = strndup(whole.data != NULL ? whole.data : "", whole.size)) == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	reader->told.size = 0;
	if (disclosure_value(run->contract, run->options.values_full, rules->hidden, whole, long_text, value->digest,
			     &reader->told, &value->hidden) != 0)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	size_t size = reader->told.size;
	bool cut = size > VALUE_TEXT_MAX;
	if (cut)
		for (size = VALUE_TEXT_MAX; size > 0 && ((unsigned char)reader->told.data[size] & 0xC0) == 0x80;)
			size--;
	value->text = malloc(size + sizeof mark);
	if (value->text == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	if (size > 0)
		memcpy(value->text, reader->told.data, size);
	memcpy(value->text + size, cut ? mark : "", cut ? sizeof mark : 1);
	return 0;
}

/* A file may have changed since it was merged: a tolerance is only for what was judged. */
static bool is_expected(struct reader *reader, const struct record *record, uint32_t image,
			const struct judgement *judgement)
{
	const struct fact_side *expected = &judgement->expected;
	struct image_digest digest;
	struct digest_fault fault;
	return expected->state == STATE_IMAGE &&
	       digest_image(reader->scratch, record->tokens, image, &digest, &fault) &&
	       !digest_scratch_failed(reader->scratch) &&
	       digest.item[0] == expected->item[0] && digest.item[1] == expected->item[1] &&
	       digest.row == expected->row && digest.flags == expected->flags;
}

/* Why no row can hold the value; it tells nothing of the value itself. */
static int keep_note(struct reader *reader, struct value *value, struct error *error)
{
	reader->text.size = 0;
	if (digest_misfit(reader->scratch, &reader->text) != NULL)
		buffer_append_byte(&reader->text, '\0');
	if (reader->text.size > 0 && !reader->text.failed)
		value->note = strdup(reader->text.data);
	return value->note == NULL ? error_set(error, ERROR_INTERNAL, "out of memory") : 0;
}

/* A row that should have gone, where items do not only go by a delete. */
static bool is_gone(const struct evidence *evidence, uint64_t finding)
{
	const struct kept *kept = evidence->kept[finding];
	return evidence->run->contract->where != NULL && kept->judgement.finding == ROW_ZOMBIE &&
	       (evidence->all_columns || kept->id == FINDING_ROW_ZOMBIE);
}

static int take_record(void *context, const struct record *record, struct error *error)
{
	struct reader *reader = context;
	struct evidence *evidence = reader->evidence;
	struct record event;
	if (evidence->run->contract->shape == SHAPE_EVENTS) {
		if (record->kind != RECORD_CHANGE)
			return 0;
		int code = event_item_make(&reader->event, evidence->run->contract, record, &event, error);
		if (code != 0)
			return code;
		record = &event;
	}
	for (const struct request *request = first_request(reader, record->number);
	     request < reader->end && request->record == record->number; request++) {
		enum item_state state = request->before ? record->before : record->after;
		uint32_t image = request->before ? record->before_image : record->after_image;
		struct slice key;
		struct digest_fault fault;
		if (!digest_key(reader->scratch, record->tokens, record->keys, &key, &fault) ||
		    !digest_row_key(reader->scratch, key, &key, &fault) ||
		    !slice_equal(key, evidence->kept[request->finding]->judgement.key))
			continue; /* not the file that was merged */
		if (is_gone(evidence, request->finding)) {
			evidence->gone[request->finding] = record->after == STATE_ABSENT ? GONE_DELETED
											  : GONE_ELSEWHERE;
			continue;
		}
		if (state != STATE_IMAGE)
			continue;
		for (uint32_t i = 0; i < evidence->columns; i++) {
			struct value *value = &evidence->expected[request->finding * evidence->columns + i];
			reader->text.size = 0;
			int code = digest_expected_value(reader->scratch, record->tokens, image, i, &reader->text,
							 &value->digest, &value->flags);
			if (code != 0)
				return error_set(error, ERROR_INTERNAL, "out of memory");
			code = keep_value(reader, i, value, error);
			if (code == 0 && value->flags != 0)
				code = keep_note(reader, value, error);
			if (code != 0)
				return code;
		}
		evidence->has_expected[request->finding] = true;
		evidence->sure_expected[request->finding] = evidence->run->contract->any_tolerance &&
							    is_expected(reader, record, image,
									&evidence->kept[request->finding]->judgement);
	}
	return 0;
}

static int take_problem(void *context, const struct problem *problem, struct error *error)
{
	const struct reader *reader = context;
	const struct run *run = reader->evidence->run;
	(void)error;
	/* A record's was told when the file was merged; a file's may be new. */
	if (!problem->has_position && run->options.watch.note != NULL)
		run->options.watch.note("values are not shown: %s", problem->message);
	return 0;
}

struct row_again {
	const struct judgement *judgement;
	bool *sure;
};

static int compare_row(void *context, uint64_t index, const struct row_digest *row, struct error *error)
{
	const struct row_again *again = context;
	(void)index;
	(void)error;
	*again->sure = slice_equal(row->key, again->judgement->key) && row->row == again->judgement->lake_row &&
		       !row->deleted;
	return 0;
}

static int is_actual(struct reader *reader, uint64_t finding, const struct ArrowSchema *schema,
		     const struct ArrowArray *batch, uint64_t row, struct error *error)
{
	struct row_again again = {&reader->evidence->kept[finding]->judgement, &reader->evidence->sure_actual[finding]};
	struct ArrowArray one = *batch;
	if (!reader->evidence->run->contract->any_tolerance)
		return 0;
	one.offset += (int64_t)row;
	one.length = 1;
	return digest_batch(reader->scratch, schema, &one, compare_row, &again, error);
}

static int take_row(struct reader *reader, const struct request *request, const struct ArrowSchema *schema,
		    const struct ArrowArray *batch, uint64_t row, struct error *error)
{
	struct evidence *evidence = reader->evidence;
	for (uint32_t i = 0; i < evidence->columns; i++) {
		struct value *value = &evidence->actual[request->finding * evidence->columns + i];
		reader->text.size = 0;
		if (digest_actual_value(reader->scratch, schema, batch, row, i, &reader->text, &value->digest) != 0)
			return error_set(error, ERROR_INTERNAL, "out of memory");
		int code = keep_value(reader, i, value, error);
		if (code != 0)
			return code;
	}
	evidence->has_actual[request->finding] = true;
	return is_actual(reader, request->finding, schema, batch, row, error);
}

static int read_rows(struct reader *reader, struct ArrowArrayStream *stream, struct error *error)
{
	struct ArrowSchema schema = {0};
	uint64_t left = (uint64_t)(reader->end - reader->begin);
	int code = 0;
	if (stream->get_schema(stream, &schema) != 0)
		return error_set(error, ERROR_DATA, "%s", stream->get_last_error(stream));
	while (code == 0 && left > 0) {
		struct ArrowArray batch = {0};
		if (stream->get_next(stream, &batch) != 0) {
			code = error_set(error, ERROR_DATA, "%s", stream->get_last_error(stream));
			break;
		}
		if (batch.release == NULL)
			break;
		const struct ArrowArray *last = batch.children[batch.n_children - 1];
		const int64_t *positions = (const int64_t *)last->buffers[1] + last->offset + batch.offset;
		for (int64_t row = 0; row < batch.length && code == 0 && left > 0; row++) {
			const struct request *request = first_request(reader, (uint64_t)positions[row]);
			for (; request < reader->end && request->record == (uint64_t)positions[row] && code == 0;
			     request++, left--)
				code = take_row(reader, request, &schema, &batch, (uint64_t)row, error);
		}
		batch.release(&batch);
	}
	schema.release(&schema);
	return code;
}

static int read_lake(struct reader *reader, uint32_t source, struct error *error)
{
	struct run *run = reader->evidence->run;
	uint64_t count, index = 0, files = bridge_table_info(run->table)->file_count;
	while (index < files && run->lake_sources[index] != source)
		index++;
	if (index == files)
		return 0;
	const char *const *columns = digest_plan_columns(run->plan, &count);
	struct ArrowArrayStream stream = {0};
	int code = bridge_file_read(run->table, index, columns, count, BATCH_ROWS, true, &stream, error);
	if (code != 0)
		return code;
	code = read_rows(reader, &stream, error);
	stream.release(&stream);
	return code;
}

static int read_records(struct reader *reader, const struct state_source *source, struct error *error)
{
	uint64_t count = 0;
	uint64_t *numbers = calloc((size_t)(reader->end - reader->begin), sizeof *numbers);
	if (numbers == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	for (const struct request *request = reader->begin; request < reader->end; request++)
		if (count == 0 || numbers[count - 1] != request->record)
			numbers[count++] = request->record;
	struct record_sink sink = {reader, take_record, take_problem};
	int code = ingest_reread(reader->evidence->run, source, numbers, count, reader->parser, &sink, error);
	free(numbers);
	return code;
}

static void *read_groups(void *argument)
{
	struct reader *reader = argument;
	struct evidence *evidence = reader->evidence;
	while (reader->code == 0) {
		uint64_t group = atomic_fetch_add(&evidence->next_group, 1);
		if (group >= evidence->group_count)
			break;
		reader->begin = evidence->requests + evidence->groups[group];
		reader->end = evidence->requests + evidence->groups[group + 1];
		const struct state_source *source = state_source(evidence->run->state, reader->begin->source);
		if (source == NULL)
			continue;
		reader->code = source->kind == STATE_LAKE_FILE ? read_lake(reader, source->id, &reader->error)
							       : read_records(reader, source, &reader->error);
		if (reader->code == ERROR_IO || reader->code == ERROR_DATA) {
			reader->code = 0; /* gone or changed: the finding stands, its values stay unknown */
			if (evidence->run->options.watch.note != NULL)
				evidence->run->options.watch.note("values are not shown: %s", reader->error.message);
		}
		if (evidence->run->options.watch.add != NULL)
			evidence->run->options.watch.add(1, 0);
	}
	return NULL;
}

static int readers_run(struct evidence *evidence, struct error *error)
{
	struct reader readers[THREADS_MAX];
	uint32_t count = evidence->run->options.jobs < THREADS_MAX ? evidence->run->options.jobs : THREADS_MAX;
	uint32_t started = 0;
	int code = 0;
	if (count > evidence->group_count)
		count = (uint32_t)evidence->group_count;
	for (uint32_t i = 0; i < count; i++, started++) {
		struct reader *reader = &readers[i];
		*reader = (struct reader){.evidence = evidence};
		event_item_init(&reader->event);
		buffer_init(&reader->text, (size_t)RECORD_SIZE_MAX * 8);
		buffer_init(&reader->told, (size_t)RECORD_SIZE_MAX * 8);
		reader->parser = json_parser_new(RECORD_SIZE_MAX);
		reader->scratch = digest_scratch_new(evidence->run->plan);
		if (reader->parser == NULL || reader->scratch == NULL ||
		    pthread_create(&reader->thread, NULL, read_groups, reader) != 0) {
			json_parser_free(reader->parser);
			digest_scratch_free(reader->scratch);
			code = error_set(error, ERROR_INTERNAL, "cannot start a reader of evidence");
			break;
		}
	}
	for (uint32_t i = 0; i < started; i++) {
		pthread_join(readers[i].thread, NULL);
		if (readers[i].code != 0 && code == 0) {
			*error = readers[i].error;
			code = readers[i].code;
		}
		json_parser_free(readers[i].parser);
		digest_scratch_free(readers[i].scratch);
		buffer_release(&readers[i].text);
		buffer_release(&readers[i].told);
		event_item_release(&readers[i].event);
	}
	return code;
}

/* Under `ttl: keep` a TTL remove leaves the row as its old image had it. */
static bool expects_before(const struct judgement *judgement)
{
	return judgement->expected.state == STATE_ABSENT && judgement->lake_expected == LAKE_ROW;
}

static void add_requests(struct evidence *evidence, uint64_t finding)
{
	const struct judgement *judgement = &evidence->kept[finding]->judgement;
	bool before = expects_before(judgement);
	if (judgement->decided.source != 0 &&
	    (judgement->expected.state == STATE_IMAGE || before || is_gone(evidence, finding)))
		evidence->requests[evidence->request_count++] = (struct request){judgement->decided.source, before,
										 judgement->decided.record, finding};
	if (judgement->lake.source != 0)
		evidence->requests[evidence->request_count++] = (struct request){judgement->lake.source, false,
										 judgement->lake.record, finding};
}

static void group_requests(struct evidence *evidence)
{
	qsort(evidence->requests, evidence->request_count, sizeof *evidence->requests, request_order);
	for (uint64_t i = 0; i < evidence->request_count; i++)
		if (i == 0 || evidence->requests[i].source != evidence->requests[i - 1].source)
			evidence->groups[evidence->group_count++] = i;
	evidence->groups[evidence->group_count] = evidence->request_count;
}

static const char *kept_note(struct arena *arena, const struct value *expected)
{
	return expected->note == NULL ? NULL : arena_copy(arena, slice_from(expected->note)).data;
}

static const char *kept_text(struct arena *arena, const struct value *value)
{
	return value->text == NULL ? NULL : arena_copy(arena, slice_from(value->text)).data;
}

static bool is_same(const struct value *expected, const struct value *actual)
{
	return expected->digest == actual->digest && expected->flags == 0;
}

static bool is_near(const struct contract_column *column, const struct value *expected, const struct value *actual)
{
	return expected->whole != NULL && actual->whole != NULL && (expected->flags & IMAGE_MISTYPED) == 0 &&
	       tolerance_holds(&column->tolerance, slice_from(expected->whole), slice_from(actual->whole));
}

/* Whether the key is equal but for what its columns' tolerances allow. Only where the one image expected is proven, and
 * both sides as they were judged have been read again. */
static bool within_tolerance(const struct evidence *evidence, uint64_t index)
{
	const struct judgement *judgement = &evidence->kept[index]->judgement;
	if (!evidence->sure_expected[index] || !evidence->sure_actual[index] || judgement->unproven != 0 ||
	    judgement->class != CLASS_DIFFERENT || judgement->lake_expected != LAKE_ROW || judgement->lake_rows != 1 ||
	    judgement->lake_rows_deleted != 0 || (judgement->finding != ROW_STALE && judgement->finding != ROW_DIFFERS))
		return false;
	bool all = evidence->columns > 0;
	for (uint32_t i = 0; i < evidence->columns && all; i++) {
		const struct value *expected = &evidence->expected[index * evidence->columns + i];
		const struct value *actual = &evidence->actual[index * evidence->columns + i];
		all = is_same(expected, actual) || is_near(rules_of(evidence, i), expected, actual);
	}
	return all;
}

/* Both sides known: the columns that differ. One side only: what it holds. */
static int fill_columns(struct evidence *evidence, uint64_t index, struct finding *finding, struct arena *arena,
			struct error *error)
{
	bool has_expected = evidence->has_expected[index], has_actual = evidence->has_actual[index];
	for (uint32_t i = 0; i < evidence->columns && (has_expected || has_actual); i++) {
		const struct value *expected = &evidence->expected[index * evidence->columns + i];
		const struct value *actual = &evidence->actual[index * evidence->columns + i];
		bool both = has_expected && has_actual, same = both && is_same(expected, actual);
		bool near = both && !same && is_near(rules_of(evidence, i), expected, actual);
		if (!evidence->all_columns && same)
			continue;
		uint32_t most = has_expected && has_actual ? FINDING_COLUMNS_MAX : ONE_SIDE_COLUMNS_MAX;
		if (finding->column_count == (evidence->all_columns ? FINDING_COLUMNS_MAX : most)) {
			finding->columns_more++;
			continue;
		}
		const struct finding_column column = {
			.name = arena_copy(arena, slice_from(rules_of(evidence, i)->column)).data,
			.expected = has_expected ? kept_text(arena, expected) : NULL,
			.actual = has_actual ? kept_text(arena, actual) : NULL,
			.expected_hidden = expected->hidden,
			.actual_hidden = actual->hidden,
			.same = same,
			.note = near ? "within its tolerance" : kept_note(arena, expected)};
		/* What is NULL for want of memory would read as if there were none. */
		if (column.name == NULL || (has_expected && expected->text != NULL && column.expected == NULL) ||
		    (has_actual && actual->text != NULL && column.actual == NULL) ||
		    (expected->note != NULL && column.note == NULL))
			return error_set(error, ERROR_INTERNAL, "out of memory");
		finding->columns[finding->column_count++] = column;
	}
	return 0;
}

static void evidence_release(struct evidence *evidence, uint64_t count)
{
	for (uint64_t i = 0; i < count * evidence->columns; i++) {
		if (evidence->expected != NULL) {
			free(evidence->expected[i].text);
			free(evidence->expected[i].note);
			free(evidence->expected[i].whole);
		}
		if (evidence->actual != NULL) {
			free(evidence->actual[i].text);
			free(evidence->actual[i].whole);
		}
	}
	free(evidence->sure_expected);
	free(evidence->sure_actual);
	free(evidence->gone);
	free(evidence->expected);
	free(evidence->actual);
	free(evidence->has_expected);
	free(evidence->has_actual);
	free(evidence->requests);
	free(evidence->groups);
}

int evidence_fill(struct run *run, const struct kept *const *kept, struct finding *findings, uint64_t count,
		  bool all_columns, struct arena *arena, struct error *error)
{
	struct evidence evidence = {.run = run,
				    .kept = kept,
				    .all_columns = all_columns,
				    .columns = digest_plan_report(run->plan)->compared_columns};
	int code = 0;
	if (count == 0 || !digest_plan_has_rows(run->plan))
		return 0;
	evidence.expected = calloc(count * evidence.columns + 1, sizeof *evidence.expected);
	evidence.actual = calloc(count * evidence.columns + 1, sizeof *evidence.actual);
	evidence.has_expected = calloc(count, sizeof *evidence.has_expected);
	evidence.has_actual = calloc(count, sizeof *evidence.has_actual);
	evidence.sure_expected = calloc(count, sizeof *evidence.sure_expected);
	evidence.sure_actual = calloc(count, sizeof *evidence.sure_actual);
	evidence.gone = calloc(count, sizeof *evidence.gone);
	evidence.requests = calloc(count * 2 + 1, sizeof *evidence.requests);
	evidence.groups = calloc(count * 2 + 2, sizeof *evidence.groups);
	if (evidence.expected == NULL || evidence.actual == NULL || evidence.has_expected == NULL ||
	    evidence.has_actual == NULL || evidence.sure_expected == NULL || evidence.sure_actual == NULL ||
	    evidence.requests == NULL || evidence.groups == NULL || evidence.gone == NULL) {
		code = error_set(error, ERROR_INTERNAL, "out of memory");
		goto out;
	}
	for (uint64_t i = 0; i < count; i++)
		if (all_columns || kept[i]->id <= FINDING_HISTORY_END || kept[i]->id == FINDING_VALUE_PRECISION_LOST)
			add_requests(&evidence, i);
	group_requests(&evidence);
	if (run->options.watch.begin != NULL)
		run->options.watch.begin("reading evidence again", evidence.group_count, "files");
	code = readers_run(&evidence, error);
	if (run->options.watch.end != NULL)
		run->options.watch.end();
	for (uint64_t i = 0; i < count && code == 0; i++)
		code = fill_columns(&evidence, i, &findings[i], arena, error);
	for (uint64_t i = 0; i < count && code == 0; i++)
		findings[i].within_tolerance = within_tolerance(&evidence, i);
	for (uint64_t i = 0; i < count && code == 0; i++)
		if (is_gone(&evidence, i) &&
		    (findings[i].cause =
			     cause_gone_text(&kept[i]->judgement, run->scope, evidence.gone[i], arena)) == NULL)
			code = error_set(error, ERROR_INTERNAL, "out of memory");
out:
	evidence_release(&evidence, count);
	return code;
}
