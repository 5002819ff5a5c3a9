#include "reconcile/verdict.h"

#include "tests/tap.h"

static struct contract contract;
static struct outcome outcome;

static void begin(void)
{
	outcome_free(&outcome);
	contract = (struct contract){.path = "contract.yaml"};
	outcome = (struct outcome){.counts = {.keys = 100, .compared = 100, .equal = 100}};
	arena_init(&outcome.arena, 1 << 20);
}

static enum verdict weigh(void)
{
	struct error error = {0};
	verdict_levels(&contract, &outcome);
	if (verdict_weigh(&contract, &outcome, false, &error) != 0)
		printf("# %s\n", error.message);
	return outcome.verdict;
}

static void test_levels(void)
{
	for (int id = 0; id < FINDING_COUNT; id++) {
		begin();
		outcome.by_id[id] = 1;
		enum verdict verdict = weigh();
		enum finding_level level = finding_kinds[id].level;
		bool keyed = outcome.reason_count == 0 && level == LEVEL_UNKNOWN;
		if (level == LEVEL_FAIL)
			ok(verdict == VERDICT_FAIL, "one %s fails", finding_kinds[id].id);
		else if (level == LEVEL_WARN || keyed)
			ok(verdict == VERDICT_PASS, "one %s alone does not decide", finding_kinds[id].id);
		else
			ok(verdict == VERDICT_UNKNOWN, "one %s is never PASS", finding_kinds[id].id);
	}
}

static void test_unproven(void)
{
	begin();
	ok(weigh() == VERDICT_PASS, "all equal passes");
	begin();
	outcome.counts.unproven = 1;
	outcome.counts.unproven_by_reason[2] = 1;
	ok(weigh() == VERDICT_UNKNOWN, "one unproven key is UNKNOWN");
	ok(outcome.reason_count == 1 && strstr(outcome.reasons[0], "hole") != NULL, "and the reason says why");
	begin();
	struct allow_rule rule = {FINDING_COUNT, 1, 0};
	contract.allow = &rule;
	contract.allow_count = 1;
	outcome.counts.unproven = 1;
	ok(weigh() == VERDICT_PASS, "as many unproven keys as are allowed pass");
	begin();
	contract.allow = &rule;
	contract.allow_count = 1;
	outcome.counts.unproven = 2;
	ok(weigh() == VERDICT_UNKNOWN, "one more does not");
	begin();
	outcome.counts.unproven = 5;
	outcome.by_id[FINDING_ROW_STALE] = 1;
	ok(weigh() == VERDICT_FAIL, "a proven difference fails whatever else is unproven");
}

static void test_allow(void)
{
	struct allow_rule percent = {FINDING_ROW_MISSING, -1, 10000000}; /* 1 % of 100 keys */
	begin();
	contract.allow = &percent;
	contract.allow_count = 1;
	outcome.by_id[FINDING_ROW_MISSING] = 1;
	ok(weigh() == VERDICT_PASS && outcome.lowered[FINDING_ROW_MISSING], "an allowed share passes, visibly");
	begin();
	contract.allow = &percent;
	contract.allow_count = 1;
	outcome.by_id[FINDING_ROW_MISSING] = 2;
	ok(weigh() == VERDICT_FAIL, "more than the allowed share fails");
	struct severity_rule severity = {FINDING_ROW_STALE, LEVEL_WARN};
	begin();
	contract.severity = &severity;
	contract.severity_count = 1;
	outcome.by_id[FINDING_ROW_STALE] = 9;
	ok(weigh() == VERDICT_PASS && outcome.lowered[FINDING_ROW_STALE], "a lowered finding passes, visibly");
}

static void test_sample(void)
{
	begin();
	outcome.sample_ppb = 12500000;
	ok(weigh() == VERDICT_UNKNOWN && outcome.reason_count == 1, "a sample without a difference is UNKNOWN");
	is_text(outcome.reasons[0], "sampled 1.25% of the keys, no difference found: the other keys were not compared",
		"and says how small it was");
	begin();
	outcome.sample_ppb = 10000000;
	outcome.counts.different = outcome.by_id[FINDING_ROW_STALE] = 1;
	ok(weigh() == VERDICT_FAIL, "a difference in a sample fails");
	is_text(outcome.reasons[1], "sampled 1% of the keys: the other keys were not compared", "and says the same");
}

static void test_empty_and_require(void)
{
	begin();
	outcome.counts = (struct outcome_counts){0};
	ok(weigh() == VERDICT_UNKNOWN, "nothing compared is UNKNOWN");
	struct error error = {0};
	begin();
	outcome.counts = (struct outcome_counts){0};
	contract.expect_empty = true;
	ok(verdict_weigh(&contract, &outcome, true, &error) == 0 && outcome.verdict == VERDICT_PASS,
	   "unless the manifest proves that there is nothing, and the contract expects it");
	begin();
	outcome.counts = (struct outcome_counts){0};
	contract.expect_empty = true;
	ok(weigh() == VERDICT_UNKNOWN && strstr(outcome.reasons[0], "a full export has to be whole") != NULL,
	   "that nothing changed is no such proof, and it says what is: %s", outcome.reasons[0]);
	begin();
	contract.require_dynamodb = true;
	ok(weigh() == VERDICT_UNKNOWN, "require: dynamodb without an independent source is UNKNOWN");
	begin();
	contract.require_dynamodb = true;
	outcome.has_proved_dynamodb = outcome.has_proved_landing = true;
	outcome.proved_dynamodb_us = 1000000;
	outcome.proved_landing_us = 2000000;
	outcome.evidence_end_us = 2000000;
	ok(weigh() == VERDICT_UNKNOWN, "require: dynamodb with a landing zone that reaches further is UNKNOWN");
	begin();
	contract.require_dynamodb = true;
	outcome.has_proved_dynamodb = outcome.has_proved_landing = true;
	outcome.proved_dynamodb_us = outcome.proved_landing_us = 1000000;
	outcome.evidence_end_us = 2000000;
	ok(weigh() == VERDICT_UNKNOWN, "as it is when a hole lies before what only the landing zone tells");
	begin();
	contract.require_dynamodb = true;
	outcome.has_proved_dynamodb = outcome.has_proved_landing = true;
	outcome.proved_dynamodb_us = outcome.proved_landing_us = 2000000;
	outcome.evidence_end_us = 2000000;
	ok(weigh() == VERDICT_PASS, "require: dynamodb with a closing export passes");
	ok(strstr(outcome_scope_text(&outcome), "changed") == NULL, "and its scope is all keys");
	begin();
	outcome.has_proved_landing = outcome.changed_only = true;
	ok(weigh() == VERDICT_PASS && strstr(outcome_scope_text(&outcome), "of keys that changed since 1970") != NULL,
	   "without an export that knows all keys, a PASS says that it is of those that changed");
	begin();
	contract.require_dynamodb = true;
	outcome.has_proved_dynamodb = outcome.has_proved_landing = outcome.changed_only = true;
	outcome.proved_dynamodb_us = outcome.proved_landing_us = outcome.evidence_end_us = 2000000;
	ok(weigh() == VERDICT_UNKNOWN, "require: dynamodb is not met by those that changed");
	ok(strstr(outcome.reasons[0], "only keys that changed since 1970") != NULL, "and says so: %s",
	   outcome.reasons[0]);
}

int main(void)
{
	test_levels();
	test_unproven();
	test_allow();
	test_sample();
	test_empty_and_require();
	outcome_free(&outcome);
	return tap_done();
}
