/* incremental - a record of an incremental export: what became of one key within the export's window.
 *
 * Format: wire format "incremental export", {"Metadata":{"WriteTimestampMicros":{"N":…}},"Keys","OldImage","NewImage"};
 * the time is read wrapped, as a number or as a string. A record is the net change: `after` at the time of the window's
 * last write, `before` at the window's start. Without NewImage the item is gone, by whom is not told. Without OldImage
 * it was not there at the start where the view has old images, else nothing is known of that.
 *
 * These are decoders for sources/pass.h; they borrow from the tokens. What is not as it must be is unreadable: AWS
 * writes these files and their MD5 vouches for them, so a record that is odd is one not understood. */
#ifndef LAKEPROOF_SOURCES_INCREMENTAL_H
#define LAKEPROOF_SOURCES_INCREMENTAL_H

#include "sources/pass.h"

/* Of the view NEW_AND_OLD_IMAGES. */
enum decode_status incremental_decode(const struct json_token *tokens, struct record *record, char remark[REMARK_SIZE]);
/* Of the view NEW_IMAGE. */
enum decode_status incremental_decode_new(const struct json_token *tokens, struct record *record,
					  char remark[REMARK_SIZE]);

#endif
