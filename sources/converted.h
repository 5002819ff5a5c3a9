/* converted - rows whose columns mirror DynamoDB's own JSON, back into that JSON.
 *
 * converted_change: what Firehose's record format conversion makes of stream records and of Kinesis records (Data
 * Firehose Developer Guide, "Convert input data format"; OpenX and Hive JSON SerDe): the record's members as columns,
 * lower-cased. Names are matched whatever their case. Members that the schema lacks are dropped by the conversion
 * without a word, attributes within an image too, so:
 *   - an image in columns says only that the item was there; one in a text column counts as it is, when its type tags
 *     are upper-case still, which says that no name in it was changed;
 *   - without the column userIdentity it is not known who deleted: userIdentity becomes {} (sources/stream.h);
 *   - a key is what its one type says that is not null, under the name that its column has.
 * `dynamodb` may be a text as a whole; then its members count as they are.
 *
 * converted_item: what AWS Glue's export connector makes of items (Glue Developer Guide, "DynamoDB connections"): an
 * attribute a column, or a member of the column Item, each a struct with a member a type, of which one is not null. An
 * attribute that is null is none. The result is {"Item":{…}}.
 *
 * A number in a column of numbers counts up to 15 digits: more may have been rounded to a double. */
#ifndef LAKEPROOF_SOURCES_CONVERTED_H
#define LAKEPROOF_SOURCES_CONVERTED_H

#include "base/buffer.h"
#include "base/json.h"

/* Both as columnar_convert (sources/columnar.h). */
bool converted_change(const struct json_token *tokens, struct json_parser *inner, struct buffer *json,
		      const char **reason);
bool converted_item(const struct json_token *tokens, struct json_parser *inner, struct buffer *json,
		    const char **reason);
/* Whether the row is one that converted_item is for. */
bool converted_is_item(const struct json_token *tokens);

#endif
