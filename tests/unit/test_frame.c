#include "sources/frame.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/prng.h"
#include "sources/events.h"
#include "sources/scan.h"
#include "tests/tap.h"

/* ---- a source in memory that gives its bytes in pieces */

struct memory_source {
	struct slice bytes;
	size_t at;
	size_t piece_max; /* 0: as much as asked for */
	struct prng prng;
};

static int memory_read(void *context, void *bytes, size_t capacity, size_t *size, enum gzip_status *status,
		       struct error *error)
{
	(void)error;
	struct memory_source *source = context;
	size_t left = source->bytes.size - source->at;
	*size = left < capacity ? left : capacity;
	if (source->piece_max > 0 && *size > 0) {
		size_t piece = 1 + prng_below(&source->prng, source->piece_max);
		*size = *size < piece ? *size : piece;
	}
	*status = *size == 0 ? GZIP_END : GZIP_MORE;
	if (*size > 0)
		memcpy(bytes, source->bytes.data + source->at, *size);
	source->at += *size;
	return 0;
}

/* What frame_next gave, for as long as the test needs it. */
struct kept_frame {
	struct frame frame;
	struct json_failure failure; /* reason NULL: parsed */
	size_t text;                 /* of frame.bytes in `texts` */
};
struct kept {
	struct kept_frame frames[400];
	size_t count;
	struct buffer texts;
	enum gzip_status ended;
};

static struct json_parser *parser;

static void keep(struct kept *kept, const struct frame *frame, const struct json_failure *failure)
{
	if (kept->count == sizeof(kept->frames) / sizeof(kept->frames[0]))
		abort();
	struct kept_frame *copy = &kept->frames[kept->count++];
	*copy = (struct kept_frame){.frame = *frame, .text = kept->texts.size};
	if (failure != NULL)
		copy->failure = *failure;
	if (frame->kind == FRAME_RECORD) {
		if (buffer_append_slice(&kept->texts, frame->bytes) != 0)
			abort();
		(void)buffer_append_byte(&kept->texts, '\0');
	}
}

static const char *text_of(const struct kept *kept, size_t i)
{
	return kept->frames[i].frame.kind == FRAME_RECORD ? kept->texts.data + kept->frames[i].text : "";
}

/* Frames of `bytes`, as a reader gets them: a record that cannot be parsed is rejected and kept with its failure. */
static struct kept read_frames(struct slice bytes, size_t window, size_t piece_max, bool exact)
{
	struct kept kept = {0};
	struct error error = {0};
	struct memory_source source = {.bytes = bytes, .piece_max = piece_max};
	prng_init(&source.prng, 7);
	buffer_init(&kept.texts, SIZE_MAX / 2);
	struct frame_reader *reader = frame_open((struct byte_source){&source, memory_read}, window, exact);
	for (;;) {
		struct frame frame;
		const struct json_token *tokens;
		size_t count;
		struct json_failure failure;
		if (reader == NULL || frame_next(reader, &frame, &error) != 0)
			abort();
		if (frame.kind == FRAME_END) {
			kept.ended = frame.ended;
			break;
		}
		if (frame.kind == FRAME_BROKEN || json_parse(parser, frame.bytes, &tokens, &count, &failure))
			keep(&kept, &frame, NULL);
		else if (!frame_reject(reader))
			keep(&kept, &frame, &failure);
	}
	frame_close(reader);
	return kept;
}

static struct kept read_text(const char *text)
{
	return read_frames(slice_from(text), FRAME_WINDOW, 0, false);
}

static void release(struct kept *kept)
{
	buffer_release(&kept->texts);
}

/* "text@offset" of every good record and "!reason@offset" of every other, by spaces. */
static struct buffer describe(const struct kept *kept)
{
	struct buffer text;
	buffer_init(&text, SIZE_MAX / 2);
	for (size_t i = 0; i < kept->count; i++) {
		const struct kept_frame *frame = &kept->frames[i];
		const char *space = i > 0 ? " " : "";
		if (frame->frame.number != i)
			(void)buffer_printf(&text, "(number %zu)", (size_t)frame->frame.number);
		if (frame->frame.kind == FRAME_BROKEN)
			(void)buffer_printf(&text, "%s!%s@%zu", space, frame->frame.cut_short ? "cut" : "broken",
					    (size_t)frame->frame.offset);
		else if (frame->failure.reason != NULL)
			(void)buffer_printf(&text, "%s!json@%zu", space, (size_t)frame->frame.offset);
		else
			(void)buffer_printf(&text, "%s%s@%zu", space, text_of(kept, i), (size_t)frame->frame.offset);
	}
	(void)buffer_append_byte(&text, '\0');
	return text;
}

