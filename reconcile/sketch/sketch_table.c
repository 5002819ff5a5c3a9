#include "reconcile/sketch/sketch_table.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/json.h"
#include "bridge/read.h"

static int no_memory(struct error *error)
{
	return error_set(error, ERROR_INTERNAL, "out of memory for the lake's columns");
}

struct sketch_column *sketch_table_column(const struct sketch_table *table, const char *name)
{
	for (uint32_t i = 0; i < table->column_count; i++)
		if (strcasecmp(table->columns[i].name, name) == 0)
			return &table->columns[i];
	return NULL;
}

/* ---- values */

static bool is_valid(const struct ArrowArray *array, int64_t row)
{
	const uint8_t *valid = array->buffers[0];
	uint64_t at = (uint64_t)(row + array->offset);
	return valid == NULL || array->null_count == 0 || (valid[at / 8] >> (at % 8) & 1) != 0;
}

static bool value_at(const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t row, char number[32],
		     struct slice *value)
{
	int64_t at = row + array->offset;
	if (!is_valid(array, row))
		return false;
	if (strcmp(schema->format, "u") == 0) {
		const int32_t *ends = array->buffers[1];
		*value = (struct slice){(const char *)array->buffers[2] + ends[at], (size_t)(ends[at + 1] - ends[at])};
		return value->size <= TABLE_VALUE_MAX;
	}
	bool is_int = strcmp(schema->format, "i") == 0;
	if (!is_int && strcmp(schema->format, "l") != 0)
		return false;
	int64_t whole = is_int ? ((const int32_t *)array->buffers[1])[at] : ((const int64_t *)array->buffers[1])[at];
	*value = (struct slice){number, (size_t)snprintf(number, 32, "%" PRId64, whole)};
	return true;
}

static int keep_value(struct sketch_column *column, struct slice value, struct arena *arena, struct error *error)
{
	char *copy = arena_alloc(arena, value.size + JSON_PADDING);
	if (copy == NULL)
		return no_memory(error);
	if (value.size > 0)
		memcpy(copy, value.data, value.size);
	memset(copy + value.size, 0, JSON_PADDING);
	column->values[column->value_count++] = (struct slice){copy, value.size};
	return 0;
}

static int take_batch(struct sketch_table *table, const struct ArrowSchema *schema, const struct ArrowArray *batch,
		      struct arena *arena, struct error *error)
{
	char number[32];
	int code = 0;
	for (int64_t row = 0; row < batch->length && code == 0 && table->rows < TABLE_SAMPLES_MAX;
	     row++, table->rows++) {
		for (uint32_t i = 0; i < table->column_count && code == 0; i++) {
			struct slice value;
			if (value_at(schema->children[i], batch->children[i], row, number, &value))
				code = keep_value(&table->columns[i], value, arena, error);
		}
	}
	return code;
}

static int read_file(struct sketch_table *table, struct bridge_table *bridge, uint64_t index, const char **names,
		     struct arena *arena, struct error *error)
{
	struct ArrowArrayStream stream = {0};
	struct ArrowSchema schema = {0};
	struct ArrowArray batch = {0};
	int code = bridge_file_read(bridge, index, names, table->column_count, TABLE_SAMPLES_MAX / TABLE_FILES_MAX,
				    false, &stream, error);
	if (code != 0)
		return code;
	code = stream.get_schema(&stream, &schema);
	if (code == 0)
		code = stream.get_next(&stream, &batch);
	if (code != 0)
		code = error_set(error, ERROR_DATA, "%s", stream.get_last_error(&stream));
	if (code == 0 && batch.release != NULL)
		code = take_batch(table, &schema, &batch, arena, error);
	if (batch.release != NULL)
		batch.release(&batch);
	if (schema.release != NULL)
		schema.release(&schema);
	stream.release(&stream);
	return code;
}

static int read_values(struct sketch_table *table, struct bridge_table *bridge, struct arena *arena,
		       struct error *error)
{
	uint64_t files = bridge_table_info(bridge)->file_count,
		 step = files > TABLE_FILES_MAX ? files / TABLE_FILES_MAX : 1;
	const char **names = arena_array(arena, table->column_count + 1, sizeof *names);
	int code = 0;
	if (names == NULL)
		return no_memory(error);
	for (uint32_t i = 0; i < table->column_count && code == 0; i++) {
		names[i] = table->columns[i].name;
		table->columns[i].values = arena_array(arena, TABLE_SAMPLES_MAX, sizeof(struct slice));
		if (table->columns[i].values == NULL)
			code = no_memory(error);
	}
	for (uint64_t i = 0; i < files && code == 0 && table->rows < TABLE_SAMPLES_MAX; i += step)
		code = read_file(table, bridge, i, names, arena, error);
	return code;
}

