/* The reference merger against a table whose every state is known (tests/property/simulated_table.h): what is proven is
 * true; a lost record or a capture that was cut is seen wherever the evidence can show it. Arguments: [seed [lives]].
 */
#include "tests/property/scale.h"
#include "tests/property/simulated_table.h"
#include "tests/tap.h"

static uint64_t keys_proven, keys_unproven, knots_untangled, knots_tangled;

static uint32_t key_of(const struct judgement *judgement)
{
	for (uint32_t key = 0; key < UNIVERSE_KEYS_MAX; key++)
		if (slice_equal(universe_key(key), judgement->key))
			return key;
	abort();
}

static bool complain(struct universe *universe, const struct judgement *judgement, char truth, const char *what)
{
	struct buffer text;
	buffer_init(&text, 1 << 20);
	judgement_print(&text, judgement);
	printf("# %s: key %.*s is '%c', judged %.*s\n", what, (int)judgement->key.size, judgement->key.data, truth,
	       (int)text.size, text.data);
	buffer_release(&text);
	for (uint32_t i = universe->fact_count; i-- > 0;)
		if (!slice_equal(universe->facts[i].key, judgement->key))
			universe->facts[i] = universe->facts[--universe->fact_count];
	universe_print(universe);
	return false;
}

/* Records delivered once more, and all of them in any order. */
static void deliver_badly(struct universe *universe, struct prng *prng)
{
	uint32_t count = universe->fact_count;
	for (uint32_t i = 0; i < count; i++) {
		if (universe->facts[i].kind != FACT_CHANGE || !prng_chance(prng, 1, 5))
			continue;
		struct fact *again = universe_add(universe, FACT_CHANGE, 0);
		uint64_t record = again->record;
		*again = universe->facts[i];
		again->record = record;
	}
	for (uint32_t i = universe->fact_count; i > 1; i--) {
		uint32_t other = (uint32_t)prng_below(prng, i);
		struct fact kept = universe->facts[i - 1];
		universe->facts[i - 1] = universe->facts[other];
		universe->facts[other] = kept;
	}
}

static struct universe *tell_all(const struct simulated_table *table, struct prng *prng)
{
	struct universe *universe = universe_new();
	table_export(table, universe);
	table_window(universe, 1, 0, TABLE_LIFE_S * (int64_t)SECOND_US);
	for (uint32_t i = 0; i < table->commit_count; i++)
		table_record(table, universe, i, 1);
	deliver_badly(universe, prng);
	return universe;
}

/* Whether the commit is one of those that cannot be told from the key's last by their time. */
static bool ties_with_last(const struct simulated_table *table, uint32_t commit)
{
	const struct commit *last = &table->commits[commit];
	for (uint32_t i = commit; i < table->commit_count; i++)
		if (table->commits[i].key == last->key)
			last = &table->commits[i];
	return last->time_us / table_precision(table) == table->commits[commit].time_us / table_precision(table);
}

/* Whether a capture without sequence numbers leaves more than one commit that may have been the key's last. */
static bool ends_in_knot(const struct simulated_table *table, uint32_t key)
{
	uint32_t last = 0;
	for (uint32_t i = 0; table->kinesis && i < table->commit_count; i++)
		last += table->commits[i].key == key && ties_with_last(table, i);
	return last > 1;
}

/* ---- a complete capture */

static bool faithful(const struct simulated_table *table, struct universe *universe, const struct judgement *judgement)
{
	char truth = table_final(table, key_of(judgement));
	enum key_class class = truth == '-' ? CLASS_DELETED : CLASS_EQUAL;
	bool images = table->view == VIEW_BOTH || table->view == VIEW_NEW;
	/* Without new images the last change is known to have put something, not what. */
	uint32_t allowed = images || truth == '-' || judgement->decided_by == DECIDED_SNAPSHOT ? 0 : UNPROVEN_IMAGE;
	bool knot = ends_in_knot(table, key_of(judgement));
	knots_tangled += knot && (judgement->unproven & UNPROVEN_AMBIGUOUS) != 0;
	knots_untangled += knot && judgement->unproven == 0;
	if (knot && (judgement->unproven & ~(uint32_t)UNPROVEN_IMAGE) == UNPROVEN_AMBIGUOUS)
		return judgement->class == CLASS_UNPROVEN ||
		       complain(universe, judgement, truth, "a finding on a knot");
	if (judgement->unproven != allowed)
		return complain(universe, judgement, truth, "not proven");
	if (allowed == 0 && (!expects(judgement, truth) || judgement->class != class))
		return complain(universe, judgement, truth, "not the truth");
	keys_proven += allowed == 0;
	return judgement->finding == ROW_NONE || complain(universe, judgement, truth, "a finding on a faithful lake");
}

