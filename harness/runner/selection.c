#include "harness/runner/selection.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness/runner/folder.h"
#include "harness/runner/histories.h"

enum { SELECTION_MEMORY_MAX = 256 * 1024 * 1024, SEEDS_MAX = 100000 };

struct chooser {
	const struct selection_request *request;
	struct selection *selection;
	struct error *error;
};

static int no_memory(struct error *error)
{
	return error_set(error, ERROR_INTERNAL, "out of memory for the cells of a run");
}

static bool is_pattern(const char *text)
{
	return strpbrk(text, "*?[") != NULL;
}

/* An array in the arena with room for one more. */
static void *room(struct arena *arena, void *array, uint32_t count, uint32_t *capacity, size_t size)
{
	if (count < *capacity)
		return array;
	uint32_t larger = *capacity * 2 + 64;
	void *grown = arena_array(arena, larger, size);
	if (grown == NULL)
		return NULL;
	if (count > 0)
		memcpy(grown, array, count * size);
	*capacity = larger;
	return grown;
}

/* ---- scenarios */

static int load_scenario(struct chooser *chooser, const char *path, const char *name)
{
	struct selection *selection = chooser->selection;

	for (uint32_t i = 0; i < selection->scenario_count; i++)
		if (strcmp(selection->scenarios[i].name, name) == 0)
			return 0;
	void *grown = room(&selection->arena, selection->scenarios, selection->scenario_count,
			   &selection->scenario_capacity, sizeof(*selection->scenarios));
	if (grown == NULL)
		return no_memory(chooser->error);
	selection->scenarios = grown;
	return scenario_file_load(path, name, &selection->scenarios[selection->scenario_count++], chooser->error);
}

/* GROUP/NAME of a path that ends so. */
static const char *name_of_path(const char *path, struct arena *arena)
{
	size_t size = strlen(path) - strlen(".yaml");
	const char *slash = memrchr(path, '/', size);
	const char *group = slash == NULL || slash == path ? NULL : memrchr(path, '/', (size_t)(slash - path));
	const char *from = group != NULL ? group + 1 : path;

	if (slash == NULL)
		return arena_text(arena, "./%.*s", (int)size, path);
	return arena_text(arena, "%.*s", (int)(size - (size_t)(from - path)), from);
}

static bool is_path(const char *text)
{
	size_t size = strlen(text);
	return size > 5 && strcmp(text + size - 5, ".yaml") == 0;
}

static bool names_scenario(const char *text, const char *name)
{
	size_t size = strlen(text);
	if (size > 0 && text[size - 1] == '/')
		size--;
	return (strncmp(text, name, size) == 0 && (name[size] == '\0' || name[size] == '/')) ||
	       (is_pattern(text) && fnmatch(text, name, 0) == 0);
}

static int no_scenario(struct chooser *chooser, const char *text, const char *const *names, uint32_t count)
{
	const char *nearest = NULL;
	size_t fewest = SIZE_MAX;

	for (uint32_t i = 0; i < count; i++)
		if (schema_nearer(slice_from(text), names[i], &fewest))
			nearest = names[i];
	for (uint32_t i = 0; i < count && nearest == NULL; i++) {
		const char *slash = strchr(names[i], '/'); /* without its group */
		if (slash != NULL && schema_nearer(slice_from(text), slash + 1, &fewest))
			nearest = names[i];
	}
	return error_set(chooser->error, ERROR_USAGE, "there is no scenario \"%s\" in \"%s\"%s%s%s", text,
			 chooser->request->scenario_folder, nearest != NULL ? ", did you mean \"" : "",
			 nearest != NULL ? nearest : "", nearest != NULL ? "\"" : "; --list tells which there are");
}

/* GROUP/NAME of every scenario in the folder. */
static int list_scenarios(struct chooser *chooser, struct folder_list *names)
{
	struct folder_list all;
	struct arena *arena = &chooser->selection->arena;

	if (folder_list(chooser->request->scenario_folder, arena, &all, chooser->error) != 0)
		return chooser->error->code;
	*names = (struct folder_list){.paths = arena_array(arena, (size_t)all.count + 1, sizeof(char *))};
	for (uint32_t i = 0; i < all.count && names->paths != NULL; i++) {
		const char *slash = strchr(all.paths[i], '/');
		bool one = slash != NULL && strchr(slash + 1, '/') == NULL && is_path(all.paths[i]) &&
			   strncmp(all.paths[i], "pipelines/", 10) != 0 && all.paths[i][0] != '.';
		if (!one)
			continue;
		names->paths[names->count] = arena_text(arena, "%.*s", (int)(strlen(all.paths[i]) - strlen(".yaml")),
							all.paths[i]);
		if (names->paths[names->count++] == NULL)
			return no_memory(chooser->error);
	}
	return names->paths != NULL ? 0 : no_memory(chooser->error);
}

