#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "reconcile/judge/cause.h"
#include "reconcile/collect.h"
#include "reconcile/contract/disclosure.h"
#include "reconcile/evidence.h"
#include "reconcile/quarantine.h"
#include "reconcile/reconcile_lakes.h"
#include "reconcile/verdict.h"

struct making {
	struct run *run;
	struct outcome *outcome;
	struct finding *loose; /* findings that are not about judged keys */
	uint64_t loose_count, loose_capacity;
	uint64_t loose_limit;
	const char **attributes; /* unmapped ones told so far; texts are the outcome's */
	uint64_t attribute_count;
};

static int out_of_memory(struct error *error)
{
	return error_set(error, ERROR_INTERNAL, "out of memory");
}

static int add_loose(struct making *making, const struct finding *finding, struct error *error)
{
	making->outcome->by_id[finding->id]++;
	if (making->loose_count >= making->loose_limit)
		return 0;
	if (making->loose_count == making->loose_capacity) {
		uint64_t capacity = making->loose_capacity == 0 ? 16 : making->loose_capacity * 2;
		struct finding *grown = realloc(making->loose, capacity * sizeof *grown);
		if (grown == NULL)
			return out_of_memory(error);
		making->loose = grown;
		making->loose_capacity = capacity;
	}
	making->loose[making->loose_count++] = *finding;
	return 0;
}

static const char *key_json(struct making *making, struct slice key)
{
	struct buffer json;
	buffer_init(&json, 1 << 16);
	const char *text = NULL;
	if (key_append_json(making->run->contract, key, &json) == 0)
		text = arena_copy(&making->outcome->arena, buffer_slice(&json)).data;
	buffer_release(&json);
	return text;
}

struct problem_context {
	struct making *making;
	struct error *error;
	int code;
};

static int take_problem(void *context, const struct state_problem *problem)
{
	struct problem_context *self = context;
	struct arena *arena = &self->making->outcome->arena;
	enum finding_id id = finding_from_text(problem->id);
	if (id == FINDING_COUNT) {
		self->code = error_set(self->error, ERROR_INTERNAL, "a reader reports the unknown finding '%s'",
				       problem->id);
		return 1;
	}
	const struct run *run = self->making->run;
	const char *message =
		disclosure_message(run->contract, run->options.values_full, problem->id, problem->message, arena);
	struct finding finding = {.id = id};
	finding.cause = message == NULL ? NULL : arena_copy(arena, slice_from(message)).data;
	if (problem->has_key) {
		finding.key_json = key_json(self->making, problem->key);
	}
	if (problem->path != NULL && problem->path[0] != '\0')
		finding.records[finding.record_count++] =
			(struct finding_record){"file", arena_copy(arena, slice_from(problem->path)).data,
						problem->has_position, problem->record, problem->offset};
	self->code = add_loose(self->making, &finding, self->error);
	return self->code != 0;
}

static int take_attribute(void *context, const char *name, uint64_t images)
{
	struct problem_context *self = context;
	struct making *making = self->making;
	struct arena *arena = &making->outcome->arena;
	for (uint64_t i = 0; i < making->attribute_count; i++)
		if (strcmp(making->attributes[i], name) == 0)
			return 0;
	const char **grown = reallocarray(making->attributes, making->attribute_count + 1, sizeof *grown);
	if (grown == NULL) {
		self->code = out_of_memory(self->error);
		return 1;
	}
	making->attributes = grown;
	name = making->attributes[making->attribute_count++] = arena_copy(arena, slice_from(name)).data;
	struct finding finding = {
		.id = FINDING_ATTRIBUTE_UNMAPPED,
		.cause = arena_text(arena,
				    "attribute '%s' is neither mapped nor ignored (in one file alone %" PRIu64
				    " images have it); add a column, or list it under ignore_attributes",
				    name, images),
		.column_count = 1};
	finding.columns[0].name = name;
	self->code = name == NULL ? out_of_memory(self->error) : add_loose(making, &finding, self->error);
	return self->code != 0;
}

