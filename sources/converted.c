#include "sources/converted.h"

#include <strings.h>

enum { TYPE_COUNT = 10, EXACT_DIGITS = 15 };

static const char *const types[TYPE_COUNT] = {"S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M"};

static const char TWICE[] = "two of its columns have the same name but for their case";
static const char NO_TYPE[] = "an attribute without a value of any type: its schema lacks the type that the value has";
static const char TWO_TYPES[] = "an attribute with values of two types";
static const char NOT_TYPED[] = "an attribute that is no struct of types";
static const char ROUNDED[] = "a number in a column of numbers, of more than 15 digits: it may have been rounded; have "
			      "numbers written as texts";

/* A row on its way. */
struct converting {
	const struct json_token *tokens;
	struct json_parser *inner;
	struct buffer *json;
	const char *reason;
};

static bool fail(struct converting *at, const char *reason)
{
	if (at->reason == NULL)
		at->reason = reason;
	return false;
}

static bool is_name(const struct json_token *token, const char *name)
{
	return token->size == strlen(name) && strncasecmp(token->text, name, token->size) == 0;
}

static void append_name(struct buffer *json, bool *first, struct slice name)
{
	if (!*first)
		(void)buffer_append_byte(json, ',');
	*first = false;
	(void)buffer_append_json(json, name);
	(void)buffer_append_byte(json, ':');
}

/* ---- values as they are */

static void append_value(struct buffer *json, const struct json_token *tokens, uint32_t index)
{
	const struct json_token *token = &tokens[index];
	bool first = true;
	switch ((enum json_type)token->type) {
	case JSON_OBJECT:
		(void)buffer_append_byte(json, '{');
		for (uint32_t i = index + 1; i < token->next; i = tokens[i + 1].next) {
			append_name(json, &first, json_text(&tokens[i]));
			append_value(json, tokens, i + 1);
		}
		(void)buffer_append_byte(json, '}');
		return;
	case JSON_ARRAY:
		(void)buffer_append_byte(json, '[');
		for (uint32_t i = index + 1; i < token->next; i = tokens[i].next) {
			if (i > index + 1)
				(void)buffer_append_byte(json, ',');
			append_value(json, tokens, i);
		}
		(void)buffer_append_byte(json, ']');
		return;
	case JSON_STRING:
		(void)buffer_append_json(json, json_text(token));
		return;
	case JSON_NUMBER:
		(void)buffer_append_slice(json, json_text(token));
		return;
	case JSON_TRUE:
	case JSON_FALSE:
		(void)buffer_append_text(json, token->type == JSON_TRUE ? "true" : "false");
		return;
	case JSON_NULL:
		(void)buffer_append_text(json, "null");
	}
}

/* ---- attributes */

static bool append_attributes(struct converting *at, uint32_t object);
static bool append_attribute(struct converting *at, uint32_t index);

static bool append_number(struct converting *at, uint32_t index)
{
	const struct json_token *token = &at->tokens[index];
	if (token->type == JSON_NUMBER) {
		size_t digits = 0;
		for (uint32_t i = 0; i < token->size; i++)
			digits += token->text[i] >= '0' && token->text[i] <= '9';
		if (digits > EXACT_DIGITS || memchr(token->text, 'e', token->size) != NULL)
			return fail(at, ROUNDED);
	}
	(void)buffer_append_json(at->json, json_text(token));
	return token->type == JSON_NUMBER || token->type == JSON_STRING || fail(at, NOT_TYPED);
}

static bool append_list(struct converting *at, uint32_t index, bool numbers)
{
	const struct json_token *list = &at->tokens[index];
	if (list->type != JSON_ARRAY)
		return fail(at, NOT_TYPED);
	(void)buffer_append_byte(at->json, '[');
	for (uint32_t i = index + 1; i < list->next; i = at->tokens[i].next) {
		if (i > index + 1)
			(void)buffer_append_byte(at->json, ',');
		if (numbers ? !append_number(at, i) : !append_attribute(at, i))
			return false;
	}
	(void)buffer_append_byte(at->json, ']');
	return true;
}

static bool append_typed(struct converting *at, const char *type, uint32_t index)
{
	bool first = true;
	(void)buffer_append_byte(at->json, '{');
	append_name(at->json, &first, slice_from(type));
	bool told = true;
	if (strcmp(type, "N") == 0)
		told = append_number(at, index);
	else if (strcmp(type, "NS") == 0 || strcmp(type, "L") == 0)
		told = append_list(at, index, *type == 'N');
	else if (strcmp(type, "M") == 0)
		told = append_attributes(at, index);
	else
		append_value(at->json, at->tokens, index);
	(void)buffer_append_byte(at->json, '}');
	return told;
}

