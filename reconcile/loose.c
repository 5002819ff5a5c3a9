#include "reconcile/loose.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "reconcile/contract/disclosure.h"

static int out_of_memory(struct error *error)
{
	return error_set(error, ERROR_INTERNAL, "out of memory");
}

int loose_add(struct loose *loose, const struct finding *finding, struct error *error)
{
	loose->outcome->by_id[finding->id]++;
	if (loose->count >= loose->limit)
		return 0;
	if (loose->count == loose->capacity) {
		uint64_t capacity = loose->capacity == 0 ? 16 : loose->capacity * 2;
		struct finding *grown = realloc(loose->findings, capacity * sizeof *grown);
		if (grown == NULL)
			return out_of_memory(error);
		loose->findings = grown;
		loose->capacity = capacity;
	}
	loose->findings[loose->count++] = *finding;
	return 0;
}

struct problem_context {
	struct loose *loose;
	struct error *error;
	int code;
};

static int take_problem(void *context, const struct state_problem *problem)
{
	struct problem_context *self = context;
	struct arena *arena = &self->loose->outcome->arena;
	enum finding_id id = finding_from_text(problem->id);
	if (id == FINDING_COUNT) {
		self->code = error_set(self->error, ERROR_INTERNAL, "a reader reports the unknown finding '%s'",
				       problem->id);
		return 1;
	}
	const struct run *run = self->loose->run;
	const char *message = disclosure_message(run->contract, run->options.values_full, problem->id, problem->message,
						 arena);
	struct finding finding = {.id = id};
	finding.cause = message == NULL ? NULL : arena_copy(arena, slice_from(message)).data;
	if (problem->has_key) {
		finding.key_json = key_json(run->contract, problem->key, arena);
	}
	if (problem->path != NULL && problem->path[0] != '\0')
		finding.records[finding.record_count++] =
			(struct finding_record){"file", arena_copy(arena, slice_from(problem->path)).data,
						problem->has_position, problem->record, problem->offset};
	self->code = loose_add(self->loose, &finding, self->error);
	return self->code != 0;
}

static int take_attribute(void *context, const char *name, uint64_t images)
{
	struct problem_context *self = context;
	struct loose *loose = self->loose;
	struct arena *arena = &loose->outcome->arena;
	for (uint64_t i = 0; i < loose->attribute_count; i++)
		if (strcmp(loose->attributes[i], name) == 0)
			return 0;
	const char **grown = reallocarray(loose->attributes, loose->attribute_count + 1, sizeof *grown);
	if (grown == NULL) {
		self->code = out_of_memory(self->error);
		return 1;
	}
	loose->attributes = grown;
	name = loose->attributes[loose->attribute_count++] = arena_copy(arena, slice_from(name)).data;
	struct finding finding = {
		.id = FINDING_ATTRIBUTE_UNMAPPED,
		.cause = arena_text(arena,
				    "attribute '%s' is neither mapped nor ignored (in one file alone %" PRIu64
				    " images have it); add a column, or list it under ignore_attributes",
				    name, images),
		.column_count = 1};
	finding.columns[0].name = name;
	self->code = name == NULL ? out_of_memory(self->error) : loose_add(loose, &finding, self->error);
	return self->code != 0;
}

static int tell_plan(struct loose *loose, struct error *error)
{
	const struct plan_report *report = digest_plan_report(loose->run->plan);
	struct arena *arena = &loose->outcome->arena;
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
		code = loose_add(loose, &finding, error);
	}
	for (uint32_t i = 0; i < report->mismatch_count && code == 0; i++) {
		const struct plan_mismatch *mismatch = &report->mismatches[i];
		struct finding finding = {.id = FINDING_COLUMN_TYPE,
					  .column_count = 1,
					  .cause = arena_text(arena,
							      "column '%s' is %s in the table, the contract says %s",
							      mismatch->column, mismatch->have, mismatch->want)};
		finding.columns[0].name = arena_copy(arena, slice_from(mismatch->column)).data;
		code = loose_add(loose, &finding, error);
	}
	loose->outcome->columns_compared = report->compared_columns;
	loose->outcome->columns_total = report->table_columns;
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
static int tell_silence(struct loose *loose, struct error *error)
{
	const struct run *run = loose->run;
	int code = 0;
	for (uint32_t i = 0; i < run->contract->source_count && code == 0; i++) {
		const struct contract_source *source = &run->contract->sources[i];
		bool speaks = !contract_holds_changes(source);
		for (uint32_t j = 0; j < run->scope->span_count; j++)
			speaks = speaks || run->scope->spans[j].group == run->source_groups[i];
		if (speaks)
			continue;
		struct finding finding = {
			.id = FINDING_COVERAGE_HOLE,
			.cause = arena_text(&loose->outcome->arena,
					    "'%s' holds no record, so it covers no time; if it was captured and "
					    "nothing happened, say when with from: and to:",
					    source->text)};
		code = loose_add(loose, &finding, error);
	}
	return code;
}

static int tell_scope(struct loose *loose, struct error *error)
{
	const struct scope *scope = loose->run->scope;
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
			.cause = arena_text(&loose->outcome->arena,
					    "no capture covers %s to %s%s; keys decided before its end are not "
					    "proven, and keys that are new in it may not be known at all. %s",
					    clock_format(hole->lo, from), clock_format(hole->hi, to),
					    hole->first ? ": it begins after the earliest export" : "", advice)};
		code = loose_add(loose, &finding, error);
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

