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

/* One contract of several: what became of it. */
struct report_entry {
	const char *contract;
	struct outcome *outcome; /* NULL: it could not be judged, then */
	int code;                /* an enum error_code */
	const char *message;
};

/* The worst of all exits: 70, 74, 1 (FAIL), 64, 65, 2 (UNKNOWN), 0. What makes every statement doubtful comes before a
 * proven difference, that before what one contract's author must mend, and PASS only when all pass. */
int report_worst_exit(const struct report_entry *entries, uint64_t count);
/* FAIL when one fails; PASS when all pass and there is one at least; else UNKNOWN. */
enum verdict report_worst_verdict(const struct report_entry *entries, uint64_t count);
/* passed_over: files of a folder that are no contracts, told so that none is missed. */
int report_render_several(const struct report_entry *entries, uint64_t count, const char *const *passed_over,
			  uint64_t passed_over_count, enum report_format format, const struct report_style *style,
			  struct buffer *out, struct error *error) MUST_USE;

/* Points from `number` on, each with the contract's name before it unless that is NULL. */
void report_tap_points(struct outcome *outcome, const char *contract, uint64_t number, struct buffer *out);
void report_tap_name(struct buffer *out, const char *name);
/* "1,742 of 100,395 compared keys differ" */
void report_headline(const struct outcome *outcome, struct buffer *out);

void report_text(struct outcome *outcome, const struct report_style *style, struct buffer *out);
void report_json(struct outcome *outcome, struct buffer *out);
void report_tap(struct outcome *outcome, int version, struct buffer *out);

/* 1234567 as "1,234,567". */
void report_number(struct buffer *out, uint64_t number);

#endif
