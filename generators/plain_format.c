#include "generators/plain_format.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "generators/table.h"
#include "generators/text.h"

enum { IMAGE_MAX = 32 << 20 };

struct plain_scratch {
	struct json_parser *parser;
	struct buffer image; /* what is parsed, with the padding that takes */
	struct buffer cell;
};

struct plain_scratch *plain_scratch_new(void)
{
	struct plain_scratch *scratch = calloc(1, sizeof(*scratch));
	if (scratch == NULL)
		return NULL;
	buffer_init(&scratch->image, IMAGE_MAX);
	buffer_init(&scratch->cell, IMAGE_MAX);
	scratch->parser = json_parser_new(IMAGE_MAX);
	if (scratch->parser != NULL)
		return scratch;
	plain_scratch_free(scratch);
	return NULL;
}

void plain_scratch_free(struct plain_scratch *scratch)
{
	if (scratch == NULL)
		return;
	json_parser_free(scratch->parser);
	buffer_release(&scratch->image);
	buffer_release(&scratch->cell);
	free(scratch);
}

const struct json_token *plain_parse(struct plain_scratch *scratch, struct slice image)
{
	const struct json_token *tokens;
	struct json_failure failure;
	size_t count;

	scratch->image.size = 0;
	if (buffer_append_slice(&scratch->image, image) != 0 || buffer_reserve(&scratch->image, JSON_PADDING) != 0 ||
	    !json_parse(scratch->parser, buffer_slice(&scratch->image), &tokens, &count, &failure))
		return NULL;
	return tokens;
}

/* ---- plain JSON */

static void write_members(const struct json_token *tokens, uint32_t object, struct buffer *out)
{
	for (uint32_t i = object + 1; i < tokens[object].next; i = tokens[i + 1].next) {
		if (i > object + 1)
			buffer_append_byte(out, ',');
		buffer_append_json(out, json_text(&tokens[i]));
		buffer_append_byte(out, ':');
		plain_write_value(tokens, i + 1, out);
	}
}

static void write_list(const struct json_token *tokens, uint32_t list, struct slice tag, struct buffer *out)
{
	buffer_append_byte(out, '[');
	for (uint32_t i = list + 1; i < tokens[list].next; i = tokens[i].next) {
		if (i > list + 1)
			buffer_append_byte(out, ',');
		if (tag.size == 1)
			plain_write_value(tokens, i, out);
		else if (tag.data[0] == 'N')
			buffer_append_slice(out, json_text(&tokens[i]));
		else
			buffer_append_json(out, json_text(&tokens[i]));
	}
	buffer_append_byte(out, ']');
}

void plain_write_value(const struct json_token *tokens, uint32_t value, struct buffer *out)
{
	struct slice tag = json_text(&tokens[value + 1]);
	uint32_t inside = value + 2;

	if (tokens[inside].type == JSON_ARRAY) {
		write_list(tokens, inside, tag, out);
	} else if (tokens[inside].type == JSON_OBJECT) {
		buffer_append_byte(out, '{');
		write_members(tokens, inside, out);
		buffer_append_byte(out, '}');
	} else if (tokens[inside].type != JSON_STRING) {
		buffer_append_text(out, slice_is(tag, "NULL")              ? "null"
					: tokens[inside].type == JSON_TRUE ? "true"
									   : "false");
	} else if (slice_is(tag, "N")) {
		buffer_append_slice(out, json_text(&tokens[inside]));
	} else {
		buffer_append_json(out, json_text(&tokens[inside]));
	}
}

/* ---- as a Lambda writes it: event_id, event_name, event_time, data */

static int write_flat(const struct stream_style *style, const struct record_parts *parts, bool sequence,
		      struct buffer *out)
{
	const struct json_token *tokens = plain_parse(parts->plain,
						      parts->new_image.data != NULL ? parts->new_image : parts->keys);

