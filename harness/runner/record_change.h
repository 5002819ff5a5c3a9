/* record_change - what one change record changed, in a few words for people: `status "paid" → "shipped", -notes`.
 *
 * Values are shown cut: whoever calls knows that they may be. Pure; any thread. A buffer that failed says so itself. */
#ifndef LAKEPROOF_HARNESS_RUNNER_RECORD_CHANGE_H
#define LAKEPROOF_HARNESS_RUNNER_RECORD_CHANGE_H

#include "base/buffer.h"
#include "sources/record.h"

/* Nothing of a removal, or of a record without images. */
void record_change_text(const struct record *record, struct buffer *out);

#endif
