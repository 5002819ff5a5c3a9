#include "scenarios/pipelines/embedded/checkpoint.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "scenarios/pipelines/embedded/lines.h"

enum { CHECKPOINT_SIZE_MAX = 1 << 30 };

static int know(void *context, struct slice line, struct error *error)
{
	struct checkpoint *checkpoint = context;
	size_t number;
	bool added;
	return keymap_add(&checkpoint->lines, line, &number, &added, error);
}

int checkpoint_open(struct checkpoint *checkpoint, const char *path, bool sync, struct error *error)
{
	*checkpoint = (struct checkpoint){.path = strdup(path), .sync = sync};
	keymap_init(&checkpoint->lines);
	buffer_init(&checkpoint->fresh, CHECKPOINT_SIZE_MAX);
	if (checkpoint->path == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory for the checkpoint");
	return lines_read(path, know, checkpoint, error);
}

void checkpoint_release(struct checkpoint *checkpoint)
{
	free(checkpoint->path);
	keymap_release(&checkpoint->lines);
	buffer_release(&checkpoint->fresh);
}

int checkpoint_file_line(const char *path, const char *name, bool name_alone, struct buffer *line, struct error *error)
{
	struct stat status;
	if (stat(path, &status) != 0)
		return error_system(error, "cannot look at \"%s\"", path);
	line->size = 0;
	buffer_append_byte(line, '[');
	buffer_append_json(line, slice_from(name));
	if (name_alone)
		buffer_append_byte(line, ']');
	else
		buffer_printf(line, ",%jd,%jd%09ld]", (intmax_t)status.st_size, (intmax_t)status.st_mtim.tv_sec,
			      status.st_mtim.tv_nsec);
	return line->failed ? error_set(error, ERROR_INTERNAL, "out of memory for the checkpoint") : 0;
}

bool checkpoint_has(const struct checkpoint *checkpoint, struct slice line)
{
	size_t number;
	return keymap_find(&checkpoint->lines, line, &number);
}

int checkpoint_add(struct checkpoint *checkpoint, struct slice line, struct error *error)
{
	buffer_append_slice(&checkpoint->fresh, line);
	if (buffer_append_byte(&checkpoint->fresh, '\n') != 0 || checkpoint->fresh.failed)
		return error_set(error, ERROR_INTERNAL, "out of memory for the checkpoint");
	return 0;
}

int checkpoint_write(struct checkpoint *checkpoint, struct error *error)
{
	int code = lines_append(checkpoint->path, buffer_slice(&checkpoint->fresh), checkpoint->sync, error);
	for (size_t at = 0; code == 0 && at < checkpoint->fresh.size;) {
		struct slice rest = {checkpoint->fresh.data + at, checkpoint->fresh.size - at};
		struct slice line = {rest.data, (size_t)((const char *)memchr(rest.data, '\n', rest.size) - rest.data)};
		code = know(checkpoint, line, error);
		at += line.size + 1;
	}
	checkpoint->fresh.size = 0;
	return code;
}

void checkpoint_forget(struct checkpoint *checkpoint)
{
	checkpoint->fresh.size = 0;
}
