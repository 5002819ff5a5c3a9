#include "reconcile/event_item.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXTS_MAX = 64 * 1024 * 1024, TOKENS_MAX = 1 << 26, TIME_TEXT_MAX = 48 };

void event_item_init(struct event_item *item)
{
	*item = (struct event_item){0};
	arena_init(&item->texts, TEXTS_MAX);
}

void event_item_release(struct event_item *item)
{
	free(item->tokens);
	arena_release(&item->texts);
	*item = (struct event_item){0};
}

/* ---- tokens */

static bool reserve(struct event_item *item, uint32_t more)
{
	if (item->failed || more > TOKENS_MAX - item->count)
		return false;
	if (item->count + more <= item->room)
		return true;
	uint32_t room = (item->count + more) * 2;
	struct json_token *grown = realloc(item->tokens, room * sizeof *grown);
	if (grown == NULL)
		return false;
	item->tokens = grown;
	item->room = room;
	return true;
}

static void add(struct event_item *item, struct json_token token)
{
	if (!reserve(item, 1)) {
		item->failed = true;
		return;
	}
	token.next = item->count + 1;
	item->tokens[item->count++] = token;
}

/* Tokens' texts have bytes after them that can be read. */
static void add_text(struct event_item *item, struct slice text)
{
	char *copy = arena_alloc(&item->texts, text.size + JSON_PADDING);
	item->failed = item->failed || copy == NULL;
	if (item->failed)
		return;
	if (text.size > 0)
		memcpy(copy, text.data, text.size);
	memset(copy + text.size, 0, JSON_PADDING);
	add(item, (struct json_token){.type = JSON_STRING, .text = copy, .size = (uint32_t)text.size});
}

static uint32_t begin_object(struct event_item *item)
{
	uint32_t object = item->count;
	add(item, (struct json_token){.type = JSON_OBJECT});
	return object;
}

static void end_object(struct event_item *item, uint32_t object, uint32_t members)
{
	if (item->failed)
		return;
	item->tokens[object].count = members;
	item->tokens[object].next = item->count;
}

/* A value with all that is in it. */
static void copy_value(struct event_item *item, const struct json_token *tokens, uint32_t index)
{
	uint32_t count = tokens[index].next - index, at = item->count;
	if (!reserve(item, count)) {
		item->failed = true;
		return;
	}
	memcpy(item->tokens + at, tokens + index, count * sizeof *tokens);
	for (uint32_t i = at; i < at + count; i++)
		item->tokens[i].next = item->tokens[i].next - index + at;
	item->count += count;
}

/* ---- attributes */

static void add_scalar(struct event_item *item, const char *name, const char *tag, struct slice text)
{
	add_text(item, slice_from(name));
	uint32_t value = begin_object(item);
	add_text(item, slice_from(tag));
	add_text(item, text);
	end_object(item, value, 1);
}

static void add_truth(struct event_item *item, const char *name, bool truth)
{
	add_text(item, slice_from(name));
	uint32_t value = begin_object(item);
	add_text(item, slice_from("BOOL"));
	add(item, (struct json_token){.type = truth ? JSON_TRUE : JSON_FALSE});
	end_object(item, value, 1);
}

static void add_map(struct event_item *item, const char *name, const struct json_token *tokens, uint32_t map)
{
	add_text(item, slice_from(name));
	uint32_t value = begin_object(item);
	add_text(item, slice_from("M"));
	copy_value(item, tokens, map);
	end_object(item, value, 1);
}

/* $key, and its parts one by one. */
static uint32_t add_keys(struct event_item *item, const struct contract *contract, const struct record *record)
{
	uint32_t members = 1;
	add_map(item, "$key", record->tokens, record->keys);
	for (uint32_t part = 0; part < contract->table_key_count; part++) {
		const char *name = contract->item_key[part].attribute;
		uint32_t value = json_member(record->tokens, record->keys, name + sizeof "$key." - 1);
		if (value == 0)
			continue;
		add_text(item, slice_from(name));
		copy_value(item, record->tokens, value);
		members++;
	}
	return members;
}

