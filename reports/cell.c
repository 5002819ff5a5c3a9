#include "reports/cell.h"

#include "base/whole_file.h"
#include "reports/members.h"

enum { CAPACITY_MIN = 4 };

static const char *const verdicts[] = {"PASS", "FAIL", "UNKNOWN", "ERROR"};
static const char *const expectations[] = {"none", "holds", "breaks"};
static const char *const states[] = {"ok", "failed", "unknown", "skipped"};

const char *cell_verdict_text(enum cell_verdict verdict)
{
	return verdicts[verdict];
}

const char *cell_expected_text(enum cell_expected expected)
{
	return expectations[expected];
}

const char *cell_point_text(enum point_state state)
{
	return states[state];
}

void cell_init(struct cell *cell)
{
	*cell = (struct cell){.seed = 0};
	arena_init(&cell->arena, CELL_BYTES_MAX);
}

void cell_release(struct cell *cell)
{
	arena_release(&cell->arena);
	*cell = (struct cell){.seed = 0};
}

/* ---- filling ---- */

const char *cell_text(struct cell *cell, const char *text)
{
	if (text == NULL)
		return NULL;
	const char *copy = arena_copy(&cell->arena, slice_from(text)).data;
	cell->failed = cell->failed || copy == NULL;
	return copy;
}

/* Room for one more element: at powers of two the array moves to a place twice as large. NULL when out of memory. */
static void *more(struct cell *cell, void *array, uint32_t count, size_t size)
{
	if (count >= CAPACITY_MIN && (count & (count - 1)) != 0)
		return array;
	if (count != 0 && count < CAPACITY_MIN)
		return array;
	size_t capacity = count < CAPACITY_MIN ? CAPACITY_MIN : (size_t)count * 2;
	void *larger = arena_array(&cell->arena, capacity, size);
	if (larger != NULL && count > 0)
		memcpy(larger, array, count * size);
	cell->failed = cell->failed || larger == NULL;
	return larger;
}

static int result(const struct cell *cell)
{
	return cell->failed ? ERROR_INTERNAL : 0;
}

static int add_text(struct cell *cell, const char ***texts, uint32_t *count, const char *text)
{
	const char **array = more(cell, *texts, *count, sizeof **texts);
	const char *copy = cell_text(cell, text != NULL ? text : "");
	if (array == NULL || copy == NULL)
		return ERROR_INTERNAL;
	array[(*count)++] = copy;
	*texts = array;
	return result(cell);
}

int cell_add_expected(struct cell *cell, const char *finding_id)
{
	return add_text(cell, &cell->expected_findings, &cell->expected_finding_count, finding_id);
}

int cell_add_story(struct cell *cell, const char *line)
{
	return add_text(cell, &cell->story, &cell->story_count, line);
}

int cell_add_point(struct cell *cell, const char *id, const char *name, enum point_state state, const char *detail)
{
	struct cell_point *points = more(cell, cell->points, cell->point_count, sizeof *points);
	if (points == NULL)
		return ERROR_INTERNAL;
	points[cell->point_count++] = (struct cell_point){.id = cell_text(cell, id),
							  .name = cell_text(cell, name),
							  .detail = cell_text(cell, detail),
							  .state = state};
	cell->points = points;
	return result(cell);
}

static int add_count(struct cell *cell, struct cell_count **counts, uint32_t *size, const char *id, uint64_t count)
{
	for (uint32_t i = 0; i < *size; i++)
		if (strcmp((*counts)[i].id, id) == 0) {
			(*counts)[i].count += count;
			return result(cell);
		}
	struct cell_count *array = more(cell, *counts, *size, sizeof *array);
	const char *copy = cell_text(cell, id);
	if (array == NULL || copy == NULL)
		return ERROR_INTERNAL;
	array[(*size)++] = (struct cell_count){copy, count};
	*counts = array;
	return result(cell);
}

int cell_add_finding(struct cell *cell, const char *finding_id, uint64_t count)
{
	return add_count(cell, &cell->findings, &cell->finding_count, finding_id, count);
}

int cell_point_finding(struct cell *cell, const char *finding_id, uint64_t count)
{
	if (cell->point_count == 0) {
		cell->failed = true;
		return ERROR_INTERNAL;
	}
	struct cell_point *point = &cell->points[cell->point_count - 1];
	int code = add_count(cell, &point->findings, &point->finding_count, finding_id, count);
	return code != 0 ? code : cell_add_finding(cell, finding_id, count);
}

int cell_add_example(struct cell *cell, const char *finding_id, const char *key, const char *cause)
{
	struct cell_example *examples = more(cell, cell->examples, cell->example_count, sizeof *examples);
	if (examples == NULL)
		return ERROR_INTERNAL;
	examples[cell->example_count++] = (struct cell_example){cell_text(cell, finding_id), cell_text(cell, key),
								cell_text(cell, cause)};
	cell->examples = examples;
	return result(cell);
}

