#include "base/json.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "base/prng.h"
#include "tests/support/json_again.h"
#include "tests/tap.h"

enum { INPUT_MAX = 1 << 20 };

static struct json_parser *parser;
static char *padded; /* the input ends JSON_PADDING bytes before this memory's end, so a longer read is caught */

/* Parses a copy whose padding holds bytes that would be taken for input if they were looked at. */
static bool parse(struct slice input, const struct json_token **tokens, size_t *count, struct json_failure *failure)
{
	free(padded);
	padded = malloc(input.size + JSON_PADDING);
	if (padded == NULL)
		return false;
	if (input.size > 0)
		memcpy(padded, input.data, input.size);
	memset(padded + input.size, '1', JSON_PADDING);
	return json_parse(parser, (struct slice){padded, input.size}, tokens, count, failure);
}

/* The input's canonical form, or "failure at N: reason". */
static const char *canonical(struct slice input)
{
	static struct buffer out;
	buffer_release(&out);
	buffer_init(&out, 4 * INPUT_MAX);
	const struct json_token *tokens;
	struct json_failure failure;
	size_t count;
	if (!parse(input, &tokens, &count, &failure)) {
		(void)buffer_printf(&out, "failure at %zu: %s", failure.offset, failure.reason);
		return out.data;
	}
	bool sound = true;
	if (json_again(tokens, count, 0, &out, &sound) != count)
		sound = false;
	if (!sound)
		(void)buffer_append_text(&out, " with unsound tokens");
	(void)buffer_append_byte(&out, '\0');
	return out.data;
}

