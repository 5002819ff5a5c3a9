/* pipeline_file - a pipeline under test, as its pipeline.yaml says: what it reads, how it is run, what it claims.
 *
 * One table of keys (base/schema.h) parses the file and documents it in docs/run.md and docs/pipeline.schema.json.
 * Everything lives in the struct's arena. Errors: ERROR_USAGE with line and column, ERROR_IO, ERROR_INTERNAL. */
#ifndef LAKEPROOF_HARNESS_RUNNER_PIPELINE_FILE_H
#define LAKEPROOF_HARNESS_RUNNER_PIPELINE_FILE_H

#include "base/schema.h"

struct pipeline_words {
	const char **words;
	uint32_t count; /* 0: there is no such step */
};

struct pipeline_variant {
	const char *name, *about;
	struct pipeline_words words; /* appended to those of its steps */
};

struct pipeline_limits {
	int64_t setup_us, apply_us, teardown_us;
	int64_t memory, versions;
};

struct pipeline_file {
	const char *path, *folder; /* folder: absolute, where its steps run */
	const char *name, *about;
	uint64_t digest; /* of the file's bytes */
	int64_t version;
	int changes, export, increments; /* index into STREAM_FORMATS, EXPORT_FORMATS, EXPORT_VIEWS; -1: not read */
	struct pipeline_words session, setup, apply, serve, caught_up, teardown;
	const char *session_ready;
	const char *table;                  /* below the pipeline's own folder */
	const char *checkpoint, *set_aside; /* likewise; NULL: it has none */
	const char **moments, **claims, **needs;
	uint32_t moment_count, claim_count, need_count;
	bool claims_each_batch;
	const char *contract; /* YAML to be laid over the generated contract; NULL: nothing */
	struct pipeline_limits limits;
	struct pipeline_variant *variants;
	uint32_t variant_count;
	struct arena arena;
};

int pipeline_file_load(const char *path, struct pipeline_file *pipeline, struct error *error) MUST_USE;
void pipeline_file_release(struct pipeline_file *pipeline);
/* NULL when there is none of that name. */
const struct pipeline_variant *pipeline_file_variant(const struct pipeline_file *pipeline, const char *name);
bool pipeline_file_has_moment(const struct pipeline_file *pipeline, const char *moment);

extern const struct schema_map pipeline_schema;

#endif
