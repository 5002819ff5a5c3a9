/* Two judgements of one key held against each other, and so both mergers over one state. */
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "reconcile/judge/reference.h"

static bool origins_equal(const struct fact_origin *left, const struct fact_origin *right)
{
	return left->source == right->source && left->record == right->record && left->offset == right->offset;
}

static bool sides_equal(const struct fact_side *left, const struct fact_side *right)
{
	return left->state == right->state && left->flags == right->flags && left->item[0] == right->item[0] &&
	       left->item[1] == right->item[1] && left->row == right->row && left->expires_s == right->expires_s &&
	       left->dated_s == right->dated_s;
}

static const char *lake_difference(const struct judgement *left, const struct judgement *right)
{
#define SAME(field)                                                                                                    \
	if (left->field != right->field)                                                                               \
	return #field
	SAME(lake_expected);
	SAME(lake_rows);
	SAME(lake_rows_deleted);
	SAME(lake_rows_equal);
	if (!origins_equal(&left->lake, &right->lake))
		return "lake";
	SAME(lake_row);
	SAME(class);
	SAME(finding);
	if (!origins_equal(&left->stale, &right->stale))
		return "stale";
	SAME(stale_before);
	SAME(missed);
	for (uint32_t i = 0; i < left->missed && i < JUDGE_MISSED_MAX; i++)
		if (!origins_equal(&left->missed_facts[i], &right->missed_facts[i]))
			return "missed_facts";
	return NULL;
}

const char *reference_difference(const struct judgement *left, const struct judgement *right)
{
	if (!slice_equal(left->key, right->key))
		return "key";
	SAME(key_hash);
	if (!sides_equal(&left->expected, &right->expected))
		return "expected";
	SAME(ttl);
	SAME(decided_by);
	SAME(decided_time_us);
	if (!origins_equal(&left->decided, &right->decided))
		return "decided";
	SAME(unproven);
	SAME(changes);
	SAME(duplicates);
	SAME(conflicts);
	SAME(chain_breaks);
	SAME(overlap);
	SAME(capture_lost);
	if (!origins_equal(&left->broken, &right->broken))
		return "broken";
#undef SAME
	return lake_difference(left, right);
}

/* ---- both mergers over one state */

/* What one worker of the fast merge has judged; keys are copied into the arena. */
struct judged {
	struct arena arena;
	struct judgement *rows;
	size_t count, capacity;
};

struct check {
	struct judged *workers;
	struct judgement *rows; /* of all workers, by key */
	size_t count, next;
};

static int keep_judgement(void *context, uint32_t worker, const struct judgement *judgement, struct error *error)
{
	struct judged *judged = &((struct check *)context)->workers[worker];
	if (judged->count == judged->capacity) {
		size_t capacity = judged->capacity == 0 ? 1024 : 2 * judged->capacity;
		struct judgement *rows = reallocarray(judged->rows, capacity, sizeof *rows);
		if (rows == NULL)
			return error_set(error, ERROR_INTERNAL, "reference check: out of memory");
		judged->rows = rows;
		judged->capacity = capacity;
	}
	struct judgement *row = &judged->rows[judged->count];
	*row = *judgement;
	row->key = arena_copy(&judged->arena, judgement->key);
	if (row->key.data == NULL)
		return error_set(error, ERROR_INTERNAL, "reference check: out of memory");
	judged->count++;
	return 0;
}

static int by_key(const void *left, const void *right)
{
	return slice_compare(((const struct judgement *)left)->key, ((const struct judgement *)right)->key);
}

static int gather(struct check *check, uint32_t workers, struct error *error)
{
	for (uint32_t i = 0; i < workers; i++)
		check->count += check->workers[i].count;
	check->rows = calloc(check->count + 1, sizeof *check->rows);
	if (check->rows == NULL)
		return error_set(error, ERROR_INTERNAL, "reference check: out of memory");
	size_t at = 0;
	for (uint32_t i = 0; i < workers; i++) {
		if (check->workers[i].count > 0)
			memcpy(check->rows + at, check->workers[i].rows, check->workers[i].count * sizeof *check->rows);
		at += check->workers[i].count;
	}
	qsort(check->rows, check->count, sizeof *check->rows, by_key);
	return 0;
}

