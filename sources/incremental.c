#include "sources/incremental.h"

#include <stdio.h>

#include "base/decimal.h"
#include "sources/members.h"

enum { ROOT_METADATA, ROOT_KEYS, ROOT_OLD, ROOT_NEW, ROOT_ITEM, ROOT_DYNAMODB, ROOT_COUNT };
static const struct member_name root_names[ROOT_COUNT] = {
	MEMBER_NAME("Metadata"), MEMBER_NAME("Keys"), MEMBER_NAME("OldImage"),
	MEMBER_NAME("NewImage"), MEMBER_NAME("Item"), MEMBER_NAME("dynamodb"),
};

static enum decode_status unreadable(char remark[REMARK_SIZE], const char *text)
{
	(void)snprintf(remark, REMARK_SIZE, "%s", text);
	return DECODE_UNREADABLE;
}

/* The one member of that name, or 0. */
static uint32_t only_member(const struct json_token *tokens, uint32_t object, const char *name)
{
	uint32_t value;
	const struct member_name names[] = {{name, (uint32_t)strlen(name)}};
	if (object == 0 || tokens[object].type != JSON_OBJECT ||
	    members_lookup(tokens, object, names, 1, &value).data != NULL)
		return 0;
	return value;
}

static bool decode_time(const struct json_token *tokens, uint32_t metadata, struct record *record)
{
	uint32_t index = only_member(tokens, metadata, "WriteTimestampMicros");
	if (index != 0 && tokens[index].type == JSON_OBJECT)
		index = only_member(tokens, index, "N");
	struct decimal decimal;
	int64_t time_us;
	if (index == 0 || (tokens[index].type != JSON_STRING && tokens[index].type != JSON_NUMBER) ||
	    decimal_parse(json_text(&tokens[index]), &decimal) != DECIMAL_OK || !decimal_to_i64(&decimal, &time_us) ||
	    time_us <= 0 || time_us == INT64_MAX)
		return false;
	record->has_time = true;
	record->time_lo_us = time_us;
	record->time_hi_us = time_us + 1;
	return true;
}

static bool is_image(const struct json_token *tokens, uint32_t index)
{
	return index == 0 || (tokens[index].type == JSON_OBJECT && tokens[index].count > 0);
}

static enum decode_status decode(const struct json_token *tokens, struct record *record, char remark[REMARK_SIZE],
				 bool with_old)
{
	uint32_t root[ROOT_COUNT];
	if (tokens[0].type != JSON_OBJECT)
		return unreadable(remark, "no record of an incremental export: expected an object");
	struct slice repeated = members_lookup(tokens, 0, root_names, ROOT_COUNT, root);
	if (root[ROOT_KEYS] == 0 && root[ROOT_ITEM] != 0)
		return unreadable(remark, "a line of a full export in an incremental one; request the export again");
	if (root[ROOT_KEYS] == 0 && root[ROOT_DYNAMODB] != 0)
		return unreadable(remark, "a stream record, not one of an incremental export: name its file as "
					  "'events:' in the contract");
	if (repeated.data != NULL)
		return unreadable(remark, "a member is there twice; request the export again");
	if (root[ROOT_KEYS] == 0 || !is_image(tokens, root[ROOT_KEYS]))
		return unreadable(remark, "no Keys: which item changed cannot be told; request the export again");
	if (!is_image(tokens, root[ROOT_OLD]) || !is_image(tokens, root[ROOT_NEW]))
		return unreadable(remark, "an image that is no object with attributes; request the export again");
	if (root[ROOT_OLD] != 0 && !with_old)
		return unreadable(remark, "an OldImage in an export of the view NEW_IMAGE; request the export again");
	if (!decode_time(tokens, root[ROOT_METADATA], record))
		return unreadable(remark, "no Metadata.WriteTimestampMicros that can be read; request the export "
					  "again");
	record->kind = RECORD_CHANGE;
	record->keys = root[ROOT_KEYS];
	record->after_image = root[ROOT_NEW];
	record->after = root[ROOT_NEW] != 0 ? STATE_IMAGE : STATE_ABSENT;
	record->before_image = root[ROOT_OLD];
	record->before = STATE_UNKNOWN;
	if (root[ROOT_OLD] != 0)
		record->before = STATE_IMAGE;
	else if (with_old && record->after == STATE_IMAGE)
		record->before = STATE_ABSENT;
	record->ttl = record->after == STATE_ABSENT ? TTL_UNKNOWN : TTL_NO;
	return DECODE_OK;
}

enum decode_status incremental_decode(const struct json_token *tokens, struct record *record, char remark[REMARK_SIZE])
{
	return decode(tokens, record, remark, true);
}

enum decode_status incremental_decode_new(const struct json_token *tokens, struct record *record,
					  char remark[REMARK_SIZE])
{
	return decode(tokens, record, remark, false);
}
