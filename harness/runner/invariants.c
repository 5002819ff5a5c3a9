#include "harness/runner/invariants.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness/runner/contract_compose.h"
#include "harness/runner/folder.h"
#include "harness/runner/version_points.h"
#include "reconcile/quarantine.h"

enum { EXAMPLES_MAX = 5, CONTRACT_MAX = 8 * 1024 * 1024, IDS_MAX = 6 };
#define MEMORY_MAX ((size_t)64 << 20)

/* What may be wrong with the table in the end. */
static const struct {
	const char *id, *name;
	enum finding_id ids[IDS_MAX];
	uint32_t count;
} finals[] = {
	{"final.rows",
	 "every item has its row, and no row is without an item",
	 {FINDING_ROW_MISSING, FINDING_ROW_PHANTOM, FINDING_ROW_NULL_KEY, FINDING_HISTORY_MISSING,
	  FINDING_HISTORY_PHANTOM},
	 5},
	{"final.values",
	 "every row holds its item's last values",
	 {FINDING_ROW_DIFFERS, FINDING_ROW_STALE, FINDING_VALUE_PRECISION_LOST, FINDING_HISTORY_DIFFERS,
	  FINDING_HISTORY_END},
	 5},
	{"final.deletes", "no deleted item is still there", {FINDING_ROW_ZOMBIE}, 1},
	{"final.ttl", "items removed by TTL are as the contract says", {FINDING_ROW_ZOMBIE_TTL}, 1},
	{"final.duplicates",
	 "no key has two rows",
	 {FINDING_ROW_DUPLICATE, FINDING_HISTORY_CURRENT, FINDING_HISTORY_OVERLAP},
	 3},
	{"final.schema",
	 "columns and attributes are those of the contract",
	 {FINDING_COLUMN_TYPE, FINDING_COLUMN_UNMAPPED, FINDING_ATTRIBUTE_UNMAPPED},
	 3},
};
enum { FINAL_COUNT = sizeof(finals) / sizeof(finals[0]) };

static int no_memory(struct error *error)
{
	return error_set(error, ERROR_INTERNAL, "out of memory for a cell");
}

/* ---- asking the reconciler */

struct question {
	struct contract_request contract;
	const char *path, *state; /* of the contract, of what is kept between questions */
};

/* What became of it: an outcome, or why there is none. */
struct answer {
	struct run *run;         /* open as long as the answer is held; NULL without an outcome */
	struct outcome *outcome; /* NULL: */
	bool no_sources, no_table;
	char why[ERROR_MESSAGE_MAX];
};

static void answer_release(struct answer *answer)
{
	if (answer->outcome != NULL)
		outcome_free(answer->outcome);
	free(answer->outcome);
	run_close(answer->run);
	answer->outcome = NULL;
	answer->run = NULL;
}

static struct run_options options_of(const struct question *question)
{
	return (struct run_options){
		.contract = question->path,
		.state_folder = question->state,
		.with_lake = true,
		.jobs = 1,
		.memory_max = MEMORY_MAX,
		.finding_limit = 200,
		.values_full = true,
	};
}

/* Ours: nothing is known of the table. What is wrong with the table or the contract is an answer. */
static int take_why(int code, const struct error *why, struct answer *answer, struct error *error)
{
	if (code != ERROR_DATA && code != ERROR_USAGE)
		return error_set(error, code, "%s", why->message);
	snprintf(answer->why, sizeof(answer->why), "%s", why->message);
	return 0;
}

static int reconcile(const struct question *question, struct answer *answer, struct error *error)
{
	const struct run_options options = options_of(question);
	struct error why = {0};
	int code = run_open(&options, &answer->run, &why);
	if (code == 0)
		code = run_ingest(answer->run, &why);
	if (code == 0)
		code = run_reconcile(answer->run, &answer->outcome, &why);
	if (code == 0)
		return 0;
	run_close(answer->run);
	answer->run = NULL;
	return take_why(code, &why, answer, error);
}

