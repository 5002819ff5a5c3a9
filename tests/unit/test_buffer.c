#include "base/buffer.h"

#include "base/error.h"
#include "tests/tap.h"

static const char *text_of(struct buffer *buffer)
{
	if (buffer_append_byte(buffer, '\0') != 0)
		return "(full)";
	buffer->size--;
	return buffer->data;
}

static void test_append(void)
{
	struct buffer buffer;
	buffer_init(&buffer, 1000);
	ok(buffer_slice(&buffer).size == 0, "a new buffer is empty");
	is_int(buffer_append(&buffer, NULL, 0), 0, "nothing may be appended");
	is_int(buffer_append_text(&buffer, "ab"), 0, "text is appended");
	is_int(buffer_append_byte(&buffer, 'c'), 0, "a byte is appended");
	is_int(buffer_append_slice(&buffer, slice_from("def")), 0, "a slice is appended");
	is_int(buffer_append_u64(&buffer, 0), 0, "zero is appended");
	is_int(buffer_append_u64(&buffer, UINT64_MAX), 0, "the largest number is appended");
	is_int(buffer_printf(&buffer, "<%s %d>", "x", -1), 0, "formatted text is appended");
	is_text(text_of(&buffer), "abcdef018446744073709551615<x -1>", "all of it in order");
	ok(!buffer.failed, "nothing failed");
	buffer_release(&buffer);
	ok(buffer.data == NULL && buffer.size_max == 1000, "a released buffer is empty and keeps its maximum");
}

static void test_maximum(void)
{
	struct buffer buffer;
	buffer_init(&buffer, 10);
	is_int(buffer_append_text(&buffer, "0123456789"), 0, "a buffer takes its maximum");
	is_int(buffer_append_byte(&buffer, 'x'), ERROR_INTERNAL, "and not a byte more");
	ok(buffer.failed, "failed is set then");
	is_int(buffer_append(&buffer, "x", SIZE_MAX), ERROR_INTERNAL, "a size that overflows is refused");
	is_int(buffer_reserve(&buffer, SIZE_MAX), ERROR_INTERNAL, "so is such a reservation");
	ok(buffer.size == 10 && memcmp(buffer.data, "0123456789", 10) == 0, "the contents stay as they were");
	buffer.size = 8;
	is_int(buffer_append_json(&buffer, slice_from("abc")), ERROR_INTERNAL,
	       "a JSON string that does not fit is refused");
	is_int(buffer.size, 8, "as a whole");
	is_int(buffer_printf(&buffer, "%d", 1234), ERROR_INTERNAL, "formatted text that does not fit is refused");
	is_int(buffer_append_base64(&buffer, slice_from("abc")), ERROR_INTERNAL, "base64 that does not fit is refused");
	is_int(buffer_append_base64(&buffer, (struct slice){"", SIZE_MAX}), ERROR_INTERNAL, "whatever its size");
	is_int(buffer.size, 8, "none of them leaves a trace");
	ok(buffer.failed, "failed stays set");
	buffer_release(&buffer);
}

static void test_json(void)
{
	static const struct {
		const char *bytes;
		size_t size;
		const char *want;
	} cases[] = {
		{"", 0, "\"\""},
		{"plain", 5, "\"plain\""},
		{"\"\\/", 3, "\"\\\"\\\\/\""},
		{"\b\t\n\f\r", 5, "\"\\b\\t\\n\\f\\r\""},
		{"\0\x01\x1f\x7f", 4, "\"\\u0000\\u0001\\u001f\x7f\""},
		{"\xf0\x9f\x98\x80", 4, "\"\xf0\x9f\x98\x80\""},
		{"a\nb\nc", 5, "\"a\\nb\\nc\""},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer buffer;
		buffer_init(&buffer, 1000);
		(void)buffer_append_json(&buffer, (struct slice){cases[i].bytes, cases[i].size});
		is_text(text_of(&buffer), cases[i].want, "text becomes a JSON string");
		buffer_release(&buffer);
	}
}

/* RFC 4648, section 10. */
static void test_base64(void)
{
	static const char *const cases[][2] = {
		{"", ""},
		{"f", "Zg=="},
		{"fo", "Zm8="},
		{"foo", "Zm9v"},
		{"foob", "Zm9vYg=="},
		{"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"},
		{"\xff\xef\xbe", "/+++"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer buffer;
		buffer_init(&buffer, 1000);
		(void)buffer_append_base64(&buffer, slice_from(cases[i][0]));
		is_text(text_of(&buffer), cases[i][1], "bytes become base64");
		buffer_release(&buffer);
	}
}

static void test_growth(void)
{
	struct buffer buffer;
	buffer_init(&buffer, 100000);
	bool same = true;
	for (int i = 0; i < 100000; i++)
		same = buffer_append_byte(&buffer, (char)(i % 127)) == 0 && same;
	for (int i = 0; i < 100000; i++)
		same = same && buffer.data[i] == (char)(i % 127);
	ok(same, "100,000 single bytes are kept while the buffer grows");
	is_int(buffer_append_byte(&buffer, 'x'), ERROR_INTERNAL, "growth ends at the maximum");
	buffer_release(&buffer);
}

int main(void)
{
	test_append();
	test_maximum();
	test_json();
	test_base64();
	test_growth();
	return tap_done();
}
