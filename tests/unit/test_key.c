/* Key bytes: from images and rows, to JSON, from the command line. */
#include <stdlib.h>

#include "base/decimal.h"
#include "reconcile/digest/digest.h"
#include "reconcile/digest/key.h"
#include "tests/tap.h"

static const char two_parts[] = "table: t\nkey:\n  - {attribute: pk, type: S}\n  - {attribute: sk, type: N}\n"
				"sources:\n  - {events: e}\n";
static const char binary_part[] = "table: t\nkey:\n  - {attribute: id, type: B}\nsources:\n  - {events: e}\n";
static const char text_part[] = "table: t\nkey:\n  - {attribute: id, type: S}\nsources:\n  - {events: e}\n";

struct fixture {
	struct contract *contract;
	struct digest_plan *plan;
	struct digest_scratch *scratch;
	struct json_parser *parser;
	char text[8192];
	struct error error;
};

static void open_fixture(struct fixture *fixture, const char *yaml)
{
	*fixture = (struct fixture){.parser = json_parser_new(8000)};
	if (contract_parse("c.yaml", slice_from(yaml), &fixture->contract, &fixture->error) != 0 ||
	    digest_plan_new(fixture->contract, NULL, &fixture->plan, &fixture->error) != 0) {
		printf("Bail out! %s\n", fixture->error.message);
		exit(1);
	}
	fixture->scratch = digest_scratch_new(fixture->plan);
}

static void close_fixture(struct fixture *fixture)
{
	digest_scratch_free(fixture->scratch);
	digest_plan_free(fixture->plan);
	contract_free(fixture->contract);
	json_parser_free(fixture->parser);
}

static bool key_of(struct fixture *fixture, const char *json, struct slice *key, struct digest_fault *fault)
{
	const struct json_token *tokens;
	size_t count;
	struct json_failure failure;
	memset(fixture->text, 0, sizeof(fixture->text));
	memcpy(fixture->text, json, strlen(json));
	*fault = (struct digest_fault){.reason = "not parsed"};
	return json_parse(fixture->parser, (struct slice){fixture->text, strlen(json)}, &tokens, &count, &failure) &&
	       digest_key(fixture->scratch, tokens, 0, key, fault);
}

static void test_layout(void)
{
	static const unsigned char want[] = {'S', 0, 1, 'a', 'N', 0, 3, '1', '.', '5'};
	struct fixture fixture;
	struct digest_fault fault;
	struct slice key;
	open_fixture(&fixture, two_parts);
	bool found = key_of(&fixture, "{\"sk\":{\"N\":\"15e-1\"},\"x\":{\"Q\":1},\"pk\":{\"S\":\"a\"}}", &key, &fault);
	ok(found && slice_equal(key, (struct slice){(const char *)want, sizeof(want)}),
	   "a key is type, length and canonical value of each part, other attributes passed over");
	char type;
	struct slice bytes;
	ok(key_take(&key, &type, &bytes) && type == 'S' && slice_is(bytes, "a") && key_take(&key, &type, &bytes) &&
		   type == 'N' && slice_is(bytes, "1.5") && !key_take(&key, &type, &bytes),
	   "and comes apart again");
	ok(!key_take(&(struct slice){"S\0\5abc", 6}, &type, &bytes), "bytes cut short are refused");
	close_fixture(&fixture);
}

static void test_faults(void)
{
	static const struct {
		const char *json, *reason, *detail;
	} cases[] = {
		{"{}", "key attribute is missing", "'pk'"},
		{"{\"pk\":{\"S\":\"a\"}}", "key attribute is missing", "'sk'"},
		{"{\"pk\":{\"N\":\"1\"},\"sk\":{\"N\":\"1\"}}", "key attribute of the wrong type", "pk: 'N'"},
		{"{\"pk\":{\"S\":\"a\"},\"sk\":{\"S\":\"1\"}}", "key attribute of the wrong type", "sk: 'S'"},
		{"{\"pk\":{\"S\":\"\"},\"sk\":{\"N\":\"1\"}}", "key attribute is empty", "pk"},
		{"{\"pk\":{\"S\":\"a\"},\"sk\":{\"N\":\"1e200\"}}", "number out of range", "sk: '1e200'"},
		{"{\"pk\":{\"S\":\"a\"},\"sk\":{\"N\":\"x\"}}", "not a number", "sk: 'x'"},
		{"{\"pk\":{\"S\":\"a\"},\"pk\":{\"S\":\"a\"},\"sk\":{\"N\":\"1\"}}", "duplicate name", "'pk'"},
		{"[]", "key is not an object", ""},
		{"{\"pk\":{\"NULL\":true},\"sk\":{\"N\":\"1\"}}", "key attribute of the wrong type", "pk: 'NULL'"},
	};
	struct fixture fixture;
	open_fixture(&fixture, two_parts);
	for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
		struct digest_fault fault;
		struct slice key;
		bool refused = !key_of(&fixture, cases[index].json, &key, &fault);
		bool said = refused && strcmp(fault.reason, cases[index].reason) == 0 &&
			    strcmp(fault.detail, cases[index].detail) == 0;
		ok(said, "%s: %s", cases[index].json, cases[index].reason);
		if (!said)
			printf("# got: %s (%s)\n", fault.reason, fault.detail);
	}
	close_fixture(&fixture);
}

