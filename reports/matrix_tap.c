/* matrix_tap - TAP 14: a subtest for each scenario, in it one for each pipeline, in it the invariants. TAP 13, which
 * has no subtests: all invariants in one list. */
#include <inttypes.h>

#include "reports/matrix.h"
#include "reports/report.h"

struct tap {
	const struct matrix *matrix;
	struct buffer *out;
	bool expect;
};

static void indent(const struct tap *tap, int depth)
{
	buffer_printf(tap->out, "%*s", depth * 4, "");
}

static void quoted(const struct tap *tap, int depth, const char *name, const char *text)
{
	indent(tap, depth);
	buffer_printf(tap->out, "  %s: ", name);
	buffer_append_json(tap->out, slice_from(text != NULL ? text : ""));
	buffer_append_byte(tap->out, '\n');
}

/* Perl's prove reads no flow collections, so there are none; an example is of the cell's finding that the point has. */
static void example(const struct tap *tap, int depth, const struct cell *cell, const struct cell_point *point)
{
	for (uint32_t i = 0; i < cell->example_count; i++)
		for (uint32_t j = 0; j < point->finding_count; j++)
			if (strcmp(cell->examples[i].id, point->findings[j].id) == 0) {
				quoted(tap, depth, "example", cell->examples[i].id);
				quoted(tap, depth, "key", cell->examples[i].key);
				quoted(tap, depth, "cause", cell->examples[i].cause);
				return;
			}
}

static void diagnostics(const struct tap *tap, int depth, const struct matrix_cell *entry,
			const struct matrix_point *point)
{
	struct buffer reason;
	buffer_init(&reason, 1 << 20);
	matrix_point_reason(entry, point, &reason);
	buffer_append_byte(&reason, '\0');
	indent(tap, depth);
	buffer_append_text(tap->out, "  ---\n");
	quoted(tap, depth, "severity", point->state == CHECK_UNKNOWN ? "unknown" : "fail");
	quoted(tap, depth, "reason", reason.failed ? "out of memory" : reason.data);
	if (point->of != NULL)
		example(tap, depth, &entry->cell, point->of);
	if (point->of == NULL && entry->cell.reproduce != NULL)
		quoted(tap, depth, "reproduce", entry->cell.reproduce);
	indent(tap, depth);
	buffer_append_text(tap->out, "  ...\n");
	buffer_release(&reason);
}

static void cell_name(const struct tap *tap, const struct cell *cell, bool scenario)
{
	if (scenario) {
		report_tap_name(tap->out, cell->scenario);
		buffer_append_text(tap->out, " / ");
	}
	report_tap_name(tap->out, cell->pipeline);
	buffer_printf(tap->out, " (seed %" PRIu64 ")", cell->seed);
}

static void one_point(const struct tap *tap, int depth, const struct matrix_cell *entry, uint32_t index,
		      uint64_t number, bool flat)
{
	struct matrix_point point = matrix_point(entry, index, tap->expect);
	bool good = point.state == CHECK_OK || point.state == CHECK_SKIPPED;
	indent(tap, depth);
	buffer_printf(tap->out, "%s %" PRIu64 " - ", good ? "ok" : "not ok", number);
	if (flat) {
		cell_name(tap, &entry->cell, true);
		buffer_append_text(tap->out, ": ");
	}
	report_tap_name(tap->out, point.id);
	buffer_append_text(tap->out, ": ");
	report_tap_name(tap->out, point.name);
	if (point.state == CHECK_SKIPPED) {
		buffer_append_text(tap->out, " # SKIP ");
		report_tap_name(tap->out, point.of->detail != NULL ? point.of->detail : "does not apply");
	} else if (point.state == CHECK_FORESEEN) {
		buffer_append_text(tap->out, " # TODO ");
		buffer_append_text(tap->out, entry->cell.expected == CELL_EXPECT_BREAKS
						     ? "the scenario expects it to break"
						     : "the scenario expects nothing of it");
	}
	buffer_append_byte(tap->out, '\n');
	if (!good)
		diagnostics(tap, depth, entry, &point);
}

