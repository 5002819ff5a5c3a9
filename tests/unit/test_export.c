#include "sources/export.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "sources/events.h"
#include "sources/manifest.h"
#include "tests/support/source_files.h"
#include "tests/tap.h"

enum { FILE_COUNT = 3 };
static const char *const FOLDER = "bucket/AWSDynamoDB/01700000000123-0a1b2c3d";
static const char *const KEY_FOLDER = "AWSDynamoDB/01700000000123-0a1b2c3d";
static const char *const names[FILE_COUNT] = {"aaaaaaaaaaaaaaaaaaaaaaaaaa.json.gz",
					      "bbbbbbbbbbbbbbbbbbbbbbbbbb.json.gz",
					      "cccccccccccccccccccccccccc.json.gz"};

static struct json_parser *parser;
static struct error error;

/* What a test may make different from a whole export. */
struct making {
	const char *folder;
	const char *version, *export_type, *output_format; /* export_type NULL: left out */
	const char *key_folder;
	int64_t item_count[FILE_COUNT]; /* in manifest-files.json; the file holds 2, 3 and 0 items */
	int64_t summary_count;
	int wrong_md5, wrong_etag; /* index of a file, or -1 */
	const char *second_items;  /* of file 1, or NULL */
	const char *without;       /* a file of the folder that is left out */
	const char *more_files;    /* appended to manifest-files.json */
	bool wrong_summary_md5, wrong_files_md5;
};

static struct making whole(void)
{
	return (struct making){.folder = FOLDER,
			       .version = "2020-06-30",
			       .output_format = "DYNAMODB_JSON",
			       .key_folder = KEY_FOLDER,
			       .item_count = {2, 3, 0},
			       .summary_count = 5,
			       .wrong_md5 = -1,
			       .wrong_etag = -1,
			       .more_files = ""};
}

static void digest(struct slice bytes, uint8_t md5[16])
{
	unsigned size = 16;
	if (EVP_Digest(bytes.data, bytes.size, md5, &size, EVP_md5(), NULL) != 1)
		abort();
}

static const char *base64(const uint8_t md5[16])
{
	static char text[32];
	struct buffer buffer;
	buffer_init(&buffer, 100);
	(void)buffer_append_base64(&buffer, (struct slice){(const char *)md5, 16});
	(void)snprintf(text, sizeof(text), "%.*s", (int)buffer.size, buffer.data);
	buffer_release(&buffer);
	return text;
}

static const char *in_folder(const struct making *making, const char *name)
{
	char path[400];
	(void)snprintf(path, sizeof(path), "%s/%s", making->folder, name);
	return files_path(path);
}

static void write_part(const struct making *making, const char *name, struct slice bytes)
{
	if (making->without == NULL || strcmp(making->without, name) != 0)
		files_write(in_folder(making, name), bytes);
	else
		(void)unlink(in_folder(making, name));
}

static void write_manifest(const struct making *making, const char *name, struct slice bytes, bool wrong_md5)
{
	char file[80];
	uint8_t md5[16];
	digest(bytes, md5);
	md5[0] = (uint8_t)(md5[0] ^ wrong_md5);
	(void)snprintf(file, sizeof(file), "%s.json", name);
	write_part(making, file, bytes);
	(void)snprintf(file, sizeof(file), "%s.md5", name);
	write_part(making, file, slice_from(base64(md5)));
}

static void write_data(const struct making *making, int index, struct buffer *manifest)
{
	static const char two[] =
		"{\"Item\":{\"pk\":{\"S\":\"a\"},\"n\":{\"N\":\"1\"}}}\n{\"Item\":{\"pk\":{\"S\":\"b\"}}}\n";
	static const char three[] = "{\"Item\":{\"pk\":{\"S\":\"c\"}}}\n{\"Item\":{\"pk\":{\"S\":\"d\"}}}\n"
				    "{\"Item\":{\"pk\":{\"S\":\"e\"}}}\n";
	static const char *const items[FILE_COUNT] = {two, three, ""};
	char name[100];
	uint8_t md5[16];
	uint8_t etag[16];
	const char *text = index == 1 && making->second_items != NULL ? making->second_items : items[index];
	(void)snprintf(name, sizeof(name), "data/%s", names[index]);
	files_write_gzip(in_folder(making, name), slice_from(text), 1);
	struct buffer stored = files_read(in_folder(making, name));
	digest(buffer_slice(&stored), md5);
	digest((struct slice){(const char *)md5, 16}, etag);
	etag[0] = (uint8_t)(etag[0] ^ (making->wrong_etag == index));
	md5[0] = (uint8_t)(md5[0] ^ (making->wrong_md5 == index));
	write_part(making, name, buffer_slice(&stored));
	buffer_release(&stored);
	(void)buffer_printf(manifest, "{\"itemCount\":%" PRId64 ",\"md5Checksum\":\"%s\",\"etag\":\"",
			    making->item_count[index], base64(md5));
	for (int i = 0; i < 16; i++)
		(void)buffer_printf(manifest, "%02x", etag[i]);
	(void)buffer_printf(manifest, "-1\",\"dataFileS3Key\":\"%s/data/%s\"}\n", making->key_folder, names[index]);
}

