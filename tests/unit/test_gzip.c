#include "base/gzip.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/buffer.h"
#include "base/prng.h"
#include "tests/tap.h"

enum { CONTENT_MAX = 64 << 20 };

static char folder[] = "/tmp/lakeproof-test-gzip-XXXXXX";
static char path[sizeof(folder) + 16];

static void write_file(struct slice bytes)
{
	FILE *file = fopen(path, "wb");
	if (file == NULL || fwrite(bytes.data, 1, bytes.size, file) != bytes.size || fclose(file) != 0)
		ok(false, "cannot write %s", path);
}

/* Appends `text` as a gzip member; zlib writes it, so that the reader's library does not check itself. */
static void add_member_with(struct buffer *out, struct slice text, int level, gz_header *header)
{
	z_stream stream = {.next_in = (unsigned char *)(uintptr_t)text.data, .avail_in = (unsigned)text.size};
	if (deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return;
	if (header != NULL)
		(void)deflateSetHeader(&stream, header);
	size_t bound = deflateBound(&stream, text.size) + 64;
	(void)buffer_reserve(out, bound);
	stream.next_out = (unsigned char *)out->data + out->size;
	stream.avail_out = (unsigned)bound;
	if (deflate(&stream, Z_FINISH) == Z_STREAM_END)
		out->size += stream.total_out;
	(void)deflateEnd(&stream);
}

static void add_member(struct buffer *out, struct slice text, int level)
{
	add_member_with(out, text, level, NULL);
}

/* A header as gzip and Python write it, with a name, and one with all there can be. */
static gz_header named = {.os = 3, .name = (Bytef *)"records.json"};
static gz_header full = {.os = 3,
			 .extra = (Bytef *)"extra",
			 .extra_len = 5,
			 .name = (Bytef *)"records.json",
			 .comment = (Bytef *)"a comment",
			 .hcrc = 1};

/* Reads the file to its end in pieces of `piece` bytes. */
static enum gzip_status read_all(size_t piece, struct buffer *content, uint8_t md5[16], uint64_t *stored)
{
	struct gzip_reader *reader;
	struct error error = {.code = 0};
	enum gzip_status status = GZIP_MORE;
	buffer_init(content, CONTENT_MAX);
	if (gzip_open(path, md5 != NULL, &reader, &error) != 0)
		return GZIP_MORE;
	while (status == GZIP_MORE) {
		size_t size;
		if (buffer_reserve(content, piece) != 0 ||
		    gzip_read(reader, content->data + content->size, piece, &size, &status, &error) != 0)
			break;
		if (size > piece || (size == 0) != (status != GZIP_MORE)) {
			ok(false, "a size of 0 goes with an end, and only with it");
			break;
		}
		content->size += size;
	}
	size_t size = 1;
	enum gzip_status again = GZIP_MORE;
	char byte;
	if (gzip_read(reader, &byte, 1, &size, &again, &error) != 0 || size != 0 || again != status)
		ok(false, "the end stays the end");
	if (md5 != NULL && gzip_md5(reader, md5, &error) != 0)
		ok(false, "there is an MD5");
	if (stored != NULL)
		*stored = gzip_stored_size(reader);
	gzip_close(reader);
	return status;
}

/* What reading the bytes gives: the status, and whether the content is the one wanted. */
static enum gzip_status read_bytes(struct slice stored, struct slice want, bool *same)
{
	struct buffer content;
	write_file(stored);
	enum gzip_status status = read_all(1000, &content, NULL, NULL);
	*same = slice_equal(buffer_slice(&content), want);
	buffer_release(&content);
	return status;
}

static void make_text(struct buffer *text, size_t size, uint64_t seed)
{
	struct prng prng;
	prng_init(&prng, seed);
	buffer_init(text, CONTENT_MAX);
	while (text->size < size)
		(void)buffer_printf(text, "{\"Item\":{\"pk\":{\"S\":\"%llu\"}}}\n",
				    (unsigned long long)prng_next(&prng));
}

static void test_plain(void)
{
	static const char *const texts[] = {"", "x", "{}", "{}\n", "plain text\n"};
	bool same;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		enum gzip_status status = read_bytes(slice_from(texts[i]), slice_from(texts[i]), &same);
		ok(status == GZIP_END && same, "a plain file of %zu bytes is read as it is", strlen(texts[i]));
	}
	struct buffer text, content;
	make_text(&text, 1000000, 1);
	write_file(buffer_slice(&text));
	uint64_t stored;
	enum gzip_status status = read_all(77777, &content, NULL, &stored);
	ok(status == GZIP_END && slice_equal(buffer_slice(&content), buffer_slice(&text)),
	   "a large plain file is read");
	is_int(stored, text.size, "and its stored size counted");
	buffer_release(&content);
	buffer_release(&text);
}