/* Whether every record's bytes are those of the input at its offset. */
static bool stands_at_offset(struct slice input, const struct kept *kept)
{
	for (size_t i = 0; i < kept->count; i++) {
		const struct frame *frame = &kept->frames[i].frame;
		if (frame->kind == FRAME_RECORD &&
		    (frame->offset + frame->bytes.size > input.size ||
		     memcmp(input.data + frame->offset, text_of(kept, i), frame->bytes.size) != 0))
			return false;
	}
	return true;
}

/* The same in all ways of reading: whole, by pieces, through small windows, exact. */
static void frames_are(const char *text, const char *want, const char *sentence)
{
	static const struct {
		size_t window, piece;
		bool exact;
	} ways[] = {{FRAME_WINDOW, 0, false}, {FRAME_WINDOW, 0, true}, {1, 1, false}, {3, 2, true},
		    {16, 5, false},           {64, 64, false},         {100, 7, true}};
	bool same = true;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct kept kept = read_frames(slice_from(text), ways[i].window, ways[i].piece, ways[i].exact);
		struct buffer got = describe(&kept);
		if (strcmp(got.data, want) != 0 || !stands_at_offset(slice_from(text), &kept)) {
			same = false;
			printf("# way %zu\n#  got: %s\n# want: %s\n", i, got.data, want);
		}
		buffer_release(&got);
		release(&kept);
	}
	ok(same, "%s", sentence);
}

/* ---- shapes */

static void test_shapes(void)
{
	frames_are("", "", "an empty file holds no record");
	frames_are(" \r\n\n\t ", "", "white space alone holds no record");
	frames_are("{\"a\":1}\n{\"b\":2}\n", "{\"a\":1}@0 {\"b\":2}@8", "JSON lines are cut at line breaks");
	frames_are("{\"a\":1}\n{\"b\":2}", "{\"a\":1}@0 {\"b\":2}@8", "the last line needs no line break");
	frames_are("{\"a\":1}\r\n{\"b\":2}\r\n", "{\"a\":1}@0 {\"b\":2}@9", "CRLF ends lines too");
	frames_are("\xef\xbb\xbf{\"a\":1}\n{\"b\":2}\n", "{\"a\":1}@3 {\"b\":2}@11",
		   "a byte order mark is passed over");
	frames_are("{\"a\":1}{\"b\":2}{\"c\":{}}", "{\"a\":1}@0 {\"b\":2}@7 {\"c\":{}}@14",
		   "objects without line breaks are cut by depth");
	frames_are("{\"a\":1} , {\"b\":2},\n\n{\"c\":3}", "{\"a\":1}@0 {\"b\":2}@10 {\"c\":3}@20",
		   "white space and commas between objects are passed over");
	frames_are("[{\"a\":1},{\"b\":2}]", "{\"a\":1}@1 {\"b\":2}@9", "an array is cut by element");
	frames_are("[]\n[\n{\"a\":1},\n{\"b\":2}\n]\n", "{\"a\":1}@5 {\"b\":2}@14",
		   "an array with its elements on lines is cut by element");
	frames_are("[{\"a\":1}][{\"b\":2}]", "{\"a\":1}@1 {\"b\":2}@10", "arrays may follow one another");
	frames_are("{\"Records\":[{\"a\":1},{\"b\":2}]}", "{\"a\":1}@12 {\"b\":2}@20", "an envelope is cut by record");
	frames_are("{\"Records\":[]}{\"Records\": [ ] }", "", "empty envelopes hold no record");
	frames_are("{\"Records\":[{\"a\":1}]}\n{\"Records\":[{\"b\":2}]}\n", "{\"a\":1}@12 {\"b\":2}@34",
		   "an envelope a line is cut by record");
	frames_are("{\"Records\":[{\"a\":1}]}{\"Records\":[{\"b\":2}]}{\"c\":3}",
		   "{\"a\":1}@12 {\"b\":2}@33 {\"c\":3}@42",
		   "envelopes and records may follow one another without line breaks");
	frames_are("[{\"Records\":[{\"a\":1}]},{\"Records\":[{\"b\":2}]}]", "{\"a\":1}@13 {\"b\":2}@35",
		   "an array of envelopes is cut by record");
	frames_are(
		"{\"window\":{\"start\":\"}\",\"end\":[1]},\"n\":null, \"Records\":[{\"a\":1}],\"state\":{\"x\":[{}]},"
		"\"shardId\":\"s\",\"isFinal\":false}{\"b\":2}",
		"{\"a\":1}@55 {\"b\":2}@113", "members of an envelope before and after Records are passed over");
	frames_are("{\n  \"Records\": [\n    {\n      \"a\": 1\n    },\n    {\n      \"b\": 2\n    }\n  ],\n  "
		   "\"state\": {}\n}\n",
		   "{\n      \"a\": 1\n    }@21 {\n      \"b\": 2\n    }@47",
		   "an envelope over many lines is cut by record");
	frames_are("{\n\"a\": [\n{\n\"b\": 1\n},\n{\n}\n]\n}\n{\n\"c\":\n{\n}\n}\n",
		   "{\n\"a\": [\n{\n\"b\": 1\n},\n{\n}\n]\n}@0 {\n\"c\":\n{\n}\n}@29",
		   "a record over many lines without indentation is one record");
}

