/* The history of a table: what is recorded, what TTL deletes, what an export sees. */
#include <stdlib.h>

#include "generators/faults.h"
#include "generators/generator.h"
#include "tests/support/workload.h"
#include "tests/tap.h"

struct world {
	struct generator_options options;
	struct model model;
	struct history history;
};

static void live(struct world *world)
{
	struct error error = {0, ""};
	if (model_init(&world->model, &world->options.model, &error) != 0 ||
	    history_run(&world->model, &world->history, &error) != 0)
		abort();
}

static struct world small_world(void)
{
	struct world world;
	test_workload(&world.options, "orders");
	world.options.model.items = 3000;
	world.options.model.changes = 6000;
	world.options.model.ttl_ppm = 100000;
	return world;
}

static bool same_image(const struct model *model, uint64_t item, uint32_t one, uint32_t two)
{
	struct buffer a, b;
	uint64_t size;
	buffer_init(&a, (size_t)1 << 20);
	buffer_init(&b, (size_t)1 << 20);
	if (model_image(model, item, one, &a, &size) != 0 || model_image(model, item, two, &b, &size) != 0)
		abort();
	bool same = slice_equal(buffer_slice(&a), buffer_slice(&b));
	buffer_release(&a);
	buffer_release(&b);
	return same;
}

/* Replays the log naively: each record must start from what the one before left. */
static void test_log(const struct world *world)
{
	const struct history *history = &world->history;
	uint32_t *versions = calloc(world->model.slots_max, sizeof(*versions));
	uint64_t broken = 0, backwards = 0, no_effect = 0, bursts = 0, misnamed = 0;
	int64_t end_us = world->model.config.start_us + world->model.config.duration_us;

	for (uint64_t item = 0; item < world->model.config.items; item++)
		versions[item] = 1;
	for (uint64_t i = 0; i < history->count; i++) {
		const struct change *change = &history->changes[i], *before = i > 0 ? change - 1 : change;
		broken += versions[change->item] != change->old_version;
		versions[change->item] = change->new_version;
		backwards += change->time_us < before->time_us || change->time_us < world->model.config.start_us ||
			     change->time_us > end_us;
		bursts += i > 0 && change->item == before->item &&
			  change->time_us / 1000000 == before->time_us / 1000000;
		misnamed += (change->old_version == 0) != (change->kind == CHANGE_INSERT);
		misnamed += (change->new_version == 0) != change_removes(change);
		no_effect += change->kind == CHANGE_MODIFY &&
			     same_image(&world->model, change->item, change->old_version, change->new_version);
	}
	is_int(broken, 0, "each record's old version is what its predecessor left");
	is_int(misnamed, 0, "inserts come from nothing, removes lead to nothing");
	is_int(backwards, 0, "times never go back and stay within the window");
	is_int(no_effect, 0, "no record has twice the same image");
	ok(history->no_effects > 200, "although writes without effect were made");
	ok(bursts > 100, "a key often changes several times within a second");
	uint64_t wrong_end = 0;
	for (uint64_t item = 0; item < world->model.slots_max; item++) {
		uint32_t state = history->states[item];
		uint32_t expected = state_status(state) == ITEM_LIVE ? state_version(state) : 0;
		wrong_end += versions[item] != expected;
	}
	is_int(wrong_end, 0, "the log leads to the final states");
	free(versions);
}

static void test_counts(const struct world *world)
{
	const struct history *history = &world->history;
	struct truth_totals totals = truth_totals(history);

	is_int(history->count, history->inserts + history->modifies + history->deletes + history->expiries,
	       "the counters add up to the log");
	is_int(totals.live, world->model.config.items + history->inserts - history->deletes - history->expiries,
	       "and to the live items");
	ok(history->reinserts > 50, "deleted items are inserted again");
	is_int(totals.live + totals.deleted + totals.expired, history->born, "every item that ever was has one state");
}

