/* process - a child process with limits that leaves nothing behind.
 *
 * A child leads a process group of its own; whatever way it ends, the whole group is killed before it is reaped, so
 * that no grandchild outlives it. It dies with the process that started it, and process_guard makes a signal that ends
 * this process end the groups first. Plans are borrowed during process_start only. One thread at a time. Times are in
 * microseconds. Errors: ERROR_USAGE when the program cannot be run at all, ERROR_IO. */
#ifndef LAKEPROOF_BASE_PROCESS_H
#define LAKEPROOF_BASE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

enum { PROCESS_LIVE_MAX = 64 }; /* children at once, workers included */

struct process_plan {
	const char *const *words;       /* ends with NULL; the first is looked up on the environment's PATH */
	const char *const *environment; /* "NAME=value", ends with NULL */
	const char *folder;             /* to run in; NULL: where we are */
	const char *out, *err;          /* files, which are appended to; NULL: nowhere */
	int64_t limit_us;               /* longer than that it does not run; 0: no limit */
	int64_t kill_us;                /* it is killed after so long, as a power cut would; 0: it is not */
	uint64_t file_max;              /* bytes that any of its files may have: a disk that is full; 0: no limit */
};

struct process {
	pid_t pid;    /* 0: none */
	pid_t target; /* of signals: its group, or a forked worker alone */
	int handle;
	int64_t started_us, limit_us, kill_us;
};

struct process_end {
	int exit;          /* exit status, or -1 */
	int signal;        /* what ended it, or 0 */
	bool over_limit;   /* by us, for limit_us */
	bool cut;          /* by us, for kill_us */
	int64_t us;        /* how long it ran */
	uint64_t rss_peak; /* bytes, of the largest of its processes */
};

int process_start(const struct process_plan *plan, struct process *process, struct error *error) MUST_USE;
/* Until it ends, or its limit ends it. */
int process_wait(struct process *process, struct process_end *end, struct error *error) MUST_USE;
/* Whether it has ended by itself; process_wait then does not wait. */
bool process_has_ended(const struct process *process);
/* SIGTERM to the group, SIGKILL after the grace. NULL end is allowed; nothing is done without a process. */
void process_stop(struct process *process, int64_t grace_us, struct process_end *end);

/* A copy of this process that does the work and ends with what it returns; it dies when we do. Flush output first. */
int process_fork(int (*work)(void *context), void *context, struct process *process, struct error *error) MUST_USE;
/* Waits until one of them ends, or a guarded signal comes: its index, or -1. Entries without a process are passed
 * over. */
int process_wait_any(const struct process *processes, uint32_t count);

/* From now on SIGINT, SIGTERM and SIGHUP are remembered (process_interrupted) when `gently`, so that who waits can end
 * in order; else they kill every group and then this process. */
void process_guard(bool gently);
/* The signal that came, or 0. */
int process_interrupted(void);
/* Ends this process by that signal, as if it had never been guarded. */
void process_die(int number);

/* Monotonic. */
int64_t process_now_us(void);

#endif
