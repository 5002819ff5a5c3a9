/* session - what the verbs that use a contract share: options, opening a run, telling errors. */
#ifndef LAKEPROOF_HARNESS_SESSION_H
#define LAKEPROOF_HARNESS_SESSION_H

#include "harness/verb.h"
#include "reconcile/run.h"

struct session_options {
	const char *state, *values, *quarantine;
	int64_t jobs;
	int64_t memory;
	int64_t version;
	uint64_t sample_ppb; /* as in struct run_options */
	bool no_steps; /* no progress: who opens several sessions tells his own */
};

void session_defaults(struct session_options *options);
/* How a verb looks at the lake: not at all, it must be there, or where the contract has one. */
enum session_lake { SESSION_NO_LAKE = 0, SESSION_LAKE, SESSION_LAKE_IF_ANY };

/* Opens a run over the contract. finding_limit as in struct run_options. */
int session_open(const struct session_options *options, const char *contract, enum session_lake lake,
		 uint64_t finding_limit, struct run **run, struct error *error) MUST_USE;
/* Ends a line on stderr with what a reader said of a record, as far as it may be told. */
void session_print_message(const struct run *run, const char *id, const char *message);
/* Whether --values, or else what stdout is, lets items' values be shown. */
bool session_values_full(const struct session_options *options);
/* Prints "lakeproof VERB: message" on stderr; returns the exit code for it. */
int session_fail(const char *verb, const struct error *error);

/* Entries of an option table whose options struct has a member `session`. */
#define SESSION_OPTIONS(type)                                                                                          \
	{"state", OPTION_TEXT, offsetof(type, session.state), "DIR", NULL,                                             \
	 "where state is kept (default: .lakeproof beside the contract)"},                                            \
	{"jobs", OPTION_NUMBER, offsetof(type, session.jobs), "N", NULL, "worker threads (default: the cores)"},      \
	{"memory", OPTION_SIZE, offsetof(type, session.memory), "SIZE", NULL,                                          \
	 "memory for sorting and merging (default: 128MiB)"}
#define SESSION_VERSION(type)                                                                                          \
	{"version", OPTION_NUMBER, offsetof(type, session.version), "N", NULL,                                         \
	 "table version (default: the contract's, else the latest)"}

#define SESSION_QUARANTINE(type)                                                                                       \
	{"quarantine", OPTION_TEXT, offsetof(type, session.quarantine), "FILE", NULL,                                  \
	 "where records that cannot be read are listed (default: quarantine.jsonl in the state)"}
#define SESSION_VALUES(type)                                                                                           \
	{"values", OPTION_CHOICE, offsetof(type, session.values), "HOW", "full|redacted",                              \
	 "show items' values, or only their kinds and lengths (default: full on a terminal, else redacted)"}

#endif
