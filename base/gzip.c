#include "base/gzip.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <isa-l/igzip_lib.h>
#include <openssl/evp.h>

enum {
	INPUT_SIZE = 256 * 1024,
	MAGIC_SIZE = 3,       /* ID1, ID2, CM: RFC 1952 section 2.3.1 */
	FLAGS_RESERVED = 0xe0 /* of FLG, the byte after those: "must be zero" */
};

enum format { FORMAT_UNKNOWN = 0, FORMAT_PLAIN, FORMAT_GZIP };

struct gzip_reader {
	int file;
	char *path;
	EVP_MD_CTX *md5; /* NULL when not asked for */
	uint64_t stored_size;
	enum format format;
	enum gzip_status ended; /* GZIP_MORE until the end, then the status that every further read gives */
	bool file_end;          /* read() has said so */
	bool in_member;         /* between a gzip member's first byte and its trailer's last */
	bool in_header;         /* in the header of that member */
	uint8_t *next;          /* of `input`, not yet used */
	size_t left;
	struct inflate_state inflate;
	struct isal_gzip_header header; /* as far as it is read: isal_inflate's own would forget it between calls */
	uint8_t input[INPUT_SIZE];
};

int gzip_open(const char *path, bool with_md5, struct gzip_reader **reader, struct error *error)
{
	int code = 0;
	struct gzip_reader *opened = malloc(sizeof(*opened));
	if (opened == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory opening '%s'", path);
	/* Not the whole struct at once: its buffers need no clearing. */
	opened->md5 = NULL;
	opened->stored_size = 0;
	opened->format = FORMAT_UNKNOWN;
	opened->ended = GZIP_MORE;
	opened->file_end = false;
	opened->in_member = false;
	opened->in_header = false;
	opened->next = opened->input;
	opened->left = 0;
	opened->path = strdup(path);
	opened->file = open(path, O_RDONLY | O_CLOEXEC);
	if (opened->file < 0) {
		code = error_system(error, "cannot open '%s'", path);
		goto out;
	}
	(void)posix_fadvise(opened->file, 0, 0, POSIX_FADV_SEQUENTIAL);
	if (opened->path == NULL) {
		code = error_set(error, ERROR_INTERNAL, "out of memory opening '%s'", path);
		goto out;
	}
	if (with_md5) {
		opened->md5 = EVP_MD_CTX_new();
		if (opened->md5 == NULL || EVP_DigestInit_ex(opened->md5, EVP_md5(), NULL) != 1)
			code = error_set(error, ERROR_INTERNAL, "the crypto library offers no MD5 for '%s'", path);
	}
out:
	if (code != 0) {
		gzip_close(opened);
		opened = NULL;
	}
	*reader = opened;
	return code;
}

/* Adds what one read() gives to `input`, after the bytes that are left. */
static int fill(struct gzip_reader *reader, struct error *error)
{
	if (reader->left > 0)
		memmove(reader->input, reader->next, reader->left);
	reader->next = reader->input;
	uint8_t *at = reader->input + reader->left;
	ssize_t got;
	do {
		got = read(reader->file, at, INPUT_SIZE - reader->left);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_system(error, "cannot read '%s'", reader->path);
	if (got == 0) {
		reader->file_end = true;
		return 0;
	}
	reader->left += (size_t)got;
	reader->stored_size += (uint64_t)got;
	if (reader->md5 != NULL && EVP_DigestUpdate(reader->md5, at, (size_t)got) != 1)
		return error_set(error, ERROR_INTERNAL, "MD5 of '%s' failed", reader->path);
	return 0;
}

/* Two of the three magic bytes are enough to be taken for gzip: then a flipped bit in them is found to be corrupt,
 * where as plain bytes it would pass. No text begins with such bytes. */
static bool looks_like_gzip(const uint8_t *bytes, size_t size)
{
	if (size < MAGIC_SIZE)
		return size > 0 && bytes[0] == 0x1f;
	int matches = (bytes[0] == 0x1f) + (bytes[1] == 0x8b) + (bytes[2] == 8);
	return matches >= 2;
}

/* At a member's first byte. Its first four bytes are judged here, because ISA-L reads over reserved flags; the rest of
 * the header is left to it. */
static int begin_member(struct gzip_reader *reader, struct error *error)
{
	while (reader->left <= MAGIC_SIZE && !reader->file_end) {
		int code = fill(reader, error);
		if (code != 0)
			return code;
	}
	static const uint8_t magic[MAGIC_SIZE] = {0x1f, 0x8b, 8};
	size_t size = reader->left < MAGIC_SIZE ? reader->left : MAGIC_SIZE;
	if (memcmp(reader->next, magic, size) != 0)
		reader->ended = GZIP_CORRUPT;
	else if (reader->left <= MAGIC_SIZE)
		reader->ended = GZIP_TRUNCATED;
	else if ((reader->next[MAGIC_SIZE] & FLAGS_RESERVED) != 0)
		reader->ended = GZIP_CORRUPT;
	isal_inflate_reset(&reader->inflate);
	reader->inflate.crc_flag = ISAL_GZIP_NO_HDR_VER;
	isal_gzip_header_init(&reader->header);
	reader->in_member = true;
	reader->in_header = true;
	return 0;
}

static int detect(struct gzip_reader *reader, struct error *error)
{
	while (reader->left < MAGIC_SIZE && !reader->file_end) {
		int code = fill(reader, error);
		if (code != 0)
			return code;
	}
	reader->format = FORMAT_PLAIN;
	if (!looks_like_gzip(reader->next, reader->left))
		return 0;
	reader->format = FORMAT_GZIP;
	isal_inflate_init(&reader->inflate);
	return begin_member(reader, error);
}

static int read_plain(struct gzip_reader *reader, uint8_t *bytes, size_t capacity, size_t *size, struct error *error)
{
	if (reader->left == 0 && !reader->file_end) {
		int code = fill(reader, error);
		if (code != 0)
			return code;
	}
	*size = reader->left < capacity ? reader->left : capacity;
	memcpy(bytes, reader->next, *size);
	reader->next += *size;
	reader->left -= *size;
	if (*size == 0)
		reader->ended = GZIP_END;
	return 0;
}

/* Between members: the file's end, or the next member's first byte. */
static int next_member(struct gzip_reader *reader, struct error *error)
{
	while (reader->left == 0 && !reader->file_end) {
		int code = fill(reader, error);
		if (code != 0)
			return code;
	}
	if (reader->left > 0)
		return begin_member(reader, error);
	reader->ended = GZIP_END;
	return 0;
}

/* What there is of a member's header. */
static int read_header(struct gzip_reader *reader, struct error *error)
{
	if (reader->left == 0 && !reader->file_end) {
		int code = fill(reader, error);
		if (code != 0)
			return code;
	}
	struct inflate_state *inflate = &reader->inflate;
	inflate->next_in = reader->next;
	inflate->avail_in = (uint32_t)reader->left;
	int status = isal_read_gzip_header(inflate, &reader->header);
	reader->next = inflate->next_in;
	reader->left = inflate->avail_in;
	reader->in_header = status == ISAL_END_INPUT;
	if (status != ISAL_DECOMP_OK && status != ISAL_END_INPUT)
		reader->ended = GZIP_CORRUPT;
	else if (reader->in_header && reader->file_end)
		reader->ended = GZIP_TRUNCATED;
	return 0;
}

/* One call of the inflater; *size grows by what it gave. */
static int inflate_some(struct gzip_reader *reader, uint8_t *bytes, size_t capacity, size_t *size, struct error *error)
{
	if (reader->left == 0 && !reader->file_end) {
		int code = fill(reader, error);
		if (code != 0)
			return code;
	}
	struct inflate_state *inflate = &reader->inflate;
	size_t room = capacity - *size;
	uint32_t offered = room > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)room;
	inflate->next_in = reader->next;
	inflate->avail_in = (uint32_t)reader->left;
	inflate->next_out = bytes + *size;
	inflate->avail_out = offered;
	int status = isal_inflate(inflate);
	uint32_t given = offered - inflate->avail_out;
	bool stuck = given == 0 && inflate->avail_in == reader->left;
	reader->next = inflate->next_in;
	reader->left = inflate->avail_in;
	*size += given;
	if (status < 0 || status > ISAL_OUT_OVERFLOW)
		reader->ended = GZIP_CORRUPT;
	else if (inflate->block_state == ISAL_BLOCK_FINISH)
		reader->in_member = false;
	else if (reader->file_end && stuck)
		reader->ended = GZIP_TRUNCATED;
	return 0;
}

int gzip_read(struct gzip_reader *reader, void *bytes, size_t capacity, size_t *size, enum gzip_status *status,
	      struct error *error)
{
	int code = 0;
	*size = 0;
	if (reader->format == FORMAT_UNKNOWN)
		code = detect(reader, error);
	if (code == 0 && reader->format == FORMAT_PLAIN && reader->ended == GZIP_MORE && capacity > 0)
		code = read_plain(reader, bytes, capacity, size, error);
	while (code == 0 && reader->format == FORMAT_GZIP && reader->ended == GZIP_MORE && *size < capacity) {
		if (reader->in_header)
			code = read_header(reader, error);
		else if (reader->in_member)
			code = inflate_some(reader, bytes, capacity, size, error);
		else
			code = next_member(reader, error);
	}
	/* The last bytes come first, the end by itself in the next call. */
	*status = *size > 0 ? GZIP_MORE : reader->ended;
	return code;
}

bool gzip_is_compressed(const struct gzip_reader *reader)
{
	return reader->format == FORMAT_GZIP;
}

int gzip_md5(const struct gzip_reader *reader, uint8_t md5[16], struct error *error)
{
	int code = 0;
	memset(md5, 0, 16);
	EVP_MD_CTX *copy = EVP_MD_CTX_new();
	if (copy == NULL || reader->md5 == NULL || EVP_MD_CTX_copy_ex(copy, reader->md5) != 1 ||
	    EVP_DigestFinal_ex(copy, md5, NULL) != 1)
		code = error_set(error, ERROR_INTERNAL, "MD5 of '%s' failed", reader->path);
	EVP_MD_CTX_free(copy);
	return code;
}

uint64_t gzip_stored_size(const struct gzip_reader *reader)
{
	return reader->stored_size;
}

int gzip_drain(struct gzip_reader *reader, struct error *error)
{
	int code = 0;
	if (reader->ended == GZIP_MORE)
		reader->ended = GZIP_TRUNCATED; /* what is discarded here can no longer be read */
	while (code == 0 && !reader->file_end) {
		reader->left = 0;
		code = fill(reader, error);
	}
	reader->left = 0;
	return code;
}

void gzip_close(struct gzip_reader *reader)
{
	if (reader == NULL)
		return;
	if (reader->file >= 0)
		(void)close(reader->file);
	EVP_MD_CTX_free(reader->md5);
	free(reader->path);
	free(reader);
}
