/* The condition of a lake, `where:`, as the contract writes it. */
#include "base/base64.h"
#include "base/decimal.h"
#include "reconcile/contract/contract_schema.h"
#include "reconcile/value/value.h"
#include "reconcile/contract/where.h"

enum { DEPTH_MAX = 32, TESTS_MAX = 16, PARTS_MAX = 1000 };

/* One mapping: an attribute and what is asked of it, or all, any, not. */
struct draft_where {
	struct contract_path path;
	struct where tests[TESTS_MAX];
	uint32_t test_count, combined;
	uint32_t depth;
};

static int parse_where(struct schema_loader *loader, yaml_node_t *node, uint32_t depth, struct where *where);

static yaml_node_t *entry_at(struct schema_loader *loader, yaml_node_t *node, size_t index)
{
	return yaml_document_get_node(loader->document, node->data.sequence.items.start[index]);
}

static struct where *add_test(struct draft_where *draft, enum where_kind kind)
{
	struct where *test = &draft->tests[draft->test_count++];
	*test = (struct where){.kind = kind};
	draft->combined += kind <= WHERE_NOT;
	return test;
}

/* ---- literals: 7 is a number, "7" a string, {B: aGk=} says its type */

static int read_binary(struct schema_loader *loader, yaml_node_t *node, const char *text, struct where_value *value)
{
	size_t size = strlen(text) / 4 * 3 + 1;
	unsigned char *bytes = arena_alloc(loader->arena, size);
	if (bytes == NULL)
		return schema_out_of_memory(loader);
	if (!base64_decode(slice_from(text), bytes, size, &value->bytes.size))
		return schema_error(loader, node, "'%.*s' is no base64", schema_shown(text), text);
	value->bytes.data = (const char *)bytes;
	return 0;
}

static int read_number(struct schema_loader *loader, yaml_node_t *node, const char *text, struct where_value *value)
{
	struct decimal decimal;
	char canonical[DECIMAL_TEXT_MAX];
	if (decimal_parse(slice_from(text), &decimal) != DECIMAL_OK)
		return schema_error(loader, node, "'%.*s' is no number that DynamoDB holds", schema_shown(text), text);
	size_t size = decimal_format(&decimal, canonical);
	value->bytes = arena_copy(loader->arena, (struct slice){canonical, size});
	return value->bytes.data == NULL ? schema_out_of_memory(loader) : 0;
}

static int read_tagged(struct schema_loader *loader, yaml_node_t *node, const char *name, struct where_value *value)
{
	static const char tags[] = "S|N|B";
	const char *tag, *text;
	if (schema_count(node) != 1)
		return schema_error(loader, node, "'%s' is a value, or one of {S: …}, {N: …}, {B: base64}", name);
	yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	int code = schema_text(loader, yaml_document_get_node(loader->document, pair->key), name, &tag);
	yaml_node_t *content = yaml_document_get_node(loader->document, pair->value);
	if (code == 0)
		code = schema_text(loader, content, name, &text);
	if (code != 0)
		return code;
	switch (schema_choice(tags, tag)) {
	case 0:
		*value = (struct where_value){.tag = TAG_S, .bytes = slice_from(text)};
		return 0;
	case 1:
		*value = (struct where_value){.tag = TAG_N};
		return read_number(loader, content, text, value);
	case 2:
		*value = (struct where_value){.tag = TAG_B};
		return read_binary(loader, content, text, value);
	default:
		return schema_error(loader, node, "'%s' is a value, or one of {S: …}, {N: …}, {B: base64}", name);
	}
}

static int read_literal(struct schema_loader *loader, yaml_node_t *node, const char *name, struct where_value *value)
{
	struct decimal decimal;
	const char *text;
	if (node->type == YAML_MAPPING_NODE)
		return read_tagged(loader, node, name, value);
	int code = schema_text(loader, node, name, &text);
	if (code != 0)
		return code;
	bool plain = node->type == YAML_SCALAR_NODE && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	*value = (struct where_value){.tag = TAG_S, .bytes = slice_from(text)};
	if (!plain)
		return 0;
	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
		*value = (struct where_value){.tag = TAG_BOOL, .truth = text[0] == 't'};
	else if (strcmp(text, "null") == 0)
		*value = (struct where_value){.tag = TAG_NULL};
	else if (decimal_parse(slice_from(text), &decimal) == DECIMAL_OK) {
		*value = (struct where_value){.tag = TAG_N};
		return read_number(loader, node, text, value);
	}
	return 0;
}

