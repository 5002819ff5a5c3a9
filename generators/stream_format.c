#include "generators/stream_format.h"

#include "base/clock.h"
#include "generators/kinesis_format.h"
#include "generators/lineage.h"
#include "generators/plain_format.h"
#include "generators/table.h"
#include "generators/text.h"

const char *stream_view_name(enum stream_view view)
{
	static const char *const names[] = {"KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"};
	return names[view];
}

const char *stream_style_region(const struct stream_style *style)
{
	return style->region != NULL ? style->region : TABLE_REGION;
}

bool stream_view_has_new(enum stream_view view)
{
	return view == VIEW_NEW_IMAGE || view == VIEW_NEW_AND_OLD_IMAGES;
}

bool stream_view_has_old(enum stream_view view)
{
	return view == VIEW_OLD_IMAGE || view == VIEW_NEW_AND_OLD_IMAGES;
}

/* ---- records ---- */

static void write_time(enum stream_time form, int64_t time, struct buffer *json)
{
	char text[TEXT_U64_MAX + 4];
	char *end = text_u64(text, (uint64_t)time);
	size_t digits = (size_t)(end - text), kept = digits;

	if (form != TIME_EXPONENT) {
		buffer_append(json, text, digits);
		if (form == TIME_POINT)
			buffer_append(json, ".0", 2);
		return;
	}
	/* 1760000000 is 1.76E9. */
	while (kept > 2 && text[kept - 1] == '0')
		kept--;
	buffer_append(json, text, 1);
	buffer_append(json, ".", 1);
	buffer_append(json, text + 1, kept - 1);
	buffer_append(json, "E", 1);
	buffer_append_u64(json, digits - 1);
}

/* The member "dynamodb". */
static void write_dynamodb(const struct stream_style *style, const struct record_parts *parts, struct buffer *json)
{
	buffer_append_text(json, "\"dynamodb\":{\"ApproximateCreationDateTime\":");
	write_time(style->time, parts->time_us / (parts->stamp_unit_us > 0 ? parts->stamp_unit_us : CLOCK_SECOND_US),
		   json);
	buffer_append_text(json, ",\"Keys\":");
	buffer_append_slice(json, parts->keys);
	if (parts->new_image.data != NULL) {
		buffer_append_text(json, ",\"NewImage\":");
		buffer_append_slice(json, parts->new_image);
	}
	if (parts->old_image.data != NULL) {
		buffer_append_text(json, ",\"OldImage\":");
		buffer_append_slice(json, parts->old_image);
	}
	buffer_append_text(json, ",\"SequenceNumber\":\"");
	buffer_append_text(json, parts->sequence);
	buffer_append_text(json, "\",\"SizeBytes\":");
	buffer_append_u64(json, parts->keys_bytes + parts->new_bytes + parts->old_bytes);
	buffer_append_text(json, ",\"StreamViewType\":\"");
	buffer_append_text(json, stream_view_name(style->view));
	buffer_append_text(json, "\"}");
}

/* As GetRecords answers. */
static int write_api_record(const struct stream_style *style, const struct record_parts *parts, struct buffer *json)
{
	buffer_append_text(json, "{\"awsRegion\":\"");
	buffer_append_text(json, stream_style_region(style));
	buffer_append_text(json, "\",");
	write_dynamodb(style, parts, json);
	buffer_append_text(json, ",\"eventID\":\"");
	buffer_append_text(json, parts->event_id);
	buffer_append_text(json, "\",\"eventName\":\"");
	buffer_append_text(json, parts->event_name);
	buffer_append_text(json, "\",\"eventSource\":\"aws:dynamodb\",\"eventVersion\":\"1.1\"");
	if (parts->expired)
		buffer_append_text(json, ",\"userIdentity\":{\"PrincipalId\":\"dynamodb.amazonaws.com\","
					 "\"Type\":\"Service\"}");
	return buffer_append_text(json, "}");
}

static void write_stream_arn(const struct stream_style *style, struct buffer *json)
{
	if (style->stream_arn != NULL && style->stream_arn[0] == '\0')
		return;
	buffer_append_text(json, ",\"eventSourceARN\":");
	if (style->stream_arn != NULL) {
		buffer_append_json(json, slice_from(style->stream_arn));
		return;
	}
	buffer_append_text(json, "\"" TABLE_ARN_PREFIX);
	buffer_append_text(json, style->model->config.table->name);
	buffer_append_text(json, "/stream/");
	buffer_append_text(json, style->model->stream_label);
	buffer_append_byte(json, '"');
}

