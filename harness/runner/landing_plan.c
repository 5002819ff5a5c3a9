#include "harness/runner/landing_plan.h"

#include <stdlib.h>

#include "base/prng.h"

enum { PLAN_MEMORY_MAX = 256 * 1024 * 1024 };

/* ---- in which order units land */

struct turn {
	uint32_t unit;
	int64_t rank, time_us;
};

static int by_turn(const void *left, const void *right)
{
	const struct turn *a = left, *b = right;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (a->time_us != b->time_us)
		return a->time_us < b->time_us ? -1 : 1;
	return a->unit < b->unit ? -1 : a->unit > b->unit; /* as they were generated */
}

/* Exports whose order against changes the scenario decides; those of a chain stay in theirs. */
static void set_turn(const struct unit *unit, int order, struct prng *random, struct turn *turn)
{
	bool full = unit->kind == UNIT_EXPORT;

	turn->time_us = unit->time_us;
	switch ((enum delivery_order)order) {
	case ORDER_EXPORT_FIRST:
		turn->rank = full ? 0 : 1;
		break;
	case ORDER_STREAM_FIRST:
		turn->rank = full ? 1 : unit->kind == UNIT_INCREMENT ? 2 : 0;
		break;
	case ORDER_REVERSE:
		turn->rank = full ? 0 : 1;
		turn->time_us = full ? unit->time_us : -unit->time_us;
		break;
	case ORDER_SHUFFLED:
		turn->rank = (int64_t)prng_below(random, UINT32_MAX);
		break;
	case ORDER_OVERLAP:
		turn->rank = 0;
		break;
	}
	if (unit->kind == UNIT_ERRORS)
		turn->rank = INT64_MAX;
}

/* ---- into which batch */

static bool is_alone(const struct unit *unit, int order)
{
	return unit->kind == UNIT_EXPORT &&
	       (order == ORDER_EXPORT_FIRST || order == ORDER_STREAM_FIRST || order == ORDER_REVERSE);
}

static struct landing_batch *add_batch(struct landing_plan *plan, uint32_t capacity)
{
	struct landing_batch *batch = &plan->batches[plan->count];
	*batch = (struct landing_batch){.entries = arena_array(&plan->arena, capacity, sizeof(*batch->entries))};
	plan->count += batch->entries != NULL;
	return batch->entries != NULL ? batch : NULL;
}

static void add_entry(struct landing_batch *batch, const struct unit *units, struct landing_entry entry)
{
	int64_t time_us = units[entry.unit].time_us;
	if (batch->count == 0 || time_us > batch->now_us)
		batch->now_us = time_us;
	batch->entries[batch->count++] = entry;
}

/* Divides the turns evenly; a full export that comes before or after everything has a batch to itself. */
static int divide(const struct histories *histories, const struct scenario_file *scenario, const struct turn *turns,
		  struct landing_plan *plan)
{
	uint32_t count = histories->unit_count, wanted = (uint32_t)scenario->batches, alone = 0;
	const uint32_t room = 2 * count + 2;

	for (uint32_t i = 0; i < count; i++)
		alone += wanted > 1 && is_alone(&histories->units[i], scenario->order);
	uint32_t rest = count - alone, parts = alone > 0 && wanted > 1 ? wanted - 1 : wanted, done = 0;
	bool before_alone = false;
	struct landing_batch *batch = NULL;
	for (uint32_t i = 0; i < count; i++) {
		const struct unit *unit = &histories->units[turns[i].unit];
		bool is_of_own = is_alone(unit, scenario->order) && wanted > 1;
		/* The part that the so manyeth of the rest is in begins where it differs from its predecessor's. */
		bool begins = rest > 0 && !is_of_own &&
			      (done == 0 || (uint64_t)done * parts / rest != (uint64_t)(done - 1) * parts / rest);
		if (batch == NULL || begins || is_of_own != before_alone) {
			batch = add_batch(plan, room);
			if (batch == NULL)
				return -1;
		}
		before_alone = is_of_own;
		done += !is_of_own;
		add_entry(batch, histories->units, (struct landing_entry){.unit = turns[i].unit});
	}
	return 0;
}

/* ---- process faults */

/* A scenario may speak of a batch that there is none of, when there was little to deliver. */
static uint32_t batch_of(const struct landing_plan *plan, const struct process_fault *fault)
{
	return fault->batch > plan->count ? plan->count - 1 : (uint32_t)fault->batch - 1;
}

static void land_again(const struct histories *histories, const struct landing_batch *from, struct landing_batch *to,
		       bool front, unsigned naming)
{
	struct landing_batch own = *to;

	if (front)
		to->count = 0;
	struct landing_entry *kept = front ? own.entries + own.count + from->count : NULL;
	if (front && own.count > 0)
		memmove(kept, own.entries, own.count * sizeof(*kept));
	for (uint32_t i = 0; i < from->count; i++) {
		struct landing_entry entry = from->entries[i];
		entry.again = true;
		entry.half = false;
		entry.naming = histories->units[entry.unit].kind == UNIT_CHANGES ? naming : 0;
		to->entries[to->count++] = entry;
	}
	for (uint32_t i = 0; front && i < own.count; i++)
		to->entries[to->count++] = kept[i];
	if (own.count == 0 || from->now_us > to->now_us)
		to->now_us = from->now_us > to->now_us ? from->now_us : to->now_us;
}

