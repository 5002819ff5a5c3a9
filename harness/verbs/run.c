/* run - pipelines put through scenarios: a matrix of cells, and whether each holds. */
#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "harness/progress.h"
#include "harness/runner/crew.h"
#include "harness/run_report.h"
#include "harness/runner/folder.h"
#include "harness/verb.h"
#include "reports/run_record.h"

#define SCENARIOS_DEFAULT "scenarios"
#define RUNS_DEFAULT "runs"
#define SEED_DEFAULT 1
enum { JOBS_MAX = 32 };

struct run_options {
	const char *pipelines, *scenario_folder, *pipeline_folder, *format, *output, *runs, *name, *resume, *keep;
	int64_t jobs, seed, repeat, retain;
	bool expect, list, shrink;
};

#define TARGET(field) offsetof(struct run_options, field)

static const struct option_spec options[] = {
	{"pipeline", OPTION_TEXT, TARGET(pipelines), "P,...", NULL,
	 "pipelines: NAME, NAME+VARIANT, a pattern with *, or the path of a pipeline.yaml (default: those that each "
	 "scenario names)"},
	{"scenarios", OPTION_TEXT, TARGET(scenario_folder), "DIR", NULL, "where scenarios are (default: scenarios)"},
	{"pipelines", OPTION_TEXT, TARGET(pipeline_folder), "DIR", NULL,
	 "where pipelines are (default: pipelines in the folder of the scenarios)"},
	{"jobs", OPTION_NUMBER, TARGET(jobs), "N", NULL, "cells at once (default: the cores)"},
	{"seed", OPTION_NUMBER, TARGET(seed), "N", NULL, "the same seed gives the same histories (default: 1)"},
	{"repeat", OPTION_NUMBER, TARGET(repeat), "N", NULL, "so many seeds, from that one on (default: 1)"},
	{"expect", OPTION_FLAG, TARGET(expect), NULL, NULL,
	 "only cells of which the scenario says, under holds and breaks, what is to come; good is what came so"},
	{"format", OPTION_CHOICE, TARGET(format), "FORMAT", MATRIX_FORMATS, "how to report"},
	{"output", OPTION_TEXT, TARGET(output), "FILE", NULL, "write the report there instead of stdout"},
	{"runs", OPTION_TEXT, TARGET(runs), "DIR", NULL, "where runs are kept (default: runs)"},
	{"name", OPTION_TEXT, TARGET(name), "NAME", NULL, "what the run's folder is called after its time"},
	{"resume", OPTION_TEXT, TARGET(resume), "RUN", NULL,
	 "go on with the run of that folder: cells that are done and whose files are the same stay"},
	{"keep", OPTION_CHOICE, TARGET(keep), "WHAT", CREW_KEEPS,
	 "whose files stay, besides the verdict: of cells that did not pass, of all or of none (default: failed)"},
	{"retain", OPTION_NUMBER, TARGET(retain), "N", NULL,
	 "remove all but the newest N runs afterwards (default: 0, which removes none)"},
	{"shrink", OPTION_FLAG, TARGET(shrink), NULL, NULL,
	 "make what fails as small as it can be, tell its story, and keep it as a scenario that replays it"},
	{"list", OPTION_FLAG, TARGET(list), NULL, NULL, "tell which cells there would be, and do nothing"},
	{NULL, OPTION_FLAG, 0, NULL, NULL, NULL},
};

static void defaults(void *target)
{
	struct run_options *chosen = target;
	cpu_set_t cores;

	*chosen = (struct run_options){
		.scenario_folder = SCENARIOS_DEFAULT,
		.runs = RUNS_DEFAULT,
		.format = "text",
		.keep = "failed",
		.jobs = sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1,
		.seed = SEED_DEFAULT,
		.repeat = 1,
	};
}

static int fail(const struct error *error)
{
	(void)fprintf(stderr, "lakeproof run: %s\n", error->code != 0 ? error->message : "out of memory");
	return error->code != 0 ? error->code : ERROR_INTERNAL;
}

/* ---- the run's folder */

struct place {
	char folder[PATH_MAX]; /* absolute */
	char name[256];
	char history[PATH_MAX];
};

static bool is_name(const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_. ";
	return text[0] != '\0' && text[0] != '.' && text[strspn(text, plain)] == '\0' && strlen(text) <= 100;
}

static int absolute(const char *path, char full[PATH_MAX], struct error *error)
{
	return realpath(path, full) != NULL ? 0 : error_system(error, "cannot find \"%s\"", path);
}

static int resume_place(const struct run_options *chosen, struct place *place, struct error *error)
{
	char path[PATH_MAX];

	if (absolute(chosen->resume, place->folder, error) != 0)
		return error->code;
	snprintf(path, sizeof(path), "%.*s/run.json", PATH_MAX - 32, place->folder);
	if (!folder_has(path))
		return error_set(error, ERROR_USAGE, "\"%s\" is not the folder of a run", chosen->resume);
	const char *slash = strrchr(place->folder, '/');
	snprintf(place->name, sizeof(place->name), "%s", slash + 1);
	snprintf(place->history, sizeof(place->history), "%.*s/history.sqlite", (int)(slash - place->folder),
		 place->folder);
	return 0;
}

