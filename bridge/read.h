/* read - a Delta table's snapshot as Arrow, through Delta Kernel; rows as JSON lines; Ion text as JSON, through ion-rs.
 *
 * Invariant: what bridge_file_read yields over all files is exactly the table's logical rows at the opened version:
 * deletion vectors applied, column mapping resolved, partition values filled in, columns in the asked order.
 *
 * A bridge_table is opened by one thread; after that bridge_file_read may be called from several at once. Strings and
 * structs returned by pointer are borrowed and live until bridge_table_close. Panics never cross this interface: they
 * become ERROR_INTERNAL, or ERROR_DATA where bytes were being decoded.
 *
 * Errors: ERROR_DATA when the path is no Delta table (no _delta_log), the version does not exist, the table needs a
 * feature that is not supported, or is catalog-managed (or its latest version is known only to a commit coordinator), a
 * data file lies elsewhere or cannot be decoded, or what was read contradicts itself: a commit without actions or with
 * unknown ones, files other than the version's checksum file counted, rows other than the log and the footer say, pages
 * other than their checksums. ERROR_IO when the system refuses. Each message names the path and what to do. */
#ifndef LAKEPROOF_BRIDGE_READ_H
#define LAKEPROOF_BRIDGE_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "bridge/arrow.h"

struct bridge_table;

struct bridge_info {
	int64_t version;
	int64_t commit_time_ms;        /* of that version: inCommitTimestamp if the table has them, else the log entry's
					  commitInfo.timestamp, else the log file's modification time */
	const char *table_id;          /* metaData.id */
	const char *schema_json;       /* Delta's schema string, logical names, types as Delta spells them */
	const char *features;          /* "reader 3 (deletionVectors, columnMapping), writer 7 (…)", for people */
	const char *partition_columns; /* comma-separated logical names, "" when none */
	uint64_t file_count;
	int64_t rows_physical; /* sum of numRecords over files, or -1 when a file has no statistics */
	int64_t rows_deleted;  /* sum of the deletion vectors' cardinalities */
};

struct bridge_file {
	const char *path; /* as in the log: relative to the table or absolute, percent-decoded */
	uint64_t size_bytes;
	int64_t modification_time_ms;
	int64_t rows_physical;       /* numRecords, or -1 */
	int64_t rows_deleted;        /* deletion vector's cardinality, 0 without one */
	const char *deletion_vector; /* its unique id, "" without one; path + this + partition identify the rows */
	const char *partition_values; /* canonical text "name=value;…" ("name;" for null, "%;=" escaped as %XX), "" when
					 unpartitioned */
};

struct bridge_version {
	int64_t version;
	int64_t commit_time_ms;
	const char *operation; /* commitInfo.operation, "" when unknown */
};

/* version -1 is the latest. Takes a local folder (path) for now. */
int bridge_table_open(const char *path, int64_t version, struct bridge_table **table, struct error *error) MUST_USE;
void bridge_table_close(struct bridge_table *table); /* NULL is allowed */
const struct bridge_info *bridge_table_info(const struct bridge_table *table);
/* The logical schema, one child a column. The caller releases it. */
int bridge_table_schema(struct bridge_table *table, struct ArrowSchema *schema, struct error *error) MUST_USE;
const struct bridge_file *bridge_table_file(const struct bridge_table *table, uint64_t index);

/* Rows of one file, only the named top-level columns (logical names), in that order, in batches of at most batch_rows.
 * With `positions`, one more last column "__row" (int64, not null): the row's physical position in the file. Strings
 * and binaries come with 32-bit offsets ("u", "z"), never as views or dictionaries. The caller releases the stream; a
 * failing get_next returns an enum error_code and get_last_error says why. */
int bridge_file_read(struct bridge_table *table, uint64_t index, const char *const *columns, uint64_t column_count,
		     uint64_t batch_rows, bool positions, struct ArrowArrayStream *stream,
		     struct error *error) MUST_USE;

/* The versions still in the log, newest first, at most `limit`. *versions is borrowed until the next call or close. */
int bridge_table_versions(struct bridge_table *table, uint64_t limit, const struct bridge_version **versions,
			  uint64_t *count, struct error *error) MUST_USE;

/* ---- Ion

 * One line of an export in Ion text becomes the line that the same record has in an export in DynamoDB JSON: numbers in
 * DynamoDB's canonical text, exactly; a wrapper Record left away; duplicate names kept for who reads the JSON. What no
 * export has is refused: other types and annotations, comments, another version, several values in a line, more digits,
 * depth or values than an item can have. One translator a thread; its memory is used again for each line. */
struct bridge_ion;

enum { BRIDGE_ION_PADDING = 64 }; /* bytes that are readable after the JSON */

int bridge_ion_new(struct bridge_ion **ion, struct error *error) MUST_USE;
void bridge_ion_free(struct bridge_ion *ion); /* NULL is allowed */
/* The line without its end, 16 MB at most. *json is borrowed until the next call; *json_size is 0 for a line without a
 * record (white space, the version marker). ERROR_DATA: the line is no record, `error` says why in a few words without
 * naming it, *at is the byte of the line where that was seen, as near as is known. */
int bridge_ion_line(struct bridge_ion *ion, const char *line, uint64_t size, const char **json, uint64_t *json_size,
		    uint64_t *at, struct error *error) MUST_USE;

/* ---- Rows as lines
 *
 * The rows of a Parquet file that belongs to no table, or of one data file of a table (deleted ones left out), in the
 * order of the file, each as a JSON object of all its columns. Exact: integers and decimals are numbers with all their
 * digits (a decimal with its scale), floats the shortest text that reads back the same, NaN and the infinities the
 * strings "NaN", "Infinity", "-Infinity"; binary values base64; dates ISO 8601, timestamps too, in UTC with Z, or
 * without it where the column has no zone, with 3, 6 or 9 digits of a second as their unit has (INT96: 6, the rest is
 * cut off); structs objects, lists arrays, maps objects with their keys' texts as names. What is null is
 * written as null, at every level; no member is ever left out.
 *
 * With `column`: only that column, and a text or binary value as the bytes it holds, any other as JSON, null as null.
 *
 * ERROR_DATA: the file cannot be decoded, or its rows are not as many as its footer (and the log) says, or a column is
 * of a type that is not read (intervals, variants). Rows that came before such an error are not sure to be all there
 * are. Memory: 128 rows. One thread a struct; of one table several may be read at once, and it must outlive them. */
struct bridge_lines;

enum { BRIDGE_LINES_PADDING = 64 }; /* bytes that are readable after each line */

/* column: NULL for all. */
int bridge_lines_of_file(const char *path, const char *column, struct bridge_lines **lines, struct error *error)
	MUST_USE;
int bridge_lines_of_table(struct bridge_table *table, uint64_t index, const char *column, struct bridge_lines **lines,
			  struct error *error) MUST_USE;
/* *bytes is NULL at the end, else borrowed until the next call; *row is the row's physical position in the file. After
 * an error there is nothing more to ask. */
int bridge_lines_next(struct bridge_lines *lines, const char **bytes, uint64_t *size, int64_t *row,
		      struct error *error) MUST_USE;
void bridge_lines_close(struct bridge_lines *lines); /* NULL is allowed */

#endif
