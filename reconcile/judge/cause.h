/* cause - what most likely happened to a key, in one sentence, from its judgement alone. */
#ifndef LAKEPROOF_RECONCILE_JUDGE_CAUSE_H
#define LAKEPROOF_RECONCILE_JUDGE_CAUSE_H

#include "base/arena.h"
#include "reconcile/finding.h"
#include "reconcile/judge/judge.h"

/* NULL when out of memory. */
const char *cause_text(const struct judgement *judgement, enum finding_id id, struct arena *arena);

#endif
