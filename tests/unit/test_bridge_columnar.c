/* Parquet files and Delta tables as sources of records, by the real bridge: rows, raw records in a column, what
 * Firehose converted, what Glue wrote; and each of them damaged or misnamed. */
#include "sources/events.h"
#include "sources/rows.h"
#include "tests/unit/test_bridge_table.h"

static const struct rows_attribute key_only[] = {{.name = "pk", .field = "pk", .type = {.kind = ROWS_S}}};
static const struct rows_word words[] = {{"I", ROWS_INSERT}, {"U", ROWS_MODIFY}, {"D", ROWS_DELETE}};
static const struct rows_shape changes = {.attributes = key_only,
					  .attribute_count = 1,
					  .key_count = 1,
					  .operation = "op",
					  .words = words,
					  .word_count = 3,
					  .stamp = "ts",
					  .null_is_absent = true};
static const struct rows_shape bronze = {
	.attributes = key_only, .attribute_count = 1, .key_count = 1, .record = "value"};
static const struct rows_shape glue = {.attributes = key_only,
				       .attribute_count = 1,
				       .key_count = 1,
				       .items = true,
				       .glue = true,
				       .null_is_absent = true};

static char path[600];
static struct buffer told;
static struct file_result result;
static int64_t precision_us; /* of the last record told */

/* ---- what is told */

static void tell_value(const struct json_token *tokens, uint32_t index)
{
	const struct json_token *token = &tokens[index];
	if (token->type != JSON_OBJECT && token->type != JSON_ARRAY) {
		buffer_append_slice(&told, token->text != NULL ? json_text(token) : slice_from("true"));
		return;
	}
	buffer_append_byte(&told, '(');
	for (uint32_t i = index + 1; i < token->next; i = tokens[i].next) {
		if (i > index + 1)
			buffer_append_byte(&told, ' ');
		if (token->type == JSON_OBJECT) {
			buffer_append_slice(&told, json_text(&tokens[i++]));
			buffer_append_byte(&told, '=');
		}
		tell_value(tokens, i);
	}
	buffer_append_byte(&told, ')');
}

static int tell_record(void *context, const struct record *record, struct error *unused)
{
	static const char states[] = "?-+=", ttl[] = " TU";
	(void)context;
	(void)unused;
	precision_us = record->time_hi_us - record->time_lo_us;
	buffer_printf(&told, "%d@%d %c%c%c ", (int)record->number, (int)record->offset, states[record->before],
		      states[record->after], ttl[record->ttl]);
	tell_value(record->tokens, record->keys);
	if (record->after == STATE_IMAGE && record->kind == RECORD_CHANGE) {
		buffer_append_text(&told, " new ");
		tell_value(record->tokens, record->after_image);
	}
	buffer_append_byte(&told, '\n');
	return 0;
}

static int tell_problem(void *context, const struct problem *problem, struct error *unused)
{
	(void)context;
	(void)unused;
	if (problem->has_position)
		buffer_printf(&told, "%d@%d ", (int)problem->record, (int)problem->offset);
	buffer_printf(&told, "! %s\n", problem->message);
	return 0;
}

static const struct record_sink sink = {NULL, tell_record, tell_problem};

/* NULL: as events. */
static const char *read_it(const struct rows_shape *shape, const uint64_t *numbers, size_t count)
{
	struct json_parser *parser = json_parser_new(RECORD_SIZE_MAX);
	buffer_release(&told);
	buffer_init(&told, 1 << 20);
	int code = shape == NULL     ? events_read_file(path, EVENTS_AUTO, parser, &sink, &result, &error)
		   : numbers != NULL ? rows_reread(path, shape, numbers, count, parser, &sink, &error)
				     : rows_read_file(path, shape, parser, &sink, &result, &error);
	must(code, "read");
	json_parser_free(parser);
	buffer_append_byte(&told, '\0');
	return told.data;
}

static void tells(const struct rows_shape *shape, const char *want, const char *what)
{
	is_text(read_it(shape, NULL, 0), want, what);
}

static void says(const struct rows_shape *shape, const char *part, const char *what)
{
	bool right = strstr(read_it(shape, NULL, 0), part) != NULL && !result.complete;
	ok(right, "%s", what);
	if (!right)
		printf("# %s: %s\n", result.complete ? "complete" : "incomplete", told.data);
}

/* ---- what is written */