static bool complete_capture(struct prng *prng, const struct simulated_table *table)
{
	static struct outcome_rows rows;
	struct universe *universe = tell_all(table, prng);
	for (uint32_t key = 0; key < TABLE_KEYS; key++)
		if (table_final(table, key) != '-')
			table_row(universe, key, table_final(table, key));
	universe_reference(universe, &rows);
	bool held = true;
	for (uint32_t i = 0; i < rows.count && held; i++)
		held = faithful(table, universe, &rows.rows[i]);
	free(universe);
	return held;
}

/* Every lake row that is not the truth is a finding. */
static bool unfaithful_lake(struct prng *prng, const struct simulated_table *table)
{
	static struct outcome_rows rows;
	struct universe *universe = tell_all(table, prng);
	bool images = table->view == VIEW_BOTH || table->view == VIEW_NEW, held = true;
	char wrong[TABLE_KEYS];
	for (uint32_t key = 0; key < TABLE_KEYS; key++) {
		char truth = table_final(table, key);
		wrong[key] = truth == '-' || prng_chance(prng, 2, 3) ? (char)('a' + prng_below(prng, 26)) : '-';
		if (wrong[key] == truth)
			wrong[key] = '-';
		if (wrong[key] != '-')
			table_row(universe, key, wrong[key]);
	}
	universe_reference(universe, &rows);
	for (uint32_t i = 0; i < rows.count && held; i++) {
		uint32_t key = key_of(&rows.rows[i]);
		char truth = table_final(table, key);
		bool must = wrong[key] != truth && (rows.rows[i].unproven & UNPROVEN_AMBIGUOUS) == 0 &&
			    (images || truth == '-' || wrong[key] == '-');
		if (must && rows.rows[i].class != CLASS_DIFFERENT)
			held = complain(universe, &rows.rows[i], truth, "a wrong row was not found");
	}
	free(universe);
	return held;
}

/* ---- one record lost */

static uint64_t losses_shown, losses_harmless, losses_hidden;

/* Whether a state that a record tells of might be `letter`: it is, or it is live and its image is not in the view. */
static bool may_be(char told, char letter, bool image_known)
{
	return told == letter || (!image_known && told != '-' && letter != '-');
}

/* Whether the newest export might have shown the lost state without the lost record: C, from the table's own
 * history. What one record does not tell of the state between it and its neighbour, that one may; the earlier
 * export too. */
static bool explained(const struct simulated_table *table, uint32_t lost)
{
	bool old_known = table->view == VIEW_BOTH || table->view == VIEW_OLD;
	bool new_known = table->view == VIEW_BOTH || table->view == VIEW_NEW;
	const struct commit *commit = &table->commits[lost], *before = NULL, *inside = NULL;
	uint32_t newest = table->export_count - 1;
	int64_t lo = table->export_time[newest] - FUZZ_S * SECOND_US;
	int64_t earlier_lo = newest > 0 ? table->export_time[newest - 1] - FUZZ_S * SECOND_US : INT64_MIN;
	for (uint32_t i = 0; i < lost; i++) {
		const struct commit *other = &table->commits[i];
		int64_t hi = other->time_us / SECOND_US * SECOND_US + SECOND_US; /* of a stream's record */
		if (other->key != commit->key || (hi <= lo && hi <= earlier_lo))
			continue;
		if (hi <= lo) {
			before = other;
			continue;
		}
		bool found_known = old_known || (inside == NULL && before == NULL ? newest > 0 : new_known);
		if (may_be(other->before, commit->after, found_known))
			return true;
		if (inside != NULL && may_be(inside->after, commit->after, new_known || old_known))
			return true;
		inside = other;
	}
	if (inside != NULL && may_be(inside->after, commit->after, new_known))
		return true;
	if (before != NULL)
		return may_be(before->after, commit->after, new_known || (old_known && inside != NULL));
	if (newest > 0)
		return table_state(table, commit->key, table->read_time[newest - 1][commit->key]) == commit->after;
	/* No record and no export tell what the key was before. */
	return inside == NULL;
}

