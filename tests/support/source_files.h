/* source_files - for tests of the readers: files in a folder of their own, and a sink that remembers.
 *
 * Running out of memory or disk ends the test program. */
#ifndef LAKEPROOF_TESTS_SOURCE_FILES_H
#define LAKEPROOF_TESTS_SOURCE_FILES_H

#include "base/buffer.h"
#include "sources/record.h"

/* A new folder under $TMPDIR, removed with all in it at exit. Static text. */
const char *files_folder(void);
/* Path of a file in it (folders on the way are made); owned by this module until exit. */
const char *files_path(const char *name);
void files_write(const char *path, struct slice bytes);
/* In `members` gzip members of about equal size. */
void files_write_gzip(const char *path, struct slice bytes, unsigned members);
struct buffer files_read(const char *path);
void files_cut(const char *path, size_t size);

/* One record or problem as a sink saw it. */
struct seen_record {
	uint64_t number, offset;
	uint32_t flags;
	enum record_kind kind;
	enum item_state before, after;
	enum ttl_mark ttl;
	bool has_time, has_sequence;
	int64_t time_lo_us, time_hi_us;
	char sequence[48];
	char key[80];   /* text of the first scalar below the keys object */
	char image[80]; /* likewise of the after image */
	char before_image[80];
	char event_id[80];
	char stream_arn[160];
	enum record_order order;
	char table[80], region[40];
};
struct seen_problem {
	char id[40];
	char path[400];
	bool has_position, delivered;
	uint64_t record, offset;
	char message[400];
};
struct seen {
	struct seen_record *records;
	size_t record_count, record_capacity;
	struct seen_problem *problems;
	size_t problem_count, problem_capacity;
	size_t stop_after; /* records, then the sink returns ERROR_DATA; 0: never */
};

struct record_sink seen_sink(struct seen *seen);
void seen_release(struct seen *seen);
/* How many problems have this id. */
size_t seen_count(const struct seen *seen, const char *id);
/* Prints everything as TAP comments, to see why a test failed. */
void seen_print(const struct seen *seen);

#endif
