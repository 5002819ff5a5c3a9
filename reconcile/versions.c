/* A range of versions is opened, its keys are walked one by one beside their evidence, and what was found is weighed.
 */
#include "reconcile/versions.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "reconcile/verdict.h"
#include "reconcile/versions_internal.h"

static int out_of_memory(struct error *error)
{
	return error_set(error, ERROR_INTERNAL, "out of memory for a table's versions");
}

const char *versions_reason_text(enum versions_reason reason)
{
	static const char *const texts[VERSIONS_REASON_COUNT] = {
		[VERSIONS_UNPROVEN] = "the evidence does not prove them",
		[VERSIONS_UNKNOWN] = "no source knows them",
		[VERSIONS_UNORDERED] = "the order of their changes is not known",
		[VERSIONS_HOLE] = "something may have happened to them that was not captured",
		[VERSIONS_NO_IMAGE] = "they had a row that is none of the item's images",
		[VERSIONS_COLUMNS] = "they changed in a version that has other columns"};
	return texts[reason];
}

const char *versions_row_text(uint64_t digest, char text[VERSIONS_ROW_TEXT])
{
	snprintf(text, VERSIONS_ROW_TEXT, "%016" PRIx64, digest);
	return text;
}

/* ---- opening */

static int open_store(struct versions *versions, struct error *error)
{
	const struct run *run = versions->run;
	const char *folder = arena_text(&versions->arena, "%s/versions", run->state_folder);
	if (folder == NULL)
		return out_of_memory(error);
	int code = state_open(folder, &versions->store, error);
	return code != 0 ? code : state_group(versions->store, "lake", &versions->store_group, error);
}

int versions_open(struct run *run, const struct versions_options *options, struct versions **out, struct error *error)
{
	struct versions *versions = calloc(1, sizeof *versions);
	*out = NULL;
	if (versions == NULL)
		return out_of_memory(error);
	versions->run = run;
	versions->options = *options;
	arena_init(&versions->arena, (size_t)1 << 30);
	int code = 0;
	if (run->table == NULL)
		code = error_set(error, ERROR_USAGE, "%s: there is no 'lake:' whose versions could be looked at",
				 run->contract->path);
	if (code == 0)
		code = open_store(versions, error);
	if (code == 0)
		code = versions_list(versions, error);
	versions->whole = options->whole || (code == 0 && versions->base == 0 && versions->slots[0].version < 0);
	if (code == 0)
		code = versions_read(versions, error);
	if (code != 0) {
		versions_close(versions);
		return code;
	}
	*out = versions;
	return 0;
}

void versions_close(struct versions *versions)
{
	if (versions == NULL)
		return;
	versions_release_files(versions);
	state_close(versions->store);
	arena_release(&versions->arena);
	free(versions);
}

/* ---- the evidence, beside the keys */

struct evidence {
	struct merge_plan plan;
	struct merge_reader *reader;
	const struct fact *next;
	struct judge *judge;
	uint32_t *exports; /* by export group's id: its index in the scope + 1 */
	uint32_t group_limit;
};

struct checking {
	struct versions *versions;
	struct versions_outcome *outcome;
	struct evidence evidence;
	struct line line;
	struct versions_key key;
	uint32_t base;    /* the slot before the first that is judged */
	bool base_counts; /* its rows are some of the item's images */
	uint64_t finding_capacity;
};

