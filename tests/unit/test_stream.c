#include "sources/stream.h"

#include <stdlib.h>

#include "sources/events.h"
#include "tests/support/source_files.h"
#include "tests/tap.h"

static struct json_parser *parser;
static struct file_result result;

static struct seen read_as(enum events_format format, const char *text)
{
	struct seen seen = {0};
	struct error error;
	struct record_sink sink = seen_sink(&seen);
	const char *path = files_path("kinesis");
	files_write(path, slice_from(text));
	if (events_read_file(path, format, parser, &sink, &result, &error) != 0)
		printf("# error: %s\n", error.message);
	return seen;
}

/* A record of Kinesis Data Streams for DynamoDB around the given time and further members of dynamodb. */
static struct seen read_kinesis(const char *event, const char *time, const char *images)
{
	char text[1000];
	(void)snprintf(
		text, sizeof(text),
		"{\"awsRegion\":\"eu-west-1\",\"eventID\":\"0b1d2c3e-4f50-4617-8293-a4b5c6d7e8f9\",\"eventName\":"
		"\"%s\",\"userIdentity\":null,\"recordFormat\":\"application/json\",\"tableName\":\"orders\","
		"\"dynamodb\":{\"ApproximateCreationDateTime\":%s,\"Keys\":{\"pk\":{\"S\":\"k1\"}}%s,"
		"\"SizeBytes\":42},\"eventSource\":\"aws:dynamodb\"}",
		event, time, images);
	struct seen seen = read_as(EVENTS_AUTO, text);
	if (seen.record_count == 0)
		seen.records = calloc(1, sizeof(*seen.records));
	return seen;
}

static void time_is(const char *time, int64_t lo, int64_t hi)
{
	struct seen seen = read_kinesis("INSERT", time, "");
	ok(seen.record_count == 1 && seen.problem_count == 0 && seen.records[0].has_time &&
		   seen.records[0].time_lo_us == lo && seen.records[0].time_hi_us == hi,
	   "a time of %s is the interval from %lld to %lld", time, (long long)lo, (long long)hi);
	seen_release(&seen);
}

static void time_damages(const char *time)
{
	struct seen seen = read_kinesis("INSERT", time, "");
	ok(seen.record_count == 1 && seen.records[0].flags == RECORD_DAMAGED && !seen.records[0].has_time &&
		   seen_count(&seen, "record.unreadable") == 1,
	   "a time of %s damages the record", time);
	seen_release(&seen);
}

static void test_times(void)
{
	time_is("1668000000123", INT64_C(1668000000123000), INT64_C(1668000000124000));
	time_is("1668000000123,\"ApproximateCreationDateTimePrecision\":\"MILLISECOND\"", INT64_C(1668000000123000),
		INT64_C(1668000000124000));
	time_is("1710000000123456,\"ApproximateCreationDateTimePrecision\":\"MICROSECOND\"", INT64_C(1710000000123456),
		INT64_C(1710000000123457));
	time_is("1710000000123456", INT64_C(1710000000123456), INT64_C(1710000000123457));
	time_is("1710000000", INT64_C(1710000000000000), INT64_C(1710000001000000));
	time_is("1.668E12", INT64_C(1668000000000000), INT64_C(1668000000001000));
	time_is("1668000000123.0", INT64_C(1668000000123000), INT64_C(1668000000124000));
	time_is("99999999999", INT64_C(99999999999000000), INT64_C(100000000000000000));
	time_is("100000000000001", INT64_C(100000000000001), INT64_C(100000000000002));
	time_damages("1668000000123,\"ApproximateCreationDateTimePrecision\":\"MICROSECOND\"");
	time_damages("1668000000123456,\"ApproximateCreationDateTimePrecision\":\"MILLISECOND\"");
	time_damages("1668000000,\"ApproximateCreationDateTimePrecision\":\"MILLISECOND\"");
	time_damages("1668000000123,\"ApproximateCreationDateTimePrecision\":\"SECOND\"");
	time_damages("1668000000123456789012");
	time_damages("-1");
}

static void states_are(const char *event, const char *images, enum item_state before, enum item_state after)
{
	struct seen seen = read_kinesis(event, "1668000000123", images);
	ok(seen.record_count == 1 && seen.problem_count == 0 && seen.records[0].before == before &&
		   seen.records[0].after == after,
	   "%s with %s: %d -> %d", event, images[0] ? images + 1 : "no image", before, after);
	seen_release(&seen);
}

