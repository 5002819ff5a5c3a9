#include "reconcile/digest/key.h"

#include <stdlib.h>

#include "base/base64.h"
#include "base/json.h"
#include "reconcile/contract/disclosure.h"
#include "reconcile/digest/digest.h"
#include "reconcile/value/number.h"

void key_append_hidden(const struct contract *contract, char type, struct slice bytes, struct buffer *json)
{
	struct buffer text;
	struct slice body;
	char hash[DISCLOSURE_HASH_SIZE];
	buffer_init(&text, 8 * KEY_BYTES_MAX);
	if (type == 'B')
		buffer_append_base64(&text, bytes);
	else
		buffer_append_json(&text, bytes);
	body = buffer_slice(&text);
	if (type != 'B' && !text.failed)
		body = (struct slice){body.data + 1, body.size - 2};
	json->failed |= text.failed;
	buffer_append_json(json, slice_from(text.failed ? "" : disclosure_hash(contract, body, hash)));
	buffer_release(&text);
}

int key_append_json(const struct contract *contract, struct slice key, struct buffer *json)
{
	buffer_append_byte(json, '{');
	for (uint32_t part = 0; part < contract->key_count; part++) {
		char type;
		struct slice bytes;
		if (!key_take(&key, &type, &bytes))
			break;
		buffer_append_text(json, part > 0 ? "," : "");
		buffer_append_json(json, slice_from(contract->key[part].attribute));
		buffer_append_byte(json, ':');
		if (contract->key[part].sensitive) {
			key_append_hidden(contract, type, bytes, json);
		} else if (type == 'B') {
			buffer_append_byte(json, '"');
			buffer_append_base64(json, bytes);
			buffer_append_byte(json, '"');
		} else {
			buffer_append_json(json, bytes);
		}
	}
	buffer_append_byte(json, '}');
	return json->failed ? ERROR_INTERNAL : 0;
}

const char *key_json(const struct contract *contract, struct slice key, struct arena *arena)
{
	struct buffer json;
	buffer_init(&json, 1 << 16);
	const char *text = NULL;
	if (key_append_json(contract, key, &json) == 0)
		text = arena_copy(arena, buffer_slice(&json)).data;
	buffer_release(&json);
	return text;
}

/* Appends one part given as text: S as it is, N as a number, B as base64. */
static int append_part(const struct contract *contract, uint32_t part, struct slice text, struct buffer *key,
		       struct error *error)
{
	const struct key_part *schema = &contract->key[part];
	size_t limit = part == 0 ? KEY_PARTITION_MAX : KEY_SORT_MAX;
	struct number number;
	unsigned char *decoded = NULL, *place;
	struct slice bytes = text;
	int code = 0;
	if (schema->sensitive && text.size == DISCLOSURE_HASH_SIZE - 1 && memcmp(text.data, "hmac:", 5) == 0)
		return error_set(error, ERROR_USAGE,
				 "key attribute '%s' is sensitive, and reports show its hash; give the value itself",
				 schema->attribute);
	if (schema->type == 'N') {
		enum decimal_status status = number_parse(text, &number);
		if (status != DECIMAL_OK)
			return error_set(error, ERROR_USAGE, "key attribute '%s' is a number, '%.*s' %s",
					 schema->attribute,
					 schema->sensitive ? 3 : (int)(text.size < 60 ? text.size : 60),
					 schema->sensitive ? "…" : text.data,
					 status == DECIMAL_RANGE ? "is beyond what DynamoDB holds, 1E-130 to 9.9…E+125"
					 : status == DECIMAL_PRECISION
						 ? "has more digits than the 38 that DynamoDB holds"
						 : "is not");
		bytes = number.text;
	} else if (schema->type == 'B') {
		decoded = malloc(text.size / 4 * 3 + 1);
		if (decoded == NULL)
			return error_set(error, ERROR_INTERNAL, "out of memory for a key");
		bytes.data = (const char *)decoded;
		if (!base64_decode(text, decoded, text.size / 4 * 3, &bytes.size)) {
			code = error_set(error, ERROR_USAGE, "key attribute '%s' is binary, give it as base64",
					 schema->attribute);
			goto out;
		}
	}
	if (schema->type == 'S' && !json_is_utf8(text)) {
		code = error_set(error, ERROR_USAGE, "key attribute '%s' is text, which is UTF-8", schema->attribute);
		goto out;
	}
	if (bytes.size == 0 || bytes.size > limit) {
		code = error_set(error, ERROR_USAGE, "key attribute '%s' must have 1 to %zu bytes", schema->attribute,
				 limit);
		goto out;
	}
	if (buffer_reserve(key, bytes.size + 3) != 0) {
		code = error_set(error, ERROR_INTERNAL, "out of memory for a key");
		goto out;
	}
	place = (unsigned char *)key->data + key->size;
	key->size += key_put(place, schema->type, bytes);
out:
	free(decoded);
	return code;
}

