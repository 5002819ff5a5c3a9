/* check - a contract against schemas and samples, in seconds: is it worth starting the real thing? */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness/session.h"
#include "reconcile/contract/where.h"
#include "reconcile/contract/disclosure.h"
#include "reconcile/event_item.h"
#include "reconcile/ingest/rows_plan.h"
#include "sources/events.h"

enum { SAMPLE_RECORDS = 1000, SAMPLE_STOP = -1 };

struct check_options {
	struct session_options session;
};

static const struct option_spec options[] = {
	SESSION_VALUES(struct check_options),
	SESSION_VERSION(struct check_options),
	{NULL, OPTION_FLAG, 0, NULL, NULL, NULL},
};

static void defaults(void *target)
{
	session_defaults(&((struct check_options *)target)->session);
}

struct check {
	struct contract *contract;
	bool values_full;
	struct arena arena;  /* of messages */
	struct arena shapes; /* of rows */
	struct bridge_table *table;
	struct ArrowSchema schema;
	struct digest_plan *plan;
	struct json_parser *parser;
	struct digest_scratch *scratch;
	struct event_item event;
	uint64_t problems;
	/* the present sample */
	uint64_t records, faults, lossy, mistyped;
	uint64_t images, inside; /* of all samples: those that the lake takes */
};

__attribute__((format(printf, 3, 4))) static void say(struct check *check, bool good, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	printf("%s ", good ? "ok      " : "problem ");
	vprintf(format, arguments);
	printf("\n");
	va_end(arguments);
	check->problems += !good;
}

static const char *told(struct check *check, const char *message)
{
	arena_reset(&check->arena);
	const char *text = disclosure_message(check->contract, check->values_full, "record.unreadable", message,
					      &check->arena);
	return text != NULL ? text : "out of memory";
}

static void say_fault(struct check *check, const struct record *record, const char *what,
		      const struct digest_fault *fault)
{
	char message[400];
	if (check->faults++ >= 3)
		return;
	(void)snprintf(message, sizeof message, "%s%s %s", what, fault->reason, fault->detail);
	say(check, false, "  record %" PRIu64 ", byte %" PRIu64 ": %s", record->number, record->offset,
	    told(check, message));
}

/* The first few by name; the rest is counted. */
static void tell_misfit(struct check *check, const struct record *record)
{
	struct buffer why;
	buffer_init(&why, 65536);
	const char *column = digest_misfit(check->scratch, &why);
	if (column != NULL && why.size > 0)
		say(check, false, "  record %" PRIu64 ", byte %" PRIu64 ": column '%s': %.*s", record->number,
		    record->offset, column, (int)why.size, why.data);
	buffer_release(&why);
}

static int take_image(struct check *check, const struct record *record, uint32_t image)
{
	struct image_digest digest;
	struct digest_fault fault = {0};
	check->images++;
	if (where_image(check->contract->where, record->tokens, image, &check->arena) == WHERE_OUTSIDE)
		return 0;
	check->inside++;
	if (!digest_image(check->scratch, record->tokens, image, &digest, &fault)) {
		say_fault(check, record, "", &fault);
		return 0;
	}
	if (digest.flags != 0 && check->lossy + check->mistyped < 3)
		tell_misfit(check, record);
	check->lossy += (digest.flags & IMAGE_LOSSY) != 0;
	check->mistyped += (digest.flags & IMAGE_MISTYPED) != 0;
	return 0;
}