/* The run alone, up to what was ingested. */
static int open_only(const struct invariants *invariants, const struct question *question, struct answer *answer,
		     struct error *error)
{
	const struct run_options options = options_of(question);
	struct error why = {0};

	(void)invariants;
	*answer = (struct answer){.run = NULL};
	int code = run_open(&options, &answer->run, &why);
	if (code == 0)
		code = run_ingest(answer->run, &why);
	if (code == 0)
		return 0;
	run_close(answer->run);
	answer->run = NULL;
	return take_why(code, &why, answer, error);
}

static int ask(const struct invariants *invariants, const struct question *question, struct answer *answer,
	       struct error *error)
{
	struct buffer yaml;
	unsigned sources = 0;
	char log[4200];

	*answer = (struct answer){.outcome = NULL};
	snprintf(log, sizeof(log), "%s/_delta_log", invariants->table);
	answer->no_table = !folder_has(log);
	buffer_init(&yaml, CONTRACT_MAX);
	int failed = contract_compose(&question->contract, &yaml, &sources, error);
	answer->no_sources = failed == 0 && sources == 0;
	if (failed == 0 && sources > 0)
		failed = folder_write(question->path, buffer_slice(&yaml), error);
	buffer_release(&yaml);
	if (failed != 0 || answer->no_sources || answer->no_table)
		return failed;
	return reconcile(question, answer, error);
}

/* ---- what landed */

static bool has_landed(void *context, const char *path)
{
	const struct invariants *invariants = context;
	const struct histories *histories = invariants->histories;
	bool changes = strcmp(path, "events") == 0;

	for (uint32_t i = 0; i < histories->unit_count; i++)
		if (invariants->landed[i] &&
		    (changes ? histories->units[i].kind == UNIT_CHANGES : strcmp(histories->units[i].path, path) == 0))
			return true;
	return false;
}

static bool all_landed(const struct invariants *invariants)
{
	for (uint32_t i = 0; i < invariants->histories->unit_count; i++)
		if (!invariants->landed[i])
			return false;
	return true;
}

static int question_of(struct invariants *invariants, bool evidence, const char *name, struct question *question,
		       struct error *error)
{
	struct arena *arena = &invariants->cell->arena;
	const struct histories *histories = invariants->histories;

	*question = (struct question){
		.contract = {.generated = evidence ? histories->evidence_contract : histories->delivered_contract,
			     .prefix = evidence ? "evidence/" : "landing/",
			     .independent = evidence,
			     .open_end = !evidence && !all_landed(invariants),
			     .has = evidence ? NULL : has_landed,
			     .context = invariants,
			     .since_creation = histories->since_creation,
			     .overlay = invariants->pipeline->contract,
			     .delta = invariants->delta},
		.path = arena_text(arena, "%s/%s.yaml", invariants->folder, name),
		.state = arena_text(arena, "%s/state/%s", invariants->folder, name),
	};
	return question->path == NULL || question->state == NULL ? no_memory(error) : 0;
}

/* ---- final.* */

static uint64_t counted(const struct outcome *outcome, enum finding_id id, enum finding_level level)
{
	return outcome->levels[id] == level ? outcome->by_id[id] - outcome->accepted_by_id[id] : 0;
}

/* Each finding once, whatever stands for it. */
static void add_findings(struct cell *cell, const struct outcome *outcome, const enum finding_id *ids, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (outcome->by_id[ids[i]] > 0 && outcome->levels[ids[i]] > LEVEL_WARN)
			(void)cell_point_finding(cell, finding_kinds[ids[i]].id, outcome->by_id[ids[i]]);
}

static const char *detail_of(struct cell *cell, const struct outcome *outcome, uint64_t failed)
{
	if (failed == 0)
		return NULL;
	return arena_text(&cell->arena, "%" PRIu64 " against %" PRIu64 " expected rows", failed,
			  outcome->counts.expected);
}

/* Whether the evidence is enough for every key. */
static bool is_proven(const struct outcome *outcome)
{
	return outcome->verdict == VERDICT_PASS || (outcome->verdict == VERDICT_FAIL && outcome->counts.unproven == 0);
}

