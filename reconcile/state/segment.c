#include "reconcile/state/segment.h"

#include <assert.h>
#include <xxhash.h>

#include "reconcile/digest/digest.h"

/* Bits of a fact's first word. */
enum {
	BIT_KIND = 0, /* 2 bits */
	BIT_SAME_KEY = 2,
	BIT_DAMAGED = 3,
	BIT_DELETED = 4,
	BIT_AFTER = 5, /* a side's eight bits */
	BIT_ITEM_KEY = 13,
	BIT_TIMED = 14,
	BIT_CURRENT = 15
};

/* Bits of a change's second word. */
enum {
	BIT_BEFORE = 0,
	BIT_TTL = 8, /* 2 bits */
	BIT_SEQUENCE = 10,
	BIT_TIME = 11, /* 2 bits, enum time_form */
	BIT_EVENT = 13
};

/* A side's bits. */
enum {
	SIDE_STATE = 0, /* 2 bits */
	SIDE_FLAGS = 2, /* 2 bits */
	SIDE_ITEM = 4,
	SIDE_ROW = 5,
	SIDE_EXPIRES = 6,
	SIDE_DATED = 7,
	SIDE_MASK = 0xff
};

enum time_form { TIME_NONE = 0, TIME_SECOND = 1, TIME_INTERVAL = 2 };

enum { MICROSECONDS = 1000000, FIRST_WORD_BITS = 16, SECOND_WORD_BITS = 14 };

/* ---- little-endian words and varints */

static inline uint8_t *put_bytes(uint8_t *at, const void *bytes, size_t size)
{
	memcpy(at, bytes, size);
	return at + size;
}

static inline uint8_t *put_u16(uint8_t *at, uint32_t value)
{
	uint16_t word = (uint16_t)value;
	return put_bytes(at, &word, sizeof(word));
}

static inline uint8_t *put_u64(uint8_t *at, uint64_t value)
{
	return put_bytes(at, &value, sizeof(value));
}

static inline uint8_t *put_varint(uint8_t *at, uint64_t value)
{
	while (value >= 0x80) {
		*at++ = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	*at++ = (uint8_t)value;
	return at;
}

static inline uint8_t *put_signed(uint8_t *at, int64_t value)
{
	return put_varint(at, ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0));
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "blocks are written as the machine's words");

/* Never more than ten bytes: with SEGMENT_PADDING after a block, no field needs its own check of the end. An overlong
 * number sets *bad. */
static inline uint64_t get_varint(const uint8_t **at, bool *bad)
{
	const uint8_t *byte = *at;
	uint64_t value = 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		value |= (uint64_t)(*byte & 0x7f) << shift;
		if ((*byte++ & 0x80) == 0) {
			*at = byte;
			return value;
		}
	}
	*bad = true;
	*at = byte;
	return value;
}

static inline int64_t get_signed(const uint8_t **at, bool *bad)
{
	uint64_t value = get_varint(at, bad);
	return (int64_t)((value >> 1) ^ (0 - (value & 1)));
}

static inline uint32_t get_u32_varint(const uint8_t **at, bool *bad)
{
	uint64_t value = get_varint(at, bad);
	*bad |= value > UINT32_MAX;
	return (uint32_t)value;
}

static inline uint32_t get_u16(const uint8_t **at)
{
	uint16_t value;
	memcpy(&value, *at, sizeof(value));
	*at += sizeof(value);
	return value;
}

static inline uint64_t get_u64(const uint8_t **at)
{
	uint64_t value;
	memcpy(&value, *at, sizeof(value));
	*at += sizeof(value);
	return value;
}

/* ---- encoding */

static uint32_t side_bits(const struct fact_side *side)
{
	assert((uint32_t)side->state <= STATE_IMAGE && side->flags <= (IMAGE_LOSSY | IMAGE_MISTYPED));
	uint32_t bits = (uint32_t)side->state << SIDE_STATE | side->flags << SIDE_FLAGS;
	bits |= (uint32_t)((side->item[0] | side->item[1]) != 0) << SIDE_ITEM;
	bits |= (uint32_t)(side->row != 0) << SIDE_ROW;
	bits |= (uint32_t)(side->dated_s != DATED_NONE) << SIDE_DATED;
	return bits | (uint32_t)(side->expires_s != EXPIRES_NONE) << SIDE_EXPIRES;
}

