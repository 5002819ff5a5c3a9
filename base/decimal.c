#include "base/decimal.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	EXPONENT_MIN = -129,               /* of 1E-130, which is 0.1 * 10^-129 */
	EXPONENT_MAX = 126,                /* of 9.9…E+125 */
	EXPONENT_LIMIT = 100 * 1000 * 1000 /* where counting stops: far outside the range, far inside an int */
};

/* What is between sign and exponent: the significant digits, and where the point stands relative to the first. */
struct scan {
	int count;    /* significant digits so far, trailing zeros left out */
	int zeros;    /* zeros after them that count once another digit follows */
	int exponent; /* value = 0.d1d2… * 10^exponent */
	bool any;     /* a digit was seen */
	bool point;
	bool overlong;
};

static void scan_digit(struct scan *scan, uint8_t digit, struct decimal *decimal)
{
	scan->any = true;
	if (scan->count == 0 && digit == 0) {
		/* A leading zero: it only counts after the point. */
		if (scan->point && scan->exponent > -EXPONENT_LIMIT)
			scan->exponent--;
		return;
	}
	if (!scan->point && scan->exponent < EXPONENT_LIMIT)
		scan->exponent++;
	if (digit == 0) {
		if (scan->zeros < EXPONENT_LIMIT)
			scan->zeros++;
		return;
	}
	if (scan->zeros >= DECIMAL_DIGITS_MAX - scan->count) {
		scan->overlong = true;
		return;
	}
	for (; scan->zeros > 0; scan->zeros--)
		decimal->digits[scan->count++] = 0;
	decimal->digits[scan->count++] = digit;
}

/* The exponent after 'e'; its size saturates, so that no text can overflow it. */
static bool scan_exponent(const char *at, const char *end, int *exponent)
{
	bool negative = false;
	if (at < end && (*at == '+' || *at == '-'))
		negative = *at++ == '-';
	if (at == end)
		return false;
	int value = 0;
	for (; at < end; at++) {
		if (*at < '0' || *at > '9')
			return false;
		if (value < EXPONENT_LIMIT)
			value = value * 10 + (*at - '0');
	}
	*exponent = negative ? -value : value;
	return true;
}

enum decimal_status decimal_parse(struct slice text, struct decimal *decimal)
{
	*decimal = (struct decimal){.negative = false};
	if (text.size == 0)
		return DECIMAL_SYNTAX;
	const char *at = text.data;
	const char *end = text.data + text.size;
	bool negative = *at == '-';
	if (*at == '-' || *at == '+')
		at++;
	struct scan scan = {.count = 0};
	for (; at < end; at++) {
		if (*at >= '0' && *at <= '9')
			scan_digit(&scan, (uint8_t)(*at - '0'), decimal);
		else if (*at == '.' && !scan.point)
			scan.point = true;
		else
			break;
	}
	int exponent = 0;
	if (!scan.any || (at < end && *at != 'e' && *at != 'E') ||
	    (at < end && !scan_exponent(at + 1, end, &exponent))) {
		*decimal = (struct decimal){.negative = false};
		return DECIMAL_SYNTAX;
	}
	enum decimal_status status = DECIMAL_OK;
	exponent += scan.exponent;
	if (scan.overlong)
		status = DECIMAL_PRECISION;
	else if (scan.count > 0 && (exponent < EXPONENT_MIN || exponent > EXPONENT_MAX))
		status = DECIMAL_RANGE;
	if (status != DECIMAL_OK || scan.count == 0) {
		*decimal = (struct decimal){.negative = false};
		return status;
	}
	decimal->negative = negative;
	decimal->count = (uint8_t)scan.count;
	decimal->exponent = (int16_t)exponent;
	return DECIMAL_OK;
}

size_t decimal_format(const struct decimal *decimal, char text[DECIMAL_TEXT_MAX])
{
	assert(decimal->count <= DECIMAL_DIGITS_MAX);
	assert(decimal->exponent >= EXPONENT_MIN && decimal->exponent <= EXPONENT_MAX);
	char *out = text;
	if (decimal->count == 0) {
		*out++ = '0';
		*out = '\0';
		return 1;
	}
	if (decimal->negative)
		*out++ = '-';
	int exponent = decimal->exponent;
	if (exponent <= 0) {
		*out++ = '0';
		*out++ = '.';
		for (int i = exponent; i < 0; i++)
			*out++ = '0';
	}
	for (int i = 0; i < decimal->count; i++) {
		if (i > 0 && i == exponent)
			*out++ = '.';
		*out++ = (char)('0' + decimal->digits[i]);
	}
	for (int i = decimal->count; i < exponent; i++)
		*out++ = '0';
	*out = '\0';
	assert(out - text < DECIMAL_TEXT_MAX);
	return (size_t)(out - text);
}

static int compare_magnitude(const struct decimal *a, const struct decimal *b)
{
	if (a->exponent != b->exponent)
		return a->exponent < b->exponent ? -1 : 1;
	int shared = a->count < b->count ? a->count : b->count;
	int order = memcmp(a->digits, b->digits, (size_t)shared);
	if (order != 0)
		return order < 0 ? -1 : 1;
	return (a->count > b->count) - (a->count < b->count);
}

