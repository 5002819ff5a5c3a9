#include "reconcile/digest/digest_cell.h"

#include <math.h>

#include "base/clock.h"
#include "reconcile/digest/digest_hash.h"

/* 0001-01-01 and the end of 9999-12-31: what Spark's dates and timestamps hold. */
#define TIME_US_MIN (-INT64_C(62135596800) * CLOCK_SECOND_US)
#define TIME_US_MAX (INT64_C(253402300800) * CLOCK_SECOND_US - 1)
#define DAY_US (INT64_C(86400) * CLOCK_SECOND_US)

bool cell_refuse(const struct conversion *conversion, enum image_flag flag, const struct column_type *type,
		 const struct value *value, const char *why)
{
	if (*conversion->flags == 0)
		conversion->scratch->misfit = (struct misfit){type, conversion->rules->column, value->tag, why};
	*conversion->flags |= (uint32_t)flag;
	return false;
}

static bool mistyped(const struct conversion *conversion, const struct column_type *type, const struct value *value)
{
	if (value->tag == TAG_UNFIT)
		return cell_refuse(conversion, (enum image_flag)value->scale, type, value, value->bytes.data);
	return cell_refuse(conversion, IMAGE_MISTYPED, type, value, NULL);
}

/* A number that has no place in the column: an error, or null where the contract says so. */
static bool overflow(const struct conversion *conversion, const struct column_type *type, const struct value *value,
		     const char *why, struct cell *cell)
{
	cell->null = conversion->rules->overflow == OVERFLOW_NULL;
	return cell->null || cell_refuse(conversion, IMAGE_LOSSY, type, value, why);
}

static bool rounds(const struct conversion *conversion)
{
	return conversion->rules->overflow == OVERFLOW_ROUND || conversion->rules->overflow == OVERFLOW_TRUNCATE;
}

/* The number at that scale: exact, or rounded where the contract says so. */
static bool rescale(const struct conversion *conversion, const struct number *number, int scale, unsigned precision,
		    int128 *unscaled)
{
	return rounds(conversion) ? number_round(number, scale, precision,
						 conversion->rules->overflow == OVERFLOW_TRUNCATE, unscaled)
				  : number_rescale(number, scale, precision, unscaled);
}

static bool string_cell(const struct conversion *conversion, const struct column_type *type, const struct value *value,
			struct cell *cell)
{
	switch (value->tag) {
	case TAG_S:
	case TAG_N:
		cell->bytes = value->bytes;
		return true;
	case TAG_BOOL:
		cell->bytes = slice_from(value->truth ? "true" : "false");
		return true;
	case TAG_B: {
		struct buffer *text = &conversion->scratch->text;
		text->size = 0;
		if (buffer_append_base64(text, value->bytes) != 0)
			return cell_refuse(conversion, IMAGE_MISTYPED, type, value, "there is not enough memory");
		cell->bytes = arena_copy(&conversion->scratch->work, buffer_slice(text));
		return cell->bytes.data != NULL ||
		       cell_refuse(conversion, IMAGE_MISTYPED, type, value, "there is not enough memory");
	}
	default:
		return mistyped(conversion, type, value);
	}
}

static int64_t integer_max(enum column_kind kind)
{
	return kind == COLUMN_BIGINT     ? INT64_MAX
	       : kind == COLUMN_INT      ? INT32_MAX
	       : kind == COLUMN_SMALLINT ? INT16_MAX
					 : INT8_MAX;
}

static bool integer_cell(const struct conversion *conversion, const struct column_type *type,
			 const struct number *number, const struct value *value, struct cell *cell)
{
	int64_t max = integer_max(type->kind);
	if (number->scale == 0)
		cell->number = number->unscaled;
	else if (!rescale(conversion, number, 0, DECIMAL_DIGITS_MAX, &cell->number))
		return overflow(conversion, type, value,
				number->scale > 0 ? "a number with a fraction" : "a number out of range", cell);
	return (cell->number >= -(int128)max - 1 && cell->number <= max) ||
	       overflow(conversion, type, value, "a number out of range", cell);
}

