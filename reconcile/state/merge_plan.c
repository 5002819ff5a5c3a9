/* Which blocks a merge reads and whose facts count. */
#include <stdlib.h>

#include "reconcile/state/merge_stream.h"
#include "reconcile/state/state_internal.h"

static int no_memory(struct error *error)
{
	return error_set(error, ERROR_INTERNAL, "out of memory");
}

static int choose_sources(const struct merge_options *options, struct merge_plan *plan, struct error *error)
{
	uint32_t most = 0;
	for (uint64_t i = 0; i < options->source_count; i++)
		if (options->sources[i] > most)
			most = options->sources[i];
	plan->source_limit = most + 1;
	plan->chosen = calloc(plan->source_limit, sizeof(*plan->chosen));
	plan->groups = calloc(plan->source_limit, sizeof(*plan->groups));
	if (plan->chosen == NULL || plan->groups == NULL)
		return no_memory(error);
	for (uint64_t i = 0; i < options->source_count; i++) {
		const struct state_source *source = state_source(plan->state, options->sources[i]);
		if (source == NULL || !source->complete)
			continue;
		plan->chosen[source->id] = 1;
		if (source->kind == STATE_EXPORT_FILE)
			plan->groups[source->id] = source->group;
	}
	return 0;
}

static int add_segment(struct merge_plan *plan, struct error *error)
{
	if (plan->segment_count == plan->segment_capacity) {
		uint32_t capacity = plan->segment_capacity * 2 + 16;
		struct merge_segment *grown = reallocarray(plan->segments, capacity, sizeof(*grown));
		if (grown == NULL)
			return no_memory(error);
		plan->segments = grown;
		plan->segment_capacity = capacity;
	}
	plan->segments[plan->segment_count++] = (struct merge_segment){plan->block_count, 0};
	return 0;
}

static int add_block(struct merge_plan *plan, struct merge_block block, struct error *error)
{
	if (plan->block_count == plan->block_capacity) {
		uint64_t capacity = plan->block_capacity * 2 + 256;
		struct merge_block *grown = reallocarray(plan->blocks, capacity, sizeof(*grown));
		if (grown == NULL)
			return no_memory(error);
		plan->blocks = grown;
		plan->block_capacity = capacity;
	}
	plan->blocks[plan->block_count++] = block;
	plan->segments[plan->segment_count - 1].count++;
	return 0;
}

static int load_blocks(struct merge_plan *plan, sqlite3_stmt *blocks, sqlite3_int64 first, sqlite3_int64 count,
		       struct error *error)
{
	struct state *state = plan->state;
	sqlite3_bind_int64(blocks, 1, first);
	sqlite3_bind_int64(blocks, 2, first + count - 1);
	int code = add_segment(plan, error), step = SQLITE_DONE;
	while (code == 0 && (step = sqlite3_step(blocks)) == SQLITE_ROW) {
		struct merge_block block = {sqlite3_column_int64(blocks, 0), (uint64_t)sqlite3_column_int64(blocks, 1),
					    (uint64_t)sqlite3_column_int64(blocks, 2)};
		code = add_block(plan, block, error);
	}
	if (code == 0 && step != SQLITE_DONE)
		code = state_error(state, state->database, error);
	if (code == 0 && plan->segments[plan->segment_count - 1].count != (uint64_t)count)
		code = state_damaged(state, "it lacks blocks", error);
	sqlite3_reset(blocks);
	return code;
}

/* Calls `pair` for each segment and source that has facts in it. */
static int each_member(struct merge_plan *plan, uint8_t *wanted,
		       void (*pair)(struct merge_plan *plan, uint8_t *wanted, uint64_t segment, uint64_t source),
		       struct error *error)
{
	struct state *state = plan->state;
	sqlite3_stmt *members;
	int code = state_prepare(state, "SELECT segment, source FROM segment_source", &members, error),
	    step = SQLITE_DONE;
	while (code == 0 && (step = sqlite3_step(members)) == SQLITE_ROW) {
		uint64_t segment = (uint64_t)sqlite3_column_int64(members, 0);
		uint64_t source = (uint64_t)sqlite3_column_int64(members, 1);
		if (segment < (uint64_t)state->segment_next && source < plan->source_limit)
			pair(plan, wanted, segment, source);
	}
	if (code == 0 && step != SQLITE_DONE)
		code = state_error(state, state->database, error);
	sqlite3_finalize(members);
	return code;
}

static void want_segment(struct merge_plan *plan, uint8_t *wanted, uint64_t segment, uint64_t source)
{
	wanted[segment] |= plan->chosen[source];
}

static void choose_source(struct merge_plan *plan, uint8_t *wanted, uint64_t segment, uint64_t source)
{
	plan->chosen[source] |= wanted[segment];
}

static int load_segments(struct merge_plan *plan, const uint8_t *wanted, struct error *error)
{
	struct state *state = plan->state;
	sqlite3_stmt *segments = NULL, *blocks = NULL;
	int step = SQLITE_DONE;
	int code = state_prepare(state, "SELECT id, first_block, blocks FROM segment ORDER BY id", &segments, error);
	if (code == 0)
		code = state_prepare(state,
				     "SELECT id, first_key, last_key FROM block WHERE id BETWEEN ? AND ? ORDER BY id",
				     &blocks, error);
	while (code == 0 && (step = sqlite3_step(segments)) == SQLITE_ROW) {
		sqlite3_int64 id = sqlite3_column_int64(segments, 0);
		if (id > 0 && id < state->segment_next && wanted[id])
			code = load_blocks(plan, blocks, sqlite3_column_int64(segments, 1),
					   sqlite3_column_int64(segments, 2), error);
	}
	if (code == 0 && step != SQLITE_DONE)
		code = state_error(state, state->database, error);
	sqlite3_finalize(segments);
	sqlite3_finalize(blocks);
	return code;
}

int merge_plan_make(struct state *state, const struct merge_options *options, struct merge_plan *plan,
		    struct error *error)
{
	*plan = (struct merge_plan){.state = state};
	int code = choose_sources(options, plan, error);
	if (code != 0)
		return code;
	pthread_mutex_lock(&state->mutex);
	uint8_t *wanted = calloc((size_t)state->segment_next + 1, 1);
	code = wanted == NULL ? no_memory(error) : each_member(plan, wanted, want_segment, error);
	if (code == 0)
		code = load_segments(plan, wanted, error);
	pthread_mutex_unlock(&state->mutex);
	free(wanted);
	return code;
}

int merge_plan_segments(struct state *state, const int64_t *segments, uint32_t count, struct merge_plan *plan,
			struct error *error)
{
	*plan = (struct merge_plan){.state = state, .database = state->database, .source_limit = state->source_next};
	uint8_t *wanted = calloc((size_t)state->segment_next + 1, 1);
	plan->chosen = calloc(plan->source_limit, sizeof(*plan->chosen));
	int code = wanted == NULL || plan->chosen == NULL ? no_memory(error) : 0;
	for (uint32_t i = 0; i < count && code == 0; i++)
		wanted[segments[i]] = 1;
	if (code == 0)
		code = each_member(plan, wanted, choose_source, error);
	if (code == 0)
		code = load_segments(plan, wanted, error);
	free(wanted);
	return code;
}

void merge_plan_release(struct merge_plan *plan)
{
	free(plan->blocks);
	free(plan->segments);
	free(plan->chosen);
	free(plan->groups);
	*plan = (struct merge_plan){0};
}

size_t merge_plan_reader_bytes(const struct merge_plan *plan)
{
	return (size_t)plan->segment_count * (SEGMENT_BLOCK_MAX + SEGMENT_PADDING);
}
