#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "reconcile/collect.h"
#include "reconcile/evidence.h"
#include "reconcile/judge/cause.h"
#include "reconcile/loose.h"
#include "reconcile/reconcile_lakes.h"
#include "reconcile/verdict.h"

struct making {
	struct run *run;
	struct outcome *outcome;
	struct loose loose;
};

static int out_of_memory(struct error *error)
{
	return error_set(error, ERROR_INTERNAL, "out of memory");
}

/* AWS makes incremental exports, the pipeline under test does not. */
static bool is_independent(const struct scope_span *span)
{
	return (span->independent || span->kind == DOMAIN_NET) && !span->filtered;
}

/* How far what independent sources captured reaches on from `from` without a gap. A series of incremental exports may
 * also go on from `chain`, the time of the export that it follows. */
static int64_t follow_independent(const struct scope *scope, int64_t from, int64_t chain)
{
	bool moved = true;
	while (moved) {
		moved = false;
		for (uint32_t i = 0; i < scope->span_count; i++) {
			const struct scope_span *span = &scope->spans[i];
			int64_t reach = span->kind == DOMAIN_NET && chain > from ? chain : from;
			if (!is_independent(span) || span->lo > reach || span->hi <= from)
				continue;
			from = span->hi;
			moved = true;
		}
	}
	return from;
}

static int64_t follow_any(const struct scope *scope, int64_t from)
{
	for (uint32_t i = 0; i < scope->landed_count; i++)
		if (scope->landed[i].lo <= from && scope->landed[i].hi > from)
			return scope->landed[i].hi;
	return from;
}

static bool knows_all_keys(const struct scope *scope)
{
	bool known = scope->baseline == BASELINE_EMPTY;
	for (uint32_t i = 0; i < scope->export_count; i++)
		known = known || scope->exports[i].complete;
	return known;
}

static void fill_proved(const struct scope *scope, struct outcome *outcome)
{
	int64_t begin = INT64_MIN, chain = INT64_MIN;
	for (uint32_t i = 0; i < scope->export_count; i++) {
		if (!scope->exports[i].complete)
			continue;
		begin = scope->exports[i].lo;
		chain = scope->exports[i].from;
	}
	for (uint32_t i = 0; i < scope->span_count && begin == INT64_MIN; i++)
		if (is_independent(&scope->spans[i]) && scope->spans[i].lo < scope->spans[i].hi)
			begin = scope->spans[i].lo;
	outcome->evidence_end_us = scope->evidence_end;
	for (uint32_t i = 0; i < scope->span_count; i++)
		outcome->puts_only = outcome->puts_only || scope->spans[i].puts_only;
	outcome->has_proved_dynamodb = begin != INT64_MIN;
	outcome->proved_dynamodb_us = outcome->has_proved_dynamodb ? follow_independent(scope, begin, chain) : begin;
	outcome->has_proved_landing = scope->landed_count > 0;
	outcome->unit = scope->shape == SHAPE_EVENTS ? "events" : "keys";
	outcome->changed_only = scope->landed_count > 0 && !knows_all_keys(scope);
	if (outcome->changed_only)
		outcome->changed_since_us = scope->landed[0].lo;
	if (outcome->has_proved_landing)
		outcome->proved_landing_us = follow_any(scope, begin != INT64_MIN ? outcome->proved_dynamodb_us
										  : scope->landed[0].lo);
	if (scope->has_as_of && outcome->has_proved_landing && outcome->proved_landing_us > scope->as_of_us)
		outcome->proved_landing_us = scope->as_of_us;
}

static int fill_lake(struct making *making, struct error *error)
{
	struct run *run = making->run;
	struct outcome *outcome = making->outcome;
	const struct bridge_info *info = bridge_table_info(run->table);
	outcome->lake = arena_copy(&outcome->arena, slice_from(run->contract->delta)).data;
	outcome->lake_version = info->version;
	outcome->lake_commit_us = info->commit_time_ms * 1000;
	outcome->lake_files = info->file_count;
	outcome->lake_newest_before = -1;
	if (run->scope->retains) {
		struct slice attribute = slice_from(run->contract->retain.attribute);
		outcome->retain_attribute = arena_copy(&outcome->arena, attribute).data;
		outcome->retain_edge_us = (run->scope->retain_in_s + run->scope->retain_out_s) / 2 * CLOCK_SECOND_US;
		if (outcome->retain_attribute == NULL)
			return out_of_memory(error);
	}
	if (outcome->evidence_end_us == INT64_MIN || outcome->lake_commit_us <= outcome->evidence_end_us)
		return 0;
	const struct bridge_version *versions = NULL;
	uint64_t count = 0;
	struct error ignored = {0};
	if (bridge_table_versions(run->table, 10000, &versions, &count, &ignored) != 0)
		count = 0; /* the note just cannot name one */
	for (uint64_t i = 0; i < count && outcome->lake_newest_before < 0; i++)
		if (versions[i].commit_time_ms * 1000 <= outcome->evidence_end_us)
			outcome->lake_newest_before = versions[i].version;
	char end[CLOCK_TEXT_MAX], commit[CLOCK_TEXT_MAX];
	struct finding finding = {.id = FINDING_LAKE_NEWER};
	clock_format(outcome->evidence_end_us, end);
	clock_format(outcome->lake_commit_us, commit);
	finding.cause = outcome->lake_newest_before >= 0
				? arena_text(&outcome->arena,
					     "version %" PRId64 " was committed at %s, the evidence ends at %s; the "
					     "newest version before that is %" PRId64,
					     info->version, commit, end, outcome->lake_newest_before)
				: arena_text(&outcome->arena,
					     "version %" PRId64 " was committed at %s, the evidence ends at %s",
					     info->version, commit, end);
	return loose_add(&making->loose, &finding, error);
}

