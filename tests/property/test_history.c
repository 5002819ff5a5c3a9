/* The judge of histories against a naive one: every way to write down what happened that is right, one by one.
 *
 * A key lives through a few changes at whole seconds, some in the same second, some that change nothing. The oracle
 * lists all sets of rows that tell of it as docs/semantics.md, "History", allows; the lake is one of them, or one that
 * was damaged, and the judge must say of it what the list says. Arguments: [seed [lives]]. */
#include "base/prng.h"
#include "tests/property/scale.h"
#include "tests/property/universe.h"
#include "tests/tap.h"

enum { CHANGES_MAX = 7, ROWS_MAX = 16, RIGHT_MAX = 4096, COVERED_S = 2000, OPEN_S = 1 << 30, EARLY_S = -5 };

struct row {
	int from, to, image; /* seconds; OPEN_S while it holds */
};

struct rows {
	struct row list[ROWS_MAX];
	int count;
};

/* What happened: a state from each time on; 0 is absent. */
struct life {
	int times[CHANGES_MAX], states[CHANGES_MAX];
	int count;
	int since;  /* -1: all of it is asked for */
	int before; /* the state at `since` */
	int first;  /* the first change from then on */
	bool some;
};

struct right {
	struct rows sets[RIGHT_MAX];
	int count;
};

static int row_order(const void *left, const void *right)
{
	return memcmp(left, right, sizeof(struct row));
}

/* ---- the oracle */

static bool is_fleeting(const struct life *life, int change)
{
	return change + 1 < life->count && life->times[change + 1] == life->times[change];
}

static struct rows closed(const struct rows *rows, int holding, int time)
{
	struct rows result = *rows;
	if (holding >= 0)
		result.list[holding].to = time;
	return result;
}

/* `holding` is the row that still holds, -1 without one. */
static void write_down(const struct life *life, int change, struct rows rows, int holding, struct right *right)
{
	if (change == life->count) {
		assert(right->count < RIGHT_MAX);
		qsort(rows.list, (size_t)rows.count, sizeof rows.list[0], row_order);
		right->sets[right->count++] = rows;
		return;
	}
	int state = life->states[change], time = life->times[change];
	bool told = state != 0 && holding >= 0 && rows.list[holding].image == state;
	if (told || is_fleeting(life, change) || (life->some && change + 1 < life->count))
		write_down(life, change + 1, rows, holding, right);
	rows = closed(&rows, holding, time);
	if (state != 0)
		rows.list[rows.count++] = (struct row){time, OPEN_S, state};
	write_down(life, change + 1, rows, state != 0 ? rows.count - 1 : -1, right);
}

static void find_right(const struct life *life, struct right *right)
{
	struct rows rows = {.count = 0};
	right->count = 0;
	if (life->before != 0)
		rows.list[rows.count++] = (struct row){EARLY_S, OPEN_S, life->before};
	write_down(life, life->first, rows, rows.count - 1, right);
	if (life->some && life->before != 0 && life->first < life->count)
		write_down(life, life->first, (struct rows){.count = 0}, -1, right);
}

/* Rows that ended before what is asked for do not matter, nor does when the one that held then began. */
static struct rows asked_for(const struct life *life, const struct rows *rows)
{
	struct rows asked = {.count = 0};
	for (int i = 0; i < rows->count; i++) {
		struct row row = rows->list[i];
		if (life->since >= 0 && row.from < life->since && row.to <= life->since)
			continue;
		row.from = life->since >= 0 && row.from < life->since ? EARLY_S : row.from;
		asked.list[asked.count++] = row;
	}
	qsort(asked.list, (size_t)asked.count, sizeof asked.list[0], row_order);
	return asked;
}

static bool is_right(const struct life *life, const struct rows *rows, const struct right *right)
{
	struct rows asked = asked_for(life, rows);
	for (int i = 0; i < right->count; i++) {
		struct rows one = asked_for(life, &right->sets[i]);
		if (one.count == asked.count &&
		    memcmp(one.list, asked.list, (size_t)asked.count * sizeof asked.list[0]) == 0)
			return true;
	}
	return false;
}

/* Whether rows hold at one time, or begin after they end: wrong wherever they lie. */
static bool is_torn(const struct rows *rows)
{
	for (int i = 0; i < rows->count; i++)
		for (int j = 0; j < rows->count; j++) {
			const struct row *a = &rows->list[i], *b = &rows->list[j];
			bool ordered = a->from != b->from ? a->from < b->from
							  : a->to < b->to || (a->to == b->to && i < j);
			if (a->from > a->to || (i != j && ordered && a->to > b->from))
				return true;
		}
	return false;
}

