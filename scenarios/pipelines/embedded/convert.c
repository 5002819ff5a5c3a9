#include "scenarios/pipelines/embedded/convert.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/decimal.h"

enum { TYPE_DEPTH_MAX = 16, TYPE_NAME_MAX = 256 };

/* ---- types */

struct type_reader {
	struct slice rest;
	int depth;
	const char *why;
};

static struct column *read_type(struct type_reader *reader, const char *name, bool nullable);

static bool take(struct type_reader *reader, const char *text)
{
	size_t size = strlen(text);
	if (reader->rest.size < size || memcmp(reader->rest.data, text, size) != 0)
		return false;
	reader->rest.data += size;
	reader->rest.size -= size;
	return true;
}

static bool take_number(struct type_reader *reader, unsigned max, unsigned *number)
{
	*number = 0;
	size_t digits = 0;
	while (digits < 2 && digits < reader->rest.size && reader->rest.data[digits] >= '0' &&
	       reader->rest.data[digits] <= '9')
		*number = *number * 10 + (unsigned)(reader->rest.data[digits++] - '0');
	reader->rest.data += digits;
	reader->rest.size -= digits;
	return digits > 0 && *number <= max;
}

static struct column *read_decimal(struct type_reader *reader, const char *name, bool nullable)
{
	unsigned precision, scale;
	if (!take_number(reader, 38, &precision) || precision == 0 || !take(reader, ",") ||
	    !take_number(reader, precision, &scale) || !take(reader, ")")) {
		reader->why = "a decimal is spelled decimal(P,S), P from 1 to 38, S from 0 to P";
		return NULL;
	}
	char format[32];
	snprintf(format, sizeof(format), "d:%u,%u", precision, scale);
	return column_new(name, format, nullable);
}

static struct column *read_array(struct type_reader *reader, const char *name, bool nullable)
{
	struct column *array = column_new(name, "+l", nullable);
	if (column_add_child(array, read_type(reader, "element", true)) && take(reader, ">"))
		return array;
	column_free(array);
	return NULL;
}

static struct column *read_map(struct type_reader *reader, const char *name, bool nullable)
{
	if (!take(reader, "string,")) {
		reader->why = "a map's key is a string: map<string,T>";
		return NULL;
	}
	struct column *value = read_type(reader, "value", true);
	struct column *map = column_new_map(name, nullable, column_new("key", "u", false), value);
	if (map != NULL && take(reader, ">"))
		return map;
	column_free(map);
	return NULL;
}

static struct column *read_struct(struct type_reader *reader, const char *name, bool nullable)
{
	struct column *record = column_new(name, "+s", nullable);
	bool good = record != NULL, more = true;
	while (good && more) {
		const char *colon = memchr(reader->rest.data, ':', reader->rest.size);
		size_t size = colon == NULL ? 0 : (size_t)(colon - reader->rest.data);
		char field[TYPE_NAME_MAX];
		good = size > 0 && size < sizeof(field);
		if (good) {
			memcpy(field, reader->rest.data, size);
			field[size] = '\0';
			reader->rest.data += size + 1;
			reader->rest.size -= size + 1;
			good = column_add_child(record, read_type(reader, field, true));
			more = good && take(reader, ",");
		}
	}
	if (good && take(reader, ">"))
		return record;
	column_free(record);
	return NULL;
}

static struct column *read_type(struct type_reader *reader, const char *name, bool nullable)
{
	static const char *const scalars[][2] = {
		{"string", "u"}, {"boolean", "b"},          {"bigint", "l"},          {"binary", "z"}, {"double", "g"},
		{"date", "tdD"}, {"timestamp_ntz", "tsu:"}, {"timestamp", "tsu:UTC"}, {"int", "i"},
	};
	if (++reader->depth > TYPE_DEPTH_MAX) {
		reader->why = "the type is nested too deep";
		return NULL;
	}
	struct column *column = NULL;
	if (take(reader, "decimal(")) {
		column = read_decimal(reader, name, nullable);
	} else if (take(reader, "array<")) {
		column = read_array(reader, name, nullable);
	} else if (take(reader, "map<")) {
		column = read_map(reader, name, nullable);
	} else if (take(reader, "struct<")) {
		column = read_struct(reader, name, nullable);
	} else {
		for (size_t i = 0; i < sizeof(scalars) / sizeof(scalars[0]); i++)
			if (take(reader, scalars[i][0]))
				return reader->depth--, column_new(name, scalars[i][1], nullable);
	}
	reader->depth--;
	return column;
}

