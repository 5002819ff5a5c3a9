/* matrix_markdown - a run for the page of a CI job, the most important first: such a page takes a mebibyte, and what is
 * beyond that is left out with a word about it. */
#include <inttypes.h>

#include "base/clock.h"
#include "reports/matrix.h"

enum { SIZE_MAX_BYTES = 900 * 1024, STORY_MAX = 12, STORIES_MAX = 100, GRID_COLUMNS_MAX = 60 };

static const char *const symbols[MARK_COUNT] = {"", "✓", "✗", "**✗**", "**!**", "**?**", "**E**"};

/* What Markdown or HTML would take for markup, as the entity of its number. */
static void escaped(struct buffer *out, const char *text)
{
	static const char special[] = "&<>|\\`*_{}[]()#+!~@\"'";
	for (; text != NULL && *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;
		if (strchr(special, *text) != NULL)
			buffer_printf(out, "&#%d;", byte);
		else
			buffer_append_byte(out, byte < ' ' || byte == 0x7f ? ' ' : *text);
	}
}

static void code(struct buffer *out, const char *text)
{
	buffer_append_text(out, "<code>");
	escaped(out, text);
	buffer_append_text(out, "</code>");
}

/* Takes back what made it too large. */
static bool fits(struct buffer *out, size_t before)
{
	if (out->size <= SIZE_MAX_BYTES)
		return true;
	out->size = before;
	return false;
}

static void head(const struct matrix *matrix, bool expect, struct buffer *out)
{
	static const char *const signs[] = {
		[CELL_PASS] = "✅", [CELL_FAIL] = "❌", [CELL_UNKNOWN] = "❔", [CELL_ERROR] = "⚠️"};
	enum cell_verdict verdict = matrix_verdict(matrix, expect);
	struct buffer line;
	buffer_init(&line, 1 << 16);
	matrix_headline(matrix, expect, &line);
	buffer_append_byte(&line, '\0');
	buffer_printf(out, "## %s %s ", signs[verdict], cell_verdict_text(verdict));
	escaped(out, line.failed ? "" : line.data);
	buffer_append_text(out, "\n\n");
	matrix_verdicts(matrix->verdicts, out);
	if (matrix->expected > 0) {
		buffer_printf(out, "; %" PRIu32 " of %" PRIu32 " as the scenarios expect\n\n", matrix->as_expected,
			      matrix->expected);
		matrix_score_line(matrix, out);
	}
	buffer_append_text(out, "\n\n");
	for (uint32_t i = 0; i < matrix->note_count; i++) {
		buffer_append_text(out, "> ");
		escaped(out, matrix->notes[i]);
		buffer_append_text(out, "\n\n");
	}
	buffer_release(&line);
}

static void bad_cell(const struct matrix_cell *entry, struct buffer *out)
{
	const struct cell *cell = &entry->cell;
	struct buffer line;
	buffer_init(&line, 1 << 20);
	buffer_printf(out, "| %s | ", cell_verdict_text(cell->verdict));
	code(out, cell->scenario);
	buffer_append_text(out, " | ");
	code(out, cell->pipeline);
	buffer_printf(out, " | %" PRIu64 " | ", cell->seed);
	matrix_findings(cell->findings, cell->finding_count, &line);
	if (entry->problem != NULL)
		buffer_printf(&line, "%s", entry->problem);
	if (cell->expected != CELL_EXPECT_NOTHING) {
		buffer_append_text(&line, line.size > 0 ? "; " : "");
		matrix_expectation(cell, &line);
	}
	buffer_append_byte(&line, '\0');
	escaped(out, line.failed ? "" : line.data);
	buffer_append_text(out, " | ");
	if (cell->example_count > 0) {
		escaped(out, cell->examples[0].key);
		buffer_append_text(out, " ");
		escaped(out, cell->examples[0].cause);
	}
	buffer_append_text(out, " |\n");
	buffer_release(&line);
}

/* What nobody expected first. */
static void bad_cells(const struct matrix *matrix, bool expect, struct buffer *out)
{
	uint32_t told = 0, left = 0;
	for (int rank = 0; rank < MATRIX_RANKS; rank++)
		for (uint32_t i = 0; i < matrix->cell_count; i++) {
			const struct matrix_cell *entry = &matrix->cells[i];
			if (matrix_good(&entry->cell, expect) || matrix_rank(&entry->cell) != rank)
				continue;
			size_t before = out->size;
			if (told == 0)
				buffer_append_text(out,
						   "### What is not good\n\n| verdict | scenario | pipeline | seed "
						   "| findings | example |\n|---|---|---|---|---|---|\n");
			bad_cell(entry, out);
			if (left > 0 || !fits(out, before))
				left++;
			else
				told++;
			out->size = left > 0 ? before : out->size;
		}
	buffer_append_text(out, told > 0 ? "\n" : "");
	if (left > 0)
		buffer_printf(out, "and %" PRIu32 " more, which the HTML report has\n\n", left);
}

