#include "sources/items.h"

#include <stdio.h>
#include <stdlib.h>

#include "sources/events.h"
#include "tests/support/source_files.h"
#include "tests/tap.h"

static struct json_parser *parser;
static struct file_result result;

static struct seen read_as(enum items_format format, struct slice bytes)
{
	struct seen seen = {0};
	struct error error;
	struct record_sink sink = seen_sink(&seen);
	const char *path = files_path("items");
	files_write(path, bytes);
	if (items_read_file(path, format, parser, &sink, &result, &error) != 0)
		printf("# error: %s\n", error.message);
	return seen;
}

static bool has(const struct seen *seen, size_t index, const char *key, uint64_t offset)
{
	const struct seen_record *record = &seen->records[index];
	return index < seen->record_count && record->kind == RECORD_ITEM && record->after == STATE_IMAGE &&
	       record->before == STATE_UNKNOWN && strcmp(record->key, key) == 0 && record->number == index &&
	       record->offset == offset;
}

/* Two items, k1 and k2, at these places. */
static void holds_both(enum items_format format, const char *text, uint64_t first, uint64_t second, const char *what)
{
	struct seen seen = read_as(format, slice_from(text));
	bool right = seen.record_count == 2 && seen.problem_count == 0 && result.complete && result.records == 2 &&
		     result.unreadable == 0 && has(&seen, 0, "k1", first) && has(&seen, 1, "k2", second);
	ok(right, "%s: both items come", what);
	if (!right)
		seen_print(&seen);
	seen_release(&seen);
}

#define SCAN_1 "{\"pk\":{\"S\":\"k1\"},\"n\":{\"N\":\"1\"}}"
#define SCAN_2 "{\"pk\":{\"S\":\"k2\"},\"m\":{\"M\":{\"Items\":{\"L\":[{\"S\":\"]}\"}]}}}}"
#define EMR_1 "{\"pk\":{\"s\":\"k1\"},\"b\":{\"bOOL\":true},\"z\":{\"nULLValue\":true}}"
#define EMR_2 "{\"pk\":{\"s\":\"k2\"},\"l\":{\"l\":[{\"n\":\"1\"}]},\"t\":{\"sS\":[\"a\"]}}"

static void test_lines(void)
{
	holds_both(ITEMS_EMR, EMR_1 "\n" EMR_2 "\n", 0, sizeof(EMR_1), "EMR's lines");
	holds_both(ITEMS_AUTO, EMR_1 "\n" EMR_2 "\n", 0, sizeof(EMR_1), "EMR's lines, by content");
	holds_both(ITEMS_SCAN, SCAN_1 "\n" SCAN_2, 0, sizeof(SCAN_1), "bare items, a line each");
	holds_both(ITEMS_SCAN, "{\"Item\":" SCAN_1 "}\n{\"Item\":" SCAN_2 "}\n", 0, sizeof(SCAN_1) + 9,
		   "wrapped items");
	holds_both(ITEMS_AUTO, "[" SCAN_1 "," SCAN_2 "]", 1, sizeof(SCAN_1) + 1, "an array of items");
	holds_both(ITEMS_EMR, "pk\3{\"s\":\"k1\"}\2n\3{\"n\":\"1\"}\npk\3{\"s\":\"k2\"}\n", 0, 26, "Hive's old form");
	holds_both(ITEMS_AUTO, "\"pk\"\3{\"s\":\"k1\"}\n\"p\\u006b\"\3{\"s\":\"k2\"}", 0, 16,
		   "Hive's, names in quotes");
	holds_both(ITEMS_EMR, "a\"\\b\3{\"s\":\"k1\"}\r\n\npk\3{\"s\":\"k2\"}\n", 0, 18,
		   "Hive's, a name that JSON must escape");
}

static void test_keys_called_item(void)
{
	holds_both(ITEMS_AUTO, "{\"Item\":{\"S\":\"k1\"}}\n{\"Item\":{\"S\":\"k2\"}}\n", 0, 20, "a key called Item");
	holds_both(ITEMS_AUTO, "{\"Item\":{\"S\":{\"S\":\"k1\"}}}\n{\"Item\":{\"S\":{\"S\":\"k2\"}}}\n", 0, 26,
		   "a wrapped key called S");
	holds_both(ITEMS_SCAN,
		   "{\"Items\":[{\"Items\":{\"S\":\"k1\"}},{\"Items\":{\"S\":\"k2\"}}],\"Count\":2,\"ScannedCount\":2}",
		   10, 31, "a key called Items");
}

