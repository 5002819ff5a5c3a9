#include "generators/glue_writer.h"

#include <stdlib.h>

#include "base/arena.h"
#include "generators/plain_format.h"

enum { TYPES = 10, MEMORY_MAX = 1 << 30 };
enum type { TYPE_S = 0, TYPE_N, TYPE_B, TYPE_BOOL, TYPE_NULL, TYPE_SS, TYPE_NS, TYPE_BS, TYPE_L, TYPE_M };
static const char *const type_names[TYPES] = {"S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M"};

#define OF(type) (1U << (type))
#define SCALARS (OF(TYPE_S) | OF(TYPE_N) | OF(TYPE_B))
#define SETS (OF(TYPE_SS) | OF(TYPE_NS) | OF(TYPE_BS))

/* What the values of one place in the items are like. */
struct place {
	const char *name;
	unsigned types;            /* set of enum type */
	struct place *element;     /* of its lists; NULL when all are empty */
	struct place *first;       /* of its maps */
	struct place *last, *near; /* near: behind the one that was looked for last */
	struct place *next;        /* in the same map */
};

struct glue_schema {
	bool simplified;
	struct arena arena;
	struct place items;
	struct buffer cell;
	struct ArrowSchema arrow;
};

struct glue_schema *glue_schema_new(bool simplified)
{
	struct glue_schema *schema = calloc(1, sizeof(*schema));

	if (schema == NULL)
		return NULL;
	schema->simplified = simplified;
	arena_init(&schema->arena, MEMORY_MAX);
	buffer_init(&schema->cell, MEMORY_MAX);
	return schema;
}

void glue_schema_free(struct glue_schema *schema)
{
	if (schema == NULL)
		return;
	arena_release(&schema->arena);
	buffer_release(&schema->cell);
	free(schema);
}

/* ---- what there is */

/* Items mostly have their attributes in one order, so that each is looked for behind the one found last. */
static struct place *find(struct place *map, struct slice name)
{
	for (struct place *at = map->near; at != NULL; at = at->next)
		if (slice_is(name, at->name)) {
			map->near = at->next;
			return at;
		}
	for (struct place *at = map->first; at != map->near; at = at->next)
		if (slice_is(name, at->name)) {
			map->near = at->next;
			return at;
		}
	return NULL;
}

static struct place *new_place(struct glue_schema *schema, struct slice name)
{
	struct place *place = arena_alloc(&schema->arena, sizeof(*place));

	if (place == NULL)
		return NULL;
	*place = (struct place){.name = arena_text(&schema->arena, "%.*s", (int)name.size, name.data)};
	return place->name != NULL ? place : NULL;
}

static struct place *find_or_add(struct glue_schema *schema, struct place *map, struct slice name)
{
	struct place *place = find(map, name);

	if (place != NULL || (place = new_place(schema, name)) == NULL)
		return place;
	if (map->last != NULL)
		map->last->next = place;
	else
		map->first = place;
	map->last = place;
	map->near = NULL;
	return place;
}

static enum type type_of(const struct json_token *tokens, uint32_t value)
{
	for (unsigned i = 0; i < TYPES; i++)
		if (slice_is(json_text(&tokens[value + 1]), type_names[i]))
			return (enum type)i;
	return TYPE_S;
}

static bool see_value(struct glue_schema *schema, struct place *place, const struct json_token *tokens, uint32_t value);

static bool see_map(struct glue_schema *schema, struct place *map, const struct json_token *tokens, uint32_t object)
{
	for (uint32_t i = object + 1; i < tokens[object].next; i = tokens[i + 1].next) {
		struct place *place = find_or_add(schema, map, json_text(&tokens[i]));
		if (place == NULL || !see_value(schema, place, tokens, i + 1))
			return false;
	}
	return true;
}

static bool see_value(struct glue_schema *schema, struct place *place, const struct json_token *tokens, uint32_t value)
{
	enum type type = type_of(tokens, value);
	uint32_t inside = value + 2;

	place->types |= OF(type);
	if (type == TYPE_M)
		return see_map(schema, place, tokens, inside);
	if (type != TYPE_L || tokens[inside].count == 0)
		return true;
	if (place->element == NULL && (place->element = new_place(schema, slice_from("element"))) == NULL)
		return false;
	for (uint32_t i = inside + 1; i < tokens[inside].next; i = tokens[i].next)
		if (!see_value(schema, place->element, tokens, i))
			return false;
	return true;
}

