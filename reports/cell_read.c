/* cell_read - cell.json back into a struct cell. Members that are not known are left alone, so that a newer file is
 * still read; what is there must have its type, and what every reader relies on must be there. */
#include "base/whole_file.h"
#include "reports/cell.h"
#include "reports/members.h"

static void counts(struct members_reader *reader, uint32_t object, struct cell *cell,
		   int (*add)(struct cell *cell, const char *finding_id, uint64_t count))
{
	const struct json_token *tokens = reader->tokens, *findings = members_find(reader, object, "findings");
	if (findings == NULL)
		return;
	if (findings->type != JSON_OBJECT) {
		members_refuse(reader, "findings", "an object");
		return;
	}
	for (uint32_t at = (uint32_t)(findings - tokens) + 1; at < findings->next && reader->code == 0;
	     at = tokens[at + 1].next) {
		const char *id = members_copy(reader, &tokens[at]);
		uint64_t count;
		if (!members_number(&tokens[at + 1], UINT64_MAX, &count))
			members_refuse(reader, "findings", "a count for each id");
		else if (id != NULL)
			add(cell, id, count);
	}
}

/* A point's counts, without adding them to the cell's, which the file has on its own. */
static int add_to_point(struct cell *cell, const char *finding_id, uint64_t count)
{
	struct cell_count *findings = cell->findings;
	uint32_t finding_count = cell->finding_count;
	cell->findings = NULL;
	cell->finding_count = 0;
	int code = cell_point_finding(cell, finding_id, count);
	cell->findings = findings;
	cell->finding_count = finding_count;
	return code;
}

static void read_point(struct members_reader *reader, uint32_t object, void *context)
{
	static const char *const states[] = {"ok", "failed", "unknown", "skipped"};
	const char *id = members_require(reader, object, "id"), *name = members_require(reader, object, "name");
	const char *detail = members_read_text(reader, object, "detail");
	int state = members_read_word(reader, object, "state", states, 4);
	if (reader->code != 0)
		return;
	cell_add_point(context, id, name, (enum point_state)state, detail);
	counts(reader, object, context, add_to_point);
}

static void read_example(struct members_reader *reader, uint32_t object, void *context)
{
	const char *id = members_require(reader, object, "id"), *key = members_read_text(reader, object, "key");
	const char *cause = members_read_text(reader, object, "cause");
	if (reader->code == 0)
		cell_add_example(context, id, key, cause);
}

static void read_event(struct members_reader *reader, uint32_t object, void *context)
{
	struct cell_event event = {.time_us = members_read_i64(reader, object, "time_us"),
				   .batch = (uint32_t)members_read_u64(reader, object, "batch", UINT32_MAX),
				   .what = members_read_text(reader, object, "what"),
				   .file = members_read_text(reader, object, "file"),
				   .image = members_read_text(reader, object, "image")};
	if (reader->code == 0)
		cell_add_event(context, &event);
}

static void read_version(struct members_reader *reader, uint32_t object, void *context)
{
	struct cell_version version = {.version = members_read_i64(reader, object, "version"),
				       .time_us = members_read_i64(reader, object, "time_us"),
				       .batch = (uint32_t)members_read_u64(reader, object, "batch", UINT32_MAX),
				       .row = members_read_text(reader, object, "row")};
	if (reader->code == 0)
		cell_add_version(context, &version);
}

static void read_step(struct members_reader *reader, uint32_t object, void *context)
{
	struct cell_step step = {.name = members_require(reader, object, "name"),
				 .out = members_read_text(reader, object, "out"),
				 .err = members_read_text(reader, object, "err"),
				 .exit = (int)members_read_i64(reader, object, "exit"),
				 .signal = (int)members_read_i64(reader, object, "signal"),
				 .us = members_read_seconds(reader, object, "seconds"),
				 .faulted = members_read_bool(reader, object, "faulted")};
	if (reader->code == 0)
		cell_add_step(context, &step);
}

static void read_story(struct members_reader *reader, uint32_t element, void *context)
{
	const char *line = members_copy(reader, &reader->tokens[element]);
	if (line != NULL)
		cell_add_story(context, line);
}

static void read_expected(struct members_reader *reader, uint32_t element, void *context)
{
	const char *id = members_copy(reader, &reader->tokens[element]);
	if (id != NULL)
		cell_add_expected(context, id);
}

