/* The virtual table item: one row a key, as it is judged. */
#include <stdio.h>

#include "reconcile/sql/sql_tables_internal.h"

/* Judges the key of the present fact, up to the first fact of the next. */
static int next_item(struct sql_cursor *cursor, struct error *error)
{
	cursor->done = cursor->fact == NULL;
	if (cursor->done)
		return 0;
	uint64_t hash = cursor->fact->key_hash;
	int code = 0;
	cursor->key.size = 0;
	if (buffer_append_slice(&cursor->key, cursor->fact->key) != 0)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	judge_begin(cursor->judge);
	do {
		judge_fact(cursor->judge, cursor->fact);
		code = merge_reader_next(cursor->reader, &cursor->fact, error);
	} while (code == 0 && cursor->fact != NULL && cursor->fact->key_hash == hash &&
		 slice_equal(cursor->fact->key, buffer_slice(&cursor->key)));
	cursor->judgement = judge_end(cursor->judge);
	return code;
}

static int first_item(struct sql_cursor *cursor, uint64_t lo, uint64_t hi, struct error *error)
{
	int code = sql_begin_facts(cursor, lo, hi, error);
	if (code != 0)
		return code;
	cursor->judge = judge_new(cursor->context->scope, cursor->plan.groups);
	return cursor->judge == NULL ? error_set(error, ERROR_INTERNAL, "out of memory") : next_item(cursor, error);
}

static struct slice item_key(const struct sql_cursor *cursor)
{
	return cursor->judgement->key;
}

/* A column that is one number of the judgement. */
#define ITEM_NUMBER(member)                                                                                            \
	static void item_##member(const struct sql_cursor *cursor, sqlite3_context *result)                            \
	{                                                                                                              \
		sql_show_u64(result, cursor->judgement->member);                                                       \
	}
ITEM_NUMBER(key_hash)
ITEM_NUMBER(changes)
ITEM_NUMBER(duplicates)
ITEM_NUMBER(conflicts)
ITEM_NUMBER(chain_breaks)
ITEM_NUMBER(overlap)
ITEM_NUMBER(capture_lost)
ITEM_NUMBER(lake_rows)
ITEM_NUMBER(lake_rows_deleted)
ITEM_NUMBER(lake_rows_equal)

static void item_state(const struct sql_cursor *cursor, sqlite3_context *result)
{
	sql_show_state(result, cursor->judgement->expected.state);
}

static void item_image(const struct sql_cursor *cursor, sqlite3_context *result)
{
	sql_show_image(result, &cursor->judgement->expected);
}

static void item_row(const struct sql_cursor *cursor, sqlite3_context *result)
{
	sql_show_row(result, &cursor->judgement->expected);
}

static void item_expires(const struct sql_cursor *cursor, sqlite3_context *result)
{
	sql_show_expires(result, &cursor->judgement->expected);
}

static void item_ttl(const struct sql_cursor *cursor, sqlite3_context *result)
{
	if (cursor->judgement->expected.state == STATE_ABSENT)
		sql_show_ttl(result, cursor->judgement->ttl);
}

static void item_decided_by(const struct sql_cursor *cursor, sqlite3_context *result)
{
	static const char *const texts[] = {
		[DECIDED_NOTHING] = "nothing", [DECIDED_SNAPSHOT] = "snapshot", [DECIDED_CHANGE] = "change"};
	sql_show_text(result, texts[cursor->judgement->decided_by]);
}

static void item_decided_time(const struct sql_cursor *cursor, sqlite3_context *result)
{
	sql_show_time(result, cursor->judgement->decided_time_us);
}

static void item_unproven(const struct sql_cursor *cursor, sqlite3_context *result)
{
	static const char *const texts[] = {"state",    "image", "hole",    "not_settled", "ambiguous",
					    "conflict", "chain", "overlap", "damaged", "collision"};
	char text[100] = "";
	size_t used = 0;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (cursor->judgement->unproven >> i & 1)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", used > 0 ? "," : "",
						 texts[i]);
	sqlite3_result_text(result, text, (int)used, SQLITE_TRANSIENT);
}

