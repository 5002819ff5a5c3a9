/* state_builder_internal - a batch on its way into a state; for the files of the builder only.
 *
 * state_builder.c collects, sorts and encodes it, outside the state's mutex; state_write.c writes it in one
 * transaction. */
#ifndef LAKEPROOF_RECONCILE_STATE_STATE_BUILDER_INTERNAL_H
#define LAKEPROOF_RECONCILE_STATE_STATE_BUILDER_INTERNAL_H

#include "reconcile/state/segment_sort.h"
#include "reconcile/state/state_internal.h"

/* A source that no commit has marked done. */
struct pending_source {
	struct state_source source;
	bool ended, written;  /* written: a commit holds a row of it that is not done */
	uint64_t facts;       /* all it has */
	uint64_t batch_facts; /* of those, the ones in the present batch */
	uint64_t problems, problems_written;
	uint64_t images; /* over its attributes */
	struct state_domain_window *windows;
	uint32_t window_count, window_capacity;
};

struct pending_problem {
	size_t source; /* index into sources */
	struct state_problem problem;
};

struct pending_attribute {
	size_t source;
	const char *name;
	uint64_t images;
};

/* One block within `blocks`. */
struct block_row {
	size_t offset, size;
	uint32_t facts;
	uint64_t first_key, last_key;
};

struct state_builder {
	struct state *state;
	size_t memory_max;
	bool failed;
	uint8_t *facts; /* encoded one after another */
	size_t facts_size, facts_capacity;
	struct segment_entry *entries, *spare;
	size_t entry_count, entry_capacity;
	size_t begin_size, begin_count; /* where the open source's facts begin in the batch */
	uint8_t *blocks;
	size_t blocks_capacity;
	struct block_row *rows;
	size_t row_count, row_capacity;
	struct pending_source *sources; /* the last may be open */
	size_t source_count, source_capacity;
	struct pending_problem *problems;
	size_t problem_count, problem_capacity;
	struct pending_attribute *attributes;
	size_t attribute_count, attribute_capacity;
	struct arena strings;
};

/* Commits the batch and makes its ended sources known. */
int state_builder_commit(struct state_builder *builder, struct error *error) MUST_USE;

#endif
