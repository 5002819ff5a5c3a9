/* cause - what most likely happened to a key, in one sentence, from its judgement alone. */
#ifndef LAKEPROOF_RECONCILE_JUDGE_CAUSE_H
#define LAKEPROOF_RECONCILE_JUDGE_CAUSE_H

#include "base/arena.h"
#include "reconcile/finding.h"
#include "reconcile/judge/judge.h"
#include "reconcile/judge/scope.h"

/* Of an item that is no longer in a lake with a `where`: what a look at the record that decided has shown. */
enum cause_gone { GONE_SOMEHOW, GONE_DELETED, GONE_ELSEWHERE };

/* The scope is that by which it was judged. NULL when out of memory. */
const char *cause_gone_text(const struct judgement *judgement, const struct scope *scope, enum cause_gone gone,
			    struct arena *arena);
const char *cause_text(const struct judgement *judgement, const struct scope *scope, enum finding_id id,
		       struct arena *arena);

#endif
