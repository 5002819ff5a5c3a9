#include "generators/kinesis_format.h"

#include "base/clock.h"
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
	buffer_append_text(out, "{\"awsRegion\":\"" TABLE_REGION "\",\"eventID\":\"");
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
