#include "reconcile/told_once.h"

#include <stdlib.h>
#include <xxhash.h>

/* A set of findings, by their hashes; sorted when it is asked. */
struct told {
	struct told_one {
		enum finding_id id;
		uint64_t hash;
	} * ones;
	uint64_t count, capacity;
};

static bool of_source(enum finding_id id)
{
	return (id >= FINDING_SOURCE_MIXED && id <= FINDING_EXPORT_EXTRA) || id == FINDING_COVERAGE_HOLE;
}

static bool add(struct told *told, enum finding_id id, uint64_t hash)
{
	if (told->count == told->capacity) {
		uint64_t capacity = told->capacity == 0 ? 64 : told->capacity * 2;
		struct told_one *grown = reallocarray(told->ones, capacity, sizeof *grown);
		if (grown == NULL)
			return false;
		told->ones = grown;
		told->capacity = capacity;
	}
	told->ones[told->count++] = (struct told_one){id, hash};
	return true;
}

static int order(const void *left, const void *right)
{
	const struct told_one *a = left, *b = right;
	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	return (a->hash > b->hash) - (a->hash < b->hash);
}

static uint64_t hash_text(const char *text, uint64_t seed)
{
	return text == NULL ? XXH64("", 0, seed) : XXH64(text, strlen(text) + 1, seed);
}

static uint64_t hash_place(const char *path, bool has_position, uint64_t record, uint64_t offset)
{
	const uint64_t place[] = {has_position, has_position ? record : 0, has_position ? offset : 0};
	return XXH64(place, sizeof place, hash_text(path, 0));
}

/* ---- counts */

struct counting {
	struct told told;
	uint64_t problems[FINDING_COUNT]; /* of the present lake */
	bool failed;
};

static int take_problem(void *context, const struct state_problem *problem)
{
	struct counting *counting = context;
	enum finding_id id = finding_from_text(problem->id);
	if (id == FINDING_COUNT || !of_source(id))
		return 0;
	uint64_t place = hash_place(problem->path, problem->has_position, problem->record, problem->offset);
	counting->problems[id]++;
	counting->failed = !add(&counting->told, id, hash_text(problem->message, place));
	return counting->failed;
}

/* Problems of files are told apart; what else is told of sources goes by all of them, and is the same for each lake. */
static int count_once(struct run *runs, struct outcome *total, struct error *error)
{
	struct counting counting = {0};
	uint64_t others[FINDING_COUNT] = {0};
	int code = 0;
	for (uint32_t i = 0; i < total->lake_count && code == 0; i++, runs = runs->next) {
		memset(counting.problems, 0, sizeof counting.problems);
		for (uint64_t j = 0; j < runs->problem_count && !counting.failed; j++)
			(void)take_problem(&counting, &runs->problems[j]);
		code = state_problems(runs->state, runs->sources, runs->source_count, take_problem, &counting, error);
		for (int id = 0; id < FINDING_COUNT; id++) {
			uint64_t count = total->lakes[i]->by_id[id] - counting.problems[id];
			others[id] = of_source((enum finding_id)id) && count > others[id] ? count : others[id];
		}
	}
	if (code == 0 && counting.failed)
		code = error_set(error, ERROR_INTERNAL, "out of memory");
	if (counting.told.count > 0)
		qsort(counting.told.ones, counting.told.count, sizeof *counting.told.ones, order);
	for (int id = 0; id < FINDING_COUNT; id++)
		if (of_source((enum finding_id)id))
			total->by_id[id] = others[id];
	for (uint64_t i = 0; i < counting.told.count; i++)
		if (i == 0 || order(&counting.told.ones[i - 1], &counting.told.ones[i]) != 0)
			total->by_id[counting.told.ones[i].id]++;
	free(counting.told.ones);
	return code;
}

/* ---- details */

static uint64_t hash_finding(const struct finding *finding)
{
	const struct finding_record *record = finding->record_count > 0 ? &finding->records[0] : NULL;
	if (record == NULL)
		return hash_text(finding->cause, 0);
	return hash_text(finding->cause,
			 hash_place(record->path, record->has_position, record->record, record->offset));
}

/* Leaves out what earlier lakes have told; false: out of memory. */
static bool leave_out(struct told *told, struct outcome *lake)
{
	uint64_t kept = 0, before = told->count;
	bool whole = true;
	if (before > 0)
		qsort(told->ones, before, sizeof *told->ones, order);
	for (uint64_t i = 0; i < lake->finding_count; i++) {
		const struct finding *finding = &lake->findings[i];
		const struct told_one one = {finding->id, hash_finding(finding)};
		if (of_source(finding->id) && before > 0 &&
		    bsearch(&one, told->ones, before, sizeof one, order) != NULL)
			continue;
		if (of_source(finding->id))
			whole = add(told, one.id, one.hash) && whole;
		if (kept != i)
			lake->findings[kept] = *finding;
		kept++;
	}
	lake->finding_count = kept;
	return whole;
}

int told_once(struct run *runs, struct outcome *total, struct error *error)
{
	struct told told = {0};
	bool whole = true;
	int code = count_once(runs, total, error);
	for (uint32_t i = 0; i < total->lake_count && code == 0; i++)
		whole = leave_out(&told, total->lakes[i]) && whole;
	free(told.ones);
	return code == 0 && !whole ? error_set(error, ERROR_INTERNAL, "out of memory") : code;
}
