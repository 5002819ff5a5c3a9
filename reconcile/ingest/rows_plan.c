#include "reconcile/ingest/rows_plan.h"

#include <stdlib.h>

#include <xxhash.h>

#include "reconcile/contract/where.h"
#include "reconcile/value/value.h"

/* An attribute, or a member of one, and what is asked for it. */
struct wish {
	const char *name;
	enum rows_kind kind;
	const struct column_type *type; /* of the values below; NULL: nothing is known */
	struct wish *members, *next;
};

struct planning {
	struct arena *arena;
	struct wish *tops;
	bool failed;
};

static struct wish *wish_of(struct planning *planning, struct wish **list, const char *name)
{
	while (*list != NULL && strcmp((*list)->name, name) != 0)
		list = &(*list)->next;
	if (*list == NULL) {
		struct wish *wish = arena_array(planning->arena, 1, sizeof(*wish));
		planning->failed = planning->failed || wish == NULL;
		if (wish != NULL)
			*wish = (struct wish){.name = name};
		*list = wish;
	}
	return *list;
}

static enum rows_kind kind_of_type(const struct column_type *type)
{
	switch (type->kind) {
	case COLUMN_TINYINT:
	case COLUMN_SMALLINT:
	case COLUMN_INT:
	case COLUMN_BIGINT:
	case COLUMN_FLOAT:
	case COLUMN_DOUBLE:
	case COLUMN_DECIMAL:
		return ROWS_N;
	case COLUMN_BINARY:
		return ROWS_B;
	case COLUMN_BOOLEAN:
		return ROWS_BOOL;
	case COLUMN_ARRAY:
		return ROWS_L;
	case COLUMN_MAP:
	case COLUMN_STRUCT:
		return ROWS_M;
	case COLUMN_STRING:
	case COLUMN_DATE:
	case COLUMN_TIMESTAMP:
	case COLUMN_TIMESTAMP_NTZ:
		break;
	}
	return ROWS_PLAIN;
}

static bool counts_from_1970(enum column_times times)
{
	return times == TIMES_EPOCH_S || times == TIMES_EPOCH_MS || times == TIMES_EPOCH_US;
}

static enum rows_kind asked_by(const struct contract_column *rules, const struct column_type *type)
{
	if (rules->form == FORM_JSON)
		return ROWS_JSON;
	if (rules->form != FORM_VALUE || rules->step_count > 0)
		return ROWS_PLAIN;
	if (counts_from_1970(rules->times))
		return ROWS_N;
	return type != NULL ? kind_of_type(type) : ROWS_PLAIN;
}

static void ask(struct planning *planning, const struct contract_path *path, enum rows_kind kind,
		const struct column_type *type)
{
	struct wish **list = &planning->tops;
	for (uint32_t i = 0; i < path->count && path->names[i] != NULL && !planning->failed; i++) {
		struct wish *wish = wish_of(planning, list, path->names[i]);
		bool last = i + 1 == path->count;
		if (wish != NULL && wish->kind == ROWS_PLAIN) {
			wish->kind = last ? kind : path->names[i + 1] != NULL ? ROWS_M : ROWS_L;
			wish->type = last ? type : NULL;
		}
		list = wish != NULL ? &wish->members : NULL;
	}
}

static void ask_columns(struct planning *planning, const struct digest_plan *plan)
{
	uint32_t count = digest_plan_report(plan)->compared_columns;
	for (uint32_t column = 0; column < count; column++) {
		const struct column_type *type = NULL;
		const struct contract_column *rules = digest_plan_rules(plan, column, &type);
		for (uint32_t i = 0; rules != NULL && i < rules->source_count; i++)
			ask(planning, &rules->sources[i], asked_by(rules, type), type);
	}
}

/* Of what a condition compares an attribute with. */
static enum rows_kind kind_of_tag(int tag)
{
	return tag == TAG_N ? ROWS_N : tag == TAG_B ? ROWS_B : tag == TAG_BOOL ? ROWS_BOOL : ROWS_PLAIN;
}

static void ask_where(struct planning *planning, const struct where *where)
{
	for (uint32_t i = 0; i < where->part_count; i++)
		ask_where(planning, &where->parts[i]);
	for (uint32_t i = 0; i < where->value_count; i++)
		if (kind_of_tag(where->values[i].tag) != ROWS_PLAIN)
			ask(planning, &where->path, kind_of_tag(where->values[i].tag), NULL);
	if (where->kind == WHERE_TYPE && kind_of_tag(where->type) != ROWS_PLAIN)
		ask(planning, &where->path, kind_of_tag(where->type), NULL);
}

