/* random_universe - a universe in which everything that the semantics tell apart happens often. Header-only, for tests.
 */
#ifndef LAKEPROOF_TESTS_PROPERTY_RANDOM_UNIVERSE_H
#define LAKEPROOF_TESTS_PROPERTY_RANDOM_UNIVERSE_H

#include "base/prng.h"
#include "tests/property/notation.h"

enum { RANDOM_DOMAINS = 3 };

/* How often what happens is drawn per universe, so that universes differ in kind. */
struct chances {
	struct universe *universe;
	struct prng *prng;
	int64_t exports_at[3];
	uint32_t export_count;
	uint32_t domains, sequences, damaged, no_time, ms_times, duplicates, ttl_values, items, faithful, knots, dates;
	int64_t knot_time; /* of the last change that may be of a knot */
};

static inline int64_t random_from(struct prng *prng, const int64_t *values, uint64_t count)
{
	return values[prng_below(prng, count)];
}

/* Seconds on and around the edges of an export's interval, or anywhere. */
static inline int64_t random_time(struct chances *chances)
{
	static const int64_t offsets[] = {-62, -61, -60, -59, -58, -30, -1, 0, 1, 30, 58, 59, 60, 61, 62, 100};
	struct prng *prng = chances->prng;
	if (chances->export_count == 0 || prng_chance(prng, 1, 4))
		return (int64_t)prng_below(prng, 40) * 50 * SECOND_US;
	int64_t at = chances->exports_at[prng_below(prng, chances->export_count)];
	return at + random_from(prng, offsets, sizeof offsets / sizeof offsets[0]) * SECOND_US;
}

static inline struct fact_side random_image(struct chances *chances)
{
	static const char letters[] = "abcABez";
	struct prng *prng = chances->prng;
	struct fact_side side = side_image(letters[prng_below(prng, sizeof letters - 1)]);
	if (chances->universe->scope.by_row && prng_chance(prng, 1, 2))
		memset(side.item, 0, sizeof side.item);
	if (prng_chance(prng, 1, 12))
		side.flags = prng_chance(prng, 1, 2) ? IMAGE_LOSSY : IMAGE_MISTYPED;
	/* On, just beside and far from the edges of random_policies. */
	static const int64_t dates[] = {1, 999, 1000, 1050, 1099, 1100, 1101, 5000};
	if (prng_chance(prng, chances->dates, 10))
		side.dated_s = random_from(prng, dates, sizeof dates / sizeof dates[0]);
	if (prng_chance(prng, chances->ttl_values, 10))
		side.expires_s = random_time(chances) / SECOND_US + (int64_t)prng_below(prng, 3) - 1;
	return side;
}

static inline struct fact_side random_side(struct chances *chances)
{
	uint64_t draw = prng_below(chances->prng, 10);
	struct fact_side side = side_unknown();
	if (draw < 6)
		return random_image(chances);
	side.state = draw < 8 ? STATE_ABSENT : draw < 9 ? STATE_PRESENT : STATE_UNKNOWN;
	return side;
}

static inline void random_stamp(struct chances *chances, struct fact *fact, uint32_t place)
{
	struct prng *prng = chances->prng;
	memset(fact->sequence, 0, sizeof fact->sequence);
	fact->event_hash = 0;
	fact->domain = 1 + (uint32_t)prng_below(prng, chances->domains);
	fact->has_sequence = prng_chance(prng, chances->sequences, 10);
	if (fact->has_sequence)
		fact->sequence[SEQUENCE_SIZE - 1] = (uint8_t)(prng_chance(prng, 2, 3) ? 2 * place + 1
										      : prng_below(prng, 12));
	if (prng_chance(prng, 1, 2))
		fact->event_hash = (1 + prng_below(prng, 4)) * UINT64_C(0x3000000000000001);
	fact->time_lo_us = random_time(chances);
	fact->time_hi_us = fact->time_lo_us + SECOND_US;
	if (prng_chance(prng, chances->ms_times, 10)) {
		static const int64_t widths[] = {0, 1, 1000, SECOND_US / 2, 3 * SECOND_US};
		fact->time_lo_us += (int64_t)prng_below(prng, 3) * SECOND_US / 2 - 1;
		fact->time_hi_us = fact->time_lo_us + random_from(prng, widths, sizeof widths / sizeof widths[0]);
	}
	if (prng_chance(prng, chances->no_time, 20)) {
		fact->time_lo_us = INT64_MIN;
		fact->time_hi_us = INT64_MAX;
	}
}

