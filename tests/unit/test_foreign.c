#include "sources/foreign.h"

#include <stdio.h>

#include "sources/events.h"
#include "tests/support/source_files.h"
#include "tests/tap.h"

static struct json_parser *parser;

static void is_foreign(const char *bytes, size_t size, const char *name)
{
	const char *text = foreign_text((struct slice){bytes, size});
	ok(text != NULL && strstr(text, name) != NULL, "%s is told by its first bytes", name);
}
#define IS_FOREIGN(bytes, name) is_foreign(bytes, sizeof(bytes) - 1, name)

static void is_native(const char *text, const char *what)
{
	ok(foreign_text(slice_from(text)) == NULL, "%s may be JSON", what);
}

static void test_marks(void)
{
	IS_FOREIGN("PK\3\4\x14\0\0\0", "ZIP");
	IS_FOREIGN("PK\5\6", "ZIP");
	IS_FOREIGN("PAR1\x15\0", "Parquet");
	IS_FOREIGN("ORC\x08", "ORC");
	IS_FOREIGN("Obj\1\x04", "Avro");
	IS_FOREIGN("\x28\xb5\x2f\xfd\x24", "zstd");
	IS_FOREIGN("BZh91AY&SY", "bzip2");
	IS_FOREIGN("\xfd\x37zXZ\0\0", "xz");
	IS_FOREIGN("\x04\x22\x4d\x18", "LZ4");
	IS_FOREIGN("\xff\x06\x00\x00sNaPpY\0", "Snappy");
	IS_FOREIGN("\x82SNAPPY\0\0\0\0\1", "Snappy");
	/* A block of 300 bytes, of which 70 are a literal: the length, 60 << 2 and 69. */
	IS_FOREIGN("\xac\x02\xf0\x45{\"eventID\":", "Snappy");
	IS_FOREIGN("\0\0\x01\x2c\0\0\0\x60\xac\x02\xf0\x45{\"eventID\":", "Hadoop");
	/* Two parts of a block: the first has fewer bytes than the block. */
	IS_FOREIGN("\0\0\x01\x2d\0\0\0\x60\xac\x02\xf0\x45[{\"eventID\":", "Hadoop");
	IS_FOREIGN("\x1f\x8b\x08", "gzip inside gzip");
	IS_FOREIGN("\xff\xfe{\0", "UTF-16");
}

static void test_native(void)
{
	is_native("", "nothing");
	is_native("{\"eventID\":\"x\"}", "an object");
	is_native("[{\"eventID\":\"x\"}]", "an array");
	is_native("\xef\xbb\xbf{\"eventID\":1}", "text after a byte order mark");
	is_native("eyJldmVudE5hbWUiOiJJTlNFUlQ", "base64");
	is_native("PKs are listed below", "text");
	is_native("\n\t {\"eventID\":\"x\"}", "an object after white space");
	is_native("\x0a\x20{\"a\":1}", "a line break and a blank before an object");
	ok(foreign_text((struct slice){"\0\0\x01\x2b\0\0\0\x60\xac\x02\xf0\x45{\"event", 20}) == NULL,
	   "a part that is larger than its block is no Hadoop Snappy");
}

static void test_file(void)
{
	static const char zip[] =
		"PK\3\4\x14\0{\"dynamodb\":{\"Keys\":{\"a\":{\"S\":\"1\"}}},\"eventName\":\"INSERT\"}\n";
	struct seen seen = {0};
	struct file_result result;
	struct error error;
	struct record_sink sink = seen_sink(&seen);
	const char *path = files_path("archive");
	for (unsigned members = 0; members < 2; members++) {
		struct slice bytes = {zip, sizeof(zip) - 1};
		if (members == 0)
			files_write(path, bytes);
		else
			files_write_gzip(path, bytes, members);
		ok(events_read_file(path, EVENTS_AUTO, parser, &sink, &result, &error) == 0 && seen.record_count == 0 &&
			   seen.problem_count == 1 && strcmp(seen.problems[0].id, "record.unreadable") == 0 &&
			   !seen.problems[0].has_position && strstr(seen.problems[0].message, "ZIP") != NULL,
		   "such a file is refused as a whole, by its name, %s", members == 0 ? "plain" : "in gzip");
		ok(!result.complete && result.records == 0 && result.stored_bytes > 0,
		   "nothing of it counts, and it is known how large it is");
		seen_release(&seen);
	}
}

int main(void)
{
	parser = json_parser_new(RECORD_SIZE_MAX);
	test_marks();
	test_native();
	test_file();
	json_parser_free(parser);
	return tap_done();
}
