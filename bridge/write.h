/* write - commits to a Delta table, for the embedded pipeline and for tests only.
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
/* Commits under `operation` ("MERGE", …) and, unless app_id is NULL, the transaction id. *version is the new version.
 * The writer is freed whatever happens. */
int bridge_writer_commit(struct bridge_writer *writer, const char *operation, const char *app_id,
			 int64_t transaction_version, int64_t *version, struct error *error) MUST_USE;
/* Gives up; files already written stay behind as orphans, as in any Delta writer. NULL is allowed. */
void bridge_writer_abort(struct bridge_writer *writer);
/* Writes a checkpoint of the latest version. */
int bridge_table_checkpoint(const char *path, struct error *error) MUST_USE;

#endif
