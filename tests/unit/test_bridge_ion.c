/* Ion lines through the real bridge: known answers, what is refused, the generator's own Ion against its JSON by item
 * digest, and lines mutated at random, of which none may crash, hang or go unsaid. Argument: [seed]. */
#include <time.h>

#include "bridge/read.h"
#include "generators/incremental_writer.h"
#include "generators/ion_writer.h"
#include "tests/support/digest_fixture.h"
#include "tests/support/workload.h"

static struct bridge_ion *ion;
static struct error error;
static uint64_t fault_at;

/* The JSON, or NULL. */
static const char *translated(struct slice line, struct slice *json)
{
	const char *text = NULL;
	uint64_t size = 0;
	error = (struct error){0};
	fault_at = 0;
	if (bridge_ion_line(ion, line.data, line.size, &text, &size, &fault_at, &error) != 0)
		return NULL;
	*json = (struct slice){text, (size_t)size};
	return text;
}

static void becomes(const char *line, const char *want)
{
	struct slice json = {NULL, 0};
	bool right = translated(slice_from(line), &json) != NULL && slice_is(json, want);
	ok(right, "%s", line);
	if (!right)
		printf("# gave %.*s%s\n", (int)json.size, json.size > 0 ? json.data : "", error.message);
}

static void is_refused(const char *line, uint64_t at, const char *message_part)
{
	struct slice json = {NULL, 0};
	bool right = translated(slice_from(line), &json) == NULL && error.code == ERROR_DATA && fault_at == at &&
		     strstr(error.message, message_part) != NULL;
	ok(right, "refused at %d: %.60s", (int)at, line);
	if (!right)
		printf("# gave %.*s%s at %d\n", (int)json.size, json.size > 0 ? json.data : "", error.message,
		       (int)fault_at);
}

static void test_values(void)
{
	becomes("$ion_1_0 {Item:{id:\"a\",n:1.5,k:6d2,z:103.,b:{{AAEC}},ok:true,no:false,none:null}}",
		"{\"Item\":{\"id\":{\"S\":\"a\"},\"n\":{\"N\":\"1.5\"},\"k\":{\"N\":\"600\"},\"z\":{\"N\":\"103\"},"
		"\"b\":{\"B\":\"AAEC\"},\"ok\":{\"BOOL\":true},\"no\":{\"BOOL\":false},\"none\":{\"NULL\":true}}}");
	becomes("$ion_1_0 "
		"{Item:{t:$dynamodb_SS::[\"x\",\"y\"],n:$dynamodb_NS::[1.,25d-9],b:'$dynamodb_BS'::[{{AA==}},{{}}]}}",
		"{\"Item\":{\"t\":{\"SS\":[\"x\",\"y\"]},\"n\":{\"NS\":[\"1\",\"0.000000025\"]},"
		"\"b\":{\"BS\":[\"AA==\",\"\"]}}}");
	becomes("  $ion_1_0 {Item:{'my-key':{l:[1.,\"q\",{},[]]}}} ",
		"{\"Item\":{\"my-key\":{\"M\":{\"l\":{\"L\":[{\"N\":\"1\"},{\"S\":\"q\"},{\"M\":{}},{\"L\":[]}]}}}}}");
	becomes("{Item:{a:1}}", "{\"Item\":{\"a\":{\"N\":\"1\"}}}");
	becomes("$ion_1_0 "
		"{Record:{Keys:{pk:\"a\"},Metadata:{WriteTimestampMicros:1684374845117899.},NewImage:{pk:\"a\"}}}",
		"{\"Keys\":{\"pk\":{\"S\":\"a\"}},\"Metadata\":{\"WriteTimestampMicros\":{\"N\":\"1684374845117899\"}},"
		"\"NewImage\":{\"pk\":{\"S\":\"a\"}}}");
	becomes("$ion_1_0 {Keys:{pk:\"a\"},Metadata:{WriteTimestampMicros:1684374845117899}}",
		"{\"Keys\":{\"pk\":{\"S\":\"a\"}},\"Metadata\":{\"WriteTimestampMicros\":{\"N\":\"1684374845117899\"}}"
		"}");
	becomes("{Item:{a:1.,a:2.}}", "{\"Item\":{\"a\":{\"N\":\"1\"},\"a\":{\"N\":\"2\"}}}");
	becomes("{Item:{Record:{a:1.}}}", "{\"Item\":{\"Record\":{\"M\":{\"a\":{\"N\":\"1\"}}}}}");
	becomes("", "");
	becomes(" \t\r", "");
	becomes("$ion_1_0", "");
	becomes("$ion_1_0 $ion_1_0 {Item:{a:1.}}", "{\"Item\":{\"a\":{\"N\":\"1\"}}}");
}

