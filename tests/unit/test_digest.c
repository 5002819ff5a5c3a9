/* Both sides of the digests: published and computed Spark vectors, invariances, faults, and agreement of images with
 * the same rows in Arrow. The Arrow arrays are built here, from values generated here; nothing of reconcile/ converts
 * them. */
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/prng.h"
#include "reconcile/digest.h"
#include "reconcile/digest_hash.h"
#include "reconcile/digest_number.h"
#include "tests/tap.h"

/* ---- a contract, a plan, a parser ---- */

struct fixture {
	struct contract *contract;
	struct digest_plan *plan;
	struct digest_scratch *scratch;
	struct json_parser *parser;
	char *text; /* of the last item, padded */
	const struct json_token *tokens;
	struct error error;
};

enum { ITEM_MAX = 4 * 1024 * 1024 };

/* `columns`: the lines under "columns:", after the key's own. */
static bool open_fixture(struct fixture *fixture, const char *columns, const char *extra,
			 const struct ArrowSchema *schema)
{
	char *yaml = malloc(65536);
	snprintf(yaml, 65536,
		 "table: t\nkey:\n  - {attribute: pk, type: S}\nsources:\n  - {export: e}\nlake:\n  delta: lake\n%s"
		 "  columns:\n    - {column: pk, attribute: pk, type: string}\n%s",
		 extra, columns);
	*fixture = (struct fixture){.parser = json_parser_new(ITEM_MAX), .text = calloc(1, ITEM_MAX + JSON_PADDING)};
	bool whole = contract_parse("c.yaml", slice_from(yaml), &fixture->contract, &fixture->error) == 0 &&
		     digest_plan_new(fixture->contract, schema, &fixture->plan, &fixture->error) == 0;
	free(yaml);
	if (!whole) {
		printf("# %s\n", fixture->error.message);
		return false;
	}
	fixture->scratch = digest_scratch_new(fixture->plan);
	return fixture->scratch != NULL;
}

static void close_fixture(struct fixture *fixture)
{
	digest_scratch_free(fixture->scratch);
	digest_plan_free(fixture->plan);
	contract_free(fixture->contract);
	json_parser_free(fixture->parser);
	free(fixture->text);
}

static bool parse(struct fixture *fixture, const char *text)
{
	struct json_failure failure;
	size_t count, size = strlen(text);
	memcpy(fixture->text, text, size);
	bool parsed = json_parse(fixture->parser, (struct slice){fixture->text, size}, &fixture->tokens, &count,
				 &failure);
	if (!parsed)
		printf("# %s at %zu in %.200s\n", failure.reason, failure.offset, text);
	return parsed;
}

static bool image(struct fixture *fixture, const char *text, struct image_digest *digest, struct digest_fault *fault)
{
	fault->reason = "not parsed";
	fault->detail[0] = '\0';
	return parse(fixture, text) && digest_image(fixture->scratch, fixture->tokens, 0, digest, fault);
}

/* ---- hashing ---- */

static void test_vectors(void)
{
	static const struct {
		size_t size;
		uint64_t zero, seeded;
	} vectors[] = {
		{0, UINT64_C(0xEF46DB3751D8E999), UINT64_C(0xAC75FDA2929B17EF)},
		{1, UINT64_C(0x4FCE394CC88952D8), UINT64_C(0x739840CB819FA723)},
		{4, UINT64_C(0x9256E58AA397AEF1), UINT64_C(0x09D5FFDFB928AB4B)},
		{8, UINT64_C(0xF74CB1451B32B8CF), UINT64_C(0x9C44B77FBCC302C5)},
		{14, UINT64_C(0xCFFA8DB881BC3A3D), UINT64_C(0x5B9611585EFCC9CB)},
		{101, UINT64_C(0x0EAB543384F878AD), UINT64_C(0xCAA65939306F1E21)},
	};
	unsigned char bytes[101];
	uint64_t state = 2654435761U;
	for (size_t index = 0; index < sizeof(bytes); index++, state *= state)
		bytes[index] = (unsigned char)(state >> 24);
	for (size_t index = 0; index < sizeof(vectors) / sizeof(vectors[0]); index++) {
		is_int(hash_bytes(bytes, vectors[index].size, 0), vectors[index].zero,
		       "XXH64 of the suite's bytes, seed 0");
		is_int(hash_bytes(bytes, vectors[index].size, 2654435761U), vectors[index].seeded,
		       "XXH64 of the suite's bytes, its own seed");
	}
	is_int(hash_int(0x4B1FFF9E, 0), UINT64_C(0x9256E58AA397AEF1), "hash_int is XXH64 of 4 bytes");
	is_int(hash_u64(UINT64_C(0xDD2F535E4B1FFF9E), 0), UINT64_C(0xF74CB1451B32B8CF),
	       "hash_long is XXH64 of 8 bytes");
	is_int(hash_int(2, hash_int(123, hash_slice(slice_from("Spark"), 42))), INT64_C(5602566077635097486),
	       "xxhash64('Spark', array(123), 2)");
	is_int(hash_slice(slice_from("DEF"), hash_slice(slice_from("ABC"), 42)), INT64_C(3233247871021311208),
	       "xxhash64('ABC', 'DEF')");
	is_int(hash_slice(slice_from("b"), hash_slice(slice_from("a"), 42)), INT64_C(-7357372313250070212),
	       "xxhash64('a', NULL, 'b')");
	is_int(hash_decimal(15000000000, 38, hash_long(1, hash_slice(slice_from("a"), 42))),
	       INT64_C(5618639910951465423), "xxhash64('a', 1L, CAST(1.5 AS DECIMAL(38,10)))");
	is_int(hash_long(1237123123 * INT64_C(1000000), 10), INT64_C(8228802290839366895),
	       "an interval's microseconds");
	is_int(hash_int(1234, 10), INT64_C(-1774215319882784110), "an interval's months");
}

static void test_all_lengths(void)
{
	unsigned char bytes[300];
	struct prng prng;
	bool same = true;
	prng_init(&prng, 3);
	for (size_t index = 0; index < sizeof(bytes); index++)
		bytes[index] = (unsigned char)prng_next(&prng);
	for (size_t size = 0; size < sizeof(bytes); size++)
		same = same && hash_bytes(bytes, size, size * 77) == XXH64(bytes, size, size * 77);
	ok(same, "hash_bytes is the library's XXH64 at every length up to 299");
}

/* A value's digest by both public functions. */
static void test_typed_vectors(void)
{
	static const struct {
		const char *type, *value;
		int64_t hash;
	} vectors[] = {
		{"string", "{\"S\":\"\"}", INT64_C(-7444071767201028348)},
		{"string", "{\"S\":\"a\"}", INT64_C(-8582455328737087284)},
		{"string", "{\"S\":\"abc\"}", INT64_C(1423657621850124518)},
		{"string", "{\"S\":\"Spark\"}", INT64_C(-4294468057691064905)},
		{"string", "{\"S\":\"DynamoDB\"}", INT64_C(5042405157722182345)},
		{"string", "{\"S\":\"ABC\"}", INT64_C(4105715581806190027)},
		{"string", "{\"S\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}", INT64_C(-5348608777870439244)},
		{"binary", "{\"B\":\"AAEC\"}", INT64_C(6019482000716350659)},
		{"int", "{\"N\":\"0\"}", INT64_C(3614696996920510707)},
		{"boolean", "{\"BOOL\":false}", INT64_C(3614696996920510707)},
		{"boolean", "{\"BOOL\":true}", INT64_C(-6698625589789238999)},
		{"tinyint", "{\"N\":\"1\"}", INT64_C(-6698625589789238999)},
		{"smallint", "{\"N\":\"-1\"}", INT64_C(2017008487422258757)},
		{"int", "{\"N\":\"42\"}", INT64_C(-387659249110444264)},
		{"bigint", "{\"N\":\"0\"}", INT64_C(-5252525462095825812)},
		{"double", "{\"N\":\"0\"}", INT64_C(-5252525462095825812)},
		{"double", "{\"N\":\"-0.0\"}", INT64_C(-5252525462095825812)},
		{"bigint", "{\"N\":\"1\"}", INT64_C(-7001672635703045582)},
		{"bigint", "{\"N\":\"-1\"}", INT64_C(3858142552250413010)},
		{"double", "{\"N\":\"1.5\"}", INT64_C(7738255526519901366)},
		{"float", "{\"N\":\"1.5\"}", INT64_C(6163473420726370430)},
		{"date", "{\"S\":\"2024-01-01\"}", INT64_C(3242891694566951137)},
		{"timestamp", "{\"S\":\"2024-01-01T00:00:00Z\"}", INT64_C(3859582417520161651)},
		{"timestamp_ntz", "{\"S\":\"2024-01-01 00:00:00\"}", INT64_C(3859582417520161651)},
		{"decimal(10,2)", "{\"N\":\"12.34\"}", INT64_C(-3802813071951760351)},
		{"decimal(38,0)", "{\"N\":\"1\"}", INT64_C(6668291691252061002)},
		{"decimal(19,0)", "{\"N\":\"1\"}", INT64_C(6668291691252061002)},  /* bytes */
		{"decimal(18,0)", "{\"N\":\"1\"}", INT64_C(-7001672635703045582)}, /* a long */
		{"decimal(38,0)", "{\"N\":\"128\"}", INT64_C(6715097930120473301)},
		{"decimal(38,0)", "{\"N\":\"-1\"}", INT64_C(-4006032525457443936)},
		{"decimal(38,18)", "{\"N\":\"1.0\"}", INT64_C(-1012199175776213219)},
		{"string", "{\"NULL\":true}", 42},
	};
	for (size_t index = 0; index < sizeof(vectors) / sizeof(vectors[0]); index++) {
		struct fixture fixture;
		char column[200], item[200];
		struct buffer json;
		uint64_t digest = 0;
		uint32_t flags = 99;
		snprintf(column, sizeof(column), "    - {column: c, attribute: c, type: \"%s\"}\n",
			 vectors[index].type);
		snprintf(item, sizeof(item), "{\"pk\":{\"S\":\"k\"},\"c\":%s}", vectors[index].value);
		buffer_init(&json, 4096);
		bool done = open_fixture(&fixture, column, "", NULL) && parse(&fixture, item) &&
			    digest_expected_value(fixture.scratch, fixture.tokens, 0, 1, &json, &digest, &flags) == 0;
		ok(done && (int64_t)digest == vectors[index].hash && flags == 0, "%s as %s hashes as Spark hashes it",
		   vectors[index].value, vectors[index].type);
		buffer_release(&json);
		close_fixture(&fixture);
	}
}

/* The rules of docs/digest.md, spelled out with the library's XXH64 over little-endian bytes. */
static uint64_t by_hand(uint64_t seed, const void *bytes, size_t size)
{
	return XXH64(bytes, size, seed);
}