#define COLUMN(name, type) "{\"name\":\"" name "\",\"type\":" type ",\"nullable\":true,\"metadata\":{}}"
#define STRUCT(fields) "{\"type\":\"struct\",\"fields\":[" fields "]}"
#define LIST(type) "{\"type\":\"array\",\"elementType\":" type ",\"containsNull\":true}"
#define TEXT "\"string\""

/* renamed: what the second column is called, where Delta would not have it. */
static void write_renamed(const char *schema_json, const char *renamed, const char *lines)
{
	struct ArrowSchema schema;
	struct bridge_parquet *parquet = NULL;
	path_in(path, sizeof(path), "rows.parquet", "");
	must(bridge_schema_of_json(schema_json, &schema, &error), "schema");
	const char *name = renamed != NULL ? schema.children[1]->name : NULL;
	if (renamed != NULL)
		schema.children[1]->name = renamed;
	must(bridge_parquet_create(path, &schema, 2, &parquet, &error), "create");
	must(bridge_parquet_add_lines(parquet, lines, strlen(lines), &error), "add lines");
	must(bridge_parquet_finish(parquet, &error), "finish");
	if (renamed != NULL)
		schema.children[1]->name = name;
	schema.release(&schema);
}

static void write_file(const char *schema_json, const char *lines)
{
	write_renamed(schema_json, NULL, lines);
}

static void make_table(const char *name, const char *schema_json)
{
	struct ArrowSchema schema;
	path_in(path, sizeof(path), name, "");
	path[strlen(path) - 1] = path[strlen(path) - 1] == '/' ? '\0' : path[strlen(path) - 1];
	must(bridge_schema_of_json(schema_json, &schema, &error), "schema");
	must(bridge_table_create(path, &schema, "", "deletionVectors", &error), "create");
	schema.release(&schema);
}

static void append(const char *lines)
{
	struct bridge_writer *writer = NULL;
	must(bridge_writer_begin(path, &writer, &error), "begin");
	must(bridge_writer_add_lines(writer, lines, strlen(lines), &error), "add lines");
	(void)commit(writer, "WRITE", -1);
}

static void delete_row(uint64_t file, int64_t row)
{
	struct bridge_writer *writer = NULL;
	must(bridge_writer_begin(path, &writer, &error), "begin");
	must(bridge_writer_delete_rows(writer, file, &row, 1, &error), "delete");
	(void)commit(writer, "DELETE", -1);
}

static void cut(off_t bytes)
{
	struct stat status;
	must(stat(path, &status) != 0 || truncate(path, status.st_size - bytes) != 0, "cut");
}

/* ---- rows */

static const char change_columns[] = STRUCT(COLUMN("pk", TEXT) "," COLUMN("op", TEXT) "," COLUMN(
	"ts", "\"timestamp\"") "," COLUMN("n", "\"decimal(38,10)\"") "," COLUMN("x", "\"long\""));
static const char change_lines[] = "{\"pk\":\"a\",\"op\":\"I\",\"ts\":\"2024-01-01T00:00:00Z\",\"n\":"
				   "1234567890123456789.0123456789,\"x\":9007199254740993}\n"
				   "{\"pk\":\"b\",\"op\":\"I\",\"ts\":\"2024-01-01T00:00:00.000001Z\",\"n\":0.5}\n"
				   "{\"pk\":\"a\",\"op\":\"D\",\"ts\":\"2024-01-01T00:00:01Z\"}\n";
static const char change_want[] =
	"0@0 -=  (pk=(S=a)) new (pk=(S=a) n=(N=1234567890123456789.0123456789) x=(N=9007199254740993))\n"
	"1@1 -=  (pk=(S=b)) new (pk=(S=b) n=(N=0.5000000000))\n"
	"2@2 +-U (pk=(S=a))\n";

