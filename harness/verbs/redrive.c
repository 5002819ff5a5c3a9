/* redrive - the changes of keys that differ, told once more in the pipeline's own format. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "harness/redrive/redrive_files.h"
#include "harness/redrive/redrive_report.h"
#include "harness/session.h"
#include "reconcile/ingest/ingest_file.h"

enum { RECORDS_DEFAULT = 1000, SIZE_DEFAULT = 64 << 20, SIZE_MAX_OF_FILE = 1 << 30 };

struct redrive_options {
	struct session_options session;
	const char *format, *to, *prefix, *view, *stamp, *fields, *contract;
	int64_t records, size;
	bool gzip, list, dry_run;
};

static const struct option_spec options[] = {
	{"format", OPTION_CHOICE, offsetof(struct redrive_options, format), "FORMAT", REDRIVE_FORMATS,
	 "how the pipeline's changes land; required"},
	{"to", OPTION_TEXT, offsetof(struct redrive_options, to), "DIR", NULL,
	 "the landing folder (default: a cell's own); required unless nothing is to be written"},
	{"prefix", OPTION_TEXT, offsetof(struct redrive_options, prefix), "PATH", NULL,
	 "where in it changes land; below that, folders of the hour (default: events)"},
	{"view", OPTION_CHOICE, offsetof(struct redrive_options, view), "VIEW", STREAM_VIEWS,
	 "which images the pipeline's stream carries (default: NEW_AND_OLD_IMAGES)"},
	{"stamp", OPTION_CHOICE, offsetof(struct redrive_options, stamp), "HOW", "same|newer",
	 "tell a change as it was, or stamped one later for a pipeline that passes over what it has applied "
	 "(default: same)"},
	{"fields", OPTION_TEXT, offsetof(struct redrive_options, fields), "NAMES", NULL,
	 "of dms: the columns behind the key's, separated by commas (default: as the contract maps them)"},
	{"records-per-file", OPTION_NUMBER, offsetof(struct redrive_options, records), "N", NULL,
	 "a file is closed at so many records (default: 1000)"},
	{"file-size", OPTION_SIZE, offsetof(struct redrive_options, size), "SIZE", NULL,
	 "or before it gets so large, uncompressed (default: 64MiB)"},
	{"gzip", OPTION_FLAG, offsetof(struct redrive_options, gzip), NULL, NULL, "compress the files"},
	{"list", OPTION_FLAG, offsetof(struct redrive_options, list), NULL, NULL,
	 "write nothing, print a line of JSON for each key"},
	{"dry-run", OPTION_FLAG, offsetof(struct redrive_options, dry_run), NULL, NULL,
	 "write nothing, say what would be written"},
	{"contract", OPTION_TEXT, offsetof(struct redrive_options, contract), "FILE", NULL,
	 "the report's contract, when it is not where the report says"},
	SESSION_OPTIONS(struct redrive_options),
	{NULL, OPTION_FLAG, 0, NULL, NULL, NULL},
};

static void defaults(void *target)
{
	struct redrive_options *chosen = target;
	session_defaults(&chosen->session);
	chosen->prefix = "events";
	chosen->view = "NEW_AND_OLD_IMAGES";
	chosen->stamp = "same";
	chosen->records = RECORDS_DEFAULT;
	chosen->size = SIZE_DEFAULT;
}

struct redrive {
	struct redrive_options own;
	const struct redrive_options *chosen; /* those, once a cell has been looked at */
	struct run *run;
	struct redrive_plan plan;
	struct redrive_form *form;
	struct redrive_files *files;
	struct buffer record, line;
	/* of the source being read: its keys, sorted by record */
	struct redrive_key *begin, *end;
	uint64_t again, again_verbatim, items, removes, left[LEFT_COUNT], more;
	uint64_t *numbers;
};

/* ---- one key */

static void print_left(struct redrive *redrive, const struct redrive_key *key)
{
	struct buffer *line = &redrive->line;
	line->size = 0;
	buffer_printf(line, "{\"finding\":\"%s\",\"key\":%s,\"written\":false,\"why\":", finding_kinds[key->id].id,
		      key->json);
	buffer_append_json(line, slice_from(redrive_left_text(key->left)));
	printf("%.*s}\n", (int)line->size, line->data);
}

static void leave(struct redrive *redrive, struct redrive_key *key, enum redrive_left left)
{
	key->how = REDRIVE_NOTHING;
	key->left = left;
	redrive->left[left]++;
	if (redrive->chosen->list)
		print_left(redrive, key);
}