static void test_names(void)
{
	frames_are("{\"Item\":{\"Records\":{\"L\":[{\"M\":{}}]}}}", "{\"Item\":{\"Records\":{\"L\":[{\"M\":{}}]}}}@0",
		   "an attribute named Records makes no envelope");
	frames_are("{\"eventName\":\"INSERT\",\"Records\":[{\"a\":1}]}",
		   "{\"eventName\":\"INSERT\",\"Records\":[{\"a\":1}]}@0",
		   "an object with eventName before Records is a record");
	frames_are("{\"Records\":{\"L\":[]}}", "{\"Records\":{\"L\":[]}}@0",
		   "Records that is no array makes no envelope");
	frames_are("{\"Records\":[1,2]}", "{\"Records\":[1,2]}@0", "Records that holds no objects makes no envelope");
	frames_are("{\"Records\":[{\"a\":1}],\"dynamodb\":{}}{\"b\":2}", "{\"a\":1}@12 !broken@21 {\"b\":2}@35",
		   "a record's own member after Records is told");
	frames_are("{\"x\":\"\\\"Records\\\":[{\"}\n{\"Records\\\\\":[{}]}",
		   "{\"x\":\"\\\"Records\\\":[{\"}@0 {\"Records\\\\\":[{}]}@23",
		   "Records inside a string or as a part of a name makes no envelope");
	frames_are("{\"a\":\"}{][\\\\\"}{\"b\":\"\\\\\\\"}\"}", "{\"a\":\"}{][\\\\\"}@0 {\"b\":\"\\\\\\\"}\"}@14",
		   "brackets and escaped quotes inside strings do not count");
}

/* ---- malformed input */

