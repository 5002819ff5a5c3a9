/* Rows as records: what each field says, what a plain value becomes, what cannot be read and how much of it is lost. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "sources/rows.h"
#include "tests/support/source_files.h"
#include "tests/tap.h"

static const struct rows_attribute key_only[] = {{.name = "pk", .field = "pk", .type = {.kind = ROWS_S}}};
static const struct rows_word words[] = {{"true", ROWS_DELETE},
					 {"INSERT", ROWS_INSERT},
					 {"MODIFY", ROWS_MODIFY},
					 {"PUT", ROWS_PUT},
					 {"REMOVE", ROWS_DELETE}};

/* Rows as a Lambda writes them. */
static const struct rows_shape flat = {.csv = {.delimiter = ',', .empty_is_null = true},
				       .attributes = key_only,
				       .attribute_count = 1,
				       .key_count = 1,
				       .operation = "event_name",
				       .words = words,
				       .word_count = 5,
				       .stamp = "event_time",
				       .unit = ROWS_EPOCH_S,
				       .event_id = "event_id",
				       .image = "data"};
/* Rows that are the item, with an operation and a time beside. */
static const struct rows_shape wide = {.csv = {.delimiter = ',', .empty_is_null = true},
				       .attributes = key_only,
				       .attribute_count = 1,
				       .key_count = 1,
				       .operation = "op",
				       .words = words,
				       .word_count = 5,
				       .stamp = "ts",
				       .sequence = "seq",
				       .delete_is_old = true,
				       .null_is_absent = true};

static struct seen read_as(const struct rows_shape *shape, const char *text)
{
	struct seen seen = {0};
	struct record_sink sink = seen_sink(&seen);
	struct file_result result;
	struct error error = {0};
	struct json_parser *parser = json_parser_new(RECORD_SIZE_MAX);
	const char *path = files_path("rows");
	files_write(path, slice_from(text));
	int code = rows_read_file(path, shape, parser, &sink, &result, &error);
	if (code != 0)
		printf("# error %d: %s\n", code, error.message);
	json_parser_free(parser);
	return seen;
}

/* The tokens that a record is delivered with, written out; images named as the decoder names them. */
struct told {
	struct buffer text;
};

static void tell_value(struct buffer *to, const struct json_token *tokens, uint32_t index)
{
	const struct json_token *token = &tokens[index];
	if (token->type != JSON_OBJECT && token->type != JSON_ARRAY) {
		buffer_append_slice(to, token->text != NULL ? json_text(token) : slice_from("true"));
		if (token->type == JSON_FALSE)
			buffer_append_text(to, "!");
		return;
	}
	buffer_append_byte(to, '(');
	for (uint32_t i = index + 1; i < token->next; i = tokens[i].next) {
		if (i > index + 1)
			buffer_append_byte(to, ' ');
		if (token->type == JSON_OBJECT) {
			buffer_append_slice(to, json_text(&tokens[i++]));
			buffer_append_byte(to, '=');
		}
		tell_value(to, tokens, i);
	}
	buffer_append_byte(to, ')');
}

static int tell_record(void *context, const struct record *record, struct error *error)
{
	static const char states[] = "?-+=";
	struct told *told = context;
	(void)error;
	buffer_printf(&told->text, "%s%c%c ", (record->flags & RECORD_DAMAGED) != 0 ? "damaged " : "",
		      states[record->before], states[record->after]);
	tell_value(&told->text, record->tokens, record->keys);
	if (record->after == STATE_IMAGE) {
		buffer_append_text(&told->text, " new ");
		tell_value(&told->text, record->tokens, record->after_image);
	}
	if (record->before == STATE_IMAGE) {
		buffer_append_text(&told->text, " old ");
		tell_value(&told->text, record->tokens, record->before_image);
	}
	buffer_append_byte(&told->text, '\n');
	return 0;
}

static int tell_problem(void *context, const struct problem *problem, struct error *error)
{
	struct told *told = context;
	(void)error;
	buffer_printf(&told->text, "! %s\n", problem->message);
	return 0;
}

static void becomes(const struct rows_shape *shape, const char *text, const char *expected, const char *what)
{
	struct told told;
	struct record_sink sink = {&told, tell_record, tell_problem};
	struct file_result result;
	struct error error = {0};
	struct json_parser *parser = json_parser_new(RECORD_SIZE_MAX);
	const char *path = files_path("rows");
	buffer_init(&told.text, 1 << 20);
	files_write(path, slice_from(text));
	int code = rows_read_file(path, shape, parser, &sink, &result, &error);
	buffer_append_byte(&told.text, '\0');
	ok(code == 0, "%s: no error", what);
	is_text(told.text.data, expected, what);
	buffer_release(&told.text);
	json_parser_free(parser);
}

