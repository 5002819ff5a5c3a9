#include "reports/cell.h"

#include "base/whole_file.h"
#include "tests/support/scratch.h"
#include "tests/tap.h"

static char folder[SCRATCH_PATH_MAX];
static char path[SCRATCH_PATH_MAX + 32];

/* Quotes, a backslash, controls, a script's end, right-to-left text, a character beyond the BMP. */
#define AWKWARD "\"q\" \\ \t\n\x01\x7f </script> ' & \xd7\xa9\xd7\x9c\xe2\x80\xae \xf0\x9f\x90\x98"

static void fill(struct cell *cell)
{
	cell_init(cell);
	cell->scenario = "deletes/remove-ignored";
	cell->title = cell_text(cell, AWKWARD);
	cell->class_id = "D1";
	cell->why = "";
	cell->pipeline = "embedded+drops-remove";
	cell->reproduce = "lakeproof run deletes/remove-ignored --seed 7";
	cell->seed = UINT64_MAX;
	cell->verdict = CELL_FAIL;
	cell->expected = CELL_EXPECT_BREAKS;
	cell_add_expected(cell, "row.zombie");
	cell_add_expected(cell, "row.stale");
	cell->as_expected = true;
	cell->started_us = INT64_C(1760000000123456);
	cell->us = 410001;
	cell->batches = 6;
	cell->items = 120;
	cell->changes = 300;
	cell_add_point(cell, "ran", "every step ends well", POINT_OK, NULL);
	cell_add_point(cell, "final.deletes", AWKWARD, POINT_FAILED, "4 of 120 keys");
	cell_point_finding(cell, "row.zombie", 4);
	cell_point_finding(cell, "row.zombie_ttl", 1);
	cell_add_point(cell, "each_batch", "n", POINT_UNKNOWN, AWKWARD);
	cell_point_finding(cell, "row.zombie", 3);
	cell_point_finding(cell, "row.stale", UINT32_MAX);
	cell_add_point(cell, "poison", "n", POINT_SKIPPED, "");
	cell_add_finding(cell, "pipeline.limit", 1);
	cell_add_example(cell, "row.zombie", "{\"pk\":\"a\\\"b\"}", AWKWARD);
	cell_add_example(cell, "row.zombie", NULL, NULL);
	for (int i = 0; i < 9; i++)
		cell_add_story(cell, i == 4 ? AWKWARD : "a line");
	cell->timeline_key = "{\"pk\":\"a\"}";
	cell_add_event(cell, &(struct cell_event){INT64_MIN, 1, "INSERT", "f.json", "ab12cd34"});
	cell_add_event(cell, &(struct cell_event){17, 2, "REMOVE", NULL, NULL});
	cell_add_version(cell, &(struct cell_version){0, 18, 1, "ab12cd34"});
	cell_add_version(cell, &(struct cell_version){1, 19, 2, NULL});
	cell_add_step(cell, &(struct cell_step){"setup", NULL, NULL, 0, 0, 12, false});
	cell_add_step(cell, &(struct cell_step){"apply 1", "steps/1.out", "steps/1.err", -1, 9, 3599999999, true});
}

static bool same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_counts(const struct cell_count *a, uint32_t size_a, const struct cell_count *b, uint32_t size_b)
{
	bool equal = size_a == size_b;
	for (uint32_t i = 0; equal && i < size_a; i++)
		equal = same(a[i].id, b[i].id) && a[i].count == b[i].count;
	return equal;
}

static bool same_points(const struct cell *a, const struct cell *b)
{
	bool equal = a->point_count == b->point_count;
	for (uint32_t i = 0; equal && i < a->point_count; i++) {
		const struct cell_point *x = &a->points[i], *y = &b->points[i];
		equal = same(x->id, y->id) && same(x->name, y->name) && same(x->detail, y->detail) &&
			x->state == y->state &&
			same_counts(x->findings, x->finding_count, y->findings, y->finding_count);
	}
	return equal;
}

static bool same_timeline(const struct cell *a, const struct cell *b)
{
	bool equal = same(a->timeline_key, b->timeline_key) && a->event_count == b->event_count &&
		     a->version_count == b->version_count;
	for (uint32_t i = 0; equal && i < a->event_count; i++) {
		const struct cell_event *x = &a->events[i], *y = &b->events[i];
		equal = x->time_us == y->time_us && x->batch == y->batch && same(x->what, y->what) &&
			same(x->file, y->file) && same(x->image, y->image);
	}
	for (uint32_t i = 0; equal && i < a->version_count; i++) {
		const struct cell_version *x = &a->versions[i], *y = &b->versions[i];
		equal = x->version == y->version && x->time_us == y->time_us && x->batch == y->batch &&
			same(x->row, y->row);
	}
	return equal;
}

