#include "reconcile/run.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "reconcile/ingest/ingest.h"
#include "reconcile/ingest/rows_plan.h"

static int lake_open(struct run *run, struct error *error)
{
	const struct contract *contract = run->contract;
	if (!run->options.with_lake || run->is_unrouted)
		return 0;
	if (contract->delta == NULL && run->options.lake_optional)
		return 0;
	if (contract->delta == NULL)
		return error_set(error, ERROR_USAGE, "%s: there is no 'lake:' to compare with; add one, or use merge",
				 contract->path);
	int64_t version = run->options.has_version ? run->options.version : contract->version;
	int code = bridge_table_open(contract->delta, version, &run->table, error);
	if (code != 0)
		return code;
	return bridge_table_schema(run->table, &run->schema, error);
}

/* Types may be left to the table, so a plan without a lake looks at the lake's schema too when it is there. */
static int plan_open(struct run *run, struct error *error)
{
	if (run->table != NULL)
		return digest_plan_new(run->contract, &run->schema, &run->plan, error);
	struct bridge_table *table = NULL;
	struct ArrowSchema schema = {0};
	struct error ignored = {0};
	if (run->contract->delta != NULL &&
	    bridge_table_open(run->contract->delta, run->contract->version, &table, &ignored) == 0 &&
	    bridge_table_schema(table, &schema, &ignored) != 0)
		schema.release = NULL;
	int code = digest_plan_new(run->contract, schema.release != NULL ? &schema : NULL, &run->plan, error);
	if (schema.release != NULL)
		schema.release(&schema);
	bridge_table_close(table);
	return code;
}

static int missing_columns(struct run *run, struct error *error)
{
	const struct plan_report *report = digest_plan_report(run->plan);
	if (run->table == NULL || report->missing_count == 0)
		return 0;
	return error_set(error, ERROR_USAGE,
			 "%s: column '%s' is not in the table '%s' (%u of the contract's columns are not); correct the "
			 "contract's columns, or the table's version",
			 run->contract->path, report->missing_columns[0], run->contract->delta, report->missing_count);
}

