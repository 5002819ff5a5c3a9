/* What images hold beyond the plan: attributes that no column takes, counted by name. */
#include <stdio.h>

#include "reconcile/digest_hash.h"
#include "reconcile/digest_scratch.h"

struct path_text {
	char text[PATH_TEXT_MAX];
	size_t size;
};

/* Appends ".name" (or "[]", for name NULL); what does not fit is cut. Returns the size to go back to. */
static size_t path_push(struct path_text *path, struct slice name)
{
	size_t before = path->size;
	struct slice parts[2] = {slice_from(name.data == NULL ? "[]" : before > 0 ? "." : ""), name};
	for (size_t part = 0; part < 2; part++)
		for (size_t index = 0; index < parts[part].size && path->size < PATH_TEXT_MAX - 1; index++)
			path->text[path->size++] = parts[part].data[index];
	return before;
}

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

static void count_path(struct digest_scratch *scratch, const struct path_text *path)
{
	struct slice name = {path->text, path->size};
	if (!plan_ignores_attribute(scratch->plan, name))
		count_name(scratch, name);
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
		      const struct column_type *type, struct path_text *path)
{
	struct value value;
	struct value_fault why;
	if (type->child_count == 0 || !value_read(&scratch->work, tokens, index, &value, &why))
		return;
	uint32_t token = value.payload + 1;
	if (type->kind == COLUMN_ARRAY && value.tag == TAG_L) {
		size_t before = path_push(path, (struct slice){NULL, 0});
		for (uint32_t at = 0; at < tokens[value.payload].count; at++, token = tokens[token].next)
			walk_type(scratch, tokens, token, type->children[0], path);
		path->size = before;
	}
	if (value.tag != TAG_M || type->kind == COLUMN_ARRAY)
		return;
	for (uint32_t at = 0; at < tokens[value.payload].count; at++, token = tokens[token + 1].next) {
		struct slice name = json_text(&tokens[token]);
		uint32_t field = type->kind == COLUMN_MAP ? 1 : field_of(type, name);
		size_t before = path_push(path, name);
		if (field < type->child_count)
			walk_type(scratch, tokens, token + 1, type->children[field], path);
		else
			count_path(scratch, path);
		path->size = before;
	}
}

/* A map of which columns take single entries. Recursion is bounded by the contract's longest path. */
static void walk_node(struct digest_scratch *scratch, const struct json_token *tokens, uint32_t index,
		      const struct path_node *node, struct path_text *path)
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
	if (node->children == NULL || value.tag != TAG_M) {
		count_path(scratch, path);
		return;
	}
	uint32_t token = value.payload + 1;
	for (uint32_t at = 0; at < tokens[value.payload].count; at++, token = tokens[token + 1].next) {
		struct slice name = json_text(&tokens[token]);
		const struct path_node *child = node->children;
		while (child != NULL && !slice_equal(child->name, name))
			child = child->sibling;
		size_t before = path_push(path, name);
		if (child != NULL)
			walk_node(scratch, tokens, token + 1, child, path);
		else
			count_path(scratch, path);
		path->size = before;
	}
}

void image_count_unmapped(struct digest_scratch *scratch, const struct json_token *tokens)
{
	if (scratch->plan->contract->column_count == 0)
		return;
	for (uint32_t index = 0; index < scratch->member_count; index++) {
		const struct member *member = &scratch->members[index];
		struct path_text path;
		path.size = 0; /* the text itself needs no zeroing, and this loop runs for every attribute */
		struct slice name = json_text(&tokens[member->name]);
		if (member->attribute == ATTRIBUTE_OTHER) {
			path_push(&path, name);
			if (!(name.size >= 8 && memcmp(name.data, "aws:rep:", 8) == 0))
				count_path(scratch, &path);
			continue;
		}
		struct attribute *attribute = &scratch->attributes[member->attribute];
		const struct path_node *node = attribute->node;
		bool mapped = attribute->key || (node != NULL && (node->whole || node->children != NULL));
		if (attribute->ignored && !mapped)
			continue;
		if (mapped && !attribute->seen) {
			attribute->seen = true;
			scratch->seen_count++;
		}
		if (attribute->key || (mapped && node->whole && !node->has_struct))
			continue;
		path_push(&path, name);
		if (mapped)
			walk_node(scratch, tokens, member->name + 1, node, &path);
		else
			count_name(scratch, name.size < PATH_TEXT_MAX ? name : (struct slice){path.text, path.size});
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
