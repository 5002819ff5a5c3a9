/* pass - one reading of one source file: framed, parsed, decoded and handed to a sink, in the order of the file.
 *
 * A decoder knows one kind of record. What it refuses, what cannot be parsed and what is cut short becomes a problem
 * "record.unreadable" with the record's number and offset, and reading goes on. The result's `complete` says whether
 * the file as a whole is what was stored: its gzip members end and their checksums match. A file that cannot be opened
 * is such a problem too, without a position; neither `stored_bytes` nor the MD5 is set then. So is one that holds no
 * JSON at all (sources/foreign.h).
 *
 * What is true of many records of a file is told once, at its end: "record.failed_delivery", "record.emulated". A page
 * that is wrong about itself is "export.count", a file whose last page is not the last one "export.unfinished",
 * as is one without a byte where none may be; each counts as one record not read. */
#ifndef LAKEPROOF_SOURCES_PASS_H
#define LAKEPROOF_SOURCES_PASS_H

#include "sources/frame.h"
#include "sources/record.h"
#include "sources/unwrap.h"

enum { REMARK_SIZE = 320 };

enum decode_status {
	DECODE_OK = 0,
	DECODE_DAMAGED,   /* remark says what is wrong; the record is delivered, marked RECORD_DAMAGED, then told */
	DECODE_UNREADABLE /* remark says what is wrong; the record is set aside */
};

/* Fills all but number and offset of *record, which is zeroed, from the value at tokens[0]. */
typedef enum decode_status (*pass_decode)(const struct json_token *tokens, struct record *record,
					  char remark[REMARK_SIZE]);

/* The record that a record carries inside. */
struct wrapping {
	enum wrapping_kind {
		WRAP_NONE = 0, /* none: it is decoded as it stands */
		WRAP_BASE64,   /* text is base64 of it */
		WRAP_FAILED,   /* the same, and it never came where it should: its delivery was given up */
		WRAP_BAD       /* cannot be told */
	} kind;
	struct slice text;
	const char *reason; /* WRAP_BAD: static text */
};
typedef struct wrapping (*pass_unwrap)(const struct json_token *tokens);
typedef int (*pass_open)(struct unwrapper *unwrapper, struct slice text, const struct json_token **tokens,
			 const char **reason, struct error *error);

/* What a page says of itself, of which `items` items have been delivered or told. */
struct page_check {
	bool more;         /* it is not the last one */
	const char *wrong; /* static text: what it says that is not so; NULL when all is */
};
typedef struct page_check (*pass_page)(const struct json_token *tokens, uint64_t items);

struct rows_decoder;
struct csv_dialect;
struct columnar;

struct pass {
	const char *path;
	pass_decode decode;
	struct rows_decoder *rows; /* what decodes instead (sources/rows.h); NULL: `decode` does */
	const struct csv_dialect
		*csv;               /* the file is CSV, of which the decoder gets each row as JSON; NULL: it is not */
	pass_page page;             /* NULL: there are no pages */
	const char *empty;          /* static: what a file of nothing but white space is told as; NULL: it may be so */
	pass_unwrap unwrap;         /* NULL: records carry no others */
	frame_line line;            /* NULL: every record is JSON */
	pass_open open;             /* the record that such a line is; unwrap_base64's rules */
	bool ion;                   /* lines of Ion text, which the decoder gets as the JSON they stand for */
	/* The path is a Parquet file or a Delta table, read like this (sources/columnar.h); NULL: it is neither. */
	const struct columnar *columnar;
	struct json_parser *parser; /* for inputs of RECORD_SIZE_MAX */
	const struct record_sink *sink;
	bool with_md5;
	/* When not NULL: only these records are delivered (ascending numbers), and reading stops after the last. */
	const uint64_t *numbers;
	size_t number_count;
};

/* md5: of the file as stored, with_md5 and unless `numbers` cut it short; may be NULL. Returns what the sink returned
 * when that is not 0, or ERROR_IO, ERROR_INTERNAL. *result is set also then, complete false. */
int pass_run(const struct pass *pass, struct file_result *result, uint8_t md5[16], struct error *error) MUST_USE;

/* Tells the sink, if it wants to know. */
int pass_report(const struct record_sink *sink, const struct problem *problem, struct error *error) MUST_USE;

#endif
