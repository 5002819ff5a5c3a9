/* Contracts that load, with everything they say; contracts that are refused, with the exact message; and the documents
 * that are written from the same table. `test_contract --write` rewrites those. */
#include <stdlib.h>
#include <unistd.h>

#include "reconcile/contract/contract_schema.h"
#include "tests/support/schema_documents.h"
#include "tests/tap.h"

#define HEAD "table: t\nkey:\n  - {attribute: pk, type: S}\n"
#define SOURCES_OF_ROWS "sources: [{rows: a, stamp: {field: t}}]\n"
#define SOURCES HEAD "sources:\n  - {export: e}\n"
#define LAKE SOURCES "lake:\n  delta: lake\n  columns:\n    - {column: pk, attribute: pk}\n"

static struct contract *load(const char *path, const char *yaml, struct error *error)
{
	struct contract *contract = NULL;
	*error = (struct error){0};
	int code = contract_parse(path, slice_from(yaml), &contract, error);
	if (code != 0)
		printf("# %s\n", error->message);
	return contract;
}

static void test_example(void)
{
	struct error error;
	struct contract *contract =
		load("dir/sub/contract.yaml",
		     "version: 1                 # optional\n"
		     "table: orders\n"
		     "key:\n"
		     "  - {attribute: pk, type: S}\n"
		     "  - {attribute: sk, type: N}\n"
		     "sources:\n"
		     "  - {export: AWSDynamoDB/01760001771270-96a70b16}\n"
		     "  - {events: events}\n"
		     "lake:\n"
		     "  delta: lake\n"
		     "  # version: 12\n"
		     "  deletes: absent\n"
		     "  ttl: delete\n"
		     "  columns:\n"
		     "    - {column: pk, attribute: pk, type: string}\n"
		     "    - {column: sk, attribute: sk, type: \"decimal(38,0)\"}\n"
		     "    - {column: amount, attribute: amount, type: \"decimal(38,10)\"}\n"
		     "    - {column: tags, attribute: tags, type: \"array<string>\", unordered: true}\n"
		     "    - {column: street, attribute: addr.street, type: string}\n"
		     "  ignore: [_ingest_ts]\n"
		     "  ignore_attributes: [\"tmp_*\"]\n",
		     &error);
	ok(contract != NULL, "the documented example loads");
	if (contract == NULL)
		return;
	is_text(contract->path, "dir/sub/contract.yaml", "it knows its path");
	is_text(contract->folder, "dir/sub", "and its folder");
	is_text(contract->table, "orders", "the table's name");
	ok(contract->key_count == 2 && strcmp(contract->key[1].attribute, "sk") == 0 && contract->key[0].type == 'S' &&
		   contract->key[1].type == 'N',
	   "two key parts");
	ok(contract->source_count == 2 && contract->sources[0].kind == SOURCE_EXPORT &&
		   contract->sources[1].kind == SOURCE_EVENTS,
	   "two sources");
	is_text(contract->sources[0].path, "dir/sub/AWSDynamoDB/01760001771270-96a70b16",
		"a path is relative to the contract's folder");
	is_text(contract->sources[0].text, "AWSDynamoDB/01760001771270-96a70b16", "and kept as written");
	ok(contract->sources[0].independent && !contract->sources[1].independent,
	   "an export is independent, events are not");
	ok(!contract->sources[1].filtered && !contract->sources[1].has_from &&
		   contract->sources[1].format == EVENTS_AUTO,
	   "events have no window, no filter and no format by default");
	is_int(contract->sources[1].line, 8, "a source knows its line");
	is_text(contract->delta, "dir/sub/lake", "the lake's path");
	is_int(contract->version, -1, "its latest version");
	ok(contract->deletes == DELETES_ABSENT && contract->ttl == TTL_POLICY_DELETE && contract->ttl_attribute == NULL,
	   "deletes and ttl");
	ok(contract->column_count == 5 && contract->columns[3].unordered && contract->columns[2].type->scale == 10,
	   "five columns");
	ok(contract->columns[4].sources[0].count == 2 &&
		   strcmp(contract->columns[4].sources[0].names[0], "addr") == 0 &&
		   strcmp(contract->columns[4].sources[0].names[1], "street") == 0,
	   "dots step into maps");
	is_int(contract->columns[4].line, 19, "a column knows its line");
	ok(contract->ignore_count == 1 && strcmp(contract->ignore[0], "_ingest_ts") == 0, "ignored columns");
	ok(contract->ignore_attribute_count == 1 && strcmp(contract->ignore_attributes[0], "tmp_*") == 0,
	   "ignored attributes");
	ok(contract->baseline == BASELINE_SNAPSHOT, "with an export the baseline is the snapshot");
	ok(!contract->require_dynamodb && !contract->has_as_of && contract->settle_us == 0 &&
		   !contract->ambiguous_accept && !contract->expect_empty && contract->allow_count == 0 &&
		   contract->severity_count == 0,
	   "everything else is off");
	contract_free(contract);
}

