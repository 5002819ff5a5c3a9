#include "harness/verb.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

enum { OPTIONS_MAX = 64 };

bool verb_quiet;
bool verb_help;

/* One parse: which options were already given, and the operands found so far at the front of argv. */
struct parse {
	const struct verb *verb;
	void *options;
	uint64_t seen;
	bool quiet_seen;
	int operand_count;
	char **operands;
	struct error *error;
};

static size_t smallest(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t verb_distance(const char *a, const char *b)
{
	size_t size_a = strlen(a), size_b = strlen(b);
	if (size_a > VERB_NAME_MAX || size_b > VERB_NAME_MAX)
		return size_a > size_b ? size_a : size_b;
	size_t rows[3][VERB_NAME_MAX + 1]; /* the present row of the table and the two before it */
	for (size_t j = 0; j <= size_b; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= size_a; i++) {
		size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *above_that = rows[(i + 1) % 3];
		row[0] = i;
		for (size_t j = 1; j <= size_b; j++) {
			row[j] = smallest(above[j], row[j - 1]) + 1;
			row[j] = smallest(row[j], above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = smallest(row[j], above_that[j - 2] + 1);
		}
	}
	return rows[size_a % 3][size_b];
}

size_t verb_distance_max(const char *name)
{
	size_t size = strlen(name);
	return size < 3 ? 1 : size / 3 + 1;
}

static int unknown_option(struct parse *parse, struct slice name)
{
	char text[VERB_NAME_MAX + 1];
	(void)snprintf(text, sizeof(text), "%.*s", (int)smallest(name.size, VERB_NAME_MAX), name.data);
	const char *nearest = NULL;
	size_t best = verb_distance_max(text) + 1;
	const struct option_spec standard[] = {{.name = "help"}, {.name = "quiet"}, {.name = NULL}};
	const struct option_spec *lists[] = {parse->verb->options, standard};
	for (size_t list = 0; list < 2; list++) {
		for (const struct option_spec *spec = lists[list]; spec != NULL && spec->name != NULL; spec++) {
			size_t distance = verb_distance(text, spec->name);
			if (distance < best) {
				best = distance;
				nearest = spec->name;
			}
		}
	}
	if (nearest != NULL)
		return error_set(parse->error, ERROR_USAGE, "unknown option '--%s'; did you mean '--%s'?", text,
				 nearest);
	return error_set(parse->error, ERROR_USAGE, "unknown option '--%s'; `lakeproof help %s` lists them", text,
			 parse->verb->name);
}

/* Digits, scaled by the suffix that follows them. No option takes a negative number. */
static bool parse_scaled(const char *text, bool binary, int64_t *value)
{
	static const struct {
		const char *suffix;
		int64_t factor;
		bool binary;
	} units[] = {
		{"", 1, false},
		{"k", 1000, false},
		{"M", 1000 * 1000, false},
		{"G", 1000 * 1000 * 1000, false},
		{"KiB", INT64_C(1) << 10, true},
		{"MiB", INT64_C(1) << 20, true},
		{"GiB", INT64_C(1) << 30, true},
	};
	const char *at = text;
	if (*at < '0' || *at > '9')
		return false;
	int64_t number = 0;
	for (; *at >= '0' && *at <= '9'; at++) {
		if (__builtin_mul_overflow(number, 10, &number) || __builtin_add_overflow(number, *at - '0', &number))
			return false;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(at, units[i].suffix) == 0 && (binary || !units[i].binary))
			return !__builtin_mul_overflow(number, units[i].factor, value);
	}
	return false;
}

static bool is_choice(const char *choices, const char *value)
{
	size_t size = strlen(value);
	for (const char *at = choices; size > 0; at++) {
		const char *end = strchrnul(at, '|');
		if ((size_t)(end - at) == size && memcmp(at, value, size) == 0)
			return true;
		if (*end == '\0')
			return false;
		at = end;
	}
	return false;
}

static int bad_value(struct parse *parse, const struct option_spec *spec, const char *value, const char *wanted)
{
	return error_set(parse->error, ERROR_USAGE, "'%s' is no value for --%s; it takes %s", value, spec->name,
			 wanted);
}

/* Fields are set through memcpy, as offsetof gives no typed pointer. */
static int set_value(struct parse *parse, const struct option_spec *spec, const char *value)
{
	char *field = (char *)parse->options + spec->target;
	int64_t number = 0;
	switch (spec->kind) {
	case OPTION_FLAG:
		memcpy(field, &(bool){true}, sizeof(bool));
		return 0;
	case OPTION_CHOICE:
		if (!is_choice(spec->choices, value))
			return bad_value(parse, spec, value, spec->choices);
		memcpy(field, &value, sizeof(value));
		return 0;
	case OPTION_TEXT:
		memcpy(field, &value, sizeof(value));
		return 0;
	case OPTION_NUMBER:
		if (!parse_scaled(value, false, &number))
			return bad_value(parse, spec, value, "a whole number such as 500, 10k or 2M");
		break;
	case OPTION_SIZE:
		if (!parse_scaled(value, true, &number))
			return bad_value(parse, spec, value, "a size in bytes such as 4096, 64KiB or 16MiB");
		break;
	case OPTION_DURATION:
		if (!clock_parse_duration(slice_from(value), &number))
			return bad_value(parse, spec, value, "a duration such as 30s, 15m, 1h or 90d");
		break;
	}
	memcpy(field, &number, sizeof(number));
	return 0;
}

static int repeated(struct parse *parse, const char *name)
{
	return error_set(parse->error, ERROR_USAGE, "option '--%s' is given twice; give it once", name);
}

/* argv[*at] is an option: sets it and moves *at past its value, if that is the next argument. */
static int take_option(struct parse *parse, int argc, char **argv, int *at)
{
	const char *text = argv[*at] + 2;
	const char *equals = strchrnul(text, '=');
	struct slice name = {text, (size_t)(equals - text)};
	const char *value = *equals == '=' ? equals + 1 : NULL;
	if (slice_is(name, "quiet") && value == NULL) {
		if (parse->quiet_seen)
			return repeated(parse, "quiet");
		parse->quiet_seen = true;
		verb_quiet = true;
		return 0;
	}
	const struct option_spec *spec = parse->verb->options;
	while (spec != NULL && spec->name != NULL && !slice_is(name, spec->name))
		spec++;
	if (spec == NULL || spec->name == NULL)
		return unknown_option(parse, name);
	uint64_t bit = UINT64_C(1) << (spec - parse->verb->options);
	assert(spec - parse->verb->options < OPTIONS_MAX);
	if ((parse->seen & bit) != 0)
		return repeated(parse, spec->name);
	parse->seen |= bit;
	if (spec->kind == OPTION_FLAG && value != NULL)
		return error_set(parse->error, ERROR_USAGE, "option '--%s' takes no value", spec->name);
	if (spec->kind != OPTION_FLAG && value == NULL) {
		if (*at + 1 >= argc)
			return error_set(parse->error, ERROR_USAGE, "option '--%s' needs a value: --%s %s", spec->name,
					 spec->name, spec->argument);
		value = argv[++*at];
	}
	return set_value(parse, spec, value);
}

void verb_append_argument(struct buffer *line, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,%@";
	bool quote = text[0] == '\0' || text[strspn(text, plain)] != '\0';
	buffer_append_text(line, quote ? "'" : "");
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			buffer_append_text(line, "'\\'");
		buffer_append_byte(line, *text);
	}
	buffer_append_text(line, quote ? "'" : "");
}

