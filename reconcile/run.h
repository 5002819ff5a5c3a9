/* run - one use of a contract from start to end: open, ingest, judge, report; what every verb is made of.
 *
 * A contract of several lakes is a chain of runs, one a lake, with plan, state, scope and judgement of their own; their
 * sources are listed and read once, for all. Whoever has the first has them all: run_ingest and run_close are for the
 * chain, run_reconcile too.
 *
 * Order of calls: run_open, run_ingest, then run_judge or run_reconcile, then run_close. The run owns everything it
 * points to. Long steps tell `watch` how far they are. */
#ifndef LAKEPROOF_RECONCILE_RUN_H
#define LAKEPROOF_RECONCILE_RUN_H

#include "bridge/read.h"
#include "reconcile/accept.h"
#include "reconcile/digest/digest.h"
#include "reconcile/judge/merge.h"
#include "reconcile/outcome.h"
#include "reconcile/state/state.h"
#include "sources/export.h"

/* How a long step tells what it does; any member may be NULL. Called from several threads. */
struct run_watch {
	void (*begin)(const char *step, uint64_t total, const char *unit);
	void (*add)(uint64_t units, uint64_t bytes);
	void (*end)(void);
	void (*note)(const char *format, ...) PRINTF_LIKE(1, 2);
};

struct run_options {
	const char *contract;
	const char *state_folder; /* NULL: .lakeproof beside contract.yaml, .lakeproof/NAME beside NAME.yaml */
	const char *quarantine;   /* NULL: quarantine.jsonl in the state folder */
	bool has_version;
	int64_t version;          /* overrides the contract's */
	bool with_lake;           /* look at the lake at all */
	bool lake_optional;       /* a contract without one is no error */
	uint32_t jobs;            /* worker threads, at least 1 */
	size_t memory_max;        /* bytes for sorting and merging */
	uint64_t finding_limit;   /* findings kept with their details */
	uint64_t sample_ppb;      /* judge only this share of the keys, by their hash, in thousand millionths; 0: all */
	bool values_full;         /* show values, not only their kinds: reconcile/contract/disclosure.h */
	struct run_watch watch;
};

struct run_export {
	uint32_t contract_source; /* index into contract->sources; several exports may share one */
	uint32_t group;
	struct export *export;
	bool complete;
};

struct run {
	struct run_options options;
	struct run *next;       /* of the contract's next lake */
	struct contract *whole; /* as loaded; the first run's own, and that of the others */
	bool is_first;
	bool is_unrouted;           /* it is of the items that no lake takes, and has no lake to look at */
	struct contract *contract;  /* of this lake */
	struct bridge_table *table; /* NULL without a lake */
	struct ArrowSchema schema;  /* released when its release is NULL */
	struct digest_plan *plan;
	struct state *state;
	const char *whole_folder, *state_folder; /* the contract's, and therein this lake's: the same for an only one */
	uint32_t *source_groups; /* per contract source */
	struct run_export *exports;
	uint32_t export_count, export_capacity;
	bool *dumps; /* per contract source: a dump of items that holds them all */
	const struct rows_shape **shapes; /* per contract source: of rows; the same in all runs of a chain */
	/* what this run is about */
	uint32_t *sources; /* state source ids, evidence and lake */
	uint64_t source_count, source_capacity;
	uint32_t *lake_sources; /* state source id per lake file index */
	uint64_t evidence_read, evidence_reused, lake_read, lake_reused; /* files */
	struct accept *accept; /* NULL without a list, or without a look at the lake */
	struct scope *scope;
	/* problems that are of no one file, or of this run only */
	struct state_problem *problems;
	uint64_t problem_count, problem_capacity;
	struct arena arena;
};

/* Loads the contract, opens the lake (with_lake and the contract has one), compiles the plan and opens the state. */
int run_open(const struct run_options *options, struct run **run, struct error *error) MUST_USE;
void run_close(struct run *run);
/* Reads what is new or changed: sources, and the lake's files. Builds the scope. */
int run_ingest(struct run *run, struct error *error) MUST_USE;
/* merge_run over everything ingested. */
int run_judge(struct run *run, merge_visit visit, void *context, struct error *error) MUST_USE;
/* Judges, collects, re-reads evidence, weighs the verdict. The outcome is the caller's: outcome_free, then free. */
int run_reconcile(struct run *run, struct outcome **outcome, struct error *error) MUST_USE;
/* The run of the lake of that name in the chain, or of its only lake for NULL; NULL when there is none or the choice is
 * not clear. */
struct run *run_of_lake(struct run *run, const char *name);
/* Notes a problem of this run (all strings copied). */
int run_problem(struct run *run, const struct state_problem *problem, struct error *error) MUST_USE;
/* The contract source whose files have this group; contract->source_count when none has. */
uint32_t run_source_of(const struct run *run, uint32_t group);
struct merge_options run_merge_options(const struct run *run);

#endif
