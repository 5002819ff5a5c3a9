/* sessions - processes that the cells of a run share, such as a JVM: one for each list of words.
 *
 * Started at once, used when each one's file of readiness is there, stopped together. Belongs to one thread. Errors:
 * ERROR_IO, ERROR_INTERNAL; a session that cannot be started is no error but failed. */
#ifndef LAKEPROOF_HARNESS_RUNNER_SESSIONS_H
#define LAKEPROOF_HARNESS_RUNNER_SESSIONS_H

#include "base/process.h"
#include "harness/runner/selection.h"

struct session {
	const struct pipeline_file *pipeline; /* the first that wants it */
	struct process process;
	const char *folder;
	bool failed;
};

struct sessions {
	struct session *list;
	uint32_t count;
	struct arena arena;
};

/* `wanted`: of which cells' pipelines. Returns when all are ready, failed, or a signal came. */
int sessions_start(const struct selection *selection, const bool *wanted, const char *folder,
		   const char *program_folder, struct sessions *sessions, struct error *error) MUST_USE;
/* NULL when the pipeline wants none. */
const struct session *sessions_of(const struct sessions *sessions, const struct pipeline_file *pipeline);
void sessions_stop(struct sessions *sessions);

#endif
