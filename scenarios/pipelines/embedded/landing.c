#include "scenarios/pipelines/embedded/landing.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/gzip.h"

enum { FOLDER_DEPTH_MAX = 32, READ_SIZE = 1 << 16 };
#define FILE_SIZE_MAX ((size_t)4 << 30)

/* ---- listing */

static int list_add(char ***files, size_t *count, const char *path, struct error *error)
{
	char **grown = realloc(*files, (*count + 1) * sizeof(**files));
	if (grown == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory for the list of files");
	*files = grown;
	grown[*count] = strdup(path);
	if (grown[*count] == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory for the list of files");
	++*count;
	return 0;
}

static int list_folder(const char *path, int depth, char ***files, size_t *count, struct error *error)
{
	if (depth > FOLDER_DEPTH_MAX)
		return error_set(error, ERROR_DATA, "\"%s\" is nested too deep; is there a link to itself?", path);
	DIR *folder = opendir(path);
	if (folder == NULL)
		return error_system(error, "cannot list \"%s\"", path);
	int code = 0;
	for (struct dirent *entry = readdir(folder); code == 0 && entry != NULL; entry = readdir(folder)) {
		if (entry->d_name[0] == '.' || entry->d_name[0] == '_' || strcmp(entry->d_name, "faults.jsonl") == 0)
			continue;
		size_t size = strlen(path) + strlen(entry->d_name) + 2;
		char *child = malloc(size);
		struct stat status;
		if (child == NULL) {
			code = error_set(error, ERROR_INTERNAL, "out of memory for the list of files");
			break;
		}
		snprintf(child, size, "%s/%s", path, entry->d_name);
		if (stat(child, &status) != 0)
			code = error_system(error, "cannot look at \"%s\"", child);
		else if (S_ISDIR(status.st_mode))
			code = list_folder(child, depth + 1, files, count, error);
		else
			code = list_add(files, count, child, error);
		free(child);
	}
	closedir(folder);
	return code;
}

static int path_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int landing_list(const char *path, char ***files, size_t *count, struct error *error)
{
	struct stat status;
	if (stat(path, &status) != 0)
		return error_system(error, "cannot look at \"%s\"", path);
	int code = S_ISDIR(status.st_mode) ? list_folder(path, 0, files, count, error)
					   : list_add(files, count, path, error);
	if (code == 0 && *count > 1)
		qsort(*files, *count, sizeof(**files), path_order);
	return code;
}

void landing_list_free(char **files, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(files[i]);
	free(files);
}

/* ---- reading */

static int check_md5(const struct landing_file *file, const struct gzip_reader *reader, struct error *error)
{
	uint8_t md5[16];
	struct buffer text;
	buffer_init(&text, 64);
	int code = gzip_md5(reader, md5, error);
	if (code == 0 && buffer_append_base64(&text, (struct slice){(const char *)md5, sizeof(md5)}) != 0)
		code = error_set(error, ERROR_INTERNAL, "out of memory for a checksum");
	if (code == 0 && !slice_is(buffer_slice(&text), file->md5))
		code = error_set(error, ERROR_DATA, "\"%s\" is not what its MD5 says; fetch it again", file->path);
	buffer_release(&text);
	return code;
}

int landing_read(const struct landing_file *file, struct bug_set bugs, struct buffer *bytes, struct error *error)
{
	struct gzip_reader *reader = NULL;
	enum gzip_status status = GZIP_MORE;
	bool with_md5 = file->md5 != NULL && !bugs_has(bugs, BUG_MD5_UNCHECKED);
	int code = gzip_open(file->path, with_md5, &reader, error);
	while (code == 0 && status == GZIP_MORE) {
		size_t size = 0;
		if (buffer_reserve(bytes, READ_SIZE + JSON_PADDING) != 0)
			code = error_set(error, ERROR_INTERNAL, "\"%s\" does not fit into memory; split it",
					 file->path);
		else
			code = gzip_read(reader, bytes->data + bytes->size, READ_SIZE, &size, &status, error);
		if (code == 0)
			bytes->size += size;
	}
	if (code == 0 && status != GZIP_END && !bugs_has(bugs, BUG_TRUNCATED_IS_END))
		code = error_set(error, ERROR_DATA, "\"%s\" is %s; fetch it again", file->path,
				 status == GZIP_TRUNCATED ? "cut short" : "damaged");
	if (code == 0 && with_md5)
		code = check_md5(file, reader, error);
	gzip_close(reader);
	if (code == 0)
		memset(bytes->data + bytes->size, 0, JSON_PADDING);
	return code;
}

int landing_records(const struct landing_file *file, struct json_parser *parser, struct bug_set bugs,
		    const struct landing_sink *sink, struct error *error)
{
	struct buffer bytes;
	buffer_init(&bytes, FILE_SIZE_MAX);
	int code = landing_read(file, bugs, &bytes, error);
	if (code == 0)
		code = landing_walk(file->path, buffer_slice(&bytes), parser, (struct bug_set){0}, sink, error);
	buffer_release(&bytes);
	return code;
}
