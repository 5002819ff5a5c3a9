#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SECOND_US = 1000000 };

/* What a signal has to end: groups as negative numbers, forked workers as their own. Written between fork and reaping,
 * read by the handler. */
static volatile pid_t live[PROCESS_LIVE_MAX];
static volatile sig_atomic_t interrupted;

int64_t process_now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * SECOND_US + now.tv_nsec / 1000;
}

static bool live_add(pid_t pid)
{
	for (unsigned i = 0; i < PROCESS_LIVE_MAX; i++) {
		if (live[i] == 0) {
			live[i] = pid;
			return true;
		}
	}
	return false;
}

static void live_remove(pid_t pid)
{
	for (unsigned i = 0; i < PROCESS_LIVE_MAX; i++)
		if (live[i] == pid)
			live[i] = 0;
}

/* ---- signals */

static void remember(int number)
{
	interrupted = number;
}

static void end_all(int number)
{
	for (unsigned i = 0; i < PROCESS_LIVE_MAX; i++) {
		pid_t pid = live[i];
		if (pid != 0)
			kill(pid, pid < 0 ? SIGKILL : SIGTERM);
	}
	process_die(number);
}

static const int guarded[] = {SIGINT, SIGTERM, SIGHUP};
enum { GUARDED = 3 };

void process_guard(bool gently)
{
	struct sigaction action = {.sa_handler = gently ? remember : end_all};
	sigemptyset(&action.sa_mask);
	for (unsigned i = 0; i < GUARDED; i++)
		sigaction(guarded[i], &action, NULL);
}

int process_interrupted(void)
{
	return interrupted;
}

void process_die(int number)
{
	struct sigaction action = {.sa_handler = SIG_DFL};
	sigset_t one;
	sigemptyset(&action.sa_mask);
	sigaction(number, &action, NULL);
	sigemptyset(&one);
	sigaddset(&one, number);
	raise(number);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
}

