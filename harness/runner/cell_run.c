#include "harness/runner/cell_run.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/whole_file.h"
#include "harness/runner/folder.h"
#include "harness/runner/invariants.h"
#include "harness/runner/poison_points.h"
#include "harness/runner/steps.h"
#include "harness/runner/story.h"

struct life {
	const struct cell_request *request;
	struct cell cell;
	struct steps steps;
	struct landing landing;
	struct landing_plan plan;
	struct landing_facts facts;
	struct invariants invariants;
	bool *landed;
	bool in_batch; /* a batch is being applied */
	bool stopped;  /* a step failed that nobody disturbed */
	bool over_limit;
	bool never_ran; /* a program it needs is not there */
	bool declined;   /* it was a batch, and the pipeline itself said no */
	const char *why; /* of the first that did */
	struct error *error;
};

static const char *text(struct life *life, const char *format, const char *one)
{
	char whole[4200];
	snprintf(whole, sizeof(whole), format, one);
	return cell_text(&life->cell, whole);
}

/* ---- steps */

static void note_failure(struct life *life, const struct step_end *end)
{
	if (life->why == NULL)
		life->why = end->why;
	life->over_limit = life->over_limit || end->over_limit;
	if (!life->stopped)
		life->declined = end->declined && life->in_batch;
	life->stopped = true;
}

static int step(struct life *life, const struct step_plan *plan, struct step_end *end)
{
	if (steps_run(&life->steps, plan, end, life->error) != 0)
		return life->error->code;
	if (!plan->faulted && (!end->done || end->over_limit))
		note_failure(life, end);
	return 0;
}

static int once(struct life *life, const char *name, const struct pipeline_words *words, bool with_variant,
		int64_t limit_us)
{
	const struct step_plan plan = {
		.name = name, .words = words, .with_variant = with_variant, .limit_us = limit_us};
	struct step_end end;

	return words->count == 0 ? 0 : step(life, &plan, &end);
}

static int serve(struct life *life, const char *crash_at)
{
	const struct step_plan plan = {
		.name = "serve", .words = &life->request->pipeline->serve, .with_variant = true, .crash_at = crash_at};
	struct step_end end;

	if (steps_serve(&life->steps, &plan, &end, life->error) != 0)
		return life->error->code;
	if (!end.done)
		note_failure(life, &end);
	return 0;
}

/* ---- one batch */

struct attempt {
	const struct landing_batch *batch;
	unsigned number;
	const char *name;
};

static int describe(struct life *life, const struct attempt *attempt, const char *crash_at)
{
	return landing_describe(&life->landing, attempt->batch, &life->facts, attempt->number, crash_at, life->error);
}

static struct step_plan plan_of(const struct life *life, const struct attempt *attempt)
{
	const struct pipeline_file *pipeline = life->request->pipeline;
	bool serves = pipeline->serve.count > 0;

	return (struct step_plan){.name = attempt->name,
				  .words = serves ? &pipeline->caught_up : &pipeline->apply,
				  .with_variant = !serves,
				  .limit_us = pipeline->limits.apply_us};
}

/* Nobody disturbs it: it has to work. */
static int plainly(struct life *life, struct attempt *attempt)
{
	struct step_plan plan = plan_of(life, attempt);
	struct step_end end;

	if (describe(life, attempt, NULL) != 0)
		return life->error->code;
	attempt->number++;
	if (life->request->pipeline->serve.count == 0)
		return step(life, &plan, &end);
	if (life->steps.service.pid == 0 && serve(life, NULL) != 0)
		return life->error->code;
	if (life->stopped)
		return 0;
	if (steps_catch_up(&life->steps, &plan, &end, life->error) != 0)
		return life->error->code;
	if (!end.done)
		note_failure(life, &end);
	return 0;
}

