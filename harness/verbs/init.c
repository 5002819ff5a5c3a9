/* init - looks at sources and Delta tables and writes a contract's first draft. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/schema.h"
#include "harness/session.h"
#include "reconcile/sketch/sketch.h"

enum { SOURCES_MAX = 64, CHOICES_SHOWN = 20, CHOICE_SHOWN = 150 };

struct init_options {
	struct session_options session; /* of which values alone */
	const char *lake, *output;
	int64_t records;
	bool force, schema;
};

static const struct option_spec options[] = {
	{"lake", OPTION_TEXT, offsetof(struct init_options, lake), "TABLE", NULL,
	 "the Delta table, or a folder that holds several"},
	{"output", OPTION_TEXT, offsetof(struct init_options, output), "FILE", NULL,
	 "the contract to write, - for stdout (default: contract.yaml)"},
	{"records", OPTION_NUMBER, offsetof(struct init_options, records), "N", NULL,
	 "records to look at, of each source (default: 10000)"},
	{"force", OPTION_FLAG, offsetof(struct init_options, force), NULL, NULL, "replace a file that is there"},
	{"schema", OPTION_FLAG, offsetof(struct init_options, schema), NULL, NULL,
	 "print the contract's JSON Schema, for editors, and nothing else"},
	SESSION_VALUES(struct init_options),
	{NULL, OPTION_FLAG, 0, NULL, NULL, NULL},
};

static void defaults(void *target)
{
	struct init_options *chosen = target;
	chosen->output = "contract.yaml";
	chosen->records = 10000;
}

static int print_schema(struct error *error)
{
	struct buffer text;
	buffer_init(&text, SCHEMA_FILE_MAX);
	int code = contract_write_schema(&text);
	if (code == 0)
		(void)fwrite(text.data, 1, text.size, stdout);
	else
		code = error_set(error, ERROR_INTERNAL, "out of memory");
	buffer_release(&text);
	return code;
}

/* Whole or not at all: under another name first. */
static int write_file(const struct init_options *chosen, const struct buffer *yaml, struct error *error)
{
	char *path = NULL;
	const char *output = chosen->output;
	if (asprintf(&path, "%s.%ld.new", output, (long)getpid()) < 0)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	int code = 0, file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	FILE *stream = file >= 0 ? fdopen(file, "w") : NULL;
	if (stream == NULL) {
		code = error_system(error, "cannot write \"%s\"", path);
		free(path);
		return code;
	}
	bool good = fwrite(yaml->data, 1, yaml->size, stream) == yaml->size;
	good = fclose(stream) == 0 && good;
	/* A link fails where a file came to be meanwhile, a renaming replaces it. */
	if (!good)
		code = error_system(error, "cannot write \"%s\"", path);
	else if (chosen->force ? rename(path, output) != 0 : link(path, output) != 0)
		code = errno == EEXIST
			       ? error_set(error, ERROR_USAGE, "\"%s\" is there already; --force replaces it", output)
			       : error_system(error, "cannot write \"%s\"", output);
	(void)unlink(path);
	free(path);
	return code;
}

/* The choices to make, with their lines. */
static uint64_t tell_choices(FILE *out, const char *output, const struct buffer *yaml, bool print)
{
	uint64_t count = 0, line = 1;
	const char *at = yaml->data, *end = yaml->data + yaml->size;
	for (; at < end; line++) {
		const char *next = memchr(at, '\n', (size_t)(end - at));
		size_t size = next != NULL ? (size_t)(next - at) : (size_t)(end - at);
		const char *mark = memmem(at, size, SKETCH_CHOICE, strlen(SKETCH_CHOICE));
		if (mark != NULL && ++count <= CHOICES_SHOWN && print) {
			mark += strlen(SKETCH_CHOICE);
			size_t rest = (size_t)(at + size - mark);
			(void)fprintf(out, "  %s:%" PRIu64 ": %.*s\n", output, line, (int)rest, mark);
		}
		at += size + 1;
	}
	if (print && count > CHOICES_SHOWN)
		(void)fprintf(out, "  and %" PRIu64 " more\n", count - CHOICES_SHOWN);
	return count;
}

