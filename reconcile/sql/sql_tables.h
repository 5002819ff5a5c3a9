/* sql_tables - the merged state as SQL tables: item, fact, source.
 *
 * Virtual tables that need no CREATE; rows are made while they are stepped, from a merge of the chosen sources, so that
 * nothing is copied first. `key = '{"pk":"a"}'` and `key_hash = …` read only the blocks that can hold the key; any
 * other question reads everything once. Besides the columns below, item and fact have one column for each key
 * attribute, by its name (numbers as canonical text), unless a column of that name is there already.
 *
 * Row digests and hashes are signed 64-bit integers, as Spark's xxhash64 has them; image is 32 hexadecimal digits;
 * times are microseconds UTC, NULL when there is none.
 *
 * Borrows state, scope, options (with its list of sources) and contract until the database is closed. One thread. */
#ifndef LAKEPROOF_RECONCILE_SQL_SQL_TABLES_H
#define LAKEPROOF_RECONCILE_SQL_SQL_TABLES_H

#include "reconcile/contract/contract.h"
#include "reconcile/judge/merge.h"

struct sqlite3;

int sql_tables_register(struct sqlite3 *database, struct state *state, const struct scope *scope,
			const struct merge_options *options, const struct contract *contract,
			struct error *error) MUST_USE;

#endif
