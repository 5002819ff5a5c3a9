#include "harness/redrive/redrive_form.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "generators/plain_format.h"
#include "generators/table.h"
#include "harness/redrive/item_text.h"
#include "reconcile/value/key_bytes.h"

enum { TEXT_MAX = 64 << 20 };

/* What the bytes of one record are, so that those of the same kind go as they are. */
enum bytes {
	BYTES_OTHER = 0,
	BYTES_API,
	BYTES_LAMBDA,
	BYTES_KINESIS_US,
	BYTES_KINESIS_MS,
	BYTES_IN_LAMBDA,
	BYTES_IN_PIPES,
	BYTES_IN_TRANSFORM,
	BYTES_IN_BASE64,
	BYTES_FLAT_ROW,
	BYTES_FLAT_SEQUENCE_ROW
};

enum family { FAMILY_STREAM, FAMILY_KINESIS, FAMILY_ROWS };

/* How a format stamps what it carries. */
struct carrier {
	const char *format;
	enum bytes kind;
	enum family family;
	int64_t unit_us;
	bool sequence; /* it needs one */
};

static const struct carrier carriers[] = {
	{"streams", BYTES_API, FAMILY_STREAM, CLOCK_SECOND_US, true},
	{"lambda", BYTES_LAMBDA, FAMILY_STREAM, CLOCK_SECOND_US, true},
	{"pipes", BYTES_LAMBDA, FAMILY_STREAM, CLOCK_SECOND_US, true},
	{"concatenated", BYTES_LAMBDA, FAMILY_STREAM, CLOCK_SECOND_US, true},
	{"bronze", BYTES_OTHER, FAMILY_STREAM, CLOCK_SECOND_US, true},
	{"kinesis", BYTES_KINESIS_US, FAMILY_KINESIS, 1, false},
	{"firehose", BYTES_KINESIS_US, FAMILY_KINESIS, 1, false},
	{"kinesis-ms", BYTES_KINESIS_MS, FAMILY_KINESIS, 1000, false},
	{"kinesis-lambda", BYTES_IN_LAMBDA, FAMILY_KINESIS, 1, false},
	{"kinesis-pipes", BYTES_IN_PIPES, FAMILY_KINESIS, 1, false},
	{"kinesis-base64", BYTES_IN_BASE64, FAMILY_KINESIS, 1, false},
	{"firehose-transform", BYTES_IN_TRANSFORM, FAMILY_KINESIS, 1, false},
	{"firehose-parquet", BYTES_OTHER, FAMILY_KINESIS, 1, false},
	{"flat", BYTES_FLAT_ROW, FAMILY_ROWS, CLOCK_SECOND_US, false},
	{"flat-sequence", BYTES_FLAT_SEQUENCE_ROW, FAMILY_ROWS, CLOCK_SECOND_US, true},
	{"dms", BYTES_OTHER, FAMILY_ROWS, 1, false},
};

struct redrive_form {
	const struct carrier *carrier;
	const struct stream_format *format;
	struct stream_style style;
	enum stream_view view; /* the pipeline's; style.view is the present record's */
	bool newer;
	unsigned step; /* of the present record */
	int64_t now_us;
	struct model *model;
	struct table table;
	struct table_entity entity;
	struct record_parts parts;
	struct json_parser *parser; /* of what is written, to see what it is */
	struct buffer text, raw;
	struct arena names; /* kept */
	uint64_t written;
};

/* ---- what the formats ask of the table */

static int add_field(struct redrive_form *form, struct slice name)
{
	struct table_attribute *attributes = (struct table_attribute *)form->entity.attributes;
	for (unsigned part = 0; part < model_key_count(form->model); part++)
		if (slice_is(name, form->model->config.key_name[part]))
			return 0;
	for (uint32_t i = 0; i < form->entity.attribute_count; i++)
		if (slice_is(name, attributes[i].name))
			return 0;
	const char *copy = arena_copy(&form->names, name).data;
	if (copy == NULL)
		return ERROR_INTERNAL;
	attributes[form->entity.attribute_count++] = (struct table_attribute){.name = copy, .name_size = name.size};
	return 0;
}