static void item_class(const struct sql_cursor *cursor, sqlite3_context *result)
{
	static const char *const texts[] = {
		[CLASS_NOTHING] = "nothing",     [CLASS_EQUAL] = "equal",       [CLASS_DELETED] = "deleted",
		[CLASS_DIFFERENT] = "different", [CLASS_UNPROVEN] = "unproven", [CLASS_OUT_OF_SCOPE] = "out_of_scope"};
	sql_show_text(result, texts[cursor->judgement->class]);
}

static void item_finding(const struct sql_cursor *cursor, sqlite3_context *result)
{
	static const char *const texts[] = {
		[ROW_NONE] = NULL,           [ROW_DUPLICATE] = "row.duplicate",   [ROW_MISSING] = "row.missing",
		[ROW_ZOMBIE] = "row.zombie", [ROW_ZOMBIE_TTL] = "row.zombie_ttl", [ROW_PHANTOM] = "row.phantom",
		[ROW_STALE] = "row.stale",   [ROW_DIFFERS] = "row.differs",
		[HISTORY_CURRENT] = "history.current", [HISTORY_OVERLAP] = "history.overlap",
		[HISTORY_MISSING] = "history.missing", [HISTORY_PHANTOM] = "history.phantom",
		[HISTORY_DIFFERS] = "history.differs", [HISTORY_END] = "history.end"};
	if (cursor->judgement->finding != ROW_NONE)
		sql_show_text(result, texts[cursor->judgement->finding]);
}

static void item_lake_expected(const struct sql_cursor *cursor, sqlite3_context *result)
{
	static const char *const texts[] = {[LAKE_NONE] = "none", [LAKE_ROW] = "row", [LAKE_ANY] = "any"};
	sql_show_text(result, texts[cursor->judgement->lake_expected]);
}

static void item_lake_row(const struct sql_cursor *cursor, sqlite3_context *result)
{
	if (cursor->judgement->lake_rows > 0)
		sql_show_u64(result, cursor->judgement->lake_row);
}

ORIGIN_COLUMNS(item, &cursor->judgement->decided)
ORIGIN_COLUMNS(stale, &cursor->judgement->stale)
ORIGIN_COLUMNS(lake, &cursor->judgement->lake)

static void stale_missed(const struct sql_cursor *cursor, sqlite3_context *result)
{
	if (cursor->judgement->finding == ROW_STALE)
		sql_show_u64(result, cursor->judgement->missed);
}

static const struct sql_column item_columns[] = {
	{"key", NULL},
	{"key_hash", item_key_hash},
	{"state", item_state},
	{"image", item_image},
	{"row", item_row},
	{"expires", item_expires},
	{"ttl", item_ttl},
	{"decided_by", item_decided_by},
	{"decided_time", item_decided_time},
	{"source", item_source},
	{"record", item_record},
	{"offset", item_offset},
	{"unproven", item_unproven},
	{"changes", item_changes},
	{"duplicates", item_duplicates},
	{"conflicts", item_conflicts},
	{"chain_breaks", item_chain_breaks},
	{"overlap", item_overlap},
	{"capture_lost", item_capture_lost},
	{"class", item_class},
	{"finding", item_finding},
	{"lake_expected", item_lake_expected},
	{"lake_rows", item_lake_rows},
	{"lake_rows_deleted", item_lake_rows_deleted},
	{"lake_rows_equal", item_lake_rows_equal},
	{"lake_row", item_lake_row},
	{"lake_source", lake_source},
	{"lake_record", lake_record},
	{"lake_offset", lake_offset},
	{"stale_source", stale_source},
	{"stale_record", stale_record},
	{"stale_offset", stale_offset},
	{"missed", stale_missed},
	{NULL, NULL},
};

const struct sql_table sql_table_item = {"item", item_columns, true, first_item, next_item, item_key};
