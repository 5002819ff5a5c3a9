/* What a contract says of sources that are rows: their keys of the table, the presets, and what becomes of both. */
#include "reconcile/contract/contract_rows.h"

#include <stdlib.h>

#include "reconcile/contract/contract_schema.h"

enum rows_preset { PRESET_NONE = 0, PRESET_FLAT, PRESET_DMS, PRESET_POLL, PRESET_BRONZE, PRESET_GLUE };
enum { FIELDS_MAX = 10000 };

/* ---- attribute: field, attribute: type */

static int read_pairs(struct schema_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target)
{
	bool typed = key->type == &contract_attribute_types;
	size_t count = schema_count(node);
	if (node->type != YAML_MAPPING_NODE || count > FIELDS_MAX)
		return schema_error(loader, node, "'%s' must be a mapping of attributes", key->name);
	void *pairs = schema_store(loader, key, count, typed ? sizeof(struct rows_typed) : sizeof(struct rows_field),
				   target);
	if (pairs == NULL)
		return schema_out_of_memory(loader);
	for (size_t i = 0; i < count; i++) {
		yaml_node_pair_t pair = node->data.mapping.pairs.start[i];
		yaml_node_t *name = yaml_document_get_node(loader->document, pair.key);
		yaml_node_t *value = yaml_document_get_node(loader->document, pair.value);
		const char *attribute, *text;
		int code = schema_text(loader, name, key->name, &attribute);
		if (code == 0)
			code = schema_text(loader, value, attribute, &text);
		for (size_t other = 0; other < i && code == 0; other++)
			if (strcmp(attribute, typed ? ((struct rows_typed *)pairs)[other].attribute
						    : ((struct rows_field *)pairs)[other].attribute) == 0)
				code = schema_error(loader, name, "'%s' is there twice", attribute);
		if (code != 0)
			return code;
		static const enum rows_kind kinds[] = {ROWS_S, ROWS_N,  ROWS_B,  ROWS_BOOL, ROWS_L,
						       ROWS_M, ROWS_SS, ROWS_NS, ROWS_BS};
		int kind = typed ? schema_choice("S|N|B|BOOL|L|M|SS|NS|BS", text) : 0;
		if (kind < 0)
			return schema_error(loader, value, "'%s' must be S, N, B, BOOL, L, M, SS, NS or BS, not '%.*s'",
					    attribute, schema_shown(text), text);
		if (typed)
			((struct rows_typed *)pairs)[i] = (struct rows_typed){attribute, kinds[kind]};
		else
			((struct rows_field *)pairs)[i] = (struct rows_field){attribute, text};
	}
	return 0;
}

const struct schema_type contract_attribute_types = {
	"mapping of attribute to S, N, B, BOOL, L, M, SS, NS or BS",
	"\"type\": \"object\", \"additionalProperties\": {\"enum\": [\"S\", \"N\", \"B\", \"BOOL\", \"L\", \"M\", "
	"\"SS\", \"NS\", \"BS\"]}",
	read_pairs,
};

const struct schema_type contract_attribute_fields = {
	"mapping of attribute to field",
	"\"type\": \"object\", \"additionalProperties\": {\"type\": \"string\"}",
	read_pairs,
};

/* ---- the keys of a source's mapping that only rows have */

const struct schema_map contract_operation_schema = {
	.keys =
		(const struct schema_key[]){
			{"field", SCHEMA_TEXT, .offset = offsetof(struct draft_source, rows.operation),
			 .fallback = "the preset's", .help = "the field that says what was done"},
			{"put", SCHEMA_TEXTS, .offset = offsetof(struct draft_source, rows.put),
			 .also = offsetof(struct draft_source, rows.put_count),
			 .help = "what it says when the row is what the item is now, whatever was before"},
			{"insert", SCHEMA_TEXTS, .offset = offsetof(struct draft_source, rows.insert),
			 .also = offsetof(struct draft_source, rows.insert_count),
			 .help = "when there was no item before"},
			{"modify", SCHEMA_TEXTS, .offset = offsetof(struct draft_source, rows.modify),
			 .also = offsetof(struct draft_source, rows.modify_count), .help = "when there was one before"},
			{"delete", SCHEMA_TEXTS, .offset = offsetof(struct draft_source, rows.remove),
			 .also = offsetof(struct draft_source, rows.remove_count), .help = "when the item is gone"},
			{NULL, 0, .offset = 0}},
};