static int open_evidence(struct checking *checking, struct error *error)
{
	struct run *run = checking->versions->run;
	struct evidence *evidence = &checking->evidence;
	struct merge_options options = run_merge_options(run);
	options.memory_max /= 2;
	int code = merge_plan_make(run->state, &options, &evidence->plan, error);
	if (code != 0)
		return code;
	for (uint32_t i = 0; i < run->scope->export_count; i++)
		if (run->scope->exports[i].group >= evidence->group_limit)
			evidence->group_limit = run->scope->exports[i].group + 1;
	evidence->exports = calloc((size_t)evidence->group_limit + 1, sizeof *evidence->exports);
	evidence->judge = judge_new(run->scope, evidence->plan.groups);
	if (evidence->exports == NULL || evidence->judge == NULL)
		return out_of_memory(error);
	for (uint32_t i = 0; i < run->scope->export_count; i++)
		evidence->exports[run->scope->exports[i].group] = i + 1;
	code = merge_reader_new(&evidence->plan, &evidence->reader, error);
	if (code == 0)
		code = merge_reader_begin(evidence->reader, 0, UINT64_MAX, error);
	if (code == 0)
		code = merge_reader_next(evidence->reader, &evidence->next, error);
	return code;
}

static void close_evidence(struct evidence *evidence)
{
	judge_free(evidence->judge);
	merge_reader_free(evidence->reader);
	merge_plan_release(&evidence->plan);
	free(evidence->exports);
}

static int order_of_keys(const struct fact *fact, const struct versions_key *key)
{
	const struct fact other = {.key_hash = key->hash, .key = key->key, .kind = fact->kind};
	struct fact same = {.key_hash = fact->key_hash, .key = fact->key, .kind = fact->kind};
	return fact_compare(&same, &other);
}

static uint32_t export_of(const struct evidence *evidence, const struct fact *fact)
{
	uint32_t group = fact->source < evidence->plan.source_limit ? evidence->plan.groups[fact->source] : 0;
	return group < evidence->group_limit && evidence->exports[group] > 0 ? evidence->exports[group] - 1
									     : UINT32_MAX;
}

/* What the evidence says of the key: its line. */
static int meet_evidence(struct checking *checking, struct error *error)
{
	enum { BEARABLE = UNPROVEN_IMAGE | UNPROVEN_HOLE }; /* the line knows of these itself */
	struct evidence *evidence = &checking->evidence;
	int code = 0, order = -1;
	line_begin(&checking->line);
	judge_begin(evidence->judge);
	while (code == 0 && evidence->next != NULL && (order = order_of_keys(evidence->next, &checking->key)) <= 0) {
		if (order == 0) {
			judge_fact(evidence->judge, evidence->next);
			code = line_take(&checking->line, evidence->next, export_of(evidence, evidence->next), error);
		}
		if (code == 0)
			code = merge_reader_next(evidence->reader, &evidence->next, error);
	}
	if (code == 0)
		code = line_end(&checking->line, error);
	if (code != 0 || checking->line.reason == VERSIONS_UNKNOWN)
		return code;
	if ((judge_end(evidence->judge)->unproven & ~(uint32_t)BEARABLE) != 0)
		checking->line.reason = VERSIONS_UNPROVEN;
	return 0;
}

/* ---- findings */

static const char *time_text(const struct checking *checking, int64_t time_us)
{
	char text[CLOCK_TEXT_MAX];
	return time_us == INT64_MIN ? "an earlier time"
				    : arena_text(&checking->outcome->arena, "%s", clock_format(time_us, text));
}

static const char *cause_of(const struct checking *checking, const struct versions_finding *finding,
			    const struct line_floor *floor, const struct line_state *older, uint32_t rows)
{
	struct arena *arena = &checking->outcome->arena;
	const char *operation = finding->operation[0] != '\0' ? finding->operation : "an unknown operation";
	if (finding->kind == VERSIONS_TWICE)
		return arena_text(arena, "version %" PRId64 " (%s) left %" PRIu32 " rows of the key", finding->version,
				  operation, rows);
	const char *was = time_text(checking, floor->time_us), *is = time_text(checking, older->time_us);
	if (was == NULL || is == NULL)
		return NULL;
	if (strcmp(operation, "RESTORE") == 0)
		return arena_text(arena,
				  "version %" PRId64 " restored the table to an older one, which takes rows back on "
				  "purpose: what the item was at %s stands again, where version %" PRId64
				  " had what it became at %s",
				  finding->version, is, finding->before, was);
	if (finding->kind == VERSIONS_CAME_BACK)
		return arena_text(arena,
				  "the item was deleted at %s and version %" PRId64 " had no row; version %" PRId64
				  " (%s) wrote what it was at %s again",
				  was, finding->before, finding->version, operation, is);
	return arena_text(arena,
			  "version %" PRId64 " had what the item became at %s or later; version %" PRId64
			  " (%s) put what it was at %s in its place",
			  finding->before, was, finding->version, operation, is);
}

