/* Rows of Parquet files and of tables as JSON lines, by the real bridge: every type exactly, nulls at every level, row
 * groups, deletion vectors, files not in the log, one column's bytes, damaged files; and Parquet files mutated at
 * random, of which none may crash, hang, lose a row unsaid or say anything but the same where pages have no checksum.
 * Argument: SEED in the environment. */
#include <signal.h>

#include "tests/unit/test_bridge_table.h"

enum { SCHEMA_MAX = 16, ROUNDS = 1500, HANG_SECONDS = 20, FILE_MAX = 1 << 16 };

static char file_path[600];
static struct buffer out;

/* ---- writing and reading */

static void no_release(struct ArrowSchema *schema)
{
	schema->release = NULL;
}

static void write_lines(const struct ArrowSchema *schema, uint64_t group_rows, const char *lines)
{
	struct bridge_parquet *parquet = NULL;
	path_in(file_path, sizeof(file_path), "plain.parquet", "");
	must(bridge_parquet_create(file_path, schema, group_rows, &parquet, &error), "create");
	must(bridge_parquet_add_lines(parquet, lines, strlen(lines), &error), "add lines");
	must(bridge_parquet_finish(parquet, &error), "finish");
}

static void write_delta(const char *fields, uint64_t group_rows, const char *lines)
{
	static char json[8192];
	struct ArrowSchema schema;
	snprintf(json, sizeof(json), "{\"type\":\"struct\",\"fields\":[%s]}", fields);
	must(bridge_schema_of_json(json, &schema, &error), "schema");
	write_lines(&schema, group_rows, lines);
	schema.release(&schema);
}

/* A nullable column of an Arrow format, for types that Delta tables do not have. */
static void write_format(const char *format, const char *lines)
{
	struct ArrowSchema child = {.format = format, .name = "v", .flags = ARROW_FLAG_NULLABLE, .release = no_release};
	struct ArrowSchema *children[] = {&child};
	struct ArrowSchema root = {
		.format = "+s", .name = "", .n_children = 1, .children = children, .release = no_release};
	write_lines(&root, 0, lines);
}

/* All lines with their rows, "0 {…}\n1 {…}\n"; at an error its code. */
static int drain(struct bridge_lines *lines)
{
	int code = 0;
	buffer_release(&out);
	buffer_init(&out, 1 << 24);
	for (;;) {
		const char *bytes = NULL;
		uint64_t size = 0;
		int64_t row = -1;
		code = bridge_lines_next(lines, &bytes, &size, &row, &error);
		if (code != 0 || bytes == NULL)
			break;
		buffer_printf(&out, "%" PRId64 " ", row);
		buffer_append(&out, bytes, size);
		buffer_append_byte(&out, '\n');
	}
	buffer_append_byte(&out, '\0');
	bridge_lines_close(lines);
	return code;
}

static const char *read_plain(const char *column)
{
	struct bridge_lines *lines = NULL;
	must(bridge_lines_of_file(file_path, column, &lines, &error), "open");
	must(drain(lines), "read");
	return out.data;
}

static void becomes(const char *format, const char *value, const char *want)
{
	char line[512], wanted[512];
	snprintf(line, sizeof(line), "{\"v\":%s}\n", value);
	snprintf(wanted, sizeof(wanted), "0 {\"v\":%s}\n", want);
	write_format(format, line);
	is_text(read_plain(NULL), wanted, format);
}

/* ---- types */

