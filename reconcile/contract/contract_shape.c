/* What a lake holds rows of: items, events, versions of items; and what its contract may say of each. */
#include <stddef.h>

#include "reconcile/contract/contract_schema.h"
#include "reconcile/contract/where.h"

/* What an event consists of, as attributes of an item (reconcile/event_item.h). */
static const char *const event_attributes[] = {"$key",     "$operation", "$sequence", "$time",      "$time_ms",
					       "$time_us", "$event_id",  "$ttl",      "$new_image", "$old_image"};

const struct schema_map contract_history_schema = {
	.keys =
		(const struct schema_key[]){
			{"valid_from", SCHEMA_TEXT, .required = true,
			 .offset = offsetof(struct contract, history.valid_from),
			 .help = "timestamp column: when the version began, as its change says"},
			{"valid_to", SCHEMA_TEXT, .required = true,
			 .offset = offsetof(struct contract, history.valid_to),
			 .help = "timestamp column: when the next one began, or the item went; null while it holds"},
			{"is_current", SCHEMA_TEXT, .offset = offsetof(struct contract, history.is_current),
			 .help = "boolean column that is true in the row that still holds"},
			{"forever", SCHEMA_TIME, .offset = offsetof(struct contract, history.forever_us),
			 .also = offsetof(struct contract, history.has_forever), .fallback = "9999-01-01",
			 .help = "a valid_to from this time on counts as null"},
			{"since", SCHEMA_TIME, .offset = offsetof(struct contract, history.since_us),
			 .also = offsetof(struct contract, history.has_since),
			 .fallback = "all that the captures cover",
			 .help = "versions before this time are not asked for"},
			{"keep", SCHEMA_CHOICE, .offset = offsetof(struct contract, history.keep),
			 .choices = "every|some", .fallback = "every",
			 .help = "whether each version has a row, or only some, as where a batch leaves its last"},
			{NULL, 0, .offset = 0}},
};

const struct schema_map contract_operations_schema = {
	.keys =
		(const struct schema_key[]){
			{"insert", SCHEMA_TEXT, .offset = offsetof(struct contract, operation_insert),
			 .fallback = "INSERT", .help = "what $operation is for an insert"},
			{"modify", SCHEMA_TEXT, .offset = offsetof(struct contract, operation_modify),
			 .fallback = "MODIFY", .help = "for a change of an item that was there"},
			{"remove", SCHEMA_TEXT, .offset = offsetof(struct contract, operation_remove),
			 .fallback = "REMOVE", .help = "for a delete"},
			{NULL, 0, .offset = 0}},
};

static bool is_of_event(const char *attribute)
{
	for (size_t i = 0; i < sizeof event_attributes / sizeof event_attributes[0]; i++)
		if (strcmp(event_attributes[i], attribute) == 0)
			return true;
	return false;
}

static int refuse_key(struct schema_loader *loader, yaml_node_t *node, const char *key, const char *shape)
{
	yaml_node_t *found = schema_find(loader, node, key);
	return found == NULL ? 0 : schema_error(loader, found, "'%s' is not for a lake of %s", key, shape);
}

static int refuse_keys(struct schema_loader *loader, yaml_node_t *node, const char *const *keys, const char *shape)
{
	int code = 0;
	for (; *keys != NULL && code == 0; keys++)
		code = refuse_key(loader, node, *keys, shape);
	return code;
}

static int check_event_path(struct schema_loader *loader, yaml_node_t *node, const struct contract_path *path)
{
	const char *name = path->count > 0 ? path->names[0] : NULL;
	return name == NULL || is_of_event(name)
		       ? 0
		       : schema_error(loader, node,
				      "'%s' is nothing that an event has; an attribute of the item is $new_image.%s, "
				      "$old_image.%s or, of its key, $key.%s",
				      name, name, name, name);
}

static int check_event_where(struct schema_loader *loader, yaml_node_t *node, const struct where *where)
{
	int code = where == NULL ? 0 : check_event_path(loader, node, &where->path);
	for (uint32_t i = 0; where != NULL && i < where->part_count && code == 0; i++)
		code = check_event_where(loader, node, &where->parts[i]);
	return code;
}

