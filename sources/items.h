/* items - dumps of a table's items that are no exports: what EMR and Data Pipeline write, and what a scan returned.
 *
 * EMR (github awslabs/emr-dynamodb-connector): an item a line, type tags lower-case at first letter (s, n, bOOL, nULL
 * or nULLValue, sS …); older Hive exports have name 0x03 value 0x02 name 0x03 value instead of JSON. A file `manifest`
 * beside them names them all.
 *
 * Scan (DynamoDB API Reference, Scan): pages {"Items":[…],"Count":…,"ScannedCount":…,"LastEvaluatedKey":…} one after
 * the other, as the API, the CLI or a script wrote them; or an item a line, {"Item":{…}} or bare. A page holds as many
 * items as it counts, counts as many as it scanned (else it had a filter), and the last one of a file has no
 * LastEvaluatedKey.
 *
 * A record is an item as a snapshot has it. Files are plain or gzip. Reading may go on in several threads, one file
 * each. */
#ifndef LAKEPROOF_SOURCES_ITEMS_H
#define LAKEPROOF_SOURCES_ITEMS_H

#include "sources/record.h"

/* AUTO goes by content, record by record; what does not fit another is unreadable. */
enum items_format { ITEMS_AUTO = 0, ITEMS_EMR, ITEMS_SCAN };

/* The files a contract's path names, as events_list has them, without those named `manifest`. *missing: how many files
 * the manifests name that are not there, each told to the sink as "export.missing". The list is owned by the caller:
 * events_list_free. */
int items_list(const char *path, const struct record_sink *sink, char ***files, size_t *count, uint64_t *missing,
	       struct error *error) MUST_USE;
int items_read_file(const char *path, enum items_format format, struct json_parser *parser,
		    const struct record_sink *sink, struct file_result *result, struct error *error) MUST_USE;
/* As events_reread. */
int items_reread(const char *path, enum items_format format, const uint64_t *numbers, size_t count,
		 struct json_parser *parser, const struct record_sink *sink, struct error *error) MUST_USE;

#endif
