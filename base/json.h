/* json - one record in, a flat array of tokens out (simdjson behind it; base/json.cc is the only C++).
 *
 * A value is one token followed by the tokens of its contents; `next` is the index of the token after the whole value,
 * so siblings are reached without descending. In an object every member is a JSON_STRING token (the name) followed by
 * its value. Strings are unescaped and valid UTF-8; numbers keep their text. Names are NOT checked for duplicates: who
 * walks an object does that. Texts are borrowed from the input or the parser and live until the next json_parse;
 * JSON_PADDING bytes after each are readable (any contents).
 *
 * One parser a thread. Bounds: input up to the size given to json_parser_new, nesting up to JSON_DEPTH_MAX levels. */
#ifndef LAKEPROOF_BASE_JSON_H
#define LAKEPROOF_BASE_JSON_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/slice.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
	JSON_PADDING = 64,   /* bytes that must be readable (any contents) after the input */
	JSON_DEPTH_MAX = 256 /* structural levels; a DynamoDB item's 32 levels need about 70 */
};

enum json_type { JSON_OBJECT = 1, JSON_ARRAY, JSON_STRING, JSON_NUMBER, JSON_TRUE, JSON_FALSE, JSON_NULL };

struct json_token {
	uint32_t type;    /* enum json_type */
	uint32_t next;    /* index after this value's last token */
	uint32_t count;   /* JSON_OBJECT: members, JSON_ARRAY: elements */
	uint32_t size;    /* bytes of text */
	const char *text; /* JSON_STRING: unescaped; JSON_NUMBER: as written; else NULL */
	uint32_t offset;  /* of the value's first byte in the input */
	uint32_t reserved;
};

struct json_failure {
	size_t offset;      /* where in the input, as near as is known */
	const char *reason; /* static text, such as "invalid UTF-8" or "nested deeper than 256 levels" */
};

struct json_parser;

/* NULL when out of memory. */
struct json_parser *json_parser_new(size_t input_max);
void json_parser_free(struct json_parser *parser);

/* Parses exactly one value that fills `input` but for white space. True and *tokens, *count (borrowed), or false and
 * *failure. JSON_PADDING bytes after the input must be readable. */
bool json_parse(struct json_parser *parser, struct slice input, const struct json_token **tokens, size_t *count,
		struct json_failure *failure) MUST_USE;

/* What a JSON string may hold. */
bool json_is_utf8(struct slice text);

/* Index of the value of the object's first member of that name, or 0 (a value's index is never 0 but for the root). */
uint32_t json_member(const struct json_token *tokens, uint32_t object, const char *name);
static inline struct slice json_text(const struct json_token *token)
{
	struct slice text = {token->text, token->size};
	return text;
}

#ifdef __cplusplus
}
#endif
#endif
