/* fuzz_column_type - any text is a type whose own spelling is the same type again, or is refused with a reason. */
#include "reconcile/contract/column_type.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	const char *why = NULL;
	char text[COLUMN_TYPE_TEXT_MAX];
	if (size > COLUMN_TYPE_TEXT_MAX / 8) /* "int" may be spelt "integer" and is told to its end */
		return 0;
	arena_init(&arena, (size_t)16 << 20);
	const struct column_type *type = column_type_parse(&arena, (struct slice){(const char *)data, size}, &why);
	if (type == NULL && (why == NULL || why[0] == '\0'))
		abort();
	if (type != NULL) {
		(void)column_type_text(type, text, sizeof(text));
		const struct column_type *again = column_type_parse(&arena, slice_from(text), &why);
		if (again == NULL || !column_type_equal(type, again))
			abort();
	}
	arena_release(&arena);
	return 0;
}
