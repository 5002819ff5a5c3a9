#include "reconcile/digest/digest_arrow.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static bool is_one_of(const char *format, const char *a, const char *b)
{
	return strcmp(format, a) == 0 || strcmp(format, b) == 0;
}

/* Width of a fixed-width format that belongs to the type; 255 when it does not. */
static uint8_t fixed_width(const struct column_type *type, const char *format)
{
	enum { NOT_FIXED = 255 };
	char decimal[32];
	switch (type->kind) {
	case COLUMN_BOOLEAN:
		return strcmp(format, "b") == 0 ? 0 : NOT_FIXED;
	case COLUMN_TINYINT:
		return strcmp(format, "c") == 0 ? 1 : NOT_FIXED;
	case COLUMN_SMALLINT:
		return strcmp(format, "s") == 0 ? 2 : NOT_FIXED;
	case COLUMN_INT:
		return strcmp(format, "i") == 0 ? 4 : NOT_FIXED;
	case COLUMN_BIGINT:
		return strcmp(format, "l") == 0 ? 8 : NOT_FIXED;
	case COLUMN_FLOAT:
		return strcmp(format, "f") == 0 ? 4 : NOT_FIXED;
	case COLUMN_DOUBLE:
		return strcmp(format, "g") == 0 ? 8 : NOT_FIXED;
	case COLUMN_DATE:
		return strcmp(format, "tdD") == 0 ? 4 : NOT_FIXED;
	case COLUMN_TIMESTAMP:
		return strncmp(format, "tsu:", 4) == 0 && format[4] != '\0' ? 8 : NOT_FIXED;
	case COLUMN_TIMESTAMP_NTZ:
		return strcmp(format, "tsu:") == 0 ? 8 : NOT_FIXED;
	default:
		snprintf(decimal, sizeof(decimal), "d:%u,%u", type->precision, type->scale);
		size_t size = strlen(decimal);
		if (strncmp(format, decimal, size) != 0)
			return NOT_FIXED;
		format += size;
		return *format == '\0' || strcmp(format, ",128") == 0 ? 16
		       : strcmp(format, ",64") == 0                   ? 8
		       : strcmp(format, ",32") == 0                   ? 4
								      : NOT_FIXED;
	}
}

static int refuse(const char *column, const struct column_type *type, const struct ArrowSchema *schema,
		  struct error *error)
{
	char text[COLUMN_TYPE_TEXT_MAX];
	return error_set(error, ERROR_DATA, "column '%s' is %.200s in the table, but its file gave Arrow \"%s\"",
			 column, column_type_text(type, text, sizeof(text)), schema->format);
}