static void make(const struct making *making)
{
	struct buffer text;
	buffer_init(&text, SIZE_MAX / 2);
	write_part(making, "_started", slice_from(""));
	for (int i = 0; i < FILE_COUNT; i++)
		write_data(making, i, &text);
	(void)buffer_append_text(&text, making->more_files);
	write_manifest(making, "manifest-files", buffer_slice(&text), making->wrong_files_md5);
	text.size = 0;
	(void)buffer_printf(
		&text,
		"{\"version\":\"%s\",\"exportArn\":\"arn:aws:dynamodb:us-east-1:000000000001:table/t1/export/"
		"01700000000123-0a1b2c3d\",\"startTime\":\"2023-11-14T22:13:20.123Z\",\"endTime\":"
		"\"2023-11-14T22:19:01.456Z\",\"tableArn\":\"arn:aws:dynamodb:us-east-1:000000000001:table/t1\","
		"\"tableId\":\"00000000-1111-2222-3333-444444444444\",\"exportTime\":\"2023-11-14T22:13:20.123Z\","
		"\"s3Bucket\":\"bkt\",\"s3Prefix\":null,\"s3SseAlgorithm\":\"AES256\",\"s3SseKmsKeyId\":null,"
		"\"manifestFilesS3Key\":\"%s/manifest-files.json\",\"billedSizeBytes\":0,\"itemCount\":%" PRId64
		",\"outputFormat\":\"%s\"",
		making->version, making->key_folder, making->summary_count, making->output_format);
	if (making->export_type != NULL)
		(void)buffer_printf(&text, ",\"exportType\":\"%s\"", making->export_type);
	(void)buffer_append_text(&text, "}");
	write_manifest(making, "manifest-summary", buffer_slice(&text), making->wrong_summary_md5);
	buffer_release(&text);
}

/* What reading it all gave. */
struct outcome {
	int code;
	bool complete;
	uint64_t file_count;
	uint64_t whole_files;
	uint64_t items; /* of whole files */
	struct seen seen;
};

static struct outcome read_export(const char *folder)
{
	struct outcome outcome = {0};
	struct export *export = NULL;
	struct record_sink sink = seen_sink(&outcome.seen);
	memset(&error, 0, sizeof(error));
	outcome.code = export_open(folder, &sink, &export, &error);
	if (outcome.code != 0)
		return outcome;
	outcome.complete = export->complete;
	outcome.file_count = export->file_count;
	for (uint64_t i = 0; i < export->file_count; i++) {
		struct file_result result;
		if (export_read_file(export, i, parser, &sink, &result, &error) != 0)
			printf("# error %s\n", error.message);
		outcome.whole_files += result.complete;
		outcome.items += result.complete ? result.records : 0;
	}
	export_close(export);
	return outcome;
}

static struct outcome made(const struct making *making)
{
	make(making);
	return read_export(files_path(making->folder));
}

/* Exactly this one problem (NULL: none), and this many whole files. */
static void one_problem(const struct making *making, const char *id, bool complete, uint64_t whole_files,
			const char *sentence)
{
	struct outcome outcome = made(making);
	bool right = outcome.code == 0 && outcome.complete == complete && outcome.whole_files == whole_files &&
		     outcome.seen.problem_count == (id != NULL) &&
		     (id == NULL || strcmp(outcome.seen.problems[0].id, id) == 0);
	ok(right, "%s", sentence);
	if (!right) {
		printf("# code %d complete %d whole files %d\n", outcome.code, outcome.complete,
		       (int)outcome.whole_files);
		seen_print(&outcome.seen);
	}
	seen_release(&outcome.seen);
}

static void is_refused(const struct making *making, const char *message_part, const char *sentence)
{
	struct outcome outcome = made(making);
	ok(outcome.code == ERROR_DATA && strstr(error.message, message_part) != NULL, "%s", sentence);
	if (outcome.code != ERROR_DATA || strstr(error.message, message_part) == NULL)
		printf("# code %d: %s\n", outcome.code, error.message);
	seen_release(&outcome.seen);
}

