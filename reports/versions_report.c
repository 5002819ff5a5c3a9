#include "reports/versions_report.h"

#include <inttypes.h>

#include "base/clock.h"
#include "reports/members.h"

static const char *const kind_names[VERSIONS_KIND_COUNT] = {"went_back", "came_back", "twice"};

static enum verdict entry_verdict(const struct versions_entry *entry)
{
	const struct versions_comparison *comparison = entry->comparison;
	if (comparison == NULL)
		return entry->outcome.verdict;
	if (entry->outcome.verdict == VERDICT_FAIL || comparison->keys_changed > 0)
		return VERDICT_FAIL;
	return comparison->comparable ? entry->outcome.verdict : VERDICT_UNKNOWN;
}

enum verdict versions_report_verdict(const struct versions_entry *entries, uint32_t count)
{
	enum verdict worst = count > 0 ? VERDICT_PASS : VERDICT_UNKNOWN;
	for (uint32_t i = 0; i < count; i++) {
		enum verdict verdict = entry_verdict(&entries[i]);
		if (verdict == VERDICT_FAIL || (verdict == VERDICT_UNKNOWN && worst == VERDICT_PASS))
			worst = verdict;
	}
	return worst;
}

/* ---- text */

static void text_steps(struct buffer *out, const struct versions_outcome *outcome)
{
	char time[CLOCK_TEXT_MAX];
	buffer_printf(out, "  %8s  %-24s  %-16s  %6s %6s  %8s %8s %8s\n", "version", "committed", "operation", "files+",
		      "files-", "rows+", "rows-", "keys");
	for (uint64_t i = 0; i < outcome->step_count; i++) {
		const struct versions_step *step = &outcome->steps[i];
		buffer_printf(out,
			      "  %8" PRId64 "  %-24s  %-16s  %6" PRIu64 " %6" PRIu64 "  %8" PRIu64 " %8" PRIu64
			      " %8" PRIu64 "%s%s\n",
			      step->version, clock_format(step->commit_us, time), step->operation, step->files_added,
			      step->files_removed, step->rows_came, step->rows_went, step->keys,
			      step->unjudged != NULL ? "  not judged: " : "",
			      step->unjudged != NULL ? step->unjudged : "");
	}
}

static void text_finding(struct buffer *out, const struct versions_finding *finding)
{
	buffer_printf(out, "\n  %s  %s  version %" PRId64 "\n    %s\n", finding_kinds[finding->id].id,
		      finding->key_json, finding->version, finding->cause);
	if (finding->repaired >= 0)
		buffer_printf(out, "    version %" PRId64 " set it right\n", finding->repaired);
	for (uint32_t i = 0; i < finding->record_count; i++) {
		const struct finding_record *record = &finding->records[i];
		buffer_printf(out, "    %-16s  %s", record->role, record->path);
		if (report_has_offset(record))
			buffer_printf(out, "  record %" PRIu64 ", byte %" PRIu64, record->record, record->offset);
		else
			buffer_printf(out, "  row %" PRIu64, record->record);
		buffer_append_byte(out, '\n');
	}
}

static void text_comparison(struct buffer *out, const struct versions_comparison *comparison)
{
	buffer_printf(out, "\nversions %" PRId64 " and %" PRId64 ": ", comparison->before, comparison->after);
	if (!comparison->comparable)
		buffer_printf(out, "cannot be compared, %s\n", comparison->why_not);
	else if (comparison->keys_changed == 0)
		buffer_append_text(out, "the same rows\n");
	else
		buffer_printf(out, "%s: the rows of %" PRIu64 " keys changed\n",
			      finding_kinds[FINDING_REPLAY_CHANGED].id, comparison->keys_changed);
	for (uint64_t i = 0; i < comparison->change_count; i++) {
		const struct versions_change *change = &comparison->changes[i];
		buffer_printf(out, "  %s  %s  %" PRIu32 " row%s (%s), then %" PRIu32 " (%s)\n", change->key_json,
			      versions_difference_text(change->difference), change->rows_before,
			      change->rows_before == 1 ? "" : "s",
			      change->row_before[0] != '\0' ? change->row_before : "-", change->rows_after,
			      change->row_after[0] != '\0' ? change->row_after : "-");
	}
}

