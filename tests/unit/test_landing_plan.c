/* Which units land in which batch, under every order and process fault: each lands, each once unless a fault says more.
 */
#include "harness/runner/landing_plan.h"

#include <stdlib.h>

#include "tests/tap.h"

enum { CHANGES = 10, UNITS = CHANGES + 3, EXPORT = 0, WINDOW = 1, ERRORS = UNITS - 1 };

/* One export at 55, an incremental one at 95, changes at 10, 20 … 100, and a file of errors. */
static struct unit units[UNITS];
static struct histories histories = {.units = units, .unit_count = UNITS};

static void make_units(void)
{
	units[EXPORT] = (struct unit){.kind = UNIT_EXPORT, .path = "AWSDynamoDB/a", .time_us = 55};
	units[WINDOW] = (struct unit){.kind = UNIT_INCREMENT, .path = "AWSDynamoDB/b", .time_us = 95};
	for (int i = 0; i < CHANGES; i++)
		units[2 + i] = (struct unit){.kind = UNIT_CHANGES, .path = "events/x", .time_us = 10 * (i + 1)};
	units[ERRORS] = (struct unit){.kind = UNIT_ERRORS, .path = "errors/x", .time_us = 1};
}

static bool make(struct landing_plan *plan, int order, int64_t batches, struct process_fault *faults, uint32_t count)
{
	const struct scenario_file scenario = {
		.order = order, .batches = batches, .process = faults, .process_count = count};
	struct error error = {0};
	bool made = landing_plan_make(&histories, &scenario, 7, plan, &error) == 0;
	if (!made)
		printf("# %s\n", error.message);
	return made;
}

/* "0 2 3|1 4a" : units of each batch, 'a' for one that lands again, its naming after it. */
static const char *drawn(const struct landing_batch *batches, uint32_t count)
{
	static char text[2000];
	size_t used = 0;
	text[0] = '\0';
	for (uint32_t i = 0; i < count; i++)
		for (uint32_t j = 0; j < batches[i].count; j++) {
			const struct landing_entry *entry = &batches[i].entries[j];
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%u%s",
						 j > 0   ? " "
						 : i > 0 ? "|"
							 : "",
						 entry->unit, entry->again ? "a" : "");
			if (entry->naming > 0)
				used += (size_t)snprintf(text + used, sizeof(text) - used, "%u", entry->naming);
		}
	return text;
}

static void draws(int order, int64_t batches, const char *want, const char *what)
{
	struct landing_plan plan;
	ok(make(&plan, order, batches, NULL, 0), "a plan is made");
	is_text(drawn(plan.batches, plan.count), want, what);
	landing_plan_release(&plan);
}

static void test_orders(void)
{
	draws(ORDER_OVERLAP, 3, "2 3 4 5 6|0 7 8 9|10 1 11 12", "overlap goes by time");
	draws(ORDER_EXPORT_FIRST, 3, "0|2 3 4 5 6 7|8 9 10 1 11 12", "the export has a batch of its own, first");
	draws(ORDER_STREAM_FIRST, 3, "2 3 4 5 6 7|8 9 10 11|0|1 12", "or after the changes; increments follow it");
	draws(ORDER_REVERSE, 3, "0|11 1 10 9 8 7|6 5 4 3 2 12", "reverse is the export, then everything backwards");
	draws(ORDER_EXPORT_FIRST, 1, "0 2 3 4 5 6 7 8 9 10 1 11 12", "one batch holds it all");
}

/* However it is shuffled and cut. */
static void test_each_once(void)
{
	bool whole = true, stable = true;
	for (int64_t batches = 1; batches < 20; batches++) {
		struct landing_plan plan, again;
		uint32_t seen[UNITS] = {0};
		whole = make(&plan, ORDER_SHUFFLED, batches, NULL, 0) && whole;
		whole = make(&again, ORDER_SHUFFLED, batches, NULL, 0) && whole;
		for (uint32_t i = 0; i < plan.count; i++) {
			whole = whole && plan.batches[i].count > 0;
			for (uint32_t j = 0; j < plan.batches[i].count; j++)
				seen[plan.batches[i].entries[j].unit]++;
		}
		for (uint32_t i = 0; i < UNITS; i++)
			whole = whole && seen[i] == 1;
		char first[2000];
		snprintf(first, sizeof(first), "%s", drawn(plan.batches, plan.count));
		stable = stable && strcmp(first, drawn(again.batches, again.count)) == 0 &&
			 plan.count == (batches < UNITS ? (uint32_t)batches : UNITS);
		landing_plan_release(&plan);
		landing_plan_release(&again);
	}
	ok(whole, "every unit lands once, in no empty batch");
	ok(stable, "the same seed gives the same plan, in as many batches as asked for or as there are units");
}