static uint64_t by_hand_long(uint64_t seed, uint64_t value)
{
	return by_hand(seed, &value, sizeof(value));
}

static void test_nested_by_hand(void)
{
	struct fixture fixture;
	struct image_digest digest;
	struct digest_fault fault;
	ok(open_fixture(&fixture,
			"    - {column: l, attribute: l, type: \"array<string>\"}\n"
			"    - {column: n, attribute: n, type: string}\n"
			"    - {column: s, attribute: s, type: \"struct<a:int,b:string>\"}\n"
			"    - {column: m, attribute: m, type: \"map<string,bigint>\"}\n",
			"", NULL),
	   "a plan of nested columns without a schema");
	ok(image(&fixture,
		 "{\"pk\":{\"S\":\"k\"},\"l\":{\"L\":[{\"S\":\"x\"},{\"NULL\":true}]},\"s\":{\"M\":{\"b\":{\"S\":\"y\"}"
		 "}},"
		 "\"m\":{\"M\":{\"two\":{\"N\":\"2\"},\"one\":{\"N\":\"1\"}}}}",
		 &digest, &fault),
	   "the image is accepted");
	int32_t two = 2;
	uint64_t list = by_hand(42, &two, 4);
	list = by_hand_long(list, by_hand(42, "x", 1));
	list = by_hand_long(list, 42);
	uint64_t structure = by_hand_long(42, 1); /* the first field is null */
	structure = by_hand_long(structure, 42);
	structure = by_hand_long(structure, by_hand(42, "y", 1));
	uint64_t one_entry = by_hand_long(by_hand_long(42, by_hand(42, "one", 3)), by_hand_long(42, 1));
	uint64_t two_entry = by_hand_long(by_hand_long(42, by_hand(42, "two", 3)), by_hand_long(42, 2));
	bool swap = (int64_t)one_entry > (int64_t)two_entry;
	uint64_t map = by_hand(42, &two, 4);
	map = by_hand_long(map, swap ? two_entry : one_entry);
	map = by_hand_long(map, swap ? one_entry : two_entry);
	uint64_t row = by_hand_long(42, 1 << 2); /* the third column is null */
	row = by_hand(row, "k", 1);
	row = by_hand_long(row, list);
	row = by_hand_long(row, structure);
	row = by_hand_long(row, map);
	is_int(digest.row, row, "a row of list, null, struct and map is chained as documented");
	close_fixture(&fixture);
}

/* Spark sorts BIGINTs by sign first; few and many elements are sorted by different means. */
static void test_unordered_by_hand(int count)
{
	struct fixture fixture;
	struct image_digest digest;
	struct digest_fault fault;
	struct buffer json;
	uint64_t digests[64];
	buffer_init(&json, 1 << 16);
	buffer_append_text(&json, "{\"pk\":{\"S\":\"k\"},\"c\":{\"L\":[");
	for (int index = 0; index < count; index++) {
		char text[16];
		int size = snprintf(text, sizeof(text), "s%d", index);
		buffer_printf(&json, "%s{\"S\":\"%s\"}", index > 0 ? "," : "", text);
		uint64_t held = by_hand(42, text, (size_t)size);
		int place = index;
		for (; place > 0 && (int64_t)digests[place - 1] > (int64_t)held; place--)
			digests[place] = digests[place - 1];
		digests[place] = held;
	}
	buffer_append(&json, "]}}", 4);
	uint64_t list = by_hand(42, &count, 4);
	for (int index = 0; index < count; index++)
		list = by_hand_long(list, digests[index]);
	bool signs = (int64_t)digests[0] < 0 && (int64_t)digests[count - 1] > 0;
	bool done = open_fixture(&fixture,
				 "    - {column: c, attribute: c, type: \"array<string>\", unordered: true}\n", "",
				 NULL) &&
		    image(&fixture, json.data, &digest, &fault);
	ok(done && signs && digest.row == by_hand_long(by_hand(by_hand_long(42, 0), "k", 1), list),
	   "%d digests of both signs are sorted as signed numbers", count);
	buffer_release(&json);
	close_fixture(&fixture);
}

/* ---- the item digest ---- */

static void test_item_equality(void)
{
	static const struct {
		const char *name, *a, *b;
		bool same;
	} pairs[] = {
		{"attribute order", "\"a\":{\"S\":\"1\"},\"b\":{\"S\":\"2\"}",
		 "\"b\":{\"S\":\"2\"},\"a\":{\"S\":\"1\"}", true},
		{"map order", "\"m\":{\"M\":{\"a\":{\"S\":\"1\"},\"b\":{\"S\":\"2\"}}}",
		 "\"m\":{\"M\":{\"b\":{\"S\":\"2\"},\"a\":{\"S\":\"1\"}}}", true},
		{"string set order", "\"s\":{\"SS\":[\"x\",\"y\"]}", "\"s\":{\"SS\":[\"y\",\"x\"]}", true},
		{"number set order and spelling", "\"s\":{\"NS\":[\"1\",\"2.50\"]}",
		 "\"s\":{\"NS\":[\"25e-1\",\"1.0\"]}", true},
		{"binary set order", "\"s\":{\"BS\":[\"AA==\",\"AQ==\"]}", "\"s\":{\"BS\":[\"AQ==\",\"AA==\"]}", true},
		{"number spelling", "\"n\":{\"N\":\"1700000000000\"}", "\"n\":{\"N\":\"1.7E+12\"}", true},
		{"bare number", "\"n\":{\"N\":\"12.5\"}", "\"n\":{\"N\":12.5}", true},
		{"bare number in a set", "\"n\":{\"NS\":[\"3\"]}", "\"n\":{\"NS\":[3]}", true},
		{"minus zero", "\"n\":{\"N\":\"0\"}", "\"n\":{\"N\":\"-0.00\"}", true},
		{"leading zeros", "\"n\":{\"N\":\"7\"}", "\"n\":{\"N\":\"007\"}", true},
		{"base64 spelling", "\"b\":{\"B\":\"AA==\"}", "\"b\":{\"B\":\"AB==\"}", true},
		{"replication attributes", "\"n\":{\"N\":\"7\"}",
		 "\"n\":{\"N\":\"7\"},\"aws:rep:updatetime\":{\"N\":\"1\"}", true},
		{"escapes", "\"s\":{\"S\":\"\\u00e9\"}", "\"s\":{\"S\":\"é\"}", true},
		{"list order", "\"l\":{\"L\":[{\"S\":\"x\"},{\"S\":\"y\"}]}",
		 "\"l\":{\"L\":[{\"S\":\"y\"},{\"S\":\"x\"}]}", false},
		{"S against N", "\"a\":{\"S\":\"1\"}", "\"a\":{\"N\":\"1\"}", false},
		{"S against B", "\"a\":{\"S\":\"\"}", "\"a\":{\"B\":\"\"}", false},
		{"list against set", "\"a\":{\"L\":[]}", "\"a\":{\"SS\":[]}", false},
		{"string set against number set", "\"a\":{\"SS\":[\"1\"]}", "\"a\":{\"NS\":[\"1\"]}", false},
		{"map against list", "\"a\":{\"L\":[]}", "\"a\":{\"M\":{}}", false},
		{"true against false", "\"a\":{\"BOOL\":true}", "\"a\":{\"BOOL\":false}", false},
		{"NULL against absent", "\"a\":{\"NULL\":true}", "", false},
		{"NULL against empty", "\"a\":{\"NULL\":true}", "\"a\":{\"S\":\"\"}", false},
		{"two names against one", "\"a\":{\"S\":\"b\"},\"c\":{\"S\":\"d\"}", "\"a\":{\"S\":\"bcd\"}", false},
		{"a name moved inside", "\"a\":{\"M\":{\"b\":{\"S\":\"c\"}}}", "\"a.b\":{\"S\":\"c\"}", false},
		{"sign", "\"n\":{\"N\":\"5\"}", "\"n\":{\"N\":\"-5\"}", false},
		{"U+0000", "\"s\":{\"S\":\"a\\u0000b\"}", "\"s\":{\"S\":\"a\"}", false},
		{"NFC against NFD", "\"s\":{\"S\":\"é\"}", "\"s\":{\"S\":\"e\\u0301\"}", false},
		{"name case", "\"Name\":{\"S\":\"x\"}", "\"name\":{\"S\":\"x\"}", false},
		{"one level deeper", "\"l\":{\"L\":[{\"L\":[]}]}", "\"l\":{\"L\":[]}", false},
		{"swapped values", "\"a\":{\"S\":\"1\"},\"b\":{\"S\":\"2\"}", "\"a\":{\"S\":\"2\"},\"b\":{\"S\":\"1\"}",
		 false},
	};
	struct fixture fixture;
	struct digest_fault fault;
	ok(open_fixture(&fixture, "", "", NULL), "a plan of the key alone");
	for (size_t index = 0; index < sizeof(pairs) / sizeof(pairs[0]); index++) {
		struct image_digest a, b;
		char text[1000];
		const char *comma = pairs[index].b[0] != '\0' ? "," : "";
		snprintf(text, sizeof(text), "{\"pk\":{\"S\":\"k\"},%s}", pairs[index].a);
		bool done = image(&fixture, text, &a, &fault);
		snprintf(text, sizeof(text), "{\"pk\":{\"S\":\"k\"}%s%s}", comma, pairs[index].b);
		done = done && image(&fixture, text, &b, &fault);
		bool same = done && memcmp(a.item, b.item, sizeof(a.item)) == 0;
		ok(done && same == pairs[index].same, "%s %s the item digest", pairs[index].name,
		   pairs[index].same ? "does not change" : "changes");
		if (!done)
			printf("# %s: %s\n", fault.reason, fault.detail);
	}
	close_fixture(&fixture);
}

/* ---- faults ---- */

