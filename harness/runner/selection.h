/* selection - which cells a run consists of: scenarios, pipelines, seeds.
 *
 * Scenarios are DIR/GROUP/NAME.yaml, called GROUP/NAME; pipelines DIR/NAME/pipeline.yaml and their variants,
 * NAME+VARIANT. Everything lives in the struct until selection_release. Errors: ERROR_USAGE for what is not there, with
 * the nearest name, and for files that cannot be used; ERROR_IO, ERROR_INTERNAL. */
#ifndef LAKEPROOF_HARNESS_RUNNER_SELECTION_H
#define LAKEPROOF_HARNESS_RUNNER_SELECTION_H

#include "harness/runner/scenario_file.h"

struct selected_pipeline {
	const struct pipeline_file *file;
	const struct pipeline_variant *variant; /* NULL: the pipeline itself */
	const char *name;
};

struct selected_cell {
	const struct scenario_file *scenario;
	const struct selected_pipeline *pipeline;
	uint64_t seed;
	const char *folder; /* below the run's: cells/GROUP/NAME/PIPELINE[@SEED] */
};

struct selection_request {
	char **scenarios; /* names, groups, patterns, paths; none: all */
	int scenario_count;
	const char *pipelines; /* comma separated; NULL: those that each scenario names */
	const char *scenario_folder, *pipeline_folder;
	uint64_t seed, repeat;
	bool expect; /* only pairs of which the scenario says what is to come */
};

struct selection {
	struct scenario_file *scenarios;
	uint32_t scenario_count, scenario_capacity;
	struct pipeline_file **files;
	uint32_t file_count, file_capacity;
	struct selected_pipeline *pipelines;
	uint32_t pipeline_count;
	struct selected_cell *cells; /* by scenario, seed and what is read, so that neighbours share histories */
	uint32_t cell_count, cell_capacity;
	uint32_t passed_over; /* pairs that do not suit */
	struct arena arena;
};

int selection_make(const struct selection_request *request, struct selection *selection, struct error *error) MUST_USE;
void selection_release(struct selection *selection);

#endif
