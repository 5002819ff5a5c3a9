/* CSV cut into rows, each told as JSON: by the bytes alone, however they arrive. */
#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "sources/csv.h"
#include "tests/tap.h"

struct bytes {
	struct slice rest;
	size_t step;
	enum gzip_status end;
};

static int give(void *context, void *bytes, size_t capacity, size_t *size, enum gzip_status *status,
		struct error *error)
{
	struct bytes *from = context;
	(void)error;
	*size = from->rest.size < from->step ? from->rest.size : from->step;
	if (*size > capacity)
		*size = capacity;
	if (*size > 0)
		memcpy(bytes, from->rest.data, *size);
	from->rest.data += *size;
	from->rest.size -= *size;
	*status = *size > 0 ? GZIP_MORE : from->end;
	return 0;
}

static const struct csv_dialect plain = {.delimiter = ',', .empty_is_null = true};

/* All frames as text: a row's JSON, or "! reason", each with "number@offset " before it. */
static struct buffer frames_of(struct slice text, const struct csv_dialect *dialect, size_t window, size_t step,
			       enum gzip_status end)
{
	struct buffer told;
	struct bytes bytes = {text, step, end};
	struct csv_reader *reader;
	struct error error = {0};
	struct frame frame = {0};
	buffer_init(&told, (size_t)64 << 20);
	int code = csv_open((struct byte_source){&bytes, give}, window, dialect, &reader, &error);
	while (code == 0 && (code = csv_next(reader, &frame, &error)) == 0 && frame.kind != FRAME_END) {
		buffer_printf(&told, "%" PRIu64 "@%" PRIu64 " ", frame.number, frame.offset);
		if (frame.kind == FRAME_RECORD)
			buffer_append_slice(&told, frame.bytes);
		else
			buffer_printf(&told, "!%s %s", frame.cut_short ? "!" : "", frame.reason);
		buffer_append_byte(&told, '\n');
	}
	if (code != 0)
		buffer_printf(&told, "error %s", error.message);
	buffer_append_byte(&told, '\0');
	csv_close(reader);
	return told;
}

static void reads_as(const char *text, const struct csv_dialect *dialect, const char *expected, const char *what)
{
	struct buffer whole = frames_of(slice_from(text), dialect, 4096, 4096, GZIP_END);
	is_text(whole.data, expected, what);
	bool same = true;
	for (size_t step = 1; step < 5; step++) {
		struct buffer pieces = frames_of(slice_from(text), dialect, 8, step, GZIP_END);
		same = same && strcmp(pieces.data, whole.data) == 0;
		buffer_release(&pieces);
	}
	ok(same, "%s: in pieces of any size", what);
	buffer_release(&whole);
}

static void test_rows(void)
{
	static const char *const names[] = {"op", "id"};
	const struct csv_dialect named = {.names = names, .name_count = 2, .delimiter = ';', .null_text = "NULL"};
	reads_as("a,b\n1,x\n2,y\n", &plain, "0@4 {\"a\":\"1\",\"b\":\"x\"}\n1@8 {\"a\":\"2\",\"b\":\"y\"}\n",
		 "rows have the header's names");
	reads_as("a,b\r\n1,x\r\n\r\n2,y", &plain, "0@5 {\"a\":\"1\",\"b\":\"x\"}\n1@12 {\"a\":\"2\",\"b\":\"y\"}\n",
		 "CR LF, an empty line, no line break at the end");
	reads_as("\xef\xbb\xbf"
		 "a\n1\n",
		 &plain, "0@5 {\"a\":\"1\"}\n", "a byte order mark is passed over");
	reads_as("a,b\n\"x\n,\"\"y\"\"\r\nz\",  q \n", &plain, "0@4 {\"a\":\"x\\n,\\\"y\\\"\\r\\nz\",\"b\":\"  q \"}\n",
		 "quotes hold line breaks, delimiters and quotes, and white space stays");
	reads_as("a,b,c\n,\"\",NULL\n", &plain, "0@6 {\"a\":null,\"b\":\"\",\"c\":\"NULL\"}\n",
		 "an empty field is null, an empty text is not");
	reads_as(
		"I;1\nNULL;\"\"\n;NULLx\n", &named,
		"0@0 {\"op\":\"I\",\"id\":\"1\"}\n1@4 {\"op\":null,\"id\":\"\"}\n2@12 {\"op\":\"\",\"id\":\"NULLx\"}\n",
		"names that are given, another delimiter, a null text");
	reads_as("op;id\nI;1\n", &named, "0@6 {\"op\":\"I\",\"id\":\"1\"}\n", "a header that repeats the given names");
	reads_as("", &plain, "", "nothing");
	reads_as("a,b\n", &plain, "", "a header alone");
}