/* ---- pages */

static void test_pages(void)
{
	holds_both(ITEMS_SCAN, "{\"Items\":[" SCAN_1 "," SCAN_2 "],\"Count\":2,\"ScannedCount\":2}", 10,
		   10 + sizeof(SCAN_1), "a page");
	holds_both(ITEMS_AUTO, "{\"Count\":2,\"Items\":[" SCAN_1 "," SCAN_2 "],\"ScannedCount\":2}\n", 20,
		   20 + sizeof(SCAN_1), "a page as the API writes it");
	holds_both(ITEMS_SCAN,
		   "{\"Items\":[" SCAN_1
		   "],\"Count\":1,\"ScannedCount\":1,\"LastEvaluatedKey\":{\"pk\":{\"S\":\"k1\"}}}"
		   "{\"Items\":[" SCAN_2 "],\"Count\":1,\"ScannedCount\":1,\"LastEvaluatedKey\":null}",
		   10, 86 + sizeof(SCAN_1) - 1, "two pages, nothing between them");
	holds_both(
		ITEMS_SCAN,
		"{\n    \"Items\": [\n        {\n            \"pk\": {\n                \"S\": \"k1\"\n            }\n"
		"        },\n        {\n            \"pk\": {\n                \"S\": \"k2\"\n            }\n        "
		"}\n    ],\n"
		"    \"Count\": 2,\n    \"ScannedCount\": 2,\n    \"ConsumedCapacity\": null\n}\n",
		25, 106, "what the CLI prints");
	struct seen seen = read_as(ITEMS_SCAN, slice_from("{\"Items\":[],\"Count\":0,\"ScannedCount\":0}"));
	ok(seen.record_count == 0 && seen.problem_count == 0 && result.complete && result.unreadable == 0,
	   "an empty table's page");
	seen_release(&seen);
}

static void page_is(const char *text, size_t records, const char *id, const char *message)
{
	struct seen seen = read_as(ITEMS_AUTO, slice_from(text));
	bool right = seen.record_count == records && seen.problem_count == 1 && strcmp(seen.problems[0].id, id) == 0 &&
		     strstr(seen.problems[0].message, message) != NULL && result.complete && result.unreadable == 1;
	ok(right, "%.70s…: %s, %s", text, id, message);
	if (!right)
		seen_print(&seen);
	seen_release(&seen);
}

static void test_bad_pages(void)
{
	page_is("{\"Items\":[" SCAN_1 "],\"Count\":2,\"ScannedCount\":2}", 1, "export.count",
		"not the number of its Items");
	page_is("{\"Items\":[" SCAN_1 "," SCAN_2 "],\"Count\":1,\"ScannedCount\":1}", 2, "export.count", "Count");
	page_is("{\"Items\":[" SCAN_1 "],\"Count\":1,\"ScannedCount\":5}", 1, "export.count", "had a filter");
	page_is("{\"Items\":[" SCAN_1 "],\"Count\":\"1\"}", 1, "export.count", "Count");
	page_is("{\"Items\":[" SCAN_1 "],\"Count\":1,\"Count\":1}", 1, "export.count", "there twice");
	page_is("{\"Items\":[" SCAN_1 "],\"Count\":1,\"LastEvaluatedKey\":{\"pk\":{\"S\":\"k1\"}}}", 1,
		"export.unfinished", "more items follow");
	page_is("{\"LastEvaluatedKey\":{\"pk\":{\"S\":\"k1\"}},\"Items\":[" SCAN_1 "]}\n", 1, "export.unfinished",
		"more items");
	page_is("{\"Items\":[" SCAN_1 "],\"NextToken\":\"eyJ\"}\n", 1, "export.unfinished", "NextToken");
	page_is("{\"Items\":[" SCAN_1 "],\"Count\":1}{\"Items\":[" SCAN_2
		"],\"LastEvaluatedKey\":{\"pk\":{\"S\":\"k2\"}}}",
		2, "export.unfinished", "more items");
}