static int loose_from_plan(struct making *making, struct error *error)
{
	const struct plan_report *report = digest_plan_report(making->run->plan);
	struct arena *arena = &making->outcome->arena;
	int code = 0;
	for (uint32_t i = 0; i < report->unmapped_count && code == 0; i++) {
		struct finding finding = {
			.id = FINDING_COLUMN_UNMAPPED,
			.column_count = 1,
			.cause = arena_text(arena,
					    "column '%s' is neither mapped nor ignored; add it under columns, or "
					    "under ignore",
					    report->unmapped_columns[i])};
		finding.columns[0].name = arena_copy(arena, slice_from(report->unmapped_columns[i])).data;
		code = add_loose(making, &finding, error);
	}
	for (uint32_t i = 0; i < report->mismatch_count && code == 0; i++) {
		const struct plan_mismatch *mismatch = &report->mismatches[i];
		struct finding finding = {.id = FINDING_COLUMN_TYPE,
					  .column_count = 1,
					  .cause = arena_text(arena,
							      "column '%s' is %s in the table, the contract says %s",
							      mismatch->column, mismatch->have, mismatch->want)};
		finding.columns[0].name = arena_copy(arena, slice_from(mismatch->column)).data;
		code = add_loose(making, &finding, error);
	}
	making->outcome->columns_compared = report->compared_columns;
	making->outcome->columns_total = report->table_columns;
	return code;
}

/* Of a hole that a later complete export closes nothing is left to tell: that export knows every key. */
static bool is_healed(const struct scope *scope, const struct scope_hole *hole)
{
	for (uint32_t i = 0; i < scope->export_count; i++)
		if (scope->exports[i].complete && scope->exports[i].lo >= hole->hi)
			return true;
	return false;
}

/* A source of events that holds nothing, and does not say when it was captured, is no evidence of anything. */
static int loose_from_silence(struct making *making, struct error *error)
{
	const struct run *run = making->run;
	int code = 0;
	for (uint32_t i = 0; i < run->contract->source_count && code == 0; i++) {
		const struct contract_source *source = &run->contract->sources[i];
		bool speaks = source->kind != SOURCE_EVENTS;
		for (uint32_t j = 0; j < run->scope->span_count; j++)
			speaks = speaks || run->scope->spans[j].group == run->source_groups[i];
		if (speaks)
			continue;
		struct finding finding = {
			.id = FINDING_COVERAGE_HOLE,
			.cause = arena_text(&making->outcome->arena,
					    "'%s' holds no record, so it covers no time; if it was captured and "
					    "nothing happened, say when with from: and to:",
					    source->text)};
		code = add_loose(making, &finding, error);
	}
	return code;
}

static int loose_from_scope(struct making *making, struct error *error)
{
	const struct scope *scope = making->run->scope;
	int code = 0;
	for (uint32_t i = 0; i < scope->hole_count && code == 0; i++) {
		const struct scope_hole *hole = &scope->holes[i];
		if (is_healed(scope, hole))
			continue;
		char from[CLOCK_TEXT_MAX], to[CLOCK_TEXT_MAX];
		const char *advice = "If the capture did run, say so with from: or to: in its source";
		if (hole->labelled)
			advice = "The stream was enabled only then, as its ARN says, so from: cannot begin it earlier; "
				 "a later export closes the hole";
		struct finding finding = {
			.id = FINDING_COVERAGE_HOLE,
			.cause = arena_text(&making->outcome->arena,
					    "no capture covers %s to %s%s; keys decided before its end are not "
					    "proven, and keys that are new in it may not be known at all. %s",
					    clock_format(hole->lo, from), clock_format(hole->hi, to),
					    hole->first ? ": it begins after the earliest export" : "", advice)};
		code = add_loose(making, &finding, error);
	}
	return code;
}

/* The table part of an ARN: everything before "/stream/" or "/export/". */
static struct slice table_arn(const char *arn)
{
	const char *end = strstr(arn, "/stream/");
	if (end == NULL)
		end = strstr(arn, "/export/");
	return (struct slice){arn, end != NULL ? (size_t)(end - arn) : strlen(arn)};
}

static int compare_arn(struct making *making, struct slice *first, const char *arn, const char *where,
		       struct error *error)
{
	struct slice table = table_arn(arn);
	if (table.size == 0)
		return 0;
	if (first->size == 0) {
		*first = table;
		return 0;
	}
	if (slice_equal(*first, table))
		return 0;
	struct finding finding = {
		.id = FINDING_SOURCE_MIXED,
		.cause = arena_text(&making->outcome->arena,
				    "%s is of table %.*s, an earlier source is of %.*s; put sources of "
				    "one table into one contract",
				    where, (int)table.size, table.data, (int)first->size, first->data)};
	return add_loose(making, &finding, error);
}

/* The text up to the next of `ends`; *rest begins after that. */
static struct slice next_part(const char **rest, const char *ends)
{
	struct slice part = {*rest, strcspn(*rest, ends)};
	*rest += part.size + ((*rest)[part.size] != '\0');
	return part;
}

