/* value - one attribute value read off the tokens and checked: for where, digests, keys and sketches.
 *
 * Invariant: a value that value_read accepts has exactly one known type tag and a payload of that tag's JSON shape;
 * scalars are decoded: S as text, N as canonical text and scaled integer, B as bytes. Containers are not descended
 * into. Lenient where real files are: N and members of NS may be bare JSON numbers. `bytes` borrows from the tokens or
 * lives in `work` until that is reset; VALUE_SLACK bytes after it are readable (any contents). */
#ifndef LAKEPROOF_RECONCILE_VALUE_VALUE_H
#define LAKEPROOF_RECONCILE_VALUE_VALUE_H

#include "base/arena.h"
#include "base/json.h"
#include "reconcile/value/number.h"

enum { VALUE_SLACK = 32 };
_Static_assert((int)VALUE_SLACK <= (int)JSON_PADDING, "a token's text has as much");

enum value_tag {
	TAG_NONE = 0, /* absent */
	TAG_S,
	TAG_N,
	TAG_B,
	TAG_BOOL,
	TAG_NULL,
	TAG_M,
	TAG_L,
	TAG_SS,
	TAG_NS,
	TAG_BS,
	/* What only derived values have: */
	TAG_EMPTY, /* an empty list or map */
	TAG_UNFIT  /* nothing can be made of it; scale holds the enum image_flag, bytes why (static) */
};

struct value {
	enum value_tag tag;
	uint32_t payload; /* token of what stands behind the tag */
	bool truth;       /* BOOL */
	int scale;        /* N: value = unscaled * 10^-scale */
	struct slice bytes;
	int128 unscaled;
};

/* Why a value was refused; reason NULL while all is well. */
struct value_fault {
	const char *reason;
	struct slice text; /* the offending tag or text */
	uint32_t token;
};

bool value_read_any(struct arena *work, const struct json_token *tokens, uint32_t index, struct value *value,
		    struct value_fault *fault) MUST_USE;
/* A member of a set: `tag` is TAG_S, TAG_N or TAG_B, `index` the element's token. */
bool value_read_element(struct arena *work, const struct json_token *tokens, uint32_t index, enum value_tag tag,
			struct value *value, struct value_fault *fault) MUST_USE;
/* A string, which most values are; false: look closer. */
static inline bool value_read_text(const struct json_token *tokens, uint32_t index, struct value *value)
{
	const struct json_token *outer = &tokens[index];
	if (outer->type != JSON_OBJECT || outer->count != 1 || outer[1].size != 1 || outer[1].text[0] != 'S' ||
	    outer[2].type != JSON_STRING)
		return false;
	value->tag = TAG_S;
	value->payload = index + 2;
	value->bytes = json_text(&outer[2]);
	return true;
}

static inline bool value_read(struct arena *work, const struct json_token *tokens, uint32_t index, struct value *value,
			      struct value_fault *fault)
{
	return value_read_text(tokens, index, value) || value_read_any(work, tokens, index, value, fault);
}

/* As DynamoDB writes it; "" for what it does not. */
const char *value_tag_name(enum value_tag tag);
/* The scalar tag of a set's members: TAG_SS → TAG_S; TAG_NONE for what is no set. */
enum value_tag value_element_tag(enum value_tag tag);

#endif
