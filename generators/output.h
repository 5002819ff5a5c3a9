/* output - the folder a generator writes to: only ours or empty, every write checked, nothing left half done unnoticed.
 *
 * A marker file says that the folder was made by generate; only then are its earlier contents replaced. Borrows the
 * path. Errors: ERROR_USAGE for a folder that is not ours, ERROR_IO when the system refuses. */
#ifndef LAKEPROOF_GENERATORS_OUTPUT_H
#define LAKEPROOF_GENERATORS_OUTPUT_H

#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"

enum { OUTPUT_PATH_MAX = 4096 };

struct output {
	char root[OUTPUT_PATH_MAX];
	uint64_t files;
	uint64_t bytes;
};

/* Makes the folder when it is not there; empties it of what generate made. `force` allows a non-empty folder of
 * somebody else's, whose files are then left alone unless of the same name. prefix: of exports, or "". */
int output_open(struct output *output, const char *root, const char *prefix, bool force, struct error *error) MUST_USE;
/* Writes one whole file, folders included; `path` is relative to the root. */
int output_write(struct output *output, const char *path, struct slice bytes, struct error *error) MUST_USE;
/* "<root>/<path>"; ERROR_USAGE when too long. */
int output_path(const struct output *output, const char *path, char full[OUTPUT_PATH_MAX],
		struct error *error) MUST_USE;

/* The files generate makes beside data folders; output_open removes them. */
#define OUTPUT_MARKER "generated.json"
#define OUTPUT_TRUTH "truth.sqlite"
#define OUTPUT_FAULTS "faults.jsonl"
#define OUTPUT_CONTRACT "contract.yaml"
#define OUTPUT_CONTRACT_EXPORTS "contract-exports.yaml"
#define OUTPUT_CONTRACT_LAKES "contract-lakes.yaml"
#define OUTPUT_COLUMNS "columns.txt"
#define OUTPUT_LAKE_COLUMNS "columns" /* a folder: of each lake of contract-lakes.yaml */
#define OUTPUT_STREAM "stream.json"

#endif
