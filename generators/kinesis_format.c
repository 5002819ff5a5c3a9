#include "generators/kinesis_format.h"

#include <stdio.h>

#include "generators/table.h"

/* The part of a Kinesis sequence number that is the same for all records of a stream. */
#define SEQUENCE_HEAD "49590338271490256608559692538361571095921575"
#define SHARD "shardId-000000000006"

/* The hex digits of a stream's event id as a UUID of version 4: their order is kept, and equal ids stay equal. */
static void write_uuid(const char *hex, struct buffer *out)
{
	char uuid[37];
	unsigned variant = hex[16] <= '9' ? (unsigned)(hex[16] - '0') : (unsigned)(hex[16] - 'a' + 10);
	(void)snprintf(uuid, sizeof(uuid), "%.8s-%.4s-4%.3s-%c%.3s-%.12s", hex, hex + 8, hex + 13, "89ab"[variant % 4],
		       hex + 17, hex + 20);
	buffer_append_text(out, uuid);
}

static int write_record(const struct stream_style *style, const struct record_parts *parts, int64_t unit_us,
			struct buffer *out)
{
	buffer_append_text(out, "{\"awsRegion\":\"" TABLE_REGION "\",\"eventID\":\"");
	write_uuid(parts->event_id, out);
	buffer_printf(out,
		      "\",\"eventName\":\"%s\",\"userIdentity\":%s,\"recordFormat\":\"application/json\",\"tableName\":"
		      "\"%s\",\"dynamodb\":{\"ApproximateCreationDateTime\":",
		      parts->event_name,
		      parts->expired ? "{\"type\":\"Service\",\"principalId\":\"dynamodb.amazonaws.com\"}" : "null",
		      style->model->config.table->name);
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

/* The five members that Lambda puts under "kinesis" and Pipes beside the others. */
static void write_carried(const struct stream_style *style, const struct record_parts *parts, struct buffer *out)
{
	buffer_printf(out,
		      "\"kinesisSchemaVersion\":\"1.0\",\"partitionKey\":\"%.8s\",\"sequenceNumber\":\"" SEQUENCE_HEAD
		      "%012llu\",\"data\":\"",
		      parts->event_id, (unsigned long long)parts->ordinal);
	(void)kinesis_record_base64(style, parts, out);
	int64_t arrived_ms = parts->time_us / 1000 + 400;
	buffer_printf(out, "\",\"approximateArrivalTimestamp\":%lld.%03lld", (long long)(arrived_ms / 1000),
		      (long long)(arrived_ms % 1000));
}

static int write_others(const struct record_parts *parts, struct buffer *out)
{
	return buffer_printf(out,
			     ",\"eventSource\":\"aws:kinesis\",\"eventVersion\":\"1.0\",\"eventID\":\"" SHARD
			     ":" SEQUENCE_HEAD "%012llu\",\"eventName\":\"aws:kinesis:record\",\"invokeIdentityArn\":"
			     "\"arn:aws:iam::" TABLE_ACCOUNT ":role/deliver\",\"awsRegion\":\"" TABLE_REGION
			     "\",\"eventSourceARN\":\"arn:aws:kinesis:" TABLE_REGION ":" TABLE_ACCOUNT
			     ":stream/changes\"}",
			     (unsigned long long)parts->ordinal);
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
	int64_t arrived_ms = parts->time_us / 1000 + 400;

	buffer_printf(out,
		      "{\"recordId\":\"" SEQUENCE_HEAD
		      "%012llu000000\",\"approximateArrivalTimestamp\":%lld,\"data\":\"",
		      (unsigned long long)parts->ordinal, (long long)arrived_ms);
	(void)kinesis_record_base64(style, parts, out);
	return buffer_printf(out,
			     "\",\"kinesisRecordMetadata\":{\"sequenceNumber\":\"" SEQUENCE_HEAD
			     "%012llu\",\"subsequenceNumber\":0,\"partitionKey\":\"%.8s\",\"shardId\":\"" SHARD
			     "\",\"approximateArrivalTimestamp\":%lld}}",
			     (unsigned long long)parts->ordinal, parts->event_id, (long long)arrived_ms);
}
