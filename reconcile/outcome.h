/* outcome - all that one reconciliation found: the one model that every report is drawn from.
 *
 * Invariant, checked by run_reconcile: compared == equal + different, and every key judged is in exactly one of
 * compared, unproven, out_of_scope, deleted, nothing. Owns its memory (outcome_free). Counts are always complete;
 * `findings` holds at most the asked number, the same ones for the same input whatever the number of threads. */
#ifndef LAKEPROOF_RECONCILE_OUTCOME_H
#define LAKEPROOF_RECONCILE_OUTCOME_H

#include "base/arena.h"
#include "reconcile/finding.h"

enum verdict { VERDICT_PASS = 0, VERDICT_FAIL = 1, VERDICT_UNKNOWN = 2 };

enum { REASON_COUNT = 11, OUTCOME_REASONS_MAX = 24 };

struct outcome_counts {
	uint64_t keys;         /* known to any source or the lake */
	uint64_t expected;     /* keys that the lake must hold live */
	uint64_t actual;       /* live lake rows */
	uint64_t soft_deleted; /* lake rows marked deleted */
	uint64_t closed;       /* rows of a history that ended */
	uint64_t compared;     /* proven keys on which both sides were held against each other */
	uint64_t equal;
	uint64_t within_tolerance; /* of equal: every column that differs is within its tolerance */
	uint64_t different;
	uint64_t unproven;
	uint64_t out_of_scope;
	uint64_t deleted; /* proven deletes that the lake agrees with */
	uint64_t expected_by_export; /* of expected: decided by an export, the others by changes */
	uint64_t deleted_by_change;  /* keys whose last change is a delete */
	uint64_t nothing;
	uint64_t unproven_by_reason[REASON_COUNT]; /* bit order of enum unproven_reason; a key may count in several */
	uint64_t changes, duplicates;              /* distinct changes; change records beyond the first of each */
};

struct outcome_source {
	const char *text; /* as in the contract */
	const char *kind; /* "export", "events" */
	bool independent;
	uint64_t files, records, bytes;
	/* full export: exportTime; incremental: its window; events: window; from > to when unknown */
	int64_t from_us, to_us;
};

/* A finding that `accept:` lets stand. */
struct outcome_accepted {
	enum finding_id id;
	const char *key_json, *digest, *until, *why;
};

struct outcome {
	enum verdict verdict;
	const char *reasons[OUTCOME_REASONS_MAX]; /* why it is not PASS, in words, most important first */
	uint32_t reason_count;
	const char *contract, *table;
	/* Of a contract with `lakes:`: each lake's own outcome, in its order; this one has their sums, the worst
	 * verdict, and of findings only those that are of no one lake. */
	struct outcome **lakes;
	uint32_t lake_count;
	const char *name;          /* of one of them; else NULL */
	const char *unit;          /* what is counted: "keys", "events"; NULL: keys */
	uint64_t sample_ppb;       /* the share of the keys that was judged, in thousand millionths; 0: all of them */
	bool values_full;          /* else redacted */
	const char *sensitive_key; /* what sensitive values are hashed under, in words; NULL: there are none */
	/* the lake */
	const char *lake;
	int64_t lake_version, lake_commit_us, lake_newest_before; /* newest before the evidence ends, or -1 */
	uint64_t lake_files;
	uint32_t columns_compared, columns_total;
	uint64_t attributes_compared, attributes_total;
	/* the evidence */
	struct outcome_source *sources;
	uint32_t source_count;
	int64_t evidence_end_us;       /* INT64_MIN without evidence */
	bool has_proved_dynamodb, has_proved_landing;
	int64_t proved_dynamodb_us, proved_landing_us;
	bool changed_only; /* no complete export, no `baseline: empty`: other keys are not known */
	bool puts_only;    /* rows among the sources do not tell of deletes */
	int64_t changed_since_us;
	const char *retain_attribute; /* what the lake's `scope` goes by, and its edge; NULL without one */
	int64_t retain_edge_us;
	struct outcome_counts counts;
	uint64_t by_id[FINDING_COUNT];
	uint64_t accepted_by_id[FINDING_COUNT]; /* of by_id: listed by `accept:` and not past their date */
	enum finding_level levels[FINDING_COUNT]; /* after the contract's severity */
	bool lowered[FINDING_COUNT];              /* by severity or allow */
	struct finding *findings;
	uint64_t finding_count, finding_limit;
	uint64_t tolerance_unread; /* rows that differ and were not read again, so no tolerance could apply */
	struct outcome_accepted *accepted;
	uint64_t accepted_count;
	uint64_t quarantined;   /* records set aside, and listed in: */
	const char *quarantine; /* a file, when there are any */
	int64_t run_us;         /* when it ran */
	const char *reproduce;
	struct arena arena;
};

void outcome_counts_add(struct outcome_counts *sum, const struct outcome_counts *counts);
const char *verdict_text(enum verdict verdict);
/* "sampled 1% of the keys, no difference found"; with sample_ppb. */
const char *outcome_sample_text(struct outcome *outcome);
const char *outcome_unit(const struct outcome *outcome);
/* The sentence after the verdict: the scope a PASS holds for, or the first reasons. */
const char *outcome_scope_text(struct outcome *outcome);
void outcome_free(struct outcome *outcome);

#endif