static uint8_t *put_side(uint8_t *at, const struct fact_side *side, uint32_t bits)
{
	if (bits >> SIDE_ITEM & 1)
		at = put_bytes(at, side->item, sizeof(side->item));
	if (bits >> SIDE_ROW & 1)
		at = put_u64(at, side->row);
	if (bits >> SIDE_EXPIRES & 1)
		at = put_signed(at, side->expires_s);
	if (bits >> SIDE_DATED & 1)
		at = put_signed(at, side->dated_s);
	return at;
}

static enum time_form time_form(const struct fact *fact)
{
	if (fact->time_lo_us == INT64_MIN && fact->time_hi_us == INT64_MAX)
		return TIME_NONE;
	if (fact->time_lo_us % MICROSECONDS == 0 && fact->time_lo_us < INT64_MAX - MICROSECONDS &&
	    fact->time_hi_us == fact->time_lo_us + MICROSECONDS)
		return TIME_SECOND;
	return TIME_INTERVAL;
}

static uint8_t *put_change(uint8_t *at, const struct fact *fact)
{
	assert(fact->ttl <= TTL_UNKNOWN);
	uint32_t before = side_bits(&fact->before);
	enum time_form form = time_form(fact);
	at = put_u16(at, before << BIT_BEFORE | (uint32_t)fact->ttl << BIT_TTL |
				 (uint32_t)fact->has_sequence << BIT_SEQUENCE | (uint32_t)form << BIT_TIME |
				 (uint32_t)(fact->event_hash != 0) << BIT_EVENT);
	at = put_side(at, &fact->before, before);
	at = put_varint(at, fact->domain);
	if (fact->has_sequence) {
		size_t zeros = 0;
		while (zeros < SEQUENCE_SIZE && fact->sequence[zeros] == 0)
			zeros++;
		*at++ = (uint8_t)(SEQUENCE_SIZE - zeros);
		at = put_bytes(at, fact->sequence + zeros, SEQUENCE_SIZE - zeros);
	}
	if (form == TIME_SECOND) {
		at = put_signed(at, fact->time_lo_us / MICROSECONDS);
	} else if (form == TIME_INTERVAL) {
		at = put_signed(at, fact->time_lo_us);
		at = put_signed(at, fact->time_hi_us);
	}
	return fact->event_hash != 0 ? put_u64(at, fact->event_hash) : at;
}

size_t segment_encode(const struct fact *fact, uint32_t source, uint8_t *bytes)
{
	assert((uint32_t)fact->kind <= FACT_CHANGE && fact->key.size <= SEGMENT_KEY_MAX);
	uint32_t after = side_bits(&fact->after);
	uint8_t *at = put_u16(bytes, (uint32_t)fact->kind << BIT_KIND |
					     (uint32_t)((fact->flags & FACT_DAMAGED) != 0) << BIT_DAMAGED |
					     (uint32_t)((fact->flags & FACT_DELETED) != 0) << BIT_DELETED |
					     after << BIT_AFTER |
					     (uint32_t)(fact->item_key != 0) << BIT_ITEM_KEY |
					     (uint32_t)((fact->flags & FACT_TIMED) != 0) << BIT_TIMED |
					     (uint32_t)((fact->flags & FACT_CURRENT) != 0) << BIT_CURRENT);
	at = put_u64(at, fact->key_hash);
	at = put_u16(at, (uint32_t)fact->key.size);
	if (fact->key.size > 0)
		at = put_bytes(at, fact->key.data, fact->key.size);
	at = put_varint(at, source);
	at = put_varint(at, fact->record);
	at = put_varint(at, fact->offset);
	if (fact->item_key != 0)
		at = put_u64(at, fact->item_key);
	at = put_side(at, &fact->after, after);
	if (fact->kind == FACT_CHANGE)
		at = put_change(at, fact);
	else if ((fact->flags & FACT_TIMED) != 0)
		at = put_signed(put_signed(at, fact->time_lo_us), fact->time_hi_us);
	return (size_t)(at - bytes);
}

/* ---- blocks */

enum { KEY_AT = 2 + 8 + 2 }; /* where a key's bytes begin in an encoded fact */

void segment_block_begin(struct segment_block *block, uint8_t *bytes)
{
	*block = (struct segment_block){.bytes = bytes, .size = SEGMENT_BLOCK_HEADER};
}

