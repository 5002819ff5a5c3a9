/* fake - bridge/read.h over tables and Ion lines in memory, for unit, TSan and fuzz builds, which cannot link the real
 * bridge.
 *
 * A test makes a table under a made-up path, fills it, and the code under test opens that path. Rows come in batches of
 * at most batch_rows like the real bridge's; where rows are deleted, a batch is a slice whose columns have offsets, as
 * the Arrow interface allows. There is one version of a table, whatever is asked. Of
 * write.h nothing is implemented: what writes Parquet fails.
 *
 * Everything here aborts when out of memory or misused: it is for tests. Filling is for one thread; reading is as
 * thread-safe as the real bridge. Tables live until fake_reset, which must come after all closes. */
#ifndef LAKEPROOF_BRIDGE_FAKE_H
#define LAKEPROOF_BRIDGE_FAKE_H

#include "bridge/read.h"

/* A table without files; takes the schema, whose children are the columns. */
void fake_table(const char *path, struct ArrowSchema *schema);
/* The same of scalar columns: names[i] with Arrow format formats[i] ("u", "z", "b", "i", "l", "g", "tdD", "tsu:UTC",
 * "tsu:", "d:P,S"), all nullable. */
void fake_table_columns(const char *path, const char *const *names, const char *const *formats, int64_t count);
/* A file of the stream's batches; takes the stream. Returns the file's index. */
uint64_t fake_table_file(const char *path, const char *name, struct ArrowArrayStream *rows);
/* A file of rows given as text, one cell a column, row after row; NULL is null. Integers, dates, timestamps and
 * decimals are given as the number stored (a decimal unscaled), booleans as "true" or "false". For scalar columns. */
uint64_t fake_table_rows(const char *path, const char *name, const char *const *cells, int64_t rows);
/* Marks a row deleted; the file then names a deletion vector. */
void fake_table_delete(const char *path, uint64_t file, int64_t position);
/* The file's stream fails after its first `batches` batches. */
void fake_table_fail(const char *path, uint64_t file, uint64_t batches, int code, const char *message);
/* For setting version, commit time and the like; texts are borrowed. Counts are kept up by the functions above. */
struct bridge_info *fake_table_info(const char *path);
struct bridge_file *fake_table_file_info(const char *path, uint64_t file);
/* Adds to the history, newest first in the order of the calls; the operation is borrowed. */
void fake_table_version(const char *path, int64_t version, int64_t commit_time_ms, const char *operation);
/* bridge_ion_line turns this line into that JSON; both are borrowed. It refuses what no such call told it. */
void fake_ion(const char *line, const char *json);
/* Forgets all tables and lines. */
void fake_reset(void);

#endif
