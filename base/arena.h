/* arena - memory for one unit of work, released in bulk.
 *
 * Owns everything it hands out until arena_reset or arena_release; memory is aligned for any type and not zeroed.
 * Bounded: an allocation that would take it past its maximum returns NULL, as does a failing malloc. Not thread-safe:
 * one arena a thread. arena_reset keeps the largest block, so a steady workload stops allocating. */
#ifndef LAKEPROOF_BASE_ARENA_H
#define LAKEPROOF_BASE_ARENA_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/slice.h"

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first */
	size_t used;                /* bytes handed out since the last reset */
	size_t size_max;
	bool failed; /* the system had no memory; stays until arena_init, so that one look at the end is enough */
};

void arena_init(struct arena *arena, size_t size_max);
void *arena_alloc(struct arena *arena, size_t size) MUST_USE;
/* count * size, overflow checked. */
void *arena_array(struct arena *arena, size_t count, size_t size) MUST_USE;
/* Copies; the copy has a NUL after its last byte. data NULL when out of memory. */
struct slice arena_copy(struct arena *arena, struct slice bytes) MUST_USE;
char *arena_text(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3) MUST_USE;
void arena_reset(struct arena *arena);
void arena_release(struct arena *arena);

#endif
