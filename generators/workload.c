#include "generators/workload.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/prng.h"

enum {
	GRAVEYARD = 1024,   /* deleted items remembered, to be inserted again */
	SWEEPS = 6,         /* passes of the TTL sweeper over the table within the window */
	BURST_GAP_US = 3000 /* changes of a burst follow each other within this time */
};

/* What users do, in percent of their writes; the rest are updates. */
enum { PERCENT_NEW = 8, PERCENT_REINSERT = 5, PERCENT_DELETE = 11, PERCENT_NO_EFFECT = 6, PERCENT_BURST = 12 };

struct workload {
	const struct model *model;
	struct history *history;
	struct prng prng;
	int64_t now_us;
	uint64_t last_item;
	uint32_t graveyard[GRAVEYARD];
	uint64_t buried;
	uint64_t swept; /* items the sweeper has looked at, over all passes */
	bool failed;
};

static void log_change(struct workload *work, uint64_t item, uint32_t new_state, enum change_kind kind)
{
	struct history *history = work->history;
	uint32_t old_state = history->states[item];

	if (history->count == history->capacity) {
		uint64_t capacity = history->capacity * 2 + 1024;
		struct change *grown = realloc(history->changes, capacity * sizeof(*grown));
		if (grown == NULL) {
			work->failed = true;
			return;
		}
		history->changes = grown;
		history->capacity = capacity;
	}
	history->changes[history->count++] = (struct change){
		.time_us = work->now_us,
		.item = (uint32_t)item,
		.old_version = state_status(old_state) == ITEM_LIVE ? state_version(old_state) : 0,
		.new_version = state_status(new_state) == ITEM_LIVE ? state_version(new_state) : 0,
		.kind = (uint32_t)kind,
	};
	history->states[item] = new_state;
}

static void put_item(struct workload *work, uint64_t item)
{
	struct history *history = work->history;
	uint32_t state = history->states[item];
	uint32_t version = state_version(state);

	assert(version < MODEL_VERSION_MAX);
	if (state_status(state) == ITEM_LIVE) {
		struct ttl before = model_ttl(work->model, item, version);
		struct ttl after = model_ttl(work->model, item, version + 1);
		history->modifies++;
		history->revivals += ttl_expired(before, work->now_us) && !ttl_expired(after, work->now_us);
		log_change(work, item, state_make(version + 1, ITEM_LIVE), CHANGE_MODIFY);
		return;
	}
	history->inserts++;
	history->reinserts += state_status(state) != ITEM_UNBORN;
	log_change(work, item, state_make(version + 1, ITEM_LIVE), CHANGE_INSERT);
}

static void delete_item(struct workload *work, uint64_t item)
{
	struct history *history = work->history;
	uint32_t state = history->states[item];

	if (state_status(state) != ITEM_LIVE) {
		history->no_effects++;
		return;
	}
	history->deletes++;
	log_change(work, item, state_make(state_version(state), ITEM_DELETED), CHANGE_DELETE);
	work->graveyard[work->buried++ % GRAVEYARD] = (uint32_t)item;
}

/* Half of the picks fall on the whole table, a quarter on a small part of it, an eighth on a small part of that … */
static uint64_t pick_item(struct workload *work)
{
	const struct model_config *config = &work->model->config;
	uint64_t born = work->history->born;
	unsigned depth = 0;

	while (depth < 16 && prng_next(&work->prng) >> 63)
		depth++;
	unsigned shift = depth * config->skew;
	uint64_t range = shift < 64 ? born >> shift : 0;
	uint64_t pick = prng_below(&work->prng, range > 0 ? range : 1);
	/* Hot items lie anywhere in the table: multiplying by a prime permutes the initial items. */
	if (pick < config->items && config->items % UINT64_C(2654435761) != 0)
		pick = pick * UINT64_C(2654435761) % config->items;
	return pick;
}

static void write_once(struct workload *work)
{
	struct history *history = work->history;
	uint64_t action = prng_below(&work->prng, 100);
	bool burst = prng_below(&work->prng, 100) < PERCENT_BURST;
	uint64_t item;

	if (history->born == 0 || (action < PERCENT_NEW && history->born < work->model->slots_max)) {
		item = history->born++;
		put_item(work, item);
	} else if (action < PERCENT_NEW + PERCENT_REINSERT && work->buried > 0) {
		uint64_t known = work->buried < GRAVEYARD ? work->buried : GRAVEYARD;
		item = work->graveyard[prng_below(&work->prng, known)];
		put_item(work, item);
	} else {
		item = burst ? work->last_item : pick_item(work);
		if (action >= 100 - PERCENT_NO_EFFECT)
			history->no_effects++; /* a put of the very image that is there */
		else if (action >= 100 - PERCENT_NO_EFFECT - PERCENT_DELETE)
			delete_item(work, item);
		else
			put_item(work, item);
	}
	work->last_item = item;
}

