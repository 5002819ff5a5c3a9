#include "base/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"

enum { NAME_MAX_COMPARED = 40, VALUE_SHOWN_MAX = 60 };

int schema_refuse(struct schema_loader *loader, const yaml_node_t *node, const char *format, ...)
{
	char message[ERROR_MESSAGE_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	return error_set(loader->error, ERROR_USAGE, "%s:%zu:%zu: %s", loader->path, node->start_mark.line + 1,
			 node->start_mark.column + 1, message);
}

int schema_no_memory(struct schema_loader *loader)
{
	return error_set(loader->error, ERROR_INTERNAL, "out of memory while reading \"%s\"", loader->path);
}

static struct slice scalar(const yaml_node_t *node)
{
	return (struct slice){(const char *)node->data.scalar.value, node->data.scalar.length};
}

/* ---- nearest match ---- */

static size_t least(size_t a, size_t b, size_t c)
{
	size_t less = a < b ? a : b;
	return less < c ? less : c;
}

/* Edits (insert, delete, replace) from one name to the other. */
static size_t distance(struct slice a, struct slice b)
{
	size_t row[NAME_MAX_COMPARED + 1];
	if (a.size > NAME_MAX_COMPARED || b.size > NAME_MAX_COMPARED)
		return SIZE_MAX;
	for (size_t column = 0; column <= b.size; column++)
		row[column] = column;
	for (size_t line = 1; line <= a.size; line++) {
		size_t diagonal = row[0];
		row[0] = line;
		for (size_t column = 1; column <= b.size; column++) {
			size_t above = row[column];
			size_t replaced = diagonal + (a.data[line - 1] != b.data[column - 1]);
			row[column] = least(above + 1, row[column - 1] + 1, replaced);
			diagonal = above;
		}
	}
	return row[b.size];
}

bool schema_nearer(struct slice name, const char *known, size_t *fewest)
{
	size_t edits = distance(name, slice_from(known));
	if (edits >= *fewest || edits >= name.size / 4 + 2)
		return false;
	*fewest = edits;
	return true;
}

static const char *nearest_key(const struct schema_map *map, struct slice name)
{
	const char *nearest = NULL;
	size_t fewest = SIZE_MAX;
	for (const struct schema_key *key = map->keys; key->name != NULL; key++)
		if (key->kind != SCHEMA_LATER && schema_nearer(name, key->name, &fewest))
			nearest = key->name;
	return nearest;
}

static int unknown_key(struct schema_loader *loader, const struct schema_map *map, const yaml_node_t *node)
{
	struct slice name = scalar(node);
	int shown = (int)(name.size < VALUE_SHOWN_MAX ? name.size : VALUE_SHOWN_MAX);
	const char *nearest = nearest_key(map, name);
	if (nearest != NULL)
		return schema_error(loader, node, "unknown key '%.*s', did you mean '%s'", shown, name.data, nearest);
	char known[400];
	size_t used = 0;
	for (const struct schema_key *key = map->keys; key->name != NULL && used < sizeof(known); key++)
		if (key->kind != SCHEMA_LATER)
			used += (size_t)snprintf(known + used, sizeof(known) - used, "%s'%s'", used > 0 ? ", " : "",
						 key->name);
	return schema_error(loader, node, "unknown key '%.*s'; known here: %s", shown, name.data, known);
}

/* ---- scalars ---- */

static bool is_name_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
	       byte == '_';
}

/* Replaces one ${NAME} that starts at *at; its value goes to `text`. */
static int expand_variable(struct schema_loader *loader, yaml_node_t *node, struct slice from, size_t *at,
			   struct buffer *text)
{
	size_t end = *at + 2;
	while (end < from.size && is_name_byte(from.data[end]))
		end++;
	if (end == from.size || from.data[end] != '}' || end == *at + 2)
		return schema_error(loader, node, "'${' wants a variable's name and '}'; write '$${' for itself");
	struct slice name = arena_copy(loader->arena, (struct slice){from.data + *at + 2, end - *at - 2});
	if (name.data == NULL)
		return schema_out_of_memory(loader);
	const char *value = getenv(name.data);
	if (value == NULL)
		return schema_error(loader, node, "environment variable '%s' is not set", name.data);
	*at = end + 1;
	return buffer_append_text(text, value) == 0 ? 0 : schema_out_of_memory(loader);
}

