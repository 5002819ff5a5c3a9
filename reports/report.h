/* report - an outcome as people and machines read it: text, JSON, TAP.
 *
 * All renderers draw from struct outcome and from the properties derived here, so they cannot disagree. A renderer
 * appends to a buffer and prints nothing. Values of items appear only where the outcome holds them. */
#ifndef LAKEPROOF_REPORTS_REPORT_H
#define LAKEPROOF_REPORTS_REPORT_H

#include "base/buffer.h"
#include "base/error.h"
#include "reconcile/outcome.h"

enum report_format { REPORT_TEXT, REPORT_JSON, REPORT_TAP, REPORT_TAP13 };

struct report_style {
	bool colour;
	uint64_t details; /* REPORT_TEXT: findings told in full, per id */
};

/* False when it names no format. */
bool report_format_parse(const char *text, enum report_format *format) MUST_USE;
int report_render(struct outcome *outcome, enum report_format format, const struct report_style *style,
		  struct buffer *out, struct error *error) MUST_USE;

/* One thing that a PASS claims, and how it stands. */
enum property_state { PROPERTY_OK, PROPERTY_FAILED, PROPERTY_UNKNOWN };
struct property {
	const char *name; /* a sentence */
	enum property_state state;
	uint64_t count; /* findings, or keys, that stand against it */
	bool lowered;   /* some do, but the contract lowers or allows them */
};

/* What was not read makes everything else uncertain. */
enum { PROPERTY_READ_WHOLE = 0, PROPERTY_COUNT = 12 };
void report_properties(const struct outcome *outcome, struct property properties[PROPERTY_COUNT]);
/* Whether finding `id` speaks against property `index`. */
bool report_property_has(uint32_t index, enum finding_id id);
/* False for a lake row: it has a number in its Parquet file, but no byte offset. */
bool report_has_offset(const struct finding_record *record);

void report_text(struct outcome *outcome, const struct report_style *style, struct buffer *out);
void report_json(struct outcome *outcome, struct buffer *out);
void report_tap(struct outcome *outcome, int version, struct buffer *out);

/* 1234567 as "1,234,567". */
void report_number(struct buffer *out, uint64_t number);

#endif
