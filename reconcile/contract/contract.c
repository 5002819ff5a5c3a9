#include "reconcile/contract/contract.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <strings.h>

#include "base/clock.h"
#include "reconcile/contract/contract_schema.h"
#include "reconcile/contract/disclosure.h"

enum { CONTRACT_MEMORY_MAX = 64 * 1024 * 1024, SOURCES_MAX = 10000, LAKES_MAX = 1000 };

/* What the table fills in before it becomes a struct contract. */
struct draft_key {
	const char *attribute;
	int type;
	bool sensitive;
};

struct draft {
	struct contract contract;
	struct draft_key *keys;
	struct draft_source *sources;
	int64_t version;
	int require, ambiguous;
	struct contract *lakes; /* what each has of its own */
	uint32_t key_count, source_count, lake_count;
};

/* A lake's keys go to a struct contract, whether it is the draft's or one of a list. */
_Static_assert(offsetof(struct draft, contract) == 0, "a draft begins with its contract");

static int check_key(struct schema_loader *loader, yaml_node_t *node, void *target);
static int check_source(struct schema_loader *loader, yaml_node_t *node, void *target);
static int check_lake(struct schema_loader *loader, yaml_node_t *node, void *target);
static int check_contract(struct schema_loader *loader, yaml_node_t *node, void *target);

/* ---- the one table ---- */

static const struct schema_map key_schema = {
	.check = check_key,
	.keys =
		(const struct schema_key[]){
			{"attribute", SCHEMA_TEXT, .required = true, .offset = offsetof(struct draft_key, attribute),
			 .help = "name of the key attribute"},
			{"type", SCHEMA_CHOICE, .required = true, .offset = offsetof(struct draft_key, type),
			 .choices = "S|N|B", .help = "its DynamoDB type"},
			{"sensitive", SCHEMA_BOOLEAN, .offset = offsetof(struct draft_key, sensitive),
			 .fallback = "false", .help = "its values are shown as keyed hashes only"},
			{NULL, 0, .offset = 0}},
};

