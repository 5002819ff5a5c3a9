/* prng - the one seeded source of randomness: xoshiro256** seeded by splitmix64 (Blackman and Vigna, 2018).
 *
 * The same seed gives the same numbers on every machine; only integers are used. Passed by pointer, never global. */
#ifndef LAKEPROOF_BASE_PRNG_H
#define LAKEPROOF_BASE_PRNG_H

#include <stdbool.h>
#include <stdint.h>

struct prng {
	uint64_t state[4];
};

void prng_init(struct prng *prng, uint64_t seed);
uint64_t prng_next(struct prng *prng);
/* Uniform in [0, bound), bound > 0, by Lemire's multiply-and-reject. */
uint64_t prng_below(struct prng *prng, uint64_t bound);
/* True with probability numerator / denominator. */
bool prng_chance(struct prng *prng, uint64_t numerator, uint64_t denominator);
/* splitmix64's finaliser: a good 64-bit mix of one word, for "a function of (seed, key, version)". */
uint64_t prng_mix(uint64_t word);

#endif