static void is_refused(enum items_format format, const char *text, const char *message)
{
	struct seen seen = read_as(format, slice_from(text));
	bool right = seen.record_count == 0 && seen_count(&seen, "record.unreadable") >= 1 && result.unreadable >= 1 &&
		     strstr(seen.problems[0].message, message) != NULL;
	ok(right, "%.60s… is refused: %s", text, message);
	if (!right)
		seen_print(&seen);
	seen_release(&seen);
}

static void test_refused(void)
{
	is_refused(ITEMS_EMR, SCAN_1, "format is scan, or none");
	is_refused(ITEMS_SCAN, EMR_1, "format is emr, or none");
	is_refused(ITEMS_EMR, "{\"Items\":[" EMR_1 "]}", "no item");
	is_refused(ITEMS_AUTO, "{\"eventName\":\"INSERT\",\"dynamodb\":{\"Keys\":{}}}", "a change record");
	is_refused(ITEMS_AUTO, "{\"dataFileS3Key\":\"x\",\"itemCount\":1}", "a manifest of an export");
	is_refused(ITEMS_AUTO, "{\"pk\":\"plain\"}", "no object");
	is_refused(ITEMS_AUTO, "{}", "without attributes");
	is_refused(ITEMS_AUTO, "pk\3{\"s\":\"k1\"\n", "the record inside cannot be read");
	is_refused(ITEMS_AUTO, "pk\3{\"s\":\"k1\"}\2n\n", "without the mark");
	is_refused(ITEMS_SCAN, "pk\3{\"S\":\"k1\"}\n", "not an object");
}

/* A malformed item among others: its page is held to the number of items, broken ones included. */
static void test_broken_item(void)
{
	struct seen seen = read_as(ITEMS_SCAN, slice_from("{\"Items\":[" SCAN_1 ",{\"pk\":{\"S\":\"x\"}},}," SCAN_2
							  "],\"Count\":3,\"ScannedCount\":3}"));
	ok(seen.record_count == 3 && seen_count(&seen, "record.unreadable") == 1 &&
		   seen_count(&seen, "export.count") == 1,
	   "what is malformed in a page is told, and counts as one of its items");
	seen_release(&seen);
}

static void test_reread(void)
{
	static const char text[] = "{\"Items\":[" SCAN_1 "],\"Count\":7}\npk\3{\"s\":\"k3\"}\n" EMR_2 "\n";
	static const uint64_t numbers[] = {1, 2};
	const char *path = files_path("again");
	struct seen seen = {0};
	struct record_sink sink = seen_sink(&seen);
	struct error error;
	files_write(path, slice_from(text));
	ok(items_reread(path, ITEMS_AUTO, numbers, 2, parser, &sink, &error) == 0 && seen.record_count == 2 &&
		   strcmp(seen.records[0].key, "k3") == 0 && seen.records[0].number == 1 &&
		   strcmp(seen.records[1].key, "k2") == 0 && seen.records[1].number == 2 && seen.problem_count == 0,
	   "items are found again by their numbers");
	seen_release(&seen);
}

/* What is not wanted is not parsed, if its line is whole; what follows it must be cut the same for that. */
static void test_reread_after_damage(void)
{
	static const char text[] =
		"[{\"pk\":{\"S\":\"k1\"}},\n{x}\n[{\"pk\":{\"S\":\"k2\"}}]\n]{\"pk\":{\"S\":\"k3\"}}\n";
	const char *path = files_path("damaged");
	struct seen seen = {0}, again = {0};
	struct record_sink sink = seen_sink(&seen);
	struct error error;
	uint64_t numbers[4] = {0};
	files_write(path, slice_from(text));
	bool same = items_read_file(path, ITEMS_SCAN, parser, &sink, &result, &error) == 0;
	size_t count = seen.record_count < 4 ? seen.record_count : 4;
	for (size_t i = 0; i < count; i++)
		numbers[i] = seen.records[i].number;
	sink = seen_sink(&again);
	same = same && items_reread(path, ITEMS_SCAN, numbers, count, parser, &sink, &error) == 0 && count > 1 &&
	       again.record_count == count;
	for (size_t i = 0; i < count && same; i++)
		same = again.records[i].offset == seen.records[i].offset &&
		       strcmp(again.records[i].key, seen.records[i].key) == 0;
	ok(same, "items behind a malformed line are found again where they were");
	if (!same) {
		seen_print(&seen);
		seen_print(&again);
	}
	seen_release(&seen);
	seen_release(&again);
}

