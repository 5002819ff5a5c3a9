/* All lakes of a contract: each judged by itself, then told together, and the items that none of them takes. */
#include "reconcile/reconcile_lakes.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "reconcile/judge/cause.h"
#include "reconcile/collect.h"
#include "reconcile/quarantine.h"
#include "reconcile/told_once.h"
#include "reconcile/verdict.h"

static int out_of_memory(struct error *error)
{
	return error_set(error, ERROR_INTERNAL, "out of memory");
}

/* ---- items that no lake takes */

static int visit_unrouted(void *context, uint32_t worker, const struct judgement *judgement, struct error *error)
{
	if (judgement->lake_expected != LAKE_ROW)
		return 0;
	return collect_found(context, worker, FINDING_ITEM_UNROUTED, judgement, error);
}

static int tell_unrouted(const struct run *run, const struct judgement *judgement, struct arena *arena,
			 struct finding *finding, struct error *error)
{
	const struct state_source *source = judgement->decided.source != 0
						    ? state_source(run->state, judgement->decided.source)
						    : NULL;
	*finding = (struct finding){.id = FINDING_ITEM_UNROUTED,
				    .key_json = key_json(run->contract, judgement->key, arena),
				    .cause = cause_text(judgement, run->scope, FINDING_ITEM_UNROUTED, arena)};
	if (source != NULL)
		finding->records[finding->record_count++] =
			(struct finding_record){"decided", arena_copy(arena, slice_from(source->path)).data, true,
						judgement->decided.record, judgement->decided.offset};
	bool whole = finding->cause != NULL && finding->key_json != NULL &&
		     (source == NULL || finding->records[0].path != NULL);
	return whole ? 0 : out_of_memory(error);
}

/* Behind the outcome's other findings. */
static int add_unrouted(struct run *run, struct outcome *outcome, struct error *error)
{
	struct collect *collect = collect_new(run->options.jobs, run->options.finding_limit);
	struct outcome_counts counts = {0};
	const struct kept *const *kept = NULL;
	uint64_t count = 0;
	int code = collect == NULL ? out_of_memory(error) : run_judge(run, visit_unrouted, collect, error);
	if (code == 0)
		code = collect_finish(collect, &counts, outcome->by_id, &kept, &count, error);
	struct finding *findings =
		code != 0 ? NULL : arena_array(&outcome->arena, outcome->finding_count + count + 1, sizeof *findings);
	if (code == 0 && findings == NULL)
		code = out_of_memory(error);
	if (code == 0 && outcome->finding_count > 0)
		memcpy(findings, outcome->findings, outcome->finding_count * sizeof *findings);
	for (uint64_t i = 0; i < count && code == 0; i++)
		code = tell_unrouted(run, &kept[i]->judgement, &outcome->arena, &findings[outcome->finding_count + i],
				     error);
	if (code == 0) {
		outcome->findings = findings;
		outcome->finding_count += count;
		code = verdict_weigh_one(run->contract, outcome, FINDING_ITEM_UNROUTED, error);
	}
	collect_free(collect);
	return code;
}

/* ---- several lakes as one */

static void add_lake(struct outcome *total, const struct outcome *lake)
{
	outcome_counts_add(&total->counts, &lake->counts);
	for (int id = 0; id < FINDING_COUNT; id++) {
		total->by_id[id] += lake->by_id[id];
		total->accepted_by_id[id] += lake->accepted_by_id[id];
		total->lowered[id] = total->lowered[id] || lake->lowered[id];
	}
	total->lake_files += lake->lake_files;
	total->columns_compared += lake->columns_compared;
	total->columns_total += lake->columns_total;
	if (lake->verdict == VERDICT_FAIL || total->verdict == VERDICT_PASS)
		total->verdict = lake->verdict;
}