static int take_record(void *context, const struct record *record, struct error *error)
{
	struct check *check = context;
	struct digest_fault fault = {0};
	struct slice key;
	struct record event;
	if (check->contract->shape == SHAPE_EVENTS) {
		if (record->kind != RECORD_CHANGE)
			return ++check->records >= SAMPLE_RECORDS ? SAMPLE_STOP : 0;
		int code = event_item_make(&check->event, check->contract, record, &event, error);
		if (code != 0)
			return code;
		record = &event;
	}
	if (!digest_key(check->scratch, record->tokens, record->keys, &key, &fault)) {
		say_fault(check, record, "key: ", &fault);
	} else if (record->after == STATE_IMAGE || record->before == STATE_IMAGE) {
		uint64_t inside = check->inside;
		struct slice row_key;
		take_image(check, record, record->after == STATE_IMAGE ? record->after_image : record->before_image);
		if (check->inside > inside && !digest_row_key(check->scratch, key, &row_key, &fault))
			say_fault(check, record, "no key of a row can be made: ", &fault);
	}
	if (digest_scratch_failed(check->scratch))
		return error_set(error, ERROR_INTERNAL, "out of memory for the values of a record");
	return ++check->records >= SAMPLE_RECORDS ? SAMPLE_STOP : 0;
}

static int take_problem(void *context, const struct problem *problem, struct error *error)
{
	struct check *check = context;
	(void)error;
	if (problem->has_position)
		say(check, false, "%s: %s, record %" PRIu64 ", byte %" PRIu64 ": %s", problem->id, problem->path,
		    problem->record, problem->offset,
		    strcmp(problem->id, "record.unreadable") == 0 ? told(check, problem->message) : problem->message);
	else
		say(check, false, "%s: %s: %s", problem->id, problem->path, problem->message);
	return 0;
}

static void tell_sample(struct check *check, const char *path)
{
	say(check, check->faults == 0, "%s: %" PRIu64 " sample records, %" PRIu64 " of them not usable", path,
	    check->records, check->faults);
	if (check->lossy > 0)
		say(check, false, "  %" PRIu64 " sample images hold a value that does not fit its column",
		    check->lossy);
	if (check->mistyped > 0)
		say(check, false, "  %" PRIu64 " sample images hold an attribute whose type its column cannot take",
		    check->mistyped);
}

/* What is wrong with the input is a problem found; what is wrong here is not. */
static int unusable(struct check *check, const char *path, int code, const struct error *error)
{
	if (code != ERROR_INTERNAL)
		say(check, false, "%s%s%s", path, path[0] != '\0' ? ": " : "", error->message);
	return code == ERROR_INTERNAL ? code : 0;
}

static int finish_sample(struct check *check, const char *path, int code, struct error *error)
{
	if (code == SAMPLE_STOP || code == 0)
		tell_sample(check, path);
	else
		return unusable(check, path, code, error);
	return 0;
}

static int check_export(struct check *check, const char *path, struct error *error)
{
	struct record_sink sink = {check, take_record, take_problem};
	struct export *export = NULL;
	int code = export_open(path, &sink, &export, error);
	if (code != 0)
		return unusable(check, "", code, error);
	say(check, export->complete, "%s%s %s: %" PRId64 " %s in %" PRIu64 " files",
	    export->incremental ? "incremental " : "", export->ion ? "Ion export" : "export", path, export->item_count,
	    export->incremental ? "changes" : "items", export->file_count);
	uint64_t chosen = 0;
	for (uint64_t i = 0; i < export->file_count; i++)
		if (export->files[i].path != NULL && export->files[i].item_count > export->files[chosen].item_count)
			chosen = i;
	struct file_result result = {0};
	if (export->file_count > 0 && export->files[chosen].path != NULL) {
		code = export_read_file(export, chosen, check->parser, &sink, &result, error);
		code = finish_sample(check, export->files[chosen].path, code, error);
	}
	export_close(export);
	return code;
}

static int check_exports(struct check *check, const char *path, struct error *error)
{
	struct record_sink sink = {check, take_record, take_problem};
	char **folders = NULL;
	size_t count = 0;
	int code = export_list(path, &sink, &folders, &count, error);
	if (code != 0)
		return unusable(check, "", code, error);
	for (size_t i = 0; i < count && code == 0; i++) {
		check->records = check->faults = check->lossy = check->mistyped = 0;
		code = check_export(check, folders[i], error);
	}
	events_list_free(folders, count);
	return code;
}

