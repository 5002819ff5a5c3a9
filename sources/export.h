/* export - a full DynamoDB export to S3, read by its manifests, never by listing.
 *
 * Format: wire format "DynamoDB JSON", AWS DynamoDB Developer Guide "DynamoDB table export output format"; the names of
 * the checksum files (*.md5) and the etag rule are as observed. The folder holds manifest-summary.json and
 * manifest-files.json; data files are found by the key's path as given, then relative to the folder, since bucket and
 * prefix may be stale after a copy.
 *
 * export_open reports what is wrong with the manifests as problems and fails only when there is nothing to go by.
 * export_read_file checks MD5, gzip CRC and item count in the same pass; *result says whether the file counts. Both may
 * be called from several threads on the same export. */
#ifndef LAKEPROOF_SOURCES_EXPORT_H
#define LAKEPROOF_SOURCES_EXPORT_H

#include "sources/record.h"

#define EXPORT_FUZZ_US (60 * INT64_C(1000000)) /* AWS promises all before exportTime - 1 min, nothing after + 1 min */

struct export_file {
	const char *key;  /* dataFileS3Key as given */
	const char *path; /* where it was found; NULL when missing (a problem "export.missing" was reported) */
	uint64_t size_bytes;
	int64_t item_count;
	bool has_md5;
	uint8_t md5[16];
	const char *etag; /* "" when the manifest lacks it */
};

struct export
{
	const char *folder;
	const char *export_arn, *table_arn, *table_id, *output_format; /* "" when the summary lacks them */
	int64_t export_time_us;
	int64_t item_count; /* the summary's */
	uint64_t billed_bytes;
	struct export_file *files;
	uint64_t file_count;
	bool complete; /* manifests whole and consistent, every file found; file contents not yet read */
	void *memory;
};

/* Errors: ERROR_DATA when the folder is no finished full export (no manifest-summary.json, an incremental export, Ion),
 * with what to do; ERROR_IO. */
int export_open(const char *folder, const struct record_sink *sink, struct export **export,
		struct error *error) MUST_USE;
void export_close(struct export *export);
int export_read_file(const struct export *export, uint64_t index, struct json_parser *parser,
		     const struct record_sink *sink, struct file_result *result, struct error *error) MUST_USE;

#endif
