/* key - key bytes in the hands of a contract; their layout is reconcile/value/key_bytes.h.
 *
 * Public functions (key_append_json, key_from_text) are in reconcile/digest/digest.h. */
#ifndef LAKEPROOF_RECONCILE_DIGEST_KEY_H
#define LAKEPROOF_RECONCILE_DIGEST_KEY_H

#include "base/buffer.h"
#include "reconcile/contract/contract.h"
#include "reconcile/value/key_bytes.h"

/* The JSON text that stands for a sensitive part's value: the hash of its text as JSON without its quotation marks, as
 * its column has it (reconcile/contract/disclosure.h). */
void key_append_hidden(const struct contract *contract, char type, struct slice bytes, struct buffer *json);

#endif