static void test_broken(void)
{
	static const char *const names[] = {"a", "b"};
	const struct csv_dialect named = {.names = names, .name_count = 2, .delimiter = ','};
	reads_as("a,b\n1\n1,2,3\n4,5\n", &plain,
		 "0@4 ! a row of 1 fields where there are 2 names\n1@6 ! a row of 3 fields where there are 2 names\n"
		 "2@12 {\"a\":\"4\",\"b\":\"5\"}\n",
		 "a row of another number of fields is broken, and the next is read");
	reads_as("a,b\n1,\"x\n2,\"y\n3,z\n", &plain,
		 "0@4 ! a quote that neither begins nor ends a field\n1@14 {\"a\":\"3\",\"b\":\"z\"}\n",
		 "a quote that is closed in the middle of a field");
	reads_as("a,b\n1,x\n2,\"y\n3,z\n", &plain, "0@4 {\"a\":\"1\",\"b\":\"x\"}\n1@8 ! a quoted field has no end\n",
		 "a quote that is never closed");
	reads_as("a,b\n1,x\r2,y\n3,z\n", &plain,
		 "0@4 ! a carriage return within a line and outside of quotes\n1@12 {\"a\":\"3\",\"b\":\"z\"}\n",
		 "a carriage return within a line");
	reads_as("1,x\r\"2,y\n3\",z\n4,5\n", &named,
		 "0@0 ! a carriage return within a line and outside of quotes\n"
		 "1@9 ! a quote that neither begins nor ends a field\n2@14 {\"a\":\"4\",\"b\":\"5\"}\n",
		 "one before a field that goes on in the next line");
	reads_as("a,a\n1,2\n", &plain,
		 "0@0 ! the header has twice the name \"a\"; no row of this file can be read. Repair the header, or "
		 "give names: in the contract\n",
		 "a header with a name twice is told once");
	reads_as(
		"a,\n1,2\n3,4\n", &plain,
		"0@0 ! the header has an empty name: \"\"; no row of this file can be read. Repair the header, or give "
		"names: in the contract\n",
		"a header with an empty name");
	struct buffer cut = frames_of(slice_from("a,b\n1,x\n2,y"), &plain, 64, 64, GZIP_TRUNCATED);
	is_text(cut.data, "0@4 {\"a\":\"1\",\"b\":\"x\"}\n1@8 !! the data end inside it\n",
		"the last row of what is cut short is broken, even if it looks whole");
	buffer_release(&cut);
}

static void test_large(void)
{
	struct buffer text;
	size_t half = (size_t)RECORD_SIZE_MAX / 2;
	buffer_init(&text, (size_t)RECORD_SIZE_MAX * 3);
	buffer_append_text(&text, "a\n");
	for (int i = 0; i < 2; i++) {
		buffer_append_byte(&text, i == 0 ? '"' : 'x');
		for (size_t j = 0; j < half; j += 64)
			buffer_append_text(&text, "0123456789012345678901234567890123456789012345678901234567890123");
		buffer_append_byte(&text, '\n');
	}
	buffer_append_text(&text, "1\n");
	struct buffer told = frames_of(buffer_slice(&text), &plain, FRAME_WINDOW, 1 << 20, GZIP_END);
	is_text(told.data, "0@2 ! larger than 16 MB\n1@16777222 {\"a\":\"1\"}\n",
		"a quote without an end costs at most 16 MB, and reading goes on");
	buffer_release(&told);
	buffer_release(&text);
}

int main(void)
{
	test_rows();
	test_broken();
	test_large();
	return tap_done();
}