static bool same_steps(const struct cell *a, const struct cell *b)
{
	bool equal = a->step_count == b->step_count;
	for (uint32_t i = 0; equal && i < a->step_count; i++) {
		const struct cell_step *x = &a->steps[i], *y = &b->steps[i];
		equal = same(x->name, y->name) && same(x->out, y->out) && same(x->err, y->err) && x->exit == y->exit &&
			x->signal == y->signal && x->us == y->us && x->faulted == y->faulted;
	}
	return equal;
}

static bool same_texts(const char *const *a, uint32_t size_a, const char *const *b, uint32_t size_b)
{
	bool equal = size_a == size_b;
	for (uint32_t i = 0; equal && i < size_a; i++)
		equal = same(a[i], b[i]);
	return equal;
}

static bool same_examples(const struct cell *a, const struct cell *b)
{
	bool equal = a->example_count == b->example_count;
	for (uint32_t i = 0; equal && i < a->example_count; i++)
		equal = same(a->examples[i].id, b->examples[i].id) && same(a->examples[i].key, b->examples[i].key) &&
			same(a->examples[i].cause, b->examples[i].cause);
	return equal;
}

static void test_round_trip(void)
{
	struct cell cell, again;
	struct error error = {0};
	fill(&cell);
	is_int(cell_finding_total(&cell, "row.zombie"), 7, "a point's findings add up in the cell");
	is_int(cell_write(&cell, path, &error), 0, "a cell is written");
	is_int(cell_read(path, &again, &error), 0, "a cell is read");
	ok(error.code == 0, "without a complaint: %s", error.message);
	ok(same(cell.scenario, again.scenario) && same(cell.title, again.title) &&
		   same(cell.class_id, again.class_id) && same(cell.why, again.why) &&
		   same(cell.pipeline, again.pipeline) && same(cell.reproduce, again.reproduce),
	   "its texts come back");
	ok(cell.seed == again.seed && cell.verdict == again.verdict && cell.expected == again.expected &&
		   cell.as_expected == again.as_expected && cell.started_us == again.started_us &&
		   cell.us == again.us && cell.items == again.items && cell.changes == again.changes &&
		   cell.batches == again.batches,
	   "its numbers come back");
	ok(same_texts(cell.expected_findings, cell.expected_finding_count, again.expected_findings,
		      again.expected_finding_count),
	   "the findings that were expected come back");
	ok(same_points(&cell, &again), "its points come back");
	ok(same_counts(cell.findings, cell.finding_count, again.findings, again.finding_count),
	   "its findings come back");
	ok(same_examples(&cell, &again), "its examples come back");
	ok(same_texts(cell.story, cell.story_count, again.story, again.story_count), "its story comes back");
	ok(same_timeline(&cell, &again), "its timeline comes back");
	ok(same_steps(&cell, &again), "its steps come back");
	cell_release(&cell);
	cell_release(&again);
}

static void test_bytes(void)
{
	struct cell cell, again;
	struct error error = {0};
	fill(&cell);
	cell.title = "a\xff\xfe"
		     "b\xe2\x82"
		     "c\xed\xa0\x80\xf0\x9f";
	ok(cell_write(&cell, path, &error) == 0 && cell_read(path, &again, &error) == 0,
	   "bytes that are no UTF-8 are written so that they can be read: %s", error.message);
	is_text(again.title,
		"a\xef\xbf\xbd\xef\xbf\xbd"
		"b\xef\xbf\xbd\xef\xbf\xbd"
		"c\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
		"each of them as U+FFFD, the others as they are");
	cell_release(&cell);
	cell_release(&again);
}

static void refused(const char *text, const char *message)
{
	struct error error = {0};
	struct cell cell;
	if (whole_file_write(path, slice_from(text), &error) != 0)
		ok(false, "%s", error.message);
	int code = cell_read(path, &cell, &error);
	bool told = strstr(error.message, message) != NULL && strstr(error.message, path) != NULL;
	ok(code == ERROR_DATA && told, "refused: %s", message);
	if (!told)
		printf("# %d: %s\n", code, error.message);
	cell_release(&cell);
}

#define HEAD "{\"format\":1,\"scenario\":\"s\",\"pipeline\":\"p\",\"expected\":\"none\""

