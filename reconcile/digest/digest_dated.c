/* The date that a lake's `scope` goes by, of an image and of a row (docs/semantics.md, "Retention"). */
#include "base/clock.h"
#include "reconcile/digest/digest_scratch.h"

/* What is before it is no date: 0, -1 and the year 1 stand for none, and seconds taken for milliseconds fall within
 * January 1970. Left out of scope they would hide what the lake lacks. */
static const int64_t first_s = INT64_C(31) * 86400;

static bool can_be_dated(const struct column_type *type, enum retention_unit unit)
{
	return type->kind == COLUMN_DATE || type->kind == COLUMN_TIMESTAMP || type->kind == COLUMN_TIMESTAMP_NTZ ||
	       (unit == RETENTION_ISO ? type->kind == COLUMN_STRING : plan_can_be_key('N', type));
}

/* The column says when, whatever becomes of a value that does not fit it. */
static bool holds_date(const struct plan_column *column, struct slice attribute)
{
	const struct contract_column *rules = column->rules;
	return plan_takes(column, attribute) ||
	       (rules->source_count == 1 && rules->form == FORM_VALUE && rules->step_count == 0 &&
		rules->compare == COMPARE_VALUE && column->sources[0].count == 1 && column->snake.data == NULL &&
		slice_equal(column->sources[0].names[0], attribute));
}

static enum column_times times_of(enum retention_unit unit)
{
	return unit == RETENTION_S    ? TIMES_EPOCH_S
	       : unit == RETENTION_MS ? TIMES_EPOCH_MS
	       : unit == RETENTION_US ? TIMES_EPOCH_US
				      : TIMES_ISO;
}

int plan_compile_dated(struct digest_plan *plan, struct error *error)
{
	const struct retention *retain = &plan->contract->retain;
	plan->dated_top = PLAN_NONE;
	if (retain->attribute == NULL)
		return 0;
	plan->dated_top = plan_add_top(plan, slice_from(retain->attribute));
	plan->dated_columns = arena_array(&plan->arena, plan->column_count + 1, sizeof(*plan->dated_columns));
	if (plan->dated_top == PLAN_NONE || plan->dated_columns == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory while compiling the lake's scope");
	for (uint32_t index = 0; index < plan->column_count; index++) {
		const struct plan_column *column = &plan->columns[index];
		enum column_times times = column->rules->times;
		if (!holds_date(column, slice_from(retain->attribute)) || !can_be_dated(column->type, retain->unit))
			continue;
		if (times != TIMES_DEFAULT && times != times_of(retain->unit))
			return error_set(error, ERROR_USAGE,
					 "%s:%d: column '%s' says by 'from' that '%s' is in another unit than "
					 "'scope' says",
					 plan->contract->path, column->rules->line, column->name, retain->attribute);
		plan->dated_columns[plan->dated_count++] = index;
	}
	if (plan->has_schema && plan->dated_count == 0)
		return error_set(error, ERROR_USAGE,
				 "%s: 'scope' goes by attribute '%s', and no compared column of the table holds it "
				 "as a time; add one to lake.columns",
				 plan->contract->path, retain->attribute);
	return 0;
}

static int64_t dated_of_number(const struct number *number, enum retention_unit unit)
{
	struct number seconds = {.unscaled = number->unscaled, .scale = number->scale};
	int128 whole;
	seconds.scale += unit == RETENTION_MS ? 3 : unit == RETENTION_US ? 6 : 0;
	if (!number_round(&seconds, 0, DECIMAL_DIGITS_MAX, true, &whole) || whole <= INT64_MIN || whole > INT64_MAX)
		return DATED_NONE;
	return (int64_t)whole;
}

static int64_t dated_of_text(struct slice text)
{
	int64_t time_us;
	return clock_parse(text, &time_us) ? time_us / CLOCK_SECOND_US : DATED_NONE;
}

static int64_t image_seconds(const struct digest_scratch *scratch)
{
	const struct digest_plan *plan = scratch->plan;
	if (plan->dated_top == PLAN_NONE || scratch->attributes[plan->dated_top].image != scratch->image)
		return DATED_NONE;
	const struct value *value = &scratch->attributes[plan->dated_top].value;
	enum retention_unit unit = plan->contract->retain.unit;
	if (value->tag != (unit == RETENTION_ISO ? TAG_S : TAG_N))
		return DATED_NONE;
	const struct number number = {.unscaled = value->unscaled, .scale = value->scale};
	return unit == RETENTION_ISO ? dated_of_text(value->bytes) : dated_of_number(&number, unit);
}

static int64_t cell_seconds(const struct digest_plan *plan, const struct lake_node *node, int64_t index)
{
	struct number number;
	if (lake_is_null(node, index))
		return DATED_NONE;
	switch (node->type->kind) {
	case COLUMN_DATE:
		return lake_integer(node, index) * 86400;
	case COLUMN_TIMESTAMP:
	case COLUMN_TIMESTAMP_NTZ:
		return lake_integer(node, index) / CLOCK_SECOND_US;
	default:
		break;
	}
	if (plan->contract->retain.unit == RETENTION_ISO)
		return dated_of_text(lake_bytes(node, index));
	return lake_number(node, index, &number) ? dated_of_number(&number, plan->contract->retain.unit) : DATED_NONE;
}

static int64_t dated(int64_t seconds)
{
	return seconds < first_s ? DATED_NONE : seconds;
}

/* What a lake's scope goes by, in seconds: a row's as an item's. */
int64_t image_dated(const struct digest_scratch *scratch)
{
	return dated(image_seconds(scratch));
}

/* Columns that disagree are for the judge: the row is as young as the youngest says, and dated only if all say when. */
int64_t row_dated(const struct digest_plan *plan, const struct lake_node *nodes, int64_t index)
{
	int64_t youngest = DATED_NONE;
	for (uint32_t i = 0; i < plan->dated_count; i++) {
		int64_t seconds = dated(cell_seconds(plan, &nodes[plan->dated_columns[i]], index));
		if (seconds == DATED_NONE)
			return DATED_NONE;
		youngest = seconds > youngest ? seconds : youngest;
	}
	return youngest;
}
