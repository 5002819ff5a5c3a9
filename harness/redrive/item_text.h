/* item_text - a parsed item, or its key, as DynamoDB JSON again, and its size as the service counts it.
 *
 * Tokens are a record's (sources/record.h): objects of attributes with type tags. Pure; any thread. A buffer that
 * failed says so itself. */
#ifndef LAKEPROOF_HARNESS_REDRIVE_ITEM_TEXT_H
#define LAKEPROOF_HARNESS_REDRIVE_ITEM_TEXT_H

#include "base/buffer.h"
#include "base/json.h"

/* Appends any value as compact JSON: numbers as written, texts escaped anew. */
void item_text_append(const struct json_token *tokens, uint32_t value, struct buffer *out);
/* Bytes of names and values of an object of attributes (Developer Guide, "DynamoDB item sizes and formats"). */
uint64_t item_text_size(const struct json_token *tokens, uint32_t object);

#endif
