/* poison_points - whether records that nobody can use were set aside, and not lost: points `poison` and `quarantine`.
 *
 * Planted records are those of delivered/faults.jsonl whose fault makes them unreadable. The pipeline's own list has a
 * line for each record that it set aside, with the file and an offset within the record. Errors: ERROR_IO,
 * ERROR_INTERNAL. */
#ifndef LAKEPROOF_HARNESS_RUNNER_POISON_POINTS_H
#define LAKEPROOF_HARNESS_RUNNER_POISON_POINTS_H

#include "harness/runner/invariants.h"

/* `work`: the pipeline's own folder. No point where nothing was planted and nothing is set aside. */
int poison_points_add(struct invariants *invariants, const char *work, struct error *error) MUST_USE;

#endif
