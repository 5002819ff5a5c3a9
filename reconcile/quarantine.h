/* quarantine - the records that readers set aside, in a file of JSON lines, so that they can be mended and delivered
 * again.
 *
 * One line a record: {"file","record","offset","reasons":[…],"size","raw"}: raw is the record's bytes in its file as
 * base64, up to QUARANTINE_RAW_MAX of them ("cut":true beyond), size how many there are. Of what could not even be
 * framed raw is what stands at the offset, without a size, for the first QUARANTINE_UNFRAMED_MAX of a file. A file that
 * could not be read at all has a line without a record. Where the contract has sensitive values there is "hash" instead
 * of raw. The file is written anew by each run, one for all lakes of the contract, of all its sources whether they
 * were read now or earlier, at most QUARANTINE_LINES_MAX lines, and can be read by its owner only.
 * Errors: ERROR_IO when it cannot be written, ERROR_INTERNAL; a source that is gone costs raw. */
#ifndef LAKEPROOF_RECONCILE_QUARANTINE_H
#define LAKEPROOF_RECONCILE_QUARANTINE_H

#include "reconcile/run.h"

enum { QUARANTINE_RAW_MAX = 64 * 1024, QUARANTINE_UNFRAMED_MAX = 100, QUARANTINE_LINES_MAX = 100000 };

struct quarantine {
	uint64_t lines; /* 0: an earlier file in the state folder is removed */
	const char *path;
};

/* After run_ingest; the run is the first of its chain. To options.quarantine, or quarantine.jsonl in the state folder.
 * The path is the run's. */
int quarantine_write(struct run *run, struct quarantine *quarantine, struct error *error) MUST_USE;

#endif