static void test_ttl(const struct world *world)
{
	const struct history *history = &world->history;
	const struct model *model = &world->model;
	uint64_t early = 0, immediate = 0, waiting = 0;
	int64_t end_us = model->config.start_us + model->config.duration_us;

	for (uint64_t i = 0; i < history->count; i++) {
		const struct change *change = &history->changes[i];
		if (change->kind != CHANGE_EXPIRE)
			continue;
		struct ttl ttl = model_ttl(model, change->item, change->old_version);
		early += !ttl_expired(ttl, change->time_us);
		immediate += change->time_us / 1000000 - ttl.value <= 1;
	}
	for (uint64_t item = 0; item < history->born; item++) {
		uint32_t state = history->states[item];
		waiting += state_status(state) == ITEM_LIVE &&
			   ttl_expired(model_ttl(model, item, state_version(state)), end_us);
	}
	ok(history->expiries > 100 && early == 0, "the service deletes only what its rule calls expired");
	ok(immediate * 10 < history->expiries, "and seldom at once");
	ok(waiting > 0, "some expired items are still there in the end");
	ok(history->revivals > 0, "some were revived by an update before they could be deleted");
}

static void test_no_ttl(void)
{
	struct world world = small_world();
	world.options.model.ttl_ppm = 0;
	live(&world);
	is_int(world.history.expiries, 0, "without a TTL attribute the service deletes nothing");
	history_release(&world.history);
}

static uint64_t hottest(unsigned skew)
{
	struct world world = small_world();
	uint64_t most = 0;

	world.options.model.skew = skew;
	world.options.model.ttl_ppm = 0;
	live(&world);
	for (uint64_t item = 0; item < world.history.born; item++) {
		uint32_t version = state_version(world.history.states[item]);
		most = version > most ? version : most;
	}
	history_release(&world.history);
	return most;
}

static void test_skew(void)
{
	uint64_t flat = hottest(0), hot = hottest(4);
	ok(flat < 25 && hot > 4 * flat, "skew makes some keys hot (%d against %d versions)", (int)hot, (int)flat);
}

static void test_same_seed(void)
{
	struct world one = small_world(), two = small_world(), other = small_world();
	other.options.model.seed = 2;
	live(&one);
	live(&two);
	live(&other);
	ok(one.history.count == two.history.count && memcmp(one.history.changes, two.history.changes,
							    one.history.count * sizeof(*one.history.changes)) == 0,
	   "the same seed gives the same history");
	ok(one.history.count != other.history.count || memcmp(one.history.changes, other.history.changes,
							      one.history.count * sizeof(*one.history.changes)) != 0,
	   "another seed another one");
	history_release(&one.history);
	history_release(&two.history);
	history_release(&other.history);
}

/* The state of one item after the changes up to a time, found naively. */
static uint32_t version_at(const struct world *world, uint64_t item, int64_t time_us)
{
	uint32_t version = item < world->model.config.items ? 1 : 0;
	for (uint64_t i = 0; i < world->history.count && world->history.changes[i].time_us <= time_us; i++) {
		if (world->history.changes[i].item == item)
			version = world->history.changes[i].new_version;
	}
	return version;
}

static void test_snapshot(const struct world *world)
{
	int64_t time_us = world->model.config.start_us + world->model.config.duration_us / 2;
	uint32_t *exact = malloc(world->model.slots_max * sizeof(*exact));
	uint32_t *fuzzy = malloc(world->model.slots_max * sizeof(*fuzzy));
	uint64_t wrong = 0, outside = 0, differ = 0;

	history_snapshot(&world->model, &world->history, time_us, 0, exact);
	history_snapshot(&world->model, &world->history, time_us, FUZZ_PROMISED_US, fuzzy);
	for (uint64_t item = 0; item < world->model.slots_max; item++) {
		uint32_t version = state_status(exact[item]) == ITEM_LIVE ? state_version(exact[item]) : 0;
		wrong += version != version_at(world, item, time_us);
		if (fuzzy[item] == exact[item])
			continue;
		differ++;
		uint32_t seen = state_status(fuzzy[item]) == ITEM_LIVE ? state_version(fuzzy[item]) : 0;
		bool possible = seen == version_at(world, item, time_us - FUZZ_PROMISED_US);
		for (uint64_t i = 0; i < world->history.count; i++) {
			const struct change *change = &world->history.changes[i];
			int64_t away_us = change->time_us - time_us;
			possible |= change->item == item && change->new_version == seen &&
				    away_us >= -FUZZ_PROMISED_US && away_us <= FUZZ_PROMISED_US;
		}
		outside += !possible;
	}
	is_int(wrong, 0, "without fuzz an export is the state at its time");
	ok(differ > 5 && outside == 0, "with fuzz it holds states from within a minute either side, and no others");
	free(exact);
	free(fuzzy);
}