/* A scalar's text with variables replaced, in the arena. */
int schema_text(struct schema_loader *loader, yaml_node_t *node, const char *what, const char **text)
{
	if (node->type != YAML_SCALAR_NODE)
		return schema_error(loader, node, "'%s' must be a single value", what);
	struct slice from = scalar(node);
	struct buffer expanded;
	int code = 0;
	buffer_init(&expanded, 1024 * 1024);
	if (from.size > 0 && memchr(from.data, '\0', from.size) != NULL)
		code = schema_error(loader, node, "'%s' holds a NUL character", what);
	for (size_t at = 0; at < from.size && code == 0;) {
		struct slice rest = {from.data + at, from.size - at};
		if (rest.size >= 3 && memcmp(rest.data, "$${", 3) == 0) {
			buffer_append_text(&expanded, "${");
			at += 3;
		} else if (rest.size >= 2 && memcmp(rest.data, "${", 2) == 0) {
			code = expand_variable(loader, node, from, &at, &expanded);
		} else {
			buffer_append_byte(&expanded, from.data[at++]);
		}
	}
	if (code == 0) {
		*text = arena_copy(loader->arena, buffer_slice(&expanded)).data;
		if (*text == NULL || expanded.failed)
			code = schema_out_of_memory(loader);
		else if (**text == '\0')
			code = schema_error(loader, node, "'%s' is empty", what);
	}
	buffer_release(&expanded);
	return code;
}

int schema_shown(const char *text)
{
	size_t size = strlen(text);
	return (int)(size < VALUE_SHOWN_MAX ? size : VALUE_SHOWN_MAX);
}

/* The choice's index, or -1. */
int schema_choice(const char *choices, const char *text)
{
	size_t size = strlen(text);
	for (int index = 0;; index++) {
		size_t length = strcspn(choices, "|");
		if (length == size && memcmp(choices, text, size) == 0)
			return index;
		if (choices[length] == '\0')
			return -1;
		choices += length + 1;
	}
}

/* "a|b|c" as "a, b or c". */
static void list_choices(const char *choices, char *text, size_t size)
{
	size_t used = 0;
	for (; *choices != '\0' && used + 1 < size;) {
		size_t length = strcspn(choices, "|");
		const char *next = choices[length] == '\0' ? choices + length : choices + length + 1;
		const char *mark = used == 0 ? "" : strchr(next, '|') != NULL || *next != '\0' ? ", " : " or ";
		used += (size_t)snprintf(text + used, size - used, "%s%.*s", mark, (int)length, choices);
		choices = next;
	}
}

static int read_choice(struct schema_loader *loader, yaml_node_t *node, const struct schema_key *key, const char *text,
		       void *target)
{
	char choices[200];
	int index = schema_choice(key->choices, text);
	if (index < 0) {
		list_choices(key->choices, choices, sizeof(choices));
		return schema_error(loader, node, "'%s' must be %s%s, not '%.*s'", key->name, choices,
				    key->kind == SCHEMA_CHOICE_OR_MAP ? " or a mapping" : "", schema_shown(text), text);
	}
	int value = (int)key->min + index;
	memcpy((char *)target + key->offset, &value, sizeof(value));
	return 0;
}

static int read_integer(struct schema_loader *loader, yaml_node_t *node, const struct schema_key *key, const char *text,
			void *target)
{
	const char *at = text + (*text == '-');
	int64_t value = 0;
	bool fits = *at != '\0';
	for (; *at >= '0' && *at <= '9' && fits; at++)
		fits = !__builtin_mul_overflow(value, 10, &value) && !__builtin_add_overflow(value, *at - '0', &value);
	value = *text == '-' ? -value : value;
	if (!fits || *at != '\0' || value < key->min || value > key->max) {
		if (key->min == key->max)
			return schema_error(loader, node, "'%s' must be %lld, not '%.*s'", key->name,
					    (long long)key->min, schema_shown(text), text);
		return schema_error(loader, node, "'%s' must be a whole number from %lld to %lld, not '%.*s'",
				    key->name, (long long)key->min, (long long)key->max, schema_shown(text), text);
	}
	memcpy((char *)target + key->offset, &value, sizeof(value));
	return 0;
}

static int read_time(struct schema_loader *loader, yaml_node_t *node, const struct schema_key *key, const char *text,
		     void *target)
{
	int64_t value;
	if (key->kind == SCHEMA_TIME) {
		if (!clock_parse(slice_from(text), &value))
			return schema_error(loader, node,
					    "'%s' must be a time such as 2026-01-02T03:04:05Z, not '%.*s'", key->name,
					    schema_shown(text), text);
		*(bool *)((char *)target + key->also) = true;
	} else if (!clock_parse_duration(slice_from(text), &value) || value < 0) {
		return schema_error(loader, node, "'%s' must be a duration such as 15m, not '%.*s'", key->name,
				    schema_shown(text), text);
	}
	memcpy((char *)target + key->offset, &value, sizeof(value));
	return 0;
}

