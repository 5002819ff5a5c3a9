#include "generators/model.h"

#include <assert.h>

#include "base/clock.h"
#include "base/prng.h"
#include "generators/preset.h"
#include "generators/text.h"

enum {
	ITEMS_A_PARTITION = 4,
	/* One partition holds a share of the table, as hot tenants do, but not without limit. */
	BIG_PARTITION_SHARE = 64,
	BIG_PARTITION_MAX = 5000,
	NEW_ITEMS_PERCENT = 10
};

/* Tags of model_random; presets use tags from 100. */
enum {
	TAG_REVERT = 1,
	TAG_KEY,
	TAG_PARTITION,
	TAG_TTL,
	TAG_TTL_VALUE,
	TAG_SEQUENCE,
	TAG_EVENT_HIGH,
	TAG_EVENT_LOW,
	TAG_ROTATE
};

static bool key_type_valid(char type)
{
	return type == 'S' || type == 'N' || type == 'B';
}

int model_init(struct model *model, const struct model_config *config, struct error *error)
{
	if (config->items + config->changes > MODEL_ITEMS_MAX)
		return error_set(error, ERROR_USAGE, "items and changes together exceed 4,000,000,000; generate less");
	if (config->start_us < CLOCK_SECOND_US * 86400 * 3650 || config->duration_us <= 0 ||
	    config->duration_us > CLOCK_SECOND_US * 86400 * 3650)
		return error_set(error, ERROR_USAGE, "the window must begin after 1979 and last at most ten years");
	if (config->skew > SKEW_MAX)
		return error_set(error, ERROR_USAGE, "skew is 0 to %d", SKEW_MAX);
	if (!key_type_valid(config->key_type[0]) || (config->key_type[1] != 0 && !key_type_valid(config->key_type[1])))
		return error_set(error, ERROR_USAGE, "a key attribute is of type S, N or B");
	if (config->ttl_ppm > 1000000)
		return error_set(error, ERROR_USAGE, "the share of items with a TTL in the window is at most 100%%");
	*model = (struct model){.config = *config};
	model->salt = prng_mix(config->seed + UINT64_C(0x9e3779b97f4a7c15));
	model->slots_max = config->items + config->changes * NEW_ITEMS_PERCENT / 100 + 1;
	return 0;
}

uint32_t model_initial_state(const struct model *model, uint64_t item)
{
	return item < model->config.items ? state_make(1, ITEM_LIVE) : state_make(0, ITEM_UNBORN);
}

uint64_t model_random(const struct model *model, uint64_t item, uint64_t tag, uint64_t epoch)
{
	uint64_t word = model->salt ^ item * UINT64_C(0xd1342543de82ef95);
	word += tag * UINT64_C(0x9e3779b97f4a7c15) + epoch * UINT64_C(0xc2b2ae3d27d4eb4f);
	return prng_mix(prng_mix(word) + epoch);
}

/* ---- keys ---- */

struct place {
	uint64_t partition;
	uint64_t position; /* within the partition, in sort-key order */
};

static struct place model_place(const struct model *model, uint64_t item)
{
	if (model->config.key_type[1] == 0)
		return (struct place){item, 0};
	uint64_t big = model->config.items / BIG_PARTITION_SHARE;
	if (big > BIG_PARTITION_MAX)
		big = BIG_PARTITION_MAX;
	if (item < big)
		return (struct place){0, item};
	uint64_t rest = item - big;
	return (struct place){1 + rest / ITEMS_A_PARTITION, rest % ITEMS_A_PARTITION};
}

