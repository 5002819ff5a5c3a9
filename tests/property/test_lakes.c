/* Random histories of a single-table design, made into several tables by random conditions: each table must hold
 * exactly the items that a naive oracle says satisfy its condition, an item that satisfies none is counted, and a row
 * that is lost, altered or too many is found in its table alone. Arguments: [seed [histories]]. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/prng.h"
#include "bridge/fake.h"
#include "reconcile/run.h"
#include "tests/property/scale.h"
#include "tests/support/export_files.h"
#include "tests/support/source_files.h"
#include "tests/tap.h"

enum { PARTITIONS = 4, SORTS = 7, ITEMS = PARTITIONS * SORTS, LAKES_MAX = 4, PARTS_MAX = 3, DEPTH_MAX = 2 };
enum { NUMBER_ABSENT = -100, EXPORTED_S = 1760003600 };

static const char *const sorts[SORTS] = {"PROFILE", "ORDER#1", "ORDER#2", "ORDER#30", "ADDR#1", "ADDR#2", "NOTE"};

enum mood { STATE_NONE, STATE_OPEN, STATE_SHIPPED, STATE_SEVEN, STATES };

struct item {
	bool live;
	enum mood state; /* absent, two texts, the number 7 */
	int number;      /* NUMBER_ABSENT: not there */
};

/* ---- conditions, and the oracle of them */

enum leaf {
	SORT_IS_PROFILE,
	SORT_BEGINS_ORDER,
	SORT_BEGINS_ADDR,
	PARTITION_IS_1,
	PARTITION_FROM_2,
	PARTITION_BELOW_2,
	STATE_IS_OPEN,
	STATE_IS_ONE_OF_TWO,
	STATE_EXISTS,
	STATE_IS_TEXT,
	STATE_IS_7,
	NUMBER_FROM_3,
	NUMBER_BELOW_5,
	NUMBER_IS_NOT_THERE,
	NUMBER_IS_N,
	LEAVES
};

static const char *const leaf_texts[LEAVES] = {
	"{attribute: sk, eq: PROFILE}",
	"{attribute: sk, begins_with: \"ORDER#\"}",
	"{attribute: sk, begins_with: ADDR}",
	"{attribute: pk, eq: \"C#1\"}",
	"{attribute: pk, ge: \"C#2\"}",
	"{attribute: pk, lt: \"C#2\"}",
	"{attribute: state, eq: open}",
	"{attribute: state, in: [open, shipped]}",
	"{attribute: state, exists: true}",
	"{attribute: state, type: S}",
	"{attribute: state, eq: 7}",
	"{attribute: n, ge: 3}",
	"{attribute: n, lt: 5}",
	"{attribute: n, exists: false}",
	"{attribute: n, type: N}",
};

static bool leaf_takes(enum leaf leaf, const struct item *item, int partition, int sort)
{
	const char *key = sorts[sort];
	bool text = item->state == STATE_OPEN || item->state == STATE_SHIPPED;
	bool number = item->number != NUMBER_ABSENT;
	switch (leaf) {
	case SORT_IS_PROFILE:
		return strcmp(key, "PROFILE") == 0;
	case SORT_BEGINS_ORDER:
		return strncmp(key, "ORDER#", 6) == 0;
	case SORT_BEGINS_ADDR:
		return strncmp(key, "ADDR", 4) == 0;
	case PARTITION_IS_1:
		return partition == 1;
	case PARTITION_FROM_2:
		return partition >= 2;
	case PARTITION_BELOW_2:
		return partition < 2;
	case STATE_IS_OPEN:
		return item->state == STATE_OPEN;
	case STATE_IS_ONE_OF_TWO:
	case STATE_IS_TEXT:
		return text;
	case STATE_EXISTS:
		return item->state != STATE_NONE;
	case STATE_IS_7:
		return item->state == STATE_SEVEN;
	case NUMBER_FROM_3:
		return number && item->number >= 3;
	case NUMBER_BELOW_5:
		return number && item->number < 5;
	case NUMBER_IS_NOT_THERE:
		return !number;
	default:
		return number;
	}
}

struct condition {
	enum { LEAF, ALL, ANY, NOT } kind;
	enum leaf leaf;
	struct condition *parts[PARTS_MAX];
	unsigned count;
};

