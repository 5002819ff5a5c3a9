/* fact - one thing known about one key, from any file: a lake row, a snapshot's item, a change.
 *
 * Facts are small and fixed but for the key; images are not kept, only their digests (sources are read again for
 * evidence). The order of facts, fact_compare, is by (key hash, key, kind, has_sequence, sequence, time_lo, event,
 * source, record), the four in the middle for changes only: lake rows first, so that one pass in this order can tell
 * which older image the lake still holds. */
#ifndef LAKEPROOF_RECONCILE_STATE_FACT_H
#define LAKEPROOF_RECONCILE_STATE_FACT_H

#include <stdint.h>

#include "base/slice.h"
#include "sources/record.h"

enum fact_kind { FACT_LAKE = 0, FACT_SNAPSHOT = 1, FACT_CHANGE = 2 };

enum fact_flag {
	FACT_DAMAGED = 1, /* the record could not be read whole; its images are not to be trusted */
	FACT_DELETED = 2, /* a lake row whose deletes column is true */
	FACT_UNTIMELY = 4, /* its time says nothing of when changes were captured; known to the state's builder only */
	FACT_TIMED = 8,    /* a lake row that has times */
	FACT_CURRENT = 16  /* a row of a history that says that it still holds */
};

/* What is known of the item on one side of a fact. */
struct fact_side {
	enum item_state state;
	uint32_t flags; /* enum image_flag of digest/digest.h: IMAGE_LOSSY, IMAGE_MISTYPED; only with STATE_IMAGE */
	/* Item digest; 0 for lake rows, for what a format tells that does not keep DynamoDB's types, and unless
	 * STATE_IMAGE. */
	uint64_t item[2];
	uint64_t row;      /* row digest; 0 unless STATE_IMAGE */
	int64_t expires_s; /* EXPIRES_NONE unless STATE_IMAGE with a TTL value */
	int64_t dated_s;   /* the date that a lake's scope goes by; DATED_NONE (0) unless STATE_IMAGE with one */
};

struct fact {
	uint64_t key_hash; /* fact_key_hash(key) */
	struct slice key;  /* key bytes, reconcile/digest/digest.h */
	enum fact_kind kind;
	uint32_t flags;
	uint32_t source; /* id in the state's source table: one file */
	uint64_t record; /* ordinal in the file; for lake rows the row's physical position */
	uint64_t offset;
	uint64_t item_key; /* where rows' keys are made of items': the hash of the item's own; else, and for rows, 0 */
	struct fact_side after;
	/* FACT_CHANGE only */
	struct fact_side before;
	uint32_t domain; /* id in the state's domain table: the stream within which sequences order */
	uint8_t ttl;     /* enum ttl_mark */
	bool has_sequence;
	uint8_t sequence[SEQUENCE_SIZE]; /* zeros without one */
	/* INT64_MIN, INT64_MAX when the record has no time. Of a FACT_TIMED lake row: an event's time, twice; or when a
	 * version of a history began and ended, INT64_MIN and INT64_MAX where it says none. */
	int64_t time_lo_us, time_hi_us;
	uint64_t event_hash;             /* XXH64 of the event id, 0 without one */
};

uint64_t fact_key_hash(struct slice key); /* XXH64, seed 0 */
int fact_compare(const struct fact *a, const struct fact *b);

#endif
