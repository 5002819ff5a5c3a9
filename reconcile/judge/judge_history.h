/* judge_history - whether the rows of a key are the versions of its item (docs/semantics.md, "History").
 *
 * Takes a key's rows, groups and what others read of it while the judge goes by, and says at the end whether each
 * version that the changes show has its row, and each row its version. Memory grows with the key's rows and changes, to
 * HISTORY_MAX of each; a key with more, or for which memory ran out, is not proven. One a judge, so one a thread. */
#ifndef LAKEPROOF_RECONCILE_JUDGE_JUDGE_HISTORY_H
#define LAKEPROOF_RECONCILE_JUDGE_JUDGE_HISTORY_H

#include "reconcile/judge/judge.h"

enum { HISTORY_MAX = 1 << 20 };

struct history_row {
	int64_t from, to; /* INT64_MIN since ever, INT64_MAX it still holds */
	uint64_t row;
	bool current; /* as is_current says */
	bool matched;
	uint32_t next; /* matched: the version after its own */
	struct fact_origin origin;
};

struct history_version {
	int64_t lo, hi; /* when its change was */
	struct fact_side before, after;
	bool doubtful; /* a conflict, or damaged */
	bool sequenced;
	bool matched;
	uint32_t domain;
	uint64_t ordinal; /* its place in fact order */
	struct fact_origin origin;
};

/* What held at some time within [lo, hi), by what does not tell of each change. */
struct history_reading {
	int64_t lo, hi;
	struct fact_side side;
};

struct judge_history {
	struct history_row *rows;
	struct history_version *versions;
	struct history_reading *readings;
	uint32_t row_count, row_room, version_count, version_room, reading_count, reading_room;
	bool exceeded;
};

/* What is wrong with the history; finding ROW_NONE when nothing is. */
struct history_verdict {
	enum row_finding finding;
	bool proven;                           /* without a finding: all that was asked for is shown to be right */
	const struct history_row *row;         /* what it is about; NULL: none */
	const struct history_version *version; /* likewise */
};

void judge_history_begin(struct judge_history *history);
void judge_history_release(struct judge_history *history);
void judge_history_add_row(struct judge_history *history, const struct history_row *row);
void judge_history_add_version(struct judge_history *history, const struct history_version *version);
void judge_history_add_reading(struct judge_history *history, const struct history_reading *reading);
/* What is wrong with the rows whatever the evidence says. */
struct history_verdict judge_history_check_rows(struct judge_history *history);
/* After that: what is wrong with them by the changes. `last` is the item's state now, UNKNOWN when that is not proven.
 */
struct history_verdict judge_history_check_versions(struct judge_history *history, const struct scope *scope,
						    const struct fact_side *last);

#endif
