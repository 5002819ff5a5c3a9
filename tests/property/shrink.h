/* shrink - makes a universe smaller while something still holds of it: facts, parts of the scope and policies are left
 * out one at a time, over and over, until nothing more can go. Header-only, for tests. */
#ifndef LAKEPROOF_TESTS_PROPERTY_SHRINK_H
#define LAKEPROOF_TESTS_PROPERTY_SHRINK_H

#include "tests/property/universe.h"

/* Whether the fast judge and the reference say different things of any key. */
static inline bool judges_differ(struct universe *universe)
{
	static struct outcome_rows reference, fast;
	universe_reference(universe, &reference);
	universe_judge(universe, &fast);
	if (reference.count != fast.count)
		return true;
	for (uint32_t i = 0; i < reference.count; i++)
		if (reference_difference(&reference.rows[i], &fast.rows[i]) != NULL)
			return true;
	return false;
}

static inline void leave_out_fact(struct universe *universe, uint32_t index)
{
	universe->fact_count--;
	memmove(&universe->facts[index], &universe->facts[index + 1],
		(universe->fact_count - index) * sizeof universe->facts[0]);
}

/* Leaves out the part-th part of the scope; false when there are no more parts. */
static inline bool leave_out_part(struct universe *universe, uint32_t part)
{
	struct scope *scope = &universe->scope;
	enum { POLICIES = 13 };
	bool *flags[] = {&scope->unreadable, &scope->ambiguous_accept, &scope->has_as_of};
	if (part < POLICIES) {
		if (part < 3)
			*flags[part] = false;
		else if (part == 3)
			scope->baseline = BASELINE_SNAPSHOT;
		else if (part == 4)
			scope->deletes = DELETES_ABSENT;
		else if (part == 5)
			scope->ttl = TTL_POLICY_DELETE;
		else if (part == 6)
			scope->settle_from_us = INT64_MAX;
		else if (part == 7)
			scope->alias_count = 0;
		else if (part == 8)
			scope->has_lake = true;
		else if (part == 9)
			scope->by_row = false;
		else if (part == 10)
			scope->retains = false;
		else if (part == 11)
			scope->unmatched = false;
		else if (part == 12)
			scope->shape = SHAPE_STATE;
		return true;
	}
	part -= POLICIES;
	if (part < scope->export_count) {
		scope->export_count--;
		memmove(&scope->exports[part], &scope->exports[part + 1],
			(scope->export_count - part) * sizeof scope->exports[0]);
		return true;
	}
	part -= scope->export_count;
	if (part < scope->window_count) {
		scope->window_count--;
		memmove(&scope->windows[part], &scope->windows[part + 1],
			(scope->window_count - part) * sizeof scope->windows[0]);
		return true;
	}
	part -= scope->window_count;
	if (part < scope->net_count) {
		scope->net_count--;
		memmove(&scope->nets[part], &scope->nets[part + 1], (scope->net_count - part) * sizeof scope->nets[0]);
		return true;
	}
	part -= scope->net_count;
	if (part >= scope->hole_count)
		return false;
	scope->hole_count--;
	memmove(&scope->holes[part], &scope->holes[part + 1], (scope->hole_count - part) * sizeof scope->holes[0]);
	return true;
}

static inline void shrink(struct universe *universe, bool (*holds)(struct universe *universe))
{
	struct universe *trial = universe_new();
	for (bool smaller = true; smaller;) {
		smaller = false;
		for (uint32_t i = universe->fact_count; i-- > 0;) {
			universe_copy(trial, universe);
			leave_out_fact(trial, i);
			if (!holds(trial))
				continue;
			universe_copy(universe, trial);
			smaller = true;
		}
	}
	/* A default policy stays what it is, so one pass over each part is enough. */
	for (uint32_t part = 0;; part++) {
		universe_copy(trial, universe);
		if (!leave_out_part(trial, part))
			break;
		if (holds(trial))
			universe_copy(universe, trial);
	}
	free(trial);
}

#endif
