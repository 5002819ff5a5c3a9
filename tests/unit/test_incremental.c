/* Incremental exports and Ion exports, as sources/export.h reads them; the bridge's stand-in knows the Ion lines used.
 */
#include "sources/incremental.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bridge/fake.h"
#include "sources/events.h"
#include "sources/export.h"
#include "tests/support/export_files.h"
#include "tests/support/source_files.h"
#include "tests/tap.h"

/* 2026-01-14T10:30:00Z up to 10:45. */
#define FROM_US INT64_C(1768386600000000)
#define TO_US INT64_C(1768387500000000)
#define WINDOW ",\"exportFromTime\":\"2026-01-14T10:30:00.000Z\",\"exportToTime\":\"2026-01-14T10:45:00.000Z\""
#define BOTH WINDOW ",\"exportType\":\"INCREMENTAL_EXPORT\",\"outputView\":\"NEW_AND_OLD_IMAGES\""
#define NEW_ONLY WINDOW ",\"exportType\":\"INCREMENTAL_EXPORT\",\"outputView\":\"NEW_IMAGE\""
#define AT(time) "{\"Metadata\":{\"WriteTimestampMicros\":" time "},\"Keys\":{\"pk\":{\"S\":\"k\"}}"
#define IN AT("{\"N\":\"1768386700000001\"}")
#define OLD ",\"OldImage\":{\"pk\":{\"S\":\"old\"}}"
#define NEW ",\"NewImage\":{\"pk\":{\"S\":\"new\"}}"

static struct json_parser *parser;
static struct error error;

static struct export_files usual(void)
{
	return (struct export_files){.root = "bucket",
				     .id = "01768387600000-0a1b2c3d",
				     .prefix = "",
				     .summary = BOTH,
				     .format = "DYNAMODB_JSON",
				     .incremental = true,
				     .files = {{"aaaaaaaaaaaaaaaaaaaaaaaaaa.json.gz", IN OLD NEW "}\n" IN NEW "}\n"},
					       {"bbbbbbbbbbbbbbbbbbbbbbbbbb.json.gz", IN OLD "}\n"}},
				     .wrong_md5 = -1};
}

struct outcome {
	int code;
	bool complete, incremental, ion, with_old;
	int64_t from_us, to_us;
	uint64_t whole_files, records, unreadable;
	struct seen seen;
};

static struct outcome read_folder(const char *folder)
{
	struct outcome outcome = {0};
	struct export *export = NULL;
	struct record_sink sink = seen_sink(&outcome.seen);
	error = (struct error){0};
	outcome.code = export_open(folder, &sink, &export, &error);
	if (outcome.code != 0)
		return outcome;
	outcome.complete = export->complete;
	outcome.incremental = export->incremental;
	outcome.ion = export->ion;
	outcome.with_old = export->with_old;
	outcome.from_us = export->from_us;
	outcome.to_us = export->to_us;
	for (uint64_t i = 0; i < export->file_count; i++) {
		struct file_result result;
		if (export_read_file(export, i, parser, &sink, &result, &error) != 0)
			printf("# error %s\n", error.message);
		outcome.whole_files += result.complete;
		outcome.records += result.records;
		outcome.unreadable += result.unreadable;
	}
	export_close(export);
	return outcome;
}

static struct outcome made(const struct export_files *files)
{
	export_files_write(files);
	return read_folder(export_files_folder(files));
}

static struct outcome of_line(const char *summary, const char *line)
{
	struct export_files files = usual();
	char text[1000];
	(void)snprintf(text, sizeof(text), "%s\n", line);
	files.summary = summary;
	files.files[0].text = text;
	files.files[1].name = NULL;
	return made(&files);
}

/* ---- one record */

static void sides_are(const char *summary, const char *images, enum item_state before, enum item_state after,
		      const char *sentence)
{
	char line[500];
	(void)snprintf(line, sizeof(line), IN "%s}", images);
	struct outcome outcome = of_line(summary, line);
	bool one = outcome.code == 0 && outcome.records == 1 && outcome.whole_files == 1 && outcome.complete;
	const struct seen_record *record = outcome.seen.records;
	ok(one && record->kind == RECORD_CHANGE && record->before == before && record->after == after &&
		   record->ttl == (after == STATE_ABSENT ? TTL_UNKNOWN : TTL_NO) && record->has_time &&
		   !record->has_sequence && record->time_lo_us == INT64_C(1768386700000001) &&
		   record->time_hi_us == INT64_C(1768386700000002) && strcmp(record->key, "k") == 0 &&
		   (after != STATE_IMAGE || strcmp(record->image, "new") == 0) &&
		   (before != STATE_IMAGE || strcmp(record->before_image, "old") == 0),
	   "%s", sentence);
	if (!one)
		seen_print(&outcome.seen);
	seen_release(&outcome.seen);
}

