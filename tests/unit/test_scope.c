/* What the evidence as a whole can prove: docs/semantics.md, "Scope" and "Stamps". */
#include "reconcile/judge/merge.h"

#include <stdlib.h>

#include "tests/support/scratch.h"
#include "tests/tap.h"

#define SECONDS INT64_C(1000000)

static struct state *state;
static struct contract contract;
static struct contract_source sources[4];
static uint32_t groups[4], ids[32];
static uint64_t id_count;
static struct scope_export_input exports[4];
static uint32_t export_count;
static struct scope_increment_input increments[8];
static uint32_t increment_count;

static void stop_on(int code, const struct error *error)
{
	if (code == 0)
		return;
	printf("Bail out! %s\n", error->message);
	exit(1);
}

/* A fresh state and a contract with two captures. */
static void begin(const char *folder)
{
	struct error error = {0};
	memset(sources, 0, sizeof(sources));
	contract = (struct contract){.sources = sources, .source_count = 2, .baseline = BASELINE_SNAPSHOT};
	id_count = export_count = increment_count = 0;
	stop_on(state_open(folder, &state, &error), &error);
	for (uint32_t i = 0; i < 2; i++) {
		sources[i].kind = SOURCE_EVENTS;
		sources[i].text = i == 0 ? "first" : "second";
		stop_on(state_group(state, sources[i].text, &groups[i], &error), &error);
	}
}

/* Of the facts of the files to come. */
static uint32_t fact_flags;

/* A file of the capture: one change of that stream at each end of the window; none when it is empty. */
static uint32_t capture(uint32_t source, const char *arn, int64_t lo_s, int64_t hi_s)
{
	struct error error = {0};
	struct state_builder *builder;
	struct state_source file = {
		.kind = STATE_EVENTS_FILE, .path = "file", .identity = "", .group = groups[source], .complete = true};
	uint32_t domain;
	stop_on(state_domain(state, groups[source], slice_from(arn), &domain, &error), &error);
	stop_on(state_builder_new(state, 0, &builder, &error), &error);
	stop_on(state_builder_begin(builder, &file, &error), &error);
	for (int i = 0; i < 2; i++) {
		struct fact fact = {.kind = FACT_CHANGE, .key = {"k", 1}, .domain = domain, .flags = fact_flags};
		fact.time_lo_us = (i == 0 ? lo_s : hi_s - 1) * SECONDS;
		fact.time_hi_us = fact.time_lo_us + SECONDS;
		if (lo_s >= hi_s) {
			fact.time_lo_us = INT64_MIN;
			fact.time_hi_us = INT64_MAX;
		}
		stop_on(state_builder_add(builder, &fact, &error), &error);
	}
	stop_on(state_builder_end(builder, &file, &error), &error);
	stop_on(state_builder_flush(builder, &error), &error);
	state_builder_free(builder);
	ids[id_count++] = file.id;
	return domain;
}

static void add_problem(enum state_source_kind kind, const char *id, bool has_key, bool complete)
{
	struct error error = {0};
	struct state_builder *builder;
	struct state_source file = {.kind = kind, .path = "bad", .identity = "", .group = groups[0]};
	struct state_problem problem = {.id = id, .path = "bad", .has_key = has_key, .message = "m"};
	problem.key = slice_from("k");
	file.complete = complete;
	stop_on(state_builder_new(state, 0, &builder, &error), &error);
	stop_on(state_builder_begin(builder, &file, &error), &error);
	stop_on(state_builder_problem(builder, &problem, &error), &error);
	stop_on(state_builder_end(builder, &file, &error), &error);
	stop_on(state_builder_flush(builder, &error), &error);
	state_builder_free(builder);
	ids[id_count++] = file.id;
}

static void export_at(int64_t time_s)
{
	exports[export_count] = (struct scope_export_input){.group = 10 + export_count, .name = "e", .complete = true};
	exports[export_count].from_us = exports[export_count].to_us = time_s * SECONDS;
	export_count++;
}

static struct scope *build(void)
{
	struct error error = {0};
	struct scope *scope;
	struct scope_inputs inputs = {.exports = exports,
				      .export_count = export_count,
				      .increments = increments,
				      .increment_count = increment_count};
	struct merge_options options = {.sources = ids, .source_count = id_count, .workers = 1};
	stop_on(scope_build(state, &contract, groups, &options, &inputs, true, 5000 * SECONDS, &scope, &error), &error);
	return scope;
}

