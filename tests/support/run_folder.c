#include "tests/support/run_folder.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "reports/cell.h"

enum { PATH_SIZE = 4096 };

static const char *const groups[] = {"deletes", "delivery", "duplicates", "encodings",
				     "order",   "poison",   "schema",     "ttl"};

static void require(bool good)
{
	if (!good)
		abort();
}

static void make_folders(const char *path)
{
	char part[PATH_SIZE];
	for (size_t i = 1; path[i] != '\0'; i++)
		if (path[i] == '/') {
			memcpy(part, path, i);
			part[i] = '\0';
			require(mkdir(part, 0777) == 0 || errno == EEXIST);
		}
	require(mkdir(path, 0777) == 0 || errno == EEXIST);
}

static void add_points(struct cell *cell, const char *finding)
{
	static const char *const points[][2] = {
		{"ran", "every step ends well and within its limits"},
		{"final.rows", "every live item has its row, and no row is without an item"},
		{"final.values", "every row says what its item says"},
		{"final.deletes", "what was deleted is gone"},
		{"final.ttl", "what expired is treated as the contract says"},
		{"final.duplicates", "no key has two rows"},
		{"final.schema", "columns and attributes are those of the contract"},
		{"final.counts", "counts agree"},
		{"final.proven", "the evidence proves every row"},
		{"idempotent.batch", "a batch delivered again changes nothing"},
		{"idempotent.all", "everything delivered again changes nothing"},
		{"versions.never_back", "no row goes back to an older image"},
		{"versions.no_resurrection", "no row comes back after its delete"},
		{"poison", "every poison record is set aside"},
	};
	for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
		bool against = finding != NULL && i == 3;
		bool unknown = cell->verdict == CELL_UNKNOWN && i == 8;
		enum point_state state = against   ? POINT_FAILED
					 : unknown ? POINT_UNKNOWN
					 : i == 13 ? POINT_SKIPPED
						   : POINT_OK;
		const char *detail = against   ? "4 of 120 keys have a row although their item is gone"
				     : unknown ? "the capture has a hole of 12 s"
				     : i == 13 ? "nothing is planted"
					       : NULL;
		cell_add_point(cell, points[i][0], points[i][1], state, detail);
		if (against)
			cell_point_finding(cell, finding, 4);
		if (unknown)
			cell_point_finding(cell, "coverage.hole", 1);
	}
}

static void add_history(struct cell *cell, const char *finding)
{
	static const char *const images[] = {"ab12cd34", "77f0e1aa", "c0ffee00", NULL};
	static const char *const whats[] = {"INSERT", "MODIFY", "MODIFY", "REMOVE"};
	cell_add_example(cell, finding, "{\"pk\":{\"S\":\"order#17\"},\"sk\":{\"N\":\"3\"}}",
			 "the item was removed at 2026-01-03T10:00:07Z (batch 3), and its row is still there");
	cell_add_example(cell, finding, RUN_FOLDER_HOSTILE, RUN_FOLDER_HOSTILE);
	cell_add_story(cell, "order#17 is created in batch 1 and changed twice in batch 2.");
	cell_add_story(cell, "Batch 3 removes it: the record says REMOVE and has no new image.");
	cell_add_story(cell, "The pipeline reads new images only, so it passes the record over.");
	cell_add_story(cell, RUN_FOLDER_HOSTILE);
	cell->timeline_key = "{\"pk\":{\"S\":\"order#17\"},\"sk\":{\"N\":\"3\"}}";
	for (uint32_t i = 0; i < 4; i++) {
		struct cell_event event = {INT64_C(1767434400000000) + i * CLOCK_SECOND_US, i / 2 + 1, whats[i],
					   "AWSDynamoDB/data/part-0001.json.gz", images[i]};
		struct cell_version version = {i, INT64_C(1767434900000000) + i * CLOCK_SECOND_US, i,
					       images[i < 3 ? i : 2]};
		cell_add_event(cell, &event);
		cell_add_version(cell, &version);
	}
	cell_add_step(cell,
		      &(struct cell_step){"setup", "steps/00-setup.out", "steps/00-setup.err", 0, 0, 12000, false});
	cell_add_step(cell, &(struct cell_step){"apply 1", "steps/01.out", "steps/01.err", 0, 9, 310000, true});
	cell_add_step(cell, &(struct cell_step){"apply 2", NULL, RUN_FOLDER_HOSTILE, 3, 0, 70000000, false});
}