static void test_sides(void)
{
	sides_are(BOTH, OLD NEW, STATE_IMAGE, STATE_IMAGE, "both views: an update");
	sides_are(BOTH, NEW OLD, STATE_IMAGE, STATE_IMAGE, "its members in another order");
	sides_are(BOTH, NEW, STATE_ABSENT, STATE_IMAGE, "an insert: it was not there when the window began");
	sides_are(BOTH, OLD, STATE_IMAGE, STATE_ABSENT, "a delete, by whom is not known");
	sides_are(BOTH, ",\"NewImage\":null" OLD, STATE_IMAGE, STATE_ABSENT, "null is no image");
	sides_are(BOTH, "", STATE_UNKNOWN, STATE_ABSENT, "a delete of which only the keys are there");
	sides_are(NEW_ONLY, NEW, STATE_UNKNOWN, STATE_IMAGE, "new images only: insert or update cannot be told");
	sides_are(NEW_ONLY, "", STATE_UNKNOWN, STATE_ABSENT, "new images only: a delete is keys only");
}

static void time_is(const char *time, int64_t want_us)
{
	char line[500];
	(void)snprintf(line, sizeof(line), AT("%s") NEW "}", time);
	struct outcome outcome = of_line(BOTH, line);
	bool right = want_us == 0 ? outcome.records == 0 && outcome.unreadable == 1 &&
					    seen_count(&outcome.seen, "record.unreadable") == 1
				  : outcome.records == 1 && outcome.seen.records[0].time_lo_us == want_us;
	ok(right, "WriteTimestampMicros %s is %s", time, want_us == 0 ? "refused" : "read");
	if (!right)
		seen_print(&outcome.seen);
	seen_release(&outcome.seen);
}

static void test_times(void)
{
	time_is("{\"N\":\"1768386700000001\"}", INT64_C(1768386700000001));
	time_is("1768386700000001", INT64_C(1768386700000001));
	time_is("\"1768386700000001\"", INT64_C(1768386700000001));
	time_is("{\"N\":1768386700000001}", INT64_C(1768386700000001));
	time_is("1.7683867E15", INT64_C(1768386700000000));
	time_is("{\"N\":\"1768386600000000\"}", FROM_US);
	time_is("{\"N\":\"1768387499999999\"}", TO_US - 1);
	time_is("{\"N\":\"1768386599999999\"}", 0);
	time_is("{\"N\":\"1768387500000000\"}", 0);
	time_is("{\"S\":\"1768386700000001\"}", 0);
	time_is("1768386700000001.5", 0);
	time_is("1e99", 0);
	time_is("-1", 0);
	time_is("null", 0);
	time_is("{}", 0);
	time_is("[]", 0);
}

static void is_unreadable(const char *summary, const char *line, const char *message_part)
{
	struct outcome outcome = of_line(summary, line);
	bool right = outcome.records == 0 && outcome.unreadable == 1 && outcome.seen.problem_count == 1 &&
		     strcmp(outcome.seen.problems[0].id, "record.unreadable") == 0 &&
		     strstr(outcome.seen.problems[0].message, message_part) != NULL;
	ok(right, "unreadable: %s", message_part);
	if (!right)
		seen_print(&outcome.seen);
	seen_release(&outcome.seen);
}

