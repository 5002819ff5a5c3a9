/* columnar - a Parquet file, or a Delta table at one version, as frames: a row a record, or what one column's texts
 * hold.
 *
 * A table is its snapshot: the files that the log names, in the log's order, without the rows that deletion vectors
 * mark; what else lies in its folder is not read.
 *
 * Rows (bridge/read.h says how values are written): the frame is the row as a JSON object, its number and its offset
 * are the row's position in the file, in a table counted on from file to file.
 *
 * With `column`: each row's text in it is a small file of records of its own, framed as sources/frame.h does, so that
 * it may hold one record, an array or an envelope, and a row that is malformed keeps no other from being read. Numbers
 * count the records over all rows, the offset is the row's position. A row that is null or holds no record is broken.
 *
 * What cannot be decoded ends the reading: FRAME_END with `ended` GZIP_CORRUPT, and columnar_failure says why, with the
 * file's name; nothing of the file may count then. Frames live until the next call. Memory: 128 rows, and a record. One
 * thread a reader. */
#ifndef LAKEPROOF_SOURCES_COLUMNAR_H
#define LAKEPROOF_SOURCES_COLUMNAR_H

#include "base/buffer.h"
#include "base/json.h"
#include "sources/frame.h"

/* A row's tokens to the JSON text that is the frame instead; false: *reason (static text) says why it is broken. inner:
 * for texts of the row that are JSON themselves. */
typedef bool (*columnar_convert)(const struct json_token *tokens, struct json_parser *inner, struct buffer *json,
				 const char **reason);

struct columnar {
	int64_t version;          /* of a table; -1: the latest */
	const char *column;       /* NULL: rows */
	frame_line line;          /* of its texts: frame_accept_lines; NULL: none */
	columnar_convert convert; /* of rows; NULL: as they are */
};

enum columnar_kind { COLUMNAR_NONE = 0, COLUMNAR_FILE, COLUMNAR_TABLE, COLUMNAR_PART };

/* By a file's first bytes or its name (.parquet), by a folder's _delta_log; PART is a file in a table's folder, or in
 * one of its partitions: the log says whether it counts, and which of its rows. A folder whose log cannot be looked for
 * is a table, which then cannot be opened. */
enum columnar_kind columnar_kind(const char *path);

/* What a table at that version is; *version is -1 for the latest, and becomes that one's number. *size_bytes: of its
 * files; *time_ms: of the commit; identity: text that is another one for other rows. Errors: bridge/read.h. */
int columnar_table(const char *path, int64_t *version, uint64_t *size_bytes, int64_t *time_ms, struct buffer *identity,
		   struct error *error) MUST_USE;

struct columnar_reader;

/* `how` and the path are borrowed. Errors: bridge/read.h; ERROR_INTERNAL when out of memory. */
int columnar_open(const char *path, const struct columnar *how, struct columnar_reader **reader,
		  struct error *error) MUST_USE;
/* As frame_next. */
int columnar_next(struct columnar_reader *reader, struct frame *frame, struct error *error) MUST_USE;
enum gzip_status columnar_ended(const struct columnar_reader *reader);
uint64_t columnar_bytes(const struct columnar_reader *reader);      /* of rows' text, so far */
uint64_t columnar_stored(const struct columnar_reader *reader);     /* of the file, or of the table's files */
const char *columnar_failure(const struct columnar_reader *reader); /* NULL: none */
void columnar_close(struct columnar_reader *reader);                /* NULL is allowed */

#endif
