#include "generators/kinesis_format.h"

#include "base/clock.h"
#include "generators/plain_format.h"
#include "generators/table.h"
#include "generators/text.h"

/* The part of a Kinesis sequence number that is the same for all records of a stream. */
#define SEQUENCE_HEAD "49590338271490256608559692538361571095921575"
#define SHARD "shardId-000000000006"

/* The hex digits of a stream's event id as a UUID of version 4: their order is kept, and equal ids stay equal. */
static void write_uuid(const char *hex, struct buffer *out)
{
	char uuid[36];
	static const unsigned char ends[] = {8, 13, 18, 23};
	unsigned dashes = 0;
	unsigned variant = hex[16] <= '9' ? (unsigned)(hex[16] - '0') : (unsigned)(hex[16] - 'a' + 10);
	for (unsigned i = 0, from = 0; i < sizeof(uuid); i++) {
		bool dash = dashes < sizeof(ends) && i == ends[dashes];
		dashes += dash;
		uuid[i] = dash ? '-' : hex[from++];
	}
	uuid[14] = '4';
	uuid[19] = "89ab"[variant % 4];
	buffer_append(out, uuid, sizeof(uuid));
}

static int write_record(const struct stream_style *style, const struct record_parts *parts, int64_t unit_us,
			struct buffer *out)
{
	buffer_append_text(out, "{\"awsRegion\":\"");
	buffer_append_text(out, stream_style_region(style));
	buffer_append_text(out, "\",\"eventID\":\"");
	write_uuid(parts->event_id, out);
	buffer_append_text(out, "\",\"eventName\":\"");
	buffer_append_text(out, parts->event_name);
	buffer_append_text(out, "\",\"userIdentity\":");
	buffer_append_text(out, parts->expired ? "{\"type\":\"Service\",\"principalId\":\"dynamodb.amazonaws.com\"}"
					       : "null");
	buffer_append_text(out, ",\"recordFormat\":\"application/json\",\"tableName\":\"");
	buffer_append_text(out, style->model->config.table->name);
	buffer_append_text(out, "\",\"dynamodb\":{\"ApproximateCreationDateTime\":");
	buffer_append_u64(out,
			  (uint64_t)(parts->time_us / (parts->stamp_unit_us > 0 ? parts->stamp_unit_us : unit_us)));
	buffer_append_text(out, ",\"Keys\":");
	buffer_append_slice(out, parts->keys);
	if (parts->new_image.data != NULL) {
		buffer_append_text(out, ",\"NewImage\":");
		buffer_append_slice(out, parts->new_image);
	}
	if (parts->old_image.data != NULL) {
		buffer_append_text(out, ",\"OldImage\":");
		buffer_append_slice(out, parts->old_image);
	}
	buffer_append_text(out, ",\"SizeBytes\":");
	buffer_append_u64(out, parts->keys_bytes + parts->new_bytes + parts->old_bytes);
	if (unit_us == 1)
		buffer_append_text(out, ",\"ApproximateCreationDateTimePrecision\":\"MICROSECOND\"");
	return buffer_append_text(out, "},\"eventSource\":\"aws:dynamodb\"}");
}

int kinesis_record_us(const struct stream_style *style, const struct record_parts *parts, struct buffer *out)
{
	return write_record(style, parts, 1, out);
}

int kinesis_record_ms(const struct stream_style *style, const struct record_parts *parts, struct buffer *out)
{
	return write_record(style, parts, 1000, out);
}

/* ---- in columns, as Firehose converts it
 *
 * Its schema: names in lower case, as they become; keys as structs, unless their names would not be kept; images as
 * texts, as no schema holds what all items have. */

static bool has_lower_keys(const struct model *model)
{
	for (unsigned part = 0; part < model_key_count(model); part++)
		for (const char *at = model->config.key_name[part]; *at != '\0'; at++)
			if (*at >= 'A' && *at <= 'Z')
				return false;
	return true;
}

/* A column; type NULL: a struct, whose members follow up to a close_struct. */
static void put_column(struct buffer *json, const char *name, const char *type)
{
	const char *before = json->size > 0 && json->data[json->size - 1] == '}' ? "," : "";

	buffer_printf(json, "%s{\"name\":\"%s\",\"nullable\":true,\"metadata\":{},\"type\":", before, name);
	if (type != NULL)
		buffer_printf(json, "\"%s\"}", type);
	else
		buffer_append_text(json, "{\"type\":\"struct\",\"fields\":[");
}

