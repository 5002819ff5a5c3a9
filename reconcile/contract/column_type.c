#include "reconcile/contract/column_type.h"

#include <ctype.h>
#include <stdio.h>

static const struct {
	const char *name;
	enum column_kind kind;
} simple_types[] = {
	/* The first name of a kind is Spark's own; the others are what Spark's parser accepts too. */
	{"string", COLUMN_STRING},
	{"boolean", COLUMN_BOOLEAN},
	{"tinyint", COLUMN_TINYINT},
	{"byte", COLUMN_TINYINT},
	{"smallint", COLUMN_SMALLINT},
	{"short", COLUMN_SMALLINT},
	{"int", COLUMN_INT},
	{"integer", COLUMN_INT},
	{"bigint", COLUMN_BIGINT},
	{"long", COLUMN_BIGINT},
	{"float", COLUMN_FLOAT},
	{"real", COLUMN_FLOAT},
	{"double", COLUMN_DOUBLE},
	{"binary", COLUMN_BINARY},
	{"date", COLUMN_DATE},
	{"timestamp", COLUMN_TIMESTAMP},
	{"timestamp_ltz", COLUMN_TIMESTAMP},
	{"timestamp_ntz", COLUMN_TIMESTAMP_NTZ},
};

enum { SIMPLE_TYPES = sizeof(simple_types) / sizeof(simple_types[0]), FIELDS_MAX = 4096 };

struct type_parser {
	struct arena *arena;
	const char *at, *end;
	const char *why; /* NULL while all is well */
};

static const struct column_type *parse_type(struct type_parser *parser, unsigned depth);

static const struct column_type *parse_fail(struct type_parser *parser, const char *why)
{
	if (parser->why == NULL)
		parser->why = why;
	return NULL;
}

static void skip_space(struct type_parser *parser)
{
	while (parser->at < parser->end && (*parser->at == ' ' || *parser->at == '\t'))
		parser->at++;
}

static bool take(struct type_parser *parser, char wanted)
{
	skip_space(parser);
	if (parser->at == parser->end || *parser->at != wanted)
		return false;
	parser->at++;
	return true;
}

static bool is_word(char byte)
{
	return isalnum((unsigned char)byte) || byte == '_' || (unsigned char)byte >= 0x80;
}

static struct slice take_word(struct type_parser *parser)
{
	skip_space(parser);
	const char *start = parser->at;
	while (parser->at < parser->end && is_word(*parser->at))
		parser->at++;
	return (struct slice){start, (size_t)(parser->at - start)};
}

static bool same_word(struct slice word, const char *name)
{
	size_t index = 0;
	for (; index < word.size && name[index] != '\0'; index++)
		if (tolower((unsigned char)word.data[index]) != name[index])
			return false;
	return index == word.size && name[index] == '\0';
}

static struct column_type *make_type(struct type_parser *parser, enum column_kind kind, uint32_t child_count)
{
	struct column_type *type = arena_alloc(parser->arena, sizeof(*type));
	const struct column_type **children = NULL;
	const char **names = NULL;
	if (type != NULL && child_count > 0) {
		children = arena_array(parser->arena, child_count, sizeof(*children));
		names = arena_array(parser->arena, child_count, sizeof(*names));
	}
	if (type == NULL || (child_count > 0 && (children == NULL || names == NULL))) {
		parse_fail(parser, "out of memory");
		return NULL;
	}
	*type = (struct column_type){.kind = kind, .child_count = child_count, .children = children, .names = names};
	return type;
}

/* A small whole number; UINT32_MAX when there is none. */
static uint32_t take_number(struct type_parser *parser)
{
	skip_space(parser);
	uint32_t value = 0;
	const char *start = parser->at;
	while (parser->at < parser->end && isdigit((unsigned char)*parser->at) && parser->at - start < 4)
		value = value * 10 + (uint32_t)(*parser->at++ - '0');
	return parser->at == start ? UINT32_MAX : value;
}

