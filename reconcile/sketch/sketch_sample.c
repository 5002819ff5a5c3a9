#include "reconcile/sketch/sketch_sample.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sources/events.h"
#include "sources/export.h"

enum { SAMPLE_STOP = -1, PROBE_FILES = 8, PROBE_RECORDS = 20, FILES_MAX = 16, FILE_RECORDS_MIN = 1000 };

int sample_init(struct sample *sample, uint64_t record_max, uint32_t source_max, struct error *error)
{
	*sample = (struct sample){.record_max = record_max};
	arena_init(&sample->arena, SAMPLE_MEMORY_MAX + ((size_t)64 << 20));
	sample->sources = arena_array(&sample->arena, source_max, sizeof *sample->sources);
	return sample->sources != NULL ? 0 : error_set(error, ERROR_INTERNAL, "out of memory");
}

void sample_release(struct sample *sample)
{
	free(sample->records);
	arena_release(&sample->arena);
}

/* ---- one record */

struct reader {
	struct sample *sample;
	struct sample_source *source;
	struct json_parser *parser;
	uint64_t quota; /* records still to be taken of this file */
};

static int no_memory(struct error *error)
{
	return error_set(error, ERROR_INTERNAL, "out of memory for sample records");
}

/* "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/…" → "orders" */
static struct slice name_of_arn(struct slice arn)
{
	static const char mark[] = ":table/";
	const char *at = arn.size > 0 ? memmem(arn.data, arn.size, mark, sizeof mark - 1) : NULL;
	if (at == NULL)
		return (struct slice){NULL, 0};
	at += sizeof mark - 1;
	size_t size = (size_t)(arn.data + arn.size - at);
	const char *slash = memchr(at, '/', size);
	return (struct slice){at, slash != NULL ? (size_t)(slash - at) : size};
}

static int take_name(struct sample *sample, struct slice name, struct error *error)
{
	if (name.size == 0 || (sample->table != NULL && slice_is(name, sample->table)))
		return 0;
	const char **place = sample->table == NULL ? &sample->table : &sample->another;
	if (*place == NULL && (*place = arena_copy(&sample->arena, name).data) == NULL)
		return no_memory(error);
	return 0;
}

/* Copies the value at `from` behind the tokens already there, and its texts behind `*text`. */
static uint32_t copy_value(struct json_token *to, uint32_t at, const struct json_token *tokens, uint32_t from,
			   char **text)
{
	for (uint32_t i = from; i < tokens[from].next; i++) {
		struct json_token *token = &to[at + (i - from)];
		*token = tokens[i];
		token->next = tokens[i].next - from + at;
		if (tokens[i].text == NULL)
			continue;
		memcpy(*text, tokens[i].text, tokens[i].size);
		token->text = *text;
		*text += tokens[i].size;
	}
	return at + (tokens[from].next - from);
}

static size_t text_size(const struct json_token *tokens, uint32_t from)
{
	size_t size = 0;
	for (uint32_t i = from; i < tokens[from].next; i++)
		size += tokens[i].text != NULL ? tokens[i].size : 0;
	return size;
}

static struct sample_record *new_record(struct sample *sample)
{
	if (sample->record_count == sample->record_capacity) {
		size_t capacity = sample->record_capacity == 0 ? 1024 : sample->record_capacity * 2;
		struct sample_record *grown = realloc(sample->records, capacity * sizeof *grown);
		if (grown == NULL)
			return NULL;
		sample->records = grown;
		sample->record_capacity = capacity;
	}
	return &sample->records[sample->record_count];
}

/* The first token is nobody's, so that 0 is no place of a value. */
static int keep(struct sample *sample, const struct record *record, struct error *error)
{
	bool after = record->after == STATE_IMAGE, any = after || record->before == STATE_IMAGE;
	uint32_t image = after ? record->after_image : record->before_image;
	bool apart = !any || image != record->keys;
	const struct json_token *from = record->tokens;
	size_t count = 1 + (any ? from[image].next - image : 0) + (apart ? from[record->keys].next - record->keys : 0);
	size_t size = (any ? text_size(from, image) : 0) + (apart ? text_size(from, record->keys) : 0) + JSON_PADDING;
	if (sample->arena.used + count * sizeof *from + size > SAMPLE_MEMORY_MAX) {
		sample->full = true;
		return SAMPLE_STOP;
	}
	struct json_token *tokens = arena_array(&sample->arena, count, sizeof *tokens);
	char *text = arena_alloc(&sample->arena, size);
	struct sample_record *to = new_record(sample);
	if (tokens == NULL || text == NULL || to == NULL)
		return no_memory(error);
	memset(text + size - JSON_PADDING, 0, JSON_PADDING);
	tokens[0] = (struct json_token){.type = JSON_ARRAY, .next = (uint32_t)count};
	*to = (struct sample_record){.tokens = tokens,
				     .keys = 1,
				     .source = sample->source_count - 1,
				     .change = record->kind == RECORD_CHANGE};
	uint32_t at = 1;
	if (apart)
		at = copy_value(tokens, at, from, record->keys, &text);
	if (any) {
		to->image = at;
		(void)copy_value(tokens, at, from, image, &text);
	}
	sample->record_count++;
	return 0;
}

