/* The embedded pipeline from files to rows: what must come out, in any order of delivery, and what each bug breaks. */
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "scenarios/pipelines/embedded/bugs.h"
#include "scenarios/pipelines/embedded/landing.h"
#include "scenarios/pipelines/embedded/pipeline.h"
#include "tests/tap.h"

static char folder[] = "/tmp/lakeproof-test-pipeline-XXXXXX";
static struct error error;
static int table_count;

static void must(int code, const char *what)
{
	if (code == 0)
		return;
	printf("Bail out! %s: %d %s\n", what, code, error.message);
	exit(1);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status;
	(void)kind;
	(void)walk;
	return remove(path);
}

static void write_text(const char *name, const char *content)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	for (char *slash = strchr(path + strlen(folder) + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	FILE *file = fopen(path, "w");
	must(file == NULL || fputs(content, file) < 0 || fclose(file) != 0, path);
}

/* ---- running it */

struct run {
	const char *table, *export, *events;
	const char *deleted_column;
	bool ttl_keep;
	struct bug_set bugs;
	size_t per_commit;
};

static const char *const columns[] = {"pk string pk key", "sk bigint sk key",  "v bigint v", "n decimal(38,10) n",
				      "name string name", "l array<string> l", "b binary b", "city string m.city"};

static int run_code(const struct run *run)
{
	static struct pipeline pipeline;
	char table[256], export[256], events[256];
	char **files = NULL;
	size_t count = 0;
	snprintf(table, sizeof(table), "%s/%s", folder, run->table);
	snprintf(export, sizeof(export), "%s/%s", folder, run->export == NULL ? "" : run->export);
	snprintf(events, sizeof(events), "%s/%s", folder, run->events == NULL ? "" : run->events);
	error = (struct error){0};
	pipeline = (struct pipeline){.table = table,
				     .ttl_keep = run->ttl_keep,
				     .quiet = true,
				     .no_sync = true,
				     .fuzz_us = EXPORT_FUZZ_US,
				     .ttl_attribute = "expires_at",
				     .bugs = run->bugs};
	int code = lake_init(&pipeline.lake, run->bugs, &error);
	for (size_t i = 0; code == 0 && i < sizeof(columns) / sizeof(columns[0]); i++)
		code = lake_add_column(&pipeline.lake, columns[i], &error);
	if (code == 0)
		code = lake_complete(&pipeline.lake, run->deleted_column, &error);
	if (code == 0)
		code = pipeline_open(&pipeline, &error);
	bool export_last = bugs_has(run->bugs, BUG_BACKFILL_OVERWRITES);
	if (code == 0 && run->export != NULL && !export_last)
		code = pipeline_export(&pipeline, export, &error);
	if (code == 0 && run->events != NULL)
		code = landing_list(events, &files, &count, &error);
	if (code == 0)
		code = pipeline_events(&pipeline, files, count, run->per_commit == 0 ? 1 : run->per_commit, &error);
	landing_list_free(files, count);
	if (code == 0 && run->export != NULL && export_last)
		code = pipeline_export(&pipeline, export, &error);
	pipeline_release(&pipeline);
	lake_release(&pipeline.lake);
	return code;
}

/* ---- reading it back: sorted lines "pk/sk v n name city l b" */

static int line_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_null(const struct ArrowArray *array, int64_t row)
{
	const uint8_t *bits = array->buffers[0];
	row += array->offset;
	return bits != NULL && (bits[row / 8] >> (row % 8) & 1) == 0;
}

static void put_value(struct buffer *line, const struct ArrowSchema *schema, const struct ArrowArray *array,
		      int64_t row)
{
	const char *format = schema->format;
	int64_t at = row + array->offset;
	const int32_t *offsets = array->n_buffers > 1 ? array->buffers[1] : NULL;
	if (is_null(array, row)) {
		buffer_append_text(line, "-");
	} else if (format[0] == 'u' || format[0] == 'z') {
		buffer_append_json(line, (struct slice){(const char *)array->buffers[2] + offsets[at],
							(size_t)(offsets[at + 1] - offsets[at])});
	} else if (format[0] == 'l') {
		buffer_printf(line, "%" PRId64, ((const int64_t *)array->buffers[1])[at]);
	} else if (format[0] == 'b') {
		buffer_append_text(line, ((const uint8_t *)array->buffers[1])[at / 8] >> (at % 8) & 1 ? "T" : "F");
	} else if (format[0] == 'd') {
		int64_t low; /* the tests' decimals fit */
		memcpy(&low, (const char *)array->buffers[1] + 16 * at, sizeof(low));
		buffer_printf(line, "%" PRId64, low);
	} else {
		buffer_append_byte(line, '[');
		for (int32_t i = offsets[at]; i < offsets[at + 1]; i++)
			put_value(line, schema->children[0], array->children[0], i);
		buffer_append_byte(line, ']');
	}
}

/* All rows, those of the columns named, one a line, sorted; static. */
static const char *rows_of(const char *table, int column_count)
{
	static struct buffer text;
	static const char *const names[] = {"pk", "sk", "v", "n", "name", "city", "l", "b", "gone"};
	char path[256], *lines[256];
	size_t count = 0;
	struct bridge_table *open = NULL;
	snprintf(path, sizeof(path), "%s/%s", folder, table);
	must(bridge_table_open(path, -1, &open, &error), "open");
	for (uint64_t file = 0; file < bridge_table_info(open)->file_count; file++) {
		struct ArrowArrayStream stream;
		struct ArrowSchema schema;
		struct ArrowArray batch;
		must(bridge_file_read(open, file, names, (uint64_t)column_count, 65536, false, &stream, &error),
		     "read");
		must(stream.get_schema(&stream, &schema), "schema");
		while (stream.get_next(&stream, &batch) == 0 && batch.release != NULL) {
			for (int64_t row = 0; row < batch.length && count < 256; row++) {
				struct buffer line;
				buffer_init(&line, 1 << 16);
				for (int i = 0; i < column_count; i++) {
					buffer_append_text(&line, i == 0 ? "" : i == 1 ? "/" : " ");
					put_value(&line, schema.children[i], batch.children[i], row);
				}
				buffer_append_byte(&line, '\0');
				lines[count++] = line.data;
			}
			batch.release(&batch);
		}
		schema.release(&schema);
		stream.release(&stream);
	}
	bridge_table_close(open);
	qsort(lines, count, sizeof(lines[0]), line_order);
	buffer_release(&text);
	buffer_init(&text, 1 << 20);
	for (size_t i = 0; i < count; i++) {
		buffer_printf(&text, "%s%s", i == 0 ? "" : "\n", lines[i]);
		free(lines[i]);
	}
	buffer_append_byte(&text, '\0');
	return text.data;
}

static int64_t version_of(const char *table)
{
	char path[256];
	struct bridge_table *open = NULL;
	snprintf(path, sizeof(path), "%s/%s", folder, table);
	must(bridge_table_open(path, -1, &open, &error), "open");
	int64_t version = bridge_table_info(open)->version;
	bridge_table_close(open);
	return version;
}

/* A table name that was not used yet. */
static const char *new_table(void)
{
	static char name[32];
	snprintf(name, sizeof(name), "table%d", ++table_count);
	return name;
}

/* ---- making records */

#define EXPORT_S 1700000000
#define KEY(pk, sk) "{\"pk\":{\"S\":\"" pk "\"},\"sk\":{\"N\":\"" sk "\"}}"
#define ITEM(pk, sk, v) "{\"pk\":{\"S\":\"" pk "\"},\"sk\":{\"N\":\"" sk "\"},\"v\":{\"N\":\"" v "\"}}"

/* One record; new_image and old_image are JSON or NULL. Static, so used at once. */
static const char *record(const char *name, long second, const char *sequence, const char *keys, const char *new_image,
			  const char *old_image, bool ttl)
{
	static char text[4][2000];
	static int turn;
	turn = (turn + 1) % 4;
	snprintf(text[turn], sizeof(text[turn]),
		 "{\"eventID\":\"e%s\",\"eventName\":\"%s\",\"eventSource\":\"aws:dynamodb\",\"dynamodb\":{"
		 "\"ApproximateCreationDateTime\":%ld,\"Keys\":%s%s%s%s%s,\"SequenceNumber\":\"%s\"}%s}",
		 sequence, name, second, keys,
		 new_image == NULL ? "" : ",\"NewImage\":", new_image == NULL ? "" : new_image,
		 old_image == NULL ? "" : ",\"OldImage\":", old_image == NULL ? "" : old_image, sequence,
		 ttl ? ",\"userIdentity\":{\"type\":\"Service\",\"principalId\":\"dynamodb.amazonaws.com\"}" : "");
	return text[turn];
}

static const char *put(long second, const char *sequence, const char *keys, const char *image)
{
	return record("MODIFY", second, sequence, keys, image, NULL, false);
}

static const char *removal(long second, const char *sequence, const char *keys, const char *old_image, bool ttl)
{
	return record("REMOVE", second, sequence, keys, NULL, old_image, ttl);
}

static void event_file(const char *name, const char *const *records, size_t count)
{
	struct buffer text;
	buffer_init(&text, 1 << 20);
	for (size_t i = 0; i < count; i++)
		buffer_printf(&text, "%s\n", records[i]);
	buffer_append_byte(&text, '\0');
	write_text(name, text.data);
	buffer_release(&text);
}

static void write_export(const char *name, const char *items, int count)
{
	char path[256], text[1000];
	snprintf(path, sizeof(path), "%s/manifest-summary.json", name);
	snprintf(text, sizeof(text),
		 "{\"exportArn\":\"arn:%s\",\"exportTime\":\"2023-11-14T22:13:20.000Z\","
		 "\"outputFormat\":\"DYNAMODB_JSON\",\"itemCount\":%d}",
		 name, count);
	write_text(path, text);
	snprintf(path, sizeof(path), "%s/manifest-files.json", name);
	snprintf(text, sizeof(text),
		 "{\"itemCount\":%d,\"dataFileS3Key\":\"AWSDynamoDB/01-0a/data/a.json\"}\n"
		 "{\"itemCount\":0,\"dataFileS3Key\":\"AWSDynamoDB/01-0a/data/empty.json\"}\n",
		 count);
	write_text(path, text);
	snprintf(path, sizeof(path), "%s/data/a.json", name);
	write_text(path, items);
	snprintf(path, sizeof(path), "%s/data/empty.json", name);
	write_text(path, "");
}

/* ---- tests */

static void test_overlap(void)
{
	write_export("export",
		     "{\"Item\":" ITEM("before", "1", "10") "}\n{\"Item\":" ITEM(
			     "inside", "1", "20") "}\n"
						  "{\"Item\":" ITEM("after", "1", "30") "}\n{\"Item\":" ITEM(
							  "gone", "1", "40") "}\n"
									     "{\"Item\":" ITEM("quiet", "1",
											       "50") "}\n",
		     5);
	const char *early[] = {
		put(EXPORT_S - 61, "100", KEY("before", "1"), ITEM("before", "1", "1")),
		put(EXPORT_S - 300, "101", KEY("never", "1"), ITEM("never", "1", "2")),
	};
	event_file("overlap/1.json", early, 2);
	const char *late[] = {
		put(EXPORT_S - 59, "200", KEY("inside", "1"), ITEM("inside", "1", "21")),
		put(EXPORT_S + 5, "201", KEY("after", "1"), ITEM("after", "1", "31")),
		removal(EXPORT_S + 90, "202", KEY("gone", "1"), NULL, false),
	};
	event_file("overlap/2.json", late, 3);
	struct run run = {.table = new_table(), .export = "export", .events = "overlap"};
	must(run_code(&run), "run");
	static const char want[] = "\"after\"/1 31\n\"before\"/1 10\n\"inside\"/1 21\n\"quiet\"/1 50";
	is_text(rows_of(run.table, 3), want, "older changes lose to the export, its absences included; newer ones win");

	int64_t version = version_of(run.table);
	must(run_code(&run), "run again");
	is_int(version_of(run.table), version, "running it again commits nothing");
	is_text(rows_of(run.table, 3), want, "running it again changes nothing");

	const char *more[] = {put(EXPORT_S + 200, "300", KEY("new", "7"), ITEM("new", "7", "70"))};
	event_file("overlap/3.json", more, 1);
	must(run_code(&run), "run with a new file");
	ok(strstr(rows_of(run.table, 3), "\"new\"/7 70") != NULL, "a file that came later is applied");

	struct run reversed = {.table = new_table(), .events = "overlap"};
	must(run_code(&reversed), "events first");
	reversed.export = "export";
	must(run_code(&reversed), "then the export");
	is_text(rows_of(reversed.table, 3),
		"\"after\"/1 31\n\"before\"/1 10\n\"inside\"/1 21\n\"new\"/7 70\n\"quiet\"/1 50",
		"an export applied after the events gives the same table");
}

/* All orders of delivery of five changes to two keys, one file each. */
static void test_permutations(void)
{
	char records[5][2000];
	snprintf(records[0], 2000, "%s", put(EXPORT_S, "99", KEY("a", "1"), ITEM("a", "1", "1")));
	snprintf(records[1], 2000, "%s", put(EXPORT_S, "100", KEY("a", "1"), ITEM("a", "1", "2")));
	snprintf(records[2], 2000, "%s", put(EXPORT_S, "101", KEY("b", "1"), ITEM("b", "1", "3")));
	snprintf(records[3], 2000, "%s", removal(EXPORT_S + 1, "1000", KEY("b", "1"), ITEM("b", "1", "3"), false));
	snprintf(records[4], 2000, "%s", put(EXPORT_S, "98", KEY("a", "1.0"), ITEM("a", "1.0", "0")));
	int right = 0;
	for (int n = 0; n < 120; n++) {
		int order[5], rest = n;
		bool used[5] = {false};
		for (int i = 0; i < 5; i++) {
			int skip = rest % (5 - i), at = 0;
			rest /= 5 - i;
			while (used[at] || skip-- > 0)
				at++;
			used[at] = true;
			order[i] = at;
		}
		char events[64];
		snprintf(events, sizeof(events), "orders/%d", n);
		for (int i = 0; i < 5; i++) {
			char name[128];
			snprintf(name, sizeof(name), "%s/%d.json", events, i);
			event_file(name, (const char *[]){records[order[i]]}, 1);
		}
		struct run run = {.table = new_table(), .events = events, .per_commit = (size_t)(n % 5) + 1};
		must(run_code(&run), "run");
		right += strcmp(rows_of(run.table, 3), "\"a\"/1 2") == 0;
	}
	is_int(right, 120, "all 120 orders of delivery give the same table");
}

static void test_deletes(void)
{
	const char *records[] = {
		put(EXPORT_S, "10", KEY("ttl", "1"), ITEM("ttl", "1", "1")),
		removal(EXPORT_S + 9, "20", KEY("ttl", "1"), ITEM("ttl", "1", "1"), true),
	};
	event_file("deletes/1.json", records, 2);
	const char *others[] = {
		put(EXPORT_S, "11", KEY("user", "1"), ITEM("user", "1", "2")),
		removal(EXPORT_S + 9, "21", KEY("user", "1"), ITEM("user", "1", "2"), false),
	};
	event_file("deletes/2.json", others, 2);
	struct run run = {.table = new_table(), .events = "deletes"};
	must(run_code(&run), "run");
	is_text(rows_of(run.table, 3), "", "deleted and expired items have no row");
	run = (struct run){.table = new_table(), .events = "deletes", .ttl_keep = true};
	must(run_code(&run), "run");
	is_text(rows_of(run.table, 3), "\"ttl\"/1 1", "with ttl keep an expired item's row stays as it was");
	run = (struct run){.table = new_table(), .events = "deletes", .deleted_column = "gone"};
	must(run_code(&run), "run");
	is_text(rows_of(run.table, 9), "\"ttl\"/1 1 - - - - - T\n\"user\"/1 2 - - - - - T",
		"with a deletes column the rows stay and say so");
	const char *again[] = {put(EXPORT_S + 20, "30", KEY("user", "1"), ITEM("user", "1", "5"))};
	event_file("deletes/3.json", again, 1);
	must(run_code(&run), "run");
	is_text(rows_of(run.table, 9), "\"ttl\"/1 1 - - - - - T\n\"user\"/1 5 - - - - - F",
		"an item that comes back is no longer deleted");
}

static void test_types(void)
{
	static const char image[] = "{\"pk\":{\"S\":\"k\"},\"sk\":{\"N\":\"-5\"},\"v\":{\"N\":\"9223372036854775807\"},"
				    "\"n\":{\"N\":\"1.5000000001\"},\"name\":{\"N\":\"1.70E+3\"},\"m\":{\"M\":{"
				    "\"city\":{\"S\":\"Utrecht\"}}},"
				    "\"l\":{\"SS\":[\"x\",\"y\"]},\"b\":{\"B\":\"aGk=\"}}";
	static const char odd[] = "{\"pk\":{\"S\":\"k\"},\"sk\":{\"N\":\"6\"},\"v\":{\"N\":\"9223372036854775808\"},"
				  "\"n\":{\"N\":\"0.00000000001\"},\"name\":{\"NULL\":true},\"m\":{\"S\":\"no map\"},"
				  "\"l\":{\"L\":[{\"S\":\"\"},{\"NULL\":true}]},\"b\":{\"S\":\"aGk=\"}}";
	const char *records[] = {put(EXPORT_S, "1", KEY("k", "-5"), image), put(EXPORT_S, "2", KEY("k", "6"), odd)};
	event_file("types/1.json", records, 2);
	struct run run = {.table = new_table(), .events = "types"};
	must(run_code(&run), "run");
	is_text(rows_of(run.table, 8),
		"\"k\"/-5 9223372036854775807 15000000001 \"1700\" \"Utrecht\" [\"x\"\"y\"] \"hi\"\n"
		"\"k\"/6 - - - - [\"\"-] -",
		"values are converted exactly, and what does not fit becomes null");
}

static void test_framing(void)
{
	char one[2000], two[2000], text[9000];
	snprintf(one, sizeof(one), "%s", put(EXPORT_S, "1", KEY("a", "1"), ITEM("a", "1", "1")));
	snprintf(two, sizeof(two), "%s", put(EXPORT_S, "2", KEY("b}\\\"{", "1"), ITEM("b}\\\"{", "1", "2")));
	static const char *const shapes[][2] = {{"%s\n%s\n", "lines"},
						{"%s%s", "documents without newlines"},
						{"[%s,%s]", "an array"},
						{"{\"Records\":[%s, %s]}\n", "an envelope"},
						{"\xef\xbb\xbf%s\r\n%s", "lines with byte order mark and CRLF"},
						{"%s\nrubbish\n{\"x\":\n%s", "lines with rubbish between them"},
						{"%s\n{\"cut\":\"of\n%s", "lines with a cut one between them"},
						{"%s\n{\"x\":1,}\n%s", "lines with a wrong one between them"},
						{"[%s,\"no record\",%s]", "an array with a text in it"}};
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		char name[64];
		const char *split = strstr(shapes[i][0], "%s") + 2, *tail = strstr(split, "%s") + 2;
		snprintf(text, sizeof(text), "%.*s%s%.*s%s%s", (int)(split - 2 - shapes[i][0]), shapes[i][0], one,
			 (int)(tail - 2 - split), split, two, tail);
		snprintf(name, sizeof(name), "framing%zu/1.json", i);
		write_text(name, text);
		snprintf(name, sizeof(name), "framing%zu", i);
		struct run run = {.table = new_table(), .events = name};
		must(run_code(&run), "run");
		const char *rows = rows_of(run.table, 3);
		ok(strstr(rows, "\"a\"/1 1") != NULL && strstr(rows, "/1 2") != NULL, "both records of %s are read",
		   shapes[i][1]);
		char path[512];
		struct stat status;
		snprintf(path, sizeof(path), "%s/%s/_pipeline/set-aside.jsonl", folder, run.table);
		bool aside = stat(path, &status) == 0 && status.st_size > 7;
		ok(aside == (i >= 5), "what cannot be read of %s is set aside", shapes[i][1]);
	}
}

