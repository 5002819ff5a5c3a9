#include "reconcile/value/number.h"

#include <assert.h>
#include <stdlib.h>

static uint128 power_of_ten(unsigned exponent)
{
	static const uint64_t small[20] = {
		UINT64_C(1),
		UINT64_C(10),
		UINT64_C(100),
		UINT64_C(1000),
		UINT64_C(10000),
		UINT64_C(100000),
		UINT64_C(1000000),
		UINT64_C(10000000),
		UINT64_C(100000000),
		UINT64_C(1000000000),
		UINT64_C(10000000000),
		UINT64_C(100000000000),
		UINT64_C(1000000000000),
		UINT64_C(10000000000000),
		UINT64_C(100000000000000),
		UINT64_C(1000000000000000),
		UINT64_C(10000000000000000),
		UINT64_C(100000000000000000),
		UINT64_C(1000000000000000000),
		UINT64_C(10000000000000000000),
	};
	assert(exponent <= DECIMAL_DIGITS_MAX);
	return exponent < 20 ? small[exponent] : (uint128)small[19] * small[exponent - 19];
}

/* What exporters write: canonical text of at most 38 digits. False means "look closer", not "wrong". */
static bool scan_canonical(struct slice text, struct number *number)
{
	enum { HEAD_MAX = 19 }; /* digits that 64 bits surely hold */
	const char *at = text.data, *end = text.data + text.size, *point = NULL;
	bool negative = at < end && *at == '-';
	at += negative;
	const char *first = at;
	size_t size = (size_t)(end - at);
	if (size == 0 || size > DECIMAL_DIGITS_MAX + 1)
		return false;
	uint64_t head = 0;
	for (const char *stop = size > HEAD_MAX ? at + HEAD_MAX : end; at < stop; at++) {
		unsigned digit = (unsigned char)*at - (unsigned)'0';
		if (digit <= 9)
			head = head * 10 + digit;
		else if (*at == '.' && point == NULL)
			point = at;
		else
			return false;
	}
	uint128 value = head;
	for (; at < end; at++) {
		unsigned digit = (unsigned char)*at - (unsigned)'0';
		if (digit <= 9)
			value = value * 10 + digit;
		else if (*at == '.' && point == NULL)
			point = at;
		else
			return false;
	}
	if (point == NULL ? size > DECIMAL_DIGITS_MAX : point == first || end[-1] == '0' || end[-1] == '.')
		return false;
	if (*first == '0' && point != first + 1 && (size > 1 || negative))
		return false;
	number->unscaled = negative ? -(int128)value : (int128)value;
	number->scale = point == NULL ? 0 : (int)(end - point - 1);
	number->text = text;
	return true;
}

enum decimal_status number_parse(struct slice text, struct number *number)
{
	if (scan_canonical(text, number))
		return DECIMAL_OK;
	struct decimal decimal;
	enum decimal_status status = decimal_parse(text, &decimal);
	if (status != DECIMAL_OK)
		return status;
	uint128 value = 0;
	for (unsigned index = 0; index < decimal.count; index++)
		value = value * 10 + decimal.digits[index];
	number->unscaled = decimal.negative ? -(int128)value : (int128)value;
	number->scale = decimal.count - decimal.exponent;
	if (decimal.count == 0)
		number->scale = 0;
	number->text = (struct slice){number->space, decimal_format(&decimal, number->space)};
	return DECIMAL_OK;
}