/* As Lambda and Pipes hand it on. */
static int write_lambda_record(const struct stream_style *style, const struct record_parts *parts, struct buffer *json)
{
	buffer_append_text(json, "{\"eventID\":\"");
	buffer_append_text(json, parts->event_id);
	buffer_append_text(json, "\",\"eventName\":\"");
	buffer_append_text(json, parts->event_name);
	buffer_append_text(json, "\",\"eventVersion\":\"1.1\",\"eventSource\":\"aws:dynamodb\",\"awsRegion\":\"");
	buffer_append_text(json, stream_style_region(style));
	buffer_append_text(json, "\",");
	write_dynamodb(style, parts, json);
	if (parts->expired)
		buffer_append_text(json, ",\"userIdentity\":{\"principalId\":\"dynamodb.amazonaws.com\","
					 "\"type\":\"Service\"}");
	write_stream_arn(style, json);
	return buffer_append_byte(json, '}');
}

/* A row that keeps it as it came: {"value":"{\"eventID\":…}","arrived_at":"…"}. */
static int write_bronze(const struct stream_style *style, const struct record_parts *parts, struct buffer *json)
{
	static const char head[] = "{\"value\":";
	enum { ESCAPE_MAX = 6 };
	char time[CLOCK_TEXT_MAX];
	size_t start = json->size;

	if (write_lambda_record(style, parts, json) != 0)
		return ERROR_INTERNAL;
	size_t size = json->size - start;
	/* There is room, so the record stays where it is while it is read. */
	if (buffer_reserve(json, size * ESCAPE_MAX + sizeof(head) + 2) != 0)
		return ERROR_INTERNAL;
	buffer_append_text(json, head);
	buffer_append_json(json, (struct slice){json->data + start, size});
	json->size -= size;
	memmove(json->data + start, json->data + start + size, json->size - start);
	buffer_append_text(json, ",\"arrived_at\":\"");
	buffer_append_text(json, clock_format_ms(parts->time_us / 1000 * 1000 + CLOCK_SECOND_US, time));
	return buffer_append_text(json, "\"}");
}

/* ---- frames ---- */

static void frame_lines(const struct stream_style *style, uint64_t count, uint64_t index, struct buffer *out)
{
	(void)style;
	(void)count;
	if (index > 0)
		buffer_append_byte(out, '\n');
}

/* `opening`: all that stands before an envelope's records. */
static void frame_enveloped(const struct stream_style *style, uint64_t count, uint64_t index, const char *opening,
			    struct buffer *out)
{
	uint64_t envelope = style->envelope_records;
	if (envelope == 0 || envelope > count)
		envelope = count;
	bool opens = index < count && index % envelope == 0;
	bool closes = index > 0 && (index == count || index % envelope == 0);

	if (closes)
		buffer_append_text(out, "]}\n");
	if (opens)
		buffer_append_text(out, opening);
	else if (!closes)
		buffer_append_byte(out, ',');
}

static void frame_envelopes(const struct stream_style *style, uint64_t count, uint64_t index, struct buffer *out)
{
	frame_enveloped(style, count, index, "{\"Records\":[", out);
}

static void frame_transforms(const struct stream_style *style, uint64_t count, uint64_t index, struct buffer *out)
{
	frame_enveloped(style, count, index,
			"{\"invocationId\":\"2b4d1ad9-2f48-94bd-a088-767c317e994a\",\"deliveryStreamArn\":\"arn:aws:"
			"firehose:" TABLE_REGION ":" TABLE_ACCOUNT
			":deliverystream/changes\",\"sourceKinesisStreamArn\":\"arn:aws:kinesis:" TABLE_REGION
			":" TABLE_ACCOUNT ":stream/changes\",\"region\":\"" TABLE_REGION "\",\"records\":[",
			out);
}

static void frame_header(const struct stream_style *style, uint64_t count, uint64_t index, struct buffer *out)
{
	if (index == 0)
		plain_poll_header(style, out);
	frame_lines(style, count, index, out);
}

static void frame_array(const struct stream_style *style, uint64_t count, uint64_t index, struct buffer *out)
{
	(void)style;
	buffer_append_byte(out, index == 0 ? '[' : index < count ? ',' : ']');
}

static void frame_nothing(const struct stream_style *style, uint64_t count, uint64_t index, struct buffer *out)
{
	(void)style;
	(void)count;
	(void)index;
	(void)out;
}

/* ---- the table ---- */

