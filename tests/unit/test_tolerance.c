/* How far two values may lie apart: what a tolerance is, and which values it holds for. */
#include "reconcile/contract/tolerance.h"

#include "tests/tap.h"

static bool holds(const char *text, const char *expected, const char *actual)
{
	struct tolerance tolerance;
	return tolerance_parse(slice_from(text), &tolerance) &&
	       tolerance_holds(&tolerance, slice_from(expected), slice_from(actual));
}

static void test_parse(void)
{
	static const char *const wrong[] = {"", "0", "-1", "0s", "x", "%", "0%", "1 %", "1w", "1%%"};
	struct tolerance tolerance;
	ok(tolerance_parse(slice_from("0.01"), &tolerance) && tolerance.kind == TOLERANCE_NUMBER, "a number");
	ok(tolerance_parse(slice_from("1"), &tolerance) && tolerance.kind == TOLERANCE_NUMBER, "a whole one too");
	ok(tolerance_parse(slice_from("2.5%"), &tolerance) && tolerance.kind == TOLERANCE_PERCENT, "a percentage");
	ok(tolerance_parse(slice_from("250ms"), &tolerance) && tolerance.kind == TOLERANCE_TIME &&
		   tolerance.limit_us == 250000,
	   "a duration");
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		ok(!tolerance_parse(slice_from(wrong[i]), &tolerance), "'%s' is none", wrong[i]);
}

static void test_numbers(void)
{
	ok(holds("0.01", "1.001", "1.01") && !holds("0.01", "1.001", "1.0111"), "numbers, exactly");
	ok(holds("1%", "200", "202") && !holds("1%", "200", "202.1"), "a share of what is expected");
	ok(holds("0.01", "{\"N\":\"1.23456\"}", "1.23"), "a number that its column cannot hold");
	ok(!holds("0.01", "{\"S\":\"1.23\"}", "1.23"), "text is no number");
	ok(!holds("1000", "null", "0") && !holds("1000", "0", "null") && !holds("1000", "\"0\"", "1"),
	   "null and text are within nothing");
	ok(!holds("1000", "\"NaN\"", "\"NaN\""), "nor is what is no number");
}

static void test_times(void)
{
	const char *noon = "\"2026-01-02T12:00:00Z\"";
	ok(holds("1s", noon, "\"2026-01-02T12:00:01Z\"") && holds("1s", noon, "\"2026-01-02T11:59:59Z\""), "both ways");
	ok(!holds("1s", noon, "\"2026-01-02T12:00:01.000001Z\""), "to the microsecond");
	ok(holds("1d", "\"2026-01-02\"", "\"2026-01-03\"") && !holds("1d", "\"2026-01-02\"", "\"2026-01-04\""), "days");
	ok(!holds("1s", noon, "null") && !holds("1s", "5", "5.1"), "what is no time is within nothing");
}

int main(void)
{
	test_parse();
	test_numbers();
	test_times();
	return tap_done();
}
