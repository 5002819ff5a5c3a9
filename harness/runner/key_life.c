#include "harness/runner/key_life.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "harness/runner/contract_compose.h"
#include "harness/runner/folder.h"
#include "harness/runner/record_change.h"
#include "reconcile/collect.h"
#include "reconcile/evidence.h"
#include "reconcile/ingest/ingest_file.h"
#include "reconcile/versions.h"

enum { CONTRACT_MAX = 8 * 1024 * 1024, BATCHES_MAX = 10000, COLUMNS_SHOWN = 3, VALUE_MAX = 40, TEXT_MAX = 1 << 20 };
#define MEMORY_MAX ((size_t)64 << 20)

struct gathering {
	const struct invariants *invariants;
	struct key_life *life;
	struct run *run;
	struct slice key;
	struct error *error;
	struct kept found; /* of the evidence */
	bool judged;
	struct json_parser *parser;
	/* of each event, its place in the evidence */
	struct fact_origin *origins;
	uint32_t origin_capacity;
};

static int no_memory(struct gathering *gathering)
{
	return error_set(gathering->error, ERROR_INTERNAL, "out of memory for a story");
}

/* ---- the contracts */

static int open_run(struct gathering *gathering, const char *contract, const char *state)
{
	/* The run goes on pointing to both. */
	contract = arena_text(&gathering->invariants->cell->arena, "%s", contract);
	state = arena_text(&gathering->invariants->cell->arena, "%s", state);
	if (contract == NULL || state == NULL)
		return error_set(gathering->error, ERROR_INTERNAL, "out of memory for a cell");
	const struct run_options options = {.contract = contract,
					    .state_folder = state,
					    .with_lake = true,
					    .jobs = 1,
					    .memory_max = MEMORY_MAX,
					    .finding_limit = 1,
					    .values_full = true};
	if (run_open(&options, &gathering->run, gathering->error) != 0)
		return gathering->error->code;
	return run_ingest(gathering->run, gathering->error);
}

/* The cell's own contract, and what it keeps. */
static int open_judged(struct gathering *gathering)
{
	const struct invariants *invariants = gathering->invariants;
	const char *name = invariants->scenario->final == FINAL_DELIVERED ? "contract-delivered" : "contract";
	char contract[4200], state[4200];
	snprintf(contract, sizeof contract, "%s/%s.yaml", invariants->folder, name);
	snprintf(state, sizeof state, "%s/state/%s", invariants->folder, name);
	return open_run(gathering, contract, state);
}

static bool has_landed(void *context, const char *path)
{
	const struct invariants *invariants = context;
	bool changes = strcmp(path, "events") == 0;
	for (uint32_t i = 0; i < invariants->histories->unit_count; i++) {
		const struct unit *unit = &invariants->histories->units[i];
		if (invariants->landed[i] && (changes ? unit->kind == UNIT_CHANGES : strcmp(unit->path, path) == 0))
			return true;
	}
	return false;
}

static int open_landed(struct gathering *gathering, bool *is_any)
{
	const struct invariants *invariants = gathering->invariants;
	const struct contract_request request = {.generated = invariants->histories->delivered_contract,
						 .prefix = "landing/",
						 .open_end = true,
						 .has = has_landed,
						 .context = (void *)(uintptr_t)invariants,
						 .since_creation = invariants->histories->since_creation,
						 .overlay = invariants->pipeline->contract,
						 .delta = invariants->delta};
	struct buffer yaml;
	unsigned sources = 0;
	char contract[4200], state[4200];
	snprintf(contract, sizeof contract, "%s/contract-landed.yaml", invariants->folder);
	snprintf(state, sizeof state, "%s/state/contract-landed", invariants->folder);
	buffer_init(&yaml, CONTRACT_MAX);
	int failed = contract_compose(&request, &yaml, &sources, gathering->error);
	if (failed == 0 && sources > 0)
		failed = folder_write(contract, buffer_slice(&yaml), gathering->error);
	buffer_release(&yaml);
	*is_any = sources > 0;
	return failed != 0 || sources == 0 ? failed : open_run(gathering, contract, state);
}

static void close_run(struct gathering *gathering)
{
	run_close(gathering->run);
	gathering->run = NULL;
}

/* ---- events */