static void print_told(struct redrive *redrive, const struct redrive_key *key, const struct redrive_told *told)
{
	struct buffer *line = &redrive->line;
	const struct state_source *source = state_source(key->run->state, key->decided.source);
	char time[CLOCK_TEXT_MAX];
	line->size = 0;
	buffer_printf(line, "{\"finding\":\"%s\",\"key\":%s,\"written\":true,\"what\":\"%s\"",
		      finding_kinds[key->id].id, key->json, told->what);
	if (told->time_us != INT64_MIN)
		buffer_printf(line, ",\"time\":\"%s\"", clock_format(told->time_us, time));
	if (told->sequence[0] != '\0')
		buffer_printf(line, ",\"sequence\":\"%s\"", told->sequence);
	buffer_append_text(line, told->verbatim ? ",\"as\":\"it came\"" : ",\"as\":\"made anew\"");
	if (source != NULL) {
		buffer_append_text(line, ",\"file\":");
		buffer_append_json(line, slice_from(source->path));
		buffer_printf(line, ",\"record\":%" PRIu64, key->decided.record);
	}
	printf("%.*s}\n", (int)line->size, line->data);
}

static int redrive_key(struct redrive *redrive, struct redrive_key *key, const struct record *record,
		       struct error *error)
{
	struct redrive_told told = {.more = true};
	enum redrive_left left = LEFT_CARRIED;
	for (unsigned step = 0; told.more; step++) {
		redrive->record.size = 0;
		if (!redrive_form_record(redrive->form, key, record, step, &redrive->record, &told, &left)) {
			leave(redrive, key, left);
			return 0;
		}
		if (redrive->files != NULL &&
		    redrive_files_add(redrive->files, buffer_slice(&redrive->record), error) != 0)
			return error->code;
	}
	bool change = record != NULL && record->kind == RECORD_CHANGE;
	redrive->again += change;
	redrive->again_verbatim += told.verbatim;
	redrive->items += record != NULL && !change;
	redrive->removes += record == NULL;
	key->how = REDRIVE_NOTHING; /* done */
	key->left = LEFT_COUNT;
	if (redrive->chosen->list)
		print_told(redrive, key, &told);
	return 0;
}

/* ---- their records */

/* The file may be another one than was merged. */
static bool is_of_key(const struct redrive_key *key, const struct record *record, struct digest_scratch *scratch)
{
	struct slice bytes;
	struct digest_fault fault;
	return digest_key(scratch, record->tokens, record->keys, &bytes, &fault) &&
	       digest_row_key(scratch, bytes, &bytes, &fault) && slice_equal(bytes, key->key);
}

static int take_record(void *context, const struct record *record, struct error *error)
{
	struct redrive *redrive = context;
	int code = 0;
	for (struct redrive_key *key = redrive->begin; key < redrive->end && code == 0; key++) {
		if (key->how == REDRIVE_NOTHING || key->decided.record != record->number)
			continue;
		struct digest_scratch *scratch = digest_scratch_new(key->run->plan);
		if (scratch == NULL)
			return error_set(error, ERROR_INTERNAL, "out of memory");
		if (is_of_key(key, record, scratch))
			code = redrive_key(redrive, key, record, error);
		digest_scratch_free(scratch);
	}
	while (redrive->begin < redrive->end && redrive->begin->decided.record <= record->number &&
	       redrive->begin->how == REDRIVE_NOTHING)
		redrive->begin++;
	return code;
}

static int take_problem(void *context, const struct problem *problem, struct error *error)
{
	(void)context;
	(void)problem;
	(void)error;
	return 0;
}

/* All keys whose record is in one file. */
static int redrive_file(struct redrive *redrive, struct redrive_key *begin, struct redrive_key *end,
			struct json_parser *parser, struct error *error)
{
	const struct state_source *source = state_source(begin->run->state, begin->decided.source);
	struct record_sink sink = {redrive, take_record, take_problem};
	struct error reading = {0};
	uint64_t count = 0;
	for (struct redrive_key *key = begin; key < end; key++)
		if (key->how != REDRIVE_NOTHING &&
		    (count == 0 || redrive->numbers[count - 1] != key->decided.record))
			redrive->numbers[count++] = key->decided.record;
	redrive->begin = begin;
	redrive->end = end;
	int code = source == NULL || count == 0 ? 0
						: ingest_reread(begin->run, source, redrive->numbers, count, parser,
								&sink, &reading);
	if (code != 0 && code != ERROR_IO && code != ERROR_DATA)
		return error_set(error, code, "%s", reading.message);
	for (struct redrive_key *key = begin; key < end; key++)
		if (key->how != REDRIVE_NOTHING)
			leave(redrive, key, LEFT_UNREADABLE);
	return 0;
}