static void test_numbers(void)
{
	becomes("c", "-128", "-128");
	becomes("S", "65535", "65535");
	becomes("i", "-2147483648", "-2147483648");
	becomes("I", "4294967295", "4294967295");
	becomes("l", "9223372036854775807", "9223372036854775807");
	becomes("l", "-9223372036854775808", "-9223372036854775808");
	becomes("l", "9007199254740993", "9007199254740993");
	becomes("L", "18446744073709551615", "18446744073709551615");
	becomes("d:38,10", "\"1234567890123456789012345678.0123456789\"", "1234567890123456789012345678.0123456789");
	becomes("d:38,10", "\"-0.0000000001\"", "-0.0000000001");
	becomes("d:38,0", "\"-99999999999999999999999999999999999999\"", "-99999999999999999999999999999999999999");
	becomes("d:9,2", "\"12.30\"", "12.30");
	becomes("d:9,2", "\"-0.05\"", "-0.05");
	becomes("d:9,9", "\"0.5\"", "0.500000000");
	becomes("d:9,2", "\"0\"", "0.00");
	becomes("d:76,3,256", "\"1234567890123456789012345678901234567890123.5\"",
		"1234567890123456789012345678901234567890123.500");
	becomes("g", "0.1", "0.1");
	becomes("g", "5e-324", "5e-324");
	becomes("g", "1.7976931348623157e308", "1.7976931348623157e308");
	becomes("g", "123456789012345680", "1.2345678901234568e17");
	becomes("g", "-0.0", "-0.0");
	becomes("g", "100", "100.0");
	becomes("f", "0.1", "0.1");
	becomes("f", "16777216", "16777216.0");
	becomes("e", "1.5", "1.5");
	becomes("b", "true", "true");
	becomes("b", "false", "false");
}

static void test_floats_that_are_no_numbers(void)
{
	struct column *root = column_new("", "+s", false);
	must(!column_add_child(root, column_new("v", "g", true)), "add column");
	const double values[] = {__builtin_nan(""), __builtin_inf(), -__builtin_inf()};
	for (size_t i = 0; i < 3; i++) {
		column_append_double(column_child(root, 0), values[i]);
		column_append_struct(root);
	}
	struct ArrowSchema schema;
	struct ArrowArrayStream rows;
	struct bridge_parquet *parquet = NULL;
	must(column_schema(root, &schema, &error), "describe");
	must(bridge_parquet_create(file_path, &schema, 0, &parquet, &error), "create");
	must(batch_finish(root, &rows, &error), "finish batch");
	must(bridge_parquet_add(parquet, &rows, &error), "add");
	must(bridge_parquet_finish(parquet, &error), "finish");
	schema.release(&schema);
	column_free(root);
	is_text(read_plain(NULL), "0 {\"v\":\"NaN\"}\n1 {\"v\":\"Infinity\"}\n2 {\"v\":\"-Infinity\"}\n",
		"what no number is becomes a string, never null");
}

static void test_times(void)
{
	becomes("tdD", "\"2024-02-29\"", "\"2024-02-29\"");
	becomes("tdD", "\"1969-12-31\"", "\"1969-12-31\"");
	becomes("tdD", "\"0001-01-01\"", "\"0001-01-01\"");
	becomes("tsu:UTC", "\"2024-02-29T23:59:59.999999Z\"", "\"2024-02-29T23:59:59.999999Z\"");
	becomes("tsu:UTC", "\"1969-12-31T23:59:59.999999Z\"", "\"1969-12-31T23:59:59.999999Z\"");
	becomes("tsu:UTC", "\"1600-03-01T00:00:00Z\"", "\"1600-03-01T00:00:00.000000Z\"");
	becomes("tsu:UTC", "\"2024-01-01T00:00:00.120Z\"", "\"2024-01-01T00:00:00.120000Z\"");
	becomes("tsu:UTC", "-62135596800000001", "\"0000-12-31T23:59:59.999999Z\"");
	becomes("tsu:UTC", "253402300800000000", "\"+10000-01-01T00:00:00.000000Z\"");
	becomes("tsu:", "\"2024-01-01T00:00:00.000001\"", "\"2024-01-01T00:00:00.000001\"");
	becomes("tsm:UTC", "\"2024-01-01T00:00:00.001Z\"", "\"2024-01-01T00:00:00.001Z\"");
	becomes("tsn:UTC", "\"2024-01-01T00:00:00.000000001Z\"", "\"2024-01-01T00:00:00.000000001Z\"");
	becomes("tsn:UTC", "\"2024-01-01T00:00:00.123456Z\"", "\"2024-01-01T00:00:00.123456000Z\"");
	becomes("ttu", "\"23:59:59.000001\"", "\"23:59:59.000001\"");
}