static uint32_t count_commas(const char *text)
{
	uint32_t count = 0;
	for (; *text != '\0'; text++)
		count += *text == ',';
	return count;
}

/* The columns of CSV behind those of the key, in their order. */
static int make_fields(struct redrive_form *form, const char *fields, const struct contract *contract)
{
	size_t most = fields != NULL ? (size_t)count_commas(fields) + 1 : contract->column_count;
	int code = 0;
	form->entity.attributes = calloc(most + 1, sizeof *form->entity.attributes);
	if (form->entity.attributes == NULL)
		return ERROR_INTERNAL;
	for (const char *at = fields; at != NULL && *at != '\0' && code == 0;) {
		size_t size = strcspn(at, ",");
		code = add_field(form, (struct slice){at, size});
		at += size + (at[size] == ',');
	}
	for (uint32_t i = 0; fields == NULL && i < contract->column_count && code == 0; i++)
		if (contract->columns[i].source_count > 0 && contract->columns[i].sources[0].names[0] != NULL)
			code = add_field(form, slice_from(contract->columns[i].sources[0].names[0]));
	return code;
}

static int make_model(struct redrive_form *form, const struct redrive_style *style, const struct run *run,
		      struct error *error)
{
	const struct contract *contract = run->contract;
	struct model_config *config = &form->model->config;
	for (uint32_t part = 0; part < contract->table_key_count; part++) {
		int size = snprintf(config->key_name[part], KEY_NAME_MAX, "%s", contract->item_key[part].attribute);
		if (size >= KEY_NAME_MAX)
			return error_set(error, ERROR_USAGE, "the key attribute's name '%s' is too long",
					 contract->item_key[part].attribute);
		config->key_type[part] = contract->item_key[part].type;
	}
	form->table = (struct table){.name = contract->table, .entities = &form->entity, .entity_count = 1};
	config->table = &form->table;
	form->style = (struct stream_style){.model = form->model};
	if (make_fields(form, style->fields, contract) != 0)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	return 0;
}

