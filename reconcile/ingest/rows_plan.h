/* rows_plan - a contract's sources of rows as the shapes that their reader works by: what the contract says of them,
 * and the DynamoDB type that the columns ask for of each attribute that a plain value does not tell.
 *
 * A column of numbers (or of times counted from 1970) asks for N, a binary one for B, a boolean one for BOOL, an array
 * for L, a map or struct for M, one of parsed JSON for a text that is JSON; key attributes are of the contract's types,
 * and `types:` decides. Of several columns, in whatever lake, the first that asks counts; then what `where`,
 * `scope` and `ttl` compare or count with. Shapes live in the arena. */
#ifndef LAKEPROOF_RECONCILE_INGEST_ROWS_PLAN_H
#define LAKEPROOF_RECONCILE_INGEST_ROWS_PLAN_H

#include "reconcile/digest/digest.h"

/* One for each source of the contract, NULL for those that are no rows; NULL when out of memory. */
const struct rows_shape **rows_plan(const struct contract *contract, const struct digest_plan *const *plans,
				    uint32_t plan_count, struct arena *arena) MUST_USE;
/* Whether a source's images do not keep DynamoDB's types. */
bool rows_plan_by_row(const struct contract *contract);
/* Changes whenever the same file would be read as something else. */
uint64_t rows_plan_fingerprint(const struct rows_shape *shape);

#endif
