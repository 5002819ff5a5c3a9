#include "generators/export_shards.h"

#include <stdlib.h>

/* Of three shards or more one owns an empty range, as a partition without items does. */
static unsigned empty_shard(const struct model *model, unsigned shards)
{
	return shards < 3 ? shards : (unsigned)(model->salt % shards);
}

bool export_shard_is_empty(const struct model *model, unsigned shard, unsigned shards)
{
	return shard == empty_shard(model, shards);
}

unsigned export_shard_of(const struct model *model, uint64_t item, unsigned shards)
{
	unsigned empty = empty_shard(model, shards);
	unsigned ranges = empty < shards ? shards - 1 : shards;
	unsigned range = (unsigned)((model_partition_hash(model, item) >> 32) * ranges >> 32);
	return range >= empty ? range + 1 : range;
}

static bool is_exported(const struct export_request *request, uint64_t item)
{
	if (request->increment != NULL)
		return request->increment->changes[item].time_us != 0;
	return state_status(request->states[item]) == ITEM_LIVE;
}

/* A counting sort: what is exported, grouped by shard. */
int export_shards_group(struct export_shards *shards, const struct export_request *request, struct error *error)
{
	unsigned count = request->shards;
	uint64_t live = 0;

	shards->starts = calloc(count + 2, sizeof(*shards->starts));
	if (shards->starts == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory for %u shards; use fewer", count);
	for (uint64_t item = 0; item < request->slots; item++) {
		if (!is_exported(request, item))
			continue;
		live++;
		shards->starts[export_shard_of(request->model, item, count) + 2]++;
	}
	for (unsigned shard = 2; shard <= count + 1; shard++)
		shards->starts[shard] += shards->starts[shard - 1];
	shards->items = malloc((live + 1) * sizeof(*shards->items));
	if (shards->items == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory for %llu items; generate fewer",
				 (unsigned long long)live);
	for (uint64_t item = 0; item < request->slots; item++) {
		if (is_exported(request, item))
			shards->items[shards->starts[export_shard_of(request->model, item, count) + 1]++] =
				(uint32_t)item;
	}
	return 0;
}

struct placed {
	uint64_t hash;
	uint32_t item;
};

static int compare_placed(const void *left, const void *right)
{
	const struct placed *a = left, *b = right;
	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return (a->item > b->item) - (a->item < b->item);
}

/* By hash of the partition key; within one partition, item numbers increase with the sort key. */
int export_shards_sort(struct export_shards *shards, const struct model *model, unsigned shard, struct error *error)
{
	uint32_t *items = shards->items + shards->starts[shard];
	size_t count = (size_t)(shards->starts[shard + 1] - shards->starts[shard]);
	struct placed *placed = malloc((count + 1) * sizeof(*placed));

	if (placed == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory for a data file's %zu items; use more shards",
				 count);
	for (size_t i = 0; i < count; i++)
		placed[i] = (struct placed){model_partition_hash(model, items[i]), items[i]};
	qsort(placed, count, sizeof(*placed), compare_placed);
	for (size_t i = 0; i < count; i++)
		items[i] = placed[i].item;
	free(placed);
	return 0;
}

void export_shards_release(struct export_shards *shards)
{
	free(shards->items);
	free(shards->starts);
}