static void tell(FILE *out, const struct init_options *chosen, const struct buffer *yaml,
		 const struct sketch_summary *summary)
{
	bool stored = strcmp(chosen->output, "-") != 0;
	const char *name = stored ? chosen->output : "contract.yaml";
	uint64_t choices = tell_choices(out, name, yaml, false);
	(void)fprintf(out, "%s: %" PRIu64 " records looked at", name, summary->records);
	if (summary->unreadable > 0)
		(void)fprintf(out, ", %" PRIu64 " could not be read", summary->unreadable);
	if (summary->lakes > 0)
		(void)fprintf(out,
			      "; %" PRIu32 " %s, %" PRIu32 " of %" PRIu32 " columns have an attribute, %" PRIu32
			      " are ignored",
			      summary->lakes, summary->lakes == 1 ? "table" : "tables", summary->mapped,
			      summary->columns, summary->ignored);
	(void)fprintf(out, "\n%" PRIu64 " %s to make, marked CHOOSE%s\n", choices, choices == 1 ? "choice" : "choices",
		      choices > 0 ? ":" : "");
	(void)tell_choices(out, name, yaml, true);
	struct buffer line;
	buffer_init(&line, 65536);
	verb_append_argument(&line, name);
	if (!line.failed)
		(void)fprintf(out, "next: %slakeproof check %.*s\n", choices > 0 ? "decide, then " : "", (int)line.size,
			      line.data);
	buffer_release(&line);
}

static int check_options(const struct init_options *chosen, int operand_count, struct error *error)
{
	if (operand_count == 0)
		return error_set(error, ERROR_USAGE,
				 "give an export's folder, event files or a dump of items to look at");
	if (operand_count > SOURCES_MAX)
		return error_set(error, ERROR_USAGE, "at most %d sources", SOURCES_MAX);
	if (chosen->records < 1 || chosen->records > 1000000)
		return error_set(error, ERROR_USAGE, "--records takes 1 to 1000000");
	if (strcmp(chosen->output, "-") != 0 && !chosen->force && access(chosen->output, F_OK) == 0)
		return error_set(error, ERROR_USAGE, "\"%s\" is there already; --force replaces it", chosen->output);
	return 0;
}

static int run(int operand_count, char **operands, const void *given)
{
	const struct init_options *chosen = given;
	struct error error = {0};
	struct sketch_summary summary = {0};
	bool stored = strcmp(chosen->output, "-") != 0;
	struct buffer yaml;
	buffer_init(&yaml, SCHEMA_FILE_MAX);
	int code = chosen->schema ? print_schema(&error) : check_options(chosen, operand_count, &error);
	if (code == 0 && !chosen->schema) {
		struct sketch_options sketch = {
			.sources = operands,
			.source_count = (uint32_t)operand_count,
			.lake = chosen->lake,
			.output = stored ? chosen->output : "contract.yaml",
			.record_max = (uint64_t)chosen->records,
			.values_full = session_values_full(&chosen->session),
		};
		code = sketch_write(&sketch, &yaml, &summary, &error);
		if (code == 0 && stored)
			code = write_file(chosen, &yaml, &error);
		else if (code == 0)
			(void)fwrite(yaml.data, 1, yaml.size, stdout);
		if (code == 0)
			tell(stored ? stdout : stderr, chosen, &yaml, &summary);
	}
	buffer_release(&yaml);
	return code != 0 ? session_fail("init", &error) : 0;
}

const struct verb verb_init = {
	.name = "init",
	.summary = "look at sources and Delta tables and write a first contract",
	.usage = "[SOURCE...]",
	.details = "A SOURCE is an export's folder, a file or folder of change records, or a dump of items. What "
		   "cannot be "
		   "known from a look is marked CHOOSE in the contract and listed.",
	.options = options,
	.run = run,
	.options_size = sizeof(struct init_options),
	.defaults = defaults,
	.operands_min = 0,
	.operands_max = SOURCES_MAX + 1,
};
