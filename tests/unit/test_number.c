/* The fast number reader of the digests against base/decimal. */
#include "reconcile/value/number.h"
#include "tests/support/digest_fixture.h"

static void test_numbers(void)
{
	static const char *const texts[] = {
		"0",
		"-0",
		"0.0",
		"1",
		"-1",
		"10",
		"100",
		"1e2",
		"1.50",
		"0.000001",
		"-0.1",
		"00012",
		"12.",
		"+5",
		"1E-130",
		"-1E-130",
		"9.9999999999999999999999999999999999999e125",
		"12345678901234567890123456789012345678",
		"-0.12345678901234567890123456789012345678",
		"123456789012345678",
		"1234567890123456789",
		"0.1234567890123456789",
		"9223372036854775808",
		"-9223372036854775808",
		"1e37",
		"123456789.123456789",
		"1000000000000000000000.5",
		"00000000001234567890123456789",
		"9999999999999999999",
		"-9999999999999999999",
		"99999999999999999999",
		"0.999999999999999999",
		"123456789012345678.9",
		"-12345678901234567890123456789012345678",
		"99999999999999999999999999999999999999.9",
		"123456789012345678901234567890123456789",
		"",
		"-",
		".",
		".5",
		"1.2.3",
		"-00.5",
		"0.10",
	};
	size_t same = 0, count = sizeof(texts) / sizeof(texts[0]), refused = 0;
	for (size_t index = 0; index < count; index++) {
		struct number number;
		struct decimal decimal;
		char canonical[DECIMAL_TEXT_MAX];
		int128 unscaled;
		enum decimal_status status = decimal_parse(slice_from(texts[index]), &decimal);
		if (number_parse(slice_from(texts[index]), &number) != status) {
			printf("# %s: status\n", texts[index]);
			continue;
		}
		refused += status != DECIMAL_OK;
		if (status != DECIMAL_OK)
			continue;
		size_t size = decimal_format(&decimal, canonical);
		bool equal = slice_equal(number.text, (struct slice){canonical, size});
		for (int scale = -40; scale <= 40 && equal; scale++) {
			int128 other = 0;
			bool fits = decimal_unscaled(&decimal, scale, &unscaled);
			bool rescaled = number_rescale(&number, scale, 38, &other);
			equal = fits == rescaled && (!fits || unscaled == other);
		}
		equal = equal && number_to_double(&number) == decimal_to_double(&decimal);
		if (!equal)
			printf("# %s: got %.*s\n", texts[index], (int)number.text.size, number.text.data);
		same += equal;
	}
	is_int(same + refused, count,
	       "the fast number reader agrees with base/decimal on every text, scale and double");
	struct prng prng;
	size_t agreed = 0;
	prng_init(&prng, 5);
	for (int round = 0; round < 20000; round++) {
		int128 value = random_unscaled(&prng, 38);
		unsigned scale = (unsigned)prng_below(&prng, 39);
		struct decimal decimal;
		char mine[DECIMAL_TEXT_MAX], theirs[DECIMAL_TEXT_MAX];
		decimal_from_unscaled(value, (int)scale, &decimal);
		size_t size = decimal_format(&decimal, theirs);
		agreed += number_format(value, scale, mine) == size && memcmp(mine, theirs, size) == 0;
	}
	is_int(agreed, 20000, "number_format agrees with base/decimal on random decimals");
}

/* Texts of the letters that numbers are made of: every edge between canonical and not. */
static void test_random_texts(void)
{
	static const char letters[] = "0000112589999...--+e";
	enum { ROUNDS = 300000, DIGITS = 13 };
	struct prng prng;
	size_t agreed = 0, numbers = 0;
	prng_init(&prng, 6);
	for (int round = 0; round < ROUNDS; round++) {
		char bytes[48], canonical[DECIMAL_TEXT_MAX];
		bool digits = prng_chance(&prng, 1, 2);
		struct slice text = {bytes, prng_below(&prng, prng_chance(&prng, 1, 3) ? 44 : 8)};
		for (size_t at = 0; at < text.size; at++)
			bytes[at] = letters[prng_below(&prng, digits ? DIGITS : sizeof(letters) - 1)];
		if (digits && text.size > 2 && prng_chance(&prng, 1, 2))
			bytes[prng_below(&prng, text.size)] = '.';
		if (digits && text.size > 2 && prng_chance(&prng, 1, 2))
			bytes[0] = '-';
		struct number number;
		struct decimal decimal;
		int128 unscaled;
		enum decimal_status status = decimal_parse(text, &decimal);
		bool equal = number_parse(text, &number) == status;
		if (equal && status == DECIMAL_OK) {
			numbers++;
			equal = slice_equal(number.text,
					    (struct slice){canonical, decimal_format(&decimal, canonical)}) &&
				decimal_unscaled(&decimal, number.scale, &unscaled) && unscaled == number.unscaled;
		}
		if (!equal)
			printf("# %.*s\n", (int)text.size, text.data);
		agreed += equal;
	}
	is_int(agreed, ROUNDS, "and on random texts");
	ok(numbers > ROUNDS / 4, "of which enough are numbers");
}

int main(void)
{
	test_numbers();
	test_random_texts();
	return tap_done();
}
