/* stream - the tokens of one change into a struct record: DynamoDB Streams, and Kinesis Data Streams for DynamoDB.
 *
 * DynamoDB Streams: API Reference, Record and StreamRecord; the spelling that Lambda and Pipes give userIdentity is
 * accepted too; of one without members it is not known whose it was. ApproximateCreationDateTime is epoch seconds,
 * floored to the second by the service: the change happened in [t, t + 1 s).
 *
 * Kinesis Data Streams for DynamoDB (Developer Guide, the same title; shapes as observed): the same object dynamodb
 * without SequenceNumber and StreamViewType, and with tableName and recordFormat. The time is in milliseconds or
 * microseconds, by ApproximateCreationDateTimePrecision or else by its size, and the change happened in [t, t + one
 * unit). Nothing but that time orders such records: the sequence number in a Kinesis envelope is given when the record
 * is put into the stream, where the service may put it late, twice and out of order, so it is no stamp of the change
 * and is not read. Both images are always there as applicable; one that is missing was taken out on the way, and its
 * side is PRESENT, as with a stream record that names no view.
 *
 * A record is a Kinesis record when it has a tableName, a recordFormat, a precision, or a time beyond any in seconds.
 * Images are not looked into: who digests them does that.
 *
 * A record whose Keys are sure but whose rest contradicts itself (an image that its view promises is missing, a member
 * twice, an unknown eventName, a time that is not of the stated precision) is damaged, any other that is not as it must
 * be is unreadable. */
#ifndef LAKEPROOF_SOURCES_STREAM_H
#define LAKEPROOF_SOURCES_STREAM_H

#include "sources/events.h"
#include "sources/pass.h"

/* Only the one kind, only the other, either. */
enum decode_status stream_decode(const struct json_token *tokens, struct record *record, char remark[REMARK_SIZE]);
enum decode_status kinesis_decode(const struct json_token *tokens, struct record *record, char remark[REMARK_SIZE]);
enum decode_status change_decode(const struct json_token *tokens, struct record *record, char remark[REMARK_SIZE]);

/* How a file of such records is read: sources/events.h says what each format admits. Path, parser and sink are the
 * caller's to set. */
struct pass change_pass(enum events_format format);

/* A data line of a full export, {"Item":{…}}: wire format "DynamoDB JSON". */
enum decode_status item_decode(const struct json_token *tokens, struct record *record, char remark[REMARK_SIZE]);

#endif
