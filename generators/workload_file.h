/* workload_file - what to generate, as a YAML file: the table, its history, its delivery, its faults.
 *
 * One table of keys (base/schema.h) parses the file and documents it in docs/generate.md and docs/workload.schema.json.
 * Presets are such files, built into the program from generators/presets/. What a file leaves out stays as
 * generator_defaults has it. The options point into the file's memory: keep it until the generator has run. */
#ifndef LAKEPROOF_GENERATORS_WORKLOAD_FILE_H
#define LAKEPROOF_GENERATORS_WORKLOAD_FILE_H

#include "base/schema.h"
#include "generators/generator.h"

struct workload_file;

/* Reads the file and puts what it says into the options, over the defaults. ERROR_USAGE with line and column. */
int workload_file_load(const char *path, struct generator_options *options, struct workload_file **file,
		       struct error *error) MUST_USE;
/* The same from text; `path` is for messages. */
int workload_file_parse(const char *path, struct slice text, struct generator_options *options,
			struct workload_file **file, struct error *error) MUST_USE;
/* A preset, by name. */
int workload_file_preset(const char *name, struct generator_options *options, struct workload_file **file,
			 struct error *error) MUST_USE;
void workload_file_free(struct workload_file *file); /* NULL is allowed */

/* A preset's YAML; size 0 when there is none of that name. */
struct slice workload_preset_text(const char *name);
/* In the order of WORKLOAD_PRESETS; NULL after the last. */
const char *workload_preset_name(size_t index);
#define WORKLOAD_PRESETS "orders|kitchen-sink|single-table|wide|hot|large-items"

extern const struct schema_map workload_schema;

#endif
