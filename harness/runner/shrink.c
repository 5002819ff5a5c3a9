#include "harness/runner/shrink.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "harness/runner/folder.h"
#include "harness/runner/shrink_scenario.h"
#include "harness/verb.h"

enum { TRIES_DEFAULT = 100, PATH_SIZE = 4200, ITEMS_MAX = 100000 };
#define TIME_DEFAULT_US INT64_C(120000000)
#define MEMORY_MAX ((size_t)256 << 20)

struct shrinking {
	const struct shrink_request *request;
	struct error *error;
	struct arena arena;
	struct shrink_scenario best;
	const char *point, *finding; /* by which it must fail */
	uint32_t tries, tries_max;
	int64_t ends_us;
	char file[PATH_SIZE];              /* what is left */
	char try_file[PATH_SIZE], try_folder[PATH_SIZE];
	uint64_t batches, items, changes; /* of the smallest cell, as it ran */
	bool any;
};

static int no_memory(struct shrinking *shrinking)
{
	return error_set(shrinking->error, ERROR_INTERNAL, "out of memory for a smaller scenario");
}

/* ---- how it failed */

static bool fails_by(const struct cell *cell, const char *point, const char *finding)
{
	for (uint32_t i = 0; i < cell->point_count; i++) {
		if (cell->points[i].state != POINT_FAILED || strcmp(cell->points[i].id, point) != 0)
			continue;
		for (uint32_t j = 0; j < cell->points[i].finding_count; j++)
			if (strcmp(cell->points[i].findings[j].id, finding) == 0)
				return true;
	}
	return false;
}

static bool is_expected(const struct cell *cell, const char *finding)
{
	for (uint32_t i = 0; i < cell->expected_finding_count; i++)
		if (strcmp(cell->expected_findings[i], finding) == 0)
			return true;
	return false;
}

/* The first finding of a failed point; one that the scenario is about before others. */
static bool take_failure(struct shrinking *shrinking, const struct cell *cell)
{
	for (unsigned expected = 2; expected-- > 0 && shrinking->finding == NULL;)
		for (uint32_t i = 0; i < cell->point_count; i++)
			for (uint32_t j = 0; j < cell->points[i].finding_count; j++) {
				const char *id = cell->points[i].findings[j].id;
				if (shrinking->finding != NULL || cell->points[i].state != POINT_FAILED ||
				    (expected == 1 && !is_expected(cell, id)))
					continue;
				shrinking->point = arena_text(&shrinking->arena, "%s", cell->points[i].id);
				shrinking->finding = arena_text(&shrinking->arena, "%s", id);
			}
	return shrinking->finding != NULL && shrinking->point != NULL;
}

/* ---- one try */

static bool is_over(const struct shrinking *shrinking)
{
	return shrinking->tries >= shrinking->tries_max || clock_monotonic_us() > shrinking->ends_us;
}

static void tell_progress(const struct shrinking *shrinking)
{
	const struct cell_request *cell = shrinking->request->cell;
	if (!verb_quiet)
		(void)fprintf(stderr,
			      "lakeproof run: shrinking %s %s: try %u: %" PRIu64 " items, %" PRIu64
			      " changes, %" PRIu64 " batches still fail\n",
			      cell->scenario->name, cell->pipeline_name, shrinking->tries, shrinking->items,
			      shrinking->changes, shrinking->batches);
}