static int state_folder_open(struct run *run, struct error *error)
{
	const char *folder = run->options.state_folder, *path = run->contract->path;
	const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path, *dot = strrchr(name, '.');
	size_t size = dot != NULL && dot > name ? (size_t)(dot - name) : strlen(name);
	/* Contracts of one folder have each their own: a state is locked while it is used. */
	if (folder == NULL && slice_is((struct slice){name, size}, "contract"))
		folder = arena_text(&run->arena, "%s/.lakeproof", run->contract->folder);
	else if (folder == NULL)
		folder = arena_text(&run->arena, "%s/.lakeproof/%.*s", run->contract->folder, (int)size, name);
	else
		folder = arena_text(&run->arena, "%s", folder); /* who opened it may have it on the stack */
	run->whole_folder = folder;
	/* A lake's facts are its own (docs/decisions/0003-lakes.md); no name of a lake begins with a dash. */
	if (folder != NULL && (run->contract->name != NULL || run->is_unrouted))
		folder = arena_text(&run->arena, "%s/lakes/%s", folder,
				    run->is_unrouted ? "-unrouted" : run->contract->name);
	if (folder == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	run->state_folder = folder;
	return state_open(folder, &run->state, error);
}

static int run_begin(const struct run_options *options, struct contract *whole, struct contract *contract,
		     struct run *run, struct error *error)
{
	assert(contract != NULL);
	run->whole = whole;
	run->contract = contract;
	run->is_unrouted = contract == whole->unrouted;
	run->options = *options;
	if (run->options.jobs == 0)
		run->options.jobs = 1;
	int code = lake_open(run, error);
	if (code == 0)
		code = plan_open(run, error);
	if (code == 0)
		code = missing_columns(run, error);
	if (code == 0 && run->table != NULL && run->contract->accept != NULL)
		code = accept_load(run->contract, clock_now_us(), &run->accept, error);
	if (code == 0)
		code = state_folder_open(run, error);
	return code;
}

static struct run *run_new(struct error *error)
{
	struct run *run = calloc(1, sizeof *run);
	if (run == NULL)
		error_set(error, ERROR_INTERNAL, "out of memory");
	else
		arena_init(&run->arena, (size_t)1 << 30);
	return run;
}

/* All lakes have a say in what the rows of a source are. */
static int shapes_open(struct run *first, struct error *error)
{
	uint32_t count = 0;
	for (const struct run *run = first; run != NULL; run = run->next)
		count++;
	const struct digest_plan **plans = calloc(count, sizeof(*plans));
	const struct rows_shape **shapes = NULL;
	count = 0;
	for (const struct run *run = first; run != NULL && plans != NULL; run = run->next)
		plans[count++] = run->plan;
	if (plans != NULL)
		shapes = rows_plan(first->whole, plans, count, &first->arena);
	free(plans);
	for (struct run *run = first; run != NULL; run = run->next)
		run->shapes = shapes;
	return shapes != NULL ? 0 : error_set(error, ERROR_INTERNAL, "out of memory");
}

int run_open(const struct run_options *options, struct run **out, struct error *error)
{
	struct run *first = run_new(error), *run = first;
	*out = NULL;
	if (first == NULL)
		return error_code(error);
	first->is_first = true;
	int code = contract_load(options->contract, &first->whole, error);
	struct contract *whole = first->whole;
	if (code == 0 && options->has_version && whole->lake_count > 1)
		code = error_set(error, ERROR_USAGE, "%s: --version is of one table, the contract has %u lakes",
				 whole->path, whole->lake_count);
	for (uint32_t i = 0; code == 0 && i < whole->lake_count + (whole->unrouted != NULL); i++) {
		if (i > 0 && (run = run->next = run_new(error)) == NULL)
			code = error_code(error);
		else
			code = run_begin(options, whole, i < whole->lake_count ? whole->lakes[i] : whole->unrouted, run,
					 error);
	}
	if (code == 0)
		code = shapes_open(first, error);
	if (code != 0) {
		run_close(first);
		return code;
	}
	*out = first;
	return 0;
}

struct run *run_of_lake(struct run *run, const char *name)
{
	if (name == NULL)
		return run->whole->lake_count == 1 ? run : NULL;
	while (run != NULL && (run->contract->name == NULL || strcmp(run->contract->name, name) != 0))
		run = run->next;
	return run;
}

static void close_one(struct run *run)
{
	for (uint32_t i = 0; i < run->export_count && run->is_first; i++)
		export_close(run->exports[i].export);
	free(run->exports);
	free(run->dumps);
	free(run->source_groups);
	free(run->sources);
	free(run->lake_sources);
	free(run->problems);
	accept_free(run->accept);
	scope_free(run->scope);
	state_close(run->state);
	digest_plan_free(run->plan);
	if (run->schema.release != NULL)
		run->schema.release(&run->schema);
	bridge_table_close(run->table);
	arena_release(&run->arena);
	free(run);
}

void run_close(struct run *run)
{
	struct contract *whole = run != NULL ? run->whole : NULL;
	while (run != NULL) {
		struct run *next = run->next;
		close_one(run);
		run = next;
	}
	contract_free(whole);
}

struct merge_options run_merge_options(const struct run *run)
{
	return (struct merge_options){.sources = run->sources,
				      .source_count = run->source_count,
				      .workers = run->options.jobs,
				      .memory_max = run->options.memory_max};
}

static const char *copied(struct run *run, const char *text)
{
	return arena_copy(&run->arena, slice_from(text != NULL ? text : "")).data;
}

int run_problem(struct run *run, const struct state_problem *problem, struct error *error)
{
	if (run->problem_count == run->problem_capacity) {
		uint64_t capacity = run->problem_capacity == 0 ? 16 : run->problem_capacity * 2;
		struct state_problem *grown = realloc(run->problems, capacity * sizeof *grown);
		if (grown == NULL)
			return error_set(error, ERROR_INTERNAL, "out of memory");
		run->problems = grown;
		run->problem_capacity = capacity;
	}
	struct state_problem *copy = &run->problems[run->problem_count];
	*copy = *problem;
	copy->id = copied(run, problem->id);
	copy->path = copied(run, problem->path);
	copy->message = copied(run, problem->message);
	if (problem->has_key)
		copy->key = arena_copy(&run->arena, problem->key);
	if (copy->id == NULL || copy->path == NULL || copy->message == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	run->problem_count++;
	return 0;
}

uint32_t run_source_of(const struct run *run, uint32_t group)
{
	for (uint32_t i = 0; i < run->export_count; i++)
		if (run->exports[i].group == group)
			return run->exports[i].contract_source;
	uint32_t i = 0;
	while (i < run->contract->source_count && run->source_groups[i] != group)
		i++;
	return i;
}

static int scope_open(struct run *run, struct error *error)
{
	struct scope_inputs inputs = {0};
	struct scope_export_input *exports = calloc(run->export_count + run->contract->source_count + 1,
						    sizeof *exports);
	struct scope_increment_input *increments = calloc(run->export_count + 1, sizeof *increments);
	/* To a lake of events exports say nothing. */
	bool snapshots = run->contract->shape != SHAPE_EVENTS;
	for (uint32_t i = 0; i < run->export_count && exports != NULL && increments != NULL && snapshots; i++) {
		const struct run_export *from = &run->exports[i];
		const struct export *export = from->export;
		const char *name = run->contract->sources[from->contract_source].text;
		if (export->incremental)
			increments[inputs.increment_count++] = (struct scope_increment_input){
				from->group, name, export->from_us, export->to_us, from->complete};
		else
			exports[inputs.export_count++] = (struct scope_export_input){.group = from->group,
										     .name = name,
										     .from_us = export->export_time_us,
										     .to_us = export->export_time_us,
										     .complete = from->complete};
	}
	for (uint32_t i = 0; i < run->contract->source_count && exports != NULL && snapshots; i++) {
		const struct contract_source *source = &run->contract->sources[i];
		if (contract_is_dump(source))
			exports[inputs.export_count++] = (struct scope_export_input){.group = run->source_groups[i],
								       .name = source->text,
								       .from_us = source->from_us,
								       .to_us = source->to_us,
								       .dump = true,
								       .complete = run->dumps[i]};
	}
	inputs.exports = exports;
	/* Of what no lake takes there are no rows, and only whether an item is there counts. */
	inputs.by_row = rows_plan_by_row(run->contract) && (run->is_unrouted || digest_plan_has_rows(run->plan));
	inputs.increments = increments;
	struct merge_options options = run_merge_options(run);
	int64_t commit_us = run->table != NULL ? bridge_table_info(run->table)->commit_time_ms * 1000 : 0;
	int code = exports == NULL || increments == NULL
			   ? error_set(error, ERROR_INTERNAL, "out of memory")
			   : scope_build(run->state, run->contract, run->source_groups, &options, &inputs,
					 run->table != NULL, commit_us, &run->scope, error);
	free(exports);
	free(increments);
	return code;
}

int run_ingest(struct run *run, struct error *error)
{
	int code = ingest_sources(run, error);
	for (; run != NULL && code == 0; run = run->next) {
		code = state_fit_memory(run->state, run->options.memory_max, error);
		if (code == 0)
			code = scope_open(run, error);
	}
	return code;
}

/* Judging, watched: each worker tells of its keys a thousand at a time. */
enum { KEYS_AT_ONCE = 1024 };

struct watched {
	const struct run_watch *watch;
	merge_visit visit;
	void *context;
	struct watched_worker {
		uint64_t keys;
		char pad[56]; /* workers count often: not on one cache line */
	} * workers;
};

static int visit_watched(void *context, uint32_t worker, const struct judgement *judgement, struct error *error)
{
	struct watched *watched = context;
	if (++watched->workers[worker].keys % KEYS_AT_ONCE == 0)
		watched->watch->add(KEYS_AT_ONCE, 0);
	return watched->visit(watched->context, worker, judgement, error);
}

int run_judge(struct run *run, merge_visit visit, void *context, struct error *error)
{
	struct merge_options options = run_merge_options(run);
	const struct run_watch *watch = &run->options.watch;
	struct watched watched = {.watch = watch, .visit = visit, .context = context};
	options.hash_max = UINT64_MAX / 1000000000 * run->options.sample_ppb;
	if (watch->begin == NULL || watch->add == NULL || watch->end == NULL)
		return merge_run(run->state, run->scope, &options, visit, context, error);
	watched.workers = calloc(run->options.jobs, sizeof *watched.workers);
	if (watched.workers == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	watch->begin("judging", 0, "keys");
	int code = merge_run(run->state, run->scope, &options, visit_watched, &watched, error);
	for (uint32_t i = 0; i < run->options.jobs; i++)
		watch->add(watched.workers[i].keys % KEYS_AT_ONCE, 0);
	watch->end();
	free(watched.workers);
	return code;
}