static int choose_scenarios(struct chooser *chooser)
{
	const struct selection_request *request = chooser->request;
	struct arena *arena = &chooser->selection->arena;
	struct folder_list names = {NULL, 0, 0};

	if (list_scenarios(chooser, &names) != 0)
		return chooser->error->code;
	for (int i = 0; i < request->scenario_count || (i == 0 && request->scenario_count == 0); i++) {
		const char *text = request->scenario_count > 0 ? request->scenarios[i] : "*";
		bool found = false;
		for (uint32_t j = 0; j < names.count; j++) {
			if (!names_scenario(text, names.paths[j]))
				continue;
			const char *path = arena_text(arena, "%s/%s.yaml", request->scenario_folder, names.paths[j]);
			found = true;
			if (path == NULL || load_scenario(chooser, path, names.paths[j]) != 0)
				return path == NULL ? no_memory(chooser->error) : error_code(chooser->error);
		}
		if (!found && is_path(text) && folder_has(text)) {
			const char *name = name_of_path(text, arena);
			found = true;
			if (name == NULL || load_scenario(chooser, text, name) != 0)
				return name == NULL ? no_memory(chooser->error) : error_code(chooser->error);
		}
		if (!found)
			return no_scenario(chooser, text, names.paths, names.count);
	}
	return 0;
}

/* ---- pipelines */

static int load_pipeline(struct chooser *chooser, const char *path, struct pipeline_file **loaded)
{
	struct selection *selection = chooser->selection;

	for (uint32_t i = 0; i < selection->file_count; i++)
		if (strcmp(selection->files[i]->path, path) == 0) {
			*loaded = selection->files[i];
			return 0;
		}
	struct pipeline_file *file = arena_alloc(&selection->arena, sizeof(*file));
	void *grown = room(&selection->arena, selection->files, selection->file_count, &selection->file_capacity,
			   sizeof(*selection->files));
	if (file == NULL || grown == NULL)
		return no_memory(chooser->error);
	selection->files = grown;
	int failed = pipeline_file_load(path, file, chooser->error);
	if (failed != 0) {
		pipeline_file_release(file);
		return failed;
	}
	selection->files[selection->file_count++] = *loaded = file;
	return 0;
}

/* Loads every pipeline of the folder. */
static int load_all(struct chooser *chooser)
{
	struct arena *arena = &chooser->selection->arena;
	struct folder_list all;
	struct pipeline_file *file;
	const char *end = "/pipeline.yaml";

	if (folder_list(chooser->request->pipeline_folder, arena, &all, chooser->error) != 0)
		return chooser->error->code;
	for (uint32_t i = 0; i < all.count; i++) {
		size_t size = strlen(all.paths[i]);
		if (size <= strlen(end) || strcmp(all.paths[i] + size - strlen(end), end) != 0)
			continue;
		const char *path = arena_text(arena, "%s/%s", chooser->request->pipeline_folder, all.paths[i]);
		if (path == NULL || load_pipeline(chooser, path, &file) != 0)
			return path == NULL ? no_memory(chooser->error) : error_code(chooser->error);
	}
	return 0;
}

static const char *full_name(const struct pipeline_file *file, const struct pipeline_variant *variant,
			     struct arena *arena)
{
	return variant == NULL ? file->name : arena_text(arena, "%s+%s", file->name, variant->name);
}

/* All pipelines and variants that are loaded, each once. */
static int name_all(struct chooser *chooser)
{
	struct selection *selection = chooser->selection;
	uint32_t count = 0;

	for (uint32_t i = 0; i < selection->file_count; i++)
		count += 1 + selection->files[i]->variant_count;
	selection->pipelines = arena_array(&selection->arena, (size_t)count + 1, sizeof(*selection->pipelines));
	if (selection->pipelines == NULL)
		return no_memory(chooser->error);
	for (uint32_t i = 0; i < selection->file_count; i++) {
		const struct pipeline_file *file = selection->files[i];
		for (uint32_t j = 0; j <= file->variant_count; j++) {
			const struct pipeline_variant *variant = j > 0 ? &file->variants[j - 1] : NULL;
			const char *name = full_name(file, variant, &selection->arena);
			if (name == NULL)
				return no_memory(chooser->error);
			for (uint32_t k = 0; k < selection->pipeline_count; k++)
				if (strcmp(selection->pipelines[k].name, name) == 0)
					return error_set(chooser->error, ERROR_USAGE,
							 "two pipelines are called \"%s\": \"%s\" and \"%s\"", name,
							 selection->pipelines[k].file->path, file->path);
			selection->pipelines[selection->pipeline_count++] = (struct selected_pipeline){file, variant,
												       name};
		}
	}
	return 0;
}