const struct schema_map contract_stamp_schema = {
	.keys =
		(const struct schema_key[]){
			{"field", SCHEMA_TEXT, .offset = offsetof(struct draft_source, rows.stamp),
			 .fallback = "the preset's", .help = "the field that says when the change was made"},
			{"from", SCHEMA_CHOICE, .offset = offsetof(struct draft_source, rows.unit),
			 .choices = "iso|epoch_s|epoch_ms|epoch_us", .fallback = "iso, of flat epoch_s",
			 .help = "how it is written"},
			{"precision", SCHEMA_DURATION, .offset = offsetof(struct draft_source, rows.precision_us),
			 .fallback = "that of the last digit written, or the unit",
			 .help = "the change was made at the time that is said, or up to this much later"},
			{"keep", SCHEMA_BOOLEAN, .offset = offsetof(struct draft_source, rows.keep),
			 .fallback = "false, of poll true", .help = "the field is an attribute of the item too"},
			{NULL, 0, .offset = 0}},
};

/* ---- presets */

static bool is_given(struct schema_loader *loader, yaml_node_t *node, const char *outer, const char *inner)
{
	yaml_node_t *found = schema_find(loader, node, outer);
	return found != NULL && (inner == NULL || schema_find(loader, found, inner) != NULL);
}

static const char *or_text(const char *given, const char *preset)
{
	return given != NULL ? given : preset;
}

static void or_texts(const char *const **given, uint32_t *count, const char *const *preset)
{
	if (*count > 0)
		return;
	*given = preset;
	*count = 1;
}

static void apply_flat(struct schema_loader *loader, yaml_node_t *node, struct draft_rows *rows)
{
	static const char *const words[] = {"INSERT", "MODIFY", "REMOVE"};
	rows->operation = or_text(rows->operation, "event_name");
	or_texts(&rows->insert, &rows->insert_count, &words[0]);
	or_texts(&rows->modify, &rows->modify_count, &words[1]);
	or_texts(&rows->remove, &rows->remove_count, &words[2]);
	rows->stamp = or_text(rows->stamp, "event_time");
	if (!is_given(loader, node, "stamp", "from"))
		rows->unit = ROWS_EPOCH_S;
	rows->event_id = or_text(rows->event_id, "event_id");
	rows->image = or_text(rows->image, "data");
}

static void apply_dms(struct schema_loader *loader, yaml_node_t *node, struct draft_rows *rows)
{
	static const char *const words[] = {"I", "U", "D"};
	rows->operation = or_text(rows->operation, "Op");
	or_texts(&rows->insert, &rows->insert_count, &words[0]);
	or_texts(&rows->modify, &rows->modify_count, &words[1]);
	or_texts(&rows->remove, &rows->remove_count, &words[2]);
	rows->null_text = or_text(rows->null_text, "NULL");
	if (!is_given(loader, node, "empty", NULL))
		rows->empty = EMPTY_IS_TEXT;
	if (!is_given(loader, node, "delete_image", NULL))
		rows->delete_image = DELETE_IS_OLD;
}

static int apply_preset(struct schema_loader *loader, yaml_node_t *node, struct draft_rows *rows)
{
	switch ((enum rows_preset)rows->preset) {
	case PRESET_FLAT:
		apply_flat(loader, node, rows);
		break;
	case PRESET_DMS:
		apply_dms(loader, node, rows);
		break;
	case PRESET_POLL:
		rows->keep = rows->keep || !is_given(loader, node, "stamp", "keep");
		rows->no_deletes = true;
		if (rows->stamp == NULL)
			return schema_error(loader, node,
					    "the preset poll needs 'stamp', the field that the polling goes by");
		break;
	case PRESET_NONE:
	case PRESET_BRONZE:
	case PRESET_GLUE:
		break;
	}
	return 0;
}

/* What only Parquet files and Delta tables have. */
static int take_columnar(struct schema_loader *loader, yaml_node_t *node, const struct draft_rows *rows,
			 struct rows_shape *shape)
{
	bool text = shape->format == ROWS_JSONL || shape->format == ROWS_CSV;
	bool columnar = rows->preset == PRESET_BRONZE || rows->preset == PRESET_GLUE;
	shape->has_version = is_given(loader, node, "version", NULL);
	shape->version = rows->version;
	shape->glue = rows->preset == PRESET_GLUE;
	if (columnar && text)
		return schema_error(loader, schema_find(loader, node, "format"),
				    "the presets bronze and glue are of Parquet files and Delta tables");
	if (shape->has_version && (text || shape->format == ROWS_PARQUET))
		return schema_error(loader, schema_find(loader, node, "version"), "'version' is of a Delta table");
	if (rows->record != NULL && rows->preset != PRESET_BRONZE)
		return schema_error(loader, schema_find(loader, node, "record"), "'record' is of the preset bronze");
	return 0;
}

