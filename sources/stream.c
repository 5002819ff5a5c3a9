#include "sources/stream.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/decimal.h"
#include "sources/members.h"

/* A time tells its unit by its size: these are the year 5138, in seconds and in milliseconds. */
static const int64_t SECONDS_MAX = INT64_C(100000000000);
static const int64_t MILLISECONDS_MAX = INT64_C(100000000000000);

enum {
	QUOTED_MAX = 64, /* bytes of a file's text in a remark */
	TABLE_TEXT_MAX = 300
};

enum {
	ROOT_DYNAMODB,
	ROOT_EVENT_NAME,
	ROOT_EVENT_ID,
	ROOT_EVENT_SOURCE,
	ROOT_STREAM_ARN,
	ROOT_USER_IDENTITY,
	ROOT_ITEM,
	ROOT_KEYS,
	ROOT_KINESIS,
	ROOT_DATA,
	ROOT_RAW_DATA,
	ROOT_TABLE,
	ROOT_RECORD_FORMAT,
	ROOT_REGION,
	ROOT_COUNT
};
static const struct member_name root_names[ROOT_COUNT] = {
	MEMBER_NAME("dynamodb"),       MEMBER_NAME("eventName"),    MEMBER_NAME("eventID"), MEMBER_NAME("eventSource"),
	MEMBER_NAME("eventSourceARN"), MEMBER_NAME("userIdentity"), MEMBER_NAME("Item"),    MEMBER_NAME("Keys"),
	MEMBER_NAME("kinesis"),        MEMBER_NAME("data"),         MEMBER_NAME("rawData"), MEMBER_NAME("tableName"),
	MEMBER_NAME("recordFormat"),   MEMBER_NAME("awsRegion"),
};

enum { DDB_KEYS, DDB_NEW, DDB_OLD, DDB_SEQUENCE, DDB_TIME, DDB_VIEW, DDB_PRECISION, DDB_COUNT };
static const struct member_name ddb_names[DDB_COUNT] = {
	MEMBER_NAME("Keys"),
	MEMBER_NAME("NewImage"),
	MEMBER_NAME("OldImage"),
	MEMBER_NAME("SequenceNumber"),
	MEMBER_NAME("ApproximateCreationDateTime"),
	MEMBER_NAME("StreamViewType"),
	MEMBER_NAME("ApproximateCreationDateTimePrecision"),
};

enum { IDENTITY_PRINCIPAL, IDENTITY_PRINCIPAL_API, IDENTITY_TYPE, IDENTITY_TYPE_API, IDENTITY_COUNT };
static const struct member_name identity_names[IDENTITY_COUNT] = {
	MEMBER_NAME("principalId"),
	MEMBER_NAME("PrincipalId"),
	MEMBER_NAME("type"),
	MEMBER_NAME("Type"),
};

/* A record on its way. */
struct decoding {
	const struct json_token *tokens;
	struct record *record;
	char *remark;
	bool damaged;
	bool kinesis; /* a record of Kinesis Data Streams for DynamoDB, else one of DynamoDB Streams */
	uint32_t root[ROOT_COUNT];
	uint32_t ddb[DDB_COUNT];
};

static enum decode_status unreadable(char remark[REMARK_SIZE], const char *text)
{
	(void)snprintf(remark, REMARK_SIZE, "%s", text);
	return DECODE_UNREADABLE;
}

/* The first remark stays. */
static void damage(struct decoding *decoding, const char *text, struct slice quoted)
{
	int size = quoted.size < QUOTED_MAX ? (int)quoted.size : QUOTED_MAX;
	if (decoding->damaged)
		return;
	decoding->damaged = true;
	if (quoted.data == NULL)
		(void)snprintf(decoding->remark, REMARK_SIZE, "%s; redeliver the record", text);
	else
		(void)snprintf(decoding->remark, REMARK_SIZE, "%s '%.*s'; redeliver the record", text, size,
			       quoted.data);
}