/* One word of --pipeline: a path with or without +VARIANT, a name, a pattern. */
struct wanted {
	const char *text;                 /* name or pattern */
	const struct pipeline_file *file; /* by its path: of that one only; */
	const char *variant;              /* NULL: the pipeline itself */
	bool found;
};

static int want_path(struct chooser *chooser, struct wanted *wanted)
{
	const char *text = wanted->text, *slash = strrchr(text, '/');
	const char *plus = strrchr(slash != NULL ? slash : text, '+');
	struct pipeline_file *file;
	const char *path = arena_text(&chooser->selection->arena, "%.*s",
				      (int)(plus != NULL ? (size_t)(plus - text) : strlen(text)), text);

	if (path == NULL || load_pipeline(chooser, path, &file) != 0)
		return path == NULL ? no_memory(chooser->error) : error_code(chooser->error);
	wanted->file = file;
	wanted->variant = plus != NULL ? plus + 1 : NULL;
	return 0;
}

static bool is_wanted(const struct wanted *wanted, const struct selected_pipeline *pipeline)
{
	if (wanted->file != NULL)
		return wanted->file == pipeline->file &&
		       (wanted->variant == NULL ? pipeline->variant == NULL
						: pipeline->variant != NULL &&
							  fnmatch(wanted->variant, pipeline->variant->name, 0) == 0);
	return strcmp(wanted->text, pipeline->name) == 0 || fnmatch(wanted->text, pipeline->name, 0) == 0;
}

static int no_pipeline(struct chooser *chooser, const char *text)
{
	const struct selection *selection = chooser->selection;
	const char *nearest = NULL;
	size_t fewest = SIZE_MAX;

	for (uint32_t i = 0; i < selection->pipeline_count; i++)
		if (schema_nearer(slice_from(text), selection->pipelines[i].name, &fewest))
			nearest = selection->pipelines[i].name;
	return error_set(chooser->error, ERROR_USAGE, "there is no pipeline \"%s\" in \"%s\"%s%s%s", text,
			 chooser->request->pipeline_folder, nearest != NULL ? ", did you mean \"" : "",
			 nearest != NULL ? nearest : "", nearest != NULL ? "\"" : "; --list tells which there are");
}

static int split_wanted(struct chooser *chooser, struct wanted **result, uint32_t *count)
{
	struct arena *arena = &chooser->selection->arena;
	const char *text = chooser->request->pipelines;
	struct wanted *wanted = arena_array(arena, strlen(text) + 1, sizeof(*wanted));

	*count = 0;
	if (wanted == NULL)
		return no_memory(chooser->error);
	while (*text != '\0') {
		size_t size = strcspn(text, ",");
		const char *word = arena_text(arena, "%.*s", (int)size, text);
		if (word == NULL)
			return no_memory(chooser->error);
		if (size > 0)
			wanted[(*count)++] = (struct wanted){.text = word};
		text += size + (text[size] == ',');
	}
	*result = wanted;
	return *count > 0 ? 0 : error_set(chooser->error, ERROR_USAGE, "--pipeline names none");
}

/* ---- cells */

static int add_cell(struct chooser *chooser, const struct scenario_file *scenario,
		    const struct selected_pipeline *pipeline, uint64_t seed)
{
	struct selection *selection = chooser->selection;
	void *grown = room(&selection->arena, selection->cells, selection->cell_count, &selection->cell_capacity,
			   sizeof(*selection->cells));

	if (grown == NULL)
		return no_memory(chooser->error);
	selection->cells = grown;
	bool several = chooser->request->repeat > 1;
	const char *folder = several ? arena_text(&selection->arena, "cells/%s/%s@%" PRIu64, scenario->name,
						  pipeline->name, seed)
				     : arena_text(&selection->arena, "cells/%s/%s", scenario->name, pipeline->name);
	if (folder == NULL)
		return no_memory(chooser->error);
	selection->cells[selection->cell_count++] = (struct selected_cell){scenario, pipeline, seed, folder};
	return 0;
}

static bool is_named(const struct scenario_file *scenario, const char *name)
{
	for (uint32_t i = 0; i < scenario->hold_count; i++)
		if (strcmp(scenario->holds[i], name) == 0)
			return true;
	for (uint32_t i = 0; i < scenario->break_count; i++)
		if (strcmp(scenario->breaks[i].pipeline, name) == 0)
			return true;
	return false;
}

