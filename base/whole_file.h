/* whole_file - a file read into memory at once, or put in its place at once.
 *
 * Written files appear whole or not at all: the bytes go into a file beside it, which takes the name then. They are
 * not synced: after a machine has died one may be empty, which its readers refuse. Two writers of one path do not mix:
 * the later one stays. Sizes in bytes. Errors: ERROR_IO with path and cause, ERROR_INTERNAL when memory or the buffer's
 * maximum is exhausted, ERROR_DATA for a file larger than that. */
#ifndef LAKEPROOF_BASE_WHOLE_FILE_H
#define LAKEPROOF_BASE_WHOLE_FILE_H

#include "base/buffer.h"
#include "base/error.h"

/* Appends to an initialised buffer; JSON_PADDING zero bytes follow them. */
int whole_file_read(const char *path, struct buffer *bytes, struct error *error) MUST_USE;
int whole_file_write(const char *path, struct slice bytes, struct error *error) MUST_USE;

#endif
