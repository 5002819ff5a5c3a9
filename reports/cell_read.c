/* cell_read - cell.json back into a struct cell. Members that are not known are left alone, so that a newer file is
 * still read; what is there must have its type, and what every reader relies on must be there. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/whole_file.h"
#include "reports/cell.h"

struct reading {
	const struct json_token *tokens;
	struct cell *cell;
	struct error *error;
	int code; /* of the first thing that was wrong; nothing is read after it */
};

static void refuse(struct reading *reading, const char *member, const char *wanted)
{
	if (reading->code == 0)
		reading->code = error_set(reading->error, ERROR_DATA, "\"%s\" is not %s", member, wanted);
}

/* The member's value, or NULL when it is not there, is null, or something was wrong before. */
static const struct json_token *find(struct reading *reading, uint32_t object, const char *member)
{
	uint32_t index = json_member(reading->tokens, object, member);
	if (reading->code != 0 || index == 0 || reading->tokens[index].type == JSON_NULL)
		return NULL;
	return &reading->tokens[index];
}

static uint32_t index_of(const struct reading *reading, const struct json_token *token)
{
	return (uint32_t)(token - reading->tokens);
}

/* A NUL would end the text before its time. */
static const char *copy_text(struct reading *reading, const struct json_token *token)
{
	struct slice value = json_text(token);
	if (value.size > 0 && memchr(value.data, '\0', value.size) != NULL) {
		refuse(reading, "a text", "free of NUL");
		return NULL;
	}
	const char *copy = arena_copy(&reading->cell->arena, value).data;
	if (copy == NULL && reading->code == 0)
		reading->code = error_set(reading->error, ERROR_INTERNAL, "out of memory");
	return copy;
}

static const char *text(struct reading *reading, uint32_t object, const char *member)
{
	const struct json_token *token = find(reading, object, member);
	if (token == NULL)
		return NULL;
	if (token->type != JSON_STRING) {
		refuse(reading, member, "a text");
		return NULL;
	}
	return copy_text(reading, token);
}

static const char *required(struct reading *reading, uint32_t object, const char *member)
{
	const char *value = text(reading, object, member);
	if (value == NULL)
		refuse(reading, member, "there");
	return value;
}

/* Numbers in the tokens are followed by what ends them, so strtoll stops there. */
static int64_t whole(struct reading *reading, uint32_t object, const char *member)
{
	const struct json_token *token = find(reading, object, member);
	if (token == NULL)
		return 0;
	char *end = NULL;
	errno = 0;
	int64_t value = token->type == JSON_NUMBER ? strtoll(token->text, &end, 10) : 0;
	if (token->type != JSON_NUMBER || end != token->text + token->size || errno != 0)
		refuse(reading, member, "a whole number");
	return value;
}

static uint64_t natural(struct reading *reading, uint32_t object, const char *member, uint64_t max)
{
	const struct json_token *token = find(reading, object, member);
	if (token == NULL)
		return 0;
	char *end = NULL;
	errno = 0;
	bool number = token->type == JSON_NUMBER && token->text[0] != '-';
	uint64_t value = number ? strtoull(token->text, &end, 10) : 0;
	if (!number || end != token->text + token->size || errno != 0 || value > max)
		refuse(reading, member, "a whole number in its range");
	return value;
}

static int64_t seconds(struct reading *reading, uint32_t object, const char *member)
{
	const struct json_token *token = find(reading, object, member);
	if (token == NULL)
		return 0;
	char *end = NULL;
	double value = token->type == JSON_NUMBER ? strtod(token->text, &end) : 0;
	if (token->type != JSON_NUMBER || end != token->text + token->size || !(value >= 0 && value < 1e9)) {
		refuse(reading, member, "a number of seconds");
		return 0;
	}
	return (int64_t)(value * 1e6 + 0.5);
}

