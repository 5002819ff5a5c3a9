#include "reconcile/state/state.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reconcile/state/state_internal.h"

static const char schema[] =
	"CREATE TABLE text_group(id INTEGER PRIMARY KEY, text TEXT NOT NULL);"
	"CREATE TABLE domain(id INTEGER PRIMARY KEY, text_group INTEGER NOT NULL, arn TEXT NOT NULL);"
	"CREATE TABLE source_file(id INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL, text_group INTEGER"
	" NOT NULL, path TEXT NOT NULL, identity TEXT NOT NULL, size_bytes INTEGER, mtime_ns INTEGER, content INTEGER,"
	" fingerprint INTEGER, complete INTEGER, records INTEGER, unreadable INTEGER, bytes INTEGER, stored_bytes"
	" INTEGER, facts INTEGER, problems INTEGER, windows INTEGER, images INTEGER, done INTEGER NOT NULL);"
	"CREATE TABLE source_window(source INTEGER, domain INTEGER, records INTEGER, lo INTEGER, hi INTEGER,"
	" PRIMARY KEY(source, domain)) WITHOUT ROWID;"
	"CREATE TABLE source_problem(source INTEGER, number INTEGER, finding TEXT, path TEXT, record INTEGER,"
	" \"offset\" INTEGER, key BLOB, message TEXT, PRIMARY KEY(source, number)) WITHOUT ROWID;"
	"CREATE TABLE source_attribute(source INTEGER, name TEXT, images INTEGER, PRIMARY KEY(source, name)) WITHOUT"
	" ROWID;"
	"CREATE TABLE segment(id INTEGER PRIMARY KEY, first_block INTEGER NOT NULL, blocks INTEGER NOT NULL,"
	" facts INTEGER NOT NULL);"
	"CREATE TABLE segment_source(segment INTEGER, source INTEGER, facts INTEGER, PRIMARY KEY(source, segment))"
	" WITHOUT ROWID;"
	/* Keys' hashes are stored as signed numbers; their order here is not theirs. */
	"CREATE TABLE block(id INTEGER PRIMARY KEY, facts INTEGER NOT NULL, first_key INTEGER NOT NULL,"
	" last_key INTEGER NOT NULL);"
	"CREATE TABLE block_data(id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);"
	"PRAGMA application_id = 1818323813;"
	"PRAGMA user_version = 3;";

_Static_assert(STATE_APPLICATION == 1818323813 && STATE_LAYOUT == 3, "the schema states both as numbers");

/* ---- what every file of the state uses */

int state_error(struct state *state, sqlite3 *database, struct error *error)
{
	int code = database != NULL ? sqlite3_errcode(database) : SQLITE_NOMEM;
	const char *text = database != NULL ? sqlite3_errmsg(database) : "out of memory";
	switch (code & 0xff) {
	case SQLITE_FULL:
		return error_set(error, ERROR_IO,
				 "no room left to write the state \"%s\"; make room and run again, nothing is lost",
				 state->path);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return state_damaged(state, text, error);
	case SQLITE_NOMEM:
		return error_set(error, ERROR_INTERNAL, "out of memory");
	default:
		return error_set(error, ERROR_IO,
				 "cannot use the state \"%s\": %s; choose another folder with --state DIR", state->path,
				 text);
	}
}

int state_damaged(const struct state *state, const char *what, struct error *error)
{
	return error_set(error, ERROR_IO, "the state \"%s\" is damaged (%s); delete the folder \"%s\" and run again",
			 state->path, what, state->folder);
}

int state_execute(struct state *state, const char *sql, struct error *error)
{
	if (sqlite3_exec(state->database, sql, NULL, NULL, NULL) != SQLITE_OK)
		return state_error(state, state->database, error);
	return 0;
}

int state_prepare(struct state *state, const char *sql, sqlite3_stmt **statement, struct error *error)
{
	if (sqlite3_prepare_v2(state->database, sql, -1, statement, NULL) != SQLITE_OK)
		return state_error(state, state->database, error);
	return 0;
}

