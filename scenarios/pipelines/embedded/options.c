#include "scenarios/pipelines/embedded/options.h"

#include <getopt.h>
#include <stdlib.h>

#include "base/clock.h"
#include "scenarios/pipelines/embedded/pipeline.h"

const char options_help[] =
	"usage: lakeproof-pipeline --table DIR --columns FILE [--export DIR] [--events PATH]... [options]\n"
	"       lakeproof-pipeline --job FILE [options]\n"
	"       lakeproof-pipeline --table DIR --columns FILE [--upsert FILE] [--delete FILE]\n"
	"\n"
	"Merges a full DynamoDB export and stream event files into a Delta table: the pipeline that lakeproof's own\n"
	"scenarios test. Running it again applies only what is new.\n"
	"\n"
	"  --job FILE         a batch as lakeproof's runner describes it, batch.json: it names table, columns and "
	"what\n"
	"                     landed; all of it is one commit for the exports and one for the events\n"
	"  --table DIR        the Delta table's folder, created if need be\n"
	"  --columns FILE     describes the columns, one a line: NAME TYPE ATTRIBUTE [key]; a line $only ATTRIBUTE\n"
	"                     TEXT takes only items whose key attribute is that text, or with TEXT* begins so\n"
	"  --column LINE      one such line; may be repeated\n"
	"  --export DIR       a full export in DynamoDB JSON: the folder with manifest-summary.json; may be\n"
	"                     repeated\n"
	"  --increment DIR    an incremental export, likewise; may be repeated. With --job: any word, all that landed\n"
	"  --scan DIR         a scan of the table, pages or items as JSON, named by its time; may be repeated\n"
	"  --events PATH      an event file or a folder of them, taken in the order of paths; may be repeated\n"
	"  --upsert FILE      instead of all these: items to put, in DynamoDB JSON, one a line\n"
	"  --delete FILE      and keys to take away, likewise\n"
	"  --changes FORMAT   of events: records of DynamoDB Streams or Kinesis, however wrapped (default), flat, "
	"dms,\n"
	"                     or poll\n"
	"  --fuzz DURATION    how far an item of an export or scan may be from its time (default 60s)\n"
	"  --ttl-attribute A  the attribute of the time to live, for bugs (default expires_at)\n"
	"  --batch N          event files per commit (default 4)\n"
	"  --checkpoint FILE  where to note which files were applied (default: in the table's folder)\n"
	"  --deletes WHAT     absent: deleted items have no row (default); column:NAME: their row stays, NAME is true\n"
	"  --ttl WHAT         delete: items removed by TTL go (default); keep: their row stays as it was\n"
	"  --partition COLUMN partitions the table when it is created\n"
	"  --bug NAME         plants a bug; may be repeated\n"
	"  --list-bugs        names the bugs: name, class, what they need to show, effect\n"
	"  --no-sync          do not wait for the disk: what is written survives this process, not the machine\n"
	"  --quiet            no progress on standard error\n"
	"\n"
	"TYPE is string, boolean, int, bigint, double, decimal(P,S), binary, date, timestamp, timestamp_ntz,\n"
	"array<T>, map<string,T> or struct<a:T,b:T>, without spaces. ATTRIBUTE is a name, or names joined by dots to\n"
	"reach into maps; $sequence and $time are the change's own. The partition key's column is the first key.\n"
	"\n"
	"Exit: 0 done, 64 usage, 65 unusable data, 70 internal, 74 I/O.\n";

enum option_id {
	OPTION_TABLE = 1,
	OPTION_COLUMNS,
	OPTION_COLUMN,
	OPTION_EXPORT,
	OPTION_EVENTS,
	OPTION_BATCH,
	OPTION_DELETES,
	OPTION_TTL,
	OPTION_PARTITION,
	OPTION_BUG,
	OPTION_LIST_BUGS,
	OPTION_JOB,
	OPTION_UPSERT,
	OPTION_DELETE,
	OPTION_INCREMENT,
	OPTION_SCAN,
	OPTION_CHANGES,
	OPTION_FUZZ,
	OPTION_TTL_ATTRIBUTE,
	OPTION_CHECKPOINT,
	OPTION_NO_SYNC,
	OPTION_QUIET,
	OPTION_HELP
};

static int once(const char **place, const char *value, const char *name, struct error *error)
{
	if (*place != NULL)
		return error_set(error, ERROR_USAGE, "--%s is given twice", name);
	*place = value;
	return 0;
}

static int another(const char **list, uint32_t *count, const char *value, const char *name, struct error *error)
{
	if (*count == OPTIONS_PATHS_MAX)
		return error_set(error, ERROR_USAGE, "more than %d --%s", OPTIONS_PATHS_MAX, name);
	list[(*count)++] = value;
	return 0;
}

static int set_batch(struct options *options, const char *value, struct error *error)
{
	char *end;
	long files = strtol(value, &end, 10);
	if (*end != '\0' || files < 1 || files > 1000000)
		return error_set(error, ERROR_USAGE, "--batch \"%s\" is no number of files from 1 to 1000000", value);
	options->files_per_commit = (size_t)files;
	return 0;
}

static int set_deletes(struct options *options, const char *value, struct error *error)
{
	if (strncmp(value, "column:", 7) == 0 && value[7] != '\0')
		options->deleted_column = value + 7;
	else if (strcmp(value, "absent") != 0)
		return error_set(error, ERROR_USAGE, "--deletes \"%s\" is neither absent nor column:NAME", value);
	return 0;
}

