/* matrix_html - a run as one page that needs nothing else: no script, no network. What a cell holds is a section that
 * shows itself when it is gone to, which a link of the matrix does. */
#include <inttypes.h>

#include "base/clock.h"
#include "reports/html.h"

/* The style is put into the program by the assembler; the path is relative to the project's root. */
__asm__(".pushsection .rodata\n"
	"matrix_css:\n.incbin \"reports/matrix.css\"\n.byte 0\n"
	".popsection\n");
extern const char matrix_css[];

enum { SHOWN_MAX = 12, LISTED_MAX = 500 };

static const char *const symbols[MARK_COUNT] = {"", "✓", "✗", "✗", "!", "?", "E"};

static void fact(struct buffer *out, const char *name, const char *format, uint64_t a, uint64_t b)
{
	buffer_printf(out, "<div><dt>%s</dt><dd>", name);
	buffer_printf(out, "%" PRIu64, a);
	if (format != NULL)
		buffer_printf(out, "%s%" PRIu64, format, b);
	buffer_append_text(out, "</dd></div>");
}

static void facts(struct buffer *out, const struct matrix *matrix)
{
	const struct matrix_score *score = &matrix->score;
	buffer_append_text(out, "<dl class=\"facts\">");
	for (int verdict = 0; verdict < 4; verdict++)
		fact(out, cell_verdict_text((enum cell_verdict)verdict), NULL, matrix->verdicts[verdict], 0);
	if (matrix->expected > 0)
		fact(out, "as expected", " of ", matrix->as_expected, matrix->expected);
	if (score->breaks > 0)
		fact(out, "planted bugs caught", " of ", score->mutants_caught, score->mutants);
	if (score->holds > 0)
		fact(out, "cells without an alarm", " of ", score->holds_quiet, score->holds);
	fact(out, "pipelines", NULL, matrix->column_count, 0);
	fact(out, "scenarios", NULL, matrix->row_count, 0);
	buffer_append_text(out, "</dl>");
}

static void head(struct buffer *out, const struct matrix *matrix, bool expect)
{
	static const char *const classes[] = {"pass", "fail", "unknown", "error"};
	const char *name = matrix->run.name != NULL ? matrix->run.name : matrix->folder;
	enum cell_verdict verdict = matrix_verdict(matrix, expect);
	struct buffer line;
	buffer_init(&line, 1 << 16);
	matrix_headline(matrix, expect, &line);
	buffer_append_byte(&line, '\0');
	buffer_append_text(out, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
				"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
				"'unsafe-inline'; base-uri 'none'; form-action 'none'\">"
				"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
				"<meta name=\"referrer\" content=\"no-referrer\"><title>");
	buffer_printf(out, "%s: ", cell_verdict_text(verdict));
	html_text(out, name);
	buffer_append_text(out, "</title><style>\n");
	buffer_append_text(out, matrix_css);
	buffer_append_text(out, "</style></head>\n<body><a class=\"skip\" href=\"#matrix\">To the matrix</a><header>");
	buffer_printf(out, "<p><span class=\"badge verdict %s\">%s</span></p><h1><bdi>", classes[verdict],
		      cell_verdict_text(verdict));
	html_text(out, line.failed ? name : line.data);
	buffer_append_text(out, "</bdi></h1>");
	facts(out, matrix);
	for (uint32_t i = 0; i < matrix->note_count; i++) {
		buffer_append_text(out, "<p class=\"note\"><bdi>");
		html_text(out, matrix->notes[i]);
		buffer_append_text(out, "</bdi></p>");
	}
	buffer_append_text(out,
			   "<nav aria-label=\"parts of this page\"><a href=\"#bad\">What is not good</a><a "
			   "href=\"#matrix\">Matrix</a><a href=\"#pipelines\">Pipelines</a></nav></header><main>\n");
	buffer_release(&line);
}

/* ---- what is not good ---- */

static void bad_line(struct buffer *out, const struct matrix *matrix, const struct matrix_pair *pair)
{
	const struct matrix_cell *entry = &matrix->cells[pair->worst];
	const struct cell *cell = &entry->cell;
	struct buffer line;
	buffer_init(&line, 1 << 20);
	matrix_findings(cell->findings, cell->finding_count, &line);
	buffer_append_byte(&line, '\0');
	buffer_printf(out, "<tr><td><span class=\"badge %s\">%s</span></td><td class=\"name\"><a href=\"#c%zu\"><bdi>",
		      matrix_mark_word(matrix_cell_mark(cell)), cell_verdict_text(cell->verdict),
		      (size_t)(pair - matrix->pairs));
	html_text(out, cell->scenario);
	buffer_append_text(out, "</bdi></a></td><td class=\"name\"><bdi>");
	html_text(out, cell->pipeline);
	buffer_append_text(out, "</bdi></td><td>");
	html_text(out, line.failed ? "" : line.data);
	html_text(out, entry->problem);
	if (cell->expected != CELL_EXPECT_NOTHING) {
		buffer_append_text(out, "<br><span class=\"soft\">");
		html_expectation(out, cell);
		buffer_append_text(out, "</span>");
	}
	buffer_append_text(out, "</td></tr>\n");
	buffer_release(&line);
}

