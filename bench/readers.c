/* readers - how fast each format is read, beside the floor: the same files inflated, cut at line breaks and parsed.
 *
 * usage: readers NAME=KIND:PATH...; a KIND is events, items, export, or of rows flat, csv (polled), bronze (Parquet)
 * One thread, least CPU time of three readings, so that a busy machine disturbs little. MB are 10^6 bytes uncompressed,
 * of Parquet those of the lines that the bridge makes of it. The floor decodes nothing and looks into no base64; a
 * format without lines of JSON has none. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/gzip.h"
#include "base/json.h"
#include "sources/events.h"
#include "sources/export.h"
#include "sources/items.h"
#include "sources/rows.h"

enum { ROUNDS = 3, TEXT_MAX = 256 * 1024 * 1024 };

static uint64_t sum, records, problems;

static void give_up(const char *what)
{
	(void)fprintf(stderr, "readers: %s\n", what);
	exit(70);
}

static int64_t cpu_us(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void walk(const struct json_token *tokens, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		sum += tokens[i].size + (tokens[i].size > 0 ? (unsigned char)tokens[i].text[0] : 0);
}

static int on_record(void *context, const struct record *record, struct error *error)
{
	(void)context;
	(void)error;
	records++;
	walk(record->tokens, 0, record->tokens[0].next);
	return 0;
}

static int on_problem(void *context, const struct problem *problem, struct error *error)
{
	(void)context;
	(void)error;
	if (problems++ < 3)
		printf("# %s: %s\n", problem->path, problem->message);
	return 0;
}

enum kind { EVENTS, ITEMS, EXPORT, FLAT, CSV, BRONZE, KINDS };

/* As lakeproof generate writes them, of the preset orders. */
static const struct rows_attribute keys[] = {{"pk", "pk", {.kind = ROWS_S}}, {"sk", "sk", {.kind = ROWS_N}}};
static const struct rows_word words[] = {{"INSERT", ROWS_INSERT}, {"MODIFY", ROWS_MODIFY}, {"REMOVE", ROWS_DELETE}};
static const struct rows_shape shapes[KINDS] = {
	[FLAT] = {.attributes = keys,
		  .attribute_count = 2,
		  .key_count = 2,
		  .operation = "event_name",
		  .words = words,
		  .word_count = 3,
		  .stamp = "event_time",
		  .unit = ROWS_EPOCH_S,
		  .event_id = "event_id",
		  .image = "data",
		  .null_is_absent = true},
	[CSV] = {.csv = {.delimiter = ',', .empty_is_null = true},
		 .attributes = keys,
		 .attribute_count = 2,
		 .key_count = 2,
		 .stamp = "_updated_at",
		 .null_is_absent = true},
	[BRONZE] = {.attributes = keys, .attribute_count = 2, .key_count = 2, .record = "value"},
};

/* What is read: files, of an export those that its manifests name. */
struct reading {
	enum kind kind;
	char **files;
	size_t count;
	struct export *export;
};

static void open_reading(struct reading *reading, const char *path)
{
	struct record_sink sink = {NULL, on_record, on_problem};
	struct error error;
	uint64_t missing = 0;
	int code;
	if (reading->kind == EXPORT) {
		code = export_open(path, &sink, &reading->export, &error);
		reading->count = code == 0 ? reading->export->file_count : 0;
		reading->files = calloc(reading->count + 1, sizeof(*reading->files));
		for (size_t i = 0; i < reading->count && reading->files != NULL; i++)
			reading->files[i] = strdup(reading->export->files[i].path);
	} else if (reading->kind == ITEMS) {
		code = items_list(path, &sink, &reading->files, &reading->count, &missing, &error);
	} else {
		code = events_list(path, &reading->files, &reading->count, &error);
	}
	if (code != 0)
		give_up(error.message);
}