int state_step(struct state *state, sqlite3_stmt *statement, struct error *error)
{
	int code = 0;
	if (sqlite3_step(statement) != SQLITE_DONE)
		code = state_error(state, state->database, error);
	sqlite3_reset(statement);
	return code;
}

int state_number(struct state *state, const char *sql, sqlite3_int64 *number, struct error *error)
{
	sqlite3_stmt *statement;
	int code = state_prepare(state, sql, &statement, error);
	if (code != 0)
		return code;
	if (sqlite3_step(statement) == SQLITE_ROW)
		*number = sqlite3_column_int64(statement, 0);
	else
		code = state_error(state, state->database, error);
	sqlite3_finalize(statement);
	return code;
}

int state_begin(struct state *state, struct error *error)
{
	int code = state_mark(state, error);
	return code != 0 ? code : state_execute(state, "BEGIN IMMEDIATE", error);
}

int state_finish(struct state *state, int code, struct error *error)
{
	if (code == 0)
		code = state_execute(state, "COMMIT", error);
	/* SQLite has rolled back by itself after some failures; then there is nothing left to do. */
	if (code != 0 && sqlite3_get_autocommit(state->database) == 0)
		sqlite3_exec(state->database, "ROLLBACK", NULL, NULL, NULL);
	if (code == 0)
		state_push(state);
	return code;
}

int state_delete_orphans(struct state *state, struct error *error)
{
	return state_execute(state,
			     "CREATE TEMP TABLE IF NOT EXISTS orphan(id INTEGER PRIMARY KEY, first_block, blocks);"
			     "INSERT INTO temp.orphan SELECT id, first_block, blocks FROM segment"
			     " WHERE id NOT IN (SELECT segment FROM segment_source);"
			     "DELETE FROM block_data WHERE id IN (SELECT block.id FROM temp.orphan CROSS JOIN block"
			     " ON block.id BETWEEN first_block AND first_block + blocks - 1);"
			     "DELETE FROM block WHERE id IN (SELECT block.id FROM temp.orphan CROSS JOIN block"
			     " ON block.id BETWEEN first_block AND first_block + blocks - 1);"
			     "DELETE FROM segment WHERE id IN (SELECT id FROM temp.orphan);"
			     "DELETE FROM temp.orphan;",
			     error);
}

/* ---- opening */

/* Of a database's header, all big-endian (SQLite, Database File Format, 1.3). */
enum { HEADER_SIZE = 100, LAYOUT_AT = 60, APPLICATION_AT = 68 };

/* For what errno says. */
static int no_folder(const char *folder, struct error *error)
{
	return error_system(error, "cannot keep the state in \"%s\" (choose another folder with --state DIR)", folder);
}

static int make_folder(const char *folder, struct error *error)
{
	char path[4096];
	struct stat status;
	int cause = 0;
	int size = snprintf(path, sizeof(path), "%s", folder);
	if (size <= 0 || (size_t)size >= sizeof(path))
		return error_set(error, ERROR_IO, "the state folder's path is empty or too long");
	for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0777) != 0 && errno != EEXIST && cause == 0)
			cause = errno;
		*slash = '/';
	}
	if (mkdir(path, 0777) == 0)
		return 0;
	/* What the last part lacks is said by why a part before it could not be made. */
	if (errno != ENOENT || cause == 0)
		cause = errno;
	if (stat(path, &status) == 0) {
		if (S_ISDIR(status.st_mode))
			return 0;
		cause = ENOTDIR;
	}
	errno = cause;
	return no_folder(folder, error);
}

