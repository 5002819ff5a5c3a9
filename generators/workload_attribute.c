/* What the table of keys cannot say of attributes and entities. */
#include <string.h>

#include "generators/model_tags.h"
#include "generators/workload_schema.h"

/* Of integers and decimals' digits: far from where 64 bits end. */
#define NUMBER_MAX INT64_C(100000000000000000)

struct kind_rule {
	struct table_range range, limits;
};

static struct kind_rule kind_rule(int kind)
{
	enum { DAYS_90 = 90 * 86400, MEMBERS_MAX = 100, DEPTH_MAX = 31 };
	switch (kind) {
	case KIND_TEXT:
		return (struct kind_rule){{8, 24}, {0, ITEM_SIZE_MAX}};
	case KIND_INTEGER:
		return (struct kind_rule){{0, 999}, {-NUMBER_MAX, NUMBER_MAX}};
	case KIND_DECIMAL:
		return (struct kind_rule){{0, 999999}, {-NUMBER_MAX, NUMBER_MAX}};
	case KIND_TIME:
	case KIND_EPOCH:
		return (struct kind_rule){{0, DAYS_90}, {0, INT64_C(3600) * 86400}};
	case KIND_BINARY:
		return (struct kind_rule){{0, 32}, {0, ITEM_SIZE_MAX}};
	case KIND_STRINGS:
	case KIND_NUMBERS:
	case KIND_BINARIES:
		return (struct kind_rule){{1, 4}, {1, MEMBERS_MAX}};
	case KIND_WORDS:
	case KIND_LIST:
		return (struct kind_rule){{0, 4}, {0, MEMBERS_MAX}};
	case KIND_NESTED:
		return (struct kind_rule){{0, DEPTH_MAX}, {0, DEPTH_MAX}};
	default:
		return (struct kind_rule){{0, 0}, {0, 0}};
	}
}

static bool needs_no_escape(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == '"' || *text == '\\')
			return false;
	return true;
}

static bool is_identifier(const char *text)
{
	size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
	return size > 0 && text[size] == '\0' && (text[0] < '0' || text[0] > '9');
}

static int check_kind(struct schema_loader *loader, yaml_node_t *node, struct table_attribute *attribute)
{
	int kind = attribute->kind;
	struct kind_rule rule = kind_rule(kind);

	if (!attribute->has_range)
		attribute->range = rule.range;
	if (attribute->range.min < rule.limits.min || attribute->range.max > rule.limits.max)
		return schema_error(loader, schema_find(loader, node, "range"),
				    "this type's range is within %lld..%lld", (long long)rule.limits.min,
				    (long long)rule.limits.max);
	if ((kind == KIND_WORD || kind == KIND_WORDS) && attribute->word_count == 0)
		return schema_error(loader, node, "'%s' needs words", attribute->name);
	if (attribute->word_count > TABLE_WORDS_MAX)
		return schema_error(loader, node, "'%s' has more than %d words", attribute->name, TABLE_WORDS_MAX);
	for (uint32_t i = 0; i < attribute->word_count; i++)
		for (uint32_t j = 0; j < i && kind == KIND_STRINGS; j++)
			if (strcmp(attribute->words[i], attribute->words[j]) == 0)
				return schema_error(loader, node, "'%s' has the word '%s' twice, which no set holds",
						    attribute->name, attribute->words[i]);
	if ((kind == KIND_MAP) != (attribute->member_count > 0))
		return schema_error(loader, node, "'members' go with type map, and map with members");
	if ((kind == KIND_FILL) != (attribute->size_count > 0))
		return schema_error(loader, node, "'sizes' go with type fill, and fill with sizes");
	for (uint32_t i = 0; i < attribute->size_count; i++)
		if (attribute->sizes[i].bytes.min < 0 || attribute->sizes[i].bytes.max > ITEM_SIZE_MAX)
			return schema_error(loader, node, "an item has at most 400KB");
	return 0;
}

