/* Event files: those that were not applied before, some at a time. */
#include <stdlib.h>

#include "scenarios/pipelines/embedded/merge.h"

static int line_of(const struct pipeline *pipeline, const char *path, struct buffer *line, struct error *error)
{
	bool name_alone = bugs_has(pipeline->bugs, BUG_NAME_ALONE_COUNTS);
	return checkpoint_file_line(path, pipeline_name(pipeline, path), name_alone, line, error);
}

static int merge_some(struct pipeline *pipeline, const struct landing_file *files, size_t count, struct error *error)
{
	struct merge merge = {.format = pipeline->format, .files = files, .count = count};
	struct buffer line;
	buffer_init(&line, 1 << 16);
	int code = 0;
	for (size_t i = 0; code == 0 && i < count; i++) {
		code = line_of(pipeline, files[i].path, &line, error);
		if (code == 0)
			code = checkpoint_add(&pipeline->applied, buffer_slice(&line), error);
	}
	buffer_release(&line);
	return code == 0 ? merge_apply(pipeline, &merge, error) : code;
}

static int find_fresh(const struct pipeline *pipeline, char *const *files, size_t count, struct landing_file *fresh,
		      size_t *fresh_count, struct error *error)
{
	struct buffer line;
	buffer_init(&line, 1 << 16);
	int code = 0;
	for (size_t i = 0; code == 0 && i < count; i++) {
		code = line_of(pipeline, files[i], &line, error);
		if (code == 0 && !checkpoint_has(&pipeline->applied, buffer_slice(&line)))
			fresh[(*fresh_count)++] = (struct landing_file){.path = files[i], .items = -1};
	}
	buffer_release(&line);
	return code;
}

int pipeline_events(struct pipeline *pipeline, char *const *files, size_t count, size_t per_commit, struct error *error)
{
	struct landing_file *fresh = calloc(count + 1, sizeof(*fresh));
	size_t fresh_count = 0;
	int code = fresh == NULL ? error_set(error, ERROR_INTERNAL, "out of memory for the list of files")
				 : find_fresh(pipeline, files, count, fresh, &fresh_count, error);
	if (code == 0 && fresh_count < count)
		pipeline_say(pipeline, "%zu event files were applied before", count - fresh_count);
	for (size_t i = 0; code == 0 && i < fresh_count; i += per_commit)
		code = merge_some(pipeline, fresh + i, fresh_count - i < per_commit ? fresh_count - i : per_commit,
				  error);
	free(fresh);
	return code;
}
