#include <inttypes.h>

#include "reports/report.h"

static int exit_of(const struct report_entry *entry)
{
	return entry->outcome != NULL ? (int)entry->outcome->verdict : entry->code;
}

int report_worst_exit(const struct report_entry *entries, uint64_t count)
{
	static const int order[] = {ERROR_INTERNAL, ERROR_IO, VERDICT_FAIL, ERROR_USAGE, ERROR_DATA, VERDICT_UNKNOWN};
	if (count == 0)
		return ERROR_USAGE;
	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
		for (uint64_t j = 0; j < count; j++)
			if (exit_of(&entries[j]) == order[i])
				return order[i];
	for (uint64_t j = 0; j < count; j++)
		if (exit_of(&entries[j]) != VERDICT_PASS)
			return ERROR_INTERNAL; /* an exit that nothing here gives */
	return VERDICT_PASS;
}

enum verdict report_worst_verdict(const struct report_entry *entries, uint64_t count)
{
	bool passed = count > 0;
	for (uint64_t i = 0; i < count; i++) {
		if (exit_of(&entries[i]) == VERDICT_FAIL)
			return VERDICT_FAIL;
		passed = passed && exit_of(&entries[i]) == VERDICT_PASS;
	}
	return passed ? VERDICT_PASS : VERDICT_UNKNOWN;
}

/* ---- text: a line each, then each in full */

static void line(const struct report_entry *entry, struct buffer *out)
{
	if (entry->outcome == NULL) {
		buffer_printf(out, "  error %-3d %s\n            %s\n", entry->code, entry->contract, entry->message);
		return;
	}
	buffer_printf(out, "  %-9s %s  %s: ", verdict_text(entry->outcome->verdict), entry->contract,
		      entry->outcome->table);
	report_headline(entry->outcome, out);
	buffer_append_byte(out, '\n');
}

static void text(const struct report_entry *entries, uint64_t count, const char *const *passed_over,
		 uint64_t passed_over_count, const struct report_style *style, struct buffer *out)
{
	uint64_t verdicts[3] = {0}, errors = 0;
	for (uint64_t i = 0; i < count; i++) {
		if (entries[i].outcome == NULL)
			errors++;
		else
			verdicts[entries[i].outcome->verdict]++;
	}
	buffer_printf(out,
		      "%s  %" PRIu64 " contracts: %" PRIu64 " PASS, %" PRIu64 " FAIL, %" PRIu64 " UNKNOWN, %" PRIu64
		      " not judged\n\n",
		      verdict_text(report_worst_verdict(entries, count)), count, verdicts[VERDICT_PASS],
		      verdicts[VERDICT_FAIL], verdicts[VERDICT_UNKNOWN], errors);
	for (uint64_t i = 0; i < count; i++)
		line(&entries[i], out);
	for (uint64_t i = 0; i < passed_over_count; i++)
		buffer_printf(out, "  no contract, passed over: %s\n", passed_over[i]);
	for (uint64_t i = 0; i < count; i++) {
		if (entries[i].outcome == NULL)
			continue;
		buffer_printf(out, "\n== %s\n", entries[i].contract);
		report_text(entries[i].outcome, style, out);
	}
}

/* ---- JSON: one object, each contract's own report within */

static void json(const struct report_entry *entries, uint64_t count, const char *const *passed_over,
		 uint64_t passed_over_count, struct buffer *out)
{
	buffer_printf(out, "{\"verdict\":\"%s\",\"exit\":%d,\"contracts\":[",
		      verdict_text(report_worst_verdict(entries, count)), report_worst_exit(entries, count));
	for (uint64_t i = 0; i < count; i++) {
		buffer_append_text(out, i > 0 ? "," : "");
		if (entries[i].outcome != NULL) {
			report_json(entries[i].outcome, out);
			continue;
		}
		buffer_append_text(out, "{\"verdict\":\"UNKNOWN\",\"contract\":");
		buffer_append_json(out, slice_from(entries[i].contract));
		buffer_printf(out, ",\"error\":{\"exit\":%d,\"message\":", entries[i].code);
		buffer_append_json(out, slice_from(entries[i].message));
		buffer_append_text(out, "}}");
	}
	buffer_append_text(out, "],\"passed_over\":[");
	for (uint64_t i = 0; i < passed_over_count; i++) {
		buffer_append_text(out, i > 0 ? "," : "");
		buffer_append_json(out, slice_from(passed_over[i]));
	}
	buffer_append_text(out, "]}\n");
}

/* ---- TAP: all points under one plan */

static void tap(const struct report_entry *entries, uint64_t count, const char *const *passed_over,
		uint64_t passed_over_count, int version, struct buffer *out)
{
	uint64_t points = 0, number = 1;
	for (uint64_t i = 0; i < count; i++)
		points += entries[i].outcome != NULL ? PROPERTY_COUNT : 1;
	buffer_printf(out, "TAP version %d\n1..%" PRIu64 "\n", version, points);
	for (uint64_t i = 0; i < count; i++) {
		if (entries[i].outcome != NULL) {
			report_tap_points(entries[i].outcome, entries[i].contract, number, out);
			number += PROPERTY_COUNT;
			continue;
		}
		buffer_printf(out, "not ok %" PRIu64 " - ", number++);
		report_tap_name(out, entries[i].contract);
		buffer_printf(out, " could be judged\n  ---\n  exit: %d\n  message: ", entries[i].code);
		buffer_append_json(out, slice_from(entries[i].message));
		buffer_append_text(out, "\n  ...\n");
	}
	for (uint64_t i = 0; i < passed_over_count; i++)
		buffer_printf(out, "# no contract, passed over: %s\n", passed_over[i]);
}

int report_render_several(const struct report_entry *entries, uint64_t count, const char *const *passed_over,
			  uint64_t passed_over_count, enum report_format format, const struct report_style *style,
			  struct buffer *out, struct error *error)
{
	switch (format) {
	case REPORT_TEXT:
		text(entries, count, passed_over, passed_over_count, style, out);
		break;
	case REPORT_JSON:
		json(entries, count, passed_over, passed_over_count, out);
		break;
	case REPORT_TAP:
		tap(entries, count, passed_over, passed_over_count, 14, out);
		break;
	case REPORT_TAP13:
		tap(entries, count, passed_over, passed_over_count, 13, out);
		break;
	}
	return out->failed ? error_set(error, ERROR_INTERNAL, "out of memory for the report") : 0;
}