static void test_texts(void)
{
	becomes("u", "\"caf\\u00e9 \\\"q\\\" \\\\ \\u0000\\u001f\\n\"",
		"\"caf\xc3\xa9 \\\"q\\\" \\\\ \\u0000\\u001f\\u000a\"");
	becomes("u", "\"\"", "\"\"");
	becomes("z", "\"000102\"", "\"AAEC\"");
	becomes("z", "\"ff\"", "\"/w==\"");
	becomes("z", "\"\"", "\"\"");
	becomes("w:3", "\"000102\"", "\"AAEC\"");
}

static const char nested[] =
	"{\"name\":\"s\",\"nullable\":true,\"metadata\":{},\"type\":{\"type\":\"struct\",\"fields\":["
	"{\"name\":\"a\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}},"
	"{\"name\":\"b\",\"nullable\":true,\"metadata\":{},\"type\":{\"type\":\"array\",\"elementType\":\"string\","
	"\"containsNull\":true}},"
	"{\"name\":\"c\",\"nullable\":true,\"metadata\":{},\"type\":{\"type\":\"struct\",\"fields\":["
	"{\"name\":\"d\",\"type\":\"decimal(20,2)\",\"nullable\":true,\"metadata\":{}}]}}]}},"
	"{\"name\":\"m\",\"nullable\":true,\"metadata\":{},\"type\":{\"type\":\"map\",\"keyType\":\"integer\","
	"\"valueType\":\"string\",\"valueContainsNull\":true}}";

static void test_nested(void)
{
	static const char want[] = "0 {\"s\":null,\"m\":null}\n"
				   "1 {\"s\":{\"a\":null,\"b\":null,\"c\":null},\"m\":{}}\n"
				   "2 {\"s\":{\"a\":1,\"b\":[],\"c\":{\"d\":null}},\"m\":{\"7\":null}}\n"
				   "3 {\"s\":{\"a\":2,\"b\":[null,\"\"],\"c\":{\"d\":1.50}},\"m\":{\"-1\":\"x\"}}\n";
	/* arrow-json takes maps of texts only, so the map's keys are given as such. */
	static char fields[4096];
	snprintf(fields, sizeof(fields), "%s", nested);
	char *key = strstr(fields, "\"integer\"");
	memcpy(key, "\"string\" ", 9);
	write_delta(fields, 2,
		    "{\"s\":null,\"m\":null}\n{\"s\":{},\"m\":{}}\n"
		    "{\"s\":{\"a\":1,\"b\":[],\"c\":{}},\"m\":{\"7\":null}}\n"
		    "{\"s\":{\"a\":2,\"b\":[null,\"\"],\"c\":{\"d\":1.5}},\"m\":{\"-1\":\"x\"}}\n");
	is_text(read_plain(NULL), want, "a null struct, an empty one, an empty list and a null member stay apart");
}

static void test_numbers_as_names(void)
{
	struct column *root = column_new("", "+s", false);
	must(!column_add_child(root, column_new_map("m", true, column_new("key", "i", false),
						    column_new("value", "u", true))),
	     "add map");
	struct column *map = column_child(root, 0);
	column_append_i32(column_element(map, 0), -7);
	column_append_bytes(column_element(map, 1), text("x"));
	column_append_struct(column_child(map, 0));
	column_append_list(map);
	column_append_struct(root);
	struct ArrowSchema schema;
	struct ArrowArrayStream rows;
	struct bridge_parquet *parquet = NULL;
	must(column_schema(root, &schema, &error), "describe");
	must(bridge_parquet_create(file_path, &schema, 0, &parquet, &error), "create");
	must(batch_finish(root, &rows, &error), "finish batch");
	must(bridge_parquet_add(parquet, &rows, &error), "add");
	must(bridge_parquet_finish(parquet, &error), "finish");
	schema.release(&schema);
	column_free(root);
	is_text(read_plain(NULL), "0 {\"m\":{\"-7\":\"x\"}}\n", "a map's keys are names, whatever their type");
}

/* ---- rows */