/* ---- operators */

static int read_compared(struct schema_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target)
{
	static const struct {
		const char *name;
		enum where_kind kind;
	} kinds[] = {{"eq", WHERE_EQ}, {"begins_with", WHERE_BEGINS}, {"ge", WHERE_GE}, {"lt", WHERE_LT}};
	size_t index = 0;
	while (strcmp(kinds[index].name, key->name) != 0)
		index++;
	struct where *test = add_test(target, kinds[index].kind);
	test->values = arena_alloc(loader->arena, sizeof *test->values);
	if (test->values == NULL)
		return schema_out_of_memory(loader);
	test->value_count = 1;
	int code = read_literal(loader, node, key->name, test->values);
	int tag = code == 0 ? test->values->tag : TAG_S;
	if (test->kind == WHERE_BEGINS && tag != TAG_S && tag != TAG_B)
		return schema_error(loader, node, "'begins_with' takes a string; quote it");
	if (test->kind >= WHERE_GE && (tag == TAG_BOOL || tag == TAG_NULL))
		return schema_error(loader, node, "'%s' takes a number or a string", key->name);
	return code;
}

static int read_in(struct schema_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target)
{
	size_t count = schema_count(node);
	if (node->type != YAML_SEQUENCE_NODE || count == 0 || count > PARTS_MAX)
		return schema_error(loader, node, "'in' must be a list of 1 to %d values", PARTS_MAX);
	struct where *test = add_test(target, WHERE_IN);
	test->values = arena_array(loader->arena, count, sizeof *test->values);
	if (test->values == NULL)
		return schema_out_of_memory(loader);
	test->value_count = (uint32_t)count;
	int code = 0;
	for (size_t i = 0; i < count && code == 0; i++)
		code = read_literal(loader, entry_at(loader, node, i), key->name, &test->values[i]);
	return code;
}

static int read_exists(struct schema_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target)
{
	const char *text;
	int code = schema_text(loader, node, key->name, &text);
	if (code != 0)
		return code;
	int choice = schema_choice("false|true", text);
	if (choice < 0)
		return schema_error(loader, node, "'exists' must be true or false");
	add_test(target, WHERE_EXISTS)->exists = choice == 1;
	return 0;
}

static int read_tag(struct schema_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target)
{
	const char *text;
	int code = schema_text(loader, node, key->name, &text);
	if (code != 0)
		return code;
	int choice = schema_choice("S|N|B|BOOL|NULL|M|L|SS|NS|BS", text); /* in the order of enum value_tag */
	if (choice < 0)
		return schema_error(loader, node, "'type' is one of S, N, B, BOOL, NULL, M, L, SS, NS, BS, not '%.*s'",
				    schema_shown(text), text);
	add_test(target, WHERE_TYPE)->type = TAG_S + choice;
	return 0;
}

static int read_parts(struct schema_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target)
{
	struct draft_where *draft = target;
	enum where_kind kind = key->name[0] == 'n' ? WHERE_NOT : key->name[1] == 'l' ? WHERE_ALL : WHERE_ANY;
	size_t count = kind == WHERE_NOT ? 1 : schema_count(node);
	if (kind != WHERE_NOT && (node->type != YAML_SEQUENCE_NODE || count == 0 || count > PARTS_MAX))
		return schema_error(loader, node, "'%s' must be a list of 1 to %d conditions", key->name, PARTS_MAX);
	struct where *test = add_test(draft, kind);
	test->parts = arena_array(loader->arena, count, sizeof *test->parts);
	if (test->parts == NULL)
		return schema_out_of_memory(loader);
	test->part_count = (uint32_t)count;
	int code = 0;
	for (size_t i = 0; i < count && code == 0; i++)
		code = parse_where(loader, kind == WHERE_NOT ? node : entry_at(loader, node, i), draft->depth + 1,
				   &test->parts[i]);
	return code;
}

/* ---- a condition */