/* One of several changes that come within milliseconds, each with an event id of its own. */
static inline void knot_stamp(struct chances *chances, struct fact *fact)
{
	static const int64_t distances[] = {0, 0, 0, 500, 999, 1000, 1500};
	struct prng *prng = chances->prng;
	if (prng_chance(prng, 1, 3))
		chances->knot_time = random_time(chances) - (int64_t)prng_below(prng, 3) * 500;
	chances->knot_time += random_from(prng, distances, sizeof distances / sizeof distances[0]);
	fact->domain = 1 + (uint32_t)prng_below(prng, chances->domains);
	fact->has_sequence = false;
	memset(fact->sequence, 0, sizeof fact->sequence);
	fact->event_hash = (1 + prng_below(prng, 5000)) * UINT64_C(0x0003000000000001);
	fact->time_lo_us = chances->knot_time;
	fact->time_hi_us = fact->time_lo_us + 1000;
}

static inline void damage(struct fact *fact)
{
	fact->flags |= FACT_DAMAGED;
	enum item_state after = fact->after.state == STATE_ABSENT ? STATE_ABSENT : STATE_PRESENT;
	fact->after = fact->before = side_unknown();
	fact->after.state = after;
}

/* A domain of kind net, its windows round the exports; or other kinds. */
static inline void random_kinds(struct chances *chances)
{
	struct prng *prng = chances->prng;
	struct scope *scope = &chances->universe->scope;
	struct scope_domain *domain = &scope->domains[prng_below(prng, scope->domain_count)];
	if (prng_chance(prng, 1, 6))
		scope->domains[prng_below(prng, scope->domain_count)].kind = DOMAIN_ROWS;
	if (prng_chance(prng, 1, 6)) {
		struct scope_domain *poll = &scope->domains[prng_below(prng, scope->domain_count)];
		poll->kind = DOMAIN_ROWS;
		poll->filtered = poll->puts_only = true;
	}
	if (!prng_chance(prng, 1, 3))
		return;
	domain->puts_only = false;
	domain->kind = DOMAIN_NET;
	int64_t at = random_time(chances);
	for (uint64_t i = prng_below(prng, 4); i > 0; i--) {
		int64_t to = random_time(chances);
		if (to <= at)
			continue;
		chances->universe->nets[scope->net_count++] =
			(struct scope_net){.domain = domain->domain, .lo = at, .hi = to};
		at = to;
	}
}

/* A change; faithful universes chain the sides, others draw them. */
static inline void random_change(struct chances *chances, uint32_t key, uint32_t place, struct fact_side *last)
{
	struct prng *prng = chances->prng;
	struct fact *fact = universe_add(chances->universe, FACT_CHANGE, key);
	if (prng_chance(prng, chances->knots, 10))
		knot_stamp(chances, fact);
	else
		random_stamp(chances, fact, place);
	fact->before = prng_chance(prng, chances->faithful, 10) ? *last : random_side(chances);
	fact->after = random_side(chances);
	/* Only a lake whose `where` cannot be told of a record leaves an after unknown. */
	if (fact->after.state == STATE_UNKNOWN && prng_chance(prng, 2, 3))
		fact->after.state = STATE_ABSENT;
	*last = fact->after;
	if (fact->after.state == STATE_ABSENT)
		fact->ttl = (uint8_t)prng_below(prng, 3);
	if (prng_chance(prng, chances->damaged, 20))
		damage(fact);
}

