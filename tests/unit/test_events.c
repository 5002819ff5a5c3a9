#include "sources/events.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/prng.h"
#include "tests/support/source_files.h"
#include "tests/tap.h"

static struct json_parser *parser;
static struct file_result result;
static struct error error;

static void release(struct seen *seen)
{
	seen_release(seen);
	memset(&result, 0, sizeof(result));
}

static struct seen read_path(const char *path)
{
	struct seen seen = {0};
	struct record_sink sink = seen_sink(&seen);
	int code = events_read_file(path, EVENTS_AUTO, parser, &sink, &result, &error);
	if (code != 0)
		printf("# error %d: %s\n", code, error.message);
	return seen;
}

static struct seen read_bytes(struct slice bytes)
{
	const char *path = files_path("events");
	files_write(path, bytes);
	return read_path(path);
}

static struct seen read_text(const char *text)
{
	return read_bytes(slice_from(text));
}

/* ---- one record */

/* A record around the given members of the record and of its dynamodb; each list begins with a comma or is empty. */
static struct seen read_record(const char *members, const char *dynamodb)
{
	struct buffer text;
	buffer_init(&text, SIZE_MAX / 2);
	(void)buffer_printf(&text, "{\"eventID\":\"e1\"%s,\"dynamodb\":{\"Keys\":{\"pk\":{\"S\":\"k\"}}%s}}\n", members,
			    dynamodb);
	struct seen seen = read_bytes(buffer_slice(&text));
	buffer_release(&text);
	if (seen.record_count == 0)
		seen.records = calloc(1, sizeof(*seen.records));
	return seen;
}

static const char *state_name(enum item_state state)
{
	static const char *const names[] = {"unknown", "absent", "present", "image"};
	return names[state];
}

static void states_are(const char *event, const char *view, const char *images, const char *before, const char *after,
		       bool damaged)
{
	char members[100];
	char dynamodb[300];
	(void)snprintf(members, sizeof(members), ",\"eventName\":\"%s\"", event);
	(void)snprintf(dynamodb, sizeof(dynamodb), ",\"StreamViewType\":\"%s\"%s", view, images);
	struct seen seen = read_record(members, dynamodb);
	ok(seen.record_count == 1 && strcmp(state_name(seen.records[0].before), before) == 0 &&
		   strcmp(state_name(seen.records[0].after), after) == 0 &&
		   (seen.records[0].flags & RECORD_DAMAGED) == (damaged ? RECORD_DAMAGED : 0) &&
		   seen_count(&seen, "record.unreadable") == (damaged ? 1 : 0) &&
		   (!damaged || seen.problems[0].delivered) && result.records == 1 && result.unreadable == 0,
	   "%s, view %s, images %s: %s -> %s%s", event, view, images[0] ? images + 1 : "none", before, after,
	   damaged ? ", damaged" : "");
	if (seen.record_count == 1 && seen.records[0].after == STATE_IMAGE)
		ok(strcmp(seen.records[0].image, "new") == 0, "and the after image is NewImage");
	if (seen.record_count == 1 && seen.records[0].before == STATE_IMAGE)
		ok(strcmp(seen.records[0].before_image, "old") == 0, "and the before image is OldImage");
	release(&seen);
}

