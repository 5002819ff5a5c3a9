#include "generators/workload.h"

#include <assert.h>
#include <stdlib.h>

#include "base/int128.h"
#include "base/prng.h"
#include "generators/table.h"

enum { GRAVEYARD = 1024 /* deleted items remembered, to be inserted again */ };

struct workload {
	const struct model *model;
	struct history *history;
	struct prng prng;
	int64_t now_us;
	uint64_t last_item;
	uint32_t graveyard[GRAVEYARD];
	uint64_t buried;
	uint64_t swept;       /* items the sweeper has looked at, over all passes */
	uint64_t octaves[64]; /* Zipf: weight of ranks 2^i to 2^(i+1) and of all before */
	unsigned octave_count;
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
		.time_us = work->now_us / work->model->config.clock_us * work->model->config.clock_us,
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

	if (version_count(version) == VERSION_COUNT_MAX) { /* as far as versions count: no longer changed */
		history->no_effects++;
		return;
	}
	uint32_t next = model_version_after(work->model, version, work->now_us);

	if (state_status(state) == ITEM_LIVE) {
		struct ttl before = model_ttl(work->model, item, version);
		struct ttl after = model_ttl(work->model, item, next);
		history->modifies++;
		history->revivals += ttl_expired(before, work->now_us) && !ttl_expired(after, work->now_us);
		log_change(work, item, state_make(next, ITEM_LIVE), CHANGE_MODIFY);
		return;
	}
	history->inserts++;
	history->reinserts += state_status(state) != ITEM_UNBORN;
	log_change(work, item, state_make(next, ITEM_LIVE), CHANGE_INSERT);
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
	if (work->model->config.mix.recreate > 0 &&
	    work->model->config.mix.recreate > prng_below(&work->prng, SHARE_ALL)) {
		put_item(work, item);
		return;
	}
	work->graveyard[work->buried++ % GRAVEYARD] = (uint32_t)item;
}

/* 2^(hundredths/100) in units of 2^-32, for hundredths below 100, by powers of the hundredth root of 2.
 * Truncated at each step, which is close enough for weights and the same everywhere. */
static uint64_t power_of_two(unsigned hundredths)
{
	static const uint64_t root = UINT64_C(4324841156);
	uint64_t power = UINT64_C(1) << 32;
	for (unsigned i = 0; i < hundredths; i++)
		power = (uint64_t)((uint128)power * root >> 32);
	return power;
}

/* Zipf's law by octaves: rank k is written with a weight of k^-s, the same throughout 2^i <= k < 2^(i+1), so an octave
 * weighs 2^(i * (1 - s)). Integers only: the same on every machine. */
static void weigh_octaves(struct workload *work, uint64_t ranks)
{
	enum { ONE = 100, SHIFT_MAX = 30 };
	int64_t slope = ONE - work->model->config.zipf;
	uint64_t sum = 0;

	for (unsigned octave = 0; octave < 40 && UINT64_C(1) << octave <= ranks; octave++) {
		int64_t exponent = slope * octave;
		int64_t whole = exponent >= 0 ? exponent / ONE : -((-exponent + ONE - 1) / ONE);
		uint64_t weight = power_of_two((unsigned)(exponent - whole * ONE));
		int64_t shift = whole < -SHIFT_MAX ? -SHIFT_MAX : whole > SHIFT_MAX - 6 ? SHIFT_MAX - 6 : whole;
		weight = shift >= 0 ? weight << shift : weight >> -shift;
		uint64_t first = UINT64_C(1) << octave, held = first < ranks - first + 1 ? first : ranks - first + 1;
		/* The last octave is as heavy as the part of it that is there. */
		sum += (uint64_t)((uint128)weight * held / first);
		work->octaves[work->octave_count++] = sum;
	}
}

static uint64_t pick_zipf(struct workload *work, uint64_t ranks)
{
	uint64_t pick = prng_below(&work->prng, work->octaves[work->octave_count - 1]);
	unsigned octave = 0;

	while (work->octaves[octave] <= pick)
		octave++;
	uint64_t first = UINT64_C(1) << octave;
	uint64_t held = first < ranks - first + 1 ? first : ranks - first + 1;
	return first + prng_below(&work->prng, held) - 1;
}

