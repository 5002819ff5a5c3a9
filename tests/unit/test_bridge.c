/* The bridge against tables it wrote itself in a temporary folder: rows, types, versions, and each error it promises.
 */
#include <pthread.h>

#include "base/decimal.h"
#include "tests/unit/test_bridge_table.h"

static void test_history(void)
{
	char path[256];
	path_in(path, sizeof(path), "simple", "");
	struct column *root = simple_new();
	create(path, root, "", "deletionVectors");

	struct bridge_table *table = open_table(path, -1);
	is_int(bridge_table_info(table)->version, 0, "a created table has version 0");
	is_int(bridge_table_info(table)->file_count, 0, "a created table has no files");
	is_int(bridge_table_info(table)->rows_physical, 0, "a created table has no rows");
	ok(strstr(bridge_table_info(table)->features, "deletionVectors") != NULL, "its features name deletion vectors");
	ok(strstr(bridge_table_info(table)->schema_json, "\"long\"") != NULL, "its schema is Delta's own text");
	ok(bridge_table_info(table)->commit_time_ms > INT64_C(1500000000000), "its commit time is a time");
	is_text(bridge_table_info(table)->partition_columns, "", "it has no partition columns");
	is_int(strlen(bridge_table_info(table)->table_id), 36, "its id is a UUID");
	bridge_table_close(table);

	struct bridge_writer *writer = NULL;
	must(bridge_writer_begin(path, &writer, &error), "begin");
	int64_t last = 0;
	must(bridge_writer_last_transaction(writer, "test app", &last, &error), "last transaction");
	is_int(last, -1, "an app that never committed has transaction -1");
	for (int i = 0; i < 5; i++)
		simple_row(root, (const char *[]){"a", "b", "c", "d", "e"}[i], i == 2 ? -1 : i);
	add(writer, root);
	simple_row(root, "f", 100);
	add(writer, root);
	is_int(commit(writer, "WRITE", 7), 1, "the first commit of rows is version 1");

	must(bridge_writer_begin(path, &writer, &error), "begin");
	must(bridge_writer_last_transaction(writer, "test app", &last, &error), "last transaction");
	is_int(last, 7, "the committed transaction is read back");
	struct bridge_table *base = bridge_writer_table(writer);
	uint64_t big = bridge_table_file(base, 0)->rows_physical == 5 ? 0 : 1;
	must(bridge_writer_delete_rows(writer, big, (const int64_t[]){1, 3}, 2, &error), "delete rows");
	must(bridge_writer_remove_file(writer, 1 - big, &error), "remove file");
	simple_row(root, "b", 11);
	add(writer, root);
	is_int(commit(writer, "MERGE", 8), 2, "deletes, a removed file and new rows are one commit");

	table = open_table(path, -1);
	const char *rows = dump(table, true);
	ok(strstr(rows, "a=0@0 c@2 e=4@4 |") != NULL, "deleted rows are gone and positions are physical");
	ok(strstr(rows, "b=11@0 |") != NULL, "the added row is there");
	ok(strstr(rows, "f=") == NULL, "the removed file's row is gone");
	is_int(bridge_table_info(table)->file_count, 2, "two files are left");
	is_int(bridge_table_info(table)->rows_physical, 6, "physical rows come from statistics");
	is_int(bridge_table_info(table)->rows_deleted, 2, "deleted rows come from the deletion vector");
	const struct bridge_file *file = bridge_table_file(table, 0);
	file = file->rows_deleted == 2 ? file : bridge_table_file(table, 1);
	ok(strlen(file->deletion_vector) > 20, "a file with deleted rows names its deletion vector");
	ok(file->size_bytes > 0 && file->modification_time_ms > 0, "a file has a size and a time");
	ok(bridge_table_file(table, 2) == NULL, "there is no file past the last");

	const struct bridge_version *versions;
	uint64_t count;
	must(bridge_table_versions(table, 10, &versions, &count, &error), "versions");
	ok(count == 3 && versions[0].version == 2 && versions[2].version == 0, "the history is newest first");
	is_text(versions[0].operation, "MERGE", "the history names the operation");
	is_text(versions[2].operation, "CREATE TABLE", "the history goes back to the creation");
	must(bridge_table_versions(table, 1, &versions, &count, &error), "versions");
	is_int(count, 1, "the history is limited as asked");
	bridge_table_close(table);

	table = open_table(path, 1);
	rows = dump(table, false);
	ok(strstr(rows, "a=0 b=1 c d=3 e=4 |") != NULL && strstr(rows, "f=100 |") != NULL,
	   "an older version has the older rows");
	bridge_table_close(table);

	must(bridge_writer_begin(path, &writer, &error), "begin");
	base = bridge_writer_table(writer);
	big = bridge_table_file(base, 0)->rows_deleted == 2 ? 0 : 1;
	must(bridge_writer_delete_rows(writer, big, (const int64_t[]){0}, 1, &error), "delete rows");
	commit(writer, "DELETE", -1);
	table = open_table(path, -1);
	ok(strstr(dump(table, true), "c@2 e=4@4 |") != NULL, "a second deletion vector holds the first one's rows too");
	bridge_table_close(table);

	must(bridge_table_checkpoint(path, &error), "checkpoint");
	char name[300];
	path_in(name, sizeof(name), "simple", "_delta_log/00000000000000000003.checkpoint.parquet");
	is_int(access(name, R_OK), 0, "the checkpoint is written");
	path_in(name, sizeof(name), "simple", "_delta_log/00000000000000000001.json");
	is_int(unlink(name), 0, "a commit before the checkpoint can be cleaned up");
	table = open_table(path, -1);
	ok(strstr(dump(table, true), "c@2 e=4@4 |") != NULL, "the table is read from its checkpoint");
	is_int(bridge_table_info(table)->rows_deleted, 3, "the checkpoint keeps deletion vectors");
	bridge_table_close(table);
	must(bridge_writer_begin(path, &writer, &error), "begin");
	must(bridge_writer_last_transaction(writer, "test app", &last, &error), "last transaction");
	is_int(last, 8, "the checkpoint keeps transactions");
	bridge_writer_abort(writer);
	column_free(root);
}

