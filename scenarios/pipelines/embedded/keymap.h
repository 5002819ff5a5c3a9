/* keymap - numbers the distinct keys it is given: 0, 1, 2 … in the order they came.
 *
 * Owns copies of the keys. What belongs to a key is kept by the caller in an array with the same numbers. Not
 * thread-safe. */
#ifndef LAKEPROOF_PIPELINE_KEYMAP_H
#define LAKEPROOF_PIPELINE_KEYMAP_H

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

struct keymap {
	struct arena memory;
	struct slice *keys;
	uint32_t *slots; /* a key's number + 1, or 0 */
	uint64_t *hashes;
	size_t count, capacity, slot_count;
};

void keymap_init(struct keymap *map);
void keymap_release(struct keymap *map);
/* The key's number, given to it now if it is new. */
int keymap_add(struct keymap *map, struct slice key, size_t *number, bool *added, struct error *error) MUST_USE;
bool keymap_find(const struct keymap *map, struct slice key, size_t *number) MUST_USE;

#endif
