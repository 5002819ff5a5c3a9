/* verb_help - what the option tables say, as --help, as a man page and as a shell completion. */
#include <stdio.h>

#include "harness/verb.h"

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

static void print_options(const struct option_spec *spec)
{
	for (; spec != NULL && spec->name != NULL; spec++) {
		const char *argument = argument_of(spec);
		int width = printf("  --%s%s%s", spec->name, *argument != '\0' ? " " : "", argument);
		if (width > 28)
			(void)printf("\n%30s", "");
		else
			(void)printf("%*s", 30 - width, "");
		(void)printf("%s\n", spec->help);
	}
}

void verb_print_help(const struct verb *verb)
{
	const char *usage = verb->usage != NULL ? verb->usage : "";
	(void)printf("lakeproof %s - %s\n\nusage: lakeproof %s [OPTIONS] %s\n\noptions:\n", verb->name, verb->summary,
		     verb->name, usage);
	print_options(verb->options);
	print_options(standard_options);
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

static void print_roff_options(const struct option_spec *spec)
{
	for (; spec != NULL && spec->name != NULL; spec++) {
		(void)printf(".TP\n\\fB\\-\\-");
		print_roff(spec->name);
		(void)printf("\\fR \\fI");
		print_roff(argument_of(spec));
		(void)printf("\\fR\n");
		print_roff(spec->help);
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
	print_roff_options(verb->options);
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
	print_roff_options(standard_options);
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
