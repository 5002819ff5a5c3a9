#include "scenarios/pipelines/embedded/batch.h"

#include <errno.h>
#include <stdlib.h>

enum { BUFFERS_MAX = 3 };

/* Memory of one Arrow buffer. */
struct bytes {
	uint8_t *data;
	size_t size, capacity;
};

struct column {
	char *name, *format;
	bool nullable;
	bool failed;
	uint64_t length, null_count;
	struct bytes validity; /* one byte a value until it is packed by batch_finish */
	struct bytes offsets;  /* of texts, lists and maps; one more than values */
	struct bytes values;
	struct column **children;
	uint64_t child_count;
};

static void *bytes_more(struct column *column, struct bytes *bytes, size_t more)
{
	if (column->failed || more > SIZE_MAX / 4 - bytes->size) {
		column->failed = true;
		return NULL;
	}
	if (bytes->size + more > bytes->capacity) {
		size_t capacity = bytes->capacity == 0 ? 256 : bytes->capacity;
		while (capacity < bytes->size + more)
			capacity *= 2;
		uint8_t *data = realloc(bytes->data, capacity);
		if (data == NULL) {
			column->failed = true;
			return NULL;
		}
		bytes->data = data;
		bytes->capacity = capacity;
	}
	void *start = bytes->data + bytes->size;
	bytes->size += more;
	return start;
}

static void bytes_put(struct column *column, struct bytes *bytes, const void *data, size_t size)
{
	if (size == 0)
		return;
	void *start = bytes_more(column, bytes, size);
	if (start != NULL)
		memcpy(start, data, size);
}

static bool is_text(const struct column *column)
{
	return strcmp(column->format, "u") == 0 || strcmp(column->format, "z") == 0;
}

static bool is_list(const struct column *column)
{
	return strcmp(column->format, "+l") == 0 || strcmp(column->format, "+m") == 0;
}

static bool is_struct(const struct column *column)
{
	return strcmp(column->format, "+s") == 0;
}

/* Bytes of one value; booleans are packed later. 0 for texts and nested types. */
static size_t value_size(const struct column *column)
{
	switch (column->format[0]) {
	case 'b':
		return 1;
	case 'i':
		return 4;
	case 'l':
	case 'g':
		return 8;
	case 'd':
		return 16;
	case 't':
		return column->format[1] == 'd' ? 4 : 8;
	default:
		return 0;
	}
}

struct column *column_new(const char *name, const char *format, bool nullable)
{
	struct column *column = calloc(1, sizeof(*column));
	if (column == NULL)
		return NULL;
	column->name = strdup(name);
	column->format = strdup(format);
	column->nullable = nullable;
	if (column->name == NULL || column->format == NULL) {
		column_free(column);
		return NULL;
	}
	if (is_text(column) || is_list(column))
		bytes_put(column, &column->offsets, &(int32_t){0}, sizeof(int32_t));
	return column;
}

bool column_add_child(struct column *parent, struct column *child)
{
	if (parent == NULL || child == NULL) {
		column_free(child);
		return false;
	}
	struct column **children = realloc(parent->children, (parent->child_count + 1) * sizeof(struct column *));
	if (children == NULL) {
		column_free(child);
		return false;
	}
	parent->children = children;
	children[parent->child_count++] = child;
	return true;
}

struct column *column_new_map(const char *name, bool nullable, struct column *key, struct column *value)
{
	struct column *map = column_new(name, "+m", nullable);
	struct column *entry = column_new("key_value", "+s", false);
	bool complete = column_add_child(entry, key);
	complete = column_add_child(complete ? entry : NULL, value) && complete;
	complete = column_add_child(complete ? map : NULL, entry) && complete;
	if (complete)
		return map;
	column_free(map);
	return NULL;
}

void column_free(struct column *column)
{
	if (column == NULL)
		return;
	for (uint64_t i = 0; i < column->child_count; i++)
		column_free(column->children[i]);
	free(column->children);
	free(column->validity.data);
	free(column->offsets.data);
	free(column->values.data);
	free(column->name);
	free(column->format);
	free(column);
}

struct column *column_child(struct column *column, uint64_t index)
{
	return column->children[index];
}

uint64_t column_child_count(const struct column *column)
{
	return column->child_count;
}

struct column *column_element(struct column *column, uint64_t index)
{
	return column->format[1] == 'm' ? column->children[0]->children[index] : column->children[0];
}

const char *column_name(const struct column *column)
{
	return column->name;
}

const char *column_format(const struct column *column)
{
	return column->format;
}

uint64_t column_length(const struct column *column)
{
	return column->length;
}

