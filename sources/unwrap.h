/* unwrap - a record that comes inside another text, as tokens of its own.
 *
 * A Kinesis envelope, a Firehose transform event and a Firehose error line carry a record as base64 (RFC 4648). Number
 * and offset of such a record are those of what carries it.
 *
 * An unwrapper owns a parser and a buffer, both made when they are first needed; what it hands out is borrowed until
 * its next use. One thread an unwrapper. Bound: RECORD_SIZE_MAX. */
#ifndef LAKEPROOF_SOURCES_UNWRAP_H
#define LAKEPROOF_SOURCES_UNWRAP_H

#include "base/buffer.h"
#include "base/json.h"

struct unwrapper {
	struct json_parser *parser;
	char *bytes;
	size_t capacity; /* without the padding */
	struct buffer text;
};

/* *tokens is NULL and *reason (static text) says why when the text is no base64 of one JSON value. ERROR_INTERNAL when
 * out of memory. */
int unwrap_base64(struct unwrapper *unwrapper, struct slice text, const struct json_token **tokens, const char **reason,
		  struct error *error) MUST_USE;
/* The same of an item in the form of old Hive exports: name 0x03 value 0x02 name 0x03 value …, each value JSON, names
 * as they are or as JSON strings. */
int unwrap_hive(struct unwrapper *unwrapper, struct slice text, const struct json_token **tokens, const char **reason,
		struct error *error) MUST_USE;
void unwrapper_release(struct unwrapper *unwrapper);

#endif