/* A run that begins within a second of another one of that name has a number. */
static int make_place(const struct run_options *chosen, struct place *place, struct error *error)
{
	char runs[PATH_MAX], time[CLOCK_TEXT_MAX];
	size_t kept = 0;

	if (chosen->resume != NULL)
		return resume_place(chosen, place, error);
	if (chosen->name != NULL && !is_name(chosen->name))
		return error_set(error, ERROR_USAGE,
				 "--name has letters, digits, spaces, '-', '_' and '.', 100 at most");
	if (folder_make(chosen->runs, error) != 0 || absolute(chosen->runs, runs, error) != 0)
		return error->code;
	(void)clock_format(clock_now_us(), time);
	for (size_t i = 0; i < 19 && time[i] != '\0'; i++) /* 2025-10-09T08:22:51 as 20251009T082251 */
		if (time[i] != '-' && time[i] != ':')
			time[kept++] = time[i];
	time[kept] = '\0';
	for (unsigned number = 1; number < 1000; number++) {
		char again[16] = "";
		if (number > 1)
			snprintf(again, sizeof(again), "-%u", number);
		snprintf(place->name, sizeof(place->name), "%sZ-%s%s", time,
			 chosen->name != NULL ? chosen->name : "run", again);
		snprintf(place->folder, sizeof(place->folder), "%.*s/%s", PATH_MAX - 300, runs, place->name);
		snprintf(place->history, sizeof(place->history), "%.*s/history.sqlite", PATH_MAX - 300, runs);
		if (!folder_has(place->folder))
			return folder_make(place->folder, error);
	}
	return error_set(error, ERROR_IO, "cannot find a name for the run in \"%s\"", runs);
}

static int order_down(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*b)->d_name, (*a)->d_name);
}

static int is_run(const struct dirent *entry)
{
	static const char form[] = "00000000T000000Z-";
	for (size_t i = 0; i < sizeof(form) - 1; i++)
		if (form[i] == '0' ? entry->d_name[i] < '0' || entry->d_name[i] > '9' : entry->d_name[i] != form[i])
			return 0;
	return 1;
}

/* All but the newest runs go; only what is called as a run is, and holds one. */
static int retire(const struct run_options *chosen, const struct place *place, struct error *error)
{
	struct dirent **entries = NULL;
	char runs[PATH_MAX], path[2 * PATH_MAX];
	int failed = 0;

	if (chosen->retain <= 0)
		return 0;
	snprintf(runs, sizeof(runs), "%.*s", (int)(strrchr(place->folder, '/') - place->folder), place->folder);
	int count = scandir(runs, &entries, is_run, order_down);
	if (count < 0)
		return error_system(error, "cannot list \"%s\"", runs);
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s/run.json", runs, entries[i]->d_name);
		bool goes = i >= chosen->retain && strcmp(entries[i]->d_name, place->name) != 0 && folder_has(path);
		snprintf(path, sizeof(path), "%s/%s", runs, entries[i]->d_name);
		if (goes && failed == 0)
			failed = folder_remove(path, error);
		free(entries[i]);
	}
	free(entries);
	return failed;
}

/* ---- what is run */

static int print_list(const struct selection *selection)
{
	for (uint32_t i = 0; i < selection->cell_count; i++)
		printf("%s\t%s\t%" PRIu64 "\t%s\n", selection->cells[i].scenario->name,
		       selection->cells[i].pipeline->name, selection->cells[i].seed,
		       selection->cells[i].scenario->title);
	return fflush(stdout) == 0 ? 0 : ERROR_IO;
}

static int record(const struct run_options *chosen, const struct selection *selection, const struct place *place,
		  int64_t started_us, int64_t ended_us, struct error *error)
{
	struct run_record record;
	char path[PATH_MAX + 16];

	run_record_init(&record);
	record.name = place->name;
	record.version = LAKEPROOF_VERSION;
	record.started_us = started_us;
	record.ended_us = ended_us;
	record.seed = (uint64_t)chosen->seed;
	record.repeat = (uint64_t)chosen->repeat;
	record.jobs = (uint64_t)chosen->jobs;
	record.expect = chosen->expect;
	for (uint32_t i = 0; i < selection->cell_count; i++) {
		const struct selected_cell *cell = &selection->cells[i];
		const struct run_plan plan = {cell->scenario->name, cell->pipeline->name, cell->seed, cell->folder};
		(void)run_record_add(&record, &plan);
	}
	snprintf(path, sizeof(path), "%s/run.json", place->folder);
	int failed = run_record_write(&record, path, error);
	run_record_release(&record);
	return failed;
}

static void count_done(uint64_t cells)
{
	progress_add(cells, 0);
}