static bool is_one_file(const struct redrive_key *a, const struct redrive_key *b)
{
	return a->run == b->run && a->decided.source == b->decided.source && a->decided.source != 0;
}

static int redrive_all(struct redrive *redrive, struct error *error)
{
	struct redrive_plan *plan = &redrive->plan;
	struct json_parser *parser = json_parser_new(RECORD_SIZE_MAX);
	redrive->numbers = calloc(plan->count + 1, sizeof *redrive->numbers);
	int code = parser == NULL || redrive->numbers == NULL ? error_set(error, ERROR_INTERNAL, "out of memory") : 0;
	for (uint64_t i = 0; i < plan->count && code == 0; i++)
		if (plan->keys[i].how == REDRIVE_NOTHING)
			leave(redrive, &plan->keys[i], plan->keys[i].left);
	for (uint64_t i = 0, next; i < plan->count && code == 0; i = next) {
		for (next = i + 1; next < plan->count && is_one_file(&plan->keys[i], &plan->keys[next]); next++)
			continue;
		if (plan->keys[i].how == REDRIVE_ABSENCE)
			code = redrive_key(redrive, &plan->keys[i], NULL, error);
		else if (plan->keys[i].decided.source != 0)
			code = redrive_file(redrive, &plan->keys[i], &plan->keys[next], parser, error);
	}
	if (code == 0 && redrive->files != NULL)
		code = redrive_files_finish(redrive->files, error);
	json_parser_free(parser);
	return code;
}

/* ---- the whole */

/* The folder of a cell of a run: its contract, what was kept with that, and where its changes landed. */
static int enter_cell(struct redrive *redrive, const char *folder, struct error *error)
{
	static const char *const names[] = {"contract", "contract-delivered"};
	struct redrive_options *chosen = &redrive->own;
	struct arena *arena = &redrive->plan.arena;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const char *contract = arena_text(arena, "%s/%s.yaml", folder, names[i]);
		struct stat what;
		if (contract == NULL || stat(contract, &what) != 0)
			continue;
		chosen->contract = contract;
		if (chosen->session.state == NULL)
			chosen->session.state = arena_text(arena, "%s/state/%s", folder, names[i]);
		if (chosen->to == NULL)
			chosen->to = arena_text(arena, "%s/landing", folder);
		return chosen->session.state == NULL || chosen->to == NULL
			       ? error_set(error, ERROR_INTERNAL, "out of memory")
			       : 0;
	}
	return error_set(error, ERROR_USAGE,
			 "\"%s\" is no cell of a run whose files were kept: it has no contract.yaml", folder);
}

static bool is_folder(const char *path)
{
	struct stat what;
	return stat(path, &what) == 0 && S_ISDIR(what.st_mode);
}

static int find_keys(struct redrive *redrive, const char *operand, struct error *error)
{
	struct redrive_report *report = NULL;
	struct outcome *outcome = NULL;
	bool is_report = false;
	int code = is_folder(operand) ? enter_cell(redrive, operand, error)
				      : redrive_report_is(operand, &is_report, error);
	if (code == 0 && is_report)
		code = redrive_report_read(operand, &report, error);
	const char *contract = !is_report || code != 0 ? operand : redrive_report_contract(report);
	if (redrive->chosen->contract != NULL)
		contract = redrive->chosen->contract;
	if (code == 0)
		code = session_open(&redrive->chosen->session, contract, SESSION_LAKE, UINT64_MAX / 4, &redrive->run,
				    error);
	if (code == 0)
		code = run_ingest(redrive->run, error);
	if (code == 0 && is_report)
		code = redrive_report_keys(report, redrive->run, &redrive->plan, &redrive->more, error);
	if (code == 0 && !is_report)
		code = run_reconcile(redrive->run, &outcome, error);
	if (code == 0 && !is_report)
		code = redrive_outcome_keys(outcome, redrive->run, &redrive->plan, error);
	if (code == 0)
		code = redrive_plan_judge(&redrive->plan, redrive->run, error);
	if (outcome != NULL)
		outcome_free(outcome);
	free(outcome);
	redrive_report_free(report);
	return code;
}

static int prepare(struct redrive *redrive, int64_t now_us, struct error *error)
{
	const struct redrive_options *chosen = redrive->chosen;
	const struct redrive_style style = {chosen->format, chosen->view, chosen->fields, chosen->stamp[0] == 'n',
					    now_us};
	const struct redrive_place place = {chosen->to,   chosen->prefix, now_us, (uint64_t)chosen->records,
					    (uint64_t)chosen->size, chosen->gzip};
	int code = redrive_form_new(&style, redrive->run, &redrive->form, error);
	if (code == 0 && !chosen->list && !chosen->dry_run && redrive->plan.count > 0)
		code = redrive_files_new(&place, redrive->form, &redrive->files, error);
	return code;
}

