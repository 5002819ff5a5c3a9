/* Ion lines as ion-java writes them, from lines of DynamoDB JSON. */
#include "generators/ion_writer.h"

#include <stdlib.h>

#include "tests/tap.h"

static struct json_parser *parser;

static void becomes(const char *json, const char *want)
{
	struct buffer lines, ion;
	struct error error = {0, ""};

	buffer_init(&lines, 1 << 20);
	buffer_init(&ion, 1 << 20);
	buffer_append_text(&lines, json);
	if (buffer_reserve(&lines, JSON_PADDING) != 0)
		abort();
	int code = ion_write_lines(parser, buffer_slice(&lines), &ion, &error);
	bool right = code == 0 && slice_is(buffer_slice(&ion), want);
	ok(right, "%.60s", want);
	if (!right)
		printf("# gave %.*s%s\n", (int)ion.size, ion.size > 0 ? ion.data : "", error.message);
	buffer_release(&lines);
	buffer_release(&ion);
}

static void number(const char *number, const char *want)
{
	char json[300], ion[300];
	snprintf(json, sizeof(json), "{\"Item\":{\"n\":{\"N\":\"%s\"}}}\n", number);
	snprintf(ion, sizeof(ion), "$ion_1_0 {Item:{n:%s}}\n", want);
	becomes(json, ion);
}

int main(void)
{
	parser = json_parser_new((size_t)1 << 20);
	number("103", "103.");
	number("600", "6d2");
	number("2000", "2d3");
	number("1.5", "1.5");
	number("-0.25", "-0.25");
	number("0.000001", "0.000001");
	number("0.0000001", "1d-7");
	number("0.00000125", "0.00000125");
	number("0.000000125", "125d-9");
	number("0", "0.");
	becomes("{\"Item\":{\"id\":{\"S\":\"a\"},\"b\":{\"B\":\"AAEC\"},\"ok\":{\"BOOL\":true},\"none\":{\"NULL\":true}"
		","
		"\"tags\":{\"SS\":[\"x\",\"y\"]},\"ns\":{\"NS\":[\"1\",\"0.000000025\"]},\"bs\":{\"BS\":[\"AA==\"]},"
		"\"my-key\":{\"M\":{\"l\":{\"L\":[{\"N\":\"1\"},{\"S\":\"q\"},{\"M\":{}}]}}}}}\n",
		"$ion_1_0 {Item:{id:\"a\",b:{{AAEC}},ok:true,none:null,tags:$dynamodb_SS::[\"x\",\"y\"],"
		"ns:$dynamodb_NS::[1.,25d-9],bs:$dynamodb_BS::[{{AA==}}],'my-key':{l:[1.,\"q\",{}]}}}\n");
	becomes("{\"Metadata\":{\"WriteTimestampMicros\":{\"N\":\"1684374845117899\"}},\"Keys\":{\"pk\":{\"S\":\"a\"}}}"
		"\n",
		"$ion_1_0 {Record:{Metadata:{WriteTimestampMicros:1684374845117899.},Keys:{pk:\"a\"}}}\n");
	becomes("{\"Item\":{\"a\":{\"S\":\"\\u0000\\u0007\\b\\t\\n\\u000b\\f\\r\\\\\\\"'"
		"\\u0001\\u001f\\u007f\\u0085\\u00a0\"}}}\n",
		"$ion_1_0 {Item:{a:\"\\0\\a\\b\\t\\n\\v\\f\\r\\\\\\\"'\\x01\\x1f\\x7f\\x85\xc2\xa0\"}}\n");
	becomes("{\"Item\":{\"null\":{\"S\":\"\"},\"true\":{\"S\":\"\"},\"$10\":{\"S\":\"\"},\"$a\":{\"S\":\"\"},\"$\":"
		"{\"S\":\"\"},"
		"\"1a\":{\"S\":\"\"},\"it's\":{\"S\":\"\"},\"\xc3\xa9\":{\"S\":\"\"}}}\n",
		"$ion_1_0 "
		"{Item:{'null':\"\",'true':\"\",'$10':\"\",$a:\"\",$:\"\",'1a':\"\",'it\\'s':\"\",'\xc3\xa9':\"\"}}\n");
	becomes("{\"Item\":{\"a\":{\"S\":\"1\"}}}\n{\"Item\":{\"a\":{\"S\":\"2\"}}}\n",
		"$ion_1_0 {Item:{a:\"1\"}}\n$ion_1_0 {Item:{a:\"2\"}}\n");
	becomes("", "");
	json_parser_free(parser);
	return tap_done();
}
