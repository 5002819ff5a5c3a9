#include "tests/support/source_files.h"

#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

static char folder[200];
static char **paths;
static size_t path_count;

static void die(const char *what, const char *path)
{
	fprintf(stderr, "test support: cannot %s '%s': %s\n", what, path, strerror(errno));
	exit(70);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

static void clean_up(void)
{
	(void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	for (size_t i = 0; i < path_count; i++)
		free(paths[i]);
	free(paths);
}

const char *files_folder(void)
{
	if (folder[0] == '\0') {
		const char *parent = getenv("TMPDIR");
		(void)snprintf(folder, sizeof(folder), "%s/lakeproof-test-XXXXXX", parent != NULL ? parent : "/tmp");
		if (mkdtemp(folder) == NULL)
			die("make folder", folder);
		(void)atexit(clean_up);
	}
	return folder;
}

const char *files_path(const char *name)
{
	char *path = NULL;
	char **more = reallocarray(paths, path_count + 1, sizeof(*paths));
	if (more == NULL || asprintf(&path, "%s/%s", files_folder(), name) < 0)
		die("name", name);
	paths = more;
	paths[path_count++] = path;
	for (char *slash = strchr(path + strlen(folder) + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0777) != 0 && errno != EEXIST)
			die("make folder", path);
		*slash = '/';
	}
	return path;
}

void files_write(const char *path, struct slice bytes)
{
	FILE *file = fopen(path, "wbe");
	if (file == NULL || fwrite(bytes.data, 1, bytes.size, file) != bytes.size || fclose(file) != 0)
		die("write", path);
}

void files_write_gzip(const char *path, struct slice bytes, unsigned members)
{
	FILE *file = fopen(path, "wbe");
	if (file == NULL)
		die("write", path);
	for (unsigned i = 0; i < members; i++) {
		size_t from = bytes.size * i / members;
		size_t size = bytes.size * (i + 1) / members - from;
		z_stream stream = {0};
		/* 16 + 15: a gzip header, the largest window. */
		if (deflateInit2(&stream, 6, Z_DEFLATED, 16 + 15, 8, Z_DEFAULT_STRATEGY) != Z_OK)
			die("compress", path);
		uLong bound = deflateBound(&stream, (uLong)size) + 64;
		unsigned char *out = malloc(bound);
		if (out == NULL)
			die("compress", path);
		stream.next_in = (Bytef *)(uintptr_t)(bytes.data + from);
		stream.avail_in = (uInt)size;
		stream.next_out = out;
		stream.avail_out = (uInt)bound;
		if (deflate(&stream, Z_FINISH) != Z_STREAM_END ||
		    fwrite(out, 1, stream.total_out, file) != stream.total_out)
			die("write", path);
		(void)deflateEnd(&stream);
		free(out);
	}
	if (fclose(file) != 0)
		die("write", path);
}

struct buffer files_read(const char *path)
{
	struct buffer bytes;
	buffer_init(&bytes, SIZE_MAX / 2);
	FILE *file = fopen(path, "rbe");
	if (file == NULL)
		die("read", path);
	for (;;) {
		if (buffer_reserve(&bytes, 65536) != 0)
			die("read", path);
		size_t got = fread(bytes.data + bytes.size, 1, 65536, file);
		if (got == 0)
			break;
		bytes.size += got;
	}
	(void)fclose(file);
	return bytes;
}

void files_cut(const char *path, size_t size)
{
	if (truncate(path, (off_t)size) != 0)
		die("cut", path);
}

/* ---- the sink */

static void *grow(void *items, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return items;
	*capacity = *capacity == 0 ? 16 : *capacity * 2;
	items = reallocarray(items, *capacity, size);
	if (items == NULL)
		die("remember", "records");
	return items;
}

static void copy_text(char *to, size_t size, struct slice text)
{
	(void)snprintf(to, size, "%.*s", (int)text.size, text.data != NULL ? text.data : "");
}

/* The first string or number that is a value, below `index`. */
static struct slice first_scalar(const struct json_token *tokens, uint32_t index)
{
	while (tokens[index].type == JSON_OBJECT && tokens[index].count > 0)
		index += 2;
	return json_text(&tokens[index]);
}

static int on_record(void *context, const struct record *record, struct error *error)
{
	struct seen *seen = context;
	seen->records = grow(seen->records, seen->record_count, &seen->record_capacity, sizeof(*seen->records));
	struct seen_record *copy = &seen->records[seen->record_count++];
	*copy = (struct seen_record){.number = record->number,
				     .offset = record->offset,
				     .flags = record->flags,
				     .kind = record->kind,
				     .before = record->before,
				     .after = record->after,
				     .ttl = record->ttl,
				     .order = record->order,
				     .has_time = record->has_time,
				     .has_sequence = record->has_sequence,
				     .time_lo_us = record->time_lo_us,
				     .time_hi_us = record->time_hi_us};
	if (record->has_sequence)
		sequence_format(record->sequence, copy->sequence);
	copy_text(copy->key, sizeof(copy->key), first_scalar(record->tokens, record->keys));
	if (record->after == STATE_IMAGE)
		copy_text(copy->image, sizeof(copy->image), first_scalar(record->tokens, record->after_image));
	if (record->before == STATE_IMAGE)
		copy_text(copy->before_image, sizeof(copy->before_image),
			  first_scalar(record->tokens, record->before_image));
	copy_text(copy->event_id, sizeof(copy->event_id), record->event_id);
	copy_text(copy->stream_arn, sizeof(copy->stream_arn), record->stream_arn);
	copy_text(copy->table, sizeof(copy->table), record->table);
	copy_text(copy->region, sizeof(copy->region), record->region);
	if (seen->record_count == seen->stop_after)
		return error_set(error, ERROR_DATA, "the sink has enough");
	return 0;
}

static int on_problem(void *context, const struct problem *problem, struct error *error)
{
	(void)error;
	struct seen *seen = context;
	seen->problems = grow(seen->problems, seen->problem_count, &seen->problem_capacity, sizeof(*seen->problems));
	struct seen_problem *copy = &seen->problems[seen->problem_count++];
	*copy = (struct seen_problem){.has_position = problem->has_position,
				      .delivered = problem->delivered,
				      .record = problem->record,
				      .offset = problem->offset};
	copy_text(copy->id, sizeof(copy->id), slice_from(problem->id));
	copy_text(copy->path, sizeof(copy->path), slice_from(problem->path));
	copy_text(copy->message, sizeof(copy->message), slice_from(problem->message));
	return 0;
}

struct record_sink seen_sink(struct seen *seen)
{
	return (struct record_sink){seen, on_record, on_problem};
}

void seen_release(struct seen *seen)
{
	free(seen->records);
	free(seen->problems);
	*seen = (struct seen){0};
}

size_t seen_count(const struct seen *seen, const char *id)
{
	size_t count = 0;
	for (size_t i = 0; i < seen->problem_count; i++)
		count += strcmp(seen->problems[i].id, id) == 0;
	return count;
}

void seen_print(const struct seen *seen)
{
	for (size_t i = 0; i < seen->record_count; i++)
		printf("# record %" PRIu64 " at %" PRIu64 ": key %s, flags %u\n", seen->records[i].number,
		       seen->records[i].offset, seen->records[i].key, seen->records[i].flags);
	for (size_t i = 0; i < seen->problem_count; i++)
		printf("# problem %s at record %" PRIu64 ", offset %" PRIu64 " of %s: %s\n", seen->problems[i].id,
		       seen->problems[i].record, seen->problems[i].offset, seen->problems[i].path,
		       seen->problems[i].message);
}
