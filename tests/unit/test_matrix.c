/* test_matrix - a run's folder in every format. `test_matrix --write FOLDER PIPELINES SCENARIOS SEEDS` leaves one
 * behind for a look at it. */
#include "reports/matrix.h"

#include <sqlite3.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/whole_file.h"
#include "tests/support/run_folder.h"
#include "tests/support/scratch.h"
#include "tests/tap.h"

static char scratch[SCRATCH_PATH_MAX];

static const char *below(const char *name)
{
	static char paths[4][SCRATCH_PATH_MAX + 200];
	static int next;
	char *path = paths[next++ % 4];
	(void)snprintf(path, sizeof paths[0], "%s/%s", scratch, name);
	return path;
}

static const char *rendered(const struct matrix *matrix, enum matrix_format format, bool expect, struct buffer *out)
{
	struct matrix_style style = {.expect = expect};
	struct error error = {.code = 0};
	buffer_release(out);
	buffer_init(out, 1 << 28);
	if (matrix_render(matrix, format, &style, out, &error) != 0 || buffer_append_byte(out, '\0') != 0)
		return "";
	out->size--;
	return out->data;
}

static uint32_t occurrences(const char *text, const char *what)
{
	uint32_t count = 0;
	for (const char *at = text; (at = strstr(at, what)) != NULL; at += strlen(what))
		count++;
	return count;
}

static const struct matrix_cell *find(const struct matrix *matrix, const char *problem)
{
	for (uint32_t i = 0; i < matrix->cell_count; i++)
		if (matrix->cells[i].problem != NULL && strstr(matrix->cells[i].problem, problem) != NULL)
			return &matrix->cells[i];
	return NULL;
}

static void test_load(void)
{
	struct matrix matrix;
	struct error error = {.code = 0};
	struct run_folder shape = {"20260103T100000Z-mixed", INT64_C(1767434400000000), 7, 8, 2, false};
	run_folder_make(below("runs/mixed"), &shape);
	int code = matrix_load(below("runs/mixed"), NULL, &matrix, &error);
	ok(code == 0, "a run is loaded: %s", error.message);
	is_int(matrix.cell_count, 7 * 8 * 2, "every planned cell is there");
	is_int(matrix.column_count, 7, "with its pipelines");
	is_int(matrix.row_count, 8, "and scenarios");
	is_int(matrix.verdicts[CELL_ERROR], 3, "those without a result are errors");
	ok(find(&matrix, "has not begun") != NULL, "one never began");
	ok(find(&matrix, "did not finish") != NULL, "one did not finish");
	const struct matrix_cell *damaged = find(&matrix, "cannot be read");
	ok(damaged != NULL && strstr(damaged->problem, "no JSON") != NULL, "one is damaged");
	ok(damaged != NULL && !damaged->cell.as_expected && damaged->cell.scenario[0] != '\0',
	   "it keeps its place, and is not as expected");
	is_int(matrix_exit(&matrix, false), 70, "a run with errors exits so");
	is_int(matrix_exit(&matrix, true), 70, "whatever is expected");
	uint32_t cells = 0;
	for (uint32_t row = 0; row < matrix.row_count; row++)
		for (uint32_t column = 0; column < matrix.column_count; column++)
			cells += matrix_pair(&matrix, row, column)->count;
	is_int(cells, matrix.cell_count, "every cell is in one pair");
	matrix_release(&matrix);
}

/* ---- exits and expectations, on small runs made by hand ---- */

struct planned {
	const char *pipeline;
	enum cell_verdict verdict;
	enum cell_expected expected;
	const char *finding;
};

