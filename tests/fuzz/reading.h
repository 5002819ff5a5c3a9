/* reading - what a reader delivered of one input, to hold another reading of it against.
 *
 * The input lies in a file without a name, since readers take paths. Aborts when that cannot be had. */
#ifndef LAKEPROOF_TESTS_READING_H
#define LAKEPROOF_TESTS_READING_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sources/record.h"

enum { READING_MAX = 64 };

/* The first records: where they are, and something else of each. */
struct reading {
	uint64_t numbers[READING_MAX];
	uint64_t offsets[READING_MAX];
	uint32_t marks[READING_MAX];
	size_t count;
};

/* The path of a file that holds just these bytes. */
static inline const char *reading_file(const uint8_t *data, size_t size)
{
	static int file = -1;
	static char path[40];
	if (file < 0) {
		file = memfd_create("input", MFD_CLOEXEC);
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	}
	if (ftruncate(file, 0) != 0 || pwrite(file, data, size, 0) != (ssize_t)size)
		abort();
	return path;
}

static inline void reading_add(struct reading *reading, const struct record *record, uint32_t mark)
{
	if (reading->count == READING_MAX)
		return;
	reading->numbers[reading->count] = record->number;
	reading->offsets[reading->count] = record->offset;
	reading->marks[reading->count++] = mark;
}

/* A sink's problem: each says what is wrong. */
static inline int reading_problem(void *context, const struct problem *problem, struct error *error)
{
	(void)context;
	(void)error;
	if (problem->message[0] == '\0')
		abort();
	return 0;
}

static inline void reading_same(const struct reading *first, const struct reading *again)
{
	if (again->count != first->count || memcmp(again, first, sizeof(*first)) != 0)
		abort();
}

#endif