/* What is in the column are events, and from here on the source is one of events. */
static int take_bronze(struct schema_loader *loader, yaml_node_t *node, struct draft_source *draft)
{
	static const char *const of_fields[] = {"names",        "delimiter",  "null_text", "empty",     "nulls",
						"fields",       "types",      "operation", "stamp",     "sequence",
						"event_id",     "keys",       "image",     "old_image", "images",
						"delete_image", "no_deletes", "complete"};
	for (size_t i = 0; i < sizeof(of_fields) / sizeof(of_fields[0]); i++)
		if (is_given(loader, node, of_fields[i], NULL))
			return schema_error(
				loader, schema_find(loader, node, of_fields[i]),
				"'%s' is not for the preset bronze: its records say themselves what they are",
				of_fields[i]);
	draft->source.kind = SOURCE_EVENTS;
	draft->source.rows.shape.record = or_text(draft->rows.record, "value");
	return 0;
}

/* ---- what it all comes to */

/* Which of two attributes would a field be? */
static int check_fields(struct schema_loader *loader, yaml_node_t *node, const struct draft_rows *rows)
{
	for (uint32_t i = 0; i < rows->field_count; i++)
		for (uint32_t other = 0; other < i; other++)
			if (strcmp(rows->fields[i].field, rows->fields[other].field) == 0)
				return schema_error(loader, schema_find(loader, node, "fields"),
						    "'fields' says that '%s' holds both '%s' and '%s'; let both "
						    "columns take one attribute",
						    rows->fields[i].field, rows->fields[other].attribute,
						    rows->fields[i].attribute);
	return 0;
}

static int take_words(struct schema_loader *loader, yaml_node_t *node, const struct draft_rows *rows,
		      struct rows_shape *shape)
{
	const struct {
		const char *const *texts;
		uint32_t count;
		enum rows_operation operation;
	} lists[] = {{rows->put, rows->put_count, ROWS_PUT},
		     {rows->insert, rows->insert_count, ROWS_INSERT},
		     {rows->modify, rows->modify_count, ROWS_MODIFY},
		     {rows->remove, rows->remove_count, ROWS_DELETE}};
	uint32_t total = rows->put_count + rows->insert_count + rows->modify_count + rows->remove_count;
	yaml_node_t *place = schema_find(loader, node, "operation");
	place = place != NULL ? place : node;
	if ((total > 0) != (rows->operation != NULL))
		return schema_error(loader, place,
				    "'operation' needs 'field', and what that says of puts, inserts or deletes");
	struct rows_word *words = arena_array(loader->arena, (size_t)total + 1, sizeof(*words));
	if (words == NULL)
		return schema_out_of_memory(loader);
	for (size_t list = 0; list < sizeof(lists) / sizeof(lists[0]); list++)
		for (uint32_t i = 0; i < lists[list].count; i++)
			words[shape->word_count++] = (struct rows_word){lists[list].texts[i], lists[list].operation};
	for (uint32_t i = 0; i < total; i++)
		for (uint32_t other = 0; other < i; other++)
			if (strcmp(words[i].text, words[other].text) == 0)
				return schema_error(loader, place, "'%s' is there twice under 'operation'",
						    words[i].text);
	shape->operation = rows->operation;
	shape->words = words;
	return 0;
}

static int take_csv(struct schema_loader *loader, yaml_node_t *node, const struct draft_rows *rows,
		    struct rows_shape *shape)
{
	const char *delimiter = or_text(rows->delimiter, ",");
	bool tab = strcmp(delimiter, "tab") == 0;
	if (!tab && (strlen(delimiter) != 1 || strchr("\"\r\n", delimiter[0]) != NULL))
		return schema_error(loader, schema_find(loader, node, "delimiter"),
				    "'delimiter' is one byte, or tab for a tab");
	if (rows->name_count > CSV_FIELDS_MAX)
		return schema_error(loader, schema_find(loader, node, "names"), "'names' has at most %d entries",
				    CSV_FIELDS_MAX);
	for (uint32_t i = 0; i < rows->name_count; i++)
		for (uint32_t other = 0; other < i; other++)
			if (strcmp(rows->names[i], rows->names[other]) == 0)
				return schema_error(loader, schema_find(loader, node, "names"),
						    "'%s' is there twice under 'names'", rows->names[i]);
	shape->csv = (struct csv_dialect){.names = rows->name_count > 0 ? rows->names : NULL,
					  .name_count = rows->name_count,
					  .delimiter = tab ? '\t' : delimiter[0],
					  .null_text = rows->null_text,
					  .empty_is_null = rows->empty == EMPTY_IS_NULL};
	return 0;
}

/* A dump has items, and nothing that tells of changes. */
static int check_dump(struct schema_loader *loader, yaml_node_t *node, const struct contract_source *source)
{
	static const char *const of_changes[] = {"sequence",   "event_id",    "old_image", "delete_image",
						 "no_deletes", "independent", "filtered"};
	if (!source->has_from || !source->has_to)
		return schema_error(
			loader, node,
			"rows need 'stamp', the field that holds each one's time; a dump of items has none, "
			"and needs 'from' and 'to', when its reading began and ended");
	for (size_t i = 0; i < sizeof(of_changes) / sizeof(of_changes[0]); i++)
		if (is_given(loader, node, of_changes[i], NULL))
			return schema_error(loader, schema_find(loader, node, of_changes[i]),
					    "'%s' is for changes, and rows without 'stamp' are a dump of items",
					    of_changes[i]);
	return 0;
}

