/* matrix_text - a run for a terminal: what it amounts to, the matrix where it fits, then each cell that is not good. */
#include <inttypes.h>

#include "base/clock.h"
#include "reports/matrix.h"

enum { DETAILED_MAX = 20, LISTED_MAX = 200, STORY_MAX = 12, GRID_NAME_MAX = 48 };

static const char marks[MARK_COUNT] = {' ', '.', 'f', 'F', '!', '?', 'E'};
static const char *const mark_colours[MARK_COUNT] = {NULL, "32", "2;31", "1;31", "1;35", "1;33", "1;31"};

static void paint(struct buffer *out, const struct matrix_style *style, const char *code, const char *text)
{
	if (style->colour && code != NULL)
		buffer_printf(out, "\033[%sm%s\033[0m", code, text);
	else
		buffer_append_text(out, text);
}

static void paint_verdict(struct buffer *out, const struct matrix_style *style, enum cell_verdict verdict)
{
	static const char *const colours[] = {
		[CELL_PASS] = "1;32", [CELL_FAIL] = "1;31", [CELL_UNKNOWN] = "1;33", [CELL_ERROR] = "1;31"};
	paint(out, style, colours[verdict], cell_verdict_text(verdict));
}

static void head(const struct matrix *matrix, const struct matrix_style *style, struct buffer *out)
{
	char text[CLOCK_TEXT_MAX];
	const struct run_record *run = &matrix->run;
	paint_verdict(out, style, matrix_verdict(matrix, style->expect));
	buffer_append_text(out, "  ");
	matrix_headline(matrix, style->expect, out);
	buffer_append_text(out, "\n  ");
	matrix_verdicts(matrix->verdicts, out);
	if (matrix->expected > 0)
		buffer_printf(out, "; %" PRIu32 " of %" PRIu32 " as the scenarios expect", matrix->as_expected,
			      matrix->expected);
	buffer_append_byte(out, '\n');
	if (matrix->expected > 0) {
		buffer_append_text(out, "  ");
		matrix_score_line(matrix, out);
		buffer_append_byte(out, '\n');
	}
	if (matrix->plan_known) {
		buffer_printf(out, "  seed %" PRIu64, run->seed);
		if (run->repeat > 1)
			buffer_printf(out, " and %" PRIu64 " more", run->repeat - 1);
		buffer_printf(out, ", started %s", clock_format(run->started_us, text));
		if (run->ended_us > run->started_us) {
			buffer_append_text(out, ", took ");
			matrix_duration(run->ended_us - run->started_us, out);
		}
		buffer_append_byte(out, '\n');
	}
	for (uint32_t i = 0; i < matrix->note_count; i++) {
		buffer_append_text(out, "  note: ");
		matrix_plain(out, matrix->notes[i]);
		buffer_append_byte(out, '\n');
	}
}

/* ---- the matrix ---- */

static size_t name_width(const struct matrix *matrix)
{
	size_t width = 0;
	for (uint32_t i = 0; i < matrix->row_count; i++) {
		size_t size = strlen(matrix->rows[i].scenario);
		width = size > width ? size : width;
	}
	return width < GRID_NAME_MAX ? width : GRID_NAME_MAX;
}

static void column_numbers(const struct matrix *matrix, size_t width, struct buffer *out)
{
	uint32_t power = 1;
	while (matrix->column_count / power >= 10)
		power *= 10;
	for (; power > 0; power /= 10) {
		buffer_printf(out, "  %*s", (int)width, "");
		for (uint32_t i = 1; i <= matrix->column_count; i++)
			buffer_printf(out, " %c", i >= power || power == 1 ? (char)('0' + i / power % 10) : ' ');
		buffer_append_byte(out, '\n');
	}
}

static void grid(const struct matrix *matrix, const struct matrix_style *style, struct buffer *out)
{
	size_t width = name_width(matrix);
	bool used[MARK_COUNT] = {false};
	if (matrix->column_count * matrix->row_count < 2)
		return;
	if (style->width != 0 && 2 + width + 2 * (size_t)matrix->column_count > style->width) {
		buffer_append_text(out, "\nthe matrix is wider than the terminal: --format html draws it\n");
		return;
	}
	buffer_append_byte(out, '\n');
	column_numbers(matrix, width, out);
	for (uint32_t row = 0; row < matrix->row_count; row++) {
		buffer_printf(out, "  %-*.*s", (int)width, (int)width, matrix->rows[row].scenario);
		for (uint32_t column = 0; column < matrix->column_count; column++) {
			enum matrix_mark mark = matrix_pair_mark(matrix, matrix_pair(matrix, row, column));
			used[mark] = true;
			buffer_append_byte(out, ' ');
			paint(out, style, mark_colours[mark], (char[]){marks[mark], '\0'});
		}
		buffer_append_byte(out, '\n');
	}
	buffer_append_byte(out, '\n');
	for (uint32_t i = 0; i < matrix->column_count; i++) {
		buffer_printf(out, "  %2" PRIu32 " ", i + 1);
		matrix_plain(out, matrix->columns[i].pipeline);
		buffer_append_text(out, ": ");
		matrix_verdicts(matrix->columns[i].verdicts, out);
		buffer_append_byte(out, '\n');
	}
	buffer_append_text(out, "\n ");
	for (int mark = 1; mark < MARK_COUNT; mark++)
		if (used[mark])
			buffer_printf(out, " %c %s;", marks[mark], matrix_mark_meaning((enum matrix_mark)mark));
	buffer_append_text(out, " blank: takes no part\n");
}

