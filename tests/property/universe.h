/* universe - a small set of facts with a scope, made by a test, and both mergers run over it.
 *
 * Header-only, for tests. A universe owns its arrays; scope points into it, so it is copied by universe_copy only. Keys
 * are the texts of universe_key. Times in the notation are seconds, in the facts microseconds. */
#ifndef LAKEPROOF_TESTS_PROPERTY_UNIVERSE_H
#define LAKEPROOF_TESTS_PROPERTY_UNIVERSE_H

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/attributes.h"
#include "reconcile/digest/digest.h"
#include "reconcile/judge/reference.h"

enum { UNIVERSE_FACTS_MAX = 4096, UNIVERSE_PARTS_MAX = 64, UNIVERSE_KEYS_MAX = 64, UNIVERSE_SOURCES_MAX = 128 };
enum { SECOND_US = 1000000, FUZZ_S = 60 };
/* Sources of the notation: changes, lake rows, and 10 + n for export n. */
enum { SOURCE_OF_CHANGES = 1, SOURCE_OF_LAKE = 2, SOURCE_OF_EXPORT = 10 };

struct universe {
	struct scope scope;
	struct scope_export exports[UNIVERSE_PARTS_MAX];
	struct scope_domain domains[UNIVERSE_PARTS_MAX];
	struct scope_window windows[UNIVERSE_PARTS_MAX];
	struct scope_hole holes[UNIVERSE_PARTS_MAX];
	struct scope_net nets[UNIVERSE_PARTS_MAX];
	uint32_t aliases[UNIVERSE_PARTS_MAX];
	uint32_t groups[UNIVERSE_SOURCES_MAX]; /* export group by source id */
	struct fact facts[UNIVERSE_FACTS_MAX];
	uint32_t fact_count;
};

static inline struct slice universe_key(uint32_t index)
{
	static char names[UNIVERSE_KEYS_MAX][8];
	assert(index < UNIVERSE_KEYS_MAX);
	snprintf(names[index], sizeof names[index], "k%u", (unsigned)index);
	return slice_from(names[index]);
}

static inline struct universe *universe_new(void)
{
	struct universe *universe = calloc(1, sizeof *universe);
	assert(universe != NULL);
	struct scope *scope = &universe->scope;
	scope->exports = universe->exports;
	scope->domains = universe->domains;
	scope->windows = universe->windows;
	scope->holes = universe->holes;
	scope->nets = universe->nets;
	scope->aliases = universe->aliases;
	scope->baseline = BASELINE_SNAPSHOT;
	scope->has_lake = true;
	scope->settle_from_us = INT64_MAX;
	return universe;
}

static inline void universe_copy(struct universe *to, const struct universe *from)
{
	memcpy(to, from, offsetof(struct universe, facts));
	memcpy(to->facts, from->facts, from->fact_count * sizeof from->facts[0]);
	to->fact_count = from->fact_count;
	to->scope.exports = to->exports;
	to->scope.domains = to->domains;
	to->scope.windows = to->windows;
	to->scope.holes = to->holes;
	to->scope.nets = to->nets;
	to->scope.aliases = to->aliases;
}

static inline struct fact_side side_unknown(void)
{
	return (struct fact_side){.state = STATE_UNKNOWN, .expires_s = EXPIRES_NONE};
}

/* A fact of that kind with nothing in it yet; record and offset are its place, from 1. */
static inline struct fact *universe_add(struct universe *universe, enum fact_kind kind, uint32_t key)
{
	assert(universe->fact_count < UNIVERSE_FACTS_MAX);
	struct fact *fact = &universe->facts[universe->fact_count++];
	memset(fact, 0, sizeof *fact);
	fact->key = universe_key(key);
	fact->key_hash = fact_key_hash(fact->key);
	fact->kind = kind;
	fact->record = universe->fact_count;
	fact->offset = 100 * fact->record;
	fact->after = fact->before = side_unknown();
	fact->source = kind == FACT_LAKE ? SOURCE_OF_LAKE : SOURCE_OF_CHANGES;
	return fact;
}

static inline int nets_order(const void *left, const void *right)
{
	const struct scope_net *a = left, *b = right;
	if (a->lo != b->lo)
		return a->lo < b->lo ? -1 : 1;
	return (a->hi > b->hi) - (a->hi < b->hi);
}

/* What of the windows of series no other kind of domain covers: moved down to the begin of whatever covers its end. */
static inline void universe_derive_nets(struct universe *universe)
{
	const struct scope *scope = &universe->scope;
	int64_t reach = INT64_MIN;
	qsort(universe->nets, scope->net_count, sizeof universe->nets[0], nets_order);
	for (uint32_t i = 0; i < scope->net_count; i++) {
		struct scope_net *net = &universe->nets[i];
		net->reach = reach = net->hi > reach ? net->hi : reach;
		net->open_hi = net->hi;
		for (bool moved = true; moved;) {
			moved = false;
			for (uint32_t j = 0; j < scope->domain_count; j++) {
				const struct scope_domain *domain = &scope->domains[j];
				if (domain->kind == DOMAIN_NET || domain->puts_only || domain->lo >= net->open_hi ||
				    domain->hi < net->open_hi)
					continue;
				net->open_hi = domain->lo;
				moved = true;
			}
		}
		net->open_hi = net->open_hi < net->lo ? net->lo : net->open_hi;
	}
}

/* The end of a hole that reaches to a window's begin: that of the export which the window continues. */
static inline int64_t hole_end(const struct scope *scope, int64_t at, int64_t lo)
{
	for (uint32_t i = 0; i < scope->export_count; i++)
		for (uint32_t j = 0; j < scope->net_count; j++)
			if (scope->nets[j].lo == lo && scope->exports[i].complete && at <= scope->exports[i].lo &&
			    scope->exports[i].lo < lo && lo <= scope->exports[i].from)
				return scope->exports[i].lo;
	return lo;
}

