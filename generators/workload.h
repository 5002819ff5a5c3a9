/* workload - the history of a model's table within its window: who writes what and when, and what the stream records.
 *
 * The log holds the changes that leave a record, in commit order; its index is the record's ordinal. 24 bytes a change,
 * 4 an item. Writes without effect (same image, delete of what is not there) leave none. TTL deletes are the service's:
 * a sweeper passes over the whole table again and again, so an expired item lives on for a while and may be updated,
 * and so revived, before it is deleted. Owned by the caller; released by history_release. */
#ifndef LAKEPROOF_GENERATORS_WORKLOAD_H
#define LAKEPROOF_GENERATORS_WORKLOAD_H

#include "generators/model.h"

enum change_kind { CHANGE_INSERT = 0, CHANGE_MODIFY, CHANGE_DELETE, CHANGE_EXPIRE };

struct change {
	int64_t time_us;
	uint32_t item;
	uint32_t old_version; /* with its phase; 0: there was no item */
	uint32_t new_version; /* 0: there is none now */
	uint32_t kind;        /* enum change_kind */
};

static inline bool change_removes(const struct change *change)
{
	return change->kind == CHANGE_DELETE || change->kind == CHANGE_EXPIRE;
}

struct history {
	struct change *changes;
	uint64_t count;
	uint64_t capacity;
	uint32_t *states; /* of every slot, after the last change */
	uint64_t born;    /* slots that were ever used: items are [0, born) */
	/* What happened, for summary and truth. */
	uint64_t inserts, modifies, deletes, expiries, reinserts, no_effects, revivals, transactions;
};

/* ERROR_INTERNAL when out of memory. */
int history_run(const struct model *model, struct history *history, struct error *error) MUST_USE;
void history_release(struct history *history);

/* The states as an export at `time_us` sees them. Each item has a cut of its own within fuzz_us either side, a function
 * of (seed, item, time): an export is not transactionally consistent. `states` has model->slots_max entries. */
void history_snapshot(const struct model *model, const struct history *history, int64_t time_us, int64_t fuzz_us,
		      uint32_t *states);

#endif