int workload_check_attribute(struct schema_loader *loader, yaml_node_t *node, void *target)
{
	struct table_attribute *attribute = target;
	bool evolves = attribute->from > 0 || attribute->until > 0 || schema_find(loader, node, "becomes") != NULL;

	attribute->name_size = strlen(attribute->name);
	attribute->name_plain = needs_no_escape(attribute->name);
	attribute->phase_until = attribute->phase_becomes = TABLE_PHASES_MAX;
	attribute->words_plain = true;
	for (uint32_t i = 0; i < attribute->word_count; i++)
		attribute->words_plain = attribute->words_plain && needs_no_escape(attribute->words[i]);
	if (schema_find(loader, node, "every") == NULL)
		attribute->every = 1;
	if (schema_find(loader, node, "present") == NULL)
		attribute->present = SHARE_ALL;
	if (schema_find(loader, node, "becomes") == NULL)
		attribute->becomes = -1;
	if (attribute->until > 0 && attribute->until <= attribute->from)
		return schema_error(loader, schema_find(loader, node, "until"), "'until' is not after 'from'");
	if (attribute->becomes == KIND_WORD || attribute->becomes == KIND_WORDS || attribute->becomes == KIND_MAP ||
	    attribute->becomes == KIND_NESTED || attribute->becomes == KIND_FILL)
		return schema_error(loader, schema_find(loader, node, "becomes"),
				    "an attribute cannot become a word, words, a map, nested or fill");
	if (attribute->counts &&
	    ((attribute->kind != KIND_INTEGER && attribute->kind != KIND_DECIMAL) || evolves ||
	     attribute->present < SHARE_ALL || attribute->null + attribute->empty + attribute->awkward > 0))
		return schema_error(loader, schema_find(loader, node, "counts"),
				    "only an integer or decimal that is always there can count");
	if (attribute->column != NULL && strcmp(attribute->column, "none") == 0)
		attribute->ignored = true;
	else if (attribute->column == NULL && !is_identifier(attribute->name))
		attribute->ignored = true;
	else if (attribute->column != NULL && !is_identifier(attribute->column))
		return schema_error(loader, schema_find(loader, node, "column"),
				    "a column's name has letters, digits and _");
	/* The name alone makes the tag, so that adding an attribute does not change the others. */
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < attribute->name_size; i++)
		hash = (hash ^ (unsigned char)attribute->name[i]) * UINT64_C(0x100000001b3);
	attribute->tag = TAG_ATTRIBUTES + (hash >> 1);
	return check_kind(loader, node, attribute);
}

/* Integers that count versions, for entities where nothing does. */
static int add_revision(struct schema_loader *loader, struct table_entity *entity)
{
	uint32_t count = entity->attribute_count;

	for (uint32_t i = 0; i < count; i++)
		if (entity->attributes[i].counts)
			return 0;
	struct table_attribute *grown = arena_array(loader->arena, count + 1, sizeof(*grown));
	if (grown == NULL)
		return schema_out_of_memory(loader);
	memcpy(grown, entity->attributes, count * sizeof(*grown));
	grown[count] = (struct table_attribute){
		.name = "revision",
		.name_size = 8,
		.name_plain = true,
		.kind = KIND_INTEGER,
		.every = 1,
		.present = SHARE_ALL,
		.range = {0, 63},
		.counts = true,
		.phase_until = TABLE_PHASES_MAX,
		.phase_becomes = TABLE_PHASES_MAX,
		.becomes = -1,
	};
	entity->attributes = grown;
	entity->attribute_count = count + 1;
	return 0;
}

int workload_check_entity(struct schema_loader *loader, yaml_node_t *node, void *target)
{
	struct table_entity *entity = target;
	uint32_t sum = 0;

	entity->once = entity->sk != NULL && strchr(entity->sk, '{') == NULL;
	if (add_revision(loader, entity) != 0)
		return loader->error->code;
	for (uint32_t i = 0; i < entity->attribute_count; i++) {
		const struct table_attribute *attribute = &entity->attributes[i];
		for (uint32_t j = 0; j < i; j++)
			if (strcmp(entity->attributes[j].name, attribute->name) == 0)
				return schema_error(loader, node, "attribute '%s' is there twice", attribute->name);
		sum = 0;
		for (uint32_t j = 0; j < attribute->size_count; j++)
			sum += attribute->sizes[j].share;
		if (sum > SHARE_ALL)
			return schema_error(loader, node, "the sizes of '%s' add up to more than 100%%",
					    attribute->name);
	}
	return 0;
}
