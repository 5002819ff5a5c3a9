#include "sources/unwrap.h"

#include <stdlib.h>

#include "base/base64.h"
#include "sources/events.h"

static int make_room(struct unwrapper *unwrapper, size_t size, struct error *error)
{
	if (unwrapper->parser == NULL)
		unwrapper->parser = json_parser_new(RECORD_SIZE_MAX);
	if (unwrapper->parser == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	if (unwrapper->bytes != NULL && size <= unwrapper->capacity)
		return 0;
	size_t wanted = size > unwrapper->capacity * 2 ? size : unwrapper->capacity * 2;
	char *bytes = realloc(unwrapper->bytes, wanted + JSON_PADDING);
	if (bytes == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory for a record of %zu bytes", size);
	unwrapper->bytes = bytes;
	unwrapper->capacity = wanted;
	return 0;
}

int unwrap_base64(struct unwrapper *unwrapper, struct slice text, const struct json_token **tokens, const char **reason,
		  struct error *error)
{
	size_t size, count;
	struct json_failure failure;
	*tokens = NULL;
	int code = make_room(unwrapper, text.size / 4 * 3, error);
	if (code != 0)
		return code;
	if (!base64_decode(text, (uint8_t *)unwrapper->bytes, unwrapper->capacity, &size)) {
		*reason = "it is no base64";
		return 0;
	}
	if (!json_parse(unwrapper->parser, (struct slice){unwrapper->bytes, size}, tokens, &count, &failure)) {
		*tokens = NULL;
		*reason = failure.reason;
	}
	return 0;
}

void unwrapper_release(struct unwrapper *unwrapper)
{
	json_parser_free(unwrapper->parser);
	free(unwrapper->bytes);
	*unwrapper = (struct unwrapper){0};
}