static void test_items(void)
{
	struct error error;
	struct contract *contract =
		load("c.yaml",
		     "table: t\n"
		     "key: [{attribute: id, type: S}]\n"
		     "sources:\n"
		     "  - {items: dump, format: scan, from: 2026-01-01, to: 2026-01-02, complete: true}\n"
		     "  - {items: other, from: 2026-01-01, to: 2026-01-02}\n",
		     &error);
	ok(contract != NULL, "a contract with dumps of items loads");
	if (contract == NULL)
		return;
	const struct contract_source *source = contract->sources;
	ok(source[0].kind == SOURCE_ITEMS && source[0].items_format == ITEMS_SCAN && source[0].complete &&
		   source[0].independent && source[0].from_us < source[0].to_us,
	   "one is a whole scan");
	ok(source[1].items_format == ITEMS_AUTO && !source[1].complete, "by default a dump is not held to be whole");
	is_int(contract->baseline, BASELINE_SNAPSHOT, "a dump is a snapshot to begin with");
	contract_free(contract);
}

static void test_rows(void)
{
	struct error error;
	struct contract *contract =
		load("c.yaml",
		     "table: t\n"
		     "key: [{attribute: id, type: S}]\n"
		     "sources:\n"
		     "  - {rows: a, preset: flat, stamp: {precision: 1m}}\n"
		     "  - {rows: b, preset: dms, names: [Op, id], stamp: {field: ts}, delimiter: tab,\n"
		     "     operation: {insert: [N]}}\n"
		     "  - {rows: c, preset: poll, stamp: {field: u, from: epoch_ms}, fields: {id: key},\n"
		     "     types: {x: NS}}\n"
		     "  - {rows: d, format: csv, from: 2026-01-01, to: 2026-01-02, complete: true}\n",
		     &error);
	ok(contract != NULL, "a contract with rows loads");
	if (contract == NULL)
		return;
	const struct contract_source *source = contract->sources;
	const struct rows_shape *flat = &source[0].rows.shape, *dms = &source[1].rows.shape;
	ok(strcmp(flat->stamp, "event_time") == 0 && flat->unit == ROWS_EPOCH_S && flat->precision_us == 60000000 &&
		   strcmp(flat->image, "data") == 0 && !source[0].rows.puts_only,
	   "a preset fills in what is not given, field by field");
	ok(dms->word_count == 3 && strcmp(dms->words[0].text, "N") == 0 && dms->words[0].operation == ROWS_INSERT &&
		   dms->delete_is_old && dms->csv.delimiter == '\t' && dms->csv.name_count == 2 &&
		   strcmp(dms->csv.null_text, "NULL") == 0 && !dms->csv.empty_is_null && dms->refuse_full_load,
	   "DMS has its own way with CSV");
	ok(source[2].rows.puts_only && source[2].rows.shape.stamp_is_kept && source[2].rows.shape.csv.empty_is_null &&
		   source[2].rows.field_count == 1 && source[2].rows.types[0].kind == ROWS_NS && !source[2].independent,
	   "a poll tells of no deletes");
	ok(source[3].rows.shape.items && source[3].complete && source[3].independent && contract_is_dump(&source[3]) &&
		   source[3].rows.shape.format == ROWS_CSV && !source[3].rows.puts_only,
	   "rows without a stamp are a dump");
	is_int(contract->baseline, BASELINE_SNAPSHOT, "which is a snapshot to begin with");
	contract_free(contract);
}

static void test_everything(void)
{
	struct error error;
	setenv("LAKEPROOF_TEST_FOLDER", "/data/x", 1);
	struct contract *contract = load("contract.yaml",
					 "table: \"a${LAKEPROOF_TEST_FOLDER}b$${c}\"\n"
					 "key: [{attribute: id, type: B}]\n"
					 "sources:\n"
					 "  - events: ${LAKEPROOF_TEST_FOLDER}/*.gz\n"
					 "    format: firehose\n"
					 "    filtered: true\n"
					 "    independent: true\n"
					 "    from: 2026-01-02T03:04:05Z\n"
					 "    to: 2026-01-03\n"
					 "lake:\n"
					 "  delta: s3://bucket/lake\n"
					 "  version: 12\n"
					 "  deletes: {column: is_deleted}\n"
					 "  ttl: {attribute: expires_at, lake: soft}\n"
					 "  columns:\n"
					 "    - {column: id, attribute: id}\n"
					 "    - {column: v, attribute: [\"a.b\", c]}\n"
					 "baseline: empty\n"
					 "require: dynamodb\n"
					 "as_of: 2026-01-02T03:04:05.5+01:00\n"
					 "settle: 15m\n"
					 "ambiguous: accept\n"
					 "allow: {unproven: 10, row.missing: 0.01%, row.stale: 100%, row.zombie: 0}\n"
					 "severity: {row.phantom: warn, attribute.unmapped: ignore}\n"
					 "expect_empty: true\n",
					 &error);
	ok(contract != NULL, "a contract with every key loads");
	if (contract == NULL)
		return;
	is_text(contract->table, "a/data/xb${c}", "variables are replaced, $${ is a plain ${");
	is_text(contract->folder, ".", "a contract without a folder lies in '.'");
	const struct contract_source *source = &contract->sources[0];
	is_text(source->path, "/data/x/*.gz", "an absolute path stays");
	ok(source->format == EVENTS_FIREHOSE, "the format");
	ok(source->filtered && source->independent && source->has_from && source->has_to, "the flags of a source");
	is_int(source->from_us, INT64_C(1767323045000000), "from");
	is_int(source->to_us, INT64_C(1767398400000000), "to");
	is_text(contract->delta, "s3://bucket/lake", "a URL stays");
	is_int(contract->version, 12, "the lake's version");
	ok(contract->deletes == DELETES_COLUMN && strcmp(contract->deletes_column, "is_deleted") == 0,
	   "a deletes column");
	ok(contract->ttl == TTL_POLICY_SOFT && strcmp(contract->ttl_attribute, "expires_at") == 0, "a TTL attribute");
	ok(contract->columns[0].type == NULL, "a column's type is optional");
	ok(contract->columns[1].sources[0].count == 2 && strcmp(contract->columns[1].sources[0].names[0], "a.b") == 0,
	   "a list serves names that hold dots");
	ok(contract->baseline == BASELINE_EMPTY && contract->require_dynamodb && contract->ambiguous_accept &&
		   contract->expect_empty,
	   "baseline, require, ambiguous, expect_empty");
	ok(contract->has_as_of && contract->as_of_us == INT64_C(1767319445500000), "as_of");
	is_int(contract->settle_us, INT64_C(900000000), "settle");
	const struct allow_rule *allow = contract->allow;
	ok(contract->allow_count == 4 && allow[0].id == FINDING_COUNT && allow[0].count_max == 10 &&
		   allow[1].count_max == -1 && allow[1].fraction_ppb == 100000 && allow[2].fraction_ppb == 1000000000 &&
		   allow[3].count_max == 0,
	   "allow takes numbers and percentages");
	ok(contract->severity_count == 2 && contract->severity[0].id == FINDING_ROW_PHANTOM &&
		   contract->severity[0].level == LEVEL_WARN,
	   "severity");
	contract_free(contract);
}

