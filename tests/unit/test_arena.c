#include "base/arena.h"

#include <stdint.h>

#include "base/prng.h"
#include "tests/tap.h"

static void test_bounds(void)
{
	struct arena arena;
	arena_init(&arena, 1000);
	ok(arena_alloc(&arena, 1001) == NULL, "an allocation over the maximum is refused");
	ok(arena_alloc(&arena, SIZE_MAX) == NULL, "the largest size there is is refused");
	ok(arena_alloc(&arena, SIZE_MAX - 8) == NULL, "so is one that overflows when rounded up");
	ok(arena_array(&arena, SIZE_MAX / 2, 3) == NULL, "an overflowing array is refused");
	ok(arena_array(&arena, 3, SIZE_MAX / 2) == NULL, "whichever factor is large");
	ok(arena_alloc(&arena, 500) != NULL, "half of the maximum fits");
	ok(arena_alloc(&arena, 500) == NULL, "the rest does not, as sizes are rounded up");
	ok(arena_alloc(&arena, 480) != NULL, "but what is left to the maximum does");
	arena_reset(&arena);
	is_int(arena.used, 0, "a reset arena is empty");
	ok(arena_alloc(&arena, 900) != NULL, "and can be filled again");
	arena_release(&arena);
	arena_release(&arena);
	ok(arena.blocks == NULL, "release may be repeated");
}

static void test_memory(void)
{
	enum { COUNT = 2000 };
	static unsigned char *memory[COUNT];
	static size_t sizes[COUNT];
	struct arena arena;
	struct prng prng;
	arena_init(&arena, (size_t)64 << 20);
	prng_init(&prng, 3);
	for (int round = 0; round < 3; round++) {
		bool aligned = true, kept = true;
		for (size_t i = 0; i < COUNT; i++) {
			sizes[i] = prng_below(&prng, prng_chance(&prng, 1, 50) ? 100000 : 100);
			memory[i] = arena_alloc(&arena, sizes[i]);
			if (memory[i] == NULL) {
				ok(false, "an allocation failed");
				return;
			}
			aligned = aligned && (uintptr_t)memory[i] % _Alignof(max_align_t) == 0;
			memset(memory[i], (int)(i % 251), sizes[i]);
		}
		for (size_t i = 0; i < COUNT; i++) {
			for (size_t k = 0; k < sizes[i]; k++)
				kept = kept && memory[i][k] == i % 251;
		}
		ok(aligned, "all memory is aligned in round %d", round);
		ok(kept, "no allocation overlaps another in round %d", round);
		arena_reset(&arena);
	}
	arena_release(&arena);
}

static void test_steady(void)
{
	struct arena arena;
	arena_init(&arena, (size_t)64 << 20);
	const struct arena_block *block = NULL;
	bool same = true;
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < 1000; i++)
			same = arena_alloc(&arena, 1000) != NULL && same;
		if (round == 5)
			block = arena.blocks;
		same = same && (round <= 5 || arena.blocks == block);
		arena_reset(&arena);
	}
	ok(same, "a steady workload ends up in one block that is kept");
	arena_release(&arena);
}

static void test_texts(void)
{
	struct arena arena;
	arena_init(&arena, 100);
	struct slice copy = arena_copy(&arena, (struct slice){"a\0b", 3});
	ok(copy.size == 3 && memcmp(copy.data, "a\0b", 4) == 0, "arena_copy copies any bytes and adds a NUL");
	copy = arena_copy(&arena, (struct slice){NULL, 0});
	ok(copy.size == 0 && copy.data != NULL && copy.data[0] == '\0', "a copy of nothing is an empty text");
	is_text(arena_text(&arena, "%s-%d", "x", 42), "x-42", "arena_text formats");
	ok(arena_text(&arena, "%200d", 1) == NULL, "a text over the maximum is refused");
	copy = arena_copy(&arena, (struct slice){"x", SIZE_MAX});
	ok(copy.data == NULL && copy.size == 0, "a copy over the maximum is refused");
	ok(arena_alloc(&arena, 0) != arena_alloc(&arena, 0), "empty allocations have addresses of their own");
	arena_release(&arena);
}

int main(void)
{
	test_bounds();
	test_memory();
	test_steady();
	test_texts();
	return tap_done();
}