static const struct schema_map source_schema = {
	.check = check_source,
	.keys =
		(const struct schema_key[]){
			{"export", SCHEMA_TEXT, .offset = offsetof(struct draft_source, export),
			 .help = "an export, full or incremental, in DynamoDB JSON or Ion: the folder that holds "
				 "manifest-summary.json, a folder of such folders, or a glob"},
			{"events", SCHEMA_TEXT, .offset = offsetof(struct draft_source, events),
			 .help = "change records of DynamoDB Streams or Kinesis Data Streams, as they landed: a file, "
				 "a folder "
				 "or a glob"},
			{"items", SCHEMA_TEXT, .offset = offsetof(struct draft_source, items),
			 .help = "a dump of the table's items by EMR or by a scan: a file, a folder or a glob"},
			{"rows", SCHEMA_TEXT, .offset = offsetof(struct draft_source, of_rows),
			 .help = "changes, or a dump of items, as rows of fields: JSON lines, CSV, Parquet; a file, a "
				 "folder, a Delta table's folder, or a glob"},
			{"format", SCHEMA_CHOICE, .offset = offsetof(struct draft_source, format),
			 .choices = "auto|streams|lambda|pipes|kinesis|firehose|emr|scan|jsonl|csv|parquet|delta",
			 .fallback = "auto",
			 .help = "what the events, the items (emr, scan) or the rows (jsonl, csv, parquet, delta) are; "
				 "auto goes by content, record by record, and with any other what does not fit is "
				 "unreadable"},
			{"filtered", SCHEMA_BOOLEAN, .offset = offsetof(struct draft_source, source.filtered),
			 .fallback = "false",
			 .help = "some of the table's changes were left out, so chains are not checked"},
			{"independent", SCHEMA_BOOLEAN, .offset = offsetof(struct draft_source, source.independent),
			 .fallback = "false",
			 .help = "the events were not captured by the pipeline under test; exports always are"},
			{"from", SCHEMA_TIME, .offset = offsetof(struct draft_source, source.from_us),
			 .also = offsetof(struct draft_source, source.has_from),
			 .help = "when the capture began, if the records alone cannot show it; when the reading of the "
				 "items began"},
			{"to", SCHEMA_TIME, .offset = offsetof(struct draft_source, source.to_us),
			 .also = offsetof(struct draft_source, source.has_to), .help = "when it ended"},
			{"complete", SCHEMA_BOOLEAN, .offset = offsetof(struct draft_source, source.complete),
			 .fallback = "false",
			 .help = "the dump holds every item that was there all the time: what it lacks was absent"},
			{"preset", SCHEMA_CHOICE, .offset = offsetof(struct draft_source, rows.preset),
			 .choices = "none|flat|dms|poll|bronze|glue", .fallback = "none",
			 .help = "what the following say unless they are given: rows as a Lambda writes them (flat), "
				 "as DMS does (dms), rows polled by a field that grows (poll), event records kept as "
				 "they landed in a column of Parquet files or of a Delta table (bronze), items in "
				 "Parquet by AWS Glue (glue)"},
			{"record", SCHEMA_TEXT, .offset = offsetof(struct draft_source, rows.record),
			 .fallback = "of bronze value", .help = "of bronze: the column that holds the records"},
			{"version", SCHEMA_INTEGER, .offset = offsetof(struct draft_source, rows.version),
			 .min = 0, .max = INT64_MAX, .fallback = "latest",
			 .help = "of a Delta table: the version to read"},
			{"names", SCHEMA_TEXTS, .offset = offsetof(struct draft_source, rows.names),
			 .also = offsetof(struct draft_source, rows.name_count), .fallback = "the first row's",
			 .help = "of CSV: what its fields are called"},
			{"delimiter", SCHEMA_TEXT, .offset = offsetof(struct draft_source, rows.delimiter),
			 .fallback = ",", .help = "of CSV: the byte between fields, or tab"},
			{"null_text", SCHEMA_TEXT, .offset = offsetof(struct draft_source, rows.null_text),
			 .fallback = "none, of dms NULL", .help = "of CSV: the text that stands for null"},
			{"empty", SCHEMA_CHOICE, .offset = offsetof(struct draft_source, rows.empty),
			 .choices = "null|text", .fallback = "null, of dms text",
			 .help = "of CSV: what an empty field without quotes is; one with quotes is a text"},
			{"nulls", SCHEMA_CHOICE, .offset = offsetof(struct draft_source, rows.nulls),
			 .choices = "absent|null", .fallback = "absent",
			 .help = "what a field that is null says: there is no such attribute, or it is NULL"},
			{"fields", SCHEMA_OTHER, .type = &contract_attribute_fields,
			 .offset = offsetof(struct draft_source, rows.fields),
			 .also = offsetof(struct draft_source, rows.field_count), .fallback = "the attribute's name",
			 .help = "which field holds an attribute, where it is named otherwise"},
			{"types", SCHEMA_OTHER, .type = &contract_attribute_types,
			 .offset = offsetof(struct draft_source, rows.types),
			 .also = offsetof(struct draft_source, rows.type_count),
			 .fallback = "by the columns that take it, else by its JSON",
			 .help = "the DynamoDB type of an attribute"},
			{"operation", SCHEMA_MAP, .map = &contract_operation_schema, .offset = 0,
			 .fallback = "every row is a put", .help = "which field says what was done, and how"},
			{"stamp", SCHEMA_MAP, .map = &contract_stamp_schema, .offset = 0,
			 .help = "when the change was made; rows without it are a dump of items"},
			{"sequence", SCHEMA_TEXT, .offset = offsetof(struct draft_source, rows.sequence),
			 .help = "the field whose number orders the changes of an item"},
			{"event_id", SCHEMA_TEXT, .offset = offsetof(struct draft_source, rows.event_id),
			 .help = "the field that tells one change from another of the same time"},
			{"keys", SCHEMA_TEXT, .offset = offsetof(struct draft_source, rows.keys),
			 .fallback = "the image",
			 .help = "the field that holds an object of the key attributes; a point: the row itself"},
			{"image", SCHEMA_TEXT, .offset = offsetof(struct draft_source, rows.image),
			 .fallback = "the row, but for the fields named here",
			 .help = "the field that holds the item: an object, or a text that is one"},
			{"old_image", SCHEMA_TEXT, .offset = offsetof(struct draft_source, rows.old_image),
			 .help = "the field that holds what the item was before"},
			{"images", SCHEMA_CHOICE, .offset = offsetof(struct draft_source, rows.images),
			 .choices = "plain|dynamodb", .fallback = "plain",
			 .help = "whether they are plain JSON, which does not keep DynamoDB's types, or DynamoDB JSON"},
			{"delete_image", SCHEMA_CHOICE, .offset = offsetof(struct draft_source, rows.delete_image),
			 .choices = "key|old", .fallback = "key, of dms old",
			 .help = "what the image of a delete is: of use for its key alone, or the whole old item"},
			{"no_deletes", SCHEMA_BOOLEAN, .offset = offsetof(struct draft_source, rows.no_deletes),
			 .fallback = "true without an operation that deletes",
			 .help = "no row ever says that an item went"},
			{NULL, 0, .offset = 0}},
};

