#include <inttypes.h>

#include "base/clock.h"
#include "reports/report.h"

static void paint(struct buffer *out, const struct report_style *style, const char *code, const char *text)
{
	if (style->colour)
		buffer_printf(out, "\033[%sm%s\033[0m", code, text);
	else
		buffer_append_text(out, text);
}

static const char *verdict_colour(enum verdict verdict)
{
	return verdict == VERDICT_PASS ? "1;32" : verdict == VERDICT_FAIL ? "1;31" : "1;33";
}

static void line_count(struct buffer *out, const char *label, uint64_t count, const char *meaning)
{
	struct buffer number;
	buffer_init(&number, 64);
	report_number(&number, count);
	buffer_printf(out, "  %-13s %13.*s%s%s\n", label, (int)number.size, number.data, meaning[0] != '\0' ? "  " : "",
		      meaning);
	out->failed = out->failed || number.failed;
	buffer_release(&number);
}

void report_headline(const struct outcome *outcome, struct buffer *out)
{
	const struct outcome_counts *counts = &outcome->counts;
	if (counts->different > 0) {
		report_number(out, counts->different);
		buffer_append_text(out, " of ");
		report_number(out, counts->compared);
		buffer_printf(out, " compared %s differ", outcome_unit(outcome));
	} else {
		report_number(out, counts->equal);
		buffer_append_text(out, " of ");
		report_number(out, counts->expected);
		buffer_append_text(out, " expected rows equal");
	}
}

static void head(struct buffer *out, struct outcome *outcome, const struct report_style *style)
{
	paint(out, style, verdict_colour(outcome->verdict), verdict_text(outcome->verdict));
	buffer_printf(out, "  %s: ", outcome->table);
	report_headline(outcome, out);
	buffer_append_text(out, ", ");
	buffer_append_text(out, outcome_scope_text(outcome));
	for (int id = 0; id < FINDING_COUNT; id++)
		if (outcome->by_id[id] > 0 && outcome->lowered[id]) {
			buffer_append_text(out, "; ");
			report_number(out, outcome->by_id[id]);
			buffer_printf(out, " %s lowered by the contract", finding_kinds[id].id);
		}
	if (outcome->accepted_count > 0) {
		buffer_append_text(out, "; ");
		report_number(out, outcome->accepted_count);
		buffer_append_text(out, " known and accepted");
	}
	buffer_append_byte(out, '\n');
	for (uint32_t i = 0; i < outcome->reason_count; i++)
		buffer_printf(out, "  %s %s\n", i == 0 ? "because" : "    and", outcome->reasons[i]);
	buffer_append_byte(out, '\n');
}

static void sides(struct buffer *out, const struct outcome *outcome)
{
	char from[CLOCK_TEXT_MAX], to[CLOCK_TEXT_MAX];
	buffer_printf(out, "  lake      %s\n            version %" PRId64 ", committed %s, ", outcome->lake,
		      outcome->lake_version, clock_format(outcome->lake_commit_us, from));
	report_number(out, outcome->lake_files);
	buffer_printf(out, " files, %" PRIu32 " of %" PRIu32 " columns compared\n", outcome->columns_compared,
		      outcome->columns_total);
	for (uint32_t i = 0; i < outcome->source_count; i++) {
		const struct outcome_source *source = &outcome->sources[i];
		buffer_printf(out, "  %-9s %s\n            ", source->kind, source->text);
		if (source->from_us > source->to_us)
			buffer_append_text(out, "no times");
		else if (source->from_us == source->to_us)
			buffer_append_text(out, clock_format(source->from_us, from));
		else
			buffer_printf(out, "%s to %s", clock_format(source->from_us, from),
				      clock_format(source->to_us, to));
		buffer_append_text(out, ", ");
		report_number(out, source->records);
		buffer_append_text(out, source->records == 1 ? " record in " : " records in ");
		report_number(out, source->files);
		buffer_printf(out, " file%s, %s\n", source->files == 1 ? "" : "s",
			      source->independent ? "independent" : "landing zone");
	}
	if (outcome->evidence_end_us != INT64_MIN)
		buffer_printf(out, "  clocks    evidence ends %s, lake committed %s\n",
			      clock_format(outcome->evidence_end_us, from), clock_format(outcome->lake_commit_us, to));
	buffer_append_byte(out, '\n');
}

