/* slice - borrowed bytes with a length; never NUL-terminated, never owned. */
#ifndef LAKEPROOF_BASE_SLICE_H
#define LAKEPROOF_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
	const char *data; /* may be NULL when size is 0 */
	size_t size;
};

static inline struct slice slice_from(const char *text)
{
	struct slice slice = {text, strlen(text)};
	return slice;
}

static inline bool slice_equal(struct slice a, struct slice b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool slice_is(struct slice a, const char *text)
{
	return slice_equal(a, slice_from(text));
}

/* Unsigned bytes, a prefix first: DynamoDB's order of S and B keys. */
static inline int slice_compare(struct slice a, struct slice b)
{
	size_t shared = a.size < b.size ? a.size : b.size;
	int order = shared == 0 ? 0 : memcmp(a.data, b.data, shared);
	if (order != 0)
		return order;
	return (a.size > b.size) - (a.size < b.size);
}

#endif
