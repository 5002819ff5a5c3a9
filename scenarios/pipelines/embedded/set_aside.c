#include "scenarios/pipelines/embedded/set_aside.h"

#include <stdlib.h>

#include "scenarios/pipelines/embedded/lines.h"

enum { SET_ASIDE_SIZE_MAX = 1 << 30 };

#define REASON ",\"reason\":"

/* A line of ours begins with the file and the offset; a name's own quotes are escaped, so the first match is it. */
static int know(void *context, struct slice line, struct error *error)
{
	struct set_aside *list = context;
	const char *reason = memmem(line.data, line.size, REASON, sizeof(REASON) - 1);
	size_t number;
	bool added;
	if (reason == NULL)
		return error_set(error, ERROR_DATA, "\"%s\" holds a line that is not this program's", list->path);
	return keymap_add(&list->known, (struct slice){line.data, (size_t)(reason - line.data)}, &number, &added,
			  error);
}

int set_aside_open(struct set_aside *list, const char *path, bool sync, struct error *error)
{
	*list = (struct set_aside){.path = strdup(path), .sync = sync};
	keymap_init(&list->known);
	buffer_init(&list->fresh, SET_ASIDE_SIZE_MAX);
	buffer_init(&list->line, SET_ASIDE_SIZE_MAX);
	if (list->path == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory for records set aside");
	return lines_read(path, know, list, error);
}

void set_aside_release(struct set_aside *list)
{
	free(list->path);
	keymap_release(&list->known);
	buffer_release(&list->fresh);
	buffer_release(&list->line);
}

int set_aside_add(struct set_aside *list, const char *file, size_t offset, const char *reason, struct error *error)
{
	size_t number;
	bool added;
	list->line.size = 0;
	buffer_append_text(&list->line, "{\"file\":");
	buffer_append_json(&list->line, slice_from(file));
	buffer_printf(&list->line, ",\"offset\":%zu", offset);
	int code = keymap_add(&list->known, buffer_slice(&list->line), &number, &added, error);
	if (code != 0 || !added)
		return code;
	buffer_append_text(&list->line, REASON);
	buffer_append_json(&list->line, slice_from(reason));
	buffer_append_text(&list->line, "}\n");
	buffer_append_slice(&list->fresh, buffer_slice(&list->line));
	if (list->line.failed || list->fresh.failed)
		return error_set(error, ERROR_INTERNAL, "out of memory for records set aside");
	return 0;
}

int set_aside_write(struct set_aside *list, struct error *error)
{
	int code = lines_append(list->path, buffer_slice(&list->fresh), list->sync, error);
	list->fresh.size = 0;
	return code;
}