static struct life_event *add_event(struct gathering *gathering)
{
	struct key_life *life = gathering->life;
	if (life->event_count == life->event_capacity) {
		uint32_t capacity = life->event_capacity * 2 + 16;
		struct life_event *grown = arena_array(life->arena, capacity, sizeof *grown);
		struct fact_origin *origins = arena_array(life->arena, capacity, sizeof *origins);
		if (grown == NULL || origins == NULL)
			return NULL;
		if (life->event_count > 0) {
			memcpy(grown, life->events, life->event_count * sizeof *grown);
			memcpy(origins, gathering->origins, life->event_count * sizeof *origins);
		}
		life->events = grown;
		life->event_capacity = capacity;
		gathering->origins = origins;
	}
	struct life_event *event = &life->events[life->event_count++];
	*event = (struct life_event){.changed = "", .time_us = INT64_MIN};
	return event;
}

static const char *what_of(const struct fact *fact)
{
	if (fact->kind == FACT_SNAPSHOT)
		return "exported";
	if (fact->after.state == STATE_ABSENT)
		return fact->ttl == TTL_YES ? "REMOVE by TTL" : "REMOVE";
	return fact->before.state == STATE_ABSENT ? "INSERT" : "MODIFY";
}

static void fill_event(struct life_event *event, const struct fact *fact)
{
	event->what = what_of(fact);
	event->time_us = fact->time_lo_us;
	event->after = fact->after.state;
	event->row = fact->after.row;
	event->has_sequence = fact->has_sequence;
	memcpy(event->sequence, fact->sequence, SEQUENCE_SIZE);
}

static int take_happened(void *context, const struct fact *fact, struct error *error)
{
	struct gathering *gathering = context;
	(void)error;
	if (fact->kind != FACT_CHANGE)
		return 0;
	struct life_event *event = add_event(gathering);
	if (event == NULL)
		return no_memory(gathering);
	fill_event(event, fact);
	gathering->origins[gathering->life->event_count - 1] = (struct fact_origin){fact->source, fact->record,
										    fact->offset};
	return 0;
}

static int take_description(void *context, const struct record *record, struct error *error)
{
	struct life_event *event = context;
	struct buffer text;
	(void)error;
	if (record->kind != RECORD_CHANGE)
		return 0;
	buffer_init(&text, TEXT_MAX);
	record_change_text(record, &text);
	if (!text.failed && text.size > 0)
		event->changed = strndup(text.data, text.size);
	buffer_release(&text);
	return 0;
}

static int take_no_problem(void *context, const struct problem *problem, struct error *error)
{
	(void)context;
	(void)problem;
	(void)error;
	return 0;
}

/* What became different, from the record itself. Without it the story is told all the same. */
static int describe(struct gathering *gathering, uint32_t index)
{
	struct life_event *event = &gathering->life->events[index];
	const struct fact_origin *origin = &gathering->origins[index];
	const struct state_source *source = state_source(gathering->run->state, origin->source);
	struct record_sink sink = {event, take_description, take_no_problem};
	struct error reading = {0};
	if (source == NULL ||
	    ingest_reread(gathering->run, source, &origin->record, 1, gathering->parser, &sink, &reading) != 0 ||
	    event->changed == NULL || event->changed[0] == '\0') {
		event->changed = "";
		return 0;
	}
	char *own = (char *)(uintptr_t)event->changed;
	event->changed = arena_copy(gathering->life->arena, slice_from(own)).data;
	free(own);
	return event->changed == NULL ? no_memory(gathering) : 0;
}

/* ---- the judgement */

static int take_judgement(void *context, uint32_t worker, const struct judgement *judgement, struct error *error)
{
	struct gathering *gathering = context;
	(void)worker;
	(void)error;
	if (!slice_equal(judgement->key, gathering->key))
		return 0;
	gathering->judged = true;
	gathering->found.judgement = *judgement;
	gathering->found.judgement.key = gathering->key;
	return 0;
}

static void put_cut(struct buffer *text, const char *value)
{
	size_t size = strlen(value);
	bool cut = size > VALUE_MAX;
	if (cut)
		for (size = VALUE_MAX; size > 0 && ((unsigned char)value[size] & 0xC0) == 0x80;)
			size--;
	buffer_append(text, value, size);
	buffer_append_text(text, cut ? "…" : "");
}

