/* members - an object's members by name, and whether a name is there twice.
 *
 * For the small objects a reader knows (a record, its "dynamodb", a manifest's line), never for images. */
#ifndef LAKEPROOF_SOURCES_MEMBERS_H
#define LAKEPROOF_SOURCES_MEMBERS_H

#include "base/json.h"

enum { MEMBERS_MAX = 64 };

struct member_name {
	const char *text;
	uint32_t size;
};
#define MEMBER_NAME(text)                                                                                              \
	{                                                                                                              \
		text, sizeof(text) - 1                                                                                 \
	}

/* values[i] becomes the index of the value of names[i], 0 when it is missing or null. Returns a name that is there
 * twice (known or not), or that is one too many (MEMBERS_MAX), as a slice borrowed from the tokens: names[0] if that is
 * one, else the first; data is NULL when there is none. */
struct slice members_lookup(const struct json_token *tokens, uint32_t object, const struct member_name *names,
			  size_t count, uint32_t *values);

#endif
