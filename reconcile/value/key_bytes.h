/* key_bytes - the layout of key bytes: for each part its type letter, a 16-bit big-endian length, the value's bytes.
 *
 * Invariant: two keys are equal exactly when their bytes are, and the bytes alone tell type and length of each part.
 * Limits: DynamoDB Developer Guide, "Naming rules and data types" and "Service quotas": partition key 1 to 2048 bytes,
 * sort key 1 to 1024. Pure; any thread. */
#ifndef LAKEPROOF_RECONCILE_VALUE_KEY_BYTES_H
#define LAKEPROOF_RECONCILE_VALUE_KEY_BYTES_H

#include <assert.h>

#include "base/attributes.h"
#include "base/slice.h"

enum { KEY_PARTITION_MAX = 2048, KEY_SORT_MAX = 1024 };

/* Writes one part; returns its size, bytes.size + 3. The caller has checked the limits. */
static inline size_t key_put(unsigned char *at, char type, struct slice bytes)
{
	assert(bytes.data != NULL);
	at[0] = (unsigned char)type;
	at[1] = (unsigned char)(bytes.size >> 8);
	at[2] = (unsigned char)bytes.size;
	memcpy(at + 3, bytes.data, bytes.size);
	return bytes.size + 3;
}

/* Takes the next part off *key; false when *key is empty or cut short. */
static inline MUST_USE bool key_take(struct slice *key, char *type, struct slice *bytes)
{
	if (key->size < 3)
		return false;
	const unsigned char *at = (const unsigned char *)key->data;
	size_t size = (size_t)at[1] << 8 | at[2];
	if (size > key->size - 3)
		return false;
	*type = (char)at[0];
	*bytes = (struct slice){key->data + 3, size};
	*key = (struct slice){key->data + 3 + size, key->size - 3 - size};
	return true;
}

#endif
