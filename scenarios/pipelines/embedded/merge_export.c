/* The export as one commit: its items become rows, and rows it lacks go, as far as no newer change speaks against. */
#include <inttypes.h>
#include <stdlib.h>

#include "scenarios/pipelines/embedded/commit.h"
#include "scenarios/pipelines/embedded/landing.h"
#include "scenarios/pipelines/embedded/manifest.h"

enum { FILE_ROWS = 25000 };

struct loading {
	struct pipeline *pipeline;
	struct commit commit;
	struct manifest manifest;
	struct keymap seen; /* keys of the export */
	struct buffer key;
	const char *path;   /* of the current data file */
	int64_t file_items; /* in it */
	uint64_t loaded, held_back;
};

/* A change that may have happened after the export saw the item. */
static bool is_newer(const struct loading *loading, const struct guard_entry *entry)
{
	return entry->stamp.time_us + entry->stamp.precision_us > loading->manifest.export_time_us - EXPORT_FUZZ_US;
}

static int load_item(void *context, const struct json_token *tokens, uint32_t root, size_t offset, struct slice text,
		     struct error *error)
{
	struct loading *loading = context;
	(void)text;
	struct pipeline *pipeline = loading->pipeline;
	uint32_t item = json_member(tokens, root, "Item");
	size_t number;
	bool added;
	loading->file_items++;
	pipeline->records++;
	if (item == 0 || tokens[item].type != JSON_OBJECT ||
	    !lake_key(tokens, item, &pipeline->lake, pipeline->lake.key_count, &loading->key))
		return pipeline_set_aside(pipeline, loading->path, offset, "an export line without a usable item",
					  error);
	if (!lake_takes(tokens, item, &pipeline->lake))
		return 0;
	int code = keymap_add(&loading->seen, buffer_slice(&loading->key), &number, &added, error);
	if (code != 0)
		return code;
	const struct guard_entry *entry = guard_find(&pipeline->guard, buffer_slice(&loading->key));
	bool guarded = !bugs_has(pipeline->bugs, BUG_BACKFILL_OVERWRITES);
	if (!added || (guarded && entry != NULL && is_newer(loading, entry))) {
		loading->held_back++;
		return 0;
	}
	if (bugs_has(pipeline->bugs, BUG_WRITES_NOTHING))
		return 0;
	lake_append(&pipeline->lake, tokens, item, 0, false, NULL);
	loading->loaded++;
	if (column_length(pipeline->lake.root) >= FILE_ROWS)
		return commit_flush(pipeline, &loading->commit, error);
	return 0;
}

static int damaged_line(void *context, const char *path, size_t offset, const char *reason, struct slice text,
			struct error *error)
{
	struct loading *loading = context;
	(void)text;
	loading->file_items++;
	return pipeline_set_aside(loading->pipeline, path, offset, reason, error);
}

static int load_files(struct loading *loading, struct error *error)
{
	struct landing_sink sink = {loading, load_item, damaged_line};
	size_t count = loading->manifest.count;
	size_t first = bugs_has(loading->pipeline->bugs, BUG_EXPORT_FILE_SKIPPED) ? 1 : 0;
	int code = 0;
	for (size_t i = first; code == 0 && i < count; i++) {
		const char *path = loading->manifest.files[i];
		loading->path = path;
		loading->file_items = 0;
		code = landing_records(path, loading->pipeline->parser, (struct bug_set){0}, &sink, error);
		if (code == 0 && loading->manifest.item_counts[i] >= 0 &&
		    loading->manifest.item_counts[i] != loading->file_items)
			code = error_set(error, ERROR_DATA,
					 "\"%s\" has %" PRId64 " items where the manifest says %" PRId64
					 "; fetch it again",
					 path, loading->file_items, loading->manifest.item_counts[i]);
	}
	return code;
}

/* Rows that the export replaces or that it says are gone. */
static bool is_replaced(void *context, struct slice key)
{
	struct loading *loading = context;
	const struct guard_entry *entry = guard_find(&loading->pipeline->guard, key);
	size_t number;
	bool in_export = keymap_find(&loading->seen, key, &number);
	if (bugs_has(loading->pipeline->bugs, BUG_BACKFILL_OVERWRITES))
		return in_export;
	if (entry != NULL && (is_newer(loading, entry) || entry->kept))
		return false;
	return true;
}

static int load(struct loading *loading, struct error *error)
{
	struct pipeline *pipeline = loading->pipeline;
	uint64_t deleted = 0;
	int code = commit_begin(pipeline, &loading->commit, error);
	if (code == 0)
		code = load_files(loading, error);
	if (code == 0 && !bugs_has(pipeline->bugs, BUG_APPEND_ONLY) && !bugs_has(pipeline->bugs, BUG_WRITES_NOTHING))
		code = commit_delete(pipeline, &loading->commit, is_replaced, loading, &deleted, error);
	if (code == 0)
		code = checkpoint_add(&pipeline->applied, slice_from(loading->manifest.id), error);
	if (code == 0 && !bugs_has(pipeline->bugs, BUG_BACKFILL_OVERWRITES))
		code = commit_remember_export(&loading->commit, loading->manifest.export_time_us, error);
	if (code == 0)
		code = commit_finish(pipeline, &loading->commit, "WRITE", error);
	if (code == 0)
		pipeline_say(pipeline,
			     "commit %" PRId64 ": export, %" PRIu64 " rows written, %" PRIu64 " replaced, %" PRIu64
			     " held back",
			     pipeline->batch, loading->loaded, deleted, loading->held_back);
	return code;
}

int pipeline_export(struct pipeline *pipeline, const char *folder, struct error *error)
{
	struct loading loading = {.pipeline = pipeline};
	int code = manifest_open(folder, pipeline->parser, &loading.manifest, error);
	if (code != 0)
		return code;
	keymap_init(&loading.seen);
	buffer_init(&loading.key, 1 << 20);
	bool guarded = !bugs_has(pipeline->bugs, BUG_BACKFILL_OVERWRITES);
	if (checkpoint_has(&pipeline->applied, slice_from(loading.manifest.id)))
		pipeline_say(pipeline, "the export was applied before");
	else if (guarded && loading.manifest.export_time_us <= pipeline->guard.export_time_us)
		pipeline_say(pipeline, "the export is no newer than what was applied");
	else
		code = load(&loading, error);
	commit_abandon(pipeline, &loading.commit);
	keymap_release(&loading.seen);
	buffer_release(&loading.key);
	manifest_release(&loading.manifest);
	return code;
}
