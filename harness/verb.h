/* verb - one subcommand: its name, its option table, what it does.
 *
 * One option table per verb drives parsing, --help, the man page and shell completion. harness/main.c only looks the
 * verb up. stdout takes results, stderr log and progress; a verb returns the process's exit code. */
#ifndef LAKEPROOF_HARNESS_VERB_H
#define LAKEPROOF_HARNESS_VERB_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

/* Of this build. */
#define LAKEPROOF_VERSION "0.1.0"

enum option_kind {
	OPTION_FLAG,     /* bool */
	OPTION_TEXT,     /* const char * */
	OPTION_NUMBER,   /* int64_t, not negative, decimal, with optional k, M, G suffix (powers of 1000) */
	OPTION_DURATION, /* int64_t microseconds */
	OPTION_SIZE,     /* int64_t bytes, with optional KiB, MiB, GiB, k, M, G */
	OPTION_CHOICE    /* const char *, one of `choices` */
};

struct option_spec {
	const char *name;     /* without the dashes, e.g. "format" */
	enum option_kind kind;
	size_t target;        /* offsetof the field in the verb's options struct */
	const char *argument; /* "FILE", "N"; NULL for flags */
	const char *choices;  /* OPTION_CHOICE: "text|json|tap|tap13" */
	const char *help;     /* one sentence, lower case, no full stop; the default is added unless told here */
};

struct verb {
	const char *name;
	const char *summary;  /* one line, for the overview */
	const char *usage;    /* operands: "CONTRACT [KEY]" */
	const char *details;  /* further paragraphs of --help, may be NULL */
	const struct option_spec *options; /* ends with name NULL */
	int (*run)(int operand_count, char **operands, const void *options);
	size_t options_size;  /* sizeof the options struct */
	void (*defaults)(void *options); /* after zeroing; may be NULL */
	int operands_min, operands_max;
};

/* Parses argv (after the verb's name) into *options and the operands (argv is permuted). "--" ends options; --help and
 * --quiet are understood for every verb. Unknown or repeated option: ERROR_USAGE with the nearest match. */
int verb_parse(const struct verb *verb, int argc, char **argv, void *options, int *operand_count, char ***operands,
	       struct error *error);
/* On stdout. */
void verb_print_help(const struct verb *verb);
/* The man page (roff) and the bash completion of all verbs, the list ending with NULL; on stdout. */
void verb_print_man(const struct verb *const *verbs, const char *version);
void verb_print_completion(const struct verb *const *verbs);
/* An argument as a shell takes it: quoted where it must be. */
void verb_append_argument(struct buffer *line, const char *text);
/* Whether stdout is a terminal whose user has not said NO_COLOR. */
bool verb_colour(void);
/* Set by --quiet and --help (-h) on any verb; after --help only verb_print_help makes sense. */
extern bool verb_quiet;
extern bool verb_help;

/* Insertions, deletions, replacements and swaps of neighbours that turn one name into the other (optimal string
 * alignment); names longer than VERB_NAME_MAX are as far apart as can be. */
enum { VERB_NAME_MAX = 64 };
size_t verb_distance(const char *a, const char *b);
/* The distance up to which another name is worth proposing instead of this one. */
size_t verb_distance_max(const char *name);

#endif