static void test_lengths(void)
{
	struct fixture fixture;
	struct digest_fault fault;
	struct slice key;
	char json[4096];
	open_fixture(&fixture, text_part);
	char *value = calloc(1, 3000);
	memset(value, 'x', 2048);
	snprintf(json, sizeof(json), "{\"id\":{\"S\":\"%s\"}}", value);
	ok(key_of(&fixture, json, &key, &fault) && key.size == 2051, "a partition key of 2048 bytes is taken");
	value[2048] = 'x';
	snprintf(json, sizeof(json), "{\"id\":{\"S\":\"%s\"}}", value);
	ok(!key_of(&fixture, json, &key, &fault) && strcmp(fault.reason, "key attribute is too long") == 0,
	   "one of 2049 bytes is not");
	free(value);
	close_fixture(&fixture);
}

static void check_text(struct fixture *fixture, const char *text, const char *json)
{
	struct buffer key, back;
	struct error error = {0};
	buffer_init(&key, 8192);
	buffer_init(&back, 8192);
	int code = key_from_text(fixture->contract, text, &key, &error);
	bool same = code == 0 && key_append_json(fixture->contract, buffer_slice(&key), &back) == 0 &&
		    slice_is(buffer_slice(&back), json);
	ok(same, "'%s' is the key %s", text, json);
	if (!same)
		printf("# got: %s %.*s\n", error.message, (int)back.size, back.data ? back.data : "");
	struct buffer again;
	buffer_init(&again, 8192);
	ok(key_from_text(fixture->contract, json, &again, &error) == 0 &&
		   slice_equal(buffer_slice(&again), buffer_slice(&key)),
	   "and its JSON reads back the same");
	buffer_release(&again);
	buffer_release(&key);
	buffer_release(&back);
}

static void check_refusal(struct fixture *fixture, const char *text, const char *message)
{
	struct buffer key;
	struct error error = {0};
	buffer_init(&key, 8192);
	int code = key_from_text(fixture->contract, text, &key, &error);
	ok(code == ERROR_USAGE && strcmp(error.message, message) == 0, "'%s': %s", text, message);
	if (strcmp(error.message, message) != 0)
		printf("# got: %s\n", error.message);
	buffer_release(&key);
}

static void test_text(void)
{
	struct fixture fixture;
	open_fixture(&fixture, two_parts);
	check_text(&fixture, "pk=a,sk=7", "{\"pk\":\"a\",\"sk\":\"7\"}");
	check_text(&fixture, "pk=a,b=c,sk=1e2", "{\"pk\":\"a,b=c\",\"sk\":\"100\"}");
	check_text(&fixture, "pk=a,sk=1,sk=2", "{\"pk\":\"a,sk=1\",\"sk\":\"2\"}");
	check_text(&fixture, "{\"sk\":7.50,\"pk\":\"\\u00e9\\\"\"}", "{\"pk\":\"é\\\"\",\"sk\":\"7.5\"}");
	check_refusal(&fixture, "a", "give the key as pk=VALUE,sk=VALUE or as a JSON object");
	check_refusal(&fixture, "pk=a", "give the key as pk=VALUE,sk=VALUE or as a JSON object");
	check_refusal(&fixture, "pk=a,sk=x", "key attribute 'sk' is a number, 'x' is not");
	check_refusal(&fixture, "pk=\xff,sk=1", "key attribute 'pk' is text, which is UTF-8");
	check_refusal(&fixture, "pk=a,sk=1e200",
		      "key attribute 'sk' is a number, '1e200' is beyond what DynamoDB holds, 1E-130 to 9.9…E+125");
	check_refusal(&fixture, "pk=a,sk=123456789012345678901234567890123456789",
		      "key attribute 'sk' is a number, '123456789012345678901234567890123456789' has more digits than "
		      "the 38 that DynamoDB holds");
	check_refusal(&fixture, "pk=,sk=1", "key attribute 'pk' must have 1 to 2048 bytes");
	check_refusal(&fixture, "{\"pk\":\"a\"}", "the key has 1 attributes, the table's key has 2");
	check_refusal(&fixture, "{\"pk\":\"a\",\"x\":\"1\"}", "the key lacks attribute 'sk'");
	check_refusal(&fixture, "{\"pk\":1,\"sk\":1}", "key attribute 'pk' must be a JSON string");
	close_fixture(&fixture);
	open_fixture(&fixture, text_part);
	check_text(&fixture, "a=b", "{\"id\":\"a=b\"}");
	check_text(&fixture, "id=b", "{\"id\":\"b\"}");
	close_fixture(&fixture);
	open_fixture(&fixture, binary_part);
	check_text(&fixture, "AAE=", "{\"id\":\"AAE=\"}");
	check_text(&fixture, "id=AAE=", "{\"id\":\"AAE=\"}");
	check_refusal(&fixture, "A!", "key attribute 'id' is binary, give it as base64");
	close_fixture(&fixture);
}

