/* stream_writer - a delivery of stream records as landed files, in any of the formats of stream_format.
 *
 * Files are named by the time they arrive: events/2025/10/09/08/batch_000123.jsonl; their paths sort in arrival order.
 * What a fault keeps from landing there goes to errors/processing-failed/, as Firehose writes its error prefix. One
 * file is held in memory. Borrows everything. */
#ifndef LAKEPROOF_GENERATORS_STREAM_WRITER_H
#define LAKEPROOF_GENERATORS_STREAM_WRITER_H

#include "generators/delivery.h"
#include "generators/output.h"
#include "generators/stream_format.h"

struct stream_request {
	const struct history *history;
	const struct delivery *delivery;
	const struct stream_format *format;
	struct stream_style style;
	bool gzip;
	void (*progress)(uint64_t records, uint64_t bytes); /* may be NULL */
	void (*landed)(void *context, const char *path, int64_t time_us); /* of each file; may be NULL */
	void *context;
};

struct stream_result {
	uint64_t files, records, plain_bytes;
	uint64_t stored_bytes; /* of a Delta table those of its rows as text */
};

/* Appends one record, with what the marks of a placement do to it; `parts` is the caller's, for reuse. */
int stream_record_write(const struct stream_request *request, uint64_t change, uint32_t marks,
			struct record_parts *parts, struct buffer *json) MUST_USE;
/* Writes all files; the log takes a line for each fault that can be seen in them. */
int stream_write(const struct stream_request *request, struct output *output, struct stream_result *result,
		 struct buffer *log, struct error *error) MUST_USE;

#endif
