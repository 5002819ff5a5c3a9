#include "scenarios/pipelines/embedded/pipeline.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "scenarios/pipelines/embedded/bugs.h"

enum { RECORD_MAX = 64 << 20, SCAN_ROWS = 65536, PATH_SIZE = 4200 };

void pipeline_say(const struct pipeline *pipeline, const char *format, ...)
{
	va_list arguments;
	if (pipeline->quiet)
		return;
	va_start(arguments, format);
	fputs("lakeproof-pipeline: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
}

uint32_t pipeline_key_parts(const struct pipeline *pipeline)
{
	return (pipeline->bugs & BUG_PARTIAL_KEY_MERGE) != 0 ? 1 : pipeline->lake.key_count;
}

static int create_table(struct pipeline *pipeline, struct error *error)
{
	struct ArrowSchema schema;
	int code = column_schema(pipeline->lake.root, &schema, error);
	if (code != 0)
		return code;
	const char *partition = pipeline->partition == NULL ? "" : pipeline->partition;
	code = bridge_table_create(pipeline->table, &schema, partition, "deletionVectors", error);
	schema.release(&schema);
	return code;
}

int pipeline_open(struct pipeline *pipeline, struct error *error)
{
	char log[PATH_SIZE];
	struct bridge_writer *writer = NULL;
	int code = 0;
	if (strlen(pipeline->table) > PATH_SIZE - 64)
		return error_set(error, ERROR_USAGE, "the table's path is too long");
	pipeline->parser = json_parser_new(RECORD_MAX);
	if (pipeline->parser == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	snprintf(log, sizeof(log), "%s/_delta_log", pipeline->table);
	if (access(log, F_OK) != 0)
		code = create_table(pipeline, error);
	if (code == 0)
		code = bridge_writer_begin(pipeline->table, &writer, error);
	if (code == 0)
		code = bridge_writer_last_transaction(writer, PIPELINE_APP, &pipeline->batch, error);
	bridge_writer_abort(writer);
	if (code != 0)
		return code;
	if (pipeline->batch < 0)
		pipeline->batch = 0;
	pipeline->guard_is_open = true;
	return guard_open(&pipeline->guard, pipeline->table, pipeline->batch, error);
}

void pipeline_release(struct pipeline *pipeline)
{
	if (pipeline->guard_is_open)
		guard_release(&pipeline->guard);
	json_parser_free(pipeline->parser);
}

int pipeline_set_aside(struct pipeline *pipeline, const char *path, size_t offset, const char *reason,
		       struct slice text, struct error *error)
{
	char name[PATH_SIZE];
	pipeline->set_aside++;
	pipeline_say(pipeline, "set aside: \"%s\" at byte %zu: %s", path, offset, reason);
	snprintf(name, sizeof(name), "%s/_pipeline/set-aside.jsonl", pipeline->table);
	FILE *file = fopen(name, "a");
	if (file == NULL)
		return error_system(error, "cannot write \"%s\"", name);
	bool good = (text.size == 0 || fwrite(text.data, text.size, 1, file) == 1) && putc('\n', file) != EOF;
	if (fclose(file) != 0 || !good)
		return error_system(error, "cannot write \"%s\"", name);
	return 0;
}

/* ---- commits */

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
			if (lake_row_key(&schema, &batch, row, parts, &key) && doomed(context, buffer_slice(&key)))
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
	return code;
}

int commit_finish(struct pipeline *pipeline, struct commit *commit, const char *operation, struct error *error)
{
	int64_t version;
	int code = commit_flush(pipeline, commit, error);
	if (code == 0)
		code = guard_sync(commit->guard, error);
	if (code != 0)
		return code;
	struct bridge_writer *writer = commit->writer;
	commit->writer = NULL;
	code = bridge_writer_commit(writer, operation, PIPELINE_APP, pipeline->batch + 1, &version, error);
	if (code != 0)
		return code;
	pipeline->batch++;
	struct guard_writer *guard = commit->guard;
	commit->guard = NULL;
	return guard_adopt(&pipeline->guard, guard, error);
}

void commit_abandon(struct pipeline *pipeline, struct commit *commit)
{
	column_truncate(pipeline->lake.root, 0);
	bridge_writer_abort(commit->writer);
	guard_abandon(commit->guard);
}
