/* write - commits to a Delta table, and Parquet files, for the embedded pipeline, generators and tests only.
 *
 * One writer a thread. A commit is atomic: rows removed, rows added and the transaction id in one log entry. There is
 * no merge here: the caller finds the rows. Errors as in bridge/read.h; a lost race against another writer is
 * ERROR_IO with "conflict" in its text. */
#ifndef LAKEPROOF_BRIDGE_WRITE_H
#define LAKEPROOF_BRIDGE_WRITE_H

#include "bridge/read.h"

struct bridge_writer;

/* Creates an empty table (the folder is made too). `schema` is borrowed: one child a column. `features`:
 * comma-separated of "deletionVectors", "columnMapping"; "" for none. ERROR_DATA when a table is already there. */
int bridge_table_create(const char *path, const struct ArrowSchema *schema, const char *partition_columns,
			const char *features, struct error *error) MUST_USE;

/* Starts a transaction on the table's latest version. */
int bridge_writer_begin(const char *path, struct bridge_writer **writer, struct error *error) MUST_USE;
/* The last transaction version committed under app_id, or -1. */
int bridge_writer_last_transaction(struct bridge_writer *writer, const char *app_id, int64_t *version,
				   struct error *error) MUST_USE;
/* The snapshot this transaction started from, for reading; borrowed from the writer. */
struct bridge_table *bridge_writer_table(struct bridge_writer *writer);
/* Removes the snapshot's file `index` (index as in bridge_table_file). */
int bridge_writer_remove_file(struct bridge_writer *writer, uint64_t index, struct error *error) MUST_USE;
/* Marks rows deleted in file `index` by physical position (ascending, unique, not already deleted); the table must have
 * deletionVectors. */
int bridge_writer_delete_rows(struct bridge_writer *writer, uint64_t index, const int64_t *positions, uint64_t count,
			      struct error *error) MUST_USE;
/* Writes the stream's rows as one new Parquet file per batch (takes the stream: releases it). */
int bridge_writer_add(struct bridge_writer *writer, struct ArrowArrayStream *rows, struct error *error) MUST_USE;
/* The same of JSON lines, an object of the table's columns each: what a member is, its column's type says (binary: hex,
 * timestamps: ISO 8601). One file a call, up to 1024 rows each. A member that is no column is ERROR_DATA. */
int bridge_writer_add_lines(struct bridge_writer *writer, const char *lines, uint64_t size,
			    struct error *error) MUST_USE;
/* Commits under `operation` ("MERGE", …) and, unless app_id is NULL, the transaction id. *version is the new version.
 * The writer is freed whatever happens. */
int bridge_writer_commit(struct bridge_writer *writer, const char *operation, const char *app_id,
			 int64_t transaction_version, int64_t *version, struct error *error) MUST_USE;
/* Gives up; files already written stay behind as orphans, as in any Delta writer. NULL is allowed. */
void bridge_writer_abort(struct bridge_writer *writer);
/* Writes a checkpoint of the latest version. */
int bridge_table_checkpoint(const char *path, struct error *error) MUST_USE;

/* ---- Parquet files of no table, for generated landing data and for tests
 *
 * bridge_schema_of_json: a schema as Delta spells it, {"type":"struct","fields":[…]}, as Arrow; the caller releases it.
 * It serves bridge_table_create as well. */
int bridge_schema_of_json(const char *json, struct ArrowSchema *schema, struct error *error) MUST_USE;

struct bridge_parquet;

/* Replaces what is there. `schema` is borrowed; group_rows: rows a row group, 0 for the usual number. */
int bridge_parquet_create(const char *path, const struct ArrowSchema *schema, uint64_t group_rows,
			  struct bridge_parquet **parquet, struct error *error) MUST_USE;
/* Takes the stream. */
int bridge_parquet_add(struct bridge_parquet *parquet, struct ArrowArrayStream *rows, struct error *error) MUST_USE;
/* As bridge_writer_add_lines. */
int bridge_parquet_add_lines(struct bridge_parquet *parquet, const char *lines, uint64_t size,
			     struct error *error) MUST_USE;
/* The file is whole when this succeeds. Freed whatever happens. */
int bridge_parquet_finish(struct bridge_parquet *parquet, struct error *error) MUST_USE;
void bridge_parquet_abort(struct bridge_parquet *parquet); /* NULL is allowed */

#endif
