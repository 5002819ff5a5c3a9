/* manifest - which data files an export in DynamoDB JSON consists of, by its own manifests.
 *
 * Format: AWS DynamoDB Developer Guide, "DynamoDB table export output format". A data file is looked for under its
 * key's last name in the export's data folder, then at the key itself below the folders above, since a copied export
 * has left its bucket behind. The manifests are held against their own checksums, the data files by who reads them. */
#ifndef LAKEPROOF_PIPELINE_MANIFEST_H
#define LAKEPROOF_PIPELINE_MANIFEST_H

#include <stdint.h>

#include "scenarios/pipelines/embedded/landing.h"

struct manifest {
	char *id; /* the export's ARN, or its folder */
	bool is_increment;
	int64_t export_time_us;     /* of a full export */
	int64_t from_us, to_us;     /* of an increment: `from` is in it, `to` is not */
	int64_t item_count;         /* of all files; -1: not told */
	struct landing_file *files; /* their texts are the manifest's */
	size_t count;
};

/* ERROR_DATA when the folder holds no finished export, a manifest is not what its MD5 says, counts do not add up, or a
 * data file is missing. */
int manifest_open(const char *folder, struct json_parser *parser, struct bug_set bugs, struct manifest *manifest,
		  struct error *error) MUST_USE;
void manifest_release(struct manifest *manifest);

#endif