static bool truth(struct reading *reading, uint32_t object, const char *member)
{
	const struct json_token *token = find(reading, object, member);
	if (token != NULL && token->type != JSON_TRUE && token->type != JSON_FALSE)
		refuse(reading, member, "true or false");
	return token != NULL && token->type == JSON_TRUE;
}

/* Which of the words it is, by its number. */
static int word(struct reading *reading, uint32_t object, const char *member, const char *const *words, int count)
{
	const char *value = required(reading, object, member);
	for (int i = 0; value != NULL && i < count; i++)
		if (strcmp(words[i], value) == 0)
			return i;
	refuse(reading, member, "a word that is known");
	return 0;
}

/* Calls `each` with the index of every element; what is not there has none. */
static void elements(struct reading *reading, uint32_t object, const char *member, uint32_t type,
		     void (*each)(struct reading *reading, uint32_t element))
{
	const struct json_token *array = find(reading, object, member);
	if (array == NULL)
		return;
	if (array->type != JSON_ARRAY) {
		refuse(reading, member, "a list");
		return;
	}
	for (uint32_t i = index_of(reading, array) + 1; i < array->next && reading->code == 0;
	     i = reading->tokens[i].next) {
		if (reading->tokens[i].type == type)
			each(reading, i);
		else
			refuse(reading, member, "a list of what it lists");
	}
}

