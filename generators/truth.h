/* truth - what the table really holds in the end, as SQLite, for tests and oracles.
 *
 * item(key_json, pk, sk, item_json, version, state): every key that ever existed; state is live, delete or ttl; pk and
 * sk are text for S, canonical text for N, base64 for B. counts(name, value). change(ordinal, sequence, time_us,
 * key_json, event, old_version, new_version) with TRUTH_HISTORY. Rows come in the model's order, so the file's bytes
 * are a function of the model and SQLite's version. */
#ifndef LAKEPROOF_GENERATORS_TRUTH_H
#define LAKEPROOF_GENERATORS_TRUTH_H

#include "generators/workload.h"

enum truth_level {
	TRUTH_NONE = 0, /* no file */
	TRUTH_KEYS,     /* item_json is NULL */
	TRUTH_FULL,
	TRUTH_HISTORY
};
#define TRUTH_LEVELS "none|keys|full|history"

struct truth_count {
	const char *name;
	uint64_t value;
};

/* The states at the end by status. */
struct truth_totals {
	uint64_t live, deleted, expired;
};
struct truth_totals truth_totals(const struct history *history);

/* `counts` ends with name NULL. */
int truth_write(const struct model *model, const struct history *history, enum truth_level level,
		const struct truth_count *counts, const char *path, struct error *error) MUST_USE;

#endif