/* ---- cells ---- */

static void title(const struct matrix_cell *entry, const struct matrix_style *style, struct buffer *out)
{
	const struct cell *cell = &entry->cell;
	paint_verdict(out, style, cell->verdict);
	buffer_append_text(out, style->colour ? "  \033[1m" : "  ");
	matrix_plain(out, cell->scenario);
	buffer_append_text(out, style->colour ? "\033[0m  " : "  ");
	matrix_plain(out, cell->pipeline);
	buffer_printf(out, "  seed %" PRIu64, cell->seed);
	if (cell->expected != CELL_EXPECT_NOTHING) {
		buffer_append_text(out, "  (");
		matrix_expectation(cell, out);
		buffer_append_byte(out, ')');
	}
}

static void points(const struct cell *cell, struct buffer *out)
{
	for (uint32_t i = 0; i < cell->point_count; i++) {
		const struct cell_point *point = &cell->points[i];
		if (point->state != POINT_FAILED && point->state != POINT_UNKNOWN)
			continue;
		buffer_printf(out, "    %-7s ", cell_point_text(point->state));
		matrix_plain(out, point->id);
		buffer_append_text(out, ": ");
		matrix_plain(out, point->name);
		if (point->finding_count > 0) {
			buffer_append_text(out, " (");
			matrix_findings(point->findings, point->finding_count, out);
			buffer_append_byte(out, ')');
		}
		buffer_append_byte(out, '\n');
		if (point->detail != NULL && point->detail[0] != '\0') {
			buffer_append_text(out, "            ");
			matrix_plain(out, point->detail);
			buffer_append_byte(out, '\n');
		}
	}
}

static void evidence(const struct cell *cell, struct buffer *out)
{
	if (cell->example_count > 0) {
		const struct cell_example *example = &cell->examples[0];
		buffer_append_text(out, "    ");
		matrix_plain(out, example->id);
		buffer_append_text(out, "  ");
		matrix_plain(out, example->key);
		buffer_append_text(out, example->key != NULL ? "\n      " : "");
		matrix_plain(out, example->cause);
		buffer_append_byte(out, '\n');
	}
	if (cell->story_count > 0)
		buffer_append_text(out, "    story\n");
	for (uint32_t i = 0; i < cell->story_count && i < STORY_MAX; i++) {
		buffer_append_text(out, "      ");
		matrix_plain(out, cell->story[i]);
		buffer_append_byte(out, '\n');
	}
}

static void detail(const struct matrix_cell *entry, const char *folder, const struct matrix_style *style,
		   struct buffer *out)
{
	const struct cell *cell = &entry->cell;
	buffer_append_byte(out, '\n');
	title(entry, style, out);
	buffer_append_byte(out, '\n');
	if (cell->title != NULL) {
		buffer_append_text(out, "    ");
		matrix_plain(out, cell->title);
		buffer_append_byte(out, '\n');
	}
	if (entry->problem != NULL) {
		buffer_append_text(out, "    ");
		matrix_plain(out, entry->problem);
		buffer_printf(out, "\n    its folder: %s/%s\n", folder, entry->folder);
	}
	points(cell, out);
	evidence(cell, out);
	if (cell->reproduce != NULL) {
		buffer_append_text(out, "    reproduce: ");
		matrix_plain(out, cell->reproduce);
		buffer_append_byte(out, '\n');
	}
}

/* What nobody expected first, then by the matrix's order. */
static void cells(const struct matrix *matrix, const struct matrix_style *style, struct buffer *out)
{
	uint32_t told = 0, bad = 0;
	for (int rank = 0; rank < MATRIX_RANKS; rank++)
		for (uint32_t i = 0; i < matrix->cell_count; i++) {
			const struct matrix_cell *entry = &matrix->cells[i];
			if (matrix_good(&entry->cell, style->expect) || matrix_rank(&entry->cell) != rank)
				continue;
			bad++;
			if (told < DETAILED_MAX) {
				detail(entry, matrix->folder, style, out);
			} else if (told < LISTED_MAX) {
				buffer_append_text(out, told == DETAILED_MAX ? "\n" : "");
				title(entry, style, out);
				buffer_append_text(out, ": ");
				matrix_findings(entry->cell.findings, entry->cell.finding_count, out);
				matrix_plain(out, entry->problem);
				buffer_append_byte(out, '\n');
			}
			told++;
		}
	if (bad > LISTED_MAX)
		buffer_printf(out, "\nand %" PRIu32 " more: --format html, or --scenario and --pipeline to narrow\n",
			      bad - LISTED_MAX);
}

void matrix_text(const struct matrix *matrix, const struct matrix_style *style, struct buffer *out)
{
	head(matrix, style, out);
	grid(matrix, style, out);
	cells(matrix, style, out);
}