static void test_malformed(void)
{
	frames_are("{\"a\":1}\n{\"b\":tru}\n{\"c\":3}\n", "{\"a\":1}@0 !json@8 {\"c\":3}@18",
		   "a line with a bad word is set aside alone");
	frames_are("{\"a\":1}\n{\"b\":{\"c\":1\n{\"d\":4}\n{\"e\":5}\n",
		   "{\"a\":1}@0 !broken@8 {\"d\":4}@20 {\"e\":5}@28", "a line cut short does not swallow the next");
	frames_are("{\"a\":1}\n{\"b\":\"x\n{\"d\":4}\n", "{\"a\":1}@0 !broken@8 {\"d\":4}@16",
		   "a line cut short inside a string does not swallow the next");
	frames_are("{\"a\":1}\n{\"b\":\n{\"d\":4}\n{\"e\":5}\n", "{\"a\":1}@0 !broken@8 {\"d\":4}@14 {\"e\":5}@22",
		   "a line cut short after a colon does not swallow the next");
	frames_are("{\"a\":1}\n{\"b\":[\n{\"d\":4}\n{\"e\":5}\n", "{\"a\":1}@0 !broken@8 {\"d\":4}@15 {\"e\":5}@23",
		   "a line cut short after a bracket does not swallow the next");
	frames_are("{\"a\":1}\n{\"b\":\"x\"y\"}\n{\"c\":3}\n", "{\"a\":1}@0 !broken@8 {\"c\":3}@20",
		   "a line with quotes that do not pair is set aside alone");
	frames_are("{\"a\":1}}\n{\"c\":3}\n", "{\"a\":1}@0 !broken@7 {\"c\":3}@9",
		   "a closing bracket too many is told");
	frames_are("{\"a\":1\n", "!cut@0", "a file that ends inside its only record is cut short");
	frames_are("{\"a\":1}\n{\"b\":{\"c\":1}", "{\"a\":1}@0 !cut@8", "a last line without its end is cut short");
	frames_are("{\"a\":1}\n{\"b\":\"c", "{\"a\":1}@0 !cut@8", "a last line that ends in a string is cut short");
	frames_are("{\"a\":1}\n{", "{\"a\":1}@0 !cut@8", "a last line of one bracket is cut short");
	frames_are("[{\"a\":1},{\"b\":2}", "{\"a\":1}@1 {\"b\":2}@9 !cut@0", "an array without its end is cut short");
	frames_are("{\"Records\":[{\"a\":1},{\"b\"", "{\"a\":1}@12 !cut@20",
		   "an envelope that ends in a record is told once");
	frames_are("{\"Records\":[{\"a\":1}],\"state\":{", "{\"a\":1}@12 !cut@0",
		   "an envelope without its end is cut short");
	frames_are("[{\"a\":1},{\"b\":nul},{\"c\":3}]", "{\"a\":1}@1 !json@9 {\"c\":3}@19",
		   "a malformed element is set aside alone");
	frames_are("[\n  {\n    \"a\": 1\n  },\n  {\n    \"b\": \"x\n  },\n  {\n    \"c\": 3\n  }\n]\n",
		   "{\n    \"a\": 1\n  }@4 !broken@24 {\n    \"c\": 3\n  }@45",
		   "in an indented array reading goes on at the same indentation");
	frames_are("[{\"eventID\":\"1\",\"d\":{\"x\":1},{\"eventID\":\"2\"},{\"eventID\":\"3\"}]",
		   "!json@1 {\"eventID\":\"2\"}@28 {\"eventID\":\"3\"}@44",
		   "an element without its closing bracket does not swallow the others");
	frames_are("{\"eventID\":\"1\",\"d\":{\"x\":1{\"eventID\":\"2\"}{\"eventID\":\"3\"}",
		   "!broken@0 {\"eventID\":\"2\"}@25 {\"eventID\":\"3\"}@40",
		   "among objects without line breaks reading goes on at a record's first member");
	frames_are("hello\n{\"a\":1}\nnull\n{\"b\":2}\n", "!broken@0 {\"a\":1}@6 !broken@14 {\"b\":2}@19",
		   "a line that is no object is set aside");
	frames_are("[1,{\"a\":1},\"x\",{\"b\":2},[3]]", "!broken@1 {\"a\":1}@3 !broken@11 {\"b\":2}@15 [3]@23",
		   "elements that are no objects are set aside or handed over as they are");
	frames_are("{\"Records\":[{\"a\":1},{\"b\":\n{\"Records\":[{\"c\":3}]}\n{\"d\":4}\n",
		   "{\"a\":1}@12 !broken@20 {\"c\":3}@38 {\"d\":4}@48",
		   "an envelope cut short does not swallow the next");
}

static void test_reasons(void)
{
	struct kept kept = read_text("{\"a\":1}\n{\"b\":\"x\n{\"d\":4}\n{\"e\":");
	is_text(kept.frames[1].frame.reason, "a line break inside a string", "a broken record comes with its reason");
	is_int(kept.frames[1].frame.reason_offset, 15, "and with the place where that was seen");
	is_int(kept.frames[3].frame.offset, 24, "a record cut short comes with its offset");
	is_int(kept.frames[3].frame.reason_offset, 29, "and with the offset where the data end");
	is_int(kept.ended, GZIP_END, "the end comes with the source's status");
	release(&kept);
}

/* ---- large records */

static void fill_record(struct buffer *text, size_t size)
{
	size_t start = text->size;
	(void)buffer_append_text(text, "{\"a\":\"");
	while (text->size - start < size - 2)
		(void)buffer_append_byte(text, 'x');
	(void)buffer_append_text(text, "\"}");
}

