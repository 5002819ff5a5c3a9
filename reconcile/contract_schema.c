#include "reconcile/contract_schema.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

enum { NAME_MAX_COMPARED = 40, VALUE_SHOWN_MAX = 60, LIST_MAX = 100000 };

int schema_error(struct contract_loader *loader, const yaml_node_t *node, const char *format, ...)
{
	char message[ERROR_MESSAGE_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	return error_set(loader->error, ERROR_USAGE, "%s:%zu:%zu: %s", loader->path, node->start_mark.line + 1,
			 node->start_mark.column + 1, message);
}

static int out_of_memory(struct contract_loader *loader)
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

static const char *nearest_key(const struct schema_map *map, struct slice name)
{
	const char *nearest = NULL;
	size_t fewest = name.size / 4 + 2;
	for (const struct schema_key *key = map->keys; key->name != NULL; key++) {
		size_t edits = distance(name, slice_from(key->name));
		if (edits < fewest && key->kind != SCHEMA_LATER) {
			fewest = edits;
			nearest = key->name;
		}
	}
	return nearest;
}

static int unknown_key(struct contract_loader *loader, const struct schema_map *map, const yaml_node_t *node)
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
static int expand_variable(struct contract_loader *loader, yaml_node_t *node, struct slice from, size_t *at,
			   struct buffer *text)
{
	size_t end = *at + 2;
	while (end < from.size && is_name_byte(from.data[end]))
		end++;
	if (end == from.size || from.data[end] != '}' || end == *at + 2)
		return schema_error(loader, node, "'${' wants a variable's name and '}'; write '$${' for itself");
	struct slice name = arena_copy(loader->arena, (struct slice){from.data + *at + 2, end - *at - 2});
	if (name.data == NULL)
		return out_of_memory(loader);
	const char *value = getenv(name.data);
	if (value == NULL)
		return schema_error(loader, node, "environment variable '%s' is not set", name.data);
	*at = end + 1;
	return buffer_append_text(text, value) == 0 ? 0 : out_of_memory(loader);
}

/* A scalar's text with variables replaced, in the arena. */
static int read_text(struct contract_loader *loader, yaml_node_t *node, const char *what, const char **text)
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
			code = out_of_memory(loader);
		else if (**text == '\0')
			code = schema_error(loader, node, "'%s' is empty", what);
	}
	buffer_release(&expanded);
	return code;
}

static int shown(const char *text)
{
	size_t size = strlen(text);
	return (int)(size < VALUE_SHOWN_MAX ? size : VALUE_SHOWN_MAX);
}

/* The choice's index, or -1. */
static int find_choice(const char *choices, const char *text)
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

static int read_choice(struct contract_loader *loader, yaml_node_t *node, const struct schema_key *key,
		       const char *text, void *target)
{
	char choices[200];
	int index = find_choice(key->choices, text);
	if (index < 0) {
		list_choices(key->choices, choices, sizeof(choices));
		return schema_error(loader, node, "'%s' must be %s%s, not '%.*s'", key->name, choices,
				    key->kind == SCHEMA_CHOICE_OR_MAP ? " or a mapping" : "", shown(text), text);
	}
	int value = (int)key->min + index;
	memcpy((char *)target + key->offset, &value, sizeof(value));
	return 0;
}

static int read_integer(struct contract_loader *loader, yaml_node_t *node, const struct schema_key *key,
			const char *text, void *target)
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
					    (long long)key->min, shown(text), text);
		return schema_error(loader, node, "'%s' must be a whole number from %lld to %lld, not '%.*s'",
				    key->name, (long long)key->min, (long long)key->max, shown(text), text);
	}
	memcpy((char *)target + key->offset, &value, sizeof(value));
	return 0;
}

static int read_time(struct contract_loader *loader, yaml_node_t *node, const struct schema_key *key, const char *text,
		     void *target)
{
	int64_t value;
	if (key->kind == SCHEMA_TIME) {
		if (!clock_parse(slice_from(text), &value))
			return schema_error(loader, node,
					    "'%s' must be a time such as 2026-01-02T03:04:05Z, not '%.*s'", key->name,
					    shown(text), text);
		*(bool *)((char *)target + key->also) = true;
	} else if (!clock_parse_duration(slice_from(text), &value) || value < 0) {
		return schema_error(loader, node, "'%s' must be a duration such as 15m, not '%.*s'", key->name,
				    shown(text), text);
	}
	memcpy((char *)target + key->offset, &value, sizeof(value));
	return 0;
}

