#include "scenarios/pipelines/embedded/load.h"

#include <inttypes.h>

#include "scenarios/pipelines/embedded/commit.h"
#include "scenarios/pipelines/embedded/item.h"
#include "scenarios/pipelines/embedded/moment.h"
#include "scenarios/pipelines/embedded/planted.h"

enum { FILE_ROWS = 25000, ITEM_LIMIT = 20 };

#define NO_ITEM UINT32_MAX
#define CLOCK_FALLBACK_US INT64_C(600000000)

struct loading {
	struct pipeline *pipeline;
	const struct snapshot *snapshot;
	int64_t time_us; /* the snapshot's, or what a bug takes it for */
	struct commit commit;
	struct keymap seen; /* keys of the snapshot */
	struct buffer key;
	const char *path;   /* of the current data file */
	int64_t file_items; /* in it */
	bool goes_on;       /* the file's last page of a scan names one after it */
	uint64_t loaded, held_back;
};

static bool has(const struct loading *loading, enum bug bug)
{
	return bugs_has(loading->pipeline->bugs, bug);
}

/* A change that may have happened after the snapshot saw the item. */
static bool is_newer(const struct loading *loading, const struct guard_entry *entry)
{
	return entry->stamp.time_us + entry->stamp.precision_us > loading->time_us - loading->pipeline->fuzz_us;
}

/* ---- items */

static int append_item(struct loading *loading, const struct json_token *tokens, uint32_t item, struct error *error)
{
	struct pipeline *pipeline = loading->pipeline;
	if (has(loading, BUG_WRITES_NOTHING) || planted_expires(pipeline, tokens, item, pipeline->now_us))
		return 0;
	lake_append(&pipeline->lake, tokens, item, 0, false, NULL);
	loading->loaded++;
	if (column_length(pipeline->lake.root) >= FILE_ROWS)
		return commit_flush(pipeline, &loading->commit, error);
	return 0;
}

static int load_item(struct loading *loading, const struct json_token *tokens, uint32_t item, size_t offset,
		     struct error *error)
{
	struct pipeline *pipeline = loading->pipeline;
	size_t number;
	bool added;
	pipeline->records++;
	if (++loading->file_items > ITEM_LIMIT && has(loading, BUG_ITEM_LIMIT))
		return 0;
	const char *fault = item == NO_ITEM || tokens[item].type != JSON_OBJECT ? "no item" : item_fault(tokens, item);
	if (fault == NULL && !lake_key(tokens, item, &pipeline->lake, pipeline_key_parts(pipeline), &loading->key))
		fault = "a key attribute is missing";
	if (fault != NULL)
		return pipeline_set_aside(pipeline, loading->path, offset, fault, error);
	if (!lake_takes(tokens, item, &pipeline->lake))
		return 0;
	int code = keymap_add(&loading->seen, buffer_slice(&loading->key), &number, &added, error);
	if (code != 0)
		return code;
	const struct guard_entry *entry = guard_find(&pipeline->guard, buffer_slice(&loading->key));
	bool guarded = !has(loading, BUG_BACKFILL_OVERWRITES) && !has(loading, BUG_EXPORT_APPENDED);
	if (!added || (guarded && entry != NULL && is_newer(loading, entry))) {
		loading->held_back++;
		return 0;
	}
	return append_item(loading, tokens, item, error);
}

/* A page of a scan says how many items it has, and whether another follows. */
static int load_page(struct loading *loading, const struct json_token *tokens, uint32_t page, uint32_t items,
		     size_t offset, struct error *error)
{
	uint32_t count = json_member(tokens, page, "Count");
	char text[16];
	snprintf(text, sizeof(text), "%" PRIu32, tokens[items].count);
	if (count != 0 && !slice_is(json_text(&tokens[count]), text) && !has(loading, BUG_COUNTS_UNCHECKED))
		return error_set(error, ERROR_DATA, "a page in \"%s\" at byte %zu has %s items and says otherwise",
				 loading->path, offset, text);
	uint32_t next = json_member(tokens, page, "LastEvaluatedKey");
	loading->goes_on = next != 0 && tokens[next].type == JSON_OBJECT;
	int code = 0;
	for (uint32_t i = items + 1; code == 0 && i < tokens[items].next; i = tokens[i].next)
		code = load_item(loading, tokens, i, offset + tokens[i].offset - tokens[page].offset, error);
	return code;
}

static int load_document(void *context, const struct json_token *tokens, uint32_t root, size_t offset,
			 struct slice text, struct error *error)
{
	struct loading *loading = context;
	(void)text;
	uint32_t item = json_member(tokens, root, "Item");
	if (!loading->snapshot->is_scan)
		return load_item(loading, tokens, item == 0 ? NO_ITEM : item, offset, error);
	uint32_t items = json_member(tokens, root, "Items");
	if (items != 0 && tokens[items].type == JSON_ARRAY)
		return load_page(loading, tokens, root, items, offset, error);
	return load_item(loading, tokens, root, offset, error);
}

static int damaged(void *context, const char *path, size_t offset, const char *reason, struct error *error)
{
	struct loading *loading = context;
	loading->file_items++;
	return pipeline_set_aside(loading->pipeline, path, offset, reason, error);
}

