/* main - looks the verb up and runs it; nothing else is decided here. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/verb.h"

/* The Makefile writes one line VERB(name) for each file of harness/verbs. */
#define VERB(name) extern const struct verb verb_##name;
#include "verbs.h"
#undef VERB

static const struct verb *const verbs[] = {
#define VERB(name) &verb_##name,
#include "verbs.h"
#undef VERB
	NULL,
};

static void print_overview(FILE *out)
{
	(void)fputs("lakeproof proves that a Delta Lake table says what a DynamoDB table says\n\n"
		    "usage: lakeproof VERB [OPTIONS] [OPERANDS]\n\nverbs:\n",
		    out);
	for (size_t i = 0; verbs[i] != NULL; i++)
		(void)fprintf(out, "  %-16s %s\n", verbs[i]->name, verbs[i]->summary);
	(void)fputs("\n`lakeproof help VERB` tells more about one; `lakeproof --version` names this build\n\n"
		    "exit status: 0 PASS, 1 FAIL, 2 UNKNOWN, 64 usage or contract,\n"
		    "             65 nothing could be judged, 70 internal error,\n"
		    "             74 input or output failed\n",
		    out);
}

static int usage(const char *problem, const char *what, const char *nearest)
{
	(void)fprintf(stderr, "lakeproof: %s%s%s%s", problem, what[0] != '\0' ? " '" : "", what,
		      what[0] != '\0' ? "'" : "");
	if (nearest != NULL)
		(void)fprintf(stderr, "; did you mean '%s'?", nearest);
	(void)fputs(nearest != NULL ? "\n" : "; `lakeproof --help` lists the verbs\n", stderr);
	return ERROR_USAGE;
}

static const struct verb *find(const char *name)
{
	for (size_t i = 0; verbs[i] != NULL; i++) {
		if (strcmp(verbs[i]->name, name) == 0)
			return verbs[i];
	}
	return NULL;
}

static void nearer(const char *name, const char *candidate, const char **nearest, size_t *best)
{
	size_t distance = verb_distance(name, candidate);
	if (distance < *best) {
		*best = distance;
		*nearest = candidate;
	}
}

static int unknown(const char *name)
{
	const char *nearest = NULL;
	size_t best = verb_distance_max(name) + 1;
	for (size_t i = 0; verbs[i] != NULL; i++)
		nearer(name, verbs[i]->name, &nearest, &best);
	return usage("unknown verb", name, nearest);
}

static int unknown_option(const char *name)
{
	static const char *const options[] = {"--help", "--version", "--man", "--complete"};
	const char *nearest = NULL;
	size_t best = verb_distance_max(name) + 1;
	for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
		nearer(name, options[i], &nearest, &best);
	return usage("unknown option", name, nearest);
}

static int help(int argc, char **argv)
{
	if (argc == 0 || strcmp(argv[0], "help") == 0) {
		print_overview(stdout);
		return 0;
	}
	const struct verb *verb = find(argv[0]);
	if (verb == NULL)
		return unknown(argv[0]);
	verb_print_help(verb);
	return 0;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct error error = {.code = 0};
	int operand_count;
	char **operands;
	void *options = calloc(1, verb->options_size > 0 ? verb->options_size : 1);
	if (options == NULL) {
		(void)fputs("lakeproof: out of memory\n", stderr);
		return ERROR_INTERNAL;
	}
	int code = verb_parse(verb, argc, argv, options, &operand_count, &operands, &error);
	if (code != 0)
		(void)fprintf(stderr, "lakeproof %s: %s\n", verb->name, error.message);
	else if (verb_help)
		verb_print_help(verb);
	else
		code = verb->run(operand_count, operands, options);
	free(options);
	return code;
}

static int dispatch(int argc, char **argv)
{
	if (argc < 2) {
		print_overview(stderr);
		return ERROR_USAGE;
	}
	const char *first = argv[1];
	if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0)
		return help(0, NULL);
	if (strcmp(first, "help") == 0)
		return help(argc - 2, argv + 2);
	if (strcmp(first, "--version") == 0) {
		(void)printf("lakeproof %s\n", LAKEPROOF_VERSION);
		return 0;
	}
	if (strcmp(first, "--man") == 0) {
		verb_print_man(verbs, LAKEPROOF_VERSION);
		return 0;
	}
	if (strcmp(first, "--complete") == 0) {
		verb_print_completion(verbs);
		return 0;
	}
	if (first[0] == '-')
		return unknown_option(first);
	const struct verb *verb = find(first);
	return verb != NULL ? run(verb, argc - 2, argv + 2) : unknown(first);
}

/* A standard stream that is closed would be the next file opened, and a report would be written into the state. Opened
 * for reading, it fails to be written. */
static void hold_streams(void)
{
	for (int file = 0; file <= 2; file++)
		if (fcntl(file, F_GETFD) < 0)
			(void)open("/dev/null", O_RDONLY);
}

int main(int argc, char **argv)
{
	/* A file that may not grow (ulimit -f) is a write that fails, and is told as one. */
	(void)signal(SIGXFSZ, SIG_IGN);
	hold_streams();
	int code = dispatch(argc, argv);
	/* What could not be written was not said: a full disk or a closed pipe must not look like a verdict. */
	if (fflush(stdout) != 0 || ferror(stdout) != 0) {
		if (code < ERROR_USAGE)
			(void)fputs("lakeproof: cannot write the results to stdout\n", stderr);
		code = code < ERROR_USAGE ? ERROR_IO : code;
	}
	return code;
}
