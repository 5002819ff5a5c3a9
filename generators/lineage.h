/* lineage - the shards of a table's stream: ranges of key hashes, some of which split while the capture runs.
 *
 * Made once with the model. The first `shards` are there from the start; every split closes one and gives its range to
 * two children, which come after all others. Splits take turns between shards of the start and children, so that there
 * are grandchildren. Numbers and names as DescribeStream gives them. */
#ifndef LAKEPROOF_GENERATORS_LINEAGE_H
#define LAKEPROOF_GENERATORS_LINEAGE_H

#include "generators/workload.h"

enum { SHARD_ID_MAX = 40 };

/* Fills the model's shards from its configuration. */
void lineage_build(struct model *model);
/* The shard that records a change of this item at this time. */
unsigned lineage_shard(const struct model *model, uint64_t item, int64_t time_us);
/* "shardId-00000001760001771270-96a70b16" */
void lineage_shard_id(const struct model *model, unsigned shard, char text[SHARD_ID_MAX]);
/* The shard this one came from, or -1. */
int lineage_parent(const struct model *model, unsigned shard);
/* A DescribeStream response: the stream, its shards, their parents and ranges of sequence numbers. */
int lineage_describe(const struct model *model, const struct history *history, const char *view_type,
		     struct buffer *json) MUST_USE;

#endif
