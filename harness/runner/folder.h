/* folder - files and folders of a run: made, linked, removed, every failure told with the path.
 *
 * Nothing is synced: what counts of a run is written atomically by who writes it. Paths are borrowed. Errors: ERROR_IO,
 * ERROR_INTERNAL. */
#ifndef LAKEPROOF_HARNESS_RUNNER_FOLDER_H
#define LAKEPROOF_HARNESS_RUNNER_FOLDER_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"

/* With all above it. */
int folder_make(const char *path, struct error *error) MUST_USE;
/* A file or a folder with all below it; gone already is no error. */
int folder_remove(const char *path, struct error *error) MUST_USE;
/* As whole_file_write; the folders above it are made. */
int folder_write(const char *path, struct slice bytes, struct error *error) MUST_USE;
/* A hard link, or a copy where there can be none. What stands at `to` is replaced. */
int folder_link(const char *from, const char *to, struct error *error) MUST_USE;
int folder_copy(const char *from, const char *to, struct error *error) MUST_USE;
bool folder_has(const char *path);

struct folder_list {
	const char **paths; /* relative to the folder, sorted */
	uint32_t count, capacity;
};
/* All files below it, to any depth; none when it is not there. */
int folder_list(const char *path, struct arena *arena, struct folder_list *list, struct error *error) MUST_USE;

#endif