/* Runs what stands in the file; *fails: the same way. The tried cell's folder stays until the next try. */
static int run_file(struct shrinking *shrinking, bool *fails)
{
	const struct shrink_request *request = shrinking->request;
	struct scenario_file scenario;
	struct histories histories = {0};
	struct error why = {0};
	char histories_folder[PATH_SIZE + 16], cell_folder[PATH_SIZE + 16], path[PATH_SIZE + 32];
	enum cell_verdict verdict = CELL_ERROR;
	struct cell cell;
	*fails = false;
	snprintf(histories_folder, sizeof histories_folder, "%s/histories", shrinking->try_folder);
	snprintf(cell_folder, sizeof cell_folder, "%s/cell", shrinking->try_folder);
	if (folder_remove(histories_folder, shrinking->error) != 0)
		return shrinking->error->code;
	if (scenario_file_load(shrinking->try_file, request->cell->scenario->name, &scenario, &why) != 0) {
		scenario_file_release(&scenario);
		return 0;
	}
	const struct histories_request making = {.scenario = &scenario,
						 .pipeline = request->cell->pipeline,
						 .scenarios = request->scenario_folder,
						 .seed = request->cell->seed,
						 .folder = histories_folder};
	struct cell_request trying = *request->cell;
	trying.scenario = &scenario;
	trying.folder = cell_folder;
	int code = 0;
	if (histories_make(&making, &histories, &why) == 0) {
		trying.histories = &histories;
		code = cell_run(&trying, &verdict, shrinking->error);
	}
	if (code == 0 && verdict == CELL_FAIL) {
		snprintf(path, sizeof path, "%s/cell.json", cell_folder);
		/* Fewer items may mean more changes of each: that is no step ahead. */
		*fails = cell_read(path, &cell, &why) == 0 && fails_by(&cell, shrinking->point, shrinking->finding) &&
			 (!shrinking->any || cell.changes <= shrinking->changes);
		if (*fails) {
			shrinking->items = cell.items;
			shrinking->changes = cell.changes;
			shrinking->batches = cell.batches;
		}
		cell_release(&cell);
	}
	histories_release(&histories);
	scenario_file_release(&scenario);
	return code;
}

/* Takes the candidate for the best when it fails the same way, and its story for the cell's. */
static int attempt(struct shrinking *shrinking, const struct shrink_scenario *candidate, bool *taken)
{
	struct error none = {0};
	char from[PATH_SIZE + 32], to[PATH_SIZE + 32];
	*taken = false;
	if (is_over(shrinking))
		return 0;
	shrinking->tries++;
	if (shrink_scenario_write(candidate, shrinking->request->cell->pipeline_name, shrinking->finding,
				  shrinking->try_file, &none) != 0)
		return none.code == ERROR_USAGE ? 0 : error_set(shrinking->error, none.code, "%s", none.message);
	if (run_file(shrinking, taken) != 0 || !*taken)
		return shrinking->error->code;
	shrinking->best = *candidate;
	shrinking->any = true;
	tell_progress(shrinking);
	snprintf(from, sizeof from, "%s/cell/cell.json", shrinking->try_folder);
	snprintf(to, sizeof to, "%s/best.json", shrinking->try_folder);
	if (folder_copy(from, to, shrinking->error) != 0)
		return shrinking->error->code;
	return folder_copy(shrinking->try_file, shrinking->file, shrinking->error);
}

/* ---- less of everything */

/* Each of these, left out alone. */
static int drop_each(struct shrinking *shrinking, bool process)
{
	uint32_t count = process ? shrinking->best.of->process_count : shrinking->best.of->fault_count;
	for (uint32_t i = 0; i < count; i++) {
		struct shrink_scenario candidate = shrinking->best;
		bool *kept = arena_array(&shrinking->arena, count, sizeof *kept), taken;
		if (kept == NULL)
			return no_memory(shrinking);
		memcpy(kept, process ? candidate.process : candidate.faults, count * sizeof *kept);
		if (!kept[i])
			continue;
		kept[i] = false;
		if (process)
			candidate.process = kept;
		else
			candidate.faults = kept;
		if (attempt(shrinking, &candidate, &taken) != 0)
			return shrinking->error->code;
	}
	return 0;
}

/* Chance puts other files in other places when there are fewer of them; what is turned round stays turned round. */
static int plainer_order(struct shrinking *shrinking)
{
	struct shrink_scenario candidate = shrinking->best;
	bool taken;
	candidate.order = ORDER_REVERSE;
	return shrinking->best.order != ORDER_SHUFFLED ? 0 : attempt(shrinking, &candidate, &taken);
}

static int fewer_batches(struct shrinking *shrinking)
{
	bool taken = false;
	for (int64_t batches = 1; batches < shrinking->best.batches && !taken; batches++) {
		struct shrink_scenario candidate = shrinking->best;
		candidate.batches = batches;
		if (attempt(shrinking, &candidate, &taken) != 0)
			return shrinking->error->code;
	}
	return 0;
}

/* Halves it as long as that fails, then takes quarters away. */
static int fewer(struct shrinking *shrinking, bool changes)
{
	for (uint64_t divisor = 2; divisor <= 4; divisor *= 2) {
		bool taken = true;
		while (taken) {
			struct shrink_scenario candidate = shrinking->best;
			uint64_t *number = changes ? &candidate.changes : &candidate.items;
			uint64_t less = *number - *number / divisor;
			if (*number < 2 || less == *number)
				break;
			*number = less;
			if (attempt(shrinking, &candidate, &taken) != 0)
				return shrinking->error->code;
		}
	}
	return 0;
}

