/* export - a DynamoDB export to S3, full or incremental, read by its manifests, never by listing.
 *
 * Format: wire formats "DynamoDB JSON" and "Amazon Ion", AWS DynamoDB Developer Guide "DynamoDB table export output
 * format"; the names of the checksum files (*.md5), the etag rule and where an incremental export's data files lie are
 * as observed. The folder holds manifest-summary.json and manifest-files.json, which say what the export is;
 * sources/export_place.h says where its data files are found.
 *
 * A full export delivers items. An incremental one delivers changes (sources/incremental.h), each within its window
 * [from_us, to_us); one outside of it is unreadable.
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
	bool incremental, ion;
	bool with_old;          /* incremental: the view is NEW_AND_OLD_IMAGES, not NEW_IMAGE */
	int64_t export_time_us; /* of a full export, else 0 */
	int64_t from_us, to_us; /* of an incremental export, else 0 */
	int64_t item_count;     /* the summary's */
	uint64_t billed_bytes;
	struct export_file *files;
	uint64_t file_count;
	bool complete; /* manifests whole and consistent, every file found; file contents not yet read */
	void *memory;
};

/* Errors: ERROR_DATA when the folder is no finished export of a known kind, with what to do; ERROR_IO. */
int export_open(const char *folder, const struct record_sink *sink, struct export **export,
		struct error *error) MUST_USE;
void export_close(struct export *export);
int export_read_file(const struct export *export, uint64_t index, struct json_parser *parser,
		     const struct record_sink *sink, struct file_result *result, struct error *error) MUST_USE;

/* The exports that a contract's path names, sorted: the export's own folder, a folder whose folders are exports, or a
 * glob of either; never none. Of several, one that is not finished is left out and reported ("export.missing"). The
 * list is the caller's: events_list_free. */
int export_list(const char *path, const struct record_sink *sink, char ***folders, size_t *count,
		struct error *error) MUST_USE;

#endif
