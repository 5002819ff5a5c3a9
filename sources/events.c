#include "sources/events.h"

#include "sources/columnar.h"
#include "sources/converted.h"
#include "sources/incremental.h"
#include "sources/members.h"
#include "sources/stream.h"

/* ---- records inside others */

enum { KINESIS_INSIDE = 1, FIREHOSE_INSIDE = 2 };

/* Where the text of the record inside stands, and whose way of carrying it that is. */
struct carried {
	uint32_t text;   /* index, 0 when there is none */
	uint32_t others; /* members that carry a record too */
	unsigned by;
	bool failed;
};

static void look_at(const struct json_token *tokens, uint32_t name, struct carried *carried)
{
	struct slice text = json_text(&tokens[name]);
	uint32_t value = name + 1;
	unsigned by = 0;
	if (slice_is(text, "rawData")) {
		by = FIREHOSE_INSIDE;
		carried->failed = true;
	} else if (slice_is(text, "recordId")) {
		carried->by = FIREHOSE_INSIDE;
		return;
	} else if (slice_is(text, "kinesis") && tokens[value].type == JSON_OBJECT) {
		value = json_member(tokens, value, "data");
		by = KINESIS_INSIDE;
	} else if (slice_is(text, "data") || slice_is(text, "Data")) {
		by = KINESIS_INSIDE;
	}
	if (by == 0)
		return;
	carried->others += carried->text != 0;
	carried->text = value;
	/* Firehose's own data come beside a recordId. */
	if (carried->by == 0 || by == FIREHOSE_INSIDE)
		carried->by = by;
}

/* Lambda's Kinesis event {"kinesis":{"data":…}}, its flattened form in Pipes {"data":…}, what GetRecords of Kinesis
 * answers {"Data":…}, a Firehose transform event's record {"recordId":…,"data":…}, a Firehose error line
 * {"rawData":…}. */
static struct wrapping unwrap(const struct json_token *tokens, unsigned admitted)
{
	struct carried carried = {0};
	if (tokens[0].type != JSON_OBJECT)
		return (struct wrapping){WRAP_NONE, {NULL, 0}, NULL};
	for (uint32_t i = 1; i < tokens[0].next; i = tokens[i + 1].next) {
		if (slice_is(json_text(&tokens[i]), "dynamodb"))
			return (struct wrapping){WRAP_NONE, {NULL, 0}, NULL};
		look_at(tokens, i, &carried);
	}
	if (carried.text == 0 || (carried.by & admitted) == 0)
		return (struct wrapping){WRAP_NONE, {NULL, 0}, NULL};
	if (carried.others > 0)
		return (struct wrapping){WRAP_BAD,
					 {NULL, 0},
					 "it carries a record in two members: which one counts cannot be told; "
					 "redeliver it"};
	if (tokens[carried.text].type != JSON_STRING)
		return (struct wrapping){WRAP_BAD,
					 {NULL, 0},
					 "the record it carries is no base64 text: a transform has changed it; "
					 "redeliver it"};
	return (struct wrapping){carried.failed ? WRAP_FAILED : WRAP_BASE64, json_text(&tokens[carried.text]), NULL};
}

static struct wrapping unwrap_any(const struct json_token *tokens)
{
	return unwrap(tokens, KINESIS_INSIDE | FIREHOSE_INSIDE);
}

static struct wrapping unwrap_kinesis(const struct json_token *tokens)
{
	return unwrap(tokens, KINESIS_INSIDE);
}

static struct wrapping unwrap_firehose(const struct json_token *tokens)
{
	return unwrap(tokens, FIREHOSE_INSIDE);
}

/* ---- files */

struct pass change_pass(enum events_format format)
{
	switch (format) {
	case EVENTS_STREAMS:
	case EVENTS_LAMBDA:
	case EVENTS_PIPES:
		return (struct pass){.decode = stream_decode};
	case EVENTS_KINESIS:
		return (struct pass){.decode = kinesis_decode,
				     .unwrap = unwrap_kinesis,
				     .line = scan_base64_line,
				     .open = unwrap_base64};
	case EVENTS_FIREHOSE:
		return (struct pass){.decode = change_decode, .unwrap = unwrap_firehose};
	case EVENTS_AUTO:
		break;
	}
	return (struct pass){
		.decode = change_decode, .unwrap = unwrap_any, .line = scan_base64_line, .open = unwrap_base64};
}

/* What Firehose converted to Parquet. */
static const struct columnar converted_rows = {.version = -1, .convert = converted_change};

static struct pass pass_of(const char *path, enum events_format format)
{
	bool admitted = format == EVENTS_AUTO || format == EVENTS_FIREHOSE;
	if (!admitted || columnar_kind(path) != COLUMNAR_FILE)
		return change_pass(format);
	return (struct pass){.decode = change_decode, .columnar = &converted_rows};
}

static const char A_TABLE[] = "a Delta table, or a file of one, which is no file of events: list the table's folder as "
			      "rows with preset bronze, when a column of it holds the events";

int events_read_file(const char *path, enum events_format format, struct json_parser *parser,
		     const struct record_sink *sink, struct file_result *result, struct error *error)
{
	struct pass pass = pass_of(path, format);
	enum columnar_kind kind = columnar_kind(path);
	if (kind == COLUMNAR_TABLE || kind == COLUMNAR_PART) {
		const struct problem problem = {.id = "record.unreadable", .path = path, .message = A_TABLE};
		*result = (struct file_result){0};
		return pass_report(sink, &problem, error);
	}
	pass.path = path;
	pass.parser = parser;
	pass.sink = sink;
	return pass_run(&pass, result, NULL, error);
}

static int reread(struct pass *pass, const char *path, const uint64_t *numbers, size_t count,
		  struct json_parser *parser, const struct record_sink *sink, struct error *error)
{
	struct file_result result;
	if (count == 0)
		return 0;
	pass->path = path;
	pass->parser = parser;
	pass->sink = sink;
	pass->numbers = numbers;
	pass->number_count = count;
	return pass_run(pass, &result, NULL, error);
}

int events_reread(const char *path, enum events_format format, const uint64_t *numbers, size_t count,
		  struct json_parser *parser, const struct record_sink *sink, struct error *error)
{
	struct pass pass = pass_of(path, format);
	return reread(&pass, path, numbers, count, parser, sink, error);
}

/* A line of any export: its own members tell. */
static enum decode_status line_decode(const struct json_token *tokens, struct record *record, char remark[REMARK_SIZE])
{
	bool item = tokens[0].type != JSON_OBJECT || json_member(tokens, 0, "Item") != 0;
	return item ? item_decode(tokens, record, remark) : incremental_decode(tokens, record, remark);
}

/* DynamoDB names its files "….ion.gz". */
static bool is_ion(const char *path)
{
	struct slice name = slice_from(path);
	if (name.size > 3 && memcmp(name.data + name.size - 3, ".gz", 3) == 0)
		name.size -= 3;
	return name.size > 4 && memcmp(name.data + name.size - 4, ".ion", 4) == 0;
}

int export_reread(const char *path, const uint64_t *numbers, size_t count, struct json_parser *parser,
		  const struct record_sink *sink, struct error *error)
{
	struct pass pass = {.decode = line_decode, .ion = is_ion(path)};
	return reread(&pass, path, numbers, count, parser, sink, error);
}