/* What every lake's outcome says alike. */
static void take_shared(struct outcome *total, const struct outcome *lake)
{
	total->contract = lake->contract;
	total->table = lake->table;
	total->values_full = lake->values_full;
	total->sensitive_key = lake->sensitive_key;
	total->sources = lake->sources;
	total->source_count = lake->source_count;
	total->evidence_end_us = lake->evidence_end_us;
	total->has_proved_dynamodb = lake->has_proved_dynamodb;
	total->has_proved_landing = lake->has_proved_landing;
	total->proved_dynamodb_us = lake->proved_dynamodb_us;
	total->proved_landing_us = lake->proved_landing_us;
	total->changed_only = lake->changed_only;
	total->changed_since_us = lake->changed_since_us;
	total->sample_ppb = lake->sample_ppb;
	total->finding_limit = lake->finding_limit;
	total->run_us = lake->run_us;
	total->lake_newest_before = -1;
}

static int total_of(const struct contract *contract, struct outcome *total, struct error *error)
{
	verdict_levels(contract, total);
	/* A log of events is told nothing by exports: what the sources show altogether, a table of items says. */
	uint32_t shown = 0;
	while (shown + 1 < total->lake_count && strcmp(outcome_unit(total->lakes[shown]), "events") == 0)
		shown++;
	take_shared(total, total->lakes[shown]);
	for (uint32_t i = 0; i < total->lake_count; i++)
		add_lake(total, total->lakes[i]);
	for (uint32_t i = 0; i < total->lake_count; i++)
		for (uint32_t j = 0; j < total->lakes[i]->reason_count; j++) {
			const char *text = arena_text(&total->arena, "%s: %s", total->lakes[i]->name,
						      total->lakes[i]->reasons[j]);
			if (text == NULL)
				return out_of_memory(error);
			if (total->reason_count < OUTCOME_REASONS_MAX)
				total->reasons[total->reason_count++] = text;
		}
	return 0;
}

static bool name_lake(struct outcome *total, const char *name)
{
	struct outcome *lake = total->lakes[total->lake_count++];
	lake->name = arena_copy(&lake->arena, slice_from(name)).data;
	return lake->name != NULL;
}

static int reconcile_all(struct run *run, struct outcome *total, struct error *error)
{
	const struct contract *whole = run->whole;
	struct run *first = run;
	int code = 0;
	arena_init(&total->arena, (size_t)8 << 30);
	total->lakes = arena_array(&total->arena, whole->lake_count, sizeof(struct outcome *));
	if (total->lakes == NULL)
		return out_of_memory(error);
	for (; run != NULL && !run->is_unrouted && code == 0; run = run->next) {
		code = reconcile_lake(run, &total->lakes[total->lake_count], error);
		if (code == 0 && !name_lake(total, run->contract->name))
			code = out_of_memory(error);
	}
	if (code == 0)
		code = total_of(whole, total, error);
	if (code == 0)
		code = told_once(first, total, error);
	if (code == 0 && run != NULL)
		code = add_unrouted(run, total, error);
	return code;
}

/* One list, of all lakes. */
static int fill_quarantine(struct run *run, struct outcome *outcome, struct error *error)
{
	struct quarantine quarantine;
	int code = quarantine_write(run, &quarantine, error);
	if (code != 0 || quarantine.lines == 0)
		return code;
	outcome->quarantined = quarantine.lines;
	outcome->quarantine = arena_copy(&outcome->arena, slice_from(quarantine.path)).data;
	return outcome->quarantine == NULL ? out_of_memory(error) : 0;
}

int run_reconcile(struct run *run, struct outcome **out, struct error *error)
{
	struct outcome *outcome = NULL;
	int code;
	*out = NULL;
	if (run->contract->name == NULL) {
		code = reconcile_lake(run, &outcome, error);
		if (code == 0 && run->next != NULL)
			code = add_unrouted(run->next, outcome, error);
	} else {
		outcome = calloc(1, sizeof *outcome);
		code = outcome == NULL ? out_of_memory(error) : reconcile_all(run, outcome, error);
	}
	if (code == 0)
		code = fill_quarantine(run, outcome, error);
	if (code != 0) {
		outcome_free(outcome);
		free(outcome);
		return code;
	}
	*out = outcome;
	return 0;
}
