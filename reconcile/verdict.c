#include "reconcile/verdict.h"

#include <inttypes.h>
#include <stdlib.h>
#include <stdio.h>

#include "base/clock.h"
#include "reconcile/judge/judge.h"

const char *verdict_text(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_PASS:
		return "PASS";
	case VERDICT_FAIL:
		return "FAIL";
	case VERDICT_UNKNOWN:
		break;
	}
	return "UNKNOWN";
}

static int add_reason(struct outcome *outcome, const char *reason, struct error *error)
{
	if (reason == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	if (outcome->reason_count < OUTCOME_REASONS_MAX)
		outcome->reasons[outcome->reason_count++] = reason;
	return 0;
}

void verdict_levels(const struct contract *contract, struct outcome *outcome)
{
	for (int id = 0; id < FINDING_COUNT; id++)
		outcome->levels[id] = finding_kinds[id].level;
	for (uint32_t i = 0; i < contract->severity_count; i++) {
		const struct severity_rule *rule = &contract->severity[i];
		outcome->lowered[rule->id] = rule->level < outcome->levels[rule->id];
		outcome->levels[rule->id] = rule->level;
	}
}

/* How many of an id the contract allows; FINDING_COUNT: of unproven keys. */
static uint64_t allowed(const struct contract *contract, const struct outcome *outcome, enum finding_id id)
{
	for (uint32_t i = 0; i < contract->allow_count; i++) {
		const struct allow_rule *rule = &contract->allow[i];
		if (rule->id != id)
			continue;
		if (rule->count_max >= 0)
			return (uint64_t)rule->count_max;
		uint64_t keys = outcome->counts.compared + outcome->counts.unproven;
		if (id == FINDING_RECORD_UNREADABLE) { /* a share of the records, not of the keys */
			keys = outcome->by_id[id];
			for (uint32_t source = 0; source < outcome->source_count; source++)
				keys += outcome->sources[source].records;
		}
		return keys / 1000000000u * rule->fraction_ppb + keys % 1000000000u * rule->fraction_ppb / 1000000000u;
	}
	return 0;
}

/* Findings about single keys act through the keys they leave unproven. A hole is not one: it may hide keys. */
static bool acts_through_keys(enum finding_id id)
{
	switch (id) {
	case FINDING_CHAIN_BROKEN:
	case FINDING_OVERLAP_CONTRADICTION:
	case FINDING_CAPTURE_LOST:
	case FINDING_STAMP_CONFLICT:
	case FINDING_ORDER_AMBIGUOUS:
	case FINDING_NOT_SETTLED:
	case FINDING_IMAGE_UNKNOWN:
	case FINDING_STATE_UNKNOWN:
	case FINDING_HISTORY_UNKNOWN:
	case FINDING_KEY_COLLISION:
		return true;
	default:
		return false;
	}
}

static int weigh_level(const struct contract *contract, struct outcome *outcome, enum finding_level level, bool *found,
		       struct error *error)
{
	for (int id = 0; id < FINDING_COUNT; id++) {
		uint64_t count = outcome->by_id[id] - outcome->accepted_by_id[id];
		if (outcome->by_id[id] == 0 || outcome->levels[id] != level)
			continue;
		if (level == LEVEL_UNKNOWN && acts_through_keys((enum finding_id)id))
			continue;
		if (count <= allowed(contract, outcome, (enum finding_id)id)) {
			outcome->lowered[id] = true;
			continue;
		}
		*found = true;
		int code = add_reason(outcome,
				      arena_text(&outcome->arena, "%" PRIu64 " %s: %s", count, finding_kinds[id].id,
						 finding_kinds[id].summary),
				      error);
		if (code != 0)
			return code;
	}
	return 0;
}

static const char *unproven_reasons(struct outcome *outcome)
{
	static const char *const names[REASON_COUNT] = {"no source says whether they exist",
							"image unknown",
							"a hole in the capture",
							"not settled",
							"order ambiguous",
							"conflicting records",
							"broken chain",
							"overlap contradicts",
							"unreadable records",
							"several items on one key",
							"versions that no capture shows"};
	const char *text = "";
	for (int i = 0; i < REASON_COUNT && text != NULL; i++)
		if (outcome->counts.unproven_by_reason[i] > 0)
			text = arena_text(&outcome->arena, "%s%s%s: %" PRIu64, text, text[0] != '\0' ? ", " : "",
					  names[i], outcome->counts.unproven_by_reason[i]);
	return text;
}

static int weigh_unproven(const struct contract *contract, struct outcome *outcome, bool expected_empty,
			  struct error *error)
{
	const struct outcome_counts *counts = &outcome->counts;
	int code = 0;
	if (counts->unproven > allowed(contract, outcome, FINDING_COUNT)) {
		const char *why = unproven_reasons(outcome);
		code = add_reason(outcome,
				  why == NULL
					  ? NULL
					  : arena_text(&outcome->arena, "%" PRIu64 " %.*s%s unproven (%s)",
						       counts->unproven, (int)strlen(outcome_unit(outcome)) - 1,
						       outcome_unit(outcome), counts->unproven == 1 ? "" : "s", why),
				  error);
	}
	/* That old rows agree with deletes is no sign that the scope's attribute is read right. */
	bool all_out = contract->retain.attribute != NULL && counts->out_of_scope > 0;
	if (code == 0 && counts->compared == 0 && (counts->deleted == 0 || all_out) &&
	    !(expected_empty && contract->expect_empty))
		code = add_reason(outcome,
				  all_out ? "nothing was compared: every row and item is out of the lake's scope"
				  : contract->expect_empty
					  ? "nothing was compared; for expect_empty, a full export has to be whole "
					    "and to hold no item: that nothing changed does not say that nothing is "
					    "there"
					  : "nothing was compared",
				  error);
	if (code == 0 && contract->expect_empty && counts->expected > 0)
		code = add_reason(outcome,
				  arena_text(&outcome->arena, "expect_empty: true, but %" PRIu64 " items are expected",
					     counts->expected),
				  error);
	if (code == 0 && contract->require_dynamodb) {
		char from[CLOCK_TEXT_MAX], to[CLOCK_TEXT_MAX];
		if (!outcome->has_proved_dynamodb)
			code = add_reason(outcome, "require: dynamodb, but no independent source proves anything",
					  error);
		else if (outcome->changed_only)
			code = add_reason(outcome,
					  arena_text(&outcome->arena,
						     "require: dynamodb, but only keys that changed since %s are "
						     "known; a full export would tell the others",
						     clock_format(outcome->changed_since_us, from)),
					  error);
		else if (outcome->evidence_end_us > outcome->proved_dynamodb_us)
			code = add_reason(
				outcome,
				arena_text(&outcome->arena,
					   "require: dynamodb, but from %s to %s the landing zone is the only "
					   "witness; a later export would close it",
					   clock_format(outcome->proved_dynamodb_us, from),
					   clock_format(outcome->evidence_end_us, to)),
				error);
	}
	return code;
}

/* A finding that is of no one lake, found after the rest was weighed. */
int verdict_weigh_one(const struct contract *contract, struct outcome *outcome, enum finding_id id, struct error *error)
{
	enum finding_level level = outcome->levels[id];
	if (outcome->by_id[id] == 0 || level < LEVEL_UNKNOWN)
		return 0;
	if (outcome->by_id[id] <= allowed(contract, outcome, id)) {
		outcome->lowered[id] = true;
		return 0;
	}
	if (level == LEVEL_FAIL || outcome->verdict == VERDICT_PASS)
		outcome->verdict = level == LEVEL_FAIL ? VERDICT_FAIL : VERDICT_UNKNOWN;
	return add_reason(outcome,
			  arena_text(&outcome->arena, "%" PRIu64 " %s: %s", outcome->by_id[id], finding_kinds[id].id,
				     finding_kinds[id].summary),
			  error);
}

int verdict_weigh(const struct contract *contract, struct outcome *outcome, bool expected_empty, struct error *error)
{
	bool failed = false, unknown = false;
	int code = weigh_level(contract, outcome, LEVEL_FAIL, &failed, error);
	if (code == 0)
		code = weigh_level(contract, outcome, LEVEL_UNKNOWN, &unknown, error);
	if (code == 0)
		code = weigh_unproven(contract, outcome, expected_empty, error);
	if (code == 0 && outcome->sample_ppb != 0)
		code = add_reason(outcome,
				  arena_text(&outcome->arena, "%s: the other keys were not compared",
					     outcome_sample_text(outcome)),
				  error);
	if (failed)
		outcome->verdict = VERDICT_FAIL;
	else
		outcome->verdict = outcome->reason_count > 0 ? VERDICT_UNKNOWN : VERDICT_PASS;
	return code;
}

const char *outcome_sample_text(struct outcome *outcome)
{
	uint64_t whole = outcome->sample_ppb / 10000000, fraction = outcome->sample_ppb % 10000000;
	char digits[16];
	size_t size = (size_t)snprintf(digits, sizeof digits, ".%07" PRIu64, fraction);
	while (size > 0 && (digits[size - 1] == '0' || digits[size - 1] == '.'))
		size--;
	const char *text = arena_text(&outcome->arena, "sampled %" PRIu64 "%.*s%% of the keys%s", whole, (int)size,
				      digits, outcome->counts.different == 0 ? ", no difference found" : "");
	return text != NULL ? text : "sampled";
}

const char *outcome_unit(const struct outcome *outcome)
{
	return outcome->unit != NULL ? outcome->unit : "keys";
}

const char *outcome_scope_text(struct outcome *outcome)
{
	char dynamodb[CLOCK_TEXT_MAX] = "", landing[CLOCK_TEXT_MAX] = "";
	if (outcome->has_proved_dynamodb)
		clock_format(outcome->proved_dynamodb_us, dynamodb);
	if (outcome->has_proved_landing)
		clock_format(outcome->proved_landing_us, landing);
	const char *text;
	if (outcome->has_proved_dynamodb && outcome->has_proved_landing &&
	    outcome->proved_landing_us > outcome->proved_dynamodb_us)
		text = arena_text(&outcome->arena, "against DynamoDB through %s, against the landing zone through %s",
				  dynamodb, landing);
	else if (outcome->has_proved_dynamodb)
		text = arena_text(&outcome->arena, "against DynamoDB through %s", dynamodb);
	else if (outcome->has_proved_landing)
		text = arena_text(&outcome->arena, "against the landing zone only, through %s", landing);
	else
		text = "against no evidence";
	if (text != NULL && outcome->puts_only)
		text = arena_text(&outcome->arena,
				  "%s; deletes were not captured, so a row whose item is gone may stand", text);
	if (text != NULL && outcome->changed_only)
		text = arena_text(&outcome->arena, "%s, of %s since %s", text,
				  strcmp(outcome_unit(outcome), "keys") == 0 ? "keys that changed"
									     : outcome_unit(outcome),
				  clock_format(outcome->changed_since_us, dynamodb));
	if (text != NULL && outcome->retain_attribute != NULL)
		text = arena_text(&outcome->arena, "%s, of what is not older than %s by %s", text,
				  clock_format(outcome->retain_edge_us, dynamodb), outcome->retain_attribute);
	return text != NULL ? text : "";
}

void outcome_free(struct outcome *outcome)
{
	if (outcome == NULL)
		return;
	for (uint32_t i = 0; i < outcome->lake_count; i++) {
		outcome_free(outcome->lakes[i]);
		free(outcome->lakes[i]);
	}
	arena_release(&outcome->arena);
}