/* Every seventh pipeline is a planted bug, which breaks in every third scenario; some go unnoticed. */
static void fill(struct cell *cell, const struct run_folder *shape, uint32_t row, uint32_t column)
{
	bool planted = column % 7 == 3 && !shape->all_pass;
	uint32_t kind = (row * 31 + column * 17 + (uint32_t)cell->seed) % 97;
	const char *finding = NULL;
	cell->verdict = CELL_PASS;
	if (!shape->all_pass && planted && row % 3 == 0) {
		cell->expected = CELL_EXPECT_BREAKS;
		cell_add_expected(cell, "row.zombie");
		finding = kind == 5 ? NULL : kind == 6 ? "row.stale" : "row.zombie";
	} else if (!shape->all_pass) {
		cell->expected = planted ? CELL_EXPECT_NOTHING : CELL_EXPECT_HOLDS;
		finding = kind == 7 ? "row.zombie" : NULL;
		if (kind == 8)
			cell->verdict = CELL_UNKNOWN;
	}
	if (finding != NULL)
		cell->verdict = CELL_FAIL;
	add_points(cell, finding);
	if (finding != NULL)
		add_history(cell, finding);
	cell->as_expected = cell_meets_expectation(cell);
}

/* Some planned cells never began, some did not finish, one is damaged. */
static bool leaves_nothing(const struct run_folder *shape, uint32_t number, const char *path)
{
	if (shape->all_pass || (number != 3 && number != 11 && number != 19))
		return false;
	if (number == 11)
		make_folders(path);
	if (number == 19) {
		char file[PATH_SIZE];
		make_folders(path);
		require(snprintf(file, sizeof file, "%s/cell.json", path) < (int)sizeof file);
		FILE *stream = fopen(file, "w");
		require(stream != NULL && fputs("{\"format\":1,\"scen", stream) >= 0 && fclose(stream) == 0);
	}
	return true;
}

static void make_cell(const char *folder, const struct run_folder *shape, const struct run_plan *plan, uint32_t row,
		      uint32_t column, uint32_t number)
{
	char path[PATH_SIZE];
	struct cell cell;
	struct error error = {.code = 0};
	require(snprintf(path, sizeof path, "%s/%s", folder, plan->folder) < (int)sizeof path - 16);
	if (leaves_nothing(shape, number, path))
		return;
	make_folders(path);
	cell_init(&cell);
	cell.scenario = plan->scenario;
	cell.pipeline = plan->pipeline;
	cell.seed = plan->seed;
	cell.title = row == 1 ? RUN_FOLDER_HOSTILE : "A handler that ignores REMOVE keeps deleted items for ever";
	cell.class_id = "D1";
	cell.why = "Reports count what customers deleted. Nobody notices, as nothing fails.";
	cell.started_us = shape->started_us + number;
	cell.us = 410000 + 1000 * number;
	cell.batches = 6;
	cell.items = 120;
	cell.changes = 300;
	cell.reproduce = arena_text(&cell.arena, "lakeproof run %s --pipeline %s --seed %" PRIu64, plan->scenario,
				    plan->pipeline, plan->seed);
	fill(&cell, shape, row, column);
	memcpy(path + strlen(path), "/cell.json", sizeof "/cell.json");
	if (cell_write(&cell, path, &error) != 0) {
		(void)fprintf(stderr, "%s\n", error.message);
		abort();
	}
	cell_release(&cell);
}

void run_folder_make(const char *folder, const struct run_folder *shape)
{
	static const char *const kinds[] = {"embedded",
					    "embedded-corrected",
					    "doc003-lambda-lines",
					    "embedded+drops-remove",
					    "shell",
					    "doc001-firehose-silver",
					    "doc001-firehose-silver-corrected"};
	struct run_record record;
	struct error error = {.code = 0};
	char path[PATH_SIZE];
	uint32_t number = 0;
	run_record_init(&record);
	record.name = shape->name;
	record.version = "0.1.0";
	record.command = "lakeproof run --repeat 3";
	record.started_us = shape->started_us;
	record.ended_us = shape->started_us + 97 * CLOCK_SECOND_US;
	record.seed = 7;
	record.repeat = shape->seeds;
	make_folders(folder);
	for (uint32_t row = 0; row < shape->scenarios; row++)
		for (uint32_t column = 0; column < shape->pipelines; column++)
			for (uint32_t seed = 0; seed < shape->seeds; seed++) {
				struct run_plan plan = {.seed = 7 + seed};
				const char *group = groups[row * 8 / shape->scenarios];
				plan.scenario = arena_text(&record.arena, "%s/what-goes-wrong-%02" PRIu32, group, row);
				plan.pipeline = column < 7 ? kinds[column]
							   : arena_text(&record.arena, "%s-%02" PRIu32,
									kinds[column % 7], column);
				plan.folder = arena_text(&record.arena, "cells/%s/%s%s%.*" PRIu64, plan.scenario,
							 plan.pipeline, shape->seeds > 1 ? "@" : "",
							 shape->seeds > 1 ? 1 : 0, shape->seeds > 1 ? plan.seed : 0);
				require(run_record_add(&record, &plan) == 0);
				make_cell(folder, shape, &plan, row, column, number++);
			}
	require(snprintf(path, sizeof path, "%s/run.json", folder) < (int)sizeof path);
	if (run_record_write(&record, path, &error) != 0)
		abort();
	run_record_release(&record);
}