static void test_states(void)
{
	const char *none = "";
	const char *new_image = ",\"NewImage\":{\"pk\":{\"S\":\"new\"}}";
	const char *old_image = ",\"OldImage\":{\"pk\":{\"S\":\"old\"}}";
	const char *both = ",\"OldImage\":{\"pk\":{\"S\":\"old\"}},\"NewImage\":{\"pk\":{\"S\":\"new\"}}";
	const char *empty = ",\"OldImage\":{},\"NewImage\":{\"pk\":{\"S\":\"new\"}}";
	states_are("INSERT", "KEYS_ONLY", none, "absent", "present", false);
	states_are("MODIFY", "KEYS_ONLY", none, "present", "present", false);
	states_are("REMOVE", "KEYS_ONLY", none, "present", "absent", false);
	states_are("INSERT", "NEW_IMAGE", new_image, "absent", "image", false);
	states_are("MODIFY", "NEW_IMAGE", new_image, "present", "image", false);
	states_are("REMOVE", "NEW_IMAGE", none, "present", "absent", false);
	states_are("INSERT", "OLD_IMAGE", none, "absent", "present", false);
	states_are("MODIFY", "OLD_IMAGE", old_image, "image", "present", false);
	states_are("REMOVE", "OLD_IMAGE", old_image, "image", "absent", false);
	states_are("INSERT", "NEW_AND_OLD_IMAGES", new_image, "absent", "image", false);
	states_are("MODIFY", "NEW_AND_OLD_IMAGES", both, "image", "image", false);
	states_are("REMOVE", "NEW_AND_OLD_IMAGES", old_image, "image", "absent", false);
	states_are("INSERT", "NEW_AND_OLD_IMAGES", empty, "absent", "image", false);
	states_are("INSERT", "NEW_IMAGE", none, "absent", "present", true);
	states_are("MODIFY", "NEW_AND_OLD_IMAGES", new_image, "present", "image", true);
	states_are("MODIFY", "NEW_AND_OLD_IMAGES", old_image, "image", "present", true);
	states_are("MODIFY", "NEW_AND_OLD_IMAGES", empty, "present", "image", true);
	states_are("REMOVE", "OLD_IMAGE", none, "present", "absent", true);
	states_are("INSERT", "NEW_AND_OLD_IMAGES", both, "absent", "image", true);
	states_are("REMOVE", "NEW_AND_OLD_IMAGES", both, "image", "absent", true);
	states_are("MODIFY", "NEWEST", new_image, "present", "image", true);
	states_are("UPDATE", "KEYS_ONLY", none, "unknown", "unknown", true);
	struct seen seen = read_record(",\"eventName\":\"MODIFY\"", ",\"NewImage\":{\"pk\":{\"S\":\"new\"}}");
	ok(seen.records[0].after == STATE_IMAGE && seen.problem_count == 0, "no view type promises nothing");
	release(&seen);
	seen = read_record("", "");
	ok(seen.record_count == 1 && seen.records[0].flags == RECORD_DAMAGED &&
		   seen.records[0].after == STATE_UNKNOWN && seen_count(&seen, "record.unreadable") == 1,
	   "a record without eventName is delivered damaged, both states unknown");
	release(&seen);
}

static void time_is(const char *text, int64_t seconds)
{
	char dynamodb[200];
	(void)snprintf(dynamodb, sizeof(dynamodb), ",\"ApproximateCreationDateTime\":%s", text);
	struct seen seen = read_record(",\"eventName\":\"INSERT\"", dynamodb);
	ok(seen.record_count == 1 && seen.problem_count == 0 && seen.records[0].has_time &&
		   seen.records[0].time_lo_us == seconds * 1000000 &&
		   seen.records[0].time_hi_us == (seconds + 1) * 1000000,
	   "time %s is the second %" PRId64, text, seconds);
	seen_print(seen.problem_count > 0 ? &seen : &(struct seen){0});
	release(&seen);
}

static void test_times(void)
{
	time_is("1568013979", 1568013979);
	time_is("1568013979.0", 1568013979);
	time_is("1.46480431E9", 1464804310);
	time_is("1.464804310e+9", 1464804310);
	time_is("1464804310.999999", 1464804310);
	time_is("14648043109e-1", 1464804310);
	time_is("\"1464804310\"", 1464804310);
	time_is("0", 0);
	time_is("0.5", 0);
	struct seen seen = read_record(",\"eventName\":\"INSERT\"", "");
	ok(!seen.records[0].has_time && !seen.records[0].has_sequence && seen.problem_count == 0,
	   "time and sequence number may be missing");
	release(&seen);
	seen = read_record(",\"eventName\":\"INSERT\"",
			   ",\"ApproximateCreationDateTime\":null,\"SequenceNumber\":null");
	ok(!seen.records[0].has_time && !seen.records[0].has_sequence && seen.problem_count == 0,
	   "null is taken for missing");
	release(&seen);
	seen = read_record(",\"eventName\":\"INSERT\"", ",\"ApproximateCreationDateTime\":-1");
	ok(!seen.records[0].has_time && seen.records[0].flags == RECORD_DAMAGED, "a negative time damages the record");
	release(&seen);
	seen = read_record(",\"eventName\":\"INSERT\"", ",\"ApproximateCreationDateTime\":1700000000000");
	ok(seen.record_count == 1 && seen.problem_count == 0 &&
		   seen.records[0].time_lo_us == INT64_C(1700000000000000) &&
		   seen.records[0].time_hi_us == INT64_C(1700000000001000),
	   "a time in milliseconds is one of Kinesis Data Streams");
	release(&seen);
}

