/* stream_format - the wire formats in which a stream's records land: how one record is written and how a file frames
 * its records.
 *
 * A format is one line of the table in stream_format.c: a function that puts a record's parts together, one that writes
 * what stands before, between and after records, and how files are called. Records are what DynamoDB Streams gives
 * (API reference, "Record"; eventVersion 1.1), or Kinesis Data Streams (kinesis_format.h); members come in the API's
 * order in `streams` files and in Lambda's order in all others, and a TTL delete's identity has the case of each.
 * Immutable, static. */
#ifndef LAKEPROOF_GENERATORS_STREAM_FORMAT_H
#define LAKEPROOF_GENERATORS_STREAM_FORMAT_H

#include "generators/record_parts.h"

enum stream_view { VIEW_KEYS_ONLY = 0, VIEW_NEW_IMAGE, VIEW_OLD_IMAGE, VIEW_NEW_AND_OLD_IMAGES };

/* How ApproximateCreationDateTime is written; it is the same number. */
enum stream_time { TIME_INTEGER = 0, TIME_EXPONENT, TIME_POINT };

/* Their names on the command line, separated by '|': the enums' in their order, the formats' in their table's. */
#define STREAM_VIEWS "KEYS_ONLY|NEW_IMAGE|OLD_IMAGE|NEW_AND_OLD_IMAGES"
#define STREAM_TIMES "integer|exponent|point"
#define STREAM_FORMATS                                                                                                 \
	"streams|lambda|pipes|concatenated|kinesis|kinesis-ms|kinesis-lambda|kinesis-pipes|kinesis-base64|firehose|"   \
	"firehose-transform|firehose-parquet|flat|flat-sequence|dms|poll|poll-csv|bronze|bronze-delta"

/* What a format may want to know beyond the record. */
struct stream_style {
	const struct model *model;
	enum stream_view view;
	enum stream_time time;
	uint64_t envelope_records; /* records an envelope; 0 for one envelope a file */
	/* Of records that are not the model's; NULL: the generated table's. An ARN of "" is left out. */
	const char *region, *stream_arn;
};

/* What a format of rows is like. */
enum landed_traits {
	LANDED_PLAIN = 1,
	LANDED_CSV = 2,
	LANDED_PUTS_ONLY = 4, /* what was written last, and no deletes */
	LANDED_BRONZE = 8     /* DynamoDB's records, kept in a column */
};

struct stream_format {
	const char *name;
	const char *help;
	const char *suffix; /* of file names; NULL: they are named as Firehose names its objects */
	bool both_images;   /* it has no views: both images are there as applicable */
	/* Appends one record. Images that the view leaves out are already gone from the parts. */
	int (*record)(const struct stream_style *style, const struct record_parts *parts, struct buffer *out);
	/* Appends what stands before the index-th of a file's `count` records; index == count: after the last. */
	void (*frame)(const struct stream_style *style, uint64_t count, uint64_t index, struct buffer *out);
	/* Of rows only. */
	unsigned rows;      /* set of enum landed_traits; 0: records as DynamoDB tells them */
	const char *source; /* what a contract says of them besides their place; names of a CSV without any follow */
	bool names;
	/* Of Parquet only, else NULL: appends the schema of the rows that its lines become, as Delta spells it. */
	void (*parquet)(const struct stream_style *style, struct buffer *json);
	bool delta; /* they become a Delta table, a commit a file */
};

/* NULL when there is none of that name. */
const struct stream_format *stream_format_find(const char *name);
/* In the order of STREAM_FORMATS; NULL after the last. */
const struct stream_format *stream_format_at(size_t index);
const char *stream_view_name(enum stream_view view);
const char *stream_style_region(const struct stream_style *style);
bool stream_view_has_new(enum stream_view view);
bool stream_view_has_old(enum stream_view view);

#endif