static int check_operands(const struct parse *parse)
{
	const struct verb *verb = parse->verb;
	const char *usage = verb->usage != NULL ? verb->usage : "";
	if (parse->operand_count < verb->operands_min)
		return error_set(parse->error, ERROR_USAGE, "too few operands; usage: lakeproof %s [OPTIONS] %s",
				 verb->name, usage);
	if (parse->operand_count > verb->operands_max)
		return error_set(parse->error, ERROR_USAGE, "unexpected operand '%s'; usage: lakeproof %s [OPTIONS] %s",
				 parse->operands[verb->operands_max], verb->name, usage);
	return 0;
}

int verb_parse(const struct verb *verb, int argc, char **argv, void *options, int *operand_count, char ***operands,
	       struct error *error)
{
	struct parse parse = {.verb = verb, .options = options, .operands = argv, .error = error};
	if (options != NULL && verb->options_size > 0)
		memset(options, 0, verb->options_size);
	if (verb->defaults != NULL)
		verb->defaults(options);
	verb_help = false;
	verb_quiet = false;
	bool options_ended = false;
	for (int i = 0; i < argc; i++) {
		if (options_ended || argv[i][0] != '-' || argv[i][1] == '\0') {
			argv[parse.operand_count++] = argv[i];
		} else if (strcmp(argv[i], "--") == 0) {
			options_ended = true;
		} else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			/* Nothing else matters then, not even what is wrong with it. */
			verb_help = true;
			*operand_count = 0;
			*operands = argv;
			return 0;
		} else if (argv[i][1] != '-') {
			return error_set(error, ERROR_USAGE, "unknown option '%s'; options begin with two dashes",
					 argv[i]);
		} else {
			int code = take_option(&parse, argc, argv, &i);
			if (code != 0)
				return code;
		}
	}
	*operand_count = parse.operand_count;
	*operands = argv;
	return check_operands(&parse);
}

bool verb_colour(void)
{
	const char *no_colour = getenv("NO_COLOR");
	return isatty(STDOUT_FILENO) == 1 && (no_colour == NULL || no_colour[0] == '\0');
}