static void story(const struct matrix_cell *entry, struct buffer *out)
{
	const struct cell *cell = &entry->cell;
	buffer_append_text(out, "<details><summary>");
	escaped(out, cell->scenario);
	buffer_append_text(out, " under ");
	escaped(out, cell->pipeline);
	buffer_printf(out, ", seed %" PRIu64 "</summary>\n\n", cell->seed);
	escaped(out, cell->title);
	buffer_append_text(out, "\n\n");
	for (uint32_t i = 0; i < cell->point_count; i++) {
		const struct cell_point *point = &cell->points[i];
		if (point->state == POINT_OK || point->state == POINT_SKIPPED)
			continue;
		buffer_printf(out, "- %s ", cell_point_text(point->state));
		code(out, point->id);
		buffer_append_text(out, " ");
		escaped(out, point->name);
		buffer_append_text(out, ": ");
		escaped(out, point->detail);
		buffer_append_byte(out, '\n');
	}
	buffer_append_byte(out, '\n');
	for (uint32_t i = 0; i < cell->story_count && i < STORY_MAX; i++) {
		buffer_printf(out, "%" PRIu32 ". ", i + 1);
		escaped(out, cell->story[i]);
		buffer_append_byte(out, '\n');
	}
	if (cell->reproduce != NULL) {
		buffer_append_text(out, "\n<pre>");
		escaped(out, cell->reproduce);
		buffer_append_text(out, "</pre>\n");
	}
	buffer_append_text(out, "\n</details>\n\n");
}

static void stories(const struct matrix *matrix, bool expect, struct buffer *out)
{
	uint32_t told = 0;
	for (uint32_t i = 0; i < matrix->cell_count && told < STORIES_MAX; i++) {
		const struct matrix_cell *entry = &matrix->cells[i];
		if (matrix_good(&entry->cell, expect) || entry->problem != NULL)
			continue;
		size_t before = out->size;
		story(entry, out);
		if (!fits(out, before))
			return;
		told++;
	}
}

static void pipelines(const struct matrix *matrix, struct buffer *out)
{
	size_t before = out->size;
	buffer_append_text(out,
			   "### Pipelines\n\n| | pipeline | PASS | FAIL | UNKNOWN | ERROR | not as expected | time "
			   "|\n|---|---|---|---|---|---|---|---|\n");
	for (uint32_t i = 0; i < matrix->column_count; i++) {
		const struct matrix_column *column = &matrix->columns[i];
		buffer_printf(out, "| %" PRIu32 " | ", i + 1);
		code(out, column->pipeline);
		for (int verdict = 0; verdict < 4; verdict++)
			buffer_printf(out, " | %" PRIu32, column->verdicts[verdict]);
		buffer_printf(out, " | %" PRIu32 " | ", column->unexpected);
		matrix_duration(column->us, out);
		buffer_append_text(out, " |\n");
	}
	buffer_append_byte(out, '\n');
	(void)fits(out, before);
}

static void grid(const struct matrix *matrix, struct buffer *out)
{
	size_t before = out->size;
	if (matrix->column_count > GRID_COLUMNS_MAX)
		return;
	buffer_append_text(out, "<details><summary>Matrix</summary>\n\n| scenario |");
	for (uint32_t i = 0; i < matrix->column_count; i++)
		buffer_printf(out, " %" PRIu32 " |", i + 1);
	buffer_append_text(out, "\n|---|");
	for (uint32_t i = 0; i < matrix->column_count; i++)
		buffer_append_text(out, "---|");
	for (uint32_t row = 0; row < matrix->row_count; row++) {
		buffer_append_text(out, "\n| ");
		escaped(out, matrix->rows[row].scenario);
		buffer_append_text(out, " |");
		for (uint32_t i = 0; i < matrix->column_count; i++)
			buffer_printf(out, " %s |", symbols[matrix_pair_mark(matrix, matrix_pair(matrix, row, i))]);
	}
	buffer_append_text(out,
			   "\n\n✓ holds, ✗ breaks as expected, **✗** breaks, **!** passes though expected to break, "
			   "**?** cannot be judged, **E** has no result\n\n</details>\n\n");
	(void)fits(out, before);
}

void matrix_markdown(const struct matrix *matrix, bool expect, struct buffer *out)
{
	char text[CLOCK_TEXT_MAX];
	head(matrix, expect, out);
	bad_cells(matrix, expect, out);
	pipelines(matrix, out);
	grid(matrix, out);
	stories(matrix, expect, out);
	if (matrix->plan_known)
		buffer_printf(out, "seed %" PRIu64 ", started %s\n", matrix->run.seed,
			      clock_format(matrix->run.started_us, text));
}
