/* The virtual table fact: one row for each thing known about a key, in fact order. */
#include "reconcile/sql/sql_tables_internal.h"

static int next_fact(struct sql_cursor *cursor, struct error *error)
{
	int code = merge_reader_next(cursor->reader, &cursor->fact, error);
	cursor->done = cursor->fact == NULL;
	return code;
}

static int first_fact(struct sql_cursor *cursor, uint64_t lo, uint64_t hi, struct error *error)
{
	int code = sql_begin_facts(cursor, lo, hi, error);
	cursor->done = cursor->fact == NULL;
	return code;
}

static struct slice fact_key(const struct sql_cursor *cursor)
{
	return cursor->fact->key;
}

static void fact_hash(const struct sql_cursor *cursor, sqlite3_context *result)
{
	sql_show_u64(result, cursor->fact->key_hash);
}

static void fact_kind(const struct sql_cursor *cursor, sqlite3_context *result)
{
	static const char *const texts[] = {
		[FACT_LAKE] = "lake", [FACT_SNAPSHOT] = "snapshot", [FACT_CHANGE] = "change"};
	sql_show_text(result, texts[cursor->fact->kind]);
}

/* The four columns of a side; `shown` says when it has any, `whole` when the item is known too and not the row alone.
 */
#define SIDE_COLUMNS(name, side, shown, whole)                                                                         \
	static void name##_state(const struct sql_cursor *cursor, sqlite3_context *result)                             \
	{                                                                                                              \
		if (shown)                                                                                             \
			sql_show_state(result, (side)->state);                                                         \
	}                                                                                                              \
	static void name##_image(const struct sql_cursor *cursor, sqlite3_context *result)                             \
	{                                                                                                              \
		if (whole)                                                                                             \
			sql_show_image(result, side);                                                                  \
	}                                                                                                              \
	static void name##_row(const struct sql_cursor *cursor, sqlite3_context *result)                               \
	{                                                                                                              \
		if (shown)                                                                                             \
			sql_show_row(result, side);                                                                    \
	}                                                                                                              \
	static void name##_expires(const struct sql_cursor *cursor, sqlite3_context *result)                           \
	{                                                                                                              \
		if (shown)                                                                                             \
			sql_show_expires(result, side);                                                                \
	}
SIDE_COLUMNS(after, &cursor->fact->after, true, cursor->fact->kind != FACT_LAKE)
SIDE_COLUMNS(before, &cursor->fact->before, cursor->fact->kind == FACT_CHANGE, cursor->fact->kind == FACT_CHANGE)

static void fact_damaged(const struct sql_cursor *cursor, sqlite3_context *result)
{
	sqlite3_result_int(result, (cursor->fact->flags & FACT_DAMAGED) != 0);
}

static void fact_deleted(const struct sql_cursor *cursor, sqlite3_context *result)
{
	sqlite3_result_int(result, (cursor->fact->flags & FACT_DELETED) != 0);
}

static void fact_ttl(const struct sql_cursor *cursor, sqlite3_context *result)
{
	if (cursor->fact->kind == FACT_CHANGE && cursor->fact->after.state == STATE_ABSENT)
		sql_show_ttl(result, cursor->fact->ttl);
}

static void fact_stream(const struct sql_cursor *cursor, sqlite3_context *result)
{
	const struct sql_context *context = cursor->context;
	if (cursor->fact->kind != FACT_CHANGE)
		return;
	uint32_t group;
	const char *arn = state_domain_arn(context->state, scope_domain_of(context->scope, cursor->fact->domain),
					   &group);
	sql_show_text(result, arn[0] != '\0' ? arn : state_group_text(context->state, group));
}

static void fact_sequence(const struct sql_cursor *cursor, sqlite3_context *result)
{
	char text[48];
	if (!cursor->fact->has_sequence)
		return;
	sequence_format(cursor->fact->sequence, text);
	sqlite3_result_text(result, text, -1, SQLITE_TRANSIENT);
}

static void fact_time(const struct sql_cursor *cursor, sqlite3_context *result)
{
	if (cursor->fact->kind == FACT_CHANGE)
		sql_show_time(result, cursor->fact->time_lo_us);
}

static void fact_time_end(const struct sql_cursor *cursor, sqlite3_context *result)
{
	if (cursor->fact->kind == FACT_CHANGE)
		sql_show_time(result, cursor->fact->time_hi_us);
}

static void fact_event(const struct sql_cursor *cursor, sqlite3_context *result)
{
	if (cursor->fact->event_hash != 0)
		sql_show_u64(result, cursor->fact->event_hash);
}

ORIGIN_COLUMNS(fact, cursor->fact)

static const struct sql_column fact_columns[] = {
	{"key", NULL},
	{"key_hash", fact_hash},
	{"kind", fact_kind},
	{"state", after_state},
	{"image", after_image},
	{"row", after_row},
	{"expires", after_expires},
	{"before_state", before_state},
	{"before_image", before_image},
	{"before_row", before_row},
	{"before_expires", before_expires},
	{"damaged", fact_damaged},
	{"deleted", fact_deleted},
	{"ttl", fact_ttl},
	{"stream", fact_stream},
	{"sequence", fact_sequence},
	{"time", fact_time},
	{"time_end", fact_time_end},
	{"event", fact_event},
	{"source", fact_source},
	{"record", fact_record},
	{"offset", fact_offset},
	{NULL, NULL},
};

const struct sql_table sql_table_fact = {"fact", fact_columns, true, first_fact, next_fact, fact_key};
