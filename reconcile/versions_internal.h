/* versions_internal - a range of a table's versions, the data files that stand in each, and what was read of them; for
 * reconcile/versions*.c only.
 *
 * Slots are versions, ascending: slot 0 is what was before the range's first version, an empty one of version -1 when
 * that is version 0. A file stands in some runs of slots. Rows of the files are facts of a state, `store`, one source a
 * file; a row whose digest means something else than the run's images has STATE_PRESENT and no digest. */
#ifndef LAKEPROOF_RECONCILE_VERSIONS_INTERNAL_H
#define LAKEPROOF_RECONCILE_VERSIONS_INTERNAL_H

#include "reconcile/state/merge_stream.h"
#include "reconcile/versions_line.h"

struct versions_span {
	uint32_t begin, end; /* slots, end excluded */
};

struct versions_file {
	const char *path, *identity; /* identity: path, deletion vector and partition */
	uint64_t size;
	struct versions_span *spans; /* descending */
	uint32_t span_count, span_capacity;
	uint64_t last_index; /* its index in the table of the last slot it stands in: spans[0].end - 1 */
	bool needed;
	uint32_t source; /* in the store; 0: not read */
};

struct versions_schema;

struct versions_slot {
	int64_t version, commit_us;
	const char *operation;
	struct versions_schema *schema; /* NULL in a slot that is empty */
	struct bridge_table *table;     /* NULL: open it again */
};

struct versions {
	struct run *run;
	struct versions_options options;
	struct versions_slot *slots;
	uint32_t slot_count;
	uint32_t base; /* slots before it are not known whole: files are gone */
	bool whole;    /* all rows of the slots from base on are known */
	struct versions_file *files;
	uint64_t file_count, file_capacity;
	uint32_t *index; /* by hash of identity: file + 1 */
	uint64_t index_size;
	struct versions_file **by_source; /* those that were read, ascending */
	uint64_t by_source_count;
	struct versions_schema *schemas;
	struct state *store;
	uint32_t store_group;
	uint64_t files_read, files_gone;
	const char *gone; /* what the bridge said of the last one that is gone */
	struct arena arena;
};

/* ---- versions_files.c: fills slots and files; reads what is needed into the store */

int versions_list(struct versions *versions, struct error *error) MUST_USE;
int versions_read(struct versions *versions, struct error *error) MUST_USE;
/* NULL: the same rows as in the run's version; else why their images cannot be told. */
const char *versions_unlike(const struct versions *versions, uint32_t slot);
/* Whether the file stands in the slot. */
bool versions_stands(const struct versions_file *file, uint32_t slot);
void versions_release_files(struct versions *versions);

/* ---- versions_rows.c: one key's rows over the slots */

struct versions_held {
	uint64_t digest;
	bool exact;   /* the digest is one */
	bool deleted; /* marked so */
	uint32_t flags;
	int64_t time_lo_us, time_hi_us;
	const struct versions_file *file;
	uint64_t record;
};

/* What the slot holds, from it until the next one's; rows are ordered by what they hold. */
struct versions_moment {
	uint32_t slot;
	uint32_t first, count; /* in held */
	uint64_t came, went;   /* rows, against the moment before; 0 in the first one */
};

struct versions_key {
	char bytes[SEGMENT_KEY_MAX];
	struct slice key;
	uint64_t hash;
	struct versions_held *rows; /* as read */
	uint32_t row_count, row_capacity;
	struct versions_held *held;
	uint32_t held_count, held_capacity;
	struct versions_moment *moments; /* the first is of the first slot asked for; others only where rows differ */
	uint32_t moment_count, moment_capacity;
	uint32_t *edges;
	uint32_t edge_count, edge_capacity;
};

void versions_key_release(struct versions_key *key);
void versions_key_begin(struct versions_key *key, const struct fact *fact);
int versions_key_take(struct versions *versions, struct versions_key *key, const struct fact *fact,
		      struct error *error) MUST_USE;
/* Makes the moments of the slots from `from` to `to`. */
int versions_key_end(struct versions_key *key, uint32_t from, uint32_t to, struct error *error) MUST_USE;

/* Makes two moments, of two slots in any order; one when they hold the same rows. */
int versions_key_at(struct versions_key *key, const uint32_t slots[2], struct error *error) MUST_USE;

/* The facts of all files read, key by key; *has_key false at the end. `only`: of files that stand in one of two slots
 * and not in the other; NULL: of all. */
struct versions_stream {
	struct merge_plan plan;
	struct merge_reader *reader;
	const struct fact *next;
	uint32_t *sources;
	uint64_t count; /* of them */
};
int versions_stream_open(struct versions *versions, const uint32_t *only, struct versions_stream *stream,
			 struct error *error) MUST_USE;
int versions_stream_next(struct versions *versions, struct versions_stream *stream, struct versions_key *key,
			 bool *has_key, struct error *error) MUST_USE;
/* Takes the rows of the key that was begun. */
int versions_stream_seek(struct versions *versions, struct versions_stream *stream, struct versions_key *key,
			 struct error *error) MUST_USE;
void versions_stream_close(struct versions_stream *stream);

#endif