static bool add_final(struct cell *cell, const struct outcome *outcome, uint32_t index)
{
	uint64_t failed = 0, unknown = 0;

	for (uint32_t i = 0; i < finals[index].count; i++) {
		failed += counted(outcome, finals[index].ids[i], LEVEL_FAIL);
		unknown += counted(outcome, finals[index].ids[i], LEVEL_UNKNOWN);
	}
	enum point_state state = outcome->verdict == VERDICT_PASS                   ? POINT_OK
				 : failed > 0 && outcome->verdict == VERDICT_FAIL   ? POINT_FAILED
				 : failed > 0 || unknown > 0 || !is_proven(outcome) ? POINT_UNKNOWN
										    : POINT_OK;
	(void)cell_add_point(cell, finals[index].id, finals[index].name, state, detail_of(cell, outcome, failed));
	if (state != POINT_OK)
		add_findings(cell, outcome, finals[index].ids, finals[index].count);
	return state == POINT_FAILED;
}

static bool is_of_final(enum finding_id id)
{
	for (uint32_t i = 0; i < FINAL_COUNT; i++)
		for (uint32_t j = 0; j < finals[i].count; j++)
			if (finals[i].ids[j] == id)
				return true;
	return false;
}

static void add_counts(struct cell *cell, const struct outcome *outcome)
{
	const struct outcome_counts *counts = &outcome->counts;
	bool same = counts->actual == counts->expected;
	const char *detail = same ? NULL
				  : arena_text(&cell->arena, "%" PRIu64 " live rows, %" PRIu64 " items", counts->actual,
					       counts->expected);
	/* A count alone proves nothing that the reconciliation did not. */
	enum point_state state = outcome->verdict == VERDICT_PASS ? POINT_OK
				 : !is_proven(outcome)            ? POINT_UNKNOWN
				 : same                           ? POINT_OK
								  : POINT_FAILED;
	(void)cell_add_point(cell, "final.counts", "there are as many live rows as items", state, detail);
}

static void add_proven(struct cell *cell, const struct outcome *outcome, bool failed_elsewhere)
{
	enum point_state state = is_proven(outcome) ? POINT_OK : POINT_UNKNOWN;
	const char *detail = state == POINT_OK || outcome->reason_count == 0 ? NULL : outcome->reasons[0];

	/* FAIL by what no other point stands for must not get lost. */
	if (outcome->verdict == VERDICT_FAIL && !failed_elsewhere) {
		state = POINT_FAILED;
		detail = outcome->reason_count > 0 ? outcome->reasons[0] : "the verdict is FAIL";
	}
	(void)cell_add_point(cell, "final.proven", "the evidence proves it for every key", state, detail);
	for (int id = 0; id < FINDING_COUNT; id++) {
		enum finding_id one = (enum finding_id)id;
		if (!is_of_final(one) && state != POINT_OK)
			add_findings(cell, outcome, &one, 1);
	}
}

static void add_examples(struct cell *cell, const struct outcome *outcome)
{
	uint32_t told[FINDING_COUNT] = {0};

	for (uint64_t i = 0; i < outcome->finding_count; i++) {
		const struct finding *finding = &outcome->findings[i];
		if (outcome->levels[finding->id] <= LEVEL_WARN || told[finding->id]++ >= EXAMPLES_MAX)
			continue;
		(void)cell_add_example(cell, finding_kinds[finding->id].id, finding->key_json,
				       finding->cause != NULL ? finding->cause : finding_kinds[finding->id].summary);
	}
}

/* Nothing to look at: every point fails with it, or cannot be known. */
static void add_none(struct cell *cell, enum point_state state, const char *detail, const char *finding)
{
	for (uint32_t i = 0; i < FINAL_COUNT; i++) {
		bool rows = i == 0;
		(void)cell_add_point(cell, finals[i].id, finals[i].name, rows ? state : POINT_UNKNOWN,
				     rows ? detail : NULL);
		if (rows && finding != NULL)
			(void)cell_point_finding(cell, finding, 1);
	}
	(void)cell_add_point(cell, "final.proven", "the evidence proves it for every key", POINT_UNKNOWN, detail);
}

