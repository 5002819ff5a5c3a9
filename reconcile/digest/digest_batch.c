/* Lake side: row digests over Arrow batches, a column at a time over runs of rows, so that the hashes of neighbouring
 * rows are worked on side by side. The rules are docs/digest.md. */
#include "reconcile/digest/digest_hash.h"
#include "reconcile/digest/digest_json.h"
#include "reconcile/digest/key.h"

static uint64_t scalar_hash(const struct lake_node *node, int64_t index, uint64_t seed)
{
	switch (node->type->kind) {
	case COLUMN_STRING:
	case COLUMN_BINARY:
		return hash_slice(lake_bytes(node, index), seed);
	case COLUMN_BOOLEAN:
		return hash_int(lake_boolean(node, index), seed);
	case COLUMN_BIGINT:
	case COLUMN_TIMESTAMP:
	case COLUMN_TIMESTAMP_NTZ:
		return hash_long(lake_integer(node, index), seed);
	case COLUMN_FLOAT:
		return hash_float(lake_float(node, index), seed);
	case COLUMN_DOUBLE:
		return hash_double(lake_double(node, index), seed);
	case COLUMN_DECIMAL:
		return hash_decimal(lake_decimal(node, index), node->type->precision, seed);
	default:
		return hash_int((int32_t)lake_integer(node, index), seed);
	}
}

static bool struct_digest(struct arena *arena, const struct lake_node *node, int64_t index, bool unordered,
			  uint64_t *digest)
{
	uint32_t count = node->type->child_count;
	uint64_t hash = SPARK_SEED, null_bits = 0;
	for (uint32_t field = 0; field < count; field++) {
		null_bits |= (uint64_t)lake_is_null(&node->children[field], index) << (field % 64);
		if (field % 64 == 63 || field + 1 == count) {
			hash = hash_u64(null_bits, hash);
			null_bits = 0;
		}
	}
	for (uint32_t field = 0; field < count; field++) {
		uint64_t held;
		if (!lake_digest(arena, &node->children[field], index, unordered, &held))
			return false;
		hash = hash_u64(held, hash);
	}
	*digest = hash;
	return true;
}

static bool list_digest(struct arena *arena, const struct lake_node *node, int64_t index, bool unordered,
			uint64_t *digest)
{
	bool map = node->type->kind == COLUMN_MAP;
	int64_t first, end;
	lake_range(node, index, &first, &end);
	uint64_t *digests = arena_array(arena, (size_t)(end - first), sizeof(*digests));
	if (digests == NULL)
		return false;
	for (int64_t at = first; at < end; at++) {
		uint64_t held, value;
		if (!lake_digest(arena, &node->children[0], at, unordered, &held))
			return false;
		if (map) {
			if (!lake_digest(arena, &node->children[1], at, unordered, &value))
				return false;
			held = hash_u64(value, hash_u64(held, SPARK_SEED));
		}
		digests[at - first] = held;
	}
	*digest = fold_digests(digests, (size_t)(end - first), map || unordered);
	return true;
}

/* Recursion is bounded by the type's depth. */
bool lake_digest(struct arena *arena, const struct lake_node *node, int64_t index, bool unordered, uint64_t *digest)
{
	*digest = SPARK_SEED;
	if (lake_is_null(node, index))
		return true;
	switch (node->type->kind) {
	case COLUMN_ARRAY:
	case COLUMN_MAP:
		return list_digest(arena, node, index, unordered, digest);
	case COLUMN_STRUCT:
		return struct_digest(arena, node, index, unordered, digest);
	default:
		*digest = scalar_hash(node, index, SPARK_SEED);
		return true;
	}
}

/* ---- columns compared by rules of their own ---- */

/* A map<string,string> that holds the item. */
static bool entries_digest(struct digest_scratch *scratch, const struct contract_column *rules,
			   const struct lake_node *node, int64_t index, uint64_t *digest)
{
	int64_t first, end;
	uint32_t count = 0;
	lake_range(node, index, &first, &end);
	uint64_t *digests = arena_array(&scratch->work, (size_t)(end - first) + 1, sizeof(*digests));
	if (digests == NULL)
		return false;
	for (int64_t at = first; at < end; at++) {
		struct slice name = lake_bytes(&node->children[0], at), text;
		uint64_t held = SPARK_SEED;
		if (json_leaves_out(scratch->plan, name))
			continue;
		if (!lake_is_null(&node->children[1], at)) {
			if (!json_of_lake_entry(scratch, rules, lake_bytes(&node->children[1], at), &text))
				return false;
			held = hash_slice(text, SPARK_SEED);
		}
		digests[count++] = hash_u64(held, hash_u64(hash_slice(name, SPARK_SEED), SPARK_SEED));
	}
	*digest = fold_digests(digests, count, true);
	return true;
}

