/* judge - one key's facts in order in, what is expected of the lake and how the lake does out.
 *
 * Streaming: judge_begin, judge_fact for every fact of the key in fact order, judge_end. Memory is fixed, however many
 * facts a key has. The rules are docs/semantics.md's; docs/semantics.sql states the same in SQL, and the property tests
 * hold the two together, field by field of struct judgement. One judge a thread. */
#ifndef LAKEPROOF_RECONCILE_JUDGE_JUDGE_H
#define LAKEPROOF_RECONCILE_JUDGE_JUDGE_H

#include "reconcile/judge/scope.h"

/* Why a key is not proven; a set. */
enum unproven_reason {
	UNPROVEN_STATE = 1,       /* no evidence says whether it exists (baseline none, incomplete export) */
	UNPROVEN_IMAGE = 2,       /* it exists, its image is not known */
	UNPROVEN_HOLE = 4,        /* a change after the deciding one may never have been captured */
	UNPROVEN_NOT_SETTLED = 8, /* the capture ends inside the snapshot's interval, or `settle:` */
	UNPROVEN_AMBIGUOUS = 16,  /* two newest changes whose order is not known */
	UNPROVEN_CONFLICT = 32,   /* stamp.conflict */
	UNPROVEN_CHAIN = 64,      /* chain.broken */
	UNPROVEN_OVERLAP = 128,   /* overlap.contradiction or capture.lost */
	UNPROVEN_DAMAGED = 256,   /* one of its records could not be read whole */
	UNPROVEN_COLLISION = 512, /* items of more than one key have the row's */
	UNPROVEN_HISTORY = 1024   /* a history: some of its versions are not within what the captures show */
};

enum key_class {
	CLASS_NOTHING = 0, /* not expected, not in the lake, and never proven to have existed: nothing to say */
	CLASS_EQUAL,       /* expected and equal */
	CLASS_DELETED,     /* proven deleted, and the lake agrees */
	CLASS_DIFFERENT,   /* a row.* finding */
	CLASS_UNPROVEN,
	CLASS_OUT_OF_SCOPE
};

/* row.* findings, in the order in which the first that applies is taken. */
enum row_finding {
	ROW_NONE = 0,
	ROW_DUPLICATE,
	ROW_MISSING,
	ROW_ZOMBIE,
	ROW_ZOMBIE_TTL,
	ROW_PHANTOM,
	ROW_STALE,
	ROW_DIFFERS,
	/* of a history; the first two come before all others */
	HISTORY_CURRENT,
	HISTORY_OVERLAP,
	HISTORY_MISSING,
	HISTORY_PHANTOM,
	HISTORY_DIFFERS,
	HISTORY_END
};

struct fact_origin {
	uint32_t source; /* 0: none (for instance an absence that an export proves) */
	uint64_t record, offset;
};

enum { JUDGE_MISSED_MAX = 8, JUDGE_DIGESTS_MAX = 64, JUDGE_DOMAINS_MAX = 64, JUDGE_KNOT_MAX = 64 };

struct judgement {
	uint64_t key_hash;
	struct slice key; /* borrowed until the next judge_begin */
	/* What DynamoDB says. */
	struct fact_side expected; /* the item's last state */
	uint8_t ttl; /* enum ttl_mark of an expected STATE_ABSENT, TTL_UNKNOWN already weighed; else TTL_NO */
	enum { DECIDED_NOTHING = 0, DECIDED_SNAPSHOT, DECIDED_CHANGE } decided_by;
	int64_t decided_time_us;    /* change: its time_lo; snapshot: its interval's lo; else INT64_MIN */
	struct fact_origin decided; /* the fact; for a snapshot's absence source 0 */
	uint32_t unproven;          /* set of enum unproven_reason */
	/* Evidence counts of this key: facts by sequence groups. */
	uint32_t changes;          /* distinct changes (groups) */
	uint32_t duplicates;       /* change facts beyond the first of their group */
	uint32_t conflicts;        /* groups whose members disagree, not healed by a snapshot */
	uint32_t chain_breaks;     /* not healed by a snapshot */
	bool overlap;              /* the snapshot's image is not among those the capture allows */
	bool capture_lost;         /* with overlap: an earlier export began a capture unbroken since */
	struct fact_origin broken; /* the last chain break's (or conflict's) later group */
	/* What the lake must hold, and holds. */
	enum { LAKE_NONE = 0 /* no row */, LAKE_ROW /* a live row */, LAKE_ANY /* either */ } lake_expected;
	uint32_t lake_rows;         /* live and soft-deleted */
	uint32_t lake_rows_deleted; /* soft-deleted among them */
	uint32_t lake_rows_closed;  /* besides: rows of a history that ended */
	uint32_t lake_rows_equal;   /* live rows whose digest is the one the lake must hold (of JUDGE_DIGESTS_MAX
				       distinct) */
	struct fact_origin lake;    /* the first row */
	uint64_t lake_row;          /* its digest */
	enum key_class class;
	enum row_finding finding;                          /* with CLASS_DIFFERENT */
	struct fact_origin stale;                          /* ROW_STALE: the newest fact that holds the lake's image */
	bool stale_before;                                 /* it is that fact's old image */
	uint32_t missed;                                   /* distinct changes after it (all, counted) */
	struct fact_origin missed_facts[JUDGE_MISSED_MAX]; /* the first of them */
};

struct judge;

struct judge *judge_new(const struct scope *scope,
			const uint32_t *source_groups); /* source id → export group, 0 none */
void judge_free(struct judge *judge);
void judge_begin(struct judge *judge);
void judge_fact(struct judge *judge, const struct fact *fact);
/* Borrowed until the next judge_begin. */
const struct judgement *judge_end(struct judge *judge);

#endif