static const struct schema_map by_name_schema = {
	.keys = (const struct schema_key[]){{"case", SCHEMA_CHOICE, .required = true,
					     .offset = offsetof(struct contract, by_name), .min = BY_NAME_EXACT,
					     .choices = "exact|snake",
					     .help = "the attribute of exactly the column's name, or the one whose "
						     "name in snake case is (orderId: order_id)"},
					    {NULL, 0, .offset = 0}},
};

static const struct schema_map deletes_schema = {
	.keys =
		(const struct schema_key[]){
			{"column", SCHEMA_TEXT, .required = true, .offset = offsetof(struct contract, deletes_column),
			 .help = "column that marks a deleted row, whose other columns are not compared: boolean, "
				 "or with when an operation"},
			{"when", SCHEMA_TEXTS, .offset = offsetof(struct contract, deletes_when),
			 .also = offsetof(struct contract, deletes_when_count),
			 .help = "the texts of it that mark one, such as [D, REMOVE]: exactly as they are written"},
			{NULL, 0, .offset = 0}},
};

static const struct schema_map ttl_schema = {
	.keys = (const struct schema_key[]){{"attribute", SCHEMA_TEXT, .required = true,
					     .offset = offsetof(struct contract, ttl_attribute),
					     .help = "the table's TTL attribute"},
					    {"lake", SCHEMA_CHOICE, .offset = offsetof(struct contract, ttl),
					     .choices = "delete|keep|soft", .fallback = "delete",
					     .help = "what the lake does with rows that TTL removed"},
					    {NULL, 0, .offset = 0}},
};

static const struct schema_map retention_schema = {
	.keys =
		(const struct schema_key[]){
			{"attribute", SCHEMA_TEXT, .required = true,
			 .offset = offsetof(struct contract, retain.attribute),
			 .help = "the attribute that says from when an item is; a column of the table must hold it"},
			{"unit", SCHEMA_CHOICE, .required = true, .offset = offsetof(struct contract, retain.unit),
			 .choices = "s|ms|us|iso",
			 .help = "what it holds: a number of seconds, milli- or microseconds since 1970, or a time as "
				 "text"},
			{"within", SCHEMA_DURATION, .required = true,
			 .offset = offsetof(struct contract, retain.within_us),
			 .help = "how long before as_of (or else the table version's commit) an item is in scope; at "
				 "least 2d, since for a day round the edge a row may be there or not"},
			{NULL, 0, .offset = 0}},
};

static const struct schema_map lake_key_schema = {
	.keys =
		(const struct schema_key[]){
			{"column", SCHEMA_TEXT, .required = true, .offset = offsetof(struct lake_key, column),
			 .help = "the table's column"},
			{"attribute", SCHEMA_TEXT, .required = true, .offset = offsetof(struct lake_key, attribute),
			 .help = "the key attribute it is made of"},
			{"extract", SCHEMA_TEXT, .offset = offsetof(struct lake_key, extract),
			 .fallback = "the attribute as it is",
			 .help = "the part of it that the column holds: a pattern with one group"},
			{NULL, 0, .offset = 0}},
};