static bool is_window(const struct scope *scope, uint32_t index, int64_t lo_s, int64_t hi_s)
{
	return index < scope->window_count && scope->windows[index].lo == lo_s * SECONDS &&
	       scope->windows[index].hi == hi_s * SECONDS;
}

static bool is_hole(const struct scope *scope, uint32_t index, int64_t lo_s, int64_t hi_s)
{
	return index < scope->hole_count && scope->holes[index].lo == lo_s * SECONDS &&
	       scope->holes[index].hi == hi_s * SECONDS;
}

static void end(struct scope *scope, char folder[SCRATCH_PATH_MAX])
{
	scope_free(scope);
	state_close(state);
	scratch_remove(folder);
}

/* Of one Kinesis domain, a gap between two contract sources stays open, within one it is closed; it names no stream. */
static void kinesis_is_joined_where_it_meets(void)
{
	char folder[SCRATCH_PATH_MAX];
	scratch_make(folder);
	begin(folder);
	uint32_t a = capture(0, "kinesis:r:t", 100, 200);
	capture(0, "kinesis:r:t", 300, 400);
	uint32_t b = capture(1, "kinesis:r:t", 350, 500);
	capture(1, "kinesis:r:t", 550, 600);
	struct scope *scope = build();
	ok(a == b && scope->domain_count == 1 && scope->window_count == 1 && is_window(scope, 0, 100, 600),
	   "two sources of one table are one domain, and one window where they meet");
	end(scope, folder);
	scratch_make(folder);
	begin(folder);
	capture(0, "kinesis:r:t", 100, 200);
	capture(1, "kinesis:r:t", 300, 400);
	scope = build();
	ok(scope->window_count == 2 && is_hole(scope, 0, 200, 300), "between two of its sources a gap is a hole");
	end(scope, folder);
	scratch_make(folder);
	begin(folder);
	a = capture(0, "", 100, 200);
	capture(0, "kinesis:r:t", 150, 250);
	scope = build();
	ok(scope_domain_of(scope, a) == a && scope->domain_count == 2,
	   "records without a stream's name are not of the Kinesis domain beside them");
	end(scope, folder);
}

static void untimely_facts_widen_nothing(void)
{
	char folder[SCRATCH_PATH_MAX];
	scratch_make(folder);
	begin(folder);
	capture(0, "kinesis:r:t", 100, 200);
	fact_flags = FACT_UNTIMELY;
	capture(1, "kinesis:r:t", 50, 500);
	fact_flags = 0;
	struct scope *scope = build();
	ok(scope->domain_count == 1 && scope->window_count == 1 && is_window(scope, 0, 100, 200),
	   "records whose delivery failed widen no window");
	end(scope, folder);
}

static void windows_are_joined(void)
{
	char folder[SCRATCH_PATH_MAX];
	scratch_make(folder);
	begin(folder);
	uint32_t a = capture(0, "arn:a", 100, 200);
	capture(0, "arn:a", 400, 500);
	uint32_t b = capture(1, "arn:b", 500, 600), c = capture(1, "arn:c", 900, 1000);
	capture(1, "arn:d", 5, 5);
	sources[1].filtered = sources[1].independent = true;
	struct scope *scope = build();
	is_int(scope->domain_count, 4, "each stream is a domain, also one whose records have no time");
	ok(scope->domains[0].domain == a && scope->domains[0].lo == 100 * SECONDS &&
		   scope->domains[0].hi == 500 * SECONDS,
	   "a window reaches from the first record of all its files to the last");
	ok(scope->domains[3].lo > scope->domains[3].hi, "records without a time make no window");
	is_int(scope->window_count, 2, "windows that touch are one");
	ok(is_window(scope, 0, 100, 600) && is_window(scope, 1, 900, 1000), "others stand apart");
	ok(scope->windows[0].filtered && scope->domains[1].domain == b && scope->domains[1].filtered &&
		   !scope->domains[0].filtered,
	   "a filtered source filters its domains, and windows that they are part of");
	ok(!scope->spans[0].independent && scope->spans[1].independent && scope->spans[2].domain == c,
	   "independence is the contract source's");
	ok(scope->hole_count == 1 && is_hole(scope, 0, 600, 900), "between windows is a hole");
	is_int(scope->evidence_end, 1000 * SECONDS, "without an export evidence ends with the last window");
	is_text(scope->domains[0].name, "arn:a", "a domain is named by its stream");
	end(scope, folder);
}

