/* The keys of a model's items: where an item lies, and what its key attributes are. */
#include <assert.h>

#include "base/prng.h"
#include "base/clock.h"
#include "generators/model.h"
#include "generators/model_tags.h"
#include "generators/table.h"
#include "generators/table_image.h"
#include "generators/text.h"

#define PARTITION_MARK "{partition}"
#define POSITION_MARK "{position}"

enum { LARGE_PARTITION_SHARE = 64, TEMPLATE_MAX = 200 };
struct place {
	uint64_t partition;
	uint64_t position; /* within the partition, in sort-key order */
};

bool model_name_valid(struct slice name)
{
	for (size_t i = 0; i < name.size; i++) {
		char c = name.data[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
			     c == '-';
		if (!plain)
			return false;
	}
	return name.size > 0 && name.size < KEY_NAME_MAX;
}

uint64_t model_large_partition(const struct model *model)
{
	uint64_t share = model->config.items / LARGE_PARTITION_SHARE,
		 most = (uint64_t)model->config.large_partition_max;
	if (model->config.key_type[1] == 0)
		return 0;
	return share < most ? share : most;
}

static struct place model_place(const struct model *model, uint64_t item)
{
	uint64_t big = model_large_partition(model);
	if (model->config.key_type[1] == 0)
		return (struct place){item, 0};
	if (item < big)
		return (struct place){0, item};
	uint64_t rest = item - big, each = (uint64_t)model->config.partition_items;
	return (struct place){1 + rest / each, rest % each};
}

uint64_t model_partition_hash(const struct model *model, uint64_t item)
{
	/* prng_mix is a bijection, so different partitions never share a hash. */
	return prng_mix(model->salt + model_place(model, item).partition);
}

const struct table_entity *model_entity(const struct model *model, uint64_t item)
{
	const struct table *table = model->config.table;
	if (table->entity_count == 1)
		return table->entities;
	struct place place = model_place(model, item);
	if (place.position < table->once_count)
		return &table->entities[place.position];
	uint64_t random = model_random(model, item, TAG_ENTITY, 0) % table->share_sum;
	const struct table_entity *entity = &table->entities[table->once_count];
	for (; random >= entity->share; entity++)
		random -= entity->share;
	return entity;
}

/* "CUST#{partition}" without what the placeholders become: templates that differ in it never give one key. */
static bool same_skeleton(const char *left, const char *right)
{
	return strcmp(left == NULL ? "" : left, right == NULL ? "" : right) == 0;
}

static bool template_valid(const char *template, const char *mark)
{
	const char *brace = strchr(template, '{');
	size_t size = strlen(mark);
	if (strlen(template) > TEMPLATE_MAX || strpbrk(template, "0123456789}") != strchr(template, '}'))
		return false;
	return brace == NULL || (strncmp(brace, mark, size) == 0 && strpbrk(brace + size, "{}0123456789") == NULL);
}

/* Whether items have an attribute of that name besides their key. */
static bool name_is_taken(const struct model_config *config, const char *name)
{
	bool taken = config->ttl_ppm > 0 && strcmp(name, config->ttl_name) == 0;
	for (uint32_t i = 0; i < config->table->entity_count; i++) {
		const struct table_entity *entity = &config->table->entities[i];
		for (uint32_t j = 0; j < entity->attribute_count; j++)
			taken = taken || strcmp(entity->attributes[j].name, name) == 0;
	}
	for (const char *const *wild = wild_names; config->wild && *wild != NULL; wild++)
		taken = taken || strcmp(*wild, name) == 0;
	return taken;
}

int model_check_keys(const struct model_config *config, struct error *error)
{
	const struct table *table = config->table;

	for (unsigned part = 0; part < 2 && config->key_type[part] != 0; part++)
		if (name_is_taken(config, config->key_name[part]))
			return error_set(error, ERROR_USAGE,
					 "the items of table %s have an attribute \"%s\" of their own; choose another "
					 "name for the key",
					 table->name, config->key_name[part]);
	for (uint32_t i = 0; i < table->entity_count; i++) {
		const struct table_entity *entity = &table->entities[i];
		if ((entity->pk != NULL && config->key_type[0] != 'S') ||
		    (entity->sk != NULL && config->key_type[1] != 'S'))
			return error_set(error, ERROR_USAGE,
					 "entity \"%s\" forms keys, so the key attributes must be of type S",
					 entity->name);
		if (table->once_count > 0 && config->key_type[1] == 0)
			return error_set(error, ERROR_USAGE,
					 "entities that are there once a partition need a sort key");
		if ((entity->pk != NULL &&
		     (!template_valid(entity->pk, PARTITION_MARK) || strstr(entity->pk, PARTITION_MARK) == NULL)) ||
		    (entity->sk != NULL && !template_valid(entity->sk, POSITION_MARK)))
			return error_set(error, ERROR_USAGE,
					 "entity \"%s\": a pk is text with one " PARTITION_MARK
					 ", an sk text with at most one " POSITION_MARK ", both without other digits",
					 entity->name);
		for (uint32_t other = 0; other < i && entity->once; other++)
			if (same_skeleton(entity->pk, table->entities[other].pk) &&
			    same_skeleton(entity->sk, table->entities[other].sk))
				return error_set(error, ERROR_USAGE, "entities \"%s\" and \"%s\" have the same keys",
						 table->entities[other].name, entity->name);
	}
	return 0;
}

unsigned model_key_count(const struct model *model)
{
	return model->config.key_type[1] != 0 ? 2 : 1;
}

/* Unicode in and out of the first plane, composed and decomposed, a quote, a backslash, controls. */
static const char *const awkward[] = {
	"caf\xc3\xa9 ",      "cafe\xcc\x81 ", "\xe6\x97\xa5\xe6\x9c\xac ",
	"\xf0\x9f\xa6\x86 ", "\"quoted\" ",   "back\\slash ",
	"tab\there ",        "line\nbreak ",  "\x01\x1f ",
	"/slash/ ",          "\xef\xbc\xa1 ", "'; -- ",
};
enum { AWKWARD_COUNT = sizeof(awkward) / sizeof(awkward[0]) };

/* "ORDER#{position}": literals and placeholders. */
static char *template_key(char *at, const char *template, struct place place)
{
	for (; *template != '\0';) {
		size_t plain = strcspn(template, "{");
		at = text_bytes(at, template, plain);
		template += plain;
		if (strncmp(template, PARTITION_MARK, strlen(PARTITION_MARK)) == 0) {
			at = text_u64(at, place.partition);
			template += strlen(PARTITION_MARK);
		} else if (*template != '\0') {
			at = text_padded(at, place.position, 10);
			template += strlen(POSITION_MARK);
		}
	}
	return at;
}

static char *long_key(char *at, uint64_t value, unsigned part)
{
	size_t size = (part == 0 ? KEY_PART_MAX : SORT_KEY_MAX) - 12;
	memset(at, 'k', size);
	return text_padded(at + size, value, 12);
}

static char *text_key(const struct model *model, char *at, struct place place, unsigned part, uint64_t random)
{
	if (part == 1) {
		at = text_bytes(at, "2025-10-", 8);
		at = text_padded(at, 1 + place.position / 86400 % 28, 2);
		*at++ = 'T';
		at = text_padded(at, place.position % 86400 / 3600, 2);
		*at++ = ':';
		at = text_padded(at, place.position % 3600 / 60, 2);
		*at++ = ':';
		at = text_padded(at, place.position % 60, 2);
		*at++ = '#';
		return text_padded(at, place.position, 10);
	}
	if (random % (uint64_t)model->config.table->key_awkward == 0) {
		const char *word = awkward[(random >> 32) % AWKWARD_COUNT];
		at = text_bytes(at, word, strlen(word));
	} else {
		at = text_bytes(at, "customer#", 9);
	}
	return text_u64(at, place.partition);
}

/* Integers of one to 38 digits, increasing with `value` within a style, so that sort-key order is position order. */
static char *number_key(char *at, uint64_t value, uint64_t random)
{
	switch (random % 32) {
	case 0: /* beyond 2^64 = 18446744073709551616; value stays far below 6 * 10^9 */
		at = text_bytes(at, "1844674407", 10);
		return text_padded(at, UINT64_C(3709551616) + value, 10);
	case 1: /* 38 digits */
		at = text_bytes(at, "12345678901234567890123456", 26);
		return text_padded(at, value, 12);
	case 2: /* trailing zeros; just beyond 2^53, where a double begins to skip */
		return text_u64(at, UINT64_C(9007199254740992) + value);
	case 3: /* negative, and increasing */
		*at++ = '-';
		return text_u64(at, UINT64_C(5000000000) - value);
	default:
		return text_u64(at, value);
	}
}

static char *binary_key(char *at, uint64_t value, uint64_t random)
{
	size_t prefix = random % 8;
	for (size_t i = 0; i < prefix; i++)
		*at++ = (char)(uint8_t)(random >> (8 * i));
	for (unsigned shift = 40; shift > 0; shift -= 8)
		*at++ = (char)(uint8_t)(value >> (shift - 8));
	return at;
}

static char *mixed_key(const struct model *model, char *at, struct place place, unsigned part)
{
	/* Style is the partition's, not the item's: within a partition the sort keys must increase with the position.
	 */
	uint64_t random = model_random(model, place.partition, TAG_KEY, part);
	uint64_t value = part == 0 ? place.partition + 1 : place.position * 7 + random % 7;

	switch (model->config.key_type[part]) {
	case 'S':
		return text_key(model, at, place, part, random);
	case 'N':
		return number_key(at, value, random >> 8);
	default:
		return binary_key(at, value, random);
	}
}

/* Keys of one shape throughout. prng_mix is a bijection, so different values never share a key. */
static char *shaped_key(const struct model *model, char *at, struct place place, unsigned part)
{
	uint64_t value = part == 0 ? place.partition + 1 : place.position + 1;
	uint64_t mixed = prng_mix(model->salt + value);
	int shape = model->config.key_shape[part];

	switch (model->config.key_type[part]) {
	case 'S':
		if (shape == KEY_LONG)
			return long_key(at, value, part);
		if (shape == KEY_PLAIN)
			return text_u64(text_bytes(at, part == 0 ? "key#" : "sort#", part == 0 ? 4 : 5), value);
		at = text_hex(at, mixed, 16);
		return text_hex(at, prng_mix(mixed), 16);
	case 'N':
		return number_key(at, shape == KEY_UUID ? mixed : value, shape == KEY_LONG ? 1 : 4);
	default:
		return shape == KEY_LONG ? long_key(at, value, part)
					 : binary_key(at, value, shape == KEY_UUID ? mixed | 7 : 0);
	}
}

void model_key_part(const struct model *model, uint64_t item, unsigned part, struct key_value *key)
{
	const struct table_entity *entity = model_entity(model, item);
	const char *template = part == 0 ? entity->pk : entity->sk;
	struct place place = model_place(model, item);
	char *end = key->bytes;

	assert(part < model_key_count(model));
	key->type = model->config.key_type[part];
	if (template != NULL)
		end = template_key(end, template, place);
	else if (model->config.key_shape[part] != KEY_MIXED)
		end = shaped_key(model, end, place, part);
	else
		end = mixed_key(model, end, place, part);
	key->size = (size_t)(end - key->bytes);
	assert(key->size > 0 && key->size <= KEY_PART_MAX);
}

static void key_part_write(struct item_writer *writer, const struct key_value *key)
{
	if (key->type == 'S') {
		value_text(writer, (struct slice){key->bytes, key->size});
	} else if (key->type == 'B') {
		value_binary(writer, (const uint8_t *)key->bytes, key->size);
	} else {
		bool negative = key->bytes[0] == '-';
		size_t digits = key->size - (negative ? 1 : 0);
		value_digits(writer, negative, key->bytes + (negative ? 1 : 0), digits, (int)digits);
	}
}

void model_key_write(const struct model *model, struct item_writer *writer, uint64_t item)
{
	unsigned count = model_key_count(model);
	for (unsigned part = 0; part < count; part++) {
		struct key_value key;
		model_key_part(model, item, part, &key);
		item_attribute_escaped(writer, slice_from(model->config.key_name[part]));
		key_part_write(writer, &key);
	}
}

int model_key_json(const struct model *model, uint64_t item, struct buffer *json, uint64_t *size_bytes)
{
	struct item_writer writer;
	if (item_begin(&writer, json, ITEM_JSON_MAX) != 0)
		return ERROR_INTERNAL;
	model_key_write(model, &writer, item);
	*size_bytes = writer.size_bytes;
	return item_end(&writer);
}
