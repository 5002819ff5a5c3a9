/* What images hold beyond the plan: attributes that no column takes, counted by name. */
#include <stdio.h>

#include "reconcile/digest/digest_hash.h"
#include "reconcile/digest/digest_scratch.h"

enum { STEPS_MAX = COLUMN_TYPE_DEPTH_MAX + IMAGE_DEPTH_MAX + 2 };

/* Names from the item down; the text is made only when there is something to count. name.data NULL: "[]". */
struct path {
	struct slice steps[STEPS_MAX];
	size_t depth;
};

static void count_name(struct digest_scratch *scratch, struct slice name)
{
	const uint64_t mask = UNMAPPED_SLOTS - 1;
	uint64_t hash = XXH3_64bits(name.data, name.size), slot = hash & mask;
	uint64_t index;
	for (; scratch->unmapped_slots[slot] != 0; slot = (slot + 1) & mask) {
		index = scratch->unmapped_slots[slot] - 1U;
		if (scratch->unmapped_entries[index].hash == hash &&
		    slice_equal(slice_from(scratch->unmapped[index].name), name))
			break;
	}
	if (scratch->unmapped_slots[slot] != 0) {
		index = scratch->unmapped_slots[slot] - 1U;
	} else if (scratch->unmapped_count < UNMAPPED_MAX) {
		const char *copy = arena_copy(&scratch->names, name).data;
		index = scratch->unmapped_count++;
		scratch->unmapped[index].name = copy != NULL ? copy : "…";
		scratch->unmapped_entries[index].hash = hash;
		scratch->unmapped_slots[slot] = (uint16_t)(index + 1);
		scratch->seen_count++;
	} else { /* The table is full: one last entry for all further names. */
		index = UNMAPPED_MAX;
		scratch->unmapped[index].name = "…";
	}
	if (scratch->unmapped_entries[index].image == scratch->image)
		return;
	scratch->unmapped_entries[index].image = scratch->image;
	scratch->unmapped[index].count++;
}

/* "addr.zip", "lines[].qty", cut at PATH_TEXT_MAX. */
static void count_path(struct digest_scratch *scratch, const struct path *path)
{
	char text[PATH_TEXT_MAX];
	size_t size = 0;
	for (size_t step = 0; step < path->depth; step++) {
		bool elements = path->steps[step].data == NULL;
		struct slice name = elements ? slice_from("[]") : path->steps[step];
		if (step > 0 && !elements && size < sizeof(text))
			text[size++] = '.';
		size_t room = sizeof(text) - size;
		memcpy(text + size, name.data, name.size < room ? name.size : room);
		size += name.size < room ? name.size : room;
	}
	struct slice name = {text, size};
	if (!plan_ignores_attribute(scratch->plan, name))
		count_name(scratch, name);
}

/* Both kinds of walk are bounded by their own depth, so STEPS_MAX is never met; it is checked all the same. */
static bool path_push(struct path *path, struct slice name)
{
	if (path->depth == STEPS_MAX)
		return false;
	path->steps[path->depth++] = name;
	return true;
}

static uint32_t field_of(const struct column_type *type, struct slice name)
{
	for (uint32_t index = 0; index < type->child_count; index++)
		if (slice_is(name, type->names[index]))
			return index;
	return type->child_count;
}

/* Entries of maps that became structs, and have no field there. Recursion is bounded by the type's depth. */
static void walk_type(struct digest_scratch *scratch, const struct json_token *tokens, uint32_t index,
		      const struct column_type *type, struct path *path)
{
	struct value value;
	struct value_fault why;
	if (type->child_count == 0 || !value_read(&scratch->work, tokens, index, &value, &why))
		return;
	uint32_t token = value.payload + 1;
	if (type->kind == COLUMN_ARRAY && value.tag == TAG_L) {
		if (!path_push(path, (struct slice){NULL, 0}))
			return;
		for (uint32_t at = 0; at < tokens[value.payload].count; at++, token = tokens[token].next)
			walk_type(scratch, tokens, token, type->children[0], path);
		path->depth--;
	}
	if (value.tag != TAG_M || type->kind == COLUMN_ARRAY)
		return;
	for (uint32_t at = 0; at < tokens[value.payload].count; at++, token = tokens[token + 1].next) {
		struct slice name = json_text(&tokens[token]);
		uint32_t field = type->kind == COLUMN_MAP ? 1 : field_of(type, name);
		if (!path_push(path, name))
			return;
		if (field < type->child_count)
			walk_type(scratch, tokens, token + 1, type->children[field], path);
		else
			count_path(scratch, path);
		path->depth--;
	}
}

