/* The lakes of a contract: each becomes a contract of its own to whatever looks at one table, sharing all else. */
#include <ctype.h>
#include <stddef.h>
#include <strings.h>

#include "reconcile/contract/contract_schema.h"
#include "reconcile/contract/disclosure.h"
#include "reconcile/contract/where.h"

enum { NAME_SIZE_MAX = 64 };

static yaml_node_t *lake_node(struct schema_loader *loader, yaml_node_t *node, uint32_t index)
{
	yaml_node_t *list = schema_find(loader, node, "lakes");
	return list == NULL ? schema_find(loader, node, "lake")
			    : yaml_document_get_node(loader->document, list->data.sequence.items.start[index]);
}

/* A name is a folder's too. */
static int check_name(struct schema_loader *loader, yaml_node_t *node, const struct contract *lakes, uint32_t index)
{
	const char *name = lakes[index].name;
	if (name == NULL)
		return schema_error(loader, node, "key 'name' is missing; reports call a lake by it");
	node = schema_find(loader, node, "name");
	bool fits = isalnum((unsigned char)name[0]) != 0 && strlen(name) <= NAME_SIZE_MAX;
	for (const char *at = name; *at != '\0'; at++)
		fits = fits && (isalnum((unsigned char)*at) != 0 || strchr("_-.", *at) != NULL);
	if (!fits)
		return schema_error(
			loader, node,
			"a lake's name has letters, digits, '_', '-' and '.', at most %d, and begins with a "
			"letter or digit",
			NAME_SIZE_MAX);
	for (uint32_t other = 0; other < index; other++) {
		if (strcasecmp(lakes[other].name, name) == 0)
			return schema_error(loader, node, "lake '%s' is there twice", name);
		if (strcmp(lakes[other].delta, lakes[index].delta) == 0)
			return schema_error(loader, node, "lakes '%s' and '%s' are one table, '%s'", lakes[other].name,
					    name, lakes[index].delta);
	}
	return 0;
}

static int check_extract(struct schema_loader *loader, yaml_node_t *node, const struct lake_key *key, char type)
{
	const char *why;
	if (type == 'B')
		return schema_error(loader, node, "'extract' is for strings and numbers, '%s' is of type B",
				    key->attribute);
	struct step_pattern *pattern = step_pattern_new(key->extract, &why);
	if (pattern == NULL)
		return schema_error(loader, node, "'extract' is '%.*s': %s", schema_shown(key->extract), key->extract,
				    why);
	step_pattern_free(pattern);
	return 0;
}

static int check_lake_key(struct schema_loader *loader, yaml_node_t *node, const struct contract *contract,
			  struct lake_key *key)
{
	key->line = (int)node->start_mark.line + 1;
	for (key->part = 0; key->part < contract->item_key_count; key->part++)
		if (strcmp(contract->item_key[key->part].attribute, key->attribute) == 0)
			return key->extract == NULL ? 0
						    : check_extract(loader, schema_find(loader, node, "extract"), key,
								    contract->item_key[key->part].type);
	if (contract->shape == SHAPE_EVENTS)
		return schema_error(
			loader, schema_find(loader, node, "attribute"),
			"'%s' tells no event; a row's key is made of $event_id, $sequence and the item's key, "
			"as $key.%s",
			key->attribute, contract->key[0].attribute);
	return schema_error(
		loader, schema_find(loader, node, "attribute"),
		"'%s' is no key attribute of the table. A row's key is made of the item's key alone, one row "
		"for an item: a delete often carries nothing else, and a table with a row for each element of "
		"an attribute cannot be compared",
		key->attribute);
}

static int check_keys(struct schema_loader *loader, yaml_node_t *node, struct contract *lake)
{
	yaml_node_t *list = schema_find(loader, node, "key");
	int code = 0;
	for (uint32_t i = 0; i < lake->lake_key_count && code == 0; i++) {
		yaml_node_t *entry = yaml_document_get_node(loader->document, list->data.sequence.items.start[i]);
		code = check_lake_key(loader, entry, lake, &lake->lake_key[i]);
		for (uint32_t other = 0; other < i && code == 0; other++)
			if (strcasecmp(lake->lake_key[other].column, lake->lake_key[i].column) == 0)
				code = schema_error(loader, entry, "key column '%s' is there twice",
						    lake->lake_key[i].column);
	}
	return code;
}