static void test_rows(void)
{
	write_file(change_columns, change_lines);
	tells(&changes, change_want, "rows of a Parquet file are records, their numbers exact");
	ok(result.complete && result.records == 3 && result.unreadable == 0 && result.stored_bytes > 0,
	   "they are counted, and the file is complete");
	is_int(precision_us, 1, "a timestamp on the whole second is as precise as its column");
	is_text(read_it(&changes, (const uint64_t[]){1}, 1), "1@1 -=  (pk=(S=b)) new (pk=(S=b) n=(N=0.5000000000))\n",
		"one of them is read again by its number");
	struct rows_shape shape = changes;
	shape.format = ROWS_CSV;
	says(&shape, "a Parquet file: its source's format is parquet", "Parquet given as CSV is refused by name");
	shape.format = ROWS_DELTA;
	says(&shape, "a Parquet file of no Delta table", "a Parquet file is no Delta table");
	shape.format = ROWS_PARQUET;
	tells(&shape, change_want, "the format may be stated");
	cut(1);
	says(&changes, "rows.parquet\"", "a file that is cut short is told with its name, and not complete");
}

static void test_table(void)
{
	make_table("changes", change_columns);
	append(change_lines);
	append("{\"pk\":\"c\",\"op\":\"U\",\"ts\":\"2024-01-01T00:00:02Z\",\"n\":7}\n");
	struct bridge_table *table = open_table(path, -1);
	uint64_t larger = bridge_table_file(table, 0)->rows_physical == 3 ? 0 : 1;
	bridge_table_close(table);
	delete_row(larger, 1);
	const char *text = read_it(&changes, NULL, 0);
	ok(strstr(text, "(pk=(S=a)) new") != NULL && strstr(text, "(pk=(S=c))") != NULL &&
		   strstr(text, "(S=b)") == NULL && result.records == 3 && result.complete,
	   "a table's rows are those of its latest version, without deleted ones");
	/* Whichever file comes first; the deleted row is counted. */
	ok((strstr(text, "0@0 -=  (pk=(S=a))") != NULL && strstr(text, "2@2 +-U (pk=(S=a))") != NULL &&
	    strstr(text, "3@3 +=  (pk=(S=c))") != NULL) ||
		   (strstr(text, "0@0 +=  (pk=(S=c))") != NULL && strstr(text, "1@1 -=  (pk=(S=a))") != NULL &&
		    strstr(text, "3@3 +-U (pk=(S=a))") != NULL),
	   "rows are numbered over all files");
	struct rows_shape shape = changes;
	shape.has_version = true;
	shape.version = 1;
	tells(&shape, change_want, "an earlier version can be asked for");
	shape.version = 9;
	says(&shape, "has no version 9", "one that is not there is told");
	shape = changes;
	shape.format = ROWS_PARQUET;
	says(&shape, "of whose files not all count", "a table is not read as a folder of files");
	says(NULL, "list the table's folder as rows with preset bronze", "nor as events");
	shape.format = ROWS_DELTA;
	table = open_table(path, -1);
	char file[700];
	snprintf(file, sizeof(file), "%s/%s", path, bridge_table_file(table, 0)->path);
	bridge_table_close(table);
	char whole[600];
	snprintf(whole, sizeof(whole), "%s", path);
	snprintf(path, sizeof(path), "%s", file);
	shape.format = ROWS_AUTO;
	says(&shape, "name the table's folder", "a file of a table is not read without the log");
	says(NULL, "list the table's folder", "nor as events");
	snprintf(path, sizeof(path), "%s", whole);
	shape.format = ROWS_DELTA;
	must(truncate(file, 100) != 0, "truncate");
	says(&shape, "of table", "a table with a damaged file is told, and not complete");
}

static void test_list(void)
{
	char **files = NULL;
	size_t count = 0;
	must(events_list(folder, &files, &count, &error), "list");
	size_t tables = 0, inside = 0;
	for (size_t i = 0; i < count; i++) {
		const char *name = strstr(files[i], "/changes");
		tables += name != NULL && strcmp(name, "/changes") == 0;
		inside += name != NULL && strcmp(name, "/changes") != 0;
	}
	ok(tables == 1 && inside == 0, "a list of files has a table's folder, and none of what is in it");
	events_list_free(files, count);
}

/* ---- raw records */

#define EVENT(key, sequence)                                                                                           \
	"{\\\"eventID\\\":\\\"1\\\",\\\"eventName\\\":\\\"INSERT\\\",\\\"dynamodb\\\":{\\\"Keys\\\":{\\\"pk\\\":{"     \
	"\\\"S\\\":\\\"" key "\\\"}},\\\"NewImage\\\":{\\\"pk\\\":{\\\"S\\\":\\\"" key "\\\"},\\\"n\\\":{\\\"N\\\":"   \
	"\\\"1.50\\\"}},\\\"SequenceNumber\\\":\\\"" sequence "\\\",\\\"ApproximateCreationDateTime\\\":1700000000}}"
