/* base64 - RFC 4648, standard alphabet, padded: text to bytes (buffer_append_base64 is the way back). */
#ifndef LAKEPROOF_BASE_BASE64_H
#define LAKEPROOF_BASE_BASE64_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/slice.h"

/* True and *size bytes at `bytes` (NULL: only counted), or false when the text is not base64 or needs more than
 * `capacity`. Bits beyond the last byte may be anything, as in most decoders. */
bool base64_decode(struct slice text, uint8_t *bytes, size_t capacity, size_t *size) MUST_USE;

#endif
