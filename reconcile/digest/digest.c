#include "reconcile/digest/digest.h"

#include <stdio.h>
#include <stdlib.h>

#include "reconcile/digest/digest_hash.h"
#include "reconcile/digest/digest_scratch.h"
#include "reconcile/digest/key.h"

/* ---- faults ---- */

static void append_detail(struct digest_fault *fault, size_t *used, struct slice text)
{
	for (size_t index = 0; index < text.size && *used < sizeof(fault->detail) - 1; index++) {
		char byte = text.data[index];
		fault->detail[(*used)++] = (unsigned char)byte < 0x20 || byte == 0x7f ? '?' : byte;
	}
	/* A character cut in the middle is taken off whole. */
	if (*used == sizeof(fault->detail) - 1) {
		while (*used > 0 && ((unsigned char)fault->detail[*used - 1] & 0xC0) == 0x80)
			(*used)--;
		if (*used > 0 && ((unsigned char)fault->detail[*used - 1] & 0xC0) == 0xC0)
			(*used)--;
	}
	fault->detail[*used] = '\0';
}

static bool set_fault(const struct digest_scratch *scratch, struct digest_fault *fault, const char *reason,
		      struct slice text, uint32_t token)
{
	size_t used = 0;
	fault->reason = reason;
	fault->token = token;
	fault->detail[0] = '\0';
	for (uint32_t step = 0; step < scratch->depth; step++) {
		const struct path_step *path = &scratch->path[step];
		char number[16];
		if (path->name.data == NULL) {
			snprintf(number, sizeof(number), "[%u]", path->index);
			append_detail(fault, &used, slice_from(number));
			continue;
		}
		if (step > 0)
			append_detail(fault, &used, slice_from("."));
		append_detail(fault, &used, path->name);
	}
	if (text.size > 0) {
		append_detail(fault, &used, slice_from(used > 0 ? ": '" : "'"));
		if (text.size > 40)
			text.size = 40;
		append_detail(fault, &used, text);
		append_detail(fault, &used, slice_from("'"));
	}
	return false;
}

static bool set_value_fault(const struct digest_scratch *scratch, struct digest_fault *fault,
			    const struct value_fault *why)
{
	return set_fault(scratch, fault, why->reason, why->text, why->token);
}

/* ---- canonical bytes ---- */

static bool canonical_grow(struct digest_scratch *scratch, size_t more)
{
	size_t room = scratch->canonical_room * 2;
	while (room < scratch->canonical_size + more)
		room *= 2;
	char *bytes = realloc(scratch->canonical, room);
	if (bytes == NULL)
		return false;
	scratch->canonical = bytes;
	scratch->canonical_room = room;
	return true;
}

static inline bool canonical_reserve(struct digest_scratch *scratch, size_t more)
{
	return scratch->canonical_room - scratch->canonical_size >= more || canonical_grow(scratch, more);
}

/* Most values are short, and the branches on their size are what would cost: so 32 bytes go at once, and what is too
 * much is written over by what comes next. Both sides have VALUE_SLACK bytes to spare. */
static inline void copy_with_slack(char *to, const char *from, size_t size)
{
	memcpy(to, from, VALUE_SLACK);
	if (size > VALUE_SLACK)
		memcpy(to + VALUE_SLACK, from + VALUE_SLACK, size - VALUE_SLACK);
}

/* Tag (0: none), 32-bit length, bytes: no encoding is another's prefix. */
static inline bool put_bytes(struct digest_scratch *scratch, char tag, struct slice bytes)
{
	if (!canonical_reserve(scratch, bytes.size + 5 + VALUE_SLACK))
		return false;
	char *at = scratch->canonical + scratch->canonical_size;
	uint32_t size = (uint32_t)bytes.size;
	if (tag != 0)
		*at++ = tag;
	memcpy(at, &size, 4);
	copy_with_slack(at + 4, bytes.data, bytes.size);
	scratch->canonical_size += bytes.size + 4 + (tag != 0);
	return true;
}