static void test_whole(void)
{
	struct making making = whole();
	struct outcome outcome = made(&making);
	ok(outcome.code == 0 && outcome.complete && outcome.seen.problem_count == 0,
	   "a whole export opens without problems");
	seen_print(&(struct seen){.problems = outcome.seen.problems, .problem_count = outcome.seen.problem_count});
	is_int(outcome.file_count, 3, "with its three files, the empty one included");
	is_int(outcome.items, 5, "its five items are read");
	ok(outcome.seen.record_count == 5 && outcome.seen.records[0].kind == RECORD_ITEM &&
		   outcome.seen.records[0].after == STATE_IMAGE && strcmp(outcome.seen.records[4].key, "e") == 0 &&
		   outcome.seen.records[4].number == 2 && outcome.seen.records[4].offset == 52,
	   "as items with image, number and offset");
	seen_release(&outcome.seen);
	struct export *export = NULL;
	struct seen seen = {0};
	struct record_sink sink = seen_sink(&seen);
	char with_slash[400];
	(void)snprintf(with_slash, sizeof(with_slash), "%s/", files_path(FOLDER));
	if (export_open(with_slash, &sink, &export, &error) != 0)
		abort();
	is_text(export->folder, files_path(FOLDER), "a slash after the folder does not matter");
	is_text(export->table_arn, "arn:aws:dynamodb:us-east-1:000000000001:table/t1", "the table's ARN is kept");
	is_text(export->table_id, "00000000-1111-2222-3333-444444444444", "and its id");
	is_int(export->export_time_us, INT64_C(1700000000123000), "and the export's time");
	is_int(export->item_count, 5, "and the count of items");
	export_close(export);
	static const uint64_t numbers[] = {1, 2};
	char data[400];
	(void)snprintf(data, sizeof(data), "%s/data/%s", FOLDER, names[1]);
	ok(export_reread(files_path(data), numbers, 2, parser, &sink, &error) == 0 && seen.record_count == 2 &&
		   strcmp(seen.records[0].key, "d") == 0 && strcmp(seen.records[1].key, "e") == 0,
	   "items can be read again by their numbers");
	seen_release(&seen);
	making.export_type = "FULL_EXPORT";
	making.version = "2023-08-01";
	one_problem(&making, NULL, true, 3, "a full export that says so, in the newer version, is whole too");
}

/* Between opening the export and reading it. */
static void test_file_vanishes(void)
{
	struct making making = whole();
	struct export *export = NULL;
	struct seen seen = {0};
	struct record_sink sink = seen_sink(&seen);
	struct file_result result;
	make(&making);
	if (export_open(files_path(FOLDER), &sink, &export, &error) != 0)
		abort();
	(void)remove(export->files[1].path);
	ok(export_read_file(export, 1, parser, &sink, &result, &error) == 0 && !result.complete &&
		   seen.problem_count == 1 && strcmp(seen.problems[0].id, "record.unreadable") == 0,
	   "a data file that can no longer be opened does not count, and is told once");
	seen_release(&seen);
	export_close(export);
}

static void test_manifests(void)
{
	struct making making = whole();
	making.wrong_summary_md5 = true;
	one_problem(&making, "export.md5", false, 3, "a wrong MD5 of manifest-summary.json is told");
	making = whole();
	making.wrong_files_md5 = true;
	one_problem(&making, "export.md5", false, 3, "a wrong MD5 of manifest-files.json is told");
	making = whole();
	making.without = "manifest-summary.md5";
	one_problem(&making, "export.md5", false, 3, "a missing manifest-summary.md5 is told");
	making = whole();
	making.without = "manifest-files.md5";
	one_problem(&making, "export.md5", false, 3, "a missing manifest-files.md5 is told");
	making = whole();
	making.summary_count = 6;
	one_problem(&making, "export.count", false, 3, "a summary that counts other than its files is told");
	making = whole();
	making.version = "2031-01-01";
	one_problem(&making, "export.version", false, 3, "an unknown version is told");
	making = whole();
	making.more_files = "{\"itemCount\":0,\"md5Checksum\":\"Fjvg\n";
	one_problem(&making, "record.unreadable", false, 3, "a line of the manifest cut short is told");
	making = whole();
	making.more_files = "{\"itemCount\":0,\"md5Checksum\":\"FjvgqIxwymKf1RbbqtrZag==\"}\n";
	one_problem(&making, "record.unreadable", false, 3, "a line of the manifest without a key is told");
	making = whole();
	making.more_files = "{\"itemCount\":0,\"md5Checksum\":\"FjvgqIxwymKf1RbbqtrZag==\",\"dataFileS3Key\":"
			    "\"AWSDynamoDB/x/data/../../none.json.gz\"}\n";
	one_problem(&making, "export.missing", false, 3, "a key that climbs out of the folder is not followed");
}