static void test_damaged(void)
{
	refused("", "it is no JSON");
	refused("{\"format\":1,", "it is no JSON");
	refused("[]", "it is no JSON object");
	refused("{}", "\"format\" is not 1");
	refused("{\"format\":2}", "\"format\" is not 1");
	refused("{\"format\":1,\"scenario\":\"s\"}", "\"pipeline\" is not there");
	refused("{\"format\":1,\"scenario\":7}", "\"scenario\" is not a text");
	refused(HEAD "}", "\"verdict\" is not there");
	refused(HEAD ",\"verdict\":\"GREEN\"}", "\"verdict\" is not a word");
	refused(HEAD ",\"verdict\":\"FAIL\",\"seed\":-1}", "\"seed\" is not a whole number");
	refused(HEAD ",\"verdict\":\"FAIL\",\"seed\":1.5}", "\"seed\" is not a whole number");
	refused(HEAD ",\"verdict\":\"FAIL\",\"batches\":4294967296}", "\"batches\" is not a whole number");
	refused(HEAD ",\"verdict\":\"FAIL\",\"seconds\":-1}", "\"seconds\" is not a number");
	refused(HEAD ",\"verdict\":\"FAIL\",\"points\":{}}", "\"points\" is not a list");
	refused(HEAD ",\"verdict\":\"FAIL\",\"points\":[1]}", "\"points\" is not a list of what it lists");
	refused(HEAD ",\"verdict\":\"FAIL\",\"findings\":{\"row.stale\":\"x\"}}", "\"findings\" is not a count");
	refused(HEAD ",\"verdict\":\"FAIL\",\"title\":\"a\\u0000b\"}", "free of NUL");
	refused(HEAD ",\"verdict\":\"PASS\",\"points\":[]}", "it says PASS");
	refused(HEAD ",\"verdict\":\"PASS\",\"points\":[{\"id\":\"a\",\"name\":\"a\",\"state\":\"ok\"},"
		     "{\"id\":\"b\",\"name\":\"b\",\"state\":\"unknown\"}]}",
		"it says PASS");
}

static void test_claims(void)
{
	struct cell cell;
	struct error error = {0};
	cell_init(&cell);
	cell.scenario = "s";
	cell.pipeline = "p";
	ok(cell_write(&cell, path, &error) == ERROR_INTERNAL && strstr(error.message, "PASS") != NULL,
	   "a PASS without a point is not written");
	cell_add_point(&cell, "a", "a", POINT_SKIPPED, NULL);
	ok(cell_points_verdict(&cell) == CELL_UNKNOWN, "points that were all skipped prove nothing");
	cell_add_point(&cell, "b", "b", POINT_OK, NULL);
	ok(cell_points_verdict(&cell) == CELL_PASS && cell_write(&cell, path, &error) == 0, "one that is ok does");
	cell_add_point(&cell, "c", "c", POINT_FAILED, NULL);
	ok(cell_points_verdict(&cell) == CELL_FAIL && cell_write(&cell, path, &error) == ERROR_INTERNAL,
	   "a PASS beside a point that failed is not written");
	cell.verdict = CELL_FAIL;
	cell.expected = CELL_EXPECT_BREAKS;
	cell_add_expected(&cell, "row.stale");
	ok(!cell_meets_expectation(&cell), "a FAIL without the expected finding is not as expected");
	cell.as_expected = true;
	struct cell again;
	ok(cell_write(&cell, path, &error) == 0 && cell_read(path, &again, &error) == 0 && !again.as_expected,
	   "and the file's word alone is not believed");
	cell_release(&again);
	cell_point_finding(&cell, "row.stale", 1);
	ok(cell_meets_expectation(&cell), "with the finding it is");
	cell.expected = CELL_EXPECT_HOLDS;
	ok(!cell_meets_expectation(&cell), "where PASS is expected it is not");
	cell.expected = CELL_EXPECT_NOTHING;
	cell.verdict = CELL_ERROR;
	ok(!cell_meets_expectation(&cell), "an ERROR is never as expected");
	cell_release(&cell);
}

static void test_files(void)
{
	struct cell cell;
	struct error error = {0};
	ok(cell_read("/nonexistent/cell.json", &cell, &error) == ERROR_IO, "a file that is not there: %s",
	   error.message);
	cell_release(&cell);
	fill(&cell);
	ok(cell_write(&cell, "/nonexistent/cell.json", &error) == ERROR_IO, "a folder that is not there: %s",
	   error.message);
	cell_release(&cell);
	ok(cell_read(folder, &cell, &error) == ERROR_IO, "a folder is no file: %s", error.message);
	cell_release(&cell);
}

int main(void)
{
	scratch_make(folder);
	snprintf(path, sizeof path, "%s/cell.json", folder);
	test_round_trip();
	test_bytes();
	test_damaged();
	test_claims();
	test_files();
	scratch_remove(folder);
	return tap_done();
}