static int read_boolean(struct contract_loader *loader, yaml_node_t *node, const struct schema_key *key,
			const char *text, void *target)
{
	bool value = strcmp(text, "true") == 0;
	if (!value && strcmp(text, "false") != 0)
		return schema_error(loader, node, "'%s' must be true or false, not '%.*s'", key->name, shown(text),
				    text);
	*(bool *)((char *)target + key->offset) = value;
	return 0;
}

static int read_type(struct contract_loader *loader, yaml_node_t *node, const struct schema_key *key, const char *text,
		     void *target)
{
	const char *why;
	const struct column_type *type = column_type_parse(loader->arena, slice_from(text), &why);
	if (type == NULL)
		return schema_error(loader, node, "'%s' is '%.*s': %s", key->name, shown(text), text, why);
	memcpy((char *)target + key->offset, &type, sizeof(type));
	return 0;
}

static int read_scalar(struct contract_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target)
{
	const char *text;
	int code = read_text(loader, node, key->name, &text);
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
	case SCHEMA_TYPE:
		return read_type(loader, node, key, text, target);
	case SCHEMA_CHOICE:
	case SCHEMA_CHOICE_OR_MAP:
		return read_choice(loader, node, key, text, target);
	default:
		return read_time(loader, node, key, text, target);
	}
}

/* ---- lists ---- */

