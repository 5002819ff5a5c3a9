#include "generators/truth.h"

#include <assert.h>
#include <sqlite3.h>

static const char schema[] =
	"PRAGMA page_size=4096; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
	"CREATE TABLE item(key_json TEXT NOT NULL, pk TEXT NOT NULL, sk TEXT, item_json TEXT, version INTEGER NOT NULL,"
	" state TEXT NOT NULL CHECK(state IN ('live','delete','ttl')));"
	"CREATE TABLE counts(name TEXT PRIMARY KEY, value INTEGER NOT NULL);"
	"CREATE TABLE change(ordinal INTEGER PRIMARY KEY, sequence TEXT NOT NULL, time_us INTEGER NOT NULL,"
	" key_json TEXT NOT NULL, event TEXT NOT NULL, old_version INTEGER, new_version INTEGER);"
	"BEGIN;";

struct truth {
	const struct model *model;
	const struct history *history;
	enum truth_level level;
	sqlite3 *db;
	sqlite3_stmt *item, *count, *change;
	struct buffer key, json;
	struct error *error;
};

struct truth_totals truth_totals(const struct history *history)
{
	struct truth_totals totals = {0, 0, 0};
	for (uint64_t item = 0; item < history->born; item++) {
		enum item_status status = state_status(history->states[item]);
		totals.live += status == ITEM_LIVE;
		totals.deleted += status == ITEM_DELETED;
		totals.expired += status == ITEM_EXPIRED;
	}
	return totals;
}

static int sqlite_failure(struct truth *truth)
{
	int code = sqlite3_errcode(truth->db) == SQLITE_NOMEM ? ERROR_INTERNAL : ERROR_IO;
	return error_set(truth->error, code, "cannot write the truth database: %s", sqlite3_errmsg(truth->db));
}

static int step(struct truth *truth, sqlite3_stmt *statement)
{
	if (sqlite3_step(statement) != SQLITE_DONE || sqlite3_reset(statement) != SQLITE_OK)
		return sqlite_failure(truth);
	return 0;
}

static void bind_buffer(sqlite3_stmt *statement, int index, const struct buffer *buffer)
{
	sqlite3_bind_text64(statement, index, buffer->data, buffer->size, SQLITE_STATIC, SQLITE_UTF8);
}

/* pk and sk as people write them. */
static int bind_key(struct truth *truth, uint64_t item, unsigned part)
{
	struct key_value key;
	struct buffer text;

	if (part >= model_key_count(truth->model)) {
		sqlite3_bind_null(truth->item, 2 + (int)part);
		return 0;
	}
	model_key_part(truth->model, item, part, &key);
	buffer_init(&text, 4 * KEY_PART_MAX);
	if (key.type == 'B')
		buffer_append_base64(&text, (struct slice){key.bytes, key.size});
	else
		buffer_append(&text, key.bytes, key.size);
	bool bound = !text.failed && sqlite3_bind_text64(truth->item, 2 + (int)part, text.data, text.size,
							 SQLITE_TRANSIENT, SQLITE_UTF8) == SQLITE_OK;
	buffer_release(&text);
	return bound ? 0 : error_set(truth->error, ERROR_INTERNAL, "out of memory for a key");
}

static int write_item(struct truth *truth, uint64_t item)
{
	static const char *const names[] = {"", "live", "delete", "ttl"};
	uint32_t state = truth->history->states[item];
	uint64_t size_bytes;

	assert(state_status(state) != ITEM_UNBORN);
	truth->key.size = 0;
	truth->json.size = 0;
	if (model_key_json(truth->model, item, &truth->key, &size_bytes) != 0)
		return error_set(truth->error, ERROR_INTERNAL, "out of memory for a key");
	bind_buffer(truth->item, 1, &truth->key);
	if (bind_key(truth, item, 0) != 0 || bind_key(truth, item, 1) != 0)
		return truth->error->code;
	sqlite3_bind_null(truth->item, 4);
	if (state_status(state) == ITEM_LIVE && truth->level >= TRUTH_FULL) {
		if (model_image(truth->model, item, state_version(state), &truth->json, &size_bytes) != 0)
			return error_set(truth->error, ERROR_INTERNAL, "out of memory for an item");
		bind_buffer(truth->item, 4, &truth->json);
	}
	sqlite3_bind_int64(truth->item, 5, version_count(state_version(state)));
	sqlite3_bind_text(truth->item, 6, names[state_status(state)], -1, SQLITE_STATIC);
	return step(truth, truth->item);
}

