/* parquet_file - one generated file of Parquet, made of JSON lines.
 *
 * The bridge writes it; folders are made, and the output counts it as any other file. Borrows everything; one thread an
 * output. ERROR_IO, and ERROR_DATA for lines that the schema does not hold. */
#ifndef LAKEPROOF_GENERATORS_PARQUET_FILE_H
#define LAKEPROOF_GENERATORS_PARQUET_FILE_H

#include "bridge/write.h"
#include "generators/output.h"

/* `path` is relative to the output's root. *stored: the file's bytes. */
int parquet_file_write(struct output *output, const char *path, const struct ArrowSchema *schema, struct slice lines,
		       uint64_t *stored, struct error *error) MUST_USE;
/* Takes the last third of such a file away, as an upload that broke off does. */
int parquet_file_truncate(const struct output *output, const char *path, uint64_t stored, struct error *error) MUST_USE;

#endif
