#include "sources/rows.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/decimal.h"
#include "sources/rows_internal.h"

enum { QUOTED_MAX = 64, BUFFER_MAX = 4 * RECORD_SIZE_MAX, IMAGES = 2 };

struct rows_decoder {
	const struct rows_shape *shape;
	struct json_parser *parser; /* of what was written */
	struct json_parser *inner;  /* of a text that is an image */
	struct buffer text;         /* what an image's text is parsed from */
	struct rows_writer writer;
};

/* A row on its way. */
struct decoding {
	struct rows_decoder *decoder;
	const struct rows_shape *shape;
	const struct json_token *tokens;
	struct record *record;
	char *remark;
	bool damaged, texts;
	enum rows_operation operation;
	bool operation_known, has_keys;
	bool has_image[IMAGES]; /* the new one, the old one: written */
};

struct rows_decoder *rows_decoder_new(const struct rows_shape *shape)
{
	struct rows_decoder *decoder = calloc(1, sizeof(*decoder));
	if (decoder == NULL)
		return NULL;
	decoder->shape = shape;
	buffer_init(&decoder->text, BUFFER_MAX);
	rows_writer_init(&decoder->writer, shape, BUFFER_MAX);
	decoder->parser = json_parser_new(RECORD_SIZE_MAX);
	decoder->inner = json_parser_new(RECORD_SIZE_MAX);
	decoder->writer.parser = json_parser_new(RECORD_SIZE_MAX);
	if (decoder->parser == NULL || decoder->inner == NULL || decoder->writer.parser == NULL) {
		rows_decoder_free(decoder);
		return NULL;
	}
	return decoder;
}

void rows_decoder_free(struct rows_decoder *decoder)
{
	if (decoder == NULL)
		return;
	json_parser_free(decoder->parser);
	json_parser_free(decoder->inner);
	json_parser_free(decoder->writer.parser);
	buffer_release(&decoder->text);
	rows_writer_release(&decoder->writer);
	free(decoder);
}

/* ---- fields */

static enum decode_status unreadable(const struct decoding *decoding, const char *text, const char *name)
{
	(void)snprintf(decoding->remark, REMARK_SIZE, "%s '%.100s'; redeliver the row, or correct the contract", text,
		       name);
	return DECODE_UNREADABLE;
}

/* The first remark stays. */
static void damage(struct decoding *decoding, const char *text, const char *name, struct slice quoted)
{
	int size = quoted.size < QUOTED_MAX ? (int)quoted.size : QUOTED_MAX;
	if (decoding->damaged)
		return;
	decoding->damaged = true;
	if (quoted.data == NULL)
		(void)snprintf(decoding->remark, REMARK_SIZE, "%s '%.100s'; redeliver the row", text, name);
	else
		(void)snprintf(decoding->remark, REMARK_SIZE, "%s '%.100s': '%.*s'; redeliver the row", text, name,
			       size, quoted.data);
}

static const struct slice NOTHING = {NULL, 0};

/* The index of the row's field of that name; 0 when it is missing or null. */
static uint32_t field(const struct decoding *decoding, const char *name)
{
	uint32_t index = name != NULL ? json_member(decoding->tokens, 0, name) : 0;
	return index != 0 && decoding->tokens[index].type == JSON_NULL ? 0 : index;
}

static struct slice scalar(const struct decoding *decoding, uint32_t index)
{
	const struct json_token *token = &decoding->tokens[index];
	if (index != 0 && (token->type == JSON_TRUE || token->type == JSON_FALSE))
		return slice_from(token->type == JSON_TRUE ? "true" : "false");
	if (index == 0 || (token->type != JSON_STRING && token->type != JSON_NUMBER))
		return NOTHING;
	return json_text(token);
}

/* The fields that say something of the change, of which each may be there once; NULL where the shape has none. */
enum { NAMED_FIELDS = 7 };
static void name_fields(const struct rows_shape *shape, const char *names[NAMED_FIELDS])
{
	const char *const all[NAMED_FIELDS] = {shape->operation, shape->stamp, shape->sequence, shape->event_id,
					       shape->keys,      shape->image, shape->old_image};
	memcpy(names, all, sizeof all);
}