/* Where other attributes decide too, an item that is not in the lake may come to stand on the key of one that is, and
 * what is known of the two could not be told apart: so its key must be a part of the row's, or one value only. */
static int check_apart(struct schema_loader *loader, yaml_node_t *node, const struct contract *lake)
{
	if (lake->lake_key_count == 0 || where_is_of_key(lake->where, lake))
		return 0;
	for (uint32_t part = 0; part < lake->item_key_count; part++) {
		const char *attribute = lake->item_key[part].attribute;
		bool held = where_pins(lake->where, attribute);
		for (uint32_t i = 0; i < lake->lake_key_count; i++)
			held = held || lake->lake_key[i].part == part;
		if (!held)
			return schema_error(
				loader, schema_find(loader, node, "where"),
				"'where' looks at attributes besides the key's, so 'key' must hold '%s' too, "
				"or 'where' give it one value: {all: [{attribute: %s, eq: …}, …]}",
				attribute, attribute);
	}
	return 0;
}

static bool takes_attribute(const struct contract_column *column, const char *attribute)
{
	for (uint32_t i = 0; i < column->source_count; i++)
		if (strcmp(column->sources[i].names[0], attribute) == 0)
			return true;
	return false;
}

/* Values of a key that differ are different keys. */
static int take_tolerances(struct schema_loader *loader, yaml_node_t *node, struct contract *contract)
{
	for (uint32_t i = 0; i < contract->column_count; i++) {
		const struct contract_column *column = &contract->columns[i];
		bool tolerant = column->tolerance.kind != TOLERANCE_NONE;
		contract->any_tolerance = contract->any_tolerance || tolerant;
		for (uint32_t part = 0; part < contract->key_count && tolerant; part++)
			if (takes_attribute(column, contract->key[part].attribute))
				return schema_error(loader, node, "column '%s' is of the key, which has no tolerance",
						    column->column);
	}
	return 0;
}

static int make_lake(struct schema_loader *loader, yaml_node_t *node, struct contract *lake)
{
	int code = contract_check_shape(loader, node, lake);
	if (code == 0)
		code = contract_check_where(loader, schema_find(loader, node, "where"), lake, lake->where);
	if (code == 0)
		code = check_keys(loader, node, lake);
	if (code == 0 && lake->shape != SHAPE_EVENTS)
		code = check_apart(loader, node, lake);
	if (code == 0)
		code = take_tolerances(loader, node, lake);
	return code;
}

/* What is sensitive in one lake is so in all: they show the same items. Then the keys of facts become the rows'. */
static void finish_keys(struct contract *const *lakes, uint32_t count)
{
	bool sensitive[KEY_PARTS_MAX] = {false};
	for (uint32_t i = 0; i < count; i++) {
		disclosure_spread(lakes[i]);
		for (uint32_t part = 0; part < lakes[i]->key_count; part++)
			sensitive[part] = sensitive[part] || lakes[i]->key[part].sensitive;
	}
	for (uint32_t i = 0; i < count; i++) {
		struct contract *lake = lakes[i];
		for (uint32_t part = 0; part < lake->item_key_count; part++)
			lake->item_key[part].sensitive = lake->key[part].sensitive = sensitive[part];
		disclosure_spread(lake);
		for (uint32_t part = 0; part < lake->lake_key_count; part++) {
			const struct lake_key *key = &lake->lake_key[part];
			const struct key_part *from = &lake->item_key[key->part];
			lake->key[part] = (struct key_part){key->column, key->extract != NULL ? 'S' : from->type,
							    from->sensitive};
		}
		if (lake->lake_key_count > 0)
			lake->key_count = lake->lake_key_count;
	}
}