static void test_unreadable(void)
{
	is_unreadable(BOTH, "{\"other\":1}", "no Keys");
	is_unreadable(BOTH, "{\"Item\":{\"pk\":{\"S\":\"k\"}}}", "a line of a full export");
	is_unreadable(BOTH, "{\"dynamodb\":{\"Keys\":{\"pk\":{\"S\":\"k\"}}}}", "a stream record");
	is_unreadable(BOTH, "{\"Metadata\":{\"WriteTimestampMicros\":1}}", "no Keys");
	is_unreadable(BOTH, IN NEW NEW "}", "there twice");
	is_unreadable(BOTH, IN ",\"NewImage\":{}}", "an image that is no object");
	is_unreadable(BOTH, IN ",\"OldImage\":[1]}", "an image that is no object");
	is_unreadable(NEW_ONLY, IN OLD NEW "}", "an OldImage in an export of the view NEW_IMAGE");
	is_unreadable(BOTH, AT("{\"N\":\"1768380000000000\"}") NEW "}", "outside of the export's window");
	is_unreadable(WINDOW ",\"exportTime\":\"2026-01-14T10:45:00.000Z\"", IN NEW "}",
		      "an incremental export in a full");
}

/* ---- whole exports */

static void one_problem(const struct export_files *files, const char *id, bool complete, uint64_t whole_files,
			const char *sentence)
{
	struct outcome outcome = made(files);
	bool right = outcome.code == 0 && outcome.complete == complete && outcome.whole_files == whole_files &&
		     outcome.seen.problem_count == (id != NULL) &&
		     (id == NULL || strcmp(outcome.seen.problems[0].id, id) == 0);
	ok(right, "%s", sentence);
	if (!right)
		seen_print(&outcome.seen);
	seen_release(&outcome.seen);
}

static void is_refused(const struct export_files *files, const char *message_part)
{
	struct outcome outcome = made(files);
	ok(outcome.code == ERROR_DATA && strstr(error.message, message_part) != NULL, "refused: %s", message_part);
	seen_release(&outcome.seen);
}

static void test_exports(void)
{
	struct export_files files = usual();
	struct outcome outcome = made(&files);
	ok(outcome.code == 0 && outcome.complete && outcome.incremental && !outcome.ion && outcome.with_old &&
		   outcome.whole_files == 2 && outcome.records == 3 && outcome.seen.problem_count == 0 &&
		   outcome.from_us == FROM_US && outcome.to_us == TO_US,
	   "an incremental export whose data files lie in the folder that exports share");
	seen_release(&outcome.seen);
	files_write(files_path("bucket/AWSDynamoDB/data/zzzzzzzzzzzzzzzzzzzzzzzzzz.json.gz"), slice_from("other"));
	one_problem(&files, NULL, true, 2, "another export's file in the shared folder is none of its own");
	files.prefix = "some/prefix/";
	one_problem(&files, NULL, true, 2, "a prefix in the keys may be stale after a copy");
	files = usual();
	files.wrong_md5 = 1;
	one_problem(&files, "export.md5", true, 1, "a wrong MD5");
	files = usual();
	files.more_counted = 1;
	one_problem(&files, "export.count", true, 1, "a wrong count");
	files = usual();
	files.files[2] = (struct export_file_text){"cccccccccccccccccccccccccc.json.gz", NULL};
	one_problem(&files, "export.missing", false, 2, "a missing file");
	files = usual();
	files.files[1].name = files.files[0].name;
	files.files[1].text = files.files[0].text;
	one_problem(&files, "export.count", false, 2, "the same file twice");
	files = usual();
	files.summary = WINDOW ",\"exportType\":\"INCREMENTAL_EXPORT\"";
	is_refused(&files, "outputView");
	files.summary = ",\"exportType\":\"INCREMENTAL_EXPORT\",\"outputView\":\"NEW_IMAGE\"";
	is_refused(&files, "exportFromTime");
	files.summary = ",\"exportType\":\"INCREMENTAL_EXPORT\",\"outputView\":\"NEW_IMAGE\",\"exportFromTime\":"
			"\"2026-01-14T10:45:00Z\",\"exportToTime\":\"2026-01-14T10:45:00Z\"";
	is_refused(&files, "exportToTime");
}

/* A copy of the export's folder alone, with its data files in a folder of its own. */
static void test_own_data(void)
{
	struct export_files files = usual();
	files.root = "copied";
	export_files_write(&files);
	if (rename(files_path("copied/AWSDynamoDB/data"),
		   files_path("copied/AWSDynamoDB/01768387600000-0a1b2c3d/data")) != 0)
		abort();
	struct outcome outcome = read_folder(export_files_folder(&files));
	ok(outcome.complete && outcome.records == 3, "data files may have been copied into the export's own folder");
	seen_release(&outcome.seen);
}

/* ---- which exports a path names */

