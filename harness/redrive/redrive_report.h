/* redrive_report - what is redriven: a report's findings, or a contract's, judged now.
 *
 * A report is what `reconcile --format json` printed. It names its contract, and keys; nothing else of it counts. The
 * file is parsed whole. Errors: ERROR_USAGE for a file that is no such report, ERROR_IO. */
#ifndef LAKEPROOF_HARNESS_REDRIVE_REDRIVE_REPORT_H
#define LAKEPROOF_HARNESS_REDRIVE_REDRIVE_REPORT_H

#include "harness/redrive/redrive_plan.h"

struct redrive_report;

/* Whether the file is JSON, so a report; a contract is YAML. */
int redrive_report_is(const char *path, bool *is, struct error *error) MUST_USE;
int redrive_report_read(const char *path, struct redrive_report **report, struct error *error) MUST_USE;
void redrive_report_free(struct redrive_report *report);
const char *redrive_report_contract(const struct redrive_report *report);
/* Adds its keys; *more: differences that it counts and does not show. */
int redrive_report_keys(const struct redrive_report *report, struct run *chain, struct redrive_plan *plan,
			uint64_t *more, struct error *error) MUST_USE;
/* The same of an outcome of the chain's own. */
int redrive_outcome_keys(const struct outcome *outcome, struct run *chain, struct redrive_plan *plan,
			 struct error *error) MUST_USE;

#endif
