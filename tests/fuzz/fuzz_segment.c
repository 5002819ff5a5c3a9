/* Whatever a block's bytes are, its facts lie within it and encode to facts that compare equal; no read leaves it. */
#include <assert.h>
#include <stdlib.h>
#include <xxhash.h>

#include "reconcile/state/segment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct fact *fact)
{
	static uint8_t bytes[SEGMENT_FACT_MAX + SEGMENT_KEY_MAX + SEGMENT_PADDING];
	struct fact again;
	size_t size = segment_encode(fact, fact->source, bytes);
	assert(size <= SEGMENT_FACT_MAX + fact->key.size);
	bool whole = segment_decode(bytes, size, &again);
	assert(whole && fact_compare(fact, &again) == 0 && again.ttl == fact->ttl);
	assert(memcmp(&again.before.item, &fact->before.item, sizeof(again.before.item)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > SEGMENT_BLOCK_MAX - SEGMENT_BLOCK_HEADER)
		return 0;
	/* An allocation of exactly what may be read, so that a step further is seen. */
	size_t block_size = size + 8;
	uint8_t *block = calloc(1, block_size + SEGMENT_PADDING);
	assert(block != NULL);
	if (size > 0)
		memcpy(block + 8, data, size);
	uint64_t checksum = XXH64(block + 8, size, 0);
	memcpy(block, &checksum, sizeof(checksum));
	struct segment_reader reader;
	struct fact fact;
	if (segment_open(&reader, block, block_size)) {
		while (segment_next(&reader, &fact) == SEGMENT_FACT) {
			const char *end = (const char *)block + block_size;
			assert(fact.key.data >= (const char *)block && fact.key.size <= (size_t)(end - fact.key.data));
			check(&fact);
		}
	}
	free(block);
	return 0;
}