/* A delete that TTL made or may have made, by a record that seldom carries the last image. */
static inline void random_expiry(struct chances *chances, uint32_t key, uint32_t place)
{
	struct prng *prng = chances->prng;
	struct fact *fact = universe_add(chances->universe, FACT_CHANGE, key);
	random_stamp(chances, fact, place);
	if (prng_chance(prng, 1, 4))
		fact->before = random_side(chances);
	else
		fact->before.state = STATE_PRESENT;
	fact->after.state = STATE_ABSENT;
	fact->ttl = prng_chance(prng, 1, 2) ? TTL_YES : TTL_UNKNOWN;
}

/* The same record once more, or one that differs somewhere; of its own source and place. */
static inline void random_duplicate(struct chances *chances, uint32_t first)
{
	struct prng *prng = chances->prng;
	struct universe *universe = chances->universe;
	struct fact *copy = universe_add(universe, FACT_CHANGE, 0);
	uint64_t record = copy->record, offset = copy->offset;
	*copy = universe->facts[first + prng_below(prng, universe->fact_count - 1 - first)];
	copy->record = record;
	copy->offset = offset;
	copy->source = copy->kind == FACT_CHANGE ? 1 + 2 * (uint32_t)prng_below(prng, 3) : copy->source;
	if (copy->kind == FACT_CHANGE && prng_chance(prng, 1, 4))
		copy->after = random_side(chances);
	if (copy->kind == FACT_CHANGE && prng_chance(prng, 1, 4))
		copy->before = random_side(chances);
	if (copy->kind == FACT_CHANGE && copy->after.state == STATE_UNKNOWN)
		copy->after.state = STATE_PRESENT;
	if (copy->kind == FACT_CHANGE && prng_chance(prng, 1, 6))
		random_stamp(chances, copy, (uint32_t)prng_below(prng, 6));
	if (copy->kind == FACT_SNAPSHOT && prng_chance(prng, 1, 2))
		copy->after = random_image(chances);
}

static inline void random_items(struct chances *chances, uint32_t key, struct fact_side *last)
{
	struct prng *prng = chances->prng;
	/* One export more than the scope lists: what it holds counts for nothing. */
	for (uint32_t i = 0; i <= chances->export_count; i++) {
		if (!prng_chance(prng, chances->items, 10))
			continue;
		struct fact *fact = universe_add(chances->universe, FACT_SNAPSHOT, key);
		/* Sources in another order than the exports' age. */
		fact->source = SOURCE_OF_EXPORT + 9 - (i + 1) - 4 * (uint32_t)prng_below(prng, 2);
		fact->after = prng_chance(prng, 2, 3) && last->state == STATE_IMAGE ? *last : random_image(chances);
		*last = fact->after;
		if (prng_chance(prng, chances->damaged, 20))
			damage(fact);
	}
}

static inline void random_rows(struct chances *chances, uint32_t key, uint32_t first)
{
	static const uint32_t counts[] = {0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3};
	struct prng *prng = chances->prng;
	struct universe *universe = chances->universe;
	int64_t rows = counts[prng_below(prng, sizeof counts / sizeof counts[0])];
	uint32_t last = universe->fact_count;
	for (; rows > 0; rows--) {
		struct fact *fact = universe_add(universe, FACT_LAKE, key);
		fact->source += 100 * (uint32_t)prng_below(prng, 2);
		fact->after = random_image(chances);
		if (last > first && prng_chance(prng, 3, 4)) {
			const struct fact *of = &universe->facts[first + prng_below(prng, last - first)];
			const struct fact_side *side = prng_chance(prng, 1, 4) ? &of->before : &of->after;
			if (side->state == STATE_IMAGE)
				fact->after = *side;
		}
		fact->after.item[0] = fact->after.item[1] = 0;
		fact->after.flags = 0;
		if (universe->scope.deletes == DELETES_COLUMN && prng_chance(prng, 1, 4))
			fact->flags |= FACT_DELETED;
		if (universe->scope.shape == SHAPE_EVENTS && prng_chance(prng, 2, 3)) {
			fact->flags |= FACT_TIMED;
			fact->time_lo_us = fact->time_hi_us = random_time(chances) - (int64_t)prng_below(prng, 2);
		}
	}
}

/* A lake that makes its rows' keys may put two items on one; of an item it may know nothing but that it was never
 * there. */
