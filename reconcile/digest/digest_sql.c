/* The row digest as a Spark SQL expression: docs/digest.md's rules, printed for one plan. */
#include <stdio.h>

#include "reconcile/digest/digest_plan.h"

static void put_name(struct buffer *sql, const char *name)
{
	buffer_append_byte(sql, '`');
	for (; *name != '\0'; name++)
		buffer_append_text(sql, *name == '`' ? "``" : (char[]){*name, '\0'});
	buffer_append_byte(sql, '`');
}

/* One bit per null, 64 a word: "if(isnull(a), 1L, 0L) | if(isnull(b), 2L, 0L)". `prefix` stands before each name. */
static void put_null_bits(struct buffer *sql, const char *prefix, const char *const *names, uint32_t count)
{
	for (uint32_t index = 0; index < count; index++) {
		buffer_append_text(sql, index > 0 ? " | " : "");
		buffer_append_text(sql, "if(isnull(");
		buffer_append_text(sql, prefix);
		put_name(sql, names[index]);
		buffer_append_text(sql, "), ");
		/* 2^63 is no BIGINT literal. */
		if (index == 63)
			buffer_append_text(sql, "shiftleft(1L, 63)");
		else
			buffer_printf(sql, "%lluL", 1ULL << index);
		buffer_append_text(sql, ", 0L)");
	}
}

static void put_digest(struct buffer *sql, const struct column_type *type, bool unordered, const char *value,
		       unsigned depth);

/* D of a nested value that is not null. Lambda variables are numbered by depth. */
static void put_nested(struct buffer *sql, const struct column_type *type, bool unordered, const char *value,
		       unsigned depth)
{
	char variable[32], part[64];
	snprintf(variable, sizeof(variable), "x%u", depth);
	buffer_append_text(sql, "xxhash64(");
	if (type->kind == COLUMN_ARRAY) {
		buffer_printf(sql, "size(%s), %stransform(%s, %s -> ", value, unordered ? "array_sort(" : "", value,
			      variable);
		put_digest(sql, type->children[0], unordered, variable, depth + 1);
		buffer_append_text(sql, unordered ? "))" : ")");
	} else if (type->kind == COLUMN_MAP) {
		buffer_printf(sql, "size(%s), array_sort(transform(map_entries(%s), %s -> xxhash64(", value, value,
			      variable);
		for (uint32_t index = 0; index < 2; index++) {
			snprintf(part, sizeof(part), "%s.%s", variable, index == 0 ? "key" : "value");
			buffer_append_text(sql, index > 0 ? ", " : "");
			put_digest(sql, type->children[index], unordered, part, depth + 1);
		}
		buffer_append_text(sql, ")))");
	}
	buffer_append_byte(sql, ')');
}

/* A struct's fields are reached by name, so its text is as long as the path to it. */
static void put_struct(struct buffer *sql, const struct column_type *type, bool unordered, const char *value,
		       unsigned depth)
{
	struct buffer path;
	buffer_init(&path, 1024 * 1024);
	buffer_printf(&path, "%s.", value);
	buffer_append_byte(&path, '\0');
	if (path.failed)
		goto out;
	buffer_append_text(sql, "xxhash64(");
	for (uint32_t first = 0; first < type->child_count; first += 64) {
		uint32_t left = type->child_count - first;
		buffer_append_text(sql, first > 0 ? ", " : "");
		put_null_bits(sql, path.data, type->names + first, left < 64 ? left : 64);
	}
	for (uint32_t index = 0; index < type->child_count; index++) {
		path.size = strlen(value) + 1;
		put_name(&path, type->names[index]);
		buffer_append_byte(&path, '\0');
		buffer_append_text(sql, ", ");
		if (!path.failed)
			put_digest(sql, type->children[index], unordered, path.data, depth);
	}
	buffer_append_byte(sql, ')');
out:
	sql->failed = sql->failed || path.failed;
	buffer_release(&path);
}

/* D(value): xxhash64 of a scalar, which is 42 for null; nested values need that said. */
static void put_digest(struct buffer *sql, const struct column_type *type, bool unordered, const char *value,
		       unsigned depth)
{
	if (type->child_count == 0) {
		buffer_printf(sql, "xxhash64(%s)", value);
		return;
	}
	buffer_printf(sql, "if(isnull(%s), 42L, ", value);
	if (type->kind == COLUMN_STRUCT)
		put_struct(sql, type, unordered, value, depth);
	else
		put_nested(sql, type, unordered, value, depth);
	buffer_append_byte(sql, ')');
}

static void put_column(struct buffer *sql, const struct plan_column *column, const char *name)
{
	if (column->rules->compare == COMPARE_PRESENCE) {
		buffer_printf(sql, "if(isnull(%s), NULL, 1)", name);
		return;
	}
	if (column->type->child_count == 0) {
		buffer_append_text(sql, name);
		return;
	}
	/* A null column is left to the null bits, as a scalar one is. */
	buffer_printf(sql, "if(isnull(%s), NULL, ", name);
	if (column->type->kind == COLUMN_STRUCT)
		put_struct(sql, column->type, column->unordered, name, 0);
	else
		put_nested(sql, column->type, column->unordered, name, 0);
	buffer_append_byte(sql, ')');
}

int digest_plan_sql(const struct digest_plan *plan, struct buffer *sql)
{
	if (!plan->has_rows)
		return ERROR_INTERNAL;
	for (uint32_t index = 0; index < plan->column_count; index++)
		if (plan->columns[index].rules->form != FORM_VALUE &&
		    plan->columns[index].rules->compare == COMPARE_VALUE) {
			buffer_printf(sql, "column '%s' is compared by what its JSON says, which SQL has no digest of",
				      plan->columns[index].name);
			return sql->failed ? ERROR_INTERNAL : ERROR_DATA;
		}
	struct buffer name;
	buffer_init(&name, 1024 * 1024);
	buffer_append_text(sql, "xxhash64(");
	for (uint32_t first = 0; first < plan->column_count; first += 64) {
		const char *names[64];
		uint32_t count = plan->column_count - first < 64 ? plan->column_count - first : 64;
		for (uint32_t index = 0; index < count; index++)
			names[index] = plan->columns[first + index].name;
		buffer_append_text(sql, first > 0 ? ", " : "");
		put_null_bits(sql, "", names, count);
	}
	for (uint32_t index = 0; index < plan->column_count; index++) {
		name.size = 0;
		put_name(&name, plan->columns[index].name);
		buffer_append_byte(&name, '\0');
		buffer_append_text(sql, ", ");
		if (!name.failed)
			put_column(sql, &plan->columns[index], name.data);
	}
	buffer_append_byte(sql, ')');
	bool failed = sql->failed || name.failed;
	buffer_release(&name);
	return failed ? ERROR_INTERNAL : 0;
}
