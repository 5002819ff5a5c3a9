/* generate - a deterministic DynamoDB history as files: export, stream, truth, contract. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "generators/workload_file.h"
#include "harness/progress.h"
#include "harness/verb.h"

struct generate_options {
	const char *workload, *preset, *print, *key, *view, *format, *time_format, *truth, *export_format,
		*windows_view;
	const char *export_at, *duplicates, *shuffle, *ttl, *fault, *start, *prefix;
	int64_t items, changes, seed, shards, skew, replay, reupload, records_per_file, envelope_records;
	int64_t duration_us, batch_window_us, fuzz_us, windows;
	bool gzip, second_export, wild, force;
};

#define TARGET(field) offsetof(struct generate_options, field)

static const struct option_spec generate_option_table[] = {
	{"workload", OPTION_TEXT, TARGET(workload), "FILE", NULL,
	 "what to generate, as a YAML file (docs/generate.md); options given beside it go over it"},
	{"preset", OPTION_CHOICE, TARGET(preset), "NAME", WORKLOAD_PRESETS,
	 "a workload file that is built in; orders unless --workload is given"},
	{"print-preset", OPTION_CHOICE, TARGET(print), "NAME", WORKLOAD_PRESETS,
	 "print that file, to start one's own from, and do nothing else"},
	{"items", OPTION_NUMBER, TARGET(items), "N", NULL,
	 "items in the table when the window opens (default: 100000)"},
	{"changes", OPTION_NUMBER, TARGET(changes), "N", NULL,
	 "writes within the window, those without effect included (default: 20000)"},
	{"seed", OPTION_NUMBER, TARGET(seed), "N", NULL, "the same seed and options give the same bytes (default: 1)"},
	{"key", OPTION_TEXT, TARGET(key), "SCHEMA", NULL,
	 "key attributes and their types, such as pk:S,sk:N or id:B (default: pk:S,sk:N)"},
	{"start", OPTION_TEXT, TARGET(start), "TIME", NULL,
	 "when the window opens, in UTC (default: 2025-10-09T08:22:51.270Z)"},
	{"duration", OPTION_DURATION, TARGET(duration_us), "TIME", NULL, "how long the window lasts (default: 2h)"},
	{"skew", OPTION_NUMBER, TARGET(skew), "N", NULL,
	 "0 to 8: how much hotter hot keys are than others (default: 2)"},
	{"ttl", OPTION_TEXT, TARGET(ttl), "RATE", NULL,
	 "share of images that expire within the window, or none (default: 2%)"},
	{"wild", OPTION_FLAG, TARGET(wild), NULL, NULL, "extra attributes with awkward names, TTL of the wrong type"},
	{"export-at", OPTION_TEXT, TARGET(export_at), "PERCENT", NULL,
	 "where in the window the export lies, or none (default: 50)"},
	{"second-export", OPTION_FLAG, TARGET(second_export), NULL, NULL,
	 "another export after the window, closing it"},
	{"fuzz", OPTION_DURATION, TARGET(fuzz_us), "TIME", NULL,
	 "how far an item's cut may lie from the export's time (default: 60s)"},
	{"shards", OPTION_NUMBER, TARGET(shards), "N", NULL,
	 "data files of an export; 0 chooses by the items (default: 0)"},
	{"export-format", OPTION_CHOICE, TARGET(export_format), "FORMAT", EXPORT_FORMATS,
	 "an export in DynamoDB JSON or Ion text, or a dump by EMR, scans, DMS or Glue (default: json)"},
	{"incremental", OPTION_NUMBER, TARGET(windows), "N", NULL,
	 "incremental exports that follow the full one, to the window's end (default: 0)"},
	{"incremental-view", OPTION_CHOICE, TARGET(windows_view), "VIEW", EXPORT_VIEWS,
	 "images they carry (default: NEW_AND_OLD_IMAGES)"},
	{"prefix", OPTION_TEXT, TARGET(prefix), "PATH", NULL, "S3 prefix above AWSDynamoDB/"},
	{"view", OPTION_CHOICE, TARGET(view), "VIEW", STREAM_VIEWS,
	 "images the stream carries (default: NEW_AND_OLD_IMAGES)"},
	{"format", OPTION_CHOICE, TARGET(format), "FORMAT", STREAM_FORMATS,
	 "how stream records are landed (default: streams)"},
	{"time-format", OPTION_CHOICE, TARGET(time_format), "FORM", STREAM_TIMES,
	 "how stream times are written (default: integer)"},
	{"gzip", OPTION_FLAG, TARGET(gzip), NULL, NULL, "compress the landed files"},
	{"records-per-file", OPTION_NUMBER, TARGET(records_per_file), "N", NULL,
	 "a batch is closed at so many records (default: 500)"},
	{"batch-window", OPTION_DURATION, TARGET(batch_window_us), "TIME", NULL,
	 "or when its first record is that old (default: 5m)"},
	{"envelope-records", OPTION_NUMBER, TARGET(envelope_records), "N", NULL,
	 "records in each Lambda envelope; 0 puts one envelope into a file (default: 100)"},
	{"duplicates", OPTION_TEXT, TARGET(duplicates), "RATE", NULL, "records delivered twice (default: 1%)"},
	{"shuffle", OPTION_TEXT, TARGET(shuffle), "N", NULL,
	 "records change places within runs of N, or all (default: 50)"},
	{"replay", OPTION_NUMBER, TARGET(replay), "FILES", NULL, "files delivered again at the end (default: 3)"},
	{"reupload", OPTION_NUMBER, TARGET(reupload), "FILES", NULL,
	 "files delivered twice, side by side (default: 0)"},
	{"fault", OPTION_TEXT, TARGET(fault), "FAULT,...", NULL, "what shall go wrong, see below"},
	{"truth", OPTION_CHOICE, TARGET(truth), "LEVEL", TRUTH_LEVELS, "what truth.sqlite holds (default: full)"},
	{"force", OPTION_FLAG, TARGET(force), NULL, NULL,
	 "write into a folder that is neither empty nor generate's own"},
	{NULL, OPTION_FLAG, 0, NULL, NULL, NULL},
};

static const char generate_details[] =
	"Writes a full export as AWS writes it (AWSDynamoDB/), a stream's records as they\n"
	"land (events/), what the table holds in the end (truth.sqlite), a contract\n"
	"(contract.yaml), the columns for the embedded pipeline (columns.txt), the\n"
	"stream's shards (stream.json) and every fault (faults.jsonl).\n"
	"\n"
	"Defaults are those of presets that say nothing else: --print-preset tells.\n\n"
	"A RATE is a count (12), a share (0.5%) or none. A FAULT is\n"
	"NAME[:RATE][@FROM-TO][/TARGET]: drop-record:3@40-60/modify loses three updates\n"
	"between 40 and 60 percent of the window. A TARGET is insert, modify, remove,\n"
	"ttl, entity=NAME, shard=N, item=N, export=N or window=N. docs/generate.md says\n"
	"what each does. Those that lose nothing:\n"
	"  child-first, late, swap-batch, duplicate, shuffle, reupload, half-batch,\n"
	"  replay, number-spelling, bom, crlf, no-newline, export-twice, window-again\n"
	"that lose something:\n"
	"  drop-record, drop-remove, late-start, error-prefix, number-double,\n"
	"  set-as-list, binary-as-text, empty-image, bad-json,\n"
	"  bad-duplicate-key, bad-type-tag, bad-number, bad-key-missing, bad-key-type,\n"
	"  bad-utf8, bad-deep, bad-huge, truncate-gzip, truncate-line,\n"
	"  missing-export-file, wrong-md5, wrong-count, truncate-export,\n"
	"  stray-export, missing-window\n"
	"and oddities of emulators and clocks:\n"
	"  put-as-remove, time-ms, time-us, no-ttl-marker, export-fuzz, window-overlap";

/* Not given: what the workload says holds. */
#define UNSET INT64_MIN

