#include "bridge/fake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/write.h"

enum { VERSIONS_MAX = 64 };

struct fake_file {
	struct bridge_file info;
	struct ArrowArray *batches;
	int64_t batch_count;
	int64_t *deleted; /* ascending */
	int64_t deleted_count;
	bool fails;
	uint64_t fails_after;
	int fail_code;
	char *fail_message;
};

struct bridge_table {
	char *path;
	struct ArrowSchema schema;
	struct bridge_info info;
	struct fake_file *files;
	struct bridge_version versions[VERSIONS_MAX];
	uint64_t version_count;
	struct bridge_table *next;
};

static struct bridge_table *tables;

static void *need(void *memory)
{
	if (memory == NULL)
		abort();
	return memory;
}

static void *zeroed(int64_t count, size_t size)
{
	return need(calloc((size_t)(count > 0 ? count : 1), size));
}

static void *grown(void *array, uint64_t count, size_t size)
{
	return need(realloc(array, (size_t)(count + 1) * size));
}

static struct bridge_table *find(const char *path)
{
	for (struct bridge_table *table = tables; table != NULL; table = table->next)
		if (strcmp(table->path, path) == 0)
			return table;
	return NULL;
}

static struct bridge_table *existing(const char *path)
{
	return need(find(path));
}

void fake_table(const char *path, struct ArrowSchema *schema)
{
	if (find(path) != NULL)
		abort();
	struct bridge_table *table = zeroed(1, sizeof(*table));
	table->path = need(strdup(path));
	table->schema = *schema;
	schema->release = NULL;
	table->info.table_id = "00000000-0000-0000-0000-000000000000";
	table->info.schema_json = "{}";
	table->info.features = "reader 1, writer 2";
	table->info.partition_columns = "";
	table->next = tables;
	tables = table;
}

/* ---- schemas */

static void schema_release(struct ArrowSchema *schema)
{
	for (int64_t i = 0; i < schema->n_children; i++) {
		schema->children[i]->release(schema->children[i]);
		free(schema->children[i]);
	}
	free(schema->children);
	free((void *)(uintptr_t)schema->name);
	free((void *)(uintptr_t)schema->format);
	schema->release = NULL;
}

static struct ArrowSchema schema_made(const char *name, const char *format, int64_t flags, int64_t children)
{
	struct ArrowSchema schema = {0};
	schema.name = need(strdup(name));
	schema.format = need(strdup(format));
	schema.flags = flags;
	schema.n_children = children;
	schema.children = zeroed(children, sizeof(*schema.children));
	schema.release = schema_release;
	for (int64_t i = 0; i < children; i++)
		schema.children[i] = zeroed(1, sizeof(struct ArrowSchema));
	return schema;
}

static struct ArrowSchema schema_copy(const struct ArrowSchema *from)
{
	struct ArrowSchema copy = schema_made(from->name == NULL ? "" : from->name, from->format, from->flags,
					      from->n_children);
	for (int64_t i = 0; i < from->n_children; i++)
		*copy.children[i] = schema_copy(from->children[i]);
	return copy;
}

void fake_table_columns(const char *path, const char *const *names, const char *const *formats, int64_t count)
{
	struct ArrowSchema schema = schema_made("", "+s", 0, count);
	for (int64_t i = 0; i < count; i++)
		*schema.children[i] = schema_made(names[i], formats[i], ARROW_FLAG_NULLABLE, 0);
	fake_table(path, &schema);
}

/* ---- filling */

static uint64_t add_file(struct bridge_table *table, const char *name)
{
	uint64_t index = table->info.file_count++;
	table->files = grown(table->files, index, sizeof(*table->files));
	struct fake_file *file = &table->files[index];
	memset(file, 0, sizeof(*file));
	file->info.path = need(strdup(name));
	file->info.deletion_vector = "";
	file->info.partition_values = "";
	file->info.size_bytes = 1;
	return index;
}

static void add_batch(struct bridge_table *table, struct fake_file *file, struct ArrowArray batch)
{
	file->batches = grown(file->batches, (uint64_t)file->batch_count, sizeof(*file->batches));
	file->batches[file->batch_count++] = batch;
	file->info.rows_physical += batch.length;
	table->info.rows_physical += batch.length;
}