static inline bool put_count(struct digest_scratch *scratch, char tag, uint32_t count)
{
	if (!canonical_reserve(scratch, 5))
		return false;
	char *at = scratch->canonical + scratch->canonical_size;
	at[0] = tag;
	memcpy(at + 1, &count, 4);
	scratch->canonical_size += 5;
	return true;
}

/* ---- sorting names and set members ---- */

struct entry {
	uint64_t head; /* the name's first 8 bytes as a number: mostly enough to put two in order */
	struct slice name;
	uint32_t token;
};

/* The name has VALUE_SLACK. */
static inline struct entry make_entry(struct slice name, uint32_t token)
{
	uint64_t head;
	memcpy(&head, name.data, sizeof(head));
	head = __builtin_bswap64(head);
	if (name.size < sizeof(head))
		head = name.size == 0 ? 0 : head & ~(UINT64_MAX >> (8 * name.size));
	return (struct entry){head, name, token};
}

static inline int compare_entries(const struct entry *a, const struct entry *b)
{
	if (a->head != b->head)
		return a->head < b->head ? -1 : 1;
	return slice_compare(a->name, b->name);
}

static void sift_down(struct entry *entries, size_t root, size_t count)
{
	for (size_t child; (child = 2 * root + 1) < count; root = child) {
		if (child + 1 < count && compare_entries(&entries[child], &entries[child + 1]) < 0)
			child++;
		if (compare_entries(&entries[root], &entries[child]) >= 0)
			return;
		struct entry held = entries[root];
		entries[root] = entries[child];
		entries[child] = held;
	}
}

static void heap_sort(struct entry *entries, size_t count)
{
	for (size_t root = count / 2; root-- > 0;)
		sift_down(entries, root, count);
	for (size_t last = count; last-- > 1;) {
		struct entry held = entries[0];
		entries[0] = entries[last];
		entries[last] = held;
		sift_down(entries, 0, last);
	}
}

/* Insertion stops just behind an equal entry, if there is one: those before it are sorted and differ. */
static size_t insert_entries(struct entry *entries, size_t count)
{
	for (size_t index = 1; index < count; index++) {
		struct entry held = entries[index];
		size_t place = index;
		int order = -1;
		while (place > 0 && (order = compare_entries(&entries[place - 1], &held)) > 0) {
			entries[place] = entries[place - 1];
			place--;
		}
		entries[place] = held;
		if (place > 0 && order == 0)
			return place;
	}
	return count;
}

/* Ascending by name. Returns the index of an entry whose name equals its predecessor's, or count. */
static size_t sort_entries(struct entry *entries, size_t count)
{
	enum { INSERTION_MAX = 24 };
	if (count <= INSERTION_MAX)
		return insert_entries(entries, count);
	bool sorted = true;
	for (size_t index = 1; index < count && sorted; index++)
		sorted = compare_entries(&entries[index - 1], &entries[index]) <= 0;
	if (!sorted)
		heap_sort(entries, count);
	for (size_t index = 1; index < count; index++)
		if (slice_equal(entries[index - 1].name, entries[index].name))
			return index;
	return count;
}

/* ---- values ---- */

static bool encode_any(struct digest_scratch *scratch, const struct json_token *tokens, uint32_t index,
		       struct value *value, struct digest_fault *fault);

static bool no_memory(struct digest_scratch *scratch, struct digest_fault *fault, uint32_t token)
{
	scratch->failed = true;
	return set_fault(scratch, fault, "not enough memory", (struct slice){"", 0}, token);
}

/* Reads, checks and encodes. */
static inline bool encode_value(struct digest_scratch *scratch, const struct json_token *tokens, uint32_t index,
				struct value *value, struct digest_fault *fault)
{
	if (!value_read_text(tokens, index, value))
		return encode_any(scratch, tokens, index, value, fault);
	return put_bytes(scratch, 'S', value->bytes) || no_memory(scratch, fault, index);
}

