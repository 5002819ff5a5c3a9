/* matrix_history - the verdicts of earlier runs, in a SQLite database that several runs may write at once. */
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "reports/matrix.h"

enum { BUSY_MS = 20000, ASIDE_MAX = 1000, RUNS_MAX = 200 };

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS verdict(run TEXT NOT NULL, started_us INTEGER NOT NULL, pipeline "
	"TEXT NOT NULL, scenario TEXT NOT NULL, seed TEXT NOT NULL, verdict TEXT NOT NULL, "
	"as_expected INTEGER NOT NULL, seconds REAL NOT NULL);"
	"CREATE INDEX IF NOT EXISTS verdict_by_pipeline ON verdict(pipeline, started_us, run);"
	"CREATE INDEX IF NOT EXISTS verdict_by_run ON verdict(run);";

static bool is_damage(int code)
{
	return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
}

/* A short look at all pages: a database that only fails halfway through would lose the verdicts that follow. */
static int check(sqlite3 *database)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(database, "PRAGMA quick_check(1)", -1, &statement, NULL);
	if (code == SQLITE_OK) {
		code = sqlite3_step(statement);
		const char *text = code == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
		if (code == SQLITE_ROW)
			code = text != NULL && strcmp(text, "ok") == 0 ? SQLITE_OK : SQLITE_CORRUPT;
	}
	sqlite3_finalize(statement);
	return code;
}

static int open_checked(const char *path, bool create, sqlite3 **database)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (create ? SQLITE_OPEN_CREATE : 0);
	int code = sqlite3_open_v2(path, database, flags, NULL);
	if (code != SQLITE_OK)
		return code;
	sqlite3_busy_timeout(*database, BUSY_MS);
	code = check(*database);
	return code != SQLITE_OK ? code : sqlite3_exec(*database, schema, NULL, NULL, NULL);
}

/* Under a name that is free. Its journal goes with it: beside a new database it would be played into that. */
static const char *set_aside(struct matrix *matrix, const char *path)
{
	static const char *const journals[] = {"-journal", "-wal", "-shm"};
	for (int i = 1; i <= ASIDE_MAX; i++) {
		const char *aside = arena_text(&matrix->arena, "%s.damaged%d", path, i);
		if (aside == NULL)
			return NULL;
		if (access(aside, F_OK) == 0 || rename(path, aside) != 0)
			continue;
		for (size_t j = 0; j < sizeof journals / sizeof journals[0]; j++) {
			const char *from = arena_text(&matrix->arena, "%s%s", path, journals[j]);
			const char *to = arena_text(&matrix->arena, "%s%s", aside, journals[j]);
			if (from != NULL && to != NULL)
				(void)rename(from, to);
		}
		return aside;
	}
	return NULL;
}

static void explain(struct matrix *matrix, const char *path, const char *what, const char **note)
{
	*note = arena_text(&matrix->arena, "the history \"%s\" %s; the verdicts of this run are not touched by that",
			   path, what);
	if (*note == NULL)
		*note = "out of memory for the history";
}

/* NULL with *note when it cannot be used. */
static sqlite3 *open_locked(struct matrix *matrix, const char *path, const char **note)
{
	sqlite3 *database = NULL;
	int code = open_checked(path, true, &database);
	if (code != SQLITE_OK && is_damage(code)) {
		sqlite3_close(database);
		database = NULL;
		const char *aside = set_aside(matrix, path);
		if (aside == NULL) {
			explain(matrix, path, "is damaged, and could not be set aside", note);
			return NULL;
		}
		code = open_checked(path, true, &database);
		*note = arena_text(&matrix->arena,
				   "the history \"%s\" was damaged: it is now \"%s\", and a new one begins", path,
				   aside);
	}
	if (code == SQLITE_OK)
		return database;
	const char *reason = arena_text(&matrix->arena, "cannot be used: %s", sqlite3_errstr(code));
	explain(matrix, path, reason != NULL ? reason : "cannot be used", note);
	sqlite3_close(database);
	return NULL;
}

static int bind_cell(sqlite3_stmt *statement, const struct matrix *matrix, const struct cell *cell)
{
	char seed[24];
	(void)snprintf(seed, sizeof seed, "%" PRIu64, cell->seed);
	sqlite3_bind_text(statement, 1, matrix->run.name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 2, matrix->run.started_us);
	sqlite3_bind_text(statement, 3, cell->pipeline, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 4, cell->scenario, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 5, seed, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(statement, 6, cell_verdict_text(cell->verdict), -1, SQLITE_STATIC);
	sqlite3_bind_int(statement, 7, cell->as_expected);
	return sqlite3_bind_double(statement, 8, (double)cell->us / 1e6);
}

/* A run that is added again, as one that was resumed, replaces what it said before. */
static int insert(sqlite3 *database, const struct matrix *matrix)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(database, "DELETE FROM verdict WHERE run = ?", -1, &statement, NULL);
	if (code != SQLITE_OK)
		return code;
	sqlite3_bind_text(statement, 1, matrix->run.name, -1, SQLITE_STATIC);
	(void)sqlite3_step(statement);
	code = sqlite3_finalize(statement);
	if (code == SQLITE_OK)
		code = sqlite3_prepare_v2(database, "INSERT INTO verdict VALUES(?, ?, ?, ?, ?, ?, ?, ?)", -1,
					  &statement, NULL);
	if (code != SQLITE_OK)
		return code;
	for (uint32_t i = 0; code == SQLITE_OK && i < matrix->cell_count; i++) {
		code = bind_cell(statement, matrix, &matrix->cells[i].cell);
		if (code == SQLITE_OK && sqlite3_step(statement) != SQLITE_DONE)
			code = sqlite3_errcode(database);
		sqlite3_reset(statement);
	}
	sqlite3_finalize(statement);
	return code;
}