static void test_large(void)
{
	struct buffer text;
	buffer_init(&text, SIZE_MAX / 2);
	fill_record(&text, RECORD_SIZE_MAX);
	fill_record(&text, RECORD_SIZE_MAX + 1);
	(void)buffer_append_text(&text, "{\"b\":2}\n");
	fill_record(&text, 3 * (size_t)RECORD_SIZE_MAX);
	(void)buffer_append_text(&text, "\n{\"c\":3}\n[{\"d\":4},");
	fill_record(&text, 2 * (size_t)RECORD_SIZE_MAX);
	(void)buffer_append_text(&text, ",{\"e\":5}]");
	for (int exact = 0; exact < 2; exact++) {
		struct kept kept = read_frames(buffer_slice(&text), exact ? 100000 : FRAME_WINDOW, 0, exact);
		ok(kept.count == 8 && kept.frames[0].frame.kind == FRAME_RECORD &&
			   kept.frames[0].frame.bytes.size == RECORD_SIZE_MAX,
		   "a record of exactly 16 MB is delivered (%d)", exact);
		ok(kept.frames[1].frame.kind == FRAME_BROKEN && kept.frames[1].frame.offset == RECORD_SIZE_MAX &&
			   strcmp(kept.frames[1].frame.reason, "larger than 16 MB") == 0,
		   "one byte more is too large (%d)", exact);
		is_text(text_of(&kept, 2), "{\"b\":2}", "the record after it is delivered");
		ok(kept.frames[3].frame.kind == FRAME_BROKEN && !kept.frames[3].frame.cut_short,
		   "a line of 48 MB is too large (%d)", exact);
		is_text(text_of(&kept, 4), "{\"c\":3}", "the line after it is delivered");
		is_text(text_of(&kept, 7), "{\"e\":5}", "the element after a large one is delivered");
		release(&kept);
	}
	text.size = 0;
	(void)buffer_append_text(&text, "{\"a\":[");
	while (text.size < 2 * (size_t)RECORD_SIZE_MAX)
		(void)buffer_append_text(&text, "\"some text\",");
	(void)buffer_append_text(&text, "\n{\"b\":2}\n{\"c\":3}\n");
	struct kept kept = read_frames(buffer_slice(&text), FRAME_WINDOW, 0, false);
	ok(kept.count >= 2 && kept.frames[0].frame.kind == FRAME_BROKEN, "a large record that never ends is told");
	is_text(text_of(&kept, kept.count - 1), "{\"c\":3}", "and the last record after it is delivered");
	release(&kept);
	buffer_release(&text);
}

/* ---- the whole, by chance */

static void append_value(struct buffer *text, struct prng *prng, int depth)
{
	static const char *const scalars[] = {"1",          "-2.5e3",   "true",      "null",         "\"\"",
					      "\"}{\\\"\"", "\"\\\\\"", "\"a\\nb\"", "\"\xc3\xa9\"", "\"Records\""};
	uint64_t kind = prng_below(prng, depth > 4 ? 1 : 3);
	if (kind == 0) {
		(void)buffer_append_text(text, scalars[prng_below(prng, sizeof(scalars) / sizeof(scalars[0]))]);
		return;
	}
	uint64_t count = prng_below(prng, 4);
	(void)buffer_append_byte(text, kind == 1 ? '{' : '[');
	for (uint64_t i = 0; i < count; i++) {
		if (i > 0)
			(void)buffer_append_byte(text, ',');
		if (prng_chance(prng, 1, 8))
			(void)buffer_append_text(text, prng_chance(prng, 1, 2) ? "\n" : "\n  ");
		if (kind == 1)
			(void)buffer_printf(text, "\"%c\":", (char)('a' + (char)i));
		append_value(text, prng, depth + 1);
	}
	(void)buffer_append_byte(text, kind == 1 ? '}' : ']');
}

static void append_record(struct buffer *text, struct prng *prng, int number, bool on_one_line)
{
	size_t start = text->size;
	(void)buffer_printf(text, "{\"eventID\":\"%d\",\"v\":", number);
	append_value(text, prng, 0);
	(void)buffer_append_byte(text, '}');
	for (size_t i = start; i < text->size && on_one_line; i++)
		if (text->data[i] == '\n')
			text->data[i] = ' ';
}