bool glue_schema_see(struct glue_schema *schema, const struct json_token *item)
{
	return see_map(schema, &schema->items, item, 0);
}

/* ---- how a simplified column holds it */

enum form { FORM_TEXT = 0, FORM_FLAG, FORM_TEXTS, FORM_LIST, FORM_STRUCT };

static enum form form_of(const struct place *place)
{
	unsigned types = place->types & ~OF(TYPE_NULL);

	if (types == OF(TYPE_BOOL))
		return FORM_FLAG;
	if (types != 0 && (types & ~SETS) == 0)
		return FORM_TEXTS;
	if (types == OF(TYPE_L))
		return FORM_LIST;
	return types == OF(TYPE_M) && place->first != NULL ? FORM_STRUCT : FORM_TEXT;
}

/* ---- columns */

/* The arena has them. */
static void release_nothing(struct ArrowSchema *arrow)
{
	arrow->release = NULL;
}

/* Makes `count` children; their array, or NULL when out of memory. */
static struct ArrowSchema *begin(struct glue_schema *schema, struct ArrowSchema *arrow, const char *name,
				 const char *format, size_t count)
{
	struct ArrowSchema *children = arena_array(&schema->arena, count + 1, sizeof(*children));
	struct ArrowSchema **pointers = arena_array(&schema->arena, count + 1, sizeof(struct ArrowSchema *));

	if (children == NULL || pointers == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++)
		pointers[i] = &children[i];
	*arrow = (struct ArrowSchema){.format = format,
				      .name = name,
				      .flags = ARROW_FLAG_NULLABLE,
				      .n_children = (int64_t)count,
				      .children = pointers,
				      .release = release_nothing};
	return children;
}

static bool put_column(struct glue_schema *schema, struct ArrowSchema *arrow, const char *name, const char *format)
{
	return begin(schema, arrow, name, format, 0) != NULL;
}

typedef bool put_place(struct glue_schema *schema, struct ArrowSchema *arrow, const struct place *place);
static put_place put_typed, put_plain;

static bool put_map(struct glue_schema *schema, struct ArrowSchema *arrow, const char *name, const struct place *map,
		    put_place *put)
{
	size_t count = 0;

	for (const struct place *at = map->first; at != NULL; at = at->next)
		count++;
	struct ArrowSchema *child = begin(schema, arrow, name, "+s", count > 0 ? count : 1);
	if (child == NULL)
		return false;
	if (count == 0)
		return put_column(schema, child, "_", "u");
	for (const struct place *at = map->first; at != NULL; at = at->next)
		if (!put(schema, child++, at))
			return false;
	return true;
}

static bool put_list(struct glue_schema *schema, struct ArrowSchema *arrow, const char *name,
		     const struct place *element, put_place *put)
{
	struct ArrowSchema *child = begin(schema, arrow, name, "+l", 1);

	if (child == NULL)
		return false;
	return element != NULL ? put(schema, child, element) : put_column(schema, child, "element", "u");
}

static bool put_typed(struct glue_schema *schema, struct ArrowSchema *arrow, const struct place *place)
{
	size_t count = 0;

	for (unsigned type = 0; type < TYPES; type++)
		count += (place->types & OF(type)) != 0;
	struct ArrowSchema *child = begin(schema, arrow, place->name, "+s", count);
	bool done = child != NULL;

	for (unsigned type = 0; type < TYPES && done; type++) {
		const char *name = type_names[type];
		if ((place->types & OF(type)) == 0)
			continue;
		if (type == TYPE_M)
			done = put_map(schema, child, name, place, put_typed);
		else if (type == TYPE_L)
			done = put_list(schema, child, name, place->element, put_typed);
		else if ((OF(type) & SETS) != 0)
			done = put_list(schema, child, name, NULL, NULL);
		else
			done = put_column(schema, child, name, (OF(type) & SCALARS) != 0 ? "u" : "b");
		child++;
	}
	return done;
}