uint64_t model_partition_hash(const struct model *model, uint64_t item)
{
	/* prng_mix is a bijection, so different partitions never share a hash. */
	return prng_mix(model->salt + model_place(model, item).partition);
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
	if (random % model->config.preset->key_awkward == 0) {
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

void model_key_part(const struct model *model, uint64_t item, unsigned part, struct key_value *key)
{
	struct place place = model_place(model, item);
	/* Style is the partition's, not the item's: within a partition the sort keys must increase with the position.
	 */
	uint64_t random = model_random(model, place.partition, TAG_KEY, part);
	uint64_t value = part == 0 ? place.partition + 1 : place.position * 7 + random % 7;
	char *end = key->bytes;

	assert(part < model_key_count(model));
	key->type = model->config.key_type[part];
	if (key->type == 'S')
		end = text_key(model, end, place, part, random);
	else if (key->type == 'N')
		end = number_key(end, value, random >> 8);
	else
		end = binary_key(end, value, random);
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
	if (item_begin(&writer, json) != 0)
		return ERROR_INTERNAL;
	model_key_write(model, &writer, item);
	*size_bytes = writer.size_bytes;
	return item_end(&writer);
}

/* ---- images ---- */

static bool version_repeats(const struct model *model, uint64_t item, uint32_t version)
{
	return version > 2 && model_random(model, item, TAG_REVERT, version) % 16 == 0;
}

uint32_t model_content_version(const struct model *model, uint64_t item, uint32_t version)
{
	/* One step back only, so the content is that of `version` or `version - 2`: never that of `version - 1`, whose
	 * own content is `version - 1` or `version - 3`. */
	if (version_repeats(model, item, version) && !version_repeats(model, item, version - 2))
		return version - 2;
	return version;
}

static void ttl_write(const struct model *model, struct item_writer *writer, uint64_t item, uint32_t version)
{
	struct ttl ttl = model_ttl(model, item, version);
	char text[TEXT_U64_MAX];

	if (ttl.kind == TTL_NONE)
		return;
	item_attribute(writer, TTL_ATTRIBUTE, sizeof(TTL_ATTRIBUTE) - 1);
	if (ttl.kind == TTL_NUMBER)
		value_integer(writer, ttl.value);
	else if (ttl.kind == TTL_TEXT)
		value_plain(writer, text, (size_t)(text_u64(text, (uint64_t)ttl.value) - text));
	else
		value_null(writer);
}

int model_image(const struct model *model, uint64_t item, uint32_t version, struct buffer *json, uint64_t *size_bytes)
{
	struct item_writer writer;
	uint32_t content = model_content_version(model, item, version);
	/* The order of attributes means nothing and the service's varies: so does ours. */
	bool key_last = model_random(model, item, TAG_ROTATE, 0) % 4 == 0;

	assert(version >= 1 && version <= MODEL_VERSION_MAX);
	if (item_begin(&writer, json) != 0)
		return ERROR_INTERNAL;
	if (!key_last)
		model_key_write(model, &writer, item);
	model->config.preset->write(model, &writer, item, content);
	ttl_write(model, &writer, item, version);
	if (model->config.wild)
		wild_write(model, &writer, item, content);
	if (key_last)
		model_key_write(model, &writer, item);
	*size_bytes = writer.size_bytes;
	return item_end(&writer);
}

/* ---- time to live ---- */

struct ttl model_ttl(const struct model *model, uint64_t item, uint32_t version)
{
	enum { PERIOD = 3, DAY = 86400 };
	uint32_t content = model_content_version(model, item, version);
	/* Most updates leave the TTL as it is; some move it, and so can revive an expired item. */
	uint32_t epoch = (content + (uint32_t)(item % PERIOD)) / PERIOD;
	uint64_t random = model_random(model, item, TAG_TTL, epoch);
	uint64_t offset = model_random(model, item, TAG_TTL_VALUE, epoch);
	int64_t start_s = model->config.start_us / CLOCK_SECOND_US;
	uint64_t duration_s = (uint64_t)(model->config.duration_us / CLOCK_SECOND_US) + 1;
	struct ttl ttl = {TTL_NUMBER, 0};
	int64_t inside_s = start_s - 300 + (int64_t)(offset % (duration_s + 300));

	if (model->config.ttl_ppm == 0)
		return (struct ttl){TTL_NONE, 0};
	if (random % 1000000 < model->config.ttl_ppm) {
		ttl.value = inside_s;
		return ttl;
	}
	switch (random >> 32 & 63) {
	case 0: /* milliseconds: far in the future to the service, in the window to a careless reader */
		ttl.value = inside_s * 1000;
		return ttl;
	case 1: /* older than five years: ignored */
		ttl.value = start_s - TTL_AGE_MAX_S - (int64_t)(offset % (DAY * 365));
		return ttl;
	case 2:
		if (!model->config.wild)
			break;
		return (struct ttl){TTL_TEXT, inside_s};
	case 3:
		if (!model->config.wild)
			break;
		return (struct ttl){TTL_NULL, 0};
	default:
		break;
	}
	if ((random >> 40) % 4 == 0)
		return (struct ttl){TTL_NONE, 0};
	ttl.value = start_s + (int64_t)duration_s + 30 * DAY + (int64_t)(offset % (DAY * 365));
	return ttl;
}

bool ttl_expired(struct ttl ttl, int64_t now_us)
{
	int64_t now_s = now_us / CLOCK_SECOND_US;
	return ttl.kind == TTL_NUMBER && ttl.value < now_s && ttl.value >= now_s - TTL_AGE_MAX_S;
}

/* ---- the stream's identities ---- */

void model_sequence(const struct model *model, uint64_t ordinal, char text[SEQUENCE_TEXT_MAX])
{
	/* Five lengths over the history; wherever the length grows, the first digit falls back, so text order is wrong.
	 */
	static const unsigned lengths[] = {21, 22, 28, 39, 40};
	static const char leads[] = "91391";
	enum { EPOCHS = 5, COUNTER = 15 };
	uint64_t span = model->config.changes / EPOCHS + 1;
	uint64_t epoch = ordinal / span < EPOCHS ? ordinal / span : EPOCHS - 1;
	char *at = text;

	*at++ = leads[epoch];
	uint64_t fill = model_random(model, epoch, TAG_SEQUENCE, 0);
	for (unsigned i = lengths[epoch] - 1 - COUNTER; i > 0; i--) {
		*at++ = (char)('0' + fill % 10);
		fill = fill / 10 != 0 ? fill / 10 : prng_mix(fill + i);
	}
	uint64_t counter = ordinal * 1000 + model_random(model, ordinal, TAG_SEQUENCE, 1) % 1000;
	at = text_padded(at, counter, COUNTER);
	*at = '\0';
}

void model_event_id(const struct model *model, uint64_t ordinal, char text[EVENT_ID_MAX])
{
	char *at = text_hex(text, model_random(model, ordinal, TAG_EVENT_HIGH, 0), 16);
	at = text_hex(at, model_random(model, ordinal, TAG_EVENT_LOW, 0), 16);
	*at = '\0';
}
