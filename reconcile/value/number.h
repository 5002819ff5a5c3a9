/* number - a DynamoDB number as canonical text and as a scaled integer, from one pass over its text.
 *
 * Invariant: `text` is decimal_format's canonical text; value = unscaled * 10^-scale, |unscaled| < 10^38, scale -125 to
 * 168. text borrows from the input when that is canonical already, else from `space`, so a number must not be copied
 * while its text is in use. Pure; any thread. */
#ifndef LAKEPROOF_RECONCILE_VALUE_NUMBER_H
#define LAKEPROOF_RECONCILE_VALUE_NUMBER_H

#include "base/decimal.h"

__extension__ typedef unsigned __int128 uint128;

struct number {
	struct slice text;
	int128 unscaled;
	int scale;
	char space[DECIMAL_TEXT_MAX];
};

enum decimal_status number_parse(struct slice text, struct number *number) MUST_USE;
/* The same value at another scale: false when digits would be lost or |*unscaled| would reach 10^precision. */
bool number_rescale(const struct number *number, int scale, unsigned precision, int128 *unscaled) MUST_USE;
/* number_rescale where fraction digits too many are cut off, or rounded half away from zero. */
bool number_round(const struct number *number, int scale, unsigned precision, bool cut, int128 *unscaled) MUST_USE;
bool number_to_i64(const struct number *number, int64_t min, int64_t max, int64_t *value) MUST_USE;
/* Nearest float, rounded once. */
float number_to_float(const struct number *number);
double number_to_double(const struct number *number);

/* Canonical text of unscaled * 10^-scale (0 <= scale <= 38) into `text`; returns its length. */
size_t number_format(int128 unscaled, unsigned scale, char text[DECIMAL_TEXT_MAX]);

#endif
