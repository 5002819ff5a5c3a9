/* matrix_load - a run's folder into a matrix: what was planned, what is there, and what is missing of either. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/whole_file.h"
#include "reports/matrix.h"

enum { MATRIX_BYTES_MAX = 1 << 30, DEPTH_MAX = 8, SEED_DIGITS_MAX = 20 };

/* A cell's folder, from the plan or from the disk or both. */
struct place {
	const char *folder;
	const struct run_plan *plan; /* NULL: it was not planned, or run.json cannot be read */
	bool there;
};

struct loading {
	struct matrix *matrix;
	const struct matrix_filter *filter;
	struct error *error;
	struct json_parser *parser;
	struct buffer bytes;
	struct place *places;
	size_t place_count, place_capacity;
};

static int no_memory(struct loading *loading)
{
	return error_set(loading->error, ERROR_INTERNAL, "out of memory while reading \"%s\"", loading->matrix->folder);
}

static int add_place(struct loading *loading, const struct place *place)
{
	if (loading->place_count == loading->place_capacity) {
		size_t capacity = loading->place_capacity == 0 ? 256 : loading->place_capacity * 2;
		struct place *larger = reallocarray(loading->places, capacity, sizeof *larger);
		if (larger == NULL)
			return no_memory(loading);
		loading->places = larger;
		loading->place_capacity = capacity;
	}
	loading->places[loading->place_count++] = *place;
	return 0;
}

/* ---- what is on the disk ---- */

/* What a runner puts into a cell's folder, and nothing puts above it. */
static bool is_mark(const char *name)
{
	static const char *const marks[] = {"cell.json", "batch.json", "evidence", "delivered",
					    "landing",   "batches",    "work",     "steps"};
	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
		if (strcmp(marks[i], name) == 0)
			return true;
	return false;
}