static int run_cells(const struct run_options *chosen, const struct selection *selection, const struct place *place,
		     int *number, struct error *error)
{
	char program[PATH_MAX], scenarios[PATH_MAX];
	ssize_t size = readlink("/proc/self/exe", program, sizeof(program) - 1);

	program[size > 0 ? size : 0] = '\0';
	char *slash = strrchr(program, '/');
	if (slash != NULL)
		*slash = '\0';
	if (absolute(chosen->scenario_folder, scenarios, error) != 0)
		return error->code;
	const struct crew_options crew = {
		.folder = place->folder,
		.scenario_folder = scenarios,
		.scenarios_given = chosen->scenario_folder,
		.pipelines_given = chosen->pipeline_folder,
		.program_folder = slash != NULL ? program : NULL,
		.jobs = (uint32_t)chosen->jobs,
		.keep = strcmp(chosen->keep, "all") == 0    ? KEEP_ALL
			: strcmp(chosen->keep, "none") == 0 ? KEEP_NONE
							    : KEEP_FAILED,
		.expect = chosen->expect,
		.shrink = chosen->shrink,
		.done = count_done,
	};
	int64_t started_us = clock_now_us();
	if (record(chosen, selection, place, started_us, 0, error) != 0)
		return error->code;
	progress_begin("running", selection->cell_count, "cells");
	int failed = crew_run(selection, &crew, number, error);
	progress_end();
	if (failed == 0 && *number == 0)
		failed = record(chosen, selection, place, started_us, clock_now_us(), error);
	return failed;
}

/* ---- the report */

static int report(const struct run_options *chosen, const struct place *place, int *exit_code, struct error *error)
{
	struct run_report wanted = {.folder = place->folder,
				    .output = chosen->output,
				    .expect = chosen->expect,
				    .remember = true,
				    .page = true};

	if (!matrix_format_parse(chosen->format, &wanted.format))
		return error_set(error, ERROR_USAGE, "unknown format '%s'", chosen->format);
	return run_report(&wanted, exit_code, error);
}

static int run_selected(const struct run_options *chosen, const struct selection *selection, struct error *error)
{
	struct place place;
	int number = 0, exit_code = 0;

	if (make_place(chosen, &place, error) != 0)
		return fail(error);
	if (run_cells(chosen, selection, &place, &number, error) != 0)
		return fail(error);
	if (number != 0) {
		(void)fprintf(stderr, "lakeproof run: interrupted; the same command with --resume \"%s\" goes on\n",
			      place.folder);
		process_die(number);
		return ERROR_INTERNAL;
	}
	(void)fprintf(stderr, "lakeproof run: seed %" PRId64 ", in \"%s\"\n", chosen->seed, place.folder);
	if (report(chosen, &place, &exit_code, error) != 0 || retire(chosen, &place, error) != 0)
		return fail(error);
	return exit_code;
}

static int run(int operand_count, char **operands, const void *target)
{
	struct run_options own = *(const struct run_options *)target;
	struct error error = {0};
	struct selection selection = {.cells = NULL};
	char pipelines[PATH_MAX];

	snprintf(pipelines, sizeof(pipelines), "%s/pipelines", own.scenario_folder);
	if (own.pipeline_folder == NULL)
		own.pipeline_folder = pipelines;
	if (own.jobs < 1 || own.jobs > JOBS_MAX) {
		(void)error_set(&error, ERROR_USAGE, "--jobs takes 1 to %d", JOBS_MAX);
		return fail(&error);
	}
	const struct selection_request request = {
		.scenarios = operands,
		.scenario_count = operand_count,
		.pipelines = own.pipelines,
		.scenario_folder = own.scenario_folder,
		.pipeline_folder = own.pipeline_folder,
		.seed = (uint64_t)own.seed,
		.expect = own.expect,
		.repeat = (uint64_t)own.repeat,
	};
	int code = selection_make(&request, &selection, &error);
	if (code != 0)
		code = fail(&error);
	else
		code = own.list ? print_list(&selection) : run_selected(&own, &selection, &error);
	selection_release(&selection);
	return code;
}

const struct verb verb_run = {
	.name = "run",
	.summary = "put pipelines through scenarios and say what broke",
	.usage = "[SCENARIO...]",
	.details = "A SCENARIO is GROUP/NAME, a GROUP, a pattern with *, or the path of a file; none\n"
		   "means all. Each pipeline and scenario make a cell: a history is generated, its\n"
		   "files land batch by batch, the pipeline applies them, and what its table says\n"
		   "is judged by reconciliations. docs/run.md tells how to bring a pipeline.\n"
		   "Exit status: 0 all PASS (--expect: all as expected), 1 FAIL, 2 UNKNOWN,\n"
		   "70 when a cell could not be run.",
	.options = options,
	.run = run,
	.options_size = sizeof(struct run_options),
	.defaults = defaults,
	.operands_min = 0,
	.operands_max = 10000,
};