static bool encode_set(struct digest_scratch *scratch, const struct json_token *tokens, const struct value *set,
		       struct digest_fault *fault)
{
	const struct json_token *array = &tokens[set->payload];
	enum value_tag tag = value_element_tag(set->tag);
	struct entry *entries = arena_array(&scratch->work, array->count, sizeof(*entries));
	if (entries == NULL || !put_count(scratch, tag == TAG_S ? 's' : tag == TAG_N ? 'n' : 'b', array->count))
		return no_memory(scratch, fault, set->payload);
	uint32_t token = set->payload + 1;
	scratch->path[scratch->depth++] = (struct path_step){.index = 0};
	for (uint32_t index = 0; index < array->count; index++, token = tokens[token].next) {
		struct value element;
		struct value_fault why;
		scratch->path[scratch->depth - 1].index = index;
		if (!value_read_element(&scratch->work, tokens, token, tag, &element, &why))
			return set_value_fault(scratch, fault, &why);
		entries[index] = make_entry(element.bytes, token);
	}
	scratch->depth--;
	size_t twice = sort_entries(entries, array->count);
	if (twice < array->count)
		return set_fault(scratch, fault, "set holds a member twice", json_text(&tokens[entries[twice].token]),
				 entries[twice].token);
	for (uint32_t index = 0; index < array->count; index++)
		if (!put_bytes(scratch, 0, entries[index].name))
			return no_memory(scratch, fault, set->payload);
	return true;
}

static bool encode_map(struct digest_scratch *scratch, const struct json_token *tokens, uint32_t map,
		       struct digest_fault *fault)
{
	uint32_t count = tokens[map].count;
	struct entry *entries = arena_array(&scratch->work, count, sizeof(*entries));
	if (entries == NULL || !put_count(scratch, 'M', count))
		return no_memory(scratch, fault, map);
	uint32_t token = map + 1;
	for (uint32_t index = 0; index < count; index++, token = tokens[token + 1].next)
		entries[index] = make_entry(json_text(&tokens[token]), token);
	size_t twice = sort_entries(entries, count);
	if (twice < count)
		return set_fault(scratch, fault, "duplicate name", entries[twice].name, entries[twice].token);
	struct path_step *step = &scratch->path[scratch->depth++];
	for (uint32_t index = 0; index < count; index++) {
		struct value value;
		*step = (struct path_step){.name = entries[index].name};
		if (!put_bytes(scratch, 0, entries[index].name))
			return no_memory(scratch, fault, entries[index].token);
		if (!encode_value(scratch, tokens, entries[index].token + 1, &value, fault))
			return false;
	}
	scratch->depth--;
	return true;
}

static bool encode_list(struct digest_scratch *scratch, const struct json_token *tokens, uint32_t list,
			struct digest_fault *fault)
{
	uint32_t count = tokens[list].count, token = list + 1;
	if (!put_count(scratch, 'L', count))
		return no_memory(scratch, fault, list);
	struct path_step *step = &scratch->path[scratch->depth++];
	for (uint32_t index = 0; index < count; index++, token = tokens[token].next) {
		struct value value;
		*step = (struct path_step){.index = index};
		if (!encode_value(scratch, tokens, token, &value, fault))
			return false;
	}
	scratch->depth--;
	return true;
}

/* All but strings. scratch->depth is the number of path steps to this value: 1 for a top-level one, so it bounds the
 * recursion too. */