static void widen(struct outcome_source *source, int64_t lo, int64_t hi)
{
	source->from_us = lo < source->from_us ? lo : source->from_us;
	source->to_us = hi > source->to_us ? hi : source->to_us;
}

static int fill_sources(struct making *making, struct error *error)
{
	struct run *run = making->run;
	struct outcome *outcome = making->outcome;
	const struct contract *contract = run->contract;
	static const char *const kinds[] = {
		[SOURCE_EXPORT] = "export", [SOURCE_EVENTS] = "events", [SOURCE_ITEMS] = "items",
		[SOURCE_ROWS] = "rows"};
	outcome->sources = arena_array(&outcome->arena, contract->source_count + 1, sizeof *outcome->sources);
	if (outcome->sources == NULL)
		return out_of_memory(error);
	outcome->source_count = contract->source_count;
	for (uint32_t i = 0; i < contract->source_count; i++) {
		struct outcome_source *source = &outcome->sources[i];
		*source = (struct outcome_source){
			.text = arena_copy(&outcome->arena, slice_from(contract->sources[i].text)).data,
			.kind = kinds[contract->sources[i].kind],
			.independent = contract->sources[i].independent,
			.from_us = INT64_MAX,
			.to_us = INT64_MIN};
		if (contract_is_dump(&contract->sources[i])) {
			source->from_us = contract->sources[i].from_us;
			source->to_us = contract->sources[i].to_us;
		}
	}
	for (uint64_t i = 0; i < run->source_count; i++) {
		const struct state_source *file = state_source(run->state, run->sources[i]);
		uint32_t index = file == NULL || file->kind == STATE_LAKE_FILE ? contract->source_count
									       : run_source_of(run, file->group);
		if (index == contract->source_count)
			continue;
		outcome->sources[index].files++;
		outcome->sources[index].records += file->records;
		outcome->sources[index].bytes += file->stored_bytes;
	}
	for (uint32_t i = 0; i < run->export_count; i++) {
		const struct export *export = run->exports[i].export;
		widen(&outcome->sources[run->exports[i].contract_source],
		      export->incremental ? export->from_us : export->export_time_us,
		      export->incremental ? export->to_us : export->export_time_us);
	}
	return 0;
}

static int take_window(void *context, const struct state_domain_window *window)
{
	struct making *making = context;
	const struct state_source *file = state_source(making->run->state, window->source);
	uint32_t index = file == NULL ? making->outcome->source_count : run_source_of(making->run, file->group);
	if (index < making->outcome->source_count && window->lo <= window->hi)
		widen(&making->outcome->sources[index], window->lo, window->hi);
	return 0;
}

static void add_record(struct making *making, struct finding *finding, const char *role,
		       const struct fact_origin *origin)
{
	const struct state_source *source = origin->source != 0 ? state_source(making->run->state, origin->source)
								: NULL;
	if (source == NULL || finding->record_count == FINDING_RECORDS_MAX)
		return;
	finding->records[finding->record_count++] =
		(struct finding_record){role, arena_copy(&making->outcome->arena, slice_from(source->path)).data, true,
					origin->record, origin->offset};
}

