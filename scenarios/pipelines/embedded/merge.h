/* merge - files of changes as one commit: the newest change of each key is found, then all are merged at once. */
#ifndef LAKEPROOF_PIPELINE_MERGE_H
#define LAKEPROOF_PIPELINE_MERGE_H

#include "scenarios/pipelines/embedded/change.h"
#include "scenarios/pipelines/embedded/landing.h"
#include "scenarios/pipelines/embedded/pipeline.h"

struct merge {
	enum change_format format;
	const struct landing_file *files;
	size_t count;
	const struct guard_window *windows; /* that the files are all of; remembered with them */
	size_t window_count;
};

/* Lines given to the checkpoint before are written with it, and forgotten when it fails. */
int merge_apply(struct pipeline *pipeline, const struct merge *merge, struct error *error) MUST_USE;

#endif
