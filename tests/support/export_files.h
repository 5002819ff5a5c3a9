/* export_files - for tests: an export's folder with its manifests and data files, all checksums right, but for what a
 * test asks to be wrong. Below tests/support/source_files.h's folder; all texts are borrowed. */
#ifndef LAKEPROOF_TESTS_EXPORT_FILES_H
#define LAKEPROOF_TESTS_EXPORT_FILES_H

#include <stdbool.h>
#include <stdint.h>

enum { EXPORT_FILES_MAX = 8 };

struct export_file_text {
	const char *name; /* "aaaa.json.gz" */
	const char *text; /* stored as gzip; NULL: the manifest names it and it is not there */
};

struct export_files {
	const char *root;    /* "bucket": data files of an incremental export lie in <root>/AWSDynamoDB/data */
	const char *id;      /* "01700000000123-0a1b2c3d" */
	const char *prefix;  /* of the keys in the manifest: "", or "prefix/" */
	const char *summary; /* members that differ: ",\"exportTime\":…" */
	const char *format;  /* DYNAMODB_JSON or ION */
	bool incremental;    /* data files lie in the shared folder */
	struct export_file_text files[EXPORT_FILES_MAX]; /* up to the first without a name */
	int wrong_md5;                                   /* index of a file, or -1 */
	int64_t more_counted;                            /* items that the manifests count too many in the first file */
};

/* Lines that hold anything are counted as items. */
void export_files_write(const struct export_files *files);
/* <root>/AWSDynamoDB/<id>; static text until the next call. */
const char *export_files_folder(const struct export_files *files);

#endif
