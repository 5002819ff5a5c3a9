/* verdict - an outcome's counts and findings weighed: PASS, FAIL or UNKNOWN, and why.
 *
 * FAIL: a finding at level fail that nothing allows or accepts. Else UNKNOWN: unproven keys beyond
 * `allow: {unproven: …}`, a finding at level unknown that is not about single keys (those are unproven keys), nothing
 * compared, only a sample of the keys judged, or `require:` not met. Else PASS. Fills outcome->verdict, reasons, levels
 * and lowered. */
#ifndef LAKEPROOF_RECONCILE_VERDICT_H
#define LAKEPROOF_RECONCILE_VERDICT_H

#include "reconcile/contract/contract.h"
#include "reconcile/outcome.h"

/* Default levels under the contract's severity. */
void verdict_levels(const struct contract *contract, struct outcome *outcome);
/* expected_empty: the evidence itself proves that there is nothing to compare. */
int verdict_weigh(const struct contract *contract, struct outcome *outcome, bool expected_empty,
		  struct error *error) MUST_USE;
/* One more finding's part in a verdict that is weighed already. */
int verdict_weigh_one(const struct contract *contract, struct outcome *outcome, enum finding_id id,
		      struct error *error) MUST_USE;

#endif