static inline void random_standing(struct chances *chances, uint32_t first)
{
	struct prng *prng = chances->prng;
	uint64_t items = 1 + prng_below(prng, 2);
	bool never = prng_chance(prng, 1, 3);
	for (uint32_t i = first; i < chances->universe->fact_count; i++) {
		struct fact *fact = &chances->universe->facts[i];
		fact->item_key = 1 + prng_below(prng, items);
		if (!never || fact->kind != FACT_CHANGE)
			continue;
		fact->after = fact->before = side_unknown();
		fact->after.state = STATE_ABSENT;
		fact->before.state = prng_chance(prng, 1, 2) ? STATE_ABSENT : STATE_UNKNOWN;
	}
}

static inline void random_key(struct chances *chances, uint32_t key)
{
	struct prng *prng = chances->prng;
	uint32_t first = chances->universe->fact_count;
	/* Now and then many, for lists longer than those that are kept. */
	uint64_t changes = prng_chance(prng, 1, 20) ? 10 + prng_below(prng, 10) : prng_below(prng, 6);
	struct fact_side last = side_unknown();
	last.state = STATE_ABSENT;
	bool late_items = prng_chance(prng, 1, 2);
	if (!late_items)
		random_items(chances, key, &last);
	bool expires = prng_chance(prng, 1, 5);
	if (expires && prng_chance(prng, 1, 2))
		changes = prng_below(prng, 2);
	for (uint32_t i = 0; i < changes; i++)
		random_change(chances, key, i, &last);
	if (expires)
		random_expiry(chances, key, (uint32_t)changes);
	if (late_items)
		random_items(chances, key, &last);
	while (chances->universe->fact_count > first && prng_chance(prng, chances->duplicates, 10))
		random_duplicate(chances, first);
	if (prng_chance(prng, 1, 8))
		random_standing(chances, first);
	random_rows(chances, key, first);
}

static inline void random_exports(struct chances *chances)
{
	static const int64_t gaps[] = {0, 1, 59, 60, 61, 119, 120, 121, 300};
	struct prng *prng = chances->prng;
	struct scope *scope = &chances->universe->scope;
	chances->export_count = (uint32_t)prng_below(prng, 4);
	int64_t at = 600 * SECOND_US;
	for (uint32_t i = 0; i < chances->export_count; i++) {
		chances->exports_at[i] = at;
		scope->exports[scope->export_count++] = (struct scope_export){.group = i + 1,
									      .lo = at - FUZZ_S * SECOND_US,
									      .hi = at + FUZZ_S * SECOND_US,
									      .from = at,
									      .to = at,
									      .complete = !prng_chance(prng, 1, 5)};
		/* A dump, read from somewhere in it to somewhere. */
		if (prng_chance(prng, 1, 5)) {
			struct scope_export *export = &scope->exports[scope->export_count - 1];
			export->hi += (int64_t)prng_below(prng, 100) * SECOND_US;
			export->from = export->lo;
			export->to = export->hi;
		}
		at += random_from(prng, gaps, sizeof gaps / sizeof gaps[0]) * SECOND_US;
	}
	/* See random_items: the source's number says the export, two sources each. */
	for (uint32_t i = 0; i <= chances->export_count; i++) {
		chances->universe->groups[SOURCE_OF_EXPORT + 9 - (i + 1)] = i + 1;
		chances->universe->groups[SOURCE_OF_EXPORT + 9 - (i + 1) - 4] = i + 1;
	}
}

static inline void random_windows(struct chances *chances)
{
	struct prng *prng = chances->prng;
	struct universe *universe = chances->universe;
	struct scope *scope = &universe->scope;
	for (uint32_t i = 0; i < RANDOM_DOMAINS; i++) {
		struct scope_domain *domain = &scope->domains[scope->domain_count++];
		domain->domain = i + 1;
		domain->filtered = prng_chance(prng, 1, 8);
		int64_t one = prng_chance(prng, 1, 2) ? 0 : random_time(chances);
		int64_t other = prng_chance(prng, 1, 2) ? 2000 * SECOND_US : random_time(chances);
		domain->lo = one < other ? one : other;
		domain->hi = one < other ? other : one;
		if (prng_chance(prng, i == 0 ? 1 : 4, 6))
			domain->hi = domain->lo - 1; /* no record with a time */
	}
	random_kinds(chances);
	universe_derive(universe);
	if (prng_chance(prng, 1, 2))
		scope->hole_count = 0;
	else if (prng_chance(prng, 1, 4)) {
		int64_t lo = random_time(chances);
		scope->holes[scope->hole_count++] = (struct scope_hole){.lo = lo, .hi = lo + 5 * SECOND_US};
	}
}