static bool number_cell(const struct conversion *conversion, const struct column_type *type, const struct value *value,
			struct cell *cell)
{
	if (value->tag != TAG_N)
		return mistyped(conversion, type, value);
	struct number number;
	number.text = value->bytes;
	number.unscaled = value->unscaled;
	number.scale = value->scale;
	int128 whole;
	switch (type->kind) {
	case COLUMN_DECIMAL:
		return rescale(conversion, &number, type->scale, type->precision, &cell->number) ||
		       overflow(conversion, type, value,
				!rounds(conversion) && number_round(&number, type->scale, type->precision, true, &whole)
					? "a number with more fraction digits"
					: "a number out of range",
				cell);
	case COLUMN_DOUBLE: /* A DynamoDB number is never out of a double's range. */
		cell->real = number_to_double(&number);
		return true;
	case COLUMN_FLOAT: {
		float nearest = number_to_float(&number);
		cell->real = (double)nearest;
		return (!isinf(nearest) && (nearest != 0.0F || number.unscaled == 0)) ||
		       overflow(conversion, type, value, "a number out of range", cell);
	}
	default:
		return integer_cell(conversion, type, &number, value, cell);
	}
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

/* Microseconds of an N in the contract's unit. */
static bool epoch_cell(const struct conversion *conversion, const struct column_type *type, const struct value *value,
		       struct cell *cell)
{
	if (value->tag != TAG_N)
		return mistyped(conversion, type, value);
	enum column_times times = conversion->rules->times;
	struct number number = {.unscaled = value->unscaled, .scale = value->scale};
	number.scale -= times == TIMES_EPOCH_S ? 6 : times == TIMES_EPOCH_MS ? 3 : 0;
	if (type->kind ==
	    COLUMN_DATE) { /* A day holds all of its instants: what is below a microsecond changes nothing. */
		bool below = !number_round(&number, 0, DECIMAL_DIGITS_MAX, true, &cell->number);
		int128 exact;
		if (!below && number.unscaled < 0 && !number_rescale(&number, 0, DECIMAL_DIGITS_MAX, &exact))
			cell->number--;
		if (below)
			return overflow(conversion, type, value, "a time out of range", cell);
	} else if (!rescale(conversion, &number, 0, DECIMAL_DIGITS_MAX, &cell->number)) {
		return overflow(conversion, type, value, "a time finer than a microsecond, or out of range,", cell);
	}
	return (cell->number >= TIME_US_MIN && cell->number <= TIME_US_MAX) ||
	       overflow(conversion, type, value, "a time out of range", cell);
}

static int128 day_of(int128 time_us)
{
	return (time_us >= 0 ? time_us : time_us - DAY_US + 1) / DAY_US;
}

static bool time_cell(const struct conversion *conversion, const struct column_type *type, const struct value *value,
		      struct cell *cell)
{
	enum column_times times = conversion->rules->times;
	bool date = type->kind == COLUMN_DATE;
	int32_t days;
	int64_t time_us;
	if (times != TIMES_DEFAULT && times != TIMES_ISO) {
		if (!epoch_cell(conversion, type, value, cell))
			return false;
		if (date && !cell->null)
			cell->number = day_of(cell->number);
		return true;
	}
	if (value->tag != TAG_S)
		return mistyped(conversion, type, value);
	if (date && clock_parse_date(value->bytes, &days)) {
		cell->number = days;
		return true;
	}
	if ((date && times != TIMES_ISO) || !clock_parse(value->bytes, &time_us) ||
	    (type->kind == COLUMN_TIMESTAMP_NTZ && has_other_zone(value->bytes)))
		return cell_refuse(conversion, IMAGE_MISTYPED, type, value, "a text that is no such time");
	cell->number = date ? day_of(time_us) : time_us;
	return true;
}

bool cell_make(const struct conversion *conversion, const struct column_type *type, const struct value *value,
	       struct cell *cell)
{
	cell->null = false;
	switch (type->kind) {
	case COLUMN_STRING:
		return string_cell(conversion, type, value, cell);
	case COLUMN_BOOLEAN:
		if (value->tag != TAG_BOOL)
			return mistyped(conversion, type, value);
		cell->number = value->truth;
		return true;
	case COLUMN_BINARY:
		cell->bytes = value->bytes;
		return value->tag == TAG_B || mistyped(conversion, type, value);
	case COLUMN_DATE:
	case COLUMN_TIMESTAMP:
	case COLUMN_TIMESTAMP_NTZ:
		return time_cell(conversion, type, value, cell);
	case COLUMN_ARRAY:
	case COLUMN_MAP:
	case COLUMN_STRUCT:
		return mistyped(conversion, type, value);
	default:
		return number_cell(conversion, type, value, cell);
	}
}

uint64_t cell_hash(const struct column_type *type, const struct cell *cell, uint64_t seed)
{
	switch (type->kind) {
	case COLUMN_STRING:
	case COLUMN_BINARY:
		return hash_slice(cell->bytes, seed);
	case COLUMN_BIGINT:
	case COLUMN_TIMESTAMP:
	case COLUMN_TIMESTAMP_NTZ:
		return hash_long((int64_t)cell->number, seed);
	case COLUMN_DECIMAL:
		return hash_decimal(cell->number, type->precision, seed);
	case COLUMN_DOUBLE:
		return hash_double(cell->real, seed);
	case COLUMN_FLOAT:
		return hash_float((float)cell->real, seed);
	default:
		return hash_int((int32_t)cell->number, seed);
	}
}
