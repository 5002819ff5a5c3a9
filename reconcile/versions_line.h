/* versions_line - one key's images in the order in which the item held them, and where on that line its row stands.
 *
 * The line has places 0 to n: place 0 is what was before the first change, place k what the k-th change left. Changes
 * whose order is not known share a place. An export stands on all places it may have seen. A row only moves forward;
 * the floor is the earliest place at which it can be, given all that it was: a row that is an image, and could be it at
 * no place from the floor on, went back. Rules: docs/semantics.md, "Versions".
 *
 * A line is used for one key after the other by one thread; it owns copies of what it was given, without keys. Times
 * are microseconds. Memory: the key's facts. */
#ifndef LAKEPROOF_RECONCILE_VERSIONS_LINE_H
#define LAKEPROOF_RECONCILE_VERSIONS_LINE_H

#include "base/error.h"
#include "reconcile/judge/scope.h"
#include "reconcile/judge/judge.h"
#include "reconcile/versions.h"

/* The item was so, at one of the places lo to hi. PRESENT: with some image; UNKNOWN: or not there. */
struct line_state {
	enum item_state state;
	uint64_t row; /* STATE_IMAGE: its row digest */
	uint32_t lo, hi;
	int64_t time_us; /* not before; INT64_MIN when that is not known */
	struct fact_origin origin;
};

struct line_place {
	int64_t time_lo, time_hi; /* of its changes: the least and the greatest */
	uint32_t first, count;    /* in changes */
};

struct line {
	const struct scope *scope;
	struct fact *changes, *items; /* as they were given, then in order */
	uint32_t *exports;            /* beside items: which of the scope's */
	uint32_t change_count, change_capacity, item_count, item_capacity;
	struct line_place *places; /* [0] is not used */
	uint32_t place_count;      /* n */
	struct line_state *states;
	uint32_t state_count, state_capacity;
	/* VERSIONS_REASON_COUNT when rows can be held to it */
	enum versions_reason reason;
	bool gap; /* something may have happened of which no record tells */
};

/* Where a row stands: at that place or after it. */
struct line_floor {
	int64_t place;
	int64_t time_us;           /* of the state that put it there: not before; INT64_MIN when that is not known */
	bool absent;               /* what put it there was that the row went */
	struct fact_origin origin; /* of that state; source 0 for an export's absence */
};

#define LINE_NOWHERE ((struct line_floor){.place = -1, .time_us = INT64_MIN})

enum line_row { LINE_NONE = 0 /* no row */, LINE_SOFT /* marked as deleted */, LINE_IMAGE };

enum line_answer {
	LINE_FORWARD = 0, /* or it may be */
	LINE_BACK,        /* it went back */
	LINE_NO_IMAGE,    /* the row is none of the images: nothing is known of it */
	LINE_HOLE         /* it went back, unless it is a state that no record tells of */
};

void line_init(struct line *line, const struct scope *scope);
void line_release(struct line *line);
void line_begin(struct line *line);
/* A fact of the key, in fact order; rows of the lake are passed over. `export`: of an item, the index of its export
 * among the scope's. */
int line_take(struct line *line, const struct fact *fact, uint32_t export, struct error *error) MUST_USE;
int line_end(struct line *line, struct error *error) MUST_USE;
/* The row is now so, by what had happened until a time. After LINE_BACK and LINE_HOLE the floor is where the row is
 * now. *older: the newest state that the row can be of, with LINE_BACK. */
enum line_answer line_step(const struct line *line, struct line_floor *floor, enum line_row row, uint64_t digest,
			   int64_t until_us, const struct line_state **older);
/* Whether the row can be at the floor or after it. */
bool line_reaches(const struct line *line, const struct line_floor *floor, uint64_t digest, int64_t until_us);

#endif
