/* lines - a file of lines that grows: what was cut short by a crash or a full disk is no line.
 *
 * Not thread-safe; the pipeline's lock keeps other processes away. */
#ifndef LAKEPROOF_PIPELINE_LINES_H
#define LAKEPROOF_PIPELINE_LINES_H

#include "base/error.h"
#include "base/slice.h"

/* Every whole line, without its end, which the slice lends for the call. No file: no lines. What stands after the last
 * line end is cut off the file. */
int lines_read(const char *path, int (*line)(void *context, struct slice text, struct error *error), void *context,
	       struct error *error) MUST_USE;
/* Appends all of `text` or nothing, and waits for the disk when `sync`. Nothing to append: no file is made. */
int lines_append(const char *path, struct slice text, bool sync, struct error *error) MUST_USE;

#endif