static void test_sides(void)
{
	becomes(&flat,
		"{\"event_id\":\"e\",\"event_name\":\"INSERT\",\"event_time\":1760000000,\"data\":{\"pk\":\"a\",\"v\":"
		"1}}",
		"-= (pk=(S=a)) new (pk=(S=a) v=(N=1))\n", "an insert: none before");
	becomes(&flat, "{\"event_name\":\"MODIFY\",\"event_time\":1760000000,\"data\":{\"pk\":\"a\",\"v\":1}}",
		"+= (pk=(S=a)) new (pk=(S=a) v=(N=1))\n", "a change: one before, its image not known");
	becomes(&flat, "{\"event_name\":true,\"event_time\":1760000000,\"data\":{\"pk\":\"a\"}}", "+- (pk=(S=a))\n",
		"an operation may be a truth");
	becomes(&flat, "{\"event_name\":\"PUT\",\"event_time\":1760000000,\"data\":{\"pk\":\"a\"}}",
		"?= (pk=(S=a)) new (pk=(S=a))\n", "a put: what was before is not known");
	becomes(&flat, "{\"event_name\":\"REMOVE\",\"event_time\":1760000000,\"data\":{\"pk\":\"a\",\"v\":9}}",
		"+- (pk=(S=a))\n", "a delete has its key from what may be no image");
	struct rows_shape beside = flat;
	beside.keys = ".";
	becomes(&beside, "{\"event_name\":\"REMOVE\",\"event_time\":1760000000,\"pk\":\"a\",\"data\":null}",
		"+- (pk=(S=a))\n", "or from the row, if that is said");
	beside.keys = "keys";
	becomes(&beside, "event_name,event_time,keys,data\nREMOVE,1760000000,\"{\"\"pk\"\":\"\"a\"\"}\",\n",
		"+- (pk=(S=a))\n", "or from a text of its own, as in CSV");
	becomes(&beside, "{\"event_name\":\"REMOVE\",\"event_time\":1760000000,\"keys\":{\"pk\":\"a\"}}",
		"+- (pk=(S=a))\n", "or an object of its own");
	becomes(&flat,
		"{\"event_name\":\"MODIFY\",\"event_time\":1760000000,\"data\":\"{\\\"pk\\\":\\\"a\\\",\\\"v\\\":2}\"}",
		"+= (pk=(S=a)) new (pk=(S=a) v=(N=2))\n", "an image in a text");
}

static void test_old_side(void)
{
	becomes(&wide, "op,ts,seq,pk,v\nREMOVE,2025-10-09 08:00:00.5,1,a,was\nMODIFY,2025-10-09,2,a,is\n",
		"=- (pk=(S=a)) old (pk=(S=a) v=(S=was))\n+= (pk=(S=a)) new (pk=(S=a) v=(S=is))\n",
		"the row of a delete is the old image, never the new one");
	struct rows_shape shape = flat;
	shape.old_image = "old";
	becomes(&shape,
		"{\"event_name\":\"MODIFY\",\"event_time\":1760000000,\"data\":{\"pk\":\"a\",\"v\":1},\"old\":{\"pk\":"
		"\"a\"}}\n"
		"{\"event_name\":\"REMOVE\",\"event_time\":1760000000,\"old\":{\"pk\":\"a\",\"v\":1}}\n",
		"== (pk=(S=a)) new (pk=(S=a) v=(N=1)) old (pk=(S=a))\n=- (pk=(S=a)) old (pk=(S=a) v=(N=1))\n",
		"an old image of its own");
	shape.typed = true;
	becomes(&shape,
		"{\"event_name\":\"MODIFY\",\"event_time\":1760000000,\"data\":{\"pk\":{\"S\":\"a\"},\"v\":{\"NS\":["
		"\"1\"]}}}",
		"+= (pk=(S=a)) new (pk=(S=a) v=(NS=(1)))\n", "an image that keeps its types");
}

