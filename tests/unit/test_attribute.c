#include "sources/attribute.h"

#include "base/base64.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "sources/events.h"
#include "tests/tap.h"

static struct json_parser *parser;

/* NULL: valid. */
static const char *fault_of(const char *text, bool image)
{
	static struct attribute_fault fault;
	struct buffer padded;
	const struct json_token *tokens;
	size_t count;
	struct json_failure failure;
	buffer_init(&padded, SIZE_MAX / 2);
	if (buffer_append_text(&padded, text) != 0 || buffer_reserve(&padded, JSON_PADDING) != 0)
		abort();
	bool parsed = json_parse(parser, buffer_slice(&padded), &tokens, &count, &failure);
	bool valid = parsed &&
		     (image ? attribute_validate_image(tokens, 0, &fault) : attribute_validate(tokens, 0, &fault));
	buffer_release(&padded);
	return !parsed ? "(not parsed)" : valid ? NULL : fault.reason;
}

static void is_valid(const char *text)
{
	const char *fault = fault_of(text, false);
	ok(fault == NULL, "%s is an attribute value (%s)", text, fault != NULL ? fault : "yes");
}

static void has_fault(const char *text, const char *want)
{
	const char *fault = fault_of(text, false);
	ok(fault != NULL && strcmp(fault, want) == 0, "%s: %s (got: %s)", text, want, fault != NULL ? fault : "valid");
}

/* `levels` levels in all: maps, and a string in the innermost. */
static const char *nested(unsigned levels)
{
	struct buffer text;
	buffer_init(&text, SIZE_MAX / 2);
	for (unsigned i = 1; i < levels; i++)
		(void)buffer_append_text(&text, i % 2 ? "{\"M\":{\"n\":" : "{\"L\":[");
	(void)buffer_append_text(&text, "{\"S\":\"leaf\"}");
	for (unsigned i = levels - 1; i >= 1; i--)
		(void)buffer_append_text(&text, i % 2 ? "}}" : "]}");
	(void)buffer_append_byte(&text, '\0');
	const char *fault = fault_of(text.data, false);
	buffer_release(&text);
	return fault;
}

static void test_values(void)
{
	is_valid("{\"S\":\"\"}");
	is_valid("{\"N\":\"-1.5e-3\"}");
	is_valid("{\"N\":12}");
	is_valid("{\"B\":\"\"}");
	is_valid("{\"B\":\"AAEC\"}");
	is_valid("{\"B\":\"AA==\"}");
	is_valid("{\"B\":\"AB==\"}");
	is_valid("{\"BOOL\":false}");
	is_valid("{\"NULL\":true}");
	is_valid("{\"M\":{}}");
	is_valid("{\"M\":{\"S\":{\"N\":\"1\"},\"M\":{\"M\":{\"L\":{\"L\":[]}}}}}");
	is_valid("{\"L\":[{\"S\":\"a\"},{\"S\":\"a\"}]}");
	is_valid("{\"SS\":[\"a\",\"\",\"b\"]}");
	is_valid("{\"NS\":[\"1\",\"2\"]}");
	is_valid("{\"BS\":[\"AA==\",\"AQ==\"]}");
}

static void test_faults(void)
{
	const char *one_tag = "an attribute value must be an object with one type tag";
	has_fault("\"a\"", one_tag);
	has_fault("{}", one_tag);
	has_fault("{\"S\":\"a\",\"N\":\"1\"}", one_tag);
	has_fault("{\"X\":\"a\"}", "unknown type tag");
	has_fault("{\"s\":\"a\"}", "unknown type tag");
	has_fault("{\"S\":1}", "S must be a string");
	has_fault("{\"N\":true}", "a number must be a string");
	has_fault("{\"N\":\"one\"}", "not a number");
	has_fault("{\"N\":\"123456789012345678901234567890123456789\"}", "number with more than 38 digits");
	has_fault("{\"N\":\"1e126\"}", "number out of range");
	has_fault("{\"N\":\"1e-131\"}", "number out of range");
	has_fault("{\"B\":\"AAE\"}", "B must be base64 text");
	has_fault("{\"B\":\"AA=A\"}", "B must be base64 text");
	has_fault("{\"B\":\"AA-_\"}", "B must be base64 text");
	has_fault("{\"BOOL\":\"true\"}", "BOOL must be true or false");
	has_fault("{\"NULL\":false}", "NULL must be true");
	has_fault("{\"M\":[]}", "M must be an object");
	has_fault("{\"L\":{}}", "L must be an array");
	has_fault("{\"L\":[\"a\"]}", one_tag);
	has_fault("{\"SS\":[]}", "empty set");
	has_fault("{\"NS\":[]}", "empty set");
	has_fault("{\"SS\":\"a\"}", "a set must be an array");
	has_fault("{\"SS\":[\"a\",1]}", "S must be a string");
	has_fault("{\"SS\":[\"a\",\"b\",\"a\"]}", "duplicate element in a set");
	has_fault("{\"NS\":[\"1\",\"1.0\"]}", "duplicate element in a set");
	has_fault("{\"M\":{\"a\":{\"S\":\"1\"},\"b\":{\"S\":\"1\"},\"a\":{\"S\":\"1\"}}}", "duplicate name");
	has_fault("{\"M\":{\"a\":{\"S\":\"1\"},\"\\u0061\":{\"S\":\"1\"}}}", "duplicate name");
}

static void test_images(void)
{
	is_text(fault_of("[]", true), "an image must be an object", "an array is no image");
	ok(fault_of("{\"pk\":{\"S\":\"a\"},\"Item\":{\"N\":\"1\"}}", true) == NULL,
	   "an image may hold an attribute named Item");
	is_text(fault_of("{\"pk\":{\"S\":\"a\"},\"pk\":{\"S\":\"a\"}}", true), "duplicate name",
		"an attribute that is there twice is a fault");
	ok(nested(32) == NULL, "32 levels are allowed");
	is_text(nested(33), "nested deeper than 32 levels", "33 levels are too many");
}

static void test_base64(void)
{
	uint8_t bytes[16];
	size_t size = 0;
	ok(base64_decode(slice_from("FjvgqIxwymKf1RbbqtrZag=="), bytes, sizeof(bytes), &size) && size == 16 &&
		   memcmp(bytes, "\x16\x3b\xe0\xa8\x8c\x70\xca\x62\x9f\xd5\x16\xdb\xaa\xda\xd9\x6a", 16) == 0,
	   "base64 is decoded");
	ok(!base64_decode(slice_from("FjvgqIxwymKf1RbbqtrZagA="), bytes, sizeof(bytes), &size),
	   "base64 of more bytes than there is room for is refused");
	ok(base64_decode(slice_from(""), bytes, sizeof(bytes), &size) && size == 0, "no text is no bytes");
	ok(!base64_decode(slice_from("===="), bytes, sizeof(bytes), &size), "padding alone is refused");
}

int main(void)
{
	parser = json_parser_new(RECORD_SIZE_MAX);
	test_values();
	test_faults();
	test_images();
	test_base64();
	json_parser_free(parser);
	return tap_done();
}
