#include "scenarios/pipelines/embedded/pipeline.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RECORD_MAX = 64 << 20, PATH_SIZE = 4200 };

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

const char *pipeline_name(const struct pipeline *pipeline, const char *path)
{
	for (size_t i = 0; i < 2; i++) {
		size_t size = pipeline->roots[i] == NULL ? 0 : strlen(pipeline->roots[i]);
		if (size > 0 && strncmp(path, pipeline->roots[i], size) == 0 && path[size] == '/')
			return path + size + 1;
	}
	return path;
}

uint32_t pipeline_key_parts(const struct pipeline *pipeline)
{
	return bugs_has(pipeline->bugs, BUG_PARTIAL_KEY_MERGE) ? 1 : pipeline->lake.key_count;
}

int pipeline_set_aside(struct pipeline *pipeline, const char *path, size_t offset, const char *reason,
		       struct error *error)
{
	if (bugs_has(pipeline->bugs, BUG_POISON_DROPPED) || bugs_has(pipeline->bugs, BUG_POISON_ENDS_FILE) ||
	    bugs_has(pipeline->bugs, BUG_TRUNCATED_IS_END))
		return 0;
	pipeline->set_aside++;
	pipeline_say(pipeline, "set aside: \"%s\" at byte %zu: %s", path, offset, reason);
	return set_aside_add(&pipeline->aside, pipeline_name(pipeline, path), offset, reason, error);
}

/* ---- opening */

/* With the folders above it. */
static int make_folder(const char *path, struct error *error)
{
	char above[PATH_SIZE];
	snprintf(above, sizeof(above), "%s", path);
	for (char *slash = strchr(above + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(above, 0777) != 0 && errno != EEXIST)
			return error_system(error, "cannot make \"%s\"", above);
		*slash = '/';
	}
	if (mkdir(path, 0777) == 0 || errno == EEXIST)
		return 0;
	return error_system(error, "cannot make \"%s\"", path);
}

/* Held until the process ends, however it ends. */
int pipeline_lock(struct pipeline *pipeline, struct error *error)
{
	char path[PATH_SIZE];
	snprintf(path, sizeof(path), "%s/_pipeline/lock", pipeline->table);
	if (pipeline->lock >= 0)
		return 0;
	pipeline->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (pipeline->lock < 0)
		return error_system(error, "cannot open \"%s\"", path);
	int code;
	do
		code = flock(pipeline->lock, LOCK_EX);
	while (code != 0 && errno == EINTR);
	return code == 0 ? 0 : error_system(error, "cannot lock \"%s\"", path);
}

void pipeline_unlock(struct pipeline *pipeline)
{
	if (pipeline->lock >= 0)
		close(pipeline->lock);
	pipeline->lock = -1;
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

static int open_table(struct pipeline *pipeline, struct error *error)
{
	char log[PATH_SIZE];
	struct bridge_writer *writer = NULL;
	int code = 0;
	snprintf(log, sizeof(log), "%s/_delta_log/00000000000000000000.json", pipeline->table);
	if (access(log, F_OK) != 0)
		code = create_table(pipeline, error);
	if (code == 0)
		code = bridge_writer_begin(pipeline->table, &writer, error);
	if (code == 0)
		code = bridge_writer_last_transaction(writer, PIPELINE_APP, &pipeline->batch, error);
	bridge_writer_abort(writer);
	if (pipeline->batch < 0)
		pipeline->batch = 0;
	return code;
}

/* What bugs make of the state. */
static void plant(struct pipeline *pipeline)
{
	struct lake *lake = &pipeline->lake;
	if (bugs_has(pipeline->bugs, BUG_FRESH_START_APPENDS) && pipeline->applied.lines.count == 0) {
		guard_forget(&pipeline->guard);
		pipeline->fresh_start = true;
	}
	if (bugs_has(pipeline->bugs, BUG_NEW_ATTRIBUTE_DROPPED) && pipeline->batch > 0) {
		size_t number;
		lake->inferred = true;
		for (uint32_t i = 0; i < lake->column_count; i++)
			lake->columns[i].seen = keymap_find(&pipeline->guard.names, slice_from(lake->columns[i].name),
							    &number);
	}
	if (bugs_has(pipeline->bugs, BUG_NO_LOCK))
		pipeline_unlock(pipeline);
}

int pipeline_open(struct pipeline *pipeline, struct error *error)
{
	char path[PATH_SIZE];
	if (strlen(pipeline->table) > PATH_SIZE - 64)
		return error_set(error, ERROR_USAGE, "the table's path is too long");
	pipeline->parser = json_parser_new(RECORD_MAX);
	if (pipeline->parser == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	pipeline->is_open = true;
	pipeline->lock = -1;
	int code = make_folder(pipeline->table, error);
	snprintf(path, sizeof(path), "%s/_pipeline", pipeline->table);
	if (code == 0)
		code = make_folder(path, error);
	if (code == 0)
		code = pipeline_lock(pipeline, error);
	if (code == 0)
		code = open_table(pipeline, error);
	snprintf(path, sizeof(path), "%s/_pipeline/set-aside.jsonl", pipeline->table);
	if (code == 0)
		code = set_aside_open(&pipeline->aside, path, !pipeline->no_sync, error);
	snprintf(path, sizeof(path), "%s/_pipeline/applied", pipeline->table);
	if (code == 0)
		code = checkpoint_open(&pipeline->applied, pipeline->checkpoint == NULL ? path : pipeline->checkpoint,
				       !pipeline->no_sync, error);
	if (code == 0)
		code = guard_open(&pipeline->guard, pipeline->table, pipeline->batch, !pipeline->no_sync, error);
	if (code == 0)
		plant(pipeline);
	return code;
}

void pipeline_release(struct pipeline *pipeline)
{
	if (!pipeline->is_open)
		return;
	guard_release(&pipeline->guard);
	checkpoint_release(&pipeline->applied);
	set_aside_release(&pipeline->aside);
	json_parser_free(pipeline->parser);
	pipeline_unlock(pipeline);
}