bool number_rescale(const struct number *number, int scale, unsigned precision, int128 *unscaled)
{
	bool negative = number->unscaled < 0;
	uint128 value = (uint128)(negative ? -number->unscaled : number->unscaled);
	uint128 limit = power_of_ten(precision);
	int shift = scale - number->scale;
	if (value == 0)
		shift = 0;
	if (shift > 0) {
		if (shift > DECIMAL_DIGITS_MAX || value >= limit)
			return false;
		uint128 factor = power_of_ten((unsigned)shift);
		if ((value >> 64 != 0 || factor >> 64 != 0) && value > (limit - 1) / factor)
			return false; /* 64-bit factors cannot overflow, and need no slow division */
		value *= factor;
	} else if (shift < 0) {
		if (-shift > DECIMAL_DIGITS_MAX)
			return false;
		uint128 factor = power_of_ten((unsigned)-shift);
		if (value % factor != 0)
			return false;
		value /= factor;
	}
	*unscaled = negative ? -(int128)value : (int128)value;
	return value < limit;
}

bool number_round(const struct number *number, int scale, unsigned precision, bool cut, int128 *unscaled)
{
	int shift = number->scale - scale;
	if (shift <= 0 || number->unscaled == 0)
		return number_rescale(number, scale, precision, unscaled);
	bool negative = number->unscaled < 0;
	uint128 value = (uint128)(negative ? -number->unscaled : number->unscaled), rest = value;
	if (shift > DECIMAL_DIGITS_MAX) { /* less than a tenth of the last digit kept */
		*unscaled = 0;
		return true;
	}
	uint128 factor = power_of_ten((unsigned)shift);
	value /= factor;
	rest -= value * factor;
	value += !cut && rest * 2 >= factor ? 1 : 0;
	*unscaled = negative ? -(int128)value : (int128)value;
	return value < power_of_ten(precision);
}

bool number_to_i64(const struct number *number, int64_t min, int64_t max, int64_t *value)
{
	int128 whole;
	if (number->scale == 0)
		whole = number->unscaled;
	else if (!number_rescale(number, 0, DECIMAL_DIGITS_MAX, &whole))
		return false;
	*value = (int64_t)whole;
	return whole >= min && whole <= max;
}

/* The text with a NUL after it. */
static void copy_text(const struct number *number, char text[DECIMAL_TEXT_MAX])
{
	size_t size = number->text.size < DECIMAL_TEXT_MAX - 1 ? number->text.size : DECIMAL_TEXT_MAX - 1;
	memcpy(text, number->text.data, size);
	text[size] = '\0';
}

double number_to_double(const struct number *number)
{
	/* Both operands are exact doubles, so the one division rounds once, correctly. */
	const int128 exact = (int128)1 << 53;
	if (number->scale >= 0 && number->scale <= 22 && number->unscaled < exact && number->unscaled > -exact)
		return (double)(int64_t)number->unscaled / (double)(uint64_t)power_of_ten((unsigned)number->scale);
	char text[DECIMAL_TEXT_MAX];
	copy_text(number, text);
	return strtod(text, NULL);
}

float number_to_float(const struct number *number)
{
	char text[DECIMAL_TEXT_MAX];
	copy_text(number, text);
	return strtof(text, NULL);
}

size_t number_format(int128 unscaled, unsigned scale, char text[DECIMAL_TEXT_MAX])
{
	if (unscaled > INT64_MAX || unscaled < -INT64_MAX) {
		struct decimal decimal;
		decimal_from_unscaled(unscaled, (int)scale, &decimal);
		return decimal_format(&decimal, text);
	}
	bool negative = unscaled < 0;
	uint64_t value = (uint64_t)(negative ? -unscaled : unscaled);
	for (; scale > 0 && value % 10 == 0; scale--)
		value /= 10;
	if (value == 0) {
		memcpy(text, "0", 2);
		return 1;
	}
	char reversed[64];
	size_t count = 0, size = 0;
	for (; value > 0 || count <= scale; value /= 10) {
		if (count == scale && scale > 0 && size == count)
			reversed[size++] = '.';
		reversed[size++] = (char)('0' + value % 10);
		count++;
	}
	size_t length = 0;
	if (negative)
		text[length++] = '-';
	while (size > 0)
		text[length++] = reversed[--size];
	text[length] = '\0';
	return length;
}
