#include "generators/stream_writer.h"

#include <stdio.h>

#include "base/clock.h"
#include "bridge/write.h"
#include "generators/compress.h"
#include "generators/damage.h"
#include "generators/parquet_file.h"
#include "generators/plain_format.h"
#include "generators/table.h"
#include "generators/text.h"

enum { FILE_PATH_MAX = 128 };
#define FILE_JSON_MAX ((size_t)2 << 30)

int stream_record_write(const struct stream_request *request, uint64_t change, uint32_t marks,
			struct record_parts *parts, struct buffer *json)
{
	const struct model *model = request->style.model;
	enum stream_view view = request->format->both_images ? VIEW_NEW_AND_OLD_IMAGES : request->style.view;
	size_t start = json->size;

	bool parsed = request->format->parquet != NULL || (request->format->rows & (LANDED_PLAIN | LANDED_CSV)) != 0;
	if (parsed && parts->plain == NULL && (parts->plain = plain_scratch_new()) == NULL)
		return ERROR_INTERNAL;
	if (record_parts_fill(parts, model, request->history, change, stream_view_has_new(view),
			      stream_view_has_old(view)) != 0)
		return ERROR_INTERNAL;
	if ((marks & MARK_EXTRA_REMOVE) != 0)
		record_parts_remove(parts, model);
	if (marks != 0 && damage_parts(parts, marks, model->config.key_name[0]) != 0)
		return ERROR_INTERNAL;
	if (request->format->record(&request->style, parts, json) != 0)
		return ERROR_INTERNAL;
	if ((marks & MARK_OF(FAULT_BAD_JSON)) != 0)
		json->size = start + (json->size - start) / 2;
	return 0;
}

struct writer {
	const struct stream_request *request;
	struct output *output;
	struct stream_result *result;
	struct buffer *log;
	struct error *error;
	struct compressor *compressor;
	struct buffer json, packed;
	struct ArrowSchema columns; /* of Parquet */
	struct record_parts parts;
	char path[FILE_PATH_MAX];
};

static const char *repeat_suffix(const struct delivered_file *file)
{
	return file->origin == FILE_REUPLOAD ? "-copy" : file->origin == FILE_HALF ? "-half" : "";
}

/* <stream>-<version>-<when the oldest record arrived>-<uuid>, in a folder for each hour; the number in the uuid keeps
 * objects of one second in order. */
static void firehose_path(const struct stream_request *request, const struct delivered_file *file,
			  char path[FILE_PATH_MAX])
{
	struct civil civil = civil_from_us(file->time_us);

	snprintf(path, FILE_PATH_MAX,
		 "events/%04u/%02u/%02u/%02u/"
		 "changes-1-%04u-%02u-%02u-%02u-%02u-%02u-%08llx-0000-4000-8000-0123456789ab%s%s",
		 civil.year, civil.month, civil.day, civil.hour, civil.year, civil.month, civil.day, civil.hour,
		 civil.minute, civil.second, (unsigned long long)file->number, repeat_suffix(file),
		 request->format->parquet != NULL ? ".parquet"
		 : request->gzip                  ? ".gz"
						  : "");
}

static void file_path(const struct stream_request *request, const struct delivered_file *file, char path[FILE_PATH_MAX])
{
	struct civil civil = civil_from_us(file->time_us);

	if (request->format->delta) {
		snprintf(path, FILE_PATH_MAX, "events");
		return;
	}
	if (request->format->suffix == NULL) {
		firehose_path(request, file, path);
		return;
	}
	snprintf(path, FILE_PATH_MAX, "events/%04u/%02u/%02u/%02u/batch_%06llu%s%s%s", civil.year, civil.month,
		 civil.day, civil.hour, (unsigned long long)file->number, repeat_suffix(file), request->format->suffix,
		 request->gzip ? ".gz" : "");
}

static int file_too_large(struct writer *writer)
{
	return error_set(writer->error, ERROR_INTERNAL, "a landed file exceeds 2 GiB; put fewer records into a file");
}

/* ---- the log ---- */

static int log_failed(struct writer *writer)
{
	return error_set(writer->error, ERROR_INTERNAL, "out of memory for the fault log; ask for fewer faults");
}

static int log_record(struct writer *writer, enum fault_id id, uint64_t record, uint64_t offset, uint64_t change)
{
	return fault_log_record(writer->request->style.model, writer->request->history, id, writer->path, record,
				offset, change, writer->log);
}