static void test_data(void)
{
	struct making making = whole();
	making.wrong_md5 = 1;
	one_problem(&making, "export.md5", true, 2, "a data file with another MD5 does not count");
	making = whole();
	making.wrong_etag = 1;
	one_problem(&making, NULL, true, 3,
		    "an etag that is no MD5, as under SSE-KMS, is not asked where the MD5 is right");
	making = whole();
	making.item_count[1] = 4;
	making.summary_count = 6;
	one_problem(&making, "export.count", true, 2, "nor does one that holds fewer items than the manifest says");
	making = whole();
	making.second_items = "{\"Item\":{\"pk\":{\"S\":\"c\"}}}\n{\"Item\":{\"pk\":{\"S\":d\"}}}\n{\"Item\":{\"pk\":{"
			      "\"S\":\"e\"}}}\n";
	struct outcome outcome = made(&making);
	ok(outcome.seen.problem_count == 1 && strcmp(outcome.seen.problems[0].id, "record.unreadable") == 0 &&
		   outcome.seen.problems[0].record == 1 && outcome.seen.problems[0].offset == 26 &&
		   outcome.whole_files == 3 && outcome.items == 4,
	   "a malformed line is told with number and offset; the others count, since MD5 and count match");
	seen_release(&outcome.seen);
	making.second_items =
		"{\"Item\":{\"pk\":{\"S\":\"c\"}}}\n{\"Keys\":{\"pk\":{\"S\":\"d\"}}}\n{\"Item\":{},\"Item\":{}}\n";
	outcome = made(&making);
	ok(seen_count(&outcome.seen, "record.unreadable") == 2 && outcome.whole_files == 3,
	   "lines that are no items are told");
	seen_release(&outcome.seen);
	making = whole();
	making.without = "data/bbbbbbbbbbbbbbbbbbbbbbbbbb.json.gz";
	one_problem(&making, "export.missing", false, 2, "a missing data file is told");
	making = whole();
	make(&making);
	files_write(in_folder(&making, "data/zzzz.json.gz"), slice_from("x"));
	outcome = read_export(files_path(FOLDER));
	ok(outcome.complete && outcome.items == 5 && outcome.seen.problem_count == 1 &&
		   strcmp(outcome.seen.problems[0].id, "export.extra") == 0 &&
		   strstr(outcome.seen.problems[0].path, "zzzz.json.gz") != NULL,
	   "a file that the manifest does not name is told and not read");
	seen_release(&outcome.seen);
	(void)unlink(in_folder(&making, "data/zzzz.json.gz"));
	const char *cut = in_folder(&making, "data/bbbbbbbbbbbbbbbbbbbbbbbbbb.json.gz");
	files_cut(cut, 30);
	outcome = read_export(files_path(FOLDER));
	ok(outcome.complete && outcome.whole_files == 2 && seen_count(&outcome.seen, "record.unreadable") == 1 &&
		   seen_count(&outcome.seen, "export.md5") == 1 && outcome.seen.problem_count == 2,
	   "a data file cut short is told as such and by its MD5, and does not count");
	seen_release(&outcome.seen);
	making.more_files = "{\"itemCount\":0,\"md5Checksum\":\"FjvgqIxwymKf1RbbqtrZag==\",\"dataFileS3Key\":"
			    "\"AWSDynamoDB/01700000000123-0a1b2c3d/data/cccccccccccccccccccccccccc.json.gz\"}\n";
	outcome = made(&making);
	ok(!outcome.complete && seen_count(&outcome.seen, "export.count") == 1,
	   "a data file that is named twice is told");
	seen_release(&outcome.seen);
}

