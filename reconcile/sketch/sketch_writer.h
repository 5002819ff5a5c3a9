/* sketch_writer - what the text of a contract in the making is put together from: inside reconcile/sketch only.
 *
 * Appends to `yaml`; what fails shows in its `failed`. Names, values and texts of the data are escaped wherever they
 * go, so that none ends a line; values are redacted unless the options say otherwise. */
#ifndef LAKEPROOF_RECONCILE_SKETCH_SKETCH_WRITER_H
#define LAKEPROOF_RECONCILE_SKETCH_SKETCH_WRITER_H

#include "reconcile/sketch/sketch_internal.h"

struct writer {
	const struct sketch *sketch;
	struct buffer *yaml;
	const char *indent; /* of a lake's keys */
	bool ttl_told;      /* a choice that is one for all lakes */
};

/* A scalar as YAML has it; ${ is no variable. */
void sketch_scalar(struct buffer *yaml, struct slice text);
void writer_scalar(struct writer *writer, const char *text);
/* In quotation marks, as JSON and YAML both have it, at most so many characters; ${ is left alone. */
void writer_quoted(struct buffer *out, struct slice text, size_t limit);
/* Words within a comment, which may quote names. */
void writer_words(struct writer *writer, const char *text);
/* A name within a comment. */
void writer_name(struct writer *writer, struct slice name);
/* A line "# CHOOSE: text". */
void writer_choice(struct writer *writer, const char *indent, const char *text);
/* `text`: it is one, else a number. */
void writer_value(struct writer *writer, struct slice value, bool text);
/* S, NULL, in 55% of items; "a", "b" */
void writer_describe(struct writer *writer, const struct shape *shape);
/* addr.street, or ["a.b", c] where a name holds dots or the like. */
void writer_path(struct writer *writer, const struct shape *shape);
/* Relative to the contract's folder where it is below that, else absolute. */
void writer_location(struct writer *writer, const char *path);
/* Each line becomes a comment. */
void writer_comment(struct writer *writer, struct slice text);

/* sketch_lake_text.c */
void writer_where(struct writer *writer, const struct kind *kind);
/* , extract: "^CUST#(.+)$" */
void writer_extract(struct writer *writer, struct slice prefix);
void writer_ttl(struct writer *writer);
void writer_lakes(struct writer *writer);

#endif