static void bronze_schema(const struct stream_style *style, struct buffer *json)
{
	(void)style;
	buffer_append_text(json,
			   "{\"type\":\"struct\",\"fields\":[{\"name\":\"value\",\"type\":\"string\",\"nullable\":true,"
			   "\"metadata\":{}},{\"name\":\"arrived_at\",\"type\":\"string\",\"nullable\":true,"
			   "\"metadata\":{}}]}");
}

static const struct stream_format formats[] = {
	{"streams", "one GetRecords record a line", ".jsonl", false, write_api_record, frame_lines, 0, NULL, false,
	 NULL, false},
	{"lambda", "Lambda's envelopes {\"Records\":[…]}, one a line", ".jsonl", false, write_lambda_record,
	 frame_envelopes, 0, NULL, false, NULL, false},
	{"pipes", "one bare array a file, as EventBridge Pipes gives it", ".json", false, write_lambda_record,
	 frame_array, 0, NULL, false, NULL, false},
	{"concatenated", "Lambda's records with nothing between them", "", false, write_lambda_record, frame_nothing, 0,
	 NULL, false, NULL, false},
	{"kinesis", "one record of Kinesis Data Streams a line, in microseconds", ".jsonl", true, kinesis_record_us,
	 frame_lines, 0, NULL, false, NULL, false},
	{"kinesis-ms", "the same in milliseconds", ".jsonl", true, kinesis_record_ms, frame_lines, 0, NULL, false, NULL,
	 false},
	{"kinesis-lambda", "Lambda's Kinesis envelopes, records in base64", ".jsonl", true, kinesis_record_lambda,
	 frame_envelopes, 0, NULL, false, NULL, false},
	{"kinesis-pipes", "one bare array a file, records in base64", ".json", true, kinesis_record_pipes, frame_array,
	 0, NULL, false, NULL, false},
	{"kinesis-base64", "one record in base64 a line", ".txt", true, kinesis_record_base64, frame_lines, 0, NULL,
	 false, NULL, false},
	{"firehose", "Kinesis records with nothing between them, in files as Firehose names them", NULL, true,
	 kinesis_record_us, frame_nothing, 0, NULL, false, NULL, false},
	{"firehose-transform", "the events that Firehose hands to a Lambda, records in base64, one a line", ".jsonl",
	 true, kinesis_record_transform, frame_transforms, 0, NULL, false, NULL, false},
	{"firehose-parquet", "the same records in columns of Parquet files, as Firehose converts them", NULL, true,
	 kinesis_record_converted, frame_lines, 0, NULL, false, kinesis_converted_schema, false},
	{"flat", "rows as a Lambda writes them: event_id, event_name, event_time in seconds, plain data", ".json", true,
	 plain_flat, frame_lines, LANDED_PLAIN, "preset: flat", false, NULL, false},
	{"flat-sequence", "the same with the sequence number", ".json", true, plain_flat_sequence, frame_lines,
	 LANDED_PLAIN, "preset: flat, sequence: sequence", false, NULL, false},
	{"dms", "CSV as Database Migration Service writes it: I, U or D and the commit time", ".csv", true, plain_dms,
	 frame_lines, LANDED_CSV,
	 "preset: dms, format: csv, null_text: '" PLAIN_DMS_NULL "', stamp: {field: " PLAIN_DMS_STAMP
	 "}, names: [" PLAIN_OPERATION ", " PLAIN_DMS_STAMP,
	 true, NULL, false},
	{"poll", "rows polled by the time of the last write, no deletes among them", ".json", true, plain_poll_json,
	 frame_lines, LANDED_PLAIN | LANDED_PUTS_ONLY,
	 "preset: poll, stamp: {field: " PLAIN_POLL_STAMP ", keep: false}", false, NULL, false},
	{"poll-csv", "the same in CSV with a header", ".csv", true, plain_poll_csv, frame_header,
	 LANDED_CSV | LANDED_PUTS_ONLY, "preset: poll, format: csv, stamp: {field: " PLAIN_POLL_STAMP ", keep: false}",
	 false, NULL, false},
	{"bronze", "Lambda's records as texts in a column of Parquet files", ".parquet", false, write_bronze,
	 frame_lines, LANDED_BRONZE, "preset: bronze, format: parquet", false, bronze_schema, false},
	{"bronze-delta", "the same in a Delta table, a commit a batch", "", false, write_bronze, frame_lines,
	 LANDED_BRONZE, "preset: bronze, format: delta", false, bronze_schema, true},
};

const struct stream_format *stream_format_at(size_t index)
{
	return index < sizeof(formats) / sizeof(formats[0]) ? &formats[index] : NULL;
}

const struct stream_format *stream_format_find(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	}
	return NULL;
}
