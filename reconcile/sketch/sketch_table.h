/* sketch_table - a Delta table as a contract's author sees it: columns, their types, some of their values.
 *
 * A path is a Delta table, or a folder of such folders. Values are texts as they are and whole numbers as text, of a
 * few rows of a few files; other types have none. All lives in the arena, JSON_PADDING bytes after each value are
 * readable. One thread. Errors are the bridge's. */
#ifndef LAKEPROOF_RECONCILE_SKETCH_SKETCH_TABLE_H
#define LAKEPROOF_RECONCILE_SKETCH_SKETCH_TABLE_H

#include "base/arena.h"
#include "base/error.h"
#include "reconcile/contract/column_type.h"

enum { TABLE_SAMPLES_MAX = 200, TABLE_FILES_MAX = 4, TABLE_VALUE_MAX = 1 << 20, TABLES_MAX = 1000 };

struct sketch_column {
	const char *name;
	const struct column_type *type; /* NULL: Spark has no such type */
	struct slice *values;           /* those that are not null */
	uint32_t value_count;
};

struct sketch_table {
	const char *path;
	const char *name; /* of its folder */
	struct sketch_column *columns;
	uint32_t column_count;
	uint64_t rows; /* looked at */
	struct ArrowSchema schema;
};

/* *several: they are in a folder. */
int sketch_tables_open(const char *path, struct arena *arena, struct sketch_table **tables, uint32_t *count,
		       bool *several, struct error *error) MUST_USE;
/* Of what sketch_tables_open made, also where it failed. */
void sketch_tables_release(struct sketch_table *tables, uint32_t count);
struct sketch_column *sketch_table_column(const struct sketch_table *table, const char *name);

#endif