static const struct column_type *parse_decimal(struct type_parser *parser)
{
	uint32_t precision = 10, scale = 0; /* Spark's DECIMAL without arguments is DECIMAL(10,0). */
	if (take(parser, '(')) {
		precision = take_number(parser);
		if (take(parser, ','))
			scale = take_number(parser);
		if (!take(parser, ')'))
			return parse_fail(parser, "decimal wants (precision,scale)");
	}
	if (precision < 1 || precision > 38)
		return parse_fail(parser, "a decimal's precision is 1 to 38");
	if (scale > precision)
		return parse_fail(parser, "a decimal's scale is 0 to its precision");
	struct column_type *type = make_type(parser, COLUMN_DECIMAL, 0);
	if (type == NULL)
		return NULL;
	type->precision = (uint8_t)precision;
	type->scale = (uint8_t)scale;
	return type;
}

static const struct column_type *parse_children(struct type_parser *parser, enum column_kind kind, unsigned depth)
{
	uint32_t count = kind == COLUMN_MAP ? 2 : 1;
	if (!take(parser, '<'))
		return parse_fail(parser, kind == COLUMN_MAP ? "map wants <key,value>" : "array wants <element>");
	struct column_type *type = make_type(parser, kind, count);
	if (type == NULL)
		return NULL;
	for (uint32_t index = 0; index < count; index++) {
		if (index > 0 && !take(parser, ','))
			return parse_fail(parser, "map wants <key,value>");
		type->children[index] = parse_type(parser, depth + 1);
		type->names[index] = kind == COLUMN_ARRAY ? "element" : index == 0 ? "key" : "value";
		if (type->children[index] == NULL)
			return NULL;
	}
	if (!take(parser, '>'))
		return parse_fail(parser, kind == COLUMN_MAP ? "map wants <key,value>" : "array wants <element>");
	return type;
}

/* A field's name: a word, or anything but a zero byte between backticks with `` for one. NULL when there is none. */
static const char *take_field_name(struct type_parser *parser)
{
	if (!take(parser, '`')) {
		struct slice word = take_word(parser);
		return word.size == 0 ? NULL : arena_copy(parser->arena, word).data;
	}
	char *name = arena_alloc(parser->arena, (size_t)(parser->end - parser->at) + 1);
	size_t size = 0;
	while (name != NULL && parser->at < parser->end && *parser->at != '\0') {
		if (*parser->at == '`' && (parser->end - parser->at < 2 || parser->at[1] != '`')) {
			parser->at++;
			name[size] = '\0';
			return size == 0 ? NULL : name;
		}
		parser->at += *parser->at == '`' ? 1 : 0;
		name[size++] = *parser->at++;
	}
	return NULL;
}

static bool add_field(struct type_parser *parser, struct column_type *type, const char *name,
		      const struct column_type *child)
{
	for (uint32_t index = 0; index < type->child_count; index++)
		if (strcmp(type->names[index], name) == 0)
			return parse_fail(parser, "struct has a field twice") != NULL;
	uint32_t count = type->child_count;
	if (count == FIELDS_MAX)
		return parse_fail(parser, "struct has too many fields") != NULL;
	if ((count & (count - 1)) == 0) { /* Full at each power of two: double. */
		uint32_t room = count == 0 ? 1 : count * 2;
		const struct column_type **children = arena_array(parser->arena, room, sizeof(*children));
		const char **names = arena_array(parser->arena, room, sizeof(*names));
		if (children == NULL || names == NULL)
			return parse_fail(parser, "out of memory") != NULL;
		if (count > 0) {
			memcpy(children, type->children, count * sizeof(*children));
			memcpy(names, type->names, count * sizeof(*names));
		}
		type->children = children;
		type->names = names;
	}
	type->children[count] = child;
	type->names[count] = name;
	type->child_count = count + 1;
	return true;
}

static const struct column_type *parse_struct(struct type_parser *parser, unsigned depth)
{
	struct column_type *type = make_type(parser, COLUMN_STRUCT, 0);
	if (type == NULL)
		return NULL;
	if (!take(parser, '<'))
		return parse_fail(parser, "struct wants <name:type,…>");
	do {
		const char *name = take_field_name(parser);
		if (name == NULL || !take(parser, ':'))
			return parse_fail(parser, "struct wants <name:type,…>");
		const struct column_type *child = parse_type(parser, depth + 1);
		if (child == NULL || !add_field(parser, type, name, child))
			return NULL;
	} while (take(parser, ','));
	return take(parser, '>') ? type : parse_fail(parser, "struct wants <name:type,…>");
}

