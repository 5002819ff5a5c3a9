/* What a draft makes of items and a table: which attribute, which rules, what is left to the user; and that whatever
 * the names and values are, the draft loads. */
#include "base/prng.h"
#include "bridge/fake.h"
#include "reconcile/contract/contract.h"
#include "reconcile/sketch/sketch.h"
#include "reconcile/sketch/sketch_key.h"
#include "tests/support/source_files.h"
#include "tests/tap.h"

/* The draft for these items, lines of a dump, and the fake table "lake"; text ends with NUL. */
static int draft(const char *items, size_t size, bool full, struct buffer *yaml)
{
	char *path = (char *)files_path("items.jsonl");
	struct sketch_options options = {
		.sources = (char *const[]){path},
		.source_count = 1,
		.lake = "lake",
		.output = files_path("contract.yaml"),
		.record_max = 100,
		.values_full = full,
	};
	struct sketch_summary summary;
	struct error error = {0};
	files_write(path, (struct slice){items, size});
	buffer_init(yaml, 1 << 24);
	int code = sketch_write(&options, yaml, &summary, &error);
	if (code != 0)
		printf("# %s\n", error.message);
	buffer_append_byte(yaml, '\0');
	return code;
}

static void table(const char *column, const char *format, const char *value)
{
	fake_reset();
	fake_table_columns("lake", (const char *const[]){"id", column}, (const char *const[]){"u", format}, 2);
	(void)fake_table_rows("lake", "file", (const char *const[]){"1", value}, 1);
}

