/* kinesis_format - how one change is written as a record of Kinesis Data Streams for DynamoDB, and how envelopes carry
 * that as base64.
 *
 * As observed (Developer Guide, "Using Kinesis Data Streams to capture changes to DynamoDB"): both images as applicable
 * whatever the stream's view, a UUID for an eventID, no SequenceNumber, the time in microseconds with the member that
 * says so, or in milliseconds without it. A Kinesis envelope has a sequence number of its own, which says when the
 * record was put into the stream. Each function appends one record, as struct stream_format has it. */
#ifndef LAKEPROOF_GENERATORS_KINESIS_FORMAT_H
#define LAKEPROOF_GENERATORS_KINESIS_FORMAT_H

#include "generators/stream_format.h"

int kinesis_record_us(const struct stream_style *style, const struct record_parts *parts, struct buffer *out);
int kinesis_record_ms(const struct stream_style *style, const struct record_parts *parts, struct buffer *out);
/* In an event of Lambda, in an event of Pipes, and as bare base64. */
int kinesis_record_lambda(const struct stream_style *style, const struct record_parts *parts, struct buffer *out);
/* In the event that Firehose hands to a Lambda to transform, its source being the Kinesis stream. */
int kinesis_record_transform(const struct stream_style *style, const struct record_parts *parts, struct buffer *out);
int kinesis_record_pipes(const struct stream_style *style, const struct record_parts *parts, struct buffer *out);
int kinesis_record_base64(const struct stream_style *style, const struct record_parts *parts, struct buffer *out);
/* As a row whose columns mirror the record, which Firehose's record format conversion makes of it ("Convert input data
 * format", OpenX JSON SerDe). The parts have a scratch. */
int kinesis_record_converted(const struct stream_style *style, const struct record_parts *parts, struct buffer *out);
void kinesis_converted_schema(const struct stream_style *style, struct buffer *json);

#endif
