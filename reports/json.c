#include <inttypes.h>

#include "base/clock.h"
#include "reports/members.h"
#include "reports/report.h"

static void member_time(struct buffer *out, const char *key, bool known, int64_t time_us)
{
	char text[CLOCK_TEXT_MAX];
	known = known && time_us != INT64_MIN && time_us != INT64_MAX;
	members_text(out, key, known ? clock_format(time_us, text) : NULL);
}

/* A value is JSON already unless it is hidden, or was cut, which its last character shows. */
static void member_value(struct buffer *out, const char *key, const char *value, bool hidden)
{
	static const char cut[] = "…";
	size_t size = value == NULL ? 0 : strlen(value);
	bool whole = !hidden && (size < sizeof cut || strcmp(value + size - (sizeof cut - 1), cut) != 0);
	members_name(out, key);
	if (value == NULL)
		buffer_append_text(out, "null");
	else if (whole)
		buffer_append_text(out, value);
	else
		buffer_append_json(out, slice_from(value));
}

static void counts(struct buffer *out, const struct outcome_counts *counts)
{
	members_open(out, "counts", '{');
	members_u64(out, "expected", counts->expected);
	members_u64(out, "actual", counts->actual);
	members_u64(out, "compared", counts->compared);
	members_u64(out, "equal", counts->equal);
	if (counts->within_tolerance > 0)
		members_u64(out, "within_tolerance", counts->within_tolerance);
	members_u64(out, "different", counts->different);
	members_u64(out, "unproven", counts->unproven);
	members_u64(out, "out_of_scope", counts->out_of_scope);
	members_u64(out, "deleted", counts->deleted);
	members_u64(out, "soft_deleted", counts->soft_deleted);
	if (counts->closed > 0)
		members_u64(out, "closed", counts->closed);
	members_u64(out, "keys", counts->keys);
	members_u64(out, "changes", counts->changes);
	members_u64(out, "duplicates", counts->duplicates);
	static const char *const reasons[REASON_COUNT] = {"state",     "image",    "hole",  "not_settled",
							  "ambiguous", "conflict", "chain", "overlap",
							  "damaged",   "collision", "history"};
	members_open(out, "unproven_by_reason", '{');
	for (int i = 0; i < REASON_COUNT; i++)
		if (counts->unproven_by_reason[i] > 0)
			members_u64(out, reasons[i], counts->unproven_by_reason[i]);
	buffer_append_text(out, "}}");
}

static void finding_columns(struct buffer *out, const struct finding *finding)
{
	members_open(out, "columns", '[');
	for (uint32_t i = 0; i < finding->column_count; i++) {
		const struct finding_column *column = &finding->columns[i];
		members_open(out, NULL, '{');
		members_text(out, "column", column->name);
		member_value(out, "expected", column->expected, column->expected_hidden);
		member_value(out, "actual", column->actual, column->actual_hidden);
		if (column->note != NULL)
			members_text(out, "note", column->note);
		buffer_append_byte(out, '}');
	}
	buffer_append_byte(out, ']');
	if (finding->columns_more > 0)
		members_u64(out, "columns_more", finding->columns_more);
}

static void finding_records(struct buffer *out, const struct finding *finding)
{
	members_open(out, "records", '[');
	for (uint32_t i = 0; i < finding->record_count; i++) {
		const struct finding_record *record = &finding->records[i];
		members_open(out, NULL, '{');
		members_text(out, "role", record->role);
		members_text(out, "file", record->path);
		if (record->has_position)
			members_u64(out, "record", record->record);
		if (report_has_offset(record))
			members_u64(out, "offset", record->offset);
		buffer_append_byte(out, '}');
	}
	buffer_append_byte(out, ']');
}

static void finding(struct buffer *out, const struct outcome *outcome, const struct finding *finding)
{
	members_open(out, NULL, '{');
	members_text(out, "id", finding_kinds[finding->id].id);
	members_text(out, "level", finding_level_text(outcome->levels[finding->id]));
	if (finding->key_json != NULL) {
		members_name(out, "key");
		buffer_append_text(out, finding->key_json);
	}
	if (finding->digest != NULL)
		members_text(out, "digest", finding->digest);
	members_text(out, "cause", finding->cause);
	finding_columns(out, finding);
	finding_records(out, finding);
	buffer_append_byte(out, '}');
}

static void accepted(struct buffer *out, const struct outcome *outcome)
{
	members_open(out, "accepted", '[');
	for (uint64_t i = 0; i < outcome->accepted_count; i++) {
		const struct outcome_accepted *one = &outcome->accepted[i];
		members_open(out, NULL, '{');
		members_text(out, "id", finding_kinds[one->id].id);
		members_name(out, "key");
		buffer_append_text(out, one->key_json);
		members_text(out, "digest", one->digest);
		members_text(out, "until", one->until);
		members_text(out, "why", one->why);
		buffer_append_byte(out, '}');
	}
	buffer_append_byte(out, ']');
}

