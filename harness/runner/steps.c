#include "harness/runner/steps.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "harness/runner/folder.h"

enum { STEPS_MEMORY_MAX = 64 * 1024 * 1024, ENVIRONMENT_MAX = 4096, POLL_US = 50000 };

void steps_init(struct steps *steps)
{
	arena_init(&steps->arena, STEPS_MEMORY_MAX);
	steps->service = (struct process){.handle = -1};
}

void steps_release(struct steps *steps)
{
	steps_stop(steps, false, 0, true);
	arena_release(&steps->arena);
}

static int no_memory(struct error *error)
{
	return error_set(error, ERROR_INTERNAL, "out of memory for a step");
}

/* ---- environment and words */

struct environment {
	const char **entries;
	uint32_t count;
	bool failed;
};

static void add(struct steps *steps, struct environment *environment, const char *name, const char *value)
{
	if (environment->count + 1 >= ENVIRONMENT_MAX)
		return;
	const char *entry = arena_text(&steps->arena, "%s=%s", name, value);
	environment->failed = environment->failed || entry == NULL;
	environment->entries[environment->count++] = entry;
}

static void add_path(struct steps *steps, struct environment *environment)
{
	const char *path = getenv("PATH");

	if (path == NULL)
		path = "/usr/local/bin:/usr/bin:/bin";
	if (steps->program_folder == NULL)
		add(steps, environment, "PATH", path);
	else {
		const char *both = arena_text(&steps->arena, "%s:%s", steps->program_folder, path);
		environment->failed = environment->failed || both == NULL;
		if (both != NULL)
			add(steps, environment, "PATH", both);
	}
}

static int make_environment(struct steps *steps, const char *crash_at, struct environment *environment,
			    struct error *error)
{
	char number[16];
	const char *landing = arena_text(&steps->arena, "%s/landing", steps->cell_folder);

	*environment = (struct environment){.entries = arena_array(&steps->arena, ENVIRONMENT_MAX, sizeof(char *))};
	if (environment->entries == NULL || landing == NULL)
		return no_memory(error);
	add_path(steps, environment);
	snprintf(number, sizeof(number), "%u", steps->landing->number);
	add(steps, environment, "LAKEPROOF_RUN", steps->cell_folder);
	add(steps, environment, "LAKEPROOF_WORK", steps->work);
	add(steps, environment, "LAKEPROOF_LANDING", landing);
	add(steps, environment, "LAKEPROOF_BATCH", steps->landing->folder != NULL ? steps->landing->folder : "");
	add(steps, environment, "LAKEPROOF_BATCH_NUMBER", number);
	add(steps, environment, "LAKEPROOF_BATCH_JSON", steps->landing->json != NULL ? steps->landing->json : "");
	add(steps, environment, "LAKEPROOF_TABLE", steps->table);
	add(steps, environment, "LAKEPROOF_COLUMNS", steps->columns);
	add(steps, environment, "LAKEPROOF_SESSION", steps->session);
	add(steps, environment, "LAKEPROOF_VARIANT", steps->variant != NULL ? steps->variant->name : "");
	add(steps, environment, "LAKEPROOF_TABLE_KEY", steps->key_text);
	if (crash_at != NULL)
		add(steps, environment, "LAKEPROOF_CRASH_AT", crash_at);
	for (char **entry = environ; *entry != NULL; entry++)
		if (strncmp(*entry, "LAKEPROOF_", 10) != 0 && strncmp(*entry, "PATH=", 5) != 0 &&
		    environment->count + 1 < ENVIRONMENT_MAX)
			environment->entries[environment->count++] = *entry;
	environment->entries[environment->count] = NULL;
	return environment->failed ? no_memory(error) : 0;
}

static const char *value_of(const struct environment *environment, struct slice name)
{
	for (uint32_t i = 0; i < environment->count; i++)
		if (strncmp(environment->entries[i], name.data, name.size) == 0 &&
		    environment->entries[i][name.size] == '=')
			return environment->entries[i] + name.size + 1;
	return NULL;
}

static int expand(struct steps *steps, const struct environment *environment, const char *word, const char **expanded,
		  struct error *error)
{
	struct buffer text;
	int failed = 0;

	buffer_init(&text, 1 << 20);
	while (*word != '\0' && failed == 0) {
		const char *end = strncmp(word, "${", 2) == 0 ? strchr(word, '}') : NULL;
		struct slice name = {word + 2, end != NULL ? (size_t)(end - word) - 2 : 0};
		const char *value = end != NULL ? value_of(environment, name) : NULL;
		if (end == NULL)
			buffer_append_byte(&text, *word++);
		else if (value == NULL)
			failed = error_set(error, ERROR_USAGE,
					   "pipeline %s: ${%.*s} is not in the environment of a step",
					   steps->pipeline->name, (int)name.size, name.data);
		else {
			buffer_append_text(&text, value);
			word = end + 1;
		}
	}
	*expanded = failed == 0 ? arena_copy(&steps->arena, buffer_slice(&text)).data : NULL;
	failed = failed == 0 && (text.failed || *expanded == NULL) ? no_memory(error) : failed;
	buffer_release(&text);
	return failed;
}

