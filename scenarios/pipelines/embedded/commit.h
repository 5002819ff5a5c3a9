/* commit - one commit in the making: rows added, rows of keys deleted, and what the guard learns, all or nothing.
 *
 * Begin, then append rows to the lake's root and flush, delete, finish; abandon in any case. Afterwards nothing of an
 * unfinished commit counts: data files without a log entry are orphans, a guard file without its transaction is
 * overwritten by the next attempt. Not thread-safe. */
#ifndef LAKEPROOF_PIPELINE_COMMIT_H
#define LAKEPROOF_PIPELINE_COMMIT_H

#include "scenarios/pipelines/embedded/pipeline.h"

struct commit {
	struct bridge_writer *writer;
	struct guard_writer *guard;
	uint64_t changes; /* files written, rows deleted, facts given to the guard */
};

int commit_begin(struct pipeline *pipeline, struct commit *commit, struct error *error) MUST_USE;
/* Writes the rows appended to the lake's root so far as a file. */
int commit_flush(struct pipeline *pipeline, struct commit *commit, struct error *error) MUST_USE;
/* For every row whose key `doomed` says yes to: marks it deleted. */
int commit_delete(struct pipeline *pipeline, struct commit *commit, bool (*doomed)(void *context, struct slice key),
		  void *context, uint64_t *count, struct error *error) MUST_USE;
/* What the guard is to remember. */
int commit_remember(struct commit *commit, struct slice key, const struct guard_entry *entry,
		    struct error *error) MUST_USE;
int commit_remember_export(struct commit *commit, int64_t time_us, struct error *error) MUST_USE;
int commit_remember_window(struct commit *commit, const struct guard_window *window, struct error *error) MUST_USE;
/* Records set aside are written, then the commit, unless it would say nothing, then the checkpoint. */
int commit_finish(struct pipeline *pipeline, struct commit *commit, const char *operation,
		  struct error *error) MUST_USE;
/* The keys of all rows of the latest version. */
int commit_rows(struct pipeline *pipeline, struct keymap *keys, struct error *error) MUST_USE;
void commit_abandon(struct pipeline *pipeline, struct commit *commit);

#endif
