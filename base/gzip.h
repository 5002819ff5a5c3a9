/* gzip - a file as a stream of plain bytes, gzip or not told apart by content, with its checks made in the same pass.
 *
 * Reads plain files as they are and gzip files (any header, several members, ISA-L inflate) with each member's CRC-32
 * and size verified. MD5 is of the file's bytes as stored, as AWS manifests have it. `offset` positions in findings are
 * of the uncompressed stream. One reader a thread; memory is fixed. */
#ifndef LAKEPROOF_BASE_GZIP_H
#define LAKEPROOF_BASE_GZIP_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/slice.h"

struct gzip_reader;

enum gzip_status {
	GZIP_MORE = 0,  /* bytes were delivered */
	GZIP_END,       /* the file ended properly */
	GZIP_TRUNCATED, /* a gzip member is cut short */
	GZIP_CORRUPT    /* bad header, bad deflate data, CRC or size mismatch, bytes after the last member */
};

/* ERROR_IO when it cannot be opened. with_md5: compute it while reading. */
int gzip_open(const char *path, bool with_md5, struct gzip_reader **reader, struct error *error) MUST_USE;
/* Reads up to `capacity` bytes into `bytes`; *size is 0 only with a status other than GZIP_MORE. Returns 0, or ERROR_IO
 * when the system fails to read. Bytes delivered before TRUNCATED or CORRUPT are what the file held until there. */
int gzip_read(struct gzip_reader *reader, void *bytes, size_t capacity, size_t *size, enum gzip_status *status,
	      struct error *error) MUST_USE;
bool gzip_is_compressed(const struct gzip_reader *reader);
/* After GZIP_END (or earlier, of what was read so far). ERROR_INTERNAL when memory runs out. */
int gzip_md5(const struct gzip_reader *reader, uint8_t md5[16], struct error *error) MUST_USE;
uint64_t gzip_stored_size(const struct gzip_reader *reader); /* bytes read from the file */
/* Reads and discards what is left of the file, so that MD5 and size are of all of it, whatever its contents. */
int gzip_drain(struct gzip_reader *reader, struct error *error) MUST_USE;
void gzip_close(struct gzip_reader *reader); /* NULL is allowed */

#endif
