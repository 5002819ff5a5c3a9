/* Segments become fewer.
 *
 * A merge has one cursor for each segment, so a state that grew by thousands of small runs would be slow to merge and
 * take memory for each. When a state is opened, LEVEL_SEGMENTS segments of one level (of 1 to 15 blocks, of 16 to 255)
 * become one. So there are never many of a level, greater ones have 16 MB each, and an opening writes again a small
 * part of what the runs before it wrote.
 *
 * Each merge is one transaction. Facts name their source: a merge leaves out those of sources that were dropped, and a
 * source is dropped from a merged segment as from any other. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "reconcile/state/merge_stream.h"
#include "reconcile/state/state_internal.h"

enum { LEVEL_SEGMENTS = 16, LEVEL_BLOCKS_MAX = 256, MERGED_MAX = 64, LIST_SIZE = MERGED_MAX * 21 };

/* The smallest segments of `least` to `most` blocks, at most *count; *count is then how many. */
static int find_segments(struct state *state, uint64_t least, uint64_t most, int64_t *segments, uint32_t *count,
			 struct error *error)
{
	sqlite3_stmt *statement;
	uint32_t limit = *count;
	int step = SQLITE_DONE;
	*count = 0;
	int code = state_prepare(state, "SELECT id FROM segment WHERE blocks BETWEEN ? AND ? ORDER BY blocks, id",
				 &statement, error);
	if (code != 0)
		return code;
	sqlite3_bind_int64(statement, 1, (sqlite3_int64)least);
	sqlite3_bind_int64(statement, 2, (sqlite3_int64)most);
	while (*count < limit && (step = sqlite3_step(statement)) == SQLITE_ROW)
		segments[(*count)++] = sqlite3_column_int64(statement, 0);
	if (step != SQLITE_DONE && step != SQLITE_ROW)
		code = state_error(state, state->database, error);
	sqlite3_finalize(statement);
	return code;
}

static int close_block(struct segment_writer *writer, struct segment_block *block, struct error *error)
{
	segment_block_end(block);
	return segment_writer_add(writer, block->bytes, block->size, block->facts, block->first_key, block->last_key,
				  error);
}

/* Writes what the reader hands out. `bytes` has room for a block and a fact. */
static int copy_facts(struct merge_reader *reader, struct segment_writer *writer, uint8_t *bytes, struct error *error)
{
	uint8_t *encoded = bytes + SEGMENT_BLOCK_MAX;
	const struct fact *fact;
	struct segment_block block;
	segment_block_begin(&block, bytes);
	int code = merge_reader_begin(reader, 0, UINT64_MAX, error);
	while (code == 0) {
		code = merge_reader_next(reader, &fact, error);
		if (code != 0 || fact == NULL)
			break;
		size_t size = segment_encode(fact, fact->source, encoded);
		if (segment_block_add(&block, encoded, size))
			continue;
		code = close_block(writer, &block, error);
		segment_block_begin(&block, bytes);
		bool fits = segment_block_add(&block, encoded, size);
		assert(fits);
		(void)fits;
	}
	return code == 0 && block.facts > 0 ? close_block(writer, &block, error) : code;
}

/* The new segment takes the place of the old ones; nothing is lost on the way, or the old ones stay. */
static int replace_segments(struct state *state, const struct segment_writer *writer, const int64_t *segments,
			    uint32_t count, struct error *error)
{
	char list[LIST_SIZE], sql[3 * LIST_SIZE];
	sqlite3_int64 facts = 0;
	size_t size = 0;
	for (uint32_t i = 0; i < count; i++)
		size += (size_t)snprintf(list + size, sizeof(list) - size, "%s%" PRId64, i == 0 ? "" : ",",
					 segments[i]);
	snprintf(sql, sizeof(sql),
		 "INSERT INTO segment_source(segment, source, facts) SELECT %lld, source, sum(facts) FROM"
		 " segment_source WHERE segment IN (%s) GROUP BY source;"
		 "DELETE FROM segment_source WHERE segment IN (%s)",
		 state->segment_next, list, list);
	int code = state_execute(state, sql, error);
	snprintf(sql, sizeof(sql), "SELECT coalesce(sum(facts), 0) FROM segment_source WHERE segment = %lld",
		 state->segment_next);
	if (code == 0)
		code = state_number(state, sql, &facts, error);
	if (code == 0 && (uint64_t)facts != writer->facts)
		code = state_damaged(state, "segments lack facts", error);
	return code != 0 ? code : state_delete_orphans(state, error);
}

static int merge_segments(struct state *state, const int64_t *segments, uint32_t count, struct error *error)
{
	struct merge_plan plan = {0};
	struct merge_reader *reader = NULL;
	struct segment_writer writer = {0};
	uint8_t *bytes = malloc(SEGMENT_BLOCK_MAX + SEGMENT_FACT_MAX + SEGMENT_KEY_MAX);
	if (bytes == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	int code = state_begin(state, error);
	if (code != 0)
		goto out;
	code = merge_plan_segments(state, segments, count, &plan, error);
	if (code == 0)
		code = merge_reader_new(&plan, &reader, error);
	if (code == 0)
		code = segment_writer_begin(&writer, state, error);
	if (code == 0)
		code = copy_facts(reader, &writer, bytes, error);
	if (code == 0)
		code = segment_writer_end(&writer, error);
	if (code == 0)
		code = replace_segments(state, &writer, segments, count, error);
	/* A statement that reads would keep the transaction from ending. */
	merge_reader_free(reader);
	code = state_finish(state, code, error);
	if (code == 0)
		segment_writer_commit(&writer);
out:
	segment_writer_release(&writer);
	merge_plan_release(&plan);
	free(bytes);
	return code;
}

int state_compact(struct state *state, struct error *error)
{
	int64_t segments[MERGED_MAX];
	uint32_t count;
	int code = 0;
	pthread_mutex_lock(&state->mutex);
	for (uint64_t least = 1; least < LEVEL_BLOCKS_MAX && code == 0; least *= LEVEL_SEGMENTS)
		do {
			count = MERGED_MAX;
			code = find_segments(state, least, least * LEVEL_SEGMENTS - 1, segments, &count, error);
			if (code == 0 && count >= LEVEL_SEGMENTS)
				code = merge_segments(state, segments, count, error);
		} while (code == 0 && count >= LEVEL_SEGMENTS);
	pthread_mutex_unlock(&state->mutex);
	return code;
}

int state_fit_memory(struct state *state, size_t memory_max, struct error *error)
{
	int64_t segments[MERGED_MAX];
	uint64_t most = memory_max / (SEGMENT_BLOCK_MAX + SEGMENT_PADDING);
	if (most < LEVEL_SEGMENTS)
		most = LEVEL_SEGMENTS;
	int code;
	pthread_mutex_lock(&state->mutex);
	for (;;) {
		sqlite3_int64 total;
		code = state_number(state, "SELECT count(*) FROM segment", &total, error);
		if (code != 0 || (uint64_t)total <= most)
			break;
		uint64_t excess = (uint64_t)total - most + 1;
		uint32_t count = excess < MERGED_MAX ? (uint32_t)excess : MERGED_MAX;
		code = find_segments(state, 0, INT64_MAX, segments, &count, error);
		if (code == 0)
			code = merge_segments(state, segments, count, error);
		if (code != 0)
			break;
	}
	pthread_mutex_unlock(&state->mutex);
	return code;
}
