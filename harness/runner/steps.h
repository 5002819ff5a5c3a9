/* steps - a pipeline's commands as child processes: their environment, their output, what became of each.
 *
 * Each step's output goes to CELL/steps/NN-name.{out,err}, and what became of it to the cell. ${NAME} in words is
 * replaced from the step's environment. Errors are of the runner; that a pipeline fails is none (struct step_end). */
#ifndef LAKEPROOF_HARNESS_RUNNER_STEPS_H
#define LAKEPROOF_HARNESS_RUNNER_STEPS_H

#include "base/process.h"
#include "harness/runner/landing.h"
#include "reports/cell.h"

struct steps {
	const struct pipeline_file *pipeline;
	const struct pipeline_variant *variant; /* may be NULL */
	const char *cell_folder, *work, *table; /* absolute */
	const char *program_folder;             /* of lakeproof, put before PATH; may be NULL */
	const char *session;                    /* folder, or "" */
	const struct landing *landing;
	const char *key_text, *columns;
	struct cell *cell;
	unsigned number;
	struct process service; /* of `serve` */
	const char *service_name, *service_out, *service_err;
	struct arena arena;
};

struct step_plan {
	const char *name; /* "apply 3" */
	const struct pipeline_words *words;
	bool with_variant;
	int64_t limit_us, kill_us;
	uint64_t file_max;
	const char *crash_at; /* may be NULL */
	bool faulted;         /* the scenario disturbs it */
};

struct step_end {
	bool done;       /* exit 0 within its limits */
	bool over_limit; /* of time or memory */
	bool declined;   /* it ran, and said by its exit status that it had not done it */
	const char *why; /* in words, when it is not done; in the cell's arena */
};

void steps_init(struct steps *steps);
void steps_release(struct steps *steps);
int steps_run(struct steps *steps, const struct step_plan *plan, struct step_end *end, struct error *error) MUST_USE;
/* Two at once. */
int steps_run_together(struct steps *steps, const struct step_plan *plan, struct step_end ends[2],
		       struct error *error) MUST_USE;
/* `serve`: it stays up until steps_stop. */
int steps_serve(struct steps *steps, const struct step_plan *plan, struct step_end *end, struct error *error) MUST_USE;
/* Asks `caught_up` until it says yes, the limit is over, or the service has ended. */
int steps_catch_up(struct steps *steps, const struct step_plan *plan, struct step_end *end,
		   struct error *error) MUST_USE;
/* Kills the service as a power cut would, or asks it to end; nothing without one. */
void steps_stop(struct steps *steps, bool gently, int64_t grace_us, bool faulted);
/* The first of the programs that is not on PATH, or NULL. */
const char *steps_missing(const struct steps *steps);

#endif