static int check_event_columns(struct schema_loader *loader, yaml_node_t *node, const struct contract *lake)
{
	yaml_node_t *columns = schema_find(loader, node, "columns");
	int code = 0;
	for (uint32_t i = 0; i < lake->column_count && code == 0; i++) {
		const struct contract_column *column = &lake->columns[i];
		yaml_node_t *entry = yaml_document_get_node(loader->document, columns->data.sequence.items.start[i]);
		if (column->form >= FORM_ITEM_JSON)
			return schema_error(loader, entry,
					    "a row of events has no item; say {attribute: $new_image, as: json}");
		for (uint32_t source = 0; source < column->source_count && code == 0; source++)
			code = check_event_path(loader, entry, &column->sources[source]);
	}
	return code;
}

/* An event is told by the item's key, and by what the row's key takes besides. */
static int take_event_key(struct schema_loader *loader, yaml_node_t *node, struct contract *lake)
{
	static const char *const more[] = {"$event_id", "$sequence"};
	for (uint32_t part = 0; part < lake->table_key_count; part++) {
		struct key_part *key = &lake->item_key[part];
		size_t size = strlen(key->attribute) + sizeof "$key.";
		char *name = arena_alloc(loader->arena, size);
		if (name == NULL)
			return schema_out_of_memory(loader);
		memcpy(name, "$key.", sizeof "$key." - 1);
		memcpy(name + sizeof "$key." - 1, key->attribute, strlen(key->attribute) + 1);
		key->attribute = name;
	}
	for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
		bool taken = false;
		for (uint32_t part = 0; part < lake->lake_key_count; part++)
			taken = taken || strcmp(lake->lake_key[part].attribute, more[i]) == 0;
		if (taken)
			lake->item_key[lake->item_key_count++] = (struct key_part){more[i], 'S', false};
	}
	return lake->item_key_count > lake->table_key_count
		       ? 0
		       : schema_error(loader, schema_find(loader, node, "key"),
				      "an event's row needs a 'key' that tells it from all others: $event_id, or "
				      "$sequence, with or without parts of $key");
}

static int check_events(struct schema_loader *loader, yaml_node_t *node, struct contract *lake)
{
	static const char *const refused[] = {"deletes", "ttl", "columns_by_name", "history", "scope", NULL};
	int code = refuse_keys(loader, node, refused, "events");
	if (code == 0 && lake->lake_key_count == 0)
		code = schema_error(loader, node,
				    "a lake of events needs 'key': the columns that tell an event, such as "
				    "{column: event_id, attribute: $event_id}");
	if (code == 0)
		code = take_event_key(loader, node, lake);
	if (code == 0)
		code = check_event_columns(loader, node, lake);
	if (code == 0)
		code = check_event_where(loader, schema_find(loader, node, "where"), lake->where);
	if (lake->operation_insert == NULL)
		lake->operation_insert = "INSERT";
	if (lake->operation_modify == NULL)
		lake->operation_modify = "MODIFY";
	if (lake->operation_remove == NULL)
		lake->operation_remove = "REMOVE";
	return code;
}

static int check_history(struct schema_loader *loader, yaml_node_t *node, struct contract *lake)
{
	static const char *const refused[] = {"deletes", "operations", "scope", NULL};
	const int64_t year_9999_us = INT64_C(253370764800000000);
	int code = refuse_keys(loader, node, refused, "history");
	if (code != 0)
		return code;
	if (lake->history.valid_from == NULL)
		return schema_error(
			loader, node,
			"'shape' is history, so 'history' must name the columns: {valid_from: …, valid_to: …}");
	if (lake->ttl != TTL_POLICY_DELETE)
		return schema_error(
			loader, schema_find(loader, node, "ttl"),
			"in a history an item that TTL removed has no current row, so 'ttl' can only be delete");
	for (uint32_t i = 0; i < lake->column_count; i++)
		if (lake->columns[i].tolerance.kind != TOLERANCE_NONE)
			return schema_error(loader, schema_find(loader, node, "columns"),
					    "column '%s': in a history values have no tolerance",
					    lake->columns[i].column);
	if (!lake->history.has_forever)
		lake->history.forever_us = year_9999_us;
	return 0;
}

int contract_check_shape(struct schema_loader *loader, yaml_node_t *node, struct contract *lake)
{
	static const char *const refused[] = {"history", "operations", NULL};
	switch (lake->shape) {
	case SHAPE_EVENTS:
		return check_events(loader, node, lake);
	case SHAPE_HISTORY:
		return check_history(loader, node, lake);
	case SHAPE_STATE:
		break;
	}
	return refuse_keys(loader, node, refused, "items as they are now");
}
