#include "reconcile/digest/digest_json.h"

#include <stdlib.h>

#include "reconcile/digest/digest_hash.h"

enum { LAKE_TEXT_MAX = 16 * 1024 * 1024, JSON_TEXT_MAX = 64 * 1024 * 1024 };

/* One text in the making. Pieces that must be sorted are written at the buffer's end first. */
struct writer {
	struct digest_scratch *scratch;
	const struct json_token *tokens;
	struct buffer *out;
	bool unordered;
	bool tagged;     /* DynamoDB's type tags */
	bool strict;     /* … spelled as DynamoDB does: what a lake holds is no source's dialect */
	const char *why; /* what cannot be written; NULL while all is well */
};

struct piece {
	struct slice name; /* sorted by */
	uint32_t token;
};

static int piece_order(const void *left, const void *right)
{
	const struct piece *a = left, *b = right;
	return slice_compare(a->name, b->name);
}

static bool fail(struct writer *writer, const char *why)
{
	writer->why = why;
	return false;
}

/* The members of an object by name; NULL: one is there twice, or no memory. `top`: of an item. */
static struct piece *sort_members(struct writer *writer, uint32_t object, bool top, uint32_t *count)
{
	const struct json_token *tokens = writer->tokens;
	struct piece *pieces = arena_array(&writer->scratch->work, tokens[object].count + 1U, sizeof(*pieces));
	uint32_t token = object + 1;
	*count = 0;
	if (pieces == NULL) {
		fail(writer, "there is not enough memory");
		return NULL;
	}
	for (uint32_t index = 0; index < tokens[object].count; index++, token = tokens[token + 1].next) {
		struct slice name = json_text(&tokens[token]);
		if (!top || !json_leaves_out(writer->scratch->plan, name))
			pieces[(*count)++] = (struct piece){name, token + 1};
	}
	qsort(pieces, *count, sizeof(*pieces), piece_order);
	for (uint32_t index = 1; index < *count; index++)
		if (slice_equal(pieces[index - 1].name, pieces[index].name)) {
			fail(writer, "a name is there twice");
			return NULL;
		}
	return pieces;
}

typedef bool put_function(struct writer *writer, uint32_t token);

static bool put_members(struct writer *writer, uint32_t object, bool top, put_function *put)
{
	uint32_t count;
	struct piece *pieces = sort_members(writer, object, top, &count);
	if (pieces == NULL)
		return false;
	buffer_append_byte(writer->out, '{');
	for (uint32_t index = 0; index < count; index++) {
		if (index > 0)
			buffer_append_byte(writer->out, ',');
		buffer_append_json(writer->out, pieces[index].name);
		buffer_append_byte(writer->out, ':');
		if (!put(writer, pieces[index].token))
			return false;
	}
	return buffer_append_byte(writer->out, '}') == 0;
}

/* The elements stand one behind the other from `start`, their ends known: puts them in order, with commas. */
static bool order_elements(struct writer *writer, size_t start, const size_t *ends, uint32_t count)
{
	struct arena *work = &writer->scratch->work;
	struct slice all = {writer->out->data + start, writer->out->size - start};
	struct piece *pieces = arena_array(work, count + 1U, sizeof(*pieces));
	all = arena_copy(work, all);
	if (writer->out->failed || pieces == NULL || all.data == NULL)
		return fail(writer, "there is not enough memory");
	for (uint32_t index = 0; index < count; index++) {
		size_t from = index == 0 ? start : ends[index - 1];
		pieces[index].name = (struct slice){all.data + (from - start), ends[index] - from};
	}
	qsort(pieces, count, sizeof(*pieces), piece_order);
	writer->out->size = start;
	for (uint32_t index = 0; index < count; index++) {
		if (index > 0)
			buffer_append_byte(writer->out, ',');
		buffer_append_slice(writer->out, pieces[index].name);
	}
	return true;
}

