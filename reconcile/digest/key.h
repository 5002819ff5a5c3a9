/* key - the layout of key bytes: for each part its type letter, a 16-bit big-endian length, the value's bytes.
 *
 * Invariant: two keys are equal exactly when their bytes are, and the bytes alone tell type and length of each part.
 * Public functions (key_append_json, key_from_text) are in reconcile/digest/digest.h. Limits: DynamoDB Developer
 * Guide, "Naming rules and data types" and "Service quotas": partition key 1 to 2048 bytes, sort key 1 to 1024. */
#ifndef LAKEPROOF_RECONCILE_DIGEST_KEY_H
#define LAKEPROOF_RECONCILE_DIGEST_KEY_H

#include "base/buffer.h"
#include "reconcile/contract/contract.h"

enum { KEY_PARTITION_MAX = 2048, KEY_SORT_MAX = 1024 };

/* Writes one part; returns its size, bytes.size + 3. The caller has checked the limits. */
size_t key_put(unsigned char *at, char type, struct slice bytes);
/* Takes the next part off *key; false when *key is empty or cut short. */
bool key_take(struct slice *key, char *type, struct slice *bytes) MUST_USE;
/* The JSON text that stands for a sensitive part's value: the hash of its text as JSON without its quotation marks, as
 * its column has it (reconcile/contract/disclosure.h). */
void key_append_hidden(const struct contract *contract, char type, struct slice bytes, struct buffer *json);

#endif