static int add_record(struct checking *checking, struct versions_finding *finding, const char *role,
		      const struct fact_origin *origin, struct error *error)
{
	const struct state_source *source = origin->source != 0
						    ? state_source(checking->versions->run->state, origin->source)
						    : NULL;
	if (source == NULL || finding->record_count == FINDING_RECORDS_MAX)
		return 0;
	const char *path = arena_copy(&checking->outcome->arena, slice_from(source->path)).data;
	if (path == NULL)
		return out_of_memory(error);
	finding->records[finding->record_count++] = (struct finding_record){role, path, true, origin->record,
									    origin->offset};
	return 0;
}

static int add_row(struct checking *checking, struct versions_finding *finding, const struct versions_held *held,
		   struct error *error)
{
	if (finding->record_count == FINDING_RECORDS_MAX)
		return 0;
	const char *path = arena_copy(&checking->outcome->arena, slice_from(held->file->path)).data;
	if (path == NULL)
		return out_of_memory(error);
	finding->records[finding->record_count++] = (struct finding_record){"lake row", path, true, held->record, 0};
	return 0;
}

/* A place for the finding, or NULL when enough are kept. */
static struct versions_finding *new_finding(struct checking *checking, enum versions_kind kind, uint32_t slot,
					    struct error *error)
{
	struct versions_outcome *outcome = checking->outcome;
	struct versions *versions = checking->versions;
	enum finding_id id = kind == VERSIONS_TWICE ? FINDING_ROW_DUPLICATE : FINDING_VERSION_REGRESSED;
	outcome->found[kind]++;
	outcome->by_id[id]++;
	outcome->steps[slot - 1].findings[kind]++;
	if (outcome->finding_count >= versions->options.finding_limit)
		return NULL;
	if (outcome->finding_count == checking->finding_capacity) {
		uint64_t capacity = checking->finding_capacity * 2 + 16;
		struct versions_finding *grown = reallocarray(outcome->findings, capacity, sizeof *grown);
		if (grown == NULL) {
			out_of_memory(error);
			return NULL;
		}
		outcome->findings = grown;
		checking->finding_capacity = capacity;
	}
	struct versions_finding *finding = &outcome->findings[outcome->finding_count++];
	*finding = (struct versions_finding){.kind = kind,
					     .id = id,
					     .version = versions->slots[slot].version,
					     .before = versions->slots[slot - 1].version,
					     .repaired = -1,
					     .operation = outcome->steps[slot - 1].operation,
					     .key = arena_copy(&outcome->arena, checking->key.key)};
	finding->key_json = key_json(versions->run->contract, checking->key.key, &outcome->arena);
	if (finding->key.data == NULL || finding->key_json == NULL)
		out_of_memory(error);
	return finding;
}

/* ---- one key's walk over the versions */

struct walk {
	struct line_floor floor;
	struct line_floor lost; /* where the floor was when the row went back, until it is there again */
	bool is_lost, is_twice;
	uint64_t lost_finding, twice_finding; /* index + 1 */
	bool found[VERSIONS_KIND_COUNT];
	const struct versions_held *row; /* of the moment before; NULL without one */
	bool unjudged[VERSIONS_REASON_COUNT];
};

static const struct versions_held *row_of(const struct checking *checking, const struct versions_moment *moment)
{
	return moment->count == 1 ? &checking->key.held[moment->first] : NULL;
}

