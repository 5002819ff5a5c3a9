/* digest_plan - what a contract and a schema come to, compiled: inside reconcile/digest*.c only.
 *
 * Immutable after digest_plan_new; borrows the contract, owns everything else in its arena. */
#ifndef LAKEPROOF_RECONCILE_DIGEST_PLAN_H
#define LAKEPROOF_RECONCILE_DIGEST_PLAN_H

#include "reconcile/digest.h"

#define PLAN_NONE UINT32_MAX

/* A mapped attribute path, as a tree of names: the roots are top-level attributes. */
struct path_node {
	struct slice name;
	bool whole;                     /* a column takes everything from here down */
	bool has_struct;                /* … and its type names fields, so a map may hold more than the column does */
	const struct column_type *type; /* of that column; NULL when not known */
	struct path_node *children;     /* linked by `sibling` */
	struct path_node *sibling;
};

/* A top-level attribute the plan has to do with. */
struct plan_top {
	struct path_node *node; /* always there; without `whole` and children when no column takes from it */
	bool key;
};

struct plan_column {
	const char *name; /* as the table spells it */
	const struct column_type *type;
	const struct slice *path;
	uint32_t path_count;
	uint32_t top; /* index of path[0] in tops */
	bool unordered;
};

struct digest_plan {
	struct arena arena;
	const struct contract *contract;
	struct plan_column *columns; /* the compared ones, in the contract's order */
	uint32_t column_count;
	struct plan_top *tops;
	uint32_t top_count;
	uint32_t key_top[KEY_PARTS_MAX];
	uint32_t key_column[KEY_PARTS_MAX]; /* index into columns, PLAN_NONE without a schema */
	uint32_t ttl_top;                   /* PLAN_NONE when the contract names no TTL attribute */
	uint32_t ttl_column;
	uint32_t deletes_column; /* index into reader_columns */
	const char **reader_columns;
	uint32_t reader_count;
	bool has_rows;
	bool has_schema;
	uint64_t fingerprint;
	struct plan_report report;
};

/* Whether the name or dotted path fits one of the contract's ignore_attributes / ignore patterns. */
bool plan_ignores_attribute(const struct digest_plan *plan, struct slice name);
bool plan_ignores_column(const struct digest_plan *plan, struct slice name);
bool column_type_has(const struct column_type *type, enum column_kind kind);

#endif