static int compare_arn(struct loose *loose, struct slice *first, const char *arn, const char *where,
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
		.cause = arena_text(&loose->outcome->arena,
				    "%s is of table %.*s, an earlier source is of %.*s; put sources of "
				    "one table into one contract",
				    where, (int)table.size, table.data, (int)first->size, first->data)};
	return loose_add(loose, &finding, error);
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
static int compare_kinesis(struct loose *loose, const char *known, const char *domain, struct error *error)
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
		.cause = arena_text(&loose->outcome->arena,
				    "records of Kinesis are of table %.*s in %.*s, others are of %.*s in %.*s; put "
				    "sources of one table into one contract, and split what one Kinesis stream has of "
				    "several tables",
				    (int)table.size, table.data, (int)region.size, region.data, (int)known_table.size,
				    known_table.data, (int)known_region.size, known_region.data)};
	return loose_add(loose, &finding, error);
}

/* Exports that do not say of which table they are, where others do. */
static int tell_unknown_tables(struct loose *loose, struct error *error)
{
	const struct run *run = loose->run;
	bool arns = false, ids = false;
	int code = 0;
	for (uint32_t i = 0; i < run->export_count; i++) {
		arns = arns || run->exports[i].export->table_arn[0] != '\0';
		ids = ids || run->exports[i].export->table_id[0] != '\0';
	}
	for (uint32_t i = 0; i < run->scope->domain_count; i++)
		arns = arns || strncmp(run->scope->domains[i].name, "arn:", 4) == 0;
	for (uint32_t i = 0; i < run->export_count && code == 0; i++) {
		const struct export *export = run->exports[i].export;
		bool no_arn = arns && export->table_arn[0] == '\0', no_id = ids && export->table_id[0] == '\0';
		if (!no_arn && !no_id)
			continue;
		struct finding finding = {
			.id = FINDING_SOURCE_MIXED,
			.cause = arena_text(&loose->outcome->arena,
					    "%s has a manifest-summary.json without %s, which other sources have: "
					    "it is not known to be of the same table",
					    export->folder, no_arn ? "tableArn" : "tableId")};
		code = loose_add(loose, &finding, error);
	}
	return code;
}

static int tell_identity(struct loose *loose, struct error *error)
{
	struct run *run = loose->run;
	struct slice first = {NULL, 0};
	const char *table_id = "", *known = NULL;
	int code = tell_unknown_tables(loose, error);
	for (uint32_t i = 0; i < run->export_count && code == 0; i++) {
		const struct export *export = run->exports[i].export;
		const char *text = export->folder;
		code = compare_arn(loose, &first, export->table_arn, text, error);
		if (code == 0 && table_id[0] != '\0' && export->table_id[0] != '\0' &&
		    strcmp(table_id, export->table_id) != 0) {
			struct finding finding = {
				.id = FINDING_SOURCE_MIXED,
				.cause = arena_text(
					&loose->outcome->arena,
					"%s is of table id %s, an earlier export is of %s: the table was deleted "
					"and made again in between",
					text, export->table_id, table_id)};
			code = loose_add(loose, &finding, error);
		}
		if (export->table_id[0] != '\0')
			table_id = export->table_id;
	}
	for (uint32_t i = 0; i < run->scope->domain_count && code == 0; i++) {
		const struct scope_domain *domain = &run->scope->domains[i];
		if (strncmp(domain->name, "arn:", 4) == 0)
			code = compare_arn(loose, &first, domain->name, "a stream", error);
	}
	if (first.size > 0 && strncmp(first.data, "arn:", 4) == 0)
		known = first.data;
	for (uint32_t i = 0; i < run->scope->domain_count && code == 0; i++) {
		const struct scope_domain *domain = &run->scope->domains[i];
		if (strncmp(domain->name, KINESIS_DOMAIN, strlen(KINESIS_DOMAIN)) != 0)
			continue;
		if (known != NULL)
			code = compare_kinesis(loose, known, domain->name, error);
		known = known == NULL ? domain->name : known;
	}
	return code;
}

/* Lines that served go to the outcome, others are told. */
static int tell_accept(struct loose *loose, struct error *error)
{
	const struct accept *accept = loose->run->accept;
	struct outcome *outcome = loose->outcome;
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
			outcome->accepted[outcome->accepted_count++] =
				(struct outcome_accepted){line->id, arena_copy(arena, slice_from(line->key_json)).data,
							  arena_copy(arena, slice_from(line->digest)).data,
							  arena_copy(arena, slice_from(line->until)).data,
							  arena_copy(arena, slice_from(line->why)).data};
			continue;
		}
		struct finding finding = {
			.id = seen ? FINDING_ACCEPT_EXPIRED : FINDING_ACCEPT_UNUSED,
			.key_json = arena_copy(arena, slice_from(line->key_json)).data,
			.cause = arena_text(arena,
					    seen ? "%s:%" PRIu32 ": %s was accepted until %s; it is still there"
						 : "%s:%" PRIu32 ": there is no such %s (accepted until %s); "
						   "take the line out",
					    accept->path, line->number, finding_kinds[line->id].id, line->until)};
		code = loose_add(loose, &finding, error);
	}
	return code;
}

int loose_collect(struct loose *loose, struct error *error)
{
	struct run *run = loose->run;
	struct problem_context context = {loose, error, 0};
	int code = tell_plan(loose, error);
	if (code == 0)
		code = tell_scope(loose, error);
	if (code == 0)
		code = tell_silence(loose, error);
	if (code == 0)
		code = tell_identity(loose, error);
	if (code == 0)
		code = tell_accept(loose, error);
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
	loose->outcome->attributes_compared = columns;
	loose->outcome->attributes_total = columns + loose->outcome->by_id[FINDING_ATTRIBUTE_UNMAPPED];
	return code;
}

void loose_release(struct loose *loose)
{
	free(loose->findings);
	free(loose->attributes);
}
