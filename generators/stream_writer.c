#include "generators/stream_writer.h"

#include <assert.h>
#include <stdio.h>

#include "base/clock.h"
#include "generators/compress.h"
#include "generators/export_writer.h"
#include "generators/lineage.h"
#include "generators/table.h"
#include "generators/text.h"

enum { FILE_PATH_MAX = 128 };
#define FILE_JSON_MAX ((size_t)2 << 30)

int stream_record_write(const struct stream_request *request, uint64_t ordinal, struct record_parts *parts,
			struct buffer *json)
{
	enum stream_view view = request->style.view;

	if (record_parts_fill(parts, request->style.model, request->history, ordinal, stream_view_has_new(view),
			      stream_view_has_old(view)) != 0)
		return ERROR_INTERNAL;
	return request->format->record(&request->style, parts, json);
}

/* ---- broken records ---- */

/* Replaces the first `from` at or after `start` by `to`. */
static bool replace(struct buffer *json, size_t start, const char *from, struct slice to)
{
	size_t size = strlen(from);
	char *found = memmem(json->data + start, json->size - start, from, size);
	if (found == NULL)
		return false;
	size_t at = (size_t)(found - json->data);
	if (to.size > size && buffer_reserve(json, to.size - size) != 0)
		return false;
	memmove(json->data + at + to.size, json->data + at + size, json->size - at - size);
	memcpy(json->data + at, to.data, to.size);
	json->size = json->size - size + to.size;
	return true;
}

/* Puts "<open><unit>…<unit><middle><close>…<close><end>" before the first key, as an attribute of Keys. */
static bool insert_repeated(struct buffer *json, size_t start, const char *open, const char *unit, const char *middle,
			    const char *close, size_t count)
{
	struct buffer text;

	buffer_init(&text, (size_t)64 << 20);
	buffer_append_text(&text, open);
	for (size_t i = 0; i < count; i++)
		buffer_append_text(&text, unit);
	buffer_append_text(&text, middle);
	for (size_t i = 0; i < count; i++)
		buffer_append_text(&text, close);
	buffer_append_byte(&text, ',');
	bool done = !text.failed && replace(json, start, "\"Keys\":{", buffer_slice(&text));
	buffer_release(&text);
	return done;
}

static bool break_key(struct buffer *json, size_t start, const char *key_name, bool missing)
{
	char from[KEY_NAME_MAX + 16], to[KEY_NAME_MAX + 64];

	snprintf(from, sizeof(from), "\"Keys\":{\"%s\":", key_name);
	if (missing)
		snprintf(to, sizeof(to), "\"Keys\":{\"no-%s\":", key_name);
	else
		snprintf(to, sizeof(to), "\"Keys\":{\"%s\":{\"BOOL\":true},\"other\":", key_name);
	return replace(json, start, from, slice_from(to));
}

/* Damages the record that begins at `start`. */
static bool break_record(struct buffer *json, size_t start, enum broken_kind kind, const char *key_name)
{
	enum { DEEP = 40, HUGE_UNITS = 17 * 1024, UNIT = 1024 };
	char unit[UNIT + 1];

	switch (kind) {
	case BROKEN_JSON:
		json->size = start + (json->size - start) / 2;
		return true;
	case BROKEN_DUPLICATE_KEY:
		return replace(json, start,
			       "\"SequenceNumber\":", slice_from("\"SequenceNumber\":\"1\",\"SequenceNumber\":"));
	case BROKEN_TYPE_TAG:
		return replace(json, start, "\"Keys\":{", slice_from("\"Keys\":{\"typed\":{\"X\":\"1\"},"));
	case BROKEN_NUMBER:
		return replace(json, start, "\"Keys\":{",
			       slice_from("\"Keys\":{\"numbered\":{\"N\":"
					  "\"123456789012345678901234567890123456789\"},"));
	case BROKEN_KEY_MISSING:
	case BROKEN_KEY_TYPE:
		return break_key(json, start, key_name, kind == BROKEN_KEY_MISSING);
	case BROKEN_UTF8:
		return replace(json, start, "\"Keys\":{", slice_from("\"Keys\":{\"text\":{\"S\":\"\xff\"},"));
	case BROKEN_DEEP:
		return insert_repeated(json, start, "\"Keys\":{\"deep\":", "{\"L\":[", "{\"NULL\":true}", "]}", DEEP);
	case BROKEN_HUGE:
		memset(unit, 'x', UNIT);
		unit[UNIT] = '\0';
		return insert_repeated(json, start, "\"Keys\":{\"huge\":{\"S\":\"", unit, "\"}", "", HUGE_UNITS);
	default:
		return false;
	}
}

/* ---- files ---- */

struct writer {
	const struct stream_request *request;
	struct output *output;
	struct stream_result *result;
	struct buffer *log;
	struct error *error;
	struct compressor *compressor;
	struct buffer json, packed;
	struct record_parts parts;
	char path[FILE_PATH_MAX];
};