static int set_changes(struct options *options, const char *value, struct error *error)
{
	static const struct {
		const char *name;
		enum change_format format;
	} formats[] = {{"records", CHANGE_RECORD}, {"flat", CHANGE_FLAT}, {"dms", CHANGE_DMS}, {"poll", CHANGE_POLL}};
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (strcmp(value, formats[i].name) == 0) {
			options->changes = formats[i].format;
			return 0;
		}
	}
	return error_set(error, ERROR_USAGE, "--changes \"%s\" is none of records, flat, dms and poll", value);
}

static int set_ttl(struct options *options, const char *value, struct error *error)
{
	options->ttl_keep = strcmp(value, "keep") == 0;
	if (!options->ttl_keep && strcmp(value, "delete") != 0)
		return error_set(error, ERROR_USAGE, "--ttl \"%s\" is neither delete nor keep", value);
	return 0;
}

static int set_option(struct options *options, int option, const char *value, struct error *error)
{
	switch (option) {
	case OPTION_TABLE:
		return once(&options->table, value, "table", error);
	case OPTION_COLUMNS:
		return once(&options->columns, value, "columns", error);
	case OPTION_PARTITION:
		return once(&options->partition, value, "partition", error);
	case OPTION_COLUMN:
		if (options->column_count == LAKE_COLUMNS_MAX)
			return error_set(error, ERROR_USAGE, "more than %d columns", LAKE_COLUMNS_MAX);
		options->column[options->column_count++] = value;
		return 0;
	case OPTION_EXPORT:
		return another(options->exports, &options->export_count, value, "export", error);
	case OPTION_EVENTS:
		return another(options->events, &options->event_count, value, "events", error);
	case OPTION_INCREMENT:
		return another(options->increments, &options->increment_count, value, "increment", error);
	case OPTION_SCAN:
		return another(options->scans, &options->scan_count, value, "scan", error);
	case OPTION_CHANGES:
		return set_changes(options, value, error);
	case OPTION_FUZZ:
		if (clock_parse_duration(slice_from(value), &options->fuzz_us))
			return 0;
		return error_set(error, ERROR_USAGE, "--fuzz \"%s\" is no duration such as 60s", value);
	case OPTION_TTL_ATTRIBUTE:
		options->ttl_attribute = value;
		return 0;
	case OPTION_UPSERT:
		return once(&options->upserts, value, "upsert", error);
	case OPTION_DELETE:
		return once(&options->deletes, value, "delete", error);
	case OPTION_JOB:
		return once(&options->job, value, "job", error);
	case OPTION_CHECKPOINT:
		return once(&options->checkpoint, value, "checkpoint", error);
	case OPTION_NO_SYNC:
		options->no_sync = true;
		return 0;
	case OPTION_BATCH:
		return set_batch(options, value, error);
	case OPTION_DELETES:
		return set_deletes(options, value, error);
	case OPTION_TTL:
		return set_ttl(options, value, error);
	case OPTION_BUG:
		return bugs_add(&options->bugs, value, error);
	case OPTION_QUIET:
		options->quiet = true;
		return 0;
	default:
		return error_set(error, ERROR_USAGE, "unknown option or missing value; --help lists them");
	}
}

int options_parse(int argc, char **argv, struct options *options, struct error *error)
{
	static const struct option table[] = {
		{"table", required_argument, NULL, OPTION_TABLE},
		{"columns", required_argument, NULL, OPTION_COLUMNS},
		{"column", required_argument, NULL, OPTION_COLUMN},
		{"export", required_argument, NULL, OPTION_EXPORT},
		{"events", required_argument, NULL, OPTION_EVENTS},
		{"batch", required_argument, NULL, OPTION_BATCH},
		{"deletes", required_argument, NULL, OPTION_DELETES},
		{"ttl", required_argument, NULL, OPTION_TTL},
		{"partition", required_argument, NULL, OPTION_PARTITION},
		{"bug", required_argument, NULL, OPTION_BUG},
		{"list-bugs", no_argument, NULL, OPTION_LIST_BUGS},
		{"increment", required_argument, NULL, OPTION_INCREMENT},
		{"scan", required_argument, NULL, OPTION_SCAN},
		{"changes", required_argument, NULL, OPTION_CHANGES},
		{"fuzz", required_argument, NULL, OPTION_FUZZ},
		{"ttl-attribute", required_argument, NULL, OPTION_TTL_ATTRIBUTE},
		{"upsert", required_argument, NULL, OPTION_UPSERT},
		{"delete", required_argument, NULL, OPTION_DELETE},
		{"job", required_argument, NULL, OPTION_JOB},
		{"checkpoint", required_argument, NULL, OPTION_CHECKPOINT},
		{"no-sync", no_argument, NULL, OPTION_NO_SYNC},
		{"quiet", no_argument, NULL, OPTION_QUIET},
		{"help", no_argument, NULL, OPTION_HELP},
		{NULL, 0, NULL, 0},
	};
	*options = (struct options){.fuzz_us = EXPORT_FUZZ_US, .ttl_attribute = "expires_at"};
	opterr = 0;
	optind = 1;
	for (;;) {
		int option = getopt_long(argc, argv, "", table, NULL);
		if (option < 0)
			break;
		options->help = options->help || option == OPTION_HELP;
		options->list_bugs = options->list_bugs || option == OPTION_LIST_BUGS;
		if (options->help || options->list_bugs)
			return 0;
		int code = set_option(options, option, optarg, error);
		if (code != 0)
			return code;
	}
	if (optind < argc)
		return error_set(error, ERROR_USAGE, "unexpected \"%s\"; --help lists the options", argv[optind]);
	if ((options->table == NULL) == (options->job == NULL))
		return error_set(error, ERROR_USAGE, "give either --table or --job; --help lists the options");
	return 0;
}