/* Nothing in the evidence can show the loss of a key's last change unless an export has read the key after it; and one
 * whose interval the change lies in shows it only by a state that nothing else explains. */
static bool may_be_hidden(const struct simulated_table *table, uint32_t lost)
{
	const struct commit *commit = &table->commits[lost];
	uint32_t newest = table->export_count - 1;
	int64_t hi = commit->time_us / table_precision(table) * table_precision(table) + table_precision(table);
	/* Of commits that tie, each that left what the last one left may have been the last. */
	if (table->kinesis)
		return ties_with_last(table, lost) && commit->after == table_final(table, commit->key) &&
		       table->export_time[newest] - FUZZ_S * SECOND_US < hi;
	if (!last_of_its_key(table, lost) || table->export_time[newest] - FUZZ_S * SECOND_US >= hi)
		return false;
	return table->read_time[newest][commit->key] <= commit->time_us || explained(table, lost);
}

/* A key's last record half of the time, and then one that an export may have seen or not: that is where it matters. */
static uint32_t choose_lost(struct prng *prng, const struct simulated_table *table)
{
	uint32_t lost = (uint32_t)prng_below(prng, table->commit_count);
	bool matters = prng_chance(prng, 1, 2);
	int64_t export = table->export_time[table->export_count - 1];
	for (int tries = 0; matters && tries < 200; tries++) {
		int64_t distance = table->commits[lost].time_us - export;
		if (last_of_its_key(table, lost) && distance > -FUZZ_S * SECOND_US && distance < FUZZ_S * SECOND_US)
			break;
		lost = (uint32_t)prng_below(prng, table->commit_count);
	}
	return lost;
}

static bool one_lost(struct prng *prng, const struct simulated_table *table)
{
	static struct outcome_rows rows;
	struct universe *universe = universe_new();
	bool held = true;
	uint32_t lost = choose_lost(prng, table);
	uint32_t key = table->commits[lost].key;
	table_export(table, universe);
	table_window(universe, 1, 0, TABLE_LIFE_S * (int64_t)SECOND_US);
	for (uint32_t i = 0; i < table->commit_count; i++)
		if (i != lost)
			table_record(table, universe, i, 1);
	universe_reference(universe, &rows);
	for (uint32_t i = 0; i < rows.count && held; i++) {
		const struct judgement *judgement = &rows.rows[i];
		if (key_of(judgement) != key)
			continue;
		bool right = expects(judgement, table_final(table, key));
		losses_shown += judgement->unproven != 0;
		losses_harmless += judgement->unproven == 0 && right;
		losses_hidden += judgement->unproven == 0 && !right;
		if (judgement->unproven == 0 && !right && !may_be_hidden(table, lost)) {
			printf("# lost: commit at %" PRId64 " us, '%c' to '%c'\n", table->commits[lost].time_us,
			       table->commits[lost].before, table->commits[lost].after);
			held = complain(universe, judgement, table_final(table, key), "a loss was not seen");
		}
	}
	free(universe);
	return held;
}

/* ---- a capture cut at each second */

struct cut {
	const char *what;
	int64_t from, to; /* records of these seconds are missing */
};

/* What may be true of a key under a cut: its state where the capture ends, or, if the newest export read it later, what
 * that export read. */
static bool true_under(const struct simulated_table *table, const struct judgement *judgement, int64_t end)
{
	uint32_t key = key_of(judgement);
	int64_t read = table->read_time[table->export_count - 1][key];
	return expects(judgement, table_state(table, key, end)) ||
	       (read > end && expects(judgement, table_state(table, key, read)));
}

static bool cut_capture(const struct simulated_table *table, const struct cut *cut)
{
	static struct outcome_rows rows;
	struct universe *universe = universe_new();
	int64_t life = TABLE_LIFE_S * (int64_t)SECOND_US;
	bool held = true;
	table_export(table, universe);
	if (cut->from > 0)
		table_window(universe, 1, 0, cut->from);
	/* What begins anew after a gap is a stream of its own. */
	if (cut->to < life)
		table_window(universe, 2, cut->to, life);
	for (uint32_t i = 0; i < table->commit_count; i++)
		if (table->commits[i].time_us < cut->from || table->commits[i].time_us >= cut->to)
			table_record(table, universe, i, table->commits[i].time_us < cut->from ? 1 : 2);
	universe_reference(universe, &rows);
	for (uint32_t i = 0; i < rows.count && held; i++) {
		const struct judgement *judgement = &rows.rows[i];
		keys_proven += judgement->unproven == 0;
		keys_unproven += judgement->unproven != 0;
		if (judgement->unproven == 0 && !true_under(table, judgement, cut->to < life ? life : cut->from))
			held = complain(universe, judgement,
					table_state(table, key_of(judgement), cut->to < life ? life : cut->from),
					cut->what);
	}
	free(universe);
	return held;
}