static void test_members(void)
{
	struct seen seen =
		read_record(",\"eventName\":\"INSERT\",\"eventSource\":\"aws:dynamodb\",\"eventSourceARN\":"
			    "\"arn:aws:dynamodb:us-east-1:000000000001:table/t/stream/2023-01-01T00:00:00.000\"",
			    ",\"SequenceNumber\":\"111100000000000000000042\",\"SizeBytes\":3");
	is_text(seen.records[0].sequence, "111100000000000000000042", "the sequence number is read");
	is_text(seen.records[0].stream_arn,
		"arn:aws:dynamodb:us-east-1:000000000001:table/t/stream/2023-01-01T00:00:00.000",
		"the stream's ARN is read");
	is_text(seen.records[0].event_id, "e1", "the event id is read");
	is_text(seen.records[0].key, "k", "the key is found");
	is_int(seen.records[0].kind, RECORD_CHANGE, "it is a change");
	release(&seen);
	seen = read_record(",\"eventName\":\"INSERT\"", ",\"SequenceNumber\":\"12x\"");
	ok(!seen.records[0].has_sequence && seen.records[0].flags == RECORD_DAMAGED && seen.problem_count == 1,
	   "a sequence number that is none damages the record");
	release(&seen);
}

static void ttl_is(const char *event, const char *identity, enum ttl_mark want, const char *sentence)
{
	char members[200];
	(void)snprintf(members, sizeof(members), ",\"eventName\":\"%s\"%s%s", event,
		       identity[0] ? ",\"userIdentity\":" : "", identity);
	struct seen seen = read_record(members, "");
	ok(seen.record_count == 1 && seen.records[0].ttl == want, "%s", sentence);
	release(&seen);
}

static void test_ttl(void)
{
	ttl_is("REMOVE", "", TTL_NO, "a REMOVE without userIdentity is an ordinary delete");
	ttl_is("REMOVE", "null", TTL_NO, "as is one with null");
	ttl_is("REMOVE", "{\"PrincipalId\":\"dynamodb.amazonaws.com\",\"Type\":\"Service\"}", TTL_YES,
	       "the API's spelling of the TTL service is known");
	ttl_is("REMOVE", "{\"type\":\"Service\",\"principalId\":\"dynamodb.amazonaws.com\"}", TTL_YES,
	       "Lambda's spelling of the TTL service is known");
	ttl_is("REMOVE", "{\"type\":\"User\",\"principalId\":\"dynamodb.amazonaws.com\"}", TTL_NO,
	       "a user is not the service");
	ttl_is("REMOVE", "{\"type\":\"Service\",\"principalId\":\"replication.dynamodb.amazonaws.com\"}", TTL_NO,
	       "another service is not the TTL service");
	ttl_is("MODIFY", "{\"type\":\"Service\",\"principalId\":\"dynamodb.amazonaws.com\"}", TTL_NO,
	       "only a REMOVE is by TTL");
	ttl_is("REMOVE", "{\"type\":\"Service\",\"type\":\"User\",\"principalId\":\"dynamodb.amazonaws.com\"}",
	       TTL_UNKNOWN, "an identity with a member twice is unknown");
}

/* ---- records that cannot be */

static void is_unreadable(const char *text, const char *message_part)
{
	struct seen seen = read_text(text);
	bool told = seen.problem_count == 1 && !seen.problems[0].delivered &&
		    strcmp(seen.problems[0].id, "record.unreadable") == 0 &&
		    strstr(seen.problems[0].message, message_part) != NULL;
	ok(seen.record_count == 0 && told && result.unreadable == 1 && result.complete, "%s is unreadable: %s", text,
	   message_part);
	if (!told)
		seen_print(&seen);
	release(&seen);
}

