/* What must hold of docs/semantics.sql whatever the facts: rule 6 (a function of the set of facts), that keys do not
 * touch each other, that a snapshot heals, that `as_of` is leaving out. Arguments: [seed [universes]]. */
#include "base/prng.h"
#include "tests/property/notation.h"
#include "tests/property/random_universe.h"
#include "tests/property/scale.h"
#include "tests/tap.h"

static struct outcome_rows first, second;

static bool show(struct universe *universe, uint64_t seed, uint32_t row, const char *field)
{
	struct buffer text;
	buffer_init(&text, 1 << 20);
	judgement_print_rest(&text, &first.rows[row]);
	buffer_append_text(&text, "\n# then: ");
	judgement_print_rest(&text, &second.rows[row]);
	printf("# seed %" PRIu64 ", key %.*s, %s\n# first: %.*s\n", seed, (int)first.rows[row].key.size,
	       first.rows[row].key.data, field, (int)text.size, text.data);
	buffer_release(&text);
	universe_print(universe);
	return false;
}

static void swap_facts(struct fact *left, struct fact *right)
{
	struct fact kept = *left;
	*left = *right;
	*right = kept;
}

static void shuffle(struct prng *prng, struct universe *universe)
{
	for (uint32_t i = universe->fact_count; i > 1; i--)
		swap_facts(&universe->facts[i - 1], &universe->facts[prng_below(prng, i)]);
}

static bool permutation(struct prng *prng, struct universe *universe, uint64_t seed)
{
	universe_reference(universe, &first);
	shuffle(prng, universe);
	universe_reference(universe, &second);
	bool same = first.count == second.count;
	for (uint32_t i = 0; i < first.count && same; i++) {
		const char *field = reference_difference(&first.rows[i], &second.rows[i]);
		same = field == NULL || show(universe, seed, i, field);
	}
	return same;
}

/* What may not change when the same changes are delivered once more, from another file: everything but how many were
 * delivered and which of them is named. */
static const char *difference_but_deliveries(struct judgement *left, struct judgement *right)
{
	static const struct fact_origin none;
	struct judgement *both[] = {left, right};
	for (int i = 0; i < 2; i++) {
		both[i]->duplicates = 0;
		both[i]->decided = both[i]->broken = both[i]->stale = none;
		/* Between facts of two domains with one stamp the file is the order. */
		both[i]->missed = 0;
	}
	return reference_difference(left, right);
}

static bool delivery(struct prng *prng, struct universe *universe, uint64_t seed)
{
	universe_reference(universe, &first);
	uint32_t count = universe->fact_count;
	for (uint32_t i = 0; i < count; i++) {
		if (universe->facts[i].kind == FACT_LAKE || !prng_chance(prng, 1, 2))
			continue;
		struct fact *again = universe_add(universe, FACT_CHANGE, 0);
		uint64_t record = again->record;
		*again = universe->facts[i];
		again->record = record;
		again->source = again->kind == FACT_CHANGE ? 7 : again->source;
	}
	shuffle(prng, universe);
	universe_reference(universe, &second);
	for (uint32_t i = 0; i < first.count; i++) {
		const char *field = difference_but_deliveries(&first.rows[i], &second.rows[i]);
		if (field != NULL)
			return show(universe, seed, i, field);
	}
	return first.count == second.count;
}

static bool other_keys(struct prng *prng, struct universe *universe, uint64_t seed)
{
	universe_reference(universe, &first);
	/* The last key, in the order of bytes too: rows keep their places. */
	uint32_t count = universe->fact_count;
	for (uint32_t i = 0; i < 6; i++) {
		struct fact *fact = universe_add(universe, FACT_CHANGE, 0);
		uint64_t record = fact->record;
		*fact = universe->facts[prng_below(prng, count)];
		fact->record = record;
		fact->key = slice_from("z");
		fact->key_hash = fact_key_hash(fact->key);
	}
	universe_reference(universe, &second);
	for (uint32_t i = 0; i < first.count; i++) {
		const char *field = reference_difference(&first.rows[i], &second.rows[i]);
		if (field != NULL)
			return show(universe, seed, i, field);
	}
	return second.count == first.count + 1;
}

