/* reconcile - the main job: merge what is new, read the lake, judge, report. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "harness/session.h"
#include "reports/report.h"

enum { FINDINGS_DEFAULT = 1000, DETAILS_DEFAULT = 3 };

struct reconcile_options {
	struct session_options session;
	const char *format, *findings;
	int64_t details;
};

static const struct option_spec options[] = {
	{"format", OPTION_CHOICE, offsetof(struct reconcile_options, format), "FORMAT", "text|json|tap|tap13",
	 "how to report"},
	{"findings", OPTION_TEXT, offsetof(struct reconcile_options, findings), "N", NULL,
	 "findings kept with their details, a number or 'all'; counts are always complete (default: 1000)"},
	{"details", OPTION_NUMBER, offsetof(struct reconcile_options, details), "N", NULL,
	 "findings of each kind told in full in text"},
	SESSION_VALUES(struct reconcile_options),
	SESSION_VERSION(struct reconcile_options),
	SESSION_OPTIONS(struct reconcile_options),
	{NULL, OPTION_FLAG, 0, NULL, NULL, NULL},
};

static void defaults(void *target)
{
	struct reconcile_options *chosen = target;
	session_defaults(&chosen->session);
	chosen->format = "text";
	chosen->details = DETAILS_DEFAULT;
}

static int finding_limit(const char *text, uint64_t *limit, struct error *error)
{
	char *end = NULL;
	if (text == NULL) {
		*limit = FINDINGS_DEFAULT;
		return 0;
	}
	if (strcmp(text, "all") == 0) {
		*limit = UINT64_MAX / 4;
		return 0;
	}
	errno = 0;
	*limit = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0)
		return error_set(error, ERROR_USAGE, "--findings takes a number or 'all', not '%s'", text);
	return 0;
}

static const char *reproduce(struct outcome *outcome, const struct reconcile_options *chosen, const char *contract)
{
	struct buffer line;
	buffer_init(&line, 1 << 16);
	buffer_append_text(&line, "lakeproof reconcile ");
	verb_append_argument(&line, contract);
	buffer_printf(&line, " --version %lld", (long long)outcome->lake_version);
	if (chosen->session.state != NULL) {
		buffer_append_text(&line, " --state ");
		verb_append_argument(&line, chosen->session.state);
	}
	const char *text = line.failed ? NULL : arena_text(&outcome->arena, "%.*s", (int)line.size, line.data);
	buffer_release(&line);
	return text;
}

static int report(struct outcome *outcome, const struct reconcile_options *chosen, const char *contract,
		  struct error *error)
{
	enum report_format format = REPORT_TEXT;
	struct buffer out;
	if (!report_format_parse(chosen->format, &format))
		return error_set(error, ERROR_USAGE, "unknown format '%s'", chosen->format);
	const char *no_colour = getenv("NO_COLOR");
	struct report_style style = {.colour = isatty(STDOUT_FILENO) == 1 &&
					       (no_colour == NULL || no_colour[0] == '\0'),
				     .details = (uint64_t)chosen->details};
	outcome->reproduce = reproduce(outcome, chosen, contract);
	buffer_init(&out, (size_t)8 << 30);
	int code = report_render(outcome, format, &style, &out, error);
	if (code == 0 && fwrite(out.data, 1, out.size, stdout) != out.size)
		code = error_system(error, "cannot write the report");
	buffer_release(&out);
	return code;
}

static int run(int operand_count, char **operands, const void *given)
{
	const struct reconcile_options *chosen = given;
	struct error error = {0};
	struct run *run = NULL;
	struct outcome *outcome = NULL;
	uint64_t limit = 0;
	(void)operand_count;
	int code = finding_limit(chosen->findings, &limit, &error);
	if (code == 0)
		code = session_open(&chosen->session, operands[0], SESSION_LAKE, limit, &run, &error);
	if (code == 0)
		code = run_ingest(run, &error);
	if (code == 0)
		code = run_reconcile(run, &outcome, &error);
	if (code == 0)
		code = report(outcome, chosen, operands[0], &error);
	int exit_code = code != 0 ? session_fail("reconcile", &error) : (int)outcome->verdict;
	outcome_free(outcome);
	free(outcome);
	run_close(run);
	return exit_code;
}

const struct verb verb_reconcile = {
	.name = "reconcile",
	.summary = "compare a Delta table with the sources and give a verdict",
	.usage = "CONTRACT",
	.details = "Reads what is new in the contract's sources, reads the Delta snapshot, judges\n"
		   "every key and reports each difference with its cause.\n"
		   "Exit status: 0 PASS, 1 FAIL, 2 UNKNOWN.",
	.options = options,
	.run = run,
	.options_size = sizeof(struct reconcile_options),
	.defaults = defaults,
	.operands_min = 1,
	.operands_max = 1,
};