static void exports_begin_the_evidence(void)
{
	char folder[SCRATCH_PATH_MAX];
	scratch_make(folder);
	begin(folder);
	capture(0, "arn:a", 2000, 3000);
	export_at(5000);
	export_at(1000);
	struct scope *scope = build();
	ok(scope->export_count == 2 && scope->exports[0].lo == 940 * SECONDS &&
		   scope->exports[0].hi == 1060 * SECONDS && scope->exports[0].group == 11,
	   "an export is an interval of a minute around its time, and the earliest comes first");
	ok(scope->hole_count == 1 && is_hole(scope, 0, 940, 2000),
	   "what the capture lacks since the earliest export is a hole");
	is_int(scope->evidence_end, 4940 * SECONDS, "a later export ends the evidence, and makes no hole before it");
	scope_free(scope);
	id_count = 0;
	scope = build();
	ok(scope->hole_count == 0 && scope->window_count == 0, "without any capture there is no hole");
	end(scope, folder);
}

static void contracts_widen_windows(void)
{
	char folder[SCRATCH_PATH_MAX];
	scratch_make(folder);
	begin(folder);
	capture(0, "arn:a", 2000, 3000);
	sources[0].has_from = sources[0].has_to = true;
	sources[0].from_us = 500 * SECONDS;
	sources[0].to_us = 2500 * SECONDS;
	sources[1].has_from = sources[1].has_to = true;
	sources[1].from_us = 4000 * SECONDS;
	sources[1].to_us = 4500 * SECONDS;
	contract.settle_us = 100 * SECONDS;
	struct scope *scope = build();
	ok(is_window(scope, 0, 500, 3000), "`from:` and `to:` widen a window and never narrow it");
	ok(is_window(scope, 1, 4000, 4500), "a capture of a quiet time is a window by `from:` and `to:` alone");
	is_int(scope->settle_from_us, 4900 * SECONDS, "`settle:` counts back from the lake's commit");
	scope_free(scope);
	sources[1].has_to = false;
	contract.settle_us = 0;
	scope = build();
	ok(scope->window_count == 1, "one of the two says nothing of a capture without records");
	ok(scope->settle_from_us == INT64_MAX, "without `settle:` everything is settled");
	end(scope, folder);
}

static void captures_of_one_stream(void)
{
	char folder[SCRATCH_PATH_MAX];
	scratch_make(folder);
	begin(folder);
	capture(0, "arn:a", 100, 200);
	capture(1, "arn:a", 400, 500);
	sources[1].independent = true;
	struct scope *scope = build();
	ok(scope->window_count == 1 && is_window(scope, 0, 100, 500), "two captures of one stream are one window");
	ok(scope->domain_count == 1 && scope->span_count == 2 && !scope->spans[0].independent &&
		   scope->spans[1].independent && scope->spans[1].lo == 400 * SECONDS,
	   "and what the independent one saw stands for itself");
	scope_free(scope);
	sources[0].has_to = true;
	sources[0].to_us = 300 * SECONDS;
	scope = build();
	ok(is_window(scope, 0, 100, 300) && is_window(scope, 1, 400, 500) && is_hole(scope, 0, 300, 400),
	   "unless `to:` says that the first one ended before the second began");
	scope_free(scope);
	sources[0].has_to = false;
	sources[1].has_from = true;
	sources[1].from_us = 350 * SECONDS;
	scope = build();
	ok(is_window(scope, 0, 100, 200) && is_window(scope, 1, 350, 500) && is_hole(scope, 0, 200, 350),
	   "or `from:`, that the second one began after the first");
	scope_free(scope);
	sources[1].from_us = 150 * SECONDS;
	scope = build();
	ok(scope->window_count == 1 && is_window(scope, 0, 100, 500), "but where they overlap there is no gap");
	end(scope, folder);
}

/* The label of a stream enabled 3000 s after the epoch. */
#define ARN_3000 "arn:aws:dynamodb:eu-west-1:123456789012:table/T/stream/1970-01-01T00:50:00.000"

