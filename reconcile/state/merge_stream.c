#include "reconcile/state/merge_stream.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "reconcile/state/state_internal.h"

/* A segment's place in the merge. */
struct cursor {
	const struct merge_block *next, *end; /* blocks not yet opened */
	struct segment_reader reader;
	uint8_t *bytes; /* SEGMENT_BLOCK_MAX + SEGMENT_PADDING */
	int64_t block;  /* the open one, for errors */
	bool done;
	struct fact fact;
};

/* A cursor in the tree, its hash beside it so that most comparisons touch nothing else. A done cursor has the greatest
 * hash there is and loses against all. */
struct node {
	uint64_t key_hash;
	uint32_t cursor;
};

struct merge_reader {
	const struct merge_plan *plan;
	sqlite3 *database; /* its own, or NULL when the plan has one */
	sqlite3_stmt *read_block;
	struct cursor *cursors;
	uint32_t count;
	struct node *losers; /* [0] is the winner; [1, count) the losers of the matches above */
	uint64_t hi;
	bool begun;
};

/* ---- opening */

static int open_connection(struct merge_reader *reader, struct error *error)
{
	struct state *state = reader->plan->state;
	sqlite3 *database = reader->plan->database;
	if (database == NULL) {
		int code = state_connect(state, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, &reader->database, error);
		if (code != 0)
			return code;
		database = reader->database;
		/* One read transaction for as long as the reader lives: nothing is locked or looked up again for each
		 * block. */
		if (sqlite3_exec(database, "PRAGMA cache_size = 8; PRAGMA mmap_size = 0; BEGIN", NULL, NULL, NULL) !=
		    SQLITE_OK)
			return state_error(state, database, error);
	}
	if (sqlite3_prepare_v3(database, "SELECT bytes FROM block_data WHERE id = ?", -1, SQLITE_PREPARE_PERSISTENT,
			       &reader->read_block, NULL) != SQLITE_OK)
		return state_error(state, database, error);
	return 0;
}

int merge_reader_new(const struct merge_plan *plan, struct merge_reader **result, struct error *error)
{
	struct merge_reader *reader = calloc(1, sizeof(*reader));
	*result = reader;
	if (reader == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	reader->plan = plan;
	reader->count = plan->segment_count;
	reader->cursors = calloc((size_t)reader->count + 1, sizeof(*reader->cursors));
	reader->losers = calloc((size_t)reader->count + 1, sizeof(*reader->losers));
	bool enough = reader->cursors != NULL && reader->losers != NULL;
	for (uint32_t i = 0; i < reader->count && enough; i++) {
		reader->cursors[i].bytes = malloc(SEGMENT_BLOCK_MAX + SEGMENT_PADDING);
		enough = reader->cursors[i].bytes != NULL;
		if (enough)
			memset(reader->cursors[i].bytes, 0, SEGMENT_BLOCK_MAX + SEGMENT_PADDING);
	}
	if (!enough)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	return open_connection(reader, error);
}

void merge_reader_free(struct merge_reader *reader)
{
	if (reader == NULL)
		return;
	sqlite3_finalize(reader->read_block);
	sqlite3_close(reader->database);
	for (uint32_t i = 0; reader->cursors != NULL && i < reader->count; i++)
		free(reader->cursors[i].bytes);
	free(reader->cursors);
	free(reader->losers);
	free(reader);
}

/* ---- cursors */

static int corrupt(struct merge_reader *reader, int64_t block, struct error *error)
{
	char what[60];
	snprintf(what, sizeof(what), "block %lld is corrupt", (long long)block);
	return state_damaged(reader->plan->state, what, error);
}

static int open_block(struct merge_reader *reader, struct cursor *cursor, struct error *error)
{
	const struct merge_block *block = cursor->next++;
	cursor->block = block->id;
	sqlite3_bind_int64(reader->read_block, 1, block->id);
	int code = 0;
	int step = sqlite3_step(reader->read_block);
	if (step == SQLITE_ROW) {
		size_t size = (size_t)sqlite3_column_bytes(reader->read_block, 0);
		const void *bytes = sqlite3_column_blob(reader->read_block, 0);
		if (bytes != NULL && size <= SEGMENT_BLOCK_MAX) {
			memcpy(cursor->bytes, bytes, size);
			code = segment_open(&cursor->reader, cursor->bytes, size) ? 0
										  : corrupt(reader, block->id, error);
		} else {
			code = corrupt(reader, block->id, error);
		}
	} else if (step == SQLITE_DONE) {
		code = corrupt(reader, block->id, error);
	} else {
		code = state_error(reader->plan->state, sqlite3_db_handle(reader->read_block), error);
	}
	sqlite3_reset(reader->read_block);
	return code;
}

/* Moves to the segment's next fact of a chosen source with a hash in [lo, hi], or to its end. */
static int advance(struct merge_reader *reader, struct cursor *cursor, uint64_t lo, struct error *error)
{
	const struct merge_plan *plan = reader->plan;
	struct fact *fact = &cursor->fact;
	for (;;) {
		enum segment_step step = segment_next(&cursor->reader, fact);
		if (step == SEGMENT_CORRUPT)
			return corrupt(reader, cursor->block, error);
		if (step == SEGMENT_END) {
			if (cursor->next == cursor->end || cursor->next->first_key > reader->hi)
				break;
			int code = open_block(reader, cursor, error);
			if (code != 0)
				return code;
			continue;
		}
		if (fact->key_hash > reader->hi)
			break;
		if (fact->key_hash >= lo && fact->source < plan->source_limit && plan->chosen[fact->source] != 0)
			return 0;
	}
	cursor->done = true;
	return 0;
}

static int begin_cursor(struct merge_reader *reader, uint32_t index, uint64_t lo, struct error *error)
{
	const struct merge_segment *segment = &reader->plan->segments[index];
	struct cursor *cursor = &reader->cursors[index];
	const struct merge_block *blocks = reader->plan->blocks + segment->first;
	/* The first block that may hold `lo`: the first whose last key is not before it. */
	uint64_t low = 0, high = segment->count;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		if (blocks[middle].last_key < lo)
			low = middle + 1;
		else
			high = middle;
	}
	cursor->next = blocks + low;
	cursor->end = blocks + segment->count;
	cursor->done = false;
	cursor->reader = (struct segment_reader){.at = cursor->bytes, .end = cursor->bytes};
	return advance(reader, cursor, lo, error);
}

