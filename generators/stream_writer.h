/* stream_writer - a delivery of stream records as landed files, in every shape they are found in.
 *
 * A record is what DynamoDB Streams gives (API reference, "Record"; eventVersion 1.1); members come in the API's order
 * in `streams` files and in Lambda's order in all others, and a TTL delete's identity has the case of each. Files are
 * named by the time they arrive: events/2025/10/09/08/batch_000123.jsonl; their paths sort in arrival order. One file
 * is held in memory. Borrows everything. */
#ifndef LAKEPROOF_GENERATORS_STREAM_WRITER_H
#define LAKEPROOF_GENERATORS_STREAM_WRITER_H

#include "generators/faults.h"
#include "generators/output.h"

enum stream_view { VIEW_KEYS_ONLY = 0, VIEW_NEW_IMAGE, VIEW_OLD_IMAGE, VIEW_NEW_AND_OLD_IMAGES };

enum stream_shape {
	SHAPE_STREAMS = 0, /* one record a line */
	SHAPE_LAMBDA,      /* {"Records":[…]}, one envelope a line */
	SHAPE_ARRAY,       /* one bare array a file, as EventBridge Pipes gives it */
	SHAPE_CONCATENATED /* records with nothing between them, as Firehose leaves them */
};

/* How ApproximateCreationDateTime is written; it is the same number. */
enum stream_time { TIME_INTEGER = 0, TIME_EXPONENT, TIME_POINT };

/* Their names on the command line, separated by '|', in the order of the enums. */
#define STREAM_VIEWS "KEYS_ONLY|NEW_IMAGE|OLD_IMAGE|NEW_AND_OLD_IMAGES"
#define STREAM_SHAPES "streams|lambda|array|concatenated"
#define STREAM_TIMES "integer|exponent|point"

struct stream_request {
	const struct model *model;
	const struct history *history;
	const struct delivery *delivery;
	enum stream_view view;
	enum stream_shape shape;
	enum stream_time time;
	bool gzip;
	uint64_t envelope_records;                          /* lambda: records an envelope; 0 for one envelope a file */
	void (*progress)(uint64_t records, uint64_t bytes); /* may be NULL */
};

struct stream_result {
	uint64_t files, records, plain_bytes, stored_bytes;
};

const char *stream_view_name(enum stream_view view);

/* Appends one record. */
int stream_record_write(const struct stream_request *request, uint64_t change, struct buffer *json) MUST_USE;
/* Writes all files; the log takes a line for each fault that can be seen in them. */
int stream_write(const struct stream_request *request, struct output *output, struct stream_result *result,
		 struct buffer *log, struct error *error) MUST_USE;

#endif
