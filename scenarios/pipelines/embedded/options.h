/* options - the command line of lakeproof-pipeline.
 *
 * Everything but the lake is borrowed from argv. */
#ifndef LAKEPROOF_PIPELINE_OPTIONS_H
#define LAKEPROOF_PIPELINE_OPTIONS_H

#include "scenarios/pipelines/embedded/change.h"
#include "scenarios/pipelines/embedded/lake.h"

enum { OPTIONS_PATHS_MAX = 64 };

struct options {
	const char *job; /* batch.json: says table, columns, exports and events */
	const char *table, *partition, *deleted_column, *checkpoint, *upserts, *deletes;
	const char *columns; /* file of column descriptions */
	const char *column[LAKE_COLUMNS_MAX];
	uint32_t column_count;
	const char *exports[OPTIONS_PATHS_MAX], *increments[OPTIONS_PATHS_MAX];
	const char *scans[OPTIONS_PATHS_MAX], *events[OPTIONS_PATHS_MAX];
	uint32_t export_count, increment_count, scan_count, event_count;
	enum change_format changes; /* of events */
	int64_t fuzz_us;
	const char *ttl_attribute;
	size_t files_per_commit; /* 0: not told */
	bool ttl_keep, quiet, no_sync, help, list_bugs;
	struct bug_set bugs;
};

extern const char options_help[];

/* ERROR_USAGE, or 0 with help or list_bugs set and nothing else checked. */
int options_parse(int argc, char **argv, struct options *options, struct error *error) MUST_USE;

#endif
