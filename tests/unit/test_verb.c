#include "harness/verb.h"

#include <stdint.h>
#include <stdlib.h>

#include "tests/tap.h"

enum { ARGUMENTS_MAX = 16 };

struct sample {
	bool fast;
	const char *out;
	int64_t count;
	int64_t wait;
	int64_t size;
	const char *format;
};

static void set_defaults(void *options)
{
	struct sample *sample = options;
	sample->count = 7;
	sample->format = "text";
}

static const struct option_spec sample_options[] = {
	{"fast", OPTION_FLAG, offsetof(struct sample, fast), NULL, NULL, "go fast"},
	{"out", OPTION_TEXT, offsetof(struct sample, out), "FILE", NULL, "where to write"},
	{"count", OPTION_NUMBER, offsetof(struct sample, count), "N", NULL, "how many"},
	{"wait", OPTION_DURATION, offsetof(struct sample, wait), "TIME", NULL, "how long"},
	{"size", OPTION_SIZE, offsetof(struct sample, size), "BYTES", NULL, "how large"},
	{"format", OPTION_CHOICE, offsetof(struct sample, format), NULL, "text|json|tap|tap13", "in which form"},
	{.name = NULL},
};

static const struct verb sample_verb = {
	.name = "sample",
	.summary = "a verb for tests",
	.usage = "CONTRACT [KEY]",
	.options = sample_options,
	.options_size = sizeof(struct sample),
	.defaults = set_defaults,
	.operands_min = 1,
	.operands_max = 2,
};

static struct sample options;
static struct error error;
static int operand_count;
static char **operands;
static char line[256];
static char *arguments[ARGUMENTS_MAX];

/* Parses words separated by single spaces. */
static int parse(const char *words)
{
	int count = 0;
	(void)snprintf(line, sizeof(line), "%s", words);
	char *at = line;
	while (words[0] != '\0' && at != NULL && count < ARGUMENTS_MAX)
		arguments[count++] = strsep(&at, " ");
	error = (struct error){.code = 0};
	return verb_parse(&sample_verb, count, arguments, &options, &operand_count, &operands, &error);
}

static void test_values(void)
{
	is_int(parse("a.yaml"), 0, "an operand alone parses");
	is_int(options.count, 7, "defaults are set");
	ok(!options.fast && options.out == NULL && !verb_quiet && !verb_help, "what is not given is unset");
	is_int(parse("--fast a --out f.json b --count 12 --wait 15m --size 64KiB --format tap13"), 0,
	       "every kind parses");
	ok(options.fast, "a flag is set");
	is_text(options.out, "f.json", "a text is set");
	is_int(options.count, 12, "a number is set");
	is_int(options.wait, INT64_C(900) * 1000 * 1000, "a duration is set in microseconds");
	is_int(options.size, 65536, "a size is set in bytes");
	is_text(options.format, "tap13", "a choice is set");
	is_int(operand_count, 2, "operands between options are found");
	is_text(operands[0], "a", "the first operand comes first");
	is_text(operands[1], "b", "the second operand comes second");
	is_int(parse("--out=x=y a"), 0, "a value may follow '='");
	is_text(options.out, "x=y", "and itself hold '='");
	is_int(parse("--out= a"), 0, "and be empty");
	is_text(options.out, "", "an empty value is set");
	is_int(parse("--out --fast a"), 0, "a value may look like an option");
	ok(strcmp(options.out, "--fast") == 0 && !options.fast, "it is then no option");
	is_int(parse("-- --fast --out"), 0, "-- ends options");
	ok(operand_count == 2 && !options.fast, "what follows -- are operands");
	is_int(parse("- a"), 0, "a single dash is an operand");
	is_int(operand_count, 2, "and counts as one");
	is_int(parse("a --quiet"), 0, "--quiet is understood");
	ok(verb_quiet, "and sets verb_quiet");
	is_int(parse("--help --nonsense"), 0, "--help wins over everything");
	ok(verb_help, "and sets verb_help");
}