/* A line for everything that was done to one record; what order it came in is told once, not of repeated files too. */
static int log_marks(struct writer *writer, const struct delivered_file *file, const struct placement *placement,
		     uint64_t record, uint64_t offset)
{
	static const struct {
		uint32_t mark;
		enum fault_id id;
	} others[] = {{MARK_DUPLICATE, FAULT_DUPLICATE},
		      {MARK_EXTRA_REMOVE, FAULT_PUT_AS_REMOVE},
		      {MARK_SWAPPED, FAULT_SWAP_BATCH},
		      {MARK_LATE, FAULT_LATE}};
	int failed = 0;

	for (int id = FAULT_MARKS_FIRST; id <= FAULT_MARKS_LAST; id++)
		if ((placement->marks & MARK_OF(id)) != 0)
			failed |= log_record(writer, (enum fault_id)id, record, offset, placement->change);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]) && file->origin == FILE_FIRST; i++)
		if ((placement->marks & others[i].mark) != 0)
			failed |= log_record(writer, others[i].id, record, offset, placement->change);
	return failed != 0 ? log_failed(writer) : 0;
}

/* `moved`: records of the file that a shuffle put elsewhere. */
static int log_file(struct writer *writer, const struct delivered_file *file, uint64_t moved)
{
	static const enum fault_id repeat_faults[] = {
		[FILE_REPLAY] = FAULT_REPLAY, [FILE_REUPLOAD] = FAULT_REUPLOAD, [FILE_HALF] = FAULT_HALF_BATCH};
	char original[FILE_PATH_MAX], detail[FILE_PATH_MAX + 16];
	int failed = 0;

	if (file->origin != FILE_FIRST) {
		file_path(writer->request, &writer->request->delivery->files[file->original], original);
		snprintf(detail, sizeof(detail), "\"of\":\"%s\"", original);
		failed |= fault_log_file(repeat_faults[file->origin], writer->path, detail, writer->log);
	} else if (moved > 0) {
		snprintf(detail, sizeof(detail), "\"records\":%llu", (unsigned long long)moved);
		failed |= fault_log_file(FAULT_SHUFFLE, writer->path, detail, writer->log);
	}
	if (file->child_first)
		failed |= fault_log_file(FAULT_CHILD_FIRST, writer->path, NULL, writer->log);
	for (int id = FAULT_TRUNCATE_GZIP; id <= FAULT_NO_NEWLINE; id++)
		if ((file->damage & DAMAGE_OF(id)) != 0)
			failed |= fault_log_file((enum fault_id)id, writer->path, NULL, writer->log);
	return failed != 0 ? log_failed(writer) : 0;
}

/* ---- files ---- */

/* Line ends are nowhere but between records: inside strings they are escaped. */
static int change_newlines(struct buffer *json, const char *with)
{
	struct buffer changed;

	buffer_init(&changed, json->size_max);
	for (size_t at = 0; at < json->size;) {
		const char *found = memchr(json->data + at, '\n', json->size - at);
		size_t plain = found == NULL ? json->size - at : (size_t)(found - json->data) - at;
		buffer_append(&changed, json->data + at, plain);
		if (found != NULL)
			buffer_append_text(&changed, with);
		at += plain + (found != NULL);
	}
	if (changed.failed) {
		buffer_release(&changed);
		return ERROR_INTERNAL;
	}
	buffer_release(json);
	*json = changed;
	return 0;
}

/* `last`: where the file's last record begins. */
static int damage_text(struct writer *writer, const struct delivered_file *file, size_t last)
{
	static const char bom[] = "\xef\xbb\xbf";
	struct buffer *json = &writer->json;

	if ((file->damage & DAMAGE_OF(FAULT_TRUNCATE_LINE)) != 0)
		json->size = last + (json->size - last) / 2;
	if ((file->damage & DAMAGE_OF(FAULT_NO_NEWLINE)) != 0 && change_newlines(json, "") != 0)
		return file_too_large(writer);
	if ((file->damage & DAMAGE_OF(FAULT_CRLF)) != 0 && change_newlines(json, "\r\n") != 0)
		return file_too_large(writer);
	if ((file->damage & DAMAGE_OF(FAULT_BOM)) != 0) {
		if (buffer_reserve(json, sizeof(bom)) != 0)
			return file_too_large(writer);
		memmove(json->data + sizeof(bom) - 1, json->data, json->size);
		memcpy(json->data, bom, sizeof(bom) - 1);
		json->size += sizeof(bom) - 1;
	}
	return 0;
}