static void lists(const char *path, const char *want, size_t problems, const char *sentence)
{
	struct seen seen = {0};
	struct record_sink sink = seen_sink(&seen);
	char **folders = NULL;
	size_t count = 0;
	char names[400] = "";
	error = (struct error){0};
	int code = export_list(path, &sink, &folders, &count, &error);
	for (size_t i = 0; i < count; i++) {
		const char *slash = strrchr(folders[i], '/');
		(void)snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s", i > 0 ? " " : "",
			       slash != NULL ? slash + 1 : folders[i]);
	}
	bool right = want == NULL ? code == ERROR_DATA : code == 0 && strcmp(names, want) == 0;
	ok(right && seen.problem_count == problems && seen_count(&seen, "export.missing") == problems, "%s", sentence);
	if (!right)
		printf("# code %d %s, names %s\n", code, error.message, names);
	events_list_free(folders, count);
	seen_release(&seen);
}

static void test_lists(void)
{
	struct export_files files = usual();
	char path[600];
	files.root = "several";
	files.id = "2";
	export_files_write(&files);
	files.id = "1";
	export_files_write(&files);
	lists(files_path("several/AWSDynamoDB"), "1 2", 0,
	      "a folder of exports is all of them, its folder data is none");
	lists(files_path("several/AWSDynamoDB/1"), "1", 0, "an export's own folder is that export");
	(void)snprintf(path, sizeof(path), "%s/*", files_path("several/AWSDynamoDB"));
	lists(path, "1 2", 0, "a glob of exports");
	(void)snprintf(path, sizeof(path), "%s/*/AWSDynamoDB", files_folder());
	files.root = "another";
	files.id = "3";
	export_files_write(&files);
	(void)snprintf(path, sizeof(path), "%s/[as][ne]*/AWSDynamoDB", files_folder());
	lists(path, "3 1 2", 0, "a glob of folders of exports");
	files_write(files_path("several/AWSDynamoDB/9/_started"), slice_from(""));
	lists(files_path("several/AWSDynamoDB"), "1 2", 1, "one that is not finished is told, the others are read");
	lists(files_path("several/AWSDynamoDB/9"), "9", 0, "but named alone it is for the one who opens it");
	lists(files_path("several/AWSDynamoDB/data"), "data", 0, "and so is a folder without exports");
	(void)snprintf(path, sizeof(path), "%s/no*", files_path("several"));
	lists(path, NULL, 0, "a glob that matches nothing is refused");
	(void)snprintf(path, sizeof(path), "%s/d*", files_path("several/AWSDynamoDB"));
	lists(path, NULL, 0, "a glob that matches no export is refused");
}

/* ---- Ion */

static const char ITEM_A[] = "$ion_1_0 {Item:{pk:\"a\"}}";
static const char ITEM_B[] = "$ion_1_0 {Item:{pk:\"b\"}}";

