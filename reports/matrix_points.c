#include "reports/matrix.h"

uint32_t matrix_point_count(const struct matrix_cell *entry)
{
	return entry->cell.point_count + 1;
}

/* Where a scenario says that a pipeline breaks, or nothing, a point that fails is foreseen: what counts then is the
 * last one. */
static enum matrix_point_state state_of(const struct cell *cell, enum point_state state, bool expect)
{
	bool foreseen = expect && cell->expected != CELL_EXPECT_HOLDS && cell->verdict != CELL_ERROR;
	if (state == POINT_OK)
		return CHECK_OK;
	if (state == POINT_SKIPPED)
		return CHECK_SKIPPED;
	if (foreseen)
		return CHECK_FORESEEN;
	return state == POINT_FAILED ? CHECK_FAILED : CHECK_UNKNOWN;
}

static struct matrix_point of_cell(const struct cell *cell, bool expect)
{
	struct matrix_point point = {.id = expect ? "as_expected" : "verdict",
				     .name = expect ? "the pipeline does what the scenario expects of it"
						    : "the pipeline passes the scenario"};
	if (matrix_good(cell, expect))
		point.state = CHECK_OK;
	else
		point.state = cell->verdict == CELL_UNKNOWN ? CHECK_UNKNOWN : CHECK_FAILED;
	return point;
}

struct matrix_point matrix_point(const struct matrix_cell *entry, uint32_t index, bool expect)
{
	const struct cell *cell = &entry->cell;
	if (index >= cell->point_count)
		return of_cell(cell, expect);
	const struct cell_point *of = &cell->points[index];
	return (struct matrix_point){of->id, of->name, state_of(cell, of->state, expect), of};
}

void matrix_point_reason(const struct matrix_cell *entry, const struct matrix_point *point, struct buffer *out)
{
	const struct cell_point *of = point->of;
	if (of != NULL) {
		matrix_findings(of->findings, of->finding_count, out);
		if (of->detail != NULL && of->detail[0] != '\0')
			buffer_printf(out, "%s%s", of->finding_count > 0 ? ": " : "", of->detail);
		return;
	}
	buffer_append_text(out, cell_verdict_text(entry->cell.verdict));
	if (entry->problem != NULL)
		buffer_printf(out, ": %s", entry->problem);
	if (entry->cell.expected != CELL_EXPECT_NOTHING) {
		buffer_append_text(out, ", ");
		matrix_expectation(&entry->cell, out);
	}
}
