/* glue_writer - items as the rows of Parquet that AWS Glue's export connector for DynamoDB hands on.
 *
 * Formats: Glue Developer Guide, "DynamoDB connections". Typed: a column Item, in it a struct an attribute, in that a
 * member for each type that the attribute has anywhere in the table. Simplified (simplifyDDBJson): a column an
 * attribute, without the types. Numbers and binaries are texts in both, as in an export. As Glue does, the columns are
 * found by a look at all items before the first row is written.
 *
 * What a column cannot hold: a struct without members, so a map that is empty in all items has one that is always null;
 * simplified, NULL, which is null; and values of several types, which are texts, those that are no scalar as JSON.
 *
 * Memory grows with the names and types that are found, not with the items. One thread. */
#ifndef LAKEPROOF_GENERATORS_GLUE_WRITER_H
#define LAKEPROOF_GENERATORS_GLUE_WRITER_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/json.h"
#include "bridge/write.h"

struct glue_schema;

struct glue_schema *glue_schema_new(bool simplified); /* NULL when out of memory */
void glue_schema_free(struct glue_schema *schema);    /* NULL is allowed */
/* Looks at an item, {"pk":{"S":"…"},…}; false when out of memory. */
bool glue_schema_see(struct glue_schema *schema, const struct json_token *item) MUST_USE;
/* Once all were seen; owned by the schema, NULL when out of memory. */
const struct ArrowSchema *glue_schema_arrow(struct glue_schema *schema);
/* Appends an item that was seen as a line of JSON; `image`: its text. False when out of memory. */
bool glue_row(struct glue_schema *schema, const struct json_token *item, struct slice image,
	      struct buffer *json) MUST_USE;

#endif
