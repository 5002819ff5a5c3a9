/* Blinds a lakeproof that is otherwise the real one, to see that a blind harness is noticed.
 *
 *   BLIND=judge         every reconciliation says PASS and has found nothing
 *   BLIND=versions      no version of a table ever has anything wrong
 *   BLIND=replays       what is delivered once more never changes anything
 *   BLIND=faults        no fault of a scenario is planted in what is delivered
 *   BLIND=process       no process is killed, run twice, or starved
 *   BLIND=cells         no cell that fails leaves a result
 *   BLIND=expectations  no scenario expects anything to break
 *
 * Linked in by the linker's --wrap into a program of the tests; the program that is shipped has none of it. */
#include <stdlib.h>
#include <string.h>

#include "generators/generator.h"
#include "harness/runner/landing_plan.h"
#include "reconcile/run.h"
#include "reconcile/versions.h"
#include "reports/cell.h"

int __real_run_reconcile(struct run *run, struct outcome **outcome, struct error *error);
int __real_versions_check(struct versions *versions, struct versions_outcome *outcome, struct error *error);
int __real_versions_compare(struct versions *versions, int64_t before, int64_t after, uint64_t limit,
			    struct versions_comparison *comparison, struct error *error);
int __real_generator_parse_faults(const char *text, struct generator_options *options, struct error *error);
int __real_landing_plan_make(const struct histories *histories, const struct scenario_file *scenario, uint64_t seed,
			     struct landing_plan *plan, struct error *error);
int __real_cell_write(const struct cell *cell, const char *path, struct error *error);
int __real_scenario_file_load(const char *path, const char *name, struct scenario_file *scenario, struct error *error);

int __wrap_run_reconcile(struct run *run, struct outcome **outcome, struct error *error);
int __wrap_versions_check(struct versions *versions, struct versions_outcome *outcome, struct error *error);
int __wrap_versions_compare(struct versions *versions, int64_t before, int64_t after, uint64_t limit,
			    struct versions_comparison *comparison, struct error *error);
int __wrap_generator_parse_faults(const char *text, struct generator_options *options, struct error *error);
int __wrap_landing_plan_make(const struct histories *histories, const struct scenario_file *scenario, uint64_t seed,
			     struct landing_plan *plan, struct error *error);
int __wrap_cell_write(const struct cell *cell, const char *path, struct error *error);
int __wrap_scenario_file_load(const char *path, const char *name, struct scenario_file *scenario, struct error *error);

static bool is_blind(const char *what)
{
	const char *wanted = getenv("BLIND");
	return wanted != NULL && strcmp(wanted, what) == 0;
}

int __wrap_run_reconcile(struct run *run, struct outcome **outcome, struct error *error)
{
	int code = __real_run_reconcile(run, outcome, error);

	if (code != 0 || !is_blind("judge"))
		return code;
	(*outcome)->verdict = VERDICT_PASS;
	(*outcome)->reason_count = 0;
	(*outcome)->finding_count = 0;
	memset((*outcome)->by_id, 0, sizeof((*outcome)->by_id));
	return 0;
}

int __wrap_versions_check(struct versions *versions, struct versions_outcome *outcome, struct error *error)
{
	int code = __real_versions_check(versions, outcome, error);

	if (code != 0 || !is_blind("versions"))
		return code;
	outcome->verdict = VERDICT_PASS;
	outcome->reason_count = 0;
	outcome->finding_count = 0;
	memset(outcome->found, 0, sizeof(outcome->found));
	memset(outcome->found_keys, 0, sizeof(outcome->found_keys));
	memset(outcome->by_id, 0, sizeof(outcome->by_id));
	return 0;
}

int __wrap_versions_compare(struct versions *versions, int64_t before, int64_t after, uint64_t limit,
			    struct versions_comparison *comparison, struct error *error)
{
	int code = __real_versions_compare(versions, before, after, limit, comparison, error);

	if (code == 0 && is_blind("replays")) {
		comparison->comparable = true;
		comparison->keys_changed = comparison->change_count = 0;
		memset(comparison->by_difference, 0, sizeof(comparison->by_difference));
	}
	return code;
}

int __wrap_generator_parse_faults(const char *text, struct generator_options *options, struct error *error)
{
	return is_blind("faults") ? 0 : __real_generator_parse_faults(text, options, error);
}

int __wrap_landing_plan_make(const struct histories *histories, const struct scenario_file *scenario, uint64_t seed,
			     struct landing_plan *plan, struct error *error)
{
	int code = __real_landing_plan_make(histories, scenario, seed, plan, error);

	for (uint32_t i = 0; code == 0 && is_blind("process") && i < plan->count; i++) {
		struct landing_batch *batch = &plan->batches[i];
		batch->kill = batch->disk_full = NULL;
		batch->twice = batch->together = batch->checkpoint_lost = false;
	}
	return code;
}

int __wrap_cell_write(const struct cell *cell, const char *path, struct error *error)
{
	return is_blind("cells") && cell->verdict == CELL_FAIL ? 0 : __real_cell_write(cell, path, error);
}

int __wrap_scenario_file_load(const char *path, const char *name, struct scenario_file *scenario, struct error *error)
{
	int code = __real_scenario_file_load(path, name, scenario, error);

	if (code == 0 && is_blind("expectations"))
		scenario->break_count = 0;
	return code;
}