int cell_add_event(struct cell *cell, const struct cell_event *event)
{
	struct cell_event *events = more(cell, cell->events, cell->event_count, sizeof *events);
	if (events == NULL)
		return ERROR_INTERNAL;
	struct cell_event copy = *event;
	copy.what = cell_text(cell, event->what);
	copy.file = cell_text(cell, event->file);
	copy.image = cell_text(cell, event->image);
	events[cell->event_count++] = copy;
	cell->events = events;
	return result(cell);
}

int cell_add_version(struct cell *cell, const struct cell_version *version)
{
	struct cell_version *versions = more(cell, cell->versions, cell->version_count, sizeof *versions);
	if (versions == NULL)
		return ERROR_INTERNAL;
	struct cell_version copy = *version;
	copy.row = cell_text(cell, version->row);
	versions[cell->version_count++] = copy;
	cell->versions = versions;
	return result(cell);
}

int cell_add_step(struct cell *cell, const struct cell_step *step)
{
	struct cell_step *steps = more(cell, cell->steps, cell->step_count, sizeof *steps);
	if (steps == NULL)
		return ERROR_INTERNAL;
	struct cell_step copy = *step;
	copy.name = cell_text(cell, step->name);
	copy.out = cell_text(cell, step->out);
	copy.err = cell_text(cell, step->err);
	steps[cell->step_count++] = copy;
	cell->steps = steps;
	return result(cell);
}

/* ---- what it amounts to ---- */

enum cell_verdict cell_points_verdict(const struct cell *cell)
{
	uint32_t counts[] = {0, 0, 0, 0};
	for (uint32_t i = 0; i < cell->point_count; i++)
		counts[cell->points[i].state]++;
	if (counts[POINT_FAILED] > 0)
		return CELL_FAIL;
	return counts[POINT_UNKNOWN] > 0 || counts[POINT_OK] == 0 ? CELL_UNKNOWN : CELL_PASS;
}

uint64_t cell_finding_total(const struct cell *cell, const char *finding_id)
{
	for (uint32_t i = 0; i < cell->finding_count; i++)
		if (strcmp(cell->findings[i].id, finding_id) == 0)
			return cell->findings[i].count;
	return 0;
}

bool cell_meets_expectation(const struct cell *cell)
{
	switch (cell->expected) {
	case CELL_EXPECT_HOLDS:
		return cell->verdict == CELL_PASS;
	case CELL_EXPECT_BREAKS:
		for (uint32_t i = 0; i < cell->expected_finding_count; i++)
			if (cell_finding_total(cell, cell->expected_findings[i]) == 0)
				return false;
		return cell->verdict == CELL_FAIL;
	case CELL_EXPECT_NOTHING:
		break;
	}
	return cell->verdict != CELL_ERROR;
}

/* The one rule that no writer and no reader may break. */
static int check_claim(const struct cell *cell, int code, struct error *error)
{
	if (cell->verdict == CELL_PASS && cell_points_verdict(cell) != CELL_PASS)
		return error_set(error, code, "the cell says PASS, which its points do not: %s",
				 cell_points_verdict(cell) == CELL_FAIL ? "one failed"
									: "one is unknown, or none is ok");
	return 0;
}

/* ---- writing ---- */

static void texts(struct buffer *out, const char *member, const char *const *values, uint32_t count)
{
	members_open(out, member, '[');
	for (uint32_t i = 0; i < count; i++)
		members_text(out, NULL, values[i]);
	buffer_append_byte(out, ']');
}

/* Names are finding ids, which are plain; whatever they are, they become a valid name. */
static void counts(struct buffer *out, const struct cell_count *values, uint32_t count)
{
	members_open(out, "findings", '{');
	for (uint32_t i = 0; i < count; i++) {
		members_name(out, NULL);
		members_value(out, values[i].id);
		buffer_append_byte(out, ':');
		buffer_append_u64(out, values[i].count);
	}
	buffer_append_byte(out, '}');
}

static void head(struct buffer *out, const struct cell *cell)
{
	members_u64(out, "format", CELL_FORMAT);
	members_text(out, "scenario", cell->scenario);
	members_text(out, "title", cell->title);
	members_text(out, "class", cell->class_id);
	members_text(out, "why", cell->why);
	members_text(out, "pipeline", cell->pipeline);
	members_u64(out, "seed", cell->seed);
	members_text(out, "verdict", cell_verdict_text(cell->verdict));
	members_text(out, "expected", cell_expected_text(cell->expected));
	texts(out, "expected_findings", cell->expected_findings, cell->expected_finding_count);
	members_bool(out, "as_expected", cell->as_expected);
	members_i64(out, "started_us", cell->started_us);
	members_seconds(out, "seconds", cell->us);
	members_u64(out, "batches", cell->batches);
	members_u64(out, "items", cell->items);
	members_u64(out, "changes", cell->changes);
}

