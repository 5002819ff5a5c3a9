#include <inttypes.h>

#include "base/clock.h"
#include "reports/report.h"

static void name(struct buffer *out, const char *text)
{
	if (out->size > 0 && out->data[out->size - 1] != '{' && out->data[out->size - 1] != '[')
		buffer_append_byte(out, ',');
	if (text != NULL) {
		buffer_append_json(out, slice_from(text));
		buffer_append_byte(out, ':');
	}
}

static void member_text(struct buffer *out, const char *key, const char *text)
{
	name(out, key);
	if (text == NULL)
		buffer_append_text(out, "null");
	else
		buffer_append_json(out, slice_from(text));
}

static void member_number(struct buffer *out, const char *key, uint64_t number)
{
	name(out, key);
	buffer_append_u64(out, number);
}

static void member_time(struct buffer *out, const char *key, bool known, int64_t time_us)
{
	char text[CLOCK_TEXT_MAX];
	known = known && time_us != INT64_MIN && time_us != INT64_MAX;
	member_text(out, key, known ? clock_format(time_us, text) : NULL);
}

/* A value is JSON already unless it is hidden, or was cut, which its last character shows. */
static void member_value(struct buffer *out, const char *key, const char *value, bool hidden)
{
	static const char cut[] = "…";
	size_t size = value == NULL ? 0 : strlen(value);
	bool whole = !hidden && (size < sizeof cut || strcmp(value + size - (sizeof cut - 1), cut) != 0);
	name(out, key);
	if (value == NULL)
		buffer_append_text(out, "null");
	else if (whole)
		buffer_append_text(out, value);
	else
		buffer_append_json(out, slice_from(value));
}

static void counts(struct buffer *out, const struct outcome_counts *counts)
{
	name(out, "counts");
	buffer_append_byte(out, '{');
	member_number(out, "expected", counts->expected);
	member_number(out, "actual", counts->actual);
	member_number(out, "compared", counts->compared);
	member_number(out, "equal", counts->equal);
	if (counts->within_tolerance > 0)
		member_number(out, "within_tolerance", counts->within_tolerance);
	member_number(out, "different", counts->different);
	member_number(out, "unproven", counts->unproven);
	member_number(out, "out_of_scope", counts->out_of_scope);
	member_number(out, "deleted", counts->deleted);
	member_number(out, "soft_deleted", counts->soft_deleted);
	if (counts->closed > 0)
		member_number(out, "closed", counts->closed);
	member_number(out, "keys", counts->keys);
	member_number(out, "changes", counts->changes);
	member_number(out, "duplicates", counts->duplicates);
	static const char *const reasons[REASON_COUNT] = {"state",     "image",    "hole",  "not_settled",
							  "ambiguous", "conflict", "chain", "overlap",
							  "damaged",   "collision", "history"};
	name(out, "unproven_by_reason");
	buffer_append_byte(out, '{');
	for (int i = 0; i < REASON_COUNT; i++)
		if (counts->unproven_by_reason[i] > 0)
			member_number(out, reasons[i], counts->unproven_by_reason[i]);
	buffer_append_text(out, "}}");
}

static void finding_columns(struct buffer *out, const struct finding *finding)
{
	name(out, "columns");
	buffer_append_byte(out, '[');
	for (uint32_t i = 0; i < finding->column_count; i++) {
		const struct finding_column *column = &finding->columns[i];
		name(out, NULL);
		buffer_append_byte(out, '{');
		member_text(out, "column", column->name);
		member_value(out, "expected", column->expected, column->expected_hidden);
		member_value(out, "actual", column->actual, column->actual_hidden);
		if (column->note != NULL)
			member_text(out, "note", column->note);
		buffer_append_byte(out, '}');
	}
	buffer_append_byte(out, ']');
	if (finding->columns_more > 0)
		member_number(out, "columns_more", finding->columns_more);
}

static void finding_records(struct buffer *out, const struct finding *finding)
{
	name(out, "records");
	buffer_append_byte(out, '[');
	for (uint32_t i = 0; i < finding->record_count; i++) {
		const struct finding_record *record = &finding->records[i];
		name(out, NULL);
		buffer_append_byte(out, '{');
		member_text(out, "role", record->role);
		member_text(out, "file", record->path);
		if (record->has_position)
			member_number(out, "record", record->record);
		if (report_has_offset(record))
			member_number(out, "offset", record->offset);
		buffer_append_byte(out, '}');
	}
	buffer_append_byte(out, ']');
}

static void finding(struct buffer *out, const struct outcome *outcome, const struct finding *finding)
{
	name(out, NULL);
	buffer_append_byte(out, '{');
	member_text(out, "id", finding_kinds[finding->id].id);
	member_text(out, "level", finding_level_text(outcome->levels[finding->id]));
	if (finding->key_json != NULL) {
		name(out, "key");
		buffer_append_text(out, finding->key_json);
	}
	if (finding->digest != NULL)
		member_text(out, "digest", finding->digest);
	member_text(out, "cause", finding->cause);
	finding_columns(out, finding);
	finding_records(out, finding);
	buffer_append_byte(out, '}');
}

