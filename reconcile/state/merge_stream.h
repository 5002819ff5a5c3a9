/* merge_stream - the facts of the chosen sources within a range of the key hash, in fact order.
 *
 * A plan (which blocks there are, which sources count) is made once and shared read-only by threads. A reader is one
 * thread's: its own connection to the state, one block in memory for each segment. A stream merges the segments'
 * cursors over one range by a tree of losers; a reader is used for one stream after another.
 *
 * Errors: ERROR_IO when the state cannot be read or a block is corrupt. */
#ifndef LAKEPROOF_RECONCILE_STATE_MERGE_STREAM_H
#define LAKEPROOF_RECONCILE_STATE_MERGE_STREAM_H

#include "reconcile/state/segment.h"
#include "reconcile/state/state.h"

struct merge_options {
	const uint32_t *sources; /* ids; facts of other sources are passed over */
	uint64_t source_count;
	uint32_t workers;  /* threads, at least 1 */
	size_t memory_max; /* bytes for blocks over all workers */
	uint64_t hash_max; /* merge_run leaves out keys whose hash is above it; 0: none. Hashes spread evenly */
};

struct merge_block {
	int64_t id;
	uint64_t first_key, last_key;
};

struct merge_plan {
	struct state *state;
	struct sqlite3 *database; /* what a reader reads by; NULL: a connection of its own */
	struct merge_block *blocks; /* those of one segment side by side, ascending */
	uint64_t block_count, block_capacity;
	struct merge_segment {
		uint64_t first, count; /* in blocks */
	} * segments;
	uint32_t segment_count, segment_capacity;
	uint8_t *chosen;       /* by source id: its facts count */
	uint32_t *groups;      /* by source id: the export it is of, else 0 */
	uint32_t source_limit; /* ids below it */
};

int merge_plan_make(struct state *state, const struct merge_options *options, struct merge_plan *plan,
		    struct error *error) MUST_USE;
/* The plan for every fact of these segments, read by the state's own connection, whose mutex the caller holds. */
int merge_plan_segments(struct state *state, const int64_t *segments, uint32_t count, struct merge_plan *plan,
			struct error *error) MUST_USE;
void merge_plan_release(struct merge_plan *plan);
/* Bytes that one reader takes for blocks. */
size_t merge_plan_reader_bytes(const struct merge_plan *plan);

struct merge_reader;

int merge_reader_new(const struct merge_plan *plan, struct merge_reader **reader, struct error *error) MUST_USE;
void merge_reader_free(struct merge_reader *reader);
/* Begins with the hash `lo`, ends after `hi`. */
int merge_reader_begin(struct merge_reader *reader, uint64_t lo, uint64_t hi, struct error *error) MUST_USE;
/* The next fact, borrowed until the next call; NULL after the last. */
int merge_reader_next(struct merge_reader *reader, const struct fact **fact, struct error *error) MUST_USE;

#endif
