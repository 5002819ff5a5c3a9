/* merge - sources into state: what DynamoDB's table holds, without a look at the lake. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "harness/session.h"
#include "reconcile/collect.h"
#include "reconcile/quarantine.h"
#include "reconcile/judge/reference.h"
#include "reports/report.h"

struct merge_verb_options {
	struct session_options session;
	const char *format;
	bool reference;
};

static const struct option_spec options[] = {
	{"format", OPTION_CHOICE, offsetof(struct merge_verb_options, format), "FORMAT", "text|json", "how to report"},
	{"reference", OPTION_FLAG, offsetof(struct merge_verb_options, reference), NULL, NULL,
	 "also run the reference merger (plain SQL) and check that both agree on every key"},
	SESSION_QUARANTINE(struct merge_verb_options),
	SESSION_VALUES(struct merge_verb_options),
	SESSION_OPTIONS(struct merge_verb_options),
	{NULL, OPTION_FLAG, 0, NULL, NULL, NULL},
};

static void defaults(void *target)
{
	struct merge_verb_options *chosen = target;
	session_defaults(&chosen->session);
	chosen->format = "text";
}

static int print_text(const struct run *run, const struct outcome_counts *counts, uint64_t problems,
		      struct error *error)
{
	char text[CLOCK_TEXT_MAX];
	struct buffer out;
	buffer_init(&out, 1 << 16);
	if (run->next != NULL || run->is_unrouted)
		buffer_printf(&out, "%s%s: ", run->is_unrouted ? "in no lake" : "lake ",
			      run->contract->name != NULL ? run->contract->name : "");
	report_number(&out, counts->expected);
	buffer_append_text(&out, " items, ");
	report_number(&out, counts->deleted);
	buffer_append_text(&out, " deleted, ");
	report_number(&out, counts->unproven);
	buffer_append_text(&out, " unproven; ");
	report_number(&out, counts->changes);
	buffer_append_text(&out, " changes, ");
	report_number(&out, counts->duplicates);
	buffer_append_text(&out, " delivered again\n");
	buffer_printf(&out, "%" PRIu64 " files read, %" PRIu64 " unchanged; %" PRIu64 " problems; evidence ends %s\n",
		      run->evidence_read, run->evidence_reused, problems,
		      run->scope->evidence_end == INT64_MIN ? "nowhere: there is none"
							    : clock_format(run->scope->evidence_end, text));
	bool whole = !out.failed;
	if (whole)
		(void)fwrite(out.data, 1, out.size, stdout);
	buffer_release(&out);
	return whole ? 0 : error_set(error, ERROR_INTERNAL, "out of memory for the report");
}

static void print_json(const struct run *run, const struct outcome_counts *counts, uint64_t problems)
{
	printf("{");
	if (run->contract->name != NULL)
		printf("\"name\":\"%s\",", run->contract->name); /* letters and digits */
	printf("\"items\":%" PRIu64 ",\"deleted\":%" PRIu64 ",\"unproven\":%" PRIu64 ",\"keys\":%" PRIu64
	       ",\"changes\":%" PRIu64 ",\"duplicates\":%" PRIu64 ",\"files_read\":%" PRIu64
	       ",\"files_unchanged\":%" PRIu64 ",\"problems\":%" PRIu64 "}",
	       counts->expected, counts->deleted, counts->unproven, counts->keys, counts->changes, counts->duplicates,
	       run->evidence_read, run->evidence_reused, problems);
}

struct printing {
	const struct run *run;
	uint64_t count;
};

static int print_problem(void *context, const struct state_problem *problem)
{
	struct printing *printing = context;
	if (printing->count++ < 20) {
		(void)fprintf(stderr, "%s: %s", problem->id, problem->path);
		if (problem->has_position)
			(void)fprintf(stderr, ", record %" PRIu64 ", byte %" PRIu64, problem->record, problem->offset);
		session_print_message(printing->run, problem->id, problem->message);
	}
	return 0;
}

static int print_problems(struct run *run, uint64_t *problems, struct error *error)
{
	struct printing printing = {run, 0};
	for (uint64_t i = 0; i < run->problem_count; i++)
		print_problem(&printing, &run->problems[i]);
	int code = state_problems(run->state, run->sources, run->source_count, print_problem, &printing, error);
	*problems = printing.count;
	return code;
}

static int judge(struct run *run, const struct merge_verb_options *chosen, struct error *error)
{
	struct collect *collect = collect_new(run->options.jobs, 0);
	struct outcome_counts counts = {0};
	uint64_t by_id[FINDING_COUNT] = {0}, kept_count, problems = 0;
	const struct kept *const *kept;
	if (collect == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	int code = run_judge(run, collect_visit, collect, error);
	if (code == 0)
		code = collect_finish(collect, &counts, by_id, &kept, &kept_count, error);
	if (code == 0 && chosen->reference) {
		struct merge_options merge = run_merge_options(run);
		code = reference_check(run->state, run->scope, &merge, error);
		if (code == 0)
			(void)fputs("the reference merger agrees on every key\n", stderr);
	}
	if (code == 0)
		code = print_problems(run, &problems, error);
	struct quarantine quarantine = {0};
	if (code == 0 && run->is_first)
		code = quarantine_write(run, &quarantine, error);
	if (code == 0 && quarantine.lines > 0)
		(void)fprintf(stderr, "set aside: %" PRIu64 " records, listed with their bytes in %s\n",
			      quarantine.lines, quarantine.path);
	if (code == 0 && strcmp(chosen->format, "json") == 0)
		print_json(run, &counts, problems);
	else if (code == 0)
		code = print_text(run, &counts, problems, error);
	collect_free(collect);
	return code;
}

static int run(int operand_count, char **operands, const void *given)
{
	const struct merge_verb_options *chosen = given;
	struct error error = {0};
	struct run *run = NULL;
	(void)operand_count;
	int code = session_open(&chosen->session, operands[0], SESSION_NO_LAKE, 0, &run, &error);
	if (code == 0)
		code = run_ingest(run, &error);
	bool json = chosen->format[0] == 'j', several = run != NULL && run->contract->name != NULL;
	if (code == 0 && json && several)
		printf("{\"lakes\":[");
	for (struct run *one = run; one != NULL && code == 0; one = one->next) {
		if (json && one->is_unrouted)
			break;
		if (json && one != run)
			printf(",");
		code = judge(one, chosen, &error);
	}
	if (code == 0 && json)
		printf(several ? "]}\n" : "\n");
	run_close(run);
	return code != 0 ? session_fail("merge", &error) : 0;
}

const struct verb verb_merge = {
	.name = "merge",
	.summary = "read the sources and tell what DynamoDB's table holds",
	.usage = "CONTRACT",
	.details = "Incremental and idempotent: unchanged files are not read again, and a merge that\n"
		   "was killed is taken up where whole files ended. `lakeproof sql` looks into the\n"
		   "merged state. Exit status: 0 merged, whatever is unproven; a merge gives no\n"
		   "verdict.",
	.options = options,
	.run = run,
	.options_size = sizeof(struct merge_verb_options),
	.defaults = defaults,
	.operands_min = 1,
	.operands_max = 1,
};
