#include "scenarios/pipelines/embedded/lake.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/decimal.h"
#include "scenarios/pipelines/embedded/convert.h"

enum { LINE_MAX_SIZE = 4096, WORK_MAX = 1 << 26 };

int lake_init(struct lake *lake, struct bug_set bugs, struct error *error)
{
	*lake = (struct lake){.bugs = bugs};
	buffer_init(&lake->work, WORK_MAX);
	lake->root = column_new("", "+s", false);
	if (lake->root == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory for columns");
	return 0;
}

void lake_release(struct lake *lake)
{
	for (uint32_t i = 0; i < lake->column_count; i++) {
		free(lake->columns[i].name);
		for (uint32_t part = 0; part < lake->columns[i].path_count; part++)
			free(lake->columns[i].path[part]);
	}
	for (uint32_t i = 0; i < lake->only_count; i++) {
		free(lake->only[i].attribute);
		free(lake->only[i].text);
	}
	free(lake->deleted_column);
	column_free(lake->root);
	buffer_release(&lake->work);
}

/* ---- description */

/* The next word of the line; size 0 at its end. */
static struct slice next_word(const char **at)
{
	while (**at == ' ' || **at == '\t')
		++*at;
	struct slice word = {*at, strcspn(*at, " \t\r\n")};
	*at += word.size;
	return word;
}

static bool set_path(struct lake_column *column, struct slice attribute)
{
	column->is_sequence = slice_is(attribute, "$sequence");
	column->is_time = slice_is(attribute, "$time");
	while (attribute.size > 0 && column->path_count < LAKE_PATH_MAX) {
		const char *dot = memchr(attribute.data, '.', attribute.size);
		size_t size = dot == NULL ? attribute.size : (size_t)(dot - attribute.data);
		column->path[column->path_count] = strndup(attribute.data, size);
		if (size == 0 || column->path[column->path_count] == NULL)
			return false;
		column->path_count++;
		size += dot != NULL;
		attribute = (struct slice){attribute.data + size, attribute.size - size};
	}
	return attribute.size == 0 && column->path_count > 0;
}

static int add_only(struct lake *lake, struct slice attribute, struct slice text, struct error *error)
{
	if (text.size == 0 || lake->only_count == LAKE_KEYS_MAX)
		return error_set(error, ERROR_USAGE, "\"$only\" takes an attribute and a text, twice at most");
	struct lake_only *only = &lake->only[lake->only_count++];
	only->begins = text.data[text.size - 1] == '*';
	only->attribute = strndup(attribute.data, attribute.size);
	only->text = strndup(text.data, text.size - only->begins);
	return only->attribute != NULL && only->text != NULL ? 0 : error_set(error, ERROR_INTERNAL, "out of memory");
}

int lake_add_column(struct lake *lake, const char *line, struct error *error)
{
	const char *at = line, *why;
	struct slice name = next_word(&at), type = next_word(&at), attribute = next_word(&at), key = next_word(&at);
	if (name.size == 0 || name.data[0] == '#')
		return 0;
	if (slice_is(name, "$only"))
		return add_only(lake, type, attribute, error);
	if (attribute.size == 0 || (key.size > 0 && !slice_is(key, "key")) || next_word(&at).size > 0)
		return error_set(error, ERROR_USAGE, "column \"%.*s\" is not described as NAME TYPE ATTRIBUTE [key]",
				 (int)strcspn(line, "\n"), line);
	if (lake->column_count == LAKE_COLUMNS_MAX || (key.size > 0 && lake->key_count == LAKE_KEYS_MAX))
		return error_set(error, ERROR_USAGE, "too many %s; a key has one or two, a table %d",
				 key.size > 0 ? "key columns" : "columns", LAKE_COLUMNS_MAX);
	struct lake_column *column = &lake->columns[lake->column_count++];
	column->key = key.size > 0;
	column->name = strndup(name.data, name.size);
	if (column->name == NULL || !set_path(column, attribute))
		return error_set(error, ERROR_USAGE, "\"%.*s\" is no attribute path of one to %d names",
				 (int)attribute.size, attribute.data, LAKE_PATH_MAX);
	if (column->key)
		lake->keys[lake->key_count++] = lake->column_count - 1;
	struct column *made = convert_column(column->name, type, true, &why);
	if (made == NULL)
		return error_set(error, ERROR_USAGE, "type \"%.*s\" of column \"%s\": %s", (int)type.size, type.data,
				 column->name, why);
	if (!column_add_child(lake->root, made))
		return error_set(error, ERROR_INTERNAL, "out of memory for columns");
	return 0;
}

int lake_add_columns_of(struct lake *lake, const char *path, struct error *error)
{
	FILE *file = fopen(path, "r");
	if (file == NULL)
		return error_system(error, "cannot read columns from \"%s\"", path);
	char line[LINE_MAX_SIZE];
	int code = 0;
	while (code == 0 && fgets(line, sizeof(line), file) != NULL)
		code = lake_add_column(lake, line, error);
	if (code == 0 && ferror(file))
		code = error_system(error, "cannot read columns from \"%s\"", path);
	fclose(file);
	return code;
}

int lake_complete(struct lake *lake, const char *deleted_column, struct error *error)
{
	if (lake->column_count == 0 || lake->key_count == 0)
		return error_set(error, ERROR_USAGE, "%s; describe them with --columns or --column",
				 lake->column_count == 0 ? "no columns" : "no column is marked as key");
	if (deleted_column == NULL)
		return 0;
	lake->deleted_column = strdup(deleted_column);
	if (lake->deleted_column == NULL || !column_add_child(lake->root, column_new(deleted_column, "b", true)))
		return error_set(error, ERROR_INTERNAL, "out of memory for columns");
	return 0;
}

/* ---- keys */

bool lake_takes(const struct json_token *tokens, uint32_t object, const struct lake *lake)
{
	for (uint32_t i = 0; i < lake->only_count; i++) {
		const struct lake_only *only = &lake->only[i];
		uint32_t value = json_member(tokens, object, only->attribute);
		if (value == 0 || tokens[value].type != JSON_OBJECT || tokens[value].count != 1 ||
		    !slice_is(json_text(&tokens[value + 1]), "S"))
			return false;
		struct slice text = json_text(&tokens[value + 2]), wanted = slice_from(only->text);
		if (text.size < wanted.size || memcmp(text.data, wanted.data, wanted.size) != 0 ||
		    (!only->begins && text.size != wanted.size))
			return false;
	}
	return true;
}

static bool key_part(struct buffer *key, struct slice bytes)
{
	if (bytes.size == 0 || bytes.size > UINT16_MAX)
		return false;
	buffer_append_byte(key, (char)(bytes.size >> 8));
	buffer_append_byte(key, (char)(bytes.size & 0xff));
	return buffer_append_slice(key, bytes) == 0 && !key->failed;
}

static bool key_number(struct buffer *key, const struct decimal *decimal)
{
	char text[DECIMAL_TEXT_MAX];
	return key_part(key, (struct slice){text, decimal_format(decimal, text)});
}

static bool key_binary(struct buffer *key, struct slice text)
{
	struct buffer bytes;
	buffer_init(&bytes, UINT16_MAX + 4);
	bool good = convert_base64(text, &bytes) && key_part(key, buffer_slice(&bytes));
	buffer_release(&bytes);
	return good;
}

static bool key_number_text(const struct lake *lake, struct buffer *key, struct slice text)
{
	struct decimal decimal;
	if (decimal_parse(text, &decimal) != DECIMAL_OK)
		return false;
	if (bugs_has(lake->bugs, BUG_KEY_NUMBER_AS_TEXT))
		return key_part(key, text);
	if (bugs_has(lake->bugs, BUG_KEY_THROUGH_DOUBLE) && !decimal_from_double(decimal_to_double(&decimal), &decimal))
		return false;
	return key_number(key, &decimal);
}

/* A plain value is what its column says. */
static bool key_plain(const struct lake *lake, const char *format, const struct json_token *value, struct buffer *key)
{
	if (value->text == NULL)
		return false;
	if (format[0] == 'z')
		return key_binary(key, json_text(value));
	return format[0] == 'u' ? key_part(key, json_text(value)) : key_number_text(lake, key, json_text(value));
}

static bool key_tagged(const struct lake *lake, const struct json_token *tokens, uint32_t value, struct buffer *key)
{
	if (tokens[value].type != JSON_OBJECT || tokens[value].count != 1)
		return false;
	struct slice tag = json_text(&tokens[value + 1]);
	const struct json_token *payload = &tokens[value + 2];
	if (payload->text == NULL)
		return false;
	if (slice_is(tag, "S"))
		return key_part(key, json_text(payload));
	if (slice_is(tag, "N"))
		return key_number_text(lake, key, json_text(payload));
	return slice_is(tag, "B") && key_binary(key, json_text(payload));
}

/* The bug key-hashed-short: eight bits of a hash stand for the key. */
static void shorten(const struct lake *lake, struct buffer *key)
{
	uint32_t hash = 2166136261U;
	if (!bugs_has(lake->bugs, BUG_KEY_HASHED_SHORT))
		return;
	for (size_t i = 0; i < key->size; i++)
		hash = (hash ^ (uint8_t)key->data[i]) * 16777619U;
	key->data[0] = (char)(uint8_t)(hash >> 16);
	key->size = 1;
}

bool lake_key(const struct json_token *tokens, uint32_t object, const struct lake *lake, uint32_t parts,
	      struct buffer *key)
{
	key->size = 0;
	for (uint32_t i = 0; i < parts && i < lake->key_count; i++) {
		const struct lake_column *column = &lake->columns[lake->keys[i]];
		const char *format = column_format(column_child(lake->root, lake->keys[i]));
		uint32_t value = json_member(tokens, object, column->path[0]);
		if (value == 0 || !(lake->plain ? key_plain(lake, format, &tokens[value], key)
						: key_tagged(lake, tokens, value, key)))
			return false;
	}
	shorten(lake, key);
	return true;
}

static bool is_null(const struct ArrowArray *array, int64_t at)
{
	const uint8_t *bits = array->buffers[0];
	return bits != NULL && (bits[at / 8] >> (at % 8) & 1) == 0;
}

static bool row_key_part(const char *format, const struct ArrowArray *array, int64_t row, struct buffer *key)
{
	int64_t at = array->offset + row;
	struct decimal decimal;
	if (is_null(array, at))
		return false;
	if (format[0] == 'u' || format[0] == 'z') {
		const int32_t *offsets = array->buffers[1];
		const char *bytes = array->buffers[2];
		return key_part(key, (struct slice){bytes + offsets[at], (size_t)(offsets[at + 1] - offsets[at])});
	}
	if (format[0] == 'd') {
		int128 unscaled;
		const char *scale = strchr(format, ',');
		memcpy(&unscaled, (const char *)array->buffers[1] + 16 * at, sizeof(unscaled));
		decimal_from_unscaled(unscaled, scale == NULL ? 0 : (int)strtol(scale + 1, NULL, 10), &decimal);
		return key_number(key, &decimal);
	}
	if (format[0] != 'l' && format[0] != 'i')
		return false;
	int64_t value = format[0] == 'l' ? ((const int64_t *)array->buffers[1])[at]
					 : ((const int32_t *)array->buffers[1])[at];
	decimal_from_unscaled(value, 0, &decimal);
	return key_number(key, &decimal);
}

bool lake_row_key(const struct lake *lake, const struct ArrowSchema *schema, const struct ArrowArray *batch,
		  int64_t row, uint32_t parts, struct buffer *key)
{
	key->size = 0;
	for (uint32_t i = 0; i < parts; i++)
		if (!row_key_part(schema->children[i]->format, batch->children[i], row, key))
			return false;
	shorten(lake, key);
	return true;
}

/* ---- rows */

static uint32_t find_member(const struct lake *lake, const struct json_token *tokens, uint32_t object, const char *name)
{
	if (!bugs_has(lake->bugs, BUG_NAMES_LOWER_CASED))
		return json_member(tokens, object, name);
	for (uint32_t i = object + 1; i < tokens[object].next; i = tokens[i + 1].next)
		if (strlen(name) == tokens[i].size && strncasecmp(tokens[i].text, name, tokens[i].size) == 0)
			return i + 1;
	return 0;
}

/* The attribute value at the column's path, 0 when absent. */
static uint32_t find_value(const struct lake *lake, const struct lake_column *column, const struct json_token *tokens,
			   uint32_t object)
{
	uint32_t value = find_member(lake, tokens, object, column->path[0]);
	for (uint32_t i = 1; i < column->path_count && value != 0; i++) {
		bool is_map = tokens[value].type == JSON_OBJECT &&
			      (lake->plain ||
			       (tokens[value].count == 1 && slice_is(json_text(&tokens[value + 1]), "M") &&
				tokens[value + 2].type == JSON_OBJECT));
		value = is_map ? find_member(lake, tokens, lake->plain ? value : value + 2, column->path[i]) : 0;
	}
	return value;
}

static void append_stamp(struct column *column, const struct lake_column *described, const struct stamp *stamp)
{
	if (described->is_time && stamp != NULL && column_format(column)[0] == 't')
		column_append_i64(column, stamp->time_us);
	else if (described->is_sequence && stamp != NULL && stamp->digits > 0 && column_format(column)[0] == 'u')
		column_append_bytes(column, slice_from(stamp->sequence));
	else
		column_append_null(column);
}

void lake_append(struct lake *lake, const struct json_token *tokens, uint32_t object, uint32_t fallback, bool deleted,
		 const struct stamp *stamp)
{
	struct conversion conversion = {.plain = lake->plain, .bugs = lake->bugs, .work = &lake->work};
	for (uint32_t i = 0; i < lake->column_count; i++) {
		struct lake_column *described = &lake->columns[i];
		struct column *column = column_child(lake->root, i);
		if (described->is_sequence || described->is_time) {
			append_stamp(column, described, stamp);
			continue;
		}
		uint32_t value = find_value(lake, described, tokens, object);
		if (value == 0 && fallback != 0)
			value = find_value(lake, described, tokens, fallback);
		described->seen = described->seen || (value != 0 && !lake->inferred);
		if (!described->seen)
			value = 0;
		convert_append(&conversion, column, tokens, value);
	}
	if (lake->deleted_column != NULL)
		column_append_bool(column_child(lake->root, lake->column_count), deleted);
	column_append_struct(lake->root);
	lake->misfits += conversion.misfits;
}
