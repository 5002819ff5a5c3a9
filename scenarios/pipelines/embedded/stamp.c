#include "scenarios/pipelines/embedded/stamp.h"

#include "base/decimal.h"

bool stamp_set_sequence(struct stamp *stamp, struct slice text)
{
	while (text.size > 1 && text.data[0] == '0') {
		text.data++;
		text.size--;
	}
	if (text.size == 0 || text.size > SEQUENCE_DIGITS_MAX)
		return false;
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
	memcpy(stamp->sequence, text.data, text.size);
	stamp->sequence[text.size] = '\0';
	stamp->digits = (uint8_t)text.size;
	return true;
}

bool stamp_set_time(struct stamp *stamp, struct slice number)
{
	/* Above these a number of seconds would be in the year 5138, one of milliseconds likewise. */
	static const int64_t milliseconds_from = INT64_C(100000000000), microseconds_from = INT64_C(100000000000000);
	struct decimal decimal;
	int128 micros;
	if (decimal_parse(number, &decimal) != DECIMAL_OK || decimal.negative || decimal.exponent > 18)
		return false;
	if (!decimal_unscaled(&decimal, 6, &micros)) {
		/* Finer than a microsecond: the rest does not matter. */
		if (decimal.exponent < -5)
			micros = 0;
		else {
			decimal.count = (uint8_t)(decimal.exponent + 6);
			while (decimal.count > 0 && decimal.digits[decimal.count - 1] == 0)
				decimal.count--;
			if (!decimal_unscaled(&decimal, 6, &micros))
				return false;
		}
	}
	int128 whole = micros / 1000000;
	if (whole >= microseconds_from) {
		stamp->time_us = (int64_t)whole;
		stamp->precision_us = 1;
	} else if (whole >= milliseconds_from) {
		stamp->time_us = (int64_t)(whole * 1000);
		stamp->precision_us = 1000;
	} else {
		stamp->time_us = (int64_t)micros;
		stamp->precision_us = 1000000;
	}
	return true;
}

void stamp_set_stream(struct stamp *stamp, struct slice arn)
{
	uint64_t hash = UINT64_C(14695981039346656037);
	for (size_t i = 0; i < arn.size; i++)
		hash = (hash ^ (uint8_t)arn.data[i]) * UINT64_C(1099511628211);
	stamp->stream = arn.size == 0 ? 0 : hash | 1;
}

static int sequence_order(const struct stamp *a, const struct stamp *b)
{
	if (a->digits != b->digits)
		return a->digits < b->digits ? -1 : 1;
	return memcmp(a->sequence, b->sequence, a->digits);
}

bool stamp_supersedes(const struct stamp *a, const struct stamp *b, struct bug_set bugs)
{
	if (bugs_has(bugs, BUG_LAST_ARRIVAL_WINS) || bugs_has(bugs, BUG_WINDOW_WITHOUT_GUARD))
		return true;
	bool one_stream = a->stream == b->stream || a->stream == 0 || b->stream == 0;
	if (a->digits == 0 || b->digits == 0 || !one_stream || bugs_has(bugs, BUG_SECONDS_TIE) ||
	    bugs_has(bugs, BUG_RANK_KEEPS_TIES))
		return a->time_us >= b->time_us;
	if (bugs_has(bugs, BUG_SEQUENCE_AS_TEXT))
		return strcmp(a->sequence, b->sequence) > 0;
	return sequence_order(a, b) > 0;
}