uint64_t fake_table_file(const char *path, const char *name, struct ArrowArrayStream *rows)
{
	struct bridge_table *table = existing(path);
	uint64_t index = add_file(table, name);
	struct ArrowArray batch;
	while (rows->get_next(rows, &batch) == 0 && batch.release != NULL)
		add_batch(table, &table->files[index], batch);
	rows->release(rows);
	return index;
}

static void array_release(struct ArrowArray *array)
{
	for (int64_t i = 0; i < array->n_children; i++) {
		if (array->children[i]->release != NULL)
			array->children[i]->release(array->children[i]);
		free(array->children[i]);
	}
	free(array->children);
	for (int64_t i = 0; i < array->n_buffers; i++)
		free((void *)(uintptr_t)array->buffers[i]);
	free(array->buffers);
	array->release = NULL;
}

static struct ArrowArray array_made(int64_t length, int64_t buffers, int64_t children)
{
	struct ArrowArray array = {.length = length, .n_buffers = buffers, .n_children = children};
	array.buffers = zeroed(buffers, sizeof(*array.buffers));
	array.children = zeroed(children, sizeof(*array.children));
	array.release = array_release;
	for (int64_t i = 0; i < children; i++)
		array.children[i] = zeroed(1, sizeof(struct ArrowArray));
	return array;
}

/* One scalar from its text into value `row` of the values buffer. */
static void put_value(const char *format, void *values, int64_t row, const char *cell)
{
	if (format[0] == 'b') {
		if (strcmp(cell, "true") == 0)
			((uint8_t *)values)[row / 8] |= (uint8_t)(1 << (row % 8));
	} else if (format[0] == 'i' || strcmp(format, "tdD") == 0) {
		((int32_t *)values)[row] = (int32_t)strtol(cell, NULL, 10);
	} else if (format[0] == 'g') {
		((double *)values)[row] = strtod(cell, NULL);
	} else if (format[0] == 'd') {
		__extension__ __int128 unscaled = 0;
		for (const char *digit = cell + (*cell == '-'); *digit != '\0'; digit++)
			unscaled = unscaled * 10 + (*digit - '0');
		unscaled = *cell == '-' ? -unscaled : unscaled;
		memcpy((char *)values + 16 * row, &unscaled, 16);
	} else {
		((int64_t *)values)[row] = strtoll(cell, NULL, 10);
	}
}

static struct ArrowArray array_of_cells(const char *format, const char *const *cells, int64_t rows, int64_t stride)
{
	bool text = strcmp(format, "u") == 0 || strcmp(format, "z") == 0;
	struct ArrowArray array = array_made(rows, text ? 3 : 2, 0);
	uint8_t *valid = zeroed((rows + 7) / 8, 1);
	void *values = zeroed(rows + 1, text ? 4 : 16);
	char *bytes = NULL;
	size_t used = 0;
	for (int64_t row = 0; row < rows; row++) {
		const char *cell = cells[row * stride];
		array.null_count += cell == NULL;
		if (cell != NULL)
			valid[row / 8] |= (uint8_t)(1 << (row % 8));
		if (text && cell != NULL) {
			bytes = grown(bytes, used + strlen(cell), 1);
			memcpy(bytes + used, cell, strlen(cell));
			used += strlen(cell);
		} else if (cell != NULL) {
			put_value(format, values, row, cell);
		}
		if (text)
			((int32_t *)values)[row + 1] = (int32_t)used;
	}
	array.buffers[0] = valid;
	array.buffers[1] = values;
	if (text)
		array.buffers[2] = bytes == NULL ? zeroed(1, 1) : bytes;
	return array;
}

uint64_t fake_table_rows(const char *path, const char *name, const char *const *cells, int64_t rows)
{
	struct bridge_table *table = existing(path);
	uint64_t index = add_file(table, name);
	int64_t columns = table->schema.n_children;
	struct ArrowArray batch = array_made(rows, 1, columns);
	for (int64_t i = 0; i < columns; i++)
		*batch.children[i] = array_of_cells(table->schema.children[i]->format, cells + i, rows, columns);
	add_batch(table, &table->files[index], batch);
	return index;
}

