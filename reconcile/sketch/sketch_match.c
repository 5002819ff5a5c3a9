#include "reconcile/sketch/sketch_match.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

#include "reconcile/contract/contract.h"

enum { NAME_MAX_SIZE = 4096, TIMES_IN_PERCENT = 99 };

#define BIT(tag) (1U << (tag))

struct matcher {
	const struct shape *root;
	const struct sketch_table *table;
	struct arena *arena;
	struct json_parser *parser;
	struct buffer name, snake;
	bool deletes_taken;
};

/* ---- names */

enum manner { EXACTLY, IN_SNAKE_CASE, JOINED, BY_LAST_PART, MANNERS };

static bool same_folded(struct slice a, const char *b)
{
	return a.size == strlen(b) && strncasecmp(a.data, b, a.size) == 0;
}

static bool is_called(struct matcher *matcher, struct slice name, const char *column)
{
	return same_folded(name, column) ||
	       (contract_snake(name, &matcher->snake) == 0 && same_folded(buffer_slice(&matcher->snake), column));
}

/* user.address.city → user_address_city */
static struct slice join(struct matcher *matcher, const struct shape *shape)
{
	const struct shape *steps[SHAPE_DEPTH_MAX + 2];
	size_t count = 0;
	for (; shape->parent != NULL; shape = shape->parent)
		steps[count++] = shape;
	matcher->name.size = 0;
	while (count-- > 0) {
		buffer_append_slice(&matcher->name, steps[count]->name);
		if (count > 0)
			buffer_append_byte(&matcher->name, '_');
	}
	return buffer_slice(&matcher->name);
}

static bool fits_name(struct matcher *matcher, const struct shape *shape, const char *column, enum manner manner)
{
	bool top = shape->parent != NULL && shape->parent->parent == NULL;
	switch (manner) {
	case EXACTLY:
		return top && slice_is(shape->name, column);
	case IN_SNAKE_CASE:
		return top && is_called(matcher, shape->name, column);
	case JOINED:
		return !top && is_called(matcher, join(matcher, shape), column);
	default:
		return !top && is_called(matcher, shape->name, column);
	}
}

/* Counts those that fit; *found is the first, *second another. Recursion is bounded by SHAPE_DEPTH_MAX. */
static void look(struct matcher *matcher, const struct shape *parent, const char *column, enum manner manner,
		 const struct shape **found, const struct shape **second)
{
	for (const struct shape *child = parent->children; child != NULL; child = child->sibling) {
		if (fits_name(matcher, child, column, manner)) {
			if (*found == NULL)
				*found = child;
			else
				*second = *second == NULL ? child : *second;
		}
		if (!child->open)
			look(matcher, child, column, manner, found, second);
	}
}

static const char *path_text(struct matcher *matcher, const struct shape *shape)
{
	const char *text = "";
	for (; shape->parent != NULL && text != NULL; shape = shape->parent)
		text = arena_text(matcher->arena, "%.*s%s%s", (int)(shape->name.size > 80 ? 80 : shape->name.size),
				  shape->name.data, text[0] != '\0' ? "." : "", text);
	return text != NULL ? text : "";
}

static void match_name(struct matcher *matcher, const char *column, struct match *match)
{
	for (enum manner manner = EXACTLY; manner < MANNERS; manner++) {
		const struct shape *found = NULL, *second = NULL;
		look(matcher, matcher->root, column, manner, &found, &second);
		if (found == NULL)
			continue;
		match->shape = found;
		match->exact = manner == EXACTLY;
		match->snake = manner <= IN_SNAKE_CASE && contract_snake(found->name, &matcher->snake) == 0 &&
			       slice_is(buffer_slice(&matcher->snake), column);
		if (second != NULL) {
			match->why = arena_text(matcher->arena, "it may come from %s or from %s",
						path_text(matcher, found), path_text(matcher, second));
			return;
		}
		match->kind = MATCH_ATTRIBUTE;
		if (manner == BY_LAST_PART)
			match->note = "by the last part of its path alone";
		return;
	}
}

/* ---- JSON in texts */

enum json_form { JSON_NO = 0, JSON_PLAIN, JSON_TAGGED };

static bool is_tag(struct slice name)
{
	static const char *const tags[] = {"S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"};
	for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++)
		if (slice_is(name, tags[i]))
			return true;
	return false;
}