static void points(struct buffer *out, const struct cell *cell)
{
	members_open(out, "points", '[');
	for (uint32_t i = 0; i < cell->point_count; i++) {
		const struct cell_point *point = &cell->points[i];
		members_open(out, NULL, '{');
		members_text(out, "id", point->id);
		members_text(out, "name", point->name);
		members_text(out, "state", cell_point_text(point->state));
		counts(out, point->findings, point->finding_count);
		members_text(out, "detail", point->detail);
		buffer_append_byte(out, '}');
	}
	buffer_append_byte(out, ']');
}

static void examples(struct buffer *out, const struct cell *cell)
{
	members_open(out, "examples", '[');
	for (uint32_t i = 0; i < cell->example_count; i++) {
		members_open(out, NULL, '{');
		members_text(out, "id", cell->examples[i].id);
		members_text(out, "key", cell->examples[i].key);
		members_text(out, "cause", cell->examples[i].cause);
		buffer_append_byte(out, '}');
	}
	buffer_append_byte(out, ']');
}

static void timeline(struct buffer *out, const struct cell *cell)
{
	if (cell->timeline_key == NULL) {
		members_text(out, "timeline", NULL);
		return;
	}
	members_open(out, "timeline", '{');
	members_text(out, "key", cell->timeline_key);
	members_open(out, "events", '[');
	for (uint32_t i = 0; i < cell->event_count; i++) {
		members_open(out, NULL, '{');
		members_i64(out, "time_us", cell->events[i].time_us);
		members_u64(out, "batch", cell->events[i].batch);
		members_text(out, "what", cell->events[i].what);
		members_text(out, "file", cell->events[i].file);
		members_text(out, "image", cell->events[i].image);
		buffer_append_byte(out, '}');
	}
	buffer_append_byte(out, ']');
	members_open(out, "versions", '[');
	for (uint32_t i = 0; i < cell->version_count; i++) {
		members_open(out, NULL, '{');
		members_i64(out, "version", cell->versions[i].version);
		members_i64(out, "time_us", cell->versions[i].time_us);
		members_u64(out, "batch", cell->versions[i].batch);
		members_text(out, "row", cell->versions[i].row);
		buffer_append_byte(out, '}');
	}
	buffer_append_text(out, "]}");
}

static void steps(struct buffer *out, const struct cell *cell)
{
	members_open(out, "steps", '[');
	for (uint32_t i = 0; i < cell->step_count; i++) {
		const struct cell_step *step = &cell->steps[i];
		members_open(out, NULL, '{');
		members_text(out, "name", step->name);
		members_i64(out, "exit", step->exit);
		members_i64(out, "signal", step->signal);
		members_seconds(out, "seconds", step->us);
		members_text(out, "out", step->out);
		members_text(out, "err", step->err);
		members_bool(out, "faulted", step->faulted);
		buffer_append_byte(out, '}');
	}
	buffer_append_byte(out, ']');
}

void cell_json(const struct cell *cell, struct buffer *out)
{
	/* A brace of its own, whatever stands before it. */
	buffer_append_byte(out, '{');
	head(out, cell);
	points(out, cell);
	counts(out, cell->findings, cell->finding_count);
	examples(out, cell);
	texts(out, "story", cell->story, cell->story_count);
	timeline(out, cell);
	steps(out, cell);
	members_text(out, "reproduce", cell->reproduce);
	buffer_append_byte(out, '}');
}

int cell_write(const struct cell *cell, const char *path, struct error *error)
{
	if (cell->failed)
		return error_set(error, ERROR_INTERNAL, "out of memory for \"%s\"", path);
	if (cell->scenario == NULL || cell->pipeline == NULL)
		return error_set(error, ERROR_INTERNAL, "\"%s\" has no scenario or no pipeline", path);
	int code = check_claim(cell, ERROR_INTERNAL, error);
	if (code != 0)
		return error_prefix(error, "cannot write \"%s\"", path);
	struct buffer out;
	buffer_init(&out, 2 * (size_t)CELL_BYTES_MAX);
	cell_json(cell, &out);
	buffer_append_byte(&out, '\n');
	/* What cannot be read again must not be written. */
	if (out.failed || out.size + JSON_PADDING >= CELL_BYTES_MAX)
		code = error_set(error, ERROR_INTERNAL, "the cell is too large for \"%s\"", path);
	else
		code = whole_file_write(path, buffer_slice(&out), error);
	buffer_release(&out);
	return code;
}