void fake_table_delete(const char *path, uint64_t index, int64_t position)
{
	struct bridge_table *table = existing(path);
	struct fake_file *file = &table->files[index];
	file->deleted = grown(file->deleted, (uint64_t)file->deleted_count, sizeof(*file->deleted));
	int64_t at = file->deleted_count++;
	for (; at > 0 && file->deleted[at - 1] > position; at--)
		file->deleted[at] = file->deleted[at - 1];
	file->deleted[at] = position;
	file->info.deletion_vector = "fake deletion vector";
	file->info.rows_deleted++;
	table->info.rows_deleted++;
}

void fake_table_fail(const char *path, uint64_t index, uint64_t batches, int code, const char *message)
{
	struct fake_file *file = &existing(path)->files[index];
	file->fails = true;
	file->fails_after = batches;
	file->fail_code = code;
	free(file->fail_message);
	file->fail_message = need(strdup(message));
}

struct bridge_info *fake_table_info(const char *path)
{
	return &existing(path)->info;
}

struct bridge_file *fake_table_file_info(const char *path, uint64_t file)
{
	return &existing(path)->files[file].info;
}

void fake_table_version(const char *path, int64_t version, int64_t commit_time_ms, const char *operation)
{
	struct bridge_table *table = existing(path);
	if (table->version_count == VERSIONS_MAX)
		abort();
	table->versions[table->version_count++] = (struct bridge_version){version, commit_time_ms, operation};
}

/* ---- Ion */

static struct fake_line {
	const char *line, *json;
} * lines;
static uint64_t line_count;

struct bridge_ion {
	char *json;
};

void fake_ion(const char *line, const char *json)
{
	lines = grown(lines, line_count, sizeof(*lines));
	lines[line_count++] = (struct fake_line){line, json};
}

int bridge_ion_new(struct bridge_ion **ion, struct error *error)
{
	(void)error;
	*ion = zeroed(1, sizeof(**ion));
	return 0;
}

void bridge_ion_free(struct bridge_ion *ion)
{
	if (ion != NULL)
		free(ion->json);
	free(ion);
}

int bridge_ion_line(struct bridge_ion *ion, const char *line, uint64_t size, const char **json, uint64_t *json_size,
		    uint64_t *at, struct error *error)
{
	const char *found = size == 0 ? "" : NULL;
	for (uint64_t i = 0; i < line_count && found == NULL; i++)
		if (strlen(lines[i].line) == size && memcmp(lines[i].line, line, (size_t)size) == 0)
			found = lines[i].json;
	*at = 0;
	if (found == NULL)
		return error_set(error, ERROR_DATA, "the bridge's stand-in knows no such line");
	*json_size = strlen(found);
	free(ion->json);
	ion->json = zeroed((int64_t)*json_size + BRIDGE_ION_PADDING, 1);
	memcpy(ion->json, found, (size_t)*json_size);
	*json = ion->json;
	return 0;
}

void fake_reset(void)
{
	free(lines);
	lines = NULL;
	line_count = 0;
	while (tables != NULL) {
		struct bridge_table *table = tables;
		tables = table->next;
		for (uint64_t i = 0; i < table->info.file_count; i++) {
			struct fake_file *file = &table->files[i];
			for (int64_t batch = 0; batch < file->batch_count; batch++)
				file->batches[batch].release(&file->batches[batch]);
			free(file->batches);
			free(file->deleted);
			free(file->fail_message);
			free((void *)(uintptr_t)file->info.path);
		}
		free(table->files);
		table->schema.release(&table->schema);
		free(table->path);
		free(table);
	}
}

/* ---- read.h */

int bridge_table_open(const char *path, int64_t version, struct bridge_table **table, struct error *error)
{
	(void)version;
	*table = find(path);
	if (*table != NULL)
		return 0;
	return error_set(error, ERROR_DATA, "\"%s\" is no Delta table; give the table's own folder", path);
}

void bridge_table_close(struct bridge_table *table)
{
	(void)table; /* fake_reset frees it */
}

const struct bridge_info *bridge_table_info(const struct bridge_table *table)
{
	return &table->info;
}

