#include "reconcile/state/fact.h"

#include <xxhash.h>

uint64_t fact_key_hash(struct slice key)
{
	return XXH64(key.data, key.size, 0);
}

static inline int order_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_stamps(const struct fact *a, const struct fact *b)
{
	if (a->has_sequence != b->has_sequence)
		return a->has_sequence ? 1 : -1;
	int order = memcmp(a->sequence, b->sequence, SEQUENCE_SIZE);
	if (order != 0)
		return order;
	if (a->time_lo_us != b->time_lo_us)
		return a->time_lo_us < b->time_lo_us ? -1 : 1;
	return order_u64(a->event_hash, b->event_hash);
}

int fact_compare(const struct fact *a, const struct fact *b)
{
	int order = order_u64(a->key_hash, b->key_hash);
	if (order == 0)
		order = slice_compare(a->key, b->key);
	if (order == 0)
		order = order_u64(a->kind, b->kind);
	if (order == 0 && a->kind == FACT_CHANGE)
		order = compare_stamps(a, b);
	if (order == 0)
		order = order_u64(a->source, b->source);
	return order != 0 ? order : order_u64(a->record, b->record);
}
