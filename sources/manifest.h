/* manifest - the two manifest files of an export, full or incremental: their members, not their meaning.
 *
 * Format: DynamoDB Developer Guide, "DynamoDB table export output format". Slices borrow from the tokens. */
#ifndef LAKEPROOF_SOURCES_MANIFEST_H
#define LAKEPROOF_SOURCES_MANIFEST_H

#include "base/json.h"

/* manifest-summary.json. Texts are empty and numbers -1 when the file lacks them. */
struct manifest_summary {
	struct slice version, export_arn, table_arn, table_id, export_time, export_type, output_format;
	struct slice from_time, to_time, output_view; /* of an incremental export */
	int64_t item_count, billed_bytes;
};

/* A line of manifest-files.json. */
struct manifest_file {
	struct slice key, md5, etag;
	int64_t item_count; /* -1 when it lacks it */
};

/* False, and *reason (static text), when it is no object, has a member twice, or one of the wrong type. */
bool manifest_summary_decode(const struct json_token *tokens, struct manifest_summary *summary,
			     const char **reason) MUST_USE;
bool manifest_file_decode(const struct json_token *tokens, struct manifest_file *file, const char **reason) MUST_USE;

/* Base64 of an MD5, white space around it allowed. */
bool manifest_md5_decode(struct slice text, uint8_t md5[16]) MUST_USE;
/* Whether an etag is that of an object with this MD5, uploaded whole or as one part: hex(MD5), or hex(MD5(MD5))-1. True
 * for what cannot be told: several parts, or no etag. *known: it could be told. */
bool manifest_etag_matches(struct slice etag, const uint8_t md5[16], bool *known);

#endif
