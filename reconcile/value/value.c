#include "reconcile/value/value.h"

#include <strings.h>

#include "base/base64.h"

static bool refuse(struct value_fault *fault, const char *reason, const struct json_token *tokens, uint32_t index)
{
	fault->reason = reason;
	fault->token = index;
	fault->text = tokens[index].text == NULL ? (struct slice){"", 0} : json_text(&tokens[index]);
	return false;
}

/* EMR's dumps have other cases (s, bOOL, nULL, nULLValue, sS), and its reader takes any. */
static enum value_tag tag_of_any_case(const struct json_token *name)
{
	static const struct {
		const char *name;
		enum value_tag tag;
	} tags[] = {{"S", TAG_S},       {"N", TAG_N},       {"B", TAG_B},           {"M", TAG_M},
		    {"L", TAG_L},       {"SS", TAG_SS},     {"NS", TAG_NS},         {"BS", TAG_BS},
		    {"BOOL", TAG_BOOL}, {"NULL", TAG_NULL}, {"NULLVALUE", TAG_NULL}};
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		if (strlen(tags[i].name) == name->size && strncasecmp(name->text, tags[i].name, name->size) == 0)
			return tags[i].tag;
	return TAG_NONE;
}

static enum value_tag tag_of(const struct json_token *name)
{
	const char *text = name->text;
	if (name->size == 1) {
		switch (text[0]) {
		case 'S':
			return TAG_S;
		case 'N':
			return TAG_N;
		case 'B':
			return TAG_B;
		case 'M':
			return TAG_M;
		case 'L':
			return TAG_L;
		default:
			return tag_of_any_case(name);
		}
	}
	if (name->size == 2 && text[1] == 'S' && (text[0] == 'S' || text[0] == 'N' || text[0] == 'B'))
		return text[0] == 'S' ? TAG_SS : text[0] == 'N' ? TAG_NS : TAG_BS;
	if (name->size == 4 && memcmp(text, "BOOL", 4) == 0)
		return TAG_BOOL;
	if (name->size == 4 && memcmp(text, "NULL", 4) == 0)
		return TAG_NULL;
	return tag_of_any_case(name);
}

static bool read_number(struct arena *work, const struct json_token *tokens, uint32_t index, struct value *value,
			struct value_fault *fault)
{
	const struct json_token *token = &tokens[index];
	if (token->type != JSON_STRING && token->type != JSON_NUMBER)
		return refuse(fault, "N is not a string", tokens, index);
	struct number number;
	switch (number_parse(json_text(token), &number)) {
	case DECIMAL_OK:
		break;
	case DECIMAL_PRECISION:
		return refuse(fault, "number has more than 38 significant digits", tokens, index);
	case DECIMAL_RANGE:
		return refuse(fault, "number out of range", tokens, index);
	default:
		return refuse(fault, "not a number", tokens, index);
	}
	value->unscaled = number.unscaled;
	value->scale = number.scale;
	value->bytes = number.text;
	if (number.text.data == number.space) {
		char *text = arena_alloc(work, number.text.size + VALUE_SLACK);
		if (text == NULL)
			return refuse(fault, "not enough memory", tokens, index);
		memcpy(text, number.text.data, number.text.size);
		value->bytes.data = text;
	}
	return true;
}

static bool read_binary(struct arena *work, const struct json_token *tokens, uint32_t index, struct value *value,
			struct value_fault *fault)
{
	const struct json_token *token = &tokens[index];
	if (token->type != JSON_STRING)
		return refuse(fault, "B is not a string", tokens, index);
	unsigned char *bytes = arena_alloc(work, token->size / 4 * 3 + VALUE_SLACK);
	size_t size;
	if (bytes == NULL)
		return refuse(fault, "not enough memory", tokens, index);
	if (!base64_decode(json_text(token), bytes, token->size / 4 * 3, &size))
		return refuse(fault, "invalid base64", tokens, index);
	value->bytes = (struct slice){(const char *)bytes, size};
	return true;
}

bool value_read_element(struct arena *work, const struct json_token *tokens, uint32_t index, enum value_tag tag,
			struct value *value, struct value_fault *fault)
{
	value->tag = tag;
	value->payload = index;
	if (tag == TAG_N)
		return read_number(work, tokens, index, value, fault);
	if (tag == TAG_B)
		return read_binary(work, tokens, index, value, fault);
	if (tokens[index].type != JSON_STRING)
		return refuse(fault, "S is not a string", tokens, index);
	value->bytes = json_text(&tokens[index]);
	return true;
}

enum value_tag value_element_tag(enum value_tag tag)
{
	return tag == TAG_SS ? TAG_S : tag == TAG_NS ? TAG_N : tag == TAG_BS ? TAG_B : TAG_NONE;
}

bool value_read_any(struct arena *work, const struct json_token *tokens, uint32_t index, struct value *value,
		    struct value_fault *fault)
{
	const struct json_token *outer = &tokens[index];
	if (outer->type != JSON_OBJECT || outer->count != 1)
		return refuse(fault,
			      outer->type != JSON_OBJECT ? "value without a type tag"
			      : outer->count == 0        ? "value without a type tag"
							 : "value with more than one type tag",
			      tokens, outer->type == JSON_OBJECT && outer->count > 1 ? index + 1 : index);
	uint32_t payload = index + 2;
	value->tag = tag_of(&tokens[index + 1]);
	value->payload = payload;
	switch (value->tag) {
	case TAG_S:
		value->bytes = json_text(&tokens[payload]);
		return tokens[payload].type == JSON_STRING || refuse(fault, "S is not a string", tokens, payload);
	case TAG_N:
		return read_number(work, tokens, payload, value, fault);
	case TAG_B:
		return value_read_element(work, tokens, payload, value->tag, value, fault);
	case TAG_BOOL:
		value->truth = tokens[payload].type == JSON_TRUE;
		return value->truth || tokens[payload].type == JSON_FALSE ||
		       refuse(fault, "BOOL is not true or false", tokens, payload);
	case TAG_NULL:
		return tokens[payload].type == JSON_TRUE || refuse(fault, "NULL is not true", tokens, payload);
	case TAG_M:
		return tokens[payload].type == JSON_OBJECT || refuse(fault, "M is not an object", tokens, payload);
	case TAG_L:
		return tokens[payload].type == JSON_ARRAY || refuse(fault, "L is not an array", tokens, payload);
	case TAG_SS:
	case TAG_NS:
	case TAG_BS:
		return tokens[payload].type == JSON_ARRAY || refuse(fault, "set is not an array", tokens, payload);
	default:
		return refuse(fault, "unknown type tag", tokens, index + 1);
	}
}

const char *value_tag_name(enum value_tag tag)
{
	static const char *const names[] = {"", "S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"};
	return tag <= TAG_BS ? names[tag] : "";
}