static void test_members(void)
{
	for (int level = 0; level <= 9; level += 3) {
		struct buffer text, file, content;
		make_text(&text, 700000, (uint64_t)level);
		buffer_init(&file, CONTENT_MAX);
		struct slice all = buffer_slice(&text);
		/* An empty member, one of a single byte, two large ones. */
		add_member(&file, (struct slice){"", 0}, level);
		add_member(&file, (struct slice){all.data, 1}, level);
		add_member(&file, (struct slice){all.data + 1, 400000}, level);
		add_member(&file, (struct slice){all.data + 400001, all.size - 400001}, level);
		write_file(buffer_slice(&file));
		uint8_t md5[16], want[16];
		uint64_t stored;
		enum gzip_status status = read_all(4096, &content, md5, &stored);
		ok(status == GZIP_END && slice_equal(buffer_slice(&content), all),
		   "four members of level %d are one stream", level);
		(void)EVP_Digest(file.data, file.size, want, NULL, EVP_md5(), NULL);
		ok(memcmp(md5, want, 16) == 0, "the MD5 is of the stored bytes");
		is_int(stored, file.size, "the stored size is the file's");
		buffer_release(&content);
		buffer_release(&file);
		buffer_release(&text);
	}
}

/* A header with all of RFC 1952's optional fields. */
static void test_header_fields(void)
{
	struct buffer file;
	buffer_init(&file, CONTENT_MAX);
	z_stream stream = {.next_in = (unsigned char *)(uintptr_t) "hello", .avail_in = 5};
	gz_header header = {.text = 1,
			    .time = 1,
			    .extra = (unsigned char *)(uintptr_t) "AB\x02\0xy",
			    .extra_len = 6,
			    .name = (unsigned char *)(uintptr_t) "name",
			    .comment = (unsigned char *)(uintptr_t) "comment",
			    .hcrc = 1};
	(void)deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	(void)deflateSetHeader(&stream, &header);
	(void)buffer_reserve(&file, 1000);
	stream.next_out = (unsigned char *)file.data;
	stream.avail_out = 1000;
	(void)deflate(&stream, Z_FINISH);
	file.size = stream.total_out;
	(void)deflateEnd(&stream);
	bool same;
	ok(read_bytes(buffer_slice(&file), slice_from("hello"), &same) == GZIP_END && same,
	   "a header with every optional field is read over");
	size_t wrong = 0;
	for (size_t size = 1; size < file.size; size++)
		wrong += read_bytes((struct slice){file.data, size}, slice_from("hello"), &same) != GZIP_TRUNCATED;
	is_int(wrong, 0, "cut at any byte it is found truncated");
	buffer_release(&file);
}