static void add_version_limit(struct invariants *invariants, const struct outcome *outcome)
{
	struct cell *cell = invariants->cell;

	if (outcome->lake_version < invariants->pipeline->limits.versions)
		return;
	(void)cell_add_point(cell, "ran.versions", "the table has no more versions than the limit", POINT_FAILED,
			     arena_text(&cell->arena, "%" PRId64 " versions", outcome->lake_version + 1));
	(void)cell_point_finding(cell, "pipeline.limit", 1);
}

int invariants_final(struct invariants *invariants, struct error *error)
{
	struct cell *cell = invariants->cell;
	struct question question;
	struct answer answer;
	bool evidence = invariants->scenario->final != FINAL_DELIVERED, failed = false;

	if (question_of(invariants, evidence, evidence ? "contract" : "contract-delivered", &question, error) != 0 ||
	    ask(invariants, &question, &answer, error) != 0)
		return error->code;
	if (answer.no_table)
		add_none(cell, POINT_FAILED, "there is no table", "pipeline.silent");
	else if (answer.outcome == NULL)
		add_none(cell, POINT_UNKNOWN, arena_text(&cell->arena, "%s", answer.why), NULL);
	if (answer.outcome != NULL) {
		for (uint32_t i = 0; i < FINAL_COUNT; i++)
			failed = add_final(cell, answer.outcome, i) || failed;
		add_counts(cell, answer.outcome);
		add_proven(cell, answer.outcome, failed);
		add_version_limit(invariants, answer.outcome);
		add_examples(cell, answer.outcome);
	}
	int code = answer.run != NULL ? version_points_add(cell, answer.run, error) : 0;
	answer_release(&answer);
	return code;
}

/* ---- delivered once more */

static const struct {
	const char *id, *name;
} replays[REPLAY_COUNT] = {
	{"idempotent.batch", "the last batch delivered once more changes nothing"},
	{"idempotent.all", "everything delivered once more changes nothing"},
	{"idempotent.order", "after that the earlier half once more, so that it comes last, changes nothing"},
};

int invariants_replayed(struct invariants *invariants, const struct replayed *replayed, uint32_t count,
			struct error *error)
{
	struct cell *cell = invariants->cell;
	struct question question;
	struct answer answer = {.run = NULL};
	bool evidence = invariants->scenario->final != FINAL_DELIVERED, changed = false;

	for (uint32_t i = 0; i < count; i++)
		changed = changed || (replayed[i].why == NULL && replayed[i].before != replayed[i].after);
	/* Without a new version there is nothing to compare. */
	if (changed &&
	    (question_of(invariants, evidence, evidence ? "contract" : "contract-delivered", &question, error) != 0 ||
	     open_only(invariants, &question, &answer, error) != 0))
		return error->code;
	int failed = 0;
	for (uint32_t i = 0; i < count && failed == 0; i++) {
		const char *id = replays[replayed[i].replay].id, *name = replays[replayed[i].replay].name;
		if (replayed[i].why != NULL) {
			(void)cell_add_point(cell, id, name, POINT_FAILED, replayed[i].why);
			(void)cell_point_finding(cell, replayed[i].over_limit ? "pipeline.limit" : "pipeline.failed",
						 1);
		} else if (replayed[i].before == replayed[i].after) {
			(void)cell_add_point(cell, id, name, POINT_OK, NULL);
		} else if (answer.run == NULL) {
			(void)cell_add_point(cell, id, name, POINT_UNKNOWN, arena_text(&cell->arena, "%s", answer.why));
		} else {
			failed = version_points_compare(cell, answer.run, id, name, replayed[i].before,
							replayed[i].after, error);
		}
	}
	answer_release(&answer);
	return failed;
}

