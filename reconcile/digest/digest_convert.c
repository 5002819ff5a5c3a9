/* Item → column: what each column holds of an image, and the row digest over it. The rules are docs/contract.md's table
 * "What becomes of an attribute" and docs/digest.md. */
#include <stdlib.h>

#include "reconcile/digest/digest_cell.h"
#include "reconcile/digest/digest_hash.h"
#include "reconcile/digest/digest_json.h"

bool value_map_member(struct digest_scratch *scratch, const struct json_token *tokens, uint32_t map, struct slice name,
		      const struct name_words *words, struct value *value)
{
	struct value_fault why;
	uint32_t token = map + 1;
	for (uint32_t index = 0; index < tokens[map].count; index++, token = tokens[token + 1].next) {
		struct name_words here = token_words(&tokens[token]);
		if (name_is(name, words, json_text(&tokens[token]), &here))
			return value_read(&scratch->work, tokens, token + 1, value, &why);
	}
	return false;
}

static bool list_element(struct digest_scratch *scratch, const struct json_token *tokens, uint32_t list, int64_t place,
			 struct value *value)
{
	struct value_fault why;
	uint32_t token = list + 1;
	if (place >= tokens[list].count)
		return false;
	for (int64_t index = 0; index < place; index++)
		token = tokens[token].next;
	return value_read(&scratch->work, tokens, token, value, &why);
}

/* What stands at the path in the image at hand; NULL when nothing does. `space` holds it when it is nested. */
static const struct value *find_source(struct digest_scratch *scratch, const struct json_token *tokens,
				       const struct plan_path *path, struct value *space)
{
	const struct attribute *attribute = &scratch->attributes[path->top];
	const struct value *found = attribute->image == scratch->image ? &attribute->value : NULL;
	for (uint32_t step = 1; step < path->count && found != NULL; step++) {
		bool there = path->names[step].data != NULL
				     ? found->tag == TAG_M &&
					       value_map_member(scratch, tokens, found->payload, path->names[step],
								&path->words[step], space)
				     : found->tag == TAG_L &&
					       list_element(scratch, tokens, found->payload, path->places[step], space);
		found = there ? space : NULL;
	}
	return found;
}

/* ---- derived values */

/* Nothing can be made of the value; `why` is static. */
static void set_unfit(struct value *value, const char *why)
{
	value->tag = TAG_UNFIT;
	value->scale = IMAGE_MISTYPED;
	value->bytes = slice_from(why);
}

static const char no_memory[] = "there is not enough memory:";
static const char no_step[] = "a value that a step of as cannot take";

/* The bytes are copied. */
static void set_text(struct digest_scratch *scratch, struct value *value, struct slice bytes)
{
	char *copy = arena_alloc(&scratch->work, bytes.size + VALUE_SLACK);
	if (copy == NULL) {
		set_unfit(value, no_memory);
		return;
	}
	if (bytes.size > 0)
		memcpy(copy, bytes.data, bytes.size);
	value->tag = TAG_S;
	value->bytes = (struct slice){copy, bytes.size};
}

/* What steps work on; false for what has no text. */
static bool text_of(const struct value *value, struct step_text *text)
{
	text->binary = value->tag == TAG_B;
	text->bytes = value->tag == TAG_BOOL ? slice_from(value->truth ? "true" : "false") : value->bytes;
	return value->tag == TAG_S || value->tag == TAG_N || value->tag == TAG_B || value->tag == TAG_BOOL;
}

static void make_number(struct digest_scratch *scratch, struct value *value)
{
	struct number number;
	if (value->tag == TAG_N)
		return;
	if (value->tag != TAG_S || number_parse(value->bytes, &number) != DECIMAL_OK) {
		set_unfit(value, no_step);
		return;
	}
	set_text(scratch, value, number.text);
	value->tag = value->tag == TAG_S ? TAG_N : value->tag;
	value->unscaled = number.unscaled;
	value->scale = value->tag == TAG_N ? number.scale : value->scale;
}