static bool is_special(const struct contract_column *rules)
{
	return rules->form != FORM_VALUE || rules->compare == COMPARE_PRESENCE;
}

/* The running hash over one value of a special column, which is not null. */
static bool hash_special(struct digest_scratch *scratch, const struct contract_column *rules,
			 const struct lake_node *node, int64_t index, uint64_t *seed)
{
	uint64_t digest;
	struct slice text;
	if (rules->compare == COMPARE_PRESENCE) {
		*seed = hash_int(1, *seed);
		return true;
	}
	if (rules->form == FORM_ITEM_MAP) {
		if (!entries_digest(scratch, rules, node, index, &digest))
			return false;
		*seed = hash_u64(digest, *seed);
		return true;
	}
	if (!json_of_lake(scratch, rules, lake_bytes(node, index), &text))
		return false;
	*seed = hash_slice(text, *seed);
	return true;
}

bool lake_column_digest(struct digest_scratch *scratch, uint32_t column, const struct lake_node *node, int64_t index,
			uint64_t *digest)
{
	const struct plan_column *plan = &scratch->plan->columns[column];
	*digest = SPARK_SEED;
	if (!is_special(plan->rules))
		return lake_digest(&scratch->work, node, index, plan->unordered, digest);
	if (lake_is_null(node, index))
		return true;
	if (plan->rules->form == FORM_ITEM_MAP && plan->rules->compare == COMPARE_VALUE)
		return entries_digest(scratch, plan->rules, node, index, digest);
	return hash_special(scratch, plan->rules, node, index, digest);
}

/* Texts may be long, so each row begins with the working memory empty. */
static bool hash_special_column(struct digest_scratch *scratch, const struct contract_column *rules,
				const struct lake_node *node, int64_t first, size_t count)
{
	for (size_t row = 0; row < count; row++) {
		arena_reset(&scratch->work);
		if (!lake_is_null(node, first + (int64_t)row) &&
		    !hash_special(scratch, rules, node, first + (int64_t)row, &scratch->seeds[row]))
			return false;
	}
	return true;
}

/* ---- a column over a run of rows ---- */

#define FOR_EACH_ROW(step)                                                                                             \
	do {                                                                                                           \
		if (node->validity == NULL) {                                                                          \
			for (size_t row = 0; row < count; row++)                                                       \
				seeds[row] = step;                                                                     \
		} else {                                                                                               \
			for (size_t row = 0; row < count; row++)                                                       \
				if (!lake_is_null(node, first + (int64_t)row))                                         \
					seeds[row] = step;                                                             \
		}                                                                                                      \
	} while (0)
#define INDEX (first + (int64_t)row)

static void hash_strings(const struct lake_node *node, int64_t first, size_t count, uint64_t *seeds)
{
	if (node->wide_offsets)
		FOR_EACH_ROW(hash_slice(lake_bytes(node, INDEX), seeds[row]));
	else
		FOR_EACH_ROW(hash_bytes((const char *)node->values + lake_i32(node->offsets, node->base + INDEX),
					(size_t)(lake_i32(node->offsets, node->base + INDEX + 1) -
						 lake_i32(node->offsets, node->base + INDEX)),
					seeds[row]));
}

static void hash_decimals(const struct lake_node *node, int64_t first, size_t count, uint64_t *seeds)
{
	if (node->type->precision <= 18)
		FOR_EACH_ROW(hash_long((int64_t)lake_decimal(node, INDEX), seeds[row]));
	else
		FOR_EACH_ROW(hash_decimal(lake_decimal(node, INDEX), 38, seeds[row]));
}

