/* Event files as commits: in a batch the newest change of each key is found, then all of them are merged at once. */
#include <inttypes.h>
#include <stdlib.h>

#include "scenarios/pipelines/embedded/change.h"
#include "scenarios/pipelines/embedded/commit.h"
#include "scenarios/pipelines/embedded/landing.h"
#include "scenarios/pipelines/embedded/moment.h"

enum { FILE_ROWS = 25000 };

/* The newest change of a key so far in this batch. The record's text is kept and parsed again when it has won. */
struct candidate {
	struct stamp stamp;
	struct slice text;
	bool wins; /* it is to be applied: it beats the guard too */
};

struct batch {
	struct pipeline *pipeline;
	struct commit commit;
	struct keymap keys;
	struct candidate *candidates; /* by the key's number */
	size_t capacity;
	struct arena texts;
	struct buffer key;
	const char *path; /* of the file being read */
	uint64_t records;
};

/* Whether the change is one this pipeline looks at, planted bugs included. */
static bool is_wanted(const struct pipeline *pipeline, const struct change *change)
{
	if (change->remove && bugs_has(pipeline->bugs, BUG_DROPS_REMOVE))
		return false;
	if (change->by_ttl && bugs_has(pipeline->bugs, BUG_TTL_IGNORED))
		return false;
	if (!change->insert && !change->remove && bugs_has(pipeline->bugs, BUG_INSERTS_ONLY))
		return false;
	return !bugs_has(pipeline->bugs, BUG_WRITES_NOTHING);
}

/* Wholly before the newest export: the export's item, or its absence, already says more. */
static bool is_settled(const struct pipeline *pipeline, const struct stamp *stamp)
{
	int64_t export_time = pipeline->guard.export_time_us;
	return export_time != INT64_MIN && stamp->time_us + stamp->precision_us <= export_time - EXPORT_FUZZ_US;
}

