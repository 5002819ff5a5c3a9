/* sketch_match - which attribute each column of a table most likely holds, and by which rules.
 *
 * By name: exactly, in snake case or without case, as the path joined by "_", at last by the path's last part; one
 * attribute must fit, or the column is left to the user. Then by type: a column that cannot hold what its attribute has
 * been seen to be is left to the user too, since a wrong guess would only cost them time, and a column that is ignored
 * or marks deletes is one less that is compared. Values of the table help to tell plain JSON from DynamoDB's.
 *
 * Texts are static or in the arena. One thread. */
#ifndef LAKEPROOF_RECONCILE_SKETCH_SKETCH_MATCH_H
#define LAKEPROOF_RECONCILE_SKETCH_SKETCH_MATCH_H

#include "reconcile/sketch/sketch_shape.h"
#include "reconcile/sketch/sketch_table.h"

enum match_kind {
	MATCH_NONE = 0,
	MATCH_ATTRIBUTE,
	MATCH_ITEM,    /* the whole item */
	MATCH_IGNORE,  /* looks like the pipeline's own */
	MATCH_DELETES, /* looks like the mark of a deleted row */
	MATCH_KEY      /* of the lake's own key; set by who made that */
};

struct match {
	enum match_kind kind;
	const struct shape *shape; /* MATCH_ATTRIBUTE; MATCH_NONE: what it would be, or NULL */
	const char *as, *from;
	bool unordered;
	bool exact, snake;  /* its name is the top-level attribute's, or that in snake case */
	const char *why;    /* MATCH_NONE: why not */
	const char *note;   /* worth knowing; NULL: nothing */
	const char *choice; /* worth deciding; NULL: nothing */
};

/* One for each column. `joined` forms of names need `arena`. ERROR_INTERNAL. */
int match_columns(const struct shape *root, const struct sketch_table *table, struct arena *arena,
		  struct match *matches, struct error *error) MUST_USE;

#endif
