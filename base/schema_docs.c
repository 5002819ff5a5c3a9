/* A table of keys as documentation. */
#include <stdio.h>

#include "base/schema.h"

enum { DOCUMENT_DEPTH_MAX = 8 };

static const char *const type_words[] = {
	[SCHEMA_TEXT] = "text",
	[SCHEMA_BOOLEAN] = "true or false",
	[SCHEMA_INTEGER] = "whole number",
	[SCHEMA_TIME] = "time, `2026-01-02T03:04:05Z`",
	[SCHEMA_DURATION] = "duration, `15m`",
	[SCHEMA_CHOICE] = "",
	[SCHEMA_TEXTS] = "list of texts",
	[SCHEMA_MAP] = "mapping",
	[SCHEMA_CHOICE_OR_MAP] = "",
	[SCHEMA_LIST] = "list of mappings",
	[SCHEMA_OTHER] = "",
};

/* "a|b" as "`a`, `b`". */
static void put_choices(struct buffer *text, const char *choices, const char *mark, const char *quote)
{
	for (const char *at = choices; *at != '\0';) {
		size_t size = strcspn(at, "|");
		buffer_printf(text, "%s%s%.*s%s", at == choices ? "" : mark, quote, (int)size, at, quote);
		at += size + (at[size] == '|');
	}
}

static void put_type(struct buffer *text, const struct schema_key *key)
{
	buffer_append_text(text, key->type != NULL ? key->type->words : type_words[key->kind]);
	if (key->choices != NULL)
		put_choices(text, key->choices, ", ", "`");
	if (key->kind == SCHEMA_CHOICE_OR_MAP)
		buffer_append_text(text, " or mapping");
	if (key->kind == SCHEMA_INTEGER && key->min == key->max)
		buffer_printf(text, ", only %lld", (long long)key->min);
	else if (key->kind == SCHEMA_INTEGER)
		buffer_printf(text, " from %lld", (long long)key->min);
	if (key->kind == SCHEMA_LIST)
		buffer_printf(text, ", %lld to %lld", (long long)key->min, (long long)key->max);
}

static void put_table(struct buffer *text, const struct schema_map *map, const char *what, const char *path,
		      unsigned depth)
{
	char inner[200];
	if (depth == DOCUMENT_DEPTH_MAX)
		return;
	buffer_printf(text, "\n%s `%s`\n\n| key | value | default | meaning |\n|---|---|---|---|\n", "###",
		      path[0] == '\0' ? what : path);
	for (const struct schema_key *key = map->keys; key->name != NULL; key++) {
		if (key->kind == SCHEMA_LATER)
			continue;
		buffer_printf(text, "| `%s` | ", key->name);
		put_type(text, key);
		buffer_printf(text, " | %s | %s |\n",
			      key->required           ? "required"
			      : key->fallback != NULL ? key->fallback
						      : "–",
			      key->help);
	}
	for (const struct schema_key *key = map->keys; key->name != NULL; key++) {
		if (key->map == NULL)
			continue;
		const struct schema_key *same = map->keys;
		while (same->map != key->map)
			same++;
		int size = snprintf(inner, sizeof(inner), "%s%s%s%s", path, path[0] == '\0' ? "" : ".", key->name,
				    key->kind == SCHEMA_LIST ? "[]" : "");
		if (same != key)
			buffer_printf(text, "\n### `%s`\n\nAs `%s`.\n", inner, same->name);
		else if (size < (int)sizeof(inner))
			put_table(text, key->map, what, inner, depth + 1);
	}
}

int schema_write_markdown(const struct schema_map *map, const char *what, struct buffer *text)
{
	put_table(text, map, what, "", 0);
	return text->failed ? ERROR_INTERNAL : 0;
}

static void put_object(struct buffer *text, const struct schema_map *map, unsigned depth);

static void put_indent(struct buffer *text, unsigned depth)
{
	buffer_append_byte(text, '\n');
	for (unsigned level = 0; level < depth; level++)
		buffer_append_text(text, "  ");
}

static void put_enum(struct buffer *text, const char *choices)
{
	buffer_append_text(text, "\"enum\": [");
	put_choices(text, choices, ", ", "\"");
	buffer_append_byte(text, ']');
}

/* The members that say what a value may be. ${NAME} may stand for any scalar, so numbers and booleans may be texts. */
static void put_value(struct buffer *text, const struct schema_key *key, unsigned depth)
{
	switch (key->kind) {
	case SCHEMA_BOOLEAN:
		buffer_append_text(text, "\"type\": [\"boolean\", \"string\"]");
		break;
	case SCHEMA_INTEGER:
		buffer_printf(text, "\"type\": [\"integer\", \"string\"], \"minimum\": %lld", (long long)key->min);
		if (key->max != INT64_MAX)
			buffer_printf(text, ", \"maximum\": %lld", (long long)key->max);
		break;
	case SCHEMA_CHOICE:
		put_enum(text, key->choices);
		break;
	case SCHEMA_TEXTS:
		buffer_append_text(text, "\"type\": \"array\", \"items\": {\"type\": \"string\", \"minLength\": 1}");
		break;
	case SCHEMA_MAP:
		put_object(text, key->map, depth);
		break;
	case SCHEMA_CHOICE_OR_MAP:
		buffer_append_text(text, "\"oneOf\": [{");
		put_enum(text, key->choices);
		buffer_append_text(text, "}, {");
		put_object(text, key->map, depth);
		buffer_append_text(text, "}]");
		break;
	case SCHEMA_LIST:
		buffer_printf(text, "\"type\": \"array\", \"minItems\": %lld, \"maxItems\": %lld, \"items\": {",
			      (long long)key->min, (long long)key->max);
		put_object(text, key->map, depth);
		buffer_append_byte(text, '}');
		break;
	case SCHEMA_OTHER:
		buffer_append_text(text, key->type->json);
		break;
	default:
		buffer_append_text(text, "\"type\": \"string\", \"minLength\": 1");
	}
}

static void put_object(struct buffer *text, const struct schema_map *map, unsigned depth)
{
	const char *mark = "";
	if (depth == DOCUMENT_DEPTH_MAX)
		return;
	buffer_append_text(text, "\"type\": \"object\", \"additionalProperties\": false, \"required\": [");
	for (const struct schema_key *key = map->keys; key->name != NULL; key++) {
		if (!key->required)
			continue;
		buffer_printf(text, "%s\"%s\"", mark, key->name);
		mark = ", ";
	}
	buffer_append_text(text, "], \"properties\": {");
	mark = "";
	for (const struct schema_key *key = map->keys; key->name != NULL; key++) {
		if (key->kind == SCHEMA_LATER)
			continue;
		buffer_append_text(text, mark);
		mark = ",";
		put_indent(text, depth + 1);
		buffer_printf(text, "\"%s\": {\"description\": ", key->name);
		buffer_append_json(text, slice_from(key->help));
		buffer_append_text(text, ", ");
		put_value(text, key, depth + 1);
		buffer_append_byte(text, '}');
	}
	put_indent(text, depth);
	buffer_append_byte(text, '}');
}

int schema_write_json(const struct schema_map *map, const char *title, struct buffer *text)
{
	buffer_printf(text, "{\"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n\"title\": \"%s\", ",
		      title);
	put_object(text, map, 0);
	buffer_append_text(text, "}\n");
	return text->failed ? ERROR_INTERNAL : 0;
}
