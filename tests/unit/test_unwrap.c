#include "sources/unwrap.h"

#include <stdlib.h>

#include "sources/events.h"
#include "tests/support/source_files.h"
#include "tests/tap.h"

static struct json_parser *parser;
static struct file_result result;

static struct seen read_as(enum events_format format, struct slice bytes)
{
	struct seen seen = {0};
	struct error error;
	struct record_sink sink = seen_sink(&seen);
	const char *path = files_path("wrapped");
	files_write(path, bytes);
	if (events_read_file(path, format, parser, &sink, &result, &error) != 0)
		printf("# error: %s\n", error.message);
	return seen;
}

/* Known answers: base64 by coreutils of
 * {"eventName":"INSERT","tableName":"t","dynamodb":{"ApproximateCreationDateTime":
 * 1668000000123,"Keys":{"pk":{"S":"kN"}}}} for N = 1 and 2. */
#define KINESIS_1                                                                                                      \
	"eyJldmVudE5hbWUiOiJJTlNFUlQiLCJ0YWJsZU5hbWUiOiJ0IiwiZHluYW1vZGIiOnsiQXBwcm94aW1hdGVDcmVhdGlvbkRhdGVUaW1l"     \
	"IjoxNjY4MDAwMDAwMTIzLCJLZXlzIjp7InBrIjp7IlMiOiJrMSJ9fX19"
#define KINESIS_2                                                                                                      \
	"eyJldmVudE5hbWUiOiJJTlNFUlQiLCJ0YWJsZU5hbWUiOiJ0IiwiZHluYW1vZGIiOnsiQXBwcm94aW1hdGVDcmVhdGlvbkRhdGVUaW1l"     \
	"IjoxNjY4MDAwMDAwMTIzLCJLZXlzIjp7InBrIjp7IlMiOiJrMiJ9fX19"
#define LAMBDA(data)                                                                                                   \
	"{\"kinesis\":{\"kinesisSchemaVersion\":\"1.0\",\"partitionKey\":\"A1B2\",\"sequenceNumber\":"                 \
	"\"49590338271490256608559692538361571095921575989136588898\",\"data\":\"" data                                \
	"\",\"approximateArrivalTimestamp\":1668000000.456},\"eventSource\":\"aws:kinesis\",\"eventVersion\":"         \
	"\"1.0\",\"eventID\":\"shardId-000000000006:4959\",\"eventName\":\"aws:kinesis:record\",\"awsRegion\":"        \
	"\"eu-west-1\",\"eventSourceARN\":\"arn:aws:kinesis:eu-west-1:000000000001:stream/s\"}"
#define PIPES(data)                                                                                                    \
	"{\"kinesisSchemaVersion\":\"1.0\",\"partitionKey\":\"A1B2\",\"sequenceNumber\":\"4959\",\"data\":\"" data     \
	"\",\"approximateArrivalTimestamp\":1668000000.456,\"eventSource\":\"aws:kinesis\"}"
#define GET_RECORDS(data)                                                                                              \
	"{\"SequenceNumber\":\"4959\",\"ApproximateArrivalTimestamp\":1668000000.456,\"Data\":\"" data                 \
	"\",\"PartitionKey\":\"A1B2\"}"
#define TRANSFORM(data) "{\"recordId\":\"r1\",\"approximateArrivalTimestamp\":1668000000456,\"data\":\"" data "\"}"
#define FAILED(data)                                                                                                   \
	"{\"attemptsMade\":\"4\",\"arrivalTimestamp\":\"1668000000456\",\"errorCode\":\"Lambda.FunctionError\","       \
	"\"errorMessage\":\"x\",\"attemptEndingTimestamp\":\"1668000000999\",\"rawData\":\"" data                      \
	"\",\"lambdaArn\":\"arn:aws:lambda:eu-west-1:000000000001:function:f\"}"

