#include "harness/run_report.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/whole_file.h"
#include "harness/verb.h"

enum { TREND_RUNS = 30, WIDTH_WITHOUT_TERMINAL = 240 };
#define REPORT_BYTES_MAX ((size_t)2 << 30)

static uint32_t terminal_width(void)
{
	struct winsize size;
	if (isatty(STDOUT_FILENO) == 1 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return WIDTH_WITHOUT_TERMINAL;
}

static struct matrix_style style_of(const struct run_report *wanted)
{
	return (struct matrix_style){.colour = wanted->output == NULL && verb_colour(),
				     .expect = wanted->expect,
				     .width = terminal_width()};
}

static int render(const struct matrix *matrix, enum matrix_format format, const struct matrix_style *style,
		  const char *path, struct error *error)
{
	struct buffer out;
	buffer_init(&out, REPORT_BYTES_MAX);
	int code = matrix_render(matrix, format, style, &out, error);
	if (code == 0 && path != NULL)
		code = whole_file_write(path, buffer_slice(&out), error);
	else if (code == 0 && fwrite(out.data, 1, out.size, stdout) != out.size)
		code = error_system(error, "cannot write the report to stdout");
	buffer_release(&out);
	return code;
}

static void tell(const char *note)
{
	if (note != NULL)
		(void)fprintf(stderr, "lakeproof: %s\n", note);
}

/* A run is in a folder of runs, which holds the history too. */
static const char *history_path(const struct run_report *wanted, struct matrix *matrix)
{
	if (wanted->history != NULL)
		return wanted->history;
	char *whole = realpath(wanted->folder, NULL);
	char *slash = whole != NULL ? strrchr(whole, '/') : NULL;
	const char *path = slash != NULL
				   ? arena_text(&matrix->arena, "%.*s/history.sqlite", (int)(slash - whole), whole)
				   : NULL;
	free(whole);
	return path;
}

/* A part of a run would be compared with whole ones, so it has no trend and is not remembered. */
static void history(const struct run_report *wanted, struct matrix *matrix)
{
	const char *path = history_path(wanted, matrix), *note = NULL;
	if (path == NULL || wanted->filter.scenarios != NULL)
		return;
	if (wanted->remember && wanted->filter.pipelines == NULL) {
		matrix_history_add(matrix, path, &note);
		tell(note);
	}
	matrix_history_trend(matrix, path, TREND_RUNS, &note);
	tell(note);
}

int run_report(const struct run_report *wanted, int *exit, struct error *error)
{
	struct matrix matrix;
	struct matrix_style style = style_of(wanted);
	int code = matrix_load(wanted->folder, &wanted->filter, &matrix, error);
	if (code != 0)
		goto out;
	history(wanted, &matrix);
	code = render(&matrix, wanted->format, &style, wanted->output, error);
	const char *page = arena_text(&matrix.arena, "%s/report.html", wanted->folder);
	if (code == 0 && wanted->page && page != NULL)
		code = render(&matrix, MATRIX_HTML, &style, page, error);
	*exit = matrix_exit(&matrix, wanted->expect);
out:
	matrix_release(&matrix);
	return code;
}

static bool is_run(const char *runs, const char *name)
{
	char *path = NULL;
	if (name[0] == '.' || asprintf(&path, "%s/%s/run.json", runs, name) < 0)
		return false;
	bool there = access(path, F_OK) == 0;
	free(path);
	return there;
}

/* Names begin with the time at which the run began. */
int run_report_last(const char *runs, char **folder, struct error *error)
{
	char *last = NULL;
	struct dirent *entry;
	DIR *open = opendir(runs);
	*folder = NULL;
	if (open == NULL)
		return error_system(error, "cannot read the folder of runs \"%s\"", runs);
	while ((entry = readdir(open)) != NULL) {
		if (!is_run(runs, entry->d_name) || (last != NULL && strcmp(entry->d_name, last) <= 0))
			continue;
		free(last);
		last = strdup(entry->d_name);
	}
	closedir(open);
	int code = 0;
	if (last == NULL)
		code = error_set(error, ERROR_DATA, "\"%s\" holds no run; `lakeproof run` makes one", runs);
	else if (asprintf(folder, "%s/%s", runs, last) < 0)
		code = error_set(error, ERROR_INTERNAL, "out of memory");
	free(last);
	return code;
}
