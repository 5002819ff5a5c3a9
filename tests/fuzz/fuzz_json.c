/* Whatever json_parse accepts must hang together: tokens nest, texts are inside the input or the parser, are UTF-8 (as
 * simdjson sees it: the canonical form parses again), and a second parse of the canonical form gives the same. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/json.h"

enum { INPUT_MAX = 1 << 20 };

static uint32_t write_value(const struct json_token *tokens, size_t count, uint32_t index, struct buffer *out)
{
	assert(index < count);
	const struct json_token *token = &tokens[index];
	uint32_t at = index + 1;
	switch (token->type) {
	case JSON_OBJECT:
	case JSON_ARRAY:
		(void)buffer_append_byte(out, token->type == JSON_OBJECT ? '{' : '[');
		for (uint32_t i = 0; i < token->count; i++) {
			if (i > 0)
				(void)buffer_append_byte(out, ',');
			if (token->type == JSON_OBJECT) {
				assert(at < count && tokens[at].type == JSON_STRING);
				at = write_value(tokens, count, at, out);
				(void)buffer_append_byte(out, ':');
			}
			at = write_value(tokens, count, at, out);
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
									  : "null");
	}
	assert(token->next == at);
	return at;
}

static bool canonical(struct json_parser *parser, struct slice input, struct buffer *out)
{
	/* A block of its own, so that a read past the padding is seen. */
	char *padded = malloc(input.size + JSON_PADDING);
	if (padded == NULL)
		abort();
	if (input.size > 0)
		memcpy(padded, input.data, input.size);
	memset(padded + input.size, '"', JSON_PADDING);
	const struct json_token *tokens;
	struct json_failure failure;
	size_t count;
	bool parsed = json_parse(parser, (struct slice){padded, input.size}, &tokens, &count, &failure);
	if (parsed)
		assert(write_value(tokens, count, 0, out) == count);
	else
		assert(failure.reason != NULL && failure.offset <= input.size);
	free(padded);
	return parsed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct json_parser *parser;
	if (parser == NULL)
		parser = json_parser_new(INPUT_MAX);
	struct buffer first, second;
	buffer_init(&first, INPUT_MAX);
	buffer_init(&second, INPUT_MAX);
	if (size < INPUT_MAX / 8 && canonical(parser, (struct slice){(const char *)data, size}, &first)) {
		assert(canonical(parser, buffer_slice(&first), &second));
		assert(slice_equal(buffer_slice(&first), buffer_slice(&second)));
	}
	buffer_release(&first);
	buffer_release(&second);
	return 0;
}
