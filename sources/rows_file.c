/* Which kind of file of rows it is, and its reading. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "sources/columnar.h"
#include "sources/converted.h"
#include "sources/foreign.h"
#include "sources/rows.h"
#include "sources/stream.h"

enum { MESSAGE_SIZE = 400 };

static int tell(const char *path, const char *message, const struct record_sink *sink, struct error *error)
{
	const struct problem problem = {.id = "record.unreadable", .path = path, .message = message};
	return pass_report(sink, &problem, error);
}

/* LOAD and eight hexadecimal digits: what DMS calls the files of a full load. */
static bool is_full_load(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	if (strncmp(name, "LOAD", 4) != 0)
		return false;
	for (size_t i = 4; i < 12; i++)
		if (!isxdigit((unsigned char)name[i]))
			return false;
	return name[12] == '.' || name[12] == '\0';
}

/* A file that cannot be opened has nothing in it here, and is told of by who reads it. */
static int peek(const char *path, char bytes[FOREIGN_SIZE], struct slice *first, struct error *error)
{
	struct gzip_reader *file = NULL;
	struct error ignored = {0};
	enum gzip_status status = GZIP_MORE;
	*first = (struct slice){bytes, 0};
	int code = gzip_open(path, false, &file, &ignored);
	if (code != 0)
		return code == ERROR_IO ? 0 : error_set(error, code, "%s", ignored.message);
	while (status == GZIP_MORE && first->size < FOREIGN_SIZE && code == 0) {
		size_t size = 0;
		code = gzip_read(file, bytes + first->size, FOREIGN_SIZE - first->size, &size, &status, error);
		first->size += size;
	}
	gzip_close(file);
	return code == ERROR_IO ? 0 : code;
}

