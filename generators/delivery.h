/* delivery - how a stream's records reach the landing zone: batched, repeated, out of order, and some of them not at
 * all.
 *
 * A plan says what shall go wrong; a delivery is the outcome: files in the order they arrive, each a run of placements,
 * and marks on both that say what their writer does to them. A function of the plan and the model's seed. 16 bytes a
 * delivered record; owned by the caller. */
#ifndef LAKEPROOF_GENERATORS_DELIVERY_H
#define LAKEPROOF_GENERATORS_DELIVERY_H

#include "generators/faults.h"

#define SHUFFLE_ALL UINT64_MAX

struct fault_plan {
	uint64_t records_per_file;
	int64_t batch_window_us; /* a file is closed when its first record is that old */
	/* What every delivery has, besides the faults that are asked for. */
	struct fault_rate duplicates;
	uint64_t shuffle_window; /* records; 0 for none, SHUFFLE_ALL */
	uint64_t replay_files;   /* earlier files delivered again at the end, under new names */
	uint64_t reupload_files; /* files delivered twice: beside the first one, under another name */
	int64_t export_end_us;   /* where the first export's interval ends, for late-start */
	struct fault faults[FAULTS_MAX];
	unsigned fault_count;
};

bool fault_plan_has(const struct fault_plan *plan, enum fault_id id);

/* On a placement: bit (id - FAULT_MARKS_FIRST) for what is done to the record, and these. */
enum { FAULT_MARKS_FIRST = FAULT_NUMBER_DOUBLE, FAULT_MARKS_LAST = FAULT_BAD_HUGE };
#define MARK_OF(id) (UINT32_C(1) << ((id)-FAULT_MARKS_FIRST))
#define MARK_DUPLICATE (UINT32_C(1) << 31)
#define MARK_EXTRA_REMOVE (UINT32_C(1) << 30) /* not the change itself but a REMOVE of its key before it */
#define MARK_SWAPPED (UINT32_C(1) << 29)      /* with another record of its key in the file */
#define MARK_SHUFFLED (UINT32_C(1) << 28)
#define MARK_LATE (UINT32_C(1) << 27) /* in a file that arrives long after the change */

struct placement {
	uint64_t place;  /* file << 32 | position */
	uint32_t change; /* ordinal */
	uint32_t marks;
};

enum file_origin { FILE_FIRST = 0, FILE_REPLAY, FILE_REUPLOAD, FILE_HALF };

struct delivered_file {
	uint64_t first, count; /* placements */
	int64_t time_us;       /* when it arrived */
	uint64_t number;       /* in its name */
	enum file_origin origin;
	uint64_t original; /* index of the file it repeats */
	unsigned shard;
	bool child_first; /* holds records of a child or its parent that came in the wrong order */
	uint32_t damage;  /* bit (id - FAULT_TRUNCATE_GZIP) */
};
#define DAMAGE_OF(id) (UINT32_C(1) << ((id)-FAULT_TRUNCATE_GZIP))

struct delivery {
	struct placement *placements;
	uint64_t count;
	struct delivered_file *files;
	uint64_t file_count;
	uint32_t *errors; /* changes that land under the error prefix */
	uint64_t error_count;
	uint64_t dropped, duplicated;
};

/* The log takes lines of what never arrives; what does arrive is logged by who writes it and knows the file. */
int delivery_plan(const struct model *model, const struct history *history, const struct fault_plan *plan,
		  struct delivery *delivery, struct buffer *log, struct error *error) MUST_USE;
void delivery_release(struct delivery *delivery);

#endif
