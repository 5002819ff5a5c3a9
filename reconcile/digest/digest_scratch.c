#include "reconcile/digest/digest_scratch.h"

#include <stdlib.h>

#include "reconcile/digest/digest_cell.h"
#include "reconcile/digest/digest_hash.h"

enum {
	NAMES_MEMORY_MAX = 256 * 1024 * 1024,
	WORK_MEMORY_MAX = 1024 * 1024 * 1024,
	CANONICAL_ROOM_MIN = 64 * 1024,
	VALUE_TEXT_MAX = 128 * 1024 * 1024
};

/* The contract has shown that they can be compiled. */
static bool compile_patterns(struct digest_scratch *scratch)
{
	const struct digest_plan *plan = scratch->plan;
	const char *why;
	for (uint32_t index = 0; index < plan->column_count; index++) {
		const struct plan_column *column = &plan->columns[index];
		uint32_t pattern = column->pattern;
		for (uint32_t step = 0; step < column->rules->step_count; step++) {
			if (column->rules->steps[step].kind != STEP_EXTRACT)
				continue;
			scratch->patterns[pattern] = step_pattern_new(column->rules->steps[step].text, &why);
			if (scratch->patterns[pattern++] == NULL)
				return false;
		}
	}
	return true;
}

struct digest_scratch *digest_scratch_new(const struct digest_plan *plan)
{
	struct digest_scratch *scratch = calloc(1, sizeof(*scratch));
	if (scratch == NULL)
		return NULL;
	size_t columns = plan->column_count + 1;
	scratch->plan = plan;
	scratch->ordered_count = UINT32_MAX;
	arena_init(&scratch->names, NAMES_MEMORY_MAX);
	arena_init(&scratch->work, WORK_MEMORY_MAX);
	arena_init(&scratch->batch, WORK_MEMORY_MAX);
	scratch->attributes = calloc(ATTRIBUTES_MAX, sizeof(*scratch->attributes));
	scratch->attribute_slots = calloc(ATTRIBUTE_SLOTS, sizeof(*scratch->attribute_slots));
	scratch->by_rank = calloc(ATTRIBUTES_MAX, sizeof(*scratch->by_rank));
	scratch->canonical = malloc(CANONICAL_ROOM_MIN);
	scratch->canonical_room = CANONICAL_ROOM_MIN;
	scratch->column_values = calloc(columns, sizeof(*scratch->column_values));
	scratch->path_values = calloc(columns, sizeof(*scratch->path_values));
	scratch->aliases = calloc(columns, sizeof(*scratch->aliases));
	scratch->results = calloc(columns, sizeof(*scratch->results));
	scratch->patterns = calloc(plan->pattern_count + 1, sizeof(struct step_pattern *));
	buffer_init(&scratch->text, VALUE_TEXT_MAX);
	buffer_init(&scratch->step_text, VALUE_TEXT_MAX);
	scratch->key_bytes = malloc(KEY_BYTES_MAX);
	scratch->row_key_bytes = malloc(KEY_BYTES_MAX);
	scratch->unmapped = calloc(UNMAPPED_MAX + 1, sizeof(*scratch->unmapped));
	scratch->unmapped_entries = calloc(UNMAPPED_MAX + 1, sizeof(*scratch->unmapped_entries));
	scratch->unmapped_slots = calloc(UNMAPPED_SLOTS, sizeof(*scratch->unmapped_slots));
	bool whole = scratch->attributes != NULL && scratch->attribute_slots != NULL && scratch->by_rank != NULL &&
		     scratch->canonical != NULL && scratch->column_values != NULL && scratch->path_values != NULL &&
		     scratch->key_bytes != NULL && scratch->row_key_bytes != NULL && scratch->unmapped != NULL &&
		     scratch->unmapped_entries != NULL && scratch->unmapped_slots != NULL && scratch->aliases != NULL &&
		     scratch->results != NULL && scratch->patterns != NULL && compile_patterns(scratch);
	const char *why;
	for (uint32_t part = 0; whole && part < plan->key_count; part++)
		if (plan->key[part].extract != NULL)
			whole = (scratch->extracts[part] = step_pattern_new(plan->key[part].extract, &why)) != NULL;
	/* The plan's own names come first, so that a column's `top` is its attribute's index. */
	for (uint32_t index = 0; whole && index < plan->top_count; index++) {
		struct name_words words = name_words(plan->tops[index].node->name);
		whole = attribute_intern(scratch, plan->tops[index].node->name, &words) == index;
	}
	if (!whole) {
		digest_scratch_free(scratch);
		return NULL;
	}
	return scratch;
}