static int bind_children(struct lake_node *node, struct arena *arena, const char *column,
			 const struct ArrowSchema *schema, const struct ArrowArray *array, struct error *error)
{
	const struct column_type *type = node->type;
	int64_t base = type->kind == COLUMN_STRUCT ? node->base : 0;
	if (type->kind == COLUMN_MAP) { /* the one child is a struct of key and value */
		if (schema->n_children != 1 || array->n_children != 1)
			return refuse(column, type, schema, error);
		schema = schema->children[0];
		array = array->children[0];
		base = array->offset;
	}
	if (schema->n_children != type->child_count || array->n_children != type->child_count)
		return refuse(column, type, schema, error);
	node->children = arena_array(arena, type->child_count, sizeof(*node->children));
	if (node->children == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory for column '%s'", column);
	for (uint32_t index = 0; index < type->child_count; index++) {
		if (type->kind == COLUMN_STRUCT && strcmp(type->names[index], schema->children[index]->name) != 0)
			return refuse(column, type, schema, error);
		int code = lake_node_bind(&node->children[index], arena, column, type->children[index],
					  schema->children[index], array->children[index], base, error);
		if (code != 0)
			return code;
	}
	return 0;
}

int lake_node_bind(struct lake_node *node, struct arena *arena, const char *column, const struct column_type *type,
		   const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t outer_base,
		   struct error *error)
{
	const char *format = schema->format;
	bool bytes = false, nested = false;
	*node = (struct lake_node){.type = type, .base = array->offset + outer_base};
	if (schema->dictionary != NULL)
		return refuse(column, type, schema, error);
	if (array->null_count != 0 && array->n_buffers > 0)
		node->validity = array->buffers[0];
	switch (type->kind) {
	case COLUMN_STRING:
		bytes = is_one_of(format, "u", "U");
		break;
	case COLUMN_BINARY:
		bytes = is_one_of(format, "z", "Z");
		break;
	case COLUMN_ARRAY:
		nested = is_one_of(format, "+l", "+L");
		break;
	case COLUMN_MAP:
	case COLUMN_STRUCT:
		nested = strcmp(format, type->kind == COLUMN_MAP ? "+m" : "+s") == 0;
		break;
	default:
		node->width = fixed_width(type, format);
		if (node->width == 255 || array->n_buffers != 2)
			return refuse(column, type, schema, error);
		node->values = array->buffers[1];
		return 0;
	}
	node->wide_offsets = bytes ? is_one_of(format, "U", "Z") : strcmp(format, "+L") == 0;
	if ((!bytes && !nested) || array->n_buffers != (bytes ? 3 : type->kind == COLUMN_STRUCT ? 1 : 2))
		return refuse(column, type, schema, error);
	if (type->kind != COLUMN_STRUCT)
		node->offsets = array->buffers[1];
	if (bytes) {
		node->values = array->buffers[2];
		return 0;
	}
	return bind_children(node, arena, column, schema, array, error);
}

size_t lake_double_text(double value, char text[64])
{
	if (isnan(value) || isinf(value))
		return (size_t)snprintf(text, 64, "%s", isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
	int size = 0;
	for (int digits = 1; digits <= 17; digits++) {
		size = snprintf(text, 64, "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	return (size_t)size;
}

size_t lake_float_text(float value, char text[64])
{
	if (isnan(value) || isinf(value))
		return lake_double_text((double)value, text);
	int size = 0;
	for (int digits = 1; digits <= 9; digits++) {
		size = snprintf(text, 64, "%.*g", digits, (double)value);
		if (strtof(text, NULL) == value)
			break;
	}
	return (size_t)size;
}

static bool number_from_text(struct slice text, struct number *number)
{
	if (number_parse(text, number) != DECIMAL_OK)
		return false;
	/* The text may be the caller's own; keep a copy that lasts as long as the number. */
	if (number->text.data != number->space) {
		memcpy(number->space, number->text.data, number->text.size);
		number->text.data = number->space;
	}
	return true;
}

bool lake_number(const struct lake_node *node, int64_t index, struct number *number)
{
	char text[64];
	number->scale = 0;
	switch (node->type->kind) {
	case COLUMN_TINYINT:
	case COLUMN_SMALLINT:
	case COLUMN_INT:
	case COLUMN_BIGINT:
		number->unscaled = lake_integer(node, index);
		break;
	case COLUMN_DECIMAL:
		number->unscaled = lake_decimal(node, index);
		number->scale = node->type->scale;
		break;
	case COLUMN_FLOAT:
		return number_from_text((struct slice){text, lake_float_text(lake_float(node, index), text)}, number);
	case COLUMN_DOUBLE:
		return number_from_text((struct slice){text, lake_double_text(lake_double(node, index), text)}, number);
	case COLUMN_STRING:
		return number_from_text(lake_bytes(node, index), number);
	default:
		return false;
	}
	number->text = (struct slice){number->space,
				      number_format(number->unscaled, (unsigned)number->scale, number->space)};
	return true;
}

bool lake_marks_delete(const struct contract *contract, const struct lake_node *node, int64_t index)
{
	if (lake_is_null(node, index))
		return false;
	if (contract->deletes_when_count == 0)
		return lake_boolean(node, index);
	struct slice text = lake_bytes(node, index);
	for (uint32_t i = 0; i < contract->deletes_when_count; i++)
		if (slice_equal(text, slice_from(contract->deletes_when[i])))
			return true;
	return false;
}
