/* verb_help - what the option tables say, as --help, as a man page and as a shell completion. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "harness/verb.h"

enum { HELP_COLUMN = 30, HELP_WIDTH = 80, HELP_MAX = 400 };

static const struct option_spec standard_options[] = {
	{.name = "quiet", .kind = OPTION_FLAG, .help = "no progress on stderr"},
	{.name = "help", .kind = OPTION_FLAG, .help = "this help"},
	{.name = NULL},
};

static const char *argument_of(const struct option_spec *spec)
{
	if (spec->kind == OPTION_FLAG)
		return "";
	return spec->kind == OPTION_CHOICE ? spec->choices : spec->argument;
}

/* The verb's options as they are when none is given; the caller's to free, NULL without any. */
static void *default_options(const struct verb *verb)
{
	void *options = verb->options_size > 0 && verb->defaults != NULL ? calloc(1, verb->options_size) : NULL;
	if (options != NULL)
		verb->defaults(options);
	return options;
}

static void format_duration(int64_t us, char text[40])
{
	const struct {
		const char *unit;
		int64_t us;
	} units[] = {{"h", 3600 * CLOCK_SECOND_US}, {"m", 60 * CLOCK_SECOND_US}, {"s", CLOCK_SECOND_US}, {"us", 1}};
	size_t i = 0;
	while (us % units[i].us != 0)
		i++;
	(void)snprintf(text, 40, "%" PRId64 "%s", us / units[i].us, units[i].unit);
}

/* An option's help and, unless the help tells it, its default; negative numbers and empty texts stand for none. */
static const char *help_of(const struct option_spec *spec, const void *defaults, char text[HELP_MAX])
{
	char number[40] = "";
	const char *value = number;
	int64_t whole = -1;
	if (defaults == NULL || spec->kind == OPTION_FLAG || strstr(spec->help, "(default") != NULL)
		return spec->help;
	const char *field = (const char *)defaults + spec->target;
	if (spec->kind == OPTION_TEXT || spec->kind == OPTION_CHOICE)
		memcpy(&value, field, sizeof value);
	else
		memcpy(&whole, field, sizeof whole);
	if (whole >= 0 && spec->kind == OPTION_DURATION)
		format_duration(whole, number);
	else if (whole >= 0)
		(void)snprintf(number, sizeof number, "%" PRId64, whole);
	if (value == NULL || value[0] == '\0')
		return spec->help;
	(void)snprintf(text, HELP_MAX, "%s (default: %s)", spec->help, value);
	return text;
}

/* Breaks between words, and before a default; what stands before is HELP_COLUMN wide. */
static void print_wrapped(const char *text)
{
	size_t width = HELP_COLUMN;
	while (*text != '\0') {
		size_t size = strncmp(text, "(default", 8) == 0 ? strlen(text) : strcspn(text, " ");
		if (width > HELP_COLUMN && width + 1 + size > HELP_WIDTH) {
			(void)printf("\n%*s", HELP_COLUMN, "");
			width = HELP_COLUMN;
		}
		width += (size_t)printf("%s%.*s", width > HELP_COLUMN ? " " : "", (int)size, text);
		text += size + strspn(text + size, " ");
	}
	(void)putchar('\n');
}

/* An option as it is given, of which `width` columns are behind; choices go on below their like when there are many. */
static int print_argument(const char *argument, int width)
{
	int indent = width;
	while (*argument != '\0') {
		size_t size = strcspn(argument, "|");
		size += argument[size] == '|';
		if (width > indent && width + (int)size > HELP_WIDTH) {
			(void)printf("\n%*s", indent, "");
			width = indent;
		}
		width += printf("%.*s", (int)size, argument);
		argument += size;
	}
	return width;
}

static void print_options(const struct option_spec *spec, const void *defaults)
{
	char text[HELP_MAX];
	for (; spec != NULL && spec->name != NULL; spec++) {
		const char *argument = argument_of(spec);
		int width = printf("  --%s%s", spec->name, *argument != '\0' ? " " : "");
		width = print_argument(argument, width);
		if (width > HELP_COLUMN - 2)
			(void)printf("\n%*s", HELP_COLUMN, "");
		else
			(void)printf("%*s", HELP_COLUMN - width, "");
		print_wrapped(help_of(spec, defaults, text));
	}
}

void verb_print_help(const struct verb *verb)
{
	void *defaults = default_options(verb);
	const char *usage = verb->usage != NULL ? verb->usage : "";
	(void)printf("lakeproof %s - %s\n\nusage: lakeproof %s [OPTIONS] %s\n\noptions:\n", verb->name, verb->summary,
		     verb->name, usage);
	print_options(verb->options, defaults);
	print_options(standard_options, NULL);
	free(defaults);
	if (verb->details != NULL)
		(void)printf("\n%s\n", verb->details);
}

