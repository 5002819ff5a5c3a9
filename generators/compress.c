#include "generators/compress.h"

#include <libdeflate.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "generators/text.h"

enum { LEVEL = 1, HEADER_SIZE = 10, TRAILER_SIZE = 8 };

struct compressor {
	struct libdeflate_compressor *deflate;
};

int compressor_new(struct compressor **compressor, struct error *error)
{
	struct compressor *made = malloc(sizeof(*made));
	if (made != NULL)
		made->deflate = libdeflate_alloc_compressor(LEVEL);
	if (made == NULL || made->deflate == NULL) {
		free(made);
		*compressor = NULL;
		return error_set(error, ERROR_INTERNAL, "out of memory for the compressor");
	}
	*compressor = made;
	return 0;
}

void compressor_free(struct compressor *compressor)
{
	if (compressor == NULL)
		return;
	libdeflate_free_compressor(compressor->deflate);
	free(compressor);
}

static void put_u32(char *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (char)(uint8_t)(value >> (8 * i));
}

int compressor_gzip(struct compressor *compressor, struct slice plain, struct buffer *out, struct error *error)
{
	/* Magic, deflate, no flags, no time, no extra flags, unknown system. */
	static const uint8_t header[HEADER_SIZE] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff};
	size_t bound = libdeflate_deflate_compress_bound(compressor->deflate, plain.size);
	size_t packed = 2;

	if (buffer_reserve(out, HEADER_SIZE + bound + TRAILER_SIZE) != 0)
		return error_set(error, ERROR_INTERNAL,
				 "out of memory for a compressed file of %zu bytes; use more shards", plain.size);
	char *at = out->data + out->size;
	memcpy(at, header, HEADER_SIZE);
	if (plain.size == 0)
		memcpy(at + HEADER_SIZE, "\x03\x00", 2); /* one final block that holds nothing */
	else
		packed = libdeflate_deflate_compress(compressor->deflate, plain.data, plain.size, at + HEADER_SIZE,
						     bound);
	if (packed == 0)
		return error_set(error, ERROR_INTERNAL, "the compressor exceeded its own bound");
	put_u32(at + HEADER_SIZE + packed, libdeflate_crc32(0, plain.size > 0 ? plain.data : "", plain.size));
	put_u32(at + HEADER_SIZE + packed + 4, (uint32_t)plain.size);
	out->size += HEADER_SIZE + packed + TRAILER_SIZE;
	return 0;
}

int md5_of(struct slice bytes, uint8_t md5[MD5_SIZE], struct error *error)
{
	unsigned size = 0;
	if (EVP_Digest(bytes.data, bytes.size, md5, &size, EVP_md5(), NULL) != 1 || size != MD5_SIZE)
		return error_set(error, ERROR_INTERNAL, "libcrypto refused to compute an MD5");
	return 0;
}

int md5_base64(struct slice bytes, char text[MD5_BASE64_MAX], struct error *error)
{
	uint8_t md5[MD5_SIZE];
	if (md5_of(bytes, md5, error) != 0)
		return error->code;
	EVP_EncodeBlock((unsigned char *)text, md5, MD5_SIZE);
	return 0;
}

int md5_etag(struct slice bytes, char text[ETAG_MAX], struct error *error)
{
	uint8_t md5[MD5_SIZE], twice[MD5_SIZE];
	if (md5_of(bytes, md5, error) != 0)
		return error->code;
	if (md5_of((struct slice){(const char *)md5, MD5_SIZE}, twice, error) != 0)
		return error->code;
	char *at = text;
	for (unsigned i = 0; i < MD5_SIZE; i++)
		at = text_hex(at, twice[i], 2);
	memcpy(at, "-1", 3);
	return 0;
}