static bool put_elements(struct writer *writer, uint32_t array, bool sorted, put_function *put)
{
	const struct json_token *tokens = writer->tokens;
	uint32_t count = tokens[array].count, token = array + 1;
	size_t *ends = arena_array(&writer->scratch->work, count + 1U, sizeof(*ends));
	if (ends == NULL)
		return fail(writer, "there is not enough memory");
	buffer_append_byte(writer->out, '[');
	size_t start = writer->out->size;
	for (uint32_t index = 0; index < count; index++, token = tokens[token].next) {
		if (index > 0 && !sorted)
			buffer_append_byte(writer->out, ',');
		if (!put(writer, token))
			return false;
		ends[index] = writer->out->size;
	}
	if (sorted && !order_elements(writer, start, ends, count))
		return false;
	return buffer_append_byte(writer->out, ']') == 0;
}

/* ---- values that carry DynamoDB's type tags */

static void put_binary(struct writer *writer, struct slice bytes)
{
	buffer_append_byte(writer->out, '"');
	buffer_append_base64(writer->out, bytes);
	buffer_append_byte(writer->out, '"');
}

static bool put_member_of(struct writer *writer, uint32_t token, enum value_tag tag)
{
	struct value value;
	struct value_fault fault;
	if (!value_read_element(&writer->scratch->work, writer->tokens, token, tag, &value, &fault))
		return fail(writer, fault.reason);
	if (writer->strict && writer->tokens[token].type != JSON_STRING)
		return fail(writer, "a number that is no string");
	if (tag == TAG_B)
		put_binary(writer, value.bytes);
	else if (tag == TAG_S || writer->tagged)
		buffer_append_json(writer->out, value.bytes);
	else
		buffer_append_slice(writer->out, value.bytes);
	return true;
}

static bool put_text_member(struct writer *writer, uint32_t token)
{
	return put_member_of(writer, token, TAG_S);
}

static bool put_number_member(struct writer *writer, uint32_t token)
{
	return put_member_of(writer, token, TAG_N);
}

static bool put_binary_member(struct writer *writer, uint32_t token)
{
	return put_member_of(writer, token, TAG_B);
}

static bool put_typed(struct writer *writer, uint32_t token);

static bool put_typed_value(struct writer *writer, const struct value *value)
{
	struct buffer *out = writer->out;
	switch (value->tag) {
	case TAG_S:
		return buffer_append_json(out, value->bytes) == 0;
	case TAG_N:
		return writer->tagged ? buffer_append_json(out, value->bytes) == 0
				      : buffer_append_slice(out, value->bytes) == 0;
	case TAG_B:
		put_binary(writer, value->bytes);
		return true;
	case TAG_BOOL:
		return buffer_append_text(out, value->truth ? "true" : "false") == 0;
	case TAG_NULL:
		return buffer_append_text(out, writer->tagged ? "true" : "null") == 0;
	case TAG_M:
		return put_members(writer, value->payload, false, put_typed);
	case TAG_L:
		return put_elements(writer, value->payload, writer->unordered, put_typed);
	case TAG_SS:
	case TAG_NS:
	case TAG_BS:
		if (!writer->tagged && !writer->unordered)
			return fail(writer, "a set, without unordered: true,");
		return put_elements(writer, value->payload, true,
				    value->tag == TAG_SS   ? put_text_member
				    : value->tag == TAG_NS ? put_number_member
							   : put_binary_member);
	default:
		return fail(writer, NULL);
	}
}

static bool put_value(struct writer *writer, const struct value *value)
{
	if (!writer->tagged)
		return put_typed_value(writer, value);
	buffer_printf(writer->out, "{\"%s\":", value_tag_name(value->tag));
	return put_typed_value(writer, value) && buffer_append_byte(writer->out, '}') == 0;
}

/* {"N":10} and {"n":"10"} are not what DynamoDB writes, and whoever reads them finds another type, or none. */
static bool is_spelled(const struct writer *writer, uint32_t token, const struct value *value)
{
	const struct json_token *tag = &writer->tokens[token + 1];
	return slice_is(json_text(tag), value_tag_name(value->tag)) &&
	       (value->tag != TAG_N || writer->tokens[value->payload].type == JSON_STRING);
}

/* Recursion is bounded by the item's depth, or by the parser's. */
static bool put_typed(struct writer *writer, uint32_t token)
{
	struct value value;
	struct value_fault fault;
	if (!value_read(&writer->scratch->work, writer->tokens, token, &value, &fault))
		return fail(writer, fault.reason);
	if (writer->strict && !is_spelled(writer, token, &value))
		return fail(writer, "a type tag that is not DynamoDB's");
	return put_value(writer, &value);
}

