#include "harness/runner/timeline.h"

#include <inttypes.h>
#include <stdio.h>

enum { DIGEST_TEXT = 9 };

static const char *digest_text(uint64_t digest, char text[DIGEST_TEXT])
{
	snprintf(text, DIGEST_TEXT, "%08" PRIx32, (uint32_t)(digest >> 32));
	return text;
}

static int add_event(const struct life_event *event, const struct life_landing *landing, struct cell *cell)
{
	char image[DIGEST_TEXT];
	return cell_add_event(cell,
			      &(struct cell_event){
				      .time_us = event->time_us,
				      .batch = landing != NULL ? landing->batch : 0,
				      .what = event->foreign ? "landed otherwise" : event->what,
				      .file = landing != NULL ? landing->file : NULL,
				      .image = event->after == STATE_IMAGE ? digest_text(event->row, image) : NULL,
			      });
}

/* Each landing is an event: what lands twice is there twice. */
int timeline_fill(const struct key_life *life, struct cell *cell, struct error *error)
{
	int code = 0;
	cell->event_count = cell->version_count = 0;
	cell->timeline_key = cell_text(cell, life->key);
	for (uint32_t i = 0; i < life->event_count && code == 0; i++) {
		const struct life_event *event = &life->events[i];
		if (event->landing_count == 0)
			code = add_event(event, NULL, cell);
		for (uint32_t j = 0; j < event->landing_count && code == 0; j++)
			code = add_event(event, &event->landings[j], cell);
	}
	for (uint32_t i = 0; i < life->row_count && code == 0; i++) {
		char row[DIGEST_TEXT];
		const struct life_row *held = &life->rows[i];
		code = cell_add_version(cell, &(struct cell_version){.version = held->version,
								     .time_us = held->time_us,
								     .batch = held->batch,
								     .row = held->rows > 0 && held->known
										    ? digest_text(held->row, row)
										    : NULL});
	}
	return code != 0 || cell->timeline_key == NULL
		       ? error_set(error, ERROR_INTERNAL, "out of memory for a timeline")
		       : 0;
}
