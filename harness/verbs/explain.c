/* explain - one key's whole life: every record in order, what is expected, what the lake holds, and why. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "harness/session.h"
#include "reconcile/judge/cause.h"
#include "reconcile/evidence.h"
#include "reconcile/contract/where.h"

struct explain_options {
	struct session_options session;
};

static const struct option_spec options[] = {
	SESSION_VALUES(struct explain_options),
	SESSION_VERSION(struct explain_options),
	SESSION_OPTIONS(struct explain_options),
	{NULL, OPTION_FLAG, 0, NULL, NULL, NULL},
};

static void defaults(void *target)
{
	session_defaults(&((struct explain_options *)target)->session);
}

/* The key's facts, in fact order. */
struct life {
	struct fact *facts;
	uint64_t count, capacity;
};

static int take_fact(void *context, const struct fact *fact, struct error *error)
{
	struct life *life = context;
	if (life->count == life->capacity) {
		uint64_t capacity = life->capacity == 0 ? 64 : life->capacity * 2;
		struct fact *grown = realloc(life->facts, capacity * sizeof *grown);
		if (grown == NULL)
			return error_set(error, ERROR_INTERNAL, "out of memory");
		life->facts = grown;
		life->capacity = capacity;
	}
	life->facts[life->count++] = *fact;
	return 0;
}

static const char *what_happened(const struct run *run, const struct fact *fact)
{
	if (fact->kind == FACT_CHANGE && run->contract->shape == SHAPE_EVENTS)
		return "happened";
	if (fact->kind == FACT_SNAPSHOT)
		return "exported";
	if (fact->kind == FACT_LAKE)
		return (fact->flags & FACT_DELETED) != 0 ? "lake row, marked deleted" : "lake row";
	if (fact->after.state == STATE_ABSENT)
		return fact->ttl == TTL_YES ? "REMOVE by TTL" : "REMOVE";
	return fact->before.state == STATE_ABSENT ? "INSERT" : "MODIFY";
}

static bool same_change(const struct fact *a, const struct fact *b)
{
	return a->kind == FACT_CHANGE && b->kind == FACT_CHANGE && a->domain == b->domain &&
	       a->has_sequence == b->has_sequence && memcmp(a->sequence, b->sequence, SEQUENCE_SIZE) == 0 &&
	       (a->has_sequence || (a->time_lo_us == b->time_lo_us && a->event_hash == b->event_hash));
}

/* Files are listed in the order in which they landed, by path. */
static int arrival_order(const struct run *run, const struct fact *a, const struct fact *b)
{
	const struct state_source *left = state_source(run->state, a->source),
				  *right = state_source(run->state, b->source);
	int order = left == NULL || right == NULL ? 0 : strcmp(left->path, right->path);
	return order != 0 ? order : (a->record > b->record) - (a->record < b->record);
}

static const char *marks(const struct run *run, const struct life *life, uint64_t index)
{
	const struct fact *fact = &life->facts[index];
	bool duplicate = false, late = false;
	for (uint64_t i = 0; i < life->count && fact->kind == FACT_CHANGE; i++) {
		if (i == index || life->facts[i].kind != FACT_CHANGE)
			continue;
		bool earlier = arrival_order(run, &life->facts[i], fact) < 0;
		if (same_change(&life->facts[i], fact))
			duplicate = duplicate || earlier;
		else
			late = late || (earlier && i > index);
	}
	if ((fact->flags & FACT_DAMAGED) != 0)
		return "  [damaged]";
	if (duplicate)
		return "  [duplicate]";
	return late ? "  [late: a newer change had arrived before]" : "";
}

/* An export's time for what it holds; a change's own; when a version began. INT64_MIN when it is not known. */
static int64_t time_of(const struct run *run, const struct fact *fact)
{
	const struct state_source *source = state_source(run->state, fact->source);
	bool version = fact->kind == FACT_LAKE && run->contract->shape == SHAPE_HISTORY;
	if (fact->kind == FACT_CHANGE || version)
		return fact->time_lo_us;
	for (uint32_t i = 0; fact->kind == FACT_SNAPSHOT && i < run->export_count; i++)
		if (source != NULL && run->exports[i].group == source->group)
			return run->exports[i].export->export_time_us;
	for (uint32_t i = 0; fact->kind == FACT_SNAPSHOT && i < run->contract->source_count; i++)
		if (source != NULL && run->source_groups[i] == source->group)
			return run->contract->sources[i].from_us;
	return INT64_MIN;
}