static void apply_step(const struct conversion *conversion, const struct column_step *step,
		       struct step_pattern *pattern, struct value *value)
{
	struct digest_scratch *scratch = conversion->scratch;
	struct step_text text;
	if (value->tag == TAG_NULL) {
		if (step->kind == STEP_COALESCE && step->text != NULL)
			set_text(scratch, value, slice_from(step->text));
		return;
	}
	if (value->tag == TAG_UNFIT || step->kind == STEP_COALESCE || step->kind == STEP_CONCAT)
		return;
	if (step->kind == STEP_NUMBER) {
		make_number(scratch, value);
		return;
	}
	if (!text_of(value, &text) ||
	    step_apply(step, conversion->rules->secret, pattern, &scratch->step_text, &text) != STEP_DONE)
		set_unfit(value, no_step);
	else
		set_text(scratch, value, text.bytes);
}

/* concat and coalesce: several sources to one value; *value is null before. */
static void join_sources(const struct conversion *conversion, const struct plan_column *column, struct value *value)
{
	const struct column_step *step = &column->rules->steps[0];
	struct digest_scratch *scratch = conversion->scratch;
	struct buffer *joined = &scratch->text;
	struct value space, held = {.tag = TAG_NULL};
	joined->size = 0;
	for (uint32_t index = 0; index < column->source_count; index++) {
		const struct value *found = find_source(scratch, conversion->tokens, &column->sources[index], &space);
		struct step_text text;
		bool null = found == NULL || found->tag == TAG_NULL;
		if (step->kind == STEP_COALESCE && null)
			continue;
		if (null)
			return;
		held = *found;
		if (step->kind == STEP_COALESCE)
			break;
		if (!text_of(found, &text) || text.binary) {
			*value = held;
			set_unfit(value, no_step);
			return;
		}
		if (index > 0)
			buffer_append_text(joined, step->text);
		buffer_append_slice(joined, text.bytes);
	}
	*value = held;
	if (step->kind == STEP_CONCAT)
		set_text(scratch, value, buffer_slice(joined));
	if (joined->failed)
		set_unfit(value, no_memory);
}

/* docs/contract.md, "Nothing": what an absent attribute and NULL are, then what an empty value is. */
static void put_nothing(const struct plan_column *column, bool absent, struct value *value)
{
	enum column_nothing rule = absent ? column->rules->absent : column->rules->null;
	if (value->tag != TAG_NULL || rule == NOTHING_NULL)
		return;
	value->tag = column->type->kind == COLUMN_STRING ? TAG_S : TAG_EMPTY;
	value->bytes = (struct slice){"", 0};
}

static void drop_empty(const struct conversion *conversion, struct value *value)
{
	const struct contract_column *rules = conversion->rules;
	bool list = value->tag == TAG_EMPTY ||
		    ((value->tag == TAG_M || value->tag == TAG_L) && conversion->tokens[value->payload].count == 0);
	if ((list && rules->empty == EMPTY_NULL) ||
	    (value->tag == TAG_S && value->bytes.size == 0 && rules->empty_string == EMPTY_NULL))
		value->tag = TAG_NULL;
}

static void derive(const struct conversion *conversion, const struct plan_column *column, struct value *value)
{
	const struct contract_column *rules = column->rules;
	struct digest_scratch *scratch = conversion->scratch;
	const struct value *found = NULL;
	uint32_t pattern = column->pattern;
	bool joined = column->source_count > 1 || (rules->step_count > 0 && rules->steps[0].kind == STEP_CONCAT);
	*value = (struct value){.tag = TAG_NULL};
	if (rules->form >= FORM_ITEM_JSON) {
		if (rules->form != FORM_ITEM_MAP)
			json_of_item(conversion, value);
		return;
	}
	if (rules->constant != NULL) {
		set_text(scratch, value, slice_from(rules->constant));
	} else if (joined) {
		join_sources(conversion, column, value);
	} else {
		found = find_source(scratch, conversion->tokens, &column->sources[0], value);
		if (found == NULL)
			value->tag = TAG_NULL;
		else if (found != value)
			*value = *found;
	}
	put_nothing(column, !joined && found == NULL, value);
	for (uint32_t index = 0; index < rules->step_count; index++)
		apply_step(conversion, &rules->steps[index],
			   rules->steps[index].kind == STEP_EXTRACT ? scratch->patterns[pattern++] : NULL, value);
	drop_empty(conversion, value);
	if (rules->form != FORM_VALUE && value->tag != TAG_NULL)
		json_of_value(conversion, value);
}

/* ---- digests */

static int compare_digests(const void *left, const void *right)
{
	int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
	return (a > b) - (a < b);
}

