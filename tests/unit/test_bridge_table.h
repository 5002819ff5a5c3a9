/* test_bridge_table - tables in a temporary folder, made and read through the bridge, for the tests of the bridge.
 *
 * Header-only. tables_begin() makes the folder, tables_end() removes it. Helpers die ("Bail out!") where going on makes
 * no sense; `error` is what the last call said. One thread. */
#ifndef LAKEPROOF_TESTS_UNIT_TEST_BRIDGE_TABLE_H
#define LAKEPROOF_TESTS_UNIT_TEST_BRIDGE_TABLE_H

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/prng.h"
#include "bridge/read.h"
#include "bridge/write.h"
#include "scenarios/pipelines/embedded/batch.h"
#include "tests/tap.h"

static char folder[] = "/tmp/lakeproof-test-bridge-XXXXXX";
static struct error error;

static inline void path_in(char *path, size_t size, const char *table, const char *file)
{
	snprintf(path, size, "%s/%s%s%s", folder, table, *file == '\0' ? "" : "/", file);
}

static inline int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status;
	(void)kind;
	(void)walk;
	return remove(path);
}

/* Dies where going on makes no sense. */
static inline void must(int code, const char *what)
{
	if (code == 0)
		return;
	printf("Bail out! %s: %d %s\n", what, code, error.message);
	exit(1);
}

static inline bool said(int code, int want, const char *text)
{
	bool right = code == want && error.code == want && strstr(error.message, text) != NULL;
	if (!right)
		printf("# code %d, message: %s\n", code, error.message);
	error = (struct error){0};
	return right;
}

static inline struct slice text(const char *value)
{
	return slice_from(value);
}

/* ---- one table of id and v, the simplest thing with a history */

static inline struct column *simple_new(void)
{
	struct column *root = column_new("", "+s", false);
	bool made = column_add_child(root, column_new("id", "u", false)) &&
		    column_add_child(root, column_new("v", "l", true));
	must(!made, "build columns");
	return root;
}

static inline void simple_row(struct column *root, const char *id, int64_t v)
{
	column_append_bytes(column_child(root, 0), text(id));
	if (v < 0)
		column_append_null(column_child(root, 1));
	else
		column_append_i64(column_child(root, 1), v);
	column_append_struct(root);
}

static inline void create(const char *path, struct column *root, const char *partitions, const char *features)
{
	struct ArrowSchema schema;
	must(column_schema(root, &schema, &error), "describe");
	must(bridge_table_create(path, &schema, partitions, features, &error), "create");
	schema.release(&schema);
}

static inline void add(struct bridge_writer *writer, struct column *root)
{
	struct ArrowArrayStream rows;
	must(batch_finish(root, &rows, &error), "finish batch");
	must(bridge_writer_add(writer, &rows, &error), "add");
}

static inline int64_t commit(struct bridge_writer *writer, const char *operation, int64_t transaction)
{
	int64_t version = -1;
	must(bridge_writer_commit(writer, operation, transaction < 0 ? NULL : "test app", transaction, &version,
				  &error),
	     "commit");
	return version;
}

static inline struct bridge_table *open_table(const char *path, int64_t version)
{
	struct bridge_table *table = NULL;
	must(bridge_table_open(path, version, &table, &error), "open");
	return table;
}

static inline struct ArrowArrayStream read_file(struct bridge_table *table, uint64_t index, const char *const *columns,
						uint64_t count, uint64_t batch, bool positions)
{
	struct ArrowArrayStream stream;
	must(bridge_file_read(table, index, columns, count, batch, positions, &stream, &error), "read");
	return stream;
}

static inline bool is_valid(const struct ArrowArray *array, int64_t row)
{
	const uint8_t *bits = array->buffers[0];
	int64_t at = array->offset + row;
	return bits == NULL || (bits[at / 8] >> (at % 8) & 1) != 0;
}

static inline struct slice text_at(const struct ArrowArray *array, int64_t row)
{
	const int32_t *offsets = array->buffers[1];
	const char *bytes = array->buffers[2];
	int64_t at = array->offset + row;
	return (struct slice){bytes + offsets[at], (size_t)(offsets[at + 1] - offsets[at])};
}

