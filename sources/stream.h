/* stream - one stream record's tokens into a struct record.
 *
 * Format: DynamoDB Streams API Reference, Record and StreamRecord; the spelling that Lambda and Pipes give userIdentity
 * is accepted too. ApproximateCreationDateTime is epoch seconds, floored to the second by the service: the change
 * happened in [t, t + 1 s). Images are not looked into: who digests them does that.
 *
 * A record whose Keys are sure but whose rest contradicts itself (an image that its view promises is missing, a member
 * twice, an unknown eventName) is damaged, any other that is not as it must be is unreadable. */
#ifndef LAKEPROOF_SOURCES_STREAM_H
#define LAKEPROOF_SOURCES_STREAM_H

#include "sources/pass.h"

enum decode_status stream_decode(const struct json_token *tokens, struct record *record, char remark[REMARK_SIZE]);

/* A data line of a full export, {"Item":{…}}: wire format "DynamoDB JSON". */
enum decode_status item_decode(const struct json_token *tokens, struct record *record, char remark[REMARK_SIZE]);

#endif