/* ---- the tree */

static struct node node_of(const struct merge_reader *reader, uint32_t index)
{
	const struct cursor *cursor = &reader->cursors[index];
	return (struct node){cursor->done ? UINT64_MAX : cursor->fact.key_hash, index};
}

static bool ties_before(const struct merge_reader *reader, uint32_t a, uint32_t b)
{
	const struct cursor *first = &reader->cursors[a], *second = &reader->cursors[b];
	if (first->done || second->done)
		return !first->done;
	int order = fact_compare(&first->fact, &second->fact);
	return order != 0 ? order < 0 : a < b;
}

static inline bool before(const struct merge_reader *reader, struct node a, struct node b)
{
	return a.key_hash != b.key_hash ? a.key_hash < b.key_hash : ties_before(reader, a.cursor, b.cursor);
}

/* Plays the matches from the cursor's leaf to the root. */
static void replay(struct merge_reader *reader, uint32_t index)
{
	struct node winner = node_of(reader, index);
	for (uint32_t at = (index + reader->count) / 2; at > 0; at /= 2) {
		if (before(reader, reader->losers[at], winner)) {
			struct node loser = winner;
			winner = reader->losers[at];
			reader->losers[at] = loser;
		}
	}
	reader->losers[0] = winner;
}

/* The winner below a node; leaves are count + index. Depth is that of a balanced tree. */
static struct node build(struct merge_reader *reader, uint32_t at)
{
	if (at >= reader->count)
		return node_of(reader, at - reader->count);
	struct node left = build(reader, at * 2), right = build(reader, at * 2 + 1);
	bool left_wins = before(reader, left, right);
	reader->losers[at] = left_wins ? right : left;
	return left_wins ? left : right;
}

int merge_reader_begin(struct merge_reader *reader, uint64_t lo, uint64_t hi, struct error *error)
{
	int code = 0;
	reader->hi = hi;
	reader->begun = false;
	for (uint32_t i = 0; i < reader->count && code == 0; i++)
		code = begin_cursor(reader, i, lo, error);
	if (code == 0 && reader->count > 0)
		reader->losers[0] = build(reader, 1);
	return code;
}

int merge_reader_next(struct merge_reader *reader, const struct fact **fact, struct error *error)
{
	*fact = NULL;
	if (reader->count == 0)
		return 0;
	if (reader->begun) {
		uint32_t index = reader->losers[0].cursor;
		if (!reader->cursors[index].done) {
			int code = advance(reader, &reader->cursors[index], 0, error);
			if (code != 0)
				return code;
		}
		replay(reader, index);
	}
	reader->begun = true;
	const struct cursor *winner = &reader->cursors[reader->losers[0].cursor];
	*fact = winner->done ? NULL : &winner->fact;
	return 0;
}
