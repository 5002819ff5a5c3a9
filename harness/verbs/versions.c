/* versions - whether the rows of a table ever went back, came back or stood twice, over the versions of its log. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness/session.h"
#include "reports/versions_report.h"

struct versions_verb_options {
	struct session_options session;
	int64_t from, to, findings;
	bool whole;
	const char *format, *replay, *lake;
};

static const struct option_spec options[] = {
	{"from", OPTION_NUMBER, offsetof(struct versions_verb_options, from), "V", NULL,
	 "what happened after that version (default: all that the log tells of)"},
	{"to", OPTION_NUMBER, offsetof(struct versions_verb_options, to), "V", NULL,
	 "up to that version (default: the contract's, else the latest)"},
	{"whole", OPTION_FLAG, offsetof(struct versions_verb_options, whole), NULL, NULL,
	 "with --from: read all that version held, not only what later ones touched"},
	{"replay", OPTION_TEXT, offsetof(struct versions_verb_options, replay), "V,V", NULL,
	 "also ask whether two versions hold the same rows, as before and after the same input once more"},
	{"lake", OPTION_TEXT, offsetof(struct versions_verb_options, lake), "NAME", NULL,
	 "of a contract with several lakes, only that one"},
	{"format", OPTION_CHOICE, offsetof(struct versions_verb_options, format), "FORMAT", "text|json|tap|tap13",
	 "how to report (default: text)"},
	{"findings", OPTION_NUMBER, offsetof(struct versions_verb_options, findings), "N", NULL,
	 "findings told with their details (default: 100)"},
	SESSION_OPTIONS(struct versions_verb_options),
	{NULL, OPTION_FLAG, 0, NULL, NULL, NULL},
};

static void defaults(void *target)
{
	struct versions_verb_options *chosen = target;
	session_defaults(&chosen->session);
	chosen->from = chosen->to = VERSIONS_ALL;
	chosen->findings = 100;
	chosen->format = "text";
}

/* "3,5" */
static int replay_of(const char *text, int64_t versions[2], struct error *error)
{
	char *end = NULL;
	versions[0] = strtoll(text, &end, 10);
	bool right = end > text && *end == ',' && versions[0] >= 0;
	const char *second = right ? end + 1 : text;
	versions[1] = strtoll(second, &end, 10);
	if (!right || end == second || *end != '\0' || versions[1] < 0)
		return error_set(error, ERROR_USAGE, "--replay takes two versions, such as 3,5; not '%s'", text);
	return 0;
}

static int look_at(struct run *run, const struct versions_verb_options *chosen, struct versions_entry *entry,
		   struct error *error)
{
	struct versions_options wanted = {.from = chosen->from,
					  .to = chosen->to,
					  .whole = chosen->whole,
					  .finding_limit = (uint64_t)chosen->findings};
	struct versions *versions = NULL;
	int64_t pair[2];
	int code = versions_open(run, &wanted, &versions, error);
	if (code == 0)
		code = versions_check(versions, &entry->outcome, error);
	if (code == 0 && chosen->replay != NULL)
		code = replay_of(chosen->replay, pair, error);
	if (code == 0 && chosen->replay != NULL) {
		entry->comparison = calloc(1, sizeof *entry->comparison);
		code = entry->comparison == NULL
			       ? error_set(error, ERROR_INTERNAL, "out of memory")
			       : versions_compare(versions, pair[0], pair[1], (uint64_t)chosen->findings,
						  entry->comparison, error);
	}
	versions_close(versions);
	return code;
}

static int look_at_all(struct run *first, const struct versions_verb_options *chosen, struct versions_entry **entries,
		       uint32_t *count, struct error *error)
{
	struct run *only = chosen->lake != NULL ? run_of_lake(first, chosen->lake) : NULL;
	if (chosen->lake != NULL && only == NULL)
		return error_set(error, ERROR_USAGE, "the contract has no lake '%s'", chosen->lake);
	if (first->whole->lake_count > 1 && only == NULL && (chosen->from >= 0 || chosen->to >= 0 || chosen->replay))
		return error_set(error, ERROR_USAGE,
				 "versions are of one table, the contract has %u lakes: say which with --lake",
				 first->whole->lake_count);
	*entries = calloc(first->whole->lake_count + 1, sizeof **entries);
	if (*entries == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	int code = 0;
	for (struct run *run = first; run != NULL && !run->is_unrouted && code == 0; run = run->next)
		if (only == NULL || run == only)
			code = look_at(run, chosen, &(*entries)[(*count)++], error);
	return code;
}

static int print(const struct versions_entry *entries, uint32_t count, const char *format, struct error *error)
{
	enum report_format parsed = REPORT_TEXT;
	struct buffer out;
	buffer_init(&out, (size_t)1 << 32);
	int code = report_format_parse(format, &parsed) ? 0 : ERROR_USAGE;
	if (code != 0)
		error_set(error, code, "unknown format '%s'", format);
	if (code == 0)
		versions_report(entries, count, parsed, &out);
	if (code == 0 && out.failed)
		code = error_set(error, ERROR_INTERNAL, "out of memory for the report");
	if (code == 0 && fwrite(out.data, 1, out.size, stdout) != out.size)
		code = error_system(error, "cannot write the report");
	buffer_release(&out);
	return code;
}

static int run(int operand_count, char **operands, const void *given)
{
	const struct versions_verb_options *chosen = given;
	struct error error = {0};
	struct run *run = NULL;
	struct versions_entry *entries = NULL;
	uint32_t count = 0;
	(void)operand_count;
	int code = session_open(&chosen->session, operands[0], SESSION_LAKE, 0, &run, &error);
	if (code == 0)
		code = run_ingest(run, &error);
	if (code == 0)
		code = look_at_all(run, chosen, &entries, &count, &error);
	if (code == 0)
		code = print(entries, count, chosen->format, &error);
	int exit_code = code != 0 ? session_fail("versions", &error) : (int)versions_report_verdict(entries, count);
	for (uint32_t i = 0; i < count; i++) {
		versions_outcome_release(&entries[i].outcome);
		if (entries[i].comparison != NULL)
			versions_comparison_release(entries[i].comparison);
		free(entries[i].comparison);
	}
	free(entries);
	run_close(run);
	return exit_code;
}

const struct verb verb_versions = {
	.name = "versions",
	.summary = "tell whether a table's rows ever went back, version by version",
	.usage = "CONTRACT",
	.details = "Walks over the versions of the Delta table and holds every row that came or went\n"
		   "to the images that the sources tell of: a row must not become an older image, a\n"
		   "deleted item's row must not come back, no key may have two rows, whatever a later\n"
		   "version repaired. Reads only the data files that these versions added or removed.\n"
		   "Exit status: 0 PASS, 1 FAIL, 2 UNKNOWN.",
	.options = options,
	.run = run,
	.options_size = sizeof(struct versions_verb_options),
	.defaults = defaults,
	.operands_min = 1,
	.operands_max = 1,
};
