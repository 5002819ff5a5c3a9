#include "sources/attribute.h"

#include <stdlib.h>

#include "base/base64.h"
#include "base/decimal.h"
#include "sources/events.h"

enum tag { TAG_UNKNOWN, TAG_S, TAG_N, TAG_B, TAG_BOOL, TAG_NULL, TAG_M, TAG_L, TAG_SS, TAG_NS, TAG_BS };

static enum tag tag_of(struct slice name)
{
	static const char *const names[] = {"", "S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"};
	for (int i = TAG_S; i <= TAG_BS; i++)
		if (slice_is(name, names[i]))
			return (enum tag)i;
	return TAG_UNKNOWN;
}

static bool fail(struct attribute_fault *fault, uint32_t token, const char *reason)
{
	*fault = (struct attribute_fault){reason, token};
	return false;
}

/* ---- names */

struct name {
	struct slice text;
	uint32_t token;
};

static int compare_names(const void *a, const void *b)
{
	return slice_compare(((const struct name *)a)->text, ((const struct name *)b)->text);
}

/* Names of an object, or the elements of a set: none twice. */
static bool are_unique(const struct json_token *tokens, uint32_t container, struct attribute_fault *fault)
{
	uint32_t count = tokens[container].count;
	if (count < 2)
		return true;
	bool object = tokens[container].type == JSON_OBJECT;
	struct name *names = reallocarray(NULL, count, sizeof(*names));
	if (names == NULL)
		return fail(fault, container, "out of memory");
	uint32_t at = container + 1;
	for (uint32_t i = 0; i < count; i++) {
		names[i] = (struct name){json_text(&tokens[at]), at};
		at = tokens[object ? at + 1 : at].next;
	}
	qsort(names, count, sizeof(*names), compare_names);
	bool unique = true;
	for (uint32_t i = 1; i < count && unique; i++)
		if (slice_equal(names[i - 1].text, names[i].text)) {
			uint32_t second = names[i].token > names[i - 1].token ? names[i].token : names[i - 1].token;
			unique = fail(fault, second, object ? "duplicate name" : "duplicate element in a set");
		}
	free(names);
	return unique;
}

/* ---- values */

static bool check_number(const struct json_token *tokens, uint32_t index, struct attribute_fault *fault)
{
	struct decimal decimal;
	if (tokens[index].type != JSON_STRING && tokens[index].type != JSON_NUMBER)
		return fail(fault, index, "a number must be a string");
	switch (decimal_parse(json_text(&tokens[index]), &decimal)) {
	case DECIMAL_OK:
		return true;
	case DECIMAL_PRECISION:
		return fail(fault, index, "number with more than 38 digits");
	case DECIMAL_RANGE:
		return fail(fault, index, "number out of range");
	default:
		return fail(fault, index, "not a number");
	}
}

static bool check_scalar(const struct json_token *tokens, enum tag tag, uint32_t index, struct attribute_fault *fault)
{
	size_t size;
	switch (tag) {
	case TAG_N:
		return check_number(tokens, index, fault);
	case TAG_S:
		return tokens[index].type == JSON_STRING || fail(fault, index, "S must be a string");
	case TAG_B:
		if (tokens[index].type == JSON_STRING && base64_decode(json_text(&tokens[index]), NULL, 0, &size))
			return true;
		return fail(fault, index, "B must be base64 text");
	case TAG_BOOL:
		return tokens[index].type == JSON_TRUE || tokens[index].type == JSON_FALSE ||
		       fail(fault, index, "BOOL must be true or false");
	default:
		return tokens[index].type == JSON_TRUE || fail(fault, index, "NULL must be true");
	}
}

static bool are_numbers_unique(const struct json_token *tokens, uint32_t set, struct attribute_fault *fault)
{
	for (uint32_t i = set + 1; i < tokens[set].next; i++)
		for (uint32_t k = set + 1; k < i; k++) {
			struct decimal a;
			struct decimal b;
			if (decimal_parse(json_text(&tokens[i]), &a) == DECIMAL_OK &&
			    decimal_parse(json_text(&tokens[k]), &b) == DECIMAL_OK && decimal_compare(&a, &b) == 0)
				return fail(fault, i, "duplicate element in a set");
		}
	return true;
}

static bool check_set(const struct json_token *tokens, enum tag tag, uint32_t index, struct attribute_fault *fault)
{
	enum tag element = tag == TAG_SS ? TAG_S : tag == TAG_NS ? TAG_N : TAG_B;
	if (tokens[index].type != JSON_ARRAY)
		return fail(fault, index, "a set must be an array");
	if (tokens[index].count == 0)
		return fail(fault, index, "empty set");
	for (uint32_t i = index + 1; i < tokens[index].next; i = tokens[i].next)
		if (!check_scalar(tokens, element, i, fault))
			return false;
	return tag == TAG_NS ? are_numbers_unique(tokens, index, fault) : are_unique(tokens, index, fault);
}

static bool check_map(const struct json_token *tokens, uint32_t map, int level, struct attribute_fault *fault);

/* Recursion ends at ITEM_DEPTH_MAX. */
static bool check_value(const struct json_token *tokens, uint32_t index, int level, struct attribute_fault *fault)
{
	if (level > ITEM_DEPTH_MAX)
		return fail(fault, index, "nested deeper than 32 levels");
	if (tokens[index].type != JSON_OBJECT || tokens[index].count != 1)
		return fail(fault, index, "an attribute value must be an object with one type tag");
	enum tag tag = tag_of(json_text(&tokens[index + 1]));
	uint32_t value = index + 2;
	switch (tag) {
	case TAG_UNKNOWN:
		return fail(fault, index + 1, "unknown type tag");
	case TAG_M:
		if (tokens[value].type != JSON_OBJECT)
			return fail(fault, value, "M must be an object");
		return check_map(tokens, value, level + 1, fault);
	case TAG_L:
		if (tokens[value].type != JSON_ARRAY)
			return fail(fault, value, "L must be an array");
		for (uint32_t i = value + 1; i < tokens[value].next; i = tokens[i].next)
			if (!check_value(tokens, i, level + 1, fault))
				return false;
		return true;
	case TAG_SS:
	case TAG_NS:
	case TAG_BS:
		return check_set(tokens, tag, value, fault);
	default:
		return check_scalar(tokens, tag, value, fault);
	}
}

static bool check_map(const struct json_token *tokens, uint32_t map, int level, struct attribute_fault *fault)
{
	for (uint32_t i = map + 1; i < tokens[map].next; i = tokens[i + 1].next)
		if (!check_value(tokens, i + 1, level, fault))
			return false;
	return are_unique(tokens, map, fault);
}

bool attribute_validate(const struct json_token *tokens, uint32_t index, struct attribute_fault *fault)
{
	return check_value(tokens, index, 1, fault);
}

bool attribute_validate_image(const struct json_token *tokens, uint32_t image, struct attribute_fault *fault)
{
	if (tokens[image].type != JSON_OBJECT)
		return fail(fault, image, "an image must be an object");
	return check_map(tokens, image, 1, fault);
}
