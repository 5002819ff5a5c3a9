#include "scenarios/pipelines/embedded/change.h"

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

bool change_parse(const struct json_token *tokens, uint32_t root, struct change *change, const char **reason)
{
	*change = (struct change){0};
	uint32_t body = object_member(tokens, root, "dynamodb");
	uint32_t name = json_member(tokens, root, "eventName");
	*reason = "not a stream record";
	if (body == 0)
		return false;
	change->insert = text_is(tokens, name, "INSERT");
	change->remove = text_is(tokens, name, "REMOVE");
	if (!change->insert && !change->remove && !text_is(tokens, name, "MODIFY"))
		return false;
	change->keys = object_member(tokens, body, "Keys");
	change->new_image = object_member(tokens, body, "NewImage");
	change->old_image = object_member(tokens, body, "OldImage");
	change->by_ttl = change->remove && is_ttl(tokens, root);
	*reason = "the record has no Keys";
	if (change->keys == 0)
		return false;

	uint32_t sequence = json_member(tokens, body, "SequenceNumber");
	*reason = "the sequence number is no number of up to 40 digits";
	if (sequence != 0 && !stamp_set_sequence(&change->stamp, json_text(&tokens[sequence])))
		return false;
	uint32_t time = json_member(tokens, body, "ApproximateCreationDateTime");
	*reason = "the record has no usable ApproximateCreationDateTime";
	if (time == 0 || tokens[time].text == NULL || !stamp_set_time(&change->stamp, json_text(&tokens[time])))
		return false;
	uint32_t arn = json_member(tokens, root, "eventSourceARN");
	if (arn != 0 && tokens[arn].type == JSON_STRING)
		stamp_set_stream(&change->stamp, json_text(&tokens[arn]));
	*reason = "an INSERT or MODIFY without NewImage: this pipeline needs a stream with new images";
	return change->remove || change->new_image != 0;
}