/* Recursion is bounded by COLUMN_TYPE_DEPTH_MAX. */
static const struct column_type *parse_type(struct type_parser *parser, unsigned depth)
{
	if (depth >= COLUMN_TYPE_DEPTH_MAX)
		return parse_fail(parser, "nested too deep");
	struct slice word = take_word(parser);
	for (size_t index = 0; index < SIMPLE_TYPES; index++)
		if (same_word(word, simple_types[index].name))
			return make_type(parser, simple_types[index].kind, 0);
	if (same_word(word, "decimal") || same_word(word, "dec") || same_word(word, "numeric"))
		return parse_decimal(parser);
	if (same_word(word, "array"))
		return parse_children(parser, COLUMN_ARRAY, depth);
	if (same_word(word, "map"))
		return parse_children(parser, COLUMN_MAP, depth);
	if (same_word(word, "struct"))
		return parse_struct(parser, depth);
	return parse_fail(parser, "unknown type");
}

const struct column_type *column_type_parse(struct arena *arena, struct slice text, const char **why)
{
	struct type_parser parser = {.arena = arena, .at = text.data, .end = text.data + text.size};
	const struct column_type *type = NULL;
	if (text.size == 0 || text.size >= COLUMN_TYPE_TEXT_MAX)
		parse_fail(&parser, text.size == 0 ? "unknown type" : "type is too long");
	else
		type = parse_type(&parser, 0);
	skip_space(&parser);
	if (type != NULL && parser.at != parser.end)
		type = parse_fail(&parser, "something follows the type");
	*why = parser.why;
	return type;
}

static enum column_kind kind_from_format(const char *format)
{
	static const struct {
		const char *format;
		enum column_kind kind;
	} formats[] = {
		{"u", COLUMN_STRING},
		{"U", COLUMN_STRING},
		{"vu", COLUMN_STRING},
		{"b", COLUMN_BOOLEAN},
		{"c", COLUMN_TINYINT},
		{"s", COLUMN_SMALLINT},
		{"i", COLUMN_INT},
		{"l", COLUMN_BIGINT},
		{"f", COLUMN_FLOAT},
		{"g", COLUMN_DOUBLE},
		{"z", COLUMN_BINARY},
		{"Z", COLUMN_BINARY},
		{"vz", COLUMN_BINARY},
		{"tdD", COLUMN_DATE},
		{"+l", COLUMN_ARRAY},
		{"+L", COLUMN_ARRAY},
		{"+m", COLUMN_MAP},
		{"+s", COLUMN_STRUCT},
		{"tsu:", COLUMN_TIMESTAMP_NTZ},
	};
	for (size_t index = 0; index < sizeof(formats) / sizeof(formats[0]); index++)
		if (strcmp(format, formats[index].format) == 0)
			return formats[index].kind;
	if (strncmp(format, "tsu:", 4) == 0)
		return COLUMN_TIMESTAMP;
	if (strncmp(format, "d:", 2) == 0)
		return COLUMN_DECIMAL;
	return 0;
}

static const struct column_type *type_from_arrow(struct type_parser *parser, const struct ArrowSchema *schema,
						 unsigned depth);

static const struct column_type *nested_from_arrow(struct type_parser *parser, const struct ArrowSchema *schema,
						   enum column_kind kind, unsigned depth)
{
	struct ArrowSchema **children = schema->children;
	int64_t count = schema->n_children;
	if (kind == COLUMN_MAP) { /* One child, a struct of key and value. */
		if (count != 1 || strcmp(children[0]->format, "+s") != 0 || children[0]->n_children != 2)
			return NULL;
		count = 2;
		children = children[0]->children;
	}
	if ((kind == COLUMN_ARRAY && count != 1) || count < 1 || count > FIELDS_MAX)
		return NULL;
	struct column_type *type = make_type(parser, kind, (uint32_t)count);
	if (type == NULL)
		return NULL;
	for (int64_t index = 0; index < count; index++) {
		const char *name = kind == COLUMN_STRUCT && children[index]->name != NULL ? children[index]->name
				   : kind == COLUMN_ARRAY                                 ? "element"
				   : index == 0                                           ? "key"
											  : "value";
		type->names[index] = arena_copy(parser->arena, slice_from(name)).data;
		type->children[index] = type_from_arrow(parser, children[index], depth + 1);
		if (type->names[index] == NULL || type->children[index] == NULL)
			return NULL;
	}
	return type;
}