int decimal_compare(const struct decimal *a, const struct decimal *b)
{
	int sign_a = a->count == 0 ? 0 : a->negative ? -1 : 1;
	int sign_b = b->count == 0 ? 0 : b->negative ? -1 : 1;
	if (sign_a != sign_b)
		return sign_a < sign_b ? -1 : 1;
	if (sign_a == 0)
		return 0;
	return sign_a * compare_magnitude(a, b);
}

bool decimal_unscaled(const struct decimal *decimal, int scale, int128 *unscaled)
{
	if (decimal->count == 0) {
		*unscaled = 0;
		return true;
	}
	if (scale < -EXPONENT_LIMIT || scale > EXPONENT_LIMIT)
		return false;
	int length = decimal->exponent + scale; /* digits of the integer */
	if (length < decimal->count || length > DECIMAL_DIGITS_MAX)
		return false;
	int128 value = 0;
	for (int i = 0; i < length; i++)
		value = value * 10 + (i < decimal->count ? decimal->digits[i] : 0);
	*unscaled = decimal->negative ? -value : value;
	return true;
}

void decimal_from_unscaled(int128 unscaled, int scale, struct decimal *decimal)
{
	*decimal = (struct decimal){.negative = false};
	if (unscaled == 0)
		return;
	uint128 value = unscaled < 0 ? -(uint128)unscaled : (uint128)unscaled;
	uint8_t digits[40]; /* last digit first; 2^128 has 39 */
	int length = 0;
	do {
		digits[length++] = (uint8_t)(value % 10);
		value /= 10;
	} while (value > 0);
	assert(length <= DECIMAL_DIGITS_MAX);
	int zeros = 0;
	while (zeros < length - 1 && digits[zeros] == 0)
		zeros++;
	int exponent = length - scale;
	assert(exponent >= EXPONENT_MIN && exponent <= EXPONENT_MAX);
	decimal->negative = unscaled < 0;
	decimal->count = (uint8_t)(length - zeros);
	decimal->exponent = (int16_t)exponent;
	for (int i = 0; i < decimal->count; i++)
		decimal->digits[i] = digits[length - 1 - i];
}

bool decimal_to_i64(const struct decimal *decimal, int64_t *value)
{
	int128 integer;
	if (!decimal_unscaled(decimal, 0, &integer) || integer < INT64_MIN || integer > INT64_MAX)
		return false;
	*value = (int64_t)integer;
	return true;
}

double decimal_to_double(const struct decimal *decimal)
{
	char text[DECIMAL_TEXT_MAX];
	(void)decimal_format(decimal, text);
	return strtod(text, NULL);
}

bool decimal_from_double(double value, struct decimal *decimal)
{
	*decimal = (struct decimal){.negative = false};
	if (!isfinite(value))
		return false;
	char text[32];
	/* Fifteen digits survive a trip through any double and seventeen tell all doubles apart; %g's trailing zeros go
	 * away in parsing. */
	for (int digits = 15; digits <= 17; digits++) {
		(void)snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	return decimal_parse(slice_from(text), decimal) == DECIMAL_OK;
}

/* ---- distance: sums and products of whole digits, wide enough for the product of any two decimals */

enum { WIDE_LOW = 2 * (1 - EXPONENT_MIN + DECIMAL_DIGITS_MAX) + 2, WIDE_DIGITS = WIDE_LOW + 2 * EXPONENT_MAX + 4 };

/* The value is the sum of digits[i] * 10^(i - WIDE_LOW); digits may be out of 0 to 9 until wide_carry. */
struct wide {
	int32_t digits[WIDE_DIGITS];
};

static void wide_add(struct wide *wide, const struct decimal *decimal, int shift, int factor)
{
	for (int i = 0; i < decimal->count; i++)
		wide->digits[WIDE_LOW + decimal->exponent - 1 - i + shift] += factor * decimal->digits[i];
}

/* Every digit in 0 to 9; returns what is left above: -1 when the value is negative. */
static int32_t wide_carry(struct wide *wide)
{
	int32_t carry = 0;
	for (int i = 0; i < WIDE_DIGITS; i++) {
		int32_t digit = wide->digits[i] + carry;
		carry = digit >= 0 ? digit / 10 : -((9 - digit) / 10);
		wide->digits[i] = digit - 10 * carry;
	}
	return carry;
}

bool decimal_within(const struct decimal *a, const struct decimal *b, const struct decimal *limit, bool of_a)
{
	struct wide distance = {{0}}, most = {{0}};
	int shift = of_a ? 2 : 0; /* a percentage is of hundredths */
	wide_add(&distance, a, shift, a->negative ? -1 : 1);
	wide_add(&distance, b, shift, b->negative ? 1 : -1);
	if (wide_carry(&distance) < 0) {
		distance = (struct wide){{0}};
		wide_add(&distance, a, shift, a->negative ? 1 : -1);
		wide_add(&distance, b, shift, b->negative ? -1 : 1);
		wide_carry(&distance);
	}
	if (of_a)
		for (int i = 0; i < limit->count; i++)
			wide_add(&most, a, limit->exponent - 1 - i, limit->digits[i]);
	else
		wide_add(&most, limit, 0, 1);
	wide_carry(&most);
	for (int i = WIDE_DIGITS - 1; i >= 0; i--)
		if (distance.digits[i] != most.digits[i])
			return distance.digits[i] < most.digits[i];
	return true;
}