static void test_all_rows(void)
{
	struct buffer lines;
	buffer_init(&lines, 1 << 20);
	for (int i = 0; i < 1000; i++)
		buffer_printf(&lines, "{\"v\":%d}\n", i);
	buffer_append_byte(&lines, '\0');
	write_delta("{\"name\":\"v\",\"type\":\"integer\",\"nullable\":true,\"metadata\":{}}", 7, lines.data);
	buffer_release(&lines);
	read_plain(NULL);
	int64_t count = 0, row, value;
	bool same = true;
	for (const char *at = out.data; sscanf(at, "%" SCNd64 " {\"v\":%" SCNd64 "}", &row, &value) == 2;) {
		same = same && row == count && value == count;
		count++;
		at = strchr(at, '\n') + 1;
	}
	ok(same && count == 1000, "all rows of 143 row groups come, in order, with their numbers");
	write_delta("{\"name\":\"v\",\"type\":\"integer\",\"nullable\":true,\"metadata\":{}}", 0, "");
	is_text(read_plain(NULL), "", "a file without rows has none");
}

static void test_one_column(void)
{
	write_delta("{\"name\":\"id\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}},"
		    "{\"name\":\"value\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}},"
		    "{\"name\":\"raw\",\"type\":\"binary\",\"nullable\":true,\"metadata\":{}},"
		    "{\"name\":\"n\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}}",
		    0,
		    "{\"id\":\"a\",\"value\":\"{\\\"x\\\":\\\"\\\\u00e9\\\"}\",\"raw\":\"7b7d\",\"n\":5}\n"
		    "{\"id\":\"b\",\"value\":null,\"raw\":null,\"n\":null}\n");
	is_text(read_plain("value"), "0 {\"x\":\"\\u00e9\"}\n1 null\n", "a text column's bytes come as they are");
	is_text(read_plain("raw"), "0 {}\n1 null\n", "a binary column's bytes too");
	is_text(read_plain("n"), "0 5\n1 null\n", "any other as JSON");
	struct bridge_lines *lines = NULL;
	ok(said(bridge_lines_of_file(file_path, "body", &lines, &error), ERROR_DATA,
		"has no column \"body\"; it has \"id\", \"value\", \"raw\", \"n\"") &&
		   lines == NULL,
	   "a column that is not there is refused with those that are");
}

static size_t slurp(char *bytes)
{
	FILE *file = fopen(file_path, "rb");
	must(file == NULL, file_path);
	size_t size = fread(bytes, 1, FILE_MAX, file);
	must(size == 0 || size == FILE_MAX || fclose(file) != 0, file_path);
	return size;
}

static void put(const char *bytes, size_t size)
{
	FILE *file = fopen(file_path, "wb");
	must(file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0, file_path);
}

/* ---- tables */

static const char *read_lines_of(struct bridge_table *table, const char *column)
{
	static struct buffer all;
	buffer_release(&all);
	buffer_init(&all, 1 << 20);
	for (uint64_t i = 0; i < bridge_table_info(table)->file_count; i++) {
		struct bridge_lines *lines = NULL;
		must(bridge_lines_of_table(table, i, column, &lines, &error), "open lines");
		must(drain(lines), "read lines");
		buffer_append_text(&all, out.data);
		buffer_append_byte(&all, '|');
	}
	buffer_append_byte(&all, '\0');
	return all.data;
}

static void commit_lines(const char *path, const char *lines, const int64_t *deleted, uint64_t count)
{
	struct bridge_writer *writer = NULL;
	must(bridge_writer_begin(path, &writer, &error), "begin");
	if (lines != NULL)
		must(bridge_writer_add_lines(writer, lines, strlen(lines), &error), "add lines");
	if (count > 0)
		must(bridge_writer_delete_rows(writer, 0, deleted, count, &error), "delete");
	(void)commit(writer, "WRITE", -1);
}

/* A file beside those of the log, as a writer leaves that failed. */
static void copy_stray(const char *path, const char *from)
{
	static char bytes[FILE_MAX];
	snprintf(file_path, sizeof(file_path), "%s", from);
	size_t size = slurp(bytes);
	snprintf(file_path, sizeof(file_path), "%s/stray.parquet", path);
	put(bytes, size);
}