int bridge_table_schema(struct bridge_table *table, struct ArrowSchema *schema, struct error *error)
{
	(void)error;
	*schema = schema_copy(&table->schema);
	return 0;
}

const struct bridge_file *bridge_table_file(const struct bridge_table *table, uint64_t index)
{
	return index < table->info.file_count ? &table->files[index].info : NULL;
}

int bridge_table_versions(struct bridge_table *table, uint64_t limit, const struct bridge_version **versions,
			  uint64_t *count, struct error *error)
{
	(void)error;
	*versions = table->versions;
	*count = limit < table->version_count ? limit : table->version_count;
	return 0;
}

struct reading {
	struct bridge_table *table;
	const struct fake_file *file;
	int64_t *columns; /* indexes into the table's */
	int64_t column_count;
	int64_t batch_rows;
	bool positions;
	int64_t batch, row; /* where to go on */
	int64_t position;   /* physical position of that row */
	int64_t deleted;    /* how many deleted positions lie before it */
	uint64_t delivered;
};

static int reading_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
	struct reading *reading = stream->private_data;
	*out = schema_made("", "+s", 0, reading->column_count + reading->positions);
	for (int64_t i = 0; i < reading->column_count; i++)
		*out->children[i] = schema_copy(reading->table->schema.children[reading->columns[i]]);
	if (reading->positions)
		*out->children[reading->column_count] = schema_made("__row", "l", 0, 0);
	return 0;
}

/* A slice borrows the table's memory, so there is nothing to free. */
static void slice_release(struct ArrowArray *array)
{
	array->release = NULL;
}

static struct ArrowArray slice_of(const struct ArrowArray *whole, int64_t start, int64_t length)
{
	struct ArrowArray slice = *whole;
	slice.offset += start;
	slice.length = length;
	slice.null_count = whole->null_count == 0 ? 0 : -1;
	slice.release = slice_release;
	return slice;
}

static bool is_deleted(const struct reading *reading)
{
	return reading->deleted < reading->file->deleted_count &&
	       reading->file->deleted[reading->deleted] == reading->position;
}

/* Moves past deleted rows and ends of batches; NULL when no row is left. */
static const struct ArrowArray *current_batch(struct reading *reading)
{
	while (reading->batch < reading->file->batch_count) {
		const struct ArrowArray *batch = &reading->file->batches[reading->batch];
		while (reading->row < batch->length && is_deleted(reading)) {
			reading->row++;
			reading->position++;
			reading->deleted++;
		}
		if (reading->row < batch->length)
			return batch;
		reading->batch++;
		reading->row = 0;
	}
	return NULL;
}

static int reading_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
	struct reading *reading = stream->private_data;
	memset(out, 0, sizeof(*out));
	if (reading->file->fails && reading->delivered >= reading->file->fails_after)
		return reading->file->fail_code;
	const struct ArrowArray *batch = current_batch(reading);
	if (batch == NULL)
		return 0;
	int64_t start = reading->row, first = reading->position, length = 0;
	while (length < reading->batch_rows && start + length < batch->length && !is_deleted(reading)) {
		length++;
		reading->row++;
		reading->position++;
	}
	*out = array_made(length, 1, reading->column_count + reading->positions);
	for (int64_t i = 0; i < reading->column_count; i++)
		*out->children[i] = slice_of(batch->children[reading->columns[i]], batch->offset + start, length);
	if (reading->positions) {
		struct ArrowArray *rows = out->children[reading->column_count];
		*rows = array_made(length, 2, 0);
		int64_t *values = zeroed(length, sizeof(*values));
		for (int64_t i = 0; i < length; i++)
			values[i] = first + i;
		rows->buffers[1] = values;
	}
	reading->delivered++;
	return 0;
}

static const char *reading_error(struct ArrowArrayStream *stream)
{
	struct reading *reading = stream->private_data;
	return reading->file->fails && reading->delivered >= reading->file->fails_after ? reading->file->fail_message
											: NULL;
}

static void reading_release(struct ArrowArrayStream *stream)
{
	struct reading *reading = stream->private_data;
	free(reading->columns);
	free(reading);
	stream->release = NULL;
}