static int differs(struct slice key, const char *how, struct error *error)
{
	char hex[129];
	size_t shown = key.size < 64 ? key.size : 64;
	hex[0] = '\0';
	for (size_t i = 0; i < shown; i++)
		snprintf(hex + 2 * i, sizeof hex - 2 * i, "%02x", (unsigned char)key.data[i]);
	return error_set(error, ERROR_INTERNAL,
			 "the fast merge and docs/semantics.sql differ on key x'%s%s' in %s; please report this with "
			 "its sources",
			 hex, shown < key.size ? "…" : "", how);
}

static int check_judgement(void *context, const struct judgement *judgement, struct error *error)
{
	struct check *check = context;
	if (check->next == check->count)
		return differs(judgement->key, "that only the SQL has it", error);
	const struct judgement *fast = &check->rows[check->next++];
	int order = slice_compare(fast->key, judgement->key);
	if (order < 0)
		return differs(fast->key, "that only the fast merge has it", error);
	if (order > 0)
		return differs(judgement->key, "that only the SQL has it", error);
	const char *field = reference_difference(fast, judgement);
	return field == NULL ? 0 : differs(judgement->key, field, error);
}

struct state_facts {
	struct state *state;
	const struct merge_options *options;
};

static int feed_state(void *context, int (*each)(void *each_context, const struct fact *fact, struct error *error),
		      void *each_context, struct error *error)
{
	struct state_facts *facts = context;
	return merge_all_facts(facts->state, facts->options, each, each_context, error);
}

/* Export groups by source id, for the chosen sources. */
static uint32_t *groups_of(const struct state *state, const struct merge_options *options, uint32_t *count)
{
	*count = 1;
	for (uint64_t i = 0; i < options->source_count; i++)
		if (options->sources[i] >= *count)
			*count = options->sources[i] + 1;
	uint32_t *groups = calloc(*count, sizeof *groups);
	for (uint64_t i = 0; groups != NULL && i < options->source_count; i++) {
		const struct state_source *source = state_source(state, options->sources[i]);
		if (source != NULL && source->kind == STATE_EXPORT_FILE)
			groups[source->id] = source->group;
	}
	return groups;
}

static int run_reference(struct state *state, const struct scope *scope, const struct merge_options *options,
			 struct check *check, struct error *error)
{
	struct state_facts from = {.state = state, .options = options};
	struct reference_facts facts = {.context = &from, .feed = feed_state};
	struct reference *reference = NULL;
	uint32_t group_count = 0;
	uint32_t *groups = groups_of(state, options, &group_count);
	int code = 0;
	if (groups == NULL) {
		code = error_set(error, ERROR_INTERNAL, "reference check: out of memory");
		goto out;
	}
	code = reference_open(&reference, error);
	if (code == 0)
		code = reference_run(reference, scope, groups, group_count, &facts, check_judgement, check, error);
	if (code == 0 && check->next < check->count)
		code = differs(check->rows[check->next].key, "that only the fast merge has it", error);
out:
	reference_close(reference);
	free(groups);
	return code;
}

int reference_check(struct state *state, const struct scope *scope, const struct merge_options *options,
		    struct error *error)
{
	struct check check = {.workers = calloc(options->workers, sizeof *check.workers)};
	if (check.workers == NULL)
		return error_set(error, ERROR_INTERNAL, "reference check: out of memory");
	for (uint32_t i = 0; i < options->workers; i++)
		arena_init(&check.workers[i].arena, SIZE_MAX);
	int code = merge_run(state, scope, options, keep_judgement, &check, error);
	if (code == 0)
		code = gather(&check, options->workers, error);
	if (code == 0)
		code = run_reference(state, scope, options, &check, error);
	for (uint32_t i = 0; i < options->workers; i++) {
		free(check.workers[i].rows);
		arena_release(&check.workers[i].arena);
	}
	free(check.workers);
	free(check.rows);
	return code;
}