static int read_boolean(struct schema_loader *loader, yaml_node_t *node, const struct schema_key *key, const char *text,
			void *target)
{
	bool value = strcmp(text, "true") == 0;
	if (!value && strcmp(text, "false") != 0)
		return schema_error(loader, node, "'%s' must be true or false, not '%.*s'", key->name,
				    schema_shown(text), text);
	*(bool *)((char *)target + key->offset) = value;
	return 0;
}

static int read_scalar(struct schema_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target)
{
	const char *text;
	int code = schema_text(loader, node, key->name, &text);
	if (code != 0)
		return code;
	switch (key->kind) {
	case SCHEMA_TEXT:
		memcpy((char *)target + key->offset, &text, sizeof(text));
		return 0;
	case SCHEMA_BOOLEAN:
		return read_boolean(loader, node, key, text, target);
	case SCHEMA_INTEGER:
		return read_integer(loader, node, key, text, target);
	case SCHEMA_CHOICE:
	case SCHEMA_CHOICE_OR_MAP:
		return read_choice(loader, node, key, text, target);
	default:
		return read_time(loader, node, key, text, target);
	}
}

/* ---- lists ---- */

size_t schema_count(const yaml_node_t *node)
{
	if (node->type == YAML_SEQUENCE_NODE)
		return (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
	if (node->type == YAML_MAPPING_NODE)
		return (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
	return 0;
}

static yaml_node_t *item_at(struct schema_loader *loader, yaml_node_t *node, size_t index)
{
	return yaml_document_get_node(loader->document, node->data.sequence.items.start[index]);
}

/* Zeroed elements, put where the key says together with their number. */
void *schema_store(struct schema_loader *loader, const struct schema_key *key, size_t count, size_t size, void *target)
{
	uint32_t stored = (uint32_t)count;
	void *elements = arena_array(loader->arena, count + 1, size);
	if (elements == NULL)
		return NULL;
	memset(elements, 0, (count + 1) * size);
	memcpy((char *)target + key->offset, &elements, sizeof(elements));
	memcpy((char *)target + key->also, &stored, sizeof(stored));
	return elements;
}

int schema_texts(struct schema_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target)
{
	size_t count = schema_count(node);
	if (node->type != YAML_SEQUENCE_NODE || count > SCHEMA_LIST_MAX)
		return schema_error(loader, node, "'%s' must be a list", key->name);
	const char **texts = schema_store(loader, key, count, sizeof(*texts), target);
	if (texts == NULL)
		return schema_out_of_memory(loader);
	int code = 0;
	for (size_t index = 0; index < count && code == 0; index++)
		code = schema_text(loader, item_at(loader, node, index), key->name, &texts[index]);
	return code;
}

static int read_list(struct schema_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target)
{
	size_t count = schema_count(node);
	if (node->type != YAML_SEQUENCE_NODE)
		return schema_error(loader, node, "'%s' must be a list", key->name);
	if (count < (size_t)key->min || count > (size_t)key->max)
		return schema_error(loader, node, "'%s' must have %lld to %lld entries, not %zu", key->name,
				    (long long)key->min, (long long)key->max, count);
	char *elements = schema_store(loader, key, count, key->element_size, target);
	if (elements == NULL)
		return schema_out_of_memory(loader);
	int code = 0;
	for (size_t index = 0; index < count && code == 0; index++)
		code = schema_parse_map(loader, key->map, item_at(loader, node, index),
					elements + index * key->element_size);
	return code;
}

/* ---- mappings ---- */

yaml_node_t *schema_find(struct schema_loader *loader, yaml_node_t *node, const char *key)
{
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
		yaml_node_t *name = yaml_document_get_node(loader->document, pair->key);
		if (name->type == YAML_SCALAR_NODE && slice_is(scalar(name), key))
			return yaml_document_get_node(loader->document, pair->value);
	}
	return NULL;
}

static int read_value(struct schema_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target)
{
	switch (key->kind) {
	case SCHEMA_TEXTS:
		return schema_texts(loader, node, key, target);
	case SCHEMA_MAP:
		return schema_parse_map(loader, key->map, node, target);
	case SCHEMA_CHOICE_OR_MAP:
		return node->type == YAML_MAPPING_NODE ? schema_parse_map(loader, key->map, node, target)
						       : read_scalar(loader, node, key, target);
	case SCHEMA_LIST:
		return read_list(loader, node, key, target);
	case SCHEMA_OTHER:
		return key->type->read(loader, node, key, target);
	default:
		return read_scalar(loader, node, key, target);
	}
}

static int parse_pair(struct schema_loader *loader, const struct schema_map *map, yaml_node_t *node,
		      yaml_node_pair_t *pair, void *target)
{
	yaml_node_t *name = yaml_document_get_node(loader->document, pair->key);
	if (name->type != YAML_SCALAR_NODE)
		return schema_error(loader, name, "a key must be a single word");
	for (yaml_node_pair_t *other = node->data.mapping.pairs.start; other < pair; other++) {
		yaml_node_t *earlier = yaml_document_get_node(loader->document, other->key);
		if (slice_equal(scalar(earlier), scalar(name)))
			return schema_error(loader, name, "key '%.*s' is there twice, first on line %zu",
					    (int)scalar(name).size, scalar(name).data, earlier->start_mark.line + 1);
	}
	const struct schema_key *key = map->keys;
	while (key->name != NULL && !slice_is(scalar(name), key->name))
		key++;
	if (key->name == NULL)
		return unknown_key(loader, map, name);
	if (key->kind == SCHEMA_LATER)
		return schema_error(loader, name, "'%s' is not supported yet", key->name);
	return read_value(loader, yaml_document_get_node(loader->document, pair->value), key, target);
}

int schema_parse_map(struct schema_loader *loader, const struct schema_map *map, yaml_node_t *node, void *target)
{
	if (node->type != YAML_MAPPING_NODE)
		return schema_error(loader, node, "expected a mapping with '%s'", map->keys[0].name);
	yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	for (; pair < node->data.mapping.pairs.top; pair++) {
		int code = parse_pair(loader, map, node, pair, target);
		if (code != 0)
			return code;
	}
	for (const struct schema_key *key = map->keys; key->name != NULL; key++)
		if (key->required && schema_find(loader, node, key->name) == NULL)
			return schema_error(loader, node, "key '%s' is missing", key->name);
	return map->check == NULL ? 0 : map->check(loader, node, target);
}

/* ---- files ---- */

static int yaml_failure(const char *path, const yaml_parser_t *parser, struct error *error)
{
	const yaml_mark_t *mark = parser->error == YAML_READER_ERROR ? &parser->mark : &parser->problem_mark;
	/* Where libyaml fails without saying why, it is memory too. */
	if (parser->error == YAML_MEMORY_ERROR || parser->error == YAML_NO_ERROR)
		return error_set(error, ERROR_INTERNAL, "out of memory while reading \"%s\"", path);
	return error_set(error, ERROR_USAGE, "%s:%zu:%zu: not valid YAML: %s", path, mark->line + 1, mark->column + 1,
			 parser->problem != NULL ? parser->problem : "unknown error");
}

int schema_parse(struct schema_loader *loader, const struct schema_map *map, struct slice text, void *target)
{
	yaml_parser_t parser;
	yaml_document_t document, rest;
	int code = 0;
	if (!yaml_parser_initialize(&parser))
		return schema_out_of_memory(loader);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text.data, text.size);
	if (!yaml_parser_load(&parser, &document)) {
		code = yaml_failure(loader->path, &parser, loader->error);
		yaml_parser_delete(&parser);
		return code;
	}
	loader->document = &document;
	yaml_node_t *root = yaml_document_get_root_node(&document);
	if (root == NULL)
		code = error_set(loader->error, ERROR_USAGE, "%s:1:1: the %s is empty", loader->path, loader->what);
	else
		code = schema_parse_map(loader, map, root, target);
	if (code == 0 && !yaml_parser_load(&parser, &rest)) {
		code = yaml_failure(loader->path, &parser, loader->error);
	} else if (code == 0) {
		root = yaml_document_get_root_node(&rest);
		if (root != NULL)
			code = schema_error(loader, root, "a second YAML document follows the %s", loader->what);
		yaml_document_delete(&rest);
	}
	loader->document = NULL;
	yaml_document_delete(&document);
	yaml_parser_delete(&parser);
	return code;
}

int schema_read_file(const char *path, const char *what, struct buffer *text, struct error *error)
{
	enum { STEP = 65536 };
	int code = 0, file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0) {
		/* A name that leads nowhere is the caller's to mend, not the system's. */
		bool nowhere = errno == ENOENT || errno == ENOTDIR;
		code = error_system(error, "cannot open the %s \"%s\"", what, path);
		return nowhere ? error->code = ERROR_USAGE : code;
	}
	for (;;) {
		if (text->size > SCHEMA_FILE_MAX) {
			code = error_set(error, ERROR_USAGE, "%s: a %s has at most 4 MiB", path, what);
			break;
		}
		if (buffer_reserve(text, STEP) != 0) {
			code = error_set(error, ERROR_INTERNAL, "out of memory while reading \"%s\"", path);
			break;
		}
		ssize_t got = read(file, text->data + text->size, STEP);
		if (got == 0)
			break;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			code = error_system(error, "cannot read the %s \"%s\"", what, path);
			break;
		}
		text->size += (size_t)got;
	}
	close(file);
	return code;
}
