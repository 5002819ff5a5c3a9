/* checkpoint - which landing files and exports were applied: a file with a line for each.
 *
 * It is written after the commit that holds what the line names, so it may know less than the table does, never more.
 * Losing it costs time and nothing else: whatever is applied again is older than, or the same as, what the guard
 * knows. A last line without its end was cut short and does not count. Not thread-safe. */
#ifndef LAKEPROOF_PIPELINE_CHECKPOINT_H
#define LAKEPROOF_PIPELINE_CHECKPOINT_H

#include "base/buffer.h"
#include "base/error.h"
#include "scenarios/pipelines/embedded/keymap.h"

struct checkpoint {
	char *path;
	bool sync;
	struct keymap lines;
	struct buffer fresh; /* lines not written yet */
};

/* A path that is not there is an empty checkpoint. */
int checkpoint_open(struct checkpoint *checkpoint, const char *path, bool sync, struct error *error) MUST_USE;
void checkpoint_release(struct checkpoint *checkpoint);
/* The line of a file: its name, size and time, so that another upload under the same name is another file, or
 * (a bug) the name alone. */
int checkpoint_file_line(const char *path, const char *name, bool name_alone, struct buffer *line,
			 struct error *error) MUST_USE;
bool checkpoint_has(const struct checkpoint *checkpoint, struct slice line);
int checkpoint_add(struct checkpoint *checkpoint, struct slice line, struct error *error) MUST_USE;
/* Appends the lines added since. */
int checkpoint_write(struct checkpoint *checkpoint, struct error *error) MUST_USE;
/* Forgets them: what they name was not applied. */
void checkpoint_forget(struct checkpoint *checkpoint);

#endif