static int keep_candidate(struct batch *batch, size_t number, bool added, const struct stamp *stamp, struct slice text,
			  struct error *error)
{
	if (batch->capacity < batch->keys.capacity) {
		struct candidate *grown = realloc(batch->candidates, batch->keys.capacity * sizeof(*grown));
		if (grown == NULL)
			return error_set(error, ERROR_INTERNAL, "out of memory for a batch; use --batch 1");
		batch->candidates = grown;
		batch->capacity = batch->keys.capacity;
	}
	struct candidate *candidate = &batch->candidates[number];
	if (added) {
		const struct guard_entry *entry = guard_find(&batch->pipeline->guard, batch->keys.keys[number]);
		*candidate = (struct candidate){0};
		if (entry != NULL)
			candidate->stamp = entry->stamp;
		added = entry == NULL;
	}
	if (!added && !stamp_supersedes(stamp, &candidate->stamp, batch->pipeline->bugs)) {
		batch->pipeline->superseded++;
		return 0;
	}
	char *copy = arena_alloc(&batch->texts, text.size + JSON_PADDING);
	if (copy == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory for a batch; use --batch 1");
	memcpy(copy, text.data, text.size);
	memset(copy + text.size, 0, JSON_PADDING);
	*candidate = (struct candidate){*stamp, {copy, text.size}, true};
	return 0;
}

static int append_change(struct batch *batch, const struct json_token *tokens, const struct change *change);

static int take_record(void *context, const struct json_token *tokens, uint32_t root, size_t offset, struct slice text,
		       struct error *error)
{
	struct batch *batch = context;
	struct pipeline *pipeline = batch->pipeline;
	struct change change;
	const char *reason;
	size_t number;
	bool added;
	batch->records++;
	pipeline->records++;
	if (!change_parse(tokens, root, &change, &reason))
		return pipeline_set_aside(pipeline, batch->path, offset, reason, error);
	if (!lake_key(tokens, change.keys, &pipeline->lake, pipeline_key_parts(pipeline), &batch->key))
		return pipeline_set_aside(pipeline, batch->path, offset, "a key attribute is missing", error);
	if (!is_wanted(pipeline, &change) || !lake_takes(tokens, change.keys, &pipeline->lake))
		return 0;
	if (is_settled(pipeline, &change.stamp)) {
		pipeline->superseded++;
		return 0;
	}
	if (bugs_has(pipeline->bugs, BUG_APPEND_ONLY))
		return append_change(batch, tokens, &change);
	int code = keymap_add(&batch->keys, buffer_slice(&batch->key), &number, &added, error);
	return code != 0 ? code : keep_candidate(batch, number, added, &change.stamp, text, error);
}

static int set_aside(void *context, const char *path, size_t offset, const char *reason, struct slice text,
		     struct error *error)
{
	struct batch *batch = context;
	(void)text;
	batch->records++;
	return pipeline_set_aside(batch->pipeline, path, offset, reason, error);
}

/* ---- applying */

/* The row that the change leaves behind, if any. */
static int append_change(struct batch *batch, const struct json_token *tokens, const struct change *change)
{
	struct pipeline *pipeline = batch->pipeline;
	struct lake *lake = &pipeline->lake;
	batch->pipeline->changes++;
	if (!change->remove) {
		bool survives = bugs_has(pipeline->bugs, BUG_REMOVED_ATTRIBUTE_SURVIVES);
		lake_append(lake, tokens, change->new_image, survives ? change->old_image : 0, false, &change->stamp);
	} else if (change->by_ttl && pipeline->ttl_keep) {
		if (change->old_image != 0)
			lake_append(lake, tokens, change->old_image, 0, false, &change->stamp);
	} else if (lake->deleted_column != NULL) {
		uint32_t last = change->old_image != 0 ? change->old_image : change->keys;
		lake_append(lake, tokens, last, 0, true, &change->stamp);
	}
	return 0;
}

/* Keys whose present row must go: those with a winner, but for a TTL removal that leaves the row as it is. */
static bool is_changed(void *context, struct slice key)
{
	struct batch *batch = context;
	size_t number;
	return keymap_find(&batch->keys, key, &number) && batch->candidates[number].wins;
}

static int remember(struct batch *batch, struct slice key, const struct change *change, struct error *error)
{
	struct guard_entry entry = {.stamp = change->stamp,
				    .has_stamp = true,
				    .kept = change->by_ttl && batch->pipeline->ttl_keep};
	if (change->remove && bugs_has(batch->pipeline->bugs, BUG_TOMBSTONES_FORGOTTEN))
		entry.has_stamp = false;
	return commit_remember(&batch->commit, key, &entry, error);
}

static int apply_winners(struct batch *batch, struct error *error)
{
	struct pipeline *pipeline = batch->pipeline;
	int code = 0;
	for (size_t i = 0; code == 0 && i < batch->keys.count; i++) {
		struct candidate *candidate = &batch->candidates[i];
		const struct json_token *tokens;
		size_t count;
		struct json_failure failure;
		struct change change;
		const char *reason;
		if (!candidate->wins)
			continue;
		if (!json_parse(pipeline->parser, candidate->text, &tokens, &count, &failure) ||
		    !change_parse(tokens, 0, &change, &reason))
			return error_set(error, ERROR_INTERNAL, "a record could be read once but not twice");
		code = remember(batch, batch->keys.keys[i], &change, error);
		if (code == 0)
			code = append_change(batch, tokens, &change);
		/* Without an old image there is nothing to write a kept row from: the present one stays. */
		if (change.by_ttl && pipeline->ttl_keep && change.old_image == 0)
			candidate->wins = false;
		if (code == 0 && column_length(pipeline->lake.root) >= FILE_ROWS)
			code = commit_flush(pipeline, &batch->commit, error);
	}
	return code;
}

static int mark_applied(struct pipeline *pipeline, const char *path, struct error *error)
{
	struct buffer line;
	buffer_init(&line, 1 << 16);
	int code = checkpoint_file_line(path, pipeline_name(pipeline, path), &line, error);
	if (code == 0)
		code = checkpoint_add(&pipeline->applied, buffer_slice(&line), error);
	buffer_release(&line);
	return code;
}

static int merge(struct batch *batch, char *const *files, size_t count, struct error *error)
{
	struct pipeline *pipeline = batch->pipeline;
	struct landing_sink sink = {batch, take_record, set_aside};
	uint64_t deleted = 0;
	int code = commit_begin(pipeline, &batch->commit, error);
	for (size_t i = 0; code == 0 && i < count; i++) {
		batch->path = files[i];
		code = landing_records(files[i], pipeline->parser, pipeline->bugs, &sink, error);
		if (code == 0)
			code = mark_applied(pipeline, files[i], error);
	}
	moment_reach("after-read");
	if (code == 0)
		code = apply_winners(batch, error);
	if (code == 0 && batch->keys.count > 0)
		code = commit_delete(pipeline, &batch->commit, is_changed, batch, &deleted, error);
	if (code == 0)
		code = commit_finish(pipeline, &batch->commit, "MERGE", error);
	if (code == 0)
		pipeline_say(pipeline,
			     "commit %" PRId64 ": %zu files, %" PRIu64 " records, %zu keys, %" PRIu64
			     " rows replaced or deleted",
			     pipeline->batch, count, batch->records, batch->keys.count, deleted);
	return code;
}

static int merge_files(struct pipeline *pipeline, char *const *files, size_t count, struct error *error)
{
	struct batch batch = {.pipeline = pipeline};
	keymap_init(&batch.keys);
	arena_init(&batch.texts, SIZE_MAX / 2);
	buffer_init(&batch.key, 1 << 20);
	int code = merge(&batch, files, count, error);
	commit_abandon(pipeline, &batch.commit);
	keymap_release(&batch.keys);
	arena_release(&batch.texts);
	buffer_release(&batch.key);
	free(batch.candidates);
	return code;
}

static int is_fresh(struct pipeline *pipeline, const char *path, bool *fresh, struct error *error)
{
	struct buffer line;
	buffer_init(&line, 1 << 16);
	int code = checkpoint_file_line(path, pipeline_name(pipeline, path), &line, error);
	*fresh = code == 0 && !checkpoint_has(&pipeline->applied, buffer_slice(&line));
	buffer_release(&line);
	return code;
}

int pipeline_events(struct pipeline *pipeline, char *const *files, size_t count, size_t per_commit, struct error *error)
{
	char **fresh = calloc(count + 1, sizeof(*fresh));
	size_t fresh_count = 0;
	int code = fresh == NULL ? error_set(error, ERROR_INTERNAL, "out of memory for the list of files") : 0;
	for (size_t i = 0; code == 0 && i < count; i++) {
		bool is_new;
		code = is_fresh(pipeline, files[i], &is_new, error);
		if (code == 0 && is_new)
			fresh[fresh_count++] = files[i];
	}
	if (code == 0 && fresh_count < count)
		pipeline_say(pipeline, "%zu event files were applied before", count - fresh_count);
	for (size_t i = 0; code == 0 && i < fresh_count; i += per_commit)
		code = merge_files(pipeline, fresh + i, fresh_count - i < per_commit ? fresh_count - i : per_commit,
				   error);
	free(fresh);
	return code;
}