static uint32_t add_times(struct event_item *item, const struct record *record)
{
	static const struct {
		const char *name;
		int64_t unit_us;
		int digits;
	} times[] = {{"$time", 1000000, 6}, {"$time_ms", 1000, 3}, {"$time_us", 1, 0}};
	if (!record->has_time || record->time_lo_us < 0)
		return 0;
	for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
		char text[TIME_TEXT_MAX];
		int64_t whole = record->time_lo_us / times[i].unit_us, rest = record->time_lo_us % times[i].unit_us;
		int size = rest == 0 ? snprintf(text, sizeof text, "%" PRId64, whole)
				     : snprintf(text, sizeof text, "%" PRId64 ".%0*" PRId64, whole, times[i].digits,
						rest);
		add_scalar(item, times[i].name, "N", (struct slice){text, (size_t)size});
	}
	return sizeof times / sizeof times[0];
}

static const char *operation_of(const struct contract *contract, const struct record *record)
{
	if (record->after == STATE_ABSENT)
		return contract->operation_remove;
	return record->before == STATE_ABSENT ? contract->operation_insert : contract->operation_modify;
}

/* What the record says of the change besides its images. */
static uint32_t add_stamp(struct event_item *item, const struct contract *contract, const struct record *record)
{
	uint32_t members = 1;
	char sequence[48];
	add_scalar(item, "$operation", "S", slice_from(operation_of(contract, record)));
	if (record->has_sequence) {
		sequence_format(record->sequence, sequence);
		add_scalar(item, "$sequence", "S", slice_from(sequence));
		members++;
	}
	if (record->event_id.size > 0) {
		add_scalar(item, "$event_id", "S", record->event_id);
		members++;
	}
	if (record->after == STATE_ABSENT && record->ttl != TTL_UNKNOWN) {
		add_truth(item, "$ttl", record->ttl == TTL_YES);
		members++;
	}
	return members;
}

static bool takes(const struct contract *contract, const char *name)
{
	for (uint32_t i = 0; i < contract->column_count; i++)
		for (uint32_t j = 0; j < contract->columns[i].source_count; j++)
			if (strcmp(contract->columns[i].sources[j].names[0], name) == 0)
				return true;
	return false;
}

/* Whether all that the lake holds of such an event is in the record: a capture need not carry images, nor times. */
static bool tells_all(const struct contract *contract, const struct record *record)
{
	bool gone = record->after == STATE_ABSENT;
	if (record->after == STATE_PRESENT && takes(contract, "$new_image"))
		return false;
	if ((record->before == STATE_PRESENT || record->before == STATE_UNKNOWN) && takes(contract, "$old_image"))
		return false;
	if (record->before == STATE_UNKNOWN && !gone && takes(contract, "$operation"))
		return false;
	if (record->ttl == TTL_UNKNOWN && gone && takes(contract, "$ttl"))
		return false;
	return (record->has_time && record->time_lo_us >= 0) ||
	       !(takes(contract, "$time") || takes(contract, "$time_ms") || takes(contract, "$time_us"));
}

int event_item_make(struct event_item *item, const struct contract *contract, const struct record *record,
		    struct record *event, struct error *error)
{
	item->count = 0;
	item->failed = false;
	arena_reset(&item->texts);
	uint32_t object = begin_object(item);
	uint32_t members = add_keys(item, contract, record);
	members += add_stamp(item, contract, record);
	members += add_times(item, record);
	if (record->after == STATE_IMAGE) {
		add_map(item, "$new_image", record->tokens, record->after_image);
		members++;
	}
	if (record->before == STATE_IMAGE) {
		add_map(item, "$old_image", record->tokens, record->before_image);
		members++;
	}
	end_object(item, object, members);
	if (item->failed)
		return error_set(error, ERROR_INTERNAL, "out of memory for an event");
	*event = *record;
	event->tokens = item->tokens;
	event->keys = event->after_image = object;
	event->before = STATE_ABSENT;
	event->after = tells_all(contract, record) ? STATE_IMAGE : STATE_PRESENT;
	event->ttl = TTL_NO;
	return 0;
}