static void test_values(void)
{
	static const struct rows_attribute members[] = {{"z", "z", {.kind = ROWS_N}}};
	static const struct rows_type number = {.kind = ROWS_N};
	static const struct rows_attribute attributes[] = {
		{"pk", "id", {.kind = ROWS_S}},
		{"n", "n", {.kind = ROWS_N}},
		{"b", "b", {.kind = ROWS_B}},
		{"t", "t", {.kind = ROWS_BOOL}},
		{"ns", "ns", {.kind = ROWS_NS}},
		{"l", "l", {.kind = ROWS_L, .element = &number}},
		{"m", "m", {.kind = ROWS_M, .members = members, .member_count = 1}},
		{"j", "j", {.kind = ROWS_JSON}},
	};
	struct rows_shape shape = {.csv = {.delimiter = ',', .null_text = "NULL"},
				   .attributes = attributes,
				   .attribute_count = 8,
				   .key_count = 1,
				   .stamp = "ts",
				   .unit = ROWS_EPOCH_MS};
	becomes(&shape,
		"{\"ts\":1,\"id\":\"a\",\"n\":\"1.50\",\"b\":\"YQ==\",\"t\":\"true\",\"ns\":[1,\"2\"],\"l\":[\"1\","
		"\"x\",null],"
		"\"m\":{\"z\":\"7\",\"y\":\"7\"},\"j\":\"[1]\",\"u\":1e3,\"w\":null}",
		"?= (pk=(S=a)) new (pk=(S=a) n=(N=1.50) b=(B=YQ==) t=(S=true) ns=(NS=(1 2)) l=(L=((N=1) (S=x) "
		"(NULL=true))) "
		"m=(M=(z=(N=7) y=(S=7))) j=(L=((N=1))) u=(N=1e3) w=(NULL=true))\n",
		"plain JSON, as the types ask for it");
	becomes(&shape, "ts,id,n,b,t,ns,l,m,j,u\n1,a,x,*,1,\"[1]\",\"[\"\"1\"\"]\",{},7,NULL\n",
		"?= (pk=(S=a)) new (pk=(S=a) n=(S=x) b=(S=*) t=(BOOL=true) ns=(NS=(1)) l=(L=((N=1))) m=(M=()) j=(S=7) "
		"u=(NULL=true))\n",
		"texts of a CSV file, and what is not as asked stays a text");
	shape.null_is_absent = true;
	becomes(&shape, "ts,id,u\n1,a,NULL\n", "?= (pk=(S=a)) new (pk=(S=a))\n", "a null that is no attribute");
	shape.stamp_is_kept = true;
	becomes(&shape, "ts,id\n1,a\n", "?= (pk=(S=a)) new (ts=(S=1) pk=(S=a))\n", "a stamp that is an attribute too");
}

static void test_times(void)
{
	static const struct {
		enum rows_unit unit;
		const char *text;
		int64_t lo, size;
	} cases[] = {
		{ROWS_ISO, "\"2025-10-09T08:53:20Z\"", INT64_C(1760000000000000), 1000000},
		{ROWS_ISO, "\"2025-10-09 08:53:20.5\"", INT64_C(1760000000500000), 100000},
		{ROWS_ISO, "\"2025-10-09 08:53:20.123456\"", INT64_C(1760000000123456), 1},
		{ROWS_ISO, "\"2025-10-09T10:53:20.123+02:00\"", INT64_C(1760000000123000), 1000},
		{ROWS_ISO, "\"2025-10-09T08:53\"", INT64_C(1759999980000000), 60000000},
		{ROWS_ISO, "\"2025-10-09T10:53+02:00\"", INT64_C(1759999980000000), 60000000},
		{ROWS_EPOCH_US, "1760000000123456.7", INT64_C(1760000000123456), 1},
		{ROWS_ISO, "\"2025-10-09\"", INT64_C(1759968000000000), INT64_C(86400000000)},
		{ROWS_EPOCH_S, "1760000000", INT64_C(1760000000000000), 1000000},
		{ROWS_EPOCH_S, "1760000000.9", INT64_C(1760000000900000), 1000000},
		{ROWS_EPOCH_S, "1.76e9", INT64_C(1760000000000000), 1000000},
		{ROWS_EPOCH_MS, "\"1760000000123\"", INT64_C(1760000000123000), 1000},
		{ROWS_EPOCH_US, "1760000000123456", INT64_C(1760000000123456), 1},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[200];
		struct rows_shape shape = flat;
		shape.unit = cases[i].unit;
		(void)snprintf(text, sizeof text, "{\"event_name\":\"PUT\",\"event_time\":%s,\"data\":{\"pk\":\"a\"}}",
			       cases[i].text);
		struct seen seen = read_as(&shape, text);
		ok(seen.record_count == 1 && seen.problem_count == 0 && seen.records[0].has_time &&
			   seen.records[0].time_lo_us == cases[i].lo &&
			   seen.records[0].time_hi_us - seen.records[0].time_lo_us == cases[i].size,
		   "%s is a time of the precision that it is written with", cases[i].text);
		seen_release(&seen);
	}
	struct rows_shape shape = flat;
	shape.precision_us = 60 * CLOCK_SECOND_US;
	struct seen seen = read_as(&shape,
				   "{\"event_name\":\"PUT\",\"event_time\":1760000000,\"data\":{\"pk\":\"a\"}}");
	is_int(seen.records[0].time_hi_us - seen.records[0].time_lo_us, 60 * CLOCK_SECOND_US,
	       "a precision that is stated");
	seen_release(&seen);
	seen = read_as(&wide, "op,ts,seq,pk\nPUT,2025-10-09,0007,a\n");
	is_text(seen.records[0].sequence, "7", "a sequence is a number");
	seen_release(&seen);
}

