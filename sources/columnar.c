#include "sources/columnar.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bridge/read.h"

static const char TOO_LARGE[] = "larger than 16 MB";
static const char NO_RECORD[] = "the column holds no record in this row";
static const char TEXT_ENDS[] = "the column's text ends inside it";

/* One row's text, as a stream. */
struct text_source {
	struct slice rest;
};

struct columnar_reader {
	const char *path;
	const struct columnar *how;
	struct bridge_table *table; /* NULL: a file */
	uint64_t file, file_count;
	struct bridge_lines *lines; /* of the present file; NULL between files */
	struct slice row;
	int64_t row_number;
	int64_t base, last; /* of a table: the first row's number of the present file, the last row's place in it */
	uint64_t number;    /* of the next record of a column */
	struct text_source text;
	struct frame_reader *frames;        /* of the present row's text */
	bool found;                         /* it has given a record */
	struct json_parser *parser, *inner; /* for `convert` */
	struct buffer converted;
	uint64_t bytes, stored;
	enum gzip_status ended;
	struct error failure;
};

/* ---- what there is */

static bool has_suffix(const char *path, const char *suffix)
{
	size_t size = strlen(path), length = strlen(suffix);
	return size >= length && strcmp(path + size - length, suffix) == 0;
}

static bool is_table(const char *path)
{
	char *log = NULL;
	struct stat status;
	if (asprintf(&log, "%s/_delta_log", path) < 0)
		return true;
	bool is = stat(log, &status) == 0 ? S_ISDIR(status.st_mode) : errno != ENOENT && errno != ENOTDIR;
	free(log);
	return is;
}

/* Its folder is a table's, or lies in one: partitions are called NAME=VALUE, other prefixes have one level. */
static bool is_in_table(const char *path)
{
	char *folder = strdup(path);
	bool is = folder == NULL, upwards = true;
	for (bool first = true; !is && upwards; first = false) {
		char *slash = strrchr(folder, '/');
		if (slash == NULL || slash == folder)
			break;
		*slash = '\0';
		is = is_table(folder);
		const char *name = strrchr(folder, '/');
		upwards = first || strchr(name != NULL ? name : folder, '=') != NULL;
	}
	free(folder);
	return is;
}

enum columnar_kind columnar_kind(const char *path)
{
	struct stat status;
	char mark[4] = {0};
	if (stat(path, &status) != 0)
		return COLUMNAR_NONE;
	if (S_ISDIR(status.st_mode))
		return is_table(path) ? COLUMNAR_TABLE : COLUMNAR_NONE;
	if (has_suffix(path, ".parquet"))
		return is_in_table(path) ? COLUMNAR_PART : COLUMNAR_FILE;
	int file = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = file < 0 ? 0 : read(file, mark, sizeof(mark));
	if (file >= 0)
		(void)close(file);
	bool parquet = size == sizeof(mark) && (memcmp(mark, "PAR1", 4) == 0 || memcmp(mark, "PARE", 4) == 0);
	return !parquet ? COLUMNAR_NONE : is_in_table(path) ? COLUMNAR_PART : COLUMNAR_FILE;
}

static uint64_t table_size(const struct bridge_table *table)
{
	uint64_t size = 0;
	for (uint64_t i = 0; i < bridge_table_info(table)->file_count; i++)
		size += bridge_table_file(table, i)->size_bytes;
	return size;
}

int columnar_table(const char *path, int64_t *version, uint64_t *size_bytes, int64_t *time_ms, struct buffer *identity,
		   struct error *error)
{
	struct bridge_table *table = NULL;
	int code = bridge_table_open(path, *version, &table, error);
	if (code != 0)
		return code;
	const struct bridge_info *info = bridge_table_info(table);
	*size_bytes = table_size(table);
	*time_ms = info->commit_time_ms;
	*version = info->version;
	if (buffer_printf(identity, "%s|version %" PRId64, info->table_id, info->version) != 0)
		code = error_set(error, ERROR_INTERNAL, "out of memory");
	bridge_table_close(table);
	return code;
}

/* ---- opening */