int contract_take_rows(struct schema_loader *loader, yaml_node_t *node, struct draft_source *draft)
{
	struct contract_source *source = &draft->source;
	struct draft_rows *rows = &draft->rows;
	struct rows_shape *shape = &source->rows.shape;
	int code = take_columnar(loader, node, rows, shape);
	if (code == 0 && rows->preset == PRESET_BRONZE)
		return take_bronze(loader, node, draft);
	if (code == 0)
		code = apply_preset(loader, node, rows);
	if (code != 0)
		return code;
	*shape = (struct rows_shape){.format = source->rows.shape.format,
				     .items = rows->stamp == NULL,
				     .stamp = rows->stamp,
				     .unit = (enum rows_unit)rows->unit,
				     .precision_us = rows->precision_us,
				     .stamp_is_kept = rows->keep,
				     .sequence = rows->sequence,
				     .event_id = rows->event_id,
				     .keys = rows->keys,
				     .image = rows->image,
				     .old_image = rows->old_image,
				     .typed = rows->images == IMAGES_DYNAMODB,
				     .delete_is_old = rows->delete_image == DELETE_IS_OLD,
				     .null_is_absent = rows->nulls == NULLS_ABSENT,
				     .refuse_full_load = rows->preset == PRESET_DMS,
				     .has_version = shape->has_version,
				     .version = shape->version,
				     .glue = shape->glue};
	source->rows.fields = rows->fields;
	source->rows.field_count = rows->field_count;
	source->rows.types = rows->types;
	source->rows.type_count = rows->type_count;
	code = check_fields(loader, node, rows);
	if (code == 0)
		code = take_words(loader, node, rows, shape);
	if (code == 0)
		code = take_csv(loader, node, rows, shape);
	if (code != 0)
		return code;
	if (shape->glue && !shape->items)
		return schema_error(loader, schema_find(loader, node, "stamp"),
				    "'stamp' is of changes, and the preset glue is a dump of items");
	source->rows.puts_only = !shape->items && (rows->no_deletes || rows->remove_count == 0);
	if (shape->items)
		return check_dump(loader, node, source);
	if (rows->no_deletes && rows->remove_count > 0 && rows->preset == PRESET_NONE)
		return schema_error(loader, schema_find(loader, node, "no_deletes"),
				    "'no_deletes', but 'operation' says how deletes are told");
	if (is_given(loader, node, "complete", NULL))
		return schema_error(loader, schema_find(loader, node, "complete"),
				    "'complete' is for dumps of items, and rows with 'stamp' are changes");
	return 0;
}

/* A key attribute whose field is another attribute's has none. */
static int check_keys(struct schema_loader *loader, yaml_node_t *node, const struct contract *contract,
		      const struct contract_rows *rows)
{
	for (uint32_t key = 0; key < contract->item_key_count; key++) {
		const char *name = contract->item_key[key].attribute, *other = NULL;
		bool given = false;
		for (uint32_t i = 0; i < rows->field_count; i++) {
			given = given || strcmp(rows->fields[i].attribute, name) == 0;
			if (strcmp(rows->fields[i].field, name) == 0)
				other = rows->fields[i].attribute;
		}
		if (other != NULL && !given)
			return schema_error(loader, schema_find(loader, node, "sources"),
					    "'fields' says that '%s' holds '%s', and not which field holds the key "
					    "attribute '%s'",
					    name, other, name);
	}
	return 0;
}

int contract_check_rows(struct schema_loader *loader, yaml_node_t *node, const struct contract *contract)
{
	bool plain = false;
	for (uint32_t i = 0; i < contract->source_count; i++) {
		int code = check_keys(loader, node, contract, &contract->sources[i].rows);
		if (code != 0)
			return code;
	}
	for (uint32_t i = 0; i < contract->source_count; i++)
		plain = plain || (contract->sources[i].kind == SOURCE_ROWS && !contract->sources[i].rows.shape.typed);
	for (uint32_t i = 0; i < contract->lake_count && plain; i++) {
		const struct contract *lake = contract->lakes[i];
		for (uint32_t column = 0; column < lake->column_count; column++) {
			enum column_form form = lake->columns[column].form;
			if (form == FORM_DYNAMODB_JSON || form == FORM_ITEM_DYNAMODB_JSON)
				return schema_error(loader, schema_find(loader, node, "sources"),
						    "column '%s' holds DynamoDB JSON, and rows with plain images do "
						    "not tell its types; ignore the column, or read other sources",
						    lake->columns[column].column);
		}
	}
	return 0;
}