static bool encode_any(struct digest_scratch *scratch, const struct json_token *tokens, uint32_t index,
		       struct value *value, struct digest_fault *fault)
{
	struct value_fault why;
	if (!value_read_any(&scratch->work, tokens, index, value, &why))
		return set_value_fault(scratch, fault, &why);
	bool stored;
	switch (value->tag) {
	case TAG_S: /* with a type tag that value_read_text does not know */
		stored = put_bytes(scratch, 'S', value->bytes);
		break;
	case TAG_N:
		stored = put_bytes(scratch, 'N', value->bytes);
		break;
	case TAG_B:
		stored = put_bytes(scratch, 'B', value->bytes);
		break;
	case TAG_BOOL:
		stored = put_count(scratch, 'O', value->truth);
		break;
	case TAG_NULL:
		stored = put_count(scratch, '0', 0);
		break;
	default:
		if (scratch->depth > IMAGE_DEPTH_MAX)
			return set_fault(scratch, fault, "nested deeper than 32 levels", (struct slice){"", 0}, index);
		return value->tag == TAG_M   ? encode_map(scratch, tokens, value->payload, fault)
		       : value->tag == TAG_L ? encode_list(scratch, tokens, value->payload, fault)
					     : encode_set(scratch, tokens, value, fault);
	}
	return stored || no_memory(scratch, fault, index);
}

/* ---- the image ---- */

static bool reserve_members(struct digest_scratch *scratch, uint32_t count)
{
	if (count <= scratch->member_room)
		return true;
	size_t room = (size_t)count * 2;
	struct member *members = realloc(scratch->members, room * sizeof(*members));
	if (members != NULL)
		scratch->members = members;
	uint32_t *order = realloc(scratch->order, room * sizeof(*order));
	if (order != NULL)
		scratch->order = order;
	uint32_t *unsettled = realloc(scratch->unsettled, room * sizeof(*unsettled));
	if (unsettled != NULL)
		scratch->unsettled = unsettled;
	if (members == NULL || order == NULL || unsettled == NULL)
		return false;
	scratch->member_room = (uint32_t)room;
	return true;
}

enum shape {
	SHAPE_SAME, /* the names of the image before, in the same places: `order` still holds */
	SHAPE_KNOWN,
	SHAPE_OTHER /* some name is not interned */
};

/* Which attribute each member is, and which of them have something to count. */
static enum shape resolve_members(struct digest_scratch *scratch, const struct json_token *tokens, uint32_t image)
{
	uint32_t count = tokens[image].count, token = image + 1;
	bool known = true, same = count == scratch->ordered_count;
	uint32_t nowhere = ATTRIBUTE_OTHER, *guess = &scratch->first, unsettled = 0;
	for (uint32_t index = 0; index < count; index++, token = tokens[token + 1].next) {
		struct slice name = json_text(&tokens[token]);
		struct name_words words = token_words(&tokens[token]);
		struct member *member = &scratch->members[index];
		uint32_t attribute = *guess;
		if (attribute >= scratch->attribute_count ||
		    !attribute_is(&scratch->attributes[attribute], name, &words))
			*guess = attribute = attribute_intern(scratch, name, &words);
		same = same && member->attribute == attribute;
		*member = (struct member){attribute, token};
		scratch->unsettled[unsettled] = index;
		if (attribute != ATTRIBUTE_OTHER) {
			unsettled += !scratch->attributes[attribute].settled;
			guess = &scratch->attributes[attribute].next;
		} else {
			unsettled++;
			known = false;
			guess = &nowhere;
		}
	}
	scratch->unsettled_count = unsettled;
	return same ? SHAPE_SAME : known ? SHAPE_KNOWN : SHAPE_OTHER;
}

/* order_by_rank where one word has a bit for every name, as it mostly has. */
static bool order_in_word(struct digest_scratch *scratch, uint32_t count, uint32_t *twice)
{
	uint64_t present = 0;
	uint32_t member_of[64];
	uint32_t *order = scratch->order;
	for (uint32_t index = 0; index < count; index++) {
		uint32_t rank = scratch->attributes[scratch->members[index].attribute].rank;
		if ((present >> rank & 1) != 0) {
			*twice = scratch->members[index].name;
			return false;
		}
		present |= UINT64_C(1) << rank;
		member_of[rank] = index;
	}
	for (; present != 0; present &= present - 1)
		*order++ = member_of[__builtin_ctzll(present)];
	return true;
}

/* By rank: one bit a name, so more members than names are a duplicate at the latest. False on a duplicate, whose name
 * token is *twice. */
