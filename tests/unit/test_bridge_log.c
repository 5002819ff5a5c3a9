/* The bridge against logs edited by hand: what a log can rightly hold is read, and what is cut, garbled, contradictory
 * or of a kind that cannot be read is refused with a reason, never taken for a smaller table. */
#include <errno.h>

#include "base/decimal.h"
#include "tests/unit/test_bridge_table.h"

/* Version 1 adds a file of 40 rows, version 2 one of 5, version 3 deletes 2 of one of them. */
enum { ROWS = 43, LATEST = 3 };

static char path[256];
static const char *const columns[] = {"id", "v"};

static void make(const char *name)
{
	path_in(path, sizeof(path), name, "");
	struct column *root = simple_new();
	create(path, root, "", "deletionVectors");
	struct bridge_writer *writer = NULL;
	char id[16];
	for (int version = 1; version <= 2; version++) {
		must(bridge_writer_begin(path, &writer, &error), "begin");
		for (int i = 0; i < (version == 1 ? 40 : 5); i++) {
			snprintf(id, sizeof(id), "%d.%02d", version, i);
			simple_row(root, id, i);
		}
		add(writer, root);
		commit(writer, "WRITE", -1);
	}
	must(bridge_writer_begin(path, &writer, &error), "begin");
	uint64_t big = bridge_table_file(bridge_writer_table(writer), 0)->rows_physical == 40 ? 0 : 1;
	must(bridge_writer_delete_rows(writer, big, (const int64_t[]){1, 3}, 2, &error), "delete rows");
	commit(writer, "DELETE", -1);
	column_free(root);
}

/* ---- editing a log */

static const char *log_path(int64_t version, const char *ending)
{
	static char name[400];
	snprintf(name, sizeof(name), "%s/_delta_log/%020" PRId64 ".%s", path, version, ending);
	return name;
}

static struct buffer content;

static void load(int64_t version)
{
	const char *name = log_path(version, "json");
	FILE *file = fopen(name, "rb");
	must(file == NULL, name);
	buffer_release(&content);
	buffer_init(&content, 1 << 20);
	for (int byte = fgetc(file); byte != EOF; byte = fgetc(file))
		buffer_append_byte(&content, (char)byte);
	buffer_append_byte(&content, '\0');
	fclose(file);
}

/* An edited log has no checksum files: they would be right to object, and some are read in place of the log. */
static void store(int64_t version, const char *bytes, size_t size)
{
	for (int64_t i = 0; i <= LATEST; i++)
		must(remove(log_path(i, "crc")) != 0 && errno != ENOENT, "remove checksum");
	FILE *file = fopen(log_path(version, "json"), "wb");
	must(file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0, "write log");
}

/* The text between the first `from` and the next `to`, both included, becomes `by`. */
static void edit_span(int64_t version, const char *from, const char *to, const char *by)
{
	load(version);
	char *start = strstr(content.data, from);
	must(start == NULL, from);
	char *end = strstr(start + strlen(from), to);
	must(end == NULL, to);
	end += strlen(to);
	static char edited[1 << 16];
	int size = snprintf(edited, sizeof(edited), "%.*s%s%s", (int)(start - content.data), content.data, by, end);
	store(version, edited, (size_t)size);
}

static void edit(int64_t version, const char *from, const char *by)
{
	edit_span(version, from, "", by);
}

static bool reads(uint64_t rows, int64_t version)
{
	struct outcome outcome = read_table(path, version, columns, 2);
	bool right = outcome.code == 0 && outcome.rows == rows;
	if (!right)
		printf("# code %d, %" PRIu64 " rows: %s\n", outcome.code, outcome.rows, outcome.why);
	return right;
}

/* A refusal names the table, has the reason, and after a semicolon what to do. */
static bool refused(int64_t version, const char *why)
{
	struct outcome outcome = read_table(path, version, columns, 2);
	bool right = outcome.code == ERROR_DATA && strstr(outcome.why, path) != NULL &&
		     strstr(outcome.why, why) != NULL && strstr(outcome.why, "; ") != NULL;
	if (!right)
		printf("# code %d, %" PRIu64 " rows: %s\n", outcome.code, outcome.rows, outcome.why);
	return right;
}

/* ---- a log that lost something */

