#include "reports/report.h"

#include "base/json.h"
#include "tests/tap.h"

static struct outcome outcome;
static struct finding findings[3];

static void make(enum verdict verdict)
{
	outcome_free(&outcome);
	outcome = (struct outcome){.verdict = verdict,
				   .contract = "contract \"x\".yaml",
				   .table = "orders",
				   .lake = "/lake\\path",
				   .lake_version = 7,
				   .lake_commit_us = INT64_C(1760000000000000),
				   .lake_newest_before = -1,
				   .columns_compared = 3,
				   .columns_total = 4,
				   .evidence_end_us = INT64_C(1759999999000000),
				   .has_proved_dynamodb = true,
				   .proved_dynamodb_us = INT64_C(1759990000000000),
				   .has_proved_landing = true,
				   .proved_landing_us = INT64_C(1759999999000000),
				   .counts = {.keys = 1234567,
					      .expected = 1234567,
					      .actual = 1234566,
					      .compared = 1234567,
					      .equal = 1234565,
					      .different = verdict == VERDICT_FAIL ? 2 : 0}};
	arena_init(&outcome.arena, 1 << 20);
	for (int id = 0; id < FINDING_COUNT; id++)
		outcome.levels[id] = finding_kinds[id].level;
}

static void add_findings(void)
{
	findings[0] = (struct finding){.id = FINDING_ROW_STALE,
				       .key_json = "{\"pk\":\"a\\\"b\\u0000\\n\"}",
				       .cause = "the lake still holds \"it\"\nreally",
				       .columns = {{.name = "na\"me", .expected = "\"x\"", .actual = "1.50"},
						   {.name = "cut", .expected = "\"xxx…", .note = "does not fit"}},
				       .column_count = 2,
				       .records = {{"missed", "ev\"ents.json", true, 3, 99},
						   {"lake row", "part-0", true, 7, 0}},
				       .record_count = 2};
	findings[1] = (struct finding){.id = FINDING_ROW_MISSING, .key_json = "{\"pk\":\"c\"}", .cause = "gone"};
	findings[2] = (struct finding){.id = FINDING_LAKE_NEWER, .cause = "later"};
	outcome.findings = findings;
	outcome.finding_count = 3;
	outcome.by_id[FINDING_ROW_STALE] = outcome.by_id[FINDING_ROW_MISSING] = outcome.by_id[FINDING_LAKE_NEWER] = 1;
	outcome.reasons[0] = "1 row.stale: the lake holds an older image";
	outcome.reason_count = 1;
}

static const char *rendered(struct buffer *out, enum report_format format, bool colour)
{
	struct report_style style = {.colour = colour, .details = 3};
	struct error error = {0};
	buffer_release(out);
	buffer_init(out, 1 << 20);
	if (report_render(&outcome, format, &style, out, &error) != 0 || buffer_append_byte(out, '\0') != 0)
		return "";
	out->size--;
	return out->data;
}

static void test_json(struct buffer *out)
{
	const struct json_token *tokens;
	struct json_failure failure = {0};
	size_t count;
	struct json_parser *parser = json_parser_new(1 << 20);
	make(VERDICT_FAIL);
	add_findings();
	rendered(out, REPORT_JSON, false);
	bool whole = buffer_reserve(out, JSON_PADDING) == 0 &&
		     json_parse(parser, buffer_slice(out), &tokens, &count, &failure);
	ok(whole, "JSON is valid whatever keys, values and paths hold%s%s", whole ? "" : ": ",
	   whole ? "" : failure.reason);
	ok(whole && slice_is(json_text(&tokens[json_member(tokens, 0, "verdict")]), "FAIL"), "it holds the verdict");
	uint32_t counts = whole ? json_member(tokens, 0, "counts") : 0;
	ok(counts != 0 && slice_is(json_text(&tokens[json_member(tokens, counts, "equal")]), "1234565"),
	   "it holds the counts");
	uint32_t by_id = whole ? json_member(tokens, 0, "findings_by_id") : 0;
	ok(by_id != 0 && tokens[by_id].count == 3, "it counts findings by id");
	uint32_t records = whole ? json_member(tokens, json_member(tokens, 0, "findings") + 1, "records") : 0;
	ok(records != 0 && json_member(tokens, records + 1, "offset") != 0, "a record has its offset");
	uint32_t row = records != 0 ? tokens[records + 1].next : 0;
	ok(row != 0 && json_member(tokens, row, "record") != 0 && json_member(tokens, row, "offset") == 0,
	   "a lake row has a number, but no offset");
	json_parser_free(parser);
}