int columnar_open(const char *path, const struct columnar *how, struct columnar_reader **result, struct error *error)
{
	struct columnar_reader *reader = calloc(1, sizeof(*reader));
	struct stat status;
	*result = NULL;
	if (reader == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	*reader = (struct columnar_reader){.path = path, .how = how};
	buffer_init(&reader->converted, (size_t)RECORD_SIZE_MAX * 2);
	int code = 0;
	if (how->convert != NULL) {
		reader->parser = json_parser_new(RECORD_SIZE_MAX);
		reader->inner = json_parser_new(RECORD_SIZE_MAX);
	}
	if (how->convert != NULL && (reader->parser == NULL || reader->inner == NULL))
		code = error_set(error, ERROR_INTERNAL, "out of memory");
	else if (stat(path, &status) != 0)
		code = error_system(error, "cannot look at '%s'", path);
	else if (S_ISDIR(status.st_mode))
		code = bridge_table_open(path, how->version, &reader->table, error);
	else
		code = bridge_lines_of_file(path, how->column, &reader->lines, error);
	if (code != 0) {
		columnar_close(reader);
		return code;
	}
	reader->stored = reader->table != NULL ? table_size(reader->table) : (uint64_t)status.st_size;
	reader->file_count = reader->table != NULL ? bridge_table_info(reader->table)->file_count : 1;
	*result = reader;
	return 0;
}

void columnar_close(struct columnar_reader *reader)
{
	if (reader == NULL)
		return;
	frame_close(reader->frames);
	bridge_lines_close(reader->lines);
	bridge_table_close(reader->table);
	json_parser_free(reader->parser);
	json_parser_free(reader->inner);
	buffer_release(&reader->converted);
	free(reader);
}

enum gzip_status columnar_ended(const struct columnar_reader *reader)
{
	return reader->ended;
}

uint64_t columnar_bytes(const struct columnar_reader *reader)
{
	return reader->bytes;
}

uint64_t columnar_stored(const struct columnar_reader *reader)
{
	return reader->stored;
}

const char *columnar_failure(const struct columnar_reader *reader)
{
	return reader->failure.code != 0 ? reader->failure.message : NULL;
}

/* ---- rows */

/* To the next file. The rows of the one before are counted on from, the deleted ones too. */
static void end_file(struct columnar_reader *reader)
{
	bridge_lines_close(reader->lines);
	reader->lines = NULL;
	if (reader->table != NULL) {
		int64_t rows = bridge_table_file(reader->table, reader->file)->rows_physical;
		reader->base += rows >= 0 ? rows : reader->last + 1;
	}
	reader->last = -1;
	reader->file++;
}

/* The next row into `row`, which is NULL at the end. */
static int next_row(struct columnar_reader *reader, struct error *error)
{
	reader->row = (struct slice){NULL, 0};
	while (reader->file < reader->file_count) {
		const char *bytes = NULL;
		uint64_t size = 0;
		int64_t place = 0;
		int code = 0;
		if (reader->lines == NULL)
			code = bridge_lines_of_table(reader->table, reader->file, reader->how->column, &reader->lines,
						     error);
		if (code == 0)
			code = bridge_lines_next(reader->lines, &bytes, &size, &place, error);
		if (code != 0)
			return code;
		if (bytes != NULL) {
			reader->row = (struct slice){bytes, (size_t)size};
			reader->row_number = reader->base + place;
			reader->last = place;
			reader->bytes += size;
			return 0;
		}
		end_file(reader);
	}
	return 0;
}

static void set_broken(const struct columnar_reader *reader, struct frame *frame, uint64_t number, const char *reason)
{
	*frame = (struct frame){.kind = FRAME_BROKEN,
				.bytes = reader->row,
				.number = number,
				.offset = (uint64_t)reader->row_number,
				.reason = reason,
				.reason_offset = (uint64_t)reader->row_number};
}

/* What the row stands for, or why it cannot be told. */
static int convert_row(struct columnar_reader *reader, struct frame *frame, struct error *error)
{
	const struct json_token *tokens;
	size_t count;
	struct json_failure failure;
	const char *reason = NULL;
	struct buffer *json = &reader->converted;
	json->size = 0;
	if (!json_parse(reader->parser, reader->row, &tokens, &count, &failure)) {
		set_broken(reader, frame, frame->number, failure.reason);
		return 0;
	}
	bool told = reader->how->convert(tokens, reader->inner, json, &reason);
	if (json->failed || buffer_reserve(json, JSON_PADDING) != 0)
		return error_set(error, ERROR_INTERNAL, "out of memory for a row of %zu bytes", reader->row.size);
	if (!told || json->size > RECORD_SIZE_MAX)
		set_broken(reader, frame, frame->number, told ? TOO_LARGE : reason);
	else
		frame->bytes = buffer_slice(json);
	return 0;
}

static int take_row(struct columnar_reader *reader, struct frame *frame, struct error *error)
{
	uint64_t number = (uint64_t)reader->row_number;
	if (reader->row.size > RECORD_SIZE_MAX) {
		set_broken(reader, frame, number, TOO_LARGE);
		frame->bytes = (struct slice){NULL, 0};
		return 0;
	}
	*frame = (struct frame){
		.kind = FRAME_RECORD, .bytes = reader->row, .number = number, .offset = number, .whole_line = true};
	return reader->how->convert != NULL ? convert_row(reader, frame, error) : 0;
}

/* ---- the records of a column's texts */

static int read_text(void *context, void *bytes, size_t capacity, size_t *size, enum gzip_status *status,
		     struct error *error)
{
	struct text_source *source = context;
	(void)error;
	*size = source->rest.size < capacity ? source->rest.size : capacity;
	if (*size > 0)
		memcpy(bytes, source->rest.data, *size);
	source->rest.data += *size;
	source->rest.size -= *size;
	*status = *size > 0 ? GZIP_MORE : GZIP_END;
	return 0;
}

static int open_text(struct columnar_reader *reader, struct error *error)
{
	reader->text.rest = reader->row;
	reader->found = false;
	size_t window = reader->row.size < FRAME_WINDOW ? reader->row.size + 1 : FRAME_WINDOW;
	reader->frames = frame_open((struct byte_source){&reader->text, read_text}, window, true);
	if (reader->frames == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory reading '%s'", reader->path);
	frame_accept_lines(reader->frames, reader->how->line);
	return 0;
}

/* The next record of the present row's text; none: *over. */
static int next_of_text(struct columnar_reader *reader, struct frame *frame, bool *over, struct error *error)
{
	bool nothing = slice_is(reader->row, "null");
	int code = nothing ? 0 : frame_next(reader->frames, frame, error);
	if (code != 0)
		return code;
	*over = nothing || frame->kind == FRAME_END;
	if (*over) {
		frame_close(reader->frames);
		reader->frames = NULL;
		if (reader->found)
			return 0;
		*over = false;
		set_broken(reader, frame, reader->number++, NO_RECORD);
		return 0;
	}
	reader->found = true;
	frame->number = reader->number++;
	frame->offset = (uint64_t)reader->row_number;
	frame->reason_offset = frame->offset;
	if (frame->kind == FRAME_BROKEN && frame->cut_short) {
		frame->cut_short = false;
		frame->reason = TEXT_ENDS;
	}
	return 0;
}

/* ---- either */

static int end(struct columnar_reader *reader, struct frame *frame, enum gzip_status ended)
{
	reader->ended = ended;
	*frame = (struct frame){.kind = FRAME_END,
				.number = reader->number,
				.offset = (uint64_t)(reader->base + reader->last + 1),
				.ended = ended};
	return 0;
}

int columnar_next(struct columnar_reader *reader, struct frame *frame, struct error *error)
{
	for (;;) {
		bool over = true;
		int code = 0;
		if (reader->ended != GZIP_MORE)
			return end(reader, frame, reader->ended);
		if (reader->frames != NULL) {
			code = next_of_text(reader, frame, &over, error);
			if (code != 0 || !over)
				return code;
		}
		struct error failure = {0};
		code = next_row(reader, &failure);
		if (code == ERROR_DATA) {
			reader->failure = failure;
			return end(reader, frame, GZIP_CORRUPT);
		}
		if (code != 0) {
			*error = failure;
			return code;
		}
		if (reader->row.data == NULL)
			return end(reader, frame, GZIP_END);
		if (reader->how->column == NULL)
			return take_row(reader, frame, error);
		code = open_text(reader, error);
		if (code != 0)
			return code;
	}
}
