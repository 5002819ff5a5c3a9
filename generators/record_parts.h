/* record_parts - one change as the parts that every wire format puts together in its own way.
 *
 * Images are there by what happened, whatever the stream's view: a format that has views leaves out what its view does.
 * Slices point into the parts' own text and hold until the next fill. One struct a thread, reused; record_parts_init
 * and record_parts_release. */
#ifndef LAKEPROOF_GENERATORS_RECORD_PARTS_H
#define LAKEPROOF_GENERATORS_RECORD_PARTS_H

#include "base/arena.h"
#include "generators/workload.h"

struct plain_scratch;

struct record_parts {
	uint64_t ordinal;
	const struct change *change;
	const char *event_name; /* INSERT, MODIFY, REMOVE */
	int64_t time_us;        /* when the change was made */
	bool expired;           /* a delete by TTL in this region: the record carries the service's identity */
	int64_t stamp_unit_us;  /* the unit of its stamp; 0: the format's own */
	char event_id[EVENT_ID_MAX];
	char sequence[SEQUENCE_TEXT_MAX];
	struct slice keys, new_image, old_image;   /* typed JSON objects; data NULL for an image that is not there */
	uint64_t keys_bytes, new_bytes, old_bytes; /* by the service's size model */
	struct buffer text;
	struct arena changed;        /* texts that a fault put in place of others */
	struct plain_scratch *plain; /* for formats of plain rows, else NULL */
};

void record_parts_init(struct record_parts *parts);
void record_parts_release(struct record_parts *parts);
/* ERROR_INTERNAL when out of memory. `with_new` and `with_old` false save rendering what the caller leaves out. */
int record_parts_fill(struct record_parts *parts, const struct model *model, const struct history *history,
		      uint64_t ordinal, bool with_new, bool with_old) MUST_USE;

/* Makes of a filled change the REMOVE of its key that an emulator tells before it. */
void record_parts_remove(struct record_parts *parts, const struct model *model);

#endif