/* ---- plain JSON, from the lake */

static bool put_plain(struct writer *writer, uint32_t token)
{
	const struct json_token *at = &writer->tokens[token];
	struct number number;
	switch (at->type) {
	case JSON_OBJECT:
		return put_members(writer, token, false, put_plain);
	case JSON_ARRAY:
		return put_elements(writer, token, writer->unordered, put_plain);
	case JSON_STRING:
		return buffer_append_json(writer->out, json_text(at)) == 0;
	case JSON_NUMBER:
		if (number_parse(json_text(at), &number) != DECIMAL_OK)
			return fail(writer, "a number out of range");
		return buffer_append_slice(writer->out, number.text) == 0;
	default:
		return buffer_append_text(writer->out, at->type == JSON_TRUE    ? "true"
						       : at->type == JSON_FALSE ? "false"
										: "null") == 0;
	}
}

/* ---- the image's side */

bool json_leaves_out(const struct digest_plan *plan, struct slice name)
{
	return is_replicated(name) || plan_drops_attribute(plan, name);
}

static struct writer writer_of(const struct conversion *conversion, struct buffer *out)
{
	return (struct writer){.scratch = conversion->scratch,
			       .tokens = conversion->tokens,
			       .out = out,
			       .unordered = conversion->unordered,
			       .tagged = conversion->rules->form == FORM_DYNAMODB_JSON ||
					 conversion->rules->form == FORM_ITEM_DYNAMODB_JSON};
}

static void finish(const struct conversion *conversion, const struct writer *writer, bool whole, struct value *value)
{
	static const struct column_type text = {.kind = COLUMN_STRING};
	struct slice copy = {NULL, 0};
	if (whole && !writer->out->failed)
		copy = arena_copy(&conversion->scratch->work, buffer_slice(writer->out));
	if (copy.data != NULL) {
		value->tag = TAG_S;
		value->bytes = copy;
		return;
	}
	if (conversion->rules->compare == COMPARE_VALUE)
		cell_refuse(conversion, IMAGE_MISTYPED, &text, value, writer->why);
	value->tag = TAG_UNFIT;
	value->scale = IMAGE_MISTYPED;
	value->bytes = (struct slice){NULL, 0};
}

void json_of_value(const struct conversion *conversion, struct value *value)
{
	struct buffer *out = &conversion->scratch->text;
	struct writer writer = writer_of(conversion, out);
	out->size = 0;
	finish(conversion, &writer, put_value(&writer, value), value);
}

void json_of_item(const struct conversion *conversion, struct value *value)
{
	struct buffer *out = &conversion->scratch->text;
	struct writer writer = writer_of(conversion, out);
	out->size = 0;
	finish(conversion, &writer, put_members(&writer, conversion->scratch->image_token, true, put_typed), value);
}

static const struct column_type text_type = {.kind = COLUMN_STRING};

/* What a value is in a map<string,string>; false: it cannot be. *null: it is null there. */
static bool entry_text(const struct conversion *conversion, uint32_t token, struct slice *text, bool *null)
{
	struct buffer *out = &conversion->scratch->text;
	struct writer writer = writer_of(conversion, out);
	struct value value;
	struct value_fault fault;
	if (!value_read(&conversion->scratch->work, conversion->tokens, token, &value, &fault))
		return false;
	*null = value.tag == TAG_NULL;
	if (value.tag == TAG_S)
		return json_of_lake_entry(conversion->scratch, conversion->rules, value.bytes, text);
	out->size = 0;
	if (value.tag == TAG_B)
		buffer_append_base64(out, value.bytes);
	else if (!put_value(&writer, &value))
		return cell_refuse(conversion, IMAGE_MISTYPED, &text_type, &value, writer.why);
	*text = out->size > 0 ? buffer_slice(out) : (struct slice){"", 0};
	return !out->failed;
}

