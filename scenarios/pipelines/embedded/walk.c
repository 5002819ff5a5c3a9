/* The documents of a file: where each ends, and the records in it. */
#include <ctype.h>
#include <stdlib.h>

#include "base/base64.h"
#include "scenarios/pipelines/embedded/landing.h"

/* ---- framing */

/* Past the end of the JSON object or array that starts at `at`, or 0 when it does not end. */
static size_t document_end(struct slice text, size_t at)
{
	size_t depth = 0;
	bool quoted = false;
	for (; at < text.size; at++) {
		char c = text.data[at];
		if (quoted) {
			if (c == '\n') /* never inside a string: the document was cut */
				return 0;
			if (c == '\\')
				at++;
			else if (c == '"')
				quoted = false;
		} else if (c == '"') {
			quoted = true;
		} else if (c == '{' || c == '[') {
			depth++;
		} else if (c == '}' || c == ']') {
			if (--depth == 0)
				return at + 1;
		}
	}
	return 0;
}

static size_t line_end(struct slice text, size_t at)
{
	while (at < text.size && text.data[at] != '\n')
		at++;
	return at;
}

/* Where the next document begins: past white space and a byte order mark. */
static size_t document_start(struct slice text, size_t at)
{
	if (at == 0 && text.size >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0)
		at = 3;
	while (at < text.size && isspace((unsigned char)text.data[at]))
		at++;
	return at;
}

struct walk {
	const struct landing_sink *sink;
	struct bug_set bugs;
	const char *path;
	struct json_parser *parser;
	struct json_parser *inner; /* of records in base64; made when one is met */
	struct buffer decoded, mended;
	size_t document; /* where the present document begins in the file */
	bool loses_last; /* the bug last-record-lost, in the file's last document */
};

enum { DECODED_MAX = 64 << 20 };

static int poisoned(const struct walk *walk, size_t offset, const char *reason, struct error *error)
{
	return walk->sink->poison(walk->sink->context, walk->path, offset, reason, error);
}

/* ---- records in base64 */

/* What Kinesis hands to Lambda, and what Firehose leaves under its error prefix; 0 for any other record. */
static uint32_t wrapped_data(const struct json_token *tokens, uint32_t root)
{
	uint32_t data = json_member(tokens, root, "rawData");
	uint32_t kinesis = json_member(tokens, root, "kinesis");
	if (data == 0 && kinesis != 0 && tokens[kinesis].type == JSON_OBJECT)
		data = json_member(tokens, kinesis, "data");
	return data != 0 && tokens[data].type == JSON_STRING ? data : 0;
}

static int deliver_wrapped(struct walk *walk, struct slice data, size_t offset, struct error *error)
{
	struct buffer *bytes = &walk->decoded;
	const struct json_token *tokens;
	size_t count;
	struct json_failure failure;
	bytes->size = 0;
	if (walk->inner == NULL)
		walk->inner = json_parser_new(DECODED_MAX);
	if (walk->inner == NULL || buffer_reserve(bytes, data.size + JSON_PADDING) != 0)
		return error_set(error, ERROR_INTERNAL, "out of memory for a record in base64");
	if (!base64_decode(data, (uint8_t *)bytes->data, data.size, &bytes->size))
		return poisoned(walk, offset, "the record's data is no base64", error);
	memset(bytes->data + bytes->size, 0, JSON_PADDING);
	if (!json_parse(walk->inner, buffer_slice(bytes), &tokens, &count, &failure))
		return poisoned(walk, offset, failure.reason, error);
	return walk->sink->record(walk->sink->context, tokens, 0, offset, buffer_slice(bytes), error);
}

/* ---- documents */

static int deliver(struct walk *walk, const struct json_token *tokens, uint32_t root, struct slice document,
		   struct error *error)
{
	size_t start = tokens[root].offset;
	uint32_t data = wrapped_data(tokens, root);
	if (data != 0)
		return deliver_wrapped(walk, json_text(&tokens[data]), walk->document + start, error);
	struct slice text = {document.data + start, document_end(document, start) - start};
	return walk->sink->record(walk->sink->context, tokens, root, walk->document + start, text, error);
}

static int deliver_all(struct walk *walk, const struct json_token *tokens, uint32_t array, struct slice document,
		       struct error *error)
{
	int code = 0;
	uint32_t end = tokens[array].next;
	for (uint32_t i = array + 1; code == 0 && i < end; i = tokens[i].next) {
		bool lost = walk->loses_last && tokens[i].next == end;
		if (lost)
			continue;
		if (tokens[i].type == JSON_OBJECT)
			code = deliver(walk, tokens, i, document, error);
		else
			code = poisoned(walk, walk->document + tokens[i].offset, "no object, so no record", error);
	}
	return code;
}