static int take_record(void *context, const struct record *record, struct error *error)
{
	struct reader *reader = context;
	struct sample_source *source = reader->source;
	if ((record->flags & RECORD_DAMAGED) != 0)
		return 0;
	int code = take_name(reader->sample, name_of_arn(record->stream_arn), error);
	if (code == 0)
		code = take_name(reader->sample, record->table, error);
	if (code == 0)
		code = keep(reader->sample, record, error);
	if (code != 0)
		return code;
	source->records++;
	source->kinesis += record->kind == RECORD_CHANGE && record->order == ORDER_KINESIS;
	source->by_ttl += record->ttl == TTL_YES;
	if (record->has_time && record->kind == RECORD_CHANGE) {
		source->time_lo_us = record->time_lo_us < source->time_lo_us ? record->time_lo_us : source->time_lo_us;
		source->time_hi_us = record->time_hi_us > source->time_hi_us ? record->time_hi_us : source->time_hi_us;
	}
	if (--reader->quota == 0 || source->records >= reader->sample->record_max)
		return SAMPLE_STOP;
	return 0;
}

static int take_problem(void *context, const struct problem *problem, struct error *error)
{
	struct reader *reader = context;
	(void)error;
	reader->source->unreadable += !problem->delivered;
	return 0;
}

static bool enough(const struct reader *reader)
{
	return reader->sample->full || reader->source->records >= reader->sample->record_max;
}

/* How many records one of so many files gives. */
static uint64_t quota(const struct sample *sample, uint64_t files)
{
	uint64_t share = sample->record_max / (files == 0 ? 1 : files < FILES_MAX ? files : FILES_MAX);
	return share < FILE_RECORDS_MIN ? FILE_RECORDS_MIN : share;
}

/* What a file is not read to its end for is no error; nor is one that holds something else, which a check tells. */
static int passed(int code, struct reader *reader)
{
	if (code == ERROR_INTERNAL || code == ERROR_IO)
		return code;
	reader->source->unreadable += code != 0 && code != SAMPLE_STOP;
	return 0;
}

/* ---- exports */

static int read_file(struct reader *reader, const struct export *export, uint64_t index, uint64_t records,
		     struct error *error)
{
	struct record_sink sink = {reader, take_record, take_problem};
	struct file_result result = {0};
	if (export->files[index].path == NULL || enough(reader))
		return 0;
	reader->quota = records;
	return passed(export_read_file(export, index, reader->parser, &sink, &result, error), reader);
}

/* The largest file of every export comes first, then the others. */
static int read_export(struct reader *reader, const char *folder, bool largest, uint64_t records, struct error *error)
{
	struct record_sink sink = {reader, take_record, take_problem};
	struct sample_source *source = reader->source;
	struct export *export = NULL;
	int code = export_open(folder, &sink, &export, error);
	if (code != 0)
		return passed(code, reader);
	uint64_t chosen = 0;
	for (uint64_t i = 0; i < export->file_count; i++)
		if (export->files[i].path != NULL && export->files[i].item_count > export->files[chosen].item_count)
			chosen = i;
	if (largest) {
		source->exports++;
		source->increments += export->incremental;
		source->ion = source->ion || export->ion;
		source->files += export->file_count;
		code = take_name(reader->sample, name_of_arn(slice_from(export->table_arn)), error);
		if (code == 0 && export->file_count > 0)
			code = read_file(reader, export, chosen, records, error);
	}
	for (uint64_t i = 0; !largest && i < export->file_count && i < FILES_MAX && code == 0; i++)
		if (i != chosen)
			code = read_file(reader, export, i, records, error);
	export_close(export);
	return code;
}

static int read_exports(struct reader *reader, char **folders, size_t count, struct error *error)
{
	int code = 0;
	for (size_t i = 0; i < count && code == 0; i++)
		code = read_export(reader, folders[i], true, quota(reader->sample, count), error);
	for (size_t i = 0; i < count && code == 0 && !enough(reader); i++)
		code = read_export(reader, folders[i], false, quota(reader->sample, reader->source->files), error);
	return code;
}

/* ---- files of events or items */

static int read_plain(struct reader *reader, const char *path, struct error *error)
{
	struct record_sink sink = {reader, take_record, take_problem};
	struct file_result result = {0};
	return reader->source->kind == SOURCE_EVENTS
		       ? events_read_file(path, EVENTS_AUTO, reader->parser, &sink, &result, error)
		       : items_read_file(path, reader->source->emr ? ITEMS_EMR : ITEMS_AUTO, reader->parser, &sink,
					 &result, error);
}