static void test_faults(void)
{
	static const struct {
		const char *attributes, *reason, *detail;
	} cases[] = {
		{"\"a\":{\"X\":\"1\"}", "unknown type tag", "a: 'X'"},
		{"\"a\":{\"s\":\"1\"}", "unknown type tag", "a: 's'"},
		{"\"a\":{}", "value without a type tag", "a"},
		{"\"a\":\"1\"", "value without a type tag", "a: '1'"},
		{"\"a\":{\"S\":\"1\",\"N\":\"1\"}", "value with more than one type tag", "a: 'S'"},
		{"\"a\":{\"S\":1}", "S is not a string", "a: '1'"},
		{"\"a\":{\"N\":\"1x\"}", "not a number", "a: '1x'"},
		{"\"a\":{\"N\":\"\"}", "not a number", "a"},
		{"\"a\":{\"N\":true}", "N is not a string", "a"},
		{"\"a\":{\"N\":\"1e126\"}", "number out of range", "a: '1e126'"},
		{"\"a\":{\"N\":\"1e-131\"}", "number out of range", "a: '1e-131'"},
		{"\"a\":{\"N\":\"123456789012345678901234567890123456789\"}",
		 "number has more than 38 significant digits", "a: '123456789012345678901234567890123456789'"},
		{"\"a\":{\"B\":\"AAA\"}", "invalid base64", "a: 'AAA'"},
		{"\"a\":{\"B\":\"AA=A\"}", "invalid base64", "a: 'AA=A'"},
		{"\"a\":{\"B\":\"A-==\"}", "invalid base64", "a: 'A-=='"},
		{"\"a\":{\"B\":7}", "B is not a string", "a: '7'"},
		{"\"a\":{\"BOOL\":\"true\"}", "BOOL is not true or false", "a: 'true'"},
		{"\"a\":{\"NULL\":false}", "NULL is not true", "a"},
		{"\"a\":{\"M\":[]}", "M is not an object", "a"},
		{"\"a\":{\"L\":{}}", "L is not an array", "a"},
		{"\"a\":{\"SS\":\"x\"}", "set is not an array", "a: 'x'"},
		{"\"a\":{\"SS\":[\"x\",\"x\"]}", "set holds a member twice", "a: 'x'"},
		{"\"a\":{\"NS\":[\"1\",\"1.0\"]}", "set holds a member twice", "a: '1.0'"},
		{"\"a\":{\"NS\":[\"1\",\"z\"]}", "not a number", "a[1]: 'z'"},
		{"\"a\":{\"SS\":[\"x\",1]}", "S is not a string", "a[1]: '1'"},
		{"\"a\":{\"S\":\"1\"},\"a\":{\"S\":\"1\"}", "duplicate name", "'a'"},
		{"\"m\":{\"M\":{\"x\":{\"S\":\"1\"},\"x\":{\"S\":\"2\"}}}", "duplicate name", "m: 'x'"},
		{"\"m\":{\"M\":{\"x\":{\"L\":[{\"S\":\"1\"},{\"Q\":\"2\"}]}}}", "unknown type tag", "m.x[1]: 'Q'"},
	};
	struct fixture fixture;
	struct image_digest digest;
	ok(open_fixture(&fixture, "", "", NULL), "a plan of the key alone");
	for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
		struct digest_fault fault;
		char text[1000];
		snprintf(text, sizeof(text), "{\"pk\":{\"S\":\"k\"},%s}", cases[index].attributes);
		bool refused = !image(&fixture, text, &digest, &fault);
		bool said = refused && strcmp(fault.reason, cases[index].reason) == 0 &&
			    strcmp(fault.detail, cases[index].detail) == 0;
		ok(said, "%s is refused: %s", cases[index].attributes, cases[index].reason);
		if (!said)
			printf("# got: %s (%s)\n", refused ? fault.reason : "accepted", refused ? fault.detail : "");
	}
	struct digest_fault fault;
	ok(image(&fixture, "{\"pk\":{\"S\":\"k\"}}", &digest, &fault), "after all that a good image is accepted");
	ok(parse(&fixture, "[]") && !digest_image(fixture.scratch, fixture.tokens, 0, &digest, &fault) &&
		   strcmp(fault.reason, "image is not an object") == 0,
	   "an image that is no object is refused");
	close_fixture(&fixture);
}

static void nest(struct buffer *text, size_t levels)
{
	text->size = 0;
	buffer_append_text(text, "{\"pk\":{\"S\":\"k\"},\"a\":");
	for (size_t level = 0; level < levels; level++)
		buffer_append_text(text, level % 2 == 0 ? "{\"L\":[" : "{\"M\":{\"x\":");
	buffer_append_text(text, "{\"S\":\"end\"}");
	for (size_t level = levels; level-- > 0;)
		buffer_append_text(text, level % 2 == 0 ? "]}" : "}}");
	buffer_append(text, "}", 2);
}

static void test_depth(void)
{
	struct fixture fixture;
	struct image_digest digest;
	struct digest_fault fault;
	struct buffer text;
	buffer_init(&text, 4096);
	ok(open_fixture(&fixture, "", "", NULL), "a plan of the key alone");
	nest(&text, 32);
	ok(image(&fixture, text.data, &digest, &fault), "32 containers within each other are accepted");
	nest(&text, 33);
	ok(!image(&fixture, text.data, &digest, &fault) && strcmp(fault.reason, "nested deeper than 32 levels") == 0,
	   "33 are refused");
	buffer_release(&text);
	close_fixture(&fixture);
}

/* Names beyond what is interned are ordered by comparing; the digest must not show which way was taken. */
static void test_many_names(void)
{
	enum { NAMES = 7000 };
	struct fixture fixture;
	struct image_digest forward, backward;
	struct digest_fault fault = {.reason = "none"};
	struct buffer text;
	buffer_init(&text, NAMES * 40);
	bool done = open_fixture(&fixture, "", "", NULL);
	buffer_append_text(&text, "{\"pk\":{\"S\":\"k\"}");
	for (int index = 0; index < NAMES; index++)
		buffer_printf(&text, ",\"name%d\":{\"N\":\"%d\"}", index, index);
	buffer_append(&text, "}", 2);
	done = done && image(&fixture, text.data, &forward, &fault);
	text.size = 0;
	buffer_append_byte(&text, '{');
	for (int index = NAMES; index-- > 0;)
		buffer_printf(&text, "\"name%d\":{\"N\":\"%d\"},", index, index);
	size_t used = text.size;
	buffer_append_text(&text, "\"pk\":{\"S\":\"k\"}}");
	buffer_append_byte(&text, '\0');
	done = done && image(&fixture, text.data, &backward, &fault);
	ok(done && memcmp(forward.item, backward.item, sizeof(forward.item)) == 0,
	   "7000 attribute names digest alike in either order");
	uint64_t count;
	const struct unmapped_attribute *unmapped = digest_unmapped(fixture.scratch, &count);
	ok(count == 4097 && strcmp(unmapped[count - 1].name, "…") == 0 && unmapped[count - 1].count == 2,
	   "unmapped names beyond 4096 are counted under one more");
	struct fixture fresh;
	struct image_digest again;
	done = open_fixture(&fresh, "", "", NULL) && image(&fresh, text.data, &again, &fault);
	ok(done && memcmp(again.item, backward.item, sizeof(again.item)) == 0, "a fresh scratch gives the same digest");
	text.size = used;
	buffer_append_text(&text, "\"name3\":{\"S\":\"twice\"},\"pk\":{\"S\":\"k\"}}");
	buffer_append_byte(&text, '\0');
	ok(!image(&fresh, text.data, &again, &fault) && strcmp(fault.reason, "duplicate name") == 0,
	   "a duplicate among them is found");
	close_fixture(&fresh);
	close_fixture(&fixture);
	buffer_release(&text);
}

/* ---- what becomes of an attribute ---- */