/* The service's background deletion, up to the present time. */
static void sweep(struct workload *work)
{
	const struct model_config *config = &work->model->config;
	struct history *history = work->history;
	uint64_t elapsed_us = (uint64_t)(work->now_us - config->start_us);
	uint64_t pass_us = (uint64_t)config->duration_us / SWEEPS + 1;
	/* Split so that items * time cannot overflow. */
	uint64_t slots = work->model->slots_max;
	uint64_t target = elapsed_us / pass_us * slots + elapsed_us % pass_us / 1000 * slots / (pass_us / 1000 + 1);

	if (config->ttl_ppm == 0)
		return;
	for (; work->swept < target; work->swept++) {
		uint64_t item = work->swept % slots;
		uint32_t state = item < history->born ? history->states[item] : 0;
		if (state_status(state) != ITEM_LIVE)
			continue;
		if (!ttl_expired(model_ttl(work->model, item, state_version(state)), work->now_us))
			continue;
		history->expiries++;
		log_change(work, item, state_make(state_version(state), ITEM_EXPIRED), CHANGE_EXPIRE);
		work->graveyard[work->buried++ % GRAVEYARD] = (uint32_t)item;
	}
}

static void run_changes(struct workload *work)
{
	const struct model_config *config = &work->model->config;
	int64_t gap_us = config->duration_us / (int64_t)(config->changes + 1);
	int64_t end_us = config->start_us + config->duration_us;

	for (uint64_t i = 0; i < config->changes && !work->failed; i++) {
		int64_t slot_us = config->start_us + gap_us * (int64_t)i;
		if (prng_below(&work->prng, 100) < PERCENT_BURST)
			slot_us = work->now_us + (int64_t)prng_below(&work->prng, BURST_GAP_US);
		else
			slot_us += (int64_t)prng_below(&work->prng, (uint64_t)gap_us + 1);
		if (slot_us > work->now_us)
			work->now_us = slot_us < end_us ? slot_us : end_us;
		sweep(work);
		write_once(work);
	}
	work->now_us = end_us;
	sweep(work);
}

int history_run(const struct model *model, struct history *history, struct error *error)
{
	struct workload work = {.model = model, .history = history, .now_us = model->config.start_us};

	*history = (struct history){.born = model->config.items};
	prng_init(&work.prng, model->config.seed ^ UINT64_C(0x776f726b6c6f6164));
	history->states = malloc(model->slots_max * sizeof(*history->states));
	if (history->states == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory for %llu items; generate fewer",
				 (unsigned long long)model->slots_max);
	for (uint64_t item = 0; item < model->slots_max; item++)
		history->states[item] = model_initial_state(model, item);
	if (model->config.changes > 0)
		run_changes(&work);
	if (work.failed) {
		history_release(history);
		return error_set(error, ERROR_INTERNAL, "out of memory for the changes; generate fewer");
	}
	return 0;
}

void history_release(struct history *history)
{
	free(history->changes);
	free(history->states);
	*history = (struct history){0};
}

void history_snapshot(const struct model *model, const struct history *history, int64_t time_us, int64_t fuzz_us,
		      uint32_t *states)
{
	for (uint64_t item = 0; item < model->slots_max; item++)
		states[item] = model_initial_state(model, item);
	for (uint64_t i = 0; i < history->count; i++) {
		const struct change *change = &history->changes[i];
		uint64_t random = prng_mix(model->salt ^ (uint64_t)time_us ^ (uint64_t)change->item << 20);
		int64_t cut_us = time_us - fuzz_us + (int64_t)(random % (uint64_t)(2 * fuzz_us + 1));
		/* An item's changes are in time order, so this takes a prefix of them. */
		if (change->time_us > cut_us)
			continue;
		if (change->new_version != 0)
			states[change->item] = state_make(change->new_version, ITEM_LIVE);
		else
			states[change->item] = state_make(change->old_version,
							  change->kind == CHANGE_EXPIRE ? ITEM_EXPIRED : ITEM_DELETED);
	}
}