static void test_unreadable(void)
{
	is_unreadable("{\"a\":1}", "expected an object with eventName and dynamodb");
	is_unreadable("{}", "expected an object with eventName and dynamodb");
	is_unreadable("{\"Item\":{\"pk\":{\"S\":\"k\"}}}", "a line of an export");
	is_unreadable("{\"Keys\":{\"pk\":{\"S\":\"k\"}},\"NewImage\":{}}", "incremental export");
	is_unreadable("{\"kinesis\":{\"data\":\"\"},\"eventID\":\"shardId-0:1\"}", "the record inside cannot be read");
	is_unreadable("{\"eventName\":\"INSERT\",\"dynamodb\":[]}", "dynamodb is no object");
	is_unreadable("{\"eventName\":\"INSERT\",\"dynamodb\":{\"NewImage\":{\"pk\":{\"S\":\"k\"}}}}", "no Keys");
	is_unreadable("{\"eventName\":\"INSERT\",\"dynamodb\":{\"Keys\":{}}}", "no Keys");
	is_unreadable("{\"eventName\":\"INSERT\",\"dynamodb\":{\"Keys\":{\"a\":{}},\"Keys\":{\"a\":{}}}}",
		      "dynamodb.Keys is there twice");
	is_unreadable("{\"dynamodb\":{\"Keys\":{\"a\":{}}},\"dynamodb\":{\"Keys\":{\"b\":{}}}}",
		      "dynamodb is there twice");
	is_unreadable("{\"x\":1,\"x\":2,\"dynamodb\":{\"Keys\":{\"a\":{}}},\"dynamodb\":{}}",
		      "dynamodb is there twice");
	is_unreadable("{\"eventSource\":\"aws:sqs\",\"dynamodb\":{\"Keys\":{\"a\":{}}}}",
		      "eventSource is not aws:dynamodb");
	is_unreadable("{\"eventName\":\"INSERT\",\"dynamodb\":{\"Keys\":{\"a\":{\"S\":\"\xff\"}}}}", "invalid UTF-8");
	struct seen seen = read_record(",\"eventName\":\"INSERT\",\"eventName\":\"REMOVE\"", "");
	ok(seen.records[0].flags == RECORD_DAMAGED && strstr(seen.problems[0].message, "'eventName'") != NULL,
	   "another member that is there twice damages the record and is named");
	release(&seen);
	seen = read_record(",\"eventName\":\"INSERT\",\"x\":1,\"y\":1,\"x\":1", "");
	ok(seen.records[0].flags == RECORD_DAMAGED && strstr(seen.problems[0].message, "'x'") != NULL,
	   "so does one that is unknown");
	release(&seen);
	seen = read_record(",\"eventName\":\"INSERT\"",
			   ",\"NewImage\":{\"a\":{\"S\":\"1\"}},\"NewImage\":{\"a\":{\"S\":\"2\"}}");
	ok(seen.records[0].flags == RECORD_DAMAGED, "so does one of dynamodb");
	release(&seen);
}

/* ---- files: every shape, plain and gzip */

enum shape {
	LINES,
	CRLF_LINES,
	BOM_LINES,
	ARRAY,
	ARRAY_LINES,
	ENVELOPE,
	ENVELOPE_LINES,
	TWO_ENVELOPES,
	GLUED,
	SHAPE_COUNT
};
static const char *const shape_names[SHAPE_COUNT] = {
	"JSON lines",  "CRLF lines",         "lines after a byte order mark", "an array",     "an array on lines",
	"an envelope", "an envelope a line", "two envelopes glued",           "objects glued"};

static void append_change(struct buffer *text, int number)
{
	(void)buffer_printf(
		text,
		"{\"awsRegion\":\"us-east-1\",\"dynamodb\":{\"ApproximateCreationDateTime\":1.7E9,\"Keys\":{\"pk\":"
		"{\"S\":\"k%d\"}},\"NewImage\":{\"pk\":{\"S\":\"k%d\"},\"Records\":{\"L\":[{\"M\":{\"Item\":{\"S\":"
		"\"}{\\\"\"}}}]}},\"SequenceNumber\":\"%d\",\"SizeBytes\":1,\"StreamViewType\":"
		"\"NEW_AND_OLD_IMAGES\"},\"eventID\":\"e%d\",\"eventName\":\"INSERT\",\"eventSource\":\"aws:dynamodb\","
		"\"eventVersion\":\"1.1\"}",
		number, number, number, number);
}