static void holds_both(enum events_format format, const char *text, size_t first, size_t second, const char *what)
{
	struct seen seen = read_as(format, slice_from(text));
	bool right = seen.record_count == 2 && result.unreadable == 0 && result.complete &&
		     strcmp(seen.records[0].key, "k1") == 0 && strcmp(seen.records[1].key, "k2") == 0 &&
		     seen.records[0].number == 0 && seen.records[1].number == 1 && seen.records[0].offset == first &&
		     seen.records[1].offset == second && seen.records[1].time_lo_us == INT64_C(1668000000123000);
	ok(right, "%s: both records come, with the place of what carries them", what);
	if (!right)
		seen_print(&seen);
	seen_release(&seen);
}

static void test_envelopes(void)
{
	size_t lambda = strlen(LAMBDA(KINESIS_1));
	holds_both(EVENTS_AUTO, "{\"Records\":[" LAMBDA(KINESIS_1) "," LAMBDA(KINESIS_2) "]}\n", 12, 13 + lambda,
		   "Lambda's Kinesis event");
	holds_both(EVENTS_KINESIS, LAMBDA(KINESIS_1) "\n" LAMBDA(KINESIS_2), 0, lambda + 1, "its records, a line each");
	holds_both(EVENTS_AUTO, "[" PIPES(KINESIS_1) ", " PIPES(KINESIS_2) "]", 1, 3 + strlen(PIPES(KINESIS_1)),
		   "an array from Pipes");
	holds_both(EVENTS_KINESIS,
		   "{\"Records\":[" GET_RECORDS(KINESIS_1) "," GET_RECORDS(
			   KINESIS_2) "],"
				      "\"NextShardIterator\":\"x\",\"MillisBehindLatest\":0}",
		   12, 13 + strlen(GET_RECORDS(KINESIS_1)), "what GetRecords answers");
	holds_both(
		EVENTS_FIREHOSE,
		"{\"invocationId\":\"i\",\"deliveryStreamArn\":\"d\",\"region\":\"eu-west-1\",\"records\":[" TRANSFORM(
			KINESIS_1) "," TRANSFORM(KINESIS_2) "]}",
		76, 77 + strlen(TRANSFORM(KINESIS_1)), "a Firehose transform event");
	holds_both(EVENTS_AUTO, KINESIS_1 "\n" KINESIS_2 "\r\n", 0, strlen(KINESIS_1) + 1, "lines of base64");
	holds_both(EVENTS_KINESIS, "\n" KINESIS_1 " \n\n" KINESIS_2, 1, strlen(KINESIS_1) + 4,
		   "lines of base64 with blank ones between them");
}

static void test_failed(void)
{
	holds_both(EVENTS_FIREHOSE, FAILED(KINESIS_1) "\n" FAILED(KINESIS_2) "\n", 0, strlen(FAILED(KINESIS_1)) + 1,
		   "error lines");
	struct seen seen = read_as(EVENTS_AUTO, slice_from(FAILED(KINESIS_1) "\n" FAILED(KINESIS_2) "\n"));
	ok(seen.problem_count == 1 && strcmp(seen.problems[0].id, "record.failed_delivery") == 0 &&
		   strncmp(seen.problems[0].message, "2 records", 9) == 0 && !seen.problems[0].has_position,
	   "and how many there are is told once");
	seen_release(&seen);
	seen = read_as(EVENTS_FIREHOSE, slice_from(TRANSFORM(KINESIS_1)));
	ok(seen.record_count == 1 && seen.problem_count == 0, "a transform event's record is no failed one");
	seen_release(&seen);
}

static void is_refused(enum events_format format, const char *text, const char *message)
{
	struct seen seen = read_as(format, slice_from(text));
	bool right = seen.record_count == 0 && seen_count(&seen, "record.unreadable") == 1 && result.unreadable == 1 &&
		     strstr(seen.problems[0].message, message) != NULL;
	ok(right, "%.60s… is refused: %s", text, message);
	if (!right)
		seen_print(&seen);
	seen_release(&seen);
}

