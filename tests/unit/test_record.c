#include "sources/record.h"

#include "base/prng.h"
#include "tests/tap.h"

static void formats_as(const char *text, const char *want)
{
	uint8_t sequence[SEQUENCE_SIZE];
	char got[48] = "(refused)";
	if (sequence_parse(slice_from(text), sequence))
		sequence_format(sequence, got);
	ok(strcmp(got, want) == 0, "sequence number '%s' is read as '%s' (got '%s')", text, want, got);
}

static void is_refused(const char *text)
{
	uint8_t sequence[SEQUENCE_SIZE];
	ok(!sequence_parse(slice_from(text), sequence), "'%s' is no sequence number", text);
}

/* Order of decimal texts: without leading zeros the longer is larger, then bytes decide. */
static int compare_texts(const char *a, const char *b)
{
	a += strspn(a, "0");
	b += strspn(b, "0");
	if (strlen(a) != strlen(b))
		return strlen(a) > strlen(b) ? 1 : -1;
	int order = strcmp(a, b);
	return (order > 0) - (order < 0);
}

static void random_digits(struct prng *prng, char text[48])
{
	size_t size = 1 + prng_below(prng, 40);
	for (size_t i = 0; i < size; i++)
		text[i] = (char)('0' + (prng_chance(prng, 1, 4) ? 0 : prng_below(prng, 10)));
	text[size] = '\0';
}

static void test_order(void)
{
	struct prng prng;
	prng_init(&prng, 1);
	int wrong_order = 0;
	int wrong_text = 0;
	for (int i = 0; i < 100000; i++) {
		char a[48];
		char b[48];
		char text[48];
		uint8_t sequence_a[SEQUENCE_SIZE];
		uint8_t sequence_b[SEQUENCE_SIZE];
		random_digits(&prng, a);
		random_digits(&prng, b);
		if (!sequence_parse(slice_from(a), sequence_a) || !sequence_parse(slice_from(b), sequence_b)) {
			wrong_order++;
			continue;
		}
		int order = memcmp(sequence_a, sequence_b, SEQUENCE_SIZE);
		wrong_order += (order > 0) - (order < 0) != compare_texts(a, b);
		sequence_format(sequence_a, text);
		const char *want = a + strspn(a, "0");
		wrong_text += strcmp(text, *want != '\0' ? want : "0") != 0;
	}
	is_int(wrong_order, 0, "memcmp of 100000 pairs of sequence numbers is their numeric order");
	is_int(wrong_text, 0, "and each comes back as the digits it was, without leading zeros");
}

int main(void)
{
	formats_as("0", "0");
	formats_as("000", "0");
	formats_as("1", "1");
	formats_as("00000000000000000000000000000000000000000000000000000000000012", "12");
	formats_as("4294967296", "4294967296");
	formats_as("111100000000000000000001", "111100000000000000000001");
	formats_as("49590338271490256608559692538361571095921575989136588898", "(refused)");
	formats_as("9999999999999999999999999999999999999999", "9999999999999999999999999999999999999999");
	formats_as("10000000000000000000000000000000000000000", "(refused)");
	is_refused("");
	is_refused("-1");
	is_refused("1.0");
	is_refused("12a");
	is_refused(" 1");
	is_refused("1e3");
	test_order();
	return tap_done();
}
