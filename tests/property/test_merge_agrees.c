/* The fast merge says of every key what docs/semantics.sql says: every field, over random small universes.
 *
 * Times cluster round the edges of the exports' intervals, images are few, so that what rarely meets in life meets here
 * all the time. A mismatch is made smaller by leaving out what is not needed for it, and printed in the notation of
 * tests/property/notation.h. Arguments: [seed [universes]]. */
#include <ftw.h>
#include <pthread.h>
#include <unistd.h>

#include "base/prng.h"
#include "tests/property/notation.h"
#include "tests/property/random_universe.h"
#include "tests/property/scale.h"
#include "tests/property/shrink.h"
#include "tests/tap.h"

static uint64_t keys_judged, by_class[CLASS_OUT_OF_SCOPE + 1], by_finding[ROW_DIFFERS + 1], by_reason[9];
static uint64_t with_overlap, with_lost, with_conflict, with_break, with_missed, with_any, with_aged;

/* What the generator reaches is counted, so that agreement on nothing cannot pass for agreement. */
static void count(const struct outcome_rows *rows)
{
	for (uint32_t i = 0; i < rows->count; i++) {
		const struct judgement *row = &rows->rows[i];
		keys_judged++;
		by_class[row->class]++;
		by_finding[row->finding]++;
		for (int bit = 0; bit < 9; bit++)
			by_reason[bit] += row->unproven >> bit & 1;
		with_overlap += row->overlap && !row->capture_lost;
		with_lost += row->capture_lost;
		with_conflict += row->conflicts > 0;
		with_break += row->chain_breaks > 0;
		with_missed += row->missed > JUDGE_MISSED_MAX;
		with_any += row->lake_expected == LAKE_ANY && row->class == CLASS_OUT_OF_SCOPE;
		with_aged += row->lake_expected == LAKE_ANY && row->class == CLASS_OUT_OF_SCOPE &&
			     row->expected.state == STATE_IMAGE;
	}
}

static void report(const struct universe *universe)
{
	static struct outcome_rows reference, fast;
	struct universe *small = universe_new();
	universe_copy(small, universe);
	shrink(small, judges_differ);
	universe_print(small);
	universe_reference(small, &reference);
	universe_judge(small, &fast);
	for (uint32_t i = 0; i < reference.count && i < fast.count; i++) {
		const char *field = reference_difference(&reference.rows[i], &fast.rows[i]);
		struct buffer text;
		if (field == NULL)
			continue;
		buffer_init(&text, 1 << 20);
		buffer_printf(&text, "# %s differs\n#  SQL: ", field);
		judgement_print_rest(&text, &reference.rows[i]);
		buffer_append_text(&text, "\n# fast: ");
		judgement_print_rest(&text, &fast.rows[i]);
		printf("%.*s\n", (int)text.size, text.data);
		buffer_release(&text);
	}
	free(small);
}

static bool agree(uint64_t seed, uint64_t universes)
{
	struct universe *universe = universe_new();
	static struct outcome_rows rows;
	bool same = true;
	for (uint64_t i = 0; i < universes && same; i++) {
		free(universe);
		universe = universe_new();
		struct prng prng;
		prng_init(&prng, seed + i);
		random_universe(&prng, universe);
		same = !judges_differ(universe);
		if (same) {
			universe_judge(universe, &rows);
			count(&rows);
		} else {
			printf("# universe of seed %" PRIu64 ", made smaller:\n", seed + i);
			report(universe);
		}
	}
	free(universe);
	return same;
}

/* ---- the same through the state and its segments, by several workers */

struct collected {
	pthread_mutex_t lock;
	struct outcome_rows rows;
};

static int collect(void *context, uint32_t worker, const struct judgement *judgement, struct error *error)
{
	(void)worker;
	struct collected *collected = context;
	pthread_mutex_lock(&collected->lock);
	int code = universe_keep(&collected->rows, judgement, error);
	pthread_mutex_unlock(&collected->lock);
	return code;
}

/* Puts one source's facts into the state and gives them the id it gets; 0 when it has none. */
static int store_source(struct state_builder *builder, struct universe *universe, struct universe *stored,
			uint32_t source, uint32_t *id, struct error *error)
{
	static const enum state_source_kind kinds[] = {
		[FACT_LAKE] = STATE_LAKE_FILE, [FACT_SNAPSHOT] = STATE_EXPORT_FILE, [FACT_CHANGE] = STATE_EVENTS_FILE};
	char path[32];
	struct state_source row = {.path = path, .identity = "", .complete = true};
	int code = 0;
	*id = 0;
	snprintf(path, sizeof path, "source-%u", (unsigned)source);
	for (uint32_t i = 0; i < universe->fact_count && code == 0; i++) {
		struct fact *fact = &universe->facts[i];
		if (fact->source != source)
			continue;
		if (row.facts++ == 0) {
			row.kind = kinds[fact->kind];
			row.group = fact->kind == FACT_SNAPSHOT ? universe->groups[source] : 1;
			code = state_builder_begin(builder, &row, error);
		}
		if (code == 0)
			code = state_builder_add(builder, fact, error);
		stored->facts[i].source = *id = row.id;
	}
	if (row.facts == 0 || code != 0)
		return code;
	assert(row.id < UNIVERSE_SOURCES_MAX);
	stored->groups[row.id] = universe->groups[source];
	row.records = row.facts;
	return state_builder_end(builder, &row, error);
}