static const char *repeated_field(const struct decoding *decoding)
{
	const char *names[NAMED_FIELDS];
	name_fields(decoding->shape, names);
	for (size_t i = 0; i < NAMED_FIELDS; i++) {
		uint32_t count = 0;
		if (names[i] == NULL)
			continue;
		for (uint32_t at = 1; at < decoding->tokens[0].next; at = decoding->tokens[at + 1].next)
			count += slice_is(json_text(&decoding->tokens[at]), names[i]);
		if (count > 1)
			return names[i];
	}
	return NULL;
}

/* ---- stamps */

static int64_t unit_us(enum rows_unit unit)
{
	return unit == ROWS_EPOCH_US ? 1 : unit == ROWS_EPOCH_MS ? 1000 : CLOCK_SECOND_US;
}

/* One of the last digit that a text's seconds are written with. */
static int64_t written_precision(struct slice text)
{
	enum { DATE_SIZE = 10, MINUTE_SIZE = 16 }; /* of the parts that clock_parse reads */
	const char *point = memchr(text.data, '.', text.size);
	int64_t unit = CLOCK_SECOND_US;
	if (text.size == DATE_SIZE)
		return 86400 * unit;
	if (text.size == MINUTE_SIZE || text.data[MINUTE_SIZE] != ':')
		return 60 * unit;
	if (point == NULL)
		return unit;
	for (size_t at = (size_t)(point - text.data) + 1; at < text.size; at++) {
		if ((unsigned char)(text.data[at] - '0') > 9 || unit == 1)
			break;
		unit /= 10;
	}
	return unit;
}

/* To the microsecond, what is finer cut off. */
static bool parse_epoch(struct slice text, int64_t unit, int64_t *time_us)
{
	struct decimal decimal;
	int64_t whole = 0;
	int digits = unit == 1 ? 0 : unit == 1000 ? 3 : 6;
	if (decimal_parse(text, &decimal) != DECIMAL_OK || decimal.negative || decimal.exponent + digits > 18)
		return false;
	for (int i = 0; i < decimal.exponent + digits; i++)
		whole = whole * 10 + (i < decimal.count ? decimal.digits[i] : 0);
	*time_us = whole;
	return true;
}

static void decode_time(struct decoding *decoding)
{
	const struct rows_shape *shape = decoding->shape;
	struct slice text = scalar(decoding, field(decoding, shape->stamp));
	int64_t precision = shape->precision_us, time;
	if (text.data == NULL) {
		damage(decoding, "a row without its time in the field", shape->stamp, NOTHING);
		return;
	}
	bool good = shape->unit == ROWS_ISO ? clock_parse(text, &time) : parse_epoch(text, unit_us(shape->unit), &time);
	if (precision == 0)
		precision = shape->unit == ROWS_ISO ? written_precision(text) : unit_us(shape->unit);
	if (!good || time > INT64_MAX - precision) {
		damage(decoding, "no time as the contract says it is written, in the field", shape->stamp, text);
		return;
	}
	decoding->record->has_time = true;
	decoding->record->time_lo_us = time;
	decoding->record->time_hi_us = time + precision;
}

static void decode_stamp(struct decoding *decoding)
{
	const struct rows_shape *shape = decoding->shape;
	decoding->record->event_id = scalar(decoding, field(decoding, shape->event_id));
	decode_time(decoding);
	if (shape->sequence == NULL)
		return;
	struct slice text = scalar(decoding, field(decoding, shape->sequence));
	decoding->record->has_sequence = sequence_parse(text, decoding->record->sequence);
	if (!decoding->record->has_sequence)
		damage(decoding, "no sequence of 1 to 40 digits in the field", shape->sequence, text);
}

static void decode_operation(struct decoding *decoding)
{
	const struct rows_shape *shape = decoding->shape;
	decoding->operation = ROWS_PUT;
	decoding->operation_known = shape->operation == NULL;
	if (shape->operation == NULL)
		return;
	struct slice text = scalar(decoding, field(decoding, shape->operation));
	for (uint32_t i = 0; i < shape->word_count && !decoding->operation_known; i++) {
		decoding->operation_known = text.data != NULL && slice_is(text, shape->words[i].text);
		if (decoding->operation_known)
			decoding->operation = shape->words[i].operation;
	}
	/* A row of a full load need not say that it is one. */
	decoding->operation_known = decoding->operation_known || (shape->items && text.data == NULL);
	if (!decoding->operation_known)
		damage(decoding, "an operation that the contract does not name, in the field", shape->operation, text);
}

/* ---- images */

/* The object that a field holds, or the row itself. *tokens: whose object it is. False: there is none that can be told;
 * then the row is damaged unless the field is empty. */
