/* A parsed number is canonical: its fields keep their bounds, its text parses to the same number, and it equals itself
 * in every way there is to compare. */
#include <assert.h>

#include "base/decimal.h"

static void check(const struct decimal *decimal)
{
	assert(decimal->count <= DECIMAL_DIGITS_MAX);
	if (decimal->count == 0)
		assert(!decimal->negative && decimal->exponent == 0);
	else
		assert(decimal->digits[0] != 0 && decimal->digits[decimal->count - 1] != 0);
	for (int i = 0; i < DECIMAL_DIGITS_MAX; i++)
		assert(decimal->digits[i] <= 9 && (i < decimal->count || decimal->digits[i] == 0));
	char text[DECIMAL_TEXT_MAX];
	size_t size = decimal_format(decimal, text);
	assert(size == strlen(text) && size < DECIMAL_TEXT_MAX);
	struct decimal again;
	assert(decimal_parse((struct slice){text, size}, &again) == DECIMAL_OK);
	assert(memcmp(&again, decimal, sizeof(again)) == 0);
	assert(decimal_compare(&again, decimal) == 0);
	int scale = decimal->count - decimal->exponent;
	int128 unscaled;
	assert(decimal_unscaled(decimal, scale, &unscaled));
	decimal_from_unscaled(unscaled, scale, &again);
	assert(memcmp(&again, decimal, sizeof(again)) == 0);
	int64_t integer;
	if (decimal_to_i64(decimal, &integer)) {
		decimal_from_unscaled(integer, 0, &again);
		assert(decimal_compare(&again, decimal) == 0);
	}
	(void)decimal_to_double(decimal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* The first byte cuts the input into two numbers. */
	if (size == 0)
		return 0;
	size_t cut = data[0] % size + 1;
	struct decimal a, b;
	enum decimal_status status_a = decimal_parse((struct slice){(const char *)data + 1, cut - 1}, &a);
	enum decimal_status status_b = decimal_parse((struct slice){(const char *)data + cut, size - cut}, &b);
	check(&a);
	check(&b);
	if (status_a == DECIMAL_OK && status_b == DECIMAL_OK) {
		int order = decimal_compare(&a, &b);
		assert(order == -decimal_compare(&b, &a));
		assert((order == 0) == (memcmp(&a, &b, sizeof(a)) == 0));
	}
	return 0;
}