void sort_digests(uint64_t *digests, size_t count)
{
	enum { INSERTION_MAX = 32 };
	if (count > INSERTION_MAX) {
		qsort(digests, count, sizeof(*digests), compare_digests);
		return;
	}
	for (size_t index = 1; index < count; index++) {
		uint64_t held = digests[index];
		size_t place = index;
		for (; place > 0 && (int64_t)digests[place - 1] > (int64_t)held; place--)
			digests[place] = digests[place - 1];
		digests[place] = held;
	}
}

uint64_t fold_digests(uint64_t *digests, size_t count, bool sorted)
{
	if (sorted)
		sort_digests(digests, count);
	uint64_t hash = hash_int((int32_t)count, SPARK_SEED);
	for (size_t index = 0; index < count; index++)
		hash = hash_u64(digests[index], hash);
	return hash;
}

/* Most values: they are hashed as they stand. */
static inline bool is_plain_text(const struct column_type *type, const struct value *value)
{
	return type->kind == COLUMN_STRING && value->tag == TAG_S;
}

static int64_t integer_limit(enum column_kind kind)
{
	return kind == COLUMN_BIGINT     ? INT64_MAX
	       : kind == COLUMN_INT      ? INT32_MAX
	       : kind == COLUMN_SMALLINT ? INT16_MAX
					 : INT8_MAX;
}

/* A number that fits as it is, as most do: no rule has a say in it. False: look closer. */
static inline bool hash_number(const struct column_type *type, const struct value *value, uint64_t *hash)
{
	if (value->tag != TAG_N)
		return false;
	if (type->kind == COLUMN_DECIMAL) {
		struct number number;
		int128 unscaled;
		number.unscaled = value->unscaled;
		number.scale = value->scale;
		if (!number_rescale(&number, type->scale, type->precision, &unscaled))
			return false;
		*hash = hash_decimal(unscaled, type->precision, *hash);
		return true;
	}
	if (type->kind < COLUMN_TINYINT || type->kind > COLUMN_BIGINT || value->scale != 0)
		return false;
	int64_t limit = integer_limit(type->kind);
	if (value->unscaled > limit || value->unscaled < -(int128)limit - 1)
		return false;
	int64_t whole = (int64_t)value->unscaled;
	*hash = type->kind == COLUMN_BIGINT ? hash_long(whole, *hash) : hash_int((int32_t)whole, *hash);
	return true;
}

static uint64_t refuse(const struct conversion *conversion, const struct column_type *type, const struct value *value,
		       const char *why)
{
	cell_refuse(conversion, value->tag == TAG_UNFIT ? (enum image_flag)value->scale : IMAGE_MISTYPED, type, value,
		    value->tag == TAG_UNFIT ? value->bytes.data : why);
	return SPARK_SEED;
}

static uint64_t array_digest(const struct conversion *conversion, const struct column_type *type,
			     const struct value *value)
{
	const struct json_token *tokens = conversion->tokens;
	enum value_tag member = value_element_tag(value->tag);
	if (value->tag == TAG_EMPTY)
		return fold_digests(NULL, 0, false);
	/* A set has no order, so only a column compared without order can be held to it. */
	if (member != TAG_NONE && !conversion->unordered)
		return refuse(conversion, type, value, "a set, without unordered: true,");
	if (value->tag != TAG_L && member == TAG_NONE)
		return refuse(conversion, type, value, NULL);
	uint32_t count = tokens[value->payload].count, token = value->payload + 1;
	uint64_t *digests = arena_array(&conversion->scratch->work, count, sizeof(*digests));
	if (digests == NULL)
		return refuse(conversion, type, value, no_memory);
	for (uint32_t index = 0; index < count; index++, token = tokens[token].next) {
		struct value element;
		struct value_fault why;
		bool null, whole = member == TAG_NONE
					   ? value_read(&conversion->scratch->work, tokens, token, &element, &why)
					   : value_read_element(&conversion->scratch->work, tokens, token, member,
								&element, &why);
		digests[index] = whole ? value_digest(conversion, type->children[0], &element, &null)
				       : refuse(conversion, type, value, why.reason);
	}
	return fold_digests(digests, count, conversion->unordered);
}