/* Fills `order` with the facts as they happened: changes as they are sorted, each export before the first later change,
 * lake rows last, but for versions of a history, which stand where they begin. */
static void order_facts(const struct run *run, const struct life *life, uint64_t *order)
{
	static const uint32_t kinds[] = {FACT_CHANGE, FACT_SNAPSHOT, FACT_LAKE};
	uint64_t count = 0;
	for (size_t kind = 0; kind < sizeof kinds / sizeof kinds[0]; kind++)
		for (uint64_t i = 0; i < life->count; i++) {
			if (life->facts[i].kind != kinds[kind])
				continue;
			uint64_t at = count++;
			bool placed = kinds[kind] == FACT_SNAPSHOT || run->contract->shape == SHAPE_HISTORY;
			for (; kinds[kind] != FACT_CHANGE && placed && at > 0 &&
			       time_of(run, &life->facts[order[at - 1]]) > time_of(run, &life->facts[i]);
			     at--)
				order[at] = order[at - 1];
			order[at] = i;
		}
}

/* Until when a version of a history held, as its row says. */
static void print_held(const struct fact *fact)
{
	char to[CLOCK_TEXT_MAX];
	if (fact->time_hi_us == INT64_MAX)
		printf("  %-24s    that holds now\n", "");
	else
		printf("  %-24s    that held until %s\n", "", clock_format(fact->time_hi_us, to));
}

static void print_fact(const struct run *run, const struct life *life, uint64_t index,
		       const struct judgement *judgement)
{
	const struct fact *fact = &life->facts[index];
	const struct state_source *source = state_source(run->state, fact->source);
	char time[CLOCK_TEXT_MAX] = "", sequence[48] = "";
	if (time_of(run, fact) != INT64_MIN)
		clock_format(time_of(run, fact), time);
	if (fact->has_sequence)
		sequence_format(fact->sequence, sequence);
	bool decides = judgement->decided.source == fact->source && judgement->decided.record == fact->record &&
		       fact->kind != FACT_LAKE;
	bool held = judgement->lake_rows == 1 && fact->kind != FACT_LAKE && fact->after.state == STATE_IMAGE &&
		    fact->after.flags == 0 && fact->after.row == judgement->lake_row;
	printf("  %-24s  %-*s%s%s%s%s\n", time, sequence[0] != '\0' ? 15 : 0, what_happened(run, fact), sequence,
	       marks(run, life, index), decides ? "  <- decides" : "", held ? "  <- what the lake holds" : "");
	if (source == NULL)
		return;
	if (fact->kind == FACT_LAKE && run->contract->shape == SHAPE_HISTORY)
		print_held(fact);
	if (fact->kind == FACT_LAKE)
		printf("  %-24s    %s, row %" PRIu64 "\n", "", source->path, fact->record);
	else
		printf("  %-24s    %s, record %" PRIu64 ", byte %" PRIu64 "\n", "", source->path, fact->record,
		       fact->offset);
}

static const char *expected_text(const struct judgement *judgement)
{
	switch (judgement->expected.state) {
	case STATE_ABSENT:
		if (judgement->ttl == TTL_YES)
			return "absent: removed by TTL";
		if (judgement->decided_by == DECIDED_CHANGE)
			return "absent: deleted";
		return judgement->decided_by == DECIDED_SNAPSHOT ? "absent: an export lacks it"
								 : "absent: no source has it";
	case STATE_PRESENT:
		return "present, its image not known";
	case STATE_IMAGE:
		return "present";
	case STATE_UNKNOWN:
		break;
	}
	return "not known";
}

static void print_unproven(uint32_t reasons)
{
	static const char *const texts[REASON_COUNT] = {
		"no source says whether it exists",
		"the last record carries no image",
		"a change after the deciding one may never have been captured (a hole in the capture)",
		"the capture or the table version is too close to the deciding change",
		"the order of the newest changes is not known",
		"two records with one stamp disagree",
		"an old image does not follow from the change before: a record is missing",
		"the export contradicts the captured changes",
		"a record of this key could not be read",
		"items of more than one key are made into this row's",
		"some of its versions were when nothing was captured, or in an order that cannot be told"};
	for (int i = 0; i < REASON_COUNT; i++)
		if ((reasons >> i & 1) != 0)
			printf("  unproven: %s\n", texts[i]);
}