/* ---- lives and lakes at random */

static void random_life(struct prng *prng, struct life *life)
{
	*life = (struct life){.count = 1 + (int)prng_below(prng, CHANGES_MAX), .since = -1};
	int time = 10 + (int)prng_below(prng, 20), state = 0;
	for (int i = 0; i < life->count; i++) {
		int next = (int)prng_below(prng, 4);
		next = next == 0 && state == 0 ? 1 : next;
		life->times[i] = time;
		life->states[i] = state = next;
		time += prng_chance(prng, 1, 3) ? 0 : 1 + (int)prng_below(prng, 9);
	}
	life->some = prng_chance(prng, 1, 4);
	if (prng_chance(prng, 1, 3))
		life->since = 5 + (int)prng_below(prng, 60);
	for (; life->since >= 0 && life->first < life->count && life->times[life->first] < life->since; life->first++)
		life->before = life->states[life->first];
}

static void damage(struct prng *prng, struct rows *rows)
{
	int at = rows->count > 0 ? (int)prng_below(prng, (uint64_t)rows->count) : 0;
	struct row *row = &rows->list[at];
	int64_t shift = (int)prng_below(prng, 7) - 3;
	uint64_t kind = rows->count == 0 ? 6 : prng_below(prng, 8);
	switch (kind) {
	case 0:
		*row = rows->list[--rows->count];
		break;
	case 1:
		row->image = 1 + (int)prng_below(prng, 4);
		break;
	case 2:
		row->from += (int)shift;
		break;
	case 3:
		row->to = row->to == OPEN_S ? 40 + (int)shift : row->to + (int)shift;
		break;
	case 4:
		row->to = OPEN_S;
		break;
	case 5:
		rows->list[rows->count++] = *row;
		break;
	default: {
		int from = 3 + (int)prng_below(prng, 60);
		rows->list[rows->count++] =
			(struct row){from, prng_chance(prng, 1, 3) ? OPEN_S : from + (int)prng_below(prng, 9),
				     1 + (int)prng_below(prng, 3)};
	}
	}
}

/* Of a row that held at `since` it may be anything; before that, what is not asked for. */
static void random_past(struct prng *prng, const struct life *life, struct rows *rows)
{
	int until = life->since;
	for (int i = 0; i < rows->count; i++)
		if (rows->list[i].from == EARLY_S)
			until = rows->list[i].from = life->since - 1 - (int)prng_below(prng, 4);
	if (life->since >= 0 && prng_chance(prng, 1, 3))
		rows->list[rows->count++] = (struct row){until - 3, until - 1, 1 + (int)prng_below(prng, 3)};
}

/* ---- the judge */

static struct fact_side side_of(int state)
{
	struct fact_side side = {.state = state == 0 ? STATE_ABSENT : STATE_IMAGE, .expires_s = EXPIRES_NONE};
	if (state != 0)
		side.item[0] = side.item[1] = side.row = (uint64_t)state * UINT64_C(0x3000000000000001);
	return side;
}

static void make_universe(struct universe *universe, const struct life *life, const struct rows *rows,
			  struct contract_history *history)
{
	struct scope *scope = &universe->scope;
	universe->fact_count = 0;
	scope->shape = SHAPE_HISTORY;
	scope->baseline = BASELINE_EMPTY;
	scope->history = history;
	*history = (struct contract_history){.has_since = life->since >= 0,
					     .since_us = (int64_t)life->since * SECOND_US,
					     .keep = life->some ? KEEP_SOME : KEEP_EVERY};
	universe->windows[0] = (struct scope_window){.lo = 0, .hi = (int64_t)COVERED_S * SECOND_US};
	scope->captured = universe->windows[0];
	scope->window_count = 1;
	for (int i = 0; i < rows->count; i++) {
		struct fact *fact = universe_add(universe, FACT_LAKE, 0);
		fact->after = side_of(rows->list[i].image);
		fact->after.item[0] = fact->after.item[1] = 0;
		fact->flags = FACT_TIMED;
		fact->time_lo_us = (int64_t)rows->list[i].from * SECOND_US;
		fact->time_hi_us = INT64_MAX;
		if (rows->list[i].to != OPEN_S)
			fact->time_hi_us = (int64_t)rows->list[i].to * SECOND_US;
		else
			fact->flags |= FACT_CURRENT;
	}
	for (int i = 0; i < life->count; i++) {
		struct fact *fact = universe_add(universe, FACT_CHANGE, 0);
		fact->domain = 1;
		fact->has_sequence = true;
		fact->sequence[SEQUENCE_SIZE - 1] = (uint8_t)(i + 1);
		fact->before = side_of(i == 0 ? 0 : life->states[i - 1]);
		fact->after = side_of(life->states[i]);
		fact->time_lo_us = (int64_t)life->times[i] * SECOND_US;
		fact->time_hi_us = fact->time_lo_us + SECOND_US;
	}
}

