/* Plain values as attributes (sources/rows.h, "How a plain value becomes an attribute"). */
#include "base/base64.h"
#include "base/decimal.h"
#include "sources/rows_internal.h"

static const struct rows_type plain = {.kind = ROWS_PLAIN};

void rows_writer_init(struct rows_writer *writer, const struct rows_shape *shape, size_t size_max)
{
	writer->shape = shape;
	buffer_init(&writer->text, size_max);
	buffer_init(&writer->keys, size_max);
	buffer_init(&writer->inner, size_max);
}

void rows_writer_release(struct rows_writer *writer)
{
	buffer_release(&writer->text);
	buffer_release(&writer->keys);
	buffer_release(&writer->inner);
}

void rows_writer_reset(struct rows_writer *writer)
{
	writer->text.size = writer->keys.size = 0;
	writer->next = 0;
	writer->missing_key = NULL;
	writer->in_text = false;
}

/* ---- what a text can be */

static bool is_number(struct slice text)
{
	struct decimal decimal;
	return decimal_parse(text, &decimal) != DECIMAL_SYNTAX;
}

static bool is_base64(struct slice text)
{
	size_t size;
	return base64_decode(text, NULL, SIZE_MAX, &size);
}

static const char *truth(struct slice text)
{
	static const char *const words[] = {"true", "True", "TRUE", "1", "false", "False", "FALSE", "0"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_is(text, words[i]))
			return i < 4 ? "true" : "false";
	return NULL;
}

/* ---- values */

static void write_value(struct rows_writer *writer, struct buffer *to, const struct json_token *tokens, uint32_t index,
			const struct rows_type *type, bool texts);

/* As it is, type tags and all. */
static void copy_value(struct buffer *to, const struct json_token *tokens, uint32_t index)
{
	const struct json_token *token = &tokens[index];
	bool object = token->type == JSON_OBJECT;
	switch ((enum json_type)token->type) {
	case JSON_STRING:
		(void)buffer_append_json(to, json_text(token));
		return;
	case JSON_NUMBER:
		(void)buffer_append_slice(to, json_text(token));
		return;
	case JSON_TRUE:
	case JSON_FALSE:
		(void)buffer_append_text(to, token->type == JSON_TRUE ? "true" : "false");
		return;
	case JSON_NULL:
		(void)buffer_append_text(to, "null");
		return;
	case JSON_OBJECT:
	case JSON_ARRAY:
		break;
	}
	(void)buffer_append_byte(to, object ? '{' : '[');
	for (uint32_t i = index + 1; i < token->next; i = tokens[i].next) {
		if (i > index + 1)
			(void)buffer_append_byte(to, ',');
		if (object) {
			(void)buffer_append_json(to, json_text(&tokens[i++]));
			(void)buffer_append_byte(to, ':');
		}
		copy_value(to, tokens, i);
	}
	(void)buffer_append_byte(to, object ? '}' : ']');
}

static void write_tagged(struct buffer *to, const char *tag, struct slice text)
{
	(void)buffer_append_text(to, "{\"");
	(void)buffer_append_text(to, tag);
	(void)buffer_append_text(to, "\":");
	(void)buffer_append_json(to, text);
	(void)buffer_append_byte(to, '}');
}

static const struct rows_type *member_type(const struct rows_type *type, struct slice name)
{
	for (uint32_t i = 0; i < type->member_count; i++)
		if (slice_is(name, type->members[i].name))
			return &type->members[i].type;
	return type->element != NULL ? type->element : &plain;
}

static void write_map(struct rows_writer *writer, struct buffer *to, const struct json_token *tokens, uint32_t index,
		      const struct rows_type *type, bool texts)
{
	(void)buffer_append_text(to, "{\"M\":{");
	for (uint32_t i = index + 1; i < tokens[index].next; i = tokens[i + 1].next) {
		struct slice name = json_text(&tokens[i]);
		if (i > index + 1)
			(void)buffer_append_byte(to, ',');
		(void)buffer_append_json(to, name);
		(void)buffer_append_byte(to, ':');
		write_value(writer, to, tokens, i + 1, member_type(type, name), texts);
	}
	(void)buffer_append_text(to, "}}");
}

