/* Generated histories against the table that made them: every format with every fault that loses nothing merges into
 * the table's own state, in both mergers; with a fault that loses something, what is proven is still true, and what is
 * lost shows wherever it can. Captures that begin or end at every point around an export. Chains of incremental
 * exports, which alone must give the table's state. Argument: [seed]. */
#include <sqlite3.h>
#include <stdlib.h>

#include "reconcile/judge/reference.h"
#include "reconcile/run.h"
#include "tests/property/scale.h"
#include "tests/support/scratch.h"
#include "tests/support/workload.h"
#include "tests/tap.h"

enum { KEYS_MAX = 4000 };

/* What the table holds of one key in the end. */
struct truth_key {
	struct slice key; /* key bytes */
	bool live, seen;
	bool last_lost; /* its last change never reached the landing zone, so nothing can tell of it */
	uint64_t item[2];
};

struct checked {
	struct truth_key *keys;
	uint64_t count;
	uint64_t proven, unproven, problems;
	uint64_t wrong;   /* proven, and not what the table holds */
	uint64_t excused; /* the same, of keys whose last change was lost */
	uint64_t unheard; /* live keys that nothing that was read names */
	struct arena arena;
};

static uint64_t seed = 1;

/* ---- the truth, from its SQLite file ---- */

/* Sequence numbers of the changes that the fault log says never landed. */
static void load_lost(sqlite3 *db, const char *root)
{
	struct buffer log;
	sqlite3_stmt *insert;
	char sequence[64];

	buffer_init(&log, (size_t)64 << 20);
	if (sqlite3_exec(db, "CREATE TEMP TABLE lost(sequence TEXT PRIMARY KEY)", NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, "INSERT OR IGNORE INTO lost VALUES(?)", -1, &insert, NULL) != SQLITE_OK ||
	    !scratch_read(root, "faults.jsonl", &log))
		abort();
	for (char *line = log.data, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = '\0';
		bool landed = strstr(line, "\"file\":") != NULL && strstr(line, "\"error-prefix\"") == NULL;
		if (landed || strstr(line, "\"sequence\":") == NULL)
			continue;
		scratch_text(line, "sequence", sequence, sizeof(sequence));
		sqlite3_bind_text(insert, 1, sequence, -1, SQLITE_TRANSIENT);
		if (sqlite3_step(insert) != SQLITE_DONE || sqlite3_reset(insert) != SQLITE_OK)
			abort();
	}
	sqlite3_finalize(insert);
	buffer_release(&log);
}

static const char truth_sql[] =
	"SELECT key_json, item_json, coalesce((SELECT sequence FROM change c WHERE c.key_json = i.key_json"
	" ORDER BY ordinal DESC LIMIT 1) IN lost, 0) FROM item i";

static const struct json_token *parsed(struct json_parser *parser, struct buffer *text, const char *json)
{
	const struct json_token *tokens;
	struct json_failure failure;
	size_t count;

	text->size = 0;
	if (buffer_append_text(text, json) != 0 || buffer_reserve(text, JSON_PADDING) != 0 ||
	    !json_parse(parser, buffer_slice(text), &tokens, &count, &failure))
		abort();
	return tokens;
}

static int compare_keys(const void *left, const void *right)
{
	const struct truth_key *a = left, *b = right;
	size_t size = a->key.size < b->key.size ? a->key.size : b->key.size;
	int order = memcmp(a->key.data, b->key.data, size);
	return order != 0 ? order : (a->key.size > b->key.size) - (a->key.size < b->key.size);
}