static void test_conversions(void)
{
	enum { FITS = 0 };
	static const struct {
		const char *type, *value;
		uint32_t flags;
		const char *text;
	} cases[] = {
		{"string", "{\"S\":\"x\"}", FITS, "\"x\""},
		{"string", "{\"N\":\"1.50\"}", FITS, "\"1.5\""},
		{"string", "{\"BOOL\":true}", FITS, "\"true\""},
		{"string", "{\"B\":\"AAE=\"}", FITS, "\"AAE=\""},
		{"string", "{\"L\":[]}", IMAGE_MISTYPED, "{\"L\":[]}"},
		{"string", "{\"M\":{\"a\":{\"S\":\"b\"}}}", IMAGE_MISTYPED, "{\"M\":{\"a\":{\"S\":\"b\"}}}"},
		{"string", "{\"SS\":[\"a\"]}", IMAGE_MISTYPED, "{\"SS\":[\"a\"]}"},
		{"boolean", "{\"BOOL\":false}", FITS, "false"},
		{"boolean", "{\"S\":\"true\"}", IMAGE_MISTYPED, "{\"S\":\"true\"}"},
		{"boolean", "{\"N\":\"1\"}", IMAGE_MISTYPED, "{\"N\":\"1\"}"},
		{"tinyint", "{\"N\":\"127\"}", FITS, "127"},
		{"tinyint", "{\"N\":\"128\"}", IMAGE_LOSSY, "{\"N\":\"128\"}"},
		{"tinyint", "{\"N\":\"-128\"}", FITS, "-128"},
		{"smallint", "{\"N\":\"-32769\"}", IMAGE_LOSSY, "{\"N\":\"-32769\"}"},
		{"int", "{\"N\":\"2147483648\"}", IMAGE_LOSSY, "{\"N\":\"2147483648\"}"},
		{"int", "{\"N\":\"2e3\"}", FITS, "2000"},
		{"bigint", "{\"N\":\"9223372036854775807\"}", FITS, "9223372036854775807"},
		{"bigint", "{\"N\":\"9223372036854775808\"}", IMAGE_LOSSY, "{\"N\":\"9223372036854775808\"}"},
		{"bigint", "{\"N\":\"-9223372036854775808\"}", FITS, "-9223372036854775808"},
		{"bigint", "{\"N\":\"1.5\"}", IMAGE_LOSSY, "{\"N\":\"1.5\"}"},
		{"bigint", "{\"S\":\"1\"}", IMAGE_MISTYPED, "{\"S\":\"1\"}"},
		{"decimal(10,2)", "{\"N\":\"99999999.99\"}", FITS, "99999999.99"},
		{"decimal(10,2)", "{\"N\":\"100000000\"}", IMAGE_LOSSY, "{\"N\":\"100000000\"}"},
		{"decimal(10,2)", "{\"N\":\"0.001\"}", IMAGE_LOSSY, "{\"N\":\"0.001\"}"},
		{"decimal(10,2)", "{\"S\":\"1\"}", IMAGE_MISTYPED, "{\"S\":\"1\"}"},
		{"decimal(38,0)", "{\"N\":\"99999999999999999999999999999999999999\"}", FITS,
		 "99999999999999999999999999999999999999"},
		{"decimal(38,0)", "{\"N\":\"1e38\"}", IMAGE_LOSSY, "{\"N\":\"1e38\"}"},
		{"decimal(38,38)", "{\"N\":\"1e-38\"}", FITS, "0.00000000000000000000000000000000000001"},
		{"decimal(38,38)", "{\"N\":\"1e-39\"}", IMAGE_LOSSY, "{\"N\":\"1e-39\"}"},
		{"decimal(38,10)", "{\"N\":\"1e125\"}", IMAGE_LOSSY, "{\"N\":\"1e125\"}"},
		{"decimal(38,10)", "{\"N\":\"1e-130\"}", IMAGE_LOSSY, "{\"N\":\"1e-130\"}"},
		{"decimal(1,0)", "{\"N\":\"-0\"}", FITS, "0"},
		{"double", "{\"N\":\"0.1\"}", FITS, "0.1"},
		{"double", "{\"N\":\"1e125\"}", FITS, "1e+125"},
		{"double", "{\"N\":\"123456789012345678901234567890\"}", FITS, "1.2345678901234568e+29"},
		{"float", "{\"N\":\"0.1\"}", FITS, "0.1"},
		{"float", "{\"N\":\"1e39\"}", IMAGE_LOSSY, "{\"N\":\"1e39\"}"},
		{"float", "{\"N\":\"1e-130\"}", IMAGE_LOSSY, "{\"N\":\"1e-130\"}"},
		{"binary", "{\"B\":\"AAE=\"}", FITS, "\"AAE=\""},
		{"binary", "{\"S\":\"x\"}", IMAGE_MISTYPED, "{\"S\":\"x\"}"},
		{"date", "{\"S\":\"2024-02-29\"}", FITS, "\"2024-02-29\""},
		{"date", "{\"S\":\"2023-02-29\"}", IMAGE_MISTYPED, "{\"S\":\"2023-02-29\"}"},
		{"date", "{\"S\":\"2024-02-29T00:00:00Z\"}", IMAGE_MISTYPED, "{\"S\":\"2024-02-29T00:00:00Z\"}"},
		{"timestamp", "{\"S\":\"2024-02-29T01:02:03.5+01:00\"}", FITS, "\"2024-02-29T00:02:03.500Z\""},
		{"timestamp", "{\"N\":\"1700000000\"}", IMAGE_MISTYPED, "{\"N\":\"1700000000\"}"},
		{"timestamp_ntz", "{\"S\":\"2024-02-29T01:02:03\"}", FITS, "\"2024-02-29T01:02:03\""},
		{"timestamp_ntz", "{\"S\":\"2024-02-29T01:02:03Z\"}", FITS, "\"2024-02-29T01:02:03\""},
		{"timestamp_ntz", "{\"S\":\"2024-02-29T01:02:03+01:00\"}", IMAGE_MISTYPED,
		 "{\"S\":\"2024-02-29T01:02:03+01:00\"}"},
		{"array<string>", "{\"L\":[{\"S\":\"a\"},{\"NULL\":true}]}", FITS, "[\"a\",null]"},
		{"array<string>", "{\"L\":[]}", FITS, "[]"},
		{"array<string>", "{\"SS\":[\"a\"]}", IMAGE_MISTYPED, "{\"SS\":[\"a\"]}"},
		{"array<string>", "{\"S\":\"a\"}", IMAGE_MISTYPED, "{\"S\":\"a\"}"},
		{"array<int>", "{\"L\":[{\"N\":\"1\"},{\"N\":\"1.5\"}]}", IMAGE_LOSSY,
		 "{\"L\":[{\"N\":\"1\"},{\"N\":\"1.5\"}]}"},
		{"map<string,int>", "{\"M\":{\"a\":{\"N\":\"1\"},\"b\":{\"NULL\":true}}}", FITS,
		 "{\"a\":1,\"b\":null}"},
		{"map<int,int>", "{\"M\":{}}", IMAGE_MISTYPED, "{\"M\":{}}"},
		{"struct<b:int,a:string>", "{\"M\":{\"a\":{\"S\":\"x\"},\"z\":{\"S\":\"y\"}}}", FITS,
		 "{\"b\":null,\"a\":\"x\"}"},
		{"struct<b:int>", "{\"L\":[]}", IMAGE_MISTYPED, "{\"L\":[]}"},
	};
	for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
		struct fixture fixture;
		struct image_digest digest = {.flags = 99};
		struct digest_fault fault;
		struct buffer json;
		uint64_t unused;
		uint32_t flags = 99;
		char column[300], item[300];
		snprintf(column, sizeof(column), "    - {column: c, attribute: c, type: \"%s\"}\n", cases[index].type);
		snprintf(item, sizeof(item), "{\"pk\":{\"S\":\"k\"},\"c\":%s}", cases[index].value);
		buffer_init(&json, 4096);
		bool done = open_fixture(&fixture, column, "", NULL) && image(&fixture, item, &digest, &fault) &&
			    digest_expected_value(fixture.scratch, fixture.tokens, 0, 1, &json, &unused, &flags) == 0;
		bool same = done && digest.flags == cases[index].flags && flags == cases[index].flags &&
			    slice_is(buffer_slice(&json), cases[index].text);
		ok(same, "%s in a %s column: %s", cases[index].value, cases[index].type,
		   cases[index].flags == 0             ? cases[index].text
		   : cases[index].flags == IMAGE_LOSSY ? "does not fit"
						       : "has the wrong type");
		if (!same)
			printf("# got flags %u, %u, text %.*s\n", digest.flags, flags, (int)json.size,
			       json.data ? json.data : "");
		buffer_release(&json);
		close_fixture(&fixture);
	}
}

static void test_unordered(void)
{
	struct fixture fixture;
	struct image_digest list, other, set, longer;
	struct digest_fault fault;
	ok(open_fixture(&fixture, "    - {column: c, attribute: c, type: \"array<string>\", unordered: true}\n", "",
			NULL),
	   "a plan with an unordered array");
	bool done = image(&fixture, "{\"pk\":{\"S\":\"k\"},\"c\":{\"L\":[{\"S\":\"x\"},{\"S\":\"y\"}]}}", &list,
			  &fault);
	done = done &&
	       image(&fixture, "{\"pk\":{\"S\":\"k\"},\"c\":{\"L\":[{\"S\":\"y\"},{\"S\":\"x\"}]}}", &other, &fault);
	done = done && image(&fixture, "{\"pk\":{\"S\":\"k\"},\"c\":{\"SS\":[\"y\",\"x\"]}}", &set, &fault);
	done = done &&
	       image(&fixture, "{\"pk\":{\"S\":\"k\"},\"c\":{\"L\":[{\"S\":\"y\"},{\"S\":\"x\"},{\"S\":\"x\"}]}}",
		     &longer, &fault);
	ok(done && list.row == other.row && list.flags == 0, "element order does not count");
	ok(done && list.row == set.row && set.flags == 0, "a set is compared as a list is");
	ok(done && list.row != longer.row, "a repeated element does count");
	close_fixture(&fixture);
}

static void test_nulls_differ(void)
{
	static const char *const values[] = {
		"",
		",\"c\":{\"L\":[]}",
		",\"c\":{\"L\":[{\"NULL\":true}]}",
		",\"c\":{\"L\":[{\"NULL\":true},{\"NULL\":true}]}",
		",\"c\":{\"L\":[{\"S\":\"\"}]}",
		",\"c\":{\"L\":[{\"S\":\"\"},{\"NULL\":true}]}",
		",\"c\":{\"L\":[{\"NULL\":true},{\"S\":\"\"}]}",
	};
	enum { COUNT = sizeof(values) / sizeof(values[0]) };
	struct fixture fixture;
	struct image_digest digests[COUNT], null_tag;
	struct digest_fault fault;
	bool done = open_fixture(&fixture, "    - {column: c, attribute: c, type: \"array<string>\"}\n", "", NULL);
	bool distinct = true;
	char text[200];
	for (size_t index = 0; index < COUNT && done; index++) {
		snprintf(text, sizeof(text), "{\"pk\":{\"S\":\"k\"}%s}", values[index]);
		done = image(&fixture, text, &digests[index], &fault);
		for (size_t other = 0; other < index; other++)
			distinct = distinct && digests[other].row != digests[index].row;
	}
	ok(done && distinct, "absent, empty, null elements and empty elements are all told apart");
	done = done && image(&fixture, "{\"pk\":{\"S\":\"k\"},\"c\":{\"NULL\":true}}", &null_tag, &fault);
	ok(done && null_tag.row == digests[0].row, "an absent attribute and NULL are both null in a column");
	close_fixture(&fixture);
}

static void test_null_moves(void)
{
	struct fixture fixture;
	struct image_digest left, right;
	struct digest_fault fault;
	bool done = open_fixture(&fixture,
				 "    - {column: a, attribute: a, type: string}\n    - {column: b, attribute: b, type: "
				 "string}\n",
				 "", NULL) &&
		    image(&fixture, "{\"pk\":{\"S\":\"k\"},\"a\":{\"S\":\"x\"}}", &left, &fault) &&
		    image(&fixture, "{\"pk\":{\"S\":\"k\"},\"b\":{\"S\":\"x\"}}", &right, &fault);
	ok(done && left.row != right.row, "a value that slips into its null neighbour's column changes the row digest");
	close_fixture(&fixture);
}

static const char *unmapped_text(const struct digest_scratch *scratch, char *text, size_t size)
{
	uint64_t count;
	const struct unmapped_attribute *unmapped = digest_unmapped(scratch, &count);
	size_t used = 0;
	text[0] = '\0';
	for (uint64_t index = 0; index < count; index++)
		used += (size_t)snprintf(text + used, size - used, "%s%s=%" PRIu64, index > 0 ? " " : "",
					 unmapped[index].name, unmapped[index].count);
	return text;
}

static void test_unmapped(void)
{
	struct fixture fixture;
	struct image_digest digest;
	struct digest_fault fault;
	char text[500];
	ok(open_fixture(&fixture,
			"    - {column: street, attribute: addr.street, type: string}\n"
			"    - {column: lines, attribute: lines, type: \"array<struct<sku:string>>\"}\n"
			"    - {column: dotted, attribute: [\"a.b\", c], type: string}\n",
			"  ignore_attributes: [\"tmp_*\", \"addr.geo\", \"?\"]\n", NULL),
	   "a plan with paths and ignored attributes");
	bool done = image(
		&fixture,
		"{\"pk\":{\"S\":\"k\"},\"addr\":{\"M\":{\"street\":{\"S\":\"s\"},\"zip\":{\"S\":\"1\"},"
		"\"geo\":{\"S\":\"2\"}}},\"lines\":{\"L\":[{\"M\":{\"sku\":{\"S\":\"x\"},\"qty\":{\"N\":\"1\"}}},"
		"{\"M\":{\"qty\":{\"N\":\"2\"}}}]},\"tmp_x\":{\"S\":\"1\"},\"other\":{\"S\":\"1\"},\"é\":{\"S\":\"1\"},"
		"\"a.b\":{\"M\":{\"c\":{\"S\":\"deep\"}}},\"aws:rep:deleting\":{\"BOOL\":false}}",
		&digest, &fault);
	done = done && image(&fixture, "{\"pk\":{\"S\":\"k2\"},\"other\":{\"S\":\"1\"},\"addr\":{\"S\":\"a\"}}",
			     &digest, &fault);
	ok(done, "the images are accepted");
	is_text(unmapped_text(fixture.scratch, text, sizeof(text)), "addr.zip=1 lines[].qty=1 other=2 addr=1",
		"attributes beyond the columns are counted once an image, by path");
	is_int(digest_attributes_seen(fixture.scratch), 8, "attributes seen are the mapped and the unmapped ones");
	struct buffer json;
	uint64_t value;
	uint32_t flags;
	buffer_init(&json, 1000);
	done = parse(&fixture, "{\"pk\":{\"S\":\"k\"},\"a.b\":{\"M\":{\"c\":{\"S\":\"deep\"}}}}") &&
	       digest_expected_value(fixture.scratch, fixture.tokens, 0, 3, &json, &value, &flags) == 0;
	ok(done && slice_is(buffer_slice(&json), "\"deep\""), "a list of names reaches a name that holds a dot");
	buffer_release(&json);
	close_fixture(&fixture);
}