/* The items that no lake takes are a lake without a table. */
static int make_unrouted(struct schema_loader *loader, struct contract *contract)
{
	uint32_t of_items = 0;
	for (uint32_t i = 0; i < contract->lake_count; i++) {
		of_items += contract->lakes[i]->shape != SHAPE_EVENTS;
		if (contract->lakes[i]->shape != SHAPE_EVENTS && contract->lakes[i]->where == NULL)
			return 0;
	}
	if (of_items == 0)
		return 0;
	struct contract *rest = arena_alloc(loader->arena, sizeof *rest);
	struct where *any = arena_array(loader->arena, 2, sizeof *any);
	struct where *parts = arena_array(loader->arena, contract->lake_count, sizeof *parts);
	if (rest == NULL || any == NULL || parts == NULL)
		return schema_out_of_memory(loader);
	of_items = 0;
	for (uint32_t i = 0; i < contract->lake_count; i++)
		if (contract->lakes[i]->shape != SHAPE_EVENTS)
			parts[of_items++] = *contract->lakes[i]->where;
	any[0] = (struct where){.kind = WHERE_ANY, .parts = parts, .part_count = of_items};
	any[1] = (struct where){.kind = WHERE_NOT, .parts = &any[0], .part_count = 1};
	*rest = *contract;
	memset((char *)rest + offsetof(struct contract, name), 0,
	       offsetof(struct contract, baseline) - offsetof(struct contract, name));
	rest->version = -1;
	rest->where = &any[1];
	rest->key_count = rest->item_key_count;
	memcpy(rest->key, contract->item_key, sizeof contract->item_key);
	contract->unrouted = rest;
	return 0;
}

static int take_sensitive(struct schema_loader *loader, yaml_node_t *node, struct contract *contract)
{
	struct error error = {0};
	for (uint32_t i = 0; i < contract->lake_count; i++)
		contract->any_sensitive = contract->any_sensitive || contract->lakes[i]->any_sensitive;
	int code = !contract->any_sensitive ? 0
					    : disclosure_key(contract->sensitive_key_env, loader->arena,
							     &contract->sensitive_key, &error);
	if (code != 0 && error.code == ERROR_USAGE)
		return schema_error(loader, schema_find(loader, node, "sensitive_key_env"), "%s", error.message);
	if (code != 0)
		return error_set(loader->error, error.code, "%s", error.message);
	for (uint32_t i = 0; i < contract->lake_count; i++) {
		contract->lakes[i]->sensitive_key = contract->sensitive_key;
		contract->lakes[i]->any_sensitive = contract->any_sensitive;
	}
	return 0;
}

int contract_make_lakes(struct schema_loader *loader, yaml_node_t *node, struct contract *contract,
			struct contract *lakes, uint32_t lake_count)
{
	const size_t begin = offsetof(struct contract, name), end = offsetof(struct contract, baseline);
	int code = 0;
	if (lake_count > 0 && contract->delta != NULL)
		return schema_error(loader, schema_find(loader, node, "lakes"),
				    "'lake' and 'lakes' are two spellings of one thing; keep one");
	if (contract->name != NULL)
		return schema_error(loader, schema_find(loader, lake_node(loader, node, 0), "name"),
				    "'name' is for 'lakes'; a contract with one lake is told by its table");
	bool itself = lake_count == 0 && contract->lake_key_count == 0;
	contract->lake_count = lake_count == 0 ? 1 : lake_count;
	contract->lakes = arena_array(loader->arena, contract->lake_count, sizeof(*contract->lakes));
	struct contract *made = arena_array(loader->arena, contract->lake_count, sizeof *made);
	if (contract->lakes == NULL || made == NULL)
		return schema_out_of_memory(loader);
	for (uint32_t i = 0; i < contract->lake_count && code == 0; i++) {
		yaml_node_t *own = lake_node(loader, node, i);
		made[i] = *contract;
		if (lake_count > 0) {
			memcpy((char *)&made[i] + begin, (const char *)&lakes[i] + begin, end - begin);
			code = check_name(loader, own, lakes, i);
		}
		contract->lakes[i] = itself ? contract : &made[i];
		if (code == 0 && contract->lakes[i]->delta != NULL)
			code = make_lake(loader, own, contract->lakes[i]);
	}
	if (code == 0)
		finish_keys(contract->lakes, contract->lake_count);
	if (code == 0)
		code = make_unrouted(loader, contract);
	if (code == 0)
		code = take_sensitive(loader, node, contract);
	if (code == 0 && contract->unrouted != NULL) {
		struct contract *rest = contract->unrouted;
		rest->sensitive_key = contract->sensitive_key;
		rest->any_sensitive = contract->any_sensitive;
		for (uint32_t i = 0; i < contract->lake_count; i++)
			if (contract->lakes[i]->shape != SHAPE_EVENTS)
				memcpy(rest->item_key, contract->lakes[i]->item_key, sizeof rest->item_key);
		memcpy(rest->key, rest->item_key, sizeof rest->item_key);
	}
	return code;
}