/* Pairs with a cell that is not good, those that nobody expected first: writes those from `from` to `to`, counts all.
 */
static size_t bad_rows(struct buffer *out, const struct matrix *matrix, bool expect, size_t from, size_t to)
{
	size_t pairs = (size_t)matrix->row_count * matrix->column_count, count = 0;
	for (int rank = 0; rank < MATRIX_RANKS; rank++)
		for (size_t i = 0; i < pairs; i++) {
			const struct matrix_pair *pair = &matrix->pairs[i];
			if (matrix_pair_good(matrix, pair, expect) ||
			    matrix_rank(&matrix->cells[pair->worst].cell) != rank)
				continue;
			if (count >= from && count < to)
				bad_line(out, matrix, pair);
			count++;
		}
	return count;
}

static void bad_table(struct buffer *out, const struct matrix *matrix, bool expect, size_t from, size_t to)
{
	buffer_append_text(out, "<div class=\"scroll\"><table class=\"list stack\"><tr class=\"heads\"><th>verdict</th>"
				"<th>scenario</th><th>pipeline</th><th>findings</th></tr>");
	(void)bad_rows(out, matrix, expect, from, to);
	buffer_append_text(out, "</table></div>");
}

/* The first few stand above the matrix, which must not be far from the top; the others open up. */
static void bad(struct buffer *out, const struct matrix *matrix, bool expect)
{
	size_t count = bad_rows(out, matrix, expect, 0, 0);
	buffer_append_text(out, "<section aria-labelledby=\"bad\"><h2 id=\"bad\">What is not good</h2>");
	if (count == 0)
		buffer_append_text(out, "<p>Nothing.</p>");
	else
		bad_table(out, matrix, expect, 0, SHOWN_MAX);
	if (count > SHOWN_MAX) {
		buffer_printf(out, "<details><summary>and %zu more</summary>", count - SHOWN_MAX);
		bad_table(out, matrix, expect, SHOWN_MAX, LISTED_MAX);
		if (count > LISTED_MAX)
			buffer_printf(out, "<p>and %zu more, which the matrix shows</p>", count - LISTED_MAX);
		buffer_append_text(out, "</details>");
	}
	buffer_append_text(out, "</section>\n");
}

/* ---- the matrix ---- */

static void describe(struct buffer *out, const struct matrix *matrix, const struct matrix_pair *pair)
{
	const struct cell *cell = &matrix->cells[pair->worst].cell;
	html_text(out, cell->pipeline);
	buffer_append_text(out, " under ");
	html_text(out, cell->scenario);
	buffer_printf(out, ": %s, %s", cell_verdict_text(cell->verdict), matrix_mark_meaning(matrix_cell_mark(cell)));
	if (cell->finding_count > 0)
		buffer_append_text(out, "; ");
	for (uint32_t i = 0; i < cell->finding_count && i < 4; i++) {
		buffer_append_text(out, i > 0 ? ", " : "");
		html_text(out, cell->findings[i].id);
		buffer_printf(out, " %" PRIu64, cell->findings[i].count);
	}
	if (pair->count > 1)
		buffer_printf(out, "; %" PRIu32 " seeds: %" PRIu32 " PASS", pair->count, pair->verdicts[CELL_PASS]);
}

static void square(struct buffer *out, const struct matrix *matrix, const struct matrix_pair *pair)
{
	if (pair->count == 0) {
		buffer_append_text(out, "<td></td>");
		return;
	}
	enum matrix_mark mark = matrix_pair_mark(matrix, pair);
	size_t id = (size_t)(pair - matrix->pairs);
	buffer_printf(out, "<td><a id=\"m%zu\" class=\"%s\" href=\"#c%zu\" title=\"", id, matrix_mark_word(mark), id);
	describe(out, matrix, pair);
	buffer_append_text(out, "\" aria-label=\"");
	describe(out, matrix, pair);
	buffer_printf(out, "\">%s", symbols[mark]);
	uint32_t alike = 0;
	for (uint32_t i = pair->first; i < pair->first + pair->count; i++)
		alike += matrix_cell_mark(&matrix->cells[i].cell) == mark;
	if (alike < pair->count)
		buffer_printf(out, "<small>%" PRIu32 "/%" PRIu32 "</small>", alike, pair->count);
	buffer_append_text(out, "</a></td>");
}

static void grid_head(struct buffer *out, const struct matrix *matrix)
{
	buffer_append_text(out, "<thead><tr><th class=\"corner\" scope=\"col\">scenario</th>");
	for (uint32_t i = 0; i < matrix->column_count; i++) {
		buffer_append_text(out, "<th scope=\"col\" title=\"");
		html_text(out, matrix->columns[i].pipeline);
		buffer_append_text(out, "\"><span><bdi>");
		html_text(out, matrix->columns[i].pipeline);
		buffer_append_text(out, "</bdi></span></th>");
	}
	buffer_append_text(out, "</tr></thead>\n");
}

