#include "reconcile/finding.h"

const struct finding_kind finding_kinds[FINDING_COUNT] = {
#define FINDING(symbol, id, level, summary) {id, level, summary},
	FINDINGS
#undef FINDING
};

enum finding_id finding_from_text(const char *id)
{
	int index = 0;
	while (index < FINDING_COUNT && strcmp(finding_kinds[index].id, id) != 0)
		index++;
	return (enum finding_id)index;
}

const char *finding_level_text(enum finding_level level)
{
	switch (level) {
	case LEVEL_FAIL:
		return "fail";
	case LEVEL_UNKNOWN:
		return "unknown";
	case LEVEL_WARN:
		return "warn";
	case LEVEL_IGNORE:
		break;
	}
	return "ignore";
}
