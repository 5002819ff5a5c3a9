/* yaml_merge - YAML texts laid over one another: mappings merge key by key, anything else is replaced; null
 * takes a key away.
 *
 * Aliases are written out. Errors: ERROR_USAGE for text that is no YAML or nested too deep, ERROR_INTERNAL. */
#ifndef LAKEPROOF_HARNESS_RUNNER_YAML_MERGE_H
#define LAKEPROOF_HARNESS_RUNNER_YAML_MERGE_H

#include <yaml.h>

#include "base/buffer.h"
#include "base/error.h"

struct yaml_source {
	const char *name; /* for messages */
	struct slice text;
};

/* Two keys of the outermost mapping that exclude one another: the one in `over` drops the other one's from `base`. */
struct yaml_either {
	const char *one, *other;
};

/* Appends the merged document. An empty text counts as nothing. */
int yaml_merge(const struct yaml_source *base, const struct yaml_source *over, const struct yaml_either *either,
	       struct buffer *out, struct error *error) MUST_USE;
/* Appends a part of a document as a text of its own. */
int yaml_append_node(yaml_document_t *document, yaml_node_t *node, struct buffer *out, struct error *error) MUST_USE;

#endif