static void test_restart(void)
{
	const char *records[] = {put(EXPORT_S, "5", KEY("a", "1"), ITEM("a", "1", "5"))};
	event_file("restart/1.json", records, 1);
	struct run run = {.table = new_table(), .events = "restart"};
	char name[128], path[512];
	must(run_code(&run), "run");
	/* A crash after the state was written and before the commit leaves the next batch's file behind. */
	snprintf(name, sizeof(name), "%s/_pipeline/0000000002.guard", run.table);
	write_text(name, "key 0001610001 this must not be read\n");
	const char *more[] = {put(EXPORT_S + 1, "4", KEY("a", "1"), ITEM("a", "1", "4"))};
	event_file("restart/2.json", more, 1);
	must(run_code(&run), "run");
	is_text(rows_of(run.table, 3), "\"a\"/1 5",
		"state without a commit does not count, an older change stays older");
	snprintf(path, sizeof(path), "%s/%s/_pipeline/0000000001.guard", folder, run.table);
	must(truncate(path, 10), "truncate");
	ok(run_code(&run) == ERROR_DATA && strstr(error.message, "build the table anew") != NULL,
	   "damaged state is refused");
	snprintf(name, sizeof(name), "%s/_pipeline/0000000001.guard", run.table);
	static const char *const damaged[] = {
		"export soon\nend\n",    "export 1x\nend\n",        "export 99999999999999999999\nend\n",
		"key 00 1 1 1 0\nend\n", "key 00 1 1 1 x 5\nend\n", "key 00 1 1 1 0 5x\nend\n",
		"key 0 1 1 1 0 5\nend\n"};
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		write_text(name, damaged[i]);
		ok(run_code(&run) == ERROR_DATA && strstr(error.message, "damaged") != NULL, "so is %.*s",
		   (int)strcspn(damaged[i], "\n"), damaged[i]);
	}
	must(unlink(path), "unlink");
	ok(run_code(&run) == ERROR_DATA && strstr(error.message, "missing") != NULL, "missing state is refused");
}

