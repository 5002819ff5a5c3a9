/* count - does the lake have as many rows as DynamoDB has items? From manifests, merged state and the Delta log. */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>

#include "harness/session.h"
#include "reconcile/collect.h"
#include "reconcile/digest/digest_arrow.h"
#include "reports/report.h"

enum { PROBLEMS_SHOWN = 20 };

struct count_options {
	struct session_options session;
	const char *export, *delta, *format;
};

static const struct option_spec options[] = {
	{"export", OPTION_TEXT, offsetof(struct count_options, export), "DIR", NULL,
	 "a full export's folder, instead of a contract"},
	{"delta", OPTION_TEXT, offsetof(struct count_options, delta), "DIR", NULL,
	 "a Delta table's folder, instead of a contract"},
	{"format", OPTION_CHOICE, offsetof(struct count_options, format), "FORMAT", "text|json", "how to report"},
	SESSION_VALUES(struct count_options),
	SESSION_VERSION(struct count_options),
	SESSION_OPTIONS(struct count_options),
	{NULL, OPTION_FLAG, 0, NULL, NULL, NULL},
};

static void defaults(void *target)
{
	struct count_options *chosen = target;
	session_defaults(&chosen->session);
	chosen->format = "text";
}

/* -1: not known. */
struct tally {
	int64_t expected, deleted, unproven; /* of the merged evidence */
	int64_t by_export, deleted_by_change;
	int64_t exported; /* the newest export's own count */
	int64_t rows, soft_deleted;
	bool scanned; /* data files had to be opened */
	const char *why_scanned;
	int64_t version;
	bool merged;           /* a contract's sources were merged */
	const char *name;      /* of the lake, where there are several */
	bool filtered;         /* not every item is in it, so the export's own count says nothing */
	const struct run *run; /* while it is open */
	uint64_t either;       /* keys that the lake may hold or not */
	/* any of these makes the expected count unknown: */
	uint64_t problems; /* sources not read whole */
	bool gap;          /* no complete export to start from, or a hole in the capture */
	bool keeps_young;  /* the lake has a scope */
};

/* How many rows of the batch the deletes column marks. */
static int count_deleted(const struct contract *contract, const struct ArrowSchema *schema,
			 const struct ArrowArray *batch, int64_t *deleted, struct error *error)
{
	struct lake_node node = {0};
	struct arena arena;
	arena_init(&arena, 1 << 20);
	const struct column_type *type = column_type_from_arrow(&arena, schema->children[0]);
	bool fits = type != NULL && type->kind == (contract->deletes_when_count > 0 ? COLUMN_STRING : COLUMN_BOOLEAN);
	int code = fits ? lake_node_bind(&node, &arena, contract->deletes_column, type, schema->children[0],
					 batch->children[0], batch->offset, error)
			: error_set(error, ERROR_DATA, "column '%s' is not of the type that lake.deletes needs",
				    contract->deletes_column);
	for (int64_t row = 0; code == 0 && row < batch->length; row++)
		*deleted += lake_marks_delete(contract, &node, row);
	arena_release(&arena);
	return code;
}

static int scan_file(struct bridge_table *table, uint64_t index, const struct contract *contract, struct tally *tally,
		     struct error *error)
{
	struct ArrowSchema schema = {0};
	const char *column = contract != NULL ? contract->deletes_column : NULL;
	struct ArrowArrayStream stream = {0};
	const char *columns[1] = {column};
	int code = bridge_file_read(table, index, columns, column != NULL ? 1 : 0, 65536, true, &stream, error);
	if (code != 0)
		return code;
	if (stream.get_schema(&stream, &schema) != 0)
		code = error_set(error, ERROR_DATA, "%s", stream.get_last_error(&stream));
	while (code == 0) {
		struct ArrowArray batch = {0};
		if (stream.get_next(&stream, &batch) != 0) {
			code = error_set(error, ERROR_DATA, "%s", stream.get_last_error(&stream));
			break;
		}
		if (batch.release == NULL)
			break;
		tally->rows += batch.length;
		if (column != NULL)
			code = count_deleted(contract, &schema, &batch, &tally->soft_deleted, error);
		batch.release(&batch);
	}
	if (schema.release != NULL)
		schema.release(&schema);
	stream.release(&stream);
	return code;
}