static struct condition pool[LAKES_MAX * 64];
static size_t pool_used;

static struct condition *make_condition(struct prng *prng, unsigned depth)
{
	struct condition *condition = &pool[pool_used++];
	*condition = (struct condition){.kind = LEAF, .leaf = (enum leaf)prng_below(prng, LEAVES)};
	if (depth == 0 || prng_chance(prng, 1, 2))
		return condition;
	condition->kind = prng_chance(prng, 1, 3) ? NOT : prng_chance(prng, 1, 2) ? ALL : ANY;
	condition->count = condition->kind == NOT ? 1 : 2 + (unsigned)prng_below(prng, PARTS_MAX - 1);
	for (unsigned i = 0; i < condition->count; i++)
		condition->parts[i] = make_condition(prng, depth - 1);
	return condition;
}

static bool takes(const struct condition *condition, const struct item *item, int partition, int sort)
{
	bool all = true, any = false;
	if (condition->kind == LEAF)
		return leaf_takes(condition->leaf, item, partition, sort);
	for (unsigned i = 0; i < condition->count; i++) {
		bool one = takes(condition->parts[i], item, partition, sort);
		all = all && one;
		any = any || one;
	}
	return condition->kind == ALL ? all : condition->kind == ANY ? any : !any;
}

static void write_condition(const struct condition *condition, struct buffer *text)
{
	if (condition->kind == LEAF) {
		buffer_append_text(text, leaf_texts[condition->leaf]);
		return;
	}
	buffer_append_text(text, condition->kind == ALL ? "{all: [" : condition->kind == ANY ? "{any: [" : "{not: ");
	for (unsigned i = 0; i < condition->count; i++) {
		buffer_append_text(text, i > 0 ? ", " : "");
		write_condition(condition->parts[i], text);
	}
	buffer_append_text(text, condition->kind == NOT ? "}" : "]}");
}

/* ---- a history */

struct lake {
	const struct condition *condition;
	bool of_orders; /* only orders, and the key is made of theirs */
};

struct history {
	struct item items[ITEMS];
	struct lake lakes[LAKES_MAX];
	unsigned lake_count;
	bool old_images;
	int64_t end_s;
	unsigned sequence;
	struct buffer exported, events;
};

static void append_key(struct buffer *text, int index)
{
	buffer_printf(text, "\"pk\":{\"S\":\"C#%d\"},\"sk\":{\"S\":\"%s\"}", index / SORTS, sorts[index % SORTS]);
}

static void append_item(struct buffer *text, const struct item *item, int index)
{
	static const char *const states[STATES] = {"", ",\"state\":{\"S\":\"open\"}", ",\"state\":{\"S\":\"shipped\"}",
						   ",\"state\":{\"N\":\"7\"}"};
	buffer_append_byte(text, '{');
	append_key(text, index);
	buffer_append_text(text, states[item->state]);
	if (item->number != NUMBER_ABSENT)
		buffer_printf(text, ",\"n\":{\"N\":\"%d\"}", item->number);
	buffer_append_byte(text, '}');
}

static void append_record(struct history *history, int64_t time_s, int index, const struct item *before,
			  const struct item *after)
{
	struct buffer *text = &history->events;
	buffer_printf(
		text,
		"{\"eventID\":\"%032u\",\"eventName\":\"%s\",\"eventVersion\":\"1.1\",\"eventSource\":\"aws:dynamodb\","
		"\"awsRegion\":\"us-east-1\",\"dynamodb\":{\"ApproximateCreationDateTime\":%" PRId64 ",\"Keys\":{",
		++history->sequence,
		!after->live   ? "REMOVE"
		: before->live ? "MODIFY"
			       : "INSERT",
		time_s);
	append_key(text, index);
	buffer_append_byte(text, '}');
	if (after->live) {
		buffer_append_text(text, ",\"NewImage\":");
		append_item(text, after, index);
	}
	if (before->live && history->old_images) {
		buffer_append_text(text, ",\"OldImage\":");
		append_item(text, before, index);
	}
	buffer_printf(text,
		      ",\"SequenceNumber\":\"1000000000000000%05u\",\"SizeBytes\":10,\"StreamViewType\":\"%s\"},"
		      "\"eventSourceARN\":\"arn:aws:dynamodb:us-east-1:000000000001:table/t1/stream/"
		      "2025-10-09T08:00:00.000\"}\n",
		      history->sequence, history->old_images ? "NEW_AND_OLD_IMAGES" : "NEW_IMAGE");
}

