#include "generators/lineage.h"

#include "base/clock.h"
#include "base/prng.h"
#include "generators/export_writer.h"
#include "generators/preset.h"
#include "generators/text.h"

static int64_t split_us(const struct model *model)
{
	return model->config.start_us + model->config.duration_us / 5 * 2;
}

unsigned lineage_shard(const struct model *model, uint64_t item, int64_t time_us)
{
	uint64_t position = (model_partition_hash(model, item) >> 32) * (2 * LINEAGE_BASE) >> 32;
	unsigned shard = (unsigned)position / 2;
	if (shard == 0 && time_us >= split_us(model))
		return LINEAGE_BASE + (unsigned)position % 2;
	return shard;
}

int lineage_parent(unsigned shard)
{
	return shard < LINEAGE_BASE ? -1 : 0;
}

void lineage_shard_id(const struct model *model, unsigned shard, char text[SHARD_ID_MAX])
{
	int64_t born_us = shard < LINEAGE_BASE ? model->config.start_us - 3600 * CLOCK_SECOND_US : split_us(model);
	char *at = text_bytes(text, "shardId-", 8);
	at = text_padded(at, (uint64_t)(born_us / 1000) + shard, 20);
	*at++ = '-';
	at = text_hex(at, prng_mix(model->salt + 77 + shard), 8);
	*at = '\0';
}

void lineage_label(const struct model *model, char text[STREAM_LABEL_MAX])
{
	/* As clock_format_ms, but labels have no zone. */
	char time[CLOCK_TEXT_MAX];
	clock_format_ms(model->config.start_us - INT64_C(3600123) * 1000, time);
	size_t size = strlen(time) - 1;
	memcpy(text, time, size);
	text[size] = '\0';
}

static int describe_shard(const struct model *model, unsigned shard, uint64_t first, uint64_t last, struct buffer *json)
{
	char id[SHARD_ID_MAX], parent[SHARD_ID_MAX], sequence[SEQUENCE_TEXT_MAX];

	lineage_shard_id(model, shard, id);
	model_sequence(model, first, sequence);
	buffer_printf(json, "%s{\"ShardId\":\"%s\",\"SequenceNumberRange\":{\"StartingSequenceNumber\":\"%s\"",
		      shard > 0 ? "," : "", id, sequence);
	if (shard == 0) { /* the one that split */
		model_sequence(model, last, sequence);
		buffer_printf(json, ",\"EndingSequenceNumber\":\"%s\"", sequence);
	}
	buffer_append_byte(json, '}');
	if (lineage_parent(shard) >= 0) {
		lineage_shard_id(model, (unsigned)lineage_parent(shard), parent);
		buffer_printf(json, ",\"ParentShardId\":\"%s\"", parent);
	}
	return buffer_append_byte(json, '}');
}

int lineage_describe(const struct model *model, const struct history *history, const char *view_type,
		     struct buffer *json)
{
	const struct model_config *config = &model->config;
	uint64_t first[LINEAGE_SHARDS], last[LINEAGE_SHARDS] = {0};
	char label[STREAM_LABEL_MAX];

	for (unsigned shard = 0; shard < LINEAGE_SHARDS; shard++)
		first[shard] = UINT64_MAX;
	for (uint64_t i = 0; i < history->count; i++) {
		unsigned shard = lineage_shard(model, history->changes[i].item, history->changes[i].time_us);
		if (first[shard] == UINT64_MAX)
			first[shard] = i;
		last[shard] = i;
	}
	lineage_label(model, label);
	buffer_printf(json,
		      "{\"StreamDescription\":{\"StreamArn\":\"" TABLE_ARN_PREFIX "%s/stream/%s\","
		      "\"StreamLabel\":\"%s\",\"StreamStatus\":\"ENABLED\",\"StreamViewType\":\"%s\","
		      "\"TableName\":\"%s\",\"KeySchema\":[{\"AttributeName\":",
		      config->preset->table, label, label, view_type, config->preset->table);
	buffer_append_json(json, slice_from(config->key_name[0]));
	buffer_append_text(json, ",\"KeyType\":\"HASH\"}");
	if (model_key_count(model) > 1) {
		buffer_append_text(json, ",{\"AttributeName\":");
		buffer_append_json(json, slice_from(config->key_name[1]));
		buffer_append_text(json, ",\"KeyType\":\"RANGE\"}");
	}
	buffer_append_text(json, "],\"Shards\":[");
	for (unsigned shard = 0; shard < LINEAGE_SHARDS; shard++)
		describe_shard(model, shard, first[shard] == UINT64_MAX ? 0 : first[shard], last[shard], json);
	buffer_append_text(json, "]}}\n");
	return json->failed ? ERROR_INTERNAL : 0;
}