/* The records 0 … count - 1 in one shape; offsets[i] is where each begins. */
static struct buffer make_file(enum shape shape, int count, uint64_t *offsets)
{
	static const char *const starts[] = {
		"", "", "\xef\xbb\xbf", "[", "[\n", "{\"Records\":[", "{\"Records\":[", "{\"Records\":[", ""};
	static const char *const betweens[] = {"\n", "\r\n", "\n", ",", ",\n", ",", "]}\n{\"Records\":[", ",", ""};
	static const char *const ends[] = {"\n", "\r\n", "\n", "]", "\n]\n", "]}", "]}\n", "]}", ""};
	struct buffer text;
	buffer_init(&text, SIZE_MAX / 2);
	(void)buffer_append_text(&text, starts[shape]);
	for (int i = 0; i < count; i++) {
		const char *between = shape == TWO_ENVELOPES && i == count / 2 ? "]}{\"Records\":[" : betweens[shape];
		if (i > 0)
			(void)buffer_append_text(&text, between);
		offsets[i] = text.size;
		append_change(&text, i);
	}
	(void)buffer_append_text(&text, ends[shape]);
	return text;
}

static bool has_changes(const struct seen *seen, int from, int to, size_t first, const uint64_t *offsets)
{
	for (int i = from; i < to; i++) {
		char key[20];
		size_t at = first + (size_t)(i - from);
		(void)snprintf(key, sizeof(key), "k%d", i);
		if (at >= seen->record_count || strcmp(seen->records[at].key, key) != 0 ||
		    seen->records[at].number != (uint64_t)i || seen->records[at].offset != offsets[i] ||
		    seen->records[at].time_lo_us != INT64_C(1700000000000000))
			return false;
	}
	return true;
}

static void test_shapes(void)
{
	enum { COUNT = 1000 };
	static uint64_t offsets[COUNT];
	for (int shape = 0; shape < SHAPE_COUNT; shape++) {
		struct buffer text = make_file((enum shape)shape, COUNT, offsets);
		for (unsigned members = 0; members < 3; members++) {
			const char *path = files_path("shape");
			if (members == 0)
				files_write(path, buffer_slice(&text));
			else
				files_write_gzip(path, buffer_slice(&text), members);
			struct seen seen = read_path(path);
			ok(seen.record_count == COUNT && seen.problem_count == 0 && result.complete &&
				   result.records == COUNT && result.bytes == text.size &&
				   has_changes(&seen, 0, COUNT, 0, offsets),
			   "%s, %u gzip members: all %d records come with number, offset, time and key",
			   shape_names[shape], members, (int)COUNT);
			release(&seen);
		}
		buffer_release(&text);
	}
}

/* ---- what is malformed, at a known place */

static void test_malformed(void)
{
	enum { COUNT = 30, BAD = 17 };
	static const struct {
		const char *what;
		const char *at; /* the first byte of this becomes `byte` */
		char byte;
	} faults[] = {
		{"a control character", "east", '\x01'},
		{"invalid UTF-8", "east", '\xc0'},
		{"a quote too few", "\",\"dynamodb", 'x'},
		{"a quote too many", "east", '"'},
		{"a comma too few", ",\"dynamodb", ' '},
		{"an opening bracket too few", "{\"Approx", ' '},
		{"a closing bracket too few", "}},\"NewImage", ' '},
		{"its last bracket missing", NULL, ' '},
		{"a closing bracket too many", ",\"SizeBytes", '}'},
		{"a line break in a string", "east", '\n'},
		{"a bad number", "7E9", '.'},
		{"a control character for a backslash", "\\\"", '\b'},
	};
	uint64_t offsets[COUNT];
	for (int shape = 0; shape < SHAPE_COUNT; shape++)
		for (size_t fault = 0; fault < sizeof(faults) / sizeof(faults[0]); fault++) {
			struct buffer text = make_file((enum shape)shape, COUNT, offsets);
			char *record = text.data + offsets[BAD];
			size_t size = strlen("\"eventVersion\":\"1.1\"");
			const char *last = memmem(record, 1000, "\"eventVersion\":\"1.1\"}", size + 1);
			const char *at = faults[fault].at == NULL
						 ? last + size
						 : memmem(record, 1000, faults[fault].at, strlen(faults[fault].at));
			record[at - record] = faults[fault].byte;
			struct seen seen = read_bytes(buffer_slice(&text));
			bool right = seen.problem_count == 1 && seen.problems[0].has_position &&
				     seen.problems[0].record == BAD && seen.problems[0].offset == offsets[BAD] &&
				     seen.record_count == COUNT - 1 && has_changes(&seen, 0, BAD, 0, offsets) &&
				     has_changes(&seen, BAD + 1, COUNT, BAD, offsets) && result.unreadable == 1;
			ok(right, "%s with %s in record 17: its number and offset are told, all others come",
			   shape_names[shape], faults[fault].what);
			if (!right)
				seen_print(&seen);
			release(&seen);
			buffer_release(&text);
		}
}