static void test_texts(void)
{
	becomes("{Item:{a:\"\\x41\\u00e9\\U0001F600\\0\\a\\\"\\/\\n\\\\ \\'\"}}",
		"{\"Item\":{\"a\":{\"S\":\"A\xc3\xa9\xf0\x9f\x98\x80\\u0000\\u0007\\\"/\\u000a\\\\ '\"}}}");
	becomes("{Item:{a:\"\\ud83d\\ude00 {[(/*//\"}}", "{\"Item\":{\"a\":{\"S\":\"\xf0\x9f\x98\x80 {[(/*//\"}}}");
	becomes("{Item:{'a b\\'c\\\\':\"x\",\"q\":\"\",a:'''long ' ''' '''two'''}}",
		"{\"Item\":{\"a b'c\\\\\":{\"S\":\"x\"},\"q\":{\"S\":\"\"},\"a\":{\"S\":\"long ' two\"}}}");
	becomes("{Item:{b:{{ AA EC }}}}", "{\"Item\":{\"b\":{\"B\":\"AAEC\"}}}");
	is_refused("{Item:{a:\"\\ud800\"}}", 0, "surrogate");
	is_refused("{Item:{a:\"\xff\"}}", 10, "invalid UTF-8");
	is_refused("{Item:{a:\"abc", 9, "ends inside what is quoted");
	is_refused("{Item:{a:\"abc\\", 9, "ends inside what is quoted");
	is_refused("{Item:{a:'''abc'", 9, "ends inside what is quoted");
	is_refused("{Item:{a:{{AAE", 9, "ends inside this blob");
	is_refused("{Item:{a:{{\"clob\"}}}}", 11, "clob");
}

static void test_numbers(void)
{
	char line[400], want[400];
	becomes("{Item:{a:-0.,b:0d55,c:-0.00012300,d:1.20d2,e:1_000.,f:7d-3,g:12d1,h:-3.25}}",
		"{\"Item\":{\"a\":{\"N\":\"0\"},\"b\":{\"N\":\"0\"},\"c\":{\"N\":\"-0.000123\"},\"d\":{\"N\":\"120\"},"
		"\"e\":{\"N\":\"1000\"},\"f\":{\"N\":\"0.007\"},\"g\":{\"N\":\"120\"},\"h\":{\"N\":\"-3.25\"}}}");
	(void)snprintf(want, sizeof(want), "{\"Item\":{\"a\":{\"N\":\"0.%0129d1\"}}}", 0);
	becomes("{Item:{a:1d-130}}", want);
	(void)snprintf(want, sizeof(want), "{\"Item\":{\"a\":{\"N\":\"99999999999999999999999999999999999999%088d\"}}}",
		       0);
	becomes("{Item:{a:99999999999999999999999999999999999999d88}}", want);
	(void)snprintf(line, sizeof(line), "{Item:{a:1%0100d.}}", 0);
	(void)snprintf(want, sizeof(want), "{\"Item\":{\"a\":{\"N\":\"1%0100d\"}}}", 0);
	becomes(line, want);
	is_refused("{Item:{a:1d126}}", 0, "outside of DynamoDB's range");
	is_refused("{Item:{a:1d-131}}", 0, "outside of DynamoDB's range");
	is_refused("{Item:{a:1d999999999}}", 0, "outside of DynamoDB's range");
	is_refused("{Item:{a:-1d-999999999}}", 0, "outside of DynamoDB's range");
	is_refused("{Item:{a:123456789012345678901234567890123456789.}}", 0, "more digits");
	(void)snprintf(line, sizeof(line), "{Item:{a:1%0301d.}}", 0);
	is_refused(line, 9, "more digits");
	is_refused("{Item:{a:1e5}}", 0, "a type that no export has");
	is_refused("{Item:{a:nan}}", 0, "a type that no export has");
}