bool segment_block_add(struct segment_block *block, const uint8_t *fact, size_t size)
{
	const uint8_t *at = fact;
	uint32_t bits = get_u16(&at);
	uint64_t hash = get_u64(&at);
	struct slice key = {.size = get_u16(&at)};
	key.data = (const char *)at;
	uint8_t *to = block->bytes + block->size;
	if (block->facts > 0 && hash == block->last_key && slice_equal(key, block->key)) {
		size_t rest = size - KEY_AT - key.size;
		if (SEGMENT_BLOCK_MAX - block->size < rest + 2)
			return false;
		to = put_u16(to, bits | 1U << BIT_SAME_KEY);
		put_bytes(to, fact + KEY_AT + key.size, rest);
		block->size += rest + 2;
	} else {
		if (SEGMENT_BLOCK_MAX - block->size < size)
			return false;
		put_bytes(to, fact, size);
		block->size += size;
		block->key = (struct slice){(const char *)to + KEY_AT, key.size};
	}
	if (block->facts++ == 0)
		block->first_key = hash;
	block->last_key = hash;
	return true;
}

void segment_block_end(struct segment_block *block)
{
	memcpy(block->bytes + 8, &block->facts, sizeof(block->facts));
	uint64_t checksum = XXH64(block->bytes + 8, block->size - 8, 0);
	memcpy(block->bytes, &checksum, sizeof(checksum));
}

/* ---- decoding */

static inline bool read_side(const uint8_t **at, uint32_t bits, struct fact_side *side)
{
	bool bad = false;
	side->state = (enum item_state)(bits >> SIDE_STATE & 3);
	side->flags = bits >> SIDE_FLAGS & 3;
	side->item[0] = bits >> SIDE_ITEM & 1 ? get_u64(at) : 0;
	side->item[1] = bits >> SIDE_ITEM & 1 ? get_u64(at) : 0;
	side->row = bits >> SIDE_ROW & 1 ? get_u64(at) : 0;
	side->expires_s = bits >> SIDE_EXPIRES & 1 ? get_signed(at, &bad) : EXPIRES_NONE;
	side->dated_s = bits >> SIDE_DATED & 1 ? get_signed(at, &bad) : DATED_NONE;
	return !bad;
}

static bool read_sequence(const uint8_t **at, struct fact *fact)
{
	size_t size = *(*at)++;
	if (size > SEQUENCE_SIZE)
		return false;
	memset(fact->sequence, 0, SEQUENCE_SIZE);
	memcpy(fact->sequence + SEQUENCE_SIZE - size, *at, size);
	*at += size;
	return true;
}

static bool read_time(const uint8_t **at, enum time_form form, struct fact *fact)
{
	bool bad = false;
	if (form == TIME_SECOND) {
		int64_t second = get_signed(at, &bad);
		bad |= second > INT64_MAX / MICROSECONDS - 1 || second < INT64_MIN / MICROSECONDS;
		fact->time_lo_us = bad ? 0 : second * MICROSECONDS;
		fact->time_hi_us = fact->time_lo_us + MICROSECONDS;
	} else if (form == TIME_INTERVAL) {
		fact->time_lo_us = get_signed(at, &bad);
		fact->time_hi_us = get_signed(at, &bad);
	} else {
		fact->time_lo_us = INT64_MIN;
		fact->time_hi_us = INT64_MAX;
	}
	return !bad && form <= TIME_INTERVAL;
}

static bool read_change(const uint8_t **at, struct fact *fact)
{
	bool bad = false;
	uint32_t bits = get_u16(at);
	if (bits >> SECOND_WORD_BITS != 0 || !read_side(at, bits >> BIT_BEFORE & SIDE_MASK, &fact->before))
		return false;
	fact->domain = get_u32_varint(at, &bad);
	fact->ttl = (uint8_t)(bits >> BIT_TTL & 3);
	fact->has_sequence = bits >> BIT_SEQUENCE & 1;
	if (fact->has_sequence) {
		if (!read_sequence(at, fact))
			return false;
	} else {
		memset(fact->sequence, 0, SEQUENCE_SIZE);
	}
	if (!read_time(at, (enum time_form)(bits >> BIT_TIME & 3), fact))
		return false;
	fact->event_hash = bits >> BIT_EVENT & 1 ? get_u64(at) : 0;
	return !bad && fact->ttl <= TTL_UNKNOWN;
}

