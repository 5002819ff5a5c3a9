/* compress - gzip files as the service writes them, and the checksums it publishes.
 *
 * One member, header with time 0 and system 255, deflate by libdeflate level 1 on the whole buffer: the output depends
 * on the input and libdeflate's version, not on the CPU. Of nothing it makes the service's own 20 bytes. One
 * compressor a thread. */
#ifndef LAKEPROOF_GENERATORS_COMPRESS_H
#define LAKEPROOF_GENERATORS_COMPRESS_H

#include "base/buffer.h"
#include "base/error.h"

struct compressor;

enum { MD5_SIZE = 16, MD5_BASE64_MAX = 25, ETAG_MAX = 35 };

int compressor_new(struct compressor **compressor, struct error *error) MUST_USE;
void compressor_free(struct compressor *compressor); /* NULL is allowed */
/* Appends the gzip file of `plain` to `out`. */
int compressor_gzip(struct compressor *compressor, struct slice plain, struct buffer *out,
		    struct error *error) MUST_USE;

int md5_of(struct slice bytes, uint8_t md5[MD5_SIZE], struct error *error) MUST_USE;
/* base64(MD5), as manifest-files.json and the .md5 files have it. */
int md5_base64(struct slice bytes, char text[MD5_BASE64_MAX], struct error *error) MUST_USE;
/* The etag of a multipart upload in one part: hex(MD5(MD5(bytes))) and "-1". */
int md5_etag(struct slice bytes, char text[ETAG_MAX], struct error *error) MUST_USE;

#endif