/* One attribute `v` of two items, and a column of that name. */
static void test_columns(void)
{
	static const struct {
		const char *one, *two, *format, *value, *line;
	} cases[] = {
		{"{\"S\":\"a\"}", "{\"N\":\"1\"}", "u", "x", "- {column: v, attribute: v, type: string}"},
		{"{\"N\":\"1\"}", "{\"N\":\"2\"}", "l", "1", "- {column: v, attribute: v, type: bigint}"},
		{"{\"N\":\"1\"}", "{\"N\":\"2.5\"}", "l", "1", "CHOOSE: \"v\": 1 items seen hold what it cannot"},
		{"{\"N\":\"1\"}", "{\"S\":\"x\"}", "l", "1", "CHOOSE: \"v\": not all its values are numbers"},
		{"{\"S\":\"1\"}", "{\"S\":\"2\"}", "l", "1", "- {column: v, attribute: v, type: bigint, as: number}"},
		{"{\"S\":\"1\"}", "{\"S\":\"x\"}", "l", "1", "# - {column: v, attribute: v, type: bigint}"},
		{"{\"N\":\"1.2345678901234567\"}", "{\"N\":\"1\"}", "g", NULL,
		 "numbers of more than 15 digits were seen"},
		{"{\"N\":\"123.45\"}", "{\"N\":\"1\"}", "d:4,1", NULL,
		 "CHOOSE: \"v\": 1 items seen hold what it cannot"},
		{"{\"N\":\"1760000000\"}", "{\"N\":\"1760000001\"}", "tsu:UTC", NULL,
		 "type: timestamp, from: epoch_s}"},
		{"{\"N\":\"1760000000000\"}", "{\"NULL\":true}", "tsu:UTC", NULL, "type: timestamp, from: epoch_ms}"},
		{"{\"N\":\"1760000000000000\"}", "{\"NULL\":true}", "tsu:", NULL,
		 "type: timestamp_ntz, from: epoch_us}"},
		{"{\"N\":\"1760000000000\"}", "{\"N\":\"1760000000\"}", "tsu:UTC", NULL,
		 "# - {column: v, attribute: v, type: timestamp}"},
		{"{\"S\":\"2026-01-02T03:04:05Z\"}", "{\"S\":\"2026-01-02\"}", "tsu:UTC", NULL,
		 "- {column: v, attribute: v, type: timestamp}"},
		{"{\"S\":\"2026-01-02T03:04:05+01:00\"}", "{\"NULL\":true}", "tsu:", NULL,
		 "CHOOSE: \"v\": its texts have a zone"},
		{"{\"S\":\"2026-01-02\"}", "{\"S\":\"2026-01-03\"}", "tdD", NULL,
		 "- {column: v, attribute: v, type: date}"},
		{"{\"S\":\"2026-01-02T03:04:05Z\"}", "{\"NULL\":true}", "tdD", NULL,
		 "- {column: v, attribute: v, type: date, from: iso}"},
		{"{\"S\":\"2026-01-02T03:04:05Z\"}", "{\"S\":\"2026-01-02\"}", "tdD", NULL,
		 "# - {column: v, attribute: v, type: date}"},
		{"{\"S\":\"soon\"}", "{\"S\":\"2026-01-02\"}", "tdD", NULL,
		 "# - {column: v, attribute: v, type: date}"},
		{"{\"BOOL\":true}", "{\"BOOL\":false}", "b", NULL, "- {column: v, attribute: v, type: boolean}"},
		{"{\"BOOL\":true}", "{\"S\":\"true\"}", "b", NULL, "# - {column: v, attribute: v, type: boolean}"},
		{"{\"B\":\"aGk=\"}", "{\"B\":\"\"}", "z", NULL, "- {column: v, attribute: v, type: binary}"},
		{"{\"S\":\"aGk=\"}", "{\"B\":\"\"}", "z", NULL, "# - {column: v, attribute: v, type: binary}"},
		{"{\"M\":{\"a\":{\"N\":\"1\"}}}", "{\"M\":{}}", "u", "{\"a\":1}", "type: string, as: json}"},
		{"{\"M\":{\"a\":{\"N\":\"1\"}}}", "{\"M\":{}}", "u", "{\"M\":{\"a\":{\"N\":\"1\"}}}",
		 "type: string, as: dynamodb_json}"},
		{"{\"M\":{\"a\":{\"N\":\"1\"}}}", "{\"M\":{}}", "u", "a=1",
		 "# - {column: v, attribute: v, type: string}"},
		{"{\"M\":{\"a\":{\"N\":\"1\"}}}", "{\"S\":\"x\"}", "u", "{\"a\":1}",
		 "# - {column: v, attribute: v, type: string}"},
		{"{\"SS\":[\"a\"]}", "{\"SS\":[\"b\"]}", "u", "[\"a\"]", "type: string, as: json, unordered: true}"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char items[600];
		struct buffer yaml;
		int size = snprintf(items, sizeof items,
				    "{\"id\":{\"S\":\"1\"},\"v\":%s}\n{\"id\":{\"S\":\"2\"},\"v\":%s}\n", cases[i].one,
				    cases[i].two);
		table("v", cases[i].format, cases[i].value);
		bool good = draft(items, (size_t)size, false, &yaml) == 0 && strstr(yaml.data, cases[i].line) != NULL;
		ok(good, "%s and %s in %s: %s", cases[i].one, cases[i].two, cases[i].format, cases[i].line);
		if (!good)
			printf("# %s\n", yaml.data);
		buffer_release(&yaml);
	}
}

static void test_parts(void)
{
	static const struct {
		const char *value;
		enum part_form form;
		const char *text;
	} cases[] = {
		{"CUST#1", PART_PREFIX, "CUST#"},
		{"cust|1", PART_PREFIX, "cust|"},
		{"#META#1", PART_PREFIX, "#META#"},
		{"USER:1", PART_PREFIX, "USER:"},
		{"PROFILE", PART_WORD, "PROFILE"},
		{"profile", PART_ANY, ""},
		{"https://a.b/c", PART_ANY, ""},
		{"2026-01-02", PART_ANY, ""},
		{"a b#c", PART_ANY, ""},
		{"", PART_ANY, ""},
		{"#", PART_ANY, ""},
		{"A-B", PART_ANY, ""},
		{"ORDER#", PART_PREFIX, "ORDER#"},
		{"12#3", PART_ANY, ""},
		{"é#1", PART_ANY, ""},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct kind_part part = sketch_part_of(slice_from(cases[i].value));
		ok(part.form == cases[i].form && slice_is(part.text, cases[i].text), "\"%s\" begins with \"%s\"",
		   cases[i].value, cases[i].text);
	}
}

/* Items do not tell their key: names and values do, as far as they go. */
static void test_key(void)
{
	static const struct {
		const char *items, *key;
	} cases[] = {
		{"{\"sk\":{\"S\":\"x\"},\"pk\":{\"S\":\"a\"}}\n{\"sk\":{\"S\":\"y\"},\"pk\":{\"S\":\"a\"}}\n",
		 "key:\n  - {attribute: pk, type: S}"},
		{"{\"name\":{\"S\":\"x\"},\"order_id\":{\"N\":\"1\"}}\n{\"name\":{\"S\":\"y\"},\"order_id\":{\"N\":"
		 "\"2\"}}\n",
		 "key:\n  - {attribute: order_id, type: N}"},
		{"{\"a\":{\"S\":\"x\"},\"b\":{\"N\":\"1\"}}\n{\"a\":{\"S\":\"x\"},\"b\":{\"N\":\"2\"}}\n{\"a\":{\"S\":"
		 "\"y\"},\"b\":"
		 "{\"N\":\"1\"}}\n",
		 "key:\n  - {attribute: a, type: S}"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct buffer yaml;
		table("v", "u", "x");
		bool good = draft(cases[i].items, strlen(cases[i].items), false, &yaml) == 0 &&
			    strstr(yaml.data, cases[i].key) != NULL &&
			    strstr(yaml.data, SKETCH_CHOICE "items do not tell their key") != NULL;
		ok(good, "case %zu: %s", i + 1, cases[i].key);
		if (!good)
			printf("# %s\n", yaml.data);
		buffer_release(&yaml);
	}
}

/* Awkward pieces, put together at random. */
static void append_name(struct prng *prng, struct buffer *text)
{
	static const char *const pieces[] = {"a",        "B_c",          "${X}",   "#",   ": ", "\n",  "\r", "\t",
					     "\x01",     "\"",           "\\",     "'",   "{",  "[0]", ".",  "*",
					     "\xc2\x85", "\xe2\x80\xa8", "é",      "7",   "-",  "👩",   "]",  "%",
					     "?",        "\xef\xbb\xbf", "CHOOSE", "yes", "~",  ",",   "&",  "\x7f"};
	for (uint64_t count = 1 + prng_below(prng, 4); count > 0; count--)
		buffer_append_text(text, pieces[prng_below(prng, sizeof pieces / sizeof pieces[0])]);
}

static void test_awkward(void)
{
	struct prng prng;
	unsigned bad = 0;
	enum { ROUNDS = 300, NAMES = 6 };
	prng_init(&prng, 7);
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct buffer items, names[NAMES], yaml;
		const char *columns[NAMES + 1] = {"id"}, *formats[NAMES + 1] = {"u"}, *cells[NAMES + 1] = {"1"};
		buffer_init(&items, 1 << 20);
		buffer_append_text(&items, "{\"id\":{\"S\":\"1\"}");
		for (unsigned i = 0; i < NAMES; i++) {
			buffer_init(&names[i], 1000);
			buffer_printf(&names[i], prng_chance(&prng, 1, 2) ? "%u" : "n%u",
				      i); /* all different, whatever their case */
			append_name(&prng, &names[i]);
			buffer_append_text(&items, ",");
			buffer_append_json(&items, buffer_slice(&names[i]));
			buffer_append_text(&items, ":{\"S\":");
			buffer_append_json(&items, buffer_slice(&names[prng_below(&prng, i + 1)]));
			buffer_append_text(&items, "}");
			buffer_append_byte(&names[i], '\0');
			columns[i + 1] = names[i].data;
			formats[i + 1] = prng_chance(&prng, 1, 4) ? "l" : "u";
			cells[i + 1] = formats[i + 1][0] == 'l' ? "1" : names[0].data;
		}
		buffer_append_text(&items, "}\n");
		fake_reset();
		fake_table_columns("lake", columns, formats, 1 + (int64_t)prng_below(&prng, NAMES));
		(void)fake_table_rows("lake", "file", cells, 1);
		bad += draft(items.data, items.size, prng_chance(&prng, 1, 2), &yaml) != 0;
		buffer_release(&yaml);
		buffer_release(&items);
		for (unsigned i = 0; i < NAMES; i++)
			buffer_release(&names[i]);
	}
	is_int(bad, 0, "300 drafts of awkward names and values load");
}

int main(void)
{
	test_columns();
	test_parts();
	test_key();
	test_awkward();
	fake_reset();
	return tap_done();
}