static bool open_image(struct decoding *decoding, const char *name, const struct json_token **tokens, uint32_t *object,
		       struct error *error, int *code)
{
	size_t count;
	struct json_failure failure;
	*tokens = decoding->tokens;
	*object = 0;
	if (name == NULL)
		return true;
	*object = field(decoding, name);
	if (*object == 0)
		return false;
	const struct json_token *token = &decoding->tokens[*object];
	if (token->type == JSON_OBJECT)
		return true;
	if (token->type == JSON_STRING) {
		struct buffer *text = &decoding->decoder->text;
		text->size = 0;
		(void)buffer_append_slice(text, json_text(token));
		if (text->failed || buffer_reserve(text, JSON_PADDING) != 0) {
			*code = error_set(error, ERROR_INTERNAL, "out of memory for a row");
			return false;
		}
		*object = 0;
		if (json_parse(decoding->decoder->inner, buffer_slice(text), tokens, &count, &failure) &&
		    (*tokens)[0].type == JSON_OBJECT)
			return true;
		*tokens = decoding->tokens;
	}
	damage(decoding, "no object, and no text that is one, in the field", name, NOTHING);
	return false;
}

/* Whether a name is that of a field of the row, not of an attribute. What a column takes is an attribute, whatever else
 * the field is for. */
static bool is_field(const void *context, struct slice name)
{
	const struct decoding *decoding = context;
	const struct rows_shape *shape = decoding->shape;
	const char *names[NAMED_FIELDS];
	bool named = false;
	name_fields(shape, names);
	for (size_t i = 0; i < NAMED_FIELDS; i++)
		named = named || (names[i] != NULL && slice_is(name, names[i]) &&
				  !(shape->stamp_is_kept && names[i] == shape->stamp));
	for (uint32_t i = 0; i < shape->attribute_count && named; i++)
		named = !slice_is(name, shape->attributes[i].field);
	return named;
}

/* Writes the key attributes, if all are there. */
static void write_keys(struct decoding *decoding, const struct json_token *tokens, uint32_t object)
{
	if (!decoding->has_keys)
		decoding->has_keys = rows_write_keys(&decoding->decoder->writer, tokens, object, decoding->texts);
}

/* One side's image, and the keys if it has them. whole: it counts as an image, and not for its keys alone. */
static int write_image(struct decoding *decoding, int which, const char *name, bool whole, struct error *error)
{
	static const char *const members[IMAGES] = {"\"New\":", "\"Old\":"};
	const struct json_token *tokens;
	uint32_t object;
	int code = 0;
	struct rows_writer *writer = &decoding->decoder->writer;
	if (!open_image(decoding, name, &tokens, &object, error, &code))
		return code;
	write_keys(decoding, tokens, object);
	if (!whole)
		return 0;
	(void)buffer_append_text(&writer->text, members[which]);
	rows_write_image(writer, tokens, object, decoding->texts, name == NULL ? is_field : NULL, decoding);
	(void)buffer_append_byte(&writer->text, ',');
	decoding->has_image[which] = true;
	return 0;
}

static int write_images(struct decoding *decoding, struct error *error)
{
	const struct rows_shape *shape = decoding->shape;
	bool deleted = decoding->operation == ROWS_DELETE;
	bool old_is_row = deleted && shape->delete_is_old && shape->old_image == NULL;
	bool keys_beside = shape->keys != NULL && strcmp(shape->keys, ".") == 0;
	int code = 0;
	(void)buffer_append_byte(&decoding->decoder->writer.text, '{');
	if (keys_beside)
		write_keys(decoding, decoding->tokens, 0);
	else if (shape->keys != NULL)
		code = write_image(decoding, 0, shape->keys, false, error);
	/* Of an unknown operation the images are not known to be those of either side, but they have the key. */
	bool whole = decoding->operation_known && (!deleted || old_is_row);
	if (code == 0)
		code = write_image(decoding, old_is_row ? 1 : 0, shape->image, whole, error);
	if (code == 0 && shape->old_image != NULL)
		code = write_image(decoding, 1, shape->old_image,
				   decoding->operation_known && decoding->operation != ROWS_INSERT, error);
	return code;
}

/* ---- the record */

