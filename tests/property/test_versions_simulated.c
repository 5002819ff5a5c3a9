/* Rows of a table whose every state is known (tests/property/simulated_table.h), by what exports and a capture tell of
 * it: a row that moves on as its item did never went back, whatever was lost, cut or in no known order; and where all
 * is known, a row that went back is told. Arguments: [seed [lives]]. */
#include "tests/property/line_of.h"
#include "tests/property/scale.h"
#include "tests/property/simulated_table.h"
#include "tests/tap.h"

static uint64_t rows_held, rows_forward, rows_back, rows_unjudged;

/* ---- what is told of the table */

static bool falls_into(const struct commit *commit, int64_t from_us, int64_t to_us)
{
	return commit->time_us >= from_us && commit->time_us < to_us;
}

/* The key's last record may be lost without a trace; what is captured in the same moment may be taken for the last. */
static bool may_be_lost(const struct simulated_table *table, uint32_t commit)
{
	int64_t precision = table_precision(table), time = table->commits[commit].time_us / precision;
	uint32_t later = 0;
	for (uint32_t i = commit + 1; i < table->commit_count; i++)
		later += table->commits[i].key == table->commits[commit].key &&
			 table->commits[i].time_us / precision > time;
	return later > 0;
}

/* A capture, of which a record may be lost, or that was switched off for a while. */
static struct universe *tell(const struct simulated_table *table, struct prng *prng, bool whole)
{
	const int64_t end = TABLE_LIFE_S * (int64_t)SECOND_US;
	struct universe *universe = universe_new();
	int64_t from = whole || prng_chance(prng, 1, 2) ? end : (int64_t)prng_below(prng, TABLE_LIFE_S) * SECOND_US;
	int64_t to = from == end ? end : from + (int64_t)prng_below(prng, 300) * SECOND_US;
	/* What the item became when all captures had ended is no matter of the evidence. */
	to = from < end && to >= end ? end - SECOND_US : to;
	/* Without old images nothing shows that a record is missing. */
	bool shows = table->view == VIEW_BOTH || table->view == VIEW_OLD;
	uint32_t lost = whole || !shows || prng_chance(prng, 1, 2) || table->commit_count == 0
				? UINT32_MAX
				: (uint32_t)prng_below(prng, table->commit_count);
	table_export(table, universe);
	table_window(universe, 1, 0, from);
	if (to < end)
		table_window(universe, 2, to, end);
	for (uint32_t i = 0; i < table->commit_count; i++) {
		bool unseen = falls_into(&table->commits[i], from, to) || (i == lost && may_be_lost(table, i));
		if (!unseen)
			table_record(table, universe, i, table->commits[i].time_us >= to ? 2 : 1);
	}
	line_complete_scope(universe);
	return universe;
}

/* ---- rows */

struct rows {
	char letters[64]; /* '-': none */
	uint32_t count;
};

/* The item's states at times that only grow. */
static void move_on(const struct simulated_table *table, struct prng *prng, uint32_t key, int64_t from_us,
		    int64_t to_us, struct rows *rows)
{
	uint32_t steps = (uint32_t)prng_below(prng, 8);
	for (uint32_t i = 0; i < steps && from_us < to_us; i++) {
		from_us += (int64_t)prng_below(prng,
					       (uint64_t)(to_us - from_us) / (prng_chance(prng, 1, 2) ? 8 : 1) + 1);
		rows->letters[rows->count++] = table_state(table, key, from_us);
	}
}

/* As a pipeline does that is right: what came before the export, the export, and all that may be newer than it. */
static void load(const struct simulated_table *table, struct prng *prng, uint32_t key, struct rows *rows)
{
	const int64_t end = TABLE_LIFE_S * (int64_t)SECOND_US;
	uint32_t export = (uint32_t)prng_below(prng, table->export_count);
	int64_t lo = table->export_time[export] - FUZZ_S * SECOND_US;
	rows->count = 0;
	if (prng_chance(prng, 1, 2)) {
		move_on(table, prng, key, 0, end, rows);
		return;
	}
	move_on(table, prng, key, 0, lo, rows);
	rows->letters[rows->count++] = table_state(table, key, table->read_time[export][key]);
	move_on(table, prng, key, lo + 1, end, rows);
}

static bool complain(struct universe *universe, uint32_t key, const struct rows *rows, const char *what)
{
	printf("# %s: k%u, rows ", what, key);
	for (uint32_t i = 0; i < rows->count; i++)
		printf("%c", rows->letters[i]);
	printf("\n");
	for (uint32_t i = universe->fact_count; i-- > 0;)
		if (!slice_equal(universe->facts[i].key, universe_key(key)))
			universe->facts[i] = universe->facts[--universe->fact_count];
	universe_print(universe);
	return false;
}

static bool never_back(struct universe *universe, uint32_t key, const struct line *line, const struct rows *rows)
{
	struct line_floor floor = LINE_NOWHERE;
	for (uint32_t i = 0; i < rows->count; i++) {
		const struct line_state *older;
		bool none = rows->letters[i] == '-';
		enum line_answer answer = line_step(line, &floor, none ? LINE_NONE : LINE_IMAGE,
						    none ? 0 : side_image(rows->letters[i]).row, INT64_MAX, &older);
		rows_held++;
		rows_forward += answer == LINE_FORWARD;
		if (answer == LINE_BACK)
			return complain(universe, key, rows, "went on as the item did");
	}
	return true;
}

