/* evidence - the values behind findings, read again from where facts came.
 *
 * Images are not kept in the state; for the findings that are told, records and lake rows are found again by origin,
 * grouped by file, files in parallel. A file that changed or went away costs values, never the finding. */
#ifndef LAKEPROOF_RECONCILE_EVIDENCE_H
#define LAKEPROOF_RECONCILE_EVIDENCE_H

#include "reconcile/collect.h"
#include "reconcile/run.h"

/* Fills finding->columns for findings[i] from judgements kept[i]; texts go into `arena`. */
/* all_columns: equal ones too. */
int evidence_fill(struct run *run, const struct kept *const *kept, struct finding *findings, uint64_t count,
		  bool all_columns, struct arena *arena, struct error *error) MUST_USE;

#endif