static bool order_by_rank(struct digest_scratch *scratch, uint32_t count, uint32_t *twice)
{
	if (scratch->attribute_count <= 64)
		return order_in_word(scratch, count, twice);
	uint64_t present[(ATTRIBUTES_MAX + 63) / 64];
	uint16_t member_of[ATTRIBUTES_MAX];
	size_t words = (scratch->attribute_count + 63) / 64;
	memset(present, 0, words * sizeof(*present));
	for (uint32_t index = 0; index < count; index++) {
		uint32_t rank = scratch->attributes[scratch->members[index].attribute].rank;
		uint64_t bit = UINT64_C(1) << (rank % 64);
		if ((present[rank / 64] & bit) != 0) {
			*twice = scratch->members[index].name;
			return false;
		}
		present[rank / 64] |= bit;
		member_of[rank] = (uint16_t)index;
	}
	uint32_t placed = 0;
	for (size_t word = 0; word < words; word++)
		for (uint64_t bits = present[word]; bits != 0; bits &= bits - 1)
			scratch->order[placed++] = member_of[word * 64 + (size_t)__builtin_ctzll(bits)];
	return true;
}

/* By comparing, for images that hold more names than are interned. */
static bool order_by_name(struct digest_scratch *scratch, const struct json_token *tokens, uint32_t count,
			  uint32_t *twice)
{
	struct entry *entries = arena_array(&scratch->work, count, sizeof(*entries));
	*twice = 0;
	if (entries == NULL)
		return false;
	for (uint32_t index = 0; index < count; index++)
		entries[index] = make_entry(json_text(&tokens[scratch->members[index].name]), index);
	size_t same = sort_entries(entries, count);
	if (same < count) {
		*twice = scratch->members[entries[same].token].name;
		return false;
	}
	for (uint32_t index = 0; index < count; index++)
		scratch->order[index] = entries[index].token;
	return true;
}

static void note_alias(struct digest_scratch *scratch, struct slice name, const struct member *member,
		       const struct value *value)
{
	uint32_t column = member->attribute != ATTRIBUTE_OTHER ? scratch->attributes[member->attribute].alias
							       : plan_snake_column(scratch->plan, name, &scratch->text);
	if (column == 0)
		return;
	struct alias *alias = &scratch->aliases[column - 1];
	*alias = (struct alias){scratch->image, alias->image == scratch->image, *value};
}

bool image_encode(struct digest_scratch *scratch, const struct json_token *tokens, uint32_t image,
		  struct digest_fault *fault)
{
	arena_reset(&scratch->work);
	scratch->canonical_size = 0;
	scratch->depth = 0;
	scratch->member_count = 0;
	scratch->image++;
	scratch->image_token = image;
	scratch->misfit = (struct misfit){.type = NULL};
	if (tokens[image].type != JSON_OBJECT)
		return set_fault(scratch, fault, "image is not an object", (struct slice){"", 0}, image);
	uint32_t count = tokens[image].count, twice = 0;
	if (!reserve_members(scratch, count))
		return no_memory(scratch, fault, image);
	enum shape shape = resolve_members(scratch, tokens, image);
	bool ordered = shape == SHAPE_SAME || (shape == SHAPE_KNOWN ? order_by_rank(scratch, count, &twice)
								    : order_by_name(scratch, tokens, count, &twice));
	scratch->ordered_count = ordered && shape != SHAPE_OTHER ? count : UINT32_MAX;
	if (!ordered)
		return twice == 0 ? no_memory(scratch, fault, image)
				  : set_fault(scratch, fault, "duplicate name", json_text(&tokens[twice]), twice);
	bool by_snake = scratch->plan->contract->by_name == BY_NAME_SNAKE;
	scratch->depth = 1;
	struct value other;
	for (uint32_t index = 0; index < count; index++) {
		const struct member *member = &scratch->members[scratch->order[index]];
		struct slice name = json_text(&tokens[member->name]);
		struct value *value = &other;
		bool replicated;
		scratch->path[0] = (struct path_step){.name = name};
		size_t size_before = scratch->canonical_size;
		if (!put_bytes(scratch, 0, name))
			return no_memory(scratch, fault, member->name);
		if (member->attribute != ATTRIBUTE_OTHER) {
			struct attribute *attribute = &scratch->attributes[member->attribute];
			replicated = attribute->replicated;
			attribute->image = scratch->image;
			value = &attribute->value;
		} else {
			replicated = is_replicated(name);
		}
		if (!encode_value(scratch, tokens, member->name + 1, value, fault))
			return false;
		if (by_snake && !replicated)
			note_alias(scratch, name, member, value);
		if (replicated) /* checked, but no part of the image */
			scratch->canonical_size = size_before;
	}
	scratch->depth = 0;
	scratch->member_count = count;
	return true;
}

