#include "base/prng.h"

#include "tests/tap.h"

/* The numbers of the authors' published C programs splitmix64.c and xoshiro256starstar.c. */
static void test_reference(void)
{
	struct prng prng;
	prng_init(&prng, 1234567);
	ok(prng.state[0] == UINT64_C(6457827717110365317), "the first word of splitmix64 for seed 1234567");
	ok(prng.state[1] == UINT64_C(3203168211198807973), "the second word");
	ok(prng.state[2] == UINT64_C(9817491932198370423), "the third word");
	ok(prng.state[3] == UINT64_C(4593380528125082431), "the fourth word");
	struct prng simple = {{1, 2, 3, 4}};
	static const uint64_t want[] = {11520, 0, 1509978240, UINT64_C(1215971899390074240),
					UINT64_C(1216172134540287360)};
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		ok(prng_next(&simple) == want[i], "number %zu of xoshiro256** from the state 1, 2, 3, 4", i);
}

static void test_below(void)
{
	struct prng prng;
	prng_init(&prng, 1);
	uint64_t counts[7] = {0};
	for (int i = 0; i < 70000; i++)
		counts[prng_below(&prng, 7)]++;
	bool even = true;
	for (int i = 0; i < 7; i++)
		even = even && counts[i] > 9500 && counts[i] < 10500;
	ok(even, "each of 7 results comes up about as often");
	bool inside = true, upper = false;
	uint64_t bound = (UINT64_C(1) << 63) + 1; /* nearly half of all numbers must be rejected */
	for (int i = 0; i < 1000; i++) {
		uint64_t value = prng_below(&prng, bound);
		inside = inside && value < bound;
		upper = upper || value > bound / 4 * 3;
	}
	ok(inside && upper, "a bound just over a half of the range is kept and used to its end");
	ok(prng_below(&prng, 1) == 0, "below 1 there is only 0");
}

static void test_chance(void)
{
	struct prng prng;
	prng_init(&prng, 2);
	int hits = 0, never = 0, always = 0;
	for (int i = 0; i < 10000; i++) {
		hits += prng_chance(&prng, 1, 4);
		never += prng_chance(&prng, 0, 4);
		always += prng_chance(&prng, 4, 4);
	}
	ok(hits > 2300 && hits < 2700, "a chance of 1 in 4 comes true about 2,500 times in 10,000");
	is_int(never, 0, "a chance of 0 never comes true");
	is_int(always, 10000, "a chance of 1 always does");
}

static void test_mix(void)
{
	ok(prng_mix(0) == 0, "0 is mixed to itself");
	ok(prng_mix(UINT64_C(0x9e3779b97f4a7c15)) == UINT64_C(0xe220a8397b1dcdaf),
	   "the first word of splitmix64 for seed 0 is the mix of its increment");
	struct prng a, b;
	prng_init(&a, 5);
	prng_init(&b, 5);
	bool same = true;
	for (int i = 0; i < 100; i++)
		same = same && prng_next(&a) == prng_next(&b);
	ok(same, "the same seed gives the same numbers");
	prng_init(&b, 6);
	ok(prng_next(&a) != prng_next(&b), "another seed gives others");
}

int main(void)
{
	test_reference();
	test_below();
	test_chance();
	test_mix();
	return tap_done();
}
