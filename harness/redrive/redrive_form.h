/* redrive_form - one record, found again, written in a pipeline's own format.
 *
 * A change that already is what the format holds is written byte for byte; another is put together anew from what it
 * says, under the same stamp. What only an export tells becomes a MODIFY whose two images are the same, or a REMOVE,
 * stamped after all that is known of the key and before all that may come: see docs/redrive.md. Formats are those of
 * generators/stream_format.h. One thread a form. Errors: ERROR_USAGE for a format that cannot carry changes of
 * somebody else's, ERROR_INTERNAL. */
#ifndef LAKEPROOF_HARNESS_REDRIVE_REDRIVE_FORM_H
#define LAKEPROOF_HARNESS_REDRIVE_REDRIVE_FORM_H

#include "generators/stream_format.h"
#include "harness/redrive/redrive_plan.h"

#define REDRIVE_FORMATS                                                                                                \
	"streams|lambda|pipes|concatenated|kinesis|kinesis-ms|kinesis-lambda|kinesis-pipes|kinesis-base64|firehose|"   \
	"firehose-transform|firehose-parquet|flat|flat-sequence|dms|bronze"

struct redrive_form;

struct redrive_style {
	const char *format, *view;
	const char *fields; /* of dms: the columns after the stamp, separated by commas; NULL: key, then as mapped */
	bool newer;         /* changes are stamped after what they were, and say that nothing changed */
	int64_t now_us;
};

/* What became of a record. */
struct redrive_told {
	const char *what; /* "INSERT", "MODIFY", "REMOVE" */
	bool verbatim;
	bool more; /* the next step is the rest of it */
	char sequence[48]; /* "" without one */
	int64_t time_us;
};

int redrive_form_new(const struct redrive_style *style, const struct run *run, struct redrive_form **form,
		     struct error *error) MUST_USE;
void redrive_form_free(struct redrive_form *form);
/* Appends it to `out`, or says why not: false and *left. `record` is NULL for REDRIVE_ABSENCE. A newer removal is an
 * INSERT (step 0) and the REMOVE of that (step 1). */
bool redrive_form_record(struct redrive_form *form, const struct redrive_key *key, const struct record *record,
			 unsigned step, struct buffer *out, struct redrive_told *told, enum redrive_left *left);
/* As struct stream_format has it. */
void redrive_form_frame(const struct redrive_form *form, uint64_t count, uint64_t index, struct buffer *out);
const struct stream_format *redrive_form_format(const struct redrive_form *form);
const struct stream_style *redrive_form_style(const struct redrive_form *form);

#endif
