/* attribute - whether a token tree is an attribute value DynamoDB can hold.
 *
 * Rules: DynamoDB Developer Guide, "Naming rules and data types" and "Service quotas": one type tag a value; N within
 * 38 digits and 1E-130 … 9.9…E+125; base64 of RFC 4648 with padding; sets not empty, their elements unique (numbers by
 * value); names unique; at most 32 levels, an attribute itself being the first.
 *
 * For evidence and tests: images are checked while they are digested (reconcile/digest.h), not by the readers. Bare
 * JSON numbers stand for N, as hand-made files have them. */
#ifndef LAKEPROOF_SOURCES_ATTRIBUTE_H
#define LAKEPROOF_SOURCES_ATTRIBUTE_H

#include "base/json.h"

struct attribute_fault {
	const char *reason; /* static text */
	uint32_t token;     /* where */
};

/* The value at `index`: {"S":"…"} and so on. */
bool attribute_validate(const struct json_token *tokens, uint32_t index, struct attribute_fault *fault) MUST_USE;
/* An image: an object of attributes. */
bool attribute_validate_image(const struct json_token *tokens, uint32_t image, struct attribute_fault *fault) MUST_USE;

#endif