static void test_two_columns_of_one_attribute(void)
{
	struct fixture fixture;
	struct image_digest digest;
	struct digest_fault fault;
	char text[100];
	bool done = open_fixture(&fixture,
				 "    - {column: all, attribute: m, type: \"map<string,string>\"}\n"
				 "    - {column: some, attribute: m, type: \"struct<a:string>\"}\n",
				 "", NULL) &&
		    image(&fixture, "{\"pk\":{\"S\":\"k\"},\"m\":{\"M\":{\"b\":{\"S\":\"1\"}}}}", &digest, &fault);
	ok(done && unmapped_text(fixture.scratch, text, sizeof(text))[0] == '\0',
	   "what one column takes whole is mapped, whatever another takes of it");
	close_fixture(&fixture);
}

static void test_expiry(void)
{
	static const struct {
		const char *value;
		int64_t expires_s;
	} cases[] = {
		{"{\"N\":\"1700000000\"}", 1700000000},
		{"{\"N\":\"17e8\"}", 1700000000},
		{"{\"N\":\"-5\"}", -5},
		{"{\"N\":\"1.5\"}", EXPIRES_NONE},
		{"{\"S\":\"1700000000\"}", EXPIRES_NONE},
		{"{\"N\":\"1e30\"}", EXPIRES_NONE},
		{"{\"NULL\":true}", EXPIRES_NONE},
	};
	struct fixture fixture;
	struct image_digest digest;
	struct digest_fault fault;
	ok(open_fixture(&fixture, "", "  ttl: {attribute: expires_at}\n", NULL), "a plan with a TTL attribute");
	for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
		char text[200];
		snprintf(text, sizeof(text), "{\"pk\":{\"S\":\"k\"},\"expires_at\":%s}", cases[index].value);
		ok(image(&fixture, text, &digest, &fault) && digest.expires_s == cases[index].expires_s, "TTL of %s",
		   cases[index].value);
	}
	ok(image(&fixture, "{\"pk\":{\"S\":\"k\"}}", &digest, &fault) && digest.expires_s == EXPIRES_NONE,
	   "no TTL attribute, no TTL");
	close_fixture(&fixture);
}

/* ---- values generated here, written as an image and as Arrow ---- */

struct datum {
	bool null;
	int128 number; /* integers, dates, times, booleans; decimals unscaled */
	double real;
	char bytes[80];
	size_t size;
	struct datum *children; /* elements; map values; fields */
	size_t count;
	char (*names)[8]; /* map keys */
};

static void free_datum(struct datum *datum)
{
	for (size_t index = 0; index < datum->count; index++)
		free_datum(&datum->children[index]);
	free(datum->children);
	free(datum->names);
}

static int128 random_unscaled(struct prng *prng, unsigned digits)
{
	int128 value = 0;
	unsigned length = (unsigned)prng_below(prng, digits) + 1;
	for (unsigned index = 0; index < length; index++)
		value = value * 10 + (int128)prng_below(prng, 10);
	return prng_chance(prng, 1, 2) ? -value : value;
}

static void random_bytes(struct prng *prng, struct datum *datum, bool text)
{
	static const char *const pieces[] = {"a", "Z", " ", "é", "漢", "😀", "\"", "\\", "x y", "0"};
	datum->size = 0;
	size_t wanted = (size_t)prng_below(prng, 60);
	while (datum->size < wanted) {
		if (!text) {
			datum->bytes[datum->size++] = (char)prng_next(prng);
			continue;
		}
		const char *piece = pieces[prng_below(prng, 10)];
		memcpy(datum->bytes + datum->size, piece, strlen(piece));
		datum->size += strlen(piece);
	}
}

static void random_children(struct prng *prng, const struct column_type *type, struct datum *datum);

static struct datum random_datum(struct prng *prng, const struct column_type *type, bool nullable)
{
	struct datum datum = {.null = nullable && prng_chance(prng, 1, 5)};
	int64_t any = (int64_t)prng_next(prng);
	any = prng_chance(prng, 1, 3) ? any % 100 : any;
	if (datum.null)
		return datum;
	switch (type->kind) {
	case COLUMN_STRING:
	case COLUMN_BINARY:
		random_bytes(prng, &datum, type->kind == COLUMN_STRING);
		break;
	case COLUMN_BOOLEAN:
		datum.number = (int128)prng_below(prng, 2);
		break;
	case COLUMN_TINYINT:
		datum.number = (int8_t)any;
		break;
	case COLUMN_SMALLINT:
		datum.number = (int16_t)any;
		break;
	case COLUMN_INT:
		datum.number = (int32_t)any;
		break;
	case COLUMN_BIGINT:
		datum.number = any;
		break;
	case COLUMN_DECIMAL:
		datum.number = random_unscaled(prng, type->precision);
		break;
	case COLUMN_FLOAT:
	case COLUMN_DOUBLE: /* a short decimal; the column holds what is nearest to it */
		datum.number = random_unscaled(prng, 25);
		break;
	case COLUMN_DATE:
		datum.number = (int128)prng_below(prng, 60000) - 20000;
		break;
	case COLUMN_TIMESTAMP:
	case COLUMN_TIMESTAMP_NTZ:
		datum.number = (int128)(int64_t)prng_below(prng, UINT64_C(4000000000000000)) - 1000000000000000;
		break;
	default:
		random_children(prng, type, &datum);
	}
	return datum;
}

static void random_children(struct prng *prng, const struct column_type *type, struct datum *datum)
{
	datum->count = type->kind == COLUMN_STRUCT ? type->child_count : (size_t)prng_below(prng, 5);
	datum->children = calloc(datum->count + 1, sizeof(*datum->children));
	datum->names = calloc(datum->count + 1, sizeof(*datum->names));
	for (size_t index = 0; index < datum->count; index++) {
		const struct column_type *child = type->children[type->kind == COLUMN_STRUCT ? index
								 : type->kind == COLUMN_MAP  ? 1
											     : 0];
		datum->children[index] = random_datum(prng, child, true);
		snprintf(datum->names[index], sizeof(datum->names[index]), "k%u%c", (unsigned)index % 100,
			 (char)('a' + (char)prng_below(prng, 26)));
	}
}

/* A number in one of the spellings that formats use. */
static void put_number(struct prng *prng, struct buffer *json, int128 unscaled, int scale)
{
	char digits[64];
	size_t size = 0;
	bool negative = unscaled < 0;
	int128 rest = negative ? -unscaled : unscaled;
	do {
		digits[sizeof(digits) - 1 - size++] = (char)('0' + (int)(rest % 10));
		rest /= 10;
	} while (rest > 0);
	const char *first = digits + sizeof(digits) - size;
	buffer_append_text(json, negative ? "-" : "");
	switch (prng_below(prng, 4)) {
	case 0: /* digits and an exponent */
		buffer_printf(json, "%.*sE%d", (int)size, first, -scale);
		return;
	case 1: /* d.ddde+x */
		buffer_printf(json, "%c.%.*s0e%+d", first[0], (int)size - 1, first + 1, (int)size - 1 - scale);
		return;
	default:
		break;
	}
	int whole = (int)size - scale;
	if (whole <= 0)
		buffer_append_text(json, "0");
	else
		buffer_printf(json, "%.*s", whole < (int)size ? whole : (int)size, first);
	if (scale > 0) {
		buffer_append_byte(json, '.');
		for (int zero = whole; zero < 0; zero++)
			buffer_append_byte(json, '0');
		int skip = whole > 0 ? whole : 0;
		buffer_printf(json, "%.*s", (int)size - skip, first + skip);
		if (prng_chance(prng, 1, 2))
			buffer_append_text(json, "00");
	}
}

static void shuffle(struct prng *prng, size_t *order, size_t count)
{
	for (size_t index = 0; index < count; index++)
		order[index] = index;
	for (size_t index = count; index > 1; index--) {
		size_t other = (size_t)prng_below(prng, index), held = order[index - 1];
		order[index - 1] = order[other];
		order[other] = held;
	}
}

enum { REAL_SCALE = 7 };

static void put_datum(struct prng *prng, struct buffer *json, const struct column_type *type, bool unordered,
		      const struct datum *datum)
{
	char text[CLOCK_TEXT_MAX];
	size_t order[64];
	if (datum->null) {
		buffer_append_text(json, "{\"NULL\":true}");
		return;
	}
	switch (type->kind) {
	case COLUMN_STRING:
		buffer_append_text(json, "{\"S\":");
		buffer_append_json(json, (struct slice){datum->bytes, datum->size});
		break;
	case COLUMN_BINARY:
		buffer_append_text(json, "{\"B\":\"");
		buffer_append_base64(json, (struct slice){datum->bytes, datum->size});
		buffer_append_byte(json, '"');
		break;
	case COLUMN_BOOLEAN:
		buffer_printf(json, "{\"BOOL\":%s", datum->number != 0 ? "true" : "false");
		break;
	case COLUMN_DATE:
		buffer_printf(json, "{\"S\":\"%s\"", clock_format_date((int32_t)datum->number, text));
		break;
	case COLUMN_TIMESTAMP:
	case COLUMN_TIMESTAMP_NTZ:
		buffer_printf(json, "{\"S\":\"%s\"", clock_format((int64_t)datum->number, text));
		break;
	case COLUMN_ARRAY:
	case COLUMN_MAP:
	case COLUMN_STRUCT:
		buffer_append_text(json, type->kind == COLUMN_ARRAY ? "{\"L\":[" : "{\"M\":{");
		shuffle(prng, order, datum->count);
		for (size_t index = 0; index < datum->count; index++) {
			size_t at = type->kind == COLUMN_ARRAY && !unordered ? index : order[index];
			buffer_append_text(json, index > 0 ? "," : "");
			if (type->kind != COLUMN_ARRAY)
				buffer_printf(json,
					      "\"%s\":", type->kind == COLUMN_MAP ? datum->names[at] : type->names[at]);
			put_datum(prng, json,
				  type->children[type->kind == COLUMN_STRUCT ? at : type->kind == COLUMN_MAP],
				  unordered, &datum->children[at]);
		}
		buffer_append_text(json, type->kind == COLUMN_ARRAY ? "]" : "}");
		break;
	default:
		buffer_append_text(json, "{\"N\":\"");
		put_number(prng, json, datum->number,
			   type->kind == COLUMN_DECIMAL                                ? type->scale
			   : type->kind == COLUMN_FLOAT || type->kind == COLUMN_DOUBLE ? REAL_SCALE
										       : 0);
		buffer_append_byte(json, '"');
	}
	buffer_append_byte(json, '}');
}