uint64_t json_item_map(const struct conversion *conversion, const struct column_type *type)
{
	const struct json_token *tokens = conversion->tokens;
	uint32_t image = conversion->scratch->image_token, token = image + 1, count = 0;
	struct value item = {.tag = TAG_M};
	uint64_t *digests = arena_array(&conversion->scratch->work, tokens[image].count + 1U, sizeof(*digests));
	for (uint32_t index = 0; index < tokens[image].count && digests != NULL;
	     index++, token = tokens[token + 1].next) {
		struct slice name = json_text(&tokens[token]), text;
		bool null = false;
		if (json_leaves_out(conversion->scratch->plan, name))
			continue;
		if (!entry_text(conversion, token + 1, &text, &null)) {
			cell_refuse(conversion, IMAGE_MISTYPED, type, &item, NULL);
			continue;
		}
		uint64_t held = null ? (uint64_t)SPARK_SEED : hash_slice(text, SPARK_SEED);
		digests[count++] = hash_u64(held, hash_u64(hash_slice(name, SPARK_SEED), SPARK_SEED));
	}
	if (digests == NULL) {
		cell_refuse(conversion, IMAGE_MISTYPED, type, &item, "there is not enough memory");
		return SPARK_SEED;
	}
	return fold_digests(digests, count, true);
}

int json_item_map_text(const struct conversion *conversion, struct buffer *json)
{
	struct writer writer = writer_of(conversion, json);
	uint32_t count;
	struct piece *pieces = sort_members(&writer, conversion->scratch->image_token, true, &count);
	if (pieces == NULL)
		return ERROR_INTERNAL;
	buffer_append_byte(json, '{');
	for (uint32_t index = 0; index < count && json->size < 4 * DIGEST_TEXT_MAX; index++) {
		struct slice text = {"", 0};
		bool null = false;
		buffer_append_text(json, index > 0 ? "," : "");
		buffer_append_json(json, pieces[index].name);
		buffer_append_byte(json, ':');
		if (entry_text(conversion, pieces[index].token, &text, &null) && !null)
			buffer_append_json(json, text);
		else
			buffer_append_text(json, "null");
	}
	buffer_append_byte(json, '}');
	return json->failed ? ERROR_INTERNAL : 0;
}

/* ---- the lake's side */

/* False: the text has no canonical form. */
static bool canonical_text(struct digest_scratch *scratch, const struct contract_column *rules, struct slice text)
{
	const struct json_token *tokens;
	struct json_failure failure;
	size_t count;
	bool item = rules->form >= FORM_ITEM_JSON, entry = rules->form == FORM_ITEM_MAP;
	struct writer writer = {.scratch = scratch,
				.out = &scratch->text,
				.strict = true,
				.unordered = rules->unordered,
				.tagged = rules->form == FORM_DYNAMODB_JSON || rules->form == FORM_ITEM_DYNAMODB_JSON};
	scratch->text.size = 0;
	if (!json_parse(scratch->json, text, &tokens, &count, &failure))
		return false;
	writer.tokens = tokens;
	if (item && !entry)
		return tokens[0].type == JSON_OBJECT &&
		       put_members(&writer, 0, true, writer.tagged ? put_typed : put_plain);
	return writer.tagged ? put_typed(&writer, 0) : put_plain(&writer, 0);
}

bool json_of_lake(struct digest_scratch *scratch, const struct contract_column *rules, struct slice text,
		  struct slice *canonical)
{
	*canonical = text;
	if (scratch->json == NULL)
		scratch->json = json_parser_new(LAKE_TEXT_MAX);
	char *padded = arena_alloc(&scratch->work, text.size + JSON_PADDING);
	if (scratch->json == NULL || padded == NULL)
		return false;
	if (text.size == 0 || text.size > LAKE_TEXT_MAX)
		return true;
	memcpy(padded, text.data, text.size);
	memset(padded + text.size, 0, JSON_PADDING);
	if (canonical_text(scratch, rules, (struct slice){padded, text.size}))
		*canonical = buffer_slice(&scratch->text);
	return !scratch->text.failed;
}

bool json_of_lake_entry(struct digest_scratch *scratch, const struct contract_column *rules, struct slice text,
			struct slice *canonical)
{
	char first = text.size > 0 ? text.data[0] : '\0';
	*canonical = text;
	/* Numbers count as they are spelled: nothing tells "007" the text from 7 the number. */
	if (first != '{' && first != '[')
		return true;
	return json_of_lake(scratch, rules, text, canonical);
}
