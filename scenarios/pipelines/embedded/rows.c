#include "scenarios/pipelines/embedded/rows.h"

#include <inttypes.h>

#include "scenarios/pipelines/embedded/commit.h"
#include "scenarios/pipelines/embedded/item.h"
#include "scenarios/pipelines/embedded/landing.h"

enum { FILE_ROWS = 25000 };

struct rows {
	struct pipeline *pipeline;
	struct commit commit;
	struct keymap keys;
	struct buffer key;
	const char *path; /* being read */
	bool upserts;     /* it is that file */
};

static int refuse(void *context, const char *path, size_t offset, const char *reason, struct error *error)
{
	(void)context;
	return error_set(error, ERROR_DATA, "\"%s\" at byte %zu: %s", path, offset, reason);
}

static int take_line(void *context, const struct json_token *tokens, uint32_t root, size_t offset, struct slice text,
		     struct error *error)
{
	struct rows *rows = context;
	struct lake *lake = &rows->pipeline->lake;
	size_t number;
	bool added;
	(void)text;
	const char *fault = tokens[root].type == JSON_OBJECT ? item_fault(tokens, root) : "no object";
	if (fault == NULL && !lake_key(tokens, root, lake, lake->key_count, &rows->key))
		fault = "a key attribute is missing";
	if (fault != NULL)
		return refuse(rows, rows->path, offset, fault, error);
	int code = keymap_add(&rows->keys, buffer_slice(&rows->key), &number, &added, error);
	if (code == 0 && !added)
		return refuse(rows, rows->path, offset, "a second line of one key", error);
	if (code != 0 || !rows->upserts)
		return code;
	lake_append(lake, tokens, root, 0, false, NULL);
	return column_length(lake->root) >= FILE_ROWS ? commit_flush(rows->pipeline, &rows->commit, error) : 0;
}

static int take_file(struct rows *rows, const char *path, bool upserts, struct error *error)
{
	struct landing_file file = {.path = path, .items = -1};
	struct landing_sink sink = {rows, take_line, refuse};
	if (path == NULL)
		return 0;
	rows->path = path;
	rows->upserts = upserts;
	return landing_records(&file, rows->pipeline->parser, (struct bug_set){0}, &sink, error);
}

static bool is_named(void *context, struct slice key)
{
	const struct rows *rows = context;
	size_t number;
	return keymap_find(&rows->keys, key, &number);
}

static int apply(struct rows *rows, const char *upserts, const char *deletes, struct error *error)
{
	struct pipeline *pipeline = rows->pipeline;
	uint64_t deleted = 0;
	int code = commit_begin(pipeline, &rows->commit, error);
	if (code == 0)
		code = take_file(rows, upserts, true, error);
	if (code == 0)
		code = take_file(rows, deletes, false, error);
	if (code == 0 && rows->keys.count > 0 && !bugs_has(pipeline->bugs, BUG_APPEND_ONLY))
		code = commit_delete(pipeline, &rows->commit, is_named, rows, &deleted, error);
	if (code == 0)
		code = commit_finish(pipeline, &rows->commit, "MERGE", error);
	if (code == 0)
		pipeline_say(pipeline, "commit %" PRId64 ": %zu keys, %" PRIu64 " rows replaced or deleted",
			     pipeline->batch, rows->keys.count, deleted);
	return code;
}

int rows_apply(struct pipeline *pipeline, const char *upserts, const char *deletes, struct error *error)
{
	struct rows rows = {.pipeline = pipeline};
	keymap_init(&rows.keys);
	buffer_init(&rows.key, 1 << 20);
	int code = apply(&rows, upserts, deletes, error);
	commit_abandon(pipeline, &rows.commit);
	keymap_release(&rows.keys);
	buffer_release(&rows.key);
	return code;
}
