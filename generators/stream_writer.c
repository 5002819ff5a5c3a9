#include "generators/stream_writer.h"

#include <assert.h>
#include <stdio.h>

#include "base/clock.h"
#include "generators/compress.h"
#include "generators/export_writer.h"
#include "generators/lineage.h"
#include "generators/preset.h"
#include "generators/text.h"

enum { FILE_PATH_MAX = 128 };
#define FILE_JSON_MAX ((size_t)2 << 30)

const char *stream_view_name(enum stream_view view)
{
	static const char *const names[] = {"KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"};
	return names[view];
}

/* ---- one record ---- */

static void write_time(enum stream_time form, int64_t time_us, struct buffer *json)
{
	char text[TEXT_U64_MAX + 4];
	char *end = text_u64(text, (uint64_t)(time_us / CLOCK_SECOND_US));
	size_t digits = (size_t)(end - text), kept = digits;

	if (form != TIME_EXPONENT) {
		buffer_append(json, text, digits);
		if (form == TIME_POINT)
			buffer_append(json, ".0", 2);
		return;
	}
	/* 1760000000 is 1.76E9. */
	while (kept > 2 && text[kept - 1] == '0')
		kept--;
	buffer_append(json, text, 1);
	buffer_append(json, ".", 1);
	buffer_append(json, text + 1, kept - 1);
	buffer_append(json, "E", 1);
	buffer_append_u64(json, digits - 1);
}

static int write_image(const struct model *model, const char *name, uint64_t item, uint32_t version,
		       struct buffer *json, uint64_t *size_bytes)
{
	uint64_t image_bytes = 0;
	buffer_append_text(json, name);
	int failed = model_image(model, item, version, json, &image_bytes);
	*size_bytes += image_bytes;
	return failed;
}

/* The member "dynamodb": images as the view has them. */
static int write_dynamodb(const struct stream_request *request, uint64_t ordinal, struct buffer *json)
{
	const struct change *change = &request->history->changes[ordinal];
	char sequence[SEQUENCE_TEXT_MAX];
	uint64_t size_bytes = 0;
	bool with_new = request->view == VIEW_NEW_IMAGE || request->view == VIEW_NEW_AND_OLD_IMAGES;
	bool with_old = request->view == VIEW_OLD_IMAGE || request->view == VIEW_NEW_AND_OLD_IMAGES;

	buffer_append_text(json, "\"dynamodb\":{\"ApproximateCreationDateTime\":");
	write_time(request->time, change->time_us, json);
	buffer_append_text(json, ",\"Keys\":");
	if (model_key_json(request->model, change->item, json, &size_bytes) != 0)
		return ERROR_INTERNAL;
	if (with_new && change->new_version != 0 &&
	    write_image(request->model, ",\"NewImage\":", change->item, change->new_version, json, &size_bytes) != 0)
		return ERROR_INTERNAL;
	if (with_old && change->old_version != 0 &&
	    write_image(request->model, ",\"OldImage\":", change->item, change->old_version, json, &size_bytes) != 0)
		return ERROR_INTERNAL;
	model_sequence(request->model, ordinal, sequence);
	buffer_append_text(json, ",\"SequenceNumber\":\"");
	buffer_append_text(json, sequence);
	buffer_append_text(json, "\",\"SizeBytes\":");
	buffer_append_u64(json, size_bytes);
	buffer_append_text(json, ",\"StreamViewType\":\"");
	buffer_append_text(json, stream_view_name(request->view));
	return buffer_append_text(json, "\"}");
}

static const char *event_name(const struct change *change)
{
	switch (change->kind) {
	case CHANGE_INSERT:
		return "INSERT";
	case CHANGE_MODIFY:
		return "MODIFY";
	default:
		return "REMOVE";
	}
}