/* Bytes read. */
static uint64_t read_all(const struct reading *reading, struct json_parser *parser)
{
	struct record_sink sink = {NULL, on_record, on_problem};
	uint64_t bytes = 0;
	for (size_t i = 0; i < reading->count; i++) {
		const char *file = reading->files[i];
		struct file_result result;
		struct error error;
		int code = 0;
		if (reading->kind == EXPORT)
			code = export_read_file(reading->export, i, parser, &sink, &result, &error);
		else if (reading->kind == ITEMS)
			code = items_read_file(file, ITEMS_AUTO, parser, &sink, &result, &error);
		else if (reading->kind >= FLAT)
			code = rows_read_file(file, &shapes[reading->kind], parser, &sink, &result, &error);
		else
			code = events_read_file(file, EVENTS_AUTO, parser, &sink, &result, &error);
		if (code != 0)
			give_up(error.message);
		bytes += result.bytes;
	}
	return bytes;
}

/* Lines parsed. */
static uint64_t floor_all(char *const *files, size_t count, struct json_parser *parser, char *text)
{
	uint64_t parsed = 0;
	for (size_t i = 0; i < count; i++) {
		struct gzip_reader *reader;
		struct error error;
		enum gzip_status status = GZIP_MORE;
		size_t size = 0, got;
		if (gzip_open(files[i], false, &reader, &error) != 0)
			give_up(error.message);
		while (status == GZIP_MORE && size < TEXT_MAX) {
			if (gzip_read(reader, text + size, TEXT_MAX - size, &got, &status, &error) != 0)
				give_up(error.message);
			size += got;
		}
		gzip_close(reader);
		for (size_t begin = 0; begin < size;) {
			const char *end = memchr(text + begin, '\n', size - begin);
			size_t stop = end != NULL ? (size_t)(end - text) : size, tokens_count;
			const struct json_token *tokens;
			struct json_failure failure;
			if (stop > begin && json_parse(parser, (struct slice){text + begin, stop - begin}, &tokens,
						       &tokens_count, &failure)) {
				walk(tokens, 0, (uint32_t)tokens_count);
				parsed++;
			}
			begin = stop + 1;
		}
	}
	return parsed;
}

static void measure(const char *argument, struct json_parser *parser, char *text)
{
	static const char *const kinds[] = {[EVENTS] = "=events:", [ITEMS] = "=items:", [EXPORT] = "=export:",
					    [FLAT] = "=flat:",     [CSV] = "=csv:",     [BRONZE] = "=bronze:"};
	struct reading reading = {.kind = KINDS};
	const char *equals = strchr(argument, '=');
	for (int kind = EVENTS; kind < KINDS && equals != NULL; kind++)
		if (strncmp(equals, kinds[kind], strlen(kinds[kind])) == 0)
			reading.kind = (enum kind)kind;
	if (reading.kind == KINDS)
		give_up("expected NAME=KIND:PATH");
	uint64_t bytes = 0, lines = 0;
	int64_t best = INT64_MAX, floor = INT64_MAX;
	open_reading(&reading, equals + strlen(kinds[reading.kind]));
	for (int round = 0; round < ROUNDS; round++) {
		records = 0;
		int64_t start = cpu_us();
		bytes = read_all(&reading, parser);
		int64_t taken = cpu_us() - start;
		best = taken < best ? taken : best;
		start = cpu_us();
		lines = floor_all(reading.files, reading.count, parser, text);
		taken = cpu_us() - start;
		floor = taken < floor ? taken : floor;
	}
	printf("%8" PRIu64 " records %7.1f MB %6.0f MB/s %5.0f k/s", records, (double)bytes / 1e6,
	       (double)bytes / (double)best, (double)records * 1e3 / (double)best);
	if (lines > 0 && reading.kind != BRONZE)
		printf("   floor %6.0f MB/s", (double)bytes / (double)floor);
	else
		printf("                     ");
	printf("   %.*s\n", (int)(equals - argument), argument);
	events_list_free(reading.files, reading.count);
	if (reading.export != NULL)
		export_close(reading.export);
}

int main(int argc, char **argv)
{
	struct json_parser *parser = json_parser_new(RECORD_SIZE_MAX);
	char *text = malloc((size_t)TEXT_MAX + JSON_PADDING);
	if (parser == NULL || text == NULL)
		give_up("out of memory");
	for (int i = 1; i < argc; i++)
		measure(argv[i], parser, text);
	free(text);
	json_parser_free(parser);
	return problems > 0 || sum == 0;
}
