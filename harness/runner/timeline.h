/* timeline - one key's records against the table's versions, as the cell keeps them for a drawing.
 *
 * Images and rows are told by the first eight digits of the row's digest: equal texts are equal rows. */
#ifndef LAKEPROOF_HARNESS_RUNNER_TIMELINE_H
#define LAKEPROOF_HARNESS_RUNNER_TIMELINE_H

#include "harness/runner/key_life.h"

/* Replaces what timeline the cell has. */
int timeline_fill(const struct key_life *life, struct cell *cell, struct error *error) MUST_USE;

#endif
