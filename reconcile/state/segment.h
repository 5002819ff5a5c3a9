/* segment - sorted facts as checksummed blocks of bytes.
 *
 * Invariant: what segment_decode hands out of a block is what segment_encode was given, or it says "corrupt"; no bytes
 * make it read outside the block. A block is
 *
 *     checksum  8 bytes, XXH64 (seed 0) of all that follows
 *     facts     4 bytes
 *     facts, each:
 *       bits     2 bytes: kind, state and which of the optional fields follow
 *       key      8 bytes hash, 2 bytes size, bytes; left out when the fact before has the same key
 *       source, record, offset                      varints
 *       item key 8 bytes, unless 0
 *       after    item 16 bytes, row 8, expires varint, dated varint; those that are not nothing
 *       and of a change:
 *       bits     2 bytes
 *       before   as after
 *       domain   varint
 *       sequence 1 byte size, bytes without leading zeros
 *       time     seconds as a varint when it is one whole second, two varints otherwise, nothing without a time
 *       event    8 bytes, unless 0
 *       or of a lake row that has them:
 *       times    two varints
 *
 * all little-endian; varints are LEB128, signed numbers zigzag. A fact whose key is at most SEGMENT_KEY_MAX bytes
 * always fits an empty block. No memory is owned; everything may be called from any thread. */
#ifndef LAKEPROOF_RECONCILE_STATE_SEGMENT_H
#define LAKEPROOF_RECONCILE_STATE_SEGMENT_H

#include "base/attributes.h"
#include "reconcile/digest/digest.h"
#include "reconcile/state/fact.h"

enum {
	SEGMENT_KEY_MAX = KEY_BYTES_MAX,
	SEGMENT_FACT_MAX = 256, /* an encoded fact without its key's bytes, and room to spare */
	/* One SQLite leaf page of 64 KB holds a block and its row header, so that no block overflows into a second. */
	SEGMENT_BLOCK_MAX = 65400,
	SEGMENT_BLOCK_HEADER = 12,
	/* Bytes that must be readable (not meaningful) after a block given to segment_open. */
	SEGMENT_PADDING = 256
};

/* Writes the fact, as one of `source`, with its key to `bytes`, which has room for SEGMENT_FACT_MAX + key.size; returns
 * the size. The key has at most SEGMENT_KEY_MAX bytes. */
size_t segment_encode(const struct fact *fact, uint32_t source, uint8_t *bytes);

/* One block being filled. */
struct segment_block {
	uint8_t *bytes; /* SEGMENT_BLOCK_MAX */
	size_t size;
	uint32_t facts;
	uint64_t first_key, last_key;
	struct slice key; /* of the last fact, in `bytes` */
};

void segment_block_begin(struct segment_block *block, uint8_t *bytes);
/* Takes a fact encoded by segment_encode; false when it does not fit any more. */
bool segment_block_add(struct segment_block *block, const uint8_t *fact, size_t size) MUST_USE;
/* Writes the header; the block is then block->bytes, block->size. */
void segment_block_end(struct segment_block *block);

/* Facts out of a block, or one fact out of segment_encode's bytes. */
struct segment_reader {
	const uint8_t *at, *end;
	uint32_t left;
	uint64_t key_hash;
	struct slice key;
};

enum segment_step { SEGMENT_CORRUPT = -1, SEGMENT_END = 0, SEGMENT_FACT = 1 };

/* False: the checksum does not match, or the block is too short. */
bool segment_open(struct segment_reader *reader, const uint8_t *block, size_t size) MUST_USE;
/* fact->key points into the block. */
enum segment_step segment_next(struct segment_reader *reader, struct fact *fact) MUST_USE;
/* The fact that segment_encode wrote to `bytes` (SEGMENT_PADDING readable bytes after them). */
bool segment_decode(const uint8_t *bytes, size_t size, struct fact *fact) MUST_USE;

#endif