static int make_words(struct steps *steps, const struct step_plan *plan, const struct environment *environment,
		      const char ***words, struct error *error)
{
	uint32_t extra = plan->with_variant && steps->variant != NULL ? steps->variant->words.count : 0;
	const char **made = arena_array(&steps->arena, plan->words->count + extra + 1, sizeof(*made));

	if (made == NULL)
		return no_memory(error);
	for (uint32_t i = 0; i < plan->words->count + extra; i++) {
		const char *word = i < plan->words->count ? plan->words->words[i]
							  : steps->variant->words.words[i - plan->words->count];
		if (expand(steps, environment, word, &made[i], error) != 0)
			return error->code;
	}
	made[plan->words->count + extra] = NULL;
	*words = made;
	return 0;
}

/* ---- running */

struct started {
	struct process process;
	const char *out, *err; /* below the cell's folder */
	bool refused;          /* it could not be run at all */
	struct error why;
};

/* A program that is not there is the pipeline's failure, not ours. */
static int start(struct steps *steps, const struct step_plan *plan, struct started *started, struct error *error)
{
	struct environment environment;
	const char **words = NULL;
	char name[64];

	started->refused = false;
	started->why.code = 0;
	if (make_environment(steps, plan->crash_at, &environment, error) != 0 ||
	    make_words(steps, plan, &environment, &words, error) != 0)
		return error->code;
	snprintf(name, sizeof(name), "%02u-%s", ++steps->number, plan->name);
	for (char *at = name; *at != '\0'; at++)
		*at = *at == ' ' ? '-' : *at;
	started->out = arena_text(&steps->arena, "steps/%s.out", name);
	started->err = arena_text(&steps->arena, "steps/%s.err", name);
	const char *out = arena_text(&steps->arena, "%s/steps/%s.out", steps->cell_folder, name);
	const char *err = arena_text(&steps->arena, "%s/steps/%s.err", steps->cell_folder, name);
	if (started->out == NULL || started->err == NULL || out == NULL || err == NULL)
		return no_memory(error);
	const struct process_plan process = {
		.words = words,
		.environment = environment.entries,
		.folder = steps->pipeline->folder,
		.out = out,
		.err = err,
		.limit_us = plan->limit_us,
		.kill_us = plan->kill_us,
		.file_max = plan->file_max,
	};
	int code = process_start(&process, &started->process, &started->why);
	started->refused = code == ERROR_USAGE;
	if (code != 0 && code != ERROR_USAGE)
		return error_set(error, code, "%s", started->why.message);
	return 0;
}

/* Tells the cell, and says in words what is wrong with it. */
static void tell(struct steps *steps, const struct step_plan *plan, const struct started *started,
		 const struct process_end *ended, struct step_end *end)
{
	char size[32];
	bool large = ended->rss_peak > (uint64_t)steps->pipeline->limits.memory;
	const char *why = NULL;
	struct arena *arena = &steps->cell->arena;

	snprintf(size, sizeof(size), "%llu MiB", (unsigned long long)(ended->rss_peak >> 20));
	if (started->refused)
		why = arena_text(arena, "%s: %s", plan->name, started->why.message);
	else if (ended->over_limit)
		why = arena_text(arena, "%s was still running after %lld s", plan->name,
				 (long long)(plan->limit_us / 1000000));
	else if (ended->signal != 0)
		why = arena_text(arena, "%s was ended by signal %d", plan->name, ended->signal);
	else if (ended->exit != 0)
		why = arena_text(arena, "%s exited with %d", plan->name, ended->exit);
	else if (large)
		why = arena_text(arena, "%s took %s of memory", plan->name, size);
	*end = (struct step_end){.done = why == NULL && !started->refused,
				 .over_limit = ended->over_limit || (large && ended->signal == 0 && ended->exit == 0),
				 .why = why};
	end->done = end->done && ended->exit == 0 && ended->signal == 0;
	/* A shell says 126 and 127 of a program that it could not run. */
	end->declined = !started->refused && !end->over_limit && ended->exit > 0 && ended->exit < 126;
	const struct cell_step step = {.name = plan->name,
				       .out = started->out,
				       .err = started->err,
				       .exit = started->refused ? 127 : ended->exit,
				       .signal = ended->signal,
				       .us = ended->us,
				       .faulted = plan->faulted};
	(void)cell_add_step(steps->cell, &step);
}

