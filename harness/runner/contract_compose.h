/* contract_compose - the contract that a cell is judged by: the generated one, its sources where they lie for the cell,
 * the pipeline's own words over it.
 *
 * Errors: ERROR_USAGE for a pipeline's contract that is no YAML, ERROR_INTERNAL. */
#ifndef LAKEPROOF_HARNESS_RUNNER_CONTRACT_COMPOSE_H
#define LAKEPROOF_HARNESS_RUNNER_CONTRACT_COMPOSE_H

#include "base/buffer.h"
#include "base/error.h"

struct contract_request {
	const char *generated; /* YAML */
	const char *prefix;    /* put before the sources' paths, with a slash */
	bool independent;      /* the events were not captured by the pipeline */
	bool open_end;         /* more is to come: events have no `to` */
	/* Whether that source is there; NULL: all are. */
	bool (*has)(void *context, const char *path);
	void *context;
	bool since_creation; /* where no export is left, the table began empty */
	const char *overlay; /* YAML, may be NULL */
	const char *delta;   /* the table's folder */
};

/* *sources: how many are left; with none nothing is written. */
int contract_compose(const struct contract_request *request, struct buffer *yaml, unsigned *sources,
		     struct error *error) MUST_USE;

#endif
