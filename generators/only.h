/* only - a history narrowed to a few items: what is told of them stays as it is, where it is, and of others nothing.
 *
 * Everything is planned for the whole table first: times, sequence numbers, batches and faults stay what they were, so
 * that what goes wrong with an item goes wrong still when it is alone. An empty list stands for all items. Borrowed,
 * immutable. Errors: ERROR_INTERNAL when out of memory. */
#ifndef LAKEPROOF_GENERATORS_ONLY_H
#define LAKEPROOF_GENERATORS_ONLY_H

#include "generators/delivery.h"
#include "generators/incremental_writer.h"

struct only {
	const uint64_t *items; /* of the model */
	uint32_t count;
};

bool only_has(const struct only *only, uint64_t item);
/* Of an export: other items were never born. */
void only_states(const struct only *only, const struct model *model, uint32_t *states);
/* Of an incremental one: nothing happened to them. */
void only_net_changes(const struct only *only, const struct model *model, struct net_change *changes);
/* Files keep their names and times; one that holds nothing more is not written. */
int only_delivery(const struct only *only, const struct history *history, struct delivery *delivery,
		  struct error *error) MUST_USE;

#endif