static void test_refusals(void)
{
	struct run run = {.table = new_table(), .export = "nothing"};
	ok(run_code(&run) == ERROR_DATA && strstr(error.message, "no finished export") != NULL, "no export is told");
	write_export("short", "{\"Item\":" ITEM("a", "1", "1") "}\n", 2);
	run.export = "short";
	ok(run_code(&run) == ERROR_DATA && strstr(error.message, "manifest says 2") != NULL, "a wrong count is told");
	is_text(rows_of(run.table, 3), "", "an export that does not add up leaves no row behind");
	char path[512];
	snprintf(path, sizeof(path), "%s/short/data/a.json", folder);
	must(unlink(path), "unlink");
	ok(run_code(&run) == ERROR_DATA && strstr(error.message, "missing") != NULL, "a missing data file is told");
	run = (struct run){.table = run.table, .events = "nothing"};
	ok(run_code(&run) == ERROR_IO, "a missing event folder is told");
	struct bug_set bugs = {0};
	ok(bugs_add(&bugs, "no-such-bug", &error) == ERROR_USAGE, "an unknown bug is told");
}

/* Data on which every bug shows. */
static void write_bug_data(void)
{
	static const char rich[] =
		"{\"pk\":{\"S\":\"rich\"},\"sk\":{\"N\":\"1\"},\"v\":{\"N\":\"9007199254740993\"},"
		"\"n\":{\"N\":\"1.2345\"},\"l\":{\"L\":[{\"S\":\"x\"},{\"S\":\"y\"}]},\"b\":{\"B\":\"aGk=\"}}";
	static const char named[] = "{\"pk\":{\"S\":\"rich\"},\"sk\":{\"N\":\"1\"},\"name\":{\"S\":\"old\"}}";
	write_export("bugs/export", "{\"Item\":" ITEM("stay", "1", "1") "}\n{\"Item\":" ITEM("back", "1", "1") "}\n",
		     2);
	const char *first[] = {
		put(EXPORT_S + 100, "1000", KEY("back", "1"), ITEM("back", "1", "9")),
		put(EXPORT_S + 101, "999", KEY("tie", "1"), ITEM("tie", "1", "1")),
		put(EXPORT_S + 101, "1001", KEY("tie", "1"), ITEM("tie", "1", "2")),
	};
	event_file("bugs/events/1.json", first, 3);
	const char *second[] = {
		put(EXPORT_S + 101, "1000", KEY("tie", "1"), ITEM("tie", "1", "3")),
		removal(EXPORT_S + 110, "1100", KEY("late", "1"), NULL, false),
		record("INSERT", EXPORT_S + 111, "1101", KEY("part", "1"), ITEM("part", "1", "1"), NULL, false),
	};
	event_file("bugs/events/2.json", second, 3);
	const char *third[] = {
		put(EXPORT_S + 105, "1050", KEY("late", "1"), ITEM("late", "1", "6")),
		record("INSERT", EXPORT_S + 112, "1102", KEY("part", "2"), ITEM("part", "2", "2"), NULL, false),
		record("MODIFY", EXPORT_S + 113, "1103", KEY("rich", "1"), rich, named, false),
	};
	event_file("bugs/events/3.json", third, 3);
	char expired[2000], text[9000], one[2000];
	snprintf(expired, sizeof(expired), "%s", removal(EXPORT_S + 120, "1200", KEY("stay", "1"), NULL, true));
	snprintf(one, sizeof(one), "%s", put(EXPORT_S + 120, "1201", KEY("one", "1"), ITEM("one", "1", "1")));
	snprintf(text, sizeof(text), "%s%s%s", one, expired,
		 put(EXPORT_S + 121, "1202", KEY("two", "1"), ITEM("two", "1", "1")));
	write_text("bugs/events/4.json", text);
	const char *gone[] = {
		put(EXPORT_S + 200, "2000", KEY("gone", "1"), ITEM("gone", "1", "1")),
		removal(EXPORT_S + 201, "2001", KEY("gone", "1"), NULL, false),
		put(EXPORT_S + 202, "2002", KEY("last", "1"), ITEM("last", "1", "1")),
	};
	event_file("bugs/events/5.json", gone, 3);
}