enum cut_kind { CUT_END, CUT_BEGIN, CUT_GAP };

static bool every_cut(struct prng *prng, const struct simulated_table *table, enum cut_kind kind)
{
	bool held = true;
	int64_t export = table->export_time[table->export_count - 1], life = TABLE_LIFE_S * (int64_t)SECOND_US;
	for (int64_t offset = -FUZZ_S - 3; offset <= FUZZ_S + 3 && held; offset += scaled_step()) {
		int64_t at = export + offset * SECOND_US;
		int64_t gap = (1 + (int64_t)prng_below(prng, 100)) * SECOND_US;
		struct cut cut = {"capture ended early", at, life};
		if (kind == CUT_BEGIN)
			cut = (struct cut){"capture began late", 0, at};
		else if (kind == CUT_GAP)
			cut = (struct cut){"capture has a gap", at, at + gap};
		held = cut_capture(table, &cut);
	}
	return held;
}

static bool cut_end(struct prng *prng, const struct simulated_table *table)
{
	return every_cut(prng, table, CUT_END);
}

static bool cut_begin(struct prng *prng, const struct simulated_table *table)
{
	return every_cut(prng, table, CUT_BEGIN);
}

static bool cut_gap(struct prng *prng, const struct simulated_table *table)
{
	return every_cut(prng, table, CUT_GAP);
}

/* ---- incremental exports */

static uint64_t nets_proven, nets_unproven;

static int times_order(const void *left, const void *right)
{
	const int64_t *a = left, *b = right;
	return (*a > *b) - (*a < *b);
}

/* Nothing proven is untrue; `whole`: everything is proven. */
static bool proven_is_true(const struct simulated_table *table, struct universe *universe, bool whole)
{
	static struct outcome_rows rows;
	bool held = true;
	universe_reference(universe, &rows);
	for (uint32_t i = 0; i < rows.count && held; i++) {
		const struct judgement *judgement = &rows.rows[i];
		char truth = table_final(table, key_of(judgement));
		nets_proven += judgement->unproven == 0;
		nets_unproven += judgement->unproven != 0;
		if (whole && judgement->unproven != 0)
			held = complain(universe, judgement, truth, "not proven");
		else if (judgement->unproven == 0 && !expects(judgement, truth))
			held = complain(universe, judgement, truth, "not the truth");
	}
	free(universe);
	return held;
}

/* Times from `from` to the end of the table's life, some in between. */
static uint32_t cut_life(struct prng *prng, int64_t from, int64_t *times)
{
	uint32_t count = 0;
	times[count++] = from;
	times[count++] = TABLE_LIFE_S * (int64_t)SECOND_US;
	for (uint64_t i = prng_below(prng, 6); i > 0; i--)
		times[count++] = from + (int64_t)prng_below(prng, (uint64_t)(times[1] - from));
	qsort(times, count, sizeof times[0], times_order);
	return count;
}

/* AWS says that a window may begin where a full export stands; the export is then the table at that time. */
static bool chained_to_exports(struct prng *prng, const struct simulated_table *table)
{
	static struct simulated_table exact;
	struct universe *universe = universe_new();
	int64_t times[16];
	exact = *table;
	for (uint32_t i = 0; i < exact.export_count; i++)
		for (uint32_t key = 0; key < TABLE_KEYS; key++)
			exact.read_time[i][key] = exact.export_time[i];
	table_export(&exact, universe);
	uint32_t count = cut_life(prng, exact.export_time[0], times);
	if (exact.export_count > 1)
		times[count++] = exact.export_time[1];
	qsort(times, count, sizeof times[0], times_order);
	table_series(&exact, universe, 1, times, count);
	return proven_is_true(&exact, universe, true);
}