/* ---- tables */

static int take_columns(struct sketch_table *table, const struct ArrowSchema *schema, struct arena *arena,
			struct error *error)
{
	table->column_count = (uint32_t)schema->n_children;
	table->columns = arena_array(arena, table->column_count + 1, sizeof *table->columns);
	if (table->columns == NULL)
		return no_memory(error);
	for (uint32_t i = 0; i < table->column_count; i++) {
		const char *name = arena_copy(arena, slice_from(schema->children[i]->name)).data;
		if (name == NULL)
			return no_memory(error);
		table->columns[i] = (struct sketch_column){.name = name,
							   .type = column_type_from_arrow(arena, schema->children[i])};
	}
	return 0;
}

static const char *folder_name(const char *path, struct arena *arena)
{
	size_t size = strlen(path);
	while (size > 1 && path[size - 1] == '/')
		size--;
	const char *slash = memrchr(path, '/', size);
	size_t begin = slash != NULL && size > 1 ? (size_t)(slash - path) + 1 : 0;
	return arena_copy(arena, (struct slice){path + begin, size - begin}).data;
}

static int open_table(const char *path, struct arena *arena, struct sketch_table *table, struct error *error)
{
	struct bridge_table *bridge = NULL;
	*table = (struct sketch_table){.path = path, .name = folder_name(path, arena)};
	int code = table->name != NULL ? bridge_table_open(path, -1, &bridge, error) : no_memory(error);
	if (code == 0)
		code = bridge_table_schema(bridge, &table->schema, error);
	if (code == 0)
		code = take_columns(table, &table->schema, arena, error);
	if (code == 0)
		code = read_values(table, bridge, arena, error);
	bridge_table_close(bridge);
	return code;
}

static bool is_table(const char *path, const char *name, struct arena *arena, const char **whole)
{
	struct stat status;
	*whole = arena_text(arena, "%s%s%s", path, name[0] != '\0' && path[strlen(path) - 1] != '/' ? "/" : "", name);
	const char *log = *whole != NULL ? arena_text(arena, "%s/_delta_log", *whole) : NULL;
	return log != NULL && stat(log, &status) == 0 && S_ISDIR(status.st_mode);
}

static int open_folder(const char *path, struct dirent **entries, int entry_count, struct arena *arena,
		       struct sketch_table *tables, uint32_t *count, struct error *error)
{
	int code = 0;
	for (int i = 0; i < entry_count && code == 0 && *count < TABLES_MAX; i++) {
		const char *whole;
		if (entries[i]->d_name[0] != '.' && is_table(path, entries[i]->d_name, arena, &whole)) {
			code = open_table(whole, arena, &tables[*count], error);
			++*count;
		}
	}
	return code;
}

int sketch_tables_open(const char *path, struct arena *arena, struct sketch_table **tables, uint32_t *count,
		       bool *several, struct error *error)
{
	struct dirent **entries = NULL;
	const char *whole;
	int code = 0, entry_count = 0;
	*count = 0;
	*several = false;
	if (path[0] == '\0')
		return error_set(error, ERROR_USAGE, "--lake is empty; give a Delta table's folder");
	if (!is_table(path, "", arena, &whole))
		entry_count = scandir(path, &entries, NULL, alphasort);
	*tables = arena_array(arena, (size_t)(entry_count > 0 ? entry_count : 0) + 1, sizeof **tables);
	if (*tables == NULL)
		code = no_memory(error);
	else if (entry_count > 0)
		code = open_folder(path, entries, entry_count, arena, *tables, count, error);
	*several = *count > 0;
	if (code == 0 && *count == 0) {
		code = open_table(path, arena, &(*tables)[0], error);
		*count = 1;
	}
	for (int i = 0; i < entry_count; i++)
		free(entries[i]);
	free(entries);
	return code;
}

void sketch_tables_release(struct sketch_table *tables, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (tables[i].schema.release != NULL)
			tables[i].schema.release(&tables[i].schema);
}
