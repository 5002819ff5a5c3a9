#include "harness/runner/crew.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/whole_file.h"
#include "harness/runner/cell_run.h"
#include "harness/runner/folder.h"
#include "harness/runner/histories.h"
#include "harness/runner/sessions.h"
#include "harness/runner/shrink.h"
#include "harness/verb.h"

/* Cells that share a history are cut into parts, so that workers have something to do to the end. */
enum { CHUNK_MAX = 10, DIGEST_MAX = 128 };

struct chunk {
	uint32_t first, count;
};

struct crew {
	const struct selection *selection;
	const struct crew_options *options;
	struct sessions sessions;
	bool *wanted; /* per cell: not done yet */
	struct chunk *chunks;
	uint32_t chunk_count;
	struct error *error;
};

/* ---- what is done already */

static void digest_of(const struct selected_cell *cell, char digest[DIGEST_MAX])
{
	snprintf(digest, DIGEST_MAX, "%016" PRIx64 " %016" PRIx64 " %" PRIu64 "\n", cell->scenario->digest,
		 cell->pipeline->file->digest, cell->seed);
}

static bool is_done(const struct crew *crew, const struct selected_cell *cell)
{
	char path[4200], digest[DIGEST_MAX];
	struct error none = {0};
	struct buffer text;
	struct cell read;

	buffer_init(&text, 1 << 20);
	snprintf(path, sizeof(path), "%s/%s/digest", crew->options->folder, cell->folder);
	digest_of(cell, digest);
	bool done = folder_has(path) && whole_file_read(path, &text, &none) == 0 &&
		    slice_is(buffer_slice(&text), digest);
	buffer_release(&text);
	if (!done)
		return false;
	snprintf(path, sizeof(path), "%s/%s/cell.json", crew->options->folder, cell->folder);
	done = cell_read(path, &read, &none) == 0 && read.verdict != CELL_ERROR;
	cell_release(&read);
	return done;
}

/* ---- in a worker */

struct work {
	struct crew *crew;
	const struct chunk *chunk;
	uint32_t number;
};

/* By its name where that is found, else by its path. */
static void append_pipeline(const struct selected_pipeline *pipeline, const struct crew_options *options,
			    struct buffer *line)
{
	size_t size = strlen(options->pipelines_given);
	bool by_name = strncmp(pipeline->file->path, options->pipelines_given, size) == 0 &&
		       pipeline->file->path[size] == '/';
	char path[4200], usual[4200];

	snprintf(path, sizeof(path), "%s%s%s", pipeline->file->path, pipeline->variant != NULL ? "+" : "",
		 pipeline->variant != NULL ? pipeline->variant->name : "");
	snprintf(usual, sizeof(usual), "%s/pipelines", options->scenarios_given);
	buffer_append_text(line, " --pipeline ");
	verb_append_argument(line, by_name ? pipeline->name : path);
	if (by_name && strcmp(usual, options->pipelines_given) != 0) {
		buffer_append_text(line, " --pipelines ");
		verb_append_argument(line, options->pipelines_given);
	}
}

/* The line that does this cell again. */
static const char *reproduce(const struct selected_cell *cell, const struct crew_options *options, struct buffer *line)
{
	char own[4200];

	line->size = 0;
	buffer_append_text(line, "lakeproof run ");
	snprintf(own, sizeof(own), "%s/%s.yaml", options->scenarios_given, cell->scenario->name);
	bool by_name = strcmp(own, cell->scenario->path) == 0;
	verb_append_argument(line, by_name ? cell->scenario->name : cell->scenario->path);
	if (by_name && strcmp(options->scenarios_given, "scenarios") != 0) {
		buffer_append_text(line, " --scenarios ");
		verb_append_argument(line, options->scenarios_given);
	}
	append_pipeline(cell->pipeline, options, line);
	buffer_printf(line, " --seed %" PRIu64, cell->seed);
	buffer_append_byte(line, '\0');
	return line->failed ? NULL : line->data;
}

