/* report - a run of scenarios told again: in another format, in part, or judged by what was expected. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/run_report.h"
#include "harness/verb.h"

struct report_options {
	const char *format, *output, *scenario, *pipeline, *runs, *history;
	bool expect;
};

static const struct option_spec options[] = {
	{"format", OPTION_CHOICE, offsetof(struct report_options, format), NULL, MATRIX_FORMATS, "how to report"},
	{"output", OPTION_TEXT, offsetof(struct report_options, output), "FILE", NULL,
	 "write the report there instead of to stdout"},
	{"expect", OPTION_FLAG, offsetof(struct report_options, expect), NULL, NULL,
	 "judge by what the scenarios expect: a planted bug that is caught is good"},
	{"scenario", OPTION_TEXT, offsetof(struct report_options, scenario), "NAMES", NULL,
	 "only these scenarios, folders or patterns with *, comma separated"},
	{"pipeline", OPTION_TEXT, offsetof(struct report_options, pipeline), "NAMES", NULL,
	 "only these pipelines or patterns with *, comma separated"},
	{"runs", OPTION_TEXT, offsetof(struct report_options, runs), "DIR", NULL, "the folder of runs, for `last`"},
	{"history", OPTION_TEXT, offsetof(struct report_options, history), "FILE", NULL,
	 "the verdicts of earlier runs (default: history.sqlite beside the run)"},
	{NULL, OPTION_FLAG, 0, NULL, NULL, NULL},
};

static void defaults(void *target)
{
	struct report_options *chosen = target;
	chosen->format = "text";
	chosen->runs = "runs";
}

static int run(int operand_count, char **operands, const void *given)
{
	const struct report_options *chosen = given;
	struct error error = {.code = 0};
	char *last = NULL;
	int exit = 0, code = 0;
	struct run_report wanted = {.folder = operands[0],
				    .filter = {chosen->scenario, chosen->pipeline},
				    .output = chosen->output,
				    .expect = chosen->expect,
				    .history = chosen->history};
	(void)operand_count;
	if (!matrix_format_parse(chosen->format, &wanted.format))
		code = error_set(&error, ERROR_USAGE, "'%s' is no format", chosen->format);
	if (code == 0 && strcmp(operands[0], "last") == 0) {
		code = run_report_last(chosen->runs, &last, &error);
		wanted.folder = last;
	}
	if (code == 0)
		code = run_report(&wanted, &exit, &error);
	if (code != 0)
		(void)fprintf(stderr, "lakeproof report: %s\n", error.message);
	free(last);
	return code != 0 ? code : exit;
}

const struct verb verb_report = {
	.name = "report",
	.summary = "tell a run of scenarios again, in any format",
	.usage = "RUN|last",
	.details = "RUN is a folder that `lakeproof run` made; `last` is the newest in the folder of runs. A cell that "
		   "has no result, or a damaged one, is an ERROR and never left out.\n\n"
		   "exit status: 0 all cells pass (with --expect: all are as expected), 1 one fails, 2 one cannot be "
		   "judged, 70 one has no result, 65 there is no run.",
	.options = options,
	.run = run,
	.options_size = sizeof(struct report_options),
	.defaults = defaults,
	.operands_min = 1,
	.operands_max = 1,
};