static int write_change(struct truth *truth, uint64_t ordinal)
{
	static const char *const events[] = {"INSERT", "MODIFY", "REMOVE", "TTL"};
	const struct change *change = &truth->history->changes[ordinal];
	char sequence[SEQUENCE_TEXT_MAX];
	uint64_t size_bytes;

	truth->key.size = 0;
	if (model_key_json(truth->model, change->item, &truth->key, &size_bytes) != 0)
		return error_set(truth->error, ERROR_INTERNAL, "out of memory for a key");
	model_sequence(truth->model, ordinal, sequence);
	sqlite3_bind_int64(truth->change, 1, (sqlite3_int64)ordinal);
	sqlite3_bind_text(truth->change, 2, sequence, -1, SQLITE_STATIC);
	sqlite3_bind_int64(truth->change, 3, change->time_us);
	bind_buffer(truth->change, 4, &truth->key);
	sqlite3_bind_text(truth->change, 5, events[change->kind], -1, SQLITE_STATIC);
	sqlite3_bind_int64(truth->change, 6, version_count(change->old_version));
	sqlite3_bind_int64(truth->change, 7, version_count(change->new_version));
	return step(truth, truth->change);
}

static int write_all(struct truth *truth, const struct truth_count *counts)
{
	for (uint64_t item = 0; item < truth->history->born; item++) {
		if (write_item(truth, item) != 0)
			return truth->error->code;
	}
	for (uint64_t i = 0; truth->level == TRUTH_HISTORY && i < truth->history->count; i++) {
		if (write_change(truth, i) != 0)
			return truth->error->code;
	}
	for (; counts->name != NULL; counts++) {
		sqlite3_bind_text(truth->count, 1, counts->name, -1, SQLITE_STATIC);
		sqlite3_bind_int64(truth->count, 2, (sqlite3_int64)counts->value);
		if (step(truth, truth->count) != 0)
			return truth->error->code;
	}
	return sqlite3_exec(truth->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK ? 0 : sqlite_failure(truth);
}

static bool prepare(struct truth *truth, const char *sql, sqlite3_stmt **statement)
{
	return sqlite3_prepare_v2(truth->db, sql, -1, statement, NULL) == SQLITE_OK;
}

int truth_write(const struct model *model, const struct history *history, enum truth_level level,
		const struct truth_count *counts, const char *path, struct error *error)
{
	struct truth truth = {.model = model, .history = history, .level = level, .error = error};
	int failed = 0;

	if (level == TRUTH_NONE)
		return 0;
	buffer_init(&truth.key, (size_t)64 << 20);
	buffer_init(&truth.json, (size_t)64 << 20);
	if (sqlite3_open(path, &truth.db) != SQLITE_OK ||
	    sqlite3_exec(truth.db, schema, NULL, NULL, NULL) != SQLITE_OK ||
	    !prepare(&truth, "INSERT INTO item VALUES(?,?,?,?,?,?)", &truth.item) ||
	    !prepare(&truth, "INSERT INTO counts VALUES(?,?)", &truth.count) ||
	    !prepare(&truth, "INSERT INTO change VALUES(?,?,?,?,?,?,?)", &truth.change))
		failed = sqlite_failure(&truth);
	else
		failed = write_all(&truth, counts);
	sqlite3_finalize(truth.item);
	sqlite3_finalize(truth.count);
	sqlite3_finalize(truth.change);
	if (sqlite3_close(truth.db) != SQLITE_OK && !failed)
		failed = error_set(error, ERROR_INTERNAL, "the truth database is still in use");
	buffer_release(&truth.key);
	buffer_release(&truth.json);
	return failed;
}
