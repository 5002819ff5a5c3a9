/* sketch_sample - records of a table's sources, some of each, kept in memory to be looked at more than once.
 *
 * What a path holds (an export, change records, a dump of items) is found out by reading it. Of each source at most
 * `record_max` records are taken, from several of its files, the largest of each export and the first file of the
 * others among them, since a check looks there too. Everything lives until sample_release; the images together are
 * bounded by SAMPLE_MEMORY_MAX, beyond which no more are taken (`full`). One thread.
 *
 * Errors: ERROR_DATA when a path holds nothing of the kind, ERROR_IO. Records that cannot be read are counted. */
#ifndef LAKEPROOF_RECONCILE_SKETCH_SKETCH_SAMPLE_H
#define LAKEPROOF_RECONCILE_SKETCH_SKETCH_SAMPLE_H

#include "base/arena.h"
#include "reconcile/contract/contract.h"

#define SAMPLE_MEMORY_MAX ((size_t)256 << 20)

struct sample_record {
	const struct json_token *tokens;
	uint32_t keys;  /* object token */
	uint32_t image; /* object token of the item after the change, or before it; 0 when neither is known */
	uint32_t source;
	bool change;
};

struct sample_source {
	enum source_kind kind;
	const char *path; /* as given */
	uint64_t files, records, unreadable;
	uint32_t exports, increments; /* SOURCE_EXPORT: folders, and how many of them are incremental */
	bool ion;
	bool emr;                       /* SOURCE_ITEMS: a dump by EMR, which may write empty files */
	uint64_t kinesis;               /* SOURCE_EVENTS: records that have a time alone */
	uint64_t by_ttl;                /* deletes by the TTL service */
	int64_t time_lo_us, time_hi_us; /* of the records seen that have one; lo > hi: none */
};

struct sample {
	struct arena arena;
	uint64_t record_max;
	struct sample_source *sources;
	uint32_t source_count;
	struct sample_record *records;
	size_t record_count, record_capacity;
	bool full;
	const char *table;   /* its name by ARNs and records; NULL: none says */
	const char *another; /* a second name that was met, or NULL */
};

int sample_init(struct sample *sample, uint64_t record_max, uint32_t source_max, struct error *error) MUST_USE;
int sample_add(struct sample *sample, const char *path, struct error *error) MUST_USE;
void sample_release(struct sample *sample);

#endif
