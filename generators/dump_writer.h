/* dump_writer - a table's items as a dump that is no export: what EMR and Data Pipeline write, what a scan returns,
 * what AWS Glue makes of an export.
 *
 * Formats: github awslabs/emr-dynamodb-connector; DynamoDB API Reference, Scan; the AWS CLI's output; glue_writer.h. A
 * dump is read while writes go on, so it shows each item at a moment of its own within an interval. A file is a segment
 * of the table, as a task of EMR's or a segment of a parallel scan is; it holds what export_shards.h says. One file is
 * held in memory. Borrows everything. */
#ifndef LAKEPROOF_GENERATORS_DUMP_WRITER_H
#define LAKEPROOF_GENERATORS_DUMP_WRITER_H

#include "generators/export_writer.h"

struct dump_format {
	const char *name;
	const char *source; /* what a contract calls it; NULL: it is rows */
	const char *rows;   /* of rows, what a contract says of them; NULL: CSV as DMS writes a full load */
	const char *suffix; /* of file names */
	bool manifest;      /* a file names all the others, so that one that is missing shows */
	bool counts;        /* files say how many items they hold */
	bool parquet;       /* its files are Parquet, which gzip does not compress */
};

/* In the order of DUMP_FORMATS; NULL after the last. */
#define DUMP_FORMATS "emr|emr-hive|scan|scan-cli|scan-lines|dms-load|glue|glue-simplified"
const struct dump_format *dump_format_at(size_t index);

struct dump_request {
	const struct dump_format *format;
	uint64_t page_items; /* a scan's Limit; 0: a page is a megabyte of items, as without one */
	bool gzip;
};

/* `request` says which items, in how many files, and what is wrong with them; the result's folder and files are the
 * dump's. A fault that the format has no place for is not allowed (missing_file without a manifest, wrong_count without
 * counts, wrong_md5). */
int dump_write(const struct dump_request *dump, const struct export_request *request, struct output *output,
	       struct export_result *result, struct error *error) MUST_USE;

#endif