static bool whole_life(struct prng *prng, const struct simulated_table *table)
{
	struct universe *universe = universe_new();
	int64_t times[16];
	table_export(table, universe);
	table_series(table, universe, 1, times, cut_life(prng, 0, times));
	deliver_badly(universe, prng);
	return proven_is_true(table, universe, false);
}

/* A window is missing, or two series overlap. */
static bool two_series(struct prng *prng, const struct simulated_table *table)
{
	struct universe *universe = universe_new();
	int64_t times[16];
	table_export(table, universe);
	uint32_t count = cut_life(prng, 0, times), first = 1 + (uint32_t)prng_below(prng, count - 1);
	table_series(table, universe, 1, times, first + 1);
	count = cut_life(prng, (int64_t)prng_below(prng, TABLE_LIFE_S) * SECOND_US, times);
	table_series(table, universe, 2, times, count);
	return proven_is_true(table, universe, false);
}

/* A stream's capture that ends, or begins, somewhere in a series. */
static bool with_a_stream(struct prng *prng, const struct simulated_table *table)
{
	struct universe *universe = universe_new();
	int64_t times[16], life = TABLE_LIFE_S * (int64_t)SECOND_US;
	int64_t newest = table->export_time[table->export_count - 1] +
			 ((int64_t)prng_below(prng, 200) - 100) * SECOND_US;
	int64_t cut = prng_chance(prng, 1, 2) ? newest : (int64_t)prng_below(prng, TABLE_LIFE_S) * SECOND_US;
	bool ends = prng_chance(prng, 1, 2);
	table_export(table, universe);
	table_window(universe, 1, ends ? 0 : cut, ends ? cut : life);
	for (uint32_t i = 0; i < table->commit_count; i++)
		if (ends ? table->commits[i].time_us < cut : table->commits[i].time_us >= cut)
			table_record(table, universe, i, 1);
	uint32_t count = cut_life(prng,
				  prng_chance(prng, 1, 2) ? 0 : (int64_t)prng_below(prng, TABLE_LIFE_S) * SECOND_US,
				  times);
	table_series(table, universe, 2, times, count);
	return proven_is_true(table, universe, false);
}

/* ---- a dump that takes long */

/* A dump round a full export or not, and a capture that ends anywhere or was never made. */
static bool long_dump(struct prng *prng, const struct simulated_table *table)
{
	static struct simulated_table dumped;
	static struct outcome_rows rows;
	struct universe *universe = universe_new();
	bool held = true, captured = prng_chance(prng, 2, 3);
	dumped = *table;
	dumped.export_time[0] -= (int64_t)prng_below(prng, 300) * SECOND_US;
	if (dumped.export_count > 1 && dumped.export_time[0] > dumped.export_time[1] - FUZZ_S * SECOND_US)
		dumped.export_time[0] = dumped.export_time[1] - FUZZ_S * SECOND_US;
	int64_t length = (1 + (int64_t)prng_below(prng, 800)) * SECOND_US, life = TABLE_LIFE_S * (int64_t)SECOND_US;
	dumped.dump_end = dumped.export_time[0] + length;
	for (uint32_t key = 0; key < TABLE_KEYS; key++)
		dumped.read_time[0][key] = dumped.export_time[0] + (int64_t)prng_below(prng, (uint64_t)length);
	int64_t end = !captured                 ? 0
		      : prng_chance(prng, 1, 3) ? life
						: (int64_t)prng_below(prng, TABLE_LIFE_S) * SECOND_US;
	table_export(&dumped, universe);
	if (captured)
		table_window(universe, 1, 0, end);
	for (uint32_t i = 0; i < dumped.commit_count; i++)
		if (dumped.commits[i].time_us < end)
			table_record(&dumped, universe, i, 1);
	universe_reference(universe, &rows);
	for (uint32_t i = 0; i < rows.count && held; i++) {
		const struct judgement *judgement = &rows.rows[i];
		uint32_t key = key_of(judgement);
		int64_t read = dumped.read_time[0][key];
		if (dumped.export_count > 1 && dumped.read_time[1][key] > read)
			read = dumped.read_time[1][key];
		char at_end = table_state(&dumped, key, end), at_read = table_state(&dumped, key, read);
		nets_proven += judgement->unproven == 0;
		if (judgement->unproven == 0 && !expects(judgement, at_end) &&
		    !(read > end && expects(judgement, at_read)))
			held = complain(universe, judgement, at_end, "not the truth");
		if (end == life && (judgement->unproven & ~(uint32_t)UNPROVEN_IMAGE) != 0)
			held = complain(universe, judgement, at_end, "not proven");
	}
	free(universe);
	return held;
}