static bool forward(struct prng *prng, const struct simulated_table *table)
{
	struct universe *universe = tell(table, prng, false);
	struct line line;
	bool held = true;
	line_init(&line, &universe->scope);
	for (uint32_t key = 0; key < TABLE_KEYS && held; key++) {
		struct rows rows;
		line_make(universe, key, &line);
		rows_unjudged += line.reason != VERSIONS_REASON_COUNT;
		for (int i = 0; i < 4 && held && line.reason == VERSIONS_REASON_COUNT; i++) {
			load(table, prng, key, &rows);
			held = never_back(universe, key, &line, &rows);
		}
	}
	line_release(&line);
	free(universe);
	return held;
}

/* ---- rows that go back, where all is told */

/* The least and the greatest number of the key's commits after which the item may have been so, by what is told. */
static void places_of(const struct simulated_table *table, uint32_t key, char letter, int64_t *least, int64_t *greatest)
{
	int64_t place = 0;
	*least = INT64_MAX;
	*greatest = letter == '-' ? 0 : -1;
	for (uint32_t i = 0; i < table->commit_count; i++) {
		if (table->commits[i].key != key)
			continue;
		place++;
		if (table->commits[i].after != letter)
			continue;
		*least = *least == INT64_MAX ? place : *least;
		*greatest = place;
	}
	for (uint32_t export = 0; export < table->export_count; export ++) {
		int64_t lo = 0, hi = 0;
		if (table_state(table, key, table->read_time[export][key]) != letter)
			continue;
		for (uint32_t i = 0; i < table->commit_count; i++) {
			int64_t second = table->commits[i].time_us / SECOND_US;
			lo += table->commits[i].key == key &&
			      (second + 1) * SECOND_US <= table->export_time[export] - FUZZ_S * SECOND_US;
			hi += table->commits[i].key == key &&
			      second * SECOND_US < table->export_time[export] + FUZZ_S * SECOND_US;
		}
		*least = lo < *least ? lo : *least;
		*greatest = hi > *greatest ? hi : *greatest;
	}
}

static bool told_if_back(struct universe *universe, const struct simulated_table *table, uint32_t key,
			 const struct line *line, char newer, char older)
{
	struct line_floor floor = LINE_NOWHERE;
	const struct line_state *state;
	struct rows rows = {.letters = {newer, older}, .count = 2};
	int64_t least, greatest, ignored;
	places_of(table, key, newer, &least, &ignored);
	places_of(table, key, older, &ignored, &greatest);
	if (least == INT64_MAX || greatest < 0)
		return true;
	(void)line_step(line, &floor, LINE_IMAGE, side_image(newer).row, INT64_MAX, &state);
	bool back = line_step(line, &floor, LINE_IMAGE, side_image(older).row, INT64_MAX, &state) == LINE_BACK;
	rows_back += back;
	return back == (greatest < least) || complain(universe, key, &rows, back ? "told" : "not told");
}

static bool backward(struct prng *prng, const struct simulated_table *table)
{
	struct universe *universe = tell(table, prng, true);
	struct line line;
	bool held = true;
	line_init(&line, &universe->scope);
	for (uint32_t key = 0; key < TABLE_KEYS && held; key++) {
		line_make(universe, key, &line);
		if (line.reason == VERSIONS_UNKNOWN)
			continue;
		held = line.reason == VERSIONS_REASON_COUNT;
		for (int i = 0; i < 6 && held; i++)
			held = told_if_back(universe, table, key, &line, (char)('a' + prng_below(prng, 5)),
					    (char)('a' + prng_below(prng, 5)));
	}
	line_release(&line);
	free(universe);
	return held;
}

int main(int argc, char **argv)
{
	uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	uint64_t lives = argc > 2 ? strtoull(argv[2], NULL, 10) : 1500;
	bool on = true, back = true;
	for (uint64_t seed = first; seed < first + lives && on && back; seed++) {
		static struct simulated_table table;
		struct prng prng;
		prng_init(&prng, seed);
		bool kinesis = prng_chance(&prng, 1, 3);
		table_live(&table, &prng, (enum view)prng_below(&prng, VIEW_COUNT), kinesis);
		on = forward(&prng, &table);
		table_live(&table, &prng, VIEW_BOTH, false);
		back = backward(&prng, &table);
		if (!on || !back)
			printf("# seed %" PRIu64 "\n", seed);
	}
	ok(on, "a row that moves on as its item did never went back");
	ok(back, "where all is known, a row that went back is told, and no other");
	ok(rows_forward > rows_held / 3 && rows_back > lives, "and there was enough to tell");
	printf("# rows %" PRIu64 ", forward %" PRIu64 ", back %" PRIu64 ", keys unjudged %" PRIu64 "\n", rows_held,
	       rows_forward, rows_back, rows_unjudged);
	return tap_done();
}