static void print_class(const struct run *run, const struct judgement *judgement, bool within_tolerance)
{
	static const char *const classes[] = {"nothing is known of it",
					      "equal",
					      "deleted, and the lake agrees",
					      "DIFFERENT",
					      "unproven",
					      "out of scope"};
	if (run->table != NULL)
		printf("  lake:     %" PRIu32 " row%s\n  so it is: %s\n", judgement->lake_rows,
		       judgement->lake_rows == 1 ? "" : "s",
		       within_tolerance ? "equal within its columns' tolerance"
					: classes[collect_class(run->contract, judgement)]);
	print_unproven(judgement->unproven);
}

static enum finding_id row_id(const struct run *run, const struct judgement *judgement)
{
	return collect_class(run->contract, judgement) == CLASS_DIFFERENT
		       ? (enum finding_id)(FINDING_ROW_DUPLICATE + (judgement->finding - ROW_DUPLICATE))
		       : FINDING_COUNT;
}

static int print_values(struct run *run, const struct judgement *judgement, struct error *error)
{
	struct arena arena;
	struct kept kept = {.judgement = *judgement, .id = FINDING_ROW_DIFFERS};
	const struct kept *list[1] = {&kept};
	struct finding finding = {0};
	arena_init(&arena, (size_t)64 << 20);
	int code = evidence_fill(run, list, &finding, 1, true, &arena, error);
	if (code == 0)
		print_class(run, judgement, finding.within_tolerance);
	/* What is wrong with a history is in its rows' times, or in a row of long ago: see above. */
	if (run->contract->shape == SHAPE_HISTORY && row_id(run, judgement) > FINDING_ROW_DIFFERS &&
	    row_id(run, judgement) != FINDING_COUNT)
		finding.column_count = finding.columns_more = 0;
	if (code == 0 && finding.column_count > 0)
		printf("\n  %-20s  %-36s  %s\n", "column", "expected", "lake");
	for (uint32_t i = 0; i < finding.column_count && code == 0; i++) {
		const struct finding_column *column = &finding.columns[i];
		const char *expected = column->expected, *actual = column->actual;
		if (expected == NULL)
			expected = judgement->expected.state == STATE_IMAGE ? "(unreadable now)" : "(no row)";
		if (actual == NULL)
			actual = judgement->lake_rows > 0 ? "(unreadable now)" : "(no row)";
		printf("%s %-20s  %-36s  %s%s%s\n", column->same ? " " : "!", column->name, expected,
		       actual, column->note != NULL ? "  " : "", column->note != NULL ? column->note : "");
	}
	if (finding.columns_more > 0)
		printf("  and %" PRIu32 " more columns\n", finding.columns_more);
	enum finding_id id = finding.within_tolerance ? FINDING_COUNT : row_id(run, judgement);
	const char *cause = code != 0 || id == FINDING_COUNT ? ""
			    : finding.cause != NULL          ? finding.cause
							     : cause_text(judgement, run->scope, id, &arena);
	if (cause == NULL)
		code = error_set(error, ERROR_INTERNAL, "out of memory");
	else if (cause[0] != '\0')
		printf("\n%s: %s\n", finding_kinds[id].id, cause);
	arena_release(&arena);
	return code;
}

static int print_life(struct run *run, const struct life *life, struct slice key, struct error *error)
{
	uint32_t last = 0;
	for (const struct state_source *source; (source = state_source_next(run->state, last)) != NULL;)
		last = source->id;
	uint32_t *groups = calloc((size_t)last + 1, sizeof *groups);
	uint64_t *order = calloc(life->count + 1, sizeof *order);
	struct judge *judge = groups == NULL || order == NULL ? NULL : judge_new(run->scope, groups);
	if (judge == NULL) {
		free(groups);
		free(order);
		return error_set(error, ERROR_INTERNAL, "out of memory");
	}
	for (const struct state_source *source = NULL;
	     (source = state_source_next(run->state, source == NULL ? 0 : source->id)) != NULL;)
		groups[source->id] = source->kind == STATE_EXPORT_FILE ? source->group : 0;
	judge_begin(judge);
	for (uint64_t i = 0; i < life->count; i++)
		judge_fact(judge, &life->facts[i]);
	const struct judgement *judgement = judge_end(judge);
	struct buffer json;
	buffer_init(&json, 1 << 16);
	int code = key_append_json(run->contract, key, &json);
	if (code == 0) {
		printf("%.*s\n\n", (int)json.size, json.data);
		order_facts(run, life, order);
		for (uint64_t i = 0; i < life->count; i++)
			print_fact(run, life, order[i], judgement);
		if (life->count == 0)
			printf("  no source and no lake row has this key\n");
		printf("\n  expected: %s\n", expected_text(judgement));
		code = print_values(run, judgement, error);
	}
	buffer_release(&json);
	judge_free(judge);
	free(order);
	free(groups);
	return code;
}