static void test_no_lake(void)
{
	struct error error;
	struct contract *contract = load("c.yaml", HEAD "sources: [{events: e}]\n", &error);
	ok(contract != NULL && contract->delta == NULL && contract->column_count == 0,
	   "a contract without a lake loads");
	ok(contract != NULL && contract->baseline == BASELINE_NONE, "without an export the baseline is none");
	contract_free(contract);
	contract = load("/c.yaml", LAKE "  ttl: keep\n", &error);
	ok(contract != NULL && contract->ttl == TTL_POLICY_KEEP && strcmp(contract->delta, "/lake") == 0,
	   "a contract in the root folder resolves there");
	contract_free(contract);
}

/* ---- what is refused ---- */

#define ONE "{name: one, delta: d, columns: [{column: a, attribute: a}]}"
#define WHERE(condition) SOURCES "lake:\n  delta: d\n  columns: [{column: a, attribute: a}]\n  where: " condition "\n"

static const struct {
	const char *yaml, *message;
} refusals[] = {
	{"", "c.yaml:1:1: the contract is empty"},
	{"- a\n", "c.yaml:1:1: expected a mapping with 'version'"},
	{"table: [\n", "c.yaml:2:1: not valid YAML: did not find expected node content"},
	{"table: t\n\tkey: x\n", "c.yaml:2:1: not valid YAML: found a tab character that violates indentation"},
	{SOURCES "---\ntable: u\n", "c.yaml:7:1: a second YAML document follows the contract"},
	{SOURCES "tabel: t\n", "c.yaml:6:1: unknown key 'tabel', did you mean 'table'"},
	{SOURCES "frobnicate: t\n",
	 "c.yaml:6:1: unknown key 'frobnicate'; known here: 'version', 'table', 'key', 'sources', 'lake', 'lakes', "
	 "'baseline', "
	 "'require', 'as_of', 'settle', 'ambiguous', 'allow', 'severity', 'accept', 'expect_empty', "
	 "'sensitive_key_env'"},
	{LAKE "  colums: []\n", "c.yaml:10:3: unknown key 'colums', did you mean 'columns'"},
	{LAKE "  ignore_atributes: []\n",
	 "c.yaml:10:3: unknown key 'ignore_atributes', did you mean 'ignore_attributes'"},
	{LAKE "table: u\n", "c.yaml:10:1: key 'table' is there twice, first on line 1"},
	{SOURCES "[a]: b\n", "c.yaml:6:1: a key must be a single word"},
	{SOURCES "lakes: []\n", "c.yaml:6:8: 'lakes' must have 1 to 1000 entries, not 0"},
	{SOURCES "lake: {delta: d, name: n, columns: [{column: a, attribute: a}]}\n",
	 "c.yaml:6:24: 'name' is for 'lakes'; a contract with one lake is told by its table"},
	{SOURCES "lake: {delta: d, columns: [{column: a, attribute: a}]}\nlakes: [" ONE "]\n",
	 "c.yaml:7:8: 'lake' and 'lakes' are two spellings of one thing; keep one"},
	{SOURCES "lakes: [{delta: d, columns: [{column: a, attribute: a}]}]\n",
	 "c.yaml:6:9: key 'name' is missing; reports call a lake by it"},
	{SOURCES "lakes: [{name: ../x, delta: d, columns: [{column: a, attribute: a}]}]\n",
	 "c.yaml:6:16: a lake's name has letters, digits, '_', '-' and '.', at most 64, and begins with a letter or "
	 "digit"},
	{SOURCES "lakes: [" ONE ", " ONE "]\n", "c.yaml:6:77: lake 'one' is there twice"},
	{SOURCES "lakes: [" ONE ", {name: two, delta: d, columns: [{column: a, attribute: a}]}]\n",
	 "c.yaml:6:77: lakes 'one' and 'two' are one table, 'd'"},
	{WHERE("{attribute: pk}"),
	 "c.yaml:9:10: a condition is an 'attribute' with eq, in, begins_with, exists, type, ge "
	 "or lt, or one of all, any, not"},
	{WHERE("{all: [{attribute: a, eq: 1}], any: []}"), "c.yaml:9:46: 'any' must be a list of 1 to 1000 conditions"},
	{WHERE("{atribute: pk, eq: x}"), "c.yaml:9:11: unknown key 'atribute', did you mean 'attribute'"},
	{WHERE("{attribute: pk, eq: 7}"),
	 "c.yaml:9:10: 'where' compares key attribute 'pk', which is of type S, with a value "
	 "of another type; quote it"},
	{WHERE("{attribute: a, begins_with: 7}"), "c.yaml:9:38: 'begins_with' takes a string; quote it"},
	{WHERE("{attribute: a, ge: true}"), "c.yaml:9:29: 'ge' takes a number or a string"},
	{WHERE("{attribute: a, eq: {X: b}}"), "c.yaml:9:29: 'eq' is a value, or one of {S: …}, {N: …}, {B: base64}"},
	{WHERE("{attribute: a, type: STRING}"),
	 "c.yaml:9:31: 'type' is one of S, N, B, BOOL, NULL, M, L, SS, NS, BS, not 'STRING'"},
	{WHERE("{attribute: a, eq: x}\n  key: [{column: c, attribute: pk, extract: \"^(.+)(.)\"}]"),
	 "c.yaml:10:45: 'extract' is '^(.+)(.)': a pattern has exactly one group"},
	{WHERE("{attribute: a, eq: x}\n  key: [{column: c, attribute: pk, extract: \"^(.+\"}]"),
	 "c.yaml:10:45: 'extract' is '^(.+': no pattern"},
	{WHERE("{attribute: a, eq: x}\n  key: [{column: c, attribute: tags}]"),
	 "c.yaml:10:32: 'tags' is no key attribute of the table. A row's key is made of the item's key alone, one row "
	 "for "
	 "an item: a delete often carries nothing else, and a table with a row for each element of an attribute cannot "
	 "be "
	 "compared"},
	{"key: [{attribute: a, type: S}]\nsources: [{export: e}]\n", "c.yaml:1:1: key 'table' is missing"},
	{"table: t\nsources: [{export: e}]\n", "c.yaml:1:1: key 'key' is missing"},
	{HEAD, "c.yaml:1:1: key 'sources' is missing"},
	{HEAD "sources: []\n", "c.yaml:4:10: 'sources' must have 1 to 10000 entries, not 0"},
	{HEAD "sources: e\n", "c.yaml:4:10: 'sources' must be a list"},
	{HEAD "sources: [e]\n", "c.yaml:4:11: expected a mapping with 'export'"},
	{HEAD "sources: [{}]\n", "c.yaml:4:11: a source is one of 'export', 'events', 'items' and 'rows'"},
	{HEAD "sources: [{export: a, events: b}]\n",
	 "c.yaml:4:11: a source is one of 'export', 'events', 'items' and 'rows'"},
	{HEAD "sources: [{rows: a}]\n",
	 "c.yaml:4:11: rows need 'stamp', the field that holds each one's time; a dump of items has none, and needs "
	 "'from' and 'to', when its reading began and ended"},
	{HEAD "sources: [{rows: a, preset: poll}]\n",
	 "c.yaml:4:11: the preset poll needs 'stamp', the field that the polling goes by"},
	{HEAD "sources: [{rows: a, stamp: {field: t}, operation: {field: o}}]\n",
	 "c.yaml:4:51: 'operation' needs 'field', and what that says of puts, inserts or deletes"},
	{HEAD "sources: [{rows: a, stamp: {field: t}, operation: {field: o, put: [x], delete: [x]}}]\n",
	 "c.yaml:4:51: 'x' is there twice under 'operation'"},
	{HEAD "sources: [{rows: a, stamp: {field: t}, complete: true}]\n",
	 "c.yaml:4:50: 'complete' is for dumps of items, and rows with 'stamp' are changes"},
	{HEAD "sources: [{rows: a, from: 2026-01-01, to: 2026-01-02, sequence: s}]\n",
	 "c.yaml:4:65: 'sequence' is for changes, and rows without 'stamp' are a dump of items"},
	{HEAD "sources: [{rows: a, stamp: {field: t}, delimiter: xx}]\n",
	 "c.yaml:4:51: 'delimiter' is one byte, or tab for a tab"},
	{HEAD "sources: [{rows: a, stamp: {field: t}, names: [b, b]}]\n",
	 "c.yaml:4:47: 'b' is there twice under 'names'"},
	{HEAD "sources: [{rows: a, stamp: {field: t}, types: {b: X}}]\n",
	 "c.yaml:4:51: 'b' must be S, N, B, BOOL, L, M, SS, NS or BS, not 'X'"},
	{HEAD "sources: [{rows: a, stamp: {field: t}, fields: {a: f, b: f}}]\n",
	 "c.yaml:4:48: 'fields' says that 'f' holds both 'a' and 'b'; let both columns take one attribute"},
	{HEAD "sources: [{rows: a, stamp: {field: t}, fields: {a: pk}}]\n",
	 "c.yaml:4:10: 'fields' says that 'pk' holds 'a', and not which field holds the key attribute 'pk'"},
	{HEAD "sources: [{rows: a, preset: bronze, stamp: {field: t}}]\n",
	 "c.yaml:4:44: 'stamp' is not for the preset bronze: its records say themselves what they are"},
	{HEAD "sources: [{rows: a, preset: bronze, format: csv}]\n",
	 "c.yaml:4:45: the presets bronze and glue are of Parquet files and Delta tables"},
	{HEAD "sources: [{rows: a, preset: glue, stamp: {field: t}}]\n",
	 "c.yaml:4:42: 'stamp' is of changes, and the preset glue is a dump of items"},
	{HEAD "sources: [{rows: a, stamp: {field: t}, record: r}]\n", "c.yaml:4:48: 'record' is of the preset bronze"},
	{HEAD "sources: [{rows: a, stamp: {field: t}, format: parquet, version: 1}]\n",
	 "c.yaml:4:66: 'version' is of a Delta table"},
	{HEAD "sources: [{events: a, record: r}]\n", "c.yaml:4:31: 'record' is for rows, not for events"},
	{HEAD "sources: [{rows: a, stamp: {field: t}, format: emr}]\n",
	 "c.yaml:4:48: rows are in the format jsonl, csv, parquet or delta"},
	{HEAD "sources: [{events: a, stamp: {field: t}}]\n", "c.yaml:4:30: 'stamp' is for rows, not for events"},
	{HEAD "sources: [{events: a, format: csv}]\n",
	 "c.yaml:4:31: formats jsonl, csv, parquet and delta are of rows, not of events"},
	{HEAD SOURCES_OF_ROWS "lake: {delta: d, columns: [{column: id, attribute: id},\n"
			      "  {column: c, attribute: a, as: dynamodb_json}]}\n",
	 "c.yaml:4:10: column 'c' holds DynamoDB JSON, and rows with plain images do not tell its types; ignore the "
	 "column, or read other sources"},
	{HEAD "sources: [{items: a, from: 2026-01-01}]\n",
	 "c.yaml:4:11: items need 'from' and 'to', when their reading began and ended: each was read at some moment "
	 "between"},
	{HEAD "sources: [{items: a, from: 2026-01-01, to: 2026-01-02, filtered: true}]\n",
	 "c.yaml:4:66: 'filtered' is for events, not for items"},
	{HEAD "sources: [{events: a, complete: true}]\n", "c.yaml:4:33: 'complete' is for items, not for events"},
	{HEAD "sources: [{events: a, format: scan}]\n",
	 "c.yaml:4:31: formats emr and scan are of items, not of events"},
	{HEAD "sources: [{items: a, from: 2026-01-01, to: 2026-01-02, format: kinesis}]\n",
	 "c.yaml:4:64: items are in the format emr or scan"},
	{HEAD "sources: [{export: a, filtered: true}]\n", "c.yaml:4:33: 'filtered' is for events, not for an export"},
	{HEAD "sources: [{events: a, filtered: yes}]\n", "c.yaml:4:33: 'filtered' must be true or false, not 'yes'"},
	{HEAD "sources: [{events: a, format: firehoses}]\n",
	 "c.yaml:4:31: 'format' must be auto, streams, lambda, pipes, kinesis, firehose, emr, scan, jsonl, csv, "
	 "parquet or delta, not 'firehoses'"},
	{HEAD "sources: [{events: a, from: yesterday}]\n",
	 "c.yaml:4:29: 'from' must be a time such as 2026-01-02T03:04:05Z, not 'yesterday'"},
	{HEAD "sources: [{events: a, from: 2026-01-02, to: 2026-01-01}]\n", "c.yaml:4:29: 'from' is not before 'to'"},
	{HEAD "sources: [{events: a, from: 2026-01-02, to: 2026-01-02}]\n", "c.yaml:4:29: 'from' is not before 'to'"},
	{HEAD "sources: [{events: a, to: 2999-01-01}]\n",
	 "c.yaml:4:27: 'to' is more than a day in the future: nothing has been captured until then"},
	{HEAD "sources: [{items: a, from: 2026-01-02, to: 2999-01-01}]\n",
	 "c.yaml:4:44: 'to' is more than a day in the future: nothing has been captured until then"},
	{HEAD "sources: [{events: \"\"}]\n", "c.yaml:4:20: 'events' is empty"},
	{HEAD "sources: [{events: [a]}]\n", "c.yaml:4:20: 'events' must be a single value"},
	{HEAD "sources: [{events: \"a\\0b\"}]\n", "c.yaml:4:20: 'events' holds a NUL character"},
	{HEAD "sources: [{events: \"${LAKEPROOF_TEST_UNSET}\"}]\n",
	 "c.yaml:4:20: environment variable 'LAKEPROOF_TEST_UNSET' is not set"},
	{HEAD "sources: [{events: \"${a-b}\"}]\n",
	 "c.yaml:4:20: '${' wants a variable's name and '}'; write '$${' for itself"},
	{HEAD "sources: [{events: \"${}\"}]\n",
	 "c.yaml:4:20: '${' wants a variable's name and '}'; write '$${' for itself"},
	{HEAD "sources: [{events: \"${A\"}]\n",
	 "c.yaml:4:20: '${' wants a variable's name and '}'; write '$${' for itself"},
	{"table: t\nkey: [{attribute: a, type: X}]\nsources: [{export: e}]\n",
	 "c.yaml:2:28: 'type' must be S, N or B, not 'X'"},
	{"table: t\nkey: [{attribute: a}]\nsources: [{export: e}]\n", "c.yaml:2:7: key 'type' is missing"},
	{"table: t\nkey: []\nsources: [{export: e}]\n", "c.yaml:2:6: 'key' must have 1 to 2 entries, not 0"},
	{"table: t\nkey: [{attribute: a, type: S}, {attribute: a, type: S}]\nsources: [{export: e}]\n",
	 "c.yaml:2:6: key attribute 'a' is there twice"},
	{SOURCES "version: 2\n", "c.yaml:6:10: 'version' must be 1, not '2'"},
	{SOURCES "version: one\n", "c.yaml:6:10: 'version' must be 1, not 'one'"},
	{SOURCES "baseline: full\n", "c.yaml:6:11: 'baseline' must be snapshot, empty or none, not 'full'"},
	{HEAD "sources: [{events: e}]\nbaseline: snapshot\n",
	 "c.yaml:5:11: 'baseline' is snapshot, but no source is an export or a dump of items"},
	{SOURCES "require: landing\n", "c.yaml:6:10: 'require' must be dynamodb, not 'landing'"},
	{SOURCES "as_of: 2026-13-01\n",
	 "c.yaml:6:8: 'as_of' must be a time such as 2026-01-02T03:04:05Z, not '2026-13-01'"},
	{SOURCES "settle: 15\n", "c.yaml:6:9: 'settle' must be a duration such as 15m, not '15'"},
	{SOURCES "ambiguous: refuse\n", "c.yaml:6:12: 'ambiguous' must be accept, not 'refuse'"},
	{SOURCES "expect_empty: 1\n", "c.yaml:6:15: 'expect_empty' must be true or false, not '1'"},
	{SOURCES "allow: 10\n", "c.yaml:6:8: 'allow' must be a mapping of finding ids"},
	{SOURCES "allow: {unproven: -1}\n",
	 "c.yaml:6:19: 'unproven' must be a number of keys or a percentage such as 0.01%, not '-1'"},
	{SOURCES "allow: {unproven: 0.1}\n",
	 "c.yaml:6:19: 'unproven' must be a number of keys or a percentage such as 0.01%, not '0.1'"},
	{SOURCES "allow: {unproven: 101%}\n",
	 "c.yaml:6:19: 'unproven' must be a number of keys or a percentage such as 0.01%, not '101%'"},
	{SOURCES "allow: {unproven: 1, unproven: 2}\n", "c.yaml:6:22: 'unproven' is there twice"},
	{SOURCES "severity: {row.mising: warn}\n",
	 "c.yaml:6:12: there is no finding 'row.mising', did you mean 'row.missing'"},
	{SOURCES "severity: {unproven: warn}\n",
	 "c.yaml:6:12: there is no finding 'unproven'; docs/findings.md lists them"},
	{SOURCES "allow: {row.stale: 1, unprove: 10}\n",
	 "c.yaml:6:23: there is no finding 'unprove', did you mean 'unproven'"},
	{SOURCES "severity: {row.missing: low}\n",
	 "c.yaml:6:25: 'row.missing' must be fail, warn or ignore, not 'low'"},
	{SOURCES "lake: {columns: [{column: pk, attribute: pk}]}\n", "c.yaml:6:7: key 'delta' is missing"},
	{SOURCES "lake: {delta: d}\n", "c.yaml:6:7: key 'columns' is missing; 'columns_by_name' may stand for it"},
	{SOURCES "lake: {delta: d, columns: []}\n", "c.yaml:6:27: 'columns' must have 1 to 4096 entries, not 0"},
	{LAKE "  version: -1\n",
	 "c.yaml:10:12: 'version' must be a whole number from 0 to 9223372036854775807, not '-1'"},
	{LAKE "  version: 99999999999999999999\n",
	 "c.yaml:10:12: 'version' must be a whole number from 0 to 9223372036854775807, not '99999999999999999999'"},
	{LAKE "  deletes: gone\n", "c.yaml:10:12: 'deletes' must be absent or a mapping, not 'gone'"},
	{LAKE "  deletes: {}\n", "c.yaml:10:12: key 'column' is missing"},
	{LAKE "  ttl: soft\n", "c.yaml:10:8: 'ttl' must be delete or keep or a mapping, not 'soft'"},
	{LAKE "  ttl: {lake: keep}\n", "c.yaml:10:8: key 'attribute' is missing"},
	{LAKE "  ttl: {attribute: e, lake: soft}\n",
	 "c.yaml:10:8: 'ttl' is soft, so 'deletes' must name the column that marks rows"},
	{LAKE "  ignore: a\n", "c.yaml:10:11: 'ignore' must be a list"},
	{LAKE "  ignore: [PK]\n", "c.yaml:9:7: column 'pk' is both compared and ignored"},
	{LAKE "    - {column: PK, attribute: x}\n", "c.yaml:10:7: column 'PK' is there twice, first on line 9"},
	{LAKE "    - {column: c, attribute: c, type: text}\n", "c.yaml:10:39: 'type' is 'text': unknown type"},
	{LAKE "    - {column: c, attribute: c, type: \"decimal(40,2)\"}\n",
	 "c.yaml:10:39: 'type' is 'decimal(40,2)': a decimal's precision is 1 to 38"},
	{LAKE "    - {column: c, attribute: c, type: int, unordered: true}\n",
	 "c.yaml:10:55: column 'c' is unordered but no array"},
	{LAKE "    - {column: c, attribute: a..b}\n",
	 "c.yaml:10:30: 'attribute' has an empty name between its dots; give a list for names that hold dots"},
	{LAKE "    - {column: c, attribute: []}\n", "c.yaml:10:30: 'attribute' is empty"},
	{LAKE "    - {column: c, attribute: [\"\"]}\n", "c.yaml:10:31: 'attribute' is empty"},
	{LAKE "    - {column: c, atribute: a}\n", "c.yaml:10:19: unknown key 'atribute', did you mean 'attribute'"},
	{LAKE "    - {column: c}\n", "c.yaml:10:7: column 'c' wants 'attribute', 'attributes' or 'const', one of them"},
	{LAKE "    - {column: c, attribute: a, const: x}\n",
	 "c.yaml:10:7: column 'c' wants 'attribute', 'attributes' or 'const', one of them"},
	{LAKE "    - {column: c, attribute: a, attributes: [b]}\n",
	 "c.yaml:10:45: a column comes from 'attribute' or from 'attributes', not both"},
	{LAKE "    - {column: c, attributes: [b], attribute: a}\n",
	 "c.yaml:10:47: a column comes from 'attribute' or from 'attributes', not both"},
	{LAKE "    - {column: c, attributes: [a, b]}\n",
	 "c.yaml:10:31: several attributes want concat or coalesce as the first step of 'as'"},
	{LAKE "    - {column: c, attributes: []}\n", "c.yaml:10:31: 'attributes' must be a list of 1 to 64 attributes"},
	{LAKE "    - {column: c, attribute: a, as: [lower, coalesce]}\n",
	 "c.yaml:10:37: 'concat' and 'coalesce' stand first and want 'attributes'; {coalesce: text} puts a text for "
	 "null"},
	{LAKE "    - {column: c, attribute: a, as: item_json}\n",
	 "c.yaml:10:7: column 'c' holds the whole item, so it has no 'attribute'"},
	{LAKE "    - {column: c, attribute: a, as: [lower, json]}\n",
	 "c.yaml:10:45: 'json' stands alone: no other step goes with it"},
	{LAKE "    - {column: c, attribute: a, as: frob}\n",
	 "c.yaml:10:37: 'as' knows no 'frob'; it knows trim, lower, upper, sha256, md5, hmac, base64, hex, number, "
	 "extract, "
	 "substr, concat, coalesce, json, dynamodb_json, item_json, item_dynamodb_json and item_map"},
	{LAKE "    - {column: c, attribute: a, as: []}\n", "c.yaml:10:37: 'as' must have 1 to 16 steps"},
	{LAKE "    - {column: c, attribute: a, as: extract}\n", "c.yaml:10:37: 'extract' wants a value: {extract: …}"},
	{LAKE "    - {column: c, attribute: a, as: {lower: x}}\n", "c.yaml:10:45: 'lower' takes no value"},
	{LAKE "    - {column: c, attribute: a, as: {extract: \"(\"}}\n", "c.yaml:10:47: 'extract' is '(': no pattern"},
	{LAKE "    - {column: c, attribute: a, as: {extract: abc}}\n",
	 "c.yaml:10:47: 'extract' is 'abc': a pattern has exactly one group"},
	{LAKE "    - {column: c, attribute: a, as: {substr: [0, 1]}}\n",
	 "c.yaml:10:46: 'substr' must be [start, length], start 1 for the first character or -1 for the last"},
	{LAKE "    - {column: c, attribute: a, as: hmac}\n",
	 "c.yaml:10:7: column 'c': 'hmac' and 'key_env' go together"},
	{LAKE "    - {column: c, attribute: a, key_env: HOME}\n",
	 "c.yaml:10:7: column 'c': 'hmac' and 'key_env' go together"},
	{LAKE "    - {column: c, attribute: a, as: hmac, key_env: LAKEPROOF_TEST_UNSET}\n",
	 "c.yaml:10:52: environment variable 'LAKEPROOF_TEST_UNSET' is not set"},
	{LAKE "    - {column: c, attribute: \"a[\"}\n", "c.yaml:10:30: 'attribute' has no place in a list such as [0] "
							"between its brackets; give a list for names that hold "
							"brackets"},
	{LAKE "    - {column: c, attribute: \"a[1]b\"}\n", "c.yaml:10:30: 'attribute' has no place in a list such as "
							   "[0] between its brackets; give a list for names that hold "
							   "brackets"},
	{LAKE "    - {column: c, attribute: \"[0]\"}\n",
	 "c.yaml:10:30: 'attribute' has an empty name between its dots; give a list for names that hold dots"},
	{LAKE "    - {column: c, attribute: a, type: int, from: epoch_s}\n",
	 "c.yaml:10:50: column 'c' has 'from' but is no date or timestamp"},
	{LAKE "    - {column: c, attribute: a, type: int, absent: empty}\n",
	 "c.yaml:10:7: column 'c': only a string, array or map can be empty"},
	{LAKE "    - {column: c, as: item_json, type: int}\n",
	 "c.yaml:10:40: column 'c' holds JSON text, so it is a string"},
	{LAKE "    - {column: c, as: item_map, type: string}\n",
	 "c.yaml:10:39: column 'c' is an item_map, so it is a map<string,string>"},
	{LAKE "    - {column: c, attribute: a, on_overflow: wrap}\n",
	 "c.yaml:10:46: 'on_overflow' must be error, null, round or truncate, not 'wrap'"},
	{LAKE "    - c\n", "c.yaml:10:7: expected a mapping with 'column'"},
};