/* Files spread over the list, the first among them; the rest only while there are too few records. */
static int read_files(struct reader *reader, char **files, size_t count, struct error *error)
{
	size_t step = count > FILES_MAX ? count / FILES_MAX : 1;
	uint64_t records = quota(reader->sample, count);
	int code = 0;
	for (size_t pass = 0; pass < step && pass < FILES_MAX; pass++) {
		for (size_t i = pass; i < count && code == 0; i += step) {
			if (enough(reader))
				return 0;
			reader->quota = records;
			code = passed(read_plain(reader, files[i], error), reader);
		}
	}
	return code;
}

/* ---- what a path holds */

struct probe {
	uint64_t records, others;
};

static int probe_record(void *context, const struct record *record, struct error *error)
{
	struct probe *probe = context;
	(void)record;
	(void)error;
	return ++probe->records >= PROBE_RECORDS ? SAMPLE_STOP : 0;
}

static int probe_problem(void *context, const struct problem *problem, struct error *error)
{
	struct probe *probe = context;
	(void)problem;
	(void)error;
	return ++probe->others >= PROBE_RECORDS ? SAMPLE_STOP : 0;
}

static int probe_files(struct json_parser *parser, char **files, size_t count, struct probe probes[2],
		       struct error *error)
{
	for (size_t i = 0; i < count && i < PROBE_FILES && probes[0].records + probes[1].records == 0; i++) {
		for (int items = 0; items < 2; items++) {
			struct record_sink sink = {&probes[items], probe_record, probe_problem};
			struct file_result result = {0};
			int code = items ? items_read_file(files[i], ITEMS_AUTO, parser, &sink, &result, error)
					 : events_read_file(files[i], EVENTS_AUTO, parser, &sink, &result, error);
			if (code == ERROR_INTERNAL || code == ERROR_IO)
				return code;
		}
	}
	return 0;
}

/* Whether the first items of a dump are as EMR writes them. */
static int probe_emr(struct json_parser *parser, char **files, size_t count, bool *emr, struct error *error)
{
	struct probe probe = {0, 0};
	struct record_sink sink = {&probe, probe_record, probe_problem};
	for (size_t i = 0; i < count && i < PROBE_FILES && probe.records + probe.others == 0; i++) {
		struct file_result result = {0};
		int code = items_read_file(files[i], ITEMS_EMR, parser, &sink, &result, error);
		if (code == ERROR_INTERNAL || code == ERROR_IO)
			return code;
	}
	*emr = probe.records > 0 && probe.others == 0;
	return 0;
}

static int read_by_content(struct reader *reader, struct error *error)
{
	struct record_sink sink = {reader, take_record, take_problem};
	struct probe probes[2] = {{0, 0}, {0, 0}};
	const char *path = reader->source->path;
	char **files = NULL;
	size_t count = 0;
	uint64_t missing = 0;
	int code = items_list(path, &sink, &files, &count, &missing, error);
	if (code == 0)
		code = probe_files(reader->parser, files, count, probes, error);
	if (code == 0 && probes[0].records + probes[1].records == 0)
		code = error_set(error, ERROR_DATA,
				 "\"%s\" is no export (no manifest-summary.json), and neither change records nor items "
				 "are in it; give an export's folder, a folder of events, or a dump "
				 "of items. Rows are no source for init: write `rows:` by hand",
				 path);
	reader->source->kind = probes[1].records > probes[0].records ? SOURCE_ITEMS : SOURCE_EVENTS;
	reader->source->files = count;
	if (code == 0 && reader->source->kind == SOURCE_ITEMS)
		code = probe_emr(reader->parser, files, count, &reader->source->emr, error);
	if (code == 0)
		code = read_files(reader, files, count, error);
	events_list_free(files, count);
	return code;
}

static int ignore_problem(void *context, const struct problem *problem, struct error *error)
{
	(void)context;
	(void)problem;
	(void)error;
	return 0;
}

/* export_list names a path that is none as well. */
static bool is_export(char *const *folders, size_t count)
{
	char path[PATH_MAX];
	for (size_t i = 0; i < count; i++)
		if (snprintf(path, sizeof path, "%s/manifest-summary.json", folders[i]) < (int)sizeof path &&
		    access(path, F_OK) == 0)
			return true;
	return false;
}

int sample_add(struct sample *sample, const char *path, struct error *error)
{
	struct sample_source *source = &sample->sources[sample->source_count++];
	*source = (struct sample_source){
		.kind = SOURCE_EXPORT, .path = path, .time_lo_us = INT64_MAX, .time_hi_us = INT64_MIN};
	struct reader reader = {sample, source, json_parser_new(RECORD_SIZE_MAX), 0};
	struct record_sink sink = {NULL, NULL, ignore_problem};
	char **folders = NULL;
	size_t count = 0;
	if (reader.parser == NULL)
		return no_memory(error);
	int code = export_list(path, &sink, &folders, &count, error);
	if (code == 0 && is_export(folders, count))
		code = read_exports(&reader, folders, count, error);
	else if (code != ERROR_INTERNAL)
		code = read_by_content(&reader, error);
	events_list_free(folders, count);
	json_parser_free(reader.parser);
	return code;
}
