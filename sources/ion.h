/* ion - an Ion text file cut into lines, each turned by the bridge into the JSON that the same record has in a DynamoDB
 * JSON export.
 *
 * DynamoDB writes one record a line, "$ion_1_0 {Item:{…}}"; lines of white space or of the version marker alone are no
 * records. A line that is not one record of Ion 1.0 text is broken and the next line is read, so nothing is swallowed.
 *
 * Frames are those of sources/frame.h, with positions of the Ion file; the bytes are JSON. Memory: a window
 * (sources/window.h) and one record. One thread a reader. */
#ifndef LAKEPROOF_SOURCES_ION_H
#define LAKEPROOF_SOURCES_ION_H

#include "sources/frame.h"

struct ion_reader;

/* ERROR_INTERNAL when out of memory. */
int ion_open(struct byte_source source, size_t window, struct ion_reader **reader, struct error *error) MUST_USE;
/* As frame_next. */
int ion_next(struct ion_reader *reader, struct frame *frame, struct error *error) MUST_USE;
enum gzip_status ion_ended(const struct ion_reader *reader);
uint64_t ion_bytes(const struct ion_reader *reader);
void ion_close(struct ion_reader *reader); /* NULL is allowed; does not close the source */

#endif