static void test_refusals(void)
{
	char deep[300];
	is_refused("{Item:{a:2020-01-01T}}", 0, "a type that no export has");
	is_refused("{Item:{a:null.string}}", 0, "a type that no export has");
	is_refused("{Item:{a:symbol}}", 0, "a type that no export has");
	is_refused("{Item:{a:(1 2)}}", 9, "s-expression");
	is_refused("{Item:{a:1./*c*/}}", 11, "comment");
	is_refused("{Item:{a:other::1.}}", 0, "annotation");
	is_refused("{Item:{a:$dynamodb_SS::other::[]}}", 0, "annotation");
	is_refused("{Item:{a:$dynamodb_SS::1.}}", 0, "annotation");
	is_refused("{Item:{a:$dynamodb_SS::[\"a\",1.]}}", 0, "another type than its set's");
	is_refused("{Item:{a:$dynamodb_NS::[$dynamodb_SS::[]]}}", 0, "another type than its set's");
	is_refused("{Item:{$10:1.}}", 0, "$10");
	is_refused("$ion_1_1 {Item:{a:1.}}", 0, "no struct of Ion 1.0 text");
	is_refused("$ion_1_00 {Item:{a:1.}}", 0, "not the version marker");
	is_refused("$ion_symbol_table::{symbols:[\"a\"]}", 0, "no struct of Ion 1.0 text");
	is_refused("\"Item\"", 0, "no struct of Ion 1.0 text");
	is_refused("{{AAAA}}", 0, "no struct of Ion 1.0 text");
	is_refused("{Item:{a:1.}} {Item:{a:1.}}", 14, "something follows");
	is_refused("{Item:{a:[1.,2.}}", 15, "closes another kind");
	is_refused("{Item:{a:1.}", 12, "ends inside the record");
	is_refused("{Item:{a:1. b:2.}}", 0, "");
	memset(deep, '[', sizeof(deep));
	memcpy(deep, "{Item:{a:", 9);
	deep[299] = '\0';
	is_refused(deep, 47, "nested deeper");
}

/* ---- the generator's Ion against its JSON ---- */

/* Whether the digests of both images are the same. */
static bool same_image(struct fixture *fixture, struct fixture *other, uint32_t index, uint32_t other_index)
{
	struct image_digest a, b;
	struct digest_fault fault = {0};
	bool right = digest_image(fixture->scratch, fixture->tokens, index, &a, &fault) &&
		     digest_image(other->scratch, other->tokens, other_index, &b, &fault) && a.item[0] == b.item[0] &&
		     a.item[1] == b.item[1] && a.row == b.row && a.flags == b.flags;
	if (!right)
		printf("# %s %s\n", fault.reason != NULL ? fault.reason : "digests differ", fault.detail);
	return right;
}

static bool parse_line(struct fixture *fixture, struct slice line)
{
	char *text = strndup(line.data, line.size);
	bool parsed = text != NULL && strlen(text) == line.size && parse(fixture, text);
	free(text);
	return parsed;
}

/* Lines of JSON to Ion and back. Counts the images that are the same, and those that are not. */
static void compare(struct fixture *fixture, struct fixture *other, const struct buffer *lines, struct buffer *text,
		    uint64_t *same, uint64_t *wrong)
{
	static const char *const members[] = {"Item", "Keys", "OldImage", "NewImage", "Metadata"};
	const char *json_at = lines->data, *ion_at = text->data;
	while (json_at < lines->data + lines->size) {
		struct slice json = {json_at, strcspn(json_at, "\n")}, line = {ion_at, strcspn(ion_at, "\n")}, back;
		json_at += json.size + 1;
		ion_at += line.size + 1;
		bool read = translated(line, &back) != NULL && parse_line(fixture, json) && parse_line(other, back);
		if (!read)
			printf("# %s\n# of %.*s\n", error.message, (int)line.size, line.data);
		*wrong += !read;
		for (size_t i = 0; i < 5 && read; i++) {
			uint32_t index = json_member(fixture->tokens, 0, members[i]);
			uint32_t other_index = json_member(other->tokens, 0, members[i]);
			bool equal = (index == 0) == (other_index == 0) &&
				     (index == 0 || same_image(fixture, other, index, other_index));
			*same += equal && index != 0;
			*wrong += !equal;
		}
	}
}

