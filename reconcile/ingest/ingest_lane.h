/* ingest_lane - what a worker has for one lake: its records and rows as facts, what is wrong with them as problems.
 *
 * Between begin and end one file is read, and everything told is of it; a lane without a work takes no part in the
 * present file. Belongs to the worker's thread; owns its scratch and builder, borrows run, work and answers. Only what
 * keeps the run from going on is an error. */
#ifndef LAKEPROOF_RECONCILE_INGEST_INGEST_LANE_H
#define LAKEPROOF_RECONCILE_INGEST_INGEST_LANE_H

#include "reconcile/event_item.h"
#include "reconcile/ingest/ingest_file.h"

enum { DOMAIN_CACHE_ARN_MAX = 1024 };

struct ingest_lane {
	struct run *run;
	struct digest_scratch *scratch;
	struct state_builder *builder;
	struct arena *answers;   /* of `where`; the worker's */
	struct event_item event; /* of the record at hand, in a lake of events */
	char event_key[KEY_BYTES_MAX];
	int64_t time_max_us;        /* no record is later than that */
	uint64_t *attribute_counts; /* digest_unmapped's counts when the present file began */
	uint64_t attribute_capacity;
	/* the present file */
	struct ingest_work *work; /* NULL: not for this lake */
	struct state_source source;
	uint64_t facts, unreadable, content;
	/* the domain of the last record's ARN, since neighbours mostly share it */
	bool domain_known;
	uint32_t domain, domain_group;
	size_t domain_arn_size;
	char domain_arn[DOMAIN_CACHE_ARN_MAX];
};

int ingest_lane_open(struct ingest_lane *lane, struct run *run, size_t memory_max, struct arena *answers,
		     struct error *error) MUST_USE;
void ingest_lane_close(struct ingest_lane *lane);
/* Of lane->work, which is there. */
int ingest_lane_begin(struct ingest_lane *lane, struct error *error) MUST_USE;
int ingest_lane_end(struct ingest_lane *lane, const struct file_result *result, struct error *error) MUST_USE;

/* A record of the item with that key. */
int ingest_lane_tell(struct ingest_lane *lane, const struct record *record, struct slice key,
		     struct error *error) MUST_USE;
/* A record of which this lake, one of events, may hold a row. */
int ingest_lane_tell_event(struct ingest_lane *lane, const struct record *record, struct error *error) MUST_USE;
/* A record of which no key can be made. */
int ingest_lane_tell_keyless(struct ingest_lane *lane, const struct record *record, const struct digest_fault *fault,
			     struct error *error) MUST_USE;
/* A record whose Keys have more attributes than the contract's key: several items would share what it takes for one. */
int ingest_lane_tell_foreign(struct ingest_lane *lane, const struct record *record, struct error *error) MUST_USE;
/* A reader's problem, about the item with that key; empty: about none. */
int ingest_lane_tell_problem(struct ingest_lane *lane, const struct problem *problem, struct slice key,
			     struct error *error) MUST_USE;
/* A row of the lake's file, at that place in it. */
int ingest_lane_tell_row(struct ingest_lane *lane, const struct row_digest *row, int64_t position,
			 struct error *error) MUST_USE;

#endif
