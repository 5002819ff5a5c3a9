/* sql - the merged state as tables, for any question that no verb answers. */
#include <inttypes.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>

#include "base/buffer.h"
#include "harness/session.h"
#include "reconcile/sql/sql_tables.h"

struct sql_options {
	struct session_options session;
	const char *format, *lake;
	bool no_lake;
};

static const struct option_spec options[] = {
	{"format", OPTION_CHOICE, offsetof(struct sql_options, format), "FORMAT", "text|json",
	 "tab-separated text with a header, or one JSON object a line"},
	{"lake", OPTION_TEXT, offsetof(struct sql_options, lake), "NAME", NULL,
	 "which of the contract's lakes; needed when there are several"},
	{"no-lake", OPTION_FLAG, offsetof(struct sql_options, no_lake), NULL, NULL,
	 "do not read the lake, so that only what DynamoDB says is there"},
	SESSION_VERSION(struct sql_options),
	SESSION_OPTIONS(struct sql_options),
	{NULL, OPTION_FLAG, 0, NULL, NULL, NULL},
};

static void defaults(void *target)
{
	struct sql_options *chosen = target;
	session_defaults(&chosen->session);
	chosen->format = "text";
}

/* Bytes are base64, as in keys. */
static void append_blob(struct buffer *line, sqlite3_stmt *statement, int column)
{
	const void *bytes = sqlite3_column_blob(statement, column);
	buffer_append_base64(line, (struct slice){bytes, (size_t)sqlite3_column_bytes(statement, column)});
}

/* Keeps a row on its line and a value in its field. */
static void append_text(struct buffer *line, sqlite3_stmt *statement, int column)
{
	if (sqlite3_column_type(statement, column) == SQLITE_BLOB) {
		append_blob(line, statement, column);
		return;
	}
	const char *text = (const char *)sqlite3_column_text(statement, column);
	for (text = text == NULL ? "NULL" : text; *text != '\0'; text++) {
		const char *escape = *text == '\t' ? "\\t" : *text == '\n' ? "\\n" : *text == '\r' ? "\\r" : NULL;
		if (escape != NULL)
			buffer_append_text(line, escape);
		else
			buffer_append_byte(line, *text);
	}
}

static void append_json(struct buffer *line, sqlite3_stmt *statement, int column)
{
	switch (sqlite3_column_type(statement, column)) {
	case SQLITE_NULL:
		buffer_append_text(line, "null");
		break;
	case SQLITE_INTEGER:
		buffer_printf(line, "%lld", (long long)sqlite3_column_int64(statement, column));
		break;
	case SQLITE_FLOAT: {
		double number = sqlite3_column_double(statement, column);
		/* JSON has no infinity: a number beyond a double's range stands for it, as SQLite has it. */
		if (isinf(number))
			buffer_append_text(line, number < 0 ? "-9e999" : "9e999");
		else
			buffer_printf(line, "%.17g", number);
		break;
	}
	case SQLITE_BLOB:
		buffer_append_byte(line, '"');
		append_blob(line, statement, column);
		buffer_append_byte(line, '"');
		break;
	default: {
		const unsigned char *text = sqlite3_column_text(statement, column);
		buffer_append_json(line,
				   (struct slice){(const char *)text, (size_t)sqlite3_column_bytes(statement, column)});
	}
	}
}

static void append_row(struct buffer *line, sqlite3_stmt *statement, bool json)
{
	int columns = sqlite3_column_count(statement);
	for (int i = 0; i < columns; i++) {
		if (json) {
			buffer_append_text(line, i == 0 ? "{" : ",");
			buffer_append_json(line, slice_from(sqlite3_column_name(statement, i)));
			buffer_append_byte(line, ':');
			append_json(line, statement, i);
		} else {
			buffer_append_text(line, i == 0 ? "" : "\t");
			append_text(line, statement, i);
		}
	}
	buffer_append_text(line, json ? "}\n" : "\n");
}