/* Any byte of one line changed: the other lines still come. */
static void test_damaged_lines(void)
{
	enum { COUNT = 6, BAD = 2 };
	uint64_t offsets[COUNT];
	int failures = 0;
	struct buffer text = make_file(LINES, COUNT, offsets);
	static const char bytes[] = "{}[]\",:\\ x\n";
	for (size_t at = offsets[BAD]; at < offsets[BAD + 1] - 1; at++)
		for (size_t i = at % 3; i < sizeof(bytes) - 1; i += 3) {
			const char *byte = &bytes[i];
			char before = text.data[at];
			text.data[at] = *byte;
			struct seen seen = read_bytes(buffer_slice(&text));
			text.data[at] = before;
			size_t last = seen.record_count;
			bool others = last >= COUNT - 1 && has_changes(&seen, 0, BAD, 0, offsets) &&
				      strcmp(seen.records[last - 3].key, "k3") == 0 &&
				      strcmp(seen.records[last - 2].key, "k4") == 0 &&
				      strcmp(seen.records[last - 1].key, "k5") == 0;
			if (!others && failures++ == 0)
				printf("# byte %zu changed to %d\n", at - (size_t)offsets[BAD], *byte);
			release(&seen);
		}
	is_int(failures, 0, "whatever byte of a line is changed, all other lines are read");
	buffer_release(&text);
}

static void test_cut_files(void)
{
	enum { COUNT = 20 };
	uint64_t offsets[COUNT];
	for (int shape = 0; shape < SHAPE_COUNT; shape++) {
		struct buffer text = make_file((enum shape)shape, COUNT, offsets);
		const char *path = files_path("cut");
		files_write(path, buffer_slice(&text));
		files_cut(path, offsets[COUNT - 1] + 100);
		struct seen seen = read_path(path);
		ok(seen.record_count == COUNT - 1 && seen.problem_count == 1 && seen.problems[0].record == COUNT - 1 &&
			   seen.problems[0].offset == offsets[COUNT - 1] &&
			   strstr(seen.problems[0].message, "the file is cut short") != NULL && result.unreadable == 1,
		   "%s cut inside the last record: its number and offset are told, all others come",
		   shape_names[shape]);
		release(&seen);
		buffer_release(&text);
	}
}

static void test_cut_gzip(void)
{
	enum { COUNT = 500 };
	static uint64_t offsets[COUNT];
	struct buffer text = make_file(LINES, COUNT, offsets);
	const char *path = files_path("cut.gz");
	files_write_gzip(path, buffer_slice(&text), 2);
	struct buffer stored = files_read(path);
	int failures = 0;
	for (size_t size = 1; size < stored.size; size += size < 40 ? 1 : 97) {
		files_write(path, (struct slice){stored.data, size});
		struct seen seen = read_path(path);
		bool right = !result.complete && seen.problem_count == 1 && seen.record_count < COUNT &&
			     seen.problems[0].record == seen.record_count &&
			     has_changes(&seen, 0, (int)seen.record_count, 0, offsets);
		if (!right && failures++ == 0) {
			printf("# cut to %zu of %zu bytes, complete %d\n", size, stored.size, result.complete);
			seen_print(&seen);
		}
		release(&seen);
	}
	is_int(failures, 0, "gzip cut anywhere: not complete, one problem, after the records that were there");
	files_write(path, buffer_slice(&stored));
	stored.data[stored.size - 6] ^= 1;
	files_write(path, buffer_slice(&stored));
	struct seen seen = read_path(path);
	ok(!result.complete && seen.problem_count == 1 && strstr(seen.problems[0].message, "corrupt") != NULL,
	   "a wrong checksum: not complete, one problem");
	release(&seen);
	buffer_release(&stored);
	buffer_release(&text);
}