static bool is_folder(DIR *folder, const struct dirent *entry)
{
	struct stat status;
	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(dirfd(folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
}

static int walk(struct loading *loading, const char *folder, int depth);

/* A folder with a mark in it is a cell; so is one that holds no further folder, where a cell can be. */
static int walk_entries(struct loading *loading, DIR *open, const char *folder, int depth)
{
	bool cell = false, leaf = true;
	struct dirent *entry;
	errno = 0;
	while ((entry = readdir(open)) != NULL) {
		cell = cell || is_mark(entry->d_name);
		leaf = leaf && (entry->d_name[0] == '.' || !is_folder(open, entry));
	}
	if (errno != 0)
		return error_system(loading->error, "cannot read the folder \"%s/%s\"", loading->matrix->folder,
				    folder);
	if ((cell || leaf) && depth >= 2) /* a group may be called "landing", as a folder of a cell is */
		return add_place(loading, &(struct place){folder, NULL, true});
	if (depth == DEPTH_MAX)
		return 0;
	int code = 0;
	rewinddir(open);
	while (code == 0 && (entry = readdir(open)) != NULL) {
		if (entry->d_name[0] == '.' || !is_folder(open, entry))
			continue;
		const char *below = arena_text(&loading->matrix->arena, "%s/%s", folder, entry->d_name);
		code = below == NULL ? no_memory(loading) : walk(loading, below, depth + 1);
	}
	return code;
}

static int walk(struct loading *loading, const char *folder, int depth)
{
	const char *path = arena_text(&loading->matrix->arena, "%s/%s", loading->matrix->folder, folder);
	if (path == NULL)
		return no_memory(loading);
	DIR *open = opendir(path);
	if (open == NULL && errno == ENOENT)
		return 0;
	if (open == NULL)
		return error_system(loading->error, "cannot read the folder \"%s\"", path);
	int code = walk_entries(loading, open, folder, depth);
	closedir(open);
	return code;
}

static int by_folder(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int order = strcmp(x->folder, y->folder);
	return order != 0 ? order : (x->plan == NULL) - (y->plan == NULL);
}

/* Each folder once, with what is known of it from both. Planned twice, it stays twice. */
static void merge_places(struct loading *loading)
{
	size_t kept = 0;
	if (loading->place_count == 0)
		return;
	qsort(loading->places, loading->place_count, sizeof *loading->places, by_folder);
	for (size_t i = 0; i < loading->place_count; i++) {
		struct place *place = &loading->places[i];
		bool known = kept > 0 && strcmp(loading->places[kept - 1].folder, place->folder) == 0;
		if (known && place->plan == NULL)
			for (size_t j = kept; j > 0 && strcmp(loading->places[j - 1].folder, place->folder) == 0; j--)
				loading->places[j - 1].there = true;
		else
			loading->places[kept++] = *place;
	}
	loading->place_count = kept;
}

/* ---- narrowing ---- */

static bool matches_one(struct slice pattern, const char *name, bool folders)
{
	char text[512];
	if (pattern.size == 0 || pattern.size >= sizeof text)
		return false;
	memcpy(text, pattern.data, pattern.size);
	text[pattern.size] = '\0';
	if (fnmatch(text, name, 0) == 0)
		return true;
	return folders && strncmp(name, text, pattern.size) == 0 && name[pattern.size] == '/';
}

static bool matches(const char *patterns, const char *name, bool folders)
{
	while (patterns != NULL) {
		size_t size = strcspn(patterns, ",");
		if (matches_one((struct slice){patterns, size}, name, folders))
			return true;
		if (patterns[size] == '\0')
			return false;
		patterns += size + 1;
	}
	return true;
}

static bool wanted(const struct loading *loading, const struct cell *cell)
{
	return loading->filter == NULL || (matches(loading->filter->scenarios, cell->scenario, true) &&
					   matches(loading->filter->pipelines, cell->pipeline, false));
}

/* ---- cells ---- */

/* "cells/deletes/late/embedded@7": what the folder's name says when nothing else does. */
static void name_by_folder(struct loading *loading, const char *folder, struct cell *cell)
{
	const char *below = strncmp(folder, "cells/", 6) == 0 ? folder + 6 : folder;
	const char *slash = strrchr(below, '/');
	const char *pipeline = slash != NULL ? slash + 1 : below;
	cell->scenario = slash != NULL ? arena_text(&loading->matrix->arena, "%.*s", (int)(slash - below), below) : "";
	size_t size = strlen(pipeline);
	const char *at = strrchr(pipeline, '@');
	if (at != NULL && at[1] != '\0' && strspn(at + 1, "0123456789") == strlen(at + 1) &&
	    strlen(at + 1) <= SEED_DIGITS_MAX) {
		cell->seed = strtoull(at + 1, NULL, 10);
		size = (size_t)(at - pipeline);
	}
	cell->pipeline = arena_text(&loading->matrix->arena, "%.*s", (int)size, pipeline);
}

static void name_by_place(struct loading *loading, const struct place *place, struct cell *cell)
{
	cell_release(cell);
	cell_init(cell);
	cell->verdict = CELL_ERROR;
	if (place->plan != NULL) {
		cell->scenario = place->plan->scenario;
		cell->pipeline = place->plan->pipeline;
		cell->seed = place->plan->seed;
	} else {
		name_by_folder(loading, place->folder, cell);
	}
}

/* The file may be another cell's, copied or moved by hand: its verdict is not this one's. */
static const char *stranger(struct loading *loading, const struct place *place, const struct cell *cell)
{
	const struct run_plan *plan = place->plan;
	if (plan == NULL || (strcmp(plan->scenario, cell->scenario) == 0 &&
			     strcmp(plan->pipeline, cell->pipeline) == 0 && plan->seed == cell->seed))
		return NULL;
	return arena_text(&loading->matrix->arena, "its cell.json is of %s under %s with seed %llu", cell->pipeline,
			  cell->scenario, (unsigned long long)cell->seed);
}

static const char *read_cell(struct loading *loading, const struct place *place, struct cell *cell)
{
	struct error error = {.code = 0};
	struct arena *arena = &loading->matrix->arena;
	cell_init(cell);
	const char *path = arena_text(arena, "%s/%s/cell.json", loading->matrix->folder, place->folder);
	if (path == NULL)
		return "out of memory";
	loading->bytes.size = 0;
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return place->there ? "it began and did not finish: there is no cell.json"
				    : "it was planned and has not begun";
	if (whole_file_read(path, &loading->bytes, &error) != 0)
		return arena_text(arena, "%s", error.message);
	if (cell_parse(loading->parser, buffer_slice(&loading->bytes), cell, &error) != 0)
		return arena_text(arena, "its cell.json cannot be read: %s", error.message);
	return stranger(loading, place, cell);
}

static int load_cells(struct loading *loading)
{
	struct matrix *matrix = loading->matrix;
	matrix->cells = arena_array(&matrix->arena, loading->place_count, sizeof *matrix->cells);
	if (matrix->cells == NULL)
		return no_memory(loading);
	for (size_t i = 0; i < loading->place_count; i++) {
		const struct place *place = &loading->places[i];
		struct matrix_cell *entry = &matrix->cells[matrix->cell_count];
		*entry = (struct matrix_cell){.folder = place->folder};
		entry->problem = read_cell(loading, place, &entry->cell);
		if (entry->problem != NULL)
			name_by_place(loading, place, &entry->cell);
		if (entry->cell.scenario == NULL || entry->cell.pipeline == NULL) {
			cell_release(&entry->cell);
			return no_memory(loading);
		}
		if (wanted(loading, &entry->cell))
			matrix->cell_count++;
		else
			cell_release(&entry->cell);
	}
	return 0;
}

/* ---- the run ---- */

static int add_note(struct loading *loading, const char *note)
{
	struct matrix *matrix = loading->matrix;
	if (note == NULL)
		return no_memory(loading);
	matrix->notes[matrix->note_count++] = note;
	return 0;
}

/* Without run.json the cells that are there are shown, and nothing can be said of those that are not. */
static int load_run(struct loading *loading)
{
	struct matrix *matrix = loading->matrix;
	struct error error = {.code = 0};
	struct stat status;
	const char *path = arena_text(&matrix->arena, "%s/run.json", matrix->folder);
	matrix->notes = arena_array(&matrix->arena, 2, sizeof *matrix->notes);
	if (path == NULL || matrix->notes == NULL)
		return no_memory(loading);
	if (stat(matrix->folder, &status) != 0)
		return error_system(loading->error, "cannot read the run \"%s\"", matrix->folder);
	int code = run_record_read(path, &matrix->run, &error);
	matrix->plan_known = code == 0;
	if (code == ERROR_INTERNAL) {
		*loading->error = error;
		return code;
	}
	if (code != 0) {
		run_record_release(&matrix->run);
		run_record_init(&matrix->run);
		return add_note(loading,
				arena_text(&matrix->arena, "what was planned is not known, so cells may be missing: %s",
					   error.message));
	}
	for (uint32_t i = 0; code == 0 && i < matrix->run.cell_count; i++) {
		const struct run_plan *plan = &matrix->run.cells[i];
		code = add_place(loading, &(struct place){plan->folder, plan, false});
	}
	if (code == 0 && matrix->run.ended_us == 0)
		code = add_note(loading, "the run has not ended: it is still at work, or was interrupted");
	return code;
}

static int load(struct loading *loading)
{
	struct matrix *matrix = loading->matrix;
	loading->parser = json_parser_new(CELL_BYTES_MAX);
	if (matrix->folder == NULL || loading->parser == NULL)
		return no_memory(loading);
	int code = load_run(loading);
	if (code == 0)
		code = walk(loading, "cells", 0);
	if (code != 0)
		return code;
	merge_places(loading);
	if (loading->place_count == 0)
		return error_set(loading->error, ERROR_DATA, "\"%s\" holds no cells of a run", matrix->folder);
	code = load_cells(loading);
	if (code == 0 && matrix->cell_count == 0)
		return error_set(loading->error, ERROR_USAGE,
				 "no cell of \"%s\" is of these scenarios and pipelines; without --scenario and "
				 "--pipeline all are reported",
				 matrix->folder);
	return code != 0 ? code : matrix_arrange(matrix, loading->error);
}

int matrix_load(const char *folder, const struct matrix_filter *filter, struct matrix *matrix, struct error *error)
{
	struct loading loading = {.matrix = matrix, .filter = filter, .error = error};
	*matrix = (struct matrix){.folder = NULL};
	arena_init(&matrix->arena, MATRIX_BYTES_MAX);
	run_record_init(&matrix->run);
	buffer_init(&loading.bytes, CELL_BYTES_MAX);
	matrix->folder = arena_copy(&matrix->arena, slice_from(folder)).data;
	int code = load(&loading);
	json_parser_free(loading.parser);
	buffer_release(&loading.bytes);
	free(loading.places);
	return code;
}

void matrix_release(struct matrix *matrix)
{
	for (uint32_t i = 0; i < matrix->cell_count; i++)
		cell_release(&matrix->cells[i].cell);
	run_record_release(&matrix->run);
	arena_release(&matrix->arena);
	*matrix = (struct matrix){.folder = NULL};
}
