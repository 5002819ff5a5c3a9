#include "base/whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"

enum { BLOCK_SIZE = 64 * 1024 };

static int read_all(int file, const char *path, struct buffer *bytes, struct error *error)
{
	struct stat status;
	if (fstat(file, &status) != 0)
		return error_system(error, "cannot read \"%s\"", path);
	if (!S_ISREG(status.st_mode))
		return error_set(error, ERROR_IO, "cannot read \"%s\": it is no file", path);
	/* Usually the first read takes all of it and the second finds the end. */
	size_t block = status.st_size < BLOCK_SIZE ? (size_t)status.st_size + 1 : BLOCK_SIZE;
	for (;;) {
		if (bytes->size_max - bytes->size < block + JSON_PADDING)
			return error_set(error, ERROR_DATA, "\"%s\" is larger than %zu bytes", path, bytes->size_max);
		if (buffer_reserve(bytes, block + JSON_PADDING) != 0)
			return error_set(error, ERROR_INTERNAL, "out of memory while reading \"%s\"", path);
		ssize_t size = read(file, bytes->data + bytes->size, block);
		if (size < 0 && errno != EINTR)
			return error_system(error, "cannot read \"%s\"", path);
		if (size == 0) {
			memset(bytes->data + bytes->size, 0, JSON_PADDING);
			return 0;
		}
		bytes->size += size > 0 ? (size_t)size : 0;
	}
}

int whole_file_read(const char *path, struct buffer *bytes, struct error *error)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return error_system(error, "cannot read \"%s\"", path);
	int code = read_all(file, path, bytes, error);
	close(file);
	return code;
}

static bool write_all(int file, struct slice bytes)
{
	while (bytes.size > 0) {
		ssize_t size = write(file, bytes.data, bytes.size);
		if (size < 0 && errno != EINTR)
			return false;
		bytes.data += size > 0 ? size : 0;
		bytes.size -= size > 0 ? (size_t)size : 0;
	}
	return true;
}

int whole_file_write(const char *path, struct slice bytes, struct error *error)
{
	char *aside = NULL;
	int code = 0;
	if (asprintf(&aside, "%s.%ld.new", path, (long)getpid()) < 0)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	int file = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (file < 0) {
		code = error_system(error, "cannot write \"%s\"", path);
		goto out;
	}
	bool good = write_all(file, bytes);
	int cause = errno;
	if (close(file) != 0 && good) {
		good = false;
		cause = errno;
	}
	errno = cause;
	if (!good || rename(aside, path) != 0) {
		code = error_system(error, "cannot write \"%s\"", path);
		(void)unlink(aside);
	}
out:
	free(aside);
	return code;
}
