/* ion_writer - lines of an export in DynamoDB JSON as the lines of the same export in Ion text.
 *
 * Format: DynamoDB Developer Guide, "DynamoDB table export output format", Amazon Ion; Ion text spec; numbers and
 * escapes as ion-java writes them: 600 is 6d2, 103 is "103.", 0.0000001 is 1d-7. A record of an incremental export
 * stands in a wrapper Record. Sets are lists annotated $dynamodb_SS and the like. One thread; memory is one line's. */
#ifndef LAKEPROOF_GENERATORS_ION_WRITER_H
#define LAKEPROOF_GENERATORS_ION_WRITER_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/json.h"

/* Appends to `ion`. `lines`: whole lines of valid export JSON, JSON_PADDING readable bytes after them. ERROR_INTERNAL
 * when out of memory, or when a line is no such JSON. */
int ion_write_lines(struct json_parser *parser, struct slice lines, struct buffer *ion, struct error *error) MUST_USE;

#endif