static void print_header(sqlite3_stmt *statement)
{
	for (int i = 0; i < sqlite3_column_count(statement); i++)
		printf("%s%s", i == 0 ? "" : "\t", sqlite3_column_name(statement, i));
	printf("\n");
}

/* A statement is the user's to mend, memory and disk are not. */
static int failed(sqlite3 *database, struct error *error)
{
	switch (sqlite3_errcode(database) & 0xff) {
	case SQLITE_NOMEM:
		return error_set(error, ERROR_INTERNAL, "out of memory");
	case SQLITE_IOERR:
	case SQLITE_FULL:
	case SQLITE_CANTOPEN:
		return error_set(error, ERROR_IO, "%s", sqlite3_errmsg(database));
	default:
		return error_set(error, ERROR_USAGE, "%s", sqlite3_errmsg(database));
	}
}

static int step_rows(sqlite3 *database, sqlite3_stmt *statement, bool json, struct error *error)
{
	struct buffer line;
	int status;
	int code = 0;
	buffer_init(&line, (size_t)64 << 20);
	if (!json)
		print_header(statement);
	while (code == 0 && (status = sqlite3_step(statement)) != SQLITE_DONE) {
		if (status != SQLITE_ROW) {
			code = failed(database, error);
			break;
		}
		line.size = 0;
		append_row(&line, statement, json);
		if (line.failed)
			code = error_set(error, ERROR_INTERNAL, "out of memory for a row");
		else if (fwrite(line.data, 1, line.size, stdout) != line.size)
			code = error_system(error, "cannot write a row");
	}
	buffer_release(&line);
	return code;
}

static int run_sql(struct run *run, const char *sql, bool json, struct error *error)
{
	sqlite3 *database = NULL;
	sqlite3_stmt *statement = NULL;
	struct merge_options merge = run_merge_options(run);
	int code = 0;
	if (sqlite3_open(":memory:", &database) != SQLITE_OK)
		code = error_set(error, ERROR_INTERNAL, "cannot open an SQLite database in memory");
	if (code == 0)
		code = sql_tables_register(database, run->state, run->scope, &merge, run->contract, error);
	while (code == 0 && sql[0] != '\0') {
		if (sqlite3_prepare_v2(database, sql, -1, &statement, &sql) != SQLITE_OK)
			code = failed(database, error);
		else if (statement != NULL)
			code = step_rows(database, statement, json, error);
		sqlite3_finalize(statement);
		statement = NULL;
	}
	sqlite3_close(database);
	return code;
}

static int run(int operand_count, char **operands, const void *given)
{
	const struct sql_options *chosen = given;
	struct error error = {0};
	struct run *run = NULL;
	(void)operand_count;
	int code = session_open(&chosen->session, operands[0],
				chosen->no_lake ? SESSION_NO_LAKE : SESSION_LAKE_IF_ANY, 0, &run, &error);
	struct run *lake = code == 0 ? run_of_lake(run, chosen->lake) : NULL;
	if (code == 0 && lake == NULL)
		code = error_set(&error, ERROR_USAGE,
				 chosen->lake == NULL ? "%s has several lakes; say which with --lake NAME"
						      : "%s has no lake of that name",
				 operands[0]);
	if (code == 0)
		code = run_ingest(run, &error);
	if (code == 0)
		code = run_sql(lake, operands[1], chosen->format[0] == 'j', &error);
	run_close(run);
	return code != 0 ? session_fail("sql", &error) : 0;
}

const struct verb verb_sql = {
	.name = "sql",
	.summary = "ask the merged state in SQL: tables item, fact, source",
	.usage = "CONTRACT SQL",
	.details = "item: one row a key, as judged; fact: one row for each thing known about a key;\n"
		   "source: one row a file. `SELECT * FROM item LIMIT 3` shows the columns. Bytes\n"
		   "are printed as base64; in text a tab or a line's end inside a value as\n"
		   "\\t, \\n, \\r.",
	.options = options,
	.run = run,
	.options_size = sizeof(struct sql_options),
	.defaults = defaults,
	.operands_min = 2,
	.operands_max = 2,
};