static void test_refused(void)
{
	static struct rows_shape beside;
	beside = flat;
	beside.keys = ".";
	const struct {
		const struct rows_shape *shape;
		const char *text, *message;
		bool damaged;
	} cases[] = {
		{&flat, "{\"event_name\":\"REMOVE\",\"event_time\":1,\"pk\":\"a\"}", "a row without all of its key",
		 false},
		{&flat, "{\"event_name\":\"PUT\",\"event_time\":1,\"data\":{}}", "a row without all of its key", false},
		{&flat, "{\"event_name\":\"PUT\",\"event_time\":1,\"data\":{\"pk\":null}}",
		 "a row without all of its key", false},
		{&flat, "{\"event_name\":\"PUT\",\"event_time\":1,\"data\":{\"pk\":\"a\",\"pk\":\"b\"}}",
		 "a row without all of its key", false},
		{&flat, "{\"event_name\":\"PUT\",\"event_name\":\"REMOVE\",\"event_time\":1,\"data\":{\"pk\":\"a\"}}",
		 "a row that has twice the field 'event_name'", false},
		{&flat, "{\"event_name\":\"UPSERT\",\"event_time\":1,\"data\":{\"pk\":\"a\"}}",
		 "an operation that the contract does not name, in the field 'event_name': 'UPSERT'", true},
		{&flat, "{\"event_time\":1,\"data\":{\"pk\":\"a\"}}",
		 "an operation that the contract does not name, in the field 'event_name'", true},
		{&flat, "{\"event_name\":\"PUT\",\"data\":{\"pk\":\"a\"}}", "a row without its time", true},
		{&flat, "{\"event_name\":\"PUT\",\"event_time\":\"now\",\"data\":{\"pk\":\"a\"}}",
		 "no time as the contract says", true},
		{&beside, "{\"event_name\":\"PUT\",\"event_time\":1,\"pk\":\"a\",\"data\":\"{\"}",
		 "no object, and no text that is one", true},
		{&wide, "op,ts,seq,pk\nPUT,2025-10-09,x,a\n", "no sequence of 1 to 40 digits", true},
		{&wide, "op,ts,seq,pk\nPUT,2025-10-09,1,\xff\n", "malformed text in the row: invalid UTF-8", false},
		{&wide, "op,ts,seq,pk\nPUT,2025-10-09,1\n",
		 "unreadable record: a row of 3 fields where there are 4 names", false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct seen seen = read_as(cases[i].shape, cases[i].text);
		ok(seen.problem_count == 1 && seen.record_count == cases[i].damaged && seen.problems[0].has_position &&
			   strcmp(seen.problems[0].id, "record.unreadable") == 0 &&
			   seen.problems[0].delivered == cases[i].damaged &&
			   strncmp(seen.problems[0].message, cases[i].message, strlen(cases[i].message)) == 0,
		   "%s%s", cases[i].message, cases[i].damaged ? ": its key is sure" : "");
		if (seen.problem_count != 1 || seen.record_count != cases[i].damaged)
			seen_print(&seen);
		seen_release(&seen);
	}
	struct seen seen = read_as(&flat, "{\"event_name\":\"UPSERT\",\"event_time\":1,\"data\":{\"pk\":\"a\"}}");
	ok(seen.records[0].before == STATE_UNKNOWN && seen.records[0].after == STATE_UNKNOWN,
	   "of an unknown operation neither side is taken");
	seen_release(&seen);
}

/* What a row's fields are called is no matter of how rows are found, nor of what holds an attribute. */
static void test_names(void)
{
	static const struct rows_attribute held[] = {{"pk", "pk", {.kind = ROWS_S}}, {"v", "value", {.kind = ROWS_S}}};
	struct rows_shape shape = {.attributes = held, .attribute_count = 2, .key_count = 1, .items = true};
	becomes(&shape, "{\"pk\":\"a\",\"Records\":[]}\n{\"pk\":\"b\",\"records\":[{\"pk\":\"c\"}]}\n",
		"?= (pk=(S=a) Records=(L=())) new (pk=(S=a) Records=(L=()))\n"
		"?= (pk=(S=b) records=(L=((M=(pk=(S=c)))))) new (pk=(S=b) records=(L=((M=(pk=(S=c))))))\n",
		"a row with a field called Records is a row");
	becomes(&shape, "{\"pk\":\"a\",\"v\":\"x\",\"value\":\"y\"}\n",
		"?= (pk=(S=a) v=(S=y)) new (pk=(S=a) v=(S=y))\n",
		"an attribute is what its field holds, not what a field of its own name does");
	shape.typed = shape.null_is_absent = true;
	becomes(&shape, "{\"pk\":{\"S\":\"a\"},\"w\":null}\n", "?= (pk=(S=a) w=true) new (pk=(S=a) w=true)\n",
		"of DynamoDB JSON nothing is left out");
}

static void test_files(void)
{
	struct rows_shape shape = flat;
	shape.format = ROWS_JSONL;
	struct seen seen = read_as(&shape, "event_name,data\nPUT,x\n");
	ok(seen.problem_count == 1 && !seen.problems[0].has_position &&
		   strstr(seen.problems[0].message, "perhaps CSV") != NULL,
	   "CSV given as JSON lines is refused by name");
	seen_release(&seen);
	shape.format = ROWS_CSV;
	seen = read_as(&shape, " {\"event_name\":\"PUT\"}\n");
	ok(seen.problem_count == 1 && seen.record_count == 0 && strstr(seen.problems[0].message, "but JSON") != NULL,
	   "JSON lines given as CSV likewise");
	seen_release(&seen);
	seen = read_as(&wide, "PAR1xxxxxxxxxxxxxxxxxxxxxxx");
	ok(seen.problem_count == 1 && strstr(seen.problems[0].message, "Parquet") != NULL, "so is a Parquet file");
	seen_release(&seen);
	shape = wide;
	shape.refuse_full_load = true;
	seen = (struct seen){0};
	struct record_sink sink = seen_sink(&seen);
	struct file_result result;
	struct error error = {0};
	struct json_parser *parser = json_parser_new(RECORD_SIZE_MAX);
	const char *path = files_path("LOAD0000000A.csv");
	files_write(path, slice_from("pk,v\na,1\n"));
	ok(rows_read_file(path, &shape, parser, &sink, &result, &error) == 0 && seen.problem_count == 1 &&
		   !result.complete && strstr(seen.problems[0].message, "full load") != NULL,
	   "a full load is no file of changes");
	seen_release(&seen);
	shape = (struct rows_shape){.csv = wide.csv,
				    .attributes = key_only,
				    .attribute_count = 1,
				    .key_count = 1,
				    .items = true,
				    .operation = "op",
				    .words = words,
				    .word_count = 5};
	becomes(&shape, "pk,v\na,1\n", "?= (pk=(S=a) v=(S=1)) new (pk=(S=a) v=(S=1))\n", "but one of items");
	becomes(&shape, "op,pk\nREMOVE,a\n",
		"! a change, where the source has no stamp and so is a dump of items; its operation is in the field "
		"'op'; "
		"redeliver the row, or correct the contract\n",
		"of which none was deleted");
	becomes(&shape, "",
		"! the file is empty, as a load that failed leaves it: load again, or remove it if there was nothing "
		"to "
		"load\n",
		"and which is not empty");
	json_parser_free(parser);
}

static void test_reread(void)
{
	const uint64_t numbers[] = {0, 2};
	struct seen seen = {0};
	struct record_sink sink = seen_sink(&seen);
	struct error error = {0};
	struct json_parser *parser = json_parser_new(RECORD_SIZE_MAX);
	const char *path = files_path("reread.csv.gz");
	files_write_gzip(path, slice_from("op,ts,seq,pk\nPUT,2025-10-09,1,\"a\nb\"\nPUT,2025\nPUT,2025-10-09,2,c\n"),
			 2);
	ok(rows_reread(path, &wide, numbers, 2, parser, &sink, &error) == 0 && seen.record_count == 2 &&
		   seen.problem_count == 0 && strcmp(seen.records[0].key, "a\nb") == 0 &&
		   strcmp(seen.records[1].key, "c") == 0 && seen.records[1].number == 2 && seen.records[1].offset == 45,
	   "rows are found again by their numbers");
	seen_print(&seen);
	seen_release(&seen);
	json_parser_free(parser);
}

int main(void)
{
	test_sides();
	test_old_side();
	test_values();
	test_times();
	test_refused();
	test_names();
	test_files();
	test_reread();
	return tap_done();
}
