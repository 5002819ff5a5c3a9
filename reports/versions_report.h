/* versions_report - what became of a table's versions, as people and machines read it: text, JSON, TAP 14 or 13.
 *
 * Appends to a buffer and prints nothing. No values of items are in it, but the keys. Borrows; any thread. */
#ifndef LAKEPROOF_REPORTS_VERSIONS_REPORT_H
#define LAKEPROOF_REPORTS_VERSIONS_REPORT_H

#include "reconcile/versions.h"
#include "reports/report.h"

/* One lake's. comparison: of a replay, or NULL. */
struct versions_entry {
	struct versions_outcome outcome;
	struct versions_comparison *comparison;
};

void versions_report(const struct versions_entry *entries, uint32_t count, enum report_format format,
		     struct buffer *out);
/* The worst of them all: FAIL, then UNKNOWN, then PASS. */
enum verdict versions_report_verdict(const struct versions_entry *entries, uint32_t count);

#endif
