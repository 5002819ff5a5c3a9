#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	BLOCK_SIZE_MIN = 64 * 1024,
	ALIGNMENT = 16 /* of max_align_t on every platform that the program is built for */
};

struct arena_block {
	struct arena_block *older;
	size_t capacity;
	size_t used;
	size_t reserved; /* keeps the bytes that follow aligned */
};

_Static_assert(sizeof(struct arena_block) % ALIGNMENT == 0, "the bytes after a block's head must be aligned");
_Static_assert(_Alignof(max_align_t) <= ALIGNMENT, "arena memory must suit any type");

void arena_init(struct arena *arena, size_t size_max)
{
	*arena = (struct arena){.blocks = NULL, .used = 0, .size_max = size_max};
}

static char *block_bytes(struct arena_block *block)
{
	return (char *)block + sizeof(*block);
}

/* Blocks double with the arena, so that their number stays logarithmic. */
static struct arena_block *add_block(struct arena *arena, size_t size)
{
	size_t capacity = arena->blocks != NULL ? arena->blocks->capacity * 2 : BLOCK_SIZE_MIN;
	if (capacity > arena->size_max)
		capacity = arena->size_max;
	if (capacity < size)
		capacity = size;
	if (capacity > SIZE_MAX / 4)
		return NULL;
	struct arena_block *block = malloc(sizeof(*block) + capacity);
	if (block == NULL) {
		arena->failed = true;
		return NULL;
	}
	*block = (struct arena_block){.older = arena->blocks, .capacity = capacity};
	arena->blocks = block;
	return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	if (size > SIZE_MAX - ALIGNMENT)
		return NULL;
	/* An empty allocation has an address of its own too, so NULL always means failure. */
	size_t rounded = (size + (size == 0) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (arena->used > arena->size_max || rounded > arena->size_max - arena->used)
		return NULL;
	struct arena_block *block = arena->blocks;
	if (block == NULL || rounded > block->capacity - block->used) {
		block = add_block(arena, rounded);
		if (block == NULL)
			return NULL;
	}
	void *memory = block_bytes(block) + block->used;
	block->used += rounded;
	arena->used += rounded;
	return memory;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t total;
	if (__builtin_mul_overflow(count, size, &total))
		return NULL;
	return arena_alloc(arena, total);
}

struct slice arena_copy(struct arena *arena, struct slice bytes)
{
	if (bytes.size == SIZE_MAX)
		return (struct slice){NULL, 0};
	char *copy = arena_alloc(arena, bytes.size + 1);
	if (copy == NULL)
		return (struct slice){NULL, 0};
	if (bytes.size > 0)
		memcpy(copy, bytes.data, bytes.size);
	copy[bytes.size] = '\0';
	return (struct slice){copy, bytes.size};
}

char *arena_text(struct arena *arena, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	va_list again;
	va_copy(again, arguments);
	int size = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	char *text = size < 0 ? NULL : arena_alloc(arena, (size_t)size + 1);
	if (text != NULL)
		(void)vsnprintf(text, (size_t)size + 1, format, again);
	va_end(again);
	return text;
}

static void free_blocks(struct arena_block *block)
{
	while (block != NULL) {
		struct arena_block *older = block->older;
		free(block);
		block = older;
	}
}

void arena_reset(struct arena *arena)
{
	/* The newest block is the largest: a steady workload soon fits in it and stops allocating. */
	if (arena->blocks != NULL) {
		free_blocks(arena->blocks->older);
		arena->blocks->older = NULL;
		arena->blocks->used = 0;
	}
	arena->used = 0;
}

void arena_release(struct arena *arena)
{
	free_blocks(arena->blocks);
	arena->blocks = NULL;
	arena->used = 0;
}
