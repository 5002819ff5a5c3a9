/* rows - records that are rows of fields: JSON lines, CSV, and whatever else can be told as one JSON object a row.
 *
 * A rows_shape says what a row means: which field holds what, and which DynamoDB type a plain value stands for. A
 * rows_decoder turns one row's tokens into a struct record. The images of a row are written again as DynamoDB JSON and
 * parsed by the one parser (base/json.h), so that whoever takes a record sees the same tokens of every format. Where
 * the images are plain values the types are a guess (`shape.typed` is false): such an image has a row digest that can
 * be trusted, and no item digest.
 *
 * How a plain value becomes an attribute: JSON strings, numbers, booleans, arrays and objects become S, N, BOOL, L and
 * M, unless the attribute's type in the shape says otherwise and the value can be that: a string that is a number is N,
 * one that is base64 is B, "true" and "1" are BOOL in a file of texts (CSV), an array of fitting values is a set, a
 * text that is JSON is what it says. A value that cannot be what the shape asks for stays what it is. A null is no
 * attribute, or NULL, as the shape says; within arrays and objects it is NULL.
 *
 * What cannot be read: a row without its key, one that is no object, or of which a field that says something about the
 * change is there twice, is unreadable. One whose key is sure but whose operation, time, sequence or image cannot be
 * told is damaged.
 *
 * A shape is immutable and shared by threads; a decoder is of one thread and borrows the shape. Times: microseconds
 * UTC, [t, t + precision). Errors: ERROR_INTERNAL when out of memory. */
#ifndef LAKEPROOF_SOURCES_ROWS_H
#define LAKEPROOF_SOURCES_ROWS_H

#include "sources/csv.h"
#include "sources/pass.h"

enum rows_format {
	ROWS_AUTO = 0, /* by a file's first bytes */
	ROWS_JSONL,    /* objects, as sources/frame.h finds them */
	ROWS_CSV,
	ROWS_PARQUET, /* sources/columnar.h */
	ROWS_DELTA    /* a table's folder stands for the table */
};

/* Which DynamoDB type a plain value stands for. */
enum rows_kind {
	ROWS_PLAIN = 0, /* what its JSON kind says */
	ROWS_S,
	ROWS_N,
	ROWS_B,
	ROWS_BOOL,
	ROWS_L,
	ROWS_M,
	ROWS_SS,
	ROWS_NS,
	ROWS_BS,
	ROWS_JSON /* a text that is JSON stands for what it says */
};

struct rows_type {
	enum rows_kind kind;
	const struct rows_type *element;      /* ROWS_L: of its values; ROWS_M: of all its values; NULL: plain */
	const struct rows_attribute *members; /* ROWS_M: of those of that name */
	uint32_t member_count;
};

struct rows_attribute {
	const char *name;
	const char *field; /* what the row calls it */
	struct rows_type type;
};

enum rows_operation {
	ROWS_PUT,    /* the item is this now; what was before is not known */
	ROWS_INSERT, /* there was none before */
	ROWS_MODIFY, /* there was one before */
	ROWS_DELETE
};

struct rows_word {
	const char *text; /* of the operation field */
	enum rows_operation operation;
};

enum rows_unit { ROWS_ISO = 0, ROWS_EPOCH_S, ROWS_EPOCH_MS, ROWS_EPOCH_US };

enum { ROWS_KEY_MAX = 2 };

/* Field names are of the row's own members. */
struct rows_shape {
	enum rows_format format;
	struct csv_dialect csv;
	/* Those of which more is known than the row tells; the first key_count are the table's key. */
	const struct rows_attribute *attributes;
	uint32_t attribute_count, key_count;
	bool items;            /* every row is an item as a dump has it: there are no changes, and no stamps */
	const char *operation; /* NULL: every row is a put */
	const struct rows_word *words;
	uint32_t word_count;
	const char *stamp; /* the time; NULL with `items` only */
	enum rows_unit unit;
	int64_t precision_us;  /* 0: one unit; of ISO texts, one of the last digit that is written */
	bool stamp_is_kept;    /* it is an attribute of the item too */
	const char *sequence;  /* decimal digits that order the rows of a key; NULL: none */
	const char *event_id;  /* NULL: none */
	const char *keys;      /* an object that holds the key attributes, or a text that is one; ".": the row;
				  NULL: the images do */
	const char *image;     /* an object, or a text that is one; NULL: the row itself, but for the fields above */
	const char *old_image; /* likewise; NULL: there is none */
	bool typed;            /* images are DynamoDB JSON, and keep their types */
	bool delete_is_old;    /* the image of a delete is the old one, whole; else only its key counts */
	bool null_is_absent;
	bool refuse_full_load; /* files named as DMS names those of a full load hold no changes */
	/* Of Parquet and Delta only. */
	bool has_version;   /* of a Delta table; else the latest */
	int64_t version;
	const char *record; /* the column that holds event records as they were landed: they are decoded as those of
			       sources/events.h are, and of this shape nothing else counts; NULL: none */
	bool glue;          /* items as AWS Glue writes them: types that are kept count (sources/converted.h) */
};

struct rows_decoder;

/* NULL when out of memory. */
struct rows_decoder *rows_decoder_new(const struct rows_shape *shape);
void rows_decoder_free(struct rows_decoder *decoder);
/* As pass_decode. record->tokens become the decoder's own, its event id stays the given tokens'; both live until the
 * next call. texts: every value of the row is a string or null, as in CSV. */
int rows_decode(struct rows_decoder *decoder, const struct json_token *tokens, bool texts, struct record *record,
		char remark[REMARK_SIZE], enum decode_status *status, struct error *error) MUST_USE;

/* Files: as events_read_file and events_reread. What is not of the shape's format is refused by what it is. */
int rows_read_file(const char *path, const struct rows_shape *shape, struct json_parser *parser,
		   const struct record_sink *sink, struct file_result *result, struct error *error) MUST_USE;
int rows_reread(const char *path, const struct rows_shape *shape, const uint64_t *numbers, size_t count,
		struct json_parser *parser, const struct record_sink *sink, struct error *error) MUST_USE;

#endif
