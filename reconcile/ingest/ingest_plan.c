#include <stdlib.h>

#include "reconcile/ingest/ingest_lake.h"

static int known_compare_parts(const struct state_source *a, enum state_source_kind kind, uint32_t group,
			       const char *path, const char *identity)
{
	if (a->kind != kind)
		return a->kind < kind ? -1 : 1;
	if (a->group != group)
		return a->group < group ? -1 : 1;
	int order = strcmp(a->path, path);
	return order != 0 ? order : strcmp(a->identity, identity);
}

static int known_compare(const void *left, const void *right)
{
	const struct state_source *a = *(const struct state_source *const *)left;
	const struct state_source *b = *(const struct state_source *const *)right;
	int order = known_compare_parts(a, b->kind, b->group, b->path, b->identity);
	if (order != 0)
		return order;
	return (a->id > b->id) - (a->id < b->id);
}

static int list_known(struct ingest_lake *lake, struct error *error)
{
	uint64_t count = 0;
	uint32_t last = 0;
	const struct state_source *source;
	while ((source = state_source_next(lake->run->state, last)) != NULL) {
		last = source->id;
		count++;
	}
	lake->known = calloc(count + 1, sizeof(*lake->known));
	lake->stale = calloc(count + 1, sizeof(*lake->stale));
	if (lake->known == NULL || lake->stale == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	last = 0;
	while ((source = state_source_next(lake->run->state, last)) != NULL) {
		last = source->id;
		lake->known[lake->known_count++] = source;
	}
	qsort(lake->known, lake->known_count, sizeof(*lake->known), known_compare);
	return 0;
}

static uint64_t known_first(const struct ingest_lake *lake, const struct ingest_work *work)
{
	uint64_t low = 0, high = lake->known_count;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		if (known_compare_parts(lake->known[middle], ingest_state_kind(work), work->group, work->path,
					work->identity) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool known_is(const struct ingest_lake *lake, uint64_t index, const struct ingest_work *work)
{
	return index < lake->known_count && known_compare_parts(lake->known[index], ingest_state_kind(work),
								work->group, work->path, work->identity) == 0;
}

static int use_source(struct run *run, uint32_t id, struct error *error)
{
	if (run->source_count == run->source_capacity) {
		uint64_t capacity = run->source_capacity == 0 ? 256 : run->source_capacity * 2;
		uint32_t *grown = realloc(run->sources, capacity * sizeof *grown);
		if (grown == NULL)
			return error_set(error, ERROR_INTERNAL, "out of memory");
		run->sources = grown;
		run->source_capacity = capacity;
	}
	run->sources[run->source_count++] = id;
	return 0;
}

static int tell_changed(struct run *run, const struct ingest_work *work, struct error *error)
{
	struct state_problem problem = {
		.id = "source.changed",
		.path = work->path,
		.message =
			"the file is not what it was when it was merged; the facts of both are kept. Delete the state "
			"folder to forget the earlier ones"};
	return run_problem(run, &problem, error);
}

/* What the state holds of other versions of a table of rows serves nothing: this one has the rows that count. */
static void forget_versions(struct ingest_lake *lake, const struct ingest_work *work)
{
	if (work->kind == INGEST_LAKE || work->identity[0] == '\0')
		return;
	for (uint64_t i = 0; i < lake->known_count; i++) {
		const struct state_source *known = lake->known[i];
		if (known->kind == ingest_state_kind(work) && known->group == work->group &&
		    strcmp(known->path, work->path) == 0 && strcmp(known->identity, work->identity) != 0)
			lake->stale[i] = known->id;
	}
}

/* Decides for one file whether the state's facts of it serve. Facts of an event file that has changed since are kept
 * beside the new ones: the merge takes duplicates, and nothing is lost. */
static int plan_work(struct ingest_lake *lake, struct ingest_work *work, struct error *error)
{
	struct run *run = lake->run;
	uint64_t fingerprint = ingest_fingerprint(run, work);
	bool fresh = false;
	int code = 0;
	forget_versions(lake, work);
	for (uint64_t i = known_first(lake, work); known_is(lake, i, work) && code == 0; i++) {
		const struct state_source *known = lake->known[i];
		/* What could not be opened then is tried again. */
		bool same_file = known->size_bytes == work->size_bytes && known->mtime_ns == work->mtime_ns &&
				 known->stored_bytes == known->size_bytes;
		bool same_plan = known->fingerprint == fingerprint;
		lake->redigested += same_file && !same_plan;
		if (same_file && same_plan) {
			fresh = true;
			work->source = known->id;
			code = use_source(run, known->id, error);
		} else if (work->kind == INGEST_EVENTS && same_plan) {
			work->before_that = work->before != 0;
			work->before = known->id;
			work->before_facts = known->facts;
			work->before_content = known->content;
			code = use_source(run, known->id, error);
		} else {
			lake->stale[i] = known->id;
		}
	}
	if (fresh && work->before != 0 && code == 0)
		code = tell_changed(run, work, error);
	work->wanted = !fresh;
	if (fresh)
		*(work->kind == INGEST_LAKE ? &run->lake_reused : &run->evidence_reused) += 1;
	return code;
}

/* All at once: each drop looks through the segments for those that nothing lives in any more. */
static int drop_stale(struct ingest_lake *lake, struct error *error)
{
	uint64_t count = 0;
	for (uint64_t i = 0; i < lake->known_count; i++)
		if (lake->stale[i] != 0)
			lake->stale[count++] = lake->stale[i];
	return state_drop(lake->run->state, lake->stale, count, error);
}
static int by_path(const void *left, const void *right)
{
	const struct ingest_work *a = *(const struct ingest_work *const *)left;
	const struct ingest_work *b = *(const struct ingest_work *const *)right;
	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	return strcmp(a->path, b->path);
}

/* The event files of this run, sorted for listed(). */
static struct ingest_work **list_event_works(struct ingest_lake *lake, uint64_t *count)
{
	struct ingest_work **works = calloc(lake->count + 1, sizeof(*works));
	for (uint64_t i = 0; i < lake->count && works != NULL; i++)
		if (lake->works[i].kind == INGEST_EVENTS)
			works[(*count)++] = &lake->works[i];
	if (works != NULL)
		qsort(works, *count, sizeof(*works), by_path);
	return works;
}

static bool listed(struct ingest_work *const *works, uint64_t count, const struct state_source *source)
{
	struct ingest_work wanted = {.group = source->group, .path = source->path}, *key = &wanted;
	return bsearch(&key, works, count, sizeof(*works), by_path) != NULL;
}

/* Event files that were merged and are gone stay evidence. */
static int settle_unlisted(struct ingest_lake *lake, struct error *error)
{
	struct run *run = lake->run;
	int code = 0;
	uint64_t event_count = 0;
	struct ingest_work **events = list_event_works(lake, &event_count);
	if (events == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	for (uint64_t i = 0; i < lake->known_count && code == 0; i++) {
		const struct state_source *known = lake->known[i];
		const struct contract_source *ours = NULL;
		for (uint32_t j = 0; j < run->contract->source_count; j++)
			if (known->group == run->source_groups[j] && known->kind == STATE_EVENTS_FILE &&
			    contract_holds_changes(&run->contract->sources[j]))
				ours = &run->contract->sources[j];
		if (ours == NULL || listed(events, event_count, known))
			continue;
		if (known->fingerprint == ingest_source_fingerprint(run, ours))
			code = use_source(run, known->id, error);
		struct state_problem problem = {.id = "source.gone",
						.path = known->path,
						.message = "the file was merged before and is no longer there; its "
							   "facts are kept. Put it back, or "
							   "delete the state folder to forget it"};
		if (code == 0)
			code = run_problem(run, &problem, error);
	}
	free(events);
	return code;
}

int ingest_lake_plan(struct ingest_lake *lake, struct error *error)
{
	int code = list_known(lake, error);
	for (uint64_t i = 0; i < lake->count && code == 0; i++)
		code = plan_work(lake, &lake->works[i], error);
	if (code == 0)
		code = drop_stale(lake, error);
	return code != 0 ? code : settle_unlisted(lake, error);
}

static int note_changed(struct ingest_lake *lake, const struct ingest_work *work, struct error *error)
{
	const struct state_source *before = state_source(lake->run->state, work->before);
	const struct state_source *after = state_source(lake->run->state, work->source);
	if (before == NULL || after == NULL)
		return error_set(error, ERROR_INTERNAL, "a source vanished while it was read");
	if (work->contained) {
		struct run *run = lake->run;
		for (uint64_t i = 0; i < run->source_count; i++)
			if (run->sources[i] == work->before)
				run->sources[i--] = run->sources[--run->source_count];
		int code = state_drop(run->state, &work->before, 1, error);
		if (code != 0 || !work->before_that)
			return code;
	}
	return tell_changed(lake->run, work, error);
}

static void judge_exports(struct ingest_lake *lake)
{
	struct run *run = lake->run;
	for (uint32_t i = 0; i < run->export_count; i++) {
		struct run_export *entry = &run->exports[i];
		entry->complete = entry->export->complete;
		for (uint64_t j = 0; j < lake->count; j++) {
			const struct ingest_work *work = &lake->works[j];
			const struct state_source *source = work->export == entry->export
								    ? state_source(run->state, work->source)
								    : NULL;
			if (source != NULL && (!source->complete || source->unreadable > 0))
				entry->complete = false;
		}
	}
}

/* A dump of which a file, a page or an item could not be read does not say what is absent. */
static void judge_dumps(struct ingest_lake *lake)
{
	struct run *run = lake->run;
	for (uint64_t i = 0; i < lake->count; i++) {
		const struct ingest_work *work = &lake->works[i];
		const struct state_source *source = state_source(run->state, work->source);
		if (work->kind == INGEST_ITEMS && (source == NULL || !source->complete || source->unreadable > 0))
			run->dumps[work->contract_source - run->contract->sources] = false;
	}
}

/* What must be read for one lake. */
int ingest_lake_adopt(struct ingest_lake *lake, struct error *error)
{
	struct run *run = lake->run;
	int code = 0;
	for (uint64_t i = 0; i < lake->count && code == 0; i++) {
		const struct ingest_work *work = &lake->works[i];
		bool of_table = work->kind == INGEST_LAKE;
		if (of_table)
			run->lake_sources[work->index] = work->source;
		if (!work->wanted)
			continue;
		code = use_source(run, work->source, error);
		if (code == 0 && work->before != 0)
			code = note_changed(lake, work, error);
		*(of_table ? &run->lake_read : &run->evidence_read) += 1;
	}
	if (code == 0)
		judge_exports(lake);
	if (code == 0)
		judge_dumps(lake);
	return code;
}

void ingest_lake_release(struct ingest_lake *lake)
{
	free(lake->works);
	free(lake->known);
	free(lake->stale);
}