/* ---- every type */

static struct column *types_new(void)
{
	struct column *root = column_new("", "+s", false);
	static const char *const scalars[][2] = {{"s", "u"},     {"z", "z"},        {"b", "b"},         {"i", "i"},
						 {"l", "l"},     {"g", "g"},        {"d38", "d:38,10"}, {"d9", "d:9,2"},
						 {"day", "tdD"}, {"ts", "tsu:UTC"}, {"ntz", "tsu:"}};
	bool made = true;
	for (size_t i = 0; i < sizeof(scalars) / sizeof(scalars[0]); i++)
		made = made && column_add_child(root, column_new(scalars[i][0], scalars[i][1], true));
	struct column *list = column_new("a", "+l", true);
	made = made && column_add_child(list, column_new("element", "u", true)) && column_add_child(root, list);
	made = made && column_add_child(root, column_new_map("m", true, column_new("key", "u", false),
							     column_new("value", "u", true)));
	struct column *record = column_new("r", "+s", true);
	made = made && column_add_child(record, column_new("x", "i", true)) &&
	       column_add_child(record, column_new("y", "u", true)) && column_add_child(root, record);
	must(!made, "build columns");
	return root;
}

static void types_row(struct column *root)
{
	int128 big = -1, small = 12345;
	for (int i = 0; i < 37; i++)
		big *= 10;
	column_append_bytes(column_child(root, 0), text("gr\xc3\xbc\xc3\x9f\x65"));
	column_append_bytes(column_child(root, 1), (struct slice){"\0\xff\1", 3});
	column_append_bool(column_child(root, 2), true);
	column_append_i32(column_child(root, 3), INT32_MIN);
	column_append_i64(column_child(root, 4), INT64_MAX);
	column_append_double(column_child(root, 5), -0.5);
	column_append_decimal(column_child(root, 6), &big);
	column_append_decimal(column_child(root, 7), &small);
	column_append_i32(column_child(root, 8), 20454);
	column_append_i64(column_child(root, 9), INT64_C(1767323045123456));
	column_append_i64(column_child(root, 10), INT64_C(-1));
	struct column *list = column_child(root, 11);
	column_append_bytes(column_element(list, 0), text("x"));
	column_append_null(column_element(list, 0));
	column_append_list(list);
	struct column *map = column_child(root, 12);
	column_append_bytes(column_element(map, 0), text("k"));
	column_append_bytes(column_element(map, 1), text("v"));
	column_append_struct(column_child(map, 0));
	column_append_list(map);
	struct column *record = column_child(root, 13);
	column_append_i32(column_child(record, 0), 5);
	column_append_null(column_child(record, 1));
	column_append_struct(record);
	column_append_struct(root);
}