struct column *convert_column(const char *name, struct slice type, bool nullable, const char **why)
{
	struct type_reader reader = {.rest = type, .why = "unknown or unfinished type"};
	struct column *column = read_type(&reader, name, nullable);
	*why = reader.why;
	if (column != NULL && reader.rest.size == 0)
		return column;
	column_free(column);
	return NULL;
}

/* ---- scalars */

bool convert_base64(struct slice text, struct buffer *bytes)
{
	bytes->size = 0;
	return buffer_reserve(bytes, text.size + 1) == 0 &&
	       base64_decode(text, (uint8_t *)bytes->data, text.size + 1, &bytes->size);
}

static void misfit(struct conversion *conversion, struct column *column)
{
	conversion->misfits++;
	column_append_null(column);
}

/* What the bugs leave of a text. */
static struct slice worn_text(struct conversion *conversion, struct slice text)
{
	if (bugs_has(conversion->bugs, BUG_NUL_ENDS_TEXT) && memchr(text.data, '\0', text.size) != NULL)
		text.size = (size_t)((const char *)memchr(text.data, '\0', text.size) - text.data);
	if (!bugs_has(conversion->bugs, BUG_SURROGATES_REPLACED))
		return text;
	conversion->work->size = 0;
	for (size_t i = 0; i < text.size; i++) {
		uint8_t byte = (uint8_t)text.data[i];
		if (byte >= 0xF0)
			i += 3;
		buffer_append_byte(conversion->work, byte >= 0xF0 ? '?' : text.data[i]);
	}
	return buffer_slice(conversion->work);
}

static bool is_refused(const struct conversion *conversion, struct slice tag, const struct json_token *payload)
{
	bool empty = slice_is(tag, "S") && payload->size == 0;
	return (bugs_has(conversion->bugs, BUG_TYPE_CHANGE_TO_NULL) && !slice_is(tag, "S")) ||
	       (bugs_has(conversion->bugs, BUG_EMPTY_BECOMES_NULL) && empty);
}

static void append_text(struct conversion *conversion, struct column *column, struct slice tag,
			const struct json_token *payload)
{
	struct decimal decimal;
	char text[DECIMAL_TEXT_MAX];
	if (is_refused(conversion, tag, payload)) {
		column_append_null(column);
	} else if (payload->type == JSON_TRUE || payload->type == JSON_FALSE) {
		column_append_bytes(column, slice_from(payload->type == JSON_TRUE ? "true" : "false"));
	} else if (payload->text == NULL) {
		misfit(conversion, column);
	} else if (!slice_is(tag, "N")) {
		column_append_bytes(column, worn_text(conversion, json_text(payload)));
	} else if (bugs_has(conversion->bugs, BUG_NUMBER_TEXT_KEPT)) {
		column_append_bytes(column, json_text(payload));
	} else if (decimal_parse(json_text(payload), &decimal) != DECIMAL_OK) {
		misfit(conversion, column);
	} else if (bugs_has(conversion->bugs, BUG_NUMBERS_THROUGH_DOUBLE)) {
		snprintf(text, sizeof(text), "%.17g", decimal_to_double(&decimal));
		column_append_bytes(column, slice_from(text));
	} else {
		column_append_bytes(column, (struct slice){text, decimal_format(&decimal, text)});
	}
}

static void append_binary(struct conversion *conversion, struct column *column, const struct json_token *payload)
{
	if (payload->text == NULL)
		misfit(conversion, column);
	else if (bugs_has(conversion->bugs, BUG_BINARY_AS_TEXT))
		column_append_bytes(column, json_text(payload));
	else if (convert_base64(json_text(payload), conversion->work))
		column_append_bytes(column, buffer_slice(conversion->work));
	else
		misfit(conversion, column);
}

static bool read_number(const struct conversion *conversion, const struct json_token *payload, struct decimal *decimal)
{
	if (payload->text == NULL || decimal_parse(json_text(payload), decimal) != DECIMAL_OK)
		return false;
	if (bugs_has(conversion->bugs, BUG_NUMBERS_THROUGH_DOUBLE))
		return decimal_from_double(decimal_to_double(decimal), decimal);
	return true;
}

/* Cuts what is past so many significant digits. */
static void cut_digits(struct decimal *decimal, int kept)
{
	if (kept < decimal->count)
		decimal->count = (uint8_t)(kept < 0 ? 0 : kept);
	while (decimal->count > 0 && decimal->digits[decimal->count - 1] == 0)
		decimal->count--;
	if (decimal->count == 0)
		*decimal = (struct decimal){0};
}

