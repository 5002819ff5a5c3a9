#include <inttypes.h>

#include "reports/matrix.h"

void matrix_plain(struct buffer *out, const char *text)
{
	for (; text != NULL && *text != '\0'; text++)
		buffer_append_byte(out, (unsigned char)*text < ' ' || *text == 0x7f ? ' ' : *text);
}

enum matrix_mark matrix_cell_mark(const struct cell *cell)
{
	switch (cell->verdict) {
	case CELL_PASS:
		return cell->as_expected ? MARK_PASS : MARK_MISSED;
	case CELL_FAIL:
		return cell->as_expected && cell->expected == CELL_EXPECT_BREAKS ? MARK_CAUGHT : MARK_FAIL;
	case CELL_UNKNOWN:
		return MARK_UNKNOWN;
	case CELL_ERROR:
		break;
	}
	return MARK_ERROR;
}

enum matrix_mark matrix_pair_mark(const struct matrix *matrix, const struct matrix_pair *pair)
{
	return pair->count == 0 ? MARK_NONE : matrix_cell_mark(&matrix->cells[pair->worst].cell);
}

const char *matrix_mark_word(enum matrix_mark mark)
{
	static const char *const words[MARK_COUNT] = {"none", "pass", "caught", "fail", "missed", "unknown", "error"};
	return words[mark];
}

const char *matrix_mark_meaning(enum matrix_mark mark)
{
	static const char *const meanings[MARK_COUNT] = {"takes no part",
							 "holds",
							 "breaks, as the scenario expects",
							 "breaks",
							 "passes, although the scenario expects it to break",
							 "cannot be judged",
							 "has no result"};
	return meanings[mark];
}

void matrix_verdicts(const uint32_t verdicts[4], struct buffer *out)
{
	static const enum cell_verdict order[] = {CELL_PASS, CELL_FAIL, CELL_UNKNOWN, CELL_ERROR};
	for (int i = 0; i < 4; i++)
		buffer_printf(out, "%s%" PRIu32 " %s", i > 0 ? ", " : "", verdicts[order[i]],
			      cell_verdict_text(order[i]));
}

void matrix_headline(const struct matrix *matrix, bool expect, struct buffer *out)
{
	uint32_t bad = 0;
	for (uint32_t i = 0; i < matrix->cell_count; i++)
		bad += !matrix_good(&matrix->cells[i].cell, expect);
	matrix_plain(out, matrix->run.name != NULL ? matrix->run.name : matrix->folder);
	buffer_append_text(out, ": ");
	if (expect && matrix->expected == 0)
		buffer_append_text(out, "no scenario expects anything of these pipelines");
	else if (bad == 0)
		buffer_printf(out, "all %" PRIu32 " cells %s", matrix->cell_count, expect ? "as expected" : "pass");
	else
		buffer_printf(out, "%" PRIu32 " of %" PRIu32 " cells %s", bad, matrix->cell_count,
			      expect ? "not as expected" : "do not pass");
	buffer_printf(out, ", %" PRIu32 " pipeline%s under %" PRIu32 " scenario%s", matrix->column_count,
		      matrix->column_count == 1 ? "" : "s", matrix->row_count, matrix->row_count == 1 ? "" : "s");
}

void matrix_score_line(const struct matrix *matrix, struct buffer *out)
{
	const struct matrix_score *score = &matrix->score;
	if (score->breaks > 0)
		buffer_printf(out,
			      "planted bugs: %" PRIu32 " of %" PRIu32
			      " pipelines caught with the findings named (%" PRIu32 " of %" PRIu32 " cells)",
			      score->mutants_caught, score->mutants, score->breaks_caught, score->breaks);
	if (score->breaks > 0 && score->holds > 0)
		buffer_append_text(out, "; ");
	if (score->holds > 0)
		buffer_printf(out,
			      "to hold: %" PRIu32 " of %" PRIu32 " pipelines without an alarm (%" PRIu32 " of %" PRIu32
			      " cells)",
			      score->corrected_quiet, score->corrected, score->holds_quiet, score->holds);
}

static void expected_ids(const struct cell *cell, bool only_missing, struct buffer *out)
{
	const char *comma = "";
	for (uint32_t i = 0; i < cell->expected_finding_count; i++) {
		if (only_missing && cell_finding_total(cell, cell->expected_findings[i]) > 0)
			continue;
		buffer_append_text(out, comma);
		matrix_plain(out, cell->expected_findings[i]);
		comma = ", ";
	}
}

void matrix_expectation(const struct cell *cell, struct buffer *out)
{
	if (cell->expected == CELL_EXPECT_NOTHING)
		return;
	if (cell->expected == CELL_EXPECT_HOLDS) {
		buffer_append_text(out, cell->as_expected ? "holds, as expected" : "expected to hold");
		return;
	}
	if (cell->as_expected) {
		buffer_append_text(out, "breaks, as expected");
		return;
	}
	buffer_append_text(out, "expected to break");
	if (cell->expected_finding_count > 0) {
		buffer_append_text(out, cell->verdict == CELL_FAIL ? " with findings that are not there: " : " with ");
		expected_ids(cell, cell->verdict == CELL_FAIL, out);
	}
}

void matrix_findings(const struct cell_count *findings, uint32_t count, struct buffer *out)
{
	for (uint32_t i = 0; i < count; i++) {
		buffer_append_text(out, i > 0 ? ", " : "");
		matrix_plain(out, findings[i].id);
		buffer_printf(out, " %" PRIu64, findings[i].count);
	}
}

void matrix_duration(int64_t us, struct buffer *out)
{
	int64_t ms = us / 1000;
	if (ms < 10000)
		buffer_printf(out, "%" PRId64 ".%02" PRId64 " s", ms / 1000, ms % 1000 / 10);
	else if (ms < 120000)
		buffer_printf(out, "%" PRId64 " s", ms / 1000);
	else
		buffer_printf(out, "%" PRId64 " min %" PRId64 " s", ms / 60000, ms / 1000 % 60);
}
