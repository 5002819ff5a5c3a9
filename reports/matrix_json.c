/* matrix_json - a run as one JSON object, which docs/run-json.md describes: sums, rows, columns, then each cell as its
 * cell.json has it, with what the matrix knows of it besides. */
#include "reports/matrix.h"
#include "reports/members.h"

static void verdicts(struct buffer *out, const uint32_t counts[4])
{
	members_open(out, "verdicts", '{');
	for (int i = 0; i < 4; i++)
		members_u64(out, cell_verdict_text((enum cell_verdict)i), counts[i]);
	buffer_append_byte(out, '}');
}

static void score(struct buffer *out, const struct matrix_score *score)
{
	members_open(out, "score", '{');
	members_u64(out, "planted", score->mutants);
	members_u64(out, "planted_caught", score->mutants_caught);
	members_u64(out, "planted_cells", score->breaks);
	members_u64(out, "planted_cells_caught", score->breaks_caught);
	members_u64(out, "holding", score->corrected);
	members_u64(out, "holding_quiet", score->corrected_quiet);
	members_u64(out, "holding_cells", score->holds);
	members_u64(out, "holding_cells_quiet", score->holds_quiet);
	buffer_append_byte(out, '}');
}

static void head(const struct matrix *matrix, bool expect, struct buffer *out)
{
	const struct run_record *run = &matrix->run;
	members_u64(out, "format", 1);
	members_text(out, "run", run->name);
	members_text(out, "folder", matrix->folder);
	members_text(out, "version", run->version);
	members_text(out, "command", run->command);
	members_i64(out, "started_us", run->started_us);
	members_i64(out, "ended_us", run->ended_us);
	members_u64(out, "seed", run->seed);
	members_u64(out, "repeat", run->repeat);
	members_bool(out, "expect", expect);
	members_text(out, "verdict", cell_verdict_text(matrix_verdict(matrix, expect)));
	members_i64(out, "exit", matrix_exit(matrix, expect));
	members_u64(out, "cell_count", matrix->cell_count);
	verdicts(out, matrix->verdicts);
	members_u64(out, "with_expectation", matrix->expected);
	members_u64(out, "as_expected", matrix->as_expected);
	score(out, &matrix->score);
	members_open(out, "notes", '[');
	for (uint32_t i = 0; i < matrix->note_count; i++)
		members_text(out, NULL, matrix->notes[i]);
	buffer_append_byte(out, ']');
}

static void rows(const struct matrix *matrix, struct buffer *out)
{
	members_open(out, "scenarios", '[');
	for (uint32_t i = 0; i < matrix->row_count; i++) {
		members_open(out, NULL, '{');
		members_text(out, "scenario", matrix->rows[i].scenario);
		members_text(out, "group", matrix->rows[i].group);
		members_text(out, "class", matrix->rows[i].class_id);
		members_text(out, "title", matrix->rows[i].title);
		members_text(out, "why", matrix->rows[i].why);
		buffer_append_byte(out, '}');
	}
	buffer_append_byte(out, ']');
}

static void trend(const struct matrix_column *column, struct buffer *out)
{
	members_open(out, "trend", '[');
	for (uint32_t i = 0; i < column->trend_count; i++) {
		const struct matrix_trend_point *point = &column->trend[i];
		members_open(out, NULL, '{');
		members_text(out, "run", point->run);
		members_i64(out, "started_us", point->started_us);
		members_u64(out, "cells", point->cells);
		members_u64(out, "passed", point->passed);
		members_u64(out, "unexpected", point->unexpected);
		buffer_append_byte(out, '}');
	}
	buffer_append_byte(out, ']');
}

static void columns(const struct matrix *matrix, struct buffer *out)
{
	members_open(out, "pipelines", '[');
	for (uint32_t i = 0; i < matrix->column_count; i++) {
		const struct matrix_column *column = &matrix->columns[i];
		members_open(out, NULL, '{');
		members_text(out, "pipeline", column->pipeline);
		verdicts(out, column->verdicts);
		members_u64(out, "unexpected", column->unexpected);
		members_seconds(out, "seconds", column->us);
		trend(column, out);
		buffer_append_byte(out, '}');
	}
	buffer_append_byte(out, ']');
}

static void cells(const struct matrix *matrix, struct buffer *out)
{
	members_open(out, "cells", '[');
	for (uint32_t i = 0; i < matrix->cell_count; i++) {
		const struct matrix_cell *entry = &matrix->cells[i];
		members_open(out, NULL, '{');
		members_text(out, "folder", entry->folder);
		members_text(out, "problem", entry->problem);
		members_text(out, "mark", matrix_mark_word(matrix_cell_mark(&entry->cell)));
		members_name(out, "cell");
		cell_json(&entry->cell, out);
		buffer_append_byte(out, '}');
	}
	buffer_append_byte(out, ']');
}

void matrix_json(const struct matrix *matrix, bool expect, struct buffer *out)
{
	buffer_append_byte(out, '{');
	head(matrix, expect, out);
	rows(matrix, out);
	columns(matrix, out);
	cells(matrix, out);
	buffer_append_text(out, "}\n");
}