/* A Kinesis record whose bytes are {"eventName":"REMOVE","dynamodb":{"Keys":{"pk":{"S":"k"}}},"tableName":"t"}. */
#define BASE64 "eyJldmVudE5hbWUiOiJSRU1PVkUiLCJkeW5hbW9kYiI6eyJLZXlzIjp7InBrIjp7IlMiOiJrIn19fSwidGFibGVOYW1lIjoidCJ9"

static const char raw_columns[] = STRUCT(COLUMN("value", TEXT) "," COLUMN("loaded", "\"timestamp\""));
static const char raw_lines[] =
	"{\"value\":\"" EVENT("a", "1") "\",\"loaded\":\"2024-01-01T00:00:00Z\"}\n"
					"{\"value\":null}\n"
					"{\"value\":\"{\\\"Records\\\":[" EVENT("b", "2") "," EVENT(
						"c", "3") "]}\"}\n"
							  "{\"value\":\"" BASE64 "\"}\n"
							  "{\"value\":\"{\\\"dynamodb\\\":{\\\"Keys\\\":\"}\n"
							  "{\"value\":\"{\\\"kinesis\\\":{\\\"data\\\":\\\"" BASE64
							  "\\\"}}\"}\n"
							  "{\"value\":\"  \"}\n"
							  "{\"value\":\"" EVENT("d", "4") "\"}\n";
static const char raw_want[] =
	"0@0 -=  (pk=(S=a)) new (pk=(S=a) n=(N=1.50))\n"
	"1@1 ! unreadable record: the column holds no record in this row (offset 1); repair or redeliver it\n"
	"2@2 -=  (pk=(S=b)) new (pk=(S=b) n=(N=1.50))\n"
	"3@2 -=  (pk=(S=c)) new (pk=(S=c) n=(N=1.50))\n"
	"4@3 +-  (pk=(S=k))\n"
	"5@4 ! unreadable record: the column's text ends inside it (offset 4); repair or redeliver it\n"
	"6@5 +-  (pk=(S=k))\n"
	"7@6 ! unreadable record: the column holds no record in this row (offset 6); repair or redeliver it\n"
	"8@7 -=  (pk=(S=d)) new (pk=(S=d) n=(N=1.50))\n";

static void test_raw(void)
{
	write_file(raw_columns, raw_lines);
	tells(&bronze, raw_want, "a column's texts are records, envelopes and base64; what is none is told by its row");
	ok(result.complete && result.records == 6 && result.unreadable == 3, "all are counted");
	is_text(read_it(&bronze, (const uint64_t[]){3, 8}, 2),
		"3@2 -=  (pk=(S=c)) new (pk=(S=c) n=(N=1.50))\n8@7 -=  (pk=(S=d)) new (pk=(S=d) n=(N=1.50))\n",
		"they are read again by their numbers");
	struct rows_shape shape = bronze;
	shape.record = "body";
	says(&shape, "has no column \"body\"; it has \"value\", \"loaded\"", "a column that is not there is told");
	make_table("bronze", raw_columns);
	append(raw_lines);
	tells(&bronze, raw_want, "a table's column likewise");
	path_in(path, sizeof(path), "text.json", "");
	FILE *file = fopen(path, "wb");
	must(file == NULL || fputs("{}\n", file) < 0 || fclose(file) != 0, path);
	says(&bronze, "neither a Parquet file nor a Delta table", "text is no bronze");
}

static void test_raw_bytes(void)
{
	/* {"eventName":"REMOVE","dynamodb":{"Keys":{"pk":{"S":"k"}}},"tableName":"t"} in hex */
	write_file(STRUCT(COLUMN("value", "\"binary\"")),
		   "{\"value\":\"7b226576656e744e616d65223a2252454d4f5645222c2264796e616d6f6462223a7b224b657973223a7b22"
		   "706b223a7b2253223a226b227d7d7d2c227461626c654e616d65223a2274227d\"}\n");
	tells(&bronze, "0@0 +-  (pk=(S=k))\n", "a binary column holds records too");
}

/* ---- what Firehose converted */

