/* row_digests - prints both sides' row digests of a contract, for holding against Spark's own.
 *
 *   row_digests CONTRACT sql      the SQL expression that docs/digest.md defines, for this contract
 *   row_digests CONTRACT lake     {"key":{…},"digest":"…"} of each lake row, digests as Spark's signed BIGINT
 *   row_digests CONTRACT export   the same of each item of the contract's first source, an export, with "flags" */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/read.h"
#include "reconcile/digest.h"
#include "sources/events.h"
#include "sources/export.h"

struct printer {
	struct contract *contract;
	struct bridge_table *table;
	struct digest_plan *plan;
	struct digest_scratch *scratch;
	struct json_parser *parser;
};

static int print_digest(const struct printer *printer, struct slice key, uint64_t digest, uint32_t flags)
{
	struct buffer line;
	buffer_init(&line, 64 * 1024);
	buffer_append_text(&line, "{\"key\":");
	int code = key_append_json(printer->contract, key, &line);
	buffer_printf(&line, ",\"digest\":\"%" PRId64 "\",\"flags\":%" PRIu32 "}\n", (int64_t)digest, flags);
	fwrite(line.data, 1, line.size, stdout);
	buffer_release(&line);
	return code;
}

static int take_row(void *context, uint64_t index, const struct row_digest *row, struct error *error)
{
	(void)index;
	(void)error;
	return print_digest(context, row->key, row->row, 0);
}

static int print_file(struct printer *printer, uint64_t file, struct error *error)
{
	struct ArrowArrayStream stream = {0};
	struct ArrowSchema schema = {0};
	uint64_t column_count;
	const char *const *columns = digest_plan_columns(printer->plan, &column_count);
	int code = bridge_file_read(printer->table, file, columns, column_count, 1000, false, &stream, error);
	if (code == 0 && stream.get_schema(&stream, &schema) != 0)
		code = error_set(error, ERROR_DATA, "%s", stream.get_last_error(&stream));
	while (code == 0) {
		struct ArrowArray batch = {0};
		if (stream.get_next(&stream, &batch) != 0) {
			code = error_set(error, ERROR_DATA, "%s", stream.get_last_error(&stream));
			break;
		}
		if (batch.release == NULL)
			break;
		code = digest_batch(printer->scratch, &schema, &batch, take_row, printer, error);
		batch.release(&batch);
	}
	if (schema.release != NULL)
		schema.release(&schema);
	if (stream.release != NULL)
		stream.release(&stream);
	return code;
}

static int take_item(void *context, const struct record *record, struct error *error)
{
	struct printer *printer = context;
	struct digest_fault fault = {0};
	struct image_digest digest;
	struct slice key;
	if (!digest_key(printer->scratch, record->tokens, record->keys, &key, &fault) ||
	    !digest_image(printer->scratch, record->tokens, record->after_image, &digest, &fault))
		return error_set(error, ERROR_DATA, "%s: %s", fault.reason, fault.detail);
	return print_digest(printer, key, digest.row, digest.flags);
}

static int take_problem(void *context, const struct problem *problem, struct error *error)
{
	(void)context;
	return error_set(error, ERROR_DATA, "%s: %s", problem->id, problem->message);
}

static int print_export(struct printer *printer, struct error *error)
{
	struct record_sink sink = {printer, take_item, take_problem};
	struct export *export = NULL;
	struct file_result result;
	int code = export_open(printer->contract->sources[0].path, &sink, &export, error);
	for (uint64_t file = 0; code == 0 && file < export->file_count; file++)
		code = export_read_file(export, file, printer->parser, &sink, &result, error);
	export_close(export);
	return code;
}

static int print_what(struct printer *printer, const char *what, struct error *error)
{
	if (strcmp(what, "export") == 0)
		return print_export(printer, error);
	if (strcmp(what, "lake") == 0) {
		int code = 0;
		for (uint64_t file = 0; code == 0 && file < bridge_table_info(printer->table)->file_count; file++)
			code = print_file(printer, file, error);
		return code;
	}
	struct buffer sql;
	buffer_init(&sql, 4 * 1024 * 1024);
	int code = digest_plan_sql(printer->plan, &sql);
	fwrite(sql.data, 1, sql.size, stdout);
	printf("\n");
	buffer_release(&sql);
	return code;
}

int main(int argc, char **argv)
{
	struct printer printer = {0};
	struct ArrowSchema schema = {0};
	struct error error = {0};
	if (argc != 3) {
		fprintf(stderr, "usage: row_digests CONTRACT sql|lake|export\n");
		return ERROR_USAGE;
	}
	int code = contract_load(argv[1], &printer.contract, &error);
	if (code == 0)
		code = bridge_table_open(printer.contract->delta, printer.contract->version, &printer.table, &error);
	if (code == 0)
		code = bridge_table_schema(printer.table, &schema, &error);
	if (code == 0)
		code = digest_plan_new(printer.contract, &schema, &printer.plan, &error);
	if (code == 0) {
		printer.scratch = digest_scratch_new(printer.plan);
		printer.parser = json_parser_new(RECORD_SIZE_MAX);
		code = printer.scratch == NULL || printer.parser == NULL ? error_set(&error, ERROR_INTERNAL, "out of memory") :
			print_what(&printer, argv[2], &error);
	}
	if (code != 0)
		fprintf(stderr, "%s\n", error.message);
	json_parser_free(printer.parser);
	digest_scratch_free(printer.scratch);
	digest_plan_free(printer.plan);
	if (schema.release != NULL)
		schema.release(&schema);
	bridge_table_close(printer.table);
	contract_free(printer.contract);
	return code;
}
