#include "scenarios/pipelines/embedded/keymap.h"

#include <stdlib.h>

void keymap_init(struct keymap *map)
{
	*map = (struct keymap){0};
	arena_init(&map->memory, SIZE_MAX / 2);
}

void keymap_release(struct keymap *map)
{
	arena_release(&map->memory);
	free(map->keys);
	free(map->slots);
	free(map->hashes);
}

/* FNV-1a, then mixed so that the low bits are good. */
static uint64_t hash_of(struct slice key)
{
	uint64_t hash = UINT64_C(14695981039346656037);
	for (size_t i = 0; i < key.size; i++)
		hash = (hash ^ (uint8_t)key.data[i]) * UINT64_C(1099511628211);
	hash ^= hash >> 32;
	return hash * UINT64_C(0x9E3779B97F4A7C15);
}

/* The slot that holds the key, or the free one where it belongs. */
static size_t slot_of(const struct keymap *map, struct slice key, uint64_t hash)
{
	size_t slot = (size_t)(hash >> 20) & (map->slot_count - 1);
	while (map->slots[slot] != 0) {
		uint32_t number = map->slots[slot] - 1;
		if (map->hashes[number] == hash && slice_equal(map->keys[number], key))
			break;
		slot = (slot + 1) & (map->slot_count - 1);
	}
	return slot;
}

static bool grow(struct keymap *map)
{
	size_t capacity = map->capacity == 0 ? 1024 : map->capacity * 2;
	struct slice *keys = realloc(map->keys, capacity * sizeof(*keys));
	if (keys == NULL)
		return false;
	map->keys = keys;
	uint64_t *hashes = realloc(map->hashes, capacity * sizeof(*hashes));
	if (hashes == NULL)
		return false;
	map->hashes = hashes;
	uint32_t *slots = calloc(capacity * 2, sizeof(*slots));
	if (slots == NULL)
		return false;
	free(map->slots);
	map->slots = slots;
	map->slot_count = capacity * 2;
	map->capacity = capacity;
	for (size_t i = 0; i < map->count; i++)
		map->slots[slot_of(map, map->keys[i], map->hashes[i])] = (uint32_t)i + 1;
	return true;
}

int keymap_add(struct keymap *map, struct slice key, size_t *number, bool *added, struct error *error)
{
	*added = false;
	if (map->count == map->capacity && (map->count >= UINT32_MAX / 4 || !grow(map)))
		return error_set(error, ERROR_INTERNAL, "out of memory for keys; use smaller batches");
	uint64_t hash = hash_of(key);
	size_t slot = slot_of(map, key, hash);
	if (map->slots[slot] != 0) {
		*number = map->slots[slot] - 1;
		return 0;
	}
	struct slice copy = arena_copy(&map->memory, key);
	if (copy.data == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory for keys; use smaller batches");
	*number = map->count++;
	map->keys[*number] = copy;
	map->hashes[*number] = hash;
	map->slots[slot] = (uint32_t)*number + 1;
	*added = true;
	return 0;
}

bool keymap_find(const struct keymap *map, struct slice key, size_t *number)
{
	if (map->count == 0)
		return false;
	size_t slot = slot_of(map, key, hash_of(key));
	if (map->slots[slot] == 0)
		return false;
	*number = map->slots[slot] - 1;
	return true;
}
