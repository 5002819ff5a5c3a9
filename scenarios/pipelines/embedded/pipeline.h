/* pipeline - the pipeline under test: an export and event files, merged into a Delta table.
 *
 * Invariant: after every commit the table is what the applied records say, and the guard knows which those are. One
 * commit takes one batch: the export, or some event files. In a batch the newest change of each key is found; rows of
 * its keys are looked up in the table by their key columns and marked deleted, new rows are appended, all in one
 * commit.
 *
 * The export and the stream overlap, and the export's moment is fuzzy: it holds everything before exportTime − 60 s and
 * nothing after exportTime + 60 s. So changes that ended before exportTime − 60 s lose to the export, and to its
 * absences; every other change beats it, and the newest of them is the item's last state. While old changes inside the
 * fuzz are replayed over newer export rows the table is briefly wrong; it converges with the last of them. */
#ifndef LAKEPROOF_PIPELINE_PIPELINE_H
#define LAKEPROOF_PIPELINE_PIPELINE_H

#include "base/json.h"
#include "bridge/write.h"
#include "scenarios/pipelines/embedded/guard.h"
#include "scenarios/pipelines/embedded/lake.h"

#define EXPORT_FUZZ_US INT64_C(60000000)

struct pipeline {
	const char *table;     /* folder */
	const char *partition; /* a column's name, or NULL */
	bool ttl_keep;         /* rows removed by TTL stay */
	bool quiet;
	uint32_t bugs;
	struct lake lake;
	struct guard guard;
	bool guard_is_open;
	struct json_parser *parser;
	int64_t batch; /* number of the last committed batch */
	uint64_t records, applied, superseded, set_aside;
};

/* The Delta transactions of this program. */
#define PIPELINE_APP "lakeproof-pipeline"

/* Creates the table if there is none, and reads the state. The lake must be complete. */
int pipeline_open(struct pipeline *pipeline, struct error *error) MUST_USE;
void pipeline_release(struct pipeline *pipeline);
/* Nothing when it was applied before. */
int pipeline_export(struct pipeline *pipeline, const char *folder, struct error *error) MUST_USE;
/* The files of `path` not applied before, `per_commit` files a commit. */
int pipeline_events(struct pipeline *pipeline, const char *path, size_t per_commit, struct error *error) MUST_USE;

/* ---- for the parts of the pipeline only */

/* One commit in the making. */
struct commit {
	struct bridge_writer *writer;
	struct guard_writer *guard;
};
int commit_begin(struct pipeline *pipeline, struct commit *commit, struct error *error) MUST_USE;
/* Writes the rows appended to the lake's root so far as a file. */
int commit_flush(struct pipeline *pipeline, struct commit *commit, struct error *error) MUST_USE;
/* For every row whose key `doomed` says yes to: marks it deleted. */
int commit_delete(struct pipeline *pipeline, struct commit *commit, bool (*doomed)(void *context, struct slice key),
		  void *context, uint64_t *count, struct error *error) MUST_USE;
int commit_finish(struct pipeline *pipeline, struct commit *commit, const char *operation,
		  struct error *error) MUST_USE;
void commit_abandon(struct pipeline *pipeline, struct commit *commit);
/* Key parts that identify a row: all, or the first with the bug partial-key-merge. */
uint32_t pipeline_key_parts(const struct pipeline *pipeline);
/* A record that cannot be used: counted, and kept in <table>/_pipeline/set-aside.jsonl. */
int pipeline_set_aside(struct pipeline *pipeline, const char *path, size_t offset, const char *reason,
		       struct slice text, struct error *error);
void pipeline_say(const struct pipeline *pipeline, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