/* Until when the item's changes can have reached the table. */
static int64_t until_of(const struct versions *versions, uint32_t slot)
{
	enum { CLOCKS_US = 60000000 }; /* how far the lake's clock may be behind */
	const struct versions_options *options = &versions->options;
	int64_t version = versions->slots[slot].version;
	int64_t time_us = options->clock != NULL ? options->clock(options->clock_context, version)
						 : versions->slots[slot].commit_us;
	return time_us > INT64_MAX - CLOCKS_US ? INT64_MAX : time_us + CLOCKS_US;
}

static int tell_back(struct checking *checking, struct walk *walk, const struct versions_moment *moment,
		     const struct line_floor *was, const struct line_state *older, struct error *error)
{
	enum versions_kind kind = was->absent ? VERSIONS_CAME_BACK : VERSIONS_WENT_BACK;
	struct versions_finding *finding = new_finding(checking, kind, moment->slot, error);
	const struct versions_held *row = row_of(checking, moment);
	walk->found[kind] = true;
	walk->is_lost = true;
	walk->lost = *was;
	walk->lost_finding = finding == NULL ? 0 : checking->outcome->finding_count;
	if (finding == NULL || error->code != 0)
		return error->code;
	versions_row_text(row->digest, finding->row);
	if (walk->row != NULL && !walk->row->deleted)
		versions_row_text(walk->row->digest, finding->row_before);
	finding->cause = cause_of(checking, finding, was, older, 1);
	if (finding->cause == NULL)
		return out_of_memory(error);
	int code = add_record(checking, finding, was->absent ? "deleted" : "newer image", &was->origin, error);
	if (code == 0)
		code = add_record(checking, finding, "older image", &older->origin, error);
	return code != 0 ? code : add_row(checking, finding, row, error);
}

static int tell_twice(struct checking *checking, struct walk *walk, const struct versions_moment *moment,
		      struct error *error)
{
	struct versions_finding *finding = new_finding(checking, VERSIONS_TWICE, moment->slot, error);
	walk->found[VERSIONS_TWICE] = true;
	walk->twice_finding = finding == NULL ? 0 : checking->outcome->finding_count;
	if (finding == NULL || error->code != 0)
		return error->code;
	if (walk->row != NULL && walk->row->exact)
		versions_row_text(walk->row->digest, finding->row_before);
	if (checking->key.held[moment->first].exact)
		versions_row_text(checking->key.held[moment->first].digest, finding->row);
	finding->cause = cause_of(checking, finding, NULL, NULL, moment->count);
	int code = finding->cause == NULL ? out_of_memory(error) : 0;
	for (uint32_t i = 0; i < moment->count && code == 0; i++)
		code = add_row(checking, finding, &checking->key.held[moment->first + i], error);
	return code;
}

static void set_right(struct checking *checking, uint64_t number, uint32_t slot)
{
	if (number > 0)
		checking->outcome->findings[number - 1].repaired = checking->versions->slots[slot].version;
}