static const struct schema_map lake_schema = {
	.check = check_lake,
	.keys =
		(const struct schema_key[]){
			{"delta", SCHEMA_TEXT, .required = true, .offset = offsetof(struct contract, delta),
			 .help = "the Delta table's folder"},
			{"name", SCHEMA_TEXT, .offset = offsetof(struct contract, name),
			 .help = "what reports call it; needed under lakes"},
			{"where", SCHEMA_OTHER, .type = &contract_where, .offset = offsetof(struct contract, where),
			 .fallback = "every item", .help = "which items are in it"},
			{"key", SCHEMA_LIST, .offset = offsetof(struct contract, lake_key),
			 .also = offsetof(struct contract, lake_key_count), .min = 1, .max = LAKE_KEY_PARTS_MAX,
			 .map = &lake_key_schema, .element_size = sizeof(struct lake_key),
			 .help = "the table's own key, made of the DynamoDB table's; without it the columns hold that"},
			{"shape", SCHEMA_CHOICE, .offset = offsetof(struct contract, shape),
			 .choices = "state|events|history", .fallback = "state",
			 .help = "what it holds a row of: an item as it is now, an event, a version of an item"},
			{"history", SCHEMA_MAP, .map = &contract_history_schema,
			 .help = "which columns say when a version held"},
			{"operations", SCHEMA_MAP, .map = &contract_operations_schema,
			 .help = "what a lake of events calls its operations"},
			{"version", SCHEMA_INTEGER, .offset = offsetof(struct contract, version), .min = 0,
			 .max = INT64_MAX, .fallback = "latest", .help = "the table version to judge"},
			{"deletes", SCHEMA_CHOICE_OR_MAP, .offset = offsetof(struct contract, deletes),
			 .choices = "absent", .map = &deletes_schema, .fallback = "absent",
			 .help = "how the lake shows a deleted item: the row is absent, or a column marks it"},
			{"ttl", SCHEMA_CHOICE_OR_MAP, .offset = offsetof(struct contract, ttl),
			 .choices = "delete|keep", .map = &ttl_schema, .fallback = "delete",
			 .help = "what becomes of items that TTL removed"},
			{"scope", SCHEMA_MAP, .map = &retention_schema,
			 .help = "the lake keeps only what is young; what is older is counted and not judged"},
			{"columns", SCHEMA_LIST, .offset = offsetof(struct contract, columns),
			 .also = offsetof(struct contract, column_count), .min = 1, .max = CONTRACT_COLUMNS_MAX,
			 .map = &contract_column_schema, .element_size = sizeof(struct contract_column),
			 .help = "the columns to compare, key columns included"},
			{"columns_by_name", SCHEMA_MAP, .map = &by_name_schema,
			 .help = "every table column neither listed nor ignored comes from the attribute of its name"},
			{"ignore", SCHEMA_TEXTS, .offset = offsetof(struct contract, ignore),
			 .also = offsetof(struct contract, ignore_count),
			 .help = "table columns not compared; * and ? are wildcards"},
			{"ignore_attributes", SCHEMA_TEXTS, .offset = offsetof(struct contract, ignore_attributes),
			 .also = offsetof(struct contract, ignore_attribute_count),
			 .help = "item attributes not compared, such as tmp_* or addr.zip; * and ? are wildcards"},
			{NULL, 0, .offset = 0}},
};