static void test_record(void)
{
	const char *both =
		",\"NewImage\":{\"pk\":{\"S\":\"k1\"},\"v\":{\"N\":\"2\"}},\"OldImage\":{\"pk\":{\"S\":\"k1\"}}";
	struct seen seen = read_kinesis("MODIFY", "1668000000123", both);
	const struct seen_record *record = &seen.records[0];
	ok(seen.record_count == 1 && seen.problem_count == 0 && record->kind == RECORD_CHANGE &&
		   !record->has_sequence && record->stream_arn[0] == '\0' && record->ttl == TTL_NO &&
		   strcmp(record->key, "k1") == 0 &&
		   strcmp(record->event_id, "0b1d2c3e-4f50-4617-8293-a4b5c6d7e8f9") == 0 &&
		   record->order == ORDER_KINESIS && strcmp(record->table, "orders") == 0 &&
		   strcmp(record->region, "eu-west-1") == 0,
	   "a record is a change without a sequence number, of its table in its region");
	seen_release(&seen);
	states_are("MODIFY", both, STATE_IMAGE, STATE_IMAGE);
	states_are("INSERT", ",\"NewImage\":{\"pk\":{\"S\":\"k1\"}}", STATE_ABSENT, STATE_IMAGE);
	states_are("REMOVE", ",\"OldImage\":{\"pk\":{\"S\":\"k1\"}}", STATE_IMAGE, STATE_ABSENT);
	states_are("MODIFY", ",\"NewImage\":{\"pk\":{\"S\":\"k1\"}}", STATE_PRESENT, STATE_IMAGE);
	states_are("INSERT", "", STATE_ABSENT, STATE_PRESENT);
	seen = read_kinesis("INSERT", "1668000000123", ",\"SequenceNumber\":\"1\"");
	ok(seen.record_count == 1 && seen.records[0].flags == RECORD_DAMAGED && !seen.records[0].has_sequence,
	   "a SequenceNumber in such a record damages it");
	seen_release(&seen);
}

static void test_ttl(void)
{
	struct seen seen = read_as(
		EVENTS_KINESIS,
		"{\"eventName\":\"REMOVE\",\"tableName\":\"t\",\"userIdentity\":{\"type\":\"Service\",\"principalId\":"
		"\"dynamodb.amazonaws.com\"},\"dynamodb\":{\"Keys\":{\"pk\":{\"S\":\"k\"}}}}");
	ok(seen.record_count == 1 && seen.records[0].ttl == TTL_YES && seen.records[0].after == STATE_ABSENT,
	   "the TTL service is known here too");
	seen_release(&seen);
}

static void test_emulated(void)
{
	struct seen seen = read_kinesis("INSERT", "1668000000123",
					",\"NewImage\":{\"pk\":{\"S\":\"k\"}},\"OldImage\":{}");
	ok(seen.record_count == 1 && seen.records[0].before == STATE_ABSENT &&
		   seen.records[0].flags == RECORD_EMULATED && seen_count(&seen, "record.emulated") == 1 &&
		   seen.problem_count == 1 && !seen.problems[0].has_position,
	   "an empty image is none, and told once");
	seen_release(&seen);
	seen = read_kinesis("INSERT", "1668000000123", ",\"NewImage\":{\"pk\":{\"S\":\"k\"}}");
	ok(seen_count(&seen, "record.emulated") == 0, "and not where there is none");
	seen_release(&seen);
}

/* ---- the format that a contract states */

static void admits(enum events_format format, const char *name, const char *text, const char *what, const char *message)
{
	struct seen seen = read_as(format, text);
	bool admitted = message == NULL;
	ok(seen.record_count == (admitted ? 1 : 0) && result.unreadable == (admitted ? 0 : 1) &&
		   (admitted || strstr(seen.problems[0].message, message) != NULL),
	   "%s %s %s", name, admitted ? "takes" : "refuses", what);
	if (!admitted && seen.problem_count > 0)
		printf("# %s\n", seen.problems[0].message);
	seen_release(&seen);
}

static void test_formats(void)
{
	static const char stream[] =
		"{\"eventName\":\"INSERT\",\"dynamodb\":{\"ApproximateCreationDateTime\":1668000000,"
		"\"Keys\":{\"pk\":{\"S\":\"k\"}}}}";
	static const char kinesis[] = "{\"eventName\":\"INSERT\",\"tableName\":\"t\",\"dynamodb\":{"
				      "\"ApproximateCreationDateTime\":1668000000123,\"Keys\":{\"pk\":{\"S\":\"k\"}}}}";
	static const struct {
		enum events_format format;
		const char *name;
		bool stream, kinesis;
	} formats[] = {
		{EVENTS_AUTO, "auto", true, true},        {EVENTS_STREAMS, "streams", true, false},
		{EVENTS_LAMBDA, "lambda", true, false},   {EVENTS_PIPES, "pipes", true, false},
		{EVENTS_KINESIS, "kinesis", false, true}, {EVENTS_FIREHOSE, "firehose", true, true},
	};
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		admits(formats[i].format, formats[i].name, stream, "a stream record",
		       formats[i].stream ? NULL : "a record of DynamoDB Streams, not of Kinesis");
		admits(formats[i].format, formats[i].name, kinesis, "a Kinesis record",
		       formats[i].kinesis ? NULL : "format is kinesis, or none");
	}
}

int main(void)
{
	parser = json_parser_new(RECORD_SIZE_MAX);
	test_times();
	test_record();
	test_ttl();
	test_emulated();
	test_formats();
	json_parser_free(parser);
	return tap_done();
}
