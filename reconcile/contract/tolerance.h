/* tolerance - how far a column's two values may lie apart and still count as equal: `tolerance: 0.01`, `1%` or `1s`.
 *
 * Exact: numbers are decimals, never doubles; times whole microseconds. It is only asked of values that differ, told as
 * JSON (reconcile/digest/digest.h); what is no number or time, null included, is within no tolerance. A percentage is
 * of the expected value. */
#ifndef LAKEPROOF_RECONCILE_CONTRACT_TOLERANCE_H
#define LAKEPROOF_RECONCILE_CONTRACT_TOLERANCE_H

#include "base/decimal.h"
#include "reconcile/contract/column_type.h"

enum tolerance_kind { TOLERANCE_NONE = 0, TOLERANCE_NUMBER, TOLERANCE_PERCENT, TOLERANCE_TIME };

struct tolerance {
	enum tolerance_kind kind;
	struct decimal limit; /* NUMBER, PERCENT; above 0 */
	int64_t limit_us;     /* TIME; above 0 */
};

/* False when the text is no tolerance. */
bool tolerance_parse(struct slice text, struct tolerance *tolerance) MUST_USE;
/* Whether a column of that type has values it could apply to. */
bool tolerance_fits(const struct tolerance *tolerance, const struct column_type *type);
/* `expected` may be an attribute as DynamoDB spells it, {"N":"1.23"}: a number that its column cannot hold. */
bool tolerance_holds(const struct tolerance *tolerance, struct slice expected, struct slice actual);

#endif