/* `stored` becomes the universe with the ids of the state. */
static int store(struct state *state, size_t memory_max, struct universe *universe, struct universe *stored,
		 uint32_t *ids, uint64_t *count_of_ids, struct error *error)
{
	struct state_builder *builder = NULL;
	universe_copy(stored, universe);
	memset(stored->groups, 0, sizeof stored->groups);
	*count_of_ids = 0;
	int code = state_builder_new(state, memory_max, &builder, error);
	for (uint32_t source = UNIVERSE_SOURCES_MAX; source-- > 0 && code == 0;) {
		code = store_source(builder, universe, stored, source, &ids[*count_of_ids], error);
		*count_of_ids += ids[*count_of_ids] != 0;
	}
	if (code == 0)
		code = state_builder_flush(builder, error);
	state_builder_free(builder);
	return code;
}

static bool stored_agrees(const char *folder, struct prng *prng, struct universe *universe)
{
	static struct collected fast = {.lock = PTHREAD_MUTEX_INITIALIZER};
	static struct outcome_rows reference;
	uint32_t ids[UNIVERSE_SOURCES_MAX] = {0};
	struct merge_options options = {.sources = ids,
					.workers = 1 + (uint32_t)prng_below(prng, 3),
					.memory_max = 1 << 24};
	struct universe *stored = universe_new();
	struct error error = {0};
	struct state *state = NULL;
	int code = state_open(folder, &state, &error);
	/* Little memory makes many segments. */
	if (code == 0)
		code = store(state, prng_chance(prng, 1, 2) ? 1 << 14 : 1 << 24, universe, stored, ids,
			     &options.source_count, &error);
	fast.rows.count = 0;
	if (code == 0)
		code = merge_run(state, &stored->scope, &options, collect, &fast, &error);
	qsort(fast.rows.rows, fast.rows.count, sizeof fast.rows.rows[0], rows_order);
	universe_reference(stored, &reference);
	bool same = code == 0 && fast.rows.count == reference.count;
	for (uint32_t i = 0; i < reference.count && same; i++) {
		const char *field = reference_difference(&fast.rows.rows[i], &reference.rows[i]);
		same = field == NULL;
		if (!same)
			printf("# key %.*s differs in %s\n", (int)reference.rows[i].key.size,
			       reference.rows[i].key.data, field);
	}
	if (same)
		same = (code = reference_check(state, &stored->scope, &options, &error)) == 0;
	if (!same) {
		printf("# %d workers, code %d, %u and %u keys: %s\n", (int)options.workers, code, fast.rows.count,
		       reference.count, error.message);
		universe_print(stored);
	}
	if (state != NULL)
		state_close(state);
	free(stored);
	return same;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

static bool all_stored_agree(uint64_t seed, uint64_t universes)
{
	bool same = true;
	for (uint64_t i = 0; i < universes && same; i++) {
		char folder[] = "/tmp/test_merge_agrees.XXXXXX";
		struct universe *universe = universe_new();
		struct prng prng;
		prng_init(&prng, seed + i);
		random_universe(&prng, universe);
		same = mkdtemp(folder) != NULL && stored_agrees(folder, &prng, universe);
		if (!same)
			printf("# universe of seed %" PRIu64 "\n", seed + i);
		nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
		free(universe);
	}
	return same;
}

int main(int argument_count, char **arguments)
{
	uint64_t seed = argument_count > 1 ? strtoull(arguments[1], NULL, 10) : 20260;
	uint64_t universes = argument_count > 2 ? strtoull(arguments[2], NULL, 10) : scaled(2000);
	printf("# seed %" PRIu64 ", %" PRIu64 " universes\n", seed, universes);
	ok(agree(seed, universes), "the judge agrees with docs/semantics.sql on every field of every key");
	ok(all_stored_agree(seed, universes / 20),
	   "so does the merge of stored facts by several workers, and reference_check");
	if (tap_failures > 0)
		return tap_done();
	printf("# %" PRIu64 " keys; conflicts %" PRIu64 ", breaks %" PRIu64 ", overlap %" PRIu64
	       ", capture_lost %" PRIu64 ", more missed than listed %" PRIu64 ", either accepted %" PRIu64
	       ", out of scope by date %" PRIu64 "\n",
	       keys_judged, with_conflict, with_break, with_overlap, with_lost, with_missed, with_any, with_aged);
	for (int i = 0; i <= CLASS_OUT_OF_SCOPE; i++)
		ok(by_class[i] > keys_judged / 1000, "class %d was reached, %" PRIu64 " times", i, by_class[i]);
	for (int i = ROW_DUPLICATE; i <= ROW_DIFFERS; i++)
		ok(by_finding[i] > keys_judged / 1000, "finding %d was reached, %" PRIu64 " times", i, by_finding[i]);
	for (int i = 0; i < 9; i++)
		ok(by_reason[i] > keys_judged / 1000, "reason %d was reached, %" PRIu64 " times", 1 << i, by_reason[i]);
	ok(with_overlap > 0 && with_lost > 0 && with_conflict > 0 && with_break > 0 && with_missed > 0 &&
		   with_any > 0 && with_aged > 0,
	   "contradictions of each kind, long lists of missed changes and either outcome were reached");
	return tap_done();
}