static bool hash_column(struct arena *arena, const struct lake_node *node, bool unordered, int64_t first, size_t count,
			uint64_t *seeds)
{
	switch (node->type->kind) {
	case COLUMN_STRING:
	case COLUMN_BINARY:
		hash_strings(node, first, count, seeds);
		return true;
	case COLUMN_BOOLEAN:
		FOR_EACH_ROW(hash_int(lake_boolean(node, INDEX), seeds[row]));
		return true;
	case COLUMN_TINYINT:
	case COLUMN_SMALLINT:
	case COLUMN_INT:
	case COLUMN_DATE:
		FOR_EACH_ROW(hash_int((int32_t)lake_integer(node, INDEX), seeds[row]));
		return true;
	case COLUMN_BIGINT:
	case COLUMN_TIMESTAMP:
	case COLUMN_TIMESTAMP_NTZ:
		FOR_EACH_ROW(hash_long(lake_i64(node->values, node->base + INDEX), seeds[row]));
		return true;
	case COLUMN_FLOAT:
		FOR_EACH_ROW(hash_float(lake_float(node, INDEX), seeds[row]));
		return true;
	case COLUMN_DOUBLE:
		FOR_EACH_ROW(hash_double(lake_double(node, INDEX), seeds[row]));
		return true;
	case COLUMN_DECIMAL:
		hash_decimals(node, first, count, seeds);
		return true;
	default:
		for (size_t row = 0; row < count; row++) {
			uint64_t digest;
			if (lake_is_null(node, INDEX))
				continue;
			if (!lake_digest(arena, node, INDEX, unordered, &digest))
				return false;
			seeds[row] = hash_u64(digest, seeds[row]);
		}
		return true;
	}
}

static void hash_null_bits(const struct lake_node *nodes, uint32_t columns, int64_t first, size_t count,
			   struct digest_scratch *scratch)
{
	uint64_t *bits = scratch->null_bits, *seeds = scratch->seeds;
	for (size_t row = 0; row < count; row++)
		seeds[row] = SPARK_SEED;
	for (uint32_t word = 0; word < columns; word += 64) {
		memset(bits, 0, count * sizeof(*bits));
		for (uint32_t column = word; column < columns && column < word + 64; column++) {
			const struct lake_node *node = &nodes[column];
			for (size_t row = 0; node->validity != NULL && row < count; row++)
				bits[row] |= (uint64_t)lake_is_null(node, INDEX) << (column - word);
		}
		for (size_t row = 0; row < count; row++)
			seeds[row] = hash_u64(bits[row], seeds[row]);
	}
}

/* ---- a row's key and flags ---- */

static bool put_key_part(const struct lake_node *node, int64_t index, char type, size_t limit, unsigned char *at,
			 size_t *size)
{
	struct number number;
	struct slice bytes;
	if (lake_is_null(node, index))
		return false;
	if (type != 'N')
		bytes = lake_bytes(node, index);
	else if (lake_number(node, index, &number))
		bytes = number.text;
	else
		return false;
	if (bytes.size == 0 || bytes.size > limit || *size + bytes.size + 3 > KEY_BYTES_MAX)
		return false;
	*size += key_put(at + *size, type, bytes);
	return true;
}

static struct slice row_key(struct digest_scratch *scratch, const struct lake_node *nodes, int64_t index)
{
	const struct digest_plan *plan = scratch->plan;
	size_t size = 0;
	for (uint32_t part = 0; part < plan->key_count; part++)
		if (!put_key_part(&nodes[plan->key[part].reader], index, plan->key[part].type,
				  part == 0 ? KEY_PARTITION_MAX : KEY_SORT_MAX, scratch->key_bytes, &size))
			return (struct slice){NULL, 0};
	return (struct slice){(const char *)scratch->key_bytes, size};
}

static int64_t row_expiry(const struct digest_plan *plan, const struct lake_node *nodes, int64_t index)
{
	struct number number;
	int64_t seconds;
	if (plan->ttl_column == PLAN_NONE || lake_is_null(&nodes[plan->ttl_column], index) ||
	    !lake_number(&nodes[plan->ttl_column], index, &number) ||
	    !number_to_i64(&number, INT64_MIN + 1, INT64_MAX, &seconds))
		return EXPIRES_NONE;
	return seconds;
}

static int64_t lake_time_us(const struct digest_plan *plan, const struct lake_node *node, int64_t index, int64_t null)
{
	struct number number;
	int64_t time;
	if (lake_is_null(node, index))
		return null;
	if (node->type->kind == COLUMN_TIMESTAMP || node->type->kind == COLUMN_TIMESTAMP_NTZ)
		return lake_i64(node->values, node->base + index);
	if (!lake_number(node, index, &number) ||
	    !number_to_i64(&number, INT64_MIN / plan->time_unit_us, INT64_MAX / plan->time_unit_us, &time))
		return null;
	return time * plan->time_unit_us;
}

