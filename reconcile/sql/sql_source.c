/* The virtual table source: one row a file. */
#include "reconcile/sql/sql_tables_internal.h"

static int next_source(struct sql_cursor *cursor, struct error *error)
{
	const struct sql_context *context = cursor->context;
	(void)error;
	cursor->source = NULL;
	while (cursor->source == NULL && cursor->index < context->options.source_count)
		cursor->source = state_source(context->state, context->options.sources[cursor->index++]);
	cursor->done = cursor->source == NULL;
	return 0;
}

static int first_source(struct sql_cursor *cursor, uint64_t lo, uint64_t hi, struct error *error)
{
	(void)lo;
	(void)hi;
	cursor->index = 0;
	return next_source(cursor, error);
}

#define SOURCE_NUMBER(member)                                                                                          \
	static void source_##member(const struct sql_cursor *cursor, sqlite3_context *result)                          \
	{                                                                                                              \
		sqlite3_result_int64(result, (sqlite3_int64)cursor->source->member);                                   \
	}
SOURCE_NUMBER(id)
SOURCE_NUMBER(size_bytes)
SOURCE_NUMBER(mtime_ns)
SOURCE_NUMBER(content)
SOURCE_NUMBER(fingerprint)
SOURCE_NUMBER(complete)
SOURCE_NUMBER(records)
SOURCE_NUMBER(unreadable)
SOURCE_NUMBER(bytes)
SOURCE_NUMBER(stored_bytes)
SOURCE_NUMBER(facts)

static void source_kind(const struct sql_cursor *cursor, sqlite3_context *result)
{
	static const char *const texts[] = {
		[STATE_EXPORT_FILE] = "export", [STATE_EVENTS_FILE] = "events", [STATE_LAKE_FILE] = "lake"};
	sql_show_text(result, texts[cursor->source->kind]);
}

static void source_of(const struct sql_cursor *cursor, sqlite3_context *result)
{
	sql_show_text(result, state_group_text(cursor->context->state, cursor->source->group));
}

static void source_path(const struct sql_cursor *cursor, sqlite3_context *result)
{
	sql_show_text(result, cursor->source->path);
}

static const struct sql_column source_columns[] = {
	{"id", source_id},
	{"kind", source_kind},
	{"of", source_of},
	{"path", source_path},
	{"complete", source_complete},
	{"records", source_records},
	{"unreadable", source_unreadable},
	{"facts", source_facts},
	{"bytes", source_bytes},
	{"stored_bytes", source_stored_bytes},
	{"size_bytes", source_size_bytes},
	{"mtime_ns", source_mtime_ns},
	{"content", source_content},
	{"fingerprint", source_fingerprint},
	{NULL, NULL},
};

const struct sql_table sql_table_source = {"source", source_columns, false, first_source, next_source, NULL};