/* ---- an Arrow column under construction ---- */

struct builder {
	const struct column_type *type;
	struct ArrowSchema schema;
	struct ArrowArray array;
	struct ArrowSchema *schema_children[8];
	struct ArrowArray *array_children[8];
	const void *buffer_list[3];
	struct builder *children;
	size_t child_count;
	struct builder *entries; /* of a map: the struct between */
	char format[32];
	unsigned width;     /* bytes a value; 0: bits */
	bool wide;          /* 64-bit offsets */
	int64_t junk;       /* values before the array's offset */
	int64_t entry_junk; /* of a map: entries before the offset of the struct between */
	int64_t length, nulls;
	unsigned char *validity;
	char *values;
	size_t value_size;
	int64_t *offsets;
	int32_t *narrow;
};

enum { BUILDER_ROWS = 20000, BUILDER_BYTES = 1 << 20 };

static void append_null(struct builder *builder);

static void set_format(struct builder *builder, struct prng *prng, const struct column_type *type)
{
	static const struct {
		enum column_kind kind;
		const char *format;
		unsigned width;
	} formats[] = {{COLUMN_BOOLEAN, "b", 0},         {COLUMN_TINYINT, "c", 1},
		       {COLUMN_SMALLINT, "s", 2},        {COLUMN_INT, "i", 4},
		       {COLUMN_BIGINT, "l", 8},          {COLUMN_FLOAT, "f", 4},
		       {COLUMN_DOUBLE, "g", 8},          {COLUMN_DATE, "tdD", 4},
		       {COLUMN_TIMESTAMP, "tsu:UTC", 8}, {COLUMN_TIMESTAMP_NTZ, "tsu:", 8},
		       {COLUMN_STRUCT, "+s", 0},         {COLUMN_MAP, "+m", 0}};
	builder->wide = type->kind != COLUMN_MAP && prng_chance(prng, 1, 2);
	if (type->kind == COLUMN_STRING || type->kind == COLUMN_BINARY || type->kind == COLUMN_ARRAY) {
		const char *pair = type->kind == COLUMN_STRING ? "uU" : type->kind == COLUMN_BINARY ? "zZ" : "lL";
		snprintf(builder->format, sizeof(builder->format), "%s%c", type->kind == COLUMN_ARRAY ? "+" : "",
			 pair[builder->wide]);
		return;
	}
	if (type->kind == COLUMN_DECIMAL) {
		unsigned narrow = type->precision <= 9 ? 4 : type->precision <= 18 ? 8 : 16;
		builder->width = prng_chance(prng, 1, 2) ? 16 : narrow;
		snprintf(builder->format, sizeof(builder->format), builder->width == 16 ? "d:%u,%u" : "d:%u,%u,%u",
			 type->precision, type->scale, builder->width * 8);
		return;
	}
	for (size_t index = 0; index < sizeof(formats) / sizeof(formats[0]); index++) {
		if (formats[index].kind == type->kind) {
			snprintf(builder->format, sizeof(builder->format), "%s", formats[index].format);
			builder->width = formats[index].width;
		}
	}
}

static void start_builder(struct builder *builder, struct prng *prng, const struct column_type *type, const char *name)
{
	*builder = (struct builder){.type = type, .child_count = type->child_count};
	set_format(builder, prng, type);
	builder->validity = calloc(1, BUILDER_ROWS);
	builder->values = calloc(1, BUILDER_BYTES);
	builder->offsets = calloc(BUILDER_ROWS, sizeof(*builder->offsets));
	builder->narrow = calloc(BUILDER_ROWS, sizeof(*builder->narrow));
	builder->children = calloc(builder->child_count + 1, sizeof(*builder->children));
	builder->schema.name = name;
	for (size_t index = 0; index < builder->child_count; index++)
		start_builder(&builder->children[index], prng, type->children[index], type->names[index]);
	builder->entry_junk = type->kind == COLUMN_MAP ? (int64_t)prng_below(prng, 3) : 0;
	for (int64_t index = 0; index < builder->entry_junk * 2; index++)
		append_null(&builder->children[index % 2]);
	builder->junk = (int64_t)prng_below(prng, 4);
	for (int64_t index = 0; index < builder->junk; index++)
		append_null(builder);
	builder->nulls = 0;
}

static void end_value(struct builder *builder, bool null)
{
	int64_t at = builder->length++;
	builder->nulls += null;
	if (!null)
		builder->validity[at / 8] = (unsigned char)(builder->validity[at / 8] | 1 << (at % 8));
	int64_t end = builder->type->kind == COLUMN_ARRAY || builder->type->kind == COLUMN_MAP
			      ? builder->children[0].length - builder->children[0].junk - builder->entry_junk
			      : (int64_t)builder->value_size;
	builder->offsets[at + 1] = end;
	builder->narrow[at + 1] = (int32_t)end;
}

/* A null; the slot's value is whatever was there, as Arrow allows. */
static void append_null(struct builder *builder)
{
	if (builder->type->kind == COLUMN_STRUCT)
		for (size_t index = 0; index < builder->child_count; index++)
			append_null(&builder->children[index]);
	if (builder->width > 0)
		memset(builder->values + builder->length * builder->width, 0x5a, builder->width);
	end_value(builder, true);
}

static void append_fixed(struct builder *builder, const struct datum *datum)
{
	char *at = builder->values + builder->length * builder->width;
	char text[64];
	struct buffer spelled;
	if (builder->type->kind == COLUMN_BOOLEAN) {
		int64_t bit = builder->length;
		if (datum->number != 0)
			builder->values[bit / 8] = (char)(builder->values[bit / 8] | 1 << (bit % 8));
		return;
	}
	if (builder->type->kind != COLUMN_FLOAT && builder->type->kind != COLUMN_DOUBLE) {
		memcpy(at, &datum->number, builder->width);
		return;
	}
	struct prng plain;
	prng_init(&plain, 1);
	buffer_init(&spelled, sizeof(text));
	put_number(&plain, &spelled, datum->number, REAL_SCALE);
	snprintf(text, sizeof(text), "%.*s", (int)spelled.size, spelled.data);
	buffer_release(&spelled);
	float single = strtof(text, NULL);
	double twice = strtod(text, NULL);
	memcpy(at, builder->width == 4 ? (void *)&single : (void *)&twice, builder->width);
}

static void append_datum(struct builder *builder, const struct datum *datum)
{
	struct datum key = {.size = 0};
	if (datum->null) {
		append_null(builder);
		return;
	}
	switch (builder->type->kind) {
	case COLUMN_STRING:
	case COLUMN_BINARY:
		memcpy(builder->values + builder->value_size, datum->bytes, datum->size);
		builder->value_size += datum->size;
		break;
	case COLUMN_ARRAY:
	case COLUMN_STRUCT:
		for (size_t index = 0; index < datum->count; index++)
			append_datum(&builder->children[builder->type->kind == COLUMN_STRUCT ? index : 0],
				     &datum->children[index]);
		break;
	case COLUMN_MAP:
		for (size_t index = 0; index < datum->count; index++) {
			key.size = strlen(datum->names[index]);
			memcpy(key.bytes, datum->names[index], key.size);
			append_datum(&builder->children[0], &key);
			append_datum(&builder->children[1], &datum->children[index]);
		}
		break;
	default:
		append_fixed(builder, datum);
	}
	end_value(builder, false);
}

static void finish_builder(struct builder *builder)
{
	enum column_kind kind = builder->type->kind;
	bool strings = kind == COLUMN_STRING || kind == COLUMN_BINARY;
	const void *offsets = builder->wide ? (const void *)builder->offsets : (const void *)builder->narrow;
	for (size_t index = 0; index < builder->child_count; index++) {
		/* A struct's children are not sliced with it: they hold its junk too. */
		finish_builder(&builder->children[index]);
		builder->schema_children[index] = &builder->children[index].schema;
		builder->array_children[index] = &builder->children[index].array;
	}
	builder->buffer_list[0] = builder->nulls == 0 && builder->length % 2 == 0 ? NULL : builder->validity;
	builder->buffer_list[1] = strings || kind == COLUMN_ARRAY || kind == COLUMN_MAP ? offsets : builder->values;
	builder->buffer_list[2] = builder->values;
	builder->schema.format = builder->format;
	builder->schema.n_children = (int64_t)builder->child_count;
	builder->schema.children = builder->schema_children;
	builder->array = (struct ArrowArray){.length = builder->length - builder->junk,
					     .null_count = builder->nulls > 0
								   ? (builder->length % 3 == 0 ? -1 : builder->nulls)
								   : 0,
					     .offset = builder->junk,
					     .n_buffers = strings                 ? 3
							  : kind == COLUMN_STRUCT ? 1
										  : 2,
					     .n_children = (int64_t)builder->child_count,
					     .buffers = builder->buffer_list,
					     .children = builder->array_children};
	if (kind != COLUMN_MAP)
		return;
	/* Key and value become fields of the one child. Their junk must agree: the struct between has none of its own.
	 */
	builder->entries = calloc(1, sizeof(*builder->entries));
	struct builder *entries = builder->entries;
	memcpy(entries->schema_children, builder->schema_children, sizeof(entries->schema_children));
	memcpy(entries->array_children, builder->array_children, sizeof(entries->array_children));
	entries->schema = (struct ArrowSchema){
		.format = "+s", .name = "entries", .n_children = 2, .children = entries->schema_children};
	entries->array = (struct ArrowArray){.length = builder->children[0].array.length - builder->entry_junk,
					     .offset = builder->entry_junk,
					     .n_buffers = 1,
					     .n_children = 2,
					     .buffers = entries->buffer_list,
					     .children = entries->array_children};
	builder->schema.n_children = builder->array.n_children = 1;
	builder->schema_children[0] = &entries->schema;
	builder->array_children[0] = &entries->array;
}

static void free_builder(struct builder *builder)
{
	for (size_t index = 0; index < builder->child_count; index++)
		free_builder(&builder->children[index]);
	free(builder->children);
	free(builder->entries);
	free(builder->validity);
	free(builder->values);
	free(builder->offsets);
	free(builder->narrow);
}

/* ---- both sides agree ---- */

static const char *const random_types[] = {
	"string",
	"boolean",
	"tinyint",
	"smallint",
	"int",
	"bigint",
	"float",
	"double",
	"decimal(5,2)",
	"decimal(18,6)",
	"decimal(38,10)",
	"decimal(38,0)",
	"binary",
	"date",
	"timestamp",
	"timestamp_ntz",
	"array<string>",
	"array<decimal(20,3)>",
	"array<array<int>>",
	"map<string,bigint>",
	"map<string,array<string>>",
	"struct<a:string,b:int,c:boolean>",
	"struct<x:struct<y:double>,z:array<struct<q:binary>>>",
	"array<map<string,decimal(9,1)>>",
};