static uint64_t map_digest(const struct conversion *conversion, const struct column_type *type,
			   const struct value *value)
{
	const struct json_token *tokens = conversion->tokens;
	if (value->tag == TAG_EMPTY)
		return fold_digests(NULL, 0, true);
	if (value->tag != TAG_M || type->children[0]->kind != COLUMN_STRING)
		return refuse(conversion, type, value, NULL);
	uint32_t count = tokens[value->payload].count, token = value->payload + 1;
	uint64_t *digests = arena_array(&conversion->scratch->work, count, sizeof(*digests));
	if (digests == NULL)
		return refuse(conversion, type, value, no_memory);
	for (uint32_t index = 0; index < count; index++, token = tokens[token + 1].next) {
		struct value entry;
		struct value_fault why;
		bool null;
		uint64_t key = hash_slice(json_text(&tokens[token]), SPARK_SEED);
		if (!value_read(&conversion->scratch->work, tokens, token + 1, &entry, &why))
			entry.tag = TAG_NULL;
		uint64_t held = value_digest(conversion, type->children[1], &entry, &null);
		digests[index] = hash_u64(held, hash_u64(key, SPARK_SEED));
	}
	return fold_digests(digests, count, true);
}

static uint64_t struct_digest(const struct conversion *conversion, const struct column_type *type,
			      const struct value *value)
{
	if (value->tag != TAG_M)
		return refuse(conversion, type, value, NULL);
	uint32_t count = type->child_count;
	uint64_t *digests = arena_array(&conversion->scratch->work, count, sizeof(*digests));
	if (digests == NULL)
		return refuse(conversion, type, value, no_memory);
	uint64_t hash = SPARK_SEED, null_bits = 0;
	for (uint32_t index = 0; index < count; index++) {
		struct value field;
		struct slice name = slice_from(type->names[index]);
		struct name_words words = name_words(name);
		bool null;
		if (!value_map_member(conversion->scratch, conversion->tokens, value->payload, name, &words, &field))
			field.tag = TAG_NULL;
		digests[index] = value_digest(conversion, type->children[index], &field, &null);
		null_bits |= (uint64_t)null << (index % 64);
		if (index % 64 == 63 || index + 1 == count) {
			hash = hash_u64(null_bits, hash);
			null_bits = 0;
		}
	}
	for (uint32_t index = 0; index < count; index++)
		hash = hash_u64(digests[index], hash);
	return hash;
}

/* Recursion is bounded by the type's depth. */
uint64_t value_digest(const struct conversion *conversion, const struct column_type *type, const struct value *value,
		      bool *null)
{
	struct cell cell;
	*null = value->tag == TAG_NULL;
	if (*null)
		return SPARK_SEED;
	if (is_plain_text(type, value))
		return hash_slice(value->bytes, SPARK_SEED);
	uint64_t hash = SPARK_SEED;
	if (hash_number(type, value, &hash))
		return hash;
	switch (type->kind) {
	case COLUMN_ARRAY:
		return array_digest(conversion, type, value);
	case COLUMN_MAP:
		return map_digest(conversion, type, value);
	case COLUMN_STRUCT:
		return struct_digest(conversion, type, value);
	default:
		if (!cell_make(conversion, type, value, &cell))
			return SPARK_SEED;
		*null = cell.null;
		return cell.null ? SPARK_SEED : cell_hash(type, &cell, SPARK_SEED);
	}
}

/* ---- columns */

static struct conversion conversion_of(struct digest_scratch *scratch, const struct json_token *tokens,
				       const struct plan_column *column, uint32_t *flags)
{
	return (struct conversion){scratch, tokens, column->rules, column->unordered, flags};
}

/* A column that is not plain: all of it at once, since a rule may make it null. */
static void find_derived(struct digest_scratch *scratch, const struct json_token *tokens, uint32_t index,
			 uint32_t *flags)
{
	const struct plan_column *column = &scratch->plan->columns[index];
	struct conversion conversion = conversion_of(scratch, tokens, column, flags);
	struct value *value = &scratch->path_values[index];
	struct column_result *result = &scratch->results[index];
	bool null;
	derive(&conversion, column, value);
	result->nested = true;
	if (column->rules->compare == COMPARE_PRESENCE) {
		null = column->rules->form < FORM_ITEM_JSON && value->tag == TAG_NULL;
		result->nested = false;
		result->cell.number = 1;
	} else if (column->rules->form == FORM_ITEM_MAP) {
		result->digest = json_item_map(&conversion, column->type);
		null = false;
		value->tag = TAG_EMPTY; /* not null */
	} else if (column->type->child_count > 0) {
		result->digest = value_digest(&conversion, column->type, value, &null);
	} else {
		result->nested = false;
		result->cell.null = false;
		null = value->tag == TAG_NULL ||
		       (cell_make(&conversion, column->type, value, &result->cell) && result->cell.null);
	}
	scratch->column_values[index] = null ? NULL : value;
}