/* Region and table of a table's ARN, arn:aws:dynamodb:REGION:ACCOUNT:table/TABLE, or of KINESIS_DOMAIN REGION:TABLE. */
static void table_names(const char *text, struct slice *region, struct slice *table)
{
	bool is_arn = strncmp(text, KINESIS_DOMAIN, strlen(KINESIS_DOMAIN)) != 0;
	for (int parts = is_arn ? 3 : 1; parts > 0; parts--)
		(void)next_part(&text, ":");
	*region = next_part(&text, ":");
	if (is_arn)
		(void)next_part(&text, "/");
	*table = next_part(&text, is_arn ? "/" : "");
}

/* What records of Kinesis do not say is no difference. */
static int compare_kinesis(struct making *making, const char *known, const char *domain, struct error *error)
{
	struct slice region, table, known_region, known_table;
	table_names(known, &known_region, &known_table);
	table_names(domain, &region, &table);
	bool same_region = region.size == 0 || known_region.size == 0 || slice_equal(region, known_region);
	bool same_table = table.size == 0 || known_table.size == 0 || slice_equal(table, known_table);
	if (same_region && same_table)
		return 0;
	struct finding finding = {
		.id = FINDING_SOURCE_MIXED,
		.cause = arena_text(&making->outcome->arena,
				    "records of Kinesis are of table %.*s in %.*s, others are of %.*s in %.*s; put "
				    "sources of one table into one contract, and split what one Kinesis stream has of "
				    "several tables",
				    (int)table.size, table.data, (int)region.size, region.data, (int)known_table.size,
				    known_table.data, (int)known_region.size, known_region.data)};
	return add_loose(making, &finding, error);
}

static int loose_from_identity(struct making *making, struct error *error)
{
	struct run *run = making->run;
	struct slice first = {NULL, 0};
	const char *table_id = "", *known = NULL;
	int code = 0;
	for (uint32_t i = 0; i < run->export_count && code == 0; i++) {
		const struct export *export = run->exports[i].export;
		const char *text = run->contract->sources[run->exports[i].contract_source].text;
		code = compare_arn(making, &first, export->table_arn, text, error);
		if (code == 0 && table_id[0] != '\0' && export->table_id[0] != '\0' &&
		    strcmp(table_id, export->table_id) != 0) {
			struct finding finding = {
				.id = FINDING_SOURCE_MIXED,
				.cause = arena_text(
					&making->outcome->arena,
					"%s is of table id %s, an earlier export is of %s: the table was deleted "
					"and made again in between",
					text, export->table_id, table_id)};
			code = add_loose(making, &finding, error);
		}
		if (export->table_id[0] != '\0')
			table_id = export->table_id;
	}
	for (uint32_t i = 0; i < run->scope->domain_count && code == 0; i++) {
		const struct scope_domain *domain = &run->scope->domains[i];
		if (strncmp(domain->name, "arn:", 4) == 0)
			code = compare_arn(making, &first, domain->name, "a stream", error);
	}
	if (first.size > 0 && strncmp(first.data, "arn:", 4) == 0)
		known = first.data;
	for (uint32_t i = 0; i < run->scope->domain_count && code == 0; i++) {
		const struct scope_domain *domain = &run->scope->domains[i];
		if (strncmp(domain->name, KINESIS_DOMAIN, strlen(KINESIS_DOMAIN)) != 0)
			continue;
		if (known != NULL)
			code = compare_kinesis(making, known, domain->name, error);
		known = known == NULL ? domain->name : known;
	}
	return code;
}

/* Lines that served go to the outcome, others are told. */
static int loose_from_accept(struct making *making, struct error *error)
{
	const struct accept *accept = making->run->accept;
	struct outcome *outcome = making->outcome;
	struct arena *arena = &outcome->arena;
	int code = 0;
	if (accept == NULL)
		return 0;
	outcome->accepted = arena_array(arena, accept->count + 1, sizeof *outcome->accepted);
	if (outcome->accepted == NULL)
		return out_of_memory(error);
	for (uint64_t i = 0; i < accept->count && code == 0; i++) {
		const struct accept_line *line = &accept->lines[i];
		bool seen = atomic_load(&line->seen), expired = accept->now_us >= line->end_us;
		if (!seen && outcome->sample_ppb != 0)
			continue; /* its key may just not be in the sample */
		if (seen && !expired) {
			outcome->accepted[outcome->accepted_count++] = (struct outcome_accepted){
				line->id, arena_copy(arena, slice_from(line->key_json)).data,
				arena_copy(arena, slice_from(line->digest)).data,
				arena_copy(arena, slice_from(line->until)).data,
				arena_copy(arena, slice_from(line->why)).data};
			continue;
		}
		struct finding finding = {
			.id = seen ? FINDING_ACCEPT_EXPIRED : FINDING_ACCEPT_UNUSED,
			.key_json = arena_copy(arena, slice_from(line->key_json)).data,
			.cause = arena_text(arena, seen ? "%s:%" PRIu32 ": %s was accepted until %s; it is still there"
							: "%s:%" PRIu32 ": there is no such %s (accepted until %s); "
							  "take the line out",
					    accept->path, line->number, finding_kinds[line->id].id, line->until)};
		code = add_loose(making, &finding, error);
	}
	return code;
}

