#include "scenarios/pipelines/embedded/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int lines_read(const char *path, int (*line)(void *context, struct slice text, struct error *error), void *context,
	       struct error *error)
{
	FILE *file = fopen(path, "re");
	if (file == NULL && errno == ENOENT)
		return 0;
	if (file == NULL)
		return error_system(error, "cannot read \"%s\"", path);
	char *text = NULL;
	size_t room = 0;
	ssize_t size = 0;
	off_t whole = 0;
	int code = 0;
	while (code == 0 && (size = getline(&text, &room, file)) > 0 && text[size - 1] == '\n') {
		whole += size;
		code = line(context, (struct slice){text, (size_t)size - 1}, error);
	}
	if (code == 0 && ferror(file))
		code = error_system(error, "cannot read \"%s\"", path);
	if (code == 0 && size > 0 && truncate(path, whole) != 0)
		code = error_system(error, "cannot cut \"%s\" after its last whole line", path);
	free(text);
	fclose(file);
	return code;
}

static bool write_all(int file, struct slice text)
{
	while (text.size > 0) {
		ssize_t written = write(file, text.data, text.size);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		text.data += written;
		text.size -= (size_t)written;
	}
	return true;
}

int lines_append(const char *path, struct slice text, bool sync, struct error *error)
{
	struct stat status;
	if (text.size == 0)
		return 0;
	int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	if (file < 0 || fstat(file, &status) != 0) {
		int code = error_system(error, "cannot write \"%s\"", path);
		if (file >= 0)
			close(file);
		return code;
	}
	int code = 0;
	if (!write_all(file, text) || (sync && fsync(file) != 0)) {
		code = error_system(error, "cannot write \"%s\"", path);
		if (ftruncate(file, status.st_size) != 0)
			error_prefix(error, "a part of a line is left behind");
	}
	if (close(file) != 0 && code == 0)
		code = error_system(error, "cannot write \"%s\"", path);
	return code;
}
