/* matrix - a run as every report shows it: scenarios by pipelines, and the cells of each pair.
 *
 * Loaded from a run's folder: run.json says what was planned, cells/ what came of it. A cell that was planned or began
 * and left no cell.json, or a damaged one, is in the matrix as ERROR with the reason in `problem`; none is left out.
 * Sorted by scenario, pipeline and seed, whatever the order on disk. All renderers draw from this and from the sums
 * derived here, so they cannot disagree; they append to a buffer and print nothing.
 *
 * matrix_load owns everything until matrix_release; one thread. Errors: ERROR_DATA when the folder holds no run,
 * ERROR_IO, ERROR_INTERNAL. */
#ifndef LAKEPROOF_REPORTS_MATRIX_H
#define LAKEPROOF_REPORTS_MATRIX_H

#include "reports/cell.h"
#include "reports/run_record.h"

struct matrix_cell {
	struct cell cell;
	const char *folder;  /* below the run's */
	const char *problem; /* why there is no verdict; else NULL */
	uint32_t row, column;
};

/* A scenario; texts are those of its first cell that has them. */
struct matrix_row {
	const char *scenario, *title, *class_id, *why;
	const char *group; /* "deletes" of "deletes/remove-ignored", "" without a folder */
};

/* All seeds of a pair; count 0: the pipeline takes no part in the scenario. */
struct matrix_pair {
	uint32_t first, count;
	uint32_t worst; /* the cell to show: worst_verdict's first, one that is not as expected before others */
	enum cell_verdict verdict; /* the worst: ERROR, FAIL, UNKNOWN, PASS */
	uint32_t verdicts[4];      /* by enum cell_verdict */
	uint32_t unexpected;       /* cells that are not as expected */
	enum cell_expected expected;
};

/* An earlier run of a pipeline, of the trend. */
struct matrix_trend_point {
	const char *run;
	int64_t started_us;
	uint32_t passed, cells, unexpected;
};

struct matrix_column {
	const char *pipeline;
	uint32_t verdicts[4], unexpected;
	int64_t us;
	struct matrix_trend_point *trend; /* oldest first, this run last; matrix_history_trend fills it */
	uint32_t trend_count;
};

struct matrix_score {
	uint32_t mutants, mutants_caught;    /* pipelines that are to break somewhere; in all such cells as named */
	uint32_t breaks, breaks_caught;      /* their cells */
	uint32_t corrected, corrected_quiet; /* pipelines that are to hold somewhere; in all such cells PASS */
	uint32_t holds, holds_quiet;         /* their cells */
};

struct matrix {
	const char *folder;
	struct run_record run;
	bool plan_known; /* run.json could be read; without it nothing is PASS */
	struct matrix_row *rows;
	struct matrix_column *columns;
	struct matrix_cell *cells;
	struct matrix_pair *pairs; /* rows * columns */
	uint32_t row_count, column_count, cell_count;
	uint32_t verdicts[4], as_expected, expected; /* expected: cells of which anything is expected */
	const char **notes;                          /* what the reader must know of the run itself */
	uint32_t note_count;
	struct matrix_score score;
	struct arena arena;
};

struct matrix_filter {
	const char *scenarios, *pipelines; /* NULL: all; else names or patterns with *, comma separated; a scenario's
					      folder stands for all in it */
};

enum matrix_format { MATRIX_TEXT, MATRIX_TAP, MATRIX_TAP13, MATRIX_JUNIT, MATRIX_JSON, MATRIX_MARKDOWN, MATRIX_HTML };
#define MATRIX_FORMATS "text|tap|tap13|junit|json|markdown|html"

struct matrix_style {
	bool colour;
	bool expect;    /* what is as expected counts as good */
	uint32_t width; /* of the terminal; 0: as wide as it gets */
};

/* Inits; release it in any case. filter may be NULL. */
int matrix_load(const char *folder, const struct matrix_filter *filter, struct matrix *matrix,
		struct error *error) MUST_USE;
void matrix_release(struct matrix *matrix);
/* Sorts the cells and makes rows, columns, pairs and sums of them; matrix_load does. */
int matrix_arrange(struct matrix *matrix, struct error *error) MUST_USE;

/* 70 when a cell is in ERROR; then 1 when one fails, 2 when one is unknown, 0; 65 without any cell. Under `expect` only
 * cells that are not as expected count, and 2 when nothing at all was expected. */
int matrix_exit(const struct matrix *matrix, bool expect);
/* The pair of a row and a column. */
const struct matrix_pair *matrix_pair(const struct matrix *matrix, uint32_t row, uint32_t column);
/* Whether a cell counts as good, and what verdict the whole run has. */
bool matrix_good(const struct cell *cell, bool expect);
/* In which order cells that are not good are told: 0 what nobody expected, 1 of what nothing is expected, 2 what is as
 * expected. */
