/* generated - a generated history against the table that made it: what is merged of its files, in both mergers, key by
 * key; for tests only. Whatever fails aborts the test. */
#ifndef LAKEPROOF_TESTS_GENERATED_H
#define LAKEPROOF_TESTS_GENERATED_H

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
	bool last_lost; /* its last change never landed, or in other types, so nothing can tell of it */
	uint64_t item[2], row;
};

struct checked {
	struct truth_key *keys;
	uint64_t count;
	uint64_t proven, unproven, problems;
	uint64_t wrong;   /* proven, and not what the table holds */
	uint64_t excused; /* the same, of keys whose last change was lost */
	uint64_t unheard; /* live keys that nothing that was read names */
	bool by_row;
	struct arena arena;
};

static uint64_t seed = 1;

/* What is captured of a history: changes made in [from_us, to_us), of those that landed. */
struct capture {
	int64_t from_us, to_us;
	bool no_deletes; /* none of them landed */
	bool by_row;     /* what landed does not keep types: what is known is what the lake's columns tell */
};
static const struct capture everything = {INT64_MIN, INT64_MAX, false, false};

/* ---- the truth, from its SQLite file ---- */

/* Whether what a line of the fault log tells of landed: as it was, or broken so that it shows. */
static inline bool says_landed(const char *line)
{
	static const char *const faults[] = {"\"error-prefix\"", "\"number-double\"", "\"set-as-list\"",
					     "\"binary-as-text\""};
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (strstr(line, faults[i]) != NULL)
			return false;
	return strstr(line, "\"file\":") != NULL;
}

/* Sequence numbers of the changes that the fault log says never landed, or not as they were. */
static inline void load_lost(sqlite3 *db, const char *root)
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
		if (says_landed(line) || strstr(line, "\"sequence\":") == NULL)
			continue;
		scratch_text(line, "sequence", sequence, sizeof(sequence));
		sqlite3_bind_text(insert, 1, sequence, -1, SQLITE_TRANSIENT);
		if (sqlite3_step(insert) != SQLITE_DONE || sqlite3_reset(insert) != SQLITE_OK)
			abort();
	}
	sqlite3_finalize(insert);
	buffer_release(&log);
}

static const char truth_sql[] = "SELECT key_json, item_json, coalesce((SELECT sequence IN lost OR time_us < ?1 OR "
				"time_us >= ?2 OR (?3 AND event IN ('REMOVE', 'TTL')) FROM change c"
				" WHERE c.key_json = i.key_json ORDER BY ordinal DESC LIMIT 1), 0) FROM item i";

static inline const struct json_token *parsed(struct json_parser *parser, struct buffer *text, const char *json)
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

static inline int compare_keys(const void *left, const void *right)
{
	const struct truth_key *a = left, *b = right;
	size_t size = a->key.size < b->key.size ? a->key.size : b->key.size;
	int order = memcmp(a->key.data, b->key.data, size);
	return order != 0 ? order : (a->key.size > b->key.size) - (a->key.size < b->key.size);
}

static inline void load_truth(struct checked *checked, const char *root, struct capture capture,
			      const struct digest_plan *plan)
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
	    sqlite3_exec(db, "CREATE INDEX IF NOT EXISTS change_key ON change(key_json)", NULL, NULL, NULL) !=
		    SQLITE_OK)
		abort();
	load_lost(db, root);
	if (sqlite3_prepare_v2(db, truth_sql, -1, &items, NULL) != SQLITE_OK ||
	    sqlite3_bind_int64(items, 1, capture.from_us) != SQLITE_OK ||
	    sqlite3_bind_int64(items, 2, capture.to_us) != SQLITE_OK ||
	    sqlite3_bind_int(items, 3, capture.no_deletes) != SQLITE_OK)
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
		key->row = digest.row;
	}
	sqlite3_finalize(items);
	sqlite3_close(db);
	buffer_release(&text);
	json_parser_free(parser);
	digest_scratch_free(scratch);
	qsort(checked->keys, checked->count, sizeof(*checked->keys), compare_keys);
}

/* ---- what is merged ---- */