static void file_path(const struct stream_request *request, const struct delivered_file *file, char path[FILE_PATH_MAX])
{
	struct civil civil = civil_from_us(file->time_us);

	snprintf(path, FILE_PATH_MAX, "events/%04u/%02u/%02u/%02u/batch_%06llu%s%s%s", civil.year, civil.month,
		 civil.day, civil.hour, (unsigned long long)file->number, file->origin == FILE_REUPLOAD ? "-copy" : "",
		 request->format->suffix, request->gzip ? ".gz" : "");
}

static int log_record(struct writer *writer, const char *fault, uint64_t record, uint64_t offset, uint64_t change)
{
	if (fault_log_record(writer->request->style.model, writer->request->history, fault, writer->path, record,
			     offset, change, writer->log) != 0)
		return error_set(writer->error, ERROR_INTERNAL,
				 "out of memory for the fault log; ask for fewer faults");
	return 0;
}

static int write_placement(struct writer *writer, const struct placement *placement, uint64_t record)
{
	const struct stream_request *request = writer->request;
	size_t start = writer->json.size;

	if (stream_record_write(request, placement->change, &writer->parts, &writer->json) != 0)
		return error_set(writer->error, ERROR_INTERNAL,
				 "a landed file exceeds 2 GiB; put fewer records into a file");
	if (placement->mark == MARK_DUPLICATE)
		return log_record(writer, "duplicate", record, start, placement->change);
	if (placement->mark != MARK_BROKEN)
		return 0;
	if (!break_record(&writer->json, start, (enum broken_kind)placement->broken,
			  request->style.model->config.key_name[0]))
		return error_set(writer->error, ERROR_INTERNAL, "a record could not be broken as asked");
	return log_record(writer, broken_name((enum broken_kind)placement->broken), record, start, placement->change);
}

static int log_file(struct writer *writer, const struct delivered_file *file)
{
	char original[FILE_PATH_MAX], detail[FILE_PATH_MAX + 16];
	int failed = 0;

	if (file->origin != FILE_FIRST) {
		file_path(writer->request, &writer->request->delivery->files[file->original], original);
		snprintf(detail, sizeof(detail), "\"of\":\"%s\"", original);
		failed |= fault_log_file(file->origin == FILE_REPLAY ? "replay" : "reupload", writer->path, detail,
					 writer->log);
	}
	if (file->truncated)
		failed |= fault_log_file("truncate-gzip", writer->path, NULL, writer->log);
	if (failed)
		return error_set(writer->error, ERROR_INTERNAL,
				 "out of memory for the fault log; ask for fewer faults");
	return 0;
}

static int write_file(struct writer *writer, const struct delivered_file *file)
{
	const struct stream_request *request = writer->request;

	writer->json.size = 0;
	writer->packed.size = 0;
	file_path(request, file, writer->path);
	for (uint64_t record = 0; record < file->count; record++) {
		request->format->frame(&request->style, file->count, record, &writer->json);
		if (write_placement(writer, &request->delivery->placements[file->first + record], record) != 0)
			return writer->error->code;
	}
	request->format->frame(&request->style, file->count, file->count, &writer->json);
	if (writer->json.failed)
		return error_set(writer->error, ERROR_INTERNAL,
				 "a landed file exceeds 2 GiB; put fewer records into a file");
	struct slice stored = buffer_slice(&writer->json);
	if (request->gzip) {
		if (compressor_gzip(writer->compressor, stored, &writer->packed, writer->error) != 0)
			return writer->error->code;
		stored = buffer_slice(&writer->packed);
	}
	if (file->truncated)
		stored.size -= stored.size / 3;
	writer->result->files++;
	writer->result->records += file->count;
	writer->result->plain_bytes += writer->json.size;
	writer->result->stored_bytes += stored.size;
	if (request->progress != NULL)
		request->progress(file->count, stored.size);
	if (log_file(writer, file) != 0)
		return writer->error->code;
	return output_write(writer->output, writer->path, stored, writer->error);
}

int stream_write(const struct stream_request *request, struct output *output, struct stream_result *result,
		 struct buffer *log, struct error *error)
{
	struct writer writer = {.request = request, .output = output, .result = result, .log = log, .error = error};
	int failed;

	*result = (struct stream_result){0};
	buffer_init(&writer.json, FILE_JSON_MAX);
	buffer_init(&writer.packed, FILE_JSON_MAX);
	record_parts_init(&writer.parts);
	failed = compressor_new(&writer.compressor, error);
	for (uint64_t i = 0; i < request->delivery->file_count && !failed; i++)
		failed = write_file(&writer, &request->delivery->files[i]);
	compressor_free(writer.compressor);
	buffer_release(&writer.json);
	buffer_release(&writer.packed);
	record_parts_release(&writer.parts);
	return failed;
}