static void gaps_between_streams_stay(void)
{
	char folder[SCRATCH_PATH_MAX];
	scratch_make(folder);
	begin(folder);
	capture(0, "arn:later", 3400, 5000);
	capture(0, "arn:earlier", 300, 400);
	capture(0, "arn:earlier", 1500, 1600);
	capture(1, "arn:other", 350, 360);
	sources[0].has_from = sources[0].has_to = true;
	sources[0].from_us = 100 * SECONDS;
	sources[0].to_us = 6000 * SECONDS;
	struct scope *scope = build();
	ok(is_window(scope, 0, 100, 1600), "`from:` begins the window of the source's earliest stream");
	ok(is_window(scope, 1, 3400, 6000) && scope->window_count == 2, "`to:` ends that of its latest one");
	ok(scope->hole_count == 1 && is_hole(scope, 0, 1600, 3400), "what lies between two streams stays a hole");
	ok(scope->domains[2].lo == 350 * SECONDS && scope->domains[2].hi == 360 * SECONDS,
	   "another source's stream is not widened");
	end(scope, folder);
}

static bool window_of(const char *arn, int64_t from_s, int64_t record_s, int64_t expected_s)
{
	char folder[SCRATCH_PATH_MAX];
	scratch_make(folder);
	begin(folder);
	capture(0, arn, record_s, 5000);
	sources[0].has_from = true;
	sources[0].from_us = from_s * SECONDS;
	struct scope *scope = build();
	bool as_expected = scope->window_count == 1 && is_window(scope, 0, expected_s, 5000);
	end(scope, folder);
	return as_expected;
}

static void labels_clip_from(void)
{
	ok(window_of(ARN_3000, 100, 3400, 3000), "`from:` begins no stream before the time of its label");
	ok(window_of(ARN_3000, 3100, 3400, 3100), "it begins one after it");
	ok(window_of(ARN_3000, 100, 2900, 2900), "a record that is older than the label begins it all the same");
	ok(window_of(ARN_3000, 2950, 2900, 2900), "and then `from:` has nothing to widen");
	ok(window_of("arn:aws:dynamodb:eu-west-1:123456789012:table/T/stream/later", 100, 3400, 100),
	   "a label that is not a time clips nothing");
	ok(window_of("arn:aws:kinesis:eu-west-1:123456789012:stream/T", 100, 3400, 100),
	   "nor does an ARN without a label");
	ok(window_of("", 100, 3400, 100), "nor no ARN at all");
}

static void as_of_ends_everything(void)
{
	char folder[SCRATCH_PATH_MAX];
	scratch_make(folder);
	begin(folder);
	capture(0, "arn:a", 2000, 3000);
	capture(1, "arn:b", 3500, 4000);
	export_at(2500);
	export_at(2501);
	contract.has_as_of = true;
	contract.as_of_us = 2500 * SECONDS;
	struct scope *scope = build();
	ok(scope->window_count == 1 && is_window(scope, 0, 2000, 2500), "windows end at `as_of:`");
	is_int(scope->export_count, 1, "an export at it counts, a later one does not");
	is_int(scope->evidence_end, 2500 * SECONDS, "evidence ends there");
	end(scope, folder);
}

static void nameless_domains_find_their_stream(void)
{
	char folder[SCRATCH_PATH_MAX];
	scratch_make(folder);
	begin(folder);
	uint32_t nameless = capture(0, "", 50, 100), stream = capture(0, "arn:a", 100, 200);
	uint32_t other = capture(1, "", 300, 400);
	struct scope *scope = build();
	is_int(scope_domain_of(scope, nameless), stream, "nameless records are of the one stream their source names");
	is_int(scope_domain_of(scope, stream), stream, "a stream is itself");
	is_int(scope_domain_of(scope, other), other, "where no stream is named, they are of their source");
	is_int(scope_domain_of(scope, 999), 999, "as is what the scope does not know");
	ok(scope->domain_count == 2 && scope->domains[0].lo == 50 * SECONDS && scope->domains[0].hi == 200 * SECONDS,
	   "their window is one");
	is_text(scope->domains[1].name, "second", "a nameless domain has its source's name");
	scope_free(scope);
	capture(0, "arn:b", 500, 600);
	scope = build();
	is_int(scope_domain_of(scope, nameless), nameless,
	       "where two streams are named, nobody knows of which they are");
	end(scope, folder);
}

static bool unreadable_with(enum state_source_kind kind, const char *id, bool has_key, bool complete)
{
	char folder[SCRATCH_PATH_MAX];
	scratch_make(folder);
	begin(folder);
	capture(0, "arn:a", 0, 100);
	add_problem(kind, id, has_key, complete);
	struct scope *scope = build();
	bool unreadable = scope->unreadable;
	end(scope, folder);
	return unreadable;
}

