/* fuzz_column_step - any step of `as` on any text: it gives text or says that it cannot, twice the same. The input is
 * the step's kind, two bytes of its numbers, its text, a zero byte, what it is applied to. */
#include "reconcile/contract/column_step.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1 << 16 };

static bool is_continuation(char byte)
{
	return ((unsigned char)byte & 0xC0) == 0x80;
}

static void hold(const struct column_step *step, struct slice before, struct step_text after)
{
	bool shortens = step->kind == STEP_TRIM || step->kind == STEP_EXTRACT || step->kind == STEP_SUBSTR;
	if (shortens && after.bytes.size > before.size)
		abort();
	if (step->kind == STEP_TRIM && after.bytes.size > 0 &&
	    (after.bytes.data[0] == ' ' || after.bytes.data[after.bytes.size - 1] == ' '))
		abort();
	/* Characters are not torn. */
	if (step->kind == STEP_SUBSTR && after.bytes.size > 0 && !is_continuation(before.data[0]) &&
	    is_continuation(after.bytes.data[0]))
		abort();
	if ((step->kind == STEP_SHA256 || step->kind == STEP_HMAC) && after.bytes.size != 64)
		abort();
	if (step->kind == STEP_MD5 && after.bytes.size != 32)
		abort();
	if (step->kind == STEP_HEX && after.bytes.size != before.size * 2)
		abort();
	if (step->kind == STEP_BASE64 && after.bytes.size != (before.size + 2) / 3 * 4)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum step_kind kinds[] = {STEP_TRIM, STEP_LOWER,  STEP_UPPER, STEP_SHA256,  STEP_MD5,
					       STEP_HMAC, STEP_BASE64, STEP_HEX,   STEP_EXTRACT, STEP_SUBSTR};
	const uint8_t *end = size > 3 ? memchr(data + 3, 0, size - 3) : NULL;
	const char *why = NULL;
	if (end == NULL || size > INPUT_MAX)
		return 0;
	struct slice given = {(const char *)end + 1, (size_t)(data + size - end - 1)};
	struct column_step step = {.kind = kinds[data[0] % (sizeof(kinds) / sizeof(kinds[0]))],
				   .text = (const char *)data + 3,
				   .start = (int8_t)data[1] == 0 ? 1 : (int8_t)data[1],
				   .length = data[2] == UINT8_MAX ? -1 : data[2]};
	struct step_pattern *pattern = step.kind == STEP_EXTRACT ? step_pattern_new(step.text, &why) : NULL;
	if (step.kind == STEP_EXTRACT && pattern == NULL) {
		if (why == NULL || why[0] == '\0')
			abort();
		return 0;
	}
	struct buffer out, again;
	buffer_init(&out, (size_t)INPUT_MAX * 16);
	buffer_init(&again, (size_t)INPUT_MAX * 16);
	struct step_text text = {.bytes = given}, second = {.bytes = given};
	enum step_status status = step_apply(&step, "secret", pattern, &out, &text);
	if (step_apply(&step, "secret", pattern, &again, &second) != status)
		abort();
	if (status == STEP_DONE) {
		if (!slice_equal(text.bytes, second.bytes))
			abort();
		hold(&step, given, text);
	}
	buffer_release(&out);
	buffer_release(&again);
	step_pattern_free(pattern);
	return 0;
}