/* The union of the domains' windows; all: also of those that tell of puts only. */
static inline uint32_t universe_unite(const struct scope *scope, bool all, struct scope_window *windows)
{
	uint32_t count = 0;
	bool taken[UNIVERSE_PARTS_MAX] = {false};
	for (;;) {
		/* The next window begins with the first domain not yet taken, and grows while another touches it. */
		const struct scope_domain *first = NULL;
		for (uint32_t i = 0; i < scope->domain_count; i++)
			if (!taken[i] && (all || !scope->domains[i].puts_only) &&
			    scope->domains[i].lo <= scope->domains[i].hi &&
			    (first == NULL || scope->domains[i].lo < first->lo))
				first = &scope->domains[i];
		if (first == NULL)
			break;
		struct scope_window *window = &windows[count++];
		*window = (struct scope_window){.lo = first->lo, .hi = first->hi};
		for (bool grown = true; grown;) {
			grown = false;
			for (uint32_t i = 0; i < scope->domain_count; i++) {
				const struct scope_domain *domain = &scope->domains[i];
				if (taken[i] || (!all && domain->puts_only) || domain->lo > domain->hi ||
				    domain->lo > window->hi || domain->hi < window->lo)
					continue;
				taken[i] = grown = true;
				window->filtered |= domain->filtered || domain->kind == DOMAIN_NET;
				if (domain->hi > window->hi)
					window->hi = domain->hi;
			}
		}
	}
	return count;
}

/* Computes windows and holes from domains and exports, as the page's "Scope" has it. */
static inline void universe_derive(struct universe *universe)
{
	struct scope *scope = &universe->scope;
	struct scope_window landed[UNIVERSE_PARTS_MAX];
	scope->hole_count = 0;
	universe_derive_nets(universe);
	scope->window_count = universe_unite(scope, false, scope->windows);
	uint32_t count = universe_unite(scope, true, landed);
	if (count == 0)
		return;
	int64_t at = scope->export_count > 0 ? scope->exports[0].lo : landed[0].lo;
	for (uint32_t i = 0; i < count; i++) {
		int64_t to = hole_end(scope, at, landed[i].lo);
		if (to > at)
			scope->holes[scope->hole_count++] = (struct scope_hole){.lo = at, .hi = to};
		if (landed[i].hi > at)
			at = landed[i].hi;
	}
}

/* What a merger says of every key, by key bytes; keys are universe_key's. */
struct outcome_rows {
	struct judgement rows[UNIVERSE_KEYS_MAX];
	uint32_t count;
};

static inline int universe_feed(void *context,
				int (*each)(void *each_context, const struct fact *fact, struct error *error),
				void *each_context, struct error *error)
{
	const struct universe *universe = context;
	int code = 0;
	for (uint32_t i = 0; i < universe->fact_count && code == 0; i++)
		code = each(each_context, &universe->facts[i], error);
	return code;
}

static inline int universe_keep(void *context, const struct judgement *judgement, struct error *error)
{
	(void)error;
	struct outcome_rows *rows = context;
	assert(rows->count < UNIVERSE_KEYS_MAX);
	struct judgement *row = &rows->rows[rows->count++];
	*row = *judgement;
	for (uint32_t i = 0; i < UNIVERSE_KEYS_MAX; i++)
		if (slice_equal(universe_key(i), judgement->key))
			row->key = universe_key(i);
	return 0;
}

/* One merger serves every universe: to make its tables takes longer than to fill them. Closed when the test ends. */
static struct reference *universe_merger;

static inline void universe_merger_close(void)
{
	reference_close(universe_merger);
}

static inline void universe_reference(struct universe *universe, struct outcome_rows *rows)
{
	struct error error = {0};
	struct reference_facts facts = {.context = universe, .feed = universe_feed};
	int code = 0;
	if (universe_merger == NULL) {
		code = reference_open(&universe_merger, &error);
		(void)atexit(universe_merger_close);
	}
	rows->count = 0;
	if (code == 0)
		code = reference_run(universe_merger, &universe->scope, universe->groups, UNIVERSE_SOURCES_MAX, &facts,
				     universe_keep, rows, &error);
	if (code != 0) {
		printf("Bail out! %s\n", error.message);
		exit(1);
	}
}

static inline int universe_order(const void *left, const void *right)
{
	return fact_compare(left, right);
}

static inline int rows_order(const void *left, const void *right)
{
	return slice_compare(((const struct judgement *)left)->key, ((const struct judgement *)right)->key);
}

/* The fast judge over the same facts, in the order in which the merge would hand them out. */
static inline void universe_judge(const struct universe *universe, struct outcome_rows *rows)
{
	struct fact *sorted = calloc(universe->fact_count + 1, sizeof *sorted);
	struct judge *judge = judge_new(&universe->scope, universe->groups);
	assert(sorted != NULL && judge != NULL);
	memcpy(sorted, universe->facts, universe->fact_count * sizeof *sorted);
	qsort(sorted, universe->fact_count, sizeof *sorted, universe_order);
	rows->count = 0;
	for (uint32_t i = 0; i < universe->fact_count;) {
		uint32_t first = i;
		judge_begin(judge);
		for (; i < universe->fact_count && slice_equal(sorted[first].key, sorted[i].key); i++)
			judge_fact(judge, &sorted[i]);
		universe_keep(rows, judge_end(judge), NULL);
	}
	qsort(rows->rows, rows->count, sizeof rows->rows[0], rows_order);
	judge_free(judge);
	free(sorted);
}

#endif
