/* lakeproof-pipeline - the pipeline that lakeproof's own scenarios test; see --help. */
#include <inttypes.h>
#include <stdio.h>

#include "scenarios/pipelines/embedded/bugs.h"
#include "scenarios/pipelines/embedded/options.h"
#include "scenarios/pipelines/embedded/pipeline.h"

static int describe(struct lake *lake, const struct options *options, struct error *error)
{
	int code = lake_init(lake, options->bugs, error);
	if (code == 0 && options->columns != NULL)
		code = lake_add_columns_of(lake, options->columns, error);
	for (uint32_t i = 0; code == 0 && i < options->column_count; i++)
		code = lake_add_column(lake, options->column[i], error);
	if (code == 0)
		code = lake_complete(lake, options->deleted_column, error);
	return code;
}

static int apply(struct pipeline *pipeline, const struct options *options, struct error *error)
{
	/* The export comes first, except in the pipeline that gets it wrong. */
	bool export_last = (options->bugs & BUG_BACKFILL_OVERWRITES) != 0;
	int code = 0;
	if (options->export != NULL && !export_last)
		code = pipeline_export(pipeline, options->export, error);
	for (uint32_t i = 0; code == 0 && i < options->event_count; i++)
		code = pipeline_events(pipeline, options->events[i], options->files_per_commit, error);
	if (code == 0 && options->export != NULL && export_last)
		code = pipeline_export(pipeline, options->export, error);
	return code;
}

static int run(const struct options *options, struct error *error)
{
	static struct pipeline pipeline; /* a thousand columns are too much for the stack */
	pipeline = (struct pipeline){.table = options->table,
				     .partition = options->partition,
				     .ttl_keep = options->ttl_keep,
				     .quiet = options->quiet,
				     .bugs = options->bugs};
	int code = describe(&pipeline.lake, options, error);
	if (code == 0)
		code = pipeline_open(&pipeline, error);
	if (code == 0)
		code = apply(&pipeline, options, error);
	if (code == 0)
		pipeline_say(&pipeline,
			     "done: %" PRIu64 " records, %" PRIu64 " changes applied, %" PRIu64 " superseded, %" PRIu64
			     " set aside, %" PRIu64 " values did not fit their column",
			     pipeline.records, pipeline.applied, pipeline.superseded, pipeline.set_aside,
			     pipeline.lake.misfits);
	pipeline_release(&pipeline);
	lake_release(&pipeline.lake);
	return code;
}

int main(int argc, char **argv)
{
	static struct options options;
	struct error error = {0};
	int code = options_parse(argc, argv, &options, &error);
	if (code == 0 && options.help)
		fputs(options_help, stdout);
	else if (code == 0 && options.list_bugs)
		bugs_list(stdout);
	else if (code == 0)
		code = run(&options, &error);
	if (code != 0)
		fprintf(stderr, "lakeproof-pipeline: %s\n", error.message);
	return code;
}