static void forget_signals(void)
{
	struct sigaction action = {.sa_handler = SIG_DFL};
	sigset_t none;
	sigemptyset(&action.sa_mask);
	for (unsigned i = 0; i < GUARDED; i++)
		sigaction(guarded[i], &action, NULL);
	sigaction(SIGPIPE, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* ---- in the child */

static int open_as(const char *path, int flags, int as)
{
	int file = open(path, flags | O_CLOEXEC, 0666);
	int done = file < 0 ? -1 : dup2(file, as);
	if (file >= 0 && file != as)
		close(file);
	return done < 0 ? -1 : 0;
}

/* Why it could not become the program, as an errno. */
static int become(const struct process_plan *plan)
{
	const int to_file = O_WRONLY | O_CREAT | O_APPEND;

	if (open_as("/dev/null", O_RDONLY, STDIN_FILENO) != 0 ||
	    open_as(plan->out != NULL ? plan->out : "/dev/null", to_file, STDOUT_FILENO) != 0 ||
	    open_as(plan->err != NULL ? plan->err : "/dev/null", to_file, STDERR_FILENO) != 0 ||
	    (plan->folder != NULL && chdir(plan->folder) != 0))
		return errno;
	if (plan->file_max > 0) {
		const struct rlimit most = {plan->file_max, plan->file_max};
		const struct sigaction ignore = {.sa_handler = SIG_IGN};
		/* Ignored, so that writing fails as it does on a full disk instead of killing who writes. */
		if (setrlimit(RLIMIT_FSIZE, &most) != 0 || sigaction(SIGXFSZ, &ignore, NULL) != 0)
			return errno;
	}
	const struct rlimit no_core = {0, 0};
	if (setrlimit(RLIMIT_CORE, &no_core) != 0)
		return errno;
	(void)syscall(SYS_close_range, 3U, ~0U, 1U << 2); /* on exec; ours are so anyway */
	environ = (char **)(uintptr_t)plan->environment;
	execvp(plan->words[0], (char *const *)(uintptr_t)plan->words);
	return errno;
}

/* Dies with its parent, which may be gone already. */
static void follow(pid_t parent, int number)
{
	prctl(PR_SET_PDEATHSIG, number);
	if (getppid() != parent)
		raise(number);
}

/* ---- in the parent */

static int take_handle(struct process *process, struct error *error)
{
	process->handle = (int)syscall(SYS_pidfd_open, process->pid, 0);
	if (process->handle >= 0)
		return 0;
	int code = error_system(error, "cannot watch a child process");
	kill(process->pid, SIGKILL);
	(void)waitpid(process->pid, NULL, 0);
	process->pid = 0;
	return code;
}

/* Starts it with signals held back, so that the handler finds it in the table from the first moment. */
static pid_t fork_held(sigset_t *before)
{
	sigset_t held;
	sigemptyset(&held);
	for (unsigned i = 0; i < GUARDED; i++)
		sigaddset(&held, guarded[i]);
	sigprocmask(SIG_BLOCK, &held, before);
	return fork();
}

int process_start(const struct process_plan *plan, struct process *process, struct error *error)
{
	int report[2], failed = 0;
	pid_t parent = getpid();
	sigset_t before;

	*process = (struct process){.handle = -1, .limit_us = plan->limit_us, .kill_us = plan->kill_us};
	if (pipe2(report, O_CLOEXEC) != 0)
		return error_system(error, "cannot make a pipe");
	process->started_us = process_now_us();
	pid_t pid = fork_held(&before);
	if (pid == 0) {
		setpgid(0, 0);
		forget_signals();
		follow(parent, SIGKILL);
		failed = become(plan);
		(void)!write(report[1], &failed, sizeof(failed));
		_exit(127);
	}
	if (pid > 0) {
		setpgid(pid, pid); /* both do it, since nobody knows who comes first */
		(void)live_add(-pid);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(report[1]);
	ssize_t got = pid > 0 ? read(report[0], &failed, sizeof(failed)) : 0;
	close(report[0]);
	if (pid < 0)
		return error_system(error, "cannot start a process");
	process->pid = pid;
	process->target = -pid;
	if (take_handle(process, error) != 0) {
		live_remove(-pid);
		return error->code;
	}
	if (got != (ssize_t)sizeof(failed))
		return 0;
	process_stop(process, 0, NULL);
	errno = failed;
	error_system(error, "cannot run \"%s\"", plan->words[0]);
	error->code = ERROR_USAGE;
	return error_code(error);
}

/* Reaps it; what is left of its group goes first, while its number is still its own. */
static void reap(struct process *process, struct process_end *end)
{
	struct rusage usage = {0};
	siginfo_t state;
	int status = 0;

	while (waitid(P_PID, (id_t)process->pid, &state, WEXITED | WNOWAIT) != 0 && errno == EINTR)
		;
	kill(process->target, SIGKILL);
	live_remove(-process->pid);
	live_remove(process->pid);
	while (wait4(process->pid, &status, 0, &usage) < 0 && errno == EINTR)
		;
	end->exit = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	end->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	end->us = process_now_us() - process->started_us;
	end->rss_peak = (uint64_t)usage.ru_maxrss * 1024;
	close(process->handle);
	process->pid = 0;
	process->handle = -1;
}

/* Waits for the end, at most until then; INT64_MAX: as long as it takes. */
static bool ended_before(const struct process *process, int64_t until_us)
{
	struct pollfd handle = {.fd = process->handle, .events = POLLIN};

	for (;;) {
		int64_t left_us = until_us == INT64_MAX ? INT64_MAX : until_us - process_now_us();
		int64_t left_ms = left_us <= 0 ? 0 : left_us / 1000 + (left_us < SECOND_US);
		int got = poll(&handle, 1, left_ms > 60000 ? 60000 : (int)left_ms);
		if (got > 0)
			return true;
		if (got == 0 && left_us <= 0)
			return false;
	}
}

int process_wait(struct process *process, struct process_end *end, struct error *error)
{
	int64_t kill_at = process->kill_us > 0 ? process->started_us + process->kill_us : INT64_MAX;
	int64_t limit_at = process->limit_us > 0 ? process->started_us + process->limit_us : INT64_MAX;

	*end = (struct process_end){.exit = -1};
	if (process->pid == 0)
		return error_set(error, ERROR_INTERNAL, "there is no process to wait for");
	if (!ended_before(process, kill_at < limit_at ? kill_at : limit_at)) {
		end->cut = kill_at < limit_at;
		end->over_limit = !end->cut;
		kill(process->target, SIGKILL);
	}
	reap(process, end);
	return 0;
}

bool process_has_ended(const struct process *process)
{
	return process->pid == 0 || ended_before(process, 0);
}

void process_stop(struct process *process, int64_t grace_us, struct process_end *end)
{
	struct process_end own;

	if (end == NULL)
		end = &own;
	*end = (struct process_end){.exit = -1};
	if (process->pid == 0)
		return;
	kill(process->target, SIGTERM);
	if (!ended_before(process, process_now_us() + grace_us))
		kill(process->target, SIGKILL);
	reap(process, end);
}

int process_fork(int (*work)(void *context), void *context, struct process *process, struct error *error)
{
	pid_t parent = getpid();
	sigset_t before;

	*process = (struct process){.handle = -1, .started_us = process_now_us()};
	pid_t pid = fork_held(&before);
	if (pid == 0) {
		for (unsigned i = 0; i < PROCESS_LIVE_MAX; i++)
			live[i] = 0; /* theirs are not ours to end */
		interrupted = 0;
		process_guard(false);
		follow(parent, SIGTERM);
		sigprocmask(SIG_SETMASK, &before, NULL);
		_exit(work(context));
	}
	if (pid > 0)
		(void)live_add(pid);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (pid < 0)
		return error_system(error, "cannot start a worker");
	process->pid = pid;
	process->target = pid;
	if (take_handle(process, error) != 0) {
		live_remove(pid);
		return error->code;
	}
	return 0;
}

int process_wait_any(const struct process *processes, uint32_t count)
{
	struct pollfd handles[PROCESS_LIVE_MAX];

	for (uint32_t i = 0; i < count && i < PROCESS_LIVE_MAX; i++)
		handles[i] = (struct pollfd){.fd = processes[i].pid != 0 ? processes[i].handle : -1, .events = POLLIN};
	while (interrupted == 0) {
		int got = poll(handles, count < PROCESS_LIVE_MAX ? count : PROCESS_LIVE_MAX, 200);
		for (uint32_t i = 0; got > 0 && i < count && i < PROCESS_LIVE_MAX; i++)
			if (handles[i].fd >= 0 && handles[i].revents != 0)
				return (int)i;
	}
	return -1;
}