static bool is_kept(const struct crew *crew, const struct selected_cell *cell, enum cell_verdict verdict)
{
	struct cell read;
	struct error none = {0};
	char path[4200];

	if (crew->options->keep != KEEP_FAILED)
		return crew->options->keep == KEEP_ALL;
	if (verdict == CELL_PASS && !crew->options->expect)
		return false;
	if (!crew->options->expect)
		return true;
	snprintf(path, sizeof(path), "%s/%s/cell.json", crew->options->folder, cell->folder);
	bool kept = cell_read(path, &read, &none) != 0 || !read.as_expected;
	cell_release(&read);
	return kept;
}

/* What is left of a cell that nobody need look at. */
static int strip(const char *folder, struct error *error)
{
	static const char *const parts[] = {"evidence",
					    "delivered",
					    "landing",
					    "batches",
					    "work",
					    "state",
					    "steps",
					    "contract.yaml",
					    "contract-landed.yaml",
					    "contract-delivered.yaml"};
	char path[4200];

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, parts[i]);
		if (folder_remove(path, error) != 0)
			return error->code;
	}
	return 0;
}

static int run_cell(const struct work *work, const struct selected_cell *cell, const struct histories *histories,
		    const char *why_not, bool *kept, struct error *error)
{
	const struct crew_options *options = work->crew->options;
	char folder[4200], path[4300], digest[DIGEST_MAX];
	enum cell_verdict verdict = CELL_ERROR;
	struct buffer line;

	snprintf(folder, sizeof(folder), "%s/%s", options->folder, cell->folder);
	snprintf(path, sizeof(path), "%s/digest", folder);
	digest_of(cell, digest);
	buffer_init(&line, 1 << 16);
	const struct cell_request request = {
		.scenario = cell->scenario,
		.pipeline = cell->pipeline->file,
		.variant = cell->pipeline->variant,
		.pipeline_name = cell->pipeline->name,
		.seed = cell->seed,
		.histories = histories,
		.histories_error = why_not,
		.folder = folder,
		.program_folder = options->program_folder,
		.session = sessions_of(&work->crew->sessions, cell->pipeline->file),
		.reproduce = reproduce(cell, options, &line),
	};
	int failed = cell_run(&request, &verdict, error);
	if (failed == 0 && options->shrink && verdict == CELL_FAIL)
		failed = shrink_cell(&(struct shrink_request){.cell = &request,
							      .folder = options->folder,
							      .scenario_folder = options->scenario_folder},
				     error);
	if (failed == 0)
		failed = folder_write(path, slice_from(digest), error);
	bool keep = failed != 0 || is_kept(work->crew, cell, verdict);
	if (!keep)
		failed = strip(folder, error);
	*kept = *kept || keep;
	buffer_release(&line);
	return failed;
}

static int do_work(void *context)
{
	const struct work *work = context;
	const struct selected_cell *cells = work->crew->selection->cells + work->chunk->first;
	struct histories histories;
	struct error why = {0}, error = {0};
	char folder[4200];
	bool kept = false;

	snprintf(folder, sizeof(folder), "%s/histories/%05u", work->crew->options->folder, work->chunk->first);
	const struct histories_request request = {.scenario = cells->scenario,
						  .pipeline = cells->pipeline->file,
						  .scenarios = work->crew->options->scenario_folder,
						  .seed = cells->seed,
						  .folder = folder};
	int failed = folder_remove(folder, &why);
	if (failed == 0)
		failed = histories_make(&request, &histories, &why);
	int code = 0;
	for (uint32_t i = 0; i < work->chunk->count && code == 0; i++)
		if (work->crew->wanted[work->chunk->first + i])
			code = run_cell(work, &cells[i], failed == 0 ? &histories : NULL, why.message, &kept, &error);
	if (code == 0 && !kept)
		code = folder_remove(folder, &error);
	if (code != 0)
		(void)fprintf(stderr, "lakeproof run: %s: %s\n", cells->scenario->name, error.message);
	histories_release(&histories);
	return code;
}

