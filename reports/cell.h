/* cell - what became of one pipeline under one scenario with one seed: filled by who ran it, kept as cell.json, drawn
 * upon by every report of a run.
 *
 * A cell says PASS only when a point of it is ok and none is failed or unknown: cell_write and cell_read both refuse
 * one that claims otherwise, so no report can show it. Texts that come in are bytes of anybody's; cell_write replaces
 * what is no UTF-8 (U+FFFD), so those of a cell that was read are UTF-8 without NUL.
 *
 * The cell's arena owns all texts and arrays that cell_add_* and cell_read make; the members are set directly, to texts
 * that live as long as the cell does (cell_text makes such a copy). One thread a cell. Times in microseconds since
 * 1970, durations in microseconds. What could not be added for lack of memory is remembered in `failed`: cell_write
 * tells it. Errors: ERROR_DATA for a file that is no cell, ERROR_IO, ERROR_INTERNAL. */
#ifndef LAKEPROOF_REPORTS_CELL_H
#define LAKEPROOF_REPORTS_CELL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/json.h"

enum { CELL_FORMAT = 1, CELL_BYTES_MAX = 64 * 1024 * 1024 };

enum cell_verdict { CELL_PASS = 0, CELL_FAIL, CELL_UNKNOWN, CELL_ERROR };
enum cell_expected { CELL_EXPECT_NOTHING = 0, CELL_EXPECT_HOLDS, CELL_EXPECT_BREAKS };
enum point_state { POINT_OK = 0, POINT_FAILED, POINT_UNKNOWN, POINT_SKIPPED };

struct cell_count {
	const char *id;
	uint64_t count;
};

/* One invariant and how it stands. */
struct cell_point {
	const char *id, *name, *detail; /* detail may be NULL */
	enum point_state state;
	struct cell_count *findings;
	uint32_t finding_count;
};

struct cell_example {
	const char *id, *key, *cause; /* key may be NULL */
};

/* A change of the timeline's key; image NULL when there is none after it. Equal images and rows are equal texts. */
struct cell_event {
	int64_t time_us;
	uint32_t batch;
	const char *what, *file, *image;
};

/* A version of the table; row NULL when it holds none of the key. */
struct cell_version {
	int64_t version, time_us;
	uint32_t batch;
	const char *row;
};

struct cell_step {
	const char *name, *out, *err; /* out, err: paths below the cell's folder, may be NULL */
	int exit, signal;
	int64_t us;
	bool faulted; /* the scenario disturbed it, so its exit says nothing */
};

struct cell {
	const char *scenario, *title, *class_id, *why, *pipeline,
		*reproduce; /* all but scenario and pipeline may be NULL */
	uint64_t seed;
	enum cell_verdict verdict;
	enum cell_expected expected;
	const char **expected_findings;
	uint32_t expected_finding_count;
	bool as_expected;
	int64_t started_us, us;
	uint64_t items, changes;
	uint32_t batches;
	struct cell_point *points;
	struct cell_count *findings; /* over all points, each id once */
	struct cell_example *examples;
	const char **story;
	const char *timeline_key; /* NULL: no timeline */
	struct cell_event *events;
	struct cell_version *versions;
	struct cell_step *steps;
	uint32_t point_count, finding_count, example_count, story_count, event_count, version_count, step_count;
	bool failed;
	struct arena arena;
};

void cell_init(struct cell *cell);
void cell_release(struct cell *cell);

/* A copy in the cell's arena; NULL for NULL, or when out of memory (`failed` is set then). */
const char *cell_text(struct cell *cell, const char *text);

/* Each copies into the cell's arena and returns 0 or ERROR_INTERNAL, which cell_write tells too. */
int cell_add_expected(struct cell *cell, const char *finding_id);
int cell_add_point(struct cell *cell, const char *id, const char *name, enum point_state state, const char *detail);
/* Of the point added last; adds to the cell's findings too. */
int cell_point_finding(struct cell *cell, const char *finding_id, uint64_t count);
/* Of no point. Counts of one id add up. */
int cell_add_finding(struct cell *cell, const char *finding_id, uint64_t count);
int cell_add_example(struct cell *cell, const char *finding_id, const char *key, const char *cause);
int cell_add_story(struct cell *cell, const char *line);
int cell_add_event(struct cell *cell, const struct cell_event *event);
int cell_add_version(struct cell *cell, const struct cell_version *version);
int cell_add_step(struct cell *cell, const struct cell_step *step);

/* What the points amount to: FAIL when one failed; else UNKNOWN when one is unknown or none is ok; else PASS. */
enum cell_verdict cell_points_verdict(const struct cell *cell);
/* Whether the verdict is the expected one: PASS where the scenario holds; FAIL with each expected finding where it
 * breaks; anything but ERROR where nothing is said. */
bool cell_meets_expectation(const struct cell *cell);
/* 0 when there is none. */
uint64_t cell_finding_total(const struct cell *cell, const char *finding_id);

/* "PASS", "holds", "ok" and so on, as in the file. */
const char *cell_verdict_text(enum cell_verdict verdict);
const char *cell_expected_text(enum cell_expected expected);
const char *cell_point_text(enum point_state state);

/* The cell as one JSON object, without a line's end. */
void cell_json(const struct cell *cell, struct buffer *out);
/* Atomically. The folder must be there. */
int cell_write(const struct cell *cell, const char *path, struct error *error) MUST_USE;
/* Inits the cell, whatever comes of it; release it in any case. `as_expected` of the file is believed only where
 * cell_meets_expectation says so too. */
int cell_read(const char *path, struct cell *cell, struct error *error) MUST_USE;
/* The same of bytes in memory, by a parser that may serve many. */
int cell_parse(struct json_parser *parser, struct slice bytes, struct cell *cell, struct error *error) MUST_USE;

#endif
