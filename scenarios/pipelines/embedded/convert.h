/* convert - one DynamoDB attribute value to one value of an Arrow column. */
#ifndef LAKEPROOF_PIPELINE_CONVERT_H
#define LAKEPROOF_PIPELINE_CONVERT_H

#include "base/buffer.h"
#include "base/json.h"
#include "scenarios/pipelines/embedded/batch.h"
#include "scenarios/pipelines/embedded/bugs.h"

struct conversion {
	bool plain; /* values are plain JSON, without type tags */
	struct bug_set bugs;
	uint64_t misfits;    /* counts values that do not fit */
	struct buffer *work; /* scratch for binaries */
};

/* A column of the type named in Spark's spelling; NULL and *why (static text) when there is no such type. */
struct column *convert_column(const char *name, struct slice type, bool nullable, const char **why) MUST_USE;
/* Appends exactly one value: the attribute value at `value`, {"T": v} or plain JSON, or null when value is 0. */
void convert_append(struct conversion *conversion, struct column *column, const struct json_token *tokens,
		    uint32_t value);
/* RFC 4648 with padding; false when it is none. `bytes` is overwritten. */
bool convert_base64(struct slice text, struct buffer *bytes);

#endif