enum { RANDOM_TYPES = sizeof(random_types) / sizeof(random_types[0]), ROWS = 300 };

struct collected {
	uint64_t rows[ROWS];
	char keys[ROWS][64];
	size_t key_sizes[ROWS];
	int64_t expires[ROWS];
	bool deleted[ROWS];
	uint64_t count;
};

static int collect(void *context, uint64_t index, const struct row_digest *row, struct error *error)
{
	struct collected *collected = context;
	(void)error;
	if (index >= ROWS || row->key.size > sizeof(collected->keys[0]))
		return 1;
	collected->rows[index] = row->row;
	collected->key_sizes[index] = row->key.size;
	collected->expires[index] = row->expires_s;
	collected->deleted[index] = row->deleted;
	if (row->key.size > 0)
		memcpy(collected->keys[index], row->key.data, row->key.size);
	collected->count++;
	return 0;
}

/* One column of one type, both ways, with every value's own digest and text too. */
static void test_agreement(const char *type_name, bool unordered, uint64_t seed)
{
	struct arena arena;
	const char *why;
	struct prng prng;
	struct builder columns[2];
	struct fixture fixture;
	char yaml[200];
	static struct collected collected;
	static struct datum data[ROWS];
	arena_init(&arena, 1 << 20);
	prng_init(&prng, seed);
	collected = (struct collected){.count = 0};
	const struct column_type *text = column_type_parse(&arena, slice_from("string"), &why);
	const struct column_type *type = column_type_parse(&arena, slice_from(type_name), &why);
	start_builder(&columns[0], &prng, text, "pk");
	start_builder(&columns[1], &prng, type, "c");
	for (size_t row = 0; row < ROWS; row++) {
		struct datum key = {.size = 6};
		char digits[8];
		snprintf(digits, sizeof(digits), "k%05zu", row);
		memcpy(key.bytes, digits, 6);
		append_datum(&columns[0], &key);
		data[row] = random_datum(&prng, type, true);
		append_datum(&columns[1], &data[row]);
	}
	finish_builder(&columns[0]);
	finish_builder(&columns[1]);
	struct ArrowSchema *schemas[2] = {&columns[0].schema, &columns[1].schema};
	struct ArrowArray *arrays[2] = {&columns[0].array, &columns[1].array};
	struct ArrowSchema schema = {.format = "+s", .name = "", .n_children = 2, .children = schemas};
	struct ArrowArray batch = {.length = ROWS, .n_buffers = 1, .n_children = 2, .children = arrays};
	snprintf(yaml, sizeof(yaml), "    - {column: c, attribute: c, type: \"%s\"%s}\n", type_name,
		 unordered ? ", unordered: true" : "");
	bool opened = open_fixture(&fixture, yaml, "", &schema);
	bool done = opened && digest_plan_report(fixture.plan)->mismatch_count == 0 &&
		    digest_batch(fixture.scratch, &schema, &batch, collect, &collected, &fixture.error) == 0 &&
		    collected.count == ROWS;
	if (opened && !done)
		printf("# %s\n", fixture.error.message);
	size_t rows_same = 0, keys_same = 0, values_same = 0, texts_same = 0;
	for (size_t row = 0; row < ROWS && done; row++) {
		struct buffer json, want, have;
		struct image_digest digest;
		struct digest_fault fault;
		struct slice key = {NULL, 0};
		uint64_t expected = 1, actual = 2;
		uint32_t flags;
		buffer_init(&json, 1 << 20);
		buffer_init(&want, 1 << 20);
		buffer_init(&have, 1 << 20);
		buffer_printf(&json, "{\"pk\":{\"S\":\"k%05zu\"}", row);
		if (!data[row].null || prng_chance(&prng, 1, 2)) {
			buffer_append_text(&json, ",\"c\":");
			put_datum(&prng, &json, type, unordered, &data[row]);
		}
		buffer_append(&json, "}", 2);
		bool whole = image(&fixture, json.data, &digest, &fault) && digest.flags == 0 &&
			     digest_key(fixture.scratch, fixture.tokens, 0, &key, &fault);
		rows_same += whole && digest.row == collected.rows[row];
		keys_same += whole && slice_equal(key, (struct slice){collected.keys[row], collected.key_sizes[row]});
		if (!whole || digest.row != collected.rows[row])
			printf("# row %zu: %s\n", row, json.data);
		whole = whole &&
			digest_expected_value(fixture.scratch, fixture.tokens, 0, 1, &want, &expected, &flags) == 0 &&
			digest_actual_value(fixture.scratch, &schema, &batch, row, 1, &have, &actual) == 0;
		values_same += whole && expected == actual;
		bool by_order = type->kind == COLUMN_MAP || unordered || strstr(type_name, "map<") != NULL;
		texts_same += whole && (by_order ? want.size == have.size
						 : slice_equal(buffer_slice(&want), buffer_slice(&have)));
		buffer_release(&json);
		buffer_release(&want);
		buffer_release(&have);
	}
	const char *note = unordered ? " unordered" : "";
	ok(rows_same == ROWS, "image and Arrow row digests agree for%s %s", note, type_name);
	ok(keys_same == ROWS, "so do the keys");
	ok(values_same == ROWS, "so do the values' own digests");
	ok(texts_same == ROWS, "so do the values' texts");
	for (size_t row = 0; row < ROWS; row++)
		free_datum(&data[row]);
	free_builder(&columns[0]);
	free_builder(&columns[1]);
	close_fixture(&fixture);
	arena_release(&arena);
}

/* ---- the plan against a table ---- */

static struct ArrowSchema field(const char *name, const char *format)
{
	return (struct ArrowSchema){.format = format, .name = name};
}

static void test_plan_report(void)
{
	struct ArrowSchema fields[] = {field("PK", "u"),      field("amount", "d:10,2"), field("extra", "l"),
				       field("_ingest", "i"), field("odd", "tDs"),       field("gone", "b")};
	struct ArrowSchema *children[6];
	for (size_t index = 0; index < 6; index++)
		children[index] = &fields[index];
	struct ArrowSchema schema = {.format = "+s", .n_children = 6, .children = children};
	struct fixture fixture;
	ok(open_fixture(&fixture,
			"    - {column: amount, attribute: amount, type: \"decimal(38,10)\"}\n"
			"    - {column: lost, attribute: lost}\n    - {column: odd, attribute: odd}\n",
			"  ignore: [\"_*\"]\n  deletes: {column: gone}\n", &schema),
	   "a plan against a table");
	const struct plan_report *report = digest_plan_report(fixture.plan);
	ok(report->missing_count == 1 && strcmp(report->missing_columns[0], "lost") == 0, "a column the table lacks");
	ok(report->unmapped_count == 1 && strcmp(report->unmapped_columns[0], "extra") == 0, "a column nobody maps");
	ok(report->mismatch_count == 2 && strcmp(report->mismatches[0].want, "decimal(38,10)") == 0 &&
		   strcmp(report->mismatches[0].have, "decimal(10,2)") == 0,
	   "a column of another type than the contract's");
	ok(strcmp(report->mismatches[1].have, "unsupported (Arrow \"tDs\")") == 0, "a column of a type Spark has not");
	is_int(report->compared_columns, 2, "two columns are left to compare");
	uint64_t count;
	const char *const *columns = digest_plan_columns(fixture.plan, &count);
	ok(count == 3 && strcmp(columns[0], "PK") == 0 && strcmp(columns[1], "amount") == 0 &&
		   strcmp(columns[2], "gone") == 0,
	   "the reader is asked for compared columns in the table's spelling, then the deletes column");
	close_fixture(&fixture);
	schema.n_children = 5;
	ok(!open_fixture(&fixture, "", "  deletes: {column: gone}\n", &schema), "a table without the deletes column");
	is_text(fixture.error.message, "c.yaml: the table has no column 'gone' (lake.deletes)", "says so");
	close_fixture(&fixture);
	fields[0].format = "l";
	ok(!open_fixture(&fixture, "", "", &schema), "a table whose key column cannot hold the key");
	is_text(fixture.error.message,
		"c.yaml: the table has no column that can hold key attribute 'pk' of type S; see lake.columns",
		"says so");
	close_fixture(&fixture);
}

static void test_fingerprint(void)
{
	static const char *const variants[] = {
		"    - {column: a, attribute: a, type: int}\n    - {column: b, attribute: b, type: string}\n",
		"    - {column: b, attribute: b, type: string}\n    - {column: a, attribute: a, type: int}\n",
		"    - {column: a, attribute: a, type: bigint}\n    - {column: b, attribute: b, type: string}\n",
		"    - {column: a, attribute: x.a, type: int}\n    - {column: b, attribute: b, type: string}\n",
		"    - {column: a, attribute: [x.a], type: int}\n    - {column: b, attribute: b, type: string}\n",
		"    - {column: a, attribute: a, type: int}\n",
		"    - {column: a, attribute: a, type: \"array<int>\"}\n",
		"    - {column: a, attribute: a, type: \"array<int>\", unordered: true}\n",
		"    - {column: a, attribute: a}\n",
	};
	enum { COUNT = sizeof(variants) / sizeof(variants[0]) };
	uint64_t seen[COUNT];
	bool distinct = true, stable = true;
	for (size_t index = 0; index < COUNT; index++) {
		struct fixture fixture, again;
		bool opened = open_fixture(&fixture, variants[index], "", NULL);
		opened = open_fixture(&again, variants[index], "", NULL) && opened;
		seen[index] = opened ? digest_plan_fingerprint(fixture.plan) : 0;
		stable = stable && opened && seen[index] == digest_plan_fingerprint(again.plan);
		for (size_t other = 0; other < index; other++)
			distinct = distinct && seen[other] != seen[index];
		if (index == COUNT - 1)
			ok(opened && !digest_plan_has_rows(fixture.plan),
			   "without a table, a column without a type leaves no row digest");
		close_fixture(&fixture);
		close_fixture(&again);
	}
	ok(distinct, "columns, paths, types, order and unordered each change the fingerprint");
	ok(stable, "the same contract gives the same fingerprint");
}