static void ask_number(struct planning *planning, const char *attribute)
{
	const struct contract_path path = {.names = &attribute, .count = 1};
	ask(planning, &path, ROWS_N, NULL);
}

/* What a lake asks of attributes that decide which items are in it, and for how long. */
static void ask_lake(struct planning *planning, const struct contract *lake)
{
	if (lake->where != NULL)
		ask_where(planning, lake->where);
	if (lake->retain.attribute != NULL && lake->retain.unit != RETENTION_ISO)
		ask_number(planning, lake->retain.attribute);
	if (lake->ttl_attribute != NULL)
		ask_number(planning, lake->ttl_attribute);
}

/* ---- shapes */

static struct rows_type type_below(struct planning *planning, const struct column_type *type);

static const struct rows_type *element_of(struct planning *planning, const struct column_type *type)
{
	struct rows_type *element = arena_array(planning->arena, 1, sizeof(*element));
	planning->failed = planning->failed || element == NULL;
	if (element != NULL)
		*element = type_below(planning, type);
	return element;
}

/* What a nested column's type asks for. */
static struct rows_type type_below(struct planning *planning, const struct column_type *type)
{
	struct rows_type result = {.kind = kind_of_type(type)};
	if (type->kind == COLUMN_ARRAY)
		result.element = element_of(planning, type->children[0]);
	if (type->kind == COLUMN_MAP)
		result.element = element_of(planning, type->children[1]);
	if (type->kind != COLUMN_STRUCT)
		return result;
	struct rows_attribute *members = arena_array(planning->arena, (size_t)type->child_count + 1, sizeof(*members));
	planning->failed = planning->failed || members == NULL;
	for (uint32_t i = 0; i < type->child_count && members != NULL; i++)
		members[i] = (struct rows_attribute){type->names[i], type->names[i],
						     type_below(planning, type->children[i])};
	result.members = members;
	result.member_count = members != NULL ? type->child_count : 0;
	return result;
}

static uint32_t wish_count(const struct wish *wish)
{
	uint32_t count = 0;
	for (; wish != NULL; wish = wish->next)
		count++;
	return count;
}

static struct rows_type type_of_wish(struct planning *planning, const struct wish *wish)
{
	struct rows_type type = {.kind = wish->kind};
	if (wish->type != NULL && (wish->kind == ROWS_L || wish->kind == ROWS_M))
		return type_below(planning, wish->type);
	uint32_t count = wish_count(wish->members);
	if (count == 0 || wish->kind != ROWS_M)
		return type;
	struct rows_attribute *members = arena_array(planning->arena, count, sizeof(*members));
	planning->failed = planning->failed || members == NULL;
	for (const struct wish *member = wish->members; member != NULL && members != NULL; member = member->next)
		members[type.member_count++] = (struct rows_attribute){member->name, member->name,
								       type_of_wish(planning, member)};
	type.members = members;
	return type;
}

static enum rows_kind kind_of_key(char type)
{
	return type == 'N' ? ROWS_N : type == 'B' ? ROWS_B : ROWS_S;
}

static const char *field_of(const struct contract_rows *rows, const char *attribute)
{
	for (uint32_t i = 0; i < rows->field_count; i++)
		if (strcmp(rows->fields[i].attribute, attribute) == 0)
			return rows->fields[i].field;
	return attribute;
}

/* The field of that name is another attribute's, as the contract says, and this one has none. */
static bool is_elsewhere(const struct contract_rows *rows, const char *attribute)
{
	bool taken = false, given = false;
	for (uint32_t i = 0; i < rows->field_count; i++) {
		given = given || strcmp(rows->fields[i].attribute, attribute) == 0;
		taken = taken || strcmp(rows->fields[i].field, attribute) == 0;
	}
	return taken && !given;
}

static bool is_key(const struct contract *contract, const char *attribute)
{
	for (uint32_t i = 0; i < contract->item_key_count; i++)
		if (strcmp(contract->item_key[i].attribute, attribute) == 0)
			return true;
	return false;
}

static struct rows_type stated_type(struct planning *planning, const struct contract_rows *rows,
				    const struct wish *wish)
{
	for (uint32_t i = 0; i < rows->type_count; i++)
		if (strcmp(rows->types[i].attribute, wish->name) == 0) {
			struct rows_type type = type_of_wish(planning, wish);
			if (type.kind != rows->types[i].kind)
				type = (struct rows_type){.kind = rows->types[i].kind};
			return type;
		}
	return type_of_wish(planning, wish);
}

