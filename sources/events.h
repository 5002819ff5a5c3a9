/* events - files of change records, of DynamoDB Streams or Kinesis Data Streams: JSON lines, arrays, {"Records":[…]}
 * envelopes, concatenated without newlines, base64 inside others, plain or gzip, told apart by content.
 *
 * A file is framed by a string-aware depth scanner, so memory is bounded by one record (RECORD_SIZE_MAX); arrays and
 * envelopes are framed by element, never held whole. After a malformed record reading goes on at the next one.
 * Records: sources/stream.h. A record inside another one has the number and the offset of that.
 *
 * File lists are sorted by path. Reading may go on in several threads, one file each. */
#ifndef LAKEPROOF_SOURCES_EVENTS_H
#define LAKEPROOF_SOURCES_EVENTS_H

#include "sources/record.h"

enum { RECORD_SIZE_MAX = 16 * 1024 * 1024, ITEM_DEPTH_MAX = 32 };

/* AUTO goes by content, record by record. The others say what the records may be, and any other is unreadable: STREAMS,
 * LAMBDA and PIPES records of DynamoDB Streams; KINESIS those of Kinesis Data Streams for DynamoDB, as they are or as
 * base64 in the envelopes of Lambda, Pipes or GetRecords, or a line each; FIREHOSE either kind, plain, in a transform
 * event or in a line of an error prefix, or converted to Parquet (sources/converted.h). */
enum events_format { EVENTS_AUTO = 0, EVENTS_STREAMS, EVENTS_LAMBDA, EVENTS_PIPES, EVENTS_KINESIS, EVENTS_FIREHOSE };

/* The files a contract's path (file, folder or glob) names, sorted by path; hidden files, files that start with "_" and
 * faults.jsonl are left out. A link to nothing is in the list, and so is the folder of a Delta table, instead of what
 * is in it. The list is owned by the caller: events_list_free. */
int events_list(const char *path, char ***files, size_t *count, struct error *error) MUST_USE;
void events_list_free(char **files, size_t count);

int events_read_file(const char *path, enum events_format format, struct json_parser *parser,
		     const struct record_sink *sink, struct file_result *result, struct error *error) MUST_USE;

/* One record again, by its origin, for evidence: calls the sink for the records whose numbers are given (ascending). */
int events_reread(const char *path, enum events_format format, const uint64_t *numbers, size_t count,
		  struct json_parser *parser, const struct record_sink *sink, struct error *error) MUST_USE;
int export_reread(const char *path, const uint64_t *numbers, size_t count, struct json_parser *parser,
		  const struct record_sink *sink, struct error *error) MUST_USE;

#endif
