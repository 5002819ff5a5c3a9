/* where - which items belong to a lake: a condition on an item's attributes.
 *
 * Comparisons are DynamoDB's: values of different types are neither equal nor in order, numbers compare exactly,
 * strings and binary by bytes; what an attribute that is not there is compared with is false. An answer is
 * three-valued: what cannot be told (an image that is not there, an attribute that is malformed or there twice) stays
 * untold, and `not`, `all` and `any` pass it on as far as it matters. A condition is part of its contract, immutable,
 * shared by threads; memory for one answer comes from the caller's arena. */
#ifndef LAKEPROOF_RECONCILE_CONTRACT_WHERE_H
#define LAKEPROOF_RECONCILE_CONTRACT_WHERE_H

#include "base/arena.h"
#include "base/json.h"
#include "reconcile/contract/contract.h"

enum where_kind {
	WHERE_ALL,
	WHERE_ANY,
	WHERE_NOT,
	WHERE_EQ,
	WHERE_IN,
	WHERE_BEGINS,
	WHERE_EXISTS,
	WHERE_TYPE,
	WHERE_GE,
	WHERE_LT
};

/* A literal: `tag` is an enum value_tag of reconcile/value/value.h, of a scalar; bytes as a value of that
 * tag has them. */
struct where_value {
	int tag;
	bool truth;
	struct slice bytes;
};

struct where {
	enum where_kind kind;
	struct contract_path path; /* of the attribute; ALL, ANY and NOT have none */
	struct where *parts; /* of ALL, ANY, NOT */
	uint32_t part_count;
	struct where_value *values; /* one, or WHERE_IN's */
	uint32_t value_count;
	bool exists; /* WHERE_EXISTS: whether it must */
	int type;    /* WHERE_TYPE: an enum value_tag */
};

enum where_answer { WHERE_OUTSIDE = 0, WHERE_UNTOLD, WHERE_INSIDE };

/* Of an item's image, an object token. where NULL: every item is inside. */
enum where_answer where_image(const struct where *where, const struct json_token *tokens, uint32_t image,
			      struct arena *work);
/* Of an item of which only the table's key is known, as key bytes (reconcile/value/key_bytes.h). */
enum where_answer where_key(const struct where *where, const struct contract *contract, struct slice key,
			    struct arena *work);
/* Whether it looks at that top-level attribute. */
bool where_mentions(const struct where *where, struct slice attribute);
/* Whether key attributes alone decide it. */
bool where_is_of_key(const struct where *where, const struct contract *contract);
/* Whether it leaves that top-level attribute one value only. */
bool where_pins(const struct where *where, const char *attribute);
/* Mixed into `seed`: another condition gives another number. */
uint64_t where_hash(const struct where *where, uint64_t seed);

#endif
