/* lineage - the shards of a table's stream: ranges of key hashes, one of which splits while the capture runs.
 *
 * A pure function of the model. Shards [0, LINEAGE_BASE) are there from the start; at the split the first one closes
 * and its two children, the last two, take over its range. Numbers and names as DescribeStream gives them. */
#ifndef LAKEPROOF_GENERATORS_LINEAGE_H
#define LAKEPROOF_GENERATORS_LINEAGE_H

#include "generators/workload.h"

enum { LINEAGE_BASE = 4, LINEAGE_SHARDS = LINEAGE_BASE + 2, SHARD_ID_MAX = 40, STREAM_LABEL_MAX = 40 };

/* The shard that records a change of this item at this time. */
unsigned lineage_shard(const struct model *model, uint64_t item, int64_t time_us);
/* "shardId-00000001760001771270-96a70b16" */
void lineage_shard_id(const struct model *model, unsigned shard, char text[SHARD_ID_MAX]);
/* The shard this one came from, or -1. */
int lineage_parent(unsigned shard);
/* The stream's label: when it was enabled, well before the window. */
void lineage_label(const struct model *model, char text[STREAM_LABEL_MAX]);
/* A DescribeStream response: the stream, its shards, their parents and ranges of sequence numbers. */
int lineage_describe(const struct model *model, const struct history *history, const char *view_type,
		     struct buffer *json) MUST_USE;

#endif