static struct item random_item(struct prng *prng)
{
	return (struct item){.live = true,
			     .state = (enum mood)prng_below(prng, STATES),
			     .number = prng_chance(prng, 1, 4) ? NUMBER_ABSENT : (int)prng_below(prng, 12) - 3};
}

static void make_history(struct prng *prng, struct history *history)
{
	*history = (struct history){.old_images = prng_chance(prng, 1, 2),
				    .lake_count = 1 + (unsigned)prng_below(prng, LAKES_MAX)};
	buffer_init(&history->exported, 1 << 20);
	buffer_init(&history->events, 1 << 22);
	pool_used = 0;
	for (unsigned i = 0; i < history->lake_count; i++)
		history->lakes[i] = (struct lake){make_condition(prng, DEPTH_MAX), prng_chance(prng, 1, 3)};
	for (int i = 0; i < ITEMS; i++) {
		history->items[i] = i == 0 || prng_chance(prng, 2, 3) ? random_item(prng)
								      : (struct item){.live = false};
		if (!history->items[i].live)
			continue;
		buffer_append_text(&history->exported, "{\"Item\":");
		append_item(&history->exported, &history->items[i], i);
		buffer_append_text(&history->exported, "}\n");
	}
	buffer_append_byte(&history->exported, '\0');
	/* So that the capture is known to have begun before the export. */
	append_record(history, EXPORTED_S - 600, 0, &history->items[0], &history->items[0]);
	history->end_s = EXPORTED_S + 100;
	for (uint64_t changes = 10 + prng_below(prng, 60); changes > 0; changes--) {
		int index = (int)prng_below(prng, ITEMS);
		struct item *item = &history->items[index], before = *item;
		struct item after = item->live && prng_chance(prng, 1, 4) ? (struct item){.live = false}
									  : random_item(prng);
		if (!before.live && !after.live)
			continue;
		append_record(history, history->end_s++, index, &before, &after);
		*item = after;
	}
}

static bool is_in(const struct history *history, unsigned lake, int index)
{
	const struct lake *in = &history->lakes[lake];
	if (in->of_orders && strncmp(sorts[index % SORTS], "ORDER#", 6) != 0)
		return false;
	return history->items[index].live && takes(in->condition, &history->items[index], index / SORTS, index % SORTS);
}

/* ---- its files */

static void write_files(const struct history *history)
{
	char time[CLOCK_TEXT_MAX], summary[120];
	clock_format_ms((int64_t)EXPORTED_S * CLOCK_SECOND_US, time);
	snprintf(summary, sizeof summary, ",\"exportTime\":\"%s\"", time);
	struct export_files files = {.root = "bucket",
				     .id = "01760003600000-0a1b2c3d",
				     .prefix = "",
				     .summary = summary,
				     .format = "DYNAMODB_JSON",
				     .files = {{"aaaa.json.gz", history->exported.data}},
				     .wrong_md5 = -1};
	export_files_write(&files);
	files_write(files_path("events/records.jsonl"), buffer_slice(&history->events));
}

static void write_contract(const struct history *history)
{
	struct buffer text;
	buffer_init(&text, 1 << 20);
	buffer_append_text(&text,
			   "table: t\nkey: [{attribute: pk, type: S}, {attribute: sk, type: S}]\nsources:\n"
			   "  - {export: bucket/AWSDynamoDB/01760003600000-0a1b2c3d}\n  - {events: events}\nlakes:\n");
	for (unsigned i = 0; i < history->lake_count; i++) {
		bool of_orders = history->lakes[i].of_orders;
		buffer_printf(&text, "  - name: lake%u\n    delta: lake%u\n    where: ", i, i);
		buffer_append_text(&text, of_orders ? "{all: [{attribute: sk, begins_with: \"ORDER#\"}, " : "");
		write_condition(history->lakes[i].condition, &text);
		buffer_append_text(&text, of_orders ? "]}\n    key:\n"
						      "      - {column: a, attribute: pk, extract: \"^C#(.+)$\"}\n"
						      "      - {column: b, attribute: sk, extract: \"^ORDER#(.+)$\"}\n"
						      "    columns:\n"
						    : "\n    columns:\n"
						      "      - {column: a, attribute: pk}\n"
						      "      - {column: b, attribute: sk}\n");
		buffer_append_text(&text, "      - {column: state, attribute: state, type: string}\n"
					  "      - {column: n, attribute: n, type: bigint}\n");
	}
	files_write(files_path("contract.yaml"), buffer_slice(&text));
	buffer_release(&text);
}

