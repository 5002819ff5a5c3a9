/* export_writer - an export to S3, full or incremental, in DynamoDB JSON or Ion, file for file as AWS writes it.
 *
 * Layout, key order, checksums: AWS, "DynamoDB table export output format", and real exports of 2026. Items go to the
 * data file that owns their partition key's range of hashes; inside it, rows of one partition key stand in sort-key
 * order. One data file's JSON is held in memory: about 430 bytes an item, twice. Borrows everything. */
#ifndef LAKEPROOF_GENERATORS_EXPORT_WRITER_H
#define LAKEPROOF_GENERATORS_EXPORT_WRITER_H

#include "generators/incremental_writer.h"
#include "generators/model.h"
#include "generators/output.h"

enum {
	EXPORT_ID_MAX = 24,
	EXPORT_FOLDER_MAX = 1200, /* "[prefix/]AWSDynamoDB/<id>" */
	EXPORT_PREFIX_MAX = 1024,
	EXPORT_SHARDS_MAX = 100000
};

/* Faults of an export, each with the data file it hits; -1 for none. The summary's counts stay those of the truth. */
struct export_faults {
	int64_t missing_file;   /* the manifest names it, it is not there */
	int64_t wrong_md5;      /* manifest-files.json has another file's MD5 */
	int64_t wrong_count;    /* manifest-files.json says one item more than there is */
	int64_t truncated_file; /* the object's last third is missing, its MD5 that of the whole */
};
#define EXPORT_FAULTS_NONE ((struct export_faults){-1, -1, -1, -1})

struct export_request {
	const struct model *model;
	const uint32_t *states;            /* of slots [0, slots) at the export's time */
	const struct increment *increment; /* of an incremental export, else NULL; then states are not used */
	bool ion;                          /* Ion text instead of DynamoDB JSON */
	uint64_t slots;
	int64_t time_us;    /* when it was asked for; of a full export, the time it shows */
	const char *prefix; /* S3 prefix without slashes at its ends, or "" */
	unsigned shards;    /* data files; of three or more, one stays empty */
	struct export_faults faults;
	bool copy;                                        /* of the same moment, under an ID of its own */
	void (*progress)(uint64_t items, uint64_t bytes); /* may be NULL */
};

struct export_result {
	char id[EXPORT_ID_MAX];
	char folder[EXPORT_FOLDER_MAX]; /* relative to the output's root */
	uint64_t items;
	uint64_t json_bytes;
	uint64_t stored_bytes;
	unsigned files;
	int64_t time_us; /* as it was asked for */
	/* The objects hit, in the order of struct export_faults; "" for none. */
	char hit_file[4][EXPORT_FOLDER_MAX + 64];
};

int export_write(const struct export_request *request, struct output *output, struct export_result *result,
		 struct error *error) MUST_USE;

/* Which data file owns an item, and which one owns none; for planning faults before anything is written. */
unsigned export_shard_of(const struct model *model, uint64_t item, unsigned shards);
bool export_shard_is_empty(const struct model *model, unsigned shard, unsigned shards);

#endif