static void write_lines(const struct model *model, const struct history *history, struct buffer *lines)
{
	struct net_change *changes = malloc(model->slots_max * sizeof(*changes));
	const struct increment increment = {.from_us = 0, .to_us = INT64_MAX, .with_old = true, .changes = changes};
	uint64_t size;
	if (changes == NULL)
		abort();
	increment_collect(model, history, 0, INT64_MAX, changes);
	for (uint64_t item = 0; item < history->born; item++) {
		buffer_append_text(lines, "{\"Item\":");
		if (model_image(model, item, model_version_after(model, 0, model->config.start_us), lines, &size) != 0)
			abort();
		buffer_append_text(lines, "}\n");
		if (changes[item].time_us != 0 && increment_line(model, &increment, item, lines, &size) != 0)
			abort();
	}
	free(changes);
}

static void test_twins(struct fixture *fixture, struct fixture *other, struct buffer *ion_lines)
{
	static const char *const presets[] = {"orders", "kitchen-sink", "single-table", "wide"};
	for (size_t i = 0; i < sizeof(presets) / sizeof(presets[0]); i++) {
		struct generator_options options;
		struct model model;
		struct history history = {0};
		struct buffer lines;
		uint64_t same = 0, wrong = 0;
		test_workload(&options, presets[i]);
		options.model.items = 300;
		options.model.changes = 300;
		options.model.wild = i == 1;
		buffer_init(&lines, (size_t)256 << 20);
		ion_lines->size = 0;
		if (model_init(&model, &options.model, &error) != 0 || history_run(&model, &history, &error) != 0)
			abort();
		write_lines(&model, &history, &lines);
		if (buffer_reserve(&lines, JSON_PADDING) != 0 ||
		    ion_write_lines(fixture->parser, buffer_slice(&lines), ion_lines, &error) != 0 ||
		    buffer_reserve(ion_lines, 1) != 0)
			abort();
		lines.data[lines.size] = ion_lines->data[ion_lines->size] = '\0';
		compare(fixture, other, &lines, ion_lines, &same, &wrong);
		ok(wrong == 0 && same > 600, "%s: %d images have the digests of their twins in JSON", presets[i],
		   (int)same);
		history_release(&history);
		buffer_release(&lines);
	}
}

/* ---- mutations ---- */

static size_t mutate(struct prng *prng, struct slice line, char *text, size_t capacity)
{
	static const char *const pieces[] = {"{",
					     "}",
					     "[",
					     "]",
					     "{{",
					     "}}",
					     "\"",
					     "'",
					     "'''",
					     "\\",
					     "::",
					     "$ion_1_1 ",
					     "$10",
					     "1d999999999",
					     "null.struct",
					     "(",
					     "/*",
					     "//",
					     "$ion_symbol_table::",
					     "-",
					     "_",
					     "\\ud800",
					     "\xff",
					     "\x80",
					     "2020-01-01T",
					     "nan",
					     "+inf",
					     "0x1f",
					     ",",
					     ":"};
	size_t size = line.size < capacity - 200 ? line.size : capacity - 200;
	memcpy(text, line.data, size);
	for (uint64_t i = prng_below(prng, 4) + 1; i > 0 && size > 0; i--) {
		size_t at = (size_t)prng_below(prng, size);
		const char *piece = pieces[prng_below(prng, sizeof(pieces) / sizeof(pieces[0]))];
		size_t span = (size_t)prng_below(prng, size - at < 60 ? size - at : 60);
		switch (prng_below(prng, 5)) {
		case 0:
			text[at] = (char)prng_below(prng, 256);
			break;
		case 1:
			memmove(text + at, text + at + span, size - at - span);
			size -= span;
			break;
		case 2:
			size = at;
			break;
		case 3: /* a part again */
			if (size + span < capacity) {
				memmove(text + at + span, text + at, size - at);
				size += span;
			}
			break;
		default:
			if (size + strlen(piece) < capacity) {
				memmove(text + at + strlen(piece), text + at, size - at);
				memcpy(text + at, piece, strlen(piece));
				size += strlen(piece);
			}
		}
	}
	return size;
}