static void test_losses(void)
{
	make("whole");
	ok(reads(ROWS, -1) && reads(45, 2) && reads(40, 1) && reads(0, 0), "the whole log reads at every version");
	ok(refused(-5, "no version -5"), "a version below the first is refused");

	make("gap");
	must(unlink(log_path(2, "json")), "unlink");
	ok(refused(-1, "_delta_log is complete"), "a missing commit between others is told");

	make("cut");
	load(3);
	store(3, content.data, strlen(content.data) - 30);
	ok(refused(-1, "version 3 of the log"), "a commit cut within a line is told");
	store(3, content.data, 0);
	ok(refused(-1, "version 3"), "an empty commit is told");
	store(3, "\n", 1);
	ok(refused(-1, "no actions"), "a commit of nothing but a line break is told");

	make("unknown action");
	edit(2, "{\"add\":", "{\"adx\":");
	ok(refused(-1, "\"adx\""), "an unknown action is told by name");

	make("lost line");
	load(2);
	char *line = strstr(content.data, "{\"add\":");
	must(line == NULL || access(log_path(3, "crc"), R_OK) != 0, "find a line and a checksum file");
	FILE *file = fopen(log_path(2, "json"), "wb");
	must(file == NULL, "write log");
	fwrite(content.data, 1, (size_t)(line - content.data), file);
	fclose(file);
	ok(refused(-1, "00000000000000000003.crc"), "a commit that lost a line does not agree with the checksum file");
	ok(refused(2, "lists 1 files"), "nor does an older version");
	ok(reads(40, 1), "the version before is as it was");

	make("deleted rows");
	write_text(log_path(3, "crc"), "{\"numFiles\":2,\"numDeletedRecordsOpt\":3}\n");
	ok(refused(-1, "lists 2 deleted rows"), "deleted rows other than the checksum file counted are told");
	write_text(log_path(3, "crc"), "{\"numFiles\":2,\"numDeletedRecordsOpt\":2}\n");
	ok(reads(ROWS, -1), "a checksum file that agrees is no hindrance");
}

/* ---- pointers and files beside the commits */

static void test_pointers(void)
{
	char name[400];
	make("hint");
	path_in(name, sizeof(name), "hint", "_delta_log/_last_checkpoint");
	write_text(name, "{\"version\":2,\"size\":3}\n");
	ok(refused(-1, "remove _delta_log/_last_checkpoint"), "a hint at a checkpoint that is not there is told");
	write_text(name, "{\"version\":99,\"size\":3}\n");
	ok(refused(-1, "remove _delta_log/_last_checkpoint"), "so is a hint past the newest version");
	write_text(name, "{\"vers");
	ok(reads(ROWS, -1), "a hint that is cut is ignored");

	make("parts");
	write_text(log_path(2, "checkpoint.0000000001.0000000002.parquet"), "half of a checkpoint");
	ok(reads(ROWS, -1), "a checkpoint of which a part is missing is not used");

	make("compacted");
	load(2);
	static char both[1 << 16];
	snprintf(both, sizeof(both), "%s", strstr(content.data, "{\"add\":"));
	load(1);
	strncat(both, strstr(content.data, "{\"add\":"), sizeof(both) - strlen(both) - 1);
	write_text(log_path(1, "00000000000000000002.compacted.json"), both);
	ok(reads(ROWS, -1), "a compacted log reads like the commits it stands for");
}

/* ---- what the log says of a file */

static void test_files(void)
{
	make("count");
	edit(2, "\\\"numRecords\\\":5", "\\\"numRecords\\\":6");
	ok(refused(-1, "it has 5 rows where the log says 6"), "a file with fewer rows than the log says is told");

	make("no statistics");
	edit_span(2, ",\"stats\":\"", "}\"", "");
	ok(reads(ROWS, -1), "a file without statistics is read");
	struct bridge_table *table = open_table(path, -1);
	is_int(bridge_table_info(table)->rows_physical, -1, "a table with such a file does not know its rows");
	bridge_table_close(table);

	make("cardinality");
	edit(3, "\"cardinality\":2", "\"cardinality\":1");
	ok(refused(-1, "it marks 2 rows where the log says 1"),
	   "a deletion vector with other rows than the log says is told");

	make("inline");
	/* A random id in base 85 may hold a brace: the end is looked for by what stands before it. */
	edit_span(3, "\"deletionVector\":{\"storageType\":\"u\"", "\"cardinality\":2}",
		  "\"deletionVector\":{\"storageType\":\"i\",\"pathOrInlineDv\":"
		  "\"^Bg9^0rr910000000000iXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L\",\"sizeInBytes\":44,\"cardinality\":6}");
	ok(reads(39, -1), "a deletion vector within the log is applied");

	char by[400];
	make("absolute");
	snprintf(by, sizeof(by), "\"path\":\"file:%s/part-", path);
	edit(2, "\"path\":\"part-", by);
	ok(reads(ROWS, -1), "a file named by file:/ is read");
	make("absolute too");
	snprintf(by, sizeof(by), "\"path\":\"file://%s/part-", path);
	edit(2, "\"path\":\"part-", by);
	ok(reads(ROWS, -1), "a file named by file:/// is read");
	make("elsewhere");
	edit(2, "\"path\":\"part-", "\"path\":\"s3://bucket/part-");
	ok(refused(-1, "only local files"), "a file in a bucket is refused");
	make("mounted");
	snprintf(by, sizeof(by), "\"path\":\"dbfs:%s/part-", path);
	edit(2, "\"path\":\"part-", by);
	ok(refused(-1, "only local files"), "a file of another scheme is refused though its path exists here");
	make("vacuumed");
	edit(2, "\"path\":\"part-", "\"path\":\"gone-");
	ok(refused(-1, "vacuumed"), "a file that is gone is told");
}