/* ---- delivery ---- */

struct delivered {
	struct delivery delivery;
	struct buffer log;
	uint32_t *times; /* deliveries of each change */
};

static struct delivered deliver(const struct world *world, const struct fault_plan *plan)
{
	struct delivered delivered;
	struct error error = {0, ""};

	buffer_init(&delivered.log, (size_t)64 << 20);
	if (delivery_plan(&world->model, &world->history, plan, &delivered.delivery, &delivered.log, &error) != 0)
		abort();
	delivered.times = calloc(world->history.count, sizeof(*delivered.times));
	for (uint64_t i = 0; i < delivered.delivery.count; i++)
		delivered.times[delivered.delivery.placements[i].change]++;
	return delivered;
}

static void undeliver(struct delivered *delivered)
{
	delivery_release(&delivered->delivery);
	buffer_release(&delivered->log);
	free(delivered->times);
}

static uint64_t count_times(const struct world *world, const struct delivered *delivered, uint32_t times)
{
	uint64_t count = 0;
	for (uint64_t i = 0; i < world->history.count; i++)
		count += delivered->times[i] == times;
	return count;
}

static uint64_t inversions(const struct delivered *delivered)
{
	uint64_t count = 0;
	for (uint64_t i = 1; i < delivered->delivery.count; i++)
		count += delivered->delivery.placements[i].change < delivered->delivery.placements[i - 1].change;
	return count;
}

static const struct fault_plan clean = {.records_per_file = 100, .batch_window_us = 300000000};

static void test_clean_delivery(const struct world *world)
{
	struct delivered delivered = deliver(world, &clean);
	uint64_t mixed = 0, sum = 0;

	is_int(count_times(world, &delivered, 1), world->history.count,
	       "without faults every record is delivered once");
	for (uint64_t i = 0; i < delivered.delivery.file_count; i++) {
		const struct delivered_file *file = &delivered.delivery.files[i];
		sum += file->count;
		for (uint64_t j = 1; j < file->count; j++)
			mixed += delivered.delivery.placements[file->first + j].change <
				 delivered.delivery.placements[file->first + j - 1].change;
		mixed += file->count == 0 || file->count > 100;
	}
	is_int(mixed, 0, "a batch holds up to as many records as asked for, in order");
	is_int(sum, delivered.delivery.count, "the files share the records out between them");
	is_int(delivered.log.size, 0, "and nothing is logged");
	undeliver(&delivered);
}

static void test_lossless_faults(const struct world *world)
{
	struct fault_plan plan = clean;
	struct delivered before = deliver(world, &clean);

	plan.duplicates.count = 40;
	plan.shuffle_window = SHUFFLE_ALL;
	plan.replay_files = 3;
	plan.reupload_files = 2;
	struct delivered delivered = deliver(world, &plan);
	is_int(count_times(world, &delivered, 0), 0, "duplicates, shuffle, replay and re-upload lose nothing");
	is_int(count_times(world, &delivered, 2), 40, "as many records come twice as were asked for");
	ok(inversions(&delivered) > 10 * inversions(&before), "a shuffle across the capture leaves no order");
	is_int(delivered.delivery.file_count, before.delivery.file_count + 5, "repeated files come in addition");
	int64_t last_us = 0, replay_us = INT64_MAX;
	for (uint64_t i = 0; i < delivered.delivery.file_count; i++) {
		const struct delivered_file *file = &delivered.delivery.files[i];
		if (file->origin == FILE_REPLAY)
			replay_us = file->time_us < replay_us ? file->time_us : replay_us;
		else
			last_us = file->time_us > last_us ? file->time_us : last_us;
	}
	ok(replay_us > last_us, "a replay comes after everything else");
	undeliver(&delivered);
	undeliver(&before);
}

static void test_windowed_shuffle(const struct world *world)
{
	struct fault_plan plan = clean;
	struct delivered before = deliver(world, &clean);
	uint64_t far = 0, moved = 0;

	plan.shuffle_window = 20;
	struct delivered delivered = deliver(world, &plan);
	uint64_t *places = calloc(world->history.count, sizeof(*places));
	for (uint64_t i = 0; i < before.delivery.count; i++)
		places[before.delivery.placements[i].change] = i;
	for (uint64_t i = 0; i < delivered.delivery.count; i++) {
		uint64_t place = places[delivered.delivery.placements[i].change];
		moved += place != i;
		far += (place > i ? place - i : i - place) >= 20;
	}
	ok(moved > world->history.count / 2 && far == 0, "a windowed shuffle moves no record out of its window");
	free(places);
	undeliver(&delivered);
	undeliver(&before);
}