/* ---- only the items that matter */

static int only(struct shrinking *shrinking, const uint64_t *items, uint32_t count, bool *taken)
{
	struct shrink_scenario candidate = shrinking->best;
	candidate.only = arena_array(&shrinking->arena, (size_t)count + 1, sizeof *candidate.only);
	if (candidate.only == NULL)
		return no_memory(shrinking);
	memcpy(candidate.only, items, count * sizeof *items);
	candidate.only_count = count;
	return count == 0 ? 0 : attempt(shrinking, &candidate, taken);
}

/* One round of delta debugging with that many parts: a part alone, else all but a part. */
static int narrow_round(struct shrinking *shrinking, uint64_t *items, uint32_t *count, uint32_t parts, bool *taken)
{
	uint64_t *rest = arena_array(&shrinking->arena, (size_t)*count + 1, sizeof *rest);
	*taken = false;
	if (rest == NULL)
		return no_memory(shrinking);
	for (unsigned without = 0; without < 2 && !*taken; without++) {
		for (uint32_t i = 0; i < parts && !*taken && (without == 0 || parts > 2); i++) {
			/* From the end: items are the hotter the lower their number, and have more of a history. */
			uint32_t part = parts - 1 - i;
			uint32_t begin = (uint32_t)((uint64_t)*count * part / parts);
			uint32_t end = (uint32_t)((uint64_t)*count * (part + 1) / parts), kept = 0;
			for (uint32_t j = 0; j < *count; j++)
				if ((j >= begin && j < end) == (without == 0))
					rest[kept++] = items[j];
			if (only(shrinking, rest, kept, taken) != 0)
				return shrinking->error->code;
			if (!*taken)
				continue;
			memcpy(items, rest, kept * sizeof *items);
			*count = kept;
		}
	}
	return 0;
}

static int narrow(struct shrinking *shrinking)
{
	/* Items of the table when the window opens, and those that changes may insert. */
	uint64_t most = shrinking->best.items + shrinking->best.changes;
	uint32_t count = (uint32_t)(most < ITEMS_MAX ? most : ITEMS_MAX), parts = 2;
	uint64_t *items = arena_array(&shrinking->arena, (size_t)count + 1, sizeof *items);
	if (items == NULL)
		return no_memory(shrinking);
	for (uint32_t i = 0; i < count; i++)
		items[i] = i;
	if (shrinking->best.only_count > 0) {
		count = shrinking->best.only_count;
		memcpy(items, shrinking->best.only, count * sizeof *items);
	}
	while (count > 1 && !is_over(shrinking)) {
		bool taken;
		if (parts > count)
			parts = count;
		if (narrow_round(shrinking, items, &count, parts, &taken) != 0)
			return shrinking->error->code;
		if (!taken && parts == count)
			break;
		parts = taken ? 2 : parts * 2;
	}
	return 0;
}

/* ---- the whole */

static int reduce(struct shrinking *shrinking)
{
	if (plainer_order(shrinking) != 0 || drop_each(shrinking, true) != 0 || drop_each(shrinking, false) != 0)
		return shrinking->error->code;
	/* Among many items each has few changes, so those that matter are found before the others become fewer; once
	 * alone, an item may do with less of a history than all of them together did. */
	if (fewer(shrinking, true) != 0 || narrow(shrinking) != 0 || fewer(shrinking, true) != 0 ||
	    fewer(shrinking, false) != 0 || fewer_batches(shrinking) != 0)
		return shrinking->error->code;
	return drop_each(shrinking, true) != 0 || drop_each(shrinking, false) != 0 ? shrinking->error->code : 0;
}

/* GROUP-NAME-PIPELINE, and the seed where there are several. */
static void name_files(struct shrinking *shrinking)
{
	const struct cell_request *cell = shrinking->request->cell;
	char name[512];
	snprintf(name, sizeof name, "%s-%s-%" PRIu64, cell->scenario->name, cell->pipeline_name, cell->seed);
	for (char *at = name; *at != '\0'; at++)
		if (*at == '/' || *at == '+')
			*at = '-';
	snprintf(shrinking->file, PATH_SIZE, "%.3000s/shrunk/%s.yaml", shrinking->request->folder, name);
	snprintf(shrinking->try_folder, PATH_SIZE, "%.3000s/shrunk/.%s", shrinking->request->folder, name);
	snprintf(shrinking->try_file, PATH_SIZE, "%.3900s/try.yaml", shrinking->try_folder);
}