/* Text for roff: a backslash and a dash are spelled out, and a line may not begin with a control character. */
static void print_roff(const char *text)
{
	bool line_start = true;
	for (; *text != '\0'; text++) {
		if (line_start && (*text == '.' || *text == '\''))
			(void)fputs("\\&", stdout);
		if (*text == '\\')
			(void)fputs("\\e", stdout);
		else if (*text == '-')
			(void)fputs("\\-", stdout);
		else
			(void)putchar(*text);
		line_start = *text == '\n';
	}
}

static void print_roff_options(const struct option_spec *spec, const void *defaults)
{
	char text[HELP_MAX];
	for (; spec != NULL && spec->name != NULL; spec++) {
		(void)printf(".TP\n\\fB\\-\\-");
		print_roff(spec->name);
		(void)printf("\\fR \\fI");
		print_roff(argument_of(spec));
		(void)printf("\\fR\n");
		print_roff(help_of(spec, defaults, text));
		(void)putchar('\n');
	}
}

static void print_roff_verb(const struct verb *verb)
{
	(void)printf(".SS \"lakeproof ");
	print_roff(verb->name);
	(void)printf(" [OPTIONS] ");
	print_roff(verb->usage != NULL ? verb->usage : "");
	(void)printf("\"\n");
	print_roff(verb->summary);
	(void)putchar('\n');
	void *defaults = default_options(verb);
	print_roff_options(verb->options, defaults);
	free(defaults);
	if (verb->details != NULL) {
		(void)printf(".PP\n");
		print_roff(verb->details);
		(void)putchar('\n');
	}
}

void verb_print_man(const struct verb *const *verbs, const char *version)
{
	(void)printf(
		".TH LAKEPROOF 1 \"\" \"lakeproof %s\" \"User Commands\"\n.SH NAME\nlakeproof \\- prove that a Delta "
		"Lake table says what a DynamoDB table says\n.SH SYNOPSIS\n\\fBlakeproof\\fR VERB [OPTIONS] "
		"[OPERANDS]\n.SH VERBS\n",
		version);
	for (size_t i = 0; verbs[i] != NULL; i++)
		print_roff_verb(verbs[i]);
	(void)printf(".SH OPTIONS OF EVERY VERB\n");
	print_roff_options(standard_options, NULL);
	(void)printf(".SH EXIT STATUS\n0 PASS, 1 FAIL, 2 UNKNOWN, 64 usage or contract, 65 nothing could be judged, 70 "
		     "internal error, 74 input or output failed.\n");
}

static void print_completion_options(const struct option_spec *spec)
{
	for (; spec != NULL && spec->name != NULL; spec++)
		(void)printf(" --%s", spec->name);
}

/* The choices of an option with a closed list; any other option's value is a file name to bash. */
static void print_completion_choices(const struct verb *verb)
{
	for (const struct option_spec *spec = verb->options; spec != NULL && spec->name != NULL; spec++) {
		if (spec->kind != OPTION_CHOICE)
			continue;
		(void)printf("\t%s\\ --%s) words=\"", verb->name, spec->name);
		for (const char *at = spec->choices; *at != '\0'; at++)
			(void)putchar(*at == '|' ? ' ' : *at);
		(void)printf("\" ;;\n");
	}
}

void verb_print_completion(const struct verb *const *verbs)
{
	(void)printf("# bash completion for lakeproof\n_lakeproof() {\n\tlocal word=${COMP_WORDS[COMP_CWORD]} words=\n"
		     "\tlocal before=${COMP_WORDS[COMP_CWORD-1]} verb=${COMP_WORDS[1]}\n"
		     "\tif [ \"$COMP_CWORD\" = 1 ]; then words=\"help");
	for (size_t i = 0; verbs[i] != NULL; i++)
		(void)printf(" %s", verbs[i]->name);
	(void)printf("\"; else case \"$verb $before\" in\n");
	for (size_t i = 0; verbs[i] != NULL; i++)
		print_completion_choices(verbs[i]);
	(void)printf("\t*) case \"$verb\" in\n\thelp) words=\"");
	for (size_t i = 0; verbs[i] != NULL; i++)
		(void)printf(" %s", verbs[i]->name);
	(void)printf("\" ;;\n");
	for (size_t i = 0; verbs[i] != NULL; i++) {
		(void)printf("\t%s) words=\"", verbs[i]->name);
		print_completion_options(verbs[i]->options);
		print_completion_options(standard_options);
		(void)printf("\" ;;\n");
	}
	(void)printf("\tesac ;;\n\tesac; fi\n\tCOMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\n"
		     "complete -o default -F _lakeproof lakeproof\n");
}