static int take_differences(struct gathering *gathering, enum finding_id id)
{
	struct key_life *life = gathering->life;
	const struct kept *list[1] = {&gathering->found};
	struct finding finding = {.id = id};
	struct buffer text;
	gathering->found.id = id <= FINDING_ROW_DIFFERS ? id : FINDING_ROW_DIFFERS;
	if (evidence_fill(gathering->run, list, &finding, 1, false, life->arena, gathering->error) != 0)
		return gathering->error->code;
	buffer_init(&text, TEXT_MAX);
	for (uint32_t i = 0; i < finding.column_count && i < COLUMNS_SHOWN; i++) {
		const struct finding_column *column = &finding.columns[i];
		if (column->expected == NULL || column->actual == NULL)
			continue;
		buffer_printf(&text, "%s%s is ", text.size > 0 ? "; " : "", column->name);
		put_cut(&text, column->actual);
		buffer_append_text(&text, ", should be ");
		put_cut(&text, column->expected);
	}
	uint32_t more = finding.columns_more +
			(finding.column_count > COLUMNS_SHOWN ? finding.column_count - COLUMNS_SHOWN : 0);
	if (text.size > 0 && more > 0)
		buffer_printf(&text, "; and %" PRIu32 " more columns", more);
	life->differs = text.failed ? NULL : arena_copy(life->arena, buffer_slice(&text)).data;
	buffer_release(&text);
	return life->differs == NULL ? no_memory(gathering) : 0;
}

static int take_ending(struct gathering *gathering, const char *finding_id)
{
	struct key_life *life = gathering->life;
	const struct judgement *judgement = &gathering->found.judgement;
	if (run_judge(gathering->run, take_judgement, gathering, gathering->error) != 0)
		return gathering->error->code;
	if (!gathering->judged)
		return 0;
	life->expected = judgement->expected.state;
	life->lake_rows = judgement->lake_rows;
	enum key_class class = collect_class(gathering->run->contract, judgement);
	life->agrees = class == CLASS_EQUAL || class == CLASS_DELETED;
	/* Where the closing export decides, what made the item so is the last change that left it as it is. */
	for (uint32_t i = life->event_count; i > 0; i--) {
		struct life_event *event = &life->events[i - 1];
		event->decides = event->after == judgement->expected.state && event->row == judgement->expected.row;
		if (event->decides)
			break;
	}
	for (uint32_t i = 0; i < life->event_count; i++)
		life->events[i].held = judgement->lake_rows > 0 && life->events[i].after == STATE_IMAGE &&
				       life->events[i].row == judgement->lake_row;
	return take_differences(gathering, finding_from_text(finding_id));
}

/* ---- what landed */

/* The batches in which a file landed: it is linked in the folder of each. */
static uint32_t batch_of(const struct gathering *gathering, const char *file)
{
	char path[8400];
	for (uint32_t batch = 1; batch < BATCHES_MAX; batch++) {
		snprintf(path, sizeof path, "%s/batches/%02u", gathering->invariants->folder, batch);
		if (!folder_has(path))
			return 0;
		snprintf(path, sizeof path, "%s/batches/%02u/%s", gathering->invariants->folder, batch, file);
		if (folder_has(path))
			return batch;
	}
	return 0;
}

static bool is_same(const struct life_event *event, const struct fact *fact)
{
	if (event->snapshot || event->foreign || fact->after.state != event->after)
		return false;
	if (event->has_sequence && fact->has_sequence)
		return memcmp(event->sequence, fact->sequence, SEQUENCE_SIZE) == 0 && event->row == fact->after.row;
	/* A stream's second holds what another source tells finer. */
	int64_t until_us = event->time_us + 1000000;
	return fact->time_lo_us < until_us && fact->time_hi_us > event->time_us && event->row == fact->after.row;
}

/* What was done to it on its way, a record is known by its number, or by its second. */
static bool is_altered(const struct life_event *event, const struct fact *fact)
{
	if (event->snapshot || event->foreign)
		return false;
	if (event->has_sequence && fact->has_sequence)
		return memcmp(event->sequence, fact->sequence, SEQUENCE_SIZE) == 0;
	return event->landing_count == 0 && strcmp(event->what, what_of(fact)) == 0 &&
	       fact->time_lo_us < event->time_us + 1000000 && fact->time_hi_us > event->time_us;
}

static struct life_event *find_event(struct key_life *life, const struct fact *fact,
				     bool (*is)(const struct life_event *event, const struct fact *fact))
{
	for (uint32_t i = 0; i < life->event_count && fact->kind == FACT_CHANGE; i++)
		if (is(&life->events[i], fact))
			return &life->events[i];
	return NULL;
}

