#include "reconcile/sql/sql_tables.h"

#include <stdio.h>
#include <stdlib.h>

#include "reconcile/digest/key.h"
#include "reconcile/sql/sql_tables_internal.h"

struct vtab {
	sqlite3_vtab base;
	const struct sql_table *table;
	struct sql_context *context;
	int column_count;                /* without those of key attributes */
	int part_columns[LAKE_KEY_PARTS_MAX]; /* the part that each further column shows */
};

/* What a module is registered with. */
struct module_data {
	const struct sql_table *table;
	struct sql_context *context;
};

enum { PLAN_ALL = 0, PLAN_KEY = 1, PLAN_HASH = 2, COLUMN_KEY = 0, COLUMN_HASH = 1 };

static int fail(struct vtab *vtab, const struct error *error)
{
	sqlite3_free(vtab->base.zErrMsg);
	vtab->base.zErrMsg = sqlite3_mprintf("%s", error->message);
	return error->code == ERROR_INTERNAL ? SQLITE_NOMEM : error->code == ERROR_IO ? SQLITE_IOERR : SQLITE_ERROR;
}

/* ---- connecting */

static bool has_column(const struct sql_table *table, const char *name)
{
	for (const struct sql_column *column = table->columns; column->name != NULL; column++)
		if (sqlite3_stricmp(column->name, name) == 0)
			return true;
	return false;
}

static char *declaration(struct vtab *vtab)
{
	const struct contract *contract = vtab->context->contract;
	sqlite3_str *text = sqlite3_str_new(NULL);
	sqlite3_str_appendall(text, "CREATE TABLE x(");
	for (const struct sql_column *column = vtab->table->columns; column->name != NULL; column++) {
		sqlite3_str_appendf(text, "%s\"%w\"", vtab->column_count > 0 ? ", " : "", column->name);
		vtab->column_count++;
	}
	int extra = 0;
	for (uint32_t i = 0; vtab->table->keyed && i < contract->key_count; i++) {
		if (has_column(vtab->table, contract->key[i].attribute))
			continue;
		sqlite3_str_appendf(text, ", \"%w\"", contract->key[i].attribute);
		vtab->part_columns[extra++] = (int)i;
	}
	sqlite3_str_appendall(text, ")");
	return sqlite3_str_finish(text);
}

static int connect_table(sqlite3 *database, void *data, int count, const char *const *arguments, sqlite3_vtab **result,
			 char **message)
{
	const struct module_data *module = data;
	(void)count;
	(void)arguments;
	(void)message;
	struct vtab *vtab = calloc(1, sizeof(*vtab));
	if (vtab == NULL)
		return SQLITE_NOMEM;
	vtab->table = module->table;
	vtab->context = module->context;
	char *text = declaration(vtab);
	int code = text != NULL ? sqlite3_declare_vtab(database, text) : SQLITE_NOMEM;
	sqlite3_free(text);
	if (code != SQLITE_OK) {
		free(vtab);
		return code;
	}
	*result = &vtab->base;
	return SQLITE_OK;
}

static int disconnect(sqlite3_vtab *vtab)
{
	free(vtab);
	return SQLITE_OK;
}

static int best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
	const struct vtab *vtab = (const struct vtab *)base;
	info->idxNum = PLAN_ALL;
	info->estimatedCost = 1e9;
	info->estimatedRows = 100000000;
	for (int i = 0; vtab->table->keyed && i < info->nConstraint; i++) {
		int column = info->aConstraint[i].iColumn;
		if (!info->aConstraint[i].usable || info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ ||
		    (column != COLUMN_KEY && column != COLUMN_HASH))
			continue;
		info->idxNum = column == COLUMN_KEY ? PLAN_KEY : PLAN_HASH;
		info->aConstraintUsage[i].argvIndex = 1;
		info->estimatedCost = 1000;
		info->estimatedRows = 10;
		break;
	}
	return SQLITE_OK;
}

/* ---- cursors */

static void release(struct sql_cursor *cursor)
{
	judge_free(cursor->judge);
	merge_reader_free(cursor->reader);
	merge_plan_release(&cursor->plan);
	cursor->judge = NULL;
	cursor->reader = NULL;
	cursor->fact = NULL;
}

static int open_cursor(sqlite3_vtab *base, sqlite3_vtab_cursor **result)
{
	struct sql_cursor *cursor = calloc(1, sizeof(*cursor));
	if (cursor == NULL)
		return SQLITE_NOMEM;
	cursor->context = ((struct vtab *)base)->context;
	buffer_init(&cursor->key, KEY_BYTES_MAX);
	*result = &cursor->base;
	return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *base)
{
	struct sql_cursor *cursor = (struct sql_cursor *)base;
	release(cursor);
	buffer_release(&cursor->key);
	free(cursor);
	return SQLITE_OK;
}