/* ---- in the one that leads them */

static bool share_histories(const struct selected_cell *a, const struct selected_cell *b)
{
	return a->scenario == b->scenario && a->seed == b->seed && histories_same(a->pipeline->file, b->pipeline->file);
}

static int make_chunks(struct crew *crew)
{
	const struct selection *selection = crew->selection;
	uint32_t count = selection->cell_count;

	crew->chunks = calloc((size_t)count + 1, sizeof(*crew->chunks));
	crew->wanted = calloc((size_t)count + 1, sizeof(*crew->wanted));
	if (crew->chunks == NULL || crew->wanted == NULL)
		return error_set(crew->error, ERROR_INTERNAL, "out of memory for the cells of a run");
	for (uint32_t i = 0; i < count; i++) {
		struct chunk *last = crew->chunk_count > 0 ? &crew->chunks[crew->chunk_count - 1] : NULL;
		crew->wanted[i] = !is_done(crew, &selection->cells[i]);
		if (!crew->wanted[i])
			continue;
		bool joins = last != NULL && last->count < CHUNK_MAX && last->first + last->count == i &&
			     share_histories(&selection->cells[last->first], &selection->cells[i]);
		if (joins)
			last->count++;
		else
			crew->chunks[crew->chunk_count++] = (struct chunk){i, 1};
	}
	return 0;
}

static void told(const struct crew *crew, uint32_t cells)
{
	if (crew->options->done != NULL && cells > 0)
		crew->options->done(cells);
}

static int lead(struct crew *crew, int *number)
{
	enum { JOBS_MAX = PROCESS_LIVE_MAX / 2 };
	struct process workers[JOBS_MAX] = {{0}};
	struct work works[JOBS_MAX];
	uint32_t jobs = crew->options->jobs < JOBS_MAX ? crew->options->jobs : JOBS_MAX, next = 0, busy = 0;
	int failed = 0;

	while ((next < crew->chunk_count && failed == 0) || busy > 0) {
		for (uint32_t i = 0; i < jobs && next < crew->chunk_count && failed == 0; i++) {
			if (workers[i].pid != 0)
				continue;
			works[i] = (struct work){crew, &crew->chunks[next++], i};
			(void)fflush(NULL);
			failed = process_fork(do_work, &works[i], &workers[i], crew->error);
			busy += failed == 0;
		}
		int ended = process_wait_any(workers, jobs);
		struct process_end end;
		if (ended < 0)
			break;
		if (process_wait(&workers[ended], &end, crew->error) != 0)
			return crew->error->code;
		busy--;
		told(crew, works[ended].chunk->count);
		if (end.signal != 0)
			(void)fprintf(stderr, "lakeproof run: a worker was ended by signal %d in %s\n", end.signal,
				      crew->selection->cells[works[ended].chunk->first].scenario->name);
	}
	*number = process_interrupted();
	for (uint32_t i = 0; i < jobs; i++)
		process_stop(&workers[i], 5000000, NULL);
	return failed;
}

int crew_run(const struct selection *selection, const struct crew_options *options, int *number, struct error *error)
{
	struct crew crew = {.selection = selection, .options = options, .error = error};

	*number = 0;
	process_guard(true);
	int failed = make_chunks(&crew);
	if (failed == 0)
		failed = sessions_start(selection, crew.wanted, options->folder, options->program_folder,
					&crew.sessions, error);
	uint32_t done = 0;
	for (uint32_t i = 0; i < selection->cell_count && failed == 0; i++)
		done += !crew.wanted[i];
	told(&crew, done);
	if (failed == 0)
		failed = lead(&crew, number);
	sessions_stop(&crew.sessions);
	free(crew.chunks);
	free(crew.wanted);
	return failed;
}