static bool is_tagged(const struct json_token *tokens, uint32_t at)
{
	return tokens[at].type == JSON_OBJECT && tokens[at].count == 1 && is_tag(json_text(&tokens[at + 1]));
}

/* Whether one text holds members (or elements) that are DynamoDB's typed values; *empty: it holds none. A whole value
 * has a tag of its own, an item has not. */
static bool members_tagged(const struct json_token *tokens, uint32_t at, bool *empty)
{
	bool object = tokens[at].type == JSON_OBJECT, tagged = true;
	uint32_t index = at + 1;
	*empty = tokens[at].count == 0;
	for (uint32_t i = 0; i < tokens[at].count; i++) {
		uint32_t value = object ? index + 1 : index;
		tagged = tagged && is_tagged(tokens, value);
		index = tokens[value].next;
	}
	return tagged;
}

/* Of the column's values; *known counts how many names of the first object are top-level attributes. */
static enum json_form form_of(struct matcher *matcher, const struct sketch_column *column, bool of_item,
			      uint64_t *known)
{
	enum json_form form = JSON_NO;
	*known = 0;
	for (uint32_t i = 0; i < column->value_count; i++) {
		const struct json_token *tokens;
		size_t count;
		struct json_failure failure;
		bool empty = false;
		if (!json_parse(matcher->parser, column->values[i], &tokens, &count, &failure) ||
		    (tokens[0].type != JSON_OBJECT && tokens[0].type != JSON_ARRAY) ||
		    (of_item && tokens[0].type != JSON_OBJECT))
			return JSON_NO;
		bool tagged = of_item ? members_tagged(tokens, 0, &empty) : is_tagged(tokens, 0);
		empty = empty || tokens[0].count == 0;
		for (uint32_t at = 1, m = 0; of_item && m < tokens[0].count; m++, at = tokens[at + 1].next)
			*known += i == 0 && shape_find(matcher->root, json_text(&tokens[at])) != NULL;
		if (empty)
			continue;
		enum json_form one = tagged ? JSON_TAGGED : JSON_PLAIN;
		if (form != JSON_NO && form != one)
			return JSON_NO;
		form = one;
	}
	return form;
}

/* ---- types */

static void leave(struct match *match, const char *why)
{
	match->kind = MATCH_NONE;
	match->why = why;
}

static void match_json(struct matcher *matcher, const struct sketch_column *column, struct match *match)
{
	const struct shape *shape = match->shape;
	bool sets = shape_has(shape, TAG_SS) || shape_has(shape, TAG_NS) || shape_has(shape, TAG_BS);
	uint64_t known;
	if (shape_others(shape, BIT(TAG_M) | BIT(TAG_L) | BIT(TAG_SS) | BIT(TAG_NS) | BIT(TAG_BS)) > 0) {
		leave(match,
		      "some values are texts or numbers, others lists or maps: say how the column has them (as: json "
		      "puts texts in quotation marks)");
		return;
	}
	enum json_form form = form_of(matcher, column, false, &known);
	if (form == JSON_NO) {
		leave(match,
		      "a text of lists, maps or sets: as: json, or as: dynamodb_json? the table's values do not tell");
		return;
	}
	match->as = form == JSON_TAGGED ? "dynamodb_json" : "json";
	match->unordered = sets && form == JSON_PLAIN;
	match->note = form == JSON_TAGGED ? "the table's values are JSON with type tags"
					  : "the table's values are plain JSON";
}

static const char *epoch(const struct shape *shape)
{
	uint64_t numbers = shape->tags[TAG_N], enough = (numbers * TIMES_IN_PERCENT + 99) / 100;
	if (shape->epoch_s >= enough)
		return "epoch_s";
	if (shape->epoch_ms >= enough)
		return "epoch_ms";
	return shape->epoch_us >= enough ? "epoch_us" : NULL;
}

