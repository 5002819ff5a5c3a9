#include "reconcile/contract/where.h"

#include <xxhash.h>

#include "base/decimal.h"
#include "reconcile/value/value.h"
#include "reconcile/value/key_bytes.h"

/* What is known of an item: its image, or with tokens NULL its key alone. */
struct view {
	const struct json_token *tokens;
	uint32_t image;
	const struct contract *contract;
	struct slice key;
	struct arena *work;
};

enum lookup { LOOKUP_MISSING, LOOKUP_UNTOLD, LOOKUP_FOUND };

/* ---- attributes */

/* The member of that name in an object: a second one of the same name makes it untold. */
static enum lookup member_of(const struct json_token *tokens, uint32_t object, const char *name, uint32_t *value)
{
	size_t size = strlen(name);
	uint32_t token = object + 1;
	enum lookup found = LOOKUP_MISSING;
	if (tokens[object].type != JSON_OBJECT)
		return LOOKUP_UNTOLD;
	for (uint32_t i = 0; i < tokens[object].count; i++, token = tokens[token + 1].next) {
		if (tokens[token].size != size || memcmp(tokens[token].text, name, size) != 0)
			continue;
		if (found == LOOKUP_FOUND)
			return LOOKUP_UNTOLD;
		found = LOOKUP_FOUND;
		*value = token + 1;
	}
	return found;
}

static enum lookup element_of(const struct json_token *tokens, const struct value *list, int64_t place, uint32_t *value)
{
	if (list->tag != TAG_L || place >= (int64_t)tokens[list->payload].count)
		return LOOKUP_MISSING;
	*value = list->payload + 1;
	for (int64_t i = 0; i < place; i++)
		*value = tokens[*value].next;
	return LOOKUP_FOUND;
}

static enum lookup find_in_image(const struct view *view, const struct where *where, struct value *value)
{
	const struct contract_path *path = &where->path;
	struct value_fault fault;
	uint32_t token = 0;
	for (uint32_t step = 0; step < path->count; step++) {
		enum lookup found = LOOKUP_MISSING;
		if (path->names[step] == NULL)
			found = element_of(view->tokens, value, path->places[step], &token);
		else if (step == 0 || value->tag == TAG_M)
			found = member_of(view->tokens, step == 0 ? view->image : value->payload, path->names[step],
					  &token);
		if (found != LOOKUP_FOUND)
			return found;
		if (!value_read(view->work, view->tokens, token, value, &fault))
			return LOOKUP_UNTOLD;
	}
	return LOOKUP_FOUND;
}

static enum lookup find_in_key(const struct view *view, const struct where *where, struct value *value)
{
	struct slice key = view->key, bytes;
	char type;
	for (uint32_t part = 0; part < view->contract->item_key_count; part++) {
		if (!key_take(&key, &type, &bytes))
			return LOOKUP_UNTOLD;
		if (strcmp(view->contract->item_key[part].attribute, where->path.names[0]) != 0)
			continue;
		*value = (struct value){.tag = type == 'S' ? TAG_S : type == 'N' ? TAG_N : TAG_B, .bytes = bytes};
		return where->path.count > 1 ? LOOKUP_MISSING : LOOKUP_FOUND; /* a key is no map */
	}
	return LOOKUP_UNTOLD;
}

/* ---- comparisons */

static bool equal(const struct value *value, const struct where_value *literal)
{
	if ((int)value->tag != literal->tag)
		return false;
	if (value->tag == TAG_BOOL)
		return value->truth == literal->truth;
	return value->tag == TAG_NULL || slice_equal(value->bytes, literal->bytes);
}

/* False when the two have no order. */
static bool compare(const struct value *value, const struct where_value *literal, int *order)
{
	struct decimal left, right;
	if ((int)value->tag != literal->tag || value->tag == TAG_BOOL || value->tag == TAG_NULL)
		return false;
	*order = slice_compare(value->bytes, literal->bytes);
	if (value->tag != TAG_N)
		return true;
	if (decimal_parse(value->bytes, &left) != DECIMAL_OK || decimal_parse(literal->bytes, &right) != DECIMAL_OK)
		return false;
	*order = decimal_compare(&left, &right);
	return true;
}

static bool begins_with(const struct value *value, const struct where_value *literal)
{
	return (int)value->tag == literal->tag && value->bytes.size >= literal->bytes.size &&
	       memcmp(value->bytes.data, literal->bytes.data, literal->bytes.size) == 0;
}

