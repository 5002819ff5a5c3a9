#include "base/decimal.h"

#include <math.h>
#include <stdlib.h>

#include "base/prng.h"
#include "tests/tap.h"

#define NINES_38 "99999999999999999999999999999999999999"
#define ZEROS_125                                                                                                      \
	"000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"       \
	"00000000000000000000000"

/* The canonical text, or the name of the status. */
static const char *canonical(const char *text)
{
	static char formatted[DECIMAL_TEXT_MAX];
	struct decimal decimal;
	switch (decimal_parse(slice_from(text), &decimal)) {
	case DECIMAL_OK:
		break;
	case DECIMAL_SYNTAX:
		return "syntax";
	case DECIMAL_PRECISION:
		return "precision";
	case DECIMAL_RANGE:
		return "range";
	}
	if (decimal_format(&decimal, formatted) != strlen(formatted))
		return "wrong length";
	return formatted;
}

static void test_canonical(void)
{
	static const char *const cases[][2] = {
		{"0", "0"},
		{"-0", "0"},
		{"+0", "0"},
		{"0.000", "0"},
		{"0e5", "0"},
		{"0E-99999999999999999999", "0"},
		{"1", "1"},
		{"+1", "1"},
		{"-1", "-1"},
		{"007", "7"},
		{"1.50", "1.5"},
		{"100", "100"},
		{"1E2", "100"},
		{"1e+2", "100"},
		{"1.7E+12", "1700000000000"},
		{"12.5e-1", "1.25"},
		{"0.001e3", "1"},
		{".5", "0.5"},
		{"5.", "5"},
		{"0.1", "0.1"},
		{"0.01", "0.01"},
		{"-0.00120", "-0.0012"},
		{"10.01", "10.01"},
		{"1000000.0000001", "1000000.0000001"},
		{NINES_38, NINES_38},
		{NINES_38 ".0", NINES_38},
		{NINES_38 "000", NINES_38 "000"},
		{"0.000" NINES_38, "0.000" NINES_38},
		{"1" ZEROS_125, "1" ZEROS_125},
		{"1E125", "1" ZEROS_125},
		{"10E124", "1" ZEROS_125},
		{"0.1E126", "1" ZEROS_125},
		{"1E-130", "0." ZEROS_125 "00001"},
		{"0." ZEROS_125 "00001", "0." ZEROS_125 "00001"},
		{"0.0001E-126", "0." ZEROS_125 "00001"},
		{"100E-132", "0." ZEROS_125 "00001"},
		{"0." ZEROS_125 ZEROS_125 "1E251", "1"},
		{"1" ZEROS_125 ZEROS_125 "E-250", "1"},
		/* refused */
		{"", "syntax"},
		{"-", "syntax"},
		{"+", "syntax"},
		{".", "syntax"},
		{"-.", "syntax"},
		{"e5", "syntax"},
		{".e5", "syntax"},
		{"1e", "syntax"},
		{"1e+", "syntax"},
		{"1e-", "syntax"},
		{"1e1.0", "syntax"},
		{"1e1e1", "syntax"},
		{"1.2.3", "syntax"},
		{"--1", "syntax"},
		{"+-1", "syntax"},
		{"1-", "syntax"},
		{" 1", "syntax"},
		{"1 ", "syntax"},
		{"1,5", "syntax"},
		{"0x1", "syntax"},
		{"1_0", "syntax"},
		{"NaN", "syntax"},
		{"Infinity", "syntax"},
		{"\xd9\xa1", "syntax"},
		{NINES_38 "9", "precision"},
		{"1"
		 "00000000000000000000000000000000000000"
		 "1",
		 "precision"},
		{NINES_38 ".1", "precision"},
		{"0." NINES_38 "1", "precision"},
		{NINES_38 "9E200", "precision"},
		{"1E126", "range"},
		{"-1E126", "range"},
		{"10E125", "range"},
		{"1E-131", "range"},
		{"0.1E-130", "range"},
		{"9.9E-131", "range"},
		{"1E99999999999999999999", "range"},
		{"-1E-99999999999999999999", "range"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (!ok(strcmp(canonical(cases[i][0]), cases[i][1]) == 0, "'%.40s' becomes '%.40s'", cases[i][0],
			cases[i][1]))
			printf("# got: %s\n", canonical(cases[i][0]));
	}
	struct decimal decimal;
	ok(decimal_parse((struct slice){"12\0", 3}, &decimal) == DECIMAL_SYNTAX, "a NUL is no part of a number");
	ok(decimal_parse((struct slice){"1234", 2}, &decimal) == DECIMAL_OK && decimal.count == 2,
	   "nothing after the slice is read");
	struct decimal zero = {.negative = false};
	ok(decimal_parse(slice_from("-0.00e-7"), &decimal) == DECIMAL_OK && memcmp(&decimal, &zero, sizeof(zero)) == 0,
	   "every zero is the same struct");
}

static int128 random_unscaled(struct prng *prng)
{
	int128 value = 0;
	for (uint64_t left = prng_below(prng, DECIMAL_DIGITS_MAX) + 1; left > 0; left--)
		value = value * 10 + (int128)(prng_chance(prng, 1, 3) ? 0 : prng_below(prng, 10));
	return prng_chance(prng, 1, 2) ? value : -value;
}

/* The text of value * 10^-scale in one of the many ways that there are. */
static void write_randomly(struct prng *prng, int128 value, int scale, char *out)
{
	char digits[64];
	int count = 0;
	int128 left = value < 0 ? -value : value;
	do {
		digits[count++] = (char)('0' + (int)(left % 10));
		left /= 10;
	} while (left > 0);
	if (value < 0)
		*out++ = '-';
	else if (prng_chance(prng, 1, 4))
		*out++ = '+';
	for (uint64_t zeros = prng_below(prng, 3); zeros > 0; zeros--)
		*out++ = '0';
	int point = (int)prng_below(prng, (uint64_t)count + 1); /* digits after the point */
	for (int i = count - 1; i >= 0; i--) {
		if (i + 1 == point)
			*out++ = '.';
		*out++ = digits[i];
	}
	if (point == 0 && prng_chance(prng, 1, 4))
		*out++ = '.';
	for (uint64_t zeros = point > 0 ? prng_below(prng, 3) : 0; zeros > 0; zeros--)
		*out++ = '0';
	int exponent = point - scale;
	if (exponent != 0 || prng_chance(prng, 1, 3))
		(void)snprintf(out, 16, "%c%+d", prng_chance(prng, 1, 2) ? 'e' : 'E', exponent);
	else
		*out = '\0';
}

static int compare_int128(int128 a, int128 b)
{
	return (a > b) - (a < b);
}

static void test_against_int128(void)
{
	struct prng prng;
	prng_init(&prng, 11);
	int unread = 0, unequal = 0, misread = 0, misordered = 0, unstable = 0;
	for (int i = 0; i < 50000; i++) {
		char text[128], formatted[DECIMAL_TEXT_MAX];
		struct decimal a, b, again;
		int scale = (int)prng_below(&prng, 60) - 20;
		int128 value = random_unscaled(&prng), other = random_unscaled(&prng), back;
		if (prng_chance(&prng, 1, 4))
			other = value / 10 * 10 + (int)prng_below(&prng, 3) * (value < 0 ? -1 : 1);
		write_randomly(&prng, value, scale, text);
		unread += decimal_parse(slice_from(text), &a) != DECIMAL_OK;
		decimal_from_unscaled(value, scale, &again);
		unequal += memcmp(&a, &again, sizeof(a)) != 0;
		misread += !decimal_unscaled(&a, scale, &back) || back != value;
		decimal_from_unscaled(other, scale, &b);
		misordered += decimal_compare(&a, &b) != compare_int128(value, other);
		misordered += decimal_compare(&b, &a) != compare_int128(other, value);
		(void)decimal_format(&a, formatted);
		unstable += decimal_parse(slice_from(formatted), &again) != DECIMAL_OK ||
			    memcmp(&a, &again, sizeof(a)) != 0;
	}
	is_int(unread, 0, "50,000 random spellings of numbers are read");
	is_int(unequal, 0, "each is the same struct as the number it spells");
	is_int(misread, 0, "each gives its integer back");
	is_int(misordered, 0, "they compare as their integers do");
	is_int(unstable, 0, "canonical texts parse to the same struct");
}

static void test_order(void)
{
	static const char *const ascending[] = {"-9.9E125", "-1E125",  "-1000",
						"-999.999", "-10",     "-9",
						"-1.01",    "-1",      "-0.1",
						"-0.01",    "-1E-130", "0",
						"1E-130",   "2E-130",  "0.001",
						"0.01",     "0.1",     "0.10000000000000000000000000000000000001",
						"0.9",      "1",       "1.0000000000000000000000000000000000001",
						"9",        "10",      "10.1",
						"99",       "100",     "1E20",
						"1E125",    "9.9E125"};
	enum { COUNT = sizeof(ascending) / sizeof(ascending[0]) };
	int wrong = 0;
	for (int i = 0; i < COUNT; i++) {
		for (int k = 0; k < COUNT; k++) {
			struct decimal a, b;
			wrong += decimal_parse(slice_from(ascending[i]), &a) != DECIMAL_OK;
			wrong += decimal_parse(slice_from(ascending[k]), &b) != DECIMAL_OK;
			wrong += decimal_compare(&a, &b) != (i > k) - (i < k);
		}
	}
	is_int(wrong, 0, "numbers of all signs and sizes are in order");
}

static struct decimal parsed(const char *text)
{
	struct decimal decimal;
	if (decimal_parse(slice_from(text), &decimal) != DECIMAL_OK)
		ok(false, "'%s' must parse", text);
	return decimal;
}

static void test_integers(void)
{
	int128 unscaled;
	int64_t value;
	struct decimal decimal = parsed("1.25");
	ok(decimal_unscaled(&decimal, 2, &unscaled) && unscaled == 125, "1.25 at scale 2 is 125");
	ok(decimal_unscaled(&decimal, 5, &unscaled) && unscaled == 125000, "1.25 at scale 5 is 125000");
	ok(!decimal_unscaled(&decimal, 1, &unscaled), "1.25 at scale 1 is no integer");
	ok(decimal_unscaled(&decimal, 37, &unscaled), "1.25 at scale 37 has 38 digits");
	ok(!decimal_unscaled(&decimal, 38, &unscaled), "1.25 at scale 38 has too many");
	decimal = parsed("1200");
	ok(decimal_unscaled(&decimal, -2, &unscaled) && unscaled == 12, "1200 at scale -2 is 12");
	ok(!decimal_unscaled(&decimal, -3, &unscaled), "1200 at scale -3 is no integer");
	ok(!decimal_unscaled(&decimal, INT32_MAX, &unscaled), "a scale without bounds is refused");
	decimal = parsed("0");
	ok(decimal_unscaled(&decimal, 1000, &unscaled) && unscaled == 0, "0 is 0 at any scale");
	decimal = parsed("9223372036854775807");
	ok(decimal_to_i64(&decimal, &value) && value == INT64_MAX, "the largest 64-bit integer is one");
	decimal = parsed("9223372036854775808");
	ok(!decimal_to_i64(&decimal, &value), "the next number is not");
	decimal = parsed("-9223372036854775808");
	ok(decimal_to_i64(&decimal, &value) && value == INT64_MIN, "the smallest 64-bit integer is one");
	decimal = parsed("-9223372036854775809");
	ok(!decimal_to_i64(&decimal, &value), "the number before it is not");
	decimal = parsed("0.5");
	ok(!decimal_to_i64(&decimal, &value), "a half is no integer");
	decimal = parsed("1E125");
	ok(!decimal_to_i64(&decimal, &value), "nor is 1E125 a 64-bit one");
}

static bool same_double(double a, double b)
{
	return memcmp(&a, &b, sizeof(a)) == 0;
}

static void test_doubles(void)
{
	char text[DECIMAL_TEXT_MAX];
	static const struct {
		double value;
		const char *text;
	} shortest[] = {
		{0.1, "0.1"},
		{-0.0, "0"},
		{1.0 / 3, "0.3333333333333333"},
		{0.1 + 0.2, "0.30000000000000004"},
		{5e-324 * 0 + 1e22, "10000000000000000000000"},
		{9007199254740993.0, "9007199254740992"},
		{123456789.125, "123456789.125"},
		{1.7976931348623157, "1.7976931348623157"},
	};
	struct decimal decimal;
	for (size_t i = 0; i < sizeof(shortest) / sizeof(shortest[0]); i++) {
		bool read = decimal_from_double(shortest[i].value, &decimal);
		(void)decimal_format(&decimal, text);
		ok(read && strcmp(text, shortest[i].text) == 0, "%s is the shortest text of its double",
		   shortest[i].text);
	}
	ok(!decimal_from_double(NAN, &decimal), "NaN is no number");
	ok(!decimal_from_double(INFINITY, &decimal), "infinity is none");
	ok(!decimal_from_double(1e126, &decimal), "1e126 is out of range");
	ok(!decimal_from_double(1e-131, &decimal), "so is 1e-131");
	decimal = parsed("0.1000000000000000055511151231257827");
	ok(same_double(decimal_to_double(&decimal), 0.1), "many digits round to the nearest double");
	decimal = parsed("9007199254740993");
	ok(same_double(decimal_to_double(&decimal), 9007199254740992.0), "a tie rounds to even");
	struct prng prng;
	prng_init(&prng, 12);
	int wrong = 0, longer = 0;
	for (int i = 0; i < 20000; i++) {
		uint64_t bits = prng_next(&prng);
		double value;
		memcpy(&value, &bits, sizeof(value));
		if (!isfinite(value) || fabs(value) > 9e125 || fabs(value) < 1e-130)
			continue;
		wrong += !decimal_from_double(value, &decimal) || !same_double(decimal_to_double(&decimal), value);
		/* No shorter text reads back: the nearest one with a digit less is another double. */
		char shorter[64];
		(void)snprintf(shorter, sizeof(shorter), "%.*e", decimal.count > 1 ? decimal.count - 2 : 0, value);
		longer += decimal.count > 1 && same_double(strtod(shorter, NULL), value);
	}
	is_int(wrong, 0, "random doubles come back from their decimals");
	is_int(longer, 0, "which are the shortest that do");
}

static bool within(const char *a, const char *b, const char *limit, bool of_a)
{
	struct decimal left, right, most;
	if (decimal_parse(slice_from(a), &left) != DECIMAL_OK || decimal_parse(slice_from(b), &right) != DECIMAL_OK ||
	    decimal_parse(slice_from(limit), &most) != DECIMAL_OK)
		return false;
	return decimal_within(&left, &right, &most, of_a);
}

static void test_within(void)
{
	ok(within("1.00", "1.01", "0.01", false) && within("1.01", "1", "0.01", false), "a limit includes itself");
	ok(!within("1.00", "1.010000000000000000000000000001", "0.01", false), "and nothing beyond it");
	ok(within("-0.004", "0.006", "0.01", false) && !within("-0.0041", "0.006", "0.01", false), "across zero");
	ok(within("0", "0", "1e-130", false) && !within("1e-130", "-1e-130", "1e-130", false), "at the small end");
	ok(within("9.9e125", "9.9e125", "1", false) && !within("9.9e125", "-9.9e125", "9.9e125", false),
	   "at the large end");
	ok(!within("1e125", "99999999999999999999999999999999999999", "9e124", false) &&
		   within("1e125", "99999999999999999999999999999999999999", "1e125", false),
	   "far apart");
	ok(within("100", "101", "1", true) && within("100", "99", "1", true) && !within("100", "101.0001", "1", true),
	   "a percentage of what is expected");
	ok(within("-200", "-202", "1", true) && !within("-200", "200", "100", true), "of its size, whatever its sign");
	ok(!within("99", "100", "1", true) && within("0", "0", "1", true) && !within("0", "1e-130", "99", true),
	   "not of the other, and nothing is a share of zero");
	ok(within("1e-130", "1e-130", "1e-130", true) && within("9.9e125", "9.9e125", "9.9e125", true), "at both ends");
	bool same = true;
	struct prng prng;
	prng_init(&prng, 7);
	for (int i = 0; i < 20000 && same; i++) {
		int64_t a = (int64_t)prng_below(&prng, 2001) - 1000, b = a + (int64_t)prng_below(&prng, 41) - 20;
		int64_t limit = (int64_t)prng_below(&prng, 30);
		int scale = (int)prng_below(&prng, 100) - 50;
		int64_t distance = a < b ? b - a : a - b, size = a < 0 ? -a : a;
		struct decimal left, right, most, percent;
		decimal_from_unscaled(a, scale, &left);
		decimal_from_unscaled(b, scale, &right);
		decimal_from_unscaled(limit, scale, &most);
		decimal_from_unscaled(limit, 1, &percent);
		same = decimal_within(&left, &right, &most, false) == (distance <= limit) &&
		       decimal_within(&left, &right, &percent, true) == (distance * 1000 <= size * limit);
	}
	ok(same, "as whole numbers say, of any scale");
}

int main(void)
{
	test_canonical();
	test_against_int128();
	test_order();
	test_integers();
	test_doubles();
	test_within();
	return tap_done();
}
