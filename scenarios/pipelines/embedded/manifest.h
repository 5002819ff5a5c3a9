/* manifest - which data files a full export in DynamoDB JSON consists of, by its own manifests.
 *
 * Format: AWS DynamoDB Developer Guide, "DynamoDB table export output format". A data file is looked for under its
 * key's last name in the export's data folder, then at the key itself below the folders above, since a copied export
 * has left its bucket behind. */
#ifndef LAKEPROOF_PIPELINE_MANIFEST_H
#define LAKEPROOF_PIPELINE_MANIFEST_H

#include <stdint.h>

#include "base/error.h"
#include "base/json.h"

struct manifest {
	char *id; /* the export's ARN, or its folder */
	int64_t export_time_us;
	char **files; /* paths of data files */
	int64_t *item_counts;
	size_t count;
};

/* ERROR_DATA when the folder holds no finished full export, or a data file is missing. */
int manifest_open(const char *folder, struct json_parser *parser, struct manifest *manifest,
		  struct error *error) MUST_USE;
void manifest_release(struct manifest *manifest);

#endif
