#include "generators/lineage.h"

#include "base/clock.h"
#include "base/prng.h"
#include "generators/table.h"
#include "generators/text.h"

/* The k-th of n splits: one lies at two fifths of the window, several evenly in it. */
static int64_t split_us(const struct model *model, int64_t split)
{
	return model->config.start_us + model->config.duration_us / (2 * model->config.splits + 3) * (2 * split + 2);
}

static void set_label(struct model *model)
{
	/* As clock_format_ms, but labels have no zone. */
	char time[CLOCK_TEXT_MAX];
	clock_format_ms(model->config.start_us - INT64_C(3600123) * 1000, time);
	size_t size = strlen(time) - 1;
	memcpy(model->stream_label, time, size);
	model->stream_label[size] = '\0';
}

void lineage_build(struct model *model)
{
	uint64_t count = (uint64_t)model->config.shards;
	uint32_t next_start = 0, next_child = (uint32_t)count;

	for (uint64_t i = 0; i < count; i++)
		model->shards[i] = (struct lineage_shard){
			.low = (i << 32) / count,
			.high = ((i + 1) << 32) / count,
			.born_us = model->config.start_us - 3600 * CLOCK_SECOND_US,
			.split_us = INT64_MAX,
			.parent = -1,
		};
	model->shard_count = (uint32_t)count;
	set_label(model);
	for (int64_t split = 0; split < model->config.splits; split++) {
		bool child = split % 2 == 1 || next_start == count;
		uint32_t which = child ? next_child++ : next_start++;
		struct lineage_shard *parent = &model->shards[which];
		uint64_t middle = parent->low + (parent->high - parent->low) / 2;

		parent->split_us = split_us(model, split);
		parent->child = model->shard_count;
		for (unsigned half = 0; half < 2; half++)
			model->shards[model->shard_count++] = (struct lineage_shard){
				.low = half == 0 ? parent->low : middle,
				.high = half == 0 ? middle : parent->high,
				.born_us = parent->split_us,
				.split_us = INT64_MAX,
				.parent = (int)which,
			};
	}
}

unsigned lineage_shard(const struct model *model, uint64_t item, int64_t time_us)
{
	uint64_t hash = model_partition_hash(model, item) >> 32;
	unsigned shard = (unsigned)(hash * (uint64_t)model->config.shards >> 32);

	/* Rounding may put a hash beside the shard its range says. */
	while (hash < model->shards[shard].low)
		shard--;
	while (hash >= model->shards[shard].high)
		shard++;
	while (time_us >= model->shards[shard].split_us) {
		shard = model->shards[shard].child;
		shard += hash >= model->shards[shard].high;
	}
	return shard;
}

int lineage_parent(const struct model *model, unsigned shard)
{
	return model->shards[shard].parent;
}

void lineage_shard_id(const struct model *model, unsigned shard, char text[SHARD_ID_MAX])
{
	char *at = text_bytes(text, "shardId-", 8);
	at = text_padded(at, (uint64_t)(model->shards[shard].born_us / 1000) + shard, 20);
	*at++ = '-';
	at = text_hex(at, prng_mix(model->salt + 77 + shard), 8);
	*at = '\0';
}

static int describe_shard(const struct model *model, unsigned shard, uint64_t first, uint64_t last, struct buffer *json)
{
	char id[SHARD_ID_MAX], parent[SHARD_ID_MAX], sequence[SEQUENCE_TEXT_MAX];

	lineage_shard_id(model, shard, id);
	model_sequence(model, first, sequence);
	buffer_printf(json, "%s{\"ShardId\":\"%s\",\"SequenceNumberRange\":{\"StartingSequenceNumber\":\"%s\"",
		      shard > 0 ? "," : "", id, sequence);
	if (model->shards[shard].split_us != INT64_MAX) {
		model_sequence(model, last, sequence);
		buffer_printf(json, ",\"EndingSequenceNumber\":\"%s\"", sequence);
	}
	buffer_append_byte(json, '}');
	if (lineage_parent(model, shard) >= 0) {
		lineage_shard_id(model, (unsigned)lineage_parent(model, shard), parent);
		buffer_printf(json, ",\"ParentShardId\":\"%s\"", parent);
	}
	return buffer_append_byte(json, '}');
}

int lineage_describe(const struct model *model, const struct history *history, const char *view_type,
		     struct buffer *json)
{
	const struct model_config *config = &model->config;
	uint64_t first[LINEAGE_SHARDS_MAX], last[LINEAGE_SHARDS_MAX] = {0};

	for (unsigned shard = 0; shard < LINEAGE_SHARDS_MAX; shard++)
		first[shard] = UINT64_MAX;
	for (uint64_t i = 0; i < history->count; i++) {
		unsigned shard = lineage_shard(model, history->changes[i].item, history->changes[i].time_us);
		if (first[shard] == UINT64_MAX)
			first[shard] = i;
		last[shard] = i;
	}
	buffer_printf(json,
		      "{\"StreamDescription\":{\"StreamArn\":\"" TABLE_ARN_PREFIX "%s/stream/%s\","
		      "\"StreamLabel\":\"%s\",\"StreamStatus\":\"ENABLED\",\"StreamViewType\":\"%s\","
		      "\"TableName\":\"%s\",\"KeySchema\":[{\"AttributeName\":",
		      config->table->name, model->stream_label, model->stream_label, view_type, config->table->name);
	buffer_append_json(json, slice_from(config->key_name[0]));
	buffer_append_text(json, ",\"KeyType\":\"HASH\"}");
	if (model_key_count(model) > 1) {
		buffer_append_text(json, ",{\"AttributeName\":");
		buffer_append_json(json, slice_from(config->key_name[1]));
		buffer_append_text(json, ",\"KeyType\":\"RANGE\"}");
	}
	buffer_append_text(json, "],\"Shards\":[");
	for (unsigned shard = 0; shard < model->shard_count; shard++)
		describe_shard(model, shard, first[shard] == UINT64_MAX ? 0 : first[shard], last[shard], json);
	buffer_append_text(json, "]}}\n");
	return json->failed ? ERROR_INTERNAL : 0;
}
