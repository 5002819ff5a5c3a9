/* sketch_shape - what attributes the items seen have: names, types, how often, and what their values are like.
 *
 * A tree: the root is the item, its children top-level attributes, those of a map its entries. Counts are of items (of
 * maps, below). A map with more than SHAPE_ENTRIES_MAX names is `open`: it is a dictionary, and its entries are not
 * attributes. Lives in the arena given; borrows names from the tokens. One thread. */
#ifndef LAKEPROOF_RECONCILE_SKETCH_SKETCH_SHAPE_H
#define LAKEPROOF_RECONCILE_SKETCH_SKETCH_SHAPE_H

#include "base/arena.h"
#include "base/json.h"
#include "reconcile/value/value.h"

enum {
	SHAPE_ENTRIES_MAX = 64,
	SHAPE_ATTRIBUTES_MAX = 2000,
	SHAPE_DEPTH_MAX = 6,
	SHAPE_SAMPLES = 3,
	SHAPE_TAGS = TAG_BS + 1
};

struct shape {
	struct slice name;
	struct shape *parent, *children, *sibling, *last; /* last: the child found last, where the next one is sought */
	uint32_t child_count, depth;
	bool open;
	uint64_t count;            /* items that have it, NULL included */
	uint64_t tags[SHAPE_TAGS]; /* by enum value_tag */
	/* of S that are not empty: texts that read as numbers, as YYYY-MM-DD, as ISO 8601 times (dates included) */
	uint64_t texts, numeric, dates, times, zoned;
	/* of N: whole ones, those of the size of times since 1970 */
	uint64_t whole, epoch_s, epoch_ms, epoch_us;
	int digits_max, scale_max, integer_digits_max;
	struct slice samples[SHAPE_SAMPLES]; /* S and N: the first different values, as they are; their tags */
	enum value_tag sample_tags[SHAPE_SAMPLES];
};

/* A root; NULL when out of memory. */
struct shape *shape_new(struct arena *arena);
/* An image, an object token; what is no DynamoDB value is passed over. False when out of memory. */
bool shape_add(struct shape *root, struct arena *arena, struct arena *work, const struct json_token *tokens,
	       uint32_t image) MUST_USE;
struct shape *shape_find(const struct shape *parent, struct slice name);
/* The one type besides NULL that all its values have, or TAG_NONE. */
enum value_tag shape_tag(const struct shape *shape);
/* Whether values of that type were seen. */
static inline bool shape_has(const struct shape *shape, enum value_tag tag)
{
	return shape->tags[tag] > 0;
}
/* How many values are of none of the types whose bits (1 << tag) are given; NULL never counts. */
uint64_t shape_others(const struct shape *shape, uint32_t tags);

#endif
