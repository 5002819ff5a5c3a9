/* key_life - all that a cell knows of one key: what happened to the item, where each record of it landed, what the
 * table held.
 *
 * Read from the cell's own contracts, through the reconciler: the evidence says what happened, what landed says where
 * the pipeline met it. Events are in the order in which they happened, an export where its time lies. Everything lives
 * in the caller's arena. Errors: those of the reconciler; a key that nothing knows has no events. */
#ifndef LAKEPROOF_HARNESS_RUNNER_KEY_LIFE_H
#define LAKEPROOF_HARNESS_RUNNER_KEY_LIFE_H

#include "harness/runner/invariants.h"

struct life_landing {
	uint32_t batch;   /* 0: not known */
	const char *file; /* below the landing folder */
	uint64_t record;
	bool altered; /* it does not say what DynamoDB wrote */
};

struct life_event {
	int64_t time_us;
	const char *what;       /* "INSERT", "MODIFY", "REMOVE", "REMOVE by TTL", "exported" */
	const char *changed;    /* what became different, in words; "" when nothing can be told */
	bool snapshot, foreign; /* foreign: it landed, and DynamoDB did not write it so */
	enum item_state after;
	uint64_t row; /* the digest of its image's row, with STATE_IMAGE */
	bool has_sequence;
	uint8_t sequence[SEQUENCE_SIZE];
	bool decides, held; /* it decides what the row must be; the row is as it left the item */
	struct life_landing *landings;
	uint32_t landing_count;
};

/* What a version of the table held. */
struct life_row {
	int64_t version, time_us;
	uint32_t batch; /* the newest that had begun when it was committed */
	uint32_t rows;
	bool known; /* the digest can be compared with images */
	uint64_t row;
};

struct key_life {
	const char *key, *id; /* as the report has them */
	struct life_event *events;
	uint32_t event_count, event_capacity;
	struct life_row *rows;
	uint32_t row_count, row_capacity;
	/* how it ends */
	enum item_state expected; /* STATE_IMAGE: it must have a row; STATE_ABSENT: none */
	uint32_t lake_rows;
	bool agrees; /* it ends as it should */
	const char *differs; /* "status is "paid", should be "shipped"", or "" */
	struct arena *arena;
};

int key_life_gather(const struct invariants *invariants, const char *key_json, const char *finding_id,
		    struct arena *arena, struct key_life *life, struct error *error) MUST_USE;
/* Of these keys the one with the fewest changes, for a short story; `count` when none can be read. */
int key_life_lightest(const struct invariants *invariants, const char *const *keys, uint32_t count, uint32_t *lightest,
		      struct error *error) MUST_USE;

#endif
