/* Item → column: what each column holds of an image, and the row digest over it. The rules are docs/contract.md's table
 * "What becomes of an attribute" and docs/digest.md. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "reconcile/digest_hash.h"
#include "reconcile/digest_scratch.h"

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

/* What a column finds below its top-level attribute, from the path's second step on; NULL when there is none. */
static const struct value *find_below(struct digest_scratch *scratch, const struct json_token *tokens, uint32_t index,
				      const struct value *found)
{
	const struct plan_column *column = &scratch->plan->columns[index];
	struct value *next = &scratch->path_values[index];
	for (uint32_t step = 1; step < column->path_count; step++, found = next)
		if (found->tag != TAG_M || !value_map_member(scratch, tokens, found->payload, column->path[step],
							     &column->path_words[step], next))
			return NULL;
	return found;
}

void image_find_columns(struct digest_scratch *scratch, const struct json_token *tokens)
{
	const struct digest_plan *plan = scratch->plan;
	for (uint32_t index = 0; index < plan->column_count; index++) {
		const struct plan_column *column = &plan->columns[index];
		const struct attribute *attribute = &scratch->attributes[column->top];
		const struct value *found = attribute->image == scratch->image ? &attribute->value : NULL;
		if (found != NULL && column->path_count > 1)
			found = find_below(scratch, tokens, index, found);
		scratch->column_values[index] = found != NULL && found->tag != TAG_NULL ? found : NULL;
	}
}

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

/* A value that has no place in its column: the digest means nothing then, *flags says so. */
static uint64_t misfit(uint32_t *flags, enum image_flag flag, uint64_t seed)
{
	*flags |= (uint32_t)flag;
	return seed;
}

/* Most values: they are hashed as they stand. */
static inline bool is_plain_text(const struct column_type *type, const struct value *value)
{
	return type->kind == COLUMN_STRING && value->tag == TAG_S;
}

static uint64_t string_hash(struct digest_scratch *scratch, const struct value *value, uint64_t seed, uint32_t *flags)
{
	switch (value->tag) {
	case TAG_S:
	case TAG_N:
		return hash_slice(value->bytes, seed);
	case TAG_BOOL:
		return hash_slice(slice_from(value->truth ? "true" : "false"), seed);
	case TAG_B: {
		static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
		const unsigned char *bytes = (const unsigned char *)value->bytes.data;
		size_t size = value->bytes.size, used = 0;
		char *text = arena_alloc(&scratch->work, size / 3 * 4 + 4);
		if (text == NULL)
			return misfit(flags, IMAGE_MISTYPED, seed);
		for (size_t at = 0; at < size; at += 3) {
			size_t left = size - at;
			uint32_t word = (uint32_t)bytes[at] << 16 | (left > 1 ? (uint32_t)bytes[at + 1] << 8 : 0) |
					(left > 2 ? (uint32_t)bytes[at + 2] : 0);
			text[used++] = alphabet[word >> 18];
			text[used++] = alphabet[word >> 12 & 63];
			text[used++] = left > 1 ? alphabet[word >> 6 & 63] : '=';
			text[used++] = left > 2 ? alphabet[word & 63] : '=';
		}
		return hash_bytes(text, used, seed);
	}
	default:
		return misfit(flags, IMAGE_MISTYPED, seed);
	}
}

static uint64_t integer_hash(const struct column_type *type, const struct number *number, uint64_t seed,
			     uint32_t *flags)
{
	int64_t value;
	bool wide = type->kind == COLUMN_BIGINT;
	int64_t max = wide                            ? INT64_MAX
		      : type->kind == COLUMN_INT      ? INT32_MAX
		      : type->kind == COLUMN_SMALLINT ? INT16_MAX
						      : INT8_MAX;
	if (!number_to_i64(number, -max - 1, max, &value))
		return misfit(flags, IMAGE_LOSSY, seed);
	return wide ? hash_long(value, seed) : hash_int((int32_t)value, seed);
}