/* A poll finds what was written last, and no deletes: of an item's changes in a file at most the last one is there. */
static bool is_passed_over(const struct stream_request *request, const struct delivered_file *file, uint64_t record)
{
	const struct placement *run = request->delivery->placements + file->first;
	const struct change *changes = request->history->changes, *change = &changes[run[record].change];

	if ((request->format->rows & LANDED_PUTS_ONLY) == 0)
		return false;
	for (uint64_t i = 0; i < file->count; i++)
		if (changes[run[i].change].item == change->item && run[i].change > run[record].change)
			return true;
	return change_removes(change);
}

/* All records of a file, framed; *last is where the last one begins. */
static int write_records(struct writer *writer, const struct delivered_file *file, uint64_t count, size_t *last,
			 uint64_t *moved)
{
	uint64_t index = 0;

	const struct stream_request *request = writer->request;

	for (uint64_t record = 0; record < file->count; record++) {
		const struct placement *placement = &request->delivery->placements[file->first + record];
		if (is_passed_over(request, file, record))
			continue;
		request->format->frame(&request->style, count, index, &writer->json);
		*last = writer->json.size;
		if (stream_record_write(request, placement->change, placement->marks, &writer->parts, &writer->json) !=
		    0)
			return file_too_large(writer);
		*moved += (placement->marks & MARK_SHUFFLED) != 0;
		if (placement->marks != 0 && log_marks(writer, file, placement, index, *last) != 0)
			return writer->error->code;
		index++;
	}
	request->format->frame(&request->style, count, count, &writer->json);
	return writer->json.failed ? file_too_large(writer) : 0;
}

/* What columns the file's lines become. */
static int make_columns(struct writer *writer)
{
	const struct stream_request *request = writer->request;
	struct buffer *json = &writer->json;

	json->size = 0;
	request->format->parquet(&request->style, json);
	if (buffer_append_byte(json, '\0') != 0)
		return error_set(writer->error, ERROR_INTERNAL, "out of memory for the columns of Parquet files");
	return bridge_schema_of_json(json->data, &writer->columns, writer->error);
}

static int write_parquet(struct writer *writer)
{
	uint64_t stored = 0;
	int failed = parquet_file_write(writer->output, writer->path, &writer->columns, buffer_slice(&writer->json),
					&stored, writer->error);

	writer->result->stored_bytes += stored;
	return failed;
}

/* The table that batches are put into. */
static int make_table(struct writer *writer)
{
	char path[OUTPUT_PATH_MAX];

	if (output_path(writer->output, "events", path, writer->error) != 0)
		return writer->error->code;
	return bridge_table_create(path, &writer->columns, "", "", writer->error);
}

static int write_commit(struct writer *writer)
{
	struct bridge_writer *transaction;
	char path[OUTPUT_PATH_MAX];
	int64_t version;

	if (output_path(writer->output, "events", path, writer->error) != 0 ||
	    bridge_writer_begin(path, &transaction, writer->error) != 0)
		return writer->error->code;
	if (bridge_writer_add_lines(transaction, writer->json.data, writer->json.size, writer->error) == 0)
		return bridge_writer_commit(transaction, "WRITE", NULL, 0, &version, writer->error);
	bridge_writer_abort(transaction);
	return writer->error->code;
}

static int write_file(struct writer *writer, const struct delivered_file *file)
{
	const struct stream_request *request = writer->request;
	size_t last = 0;
	uint64_t moved = 0, count = 0;

	for (uint64_t record = 0; record < file->count; record++)
		count += !is_passed_over(request, file, record);
	if (count == 0)
		return 0;
	writer->json.size = 0;
	writer->packed.size = 0;
	file_path(request, file, writer->path);
	if (write_records(writer, file, count, &last, &moved) != 0 ||
	    (file->damage != 0 && damage_text(writer, file, last) != 0))
		return writer->error->code;
	struct slice stored = buffer_slice(&writer->json);
	if (request->gzip) {
		if (compressor_gzip(writer->compressor, stored, &writer->packed, writer->error) != 0)
			return writer->error->code;
		stored = buffer_slice(&writer->packed);
	}
	if ((file->damage & DAMAGE_OF(FAULT_TRUNCATE_GZIP)) != 0)
		stored.size -= stored.size / 3;
	writer->result->files++;
	writer->result->records += count;
	writer->result->plain_bytes += writer->json.size;
	if (request->format->parquet == NULL || request->format->delta)
		writer->result->stored_bytes += stored.size;
	if (request->progress != NULL)
		request->progress(file->count, stored.size);
	if (log_file(writer, file, moved) != 0)
		return writer->error->code;
	if (request->landed != NULL)
		request->landed(request->context, writer->path, file->time_us);
	if (request->format->delta)
		return write_commit(writer);
	if (request->format->parquet != NULL)
		return write_parquet(writer);
	return output_write(writer->output, writer->path, stored, writer->error);
}