	(void)style;
	if (tokens == NULL)
		return ERROR_INTERNAL;
	buffer_append_text(out, "{\"event_id\":\"");
	buffer_append_text(out, parts->event_id);
	buffer_append_text(out, "\",\"event_name\":\"");
	buffer_append_text(out, parts->event_name);
	buffer_append_text(out, "\",\"event_time\":");
	buffer_append_u64(out, (uint64_t)(parts->time_us / CLOCK_SECOND_US));
	if (sequence) {
		buffer_append_text(out, ",\"sequence\":\"");
		buffer_append_text(out, parts->sequence);
		buffer_append_byte(out, '"');
	}
	buffer_append_text(out, ",\"data\":{");
	write_members(tokens, 0, out);
	return buffer_append_text(out, "}}");
}

int plain_flat(const struct stream_style *style, const struct record_parts *parts, struct buffer *out)
{
	return write_flat(style, parts, false, out);
}

int plain_flat_sequence(const struct stream_style *style, const struct record_parts *parts, struct buffer *out)
{
	return write_flat(style, parts, true, out);
}

/* ---- CSV */

struct fields {
	const struct model *model;
	uint32_t entity, attribute;
	unsigned part;
	bool ttl_given;
};

static bool is_named_before(const struct table *table, uint32_t entity, const char *name)
{
	for (uint32_t i = 0; i < entity; i++)
		for (uint32_t j = 0; j < table->entities[i].attribute_count; j++)
			if (strcmp(table->entities[i].attributes[j].name, name) == 0)
				return true;
	return false;
}

/* The next field's name, NULL after the last. */
static const char *next_field(struct fields *fields)
{
	const struct model_config *config = &fields->model->config;
	const struct table *table = config->table;

	if (fields->part < model_key_count(fields->model))
		return config->key_name[fields->part++];
	for (; fields->entity < table->entity_count; fields->entity++, fields->attribute = 0) {
		const struct table_entity *entity = &table->entities[fields->entity];
		while (fields->attribute < entity->attribute_count) {
			const char *name = entity->attributes[fields->attribute++].name;
			if (!is_named_before(table, fields->entity, name))
				return name;
		}
	}
	if (config->ttl_ppm == 0 || fields->ttl_given)
		return NULL;
	fields->ttl_given = true;
	return config->ttl_name;
}

/* Quotes where RFC 4180 wants them, and round what could be taken for nothing. */
static void write_cell(struct slice text, const char *null, struct buffer *out)
{
	bool quoted = text.size == 0 || slice_is(text, null);

	for (size_t i = 0; i < text.size && !quoted; i++)
		quoted = strchr("\",\r\n", text.data[i]) != NULL; /* NUL among them */
	if (!quoted) {
		buffer_append_slice(out, text);
		return;
	}
	buffer_append_byte(out, '"');
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] == '"')
			buffer_append_byte(out, '"');
		buffer_append_byte(out, text.data[i]);
	}
	buffer_append_byte(out, '"');
}

static void write_field(struct plain_scratch *scratch, const struct json_token *tokens, uint32_t value,
			const char *null, struct buffer *out)
{
	if (value == 0 || slice_is(json_text(&tokens[value + 1]), "NULL")) {
		buffer_append_text(out, null);
		return;
	}
	if (tokens[value + 2].type == JSON_STRING) {
		write_cell(json_text(&tokens[value + 2]), null, out);
		return;
	}
	scratch->cell.size = 0;
	plain_write_value(tokens, value, &scratch->cell);
	write_cell(buffer_slice(&scratch->cell), null, out);
}

/* Members mostly stand in the fields' order, so that each is looked for behind the one found last. */
static uint32_t find_from(const struct json_token *tokens, uint32_t *from, const char *name)
{
	uint32_t begin = *from, end = tokens[0].next;

	for (unsigned round = 0; round < 2; round++) {
		for (uint32_t i = begin; i < end; i = tokens[i + 1].next) {
			if (!slice_is(json_text(&tokens[i]), name))
				continue;
			*from = tokens[i + 1].next;
			return i + 1;
		}
		end = *from;
		begin = 1;
	}
	return 0;
}