static void make_run(const char *folder, const struct planned *cells, uint32_t count)
{
	struct run_record record;
	struct error error = {.code = 0};
	char path[SCRATCH_PATH_MAX + 300];
	run_folder_make(folder, &(struct run_folder){.name = "r", .seeds = 1});
	run_record_init(&record);
	record.name = "r";
	record.started_us = record.ended_us = 1;
	(void)snprintf(path, sizeof path, "%s/cells", folder);
	(void)mkdir(path, 0777);
	(void)snprintf(path, sizeof path, "%s/cells/g", folder);
	(void)mkdir(path, 0777);
	(void)snprintf(path, sizeof path, "%s/cells/g/s", folder);
	(void)mkdir(path, 0777);
	for (uint32_t i = 0; i < count; i++) {
		struct cell cell;
		cell_init(&cell);
		cell.scenario = "g/s";
		cell.pipeline = cells[i].pipeline;
		cell.verdict = cells[i].verdict;
		cell.expected = cells[i].expected;
		cell_add_point(&cell, "p", "a point",
			       cell.verdict == CELL_FAIL      ? POINT_FAILED
			       : cell.verdict == CELL_UNKNOWN ? POINT_UNKNOWN
							      : POINT_OK,
			       NULL);
		if (cells[i].finding != NULL)
			cell_point_finding(&cell, cells[i].finding, 1);
		if (cell.expected == CELL_EXPECT_BREAKS)
			cell_add_expected(&cell, "row.zombie");
		cell.as_expected = cell_meets_expectation(&cell);
		const char *place = arena_text(&record.arena, "cells/g/s/%s", cell.pipeline);
		(void)snprintf(path, sizeof path, "%s/%s", folder, place);
		(void)mkdir(path, 0777);
		(void)snprintf(path, sizeof path, "%s/%s/cell.json", folder, place);
		if (cell_write(&cell, path, &error) != 0)
			ok(false, "%s", error.message);
		run_record_add(&record, &(struct run_plan){"g/s", cell.pipeline, 0, place});
		cell_release(&cell);
	}
	(void)snprintf(path, sizeof path, "%s/run.json", folder);
	if (run_record_write(&record, path, &error) != 0)
		ok(false, "%s", error.message);
	run_record_release(&record);
}

static void exits(const struct planned *cells, uint32_t count, int plain, int expecting, const char *what)
{
	static int number;
	char name[64];
	struct matrix matrix;
	struct error error = {.code = 0};
	(void)snprintf(name, sizeof name, "exits%d", number++);
	make_run(below(name), cells, count);
	if (matrix_load(below(name), NULL, &matrix, &error) != 0)
		ok(false, "%s", error.message);
	int got = matrix_exit(&matrix, false), got_expecting = matrix_exit(&matrix, true);
	ok(got == plain && got_expecting == expecting, "exits %d, expecting %d: %s", plain, expecting, what);
	if (got != plain || got_expecting != expecting)
		printf("# got %d and %d\n", got, got_expecting);
	matrix_release(&matrix);
}

static void test_exits(void)
{
	const struct planned holds = {"a", CELL_PASS, CELL_EXPECT_HOLDS, NULL};
	const struct planned caught = {"b", CELL_FAIL, CELL_EXPECT_BREAKS, "row.zombie"};
	const struct planned missed = {"c", CELL_PASS, CELL_EXPECT_BREAKS, NULL};
	const struct planned other = {"d", CELL_FAIL, CELL_EXPECT_BREAKS, "row.stale"};
	const struct planned alarm = {"e", CELL_FAIL, CELL_EXPECT_HOLDS, "row.stale"};
	const struct planned unknown = {"f", CELL_UNKNOWN, CELL_EXPECT_HOLDS, NULL};
	const struct planned error = {"g", CELL_ERROR, CELL_EXPECT_NOTHING, NULL};
	const struct planned stray = {"h", CELL_FAIL, CELL_EXPECT_NOTHING, "row.stale"};
	const struct planned plain = {"i", CELL_PASS, CELL_EXPECT_NOTHING, NULL};
	exits((struct planned[]){holds}, 1, 0, 0, "what is to hold holds");
	exits((struct planned[]){holds, caught}, 2, 1, 0, "a planted bug is caught");
	exits((struct planned[]){holds, missed}, 2, 0, 1, "a planted bug is missed");
	exits((struct planned[]){holds, other}, 2, 1, 1, "a planted bug breaks in another way than named");
	exits((struct planned[]){alarm, caught}, 2, 1, 1, "a false alarm");
	exits((struct planned[]){unknown}, 1, 2, 2, "what is to hold cannot be judged");
	exits((struct planned[]){unknown, alarm}, 2, 1, 1, "a failure tells more than what cannot be judged");
	exits((struct planned[]){error, alarm}, 2, 70, 70, "what has no result is worse than a failure");
	exits((struct planned[]){holds, stray}, 2, 1, 0, "of what nothing is expected, nothing is asked");
	exits((struct planned[]){plain}, 1, 0, 2, "when nothing is expected of anything, nothing was shown");
}

