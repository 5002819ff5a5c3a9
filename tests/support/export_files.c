#include "tests/support/export_files.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "tests/support/source_files.h"

enum { PATH_SIZE = 600 };

static const char *md5_text(struct slice bytes, int wrong)
{
	static char text[32];
	struct buffer buffer;
	uint8_t md5[16];
	unsigned size = 16;
	if (EVP_Digest(bytes.data, bytes.size, md5, &size, EVP_md5(), NULL) != 1)
		abort();
	md5[0] = (uint8_t)(md5[0] ^ wrong);
	buffer_init(&buffer, 100);
	(void)buffer_append_base64(&buffer, (struct slice){(const char *)md5, 16});
	(void)snprintf(text, sizeof(text), "%.*s", (int)buffer.size, buffer.data);
	buffer_release(&buffer);
	return text;
}

const char *export_files_folder(const struct export_files *files)
{
	static char folder[PATH_SIZE];
	(void)snprintf(folder, sizeof(folder), "%s/AWSDynamoDB/%s", files->root, files->id);
	return files_path(folder);
}

static void write_manifest(const struct export_files *files, const char *name, struct slice bytes)
{
	char path[PATH_SIZE];
	(void)snprintf(path, sizeof(path), "%s/AWSDynamoDB/%s/%s.json", files->root, files->id, name);
	files_write(files_path(path), bytes);
	(void)snprintf(path, sizeof(path), "%s/AWSDynamoDB/%s/%s.md5", files->root, files->id, name);
	files_write(files_path(path), slice_from(md5_text(bytes, 0)));
}

static int64_t count_lines(const char *text)
{
	int64_t lines = 0;
	for (const char *at = text; *at != '\0'; at++)
		lines += *at == '\n' && at > text && at[-1] != '\n';
	return lines;
}

/* Its line in the manifest; returns how many items it counts. */
static int64_t write_file(const struct export_files *files, int index, struct buffer *manifest)
{
	const struct export_file_text *file = &files->files[index];
	char key[PATH_SIZE], path[PATH_SIZE * 2];
	const char *text = file->text != NULL ? file->text : "";
	int64_t count = count_lines(text) + (index == 0 ? files->more_counted : 0);
	(void)snprintf(key, sizeof(key), "AWSDynamoDB/%s%sdata/%s", files->incremental ? "" : files->id,
		       files->incremental ? "" : "/", file->name);
	(void)snprintf(path, sizeof(path), "%s/%s", files->root, key);
	files_write_gzip(files_path(path), slice_from(text), 1);
	struct buffer stored = files_read(files_path(path));
	(void)buffer_printf(manifest,
			    "{\"itemCount\":%" PRId64 ",\"md5Checksum\":\"%s\",\"etag\":\"\",\"dataFileS3Key\":"
			    "\"%s%s\"}\n",
			    count, md5_text(buffer_slice(&stored), files->wrong_md5 == index), files->prefix, key);
	if (file->text == NULL)
		(void)remove(files_path(path));
	buffer_release(&stored);
	return count;
}

void export_files_write(const struct export_files *files)
{
	struct buffer text;
	char path[PATH_SIZE];
	int64_t count = 0;
	buffer_init(&text, SIZE_MAX / 2);
	(void)snprintf(path, sizeof(path), "%s/AWSDynamoDB/%s/_started", files->root, files->id);
	files_write(files_path(path), slice_from(""));
	for (int i = 0; i < EXPORT_FILES_MAX && files->files[i].name != NULL; i++)
		count += write_file(files, i, &text);
	write_manifest(files, "manifest-files", buffer_slice(&text));
	text.size = 0;
	(void)buffer_printf(
		&text,
		"{\"version\":\"%s\",\"exportArn\":\"arn:aws:dynamodb:us-east-1:000000000001:table/t1/export/"
		"%s\",\"tableArn\":\"arn:aws:dynamodb:us-east-1:000000000001:table/t1\",\"tableId\":"
		"\"00000000-1111-2222-3333-444444444444\",\"itemCount\":%" PRId64 ",\"outputFormat\":\"%s\"%s}",
		files->incremental ? "2023-08-01" : "2020-06-30", files->id, count, files->format, files->summary);
	write_manifest(files, "manifest-summary", buffer_slice(&text));
	buffer_release(&text);
}
