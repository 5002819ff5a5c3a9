/* column_step - one step of a column's `as`: a closed set of functions from text (or bytes) to text.
 *
 * docs/contract.md states each. Immutable once read; the texts live as long as the contract. Compiled patterns belong
 * to one thread (struct step_patterns), because matching keeps state. */
#ifndef LAKEPROOF_RECONCILE_CONTRACT_COLUMN_STEP_H
#define LAKEPROOF_RECONCILE_CONTRACT_COLUMN_STEP_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/buffer.h"
#include "base/slice.h"

enum step_kind {
	STEP_TRIM = 1, /* spaces (U+0020) at both ends */
	STEP_LOWER,    /* Unicode, as ICU does without a locale */
	STEP_UPPER,
	STEP_SHA256, /* hex, lower case; of a binary: of its bytes */
	STEP_MD5,
	STEP_HMAC, /* SHA-256 under the column's secret, hex */
	STEP_BASE64,
	STEP_HEX,
	STEP_NUMBER,  /* text to a number */
	STEP_EXTRACT, /* text: the pattern; its one group, or "" */
	STEP_SUBSTR,  /* characters; start from 1, or from the end when negative */
	STEP_CONCAT,  /* text: what stands between; null when one of them is */
	STEP_COALESCE /* text: what stands for null, NULL: nothing */
};

struct column_step {
	enum step_kind kind;
	const char *text;
	int64_t start, length; /* length -1: to the end */
};

/* What steps hand to each other. */
struct step_text {
	struct slice bytes;
	bool binary; /* not text */
};

struct step_pattern;
/* NULL and *why (static text) when the pattern is none, or has not exactly one group. */
struct step_pattern *step_pattern_new(const char *pattern, const char **why);
void step_pattern_free(struct step_pattern *pattern);

enum step_status { STEP_DONE = 0, STEP_UNFIT /* of a type it does not take */, STEP_NO_MEMORY };

/* What the pattern's group matched first in the text; data NULL: the pattern does not match. Lives in `out`, which is
 * emptied first. UNFIT: matching takes too many steps. */
enum step_status step_pattern_group(struct step_pattern *pattern, struct slice text, struct buffer *out,
				    struct slice *group) MUST_USE;

/* All but NUMBER, CONCAT and COALESCE. The result replaces *text and lives in `out`, which is emptied first, or is part
 * of what was given. */
enum step_status step_apply(const struct column_step *step, const char *secret, struct step_pattern *pattern,
			    struct buffer *out, struct step_text *text) MUST_USE;

#endif
