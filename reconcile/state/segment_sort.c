#include "reconcile/state/segment_sort.h"

#include <assert.h>
#include <stdlib.h>

#include "reconcile/state/segment.h"

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS, SORTED_BITS = 2 * DIGIT_BITS, INSERTION_MAX = 16 };

/* One stable pass by the digit at `shift`. */
static void pass(const struct segment_entry *from, struct segment_entry *to, size_t count, unsigned shift)
{
	size_t starts[DIGITS] = {0};
	for (size_t i = 0; i < count; i++)
		starts[from[i].key_hash >> shift & (DIGITS - 1)]++;
	size_t sum = 0;
	for (size_t digit = 0; digit < DIGITS; digit++) {
		size_t size = starts[digit];
		starts[digit] = sum;
		sum += size;
	}
	for (size_t i = 0; i < count; i++)
		to[starts[from[i].key_hash >> shift & (DIGITS - 1)]++] = from[i];
}

static int compare(const void *left, const void *right, void *bytes)
{
	const struct segment_entry *a = left, *b = right;
	if (a->key_hash != b->key_hash)
		return a->key_hash < b->key_hash ? -1 : 1;
	struct fact first, second;
	bool whole = segment_decode((const uint8_t *)bytes + a->offset, a->size, &first) &&
		     segment_decode((const uint8_t *)bytes + b->offset, b->size, &second);
	assert(whole);
	(void)whole;
	return fact_compare(&first, &second);
}

static void insertion_sort(const uint8_t *bytes, struct segment_entry *entries, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct segment_entry entry = entries[i];
		size_t at = i;
		for (; at > 0 && compare(&entry, &entries[at - 1], (void *)bytes) < 0; at--)
			entries[at] = entries[at - 1];
		entries[at] = entry;
	}
}

/* Facts of one file mostly come in order already, those of a hot key above all. */
static void sort_run(const uint8_t *bytes, struct segment_entry *entries, size_t count)
{
	if (count <= INSERTION_MAX) {
		insertion_sort(bytes, entries, count);
		return;
	}
	size_t sorted = 1;
	while (sorted < count && compare(&entries[sorted - 1], &entries[sorted], (void *)bytes) <= 0)
		sorted++;
	if (sorted < count)
		qsort_r(entries, count, sizeof(*entries), compare, (void *)bytes);
}

struct segment_entry *segment_sort(const uint8_t *bytes, struct segment_entry *entries, struct segment_entry *spare,
				   size_t count)
{
	pass(entries, spare, count, 64 - SORTED_BITS);
	pass(spare, entries, count, 64 - DIGIT_BITS);
	for (size_t i = 0; i < count;) {
		size_t next = i + 1;
		while (next < count &&
		       entries[next].key_hash >> (64 - SORTED_BITS) == entries[i].key_hash >> (64 - SORTED_BITS))
			next++;
		if (next - i > 1)
			sort_run(bytes, entries + i, next - i);
		i = next;
	}
	return entries;
}