/* The first byte that is no white space or mark; 0 without one. */
static char first_sign(struct slice first)
{
	size_t at = first.size >= 3 && memcmp(first.data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	while (at < first.size && scan_is_space(first.data[at]))
		at++;
	return at < first.size ? first.data[at] : '\0';
}

static const char FULL_LOAD[] =
	"a file of a full load, of which DMS says no operation and no time: list such files (LOAD*) as a source of "
	"their own, without stamp, with from: and to:, when the load began and ended";

/* Why the file is refused, or NULL, and then *format. */
static const char *choose(const char *path, const struct rows_shape *shape, struct slice first,
			  enum rows_format *format)
{
	const char *foreign = foreign_text(first);
	char sign = first_sign(first);
	bool json = sign == '{' || sign == '[';
	*format = shape->format != ROWS_AUTO ? shape->format : json ? ROWS_JSONL : ROWS_CSV;
	if (shape->refuse_full_load && !shape->items && is_full_load(path))
		return FULL_LOAD;
	if (foreign != NULL)
		return foreign;
	if (*format == ROWS_CSV && json)
		return "not CSV but JSON: its source's format is jsonl, or none";
	if (*format == ROWS_JSONL && sign != '\0' && !json)
		return "not JSON lines, perhaps CSV: then its source's format is csv, or none";
	return NULL;
}

static const char EMPTY_DUMP[] =
	"the file is empty, as a load that failed leaves it: load again, or remove it if there was nothing to load";

/* ---- Parquet and Delta */

static const char *refuse_columnar(const char *path, const struct rows_shape *shape, enum columnar_kind kind)
{
	bool columnar = shape->format == ROWS_AUTO || shape->format == ROWS_PARQUET || shape->format == ROWS_DELTA;
	bool wanted = columnar || shape->record != NULL || shape->glue;
	if (kind == COLUMNAR_NONE && (shape->format == ROWS_PARQUET || shape->record != NULL))
		return "neither a Parquet file nor a Delta table";
	if (kind == COLUMNAR_NONE && shape->format == ROWS_DELTA)
		return "no Delta table: name the folder that holds its _delta_log";
	if (kind == COLUMNAR_NONE)
		return NULL;
	if (kind == COLUMNAR_PART)
		return "a file of a Delta table, whose log says what of it counts: name the table's folder";
	if (!wanted)
		return kind == COLUMNAR_TABLE ? "a Delta table: its source's format is delta, or none"
					      : "a Parquet file: its source's format is parquet, or none";
	if (kind == COLUMNAR_TABLE && shape->format == ROWS_PARQUET)
		return "a Delta table, of whose files not all count: its source's format is delta, or none";
	if (kind == COLUMNAR_FILE && shape->format == ROWS_DELTA)
		return "a Parquet file of no Delta table: name the folder that holds a _delta_log, or give format: "
		       "parquet";
	return shape->refuse_full_load && !shape->items && is_full_load(path) ? FULL_LOAD : NULL;
}

/* Whether Glue's items are typed, by the first row. What cannot be opened is told by who reads it. */
static int is_typed(const struct pass *pass, const struct columnar *how, bool *typed, struct error *error)
{
	struct columnar_reader *reader = NULL;
	struct frame frame = {.kind = FRAME_END};
	const struct json_token *tokens;
	size_t count;
	struct json_failure failure;
	struct error ignored = {0};
	*typed = false;
	int code = columnar_open(pass->path, how, &reader, &ignored);
	if (code == 0)
		code = columnar_next(reader, &frame, &ignored);
	if (code == 0 && frame.kind == FRAME_RECORD)
		*typed = json_parse(pass->parser, frame.bytes, &tokens, &count, &failure) && converted_is_item(tokens);
	columnar_close(reader);
	return code == ERROR_INTERNAL ? error_set(error, code, "%s", ignored.message) : 0;
}

static int read_columnar(struct pass *pass, const struct rows_shape *shape, struct file_result *result,
			 struct error *error)
{
	struct columnar how = {.version = shape->has_version ? shape->version : -1, .column = shape->record};
	bool typed = false;
	if (shape->record != NULL) {
		struct pass events = change_pass(EVENTS_AUTO);
		events.path = pass->path;
		events.parser = pass->parser;
		events.sink = pass->sink;
		events.numbers = pass->numbers;
		events.number_count = pass->number_count;
		events.columnar = &how;
		how.line = events.line;
		return pass_run(&events, result, NULL, error);
	}
	int code = shape->glue ? is_typed(pass, &how, &typed, error) : 0;
	if (code != 0)
		return code;
	pass->columnar = &how;
	if (typed) {
		how.convert = converted_item;
		pass->decode = item_decode;
	} else if ((pass->rows = rows_decoder_new(shape)) == NULL) {
		code = error_set(error, ERROR_INTERNAL, "out of memory");
	}
	if (code == 0)
		code = pass_run(pass, result, NULL, error);
	rows_decoder_free(pass->rows);
	pass->columnar = NULL; /* it ends here */
	return code;
}

/* ---- any file */

static int read_rows(struct pass *pass, const struct rows_shape *shape, struct file_result *result, struct error *error)
{
	char bytes[FOREIGN_SIZE], message[MESSAGE_SIZE];
	struct slice first;
	enum rows_format format;
	*result = (struct file_result){0};
	enum columnar_kind kind = columnar_kind(pass->path);
	const char *refusal = refuse_columnar(pass->path, shape, kind);
	if (refusal != NULL)
		return pass->numbers != NULL ? 0 : tell(pass->path, refusal, pass->sink, error);
	if (kind != COLUMNAR_NONE)
		return read_columnar(pass, shape, result, error);
	int code = peek(pass->path, bytes, &first, error);
	if (code != 0)
		return code;
	refusal = choose(pass->path, shape, first, &format);
	if (refusal != NULL) {
		(void)snprintf(message, sizeof(message), "%s", refusal);
		return pass->numbers != NULL ? 0 : tell(pass->path, message, pass->sink, error);
	}
	pass->csv = format == ROWS_CSV ? &shape->csv : NULL;
	pass->empty = shape->items ? EMPTY_DUMP : NULL;
	pass->rows = rows_decoder_new(shape);
	if (pass->rows == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	code = pass_run(pass, result, NULL, error);
	rows_decoder_free(pass->rows);
	return code;
}

int rows_read_file(const char *path, const struct rows_shape *shape, struct json_parser *parser,
		   const struct record_sink *sink, struct file_result *result, struct error *error)
{
	struct pass pass = {.path = path, .parser = parser, .sink = sink};
	return read_rows(&pass, shape, result, error);
}

int rows_reread(const char *path, const struct rows_shape *shape, const uint64_t *numbers, size_t count,
		struct json_parser *parser, const struct record_sink *sink, struct error *error)
{
	struct pass pass = {.path = path, .parser = parser, .sink = sink, .numbers = numbers, .number_count = count};
	struct file_result result;
	return count == 0 ? 0 : read_rows(&pass, shape, &result, error);
}
