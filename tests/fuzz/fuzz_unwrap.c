/* fuzz_unwrap - any text as what carries a record: it gives an object's tokens or a reason, never both, and the same
 * whatever was unwrapped before. */
#include "sources/unwrap.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef int (*unwrap)(struct unwrapper *unwrapper, struct slice text, const struct json_token **tokens,
		      const char **reason, struct error *error);

/* A number that tells one value from others; 0: none. */
static uint64_t unwrapped(unwrap function, struct unwrapper *unwrapper, struct slice text)
{
	const struct json_token *tokens = NULL;
	const char *reason = NULL;
	struct error error;
	uint64_t sum = 1;
	if (function(unwrapper, text, &tokens, &reason, &error) != 0)
		abort();
	if (tokens == NULL) {
		if (reason == NULL || reason[0] == '\0')
			abort();
		return 0;
	}
	for (uint32_t i = 0; i < tokens[0].next; i++) {
		sum = sum * UINT64_C(0x100000001b3) + tokens[i].type;
		for (size_t at = 0; tokens[i].text != NULL && at < tokens[i].size; at++)
			sum = sum * UINT64_C(0x100000001b3) + (unsigned char)tokens[i].text[at];
	}
	return sum == 0 ? 1 : sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct unwrapper used;
	static const unwrap functions[] = {unwrap_base64, unwrap_hive};
	char *text = malloc(size + 1); /* of its own size, so that a read past the end is seen */
	if (text == NULL)
		abort();
	memcpy(text, data, size);
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		struct unwrapper fresh = {0};
		struct slice whole = {text, size};
		if (unwrapped(functions[i], &used, whole) != unwrapped(functions[i], &fresh, whole))
			abort();
		unwrapper_release(&fresh);
	}
	free(text);
	return 0;
}
