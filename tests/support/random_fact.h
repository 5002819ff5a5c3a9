/* random_fact - facts with every field in every shape, from a seed; for tests only. */
#ifndef LAKEPROOF_TESTS_RANDOM_FACT_H
#define LAKEPROOF_TESTS_RANDOM_FACT_H

#include <stdio.h>

#include "base/prng.h"
#include "reconcile/digest/digest.h"
#include "reconcile/state/fact.h"

/* Small, large, or any number. */
static inline uint64_t random_number(struct prng *prng)
{
	switch (prng_below(prng, 4)) {
	case 0:
		return prng_below(prng, 3);
	case 1:
		return UINT64_MAX - prng_below(prng, 3);
	default:
		return prng_next(prng) >> prng_below(prng, 64);
	}
}

static inline struct fact_side random_side(struct prng *prng)
{
	struct fact_side side = {.state = (enum item_state)prng_below(prng, 4), .expires_s = EXPIRES_NONE};
	if (side.state != STATE_IMAGE)
		return side;
	side.flags = (uint32_t)prng_below(prng, 4);
	side.item[0] = random_number(prng);
	side.item[1] = random_number(prng);
	side.row = random_number(prng);
	if (prng_chance(prng, 1, 3))
		side.expires_s = (int64_t)random_number(prng);
	if (prng_chance(prng, 1, 3))
		side.dated_s = (int64_t)random_number(prng);
	return side;
}

static inline void random_stamp(struct prng *prng, struct fact *fact)
{
	fact->has_sequence = prng_chance(prng, 2, 3);
	for (uint64_t i = prng_below(prng, SEQUENCE_SIZE + 1); fact->has_sequence && i < SEQUENCE_SIZE; i++)
		fact->sequence[i] = (uint8_t)prng_next(prng);
	fact->event_hash = prng_chance(prng, 1, 2) ? prng_next(prng) : 0;
	switch (prng_below(prng, 4)) {
	case 0:
		fact->time_lo_us = INT64_MIN;
		fact->time_hi_us = INT64_MAX;
		break;
	case 1:
		fact->time_lo_us = (int64_t)random_number(prng);
		fact->time_hi_us = (int64_t)random_number(prng);
		break;
	default:
		fact->time_lo_us = (1760000000 + (int64_t)prng_below(prng, 1000)) * 1000000;
		fact->time_hi_us = fact->time_lo_us + 1000000;
	}
}

/* One of `keys` keys; `bytes` holds the key and lives as long as the fact. */
static inline struct fact random_fact(struct prng *prng, uint64_t keys, char bytes[48])
{
	struct fact fact = {.kind = (enum fact_kind)prng_below(prng, 3)};
	int size = snprintf(bytes, 48, "S..key-%llu", (unsigned long long)prng_below(prng, keys));
	fact.key = (struct slice){bytes, (size_t)size};
	fact.key_hash = fact_key_hash(fact.key);
	fact.flags = (uint32_t)prng_below(prng, 4);
	fact.source = (uint32_t)random_number(prng);
	fact.record = random_number(prng);
	fact.offset = random_number(prng);
	fact.item_key = prng_chance(prng, 1, 3) ? random_number(prng) : 0;
	fact.after = random_side(prng);
	fact.before = (struct fact_side){.expires_s = EXPIRES_NONE};
	fact.time_lo_us = INT64_MIN;
	fact.time_hi_us = INT64_MAX;
	if (fact.kind == FACT_CHANGE) {
		fact.before = random_side(prng);
		fact.domain = (uint32_t)random_number(prng);
		fact.ttl = (uint8_t)prng_below(prng, 3);
		random_stamp(prng, &fact);
	}
	return fact;
}

static inline bool same_side(const struct fact_side *a, const struct fact_side *b)
{
	return a->state == b->state && a->flags == b->flags && a->item[0] == b->item[0] && a->item[1] == b->item[1] &&
	       a->row == b->row && a->expires_s == b->expires_s &&
	       a->dated_s == b->dated_s;
}

static inline bool same_fact(const struct fact *a, const struct fact *b)
{
	return a->key_hash == b->key_hash && slice_equal(a->key, b->key) && a->kind == b->kind &&
	       a->flags == b->flags && a->source == b->source && a->record == b->record && a->offset == b->offset &&
	       a->item_key == b->item_key &&
	       same_side(&a->after, &b->after) && same_side(&a->before, &b->before) && a->domain == b->domain &&
	       a->ttl == b->ttl && a->has_sequence == b->has_sequence &&
	       memcmp(a->sequence, b->sequence, SEQUENCE_SIZE) == 0 && a->time_lo_us == b->time_lo_us &&
	       a->time_hi_us == b->time_hi_us && a->event_hash == b->event_hash;
}

#endif