/* One row, or none: where on the line of its images it is now. */
static int step_row(struct checking *checking, struct walk *walk, const struct versions_moment *moment,
		    struct error *error)
{
	const struct versions_held *row = row_of(checking, moment);
	const struct line *line = &checking->line;
	enum line_row kind = row == NULL ? LINE_NONE : row->deleted ? LINE_SOFT : LINE_IMAGE;
	int64_t until_us = until_of(checking->versions, moment->slot);
	const struct line_state *older;
	struct line_floor was = walk->floor;
	if (row != NULL && (!row->exact || versions_unlike(checking->versions, moment->slot) != NULL)) {
		/* The key's first row is no step back, whatever it is. */
		walk->unjudged[VERSIONS_COLUMNS] = walk->unjudged[VERSIONS_COLUMNS] || was.place >= 0;
		return 0;
	}
	if (line->reason != VERSIONS_REASON_COUNT)
		return 0;
	enum line_answer answer = line_step(line, &walk->floor, kind, row == NULL ? 0 : row->digest, until_us, &older);
	bool judged = moment->slot > checking->base;
	walk->unjudged[VERSIONS_NO_IMAGE] = walk->unjudged[VERSIONS_NO_IMAGE] || (answer == LINE_NO_IMAGE && judged);
	walk->unjudged[VERSIONS_HOLE] = walk->unjudged[VERSIONS_HOLE] || (answer == LINE_HOLE && judged);
	if (walk->is_lost && kind == LINE_IMAGE && line_reaches(line, &walk->lost, row->digest, until_us)) {
		set_right(checking, walk->lost_finding, moment->slot);
		walk->is_lost = false;
	} else if (walk->is_lost && kind != LINE_IMAGE && walk->lost.absent) {
		set_right(checking, walk->lost_finding, moment->slot);
		walk->is_lost = false;
	}
	if (answer != LINE_BACK || !judged)
		return 0;
	if (checking->versions->run->contract->any_tolerance) {
		/* It may be near a newer image. */
		walk->unjudged[VERSIONS_NO_IMAGE] = true;
		return 0;
	}
	return tell_back(checking, walk, moment, &was, older, error);
}

static void count_step(struct checking *checking, const struct versions_moment *moment)
{
	struct versions_step *step = &checking->outcome->steps[moment->slot - 1];
	step->rows_came += moment->came;
	step->rows_went += moment->went;
	step->keys++;
}

static int walk_moments(struct checking *checking, struct walk *walk, struct error *error)
{
	int code = 0;
	for (uint32_t i = 0; i < checking->key.moment_count && code == 0; i++) {
		const struct versions_moment *moment = &checking->key.moments[i];
		bool judged = moment->slot > checking->base;
		if (i > 0)
			count_step(checking, moment);
		if (walk->is_twice && moment->count < 2)
			set_right(checking, walk->twice_finding, moment->slot);
		if (judged && !walk->is_twice && moment->count > 1)
			code = tell_twice(checking, walk, moment, error);
		walk->is_twice = moment->count > 1;
		/* Of what stood before the first version judged, the last counts. */
		bool last = i + 1 == checking->key.moment_count || checking->key.moments[i + 1].slot > checking->base;
		if (code == 0 && moment->count < 2 && (judged || (last && checking->base_counts)))
			code = step_row(checking, walk, moment, error);
		walk->row = row_of(checking, moment);
	}
	return code;
}

static int check_key(struct checking *checking, struct error *error)
{
	struct versions *versions = checking->versions;
	struct versions_outcome *outcome = checking->outcome;
	struct walk walk = {.floor = LINE_NOWHERE};
	int code = versions_key_end(&checking->key, versions->base, versions->slot_count - 1, error);
	uint32_t count = checking->key.moment_count;
	if (code != 0 || count < 2)
		return code;
	code = meet_evidence(checking, error);
	if (code == 0)
		code = walk_moments(checking, &walk, error);
	if (code != 0 || checking->key.moments[count - 1].slot <= checking->base)
		return code;
	for (int kind = 0; kind < VERSIONS_KIND_COUNT; kind++)
		outcome->found_keys[kind] += walk.found[kind];
	outcome->keys++;
	if (checking->line.reason != VERSIONS_REASON_COUNT)
		walk.unjudged[checking->line.reason] = true;
	int reason = 0;
	while (reason < VERSIONS_REASON_COUNT && !walk.unjudged[reason])
		reason++;
	if (reason < VERSIONS_REASON_COUNT)
		outcome->keys_unjudged[reason]++;
	else
		outcome->keys_judged++;
	return 0;
}