static void clear_change(struct fact *fact)
{
	fact->before = (struct fact_side){.expires_s = EXPIRES_NONE};
	fact->domain = 0;
	fact->ttl = TTL_NO;
	fact->has_sequence = false;
	memset(fact->sequence, 0, SEQUENCE_SIZE);
	fact->time_lo_us = INT64_MIN;
	fact->time_hi_us = INT64_MAX;
	fact->event_hash = 0;
}

/* Of a lake row. */
static bool read_row_times(const uint8_t **at, struct fact *fact)
{
	bool bad = fact->kind != FACT_LAKE;
	fact->time_lo_us = get_signed(at, &bad);
	fact->time_hi_us = get_signed(at, &bad);
	return !bad;
}

/* The key, which is the one field whose size is not bounded by SEGMENT_PADDING. Hashes never fall within a block. */
static bool read_key(struct segment_reader *reader, const uint8_t **at)
{
	uint64_t hash = get_u64(at);
	size_t size = get_u16(at);
	if (*at > reader->end || size > (size_t)(reader->end - *at) || size > SEGMENT_KEY_MAX)
		return false;
	if (reader->key.data != NULL && hash < reader->key_hash)
		return false;
	reader->key_hash = hash;
	reader->key = (struct slice){(const char *)*at, size};
	*at += size;
	return true;
}

enum segment_step segment_next(struct segment_reader *reader, struct fact *fact)
{
	if (reader->left == 0)
		return reader->at == reader->end ? SEGMENT_END : SEGMENT_CORRUPT;
	const uint8_t *at = reader->at;
	bool bad = false;
	if (at >= reader->end)
		return SEGMENT_CORRUPT;
	uint32_t bits = get_u16(&at);
	if (bits >> FIRST_WORD_BITS != 0 || (bits >> BIT_KIND & 3) > FACT_CHANGE)
		return SEGMENT_CORRUPT;
	if (bits >> BIT_SAME_KEY & 1 ? reader->key.data == NULL : !read_key(reader, &at))
		return SEGMENT_CORRUPT;
	fact->key_hash = reader->key_hash;
	fact->key = reader->key;
	fact->kind = (enum fact_kind)(bits >> BIT_KIND & 3);
	fact->flags = (bits >> BIT_DAMAGED & 1 ? FACT_DAMAGED : 0U) | (bits >> BIT_DELETED & 1 ? FACT_DELETED : 0U) |
		      (bits >> BIT_TIMED & 1 ? FACT_TIMED : 0U) | (bits >> BIT_CURRENT & 1 ? FACT_CURRENT : 0U);
	fact->source = get_u32_varint(&at, &bad);
	fact->record = get_varint(&at, &bad);
	fact->offset = get_varint(&at, &bad);
	fact->item_key = bits >> BIT_ITEM_KEY & 1 ? get_u64(&at) : 0;
	if (!read_side(&at, bits >> BIT_AFTER & SIDE_MASK, &fact->after))
		return SEGMENT_CORRUPT;
	if (fact->kind != FACT_CHANGE)
		clear_change(fact);
	else if (!read_change(&at, fact))
		return SEGMENT_CORRUPT;
	if ((fact->flags & FACT_TIMED) != 0 && !read_row_times(&at, fact))
		return SEGMENT_CORRUPT;
	if (bad || at > reader->end)
		return SEGMENT_CORRUPT;
	reader->at = at;
	reader->left--;
	return SEGMENT_FACT;
}

bool segment_open(struct segment_reader *reader, const uint8_t *block, size_t size)
{
	*reader = (struct segment_reader){.at = block, .end = block};
	uint64_t checksum;
	if (size < SEGMENT_BLOCK_HEADER || size > SEGMENT_BLOCK_MAX)
		return false;
	memcpy(&checksum, block, sizeof(checksum));
	if (XXH64(block + 8, size - 8, 0) != checksum)
		return false;
	memcpy(&reader->left, block + 8, sizeof(reader->left));
	reader->at = block + SEGMENT_BLOCK_HEADER;
	reader->end = block + size;
	return true;
}

bool segment_decode(const uint8_t *bytes, size_t size, struct fact *fact)
{
	struct segment_reader reader = {.at = bytes, .end = bytes + size, .left = 1};
	return segment_next(&reader, fact) == SEGMENT_FACT && reader.at == reader.end;
}
