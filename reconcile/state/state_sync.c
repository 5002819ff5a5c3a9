/* What becomes of a state when the machine, not just the process, goes down.
 *
 * Waiting for the disk at each commit would cost more than writing does. So the kernel is told early to write, waited
 * for once, when the state is closed, and until then a file "unsynced" names the boot in which the state was written.
 * When that file is found under another boot, the kernel may have lost writes: everything is checked before it is
 * trusted. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "reconcile/state/segment.h"
#include "reconcile/state/state_internal.h"

enum { BOOT_SIZE = 64, MARK_PATH_MAX = 4200 };

/* The text of a small file; false, with errno, when it cannot be read. */
static bool read_text(const char *path, char text[BOOT_SIZE])
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	size_t size = 0;
	ssize_t got = file >= 0 ? 1 : -1;
	while (got > 0 && size < BOOT_SIZE - 1) {
		do {
			got = read(file, text + size, BOOT_SIZE - 1 - size);
		} while (got < 0 && errno == EINTR);
		size += got > 0 ? (size_t)got : 0;
	}
	int cause = errno;
	text[size] = '\0';
	if (file >= 0)
		close(file);
	errno = cause;
	return got >= 0;
}

/* This boot's name; empty when the system does not tell. */
static void read_boot(char boot[BOOT_SIZE])
{
	if (!read_text("/proc/sys/kernel/random/boot_id", boot))
		boot[0] = '\0';
}

static bool write_text(int file, const char *text)
{
	for (size_t left = strlen(text); left > 0;) {
		ssize_t size = write(file, text, left);
		if (size < 0 && errno != EINTR)
			return false;
		text += size > 0 ? size : 0;
		left -= size > 0 ? (size_t)size : 0;
	}
	return true;
}

static void mark_path(const struct state *state, char path[MARK_PATH_MAX])
{
	snprintf(path, MARK_PATH_MAX, "%s/unsynced", state->folder);
}

/* The mark must be on the disk before anything it stands for can be, its name in the folder included. It is there whole
 * or not at all: half a mark would be one of another boot. */