static const struct slice NOTHING = {NULL, 0};

static struct slice text_of(const struct decoding *decoding, uint32_t index)
{
	const struct json_token *token = &decoding->tokens[index];
	if (index == 0 || token->type != JSON_STRING)
		return NOTHING;
	return json_text(token);
}

/* ---- the parts of a stream record */

/* The whole part of decimal text. False when it is no time at all. */
static bool parse_whole(struct slice text, int64_t *whole)
{
	struct decimal decimal;
	if (text.size > 0 && text.size <= 18) {
		int64_t value = 0;
		size_t i = 0;
		for (; i < text.size && (unsigned char)(text.data[i] - '0') <= 9; i++)
			value = value * 10 + (text.data[i] - '0');
		*whole = value;
		if (i == text.size)
			return true;
	}
	if (decimal_parse(text, &decimal) != DECIMAL_OK || decimal.negative || decimal.exponent > 18)
		return false;
	*whole = 0;
	for (int i = 0; i < decimal.exponent; i++)
		*whole = *whole * 10 + (i < decimal.count ? decimal.digits[i] : 0);
	return true;
}

/* The time as it is written; false when there is none, or none that can be read. */
static bool time_of(const struct decoding *decoding, int64_t *time)
{
	uint32_t index = decoding->ddb[DDB_TIME];
	const struct json_token *token = &decoding->tokens[index];
	return index != 0 && (token->type == JSON_NUMBER || token->type == JSON_STRING) &&
	       parse_whole(json_text(token), time);
}

/* How many microseconds the unit of a Kinesis record's time has, 0 when size and precision contradict each other. */
static int64_t unit_of(const struct decoding *decoding, int64_t time)
{
	int64_t by_size = time > MILLISECONDS_MAX ? 1 : time > SECONDS_MAX ? CLOCK_SECOND_US / 1000 : CLOCK_SECOND_US;
	uint32_t index = decoding->ddb[DDB_PRECISION];
	if (index == 0)
		return by_size;
	struct slice precision = text_of(decoding, index);
	int64_t stated = slice_is(precision, "MICROSECOND")   ? 1
			 : slice_is(precision, "MILLISECOND") ? CLOCK_SECOND_US / 1000
							      : 0;
	return stated == by_size ? stated : 0;
}

static void decode_time(struct decoding *decoding)
{
	int64_t time;
	uint32_t index = decoding->ddb[DDB_TIME];
	if (index == 0)
		return;
	if (!time_of(decoding, &time)) {
		damage(decoding, "ApproximateCreationDateTime is no time:", json_text(&decoding->tokens[index]));
		return;
	}
	int64_t unit = decoding->kinesis ? unit_of(decoding, time) : CLOCK_SECOND_US;
	if (unit == 0) {
		damage(decoding, "ApproximateCreationDateTime is not of the precision that the record states:",
		       json_text(&decoding->tokens[index]));
		return;
	}
	decoding->record->has_time = true;
	decoding->record->time_lo_us = time * unit;
	decoding->record->time_hi_us = decoding->record->time_lo_us + unit;
}

static void decode_sequence(struct decoding *decoding)
{
	uint32_t index = decoding->ddb[DDB_SEQUENCE];
	if (index == 0)
		return;
	const struct json_token *token = &decoding->tokens[index];
	decoding->record->has_sequence = (token->type == JSON_STRING || token->type == JSON_NUMBER) &&
					 sequence_parse(json_text(token), decoding->record->sequence);
	if (!decoding->record->has_sequence) {
		memset(decoding->record->sequence, 0, SEQUENCE_SIZE);
		damage(decoding, "SequenceNumber is no decimal number of at most 40 digits:", json_text(token));
	}
}

