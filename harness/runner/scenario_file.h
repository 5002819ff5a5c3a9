/* scenario_file - what happens to a pipeline, as a scenario's YAML says: workload, delivery, faults, what must hold.
 *
 * One table of keys (base/schema.h) parses the file and documents it in docs/run.md and docs/scenario.schema.json.
 * Everything lives in the struct's arena. Errors: ERROR_USAGE with line and column, ERROR_IO, ERROR_INTERNAL. */
#ifndef LAKEPROOF_HARNESS_RUNNER_SCENARIO_FILE_H
#define LAKEPROOF_HARNESS_RUNNER_SCENARIO_FILE_H

#include "harness/runner/pipeline_file.h"

enum scenario_lands { LANDS_EXPORT = 1, LANDS_CHANGES = 2, LANDS_INCREMENTS = 4 };

enum delivery_order { ORDER_OVERLAP = 0, ORDER_EXPORT_FIRST, ORDER_STREAM_FIRST, ORDER_REVERSE, ORDER_SHUFFLED };
#define DELIVERY_ORDERS "overlap|export-first|stream-first|reverse|shuffled"

enum process_fault_kind {
	PROCESS_KILL = 0,
	PROCESS_TWICE,
	PROCESS_TOGETHER,
	PROCESS_CHECKPOINT_LOST,
	PROCESS_REUPLOAD,
	PROCESS_DISK_FULL
};
#define PROCESS_FAULTS "kill|twice|together|checkpoint-lost|reupload|disk-full"

struct process_fault {
	int fault; /* enum process_fault_kind */
	int64_t batch;
	const char *moment; /* PROCESS_KILL: NULL: after a time */
	int64_t after_us;
	int as_other_name; /* PROCESS_REUPLOAD */
	int first_half;    /* PROCESS_REUPLOAD: what landed first were the first halves of its files */
	int64_t bytes;     /* PROCESS_DISK_FULL: what a file may have */
};

enum must_final { FINAL_DYNAMODB = 0, FINAL_DELIVERED, FINAL_REFUSE };

struct scenario_break {
	const char *pipeline;
	const char **findings;
	uint32_t finding_count;
};

struct scenario_file {
	const char *path, *folder;
	const char *name; /* GROUP/NAME */
	uint64_t digest;
	int64_t version;
	const char *class_id, *title, *why;
	const char *workload; /* YAML, or a preset's name; NULL: the folder's workload.yaml alone */
	const char **lands_texts;
	uint32_t lands_count;
	unsigned lands; /* enum scenario_lands */
	const char **formats;
	uint32_t format_count;
	int order; /* enum delivery_order */
	int64_t batches;
	const char **faults;
	uint32_t fault_count;
	struct process_fault *process;
	uint32_t process_count;
	int final; /* enum must_final */
	const char **holds;
	uint32_t hold_count;
	struct scenario_break *breaks;
	uint32_t break_count;
	struct arena arena;
};

/* `name`: what it is called, GROUP/NAME. */
int scenario_file_load(const char *path, const char *name, struct scenario_file *scenario,
		       struct error *error) MUST_USE;
void scenario_file_release(struct scenario_file *scenario);
/* Whether the pipeline reads all that is delivered and can suffer all that happens to it; *why says what not, else
 * NULL. */
bool scenario_file_suits(const struct scenario_file *scenario, const struct pipeline_file *pipeline, const char **why);

extern const struct schema_map scenario_schema;

#endif
