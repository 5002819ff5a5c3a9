/* lake - the table's columns: what the command line says of them, and the items turned into rows.
 *
 * A column is described by one line "NAME TYPE ATTRIBUTE [key]". TYPE is Spark's spelling without spaces: string,
 * boolean, int, bigint, double, decimal(P,S), binary, date, timestamp, timestamp_ntz, array<T>, map<string,T>,
 * struct<a:T,b:T>. ATTRIBUTE is an attribute's name, or names joined by dots to reach into maps; $sequence and $time
 * stand for the change's own sequence number (string) and time (timestamp). `key` marks the columns of the table's
 * primary key, partition key first. A line "$only ATTRIBUTE TEXT" leaves out every item whose ATTRIBUTE, one of the
 * key, is another string; with TEXT* it need only begin so. Several must all hold.
 *
 * Conversion is exact: a value that does not fit its column becomes null and is counted, never rounded. Absent
 * attributes and NULL become null. Numbers become strings in canonical form, sets become arrays. */
#ifndef LAKEPROOF_PIPELINE_LAKE_H
#define LAKEPROOF_PIPELINE_LAKE_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/json.h"
#include "scenarios/pipelines/embedded/batch.h"
#include "scenarios/pipelines/embedded/bugs.h"
#include "scenarios/pipelines/embedded/stamp.h"

enum { LAKE_PATH_MAX = 8, LAKE_KEYS_MAX = 2, LAKE_COLUMNS_MAX = 1024 };

struct lake_column {
	char *name;
	char *path[LAKE_PATH_MAX];
	uint32_t path_count;
	bool key;
	bool is_sequence, is_time;
	bool seen; /* some item had its attribute */
};

/* What a key attribute must be, or begin with, of items that are in the table. */
struct lake_only {
	char *attribute, *text;
	bool begins;
};

struct lake {
	struct lake_only only[LAKE_KEYS_MAX];
	uint32_t only_count;
	struct lake_column columns[LAKE_COLUMNS_MAX];
	uint32_t column_count;
	uint32_t keys[LAKE_KEYS_MAX]; /* indexes of the key columns */
	uint32_t key_count;
	char *deleted_column; /* of a soft delete; NULL for none. It is the root's last child. */
	struct column *root;
	bool plain;    /* items are plain JSON, without type tags */
	bool inferred; /* the bug new-attribute-dropped: columns not seen so far stay null */
	struct bug_set bugs;
	uint64_t misfits; /* values that did not fit their column */
	struct buffer work;
};

int lake_init(struct lake *lake, struct bug_set bugs, struct error *error) MUST_USE;
void lake_release(struct lake *lake);
/* One line of description; empty lines and those that start with '#' say nothing. ERROR_USAGE. */
int lake_add_column(struct lake *lake, const char *line, struct error *error) MUST_USE;
/* Every line of a file. */
int lake_add_columns_of(struct lake *lake, const char *path, struct error *error) MUST_USE;
/* When all columns are there; deleted_column may be NULL. ERROR_USAGE without key or columns. */
int lake_complete(struct lake *lake, const char *deleted_column, struct error *error) MUST_USE;

/* The key's bytes from an object of attributes (Keys or a whole item); of the partition key only when parts is 1.
 * False when a key attribute is missing or no S, N or B. `key` is overwritten. */
bool lake_key(const struct json_token *tokens, uint32_t object, const struct lake *lake, uint32_t parts,
	      struct buffer *key);
/* The same from a row of the table, whose key columns are the batch's first children. */
bool lake_row_key(const struct lake *lake, const struct ArrowSchema *schema, const struct ArrowArray *batch,
		  int64_t row, uint32_t parts, struct buffer *key);
/* Whether an item of these attributes (Keys or a whole item) is in the table. */
bool lake_takes(const struct json_token *tokens, uint32_t object, const struct lake *lake);
/* Appends the item at `object` as one row. `fallback` is the object to take absent attributes from, 0 for none. */
void lake_append(struct lake *lake, const struct json_token *tokens, uint32_t object, uint32_t fallback, bool deleted,
		 const struct stamp *stamp);

#endif