static void check_types(const struct ArrowSchema *schema, const struct ArrowArray *batch, const char *table)
{
	static const char *const formats[] = {"u",     "z",   "b",       "i",    "l",  "g",  "d:38,10",
					      "d:9,2", "tdD", "tsu:UTC", "tsu:", "+l", "+m", "+s"};
	bool same = schema->n_children == 14 && batch->n_children == 14 && batch->length == 2;
	for (int i = 0; same && i < 14; i++) {
		same = strcmp(schema->children[i]->format, formats[i]) == 0;
		if (!same)
			printf("# column %s is %s\n", schema->children[i]->name, schema->children[i]->format);
	}
	ok(same, "%s: every column has its Arrow format", table);
	struct ArrowArray **c = batch->children;
	ok(slice_is(text_at(c[0], 0), "gr\xc3\xbc\xc3\x9f\x65"), "%s: a string keeps its bytes", table);
	ok(slice_equal(text_at(c[1], 0), (struct slice){"\0\xff\1", 3}), "%s: a binary keeps its bytes", table);
	ok((((const uint8_t *)c[2]->buffers[1])[c[2]->offset / 8] >> (c[2]->offset % 8) & 1) == 1, "%s: a boolean",
	   table);
	ok(((const int32_t *)c[3]->buffers[1])[c[3]->offset] == INT32_MIN, "%s: the smallest int", table);
	ok(long_at(c[4], 0) == INT64_MAX, "%s: the greatest bigint", table);
	ok(((const double *)c[5]->buffers[1])[c[5]->offset] == -0.5, "%s: a double", table);
	int128 big, want = -1;
	for (int i = 0; i < 37; i++)
		want *= 10;
	memcpy(&big, (const char *)c[6]->buffers[1] + 16 * c[6]->offset, 16);
	ok(big == want, "%s: a decimal of 38 digits", table);
	memcpy(&big, (const char *)c[7]->buffers[1] + 16 * c[7]->offset, 16);
	ok(big == 12345, "%s: a decimal of 9 digits", table);
	ok(((const int32_t *)c[8]->buffers[1])[c[8]->offset] == 20454, "%s: a date", table);
	ok(long_at(c[9], 0) == INT64_C(1767323045123456), "%s: a timestamp to the microsecond", table);
	ok(long_at(c[10], 0) == -1, "%s: a timestamp without zone, before 1970", table);
	const int32_t *offsets = c[11]->buffers[1];
	ok(offsets[c[11]->offset + 1] - offsets[c[11]->offset] == 2 && slice_is(text_at(c[11]->children[0], 0), "x") &&
		   !is_valid(c[11]->children[0], 1),
	   "%s: an array with a null element", table);
	ok(slice_is(text_at(c[12]->children[0]->children[0], 0), "k") &&
		   slice_is(text_at(c[12]->children[0]->children[1], 0), "v"),
	   "%s: a map", table);
	ok(((const int32_t *)c[13]->children[0]->buffers[1])[0] == 5 && !is_valid(c[13]->children[1], 0),
	   "%s: a struct with a null field", table);
	bool nulls = true;
	for (int i = 0; i < 14; i++)
		nulls = nulls && is_valid(c[i], 0) && !is_valid(c[i], 1);
	ok(nulls, "%s: a row of nulls is null in every column", table);
}