static void read_timeline(struct members_reader *reader, struct cell *cell)
{
	const struct json_token *timeline = members_find(reader, 0, "timeline");
	if (timeline == NULL)
		return;
	if (timeline->type != JSON_OBJECT) {
		members_refuse(reader, "timeline", "an object");
		return;
	}
	uint32_t object = (uint32_t)(timeline - reader->tokens);
	cell->timeline_key = members_require(reader, object, "key");
	members_each(reader, object, "events", JSON_OBJECT, read_event, cell);
	members_each(reader, object, "versions", JSON_OBJECT, read_version, cell);
}

static void read_head(struct members_reader *reader, struct cell *cell)
{
	static const char *const verdicts[] = {"PASS", "FAIL", "UNKNOWN", "ERROR"};
	static const char *const expectations[] = {"none", "holds", "breaks"};
	if (members_read_u64(reader, 0, "format", UINT32_MAX) != CELL_FORMAT)
		members_refuse(reader, "format", "1, the one that this version of lakeproof reads");
	cell->scenario = members_require(reader, 0, "scenario");
	cell->pipeline = members_require(reader, 0, "pipeline");
	cell->title = members_read_text(reader, 0, "title");
	cell->class_id = members_read_text(reader, 0, "class");
	cell->why = members_read_text(reader, 0, "why");
	cell->reproduce = members_read_text(reader, 0, "reproduce");
	cell->seed = members_read_u64(reader, 0, "seed", UINT64_MAX);
	cell->verdict = (enum cell_verdict)members_read_word(reader, 0, "verdict", verdicts, 4);
	cell->expected = (enum cell_expected)members_read_word(reader, 0, "expected", expectations, 3);
	members_each(reader, 0, "expected_findings", JSON_STRING, read_expected, cell);
	cell->as_expected = members_read_bool(reader, 0, "as_expected");
	cell->started_us = members_read_i64(reader, 0, "started_us");
	cell->us = members_read_seconds(reader, 0, "seconds");
	cell->batches = (uint32_t)members_read_u64(reader, 0, "batches", UINT32_MAX);
	cell->items = members_read_u64(reader, 0, "items", UINT64_MAX);
	cell->changes = members_read_u64(reader, 0, "changes", UINT64_MAX);
}

static void read_lists(struct members_reader *reader, struct cell *cell)
{
	members_each(reader, 0, "points", JSON_OBJECT, read_point, cell);
	counts(reader, 0, cell, cell_add_finding);
	members_each(reader, 0, "examples", JSON_OBJECT, read_example, cell);
	members_each(reader, 0, "story", JSON_STRING, read_story, cell);
	read_timeline(reader, cell);
	members_each(reader, 0, "steps", JSON_OBJECT, read_step, cell);
}

int cell_parse(struct json_parser *parser, struct slice bytes, struct cell *cell, struct error *error)
{
	struct json_failure failure;
	struct members_reader reader = {.arena = &cell->arena, .error = error};
	size_t count;
	cell_init(cell);
	if (!json_parse(parser, bytes, &reader.tokens, &count, &failure))
		return error_set(error, ERROR_DATA, "it is no JSON: %s at byte %zu", failure.reason, failure.offset);
	if (reader.tokens[0].type != JSON_OBJECT)
		return error_set(error, ERROR_DATA, "it is no JSON object");
	read_head(&reader, cell);
	read_lists(&reader, cell);
	if (reader.code != 0)
		return reader.code;
	if (cell->failed)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	if (cell->verdict == CELL_PASS && cell_points_verdict(cell) != CELL_PASS)
		return error_set(error, ERROR_DATA, "it says PASS, which its points do not");
	cell->as_expected = cell->as_expected && cell_meets_expectation(cell);
	return 0;
}

int cell_read(const char *path, struct cell *cell, struct error *error)
{
	struct buffer bytes;
	cell_init(cell);
	buffer_init(&bytes, CELL_BYTES_MAX);
	struct json_parser *parser = NULL;
	int code = whole_file_read(path, &bytes, error);
	if (code != 0)
		goto out;
	parser = json_parser_new(bytes.size + 1);
	if (parser == NULL)
		code = error_set(error, ERROR_INTERNAL, "out of memory");
	else
		code = cell_parse(parser, buffer_slice(&bytes), cell, error);
	if (code != 0)
		error_prefix(error, "\"%s\" cannot be read as a cell", path);
out:
	json_parser_free(parser);
	buffer_release(&bytes);
	return code;
}
