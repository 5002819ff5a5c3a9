/* landing_plan - which files land in which batch, and what befalls the pipeline there.
 *
 * A function of the units, the scenario and the seed. An export lands as a whole, incremental ones each in their turn.
 * Units are indexes into histories->units. Lives in its arena; borrows scenario and histories. Errors:
 * ERROR_INTERNAL when out of memory. */
#ifndef LAKEPROOF_HARNESS_RUNNER_LANDING_PLAN_H
#define LAKEPROOF_HARNESS_RUNNER_LANDING_PLAN_H

#include "harness/runner/histories.h"

struct landing_entry {
	uint32_t unit;
	bool again;      /* it landed before */
	bool half;       /* only the first half of its lines, where it has such: a writer was cut off */
	unsigned naming; /* 0: its own name; else the so manyeth other one (changes only) */
};

struct landing_batch {
	struct landing_entry *entries;
	uint32_t count;
	int64_t now_us;   /* when its newest file arrives */
	bool full_replay; /* everything that ever landed is in it */
	bool checkpoint_lost, twice, together;
	const struct process_fault *kill, *disk_full; /* NULL: no such thing */
};

struct landing_plan {
	struct landing_batch *batches;
	uint32_t count;
	struct arena arena;
};

int landing_plan_make(const struct histories *histories, const struct scenario_file *scenario, uint64_t seed,
		      struct landing_plan *plan, struct error *error) MUST_USE;
void landing_plan_release(struct landing_plan *plan);

/* After everything was delivered: what is delivered once more, changes under names of their own. */
enum landing_replay { REPLAY_LAST_BATCH = 0, REPLAY_ALL, REPLAY_OLDER_LAST, REPLAY_COUNT };
/* Batches of it, one or more, in the plan's arena; 0 when there is nothing, or out of memory. */
uint32_t landing_plan_replay(struct landing_plan *plan, const struct histories *histories, enum landing_replay replay,
			     struct landing_batch **batches);

#endif
