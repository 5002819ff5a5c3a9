#include "reconcile/state/segment.h"

#include <stdlib.h>
#include <xxhash.h>

#include "reconcile/state/segment_sort.h"
#include "tests/support/random_fact.h"
#include "tests/tap.h"

enum { FACTS = 3000 };

static struct fact facts[FACTS];
static char keys[FACTS][48];
static uint8_t block_bytes[SEGMENT_BLOCK_MAX + SEGMENT_PADDING];

static int by_order(const void *left, const void *right)
{
	return fact_compare(left, right);
}

static void make_facts(uint64_t seed, uint64_t key_count)
{
	struct prng prng;
	prng_init(&prng, seed);
	for (int i = 0; i < FACTS; i++)
		facts[i] = random_fact(&prng, key_count, keys[i]);
	qsort(facts, FACTS, sizeof(facts[0]), by_order);
}

/* Fills one block from facts[first] on; returns how many it took. */
static int fill_block(int first, size_t *size)
{
	uint8_t bytes[SEGMENT_FACT_MAX + 48];
	struct segment_block block;
	int i = first;
	segment_block_begin(&block, block_bytes);
	while (i < FACTS && segment_block_add(&block, bytes, segment_encode(&facts[i], facts[i].source, bytes)))
		i++;
	segment_block_end(&block);
	*size = block.size;
	return i - first;
}

static void what_goes_in_comes_out(uint64_t key_count, const char *name)
{
	int wrong = 0, blocks = 0;
	make_facts(key_count, key_count);
	for (int first = 0; first < FACTS; blocks++) {
		struct segment_reader reader;
		struct fact fact;
		size_t size;
		int taken = fill_block(first, &size);
		wrong += !segment_open(&reader, block_bytes, size);
		for (int i = 0; i < taken; i++)
			wrong += segment_next(&reader, &fact) != SEGMENT_FACT || !same_fact(&fact, &facts[first + i]);
		wrong += segment_next(&reader, &fact) != SEGMENT_END;
		wrong += taken == 0;
		first += taken;
	}
	is_int(wrong, 0, name);
	ok(blocks > 1, "that took %d blocks", blocks);
}

/* The size of a block of a hundred facts that differ in their keys only. */
static size_t block_of_keys(int distinct)
{
	uint8_t bytes[SEGMENT_FACT_MAX + 48];
	char key[48];
	struct segment_block block;
	struct fact fact = {.kind = FACT_SNAPSHOT, .after = {.expires_s = EXPIRES_NONE}};
	bool fits = true;
	segment_block_begin(&block, block_bytes);
	for (int i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), "key-%06d", i % distinct);
		fact.key = slice_from(key);
		fact.key_hash = (uint64_t)(i % distinct);
		fits = segment_block_add(&block, bytes, segment_encode(&fact, 1, bytes)) && fits;
	}
	return fits ? block.size : 0;
}

static void facts_of_one_key_share_it(void)
{
	size_t key_size = 8 + 2 + 10;
	is_int(block_of_keys(100), SEGMENT_BLOCK_HEADER + 100 * (2 + key_size + 3), "a block holds each key's bytes");
	is_int(block_of_keys(1), SEGMENT_BLOCK_HEADER + 100 * (2 + 3) + key_size,
	       "facts of one key take its bytes once");
}

static void extremes_fit(void)
{
	uint8_t bytes[SEGMENT_FACT_MAX + SEGMENT_KEY_MAX + SEGMENT_PADDING] = {0};
	static char key[SEGMENT_KEY_MAX];
	struct fact fact, fact_read;
	memset(&fact, 0xff, sizeof(fact));
	struct fact_side side = {STATE_IMAGE, 3, {UINT64_MAX, UINT64_MAX}, UINT64_MAX, INT64_MAX, INT64_MIN};
	fact.kind = FACT_CHANGE;
	fact.flags = FACT_DAMAGED | FACT_DELETED;
	fact.after = fact.before = side;
	fact.before.expires_s = INT64_MIN + 1;
	fact.ttl = TTL_UNKNOWN;
	fact.has_sequence = true;
	fact.time_lo_us = INT64_MIN + 1;
	fact.time_hi_us = INT64_MAX - 1;
	fact.key = (struct slice){key, sizeof(key)};
	size_t size = segment_encode(&fact, UINT32_MAX, bytes);
	ok(size <= SEGMENT_FACT_MAX + SEGMENT_KEY_MAX, "the largest fact is as large as the header says");
	ok(segment_decode(bytes, size, &fact_read) && same_fact(&fact, &fact_read), "and comes out as it went in");
	fact.time_lo_us = 0;
	fact.time_hi_us = 1000000;
	size = segment_encode(&fact, 1, bytes);
	ok(segment_decode(bytes, size, &fact_read) && fact_read.time_lo_us == 0 && fact_read.time_hi_us == 1000000 &&
		   fact_read.source == 1,
	   "the source is the one that segment_encode is told");
}