static void test_types(const char *name, const char *features)
{
	char path[256];
	path_in(path, sizeof(path), name, "");
	struct column *root = types_new();
	create(path, root, "", features);
	struct bridge_writer *writer = NULL;
	must(bridge_writer_begin(path, &writer, &error), "begin");
	types_row(root);
	for (uint64_t i = 0; i < column_child_count(root); i++)
		column_append_null(column_child(root, i));
	column_append_struct(root);
	add(writer, root);
	commit(writer, "WRITE", -1);

	struct bridge_table *table = open_table(path, -1);
	const char *columns[14];
	for (uint64_t i = 0; i < 14; i++)
		columns[i] = column_name(column_child(root, i));
	struct ArrowArrayStream stream = read_file(table, 0, columns, 14, 65536, false);
	struct ArrowSchema schema;
	struct ArrowArray batch;
	must(stream.get_schema(&stream, &schema), "stream schema");
	must(stream.get_next(&stream, &batch), "stream batch");
	check_types(&schema, &batch, name);
	schema.release(&schema);
	batch.release(&batch);
	must(stream.get_next(&stream, &batch), "stream end");
	ok(batch.release == NULL, "%s: the stream ends after its rows", name);
	stream.release(&stream);
	must(bridge_table_schema(table, &schema, &error), "table schema");
	ok(schema.n_children == 14 && strcmp(schema.children[13]->name, "r") == 0, "%s: the table's schema", name);
	schema.release(&schema);

	static const char *const chosen[] = {"l", "s"};
	stream = read_file(table, 0, chosen, 2, 1, true);
	must(stream.get_next(&stream, &batch), "stream batch");
	ok(batch.n_children == 3 && batch.length == 1 && long_at(batch.children[0], 0) == INT64_MAX &&
		   slice_is(text_at(batch.children[1], 0), "gr\xc3\xbc\xc3\x9f\x65") &&
		   long_at(batch.children[2], 0) == 0,
	   "%s: chosen columns come in the asked order, in batches as small as asked", name);
	batch.release(&batch);
	stream.release(&stream);
	stream = read_file(table, 0, NULL, 0, 65536, false);
	must(stream.get_next(&stream, &batch), "stream batch");
	ok(batch.n_children == 0 && batch.length == 2, "%s: no columns at all still count rows", name);
	batch.release(&batch);
	stream.release(&stream);
	bridge_table_close(table);
	column_free(root);
}

/* ---- partitions */

