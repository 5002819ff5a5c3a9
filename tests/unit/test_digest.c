/* Digests of images: published and computed Spark vectors, invariances, faults, what becomes of an attribute.
 * test_digest_arrow has the lake's side, test_digest_plan the columns, test_number the numbers. */
#include "reconcile/digest/digest_hash.h"
#include "tests/support/digest_fixture.h"

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

/* As EMR writes them. */
static void test_tags_in_any_case(void)
{
	static const char plain[] =
		"{\"pk\":{\"S\":\"k\"},\"a\":{\"N\":\"1\"},\"b\":{\"B\":\"AA==\"},\"c\":{\"BOOL\":true},"
		"\"d\":{\"NULL\":true},\"e\":{\"NULL\":true},\"f\":{\"L\":[{\"M\":{\"n\":{\"S\":\"x\"}}}]},"
		"\"g\":{\"SS\":[\"a\"]},\"h\":{\"NS\":[\"1\"]},\"i\":{\"BS\":[\"AA==\"]}}";
	static const char emr[] =
		"{\"pk\":{\"s\":\"k\"},\"a\":{\"n\":\"1\"},\"b\":{\"b\":\"AA==\"},\"c\":{\"bOOL\":true},"
		"\"d\":{\"nULL\":true},\"e\":{\"nULLValue\":true},\"f\":{\"l\":[{\"m\":{\"n\":{\"s\":\"x\"}}}]},"
		"\"g\":{\"sS\":[\"a\"]},\"h\":{\"nS\":[\"1\"]},\"i\":{\"bS\":[\"AA==\"]}}";
	struct fixture fixture;
	struct image_digest a, b;
	struct digest_fault fault;
	ok(open_fixture(&fixture, "", "", NULL), "a plan of the key alone");
	ok(image(&fixture, plain, &a, &fault) && image(&fixture, emr, &b, &fault) &&
		   memcmp(a.item, b.item, sizeof(a.item)) == 0,
	   "an item is the same with the type tags of an EMR dump");
	close_fixture(&fixture);
}

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
		{"\"a\":{\"t\":\"1\"}", "unknown type tag", "a: 't'"},
		{"\"a\":{\"bs\":\"1\"}", "set is not an array", "a: '1'"},
		{"\"a\":{\"nULLValues\":true}", "unknown type tag", "a: 'nULLValues'"},
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

/* Orders of up to 64 names come from one word of bits, of more from several. */
static void test_word_of_names(void)
{
	enum { FIRST = 60, LAST = 68 };
	size_t same = 0, refused = 0;
	for (int names = FIRST; names <= LAST; names++) {
		struct fixture fixture;
		struct image_digest forward, backward;
		struct digest_fault fault = {.reason = "none"};
		struct buffer up, down;
		buffer_init(&up, 10000);
		buffer_init(&down, 10000);
		buffer_append_text(&up, "{\"pk\":{\"S\":\"k\"}");
		buffer_append_byte(&down, '{');
		for (int index = 0; index < names - 1; index++) {
			int other = names - 2 - index;
			buffer_printf(&up, ",\"longer than 16 %d\":{\"N\":\"%d\"}", index, index);
			buffer_printf(&down, "\"longer than 16 %d\":{\"N\":\"%d\"},", other, other);
		}
		buffer_append_text(&down, "\"pk\":{\"S\":\"k\"}}");
		buffer_append_byte(&down, '\0');
		size_t used = up.size;
		buffer_append(&up, "}", 2);
		bool done = open_fixture(&fixture, "", "", NULL) && image(&fixture, up.data, &forward, &fault) &&
			    image(&fixture, down.data, &backward, &fault);
		same += done && memcmp(forward.item, backward.item, sizeof(forward.item)) == 0;
		up.size = used;
		buffer_printf(&up, ",\"longer than 16 %d\":{\"NULL\":true}}", names - 2);
		buffer_append_byte(&up, '\0');
		refused += done && !image(&fixture, up.data, &forward, &fault) &&
			   strcmp(fault.reason, "duplicate name") == 0;
		buffer_release(&up);
		buffer_release(&down);
		close_fixture(&fixture);
	}
	is_int(same, LAST - FIRST + 1, "60 to 68 names digest the same in either order");
	is_int(refused, LAST - FIRST + 1, "and one of them twice is refused");
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

int main(void)
{
	test_vectors();
	test_all_lengths();
	test_typed_vectors();
	test_nested_by_hand();
	test_unordered_by_hand(9);
	test_unordered_by_hand(50);
	test_item_equality();
	test_tags_in_any_case();
	test_faults();
	test_depth();
	test_word_of_names();
	test_many_names();
	test_conversions();
	test_unordered();
	test_nulls_differ();
	test_null_moves();
	test_unmapped();
	test_two_columns_of_one_attribute();
	test_expiry();
	test_long_text();
	return tap_done();
}