static uint64_t number_hash(const struct column_type *type, const struct value *value, uint64_t seed, uint32_t *flags)
{
	if (value->tag != TAG_N)
		return misfit(flags, IMAGE_MISTYPED, seed);
	struct number number;
	number.text = value->bytes;
	number.unscaled = value->unscaled;
	number.scale = value->scale;
	if (type->kind == COLUMN_DECIMAL) {
		int128 unscaled;
		if (!number_rescale(&number, type->scale, type->precision, &unscaled))
			return misfit(flags, IMAGE_LOSSY, seed);
		return hash_decimal(unscaled, type->precision, seed);
	}
	if (type->kind == COLUMN_DOUBLE) /* A DynamoDB number is never out of a double's range. */
		return hash_double(number_to_double(&number), seed);
	if (type->kind == COLUMN_FLOAT) {
		float nearest = number_to_float(&number);
		if (isinf(nearest) || (nearest == 0.0F && number.unscaled != 0))
			return misfit(flags, IMAGE_LOSSY, seed);
		return hash_float(nearest, seed);
	}
	return integer_hash(type, &number, seed, flags);
}

/* "2026-01-02T03:04:05+02:00": a sign after the time of day. */
static bool has_other_zone(struct slice text)
{
	for (size_t at = 10; at < text.size; at++)
		if ((text.data[at] == '+' || text.data[at] == '-') &&
		    !slice_is((struct slice){text.data + at + 1, text.size - at - 1}, "00:00"))
			return true;
	return false;
}

static uint64_t time_hash(const struct column_type *type, const struct value *value, uint64_t seed, uint32_t *flags)
{
	int32_t days;
	int64_t time_us;
	if (value->tag != TAG_S)
		return misfit(flags, IMAGE_MISTYPED, seed);
	if (type->kind == COLUMN_DATE)
		return clock_parse_date(value->bytes, &days) ? hash_int(days, seed)
							     : misfit(flags, IMAGE_MISTYPED, seed);
	if (!clock_parse(value->bytes, &time_us) ||
	    (type->kind == COLUMN_TIMESTAMP_NTZ && has_other_zone(value->bytes)))
		return misfit(flags, IMAGE_MISTYPED, seed);
	return hash_long(time_us, seed);
}

static uint64_t scalar_hash(struct digest_scratch *scratch, const struct column_type *type, const struct value *value,
			    uint64_t seed, uint32_t *flags)
{
	switch (type->kind) {
	case COLUMN_STRING:
		return string_hash(scratch, value, seed, flags);
	case COLUMN_BOOLEAN:
		return value->tag == TAG_BOOL ? hash_int(value->truth, seed) : misfit(flags, IMAGE_MISTYPED, seed);
	case COLUMN_BINARY:
		return value->tag == TAG_B ? hash_slice(value->bytes, seed) : misfit(flags, IMAGE_MISTYPED, seed);
	case COLUMN_DATE:
	case COLUMN_TIMESTAMP:
	case COLUMN_TIMESTAMP_NTZ:
		return time_hash(type, value, seed, flags);
	default:
		return number_hash(type, value, seed, flags);
	}
}

static uint64_t array_digest(struct digest_scratch *scratch, const struct json_token *tokens,
			     const struct column_type *type, bool unordered, const struct value *value, uint32_t *flags)
{
	enum value_tag member = value_element_tag(value->tag);
	/* A set has no order, so only a column compared without order can be held to it. */
	if (value->tag != TAG_L && (member == TAG_NONE || !unordered))
		return misfit(flags, IMAGE_MISTYPED, SPARK_SEED);
	uint32_t count = tokens[value->payload].count, token = value->payload + 1;
	uint64_t *digests = arena_array(&scratch->work, count, sizeof(*digests));
	if (digests == NULL)
		return misfit(flags, IMAGE_MISTYPED, SPARK_SEED);
	for (uint32_t index = 0; index < count; index++, token = tokens[token].next) {
		struct value element;
		struct value_fault why;
		bool whole = member == TAG_NONE
				     ? value_read(&scratch->work, tokens, token, &element, &why)
				     : value_read_element(&scratch->work, tokens, token, member, &element, &why);
		digests[index] = whole ? value_digest(scratch, tokens, type->children[0], unordered, &element, flags)
				       : misfit(flags, IMAGE_MISTYPED, SPARK_SEED);
	}
	return fold_digests(digests, count, unordered);
}

