#include <inttypes.h>

#include "reports/report.h"

enum { EXAMPLES_MAX = 5 };

/* YAML's double-quoted scalars take JSON strings as they are. Perl's prove reads no flow collections, so there are
 * none, and a key is told as the text of its JSON. */
static void quoted(struct buffer *out, const char *text)
{
	buffer_append_json(out, slice_from(text != NULL ? text : ""));
}

static void member(struct buffer *out, const char *name, const char *text)
{
	buffer_printf(out, "%s: ", name);
	quoted(out, text);
	buffer_append_byte(out, '\n');
}

static void records(struct buffer *out, const struct finding *finding)
{
	for (uint32_t i = 0; i < finding->record_count; i++) {
		const struct finding_record *record = &finding->records[i];
		if (i == 0)
			buffer_append_text(out, "      records:\n");
		member(out, "        - role", record->role);
		member(out, "          file", record->path);
		if (record->has_position)
			buffer_printf(out, "          record: %" PRIu64 "\n", record->record);
		if (report_has_offset(record))
			buffer_printf(out, "          offset: %" PRIu64 "\n", record->offset);
	}
}

static void diagnostics(struct buffer *out, struct outcome *outcome, uint32_t index, const struct property *property)
{
	buffer_append_text(out, "  ---\n  severity: ");
	buffer_append_text(out, property->state == PROPERTY_FAILED ? "fail\n" : "unknown\n");
	buffer_printf(out, "  count: %" PRIu64 "\n", property->count);
	if (index == PROPERTY_COUNT - 1) {
		buffer_append_text(out, "  reasons:\n");
		for (uint32_t i = 0; i < outcome->reason_count; i++) {
			buffer_append_text(out, "    - ");
			quoted(out, outcome->reasons[i]);
			buffer_append_byte(out, '\n');
		}
	}
	uint64_t shown = 0;
	for (uint64_t i = 0; i < outcome->finding_count && shown < EXAMPLES_MAX; i++) {
		const struct finding *finding = &outcome->findings[i];
		if (!report_property_has(index, finding->id))
			continue;
		if (shown++ == 0)
			buffer_append_text(out, "  examples:\n");
		buffer_printf(out, "    - id: %s\n", finding_kinds[finding->id].id);
		if (finding->key_json != NULL)
			member(out, "      key", finding->key_json);
		member(out, "      cause", finding->cause);
		records(out, finding);
	}
	buffer_append_text(out, "  ...\n");
}

/* '#' would begin a directive. */
void report_tap_name(struct buffer *out, const char *name)
{
	for (; *name != '\0'; name++)
		if (*name == '#' || *name == '\\')
			buffer_printf(out, "\\%c", *name);
		else
			buffer_append_byte(out, *name == '\n' ? ' ' : *name);
}

/* A point for each lake and property, then one for what is of no one lake. */
static void lakes(struct outcome *outcome, int version, struct buffer *out)
{
	uint64_t number = 1, unrouted = outcome->by_id[FINDING_ITEM_UNROUTED];
	bool passed = unrouted == 0 || outcome->levels[FINDING_ITEM_UNROUTED] <= LEVEL_WARN ||
		      outcome->lowered[FINDING_ITEM_UNROUTED];
	buffer_printf(out, "TAP version %d\n1..%d\n", version, PROPERTY_COUNT * (int)outcome->lake_count + 1);
	for (uint32_t i = 0; i < outcome->lake_count; i++, number += PROPERTY_COUNT)
		report_tap_points(outcome->lakes[i], outcome->lakes[i]->name, number, out);
	buffer_printf(out, "%s %" PRIu64 " - every item is in a lake\n", passed ? "ok" : "not ok", number);
	if (unrouted > 0)
		buffer_printf(out, "# %" PRIu64 " item.unrouted%s\n", unrouted,
			      passed ? ", which the contract allows" : "");
	buffer_printf(out, "# %s %s: %u lakes; %s\n", verdict_text(outcome->verdict), outcome->table,
		      outcome->lake_count, outcome_scope_text(outcome));
}

void report_tap(struct outcome *outcome, int version, struct buffer *out)
{
	if (outcome->lake_count > 0) {
		lakes(outcome, version, out);
		return;
	}
	buffer_printf(out, "TAP version %d\n1..%d\n", version, PROPERTY_COUNT);
	report_tap_points(outcome, NULL, 1, out);
}

void report_tap_points(struct outcome *outcome, const char *contract, uint64_t number, struct buffer *out)
{
	struct property properties[PROPERTY_COUNT];
	report_properties(outcome, properties);
	for (uint32_t i = 0; i < PROPERTY_COUNT; i++) {
		const struct property *property = &properties[i];
		bool passed = property->state == PROPERTY_OK;
		buffer_printf(out, "%s %" PRIu64 " - ", passed ? "ok" : "not ok", number + i);
		if (contract != NULL) {
			report_tap_name(out, contract);
			buffer_append_text(out, ": ");
		}
		buffer_append_text(out, property->name);
		if (!passed)
			buffer_printf(out, " (%" PRIu64 " %s)", property->count,
				      property->state == PROPERTY_FAILED ? "against it" : "not known");
		buffer_append_byte(out, '\n');
		if (!passed)
			diagnostics(out, outcome, i, property);
		else if (property->count > 0)
			buffer_printf(out, "# %" PRIu64 " against it, which the contract allows\n", property->count);
	}
	buffer_printf(out,
		      "# %s %s: %" PRIu64 " compared, %" PRIu64 " equal, %" PRIu64 " unproven, %" PRIu64
		      " out of scope; %s\n",
		      verdict_text(outcome->verdict), outcome->table, outcome->counts.compared, outcome->counts.equal,
		      outcome->counts.unproven, outcome->counts.out_of_scope, outcome_scope_text(outcome));
}
