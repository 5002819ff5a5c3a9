/* event_item - a change record as an item that says what happened: what a lake of events holds a row of.
 *
 * Its attributes, each only where the record tells it: $key (M), $operation (S), $sequence (S), $time, $time_ms and
 * $time_us (N, since 1970), $event_id (S), $ttl (BOOL), $new_image and $old_image (M); and each part of its key once
 * more as "$key.NAME", so that a key can be made of them. As a change of that item it is an insert: what happened did
 * not happen before, and stays. So all that is known of items, where they are and how they are compared, holds for
 * events (docs/semantics.md, "Events"). When the record does not tell all that the lake holds of an event, it is one
 * that is there, of an image that is not known.
 *
 * One thread's; what event_item_make hands out lives until its next call and borrows from the record too. */
#ifndef LAKEPROOF_RECONCILE_EVENT_ITEM_H
#define LAKEPROOF_RECONCILE_EVENT_ITEM_H

#include "base/arena.h"
#include "reconcile/contract/contract.h"
#include "sources/record.h"

struct event_item {
	struct json_token *tokens;
	uint32_t count, room;
	bool failed;
	struct arena texts;
};

void event_item_init(struct event_item *item);
void event_item_release(struct event_item *item);
/* The record is a change. ERROR_INTERNAL when memory runs out. */
int event_item_make(struct event_item *item, const struct contract *contract, const struct record *record,
		    struct record *event, struct error *error) MUST_USE;

#endif