static void test_large_record(void)
{
	struct buffer text;
	buffer_init(&text, SIZE_MAX / 2);
	append_change(&text, 0);
	(void)buffer_append_text(&text, "\n{\"eventName\":\"");
	while (text.size < RECORD_SIZE_MAX + 1000)
		(void)buffer_append_text(&text, "0123456789");
	(void)buffer_append_text(&text, "\"}\n");
	append_change(&text, 2);
	struct seen seen = read_bytes(buffer_slice(&text));
	ok(seen.record_count == 2 && seen.problem_count == 1 && seen.problems[0].record == 1 &&
		   strstr(seen.problems[0].message, "larger than 16 MB") != NULL && seen.records[1].number == 2,
	   "a record over 16 MB is set aside and the next one read");
	release(&seen);
	buffer_release(&text);
	buffer_init(&text, SIZE_MAX / 2);
	for (int i = 0; i < 300; i++)
		(void)buffer_append_text(&text, "{\"M\":");
	for (int i = 0; i < 300; i++)
		(void)buffer_append_text(&text, "}");
	(void)buffer_append_text(&text, "\n");
	append_change(&text, 1);
	seen = read_bytes(buffer_slice(&text));
	ok(seen.record_count == 1 && seen.problem_count == 1,
	   "a record nested too deep is set aside and the next one read");
	release(&seen);
	buffer_release(&text);
}

static void test_known_answers(void)
{
	/* The shape of the Lambda guide's sample event, in our own words and numbers. */
	struct seen seen = read_text(
		"{\n  \"Records\": [\n    {\n      \"eventID\": \"1\",\n      \"eventVersion\": \"1.0\",\n      "
		"\"dynamodb\": {\n"
		"        \"Keys\": {\"Id\": {\"N\": \"101\"}},\n        \"NewImage\": {\"Message\": {\"S\": \"New "
		"item!\"}, \"Id\": "
		"{\"N\": \"101\"}},\n        \"StreamViewType\": \"NEW_AND_OLD_IMAGES\",\n        \"SequenceNumber\": "
		"\"111\",\n"
		"        \"SizeBytes\": 26\n      },\n      \"awsRegion\": \"us-west-2\",\n      \"eventName\": "
		"\"INSERT\",\n"
		"      \"eventSourceARN\": "
		"\"arn:aws:dynamodb:us-west-2:000000000001:table/T/stream/2015-06-27T00:48:05.899\",\n"
		"      \"eventSource\": \"aws:dynamodb\"\n    },\n    {\n      \"eventID\": \"2\",\n      "
		"\"dynamodb\": {\n"
		"        \"OldImage\": {\"Id\": {\"N\": \"101\"}},\n        \"SequenceNumber\": \"333\",\n        "
		"\"Keys\": "
		"{\"Id\": {\"N\": \"101\"}},\n        \"SizeBytes\": 59,\n        \"StreamViewType\": "
		"\"NEW_AND_OLD_IMAGES\"\n"
		"      },\n      \"eventName\": \"REMOVE\",\n      \"userIdentity\": {\"type\": \"Service\", "
		"\"principalId\": "
		"\"dynamodb.amazonaws.com\"},\n      \"eventSource\": \"aws:dynamodb\"\n    }\n  ]\n}\n");
	ok(seen.record_count == 2 && seen.problem_count == 0, "an indented Lambda event gives its two records");
	ok(seen.record_count == 2 && strcmp(seen.records[0].key, "101") == 0 && seen.records[0].after == STATE_IMAGE &&
		   strcmp(seen.records[0].sequence, "111") == 0 && !seen.records[0].has_time,
	   "the INSERT with key, image and sequence number, and no time");
	ok(seen.record_count == 2 && seen.records[1].ttl == TTL_YES && seen.records[1].before == STATE_IMAGE &&
		   seen.records[1].after == STATE_ABSENT,
	   "the REMOVE by TTL with its old image");
	release(&seen);
}

/* ---- reading again */

static void test_reread(void)
{
	enum { COUNT = 300, BAD = 100 };
	static uint64_t offsets[COUNT];
	static const uint64_t numbers[] = {0, 99, 101, 102, 299};
	for (int shape = 0; shape < SHAPE_COUNT; shape++) {
		struct buffer text = make_file((enum shape)shape, COUNT, offsets);
		text.data[offsets[BAD] + 24] = ' ';
		const char *path = files_path("again.gz");
		files_write_gzip(path, buffer_slice(&text), 1);
		struct seen first = read_path(path);
		struct seen again = {0};
		struct record_sink sink = seen_sink(&again);
		int code = events_reread(path, EVENTS_AUTO, numbers, 5, parser, &sink, &error);
		bool same = code == 0 && again.record_count == 5 && again.problem_count == 0 &&
			    first.record_count == COUNT - 1;
		for (size_t i = 0; i < 5 && same; i++) {
			size_t index = numbers[i] > BAD ? numbers[i] - 1 : numbers[i];
			same = memcmp(&again.records[i], &first.records[index], sizeof(first.records[0])) == 0;
		}
		ok(same, "%s: records asked for again are the same, past a malformed one too", shape_names[shape]);
		seen_release(&again);
		release(&first);
		buffer_release(&text);
	}
}