/* It is killed: at a moment of its own, or after a time. */
static int killed(struct life *life, struct attempt *attempt, const struct process_fault *fault)
{
	struct step_plan plan = plan_of(life, attempt);
	struct step_end end;
	bool by_itself = fault->moment != NULL && pipeline_file_has_moment(life->request->pipeline, fault->moment);

	plan.crash_at = by_itself ? fault->moment : NULL;
	plan.kill_us = by_itself ? 0 : fault->after_us;
	plan.faulted = true;
	if (describe(life, attempt, plan.crash_at) != 0)
		return life->error->code;
	attempt->number++;
	if (life->request->pipeline->serve.count == 0)
		return step(life, &plan, &end);
	if (by_itself) {
		steps_stop(&life->steps, true, 1000000, true);
		if (serve(life, plan.crash_at) != 0)
			return life->error->code;
	}
	usleep((unsigned)(fault->after_us < 1000000 ? fault->after_us : 1000000));
	steps_stop(&life->steps, false, 0, true);
	return 0;
}

static int with_full_disk(struct life *life, struct attempt *attempt, const struct process_fault *fault)
{
	struct step_plan plan = plan_of(life, attempt);
	struct step_end end;

	plan.file_max = (uint64_t)fault->bytes;
	plan.faulted = true;
	if (life->request->pipeline->serve.count > 0)
		return 0; /* a limit is of a process from its start */
	if (describe(life, attempt, NULL) != 0)
		return life->error->code;
	attempt->number++;
	return step(life, &plan, &end);
}

/* Two instances; where one of them failed, it is tried again, alone. */
static int together(struct life *life, struct attempt *attempt, bool *done)
{
	struct step_plan plan = plan_of(life, attempt);
	struct step_end ends[2];

	plan.faulted = true;
	*done = false;
	if (life->request->pipeline->serve.count > 0)
		return 0;
	if (describe(life, attempt, NULL) != 0 || steps_run_together(&life->steps, &plan, ends, life->error) != 0)
		return life->error->code;
	attempt->number++;
	*done = ends[0].done && ends[1].done;
	return 0;
}

static int lose_checkpoint(struct life *life)
{
	const char *checkpoint = life->request->pipeline->checkpoint;
	char path[4200];

	if (checkpoint == NULL)
		return 0;
	steps_stop(&life->steps, true, 5000000, false);
	snprintf(path, sizeof(path), "%s/%s", life->steps.work, checkpoint);
	return folder_remove(path, life->error);
}

static int apply_batch(struct life *life, const struct landing_batch *batch)
{
	char name[32];
	bool done = false;

	if (batch->checkpoint_lost && lose_checkpoint(life) != 0)
		return life->error->code;
	if (landing_batch(&life->landing, batch, life->error) != 0)
		return life->error->code;
	for (uint32_t i = 0; i < batch->count; i++)
		life->landed[batch->entries[i].unit] = true;
	snprintf(name, sizeof(name), "apply %u", life->landing.number);
	struct attempt attempt = {batch, 1, cell_text(&life->cell, name)};
	int failed = attempt.name == NULL ? error_set(life->error, ERROR_INTERNAL, "out of memory for a step") : 0;
	if (failed == 0 && batch->kill != NULL)
		failed = killed(life, &attempt, batch->kill);
	if (failed == 0 && batch->disk_full != NULL)
		failed = with_full_disk(life, &attempt, batch->disk_full);
	if (failed == 0 && batch->together)
		failed = together(life, &attempt, &done);
	if (failed == 0 && !done && !life->stopped)
		failed = plainly(life, &attempt);
	if (failed == 0 && batch->twice && !life->stopped)
		failed = plainly(life, &attempt);
	return failed;
}

static int apply_all(struct life *life)
{
	int failed = 0;

	life->facts.of = life->plan.count;
	life->in_batch = true;
	for (uint32_t i = 0; i < life->plan.count && failed == 0 && !life->stopped; i++) {
		failed = apply_batch(life, &life->plan.batches[i]);
		life->cell.batches = i + 1;
		if (failed == 0 && life->request->pipeline->claims_each_batch && !life->stopped &&
		    life->request->scenario->final != FINAL_REFUSE)
			failed = invariants_batch(&life->invariants, i + 1, life->error);
	}
	life->in_batch = false;
	return failed;
}

