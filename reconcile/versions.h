/* versions - what is proven over the versions of a Delta table: that no row ever went back, and that none stood twice.
 *
 * What a final reconciliation cannot see, since a later batch repaired it: a row that became an older image, a deleted
 * item whose row came back, a key with two rows. The rules are docs/semantics.md's, "Versions". Only the data files
 * that a version added or removed are read, each once, into a state of their own beside the lake's (folder `versions`
 * of the state folder); what is known of the evidence is the run's.
 *
 * Order of calls: run_open, run_ingest, then for each lake of the chain versions_open, any number of checks,
 * comparisons and histories, versions_close, run_close. Belongs to one thread; borrows the run. Texts and arrays of an
 * outcome are the outcome's (versions_outcome_release). Keys are key bytes (reconcile/digest/digest.h), times
 * microseconds UTC, rows are named by the first 8 hexadecimal digits of their digest, 16 in all.
 *
 * Errors: ERROR_USAGE when the contract has no lake, or a version was asked for that is not in the log; ERROR_DATA,
 * ERROR_IO, ERROR_INTERNAL as the bridge and the state have them. Files of old versions that are no longer there are
 * no error: what needed them is not judged, and the outcome says so. */
#ifndef LAKEPROOF_RECONCILE_VERSIONS_H
#define LAKEPROOF_RECONCILE_VERSIONS_H

#include "reconcile/run.h"

struct versions;

enum { VERSIONS_ALL = -1, VERSIONS_REASONS_MAX = 8, VERSIONS_ROW_TEXT = 17 };

struct versions_options {
	/* What happened in the versions after `from` up to `to`. VERSIONS_ALL: from the oldest one that the log still
	 * tells of (from before the table was made, when that is version 0) to the newest. */
	int64_t from, to;
	bool whole; /* also read what `from` held and no later version touched: then every second row is seen */
	uint64_t finding_limit;
	/* Until when the item's changes can have reached the pipeline at a version, in the evidence's time; NULL: until
	 * it was committed. */
	int64_t (*clock)(void *context, int64_t version);
	void *clock_context;
};

/* Why something about a key could not be judged; an index into keys_unjudged. */
enum versions_reason {
	VERSIONS_UNPROVEN = 0, /* the evidence does not prove the key: chain broken, conflict, damaged, unknown … */
	VERSIONS_UNKNOWN,      /* no source knows the key */
	VERSIONS_UNORDERED,    /* the order of its changes is not known: two streams at one time, a net change */
	VERSIONS_HOLE,         /* something may have happened that no capture covers */
	VERSIONS_NO_IMAGE,     /* a row of it is none of the item's images */
	VERSIONS_COLUMNS,      /* it changed in a version whose columns are not those of the version that is judged */
	VERSIONS_REASON_COUNT
};
/* "no source knows the key" */
const char *versions_reason_text(enum versions_reason reason);

enum versions_kind {
	VERSIONS_WENT_BACK = 0, /* version.regressed: the row became an older image */
	VERSIONS_CAME_BACK,     /* version.regressed: the row of a deleted item came back */
	VERSIONS_TWICE,         /* row.duplicate: the key has two rows */
	VERSIONS_KIND_COUNT
};

struct versions_finding {
	enum versions_kind kind;
	enum finding_id id;
	int64_t version;       /* in which it happened */
	int64_t before;        /* the one before */
	int64_t repaired;      /* the version that set it right, or -1: never within the range */
	const char *operation; /* of the version; "" unknown */
	struct slice key;
	const char *key_json;
	const char *cause; /* one sentence */
	/* the rows of the two versions; "" for none */
	char row_before[VERSIONS_ROW_TEXT], row[VERSIONS_ROW_TEXT];
	struct finding_record records[FINDING_RECORDS_MAX]; /* "older image", "newer image", "deleted", "lake row" */
	uint32_t record_count;
};

/* One version of the range. */
struct versions_step {
	int64_t version, commit_us;
	const char *operation;               /* "" unknown */
	uint64_t files_added, files_removed; /* a file with another deletion vector is both */
	uint64_t rows_came, rows_went;       /* of those: rows that differ; a row that only moved is neither */
	uint64_t keys;                       /* that these are of */
	uint64_t findings[VERSIONS_KIND_COUNT];
	const char *unjudged; /* why its rows' images could not be told, or NULL */
};

