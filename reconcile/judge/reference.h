/* reference - the reference merger: docs/semantics.sql run by SQLite over plain tables.
 *
 * Invariant: its rules are the SQL's and nothing else; this module only fills the input tables and reads the view
 * `judgement`. It shares no code with judge.c, which it exists to check. It is for up to some millions of
 * facts: it holds them all in a database that SQLite makes and removes. The SQL is built into the program.
 *
 * Threads: one caller at a time per merger. Errors: ERROR_IO from SQLite (disk full), ERROR_INTERNAL. */
#ifndef LAKEPROOF_RECONCILE_JUDGE_REFERENCE_H
#define LAKEPROOF_RECONCILE_JUDGE_REFERENCE_H

#include "reconcile/judge/merge.h"

struct reference;

/* Facts in any order: feed hands each one to `each` and stops with its result when that is nonzero. */
struct reference_facts {
	void *context;
	int (*feed)(void *context, int (*each)(void *each_context, const struct fact *fact, struct error *error),
		    void *each_context, struct error *error);
};

/* The text of docs/semantics.sql. */
const char *reference_sql(void);

/* Makes the tables; owned by the caller, who closes it. *opened is NULL after an error. */
int reference_open(struct reference **opened, struct error *error) MUST_USE;
void reference_close(struct reference *reference);

/* Fills the tables, states the rules, and visits every key in the order of its bytes. May be run again, with other
 * facts, and knows nothing then of those before. source_groups[id] is the export group of source `id`, 0 for none, for
 * ids below source_count. The judgement is borrowed for the call. */
int reference_run(struct reference *reference, const struct scope *scope, const uint32_t *source_groups,
		  uint32_t source_count, const struct reference_facts *facts,
		  int (*visit)(void *context, const struct judgement *judgement, struct error *error), void *context,
		  struct error *error) MUST_USE;

/* The name of the first field in which the two differ, NULL when they are the same. */
const char *reference_difference(const struct judgement *left, const struct judgement *right);

/* Runs both mergers over the chosen sources and holds every field of every key together; ERROR_INTERNAL names the first
 * key (in hexadecimal) and field that differ. */
int reference_check(struct state *state, const struct scope *scope, const struct merge_options *options,
		    struct error *error) MUST_USE;

#endif