static void count_value(struct column *column, bool valid)
{
	bytes_put(column, &column->validity, &(uint8_t){valid}, 1);
	column->length++;
	column->null_count += !valid;
}

static void put_offset(struct column *column, uint64_t offset)
{
	if (offset > INT32_MAX)
		column->failed = true;
	bytes_put(column, &column->offsets, &(int32_t){(int32_t)offset}, sizeof(int32_t));
}

void column_append_null(struct column *column)
{
	if (is_text(column)) {
		put_offset(column, column->values.size);
	} else if (is_list(column)) {
		put_offset(column, column->children[0]->length);
	} else if (is_struct(column)) {
		for (uint64_t i = 0; i < column->child_count; i++)
			column_append_null(column->children[i]);
	} else {
		static const uint8_t zeros[16];
		bytes_put(column, &column->values, zeros, value_size(column));
	}
	count_value(column, false);
}

void column_append_bytes(struct column *column, struct slice bytes)
{
	bytes_put(column, &column->values, bytes.data, bytes.size);
	put_offset(column, column->values.size);
	count_value(column, true);
}

static void append_value(struct column *column, const void *value, size_t size)
{
	bytes_put(column, &column->values, value, size);
	count_value(column, true);
}

void column_append_bool(struct column *column, bool value)
{
	append_value(column, &(uint8_t){value}, 1);
}

void column_append_i32(struct column *column, int32_t value)
{
	append_value(column, &value, sizeof(value));
}

void column_append_i64(struct column *column, int64_t value)
{
	append_value(column, &value, sizeof(value));
}

void column_append_double(struct column *column, double value)
{
	append_value(column, &value, sizeof(value));
}

void column_append_decimal(struct column *column, const void *unscaled)
{
	append_value(column, unscaled, 16);
}

void column_append_list(struct column *column)
{
	put_offset(column, column->children[0]->length);
	count_value(column, true);
}

void column_append_struct(struct column *column)
{
	count_value(column, true);
}

void column_truncate(struct column *column, uint64_t length)
{
	if (column->failed || length >= column->length)
		return;
	for (uint64_t i = length; i < column->length; i++)
		column->null_count -= column->validity.data[i] == 0;
	column->length = length;
	column->validity.size = length;
	if (is_text(column) || is_list(column)) {
		column->offsets.size = (length + 1) * sizeof(int32_t);
		int32_t end;
		memcpy(&end, column->offsets.data + length * sizeof(end), sizeof(end));
		if (is_text(column))
			column->values.size = (size_t)end;
		else
			column_truncate(column->children[0], (uint64_t)end);
		return;
	}
	column->values.size = length * value_size(column);
	for (uint64_t i = 0; i < column->child_count; i++)
		column_truncate(column->children[i], length);
}

/* ---- schema */

static void schema_release(struct ArrowSchema *schema)
{
	for (int64_t i = 0; i < schema->n_children; i++) {
		struct ArrowSchema *child = schema->children[i];
		if (child != NULL && child->release != NULL)
			child->release(child);
		free(child);
	}
	free(schema->children);
	free((void *)(uintptr_t)schema->name);
	free((void *)(uintptr_t)schema->format);
	schema->release = NULL;
}

static bool schema_fill(const struct column *column, struct ArrowSchema *schema)
{
	memset(schema, 0, sizeof(*schema));
	schema->release = schema_release;
	schema->name = strdup(column->name);
	schema->format = strdup(column->format);
	schema->flags = column->nullable ? ARROW_FLAG_NULLABLE : 0;
	if (schema->name == NULL || schema->format == NULL)
		return false;
	if (column->child_count == 0)
		return true;
	schema->children = calloc(column->child_count, sizeof(struct ArrowSchema *));
	if (schema->children == NULL)
		return false;
	for (uint64_t i = 0; i < column->child_count; i++) {
		schema->children[i] = calloc(1, sizeof(struct ArrowSchema));
		schema->n_children++;
		if (schema->children[i] == NULL || !schema_fill(column->children[i], schema->children[i]))
			return false;
	}
	return true;
}

int column_schema(const struct column *column, struct ArrowSchema *schema, struct error *error)
{
	if (schema_fill(column, schema))
		return 0;
	schema_release(schema);
	return error_set(error, ERROR_INTERNAL, "out of memory while describing column \"%s\"", column->name);
}

/* ---- array */

struct array_memory {
	const void *buffers[BUFFERS_MAX];
};