static bool write_mark(const struct state *state, const char *path)
{
	char boot[BOOT_SIZE], aside[MARK_PATH_MAX + 4];
	read_boot(boot);
	snprintf(aside, sizeof(aside), "%s.new", path);
	int file = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int folder = open(state->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool written = file >= 0 && folder >= 0 && write_text(file, boot) && fsync(file) == 0 &&
		       rename(aside, path) == 0 && fsync(folder) == 0;
	int cause = errno;
	if (file >= 0)
		close(file);
	if (folder >= 0)
		close(folder);
	errno = cause;
	return written;
}

int state_mark(struct state *state, struct error *error)
{
	char path[MARK_PATH_MAX];
	if (state->unsynced)
		return 0;
	mark_path(state, path);
	if (!write_mark(state, path))
		return error_system(error, "cannot write \"%s\"", path);
	state->unsynced = true;
	return 0;
}

void state_push(struct state *state)
{
	/* Only a hint: whatever it says, state_sync waits. */
	(void)sync_file_range(state->file, 0, 0, SYNC_FILE_RANGE_WRITE);
}

void state_sync(struct state *state)
{
	char path[MARK_PATH_MAX];
	if (!state->unsynced || fdatasync(state->file) != 0)
		return;
	mark_path(state, path);
	if (unlink(path) == 0)
		state->unsynced = false;
}

/* ---- after the machine went down */

static bool counts_match(sqlite3 *database, const char *sql)
{
	sqlite3_stmt *statement = NULL;
	bool match = sqlite3_prepare_v2(database, sql, -1, &statement, NULL) == SQLITE_OK &&
		     sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_int64(statement, 0) == 0;
	sqlite3_finalize(statement);
	return match;
}

static bool database_whole(sqlite3 *database)
{
	sqlite3_stmt *statement = NULL;
	bool whole = sqlite3_prepare_v2(database, "PRAGMA quick_check(1)", -1, &statement, NULL) == SQLITE_OK &&
		     sqlite3_step(statement) == SQLITE_ROW &&
		     strcmp((const char *)sqlite3_column_text(statement, 0), "ok") == 0;
	sqlite3_finalize(statement);
	return whole &&
	       counts_match(database,
			    "SELECT count(*) FROM segment s WHERE blocks <> (SELECT count(*) FROM block b WHERE b.id"
			    " BETWEEN s.first_block AND s.first_block + s.blocks - 1)") &&
	       counts_match(database, "SELECT count(*) FROM block WHERE id NOT IN (SELECT id FROM block_data)") &&
	       counts_match(database,
			    "SELECT count(*) FROM source_file f WHERE done AND"
			    " (facts <> coalesce((SELECT sum(facts) FROM segment_source m WHERE m.source = f.id), 0)"
			    " OR problems <> (SELECT count(*) FROM source_problem p WHERE p.source = f.id)"
			    " OR windows <> (SELECT count(*) FROM source_window w WHERE w.source = f.id)"
			    " OR images <> coalesce((SELECT sum(images) FROM source_attribute a WHERE a.source = f.id),"
			    " 0) OR text_group > (SELECT count(*) FROM text_group))") &&
	       counts_match(database,
			    "SELECT count(*) FROM segment_source WHERE source NOT IN (SELECT id FROM source_file)") &&
	       counts_match(database,
			    "SELECT count(*) FROM source_window WHERE domain > (SELECT count(*) FROM domain)");
}

/* A block is what was written, and no fact has a source whose id will be given away again. */
static bool block_whole(const uint8_t *bytes, size_t size, sqlite3_int64 last_source)
{
	struct segment_reader reader;
	struct fact fact;
	enum segment_step step = SEGMENT_CORRUPT;
	if (!segment_open(&reader, bytes, size))
		return false;
	while ((step = segment_next(&reader, &fact)) == SEGMENT_FACT)
		if (fact.source > last_source)
			return false;
	return step == SEGMENT_END;
}

static bool blocks_whole(sqlite3 *database)
{
	sqlite3_stmt *statement = NULL;
	uint8_t *bytes = malloc(SEGMENT_BLOCK_MAX + SEGMENT_PADDING);
	bool whole = bytes != NULL && sqlite3_prepare_v2(database, "SELECT bytes, (SELECT coalesce(max(seq), 0) FROM"
							 " sqlite_sequence) FROM block_data ORDER BY id",
							 -1, &statement, NULL) == SQLITE_OK;
	int step = SQLITE_DONE;
	while (whole && (step = sqlite3_step(statement)) == SQLITE_ROW) {
		const void *blob = sqlite3_column_blob(statement, 0);
		size_t size = (size_t)sqlite3_column_bytes(statement, 0);
		whole = blob != NULL && size <= SEGMENT_BLOCK_MAX;
		if (whole) {
			memcpy(bytes, blob, size);
			whole = block_whole(bytes, size, sqlite3_column_int64(statement, 1));
		}
	}
	sqlite3_finalize(statement);
	free(bytes);
	return whole && step == SQLITE_DONE;
}

int state_recover(struct state *state, struct error *error)
{
	char path[MARK_PATH_MAX], marked[BOOT_SIZE], boot[BOOT_SIZE];
	mark_path(state, path);
	if (!read_text(path, marked))
		return errno == ENOENT ? 0 : error_system(error, "cannot read \"%s\"", path);
	read_boot(boot);
	/* The same boot: a process was killed, and what it wrote is all there. */
	bool same = boot[0] != '\0' && strcmp(marked, boot) == 0;
	if (same || (database_whole(state->database) && blocks_whole(state->database))) {
		state->unsynced = true;
		return same || write_mark(state, path) ? 0 : error_system(error, "cannot write \"%s\"", path);
	}
	/* The mark stays: what is damaged does not become whole by being looked at. */
	return state_damaged(state, "the machine went down while it was written", error);
}