static int finish(struct steps *steps, const struct step_plan *plan, struct started *started, struct step_end *end,
		  struct error *error)
{
	struct process_end ended = {.exit = -1};

	if (!started->refused && process_wait(&started->process, &ended, error) != 0)
		return error->code;
	tell(steps, plan, started, &ended, end);
	return 0;
}

int steps_run(struct steps *steps, const struct step_plan *plan, struct step_end *end, struct error *error)
{
	struct started started;

	if (start(steps, plan, &started, error) != 0)
		return error->code;
	return finish(steps, plan, &started, end, error);
}

int steps_run_together(struct steps *steps, const struct step_plan *plan, struct step_end ends[2], struct error *error)
{
	struct started started[2];
	struct error second = {0};

	if (start(steps, plan, &started[0], error) != 0)
		return error->code;
	int failed = start(steps, plan, &started[1], &second);
	if (finish(steps, plan, &started[0], &ends[0], error) != 0)
		return error->code;
	if (failed != 0)
		return error_set(error, second.code, "%s", second.message);
	return finish(steps, plan, &started[1], &ends[1], error);
}

/* ---- a service */

int steps_serve(struct steps *steps, const struct step_plan *plan, struct step_end *end, struct error *error)
{
	struct started started;
	struct process_end none = {.exit = -1};

	*end = (struct step_end){.done = true};
	if (start(steps, plan, &started, error) != 0)
		return error->code;
	if (started.refused)
		tell(steps, plan, &started, &none, end);
	else
		steps->service = started.process;
	steps->service_name = plan->name;
	steps->service_out = started.out;
	steps->service_err = started.err;
	return 0;
}

int steps_catch_up(struct steps *steps, const struct step_plan *plan, struct step_end *end, struct error *error)
{
	int64_t until_us = process_now_us() + plan->limit_us;
	struct step_plan once = *plan;

	for (;;) {
		struct started started;
		struct process_end ended = {.exit = -1};
		/* Asked many times over: one step in the cell, one pair of files. */
		unsigned number = steps->number;
		once.limit_us = until_us - process_now_us();
		once.limit_us = once.limit_us < 1 ? 1 : once.limit_us;
		bool gone = process_has_ended(&steps->service);
		if (start(steps, &once, &started, error) != 0)
			return error->code;
		if (!started.refused && process_wait(&started.process, &ended, error) != 0)
			return error->code;
		bool over = process_now_us() >= until_us;
		if (ended.exit == 0 || over || gone || started.refused) {
			ended.over_limit = ended.over_limit || (over && ended.exit != 0);
			tell(steps, plan, &started, &ended, end);
			return 0;
		}
		steps->number = number;
		usleep(POLL_US);
	}
}

void steps_stop(struct steps *steps, bool gently, int64_t grace_us, bool faulted)
{
	struct process_end ended;

	if (steps->service.pid == 0)
		return;
	if (!gently)
		kill(steps->service.target, SIGKILL);
	process_stop(&steps->service, grace_us, &ended);
	const struct cell_step step = {.name = steps->service_name,
				       .out = steps->service_out,
				       .err = steps->service_err,
				       .exit = ended.exit,
				       .signal = ended.signal,
				       .us = ended.us,
				       .faulted = faulted};
	(void)cell_add_step(steps->cell, &step);
}

static bool is_on_path(const struct steps *steps, const char *program, struct arena *arena)
{
	const char *path = getenv("PATH");

	if (strchr(program, '/') != NULL) {
		const char *full = program[0] == '/' ? program
						     : arena_text(arena, "%s/%s", steps->pipeline->folder, program);
		return full != NULL && access(full, X_OK) == 0;
	}
	for (const char *at = path != NULL ? path : ""; *at != '\0';) {
		size_t size = strcspn(at, ":");
		const char *full = arena_text(arena, "%.*s/%s", (int)size, at, program);
		if (full != NULL && access(full, X_OK) == 0)
			return true;
		at += size + (at[size] == ':');
	}
	const char *beside = steps->program_folder == NULL ? NULL
							   : arena_text(arena, "%s/%s", steps->program_folder, program);
	return beside != NULL && access(beside, X_OK) == 0;
}

const char *steps_missing(const struct steps *steps)
{
	struct arena arena;
	const char *missing = NULL;

	arena_init(&arena, STEPS_MEMORY_MAX);
	for (uint32_t i = 0; i < steps->pipeline->need_count && missing == NULL; i++)
		if (!is_on_path(steps, steps->pipeline->needs[i], &arena))
			missing = steps->pipeline->needs[i];
	arena_release(&arena);
	return missing;
}