/* ---- points */

static void add_ran(struct life *life)
{
	/* Saying no is right where it cannot be right; not having run, or having crashed, is not saying no. */
	bool failed = life->stopped && (life->request->scenario->final != FINAL_REFUSE || !life->declined);

	(void)cell_add_point(&life->cell, "ran", "every step exits 0 within its limits",
			     failed          ? POINT_FAILED
			     : life->stopped ? POINT_SKIPPED
					     : POINT_OK,
			     life->why);
	if (failed)
		(void)cell_point_finding(&life->cell, life->over_limit ? "pipeline.limit" : "pipeline.failed", 1);
}

/* Lines of the pipeline's list of what it set aside. */
static uint64_t set_aside_lines(struct life *life)
{
	struct buffer bytes;
	struct error none = {0};
	char path[4200];
	uint64_t lines = 0;

	if (life->request->pipeline->set_aside == NULL)
		return 0;
	snprintf(path, sizeof(path), "%s/%s", life->steps.work, life->request->pipeline->set_aside);
	buffer_init(&bytes, (size_t)1 << 30);
	if (folder_has(path) && whole_file_read(path, &bytes, &none) == 0)
		for (size_t i = 0; i < bytes.size; i++)
			lines += bytes.data[i] == '\n';
	buffer_release(&bytes);
	return lines;
}

static void add_refused(struct life *life)
{
	uint64_t lines = set_aside_lines(life);
	bool refused = life->declined || (!life->stopped && lines > 0);

	(void)cell_add_point(&life->cell, "refused", "it does not report success where it cannot be right",
			     refused ? POINT_OK : POINT_FAILED,
			     refused || life->stopped ? life->why : "every step exited 0, and nothing was set aside");
	if (!refused && !life->stopped)
		(void)cell_point_finding(&life->cell, "pipeline.silent", 1);
}

static int judge(struct life *life)
{
	if (life->request->scenario->final == FINAL_REFUSE) {
		add_refused(life);
		return 0;
	}
	if (invariants_final(&life->invariants, life->error) != 0)
		return life->error->code;
	if (invariants_batches(&life->invariants) != 0)
		return error_set(life->error, ERROR_INTERNAL, "out of memory for a cell");
	return life->stopped ? 0 : poison_points_add(&life->invariants, life->steps.work, life->error);
}

/* ---- delivered once more */

static int replay_one(struct life *life, enum landing_replay replay, struct replayed *replayed)
{
	struct landing_batch *batches = NULL;
	uint32_t count = landing_plan_replay(&life->plan, life->request->histories, replay, &batches);
	int failed = 0;

	*replayed = (struct replayed){.replay = replay, .before = invariants_table_version(&life->invariants)};
	life->facts.of = 0;
	for (uint32_t i = 0; i < count && failed == 0 && !life->stopped; i++)
		failed = apply_batch(life, &batches[i]);
	replayed->after = invariants_table_version(&life->invariants);
	replayed->why = life->stopped ? life->why : NULL;
	replayed->over_limit = life->over_limit;
	return failed;
}

/* Of a table that is there; what the pipeline could not do once it need not do again. */
static int replay_all(struct life *life)
{
	struct replayed replayed[REPLAY_COUNT];
	uint32_t count = 0;

	if (life->stopped || life->request->scenario->final == FINAL_REFUSE ||
	    invariants_table_version(&life->invariants) < 0)
		return 0;
	for (int replay = 0; replay < REPLAY_COUNT && !life->stopped; replay++)
		if (replay_one(life, (enum landing_replay)replay, &replayed[count++]) != 0)
			return life->error->code;
	int failed = invariants_replayed(&life->invariants, replayed, count, life->error);
	/* It has a point of its own. */
	life->stopped = false;
	return failed;
}

/* ---- the whole */