static void test_odd_folder(void)
{
	make("odd #1 ?&+=:;'\"[ü]");
	ok(reads(ROWS, -1), "odd characters in a folder's name are no hindrance");
	path_in(path, sizeof(path), "100%", "");
	must(mkdir(path, 0700), "mkdir");
	ok(refused(-1, "move it"), "a folder with a percent sign is refused, since its log would not be found");
}

/* ---- partition values as other writers spell them */

#define SCHEMA_FIELD(name, type)                                                                                       \
	",{\\\"name\\\":\\\"" name "\\\",\\\"type\\\":\\\"" type "\\\",\\\"nullable\\\":true,\\\"metadata\\\":{}}"

static bool partition_is(struct bridge_table *table, int64_t when)
{
	static const char *const asked[] = {"t", "day", "n", "empty", "flag", "none", "s"};
	struct ArrowArrayStream stream = read_file(table, 0, asked, 7, 100, false);
	struct ArrowArray batch;
	if (stream.get_next(&stream, &batch) != 0) {
		printf("# %s\n", stream.get_last_error(&stream));
		stream.release(&stream);
		return false;
	}
	struct ArrowArray **c = batch.children;
	int128 n;
	memcpy(&n, (const char *)c[2]->buffers[1] + 16 * c[2]->offset, 16);
	bool right = batch.length == 5 && long_at(c[0], 4) == when &&
		     ((const int32_t *)c[1]->buffers[1])[c[1]->offset] == 19782 && n == -1250 && !is_valid(c[3], 4) &&
		     is_valid(c[4], 0) && !is_valid(c[5], 4) && slice_is(text_at(c[6], 0), "a/b %20=é");
	if (!right)
		printf("# %" PRId64 " rows, t %" PRId64 ", day %d, n %" PRId64 ", %d %d %d, s %.*s\n", batch.length,
		       long_at(c[0], 4), ((const int32_t *)c[1]->buffers[1])[c[1]->offset], (int64_t)n,
		       is_valid(c[3], 4), is_valid(c[4], 0), is_valid(c[5], 4), (int)text_at(c[6], 0).size,
		       text_at(c[6], 0).data);
	batch.release(&batch);
	stream.release(&stream);
	return right;
}