static size_t node_count(const yaml_node_t *node)
{
	if (node->type == YAML_SEQUENCE_NODE)
		return (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
	if (node->type == YAML_MAPPING_NODE)
		return (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
	return 0;
}

static yaml_node_t *item_at(struct contract_loader *loader, yaml_node_t *node, size_t index)
{
	return yaml_document_get_node(loader->document, node->data.sequence.items.start[index]);
}

/* Zeroed elements, put where the key says together with their number. */
static void *store_array(struct contract_loader *loader, const struct schema_key *key, size_t count, size_t size,
			 void *target)
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

static int read_texts(struct contract_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target)
{
	size_t count = node_count(node);
	if (node->type != YAML_SEQUENCE_NODE || count > LIST_MAX)
		return schema_error(loader, node, "'%s' must be a list", key->name);
	const char **texts = store_array(loader, key, count, sizeof(*texts), target);
	if (texts == NULL)
		return out_of_memory(loader);
	int code = 0;
	for (size_t index = 0; index < count && code == 0; index++)
		code = read_text(loader, item_at(loader, node, index), key->name, &texts[index]);
	return code;
}

static int read_list(struct contract_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target)
{
	size_t count = node_count(node);
	if (node->type != YAML_SEQUENCE_NODE)
		return schema_error(loader, node, "'%s' must be a list", key->name);
	if (count < (size_t)key->min || count > (size_t)key->max)
		return schema_error(loader, node, "'%s' must have %lld to %lld entries, not %zu", key->name,
				    (long long)key->min, (long long)key->max, count);
	char *elements = store_array(loader, key, count, key->element_size, target);
	if (elements == NULL)
		return out_of_memory(loader);
	int code = 0;
	for (size_t index = 0; index < count && code == 0; index++)
		code = schema_parse(loader, key->map, item_at(loader, node, index),
				    elements + index * key->element_size);
	return code;
}

/* "addr.street": dots part map names. */
static int read_path(struct contract_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target)
{
	if (node->type == YAML_SEQUENCE_NODE) {
		if (node_count(node) == 0)
			return schema_error(loader, node, "'%s' is empty", key->name);
		return read_texts(loader, node, key, target);
	}
	const char *text;
	int code = read_text(loader, node, key->name, &text);
	if (code != 0)
		return code;
	size_t count = 1;
	for (const char *at = text; *at != '\0'; at++)
		count += *at == '.';
	const char **path = store_array(loader, key, count, sizeof(*path), target);
	if (path == NULL)
		return out_of_memory(loader);
	for (size_t index = 0; index < count; index++) {
		struct slice name = {text, strcspn(text, ".")};
		if (name.size == 0)
			return schema_error(
				loader, node,
				"'%s' has an empty name between its dots; give a list for names that hold dots",
				key->name);
		path[index] = arena_copy(loader->arena, name).data;
		if (path[index] == NULL)
			return out_of_memory(loader);
		text += name.size + 1;
	}
	return 0;
}

/* ---- allow and severity: any name, checked later against the findings ---- */

/* "10" or "0.01%"; false when it is neither. */
static bool parse_allowance(const char *text, struct allow_rule *rule)
{
	enum { FRACTION_DIGITS = 7 }; /* of a percentage: parts per thousand million */
	uint64_t whole = 0, fraction = 0, unit = 10000000;
	size_t digits = 0;
	const char *at = text;
	for (; *at >= '0' && *at <= '9' && digits < 18; at++, digits++)
		whole = whole * 10 + (uint64_t)(*at - '0');
	if (digits == 0)
		return false;
	rule->count_max = (int64_t)whole;
	if (*at == '\0')
		return true;
	if (*at == '.') {
		const char *start = ++at;
		for (; *at >= '0' && *at <= '9' && at - start < FRACTION_DIGITS; at++) {
			unit /= 10;
			fraction += (uint64_t)(*at - '0') * unit;
		}
		if (at == start)
			return false;
	}
	if (strcmp(at, "%") != 0 || whole > 100 || (whole == 100 && fraction > 0))
		return false;
	rule->count_max = -1;
	rule->fraction_ppb = whole * 10000000 + fraction;
	return true;
}

static int read_rules(struct contract_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target)
{
	bool allow = key->kind == SCHEMA_ALLOW;
	size_t count = node_count(node);
	if (node->type != YAML_MAPPING_NODE || count > LIST_MAX)
		return schema_error(loader, node, "'%s' must be a mapping of finding ids", key->name);
	void *rules = store_array(loader, key, count, allow ? sizeof(struct allow_rule) : sizeof(struct severity_rule),
				  target);
	if (rules == NULL)
		return out_of_memory(loader);
	for (size_t index = 0; index < count; index++) {
		yaml_node_pair_t pair = node->data.mapping.pairs.start[index];
		yaml_node_t *name = yaml_document_get_node(loader->document, pair.key);
		yaml_node_t *value = yaml_document_get_node(loader->document, pair.value);
		const char *id, *text;
		int code = read_text(loader, name, key->name, &id);
		for (size_t other = 0; other < index && code == 0; other++)
			if (strcmp(id, allow ? ((struct allow_rule *)rules)[other].id
					     : ((struct severity_rule *)rules)[other].id) == 0)
				code = schema_error(loader, name, "'%s' is there twice", id);
		if (code == 0)
			code = read_text(loader, value, id, &text);
		if (code != 0)
			return code;
		if (allow) {
			struct allow_rule *rule = &((struct allow_rule *)rules)[index];
			rule->id = id;
			if (!parse_allowance(text, rule))
				return schema_error(
					loader, value,
					"'%s' must be a number of keys or a percentage such as 0.01%%, not '%.*s'", id,
					shown(text), text);
		} else {
			if (find_choice("fail|warn|ignore", text) < 0)
				return schema_error(loader, value, "'%s' must be fail, warn or ignore, not '%.*s'", id,
						    shown(text), text);
			((struct severity_rule *)rules)[index] = (struct severity_rule){.id = id, .level = text};
		}
	}
	return 0;
}

/* ---- mappings ---- */

yaml_node_t *schema_find(struct contract_loader *loader, yaml_node_t *node, const char *key)
{
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
		yaml_node_t *name = yaml_document_get_node(loader->document, pair->key);
		if (name->type == YAML_SCALAR_NODE && slice_is(scalar(name), key))
			return yaml_document_get_node(loader->document, pair->value);
	}
	return NULL;
}

static int read_value(struct contract_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target)
{
	switch (key->kind) {
	case SCHEMA_ATTRIBUTE:
		return read_path(loader, node, key, target);
	case SCHEMA_TEXTS:
		return read_texts(loader, node, key, target);
	case SCHEMA_MAP:
		return schema_parse(loader, key->map, node, target);
	case SCHEMA_CHOICE_OR_MAP:
		return node->type == YAML_MAPPING_NODE ? schema_parse(loader, key->map, node, target)
						       : read_scalar(loader, node, key, target);
	case SCHEMA_LIST:
		return read_list(loader, node, key, target);
	case SCHEMA_ALLOW:
	case SCHEMA_SEVERITY:
		return read_rules(loader, node, key, target);
	default:
		return read_scalar(loader, node, key, target);
	}
}

static int parse_pair(struct contract_loader *loader, const struct schema_map *map, yaml_node_t *node,
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

int schema_parse(struct contract_loader *loader, const struct schema_map *map, yaml_node_t *node, void *target)
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
