#include "scenarios/pipelines/embedded/change.h"

#include "base/clock.h"
#include "scenarios/pipelines/embedded/item.h"

static bool text_is(const struct json_token *tokens, uint32_t token, const char *text)
{
	return token != 0 && tokens[token].type == JSON_STRING && slice_is(json_text(&tokens[token]), text);
}

static uint32_t object_member(const struct json_token *tokens, uint32_t object, const char *name)
{
	uint32_t member = json_member(tokens, object, name);
	return member != 0 && tokens[member].type == JSON_OBJECT ? member : 0;
}

/* The API has Type and PrincipalId, Lambda type and principalId. */
static bool is_ttl(const struct json_token *tokens, uint32_t root)
{
	uint32_t identity = object_member(tokens, root, "userIdentity");
	if (identity == 0)
		return false;
	uint32_t principal = json_member(tokens, identity, "principalId");
	if (principal == 0)
		principal = json_member(tokens, identity, "PrincipalId");
	return text_is(tokens, principal, "dynamodb.amazonaws.com");
}

/* An emulator writes an empty map where there is no image. */
static uint32_t image_member(const struct json_token *tokens, uint32_t object, const char *name)
{
	uint32_t image = object_member(tokens, object, name);
	return image != 0 && tokens[image].next > image + 1 ? image : 0;
}

static bool set_operation(const struct json_token *tokens, uint32_t name, struct change *change)
{
	change->insert = text_is(tokens, name, "INSERT");
	change->remove = text_is(tokens, name, "REMOVE");
	return change->insert || change->remove || text_is(tokens, name, "MODIFY");
}

static bool set_sequence(const struct json_token *tokens, uint32_t token, struct change *change, const char **reason)
{
	*reason = "the sequence number is no number of up to 40 digits";
	return token == 0 ||
	       (tokens[token].type == JSON_STRING && stamp_set_sequence(&change->stamp, json_text(&tokens[token])));
}

static bool images_are_good(const struct json_token *tokens, const struct change *change, const char **reason)
{
	const uint32_t objects[] = {change->keys, change->new_image, change->old_image};
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		const char *fault = objects[i] == 0 ? NULL : item_fault(tokens, objects[i]);
		if (fault != NULL) {
			*reason = fault;
			return false;
		}
	}
	return true;
}

static bool parse_record(const struct json_token *tokens, uint32_t root, struct change *change, const char **reason)
{
	uint32_t body = object_member(tokens, root, "dynamodb");
	*reason = "not a stream record";
	if (body == 0 || !set_operation(tokens, json_member(tokens, root, "eventName"), change))
		return false;
	change->keys = object_member(tokens, body, "Keys");
	change->new_image = image_member(tokens, body, "NewImage");
	change->old_image = image_member(tokens, body, "OldImage");
	change->by_ttl = change->remove && is_ttl(tokens, root);
	*reason = "the record has no Keys";
	if (change->keys == 0 || !set_sequence(tokens, json_member(tokens, body, "SequenceNumber"), change, reason))
		return false;
	uint32_t time = json_member(tokens, body, "ApproximateCreationDateTime");
	*reason = "the record has no usable ApproximateCreationDateTime";
	if (time == 0 || tokens[time].text == NULL || !stamp_set_time(&change->stamp, json_text(&tokens[time])))
		return false;
	uint32_t arn = json_member(tokens, root, "eventSourceARN");
	if (arn != 0 && tokens[arn].type == JSON_STRING)
		stamp_set_stream(&change->stamp, json_text(&tokens[arn]));
	*reason = "an INSERT or MODIFY without NewImage: this pipeline needs a stream with new images";
	return (change->remove || change->new_image != 0) && images_are_good(tokens, change, reason);
}

/* Without a new image the item was deleted: in the view NEW_IMAGE there are Keys alone. */
static bool parse_increment(const struct json_token *tokens, uint32_t root, struct change *change, const char **reason)
{
	uint32_t metadata = object_member(tokens, root, "Metadata");
	uint32_t time = metadata == 0 ? 0 : object_member(tokens, metadata, "WriteTimestampMicros");
	uint32_t number = time == 0 ? 0 : json_member(tokens, time, "N");
	change->keys = object_member(tokens, root, "Keys");
	change->new_image = object_member(tokens, root, "NewImage");
	change->old_image = object_member(tokens, root, "OldImage");
	change->remove = change->new_image == 0;
	change->insert = !change->remove && change->old_image == 0;
	*reason = "not a record of an incremental export";
	return change->keys != 0 && number != 0 && tokens[number].type == JSON_STRING &&
	       stamp_set_time(&change->stamp, json_text(&tokens[number])) && images_are_good(tokens, change, reason);
}

static bool set_text_time(const struct json_token *tokens, uint32_t token, struct change *change)
{
	change->stamp.precision_us = 1;
	return token != 0 && tokens[token].type == JSON_STRING &&
	       clock_parse(json_text(&tokens[token]), &change->stamp.time_us);
}

static bool parse_flat(const struct json_token *tokens, uint32_t root, struct change *change, const char **reason)
{
	uint32_t time = json_member(tokens, root, "event_time");
	change->keys = object_member(tokens, root, "data");
	*reason = "no row with event_name and data";
	if (change->keys == 0 || !set_operation(tokens, json_member(tokens, root, "event_name"), change))
		return false;
	change->new_image = change->remove ? 0 : change->keys;
	*reason = "the row has no usable event_time";
	bool is_number = time != 0 && tokens[time].type == JSON_NUMBER;
	if (is_number ? !stamp_set_time(&change->stamp, json_text(&tokens[time]))
		      : !set_text_time(tokens, time, change))
		return false;
	return set_sequence(tokens, json_member(tokens, root, "sequence"), change, reason);
}

static bool parse_poll(const struct json_token *tokens, uint32_t root, struct change *change, const char **reason)
{
	*reason = "the row has no usable _updated_at";
	change->keys = root;
	change->new_image = root;
	return set_text_time(tokens, json_member(tokens, root, "_updated_at"), change);
}

bool change_parse(enum change_format format, const struct json_token *tokens, uint32_t root, struct change *change,
		  const char **reason)
{
	*change = (struct change){0};
	*reason = "no object, so no record";
	if (tokens[root].type != JSON_OBJECT)
		return false;
	switch (format) {
	case CHANGE_RECORD:
		return parse_record(tokens, root, change, reason);
	case CHANGE_INCREMENT:
		return parse_increment(tokens, root, change, reason);
	case CHANGE_FLAT:
	case CHANGE_DMS:
		return parse_flat(tokens, root, change, reason);
	default:
		return parse_poll(tokens, root, change, reason);
	}
}

bool change_is_plain(enum change_format format)
{
	return format == CHANGE_FLAT || format == CHANGE_DMS || format == CHANGE_POLL;
}