/* Every pipeline that a scenario names has to be there, and to suit it: else nothing would show that it does. */
static int check_named(struct chooser *chooser, const struct scenario_file *scenario)
{
	const struct selection *selection = chooser->selection;

	for (uint32_t i = 0; i < scenario->hold_count + scenario->break_count; i++) {
		const char *name = i < scenario->hold_count ? scenario->holds[i]
							    : scenario->breaks[i - scenario->hold_count].pipeline;
		const struct selected_pipeline *found = NULL;
		const char *why;
		for (uint32_t j = 0; j < selection->pipeline_count; j++)
			if (strcmp(selection->pipelines[j].name, name) == 0)
				found = &selection->pipelines[j];
		if (found == NULL) {
			(void)no_pipeline(chooser, name);
			return error_prefix(chooser->error, "scenario %s", scenario->name);
		}
		if (!scenario_file_suits(scenario, found->file, &why))
			return error_set(chooser->error, ERROR_USAGE,
					 "scenario %s names pipeline %s, which cannot take part: %s", scenario->name,
					 name, why);
	}
	return 0;
}

static int make_cells(struct chooser *chooser, const struct wanted *wanted, uint32_t wanted_count)
{
	struct selection *selection = chooser->selection;
	const struct selection_request *request = chooser->request;

	for (uint32_t i = 0; i < selection->scenario_count; i++) {
		const struct scenario_file *scenario = &selection->scenarios[i];
		if (wanted == NULL && check_named(chooser, scenario) != 0)
			return chooser->error->code;
		for (uint64_t seed = 0; seed < request->repeat; seed++) {
			for (uint32_t j = 0; j < selection->pipeline_count; j++) {
				const struct selected_pipeline *pipeline = &selection->pipelines[j];
				const char *why;
				bool asked = wanted == NULL && is_named(scenario, pipeline->name);
				for (uint32_t k = 0; k < wanted_count && !asked; k++)
					asked = is_wanted(&wanted[k], pipeline);
				asked = asked && (!request->expect || is_named(scenario, pipeline->name));
				if (!asked)
					continue;
				if (!scenario_file_suits(scenario, pipeline->file, &why))
					selection->passed_over += seed == 0;
				else if (add_cell(chooser, scenario, pipeline, request->seed + seed) != 0)
					return chooser->error->code;
			}
		}
	}
	return 0;
}

static int by_histories(const void *left, const void *right)
{
	const struct selected_cell *a = left, *b = right;
	const struct pipeline_file *x = a->pipeline->file, *y = b->pipeline->file;

	if (a->scenario != b->scenario)
		return a->scenario < b->scenario ? -1 : 1;
	if (a->seed != b->seed)
		return a->seed < b->seed ? -1 : 1;
	if (!histories_same(x, y))
		return x->changes != y->changes ? x->changes - y->changes
		       : x->export != y->export ? x->export - y->export
						: x->increments - y->increments;
	return strcmp(a->pipeline->name, b->pipeline->name);
}

int selection_make(const struct selection_request *request, struct selection *selection, struct error *error)
{
	struct chooser chooser = {request, selection, error};
	struct wanted *wanted = NULL;
	uint32_t wanted_count = 0;
	bool by_name = request->pipelines == NULL;

	*selection = (struct selection){.scenarios = NULL};
	arena_init(&selection->arena, SELECTION_MEMORY_MAX);
	if (request->repeat < 1 || request->repeat > SEEDS_MAX)
		return error_set(error, ERROR_USAGE, "--repeat takes 1 to %d", SEEDS_MAX);
	if (choose_scenarios(&chooser) != 0)
		return error_code(error);
	if (request->pipelines != NULL && split_wanted(&chooser, &wanted, &wanted_count) != 0)
		return error_code(error);
	for (uint32_t i = 0; i < wanted_count; i++) {
		bool path = strchr(wanted[i].text, '/') != NULL;
		if (path && want_path(&chooser, &wanted[i]) != 0)
			return error_code(error);
		by_name = by_name || !path;
	}
	if ((by_name && load_all(&chooser) != 0) || name_all(&chooser) != 0)
		return error_code(error);
	for (uint32_t i = 0; i < wanted_count; i++) {
		for (uint32_t j = 0; j < selection->pipeline_count; j++)
			wanted[i].found = wanted[i].found || is_wanted(&wanted[i], &selection->pipelines[j]);
		if (!wanted[i].found)
			return no_pipeline(&chooser, wanted[i].text);
	}
	if (make_cells(&chooser, wanted, wanted_count) != 0)
		return error_code(error);
	if (selection->cell_count == 0)
		return error_set(error, ERROR_USAGE,
				 "no pipeline takes part in what was chosen: %u do not read what the scenarios deliver",
				 selection->passed_over);
	qsort(selection->cells, selection->cell_count, sizeof(*selection->cells), by_histories);
	return 0;
}

void selection_release(struct selection *selection)
{
	for (uint32_t i = 0; i < selection->scenario_count; i++)
		scenario_file_release(&selection->scenarios[i]);
	for (uint32_t i = 0; i < selection->file_count; i++)
		pipeline_file_release(selection->files[i]);
	arena_release(&selection->arena);
}