static void test_valid(void)
{
	static const char *const cases[][2] = {
		/* input, canonical form (NULL: the same) */
		{"{}", NULL},
		{"[]", NULL},
		{"\"\"", NULL},
		{"0", NULL},
		{"-0", NULL},
		{"true", NULL},
		{"false", NULL},
		{"null", NULL},
		{" \t\r\n{ \"a\" :\n1 } ", "{\"a\":1}"},
		{"[1,-2.5,3e10,4E+2,5.25e-3,0.0,-0e0]", NULL},
		{"12345678901234567890123456789012345678", NULL},
		{"-0.00000000000000000000000000000000000000000000000001234567890123456789012345678901234567", NULL},
		{"[[],[[]],{},{\"a\":{}}]", NULL},
		{"{\"a\":1,\"a\":2}", NULL},
		{"{\"\":\"\"}", NULL},
		{"[\"a\",\"b\"]", NULL},
		{"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\""},
		{"\"\\u0041\\u00e9\\u20AC\\uffff\"", "\"A\xc3\xa9\xe2\x82\xac\xef\xbf\xbf\""},
		{"\"\\ud83d\\uDE00\"", "\"\xf0\x9f\x98\x80\""},
		{"\"\\ud800\\udc00\\udbff\\udfff\"", "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\""},
		{"\"\\u0000\"", "\"\\u0000\""},
		{"\"\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"", NULL},
		{"{\"k\\u0065y\":\"\\\\\",\"x\":[true,false,null]}", "{\"key\":\"\\\\\",\"x\":[true,false,null]}"},
		{"[\"\\\\\",\"\\\\\\\\\",\"\\\\\\\"\"]", NULL},
		{"{\"Item\":{\"pk\":{\"S\":\"a\"},\"n\":{\"N\":\"1\"},\"l\":{\"L\":[{\"NULL\":true},{\"BOOL\":false}]}}"
		 "}",
		 NULL},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *want = cases[i][1] != NULL ? cases[i][1] : cases[i][0];
		if (!ok(strcmp(canonical(slice_from(cases[i][0])), want) == 0, "valid document %zu parses to itself",
			i))
			printf("#  got: %s\n# want: %s\n", canonical(slice_from(cases[i][0])), want);
	}
}

static void test_invalid(void)
{
	static const char *const cases[][2] = {
		{"", "failure at 0: unexpected end of input"},
		{"   ", "failure at 3: unexpected end of input"},
		{"{", "failure at 1: unexpected end of input"},
		{"[", "failure at 1: unexpected end of input"},
		{"[1", "failure at 2: unexpected end of input"},
		{"[1,", "failure at 3: unexpected end of input"},
		{"[1,]", "failure at 3: unexpected character"},
		{"[,1]", "failure at 1: unexpected character"},
		{"[,]", "failure at 1: unexpected character"},
		{"{,}", "failure at 1: unexpected character"},
		{"[1 2]", "failure at 3: unexpected character"},
		{"[1}", "failure at 2: unexpected character"},
		{"{\"a\":1]", "failure at 6: unexpected character"},
		{"{\"a\"}", "failure at 4: unexpected character"},
		{"{\"a\":}", "failure at 5: unexpected character"},
		{"{\"a\":1,}", "failure at 7: unexpected character"},
		{"{\"a\" 1}", "failure at 5: unexpected character"},
		{"{\"a\",1}", "failure at 4: unexpected character"},
		{"{\"a\"::1}", "failure at 5: unexpected character"},
		{"{1:1}", "failure at 1: unexpected character"},
		{"{a:1}", "failure at 1: unexpected character"},
		{"{\"a\":1 \"b\":2}", "failure at 7: unexpected character"},
		{"[\"a\"\"b\"]", "failure at 4: unexpected character"},
		{"[\"a\"b]", "failure at 4: unexpected character"},
		{"[1:2]", "failure at 2: unexpected character"},
		{"]", "failure at 0: unexpected character"},
		{"}", "failure at 0: unexpected character"},
		{":", "failure at 0: unexpected character"},
		{",", "failure at 0: unexpected character"},
		{"{}{}", "failure at 2: more after the value's end"},
		{"{} x", "failure at 3: more after the value's end"},
		{"1 1", "failure at 2: more after the value's end"},
		{"[]]", "failure at 2: more after the value's end"},
		{"\"a\"\"b\"", "failure at 3: more after the value's end"},
		{"1,2", "failure at 1: more after the value's end"},
		{"tru", "failure at 0: unexpected character"},
		{"truex", "failure at 0: unexpected character"},
		{"true1", "failure at 0: unexpected character"},
		{"nul", "failure at 0: unexpected character"},
		{"nulll", "failure at 0: unexpected character"},
		{"False", "failure at 0: unexpected character"},
		{"true\"a\"", "failure at 0: unexpected character"},
		{"NaN", "failure at 0: unexpected character"},
		{"Infinity", "failure at 0: unexpected character"},
		{"'a'", "failure at 0: unexpected character"},
		{"/**/1", "failure at 0: unexpected character"},
		{"\xef\xbb\xbf{}", "failure at 0: unexpected character"},
		{"01", "failure at 0: invalid number"},
		{"-", "failure at 0: invalid number"},
		{"-01", "failure at 0: invalid number"},
		{"00", "failure at 0: invalid number"},
		{"1.", "failure at 0: invalid number"},
		{"1.e1", "failure at 0: invalid number"},
		{".5", "failure at 0: unexpected character"},
		{"+1", "failure at 0: unexpected character"},
		{"1e", "failure at 0: invalid number"},
		{"1e+", "failure at 0: invalid number"},
		{"1e1.5", "failure at 0: invalid number"},
		{"0x10", "failure at 0: invalid number"},
		{"1_000", "failure at 0: invalid number"},
		{"--1", "failure at 0: invalid number"},
		{"1\"a\"", "failure at 0: invalid number"},
		{"1true", "failure at 0: invalid number"},
		{"[1-2]", "failure at 1: invalid number"},
		{"-Infinity", "failure at 0: invalid number"},
		{"\"", "failure at 0: string without an end"},
		{"[1,\"abc]", "failure at 3: string without an end"},
		{"\"\\\"", "failure at 0: string without an end"},
		{"\"\\", "failure at 0: string without an end"},
		{"\"\\x\"", "failure at 1: invalid escape in a string"},
		{"\"ab\\'\"", "failure at 3: invalid escape in a string"},
		{"\"\\u\"", "failure at 1: invalid escape in a string"},
		{"\"\\u12\"", "failure at 1: invalid escape in a string"},
		{"\"\\u123\"", "failure at 1: invalid escape in a string"},
		{"\"\\u123g\"", "failure at 1: invalid escape in a string"},
		{"\"\\U0041\"", "failure at 1: invalid escape in a string"},
		{"\"\\ud800\"", "failure at 1: lone surrogate in a string"},
		{"\"\\udc00\"", "failure at 1: lone surrogate in a string"},
		{"\"\\ud800x\"", "failure at 1: lone surrogate in a string"},
		{"\"\\ud800\\n\"", "failure at 1: lone surrogate in a string"},
		{"\"\\ud800\\u0041\"", "failure at 1: lone surrogate in a string"},
		{"\"\\ud800\\ud800\"", "failure at 1: lone surrogate in a string"},
		{"\"\\udc00\\ud800\"", "failure at 1: lone surrogate in a string"},
		{"{\"\\ud800\":1}", "failure at 2: lone surrogate in a string"},
		{"\"a\nb\"", "failure at 2: control character in a string"},
		{"\"a\tb\"", "failure at 2: control character in a string"},
		{"\"\x1f\"", "failure at 1: control character in a string"},
		{"\x01", "failure at 0: unexpected character"},
		{"\"\x80\"", "failure at 1: invalid UTF-8"},
		{"\"\xc0\xaf\"", "failure at 1: invalid UTF-8"},
		{"\"\xc1\xbf\"", "failure at 1: invalid UTF-8"},
		{"\"\xc3\"", "failure at 1: invalid UTF-8"},
		{"\"\xe0\x9f\xbf\"", "failure at 1: invalid UTF-8"},
		{"\"\xed\xa0\x80\"", "failure at 1: invalid UTF-8"},
		{"\"\xf0\x8f\xbf\xbf\"", "failure at 1: invalid UTF-8"},
		{"\"\xf4\x90\x80\x80\"", "failure at 1: invalid UTF-8"},
		{"\"\xf5\x80\x80\x80\"", "failure at 1: invalid UTF-8"},
		{"\"\xff\"", "failure at 1: invalid UTF-8"},
		{"\"ok\xe2\x82\"", "failure at 3: invalid UTF-8"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *got = canonical(slice_from(cases[i][0]));
		if (!ok(strcmp(got, cases[i][1]) == 0, "invalid document %zu is refused where it goes wrong", i))
			printf("#  got: %s\n# want: %s\n", got, cases[i][1]);
	}
	is_text(canonical((struct slice){"[1]\0", 4}), "failure at 3: more after the value's end",
		"a NUL after the value is refused");
	is_text(canonical((struct slice){"\"a\0b\"", 5}), "failure at 2: control character in a string",
		"a NUL within a string is refused");
	/* simdjson's code for processors without vectors leaves UTF-8 outside of strings to the grammar. */
	ok(strncmp(canonical(slice_from("{\"a\":\"b\"}\xff")), "failure at 9: ", 14) == 0,
	   "invalid UTF-8 after the value is refused");
	is_text(canonical((struct slice){"\0", 1}), "failure at 0: unexpected character", "a lone NUL is refused");
}

static void test_tokens(void)
{
	static const char input[] = " {\"a\": {\"N\": \"12\"}, \"b\\u0062\": [true, 3.50]}";
	const struct json_token *tokens;
	struct json_failure failure;
	size_t count;
	if (!ok(parse(slice_from(input), &tokens, &count, &failure), "a small item parses"))
		return;
	is_int(count, 9, "there is one token a name and one a value");
	is_int(tokens[0].count, 2, "an object counts its members");
	is_int(tokens[0].offset, 1, "a value's offset is its first byte's");
	is_int(tokens[0].next, 9, "next of the root is the number of tokens");
	is_int(tokens[2].next, 5, "next of a nested object is the following name");
	is_int(tokens[6].count, 2, "an array counts its elements");
	ok(slice_is(json_text(&tokens[8]), "3.50"), "a number keeps its text");
	is_int(tokens[8].offset, strstr(input, "3.50") - input, "a number's offset is its first digit's");
	is_int(tokens[1].offset, 2, "a string's offset is its quote's");
	is_int(json_member(tokens, 0, "a"), 2, "json_member finds the first member's value");
	is_int(json_member(tokens, 0, "bb"), 6, "json_member compares unescaped names");
	is_int(json_member(tokens, 2, "N"), 4, "json_member looks into a nested object");
	is_int(json_member(tokens, 0, "c"), 0, "json_member gives 0 for a name that is not there");
	is_int(json_member(tokens, 0, "N"), 0, "json_member does not look deeper");
	is_int(json_member(tokens, 6, "a"), 0, "json_member gives 0 for an array");
	if (!ok(parse(slice_from("{\"a\":1,\"a\":2}"), &tokens, &count, &failure), "duplicate names parse"))
		return;
	is_int(tokens[0].count, 2, "duplicate names are both kept");
	is_int(json_member(tokens, 0, "a"), 2, "json_member takes the first of duplicate names");
}

static void test_long_number(void)
{
	char digits[5000];
	memset(digits, '7', sizeof(digits));
	const struct json_token *tokens;
	struct json_failure failure;
	size_t count;
	ok(parse((struct slice){digits, sizeof(digits)}, &tokens, &count, &failure) && tokens[0].size == sizeof(digits),
	   "a number of 5,000 digits keeps its text");
}

static void test_depth(void)
{
	static char nested[4 * JSON_DEPTH_MAX];
	for (int objects = 0; objects <= 1; objects++) {
		for (int depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
			struct buffer input;
			buffer_init(&input, INPUT_MAX);
			for (int i = 0; i < depth; i++)
				(void)buffer_append_text(&input, objects != 0 ? "{\"a\":" : "[");
			(void)buffer_append_byte(&input, '1');
			for (int i = 0; i < depth; i++)
				(void)buffer_append_byte(&input, objects != 0 ? '}' : ']');
			const char *got = canonical(buffer_slice(&input));
			(void)snprintf(nested, sizeof(nested), "failure at %d: nested deeper than 256 levels",
				       JSON_DEPTH_MAX * (objects != 0 ? 5 : 1));
			if (depth <= JSON_DEPTH_MAX)
				ok(strlen(got) == input.size && memcmp(got, input.data, input.size) == 0,
				   "%d levels of %s parse", depth, objects != 0 ? "objects" : "arrays");
			else
				is_text(got, nested, "one level more is refused");
			buffer_release(&input);
		}
	}
}

static void test_limits(void)
{
	struct json_parser *small = json_parser_new(10);
	struct json_failure failure = {.reason = NULL};
	const struct json_token *tokens;
	size_t count;
	char input[10 + 1 + JSON_PADDING] = "[1,2,3,45]";
	ok(json_parse(small, (struct slice){input, 10}, &tokens, &count, &failure),
	   "an input of the maximum size parses");
	input[10] = ' ';
	ok(!json_parse(small, (struct slice){input, 11}, &tokens, &count, &failure), "a byte more is refused");
	is_text(failure.reason, "larger than the maximum", "and the reason says so");
	json_parser_free(small);
	json_parser_free(NULL);

	struct buffer large;
	buffer_init(&large, INPUT_MAX);
	(void)buffer_append_byte(&large, '[');
	while (large.size < INPUT_MAX - 10)
		(void)buffer_append_text(&large, "0,");
	(void)buffer_append_text(&large, "0]");
	ok(parse(buffer_slice(&large), &tokens, &count, &failure) && count == (large.size - 1) / 2 + 1,
	   "an input far larger than those before it parses, however many tokens it has");
	buffer_release(&large);
}

/* Strings of every length and with an escape at every place, so that each place within a vector is met. */
static void test_string_places(void)
{
	bool plain = true, escaped = true;
	for (size_t size = 0; size < 100; size++) {
		char text[128], want[128];
		memset(text, 'x', sizeof(text));
		text[0] = text[size + 1] = '"';
		const struct json_token *tokens;
		struct json_failure failure;
		size_t count;
		plain = plain && parse((struct slice){text, size + 2}, &tokens, &count, &failure) && count == 1 &&
			tokens[0].size == size && memcmp(tokens[0].text, text + 1, size) == 0;
		for (size_t at = 1; at + 1 <= size; at++) {
			memset(text, 'x', sizeof(text));
			text[0] = text[size + 1] = '"';
			text[at] = '\\';
			text[at + 1] = '"';
			memset(want, 'x', sizeof(want));
			want[at - 1] = '"';
			escaped = escaped && parse((struct slice){text, size + 2}, &tokens, &count, &failure) &&
				  tokens[0].size == size - 1 && memcmp(tokens[0].text, want, size - 1) == 0;
		}
	}
	ok(plain, "plain strings of 0 to 99 bytes keep their bytes");
	ok(escaped, "an escaped quote is found at every place of a string");
}

static void test_every_truncation(void)
{
	static const char text[] = "{\"a\":[1.5e3,-2,\"x\\u00e9\\n\",{\"b\":null,\"c\":true}],\"d\":\"\xe2\x82\xac\"}";
	size_t accepted = 0;
	for (size_t size = 0; size < sizeof(text) - 1; size++)
		accepted += strncmp(canonical((struct slice){text, size}), "failure", 7) != 0;
	is_int(accepted, 0, "no proper prefix of an object is accepted");
	ok(strncmp(canonical(slice_from(text)), "failure", 7) != 0, "the whole object is");
}

/* A random document and the form it must come back in. */
static void generate(struct prng *prng, int depth, struct buffer *out)
{
	static const char *const scalars[] = {
		"true",       "false",       "null",
		"0",          "-1.25e-7",    "\"\"",
		"\"a\\\"b\"", "\"\\u0001\"", "\"\xf0\x9f\x98\x80 long enough to cross a vector's end\"",
		"3"};
	uint64_t kind = prng_below(prng, depth > 6 ? 2 : 5);
	if (kind < 2) {
		(void)buffer_append_text(out, scalars[prng_below(prng, sizeof(scalars) / sizeof(scalars[0]))]);
		return;
	}
	bool object = kind == 2;
	uint64_t count = prng_below(prng, 5);
	(void)buffer_append_byte(out, object ? '{' : '[');
	for (uint64_t i = 0; i < count; i++) {
		if (i > 0)
			(void)buffer_append_byte(out, ',');
		if (object)
			(void)buffer_append_text(out, prng_chance(prng, 1, 2) ? "\"name\":" : "\"\\n\":");
		generate(prng, depth + 1, out);
	}
	(void)buffer_append_byte(out, object ? '}' : ']');
}

static void test_random(void)
{
	struct prng prng;
	prng_init(&prng, 20260102);
	int same = 0, damaged_kept = 0;
	for (int i = 0; i < 3000; i++) {
		struct buffer text;
		buffer_init(&text, INPUT_MAX);
		generate(&prng, 0, &text);
		struct slice input = buffer_slice(&text);
		const char *got = canonical(input);
		same += strlen(got) == input.size && memcmp(got, input.data, input.size) == 0;
		/* A damaged document is refused, or comes back to itself once more: never half understood. */
		text.data[prng_below(&prng, text.size)] = (char)prng_below(&prng, 256);
		got = canonical(input);
		if (strncmp(got, "failure", 7) != 0) {
			char *first = strdup(got);
			damaged_kept += strcmp(canonical(slice_from(first)), first) != 0;
			free(first);
		}
		buffer_release(&text);
	}
	is_int(same, 3000, "3,000 random documents come back unchanged");
	is_int(damaged_kept, 0, "a damaged document that is accepted has one meaning");
}

int main(void)
{
	parser = json_parser_new(INPUT_MAX);
	if (parser == NULL)
		return 1;
	test_valid();
	test_invalid();
	test_tokens();
	test_long_number();
	test_depth();
	test_limits();
	test_string_places();
	test_every_truncation();
	test_random();
	json_parser_free(parser);
	free(padded);
	return tap_done();
}