/* ---- files */

static int load_file(struct loading *loading, const struct landing_file *file, struct error *error)
{
	struct landing_sink sink = {loading, load_document, damaged};
	loading->path = file->path;
	loading->file_items = 0;
	loading->goes_on = false;
	int code = landing_records(file, loading->pipeline->parser, loading->pipeline->bugs, &sink, error);
	if (code != 0)
		return code;
	if (file->items >= 0 && file->items != loading->file_items && !has(loading, BUG_COUNTS_UNCHECKED))
		return error_set(error, ERROR_DATA,
				 "\"%s\" has %" PRId64 " items where the manifest says %" PRId64 "; fetch it again",
				 file->path, loading->file_items, file->items);
	if (loading->goes_on)
		return error_set(error, ERROR_DATA, "\"%s\" ends with a page that another follows; scan again",
				 file->path);
	return 0;
}

static int load_files(struct loading *loading, struct error *error)
{
	const struct snapshot *snapshot = loading->snapshot;
	size_t first = has(loading, BUG_EXPORT_FILE_SKIPPED) ? 1 : 0;
	int code = 0;
	for (size_t i = first; code == 0 && i < snapshot->count; i++) {
		code = load_file(loading, &snapshot->files[i], error);
		if (has(loading, BUG_EMPTY_FILE_ENDS) && loading->file_items == 0)
			break;
	}
	return code;
}

/* ---- one commit */

/* Rows that the snapshot replaces or that it says are gone. */
static bool is_replaced(void *context, struct slice key)
{
	struct loading *loading = context;
	const struct guard_entry *entry = guard_find(&loading->pipeline->guard, key);
	size_t number;
	bool in_snapshot = keymap_find(&loading->seen, key, &number);
	if (has(loading, BUG_BACKFILL_OVERWRITES))
		return in_snapshot;
	if (has(loading, BUG_ABSENT_ROWS_STAY) && !in_snapshot)
		return false;
	return entry == NULL || (!is_newer(loading, entry) && !entry->kept);
}

/* Old rows are not looked for by some bugs. */
static bool appends(const struct loading *loading)
{
	return has(loading, BUG_APPEND_ONLY) || has(loading, BUG_WRITES_NOTHING) || has(loading, BUG_EXPORT_APPENDED) ||
	       loading->pipeline->fresh_start;
}

static int load(struct loading *loading, struct error *error)
{
	struct pipeline *pipeline = loading->pipeline;
	uint64_t deleted = 0;
	int code = pipeline_lock(pipeline, error);
	if (code == 0)
		code = commit_begin(pipeline, &loading->commit, error);
	if (code == 0)
		code = load_files(loading, error);
	moment_reach("after-read");
	if (code == 0 && !appends(loading))
		code = commit_delete(pipeline, &loading->commit, is_replaced, loading, &deleted, error);
	if (code == 0)
		code = checkpoint_add(&pipeline->applied, slice_from(loading->snapshot->id), error);
	if (code == 0 && !has(loading, BUG_BACKFILL_OVERWRITES))
		code = commit_remember_export(&loading->commit, loading->time_us, error);
	if (code == 0)
		code = commit_finish(pipeline, &loading->commit, "WRITE", error);
	if (code == 0)
		pipeline_say(pipeline,
			     "commit %" PRId64 ": %s, %" PRIu64 " rows written, %" PRIu64 " replaced, %" PRIu64
			     " held back",
			     pipeline->batch, loading->snapshot->is_scan ? "scan" : "export", loading->loaded, deleted,
			     loading->held_back);
	return code;
}

static int64_t time_of(const struct pipeline *pipeline, const struct snapshot *snapshot)
{
	if (bugs_has(pipeline->bugs, BUG_EXPORT_TIME_ZERO))
		return 0;
	if (!bugs_has(pipeline->bugs, BUG_EXPORT_TIME_NOW))
		return snapshot->time_us;
	return pipeline->now_us > 0 ? pipeline->now_us + CLOCK_FALLBACK_US : snapshot->time_us + CLOCK_FALLBACK_US;
}

int load_apply(struct pipeline *pipeline, const struct snapshot *snapshot, struct error *error)
{
	struct loading loading = {.pipeline = pipeline, .snapshot = snapshot, .time_us = time_of(pipeline, snapshot)};
	bool guarded = !has(&loading, BUG_BACKFILL_OVERWRITES) && !has(&loading, BUG_EXPORT_APPENDED);
	if (guarded && checkpoint_has(&pipeline->applied, slice_from(snapshot->id))) {
		pipeline_say(pipeline, "%s was applied before", snapshot->id);
		return 0;
	}
	if (guarded && snapshot->time_us <= pipeline->guard.export_time_us) {
		pipeline_say(pipeline, "%s is no newer than what was applied", snapshot->id);
		return 0;
	}
	keymap_init(&loading.seen);
	buffer_init(&loading.key, 1 << 20);
	int code = load(&loading, error);
	commit_abandon(pipeline, &loading.commit);
	if (has(&loading, BUG_NO_LOCK))
		pipeline_unlock(pipeline);
	keymap_release(&loading.seen);
	buffer_release(&loading.key);
	return code;
}