int bridge_file_read(struct bridge_table *table, uint64_t index, const char *const *columns, uint64_t column_count,
		     uint64_t batch_rows, bool positions, struct ArrowArrayStream *stream, struct error *error)
{
	if (index >= table->info.file_count)
		return error_set(error, ERROR_INTERNAL, "table \"%s\" has no such file", table->path);
	struct reading *reading = zeroed(1, sizeof(*reading));
	*stream = (struct ArrowArrayStream){reading_schema, reading_next, reading_error, reading_release, reading};
	reading->table = table;
	reading->file = &table->files[index];
	reading->columns = zeroed((int64_t)column_count, sizeof(*reading->columns));
	reading->column_count = (int64_t)column_count;
	reading->batch_rows = (int64_t)batch_rows;
	reading->positions = positions;
	for (uint64_t i = 0; i < column_count; i++) {
		int64_t at = 0;
		while (at < table->schema.n_children && strcmp(table->schema.children[at]->name, columns[i]) != 0)
			at++;
		if (at == table->schema.n_children) {
			stream->release(stream);
			return error_set(error, ERROR_DATA, "table \"%s\" has no column \"%s\"", table->path,
					 columns[i]);
		}
		reading->columns[i] = at;
	}
	return 0;
}

/* ---- rows as lines: of no file here */

int bridge_lines_of_file(const char *path, const char *column, struct bridge_lines **opened, struct error *error)
{
	(void)column;
	*opened = NULL;
	return error_set(error, ERROR_DATA, "cannot read \"%s\": there is no Parquet here; use the real bridge", path);
}

int bridge_lines_of_table(struct bridge_table *table, uint64_t index, const char *column, struct bridge_lines **opened,
			  struct error *error)
{
	(void)index;
	return bridge_lines_of_file(table->path, column, opened, error);
}

int bridge_lines_next(struct bridge_lines *opened, const char **bytes, uint64_t *size, int64_t *row,
		      struct error *error)
{
	(void)opened;
	(void)size;
	(void)row;
	*bytes = NULL;
	return error_set(error, ERROR_INTERNAL, "there are no lines here");
}

void bridge_lines_close(struct bridge_lines *opened)
{
	(void)opened;
}

/* ---- Parquet files: none are written here */

static int no_parquet(struct error *error)
{
	return error_set(error, ERROR_INTERNAL, "no Parquet can be written here; use the real bridge");
}

int bridge_schema_of_json(const char *json, struct ArrowSchema *schema, struct error *error)
{
	(void)json;
	(void)schema;
	return no_parquet(error);
}

int bridge_parquet_create(const char *path, const struct ArrowSchema *schema, uint64_t group_rows,
			  struct bridge_parquet **parquet, struct error *error)
{
	(void)path;
	(void)schema;
	(void)group_rows;
	*parquet = NULL;
	return no_parquet(error);
}

int bridge_parquet_add_lines(struct bridge_parquet *parquet, const char *text, uint64_t size, struct error *error)
{
	(void)parquet;
	(void)text;
	(void)size;
	return no_parquet(error);
}

int bridge_parquet_finish(struct bridge_parquet *parquet, struct error *error)
{
	(void)parquet;
	return no_parquet(error);
}

void bridge_parquet_abort(struct bridge_parquet *parquet)
{
	(void)parquet;
}

int bridge_table_create(const char *path, const struct ArrowSchema *schema, const char *partition_columns,
			const char *features, struct error *error)
{
	(void)path;
	(void)schema;
	(void)partition_columns;
	(void)features;
	return no_parquet(error);
}

int bridge_writer_begin(const char *path, struct bridge_writer **writer, struct error *error)
{
	(void)path;
	*writer = NULL;
	return no_parquet(error);
}

int bridge_writer_add_lines(struct bridge_writer *writer, const char *text, uint64_t size, struct error *error)
{
	(void)writer;
	(void)text;
	(void)size;
	return no_parquet(error);
}

int bridge_writer_commit(struct bridge_writer *writer, const char *operation, const char *app_id,
			 int64_t transaction_version, int64_t *version, struct error *error)
{
	(void)writer;
	(void)operation;
	(void)app_id;
	(void)transaction_version;
	(void)version;
	return no_parquet(error);
}

void bridge_writer_abort(struct bridge_writer *writer)
{
	(void)writer;
}
