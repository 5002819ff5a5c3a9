/* job - one batch as the runner describes it in batch.json: what landed with it and where things are.
 *
 * Owns its texts. Paths are as the file has them. Times are microseconds since 1970. ERROR_DATA when the file is no
 * such description. */
#ifndef LAKEPROOF_PIPELINE_JOB_H
#define LAKEPROOF_PIPELINE_JOB_H

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"

struct job_paths {
	char **paths;
	size_t count;
};

struct job {
	struct arena memory;
	const char *landing, *batch_folder, *work, *table, *columns;
	const char *crash_at; /* a moment, or NULL */
	int64_t batch, of, attempt;
	int64_t now_us; /* the pipeline's clock, on the history's own time line; 0 when not told */
	struct job_paths exports, increments, dumps, events;
};

int job_read(struct job *job, const char *path, struct error *error) MUST_USE;
void job_release(struct job *job);

#endif
