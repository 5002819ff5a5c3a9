#include "reports/matrix.h"

#include <stdlib.h>

static int by_place(const void *a, const void *b)
{
	const struct matrix_cell *x = a, *y = b;
	int order = strcmp(x->cell.scenario, y->cell.scenario);
	if (order == 0)
		order = strcmp(x->cell.pipeline, y->cell.pipeline);
	if (order == 0)
		order = (x->cell.seed > y->cell.seed) - (x->cell.seed < y->cell.seed);
	return order != 0 ? order : strcmp(x->folder, y->folder);
}

static int by_text(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;
	return strcmp(*x, *y);
}

static int by_pipeline(const void *key, const void *element)
{
	const struct matrix_column *column = element;
	return strcmp(key, column->pipeline);
}

/* ---- rows and columns ---- */

static bool make_columns(struct matrix *matrix)
{
	const char **names = arena_array(&matrix->arena, matrix->cell_count, sizeof *names);
	matrix->columns = arena_array(&matrix->arena, matrix->cell_count, sizeof *matrix->columns);
	if (names == NULL || matrix->columns == NULL)
		return false;
	for (uint32_t i = 0; i < matrix->cell_count; i++)
		names[i] = matrix->cells[i].cell.pipeline;
	qsort(names, matrix->cell_count, sizeof *names, by_text);
	for (uint32_t i = 0; i < matrix->cell_count; i++)
		if (i == 0 || strcmp(names[i - 1], names[i]) != 0)
			matrix->columns[matrix->column_count++] = (struct matrix_column){.pipeline = names[i]};
	return true;
}

static bool make_row(struct matrix *matrix, const char *scenario)
{
	const char *slash = strrchr(scenario, '/');
	size_t size = slash != NULL ? (size_t)(slash - scenario) : 0;
	const char *group = arena_copy(&matrix->arena, (struct slice){scenario, size}).data;
	matrix->rows[matrix->row_count++] = (struct matrix_row){.scenario = scenario, .group = group};
	return group != NULL;
}

static bool make_rows(struct matrix *matrix)
{
	matrix->rows = arena_array(&matrix->arena, matrix->cell_count, sizeof *matrix->rows);
	if (matrix->rows == NULL)
		return false;
	for (uint32_t i = 0; i < matrix->cell_count; i++) {
		struct matrix_cell *entry = &matrix->cells[i];
		const struct cell *cell = &entry->cell;
		if ((i == 0 || strcmp(matrix->cells[i - 1].cell.scenario, cell->scenario) != 0) &&
		    !make_row(matrix, cell->scenario))
			return false;
		entry->row = matrix->row_count - 1;
		struct matrix_row *row = &matrix->rows[entry->row];
		row->title = row->title != NULL ? row->title : cell->title;
		row->class_id = row->class_id != NULL ? row->class_id : cell->class_id;
		row->why = row->why != NULL ? row->why : cell->why;
		const struct matrix_column *column = bsearch(cell->pipeline, matrix->columns, matrix->column_count,
							     sizeof *matrix->columns, by_pipeline);
		entry->column = (uint32_t)(column - matrix->columns);
	}
	return true;
}

/* ---- pairs and sums ---- */

/* Larger is worse. */
static int badness(enum cell_verdict verdict)
{
	static const int badnesses[] = {[CELL_PASS] = 0, [CELL_UNKNOWN] = 1, [CELL_FAIL] = 2, [CELL_ERROR] = 3};
	return badnesses[verdict];
}

/* Of two cells of a pair, the one that tells more: what nobody expected before what was. */
static bool tells_more(const struct cell *cell, const struct cell *than)
{
	if (cell->as_expected != than->as_expected)
		return !cell->as_expected;
	return badness(cell->verdict) > badness(than->verdict);
}

static void count_pair(struct matrix *matrix, struct matrix_pair *pair, uint32_t index)
{
	const struct cell *cell = &matrix->cells[index].cell;
	if (pair->count == 0) {
		*pair = (struct matrix_pair){.first = index, .worst = index, .verdict = cell->verdict};
		pair->expected = cell->expected;
	}
	pair->count++;
	pair->verdicts[cell->verdict]++;
	pair->unexpected += !cell->as_expected;
	if (badness(cell->verdict) > badness(pair->verdict))
		pair->verdict = cell->verdict;
	/* A cell that left nothing behind does not say what was expected of it. */
	if (pair->expected == CELL_EXPECT_NOTHING)
		pair->expected = cell->expected;
	if (tells_more(cell, &matrix->cells[pair->worst].cell))
		pair->worst = index;
}

static void count_cells(struct matrix *matrix)
{
	for (uint32_t i = 0; i < matrix->cell_count; i++) {
		const struct matrix_cell *entry = &matrix->cells[i];
		const struct cell *cell = &entry->cell;
		struct matrix_column *column = &matrix->columns[entry->column];
		count_pair(matrix, &matrix->pairs[(size_t)entry->row * matrix->column_count + entry->column], i);
		column->verdicts[cell->verdict]++;
		column->unexpected += !cell->as_expected;
		column->us += cell->us;
		matrix->verdicts[cell->verdict]++;
		matrix->expected += cell->expected != CELL_EXPECT_NOTHING;
		matrix->as_expected += cell->expected != CELL_EXPECT_NOTHING && cell->as_expected;
	}
}