/* The way from one folder to another, both absolute, so that they may be moved together. */
static void relative_path(const char *from, const char *to, char *path, size_t size)
{
	size_t common = 0, used = 0;

	for (size_t i = 0; from[i] != '\0' && from[i] == to[i]; i++)
		if (from[i] == '/')
			common = i + 1;
	path[0] = '\0';
	for (const char *at = from + common; at != NULL && used < size; at = strchr(at, '/'), at += at != NULL)
		used += (size_t)snprintf(path + used, size - used, "../");
	if (used < size)
		snprintf(path + used, size - used, "%s", to + common);
}

static int link_histories(struct life *life)
{
	const struct cell_request *request = life->request;
	const char *const names[] = {"evidence", "delivered"};
	const char *const targets[] = {request->histories->evidence, request->histories->delivered};
	char path[4200], target[4200];

	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", request->folder, names[i]);
		relative_path(request->folder, targets[i], target, sizeof(target));
		if (symlink(target, path) != 0)
			return error_system(life->error, "cannot link \"%s\"", path);
	}
	return 0;
}

static int prepare(struct life *life)
{
	const struct cell_request *request = life->request;
	const char *folders[] = {request->folder, text(life, "%s/steps", request->folder),
				 text(life, "%s/work", request->folder), text(life, "%s/state", request->folder)};

	if (folder_remove(request->folder, life->error) != 0)
		return life->error->code;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (folders[i] == NULL || folder_make(folders[i], life->error) != 0)
			return folders[i] == NULL ? error_set(life->error, ERROR_INTERNAL, "out of memory for a cell")
						  : life->error->code;
	if (request->histories == NULL)
		return error_set(life->error, ERROR_USAGE, "%s", request->histories_error);
	if (link_histories(life) != 0 ||
	    landing_plan_make(request->histories, request->scenario, request->seed, &life->plan, life->error) != 0)
		return life->error->code;
	landing_init(&life->landing, request->histories, request->folder);
	life->landed = arena_array(&life->cell.arena, (size_t)request->histories->unit_count + 1, sizeof(bool));
	char *table = arena_text(&life->cell.arena, "%s/%s", folders[2], request->pipeline->table);
	if (life->landed == NULL || table == NULL)
		return error_set(life->error, ERROR_INTERNAL, "out of memory for a cell");
	memset(life->landed, 0, request->histories->unit_count * sizeof(bool));
	life->steps.pipeline = request->pipeline;
	life->steps.variant = request->variant;
	life->steps.cell_folder = request->folder;
	life->steps.work = folders[2];
	life->steps.table = table;
	life->steps.program_folder = request->program_folder;
	life->steps.session = request->session != NULL ? request->session->folder : "";
	life->steps.landing = &life->landing;
	life->steps.key_text = request->histories->key_text;
	life->steps.columns = request->histories->columns;
	life->steps.cell = &life->cell;
	life->facts = (struct landing_facts){.work = folders[2],
					     .table = table,
					     .scenario = request->scenario->name,
					     .variant = request->variant != NULL ? request->variant->name : NULL,
					     .seed = request->seed};
	life->invariants = (struct invariants){.pipeline = request->pipeline,
					       .scenario = request->scenario,
					       .histories = request->histories,
					       .folder = request->folder,
					       .table = table,
					       .delta = table + strlen(request->folder) + 1,
					       .landed = life->landed,
					       .cell = &life->cell};
	life->cell.items = request->histories->items;
	life->cell.changes = request->histories->changes;
	return 0;
}

/* What goes wrong there is the pipeline's failure too. */
static int tear_down(struct life *life)
{
	const struct pipeline_file *pipeline = life->request->pipeline;

	life->stopped = false;
	life->over_limit = false;
	life->why = NULL;
	int failed = life->landing.number > 0
			     ? once(life, "teardown", &pipeline->teardown, false, pipeline->limits.teardown_us)
			     : 0;
	if (failed != 0 || !life->stopped)
		return failed;
	(void)cell_add_point(&life->cell, "ran.teardown", "teardown exits 0 within its limit", POINT_FAILED, life->why);
	(void)cell_point_finding(&life->cell, life->over_limit ? "pipeline.limit" : "pipeline.failed", 1);
	return 0;
}

