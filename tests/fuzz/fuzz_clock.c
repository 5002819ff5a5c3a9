/* fuzz_clock - a text that is a time is written as a text that is the same time; likewise days. */
#include "base/clock.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = {(const char *)data, size};
	char written[CLOCK_TEXT_MAX];
	int64_t time_us, again_us, duration_us;
	int32_t days, again;
	/* A zone may put a time of year 1 or 9999 outside of what is read. */
	if (clock_parse(text, &time_us) && (size < 11 || data[size - 1] == 'Z') &&
	    (!clock_parse(slice_from(clock_format(time_us, written)), &again_us) || again_us != time_us))
		abort();
	if (clock_parse_date(text, &days) &&
	    (!clock_parse_date(slice_from(clock_format_date(days, written)), &again) || again != days || size != 10))
		abort();
	if (clock_parse_duration(text, &duration_us) && duration_us < 0)
		abort();
	return 0;
}
