/* change - one DynamoDB Streams record as the pipeline needs it: which key, which image, when.
 *
 * Record: DynamoDB Streams API Reference, Record and StreamRecord; Lambda's spelling of userIdentity too, and records
 * that reached Kinesis, which have no sequence number. Token indexes are of the tokens it was parsed from. */
#ifndef LAKEPROOF_PIPELINE_CHANGE_H
#define LAKEPROOF_PIPELINE_CHANGE_H

#include "base/json.h"
#include "scenarios/pipelines/embedded/stamp.h"

struct change {
	bool insert, remove; /* neither: MODIFY */
	bool by_ttl;
	struct stamp stamp;
	uint32_t keys;      /* object token */
	uint32_t new_image; /* object token, 0 without one */
	uint32_t old_image; /* likewise */
};

/* False and *reason (static text) when the object at `root` is no such record. */
bool change_parse(const struct json_token *tokens, uint32_t root, struct change *change, const char **reason);

#endif
