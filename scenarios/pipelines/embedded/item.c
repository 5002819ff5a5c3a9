#include "scenarios/pipelines/embedded/item.h"

#include "base/base64.h"
#include "base/decimal.h"

enum { ITEM_DEPTH_MAX = 32 };

static const char *value_fault(const struct json_token *tokens, uint32_t value, int depth);

static const char *members_fault(const struct json_token *tokens, uint32_t object, int depth)
{
	const char *fault = NULL;
	for (uint32_t name = object + 1; fault == NULL && name < tokens[object].next; name = tokens[name + 1].next) {
		for (uint32_t other = object + 1; other < name; other = tokens[other + 1].next)
			if (slice_equal(json_text(&tokens[other]), json_text(&tokens[name])))
				return "an attribute stands twice in one object";
		fault = value_fault(tokens, name + 1, depth);
	}
	return fault;
}

static const char *text_fault(struct slice tag, const struct json_token *payload)
{
	struct decimal decimal;
	size_t size;
	if (payload->type != JSON_STRING)
		return "a value is no text, as its type says";
	if (slice_is(tag, "N") && decimal_parse(json_text(payload), &decimal) != DECIMAL_OK)
		return "a number that DynamoDB could not hold";
	if (slice_is(tag, "B") && !base64_decode(json_text(payload), NULL, SIZE_MAX, &size))
		return "a binary value that is no base64";
	return NULL;
}

static const char *list_fault(const struct json_token *tokens, struct slice tag, uint32_t payload, int depth)
{
	const char *fault = NULL;
	if (tokens[payload].type != JSON_ARRAY)
		return "a value is no array, as its type says";
	for (uint32_t i = payload + 1; fault == NULL && i < tokens[payload].next; i = tokens[i].next)
		fault = tag.size == 2 ? text_fault((struct slice){tag.data, 1}, &tokens[i])
				      : value_fault(tokens, i, depth);
	return fault;
}

static const char *value_fault(const struct json_token *tokens, uint32_t value, int depth)
{
	if (depth > ITEM_DEPTH_MAX)
		return "nested deeper than 32 levels";
	if (tokens[value].type != JSON_OBJECT || tokens[value].count != 1)
		return "an attribute's value is no object of one type";
	struct slice tag = json_text(&tokens[value + 1]);
	uint32_t payload = value + 2;
	uint32_t type = tokens[payload].type;
	if (slice_is(tag, "S") || slice_is(tag, "N") || slice_is(tag, "B"))
		return text_fault(tag, &tokens[payload]);
	if (slice_is(tag, "BOOL"))
		return type == JSON_TRUE || type == JSON_FALSE ? NULL : "a BOOL is neither true nor false";
	if (slice_is(tag, "NULL"))
		return type == JSON_TRUE ? NULL : "a NULL is not true";
	if (slice_is(tag, "SS") || slice_is(tag, "NS") || slice_is(tag, "BS") || slice_is(tag, "L"))
		return list_fault(tokens, tag, payload, depth + 1);
	if (!slice_is(tag, "M"))
		return "an unknown type";
	return type == JSON_OBJECT ? members_fault(tokens, payload, depth + 1) : "an M is no object";
}

const char *item_fault(const struct json_token *tokens, uint32_t object)
{
	return members_fault(tokens, object, 0);
}