static void load_truth(struct checked *checked, const char *root, const struct digest_plan *plan)
{
	char path[2 * SCRATCH_PATH_MAX];
	sqlite3 *db;
	sqlite3_stmt *items;
	struct digest_scratch *scratch = digest_scratch_new(plan);
	struct json_parser *parser = json_parser_new((size_t)4 << 20);
	struct buffer text;

	snprintf(path, sizeof(path), "%s/truth.sqlite", root);
	buffer_init(&text, (size_t)8 << 20);
	if (sqlite3_open(path, &db) != SQLITE_OK ||
	    sqlite3_exec(db, "CREATE INDEX change_key ON change(key_json)", NULL, NULL, NULL) != SQLITE_OK)
		abort();
	load_lost(db, root);
	if (sqlite3_prepare_v2(db, truth_sql, -1, &items, NULL) != SQLITE_OK)
		abort();
	while (sqlite3_step(items) == SQLITE_ROW && checked->count < KEYS_MAX) {
		struct truth_key *key = &checked->keys[checked->count++];
		const char *image = (const char *)sqlite3_column_text(items, 1);
		struct image_digest digest;
		struct digest_fault fault;
		struct slice bytes;
		*key = (struct truth_key){.live = image != NULL, .last_lost = sqlite3_column_int(items, 2) != 0};
		if (!digest_key(scratch, parsed(parser, &text, (const char *)sqlite3_column_text(items, 0)), 0, &bytes,
				&fault))
			abort();
		key->key = arena_copy(&checked->arena, bytes);
		if (image == NULL)
			continue;
		if (!digest_image(scratch, parsed(parser, &text, image), 0, &digest, &fault))
			abort();
		memcpy(key->item, digest.item, sizeof(key->item));
	}
	sqlite3_finalize(items);
	sqlite3_close(db);
	buffer_release(&text);
	json_parser_free(parser);
	digest_scratch_free(scratch);
	qsort(checked->keys, checked->count, sizeof(*checked->keys), compare_keys);
}

/* ---- what is merged ---- */

static void complain(const struct truth_key *truth, const struct judgement *judgement)
{
	printf("#   key %.*s: expected state %d, %s in the table\n", (int)judgement->key.size, judgement->key.data,
	       (int)judgement->expected.state,
	       truth == NULL ? "not known"
	       : truth->live ? "live"
			     : "gone");
}

static int visit(void *context, uint32_t worker, const struct judgement *judgement, struct error *error)
{
	struct checked *checked = context;
	struct truth_key wanted = {.key = judgement->key};
	struct truth_key *truth = bsearch(&wanted, checked->keys, checked->count, sizeof(*checked->keys), compare_keys);
	const struct fact_side *expected = &judgement->expected;

	(void)worker;
	(void)error;
	if (truth != NULL)
		truth->seen = true;
	if (judgement->unproven != 0) {
		checked->unproven++;
		return 0;
	}
	checked->proven++;
	bool right = truth != NULL &&
		     (truth->live ? expected->state == STATE_IMAGE &&
					    memcmp(expected->item, truth->item, sizeof(truth->item)) == 0
				  : expected->state == STATE_ABSENT);
	if (right)
		return 0;
	if (truth != NULL && truth->last_lost) {
		checked->excused++;
		return 0;
	}
	if (checked->wrong++ < 3)
		complain(truth, judgement);
	return 0;
}

static int count_problem(void *context, const struct state_problem *problem)
{
	(void)problem;
	++*(uint64_t *)context;
	return 0;
}

static void merge(struct checked *checked, const char *root, const char *name)
{
	char contract[2 * SCRATCH_PATH_MAX];
	struct run_options options = {.contract = contract, .jobs = 1, .memory_max = (size_t)64 << 20};
	struct run *run = NULL;
	struct error error = {0, ""};

	snprintf(contract, sizeof(contract), "%s/%s", root, name);
	if (run_open(&options, &run, &error) != 0 || run_ingest(run, &error) != 0) {
		printf("# %s\n", error.message);
		abort();
	}
	load_truth(checked, root, run->plan);
	struct merge_options merging = run_merge_options(run);
	if (run_judge(run, visit, checked, &error) != 0 ||
	    reference_check(run->state, run->scope, &merging, &error) != 0 ||
	    state_problems(run->state, run->sources, run->source_count, count_problem, &checked->problems, &error) !=
		    0) {
		printf("# %s\n", error.message);
		abort();
	}
	checked->problems += run->problem_count;
	for (uint64_t i = 0; i < checked->count; i++)
		checked->unheard += checked->keys[i].live && !checked->keys[i].seen && !checked->keys[i].last_lost;
	run_close(run);
}

/* ---- one history ---- */

