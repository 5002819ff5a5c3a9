/* export_shards - which data file each item of an export or a dump goes to.
 *
 * A data file owns a range of the partition keys' hashes, as a partition of the table does; inside it, rows of one
 * partition key stand in sort-key order. Of three files or more one owns an empty range, as a partition without items
 * does. Four bytes an item; owned by the caller: export_shards_release. */
#ifndef LAKEPROOF_GENERATORS_EXPORT_SHARDS_H
#define LAKEPROOF_GENERATORS_EXPORT_SHARDS_H

#include "generators/export_writer.h"

struct export_shards {
	uint32_t *items;  /* grouped by file */
	uint64_t *starts; /* of file i: items [starts[i], starts[i + 1]) */
};

/* The items that the request's export holds. ERROR_INTERNAL when out of memory. */
int export_shards_group(struct export_shards *shards, const struct export_request *request,
			struct error *error) MUST_USE;
/* Puts one file's items into their order. */
int export_shards_sort(struct export_shards *shards, const struct model *model, unsigned shard,
		       struct error *error) MUST_USE;
void export_shards_release(struct export_shards *shards);

#endif
