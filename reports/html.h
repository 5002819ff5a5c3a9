/* html - pieces of a page whose texts are anybody's: whatever they hold, they stay text.
 *
 * Escapes what HTML takes for markup, in elements and attributes alike. Controls become U+FFFD; what turns the
 * direction of writing becomes its number, as "U+202E", so that no text can rearrange what stands around it. */
#ifndef LAKEPROOF_REPORTS_HTML_H
#define LAKEPROOF_REPORTS_HTML_H

#include "reports/matrix.h"

void html_text(struct buffer *out, const char *text);
/* <code><bdi>…</bdi></code> */
void html_code(struct buffer *out, const char *text);
/* matrix_expectation, escaped. */
void html_expectation(struct buffer *out, const struct cell *cell);
/* Records and table versions of the cell's key, as a picture and as a table. */
void html_timeline(struct buffer *out, const struct cell *cell);
/* The share of cells that passed, run by run. */
void html_spark(struct buffer *out, const struct matrix_column *column);
/* The panel of a pair, hidden until it is gone to. */
void html_cell(struct buffer *out, const struct matrix *matrix, const struct matrix_pair *pair, bool expect);

#endif