static void append_decimal(struct conversion *conversion, struct column *column, struct decimal *decimal)
{
	char *end;
	long precision = strtol(column_format(column) + 2, &end, 10), scale = strtol(end + 1, NULL, 10);
	int128 unscaled, limit = 1;
	for (long i = 0; i < precision; i++)
		limit *= 10;
	if (bugs_has(conversion->bugs, BUG_DECIMALS_TRUNCATED))
		cut_digits(decimal, decimal->exponent + 1);
	if (bugs_has(conversion->bugs, BUG_DIGITS_LOST))
		cut_digits(decimal, 28);
	if (bugs_has(conversion->bugs, BUG_NUMBERS_THROUGH_DOUBLE) &&
	    !decimal_unscaled(decimal, (int)scale, &unscaled) && decimal->exponent + scale > 0 &&
	    decimal->exponent + scale < decimal->count) {
		/* A double's shortest text can have more places than the column: the pipeline with this bug rounds. */
		decimal->count = (uint8_t)(decimal->exponent + scale);
		while (decimal->count > 0 && decimal->digits[decimal->count - 1] == 0)
			decimal->count--;
	}
	if (decimal_unscaled(decimal, (int)scale, &unscaled) && unscaled < limit && unscaled > -limit)
		column_append_decimal(column, &unscaled);
	else
		misfit(conversion, column);
}

/* The lowest 32 bits of a whole number; false when it is none. */
static bool wrap(const struct decimal *decimal, int64_t *whole)
{
	int128 value;
	if (!decimal_unscaled(decimal, 0, &value))
		return false;
	*whole = (int32_t)(uint32_t)(value & 0xffffffff);
	return true;
}

static void append_number(struct conversion *conversion, struct column *column, const struct json_token *payload)
{
	struct decimal decimal;
	int64_t whole;
	char kind = column_format(column)[0];
	if (!read_number(conversion, payload, &decimal))
		misfit(conversion, column);
	else if (kind == 'g')
		column_append_double(column, decimal_to_double(&decimal));
	else if (kind == 'd')
		append_decimal(conversion, column, &decimal);
	else if (bugs_has(conversion->bugs, BUG_INTEGERS_WRAP) && wrap(&decimal, &whole))
		kind == 'i' ? column_append_i32(column, (int32_t)whole) : column_append_i64(column, whole);
	else if (!decimal_to_i64(&decimal, &whole) || (kind == 'i' && (whole < INT32_MIN || whole > INT32_MAX)))
		misfit(conversion, column);
	else if (kind == 'i')
		column_append_i32(column, (int32_t)whole);
	else
		column_append_i64(column, whole);
}

/* Dates and times: ISO text, or a number of seconds since 1970. */
static void append_time(struct conversion *conversion, struct column *column, struct slice tag,
			const struct json_token *payload)
{
	struct decimal decimal;
	int64_t time;
	int32_t days;
	int128 micros;
	bool is_date = strcmp(column_format(column), "tdD") == 0;
	if (payload->text == NULL) {
		misfit(conversion, column);
	} else if (is_date && slice_is(tag, "S") && clock_parse_date(json_text(payload), &days)) {
		column_append_i32(column, days);
	} else if (!is_date && slice_is(tag, "S") && clock_parse(json_text(payload), &time)) {
		column_append_i64(column, time);
	} else if (!is_date && slice_is(tag, "N") && read_number(conversion, payload, &decimal) &&
		   decimal_unscaled(&decimal, 6, &micros) && micros <= INT64_MAX && micros >= INT64_MIN) {
		column_append_i64(column, (int64_t)micros);
	} else {
		misfit(conversion, column);
	}
}

/* ---- nested values */

static void append_tagged(struct conversion *conversion, struct column *column, const struct json_token *tokens,
			  struct slice tag, uint32_t payload);

/* A set's members have no tag of their own: it is the set's without its last letter. */
static void append_element(struct conversion *conversion, struct column *column, const struct json_token *tokens,
			   struct slice tag, uint32_t element)
{
	if (tag.size == 2)
		append_tagged(conversion, column, tokens, (struct slice){tag.data, 1}, element);
	else
		convert_append(conversion, column, tokens, element);
}

static void append_reversed(struct conversion *conversion, struct column *column, const struct json_token *tokens,
			    struct slice tag, uint32_t payload)
{
	for (uint32_t n = tokens[payload].count; n > 0; n--) {
		uint32_t element = payload + 1;
		for (uint32_t skip = n - 1; skip > 0; skip--)
			element = tokens[element].next;
		append_element(conversion, column, tokens, tag, element);
	}
}