enum { MATRIX_RANKS = 3 };
int matrix_rank(const struct cell *cell);
/* Whether all its cells do; a pair without cells does. */
bool matrix_pair_good(const struct matrix *matrix, const struct matrix_pair *pair, bool expect);
enum cell_verdict matrix_verdict(const struct matrix *matrix, bool expect);

/* False when it names no format. */
bool matrix_format_parse(const char *text, enum matrix_format *format) MUST_USE;
int matrix_render(const struct matrix *matrix, enum matrix_format format, const struct matrix_style *style,
		  struct buffer *out, struct error *error) MUST_USE;

/* ---- what every renderer says in the same words ---- */

/* What stands in the matrix for a pair: of its worst cell. */
enum matrix_mark {
	MARK_NONE,    /* the pipeline takes no part in the scenario */
	MARK_PASS,    /* PASS, as expected if anything is */
	MARK_CAUGHT,  /* FAIL, as expected: the planted bug was caught */
	MARK_FAIL,    /* FAIL, and nobody said that it would, or not in this way */
	MARK_MISSED,  /* PASS, although it is to break */
	MARK_UNKNOWN, /* UNKNOWN */
	MARK_ERROR,   /* ERROR, unfinished or damaged */
	MARK_COUNT
};
enum matrix_mark matrix_cell_mark(const struct cell *cell);
enum matrix_mark matrix_pair_mark(const struct matrix *matrix, const struct matrix_pair *pair);
/* "caught" and "a planted bug was caught, as expected" */
const char *matrix_mark_word(enum matrix_mark mark);
const char *matrix_mark_meaning(enum matrix_mark mark);
/* Texts of others may hold line ends and what a terminal obeys: they become blanks. */
void matrix_plain(struct buffer *out, const char *text);
/* "nightly: 3 of 80 cells fail" */
void matrix_headline(const struct matrix *matrix, bool expect, struct buffer *out);
/* "71 PASS, 9 FAIL, 0 UNKNOWN, 0 ERROR" */
void matrix_verdicts(const uint32_t verdicts[4], struct buffer *out);
/* "planted bugs: 8 of 9 caught …"; nothing when nothing was expected */
void matrix_score_line(const struct matrix *matrix, struct buffer *out);
/* Of a cell: how its verdict stands to what was expected; nothing when nothing was. */
void matrix_expectation(const struct cell *cell, struct buffer *out);
/* "row.zombie 4, row.stale 1" */
void matrix_findings(const struct cell_count *findings, uint32_t count, struct buffer *out);
/* "0.41 s", "12 s", "3 min 20 s" */
void matrix_duration(int64_t us, struct buffer *out);

/* The test points of a cell: its invariants, then one for the cell itself, so that a cell is good exactly when none of
 * them is against it, even one without a result. */
enum matrix_point_state { CHECK_OK, CHECK_FAILED, CHECK_UNKNOWN, CHECK_SKIPPED, CHECK_FORESEEN };
struct matrix_point {
	const char *id, *name;
	enum matrix_point_state
		state;               /* CHECK_FORESEEN: against the cell, and not counted, as more is expected of it */
	const struct cell_point *of; /* NULL: the cell itself */
};
uint32_t matrix_point_count(const struct matrix_cell *entry);
struct matrix_point matrix_point(const struct matrix_cell *entry, uint32_t index, bool expect);
/* Why it is not ok: findings, detail, problem; in one line. */
void matrix_point_reason(const struct matrix_cell *entry, const struct matrix_point *point, struct buffer *out);

/* ---- history: one row for each cell of each run in a database beside the runs ----
 *
 * Never fatal to a verdict: what goes wrong is told in *note (owned by the matrix's arena, NULL when all is well). A
 * database that is damaged is set aside as "<path>.damaged" with a number. Runs may write at the same time. */
void matrix_history_add(struct matrix *matrix, const char *path, const char **note);
/* Fills the columns' trends with up to `runs` earlier runs. A database that is not there is no problem. */
void matrix_history_trend(struct matrix *matrix, const char *path, uint32_t runs, const char **note);

/* ---- the renderers, one file each ---- */
void matrix_text(const struct matrix *matrix, const struct matrix_style *style, struct buffer *out);
void matrix_tap(const struct matrix *matrix, int version, bool expect, struct buffer *out);
void matrix_junit(const struct matrix *matrix, bool expect, struct buffer *out);
void matrix_json(const struct matrix *matrix, bool expect, struct buffer *out);
void matrix_markdown(const struct matrix *matrix, bool expect, struct buffer *out);
void matrix_html(const struct matrix *matrix, bool expect, struct buffer *out);

#endif
