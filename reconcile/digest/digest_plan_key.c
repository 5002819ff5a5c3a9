#include "reconcile/digest/digest_plan.h"

bool plan_can_be_key(char type, const struct column_type *column)
{
	switch (column->kind) {
	case COLUMN_STRING:
		return type != 'B';
	case COLUMN_BINARY:
		return type == 'B';
	case COLUMN_TINYINT:
	case COLUMN_SMALLINT:
	case COLUMN_INT:
	case COLUMN_BIGINT:
	case COLUMN_FLOAT:
	case COLUMN_DOUBLE:
	case COLUMN_DECIMAL:
		return type == 'N';
	default:
		return false;
	}
}

static bool is_mapped_to(const struct contract_column *column, const char *attribute)
{
	return plan_is_plain(column) && column->sources[0].count == 1 &&
	       strcmp(column->sources[0].names[0], attribute) == 0;
}

/* The item's key, which every image holds and no lake need map. */
int plan_compile_item_key(struct digest_plan *plan, struct error *error)
{
	const struct contract *contract = plan->contract;
	for (uint32_t part = 0; part < contract->item_key_count; part++) {
		plan->key_top[part] = plan_add_top(plan, slice_from(contract->item_key[part].attribute));
		if (plan->key_top[part] == PLAN_NONE)
			return plan_out_of_memory(error);
		plan->tops[plan->key_top[part]].key = true;
	}
	return 0;
}

/* A row's key is the item's: some column holds each part. */
static int compile_key(struct digest_plan *plan, struct error *error)
{
	const struct contract *contract = plan->contract;
	plan->key_count = contract->item_key_count;
	for (uint32_t part = 0; part < contract->item_key_count; part++) {
		const struct key_part *key = &contract->item_key[part];
		struct slice name = slice_from(key->attribute);
		plan->key[part] = (struct plan_key){.type = key->type, .part = part, .reader = PLAN_NONE};
		bool mapped = false;
		for (uint32_t index = 0; index < contract->column_count; index++)
			mapped = mapped || is_mapped_to(&contract->columns[index], key->attribute);
		for (uint32_t index = 0; index < plan->column_count; index++)
			mapped = mapped || plan_takes(&plan->columns[index], name);
		bool by_name = contract->by_name != BY_NAME_NONE;
		if (!mapped && (by_name ? plan->has_schema : contract->column_count > 0))
			return error_set(error, ERROR_USAGE,
					 "%s: key attribute '%s' has no column; add it to lake.columns", contract->path,
					 key->attribute);
		for (uint32_t index = 0; index < plan->column_count; index++) {
			const struct plan_column *column = &plan->columns[index];
			if (plan_takes(column, name) && plan_can_be_key(key->type, column->type)) {
				plan->key[part].reader = index;
				break;
			}
		}
		if (plan->has_schema && mapped && plan->key[part].reader == PLAN_NONE)
			return error_set(error, ERROR_USAGE,
					 "%s: the table has no column that can hold key attribute '%s' of type %c; see "
					 "lake.columns",
					 contract->path, key->attribute, key->type);
	}
	return 0;
}

bool plan_add_reader(struct digest_plan *plan, const char *name, const struct column_type *type)
{
	plan->reader_types[plan->reader_count] = type;
	plan->reader_columns[plan->reader_count++] = arena_copy(&plan->arena, slice_from(name)).data;
	return plan->reader_columns[plan->reader_count - 1] != NULL;
}

/* Finds the column of one part in the table, and by its type what the part is: what is extracted for a column of
 * numbers is a number. */
static int meet_key(struct digest_plan *plan, const struct ArrowSchema *schema, const struct lake_key *from,
		    struct plan_key *key, struct error *error)
{
	const struct ArrowSchema *field = plan_table_column(schema, from->column);
	if (field == NULL) {
		plan->report.missing_columns[plan->report.missing_count++] = from->column;
		return 0;
	}
	const struct column_type *type = column_type_from_arrow(&plan->arena, field);
	if (type != NULL && from->extract != NULL && type->kind != COLUMN_STRING && plan_can_be_key('N', type))
		key->type = 'N';
	if (type == NULL || !plan_can_be_key(key->type, type))
		return error_set(error, ERROR_USAGE, "%s:%d: column '%s' cannot hold key attribute '%s' of type %c",
				 plan->contract->path, from->line, field->name, from->attribute, key->type);
	for (uint32_t index = 0; index < plan->reader_count; index++)
		if (strcmp(plan->reader_columns[index], field->name) == 0)
			key->reader = index;
	if (key->reader != PLAN_NONE)
		return 0;
	key->reader = plan->reader_count;
	return plan_add_reader(plan, field->name, type) ? 0 : plan_out_of_memory(error);
}

/* A row's key is made of the item's; its columns are read, and compared only if they are among `columns` too. */
static int compile_lake_key(struct digest_plan *plan, const struct ArrowSchema *schema, struct error *error)
{
	const struct contract *contract = plan->contract;
	int code = 0;
	plan->key_made = true;
	plan->key_count = contract->lake_key_count;
	for (uint32_t part = 0; part < plan->key_count && code == 0; part++) {
		const struct lake_key *from = &contract->lake_key[part];
		plan->key[part] = (struct plan_key){.type = contract->key[part].type,
						    .part = from->part,
						    .extract = from->extract,
						    .reader = PLAN_NONE};
		if (schema != NULL)
			code = meet_key(plan, schema, from, &plan->key[part], error);
	}
	return code;
}

int plan_compile_reader(struct digest_plan *plan, const struct ArrowSchema *schema, struct error *error)
{
	for (uint32_t index = 0; index < plan->column_count; index++) {
		plan->reader_types[plan->reader_count] = plan->columns[index].type;
		plan->reader_columns[plan->reader_count++] = plan->columns[index].name;
	}
	int code = plan->contract->lake_key_count > 0 ? compile_lake_key(plan, schema, error)
						      : compile_key(plan, error);
	return code != 0 ? code : plan_meet_marks(plan, schema, error);
}