static void generate_defaults(void *target)
{
	struct generate_options *options = target;
	*options = (struct generate_options){.items = 0};
	for (const struct option_spec *spec = generate_option_table; spec->name != NULL; spec++) {
		int64_t unset = UNSET;
		if (spec->kind == OPTION_NUMBER || spec->kind == OPTION_DURATION)
			memcpy((char *)target + spec->target, &unset, sizeof(unset));
	}
}

/* ---- from text to the generator's options ---- */

/* The position of a choice in "a|b|c". */
static unsigned choice_index(const char *choices, const char *chosen)
{
	unsigned index = 0;
	size_t size = strlen(chosen);
	while (strncmp(choices, chosen, size) != 0 || (choices[size] != '|' && choices[size] != '\0')) {
		const char *bar = strchr(choices, '|');
		if (bar == NULL)
			return index;
		choices = bar + 1;
		index++;
	}
	return index;
}

static int in_range(const char *name, int64_t value, int64_t low, int64_t high, struct error *error)
{
	if (value == UNSET || (value >= low && value <= high))
		return 0;
	return error_set(error, ERROR_USAGE, "--%s is %" PRId64 " to %" PRId64, name, low, high);
}

static int check_numbers(const struct generate_options *options, struct error *error)
{
	const struct {
		const char *name;
		int64_t value, low, high;
	} bounds[] = {
		{"items", options->items, 0, 2000000000},
		{"changes", options->changes, 0, 1000000000},
		{"seed", options->seed, 0, INT64_MAX},
		{"shards", options->shards, 0, EXPORT_SHARDS_MAX},
		{"incremental", options->windows, 0, GENERATOR_WINDOWS_MAX},
		{"skew", options->skew, 0, SKEW_MAX},
		{"replay", options->replay, 0, 1000000},
		{"reupload", options->reupload, 0, 1000000},
		{"records-per-file", options->records_per_file, 1, 1000000},
		{"envelope-records", options->envelope_records, 0, 1000000},
	};
	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		if (in_range(bounds[i].name, bounds[i].value, bounds[i].low, bounds[i].high, error) != 0)
			return error->code;
	}
	return 0;
}

