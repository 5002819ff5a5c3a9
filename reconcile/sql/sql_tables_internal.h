/* sql_tables_internal - what the virtual tables share: a table says what its columns are, and how to step and show
 * rows. */
#ifndef LAKEPROOF_RECONCILE_SQL_SQL_TABLES_INTERNAL_H
#define LAKEPROOF_RECONCILE_SQL_SQL_TABLES_INTERNAL_H

#include <sqlite3.h>

#include "base/buffer.h"
#include "reconcile/state/merge_stream.h"
#include "reconcile/sql/sql_tables.h"

/* What the tables are about; freed with the last module. */
struct sql_context {
	struct state *state;
	const struct scope *scope;
	struct merge_options options;
	const struct contract *contract;
	uint32_t modules;
};

struct sql_cursor {
	sqlite3_vtab_cursor base; /* SQLite's, first */
	const struct sql_context *context;
	bool done;
	sqlite3_int64 row;
	/* item and fact */
	struct merge_plan plan;
	struct merge_reader *reader;
	const struct fact *fact; /* the present one; for items the first of the next key */
	struct judge *judge;
	const struct judgement *judgement;
	struct buffer key;
	/* source */
	uint64_t index;
	const struct state_source *source;
};

struct sql_column {
	const char *name;
	void (*show)(const struct sql_cursor *cursor, sqlite3_context *result);
};

struct sql_table {
	const char *name;
	const struct sql_column *columns; /* up to one without a name */
	bool keyed;                       /* has key, key_hash and a column for each key attribute */
	/* Steps to the first row with a key hash in [lo, hi], or to the next; sets cursor->done after the last. */
	int (*first)(struct sql_cursor *cursor, uint64_t lo, uint64_t hi, struct error *error);
	int (*next)(struct sql_cursor *cursor, struct error *error);
	struct slice (*key)(const struct sql_cursor *cursor);
};

extern const struct sql_table sql_table_item, sql_table_fact, sql_table_source;

/* Shown by more than one table. */
void sql_show_text(sqlite3_context *result, const char *text); /* static or living as long as the state */
void sql_show_u64(sqlite3_context *result, uint64_t value);
void sql_show_time(sqlite3_context *result, int64_t time_us);
void sql_show_state(sqlite3_context *result, enum item_state state);
void sql_show_image(sqlite3_context *result, const struct fact_side *side);
void sql_show_row(sqlite3_context *result, const struct fact_side *side);
void sql_show_expires(sqlite3_context *result, const struct fact_side *side);
void sql_show_ttl(sqlite3_context *result, uint8_t ttl);
void sql_show_path(const struct sql_cursor *cursor, sqlite3_context *result, uint32_t source);

/* Makes plan and reader and begins them. */
int sql_begin_facts(struct sql_cursor *cursor, uint64_t lo, uint64_t hi, struct error *error) MUST_USE;

/* The three columns of a place in a file. */
#define ORIGIN_COLUMNS(name, origin)                                                                                   \
	static void name##_source(const struct sql_cursor *cursor, sqlite3_context *result)                            \
	{                                                                                                              \
		if ((origin)->source != 0)                                                                             \
			sql_show_path(cursor, result, (origin)->source);                                               \
	}                                                                                                              \
	static void name##_record(const struct sql_cursor *cursor, sqlite3_context *result)                            \
	{                                                                                                              \
		if ((origin)->source != 0)                                                                             \
			sql_show_u64(result, (origin)->record);                                                        \
	}                                                                                                              \
	static void name##_offset(const struct sql_cursor *cursor, sqlite3_context *result)                            \
	{                                                                                                              \
		if ((origin)->source != 0)                                                                             \
			sql_show_u64(result, (origin)->offset);                                                        \
	}

#endif