static void test_numbers(void)
{
	static const struct {
		const char *words;
		int64_t want;
	} good[] = {
		{"a --count 0", 0},
		{"a --count 10k", 10000},
		{"a --count 2M", 2000000},
		{"a --count 3G", INT64_C(3000000000)},
		{"a --count 9223372036854775807", INT64_MAX},
	};
	static const char *const bad[] = {
		"a --count x",
		"a --count ",
		"a --count 1x",
		"a --count 1K",
		"a --count 1.5",
		"a --count +1",
		"a --count 64KiB",
		"a --count 9223372036854775808",
		"a --count -",
		"a --count -5",
		"a --count 0x10",
		"a --size -1",
		"a --size 1KB",
		"a --size 8589934592GiB",
		"a --wait 5",
		"a --wait 5 minutes",
		"a --wait -1s",
		"a --wait 1h30m",
		"a --format xml",
		"a --format tap1",
		"a --format text|json",
		"a --format ",
	};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ok(parse(good[i].words) == 0 && options.count == good[i].want, "'%s' is a number", good[i].words);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(parse(bad[i]) == ERROR_USAGE && strstr(error.message, "is no value for --") != NULL,
		   "'%s' is refused", bad[i]);
}

static void test_refused(void)
{
	is_int(parse("a --fats"), ERROR_USAGE, "an unknown option is refused");
	is_text(error.message, "unknown option '--fats'; did you mean '--fast'?", "with the nearest match");
	is_int(parse("a --fromat json"), ERROR_USAGE, "two swapped letters");
	is_text(error.message, "unknown option '--fromat'; did you mean '--format'?", "are near");
	is_int(parse("a --quite"), ERROR_USAGE, "the options of every verb");
	is_text(error.message, "unknown option '--quite'; did you mean '--quiet'?", "are proposed too");
	is_int(parse("a --zzzzzz"), ERROR_USAGE, "an option unlike all others is refused");
	is_text(error.message, "unknown option '--zzzzzz'; `lakeproof help sample` lists them", "without a guess");
	is_int(parse("a --fas"), ERROR_USAGE, "a prefix is no option");
	is_int(parse("a --fast --fast"), ERROR_USAGE, "a repeated option is refused");
	is_text(error.message, "option '--fast' is given twice; give it once", "and named");
	is_int(parse("a --out x --out=x"), ERROR_USAGE, "in either spelling");
	is_int(parse("a --quiet --quiet"), ERROR_USAGE, "and so is --quiet");
	is_int(parse("a --fast=yes"), ERROR_USAGE, "a flag takes no value");
	is_int(parse("a --out"), ERROR_USAGE, "a missing value is refused");
	is_text(error.message, "option '--out' needs a value: --out FILE", "and the option's argument named");
	is_int(parse("a -f"), ERROR_USAGE, "there are no short options");
	is_int(parse(""), ERROR_USAGE, "too few operands are refused");
	is_text(error.message, "too few operands; usage: lakeproof sample [OPTIONS] CONTRACT [KEY]", "with the usage");
	is_int(parse("a b c"), ERROR_USAGE, "too many operands are refused");
	ok(strstr(error.message, "unexpected operand 'c'") != NULL, "and the first of them named");
}

static void test_distance(void)
{
	is_int(verb_distance("", ""), 0, "equal names are at distance 0");
	is_int(verb_distance("merge", "merge"), 0, "whatever their length");
	is_int(verb_distance("", "abc"), 3, "three letters more are at distance 3");
	is_int(verb_distance("abc", ""), 3, "three letters less too");
	is_int(verb_distance("merge", "mergr"), 1, "a replaced letter is at distance 1");
	is_int(verb_distance("merge", "emrge"), 1, "swapped neighbours are at distance 1");
	is_int(verb_distance("merge", "mege"), 1, "a letter left out is at distance 1");
	is_int(verb_distance("kitten", "sitting"), 3, "kitten and sitting are at distance 3");
	is_int(verb_distance("ca", "abc"), 3, "a swap is not edited further");
	char longest[VERB_NAME_MAX + 2];
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	is_int(verb_distance(longest, "a"), VERB_NAME_MAX + 1, "an overlong name is as far away as can be");
}

int main(void)
{
	test_values();
	test_numbers();
	test_refused();
	test_distance();
	return tap_done();
}