/* Index of an image that says something, or 0. Emulators write empty ones where the service writes none. */
static uint32_t image_of(struct decoding *decoding, unsigned member)
{
	uint32_t index = decoding->ddb[member];
	if (index == 0)
		return 0;
	if (decoding->tokens[index].type != JSON_OBJECT) {
		damage(decoding, "not an object:", slice_from(ddb_names[member].text));
		return 0;
	}
	if (decoding->tokens[index].count > 0)
		return index;
	decoding->record->flags |= RECORD_EMULATED;
	return 0;
}

/* What the view promises of new and old images; false for an unknown view. No view promises nothing. */
static bool view_promises(struct slice view, bool *new_image, bool *old_image)
{
	*new_image = slice_is(view, "NEW_IMAGE") || slice_is(view, "NEW_AND_OLD_IMAGES");
	*old_image = slice_is(view, "OLD_IMAGE") || slice_is(view, "NEW_AND_OLD_IMAGES");
	return *new_image || *old_image || slice_is(view, "KEYS_ONLY");
}

static void decode_states(struct decoding *decoding)
{
	struct record *record = decoding->record;
	struct slice name = text_of(decoding, decoding->root[ROOT_EVENT_NAME]);
	bool insert = slice_is(name, "INSERT");
	bool modify = slice_is(name, "MODIFY");
	bool remove = slice_is(name, "REMOVE");
	uint32_t new_image = image_of(decoding, DDB_NEW);
	uint32_t old_image = image_of(decoding, DDB_OLD);
	if (!insert && !modify && !remove) {
		damage(decoding, name.data == NULL ? "no eventName" : "unknown eventName", name);
		return;
	}
	record->after_image = new_image;
	record->before_image = old_image;
	record->after = remove ? STATE_ABSENT : new_image != 0 ? STATE_IMAGE : STATE_PRESENT;
	record->before = insert ? STATE_ABSENT : old_image != 0 ? STATE_IMAGE : STATE_PRESENT;
	if (insert && old_image != 0)
		damage(decoding, "an INSERT with an OldImage", NOTHING);
	if (remove && new_image != 0)
		damage(decoding, "a REMOVE with a NewImage", NOTHING);
	if (decoding->ddb[DDB_VIEW] == 0)
		return;
	bool new_promised;
	bool old_promised;
	struct slice view = text_of(decoding, decoding->ddb[DDB_VIEW]);
	if (!view_promises(view, &new_promised, &old_promised))
		damage(decoding, "unknown StreamViewType", view.data == NULL ? slice_from("") : view);
	if (new_promised && !remove && new_image == 0)
		damage(decoding, "no NewImage in a record whose view is", view);
	if (old_promised && !insert && old_image == 0)
		damage(decoding, "no OldImage in a record whose view is", view);
}

/* "Identity" in the API reference; its two members are capitalised there and not in what Lambda and Pipes deliver. */
static void decode_ttl(struct decoding *decoding)
{
	struct record *record = decoding->record;
	uint32_t index = decoding->root[ROOT_USER_IDENTITY];
	if (index == 0 || record->after != STATE_ABSENT)
		return;
	if (decoding->tokens[index].type != JSON_OBJECT) {
		record->ttl = TTL_UNKNOWN;
		damage(decoding, "userIdentity is no object", NOTHING);
		return;
	}
	/* The service writes none without members: they were dropped on the way. */
	if (decoding->tokens[index].count == 0) {
		record->ttl = TTL_UNKNOWN;
		return;
	}
	uint32_t values[IDENTITY_COUNT];
	struct slice repeated = members_lookup(decoding->tokens, index, identity_names, IDENTITY_COUNT, values);
	if (repeated.data != NULL) {
		record->ttl = TTL_UNKNOWN;
		damage(decoding, "a member of userIdentity is there twice:", repeated);
		return;
	}
	uint32_t principal = values[values[IDENTITY_PRINCIPAL] != 0 ? IDENTITY_PRINCIPAL : IDENTITY_PRINCIPAL_API];
	uint32_t type = values[values[IDENTITY_TYPE] != 0 ? IDENTITY_TYPE : IDENTITY_TYPE_API];
	if (slice_is(text_of(decoding, principal), "dynamodb.amazonaws.com") &&
	    (type == 0 || slice_is(text_of(decoding, type), "Service")))
		record->ttl = TTL_YES;
}

