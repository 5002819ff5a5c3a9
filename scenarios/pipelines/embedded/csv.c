#include "scenarios/pipelines/embedded/csv.h"

#include <csv.h>

enum { ROW_MAX = 64 << 20 };

struct csv_walk {
	const char *path;
	const struct lake *lake;
	struct json_parser *parser;
	const struct landing_sink *sink;
	struct error *error;
	int code;
	const char *names[LAKE_COLUMNS_MAX]; /* of attributes, in the order of fields */
	bool nested[LAKE_COLUMNS_MAX];
	uint32_t name_count;
	uint32_t field;     /* of the present row */
	const char *reason; /* why the row is none, or NULL */
	struct buffer row;
	size_t start, end; /* of the present row in the file */
	struct slice bytes;
};

static void find_names(struct csv_walk *walk)
{
	const struct lake *lake = walk->lake;
	for (uint32_t i = 0; i < lake->column_count; i++) {
		const struct lake_column *column = &lake->columns[i];
		uint32_t at = 0;
		if (column->is_sequence || column->is_time)
			continue;
		while (at < walk->name_count && strcmp(walk->names[at], column->path[0]) != 0)
			at++;
		if (at == walk->name_count)
			walk->names[walk->name_count++] = column->path[0];
		if (column->path_count > 1 || column_format(column_child(lake->root, i))[0] == '+')
			walk->nested[at] = true;
	}
}

static void put_operation(struct csv_walk *walk, struct slice text)
{
	const char *name = slice_is(text, "I") ? "INSERT" : slice_is(text, "U") ? "MODIFY" : "REMOVE";
	if (name[0] == 'R' && !slice_is(text, "D"))
		walk->reason = "the first field is none of I, U and D";
	walk->row.size = 0;
	buffer_printf(&walk->row, "{\"event_name\":\"%s\"", name);
}

static void put_attribute(struct csv_walk *walk, uint32_t at, struct slice text)
{
	if (at >= walk->name_count) {
		walk->reason = "the row has more fields than the table has attributes";
		return;
	}
	if (slice_is(text, "\\N"))
		return;
	if (walk->row.data[walk->row.size - 1] != '{')
		buffer_append_byte(&walk->row, ',');
	buffer_append_json(&walk->row, slice_from(walk->names[at]));
	buffer_append_byte(&walk->row, ':');
	if (walk->nested[at])
		buffer_append_slice(&walk->row, text);
	else
		buffer_append_json(&walk->row, text);
}

static void take_field(void *bytes, size_t size, void *context)
{
	struct csv_walk *walk = context;
	struct slice text = {bytes, size};
	uint32_t field = walk->field++;
	if (field == 0) {
		put_operation(walk, text);
	} else if (field == 1) {
		buffer_append_text(&walk->row, ",\"event_time\":");
		buffer_append_json(&walk->row, text);
		buffer_append_text(&walk->row, ",\"data\":{");
	} else {
		put_attribute(walk, field - 2, text);
	}
}

/* libcsv says that a row ended, not where: that is the next line end outside quotes. */
static void find_end(struct csv_walk *walk)
{
	bool quoted = false;
	size_t at = walk->start = walk->end;
	for (; at < walk->bytes.size && (quoted || walk->bytes.data[at] != '\n'); at++)
		quoted = quoted != (walk->bytes.data[at] == '"');
	walk->end = at < walk->bytes.size ? at + 1 : at;
}

static void take_row(int terminator, void *context)
{
	struct csv_walk *walk = context;
	const struct json_token *tokens;
	size_t count;
	struct json_failure failure;
	(void)terminator;
	find_end(walk);
	if (walk->code != 0)
		return;
	buffer_append_text(&walk->row, "}}");
	if (walk->field != walk->name_count + 2 && walk->reason == NULL)
		walk->reason = "the row has fewer fields than the table has attributes";
	if (walk->row.failed || buffer_reserve(&walk->row, JSON_PADDING) != 0)
		walk->code = error_set(walk->error, ERROR_INTERNAL, "out of memory for a row of CSV");
	else if (walk->reason != NULL)
		walk->code = walk->sink->poison(walk->sink->context, walk->path, walk->start, walk->reason,
						walk->error);
	else if (!json_parse(walk->parser, buffer_slice(&walk->row), &tokens, &count, &failure))
		walk->code = walk->sink->poison(walk->sink->context, walk->path, walk->start, failure.reason,
						walk->error);
	else
		walk->code = walk->sink->record(walk->sink->context, tokens, 0, walk->start, buffer_slice(&walk->row),
						walk->error);
	walk->field = 0;
	walk->reason = NULL;
}

static int no_space(unsigned char byte)
{
	(void)byte;
	return 0;
}

int csv_walk(const char *path, struct slice bytes, const struct lake *lake, struct json_parser *parser,
	     const struct landing_sink *sink, struct error *error)
{
	static struct csv_walk walk; /* too much for the stack */
	struct csv_parser csv;
	walk = (struct csv_walk){
		.path = path, .lake = lake, .parser = parser, .sink = sink, .error = error, .bytes = bytes};
	buffer_init(&walk.row, ROW_MAX);
	find_names(&walk);
	if (bytes.size >= 3 && memcmp(bytes.data, "\xef\xbb\xbf", 3) == 0) {
		walk.end = 3;
		bytes.data += 3;
		bytes.size -= 3;
	}
	if (csv_init(&csv, CSV_STRICT | CSV_STRICT_FINI) != 0)
		return error_set(error, ERROR_INTERNAL, "out of memory for CSV");
	csv_set_space_func(&csv, no_space);
	bool good = csv_parse(&csv, bytes.data, bytes.size, take_field, take_row, &walk) == bytes.size &&
		    csv_fini(&csv, take_field, take_row, &walk) == 0;
	if (!good && walk.code == 0)
		walk.code = sink->poison(sink->context, path, walk.end, csv_strerror(csv_error(&csv)), error);
	csv_free(&csv);
	buffer_release(&walk.row);
	return walk.code;
}