/* When the event was, or the version held. */
static void take_times(const struct digest_plan *plan, const struct lake_node *nodes, int64_t index,
		       struct row_digest *digest)
{
	if (plan->from_column == PLAN_NONE)
		return;
	digest->time_lo_us = lake_time_us(plan, &nodes[plan->from_column], index, INT64_MIN);
	if (plan->to_column == PLAN_NONE) {
		digest->time_hi_us = digest->time_lo_us == INT64_MIN ? INT64_MAX : digest->time_lo_us;
		return;
	}
	digest->time_hi_us = lake_time_us(plan, &nodes[plan->to_column], index, INT64_MAX);
	if (digest->time_hi_us >= plan->contract->history.forever_us)
		digest->time_hi_us = INT64_MAX;
	digest->current = digest->time_hi_us == INT64_MAX;
	if (plan->current_column != PLAN_NONE) {
		const struct lake_node *flag = &nodes[plan->current_column];
		digest->current = !lake_is_null(flag, index) && lake_boolean(flag, index);
	}
}

static int emit_rows(struct digest_scratch *scratch, const struct lake_node *nodes, int64_t first, size_t count,
		     int (*each)(void *context, uint64_t index, const struct row_digest *row, struct error *error),
		     void *context, struct error *error)
{
	const struct digest_plan *plan = scratch->plan;
	for (size_t row = 0; row < count; row++) {
		struct row_digest digest = {.key = row_key(scratch, nodes, INDEX),
					    .row = scratch->seeds[row],
					    .time_lo_us = INT64_MIN,
					    .time_hi_us = INT64_MAX};
		take_times(plan, nodes, INDEX, &digest);
		digest.expires_s = row_expiry(plan, nodes, INDEX);
		digest.dated_s = row_dated(plan, nodes, INDEX);
		if (plan->deletes_column != PLAN_NONE) {
			const struct lake_node *flag = &nodes[plan->deletes_column];
			digest.deleted = lake_marks_delete(plan->contract, flag, INDEX);
		}
		int code = each(context, (uint64_t)INDEX, &digest, error);
		if (code != 0)
			return code;
	}
	return 0;
}

int lake_bind_batch(struct digest_scratch *scratch, const struct ArrowSchema *schema, const struct ArrowArray *batch,
		    struct lake_node **nodes, struct error *error)
{
	const struct digest_plan *plan = scratch->plan;
	arena_reset(&scratch->batch);
	*nodes = arena_array(&scratch->batch, plan->reader_count, sizeof(**nodes));
	if (*nodes == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory for a batch");
	if (schema->n_children < plan->reader_count || batch->n_children < plan->reader_count)
		return error_set(error, ERROR_INTERNAL, "a batch has %lld columns, %u were asked for",
				 (long long)batch->n_children, plan->reader_count);
	for (uint32_t index = 0; index < plan->reader_count; index++) {
		int code = lake_node_bind(&(*nodes)[index], &scratch->batch, plan->reader_columns[index],
					  plan->reader_types[index], schema->children[index], batch->children[index],
					  batch->offset, error);
		if (code != 0)
			return code;
	}
	return 0;
}

int digest_batch(struct digest_scratch *scratch, const struct ArrowSchema *schema, const struct ArrowArray *batch,
		 int (*each)(void *context, uint64_t index, const struct row_digest *row, struct error *error),
		 void *context, struct error *error)
{
	const struct digest_plan *plan = scratch->plan;
	struct lake_node *nodes;
	if (!plan->has_schema)
		return error_set(error, ERROR_INTERNAL, "rows cannot be digested under a plan made without a schema");
	int code = lake_bind_batch(scratch, schema, batch, &nodes, error);
	for (int64_t first = 0; first < batch->length && code == 0; first += BATCH_ROWS) {
		size_t count = batch->length - first < BATCH_ROWS ? (size_t)(batch->length - first) : BATCH_ROWS;
		arena_reset(&scratch->work);
		hash_null_bits(nodes, plan->column_count, first, count, scratch);
		for (uint32_t column = 0; column < plan->column_count; column++)
			if (!(is_special(plan->columns[column].rules)
				      ? hash_special_column(scratch, plan->columns[column].rules, &nodes[column], first,
							    count)
				      : hash_column(&scratch->work, &nodes[column], plan->columns[column].unordered,
						    first, count, scratch->seeds)))
				return error_set(error, ERROR_INTERNAL,
						 "out of memory for nested values of column '%s'",
						 plan->columns[column].name);
		if (!plan->has_rows)
			memset(scratch->seeds, 0, sizeof(scratch->seeds));
		if (digest_scratch_failed(scratch))
			return error_set(error, ERROR_INTERNAL, "out of memory for the values of rows");
		code = emit_rows(scratch, nodes, first, count, each, context, error);
	}
	return code;
}