/* The log's statistics when they say all that is needed, else a scan. */
static int count_rows(const char *delta, int64_t version, const struct contract *contract, struct tally *tally,
		      struct error *error)
{
	struct bridge_table *table = NULL;
	int code = bridge_table_open(delta, version, &table, error);
	if (code != 0)
		return code;
	const struct bridge_info *info = bridge_table_info(table);
	tally->version = info->version;
	bool marks = contract != NULL && contract->deletes == DELETES_COLUMN;
	if (!marks && info->rows_physical >= 0) {
		tally->rows = info->rows_physical - info->rows_deleted;
	} else {
		tally->scanned = true;
		tally->why_scanned = marks ? "soft deletes are told by a column"
					   : "a file has no statistics in the log";
		for (uint64_t i = 0; i < info->file_count && code == 0; i++)
			code = scan_file(table, i, marks ? contract : NULL, tally, error);
		tally->rows -= tally->soft_deleted;
	}
	bridge_table_close(table);
	return code;
}

static void take_problem(struct tally *tally, const char *id, const char *path, const char *message)
{
	if (!report_property_has(PROPERTY_READ_WHOLE, finding_from_text(id)))
		return;
	if (tally->problems++ >= PROBLEMS_SHOWN)
		return;
	(void)fprintf(stderr, "%s: %s", id, path);
	if (tally->run != NULL)
		session_print_message(tally->run, id, message);
	else
		(void)fprintf(stderr, ": %s\n", message);
}

static int export_problem(void *context, const struct problem *problem, struct error *error)
{
	(void)error;
	take_problem(context, problem->id, problem->path, problem->message);
	return 0;
}

static int state_problem(void *context, const struct state_problem *problem)
{
	take_problem(context, problem->id, problem->path, problem->message);
	return 0;
}

static int count_export(const char *folder, struct tally *tally, struct error *error)
{
	struct record_sink sink = {tally, NULL, export_problem};
	struct export *export = NULL;
	int code = export_open(folder, &sink, &export, error);
	if (code != 0)
		return code;
	if (export->incremental)
		code = error_set(error, ERROR_USAGE, "'%s' is an incremental export, which counts changes, not items",
				 folder);
	tally->exported = tally->expected = export->item_count;
	export_close(export);
	return code;
}

/* What collect does not count: keys of which either is right, such as one whose TTL has passed. */
struct counting {
	struct collect *collect;
	atomic_uint_fast64_t either;
};

static int count_key(void *context, uint32_t worker, const struct judgement *judgement, struct error *error)
{
	struct counting *counting = context;
	if (judgement->lake_expected == LAKE_ANY && judgement->unproven == 0)
		atomic_fetch_add(&counting->either, 1);
	return collect_visit(counting->collect, worker, judgement, error);
}

/* Whether an item may exist, or be gone, without a trace in the evidence. */
static bool has_gap(const struct scope *scope)
{
	bool whole = scope->export_count == 0 && scope->baseline == BASELINE_EMPTY;
	for (uint32_t i = 0; i < scope->export_count; i++)
		whole = whole || scope->exports[i].complete;
	return !whole || scope->hole_count > 0;
}

static void newest_export(const struct run *run, struct tally *tally)
{
	int64_t newest = INT64_MIN;
	for (uint32_t i = 0; i < run->export_count; i++)
		if (!run->exports[i].export->incremental && run->exports[i].export->export_time_us >= newest) {
			newest = run->exports[i].export->export_time_us;
			tally->exported = run->exports[i].export->item_count;
		}
}