static void test_tables(void)
{
	static char json[4096];
	char path[256], stray[600];
	struct ArrowSchema schema;
	snprintf(json, sizeof(json),
		 "{\"type\":\"struct\",\"fields\":[{\"name\":\"region\",\"type\":\"string\",\"nullable\":true,"
		 "\"metadata\":{}},%s]}",
		 nested);
	memcpy(strstr(json, "\"integer\""), "\"string\" ", 9);
	must(bridge_schema_of_json(json, &schema, &error), "schema");
	path_in(path, sizeof(path), "lines", "");
	must(bridge_table_create(path, &schema, "region", "deletionVectors,columnMapping", &error), "create");
	schema.release(&schema);
	commit_lines(path,
		     "{\"region\":\"eu\",\"s\":{\"a\":1,\"c\":{\"d\":0.1}},\"m\":{\"k\":\"v\"}}\n{\"region\":\"eu\"}\n"
		     "{\"region\":\"eu\",\"s\":{\"a\":3}}\n",
		     NULL, 0);
	struct bridge_table *table = open_table(path, -1);
	is_text(read_lines_of(table, NULL),
		"0 {\"region\":\"eu\",\"s\":{\"a\":1,\"b\":null,\"c\":{\"d\":0.10}},\"m\":{\"k\":\"v\"}}\n"
		"1 {\"region\":\"eu\",\"s\":null,\"m\":null}\n"
		"2 {\"region\":\"eu\",\"s\":{\"a\":3,\"b\":null,\"c\":null},\"m\":null}\n|",
		"a table's rows have the log's names at every level, and its partition values");
	snprintf(stray, sizeof(stray), "%s/%s", path, bridge_table_file(table, 0)->path);
	bridge_table_close(table);
	commit_lines(path, NULL, (const int64_t[]){0, 2}, 2);
	copy_stray(path, stray);
	table = open_table(path, -1);
	is_text(read_lines_of(table, NULL), "1 {\"region\":\"eu\",\"s\":null,\"m\":null}\n|",
		"deleted rows and files not in the log are no rows; the others keep their positions");
	is_text(read_lines_of(table, "region"), "1 eu\n|", "one column of a table");
	bridge_table_close(table);
	table = open_table(path, 1);
	const char *before = read_lines_of(table, "region");
	is_text(before, "0 eu\n1 eu\n2 eu\n|", "an earlier version has the rows it had");
	bridge_table_close(table);
}

/* ---- damage */

/* Reads what is there: the code of the first error, and the rows in `out`. */
static int read_damaged(void)
{
	struct bridge_lines *lines = NULL;
	error = (struct error){0};
	int code = bridge_lines_of_file(file_path, NULL, &lines, &error);
	return code != 0 ? code : drain(lines);
}

static bool is_told(int code)
{
	return (code == ERROR_DATA || code == ERROR_IO) && strstr(error.message, file_path) != NULL &&
	       strstr(error.message, "; ") != NULL;
}

static void is_damaged(const char *bytes, size_t size, const char *what)
{
	put(bytes, size);
	int code = read_damaged();
	ok(code == ERROR_DATA && is_told(code), "%s is told with the file's name", what);
	if (code != ERROR_DATA)
		printf("# code %d: %s\n", code, error.message);
}

static void write_sample(void)
{
	struct buffer lines;
	buffer_init(&lines, 1 << 20);
	for (int i = 0; i < 40; i++)
		buffer_printf(&lines,
			      "{\"s\":{\"a\":%d,\"b\":[\"x\",null],\"c\":{\"d\":%d.25}},"
			      "\"m\":{\"k%d\":\"v\"}}\n",
			      i, i, i);
	buffer_append_byte(&lines, '\0');
	static char fields[4096];
	snprintf(fields, sizeof(fields), "%s", nested);
	memcpy(strstr(fields, "\"integer\""), "\"string\" ", 9);
	write_delta(fields, 16, lines.data);
	buffer_release(&lines);
}

