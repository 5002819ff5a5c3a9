#include "generators/ion_writer.h"

#include "base/decimal.h"

/* ---- scalars ---- */

static void write_number(struct slice text, struct buffer *ion)
{
	struct decimal decimal;
	char digits[DECIMAL_DIGITS_MAX + 1];

	if (decimal_parse(text, &decimal) != DECIMAL_OK) {
		ion->failed = true;
		return;
	}
	int count = decimal.count > 0 ? decimal.count : 1;
	for (int i = 0; i < count; i++)
		digits[i] = (char)('0' + (decimal.count > 0 ? decimal.digits[i] : 0));
	/* Where the point stands, from the first digit. */
	int point = decimal.count > 0 ? decimal.exponent : 1;
	digits[count] = '\0';
	if (decimal.negative)
		buffer_append_byte(ion, '-');
	if (point == count)
		buffer_printf(ion, "%s.", digits);
	else if (point > count)
		buffer_printf(ion, "%sd%d", digits, point - count);
	else if (point > 0)
		buffer_printf(ion, "%.*s.%s", point, digits, digits + point);
	else if (point > -6)
		buffer_printf(ion, "0.%.*s%s", -point, "000000", digits);
	else
		buffer_printf(ion, "%sd-%d", digits, count - point);
}

static void write_escaped(struct slice text, char quote, struct buffer *ion)
{
	static const char letters[] = "0......abtnvfr";
	size_t done = 0;

	buffer_append_byte(ion, quote);
	for (size_t i = 0; i < text.size; i++) {
		unsigned char byte = (unsigned char)text.data[i];
		/* U+007F to U+009F: the latter are two bytes in UTF-8, c2 80 to c2 9f. */
		bool upper = byte == 0xc2 && i + 1 < text.size && (unsigned char)text.data[i + 1] < 0xa0;
		if (byte >= 0x20 && byte != 0x7f && byte != '\\' && text.data[i] != quote && !upper)
			continue;
		buffer_append(ion, text.data + done, i - done);
		if (upper)
			buffer_printf(ion, "\\x%02x", (unsigned char)text.data[++i]);
		else if (byte < sizeof(letters) - 1 && letters[byte] != '.')
			buffer_printf(ion, "\\%c", letters[byte]);
		else if (byte < 0x20 || byte == 0x7f)
			buffer_printf(ion, "\\x%02x", byte);
		else
			buffer_printf(ion, "\\%c", byte);
		done = i + 1;
	}
	buffer_append(ion, text.data + done, text.size - done);
	buffer_append_byte(ion, quote);
}

static bool is_identifier(struct slice name)
{
	static const char *const words[] = {"null", "true", "false", "nan"};
	bool digits = true;

	for (size_t i = 0; i < name.size; i++) {
		char c = name.data[i];
		bool digit = c >= '0' && c <= '9';
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' || (digit && i > 0)))
			return false;
		digits = digits && (i == 0 ? c == '$' : digit);
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_is(name, words[i]))
			return false;
	return name.size > 0 && !(digits && name.size > 1);
}

static void write_name(struct slice name, struct buffer *ion)
{
	if (is_identifier(name))
		buffer_append(ion, name.data, name.size);
	else
		write_escaped(name, '\'', ion);
	buffer_append_byte(ion, ':');
}

/* ---- values ---- */

static void write_attributes(const struct json_token *tokens, uint32_t object, struct buffer *ion);

static void write_scalar(const struct json_token *tokens, uint32_t value, char type, struct buffer *ion)
{
	struct slice text = json_text(&tokens[value]);
	if (type == 'N') {
		write_number(text, ion);
	} else if (type == 'B') {
		buffer_append_text(ion, "{{");
		buffer_append(ion, text.data, text.size);
		buffer_append_text(ion, "}}");
	} else {
		write_escaped(text, '"', ion);
	}
}

static void write_value(const struct json_token *tokens, uint32_t attribute, struct buffer *ion)
{
	struct slice tag = json_text(&tokens[attribute + 1]);
	uint32_t value = attribute + 2;
	bool set = tag.size == 2 && tag.data[1] == 'S';

	if (slice_is(tag, "M")) {
		write_attributes(tokens, value, ion);
	} else if (slice_is(tag, "NULL")) {
		buffer_append_text(ion, "null");
	} else if (slice_is(tag, "BOOL")) {
		buffer_append_text(ion, tokens[value].type == JSON_TRUE ? "true" : "false");
	} else if (set || slice_is(tag, "L")) {
		if (set)
			buffer_printf(ion, "$dynamodb_%.2s::", tag.data);
		buffer_append_byte(ion, '[');
		for (uint32_t i = value + 1; i < tokens[value].next; i = tokens[i].next) {
			if (i > value + 1)
				buffer_append_byte(ion, ',');
			if (set)
				write_scalar(tokens, i, tag.data[0], ion);
			else
				write_value(tokens, i, ion);
		}
		buffer_append_byte(ion, ']');
	} else {
		write_scalar(tokens, value, tag.data[0], ion);
	}
}

static void write_attributes(const struct json_token *tokens, uint32_t object, struct buffer *ion)
{
	buffer_append_byte(ion, '{');
	for (uint32_t i = object + 1; i < tokens[object].next; i = tokens[i + 1].next) {
		if (i > object + 1)
			buffer_append_byte(ion, ',');
		write_name(json_text(&tokens[i]), ion);
		write_value(tokens, i + 1, ion);
	}
	buffer_append_byte(ion, '}');
}

/* A line: its members hold attributes. */
static void write_record(const struct json_token *tokens, struct buffer *ion)
{
	bool wrapped = json_member(tokens, 0, "Item") == 0;

	buffer_append_text(ion, wrapped ? "$ion_1_0 {Record:{" : "$ion_1_0 {");
	for (uint32_t i = 1; i < tokens[0].next; i = tokens[i + 1].next) {
		if (i > 1)
			buffer_append_byte(ion, ',');
		write_name(json_text(&tokens[i]), ion);
		write_attributes(tokens, i + 1, ion);
	}
	buffer_append_text(ion, wrapped ? "}}\n" : "}\n");
}

int ion_write_lines(struct json_parser *parser, struct slice lines, struct buffer *ion, struct error *error)
{
	size_t at = 0;

	while (at < lines.size) {
		const struct json_token *tokens;
		struct json_failure failure;
		size_t count;
		const char *end = memchr(lines.data + at, '\n', lines.size - at);
		struct slice line = {lines.data + at, end != NULL ? (size_t)(end - lines.data) - at : lines.size - at};
		if (!json_parse(parser, line, &tokens, &count, &failure))
			return error_set(error, ERROR_INTERNAL, "cannot write Ion: %s", failure.reason);
		write_record(tokens, ion);
		at += line.size + 1;
	}
	return ion->failed ? error_set(error, ERROR_INTERNAL, "out of memory for Ion; use more shards") : 0;
}