static void test_refused(void)
{
	is_refused(EVENTS_AUTO, LAMBDA("####"), "no base64");
	is_refused(EVENTS_AUTO, LAMBDA("eyJ"), "no base64");
	is_refused(EVENTS_AUTO, LAMBDA(""), "the record inside cannot be read");
	is_refused(EVENTS_AUTO, LAMBDA("eyJhIjo="), "the record inside cannot be read: unexpected end");
	is_refused(EVENTS_AUTO, LAMBDA("eyJhIjoxfQ=="), "expected an object with eventName and dynamodb");
	is_refused(EVENTS_AUTO, LAMBDA("eyJkYXRhIjoieCJ9"), "a record in base64");
	is_refused(EVENTS_AUTO, "{\"recordId\":\"1\",\"data\":{\"a\":1}}", "no base64 text");
	is_refused(EVENTS_AUTO, "{\"data\":\"e30=\",\"rawData\":\"e30=\"}", "in two members");
	is_refused(EVENTS_AUTO, "eyJhIjoxfQ\n", "no base64");
	is_refused(EVENTS_STREAMS, "eyJhIjoxfQ==\n", "not an object");
	is_refused(EVENTS_STREAMS, LAMBDA(KINESIS_1), "a record in base64");
	is_refused(EVENTS_FIREHOSE, LAMBDA(KINESIS_1), "a record in base64");
	is_refused(EVENTS_KINESIS, TRANSFORM(KINESIS_1), "a record in base64");
	is_refused(EVENTS_KINESIS, FAILED(KINESIS_1), "Firehose could not deliver");
}

/* What carries a record may be followed by anything. */
static void test_neighbours(void)
{
	struct seen seen = read_as(EVENTS_AUTO, slice_from("empty\n" KINESIS_1 "\nelse {\"x\":1}\n" KINESIS_2 "\n"));
	ok(seen.record_count == 2 && strcmp(seen.records[1].key, "k2") == 0 && result.unreadable == 3,
	   "lines of other text are unreadable one by one");
	seen_print(&seen);
	seen_release(&seen);
}

static void test_reread(void)
{
	static const char text[] = LAMBDA(KINESIS_1) "\n" KINESIS_2 "\n" FAILED(KINESIS_1) "\n" PIPES(KINESIS_2) "\n";
	const char *path = files_path("again");
	files_write(path, slice_from(text));
	static const uint64_t numbers[] = {1, 3};
	struct seen seen = {0};
	struct record_sink sink = seen_sink(&seen);
	struct error error;
	ok(events_reread(path, EVENTS_AUTO, numbers, 2, parser, &sink, &error) == 0 && seen.record_count == 2 &&
		   seen.records[0].number == 1 && strcmp(seen.records[0].key, "k2") == 0 &&
		   seen.records[1].number == 3 && strcmp(seen.records[1].key, "k2") == 0 && seen.problem_count == 0,
	   "records are found again by their numbers");
	seen_release(&seen);
}

/* A buffer that grows from one record to the next, over a window's size. */
static void test_large(void)
{
	struct buffer inner, text;
	buffer_init(&inner, SIZE_MAX / 2);
	buffer_init(&text, SIZE_MAX / 2);
	int count = 0;
	for (size_t size = 1; size < (size_t)1 << 20; size *= 3, count++) {
		inner.size = 0;
		(void)buffer_printf(&inner,
				    "{\"eventName\":\"INSERT\",\"dynamodb\":{\"Keys\":{\"pk\":{\"S\":\"%d\"}},"
				    "\"NewImage\":{\"pk\":{\"S\":\"",
				    count);
		for (size_t i = 0; i < size; i++)
			(void)buffer_append_byte(&inner, 'x');
		(void)buffer_append_text(&inner, "\"}}}}");
		(void)buffer_append_base64(&text, buffer_slice(&inner));
		(void)buffer_append_byte(&text, '\n');
	}
	struct seen seen = read_as(EVENTS_AUTO, buffer_slice(&text));
	bool all = seen.record_count == (size_t)count && seen.problem_count == 0;
	for (size_t i = 0; i < seen.record_count; i++)
		all = all && strtoull(seen.records[i].key, NULL, 10) == i;
	ok(all && count == 13, "records of 1 byte to 500 kB inside base64 are read");
	seen_release(&seen);
	buffer_release(&inner);
	buffer_release(&text);
}

int main(void)
{
	parser = json_parser_new(RECORD_SIZE_MAX);
	test_envelopes();
	test_failed();
	test_refused();
	test_neighbours();
	test_reread();
	test_large();
	json_parser_free(parser);
	return tap_done();
}
