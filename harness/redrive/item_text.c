#include "harness/redrive/item_text.h"

void item_text_append(const struct json_token *tokens, uint32_t value, struct buffer *out)
{
	const struct json_token *token = &tokens[value];
	bool object = token->type == JSON_OBJECT;
	switch (token->type) {
	case JSON_OBJECT:
	case JSON_ARRAY:
		buffer_append_byte(out, object ? '{' : '[');
		for (uint32_t i = value + 1; i < token->next; i = tokens[i].next) {
			if (i > value + 1)
				buffer_append_byte(out, ',');
			if (object) {
				buffer_append_json(out, json_text(&tokens[i++]));
				buffer_append_byte(out, ':');
			}
			item_text_append(tokens, i, out);
		}
		buffer_append_byte(out, object ? '}' : ']');
		break;
	case JSON_STRING:
		buffer_append_json(out, json_text(token));
		break;
	case JSON_NUMBER:
		buffer_append_slice(out, json_text(token));
		break;
	default:
		buffer_append_text(out, token->type == JSON_TRUE    ? "true"
					: token->type == JSON_FALSE ? "false"
								    : "null");
	}
}

/* One byte for two digits, and one more. */
static uint64_t number_size(struct slice text)
{
	uint64_t digits = 0;
	for (size_t i = 0; i < text.size && text.data[i] != 'e' && text.data[i] != 'E'; i++)
		digits += text.data[i] >= '0' && text.data[i] <= '9';
	return (digits + 1) / 2 + 1 + (text.size > 0 && text.data[0] == '-');
}

static uint64_t scalar_size(char tag, struct slice text)
{
	uint64_t padding = 0;
	if (tag == 'N')
		return number_size(text);
	if (tag != 'B')
		return text.size;
	while (padding < text.size && padding < 2 && text.data[text.size - 1 - padding] == '=')
		padding++;
	return text.size / 4 * 3 - padding;
}

/* `value` is the object that holds the one type tag. */
static uint64_t value_size(const struct json_token *tokens, uint32_t value)
{
	if (tokens[value].type != JSON_OBJECT || tokens[value].count != 1)
		return 0;
	struct slice tag = json_text(&tokens[value + 1]);
	uint32_t inside = value + 2;
	uint64_t size = 3;
	if (tokens[inside].type == JSON_OBJECT)
		return size + tokens[inside].count + item_text_size(tokens, inside);
	if (tokens[inside].type == JSON_STRING)
		return scalar_size(tag.size == 1 ? tag.data[0] : 'S', json_text(&tokens[inside]));
	if (tokens[inside].type != JSON_ARRAY)
		return 1;
	bool list = slice_is(tag, "L");
	size = list ? 3 + tokens[inside].count : 0;
	for (uint32_t i = inside + 1; i < tokens[inside].next; i = tokens[i].next)
		size += list ? value_size(tokens, i)
			     : scalar_size(tag.size > 0 ? tag.data[0] : 'S', json_text(&tokens[i]));
	return size;
}

uint64_t item_text_size(const struct json_token *tokens, uint32_t object)
{
	uint64_t size = 0;
	for (uint32_t i = object + 1; i < tokens[object].next; i = tokens[i + 1].next)
		size += tokens[i].size + value_size(tokens, i + 1);
	return size;
}
