/* matrix_junit - the XML that CI servers read: a test suite for each scenario, a test case for each pipeline and
 * invariant. tests/support/junit.xsd says what it looks like. A pipeline's time stands at its first test case, so that
 * times add up. */
#include <inttypes.h>

#include "base/clock.h"
#include "reports/matrix.h"

/* XML has no place for controls, nor for two characters at the end of the BMP, not even escaped. */
static void escaped(struct buffer *out, const char *text)
{
	for (; text != NULL && *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;
		if (byte == '&')
			buffer_append_text(out, "&amp;");
		else if (byte == '<')
			buffer_append_text(out, "&lt;");
		else if (byte == '>')
			buffer_append_text(out, "&gt;");
		else if (byte == '"')
			buffer_append_text(out, "&quot;");
		else if (byte == '\n' || byte == '\t')
			buffer_append_text(out, byte == '\n' ? "&#10;" : "&#9;");
		else if (byte < ' ' || byte == 0x7f)
			buffer_append_text(out, "\xef\xbf\xbd");
		else if (byte == 0xef && (unsigned char)text[1] == 0xbf && (unsigned char)text[2] >= 0xbe) {
			buffer_append_text(out, "\xef\xbf\xbd");
			text += 2;
		} else {
			buffer_append_byte(out, *text);
		}
	}
}

static void attribute(struct buffer *out, const char *name, const char *text)
{
	buffer_printf(out, " %s=\"", name);
	escaped(out, text);
	buffer_append_byte(out, '"');
}

static void seconds(struct buffer *out, int64_t us)
{
	uint64_t ms = us > 0 ? (uint64_t)us / 1000 : 0;
	buffer_printf(out, " time=\"%" PRIu64 ".%03" PRIu64 "\"", ms / 1000, ms % 1000);
}

static void property(struct buffer *out, const char *name, const char *value)
{
	if (value == NULL)
		return;
	buffer_append_text(out, "      <property");
	attribute(out, "name", name);
	attribute(out, "value", value);
	buffer_append_text(out, "/>\n");
}

struct sums {
	uint64_t tests, failures, errors, skipped;
	int64_t us;
};

/* Broken is a failure; what could not be judged, or has no result, is an error. */
static bool is_error(const struct matrix_cell *entry, const struct matrix_point *point)
{
	return point->state == CHECK_UNKNOWN ||
	       (point->state == CHECK_FAILED && point->of == NULL && entry->cell.verdict == CELL_ERROR);
}

static void add(struct sums *sums, const struct matrix *matrix, uint32_t first, uint32_t end, bool expect)
{
	for (uint32_t i = first; i < end; i++) {
		const struct matrix_cell *entry = &matrix->cells[i];
		sums->us += entry->cell.us;
		for (uint32_t j = 0; j < matrix_point_count(entry); j++) {
			struct matrix_point point = matrix_point(entry, j, expect);
			bool error = is_error(entry, &point);
			sums->tests++;
			sums->errors += error;
			sums->failures += point.state == CHECK_FAILED && !error;
			sums->skipped += point.state == CHECK_SKIPPED || point.state == CHECK_FORESEEN;
		}
	}
}

static void example(struct buffer *out, const struct cell *cell, const struct cell_point *point)
{
	for (uint32_t i = 0; i < cell->example_count; i++) {
		const struct cell_example *one = &cell->examples[i];
		bool has = point == NULL;
		for (uint32_t j = 0; !has && j < point->finding_count; j++)
			has = strcmp(one->id, point->findings[j].id) == 0;
		if (!has)
			continue;
		escaped(out, one->id);
		buffer_append_text(out, "  ");
		escaped(out, one->key);
		buffer_append_text(out, "\n  ");
		escaped(out, one->cause);
		buffer_append_byte(out, '\n');
		return;
	}
}

static void body(struct buffer *out, const struct matrix_cell *entry, const struct matrix_point *point)
{
	const struct cell *cell = &entry->cell;
	example(out, cell, point->of);
	if (point->of == NULL)
		for (uint32_t i = 0; i < cell->story_count; i++) {
			escaped(out, cell->story[i]);
			buffer_append_byte(out, '\n');
		}
	if (cell->reproduce != NULL) {
		buffer_append_text(out, "reproduce: ");
		escaped(out, cell->reproduce);
		buffer_append_byte(out, '\n');
	}
}