/* What a column's cells say of the scenarios: cells of one expectation, and those that are as expected. */
static void count_expected(const struct matrix *matrix, uint32_t column, enum cell_expected expected, uint32_t *cells,
			   uint32_t *good)
{
	*cells = *good = 0;
	for (uint32_t i = 0; i < matrix->cell_count; i++) {
		const struct matrix_cell *entry = &matrix->cells[i];
		if (entry->column != column || entry->cell.expected != expected)
			continue;
		(*cells)++;
		*good += entry->cell.as_expected;
	}
}

static void count_score(struct matrix *matrix)
{
	struct matrix_score *score = &matrix->score;
	for (uint32_t column = 0; column < matrix->column_count; column++) {
		uint32_t cells, good;
		count_expected(matrix, column, CELL_EXPECT_BREAKS, &cells, &good);
		score->mutants += cells > 0;
		score->mutants_caught += cells > 0 && good == cells;
		score->breaks += cells;
		score->breaks_caught += good;
		count_expected(matrix, column, CELL_EXPECT_HOLDS, &cells, &good);
		score->corrected += cells > 0;
		score->corrected_quiet += cells > 0 && good == cells;
		score->holds += cells;
		score->holds_quiet += good;
	}
}

int matrix_arrange(struct matrix *matrix, struct error *error)
{
	qsort(matrix->cells, matrix->cell_count, sizeof *matrix->cells, by_place);
	bool good = make_columns(matrix) && make_rows(matrix);
	size_t pairs = good ? (size_t)matrix->row_count * matrix->column_count : 0;
	if (good)
		matrix->pairs = arena_array(&matrix->arena, pairs, sizeof *matrix->pairs);
	if (!good || matrix->pairs == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory for the matrix of \"%s\"", matrix->folder);
	memset(matrix->pairs, 0, pairs * sizeof *matrix->pairs);
	count_cells(matrix);
	count_score(matrix);
	return 0;
}

/* ---- what it amounts to ---- */

const struct matrix_pair *matrix_pair(const struct matrix *matrix, uint32_t row, uint32_t column)
{
	return &matrix->pairs[(size_t)row * matrix->column_count + column];
}

bool matrix_good(const struct cell *cell, bool expect)
{
	return expect ? cell->as_expected : cell->verdict == CELL_PASS;
}

int matrix_rank(const struct cell *cell)
{
	if (!cell->as_expected)
		return 0;
	return cell->expected == CELL_EXPECT_NOTHING ? 1 : 2;
}

bool matrix_pair_good(const struct matrix *matrix, const struct matrix_pair *pair, bool expect)
{
	for (uint32_t i = pair->first; i < pair->first + pair->count; i++)
		if (!matrix_good(&matrix->cells[i].cell, expect))
			return false;
	return true;
}

enum cell_verdict matrix_verdict(const struct matrix *matrix, bool expect)
{
	enum cell_verdict worst = CELL_PASS;
	for (uint32_t i = 0; i < matrix->cell_count; i++) {
		const struct cell *cell = &matrix->cells[i].cell;
		if (matrix_good(cell, expect))
			continue;
		/* A planted bug that nobody noticed is a failure, whatever passed. */
		enum cell_verdict verdict = cell->verdict == CELL_PASS ? CELL_FAIL : cell->verdict;
		if (badness(verdict) > badness(worst))
			worst = verdict;
	}
	bool enough = matrix->cell_count > 0 && matrix->plan_known && (!expect || matrix->expected > 0);
	return worst == CELL_PASS && !enough ? CELL_UNKNOWN : worst;
}

int matrix_exit(const struct matrix *matrix, bool expect)
{
	static const int exits[] = {
		[CELL_PASS] = 0, [CELL_FAIL] = 1, [CELL_UNKNOWN] = 2, [CELL_ERROR] = ERROR_INTERNAL};
	return matrix->cell_count == 0 ? ERROR_DATA : exits[matrix_verdict(matrix, expect)];
}

/* ---- rendering ---- */

static const char *const formats[] = {
	[MATRIX_TEXT] = "text", [MATRIX_TAP] = "tap",           [MATRIX_TAP13] = "tap13", [MATRIX_JUNIT] = "junit",
	[MATRIX_JSON] = "json", [MATRIX_MARKDOWN] = "markdown", [MATRIX_HTML] = "html"};

bool matrix_format_parse(const char *text, enum matrix_format *format)
{
	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
		if (strcmp(formats[i], text) == 0) {
			*format = (enum matrix_format)i;
			return true;
		}
	return false;
}

int matrix_render(const struct matrix *matrix, enum matrix_format format, const struct matrix_style *style,
		  struct buffer *out, struct error *error)
{
	switch (format) {
	case MATRIX_TEXT:
		matrix_text(matrix, style, out);
		break;
	case MATRIX_TAP:
		matrix_tap(matrix, 14, style->expect, out);
		break;
	case MATRIX_TAP13:
		matrix_tap(matrix, 13, style->expect, out);
		break;
	case MATRIX_JUNIT:
		matrix_junit(matrix, style->expect, out);
		break;
	case MATRIX_JSON:
		matrix_json(matrix, style->expect, out);
		break;
	case MATRIX_MARKDOWN:
		matrix_markdown(matrix, style->expect, out);
		break;
	case MATRIX_HTML:
		matrix_html(matrix, style->expect, out);
		break;
	}
	return out->failed ? error_set(error, ERROR_INTERNAL, "out of memory for the report") : 0;
}