static int check_keys(struct checking *checking, struct error *error)
{
	struct versions_stream stream;
	bool has_key = true;
	int code = versions_stream_open(checking->versions, NULL, &stream, error);
	if (code == 0)
		code = open_evidence(checking, error);
	while (code == 0 && has_key) {
		code = versions_stream_next(checking->versions, &stream, &checking->key, &has_key, error);
		if (code == 0 && has_key)
			code = check_key(checking, error);
	}
	versions_stream_close(&stream);
	close_evidence(&checking->evidence);
	return code;
}

/* ---- the outcome */

/* What a lake held before the evidence begins may be images that no source has. */
static void find_base(struct checking *checking)
{
	struct versions *versions = checking->versions;
	const struct scope *scope = versions->run->scope;
	int64_t begin = INT64_MAX;
	if (scope->export_count > 0)
		begin = scope->exports[0].lo;
	if (scope->landed_count > 0 && scope->landed[0].lo < begin)
		begin = scope->landed[0].lo;
	checking->base = versions->base;
	checking->base_counts = true;
	for (uint32_t slot = versions->base; slot < versions->slot_count; slot++) {
		if (versions->slots[slot].version < 0 || until_of(versions, slot) >= begin)
			continue;
		checking->base = slot;
		checking->base_counts = false;
	}
}

static int make_steps(struct checking *checking, struct error *error)
{
	struct versions *versions = checking->versions;
	struct versions_outcome *outcome = checking->outcome;
	outcome->step_count = versions->slot_count - 1;
	outcome->steps = calloc(outcome->step_count + 1, sizeof *outcome->steps);
	if (outcome->steps == NULL)
		return out_of_memory(error);
	for (uint32_t slot = 1; slot < versions->slot_count; slot++) {
		struct versions_step *step = &outcome->steps[slot - 1];
		step->version = versions->slots[slot].version;
		step->commit_us = versions->slots[slot].commit_us;
		step->operation = arena_copy(&outcome->arena, slice_from(versions->slots[slot].operation)).data;
		step->unjudged = slot <= versions->base   ? "files that it removed, or the log before it, are gone"
				 : slot <= checking->base ? "it was committed before the evidence begins"
				 : versions_unlike(versions, slot) != NULL
					 ? arena_text(&outcome->arena, "%s", versions_unlike(versions, slot))
					 : NULL;
		outcome->steps_judged += step->unjudged == NULL;
		if (step->operation == NULL)
			return out_of_memory(error);
	}
	for (uint64_t i = 0; i < versions->file_count; i++)
		for (uint32_t span = 0; span < versions->files[i].span_count; span++) {
			const struct versions_span *at = &versions->files[i].spans[span];
			if (at->begin > versions->base)
				outcome->steps[at->begin - 1].files_added++;
			if (at->end < versions->slot_count)
				outcome->steps[at->end - 1].files_removed++;
		}
	return 0;
}

static int add_reason(struct versions_outcome *outcome, const char *reason, struct error *error)
{
	if (reason == NULL)
		return out_of_memory(error);
	if (outcome->reason_count < VERSIONS_REASONS_MAX)
		outcome->reasons[outcome->reason_count++] = reason;
	return 0;
}

static int weigh_found(struct checking *checking, struct error *error)
{
	struct versions_outcome *outcome = checking->outcome;
	struct outcome *levels = calloc(1, sizeof *levels);
	int code = 0;
	if (levels == NULL)
		return out_of_memory(error);
	verdict_levels(checking->versions->run->contract, levels);
	for (int id = 0; id < FINDING_COUNT && code == 0; id++) {
		if (outcome->by_id[id] == 0 || levels->levels[id] < LEVEL_UNKNOWN)
			continue;
		if (levels->levels[id] == LEVEL_FAIL)
			outcome->verdict = VERDICT_FAIL;
		code = add_reason(outcome,
				  arena_text(&outcome->arena, "%s: %" PRIu64 " finding%s", finding_kinds[id].id,
					     outcome->by_id[id], outcome->by_id[id] == 1 ? "" : "s"),
				  error);
	}
	free(levels);
	return code;
}