/* ---- whole records */

static const char *what_it_is(const struct decoding *decoding)
{
	if (decoding->root[ROOT_ITEM] != 0)
		return "a line of an export, not a stream record: name its folder as 'export:' in the contract";
	if (decoding->root[ROOT_KEYS] != 0)
		return "a record of an incremental export, not a stream record: name its export's folder as 'export:' "
		       "in the contract";
	if (decoding->root[ROOT_RAW_DATA] != 0)
		return "a record that Firehose could not deliver: its source's format is firehose, or none";
	if (decoding->root[ROOT_KINESIS] != 0 || decoding->root[ROOT_DATA] != 0)
		return "a record in base64, as Kinesis and Firehose hand it on: its source's format is kinesis or "
		       "firehose, or none";
	return "no stream record: expected an object with eventName and dynamodb {Keys, NewImage, OldImage, …}";
}

/* Members that only one of the two kinds has tell it; without them the time's unit does. */
static bool is_kinesis(const struct decoding *decoding)
{
	int64_t time;
	return decoding->root[ROOT_TABLE] != 0 || decoding->root[ROOT_RECORD_FORMAT] != 0 ||
	       decoding->ddb[DDB_PRECISION] != 0 || (time_of(decoding, &time) && time > SECONDS_MAX);
}

/* The object dynamodb and its Keys: without them there is no record. */
static enum decode_status find_members(struct decoding *decoding)
{
	const struct json_token *tokens = decoding->tokens;
	struct slice repeated = members_lookup(tokens, 0, root_names, ROOT_COUNT, decoding->root);
	uint32_t dynamodb = decoding->root[ROOT_DYNAMODB];
	if (dynamodb == 0)
		return unreadable(decoding->remark, what_it_is(decoding));
	if (tokens[dynamodb].type != JSON_OBJECT)
		return unreadable(decoding->remark, "no stream record: its member dynamodb is no object");
	if (repeated.data != NULL && slice_is(repeated, "dynamodb"))
		return unreadable(decoding->remark, "the member dynamodb is there twice; redeliver the record");
	if (repeated.data != NULL)
		damage(decoding, "a member is there twice:", repeated);
	uint32_t source = decoding->root[ROOT_EVENT_SOURCE];
	if (source != 0 && !slice_is(text_of(decoding, source), "aws:dynamodb"))
		return unreadable(decoding->remark, "no DynamoDB stream record: its eventSource is not aws:dynamodb");
	repeated = members_lookup(tokens, dynamodb, ddb_names, DDB_COUNT, decoding->ddb);
	uint32_t keys = decoding->ddb[DDB_KEYS];
	if (keys == 0 || tokens[keys].type != JSON_OBJECT || tokens[keys].count == 0)
		return unreadable(decoding->remark,
				  "no Keys in dynamodb: which item changed cannot be told; redeliver the record");
	if (repeated.data != NULL && slice_is(repeated, "Keys"))
		return unreadable(decoding->remark, "the member dynamodb.Keys is there twice; redeliver the record");
	if (repeated.data != NULL)
		damage(decoding, "a member of dynamodb is there twice:", repeated);
	return DECODE_OK;
}

static enum decode_status decode_kinesis(struct decoding *decoding)
{
	struct record *record = decoding->record;
	record->table = text_of(decoding, decoding->root[ROOT_TABLE]);
	record->region = text_of(decoding, decoding->root[ROOT_REGION]);
	if (record->table.size > TABLE_TEXT_MAX || record->region.size > TABLE_TEXT_MAX)
		return unreadable(decoding->remark,
				  "its tableName or awsRegion is longer than any; redeliver the record");
	record->order = ORDER_KINESIS;
	if (decoding->ddb[DDB_SEQUENCE] != 0)
		damage(decoding, "a Kinesis record with a SequenceNumber, which only stream records have:",
		       json_text(&decoding->tokens[decoding->ddb[DDB_SEQUENCE]]));
	return DECODE_OK;
}

