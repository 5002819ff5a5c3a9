/* run_report - a run's folder to a report on stdout or in a file, and the exit code that it amounts to.
 *
 * What `lakeproof report` does, and `lakeproof run` at its end: both load the folder, so that what a run says is what
 * its folder says. The history is beside the runs; what is wrong with it is told on stderr and changes no exit code. */
#ifndef LAKEPROOF_HARNESS_RUN_REPORT_H
#define LAKEPROOF_HARNESS_RUN_REPORT_H

#include "base/error.h"
#include "reports/matrix.h"

struct run_report {
	const char *folder; /* of the run */
	struct matrix_filter filter;
	enum matrix_format format;
	const char *output;  /* a file; NULL: stdout */
	bool expect;         /* judge by what the scenarios expect */
	bool remember;       /* add the run to the history */
	bool page;           /* write report.html into the folder too */
	const char *history; /* NULL: "history.sqlite" in the folder that holds the run's */
};

/* *exit is 0, 1, 2, 65 or 70 as matrix_exit says; an error when there is no report. */
int run_report(const struct run_report *wanted, int *exit, struct error *error) MUST_USE;
/* The newest run in a folder of runs, by name, as "<runs>/<name>"; malloc'd. */
int run_report_last(const char *runs, char **folder, struct error *error) MUST_USE;

#endif
