/* cell_run - one pipeline under one scenario with one seed: its files land, its steps run, its invariants are judged.
 *
 * Everything happens in the cell's folder; cell.json is written last, so a cell that has one is whole. A failing
 * pipeline is what a cell is about; an error is the runner's own, and makes the cell's verdict ERROR, never PASS. */
#ifndef LAKEPROOF_HARNESS_RUNNER_CELL_RUN_H
#define LAKEPROOF_HARNESS_RUNNER_CELL_RUN_H

#include "harness/runner/histories.h"
#include "harness/runner/sessions.h"
#include "reports/cell.h"

struct cell_request {
	const struct scenario_file *scenario;
	const struct pipeline_file *pipeline;
	const struct pipeline_variant *variant; /* may be NULL */
	const char *pipeline_name;              /* NAME or NAME+VARIANT */
	uint64_t seed;
	const struct histories *histories; /* NULL: they could not be made */
	const char *histories_error;       /* why */
	const char *folder;                /* absolute; made anew */
	const char *program_folder;        /* of lakeproof; may be NULL */
	const struct session *session;     /* NULL: the pipeline wants none */
	const char *reproduce;
};

/* Runs it and writes its cell.json; *verdict is what that says. Fails only when it cannot be written. */
int cell_run(const struct cell_request *request, enum cell_verdict *verdict, struct error *error) MUST_USE;

#endif