/* Whether each of an array's values can be in a set of that kind. */
static bool fits_set(const struct json_token *tokens, uint32_t index, enum rows_kind kind)
{
	for (uint32_t i = index + 1; i < tokens[index].next; i = tokens[i].next) {
		const struct json_token *token = &tokens[i];
		bool string = token->type == JSON_STRING;
		bool fits = kind == ROWS_SS   ? string
			    : kind == ROWS_NS ? token->type == JSON_NUMBER || (string && is_number(json_text(token)))
					      : string && is_base64(json_text(token));
		if (!fits)
			return false;
	}
	return tokens[index].count > 0;
}

static void write_array(struct rows_writer *writer, struct buffer *to, const struct json_token *tokens, uint32_t index,
			const struct rows_type *type, bool texts)
{
	static const char *const tags[] = {[ROWS_SS] = "{\"SS\":[", [ROWS_NS] = "{\"NS\":[", [ROWS_BS] = "{\"BS\":["};
	bool set = type->kind >= ROWS_SS && type->kind <= ROWS_BS && fits_set(tokens, index, type->kind);
	const struct rows_type *element = type->element != NULL ? type->element : &plain;
	(void)buffer_append_text(to, set ? tags[type->kind] : "{\"L\":[");
	for (uint32_t i = index + 1; i < tokens[index].next; i = tokens[i].next) {
		if (i > index + 1)
			(void)buffer_append_byte(to, ',');
		if (set)
			(void)buffer_append_json(to, json_text(&tokens[i]));
		else
			write_value(writer, to, tokens, i, element, texts);
	}
	(void)buffer_append_text(to, "]}");
}

/* A text that stands for an array or an object. False: it is none, and nothing is written. */
static bool write_inner(struct rows_writer *writer, struct buffer *to, struct slice text, const struct rows_type *type)
{
	const struct json_token *tokens;
	size_t count;
	struct json_failure failure;
	if (writer->in_text || text.size == 0 || text.size > RECORD_SIZE_MAX)
		return false;
	writer->inner.size = 0;
	(void)buffer_append_slice(&writer->inner, text);
	if (writer->inner.failed || buffer_reserve(&writer->inner, JSON_PADDING) != 0) {
		to->failed = true;
		return false;
	}
	if (!json_parse(writer->parser, buffer_slice(&writer->inner), &tokens, &count, &failure) ||
	    (tokens[0].type != JSON_ARRAY && tokens[0].type != JSON_OBJECT))
		return false;
	writer->in_text = true;
	write_value(writer, to, tokens, 0, type, false);
	writer->in_text = false;
	return true;
}

static void write_text(struct rows_writer *writer, struct buffer *to, struct slice text, const struct rows_type *type,
		       bool texts)
{
	const char *word = texts && type->kind == ROWS_BOOL ? truth(text) : NULL;
	bool is_json = type->kind >= ROWS_L && (texts || type->kind == ROWS_JSON);
	if (word != NULL)
		(void)buffer_printf(to, "{\"BOOL\":%s}", word);
	else if (type->kind == ROWS_N && is_number(text))
		write_tagged(to, "N", text);
	else if (type->kind == ROWS_B && is_base64(text))
		write_tagged(to, "B", text);
	else if (!is_json || !write_inner(writer, to, text, type))
		write_tagged(to, "S", text);
}

static void write_value(struct rows_writer *writer, struct buffer *to, const struct json_token *tokens, uint32_t index,
			const struct rows_type *type, bool texts)
{
	const struct json_token *token = &tokens[index];
	switch ((enum json_type)token->type) {
	case JSON_STRING:
		write_text(writer, to, json_text(token), type, texts);
		return;
	case JSON_NUMBER:
		write_tagged(to, "N", json_text(token));
		return;
	case JSON_TRUE:
	case JSON_FALSE:
		(void)buffer_printf(to, "{\"BOOL\":%s}", token->type == JSON_TRUE ? "true" : "false");
		return;
	case JSON_NULL:
		(void)buffer_append_text(to, "{\"NULL\":true}");
		return;
	case JSON_OBJECT:
		write_map(writer, to, tokens, index, type, texts);
		return;
	case JSON_ARRAY:
		write_array(writer, to, tokens, index, type, texts);
		return;
	}
}