static int count_lake(const struct count_options *chosen, struct run *run, struct tally *tally, struct error *error)
{
	struct outcome_counts counts = {0};
	uint64_t by_id[FINDING_COUNT] = {0}, kept_count;
	const struct kept *const *kept;
	struct collect *collect = collect_new((uint32_t)chosen->session.jobs, 0);
	if (collect == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	struct counting counting = {.collect = collect};
	int code = run_judge(run, count_key, &counting, error);
	if (code == 0)
		code = collect_finish(collect, &counts, by_id, &kept, &kept_count, error);
	if (code == 0) {
		tally->merged = true;
		tally->run = run;
		tally->expected = (int64_t)counts.expected;
		tally->deleted = (int64_t)counts.deleted;
		tally->unproven = (int64_t)counts.unproven;
		tally->by_export = (int64_t)counts.expected_by_export;
		tally->deleted_by_change = (int64_t)counts.deleted_by_change;
		tally->either = atomic_load(&counting.either);
		tally->gap = has_gap(run->scope);
		tally->keeps_young = run->contract->retain.attribute != NULL;
		if (!tally->filtered)
			newest_export(run, tally);
		for (uint64_t i = 0; i < run->problem_count; i++)
			state_problem(tally, &run->problems[i]);
		code = state_problems(run->state, run->sources, run->source_count, state_problem, tally, error);
	}
	if (code == 0)
		code = count_rows(run->contract->delta,
				  chosen->session.version >= 0 ? chosen->session.version : run->contract->version,
				  run->contract, tally, error);
	collect_free(collect);
	tally->run = NULL;
	return code;
}

static void line_with(struct buffer *out, const char *label, const char *sign, uint64_t count, const char *meaning)
{
	struct buffer number;
	buffer_init(&number, 64);
	buffer_append_text(&number, sign);
	report_number(&number, count);
	buffer_printf(out, "  %-16s %13.*s  %s\n", label, (int)number.size, number.data, meaning);
	buffer_release(&number);
}

static void line(struct buffer *out, const char *label, int64_t count, const char *meaning)
{
	if (count >= 0)
		line_with(out, label, "", (uint64_t)count, meaning);
}

/* Keys that are not proven may be there or not, and so move the expected count both ways; what was not read may move it
 * without limit. */
static bool could_be_equal(const struct tally *tally)
{
	int64_t difference = tally->rows - tally->expected;
	return tally->problems > 0 || tally->gap || tally->keeps_young ||
	       (difference <= tally->unproven + (int64_t)tally->either && difference >= -tally->unproven);
}

static int exit_code(const struct tally *tally)
{
	bool known = tally->problems == 0 && !tally->gap && !tally->keeps_young && tally->unproven == 0;
	if (known && could_be_equal(tally))
		return VERDICT_PASS;
	return could_be_equal(tally) ? VERDICT_UNKNOWN : VERDICT_FAIL;
}

static void explain_difference(struct buffer *out, const struct tally *tally)
{
	int64_t difference = tally->rows - tally->expected;
	uint64_t size = (uint64_t)(difference < 0 ? -difference : difference);
	buffer_append_byte(out, '\n');
	if (tally->problems > 0)
		buffer_append_text(
			out,
			"the sources were not read whole (stderr names what), so the expected count is not known.\n");
	else if (tally->gap)
		buffer_append_text(
			out,
			"the evidence does not cover the whole table (no complete export, or a hole in the capture),\n"
			"so the expected count is not known.\n");
	else if (tally->keeps_young)
		buffer_append_text(out,
				   "the lake keeps only what is young (`scope`), and a count looks at no dates, so the "
				   "expected\ncount is not known.\n");
	if (difference == 0) {
		buffer_append_text(out,
				   "the counts are equal. That proves nothing about contents: a lost row and a row "
				   "too\nmany cancel out, and values are not looked at. `lakeproof reconcile` "
				   "proves it\n");
		return;
	}
	buffer_append_text(out, "the lake has ");
	report_number(out, size);
	buffer_printf(out, " row%s too %s", size == 1 ? "" : "s", difference < 0 ? "few" : "many");
	buffer_append_text(out, tally->problems == 0 && !tally->gap && !tally->keeps_young && could_be_equal(tally)
					? ", which keys that may be there or not could explain.\n"
					: ".\n");
	if (tally->merged && difference > 0 && difference <= tally->deleted_by_change) {
		buffer_append_text(out, "Deletes could explain it: ");
		report_number(out, (uint64_t)tally->deleted_by_change);
		buffer_append_text(out, " items were deleted by changes, and rows for ");
		report_number(out, size);
		buffer_append_text(out, " of\nthem may still be there\n");
	}
	if (tally->merged && tally->rows == tally->exported)
		buffer_append_text(out,
				   "It has exactly as many rows as the export has items: perhaps the stream was not "
				   "applied\n");
	if (!tally->merged)
		buffer_append_text(out, "Changes after the export are not counted here; a contract with events counts "
					"them\n");
	buffer_append_text(out, "`lakeproof reconcile` names the keys\n");
}

static int print_text(const struct tally *tally, struct error *error)
{
	struct buffer out;
	buffer_init(&out, 1 << 16);
	line(&out, "expected", tally->expected,
	     tally->merged ? "items by the merged sources" : "items by the export's manifest");
	if (tally->merged) {
		line(&out, "  by the export", tally->by_export, "of them as the export has them, unchanged since");
		line(&out, "  by changes", tally->expected - tally->by_export,
		     "of them written after the export, or with none");
		line(&out, "export", tally->exported, "items by the newest export's own manifest");
		line(&out, "deleted", tally->deleted, "known items that are deleted by now");
		line(&out, "  by changes", tally->deleted_by_change, "of them by a delete or TTL remove");
		line(&out, "unproven", tally->unproven, "keys on which the evidence is not enough");
		if (tally->either > 0)
			line(&out, "either way", (int64_t)tally->either, "keys that the lake may hold or not");
	}
	line(&out, "lake rows", tally->rows, tally->scanned ? "live, by a scan" : "by the Delta log's statistics");
	if (tally->soft_deleted > 0 || (tally->scanned && tally->why_scanned[0] == 's'))
		line(&out, "soft-deleted", tally->soft_deleted, "rows marked deleted");
	int64_t difference = tally->rows - tally->expected;
	line_with(&out, "difference",
		  difference < 0   ? "-"
		  : difference > 0 ? "+"
				   : "",
		  (uint64_t)(difference < 0 ? -difference : difference), "lake rows minus expected");
	buffer_printf(&out, "  table version %" PRId64 "%s%s\n", tally->version,
		      tally->scanned ? "; data files were opened, since " : "",
		      tally->scanned ? tally->why_scanned : "");
	explain_difference(&out, tally);
	bool whole = !out.failed;
	if (whole)
		(void)fwrite(out.data, 1, out.size, stdout);
	buffer_release(&out);
	return whole ? 0 : error_set(error, ERROR_INTERNAL, "out of memory for the report");
}

static void print_json(const struct tally *tally)
{
	printf("{");
	if (tally->name != NULL)
		printf("\"name\":\"%s\",", tally->name); /* letters and digits */
	printf("\"expected\":%" PRId64, tally->expected);
	if (tally->exported >= 0)
		printf(",\"export\":%" PRId64, tally->exported);
	if (tally->merged)
		printf(",\"expected_by_export\":%" PRId64 ",\"deleted\":%" PRId64 ",\"deleted_by_change\":%" PRId64
		       ",\"unproven\":%" PRId64 ",\"either\":%" PRIu64,
		       tally->by_export, tally->deleted, tally->deleted_by_change, tally->unproven, tally->either);
	printf(",\"rows\":%" PRId64 ",\"soft_deleted\":%" PRId64 ",\"difference\":%" PRId64 ",\"version\":%" PRId64
	       ",\"problems\":%" PRIu64 ",\"gap\":%s,\"scanned\":%s}",
	       tally->rows, tally->soft_deleted, tally->rows - tally->expected, tally->version, tally->problems,
	       tally->gap ? "true" : "false", tally->scanned ? "true" : "false");
}

static int print(const struct count_options *chosen, const struct tally *tally, struct error *error)
{
	if (chosen->format[0] != 'j')
		return print_text(tally, error);
	print_json(tally);
	return 0;
}

/* FAIL, then UNKNOWN, then PASS. */
static int worse(int one, int other)
{
	if (one == VERDICT_FAIL || other == VERDICT_FAIL)
		return VERDICT_FAIL;
	return one == VERDICT_PASS ? other : one;
}

static int count_contract(const struct count_options *chosen, const char *path, int *exit, struct error *error)
{
	struct run *run = NULL;
	int code = session_open(&chosen->session, path, SESSION_NO_LAKE, 0, &run, error);
	bool several = code == 0 && run->contract->name != NULL, json = chosen->format[0] == 'j';
	if (code == 0 && run->contract->delta == NULL)
		code = error_set(error, ERROR_USAGE, "%s: there is no 'lake:' to count", path);
	if (code == 0)
		code = run_ingest(run, error);
	if (code == 0 && several && json)
		printf("{\"lakes\":[");
	for (struct run *one = run; one != NULL && !one->is_unrouted && code == 0; one = one->next) {
		struct tally tally = {.exported = -1,
				      .name = one->contract->name,
				      .filtered = one->contract->where != NULL ||
						  one->contract->shape == SHAPE_EVENTS};
		code = count_lake(chosen, one, &tally, error);
		if (code == 0 && one != run && several)
			printf(json ? "," : "\n");
		if (code == 0 && several && !json)
			printf("lake %s\n", tally.name);
		if (code == 0)
			code = print(chosen, &tally, error);
		*exit = worse(*exit, exit_code(&tally));
	}
	if (code == 0 && json)
		printf(several ? "]}\n" : "\n");
	run_close(run);
	return code;
}

static int count_bare(const struct count_options *chosen, int *exit, struct error *error)
{
	struct tally tally = {.exported = -1};
	int code = count_export(chosen->export, &tally, error);
	if (code == 0)
		code = count_rows(chosen->delta, chosen->session.version, NULL, &tally, error);
	if (code == 0)
		code = print(chosen, &tally, error);
	if (code == 0 && chosen->format[0] == 'j')
		printf("\n");
	*exit = exit_code(&tally);
	return code;
}

static int run(int operand_count, char **operands, const void *given)
{
	const struct count_options *chosen = given;
	struct error error = {0};
	int code, exit = VERDICT_PASS;
	bool bare = chosen->export != NULL || chosen->delta != NULL;
	if (bare ? operand_count > 0 || chosen->export == NULL || chosen->delta == NULL : operand_count == 0)
		code = error_set(&error, ERROR_USAGE, "give a contract, or both --export and --delta");
	else if (bare)
		code = count_bare(chosen, &exit, &error);
	else
		code = count_contract(chosen, operands[0], &exit, &error);
	return code != 0 ? session_fail("count", &error) : exit;
}

const struct verb verb_count = {
	.name = "count",
	.summary = "count expected items and lake rows, data files unopened",
	.usage = "CONTRACT | --export DIR --delta DIR",
	.details = "Exit status: 0 the counts are equal, 1 they differ, 2 not known, since keys are\n"
		   "unproven or the evidence is not whole. Equal counts prove nothing about\n"
		   "contents.",
	.options = options,
	.run = run,
	.options_size = sizeof(struct count_options),
	.defaults = defaults,
	.operands_min = 0,
	.operands_max = 1,
};