static int deliver_document(struct walk *walk, const struct json_token *tokens, struct slice document,
			    struct error *error)
{
	if (tokens[0].type == JSON_ARRAY)
		return deliver_all(walk, tokens, 0, document, error);
	uint32_t records = json_member(tokens, 0, "Records");
	if (records != 0 && tokens[records].type == JSON_ARRAY)
		return deliver_all(walk, tokens, records, document, error);
	return walk->loses_last ? 0 : deliver(walk, tokens, 0, document, error);
}

/* The bug invalid-utf8-replaced: the document with U+FFFD for each byte that is no UTF-8. */
static struct slice replace_invalid(struct walk *walk, struct slice document)
{
	struct buffer *mended = &walk->mended;
	mended->size = 0;
	for (size_t at = 0; at < document.size;) {
		size_t size = 1;
		while (size < 4 && at + size < document.size && (document.data[at + size] & 0xC0) == 0x80)
			size++;
		bool good = json_is_utf8((struct slice){document.data + at, size});
		if (good)
			buffer_append(mended, document.data + at, size);
		else
			buffer_append_text(mended, "\xef\xbf\xbd");
		at += good ? size : 1;
	}
	return buffer_reserve(mended, JSON_PADDING) == 0 ? buffer_slice(mended) : document;
}

static bool parse(struct walk *walk, struct slice *document, const struct json_token **tokens,
		  struct json_failure *failure)
{
	size_t count;
	if (json_parse(walk->parser, *document, tokens, &count, failure))
		return true;
	if (!bugs_has(walk->bugs, BUG_INVALID_UTF8_REPLACED))
		return false;
	*document = replace_invalid(walk, *document);
	return json_parse(walk->parser, *document, tokens, &count, failure);
}

/* One document that begins at `at`; *next is where to go on. */
static int walk_document(struct walk *walk, struct slice text, size_t at, size_t *next, struct error *error)
{
	bool opens = text.data[at] == '{' || text.data[at] == '[';
	size_t end = opens ? document_end(text, at) : 0;
	if (end == 0) {
		*next = line_end(text, at);
		return poisoned(walk, at, opens ? "the document does not end" : "no JSON document begins here", error);
	}
	struct slice document = {text.data + at, end - at};
	const struct json_token *tokens;
	struct json_failure failure;
	walk->document = at;
	walk->loses_last = bugs_has(walk->bugs, BUG_LAST_RECORD_LOST) && document_start(text, end) == text.size;
	*next = bugs_has(walk->bugs, BUG_FIRST_OF_LINE) ? line_end(text, end) : end;
	if (bugs_has(walk->bugs, BUG_CRLF_LOSES_RECORD) && end < text.size && text.data[end] == '\r')
		return 0;
	if (parse(walk, &document, &tokens, &failure))
		return deliver_document(walk, tokens, document, error);
	/* What is damaged may have swallowed good lines: go on at the next one. */
	size_t line = line_end(text, at);
	*next = bugs_has(walk->bugs, BUG_POISON_ENDS_FILE) ? text.size : line < end ? line : end;
	return poisoned(walk, at, failure.reason, error);
}

/* Whether a bug has the rest of the file skipped once `at` was reached. */
static bool gives_up(const struct walk *walk, struct slice text, size_t at)
{
	bool opens = text.data[at] == '{' || text.data[at] == '[';
	bool torn = !opens || document_end(text, at) == 0;
	return torn && (bugs_has(walk->bugs, BUG_POISON_ENDS_FILE) || bugs_has(walk->bugs, BUG_TRUNCATED_IS_END));
}

int landing_walk(const char *path, struct slice bytes, struct json_parser *parser, struct bug_set bugs,
		 const struct landing_sink *sink, struct error *error)
{
	struct walk walk = {.sink = sink, .bugs = bugs, .path = path, .parser = parser};
	buffer_init(&walk.decoded, DECODED_MAX);
	buffer_init(&walk.mended, DECODED_MAX);
	int code = 0;
	size_t at = document_start(bytes, 0);
	if (bugs_has(bugs, BUG_BOM_LOSES_RECORD) && at >= 3)
		at = document_start(bytes, line_end(bytes, at));
	while (code == 0 && at < bytes.size && !gives_up(&walk, bytes, at)) {
		code = walk_document(&walk, bytes, at, &at, error);
		at = bugs_has(bugs, BUG_FIRST_OF_FILE) ? bytes.size : document_start(bytes, at);
	}
	json_parser_free(walk.inner);
	buffer_release(&walk.decoded);
	buffer_release(&walk.mended);
	return code;
}