static void any_changed_byte_is_found(void)
{
	size_t size;
	int missed = 0;
	make_facts(8, 50);
	fill_block(0, &size);
	for (size_t i = 0; i < size; i += 7) {
		struct segment_reader reader;
		block_bytes[i] ^= 0x10;
		missed += segment_open(&reader, block_bytes, size);
		block_bytes[i] ^= 0x10;
	}
	struct segment_reader reader;
	is_int(missed, 0, "a block with any one byte changed does not open");
	ok(!segment_open(&reader, block_bytes, size - 1), "nor does one cut short");
	ok(!segment_open(&reader, block_bytes, 3), "nor do three bytes");
	ok(segment_open(&reader, block_bytes, size), "the intact one does");
}

/* Also with a checksum that matches: a writer's mistake must not become a crash. */
static void damage_never_crashes(void)
{
	struct prng prng;
	size_t size;
	uint64_t corrupt = 0, decoded = 0;
	prng_init(&prng, 11);
	make_facts(9, 30);
	for (int round = 0; round < 3000; round++) {
		struct segment_reader reader;
		struct fact fact;
		enum segment_step step;
		fill_block(FACTS - 60, &size);
		for (uint64_t i = prng_below(&prng, 6) + 1; i > 0; i--)
			block_bytes[8 + prng_below(&prng, size - 8)] = (uint8_t)prng_next(&prng);
		uint64_t checksum = XXH64(block_bytes + 8, size - 8, 0);
		memcpy(block_bytes, &checksum, sizeof(checksum));
		if (!segment_open(&reader, block_bytes, size))
			continue;
		while ((step = segment_next(&reader, &fact)) == SEGMENT_FACT)
			decoded += fact.key.size <= SEGMENT_KEY_MAX &&
				   fact.key.data + fact.key.size <= (const char *)block_bytes + size;
		corrupt += step == SEGMENT_CORRUPT;
	}
	ok(corrupt > 1000 && decoded > 10000,
	   "damage behind a matching checksum is told, not followed (%llu times, %llu facts)",
	   (unsigned long long)corrupt, (unsigned long long)decoded);
}

static void sorting_is_fact_compare(uint64_t key_count, const char *name)
{
	static uint8_t bytes[FACTS * (SEGMENT_FACT_MAX + 48) + SEGMENT_PADDING];
	static struct segment_entry entries[FACTS], spare[FACTS];
	struct prng prng;
	size_t size = 0;
	int wrong = 0;
	prng_init(&prng, key_count);
	for (int i = 0; i < FACTS; i++) {
		facts[i] = random_fact(&prng, key_count, keys[i]);
		size_t fact_size = segment_encode(&facts[i], facts[i].source, bytes + size);
		entries[i] = (struct segment_entry){facts[i].key_hash, (uint32_t)size, (uint32_t)fact_size};
		size += fact_size;
	}
	struct segment_entry *sorted = segment_sort(bytes, entries, spare, FACTS);
	qsort(facts, FACTS, sizeof(facts[0]), by_order);
	for (int i = 0; i < FACTS; i++) {
		struct fact fact;
		wrong += !segment_decode(bytes + sorted[i].offset, sorted[i].size, &fact) ||
			 fact_compare(&fact, &facts[i]) != 0;
	}
	is_int(wrong, 0, name);
}

int main(void)
{
	what_goes_in_comes_out(UINT64_MAX, "facts of as many keys come out of blocks as they went in");
	what_goes_in_comes_out(40, "facts of few keys come out of blocks as they went in");
	facts_of_one_key_share_it();
	extremes_fit();
	any_changed_byte_is_found();
	damage_never_crashes();
	sorting_is_fact_compare(UINT64_MAX, "facts of as many keys are sorted as fact_compare has it");
	sorting_is_fact_compare(100, "facts of few keys are");
	sorting_is_fact_compare(1, "facts of one key are");
	return tap_done();
}
