#include "harness/runner/version_points.h"

#include <inttypes.h>

#include "reconcile/versions.h"

enum { FINDINGS_MAX = 50, EXAMPLES_MAX = 3 };

static const struct {
	const char *id, *name;
	enum versions_kind kind;
	const char *finding;
} checks[] = {
	{"versions.never_back", "no row ever became an older image", VERSIONS_WENT_BACK, "version.regressed"},
	{"versions.no_duplicates", "no key had two rows in any version", VERSIONS_TWICE, "row.duplicate"},
	{"versions.no_resurrection", "no deleted item's row came back in any version", VERSIONS_CAME_BACK,
	 "version.regressed"},
};
enum { CHECK_COUNT = sizeof(checks) / sizeof(checks[0]) };

/* What is wrong with the table is unknown, what is wrong with us an error. */
static int take(int code, const struct error *why, struct error *error)
{
	return code == 0 || code == ERROR_DATA || code == ERROR_USAGE ? 0 : error_set(error, code, "%s", why->message);
}

static void add_all(struct cell *cell, enum point_state state, const char *detail)
{
	for (uint32_t i = 0; i < CHECK_COUNT; i++)
		(void)cell_add_point(cell, checks[i].id, checks[i].name, state, detail);
}

static void add_checked(struct cell *cell, const struct versions_outcome *outcome)
{
	const char *reason = outcome->reason_count > 0 ? outcome->reasons[0] : "not all of it could be judged";
	uint32_t told[VERSIONS_KIND_COUNT] = {0};

	if (outcome->not_applicable != NULL) {
		add_all(cell, POINT_SKIPPED, outcome->not_applicable);
		return;
	}
	for (uint32_t i = 0; i < CHECK_COUNT; i++) {
		uint64_t found = outcome->found[checks[i].kind];
		enum point_state state = found > 0                             ? POINT_FAILED
					 : outcome->verdict == VERDICT_UNKNOWN ? POINT_UNKNOWN
									       : POINT_OK;
		(void)cell_add_point(cell, checks[i].id, checks[i].name, state, state == POINT_UNKNOWN ? reason : NULL);
		if (found > 0)
			(void)cell_point_finding(cell, checks[i].finding, found);
	}
	for (uint64_t i = 0; i < outcome->finding_count; i++)
		if (told[outcome->findings[i].kind]++ < EXAMPLES_MAX)
			(void)cell_add_example(cell, finding_kinds[outcome->findings[i].id].id,
					       outcome->findings[i].key_json, outcome->findings[i].cause);
}

int version_points_add(struct cell *cell, struct run *run, struct error *error)
{
	const struct versions_options options = {.from = VERSIONS_ALL,
						 .to = VERSIONS_ALL,
						 .finding_limit = FINDINGS_MAX};
	struct versions_outcome outcome = {.verdict = VERDICT_UNKNOWN};
	struct versions *versions = NULL;
	struct error why = {0};

	if (run->next != NULL) {
		add_all(cell, POINT_SKIPPED, "the contract has several tables");
		return 0;
	}
	int code = versions_open(run, &options, &versions, &why);
	if (code == 0)
		code = versions_check(versions, &outcome, &why);
	if (code == 0)
		add_checked(cell, &outcome);
	else
		add_all(cell, POINT_UNKNOWN, why.message);
	versions_outcome_release(&outcome);
	versions_close(versions);
	return take(code, &why, error);
}

int version_points_compare(struct cell *cell, struct run *run, const char *id, const char *name, int64_t before,
			   int64_t after, struct error *error)
{
	const struct versions_options options = {.from = before, .to = after, .finding_limit = FINDINGS_MAX};
	struct versions_comparison comparison = {.comparable = false};
	struct versions *versions = NULL;
	struct error why = {0};

	int code = versions_open(run, &options, &versions, &why);
	if (code == 0)
		code = versions_compare(versions, before, after, EXAMPLES_MAX, &comparison, &why);
	bool same = code == 0 && comparison.comparable && comparison.keys_changed == 0;
	bool differs = code == 0 && comparison.comparable && comparison.keys_changed > 0;
	const char *detail = same        ? NULL
			     : differs   ? arena_text(&cell->arena, "%" PRIu64 " keys changed, such as %s",
						      comparison.keys_changed,
                                                    comparison.change_count > 0 ? comparison.changes[0].key_json : "?")
			     : code != 0 ? why.message
					 : comparison.why_not;
	(void)cell_add_point(cell, id, name, same ? POINT_OK : differs ? POINT_FAILED : POINT_UNKNOWN, detail);
	if (differs)
		(void)cell_point_finding(cell, "replay.changed", comparison.keys_changed);
	for (uint64_t i = 0; differs && i < comparison.change_count; i++)
		(void)cell_add_example(cell, "replay.changed", comparison.changes[i].key_json,
				       versions_difference_text(comparison.changes[i].difference));
	versions_comparison_release(&comparison);
	versions_close(versions);
	return take(code, &why, error);
}