static void test_faults(void)
{
	struct landing_plan plan;
	struct process_fault faults[] = {{.fault = PROCESS_CHECKPOINT_LOST, .batch = 2}};
	ok(make(&plan, ORDER_EXPORT_FIRST, 3, faults, 1), "a checkpoint is lost");
	is_text(drawn(plan.batches, plan.count), "0|0a 2 3 4 5 6 7|8 9 10 1 11 12",
		"all before it lands again with it");
	ok(plan.batches[1].full_replay && plan.batches[1].checkpoint_lost && !plan.batches[2].full_replay,
	   "and it says so");
	landing_plan_release(&plan);
	faults[0] = (struct process_fault){.fault = PROCESS_REUPLOAD, .batch = 2, .as_other_name = 1};
	ok(make(&plan, ORDER_EXPORT_FIRST, 3, faults, 1), "a batch is uploaded again");
	is_text(drawn(plan.batches, plan.count), "0|2 3 4 5 6 7|2a1 3a1 4a1 5a1 6a1 7a1 8 9 10 1 11 12",
		"with the next one, before its own, under other names");
	ok(plan.batches[2].now_us == 100, "which does not turn the clock back");
	landing_plan_release(&plan);
	faults[0] = (struct process_fault){.fault = PROCESS_REUPLOAD, .batch = 3};
	ok(make(&plan, ORDER_EXPORT_FIRST, 3, faults, 1), "the last one is uploaded again");
	is_text(drawn(plan.batches, plan.count), "0|2 3 4 5 6 7|8 9 10 1 11 12|8a 9a 10a 1a 11a 12a",
		"in a batch that comes after it");
	landing_plan_release(&plan);
	faults[0] = (struct process_fault){.fault = PROCESS_REUPLOAD, .batch = 2, .first_half = 1};
	ok(make(&plan, ORDER_EXPORT_FIRST, 3, faults, 1) && plan.batches[1].entries[0].half &&
		   !plan.batches[2].entries[0].half && plan.batches[2].entries[0].again,
	   "files that land by half first land whole again");
	landing_plan_release(&plan);
	faults[0] = (struct process_fault){.fault = PROCESS_KILL, .batch = 9};
	ok(make(&plan, ORDER_EXPORT_FIRST, 3, faults, 1) && plan.batches[2].kill == &faults[0],
	   "a fault of a batch that there is none of is the last one's");
	landing_plan_release(&plan);
}

static void test_replays(void)
{
	static const char *const wants[REPLAY_COUNT] = {"10a2 1a 11a2 12a",
							"2a3 3a3 0a 4a3 5a3 6a3 7a3 8a3 9a3 10a3 1a 11a3 12a",
							"2a4 3a4 0a 4a4 5a4 6a4 7a4"};
	struct landing_plan plan;
	struct landing_batch *batches = NULL;
	units[EXPORT].time_us = 25;
	ok(make(&plan, ORDER_OVERLAP, 3, NULL, 0), "a plan to repeat");
	for (int replay = 0; replay < REPLAY_COUNT; replay++) {
		uint32_t count = landing_plan_replay(&plan, &histories, (enum landing_replay)replay, &batches);
		is_text(drawn(batches, count), wants[replay], "delivered once more");
		ok(count == 1 && batches[0].full_replay == (replay == REPLAY_ALL), "in one batch");
	}
	landing_plan_release(&plan);
}

int main(void)
{
	make_units();
	test_orders();
	test_each_once();
	test_faults();
	test_replays();
	return tap_done();
}
