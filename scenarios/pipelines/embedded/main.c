/* lakeproof-pipeline - the pipeline that lakeproof's own scenarios test; see --help. */
#include <glob.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "scenarios/pipelines/embedded/job.h"
#include "scenarios/pipelines/embedded/landing.h"
#include "scenarios/pipelines/embedded/moment.h"
#include "scenarios/pipelines/embedded/options.h"
#include "scenarios/pipelines/embedded/pipeline.h"
#include "scenarios/pipelines/embedded/rows.h"

enum { FILES_PER_COMMIT = 4, CHECKPOINT_PATH_SIZE = 4200 };

/* What is to be done: of the command line, or of the job that it names. */
struct work {
	const struct options *options;
	struct job job;
	char **events;
	size_t event_count, files_per_commit;
	glob_t increments; /* folders of them, of a job */
	char checkpoint[CHECKPOINT_PATH_SIZE];
};

/* What Firehose left under its error prefix, beside the events. */
static int find_errors(struct work *work, struct error *error)
{
	char path[CHECKPOINT_PATH_SIZE];
	snprintf(path, sizeof(path), "%s/errors", work->job.batch_folder == NULL ? "" : work->job.batch_folder);
	if (work->job.batch_folder == NULL || access(path, F_OK) != 0)
		return 0;
	return landing_list(path, &work->events, &work->event_count, error);
}

/* Every finished export that landed; full ones are told apart by reading. */
static int find_increments(struct work *work, struct error *error)
{
	char pattern[CHECKPOINT_PATH_SIZE];
	snprintf(pattern, sizeof(pattern), "%s/AWSDynamoDB/*/manifest-summary.json", work->job.landing);
	int code = glob(pattern, 0, NULL, &work->increments);
	if (code != 0 && code != GLOB_NOMATCH)
		return error_set(error, ERROR_IO, "cannot list \"%s\"", pattern);
	for (size_t i = 0; i < work->increments.gl_pathc; i++)
		*strrchr(work->increments.gl_pathv[i], '/') = '\0';
	return 0;
}

static int find_work(struct work *work, struct error *error)
{
	const struct options *options = work->options;
	struct job *job = &work->job;
	int code = 0;
	work->files_per_commit = options->files_per_commit == 0 ? FILES_PER_COMMIT : options->files_per_commit;
	for (uint32_t i = 0; code == 0 && i < options->event_count; i++)
		code = landing_list(options->events[i], &work->events, &work->event_count, error);
	if (code != 0 || options->job == NULL)
		return code;
	code = job_read(job, options->job, error);
	if (code != 0)
		return code;
	/* A moment kills the first attempt only, or nothing would ever be done. */
	if (job->attempt > 1)
		moment_arm(NULL);
	else if (job->crash_at != NULL)
		moment_arm(job->crash_at);
	if (options->files_per_commit == 0)
		work->files_per_commit = SIZE_MAX;
	for (size_t i = 0; code == 0 && i < job->events.count; i++)
		code = landing_list(job->events.paths[i], &work->events, &work->event_count, error);
	if (code == 0)
		code = find_errors(work, error);
	if (code == 0 && options->increment_count > 0)
		code = find_increments(work, error);
	snprintf(work->checkpoint, sizeof(work->checkpoint), "%s/checkpoint", job->work);
	return code;
}

static int describe(struct lake *lake, const struct work *work, struct error *error)
{
	const struct options *options = work->options;
	const char *columns = options->job != NULL && options->columns == NULL ? work->job.columns : options->columns;
	int code = lake_init(lake, options->bugs, error);
	if (code == 0 && columns != NULL)
		code = lake_add_columns_of(lake, columns, error);
	for (uint32_t i = 0; code == 0 && i < options->column_count; i++)
		code = lake_add_column(lake, options->column[i], error);
	if (code == 0)
		code = lake_complete(lake, options->deleted_column, error);
	return code;
}