/* ---- images and keys */

/* The attribute that a field stands for; NULL: one of its own name of which nothing is known. */
static const struct rows_attribute *attribute_of(struct rows_writer *writer, struct slice field)
{
	const struct rows_shape *shape = writer->shape;
	for (uint32_t tried = 0; tried < shape->attribute_count; tried++) {
		uint32_t index = writer->next < shape->attribute_count ? writer->next : 0;
		writer->next = index + 1;
		if (slice_is(field, shape->attributes[index].field))
			return &shape->attributes[index];
	}
	return NULL;
}

/* An attribute of that name is held by another field, as the contract says; this one is something else. */
static bool is_held_elsewhere(const struct rows_shape *shape, struct slice field)
{
	for (uint32_t i = 0; i < shape->attribute_count; i++)
		if (slice_is(field, shape->attributes[i].name))
			return true;
	return false;
}

void rows_write_image(struct rows_writer *writer, const struct json_token *tokens, uint32_t object, bool texts,
		      bool (*left_out)(const void *context, struct slice name), const void *context)
{
	struct buffer *to = &writer->text;
	bool first = true;
	(void)buffer_append_byte(to, '{');
	for (uint32_t i = object + 1; i < tokens[object].next; i = tokens[i + 1].next) {
		struct slice field = json_text(&tokens[i]);
		bool null = tokens[i + 1].type == JSON_NULL;
		if ((left_out != NULL && left_out(context, field)) ||
		    (null && writer->shape->null_is_absent && !writer->shape->typed))
			continue;
		const struct rows_attribute *attribute = attribute_of(writer, field);
		if (attribute == NULL && is_held_elsewhere(writer->shape, field))
			continue;
		if (!first)
			(void)buffer_append_byte(to, ',');
		first = false;
		(void)buffer_append_json(to, attribute != NULL ? slice_from(attribute->name) : field);
		(void)buffer_append_byte(to, ':');
		if (writer->shape->typed)
			copy_value(to, tokens, i + 1);
		else
			write_value(writer, to, tokens, i + 1, attribute != NULL ? &attribute->type : &plain, texts);
	}
	(void)buffer_append_byte(to, '}');
}

/* Which of the two would be the key? */
static bool is_repeated(const struct json_token *tokens, uint32_t object, const char *field)
{
	uint32_t count = 0;
	for (uint32_t i = object + 1; i < tokens[object].next; i = tokens[i + 1].next)
		count += slice_is(json_text(&tokens[i]), field);
	return count > 1;
}

bool rows_write_keys(struct rows_writer *writer, const struct json_token *tokens, uint32_t object, bool texts)
{
	const struct rows_shape *shape = writer->shape;
	struct buffer *to = &writer->keys;
	to->size = 0;
	for (uint32_t part = 0; part < shape->key_count; part++) {
		const struct rows_attribute *attribute = &shape->attributes[part];
		uint32_t value = json_member(tokens, object, attribute->field);
		if (value == 0 || tokens[value].type == JSON_NULL || is_repeated(tokens, object, attribute->field)) {
			writer->missing_key = attribute->name;
			return false;
		}
		(void)buffer_append_byte(to, part == 0 ? '{' : ',');
		(void)buffer_append_json(to, slice_from(attribute->name));
		(void)buffer_append_byte(to, ':');
		if (tokens[value].type == JSON_OBJECT)
			copy_value(to, tokens, value);
		else
			write_value(writer, to, tokens, value, &attribute->type, texts);
	}
	(void)buffer_append_byte(to, '}');
	return true;
}

const char *rows_missing_key(const struct rows_writer *writer, const char *fallback)
{
	return writer->missing_key != NULL ? writer->missing_key : fallback;
}