const struct schema_map contract_schema = {
	.check = check_contract,
	.keys =
		(const struct schema_key[]){
			{"version", SCHEMA_INTEGER, .offset = offsetof(struct draft, version), .min = 1, .max = 1,
			 .fallback = "1", .help = "of this format"},
			{"table", SCHEMA_TEXT, .required = true, .offset = offsetof(struct draft, contract.table),
			 .help = "the DynamoDB table's name, for reports"},
			{"key", SCHEMA_LIST, .required = true, .offset = offsetof(struct draft, keys),
			 .also = offsetof(struct draft, key_count), .min = 1, .max = TABLE_KEY_PARTS_MAX,
			 .map = &key_schema, .element_size = sizeof(struct draft_key),
			 .help = "partition key, then sort key if there is one"},
			{"sources", SCHEMA_LIST, .required = true, .offset = offsetof(struct draft, sources),
			 .also = offsetof(struct draft, source_count), .min = 1, .max = SOURCES_MAX,
			 .map = &source_schema, .element_size = sizeof(struct draft_source),
			 .help = "what is known of the DynamoDB table"},
			{"lake", SCHEMA_MAP, .map = &lake_schema,
			 .help = "the Delta table; without it only merge, sql and explain can be run"},
			{"lakes", SCHEMA_LIST, .offset = offsetof(struct draft, lakes),
			 .also = offsetof(struct draft, lake_count), .min = 1, .max = LAKES_MAX, .map = &lake_schema,
			 .element_size = sizeof(struct contract),
			 .help = "several Delta tables made of one DynamoDB table; instead of lake"},
			{"baseline", SCHEMA_CHOICE, .offset = offsetof(struct draft, contract.baseline),
			 .min = BASELINE_SNAPSHOT, .choices = "snapshot|empty|none",
			 .fallback = "snapshot with an export, else none",
			 .help = "what the state before the first change is known from: a snapshot, the table's being "
				 "empty, nothing"},
			{"require", SCHEMA_CHOICE, .offset = offsetof(struct draft, require), .min = 1,
			 .choices = "dynamodb",
			 .help = "a PASS must be proven against DynamoDB itself, not only against what the pipeline "
				 "landed"},
			{"as_of", SCHEMA_TIME, .offset = offsetof(struct draft, contract.as_of_us),
			 .also = offsetof(struct draft, contract.has_as_of), .help = "later facts are left out"},
			{"settle", SCHEMA_DURATION, .offset = offsetof(struct draft, contract.settle_us),
			 .fallback = "0s",
			 .help = "keys changed this shortly before the table version's commit are not judged"},
			{"ambiguous", SCHEMA_CHOICE, .offset = offsetof(struct draft, ambiguous), .min = 1,
			 .choices = "accept",
			 .help = "keys whose order of changes cannot be known may equal any of their last images"},
			{"allow", SCHEMA_OTHER, .type = &contract_allowances,
			 .offset = offsetof(struct draft, contract.allow),
			 .also = offsetof(struct draft, contract.allow_count),
			 .help = "how many keys of a finding (or unproven) are let pass: a number or a percentage"},
			{"severity", SCHEMA_OTHER, .type = &contract_severities,
			 .offset = offsetof(struct draft, contract.severity),
			 .also = offsetof(struct draft, contract.severity_count),
			 .help = "what a finding counts as: fail, warn or ignore"},
			{"accept", SCHEMA_TEXT, .offset = offsetof(struct draft, contract.accept),
			 .help = "a file of findings that are known and let stand until a date, JSON lines"},
			{"expect_empty", SCHEMA_BOOLEAN, .offset = offsetof(struct draft, contract.expect_empty),
			 .fallback = "false", .help = "the table is meant to hold no item"},
			{"sensitive_key_env", SCHEMA_TEXT, .offset = offsetof(struct draft, contract.sensitive_key_env),
			 .fallback = "a random key",
			 .help = "the environment variable that holds the key of the hashes shown for sensitive "
				 "values"},
			{NULL, 0, .offset = 0}},
};

/* ---- what the table cannot say ---- */

static int check_key(struct schema_loader *loader, yaml_node_t *node, void *target)
{
	const struct draft_key *key = target;
	if (strlen(key->attribute) > 255)
		return schema_error(loader, node, "a key attribute's name has at most 255 bytes");
	return 0;
}

