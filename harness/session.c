#include "harness/session.h"

#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "harness/progress.h"
#include "reconcile/contract/disclosure.h"

enum { JOBS_MAX = 64 };

void session_defaults(struct session_options *options)
{
	cpu_set_t cores;
	options->jobs = sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
	options->memory = (int64_t)128 << 20;
	options->version = -1;
}

void session_print_message(const struct run *run, const char *id, const char *message)
{
	struct arena arena;
	arena_init(&arena, (size_t)1 << 20);
	const char *text = disclosure_message(run->contract, run->options.values_full, id, message, &arena);
	(void)fprintf(stderr, ": %s\n", text != NULL ? text : "out of memory");
	arena_release(&arena);
}

bool session_values_full(const struct session_options *options)
{
	return options->values != NULL ? options->values[0] == 'f' : isatty(STDOUT_FILENO) == 1;
}

int session_open(const struct session_options *options, const char *contract, enum session_lake lake,
		 uint64_t finding_limit, struct run **run, struct error *error)
{
	if (options->jobs < 1 || options->jobs > JOBS_MAX)
		return error_set(error, ERROR_USAGE, "--jobs takes 1 to %d", JOBS_MAX);
	if (options->memory < (int64_t)16 << 20)
		return error_set(error, ERROR_USAGE, "--memory takes at least 16MiB");
	struct run_options run_options = {
		.contract = contract,
		.state_folder = options->state,
		.has_version = options->version >= 0,
		.version = options->version,
		.with_lake = lake != SESSION_NO_LAKE,
		.lake_optional = lake == SESSION_LAKE_IF_ANY,
		.jobs = (uint32_t)options->jobs,
		.memory_max = (size_t)options->memory,
		.finding_limit = finding_limit,
		.quarantine = options->quarantine,
		.sample_ppb = options->sample_ppb,
		.values_full = session_values_full(options),
		.watch = {progress_begin, progress_add, progress_end, progress_note},
	};
	if (options->no_steps)
		run_options.watch = (struct run_watch){.note = progress_note};
	return run_open(&run_options, run, error);
}

int session_fail(const char *verb, const struct error *error)
{
	/* Whoever fails without a word has run out of memory; in no case is it a success. */
	bool told = error->code != 0;
	(void)fprintf(stderr, "lakeproof %s: %s\n", verb, told ? error->message : "out of memory");
	return told ? error->code : ERROR_INTERNAL;
}