static int apply_exports(struct pipeline *pipeline, const struct work *work, struct error *error)
{
	const struct options *options = work->options;
	const struct job *job = &work->job;
	int code = 0;
	for (uint32_t i = 0; code == 0 && i < options->export_count; i++)
		code = pipeline_export(pipeline, options->exports[i], error);
	for (size_t i = 0; code == 0 && i < job->exports.count; i++)
		code = pipeline_export(pipeline, job->exports.paths[i], error);
	for (uint32_t i = 0; code == 0 && i < options->scan_count; i++)
		code = pipeline_scan(pipeline, options->scans[i], error);
	for (size_t i = 0; code == 0 && i < job->dumps.count; i++)
		code = pipeline_scan(pipeline, job->dumps.paths[i], error);
	return code;
}

/* Of a job all windows that landed so far: one may have waited for another. */
static int apply_increments(struct pipeline *pipeline, struct work *work, struct error *error)
{
	const struct options *options = work->options;
	bool last = options->job == NULL || work->job.batch >= work->job.of;
	char *folders[OPTIONS_PATHS_MAX];
	if (options->increment_count == 0)
		return 0;
	if (options->job != NULL)
		return pipeline_increments(pipeline, work->increments.gl_pathv, work->increments.gl_pathc, last, error);
	for (uint32_t i = 0; i < options->increment_count; i++)
		folders[i] = (char *)options->increments[i];
	return pipeline_increments(pipeline, folders, options->increment_count, last, error);
}

static int apply(struct pipeline *pipeline, struct work *work, struct error *error)
{
	/* The export comes first, except in the pipeline that gets it wrong. */
	bool export_last = bugs_has(pipeline->bugs, BUG_BACKFILL_OVERWRITES);
	if (bugs_has(pipeline->bugs, BUG_DOES_NOTHING))
		return 0;
	if (work->options->upserts != NULL || work->options->deletes != NULL)
		return rows_apply(pipeline, work->options->upserts, work->options->deletes, error);
	int code = export_last ? 0 : apply_exports(pipeline, work, error);
	if (code == 0)
		code = apply_increments(pipeline, work, error);
	if (code == 0)
		code = pipeline_events(pipeline, work->events, work->event_count, work->files_per_commit, error);
	if (code == 0 && export_last)
		code = apply_exports(pipeline, work, error);
	return code;
}

static int run(struct work *work, struct error *error)
{
	static struct pipeline pipeline; /* a thousand columns are too much for the stack */
	const struct options *options = work->options;
	bool is_job = options->job != NULL;
	pipeline = (struct pipeline){.table = is_job ? work->job.table : options->table,
				     .partition = options->partition,
				     .checkpoint = is_job ? work->checkpoint : options->checkpoint,
				     .roots = {work->job.batch_folder, work->job.landing},
				     .ttl_keep = options->ttl_keep,
				     .quiet = options->quiet,
				     .no_sync = options->no_sync,
				     .now_us = work->job.now_us,
				     .fuzz_us = options->fuzz_us,
				     .ttl_attribute = options->ttl_attribute,
				     .format = options->changes,
				     .bugs = options->bugs};
	int code = describe(&pipeline.lake, work, error);
	if (code == 0)
		code = pipeline_open(&pipeline, error);
	if (code == 0)
		code = apply(&pipeline, work, error);
	if (code == 0)
		pipeline_say(&pipeline,
			     "done: %" PRIu64 " records, %" PRIu64 " changes applied, %" PRIu64 " superseded, %" PRIu64
			     " set aside, %" PRIu64 " values did not fit their column",
			     pipeline.records, pipeline.changes, pipeline.superseded, pipeline.set_aside,
			     pipeline.lake.misfits);
	pipeline_release(&pipeline);
	lake_release(&pipeline.lake);
	return code;
}

int main(int argc, char **argv)
{
	static struct options options;
	static struct work work = {.options = &options};
	struct error error = {0};
	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error like any other */
	int code = options_parse(argc, argv, &options, &error);
	moment_arm(getenv("LAKEPROOF_CRASH_AT"));
	if (code == 0 && options.help) {
		fputs(options_help, stdout);
	} else if (code == 0 && options.list_bugs) {
		bugs_list(stdout);
	} else if (code == 0) {
		code = find_work(&work, &error);
		if (code == 0)
			code = run(&work, &error);
	}
	if (code != 0)
		fprintf(stderr, "lakeproof-pipeline: %s\n", error.message);
	landing_list_free(work.events, work.event_count);
	globfree(&work.increments);
	job_release(&work.job);
	return code;
}