/* The keys of a source that are not for its kind, and which kind they are for. */
static int check_source_keys(struct schema_loader *loader, yaml_node_t *node, const struct contract_source *source)
{
	static const struct {
		const char *key;
		bool of_events, of_items;
	} keys[] = {{"format", true, true},      {"from", true, true},           {"to", true, true},
		    {"filtered", true, false},   {"independent", true, false},   {"complete", false, true},
		    {"preset", false, false},    {"names", false, false},        {"delimiter", false, false},
		    {"null_text", false, false}, {"empty", false, false},        {"nulls", false, false},
		    {"fields", false, false},    {"types", false, false},        {"operation", false, false},
		    {"stamp", false, false},     {"sequence", false, false},     {"event_id", false, false},
		    {"keys", false, false},      {"image", false, false},        {"old_image", false, false},
		    {"images", false, false},    {"delete_image", false, false}, {"no_deletes", false, false},
		    {"record", false, false},    {"version", false, false}};
	for (size_t index = 0; index < sizeof(keys) / sizeof(keys[0]); index++) {
		yaml_node_t *found = schema_find(loader, node, keys[index].key);
		if (found == NULL || source->kind == SOURCE_ROWS ||
		    (source->kind == SOURCE_EVENTS && keys[index].of_events) ||
		    (source->kind == SOURCE_ITEMS && keys[index].of_items))
			continue;
		return schema_error(loader, found, "'%s' is for %s, not for %s", keys[index].key,
				    keys[index].of_events  ? "events"
				    : keys[index].of_items ? "items"
							   : "rows",
				    source->kind == SOURCE_EXPORT   ? "an export"
				    : source->kind == SOURCE_EVENTS ? "events"
								    : "items");
	}
	return 0;
}

#define OF_ROWS_TEXT "jsonl, csv, parquet "

static int check_source_format(struct schema_loader *loader, yaml_node_t *node, struct contract_source *source,
			       int format)
{
	enum { OF_ROWS = (int)EVENTS_FIREHOSE + (int)ITEMS_SCAN };
	enum source_kind of = format > OF_ROWS                ? SOURCE_ROWS
			      : format > (int)EVENTS_FIREHOSE ? SOURCE_ITEMS
							      : SOURCE_EVENTS;
	if (format == 0)
		return 0;
	if (of != source->kind)
		return schema_error(loader, schema_find(loader, node, "format"), "%s",
				    source->kind == SOURCE_ROWS    ? "rows are in the format " OF_ROWS_TEXT "or delta"
				    : source->kind == SOURCE_ITEMS ? "items are in the format emr or scan"
				    : of == SOURCE_ITEMS           ? "formats emr and scan are of items, not of events"
								   : "formats " OF_ROWS_TEXT
								     "and delta are of rows, not of events");
	if (of == SOURCE_ROWS)
		source->rows.shape.format = (enum rows_format)(format - OF_ROWS);
	else if (of == SOURCE_ITEMS)
		source->items_format = (enum items_format)(format - EVENTS_FIREHOSE);
	else
		source->format = (enum events_format)format;
	return 0;
}

static int check_source(struct schema_loader *loader, yaml_node_t *node, void *target)
{
	struct draft_source *draft = target;
	struct contract_source *source = &draft->source;
	source->line = (int)node->start_mark.line + 1;
	if ((draft->export != NULL) + (draft->events != NULL) + (draft->items != NULL) + (draft->of_rows != NULL) != 1)
		return schema_error(loader, node, "a source is one of 'export', 'events', 'items' and 'rows'");
	const char *const paths[] = {NULL, draft->export, draft->events, draft->items, draft->of_rows};
	for (int kind = SOURCE_EXPORT; kind <= SOURCE_ROWS; kind++)
		if (paths[kind] != NULL)
			source->kind = (enum source_kind)kind;
	source->text = paths[source->kind];
	int code = check_source_keys(loader, node, source);
	if (code == 0)
		code = check_source_format(loader, node, source, draft->format);
	if (code == 0 && source->kind == SOURCE_ROWS)
		code = contract_take_rows(loader, node, draft);
	if (code != 0)
		return code;
	if (source->kind == SOURCE_ITEMS && (!source->has_from || !source->has_to))
		return schema_error(loader, node,
				    "items need 'from' and 'to', when their reading began and ended: each was read at "
				    "some moment between");
	if (source->has_from && source->has_to && source->from_us >= source->to_us)
		return schema_error(loader, schema_find(loader, node, "from"), "'from' is not before 'to'");
	/* Taken at its word it would say that nothing happened where nobody could have looked yet. */
	if (source->has_to && source->to_us > clock_now_us() + 86400 * CLOCK_SECOND_US)
		return schema_error(loader, schema_find(loader, node, "to"),
				    "'to' is more than a day in the future: nothing has been captured until then");
	source->independent = source->independent || !contract_holds_changes(source);
	return 0;
}