static uint64_t map_digest(struct digest_scratch *scratch, const struct json_token *tokens,
			   const struct column_type *type, bool unordered, const struct value *value, uint32_t *flags)
{
	if (value->tag != TAG_M || type->children[0]->kind != COLUMN_STRING)
		return misfit(flags, IMAGE_MISTYPED, SPARK_SEED);
	uint32_t count = tokens[value->payload].count, token = value->payload + 1;
	uint64_t *digests = arena_array(&scratch->work, count, sizeof(*digests));
	if (digests == NULL)
		return misfit(flags, IMAGE_MISTYPED, SPARK_SEED);
	for (uint32_t index = 0; index < count; index++, token = tokens[token + 1].next) {
		struct value entry;
		struct value_fault why;
		uint64_t key = hash_slice(json_text(&tokens[token]), SPARK_SEED);
		if (!value_read(&scratch->work, tokens, token + 1, &entry, &why))
			entry.tag = TAG_NULL;
		uint64_t held = value_digest(scratch, tokens, type->children[1], unordered, &entry, flags);
		digests[index] = hash_u64(held, hash_u64(key, SPARK_SEED));
	}
	return fold_digests(digests, count, true);
}

static uint64_t struct_digest(struct digest_scratch *scratch, const struct json_token *tokens,
			      const struct column_type *type, bool unordered, const struct value *value,
			      uint32_t *flags)
{
	if (value->tag != TAG_M)
		return misfit(flags, IMAGE_MISTYPED, SPARK_SEED);
	uint32_t count = type->child_count;
	uint64_t *digests = arena_array(&scratch->work, count, sizeof(*digests));
	if (digests == NULL)
		return misfit(flags, IMAGE_MISTYPED, SPARK_SEED);
	uint64_t hash = SPARK_SEED, null_bits = 0;
	for (uint32_t index = 0; index < count; index++) {
		struct value field;
		struct slice name = slice_from(type->names[index]);
		struct name_words words = name_words(name);
		if (!value_map_member(scratch, tokens, value->payload, name, &words, &field))
			field.tag = TAG_NULL;
		null_bits |= (uint64_t)(field.tag == TAG_NULL) << (index % 64);
		digests[index] = value_digest(scratch, tokens, type->children[index], unordered, &field, flags);
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
uint64_t value_digest(struct digest_scratch *scratch, const struct json_token *tokens, const struct column_type *type,
		      bool unordered, const struct value *value, uint32_t *flags)
{
	if (value->tag == TAG_NULL)
		return SPARK_SEED;
	if (is_plain_text(type, value))
		return hash_slice(value->bytes, SPARK_SEED);
	switch (type->kind) {
	case COLUMN_ARRAY:
		return array_digest(scratch, tokens, type, unordered, value, flags);
	case COLUMN_MAP:
		return map_digest(scratch, tokens, type, unordered, value, flags);
	case COLUMN_STRUCT:
		return struct_digest(scratch, tokens, type, unordered, value, flags);
	default:
		return scalar_hash(scratch, type, value, SPARK_SEED, flags);
	}
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
	for (uint32_t index = 0; index < plan->column_count; index++) {
		const struct plan_column *column = &plan->columns[index];
		const struct value *value = scratch->column_values[index];
		if (value == NULL)
			continue;
		if (is_plain_text(column->type, value))
			hash = hash_slice(value->bytes, hash);
		else if (column->type->child_count == 0)
			hash = scalar_hash(scratch, column->type, value, hash, flags);
		else
			hash = hash_u64(value_digest(scratch, tokens, column->type, column->unordered, value, flags),
					hash);
	}
	return hash;
}
