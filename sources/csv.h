/* csv - a CSV file cut into rows, each told as one JSON object of its fields' texts.
 *
 * RFC 4180 by libcsv, strictly: quotes stand round a whole field, and twice where the field has one. White space is
 * part of a field. Rows end with LF or CR LF; a byte order mark is passed over, as are empty lines. Field texts become
 * JSON strings under the header's names, or those that are given (a first row that repeats them is a header all the
 * same); the null text, and where the dialect says so an empty field without quotes, become null. A header that has a
 * name twice, or an empty one, leaves no row readable: that is told once, and the rest of the file is passed over.
 *
 * A row with another number of fields than the header, a quote that is not closed, a CR within a line, a row of more
 * than 16 MB is broken, up to the end of the line where that shows.
 *
 * Frames are those of sources/frame.h, with positions of the CSV file; the bytes are JSON, of what is broken the file's
 * own. Memory: a window (sources/window.h) and two rows. One thread a reader. */
#ifndef LAKEPROOF_SOURCES_CSV_H
#define LAKEPROOF_SOURCES_CSV_H

#include "sources/frame.h"

enum { CSV_FIELDS_MAX = 10000 };

struct csv_dialect {
	const char *const *names; /* NULL: the first row has them */
	uint32_t name_count;
	char delimiter;
	const char *null_text; /* a field that is exactly this is null; NULL: none */
	bool empty_is_null;
};

struct csv_reader;

/* ERROR_INTERNAL when out of memory. */
int csv_open(struct byte_source source, size_t window, const struct csv_dialect *dialect, struct csv_reader **reader,
	     struct error *error) MUST_USE;
/* As frame_next. */
int csv_next(struct csv_reader *reader, struct frame *frame, struct error *error) MUST_USE;
enum gzip_status csv_ended(const struct csv_reader *reader);
uint64_t csv_bytes(const struct csv_reader *reader);
void csv_close(struct csv_reader *reader); /* NULL is allowed; does not close the source */

#endif
