/* pipeline - the pipeline under test: an export and event files, merged into a Delta table.
 *
 * Invariant: after every commit the table is what the applied records say, and the guard knows which those are. One
 * commit takes one batch: the export, or some event files. In a batch the newest change of each key is found; rows of
 * its keys are looked up in the table by their key columns and marked deleted, new rows are appended, all in one
 * commit (commit.h).
 *
 * The export and the stream overlap, and the export's moment is fuzzy: it holds everything before exportTime − 60 s and
 * nothing after exportTime + 60 s. So changes that ended before exportTime − 60 s lose to the export, and to its
 * absences; every other change beats it, and the newest of them is the item's last state. While old changes inside the
 * fuzz are replayed over newer export rows the table is briefly wrong; it converges with the last of them.
 *
 * Two processes on one table take turns: each holds <table>/_pipeline/lock from before it reads anything. */
#ifndef LAKEPROOF_PIPELINE_PIPELINE_H
#define LAKEPROOF_PIPELINE_PIPELINE_H

#include "base/json.h"
#include "bridge/write.h"
#include "scenarios/pipelines/embedded/change.h"
#include "scenarios/pipelines/embedded/checkpoint.h"
#include "scenarios/pipelines/embedded/guard.h"
#include "scenarios/pipelines/embedded/lake.h"
#include "scenarios/pipelines/embedded/set_aside.h"

#define EXPORT_FUZZ_US INT64_C(60000000) /* the usual fuzz_us */

struct pipeline {
	const char *table;      /* folder */
	const char *partition;  /* a column's name, or NULL */
	const char *checkpoint; /* file; NULL: <table>/_pipeline/applied */
	const char *roots[2];   /* folders that names of files begin below; NULL: none */
	bool ttl_keep;          /* rows removed by TTL stay */
	bool quiet;
	bool no_sync;    /* nothing is synced to the disk: it survives the process, not the machine */
	int64_t now_us;  /* the clock on the history's time line; 0 when not told */
	int64_t fuzz_us; /* how far an item of an export or scan may be from its time */
	const char *ttl_attribute;
	enum change_format format; /* of events */
	struct bug_set bugs;
	struct lake lake;
	struct guard guard;
	struct checkpoint applied;
	struct set_aside aside;
	bool is_open;
	bool fresh_start; /* the bug fresh-start-appends: rows are not looked for */
	int lock;         /* descriptor */
	struct json_parser *parser;
	int64_t batch; /* number of the last committed batch */
	uint64_t records, changes, superseded, set_aside;
};

/* The Delta transactions of this program. */
#define PIPELINE_APP "lakeproof-pipeline"

/* Waits for the lock, creates the table if there is none, and reads the state. The lake must be complete. */
int pipeline_open(struct pipeline *pipeline, struct error *error) MUST_USE;
void pipeline_release(struct pipeline *pipeline);
/* Nothing when it was applied before. */
int pipeline_export(struct pipeline *pipeline, const char *folder, struct error *error) MUST_USE;
/* The same of a scan: the folder's name begins with the time of its middle, 2026-01-02-03-04-05. */
int pipeline_scan(struct pipeline *pipeline, const char *folder, struct error *error) MUST_USE;
/* Windows of incremental exports not applied before, as far as they follow each other and the export. ERROR_DATA when
 * one waits for a window before it that is not there and `last` says that none will come. */
int pipeline_increments(struct pipeline *pipeline, char *const *folders, size_t count, bool last,
			struct error *error) MUST_USE;
/* Those of the files that were not applied before, `per_commit` files a commit. */
int pipeline_events(struct pipeline *pipeline, char *const *files, size_t count, size_t per_commit,
		    struct error *error) MUST_USE;

/* Waits until no other process works on the table. pipeline_open and the planted bug no-lock call it. */
int pipeline_lock(struct pipeline *pipeline, struct error *error) MUST_USE;
void pipeline_unlock(struct pipeline *pipeline);

/* ---- for the parts of the pipeline only */

/* The file's path below the folder that it landed in. */
const char *pipeline_name(const struct pipeline *pipeline, const char *path);
/* Key parts that identify a row: all, or the first with the bug partial-key-merge. */
uint32_t pipeline_key_parts(const struct pipeline *pipeline);
/* A record that cannot be used: counted and listed. */
int pipeline_set_aside(struct pipeline *pipeline, const char *path, size_t offset, const char *reason,
		       struct error *error) MUST_USE;
void pipeline_say(const struct pipeline *pipeline, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