int sql_begin_facts(struct sql_cursor *cursor, uint64_t lo, uint64_t hi, struct error *error)
{
	const struct sql_context *context = cursor->context;
	int code = merge_plan_make(context->state, &context->options, &cursor->plan, error);
	if (code == 0)
		code = merge_reader_new(&cursor->plan, &cursor->reader, error);
	if (code == 0)
		code = merge_reader_begin(cursor->reader, lo, hi, error);
	return code != 0 ? code : merge_reader_next(cursor->reader, &cursor->fact, error);
}

/* The range of hashes that can hold what is asked for; false: nothing can. */
static bool range_of(const struct sql_cursor *cursor, int plan, sqlite3_value *value, uint64_t *lo, uint64_t *hi)
{
	*lo = 0;
	*hi = UINT64_MAX;
	if (plan == PLAN_ALL)
		return true;
	if (plan == PLAN_HASH) {
		*lo = *hi = (uint64_t)sqlite3_value_int64(value);
		return sqlite3_value_type(value) == SQLITE_INTEGER;
	}
	struct error ignored;
	struct buffer key;
	const char *text = (const char *)sqlite3_value_text(value);
	buffer_init(&key, KEY_BYTES_MAX);
	bool found = text != NULL && key_from_text(cursor->context->contract, text, &key, &ignored) == 0;
	if (found)
		*lo = *hi = fact_key_hash(buffer_slice(&key));
	buffer_release(&key);
	return found;
}

static int filter(sqlite3_vtab_cursor *base, int plan, const char *text, int count, sqlite3_value **values)
{
	struct sql_cursor *cursor = (struct sql_cursor *)base;
	struct vtab *vtab = (struct vtab *)base->pVtab;
	struct error error = {0};
	uint64_t lo, hi;
	(void)text;
	release(cursor);
	cursor->row = 0;
	cursor->done = !range_of(cursor, plan, count > 0 ? values[0] : NULL, &lo, &hi);
	if (cursor->done)
		return SQLITE_OK;
	return vtab->table->first(cursor, lo, hi, &error) == 0 ? SQLITE_OK : fail(vtab, &error);
}

static int next(sqlite3_vtab_cursor *base)
{
	struct sql_cursor *cursor = (struct sql_cursor *)base;
	struct vtab *vtab = (struct vtab *)base->pVtab;
	struct error error = {0};
	cursor->row++;
	return vtab->table->next(cursor, &error) == 0 ? SQLITE_OK : fail(vtab, &error);
}

static int at_end(sqlite3_vtab_cursor *base)
{
	return ((struct sql_cursor *)base)->done;
}

static int row_id(sqlite3_vtab_cursor *base, sqlite3_int64 *row)
{
	*row = ((struct sql_cursor *)base)->row;
	return SQLITE_OK;
}

/* ---- columns */

static void show_key(const struct sql_context *context, struct slice key, sqlite3_context *result)
{
	struct buffer json;
	buffer_init(&json, (size_t)8 * KEY_BYTES_MAX);
	if (key_append_json(context->contract, key, &json) == 0 && !json.failed)
		sqlite3_result_text64(result, json.data, json.size, SQLITE_TRANSIENT, SQLITE_UTF8);
	else if (json.failed)
		sqlite3_result_error_nomem(result);
	else
		sqlite3_result_blob64(result, key.data, key.size, SQLITE_TRANSIENT);
	buffer_release(&json);
}

/* The bytes of a key's part: type letter, 16-bit big-endian length, value (reconcile/digest/digest.h). */
static void show_part(struct slice key, int part, sqlite3_context *result)
{
	const unsigned char *at = (const unsigned char *)key.data;
	size_t left = key.size;
	for (int i = 0; left >= 3; i++) {
		size_t size = (size_t)at[1] << 8 | at[2];
		if (size > left - 3)
			return;
		if (i == part) {
			if (at[0] == 'B')
				sqlite3_result_blob64(result, at + 3, size, SQLITE_TRANSIENT);
			else
				sqlite3_result_text64(result, (const char *)at + 3, size, SQLITE_TRANSIENT,
						      SQLITE_UTF8);
			return;
		}
		at += size + 3;
		left -= size + 3;
	}
}