static void close_struct(struct buffer *json)
{
	buffer_append_text(json, "]}}");
}

static void put_key_columns(const struct model *model, struct buffer *json)
{
	put_column(json, "keys", has_lower_keys(model) ? NULL : "string");
	if (!has_lower_keys(model))
		return;
	for (unsigned part = 0; part < model_key_count(model); part++) {
		const char type[2] = {(char)(model->config.key_type[part] | 0x20), '\0'};
		put_column(json, model->config.key_name[part], NULL);
		put_column(json, type, "string");
		close_struct(json);
	}
	close_struct(json);
}

void kinesis_converted_schema(const struct stream_style *style, struct buffer *json)
{
	static const char *const before[] = {"awsregion",   "eventid",      "eventname",
					     "eventsource", "recordformat", "tablename"};

	buffer_append_text(json, "{\"type\":\"struct\",\"fields\":[");
	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
		put_column(json, before[i], "string");
	put_column(json, "useridentity", NULL);
	put_column(json, "principalid", "string");
	put_column(json, "type", "string");
	close_struct(json);
	put_column(json, "dynamodb", NULL);
	put_column(json, "approximatecreationdatetime", "long");
	put_column(json, "approximatecreationdatetimeprecision", "string");
	put_key_columns(style->model, json);
	put_column(json, "newimage", "string");
	put_column(json, "oldimage", "string");
	put_column(json, "sizebytes", "long");
	close_struct(json);
	buffer_append_text(json, "]}");
}

/* What the schema lacks is left out without a word: other attributes, other types. */
static int write_keys(const struct stream_style *style, const struct record_parts *parts, struct buffer *out)
{
	const struct model_config *config = &style->model->config;
	const struct json_token *tokens;
	bool first = true;

	if (!has_lower_keys(style->model))
		return buffer_append_json(out, parts->keys);
	if ((tokens = plain_parse(parts->plain, parts->keys)) == NULL)
		return ERROR_INTERNAL;
	buffer_append_byte(out, '{');
	for (unsigned part = 0; part < model_key_count(style->model); part++) {
		uint32_t value = json_member(tokens, 0, config->key_name[part]);
		char type[2] = {config->key_type[part], '\0'};
		uint32_t inside = value != 0 ? json_member(tokens, value, type) : 0;
		if (value == 0)
			continue;
		buffer_printf(out, "%s\"%s\":{", first ? "" : ",", config->key_name[part]);
		first = false;
		if (inside != 0) {
			buffer_printf(out, "\"%c\":", type[0] | 0x20);
			buffer_append_json(out, json_text(&tokens[inside]));
		}
		buffer_append_byte(out, '}');
	}
	return buffer_append_byte(out, '}');
}

static void write_image(const char *name, struct slice image, struct buffer *out)
{
	if (image.data == NULL)
		return;
	buffer_append_text(out, name);
	buffer_append_json(out, image);
}

int kinesis_record_converted(const struct stream_style *style, const struct record_parts *parts, struct buffer *out)
{
	buffer_append_text(out, "{\"awsregion\":\"");
	buffer_append_text(out, stream_style_region(style));
	buffer_append_text(out, "\",\"eventid\":\"");
	write_uuid(parts->event_id, out);
	buffer_append_text(out, "\",\"eventname\":\"");
	buffer_append_text(out, parts->event_name);
	buffer_append_text(out, "\",\"useridentity\":");
	buffer_append_text(out, parts->expired ? "{\"type\":\"Service\",\"principalid\":\"dynamodb.amazonaws.com\"}"
					       : "null");
	buffer_append_text(out, ",\"recordformat\":\"application/json\",\"tablename\":\"");
	buffer_append_text(out, style->model->config.table->name);
	buffer_append_text(out, "\",\"dynamodb\":{\"approximatecreationdatetime\":");
	buffer_append_u64(out, (uint64_t)(parts->time_us / (parts->stamp_unit_us > 0 ? parts->stamp_unit_us : 1)));
	buffer_append_text(out, ",\"keys\":");
	if (write_keys(style, parts, out) != 0)
		return ERROR_INTERNAL;
	write_image(",\"newimage\":", parts->new_image, out);
	write_image(",\"oldimage\":", parts->old_image, out);
	buffer_append_text(out, ",\"sizebytes\":");
	buffer_append_u64(out, parts->keys_bytes + parts->new_bytes + parts->old_bytes);
	return buffer_append_text(out, ",\"approximatecreationdatetimeprecision\":\"MICROSECOND\"},"
				       "\"eventsource\":\"aws:dynamodb\"}");
}

