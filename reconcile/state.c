#include "reconcile/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reconcile/state_internal.h"

static const char schema[] =
	"CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
	"CREATE TABLE text_group(id INTEGER PRIMARY KEY, text TEXT NOT NULL);"
	"CREATE TABLE domain(id INTEGER PRIMARY KEY, text_group INTEGER NOT NULL, arn TEXT NOT NULL);"
	"CREATE TABLE source_file(id INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL, text_group INTEGER"
	" NOT NULL, path TEXT NOT NULL, identity TEXT NOT NULL, size_bytes INTEGER, mtime_ns INTEGER, content INTEGER,"
	" fingerprint INTEGER, complete INTEGER, records INTEGER, unreadable INTEGER, bytes INTEGER, stored_bytes"
	" INTEGER, facts INTEGER, done INTEGER NOT NULL);"
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
	"INSERT INTO meta VALUES('written_by', 'lakeproof 1');"
	"PRAGMA application_id = 1818323813;"
	"PRAGMA user_version = 1;";

_Static_assert(STATE_APPLICATION == 1818323813 && STATE_LAYOUT == 1, "the schema states both as numbers");

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
		return error_set(error, ERROR_IO,
				 "the state \"%s\" is damaged (%s); delete the folder \"%s\" and run again",
				 state->path, text, state->folder);
	case SQLITE_NOMEM:
		return error_set(error, ERROR_INTERNAL, "out of memory");
	default:
		return error_set(error, ERROR_IO, "cannot use the state \"%s\": %s", state->path, text);
	}
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

static int make_folder(const char *folder, struct error *error)
{
	char path[4096];
	int size = snprintf(path, sizeof(path), "%s", folder);
	if (size <= 0 || (size_t)size >= sizeof(path))
		return error_set(error, ERROR_IO, "the state folder's path is empty or too long");
	for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(path, 0777); /* whatever is wrong shows at the last part */
		*slash = '/';
	}
	if (mkdir(path, 0777) != 0 && errno != EEXIST)
		return error_system(error, "cannot make the state folder \"%s\"", folder);
	return 0;
}

static int take_lock(struct state *state, struct error *error)
{
	char path[4200];
	snprintf(path, sizeof(path), "%s/lock", state->folder);
	state->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (state->lock < 0)
		return error_system(error, "cannot open \"%s\"", path);
	if (flock(state->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return error_system(error, "cannot lock \"%s\"", path);
	return error_set(
		error, ERROR_IO,
		"the state folder \"%s\" is in use by another lakeproof; wait for it, or choose another folder",
		state->folder);
}

static int read_number(struct state *state, const char *sql, sqlite3_int64 *number, struct error *error)
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

static int check_layout(struct state *state, sqlite3_int64 layout, struct error *error)
{
	if (layout == STATE_LAYOUT)
		return 0;
	sqlite3_stmt *statement;
	char program[100] = "another program";
	if (sqlite3_prepare_v2(state->database, "SELECT value FROM meta WHERE name = 'written_by'", -1, &statement,
			       NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		snprintf(program, sizeof(program), "%s", (const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	return error_set(
		error, ERROR_IO,
		"the state \"%s\" has layout %lld, written by %s; this program knows layout %d: delete the folder "
		"and run again, or use that program",
		state->path, layout, program, STATE_LAYOUT);
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
	sqlite3_int64 tables = 0, layout = 0;
	if (sqlite3_open_v2(state->path, &state->database, flags, NULL) != SQLITE_OK)
		return state_error(state, state->database, error);
	state->file = open(state->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (state->file < 0)
		return error_system(error, "cannot open \"%s\"", state->path);
	sqlite3_extended_result_codes(state->database, 1);
	sqlite3_busy_timeout(state->database, 10000);
	int code = state_execute(state, settings, error);
	if (code == 0)
		code = state_recover(state, error);
	if (code == 0)
		code = read_number(state, "SELECT count(*) FROM sqlite_schema", &tables, error);
	if (code == 0 && tables == 0) {
		code = state_begin(state, error);
		if (code == 0)
			code = state_finish(state, state_execute(state, schema, error), error);
	}
	if (code == 0)
		code = read_number(state, "PRAGMA user_version", &layout, error);
	return code != 0 ? code : check_layout(state, layout, error);
}

/* What a killed run left behind: sources that were never done, and segments of theirs. */
static int drop_leftovers(struct state *state, struct error *error)
{
	sqlite3_int64 count = 0;
	int code =
		read_number(state,
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
	int code = read_number(state, "SELECT coalesce(max(seq), 0) FROM sqlite_sequence", &source, error);
	if (code == 0)
		code = read_number(state, "SELECT coalesce(max(id), 0) FROM segment", &state->segment_next, error);
	if (code == 0)
		code = read_number(state, "SELECT coalesce(max(id), 0) FROM block_data", &state->block_next, error);
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
	free(state->slots);
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