/* An incremental export with one change a second before its end, or none; its domain. */
static uint32_t increment(int64_t from_s, int64_t to_s, bool complete, bool empty)
{
	struct error error = {0};
	struct state_builder *builder;
	uint32_t group, domain = 0;
	char name[16];
	snprintf(name, sizeof(name), "export %u", (unsigned)increment_count);
	stop_on(state_group(state, name, &group, &error), &error);
	struct state_source file = {
		.kind = STATE_EXPORT_FILE, .path = name, .identity = "", .group = group, .complete = true};
	if (!empty)
		stop_on(state_domain(state, group, slice_from(""), &domain, &error), &error);
	stop_on(state_builder_new(state, 0, &builder, &error), &error);
	stop_on(state_builder_begin(builder, &file, &error), &error);
	struct fact fact = {.kind = FACT_CHANGE, .key = {"k", 1}, .domain = domain};
	fact.time_lo_us = (to_s - 1) * SECONDS;
	fact.time_hi_us = fact.time_lo_us + 1;
	if (!empty)
		stop_on(state_builder_add(builder, &fact, &error), &error);
	stop_on(state_builder_end(builder, &file, &error), &error);
	stop_on(state_builder_flush(builder, &error), &error);
	state_builder_free(builder);
	ids[id_count++] = file.id;
	increments[increment_count++] = (struct scope_increment_input){.group = group,
								       .name = "i",
								       .from_us = from_s * SECONDS,
								       .to_us = to_s * SECONDS,
								       .complete = complete};
	return domain;
}

static const struct scope_domain *domain_named(const struct scope *scope, uint32_t domain)
{
	for (uint32_t i = 0; i < scope->domain_count; i++)
		if (scope->domains[i].domain == scope_domain_of(scope, domain))
			return &scope->domains[i];
	return NULL;
}

static void increments_make_series(void)
{
	char folder[SCRATCH_PATH_MAX];
	scratch_make(folder);
	begin(folder);
	uint32_t second = increment(200, 300, true, false), first = increment(100, 200, true, false);
	uint32_t again = increment(200, 300, true, false), gap = increment(400, 500, true, false);
	increment(300, 350, true, true);
	uint32_t over = increment(450, 600, true, false);
	struct scope *scope = build();
	const struct scope_domain *domain = domain_named(scope, first);
	ok(domain != NULL && domain->kind == DOMAIN_NET && domain->lo == 100 * SECONDS && domain->hi == 350 * SECONDS,
	   "exports whose windows follow on one another are one domain, an empty one too");
	ok(domain_named(scope, second) == domain && domain_named(scope, again) == domain,
	   "and the same window exported twice");
	ok(domain_named(scope, gap) != domain, "a gap begins another");
	ok(domain_named(scope, over) != domain && domain_named(scope, over) != domain_named(scope, gap),
	   "so does an overlap");
	is_int(scope->net_count, 6, "each export has its window");
	ok(is_window(scope, 0, 100, 350) && is_window(scope, 1, 400, 600) && scope->window_count == 2,
	   "which are part of the union");
	ok(scope->windows[0].filtered && !domain->filtered, "but do not tell of the states in between");
	ok(scope->hole_count == 1 && is_hole(scope, 0, 350, 400), "what lies between them is a hole");
	ok(scope->nets[0].open_hi == 200 * SECONDS, "no stream covers the windows");
	ok(scope->nets[0].reach == 200 * SECONDS && scope->nets[5].reach == 600 * SECONDS,
	   "and how far those so far reach is known");
	end(scope, folder);
}

static void increments_are_cut(void)
{
	char folder[SCRATCH_PATH_MAX];
	scratch_make(folder);
	begin(folder);
	capture(0, "arn:a", 50, 250);
	capture(1, "arn:b", 290, 320);
	uint32_t first = increment(100, 200, true, false), bad = increment(200, 300, false, false);
	uint32_t second = increment(200, 300, true, true);
	(void)second;
	increment(300, 400, false, false);
	struct scope *scope = build();
	ok(domain_named(scope, bad) != domain_named(scope, first) &&
		   domain_named(scope, bad)->lo > domain_named(scope, bad)->hi,
	   "an export that is not complete is in no series and has no window");
	ok(scope->hole_count == 1 && is_hole(scope, 0, 320, 400), "what no other window covers of it is a hole");
	ok(scope->nets[0].open_hi == 100 * SECONDS && scope->nets[1].open_hi == 290 * SECONDS,
	   "what a stream covers of a window is not open");
	scope_free(scope);
	contract.has_as_of = true;
	contract.as_of_us = 260 * SECONDS;
	scope = build();
	ok(is_window(scope, 0, 50, 250) && scope->window_count == 1 && scope->net_count == 1,
	   "a window that as_of cuts covers nothing");
	ok(scope->hole_count == 1 && is_hole(scope, 0, 250, 260), "and is a hole");
	end(scope, folder);
}

