/* faults - how a stream's records reach the landing zone: batched, repeated, out of order, and some of them not at all.
 *
 * A plan says what shall go wrong; a delivery is the outcome: files in the order they arrive, each a run of placements.
 * Faults that lose nothing: duplicates, shuffle, replay, re-upload. Faults that lose: dropped records, a late start,
 * files cut short, records broken. All are a function of the plan and the model's seed, and each is one line of the
 * fault log (JSON: fault, file, record, key …). 16 bytes a delivered record; owned by the caller. */
#ifndef LAKEPROOF_GENERATORS_FAULTS_H
#define LAKEPROOF_GENERATORS_FAULTS_H

#include "generators/workload.h"

/* How many of n: a count, or so many per million; both 0 for none. */
struct fault_rate {
	uint64_t count;
	uint64_t ppm;
};

static inline bool fault_rate_is_set(struct fault_rate rate)
{
	return rate.count > 0 || rate.ppm > 0;
}

#define SHUFFLE_ALL UINT64_MAX

/* Broken records, one a kind; the comment says what takes the record's place. */
enum broken_kind {
	BROKEN_NONE = 0,
	BROKEN_JSON,          /* the record's first half */
	BROKEN_DUPLICATE_KEY, /* a member of dynamodb twice */
	BROKEN_TYPE_TAG,      /* an attribute value {"X":…} */
	BROKEN_NUMBER,        /* a number of 39 digits */
	BROKEN_KEY_MISSING,   /* Keys without the partition key */
	BROKEN_KEY_TYPE,      /* the partition key as BOOL */
	BROKEN_UTF8,          /* a lone 0xff in a string */
	BROKEN_DEEP,          /* lists nested 40 deep */
	BROKEN_HUGE,          /* a string of 17 MB */
	BROKEN_COUNT
};

struct fault_plan {
	uint64_t records_per_file;
	int64_t batch_window_us; /* a file is closed when its first record is that old */
	struct fault_rate duplicates;
	uint64_t shuffle_window; /* records; 0 for none, SHUFFLE_ALL */
	uint64_t replay_files;   /* earlier files delivered again at the end, under new names */
	uint64_t reupload_files; /* files delivered twice: beside the first one, under another name */
	struct fault_rate drop_records;
	struct fault_rate drop_removes;
	int64_t late_start_us;    /* changes before this time are not captured; INT64_MIN for none */
	uint64_t truncated_files; /* gzip files without their last third */
	struct fault_rate broken[BROKEN_COUNT];
};

enum placement_mark { MARK_FIRST = 0, MARK_DUPLICATE, MARK_BROKEN };

struct placement {
	uint64_t place;  /* file << 32 | position */
	uint32_t change; /* ordinal */
	uint16_t mark;   /* enum placement_mark */
	uint16_t broken; /* enum broken_kind */
};

enum file_origin { FILE_FIRST = 0, FILE_REPLAY, FILE_REUPLOAD };

struct delivered_file {
	uint64_t first, count; /* placements */
	int64_t time_us;       /* when it arrived */
	uint64_t number;       /* in its name */
	enum file_origin origin;
	uint64_t original; /* index of the file it repeats */
	bool truncated;
};

struct delivery {
	struct placement *placements;
	uint64_t count;
	struct delivered_file *files;
	uint64_t file_count;
	uint64_t dropped, duplicated;
};

/* The log takes lines of what never arrives; what does arrive is logged by who writes it and knows the file. */
int delivery_plan(const struct model *model, const struct history *history, const struct fault_plan *plan,
		  struct delivery *delivery, struct buffer *log, struct error *error) MUST_USE;
void delivery_release(struct delivery *delivery);

const char *broken_name(enum broken_kind kind);
/* BROKEN_NONE when there is none of that name. */
enum broken_kind broken_find(const char *name);

/* One line of the log about one change; file may be NULL; record and offset count within it. */
int fault_log_record(const struct model *model, const struct history *history, const char *fault, const char *file,
		     uint64_t record, uint64_t offset, uint64_t change, struct buffer *log) MUST_USE;
/* One line about a file; `detail` is a further JSON member such as "\"of\":\"…\"", or NULL. */
int fault_log_file(const char *fault, const char *file, const char *detail, struct buffer *log) MUST_USE;

#endif
