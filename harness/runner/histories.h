/* histories - one life of a table, generated twice: as the evidence, and as it is delivered to the pipeline.
 *
 * FOLDER/evidence is what the table did, undamaged and in order: stream records and an export amid them.
 * FOLDER/delivered is the same life in the pipeline's formats, with the scenario's faults. Both come of one model and
 * one seed, so cells that want the same may share them: histories_same tells. Everything lives in the struct's arena.
 * Errors: ERROR_USAGE for a workload that cannot be met, ERROR_IO, ERROR_INTERNAL. */
#ifndef LAKEPROOF_HARNESS_RUNNER_HISTORIES_H
#define LAKEPROOF_HARNESS_RUNNER_HISTORIES_H

#include "harness/runner/scenario_file.h"

enum unit_kind { UNIT_CHANGES = 0, UNIT_EXPORT, UNIT_INCREMENT, UNIT_ERRORS };

/* What lands at once: a file of changes, a whole export. */
struct unit {
	enum unit_kind kind;
	const char *path;   /* of the file or the folder, relative to FOLDER/delivered */
	const char **files; /* relative to it too, in the order in which they land */
	uint32_t file_count;
	int64_t time_us; /* when it arrives */
};

struct histories {
	const char *evidence, *delivered;                   /* folders */
	const char *columns;                                /* file */
	const char *evidence_contract, *delivered_contract; /* YAML texts */
	const char *key;                                    /* JSON: [{"name":"pk","type":"S"}] */
	const char *key_text;                               /* pk:S,sk:N */
	struct unit *units;                                 /* as generated: exports, then changes */
	uint32_t unit_count, unit_capacity;
	uint64_t items, changes; /* at the end, recorded */
	bool since_creation;     /* the table was empty when the capture began */
	int64_t end_us;          /* of the window */
	struct arena arena;
};

struct histories_request {
	const struct scenario_file *scenario;
	const struct pipeline_file *pipeline; /* for what it reads */
	const char *scenarios;                /* the folder whose workload.yaml is under everything */
	uint64_t seed;
	const char *folder;
};

int histories_make(const struct histories_request *request, struct histories *histories, struct error *error) MUST_USE;
void histories_release(struct histories *histories);
/* Whether two pipelines get the same delivered to them. */
bool histories_same(const struct pipeline_file *a, const struct pipeline_file *b);

#endif