static void test_damage(void)
{
	static char bytes[FILE_MAX], copy[FILE_MAX];
	write_sample();
	size_t size = slurp(bytes);
	is_damaged(bytes, 0, "an empty file");
	is_damaged(bytes, 4, "a file of its first mark alone");
	is_damaged(bytes, size - 1, "a file without its last byte");
	is_damaged(bytes, size / 2, "half a file");
	memcpy(copy, bytes, size);
	copy[size - 1] = 'X';
	is_damaged(copy, size, "a wrong mark at the end");
	memcpy(copy, bytes, size);
	memset(copy + 4, 0xff, 64);
	is_damaged(copy, size, "a page that cannot be decoded");
	struct bridge_lines *lines = NULL;
	path_in(file_path, sizeof(file_path), "nothing.parquet", "");
	ok(said(bridge_lines_of_file(file_path, NULL, &lines, &error), ERROR_DATA, "is missing"),
	   "a file that is not there is told");
	bridge_lines_close(NULL);
}

static char attempt[700];

static void died(int signal)
{
	static const char hang[] = "Bail out! hangs on ", crash[] = "Bail out! crashes on ";
	const char *what = signal == SIGALRM ? hang : crash;
	ssize_t written = write(STDOUT_FILENO, what, strlen(what));
	written += write(STDOUT_FILENO, attempt, strlen(attempt));
	_exit(written > 0 ? 1 : 2);
}

static uint64_t rows_read(void)
{
	uint64_t rows = 0;
	for (size_t i = 0; i < out.size; i++)
		rows += out.data[i] == '\n';
	return rows;
}

static void test_mutations(uint64_t seed)
{
	static char whole[FILE_MAX], bytes[FILE_MAX];
	struct prng prng;
	prng_init(&prng, seed);
	write_sample();
	size_t size = slurp(whole);
	uint64_t told = 0, same = 0, wrong = 0, untold = 0;
	for (int round = 0; round < ROUNDS; round++) {
		/* Half of them in the footer, which is worth more tries than its length gives it. */
		size_t at = prng_chance(&prng, 1, 2) ? size - 1 - prng_below(&prng, 700) : prng_below(&prng, size);
		size_t length = prng_below(&prng, 4) + 1, kept = prng_chance(&prng, 1, 8) ? at : size;
		memcpy(bytes, whole, size);
		for (size_t i = at; i < at + length && i < size; i++)
			bytes[i] = (char)(prng_chance(&prng, 1, 2) ? whole[i] ^ (1 << prng_below(&prng, 8))
								   : (int)prng_below(&prng, 256));
		snprintf(attempt, sizeof(attempt), "round %d: %zu of %zu bytes, at %zu\n", round, kept, size, at);
		put(bytes, kept);
		alarm(HANG_SECONDS);
		int code = read_damaged();
		alarm(0);
		told += code != 0 && is_told(code);
		same += code == 0 && rows_read() == 40;
		wrong += code == 0 && rows_read() != 40;
		untold += code != 0 && !is_told(code);
		if (code == 0 ? rows_read() != 40 : !is_told(code))
			printf("# %s# %" PRIu64 " rows, %d: %s\n", attempt, rows_read(), code, error.message);
	}
	printf("# seed %" PRIu64 ": %" PRIu64 " told, %" PRIu64 " with all rows\n", seed, told, same);
	is_int(wrong, 0, "no mutation of a Parquet file loses or adds a row unsaid");
	is_int(untold, 0, "every error names the file and what to do, and none is a defect of the program");
	ok(told > ROUNDS / 4 && same > 0, "mutations are of both kinds, told and harmless");
}

int main(void)
{
	struct sigaction action = {.sa_handler = died};
	for (size_t i = 0; i < 4; i++)
		sigaction((const int[]){SIGALRM, SIGSEGV, SIGABRT, SIGBUS}[i], &action, NULL);
	const char *seed = getenv("SEED");
	tables_begin();
	test_numbers();
	test_floats_that_are_no_numbers();
	test_times();
	test_texts();
	test_nested();
	test_numbers_as_names();
	test_all_rows();
	test_one_column();
	test_tables();
	test_damage();
	test_mutations(seed == NULL ? 1 : strtoull(seed, NULL, 10));
	buffer_release(&out);
	tables_end();
	return tap_done();
}