static void array_release(struct ArrowArray *array)
{
	for (int64_t i = 0; i < array->n_children; i++) {
		struct ArrowArray *child = array->children[i];
		if (child != NULL && child->release != NULL)
			child->release(child);
		free(child);
	}
	free(array->children);
	struct array_memory *memory = array->private_data;
	for (int i = 0; i < BUFFERS_MAX; i++)
		free((void *)(uintptr_t)memory->buffers[i]);
	free(memory);
	array->release = NULL;
}

/* One byte a value becomes one bit a value, in place: a bit's byte never lies past the bytes it is made of. */
static void pack_bits(struct bytes *bytes)
{
	for (size_t i = 0; i < bytes->size; i += 8) {
		uint8_t packed = 0;
		for (size_t bit = 0; bit < 8 && i + bit < bytes->size; bit++)
			packed = (uint8_t)(packed | (bytes->data[i + bit] != 0) << bit);
		bytes->data[i / 8] = packed;
	}
}

static const void *give(struct bytes *bytes)
{
	const void *data = bytes->data;
	*bytes = (struct bytes){0};
	return data;
}

/* Consumers may demand a buffer even where there is nothing in it. */
static bool ensure_memory(struct column *column)
{
	if (column->values.data == NULL)
		column->values.data = calloc(1, 64);
	return column->values.data != NULL;
}

static bool array_fill(struct column *column, struct ArrowArray *array)
{
	memset(array, 0, sizeof(*array));
	struct array_memory *memory = calloc(1, sizeof(*memory));
	if (memory == NULL)
		return false;
	array->private_data = memory;
	array->buffers = memory->buffers;
	array->release = array_release;
	if (column->failed || (value_size(column) + (size_t)is_text(column) > 0 && !ensure_memory(column)))
		return false;
	array->length = (int64_t)column->length;
	array->null_count = (int64_t)column->null_count;
	if (strcmp(column->format, "b") == 0)
		pack_bits(&column->values);
	if (column->null_count > 0) {
		pack_bits(&column->validity);
		memory->buffers[0] = give(&column->validity);
	}
	array->n_buffers = is_struct(column) ? 1 : 2;
	if (is_text(column) || is_list(column))
		memory->buffers[1] = give(&column->offsets);
	else if (!is_struct(column))
		memory->buffers[1] = give(&column->values);
	if (is_text(column)) {
		memory->buffers[2] = give(&column->values);
		array->n_buffers = 3;
	}
	if (column->child_count == 0)
		return true;
	array->children = calloc(column->child_count, sizeof(struct ArrowArray *));
	if (array->children == NULL)
		return false;
	for (uint64_t i = 0; i < column->child_count; i++) {
		array->children[i] = calloc(1, sizeof(struct ArrowArray));
		array->n_children++;
		if (array->children[i] == NULL || !array_fill(column->children[i], array->children[i]))
			return false;
	}
	return true;
}

static void column_clear(struct column *column)
{
	column->length = column->null_count = 0;
	column->validity.size = column->values.size = column->offsets.size = 0;
	column->failed = false;
	if (is_text(column) || is_list(column))
		bytes_put(column, &column->offsets, &(int32_t){0}, sizeof(int32_t));
	for (uint64_t i = 0; i < column->child_count; i++)
		column_clear(column->children[i]);
}

/* ---- stream of one batch */

struct one_batch {
	struct ArrowSchema schema;
	struct ArrowArray array;
};

static int one_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
	struct one_batch *one = stream->private_data;
	if (one->schema.release == NULL)
		return EINVAL;
	*out = one->schema;
	one->schema.release = NULL;
	return 0;
}

static int one_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
	struct one_batch *one = stream->private_data;
	*out = one->array;
	memset(&one->array, 0, sizeof(one->array));
	return 0;
}

static const char *one_error(struct ArrowArrayStream *stream)
{
	(void)stream;
	return "a batch's schema can be asked for once";
}

static void one_release(struct ArrowArrayStream *stream)
{
	struct one_batch *one = stream->private_data;
	if (one->schema.release != NULL)
		one->schema.release(&one->schema);
	if (one->array.release != NULL)
		one->array.release(&one->array);
	free(one);
	stream->release = NULL;
}

int batch_finish(struct column *root, struct ArrowArrayStream *stream, struct error *error)
{
	struct one_batch *one = calloc(1, sizeof(*one));
	bool whole = one != NULL && schema_fill(root, &one->schema) && array_fill(root, &one->array);
	column_clear(root);
	if (one == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory while building a batch");
	*stream = (struct ArrowArrayStream){one_schema, one_next, one_error, one_release, one};
	if (whole)
		return 0;
	one_release(stream);
	return error_set(error, ERROR_INTERNAL,
			 "out of memory, or 2 GB of text in one column, while building a batch; use smaller batches");
}
