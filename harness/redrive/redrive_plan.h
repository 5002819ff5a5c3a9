/* redrive_plan - which keys a redrive is about, and what can be told of each once more.
 *
 * Invariant: a key is redriven only when it is judged again, now, and still differs and is proven: what a report said
 * earlier only names keys. The plan copies what it keeps. Built by one thread. */
#ifndef LAKEPROOF_HARNESS_REDRIVE_REDRIVE_PLAN_H
#define LAKEPROOF_HARNESS_REDRIVE_REDRIVE_PLAN_H

#include "reconcile/run.h"

/* What is written. */
enum redrive_how {
	REDRIVE_NOTHING = 0,
	REDRIVE_AGAIN,  /* the change that decides, or the removal that an export proves, once more */
	REDRIVE_ITEM,   /* an export's item, as a change that changes nothing */
	REDRIVE_ABSENCE /* an export that lacks the item, as its removal */
};

/* Why nothing is. */
enum redrive_left {
	LEFT_AGREES = 0, /* it no longer differs */
	LEFT_UNPROVEN,
	LEFT_DUPLICATE,
	LEFT_PHANTOM,
	LEFT_HISTORY,
	LEFT_KEPT,
	LEFT_KEY,
	LEFT_SEQUENCE,
	LEFT_TIME,
	LEFT_IMAGE,
	LEFT_CARRIED,
	LEFT_UNREADABLE,
	LEFT_COUNT
};
/* "row.duplicate: …": a sentence each, without its end. */
const char *redrive_left_text(enum redrive_left left);

struct redrive_key {
	struct run *run;
	const char *json; /* as reports print it */
	enum finding_id id;
	enum redrive_how how;
	enum redrive_left left; /* with REDRIVE_NOTHING */
	struct slice key;       /* key bytes of the row */
	struct fact_origin decided;
	int64_t snapshot_us; /* of REDRIVE_ITEM and REDRIVE_ABSENCE: the export's time */
	/* What is known of the key's changes. */
	bool has_newest;
	struct fact newest; /* its key is not kept */
	bool has_sequence;
	uint8_t sequence[SEQUENCE_SIZE]; /* the newest */
	const char *arn;                 /* of its stream, "" when not known */
};

struct redrive_plan {
	struct redrive_key *keys;
	uint64_t count, capacity;
	uint64_t others; /* findings of keys that are not about a row */
	struct arena arena;
};

void redrive_plan_init(struct redrive_plan *plan);
void redrive_plan_release(struct redrive_plan *plan);
/* A key that a report says to differ; one that is there already is not added again. */
int redrive_plan_add(struct redrive_plan *plan, struct run *run, enum finding_id id, struct slice key_json,
		     struct error *error) MUST_USE;
/* Judges the keys of all runs of the chain. Afterwards they are sorted by their records' place in the sources. */
int redrive_plan_judge(struct redrive_plan *plan, struct run *chain, struct error *error) MUST_USE;

#endif
