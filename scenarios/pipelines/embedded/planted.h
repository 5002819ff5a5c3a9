/* planted - what the bugs do to changes before the pipeline looks at them: they alter some and lose others.
 *
 * Without a bug nothing here does anything. */
#ifndef LAKEPROOF_PIPELINE_PLANTED_H
#define LAKEPROOF_PIPELINE_PLANTED_H

#include "scenarios/pipelines/embedded/change.h"
#include "scenarios/pipelines/embedded/pipeline.h"

/* A change that has been read, and where. */
struct planted_view {
	const struct json_token *tokens;
	uint32_t root;
	enum change_format format;
	const char *path;   /* of its file */
	struct slice key;   /* lake_key's bytes */
	size_t size;        /* of the record's text */
	bool row_is_there;  /* the table had a row of its key when the batch began; only when planted_needs_rows */
	bool seen_in_batch; /* an earlier record of the batch is of its key */
};

/* Whether some bug asks which keys the table holds. */
bool planted_needs_rows(struct bug_set bugs);
/* Changes the change. */
void planted_alter(const struct pipeline *pipeline, const struct json_token *tokens, struct change *change);
/* Whether the change is lost. */
bool planted_loses(const struct pipeline *pipeline, const struct planted_view *view, const struct change *change);
/* Whether a bug takes the item for expired: `image` is its object. */
bool planted_expires(const struct pipeline *pipeline, const struct json_token *tokens, uint32_t image, int64_t now_us);
/* Whether the value at `root` holds a set or a binary, which makes a handler raise. */
bool planted_raises(const struct json_token *tokens, uint32_t root);
/* Whether a file is never looked at. */
bool planted_ignores_file(const struct pipeline *pipeline, const char *name);

#endif