static bool put_plain(struct glue_schema *schema, struct ArrowSchema *arrow, const struct place *place)
{
	switch (form_of(place)) {
	case FORM_STRUCT:
		return put_map(schema, arrow, place->name, place, put_plain);
	case FORM_LIST:
		return put_list(schema, arrow, place->name, place->element, put_plain);
	case FORM_TEXTS:
		return put_list(schema, arrow, place->name, NULL, NULL);
	case FORM_FLAG:
		return put_column(schema, arrow, place->name, "b");
	default:
		return put_column(schema, arrow, place->name, "u");
	}
}

const struct ArrowSchema *glue_schema_arrow(struct glue_schema *schema)
{
	if (schema->simplified)
		return put_map(schema, &schema->arrow, "", &schema->items, put_plain) ? &schema->arrow : NULL;
	struct ArrowSchema *item = begin(schema, &schema->arrow, "", "+s", 1);
	return item != NULL && put_map(schema, item, "Item", &schema->items, put_typed) ? &schema->arrow : NULL;
}

/* ---- rows */

static void write_value(struct glue_schema *schema, struct place *place, const struct json_token *tokens,
			uint32_t value, struct buffer *json);

static void write_map(struct glue_schema *schema, struct place *map, const struct json_token *tokens, uint32_t object,
		      struct buffer *json)
{
	buffer_append_byte(json, '{');
	for (uint32_t i = object + 1; i < tokens[object].next; i = tokens[i + 1].next) {
		struct place *place = find(map, json_text(&tokens[i]));
		if (i > object + 1)
			buffer_append_byte(json, ',');
		buffer_append_json(json, json_text(&tokens[i]));
		buffer_append_byte(json, ':');
		if (place != NULL)
			write_value(schema, place, tokens, i + 1, json);
		else
			json->failed = true; /* It was not seen. */
	}
	buffer_append_byte(json, '}');
}

/* `element` NULL: of a set. */
static void write_list(struct glue_schema *schema, struct place *element, const struct json_token *tokens,
		       uint32_t list, struct buffer *json)
{
	buffer_append_byte(json, '[');
	for (uint32_t i = list + 1; i < tokens[list].next; i = tokens[i].next) {
		if (i > list + 1)
			buffer_append_byte(json, ',');
		if (element != NULL)
			write_value(schema, element, tokens, i, json);
		else
			buffer_append_json(json, json_text(&tokens[i]));
	}
	buffer_append_byte(json, ']');
}

static void write_text(struct glue_schema *schema, const struct json_token *tokens, uint32_t value, struct buffer *json)
{
	if (tokens[value + 2].type == JSON_STRING) {
		buffer_append_json(json, json_text(&tokens[value + 2]));
		return;
	}
	schema->cell.size = 0;
	plain_write_value(tokens, value, &schema->cell);
	json->failed = json->failed || schema->cell.failed;
	buffer_append_json(json, buffer_slice(&schema->cell));
}

static void write_value(struct glue_schema *schema, struct place *place, const struct json_token *tokens,
			uint32_t value, struct buffer *json)
{
	uint32_t inside = value + 2;
	enum form form = form_of(place);

	if (type_of(tokens, value) == TYPE_NULL)
		buffer_append_text(json, "null");
	else if (form == FORM_STRUCT)
		write_map(schema, place, tokens, inside, json);
	else if (form == FORM_LIST || form == FORM_TEXTS)
		write_list(schema, place->element, tokens, inside, json);
	else if (form == FORM_FLAG)
		buffer_append_text(json, tokens[inside].type == JSON_TRUE ? "true" : "false");
	else
		write_text(schema, tokens, value, json);
}

bool glue_row(struct glue_schema *schema, const struct json_token *item, struct slice image, struct buffer *json)
{
	if (schema->simplified) {
		write_map(schema, &schema->items, item, 0, json);
	} else {
		/* An image is such a row already. */
		buffer_append_text(json, "{\"Item\":");
		buffer_append_slice(json, image);
		buffer_append_byte(json, '}');
	}
	return buffer_append_byte(json, '\n') == 0 && !json->failed;
}