static void test_every_truncation(void)
{
	struct buffer text, file;
	make_text(&text, 300, 5);
	buffer_init(&file, CONTENT_MAX);
	add_member(&file, buffer_slice(&text), 6);
	size_t first = file.size;
	add_member_with(&file, buffer_slice(&text), 0, &full);
	size_t wrong = 0, kept = 0;
	for (size_t size = 1; size < file.size; size++) {
		bool same;
		enum gzip_status status = read_bytes((struct slice){file.data, size}, buffer_slice(&text), &same);
		if (size == first)
			kept += status == GZIP_END && same;
		else
			wrong += status != GZIP_TRUNCATED;
	}
	is_int(wrong, 0, "a file cut at any byte within a member is found truncated");
	is_int(kept, 1, "cut between its members it is a file of the first");
	buffer_release(&file);
	buffer_release(&text);
}

static void test_every_flip(void)
{
	for (int level = 0; level <= 9; level += 9) {
		struct buffer text, file;
		make_text(&text, 200, 6);
		buffer_init(&file, CONTENT_MAX);
		add_member(&file, buffer_slice(&text), level);
		size_t deceived = 0, refused = 0, harmless = 0;
		for (size_t bit = 0; bit < file.size * 8; bit++) {
			bool same;
			file.data[bit / 8] = (char)(file.data[bit / 8] ^ 1 << bit % 8);
			enum gzip_status status = read_bytes(buffer_slice(&file), buffer_slice(&text), &same);
			file.data[bit / 8] = (char)(file.data[bit / 8] ^ 1 << bit % 8);
			deceived += status == GZIP_END && !same;
			harmless += status == GZIP_END && same;
			refused += status != GZIP_END;
		}
		is_int(deceived, 0, "no flipped bit makes other content pass as whole");
		/* Time, operating system and flags that say nothing about the content may change. */
		ok(harmless <= 8 * 8 && refused > (file.size - 10) * 8 - 8,
		   "flips outside the header are refused (%zu of %zu)", refused, file.size * 8);
		buffer_release(&file);
		buffer_release(&text);
	}
}