static const char *type_named(const struct json_token *name)
{
	for (size_t i = 0; i < TYPE_COUNT; i++)
		if (is_name(name, types[i]))
			return types[i];
	return NULL;
}

/* The one type that is not null. */
static bool append_attribute(struct converting *at, uint32_t index)
{
	const struct json_token *tokens = at->tokens;
	const char *type = NULL;
	uint32_t value = 0;
	if (tokens[index].type != JSON_OBJECT)
		return fail(at, NOT_TYPED);
	for (uint32_t i = index + 1; i < tokens[index].next; i = tokens[i + 1].next) {
		const char *named = type_named(&tokens[i]);
		if (named == NULL)
			return fail(at, NOT_TYPED);
		if (tokens[i + 1].type == JSON_NULL)
			continue;
		if (type != NULL)
			return fail(at, TWO_TYPES);
		type = named;
		value = i + 1;
	}
	return type != NULL ? append_typed(at, type, value) : fail(at, NO_TYPE);
}

/* Those that are not null. */
static bool append_attributes(struct converting *at, uint32_t object)
{
	const struct json_token *tokens = at->tokens;
	bool first = true;
	if (tokens[object].type != JSON_OBJECT)
		return fail(at, NOT_TYPED);
	(void)buffer_append_byte(at->json, '{');
	for (uint32_t i = object + 1; i < tokens[object].next; i = tokens[i + 1].next) {
		if (tokens[i + 1].type == JSON_NULL)
			continue;
		append_name(at->json, &first, json_text(&tokens[i]));
		if (!append_attribute(at, i + 1))
			return false;
	}
	(void)buffer_append_byte(at->json, '}');
	return true;
}

/* ---- items */

static bool is_typed(const struct json_token *tokens, uint32_t index)
{
	if (tokens[index].type != JSON_OBJECT || tokens[index].count == 0)
		return false;
	for (uint32_t i = index + 1; i < tokens[index].next; i = tokens[i + 1].next)
		if (type_named(&tokens[i]) == NULL)
			return false;
	return true;
}

static uint32_t item_of(const struct json_token *tokens)
{
	uint32_t item = json_member(tokens, 0, "Item");
	return item != 0 && tokens[item].type == JSON_OBJECT && !is_typed(tokens, item) ? item : 0;
}

bool converted_is_item(const struct json_token *tokens)
{
	if (tokens[0].type != JSON_OBJECT)
		return false;
	uint32_t item = item_of(tokens);
	for (uint32_t i = item + 1; i < tokens[item].next; i = tokens[i + 1].next)
		if (tokens[i + 1].type != JSON_NULL && !is_typed(tokens, i + 1))
			return false;
	return true;
}

bool converted_item(const struct json_token *tokens, struct json_parser *inner, struct buffer *json,
		    const char **reason)
{
	struct converting at = {.tokens = tokens, .inner = inner, .json = json};
	(void)buffer_append_text(json, "{\"Item\":");
	bool told = append_attributes(&at, item_of(tokens));
	(void)buffer_append_byte(json, '}');
	*reason = at.reason;
	return told;
}

/* ---- changes */

/* The object's member of that name; 0: none. SIZE of two is UINT32_MAX. */
static uint32_t member(const struct json_token *tokens, uint32_t object, const char *name)
{
	uint32_t found = 0;
	for (uint32_t i = object + 1; i < tokens[object].next; i = tokens[i + 1].next) {
		if (!is_name(&tokens[i], name))
			continue;
		if (found != 0)
			return UINT32_MAX;
		found = i + 1;
	}
	return found;
}

/* Its members of these names, where they are and are not null, as they are. */
static bool append_members(struct converting *at, uint32_t object, const char *const *names, size_t count, bool *first)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t index = member(at->tokens, object, names[i]);
		if (index == UINT32_MAX)
			return fail(at, TWICE);
		if (index == 0 || at->tokens[index].type == JSON_NULL)
			continue;
		append_name(at->json, first, slice_from(names[i]));
		append_value(at->json, at->tokens, index);
	}
	return true;
}

/* An object given as text, parsed; NULL when it is none. */
static const struct json_token *text_object(struct converting *at, uint32_t index)
{
	const struct json_token *tokens;
	size_t count;
	struct json_failure failure;
	if (at->tokens[index].type != JSON_STRING ||
	    !json_parse(at->inner, json_text(&at->tokens[index]), &tokens, &count, &failure) ||
	    tokens[0].type != JSON_OBJECT)
		return NULL;
	return tokens;
}

