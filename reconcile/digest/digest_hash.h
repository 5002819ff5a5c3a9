/* digest_hash - Spark's xxhash64 of one value, each a step in a chain: the running hash goes in as the seed.
 *
 * Source: Spark's documented function xxhash64 (seed 42, nulls skipped) and the XXH64 specification; a 32-bit value is
 * hashed as its 4 little-endian bytes, a 64-bit one as 8, which is XXH64 of those bytes. docs/digest.md lists what each
 * type is hashed as. Inline only; pure functions. */
#ifndef LAKEPROOF_RECONCILE_DIGEST_DIGEST_HASH_H
#define LAKEPROOF_RECONCILE_DIGEST_DIGEST_HASH_H

#include <stdint.h>
#include <string.h>

#ifndef __clang_analyzer__ /* which would look for faults in the library instead of here */
#define XXH_INLINE_ALL
#endif
#include <xxhash.h>

#include "base/decimal.h"
#include "base/slice.h"

enum { SPARK_SEED = 42 };

#define XX_PRIME_1 UINT64_C(0x9E3779B185EBCA87)
#define XX_PRIME_2 UINT64_C(0xC2B2AE3D27D4EB4F)
#define XX_PRIME_3 UINT64_C(0x165667B19E3779F9)
#define XX_PRIME_4 UINT64_C(0x85EBCA77C2B2AE63)
#define XX_PRIME_5 UINT64_C(0x27D4EB2F165667C5)

static inline uint64_t xx_rotate(uint64_t word, unsigned bits)
{
	return (word << bits) | (word >> (64 - bits));
}

static inline uint64_t xx_finish(uint64_t hash)
{
	hash = (hash ^ (hash >> 33)) * XX_PRIME_2;
	hash = (hash ^ (hash >> 29)) * XX_PRIME_3;
	return hash ^ (hash >> 32);
}

static inline uint64_t hash_int(int32_t value, uint64_t seed)
{
	uint64_t hash = (seed + XX_PRIME_5 + 4) ^ ((uint64_t)(uint32_t)value * XX_PRIME_1);
	return xx_finish(xx_rotate(hash, 23) * XX_PRIME_2 + XX_PRIME_3);
}

static inline uint64_t hash_long(int64_t value, uint64_t seed)
{
	uint64_t hash = (seed + XX_PRIME_5 + 8) ^ (xx_rotate((uint64_t)value * XX_PRIME_2, 31) * XX_PRIME_1);
	return xx_finish(xx_rotate(hash, 27) * XX_PRIME_1 + XX_PRIME_4);
}

static inline uint64_t hash_u64(uint64_t value, uint64_t seed)
{
	return hash_long((int64_t)value, seed);
}

/* Short strings are most of a table, so those below one 32-byte stripe skip the library's general entry. */
static inline uint64_t hash_bytes(const void *data, size_t size, uint64_t seed)
{
	if (size >= 32)
		return XXH64(data, size, seed);
	const unsigned char *at = data;
	uint64_t hash = seed + XX_PRIME_5 + size;
	for (; size >= 8; size -= 8, at += 8) {
		uint64_t word;
		memcpy(&word, at, 8);
		hash ^= xx_rotate(word * XX_PRIME_2, 31) * XX_PRIME_1;
		hash = xx_rotate(hash, 27) * XX_PRIME_1 + XX_PRIME_4;
	}
	if (size >= 4) {
		uint32_t word;
		memcpy(&word, at, 4);
		hash ^= (uint64_t)word * XX_PRIME_1;
		hash = xx_rotate(hash, 23) * XX_PRIME_2 + XX_PRIME_3;
		size -= 4;
		at += 4;
	}
	for (; size > 0; size--, at++)
		hash = xx_rotate(hash ^ (*at * XX_PRIME_5), 11) * XX_PRIME_1;
	return xx_finish(hash);
}

static inline uint64_t hash_slice(struct slice bytes, uint64_t seed)
{
	return hash_bytes(bytes.data, bytes.size, seed);
}

/* -0.0 counts as 0.0 and every NaN as the one Java's floatToIntBits gives. */
static inline uint64_t hash_float(float value, uint64_t seed)
{
	uint32_t bits = 0;
	if (value != value)
		bits = UINT32_C(0x7fc00000);
	else if (value != 0.0F)
		memcpy(&bits, &value, sizeof(bits));
	return hash_int((int32_t)bits, seed);
}

static inline uint64_t hash_double(double value, uint64_t seed)
{
	uint64_t bits = 0;
	if (value != value)
		bits = UINT64_C(0x7ff8000000000000);
	else if (value != 0.0)
		memcpy(&bits, &value, sizeof(bits));
	return hash_u64(bits, seed);
}

/* By the declared precision: up to 18 the unscaled value as a long, else its shortest two's-complement big-endian
 * bytes (at least one). */
static inline uint64_t hash_decimal(int128 unscaled, unsigned precision, uint64_t seed)
{
	if (precision <= 18)
		return hash_long((int64_t)unscaled, seed);
	uint64_t high = (uint64_t)(unscaled >> 64), low = (uint64_t)unscaled;
	uint64_t swapped[2] = {__builtin_bswap64(high), __builtin_bswap64(low)};
	unsigned char bytes[16];
	memcpy(bytes, swapped, sizeof(bytes));
	/* Bits that repeat the sign; one sign bit must stay. */
	uint64_t sign = (uint64_t)((int64_t)high >> 63);
	unsigned same = high != sign  ? (unsigned)__builtin_clzll(high ^ sign)
			: low != sign ? 64 + (unsigned)__builtin_clzll(low ^ sign)
				      : 128;
	unsigned skip = same == 0 ? 0 : (same - 1) / 8;
	return hash_bytes(bytes + skip, 16 - skip, seed);
}

#endif
