/* runner_schema - what pipeline and scenario files have in common: kinds of values, and loading. Inside harness/runner
 * only.
 *
 * Errors: as base/schema.h. */
#ifndef LAKEPROOF_HARNESS_RUNNER_RUNNER_SCHEMA_H
#define LAKEPROOF_HARNESS_RUNNER_RUNNER_SCHEMA_H

#include "base/schema.h"

extern const struct schema_type runner_size;  /* int64_t bytes: 512, 64KiB, 2GiB */
extern const struct schema_type runner_yaml;  /* const char *: a mapping, or a single value, as YAML of its own */
extern const struct schema_type runner_words; /* struct pipeline_words: a list of one word at least */

/* Reads the file into the target, whose arena is initialised; *digest is of its bytes. */
int runner_schema_load(const char *path, const char *what, const struct schema_map *map, struct arena *arena,
		       void *target, uint64_t *digest, struct error *error) MUST_USE;
/* Absolute path of the folder that holds the file; NULL when out of memory. */
const char *runner_folder_of(const char *path, struct arena *arena);

#endif
