/* json_again - a parsed value written as JSON again, checking on the way that its tokens hang together. */
#ifndef LAKEPROOF_TESTS_JSON_AGAIN_H
#define LAKEPROOF_TESTS_JSON_AGAIN_H

#include "base/buffer.h"
#include "base/json.h"

/* Writes the value at `index`; *sound becomes false when something is amiss. Returns the index after. */
static inline size_t json_again(const struct json_token *tokens, size_t count, size_t index, struct buffer *out,
				bool *sound)
{
	if (index >= count) {
		*sound = false;
		return count;
	}
	const struct json_token *token = &tokens[index];
	size_t at = index + 1;
	switch (token->type) {
	case JSON_OBJECT:
	case JSON_ARRAY:
		(void)buffer_append_byte(out, token->type == JSON_OBJECT ? '{' : '[');
		for (uint32_t i = 0; i < token->count && *sound; i++) {
			if (i > 0)
				(void)buffer_append_byte(out, ',');
			if (token->type == JSON_OBJECT) {
				*sound = *sound && at < count && tokens[at].type == JSON_STRING;
				at = json_again(tokens, count, at, out, sound);
				(void)buffer_append_byte(out, ':');
			}
			at = json_again(tokens, count, at, out, sound);
		}
		(void)buffer_append_byte(out, token->type == JSON_OBJECT ? '}' : ']');
		break;
	case JSON_STRING:
		(void)buffer_append_json(out, json_text(token));
		break;
	case JSON_NUMBER:
		(void)buffer_append_slice(out, json_text(token));
		break;
	default:
		(void)buffer_append_text(out, token->type == JSON_TRUE    ? "true"
					      : token->type == JSON_FALSE ? "false"
					      : token->type == JSON_NULL  ? "null"
									  : "?");
		*sound = *sound && token->text == NULL && token->size == 0;
	}
	*sound = *sound && token->next == at;
	return at;
}

#endif