static void test_text(struct buffer *out)
{
	make(VERDICT_PASS);
	const char *text = rendered(out, REPORT_TEXT, false);
	const char *end = strchr(text, '\n');
	ok(strncmp(text, "PASS  orders: ", 14) == 0, "text begins with the verdict");
	ok(end != NULL && strstr(text, "through 2025-10-09T") != NULL && strstr(text, "through 2025-10-09T") < end,
	   "and a PASS names its scope in the same line");
	ok(strstr(text, "1,234,565 of 1,234,567") != NULL, "with counts a person can read");
	ok(strchr(text, '\033') == NULL, "no colour unless asked for");
	make(VERDICT_FAIL);
	add_findings();
	ok(strchr(rendered(out, REPORT_TEXT, true), '\033') != NULL, "colour when asked for");
	text = rendered(out, REPORT_TEXT, false);
	ok(strstr(text, "because 1 row.stale") != NULL, "a FAIL says why");
	ok(strstr(text, "record 3, byte 99") != NULL, "a finding names file, record and offset");
}

static void test_tap(struct buffer *out)
{
	make(VERDICT_PASS);
	const char *text = rendered(out, REPORT_TAP, false);
	ok(strncmp(text, "TAP version 14\n1..12\n", 21) == 0, "TAP 14 begins with its version and plan");
	ok(strstr(text, "not ok") == NULL, "a PASS has no failing point");
	ok(strncmp(rendered(out, REPORT_TAP13, false), "TAP version 13\n", 15) == 0, "TAP 13 says 13");
	make(VERDICT_FAIL);
	add_findings();
	text = rendered(out, REPORT_TAP, false);
	int failing = 0;
	for (const char *at = text; (at = strstr(at, "not ok")) != NULL; at++)
		failing++;
	is_int(failing, 2, "each property with a failing finding is one failing point");
	ok(strstr(text, "ok 12 - every key is proven") != NULL, "a note fails no point");
	ok(strstr(text, "key: \"{\\\"pk\\\":\\\"c\\\"}\"\n") != NULL && strstr(text, ": {") == NULL,
	   "its diagnostics hold no flow collections, which prove cannot read");
	const char *row = strstr(text, "role: \"lake row\"");
	ok(row != NULL && strstr(row, "record: 7\n") != NULL && strstr(row, "offset") == NULL,
	   "a lake row has a number, but no offset");
	make(VERDICT_UNKNOWN);
	outcome.counts.unproven = 5;
	outcome.reasons[0] = "5 keys unproven";
	outcome.reason_count = 1;
	ok(strstr(rendered(out, REPORT_TAP, false), "not ok 12 - every key is proven (5 not known)") != NULL,
	   "UNKNOWN has a failing point, so that no harness reads it as passed");
}

static void test_no_verdict_but_pass_is_all_ok(void)
{
	bool sound = true;
	struct property properties[PROPERTY_COUNT];
	for (int id = 0; id < FINDING_COUNT; id++) {
		make(finding_kinds[id].level == LEVEL_FAIL ? VERDICT_FAIL : VERDICT_UNKNOWN);
		outcome.by_id[id] = 1;
		report_properties(&outcome, properties);
		bool all_ok = true;
		for (int i = 0; i < PROPERTY_COUNT; i++)
			all_ok = all_ok && properties[i].state == PROPERTY_OK;
		sound = sound && !all_ok;
	}
	ok(sound, "whatever the finding, a verdict other than PASS has a property that is not ok");
}