static void test_deletes_and_ttl(void)
{
	struct prng prng;
	struct arena arena;
	const char *why;
	static const char *const names[] = {"pk", "exp", "gone"};
	static const char *const types[] = {"string", "bigint", "boolean"};
	struct builder columns[3];
	static struct collected collected;
	struct ArrowSchema *schemas[3];
	struct ArrowArray *arrays[3];
	prng_init(&prng, 11);
	arena_init(&arena, 1 << 16);
	collected = (struct collected){.count = 0};
	for (size_t index = 0; index < 3; index++)
		start_builder(&columns[index], &prng, column_type_parse(&arena, slice_from(types[index]), &why),
			      names[index]);
	for (int row = 0; row < 4; row++) {
		struct datum key = {.bytes = "kk", .size = row == 2 ? 0 : 2, .null = row == 3};
		append_datum(&columns[0], &key);
		append_datum(&columns[1], &(struct datum){.number = 1700000000 + row, .null = row == 1});
		append_datum(&columns[2], &(struct datum){.number = row == 0, .null = row == 2});
	}
	for (size_t index = 0; index < 3; index++) {
		finish_builder(&columns[index]);
		schemas[index] = &columns[index].schema;
		arrays[index] = &columns[index].array;
	}
	struct ArrowSchema schema = {.format = "+s", .n_children = 3, .children = schemas};
	struct ArrowArray batch = {.length = 4, .n_buffers = 1, .n_children = 3, .children = arrays};
	struct fixture fixture;
	ok(open_fixture(&fixture, "    - {column: exp, attribute: exp}\n",
			"  deletes: {column: gone}\n  ttl: {attribute: exp, lake: soft}\n", &schema) &&
		   digest_batch(fixture.scratch, &schema, &batch, collect, &collected, &fixture.error) == 0,
	   "rows with a deletes column and a TTL column");
	ok(collected.deleted[0] && !collected.deleted[1] && !collected.deleted[2],
	   "true is deleted, false and null are not");
	ok(collected.expires[0] == 1700000000 && collected.expires[1] == EXPIRES_NONE &&
		   collected.expires[2] == 1700000002,
	   "the TTL column's value is the row's expiry");
	ok(collected.key_sizes[0] == 5 && collected.key_sizes[2] == 0 && collected.key_sizes[3] == 0,
	   "a null or empty key column gives no key");
	batch.length = 2;
	batch.offset = 2;
	collected.count = 0;
	ok(digest_batch(fixture.scratch, &schema, &batch, collect, &collected, &fixture.error) == 0 &&
		   collected.count == 2 && collected.expires[0] == 1700000002 && collected.key_sizes[0] == 0,
	   "a sliced batch starts at its offset");
	schemas[1]->format = "i";
	ok(digest_batch(fixture.scratch, &schema, &batch, collect, &collected, &fixture.error) == ERROR_DATA,
	   "a batch of another type than the table's is refused");
	is_text(fixture.error.message, "column 'exp' is bigint in the table, but its file gave Arrow \"i\"",
		"and named");
	for (size_t index = 0; index < 3; index++)
		free_builder(&columns[index]);
	close_fixture(&fixture);
	arena_release(&arena);
}

/* ---- SQL, texts, numbers ---- */

static void test_sql(void)
{
	struct fixture fixture;
	struct buffer sql;
	buffer_init(&sql, 1 << 20);
	ok(open_fixture(&fixture,
			"    - {column: \"o`d\", attribute: o, type: int}\n"
			"    - {column: l, attribute: l, type: \"array<array<int>>\", unordered: true}\n"
			"    - {column: m, attribute: m, type: \"map<string,bigint>\"}\n"
			"    - {column: s, attribute: s, type: \"struct<a:int,b:struct<c:string>>\"}\n",
			"", NULL) &&
		   digest_plan_sql(fixture.plan, &sql) == 0,
	   "a plan prints its SQL");
	buffer_append_byte(&sql, '\0');
	is_text(sql.data,
		"xxhash64(if(isnull(`pk`), 1L, 0L) | if(isnull(`o``d`), 2L, 0L) | if(isnull(`l`), 4L, 0L) | "
		"if(isnull(`m`), 8L, "
		"0L) | if(isnull(`s`), 16L, 0L), `pk`, `o``d`, if(isnull(`l`), NULL, xxhash64(size(`l`), "
		"array_sort(transform(`l`, x0 -> if(isnull(x0), 42L, xxhash64(size(x0), array_sort(transform(x0, x1 -> "
		"xxhash64(x1))))))))), if(isnull(`m`), NULL, xxhash64(size(`m`), "
		"array_sort(transform(map_entries(`m`), x0 -> "
		"xxhash64(xxhash64(x0.key), xxhash64(x0.value)))))), if(isnull(`s`), NULL, "
		"xxhash64(if(isnull(`s`.`a`), 1L, 0L) "
		"| if(isnull(`s`.`b`), 2L, 0L), xxhash64(`s`.`a`), if(isnull(`s`.`b`), 42L, "
		"xxhash64(if(isnull(`s`.`b`.`c`), "
		"1L, 0L), xxhash64(`s`.`b`.`c`))))))",
		"by the rules of docs/digest.md");
	buffer_release(&sql);
	close_fixture(&fixture);
}

static void test_many_columns(void)
{
	struct fixture fixture;
	struct image_digest digest;
	struct digest_fault fault;
	struct buffer yaml, sql;
	buffer_init(&yaml, 1 << 16);
	buffer_init(&sql, 1 << 20);
	for (int index = 1; index < 70; index++)
		buffer_printf(&yaml, "    - {column: c%d, attribute: c%d, type: int}\n", index, index);
	buffer_append_byte(&yaml, '\0');
	bool done = open_fixture(&fixture, yaml.data, "", NULL) &&
		    image(&fixture, "{\"pk\":{\"S\":\"k\"},\"c1\":{\"N\":\"5\"},\"c69\":{\"N\":\"6\"}}", &digest,
			  &fault);
	uint64_t row = by_hand_long(42, ~UINT64_C(3));
	int32_t five = 5, six = 6;
	row = by_hand(by_hand_long(row, 31), "k", 1);
	row = by_hand(by_hand(row, &five, 4), &six, 4);
	ok(done && digest.row == row, "beyond 64 columns a second BIGINT of null bits is hashed");
	ok(digest_plan_sql(fixture.plan, &sql) == 0 && memmem(sql.data, sql.size, "shiftleft(1L, 63)", 17) != NULL &&
		   memmem(sql.data, sql.size, ", 0L), if(isnull(`c64`), 1L, 0L) |", 34) != NULL,
	   "and the SQL says the same");
	buffer_release(&yaml);
	buffer_release(&sql);
	close_fixture(&fixture);
}

static void test_long_text(void)
{
	struct fixture fixture;
	struct buffer item, json;
	uint64_t digest;
	uint32_t flags;
	buffer_init(&item, 1 << 20);
	buffer_init(&json, 1 << 20);
	buffer_append_text(&item, "{\"pk\":{\"S\":\"");
	for (int index = 0; index < 3000; index++)
		buffer_append_text(&item, "é");
	buffer_append(&item, "\"}}", 4);
	ok(open_fixture(&fixture, "", "", NULL) && parse(&fixture, item.data) &&
		   digest_expected_value(fixture.scratch, fixture.tokens, 0, 0, &json, &digest, &flags) == 0,
	   "the text of a long value");
	size_t mark = strlen("…");
	ok(json.size <= DIGEST_TEXT_MAX + mark && memcmp(json.data + json.size - mark, "…", mark) == 0 &&
		   (json.size - mark - 1) % 2 == 0,
	   "is cut between characters and marked");
	buffer_release(&item);
	buffer_release(&json);
	close_fixture(&fixture);
}

static void test_numbers(void)
{
	static const char *const texts[] = {
		"0",
		"-0",
		"0.0",
		"1",
		"-1",
		"10",
		"100",
		"1e2",
		"1.50",
		"0.000001",
		"-0.1",
		"00012",
		"12.",
		"+5",
		"1E-130",
		"-1E-130",
		"9.9999999999999999999999999999999999999e125",
		"12345678901234567890123456789012345678",
		"-0.12345678901234567890123456789012345678",
		"123456789012345678",
		"1234567890123456789",
		"0.1234567890123456789",
		"9223372036854775808",
		"-9223372036854775808",
		"1e37",
		"123456789.123456789",
		"1000000000000000000000.5",
		"00000000001234567890123456789",
	};
	size_t same = 0, count = sizeof(texts) / sizeof(texts[0]), refused = 0;
	for (size_t index = 0; index < count; index++) {
		struct number number;
		struct decimal decimal;
		char canonical[DECIMAL_TEXT_MAX];
		int128 unscaled;
		enum decimal_status status = decimal_parse(slice_from(texts[index]), &decimal);
		if (number_parse(slice_from(texts[index]), &number) != status) {
			printf("# %s: status\n", texts[index]);
			continue;
		}
		refused += status != DECIMAL_OK;
		if (status != DECIMAL_OK)
			continue;
		size_t size = decimal_format(&decimal, canonical);
		bool equal = slice_equal(number.text, (struct slice){canonical, size});
		for (int scale = -40; scale <= 40 && equal; scale++) {
			int128 other = 0;
			bool fits = decimal_unscaled(&decimal, scale, &unscaled);
			bool rescaled = number_rescale(&number, scale, 38, &other);
			equal = fits == rescaled && (!fits || unscaled == other);
		}
		equal = equal && number_to_double(&number) == decimal_to_double(&decimal);
		if (!equal)
			printf("# %s: got %.*s\n", texts[index], (int)number.text.size, number.text.data);
		same += equal;
	}
	is_int(same + refused, count,
	       "the fast number reader agrees with base/decimal on every text, scale and double");
	struct prng prng;
	size_t agreed = 0;
	prng_init(&prng, 5);
	for (int round = 0; round < 20000; round++) {
		int128 value = random_unscaled(&prng, 38);
		unsigned scale = (unsigned)prng_below(&prng, 39);
		struct decimal decimal;
		char mine[DECIMAL_TEXT_MAX], theirs[DECIMAL_TEXT_MAX];
		decimal_from_unscaled(value, (int)scale, &decimal);
		size_t size = decimal_format(&decimal, theirs);
		agreed += number_format(value, scale, mine) == size && memcmp(mine, theirs, size) == 0;
	}
	is_int(agreed, 20000, "number_format agrees with base/decimal on random decimals");
}

int main(void)
{
	test_vectors();
	test_all_lengths();
	test_typed_vectors();
	test_nested_by_hand();
	test_unordered_by_hand(9);
	test_unordered_by_hand(50);
	test_item_equality();
	test_faults();
	test_depth();
	test_many_names();
	test_conversions();
	test_unordered();
	test_nulls_differ();
	test_null_moves();
	test_unmapped();
	test_two_columns_of_one_attribute();
	test_expiry();
	for (size_t index = 0; index < RANDOM_TYPES; index++) {
		test_agreement(random_types[index], false, index);
		if (strstr(random_types[index], "array<") != NULL)
			test_agreement(random_types[index], true, index + 100);
	}
	test_plan_report();
	test_fingerprint();
	test_deletes_and_ttl();
	test_sql();
	test_many_columns();
	test_long_text();
	test_numbers();
	return tap_done();
}
