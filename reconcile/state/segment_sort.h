/* segment_sort - the order of encoded facts, by fact_compare, without moving them.
 *
 * Radix passes over the hash's top bits, then comparisons within the few facts that share them: linear in the number of
 * facts, also when all are of one key and come in order. Everything is borrowed; threads: none shared. */
#ifndef LAKEPROOF_RECONCILE_STATE_SEGMENT_SORT_H
#define LAKEPROOF_RECONCILE_STATE_SEGMENT_SORT_H

#include <stddef.h>
#include <stdint.h>

/* Where one encoded fact lies. */
struct segment_entry {
	uint64_t key_hash;
	uint32_t offset, size;
};

/* Sorts `entries`, which name facts in `bytes` (SEGMENT_PADDING readable bytes after the last); `spare` has room for as
 * many. Returns where the sorted ones are: entries or spare. */
struct segment_entry *segment_sort(const uint8_t *bytes, struct segment_entry *entries, struct segment_entry *spare,
				   size_t count);

#endif
