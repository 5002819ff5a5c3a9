/* Whatever json_parse accepts must hang together: tokens nest, texts are inside the input or the parser, are UTF-8 (as
 * simdjson sees it: the canonical form parses again), and a second parse of the canonical form gives the same. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "tests/support/json_again.h"

enum { INPUT_MAX = 1 << 20 };

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
	bool sound = true;
	struct json_failure failure;
	size_t count;
	bool parsed = json_parse(parser, (struct slice){padded, input.size}, &tokens, &count, &failure);
	if (parsed)
		assert(json_again(tokens, count, 0, out, &sound) == count && sound);
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
