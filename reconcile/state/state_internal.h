/* state_internal - what the files of the state share; nobody else includes it.
 *
 * Layout of the database (user_version STATE_LAYOUT): text_group and domain hold small ids of texts; source_file one
 * row a file; source_window, source_problem and source_attribute what belongs to one, and its row how much; segment,
 * segment_source, block and block_data the facts. A segment's blocks have consecutive ids. Ranges of blocks lie apart
 * from their bytes, so that finding a range does not read them. Pages have checksums (state_pages.h).
 *
 * Crash safety: a rollback journal (new pages at the file's end are written once, not twice as with a WAL), and
 * everything of one flush in one transaction. That holds against the end of the process at any point; SQLite itself
 * waits for no disk. Against the end of the machine, state_sync.c: one wait at the end, and a mark until then. Threads:
 * `mutex` guards every member below it and every transaction. */
#ifndef LAKEPROOF_RECONCILE_STATE_STATE_INTERNAL_H
#define LAKEPROOF_RECONCILE_STATE_STATE_INTERNAL_H

#include <pthread.h>
#include <sqlite3.h>

#include "base/arena.h"
#include "reconcile/state/state.h"
#include "reconcile/state/state_pages.h"

enum { STATE_LAYOUT = 3, STATE_APPLICATION = 0x6c616b65 };

struct state_text {
	uint32_t group; /* of a nameless domain; else 0 */
	bool stored;    /* committed */
	const char *text;
};

struct state_texts {
	struct state_text *texts; /* by id - 1 */
	uint32_t count, capacity;
};

struct state {
	char *folder, *path;
	int lock;      /* held for as long as the state is open */
	int file;      /* the database, to write it out; closed after SQLite's, whose locks its closing would drop */
	bool unsynced; /* written to, and not known to be on the disk */
	sqlite3 *database;
	pthread_mutex_t mutex;
	struct arena strings;
	struct state_texts groups, domains;
	struct state_source **sources; /* done ones, by id; NULL between */
	uint32_t source_capacity, source_next;
	sqlite3_int64 segment_next, block_next;
};

/* Opens a connection to the database; *connection is the caller's to close, also after a failure. */
int state_connect(struct state *state, int flags, sqlite3 **connection, struct error *error) MUST_USE;
/* Sets the error for what SQLite just said: full disk, damage, or the rest. */
int state_error(struct state *state, sqlite3 *database, struct error *error);
/* The same for what SQLite cannot see; `what` is wrong with the state. */
int state_damaged(const struct state *state, const char *what, struct error *error);
int state_execute(struct state *state, const char *sql, struct error *error) MUST_USE;
int state_prepare(struct state *state, const char *sql, sqlite3_stmt **statement, struct error *error) MUST_USE;
/* The first column of the statement's one row. */
int state_number(struct state *state, const char *sql, sqlite3_int64 *number, struct error *error) MUST_USE;
/* Runs a statement that returns no rows and resets it. */
int state_step(struct state *state, sqlite3_stmt *statement, struct error *error) MUST_USE;
/* Marks the state before the first write. */
int state_mark(struct state *state, struct error *error) MUST_USE;
/* Starts writing to the disk what a commit has left in memory. */
void state_push(struct state *state);
/* Waits for the disk and takes the mark away. */
void state_sync(struct state *state);
/* A state that was marked when the machine went down is looked through: ERROR_IO when it is not whole. */
int state_recover(struct state *state, struct error *error) MUST_USE;
int state_begin(struct state *state, struct error *error) MUST_USE;
/* Commits when code is 0, else rolls back; returns the first failure. */
int state_finish(struct state *state, int code, struct error *error) MUST_USE;
/* Writes the groups and domains that no transaction has written yet; state_texts_stored marks them after the commit. */
int state_write_texts(struct state *state, struct error *error) MUST_USE;
void state_texts_stored(struct state *state);
int state_load_texts(struct state *state, struct error *error) MUST_USE;
/* Makes a committed source known; copies its strings. */
int state_register(struct state *state, const struct state_source *source, struct error *error) MUST_USE;
/* Writes one segment, block by block, within a transaction of the caller's. */
struct segment_writer {
	struct state *state;
	sqlite3_stmt *range, *data;
	sqlite3_int64 first_block, blocks;
	uint64_t facts;
};
int segment_writer_begin(struct segment_writer *writer, struct state *state, struct error *error) MUST_USE;
int segment_writer_add(struct segment_writer *writer, const uint8_t *bytes, size_t size, uint32_t facts,
		       uint64_t first_key, uint64_t last_key, struct error *error) MUST_USE;
/* Writes the segment's own row. The state goes on counting from it when the caller says so, after the commit. */
int segment_writer_end(struct segment_writer *writer, struct error *error) MUST_USE;
void segment_writer_commit(const struct segment_writer *writer);
void segment_writer_release(struct segment_writer *writer);
/* Merges small segments of about one size, as many small runs leave them. */
int state_compact(struct state *state, struct error *error) MUST_USE;
/* Deletes segments (and their blocks) that no source has facts in. */
int state_delete_orphans(struct state *state, struct error *error) MUST_USE;

#endif