/* Parses what was written: {"New":{…},"Old":{…},"Keys":{…}}. */
static enum decode_status take_written(struct decoding *decoding, struct error *error, int *code)
{
	struct rows_decoder *decoder = decoding->decoder;
	struct buffer *text = &decoder->writer.text;
	struct record *record = decoding->record;
	size_t count;
	struct json_failure failure;
	(void)buffer_append_text(text, "\"Keys\":");
	(void)buffer_append_slice(text, buffer_slice(&decoder->writer.keys));
	(void)buffer_append_byte(text, '}');
	if (text->failed || decoder->writer.keys.failed || buffer_reserve(text, JSON_PADDING) != 0) {
		*code = error_set(error, ERROR_INTERNAL, "out of memory for a row");
		return DECODE_UNREADABLE;
	}
	if (!json_parse(decoder->parser, buffer_slice(text), &record->tokens, &count, &failure)) {
		(void)snprintf(decoding->remark, REMARK_SIZE, "as an item the row is %s; redeliver the row",
			       failure.reason);
		record->tokens = decoding->tokens;
		return DECODE_UNREADABLE;
	}
	record->keys = json_member(record->tokens, 0, "Keys");
	record->after_image = json_member(record->tokens, 0, "New");
	record->before_image = json_member(record->tokens, 0, "Old");
	return DECODE_OK;
}

static void decode_states(struct decoding *decoding)
{
	struct record *record = decoding->record;
	enum item_state after = decoding->has_image[0] ? STATE_IMAGE : STATE_PRESENT;
	enum item_state before = decoding->has_image[1] ? STATE_IMAGE : STATE_PRESENT;
	record->after = after;
	record->before = before;
	if (!decoding->operation_known) {
		record->after = record->before = STATE_UNKNOWN;
	} else if (decoding->operation == ROWS_DELETE) {
		record->after = STATE_ABSENT;
		record->ttl = TTL_UNKNOWN;
	} else if (decoding->operation == ROWS_INSERT) {
		record->before = STATE_ABSENT;
	} else if (decoding->operation == ROWS_PUT && before != STATE_IMAGE) {
		record->before = STATE_UNKNOWN;
	}
}

static enum decode_status decode_item(struct decoding *decoding)
{
	struct record *record = decoding->record;
	if (!decoding->operation_known || decoding->operation == ROWS_DELETE || decoding->operation == ROWS_MODIFY)
		return unreadable(decoding,
				  "a change, where the source has no stamp and so is a dump of items; its operation is "
				  "in the field",
				  decoding->shape->operation);
	if (!decoding->has_image[0])
		return unreadable(decoding, "an item without an image in the field", decoding->shape->image);
	record->kind = RECORD_ITEM;
	record->keys = record->after_image;
	record->after = STATE_IMAGE;
	return decoding->damaged ? DECODE_DAMAGED : DECODE_OK;
}

static const char *first_key(const struct rows_shape *shape)
{
	return shape->key_count > 0 ? shape->attributes[0].name : "";
}

int rows_decode(struct rows_decoder *decoder, const struct json_token *tokens, bool texts, struct record *record,
		char remark[REMARK_SIZE], enum decode_status *status, struct error *error)
{
	struct decoding decoding = {.decoder = decoder,
				    .shape = decoder->shape,
				    .tokens = tokens,
				    .record = record,
				    .remark = remark,
				    .texts = texts};
	*status = DECODE_UNREADABLE;
	if (tokens[0].type != JSON_OBJECT) {
		(void)snprintf(remark, REMARK_SIZE, "no row: expected an object");
		return 0;
	}
	const char *repeated = repeated_field(&decoding);
	if (repeated != NULL) {
		*status = unreadable(&decoding, "a row that has twice the field", repeated);
		return 0;
	}
	rows_writer_reset(&decoder->writer);
	decode_operation(&decoding);
	int code = write_images(&decoding, error);
	if (code != 0)
		return code;
	if (!decoding.has_keys) {
		*status = unreadable(&decoding, "a row without all of its key; there is no field for attribute",
				     rows_missing_key(&decoder->writer, first_key(decoder->shape)));
		return 0;
	}
	*status = take_written(&decoding, error, &code);
	if (code != 0 || *status != DECODE_OK)
		return code;
	if (decoder->shape->items) {
		*status = decode_item(&decoding);
		return 0;
	}
	record->kind = RECORD_CHANGE;
	decode_stamp(&decoding);
	decode_states(&decoding);
	if (decoding.damaged)
		*status = DECODE_DAMAGED;
	return 0;
}