/* A whole number up to `high`, and nothing else. */
static int parse_number(const char *name, const char *text, uint64_t high, uint64_t *value, struct error *error)
{
	*value = 0;
	for (size_t i = 0; text[i] != '\0' || i == 0; i++) {
		if (text[i] < '0' || text[i] > '9' || (*value = *value * 10 + (uint64_t)(text[i] - '0')) > high)
			return error_set(error, ERROR_USAGE, "--%s cannot be \"%s\"; give a number up to %" PRIu64,
					 name, text, high);
	}
	return 0;
}

static int parse_prefix(const char *text, struct error *error)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.=/";
	size_t size = strlen(text);
	bool wrong = text[strspn(text, plain)] != '\0' || strstr(text, "..") != NULL || strstr(text, "//") != NULL ||
		     text[0] == '/' || (size > 0 && text[size - 1] == '/');
	if (wrong)
		return error_set(error, ERROR_USAGE,
				 "--prefix cannot be \"%s\"; use letters, digits, '_', '-', '.', '=' and "
				 "single slashes inside",
				 text);
	return 0;
}

static int translate_export_at(const char *text, struct generator_options *to, struct error *error)
{
	uint64_t number;

	if (strcmp(text, "none") == 0) {
		to->export_percent = -1;
		return 0;
	}
	if (parse_number("export-at", text, 100, &number, error) != 0)
		return error->code;
	to->export_percent = (int)number;
	return 0;
}

static int translate_ttl(const char *text, struct generator_options *to, struct error *error)
{
	struct fault_rate ttl;

	if (fault_parse_rate(text, &ttl, error) != 0)
		return error_prefix(error, "--ttl");
	if (ttl.count > 0)
		return error_set(error, ERROR_USAGE, "--ttl is a share such as 2%%, or none");
	to->model.ttl_ppm = (unsigned)ttl.ppm;
	return 0;
}

static int translate_texts(const struct generate_options *options, struct generator_options *to, struct error *error)
{
	if (options->key != NULL && generator_parse_key(options->key, &to->model, error) != 0)
		return error_prefix(error, "--key");
	if (options->start != NULL && !clock_parse(slice_from(options->start), &to->model.start_us))
		return error_set(error, ERROR_USAGE,
				 "--start cannot be \"%s\"; give a time such as 2025-10-09T08:00:00Z", options->start);
	if ((options->ttl != NULL && translate_ttl(options->ttl, to, error) != 0) ||
	    (options->export_at != NULL && translate_export_at(options->export_at, to, error) != 0))
		return error->code;
	if (options->shuffle != NULL && strcmp(options->shuffle, "all") == 0)
		to->faults.shuffle_window = SHUFFLE_ALL;
	else if (options->shuffle != NULL &&
		 parse_number("shuffle", options->shuffle, 1000000000, &to->faults.shuffle_window, error) != 0)
		return error->code;
	if (options->duplicates != NULL && fault_parse_rate(options->duplicates, &to->faults.duplicates, error) != 0)
		return error_prefix(error, "--duplicates");
	if (options->prefix != NULL && parse_prefix(options->prefix, error) != 0)
		return error->code;
	if (options->fault != NULL && generator_parse_faults(options->fault, to, error) != 0)
		return error_prefix(error, "--fault");
	return 0;
}