static uint64_t lines(const struct buffer *log)
{
	uint64_t count = 0;
	for (size_t i = 0; i < log->size; i++)
		count += log->data[i] == '\n';
	return count;
}

/* The clean plan with faults as the command line takes them. */
static struct fault_plan plan_with(const char *faults)
{
	struct generator_options options = {.faults = clean};
	struct error error = {0, ""};
	if (generator_parse_faults(faults, &options, &error) != 0)
		abort();
	return options.faults;
}

static void test_losses(const struct world *world)
{
	struct fault_plan plan = plan_with("drop-record:7");
	struct delivered delivered = deliver(world, &plan);
	is_int(count_times(world, &delivered, 0), 7, "exactly as many records are dropped as were asked for");
	is_int(lines(&delivered.log), 7, "and each is logged");
	undeliver(&delivered);

	plan = plan_with("drop-remove");
	delivered = deliver(world, &plan);
	uint64_t wrong = 0;
	for (uint64_t i = 0; i < world->history.count; i++)
		wrong += (delivered.times[i] == 0) != change_removes(&world->history.changes[i]);
	is_int(wrong, 0, "drop-remove drops the removes and nothing else");
	undeliver(&delivered);

	plan = plan_with("late-start:0");
	plan.export_end_us = world->model.config.start_us + world->model.config.duration_us / 2;
	delivered = deliver(world, &plan);
	wrong = 0;
	for (uint64_t i = 0; i < world->history.count; i++)
		wrong += (delivered.times[i] == 0) != (world->history.changes[i].time_us < plan.export_end_us);
	ok(wrong == 0 && delivered.delivery.dropped > 0, "a late start loses what was before it and nothing else");
	undeliver(&delivered);

	plan = plan_with("bad-json:2,truncate-gzip");
	delivered = deliver(world, &plan);
	uint64_t broken = 0, truncated = 0;
	for (uint64_t i = 0; i < delivered.delivery.count; i++)
		broken += delivered.delivery.placements[i].marks == MARK_OF(FAULT_BAD_JSON);
	for (uint64_t i = 0; i < delivered.delivery.file_count; i++)
		truncated += delivered.delivery.files[i].damage == DAMAGE_OF(FAULT_TRUNCATE_GZIP);
	ok(broken == 2 && truncated == 1, "records are broken and files cut short as asked for");
	undeliver(&delivered);
}

static void test_rates(void)
{
	struct fault_rate rate;
	struct error error = {0, ""};

	ok(fault_parse_rate("1%", &rate, &error) == 0 && rate.ppm == 10000 && rate.count == 0, "1%% is a share");
	ok(fault_parse_rate("0.05%", &rate, &error) == 0 && rate.ppm == 500, "0.05%% is a small one");
	ok(fault_parse_rate("12", &rate, &error) == 0 && rate.count == 12 && rate.ppm == 0, "12 is a count");
	ok(fault_parse_rate("none", &rate, &error) == 0 && !fault_rate_is_set(rate), "none is nothing");
	is_int(fault_parse_rate("101%", &rate, &error), ERROR_USAGE, "101% is refused");
	is_int(fault_parse_rate("1.5", &rate, &error), ERROR_USAGE, "half a record is refused");
	is_int(fault_parse_rate("", &rate, &error), ERROR_USAGE, "an empty rate is refused");
	is_int(fault_parse_rate("1%%", &rate, &error), ERROR_USAGE, "a rate with something after it is refused");
}

int main(void)
{
	struct world world = small_world();
	live(&world);
	test_log(&world);
	test_counts(&world);
	test_ttl(&world);
	test_no_ttl();
	test_skew();
	test_same_seed();
	test_snapshot(&world);
	test_clean_delivery(&world);
	test_lossless_faults(&world);
	test_windowed_shuffle(&world);
	test_losses(&world);
	test_rates();
	history_release(&world.history);
	return tap_done();
}