/* What was done to a table: the row of that item is left out, has another number, or is there in spite of all. */
enum harm { HARM_NONE, HARM_LOST, HARM_ALTERED, HARM_TOO_MANY };

struct rows {
	char texts[ITEMS][2][16];
	const char *cells[ITEMS * 4];
	int64_t count;
};

static void add_row(const struct history *history, struct rows *rows, unsigned lake, int index, bool altered)
{
	static const char *const states[STATES] = {NULL, "open", "shipped", "7"};
	const struct item *item = &history->items[index];
	char(*texts)[16] = rows->texts[rows->count];
	const char **cells = &rows->cells[4 * rows->count++];
	bool of_orders = history->lakes[lake].of_orders;
	snprintf(texts[0], sizeof texts[0], "%s%d", of_orders ? "" : "C#", index / SORTS);
	snprintf(texts[1], sizeof texts[1], "%d", altered ? 77 : item->number);
	cells[0] = texts[0];
	cells[1] = sorts[index % SORTS] + (of_orders ? 6 : 0);
	cells[2] = states[item->state];
	cells[3] = altered || item->number != NUMBER_ABSENT ? texts[1] : NULL;
}

static void write_lakes(const struct history *history, enum harm harm, unsigned harmed, int victim)
{
	static char paths[LAKES_MAX][600];
	fake_reset();
	for (unsigned i = 0; i < history->lake_count; i++) {
		struct rows rows = {.count = 0};
		snprintf(paths[i], sizeof paths[i], "%s/lake%u", files_folder(), i);
		fake_table_columns(paths[i], (const char *const[]){"a", "b", "state", "n"},
				   (const char *const[]){"u", "u", "u", "l"}, 4);
		fake_table_info(paths[i])->commit_time_ms = (history->end_s + 10) * 1000;
		for (int index = 0; index < ITEMS; index++) {
			bool hit = harm != HARM_NONE && i == harmed && index == victim;
			if (hit ? harm != HARM_LOST : is_in(history, i, index))
				add_row(history, &rows, i, index, hit && harm == HARM_ALTERED);
		}
		(void)fake_table_rows(paths[i], "file", rows.cells, rows.count);
	}
}

/* ---- judging */

static struct outcome *judge(void)
{
	static unsigned runs;
	char state[40];
	struct run *run = NULL;
	struct outcome *outcome = NULL;
	struct error error = {0};
	snprintf(state, sizeof state, "state%u/x", runs++);
	files_write(files_path(state), (struct slice){"", 0});
	*strrchr(state, '/') = '\0';
	struct run_options options = {.contract = files_path("contract.yaml"),
				      .state_folder = files_path(state),
				      .with_lake = true,
				      .jobs = 1,
				      .memory_max = (size_t)64 << 20,
				      .finding_limit = 100,
				      .values_full = true};
	int code = run_open(&options, &run, &error);
	if (code == 0)
		code = run_ingest(run, &error);
	if (code == 0)
		code = run_reconcile(run, &outcome, &error);
	if (code != 0) {
		printf("# %s\n", error.message);
		abort();
	}
	run_close(run);
	return outcome;
}

static void outcome_end(struct outcome *outcome)
{
	outcome_free(outcome);
	free(outcome);
}

