/* stamp - when a change happened, as far as its record tells, and which of two changes of one key is the later.
 *
 * Within one stream the sequence number orders: a decimal number of up to 40 digits, compared as a number. Between
 * streams, and without sequence numbers (Kinesis), time does; a tie goes to the one that arrived later. */
#ifndef LAKEPROOF_PIPELINE_STAMP_H
#define LAKEPROOF_PIPELINE_STAMP_H

#include <stdint.h>

#include "base/slice.h"
#include "scenarios/pipelines/embedded/bugs.h"

enum { SEQUENCE_DIGITS_MAX = 40 };

struct stamp {
	int64_t time_us;                        /* start of the interval the record names */
	int64_t precision_us;                   /* its length: a second for DynamoDB Streams */
	uint64_t stream;                        /* a hash of the stream's ARN, 0 when unknown */
	uint8_t digits;                         /* of the sequence number, 0 when there is none */
	char sequence[SEQUENCE_DIGITS_MAX + 1]; /* without leading zeros, NUL-terminated */
};

/* False when the text is no sequence number. */
bool stamp_set_sequence(struct stamp *stamp, struct slice text);
/* ApproximateCreationDateTime as JSON has it: seconds (also with fraction or exponent), milli- or microseconds, told
 * apart by magnitude. False when it is no time. */
bool stamp_set_time(struct stamp *stamp, struct slice number);
void stamp_set_stream(struct stamp *stamp, struct slice arn);
/* Whether `a`, which arrived after `b`, supersedes it. bugs: planted ones. */
bool stamp_supersedes(const struct stamp *a, const struct stamp *b, struct bug_set bugs);

#endif