static void walk_node(struct digest_scratch *scratch, const struct json_token *tokens, uint32_t index,
		      const struct path_node *node, struct path *path);

/* A list of which columns take single elements; the others are one name, "lines[]". */
static void walk_places(struct digest_scratch *scratch, const struct json_token *tokens, uint32_t list,
			const struct path_node *node, struct path *path)
{
	bool more = false;
	uint32_t token = list + 1;
	if (!path_push(path, (struct slice){NULL, 0}))
		return;
	for (uint32_t at = 0; at < tokens[list].count; at++, token = tokens[token].next) {
		const struct path_node *child = node->children;
		while (child != NULL && (child->name.data != NULL || child->place != at))
			child = child->sibling;
		if (child != NULL)
			walk_node(scratch, tokens, token, child, path);
		else
			more = true;
	}
	if (more)
		count_path(scratch, path);
	path->depth--;
}

/* A map of which columns take single entries. Recursion is bounded by the contract's longest path. */
static void walk_node(struct digest_scratch *scratch, const struct json_token *tokens, uint32_t index,
		      const struct path_node *node, struct path *path)
{
	struct value value;
	struct value_fault why;
	if (node->whole) {
		if (node->type != NULL && node->has_struct)
			walk_type(scratch, tokens, index, node->type, path);
		return;
	}
	if (!value_read(&scratch->work, tokens, index, &value, &why) || value.tag == TAG_NULL)
		return;
	if (value.tag == TAG_L && node->children != NULL) {
		walk_places(scratch, tokens, value.payload, node, path);
		return;
	}
	if (node->children == NULL || value.tag != TAG_M) {
		count_path(scratch, path);
		return;
	}
	uint32_t token = value.payload + 1;
	for (uint32_t at = 0; at < tokens[value.payload].count; at++, token = tokens[token + 1].next) {
		struct slice name = json_text(&tokens[token]);
		struct name_words words = token_words(&tokens[token]);
		const struct path_node *child = node->children;
		while (child != NULL &&
		       (child->name.data == NULL || !name_is(child->name, &child->words, name, &words)))
			child = child->sibling;
		if (child != NULL && child->whole && !child->has_struct)
			continue;
		if (!path_push(path, name))
			return;
		if (child != NULL)
			walk_node(scratch, tokens, token + 1, child, path);
		else
			count_path(scratch, path);
		path->depth--;
	}
}

void image_count_unmapped(struct digest_scratch *scratch, const struct json_token *tokens)
{
	if (scratch->plan->contract->column_count == 0 && scratch->plan->column_count == 0)
		return;
	struct path path;
	for (uint32_t index = 0; index < scratch->unsettled_count; index++) {
		const struct member *member = &scratch->members[scratch->unsettled[index]];
		struct slice name = json_text(&tokens[member->name]);
		path.steps[0] = name;
		path.depth = 1;
		if (member->attribute == ATTRIBUTE_OTHER) {
			if (!is_replicated(name) && !scratch->plan->whole_item &&
			    plan_snake_column(scratch->plan, name, &scratch->text) == 0)
				count_path(scratch, &path);
			continue;
		}
		struct attribute *attribute = &scratch->attributes[member->attribute];
		const struct path_node *node = attribute->node;
		bool mapped = attribute->key || scratch->plan->whole_item ||
			      (node != NULL && (node->whole || node->children != NULL));
		if (mapped && !attribute->seen) {
			attribute->seen = true;
			scratch->seen_count++;
		}
		attribute->settled = mapped ? attribute->key || scratch->plan->whole_item ||
						      (node->whole && !node->has_struct)
					    : attribute->ignored;
		if (attribute->settled)
			continue;
		if (mapped)
			walk_node(scratch, tokens, member->name + 1, node, &path);
		else
			count_path(scratch, &path);
	}
}

const struct unmapped_attribute *digest_unmapped(const struct digest_scratch *scratch, uint64_t *count)
{
	*count = scratch->unmapped_count + (scratch->unmapped[UNMAPPED_MAX].count > 0 ? 1 : 0);
	return scratch->unmapped;
}

uint64_t digest_attributes_seen(const struct digest_scratch *scratch)
{
	return scratch->seen_count;
}
