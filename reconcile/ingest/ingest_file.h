/* ingest_file - one file's records or rows as facts in the state, by one worker.
 *
 * A worker belongs to one thread; it owns a parser, and for each lake a digest scratch and a state builder: a file is
 * read once, and each record told to every lake that has not merged the file yet. Bad records become problems
 * of the file; only what keeps the run from going on is an error. */
#ifndef LAKEPROOF_RECONCILE_INGEST_INGEST_FILE_H
#define LAKEPROOF_RECONCILE_INGEST_INGEST_FILE_H

#include "reconcile/run.h"
#include "sources/events.h"

enum ingest_kind { INGEST_EXPORT, INGEST_EVENTS, INGEST_LAKE, INGEST_ITEMS };

struct ingest_work {
	enum ingest_kind kind;
	const char *path;
	const char *identity;
	int64_t version; /* of a table of rows, as it was listed: it may have others since */
	const struct export *export;                   /* INGEST_EXPORT */
	uint64_t index;                                /* file index in the export or the table */
	const struct contract_source *contract_source; /* INGEST_EVENTS, INGEST_ITEMS; else NULL */
	bool wanted;                                   /* it must be read for this lake */
	uint32_t group;
	uint64_t size_bytes;
	int64_t mtime_ns;
	uint32_t source; /* set when read, or when found unchanged */
	uint32_t before; /* the state source this file had when it was merged earlier, 0 none */
	bool before_that; /* it had others too, before that one */
	uint64_t before_facts, before_content;
	bool contained; /* what it said then is how it still begins */
};

enum state_source_kind ingest_state_kind(const struct ingest_work *work);
/* By what a file's facts were made, besides the file: facts of another making are made anew. An export's manifests say
 * how its files are read and what they hold. */
uint64_t ingest_fingerprint(const struct run *run, const struct ingest_work *work);
/* The part of it that a source of the contract makes; NULL: of an export or the lake. */
uint64_t ingest_source_fingerprint(const struct run *run, const struct contract_source *source);
/* Records of a file of evidence again, as events_reread has it. */
int ingest_reread(const struct run *run, const struct state_source *source, const uint64_t *numbers, size_t count,
		  struct json_parser *parser, const struct record_sink *sink, struct error *error) MUST_USE;

/* One file to read: the work of each run of the chain that wants it, else NULL. */
struct ingest_job {
	struct ingest_work **works;
	uint64_t size_bytes;
	const char *path;
};

struct ingest_worker;

/* For all runs of the chain that begins with `run`. */
int ingest_worker_new(struct run *run, struct ingest_worker **worker, struct error *error) MUST_USE;
int ingest_worker_read(struct ingest_worker *worker, const struct ingest_job *job, struct error *error) MUST_USE;
int ingest_worker_flush(struct ingest_worker *worker, struct error *error) MUST_USE;
void ingest_worker_free(struct ingest_worker *worker);

#endif