static int key_from_json(const struct contract *contract, struct slice text, struct buffer *key, struct error *error)
{
	struct json_parser *parser = json_parser_new(text.size);
	char *padded = calloc(1, text.size + JSON_PADDING);
	const struct json_token *tokens;
	size_t count;
	struct json_failure failure;
	int code = 0;
	if (parser == NULL || padded == NULL) {
		code = error_set(error, ERROR_INTERNAL, "out of memory for a key");
		goto out;
	}
	memcpy(padded, text.data, text.size);
	if (!json_parse(parser, (struct slice){padded, text.size}, &tokens, &count, &failure)) {
		code = error_set(error, ERROR_USAGE, "the key is no JSON object: %s at byte %zu", failure.reason,
				 failure.offset);
		goto out;
	}
	if (tokens[0].count != contract->key_count)
		code = error_set(error, ERROR_USAGE, "the key has %u attributes, the table's key has %u",
				 tokens[0].count, contract->key_count);
	for (uint32_t part = 0; part < contract->key_count && code == 0; part++) {
		const struct key_part *schema = &contract->key[part];
		uint32_t value = json_member(tokens, 0, schema->attribute);
		if (value == 0)
			code = error_set(error, ERROR_USAGE, "the key lacks attribute '%s'", schema->attribute);
		else if (tokens[value].type != JSON_STRING &&
			 !(tokens[value].type == JSON_NUMBER && schema->type == 'N'))
			code = error_set(error, ERROR_USAGE, "key attribute '%s' must be a JSON string",
					 schema->attribute);
		else
			code = append_part(contract, part, json_text(&tokens[value]), key, error);
	}
out:
	free(padded);
	json_parser_free(parser);
	return code;
}

/* The bytes after "name=" when the text starts so; data NULL otherwise. */
static struct slice after_name(struct slice text, const char *name)
{
	size_t size = strlen(name);
	if (text.size <= size || memcmp(text.data, name, size) != 0 || text.data[size] != '=')
		return (struct slice){NULL, 0};
	return (struct slice){text.data + size + 1, text.size - size - 1};
}

/* Where ",name=" last stands in the text: a value before it may hold commas itself. SIZE_MAX: nowhere. */
static size_t find_next_part(struct slice text, const char *name)
{
	size_t found = SIZE_MAX;
	for (size_t at = 0; at < text.size; at++)
		if (text.data[at] == ',' &&
		    after_name((struct slice){text.data + at + 1, text.size - at - 1}, name).data != NULL)
			found = at;
	return found;
}

int key_from_text(const struct contract *contract, const char *text, struct buffer *key, struct error *error)
{
	struct slice whole = slice_from(text);
	struct slice first = after_name(whole, contract->key[0].attribute);
	if (whole.size > 0 && whole.data[0] == '{')
		return key_from_json(contract, whole, key, error);
	if (contract->key_count == 1)
		return append_part(contract, 0, first.data != NULL ? first : whole, key, error);
	size_t comma = first.data == NULL ? SIZE_MAX : find_next_part(first, contract->key[1].attribute);
	if (comma == SIZE_MAX)
		return error_set(error, ERROR_USAGE, "give the key as %s=VALUE,%s=VALUE or as a JSON object",
				 contract->key[0].attribute, contract->key[1].attribute);
	struct slice second = {first.data + comma + 1, first.size - comma - 1};
	second = after_name(second, contract->key[1].attribute);
	first.size = comma;
	int code = append_part(contract, 0, first, key, error);
	return code != 0 ? code : append_part(contract, 1, second, key, error);
}