static int check_lake(struct schema_loader *loader, yaml_node_t *node, void *target)
{
	struct contract *contract = target;
	yaml_node_t *columns = schema_find(loader, node, "columns");
	if (columns == NULL && contract->by_name == BY_NAME_NONE)
		return schema_error(loader, node, "key 'columns' is missing; 'columns_by_name' may stand for it");
	if (schema_find(loader, node, "version") == NULL)
		contract->version = -1;
	if (contract->deletes_column != NULL)
		contract->deletes = DELETES_COLUMN;
	if (contract->ttl == TTL_POLICY_SOFT && contract->deletes != DELETES_COLUMN)
		return schema_error(loader, schema_find(loader, node, "ttl"),
				    "'ttl' is soft, so 'deletes' must name the column that marks rows");
	if (contract->retain.attribute != NULL && contract->retain.within_us < 2 * INT64_C(86400000000))
		return schema_error(loader, schema_find(loader, schema_find(loader, node, "scope"), "within"),
				    "'within' is at least 2d: for a day round the edge a row may be there or not");
	for (uint32_t index = 0; index < contract->column_count; index++) {
		assert(columns != NULL);
		yaml_node_t *entry = yaml_document_get_node(loader->document,
							    columns->data.sequence.items.start[index]);
		const char *name = contract->columns[index].column;
		for (uint32_t other = 0; other < index; other++)
			if (strcasecmp(contract->columns[other].column, name) == 0)
				return schema_error(loader, entry, "column '%s' is there twice, first on line %d", name,
						    contract->columns[other].line);
		for (uint32_t other = 0; other < contract->ignore_count; other++)
			if (strcasecmp(contract->ignore[other], name) == 0)
				return schema_error(loader, entry, "column '%s' is both compared and ignored", name);
	}
	return 0;
}

static int take_keys(struct schema_loader *loader, yaml_node_t *node, struct draft *draft)
{
	struct contract *contract = &draft->contract;
	contract->key_count = contract->item_key_count = contract->table_key_count = draft->key_count;
	for (uint32_t part = 0; part < draft->key_count; part++)
		contract->key[part] = (struct key_part){draft->keys[part].attribute, "SNB"[draft->keys[part].type],
							draft -> keys[part].sensitive};
	memcpy(contract->item_key, contract->key, sizeof contract->item_key);
	if (contract->key_count == 2 && strcmp(contract->key[0].attribute, contract->key[1].attribute) == 0)
		return schema_error(loader, schema_find(loader, node, "key"), "key attribute '%s' is there twice",
				    contract->key[0].attribute);
	return 0;
}

/* Against the contract's folder; absolute paths and URLs stay as they are. */
static const char *resolve(struct schema_loader *loader, const struct contract *contract, const char *path)
{
	if (path[0] == '/' || strstr(path, "://") != NULL || strcmp(contract->folder, ".") == 0)
		return path;
	return arena_text(loader->arena, "%s%s%s", contract->folder, strcmp(contract->folder, "/") == 0 ? "" : "/",
			  path);
}