static void test_partitions(void)
{
	static const char *const spellings[] = {"2024-02-29 01:02:03.456789", "2024-02-29T01:02:03.456789Z",
						"2024-02-29T03:02:03.456789+02:00", "0001-01-01 00:00:00"};
	static const int64_t times[] = {INT64_C(1709168523456789), INT64_C(1709168523456789), INT64_C(1709168523456789),
					INT64_C(-62135596800000000)};
	for (int i = 0; i < 4; i++) {
		char name[32], values[400];
		snprintf(name, sizeof(name), "partition %d", i);
		make(name);
		edit(0, "\"metadata\\\":{}}]}\"",
		     "\"metadata\\\":{}}" SCHEMA_FIELD("t", "timestamp") SCHEMA_FIELD("day", "date")
			     SCHEMA_FIELD("n", "decimal(9,2)") SCHEMA_FIELD("empty", "date")
				     SCHEMA_FIELD("flag", "boolean") SCHEMA_FIELD("none", "integer")
					     SCHEMA_FIELD("s", "string") "]}\"");
		edit(0, "\"partitionColumns\":[]",
		     "\"partitionColumns\":[\"t\",\"day\",\"n\",\"empty\",\"flag\",\"none\",\"s\"]");
		snprintf(values, sizeof(values),
			 "\"partitionValues\":{\"t\":\"%s\",\"day\":\"2024-02-29\",\"n\":\"-12.50\",\"empty\":\"\","
			 "\"flag\":\"true\",\"none\":null,\"s\":\"a/b %%20=é\"}",
			 spellings[i]);
		edit(2, "\"partitionValues\":{}", values);
		/* Of version 2's two files the newer comes first. */
		struct bridge_table *table = open_table(path, 2);
		ok(partition_is(table, times[i]), "partition values with a timestamp %s are read", spellings[i]);
		bridge_table_close(table);
	}
	make("partition odd");
	edit(0, "\"metadata\\\":{}}]}\"", "\"metadata\\\":{}}" SCHEMA_FIELD("day", "date") "]}\"");
	edit(0, "\"partitionColumns\":[]", "\"partitionColumns\":[\"day\"]");
	edit(2, "\"partitionValues\":{}", "\"partitionValues\":{\"day\":\"someday\"}");
	static const char *const asked[] = {"id", "day"};
	struct outcome outcome = read_table(path, 2, asked, 2);
	ok(outcome.code == ERROR_DATA && strstr(outcome.why, "someday") != NULL,
	   "a partition value that is none of its type is told");
}

/* ---- kinds of table */

#define COORDINATOR "\"delta.coordinatedCommits.commitCoordinator-preview\":"
#define READER(feature) "\"readerFeatures\":[\"deletionVectors\",\"" feature "\"]"
#define WRITER(feature) "\"writerFeatures\":[\"deletionVectors\",\"" feature "\"]"

static void features(const char *name, const char *reader, const char *writer)
{
	make(name);
	if (reader != NULL)
		edit(0, "\"readerFeatures\":[\"deletionVectors\"]", reader);
	edit(0, "\"writerFeatures\":[\"invariants\",\"deletionVectors\"]", writer);
}

static void test_kinds(void)
{
	static const char *const harmless[] = {"appendOnly",      "changeDataFeed",   "generatedColumns",
					       "identityColumns", "checkConstraints", "rowTracking",
					       "clustering",      "domainMetadata",   "icebergCompatV2",
					       "futureWriting"};
	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
		char writer[100];
		snprintf(writer, sizeof(writer), "\"writerFeatures\":[\"deletionVectors\",\"domainMetadata\",\"%s\"]",
			 harmless[i]);
		features(harmless[i], NULL, writer);
		ok(reads(ROWS, -1), "a table with writer feature %s is read", harmless[i]);
	}
	features("future", READER("futureReading"), WRITER("futureReading"));
	ok(refused(-1, "futureReading"), "an unknown reader feature is refused by name");

	make("coordinated");
	edit(0, "\"configuration\":{", "\"configuration\":{" COORDINATOR "\"dynamodb\",");
	ok(refused(-1, "coordinated commits"), "the latest version of a table with coordinated commits is refused");
	ok(reads(ROWS, 3), "a version of it asked for by number is read");
	make("no longer coordinated");
	edit(0, "\"configuration\":{", "\"configuration\":{" COORDINATOR "\"\",");
	ok(reads(ROWS, -1), "a table that left its coordinator is read");

	features("variant", READER("variantType"), WRITER("variantType"));
	edit(0, "\"metadata\\\":{}}]}\"", "\"metadata\\\":{}}" SCHEMA_FIELD("any", "variant") "]}\"");
	ok(reads(ROWS, -1), "the other columns of a table with a variant are read");

	make("void");
	edit(0, "\"metadata\\\":{}}]}\"", "\"metadata\\\":{}}" SCHEMA_FIELD("nothing", "void") "]}\"");
	ok(reads(ROWS, -1), "the other columns of a table with a void column are read");
	static const char *const asked[] = {"id", "nothing"};
	struct outcome outcome = read_table(path, -1, asked, 2);
	ok(outcome.code == 0 ? outcome.rows == ROWS : strstr(outcome.why, path) != NULL,
	   "a void column is null or told");
	make("strange type");
	edit(0, "\"metadata\\\":{}}]}\"", "\"metadata\\\":{}}" SCHEMA_FIELD("odd", "quaternion") "]}\"");
	ok(refused(-1, "quaternion"), "an unknown type is refused by name");
}

int main(void)
{
	tables_begin();
	test_losses();
	test_pointers();
	test_files();
	test_odd_folder();
	test_partitions();
	test_kinds();
	buffer_release(&content);
	tables_end();
	return tap_done();
}