#define SET(field, type, value)                                                                                        \
	do {                                                                                                           \
		if ((value) != UNSET)                                                                                  \
			(field) = (type)(value);                                                                       \
	} while (0)

static void translate_numbers(const struct generate_options *options, struct generator_options *to)
{
	SET(to->model.seed, uint64_t, options->seed);
	SET(to->model.items, uint64_t, options->items);
	SET(to->model.changes, uint64_t, options->changes);
	SET(to->model.duration_us, int64_t, options->duration_us);
	SET(to->model.skew, unsigned, options->skew);
	SET(to->fuzz_us, int64_t, options->fuzz_us);
	SET(to->shards, unsigned, options->shards);
	SET(to->windows, unsigned, options->windows);
	SET(to->envelope_records, uint64_t, options->envelope_records);
	SET(to->faults.records_per_file, uint64_t, options->records_per_file);
	SET(to->faults.batch_window_us, int64_t, options->batch_window_us);
	SET(to->faults.replay_files, uint64_t, options->replay);
	SET(to->faults.reupload_files, uint64_t, options->reupload);
}

/* What the workload says, then what the command line says. */
static int translate(const struct generate_options *options, struct generator_options *to, struct workload_file **file,
		     struct error *error)
{
	const char *preset = options->preset != NULL ? options->preset : "orders";

	if (options->workload != NULL && options->preset != NULL)
		return error_set(error, ERROR_USAGE, "give either --workload or --preset");
	if (check_numbers(options, error) != 0)
		return error->code;
	generator_defaults(to);
	if ((options->workload != NULL ? workload_file_load(options->workload, to, file, error)
				       : workload_file_preset(preset, to, file, error)) != 0)
		return error->code;
	translate_numbers(options, to);
	to->model.wild = to->model.wild || options->wild;
	to->second_export = to->second_export || options->second_export;
	to->gzip = to->gzip || options->gzip;
	to->force = options->force;
	if (options->prefix != NULL)
		to->prefix = options->prefix;
	if (options->view != NULL)
		to->view = (enum stream_view)choice_index(STREAM_VIEWS, options->view);
	if (options->format != NULL)
		to->format = stream_format_find(options->format);
	if (options->time_format != NULL)
		to->time = (enum stream_time)choice_index(STREAM_TIMES, options->time_format);
	if (options->export_format != NULL)
		to->export_format = (int)choice_index(EXPORT_FORMATS, options->export_format);
	if (options->windows_view != NULL)
		to->windows_view = (int)choice_index(EXPORT_VIEWS, options->windows_view);
	if (options->truth != NULL)
		to->truth = (enum truth_level)choice_index(TRUTH_LEVELS, options->truth);
	to->watch = (struct generator_watch){.begin = progress_begin, .add = progress_add, .end = progress_end};
	return translate_texts(options, to, error);
}

/* ---- how to do it again ---- */

static void append_option(const struct option_spec *spec, const void *options, struct buffer *text)
{
	const char *field = (const char *)options + spec->target;
	const char *value;
	int64_t number;

	buffer_printf(text, " --%s", spec->name);
	switch (spec->kind) {
	case OPTION_FLAG:
		break;
	case OPTION_TEXT:
	case OPTION_CHOICE:
		memcpy(&value, field, sizeof(value));
		buffer_append_byte(text, ' ');
		verb_append_argument(text, value);
		break;
	default:
		memcpy(&number, field, sizeof(number));
		if (spec->kind == OPTION_DURATION)
			buffer_printf(text, " %" PRId64 "us", number);
		else
			buffer_printf(text, " %" PRId64, number);
		break;
	}
}

static bool option_is_set(const struct option_spec *spec, const void *options)
{
	const char *field = (const char *)options + spec->target;
	const char *text;
	int64_t number;

	if (spec->kind == OPTION_FLAG)
		return *(const bool *)field;
	if (spec->kind == OPTION_TEXT || spec->kind == OPTION_CHOICE) {
		memcpy(&text, field, sizeof(text));
		return text != NULL;
	}
	memcpy(&number, field, sizeof(number));
	return number != UNSET;
}