/* A change wholly before a complete export may show that records were lost; what is expected it cannot change. */
static bool earlier_change(struct prng *prng, struct universe *universe, uint64_t seed)
{
	struct scope *scope = &universe->scope;
	/* What a series says of its window is no change at a time of its own. */
	bool series = scope->domain_count > 0 && scope->domains[0].kind == DOMAIN_NET;
	if (scope->export_count == 0 || series)
		return true;
	struct scope_export *newest = &scope->exports[scope->export_count - 1];
	newest->complete = true;
	/* Of a key with a change something is known: its row is not that of an item without a row's key. */
	scope->unmatched = false;
	/* Every key gets a lake row, so that the key is there without the change. */
	for (uint32_t key = 0; key < 6; key++)
		universe_add(universe, FACT_LAKE, key)->after = side_image('z');
	universe_reference(universe, &first);
	for (uint32_t key = 0; key < 6; key++) {
		struct fact *fact = universe_add(universe, FACT_CHANGE, key);
		fact->domain = 1;
		fact->has_sequence = true;
		fact->sequence[SEQUENCE_SIZE - 1] = 200;
		fact->time_hi_us = newest->lo - (int64_t)prng_below(prng, 3) * SECOND_US;
		fact->time_lo_us = fact->time_hi_us - SECOND_US;
		fact->after = side_image((char)('e' + prng_below(prng, 3)));
		fact->before.state = STATE_PRESENT;
	}
	universe_reference(universe, &second);
	for (uint32_t i = 0; i < first.count; i++) {
		struct judgement *one = &first.rows[i], *other = &second.rows[i];
		/* It may be the last known image of what TTL removed, by which the lake's row is weighed (IMAGE); an
		 * expected state without an image is compared by itself. */
		const uint32_t contradictions = UNPROVEN_OVERLAP | UNPROVEN_CHAIN | UNPROVEN_NOT_SETTLED |
						UNPROVEN_IMAGE;
		bool same = one->expected.state == other->expected.state && one->expected.row == other->expected.row &&
			    one->decided_by == other->decided_by && one->decided_time_us == other->decided_time_us &&
			    (one->unproven & ~contradictions) == (other->unproven & ~contradictions) &&
			    one->conflicts == other->conflicts;
		if (!same)
			return show(universe, seed, i, "an earlier change was added");
	}
	return first.count == second.count;
}

/* The same with the facts and exports left out by hand. Keys of which nothing is left have no row then. */
static bool as_of(struct prng *prng, struct universe *universe, uint64_t seed)
{
	struct chances times = {.universe = universe, .prng = prng};
	struct scope *scope = &universe->scope;
	scope->has_as_of = true;
	scope->as_of_us = random_time(&times);
	universe_reference(universe, &first);
	scope->has_as_of = false;
	for (uint32_t i = universe->fact_count; i-- > 0;) {
		struct fact *fact = &universe->facts[i];
		uint32_t group = universe->groups[fact->source];
		bool listed = false;
		for (uint32_t j = 0; j < scope->export_count; j++)
			listed |= scope->exports[j].group == group;
		if (fact->kind == FACT_CHANGE ? fact->time_lo_us >= scope->as_of_us
					      : fact->kind == FACT_SNAPSHOT && !listed)
			*fact = universe->facts[--universe->fact_count];
	}
	universe_reference(universe, &second);
	uint32_t at = 0;
	for (uint32_t i = 0; i < first.count; i++) {
		if (at == second.count || !slice_equal(first.rows[i].key, second.rows[at].key)) {
			if (first.rows[i].class != CLASS_NOTHING)
				return show(universe, seed, i, "no fact is left, but it is not NOTHING");
			continue;
		}
		const char *field = reference_difference(&first.rows[i], &second.rows[at]);
		if (field != NULL)
			return show(universe, seed, i, field);
		at++;
	}
	return at == second.count;
}

static bool acceptance(struct prng *prng, struct universe *universe, uint64_t seed)
{
	(void)prng;
	universe->scope.ambiguous_accept = false;
	universe_reference(universe, &first);
	universe->scope.ambiguous_accept = true;
	universe_reference(universe, &second);
	bool has_rows = false;
	for (uint32_t i = 0; i < universe->scope.domain_count; i++)
		has_rows = has_rows || universe->domains[i].kind == DOMAIN_ROWS;
	for (uint32_t i = 0; i < first.count; i++) {
		struct judgement *strict = &first.rows[i], *accepting = &second.rows[i];
		uint32_t others = strict->unproven & ~(uint32_t)UNPROVEN_AMBIGUOUS;
		/* Nobody accepts rows whose numbers begin anew. */
		if (has_rows && strict->unproven == accepting->unproven && strict->class == accepting->class)
			continue;
		/* A verdict changes only where ambiguity was all that stood against it. */
		if ((strict->unproven & UNPROVEN_AMBIGUOUS) == 0
			    ? strict->class != accepting->class
			    : others != accepting->unproven || strict->finding != accepting->finding ||
				      (others != 0 && strict->class != accepting->class))
			return show(universe, seed, i, "ambiguous: accept");
	}
	return true;
}

static bool holds(bool (*property)(struct prng *prng, struct universe *universe, uint64_t seed), uint64_t seed,
		  uint64_t universes)
{
	bool held = true;
	for (uint64_t i = 0; i < universes && held; i++) {
		struct universe *universe = universe_new();
		struct prng prng;
		prng_init(&prng, seed + i);
		random_universe(&prng, universe);
		held = property(&prng, universe, seed + i);
		free(universe);
	}
	return held;
}

int main(int argument_count, char **arguments)
{
	uint64_t seed = argument_count > 1 ? strtoull(arguments[1], NULL, 10) : 517;
	uint64_t universes = argument_count > 2 ? strtoull(arguments[2], NULL, 10) : scaled(150);
	printf("# seed %" PRIu64 ", %" PRIu64 " universes a property\n", seed, universes);
	ok(holds(permutation, seed, universes), "the order in which facts arrive changes nothing at all");
	ok(holds(delivery, seed, universes), "facts delivered once more change nothing but their count");
	ok(holds(other_keys, seed, universes), "the facts of one key change no other");
	ok(holds(earlier_change, seed, universes), "a change wholly before a complete export changes no expectation");
	ok(holds(as_of, seed, universes), "as_of is the same as leaving out what is later");
	ok(holds(acceptance, seed, universes), "`ambiguous: accept` changes what only ambiguity held back");
	return tap_done();
}
