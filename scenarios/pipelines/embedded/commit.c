#include "scenarios/pipelines/embedded/commit.h"

#include <stdlib.h>

#include "scenarios/pipelines/embedded/moment.h"

enum { SCAN_ROWS = 65536 };

int commit_begin(struct pipeline *pipeline, struct commit *commit, struct error *error)
{
	*commit = (struct commit){0};
	int code = bridge_writer_begin(pipeline->table, &commit->writer, error);
	if (code == 0)
		code = guard_begin(&pipeline->guard, pipeline->batch + 1, &commit->guard, error);
	return code;
}

int commit_flush(struct pipeline *pipeline, struct commit *commit, struct error *error)
{
	struct ArrowArrayStream rows;
	if (column_length(pipeline->lake.root) == 0)
		return 0;
	int code = batch_finish(pipeline->lake.root, &rows, error);
	if (code == 0)
		code = bridge_writer_add(commit->writer, &rows, error);
	commit->changes++;
	return code;
}

/* Positions of one file's doomed rows. */
struct doomed_rows {
	int64_t *positions;
	uint64_t count, capacity;
};

static int doom(struct doomed_rows *rows, int64_t position, struct error *error)
{
	if (rows->count == rows->capacity) {
		uint64_t capacity = rows->capacity == 0 ? 256 : rows->capacity * 2;
		int64_t *grown = realloc(rows->positions, capacity * sizeof(*grown));
		if (grown == NULL)
			return error_set(error, ERROR_INTERNAL, "out of memory for deleted rows");
		rows->positions = grown;
		rows->capacity = capacity;
	}
	rows->positions[rows->count++] = position;
	return 0;
}

static int scan_file(struct pipeline *pipeline, struct ArrowArrayStream *stream,
		     bool (*doomed)(void *context, struct slice key), void *context, struct doomed_rows *rows,
		     struct error *error)
{
	struct ArrowSchema schema = {0};
	struct ArrowArray batch = {0};
	struct buffer key;
	uint32_t parts = pipeline_key_parts(pipeline), keys = pipeline->lake.key_count;
	buffer_init(&key, 1 << 20);
	rows->count = 0;
	int code = stream->get_schema(stream, &schema);
	while (code == 0 && (code = stream->get_next(stream, &batch)) == 0 && batch.release != NULL) {
		const struct ArrowArray *position = batch.children[keys];
		for (int64_t row = 0; code == 0 && row < batch.length; row++)
			if (lake_row_key(&pipeline->lake, &schema, &batch, row, parts, &key) &&
			    doomed(context, buffer_slice(&key)))
				code = doom(rows, ((const int64_t *)position->buffers[1])[position->offset + row],
					    error);
		batch.release(&batch);
	}
	if (code != 0 && stream->get_last_error(stream) != NULL)
		code = error_set(error, code, "%s", stream->get_last_error(stream));
	if (schema.release != NULL)
		schema.release(&schema);
	buffer_release(&key);
	return code;
}

int commit_delete(struct pipeline *pipeline, struct commit *commit, bool (*doomed)(void *context, struct slice key),
		  void *context, uint64_t *count, struct error *error)
{
	struct bridge_table *table = bridge_writer_table(commit->writer);
	const char *columns[LAKE_KEYS_MAX];
	struct doomed_rows rows = {0};
	int code = 0;
	*count = 0;
	for (uint32_t i = 0; i < pipeline->lake.key_count; i++)
		columns[i] = pipeline->lake.columns[pipeline->lake.keys[i]].name;
	for (uint64_t file = 0; code == 0 && file < bridge_table_info(table)->file_count; file++) {
		struct ArrowArrayStream stream;
		const struct bridge_file *info = bridge_table_file(table, file);
		if (info->rows_physical >= 0 && info->rows_physical == info->rows_deleted)
			continue;
		code = bridge_file_read(table, file, columns, pipeline->lake.key_count, SCAN_ROWS, true, &stream,
					error);
		if (code != 0)
			break;
		code = scan_file(pipeline, &stream, doomed, context, &rows, error);
		stream.release(&stream);
		*count += rows.count;
		if (code != 0 || rows.count == 0)
			continue;
		if (info->rows_physical >= 0 && rows.count == (uint64_t)(info->rows_physical - info->rows_deleted))
			code = bridge_writer_remove_file(commit->writer, file, error);
		else
			code = bridge_writer_delete_rows(commit->writer, file, rows.positions, rows.count, error);
	}
	free(rows.positions);
	commit->changes += *count;
	return code;
}

int commit_remember(struct commit *commit, struct slice key, const struct guard_entry *entry, struct error *error)
{
	commit->changes++;
	return guard_put(commit->guard, key, entry, error);
}