/* ---- the error prefix ---- */

/* As Firehose tells of a record that its Lambda could not process; the record itself is in rawData, as it came. */
static int write_error_line(struct writer *writer, uint64_t change, struct buffer *lines)
{
	size_t offset = lines->size;
	struct stream_request raw = *writer->request;

	if (raw.format->parquet != NULL)
		raw.format = stream_format_find(raw.format->both_images ? "kinesis" : "lambda");
	writer->json.size = 0;
	if (stream_record_write(&raw, change, 0, &writer->parts, &writer->json) != 0)
		return file_too_large(writer);
	int64_t time_ms = writer->parts.time_us / 1000;
	buffer_printf(lines,
		      "{\"attemptsMade\":4,\"arrivalTimestamp\":%lld,\"errorCode\":\"Lambda.FunctionError\","
		      "\"errorMessage\":\"The Lambda function was successfully invoked but it returned an error "
		      "result.\",\"attemptEndingTimestamp\":%lld,\"rawData\":\"",
		      (long long)time_ms + 700, (long long)time_ms + 61000);
	buffer_append_base64(lines, buffer_slice(&writer->json));
	buffer_append_text(lines, "\",\"lambdaArn\":\"arn:aws:lambda:" TABLE_REGION ":" TABLE_ACCOUNT
				  ":function:unwrap:$LATEST\"}\n");
	if (lines->failed)
		return file_too_large(writer);
	return log_record(writer, FAULT_ERROR_PREFIX, 0, offset, change) != 0 ? log_failed(writer) : 0;
}

/* One file a record's hour, as few are expected. */
static int write_errors(struct writer *writer)
{
	const struct delivery *delivery = writer->request->delivery;
	struct buffer lines;
	int failed = 0;

	buffer_init(&lines, FILE_JSON_MAX);
	for (uint64_t i = 0; i < delivery->error_count && !failed; i++) {
		const struct change *changes = writer->request->history->changes;
		struct civil civil = civil_from_us(changes[delivery->errors[i]].time_us);
		char next[FILE_PATH_MAX] = "";

		snprintf(writer->path, sizeof(writer->path),
			 "errors/processing-failed/%04u/%02u/%02u/%02u/delivery-1-%04u-%02u-%02u-%02u", civil.year,
			 civil.month, civil.day, civil.hour, civil.year, civil.month, civil.day, civil.hour);
		failed = write_error_line(writer, delivery->errors[i], &lines);
		if (i + 1 < delivery->error_count) {
			civil = civil_from_us(changes[delivery->errors[i + 1]].time_us);
			snprintf(next, sizeof(next), "errors/processing-failed/%04u/%02u/%02u/%02u/", civil.year,
				 civil.month, civil.day, civil.hour);
		}
		if (failed || (next[0] != '\0' && strncmp(writer->path, next, strlen(next)) == 0))
			continue;
		failed = output_write(writer->output, writer->path, buffer_slice(&lines), writer->error);
		lines.size = 0;
	}
	buffer_release(&lines);
	return failed;
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
	if (!failed && request->format->parquet != NULL)
		failed = make_columns(&writer);
	if (!failed && request->format->delta)
		failed = make_table(&writer);
	for (uint64_t i = 0; i < request->delivery->file_count && !failed; i++)
		failed = write_file(&writer, &request->delivery->files[i]);
	if (!failed)
		failed = write_errors(&writer);
	compressor_free(writer.compressor);
	buffer_release(&writer.json);
	buffer_release(&writer.packed);
	record_parts_release(&writer.parts);
	if (writer.columns.release != NULL)
		writer.columns.release(&writer.columns);
	return failed;
}
