/* plain_format - a change as a row of fields, as pipelines that do away with DynamoDB's types land it.
 *
 * JSON lines as a Lambda writes them (flat), CSV as Database Migration Service writes it (dms), and what a polling by
 * a field that grows gives, in JSON lines or CSV (poll). Numbers keep all their digits, binaries are base64, sets are
 * arrays; what is no scalar is JSON in a field of CSV. A format of rows has no key, number or type tags to break, so
 * faults of these do not go with it.
 *
 * Images are DynamoDB JSON and are parsed; a scratch holds what that takes. One thread a scratch. ERROR_INTERNAL when
 * out of memory or when an image is no JSON. */
#ifndef LAKEPROOF_GENERATORS_PLAIN_FORMAT_H
#define LAKEPROOF_GENERATORS_PLAIN_FORMAT_H

#include "base/json.h"
#include "generators/stream_format.h"

/* Fields that stand before the item's own. */
#define PLAIN_OPERATION "Op"
#define PLAIN_DMS_STAMP "_commit_time"
/* Its setting CsvNullValue: with the default, NULL, a text that says so could not be told from null. */
#define PLAIN_DMS_NULL "\\N"
#define PLAIN_POLL_STAMP "_updated_at"

struct plain_scratch;

struct plain_scratch *plain_scratch_new(void); /* NULL when out of memory */
void plain_scratch_free(struct plain_scratch *scratch);
/* NULL when it cannot be parsed; tokens and their texts hold until the next. */
const struct json_token *plain_parse(struct plain_scratch *scratch, struct slice image);
/* {"N":"1"} as 1; `value` is the index of the object. */
void plain_write_value(const struct json_token *tokens, uint32_t value, struct buffer *out);

/* As struct stream_format has them; the parts have a scratch. */
int plain_flat(const struct stream_style *style, const struct record_parts *parts, struct buffer *out);
int plain_flat_sequence(const struct stream_style *style, const struct record_parts *parts, struct buffer *out);
int plain_dms(const struct stream_style *style, const struct record_parts *parts, struct buffer *out);
int plain_poll_json(const struct stream_style *style, const struct record_parts *parts, struct buffer *out);
int plain_poll_csv(const struct stream_style *style, const struct record_parts *parts, struct buffer *out);
/* Its header, before a file's first row. */
void plain_poll_header(const struct stream_style *style, struct buffer *out);

/* An item as a row of CSV without its end: the key's fields, those of all entities' attributes, the TTL's. `null` is
 * the text of a field that the item has not. */
int plain_csv_item(struct plain_scratch *scratch, const struct model *model, struct slice image, const char *null,
		   struct buffer *out) MUST_USE;
/* Their names, separated by ", ", each as JSON. */
void plain_csv_names(const struct model *model, struct buffer *out);

#endif