static const struct schema_type compared_type = {.read = read_compared}, in_type = {.read = read_in},
				exists_type = {.read = read_exists}, tag_type = {.read = read_tag},
				parts_type = {.read = read_parts};

static const struct schema_map where_schema = {
	.keys = (const struct schema_key[]){{"attribute", SCHEMA_OTHER, .type = &contract_path,
					     .offset = offsetof(struct draft_where, path)},
					    {"eq", SCHEMA_OTHER, .type = &compared_type},
					    {"in", SCHEMA_OTHER, .type = &in_type},
					    {"begins_with", SCHEMA_OTHER, .type = &compared_type},
					    {"exists", SCHEMA_OTHER, .type = &exists_type},
					    {"type", SCHEMA_OTHER, .type = &tag_type},
					    {"ge", SCHEMA_OTHER, .type = &compared_type},
					    {"lt", SCHEMA_OTHER, .type = &compared_type},
					    {"all", SCHEMA_OTHER, .type = &parts_type},
					    {"any", SCHEMA_OTHER, .type = &parts_type},
					    {"not", SCHEMA_OTHER, .type = &parts_type},
					    {NULL, 0, .offset = 0}},
};

static int parse_where(struct schema_loader *loader, yaml_node_t *node, uint32_t depth, struct where *where)
{
	struct draft_where draft = {.depth = depth};
	if (depth >= DEPTH_MAX)
		return schema_error(loader, node, "'where' is nested deeper than %d", DEPTH_MAX);
	if (node->type != YAML_MAPPING_NODE)
		return schema_error(
			loader, node,
			"a condition is a mapping: {attribute: sk, begins_with: PROFILE}, or all, any, not");
	int code = schema_parse_map(loader, &where_schema, node, &draft);
	if (code != 0)
		return code;
	if (draft.path.count == 0 ? draft.test_count != 1 || draft.combined != 1
				  : draft.test_count == 0 || draft.combined > 0)
		return schema_error(
			loader, node,
			"a condition is an 'attribute' with eq, in, begins_with, exists, type, ge or lt, or "
			"one of all, any, not");
	for (uint32_t i = 0; i < draft.test_count && draft.path.count > 0; i++)
		draft.tests[i].path = draft.path;
	*where = draft.tests[0];
	if (draft.test_count == 1)
		return 0;
	*where = (struct where){.kind = WHERE_ALL, .part_count = draft.test_count};
	where->parts = arena_array(loader->arena, draft.test_count, sizeof *where->parts);
	if (where->parts == NULL)
		return schema_out_of_memory(loader);
	memcpy(where->parts, draft.tests, draft.test_count * sizeof *where->parts);
	return 0;
}

static int read_where(struct schema_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target)
{
	struct where *where = arena_alloc(loader->arena, sizeof *where);
	const struct where *result = where;
	if (where == NULL)
		return schema_out_of_memory(loader);
	memcpy((char *)target + key->offset, &result, sizeof result);
	return parse_where(loader, node, 0, where);
}

const struct schema_type contract_where = {"a condition", "\"type\": \"object\"", read_where};

/* A key attribute has one type; to compare it with a value of another would always be false. */
int contract_check_where(struct schema_loader *loader, yaml_node_t *node, const struct contract *contract,
			 const struct where *where)
{
	int code = 0;
	for (uint32_t i = 0; where != NULL && i < where->part_count && code == 0; i++)
		code = contract_check_where(loader, node, contract, &where->parts[i]);
	if (where == NULL || where->path.count != 1)
		return code;
	for (uint32_t part = 0; part < contract->item_key_count && code == 0; part++) {
		const struct key_part *key = &contract->item_key[part];
		int tag = key->type == 'S' ? TAG_S : key->type == 'N' ? TAG_N : TAG_B;
		if (strcmp(key->attribute, where->path.names[0]) != 0)
			continue;
		for (uint32_t i = 0; i < where->value_count && code == 0; i++)
			if (where->values[i].tag != tag)
				code = schema_error(loader, node,
						    "'where' compares key attribute '%s', which is of type %c, with a "
						    "value of another type%s",
						    key->attribute, key->type, tag == TAG_S ? "; quote it" : "");
	}
	return code;
}
