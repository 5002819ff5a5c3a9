/* judge_internal - what one key's facts have been boiled down to so far; for the files of the judge only.
 *
 * judge.c folds facts into groups, groups into steps (judge_knot.c) and steps into domains; judge_evidence.c decides
 * what DynamoDB says; judge_lake.c what the lake must hold and how it does. Everything is of fixed size: a key with a
 * million changes takes no more. */
#ifndef LAKEPROOF_RECONCILE_JUDGE_JUDGE_INTERNAL_H
#define LAKEPROOF_RECONCILE_JUDGE_JUDGE_INTERNAL_H

#include "reconcile/digest/digest.h"
#include "reconcile/judge/judge.h"
#include "reconcile/judge/judge_history.h"

/* How far apart what two kinds of sources take for a change's time may be. */
enum { CLOCK_SLACK_US = 1000000 };

/* Whether sides met one after another are all compatible with each other. */
struct judge_spread {
	bool absent, live, image, differ;
	uint64_t item[2]; /* of the first image */
};

static inline bool judge_spread_conflicts(const struct judge_spread *spread)
{
	return spread->differ || (spread->absent && spread->live);
}

/* What a set of sides would let the lake's one row be. */
struct judge_members {
	bool unknown, absent, present;
	bool image_matches; /* one is an image that the live row holds, or that asks nothing of the lake */
};

/* Whether the lake's row, or its absence, is what a state asks for. */
enum judge_answer { ANSWER_NO, ANSWER_UNKNOWN /* a live row, and its image is not known */, ANSWER_YES };

/* Where a date stands to a lake's scope; NONE: there is no row. */
enum judge_age { AGE_NONE = -1, AGE_OUT = 0, AGE_EDGE, AGE_IN };

/* Where a group stands to the decisive snapshot. */
enum judge_place { PLACE_BEFORE, PLACE_INSIDE, PLACE_AFTER };

struct judge_group {
	uint64_t ordinal; /* of its first member among the key's changes */
	int64_t time_lo, time_hi;
	int64_t stamp_time; /* of its first member; the stamp together with event when there is no sequence */
	uint64_t event;
	struct fact_side after, before;
	struct fact_origin first, after_origin, before_origin;
	struct judge_spread after_spread, before_spread;
	struct judge_members members;
	uint8_t ttl;
	bool damaged;
	uint8_t sequence[SEQUENCE_SIZE];
};

/* Which states the snapshot may have seen, as far as they matter. */
struct judge_seen {
	bool any, compatible, equal;
};

/* What a step keeps of one of its groups. */
struct judge_part {
	uint64_t ordinal;
	struct fact_origin origin; /* of its after */
	struct fact_side before, after;
	struct judge_members members;
	uint8_t ttl;
	bool conflict, net;
};

/* A group with a sequence, or a knot of groups without one. */
struct judge_step {
	int64_t time_lo, time_hi;
	uint64_t groups;
	bool tangled, damaged;
	struct fact_side before; /* UNKNOWN when a knot does not tell */
	struct judge_part end;   /* the group that it ends with; when it is tangled, the one that stands last */
	uint64_t conflicts, conflict_ordinal;
	struct fact_origin conflict_origin; /* of the last group in conflict */
	struct judge_seen seen;             /* what its groups say */
	enum judge_place place;             /* once closed */
};

/* What of a domain has a sequence and what has none are two of these. */
struct judge_domain {
	uint32_t domain;
	bool sequenced, filtered, puts_only;
	enum domain_kind kind;
	bool has_open, has_step, has_candidate, has_previous, has_first, has_counted;
	struct judge_group group; /* the open one */
	struct judge_step step;   /* the open one, of the groups before that */
	struct judge_step candidate;
	uint8_t open; /* which of the two lists of parts is the open step's; the other is the candidate's */
	struct fact_side previous_after; /* what the step closed last has surely left */
	enum judge_place previous_place;
	int64_t previous_time;          /* its time_lo */
	struct fact_side counted_after; /* what the last step before S that counts has surely left */
	struct fact_side first_before;  /* of the first step not before S */
	enum judge_place first_place;
	int64_t first_time; /* its time_lo */
	uint64_t first_ordinal;
	struct fact_origin first_origin;
	/* What the step before the candidate left behind; UNKNOWN without one, or when it is before S. */
	struct fact_side candidate_earlier;
	int64_t candidate_earlier_lo; /* that step's time_lo */
	uint64_t counting;            /* steps not before S */
	/* The last step that counts or is not before S: C takes its after when the next one has come. */
	bool has_line;
	enum judge_place line_place;
	struct fact_side line_after;
	struct fact_side counted_line;              /* counted_after, as the step after it knows it */
	struct judge_part parts[2][JUDGE_KNOT_MAX]; /* of the first groups of the open step and of the candidate */
};

/* What one export says of the key. */
struct judge_item {
	bool seen, damaged;
	struct fact_side side;
	struct fact_origin origin;
	struct judge_spread spread;
	struct judge_members members;
};