#define TYPED COLUMN("s", TEXT) "," COLUMN("n", TEXT)
#define IMAGE STRUCT(COLUMN("pk", STRUCT(TYPED)) "," COLUMN("amount", STRUCT(TYPED)))
#define DYNAMODB(image)                                                                                                \
	STRUCT(COLUMN("approximatecreationdatetime", "\"long\"") "," COLUMN(                                           \
		"keys",                                                                                                \
		STRUCT(COLUMN(                                                                                         \
			"pk",                                                                                          \
			STRUCT(TYPED)))) "," COLUMN("newimage",                                                        \
						    image) "," COLUMN("oldimage",                                      \
								      image) "," COLUMN("sequencenumber",              \
											TEXT) "," COLUMN("streamviewt" \
													 "ype",        \
													 TEXT))
#define RECORD(image) COLUMN("eventid", TEXT) "," COLUMN("eventname", TEXT) "," COLUMN("dynamodb", DYNAMODB(image))
#define IDENTITY COLUMN("useridentity", STRUCT(COLUMN("principalid", TEXT) "," COLUMN("type", TEXT)))
#define KEY "\"keys\":{\"pk\":{\"s\":\"a\"}},\"sequencenumber\":\"7\",\"streamviewtype\":\"NEW_AND_OLD_IMAGES\""

static void test_converted(void)
{
	static const char insert[] = "{\"eventname\":\"INSERT\",\"dynamodb\":{" KEY
				     ",\"newimage\":{\"pk\":{\"s\":\"a\"},\"amount\":{\"n\":\"1\"}}}}\n";
	static const char remove_line[] = "{\"eventname\":\"REMOVE\",\"dynamodb\":{" KEY "}%s}\n";
	static char lines[2048];
	write_file(STRUCT(RECORD(IMAGE)), insert);
	tells(NULL, "0@0 -+  (pk=(S=a))\n", "an image in columns says only that the item was there");
	snprintf(lines, sizeof(lines), remove_line, "");
	write_file(STRUCT(RECORD(IMAGE)), lines);
	tells(NULL, "0@0 +-U (pk=(S=a))\n", "without a column userIdentity it is not known who deleted");
	write_file(STRUCT(RECORD(IMAGE) "," IDENTITY), lines);
	tells(NULL, "0@0 +-  (pk=(S=a))\n", "with one that is null it was no service");
	snprintf(lines, sizeof(lines), remove_line,
		 ",\"useridentity\":{\"principalid\":\"dynamodb.amazonaws.com\",\"type\":\"Service\"}");
	write_file(STRUCT(RECORD(IMAGE) "," IDENTITY), lines);
	tells(NULL, "0@0 +-T (pk=(S=a))\n", "with one that is not, TTL is told");
	write_file(STRUCT(RECORD(TEXT)),
		   "{\"eventname\":\"INSERT\",\"dynamodb\":{" KEY
		   ",\"newimage\":\"{\\\"Pk\\\":{\\\"S\\\":\\\"a\\\"},\\\"z\\\":{\\\"NULL\\\":true}}\"}}\n"
		   "{\"eventname\":\"INSERT\",\"dynamodb\":{" KEY
		   ",\"newimage\":\"{\\\"pk\\\":{\\\"s\\\":\\\"a\\\"}}\"}}\n");
	tells(NULL, "0@0 -=  (pk=(S=a)) new (Pk=(S=a) z=(NULL=true))\n1@1 -+  (pk=(S=a))\n",
	      "an image in a text counts when its names kept their case");
	write_file(STRUCT(COLUMN("eventname", TEXT) "," COLUMN("dynamodb", TEXT)),
		   "{\"eventname\":\"INSERT\",\"dynamodb\":\"{\\\"Keys\\\":{\\\"pk\\\":{\\\"S\\\":\\\"a\\\"}},"
		   "\\\"NewImage\\\":{\\\"pk\\\":{\\\"S\\\":\\\"a\\\"}},\\\"SequenceNumber\\\":\\\"7\\\"}\"}\n");
	tells(NULL, "0@0 -=  (pk=(S=a)) new (pk=(S=a))\n", "the member dynamodb may be a text");
}