static int check_events(struct check *check, const struct contract_source *source, struct error *error)
{
	struct record_sink sink = {check, take_record, take_problem};
	char **files = NULL;
	size_t count = 0;
	int code = events_list(source->path, &files, &count, error);
	if (code != 0)
		return unusable(check, "", code, error);
	say(check, count > 0, "events %s: %zu files", source->path, count);
	if (count > 0) {
		struct file_result result = {0};
		code = contract_is_rows(source)
			       ? rows_read_file(files[0], &source->rows.shape, check->parser, &sink, &result, error)
			       : events_read_file(files[0], source->format, check->parser, &sink, &result, error);
		code = finish_sample(check, files[0], code, error);
	}
	events_list_free(files, count);
	return code;
}

static int check_items(struct check *check, const struct contract_source *source, struct error *error)
{
	struct record_sink sink = {check, take_record, take_problem};
	char **files = NULL;
	size_t count = 0;
	uint64_t missing = 0;
	int code = items_list(source->path, &sink, &files, &count, &missing, error);
	if (code != 0)
		return unusable(check, "", code, error);
	say(check, count > 0 && missing == 0, "items %s: %zu files", source->path, count);
	if (count > 0) {
		struct file_result result = {0};
		code = items_read_file(files[0], source->items_format, check->parser, &sink, &result, error);
		code = finish_sample(check, files[0], code, error);
	}
	events_list_free(files, count);
	return code;
}

static int check_rows(struct check *check, uint32_t index, struct error *error)
{
	const struct contract_source *source = &check->contract->sources[index];
	struct record_sink sink = {check, take_record, take_problem};
	const struct digest_plan *plans[] = {check->plan};
	char **files = NULL;
	size_t count = 0;
	int code = events_list(source->path, &files, &count, error);
	if (code != 0)
		return unusable(check, "", code, error);
	const struct rows_shape **shapes = rows_plan(check->contract, plans, 1, &check->shapes);
	say(check, count > 0, "rows %s: %zu files%s", source->path, count,
	    source->rows.puts_only ? ", which do not tell of deletes" : "");
	if (shapes == NULL)
		code = error_set(error, ERROR_INTERNAL, "out of memory");
	if (count > 0 && code == 0) {
		struct file_result result = {0};
		code = rows_read_file(files[0], shapes[index], check->parser, &sink, &result, error);
		code = finish_sample(check, files[0], code, error);
	}
	events_list_free(files, count);
	return code;
}

static void check_plan(struct check *check)
{
	const struct plan_report *report = digest_plan_report(check->plan);
	for (uint32_t i = 0; i < report->missing_count; i++)
		say(check, false, "column '%s' is not in the table", report->missing_columns[i]);
	for (uint32_t i = 0; i < report->unmapped_count; i++)
		say(check, false, "table column '%s' is neither mapped nor ignored", report->unmapped_columns[i]);
	for (uint32_t i = 0; i < report->mismatch_count; i++)
		say(check, false, "column '%s' is %s in the table, the contract says %s", report->mismatches[i].column,
		    report->mismatches[i].have, report->mismatches[i].want);
	if (check->schema.release != NULL &&
	    report->missing_count + report->unmapped_count + report->mismatch_count == 0)
		say(check, true, "%" PRIu32 " of %" PRIu32 " table columns are compared%s", report->compared_columns,
		    report->table_columns,
		    report->compared_columns < report->table_columns ? ", the others are ignored" : "");
}

static int check_lake(struct check *check, int64_t version, struct error *error)
{
	if (check->contract->delta == NULL)
		return 0;
	int code = bridge_table_open(check->contract->delta, version >= 0 ? version : check->contract->version,
				     &check->table, error);
	if (code == 0)
		code = bridge_table_schema(check->table, &check->schema, error);
	if (code != 0)
		return unusable(check, "", code, error);
	const struct bridge_info *info = bridge_table_info(check->table);
	say(check, true, "lake %s: version %" PRId64 ", %" PRIu64 " files, %s", check->contract->delta, info->version,
	    info->file_count, info->features);
	return 0;
}