static void test_trailing(void)
{
	static const struct {
		const char *bytes;
		size_t size;
		enum gzip_status want;
		const char *name;
	} cases[] = {
		{"x", 1, GZIP_CORRUPT, "a byte after the last member"},
		{"\0", 1, GZIP_CORRUPT, "a NUL after the last member"},
		{"\x1f", 1, GZIP_TRUNCATED, "the first byte of a further member"},
		{"\x1f\x8b", 2, GZIP_TRUNCATED, "the first two bytes of a further member"},
		{"\x1f\x8c", 2, GZIP_CORRUPT, "almost the first two bytes of a further member"},
		{"\x1f\x8b\x08\x80\0\0\0\0\0\3\3\0\0\0\0\0\0\0\0\0", 20, GZIP_CORRUPT, "a reserved flag that is set"},
		{"\x1f\x8b\x07\0\0\0\0\0\0\0\0\0", 12, GZIP_CORRUPT, "a member of an unknown method"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer file;
		bool same;
		buffer_init(&file, CONTENT_MAX);
		add_member(&file, slice_from("hello"), 6);
		(void)buffer_append(&file, cases[i].bytes, cases[i].size);
		enum gzip_status status = read_bytes(buffer_slice(&file), slice_from("hello"), &same);
		ok(status == cases[i].want && same, "%s is found out", cases[i].name);
		buffer_release(&file);
	}
}

/* Feeds a pipe in pieces, so that the reader's every boundary is met. */
struct feed {
	struct slice bytes;
	size_t piece;
};

static void *feed_pipe(void *argument)
{
	const struct feed *feed = argument;
	int file = open(path, O_WRONLY);
	size_t at = 0;
	while (file >= 0 && at < feed->bytes.size) {
		size_t left = feed->bytes.size - at;
		ssize_t wrote = write(file, feed->bytes.data + at, left < feed->piece ? left : feed->piece);
		if (wrote <= 0)
			break;
		at += (size_t)wrote;
		(void)usleep(1);
	}
	if (file >= 0)
		(void)close(file);
	return NULL;
}

static void test_pieces(void)
{
	struct buffer text, file;
	make_text(&text, 600, 7);
	buffer_init(&file, CONTENT_MAX);
	struct slice all = buffer_slice(&text);
	add_member(&file, (struct slice){all.data, 300}, 6);
	add_member_with(&file, (struct slice){all.data + 300, 1}, 1, &named);
	add_member_with(&file, (struct slice){all.data + 301, 100}, 6, &full);
	add_member(&file, (struct slice){all.data + 401, all.size - 401}, 0);
	(void)unlink(path);
	ok(mkfifo(path, 0600) == 0, "a pipe can be made");
	for (size_t piece = 1; piece <= 64; piece *= 4) {
		for (size_t capacity = 1; capacity <= 1000; capacity *= 10) {
			pthread_t thread;
			struct feed feed = {buffer_slice(&file), piece};
			struct buffer content;
			if (pthread_create(&thread, NULL, feed_pipe, &feed) != 0)
				continue;
			enum gzip_status status = read_all(capacity, &content, NULL, NULL);
			(void)pthread_join(thread, NULL);
			ok(status == GZIP_END && slice_equal(buffer_slice(&content), all),
			   "members that come %zu bytes at a time are read %zu bytes at a time", piece, capacity);
			buffer_release(&content);
		}
	}
	(void)unlink(path);
	buffer_release(&file);
	buffer_release(&text);
}

static void test_drain(void)
{
	struct buffer text, file;
	make_text(&text, 2000000, 8);
	buffer_init(&file, CONTENT_MAX);
	add_member(&file, buffer_slice(&text), 1);
	file.data[file.size / 4] = (char)~file.data[file.size / 4];
	write_file(buffer_slice(&file));
	struct gzip_reader *reader;
	struct error error = {.code = 0};
	char bytes[1000];
	size_t size;
	enum gzip_status status;
	uint8_t md5[16], want[16];
	is_int(gzip_open(path, true, &reader, &error), 0, "a damaged file opens");
	is_int(gzip_read(reader, bytes, sizeof(bytes), &size, &status, &error), 0, "its beginning is read");
	ok(gzip_is_compressed(reader), "it is known to be compressed");
	is_int(gzip_drain(reader, &error), 0, "it can be drained");
	is_int(gzip_md5(reader, md5, &error), 0, "there is an MD5");
	(void)EVP_Digest(file.data, file.size, want, NULL, EVP_md5(), NULL);
	ok(memcmp(md5, want, 16) == 0, "the MD5 is then of the whole file, whatever is wrong with it");
	is_int(gzip_stored_size(reader), file.size, "and so is the stored size");
	is_int(gzip_read(reader, bytes, sizeof(bytes), &size, &status, &error), 0, "reading on after draining");
	ok(status != GZIP_MORE && status != GZIP_END && size == 0, "gives nothing and no proper end");
	gzip_close(reader);
	gzip_close(NULL);
	buffer_release(&file);
	buffer_release(&text);
}

static void test_refused(void)
{
	struct gzip_reader *reader = NULL;
	struct error error = {.code = 0};
	is_int(gzip_open("/nonexistent/file", true, &reader, &error), ERROR_IO, "a missing file is an I/O error");
	is_text(error.message, "cannot open '/nonexistent/file': No such file or directory", "that names it");
	ok(reader == NULL, "and gives no reader");
	char bytes[10];
	size_t size;
	enum gzip_status status;
	is_int(gzip_open(folder, false, &reader, &error), 0, "a folder opens");
	is_int(gzip_read(reader, bytes, sizeof(bytes), &size, &status, &error), ERROR_IO, "but cannot be read");
	gzip_close(reader);
}

int main(void)
{
	if (mkdtemp(folder) == NULL)
		return 1;
	(void)snprintf(path, sizeof(path), "%s/file", folder);
	test_plain();
	test_members();
	test_header_fields();
	test_every_truncation();
	test_every_flip();
	test_trailing();
	test_drain();
	test_refused();
	test_pieces();
	(void)unlink(path);
	(void)rmdir(folder);
	return tap_done();
}