static void test_partitions(void)
{
	char path[256];
	path_in(path, sizeof(path), "partitioned", "");
	struct column *root = simple_new();
	must(!column_add_child(root, column_new("region", "u", true)), "add column");
	create(path, root, "region", "deletionVectors");
	struct bridge_writer *writer = NULL;
	must(bridge_writer_begin(path, &writer, &error), "begin");
	static const char *const regions[] = {"eu west=1;", "us", NULL, "us"};
	for (int i = 0; i < 4; i++) {
		if (regions[i] == NULL)
			column_append_null(column_child(root, 2));
		else
			column_append_bytes(column_child(root, 2), text(regions[i]));
		simple_row(root, (const char *[]){"a", "b", "c", "d"}[i], i);
	}
	add(writer, root);
	commit(writer, "WRITE", -1);

	struct bridge_table *table = open_table(path, -1);
	is_text(bridge_table_info(table)->partition_columns, "region", "a partitioned table says by what");
	is_int(bridge_table_info(table)->file_count, 3, "one file for each partition");
	int found = 0;
	static const char *const columns[] = {"region", "id"};
	for (uint64_t file = 0; file < 3; file++) {
		const char *values = bridge_table_file(table, file)->partition_values;
		struct ArrowArrayStream stream = read_file(table, file, columns, 2, 65536, true);
		struct ArrowArray batch;
		must(stream.get_next(&stream, &batch), "stream batch");
		if (strcmp(values, "region=us;") == 0)
			found += batch.length == 2 && slice_is(text_at(batch.children[0], 1), "us") &&
				 slice_is(text_at(batch.children[1], 1), "d") && long_at(batch.children[2], 1) == 1;
		else if (strcmp(values, "region=eu west%3D1%3B;") == 0)
			found += slice_is(text_at(batch.children[0], 0), "eu west=1;") ? 1 : 0;
		else if (strcmp(values, "region;") == 0)
			found += is_valid(batch.children[0], 0) ? 0 : 1;
		batch.release(&batch);
		stream.release(&stream);
		stream = read_file(table, file, columns, 1, 65536, false);
		must(stream.get_next(&stream, &batch), "stream batch");
		found += batch.n_children == 1 && batch.length == (strcmp(values, "region=us;") == 0 ? 2 : 1);
		batch.release(&batch);
		stream.release(&stream);
	}
	is_int(found, 6, "partition values, nulls and odd characters included, are filled in");
	bridge_table_close(table);

	must(bridge_writer_begin(path, &writer, &error), "begin");
	must(bridge_writer_delete_rows(writer, 0, (const int64_t[]){0}, 1, &error), "delete rows");
	ok(commit(writer, "DELETE", -1) == 2, "rows of a partitioned table can be deleted");
	table = open_table(path, -1);
	is_int(bridge_table_info(table)->rows_deleted, 1, "the partitioned table has a deleted row");
	bridge_table_close(table);
	column_free(root);
}

/* ---- errors */

static void test_missing_tables(void)
{
	char path[256];
	struct bridge_table *table;
	path_in(path, sizeof(path), "nowhere", "");
	ok(said(bridge_table_open(path, -1, &table, &error), ERROR_DATA, "does not exist"), "a missing folder is told");
	ok(table == NULL, "a table that could not be opened is NULL");
	must(mkdir(path, 0700), "mkdir");
	ok(said(bridge_table_open(path, -1, &table, &error), ERROR_DATA, "no Delta table"),
	   "a folder without log is told");
	path_in(path, sizeof(path), "nowhere", "file");
	write_text(path, "x");
	ok(said(bridge_table_open(path, -1, &table, &error), ERROR_DATA, "is a file"), "a file is no table");
	ok(said(bridge_table_open("s3://bucket/t", -1, &table, &error), ERROR_DATA, "only local"),
	   "S3 is refused for now");
	path_in(path, sizeof(path), "simple", "");
	ok(said(bridge_table_open(path, 99, &table, &error), ERROR_DATA, "has no version 99; its log holds"),
	   "a missing version is told with those there are");
	struct bridge_writer *writer;
	path_in(path, sizeof(path), "nowhere", "");
	ok(said(bridge_writer_begin(path, &writer, &error), ERROR_DATA, "no Delta table"), "a writer needs a table");
	struct ArrowSchema schema;
	struct column *root = simple_new();
	path_in(path, sizeof(path), "simple", "");
	must(column_schema(root, &schema, &error), "describe");
	ok(said(bridge_table_create(path, &schema, "", "", &error), ERROR_DATA, "already"),
	   "a table is not made twice");
	path_in(path, sizeof(path), "odd", "");
	ok(said(bridge_table_create(path, &schema, "", "magic", &error), ERROR_DATA, "magic"),
	   "an unknown feature is told");
	schema.release(&schema);
	column_free(root);
}

