#include "sources/foreign.h"

#include <stdint.h>

static const struct {
	const char *mark;
	size_t size;
	const char *text;
} marks[] = {
	{"PK\3\4", 4, "a ZIP file: unpack it, or have Firehose compress with GZIP"},
	{"PK\5\6", 4, "a ZIP file: unpack it, or have Firehose compress with GZIP"},
	{"PAR1", 4, "a Parquet file: its source's format is firehose, or none, or list it as rows"},
	{"ORC", 3, "an ORC file: have it delivered as JSON, without Firehose's record format conversion"},
	{"Obj\1", 4, "an Avro file: have it delivered as JSON"},
	{"\x28\xb5\x2f\xfd", 4, "zstd-compressed: decompress it with zstd -d"},
	{"BZh", 3, "bzip2-compressed: decompress it with bunzip2"},
	{"\xfd"
	 "7zXZ\0",
	 6, "xz-compressed: decompress it with xz -d"},
	{"\x04\x22\x4d\x18", 4, "LZ4-compressed: decompress it with lz4 -d"},
	{"\xff\x06\x00\x00sNaPpY", 10, "Snappy-compressed: decompress it, or have it compressed with GZIP"},
	{"\x82SNAPPY\0", 8, "Snappy-compressed: decompress it, or have it compressed with GZIP"},
	{"\x1f\x8b", 2, "gzip inside gzip: decompress it once"},
	{"\xff\xfe", 2, "UTF-16 text: convert it to UTF-8, such as with iconv"},
	{"\xfe\xff", 2, "UTF-16 text: convert it to UTF-8, such as with iconv"},
};

static uint32_t big_endian(const unsigned char *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* The bytes from `at` on are a Snappy block of at most size_max bytes that begins with JSON, uncompressed: a length,
 * then a literal. */
static bool is_snappy_block(struct slice first, size_t at, uint64_t size_max)
{
	const unsigned char *bytes = (const unsigned char *)first.data;
	uint64_t size = 0;
	for (unsigned shift = 0; shift < 35; shift += 7) {
		if (at == first.size)
			return false;
		size |= (uint64_t)(bytes[at] & 0x7f) << shift;
		if ((bytes[at++] & 0x80) == 0)
			break;
	}
	if (at == first.size || (bytes[at] & 3) != 0 || size == 0 || size > size_max)
		return false;
	unsigned literal = bytes[at] >> 2;
	/* Up to 60 bytes are said by the tag, more by the one to four bytes after it. */
	at += literal < 60 ? 1 : literal - 60 + 2;
	return at < first.size && (bytes[at] == '{' || bytes[at] == '[');
}

/* Hadoop's: the length of a block, that of its first compressed part, both big-endian, then that part. */
static bool is_hadoop_snappy(struct slice first)
{
	const unsigned char *bytes = (const unsigned char *)first.data;
	if (first.size < 12)
		return false;
	uint64_t block = big_endian(bytes);
	uint64_t part = big_endian(bytes + 4);
	return block > 0 && block <= UINT64_C(1) << 28 && part > 0 && part <= block + block / 6 + 32 &&
	       is_snappy_block(first, 8, block);
}

const char *foreign_text(struct slice first)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (first.size >= marks[i].size && memcmp(first.data, marks[i].mark, marks[i].size) == 0)
			return marks[i].text;
	if (is_hadoop_snappy(first))
		return "compressed with Hadoop's Snappy: decompress it, or have Firehose compress with GZIP";
	/* A length that is white space too is rather text. */
	bool space = first.size > 0 && memchr(" \t\r\n", first.data[0], 4) != NULL;
	if (!space && is_snappy_block(first, 0, UINT32_MAX))
		return "Snappy-compressed: decompress it, or have it compressed with GZIP";
	return NULL;
}
