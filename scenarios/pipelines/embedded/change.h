/* change - one record of a change as the pipeline needs it: which key, which image, when.
 *
 * Token indexes are of the tokens it was parsed from. Times are microseconds since 1970. */
#ifndef LAKEPROOF_PIPELINE_CHANGE_H
#define LAKEPROOF_PIPELINE_CHANGE_H

#include "base/json.h"
#include "scenarios/pipelines/embedded/stamp.h"

/* How changes land. */
enum change_format {
	CHANGE_RECORD = 0, /* of DynamoDB Streams or Kinesis Data Streams: DynamoDB API Reference, Record */
	CHANGE_INCREMENT,  /* of an incremental export: Developer Guide, "table export output format" */
	CHANGE_FLAT,       /* {"event_name", "event_time", "data"}, and "sequence" */
	CHANGE_DMS,        /* CSV of Database Migration Service, made flat */
	CHANGE_POLL        /* an item with the time of its last write in _updated_at */
};

struct change {
	bool insert, remove; /* neither: MODIFY */
	bool by_ttl;
	struct stamp stamp;
	uint32_t keys;      /* object token; may hold more than the key */
	uint32_t new_image; /* object token, 0 without one */
	uint32_t old_image; /* likewise */
};

/* False and *reason (static text) when the value at `root` is no such record, or DynamoDB could not have written what
 * it holds. */
bool change_parse(enum change_format format, const struct json_token *tokens, uint32_t root, struct change *change,
		  const char **reason);
/* Whether items of this format are plain JSON, without type tags. */
bool change_is_plain(enum change_format format);

#endif