static void lake(struct buffer *out, const struct outcome *outcome)
{
	members_open(out, "lake", '{');
	members_text(out, "path", outcome->lake);
	members_u64(out, "version", (uint64_t)outcome->lake_version);
	member_time(out, "committed", true, outcome->lake_commit_us);
	members_u64(out, "files", outcome->lake_files);
	members_u64(out, "columns_compared", outcome->columns_compared);
	members_u64(out, "columns", outcome->columns_total);
	if (outcome->lake_newest_before >= 0)
		members_u64(out, "newest_version_before_evidence_end", (uint64_t)outcome->lake_newest_before);
	buffer_append_byte(out, '}');
}

static void evidence(struct buffer *out, const struct outcome *outcome)
{
	members_open(out, "evidence", '{');
	member_time(out, "ends", true, outcome->evidence_end_us);
	members_open(out, "sources", '[');
	for (uint32_t i = 0; i < outcome->source_count; i++) {
		const struct outcome_source *source = &outcome->sources[i];
		members_open(out, NULL, '{');
		members_text(out, "source", source->text);
		members_text(out, "kind", source->kind);
		members_bool(out, "independent", source->independent);
		members_u64(out, "files", source->files);
		members_u64(out, "records", source->records);
		members_u64(out, "bytes", source->bytes);
		member_time(out, "from", source->from_us <= source->to_us, source->from_us);
		member_time(out, "to", source->from_us <= source->to_us, source->to_us);
		buffer_append_byte(out, '}');
	}
	buffer_append_text(out, "]}");
}

static void properties(struct buffer *out, const struct outcome *outcome)
{
	static const char *const states[] = {"ok", "failed", "unknown"};
	struct property properties[PROPERTY_COUNT];
	report_properties(outcome, properties);
	members_open(out, "properties", '[');
	for (uint32_t i = 0; i < PROPERTY_COUNT; i++) {
		members_open(out, NULL, '{');
		members_text(out, "name", properties[i].name);
		members_text(out, "state", states[properties[i].state]);
		members_u64(out, "against", properties[i].count);
		buffer_append_byte(out, '}');
	}
	buffer_append_byte(out, ']');
}

static void object(struct buffer *out, struct outcome *outcome);

static void lakes(struct buffer *out, const struct outcome *outcome)
{
	members_open(out, "lakes", '[');
	for (uint32_t i = 0; i < outcome->lake_count; i++) {
		members_name(out, NULL);
		object(out, outcome->lakes[i]);
	}
	buffer_append_byte(out, ']');
}

static void object(struct buffer *out, struct outcome *outcome)
{
	buffer_append_byte(out, '{');
	if (outcome->name != NULL)
		members_text(out, "name", outcome->name);
	members_text(out, "verdict", verdict_text(outcome->verdict));
	members_text(out, "scope", outcome_scope_text(outcome));
	members_open(out, "reasons", '[');
	for (uint32_t i = 0; i < outcome->reason_count; i++)
		members_text(out, NULL, outcome->reasons[i]);
	buffer_append_byte(out, ']');
	members_open(out, "proved_through", '{');
	member_time(out, "dynamodb", outcome->has_proved_dynamodb, outcome->proved_dynamodb_us);
	member_time(out, "landing", outcome->has_proved_landing, outcome->proved_landing_us);
	buffer_append_byte(out, '}');
	counts(out, &outcome->counts);
	members_open(out, "findings_by_id", '{');
	for (int id = 0; id < FINDING_COUNT; id++)
		if (outcome->by_id[id] > 0)
			members_u64(out, finding_kinds[id].id, outcome->by_id[id]);
	buffer_append_byte(out, '}');
	properties(out, outcome);
	members_text(out, "table", outcome->table);
	members_text(out, "contract", outcome->contract);
	if (outcome->lake_count > 0)
		lakes(out, outcome);
	else
		lake(out, outcome);
	evidence(out, outcome);
	if (outcome->sample_ppb != 0)
		members_text(out, "sample", outcome_sample_text(outcome));
	members_text(out, "values", outcome->values_full ? "full" : "redacted");
	if (outcome->sensitive_key != NULL)
		members_text(out, "sensitive_key", outcome->sensitive_key);
	member_time(out, "run", true, outcome->run_us);
	members_text(out, "reproduce", outcome->reproduce);
	if (outcome->quarantined > 0) {
		members_open(out, "quarantine", '{');
		members_u64(out, "records", outcome->quarantined);
		members_text(out, "file", outcome->quarantine);
		buffer_append_byte(out, '}');
	}
	accepted(out, outcome);
	if (outcome->tolerance_unread > 0)
		members_u64(out, "tolerance_unread", outcome->tolerance_unread);
	members_u64(out, "findings_shown", outcome->finding_count);
	members_open(out, "findings", '[');
	for (uint64_t i = 0; i < outcome->finding_count; i++)
		finding(out, outcome, &outcome->findings[i]);
	buffer_append_text(out, "]}");
}

void report_json(struct outcome *outcome, struct buffer *out)
{
	object(out, outcome);
	buffer_append_byte(out, '\n');
}