static void test_refusals(void)
{
	unsetenv("LAKEPROOF_TEST_UNSET");
	for (size_t index = 0; index < sizeof(refusals) / sizeof(refusals[0]); index++) {
		struct error error = {0};
		struct contract *contract = NULL;
		int code = contract_parse("c.yaml", slice_from(refusals[index].yaml), &contract, &error);
		bool said = code == ERROR_USAGE && contract == NULL &&
			    strcmp(error.message, refusals[index].message) == 0;
		ok(said, "refused: %s", refusals[index].message);
		if (!said)
			printf("# got %d: %s\n", code, error.message);
		contract_free(contract);
	}
}

/* Every prefix of a good contract is refused or loads; none crashes. Sanitizer builds make this worth its while. */
static void test_prefixes(void)
{
	static const char yaml[] = LAKE "  deletes: {column: x}\nallow: {unproven: 0.5%}\nas_of: 2026-01-02\n";
	struct error error;
	size_t loaded = 0;
	for (size_t size = 0; size < sizeof(yaml); size++) {
		struct contract *contract = NULL;
		loaded += contract_parse("c.yaml", (struct slice){yaml, size}, &contract, &error) == 0;
		contract_free(contract);
	}
	ok(loaded > 1 && loaded < sizeof(yaml) / 2, "prefixes of a contract load or are refused");
}

