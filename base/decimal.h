/* decimal - a DynamoDB number: exact, at most 38 significant digits, magnitude 1E-130 to 9.99…E+125, or zero.
 *
 * Invariant: a parsed decimal is canonical: no leading or trailing zero digits, zero has no digits and is not negative.
 * So two numbers are equal exactly when their structs' fields (and so their canonical texts) are. Bounds and canonical
 * text: DynamoDB Developer Guide, "Naming rules and data types", number. Never through double. */
#ifndef LAKEPROOF_BASE_DECIMAL_H
#define LAKEPROOF_BASE_DECIMAL_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/int128.h"
#include "base/slice.h"

enum {
	DECIMAL_DIGITS_MAX = 38,
	DECIMAL_TEXT_MAX = 176 /* sign, "0.", 130 digits, NUL and room */
};

struct decimal {
	bool negative;
	uint8_t count;                      /* significant digits, 0 for zero */
	int16_t exponent;                   /* value = 0.d1d2d3… * 10^exponent */
	uint8_t digits[DECIMAL_DIGITS_MAX]; /* each 0 to 9; digits[0] and digits[count - 1] are not 0 */
};

enum decimal_status {
	DECIMAL_OK = 0,
	DECIMAL_SYNTAX,    /* not a number */
	DECIMAL_PRECISION, /* more than 38 significant digits */
	DECIMAL_RANGE      /* outside 1E-130 … 9.9…E+125 */
};

/* Accepts what DynamoDB accepts: sign, digits, one point, exponent with e or E; "-0" and "0e5" are zero. */
enum decimal_status decimal_parse(struct slice text, struct decimal *decimal) MUST_USE;
/* Canonical text: plain decimal, never an exponent, no '+', no trailing fraction zeros. Returns its length; text is
 * NUL-terminated. */
size_t decimal_format(const struct decimal *decimal, char text[DECIMAL_TEXT_MAX]);
int decimal_compare(const struct decimal *a, const struct decimal *b);
/* |a - b| <= limit, or of_a: |a - b| <= limit percent of |a|. Exact, whatever the exponents; limit is not negative. */
bool decimal_within(const struct decimal *a, const struct decimal *b, const struct decimal *limit, bool of_a) MUST_USE;
/* value * 10^scale as an integer; false when that is no integer or has more than 38 digits. */
bool decimal_unscaled(const struct decimal *decimal, int scale, int128 *unscaled) MUST_USE;
/* The value unscaled * 10^-scale; |unscaled| < 10^38, and the value must be in range or zero. */
void decimal_from_unscaled(int128 unscaled, int scale, struct decimal *decimal);
/* False when not an integer or out of range. */
bool decimal_to_i64(const struct decimal *decimal, int64_t *value) MUST_USE;
/* Nearest double (round half even), by strtod on the canonical text: only for lake columns that are double or float. */
double decimal_to_double(const struct decimal *decimal);
/* The shortest decimal that reads back as this double; false for NaN, infinities and out of range. */
bool decimal_from_double(double value, struct decimal *decimal) MUST_USE;

#endif
