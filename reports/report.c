#include "reports/report.h"

enum { IDS_MAX = 10 };

static const struct {
	const char *name;
	enum finding_id ids[IDS_MAX];
	uint32_t count;
} claims[PROPERTY_COUNT] = {
	{"every source was read whole",
	 {FINDING_RECORD_UNREADABLE, FINDING_EXPORT_MD5, FINDING_EXPORT_COUNT, FINDING_EXPORT_MISSING,
	  FINDING_EXPORT_EXTRA, FINDING_EXPORT_VERSION, FINDING_SOURCE_GONE, FINDING_SOURCE_CHANGED,
	  FINDING_SOURCE_MIXED, FINDING_EXPORT_UNFINISHED},
	 10},
	{"the sources do not contradict each other",
	 {FINDING_CHAIN_BROKEN, FINDING_OVERLAP_CONTRADICTION, FINDING_CAPTURE_LOST, FINDING_STAMP_CONFLICT},
	 4},
	{"the capture has no hole", {FINDING_COVERAGE_HOLE}, 1},
	{"every column and attribute is mapped or ignored",
	 {FINDING_COLUMN_UNMAPPED, FINDING_ATTRIBUTE_UNMAPPED, FINDING_KEY_UNMATCHED, FINDING_KEY_COLLISION,
	  FINDING_ITEM_UNROUTED, FINDING_SCOPE_UNDATED},
	 6},
	{"the column types are the contract's", {FINDING_COLUMN_TYPE}, 1},
	{"no key has more than one row", {FINDING_ROW_DUPLICATE, FINDING_HISTORY_CURRENT, FINDING_HISTORY_OVERLAP}, 3},
	{"no expected row is missing", {FINDING_ROW_MISSING, FINDING_HISTORY_MISSING}, 2},
	{"no deleted item is still there", {FINDING_ROW_ZOMBIE, FINDING_ROW_ZOMBIE_TTL}, 2},
	{"no row is unknown to all sources", {FINDING_ROW_PHANTOM, FINDING_ROW_NULL_KEY, FINDING_HISTORY_PHANTOM}, 3},
	{"no row is stale", {FINDING_ROW_STALE, FINDING_HISTORY_END, FINDING_VERSION_REGRESSED}, 3},
	{"no value differs",
	 {FINDING_ROW_DIFFERS, FINDING_VALUE_PRECISION_LOST, FINDING_HISTORY_DIFFERS, FINDING_REPLAY_CHANGED},
	 4},
	{"every key is proven", {FINDING_ROW_DUPLICATE}, 0},
};

bool report_format_parse(const char *text, enum report_format *format)
{
	static const char *const names[] = {"text", "json", "tap", "tap13"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(text, names[i]) == 0) {
			*format = (enum report_format)i;
			return true;
		}
	return false;
}

bool report_property_has(uint32_t index, enum finding_id id)
{
	for (uint32_t i = 0; i < claims[index].count; i++)
		if (claims[index].ids[i] == id)
			return true;
	return false;
}

bool report_has_offset(const struct finding_record *record)
{
	return record->has_position && strcmp(record->role, "lake row") != 0;
}

void report_properties(const struct outcome *outcome, struct property properties[PROPERTY_COUNT])
{
	for (uint32_t i = 0; i < PROPERTY_COUNT; i++) {
		struct property *property = &properties[i];
		*property = (struct property){.name = claims[i].name};
		for (uint32_t j = 0; j < claims[i].count; j++) {
			enum finding_id id = claims[i].ids[j];
			if (outcome->by_id[id] == 0 || outcome->levels[id] == LEVEL_IGNORE)
				continue;
			property->count += outcome->by_id[id];
			property->lowered = property->lowered || outcome->lowered[id] ||
					    outcome->accepted_by_id[id] > 0;
			if (outcome->lowered[id] || outcome->levels[id] == LEVEL_WARN)
				continue;
			if (outcome->levels[id] == LEVEL_FAIL)
				property->state = PROPERTY_FAILED;
			else if (property->state == PROPERTY_OK)
				property->state = PROPERTY_UNKNOWN;
		}
	}
	struct property *proven = &properties[PROPERTY_COUNT - 1];
	proven->count = outcome->counts.unproven;
	if (outcome->verdict == VERDICT_UNKNOWN || outcome->counts.unproven > 0)
		proven->state = outcome->verdict == VERDICT_PASS ? PROPERTY_OK : PROPERTY_UNKNOWN;
	proven->lowered = outcome->verdict == VERDICT_PASS && outcome->counts.unproven > 0;
}

void report_number(struct buffer *out, uint64_t number)
{
	char digits[32];
	size_t count = 0;
	do {
		digits[count++] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	while (count > 0) {
		buffer_append_byte(out, digits[--count]);
		if (count > 0 && count % 3 == 0)
			buffer_append_byte(out, ',');
	}
}

int report_render(struct outcome *outcome, enum report_format format, const struct report_style *style,
		  struct buffer *out, struct error *error)
{
	switch (format) {
	case REPORT_TEXT:
		report_text(outcome, style, out);
		break;
	case REPORT_JSON:
		report_json(outcome, out);
		break;
	case REPORT_TAP:
		report_tap(outcome, 14, out);
		break;
	case REPORT_TAP13:
		report_tap(outcome, 13, out);
		break;
	}
	return out->failed ? error_set(error, ERROR_INTERNAL, "out of memory for the report") : 0;
}
