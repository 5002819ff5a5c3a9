/* options - the command line of lakeproof-pipeline.
 *
 * Everything but the lake is borrowed from argv. */
#ifndef LAKEPROOF_PIPELINE_OPTIONS_H
#define LAKEPROOF_PIPELINE_OPTIONS_H

#include "scenarios/pipelines/embedded/lake.h"

enum { OPTIONS_PATHS_MAX = 64 };

struct options {
	const char *table, *export, *partition, *deleted_column;
	const char *columns; /* file of column descriptions */
	const char *column[LAKE_COLUMNS_MAX];
	uint32_t column_count;
	const char *events[OPTIONS_PATHS_MAX];
	uint32_t event_count;
	size_t files_per_commit;
	bool ttl_keep, quiet, help, list_bugs;
	uint32_t bugs;
};

extern const char options_help[];

/* ERROR_USAGE, or 0 with help or list_bugs set and nothing else checked. */
int options_parse(int argc, char **argv, struct options *options, struct error *error) MUST_USE;

#endif
