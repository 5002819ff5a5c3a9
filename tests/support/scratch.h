/* scratch - a temporary folder and whole files in memory; for tests only. Whatever fails aborts the test. */
#ifndef LAKEPROOF_TESTS_SCRATCH_H
#define LAKEPROOF_TESTS_SCRATCH_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buffer.h"

enum { SCRATCH_PATH_MAX = 4096 };

static inline void scratch_make(char path[SCRATCH_PATH_MAX])
{
	const char *root = getenv("TMPDIR");
	snprintf(path, SCRATCH_PATH_MAX, "%s/lakeproof-test-XXXXXX", root != NULL ? root : "/tmp");
	if (mkdtemp(path) == NULL)
		abort();
}

static inline int scratch_remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status;
	(void)kind;
	(void)walk;
	return remove(path);
}

static inline void scratch_remove(const char *path)
{
	if (nftw(path, scratch_remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0)
		abort();
}

/* Reads "<folder>/<name>" into an initialised buffer, replacing what it held; false when there is no such file. */
static inline bool scratch_read(const char *folder, const char *name, struct buffer *bytes)
{
	char path[2 * SCRATCH_PATH_MAX];
	char block[65536];
	size_t size;

	int length = snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (length < 0 || (size_t)length >= sizeof(path))
		abort();
	bytes->size = 0;
	FILE *file = fopen(path, "rb");
	if (file == NULL)
		return false;
	while ((size = fread(block, 1, sizeof(block), file)) > 0) {
		if (buffer_append(bytes, block, size) != 0)
			abort();
	}
	fclose(file);
	/* A NUL after the bytes, so that tests may search them as text. */
	if (buffer_reserve(bytes, 64) != 0)
		abort();
	bytes->data[bytes->size] = '\0';
	return true;
}

/* The number, or the text without escapes, after "name": in a line of JSON written by ourselves. */
static inline unsigned long long scratch_number(const char *line, const char *name)
{
	char pattern[64];
	snprintf(pattern, sizeof(pattern), "\"%s\":", name);
	const char *found = strstr(line, pattern);
	if (found == NULL)
		abort();
	return strtoull(found + strlen(pattern), NULL, 10);
}

static inline void scratch_text(const char *line, const char *name, char *text, size_t size)
{
	char pattern[64];
	snprintf(pattern, sizeof(pattern), "\"%s\":\"", name);
	const char *found = strstr(line, pattern);
	const char *end = found != NULL ? strchr(found + strlen(pattern), '"') : NULL;
	if (end == NULL || (size_t)(end - found) - strlen(pattern) >= size)
		abort();
	size_t length = (size_t)(end - found) - strlen(pattern);
	memcpy(text, found + strlen(pattern), length);
	text[length] = '\0';
}

#endif