enum admitted { ADMIT_STREAM = 1, ADMIT_KINESIS = 2 };

static enum decode_status decode(const struct json_token *tokens, struct record *record, unsigned admitted,
				 char remark[REMARK_SIZE])
{
	struct decoding decoding = {.tokens = tokens, .record = record, .remark = remark};
	if (tokens[0].type != JSON_OBJECT)
		return unreadable(remark, "no stream record: expected an object");
	enum decode_status status = find_members(&decoding);
	if (status != DECODE_OK)
		return status;
	decoding.kinesis = is_kinesis(&decoding);
	if (decoding.kinesis && (admitted & ADMIT_KINESIS) == 0)
		return unreadable(remark, "a record of Kinesis Data Streams for DynamoDB (its time is not in seconds, "
					  "or it has a tableName): its source's format is kinesis, or none");
	if (!decoding.kinesis && (admitted & ADMIT_STREAM) == 0)
		return unreadable(remark, "a record of DynamoDB Streams, not of Kinesis Data Streams for DynamoDB: its "
					  "source's format is streams, or none");
	record->kind = RECORD_CHANGE;
	record->keys = decoding.ddb[DDB_KEYS];
	record->event_id = text_of(&decoding, decoding.root[ROOT_EVENT_ID]);
	decode_time(&decoding);
	if (decoding.kinesis) {
		status = decode_kinesis(&decoding);
		if (status != DECODE_OK)
			return status;
	} else {
		record->stream_arn = text_of(&decoding, decoding.root[ROOT_STREAM_ARN]);
		decode_sequence(&decoding);
	}
	decode_states(&decoding);
	decode_ttl(&decoding);
	return decoding.damaged ? DECODE_DAMAGED : DECODE_OK;
}

enum decode_status stream_decode(const struct json_token *tokens, struct record *record, char remark[REMARK_SIZE])
{
	return decode(tokens, record, ADMIT_STREAM, remark);
}

enum decode_status kinesis_decode(const struct json_token *tokens, struct record *record, char remark[REMARK_SIZE])
{
	return decode(tokens, record, ADMIT_KINESIS, remark);
}

enum decode_status change_decode(const struct json_token *tokens, struct record *record, char remark[REMARK_SIZE])
{
	return decode(tokens, record, ADMIT_STREAM | ADMIT_KINESIS, remark);
}

enum decode_status item_decode(const struct json_token *tokens, struct record *record, char remark[REMARK_SIZE])
{
	struct decoding decoding = {.tokens = tokens, .record = record, .remark = remark};
	if (tokens[0].type != JSON_OBJECT)
		return unreadable(remark, "no line of an export: expected an object {\"Item\":{…}}");
	struct slice repeated = members_lookup(tokens, 0, root_names, ROOT_COUNT, decoding.root);
	uint32_t item = decoding.root[ROOT_ITEM];
	if (item == 0 && decoding.root[ROOT_DYNAMODB] != 0)
		return unreadable(remark, "a stream record, not a line of an export: name its file as 'events:' in the "
					  "contract");
	if (item == 0 && decoding.root[ROOT_KEYS] != 0)
		return unreadable(remark,
				  "a record of an incremental export in a full export; request the export again");
	if (item == 0 || tokens[item].type != JSON_OBJECT || tokens[item].count == 0)
		return unreadable(remark, "no line of an export: expected an object {\"Item\":{…}}");
	if (repeated.data != NULL)
		return unreadable(remark, "a member is there twice; request the export again");
	record->kind = RECORD_ITEM;
	record->keys = item;
	record->after_image = item;
	record->after = STATE_IMAGE;
	return DECODE_OK;
}