static int add_landing(struct gathering *gathering, struct life_event *event, const struct fact *fact, bool altered)
{
	const struct state_source *source = state_source(gathering->run->state, fact->source);
	size_t skipped = strlen(gathering->invariants->folder) + sizeof "/landing";
	const char *file = source != NULL && strlen(source->path) > skipped ? source->path + skipped : "";
	struct life_landing *grown = arena_array(gathering->life->arena, (size_t)event->landing_count + 1,
						 sizeof *grown);
	const char *kept = arena_text(gathering->life->arena, "%s", file);
	if (grown == NULL || kept == NULL)
		return no_memory(gathering);
	if (event->landing_count > 0)
		memcpy(grown, event->landings, event->landing_count * sizeof *grown);
	event->landings = grown;
	event->landings[event->landing_count++] =
		(struct life_landing){batch_of(gathering, kept), kept, fact->record, altered};
	return 0;
}

static int64_t export_time(const struct run *run, const struct fact *fact)
{
	const struct state_source *source = state_source(run->state, fact->source);
	for (uint32_t i = 0; i < run->export_count; i++)
		if (source != NULL && run->exports[i].group == source->group)
			return run->exports[i].export->export_time_us;
	for (uint32_t i = 0; i < run->contract->source_count; i++)
		if (source != NULL && run->source_groups[i] == source->group)
			return run->contract->sources[i].from_us;
	return INT64_MIN;
}

static int take_landed(void *context, const struct fact *fact, struct error *error)
{
	struct gathering *gathering = context;
	struct key_life *life = gathering->life;
	struct life_event *event;
	bool altered = false;
	(void)error;
	if (fact->kind == FACT_LAKE)
		return 0;
	event = find_event(life, fact, is_same);
	if (event == NULL) {
		event = find_event(life, fact, is_altered);
		altered = event != NULL;
	}
	if (event == NULL) {
		event = add_event(gathering);
		if (event == NULL)
			return no_memory(gathering);
		fill_event(event, fact);
		event->snapshot = fact->kind == FACT_SNAPSHOT;
		event->foreign = fact->kind == FACT_CHANGE;
		if (event->snapshot)
			event->time_us = export_time(gathering->run, fact);
	}
	return add_landing(gathering, event, fact, altered);
}

/* Exports and what is nobody's go where their time is; the changes' own order stays. */
static void order_events(struct key_life *life)
{
	for (uint32_t i = 1; i < life->event_count; i++) {
		struct life_event event = life->events[i];
		uint32_t at = i;
		if (!event.snapshot && !event.foreign)
			continue;
		for (; at > 0 && life->events[at - 1].time_us > event.time_us; at--)
			life->events[at] = life->events[at - 1];
		life->events[at] = event;
	}
}

static int gather_landed(struct gathering *gathering)
{
	struct error why = {0}, *given = gathering->error;
	struct merge_options merge;
	bool is_any = false;
	gathering->error = &why;
	int code = open_landed(gathering, &is_any);
	if (code == 0 && is_any) {
		merge = run_merge_options(gathering->run);
		code = merge_key_facts(gathering->run->state, &merge, gathering->key, take_landed, gathering, &why);
	}
	close_run(gathering);
	gathering->error = given;
	order_events(gathering->life);
	/* Where records landed is not known then; what happened is. */
	return code == ERROR_INTERNAL ? error_set(given, code, "%s", why.message) : 0;
}

/* ---- the table */

static struct life_row *add_row(struct gathering *gathering)
{
	struct key_life *life = gathering->life;
	if (life->row_count == life->row_capacity) {
		uint32_t capacity = life->row_capacity * 2 + 16;
		struct life_row *grown = arena_array(life->arena, capacity, sizeof *grown);
		if (grown == NULL)
			return NULL;
		if (life->row_count > 0)
			memcpy(grown, life->rows, life->row_count * sizeof *grown);
		life->rows = grown;
		life->row_capacity = capacity;
	}
	return &life->rows[life->row_count++];
}

static int take_row(void *context, const struct versions_row *held, struct error *error)
{
	struct gathering *gathering = context;
	struct life_row *row = add_row(gathering);
	(void)error;
	if (row == NULL)
		return no_memory(gathering);
	/* A row that is marked as deleted is none. */
	*row = (struct life_row){.version = held->version,
				 .time_us = held->commit_us,
				 .rows = held->deleted ? 0 : held->rows,
				 .known = held->known,
				 .row = held->digest};
	return 0;
}

