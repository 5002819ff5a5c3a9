#include "generators/record_parts.h"

#include <assert.h>

#include "generators/plain_format.h"

void record_parts_init(struct record_parts *parts)
{
	*parts = (struct record_parts){.ordinal = 0};
	buffer_init(&parts->text, (size_t)1 << 30);
	arena_init(&parts->changed, (size_t)256 << 20);
}

void record_parts_release(struct record_parts *parts)
{
	buffer_release(&parts->text);
	arena_release(&parts->changed);
	plain_scratch_free(parts->plain);
}

static const char *event_name(const struct change *change)
{
	switch (change->kind) {
	case CHANGE_INSERT:
		return "INSERT";
	case CHANGE_MODIFY:
		return "MODIFY";
	default:
		return "REMOVE";
	}
}

/* An image's place in the text; the text may still move, so only its size is known. */
static int render(struct record_parts *parts, const struct model *model, uint32_t version, size_t *size,
		  uint64_t *size_bytes)
{
	size_t start = parts->text.size;
	*size = 0;
	*size_bytes = 0;
	if (version == 0)
		return 0;
	if (model_image(model, parts->change->item, version, &parts->text, size_bytes) != 0)
		return ERROR_INTERNAL;
	*size = parts->text.size - start;
	return 0;
}

int record_parts_fill(struct record_parts *parts, const struct model *model, const struct history *history,
		      uint64_t ordinal, bool with_new, bool with_old)
{
	size_t new_size, old_size;

	assert(ordinal < history->count);
	parts->ordinal = ordinal;
	parts->change = &history->changes[ordinal];
	parts->event_name = event_name(parts->change);
	parts->time_us = parts->change->time_us;
	/* A delete that another region made is any delete here. */
	parts->expired = parts->change->kind == CHANGE_EXPIRE &&
			 !model_foreign(model, parts->change->item, parts->change->old_version + 1);
	model_event_id(model, ordinal, parts->event_id);
	model_sequence(model, ordinal, parts->sequence);
	parts->stamp_unit_us = 0;
	parts->text.size = 0;
	parts->keys_bytes = 0;
	if (model_key_json(model, parts->change->item, &parts->text, &parts->keys_bytes) != 0)
		return ERROR_INTERNAL;
	size_t keys_size = parts->text.size;
	if (render(parts, model, with_new ? parts->change->new_version : 0, &new_size, &parts->new_bytes) != 0 ||
	    render(parts, model, with_old ? parts->change->old_version : 0, &old_size, &parts->old_bytes) != 0)
		return ERROR_INTERNAL;
	const char *at = parts->text.data;
	parts->keys = (struct slice){at, keys_size};
	parts->new_image = (struct slice){new_size > 0 ? at + keys_size : NULL, new_size};
	parts->old_image = (struct slice){old_size > 0 ? at + keys_size + new_size : NULL, old_size};
	return 0;
}

void record_parts_remove(struct record_parts *parts, const struct model *model)
{
	parts->event_name = "REMOVE";
	parts->expired = false;
	parts->new_image = (struct slice){NULL, 0};
	parts->new_bytes = 0;
	model_sequence_before(model, parts->ordinal, parts->sequence);
	parts->event_id[0] = parts->event_id[0] == 'f' ? '0' : 'f';
}