/* ---- in base64 */

int kinesis_record_base64(const struct stream_style *style, const struct record_parts *parts, struct buffer *out)
{
	size_t start = out->size;
	int code = write_record(style, parts, 1, out);
	size_t size = out->size - start;
	size_t wanted = (size + 2) / 3 * 4;
	if (code != 0 || buffer_reserve(out, wanted) != 0)
		return -1;
	/* There is room, so the text stays where it is while it is read. */
	buffer_append_base64(out, (struct slice){out->data + start, size});
	memmove(out->data + start, out->data + start + size, wanted);
	out->size = start + wanted;
	return 0;
}

/* The number the record has in the Kinesis stream. */
static void write_sequence(const struct record_parts *parts, struct buffer *out)
{
	char digits[TEXT_U64_MAX];
	char *end = text_padded(digits, parts->ordinal, 12);

	buffer_append_text(out, SEQUENCE_HEAD);
	buffer_append(out, digits, (size_t)(end - digits));
}

/* The five members that Lambda puts under "kinesis" and Pipes beside the others. */
static void write_carried(const struct stream_style *style, const struct record_parts *parts, struct buffer *out)
{
	buffer_append_text(out, "\"kinesisSchemaVersion\":\"1.0\",\"partitionKey\":\"");
	buffer_append(out, parts->event_id, 8);
	buffer_append_text(out, "\",\"sequenceNumber\":\"");
	write_sequence(parts, out);
	buffer_append_text(out, "\",\"data\":\"");
	(void)kinesis_record_base64(style, parts, out);
	int64_t arrived_ms = parts->time_us / 1000 + 400;
	char digits[TEXT_U64_MAX];
	char *end = text_padded(digits, (uint64_t)(arrived_ms % 1000), 3);
	buffer_append_text(out, "\",\"approximateArrivalTimestamp\":");
	buffer_append_u64(out, (uint64_t)(arrived_ms / 1000));
	buffer_append_byte(out, '.');
	buffer_append(out, digits, (size_t)(end - digits));
}

static int write_others(const struct record_parts *parts, struct buffer *out)
{
	buffer_append_text(out, ",\"eventSource\":\"aws:kinesis\",\"eventVersion\":\"1.0\",\"eventID\":\"" SHARD ":");
	write_sequence(parts, out);
	return buffer_append_text(out, "\",\"eventName\":\"aws:kinesis:record\",\"invokeIdentityArn\":"
				       "\"arn:aws:iam::" TABLE_ACCOUNT ":role/deliver\",\"awsRegion\":\"" TABLE_REGION
				       "\",\"eventSourceARN\":\"arn:aws:kinesis:" TABLE_REGION ":" TABLE_ACCOUNT
				       ":stream/changes\"}");
}

int kinesis_record_lambda(const struct stream_style *style, const struct record_parts *parts, struct buffer *out)
{
	buffer_append_text(out, "{\"kinesis\":{");
	write_carried(style, parts, out);
	buffer_append_byte(out, '}');
	return write_others(parts, out);
}

int kinesis_record_pipes(const struct stream_style *style, const struct record_parts *parts, struct buffer *out)
{
	buffer_append_byte(out, '{');
	write_carried(style, parts, out);
	return write_others(parts, out);
}

int kinesis_record_transform(const struct stream_style *style, const struct record_parts *parts, struct buffer *out)
{
	uint64_t arrived_ms = (uint64_t)(parts->time_us / 1000 + 400);

	buffer_append_text(out, "{\"recordId\":\"");
	write_sequence(parts, out);
	buffer_append_text(out, "000000\",\"approximateArrivalTimestamp\":");
	buffer_append_u64(out, arrived_ms);
	buffer_append_text(out, ",\"data\":\"");
	(void)kinesis_record_base64(style, parts, out);
	buffer_append_text(out, "\",\"kinesisRecordMetadata\":{\"sequenceNumber\":\"");
	write_sequence(parts, out);
	buffer_append_text(out, "\",\"subsequenceNumber\":0,\"partitionKey\":\"");
	buffer_append(out, parts->event_id, 8);
	buffer_append_text(out, "\",\"shardId\":\"" SHARD "\",\"approximateArrivalTimestamp\":");
	buffer_append_u64(out, arrived_ms);
	return buffer_append_text(out, "}}");
}