/* Groups of records, each in a shape of its own. Every record's text is remembered. */
static int append_mix(struct buffer *text, struct buffer *want, struct prng *prng)
{
	int number = 0;
	uint64_t groups = 1 + prng_below(prng, 5);
	for (uint64_t g = 0; g < groups; g++) {
		uint64_t shape = prng_below(prng, 4);
		uint64_t count = prng_below(prng, 8);
		bool lines = prng_chance(prng, 1, 2);
		if (shape == 1)
			(void)buffer_append_byte(text, '[');
		if (shape == 2)
			(void)buffer_append_text(text, prng_chance(prng, 1, 2) ? "{\"Records\":["
									       : "{\"w\":{\"b\":[]},\"Records\" : [");
		for (uint64_t i = 0; i < count; i++) {
			if (i > 0 && (shape == 1 || shape == 2))
				(void)buffer_append_byte(text, ',');
			if (i > 0 && (lines || shape == 0))
				(void)buffer_append_text(text, prng_chance(prng, 1, 4) ? "\r\n" : "\n");
			size_t start = text->size;
			append_record(text, prng, number++, shape == 0 && prng_chance(prng, 3, 4));
			(void)buffer_append(want, text->data + start, text->size - start);
			(void)buffer_printf(want, "@%zu ", start);
		}
		if (shape == 1)
			(void)buffer_append_byte(text, ']');
		if (shape == 2)
			(void)buffer_append_text(text, prng_chance(prng, 1, 2) ? "]}" : "],\"s\":{\"x\":1} }");
		if (prng_chance(prng, 1, 2))
			(void)buffer_append_byte(text, '\n');
	}
	return number;
}

static void test_mixes(void)
{
	int failures = 0;
	for (uint64_t seed = 0; seed < 3000 && failures == 0; seed++) {
		struct prng prng;
		struct buffer text;
		struct buffer want;
		buffer_init(&text, SIZE_MAX / 2);
		buffer_init(&want, SIZE_MAX / 2);
		prng_init(&prng, seed);
		(void)append_mix(&text, &want, &prng);
		want.size -= want.size > 0;
		(void)buffer_append_byte(&want, '\0');
		size_t window = prng_chance(&prng, 1, 2) ? FRAME_WINDOW : 1 + prng_below(&prng, 300);
		bool exact = prng_chance(&prng, 1, 2);
		struct kept kept = read_frames(buffer_slice(&text), window, prng_below(&prng, 50), exact);
		struct buffer got = describe(&kept);
		if (strcmp(got.data, want.data) != 0) {
			failures++;
			printf("# seed %zu, window %zu\n#  got: %s\n# want: %s\n", (size_t)seed, window, got.data,
			       want.data);
		}
		buffer_release(&got);
		buffer_release(&text);
		buffer_release(&want);
		release(&kept);
	}
	is_int(failures, 0, "3000 mixes of shapes are read as the records that were written");
}

/* Bytes damaged at random: whatever comes out must not depend on windows, pieces and ways. */
static void test_damaged_mixes(void)
{
	int failures = 0;
	for (uint64_t seed = 0; seed < 6000 && failures == 0; seed++) {
		struct prng prng;
		struct buffer text;
		struct buffer want;
		buffer_init(&text, SIZE_MAX / 2);
		buffer_init(&want, SIZE_MAX / 2);
		prng_init(&prng, seed);
		(void)append_mix(&text, &want, &prng);
		for (uint64_t i = prng_below(&prng, 4); i > 0 && text.size > 0; i--)
			text.data[prng_below(&prng, text.size)] = "{}[]\",:\n\\x"[prng_below(&prng, 10)];
		if (prng_chance(&prng, 1, 3))
			text.size = prng_below(&prng, text.size + 1);
		struct kept whole = read_frames(buffer_slice(&text), FRAME_WINDOW, 0, false);
		struct kept pieces = read_frames(buffer_slice(&text), 1 + prng_below(&prng, 300), 20,
						 prng_chance(&prng, 1, 2));
		struct buffer a = describe(&whole);
		struct buffer b = describe(&pieces);
		if (strcmp(a.data, b.data) != 0) {
			failures++;
			printf("# seed %zu\n# %s\n# whole:  %s\n# pieces: %s\n", (size_t)seed, text.data, a.data,
			       b.data);
		}
		buffer_release(&a);
		buffer_release(&b);
		buffer_release(&text);
		buffer_release(&want);
		release(&whole);
		release(&pieces);
	}
	is_int(failures, 0, "6000 damaged mixes are cut the same however they arrive");
}

int main(void)
{
	parser = json_parser_new(RECORD_SIZE_MAX);
	test_shapes();
	test_names();
	test_malformed();
	test_reasons();
	test_large();
	test_mixes();
	test_damaged_mixes();
	json_parser_free(parser);
	return tap_done();
}