/* The one attribute that fills the column by its name in snake case. */
static const struct value *find_alias(struct digest_scratch *scratch, uint32_t index)
{
	struct alias *alias = &scratch->aliases[index];
	if (alias->image != scratch->image)
		return NULL;
	if (alias->twice)
		set_unfit(&alias->value, "one of several attributes of the same name in snake case");
	return &alias->value;
}

void image_find_column(struct digest_scratch *scratch, const struct json_token *tokens, uint32_t index, uint32_t *flags)
{
	const struct plan_column *column = &scratch->plan->columns[index];
	if (!column->plain) {
		find_derived(scratch, tokens, index, flags);
		return;
	}
	const struct value *found;
	if (column->snake.data != NULL)
		found = find_alias(scratch, index);
	else
		found = find_source(scratch, tokens, &column->sources[0], &scratch->path_values[index]);
	scratch->column_values[index] = found != NULL && found->tag != TAG_NULL ? found : NULL;
}

void image_find_columns(struct digest_scratch *scratch, const struct json_token *tokens, uint32_t *flags)
{
	const struct digest_plan *plan = scratch->plan;
	for (uint32_t index = 0; index < plan->column_count; index++) {
		const struct plan_column *column = &plan->columns[index];
		if (!column->direct) {
			image_find_column(scratch, tokens, index, flags);
			continue;
		}
		const struct attribute *attribute = &scratch->attributes[column->sources[0].top];
		bool there = attribute->image == scratch->image && attribute->value.tag != TAG_NULL;
		scratch->column_values[index] = there ? &attribute->value : NULL;
	}
}

/* The hash goes on over the column, which is not null. */
static uint64_t chain_column(struct digest_scratch *scratch, const struct json_token *tokens, uint32_t index,
			     uint64_t hash, uint32_t *flags)
{
	static const struct column_type mark = {.kind = COLUMN_INT};
	const struct plan_column *column = &scratch->plan->columns[index];
	const struct value *value = scratch->column_values[index];
	const struct column_result *result = &scratch->results[index];
	struct cell cell;
	bool null;
	if (!column->plain)
		return result->nested ? hash_u64(result->digest, hash)
				      : cell_hash(column->rules->compare == COMPARE_PRESENCE ? &mark : column->type,
						  &result->cell, hash);
	if (is_plain_text(column->type, value))
		return hash_slice(value->bytes, hash);
	if (hash_number(column->type, value, &hash))
		return hash;
	struct conversion conversion = conversion_of(scratch, tokens, column, flags);
	if (column->type->child_count > 0)
		return hash_u64(value_digest(&conversion, column->type, value, &null), hash);
	return cell_make(&conversion, column->type, value, &cell) ? cell_hash(column->type, &cell, hash) : hash;
}

uint64_t image_column_digest(struct digest_scratch *scratch, const struct json_token *tokens, uint32_t index,
			     uint32_t *flags)
{
	const struct plan_column *column = &scratch->plan->columns[index];
	if (scratch->column_values[index] == NULL)
		return SPARK_SEED;
	struct conversion conversion = conversion_of(scratch, tokens, column, flags);
	bool null;
	if (column->plain)
		return value_digest(&conversion, column->type, scratch->column_values[index], &null);
	return scratch->results[index].nested ? scratch->results[index].digest
					      : chain_column(scratch, tokens, index, SPARK_SEED, flags);
}

uint64_t image_row(struct digest_scratch *scratch, const struct json_token *tokens, uint32_t *flags)
{
	const struct digest_plan *plan = scratch->plan;
	uint64_t hash = SPARK_SEED;
	for (uint32_t first = 0; first < plan->column_count; first += 64) {
		uint64_t null_bits = 0;
		for (uint32_t index = first; index < plan->column_count && index < first + 64; index++)
			null_bits |= (uint64_t)(scratch->column_values[index] == NULL) << (index - first);
		hash = hash_u64(null_bits, hash);
	}
	for (uint32_t index = 0; index < plan->column_count; index++)
		if (scratch->column_values[index] != NULL)
			hash = chain_column(scratch, tokens, index, hash, flags);
	return hash;
}