int plain_csv_item(struct plain_scratch *scratch, const struct model *model, struct slice image, const char *null,
		   struct buffer *out)
{
	const struct json_token *tokens = plain_parse(scratch, image);
	struct fields fields = {.model = model};
	uint32_t from = 1;
	bool first = true;

	if (tokens == NULL)
		return ERROR_INTERNAL;
	for (const char *name; (name = next_field(&fields)) != NULL; first = false) {
		if (!first)
			buffer_append_byte(out, ',');
		write_field(scratch, tokens, find_from(tokens, &from, name), null, out);
	}
	return out->failed ? ERROR_INTERNAL : 0;
}

void plain_csv_names(const struct model *model, struct buffer *out)
{
	struct fields fields = {.model = model};
	bool first = true;

	for (const char *name; (name = next_field(&fields)) != NULL; first = false) {
		buffer_append_text(out, first ? "" : ", ");
		buffer_append_json(out, slice_from(name));
	}
}

/* ---- as Database Migration Service writes it: I, U or D, when it was committed, the row after it or before a delete
 */

/* 2025-10-09 08:53:20.000000 */
static void write_time(int64_t time_us, char between, const char *end, struct buffer *out)
{
	struct civil civil = civil_from_us(time_us);
	const unsigned numbers[] = {civil.month,  civil.day,    civil.hour,
				    civil.minute, civil.second, (unsigned)(time_us % CLOCK_SECOND_US)};
	const char before[] = {'-', '-', between, ':', ':', '.'};
	char text[64];
	char *at = text_padded(text, civil.year, 4);

	for (unsigned i = 0; i < 6; i++) {
		*at++ = before[i];
		at = text_padded(at, numbers[i], i < 5 ? 2 : 6);
	}
	buffer_append(out, text, (size_t)(at - text));
	buffer_append_text(out, end);
}

int plain_dms(const struct stream_style *style, const struct record_parts *parts, struct buffer *out)
{
	char name = parts->event_name[0];
	struct slice image = name == 'R' ? parts->old_image : parts->new_image;

	if (image.data == NULL)
		image = parts->keys;

	buffer_append_text(out, name == 'I' ? "I," : name == 'M' ? "U," : "D,");
	write_time(parts->time_us, ' ', ",", out);
	return plain_csv_item(parts->plain, style->model, image, PLAIN_DMS_NULL, out);
}

/* ---- as it was polled: the item, and when it was written */

int plain_poll_json(const struct stream_style *style, const struct record_parts *parts, struct buffer *out)
{
	const struct json_token *tokens = plain_parse(parts->plain,
						      parts->new_image.data != NULL ? parts->new_image : parts->keys);

	(void)style;
	if (tokens == NULL)
		return ERROR_INTERNAL;
	buffer_append_text(out, "{\"" PLAIN_POLL_STAMP "\":\"");
	write_time(parts->time_us, 'T', "Z\",", out);
	write_members(tokens, 0, out);
	return buffer_append_byte(out, '}');
}

int plain_poll_csv(const struct stream_style *style, const struct record_parts *parts, struct buffer *out)
{
	write_time(parts->time_us, 'T', "Z,", out);
	return plain_csv_item(parts->plain, style->model,
			      parts->new_image.data != NULL ? parts->new_image : parts->keys, "", out);
}

void plain_poll_header(const struct stream_style *style, struct buffer *out)
{
	struct fields fields = {.model = style->model};

	buffer_append_text(out, PLAIN_POLL_STAMP);
	for (const char *name; (name = next_field(&fields)) != NULL;) {
		buffer_append_byte(out, ',');
		write_cell(slice_from(name), "", out);
	}
	buffer_append_byte(out, '\n');
}
