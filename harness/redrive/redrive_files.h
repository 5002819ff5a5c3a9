/* redrive_files - records as landing files that come after all that is there, and never in place of one.
 *
 * Files are made under DIR/PREFIX/YYYY/MM/DD/HH/ of the time they are written, in a hidden file that gets its name when
 * it is whole; a name that is taken is an error, and so is one that does not sort after every file under DIR/PREFIX.
 * One file's records are held in memory. Borrows all. Errors: ERROR_USAGE, ERROR_IO. */
#ifndef LAKEPROOF_HARNESS_REDRIVE_REDRIVE_FILES_H
#define LAKEPROOF_HARNESS_REDRIVE_REDRIVE_FILES_H

#include "harness/redrive/redrive_form.h"

struct redrive_place {
	const char *folder, *prefix; /* where the pipeline's landing is, and below it */
	int64_t now_us;
	uint64_t records_max, bytes_max; /* of one file */
	bool gzip;
};

struct redrive_files;

int redrive_files_new(const struct redrive_place *place, const struct redrive_form *form,
		      struct redrive_files **files, struct error *error) MUST_USE;
/* One record's bytes. */
int redrive_files_add(struct redrive_files *files, struct slice record, struct error *error) MUST_USE;
/* Ends the last file. */
int redrive_files_finish(struct redrive_files *files, struct error *error) MUST_USE;
uint64_t redrive_files_count(const struct redrive_files *files);
/* The folder that the files are in. */
const char *redrive_files_folder(const struct redrive_files *files);
void redrive_files_free(struct redrive_files *files);

#endif