static void test_strangers(void)
{
	struct matrix matrix;
	struct error error = {.code = 0};
	struct buffer bytes;
	const struct planned cells[] = {{"a", CELL_PASS, CELL_EXPECT_HOLDS, NULL},
					{"b", CELL_FAIL, CELL_EXPECT_HOLDS, "row.stale"}};
	make_run(below("strangers"), cells, 2);
	buffer_init(&bytes, 1 << 20);
	bool copied = whole_file_read(below("strangers/cells/g/s/a/cell.json"), &bytes, &error) == 0 &&
		      whole_file_write(below("strangers/cells/g/s/b/cell.json"), buffer_slice(&bytes), &error) == 0;
	ok(copied && matrix_load(below("strangers"), NULL, &matrix, &error) == 0 &&
		   find(&matrix, "is of a under g/s") != NULL && matrix_exit(&matrix, false) == 70,
	   "a result that was copied from elsewhere is none");
	matrix_release(&matrix);
	unlink(below("strangers/run.json"));
	make_run(below("planless"), cells, 1);
	unlink(below("planless/run.json"));
	ok(matrix_load(below("planless"), NULL, &matrix, &error) == 0 && matrix.cell_count == 1 &&
		   matrix_exit(&matrix, false) == 2 && matrix.note_count == 1,
	   "without run.json nothing passes, as cells may be missing");
	matrix_release(&matrix);
	ok(matrix_load(below("nowhere"), NULL, &matrix, &error) == ERROR_IO, "no folder: %s", error.message);
	matrix_release(&matrix);
	(void)mkdir(below("empty"), 0777);
	ok(matrix_load(below("empty"), NULL, &matrix, &error) == ERROR_DATA, "no run: %s", error.message);
	matrix_release(&matrix);
	buffer_release(&bytes);
}

static void test_narrow(void)
{
	struct matrix matrix;
	struct error error = {.code = 0};
	struct matrix_filter one = {"deletes", "embedded"}, pattern = {"*/what-goes-wrong-03", "shell,doc00*"};
	struct matrix_filter none = {"nothing", NULL};
	ok(matrix_load(below("runs/mixed"), &one, &matrix, &error) == 0 && matrix.column_count == 1 &&
		   matrix.row_count == 1,
	   "a folder of scenarios and one pipeline");
	matrix_release(&matrix);
	ok(matrix_load(below("runs/mixed"), &pattern, &matrix, &error) == 0 && matrix.column_count == 4 &&
		   matrix.row_count == 1,
	   "patterns");
	matrix_release(&matrix);
	ok(matrix_load(below("runs/mixed"), &none, &matrix, &error) == ERROR_USAGE, "nothing left: %s", error.message);
	matrix_release(&matrix);
}

/* ---- renderers ---- */

/* No text of others opens an element or ends one: the only tags are the page's own. */
static bool only_own_tags(const char *html)
{
	static const char *const own[] = {"!doctype", "html",    "head",    "meta",     "title",  "style", "body",
					  "a",        "header",  "p",       "span",     "h1",     "h2",    "h3",
					  "h4",       "bdi",     "dl",      "div",      "dt",     "dd",    "nav",
					  "main",     "section", "table",   "tr",       "th",     "td",    "br",
					  "thead",    "tbody",   "b",       "small",    "strong", "ol",    "li",
					  "code",     "details", "summary", "pre",      "svg",    "rect",  "text",
					  "line",     "circle",  "g",       "polyline", "footer"};
	const char *body = strstr(html, "</style>");
	for (const char *at = body; at != NULL && (at = strchr(at, '<')) != NULL; at++) {
		const char *name = at + (at[1] == '/' ? 2 : 1);
		size_t size = strcspn(name, " >"), i = 0, count = sizeof own / sizeof own[0];
		while (i < count && (strlen(own[i]) != size || strncmp(own[i], name, size) != 0))
			i++;
		if (i == count) {
			printf("# %.60s\n", at);
			return false;
		}
	}
	return body != NULL;
}