static void test_bugs(void)
{
	/* Those that need nothing else to show; tests/bats/pipeline.bats has the others. */
	static const char *const names[] = {"drops-remove",
					    "last-arrival-wins",
					    "append-only",
					    "numbers-through-double",
					    "backfill-overwrites",
					    "ttl-ignored",
					    "partial-key-merge",
					    "seconds-tie",
					    "rank-keeps-ties",
					    "sequence-as-text",
					    "tombstones-forgotten",
					    "delete-before-row-forgotten",
					    "null-becomes-empty-string",
					    "lists-reversed",
					    "removed-attribute-survives",
					    "binary-as-text",
					    "decimals-truncated",
					    "first-of-line",
					    "first-of-file",
					    "last-record-lost",
					    "inserts-only",
					    "keys-from-new-image",
					    "writes-nothing",
					    "first-of-batch-wins",
					    "seconds-as-milliseconds",
					    "null-guard",
					    "sparse-index",
					    "key-hashed-short",
					    "integers-wrap"};
	write_bug_data();
	char right[9000];
	struct run run = {.table = new_table(), .export = "bugs/export", .events = "bugs/events"};
	must(run_code(&run), "run");
	snprintf(right, sizeof(right), "%s", rows_of(run.table, 8));
	is_text(right,
		"\"back\"/1 9 - - - - -\n\"last\"/1 1 - - - - -\n\"one\"/1 1 - - - - -\n\"part\"/1 1 - - - - -\n"
		"\"part\"/2 2 - - - - -\n\"rich\"/1 9007199254740993 12345000000 - - [\"x\"\"y\"] \"hi\"\n"
		"\"tie\"/1 2 - - - - -\n\"two\"/1 1 - - - - -",
		"without a bug the table is right");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		run = (struct run){.table = new_table(), .export = "bugs/export", .events = "bugs/events"};
		run.per_commit = strcmp(names[i], "first-of-batch-wins") == 0 ? 9 : 1;
		must(bugs_add(&run.bugs, names[i], &error), names[i]);
		must(run_code(&run), names[i]);
		ok(strcmp(rows_of(run.table, 8), right) != 0, "the bug %s makes the table wrong", names[i]);
	}
}

int main(void)
{
	must(mkdtemp(folder) == NULL, "mkdtemp");
	test_overlap();
	test_permutations();
	test_deletes();
	test_types();
	test_framing();
	test_restart();
	test_refusals();
	test_bugs();
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return tap_done();
}