static void test_sink_stops(void)
{
	uint64_t offsets[10];
	struct buffer text = make_file(LINES, 10, offsets);
	const char *path = files_path("stop");
	files_write(path, buffer_slice(&text));
	struct seen seen = {.stop_after = 3};
	struct record_sink sink = seen_sink(&seen);
	int code = events_read_file(path, EVENTS_STREAMS, parser, &sink, &result, &error);
	ok(code == ERROR_DATA && seen.record_count == 3 && !result.complete, "a sink can stop the reader");
	release(&seen);
	buffer_release(&text);
	code = events_read_file(files_path("nowhere"), EVENTS_AUTO, parser, &sink, &result, &error);
	ok(code == 0 && !result.complete && seen.record_count == 0 && seen_count(&seen, "record.unreadable") == 1 &&
		   !seen.problems[0].has_position && strstr(seen.problems[0].message, "nowhere") != NULL,
	   "a file that cannot be opened is a problem that names it, and the file does not count");
	release(&seen);
}

/* ---- file lists */

static void list_is(const char *path, const char *want)
{
	char **files = NULL;
	size_t count = 0;
	struct buffer got;
	buffer_init(&got, SIZE_MAX / 2);
	int code = events_list(path, &files, &count, &error);
	if (code != 0)
		(void)buffer_printf(&got, "error %d", code);
	for (size_t i = 0; i < count; i++)
		(void)buffer_printf(&got, "%s%s", i > 0 ? " " : "", files[i] + strlen(files_folder()) + 1);
	(void)buffer_append_byte(&got, '\0');
	ok(strcmp(got.data, want) == 0, "'%s' names: %s", path + strlen(files_folder()), want);
	if (strcmp(got.data, want) != 0)
		printf("# got: %s\n", got.data);
	buffer_release(&got);
	events_list_free(files, count);
}

static void test_lists(void)
{
	static const char *const names[] = {"list/b.jsonl",          "list/a.jsonl.gz",  "list/2024/01/x.json",
					    "list/2024/_tmp/y.json", "list/.hidden",     "list/_SUCCESS",
					    "list/faults.jsonl",     "list/.git/config", "list/odd[1].jsonl",
					    "list/2024/01/B.json"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		files_write(files_path(names[i]), slice_from("{}\n"));
	(void)files_path("list/empty/none");
	if (symlink("..", files_path("list/2024/loop")) != 0 || symlink("none", files_path("list/nothing")) != 0)
		printf("# no symbolic links here\n");
	list_is(files_path("list"),
		"list/2024/01/B.json list/2024/01/x.json list/a.jsonl.gz list/b.jsonl list/nothing list/odd[1].jsonl");
	list_is(files_path("list/nothing"), "list/nothing");
	list_is(files_path("list/not*"), "list/nothing");
	list_is(files_path("list/b.jsonl"), "list/b.jsonl");
	list_is(files_path("list/faults.jsonl"), "list/faults.jsonl");
	list_is(files_path("list/odd[1].jsonl"), "list/odd[1].jsonl");
	list_is(files_path("list/*.jsonl"), "list/b.jsonl list/odd[1].jsonl");
	list_is(files_path("list/20*/0?"), "list/2024/01/B.json list/2024/01/x.json");
	list_is(files_path("list/empty"), "");
	list_is(files_path("list/absent.jsonl"), "error 65");
	list_is(files_path("list/*.parquet"), "error 65");
	list_is(files_path("list/**"), "error 64");
}

int main(void)
{
	parser = json_parser_new(RECORD_SIZE_MAX);
	test_states();
	test_times();
	test_members();
	test_ttl();
	test_unreadable();
	test_known_answers();
	test_shapes();
	test_malformed();
	test_damaged_lines();
	test_cut_files();
	test_cut_gzip();
	test_large_record();
	test_reread();
	test_sink_stops();
	test_lists();
	json_parser_free(parser);
	return tap_done();
}
