/* digest_json - JSON text in one canonical form, from either side: inside reconcile/digest*.c only.
 *
 * Canonical: members in the order of their names' bytes, numbers as DynamoDB spells them, no white space, set members
 * sorted, elements of plain arrays sorted where the column is unordered. A column of JSON text is digested as if it
 * held the canonical text; text in the lake that has none (it is no JSON, names a member twice, holds a number that
 * DynamoDB cannot) is digested as it stands, which no image's canonical text can equal. What global tables add and what
 * the contract ignores by name is left out at the top of an item, on both sides. */
#ifndef LAKEPROOF_RECONCILE_DIGEST_DIGEST_JSON_H
#define LAKEPROOF_RECONCILE_DIGEST_DIGEST_JSON_H

#include "reconcile/digest/digest_cell.h"

/* *value becomes the text of itself (FORM_JSON, FORM_DYNAMODB_JSON) or of the image at hand. */
void json_of_value(const struct conversion *conversion, struct value *value);
void json_of_item(const struct conversion *conversion, struct value *value);
/* D of the image at hand as map<string,string>. */
uint64_t json_item_map(const struct conversion *conversion, const struct column_type *type);
/* The same map as text, for people. */
int json_item_map_text(const struct conversion *conversion, struct buffer *json) MUST_USE;

/* What the lake's text counts as: its canonical text, or itself. The result borrows from `text` or from the scratch
 * until the next call. False: not enough memory. */
bool json_of_lake(struct digest_scratch *scratch, const struct contract_column *rules, struct slice text,
		  struct slice *canonical) MUST_USE;
/* The same for a value of a map<string,string>: only numbers, objects and arrays count as JSON. */
bool json_of_lake_entry(struct digest_scratch *scratch, const struct contract_column *rules, struct slice text,
			struct slice *canonical) MUST_USE;
/* Whether an entry of the item is left out of it. */
bool json_leaves_out(const struct digest_plan *plan, struct slice name);

#endif