/* Whether a lake is as the oracle has it: `different` keys are not. */
static bool lake_agrees(const struct history *history, const struct outcome *outcome, unsigned lake, uint64_t different)
{
	const struct outcome *one = outcome->lakes[lake];
	uint64_t expected = 0;
	for (int i = 0; i < ITEMS; i++)
		expected += is_in(history, lake, i);
	bool agrees = one->counts.expected == expected && one->counts.different == different &&
		      one->counts.unproven == 0 && one->counts.equal + different >= expected &&
		      one->counts.equal <= expected && (one->verdict == VERDICT_FAIL) == (different > 0) &&
		      (one->verdict == VERDICT_PASS || different > 0 || expected == 0);
	if (!agrees)
		printf("# lake %u: %s, expected %" PRIu64 " (the oracle: %" PRIu64 "), equal %" PRIu64
		       ", different %" PRIu64 " (%" PRIu64 "), unproven %" PRIu64 "\n",
		       lake, verdict_text(one->verdict), one->counts.expected, expected, one->counts.equal,
		       one->counts.different, different, one->counts.unproven);
	for (uint32_t i = 0; !agrees && i < one->reason_count; i++)
		printf("#   %s\n", one->reasons[i]);
	return agrees;
}

static bool all_agree(const struct history *history, const struct outcome *outcome)
{
	uint64_t unrouted = 0;
	bool agree = outcome->lake_count == history->lake_count;
	for (unsigned i = 0; i < history->lake_count && agree; i++)
		agree = lake_agrees(history, outcome, i, 0);
	for (int i = 0; i < ITEMS; i++) {
		bool routed = !history->items[i].live;
		for (unsigned lake = 0; lake < history->lake_count; lake++)
			routed = routed || is_in(history, lake, i);
		unrouted += !routed;
	}
	if (outcome->by_id[FINDING_ITEM_UNROUTED] != unrouted)
		printf("# unrouted: %" PRIu64 ", the oracle: %" PRIu64 "\n", outcome->by_id[FINDING_ITEM_UNROUTED],
		       unrouted);
	return agree && outcome->by_id[FINDING_ITEM_UNROUTED] == unrouted;
}

/* One row of one table is harmed; -1 when there is none to harm so. */
static int find_harm(const struct history *history, struct prng *prng, bool *agrees)
{
	unsigned lake = (unsigned)prng_below(prng, history->lake_count);
	enum harm harm = (enum harm)(1 + prng_below(prng, 3));
	int victim = (int)prng_below(prng, ITEMS);
	for (int tries = 0; tries < ITEMS; tries++, victim = (victim + 1) % ITEMS) {
		bool order = strncmp(sorts[victim % SORTS], "ORDER#", 6) == 0;
		bool fits = harm == HARM_TOO_MANY ? !is_in(history, lake, victim) && history->items[victim].live &&
							    (order || !history->lakes[lake].of_orders)
						  : is_in(history, lake, victim);
		if (!fits)
			continue;
		write_lakes(history, harm, lake, victim);
		struct outcome *outcome = judge();
		*agrees = true;
		for (unsigned i = 0; i < history->lake_count; i++)
			*agrees = lake_agrees(history, outcome, i, i == lake) && *agrees;
		if (!*agrees)
			printf("# harm %d to item %d of lake %u\n", (int)harm, victim, lake);
		outcome_end(outcome);
		return 0;
	}
	return -1;
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : scaled(100);
	uint64_t wrong = 0, unseen = 0, harmed = 0;
	struct prng prng;
	for (uint64_t i = 0; i < count && wrong + unseen < 5; i++) {
		struct history history;
		bool agrees = true;
		prng_init(&prng, seed + i);
		make_history(&prng, &history);
		write_files(&history);
		write_contract(&history);
		write_lakes(&history, HARM_NONE, 0, 0);
		struct outcome *outcome = judge();
		if (!all_agree(&history, outcome)) {
			wrong++;
			printf("# seed %" PRIu64 "\n", seed + i);
		}
		outcome_end(outcome);
		if (find_harm(&history, &prng, &agrees) == 0)
			harmed++;
		if (!agrees) {
			unseen++;
			printf("# seed %" PRIu64 "\n", seed + i);
		}
		buffer_release(&history.exported);
		buffer_release(&history.events);
	}
	printf("# %" PRIu64 " histories, %" PRIu64 " rows harmed\n", count, harmed);
	ok(wrong == 0, "every table holds the items of its condition, and what none takes is counted");
	ok(unseen == 0 && harmed > count / 4, "a row that is lost, altered or too many is found, in its table alone");
	fake_reset();
	return tap_done();
}