/* All that landed before lands again with it, before its own. */
static int replay_before(struct landing_plan *plan, const struct histories *histories, uint32_t at)
{
	struct landing_batch whole = {.now_us = plan->batches[at].now_us};
	uint32_t room = 0;

	for (uint32_t i = 0; i <= at; i++)
		room += plan->batches[i].count;
	whole.entries = arena_array(&plan->arena, (size_t)room + 1, sizeof(*whole.entries));
	if (whole.entries == NULL)
		return -1;
	for (uint32_t i = 0; i < at; i++)
		for (uint32_t j = 0; j < plan->batches[i].count; j++)
			if (!plan->batches[i].entries[j].again)
				land_again(histories,
					   &(struct landing_batch){.entries = &plan->batches[i].entries[j],
								   .count = 1,
								   .now_us = plan->batches[i].now_us},
					   &whole, false, 0);
	for (uint32_t j = 0; j < plan->batches[at].count; j++)
		whole.entries[whole.count++] = plan->batches[at].entries[j];
	plan->batches[at].entries = whole.entries;
	plan->batches[at].count = whole.count;
	plan->batches[at].full_replay = true;
	return 0;
}

static int reupload(struct landing_plan *plan, const struct histories *histories, uint32_t at,
		    const struct process_fault *fault)
{
	const struct landing_batch *from = &plan->batches[at];
	struct landing_batch *to = at + 1 < plan->count ? &plan->batches[at + 1] : NULL;
	uint32_t room = 2 * from->count + 2 * (to != NULL ? to->count : 0) + 2;
	struct landing_entry *entries = arena_array(&plan->arena, room, sizeof(*entries));

	if (entries == NULL)
		return -1;
	if (to == NULL)
		to = add_batch(plan, 1);
	if (to == NULL)
		return -1;
	if (to->count > 0)
		memcpy(entries, to->entries, to->count * sizeof(*entries));
	to->entries = entries;
	land_again(histories, from, to, true, fault->as_other_name ? 1 : 0);
	for (uint32_t i = 0; i < from->count && fault->first_half; i++)
		from->entries[i].half = histories->units[from->entries[i].unit].kind == UNIT_CHANGES;
	return 0;
}

static int add_faults(struct landing_plan *plan, const struct histories *histories,
		      const struct scenario_file *scenario)
{
	int failed = 0;

	for (uint32_t i = 0; i < scenario->process_count && plan->count > 0 && failed == 0; i++) {
		const struct process_fault *fault = &scenario->process[i];
		uint32_t at = batch_of(plan, fault);
		struct landing_batch *batch = &plan->batches[at];
		switch ((enum process_fault_kind)fault->fault) {
		case PROCESS_KILL:
			batch->kill = fault;
			break;
		case PROCESS_TWICE:
			batch->twice = true;
			break;
		case PROCESS_TOGETHER:
			batch->together = true;
			break;
		case PROCESS_CHECKPOINT_LOST:
			batch->checkpoint_lost = true;
			failed = replay_before(plan, histories, at);
			break;
		case PROCESS_REUPLOAD:
			failed = reupload(plan, histories, at, fault);
			break;
		case PROCESS_DISK_FULL:
			batch->disk_full = fault;
			break;
		}
	}
	return failed;
}

int landing_plan_make(const struct histories *histories, const struct scenario_file *scenario, uint64_t seed,
		      struct landing_plan *plan, struct error *error)
{
	uint32_t count = histories->unit_count;
	struct prng random;

	*plan = (struct landing_plan){.count = 0};
	arena_init(&plan->arena, PLAN_MEMORY_MAX);
	prng_init(&random, seed ^ UINT64_C(0x6c616e64696e6773));
	struct turn *turns = arena_array(&plan->arena, (size_t)count + 1, sizeof(*turns));
	/* Every reupload may add one, and every export may have one of its own. */
	size_t most = (size_t)scenario->batches + scenario->process_count + 2 * (size_t)count + 2;
	plan->batches = arena_array(&plan->arena, most, sizeof(*plan->batches));
	if (turns == NULL || plan->batches == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory for the plan of a delivery");
	for (uint32_t i = 0; i < count; i++) {
		turns[i] = (struct turn){.unit = i};
		set_turn(&histories->units[i], scenario->order, &random, &turns[i]);
	}
	qsort(turns, count, sizeof(*turns), by_turn);
	if (divide(histories, scenario, turns, plan) != 0 || add_faults(plan, histories, scenario) != 0)
		return error_set(error, ERROR_INTERNAL, "out of memory for the plan of a delivery");
	return 0;
}

void landing_plan_release(struct landing_plan *plan)
{
	arena_release(&plan->arena);
}

/* ---- once more */

uint32_t landing_plan_replay(struct landing_plan *plan, const struct histories *histories, enum landing_replay replay,
			     struct landing_batch **batches)
{
	uint32_t units = histories->unit_count;
	struct landing_batch *made = arena_array(&plan->arena, 1, sizeof(*made));
	struct landing_batch all = {.entries = arena_array(&plan->arena, (size_t)units + 1, sizeof(*all.entries))};

	if (plan->count == 0 || made == NULL || all.entries == NULL)
		return 0;
	for (uint32_t i = replay == REPLAY_LAST_BATCH ? plan->count - 1 : 0; i < plan->count; i++)
		for (uint32_t j = 0; j < plan->batches[i].count; j++)
			if (all.count < units && (!plan->batches[i].entries[j].again || replay == REPLAY_LAST_BATCH))
				land_again(histories,
					   &(struct landing_batch){.entries = &plan->batches[i].entries[j],
								   .count = 1,
								   .now_us = plan->batches[i].now_us},
					   &all, false, 2 + (unsigned)replay);
	all.full_replay = replay == REPLAY_ALL;
	/* After everything was delivered once more, the earlier half comes last. */
	if (replay == REPLAY_OLDER_LAST)
		all.count = (all.count + 1) / 2;
	made[0] = all;
	*batches = made;
	return all.count > 0 ? 1 : 0;
}