int stream_record_write(const struct stream_request *request, uint64_t ordinal, struct buffer *json)
{
	const struct change *change = &request->history->changes[ordinal];
	bool expired = change->kind == CHANGE_EXPIRE;
	char event_id[EVENT_ID_MAX], label[STREAM_LABEL_MAX];

	assert(ordinal < request->history->count);
	model_event_id(request->model, ordinal, event_id);
	if (request->shape == SHAPE_STREAMS) {
		buffer_append_text(json, "{\"awsRegion\":\"" TABLE_REGION "\",");
		if (write_dynamodb(request, ordinal, json) != 0)
			return ERROR_INTERNAL;
		buffer_printf(json,
			      ",\"eventID\":\"%s\",\"eventName\":\"%s\",\"eventSource\":\"aws:dynamodb\","
			      "\"eventVersion\":\"1.1\"",
			      event_id, event_name(change));
		if (expired)
			buffer_append_text(json, ",\"userIdentity\":{\"PrincipalId\":\"dynamodb.amazonaws.com\","
						 "\"Type\":\"Service\"}");
		return buffer_append_text(json, "}");
	}
	buffer_printf(json,
		      "{\"eventID\":\"%s\",\"eventName\":\"%s\",\"eventVersion\":\"1.1\","
		      "\"eventSource\":\"aws:dynamodb\",\"awsRegion\":\"" TABLE_REGION "\",",
		      event_id, event_name(change));
	if (write_dynamodb(request, ordinal, json) != 0)
		return ERROR_INTERNAL;
	if (expired)
		buffer_append_text(json, ",\"userIdentity\":{\"principalId\":\"dynamodb.amazonaws.com\","
					 "\"type\":\"Service\"}");
	lineage_label(request->model, label);
	return buffer_printf(json, ",\"eventSourceARN\":\"" TABLE_ARN_PREFIX "%s/stream/%s\"}",
			     request->model->config.preset->table, label);
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
	char path[FILE_PATH_MAX];
};

static void file_path(const struct stream_request *request, const struct delivered_file *file, char path[FILE_PATH_MAX])
{
	struct civil civil = civil_from_us(file->time_us);
	const char *suffix = request->shape == SHAPE_ARRAY          ? ".json"
			     : request->shape == SHAPE_CONCATENATED ? ""
								    : ".jsonl";

	snprintf(path, FILE_PATH_MAX, "events/%04u/%02u/%02u/%02u/batch_%06llu%s%s%s", civil.year, civil.month,
		 civil.day, civil.hour, (unsigned long long)file->number, file->origin == FILE_REUPLOAD ? "-copy" : "",
		 suffix, request->gzip ? ".gz" : "");
}

/* What stands before, between and after the records of a file. */
static void write_separator(struct writer *writer, const struct delivered_file *file, uint64_t record)
{
	uint64_t envelope = writer->request->envelope_records;
	bool opens, closes;

	if (envelope == 0 || envelope > file->count)
		envelope = file->count;
	switch (writer->request->shape) {
	case SHAPE_STREAMS:
		if (record > 0)
			buffer_append_byte(&writer->json, '\n');
		break;
	case SHAPE_LAMBDA:
		opens = record < file->count && record % envelope == 0;
		closes = record > 0 && (record == file->count || record % envelope == 0);
		if (closes)
			buffer_append_text(&writer->json, "]}\n");
		if (opens)
			buffer_append_text(&writer->json, "{\"Records\":[");
		else if (!closes)
			buffer_append_byte(&writer->json, ',');
		break;
	case SHAPE_ARRAY:
		buffer_append_byte(&writer->json, record == 0 ? '[' : record < file->count ? ',' : ']');
		break;
	case SHAPE_CONCATENATED:
		break;
	}
}

static int log_record(struct writer *writer, const char *fault, uint64_t record, uint64_t offset, uint64_t change)
{
	if (fault_log_record(writer->request->model, writer->request->history, fault, writer->path, record, offset,
			     change, writer->log) != 0)
		return error_set(writer->error, ERROR_INTERNAL,
				 "out of memory for the fault log; ask for fewer faults");
	return 0;
}

static int write_placement(struct writer *writer, const struct placement *placement, uint64_t record)
{
	const struct stream_request *request = writer->request;
	size_t start = writer->json.size;

	if (stream_record_write(request, placement->change, &writer->json) != 0)
		return error_set(writer->error, ERROR_INTERNAL,
				 "a landed file exceeds 2 GiB; put fewer records into a file");
	if (placement->mark == MARK_DUPLICATE)
		return log_record(writer, "duplicate", record, start, placement->change);
	if (placement->mark != MARK_BROKEN)
		return 0;
	if (!break_record(&writer->json, start, (enum broken_kind)placement->broken,
			  request->model->config.key_name[0]))
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
		write_separator(writer, file, record);
		if (write_placement(writer, &request->delivery->placements[file->first + record], record) != 0)
			return writer->error->code;
	}
	write_separator(writer, file, file->count);
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
	failed = compressor_new(&writer.compressor, error);
	for (uint64_t i = 0; i < request->delivery->file_count && !failed; i++)
		failed = write_file(&writer, &request->delivery->files[i]);
	compressor_free(writer.compressor);
	buffer_release(&writer.json);
	buffer_release(&writer.packed);
	return failed;
}