/* What a PASS holds for. */
static void scope_text(struct buffer *out, const struct versions_outcome *outcome)
{
	if (outcome->from < 0)
		buffer_printf(out, "versions 0 to %" PRId64, outcome->to);
	else
		buffer_printf(out, "versions after %" PRId64 " to %" PRId64, outcome->from, outcome->to);
	buffer_printf(out, ": no row of %" PRIu64 " keys went back, no deleted item came back, no key had two rows%s",
		      outcome->keys, outcome->whole ? "" : " (of those that these versions wrote)");
}

static void text_verdict(struct buffer *out, const struct versions_entry *entry)
{
	const struct versions_outcome *outcome = &entry->outcome;
	buffer_append_text(out, verdict_text(entry_verdict(entry)));
	if (outcome->lake != NULL)
		buffer_printf(out, " %s", outcome->lake);
	buffer_append_text(out, "  ");
	if (outcome->verdict == VERDICT_PASS)
		scope_text(out, outcome);
	for (uint32_t i = 0; i < outcome->reason_count; i++)
		buffer_printf(out, "%s%s", i > 0 ? "; " : "", outcome->reasons[i]);
	buffer_append_byte(out, '\n');
}

static void text_entry(struct buffer *out, const struct versions_entry *entry)
{
	const struct versions_outcome *outcome = &entry->outcome;
	text_verdict(out, entry);
	buffer_printf(out, "\n  %s\n", outcome->table);
	text_steps(out, outcome);
	buffer_printf(out,
		      "\n  keys changed %" PRIu64 ", judged %" PRIu64 "; files read %" PRIu64 ", gone %" PRIu64 "\n",
		      outcome->keys, outcome->keys_judged, outcome->files_read, outcome->files_gone);
	for (uint64_t i = 0; i < outcome->finding_count; i++)
		text_finding(out, &outcome->findings[i]);
	uint64_t found = 0;
	for (int kind = 0; kind < VERSIONS_KIND_COUNT; kind++)
		found += outcome->found[kind];
	if (found > outcome->finding_count)
		buffer_printf(out, "\n  and %" PRIu64 " more\n", found - outcome->finding_count);
	if (entry->comparison != NULL)
		text_comparison(out, entry->comparison);
}

/* ---- JSON */

static void member_row(struct buffer *out, const char *member, const char *row)
{
	members_text(out, member, row[0] != '\0' ? row : NULL);
}

static void kinds(struct buffer *out, const uint64_t counts[VERSIONS_KIND_COUNT])
{
	buffer_append_byte(out, '{');
	for (int kind = 0; kind < VERSIONS_KIND_COUNT; kind++)
		members_u64(out, kind_names[kind], counts[kind]);
	buffer_append_byte(out, '}');
}

static void json_step(struct buffer *out, const struct versions_step *step)
{
	char time[CLOCK_TEXT_MAX];
	members_open(out, NULL, '{');
	members_i64(out, "version", step->version);
	members_text(out, "committed", clock_format(step->commit_us, time));
	members_text(out, "operation", step->operation);
	members_u64(out, "files_added", step->files_added);
	members_u64(out, "files_removed", step->files_removed);
	members_u64(out, "rows_came", step->rows_came);
	members_u64(out, "rows_went", step->rows_went);
	members_u64(out, "keys", step->keys);
	members_name(out, "findings");
	kinds(out, step->findings);
	members_text(out, "unjudged", step->unjudged);
	buffer_append_byte(out, '}');
}

static void json_finding(struct buffer *out, const struct versions_finding *finding)
{
	members_open(out, NULL, '{');
	members_text(out, "id", finding_kinds[finding->id].id);
	members_text(out, "kind", kind_names[finding->kind]);
	members_name(out, "key");
	buffer_append_text(out, finding->key_json);
	members_i64(out, "version", finding->version);
	if (finding->repaired >= 0)
		members_i64(out, "repaired", finding->repaired);
	members_text(out, "operation", finding->operation);
	members_text(out, "cause", finding->cause);
	member_row(out, "row_before", finding->row_before);
	member_row(out, "row", finding->row);
	members_open(out, "records", '[');
	for (uint32_t i = 0; i < finding->record_count; i++) {
		const struct finding_record *record = &finding->records[i];
		members_open(out, NULL, '{');
		members_text(out, "role", record->role);
		members_text(out, "file", record->path);
		members_u64(out, "record", record->record);
		if (report_has_offset(record))
			members_u64(out, "offset", record->offset);
		buffer_append_byte(out, '}');
	}
	buffer_append_text(out, "]}");
}

