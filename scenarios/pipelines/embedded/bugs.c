#include "scenarios/pipelines/embedded/bugs.h"

#include <string.h>

static const struct {
	const char *name, *class_id, *needs, *effect;
} bugs_known[BUG_COUNT] = {
#define BUG_ROW(id, name, class_id, needs, effect) {name, class_id, needs, effect},
	BUG_LIST(BUG_ROW)
#undef BUG_ROW
};

int bugs_add(struct bug_set *bugs, const char *name, struct error *error)
{
	for (size_t i = 0; i < BUG_COUNT; i++) {
		if (strcmp(bugs_known[i].name, name) == 0) {
			bugs->bits[i / 64] |= UINT64_C(1) << (i % 64);
			return 0;
		}
	}
	return error_set(error, ERROR_USAGE, "there is no bug \"%s\"; --list-bugs names them", name);
}

void bugs_list(FILE *out)
{
	for (size_t i = 0; i < BUG_COUNT; i++)
		fprintf(out, "%s\t%s\t%s\t%s\n", bugs_known[i].name, bugs_known[i].class_id, bugs_known[i].needs,
			bugs_known[i].effect);
}
