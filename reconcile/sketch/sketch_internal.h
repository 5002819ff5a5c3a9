/* sketch_internal - a contract in the making: inside reconcile/sketch only.
 *
 * sketch.c reads and tries, sketch_lakes.c decides which items and columns a table has, sketch_text.c and
 * sketch_lake_text.c write. */
#ifndef LAKEPROOF_RECONCILE_SKETCH_SKETCH_INTERNAL_H
#define LAKEPROOF_RECONCILE_SKETCH_SKETCH_INTERNAL_H

#include "reconcile/sketch/sketch.h"
#include "reconcile/sketch/sketch_key.h"
#include "reconcile/sketch/sketch_match.h"

struct sketch_key_column {
	const char *column;
	uint32_t part;
	bool extracts; /* what stands behind the kind's prefix */
	const char *choice;
};

struct sketch_left {
	const char *name;
	uint64_t count;
};

/* A Delta table and the items in it. */
struct sketch_lake {
	const struct sketch_table *table;
	const struct kind *kind; /* NULL: all items */
	const struct shape *root;
	struct match *matches; /* one for each column */
	struct sketch_key_column key[KEY_PARTS_MAX];
	uint32_t key_count; /* 0: columns hold the item's key as it is */
	const char *choice; /* which items are in it */
	const char *broken; /* why it cannot be judged as it is: it stays a comment */
	/* from trying it on the sample: */
	struct sketch_left *left; /* attributes that no column takes */
	uint64_t left_count;
	uint64_t *misfits; /* one for each column: images that do not fit */
	const char **misfit_texts;
	uint64_t keyless; /* items of which no key of a row can be made */
};

struct sketch {
	const struct sketch_options *options;
	struct sample sample;
	struct arena arena;
	struct shape *root;
	struct sketch_key key;
	struct kinds kinds;
	struct sketch_table *tables;
	uint32_t table_count;
	bool several;
	struct sketch_lake *lakes;
	uint32_t lake_count;
	int64_t now_us;
};

/* sketch_lakes.c */
int sketch_lakes_make(struct sketch *sketch, struct error *error) MUST_USE;
/* sketch_text.c */
int sketch_text(const struct sketch *sketch, struct buffer *yaml, struct error *error) MUST_USE;

#endif