/* What every version held; where that cannot be told, the last one. */
static int add_rows(struct gathering *gathering)
{
	const struct versions_options options = {.from = VERSIONS_ALL, .to = VERSIONS_ALL, .whole = true};
	struct versions *versions = NULL;
	struct error why = {0};
	int code = gathering->run->table == NULL ? 0 : versions_open(gathering->run, &options, &versions, &why);
	if (code == 0 && versions != NULL)
		code = versions_key_history(versions, gathering->key, take_row, gathering, &why);
	versions_close(versions);
	if (code == ERROR_INTERNAL)
		return error_set(gathering->error, code, "%s", why.message);
	if (code != 0)
		gathering->life->row_count = 0;
	return 0;
}

static int add_last_row(struct gathering *gathering)
{
	struct key_life *life = gathering->life;
	const struct bridge_info *table = gathering->run->table != NULL ? bridge_table_info(gathering->run->table)
									: NULL;
	if (table == NULL || !gathering->judged || life->row_count > 0)
		return 0;
	struct life_row *row = add_row(gathering);
	if (row == NULL)
		return no_memory(gathering);
	*row = (struct life_row){.version = table->version,
				 .time_us = table->commit_time_ms * 1000,
				 .rows = gathering->found.judgement.lake_rows,
				 .known = true,
				 .row = gathering->found.judgement.lake_row};
	return 0;
}

/* Which batch had begun: its file that says so is older than the commit. */
static void place_rows(struct gathering *gathering)
{
	struct key_life *life = gathering->life;
	char path[4200];
	for (uint32_t batch = 1; batch < BATCHES_MAX; batch++) {
		struct stat what;
		snprintf(path, sizeof path, "%s/batches/%02u", gathering->invariants->folder, batch);
		if (stat(path, &what) != 0)
			return;
		int64_t began_us = (int64_t)what.st_mtim.tv_sec * 1000000 + what.st_mtim.tv_nsec / 1000;
		for (uint32_t i = 0; i < life->row_count; i++)
			if (life->rows[i].time_us / 1000 >= began_us / 1000)
				life->rows[i].batch = batch;
	}
}

/* ---- the whole */

int key_life_gather(const struct invariants *invariants, const char *key_json, const char *finding_id,
		    struct arena *arena, struct key_life *life, struct error *error)
{
	struct gathering gathering = {.invariants = invariants, .life = life, .error = error};
	struct buffer key;
	*life = (struct key_life){.key = key_json, .id = finding_id, .differs = "", .arena = arena};
	buffer_init(&key, TEXT_MAX);
	gathering.parser = json_parser_new(RECORD_SIZE_MAX);
	int code = gathering.parser == NULL ? no_memory(&gathering) : open_judged(&gathering);
	if (code == 0)
		code = key_from_text(gathering.run->contract, key_json, &key, error);
	gathering.key = buffer_slice(&key);
	if (code == 0) {
		struct merge_options merge = run_merge_options(gathering.run);
		code = merge_key_facts(gathering.run->state, &merge, gathering.key, take_happened, &gathering, error);
	}
	for (uint32_t i = 0; i < life->event_count && code == 0; i++)
		code = describe(&gathering, i);
	if (code == 0)
		code = take_ending(&gathering, finding_id);
	if (code == 0)
		code = add_rows(&gathering);
	if (code == 0)
		code = add_last_row(&gathering);
	if (code == 0)
		place_rows(&gathering);
	close_run(&gathering);
	if (code == 0)
		code = gather_landed(&gathering);
	json_parser_free(gathering.parser);
	buffer_release(&key);
	return code;
}

static int weigh(void *context, const struct fact *fact, struct error *error)
{
	uint32_t *weight = context;
	(void)error;
	*weight += fact->kind != FACT_LAKE;
	return 0;
}

int key_life_lightest(const struct invariants *invariants, const char *const *keys, uint32_t count, uint32_t *lightest,
		      struct error *error)
{
	struct gathering gathering = {.invariants = invariants, .error = error};
	uint32_t least = UINT32_MAX;
	struct buffer key;
	buffer_init(&key, TEXT_MAX);
	*lightest = count;
	int code = open_judged(&gathering);
	for (uint32_t i = 0; i < count && code == 0; i++) {
		struct merge_options merge = run_merge_options(gathering.run);
		struct error unread = {0};
		uint32_t weight = 0;
		key.size = 0;
		if (key_from_text(gathering.run->contract, keys[i], &key, &unread) != 0)
			continue;
		code = merge_key_facts(gathering.run->state, &merge, buffer_slice(&key), weigh, &weight, error);
		if (code != 0 || weight >= least)
			continue;
		least = weight;
		*lightest = i;
	}
	close_run(&gathering);
	buffer_release(&key);
	return code;
}