int redrive_form_new(const struct redrive_style *style, const struct run *run, struct redrive_form **form,
		     struct error *error)
{
	const struct carrier *carrier = NULL;
	for (size_t i = 0; i < sizeof carriers / sizeof carriers[0]; i++)
		if (strcmp(carriers[i].format, style->format) == 0)
			carrier = &carriers[i];
	if (carrier == NULL)
		return error_set(error, ERROR_USAGE, "format '%s' cannot carry changes that are told again",
				 style->format);
	*form = calloc(1, sizeof **form);
	if (*form == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	struct redrive_form *made = *form;
	made->carrier = carrier;
	made->format = stream_format_find(style->format);
	made->newer = style->newer;
	made->now_us = style->now_us;
	made->view = VIEW_NEW_AND_OLD_IMAGES;
	while (made->view > VIEW_KEYS_ONLY && strcmp(stream_view_name(made->view), style->view) != 0)
		made->view--;
	record_parts_init(&made->parts);
	buffer_init(&made->text, TEXT_MAX);
	buffer_init(&made->raw, TEXT_MAX);
	arena_init(&made->names, (size_t)1 << 26);
	made->model = calloc(1, sizeof *made->model);
	made->parser = json_parser_new(TEXT_MAX);
	made->parts.plain = plain_scratch_new();
	int code = made->model == NULL || made->parser == NULL || made->parts.plain == NULL
			   ? error_set(error, ERROR_INTERNAL, "out of memory")
			   : make_model(made, style, run, error);
	if (code != 0) {
		redrive_form_free(made);
		*form = NULL;
	}
	return code;
}

void redrive_form_free(struct redrive_form *form)
{
	if (form == NULL)
		return;
	record_parts_release(&form->parts);
	buffer_release(&form->text);
	buffer_release(&form->raw);
	arena_release(&form->names);
	json_parser_free(form->parser);
	free((void *)form->entity.attributes);
	free(form->model);
	free(form);
}

const struct stream_format *redrive_form_format(const struct redrive_form *form)
{
	return form->format;
}

const struct stream_style *redrive_form_style(const struct redrive_form *form)
{
	return &form->style;
}

void redrive_form_frame(const struct redrive_form *form, uint64_t count, uint64_t index, struct buffer *out)
{
	form->format->frame(&form->style, count, index, out);
}

/* ---- what a record's bytes are */

static enum bytes kind_of_change(const struct json_token *tokens, uint32_t dynamodb)
{
	uint32_t precision = json_member(tokens, dynamodb, "ApproximateCreationDateTimePrecision");
	if (json_member(tokens, 0, "eventSourceARN") != 0)
		return BYTES_LAMBDA;
	if (json_member(tokens, 0, "tableName") == 0)
		return BYTES_API;
	return precision != 0 && slice_is(json_text(&tokens[precision]), "MICROSECOND") ? BYTES_KINESIS_US
											 : BYTES_KINESIS_MS;
}

static enum bytes kind_of(struct redrive_form *form, struct slice raw)
{
	const struct json_token *tokens;
	struct json_failure failure;
	size_t count;
	form->raw.size = 0;
	if (raw.size == 0)
		return BYTES_OTHER;
	if (raw.data[0] != '{')
		return BYTES_IN_BASE64;
	if (buffer_append_slice(&form->raw, raw) != 0 || buffer_reserve(&form->raw, JSON_PADDING) != 0 ||
	    !json_parse(form->parser, buffer_slice(&form->raw), &tokens, &count, &failure) ||
	    tokens[0].type != JSON_OBJECT)
		return BYTES_OTHER;
	uint32_t dynamodb = json_member(tokens, 0, "dynamodb");
	if (dynamodb != 0)
		return kind_of_change(tokens, dynamodb);
	if (json_member(tokens, 0, "kinesis") != 0)
		return BYTES_IN_LAMBDA;
	if (json_member(tokens, 0, "kinesisSchemaVersion") != 0)
		return BYTES_IN_PIPES;
	if (json_member(tokens, 0, "recordId") != 0)
		return BYTES_IN_TRANSFORM;
	if (json_member(tokens, 0, "event_id") != 0 && json_member(tokens, 0, "data") != 0)
		return json_member(tokens, 0, "sequence") != 0 ? BYTES_FLAT_SEQUENCE_ROW : BYTES_FLAT_ROW;
	return BYTES_OTHER;
}

/* In a file of lines a record that is spread over several would be none. */
static bool is_verbatim(struct redrive_form *form, const struct record *record)
{
	return record->kind == RECORD_CHANGE && !form->newer && form->carrier->kind != BYTES_OTHER &&
	       memchr(record->raw.data, '\n', record->raw.size) == NULL &&
	       kind_of(form, record->raw) == form->carrier->kind;
}

/* ---- its parts */

/* Places in form->text, which may still move. */
struct span {
	bool there;
	size_t begin, end;
};

static struct span write_object(struct redrive_form *form, const struct json_token *tokens, uint32_t object)
{
	struct span span = {true, form->text.size, 0};
	item_text_append(tokens, object, &form->text);
	span.end = form->text.size;
	return span;
}

/* The key's attributes, of an item perhaps; not `there` when one is missing. */
static struct span write_keys(struct redrive_form *form, const struct json_token *tokens, uint32_t object)
{
	struct span span = {true, form->text.size, 0};
	buffer_append_byte(&form->text, '{');
	for (unsigned part = 0; part < model_key_count(form->model); part++) {
		const char *name = form->model->config.key_name[part];
		uint32_t value = json_member(tokens, object, name);
		span.there = span.there && value != 0;
		if (part > 0)
			buffer_append_byte(&form->text, ',');
		buffer_append_json(&form->text, slice_from(name));
		buffer_append_byte(&form->text, ':');
		if (value != 0)
			item_text_append(tokens, value, &form->text);
	}
	buffer_append_byte(&form->text, '}');
	span.end = form->text.size;
	return span;
}

static struct slice slice_of(const struct redrive_form *form, struct span span)
{
	return span.there ? (struct slice){form->text.data + span.begin, span.end - span.begin}
			  : (struct slice){NULL, 0};
}

/* The key of a row, where that is the item's. */
static struct span write_key_bytes(struct redrive_form *form, struct slice key)
{
	struct span span = {true, form->text.size, 0};
	char type;
	struct slice bytes;
	unsigned part = 0;
	buffer_append_byte(&form->text, '{');
	for (; key_take(&key, &type, &bytes) && part < model_key_count(form->model); part++) {
		if (part > 0)
			buffer_append_byte(&form->text, ',');
		buffer_append_json(&form->text, slice_from(form->model->config.key_name[part]));
		buffer_printf(&form->text, ":{\"%c\":", type);
		if (type != 'B')
			buffer_append_json(&form->text, bytes);
		else
			buffer_append_byte(&form->text, '"');
		if (type == 'B') {
			buffer_append_base64(&form->text, bytes);
			buffer_append_byte(&form->text, '"');
		}
		buffer_append_byte(&form->text, '}');
	}
	buffer_append_byte(&form->text, '}');
	span.there = part == model_key_count(form->model) && key.size == 0;
	span.end = form->text.size;
	return span;
}

/* 32 hexadecimal digits: the record's own, or what is made of key and time. */
static void set_event_id(struct redrive_form *form, const struct redrive_key *key, struct slice id)
{
	char *to = form->parts.event_id;
	size_t size = 0;
	for (size_t i = 0; i < id.size && size < EVENT_ID_MAX - 1; i++)
		if (id.data[i] != '-')
			to[size++] = id.data[i];
	to[size] = '\0';
	bool hex = size == EVENT_ID_MAX - 1 && strspn(to, "0123456789abcdefABCDEF") == size;
	if (form->newer || (!hex && (size == 0 || form->carrier->family == FAMILY_KINESIS)))
		snprintf(to, EVENT_ID_MAX, "%016llx%015llx%x", (unsigned long long)fact_key_hash(key->key),
			 (unsigned long long)form->parts.time_us, form->step);
}

static void write_sequence_after(struct redrive_form *form, const uint8_t of[SEQUENCE_SIZE], unsigned steps)
{
	uint8_t sequence[SEQUENCE_SIZE];
	char text[48];
	memcpy(sequence, of, SEQUENCE_SIZE);
	for (; steps > 0; steps--)
		for (int i = SEQUENCE_SIZE - 1; i >= 0 && ++sequence[i] == 0; i--)
			continue;
	sequence_format(sequence, text);
	snprintf(form->parts.sequence, SEQUENCE_TEXT_MAX, "%s", text);
}

/* After the newest that is known of the key, and before any that the stream gives later: numbers of one key grow. */
static void set_sequence_after(struct redrive_form *form, const struct redrive_key *key)
{
	if (key->has_sequence)
		write_sequence_after(form, key->sequence, 1);
	else /* the lowest of the shortest that there are */
		snprintf(form->parts.sequence, SEQUENCE_TEXT_MAX, "100000000000000000000");
}

static void set_stamp(struct redrive_form *form, const struct redrive_key *key, const struct record *record)
{
	struct record_parts *parts = &form->parts;
	bool own = record != NULL && record->kind == RECORD_CHANGE;
	unsigned after = own && form->newer ? form->step + 1 : 0;
	parts->sequence[0] = '\0';
	if (own && record->has_sequence)
		write_sequence_after(form, record->sequence, after);
	else if (form->carrier->sequence)
		set_sequence_after(form, key);
	parts->time_us = own && record->has_time ? record->time_lo_us : key->snapshot_us;
	/* Rows are ordered by this alone: the end of the second lies after whatever it really was. */
	if (own && record->has_time && form->carrier->family == FAMILY_ROWS && form->carrier->unit_us == 1)
		parts->time_us = record->time_hi_us - 1;
	if (!form->carrier->sequence)
		parts->time_us += (int64_t)after * form->carrier->unit_us;
}

/* Why the format cannot say what the record does; LEFT_COUNT when it can. */
static enum redrive_left refusal(const struct redrive_form *form, const struct redrive_key *key,
				 const struct record *record)
{
	bool own = record != NULL && record->kind == RECORD_CHANGE;
	const struct state_source *source = state_source(key->run->state, key->decided.source);
	bool increment = own && source != NULL && source->kind == STATE_EXPORT_FILE;
	uint32_t index = source == NULL ? key->run->contract->source_count : run_source_of(key->run, source->group);
	if (own && form->carrier->sequence && !record->has_sequence && !increment)
		return LEFT_SEQUENCE;
	if (own && form->carrier->family == FAMILY_KINESIS &&
	    (!record->has_time || record->time_hi_us - record->time_lo_us > form->carrier->unit_us))
		return LEFT_TIME;
	if (!own && key->snapshot_us == INT64_MIN)
		return LEFT_TIME;
	if (own && !record->has_time && key->snapshot_us == INT64_MIN)
		return LEFT_TIME;
	/* A second later may be later than the next real change. */
	if (own && form->newer && !form->carrier->sequence && form->carrier->unit_us == CLOCK_SECOND_US)
		return LEFT_TIME;
	/* Where types are a guess, what has types cannot be made of it. */
	if (form->carrier->family != FAMILY_ROWS && index < key->run->contract->source_count) {
		const struct contract_source *of = &key->run->contract->sources[index];
		if (of->kind == SOURCE_ROWS && !of->rows.shape.typed && of->rows.shape.record == NULL)
			return LEFT_CARRIED;
	}
	return LEFT_COUNT;
}

/* The view that the record keeps to: one that it does not fill would make it a damaged one. */
static enum stream_view view_of(const struct redrive_form *form, bool put, bool has_old, bool insert)
{
	bool view_old = stream_view_has_old(form->view) && (has_old || insert);
	if (form->format->both_images)
		return form->view;
	if (put)
		return view_old ? form->view : stream_view_has_new(form->view) ? VIEW_NEW_IMAGE : VIEW_KEYS_ONLY;
	return has_old || !stream_view_has_old(form->view) ? form->view : VIEW_KEYS_ONLY;
}

/* What is told, which is what happened but for what only says that nothing changed. */
struct story {
	bool put, insert;
	struct span keys, after, before;
	uint64_t after_bytes, before_bytes;
};

static struct story story_of(struct redrive_form *form, const struct redrive_key *key, const struct record *record)
{
	const struct json_token *tokens = record == NULL ? NULL : record->tokens;
	bool own = record != NULL && record->kind == RECORD_CHANGE;
	struct story story = {.put = record != NULL && record->after != STATE_ABSENT};
	story.insert = own && story.put && record->before == STATE_ABSENT && !form->newer;
	form->text.size = 0;
	story.keys = record == NULL ? write_key_bytes(form, key->key) : write_keys(form, tokens, record->keys);
	if (story.put && record->after == STATE_IMAGE) {
		story.after = write_object(form, tokens, record->after_image);
		story.after_bytes = item_text_size(tokens, record->after_image);
	}
	if (own && record->before == STATE_IMAGE && (!form->newer || !story.put)) {
		story.before = write_object(form, tokens, record->before_image);
		story.before_bytes = item_text_size(tokens, record->before_image);
	} else if (story.put && (!own || form->newer)) {
		story.before = story.after;
		story.before_bytes = story.after_bytes;
	}
	if (own && form->newer && !story.put && form->step == 0)
		story = (struct story){true, true, story.keys, story.before, {0}, story.before_bytes, 0};
	return story;
}

static bool fill_parts(struct redrive_form *form, const struct redrive_key *key, const struct record *record,
		       enum redrive_left *left)
{
	struct record_parts *parts = &form->parts;
	bool own = record != NULL && record->kind == RECORD_CHANGE;
	struct story story = story_of(form, key, record);
	struct span keys = story.keys, after = story.after, before = story.before;
	bool put = story.put, insert = story.insert;
	if (form->text.failed || !keys.there || (put && !after.there)) {
		*left = !keys.there ? LEFT_KEY : LEFT_IMAGE;
		return false;
	}
	form->style.view = view_of(form, put, before.there, insert);
	if (put && !form->format->both_images && form->format->rows != LANDED_PLAIN &&
	    !stream_view_has_new(form->style.view) && form->carrier->family == FAMILY_STREAM) {
		*left = LEFT_IMAGE;
		return false;
	}
	if (form->carrier->family == FAMILY_STREAM && !stream_view_has_old(form->style.view))
		before.there = false;
	parts->event_name = !put ? "REMOVE" : insert ? "INSERT" : "MODIFY";
	parts->expired = own && !put && record->ttl == TTL_YES;
	parts->keys = slice_of(form, keys);
	parts->new_image = slice_of(form, after);
	parts->old_image = slice_of(form, before);
	parts->keys_bytes = 0;
	for (unsigned part = 0; part < model_key_count(form->model); part++)
		parts->keys_bytes += strlen(form->model->config.key_name[part]);
	parts->new_bytes = story.after_bytes;
	parts->old_bytes = before.there ? story.before_bytes : 0;
	set_stamp(form, key, record);
	set_event_id(form, key, own ? record->event_id : (struct slice){NULL, 0});
	parts->ordinal = (uint64_t)(form->now_us / CLOCK_SECOND_US * 100 + (int64_t)(form->written % 100));
	return true;
}

/* Where it comes from, as far as the record or an export says. */
static bool set_origin(struct redrive_form *form, const struct redrive_key *key, const struct record *record)
{
	const char *arn = key->arn, *region = "";
	arena_reset(&form->parts.changed);
	if (record != NULL && record->stream_arn.size > 0)
		arn = arena_copy(&form->parts.changed, record->stream_arn).data;
	for (uint32_t i = 0; i < key->run->export_count && region[0] == '\0'; i++)
		region = key->run->exports[i].export->table_arn;
	if (arn != NULL && arn[0] != '\0')
		region = arn;
	for (int field = 0; field < 3 && *region != '\0'; field++)
		region = strchr(region, ':') != NULL ? strchr(region, ':') + 1 : "";
	form->style.stream_arn = arn;
	form->style.region =
		arena_copy(&form->parts.changed, (struct slice){region, strcspn(region, ":")}).data;
	if (record != NULL && record->kind == RECORD_CHANGE && record->tokens[0].type == JSON_OBJECT) {
		uint32_t own = json_member(record->tokens, 0, "awsRegion");
		if (own != 0 && record->tokens[own].type == JSON_STRING)
			form->style.region = arena_copy(&form->parts.changed, json_text(&record->tokens[own])).data;
	}
	return arn != NULL && form->style.region != NULL;
}

static void tell(const struct redrive_form *form, const struct record *record, bool verbatim,
		 struct redrive_told *told)
{
	*told = (struct redrive_told){.verbatim = verbatim, .time_us = form->parts.time_us};
	told->more = form->newer && form->step == 0 && record != NULL && record->kind == RECORD_CHANGE &&
		     record->after == STATE_ABSENT;
	told->what = form->parts.event_name;
	snprintf(told->sequence, sizeof told->sequence, "%s", form->parts.sequence);
	if (!verbatim)
		return;
	told->what = record->after == STATE_ABSENT ? "REMOVE" : record->before == STATE_ABSENT ? "INSERT" : "MODIFY";
	told->time_us = record->has_time ? record->time_lo_us : INT64_MIN;
	told->sequence[0] = '\0';
	if (record->has_sequence)
		sequence_format(record->sequence, told->sequence);
}

bool redrive_form_record(struct redrive_form *form, const struct redrive_key *key, const struct record *record,
			 unsigned step, struct buffer *out, struct redrive_told *told, enum redrive_left *left)
{
	size_t start = out->size;
	form->step = step;
	if (record != NULL && is_verbatim(form, record)) {
		tell(form, record, true, told);
		form->written++;
		return buffer_append_slice(out, record->raw) == 0;
	}
	*left = refusal(form, key, record);
	if (*left != LEFT_COUNT || !fill_parts(form, key, record, left))
		return false;
	if (!set_origin(form, key, record) || form->format->record(&form->style, &form->parts, out) != 0) {
		out->size = start;
		*left = LEFT_CARRIED;
		return false;
	}
	tell(form, record, false, told);
	form->written++;
	return true;
}