/* Half of the picks fall on the whole table, a quarter on a small part of it, an eighth on a small part of that … */
static uint64_t pick_skewed(struct workload *work)
{
	uint64_t born = work->history->born;
	unsigned depth = 0;

	while (depth < 16 && prng_next(&work->prng) >> 63)
		depth++;
	unsigned shift = depth * work->model->config.skew;
	uint64_t range = shift < 64 ? born >> shift : 0;
	return prng_below(&work->prng, range > 0 ? range : 1);
}

static uint64_t pick_item(struct workload *work)
{
	const struct model_config *config = &work->model->config;
	uint64_t large = model_large_partition(work->model), pick;

	if (config->hot > 0 && large > 0 && prng_below(&work->prng, SHARE_ALL) < config->hot)
		return prng_below(&work->prng, large);
	if (config->zipf >= 0 && config->items > 0)
		pick = pick_zipf(work, config->items);
	else
		pick = pick_skewed(work);
	/* Hot items lie anywhere in the table: multiplying by a prime permutes the initial items. */
	if (pick < config->items && config->items % UINT64_C(2654435761) != 0)
		pick = pick * UINT64_C(2654435761) % config->items;
	return pick;
}

static void write_once(struct workload *work)
{
	const struct write_mix *mix = &work->model->config.mix;
	struct history *history = work->history;
	int64_t action = (int64_t)prng_below(&work->prng, 100);
	bool burst = prng_below(&work->prng, SHARE_ALL) < mix->burst;
	uint64_t item;

	if (history->born == 0 || (action < mix->insert_percent && history->born < work->model->slots_max)) {
		item = history->born++;
		put_item(work, item);
	} else if (action < mix->insert_percent + mix->reinsert_percent && work->buried > 0) {
		uint64_t known = work->buried < GRAVEYARD ? work->buried : GRAVEYARD;
		item = work->graveyard[prng_below(&work->prng, known)];
		put_item(work, item);
	} else {
		item = burst ? work->last_item : pick_item(work);
		if (action >= 100 - mix->no_effect_percent)
			history->no_effects++; /* a put of the very image that is there */
		else if (action >= 100 - mix->no_effect_percent - mix->delete_percent)
			delete_item(work, item);
		else
			put_item(work, item);
	}
	work->last_item = item;
}

/* Several items at one instant, each once. */
static void write_transaction(struct workload *work)
{
	enum { ITEMS_MAX = 100 };
	const struct write_mix *mix = &work->model->config.mix;
	uint64_t span = (uint64_t)(mix->transaction_max - mix->transaction_min) + 1;
	uint64_t wanted = (uint64_t)mix->transaction_min + prng_below(&work->prng, span);
	uint64_t items[ITEMS_MAX], count = 0;

	assert(mix->transaction_max <= ITEMS_MAX);
	for (uint64_t tries = 0; count < wanted && tries < 4 * wanted; tries++) {
		uint64_t item = pick_item(work), known = 0;
		while (known < count && items[known] != item)
			known++;
		if (known < count)
			continue;
		items[count++] = item;
		if ((int64_t)prng_below(&work->prng, 100) < mix->delete_percent)
			delete_item(work, item);
		else
			put_item(work, item);
	}
	work->history->transactions++;
}

/* The service's background deletion, up to the present time. */
static void sweep(struct workload *work)
{
	const struct model_config *config = &work->model->config;
	struct history *history = work->history;
	uint64_t elapsed_us = (uint64_t)(work->now_us - config->start_us);
	uint64_t pass_us = (uint64_t)(config->duration_us / config->ttl_sweeps) + 1;
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
		if (prng_below(&work->prng, SHARE_ALL) < config->mix.burst)
			slot_us = work->now_us + (int64_t)prng_below(&work->prng, (uint64_t)config->mix.burst_gap_us);
		else
			slot_us += (int64_t)prng_below(&work->prng, (uint64_t)gap_us + 1);
		if (slot_us > work->now_us)
			work->now_us = slot_us < end_us ? slot_us : end_us;
		sweep(work);
		if (config->mix.transaction > 0 && prng_below(&work->prng, SHARE_ALL) < config->mix.transaction)
			write_transaction(work);
		else
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
	if (model->config.zipf >= 0)
		weigh_octaves(&work, model->config.items);
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
