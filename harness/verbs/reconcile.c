/* reconcile - the main job: merge what is new, read the lake, judge, report. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "harness/several.h"
#include "reports/report.h"

enum { FINDINGS_DEFAULT = 1000, DETAILS_DEFAULT = 3 };

struct reconcile_options {
	struct session_options session;
	const char *format, *findings, *sample;
	int64_t details;
};

static const struct option_spec options[] = {
	{"format", OPTION_CHOICE, offsetof(struct reconcile_options, format), "FORMAT", "text|json|tap|tap13",
	 "how to report"},
	{"findings", OPTION_TEXT, offsetof(struct reconcile_options, findings), "N", NULL,
	 "findings kept with their details, a number or 'all'; counts are always complete (default: 1000)"},
	{"details", OPTION_NUMBER, offsetof(struct reconcile_options, details), "N", NULL,
	 "findings of each kind told in full in text"},
	{"sample", OPTION_TEXT, offsetof(struct reconcile_options, sample), "PERCENT", NULL,
	 "judge only this share of the keys, such as 1%, by their hash; never PASS"},
	SESSION_QUARANTINE(struct reconcile_options),
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

static int sample_share(const char *text, uint64_t *ppb, struct error *error)
{
	struct allow_rule share;
	*ppb = 0;
	if (text == NULL)
		return 0;
	if (!allow_rule_parse(text, &share) || share.count_max >= 0 || share.fraction_ppb == 0 ||
	    share.fraction_ppb >= 1000000000)
		return error_set(error, ERROR_USAGE,
				 "--sample takes a share such as 1%%, more than 0%% and less than 100%%, not '%s'",
				 text);
	*ppb = share.fraction_ppb;
	return 0;
}

/* A several_judge finish: the line that does this one again. */
static int reproduce(const struct session_options *session, const char *contract, struct outcome *outcome,
		     struct error *error)
{
	struct buffer line;
	buffer_init(&line, 1 << 16);
	buffer_append_text(&line, "lakeproof reconcile ");
	verb_append_argument(&line, contract);
	if (outcome->lake_count == 0) /* a version is of one table */
		buffer_printf(&line, " --version %lld", (long long)outcome->lake_version);
	if (session->state != NULL) {
		buffer_append_text(&line, " --state ");
		verb_append_argument(&line, session->state);
	}
	if (outcome->sample_ppb != 0)
		buffer_printf(&line, " --sample %" PRIu64 ".%07" PRIu64 "%%", outcome->sample_ppb / 10000000,
			      outcome->sample_ppb % 10000000);
	outcome->reproduce = line.failed ? NULL : arena_text(&outcome->arena, "%.*s", (int)line.size, line.data);
	buffer_release(&line);
	return outcome->reproduce == NULL ? error_set(error, ERROR_INTERNAL, "out of memory") : 0;
}

static int print(const struct buffer *out, struct error *error)
{
	if (fwrite(out->data, 1, out->size, stdout) != out->size)
		return error_system(error, "cannot write the report");
	return 0;
}

static struct report_style style_of(const struct reconcile_options *chosen)
{
	return (struct report_style){.colour = verb_colour(), .details = (uint64_t)chosen->details};
}

static int run_one(const char *contract, const struct reconcile_options *chosen, enum report_format format,
		   uint64_t limit)
{
	struct report_style style = style_of(chosen);
	struct error error = {0};
	struct run *run = NULL;
	struct outcome *outcome = NULL;
	struct buffer out;
	buffer_init(&out, (size_t)8 << 30);
	int code = session_open(&chosen->session, contract, SESSION_LAKE, limit, &run, &error);
	if (code == 0)
		code = run_ingest(run, &error);
	if (code == 0)
		code = run_reconcile(run, &outcome, &error);
	if (code == 0)
		code = reproduce(&chosen->session, contract, outcome, &error);
	if (code == 0)
		code = report_render(outcome, format, &style, &out, &error);
	if (code == 0)
		code = print(&out, &error);
	int exit_code = code != 0 ? session_fail("reconcile", &error) : (int)outcome->verdict;
	buffer_release(&out);
	outcome_free(outcome);
	free(outcome);
	run_close(run);
	return exit_code;
}

static int run_several(int operand_count, char **operands, const struct reconcile_options *chosen,
		       enum report_format format, uint64_t limit)
{
	struct report_style style = style_of(chosen);
	struct several several;
	struct error error = {0};
	struct buffer out;
	buffer_init(&out, (size_t)8 << 30);
	int code = several_find(&several, operand_count, operands, &error);
	if (code == 0 && chosen->session.version >= 0)
		code = error_set(&error, ERROR_USAGE, "--version is of one table, these are several contracts");
	if (code == 0 && chosen->session.quarantine != NULL)
		code = error_set(&error, ERROR_USAGE, "--quarantine is of one contract, these are several");
	if (code == 0)
		code = several_judge(&several, &chosen->session, limit, reproduce, &error);
	for (uint64_t i = 0; i < several.count && code == 0; i++)
		if (several.entries[i].outcome == NULL)
			(void)fprintf(stderr, "lakeproof reconcile: %s: %s\n", several.entries[i].contract,
				      several.entries[i].message);
	if (code == 0)
		code = report_render_several(several.entries, several.count, several.passed_over,
					     several.passed_over_count, format, &style, &out, &error);
	if (code == 0)
		code = print(&out, &error);
	int exit_code = code != 0 ? session_fail("reconcile", &error)
				  : report_worst_exit(several.entries, several.count);
	buffer_release(&out);
	several_release(&several);
	return exit_code;
}

static int run(int operand_count, char **operands, const void *given)
{
	struct reconcile_options own = *(const struct reconcile_options *)given;
	const struct reconcile_options *chosen = &own;
	struct error error = {0};
	enum report_format format = REPORT_TEXT;
	uint64_t limit = 0;
	int code = finding_limit(chosen->findings, &limit, &error);
	if (code == 0)
		code = sample_share(chosen->sample, &own.session.sample_ppb, &error);
	if (code == 0 && !report_format_parse(chosen->format, &format))
		code = error_set(&error, ERROR_USAGE, "unknown format '%s'", chosen->format);
	if (code != 0)
		return session_fail("reconcile", &error);
	if (several_asked(operand_count, operands))
		return run_several(operand_count, operands, chosen, format, limit);
	return run_one(operands[0], chosen, format, limit);
}

const struct verb verb_reconcile = {
	.name = "reconcile",
	.summary = "compare a Delta table with the sources and give a verdict",
	.usage = "CONTRACT|FOLDER...",
	.details = "Reads what is new in the contract's sources, reads the Delta snapshot, judges\n"
		   "every key and reports each difference with its cause.\n"
		   "Several contracts, or a folder of them, are judged side by side and share\n"
		   "--jobs and --memory; one report, and the worst exit: 70, 74, 1, 64, 65, 2, 0.\n"
		   "Exit status: 0 PASS, 1 FAIL, 2 UNKNOWN.",
	.options = options,
	.run = run,
	.options_size = sizeof(struct reconcile_options),
	.defaults = defaults,
	.operands_min = 1,
	.operands_max = 10000,
};
