#include "generators/incremental_writer.h"

#include <inttypes.h>

void increment_collect(const struct model *model, const struct history *history, int64_t from_us, int64_t to_us,
		       struct net_change *changes)
{
	memset(changes, 0, model->slots_max * sizeof(*changes));
	for (uint64_t i = 0; i < history->count; i++) {
		const struct change *change = &history->changes[i];
		struct net_change *net = &changes[change->item];
		if (change->time_us < from_us || change->time_us >= to_us)
			continue;
		if (net->time_us == 0)
			net->old_version = change->old_version;
		net->new_version = change->new_version;
		net->time_us = change->time_us;
	}
	for (uint64_t item = 0; item < model->slots_max; item++)
		if (changes[item].old_version == 0 && changes[item].new_version == 0)
			changes[item].time_us = 0;
}

int increment_line(const struct model *model, const struct increment *increment, uint64_t item, struct buffer *json,
		   uint64_t *size_bytes)
{
	const struct net_change *net = &increment->changes[item];
	uint64_t size = 0;

	buffer_printf(json, "{\"Metadata\":{\"WriteTimestampMicros\":{\"N\":\"%" PRId64 "\"}},\"Keys\":", net->time_us);
	if (model_key_json(model, item, json, &size) != 0)
		return ERROR_INTERNAL;
	*size_bytes += size;
	if (increment->with_old && net->old_version != 0) {
		buffer_append_text(json, ",\"OldImage\":");
		if (model_image(model, item, net->old_version, json, &size) != 0)
			return ERROR_INTERNAL;
		*size_bytes += size;
	}
	if (net->new_version != 0) {
		buffer_append_text(json, ",\"NewImage\":");
		if (model_image(model, item, net->new_version, json, &size) != 0)
			return ERROR_INTERNAL;
		*size_bytes += size;
	}
	buffer_append_text(json, "}\n");
	return json->failed ? ERROR_INTERNAL : 0;
}