static void json_comparison(struct buffer *out, const struct versions_comparison *comparison)
{
	members_open(out, "replay", '{');
	members_i64(out, "before", comparison->before);
	members_i64(out, "after", comparison->after);
	members_text(out, "why_not", comparison->why_not);
	members_u64(out, "keys_changed", comparison->keys_changed);
	members_open(out, "changes", '[');
	for (uint64_t i = 0; i < comparison->change_count; i++) {
		const struct versions_change *change = &comparison->changes[i];
		members_open(out, NULL, '{');
		members_name(out, "key");
		buffer_append_text(out, change->key_json);
		members_text(out, "difference", versions_difference_text(change->difference));
		members_u64(out, "rows_before", change->rows_before);
		members_u64(out, "rows_after", change->rows_after);
		member_row(out, "row_before", change->row_before);
		member_row(out, "row_after", change->row_after);
		buffer_append_byte(out, '}');
	}
	buffer_append_text(out, "]}");
}

static void json_ids(struct buffer *out, const struct versions_entry *entry)
{
	members_open(out, "findings_by_id", '{');
	for (int id = 0; id < FINDING_COUNT; id++)
		if (entry->outcome.by_id[id] > 0)
			members_u64(out, finding_kinds[id].id, entry->outcome.by_id[id]);
	if (entry->comparison != NULL && entry->comparison->keys_changed > 0)
		members_u64(out, finding_kinds[FINDING_REPLAY_CHANGED].id, entry->comparison->keys_changed);
	buffer_append_byte(out, '}');
}

static void json_unjudged(struct buffer *out, const struct versions_outcome *outcome)
{
	static const char *const names[VERSIONS_REASON_COUNT] = {"unproven", "unknown",  "unordered",
								 "hole",     "no_image", "columns"};
	members_open(out, "keys_unjudged", '{');
	for (int i = 0; i < VERSIONS_REASON_COUNT; i++)
		members_u64(out, names[i], outcome->keys_unjudged[i]);
	buffer_append_byte(out, '}');
}

static void json_entry(struct buffer *out, const struct versions_entry *entry)
{
	const struct versions_outcome *outcome = &entry->outcome;
	members_open(out, NULL, '{');
	members_text(out, "verdict", verdict_text(entry_verdict(entry)));
	members_open(out, "reasons", '[');
	for (uint32_t i = 0; i < outcome->reason_count; i++)
		members_text(out, NULL, outcome->reasons[i]);
	buffer_append_byte(out, ']');
	members_text(out, "lake", outcome->lake);
	members_text(out, "table", outcome->table);
	members_i64(out, "from", outcome->from);
	members_i64(out, "to", outcome->to);
	members_bool(out, "whole", outcome->whole);
	members_u64(out, "versions_judged", outcome->steps_judged);
	members_u64(out, "files_read", outcome->files_read);
	members_u64(out, "files_gone", outcome->files_gone);
	members_u64(out, "keys", outcome->keys);
	members_u64(out, "keys_judged", outcome->keys_judged);
	json_unjudged(out, outcome);
	json_ids(out, entry);
	members_name(out, "found");
	kinds(out, outcome->found);
	members_open(out, "versions", '[');
	for (uint64_t i = 0; i < outcome->step_count; i++)
		json_step(out, &outcome->steps[i]);
	buffer_append_byte(out, ']');
	members_open(out, "findings", '[');
	for (uint64_t i = 0; i < outcome->finding_count; i++)
		json_finding(out, &outcome->findings[i]);
	buffer_append_byte(out, ']');
	if (entry->comparison != NULL)
		json_comparison(out, entry->comparison);
	buffer_append_byte(out, '}');
}

