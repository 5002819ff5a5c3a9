/* run_record - what a run set out to do: run.json in its folder, written before the first cell and again at the end.
 *
 * It lists every cell that is planned with its folder, so that a cell that never came to be is told and not left out.
 * The record's arena owns all texts and the list; members are set directly to texts that live as long. One thread.
 * Times in microseconds since 1970. Errors: ERROR_DATA for a file that is no run, ERROR_IO, ERROR_INTERNAL. */
#ifndef LAKEPROOF_REPORTS_RUN_RECORD_H
#define LAKEPROOF_REPORTS_RUN_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

enum { RUN_RECORD_FORMAT = 1 };

struct run_plan {
	const char *scenario, *pipeline;
	uint64_t seed;
	const char *folder; /* of the cell, below the run's: "cells/GROUP/SCENARIO/PIPELINE" */
};

struct run_record {
	const char *name;             /* of the folder, such as "20261121T215500Z-nightly" */
	const char *version;          /* of lakeproof */
	const char *command;          /* as it can be pasted; may be NULL */
	int64_t started_us, ended_us; /* ended_us 0: it has not ended */
	uint64_t seed, repeat, jobs;
	bool expect; /* judged by what the scenarios expect */
	struct run_plan *cells;
	uint32_t cell_count;
	bool failed; /* something could not be added for lack of memory */
	struct arena arena;
};

void run_record_init(struct run_record *record);
void run_record_release(struct run_record *record);
/* Copies; 0 or ERROR_INTERNAL, which run_record_write tells too. */
int run_record_add(struct run_record *record, const struct run_plan *cell);
/* Atomically. */
int run_record_write(const struct run_record *record, const char *path, struct error *error) MUST_USE;
/* Inits the record, whatever comes of it; release it in any case. */
int run_record_read(const char *path, struct run_record *record, struct error *error) MUST_USE;

#endif
