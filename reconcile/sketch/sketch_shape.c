#include "reconcile/sketch/sketch_shape.h"

#include "base/clock.h"
#include "base/decimal.h"

enum { SAMPLE_SIZE_MAX = 4096 };

struct shape *shape_new(struct arena *arena)
{
	struct shape *shape = arena_alloc(arena, sizeof *shape);
	if (shape != NULL)
		*shape = (struct shape){.depth = 0};
	return shape;
}

struct shape *shape_find(const struct shape *parent, struct slice name)
{
	struct shape *child = parent->children;
	while (child != NULL && !slice_equal(child->name, name))
		child = child->sibling;
	return child;
}

/* Items tend to name their attributes in one order. NULL: there is no room for another, or no memory. */
static struct shape *child_of(struct shape *parent, struct arena *arena, struct slice name)
{
	struct shape *next = parent->last != NULL ? parent->last->sibling : NULL;
	if (next == NULL || !slice_equal(next->name, name))
		next = shape_find(parent, name);
	if (next != NULL)
		return parent->last = next;
	if (parent->child_count >= (parent->parent == NULL ? SHAPE_ATTRIBUTES_MAX : SHAPE_ENTRIES_MAX)) {
		parent->open = true;
		return NULL;
	}
	struct shape *child = shape_new(arena);
	if (child == NULL)
		return NULL;
	child->name = name;
	child->parent = parent;
	child->depth = parent->depth + 1;
	struct shape **end = &parent->children;
	while (*end != NULL)
		end = &(*end)->sibling;
	*end = child;
	parent->child_count++;
	return parent->last = child;
}

static void add_sample(struct shape *shape, const struct value *value)
{
	if (value->bytes.size > SAMPLE_SIZE_MAX)
		return;
	for (int i = 0; i < SHAPE_SAMPLES; i++) {
		if (shape->sample_tags[i] == TAG_NONE) {
			shape->samples[i] = value->bytes;
			shape->sample_tags[i] = value->tag;
			return;
		}
		if (shape->sample_tags[i] == value->tag && slice_equal(shape->samples[i], value->bytes))
			return;
	}
}

static void add_text(struct shape *shape, struct slice text)
{
	struct decimal decimal;
	int32_t days;
	int64_t time_us;
	if (text.size == 0)
		return;
	shape->texts++;
	shape->numeric += decimal_parse(text, &decimal) == DECIMAL_OK;
	shape->dates += clock_parse_date(text, &days);
	bool is_time = clock_parse(text, &time_us);
	shape->times += is_time;
	shape->zoned += is_time && text.size > 10 && text.data[text.size - 1] != 'Z' &&
			(memchr(text.data + 10, '+', text.size - 10) != NULL ||
			 memchr(text.data + 10, '-', text.size - 10) != NULL);
}

/* From 2001 to 2286, in each unit: no number is of two. */
static void add_number(struct shape *shape, struct slice text)
{
	struct decimal decimal;
	if (decimal_parse(text, &decimal) != DECIMAL_OK)
		return;
	int scale = decimal.count > decimal.exponent ? decimal.count - decimal.exponent : 0;
	int integer = decimal.exponent > 0 ? decimal.exponent : 0;
	shape->whole += scale == 0;
	shape->digits_max = decimal.count > shape->digits_max ? decimal.count : shape->digits_max;
	shape->scale_max = scale > shape->scale_max ? scale : shape->scale_max;
	shape->integer_digits_max = integer > shape->integer_digits_max ? integer : shape->integer_digits_max;
	if (decimal.negative)
		return;
	shape->epoch_s += decimal.exponent == 10;
	shape->epoch_ms += decimal.exponent == 13;
	shape->epoch_us += decimal.exponent == 16;
}

static bool add_entries(struct shape *shape, struct arena *arena, struct arena *work, const struct json_token *tokens,
			uint32_t object);

static bool add_value(struct shape *shape, struct arena *arena, struct arena *work, const struct json_token *tokens,
		      uint32_t index)
{
	struct value value;
	struct value_fault fault;
	arena_reset(work);
	if (!value_read(work, tokens, index, &value, &fault))
		return true;
	shape->count++;
	if ((int)value.tag >= (int)SHAPE_TAGS)
		return true;
	shape->tags[value.tag]++;
	if (value.tag == TAG_N) {
		struct slice copy = arena_copy(arena, value.bytes);
		if (copy.data == NULL)
			return false;
		value.bytes = copy;
		add_number(shape, copy);
	}
	if (value.tag == TAG_S)
		add_text(shape, value.bytes);
	if (value.tag == TAG_S || value.tag == TAG_N)
		add_sample(shape, &value);
	return value.tag != TAG_M || shape->depth >= SHAPE_DEPTH_MAX ||
	       add_entries(shape, arena, work, tokens, value.payload);
}

/* Recursion is bounded by SHAPE_DEPTH_MAX. */
static bool add_entries(struct shape *shape, struct arena *arena, struct arena *work, const struct json_token *tokens,
			uint32_t object)
{
	uint32_t at = object + 1;
	for (uint32_t i = 0; i < tokens[object].count; i++, at = tokens[at + 1].next) {
		struct slice name = json_text(&tokens[at]);
		if (name.size >= 8 && memcmp(name.data, "aws:rep:", 8) == 0)
			continue;
		struct shape *child = child_of(shape, arena, name);
		if (child == NULL && arena->failed)
			return false;
		if (child != NULL && !add_value(child, arena, work, tokens, at + 1))
			return false;
	}
	return true;
}

bool shape_add(struct shape *root, struct arena *arena, struct arena *work, const struct json_token *tokens,
	       uint32_t image)
{
	root->count++;
	return add_entries(root, arena, work, tokens, image);
}

enum value_tag shape_tag(const struct shape *shape)
{
	enum value_tag only = TAG_NONE;
	for (int tag = TAG_S; tag < SHAPE_TAGS; tag++) {
		if (tag == TAG_NULL || shape->tags[tag] == 0)
			continue;
		if (only != TAG_NONE)
			return TAG_NONE;
		only = (enum value_tag)tag;
	}
	return only;
}

uint64_t shape_others(const struct shape *shape, uint32_t tags)
{
	uint64_t count = 0;
	for (int tag = TAG_S; tag < SHAPE_TAGS; tag++)
		if (tag != TAG_NULL && (tags >> tag & 1) == 0)
			count += shape->tags[tag];
	return count;
}