static void test_places(void)
{
	struct making making = whole();
	making.folder = "copy/of/the/export";
	one_problem(&making, NULL, true, 3, "bucket and prefix in the keys may be stale after a copy");
	making = whole();
	making.folder = "prefix/AWSDynamoDB/01700000000123-0a1b2c3d";
	making.key_folder = "prefix/AWSDynamoDB/01700000000123-0a1b2c3d";
	one_problem(&making, NULL, true, 3, "keys may have the prefix");
	making.folder = "bucket/copy/AWSDynamoDB/01700000000123-0a1b2c3d";
	making.key_folder = KEY_FOLDER;
	making.without = "data/bbbbbbbbbbbbbbbbbbbbbbbbbb.json.gz";
	one_problem(&making, "export.missing", false, 2, "a missing file is not taken from another copy near by");
	making = whole();
	make(&making);
	making.folder = "bucket/AWSDynamoDB/manifests-only";
	write_part(&making, "_started", slice_from(""));
	static const char *const manifests[] = {"manifest-summary.json", "manifest-summary.md5", "manifest-files.json",
						"manifest-files.md5"};
	struct making first = whole();
	for (int i = 0; i < 4; i++) {
		struct buffer bytes = files_read(in_folder(&first, manifests[i]));
		write_part(&making, manifests[i], buffer_slice(&bytes));
		buffer_release(&bytes);
	}
	struct outcome outcome = read_export(files_path(making.folder));
	ok(outcome.complete && outcome.items == 5,
	   "manifests apart from their data find them by the key below an ancestor");
	seen_release(&outcome.seen);
	char here[400];
	if (getcwd(here, sizeof(here)) == NULL || chdir(files_path("bucket/AWSDynamoDB")) != 0)
		abort();
	outcome = read_export("01700000000123-0a1b2c3d");
	ok(outcome.complete && outcome.items == 5, "a relative folder will do");
	seen_release(&outcome.seen);
	if (chdir(here) != 0)
		abort();
}

static void test_refusals(void)
{
	struct making making = whole();
	making.folder = "refused";
	making.export_type = "NEW_KIND";
	is_refused(&making, "exportType", "an unknown kind of export is refused");
	making.export_type = NULL;
	making.output_format = "CSV";
	is_refused(&making, "outputFormat", "an unknown format is refused");
	making = whole();
	making.folder = "refused";
	making.without = "manifest-files.json";
	is_refused(&making, "manifest-files.json", "no manifest-files.json: refused");
	making.without = "manifest-summary.json";
	is_refused(&making, "not finished", "no manifest-summary.json but _started: not finished");
	(void)unlink(in_folder(&making, "_started"));
	struct outcome outcome = read_export(files_path("refused"));
	ok(outcome.code == ERROR_DATA && strstr(error.message, "AWSDynamoDB/<export id>") != NULL,
	   "a folder that is no export: what to name is told");
	outcome = read_export(files_path("nowhere/at/all"));
	ok(outcome.code == ERROR_DATA && strstr(error.message, "check the path") != NULL, "no folder: refused");
	files_write(files_path("refused/manifest-summary.json"), slice_from("{\"version\":\"2020-06-30\""));
	outcome = read_export(files_path("refused"));
	ok(outcome.code == ERROR_DATA, "a summary that cannot be read: refused");
	seen_release(&outcome.seen);
	files_write(files_path("refused/manifest-summary.json"),
		    slice_from("{\"version\":\"2020-06-30\",\"itemCount\":0}"));
	outcome = read_export(files_path("refused"));
	ok(outcome.code == ERROR_DATA && strstr(error.message, "exportTime") != NULL,
	   "a summary without a time: refused");
	seen_release(&outcome.seen);
}

/* The known answers of an empty data object. */
static void test_known_answers(void)
{
	static const char empty[20] =
		"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00";
	uint8_t md5[16];
	uint8_t stated[16];
	bool known;
	digest((struct slice){empty, sizeof(empty)}, md5);
	ok(manifest_md5_decode(slice_from("FjvgqIxwymKf1RbbqtrZag=="), stated) && memcmp(md5, stated, 16) == 0,
	   "the MD5 of an empty data object is as AWS writes it");
	ok(manifest_etag_matches(slice_from("7deb4078f238dd87d6af0538152c04e9-1"), md5, &known) && known,
	   "and so is its etag");
	ok(!manifest_etag_matches(slice_from("8deb4078f238dd87d6af0538152c04e9-1"), md5, &known),
	   "another etag is told");
	ok(manifest_etag_matches(slice_from("163be0a88c70ca629fd516dbaadad96a"), md5, &known) && known,
	   "an object that was uploaded whole has its MD5 for an etag");
	ok(manifest_etag_matches(slice_from("00000000000000000000000000000000-2"), md5, &known) && !known,
	   "an etag of several parts cannot be told");
	ok(!manifest_md5_decode(slice_from("FjvgqIxwymKf1RbbqtrZ"), stated), "15 bytes are no MD5");
}

int main(void)
{
	parser = json_parser_new(RECORD_SIZE_MAX);
	test_known_answers();
	test_whole();
	test_file_vanishes();
	test_manifests();
	test_data();
	test_places();
	test_refusals();
	json_parser_free(parser);
	return tap_done();
}