static const struct column_type *decimal_from_arrow(struct type_parser *parser, const char *format)
{
	/* "d:precision,scale", and ",width" when that is not 128 bits. */
	struct type_parser numbers = {.at = format + 2, .end = format + strlen(format)};
	uint32_t precision = take_number(&numbers);
	uint32_t scale = take(&numbers, ',') ? take_number(&numbers) : UINT32_MAX;
	uint32_t width = take(&numbers, ',') ? take_number(&numbers) : 128;
	if (numbers.at != numbers.end || precision < 1 || precision > 38 || scale > precision)
		return NULL;
	if (width != 32 && width != 64 && width != 128)
		return NULL;
	struct column_type *type = make_type(parser, COLUMN_DECIMAL, 0);
	if (type != NULL) {
		type->precision = (uint8_t)precision;
		type->scale = (uint8_t)scale;
	}
	return type;
}

static const struct column_type *type_from_arrow(struct type_parser *parser, const struct ArrowSchema *schema,
						 unsigned depth)
{
	if (depth >= COLUMN_TYPE_DEPTH_MAX || schema->dictionary != NULL)
		return NULL;
	enum column_kind kind = kind_from_format(schema->format);
	switch (kind) {
	case COLUMN_ARRAY:
	case COLUMN_MAP:
	case COLUMN_STRUCT:
		return nested_from_arrow(parser, schema, kind, depth);
	case COLUMN_DECIMAL:
		return decimal_from_arrow(parser, schema->format);
	default:
		return kind == 0 ? NULL : make_type(parser, kind, 0);
	}
}

const struct column_type *column_type_from_arrow(struct arena *arena, const struct ArrowSchema *schema)
{
	struct type_parser parser = {.arena = arena};
	return type_from_arrow(&parser, schema, 0);
}

struct type_printer {
	char *text;
	size_t size, used;
};

static void print_text(struct type_printer *printer, const char *text)
{
	for (; *text != '\0'; text++)
		if (printer->used + 1 < printer->size)
			printer->text[printer->used++] = *text;
}

static void print_name(struct type_printer *printer, const char *name)
{
	bool plain = name[0] != '\0';
	for (const char *at = name; *at != '\0'; at++)
		plain = plain && is_word(*at);
	if (plain) {
		print_text(printer, name);
		return;
	}
	print_text(printer, "`");
	for (const char *at = name; *at != '\0'; at++)
		print_text(printer, *at == '`' ? "``" : (char[]){*at, '\0'});
	print_text(printer, "`");
}

static void print_type(struct type_printer *printer, const struct column_type *type)
{
	char decimal[32];
	if (type->kind == COLUMN_DECIMAL) {
		snprintf(decimal, sizeof(decimal), "decimal(%u,%u)", type->precision, type->scale);
		print_text(printer, decimal);
		return;
	}
	for (size_t index = 0; index < SIMPLE_TYPES; index++) {
		if (simple_types[index].kind == type->kind) {
			print_text(printer, simple_types[index].name);
			return;
		}
	}
	print_text(printer, type->kind == COLUMN_ARRAY ? "array<" : type->kind == COLUMN_MAP ? "map<" : "struct<");
	for (uint32_t index = 0; index < type->child_count; index++) {
		if (index > 0)
			print_text(printer, ",");
		if (type->kind == COLUMN_STRUCT) {
			print_name(printer, type->names[index]);
			print_text(printer, ":");
		}
		print_type(printer, type->children[index]);
	}
	print_text(printer, ">");
}

const char *column_type_text(const struct column_type *type, char *text, size_t size)
{
	struct type_printer printer = {text, size, 0};
	if (size == 0)
		return "";
	print_type(&printer, type);
	text[printer.used] = '\0';
	return text;
}

bool column_type_equal(const struct column_type *a, const struct column_type *b)
{
	if (a->kind != b->kind || a->precision != b->precision || a->scale != b->scale ||
	    a->child_count != b->child_count)
		return false;
	for (uint32_t index = 0; index < a->child_count; index++) {
		if (a->kind == COLUMN_STRUCT && strcmp(a->names[index], b->names[index]) != 0)
			return false;
		if (!column_type_equal(a->children[index], b->children[index]))
			return false;
	}
	return true;
}
