#include "reports/run_record.h"

#include "base/whole_file.h"
#include "reports/members.h"

enum { RECORD_BYTES_MAX = 256 * 1024 * 1024, CAPACITY_MIN = 64 };

void run_record_init(struct run_record *record)
{
	*record = (struct run_record){.repeat = 1, .jobs = 1};
	arena_init(&record->arena, RECORD_BYTES_MAX);
}

void run_record_release(struct run_record *record)
{
	arena_release(&record->arena);
	*record = (struct run_record){.repeat = 1, .jobs = 1};
}

static const char *copied(struct run_record *record, const char *text)
{
	const char *copy = arena_copy(&record->arena, slice_from(text != NULL ? text : "")).data;
	record->failed = record->failed || copy == NULL;
	return copy;
}

int run_record_add(struct run_record *record, const struct run_plan *cell)
{
	uint32_t count = record->cell_count;
	if (count == 0 || (count >= CAPACITY_MIN && (count & (count - 1)) == 0)) {
		size_t capacity = count == 0 ? CAPACITY_MIN : (size_t)count * 2;
		struct run_plan *larger = arena_array(&record->arena, capacity, sizeof *larger);
		if (larger == NULL) {
			record->failed = true;
			return ERROR_INTERNAL;
		}
		if (count > 0)
			memcpy(larger, record->cells, count * sizeof *larger);
		record->cells = larger;
	}
	record->cells[record->cell_count++] = (struct run_plan){.scenario = copied(record, cell->scenario),
								.pipeline = copied(record, cell->pipeline),
								.seed = cell->seed,
								.folder = copied(record, cell->folder)};
	return record->failed ? ERROR_INTERNAL : 0;
}

static void json(const struct run_record *record, struct buffer *out)
{
	buffer_append_byte(out, '{');
	members_u64(out, "format", RUN_RECORD_FORMAT);
	members_text(out, "name", record->name);
	members_text(out, "version", record->version);
	members_text(out, "command", record->command);
	members_i64(out, "started_us", record->started_us);
	members_i64(out, "ended_us", record->ended_us);
	members_u64(out, "seed", record->seed);
	members_u64(out, "repeat", record->repeat);
	members_u64(out, "jobs", record->jobs);
	members_bool(out, "expect", record->expect);
	members_open(out, "cells", '[');
	for (uint32_t i = 0; i < record->cell_count; i++) {
		members_open(out, NULL, '{');
		members_text(out, "scenario", record->cells[i].scenario);
		members_text(out, "pipeline", record->cells[i].pipeline);
		members_u64(out, "seed", record->cells[i].seed);
		members_text(out, "folder", record->cells[i].folder);
		buffer_append_byte(out, '}');
	}
	buffer_append_text(out, "]}\n");
}

int run_record_write(const struct run_record *record, const char *path, struct error *error)
{
	struct buffer out;
	if (record->failed)
		return error_set(error, ERROR_INTERNAL, "out of memory for \"%s\"", path);
	buffer_init(&out, RECORD_BYTES_MAX);
	json(record, &out);
	int code = out.failed ? error_set(error, ERROR_INTERNAL, "the run is too large for \"%s\"", path)
			      : whole_file_write(path, buffer_slice(&out), error);
	buffer_release(&out);
	return code;
}

static void read_plan(struct members_reader *reader, uint32_t object, void *context)
{
	struct run_plan plan = {.scenario = members_require(reader, object, "scenario"),
				.pipeline = members_require(reader, object, "pipeline"),
				.seed = members_read_u64(reader, object, "seed", UINT64_MAX),
				.folder = members_require(reader, object, "folder")};
	if (reader->code == 0)
		run_record_add(context, &plan);
}

static int parse(struct json_parser *parser, struct slice bytes, struct run_record *record, struct error *error)
{
	struct json_failure failure;
	struct members_reader reader = {.arena = &record->arena, .error = error};
	size_t count;
	if (!json_parse(parser, bytes, &reader.tokens, &count, &failure))
		return error_set(error, ERROR_DATA, "it is no JSON: %s at byte %zu", failure.reason, failure.offset);
	if (reader.tokens[0].type != JSON_OBJECT)
		return error_set(error, ERROR_DATA, "it is no JSON object");
	if (members_read_u64(&reader, 0, "format", UINT32_MAX) != RUN_RECORD_FORMAT)
		members_refuse(&reader, "format", "1, the one that this version of lakeproof reads");
	record->name = members_require(&reader, 0, "name");
	record->version = members_read_text(&reader, 0, "version");
	record->command = members_read_text(&reader, 0, "command");
	record->started_us = members_read_i64(&reader, 0, "started_us");
	record->ended_us = members_read_i64(&reader, 0, "ended_us");
	record->seed = members_read_u64(&reader, 0, "seed", UINT64_MAX);
	record->repeat = members_read_u64(&reader, 0, "repeat", UINT64_MAX);
	record->jobs = members_read_u64(&reader, 0, "jobs", UINT64_MAX);
	record->expect = members_read_bool(&reader, 0, "expect");
	members_each(&reader, 0, "cells", JSON_OBJECT, read_plan, record);
	if (reader.code == 0 && record->failed)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	return reader.code;
}

int run_record_read(const char *path, struct run_record *record, struct error *error)
{
	struct buffer bytes;
	run_record_init(record);
	buffer_init(&bytes, RECORD_BYTES_MAX);
	struct json_parser *parser = NULL;
	int code = whole_file_read(path, &bytes, error);
	if (code != 0)
		goto out;
	parser = json_parser_new(bytes.size + 1);
	code = parser == NULL ? error_set(error, ERROR_INTERNAL, "out of memory")
			      : parse(parser, buffer_slice(&bytes), record, error);
	if (code != 0)
		error_prefix(error, "\"%s\" cannot be read as a run", path);
out:
	json_parser_free(parser);
	buffer_release(&bytes);
	return code;
}
