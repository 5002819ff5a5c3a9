#include "generators/only.h"

#include <stdlib.h>

bool only_has(const struct only *only, uint64_t item)
{
	for (uint32_t i = 0; i < only->count; i++)
		if (only->items[i] == item)
			return true;
	return only->count == 0;
}

void only_states(const struct only *only, const struct model *model, uint32_t *states)
{
	for (uint64_t item = 0; item < model->slots_max; item++)
		if (!only_has(only, item))
			states[item] = state_make(0, ITEM_UNBORN);
}

void only_net_changes(const struct only *only, const struct model *model, struct net_change *changes)
{
	for (uint64_t item = 0; item < model->slots_max; item++)
		if (!only_has(only, item))
			changes[item] = (struct net_change){0};
}

/* Several files may share placements, so that each gets its own anew. */
int only_delivery(const struct only *only, const struct history *history, struct delivery *delivery,
		  struct error *error)
{
	uint64_t most = 0, count = 0, errors = 0;

	if (only->count == 0)
		return 0;
	for (uint64_t i = 0; i < delivery->file_count; i++)
		most += delivery->files[i].count;
	struct placement *kept = calloc(most + 1, sizeof(*kept));
	if (kept == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory for the delivery of a few items");
	for (uint64_t i = 0; i < delivery->file_count; i++) {
		struct delivered_file *file = &delivery->files[i];
		uint64_t first = count;
		for (uint64_t j = file->first; j < file->first + file->count; j++)
			if (only_has(only, history->changes[delivery->placements[j].change].item))
				kept[count++] = delivery->placements[j];
		file->first = first;
		file->count = count - first;
	}
	for (uint64_t i = 0; i < delivery->error_count; i++)
		if (only_has(only, history->changes[delivery->errors[i]].item))
			delivery->errors[errors++] = delivery->errors[i];
	free(delivery->placements);
	delivery->placements = kept;
	delivery->count = count;
	delivery->error_count = errors;
	return 0;
}