static inline void random_policies(struct chances *chances)
{
	struct prng *prng = chances->prng;
	struct scope *scope = &chances->universe->scope;
	static const enum baseline baselines[] = {BASELINE_SNAPSHOT, BASELINE_EMPTY, BASELINE_NONE};
	scope->baseline = baselines[prng_below(prng, 3)];
	scope->deletes = prng_chance(prng, 1, 2) ? DELETES_COLUMN : DELETES_ABSENT;
	scope->ttl = prng_chance(prng, 1, 2)   ? TTL_POLICY_KEEP
		     : prng_chance(prng, 1, 2) ? TTL_POLICY_SOFT
					       : TTL_POLICY_DELETE;
	scope->ambiguous_accept = prng_chance(prng, 1, 3);
	scope->unreadable = prng_chance(prng, 1, 25);
	scope->unmatched = prng_chance(prng, 1, 15);
	scope->by_row = prng_chance(prng, 1, 6);
	scope->has_lake = !prng_chance(prng, 1, 15);
	if (chances->dates > 0) {
		scope->retains = true;
		scope->retain_out_s = 1000;
		scope->retain_in_s = prng_chance(prng, 1, 2) ? 1100 : 1000;
	}
	scope->shape = prng_chance(prng, 1, 6) ? SHAPE_EVENTS : SHAPE_STATE;
	if (prng_chance(prng, 1, 6)) {
		scope->has_as_of = true;
		scope->as_of_us = random_time(chances);
	}
	if (prng_chance(prng, 1, 4))
		scope->settle_from_us = random_time(chances);
	if (prng_chance(prng, 1, 6)) {
		for (; scope->alias_count <= RANDOM_DOMAINS; scope->alias_count++)
			chances->universe->aliases[scope->alias_count] = scope->alias_count;
		chances->universe->aliases[3] = 1 + (uint32_t)prng_below(prng, 2);
	}
}

static inline void random_universe(struct prng *prng, struct universe *universe)
{
	struct chances chances = {.universe = universe, .prng = prng};
	chances.domains = prng_chance(prng, 1, 2) ? 1 : 1 + (uint32_t)prng_below(prng, RANDOM_DOMAINS);
	chances.sequences = prng_chance(prng, 1, 2) ? 10 : (uint32_t)prng_below(prng, 11);
	chances.damaged = prng_chance(prng, 3, 4) ? 0 : 2;
	chances.no_time = prng_chance(prng, 3, 4) ? 0 : 2;
	chances.ms_times = prng_chance(prng, 1, 2) ? 0 : 5;
	chances.duplicates = (uint32_t)prng_below(prng, 6);
	chances.ttl_values = (uint32_t)prng_below(prng, 9);
	chances.dates = prng_chance(prng, 1, 3) ? 4 + (uint32_t)prng_below(prng, 6) : 0;
	chances.items = 3 + (uint32_t)prng_below(prng, 8);
	chances.faithful = prng_chance(prng, 1, 2) ? 10 : (uint32_t)prng_below(prng, 11);
	if (prng_chance(prng, 1, 3)) {
		chances.knots = 5 + (uint32_t)prng_below(prng, 6);
		chances.faithful = 8 + (uint32_t)prng_below(prng, 3);
	}
	random_exports(&chances);
	random_policies(&chances);
	random_windows(&chances);
	uint32_t keys = 4 + (uint32_t)prng_below(prng, 24);
	for (uint32_t key = 0; key < keys; key++)
		random_key(&chances, key);
}

#endif