static int check_samples(struct check *check, struct error *error)
{
	check->parser = json_parser_new(RECORD_SIZE_MAX);
	check->scratch = digest_scratch_new(check->plan);
	if (check->parser == NULL || check->scratch == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	int code = 0;
	for (uint32_t i = 0; i < check->contract->source_count && code == 0; i++) {
		const struct contract_source *source = &check->contract->sources[i];
		check->records = check->faults = check->lossy = check->mistyped = 0;
		code = source->kind == SOURCE_EXPORT  ? check_exports(check, source->path, error)
		       : source->kind == SOURCE_ITEMS ? check_items(check, source, error)
		       : source->kind == SOURCE_ROWS  ? check_rows(check, i, error)
						      : check_events(check, source, error);
	}
	if (code == 0 && check->contract->where != NULL)
		say(check, true, "%" PRIu64 " of %" PRIu64 " sample images are in this lake", check->inside,
		    check->images);
	uint64_t count;
	const struct unmapped_attribute *unmapped = digest_unmapped(check->scratch, &count);
	for (uint64_t i = 0; i < count; i++)
		say(check, false, "attribute '%s' is neither mapped nor ignored (%" PRIu64 " sample images)",
		    unmapped[i].name, unmapped[i].count);
	return code;
}

static void lake_release(struct check *check)
{
	digest_scratch_free(check->scratch);
	json_parser_free(check->parser);
	digest_plan_free(check->plan);
	if (check->schema.release != NULL)
		check->schema.release(&check->schema);
	bridge_table_close(check->table);
	check->scratch = NULL;
	check->parser = NULL;
	check->plan = NULL;
	check->table = NULL;
	check->schema.release = NULL;
	check->images = check->inside = 0;
}

static int check_one(struct check *check, const struct check_options *chosen, struct error *error)
{
	if (check->contract->name != NULL)
		say(check, true, "lake '%s': %" PRIu32 " columns", check->contract->name,
		    check->contract->column_count);
	int code = check_lake(check, chosen->session.version, error);
	if (code == 0)
		code = digest_plan_new(check->contract, check->schema.release != NULL ? &check->schema : NULL,
				       &check->plan, error);
	if (code == 0) {
		check_plan(check);
		code = check_samples(check, error);
	}
	lake_release(check);
	return code;
}

static int run(int operand_count, char **operands, const void *given)
{
	const struct check_options *chosen = given;
	struct error error = {0};
	struct check check = {0};
	struct contract *whole = NULL;
	(void)operand_count;
	arena_init(&check.arena, (size_t)1 << 20);
	arena_init(&check.shapes, (size_t)1 << 28);
	event_item_init(&check.event);
	check.values_full = session_values_full(&chosen->session);
	int code = contract_load(operands[0], &whole, &error);
	if (code == 0)
		say(&check, true, "contract %s: %" PRIu32 " sources, %" PRIu32 " %s", operands[0], whole->source_count,
		    whole->lakes[0]->name != NULL ? whole->lake_count : whole->column_count,
		    whole->lakes[0]->name != NULL ? "lakes" : "columns");
	for (uint32_t i = 0; code == 0 && i < whole->lake_count; i++) {
		check.contract = whole->lakes[i];
		code = check_one(&check, chosen, &error);
	}
	if (code == 0)
		printf("%s\n", check.problems == 0 ? "no problem found; samples prove nothing, reconcile does"
						   : "problems found; reconcile would not pass");
	arena_release(&check.arena);
	arena_release(&check.shapes);
	event_item_release(&check.event);
	contract_free(whole);
	if (code != 0)
		return session_fail("check", &error);
	return check.problems == 0 ? 0 : 1;
}

const struct verb verb_check = {
	.name = "check",
	.summary = "check a contract against schemas and samples, in seconds",
	.usage = "CONTRACT",
	.details = "Exit status: 0 no problem found, 1 problems found.",
	.options = options,
	.run = run,
	.options_size = sizeof(struct check_options),
	.defaults = defaults,
	.operands_min = 1,
	.operands_max = 1,
};
