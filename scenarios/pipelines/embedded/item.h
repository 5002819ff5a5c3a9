/* item - whether an object of attributes is one that DynamoDB could have written. */
#ifndef LAKEPROOF_PIPELINE_ITEM_H
#define LAKEPROOF_PIPELINE_ITEM_H

#include "base/json.h"

/* NULL, or what is wrong with it: static text. The object is one of attribute values with type tags. */
const char *item_fault(const struct json_token *tokens, uint32_t object);

#endif