static void print_summary(const struct redrive *redrive)
{
	uint64_t told = redrive->again + redrive->items + redrive->removes, left = 0;
	bool wrote = redrive->files != NULL && redrive_files_count(redrive->files) > 0;
	for (int i = 0; i < LEFT_COUNT; i++)
		left += redrive->left[i];
	printf("redrive    %" PRIu64 " of %" PRIu64 " keys %s", told, told + left,
	       redrive->files != NULL || told == 0 ? "told again" : "would be told again");
	if (told > 0)
		printf(": %" PRIu64 " changes (%" PRIu64 " byte for byte), %" PRIu64
		       " items of exports, %" PRIu64 " removals that exports show",
		       redrive->again, redrive->again_verbatim, redrive->items, redrive->removes);
	printf("\n");
	for (int i = 0; i < LEFT_COUNT; i++)
		if (redrive->left[i] > 0)
			printf("left out   %" PRIu64 " %s\n", redrive->left[i],
			       redrive_left_text((enum redrive_left)i));
	if (redrive->plan.others > 0)
		printf("left out   %" PRIu64 " findings that are of no row\n", redrive->plan.others);
	if (redrive->more > 0)
		printf("left out   %" PRIu64 " differences that the report counts and does not list: reconcile with "
		       "--findings all\n",
		       redrive->more);
	if (wrote)
		printf("written    %" PRIu64 " files under %s\n", redrive_files_count(redrive->files),
		       redrive_files_folder(redrive->files));
	else
		printf("written    nothing\n");
}

static int check_options(const struct redrive_options *chosen, bool cell, struct error *error)
{
	if (chosen->format == NULL)
		return error_set(error, ERROR_USAGE, "--format is required: how the pipeline's changes land");
	if (chosen->to == NULL && !cell && !chosen->list && !chosen->dry_run)
		return error_set(error, ERROR_USAGE, "--to is required: the landing folder; or --list, or --dry-run");
	if (chosen->records < 1)
		return error_set(error, ERROR_USAGE, "--records-per-file takes at least 1");
	if (chosen->size < 1 || chosen->size > SIZE_MAX_OF_FILE)
		return error_set(error, ERROR_USAGE, "--file-size takes at most 1GiB");
	return 0;
}

static int run(int operand_count, char **operands, const void *given)
{
	const struct redrive_options *chosen = given;
	struct redrive redrive = {.own = *chosen};
	struct error error = {0};
	(void)operand_count;
	redrive_plan_init(&redrive.plan);
	buffer_init(&redrive.record, (size_t)RECORD_SIZE_MAX * 8);
	buffer_init(&redrive.line, (size_t)1 << 20);
	redrive.chosen = &redrive.own;
	int code = check_options(chosen, is_folder(operands[0]), &error);
	if (code == 0)
		code = find_keys(&redrive, operands[0], &error);
	if (code == 0)
		code = prepare(&redrive, clock_now_us(), &error);
	if (code == 0)
		code = redrive_all(&redrive, &error);
	if (code == 0 && !chosen->list)
		print_summary(&redrive);
	redrive_files_free(redrive.files);
	redrive_form_free(redrive.form);
	redrive_plan_release(&redrive.plan);
	buffer_release(&redrive.record);
	buffer_release(&redrive.line);
	free(redrive.numbers);
	run_close(redrive.run);
	return code != 0 ? session_fail("redrive", &error) : 0;
}

const struct verb verb_redrive = {
	.name = "redrive",
	.summary = "tell the changes of keys that differ once more, in the pipeline's own format",
	.usage = "REPORT|CONTRACT|CELL",
	.details = "REPORT is what `reconcile --format json --findings all` printed; of a CONTRACT all\n"
		   "that differs now is taken; of a run's CELL, its folder, what its table lacks, for\n"
		   "its own landing folder. Each key is judged again: only what differs and is proven\n"
		   "is written, as files that sort after all others in the landing folder, so that\n"
		   "the pipeline mends its table itself. What is left out is said, and why.\n"
		   "Exit status: 0, whether anything was to be written or not.",
	.options = options,
	.run = run,
	.options_size = sizeof(struct redrive_options),
	.defaults = defaults,
	.operands_min = 1,
	.operands_max = 1,
};