static void test_features(void)
{
	static const char log[] =
		"{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":[\"%s\"],"
		"\"writerFeatures\":[\"%s\"%s]}}\n"
		"{\"metaData\":{\"id\":\"a\",\"format\":{\"provider\":\"parquet\",\"options\":{}},\"schemaString\":"
		"\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[{\\\"name\\\":\\\"id\\\",\\\"type\\\":\\\"string\\\","
		"\\\"nullable\\\":true,\\\"metadata\\\":{}}]}\",\"partitionColumns\":[],\"configuration\":{%s},"
		"\"createdTime\":0}}\n";
	static const char *const cases[][5] = {
		{"future", "futureFeature", "", "", "futureFeature"},
		{"catalog", "catalogManaged", ",\"inCommitTimestamp\"", "\"delta.enableInCommitTimestamps\":\"true\"",
		 "catalog-managed"},
	};
	for (size_t i = 0; i < 2; i++) {
		char path[256], content[2000];
		path_in(path, sizeof(path), cases[i][0], "");
		must(mkdir(path, 0700), "mkdir");
		path_in(path, sizeof(path), cases[i][0], "_delta_log");
		must(mkdir(path, 0700), "mkdir");
		path_in(path, sizeof(path), cases[i][0], "_delta_log/00000000000000000000.json");
		snprintf(content, sizeof(content), log, cases[i][1], cases[i][1], cases[i][2], cases[i][3]);
		write_text(path, content);
		path_in(path, sizeof(path), cases[i][0], "");
		struct bridge_table *table;
		ok(said(bridge_table_open(path, -1, &table, &error), ERROR_DATA, cases[i][4]), "%s is refused by name",
		   cases[i][1]);
	}
}

/* A file may be refused when it is opened or while it is read; `why` is the reason either way. */
static int read_to_end(struct bridge_table *table, const char **why)
{
	static const char *const columns[] = {"id", "v"};
	static char reason[ERROR_MESSAGE_MAX];
	struct ArrowArrayStream stream;
	struct ArrowArray batch = {0};
	*why = reason;
	int code = bridge_file_read(table, 0, columns, 2, 65536, false, &stream, &error);
	snprintf(reason, sizeof(reason), "%s", code == 0 ? "" : error.message);
	if (code != 0)
		return code;
	while ((code = stream.get_next(&stream, &batch)) == 0 && batch.release != NULL)
		batch.release(&batch);
	if (code != 0) {
		snprintf(reason, sizeof(reason), "%s", stream.get_last_error(&stream));
		ok(stream.get_next(&stream, &batch) != 0, "a failed stream stays failed");
	}
	stream.release(&stream);
	return code;
}

static void damaged(const char *file, int fd, off_t at, const char *bytes, size_t size)
{
	must(fd < 0, file);
	must(pwrite(fd, bytes, size, at) != (ssize_t)size, "damage");
	close(fd);
}

static void test_damage(void)
{
	char path[256], file[512];
	path_in(path, sizeof(path), "damaged", "");
	struct column *root = simple_new();
	create(path, root, "", "deletionVectors");
	struct bridge_writer *writer = NULL;
	must(bridge_writer_begin(path, &writer, &error), "begin");
	for (int i = 0; i < 3; i++)
		simple_row(root, "some key", i);
	add(writer, root);
	commit(writer, "WRITE", -1);
	find_parquet("damaged", file, sizeof(file));
	struct bridge_table *table = open_table(path, -1);
	struct ArrowArrayStream stream;
	const char *why;

	static const char *const unknown[] = {"id", "nothing"};
	ok(said(bridge_file_read(table, 0, unknown, 2, 10, false, &stream, &error), ERROR_DATA,
		"no column \"nothing\""),
	   "an unknown column is told");
	ok(said(bridge_file_read(table, 9, unknown, 1, 10, false, &stream, &error), ERROR_INTERNAL, "no file 9"),
	   "a file that is not there is told");

	damaged(file, open(file, O_WRONLY), 10, "\xff\xff\xff\xff\xff\xff", 6);
	int code = read_to_end(table, &why);
	ok(code == ERROR_DATA && strstr(why, "cannot be decoded") != NULL, "damaged pages are told");
	struct stat status;
	must(stat(file, &status), "stat");
	damaged(file, open(file, O_WRONLY), status.st_size - 4, "XXXX", 4);
	code = read_to_end(table, &why);
	ok(code == ERROR_DATA && strstr(why, "cannot be decoded") != NULL, "a damaged footer is told");
	must(truncate(file, 20), "truncate");
	code = read_to_end(table, &why);
	ok(code == ERROR_DATA && strstr(why, file + strlen(path) + 1) != NULL, "a cut file is told by name");
	must(unlink(file), "unlink");
	code = read_to_end(table, &why);
	ok(code == ERROR_DATA && strstr(why, "missing") != NULL, "a missing data file is told");
	bridge_table_close(table);
	column_free(root);
}

static void test_conflict(void)
{
	char path[256];
	path_in(path, sizeof(path), "simple", "");
	struct bridge_writer *first = NULL, *second = NULL;
	must(bridge_writer_begin(path, &first, &error), "begin");
	must(bridge_writer_begin(path, &second, &error), "begin");
	struct column *root = simple_new();
	simple_row(root, "x", 1);
	add(first, root);
	simple_row(root, "y", 1);
	add(second, root);
	commit(first, "WRITE", -1);
	int64_t version;
	ok(said(bridge_writer_commit(second, "WRITE", NULL, 0, &version, &error), ERROR_IO, "conflict"),
	   "a lost race is a conflict");
	must(bridge_writer_begin(path, &first, &error), "begin");
	ok(said(bridge_writer_delete_rows(first, 99, &(int64_t){0}, 1, &error), ERROR_INTERNAL, "no file 99"),
	   "rows of an unknown file cannot be deleted");
	must(bridge_writer_delete_rows(first, 0, &(int64_t){1000}, 1, &error), "delete rows");
	ok(said(bridge_writer_commit(first, "DELETE", NULL, 0, &version, &error), ERROR_INTERNAL, "past the end"),
	   "rows past a file's end cannot be deleted");
	bridge_writer_abort(NULL);
	bridge_table_close(NULL);
	column_free(root);
}

/* ---- threads */

static void *count_rows(void *argument)
{
	struct bridge_table *table = argument;
	static const char *const columns[] = {"v"};
	int64_t sum = 0;
	for (uint64_t file = 0; file < bridge_table_info(table)->file_count; file++) {
		struct ArrowArrayStream stream;
		struct error own = {0};
		if (bridge_file_read(table, file, columns, 1, 1000, false, &stream, &own) != 0)
			return NULL;
		struct ArrowArray batch;
		while (stream.get_next(&stream, &batch) == 0 && batch.release != NULL) {
			for (int64_t row = 0; row < batch.length; row++)
				sum += long_at(batch.children[0], row);
			batch.release(&batch);
		}
		stream.release(&stream);
	}
	return (void *)(intptr_t)sum;
}

static void test_threads(void)
{
	char path[256];
	path_in(path, sizeof(path), "threads", "");
	struct column *root = simple_new();
	create(path, root, "", "");
	struct bridge_writer *writer = NULL;
	must(bridge_writer_begin(path, &writer, &error), "begin");
	for (int file = 0; file < 4; file++) {
		for (int row = 0; row < 5000; row++)
			simple_row(root, "k", row);
		add(writer, root);
	}
	commit(writer, "WRITE", -1);
	struct bridge_table *table = open_table(path, -1);
	pthread_t threads[4];
	for (int i = 0; i < 4; i++)
		must(pthread_create(&threads[i], NULL, count_rows, table), "thread");
	bool right = true;
	for (int i = 0; i < 4; i++) {
		void *sum;
		must(pthread_join(threads[i], &sum), "join");
		right = right && (intptr_t)sum == 4 * (5000 * 4999 / 2);
	}
	ok(right, "four threads reading all files see the same rows");
	bridge_table_close(table);
	column_free(root);
}

int main(void)
{
	tables_begin();
	test_history();
	test_types("types", "deletionVectors");
	test_types("mapped", "deletionVectors,columnMapping");
	test_partitions();
	test_missing_tables();
	test_features();
	test_damage();
	test_conflict();
	test_threads();
	tables_end();
	return tap_done();
}
