/* merge - all facts of the chosen sources, key by key, through the judge: the fast merge.
 *
 * One k-way merge per range of the key hash over the segments' blocks; threads take ranges. Memory is bounded by blocks
 * open at once, whatever the number of facts. `visit` is called once per key, from several threads, each with its own
 * `worker` number; within a range keys come in fact order. */
#ifndef LAKEPROOF_RECONCILE_JUDGE_MERGE_H
#define LAKEPROOF_RECONCILE_JUDGE_MERGE_H

#include "reconcile/judge/judge.h"
#include "reconcile/state/merge_stream.h"

typedef int (*merge_visit)(void *context, uint32_t worker, const struct judgement *judgement, struct error *error);

int merge_run(struct state *state, const struct scope *scope, const struct merge_options *options, merge_visit visit,
	      void *context, struct error *error) MUST_USE;

/* All facts of one key in fact order (for explain); fact->key is borrowed for the call. */
int merge_key_facts(struct state *state, const struct merge_options *options, struct slice key,
		    int (*each)(void *context, const struct fact *fact, struct error *error), void *context,
		    struct error *error) MUST_USE;
/* Every fact of the chosen sources in fact order (for the reference merger and the fact table of `lakeproof sql`). */
int merge_all_facts(struct state *state, const struct merge_options *options,
		    int (*each)(void *context, const struct fact *fact, struct error *error), void *context,
		    struct error *error) MUST_USE;

/* One snapshot of all items as the contract's run found it, for the scope: a full export, whose two times are its
 * exportTime (the scope adds what AWS leaves open round it), or a dump that was read from one time to another. */
struct scope_export_input {
	uint32_t group; /* the source rows of its files carry the same */
	const char *name;
	int64_t from_us, to_us;
	bool dump;     /* read by a scan: each item at some moment within [from_us, to_us) */
	bool complete; /* manifests whole, every data file counted; of a dump: what the contract says of it */
};

/* One incremental export, for the scope. Its changes are facts of the nameless domain of its group (state_domain with
 * an empty ARN), without a sequence and without an event id, each with time [t, t + 1 us) of its last write; whether
 * they come from files of STATE_EXPORT_FILE is all the same. The scope joins the
 * exports whose windows follow on one another to one series, one domain for all (scope_domain_of); the facts of one
 * that is not complete count, but its window is a hole. */
struct scope_increment_input {
	uint32_t group;
	const char *name;
	int64_t from_us, to_us; /* exportFromTime, exportToTime */
	bool complete;
};

struct scope_inputs {
	const struct scope_export_input *exports;
	uint32_t export_count;
	const struct scope_increment_input *increments;
	uint32_t increment_count;
	/* Some source's format does not keep DynamoDB's types (rows, CSV, plain JSON): its images have a row digest,
	 * and 0 for an item digest. */
	bool by_row;
};

/* Builds the scope from the chosen sources' windows, the exports of both kinds and the contract. contract->sources that
 * are events must have their groups in `source_groups` (index as in contract->sources; state_group of the source's
 * path). has_lake, commit_time_us: the lake's version, for settle. */
int scope_build(struct state *state, const struct contract *contract, const uint32_t *source_groups,
		const struct merge_options *options, const struct scope_inputs *inputs, bool has_lake,
		int64_t commit_time_us, struct scope **scope, struct error *error) MUST_USE;
void scope_free(struct scope *scope);

#endif