bool digest_scratch_failed(const struct digest_scratch *scratch)
{
	return scratch->failed || scratch->names.failed || scratch->work.failed || scratch->batch.failed ||
	       scratch->text.failed || scratch->step_text.failed;
}

void digest_scratch_free(struct digest_scratch *scratch)
{
	if (scratch == NULL)
		return;
	arena_release(&scratch->names);
	arena_release(&scratch->work);
	arena_release(&scratch->batch);
	for (uint32_t index = 0; scratch->patterns != NULL && index < scratch->plan->pattern_count; index++)
		step_pattern_free(scratch->patterns[index]);
	free(scratch->patterns);
	free(scratch->aliases);
	free(scratch->results);
	json_parser_free(scratch->json);
	buffer_release(&scratch->text);
	buffer_release(&scratch->step_text);
	free(scratch->attributes);
	free(scratch->attribute_slots);
	free(scratch->by_rank);
	free(scratch->members);
	free(scratch->order);
	free(scratch->unsettled);
	free(scratch->canonical);
	free(scratch->column_values);
	free(scratch->path_values);
	free(scratch->key_bytes);
	free(scratch->row_key_bytes);
	for (uint32_t part = 0; part < LAKE_KEY_PARTS_MAX; part++)
		step_pattern_free(scratch->extracts[part]);
	free(scratch->unmapped);
	free(scratch->unmapped_entries);
	free(scratch->unmapped_slots);
	free(scratch);
}

/* Cheap and good enough: names are few, and a bad spread costs time, never correctness. */
static uint32_t name_hash(struct slice name, const struct name_words *words)
{
	uint64_t mixed = (words->head ^ words->size) * UINT64_C(0x9E3779B97F4A7C15);
	if (words->size > 16) /* long names often differ at their end only */
		mixed ^= XXH3_64bits(name.data + 16, name.size - 16);
	mixed = (mixed ^ (mixed >> 32) ^ words->tail) * UINT64_C(0xD6E8FEB86659FD93);
	return (uint32_t)(mixed >> 32);
}

/* The new attribute takes its place in byte order; those after it move up by one. */
static void rank_insert(struct digest_scratch *scratch, uint32_t added)
{
	uint32_t place = added;
	struct slice name = scratch->attributes[added].name;
	while (place > 0 && slice_compare(scratch->attributes[scratch->by_rank[place - 1]].name, name) > 0) {
		scratch->by_rank[place] = scratch->by_rank[place - 1];
		scratch->attributes[scratch->by_rank[place]].rank = place;
		place--;
	}
	scratch->by_rank[place] = (uint16_t)added;
	scratch->attributes[added].rank = place;
}

uint32_t attribute_intern(struct digest_scratch *scratch, struct slice name, const struct name_words *words)
{
	const uint32_t mask = ATTRIBUTE_SLOTS - 1;
	uint32_t slot = name_hash(name, words) & mask;
	for (; scratch->attribute_slots[slot] != 0; slot = (slot + 1) & mask) {
		uint32_t index = scratch->attribute_slots[slot] - 1U;
		if (attribute_is(&scratch->attributes[index], name, words))
			return index;
	}
	uint32_t index = scratch->attribute_count;
	if (index == ATTRIBUTES_MAX)
		return ATTRIBUTE_OTHER;
	struct slice copy = arena_copy(&scratch->names, name);
	if (copy.data == NULL)
		return ATTRIBUTE_OTHER;
	const struct digest_plan *plan = scratch->plan;
	struct attribute *attribute = &scratch->attributes[index];
	*attribute = (struct attribute){.name = copy, .words = *words, .replicated = is_replicated(copy)};
	attribute->ignored = attribute->replicated || plan_ignores_attribute(plan, copy);
	if (index < plan->top_count) {
		attribute->node = plan->tops[index].node;
		attribute->key = plan->tops[index].key;
	}
	attribute->alias = plan_snake_column(plan, copy, &scratch->text);
	if (attribute->alias != 0 && attribute->node == NULL)
		attribute->node = plan->tops[plan->columns[attribute->alias - 1].sources[0].top].node;
	scratch->attribute_slots[slot] = (uint16_t)(index + 1);
	scratch->attribute_count++;
	rank_insert(scratch, index);
	return index;
}