static void test_files(void)
{
	struct error error = {0};
	struct contract *contract = NULL;
	char folder[] = "/tmp/lakeproof-contract-XXXXXX", path[100];
	is_int(contract_load("/nonexistent/contract.yaml", &contract, &error), ERROR_USAGE,
	       "a contract that is not there");
	is_text(error.message, "cannot open the contract \"/nonexistent/contract.yaml\": No such file or directory",
		"says so");
	ok(mkdtemp(folder) != NULL, "a folder of our own");
	snprintf(path, sizeof(path), "%s/c.yaml", folder);
	FILE *file = fopen(path, "w");
	ok(file != NULL && fputs(LAKE, file) >= 0 && fclose(file) == 0, "a contract in a file");
	ok(contract_load(path, &contract, &error) == 0 && strcmp(contract->folder, folder) == 0,
	   "is loaded from there");
	contract_free(contract);
	unlink(path);
	rmdir(folder);
}

/* ---- documentation ---- */

static const char begin_mark[] = "<!-- keys: written by test_contract --write -->\n";
static const char end_mark[] = "<!-- end of keys -->\n";

/* docs/contract.md with the part between the marks replaced. */
static bool with_tables(const char *document, struct buffer *whole)
{
	const char *begin = strstr(document, begin_mark), *end = strstr(document, end_mark);
	if (begin == NULL || end == NULL)
		return false;
	begin += strlen(begin_mark);
	buffer_append(whole, document, (size_t)(begin - document));
	bool written = schema_write_markdown(&contract_schema, "the contract", whole) == 0;
	buffer_append_text(whole, "\n");
	buffer_append_text(whole, end);
	return written;
}

static const struct schema_documents documents = {.schema = &contract_schema,
						  .title = "lakeproof contract",
						  .page = "docs/contract.md",
						  .json = "docs/contract.schema.json",
						  .how = "test_contract --write",
						  .with_tables = with_tables};

int main(int argc, char **argv)
{
	test_example();
	test_items();
	test_rows();
	test_everything();
	test_no_lake();
	test_refusals();
	test_prefixes();
	test_files();
	documents_test(&documents, argc == 2 && strcmp(argv[1], "--write") == 0);
	return tap_done();
}
