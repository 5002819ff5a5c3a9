#include "reconcile/contract/tolerance.h"

#include "base/clock.h"

bool tolerance_parse(struct slice text, struct tolerance *tolerance)
{
	*tolerance = (struct tolerance){.kind = TOLERANCE_NONE};
	if (clock_parse_duration(text, &tolerance->limit_us)) {
		tolerance->kind = TOLERANCE_TIME;
		return tolerance->limit_us > 0;
	}
	bool percent = text.size > 0 && text.data[text.size - 1] == '%';
	tolerance->kind = percent ? TOLERANCE_PERCENT : TOLERANCE_NUMBER;
	text.size -= percent;
	return decimal_parse(text, &tolerance->limit) == DECIMAL_OK && !tolerance->limit.negative &&
	       tolerance->limit.count > 0;
}

bool tolerance_fits(const struct tolerance *tolerance, const struct column_type *type)
{
	switch (tolerance->kind) {
	case TOLERANCE_NONE:
		return true;
	case TOLERANCE_TIME:
		return type->kind == COLUMN_DATE || type->kind == COLUMN_TIMESTAMP ||
		       type->kind == COLUMN_TIMESTAMP_NTZ;
	default:
		return type->kind >= COLUMN_TINYINT && type->kind <= COLUMN_DECIMAL;
	}
}

static struct slice between(struct slice text, const char *before, const char *after)
{
	size_t head = strlen(before), tail = strlen(after);
	if (text.size < head + tail || memcmp(text.data, before, head) != 0 ||
	    memcmp(text.data + text.size - tail, after, tail) != 0)
		return (struct slice){NULL, 0};
	return (struct slice){text.data + head, text.size - head - tail};
}

static bool numbers_hold(const struct tolerance *tolerance, struct slice expected, struct slice actual)
{
	struct decimal a, b;
	struct slice tagged = between(expected, "{\"N\":\"", "\"}");
	if (tagged.data != NULL)
		expected = tagged;
	return decimal_parse(expected, &a) == DECIMAL_OK && decimal_parse(actual, &b) == DECIMAL_OK &&
	       decimal_within(&a, &b, &tolerance->limit, tolerance->kind == TOLERANCE_PERCENT);
}

static bool times_hold(const struct tolerance *tolerance, struct slice expected, struct slice actual)
{
	int64_t a, b, difference;
	if (!clock_parse(between(expected, "\"", "\""), &a) || !clock_parse(between(actual, "\"", "\""), &b) ||
	    __builtin_sub_overflow(a, b, &difference) || difference == INT64_MIN)
		return false;
	return (difference < 0 ? -difference : difference) <= tolerance->limit_us;
}

bool tolerance_holds(const struct tolerance *tolerance, struct slice expected, struct slice actual)
{
	switch (tolerance->kind) {
	case TOLERANCE_NUMBER:
	case TOLERANCE_PERCENT:
		return numbers_hold(tolerance, expected, actual);
	case TOLERANCE_TIME:
		return times_hold(tolerance, expected, actual);
	case TOLERANCE_NONE:
		break;
	}
	return false;
}
