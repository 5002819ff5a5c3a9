/* What becomes of an attribute, rule by rule: each row of docs/contract.md's tables, held to a lake row built by hand.
 */
#include <stdio.h>

#include "tests/support/digest_fixture.h"
#include "tests/support/one_row.h"

static const struct example {
	const char *rules;  /* of column c */
	const char *format; /* Arrow's */
	const char *item;   /* attributes besides pk */
	const char *lake;   /* what a correct row holds, by tests/support/one_row.h */
	const char *text;   /* as a finding shows it; NULL: not looked at */
	const char *misfit; /* no row is right, and this says why; lake is one that must differ */
} examples[] = {
	/* paths */
	{"attribute: \"a.l[1]\"", "u", "\"a\":{\"M\":{\"l\":{\"L\":[{\"S\":\"x\"},{\"S\":\"y\"}]}}}", "y", "\"y\"",
	 NULL},
	{"attribute: \"a.l[2]\"", "u", "\"a\":{\"M\":{\"l\":{\"L\":[{\"S\":\"x\"},{\"S\":\"y\"}]}}}", NULL, "null",
	 NULL},
	{"attribute: \"l[0][1].z\"", "l", "\"l\":{\"L\":[{\"L\":[{\"NULL\":true},{\"M\":{\"z\":{\"N\":\"7\"}}}]}]}",
	 "7", "7", NULL},
	{"attribute: [l, 0]", "u", "\"l\":{\"L\":[{\"S\":\"x\"}]}", "x", NULL, NULL},
	{"attribute: [l, \"0\"]", "u", "\"l\":{\"M\":{\"0\":{\"S\":\"m\"}}}", "m", NULL, NULL},
	{"attribute: [\"l[0]\"]", "u", "\"l[0]\":{\"S\":\"name\"}", "name", NULL, NULL},
	{"attribute: \"l[0]\"", "u", "\"l\":{\"SS\":[\"x\"]}", NULL, "null", NULL},
	/* numbers that do not fit */
	{"attribute: n", "l", "\"n\":{\"N\":\"12.5\"}", "12", NULL, "a number with a fraction does not fit bigint"},
	{"attribute: n, on_overflow: round", "l", "\"n\":{\"N\":\"12.5\"}", "13", "13", NULL},
	{"attribute: n, on_overflow: round", "l", "\"n\":{\"N\":\"-12.5\"}", "-13", "-13", NULL},
	{"attribute: n, on_overflow: round", "l", "\"n\":{\"N\":\"12.49999999999999999999999999999999999\"}", "12",
	 NULL, NULL},
	{"attribute: n, on_overflow: round", "l", "\"n\":{\"N\":\"5E-130\"}", "0", "0", NULL},
	{"attribute: n, on_overflow: truncate", "l", "\"n\":{\"N\":\"-12.9\"}", "-12", "-12", NULL},
	{"attribute: n, on_overflow: null", "l", "\"n\":{\"N\":\"12.5\"}", NULL, "null", NULL},
	{"attribute: n, on_overflow: null", "c", "\"n\":{\"N\":\"128\"}", NULL, "null", NULL},
	{"attribute: n, on_overflow: null", "c", "\"n\":{\"N\":\"-128\"}", "-128", "-128", NULL},
	{"attribute: n, on_overflow: round", "c", "\"n\":{\"N\":\"127.5\"}", "127", NULL,
	 "a number out of range does not fit tinyint"},
	{"attribute: n, on_overflow: round", "d:5,2", "\"n\":{\"N\":\"1.005\"}", "101", "1.01", NULL},
	{"attribute: n, on_overflow: truncate", "d:5,2", "\"n\":{\"N\":\"1.009\"}", "100", "1", NULL},
	{"attribute: n, on_overflow: round", "d:5,2", "\"n\":{\"N\":\"999.995\"}", "99999", NULL,
	 "a number out of range does not fit decimal(5,2)"},
	{"attribute: n, on_overflow: null", "d:5,2", "\"n\":{\"N\":\"1.005\"}", NULL, "null", NULL},
	{"attribute: n", "d:5,2", "\"n\":{\"N\":\"1.005\"}", "101", NULL,
	 "a number with more fraction digits does not fit decimal(5,2)"},
	{"attribute: n, on_overflow: null", "l", "\"n\":{\"S\":\"1\"}", NULL, NULL,
	 "an attribute of type S cannot become bigint"},
	{"attribute: n", "f", "\"n\":{\"N\":\"1E39\"}", "0", NULL, "a number out of range does not fit float"},
	{"attribute: n, on_overflow: null", "f", "\"n\":{\"N\":\"1E39\"}", NULL, "null", NULL},
	/* times */
	{"attribute: t, from: epoch_s", "tsu:UTC", "\"t\":{\"N\":\"1700000000\"}", "1700000000000000",
	 "\"2023-11-14T22:13:20Z\"", NULL},
	{"attribute: t, from: epoch_s", "tsu:UTC", "\"t\":{\"N\":\"1.7E9\"}", "1700000000000000", NULL, NULL},
	{"attribute: t, from: epoch_ms", "tsu:UTC", "\"t\":{\"N\":\"1700000000123\"}", "1700000000123000", NULL, NULL},
	{"attribute: t, from: epoch_us", "tsu:", "\"t\":{\"N\":\"1700000000123456\"}", "1700000000123456", NULL, NULL},
	{"attribute: t, from: epoch_s", "tsu:UTC", "\"t\":{\"N\":\"1700000000.000001\"}", "1700000000000001", NULL,
	 NULL},
	{"attribute: t, from: epoch_s", "tsu:UTC", "\"t\":{\"N\":\"1700000000.0000015\"}", "1700000000000001", NULL,
	 "a time finer than a microsecond, or out of range, does not fit timestamp"},
	{"attribute: t, from: epoch_s, on_overflow: truncate", "tsu:UTC", "\"t\":{\"N\":\"1700000000.0000015\"}",
	 "1700000000000001", NULL, NULL},
	{"attribute: t, from: epoch_ms", "tsu:UTC", "\"t\":{\"S\":\"1700000000123\"}", NULL, NULL,
	 "an attribute of type S cannot become timestamp"},
	{"attribute: t, as: number, from: epoch_ms", "tsu:UTC", "\"t\":{\"S\":\"1700000000123\"}", "1700000000123000",
	 NULL, NULL},
	{"attribute: t, from: epoch_ms", "tsu:UTC", "\"t\":{\"N\":\"253402300800000\"}", NULL, NULL,
	 "a time out of range does not fit timestamp"},
	{"attribute: t, from: epoch_ms, on_overflow: null", "tsu:UTC", "\"t\":{\"N\":\"253402300800000\"}", NULL,
	 "null", NULL},
	{"attribute: t, from: epoch_ms", "tsu:UTC", "\"t\":{\"N\":\"-62135596800000\"}", "-62135596800000000",
	 "\"0001-01-01T00:00:00Z\"", NULL},
	{"attribute: t, from: epoch_s", "tdD", "\"t\":{\"N\":\"1700000000\"}", "19675", "\"2023-11-14\"", NULL},
	{"attribute: t, from: epoch_s", "tdD", "\"t\":{\"N\":\"86400\"}", "1", NULL, NULL},
	{"attribute: t, from: epoch_s", "tdD", "\"t\":{\"N\":\"86399.9999999\"}", "0", NULL, NULL},
	{"attribute: t, from: epoch_s", "tdD", "\"t\":{\"N\":\"-0.00000001\"}", "-1", "\"1969-12-31\"", NULL},
	{"attribute: t, from: epoch_s", "tdD", "\"t\":{\"N\":\"-86400\"}", "-1", NULL, NULL},
	{"attribute: t, from: epoch_s", "tdD", "\"t\":{\"N\":\"-86400.5\"}", "-2", NULL, NULL},
	{"attribute: t, from: iso", "tdD", "\"t\":{\"S\":\"2024-01-01T23:30:00-01:00\"}", "19724", "\"2024-01-02\"",
	 NULL},
	{"attribute: t", "tdD", "\"t\":{\"S\":\"2024-01-01T23:30:00Z\"}", "19723", NULL,
	 "a text that is no such time does not fit date"},
	/* steps */
	{"attribute: b, as: hex", "u", "\"b\":{\"B\":\"AP8=\"}", "00ff", "\"00ff\"", NULL},
	{"attribute: b, as: [hex, upper]", "u", "\"b\":{\"B\":\"AP8=\"}", "00FF", NULL, NULL},
	{"attribute: b, as: base64", "u", "\"b\":{\"B\":\"AP8=\"}", "AP8=", NULL, NULL},
	{"attribute: b", "u", "\"b\":{\"B\":\"AP8=\"}", "AP8=", NULL, NULL},
	{"attribute: b, as: sha256", "u", "\"b\":{\"B\":\"YWJj\"}",
	 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", NULL, NULL},
	{"attribute: s, as: sha256", "u", "\"s\":{\"S\":\"abc\"}",
	 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", NULL, NULL},
	{"attribute: s, as: md5", "u", "\"s\":{\"S\":\"abc\"}", "900150983cd24fb0d6963f7d28e17f72", NULL, NULL},
	/* RFC 4231, case 2 */
	{"attribute: s, as: hmac, key_env: LAKEPROOF_TEST_SECRET", "u",
	 "\"s\":{\"S\":\"what do ya want for nothing?\"}",
	 "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", NULL, NULL},
	{"attribute: s, as: [trim, lower, sha256]", "u", "\"s\":{\"S\":\"  ABC \"}",
	 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", NULL, NULL},
	{"attribute: s, as: trim", "u", "\"s\":{\"S\":\" \\t x \"}", "\t x", NULL, NULL},
	{"attribute: s, as: lower", "u", "\"s\":{\"S\":\"ÀÉ Straße ΟΔΟΣ İ 漢\"}", "àé straße οδος i̇ 漢", NULL, NULL},
	{"attribute: s, as: upper", "u", "\"s\":{\"S\":\"straße ŉ ﬁ ǰ\"}", "STRASSE ʼN FI J̌", NULL, NULL},
	{"attribute: s, as: {extract: \"^CUST#(.+)$\"}", "u", "\"s\":{\"S\":\"CUST#7\"}", "7", "\"7\"", NULL},
	{"attribute: s, as: {extract: \"^CUST#(.+)$\"}", "u", "\"s\":{\"S\":\"ORDER#7\"}", "", "\"\"", NULL},
	{"attribute: s, as: {extract: \"^CUST#(.+)$\"}, empty_string: null", "u", "\"s\":{\"S\":\"ORDER#7\"}", NULL,
	 "null", NULL},
	{"attribute: s, as: {extract: \"v(a|ab)\"}", "u", "\"s\":{\"S\":\"vab\"}", "a", NULL, NULL},
	{"attribute: s, as: [{extract: \"(\\\\d+)\"}, number]", "l", "\"s\":{\"S\":\"é12x\"}", "12", "12", NULL},
	{"attribute: s, as: number", "l", "\"s\":{\"S\":\"x\"}", NULL, NULL,
	 "a value that a step of as cannot take does not fit bigint"},
	{"attribute: s, as: {substr: [2, 3]}", "u", "\"s\":{\"S\":\"aéb漢c\"}", "éb漢", NULL, NULL},
	{"attribute: s, as: {substr: [-2, 1]}", "u", "\"s\":{\"S\":\"aéb漢c\"}", "漢", NULL, NULL},
	{"attribute: s, as: {substr: [-7, 4]}", "u", "\"s\":{\"S\":\"abcde\"}", "ab", NULL, NULL},
	{"attribute: s, as: {substr: 3}", "u", "\"s\":{\"S\":\"abcde\"}", "cde", NULL, NULL},
	{"attribute: s, as: {substr: [9, 3]}", "u", "\"s\":{\"S\":\"abcde\"}", "", NULL, NULL},
	{"attribute: s, as: {extract: \"^(?:a+)+(b)$\"}", "u",
	 "\"s\":{\"S\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}", NULL, NULL,
	 "a value that a step of as cannot take does not fit string"},
	{"attribute: s, as: lower", "u", "\"s\":{\"L\":[]}", NULL, NULL,
	 "a value that a step of as cannot take does not fit string"},
	{"attribute: n, as: sha256", "u", "\"n\":{\"N\":\"1.50E1\"}",
	 "e629fa6598d732768f7c726b4b621285f9c3b85303900aa912017db7617d8bdb", NULL, NULL},
	{"attribute: s, as: lower", "u", "\"s\":{\"NULL\":true}", NULL, "null", NULL},
	{"attributes: [a, b.c], as: {concat: \"-\"}", "u", "\"a\":{\"S\":\"x\"},\"b\":{\"M\":{\"c\":{\"N\":\"5\"}}}",
	 "x-5", "\"x-5\"", NULL},
	{"attributes: [a, b], as: {concat: \"-\"}", "u", "\"a\":{\"S\":\"x\"}", NULL, "null", NULL},
	{"attributes: [a, b], as: [concat, upper]", "u", "\"a\":{\"S\":\"x\"},\"b\":{\"BOOL\":true}", "XTRUE", NULL,
	 NULL},
	{"attributes: [a, b], as: coalesce", "l", "\"a\":{\"NULL\":true},\"b\":{\"N\":\"5\"}", "5", "5", NULL},
	{"attributes: [a, b], as: {coalesce: none}", "u", "\"x\":{\"S\":\"\"}", "none", NULL, NULL},
	{"attribute: a, as: [lower, {coalesce: NONE}]", "u", "\"x\":{\"S\":\"\"}", "NONE", NULL, NULL},
	{"const: dynamodb", "u", "\"x\":{\"S\":\"\"}", "dynamodb", "\"dynamodb\"", NULL},
	{"const: \"3\", as: number", "i", "\"x\":{\"S\":\"\"}", "3", "3", NULL},
	{"attribute: s, compare: presence", "u", "\"s\":{\"S\":\"card\"}", "tok_1", "\"present\"", NULL},
	{"attribute: s, compare: presence", "u", "\"x\":{\"S\":\"card\"}", NULL, "null", NULL},
	{"attribute: s, compare: presence", "l", "\"s\":{\"S\":\"card\"}", "12", "\"present\"", NULL},
	/* nothing */
	{"attribute: s", "u", "\"x\":{\"S\":\"\"}", NULL, "null", NULL},
	{"attribute: s", "u", "\"s\":{\"S\":\"\"}", "", "\"\"", NULL},
	{"attribute: s, empty_string: null", "u", "\"s\":{\"S\":\"\"}", NULL, "null", NULL},
	{"attribute: s, empty_string: null", "u", "\"s\":{\"S\":\" \"}", " ", NULL, NULL},
	{"attribute: s, absent: empty", "u", "\"x\":{\"S\":\"\"}", "", "\"\"", NULL},
	{"attribute: s, absent: empty", "u", "\"s\":{\"NULL\":true}", NULL, "null", NULL},
	{"attribute: s, \"null\": empty", "u", "\"s\":{\"NULL\":true}", "", "\"\"", NULL},
	{"attribute: s, null: empty", "u", "\"x\":{\"NULL\":true}", NULL, "null", NULL},
	{"attribute: l", "+l", "\"l\":{\"L\":[]}", "", "[]", NULL},
	{"attribute: l, empty: null", "+l", "\"l\":{\"L\":[]}", NULL, "null", NULL},
	{"attribute: l, absent: empty", "+l", "\"x\":{\"S\":\"\"}", "", "[]", NULL},
	{"attribute: m, empty: null", "+m", "\"m\":{\"M\":{}}", NULL, "null", NULL},
	{"attribute: m, absent: empty", "+m", "\"x\":{\"S\":\"\"}", "", "{}", NULL},
	{"attribute: l, unordered: true", "+l", "\"l\":{\"SS\":[\"b\",\"a\"]}", "a|b", NULL, NULL},
	{"attribute: l", "+l", "\"l\":{\"SS\":[\"b\",\"a\"]}", "b|a", NULL,
	 "a set, without unordered: true, does not fit array<string>"},
	/* JSON text */
	{"attribute: m, as: json", "u",
	 "\"m\":{\"M\":{\"b\":{\"N\":\"1.50\"},\"a\":{\"L\":[{\"BOOL\":true},{\"NULL\":true},{\"B\":\"AP8=\"}]}}}",
	 " { \"a\" : [true,null,\"AP8=\"], \"b\":15E-1 } ", "{\"a\":[true,null,\"AP8=\"],\"b\":1.5}", NULL},
	{"attribute: m, as: json", "u", "\"m\":{\"M\":{\"a\":{\"SS\":[\"x\"]}}}", "{\"a\":[\"x\"]}", NULL,
	 "a set, without unordered: true, does not fit string"},
	{"attribute: m, as: json, unordered: true", "u", "\"m\":{\"M\":{\"a\":{\"NS\":[\"10\",\"9\"]}}}",
	 "{\"a\":[9.0,10]}", NULL, NULL},
	{"attribute: m, as: json, unordered: true", "u",
	 "\"m\":{\"L\":[{\"S\":\"b\"},{\"L\":[{\"N\":\"2\"},{\"N\":\"1\"}]},{\"S\":\"a\"}]}", "[\"a\",\"b\",[1,2]]",
	 NULL, NULL},
	{"attribute: m, as: dynamodb_json", "u", "\"m\":{\"M\":{\"a\":{\"SS\":[\"y\",\"x\"]}}}",
	 "{\"M\": {\"a\": {\"SS\": [\"x\", \"y\"]}}}", "{\"M\":{\"a\":{\"SS\":[\"x\",\"y\"]}}}", NULL},
	{"attribute: m, as: dynamodb_json", "u", "\"m\":{\"N\":\"1\"}", "{\"N\":\"1.0\"}", "{\"N\":\"1\"}", NULL},
	{"as: item_json", "u", "\"s\":{\"S\":\"é\\n\"},\"n\":{\"N\":\"100\"}",
	 "{\"pk\":\"k\",\"n\":1E2,\"s\":\"\\u00e9\\n\"}", "{\"n\":100,\"pk\":\"k\",\"s\":\"é\\n\"}", NULL},
	{"as: item_json", "u", "\"aws:rep:deleting\":{\"BOOL\":false},\"tmp_x\":{\"S\":\"y\"}",
	 "{\"pk\":\"k\",\"tmp_z\":1}", "{\"pk\":\"k\"}", NULL},
	{"as: item_dynamodb_json", "u", "\"n\":{\"N\":\"1\"},\"x\":{\"BS\":[\"AP8=\",\"AA==\"]}",
	 "{\"x\":{\"BS\":[\"AA==\",\"AP8=\"]},\"pk\":{\"S\":\"k\"},\"n\":{\"N\":\"1E0\"}}", NULL, NULL},
	{"as: item_map", "+m",
	 "\"n\":{\"N\":\"0.00001\"},\"o\":{\"BOOL\":true},\"z\":{\"NULL\":true},\"m\":{\"M\":{\"b\":{\"N\":\"1\"},"
	 "\"a\":{\"S\":\"x\"}}}",
	 "pk=k|n=0.00001|o=true|z|m={\"a\":\"x\", \"b\":1.0}",
	 "{\"m\":\"{\\\"a\\\":\\\"x\\\",\\\"b\\\":1}\",\"n\":\"0.00001\",\"o\":\"true\",\"pk\":\"k\",\"z\":null}",
	 NULL},
	{"as: item_map, compare: presence", "+m", "\"n\":{\"SS\":[\"a\"]}", "x=y", "\"present\"", NULL},
};

static uint64_t one_digest(struct fixture *fixture, const struct example *example, bool *lossless)
{
	struct image_digest digest;
	struct digest_fault fault;
	char item[4096];
	snprintf(item, sizeof(item), "{\"pk\":{\"S\":\"k\"},%s}", example->item);
	*lossless = image(fixture, item, &digest, &fault) && digest.flags == 0;
	return digest.row;
}

static bool check_misfit(struct fixture *fixture, const struct example *example)
{
	struct buffer text;
	buffer_init(&text, 65536);
	const char *column = digest_misfit(fixture->scratch, &text);
	bool right = column != NULL && strcmp(column, "c") == 0 && slice_is(buffer_slice(&text), example->misfit);
	if (!right)
		printf("# %.*s\n", (int)text.size, text.data == NULL ? "" : text.data);
	buffer_release(&text);
	return right;
}

/* The same value shown and digested alone, on both sides. */
static bool check_value(struct fixture *fixture, const struct example *example, const struct one_row *row)
{
	struct buffer expected, actual;
	uint64_t expected_digest = 0, actual_digest = 1;
	uint32_t flags = 0;
	buffer_init(&expected, 1 << 20);
	buffer_init(&actual, 1 << 20);
	bool done = digest_expected_value(fixture->scratch, fixture->tokens, 0, 1, &expected, &expected_digest,
					  &flags) == 0 &&
		    digest_actual_value(fixture->scratch, &row->schema, &row->array, 0, 1, &actual, &actual_digest) ==
			    0;
	bool same = (flags == 0 && expected_digest == actual_digest) == (example->misfit == NULL) &&
		    (example->text == NULL || slice_is(buffer_slice(&expected), example->text));
	if (!done || !same)
		printf("# expected %.*s, actual %.*s\n", (int)expected.size, expected.data, (int)actual.size,
		       actual.data);
	buffer_release(&expected);
	buffer_release(&actual);
	return done && same;
}

static void test_examples(void)
{
	static struct one_row row;
	for (size_t index = 0; index < sizeof(examples) / sizeof(examples[0]); index++) {
		const struct example *example = &examples[index];
		struct fixture fixture;
		char column[1024];
		bool lossless = false;
		one_row_make(&row, "k", example->format, example->lake);
		snprintf(column, sizeof(column), "    - {column: c, %s}\n", example->rules);
		bool opened = open_fixture(&fixture, column, "  ignore_attributes: [\"tmp_*\"]\n", &row.schema);
		uint64_t digest = opened ? one_digest(&fixture, example, &lossless) : 0;
		bool right = opened &&
			     (example->misfit == NULL ? lossless && digest == one_row_digest(fixture.scratch, &row)
						      : !lossless && check_misfit(&fixture, example));
		ok(right && check_value(&fixture, example, &row), "{%s} of {%s} is %s", example->rules, example->item,
		   example->misfit != NULL ? example->misfit
		   : example->lake == NULL ? "null"
					   : example->lake);
		close_fixture(&fixture);
	}
}

/* ---- what must not be equal */

static const struct example differences[] = {
	{"attribute: s", "u", "\"s\":{\"S\":\"\"}", NULL, NULL, NULL},
	{"attribute: s, empty_string: null", "u", "\"s\":{\"S\":\"\"}", "", NULL, NULL},
	{"attribute: s, absent: empty", "u", "\"x\":{\"S\":\"\"}", NULL, NULL, NULL},
	{"attribute: l, empty: null", "+l", "\"l\":{\"L\":[]}", "", NULL, NULL},
	{"attribute: n, on_overflow: round", "l", "\"n\":{\"N\":\"12.5\"}", "12", NULL, NULL},
	{"attribute: s, compare: presence", "u", "\"s\":{\"S\":\"\"}", NULL, NULL, NULL},
	{"attribute: s, compare: presence", "u", "\"x\":{\"S\":\"\"}", "", NULL, NULL},
	{"attribute: t, from: epoch_s", "tsu:UTC", "\"t\":{\"N\":\"1700000000\"}", "1700000000000", NULL, NULL},
	{"as: item_json", "u", "\"n\":{\"N\":\"1\"}", "{\"pk\":\"k\",\"n\":\"1\"}", NULL, NULL},
	{"as: item_json", "u", "\"n\":{\"N\":\"1\"}", "{\"pk\":\"k\"}", NULL, NULL},
	{"as: item_json", "u", "\"n\":{\"NULL\":true}", "{\"pk\":\"k\"}", NULL, NULL},
	{"as: item_json", "u", "\"n\":{\"N\":\"1\"}", "{\"pk\":\"k\",\"n\":1,\"n\":1}", NULL, NULL},
	{"as: item_json", "u", "\"n\":{\"N\":\"1\"}", "{\"pk\":\"k\",\"n\":1", NULL, NULL},
	{"as: item_json", "u", "\"n\":{\"N\":\"1\"}", "", NULL, NULL},
	{"as: item_json", "u", "\"n\":{\"N\":\"1\"}", NULL, NULL, NULL},
	{"as: item_json", "u", "\"n\":{\"N\":\"12345678901234567890123456789012345678\"}",
	 "{\"pk\":\"k\",\"n\":12345678901234567890123456789012345679}", NULL, NULL},
	{"as: item_json", "u", "\"n\":{\"L\":[{\"N\":\"1\"},{\"N\":\"2\"}]}", "{\"pk\":\"k\",\"n\":[2,1]}", NULL, NULL},
	{"as: item_dynamodb_json", "u", "\"n\":{\"N\":\"1\"}", "{\"pk\":{\"S\":\"k\"},\"n\":{\"S\":\"1\"}}", NULL,
	 NULL},
	{"as: item_dynamodb_json", "u", "\"n\":{\"SS\":[\"a\"]}",
	 "{\"pk\":{\"S\":\"k\"},\"n\":{\"L\":[{\"S\":\"a\"}]}}", NULL, NULL},
	{"attribute: m, as: dynamodb_json", "u", "\"m\":{\"N\":\"10\"}", "{\"N\":10}", NULL, NULL},
	{"attribute: m, as: dynamodb_json", "u", "\"m\":{\"N\":\"10\"}", "{\"n\":\"10\"}", NULL, NULL},
	{"attribute: m, as: dynamodb_json", "u", "\"m\":{\"NS\":[\"1\"]}", "{\"NS\":[1]}", NULL, NULL},
	{"as: item_map", "+m", "\"n\":{\"S\":\"\"}", "pk=k|n", NULL, NULL},
	{"as: item_map", "+m", "\"n\":{\"NULL\":true}", "pk=k", NULL, NULL},
	{"as: item_map", "+m", "\"n\":{\"S\":\"x\"}", "pk=k|n=\"x\"", NULL, NULL},
	{"as: item_map", "+m", "\"n\":{\"S\":\"007\"}", "pk=k|n=7", NULL, NULL},
	{"as: item_map", "+m", "\"n\":{\"S\":\"1.50\"}", "pk=k|n=1.5", NULL, NULL},
	{"as: item_map", "+m", "\"n\":{\"N\":\"100\"}", "pk=k|n=1E2", NULL, NULL},
};

static void test_differences(void)
{
	static struct one_row row;
	for (size_t index = 0; index < sizeof(differences) / sizeof(differences[0]); index++) {
		const struct example *example = &differences[index];
		struct fixture fixture;
		char column[1024];
		bool lossless = false;
		one_row_make(&row, "k", example->format, example->lake);
		snprintf(column, sizeof(column), "    - {column: c, %s}\n", example->rules);
		bool opened = open_fixture(&fixture, column, "", &row.schema);
		uint64_t digest = opened ? one_digest(&fixture, example, &lossless) : 0;
		ok(opened && lossless && digest != one_row_digest(fixture.scratch, &row), "{%s} of {%s} is not %s",
		   example->rules, example->item, example->lake == NULL ? "null" : example->lake);
		close_fixture(&fixture);
	}
}

/* ---- attributes that nobody takes */

static void test_unmapped(void)
{
	struct fixture fixture;
	struct image_digest digest;
	struct digest_fault fault;
	uint64_t count = 0;
	bool done = open_fixture(&fixture, "    - {column: c, attribute: \"l[1].a\", type: string}\n", "", NULL) &&
		    image(&fixture,
			  "{\"pk\":{\"S\":\"k\"},\"l\":{\"L\":[{\"S\":\"x\"},{\"M\":{\"a\":{\"S\":\"y\"},\"b\":{\"S\":"
			  "\"z\"}}}]}}",
			  &digest, &fault);
	const struct unmapped_attribute *unmapped = done ? digest_unmapped(fixture.scratch, &count) : NULL;
	ok(count == 2 && strcmp(unmapped[0].name, "l[].b") == 0 && strcmp(unmapped[1].name, "l[]") == 0,
	   "elements of a list that no column takes are told");
	close_fixture(&fixture);
	done = open_fixture(&fixture, "    - {column: c, as: item_json, type: string}\n", "", NULL) &&
	       image(&fixture, "{\"pk\":{\"S\":\"k\"},\"new\":{\"S\":\"x\"}}", &digest, &fault);
	digest_unmapped(fixture.scratch, &count);
	ok(done && count == 0 && digest_attributes_seen(fixture.scratch) == 2,
	   "where a column takes the whole item, no attribute is left out");
	close_fixture(&fixture);
}

static void test_sql(void)
{
	struct fixture fixture;
	struct buffer sql;
	buffer_init(&sql, 1 << 16);
	ok(open_fixture(&fixture, "    - {column: c, attribute: c, type: string, compare: presence}\n", "", NULL) &&
		   digest_plan_sql(fixture.plan, &sql) == 0,
	   "a presence column has SQL");
	buffer_append_byte(&sql, '\0');
	is_text(sql.data,
		"xxhash64(if(isnull(`pk`), 1L, 0L) | if(isnull(`c`), 2L, 0L), `pk`, if(isnull(`c`), NULL, 1))",
		"which says whether it is null");
	close_fixture(&fixture);
	sql.size = 0;
	ok(open_fixture(&fixture, "    - {column: c, as: item_json, type: string}\n", "", NULL) &&
		   digest_plan_sql(fixture.plan, &sql) == ERROR_DATA,
	   "a JSON column has none");
	buffer_append_byte(&sql, '\0');
	is_text(sql.data, "column 'c' is compared by what its JSON says, which SQL has no digest of", "and says so");
	close_fixture(&fixture);
	buffer_release(&sql);
}

/* ---- columns by name */

static void test_by_name(void)
{
	struct ArrowSchema fields[] = {{.format = "u", .name = "pk"},
				       {.format = "u", .name = "orderId"},
				       {.format = "l", .name = "qty"},
				       {.format = "u", .name = "_ts"},
				       {.format = "tDs", .name = "odd"}};
	struct ArrowSchema *children[5];
	struct image_digest digest;
	struct digest_fault fault;
	struct fixture fixture;
	for (size_t index = 0; index < 5; index++)
		children[index] = &fields[index];
	struct ArrowSchema schema = {.format = "+s", .n_children = 5, .children = children};
	ok(open_fixture(&fixture, "", "  columns_by_name: {case: exact}\n  ignore: [\"_*\"]\n", &schema),
	   "columns by name against a table");
	const struct plan_report *report = digest_plan_report(fixture.plan);
	ok(report->compared_columns == 3 && report->unmapped_count == 0 && report->mismatch_count == 1,
	   "those not listed and not ignored are mapped; one of an unknown type is told");
	uint64_t row = by_hand_long(by_hand(by_hand(by_hand_long(42, 0), "k", 1), "x", 1), 5);
	ok(image(&fixture, "{\"pk\":{\"S\":\"k\"},\"qty\":{\"N\":\"5\"},\"orderId\":{\"S\":\"x\"}}", &digest, &fault) &&
		   digest.row == row && digest.flags == 0,
	   "each to the attribute of its name");
	ok(image(&fixture, "{\"pk\":{\"S\":\"k\"},\"qty\":{\"N\":\"5\"},\"orderid\":{\"S\":\"x\"}}", &digest, &fault) &&
		   digest.row != row,
	   "in exactly its case");
	close_fixture(&fixture);
	fields[1].name = "order_id";
	ok(open_fixture(&fixture, "", "  columns_by_name: {case: snake}\n  ignore: [\"_*\"]\n", &schema), "snake case");
	static const char *const spellings[] = {"orderId", "OrderID", "order_id", "order-id", "ORDER_ID"};
	for (size_t index = 0; index < sizeof(spellings) / sizeof(spellings[0]); index++) {
		char item[200];
		snprintf(item, sizeof(item), "{\"qty\":{\"N\":\"5\"},\"%s\":{\"S\":\"x\"},\"pk\":{\"S\":\"k\"}}",
			 spellings[index]);
		ok(image(&fixture, item, &digest, &fault) && digest.row == row && digest.flags == 0, "%s is order_id",
		   spellings[index]);
	}
	uint64_t count;
	digest_unmapped(fixture.scratch, &count);
	is_int(count, 0, "and none of them is unmapped");
	ok(image(&fixture, "{\"pk\":{\"S\":\"k\"},\"orderId\":{\"S\":\"x\"},\"order_id\":{\"S\":\"x\"}}", &digest,
		 &fault) &&
		   digest.flags == IMAGE_MISTYPED,
	   "two at once are none");
	ok(image(&fixture, "{\"pk\":{\"S\":\"k\"},\"qty\":{\"N\":\"5\"},\"order_id\":{\"S\":\"x\"}}", &digest,
		 &fault) &&
		   digest.row == row && digest.flags == 0,
	   "which the next image does not suffer from");
	ok(image(&fixture, "{\"pk\":{\"S\":\"k\"},\"qty\":{\"N\":\"5\"},\"orderid\":{\"S\":\"x\"}}", &digest, &fault) &&
		   digest.row != row,
	   "orderid is one word");
	close_fixture(&fixture);
	fields[2].name = "orderId";
	ok(!open_fixture(&fixture, "", "  columns_by_name: {case: snake}\n  ignore: [\"_*\"]\n", &schema),
	   "two columns of one name in snake case");
	is_text(fixture.error.message,
		"c.yaml: columns 'order_id' and 'orderId' are the same name in snake case; list them in lake.columns",
		"are an error");
	close_fixture(&fixture);
	fields[2].name = "qty";
	ok(open_fixture(&fixture, "    - {column: order_id, attribute: oid}\n",
			"  columns_by_name: {case: snake}\n  ignore: [\"_*\"]\n", &schema) &&
		   image(&fixture, "{\"pk\":{\"S\":\"k\"},\"qty\":{\"N\":\"5\"},\"oid\":{\"S\":\"x\"}}", &digest,
			 &fault) &&
		   digest.row == row,
	   "a column that is listed goes by its entry");
	close_fixture(&fixture);
	ok(open_fixture(&fixture, "", "  columns_by_name: {case: exact}\n", NULL) &&
		   !digest_plan_has_rows(fixture.plan),
	   "without a table there are no columns by name");
	close_fixture(&fixture);
}

/* More names than the digests keep: an attribute without a place of its own still fills its column. */
static void test_by_name_crowded(void)
{
	struct ArrowSchema fields[] = {{.format = "u", .name = "pk"}, {.format = "u", .name = "order_id"}};
	struct ArrowSchema *children[2] = {&fields[0], &fields[1]};
	struct ArrowSchema schema = {.format = "+s", .n_children = 2, .children = children};
	struct image_digest digest, wanted;
	struct digest_fault fault;
	struct fixture fixture;
	char item[200];
	bool done = open_fixture(&fixture, "", "  columns_by_name: {case: snake}\n  ignore_attributes: [\"x*\"]\n",
				 &schema) &&
		    image(&fixture, "{\"pk\":{\"S\":\"k\"},\"order_id\":{\"S\":\"v\"}}", &wanted, &fault);
	for (unsigned index = 0; index < 6000 && done; index++) {
		snprintf(item, sizeof(item), "{\"pk\":{\"S\":\"k\"},\"x%u\":{\"S\":\"v\"}}", index);
		done = image(&fixture, item, &digest, &fault);
	}
	done = done && image(&fixture, "{\"pk\":{\"S\":\"k\"},\"orderId\":{\"S\":\"v\"}}", &digest, &fault);
	uint64_t count = 1;
	if (done)
		digest_unmapped(fixture.scratch, &count);
	ok(done && digest.row == wanted.row && count == 0, "after thousands of names a new one is found all the same");
	close_fixture(&fixture);
}

/* ---- docs/contract.md's table of pairs */

static const struct {
	const char *type, *text; /* a text that the type's columns take from S, where they take one */
} pair_texts[] = {{"date", "2024-01-01"},
		  {"timestamp", "2024-01-01T00:00:00Z"},
		  {"timestamp_ntz", "2024-01-01 00:00:00"}};

static void pair_item(const char *type, size_t tag, bool number, char *item, size_t size)
{
	static const char *const values[] = {NULL,
					     "{\"N\":\"7\"}",
					     "{\"BOOL\":true}",
					     "{\"B\":\"AP8=\"}",
					     "{\"M\":{\"a\":{\"S\":\"x\"}}}",
					     "{\"L\":[%s]}",
					     "{\"SS\":[\"x\"]}",
					     "{\"NS\":[\"1\"]}",
					     "{\"BS\":[\"AP8=\"]}"};
	const char *text = number ? "7" : "x";
	for (size_t index = 0; index < sizeof(pair_texts) / sizeof(pair_texts[0]); index++)
		if (strcmp(type, pair_texts[index].type) == 0)
			text = pair_texts[index].text;
	const char *element = strcmp(type, "array<bigint>") == 0   ? "{\"N\":\"7\"}"
			      : strcmp(type, "array<binary>") == 0 ? "{\"B\":\"AP8=\"}"
								   : "{\"S\":\"x\"}";
	if (tag == 0)
		snprintf(item, size, "{\"pk\":{\"S\":\"k\"},\"c\":{\"S\":\"%s\"}}", text);
	else if (tag == 5)
		snprintf(item, size, "{\"pk\":{\"S\":\"k\"},\"c\":{\"L\":[%s]}}", element);
	else
		snprintf(item, size, "{\"pk\":{\"S\":\"k\"},\"c\":%s}", values[tag]);
}

static bool pair_fits(const char *type, size_t tag, const char *rule)
{
	struct fixture fixture;
	struct image_digest digest;
	struct digest_fault fault;
	char column[512], item[512];
	snprintf(column, sizeof(column), "    - {column: c, attribute: c, type: \"%s\"%s%s}\n", type,
		 rule[0] == '\0' ? "" : ", ", rule);
	pair_item(type, tag, strcmp(rule, "as: number") == 0, item, sizeof(item));
	bool fits = open_fixture(&fixture, column, "", NULL) && image(&fixture, item, &digest, &fault) &&
		    digest.flags == 0;
	close_fixture(&fixture);
	return fits;
}

/* "– ", "with `rule`" or words: never, by that rule only, always. */
static bool check_pair(const char *type, size_t tag, const char *cell)
{
	char rule[128] = "";
	if (strncmp(cell, "–", 3) == 0)
		return !pair_fits(type, tag, "") && !pair_fits(type, tag, "on_overflow: null");
	if (strncmp(cell, "with `", 6) != 0)
		return pair_fits(type, tag, "");
	snprintf(rule, sizeof(rule), "%.*s", (int)strcspn(cell + 6, "`"), cell + 6);
	return !pair_fits(type, tag, "") && pair_fits(type, tag, rule);
}

static void test_pairs(void)
{
	char line[4096], type[64];
	size_t rows = 0;
	bool inside = false;
	FILE *file = fopen("docs/contract.md", "r");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		inside = (inside || strncmp(line, "<!-- pairs:", 11) == 0) &&
			 strncmp(line, "<!-- end of pairs", 17) != 0;
		if (!inside || strncmp(line, "| `", 3) != 0)
			continue;
		snprintf(type, sizeof(type), "%.*s", (int)strcspn(line + 3, "`"), line + 3);
		char *cell = strchr(line + 3, '|');
		for (size_t tag = 0; tag < 9 && cell != NULL; tag++) {
			bool right = check_pair(type, tag, cell + 2);
			char *next = strchr(cell + 1, '|');
			ok(right && next != NULL, "docs/contract.md on %s, attribute type %zu: %.*s", type, tag,
			   (int)strcspn(cell + 2, "|"), cell + 2);
			cell = next;
		}
		rows++;
	}
	if (file != NULL)
		fclose(file);
	is_int(rows, 18, "docs/contract.md has the table of pairs (run from the project's root)");
}

int main(void)
{
	setenv("LAKEPROOF_TEST_SECRET", "Jefe", 1);
	test_examples();
	test_differences();
	test_unmapped();
	test_sql();
	test_pairs();
	test_by_name();
	test_by_name_crowded();
	return tap_done();
}
