/* item_size - an independent reading of the service's size model, from parsed JSON; for tests only.
 *
 * Sizes of attribute values as the Developer Guide gives them, computed through base/json and base/decimal, so that it
 * shares nothing with the generators' writer. A value that is not well-formed or not canonical makes item_size_ok
 * false. */
#ifndef LAKEPROOF_TESTS_ITEM_SIZE_H
#define LAKEPROOF_TESTS_ITEM_SIZE_H

#include "base/decimal.h"
#include "base/json.h"

struct item_size {
	const struct json_token *tokens;
	bool well_formed;
	unsigned depth_max;
	unsigned types; /* bit per type seen, in the order of item_size_types */
};

static const char *const item_size_types[] = {"S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"};
enum { ITEM_SIZE_TYPES = 10 };

static uint64_t item_size_number(struct item_size *size, struct slice text)
{
	struct decimal decimal;
	char canonical[DECIMAL_TEXT_MAX];

	if (decimal_parse(text, &decimal) != DECIMAL_OK) {
		size->well_formed = false;
		return 0;
	}
	size_t length = decimal_format(&decimal, canonical);
	if (length != text.size || memcmp(canonical, text.data, length) != 0)
		size->well_formed = false;
	if (decimal.count == 0)
		return 1;
	/* Pairs of digits aligned at the point: an even number of digits that starts in the middle of a pair needs one
	 * more. */
	int lead = decimal.exponent - 1;
	unsigned pairs = (decimal.count + 1u) / 2;
	return 1u + pairs + (decimal.count % 2 == 0 && lead % 2 == 0) + decimal.negative;
}

static uint64_t item_size_scalar(struct item_size *size, unsigned type, struct slice text)
{
	if (type == 0)
		return text.size;
	if (type == 1)
		return item_size_number(size, text);
	if (text.size % 4 != 0)
		size->well_formed = false;
	uint64_t padding = text.size > 0
				   ? (uint64_t)(text.data[text.size - 1] == '=') + (text.data[text.size - 2] == '=')
				   : 0;
	return text.size / 4 * 3 - padding;
}

static uint64_t item_size_attributes(struct item_size *size, uint32_t object, unsigned depth, unsigned each);

static uint64_t item_size_value(struct item_size *size, uint32_t value, unsigned depth)
{
	const struct json_token *tokens = size->tokens;
	unsigned type = 0;
	uint64_t sum = 0;

	if (depth > size->depth_max)
		size->depth_max = depth;
	if (tokens[value].type != JSON_OBJECT || tokens[value].count != 1) {
		size->well_formed = false;
		return 0;
	}
	while (type < ITEM_SIZE_TYPES && !slice_is(json_text(&tokens[value + 1]), item_size_types[type]))
		type++;
	if (type == ITEM_SIZE_TYPES) {
		size->well_formed = false;
		return 0;
	}
	size->types |= 1u << type;
	uint32_t inner = value + 2;
	if (type <= 2)
		return item_size_scalar(size, type, json_text(&tokens[inner]));
	if (type <= 4)
		return 1;
	if (type == 5)
		return 3 + item_size_attributes(size, inner, depth + 1, 1);
	sum = type == 6 ? 3 : 0;
	if (type > 6 && tokens[inner].count == 0)
		size->well_formed = false; /* an empty set */
	for (uint32_t i = inner + 1; i < tokens[inner].next; i = tokens[i].next)
		sum += type == 6 ? 1 + item_size_value(size, i, depth + 1)
				 : item_size_scalar(size, type - 7, json_text(&tokens[i]));
	return sum;
}

static uint64_t item_size_attributes(struct item_size *size, uint32_t object, unsigned depth, unsigned each)
{
	uint64_t sum = 0;
	for (uint32_t i = object + 1; i < size->tokens[object].next; i = size->tokens[i + 1].next)
		sum += each + size->tokens[i].size + item_size_value(size, i + 1, depth);
	return sum;
}

/* The size of the item (or key) whose object is at `object`. */
static uint64_t item_size_of(struct item_size *size, const struct json_token *tokens, uint32_t object)
{
	*size = (struct item_size){.tokens = tokens, .well_formed = true};
	return item_size_attributes(size, object, 1, 0);
}

#endif