static void outcome(struct buffer *out, const struct matrix_cell *entry, const struct matrix_point *point)
{
	struct buffer reason;
	bool skipped = point->state == CHECK_SKIPPED || point->state == CHECK_FORESEEN;
	const char *element = skipped ? "skipped" : is_error(entry, point) ? "error" : "failure";
	const char *type = point->of != NULL && point->of->finding_count > 0 ? point->of->findings[0].id
									     : cell_verdict_text(entry->cell.verdict);
	buffer_init(&reason, 1 << 20);
	if (point->state == CHECK_FORESEEN)
		buffer_append_text(&reason, "not counted, as the scenario does not expect it to hold: ");
	matrix_point_reason(entry, point, &reason);
	buffer_append_byte(&reason, '\0');
	buffer_printf(out, "      <%s", element);
	if (!skipped)
		attribute(out, "type", type);
	attribute(out, "message", reason.failed ? "out of memory" : reason.data);
	buffer_release(&reason);
	if (skipped) {
		buffer_append_text(out, "/>\n");
		return;
	}
	buffer_append_byte(out, '>');
	body(out, entry, point);
	buffer_printf(out, "</%s>\n", element);
}

static void test_case(struct buffer *out, const struct matrix_cell *entry, uint32_t index, bool expect)
{
	const struct cell *cell = &entry->cell;
	struct matrix_point point = matrix_point(entry, index, expect);
	buffer_append_text(out, "    <testcase name=\"");
	escaped(out, cell->pipeline);
	buffer_printf(out, " (seed %" PRIu64 "): ", cell->seed);
	escaped(out, point.id);
	buffer_append_text(out, ": ");
	escaped(out, point.name);
	/* A dot would be taken for a package's. */
	buffer_append_text(out, "\" classname=\"");
	escaped(out, cell->scenario);
	buffer_append_byte(out, '"');
	seconds(out, index == 0 ? cell->us : 0);
	if (point.state == CHECK_OK) {
		buffer_append_text(out, "/>\n");
		return;
	}
	buffer_append_text(out, ">\n");
	outcome(out, entry, &point);
	buffer_append_text(out, "    </testcase>\n");
}

static void suite(const struct matrix *matrix, uint32_t first, uint32_t end, bool expect, struct buffer *out)
{
	const struct matrix_row *row = &matrix->rows[matrix->cells[first].row];
	struct sums sums = {0};
	int64_t started = matrix->cells[first].cell.started_us;
	char text[CLOCK_TEXT_MAX];
	add(&sums, matrix, first, end, expect);
	buffer_append_text(out, "  <testsuite");
	attribute(out, "name", row->scenario);
	buffer_printf(out,
		      " tests=\"%" PRIu64 "\" failures=\"%" PRIu64 "\" errors=\"%" PRIu64 "\" skipped=\"%" PRIu64 "\"",
		      sums.tests, sums.failures, sums.errors, sums.skipped);
	seconds(out, sums.us);
	if (started > 0)
		attribute(out, "timestamp", clock_format(started / CLOCK_SECOND_US * CLOCK_SECOND_US, text));
	buffer_append_text(out, ">\n    <properties>\n");
	property(out, "class", row->class_id);
	property(out, "title", row->title);
	property(out, "why", row->why);
	property(out, "run", matrix->run.name);
	buffer_append_text(out, "    </properties>\n");
	for (uint32_t i = first; i < end; i++)
		for (uint32_t j = 0; j < matrix_point_count(&matrix->cells[i]); j++)
			test_case(out, &matrix->cells[i], j, expect);
	buffer_append_text(out, "  </testsuite>\n");
}

void matrix_junit(const struct matrix *matrix, bool expect, struct buffer *out)
{
	struct sums sums = {0};
	bool whole = matrix->plan_known && (!expect || matrix->expected > 0);
	add(&sums, matrix, 0, matrix->cell_count, expect);
	buffer_append_text(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
	attribute(out, "name", matrix->run.name != NULL ? matrix->run.name : matrix->folder);
	buffer_printf(out, " tests=\"%" PRIu64 "\" failures=\"%" PRIu64 "\" errors=\"%" PRIu64 "\"", sums.tests + 1,
		      sums.failures, sums.errors + !whole);
	seconds(out, sums.us);
	buffer_append_text(out, ">\n");
	for (uint32_t first = 0, end; first < matrix->cell_count; first = end) {
		for (end = first; end < matrix->cell_count && matrix->cells[end].row == matrix->cells[first].row; end++)
			;
		suite(matrix, first, end, expect, out);
	}
	buffer_printf(
		out,
		"  <testsuite name=\"run\" tests=\"1\" failures=\"0\" errors=\"%d\" skipped=\"0\" time=\"0.000\">\n"
		"    <testcase name=\"the run is whole\" classname=\"run\" time=\"0.000\"",
		!whole);
	if (whole) {
		buffer_append_text(out, "/>\n");
	} else {
		buffer_append_text(out, ">\n      <error type=\"UNKNOWN\"");
		attribute(out, "message",
			  matrix->plan_known ? "no scenario expects anything of these pipelines" : matrix->notes[0]);
		buffer_append_text(out, "></error>\n    </testcase>\n");
	}
	buffer_append_text(out, "  </testsuite>\n</testsuites>\n");
}
