/* A table of keys on its own: what each kind of value becomes, what is refused and where, and how a table documents
 * itself. The contract's and the workload's tests hold it to files of their own. */
#include <stdlib.h>

#include "base/schema.h"
#include "tests/tap.h"

struct inner {
	int64_t number;
};

struct target {
	const char *text;
	bool flag;
	int64_t number, time_us, duration_us, doubled;
	bool has_time;
	int choice;
	const char **words;
	uint32_t word_count;
	struct inner *inner;
	uint32_t inner_count;
};

/* A kind of the test's own. */
static int read_doubled(struct schema_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target)
{
	const char *text;
	int code = schema_text(loader, node, key->name, &text);
	int64_t value = code == 0 ? strtoll(text, NULL, 10) * 2 : 0;
	if (code == 0)
		memcpy((char *)target + key->offset, &value, sizeof(value));
	return code;
}

static const struct schema_type doubled = {"number to double", "\"type\": \"integer\"", read_doubled};

static const struct schema_map inner_schema = {
	.keys = (const struct schema_key[]){{"number", SCHEMA_INTEGER, .required = true,
					     .offset = offsetof(struct inner, number), .min = 1, .max = 9,
					     .help = "of one entry"},
					    {NULL, 0, .offset = 0}},
};

static const struct schema_map schema = {
	.keys = (const struct schema_key[]){{"text", SCHEMA_TEXT, .required = true,
					     .offset = offsetof(struct target, text), .help = "words"},
					    {"flag", SCHEMA_BOOLEAN, .offset = offsetof(struct target, flag),
					     .help = "yes or no"},
					    {"number", SCHEMA_INTEGER, .offset = offsetof(struct target, number),
					     .min = -5, .max = 500, .fallback = "7", .help = "how many"},
					    {"time", SCHEMA_TIME, .offset = offsetof(struct target, time_us),
					     .also = offsetof(struct target, has_time), .help = "when"},
					    {"duration", SCHEMA_DURATION,
					     .offset = offsetof(struct target, duration_us), .help = "how long"},
					    {"choice", SCHEMA_CHOICE, .offset = offsetof(struct target, choice),
					     .choices = "a|b|c", .min = 10, .help = "which"},
					    {"words", SCHEMA_TEXTS, .offset = offsetof(struct target, words),
					     .also = offsetof(struct target, word_count), .help = "several"},
					    {"inner", SCHEMA_LIST, .offset = offsetof(struct target, inner),
					     .also = offsetof(struct target, inner_count), .min = 1, .max = 2,
					     .map = &inner_schema, .element_size = sizeof(struct inner),
					     .help = "entries"},
					    {"doubled", SCHEMA_OTHER, .type = &doubled,
					     .offset = offsetof(struct target, doubled), .help = "twice"},
					    {"later", SCHEMA_LATER, .help = "not yet"},
					    {NULL, 0, .offset = 0}},
};

static int parse(const char *yaml, struct arena *arena, struct target *target, struct error *error)
{
	struct schema_loader loader = {.arena = arena, .path = "f.yaml", .what = "test", .error = error};
	*error = (struct error){0};
	return schema_parse(&loader, &schema, slice_from(yaml), target);
}

static void refuses(const char *yaml, const char *message)
{
	struct arena arena;
	struct target target = {0};
	struct error error;
	arena_init(&arena, 1 << 20);
	if (parse(yaml, &arena, &target, &error) == ERROR_USAGE)
		is_text(error.message, message, "refused");
	else
		ok(false, "refused: %s", message);
	arena_release(&arena);
}

static void test_values(void)
{
	struct arena arena;
	struct target target = {.number = 7, .choice = -1};
	struct error error;

	arena_init(&arena, 1 << 20);
	setenv("SCHEMA_TEST", "there", 1);
	int code =
		parse("text: \"${SCHEMA_TEST} and $${here}\"\nflag: true\ntime: 2026-01-02T03:04:05Z\nduration: 15m\n"
		      "choice: b\nwords: [x, y]\ninner: [{number: 3}, {number: 4}]\ndoubled: 21\n",
		      &arena, &target, &error);
	ok(code == 0, "a file with every kind of value loads");
	if (code == 0) {
		is_text(target.text, "there and ${here}", "variables are replaced, and can be written");
		ok(target.flag && target.has_time && target.duration_us == INT64_C(900000000) && target.choice == 11,
		   "values go where the table says");
		ok(target.word_count == 2 && strcmp(target.words[1], "y") == 0 && target.inner_count == 2 &&
			   target.inner[1].number == 4,
		   "so do lists");
		is_int(target.doubled, 42, "a kind of the caller's own reads itself");
		is_int(target.number, 7, "what the file leaves out stays the caller's");
	}
	arena_release(&arena);
}

static void test_refusals(void)
{
	refuses("", "f.yaml:1:1: the test is empty");
	refuses("flag: true\n", "f.yaml:1:1: key 'text' is missing");
	refuses("text: a\nnumbre: 5\n", "f.yaml:2:1: unknown key 'numbre', did you mean 'number'");
	refuses("text: a\ntext: b\n", "f.yaml:2:1: key 'text' is there twice, first on line 1");
	refuses("text: a\nnumber: 501\n", "f.yaml:2:9: 'number' must be a whole number from -5 to 500, not '501'");
	refuses("text: a\nchoice: d\n", "f.yaml:2:9: 'choice' must be a, b or c, not 'd'");
	refuses("text: a\ninner: []\n", "f.yaml:2:8: 'inner' must have 1 to 2 entries, not 0");
	refuses("text: a\nlater: 1\n", "f.yaml:2:1: 'later' is not supported yet");
	refuses("text: a\n---\ntext: b\n", "f.yaml:3:1: a second YAML document follows the test");
}

static void test_documents(void)
{
	struct buffer text;

	buffer_init(&text, 1 << 20);
	bool done = schema_write_markdown(&schema, "the test", &text) == 0 && buffer_append_byte(&text, '\0') == 0;
	ok(done && strstr(text.data, "### `the test`") != NULL &&
		   strstr(text.data, "| `number` | whole number from -5 | 7 | how many |") != NULL &&
		   strstr(text.data, "| `doubled` | number to double | – | twice |") != NULL &&
		   strstr(text.data, "### `inner[]`") != NULL && strstr(text.data, "later") == NULL,
	   "the table documents itself");
	text.size = 0;
	done = schema_write_json(&schema, "a test", &text) == 0 && buffer_append_byte(&text, '\0') == 0;
	ok(done && strstr(text.data, "\"title\": \"a test\"") != NULL &&
		   strstr(text.data, "\"doubled\": {\"description\": \"twice\", \"type\": \"integer\"}") != NULL,
	   "and writes a JSON Schema");
	buffer_release(&text);
}

int main(void)
{
	test_values();
	test_refusals();
	test_documents();
	return tap_done();
}