static void pipeline(const struct tap *tap, const struct matrix_cell *entry, uint32_t number)
{
	uint32_t count = matrix_point_count(entry);
	indent(tap, 1);
	buffer_append_text(tap->out, "# Subtest: ");
	cell_name(tap, &entry->cell, false);
	buffer_append_byte(tap->out, '\n');
	indent(tap, 2);
	buffer_printf(tap->out, "1..%" PRIu32 "\n", count);
	for (uint32_t i = 0; i < count; i++)
		one_point(tap, 2, entry, i, i + 1, false);
	indent(tap, 1);
	buffer_printf(tap->out, "%s %" PRIu32 " - ", matrix_good(&entry->cell, tap->expect) ? "ok" : "not ok", number);
	cell_name(tap, &entry->cell, false);
	buffer_append_byte(tap->out, '\n');
}

static void scenario(const struct tap *tap, uint32_t row, uint32_t first, uint32_t end)
{
	const struct matrix *matrix = tap->matrix;
	bool good = true;
	buffer_append_text(tap->out, "# Subtest: ");
	report_tap_name(tap->out, matrix->rows[row].scenario);
	buffer_append_byte(tap->out, '\n');
	indent(tap, 1);
	buffer_printf(tap->out, "1..%" PRIu32 "\n", end - first);
	for (uint32_t i = first; i < end; i++) {
		pipeline(tap, &matrix->cells[i], i - first + 1);
		good = good && matrix_good(&matrix->cells[i].cell, tap->expect);
	}
	buffer_printf(tap->out, "%s %" PRIu32 " - ", good ? "ok" : "not ok", row + 1);
	report_tap_name(tap->out, matrix->rows[row].scenario);
	if (matrix->rows[row].title != NULL) {
		buffer_append_text(tap->out, ": ");
		report_tap_name(tap->out, matrix->rows[row].title);
	}
	buffer_append_byte(tap->out, '\n');
}

static void nested(const struct tap *tap)
{
	const struct matrix *matrix = tap->matrix;
	buffer_printf(tap->out, "1..%" PRIu32 "\n", matrix->row_count + 1);
	for (uint32_t first = 0, end; first < matrix->cell_count; first = end) {
		uint32_t row = matrix->cells[first].row;
		for (end = first; end < matrix->cell_count && matrix->cells[end].row == row; end++)
			;
		scenario(tap, row, first, end);
	}
}

static void flat(const struct tap *tap)
{
	const struct matrix *matrix = tap->matrix;
	uint64_t points = 1, number = 1;
	for (uint32_t i = 0; i < matrix->cell_count; i++)
		points += matrix_point_count(&matrix->cells[i]);
	buffer_printf(tap->out, "1..%" PRIu64 "\n", points);
	for (uint32_t i = 0; i < matrix->cell_count; i++)
		for (uint32_t j = 0; j < matrix_point_count(&matrix->cells[i]); j++)
			one_point(tap, 0, &matrix->cells[i], j, number++, true);
}

/* The last point: what no single cell shows. */
static void whole(const struct tap *tap, uint64_t number)
{
	const struct matrix *matrix = tap->matrix;
	bool good = matrix->plan_known && (!tap->expect || matrix->expected > 0);
	buffer_printf(tap->out, "%s %" PRIu64 " - the run is whole\n", good ? "ok" : "not ok", number);
	for (uint32_t i = 0; i < matrix->note_count; i++) {
		buffer_append_text(tap->out, "# ");
		matrix_plain(tap->out, matrix->notes[i]);
		buffer_append_byte(tap->out, '\n');
	}
	buffer_append_text(tap->out, "# ");
	matrix_headline(matrix, tap->expect, tap->out);
	buffer_append_text(tap->out, ": ");
	matrix_verdicts(matrix->verdicts, tap->out);
	buffer_append_byte(tap->out, '\n');
}

void matrix_tap(const struct matrix *matrix, int version, bool expect, struct buffer *out)
{
	struct tap tap = {matrix, out, expect};
	uint64_t number = 1;
	buffer_printf(out, "TAP version %d\n", version);
	if (version >= 14) {
		nested(&tap);
		number = matrix->row_count + 1;
	} else {
		flat(&tap);
		for (uint32_t i = 0; i < matrix->cell_count; i++)
			number += matrix_point_count(&matrix->cells[i]);
	}
	whole(&tap, number);
}