static void test_html(const struct matrix *matrix, struct buffer *out)
{
	const char *html = rendered(matrix, MATRIX_HTML, true, out);
	ok(only_own_tags(html), "HTML has no tags but its own, whatever texts hold");
	ok(strstr(html, "<script") == NULL && strstr(html, "http:") == NULL && strstr(html, "https:") == NULL &&
		   strstr(html, "url(") == NULL && strstr(html, "@import") == NULL && strstr(html, "src=") == NULL,
	   "it needs no script and no network");
	ok(strstr(html, "\xe2\x80\xae") == NULL && strstr(html, "U+202E") != NULL,
	   "what turns the direction of writing is shown, not obeyed");
	is_int(occurrences(html, "<section class=\"cell"), matrix->row_count * matrix->column_count,
	       "every pair has its section");
	is_int(occurrences(html, "<td><a id=\"m"), matrix->row_count * matrix->column_count, "and its link");
	ok(strstr(html, "has not begun") != NULL && strstr(html, "did not finish") != NULL, "errors say why");
	ok(strstr(html, "<svg") != NULL && strstr(html, "Timeline of") != NULL, "failures have a timeline");
}

static void test_json(const struct matrix *matrix, struct buffer *out)
{
	const struct json_token *tokens;
	struct json_failure failure = {0};
	size_t count;
	struct json_parser *parser = json_parser_new(1 << 28);
	rendered(matrix, MATRIX_JSON, false, out);
	bool whole = buffer_reserve(out, JSON_PADDING) == 0 &&
		     json_parse(parser, buffer_slice(out), &tokens, &count, &failure);
	ok(whole, "JSON is valid%s%s", whole ? "" : ": ", whole ? "" : failure.reason);
	if (whole) {
		is_int(tokens[json_member(tokens, 0, "cells")].count, matrix->cell_count, "with every cell");
		is_int(tokens[json_member(tokens, 0, "pipelines")].count, matrix->column_count, "and every pipeline");
	}
	json_parser_free(parser);
}

/* Points that are not ok and not foreseen, in either version: as many as make the run bad. */
static void test_tap(const struct matrix *matrix, struct buffer *out)
{
	for (int expect = 0; expect < 2; expect++) {
		uint32_t bad = 0;
		for (uint32_t i = 0; i < matrix->cell_count; i++)
			bad += !matrix_good(&matrix->cells[i].cell, expect);
		const char *flat = rendered(matrix, MATRIX_TAP13, expect, out);
		ok(strncmp(flat, "TAP version 13\n1..", 18) == 0, "TAP 13 says so");
		is_int(occurrences(flat, expect ? ": as_expected: " : ": verdict: "), matrix->cell_count,
		       "each cell has a point of its own");
		uint32_t against = 0;
		for (const char *at = flat; at != NULL && *at != '\0'; at = strchr(at, '\n'), at += at != NULL) {
			const char *end = strchrnul(at, '\n');
			if (strncmp(at, "not ok", 6) == 0 && memmem(at, (size_t)(end - at), " # TODO", 7) == NULL &&
			    memmem(at, (size_t)(end - at),
				   expect ? ": as_expected: " : ": verdict: ", expect ? 15 : 11) != NULL)
				against++;
		}
		is_int(against, bad, "which is not ok where the cell is not good");
		const char *nested = rendered(matrix, MATRIX_TAP, expect, out);
		is_int(occurrences(nested, "\n    # Subtest: "), matrix->cell_count, "TAP 14 has a subtest a cell");
		is_int(occurrences(nested, "\n# Subtest: "), matrix->row_count, "and one a scenario");
		is_int(occurrences(nested, "\n    not ok "), bad, "of which those that are not good are not ok");
	}
}