static const struct rows_shape *make_shape(struct planning *planning, const struct contract *contract,
					   const struct contract_rows *rows)
{
	for (uint32_t i = 0; i < rows->field_count; i++)
		(void)wish_of(planning, &planning->tops, rows->fields[i].attribute);
	for (uint32_t i = 0; i < rows->type_count; i++)
		(void)wish_of(planning, &planning->tops, rows->types[i].attribute);
	struct rows_shape *shape = arena_array(planning->arena, 1, sizeof(*shape));
	uint32_t most = contract->item_key_count + wish_count(planning->tops);
	struct rows_attribute *attributes = arena_array(planning->arena, most, sizeof(*attributes));
	if (shape == NULL || attributes == NULL || planning->failed) {
		planning->failed = true;
		return NULL;
	}
	*shape = rows->shape;
	for (uint32_t i = 0; i < contract->item_key_count; i++)
		attributes[shape->attribute_count++] =
			(struct rows_attribute){contract->item_key[i].attribute,
						field_of(rows, contract->item_key[i].attribute),
						{.kind = kind_of_key(contract->item_key[i].type)}};
	shape->key_count = shape->attribute_count;
	for (const struct wish *wish = planning->tops; wish != NULL; wish = wish->next)
		if (!is_key(contract, wish->name) && !is_elsewhere(rows, wish->name))
			attributes[shape->attribute_count++] = (struct rows_attribute){
				wish->name, field_of(rows, wish->name), stated_type(planning, rows, wish)};
	shape->attributes = attributes;
	return shape;
}

const struct rows_shape **rows_plan(const struct contract *contract, const struct digest_plan *const *plans,
				    uint32_t plan_count, struct arena *arena)
{
	struct planning planning = {.arena = arena};
	const struct rows_shape **shapes = arena_array(arena, (size_t)contract->source_count + 1, sizeof(*shapes));
	if (shapes != NULL)
		memset(shapes, 0, ((size_t)contract->source_count + 1) * sizeof(*shapes));
	for (uint32_t i = 0; i < plan_count; i++)
		ask_columns(&planning, plans[i]);
	ask_lake(&planning, contract);
	for (uint32_t i = 0; i < contract->lake_count; i++)
		ask_lake(&planning, contract->lakes[i]);
	for (uint32_t i = 0; i < contract->source_count && shapes != NULL; i++)
		if (contract->sources[i].kind == SOURCE_ROWS)
			shapes[i] = make_shape(&planning, contract, &contract->sources[i].rows);
	return planning.failed ? NULL : shapes;
}

bool rows_plan_by_row(const struct contract *contract)
{
	for (uint32_t i = 0; i < contract->source_count; i++)
		if (contract->sources[i].kind == SOURCE_ROWS && !contract->sources[i].rows.shape.typed)
			return true;
	return false;
}

/* ---- fingerprint */

static uint64_t mix_text(uint64_t hash, const char *text)
{
	return text != NULL ? XXH64(text, strlen(text) + 1, hash) : XXH64("", 0, hash);
}

static uint64_t mix_type(uint64_t hash, const struct rows_type *type)
{
	hash = XXH64(&type->kind, sizeof type->kind, hash);
	hash = XXH64(&type->member_count, sizeof type->member_count, hash);
	if (type->element != NULL)
		hash = mix_type(hash + 1, type->element);
	for (uint32_t i = 0; i < type->member_count; i++)
		hash = mix_type(mix_text(hash, type->members[i].name), &type->members[i].type);
	return hash;
}

uint64_t rows_plan_fingerprint(const struct rows_shape *shape)
{
	const char *const texts[] = {shape->csv.null_text, shape->operation, shape->stamp, shape->sequence,
				     shape->event_id,      shape->keys,      shape->image, shape->old_image,
				     shape->record};
	const uint64_t numbers[] = {shape->format,         (unsigned char)shape->csv.delimiter,
				    shape->csv.name_count, shape->csv.empty_is_null,
				    shape->key_count,      shape->items,
				    shape->unit,           (uint64_t)shape->precision_us,
				    shape->stamp_is_kept,  shape->typed,
				    shape->delete_is_old,  shape->null_is_absent,
				    shape->word_count,     shape->attribute_count,
				    shape->glue,           shape->refuse_full_load};
	uint64_t hash = XXH64(numbers, sizeof numbers, 1);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		hash = mix_text(hash, texts[i]);
	for (uint32_t i = 0; i < shape->csv.name_count; i++)
		hash = mix_text(hash, shape->csv.names[i]);
	for (uint32_t i = 0; i < shape->word_count; i++)
		hash = mix_text(hash + shape->words[i].operation, shape->words[i].text);
	for (uint32_t i = 0; i < shape->attribute_count; i++)
		hash = mix_type(mix_text(mix_text(hash, shape->attributes[i].name), shape->attributes[i].field),
				&shape->attributes[i].type);
	return hash;
}