static void test_not_converted(void)
{
	write_file(STRUCT(RECORD(IMAGE)), "{\"eventname\":\"INSERT\",\"dynamodb\":{\"keys\":{\"pk\":{}}}}\n"
					  "{\"eventname\":\"INSERT\",\"dynamodb\":null}\n"
					  "{\"eventname\":\"INSERT\",\"dynamodb\":{\"sequencenumber\":\"7\"}}\n");
	const char *text = read_it(NULL, NULL, 0);
	ok(strstr(text, "0@0 ! unreadable record: an attribute without a value of any type") != NULL &&
		   strstr(text, "1@1 ! unreadable record: no column dynamodb, or nothing in it") != NULL &&
		   strstr(text, "2@2 ! no Keys in dynamodb") != NULL && result.unreadable == 3,
	   "rows whose key cannot be told are told");
	write_file(STRUCT(COLUMN("pk", TEXT)), "{\"pk\":\"a\"}\n");
	text = read_it(NULL, NULL, 0);
	ok(strstr(text, "no row of stream records") != NULL && result.unreadable == 1, "other rows are no events");
	write_renamed(STRUCT(COLUMN("eventname", TEXT) "," COLUMN("other", TEXT) "," COLUMN("dynamodb",
											    DYNAMODB(IMAGE))),
		      "eventName", "{\"eventname\":\"INSERT\",\"eventName\":\"REMOVE\",\"dynamodb\":{" KEY "}}\n");
	text = read_it(NULL, NULL, 0);
	ok(strstr(text, "the same name but for their case") != NULL && result.unreadable == 1,
	   "columns that differ by case alone are told");
}

/* ---- what Glue wrote */

#define GLUE                                                                                                           \
	COLUMN("S", TEXT) "," COLUMN("N", TEXT) "," COLUMN("NULL", "\"boolean\"") "," COLUMN("L", LIST(STRUCT(TYPED)))
static const char glue_lines[] = "{\"Item\":{\"pk\":{\"S\":\"a\"},\"v\":{\"N\":\"1.5\"}}}\n"
				 "{\"Item\":{\"pk\":{\"S\":\"b\"},\"v\":{\"NULL\":true}}}\n"
				 "{\"Item\":{\"pk\":{\"S\":\"c\"},\"v\":{\"L\":[{\"s\":\"x\"},{\"n\":\"2\"}]}}}\n"
				 "{\"Item\":{\"pk\":{\"S\":\"d\"}}}\n";
static const char glue_want[] = "0@0 ?=  (pk=(S=a) v=(N=1.5))\n"
				"1@1 ?=  (pk=(S=b) v=(NULL=true))\n"
				"2@2 ?=  (pk=(S=c) v=(L=((S=x) (N=2))))\n"
				"3@3 ?=  (pk=(S=d))\n";

static void test_glue(void)
{
	write_file(STRUCT(COLUMN("Item", STRUCT(COLUMN("pk", STRUCT(GLUE)) "," COLUMN("v", STRUCT(GLUE))))),
		   glue_lines);
	tells(&glue, glue_want, "items in columns per type are items of these types, null attributes are none");
	write_file(STRUCT(COLUMN("pk", STRUCT(GLUE)) "," COLUMN("v", STRUCT(GLUE))),
		   "{\"pk\":{\"S\":\"a\"},\"v\":{\"N\":\"1.5\"}}\n"
		   "{\"pk\":{\"S\":\"b\"},\"v\":{}}\n"
		   "{\"pk\":{\"S\":\"b\"},\"v\":{\"N\":\"1\",\"S\":\"1\"}}\n");
	const char *text = read_it(&glue, NULL, 0);
	ok(strncmp(text, "0@0 ?=  (pk=(S=a) v=(N=1.5))\n", 29) == 0 &&
		   strstr(text, "1@1 ! unreadable record: an attribute without a value of any type") != NULL &&
		   strstr(text, "2@2 ! unreadable record: an attribute with values of two types") != NULL,
	   "without Item too; an attribute of no type, or of two, is told");
	write_file(STRUCT(COLUMN("pk", TEXT) "," COLUMN("v", "\"double\"")),
		   "{\"pk\":\"a\",\"v\":1.5}\n{\"pk\":\"b\"}\n");
	tells(&glue, "0@0 ?=  (pk=(S=a) v=(N=1.5))\n1@1 ?=  (pk=(S=b))\n", "items simplified are rows of plain values");
}

int main(void)
{
	tables_begin();
	test_rows();
	test_table();
	test_list();
	test_raw();
	test_raw_bytes();
	test_converted();
	test_not_converted();
	test_glue();
	buffer_release(&told);
	tables_end();
	return tap_done();
}