static void grid_row(struct buffer *out, const struct matrix *matrix, uint32_t index)
{
	const struct matrix_row *row = &matrix->rows[index];
	size_t group = strlen(row->group);
	buffer_append_text(out, "<tr><th scope=\"row\" title=\"");
	html_text(out, row->title);
	buffer_append_text(out, "\"><bdi>");
	html_text(out, row->scenario + (group > 0 ? group + 1 : 0));
	buffer_append_text(out, "</bdi></th>");
	for (uint32_t i = 0; i < matrix->column_count; i++)
		square(out, matrix, matrix_pair(matrix, index, i));
	buffer_append_text(out, "</tr>\n");
}

static void key(struct buffer *out)
{
	buffer_append_text(out, "<p class=\"key\">");
	for (int mark = MARK_PASS; mark < MARK_COUNT; mark++)
		buffer_printf(out, "<span><b class=\"%s\">%s</b>%s</span>", matrix_mark_word((enum matrix_mark)mark),
			      symbols[mark], matrix_mark_meaning((enum matrix_mark)mark));
	buffer_append_text(out, "<span>empty: takes no part</span></p>");
}

static void grid(struct buffer *out, const struct matrix *matrix)
{
	buffer_append_text(out, "<section aria-labelledby=\"matrix\"><h2 id=\"matrix\">Matrix</h2>");
	key(out);
	buffer_append_text(out,
			   "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"matrix of scenarios and "
			   "pipelines\"><table class=\"grid");
	buffer_append_text(out, matrix->column_count > 70   ? " wider\">"
				: matrix->column_count > 40 ? " wide\">"
							    : "\">");
	grid_head(out, matrix);
	for (uint32_t i = 0; i < matrix->row_count; i++) {
		const struct matrix_row *row = &matrix->rows[i];
		if (i == 0 || strcmp(matrix->rows[i - 1].group, row->group) != 0) {
			buffer_append_text(out, i > 0 ? "</tbody><tbody>" : "<tbody>");
			if (row->group[0] != '\0') {
				buffer_append_text(out, "<tr><th class=\"group\" scope=\"rowgroup\">");
				html_text(out, row->group);
				buffer_printf(out, "</th><td colspan=\"%" PRIu32 "\"></td></tr>\n",
					      matrix->column_count);
			}
		}
		grid_row(out, matrix, i);
	}
	buffer_append_text(out, "</tbody></table></div></section>\n");
}

/* ---- pipelines ---- */

static void pipelines(struct buffer *out, const struct matrix *matrix)
{
	buffer_append_text(out, "<section aria-labelledby=\"pipelines\"><h2 id=\"pipelines\">Pipelines</h2><div "
				"class=\"scroll\"><table class=\"list\"><tr><th>pipeline</th><th "
				"class=\"n\">PASS</th><th class=\"n\">FAIL</th>"
				"<th class=\"n\">UNKNOWN</th><th class=\"n\">ERROR</th><th class=\"n\">not as "
				"expected</th><th class=\"n\">time</th><th>trend of PASS</th>"
				"</tr>\n");
	for (uint32_t i = 0; i < matrix->column_count; i++) {
		const struct matrix_column *column = &matrix->columns[i];
		buffer_append_text(out, "<tr><td class=\"name\"><bdi>");
		html_text(out, column->pipeline);
		buffer_append_text(out, "</bdi></td>");
		for (int verdict = 0; verdict < 4; verdict++)
			buffer_printf(out, "<td class=\"n\">%" PRIu32 "</td>", column->verdicts[verdict]);
		buffer_printf(out, "<td class=\"n\">%" PRIu32 "</td><td class=\"n\">", column->unexpected);
		matrix_duration(column->us, out);
		buffer_append_text(out, "</td><td>");
		html_spark(out, column);
		buffer_append_text(out, "</td></tr>\n");
	}
	buffer_append_text(out, "</table></div></section>\n");
}

static void foot(struct buffer *out, const struct matrix *matrix)
{
	char text[CLOCK_TEXT_MAX];
	const struct run_record *run = &matrix->run;
	buffer_append_text(out, "</main><footer><p>");
	if (matrix->plan_known)
		buffer_printf(out, "Started %s, seed %" PRIu64 ", %" PRIu64 " each, ",
			      clock_format(run->started_us, text), run->seed, run->repeat);
	buffer_append_text(out, "lakeproof ");
	html_text(out, run->version);
	buffer_append_text(out, "</p>");
	if (run->command != NULL) {
		buffer_append_text(out, "<p>");
		html_code(out, run->command);
		buffer_append_text(out, "</p>");
	}
	buffer_append_text(out, "</footer></body></html>\n");
}

void matrix_html(const struct matrix *matrix, bool expect, struct buffer *out)
{
	size_t pairs = (size_t)matrix->row_count * matrix->column_count;
	head(out, matrix, expect);
	bad(out, matrix, expect);
	grid(out, matrix);
	for (size_t i = 0; i < pairs; i++)
		if (matrix->pairs[i].count > 0)
			html_cell(out, matrix, &matrix->pairs[i], expect);
	pipelines(out, matrix);
	foot(out, matrix);
}
