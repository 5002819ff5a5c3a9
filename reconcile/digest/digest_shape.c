/* What a plan has for lakes of events, histories and deletes: columns that say something of their row, what of an event
 * need not be mentioned. */
#include <stdio.h>
#include <string.h>

#include "reconcile/digest/digest_hash.h"
#include "reconcile/digest/digest_plan.h"

/* What of an event need not be mentioned: all but what the item became, or was where it was looked at, besides its
 * key, which the event has by itself. */
bool plan_is_event_detail(const struct contract *contract, struct slice name)
{
	static const struct slice images[] = {{"$new_image", 10}, {"$old_image.", 11}};
	const size_t prefix = sizeof "$new_image." - 1;
	for (uint32_t part = 0; part < contract->table_key_count && name.size > prefix; part++)
		if (slice_is((struct slice){name.data + prefix, name.size - prefix},
			     contract->item_key[part].attribute + sizeof "$key." - 1))
			return true;
	for (size_t i = 0; i < sizeof images / sizeof images[0]; i++)
		if (name.size >= images[i].size && memcmp(name.data, images[i].data, images[i].size) == 0)
			return false;
	return true;
}

/* What its rows are besides their columns; nothing for a plain table of items, whose digests are as they ever were. */
uint64_t plan_mix_shape(const struct contract *contract, uint64_t hash)
{
	const struct contract_history *history = &contract->history;
	const char *const texts[] = {history->valid_from,        history->valid_to,
				     history->is_current,        contract->operation_insert,
				     contract->operation_modify, contract->operation_remove};
	for (uint32_t index = 0; index < contract->deletes_when_count; index++)
		hash = plan_mix_text(contract->deletes_when[index], hash);
	if (contract->shape == SHAPE_STATE)
		return hash;
	hash = hash_long(history->forever_us, hash_int((int)contract->shape, hash));
	for (size_t index = 0; index < sizeof texts / sizeof texts[0]; index++)
		hash = plan_mix_text(texts[index], hash);
	return hash;
}

enum mark { MARK_BOOLEAN, MARK_TEXT, MARK_TIME };

static bool is_mark(const struct column_type *type, enum mark mark)
{
	if (type == NULL)
		return false;
	if (mark == MARK_TIME)
		return type->kind == COLUMN_TIMESTAMP || type->kind == COLUMN_TIMESTAMP_NTZ;
	return type->kind == (mark == MARK_TEXT ? COLUMN_STRING : COLUMN_BOOLEAN);
}

/* A column that says something of its row, and need not be compared. */
static int meet_mark(struct digest_plan *plan, const struct ArrowSchema *schema, const char *name, enum mark mark,
		     const char *otherwise, uint32_t *reader, struct error *error)
{
	const struct ArrowSchema *field = plan_table_column(schema, name);
	if (field == NULL)
		return error_set(error, ERROR_USAGE, "%s: the table has no column '%s' (%.*s)", plan->contract->path,
				 name, (int)strcspn(otherwise, ")"), otherwise);
	const struct column_type *type = column_type_from_arrow(&plan->arena, field);
	if (!is_mark(type, mark))
		return error_set(error, ERROR_USAGE, "%s: column '%s' (%s", plan->contract->path, name, otherwise);
	for (uint32_t index = 0; index < plan->reader_count; index++)
		if (strcmp(plan->reader_columns[index], field->name) == 0)
			*reader = index;
	if (*reader != PLAN_NONE)
		return 0;
	*reader = plan->reader_count;
	return plan_add_reader(plan, field->name, type) ? 0 : plan_out_of_memory(error);
}

/* When the versions of a history held. */
static int compile_history(struct digest_plan *plan, const struct ArrowSchema *schema, struct error *error)
{
	const struct contract_history *history = &plan->contract->history;
	int code = meet_mark(plan, schema, history->valid_from, MARK_TIME, "lake.history) is no timestamp",
			     &plan->from_column, error);
	plan->time_unit_us = 1;
	if (code == 0)
		code = meet_mark(plan, schema, history->valid_to, MARK_TIME, "lake.history) is no timestamp",
				 &plan->to_column, error);
	if (code == 0 && history->is_current != NULL)
		code = meet_mark(plan, schema, history->is_current, MARK_BOOLEAN, "lake.history) is not boolean",
				 &plan->current_column, error);
	return code;
}

/* The column that tells an event's time as it is, if there is one. */
static void find_event_time(struct digest_plan *plan)
{
	static const struct {
		const char *attribute;
		int64_t unit_us;
	} times[] = {{"$time_us", 1}, {"$time_ms", 1000}, {"$time", 1000000}};
	for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
		for (uint32_t index = 0; index < plan->column_count; index++) {
			const struct plan_column *column = &plan->columns[index];
			bool time = is_mark(column->type, MARK_TIME),
			     one = column->source_count == 1 && column->rules->step_count == 0;
			if (!one || column->rules->compare != COMPARE_VALUE || column->sources[0].count != 1 ||
			    !slice_is(column->sources[0].names[0], times[i].attribute) ||
			    (!time && !plan_can_be_key('N', column->type)))
				continue;
			plan->from_column = index;
			plan->time_unit_us = time ? 1 : times[i].unit_us;
		}
}

int plan_meet_marks(struct digest_plan *plan, const struct ArrowSchema *schema, struct error *error)
{
	const struct contract *contract = plan->contract;
	bool operation = contract->deletes_when_count > 0;
	plan->deletes_column = plan->from_column = plan->to_column = plan->current_column = PLAN_NONE;
	if (contract->shape == SHAPE_EVENTS)
		find_event_time(plan);
	if (schema != NULL && contract->shape == SHAPE_HISTORY)
		return compile_history(plan, schema, error);
	if (schema == NULL || contract->deletes != DELETES_COLUMN)
		return 0;
	return meet_mark(plan, schema, contract->deletes_column, operation ? MARK_TEXT : MARK_BOOLEAN,
			 operation ? "lake.deletes) is not a string, which 'when' is for"
				   : "lake.deletes) is not boolean; with 'when' it may be an operation",
			 &plan->deletes_column, error);
}
