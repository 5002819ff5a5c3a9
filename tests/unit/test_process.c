/* Children run with what they are given, end at their limits, and leave nothing behind. */
#include "base/process.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/scratch.h"
#include "tests/tap.h"

static char folder[SCRATCH_PATH_MAX];
static char out[SCRATCH_PATH_MAX + 16], err[SCRATCH_PATH_MAX + 16];
static const char *const environment[] = {"PATH=/usr/bin:/bin", "COLOUR=blue green", NULL};

static struct process_plan shell(const char *script, const char **words)
{
	words[0] = "sh";
	words[1] = "-c";
	words[2] = script;
	words[3] = NULL;
	return (struct process_plan){
		.words = words, .environment = environment, .folder = folder, .out = out, .err = err};
}

static bool run(const struct process_plan *plan, struct process_end *end)
{
	struct process process;
	struct error error = {0};
	bool done = process_start(plan, &process, &error) == 0 && process_wait(&process, end, &error) == 0;
	if (!done)
		printf("# %s\n", error.message);
	return done;
}

static const char *read_out(struct buffer *text)
{
	return scratch_read(folder, "out", text) ? text->data : "(none)";
}

/* The number that a script left in a file, once it is there. */
static pid_t left_number(const char *name)
{
	struct buffer text;
	pid_t pid = 0;
	buffer_init(&text, 65536);
	for (int i = 0; i < 500 && pid == 0; i++) {
		if (scratch_read(folder, name, &text) && text.size > 0 && text.data[text.size - 1] == '\n')
			pid = (pid_t)strtol(text.data, NULL, 10);
		else
			usleep(10000);
	}
	buffer_release(&text);
	return pid;
}

/* Gone, or a zombie that its new parent has not looked at yet. */
static bool is_gone(pid_t pid)
{
	char path[64], text[256] = "";
	for (int i = 0; i < 300; i++) {
		if (pid > 0 && kill(pid, 0) != 0 && errno == ESRCH)
			return true;
		snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
		FILE *file = fopen(path, "r");
		bool dead = file == NULL || (fgets(text, sizeof(text), file) != NULL && strstr(text, ") Z ") != NULL);
		if (file != NULL)
			fclose(file);
		if (pid > 0 && dead)
			return true;
		usleep(10000);
	}
	return false;
}

static void test_ends(void)
{
	const char *words[4];
	struct process_end end;
	struct buffer text;
	buffer_init(&text, 65536);
	struct process_plan plan = shell("echo \"$COLOUR $PWD\"; echo oops >&2; exit 3", words);
	ok(run(&plan, &end) && end.exit == 3 && end.signal == 0 && !end.over_limit, "exit status 3 is 3");
	char want[2 * SCRATCH_PATH_MAX];
	snprintf(want, sizeof(want), "blue green %s\n", folder);
	is_text(read_out(&text), want, "environment, folder and stdout are as asked");
	ok(scratch_read(folder, "err", &text) && strcmp(text.data, "oops\n") == 0, "stderr goes to its own file");
	ok(end.rss_peak > 100000 && end.us > 0, "memory and time are told");
	plan = shell("kill -9 $$", words);
	ok(run(&plan, &end) && end.exit == -1 && end.signal == SIGKILL && !end.cut, "killed by itself: signal 9");
	buffer_release(&text);
}

static void test_refused(void)
{
	const char *words[] = {"no-such-program", NULL};
	struct process_plan plan = {.words = words, .environment = environment};
	struct process process;
	struct error error = {0};
	is_int(process_start(&plan, &process, &error), ERROR_USAGE, "a program that is not there cannot be run");
	is_text(error.message, "cannot run \"no-such-program\": No such file or directory", "and is named");
	is_int(process.pid, 0, "no process is left of it");
}

static void test_limits(void)
{
	const char *words[4];
	struct process_end end;
	struct process_plan plan = shell("trap '' TERM; sleep 60 & echo $! >hanging; wait", words);
	plan.limit_us = 300000;
	ok(run(&plan, &end) && end.over_limit && !end.cut && end.signal == SIGKILL, "a limit of time is kept");
	ok(end.us >= 300000 && end.us < 5000000, "at once");
	ok(is_gone(left_number("hanging")), "its grandchild is gone too");
	plan = shell("sleep 60", words);
	plan.kill_us = 50000;
	plan.limit_us = 10000000;
	ok(run(&plan, &end) && end.cut && !end.over_limit && end.signal == SIGKILL, "killed after a while");
	plan = shell("sleep 60 & echo $! >left", words);
	ok(run(&plan, &end) && end.exit == 0 && is_gone(left_number("left")), "who ends leaves no children running");
	plan = shell("head -c 10000 /dev/zero >large || exit 9", words);
	plan.file_max = 4096;
	ok(run(&plan, &end) && end.exit == 9 && end.signal == 0, "a full disk is an error, not a death");
}

static void test_stop(void)
{
	const char *words[4];
	struct process process;
	struct process_end end;
	struct error error = {0};
	struct process_plan plan = shell("trap 'exit 5' TERM; echo $$ >ready; while :; do sleep 0.01; done", words);
	ok(process_start(&plan, &process, &error) == 0 && !process_has_ended(&process), "a service runs");
	(void)left_number("ready");
	process_stop(&process, 5000000, &end);
	ok(end.exit == 5 && process.pid == 0, "and ends in its own way when it is asked to");
}

static int forked(void *context)
{
	const char *words[4];
	struct process_plan plan = shell(context, words);
	struct process_end end;
	return run(&plan, &end) ? end.exit : 99;
}

static int forks_and_dies(void *context)
{
	struct process process;
	struct error error = {0};
	if (process_fork(forked, context, &process, &error) != 0)
		return 1;
	(void)left_number("orphan");
	kill(getpid(), SIGKILL);
	return 2;
}

static void test_workers(void)
{
	struct process workers[2] = {{0}};
	struct process_end end;
	struct error error = {0};
	char seven[] = "exit 7", orphan[] = "echo $$ >self; sleep 60 & echo $! >orphan; wait";
	fflush(stdout);
	ok(process_fork(forked, seven, &workers[1], &error) == 0 && process_wait_any(workers, 2) == 1 &&
		   process_wait(&workers[1], &end, &error) == 0 && end.exit == 7,
	   "a worker gives back what it was asked for");
	fflush(stdout);
	ok(process_fork(forks_and_dies, orphan, &workers[0], &error) == 0 && process_wait_any(workers, 2) == 0 &&
		   process_wait(&workers[0], &end, &error) == 0 && end.signal == SIGKILL,
	   "its starter is killed");
	ok(is_gone(left_number("self")) && is_gone(left_number("orphan")), "so its children die, and theirs");
	process_guard(true);
	kill(getpid(), SIGINT);
	ok(process_wait_any(workers, 2) == -1 && process_interrupted() == SIGINT, "a guarded signal is told, no death");
}

int main(void)
{
	scratch_make(folder);
	snprintf(out, sizeof(out), "%s/out", folder);
	snprintf(err, sizeof(err), "%s/err", folder);
	test_ends();
	test_refused();
	test_limits();
	test_stop();
	test_workers();
	scratch_remove(folder);
	return tap_done();
}
