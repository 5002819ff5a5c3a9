/* load - the whole table as one commit: its items become rows, and rows it lacks go, as far as no newer change speaks
 * against either. */
#ifndef LAKEPROOF_PIPELINE_LOAD_H
#define LAKEPROOF_PIPELINE_LOAD_H

#include "scenarios/pipelines/embedded/landing.h"
#include "scenarios/pipelines/embedded/pipeline.h"

/* A state of the table at about a time. */
struct snapshot {
	const char *id; /* the checkpoint's line */
	int64_t time_us;
	const struct landing_file *files;
	size_t count;
	bool is_scan; /* documents are a scan's pages, or bare items */
};

/* Nothing when it was applied before, or a newer one was. */
int load_apply(struct pipeline *pipeline, const struct snapshot *snapshot, struct error *error) MUST_USE;

#endif