static void test_several(struct buffer *out)
{
	static const int worst_first[] = {70, 74, 1, 64, 65, 2, 0};
	enum { EXITS = sizeof worst_first / sizeof worst_first[0] };
	struct outcome outcomes[3] = {
		{.verdict = VERDICT_PASS}, {.verdict = VERDICT_FAIL}, {.verdict = VERDICT_UNKNOWN}};
	bool ordered = true, sound = true;
	for (int set = 1; set < 1 << EXITS; set++) {
		struct report_entry entries[EXITS] = {{0}};
		uint64_t count = 0;
		int worst = -1;
		for (int i = EXITS - 1; i >= 0; i--) {
			int code = worst_first[i];
			if ((set >> i & 1) == 0)
				continue;
			entries[count++] = code <= 2 ? (struct report_entry){.outcome = &outcomes[code]}
						     : (struct report_entry){.code = code, .message = "m"};
			worst = code;
		}
		enum verdict verdict = report_worst_verdict(entries, count);
		ordered = ordered && report_worst_exit(entries, count) == worst;
		sound = sound && (verdict == VERDICT_PASS) == (worst == 0) &&
			(verdict == VERDICT_FAIL) == ((set >> 2 & 1) != 0);
	}
	ok(ordered, "of every set of exits the worst is the first of 70, 74, 1, 64, 65, 2, 0");
	ok(sound, "the verdict is PASS only when all pass, FAIL when one fails");
	ok(report_worst_exit(NULL, 0) == ERROR_USAGE && report_worst_verdict(NULL, 0) == VERDICT_UNKNOWN,
	   "none at all is no PASS");
	struct report_style style = {0};
	struct error error;
	make(VERDICT_PASS);
	struct report_entry two[2] = {{.contract = "a#b.yaml", .outcome = &outcome},
				      {.contract = "c.yaml", .code = 64, .message = "no \"such\" key"}};
	const char *passed_over[] = {"notes.yaml"};
	out->size = 0;
	ok(report_render_several(two, 2, passed_over, 1, REPORT_TAP, &style, out, &error) == 0 &&
		   buffer_append_byte(out, '\0') == 0,
	   "TAP of two");
	ok(strncmp(out->data, "TAP version 14\n1..13\nok 1 - a\\#b.yaml: every source", 51) == 0,
	   "one plan, each point with its contract, and no directive");
	ok(strstr(out->data, "not ok 13 - c.yaml could be judged\n") != NULL, "what could not be judged is a point");
	out->size = 0;
	struct json_parser *parser = json_parser_new(1 << 20);
	const struct json_token *tokens;
	size_t tokens_count;
	struct json_failure failure;
	ok(report_render_several(two, 2, passed_over, 1, REPORT_JSON, &style, out, &error) == 0 &&
		   buffer_reserve(out, JSON_PADDING) == 0 &&
		   json_parse(parser, buffer_slice(out), &tokens, &tokens_count, &failure) &&
		   slice_is(json_text(&tokens[json_member(tokens, 0, "verdict")]), "UNKNOWN") &&
		   tokens[json_member(tokens, 0, "contracts")].count == 2 &&
		   tokens[json_member(tokens, 0, "passed_over")].count == 1,
	   "JSON of two is one object");
	json_parser_free(parser);
}

int main(void)
{
	struct buffer out;
	buffer_init(&out, 1 << 20);
	test_json(&out);
	test_text(&out);
	test_tap(&out);
	test_several(&out);
	test_no_verdict_but_pass_is_all_ok();
	buffer_release(&out);
	outcome_free(&outcome);
	return tap_done();
}