static void json(const struct versions_entry *entries, uint32_t count, struct buffer *out)
{
	buffer_append_byte(out, '{');
	members_text(out, "verdict", verdict_text(versions_report_verdict(entries, count)));
	members_open(out, "lakes", '[');
	for (uint32_t i = 0; i < count; i++)
		json_entry(out, &entries[i]);
	buffer_append_text(out, "]}\n");
}

/* ---- TAP */

static void tap_point(struct buffer *out, uint64_t number, bool passed, const struct versions_outcome *outcome,
		      const char *sentence)
{
	buffer_printf(out, "%s %" PRIu64 " - ", passed ? "ok" : "not ok", number);
	if (outcome->lake != NULL) {
		report_tap_name(out, outcome->lake);
		buffer_append_text(out, ": ");
	}
	buffer_append_text(out, sentence);
	buffer_append_byte(out, '\n');
}

static void tap_findings(struct buffer *out, const struct versions_outcome *outcome, enum versions_kind kind)
{
	enum { EXAMPLES_MAX = 5 };
	uint64_t shown = 0;
	buffer_printf(out, "  ---\n  count: %" PRIu64 "\n", outcome->found[kind]);
	for (uint64_t i = 0; i < outcome->finding_count && shown < EXAMPLES_MAX; i++) {
		const struct versions_finding *finding = &outcome->findings[i];
		if (finding->kind != kind)
			continue;
		if (shown++ == 0)
			buffer_append_text(out, "  examples:\n");
		buffer_printf(out, "    - id: %s\n      key: ", finding_kinds[finding->id].id);
		buffer_append_json(out, slice_from(finding->key_json));
		buffer_append_text(out, "\n      cause: ");
		buffer_append_json(out, slice_from(finding->cause));
		buffer_append_byte(out, '\n');
	}
	buffer_append_text(out, "  ...\n");
}

static void tap_reasons(struct buffer *out, const struct versions_outcome *outcome)
{
	buffer_append_text(out, "  ---\n  reasons:\n");
	for (uint32_t i = 0; i < outcome->reason_count; i++) {
		buffer_append_text(out, "    - ");
		buffer_append_json(out, slice_from(outcome->reasons[i]));
		buffer_append_byte(out, '\n');
	}
	buffer_append_text(out, "  ...\n");
}

static uint64_t tap_entry(struct buffer *out, const struct versions_entry *entry, uint64_t number)
{
	static const char *const sentences[VERSIONS_KIND_COUNT] = {"no row became an older image",
								   "no deleted item's row came back",
								   "no key had two rows in any version"};
	const struct versions_outcome *outcome = &entry->outcome;
	for (int kind = 0; kind < VERSIONS_KIND_COUNT; kind++) {
		tap_point(out, ++number, outcome->found[kind] == 0, outcome, sentences[kind]);
		if (outcome->found[kind] > 0)
			tap_findings(out, outcome, (enum versions_kind)kind);
	}
	tap_point(out, ++number, outcome->verdict != VERDICT_UNKNOWN && outcome->keys_judged == outcome->keys, outcome,
		  "every key that changed is judged");
	if (outcome->keys_judged != outcome->keys || outcome->verdict == VERDICT_UNKNOWN)
		tap_reasons(out, outcome);
	if (entry->comparison != NULL)
		tap_point(out, ++number, entry->comparison->comparable && entry->comparison->keys_changed == 0, outcome,
			  "the same input once more changed nothing");
	return number;
}

static void tap(const struct versions_entry *entries, uint32_t count, int version, struct buffer *out)
{
	uint64_t number = 0;
	buffer_printf(out, "TAP version %d\n", version);
	for (uint32_t i = 0; i < count; i++)
		number = tap_entry(out, &entries[i], number);
	buffer_printf(out, "1..%" PRIu64 "\n", number);
}

void versions_report(const struct versions_entry *entries, uint32_t count, enum report_format format,
		     struct buffer *out)
{
	switch (format) {
	case REPORT_TEXT:
		for (uint32_t i = 0; i < count; i++) {
			if (i > 0)
				buffer_append_byte(out, '\n');
			text_entry(out, &entries[i]);
		}
		break;
	case REPORT_JSON:
		json(entries, count, out);
		break;
	case REPORT_TAP:
		tap(entries, count, 14, out);
		break;
	case REPORT_TAP13:
		tap(entries, count, 13, out);
		break;
	}
}
