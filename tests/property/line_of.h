/* line_of - a universe's key as a line of its images, for the tests of versions; header-only. */
#ifndef LAKEPROOF_TESTS_PROPERTY_LINE_OF_H
#define LAKEPROOF_TESTS_PROPERTY_LINE_OF_H

#include "reconcile/versions_line.h"
#include "tests/property/notation.h"

/* What a universe leaves to the end, by what scope_build makes of windows: the last one that no series is part of. */
static inline void line_complete_scope(struct universe *universe)
{
	struct scope *scope = &universe->scope;
	scope->captured = (struct scope_window){0, -1, false};
	for (uint32_t i = 0; i < scope->window_count; i++) {
		bool series = false;
		for (uint32_t net = 0; net < scope->net_count; net++)
			series = series || (scope->nets[net].lo <= scope->windows[i].hi &&
					    scope->nets[net].hi >= scope->windows[i].lo);
		if (!series)
			scope->captured = scope->windows[i];
	}
}

static inline uint32_t line_export_of(const struct universe *universe, const struct fact *fact)
{
	for (uint32_t i = 0; i < universe->scope.export_count; i++)
		if (fact->kind == FACT_SNAPSHOT && universe->exports[i].group == universe->groups[fact->source])
			return i;
	return UINT32_MAX;
}

static inline int line_by_fact_order(const void *left, const void *right)
{
	return fact_compare(left, right);
}

/* As versions_check makes it: what is unproven for another reason than the line knows of is not judged. */
static inline void line_make(struct universe *universe, uint32_t key, struct line *line)
{
	enum { BEARABLE = UNPROVEN_IMAGE | UNPROVEN_HOLE };
	struct error error = {0};
	struct judge *judge = judge_new(&universe->scope, universe->groups);
	qsort(universe->facts, universe->fact_count, sizeof universe->facts[0], line_by_fact_order);
	line_begin(line);
	judge_begin(judge);
	int code = 0;
	for (uint32_t i = 0; i < universe->fact_count; i++) {
		const struct fact *fact = &universe->facts[i];
		if (!slice_equal(fact->key, universe_key(key)))
			continue;
		judge_fact(judge, fact);
		code |= line_take(line, fact, line_export_of(universe, fact), &error);
	}
	code |= line_end(line, &error);
	if (line->reason != VERSIONS_UNKNOWN && (judge_end(judge)->unproven & ~(uint32_t)BEARABLE) != 0)
		line->reason = VERSIONS_UNPROVEN;
	judge_free(judge);
	if (code != 0)
		printf("Bail out! %s\n", error.message);
}

#endif