static int take_lock(struct state *state, struct error *error)
{
	char path[4200];
	snprintf(path, sizeof(path), "%s/lock", state->folder);
	state->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (state->lock < 0)
		return no_folder(state->folder, error);
	if (flock(state->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return error_system(error, "cannot lock \"%s\"", path);
	return error_set(
		error, ERROR_IO,
		"the state folder \"%s\" is in use by another lakeproof; wait for it, or choose another folder "
		"(--state DIR)",
		state->folder);
}

/* A state of another layout is told apart by its header, before its pages are looked at. */
static int check_layout(struct state *state, struct error *error)
{
	uint8_t header[HEADER_SIZE];
	uint32_t layout, application;
	if (pread(state->file, header, sizeof(header), 0) != (ssize_t)sizeof(header) ||
	    memcmp(header, "SQLite format 3", 16) != 0)
		return 0; /* new, or torn, or nothing of SQLite's: it will say */
	memcpy(&layout, header + LAYOUT_AT, sizeof(layout));
	memcpy(&application, header + APPLICATION_AT, sizeof(application));
	layout = be32toh(layout);
	if (be32toh(application) != STATE_APPLICATION)
		return error_set(error, ERROR_IO,
				 "\"%s\" is damaged or another program's; choose another folder with --state DIR, or "
				 "delete \"%s\" and run again",
				 state->path, state->folder);
	if (layout == STATE_LAYOUT)
		return 0;
	return error_set(error, ERROR_IO,
			 "the state \"%s\" has layout %u, this version of lakeproof knows layout %d: delete the folder "
			 "\"%s\" and run again, or choose another (--state DIR)",
			 state->path, layout, STATE_LAYOUT, state->folder);
}

int state_connect(struct state *state, int flags, sqlite3 **connection, struct error *error)
{
	const char *pages = state_pages();
	*connection = NULL;
	if (pages == NULL || sqlite3_open_v2(state->path, connection, flags, pages) != SQLITE_OK)
		return state_error(state, *connection, error);
	sqlite3_extended_result_codes(*connection, 1);
	sqlite3_busy_timeout(*connection, 10000);
	return 0;
}

static int open_database(struct state *state, struct error *error)
{
	static const char settings[] = "PRAGMA page_size = 65536;"
				       "PRAGMA journal_mode = TRUNCATE;"
				       "PRAGMA synchronous = OFF;"
				       "PRAGMA secure_delete = OFF;"
				       "PRAGMA cache_size = -8192;"
				       "PRAGMA temp_store = MEMORY;";
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX;
	sqlite3_int64 tables = 0;
	int spare = STATE_PAGE_SPARE;
	state->file = open(state->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (state->file < 0)
		return no_folder(state->folder, error);
	int code = check_layout(state, error);
	if (code == 0)
		code = state_connect(state, flags, &state->database, error);
	if (code == 0)
		code = state_execute(state, settings, error);
	if (code == 0 && sqlite3_file_control(state->database, "main", SQLITE_FCNTL_RESERVE_BYTES, &spare) != SQLITE_OK)
		code = state_error(state, state->database, error);
	if (code == 0)
		code = state_recover(state, error);
	if (code == 0)
		code = state_number(state, "SELECT count(*) FROM sqlite_schema", &tables, error);
	if (code == 0 && tables == 0) {
		code = state_begin(state, error);
		if (code == 0)
			code = state_finish(state, state_execute(state, schema, error), error);
	}
	return code;
}

/* What a killed run left behind: sources that were never done, and segments of theirs. */
static int drop_leftovers(struct state *state, struct error *error)
{
	sqlite3_int64 count = 0;
	int code =
		state_number(state,
			    "SELECT (SELECT count(*) FROM source_file WHERE done = 0) + (SELECT count(*) FROM segment"
			    " WHERE id NOT IN (SELECT segment FROM segment_source))",
			    &count, error);
	if (code != 0 || count == 0)
		return code;
	code = state_begin(state, error);
	if (code != 0)
		return code;
	code = state_execute(state,
			     "DELETE FROM source_problem WHERE source IN (SELECT id FROM source_file WHERE done = 0);"
			     "DELETE FROM source_attribute WHERE source IN (SELECT id FROM source_file WHERE done = 0);"
			     "DELETE FROM source_window WHERE source IN (SELECT id FROM source_file WHERE done = 0);"
			     "DELETE FROM segment_source WHERE source IN (SELECT id FROM source_file WHERE done = 0);"
			     "DELETE FROM source_file WHERE done = 0;",
			     error);
	if (code == 0)
		code = state_delete_orphans(state, error);
	return state_finish(state, code, error);
}

static int load_sources(struct state *state, struct error *error)
{
	sqlite3_stmt *statement;
	int code =
		state_prepare(state,
			      "SELECT id, kind, text_group, path, identity, size_bytes, mtime_ns, content, fingerprint,"
			      " complete, records, unreadable, bytes, stored_bytes, facts FROM source_file ORDER BY id",
			      &statement, error);
	int step = SQLITE_DONE;
	while (code == 0 && (step = sqlite3_step(statement)) == SQLITE_ROW) {
		struct state_source source = {
			.id = (uint32_t)sqlite3_column_int64(statement, 0),
			.kind = (enum state_source_kind)sqlite3_column_int(statement, 1),
			.group = (uint32_t)sqlite3_column_int64(statement, 2),
			.path = (const char *)sqlite3_column_text(statement, 3),
			.identity = (const char *)sqlite3_column_text(statement, 4),
			.size_bytes = (uint64_t)sqlite3_column_int64(statement, 5),
			.mtime_ns = sqlite3_column_int64(statement, 6),
			.content = (uint64_t)sqlite3_column_int64(statement, 7),
			.fingerprint = (uint64_t)sqlite3_column_int64(statement, 8),
			.complete = sqlite3_column_int(statement, 9) != 0,
			.records = (uint64_t)sqlite3_column_int64(statement, 10),
			.unreadable = (uint64_t)sqlite3_column_int64(statement, 11),
			.bytes = (uint64_t)sqlite3_column_int64(statement, 12),
			.stored_bytes = (uint64_t)sqlite3_column_int64(statement, 13),
			.facts = (uint64_t)sqlite3_column_int64(statement, 14),
		};
		code = state_register(state, &source, error);
	}
	if (code == 0 && step != SQLITE_DONE)
		code = state_error(state, state->database, error);
	sqlite3_finalize(statement);
	return code;
}

static int load_counters(struct state *state, struct error *error)
{
	sqlite3_int64 source = 0;
	int code = state_number(state, "SELECT coalesce(max(seq), 0) FROM sqlite_sequence", &source, error);
	if (code == 0)
		code = state_number(state, "SELECT coalesce(max(id), 0) FROM segment", &state->segment_next, error);
	if (code == 0)
		code = state_number(state, "SELECT coalesce(max(id), 0) FROM block_data", &state->block_next, error);
	state->source_next = (uint32_t)source + 1;
	state->segment_next++;
	state->block_next++;
	return code;
}

int state_open(const char *folder, struct state **result, struct error *error)
{
	*result = NULL;
	struct state *state = calloc(1, sizeof(*state));
	if (state == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	state->lock = state->file = -1;
	arena_init(&state->strings, SIZE_MAX);
	pthread_mutex_init(&state->mutex, NULL);
	int code = 0;
	if (asprintf(&state->path, "%s/state.sqlite", folder) < 0 || asprintf(&state->folder, "%s", folder) < 0)
		code = error_set(error, ERROR_INTERNAL, "out of memory");
	if (code == 0)
		code = make_folder(folder, error);
	if (code == 0)
		code = take_lock(state, error);
	if (code == 0)
		code = open_database(state, error);
	if (code == 0)
		code = drop_leftovers(state, error);
	if (code == 0)
		code = state_load_texts(state, error);
	if (code == 0)
		code = load_sources(state, error);
	if (code == 0)
		code = load_counters(state, error);
	if (code == 0)
		code = state_compact(state, error);
	if (code != 0) {
		state_close(state);
		return code;
	}
	*result = state;
	return 0;
}

void state_close(struct state *state)
{
	if (state == NULL)
		return;
	sqlite3_close(state->database);
	if (state->file >= 0) {
		state_sync(state);
		close(state->file);
	}
	if (state->lock >= 0)
		close(state->lock);
	free(state->groups.texts);
	free(state->domains.texts);
	free(state->sources);
	free(state->folder);
	free(state->path);
	arena_release(&state->strings);
	pthread_mutex_destroy(&state->mutex);
	free(state);
}

struct sqlite3 *state_database(struct state *state)
{
	return state->database;
}