/* The lake's key columns: what a row holds against what the item's key is. */
struct seen {
	char bytes[200];
	size_t size;
};

static int keep(void *context, uint64_t index, const struct row_digest *row, struct error *error)
{
	struct seen *seen = context;
	(void)index;
	(void)error;
	seen->size = row->key.size < sizeof(seen->bytes) ? row->key.size : 0;
	if (seen->size > 0)
		memcpy(seen->bytes, row->key.data, seen->size);
	return 0;
}

static void check_row(const char *what, char type, const char *format, const void *values, const void *offsets,
		      const char *number)
{
	char yaml[300];
	snprintf(yaml, sizeof(yaml),
		 "table: t\nkey:\n  - {attribute: id, type: %c}\nsources:\n  - {events: e}\nlake:\n  delta: d\n  "
		 "columns:\n"
		 "    - {column: id, attribute: id}\n",
		 type);
	struct contract *contract = NULL;
	struct digest_plan *plan = NULL;
	struct error error = {0};
	struct ArrowSchema field = {.format = format, .name = "id"}, *fields[] = {&field};
	struct ArrowSchema schema = {.format = "+s", .n_children = 1, .children = fields};
	const void *buffers[3] = {NULL, offsets != NULL ? offsets : values, values};
	struct ArrowArray column = {.length = 1, .n_buffers = offsets != NULL ? 3 : 2, .buffers = buffers};
	struct ArrowArray *columns[] = {&column};
	struct ArrowArray batch = {.length = 1, .n_buffers = 1, .n_children = 1, .children = columns};
	struct seen seen = {.size = 0};
	bool done = contract_parse("c.yaml", slice_from(yaml), &contract, &error) == 0 &&
		    digest_plan_new(contract, &schema, &plan, &error) == 0;
	struct digest_scratch *scratch = done ? digest_scratch_new(plan) : NULL;
	done = scratch != NULL && digest_batch(scratch, &schema, &batch, keep, &seen, &error) == 0;
	unsigned char want[200];
	size_t size = number == NULL ? 0 : key_put(want, type, slice_from(number));
	ok(done && slice_equal((struct slice){seen.bytes, seen.size}, (struct slice){(const char *)want, size}),
	   "%s gives the key %s", what, number == NULL ? "of no item" : number);
	if (!done)
		printf("# %s\n", error.message);
	digest_scratch_free(scratch);
	digest_plan_free(plan);
	contract_free(contract);
}

static void test_rows(void)
{
	int8_t tiny = -7;
	int64_t big = INT64_MIN;
	double whole = 1e15, fraction = 0.1, huge = 1e125, infinite = 1.0 / 0.0, minus_zero = -0.0;
	float single = 0.1F;
	int128 decimal = -(int128)1234500;
	int32_t nine[2] = {0, 9}, one[2] = {0, 1}, none[2] = {0, 0};
	check_row("tinyint -7", 'N', "c", &tiny, NULL, "-7");
	check_row("the least bigint", 'N', "l", &big, NULL, "-9223372036854775808");
	check_row("double 1e15", 'N', "g", &whole, NULL, "1000000000000000");
	check_row("double 0.1", 'N', "g", &fraction, NULL, "0.1");
	check_row("double -0.0", 'N', "g", &minus_zero, NULL, "0");
	char zeros[127];
	memset(zeros, '0', 126);
	zeros[0] = '1';
	zeros[126] = '\0';
	check_row("double 1e125", 'N', "g", &huge, NULL, zeros);
	check_row("double infinity", 'N', "g", &infinite, NULL, NULL);
	check_row("float 0.1", 'N', "f", &single, NULL, "0.1");
	check_row("decimal(20,4) -123.4500", 'N', "d:20,4", &decimal, NULL, "-123.45");
	check_row("string '1.5000E+1'", 'N', "u", "1.5000E+1", nine, "15");
	check_row("string '1.5000E+x'", 'N', "u", "1.5000E+x", nine, NULL);
	check_row("string 'S'", 'S', "u", "S", one, "S");
	check_row("an empty string", 'S', "u", "S", none, NULL);
	check_row("binary 'b'", 'B', "z", "b", one, "b");
}

int main(void)
{
	test_layout();
	test_faults();
	test_lengths();
	test_text();
	test_rows();
	return tap_done();
}