static void increments_continue_exports(void)
{
	static const struct {
		int64_t from;
		bool complete;
		uint32_t holes;
		const char *what;
	} cases[] = {{1000, true, 0, "an incremental export that begins at a full one's time continues it"},
		     {941, true, 0, "and one that begins a little earlier"},
		     {1001, true, 1, "not one that begins later"},
		     {1000, false, 1, "nor one that continues an export which lacks files"}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char folder[SCRATCH_PATH_MAX];
		scratch_make(folder);
		begin(folder);
		export_at(1000);
		exports[0].complete = cases[i].complete;
		increment(cases[i].from, 2000, true, false);
		struct scope *scope = build();
		is_int(scope->hole_count, cases[i].holes, cases[i].what);
		end(scope, folder);
	}
	char folder[SCRATCH_PATH_MAX];
	scratch_make(folder);
	begin(folder);
	export_at(1000);
	exports[0].dump = true;
	exports[0].to_us = 1600 * SECONDS;
	increment(1001, 2000, true, false);
	struct scope *scope = build();
	ok(scope->exports[0].lo == 1000 * SECONDS && scope->exports[0].hi == 1600 * SECONDS,
	   "a dump's interval is what the contract says");
	ok(scope->hole_count == 1 && is_hole(scope, 0, 1000, 1001), "and nothing may begin within it");
	end(scope, folder);
}

/* What a poll has covered is known as far as it landed; that nothing else happened in it is not. */
static void polls_close_holes_alone(void)
{
	char folder[SCRATCH_PATH_MAX];
	scratch_make(folder);
	begin(folder);
	sources[1].kind = SOURCE_ROWS;
	sources[1].rows.puts_only = sources[1].independent = true;
	export_at(500);
	capture(0, "arn:a", 100, 600);
	uint32_t poll = capture(1, "", 550, 900);
	struct scope *scope = build();
	ok(scope->domain_count == 2 && scope->domains[1].domain == poll && scope->domains[1].kind == DOMAIN_ROWS &&
		   scope->domains[1].puts_only && scope->domains[1].filtered,
	   "rows that tell of no deletes are a filtered domain of their kind");
	ok(scope->window_count == 1 && is_window(scope, 0, 100, 600), "whose window is none in which nothing else was");
	ok(scope->landed_count == 1 && scope->landed[0].hi == 900 * SECONDS && scope->hole_count == 0,
	   "but it closes a hole");
	is_int(scope->evidence_end, 900 * SECONDS, "and evidence reaches to its end");
	end(scope, folder);
	scratch_make(folder);
	begin(folder);
	sources[1].kind = SOURCE_ROWS;
	capture(0, "arn:a", 100, 600);
	capture(1, "", 550, 900);
	scope = build();
	ok(scope->window_count == 1 && is_window(scope, 0, 100, 900) && !scope->windows[0].filtered,
	   "rows that tell of deletes are a capture like any other");
	end(scope, folder);
}

int main(void)
{
	windows_are_joined();
	kinesis_is_joined_where_it_meets();
	untimely_facts_widen_nothing();
	exports_begin_the_evidence();
	contracts_widen_windows();
	captures_of_one_stream();
	gaps_between_streams_stay();
	labels_clip_from();
	as_of_ends_everything();
	nameless_domains_find_their_stream();
	ok(unreadable_with(STATE_EVENTS_FILE, "record.unreadable", false, true),
	   "an unreadable record of an unknown key is a hole without end");
	ok(!unreadable_with(STATE_EVENTS_FILE, "record.unreadable", true, true), "one of a known key is not");
	ok(!unreadable_with(STATE_EVENTS_FILE, "source.mixed", false, true), "nor are other problems");
	ok(unreadable_with(STATE_EVENTS_FILE, "record.truncated", false, false),
	   "a change file that does not count is one too");
	ok(!unreadable_with(STATE_EXPORT_FILE, "export.md5", false, false),
	   "an export's file that does not count is not");
	increments_make_series();
	increments_are_cut();
	increments_continue_exports();
	polls_close_holes_alone();
	return tap_done();
}