static void show_hidden_part(const struct contract *contract, struct slice key, int part, sqlite3_context *result)
{
	struct buffer json;
	struct slice bytes = {NULL, 0};
	char type = '\0';
	buffer_init(&json, 1024);
	for (int i = 0; i <= part; i++)
		if (!key_take(&key, &type, &bytes))
			return;
	key_append_hidden(contract, type, bytes, &json);
	if (json.failed)
		sqlite3_result_error_nomem(result);
	else
		sqlite3_result_text64(result, json.data + 1, json.size - 2, SQLITE_TRANSIENT, SQLITE_UTF8);
	buffer_release(&json);
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *result, int index)
{
	const struct sql_cursor *cursor = (const struct sql_cursor *)base;
	const struct vtab *vtab = (const struct vtab *)base->pVtab;
	if (vtab->table->keyed && index == COLUMN_KEY) {
		show_key(cursor->context, vtab->table->key(cursor), result);
	} else if (index < vtab->column_count) {
		vtab->table->columns[index].show(cursor, result);
	} else {
		int part = vtab->part_columns[index - vtab->column_count];
		if (cursor->context->contract->key[part].sensitive)
			show_hidden_part(cursor->context->contract, vtab->table->key(cursor), part, result);
		else
			show_part(vtab->table->key(cursor), part, result);
	}
	return SQLITE_OK;
}

void sql_show_text(sqlite3_context *result, const char *text)
{
	sqlite3_result_text(result, text, -1, SQLITE_STATIC);
}

void sql_show_u64(sqlite3_context *result, uint64_t value)
{
	sqlite3_result_int64(result, (sqlite3_int64)value);
}

void sql_show_time(sqlite3_context *result, int64_t time_us)
{
	if (time_us != INT64_MIN && time_us != INT64_MAX)
		sqlite3_result_int64(result, time_us);
}

void sql_show_state(sqlite3_context *result, enum item_state state)
{
	static const char *const texts[] = {"unknown", "absent", "present", "image"};
	sql_show_text(result, texts[state]);
}

void sql_show_image(sqlite3_context *result, const struct fact_side *side)
{
	char text[33];
	if (side->state != STATE_IMAGE)
		return;
	snprintf(text, sizeof(text), "%016llx%016llx", (unsigned long long)side->item[0],
		 (unsigned long long)side->item[1]);
	sqlite3_result_text(result, text, 32, SQLITE_TRANSIENT);
}

void sql_show_row(sqlite3_context *result, const struct fact_side *side)
{
	if (side->state == STATE_IMAGE)
		sql_show_u64(result, side->row);
}

void sql_show_expires(sqlite3_context *result, const struct fact_side *side)
{
	if (side->expires_s != EXPIRES_NONE)
		sqlite3_result_int64(result, side->expires_s);
}

void sql_show_ttl(sqlite3_context *result, uint8_t ttl)
{
	static const char *const texts[] = {[TTL_NO] = "no", [TTL_YES] = "yes", [TTL_UNKNOWN] = "unknown"};
	sql_show_text(result, texts[ttl]);
}

void sql_show_path(const struct sql_cursor *cursor, sqlite3_context *result, uint32_t source)
{
	const struct state_source *file = state_source(cursor->context->state, source);
	if (file != NULL)
		sql_show_text(result, file->path);
}

/* ---- registering */

static void forget(void *data)
{
	struct module_data *module = data;
	if (--module->context->modules == 0)
		free(module->context);
	free(module);
}

static const sqlite3_module module = {
	.iVersion = 1,
	.xConnect = connect_table, /* without xCreate: the tables are there by themselves */
	.xBestIndex = best_index,
	.xDisconnect = disconnect,
	.xOpen = open_cursor,
	.xClose = close_cursor,
	.xFilter = filter,
	.xNext = next,
	.xEof = at_end,
	.xColumn = column,
	.xRowid = row_id,
};

int sql_tables_register(struct sqlite3 *database, struct state *state, const struct scope *scope,
			const struct merge_options *options, const struct contract *contract, struct error *error)
{
	static const struct sql_table *const tables[] = {&sql_table_item, &sql_table_fact, &sql_table_source};
	struct sql_context *context = calloc(1, sizeof(*context));
	if (context == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	*context = (struct sql_context){state, scope, *options, contract, 1};
	int code = SQLITE_OK;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && code == SQLITE_OK; i++) {
		struct module_data *data = calloc(1, sizeof(*data));
		if (data == NULL) {
			code = SQLITE_NOMEM;
			break;
		}
		*data = (struct module_data){tables[i], context};
		context->modules++;
		code = sqlite3_create_module_v2(database, tables[i]->name, &module, data, forget);
	}
	if (--context->modules == 0)
		free(context);
	if (code != SQLITE_OK)
		return error_set(error, ERROR_INTERNAL, "cannot register the SQL tables: %s", sqlite3_errstr(code));
	return 0;
}