static int check_contract(struct schema_loader *loader, yaml_node_t *node, void *target)
{
	struct draft *draft = target;
	struct contract *contract = &draft->contract;
	int code = take_keys(loader, node, draft);
	if (code != 0)
		return code;
	bool has_export = false;
	contract->sources = arena_array(loader->arena, draft->source_count, sizeof(*contract->sources));
	if (contract->sources == NULL)
		return schema_out_of_memory(loader);
	contract->source_count = draft->source_count;
	for (uint32_t index = 0; index < draft->source_count; index++) {
		struct contract_source *source = &contract->sources[index];
		*source = draft->sources[index].source;
		source->path = resolve(loader, contract, source->text);
		has_export = has_export || !contract_holds_changes(source);
		if (source->path == NULL)
			return schema_out_of_memory(loader);
	}
	if (contract->accept != NULL && (contract->accept = resolve(loader, contract, contract->accept)) == NULL)
		return schema_out_of_memory(loader);
	if (contract->delta != NULL && (contract->delta = resolve(loader, contract, contract->delta)) == NULL)
		return schema_out_of_memory(loader);
	for (uint32_t index = 0; index < draft->lake_count; index++)
		if ((draft->lakes[index].delta = resolve(loader, contract, draft->lakes[index].delta)) == NULL)
			return schema_out_of_memory(loader);
	if (contract->baseline == BASELINE_SNAPSHOT && !has_export)
		return schema_error(loader, schema_find(loader, node, "baseline"),
				    "'baseline' is snapshot, but no source is an export or a dump of items");
	if (contract->baseline == BASELINE_AUTO)
		contract->baseline = has_export ? BASELINE_SNAPSHOT : BASELINE_NONE;
	contract->require_dynamodb = draft->require != 0;
	contract->ambiguous_accept = draft->ambiguous != 0;
	code = contract_make_lakes(loader, node, contract, draft->lakes, draft->lake_count);
	return code != 0 ? code : contract_check_rows(loader, node, contract);
}

/* ---- loading ---- */

static const char *folder_of(struct arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');
	if (slash == NULL)
		return ".";
	size_t size = slash == path ? 1 : (size_t)(slash - path);
	return arena_copy(arena, (struct slice){path, size}).data;
}

int contract_parse(const char *path, struct slice text, struct contract **result, struct error *error)
{
	*result = NULL;
	struct arena *arena = malloc(sizeof(*arena));
	struct contract *contract = calloc(1, sizeof(*contract));
	if (arena == NULL || contract == NULL) {
		free(arena);
		free(contract);
		return error_set(error, ERROR_INTERNAL, "out of memory while reading \"%s\"", path);
	}
	arena_init(arena, CONTRACT_MEMORY_MAX);
	struct schema_loader loader = {.arena = arena, .path = path, .what = "contract", .error = error};
	struct draft draft = {.contract = {.version = -1, .memory = arena}};
	contract->memory = arena;
	draft.contract.path = arena_copy(arena, slice_from(path)).data;
	draft.contract.folder = folder_of(arena, path);
	int code = draft.contract.path == NULL || draft.contract.folder == NULL ? schema_out_of_memory(&loader)
		   : text.size > SCHEMA_FILE_MAX
			   ? error_set(error, ERROR_USAGE, "%s: a contract has at most 4 MiB", path)
			   : schema_parse(&loader, &contract_schema, text, &draft);
	if (code != 0) {
		contract_free(contract);
		return code;
	}
	*contract = draft.contract;
	assert(contract->lakes != NULL);
	if (contract->lakes[0] == &draft.contract)
		contract->lakes[0] = contract;
	*result = contract;
	return 0;
}

int contract_load(const char *path, struct contract **contract, struct error *error)
{
	struct buffer text;
	*contract = NULL;
	buffer_init(&text, SCHEMA_FILE_MAX + 65536);
	int code = schema_read_file(path, "contract", &text, error);
	if (code == 0)
		code = contract_parse(path, buffer_slice(&text), contract, error);
	buffer_release(&text);
	return code;
}

void contract_free(struct contract *contract)
{
	if (contract == NULL)
		return;
	struct arena *arena = contract->memory;
	free(contract);
	arena_release(arena);
	free(arena);
}

int contract_write_schema(struct buffer *text)
{
	return schema_write_json(&contract_schema, "lakeproof contract", text);
}