static void match_time(const struct column_type *type, struct match *match)
{
	const struct shape *shape = match->shape;
	bool date = type->kind == COLUMN_DATE;
	if (shape_others(shape, BIT(TAG_S)) == 0) {
		if (shape->times < shape->texts || (date && shape->dates < shape->texts && shape->dates > 0))
			leave(match, "not all its texts are times as ISO 8601 has them");
		else if (date && shape->dates < shape->texts)
			match->from = "iso";
		if (match->kind == MATCH_ATTRIBUTE && type->kind == COLUMN_TIMESTAMP_NTZ && shape->zoned > 0)
			match->choice = "its texts have a zone, which a timestamp_ntz cannot hold";
		return;
	}
	if (shape_others(shape, BIT(TAG_N)) > 0) {
		leave(match, "its values are not all numbers, nor all texts");
		return;
	}
	match->from = epoch(shape);
	if (match->from == NULL)
		leave(match, "the size of its numbers does not tell their unit: from: epoch_s, epoch_ms or epoch_us");
	else
		match->note = "the unit is guessed by the size of its numbers";
}

static void match_number(const struct column_type *type, struct match *match)
{
	const struct shape *shape = match->shape;
	int digits = type->kind == COLUMN_DOUBLE ? 15 : 6;
	if (shape_others(shape, BIT(TAG_S)) == 0 && shape->texts > 0) {
		if (shape->numeric < shape->texts) {
			leave(match, "its values are texts, not all of which read as numbers");
			return;
		}
		match->as = "number";
		match->choice = "its values are texts that read as numbers; does the pipeline read them so?";
		return;
	}
	if (shape_others(shape, BIT(TAG_N)) > 0)
		leave(match, "not all its values are numbers");
	else if ((type->kind == COLUMN_DOUBLE || type->kind == COLUMN_FLOAT) && shape->digits_max > digits)
		match->choice =
			type->kind == COLUMN_DOUBLE
				? "numbers of more than 15 digits were seen: a double holds the nearest only, and that "
				  "is all that is compared"
				: "numbers of more than 6 digits were seen: a float holds the nearest only, and that "
				  "is "
				  "all that is compared";
}

static void match_array(struct match *match)
{
	const struct shape *shape = match->shape;
	if (shape_others(shape, BIT(TAG_L) | BIT(TAG_SS) | BIT(TAG_NS) | BIT(TAG_BS)) > 0) {
		leave(match, "not all its values are lists or sets");
		return;
	}
	match->unordered = shape_has(shape, TAG_SS) || shape_has(shape, TAG_NS) || shape_has(shape, TAG_BS);
	if (match->unordered && shape_has(shape, TAG_L))
		match->choice = "both lists and sets were seen; the order of lists is not compared either";
}

static void match_type(struct matcher *matcher, const struct sketch_column *column, struct match *match)
{
	const struct shape *shape = match->shape;
	const struct column_type *type = column->type;
	if (type == NULL) {
		leave(match, "its type is none that can be compared");
		return;
	}
	switch (type->kind) {
	case COLUMN_STRING:
		if (shape_others(shape, BIT(TAG_S) | BIT(TAG_N) | BIT(TAG_BOOL) | BIT(TAG_B)) > 0)
			match_json(matcher, column, match);
		break;
	case COLUMN_BOOLEAN:
		if (shape_others(shape, BIT(TAG_BOOL)) > 0)
			leave(match, "not all its values are BOOL");
		break;
	case COLUMN_BINARY:
		if (shape_others(shape, BIT(TAG_B)) > 0)
			leave(match, "not all its values are B");
		break;
	case COLUMN_DATE:
	case COLUMN_TIMESTAMP:
	case COLUMN_TIMESTAMP_NTZ:
		match_time(type, match);
		break;
	case COLUMN_ARRAY:
		match_array(match);
		break;
	case COLUMN_MAP:
	case COLUMN_STRUCT:
		if (shape_others(shape, BIT(TAG_M)) > 0)
			leave(match, "not all its values are maps");
		break;
	default:
		match_number(type, match);
	}
}

/* ---- columns of no attribute */

static bool is_one_of(const char *name, const char *const *names)
{
	for (; *names != NULL; names++)
		if (strcasecmp(name, *names) == 0)
			return true;
	return false;
}

static bool begins_with(const char *name, const char *const *beginnings)
{
	for (; *beginnings != NULL; beginnings++)
		if (strncasecmp(name, *beginnings, strlen(*beginnings)) == 0)
			return true;
	return false;
}