static int64_t expiry(const struct digest_scratch *scratch)
{
	if (scratch->plan->ttl_top == PLAN_NONE)
		return EXPIRES_NONE;
	const struct attribute *attribute = &scratch->attributes[scratch->plan->ttl_top];
	if (attribute->image != scratch->image || attribute->value.tag != TAG_N)
		return EXPIRES_NONE;
	struct number number = {.unscaled = attribute->value.unscaled, .scale = attribute->value.scale};
	int64_t seconds;
	return number_to_i64(&number, INT64_MIN + 1, INT64_MAX, &seconds) ? seconds : EXPIRES_NONE;
}

bool digest_image(struct digest_scratch *scratch, const struct json_token *tokens, uint32_t image,
		  struct image_digest *digest, struct digest_fault *fault)
{
	*digest = (struct image_digest){.expires_s = EXPIRES_NONE};
	if (!image_encode(scratch, tokens, image, fault))
		return false;
	XXH128_hash_t item = XXH3_128bits(scratch->canonical, scratch->canonical_size);
	digest->item[0] = item.high64;
	digest->item[1] = item.low64;
	digest->expires_s = expiry(scratch);
	digest->dated_s = image_dated(scratch);
	if (scratch->plan->has_rows) {
		image_find_columns(scratch, tokens, &digest->flags);
		digest->row = image_row(scratch, tokens, &digest->flags);
	}
	image_count_unmapped(scratch, tokens);
	return true;
}

/* ---- the key ---- */

static size_t part_size_max(uint32_t part)
{
	return part == 0 ? KEY_PARTITION_MAX : part == 1 ? KEY_SORT_MAX : KEY_MORE_MAX;
}

static bool read_key_part(struct digest_scratch *scratch, const struct json_token *tokens, uint32_t index,
			  uint32_t part, struct slice *bytes, struct digest_fault *fault)
{
	const struct key_part *key = &scratch->plan->contract->item_key[part];
	struct value value;
	struct value_fault why;
	scratch->path[0] = (struct path_step){.name = slice_from(key->attribute)};
	scratch->depth = 1;
	if (!value_read(&scratch->work, tokens, index, &value, &why))
		return set_value_fault(scratch, fault, &why);
	enum value_tag want = key->type == 'S' ? TAG_S : key->type == 'N' ? TAG_N : TAG_B;
	if (value.tag != want)
		return set_fault(scratch, fault, "key attribute of the wrong type", json_text(&tokens[index + 1]),
				 index);
	if (value.bytes.size == 0)
		return set_fault(scratch, fault, "key attribute is empty", (struct slice){"", 0}, index);
	if (value.bytes.size > part_size_max(part))
		return set_fault(scratch, fault, "key attribute is too long", (struct slice){"", 0}, index);
	*bytes = value.bytes;
	return true;
}