static double seconds(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void test_mutations(uint64_t seed, struct fixture *fixture, const struct buffer *lines)
{
	enum { ROUNDS = 30000, LINE_MAX_BYTES = 20000, OFFSETS = 100000 };
	struct prng prng;
	char *text = malloc(LINE_MAX_BYTES);
	uint64_t accepted = 0, refused = 0, wrong = 0;
	double slowest = 0;
	prng_init(&prng, seed);
	for (int i = 0; i < ROUNDS && text != NULL; i++) {
		const char *at = lines->data + prng_below(&prng, lines->size);
		while (at > lines->data && at[-1] != '\n')
			at--;
		struct slice line = {at, strcspn(at, "\n")}, json = {NULL, 0};
		size_t size = mutate(&prng, line, text, LINE_MAX_BYTES);
		double begin = seconds();
		bool whole = translated((struct slice){text, size}, &json) != NULL;
		double took = seconds() - begin;
		slowest = took > slowest ? took : slowest;
		const struct json_token *tokens;
		struct json_failure failure;
		size_t count;
		accepted += whole;
		refused += !whole;
		bool right = whole ? json.size == 0 || json_parse(fixture->parser, json, &tokens, &count, &failure)
				   : error.code == ERROR_DATA && error.message[0] != '\0' && fault_at <= size;
		if (!right && wrong++ < 3)
			printf("# %s: %.*s\n", error.message, (int)size, text);
	}
	printf("# %d accepted, %d refused, the slowest took %.1f ms\n", (int)accepted, (int)refused, slowest * 1000);
	ok(wrong == 0 && accepted > 0 && refused > 0, "%d mutated lines: JSON or a named error, each time", ROUNDS);
	ok(slowest < 2, "and none takes long");
	free(text);
}

/* Much of what a line may hold, and of what it may not. */
static void test_large(void)
{
	struct buffer line;
	struct slice json;
	buffer_init(&line, (size_t)64 << 20);
	buffer_append_text(&line, "{Item:{a:[");
	for (int i = 0; i < 400000; i++)
		buffer_append_text(&line, "1.,");
	buffer_append_text(&line, "]}}");
	ok(translated(buffer_slice(&line), &json) != NULL && json.size > 400000 * 9, "400,000 values in one item");
	line.size = 0;
	buffer_append_text(&line, "{Item:{a:[");
	for (int i = 0; i < 2000000; i++)
		buffer_append_text(&line, "1.,");
	buffer_append_text(&line, "]}}");
	ok(translated(buffer_slice(&line), &json) == NULL && strstr(error.message, "more values") != NULL,
	   "more than an item can have are refused before they are parsed");
	line.size = 0;
	buffer_append_text(&line, "{Item:{a:\"");
	for (int i = 0; i < 3000000; i++)
		buffer_append_text(&line, "\\x01");
	buffer_append_text(&line, "\"}}");
	ok(translated(buffer_slice(&line), &json) == NULL && strstr(error.message, "larger than 16 MB") != NULL,
	   "JSON of more than 16 MB is refused");
	buffer_release(&line);
}

int main(int argc, char **argv)
{
	struct fixture fixture, other;
	struct buffer lines;
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	printf("# seed %llu\n", (unsigned long long)seed);
	if (bridge_ion_new(&ion, &error) != 0 || !open_fixture(&fixture, "", "", NULL) ||
	    !open_fixture(&other, "", "", NULL))
		return 1;
	buffer_init(&lines, (size_t)256 << 20);
	test_values();
	test_texts();
	test_numbers();
	test_refusals();
	test_twins(&fixture, &other, &lines);
	test_mutations(seed, &fixture, &lines);
	test_large();
	buffer_release(&lines);
	close_fixture(&fixture);
	close_fixture(&other);
	bridge_ion_free(ion);
	return tap_done();
}