struct history_case {
	const char *preset, *faults;
	const struct stream_format *format; /* NULL: the first */
	enum stream_view view;
	bool closing_export, gzip;
	int64_t duration_s; /* 0: two hours */
	unsigned windows;   /* incremental exports; what is merged is they and the full one alone */
	int windows_view;
	int64_t lead_s; /* so long before the full export's time the first of them begins */
};

static struct checked check(const struct history_case *what)
{
	struct generator_options options;
	struct generator_report report;
	struct error error = {0, ""};
	char root[SCRATCH_PATH_MAX];
	struct checked checked = {.keys = calloc(KEYS_MAX, sizeof(struct truth_key))};

	arena_init(&checked.arena, (size_t)64 << 20);
	scratch_make(root);
	test_workload(&options, what->preset != NULL ? what->preset : "orders");
	options.model.seed = seed;
	options.model.items = 250;
	options.model.changes = 700;
	options.model.ttl_ppm = 50000;
	options.view = what->view;
	options.gzip = what->gzip;
	options.second_export = what->closing_export;
	options.truth = TRUTH_HISTORY;
	options.faults.duplicates = (struct fault_rate){0, 0};
	options.faults.shuffle_window = options.faults.replay_files = 0;
	options.faults.records_per_file = 40;
	if (what->format != NULL)
		options.format = what->format;
	options.windows = what->windows;
	options.windows_view = what->windows_view;
	options.windows_lead_us = what->lead_s * 1000000;
	if (what->duration_s > 0)
		options.model.duration_us = what->duration_s * 1000000;
	if (generator_parse_faults(what->faults, &options, &error) != 0 ||
	    generator_run(&options, root, &report, &error) != 0) {
		printf("# %s\n", error.message);
		abort();
	}
	merge(&checked, root, what->windows > 0 ? "contract-exports.yaml" : "contract.yaml");
	scratch_remove(root);
	arena_release(&checked.arena);
	free(checked.keys);
	return checked;
}

static void print_counts(const struct checked *checked)
{
	printf("#   %llu proven, %llu unproven, %llu wrong, %llu wrong where nothing could tell, %llu unheard of, "
	       "%llu problems\n",
	       (unsigned long long)checked->proven, (unsigned long long)checked->unproven,
	       (unsigned long long)checked->wrong, (unsigned long long)checked->excused,
	       (unsigned long long)checked->unheard, (unsigned long long)checked->problems);
}

/* ---- faults that lose nothing ---- */

static const char *const harmless[] = {
	"",
	"child-first:5",
	"swap-batch:100%",
	"duplicate:30%",
	"shuffle:50",
	"shuffle:1000000",
	"reupload:5",
	"replay:100%",
	"number-spelling:100%",
	"bom:50%",
	"crlf:50%",
	"no-newline:50%",
	"export-twice",
	"duplicate:20%@10-60,swap-batch,shuffle:30@50-100,replay:4,number-spelling:30%/modify,bom,crlf,child-first",
};

static bool is_whole(const struct checked *checked)
{
	if (checked->wrong + checked->unheard == 0 && checked->unproven == 0 && checked->problems == 0 &&
	    checked->proven > 200)
		return true;
	print_counts(checked);
	return false;
}

/* Nothing but their line breaks keeps lines of base64 apart. */
static bool loses(const struct stream_format *format, const char *fault)
{
	return strcmp(format->name, "kinesis-base64") == 0 && strstr(fault, "no-newline") != NULL;
}

static void test_harmless(void)
{
	static const enum stream_view views[] = {VIEW_NEW_AND_OLD_IMAGES, VIEW_NEW_IMAGE};
	const struct stream_format *format;

	for (size_t f = 0; (format = stream_format_at(f)) != NULL; f++) {
		for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
			bool held = true;
			for (size_t v = format->both_images; v < 2; v++) {
				struct checked checked = check(&(struct history_case){
					.faults = harmless[i], .format = format, .view = views[v], .gzip = v == 1});
				if (loses(format, harmless[i]))
					held = checked.wrong == 0 && checked.problems > 0 && held;
				else
					held = is_whole(&checked) && held;
			}
			ok(held, "%s, %s: %s", format->name, harmless[i][0] != '\0' ? harmless[i] : "no fault",
			   loses(format, harmless[i]) ? "what is lost shows" : "the merged state is the table's");
		}
	}
}

