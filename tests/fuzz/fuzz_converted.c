/* fuzz_converted - whatever a row of columns is, what it becomes is JSON that its decoder takes, or it is told why not.
 */
#include "sources/converted.h"

#include <stdlib.h>

#include "sources/columnar.h"
#include "sources/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void convert(const struct json_token *tokens, columnar_convert how, pass_decode decode)
{
	static struct json_parser *inner, *parser;
	const struct json_token *made;
	size_t count;
	struct json_failure failure;
	struct buffer json;
	struct record record = {0};
	char remark[REMARK_SIZE];
	const char *reason = NULL;
	if (parser == NULL) {
		inner = json_parser_new(RECORD_SIZE_MAX);
		parser = json_parser_new(RECORD_SIZE_MAX);
	}
	buffer_init(&json, RECORD_SIZE_MAX);
	bool told = how(tokens, inner, &json, &reason);
	if (told != (reason == NULL))
		abort();
	if (told && buffer_reserve(&json, JSON_PADDING) == 0) {
		if (!json_parse(parser, buffer_slice(&json), &made, &count, &failure))
			abort();
		if (decode(made, &record, remark) != DECODE_UNREADABLE && made[record.keys].type != JSON_OBJECT)
			abort();
	}
	buffer_release(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct json_parser *parser;
	const struct json_token *tokens;
	size_t count;
	struct json_failure failure;
	char *text = malloc(size + JSON_PADDING);
	if (parser == NULL)
		parser = json_parser_new(RECORD_SIZE_MAX);
	if (text == NULL || parser == NULL)
		abort();
	memcpy(text, data, size);
	if (json_parse(parser, (struct slice){text, size}, &tokens, &count, &failure)) {
		convert(tokens, converted_change, change_decode);
		convert(tokens, converted_item, item_decode);
		(void)converted_is_item(tokens);
	}
	free(text);
	return 0;
}
