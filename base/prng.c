#include "base/prng.h"

#include <assert.h>

#include "base/int128.h"

uint64_t prng_mix(uint64_t word)
{
	word = (word ^ word >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	word = (word ^ word >> 27) * UINT64_C(0x94d049bb133111eb);
	return word ^ word >> 31;
}

void prng_init(struct prng *prng, uint64_t seed)
{
	for (int i = 0; i < 4; i++) {
		seed += UINT64_C(0x9e3779b97f4a7c15);
		prng->state[i] = prng_mix(seed);
	}
}

static uint64_t rotate_left(uint64_t word, int bits)
{
	return word << bits | word >> (64 - bits);
}

uint64_t prng_next(struct prng *prng)
{
	uint64_t *state = prng->state;
	uint64_t result = rotate_left(state[1] * 5, 7) * 9;
	uint64_t shifted = state[1] << 17;
	state[2] ^= state[0];
	state[3] ^= state[1];
	state[1] ^= state[2];
	state[0] ^= state[3];
	state[2] ^= shifted;
	state[3] = rotate_left(state[3], 45);
	return result;
}

uint64_t prng_below(struct prng *prng, uint64_t bound)
{
	assert(bound > 0);
	uint128 product = (uint128)prng_next(prng) * bound;
	if ((uint64_t)product < bound) {
		/* 2^64 mod bound low parts would make some results likelier than others. */
		uint64_t threshold = (0 - bound) % bound;
		while ((uint64_t)product < threshold)
			product = (uint128)prng_next(prng) * bound;
	}
	return (uint64_t)(product >> 64);
}

bool prng_chance(struct prng *prng, uint64_t numerator, uint64_t denominator)
{
	assert(denominator > 0);
	return prng_below(prng, denominator) < numerator;
}