static void test_presets(void)
{
	const char *name;
	for (size_t i = 0; (name = workload_preset_name(i)) != NULL; i++) {
		struct checked checked = check(&(struct history_case){
			.preset = name, .faults = "duplicate:5%,shuffle:40,replay:2", .view = VIEW_NEW_AND_OLD_IMAGES});
		ok(is_whole(&checked), "preset %s: the merged state is the table's", name);
	}
}

/* Every kind that loses nothing is among the cases above. */
static void test_harmless_kinds(void)
{
	for (unsigned id = 0; id < FAULT_COUNT; id++) {
		bool tested = fault_kinds[id].harm != FAULT_HARMLESS || fault_kinds[id].stage == STAGE_WINDOW;
		for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
			tested = tested ||
				 strncmp(harmless[i], fault_kinds[id].name, strlen(fault_kinds[id].name)) == 0;
		if (!tested)
			ok(false, "%s is tested", fault_kinds[id].name);
	}
}

/* ---- faults that lose something ---- */

static const char *rate_for(enum fault_id id)
{
	switch (fault_kinds[id].stage) {
	case STAGE_LOSS:
		return id == FAULT_DROP_REMOVE || id == FAULT_LATE_START ? "" : ":12";
	case STAGE_RECORD:
		return id == FAULT_BAD_HUGE ? ":1" : ":3";
	default:
		return "";
	}
}

static void test_losses(void)
{
	for (unsigned id = 0; id < FAULT_COUNT; id++) {
		const struct fault_kind *kind = &fault_kinds[id];
		char fault[64];
		if (kind->harm == FAULT_HARMLESS || kind->stage == STAGE_WINDOW)
			continue;
		snprintf(fault, sizeof(fault), "%s%s", kind->name, rate_for((enum fault_id)id));
		struct checked checked = check(&(struct history_case){
			.faults = fault, .view = VIEW_NEW_AND_OLD_IMAGES, .gzip = id == FAULT_TRUNCATE_GZIP});
		bool seen = checked.unproven > 0 || checked.problems > 0 || kind->harm == FAULT_ODD;
		/* An export that lies about its time is not always seen through. */
		bool held = seen && (checked.wrong == 0 || id == FAULT_EXPORT_FUZZ) &&
			    (checked.unheard == 0 || checked.problems > 0);
		if (!held)
			print_counts(&checked);
		ok(held, "%s: what is proven is true, and that something is missing shows", fault);
	}
}

/* With a closing export nothing that was lost can make a wrong state proven, not even a key's last change. */
static void test_closed(void)
{
	static const char *const faults[] = {"drop-record:20%", "drop-remove", "error-prefix:50",
					     "drop-record:100%@60-100", "drop-record:100%/shard=1"};
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct checked checked = check(&(struct history_case){
			.faults = faults[i], .view = VIEW_NEW_AND_OLD_IMAGES, .closing_export = true});
		bool held = checked.wrong + checked.excused + checked.unheard == 0 &&
			    checked.proven + checked.unproven > 200;
		if (!held)
			print_counts(&checked);
		ok(held, "%s, with a closing export: nothing wrong is proven", faults[i]);
	}
}

/* ---- captures that are cut around an export ---- */

static void test_cuts(void)
{
	static const enum stream_view views[] = {VIEW_NEW_AND_OLD_IMAGES, VIEW_NEW_IMAGE};
	enum { DURATION_S = 130 }; /* a percent of which is little more than a second */
	uint64_t histories = 0, wrong = 0, whole = 0;

	for (unsigned percent = 1; percent < 100; percent += (unsigned)(100 / scaled(100))) {
		char faults[2][64];
		snprintf(faults[0], sizeof(faults[0]), "drop-record:100%%@0-%u", percent);
		snprintf(faults[1], sizeof(faults[1]), "drop-record:100%%@%u-100", percent);
		for (unsigned side = 0; side < 2; side++) {
			struct checked checked = check(&(struct history_case){
				.faults = faults[side], .view = views[percent % 2], .duration_s = DURATION_S});
			histories++;
			whole += checked.unproven == 0;
			wrong += checked.wrong + checked.unheard;
			if (checked.wrong + checked.unheard > 0)
				printf("# %s\n", faults[side]);
		}
	}
	ok(wrong == 0 && whole > 0 && whole < histories,
	   "%llu captures cut around an export prove nothing that is wrong; %llu of them prove every key",
	   (unsigned long long)histories, (unsigned long long)whole);
}