/* One run at a time looks for damage: else one would set aside what another has just begun anew. */
static sqlite3 *open_history(struct matrix *matrix, const char *path, const char **note)
{
	const char *lock = arena_text(&matrix->arena, "%s.lock", path);
	int file = lock != NULL ? open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0666) : -1;
	if (file < 0 || flock(file, LOCK_EX) != 0) {
		explain(matrix, path, "cannot be locked", note);
		if (file >= 0)
			close(file);
		return NULL;
	}
	sqlite3 *database = open_locked(matrix, path, note);
	close(file);
	return database;
}

void matrix_history_add(struct matrix *matrix, const char *path, const char **note)
{
	*note = NULL;
	if (!matrix->plan_known) {
		explain(matrix, path, "takes no run whose run.json cannot be read", note);
		return;
	}
	sqlite3 *database = open_history(matrix, path, note);
	if (database == NULL)
		return;
	int code = sqlite3_exec(database, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	if (code == SQLITE_OK) {
		code = insert(database, matrix);
		int end = sqlite3_exec(database, code == SQLITE_OK ? "COMMIT" : "ROLLBACK", NULL, NULL, NULL);
		code = code != SQLITE_OK ? code : end;
	}
	if (code != SQLITE_OK) {
		const char *reason = arena_text(&matrix->arena, "could not be written: %s", sqlite3_errstr(code));
		explain(matrix, path, reason != NULL ? reason : "could not be written", note);
	}
	sqlite3_close(database);
}

/* ---- the trend ---- */

static const char trend_sql[] =
	"SELECT run, started_us, sum(verdict = 'PASS'), count(*), sum(as_expected = 0) FROM verdict "
	"WHERE pipeline = ?1 AND run <> ?2 AND started_us < ?3 GROUP BY started_us, run "
	"ORDER BY started_us DESC, run DESC LIMIT ?4";

/* Earlier runs come newest first and are put before this one, which is the last. */
static int fill(struct matrix *matrix, struct matrix_column *column, sqlite3_stmt *statement, uint32_t runs)
{
	struct matrix_trend_point found[RUNS_MAX];
	uint32_t count = 0;
	int code;
	sqlite3_bind_text(statement, 1, column->pipeline, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 2, matrix->run.name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 3, matrix->run.started_us);
	sqlite3_bind_int64(statement, 4, runs);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW && count < RUNS_MAX) {
		struct matrix_trend_point *point = &found[count++];
		point->run = arena_text(&matrix->arena, "%s", (const char *)sqlite3_column_text(statement, 0));
		point->started_us = sqlite3_column_int64(statement, 1);
		point->passed = (uint32_t)sqlite3_column_int64(statement, 2);
		point->cells = (uint32_t)sqlite3_column_int64(statement, 3);
		point->unexpected = (uint32_t)sqlite3_column_int64(statement, 4);
		if (point->run == NULL)
			return SQLITE_NOMEM;
	}
	sqlite3_reset(statement);
	if (code != SQLITE_DONE && code != SQLITE_ROW)
		return code;
	column->trend = arena_array(&matrix->arena, count + 1, sizeof *column->trend);
	if (column->trend == NULL)
		return SQLITE_NOMEM;
	for (uint32_t i = 0; i < count; i++)
		column->trend[i] = found[count - 1 - i];
	uint32_t cells = 0;
	for (int verdict = 0; verdict < 4; verdict++)
		cells += column->verdicts[verdict];
	column->trend[count] = (struct matrix_trend_point){matrix->run.name, matrix->run.started_us,
							   column->verdicts[CELL_PASS], cells, column->unexpected};
	column->trend_count = count + 1;
	return SQLITE_OK;
}

void matrix_history_trend(struct matrix *matrix, const char *path, uint32_t runs, const char **note)
{
	*note = NULL;
	if (!matrix->plan_known || access(path, F_OK) != 0)
		return;
	sqlite3 *database = NULL;
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
	if (code == SQLITE_OK)
		sqlite3_busy_timeout(database, BUSY_MS);
	if (code == SQLITE_OK)
		code = sqlite3_prepare_v2(database, trend_sql, -1, &statement, NULL);
	for (uint32_t i = 0; code == SQLITE_OK && i < matrix->column_count; i++)
		code = fill(matrix, &matrix->columns[i], statement, runs < RUNS_MAX ? runs : RUNS_MAX);
	sqlite3_finalize(statement);
	sqlite3_close(database);
	if (code == SQLITE_OK)
		return;
	for (uint32_t i = 0; i < matrix->column_count; i++)
		matrix->columns[i].trend_count = 0;
	const char *reason = arena_text(&matrix->arena, "cannot be read: %s", sqlite3_errstr(code));
	explain(matrix, path, reason != NULL ? reason : "cannot be read", note);
}