static void counts(struct reading *reading, uint32_t object,
		   int (*add)(struct cell *cell, const char *finding_id, uint64_t count))
{
	const struct json_token *findings = find(reading, object, "findings");
	if (findings == NULL)
		return;
	if (findings->type != JSON_OBJECT) {
		refuse(reading, "findings", "an object");
		return;
	}
	uint32_t at = index_of(reading, findings) + 1;
	while (at < findings->next && reading->code == 0) {
		const char *id = copy_text(reading, &reading->tokens[at]);
		const struct json_token *value = &reading->tokens[at + 1];
		char *end = NULL;
		errno = 0;
		uint64_t count = value->type == JSON_NUMBER && value->text[0] != '-' ? strtoull(value->text, &end, 10)
										     : 0;
		if (end != value->text + value->size || end == NULL || errno != 0)
			refuse(reading, "findings", "a count for each id");
		else if (id != NULL)
			add(reading->cell, id, count);
		at = value->next;
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

static void read_point(struct reading *reading, uint32_t object)
{
	static const char *const states[] = {"ok", "failed", "unknown", "skipped"};
	const char *id = required(reading, object, "id"), *name = required(reading, object, "name");
	const char *detail = text(reading, object, "detail");
	int state = word(reading, object, "state", states, 4);
	if (reading->code != 0)
		return;
	cell_add_point(reading->cell, id, name, (enum point_state)state, detail);
	counts(reading, object, add_to_point);
}

static void read_example(struct reading *reading, uint32_t object)
{
	const char *id = required(reading, object, "id"), *key = text(reading, object, "key");
	const char *cause = text(reading, object, "cause");
	if (reading->code == 0)
		cell_add_example(reading->cell, id, key, cause);
}

static void read_event(struct reading *reading, uint32_t object)
{
	struct cell_event event = {.time_us = whole(reading, object, "time_us"),
				   .batch = (uint32_t)natural(reading, object, "batch", UINT32_MAX),
				   .what = text(reading, object, "what"),
				   .file = text(reading, object, "file"),
				   .image = text(reading, object, "image")};
	if (reading->code == 0)
		cell_add_event(reading->cell, &event);
}

static void read_version(struct reading *reading, uint32_t object)
{
	struct cell_version version = {.version = whole(reading, object, "version"),
				       .time_us = whole(reading, object, "time_us"),
				       .batch = (uint32_t)natural(reading, object, "batch", UINT32_MAX),
				       .row = text(reading, object, "row")};
	if (reading->code == 0)
		cell_add_version(reading->cell, &version);
}

static void read_step(struct reading *reading, uint32_t object)
{
	struct cell_step step = {.name = required(reading, object, "name"),
				 .out = text(reading, object, "out"),
				 .err = text(reading, object, "err"),
				 .exit = (int)whole(reading, object, "exit"),
				 .signal = (int)whole(reading, object, "signal"),
				 .us = seconds(reading, object, "seconds"),
				 .faulted = truth(reading, object, "faulted")};
	if (reading->code == 0)
		cell_add_step(reading->cell, &step);
}

static void read_story(struct reading *reading, uint32_t element)
{
	const char *line = copy_text(reading, &reading->tokens[element]);
	if (line != NULL)
		cell_add_story(reading->cell, line);
}

static void read_expected(struct reading *reading, uint32_t element)
{
	const char *id = copy_text(reading, &reading->tokens[element]);
	if (id != NULL)
		cell_add_expected(reading->cell, id);
}

static void read_timeline(struct reading *reading)
{
	const struct json_token *timeline = find(reading, 0, "timeline");
	if (timeline == NULL)
		return;
	if (timeline->type != JSON_OBJECT) {
		refuse(reading, "timeline", "an object");
		return;
	}
	uint32_t object = index_of(reading, timeline);
	reading->cell->timeline_key = required(reading, object, "key");
	elements(reading, object, "events", JSON_OBJECT, read_event);
	elements(reading, object, "versions", JSON_OBJECT, read_version);
}

static void read_head(struct reading *reading)
{
	static const char *const verdicts[] = {"PASS", "FAIL", "UNKNOWN", "ERROR"};
	static const char *const expectations[] = {"none", "holds", "breaks"};
	struct cell *cell = reading->cell;
	if (natural(reading, 0, "format", UINT32_MAX) != CELL_FORMAT)
		refuse(reading, "format", "1, the one that this version of lakeproof reads");
	cell->scenario = required(reading, 0, "scenario");
	cell->pipeline = required(reading, 0, "pipeline");
	cell->title = text(reading, 0, "title");
	cell->class_id = text(reading, 0, "class");
	cell->why = text(reading, 0, "why");
	cell->reproduce = text(reading, 0, "reproduce");
	cell->seed = natural(reading, 0, "seed", UINT64_MAX);
	cell->verdict = (enum cell_verdict)word(reading, 0, "verdict", verdicts, 4);
	cell->expected = (enum cell_expected)word(reading, 0, "expected", expectations, 3);
	elements(reading, 0, "expected_findings", JSON_STRING, read_expected);
	cell->as_expected = truth(reading, 0, "as_expected");
	cell->started_us = whole(reading, 0, "started_us");
	cell->us = seconds(reading, 0, "seconds");
	cell->batches = (uint32_t)natural(reading, 0, "batches", UINT32_MAX);
	cell->items = natural(reading, 0, "items", UINT64_MAX);
	cell->changes = natural(reading, 0, "changes", UINT64_MAX);
}

static void read_lists(struct reading *reading)
{
	elements(reading, 0, "points", JSON_OBJECT, read_point);
	counts(reading, 0, cell_add_finding);
	elements(reading, 0, "examples", JSON_OBJECT, read_example);
	elements(reading, 0, "story", JSON_STRING, read_story);
	read_timeline(reading);
	elements(reading, 0, "steps", JSON_OBJECT, read_step);
}

int cell_parse(struct json_parser *parser, struct slice bytes, struct cell *cell, struct error *error)
{
	struct json_failure failure;
	struct reading reading = {.cell = cell, .error = error};
	size_t count;
	cell_init(cell);
	if (!json_parse(parser, bytes, &reading.tokens, &count, &failure))
		return error_set(error, ERROR_DATA, "it is no JSON: %s at byte %zu", failure.reason, failure.offset);
	if (reading.tokens[0].type != JSON_OBJECT)
		return error_set(error, ERROR_DATA, "it is no JSON object");
	read_head(&reading);
	read_lists(&reading);
	if (reading.code != 0)
		return reading.code;
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
