#include "generators/model.h"

#include <assert.h>

#include "base/clock.h"
#include "base/prng.h"
#include "generators/lineage.h"
#include "generators/model_tags.h"
#include "generators/table.h"
#include "generators/table_image.h"
#include "generators/text.h"

static bool key_type_valid(char type)
{
	return type == 'S' || type == 'N' || type == 'B';
}

static int check_mix(const struct model_config *config, struct error *error)
{
	const struct write_mix *mix = &config->mix;

	if (mix->insert_percent + mix->reinsert_percent + mix->delete_percent + mix->no_effect_percent > 100)
		return error_set(error, ERROR_USAGE, "the operations add up to more than 100 percent");
	if (config->zipf > ZIPF_MAX)
		return error_set(error, ERROR_USAGE, "an exponent of Zipf's law is 0 to %d", ZIPF_MAX / 100);
	if (config->shards + 2 * config->splits > LINEAGE_SHARDS_MAX)
		return error_set(error, ERROR_USAGE, "a stream has at most %d shards, two for each split included",
				 LINEAGE_SHARDS_MAX);
	return 0;
}

int model_init(struct model *model, const struct model_config *config, struct error *error)
{
	enum { NEW_ITEMS_MORE_PERCENT = 2 };

	if (config->table == NULL)
		return error_set(error, ERROR_INTERNAL, "no workload was loaded");
	if (config->items + config->changes > MODEL_ITEMS_MAX)
		return error_set(error, ERROR_USAGE, "items and changes together exceed 4,000,000,000; generate less");
	if (config->start_us < CLOCK_SECOND_US * 86400 * 3650 || config->duration_us <= 0 ||
	    config->duration_us > CLOCK_SECOND_US * 86400 * 3650)
		return error_set(error, ERROR_USAGE, "the window must begin after 1979 and last at most ten years");
	if (config->skew > SKEW_MAX)
		return error_set(error, ERROR_USAGE, "skew is 0 to %d", SKEW_MAX);
	if (!key_type_valid(config->key_type[0]) || (config->key_type[1] != 0 && !key_type_valid(config->key_type[1])))
		return error_set(error, ERROR_USAGE, "a key attribute is of type S, N or B");
	if (config->ttl_ppm > SHARE_ALL)
		return error_set(error, ERROR_USAGE, "the share of items with a TTL in the window is at most 100%%");
	if (check_mix(config, error) != 0 || model_check_keys(config, error) != 0)
		return error->code;
	*model = (struct model){.config = *config};
	model->salt = prng_mix(config->seed + UINT64_C(0x9e3779b97f4a7c15));
	model->slots_max = config->items +
			   config->changes * (uint64_t)(config->mix.insert_percent + NEW_ITEMS_MORE_PERCENT) / 100 + 1;
	lineage_build(model);
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

uint32_t model_version_after(const struct model *model, uint32_t version, int64_t time_us)
{
	const struct model_config *config = &model->config;
	uint32_t phase = 0, count = version_count(version) + 1;

	assert(count <= VERSION_COUNT_MAX);
	for (; phase < config->table->phase_count; phase++) {
		/* Split so that duration * share cannot overflow: both stay below 2^49. */
		int64_t at_us = config->duration_us / SHARE_ALL * config->table->phase_at[phase] +
				config->duration_us % SHARE_ALL * config->table->phase_at[phase] / SHARE_ALL;
		if (time_us < config->start_us + at_us)
			break;
	}
	return phase << VERSION_COUNT_BITS | count;
}

/* ---- images ---- */

static bool count_repeats(const struct model *model, uint64_t item, uint32_t count)
{
	return count > 2 && model_random(model, item, TAG_REVERT, count) % 16 == 0;
}

uint32_t model_content_version(const struct model *model, uint64_t item, uint32_t version)
{
	uint32_t count = version_count(version);

	/* One step back only, so the content is that of `count` or `count - 2`: never that of `count - 1`, whose own
	 * content is `count - 1` or `count - 3`. */
	if (count_repeats(model, item, count) && !count_repeats(model, item, count - 2))
		return version - 2;
	return version;
}

static void ttl_write(const struct model *model, struct item_writer *writer, uint64_t item, uint32_t version)
{
	struct ttl ttl = model_ttl(model, item, version);
	char text[TEXT_U64_MAX];

	if (ttl.kind == TTL_NONE)
		return;
	item_attribute(writer, model->config.ttl_name, strlen(model->config.ttl_name));
	if (ttl.kind == TTL_NUMBER)
		value_integer(writer, ttl.value);
	else if (ttl.kind == TTL_TEXT)
		value_plain(writer, text, (size_t)(text_u64(text, (uint64_t)ttl.value) - text));
	else
		value_null(writer);
}

bool model_foreign(const struct model *model, uint64_t item, uint32_t version)
{
	uint64_t random = model_random(model, item, TAG_FOREIGN, version_count(version));
	return model->config.replicas != REPLICAS_NONE && random % SHARE_ALL < model->config.foreign;
}

/* What the 2017 version of global tables puts into every item (Developer Guide, "Global tables version 2017"). */
static void replica_write(const struct model *model, struct item_writer *writer, uint64_t item, uint32_t version)
{
	const char *region = model_foreign(model, item, version) ? "us-west-2" : TABLE_REGION;
	uint64_t random = model_random(model, item, TAG_REPLICATED, version_count(version));

	item_attribute(writer, "aws:rep:deleting", 16);
	value_bool(writer, false);
	item_attribute(writer, "aws:rep:updatetime", 18);
	value_scaled(writer, model->config.start_us + (int64_t)(random % (uint64_t)model->config.duration_us), 6);
	item_attribute(writer, "aws:rep:updateregion", 20);
	value_plain(writer, region, strlen(region));
}

int model_image(const struct model *model, uint64_t item, uint32_t version, struct buffer *json, uint64_t *size_bytes)
{
	struct item_writer writer;
	uint32_t content = model_content_version(model, item, version);
	/* The order of attributes means nothing and the service's varies: so does ours. */
	bool key_last = model_random(model, item, TAG_ROTATE, 0) % 4 == 0;

	assert(version_count(version) >= 1);
	if (item_begin(&writer, json, model->config.table->json_max) != 0)
		return ERROR_INTERNAL;
	if (!key_last)
		model_key_write(model, &writer, item);
	table_image_write(model, &writer, item, content);
	ttl_write(model, &writer, item, version);
	if (model->config.wild)
		wild_write(model, &writer, item, content);
	if (key_last)
		model_key_write(model, &writer, item);
	if (model->config.replicas == REPLICAS_2017)
		replica_write(model, &writer, item, content);
	table_image_fill(model, &writer, item, content);
	*size_bytes = writer.size_bytes;
	return item_end(&writer);
}

/* ---- time to live ---- */

struct ttl model_ttl(const struct model *model, uint64_t item, uint32_t version)
{
	enum { PERIOD = 3, DAY = 86400 };
	uint32_t content = model_content_version(model, item, version);
	/* Most updates leave the TTL as it is; some move it, and so can revive an expired item. */
	uint32_t epoch = (version_count(content) + (uint32_t)(item % PERIOD)) / PERIOD;
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
	uint64_t counter = ordinal * 1000 + 1 + model_random(model, ordinal, TAG_SEQUENCE, 1) % 999;
	at = text_padded(at, counter, COUNTER);
	*at = '\0';
}

void model_sequence_before(const struct model *model, uint64_t ordinal, char text[SEQUENCE_TEXT_MAX])
{
	model_sequence(model, ordinal, text);
	/* The last three digits are not 000, and those of the record before count in other thousands. */
	char *at = text + strlen(text) - 1;
	for (; *at == '0'; at--)
		*at = '9';
	(*at)--;
}

void model_event_id(const struct model *model, uint64_t ordinal, char text[EVENT_ID_MAX])
{
	char *at = text_hex(text, model_random(model, ordinal, TAG_EVENT_HIGH, 0), 16);
	at = text_hex(at, model_random(model, ordinal, TAG_EVENT_LOW, 0), 16);
	*at = '\0';
}
