/* Kinds of values that only a contract has: column types, rules by finding. */
#include "reconcile/contract/contract_schema.h"

static int read_type(struct schema_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target)
{
	const char *text, *why;
	int code = schema_text(loader, node, key->name, &text);
	if (code != 0)
		return code;
	const struct column_type *type = column_type_parse(loader->arena, slice_from(text), &why);
	if (type == NULL)
		return schema_error(loader, node, "'%s' is '%.*s': %s", key->name, schema_shown(text), text, why);
	memcpy((char *)target + key->offset, &type, sizeof(type));
	return 0;
}

const struct schema_type contract_type = {"type by Spark's name", "\"type\": \"string\", \"minLength\": 1", read_type};

static int read_tolerance(struct schema_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target)
{
	const char *text;
	struct tolerance tolerance;
	int code = schema_text(loader, node, key->name, &text);
	if (code != 0)
		return code;
	if (!tolerance_parse(slice_from(text), &tolerance))
		return schema_error(loader, node, "'%s' is '%.*s': it must be above 0, such as 0.01, 1%% or 1s",
				    key->name, schema_shown(text), text);
	memcpy((char *)target + key->offset, &tolerance, sizeof tolerance);
	return 0;
}

const struct schema_type contract_tolerance = {
	"number, percentage or duration",
	"\"oneOf\": [{\"type\": \"number\", \"exclusiveMinimum\": 0}, {\"type\": \"string\"}]",
	read_tolerance,
};

/* ---- allow and severity ---- */

static int read_id(struct schema_loader *loader, yaml_node_t *node, const struct schema_key *key, enum finding_id *id)
{
	static const char unproven[] = "unproven";
	const char *text, *nearest = NULL;
	bool allow = key->type == &contract_allowances;
	int code = schema_text(loader, node, key->name, &text);
	if (code != 0)
		return code;
	*id = finding_from_text(text);
	if (*id != FINDING_COUNT || (allow && strcmp(text, unproven) == 0))
		return 0;
	size_t fewest = SIZE_MAX;
	for (int other = 0; other < FINDING_COUNT; other++)
		if (schema_nearer(slice_from(text), finding_kinds[other].id, &fewest))
			nearest = finding_kinds[other].id;
	if (allow && schema_nearer(slice_from(text), unproven, &fewest))
		nearest = unproven;
	if (nearest != NULL)
		return schema_error(loader, node, "there is no finding '%.*s', did you mean '%s'", schema_shown(text),
				    text, nearest);
	return schema_error(loader, node, "there is no finding '%.*s'; docs/findings.md lists them",
			    schema_shown(text), text);
}

bool allow_rule_parse(const char *text, struct allow_rule *rule)
{
	enum { FRACTION_DIGITS = 7 }; /* of a percentage: parts per thousand million */
	uint64_t whole = 0, fraction = 0, unit = 10000000;
	size_t digits = 0;
	const char *at = text;
	for (; *at >= '0' && *at <= '9' && digits < 18; at++, digits++)
		whole = whole * 10 + (uint64_t)(*at - '0');
	if (digits == 0)
		return false;
	rule->count_max = (int64_t)whole;
	if (*at == '\0')
		return true;
	if (*at == '.') {
		const char *start = ++at;
		for (; *at >= '0' && *at <= '9' && at - start < FRACTION_DIGITS; at++) {
			unit /= 10;
			fraction += (uint64_t)(*at - '0') * unit;
		}
		if (at == start)
			return false;
	}
	if (strcmp(at, "%") != 0 || whole > 100 || (whole == 100 && fraction > 0))
		return false;
	rule->count_max = -1;
	rule->fraction_ppb = whole * 10000000 + fraction;
	return true;
}

static int read_rules(struct schema_loader *loader, yaml_node_t *node, const struct schema_key *key, void *target)
{
	bool allow = key->type == &contract_allowances;
	size_t count = schema_count(node);
	if (node->type != YAML_MAPPING_NODE || count > SCHEMA_LIST_MAX)
		return schema_error(loader, node, "'%s' must be a mapping of finding ids", key->name);
	void *rules = schema_store(loader, key, count, allow ? sizeof(struct allow_rule) : sizeof(struct severity_rule),
				   target);
	if (rules == NULL)
		return schema_out_of_memory(loader);
	for (size_t index = 0; index < count; index++) {
		yaml_node_pair_t pair = node->data.mapping.pairs.start[index];
		yaml_node_t *name = yaml_document_get_node(loader->document, pair.key);
		yaml_node_t *value = yaml_document_get_node(loader->document, pair.value);
		enum finding_id id;
		const char *text;
		int code = read_id(loader, name, key, &id);
		if (code != 0)
			return code;
		const char *what = id == FINDING_COUNT ? "unproven" : finding_kinds[id].id;
		for (size_t other = 0; other < index && code == 0; other++)
			if (id == (allow ? ((struct allow_rule *)rules)[other].id
					 : ((struct severity_rule *)rules)[other].id))
				code = schema_error(loader, name, "'%s' is there twice", what);
		if (code == 0)
			code = schema_text(loader, value, what, &text);
		if (code != 0)
			return code;
		if (allow) {
			struct allow_rule *rule = &((struct allow_rule *)rules)[index];
			rule->id = id;
			if (!allow_rule_parse(text, rule))
				return schema_error(
					loader, value,
					"'%s' must be a number of keys or a percentage such as 0.01%%, not '%.*s'",
					what, schema_shown(text), text);
		} else {
			static const enum finding_level levels[] = {LEVEL_FAIL, LEVEL_WARN, LEVEL_IGNORE};
			int level = schema_choice("fail|warn|ignore", text);
			if (level < 0)
				return schema_error(loader, value, "'%s' must be fail, warn or ignore, not '%.*s'",
						    what, schema_shown(text), text);
			((struct severity_rule *)rules)[index] = (struct severity_rule){id, levels[level]};
		}
	}
	return 0;
}

const struct schema_type contract_allowances = {
	"mapping of id to number or percentage",
	"\"type\": \"object\", \"additionalProperties\": {\"oneOf\": [{\"type\": \"integer\", "
	"\"minimum\": 0}, {\"type\": \"string\"}]}",
	read_rules,
};

const struct schema_type contract_severities = {
	"mapping of id to fail, warn or ignore",
	"\"type\": \"object\", \"additionalProperties\": {\"enum\": [\"fail\", \"warn\", \"ignore\"]}",
	read_rules,
};
