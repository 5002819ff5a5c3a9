/* The reader against zlib: a file that it calls whole must be whole to zlib, with the same content. The first byte of
 * the input chooses how: the rest as it is, or as the body of a member whose header and trailer are right. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "base/buffer.h"
#include "base/gzip.h"

enum { CONTENT_MAX = 1 << 20 };

/* Reads up to CONTENT_MAX bytes; false when there are more. */
static bool read_all(const char *path, size_t piece, struct buffer *content, enum gzip_status *status)
{
	struct gzip_reader *reader;
	struct error error = {.code = 0};
	if (gzip_open(path, true, &reader, &error) != 0)
		abort();
	*status = GZIP_MORE;
	bool fits = true;
	while (*status == GZIP_MORE && fits) {
		size_t size;
		fits = buffer_reserve(content, piece) == 0;
		if (!fits)
			break;
		if (gzip_read(reader, content->data + content->size, piece, &size, status, &error) != 0)
			abort();
		assert(size <= piece && (size == 0) == (*status != GZIP_MORE));
		content->size += size;
	}
	uint8_t md5[16];
	if (gzip_drain(reader, &error) != 0 || gzip_md5(reader, md5, &error) != 0)
		abort();
	gzip_close(reader);
	return fits;
}

/* Whether zlib takes all of the bytes for gzip members that hold this content. */
static bool zlib_agrees(struct slice stored, struct slice content)
{
	z_stream stream = {.next_in = (unsigned char *)(uintptr_t)stored.data, .avail_in = (unsigned)stored.size};
	unsigned char *out = malloc(content.size + 1);
	if (out == NULL || inflateInit2(&stream, 15 + 16) != Z_OK)
		abort();
	stream.next_out = out;
	stream.avail_out = (unsigned)content.size + 1;
	int status;
	while ((status = inflate(&stream, Z_NO_FLUSH)) == Z_STREAM_END && stream.avail_in > 0)
		(void)inflateReset(&stream);
	size_t got = content.size + 1 - stream.avail_out;
	bool same = status == Z_STREAM_END && got == content.size && (got == 0 || memcmp(out, content.data, got) == 0);
	(void)inflateEnd(&stream);
	free(out);
	return same;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char header[10] = {0x1f, (char)0x8b, 8, 0, 0, 0, 0, 0, 0, 3};
	if (size < 2 || size > CONTENT_MAX / 4)
		return 0;
	struct buffer stored, content;
	buffer_init(&stored, CONTENT_MAX);
	buffer_init(&content, CONTENT_MAX);
	if ((data[0] & 1) != 0)
		(void)buffer_append(&stored, header, sizeof(header));
	(void)buffer_append(&stored, data + 1, size - 1);
	int file = memfd_create("fuzz", MFD_CLOEXEC);
	if (file < 0 || write(file, stored.data, stored.size) != (ssize_t)stored.size)
		abort();
	char path[40];
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	enum gzip_status status;
	bool fits = read_all(path, (size_t)(data[0] >> 1) * 50 + 1, &content, &status);
	if (fits && status == GZIP_END) {
		struct slice bytes = buffer_slice(&stored);
		assert(slice_equal(bytes, buffer_slice(&content)) || zlib_agrees(bytes, buffer_slice(&content)));
	}
	(void)close(file);
	buffer_release(&stored);
	buffer_release(&content);
	return 0;
}
