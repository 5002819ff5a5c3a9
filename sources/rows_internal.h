/* rows_internal - a row's plain values written as DynamoDB JSON; for the files of rows only.
 *
 * A writer gathers text for the one parser and never looks at it again. The tokens that are written live in their own
 * parser; `parser` is the writer's, for texts that are JSON. */
#ifndef LAKEPROOF_SOURCES_ROWS_INTERNAL_H
#define LAKEPROOF_SOURCES_ROWS_INTERNAL_H

#include "base/buffer.h"
#include "sources/rows.h"

struct rows_writer {
	const struct rows_shape *shape;
	struct buffer text; /* images */
	struct buffer keys;
	struct buffer inner;
	struct json_parser *parser;
	uint32_t next; /* the attribute that stands after the one found last: rows have theirs in one order */
	const char *missing_key;
	bool in_text; /* what is written comes from `parser` */
};

void rows_writer_init(struct rows_writer *writer, const struct rows_shape *shape, size_t size_max);
void rows_writer_release(struct rows_writer *writer);
void rows_writer_reset(struct rows_writer *writer);
/* False, with nothing written, when the object lacks a key attribute. */
bool rows_write_keys(struct rows_writer *writer, const struct json_token *tokens, uint32_t object, bool texts);
/* left_out: members that are no attributes; NULL: all are. */
void rows_write_image(struct rows_writer *writer, const struct json_token *tokens, uint32_t object, bool texts,
		      bool (*left_out)(const void *context, struct slice name), const void *context);
const char *rows_missing_key(const struct rows_writer *writer, const char *fallback);

#endif
