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

/* One attribute, name 0x03 value. False when it is none. */
static bool append_attribute(struct buffer *json, struct slice attribute)
{
	const char *mark = memchr(attribute.data, 3, attribute.size);
	if (mark == NULL)
		return false;
	struct slice name = {attribute.data, (size_t)(mark - attribute.data)};
	if (name.size >= 2 && name.data[0] == '"' && mark[-1] == '"')
		(void)buffer_append_slice(json, name);
	else
		(void)buffer_append_json(json, name);
	(void)buffer_append_byte(json, ':');
	(void)buffer_append(json, mark + 1, attribute.size - name.size - 1);
	return true;
}

int unwrap_hive(struct unwrapper *unwrapper, struct slice text, const struct json_token **tokens, const char **reason,
		struct error *error)
{
	struct buffer *json = &unwrapper->text;
	size_t count;
	struct json_failure failure;
	*tokens = NULL;
	if (json->size_max == 0)
		buffer_init(json, (size_t)RECORD_SIZE_MAX * 2);
	int code = make_room(unwrapper, 0, error);
	if (code != 0)
		return code;
	json->size = 0;
	(void)buffer_append_byte(json, '{');
	for (size_t at = 0; at <= text.size;) {
		const char *end = memchr(text.data + at, 2, text.size - at);
		size_t size = (end != NULL ? (size_t)(end - text.data) : text.size) - at;
		if (!append_attribute(json, (struct slice){text.data + at, size})) {
			*reason = "an attribute without the mark 0x03 between name and value";
			return 0;
		}
		(void)buffer_append_byte(json, end != NULL ? ',' : '}');
		at += size + 1;
	}
	if (json->failed || buffer_reserve(json, JSON_PADDING) != 0)
		return error_set(error, ERROR_INTERNAL, "out of memory for a record of %zu bytes", text.size);
	if (json->size > RECORD_SIZE_MAX) {
		*reason = "larger than 16 MB";
		return 0;
	}
	if (!json_parse(unwrapper->parser, buffer_slice(json), tokens, &count, &failure)) {
		*tokens = NULL;
		*reason = failure.reason;
	}
	return 0;
}

void unwrapper_release(struct unwrapper *unwrapper)
{
	json_parser_free(unwrapper->parser);
	free(unwrapper->bytes);
	buffer_release(&unwrapper->text);
	*unwrapper = (struct unwrapper){0};
}