static void sums(struct buffer *out, const struct outcome *outcome)
{
	const struct outcome_counts *counts = &outcome->counts;
	bool events = strcmp(outcome_unit(outcome), "events") == 0;
	line_count(out, "expected", counts->expected,
		   events ? "events of which the lake must hold a row each" : "keys that the lake must hold");
	line_count(out, "actual", counts->actual, "live rows in the lake");
	if (counts->soft_deleted > 0)
		line_count(out, "soft-deleted", counts->soft_deleted, "rows marked deleted");
	if (counts->closed > 0)
		line_count(out, "closed", counts->closed, "rows of versions that no longer hold");
	line_count(out, "compared", counts->compared,
		   events ? "events known and held against the lake" : "keys proven and held against the lake");
	line_count(out, "equal", counts->equal, "");
	if (counts->within_tolerance > 0)
		line_count(out, "  nearly", counts->within_tolerance, "of them within their columns' tolerance");
	line_count(out, "different", counts->different, "");
	line_count(out, "unproven", counts->unproven,
		   events ? "rows of events that no source covers" : "keys on which the evidence is not enough");
	line_count(out, "out of scope", counts->out_of_scope, "keys that the contract excludes");
	line_count(out, "deleted", counts->deleted, "proven deletes that the lake agrees with");
	line_count(out, "changes", counts->changes, "distinct changes in the capture");
	if (counts->duplicates > 0)
		line_count(out, "duplicates", counts->duplicates, "change records delivered again");
}

static void finding_value(struct buffer *out, const char *label, const char *value)
{
	if (value != NULL)
		buffer_printf(out, "  %s %s", label, value);
}

static void finding(struct buffer *out, const struct finding *finding, const struct report_style *style)
{
	buffer_append_text(out, "\n  ");
	paint(out, style, "1", finding_kinds[finding->id].id);
	if (finding->key_json != NULL)
		buffer_printf(out, "  %s", finding->key_json);
	buffer_printf(out, "\n    %s\n", finding->cause != NULL ? finding->cause : "");
	for (uint32_t i = 0; i < finding->column_count; i++) {
		const struct finding_column *column = &finding->columns[i];
		if (column->expected == NULL && column->actual == NULL && column->note == NULL)
			continue;
		buffer_printf(out, "    %-16s", column->name);
		finding_value(out, "expected", column->expected);
		finding_value(out, "lake", column->actual);
		if (column->note != NULL)
			buffer_printf(out, "  (%s)", column->note);
		buffer_append_byte(out, '\n');
	}
	if (finding->columns_more > 0)
		buffer_printf(out, "    and %" PRIu32 " more columns\n", finding->columns_more);
	for (uint32_t i = 0; i < finding->record_count; i++) {
		const struct finding_record *record = &finding->records[i];
		buffer_printf(out, "    %-16s  %s", record->role, record->path);
		if (report_has_offset(record))
			buffer_printf(out, "  record %" PRIu64 ", byte %" PRIu64, record->record, record->offset);
		else if (record->has_position)
			buffer_printf(out, "  row %" PRIu64, record->record);
		buffer_append_byte(out, '\n');
	}
}

