/* reconcile_lakes - what reconcile.c does for one lake, for reconcile_lakes.c that does it for all. */
#ifndef LAKEPROOF_RECONCILE_RECONCILE_LAKES_H
#define LAKEPROOF_RECONCILE_RECONCILE_LAKES_H

#include "reconcile/run.h"

/* One run of the chain, judged by itself. The outcome is the caller's: outcome_free, then free. */
int reconcile_lake(struct run *run, struct outcome **outcome, struct error *error) MUST_USE;

#endif
