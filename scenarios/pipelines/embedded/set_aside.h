/* set_aside - records that could not be used, as JSON lines {"file", "offset", "reason"}: one each, however often the
 * record was met.
 *
 * Written just before the commit of the batch that met them: a crash between the two costs nothing, as what is there is
 * not written again. Not thread-safe. */
#ifndef LAKEPROOF_PIPELINE_SET_ASIDE_H
#define LAKEPROOF_PIPELINE_SET_ASIDE_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "scenarios/pipelines/embedded/keymap.h"

struct set_aside {
	char *path;
	bool sync;
	struct keymap known; /* the lines, without their reasons */
	struct buffer fresh, line;
};

int set_aside_open(struct set_aside *list, const char *path, bool sync, struct error *error) MUST_USE;
void set_aside_release(struct set_aside *list);
int set_aside_add(struct set_aside *list, const char *file, size_t offset, const char *reason,
		  struct error *error) MUST_USE;
int set_aside_write(struct set_aside *list, struct error *error) MUST_USE;

#endif
