/* told_once - what several lakes' outcomes say of the sources that they share: told by the first, counted once in all.
 *
 * A record that cannot be read is a reason for each lake's verdict, and stays counted there; but it is one record. Of
 * each finding about a source the first lake that has it keeps the details, and the sum of all lakes counts it once. */
#ifndef LAKEPROOF_RECONCILE_TOLD_ONCE_H
#define LAKEPROOF_RECONCILE_TOLD_ONCE_H

#include "reconcile/run.h"

/* runs: of the contract's lakes, in the order of total->lakes, whose sums total holds. ERROR_INTERNAL, ERROR_IO. */
int told_once(struct run *runs, struct outcome *total, struct error *error) MUST_USE;

#endif