/* Every option that was given, and the seed always; --force never, as it changes no byte. */
static void write_reproduce(const struct generate_options *options, const struct generator_options *to,
			    struct buffer *text)
{
	struct generate_options given = *options;

	given.seed = (int64_t)to->model.seed;
	for (const struct option_spec *spec = generate_option_table; spec->name != NULL; spec++)
		if (spec->target != TARGET(force) && option_is_set(spec, &given))
			append_option(spec, &given, text);
	buffer_append_byte(text, '\0');
}

/* ---- running ---- */

static int print_summary(const struct generator_options *options, const struct generator_report *report,
			 const char *root, const char *reproduce, struct error *error)
{
	const struct history *history = &report->history;
	struct buffer quoted;

	printf("items      %" PRIu64 " at the end, of %" PRIu64 " at the start and %" PRIu64 " ever\n",
	       report->totals.live, options->model.items, history->born);
	printf("changes    %" PRIu64 " recorded: %" PRIu64 " inserts (%" PRIu64 " again), %" PRIu64
	       " modifies, %" PRIu64 " deletes, %" PRIu64 " by TTL\n",
	       history->count, history->inserts, history->reinserts, history->modifies, history->deletes,
	       history->expiries);
	printf("           %" PRIu64 " writes without effect, %" PRIu64 " expired items revived\n", history->no_effects,
	       history->revivals);
	for (unsigned i = 0; i < report->exports; i++)
		printf("export     %s: %" PRIu64 " items in %u files, %" PRIu64 " bytes\n", report->exported[i].folder,
		       report->exported[i].items, report->exported[i].files, report->exported[i].stored_bytes);
	if (report->windows > 0)
		printf("increments %u incremental exports: %" PRIu64 " changes, %" PRIu64
		       " bytes; contract-exports.yaml "
		       "names them\n",
		       report->windows, report->window_records, report->window_bytes);
	printf("stream     %" PRIu64 " records in %" PRIu64 " files, %" PRIu64 " bytes; %" PRIu64
	       " delivered twice, %" PRIu64 " lost\n",
	       report->stream.records, report->stream.files, report->stream.stored_bytes, report->duplicated,
	       report->dropped);
	printf("written    %" PRIu64 " files, %" PRIu64 " bytes, and truth, under %s\n", report->files, report->bytes,
	       root);
	buffer_init(&quoted, 1 << 16);
	verb_append_argument(&quoted, root);
	bool whole = !quoted.failed;
	if (whole)
		printf("reproduce: lakeproof generate%s %.*s\n", reproduce, (int)quoted.size, quoted.data);
	buffer_release(&quoted);
	return whole ? 0 : error_set(error, ERROR_INTERNAL, "out of memory for the summary");
}

static int print_preset(const char *name)
{
	struct slice text = workload_preset_text(name);
	return fwrite(text.data, 1, text.size, stdout) == text.size && fflush(stdout) == 0 ? 0 : ERROR_IO;
}

static int generate_run(int operand_count, char **operands, const void *target)
{
	const struct generate_options *options = target;
	struct generator_options to;
	struct workload_file *file = NULL;
	struct generator_report report;
	struct error error = {.code = 0};
	struct buffer reproduce;

	if (options->print != NULL)
		return print_preset(options->print);
	buffer_init(&reproduce, (size_t)1 << 20);
	int code = operand_count == 1 ? translate(options, &to, &file, &error)
				      : error_set(&error, ERROR_USAGE, "give the folder to write to");
	if (code == 0) {
		write_reproduce(options, &to, &reproduce);
		to.reproduce = reproduce.failed ? "" : reproduce.data;
		code = generator_run(&to, operands[0], &report, &error);
	}
	if (code == 0)
		code = print_summary(&to, &report, operands[0], to.reproduce, &error);
	if (code != 0)
		(void)fprintf(stderr, "lakeproof generate: %s\n", error.message);
	workload_file_free(file);
	buffer_release(&reproduce);
	return code;
}

const struct verb verb_generate = {
	.name = "generate",
	.summary = "write a DynamoDB history as files: export, stream, truth",
	.usage = "DIR",
	.details = generate_details,
	.options = generate_option_table,
	.run = generate_run,
	.options_size = sizeof(struct generate_options),
	.defaults = generate_defaults,
	.operands_min = 0,
	.operands_max = 1,
};
