/* state - what has been read, kept in one SQLite file: sources, their facts as sorted segments, their problems.
 *
 * Invariant: a source's facts count only when its row says done, and done is set in the transaction that writes its
 * last block, after every check its file carries has matched. So a run killed at any point leaves whole sources or
 * nothing; leftovers are dropped when the state is opened. Reading the same unchanged files again adds nothing.
 *
 * A segment holds the facts of one or more whole sources, sorted by fact_compare, as checksummed blocks of some 64 KB.
 * Threads: the functions on struct state may be called from any thread (one writer at a time inside); a state_builder
 * belongs to one thread. One process at a time: state_open takes a lock, ERROR_IO "in use" when another holds it.
 *
 * Errors: ERROR_IO (disk full, a folder that cannot be written, damage, another layout: the message says what to do).
 * Damage is never data: each page of the database has its checksum (reconcile/state/state_pages.h). */
#ifndef LAKEPROOF_RECONCILE_STATE_STATE_H
#define LAKEPROOF_RECONCILE_STATE_STATE_H

#include "base/error.h"
#include "reconcile/state/fact.h"
#include "sources/record.h"

struct sqlite3;
struct state;
struct state_builder;

enum state_source_kind { STATE_EXPORT_FILE = 1, STATE_EVENTS_FILE, STATE_LAKE_FILE };

/* One file. Strings given in are copied; strings handed out live until state_close. */
struct state_source {
	uint32_t id; /* given by the state, from 1; never reused */
	enum state_source_kind kind;
	uint32_t group;   /* STATE_EXPORT_FILE: state_group of the export's folder; STATE_EVENTS_FILE: of the contract
			     source;   STATE_LAKE_FILE: of the table */
	const char *path; /* where it is, as opened */
	const char *identity; /* for lake files: path, deletion vector and partition as text; else "" */
	uint64_t size_bytes;
	int64_t mtime_ns;
	uint64_t content;     /* XXH64 of what was read, or of the MD5; 0 unknown */
	uint64_t fingerprint; /* of the digest plan its row digests were made under, and of what else made its facts */
	bool complete;        /* file_result.complete: when false it has no facts, only problems */
	uint64_t records, unreadable, bytes, stored_bytes, facts;
};

struct state_problem {
	uint32_t source; /* 0: not of one file */
	const char *id;
	const char *path;
	bool has_position, has_key;
	uint64_t record, offset;
	struct slice key; /* has_key */
	const char *message;
};

struct state_domain_window {
	uint32_t domain, source;
	uint64_t records;
	int64_t lo, hi; /* over its records with a time; lo > hi when none has one */
};

int state_open(const char *folder, struct state **state, struct error *error) MUST_USE; /* makes the folder */
void state_close(struct state *state);
struct sqlite3 *state_database(struct state *state);

/* Small ids for texts: an export folder, a contract source, a table, a stream ARN. The same text gives the same id. */
int state_group(struct state *state, const char *text, uint32_t *id, struct error *error) MUST_USE;
int state_domain(struct state *state, uint32_t group, struct slice stream_arn, uint32_t *id,
		 struct error *error) MUST_USE;
const char *state_group_text(const struct state *state, uint32_t id);
/* The domain's ARN, "" for the nameless one of a group, or KINESIS_DOMAIN, region, ':' and table. */
#define KINESIS_DOMAIN "kinesis:"
const char *state_domain_arn(const struct state *state, uint32_t id, uint32_t *group);

const struct state_source *state_source(const struct state *state, uint32_t id);
/* The done source with the smallest id above `after`, or NULL: iterates all. */
const struct state_source *state_source_next(const struct state *state, uint32_t after);
/* Drops sources (their facts vanish from merges at once; segments without a live source are deleted). */
int state_drop(struct state *state, const uint32_t *ids, uint64_t count, struct error *error) MUST_USE;

/* Merges segments until a merge's blocks, one of each, fit `memory_max` bytes; some 1 MB they may always take. While no
 * builder has anything open and nothing is merged. */
int state_fit_memory(struct state *state, size_t memory_max, struct error *error) MUST_USE;

/* A builder sorts bounded batches (memory_max bytes) and shares segments and commits among small sources. */
int state_builder_new(struct state *state, size_t memory_max, struct state_builder **builder,
		      struct error *error) MUST_USE;
/* Starts a source; *source->id is set. */
int state_builder_begin(struct state_builder *builder, struct state_source *source, struct error *error) MUST_USE;
/* fact->source is set by the builder. Copies. */
int state_builder_add(struct state_builder *builder, const struct fact *fact, struct error *error) MUST_USE;
/* A change of which there is no fact here widens the source's window all the same; INT64_MIN, INT64_MAX without a time.
 */
int state_builder_window(struct state_builder *builder, uint32_t domain, int64_t time_lo_us, int64_t time_hi_us,
			 struct error *error) MUST_USE;
/* Problems and unmapped attributes stay with their source, so that every later run reports them again. */
int state_builder_problem(struct state_builder *builder, const struct state_problem *problem,
			  struct error *error) MUST_USE;
int state_builder_attribute(struct state_builder *builder, const char *name, uint64_t count,
			    struct error *error) MUST_USE;
/* Ends the source with what `source` now says; incomplete: its facts are dropped, its problems kept. It is done once a
 * flush has committed it. */
int state_builder_end(struct state_builder *builder, const struct state_source *source, struct error *error) MUST_USE;
int state_builder_flush(struct state_builder *builder, struct error *error) MUST_USE;
/* Drops what was not flushed. */
void state_builder_free(struct state_builder *builder);

/* What the chosen sources hold; `each` returns nonzero to stop. */
int state_problems(struct state *state, const uint32_t *sources, uint64_t count,
		   int (*each)(void *context, const struct state_problem *problem), void *context,
		   struct error *error) MUST_USE;
int state_attributes(struct state *state, const uint32_t *sources, uint64_t count,
		     int (*each)(void *context, const char *name, uint64_t images), void *context,
		     struct error *error) MUST_USE;
int state_windows(struct state *state, const uint32_t *sources, uint64_t count,
		  int (*each)(void *context, const struct state_domain_window *window), void *context,
		  struct error *error) MUST_USE;

#endif