static void test_others(const struct matrix *matrix, struct buffer *out)
{
	const char *text = rendered(matrix, MATRIX_TEXT, false, out);
	ok(strncmp(text, "ERROR  20260103T100000Z-mixed: ", 31) == 0, "text begins with the verdict");
	ok(strstr(text, "\033") == NULL && strchr(text, '\001') == NULL, "and holds nothing that a terminal obeys");
	ok(strstr(text, "reproduce: lakeproof run ") != NULL, "it says how to run a failure again");
	const char *markdown = rendered(matrix, MATRIX_MARKDOWN, false, out);
	ok(strstr(markdown, "</script>") == NULL && strstr(markdown, "&#60;/script&#62;") != NULL,
	   "Markdown holds no markup of others");
	const char *junit = rendered(matrix, MATRIX_JUNIT, false, out);
	ok(strstr(junit, "</script>") == NULL && strchr(junit, '\001') == NULL, "nor does JUnit's XML");
	is_int(occurrences(junit, "<testsuite "), matrix->row_count + 1, "which has a suite a scenario");
}

static void test_renderers(void)
{
	struct matrix matrix;
	struct error error = {.code = 0};
	struct buffer out;
	buffer_init(&out, 1);
	if (matrix_load(below("runs/mixed"), NULL, &matrix, &error) != 0)
		ok(false, "%s", error.message);
	test_html(&matrix, &out);
	test_json(&matrix, &out);
	test_tap(&matrix, &out);
	test_others(&matrix, &out);
	matrix_release(&matrix);
	buffer_release(&out);
}

static void test_large(void)
{
	struct matrix matrix;
	struct error error = {.code = 0};
	struct buffer out;
	struct run_folder shape = {"large", INT64_C(1767434400000000), 40, 80, 1, false};
	buffer_init(&out, 1);
	run_folder_make(below("large"), &shape);
	int64_t begun = clock_monotonic_us();
	ok(matrix_load(below("large"), NULL, &matrix, &error) == 0 && matrix.cell_count == 3200, "3200 cells: %s",
	   error.message);
	printf("# loaded in %" PRId64 " ms\n", (clock_monotonic_us() - begun) / 1000);
	for (int format = MATRIX_TEXT; format <= MATRIX_HTML; format++) {
		begun = clock_monotonic_us();
		rendered(&matrix, (enum matrix_format)format, false, &out);
		printf("# format %d: %zu bytes in %" PRId64 " ms\n", format, out.size,
		       (clock_monotonic_us() - begun) / 1000);
		ok(out.size > 0 && !out.failed, "is rendered in format %d", format);
		if (format == MATRIX_MARKDOWN)
			ok(out.size < 1 << 20, "Markdown stays within what a job page takes");
	}
	matrix_release(&matrix);
	buffer_release(&out);
}

/* ---- history ---- */