static void print_case(uint64_t seed, const struct life *life, const struct rows *rows,
		       const struct judgement *judgement)
{
	printf("# life %" PRIu64 "%s, since %d:", seed, life->some ? ", some" : "", life->since);
	for (int i = 0; i < life->count; i++)
		printf(" %d@%d", life->states[i], life->times[i]);
	printf("\n# rows:");
	for (int i = 0; i < rows->count; i++)
		printf(" %d[%d,%d)", rows->list[i].image, rows->list[i].from,
		       rows->list[i].to == OPEN_S ? -1 : rows->list[i].to);
	printf("\n# class %d, finding %d, unproven %u\n", judgement->class, judgement->finding, judgement->unproven);
}

static uint64_t rightful, wrongful, ambiguous, by_finding[HISTORY_END + 1];

/* One image twice in one second, and versions may be left out: which of them a row is of cannot always be told. */
static bool is_ambiguous(const struct life *life)
{
	for (int i = life->first; life->some && i < life->count; i++)
		for (int j = i + 1; j < life->count && life->times[j] == life->times[i]; j++)
			if (life->states[i] != 0 && life->states[i] == life->states[j])
				return true;
	return false;
}

/* Whether the judge says of the lake what the oracle does. */
static bool agrees(uint64_t seed, struct universe *universe, struct right *right)
{
	static struct outcome_rows outcome;
	struct contract_history history;
	struct life life;
	struct rows rows;
	struct prng prng;
	prng_init(&prng, seed);
	random_life(&prng, &life);
	find_right(&life, right);
	rows = right->sets[prng_below(&prng, (uint64_t)right->count)];
	random_past(&prng, &life, &rows);
	for (uint64_t left = prng_below(&prng, 3); left > 0; left--)
		damage(&prng, &rows);
	bool expected = !is_torn(&rows) && is_right(&life, &rows, right);
	make_universe(universe, &life, &rows, &history);
	universe_judge(universe, &outcome);
	const struct judgement *judgement = &outcome.rows[0];
	bool passed = judgement->class == CLASS_EQUAL || judgement->class == CLASS_DELETED;
	rightful += expected;
	wrongful += !expected;
	by_finding[judgement->finding]++;
	/* Without `since`, what lies before the capture, or in its first second, makes a key unproven, where nothing is
	 * wrong with it. */
	bool early = false;
	for (int i = 0; i < rows.count; i++)
		early = early || rows.list[i].from < 1;
	bool allowed = is_ambiguous(&life) && judgement->class == CLASS_UNPROVEN;
	bool same = allowed || (expected ? passed : judgement->class == CLASS_DIFFERENT || (early && !passed));
	ambiguous += allowed;
	if (!same)
		print_case(seed, &life, &rows, judgement);
	return same;
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 7100;
	uint64_t lives = argc > 2 ? strtoull(argv[2], NULL, 10) : scaled(300000);
	struct universe *universe = universe_new();
	struct right *right = calloc(1, sizeof *right);
	uint64_t wrong = 0;
	assert(right != NULL);
	for (uint64_t i = 0; i < lives && wrong < 5; i++)
		wrong += !agrees(seed + i, universe, right);
	ok(wrong == 0, "the judge says of %" PRIu64 " lives what the list of all right histories says", lives);
	ok(rightful > lives / 4 && wrongful > lives / 4, "of %" PRIu64 " that are right and %" PRIu64 " that are not",
	   rightful, wrongful);
	ok(ambiguous < lives / 50, "%" PRIu64 " cannot be told", ambiguous);
	for (int finding = HISTORY_CURRENT; finding <= HISTORY_END; finding++)
		ok(by_finding[finding] > lives / 1000, "finding %d was met %" PRIu64 " times", finding,
		   by_finding[finding]);
	free(right);
	free(universe);
	return tap_done();
}