static void findings(struct buffer *out, const struct outcome *outcome, const struct report_style *style)
{
	uint64_t told[FINDING_COUNT] = {0};
	bool any = false, more = false;
	for (int id = 0; id < FINDING_COUNT; id++) {
		if (outcome->by_id[id] == 0)
			continue;
		if (!any)
			buffer_append_text(out, "\nfindings\n");
		any = true;
		buffer_printf(out, "  %-22s", finding_kinds[id].id);
		struct buffer number;
		buffer_init(&number, 64);
		report_number(&number, outcome->by_id[id]);
		buffer_printf(out, "%9.*s  %s%s", (int)number.size, number.data, finding_kinds[id].summary,
			      outcome->lowered[id] ? " (lowered by the contract)"
						   : (outcome->levels[id] == LEVEL_WARN ? " (a note)" : ""));
		out->failed = out->failed || number.failed;
		if (outcome->accepted_by_id[id] > 0) {
			buffer_append_text(out, ", ");
			report_number(out, outcome->accepted_by_id[id]);
			buffer_append_text(out, " of them accepted");
		}
		buffer_append_byte(out, '\n');
		buffer_release(&number);
	}
	for (uint64_t i = 0; i < outcome->finding_count; i++) {
		const struct finding *one = &outcome->findings[i];
		if (told[one->id]++ < style->details)
			finding(out, one, style);
		else
			more = true;
	}
	if (outcome->tolerance_unread > 0) {
		buffer_append_text(out, "\n  ");
		report_number(out, outcome->tolerance_unread);
		buffer_append_text(out, " rows that differ were not read again, so no tolerance is applied to them: "
					"--findings all\n");
	}
	if (any && !outcome->values_full)
		buffer_append_text(out, "\n  values are redacted: --values full shows them\n");
	if (any && outcome->sensitive_key != NULL)
		buffer_printf(out, "\n  sensitive values are shown as hashes under %s\n", outcome->sensitive_key);
	if (more)
		buffer_append_text(out, "\n  more of these: --details N, or --format json --findings all\n");
}

static void accepted(struct buffer *out, const struct outcome *outcome, const struct report_style *style)
{
	if (outcome->accepted_count > 0)
		buffer_append_text(out, "\nknown and accepted\n");
	for (uint64_t i = 0; i < outcome->accepted_count; i++) {
		const struct outcome_accepted *one = &outcome->accepted[i];
		if (i == style->details) {
			buffer_append_text(out, "  more of these: --details N\n");
			break;
		}
		buffer_printf(out, "  %s  %s  until %s: %s\n", finding_kinds[one->id].id, one->key_json, one->until,
			      one->why);
	}
}

/* The verdict and each lake's in a line, what is of no one lake, then each lake in full. */
static void lakes(struct outcome *outcome, const struct report_style *style, struct buffer *out)
{
	struct outcome rest = {.findings = outcome->findings, .finding_count = outcome->finding_count};
	rest.by_id[FINDING_ITEM_UNROUTED] = outcome->by_id[FINDING_ITEM_UNROUTED];
	memcpy(rest.levels, outcome->levels, sizeof rest.levels);
	memcpy(rest.lowered, outcome->lowered, sizeof rest.lowered);
	for (uint32_t i = 0; i < outcome->lake_count; i++) {
		struct outcome *lake = outcome->lakes[i];
		buffer_append_text(out, "  ");
		paint(out, style, verdict_colour(lake->verdict), verdict_text(lake->verdict));
		buffer_printf(out, "%*s  %s: ", (int)(sizeof "UNKNOWN" - 1 - strlen(verdict_text(lake->verdict))), "",
			      lake->name);
		report_headline(lake, out);
		buffer_append_byte(out, '\n');
	}
	findings(out, &rest, style);
	for (uint32_t i = 0; i < outcome->lake_count; i++) {
		buffer_printf(out, "\n== lake %s\n", outcome->lakes[i]->name);
		report_text(outcome->lakes[i], style, out);
	}
}

void report_text(struct outcome *outcome, const struct report_style *style, struct buffer *out)
{
	head(out, outcome, style);
	if (outcome->lake_count > 0) {
		lakes(outcome, style, out);
	} else {
		sides(out, outcome);
		sums(out, outcome);
		findings(out, outcome, style);
	}
	accepted(out, outcome, style);
	if (outcome->quarantined > 0) {
		buffer_append_text(out, "\nset aside: ");
		report_number(out, outcome->quarantined);
		buffer_printf(out, " record%s, listed with their bytes in %s\n", outcome->quarantined == 1 ? "" : "s",
			      outcome->quarantine);
	}
	if (outcome->reproduce != NULL)
		buffer_printf(out, "\nreproduce: %s\n", outcome->reproduce);
}