static int collect_loose(struct making *making, struct error *error)
{
	struct run *run = making->run;
	struct problem_context context = {making, error, 0};
	int code = loose_from_plan(making, error);
	if (code == 0)
		code = loose_from_scope(making, error);
	if (code == 0)
		code = loose_from_silence(making, error);
	if (code == 0)
		code = loose_from_identity(making, error);
	if (code == 0)
		code = loose_from_accept(making, error);
	for (uint64_t i = 0; i < run->problem_count && code == 0; i++)
		if (take_problem(&context, &run->problems[i]) != 0)
			code = context.code;
	if (code == 0)
		code = state_problems(run->state, run->sources, run->source_count, take_problem, &context, error);
	if (code == 0)
		code = context.code;
	if (code == 0)
		code = state_attributes(run->state, run->sources, run->source_count, take_attribute, &context, error);
	if (code == 0)
		code = context.code;
	uint32_t columns = run->contract->column_count;
	if (run->contract->by_name != BY_NAME_NONE)
		columns = digest_plan_report(run->plan)->compared_columns;
	making->outcome->attributes_compared = columns;
	making->outcome->attributes_total = columns + making->outcome->by_id[FINDING_ATTRIBUTE_UNMAPPED];
	return code;
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
	for (uint32_t i = 0; i < scope->window_count; i++)
		if (scope->windows[i].lo <= from && scope->windows[i].hi > from)
			return scope->windows[i].hi;
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
	outcome->has_proved_dynamodb = begin != INT64_MIN;
	outcome->proved_dynamodb_us = outcome->has_proved_dynamodb ? follow_independent(scope, begin, chain) : begin;
	outcome->has_proved_landing = scope->window_count > 0;
	outcome->changed_only = scope->window_count > 0 && !knows_all_keys(scope);
	if (outcome->changed_only)
		outcome->changed_since_us = scope->windows[0].lo;
	if (outcome->has_proved_landing)
		outcome->proved_landing_us = follow_any(scope, begin != INT64_MIN ? outcome->proved_dynamodb_us
										  : scope->windows[0].lo);
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
	return add_loose(making, &finding, error);
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
		[SOURCE_EXPORT] = "export", [SOURCE_EVENTS] = "events", [SOURCE_ITEMS] = "items"};
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
		if (contract->sources[i].kind == SOURCE_ITEMS) {
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
	finding->key_json = key_json(making, judgement->key);
	finding->cause = cause_text(judgement, kept->id, arena);
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
	uint64_t room = outcome->finding_limit > making->loose_count ? outcome->finding_limit - making->loose_count : 0;
	if (kept_count > room)
		kept_count = room;
	outcome->findings = arena_array(&outcome->arena, making->loose_count + kept_count + 1,
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
	if (making->loose_count > 0)
		memcpy(outcome->findings + kept_count, making->loose, making->loose_count * sizeof *making->loose);
	outcome->finding_count = kept_count + making->loose_count;
	return code;
}

/* The sums that every report states hold, or the program is wrong. */
static int check_sums(const struct outcome *outcome, struct error *error)
{
	const struct outcome_counts *counts = &outcome->counts;
	uint64_t rows = 0;
	for (int id = FINDING_ROW_DUPLICATE; id <= FINDING_ROW_DIFFERS; id++)
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
		code = collect_loose(making, error);
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

static int fill_quarantine(struct making *making, struct error *error)
{
	struct quarantine quarantine;
	int code = quarantine_write(making->run, &quarantine, error);
	if (code != 0 || quarantine.lines == 0)
		return code;
	making->outcome->quarantined = quarantine.lines;
	making->outcome->quarantine = arena_copy(&making->outcome->arena, slice_from(quarantine.path)).data;
	return making->outcome->quarantine == NULL ? out_of_memory(error) : 0;
}

int reconcile_lake(struct run *run, struct outcome **out, struct error *error)
{
	struct outcome *outcome = calloc(1, sizeof *outcome);
	struct collect *collect = collect_new(run->options.jobs, run->options.finding_limit);
	struct making making = {.run = run, .outcome = outcome, .loose_limit = run->options.finding_limit / 2 + 1};
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
	if (code == 0)
		code = fill_quarantine(&making, error);
out:
	collect_free(collect);
	free(making.loose);
	free(making.attributes);
	if (code != 0) {
		outcome_free(outcome);
		free(outcome);
		return code;
	}
	*out = outcome;
	return 0;
}
