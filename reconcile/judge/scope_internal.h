/* scope_internal - what a scope is being built from; for the files of the scope only.
 *
 * Everything lies in the arena that the scope owns afterwards, but for `recorded`, which scope_build frees. */
#ifndef LAKEPROOF_RECONCILE_JUDGE_SCOPE_INTERNAL_H
#define LAKEPROOF_RECONCILE_JUDGE_SCOPE_INTERNAL_H

#include "base/arena.h"
#include "reconcile/judge/merge.h"

struct recorded {
	uint32_t domain, group;
	int64_t lo, hi;
};

/* An incremental export and the series it belongs to. */
struct increment {
	const struct scope_increment_input *input;
	bool covered;    /* complete, and not cut by as_of */
	uint32_t series; /* index of the first of its series; its own when it is not covered */
	/* Of the first: */
	uint32_t domain;                  /* of the series' changes, 0 without any */
	int64_t last_from_us, last_to_us; /* its last window */
};

struct scope_building {
	struct state *state;
	const struct contract *contract;
	const uint32_t *source_groups;
	struct scope *scope;
	struct arena *arena;
	struct recorded *recorded; /* what the records of each file show, of the chosen sources */
	size_t recorded_count, recorded_capacity;
	uint32_t domain_max;
	struct increment *increments; /* ascending by from, then to; those from as_of on left out */
	uint32_t increment_count;
	int64_t uncovered_hi; /* the end of the last increment not covered, INT64_MIN without */
};

/* scope_series.c: incremental exports whose windows follow on one another are a series. */
int scope_make_series(struct scope_building *building, const struct scope_inputs *inputs) MUST_USE;
/* The export whose folder's group that is, or NULL. */
const struct increment *scope_increment_of(const struct scope_building *building, uint32_t group);
/* All domains of a series are one. */
void scope_alias_series(struct scope_building *building, uint32_t *aliases);
/* Adds the series' spans, and the windows of their exports; there is room. */
void scope_make_nets(struct scope_building *building);

#endif