/* What became of the key in one lake, under the key that its row has. */
static int explain_row(struct run *run, struct slice row_key, struct error *error)
{
	struct life life = {0};
	struct merge_options merge = run_merge_options(run);
	int code = merge_key_facts(run->state, &merge, row_key, take_fact, &life, error);
	for (uint64_t i = 0; i < life.count; i++)
		life.facts[i].key = row_key; /* what the merge lent is gone */
	if (code == 0)
		code = print_life(run, &life, row_key, error);
	free(life.facts);
	return code;
}

/* What became of the key in one lake, under the key that its row has. */
static int explain_in(struct run *run, struct slice key, struct error *error)
{
	struct digest_fault fault = {0};
	struct slice row_key;
	struct digest_scratch *scratch = digest_scratch_new(run->plan);
	struct arena work;
	arena_init(&work, (size_t)1 << 20);
	int code = scratch == NULL ? error_set(error, ERROR_INTERNAL, "out of memory") : 0;
	if (code == 0 && where_key(run->contract->where, run->contract, key, &work) == WHERE_OUTSIDE)
		printf("  its key alone says that it is not in this lake\n");
	else if (code == 0 && !digest_row_key(scratch, key, &row_key, &fault))
		printf("  no key of a row can be made of it: %s %s\n", fault.detail, fault.reason);
	else if (code == 0)
		code = explain_row(run, row_key, error);
	arena_release(&work);
	digest_scratch_free(scratch);
	return code;
}

/* In every lake, under the names that it has for keys: an item's are the DynamoDB table's, an event's its row's. */
static int explain_all(struct run *run, const char *text, struct error *error)
{
	struct buffer key;
	struct error unread = {0};
	bool any = false;
	int code = 0;
	buffer_init(&key, KEY_BYTES_MAX);
	for (; run != NULL && !run->is_unrouted && code == 0; run = run->next) {
		bool events = run->contract->shape == SHAPE_EVENTS;
		key.size = 0;
		if (key_from_text(events ? run->contract : run->whole, text, &key, &unread) != 0)
			continue;
		if (any)
			printf("\n");
		if (run->contract->name != NULL)
			printf("== lake %s\n", run->contract->name);
		any = true;
		code = events ? explain_row(run, buffer_slice(&key), error)
			      : explain_in(run, buffer_slice(&key), error);
	}
	if (code == 0 && !any)
		code = error_set(error, unread.code, "%s", unread.message);
	buffer_release(&key);
	return code;
}

static int run(int operand_count, char **operands, const void *given)
{
	const struct explain_options *chosen = given;
	struct error error = {0};
	struct run *run = NULL;
	(void)operand_count;
	int code = session_open(&chosen->session, operands[0], SESSION_LAKE_IF_ANY, 1, &run, &error);
	if (code == 0)
		code = run_ingest(run, &error);
	if (code == 0)
		code = explain_all(run, operands[1], &error);
	run_close(run);
	return code != 0 ? session_fail("explain", &error) : 0;
}

const struct verb verb_explain = {
	.name = "explain",
	.summary = "tell one key's whole life and what became of it in the lake",
	.usage = "CONTRACT KEY",
	.details = "KEY is pk=VALUE,sk=VALUE with the key's attribute names, in their order; a JSON\n"
		   "object of the same, as reports print keys; or the bare value of a one-part key.\n"
		   "It is the DynamoDB table's key; each lake shows the row that it makes of it.\n"
		   "A lake of events is asked by the key of the event's row.\n"
		   "Exit status: 0 told, whatever there is to tell.",
	.options = options,
	.run = run,
	.options_size = sizeof(struct explain_options),
	.defaults = defaults,
	.operands_min = 2,
	.operands_max = 2,
};