int commit_remember_export(struct commit *commit, int64_t time_us, struct error *error)
{
	commit->changes++;
	return guard_put_export_time(commit->guard, time_us, error);
}

int commit_remember_window(struct commit *commit, const struct guard_window *window, struct error *error)
{
	commit->changes++;
	return guard_put_window(commit->guard, window, error);
}

static bool note_key(void *context, struct slice key)
{
	struct keymap *keys = context;
	struct error error;
	size_t number;
	bool added;
	return keymap_add(keys, key, &number, &added, &error) != 0;
}

int commit_rows(struct pipeline *pipeline, struct keymap *keys, struct error *error)
{
	struct commit look = {0};
	uint64_t failed = 0;
	int code = bridge_writer_begin(pipeline->table, &look.writer, error);
	if (code == 0)
		code = commit_delete(pipeline, &look, note_key, keys, &failed, error);
	bridge_writer_abort(look.writer);
	return code == 0 && failed > 0 ? error_set(error, ERROR_INTERNAL, "out of memory for keys") : code;
}

/* What bugs want to know next time. */
static int remember_more(struct pipeline *pipeline, struct commit *commit, struct error *error)
{
	const struct lake *lake = &pipeline->lake;
	int code = pipeline->now_us == 0 ? 0 : guard_put_clock(commit->guard, pipeline->now_us, error);
	if (!bugs_has(pipeline->bugs, BUG_NEW_ATTRIBUTE_DROPPED) || lake->inferred)
		return code;
	for (uint32_t i = 0; code == 0 && i < lake->column_count; i++)
		if (lake->columns[i].seen)
			code = guard_put_name(commit->guard, slice_from(lake->columns[i].name), error);
	return code;
}

/* The bug two-commits: the rows come after the deletes, in a version of their own. */
static int publish_rows(struct pipeline *pipeline, const char *operation, struct error *error)
{
	struct commit rows = {0};
	int64_t version;
	moment_reach("between-commits");
	int code = column_length(pipeline->lake.root) == 0 ? 0
							   : bridge_writer_begin(pipeline->table, &rows.writer, error);
	if (code != 0 || rows.writer == NULL)
		return code;
	code = commit_flush(pipeline, &rows, error);
	if (code == 0)
		return bridge_writer_commit(rows.writer, operation, NULL, 0, &version, error);
	bridge_writer_abort(rows.writer);
	return code;
}

/* The table's new version, and the guard's file with it. */
static int publish(struct pipeline *pipeline, struct commit *commit, const char *operation, struct error *error)
{
	int64_t version;
	int code = remember_more(pipeline, commit, error);
	if (code == 0)
		code = guard_sync(commit->guard, error);
	if (code != 0)
		return code;
	moment_reach("before-commit");
	struct bridge_writer *writer = commit->writer;
	commit->writer = NULL;
	code = bridge_writer_commit(writer, operation, PIPELINE_APP, pipeline->batch + 1, &version, error);
	if (code != 0)
		return code;
	pipeline->batch++;
	if (bugs_has(pipeline->bugs, BUG_TWO_COMMITS))
		code = publish_rows(pipeline, operation, error);
	moment_reach("after-commit");
	if (code != 0)
		return code;
	struct guard_writer *guard = commit->guard;
	commit->guard = NULL;
	return guard_adopt(&pipeline->guard, guard, error);
}

int commit_finish(struct pipeline *pipeline, struct commit *commit, const char *operation, struct error *error)
{
	bool two = bugs_has(pipeline->bugs, BUG_TWO_COMMITS);
	int code = bugs_has(pipeline->bugs, BUG_CHECKPOINT_FIRST) ? checkpoint_write(&pipeline->applied, error) : 0;
	commit->changes += two ? column_length(pipeline->lake.root) : 0;
	if (code == 0 && !two)
		code = commit_flush(pipeline, commit, error);
	moment_reach("after-data");
	if (code == 0)
		code = set_aside_write(&pipeline->aside, error);
	if (code == 0 && commit->changes > 0)
		code = publish(pipeline, commit, operation, error);
	if (code != 0 && bugs_has(pipeline->bugs, BUG_DISK_FULL_IGNORED)) {
		pipeline_say(pipeline, "%s", error->message);
		code = 0;
	}
	if (code == 0)
		code = checkpoint_write(&pipeline->applied, error);
	moment_reach("after-checkpoint");
	return code;
}

void commit_abandon(struct pipeline *pipeline, struct commit *commit)
{
	column_truncate(pipeline->lake.root, 0);
	bridge_writer_abort(commit->writer);
	guard_abandon(commit->guard);
	checkpoint_forget(&pipeline->applied);
}