/* ---- incremental exports ---- */

static const int increment_views[] = {EXPORT_NEW_AND_OLD_IMAGES, EXPORT_NEW_IMAGE};
static const char *const view_names[] = {"both images", "new images"};

static struct checked check_windows(const char *faults, unsigned count, size_t view, int64_t lead_s)
{
	return check(&(struct history_case){.faults = faults,
					    .view = VIEW_NEW_IMAGE,
					    .windows = count,
					    .windows_view = increment_views[view],
					    .lead_s = lead_s});
}

static void test_increments(void)
{
	static const unsigned counts[] = {1, 2, 5, 17};

	for (size_t view = 0; view < 2; view++) {
		bool held = true;
		for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
			struct checked checked = check_windows("", counts[i], view, 0);
			held = is_whole(&checked) && held;
		}
		ok(held, "incremental exports that follow a full one, %s: the merged state is the table's",
		   view_names[view]);
	}
}

/* A window that begins before the export's time says nothing of an item that the export saw and that was gone again in
 * the window; between the export's time and a later window anything may have happened. */
static void test_increment_cuts(void)
{
	static const int64_t leads_s[] = {1500, 300, 61, 60, 59, 30, 1, -1, -30, -59, -60, -61, -300, -1500};

	for (size_t view = 0; view < 2; view++) {
		bool held = true;
		for (size_t i = 0; i < sizeof(leads_s) / sizeof(leads_s[0]); i++) {
			struct checked checked = check_windows("", (unsigned)i % 3 * 4 + 1, view, leads_s[i]);
			bool right = checked.wrong == 0 && checked.unproven > 0 &&
				     (checked.unheard == 0 || leads_s[i] < 0);
			if (!right) {
				print_counts(&checked);
				printf("#   the first window begins %d s before the export's time\n", (int)leads_s[i]);
			}
			held = held && right;
		}
		ok(held, "incremental exports that begin round a full one, %s: what is proven is true",
		   view_names[view]);
	}
}

static void test_increment_faults(void)
{
	/* Of the last window nothing could tell that it is missing. */
	static const char *const losses[] = {"missing-window",
					     "missing-window/window=1",
					     "missing-export-file/window=3",
					     "wrong-md5/window=3",
					     "wrong-count/window=3",
					     "truncate-export/window=3",
					     "missing-window/window=2,missing-window/window=4"};
	static const char *const others[] = {"window-again", "window-again/window=1", "window-again/window=6"};

	for (size_t view = 0; view < 2; view++) {
		for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
			struct checked checked = check_windows(losses[i], 6, view, 0);
			bool held = checked.wrong == 0 && checked.unproven > 0;
			if (!held)
				print_counts(&checked);
			ok(held, "%s, %s: what is proven is true, and that something is missing shows", losses[i],
			   view_names[view]);
		}
		for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
			struct checked checked = check_windows(others[i], 6, view, 0);
			ok(is_whole(&checked), "%s, %s: the merged state is the table's", others[i], view_names[view]);
		}
		for (unsigned window = 2; window <= 6; window++) {
			char fault[40];
			snprintf(fault, sizeof(fault), "window-overlap/window=%u", window);
			struct checked checked = check_windows(fault, 6, view, 0);
			bool held = checked.wrong + checked.unheard == 0;
			if (!held)
				print_counts(&checked);
			ok(held, "%s, %s: what is proven is true", fault, view_names[view]);
		}
	}
}

int main(int argc, char **argv)
{
	if (argc > 1)
		seed = strtoull(argv[1], NULL, 10);
	printf("# seed %llu\n", (unsigned long long)seed);
	test_harmless_kinds();
	test_harmless();
	test_presets();
	test_losses();
	test_closed();
	test_cuts();
	test_increments();
	test_increment_cuts();
	test_increment_faults();
	return tap_done();
}