static int weigh(struct checking *checking, struct error *error)
{
	struct versions_outcome *outcome = checking->outcome;
	outcome->verdict = VERDICT_UNKNOWN;
	int code = weigh_found(checking, error);
	for (int i = 0; i < VERSIONS_REASON_COUNT && code == 0; i++)
		if (outcome->keys_unjudged[i] > 0)
			code = add_reason(outcome,
					  arena_text(&outcome->arena, "%" PRIu64 " of %" PRIu64 " keys: %s",
						     outcome->keys_unjudged[i], outcome->keys,
						     versions_reason_text((enum versions_reason)i)),
					  error);
	if (code == 0 && outcome->steps_judged == 0)
		code = add_reason(outcome, "no version could be judged", error);
	else if (code == 0 && outcome->keys == 0)
		code = add_reason(outcome, "no row came or went in these versions, so nothing was judged", error);
	if (outcome->reason_count == 0)
		outcome->verdict = VERDICT_PASS;
	return code;
}

static int by_version(const void *left, const void *right)
{
	const struct versions_finding *a = left, *b = right;
	if (a->version != b->version)
		return a->version < b->version ? -1 : 1;
	int order = strcmp(a->key_json, b->key_json);
	return order != 0 ? order : (int)a->kind - (int)b->kind;
}

static const char *not_applicable(const struct contract *contract)
{
	switch (contract->shape) {
	case SHAPE_HISTORY:
		return "the lake keeps a row of each version of an item: its rows are judged at once by reconcile";
	case SHAPE_EVENTS:
		return "the lake keeps a row of each event, which is never another: reconcile judges them";
	default:
		return NULL;
	}
}

static int check(struct checking *checking, struct error *error)
{
	struct versions *versions = checking->versions;
	struct versions_outcome *outcome = checking->outcome;
	find_base(checking);
	outcome->from = versions->slots[checking->base].version;
	outcome->to = versions->slots[versions->slot_count - 1].version;
	outcome->whole = versions->whole;
	outcome->files_read = versions->files_read;
	outcome->files_gone = versions->files_gone;
	line_init(&checking->line, versions->run->scope);
	int code = make_steps(checking, error);
	outcome->not_applicable = not_applicable(versions->run->contract);
	if (code == 0 && outcome->not_applicable != NULL) {
		outcome->verdict = VERDICT_UNKNOWN;
		return add_reason(outcome, outcome->not_applicable, error);
	}
	if (code == 0)
		code = check_keys(checking, error);
	if (code == 0)
		code = weigh(checking, error);
	if (code == 0 && outcome->finding_count > 0)
		qsort(outcome->findings, outcome->finding_count, sizeof *outcome->findings, by_version);
	return code;
}

int versions_check(struct versions *versions, struct versions_outcome *outcome, struct error *error)
{
	struct checking checking = {.versions = versions, .outcome = outcome};
	*outcome = (struct versions_outcome){.verdict = VERDICT_UNKNOWN};
	arena_init(&outcome->arena, (size_t)1 << 30);
	const struct contract *contract = versions->run->contract;
	outcome->lake = contract->name == NULL ? NULL : arena_copy(&outcome->arena, slice_from(contract->name)).data;
	outcome->table = arena_copy(&outcome->arena, slice_from(contract->delta)).data;
	int code = outcome->table == NULL ? out_of_memory(error) : check(&checking, error);
	line_release(&checking.line);
	versions_key_release(&checking.key);
	if (code != 0)
		versions_outcome_release(outcome);
	return code;
}

void versions_outcome_release(struct versions_outcome *outcome)
{
	free(outcome->findings);
	free(outcome->steps);
	arena_release(&outcome->arena);
	*outcome = (struct versions_outcome){.verdict = VERDICT_UNKNOWN};
}