static inline int64_t long_at(const struct ArrowArray *array, int64_t row)
{
	return ((const int64_t *)array->buffers[1])[array->offset + row];
}

/* All files as "id=v@position ", files separated by "|". */
static inline const char *dump(struct bridge_table *table, bool positions)
{
	static struct buffer out;
	buffer_release(&out);
	buffer_init(&out, 1 << 20);
	static const char *const columns[] = {"id", "v"};
	for (uint64_t file = 0; file < bridge_table_info(table)->file_count; file++) {
		struct ArrowArrayStream stream = read_file(table, file, columns, 2, 2, positions);
		struct ArrowArray batch;
		while (stream.get_next(&stream, &batch) == 0 && batch.release != NULL) {
			for (int64_t row = 0; row < batch.length; row++) {
				buffer_append_slice(&out, text_at(batch.children[0], row));
				if (is_valid(batch.children[1], row))
					buffer_printf(&out, "=%" PRId64, long_at(batch.children[1], row));
				if (positions)
					buffer_printf(&out, "@%" PRId64, long_at(batch.children[2], row));
				buffer_append_byte(&out, ' ');
			}
			batch.release(&batch);
		}
		if (stream.get_last_error(&stream) != NULL)
			buffer_append_text(&out, stream.get_last_error(&stream));
		stream.release(&stream);
		buffer_append_byte(&out, '|');
	}
	buffer_append_byte(&out, '\0');
	return out.data;
}

struct outcome {
	int code;
	uint64_t rows;
	uint64_t identity; /* of the ids, in whatever order they come */
	char why[ERROR_MESSAGE_MAX];
};

static inline void take(struct outcome *outcome, const struct ArrowArray *batch)
{
	outcome->rows += (uint64_t)batch->length;
	for (int64_t row = 0; row < batch->length; row++) {
		struct slice id = text_at(batch->children[0], row);
		uint64_t hash = id.size;
		for (size_t i = 0; i < id.size; i++)
			hash = prng_mix(hash ^ (unsigned char)id.data[i]);
		outcome->identity += hash;
	}
}

/* The whole table, to the first error. The first column is a string. */
static inline struct outcome read_table(const char *path, int64_t version, const char *const *columns, uint64_t count)
{
	struct outcome outcome = {0};
	struct bridge_table *table = NULL;
	error = (struct error){0};
	outcome.code = bridge_table_open(path, version, &table, &error);
	snprintf(outcome.why, sizeof(outcome.why), "%s", error.message);
	for (uint64_t file = 0; outcome.code == 0 && file < bridge_table_info(table)->file_count; file++) {
		struct ArrowArrayStream stream;
		struct ArrowArray batch = {0};
		outcome.code = bridge_file_read(table, file, columns, count, 7, false, &stream, &error);
		snprintf(outcome.why, sizeof(outcome.why), "%s", error.message);
		if (outcome.code != 0)
			break;
		while ((outcome.code = stream.get_next(&stream, &batch)) == 0 && batch.release != NULL) {
			take(&outcome, &batch);
			batch.release(&batch);
		}
		if (outcome.code != 0)
			snprintf(outcome.why, sizeof(outcome.why), "%s", stream.get_last_error(&stream));
		stream.release(&stream);
	}
	bridge_table_close(table);
	return outcome;
}

static inline void write_text(const char *path, const char *content)
{
	FILE *file = fopen(path, "w");
	must(file == NULL || fputs(content, file) < 0 || fclose(file) != 0, path);
}

/* The folder's only Parquet file. */
static inline void find_parquet(const char *table, char *path, size_t size)
{
	char name[256];
	path_in(name, sizeof(name), table, "");
	DIR *dir = opendir(name);
	must(dir == NULL, name);
	for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
		if (strstr(entry->d_name, ".parquet") != NULL)
			path_in(path, size, table, entry->d_name);
	closedir(dir);
}

static inline void tables_begin(void)
{
	must(mkdtemp(folder) == NULL, "mkdtemp");
}

static inline void tables_end(void)
{
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