static int make_finding(struct making *making, const struct kept *kept, struct finding *finding, struct error *error)
{
	const struct judgement *judgement = &kept->judgement;
	struct arena *arena = &making->outcome->arena;
	*finding = (struct finding){.id = kept->id};
	finding->key_json = key_json(making->run->contract, judgement->key, arena);
	finding->cause = cause_text(judgement, making->run->scope, kept->id, arena);
	if (finding->key_json == NULL || finding->cause == NULL)
		return out_of_memory(error);
	char digest[ACCEPT_DIGEST_MAX];
	if (accept_covers(kept->id) && accept_digest(making->run->contract, judgement, digest) &&
	    (finding->digest = arena_copy(arena, slice_from(digest)).data) == NULL)
		return out_of_memory(error);
	add_record(making, finding, "decided", &judgement->decided);
	if (kept->id == FINDING_ROW_STALE) {
		add_record(making, finding, judgement->stale_before ? "older image (the old image of)" : "older image",
			   &judgement->stale);
		for (uint32_t i = 0; i < judgement->missed && i < JUDGE_MISSED_MAX; i++)
			add_record(making, finding, "missed", &judgement->missed_facts[i]);
	}
	if (kept->id == FINDING_CHAIN_BROKEN || kept->id == FINDING_STAMP_CONFLICT)
		add_record(making, finding, "broken", &judgement->broken);
	add_record(making, finding, "lake row", &judgement->lake);
	for (uint32_t i = 0; i < finding->record_count; i++)
		if (finding->records[i].path == NULL)
			return out_of_memory(error);
	return 0;
}

static bool is_tolerable(enum finding_id id)
{
	return id == FINDING_ROW_STALE || id == FINDING_ROW_DIFFERS;
}

static int by_key(const void *left, const void *right)
{
	const struct judgement *a = *(const struct judgement *const *)left;
	const struct judgement *b = *(const struct judgement *const *)right;
	if (a->key_hash != b->key_hash)
		return a->key_hash < b->key_hash ? -1 : 1;
	return slice_compare(a->key, b->key);
}

/* The key is equal: its finding, and that a value of it does not fit its column, are taken back. */
static int forgive(struct making *making, const struct kept *kept, struct error *error)
{
	struct outcome *outcome = making->outcome;
	const struct judgement *judgement = &kept->judgement;
	bool accepted = false;
	outcome->by_id[kept->id]--;
	outcome->counts.different--;
	outcome->counts.equal++;
	outcome->counts.within_tolerance++;
	if (judgement->expected.flags == 0)
		return 0;
	int code = accept_find(making->run->accept, making->run->contract, FINDING_VALUE_PRECISION_LOST, judgement,
			       &accepted, error);
	outcome->by_id[FINDING_VALUE_PRECISION_LOST]--;
	outcome->accepted_by_id[FINDING_VALUE_PRECISION_LOST] -= accepted;
	return code;
}

/* Rows that were read again and are within their columns' tolerance are equal. All others stay different, those that
 * were not read for want of room included. */
static int apply_tolerance(struct making *making, const struct kept *const *kept, uint64_t *count, struct error *error)
{
	struct outcome *outcome = making->outcome;
	uint64_t forgiven_count = 0, left = 0, differing = 0;
	if (!making->run->contract->any_tolerance)
		return 0;
	const struct judgement **forgiven = calloc(*count + 1, sizeof(*forgiven));
	int code = forgiven == NULL ? out_of_memory(error) : 0;
	for (uint64_t i = 0; i < *count && code == 0; i++) {
		if (!is_tolerable(kept[i]->id))
			continue;
		differing += !outcome->findings[i].within_tolerance;
		if (!outcome->findings[i].within_tolerance)
			continue;
		forgiven[forgiven_count++] = &kept[i]->judgement;
		code = forgive(making, kept[i], error);
	}
	if (forgiven_count > 0)
		qsort(forgiven, forgiven_count, sizeof(*forgiven), by_key);
	for (uint64_t i = 0; i < *count && code == 0; i++) {
		const struct judgement *judgement = &kept[i]->judgement;
		bool of_row = is_tolerable(kept[i]->id) || kept[i]->id == FINDING_VALUE_PRECISION_LOST;
		if (!of_row || forgiven_count == 0 ||
		    bsearch(&judgement, forgiven, forgiven_count, sizeof(*forgiven), by_key) == NULL)
			outcome->findings[left++] = outcome->findings[i];
	}
	for (int id = 0; id < FINDING_COUNT; id++)
		if (is_tolerable((enum finding_id)id))
			outcome->tolerance_unread += outcome->by_id[id] - outcome->accepted_by_id[id];
	outcome->tolerance_unread -= code == 0 ? differing : 0;
	*count = left;
	free(forgiven);
	return code;
}