static void append_array(struct conversion *conversion, struct column *column, const struct json_token *tokens,
			 struct slice tag, uint32_t payload)
{
	bool is_lost = tag.size == 2 && bugs_has(conversion->bugs, BUG_SETS_DROPPED);
	if (tokens[payload].type != JSON_ARRAY || is_lost) {
		misfit(conversion, column);
		return;
	}
	struct column *child = column_element(column, 0);
	if (bugs_has(conversion->bugs, BUG_LISTS_REVERSED) && slice_is(tag, "L"))
		append_reversed(conversion, child, tokens, tag, payload);
	else
		for (uint32_t i = payload + 1; i < tokens[payload].next; i = tokens[i].next)
			append_element(conversion, child, tokens, tag, i);
	column_append_list(column);
}

static void append_map(struct conversion *conversion, struct column *column, const struct json_token *tokens,
		       uint32_t payload)
{
	struct column *entry = column_child(column, 0);
	for (uint32_t name = payload + 1; name < tokens[payload].next; name = tokens[name + 1].next) {
		column_append_bytes(column_child(entry, 0), json_text(&tokens[name]));
		convert_append(conversion, column_child(entry, 1), tokens, name + 1);
		column_append_struct(entry);
	}
	column_append_list(column);
}

static void append_record(struct conversion *conversion, struct column *column, const struct json_token *tokens,
			  uint32_t payload)
{
	for (uint64_t i = 0; i < column_child_count(column); i++) {
		struct column *field = column_child(column, i);
		convert_append(conversion, field, tokens, json_member(tokens, payload, column_name(field)));
	}
	column_append_struct(column);
}

static bool is_number_format(const char *format)
{
	return format[0] == 'i' || format[0] == 'l' || format[0] == 'g' || format[0] == 'd';
}

static void append_tagged(struct conversion *conversion, struct column *column, const struct json_token *tokens,
			  struct slice tag, uint32_t payload)
{
	const char *format = column_format(column);
	const struct json_token *token = &tokens[payload];
	bool scalar = slice_is(tag, "S") || slice_is(tag, "N") || slice_is(tag, "B");
	if (strcmp(format, "u") == 0 && (scalar || slice_is(tag, "BOOL")))
		append_text(conversion, column, tag, token);
	else if (strcmp(format, "z") == 0 && slice_is(tag, "B"))
		append_binary(conversion, column, token);
	else if (strcmp(format, "b") == 0 && slice_is(tag, "BOOL"))
		column_append_bool(column, token->type == JSON_TRUE || slice_is(json_text(token), "true"));
	else if (is_number_format(format) && slice_is(tag, "N"))
		append_number(conversion, column, token);
	else if (format[0] == 't')
		append_time(conversion, column, tag, token);
	else if (strcmp(format, "+l") == 0)
		append_array(conversion, column, tokens, tag, payload);
	else if (strcmp(format, "+m") == 0 && token->type == JSON_OBJECT)
		append_map(conversion, column, tokens, payload);
	else if (strcmp(format, "+s") == 0 && token->type == JSON_OBJECT)
		append_record(conversion, column, tokens, payload);
	else
		misfit(conversion, column);
}

/* The type that a plain JSON value has in a column of that format. */
static const char *plain_tag(const char *format, const struct json_token *token)
{
	bool is_bool = strcmp(format, "b") == 0 && token->type == JSON_STRING &&
		       (slice_is(json_text(token), "true") || slice_is(json_text(token), "false"));
	if (token->type == JSON_STRING && !is_bool)
		return is_number_format(format) ? "N" : format[0] == 'z' ? "B" : "S";
	return token->type == JSON_NUMBER   ? "N"
	       : token->type == JSON_ARRAY  ? "L"
	       : token->type == JSON_OBJECT ? "M"
					    : "BOOL";
}

static void append_missing(const struct conversion *conversion, struct column *column)
{
	if (bugs_has(conversion->bugs, BUG_NULL_BECOMES_EMPTY_STRING) && strcmp(column_format(column), "u") == 0)
		column_append_bytes(column, (struct slice){"", 0});
	else
		column_append_null(column);
}

void convert_append(struct conversion *conversion, struct column *column, const struct json_token *tokens,
		    uint32_t value)
{
	if (conversion->plain && value != 0 && tokens[value].type != JSON_NULL) {
		const char *tag = plain_tag(column_format(column), &tokens[value]);
		append_tagged(conversion, column, tokens, slice_from(tag), value);
		return;
	}
	bool good = !conversion->plain && value != 0 && tokens[value].type == JSON_OBJECT && tokens[value].count == 1;
	struct slice tag = good ? json_text(&tokens[value + 1]) : (struct slice){"", 0};
	if (good && !slice_is(tag, "NULL")) {
		append_tagged(conversion, column, tokens, tag, value + 2);
		return;
	}
	conversion->misfits += !conversion->plain && value != 0 && !good;
	append_missing(conversion, column);
}