static void test_ion(void)
{
	fake_ion(ITEM_A, "{\"Item\":{\"pk\":{\"S\":\"a\"}}}");
	fake_ion(ITEM_B, "{\"Item\":{\"pk\":{\"S\":\"b\"}}}");
	fake_ion("$ion_1_0", "");
	fake_ion("change", IN OLD NEW "}");
	struct export_files files = usual();
	files.incremental = false;
	files.format = "ION";
	files.summary = ",\"exportTime\":\"2026-01-14T10:45:00.000Z\"";
	files.files[0] = (struct export_file_text){"aaaaaaaaaaaaaaaaaaaaaaaaaa.ion.gz",
						   "$ion_1_0 {Item:{pk:\"a\"}}\n$ion_1_0 {Item:{pk:\"b\"}}\n"};
	files.files[1] = (struct export_file_text){"bbbbbbbbbbbbbbbbbbbbbbbbbb.ion.gz", ""};
	struct outcome outcome = made(&files);
	ok(outcome.code == 0 && outcome.complete && outcome.ion && !outcome.incremental && outcome.whole_files == 2 &&
		   outcome.records == 2 && outcome.seen.problem_count == 0,
	   "a full export in Ion, one record a line");
	ok(outcome.seen.record_count == 2 && strcmp(outcome.seen.records[1].key, "b") == 0 &&
		   outcome.seen.records[1].number == 1 && outcome.seen.records[1].offset == sizeof(ITEM_A),
	   "positions are those of the Ion file");
	seen_release(&outcome.seen);
	char data[600];
	(void)snprintf(data, sizeof(data), "%s/data/%s", export_files_folder(&files), files.files[0].name);
	static const uint64_t numbers[] = {1};
	struct seen seen = {0};
	struct record_sink sink = seen_sink(&seen);
	ok(export_reread(data, numbers, 1, parser, &sink, &error) == 0 && seen.record_count == 1 &&
		   strcmp(seen.records[0].key, "b") == 0,
	   "one record again, by its number");
	seen_release(&seen);
	files.files[0].text = "$ion_1_0\n\nbroken\n$ion_1_0 {Item:{pk:\"b\"}}\n";
	files.more_counted = -1;
	outcome = made(&files);
	ok(outcome.records == 1 && outcome.unreadable == 1 && outcome.whole_files == 2 &&
		   outcome.seen.problem_count == 1 && outcome.seen.problems[0].offset == 10 &&
		   outcome.seen.problems[0].record == 0 && outcome.seen.records[0].number == 1 &&
		   strstr(outcome.seen.problems[0].message, "the bridge's stand-in knows no such line") != NULL,
	   "a broken line is told with its place, the next one is read, the marker alone is no record");
	seen_release(&outcome.seen);
	files.files[0].text = "$ion_1_0 {Item:{pk:\"a\"}}\n$ion_1_0 {Item:{pk:";
	files.more_counted = 0;
	outcome = made(&files);
	ok(outcome.records == 1 && outcome.unreadable == 1 &&
		   strstr(outcome.seen.problems[0].message, "the data end inside it") != NULL,
	   "a line that the data end in is told so");
	seen_release(&outcome.seen);
	files = usual();
	files.format = "ION";
	files.files[0] = (struct export_file_text){"aaaaaaaaaaaaaaaaaaaaaaaaaa.ion.gz", "change\n"};
	files.files[1].name = NULL;
	outcome = made(&files);
	ok(outcome.incremental && outcome.ion && outcome.records == 1 && outcome.seen.problem_count == 0 &&
		   outcome.seen.records[0].before == STATE_IMAGE,
	   "an incremental export in Ion");
	seen_release(&outcome.seen);
}

/* More than a window, and more than a record may have. */
static void test_large_lines(void)
{
	struct export_files files = usual();
	enum { LINE = 300 * 1024 };
	static char line[LINE + 1], text[2 * LINE + 100];
	files.root = "large";
	memset(line, 'x', LINE);
	fake_ion(line, "{\"Item\":{\"pk\":{\"S\":\"large\"}}}");
	(void)snprintf(text, sizeof(text), "%s\n%s\n%s\n", ITEM_A, line, ITEM_B);
	files.incremental = false;
	files.format = "ION";
	files.summary = ",\"exportTime\":\"2026-01-14T10:45:00.000Z\"";
	files.files[0] = (struct export_file_text){"aaaaaaaaaaaaaaaaaaaaaaaaaa.ion.gz", text};
	files.files[1].name = NULL;
	struct outcome outcome = made(&files);
	ok(outcome.complete && outcome.records == 3 && strcmp(outcome.seen.records[1].key, "large") == 0 &&
		   outcome.seen.records[2].offset == sizeof(ITEM_A) + LINE + 1,
	   "a line longer than the reader's window");
	seen_release(&outcome.seen);
	size_t size = RECORD_SIZE_MAX + 200000;
	char *huge = malloc(size + 100);
	if (huge == NULL)
		abort();
	memset(huge, 'y', size);
	(void)snprintf(huge + size, 100, "\n%s\n", ITEM_B);
	files.files[0].text = huge;
	outcome = made(&files);
	ok(outcome.records == 1 && outcome.unreadable == 1 && outcome.seen.records[0].offset == size + 1 &&
		   outcome.seen.records[0].number == 1 &&
		   strstr(outcome.seen.problems[0].message, "larger than 16 MB") != NULL,
	   "a line larger than a record may be is passed over");
	seen_release(&outcome.seen);
	free(huge);
}

int main(void)
{
	parser = json_parser_new(RECORD_SIZE_MAX);
	test_sides();
	test_times();
	test_unreadable();
	test_exports();
	test_own_data();
	test_lists();
	test_ion();
	test_large_lines();
	fake_reset();
	json_parser_free(parser);
	return tap_done();
}
