/* ingest_lake - one lake's files: those there are, those its state knows, and so those that must be read.
 *
 * Order of calls, for each lake of a chain of runs: list, plan; then read_all, once, for all of them; then adopt, and
 * release. The first lake lists the sources, the others take its list over. Paths and identities are in the run's
 * arena, all else is the lake's. One thread, but for what read_all starts. */
#ifndef LAKEPROOF_RECONCILE_INGEST_INGEST_LAKE_H
#define LAKEPROOF_RECONCILE_INGEST_INGEST_LAKE_H

#include "reconcile/ingest/ingest_file.h"

struct ingest_lake {
	struct run *run;
	struct ingest_work *works;
	uint64_t count, capacity;
	uint64_t shared; /* of the works, those of sources: the first ones, the same files for every lake */
	const struct state_source **known; /* what the state holds, sorted by what it was read from */
	uint64_t known_count;
	uint32_t *stale;     /* beside them: the id of one that serves nothing any more, else 0 */
	uint64_t redigested; /* files that must be read again since the contract changed */
};

/* Fills in works; `first` is the chain's first lake, which may be this one. */
int ingest_lake_list(struct ingest_lake *lake, const struct ingest_lake *first, struct error *error) MUST_USE;
/* Says of each work whether it is wanted, and drops from the state what serves nothing any more. */
int ingest_lake_plan(struct ingest_lake *lake, struct error *error) MUST_USE;
/* Reads the works that are wanted, each file once, with the threads that the first run's options allow. */
int ingest_lake_read_all(struct ingest_lake *lakes, uint32_t count, struct error *error) MUST_USE;
/* Makes what was read part of the run. */
int ingest_lake_adopt(struct ingest_lake *lake, struct error *error) MUST_USE;
void ingest_lake_release(struct ingest_lake *lake);

#endif