struct versions_outcome {
	enum verdict verdict;                      /* PASS only when something was judged, and all of it could be */
	const char *reasons[VERSIONS_REASONS_MAX]; /* why it is not PASS, in words */
	uint32_t reason_count;
	const char *lake;           /* the lake's name in the contract, NULL for an only one */
	const char *table;          /* where it is */
	const char *not_applicable; /* why nothing of it could be asked (a history, events), or NULL; then UNKNOWN */
	int64_t from, to;           /* judged: the versions after `from`; -1: from before the table was made */
	bool whole;                 /* every row of every version was seen */
	struct versions_step *steps;
	uint64_t step_count;
	uint64_t steps_judged;
	uint64_t files_read, files_gone; /* gone: not there any more */
	uint64_t keys;                   /* of which a row came or went */
	uint64_t keys_judged;
	uint64_t keys_unjudged[VERSIONS_REASON_COUNT]; /* each key under the first that applies */
	uint64_t found[VERSIONS_KIND_COUNT];           /* findings: one for each key and version */
	uint64_t found_keys[VERSIONS_KIND_COUNT];
	uint64_t by_id[FINDING_COUNT];
	struct versions_finding *findings; /* at most finding_limit, by version, then key */
	uint64_t finding_count;
	struct arena arena;
};

/* One version of one key's row. */
struct versions_row {
	int64_t version, commit_us;
	uint32_t rows; /* of the key; more than 1: `row` is the first */
	bool deleted;  /* the row is marked as deleted */
	bool known;    /* the digest can be compared with images; else its columns are others, `row` is "" */
	uint64_t digest;
	char row[VERSIONS_ROW_TEXT]; /* "" without a row */
};

/* One key that two versions hold differently. */
enum versions_difference { VERSIONS_KEY_CAME = 0, VERSIONS_KEY_WENT, VERSIONS_KEY_DIFFERS, VERSIONS_KEY_COUNT };
struct versions_change {
	enum versions_difference difference; /* KEY_COUNT: the same rows, more or fewer times */
	struct slice key;
	const char *key_json;
	uint32_t rows_before, rows_after;
	char row_before[VERSIONS_ROW_TEXT], row_after[VERSIONS_ROW_TEXT];
};

struct versions_comparison {
	bool comparable; /* false: nothing can be said, and why_not says why */
	const char *why_not;
	int64_t before, after;
	uint64_t files_read;
	uint64_t keys_changed; /* 0 and comparable: both versions hold the same rows */
	uint64_t by_difference[4];
	struct versions_change *changes; /* at most `limit`, by key hash */
	uint64_t change_count;
	struct arena arena;
};

/* `run` is of one lake and ingested. */
int versions_open(struct run *run, const struct versions_options *options, struct versions **versions,
		  struct error *error) MUST_USE;
void versions_close(struct versions *versions); /* NULL is allowed */

int versions_check(struct versions *versions, struct versions_outcome *outcome, struct error *error) MUST_USE;
void versions_outcome_release(struct versions_outcome *outcome);

/* Whether two versions of the range (`from` included) hold the same rows: replay.changed if not. Holds for tables of
 * every shape. -1 for `after` is the newest one of the range. */
int versions_compare(struct versions *versions, int64_t before, int64_t after, uint64_t limit,
		     struct versions_comparison *comparison, struct error *error) MUST_USE;
void versions_comparison_release(struct versions_comparison *comparison);
const char *versions_difference_text(enum versions_difference difference);

/* Calls `each` once for every version of the range, ascending: what it held of that key (key_from_text makes one of a
 * text). In a range that does not begin with the table, a row that no version touched is only seen with `whole`. */
int versions_key_history(struct versions *versions, struct slice key,
			 int (*each)(void *context, const struct versions_row *row, struct error *error), void *context,
			 struct error *error) MUST_USE;
/* "ab12cd34ef567890" of a row digest, as `row` above has it. */
const char *versions_row_text(uint64_t digest, char text[VERSIONS_ROW_TEXT]);

#endif