static bool holds(bool (*property)(struct prng *prng, const struct simulated_table *table), bool kinesis, uint64_t seed,
		  uint64_t lives)
{
	static struct simulated_table table;
	bool held = true;
	for (uint64_t i = 0; i < lives && held; i++) {
		struct prng prng;
		prng_init(&prng, seed + i);
		table_live(&table, &prng, (enum view)(i % VIEW_COUNT), kinesis);
		held = property(&prng, &table);
		if (!held)
			printf("# life of seed %" PRIu64 "\n", seed + i);
	}
	return held;
}

int main(int argument_count, char **arguments)
{
	uint64_t seed = argument_count > 1 ? strtoull(arguments[1], NULL, 10) : 4711;
	uint64_t lives = argument_count > 2 ? strtoull(arguments[2], NULL, 10) : scaled(100);
	printf("# seed %" PRIu64 ", %" PRIu64 " lives\n", seed, lives);
	ok(holds(complete_capture, false, seed, lives),
	   "with a complete capture what is expected is the truth, proven, and a faithful lake passes");
	ok(keys_proven > lives * TABLE_KEYS / 2, "%" PRIu64 " keys were proven so", keys_proven);
	ok(holds(unfaithful_lake, false, seed, lives), "every row that is not the truth is a finding");
	ok(holds(one_lost, false, seed, 8 * lives),
	   "a lost record leaves nothing wrong proven that the evidence could show");
	ok(losses_shown > lives / 4 && losses_harmless > 0 && losses_hidden > 0,
	   "of lost records %" PRIu64 " were shown, %" PRIu64 " did no harm, %" PRIu64 " could not be seen",
	   losses_shown, losses_harmless, losses_hidden);
	ok(holds(cut_end, false, seed, 4 + lives / 200),
	   "wherever round an export the capture ends, nothing untrue is proven");
	ok(holds(cut_begin, false, seed, 4 + lives / 200),
	   "wherever round an export the capture begins, nothing untrue is proven");
	ok(holds(cut_gap, false, seed, 4 + lives / 200),
	   "wherever round an export the capture has a gap, nothing untrue is proven");
	ok(keys_proven > keys_unproven / 10, "while %" PRIu64 " keys were proven and %" PRIu64 " were not", keys_proven,
	   keys_unproven);
	ok(holds(complete_capture, true, seed, lives / 2),
	   "with a complete capture by Kinesis too, but for what cannot be told of one millisecond");
	ok(knots_untangled > lives / 8 && knots_tangled > lives / 8,
	   "of keys that end in several commits of one millisecond %" PRIu64 " were told, %" PRIu64 " were not",
	   knots_untangled, knots_tangled);
	ok(holds(unfaithful_lake, true, seed, lives / 2),
	   "every row that is not the truth is a finding, or the key is ambiguous");
	ok(holds(one_lost, true, seed, 3 * lives),
	   "a lost record leaves nothing wrong proven that the evidence could show");
	ok(holds(cut_end, true, seed, 2 + lives / 200) && holds(cut_begin, true, seed, 2 + lives / 200) &&
		   holds(cut_gap, true, seed, 2 + lives / 200),
	   "wherever round an export a capture by Kinesis is cut, nothing untrue is proven");
	ok(holds(chained_to_exports, false, seed, lives), "incremental exports chained to full ones prove every key");
	nets_proven = nets_unproven = 0;
	ok(holds(whole_life, false, seed, lives), "nothing untrue is proven when a full export falls into a window");
	ok(holds(two_series, false, seed, 2 * lives), "nor when a window is missing, or two overlap");
	ok(holds(with_a_stream, false, seed, lives) && holds(with_a_stream, true, seed, lives),
	   "nor when a capture ends or begins in a window");
	ok(nets_proven > nets_unproven / 4, "while %" PRIu64 " keys were proven and %" PRIu64 " were not", nets_proven,
	   nets_unproven);
	nets_proven = 0;
	ok(holds(long_dump, false, seed, 3 * lives), "a dump that takes long proves nothing untrue");
	ok(nets_proven > lives, "while %" PRIu64 " keys were proven", nets_proven);
	return tap_done();
}
