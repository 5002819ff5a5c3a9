#include "reports/members.h"

#include <errno.h>
#include <stdlib.h>

/* ---- writing ---- */

void members_value(struct buffer *out, const char *value)
{
	static const char replacement[] = "\xef\xbf\xbd";
	if (value == NULL) {
		buffer_append_text(out, "null");
		return;
	}
	struct slice left = slice_from(value);
	if (json_is_utf8(left)) {
		buffer_append_json(out, left);
		return;
	}
	struct buffer valid;
	buffer_init(&valid, 3 * left.size + 1);
	while (left.size > 0) {
		size_t size = 1;
		while (size < 4 && size < left.size && !json_is_utf8((struct slice){left.data, size}))
			size++;
		bool good = json_is_utf8((struct slice){left.data, size});
		if (good)
			buffer_append(&valid, left.data, size);
		else
			buffer_append_text(&valid, replacement);
		left.data += good ? size : 1;
		left.size -= good ? size : 1;
	}
	buffer_append_json(out, buffer_slice(&valid));
	out->failed = out->failed || valid.failed;
	buffer_release(&valid);
}

void members_name(struct buffer *out, const char *member)
{
	char last = out->size > 0 ? out->data[out->size - 1] : '{';
	if (last != '{' && last != '[')
		buffer_append_byte(out, ',');
	if (member != NULL) {
		buffer_append_json(out, slice_from(member));
		buffer_append_byte(out, ':');
	}
}

void members_text(struct buffer *out, const char *member, const char *value)
{
	members_name(out, member);
	members_value(out, value);
}

void members_i64(struct buffer *out, const char *member, int64_t value)
{
	members_name(out, member);
	buffer_printf(out, "%lld", (long long)value);
}

void members_u64(struct buffer *out, const char *member, uint64_t value)
{
	members_name(out, member);
	buffer_append_u64(out, value);
}

void members_seconds(struct buffer *out, const char *member, int64_t us)
{
	members_name(out, member);
	uint64_t size = us < 0 ? 0 : (uint64_t)us;
	buffer_printf(out, "%llu.%06llu", (unsigned long long)(size / 1000000), (unsigned long long)(size % 1000000));
}

void members_bool(struct buffer *out, const char *member, bool value)
{
	members_name(out, member);
	buffer_append_text(out, value ? "true" : "false");
}

void members_open(struct buffer *out, const char *member, char bracket)
{
	members_name(out, member);
	buffer_append_byte(out, bracket);
}

/* ---- reading ---- */

void members_refuse(struct members_reader *reader, const char *member, const char *wanted)
{
	if (reader->code == 0)
		reader->code = error_set(reader->error, ERROR_DATA, "\"%s\" is not %s", member, wanted);
}

const struct json_token *members_find(struct members_reader *reader, uint32_t object, const char *member)
{
	uint32_t index = json_member(reader->tokens, object, member);
	if (reader->code != 0 || index == 0 || reader->tokens[index].type == JSON_NULL)
		return NULL;
	return &reader->tokens[index];
}

/* A NUL would end the text before its time. */
const char *members_copy(struct members_reader *reader, const struct json_token *token)
{
	struct slice value = json_text(token);
	if (value.size > 0 && memchr(value.data, '\0', value.size) != NULL) {
		members_refuse(reader, "a text", "free of NUL");
		return NULL;
	}
	const char *copy = arena_copy(reader->arena, value).data;
	if (copy == NULL && reader->code == 0)
		reader->code = error_set(reader->error, ERROR_INTERNAL, "out of memory");
	return copy;
}

const char *members_read_text(struct members_reader *reader, uint32_t object, const char *member)
{
	const struct json_token *token = members_find(reader, object, member);
	if (token == NULL)
		return NULL;
	if (token->type != JSON_STRING) {
		members_refuse(reader, member, "a text");
		return NULL;
	}
	return members_copy(reader, token);
}

const char *members_require(struct members_reader *reader, uint32_t object, const char *member)
{
	const char *value = members_read_text(reader, object, member);
	if (value == NULL)
		members_refuse(reader, member, "there");
	return value;
}

/* Numbers in the tokens are followed by what ends them, so strtoll and its like stop there. */
int64_t members_read_i64(struct members_reader *reader, uint32_t object, const char *member)
{
	const struct json_token *token = members_find(reader, object, member);
	if (token == NULL)
		return 0;
	char *end = NULL;
	errno = 0;
	int64_t value = token->type == JSON_NUMBER ? strtoll(token->text, &end, 10) : 0;
	if (token->type != JSON_NUMBER || end != token->text + token->size || errno != 0)
		members_refuse(reader, member, "a whole number");
	return value;
}

bool members_number(const struct json_token *token, uint64_t max, uint64_t *value)
{
	char *end = NULL;
	if (token->type != JSON_NUMBER || token->text[0] == '-')
		return false;
	errno = 0;
	*value = strtoull(token->text, &end, 10);
	return end == token->text + token->size && errno == 0 && *value <= max;
}

uint64_t members_read_u64(struct members_reader *reader, uint32_t object, const char *member, uint64_t max)
{
	const struct json_token *token = members_find(reader, object, member);
	uint64_t value = 0;
	if (token != NULL && !members_number(token, max, &value)) {
		members_refuse(reader, member, "a whole number in its range");
		return 0;
	}
	return value;
}

int64_t members_read_seconds(struct members_reader *reader, uint32_t object, const char *member)
{
	const struct json_token *token = members_find(reader, object, member);
	if (token == NULL)
		return 0;
	char *end = NULL;
	double value = token->type == JSON_NUMBER ? strtod(token->text, &end) : 0;
	if (token->type != JSON_NUMBER || end != token->text + token->size || !(value >= 0 && value < 1e9)) {
		members_refuse(reader, member, "a number of seconds");
		return 0;
	}
	return (int64_t)(value * 1e6 + 0.5);
}

bool members_read_bool(struct members_reader *reader, uint32_t object, const char *member)
{
	const struct json_token *token = members_find(reader, object, member);
	if (token != NULL && token->type != JSON_TRUE && token->type != JSON_FALSE)
		members_refuse(reader, member, "true or false");
	return token != NULL && token->type == JSON_TRUE;
}

int members_read_word(struct members_reader *reader, uint32_t object, const char *member, const char *const *words,
		      int count)
{
	const char *value = members_require(reader, object, member);
	for (int i = 0; value != NULL && i < count; i++)
		if (strcmp(words[i], value) == 0)
			return i;
	members_refuse(reader, member, "a word that is known");
	return 0;
}

void members_each(struct members_reader *reader, uint32_t object, const char *member, uint32_t type,
		  void (*each)(struct members_reader *reader, uint32_t element, void *context), void *context)
{
	const struct json_token *tokens = reader->tokens, *array = members_find(reader, object, member);
	if (array == NULL)
		return;
	if (array->type != JSON_ARRAY) {
		members_refuse(reader, member, "a list");
		return;
	}
	for (uint32_t i = (uint32_t)(array - tokens) + 1; i < array->next && reader->code == 0; i = tokens[i].next) {
		if (tokens[i].type == type)
			each(reader, i, context);
		else
			members_refuse(reader, member, "a list of what it lists");
	}
}
