/* batch - Arrow arrays built in C, value by value, and handed on as one batch.
 *
 * A column is described by its Arrow format ("u", "z", "b", "i", "l", "g", "tdD", "tsu:UTC", "tsu:", "d:38,10", "+l",
 * "+m", "+s") and its children: "+l" has one, "+s" any number, "+m" one struct child "key_value" of key and value (see
 * column_new_map). A table's columns are the children of a "+s" root.
 *
 * A value is appended to a leaf by the function of its type. A struct's value is appended by appending one value to
 * each child and then calling column_append_struct; a list's or map's by appending its elements to the child and then
 * calling column_append_list. column_append_null appends a null of any type, children included.
 *
 * Appending never fails at once: out of memory (or 2^31 bytes of text) sets `failed` in the column, and batch_finish
 * reports it. Not thread-safe. */
#ifndef LAKEPROOF_PIPELINE_BATCH_H
#define LAKEPROOF_PIPELINE_BATCH_H

#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"
#include "bridge/arrow.h"

struct column;

/* Owned by the caller until it becomes a child. NULL when out of memory. name and format are copied. */
struct column *column_new(const char *name, const char *format, bool nullable) MUST_USE;
/* Takes both children, also when it fails. */
struct column *column_new_map(const char *name, bool nullable, struct column *key, struct column *value) MUST_USE;
/* Takes the child; false when out of memory or when child is NULL (parent NULL frees the child). */
bool column_add_child(struct column *parent, struct column *child) MUST_USE;
void column_free(struct column *column); /* NULL is allowed */

struct column *column_child(struct column *column, uint64_t index);
uint64_t column_child_count(const struct column *column);
/* The element of a list, the key (0) or value (1) of a map. */
struct column *column_element(struct column *column, uint64_t index);
const char *column_name(const struct column *column);
const char *column_format(const struct column *column);
uint64_t column_length(const struct column *column);

void column_append_null(struct column *column);
void column_append_bytes(struct column *column, struct slice bytes); /* "u", "z" */
void column_append_bool(struct column *column, bool value);
void column_append_i32(struct column *column, int32_t value); /* "i", "tdD" */
void column_append_i64(struct column *column, int64_t value); /* "l", "tsu:…" */
void column_append_double(struct column *column, double value);
void column_append_decimal(struct column *column, const void *unscaled); /* 16 bytes, little-endian two's complement */
void column_append_list(struct column *column); /* all child values since the last list or map value */
void column_append_struct(struct column *column);
/* Undoes every value past `length`: for a row given up half-way. */
void column_truncate(struct column *column, uint64_t length);

/* Describes the column; the caller releases it. ERROR_INTERNAL when out of memory. */
int column_schema(const struct column *column, struct ArrowSchema *schema, struct error *error) MUST_USE;
/* Moves the root's rows into a stream of one batch and leaves the root empty. The caller (or bridge_writer_add)
 * releases the stream. */
int batch_finish(struct column *root, struct ArrowArrayStream *stream, struct error *error) MUST_USE;

#endif