static inline void complain(const struct truth_key *truth, const struct judgement *judgement)
{
	printf("#   key %.*s: expected state %d, %s in the table\n", (int)judgement->key.size, judgement->key.data,
	       (int)judgement->expected.state,
	       truth == NULL ? "not known"
	       : truth->live ? "live"
			     : "gone");
}

static inline int visit(void *context, uint32_t worker, const struct judgement *judgement, struct error *error)
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
	bool right = truth != NULL && (truth->live ? expected->state == STATE_IMAGE &&
							     (checked->by_row ? expected->row == truth->row
									      : memcmp(expected->item, truth->item,
										       sizeof(truth->item)) == 0)
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

static inline int count_problem(void *context, const struct state_problem *problem)
{
	(void)problem;
	++*(uint64_t *)context;
	return 0;
}

static inline void merge(struct checked *checked, const char *root, const char *name, struct capture capture)
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
	checked->by_row = capture.by_row;
	load_truth(checked, root, capture, run->plan);
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
	int export_format;
	bool few; /* fewer items and changes: of what is tried for many formats */
};

/* Into a folder of its own, which the caller removes. */
static inline void generate(const struct history_case *what, char root[SCRATCH_PATH_MAX])
{
	struct generator_options options;
	struct generator_report report;
	struct error error = {0, ""};

	scratch_make(root);
	test_workload(&options, what->preset != NULL ? what->preset : "orders");
	options.model.seed = seed;
	options.model.items = what->few ? 120 : 250;
	options.model.changes = what->few ? 350 : 700;
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
	options.export_format = what->export_format;
	if (what->duration_s > 0)
		options.model.duration_us = what->duration_s * 1000000;
	if (generator_parse_faults(what->faults, &options, &error) != 0 ||
	    generator_run(&options, root, &report, &error) != 0) {
		printf("# %s\n", error.message);
		abort();
	}
}

static inline struct checked check_folder(const char *root, const char *contract, struct capture capture)
{
	struct checked checked = {.keys = calloc(KEYS_MAX, sizeof(struct truth_key))};

	arena_init(&checked.arena, (size_t)64 << 20);
	char state[SCRATCH_PATH_MAX + 16];
	snprintf(state, sizeof(state), "%s/.lakeproof", root);
	merge(&checked, root, contract, capture);
	scratch_remove(state); /* Each look at the folder is the first one. */
	arena_release(&checked.arena);
	free(checked.keys);
	return checked;
}

static inline struct checked check(const struct history_case *what)
{
	char root[SCRATCH_PATH_MAX];

	struct capture capture = everything;

	bool rows = what->format != NULL && what->format->rows != 0;
	const struct dump_format *dump = what->export_format < EXPORT_DUMPS
						 ? NULL
						 : dump_format_at((size_t)(what->export_format - EXPORT_DUMPS));
	capture.by_row = rows || (dump != NULL && dump->source == NULL);
	capture.no_deletes = rows && (what->format->rows & LANDED_PUTS_ONLY) != 0;
	generate(what, root);
	struct checked checked = check_folder(root, what->windows > 0 ? "contract-exports.yaml" : "contract.yaml",
					      capture);
	scratch_remove(root);
	return checked;
}

static inline void print_counts(const struct checked *checked)
{
	printf("#   %llu proven, %llu unproven, %llu wrong, %llu wrong where nothing could tell, %llu unheard of, "
	       "%llu problems\n",
	       (unsigned long long)checked->proven, (unsigned long long)checked->unproven,
	       (unsigned long long)checked->wrong, (unsigned long long)checked->excused,
	       (unsigned long long)checked->unheard, (unsigned long long)checked->problems);
}

static inline bool is_whole(const struct checked *checked, uint64_t keys)
{
	if (checked->wrong + checked->unheard == 0 && checked->unproven == 0 && checked->problems == 0 &&
	    checked->proven > keys)
		return true;
	print_counts(checked);
	return false;
}

/* Reads the argument [seed]. In memory where that is possible: a file system on a disk takes longer to make these many
 * small files than all else. */
static inline void generated_begin(int argc, char **argv)
{
	if (argc > 1)
		seed = strtoull(argv[1], NULL, 10);
	printf("# seed %llu\n", (unsigned long long)seed);
	if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 0);
}

#endif