/* Pages of many sizes, in pieces of the window: the numbers are those of the items. */
static void test_many(void)
{
	enum { PAGES = 60, ITEMS = 100 };
	struct buffer text;
	buffer_init(&text, SIZE_MAX / 2);
	for (int page = 0; page < PAGES; page++) {
		(void)buffer_append_text(&text, "{\"Items\":[");
		for (int i = 0; i < ITEMS; i++)
			(void)buffer_printf(&text, "%s{\"pk\":{\"S\":\"%d\"},\"v\":{\"S\":\"%0*d\"}}", i > 0 ? "," : "",
					    page * ITEMS + i, page * 9, 0);
		(void)buffer_printf(&text, "],\"Count\":%d,\"ScannedCount\":%d", (int)ITEMS, (int)ITEMS);
		(void)buffer_append_text(&text,
					 page < PAGES - 1 ? ",\"LastEvaluatedKey\":{\"pk\":{\"S\":\"x\"}}}" : "}");
	}
	struct seen seen = read_as(ITEMS_SCAN, buffer_slice(&text));
	bool all = seen.record_count == PAGES * ITEMS && seen.problem_count == 0;
	for (size_t i = 0; i < seen.record_count; i++)
		all = all && strtoull(seen.records[i].key, NULL, 10) == i && seen.records[i].number == i;
	ok(all, "60 pages of 100 items each");
	seen_release(&seen);
	buffer_release(&text);
}

static void test_list(void)
{
	struct seen seen = {0};
	struct record_sink sink = seen_sink(&seen);
	struct error error;
	char **files;
	size_t count;
	uint64_t missing;
	files_write(files_path("emr/0001"), slice_from(EMR_1 "\n"));
	files_write(files_path("emr/0002"), slice_from(EMR_2 "\n"));
	files_write(files_path("emr/_SUCCESS"), slice_from(""));
	const char *manifest = files_path("emr/manifest");
	files_write(manifest, slice_from("{\"name\":\"DynamoDB-export\",\"version\":3,\"entries\":[\n"
					 "{\"url\":\"s3://bucket/x/0001\",\"mandatory\":true},\n"
					 "{\"url\":\"s3://bucket/x/0002\",\"mandatory\":true}]}\n"));
	ok(items_list(files_path("emr"), &sink, &files, &count, &missing, &error) == 0 && count == 2 && missing == 0 &&
		   seen.problem_count == 0 && strcmp(files[0], files_path("emr/0001")) == 0,
	   "a manifest is no dump, and its files are there");
	events_list_free(files, count);
	ok(remove(files_path("emr/0002")) == 0 &&
		   items_list(files_path("emr"), &sink, &files, &count, &missing, &error) == 0 && count == 1 &&
		   missing == 1 && seen.problem_count == 1 && strcmp(seen.problems[0].id, "export.missing") == 0 &&
		   strstr(seen.problems[0].message, "/0002'") != NULL,
	   "one that is not is told");
	events_list_free(files, count);
	seen_release(&seen);
	files_write(manifest, slice_from("[1"));
	ok(items_list(files_path("emr"), &sink, &files, &count, &missing, &error) == 0 && count == 1 && missing == 1 &&
		   seen.problem_count == 1,
	   "and so is a manifest that cannot be read");
	events_list_free(files, count);
	seen_release(&seen);
}

int main(void)
{
	parser = json_parser_new(RECORD_SIZE_MAX);
	test_lines();
	test_keys_called_item();
	test_pages();
	test_bad_pages();
	test_refused();
	test_broken_item();
	test_reread();
	test_reread_after_damage();
	test_many();
	test_list();
	json_parser_free(parser);
	return tap_done();
}