/* What is under every workload, so that the file runs from anywhere. */
static int copy_base(struct shrinking *shrinking)
{
	char from[PATH_SIZE], to[PATH_SIZE];
	snprintf(from, sizeof from, "%.4000s/workload.yaml", shrinking->request->scenario_folder);
	snprintf(to, sizeof to, "%.4000s/shrunk/workload.yaml", shrinking->request->folder);
	return folder_has(from) ? folder_copy(from, to, shrinking->error) : 0;
}

/* The cell tells the smallest failure's story, and how to see it again. */
static int retell(struct shrinking *shrinking)
{
	const struct cell_request *request = shrinking->request->cell;
	char path[PATH_SIZE + 32], small[PATH_SIZE + 32];
	struct cell cell, best;
	struct error none = {0};
	struct buffer line;
	snprintf(path, sizeof path, "%.4000s/cell.json", request->folder);
	snprintf(small, sizeof small, "%.4000s/best.json", shrinking->try_folder);
	int code = cell_read(path, &cell, shrinking->error);
	bool told = cell_read(small, &best, &none) == 0;
	buffer_init(&line, 1 << 16);
	buffer_append_text(&line, "replay: lakeproof run ");
	verb_append_argument(&line, shrinking->file);
	buffer_append_text(&line, " --pipeline ");
	verb_append_argument(&line, request->pipeline_name);
	buffer_printf(&line, " --seed %" PRIu64, request->seed);
	buffer_append_byte(&line, '\0');
	if (code == 0 && told && !line.failed) {
		cell.story_count = 0;
		for (uint32_t i = 0; i < best.story_count; i++)
			(void)cell_add_story(&cell, best.story[i]);
		(void)cell_add_story(&cell, line.data);
		cell.timeline_key = cell_text(&cell, best.timeline_key);
		cell.event_count = cell.version_count = 0;
		for (uint32_t i = 0; i < best.event_count; i++)
			(void)cell_add_event(&cell, &best.events[i]);
		for (uint32_t i = 0; i < best.version_count; i++)
			(void)cell_add_version(&cell, &best.versions[i]);
		code = cell_write(&cell, path, shrinking->error);
	}
	buffer_release(&line);
	cell_release(&best);
	cell_release(&cell);
	return code;
}

static int begin(struct shrinking *shrinking, bool *fails)
{
	struct error none = {0};
	struct cell cell;
	char path[PATH_SIZE + 32];
	snprintf(path, sizeof path, "%.4000s/cell.json", shrinking->request->cell->folder);
	int code = cell_read(path, &cell, shrinking->error);
	*fails = code == 0 && cell.verdict == CELL_FAIL && take_failure(shrinking, &cell);
	shrinking->batches = cell.batches;
	cell_release(&cell);
	if (code != 0 || !*fails)
		return code;
	if (shrink_scenario_open(shrinking->request->cell->scenario, shrinking->request->scenario_folder,
				 &shrinking->arena, &shrinking->best, &none) != 0)
		return error_set(shrinking->error, none.code, "%s", none.message);
	name_files(shrinking);
	if (folder_remove(shrinking->try_folder, shrinking->error) != 0 ||
	    folder_make(shrinking->try_folder, shrinking->error) != 0)
		return shrinking->error->code;
	return copy_base(shrinking);
}

int shrink_cell(const struct shrink_request *request, struct error *error)
{
	struct shrinking shrinking = {.request = request, .error = error};
	bool fails = false;
	shrinking.tries_max = request->tries_max > 0 ? request->tries_max : TRIES_DEFAULT;
	shrinking.ends_us = clock_monotonic_us() + (request->time_max_us > 0 ? request->time_max_us : TIME_DEFAULT_US);
	arena_init(&shrinking.arena, MEMORY_MAX);
	int code = begin(&shrinking, &fails);
	if (code == 0 && fails)
		code = reduce(&shrinking);
	if (code == 0 && shrinking.any)
		code = retell(&shrinking);
	if (shrinking.try_folder[0] != '\0') {
		struct error none = {0};
		(void)!folder_remove(shrinking.try_folder, code == 0 ? error : &none);
	}
	arena_release(&shrinking.arena);
	return code;
}
