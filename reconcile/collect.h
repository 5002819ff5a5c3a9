/* collect - judgements counted, and the ones worth telling kept.
 *
 * Each worker counts for itself; of every finding id the `limit` keys smallest in (key hash, key) are kept: what
 * is told does not depend on threads. collect_finish joins the workers. Memory: limit * ids * workers. */
#ifndef LAKEPROOF_RECONCILE_COLLECT_H
#define LAKEPROOF_RECONCILE_COLLECT_H

#include "reconcile/accept.h"
#include "reconcile/outcome.h"

struct collect;

struct kept {
	struct judgement judgement; /* its key is owned by the collection */
	enum finding_id id;
};

struct collect *collect_new(uint32_t workers, uint64_t limit);
void collect_free(struct collect *collect);
/* What the contract lets stand is counted apart and not kept. Both are borrowed. */
void collect_accept(struct collect *collect, struct accept *accept, const struct contract *contract);
/* The judgement's class. With a tolerance, a row that equals none of the images that are possible may still be near one
 * that was not taken for the expected one: then the key is unproven, and nothing is said against the row. */
enum key_class collect_class(const struct contract *contract, const struct judgement *judgement);
/* A merge_visit; context is the struct collect. */
int collect_visit(void *context, uint32_t worker, const struct judgement *judgement, struct error *error) MUST_USE;
/* Counts and keeps one finding of a key, whatever its judgement. */
int collect_found(struct collect *collect, uint32_t worker, enum finding_id id, const struct judgement *judgement,
		  struct error *error) MUST_USE;
/* Sums, and at most limit kept findings: fairly from every id, ordered by id, then key. Borrowed until collect_free. */
void collect_accepted(const struct collect *collect, uint64_t accepted[FINDING_COUNT]);
int collect_finish(struct collect *collect, struct outcome_counts *counts, uint64_t by_id[FINDING_COUNT],
		   const struct kept *const **kept, uint64_t *kept_count, struct error *error) MUST_USE;

#endif
