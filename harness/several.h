/* several - many contracts in one call: found in folders, judged side by side.
 *
 * A folder stands for its *.yaml and *.yml files that are contracts, sorted by name: those that hold `sources`, `lake`
 * or `lakes`, and those that cannot be read as YAML, since nothing says that they are none. The other YAML files are
 * passed over, by name. Everything is owned by the struct until several_release. Not for several threads at once; it
 * starts its own. Errors: ERROR_USAGE when there is no contract, or one is there twice; ERROR_IO. */
#ifndef LAKEPROOF_HARNESS_SEVERAL_H
#define LAKEPROOF_HARNESS_SEVERAL_H

#include <sys/types.h>

#include "harness/session.h"
#include "reports/report.h"

/* Which file an entry is, so that none is there twice. */
struct several_file {
	dev_t device;
	ino_t node;
};

struct several {
	struct report_entry *entries;
	struct several_file *files; /* of each entry */
	uint64_t count;
	const char **passed_over;
	uint64_t passed_over_count;
	struct arena arena;
};

/* Whether the operands ask for more than one contract's report: several, or a folder. */
bool several_asked(int operand_count, char **operands);
int several_find(struct several *several, int operand_count, char **operands, struct error *error) MUST_USE;
/* Judges each; as many at once as there are threads and 32 MiB of memory, which they share. `finish` is called for each
 * outcome, from several threads; it may be NULL. An entry that cannot be judged has its error; the call has none but
 * out of memory. */
int several_judge(struct several *several, const struct session_options *options, uint64_t finding_limit,
		  int (*finish)(const struct session_options *own, const char *contract, struct outcome *outcome,
				struct error *error),
		  struct error *error) MUST_USE;
void several_release(struct several *several);

#endif