/* An image whose type tags are as DynamoDB writes them. */
static bool is_kept(const struct json_token *tokens)
{
	for (uint32_t i = 1; i < tokens[0].next; i = tokens[i + 1].next) {
		const struct json_token *value = &tokens[i + 1];
		const char *type = value->type == JSON_OBJECT && value->count == 1 ? type_named(&tokens[i + 2]) : NULL;
		if (type == NULL || !slice_is(json_text(&tokens[i + 2]), type))
			return false;
	}
	return true;
}

static bool append_image(struct converting *at, uint32_t object, const char *name, bool *first)
{
	uint32_t index = member(at->tokens, object, name);
	if (index == UINT32_MAX)
		return fail(at, TWICE);
	const struct json_token *image = index != 0 ? text_object(at, index) : NULL;
	if (image == NULL || !is_kept(image))
		return true;
	append_name(at->json, first, slice_from(name));
	append_value(at->json, image, 0);
	return true;
}

static bool append_keys(struct converting *at, uint32_t object, bool *first)
{
	uint32_t index = member(at->tokens, object, "Keys");
	if (index == UINT32_MAX)
		return fail(at, TWICE);
	if (index == 0 || at->tokens[index].type == JSON_NULL)
		return true;
	append_name(at->json, first, slice_from("Keys"));
	const struct json_token *text = text_object(at, index);
	if (text == NULL)
		return append_attributes(at, index);
	struct converting inside = {.tokens = text, .inner = NULL, .json = at->json};
	return append_attributes(&inside, 0) || fail(at, inside.reason);
}

/* StreamViewType is left out: what it promises the conversion may have dropped. */
static bool append_dynamodb(struct converting *at, bool *first)
{
	static const char *const names[] = {"ApproximateCreationDateTime", "ApproximateCreationDateTimePrecision",
					    "SequenceNumber"};
	uint32_t index = member(at->tokens, 0, "dynamodb");
	if (index == UINT32_MAX)
		return fail(at, TWICE);
	if (index == 0 || at->tokens[index].type == JSON_NULL)
		return fail(at, "no column dynamodb, or nothing in it: no row of stream records");
	append_name(at->json, first, slice_from("dynamodb"));
	const struct json_token *text = text_object(at, index);
	if (text != NULL) {
		append_value(at->json, text, 0);
		return true;
	}
	if (at->tokens[index].type != JSON_OBJECT)
		return fail(at, "its column dynamodb is neither a struct nor the text of an object");
	bool inner_first = true;
	(void)buffer_append_byte(at->json, '{');
	bool told = append_keys(at, index, &inner_first) &&
		    append_members(at, index, names, sizeof(names) / sizeof(names[0]), &inner_first) &&
		    append_image(at, index, "NewImage", &inner_first) &&
		    append_image(at, index, "OldImage", &inner_first);
	(void)buffer_append_byte(at->json, '}');
	return told;
}

static bool append_identity(struct converting *at, bool *first)
{
	static const char *const names[] = {"principalId", "type"};
	uint32_t index = member(at->tokens, 0, "userIdentity");
	if (index == UINT32_MAX)
		return fail(at, TWICE);
	if (index != 0 && at->tokens[index].type == JSON_NULL)
		return true;
	append_name(at->json, first, slice_from("userIdentity"));
	const struct json_token *text = index != 0 ? text_object(at, index) : NULL;
	struct converting inside = {.tokens = text != NULL ? text : at->tokens, .json = at->json};
	uint32_t object = text != NULL ? 0 : index;
	bool inner_first = true, told = true;
	(void)buffer_append_byte(at->json, '{');
	if (index != 0 && inside.tokens[object].type == JSON_OBJECT &&
	    member(inside.tokens, object, "principalId") != 0)
		told = append_members(&inside, object, names, 2, &inner_first);
	(void)buffer_append_byte(at->json, '}');
	return told || fail(at, inside.reason);
}

bool converted_change(const struct json_token *tokens, struct json_parser *inner, struct buffer *json,
		      const char **reason)
{
	static const char *const names[] = {"awsRegion",      "eventID",      "eventName", "eventSource",
					    "eventSourceARN", "recordFormat", "tableName"};
	struct converting at = {.tokens = tokens, .inner = inner, .json = json};
	bool first = true;
	(void)buffer_append_byte(json, '{');
	bool told = append_members(&at, 0, names, sizeof(names) / sizeof(names[0]), &first) &&
		    append_identity(&at, &first) && append_dynamodb(&at, &first);
	(void)buffer_append_byte(json, '}');
	*reason = at.reason;
	return told;
}