static int count_rows(const char *path)
{
	sqlite3 *database = NULL;
	sqlite3_stmt *statement = NULL;
	int count = -1;
	if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
	    sqlite3_prepare_v2(database, "SELECT count(*) FROM verdict", -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		count = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(database);
	return count;
}

static void load_run(const char *name, int64_t started_us, bool all_pass, struct matrix *matrix)
{
	struct error error = {.code = 0};
	struct run_folder shape = {name, started_us, 3, 4, 1, all_pass};
	char folder[SCRATCH_PATH_MAX + 100];
	(void)snprintf(folder, sizeof folder, "%s/history/%s", scratch, name);
	(void)mkdir(below("history"), 0777);
	run_folder_make(folder, &shape);
	if (matrix_load(folder, NULL, matrix, &error) != 0)
		ok(false, "%s", error.message);
}

static void test_history(void)
{
	struct matrix first, second;
	const char *note, *path = below("history.sqlite");
	load_run("a", 1000, true, &first);
	load_run("b", 2000, false, &second);
	matrix_history_trend(&first, path, 10, &note);
	ok(note == NULL && first.columns[0].trend_count == 0, "no history is no problem");
	matrix_history_add(&first, path, &note);
	ok(note == NULL && count_rows(path) == 12, "a run is remembered, a row each cell");
	matrix_history_add(&first, path, &note);
	ok(note == NULL && count_rows(path) == 12, "once, however often it is added");
	matrix_history_add(&second, path, &note);
	ok(note == NULL && count_rows(path) == 24, "beside others");
	matrix_history_trend(&second, path, 10, &note);
	const struct matrix_column *column = &second.columns[0];
	ok(note == NULL && column->trend_count == 2 && strcmp(column->trend[0].run, "a") == 0 &&
		   column->trend[0].passed == 4 && column->trend[0].cells == 4 &&
		   strcmp(column->trend[1].run, "b") == 0 && column->trend[1].cells == 4,
	   "the trend has the earlier run and this one");
	matrix_history_trend(&first, path, 10, &note);
	ok(note == NULL && first.columns[0].trend_count == 1, "the earlier one knows nothing of the later");
	matrix_release(&first);
	matrix_release(&second);
}

static void test_damaged_history(void)
{
	struct matrix matrix;
	struct error error = {.code = 0};
	const char *note, *path = below("damaged.sqlite");
	load_run("c", 3000, true, &matrix);
	if (whole_file_write(path,
			     slice_from("this is no database, but it is long enough to be taken for one ......."
					"............................................................"),
			     &error) != 0)
		ok(false, "%s", error.message);
	matrix_history_trend(&matrix, path, 10, &note);
	ok(note != NULL && strstr(note, "cannot be read") != NULL, "a damaged history has no trend: %s", note);
	matrix_history_add(&matrix, path, &note);
	ok(note != NULL && strstr(note, "damaged1") != NULL && count_rows(path) == 12,
	   "it is set aside and a new one begins: %s", note);
	ok(access(below("damaged.sqlite.damaged1"), F_OK) == 0, "the damaged one is kept");
	matrix_history_add(&matrix, below("nowhere/history.sqlite"), &note);
	ok(note != NULL, "a folder that is not there is told: %s", note);
	matrix_release(&matrix);
}

/* Four processes add runs at once, to a history that is damaged when they begin. */
static void test_concurrent_history(void)
{
	enum { WRITERS = 4, RUNS = 5 };
	struct error error = {.code = 0};
	const char *path = below("concurrent.sqlite");
	struct matrix matrix;
	load_run("d", 4000, true, &matrix);
	if (whole_file_write(path,
			     slice_from("damaged ................................................."
					"............................................................"),
			     &error) != 0)
		ok(false, "%s", error.message);
	fflush(stdout);
	for (int i = 0; i < WRITERS; i++)
		if (fork() == 0) {
			for (int j = 0; j < RUNS; j++) {
				char name[32];
				const char *note;
				(void)snprintf(name, sizeof name, "w%d-%d", i, j);
				matrix.run.name = name;
				matrix_history_add(&matrix, path, &note);
			}
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	is_int(count_rows(path), WRITERS * RUNS * 12, "runs that are added at once are all there");
	ok(access(below("concurrent.sqlite.damaged2"), F_OK) != 0, "and the damage was set aside once");
	matrix_release(&matrix);
}

int main(int argc, char **argv)
{
	if (argc == 6 && strcmp(argv[1], "--write") == 0) {
		struct run_folder shape = {strrchr(argv[2], '/') != NULL ? strrchr(argv[2], '/') + 1 : argv[2],
					   clock_now_us(),
					   (uint32_t)strtoul(argv[3], NULL, 10),
					   (uint32_t)strtoul(argv[4], NULL, 10),
					   (uint32_t)strtoul(argv[5], NULL, 10),
					   false};
		run_folder_make(argv[2], &shape);
		return 0;
	}
	scratch_make(scratch);
	(void)mkdir(below("runs"), 0777);
	test_load();
	test_exits();
	test_strangers();
	test_narrow();
	test_renderers();
	test_large();
	test_history();
	test_damaged_history();
	test_concurrent_history();
	scratch_remove(scratch);
	return tap_done();
}