bool digest_key(struct digest_scratch *scratch, const struct json_token *tokens, uint32_t keys, struct slice *key,
		struct digest_fault *fault)
{
	const struct contract *contract = scratch->plan->contract;
	const uint32_t *tops = scratch->plan->key_top;
	uint32_t found[KEY_PARTS_MAX] = {0};
	arena_reset(&scratch->work);
	scratch->depth = 0;
	*key = (struct slice){NULL, 0};
	if (tokens[keys].type != JSON_OBJECT)
		return set_fault(scratch, fault, "key is not an object", (struct slice){"", 0}, keys);
	size_t first_size = scratch->attributes[tops[0]].words.size;
	size_t last_size = scratch->attributes[tops[contract->item_key_count - 1]].words.size;
	bool few = contract->item_key_count <= TABLE_KEY_PARTS_MAX;
	uint32_t token = keys + 1;
	for (uint32_t index = 0; index < tokens[keys].count; index++, token = tokens[token + 1].next) {
		if (few && tokens[token].size != first_size && tokens[token].size != last_size) /* so it is for most */
			continue;
		struct slice name = json_text(&tokens[token]);
		struct name_words words = token_words(&tokens[token]);
		for (uint32_t part = 0; part < contract->item_key_count; part++) {
			if (!attribute_is(&scratch->attributes[tops[part]], name, &words))
				continue;
			if (found[part] != 0)
				return set_fault(scratch, fault, "duplicate name", name, token);
			found[part] = token + 1;
		}
	}
	size_t size = 0;
	for (uint32_t part = 0; part < contract->item_key_count; part++) {
		struct slice bytes = {NULL, 0};
		scratch->depth = 0;
		if (found[part] == 0)
			return set_fault(scratch, fault, "key attribute is missing",
					 slice_from(contract->item_key[part].attribute), keys);
		if (!read_key_part(scratch, tokens, found[part], part, &bytes, fault))
			return false;
		size += key_put(scratch->key_bytes + size, contract->item_key[part].type, bytes);
	}
	*key = (struct slice){(const char *)scratch->key_bytes, size};
	return true;
}

static const char *put_row_part(struct digest_scratch *scratch, uint32_t part, struct slice bytes, size_t *size)
{
	const struct plan_key *key = &scratch->plan->key[part];
	struct number number;
	if (key->extract != NULL) {
		enum step_status status = step_pattern_group(scratch->extracts[part], bytes, &scratch->step_text,
							     &bytes);
		scratch->failed = scratch->failed || status == STEP_NO_MEMORY;
		if (status == STEP_UNFIT)
			return "takes too long to match extract";
		if (bytes.data == NULL)
			return "does not match extract";
	}
	if (key->type == 'N') {
		if (number_parse(bytes, &number) != DECIMAL_OK)
			return "gives no number, which its column holds";
		bytes = number.text;
	}
	if (bytes.size == 0)
		return "gives nothing";
	if (bytes.size > part_size_max(part) || *size + bytes.size + 3 > KEY_BYTES_MAX)
		return "is too long";
	*size += key_put(scratch->row_key_bytes + *size, key->type, bytes);
	return NULL;
}

bool digest_row_key(struct digest_scratch *scratch, struct slice item_key, struct slice *row_key,
		    struct digest_fault *fault)
{
	const struct digest_plan *plan = scratch->plan;
	struct slice parts[KEY_PARTS_MAX];
	char types[KEY_PARTS_MAX];
	size_t size = 0;
	*row_key = item_key;
	if (!plan->key_made)
		return true;
	scratch->depth = 0;
	for (uint32_t part = 0; part < plan->contract->item_key_count; part++)
		if (!key_take(&item_key, &types[part], &parts[part]))
			return set_fault(scratch, fault, "key is cut short", (struct slice){"", 0}, 0);
	for (uint32_t part = 0; part < plan->key_count; part++) {
		const char *reason = put_row_part(scratch, part, parts[plan->key[part].part], &size);
		if (reason != NULL)
			return set_fault(scratch, fault, reason, slice_from(plan->contract->lake_key[part].attribute),
					 0);
	}
	*row_key = (struct slice){(const char *)scratch->row_key_bytes, size};
	return true;
}