static bool holds(const struct where *where, const struct value *value)
{
	int order;
	switch (where->kind) {
	case WHERE_EQ:
	case WHERE_IN:
		for (uint32_t i = 0; i < where->value_count; i++)
			if (equal(value, &where->values[i]))
				return true;
		return false;
	case WHERE_BEGINS:
		return begins_with(value, &where->values[0]);
	case WHERE_TYPE:
		return (int)value->tag == where->type;
	case WHERE_GE:
		return compare(value, &where->values[0], &order) && order >= 0;
	case WHERE_LT:
		return compare(value, &where->values[0], &order) && order < 0;
	default:
		return false;
	}
}

static enum where_answer evaluate(const struct view *view, const struct where *where)
{
	struct value value = {.tag = TAG_NONE};
	bool any = where->kind == WHERE_ANY;
	enum where_answer answer = any ? WHERE_OUTSIDE : WHERE_INSIDE, part;
	if (where->kind <= WHERE_NOT) {
		for (uint32_t i = 0; i < where->part_count; i++) {
			part = evaluate(view, &where->parts[i]);
			if (any ? part > answer : part < answer)
				answer = part;
		}
		return where->kind == WHERE_NOT ? (enum where_answer)(WHERE_INSIDE - (int)answer) : answer;
	}
	enum lookup found = view->tokens != NULL ? find_in_image(view, where, &value)
						 : find_in_key(view, where, &value);
	if (found == LOOKUP_UNTOLD)
		return WHERE_UNTOLD;
	bool inside = where->kind == WHERE_EXISTS ? (found == LOOKUP_FOUND) == where->exists
						  : found == LOOKUP_FOUND && holds(where, &value);
	return inside ? WHERE_INSIDE : WHERE_OUTSIDE;
}

enum where_answer where_image(const struct where *where, const struct json_token *tokens, uint32_t image,
			      struct arena *work)
{
	const struct view view = {.tokens = tokens, .image = image, .work = work};
	if (where == NULL)
		return WHERE_INSIDE;
	arena_reset(work);
	return evaluate(&view, where);
}

enum where_answer where_key(const struct where *where, const struct contract *contract, struct slice key,
			    struct arena *work)
{
	const struct view view = {.contract = contract, .key = key, .work = work};
	return where == NULL ? WHERE_INSIDE : evaluate(&view, where);
}

/* ---- what it looks at */

bool where_mentions(const struct where *where, struct slice attribute)
{
	if (where == NULL)
		return false;
	for (uint32_t i = 0; i < where->part_count; i++)
		if (where_mentions(&where->parts[i], attribute))
			return true;
	return where->path.count > 0 && slice_is(attribute, where->path.names[0]);
}

bool where_is_of_key(const struct where *where, const struct contract *contract)
{
	if (where == NULL)
		return true;
	for (uint32_t i = 0; i < where->part_count; i++)
		if (!where_is_of_key(&where->parts[i], contract))
			return false;
	if (where->path.count == 0)
		return true;
	for (uint32_t part = 0; part < contract->item_key_count; part++)
		if (strcmp(contract->item_key[part].attribute, where->path.names[0]) == 0)
			return true;
	return false;
}

bool where_pins(const struct where *where, const char *attribute)
{
	if (where == NULL)
		return false;
	for (uint32_t i = 0; where->kind == WHERE_ALL && i < where->part_count; i++)
		if (where_pins(&where->parts[i], attribute))
			return true;
	return where->kind == WHERE_EQ && where->path.count == 1 && strcmp(where->path.names[0], attribute) == 0;
}

uint64_t where_hash(const struct where *where, uint64_t seed)
{
	if (where == NULL)
		return seed;
	uint32_t shape[] = {(uint32_t)where->kind, where->path.count,       where->part_count,
			    where->value_count,    where->exists ? 1U : 0U, (uint32_t)where->type};
	seed = XXH64(shape, sizeof shape, seed + 1);
	for (uint32_t i = 0; i < shape[1]; i++) {
		const char *name = where->path.names[i];
		int64_t place = name == NULL ? where->path.places[i] : 0;
		seed = name != NULL ? XXH64(name, strlen(name) + 1, seed) : XXH64(&place, sizeof place, seed);
	}
	for (uint32_t i = 0; i < where->part_count; i++)
		seed = where_hash(&where->parts[i], seed);
	for (uint32_t i = 0; i < where->value_count; i++) {
		const struct where_value *value = &where->values[i];
		uint64_t head[] = {(uint64_t)value->tag, value->truth ? 1U : 0U, value->bytes.size};
		seed = XXH64(head, sizeof head, seed);
		if (value->bytes.size > 0)
			seed = XXH64(value->bytes.data, value->bytes.size, seed);
	}
	return seed;
}
