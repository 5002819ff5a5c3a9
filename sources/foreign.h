/* foreign - files that hold no JSON that is read here, told by their first bytes: archives, compressions other than
 * gzip, columnar formats. Such a file is refused by name, with what to do.
 *
 * Sources: the formats' own specifications (PKWARE APPNOTE 4.3.7; Parquet, ORC and Avro file headers; RFC 8878;
 * Snappy's format_description.txt and framing_format.txt). Hadoop's Snappy and bare Snappy have no mark: what their
 * first lengths say of each other and of the JSON behind them tells them. */
#ifndef LAKEPROOF_SOURCES_FOREIGN_H
#define LAKEPROOF_SOURCES_FOREIGN_H

#include "base/slice.h"

enum { FOREIGN_SIZE = 32 }; /* bytes to look at, fewer where the file has fewer */

/* Static text, or NULL for what may be JSON. */
const char *foreign_text(struct slice first);

#endif
