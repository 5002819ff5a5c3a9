/* guard - what the pipeline must remember between runs to stay correct: the newest change of every key, deletes
 * included, and how far exports reach.
 *
 * Kept in files beside the table's data, <table>/_pipeline/<batch>.guard, one a commit, each holding what that batch
 * learned. A batch's file is written and synced before its commit, and the commit carries the batch's number as its
 * Delta transaction; so a file counts exactly when its number is not above the table's last transaction, and the two
 * are atomic together: a file without its commit is overwritten by the next attempt.
 *
 * Times are microseconds since 1970. Not thread-safe. */
#ifndef LAKEPROOF_PIPELINE_GUARD_H
#define LAKEPROOF_PIPELINE_GUARD_H

#include "scenarios/pipelines/embedded/keymap.h"
#include "scenarios/pipelines/embedded/stamp.h"

struct guard_entry {
	struct stamp stamp;
	bool has_stamp; /* false: the key was numbered but never changed */
	bool removed;   /* the newest change deleted the item */
	bool kept;      /* removed by TTL and left in the table on purpose */
};

/* What an incremental export covers: `from` is in it, `to` is not. */
struct guard_window {
	int64_t from_us, to_us;
};

struct guard {
	char *folder;
	bool sync; /* wait for the disk */
	struct keymap keys;
	struct guard_entry *entries; /* by the key's number */
	size_t entry_capacity;
	int64_t export_time_us; /* of the newest applied export, INT64_MIN without one */
	int64_t newest_us;      /* of all changes, INT64_MIN without one */
	int64_t clock_us;       /* when the last commit was made, INT64_MIN when not known */
	struct guard_window *windows;
	size_t window_count;
	struct keymap names; /* of columns, for bugs that infer a schema */
};

/* What one batch learned, while it is being applied. */
struct guard_writer;

/* Reads the files of batches 1 to `last`. ERROR_DATA when one is missing or damaged: the state is lost then, and the
 * table must be built anew. */
int guard_open(struct guard *guard, const char *table, int64_t last, bool sync, struct error *error) MUST_USE;
void guard_release(struct guard *guard);
/* Everything but where it is kept. */
void guard_forget(struct guard *guard);
/* NULL when the key was never changed. */
const struct guard_entry *guard_find(const struct guard *guard, struct slice key);

int guard_begin(const struct guard *guard, int64_t batch, struct guard_writer **writer, struct error *error) MUST_USE;
int guard_put_export_time(struct guard_writer *writer, int64_t time_us, struct error *error) MUST_USE;
int guard_put_clock(struct guard_writer *writer, int64_t time_us, struct error *error) MUST_USE;
int guard_put_window(struct guard_writer *writer, const struct guard_window *window, struct error *error) MUST_USE;
int guard_put_name(struct guard_writer *writer, struct slice name, struct error *error) MUST_USE;
int guard_put(struct guard_writer *writer, struct slice key, const struct guard_entry *entry,
	      struct error *error) MUST_USE;
/* Makes the file durable under its name; to be called just before the commit. */
int guard_sync(struct guard_writer *writer, struct error *error) MUST_USE;
/* After the commit: takes the file into the guard and frees the writer. */
int guard_adopt(struct guard *guard, struct guard_writer *writer, struct error *error) MUST_USE;
void guard_abandon(struct guard_writer *writer); /* NULL is allowed */

#endif