/* What steps say without the process that does their work is nothing to go by. */
static int check_session(struct life *life)
{
	const struct session *session = life->request->session;

	if (session != NULL && session->failed)
		return error_set(life->error, ERROR_IO, "the session did not become ready");
	if (session != NULL && process_has_ended(&session->process))
		return error_set(life->error, ERROR_IO, "the session has ended, of itself");
	return 0;
}

static int live(struct life *life)
{
	const struct pipeline_file *pipeline = life->request->pipeline;
	const char *missing;

	if (prepare(life) != 0)
		return life->error->code;
	missing = steps_missing(&life->steps);
	life->never_ran = missing != NULL;
	if (missing != NULL) {
		life->stopped = true;
		life->why = text(life, "it needs %s, which is not on PATH", missing);
	}
	int failed = check_session(life);
	if (failed == 0 && !life->stopped)
		failed = once(life, "setup", &pipeline->setup, true, pipeline->limits.setup_us);
	if (failed == 0 && !life->stopped)
		failed = apply_all(life);
	if (failed == 0)
		failed = judge(life);
	add_ran(life);
	/* Told of what was delivered once, where that is enough to fail. */
	bool told = failed == 0 && cell_points_verdict(&life->cell) == CELL_FAIL;
	if (told)
		failed = story_tell(&life->invariants, life->error);
	if (failed == 0)
		failed = replay_all(life);
	if (failed == 0 && !told && cell_points_verdict(&life->cell) == CELL_FAIL)
		failed = story_tell(&life->invariants, life->error);
	steps_stop(&life->steps, true, 5000000, true);
	if (failed == 0)
		failed = check_session(life);
	return failed == 0 ? tear_down(life) : failed;
}

static void expect(struct cell *cell, const struct cell_request *request)
{
	const struct scenario_file *scenario = request->scenario;

	for (uint32_t i = 0; i < scenario->hold_count; i++)
		if (strcmp(scenario->holds[i], request->pipeline_name) == 0)
			cell->expected = CELL_EXPECT_HOLDS;
	for (uint32_t i = 0; i < scenario->break_count; i++) {
		if (strcmp(scenario->breaks[i].pipeline, request->pipeline_name) != 0)
			continue;
		cell->expected = CELL_EXPECT_BREAKS;
		for (uint32_t j = 0; j < scenario->breaks[i].finding_count; j++)
			(void)cell_add_expected(cell, scenario->breaks[i].findings[j]);
	}
}

int cell_run(const struct cell_request *request, enum cell_verdict *verdict, struct error *error)
{
	struct error own = {0};
	struct life life = {.request = request, .error = &own};
	char path[4200];
	int64_t started_us = process_now_us();

	cell_init(&life.cell);
	steps_init(&life.steps);
	life.cell.scenario = request->scenario->name;
	life.cell.title = request->scenario->title;
	life.cell.class_id = request->scenario->class_id;
	life.cell.why = request->scenario->why;
	life.cell.pipeline = request->pipeline_name;
	life.cell.reproduce = request->reproduce;
	life.cell.seed = request->seed;
	life.cell.started_us = clock_now_us();
	expect(&life.cell, request);
	int failed = live(&life);
	life.cell.verdict = failed != 0 ? CELL_ERROR : cell_points_verdict(&life.cell);
	if (failed != 0) /* the word for it, so that nobody need look for a log */
		(void)cell_add_story(&life.cell, own.message);
	/* A pipeline that was never started has not failed in the way that a scenario expects of it. */
	life.cell.as_expected = cell_meets_expectation(&life.cell) && !life.never_ran;
	life.cell.us = process_now_us() - started_us;
	*verdict = life.cell.verdict;
	snprintf(path, sizeof(path), "%s/cell.json", request->folder);
	int code = cell_write(&life.cell, path, error);
	steps_release(&life.steps);
	landing_release(&life.landing);
	landing_plan_release(&life.plan);
	cell_release(&life.cell);
	return code;
}