static void accepted(struct buffer *out, const struct outcome *outcome)
{
	name(out, "accepted");
	buffer_append_byte(out, '[');
	for (uint64_t i = 0; i < outcome->accepted_count; i++) {
		const struct outcome_accepted *one = &outcome->accepted[i];
		name(out, NULL);
		buffer_append_byte(out, '{');
		member_text(out, "id", finding_kinds[one->id].id);
		name(out, "key");
		buffer_append_text(out, one->key_json);
		member_text(out, "digest", one->digest);
		member_text(out, "until", one->until);
		member_text(out, "why", one->why);
		buffer_append_byte(out, '}');
	}
	buffer_append_byte(out, ']');
}

static void lake(struct buffer *out, const struct outcome *outcome)
{
	name(out, "lake");
	buffer_append_byte(out, '{');
	member_text(out, "path", outcome->lake);
	member_number(out, "version", (uint64_t)outcome->lake_version);
	member_time(out, "committed", true, outcome->lake_commit_us);
	member_number(out, "files", outcome->lake_files);
	member_number(out, "columns_compared", outcome->columns_compared);
	member_number(out, "columns", outcome->columns_total);
	if (outcome->lake_newest_before >= 0)
		member_number(out, "newest_version_before_evidence_end", (uint64_t)outcome->lake_newest_before);
	buffer_append_byte(out, '}');
}

static void evidence(struct buffer *out, const struct outcome *outcome)
{
	name(out, "evidence");
	buffer_append_byte(out, '{');
	member_time(out, "ends", true, outcome->evidence_end_us);
	name(out, "sources");
	buffer_append_byte(out, '[');
	for (uint32_t i = 0; i < outcome->source_count; i++) {
		const struct outcome_source *source = &outcome->sources[i];
		name(out, NULL);
		buffer_append_byte(out, '{');
		member_text(out, "source", source->text);
		member_text(out, "kind", source->kind);
		name(out, "independent");
		buffer_append_text(out, source->independent ? "true" : "false");
		member_number(out, "files", source->files);
		member_number(out, "records", source->records);
		member_number(out, "bytes", source->bytes);
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
	name(out, "properties");
	buffer_append_byte(out, '[');
	for (uint32_t i = 0; i < PROPERTY_COUNT; i++) {
		name(out, NULL);
		buffer_append_byte(out, '{');
		member_text(out, "name", properties[i].name);
		member_text(out, "state", states[properties[i].state]);
		member_number(out, "against", properties[i].count);
		buffer_append_byte(out, '}');
	}
	buffer_append_byte(out, ']');
}

static void object(struct buffer *out, struct outcome *outcome);

static void lakes(struct buffer *out, const struct outcome *outcome)
{
	name(out, "lakes");
	buffer_append_byte(out, '[');
	for (uint32_t i = 0; i < outcome->lake_count; i++) {
		name(out, NULL);
		object(out, outcome->lakes[i]);
	}
	buffer_append_byte(out, ']');
}

static void object(struct buffer *out, struct outcome *outcome)
{
	buffer_append_byte(out, '{');
	if (outcome->name != NULL)
		member_text(out, "name", outcome->name);
	member_text(out, "verdict", verdict_text(outcome->verdict));
	member_text(out, "scope", outcome_scope_text(outcome));
	name(out, "reasons");
	buffer_append_byte(out, '[');
	for (uint32_t i = 0; i < outcome->reason_count; i++)
		member_text(out, NULL, outcome->reasons[i]);
	buffer_append_byte(out, ']');
	name(out, "proved_through");
	buffer_append_byte(out, '{');
	member_time(out, "dynamodb", outcome->has_proved_dynamodb, outcome->proved_dynamodb_us);
	member_time(out, "landing", outcome->has_proved_landing, outcome->proved_landing_us);
	buffer_append_byte(out, '}');
	counts(out, &outcome->counts);
	name(out, "findings_by_id");
	buffer_append_byte(out, '{');
	for (int id = 0; id < FINDING_COUNT; id++)
		if (outcome->by_id[id] > 0)
			member_number(out, finding_kinds[id].id, outcome->by_id[id]);
	buffer_append_byte(out, '}');
	properties(out, outcome);
	member_text(out, "table", outcome->table);
	member_text(out, "contract", outcome->contract);
	if (outcome->lake_count > 0)
		lakes(out, outcome);
	else
		lake(out, outcome);
	evidence(out, outcome);
	if (outcome->sample_ppb != 0)
		member_text(out, "sample", outcome_sample_text(outcome));
	member_text(out, "values", outcome->values_full ? "full" : "redacted");
	if (outcome->sensitive_key != NULL)
		member_text(out, "sensitive_key", outcome->sensitive_key);
	member_time(out, "run", true, outcome->run_us);
	member_text(out, "reproduce", outcome->reproduce);
	if (outcome->quarantined > 0) {
		name(out, "quarantine");
		buffer_append_byte(out, '{');
		member_number(out, "records", outcome->quarantined);
		member_text(out, "file", outcome->quarantine);
		buffer_append_byte(out, '}');
	}
	accepted(out, outcome);
	if (outcome->tolerance_unread > 0)
		member_number(out, "tolerance_unread", outcome->tolerance_unread);
	member_number(out, "findings_shown", outcome->finding_count);
	name(out, "findings");
	buffer_append_byte(out, '[');
	for (uint64_t i = 0; i < outcome->finding_count; i++)
		finding(out, outcome, &outcome->findings[i]);
	buffer_append_text(out, "]}");
}

void report_json(struct outcome *outcome, struct buffer *out)
{
	object(out, outcome);
	buffer_append_byte(out, '\n');
}