struct judge {
	const struct scope *scope;
	struct judge_history history; /* SHAPE_HISTORY */
	const uint32_t *source_groups;
	bool has_hole;
	int64_t hole_hi; /* of the last hole */
	bool has_key;
	char key[KEY_BYTES_MAX];
	struct judgement judgement;
	/* the lake */
	bool lake_live; /* exactly one row, and it is live */
	enum judge_age lake_age; /* of its youngest row */
	int64_t lake_expires_s;
	int64_t lake_time; /* when its event was; INT64_MIN when it does not say */
	uint64_t lake_digests[JUDGE_DIGESTS_MAX];
	uint32_t lake_counts[JUDGE_DIGESTS_MAX];
	uint32_t lake_digest_count;
	/* snapshots */
	struct judge_item *items; /* by scope export */
	bool snapshots_settled;
	bool has_snapshot; /* S */
	const struct scope_export *snapshot_export;
	int64_t snapshot_lo, snapshot_hi;
	struct fact_side snapshot;
	const struct judge_item *snapshot_item;
	const struct scope_window *window; /* W */
	bool earlier_counts;               /* S' */
	int64_t earlier_lo;
	struct fact_side earlier;
	/* C, but for what only the end can tell: as the groups say it, and as they say it together with their
	 * neighbours, which holds when they are all of one stream, in order. */
	struct judge_seen seen, line;
	bool line_begins_unknown; /* a group inside, the first in line, says no more than PRESENT of what it found */
	bool unsequenced;         /* some change has no sequence */
	/* changes */
	uint64_t change_facts;
	uint32_t domain_count;
	bool domains_exceeded, damaged, known, has_broken;
	bool there;        /* some fact says that the item was there */
	uint64_t item_key; /* of the facts so far */
	bool collision;    /* they have more than one */
	uint64_t broken_ordinal;
	struct fact_side last_image; /* the last known one; UNKNOWN without */
	uint64_t last_image_ordinal; /* of its group; 0 an export's */
	int64_t changed_hi;          /* the greatest time_hi of its steps; INT64_MIN without */
	/* the older image that the lake's row holds */
	bool has_stale, stale_snapshot;
	uint32_t stale_export;
	int64_t stale_lo;
	/* the decision */
	const struct judge_step *winner;
	bool snapshot_possible, ambiguous;
	bool knot_exceeded;             /* a knot that makes it so has more groups than are kept */
	bool went_back;                 /* rows' sequence and time contradict */
	enum judge_answer other_answer; /* the best of those that make it so, and of exports that may be later */
	struct fact_side deleted_image; /* the last image of what the winner deleted; an IMAGE only when proven */
	struct judge_domain domains[JUDGE_DOMAINS_MAX];
};

bool judge_compatible(const struct fact_side *a, const struct fact_side *b);
/* Same state and item digest. */
bool judge_same(const struct fact_side *a, const struct fact_side *b);
/* Whether a TTL value lies at or before a time. */
bool judge_expired(int64_t expires_s, int64_t time_us);
void judge_broken(struct judge *judge, uint64_t ordinal, struct fact_origin origin);
void judge_break_chain(struct judge *judge, uint64_t ordinal, struct fact_origin origin);
/* Takes one more state that the snapshot may have seen. */
void judge_see(const struct judge *judge, struct judge_seen *seen, const struct fact_side *side);
/* The after of the last group in line is what `side` says. */
void judge_leave_line(struct judge *judge, struct judge_domain *domain, const struct fact_side *side);

/* judge_knot.c: whether the open step takes in one more group, and then does; what it comes to, once no more come. */
bool judge_step_takes(const struct judge_domain *domain, const struct judge_group *group);
void judge_step_add(const struct judge *judge, struct judge_domain *domain, const struct judge_group *group);
void judge_step_end(struct judge_domain *domain);

/* The last image of what the group deleted, when it is an IMAGE; a net change says what was there at its window's
 * begin. */
const struct fact_side *judge_last_image(const struct judge_part *part);
/* Its TTL mark, UNKNOWN weighed, by its step's time_hi. */
uint8_t judge_part_ttl(const struct judge *judge, const struct judge_part *part, int64_t time_hi);

/* judge_evidence.c: S, S' and W, once all snapshot items are in; then the decision, once all changes are. */
void judge_settle_snapshots(struct judge *judge);
void judge_decide(struct judge *judge);
/* Whether the export of that index says something of the key, and what. */
bool judge_export_says(const struct judge *judge, uint32_t index, struct fact_side *side);

/* judge_lake.c */
bool judge_image_matches(const struct judge *judge, const struct fact_side *side);
enum judge_age judge_age(const struct judge *judge, int64_t dated_s);
/* Whether the lake is what such an image asks for, or it asks for nothing of it. */
bool judge_image_allows(const struct judge *judge, const struct fact_side *side);
/* What such a state makes of the lake; ttl weighed; before is the last image when it is an IMAGE. */
enum judge_answer judge_allows(const struct judge *judge, const struct fact_side *after, uint8_t ttl,
			       const struct fact_side *before);
enum judge_answer judge_members_allow(const struct judge *judge, const struct judge_members *members, uint8_t ttl,
				      const struct fact_side *before);
static inline void judge_best_answer(enum judge_answer *best, enum judge_answer answer)
{
	*best = answer > *best ? answer : *best;
}
/* UNKNOWN weighed against the last known image. */
uint8_t judge_weigh_ttl(const struct judge *judge, uint8_t ttl, int64_t time_us);
void judge_compare(struct judge *judge);
/* Then, of a history, all its rows. */
void judge_compare_history(struct judge *judge);

#endif