/* The newest version in the table's log, or -1. */
int64_t invariants_table_version(const struct invariants *invariants)
{
	char path[4200];
	int64_t newest = -1;

	snprintf(path, sizeof(path), "%s/_delta_log", invariants->table);
	DIR *log = opendir(path);
	if (log == NULL)
		return -1;
	for (struct dirent *entry = readdir(log); entry != NULL; entry = readdir(log)) {
		char *end;
		long long version = strtoll(entry->d_name, &end, 10);
		if (end == entry->d_name + 20 && strcmp(end, ".json") == 0 && version > newest)
			newest = version;
	}
	closedir(log);
	return newest;
}

/* ---- what is set aside */

int invariants_quarantine(struct invariants *invariants, const char **path, const char **why, struct error *error)
{
	struct question question;
	struct answer answer;
	struct quarantine quarantine = {0};
	struct buffer yaml;
	unsigned sources = 0;

	*path = *why = NULL;
	if (question_of(invariants, false, "contract-landed", &question, error) != 0)
		return error->code;
	buffer_init(&yaml, CONTRACT_MAX);
	int failed = contract_compose(&question.contract, &yaml, &sources, error);
	if (failed == 0 && sources > 0)
		failed = folder_write(question.path, buffer_slice(&yaml), error);
	buffer_release(&yaml);
	if (failed != 0 || sources == 0)
		return failed;
	failed = open_only(invariants, &question, &answer, error);
	if (failed == 0 && answer.run == NULL)
		*why = arena_text(&invariants->cell->arena, "%s", answer.why);
	if (failed == 0 && answer.run != NULL)
		failed = quarantine_write(answer.run, &quarantine, error);
	if (failed == 0 && quarantine.lines > 0)
		*path = arena_text(&invariants->cell->arena, "%s", quarantine.path);
	answer_release(&answer);
	return failed;
}

/* ---- after every batch */

int invariants_batch(struct invariants *invariants, uint32_t batch, struct error *error)
{
	struct question question;
	struct answer answer;

	if (question_of(invariants, false, "contract-landed", &question, error) != 0 ||
	    ask(invariants, &question, &answer, error) != 0)
		return error->code;
	const struct outcome *outcome = answer.outcome;
	if (outcome == NULL || outcome->verdict == VERDICT_UNKNOWN) {
		invariants->batches_unknown++;
	} else if (outcome->verdict == VERDICT_PASS) {
		invariants->batches_proven++;
	} else {
		if (invariants->batches_failed++ == 0) {
			invariants->first_failed = batch;
			for (int id = 0; id < FINDING_COUNT; id++)
				invariants->batch_findings[id] = outcome->levels[id] == LEVEL_FAIL ? outcome->by_id[id]
												   : 0;
			const struct finding *finding = outcome->finding_count > 0 ? &outcome->findings[0] : NULL;
			invariants->batch_detail =
				arena_text(&invariants->cell->arena, "after batch %" PRIu32 ": %s%s%s", batch,
					   finding != NULL ? finding_kinds[finding->id].id : "it differs",
					   finding != NULL && finding->key_json != NULL ? " of " : "",
					   finding != NULL && finding->key_json != NULL ? finding->key_json : "");
		}
	}
	answer_release(&answer);
	return 0;
}

int invariants_batches(struct invariants *invariants)
{
	struct cell *cell = invariants->cell;
	enum point_state state = invariants->batches_failed > 0   ? POINT_FAILED
				 : invariants->batches_proven > 0 ? POINT_OK
								  : POINT_UNKNOWN;

	if (!invariants->pipeline->claims_each_batch)
		return 0;
	(void)cell_add_point(cell, "each_batch", "after every batch the table is what was delivered so far", state,
			     state == POINT_UNKNOWN ? "no batch could be proven" : invariants->batch_detail);
	if (state == POINT_FAILED)
		(void)cell_point_finding(cell, "batch.differs", invariants->batches_failed);
	return cell->failed ? ERROR_INTERNAL : 0;
}
