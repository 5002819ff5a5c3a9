/* accept - findings that are known and let stand until a date: `accept: known.jsonl` in the contract.
 *
 * A line names one finding of one key by what was found: {"id","key","digest","until","why"}, the first three as the
 * JSON report has them, and where the contract has several lakes, its "lake": each lake loads its own lines. The digest
 * is of the expected and the actual row, so a line lets stand that difference and no other. A line serves until its day
 * (UTC) is over. accept_find may be called by several threads; the lines are owned here. Errors: ERROR_USAGE
 * "known.jsonl:3: …", ERROR_IO. */
#ifndef LAKEPROOF_RECONCILE_ACCEPT_H
#define LAKEPROOF_RECONCILE_ACCEPT_H

#include <stdatomic.h>

#include "reconcile/finding.h"
#include "reconcile/judge/judge.h"

enum { ACCEPT_DIGEST_MAX = 96 };

struct accept_line {
	uint32_t number; /* in the file, from 1 */
	enum finding_id id;
	const char *key_json, *digest, *until, *why;
	int64_t end_us;   /* when its day is over */
	atomic_bool seen; /* the finding is still there */
};

struct accept {
	const char *path;
	struct accept_line *lines; /* sorted by id, key, digest */
	uint64_t count;
	int64_t now_us;
	struct arena arena;
};

/* Whether lines of that id make sense: findings of one key that a row digest tells from others. */
bool accept_covers(enum finding_id id);
/* What tells this difference from others; false when that cannot be said in a report: sensitive values under a random
 * key, whose hashes nobody could use again. */
bool accept_digest(const struct contract *contract, const struct judgement *judgement,
		   char text[ACCEPT_DIGEST_MAX]) MUST_USE;

int accept_load(const struct contract *contract, int64_t now_us, struct accept **accept, struct error *error) MUST_USE;
void accept_free(struct accept *accept);
/* *accepted: a line that still serves names this finding of this key. */
int accept_find(struct accept *accept, const struct contract *contract, enum finding_id id,
		const struct judgement *judgement, bool *accepted, struct error *error) MUST_USE;

#endif