static bool marks_deletes(const struct sketch_column *column)
{
	static const char *const names[] = {"is_deleted",   "_is_deleted",  "isdeleted",   "deleted",   "_deleted",
					    "__deleted",    "is_delete",    "delete_flag", "tombstone", "is_tombstone",
					    "deleted_flag", "soft_deleted", "_tombstone",  NULL};
	return column->type != NULL && column->type->kind == COLUMN_BOOLEAN && is_one_of(column->name, names);
}

static bool is_operation(const struct sketch_column *column)
{
	static const char *const names[] = {
		"op",        "_op",         "__op",         "operation",     "_operation",     "event_name",
		"eventname", "change_type", "_change_type", "cdc_operation", "operation_type", "dml",
		NULL};
	return is_one_of(column->name, names);
}

static bool is_pipelines(const char *name)
{
	static const char *const names[] = {"ingested_at",    "ingest_ts",       "ingest_time",
					    "ingestion_ts",   "ingestion_time",  "ingestion_timestamp",
					    "loaded_at",      "load_ts",         "load_time",
					    "load_timestamp", "processed_at",    "processing_time",
					    "source_file",    "input_file_name", "row_hash",
					    "record_hash",    "batch_id",        NULL};
	static const char *const beginnings[] = {"_",        "etl_", "dwh_", "dw_",  "kafka_",
						 "kinesis_", "dms_", "cdc_", "dlt_", NULL};
	return is_one_of(name, names) || begins_with(name, beginnings);
}

static bool is_part_of_time(const char *name)
{
	static const char *const names[] = {"dt", "date", "year", "month", "day", "hour", "partition_date", "ds", NULL};
	return is_one_of(name, names);
}

static void match_item(struct matcher *matcher, const struct sketch_column *column, struct match *match)
{
	uint64_t known;
	if (column->type == NULL || column->type->kind != COLUMN_STRING)
		return;
	enum json_form form = form_of(matcher, column, true, &known);
	if (form == JSON_NO || known < 2)
		return;
	match->kind = MATCH_ITEM;
	match->as = form == JSON_TAGGED ? "item_dynamodb_json" : "item_json";
	match->note = "its values are JSON with the item's attributes";
}

static void match_other(struct matcher *matcher, const struct sketch_column *column, struct match *match)
{
	match_item(matcher, column, match);
	if (match->kind == MATCH_ITEM)
		return;
	if (marks_deletes(column) && !matcher->deletes_taken) {
		match->kind = MATCH_DELETES;
		matcher->deletes_taken = true;
	} else if (is_operation(column)) {
		match->why = "it looks like the kind of a row's last change. Put it under ignore if deleted rows are "
			     "removed; a "
			     "table that only marks them in such a column cannot be judged";
	} else if (is_pipelines(column->name)) {
		match->kind = MATCH_IGNORE;
	} else if (is_part_of_time(column->name)) {
		match->why = "no attribute is called so. If the pipeline made it to partition the table, put it under "
			     "ignore";
	} else {
		match->why = "no attribute seen is called so. Name the one it comes from, or put it under ignore";
	}
}

static void match_column(struct matcher *matcher, const struct sketch_column *column, struct match *match)
{
	*match = (struct match){.kind = MATCH_NONE};
	match_name(matcher, column->name, match);
	if (match->kind == MATCH_ATTRIBUTE)
		match_type(matcher, column, match);
	else if (match->shape == NULL)
		match_other(matcher, column, match);
}

int match_columns(const struct shape *root, const struct sketch_table *table, struct arena *arena,
		  struct match *matches, struct error *error)
{
	struct matcher matcher = {.root = root, .table = table, .arena = arena};
	buffer_init(&matcher.name, NAME_MAX_SIZE * SHAPE_DEPTH_MAX * 16);
	buffer_init(&matcher.snake, NAME_MAX_SIZE * SHAPE_DEPTH_MAX * 32);
	matcher.parser = json_parser_new(TABLE_VALUE_MAX);
	bool failed = matcher.parser == NULL;
	for (uint32_t i = 0; i < table->column_count && !failed; i++) {
		match_column(&matcher, &table->columns[i], &matches[i]);
		failed = arena->failed || matcher.name.failed || matcher.snake.failed;
	}
	json_parser_free(matcher.parser);
	buffer_release(&matcher.name);
	buffer_release(&matcher.snake);
	return failed ? error_set(error, ERROR_INTERNAL, "out of memory for the columns") : 0;
}