static int make_findings(struct making *making, const struct kept *const *kept, uint64_t kept_count,
			 struct error *error)
{
	struct outcome *outcome = making->outcome;
	uint64_t room = outcome->finding_limit > making->loose.count ? outcome->finding_limit - making->loose.count : 0;
	if (kept_count > room)
		kept_count = room;
	outcome->findings = arena_array(&outcome->arena, making->loose.count + kept_count + 1,
					sizeof *outcome->findings);
	if (outcome->findings == NULL)
		return out_of_memory(error);
	int code = 0;
	for (uint64_t i = 0; i < kept_count && code == 0; i++)
		code = make_finding(making, kept[i], &outcome->findings[i], error);
	if (code == 0)
		code = evidence_fill(making->run, kept, outcome->findings, kept_count, false, &outcome->arena, error);
	if (code == 0)
		code = apply_tolerance(making, kept, &kept_count, error);
	if (making->loose.count > 0)
		memcpy(outcome->findings + kept_count, making->loose.findings,
		       making->loose.count * sizeof *making->loose.findings);
	outcome->finding_count = kept_count + making->loose.count;
	return code;
}

/* The sums that every report states hold, or the program is wrong. */
static int check_sums(const struct outcome *outcome, struct error *error)
{
	const struct outcome_counts *counts = &outcome->counts;
	uint64_t rows = 0;
	for (int id = FINDING_ROW_DUPLICATE; id <= FINDING_HISTORY_END; id++)
		rows += outcome->by_id[id];
	if (counts->compared != counts->equal + counts->different || rows != counts->different ||
	    counts->keys !=
		    counts->compared + counts->unproven + counts->out_of_scope + counts->deleted + counts->nothing)
		return error_set(error, ERROR_INTERNAL,
				 "the counts do not add up: keys %" PRIu64 ", compared %" PRIu64 ", equal %" PRIu64
				 ", different %" PRIu64 ", row findings %" PRIu64,
				 counts->keys, counts->compared, counts->equal, counts->different, rows);
	return 0;
}

static bool proves_empty(const struct run *run)
{
	bool empty = true, full = false;
	for (uint32_t i = 0; i < run->export_count; i++) {
		empty = empty && run->exports[i].complete && run->exports[i].export->item_count == 0;
		/* What `as_of` left out says nothing. */
		for (uint32_t j = 0; j < run->scope->export_count; j++)
			full = full || run->scope->exports[j].group == run->exports[i].group;
	}
	return empty && full;
}

static int fill_outcome(struct making *making, struct collect *collect, struct error *error)
{
	struct run *run = making->run;
	struct outcome *outcome = making->outcome;
	const struct kept *const *kept = NULL;
	uint64_t kept_count = 0;
	verdict_levels(run->contract, outcome);
	collect_accept(collect, run->accept, run->contract);
	int code = run_judge(run, collect_visit, collect, error);
	if (code == 0)
		code = collect_finish(collect, &outcome->counts, outcome->by_id, &kept, &kept_count, error);
	collect_accepted(collect, outcome->accepted_by_id);
	if (code == 0)
		code = check_sums(outcome, error);
	if (code == 0)
		code = loose_collect(&making->loose, error);
	fill_proved(run->scope, outcome);
	if (code == 0)
		code = fill_lake(making, error);
	if (code == 0)
		code = fill_sources(making, error);
	if (code == 0)
		code = state_windows(run->state, run->sources, run->source_count, take_window, making, error);
	if (code == 0)
		code = make_findings(making, kept, kept_count, error);
	if (code == 0)
		code = check_sums(outcome, error);
	if (code == 0)
		code = verdict_weigh(run->contract, outcome, proves_empty(run), error);
	return code;
}

int reconcile_lake(struct run *run, struct outcome **out, struct error *error)
{
	struct outcome *outcome = calloc(1, sizeof *outcome);
	struct collect *collect = collect_new(run->options.jobs, run->options.finding_limit);
	struct making making = {run, outcome, {run, outcome, run->options.finding_limit / 2 + 1, NULL, 0, 0, NULL, 0}};
	int code = 0;
	*out = NULL;
	if (outcome == NULL || collect == NULL) {
		code = out_of_memory(error);
		goto out;
	}
	arena_init(&outcome->arena, (size_t)8 << 30);
	outcome->run_us = clock_now_us();
	outcome->finding_limit = run->options.finding_limit;
	outcome->sample_ppb = run->options.sample_ppb;
	outcome->values_full = run->options.values_full;
	if (run->contract->any_sensitive)
		outcome->sensitive_key = run->contract->sensitive_key_env != NULL
						 ? arena_text(&outcome->arena, "$%s", run->contract->sensitive_key_env)
						 : "a random key of this run";
	outcome->contract = arena_copy(&outcome->arena, slice_from(run->contract->path)).data;
	outcome->table = arena_copy(&outcome->arena, slice_from(run->contract->table)).data;
	code = fill_outcome(&making, collect, error);
out:
	collect_free(collect);
	loose_release(&making.loose);
	if (code != 0) {
		outcome_free(outcome);
		free(outcome);
		return code;
	}
	*out = outcome;
	return 0;
}
