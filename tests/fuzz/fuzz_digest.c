/* Any JSON as an image: it is refused with a reason, or its digests do not depend on the order of members, on what was
 * digested before, or on who asks; every column's expected value can be told. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "reconcile/digest/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1 << 16, OUTPUT_MAX = 1 << 20, MEMBERS_MAX = 256 };

static const char yaml[] =
	"table: t\nkey:\n  - {attribute: pk, type: S}\n  - {attribute: sk, type: N}\nsources:\n  - {events: e}\n"
	"lake:\n  delta: d\n  ttl: {attribute: n}\n  ignore_attributes: [\"t*\"]\n  columns:\n"
	"    - {column: pk, attribute: pk, type: string}\n    - {column: sk, attribute: sk, type: \"decimal(38,0)\"}\n"
	"    - {column: n, attribute: n, type: \"decimal(38,10)\"}\n    - {column: i, attribute: n, type: int}\n"
	"    - {column: f, attribute: n, type: float}\n    - {column: d, attribute: n, type: double}\n"
	"    - {column: s, attribute: s, type: string}\n    - {column: dt, attribute: s, type: date}\n"
	"    - {column: ts, attribute: s, type: timestamp}\n    - {column: tn, attribute: s, type: timestamp_ntz}\n"
	"    - {column: b, attribute: b, type: binary}\n    - {column: o, attribute: o, type: boolean}\n"
	"    - {column: l, attribute: l, type: \"array<array<string>>\", unordered: true}\n"
	"    - {column: m, attribute: m, type: \"map<string,bigint>\"}\n"
	"    - {column: r, attribute: m, type: \"struct<a:int,b:struct<c:array<double>>>\"}\n"
	"    - {column: deep, attribute: m.a.b, type: string}\n"
	"    - {column: place, attribute: \"l[0][1]\", type: string}\n"
	"    - {column: round, attribute: n, type: int, on_overflow: round}\n"
	"    - {column: none, attribute: n, type: \"decimal(5,2)\", on_overflow: \"null\", absent: \"null\"}\n"
	"    - {column: ms, attribute: n, type: timestamp, from: epoch_ms}\n"
	"    - {column: day, attribute: n, type: date, from: epoch_s}\n"
	"    - {column: low, attribute: s, type: string, as: [trim, lower, {substr: [-3, 2]}, sha256]}\n"
	"    - {column: part, attribute: s, type: string, as: {extract: \"a(.*)b\"}, empty_string: \"null\"}\n"
	"    - {column: num, attribute: s, type: bigint, as: number}\n"
	"    - {column: join, attributes: [s, n, m.a], type: string, as: {concat: \"-\"}}\n"
	"    - {column: text, attribute: m, type: string, as: json, unordered: true}\n"
	"    - {column: tagged, attribute: l, type: string, as: dynamodb_json}\n";

static struct contract *contract;
static struct digest_plan *plan;
static struct digest_scratch *used;
static struct json_parser *parser;
static char *input, *turned;

static void start(void)
{
	struct error error;
	bool ready = contract_parse("c.yaml", slice_from(yaml), &contract, &error) == 0 &&
		     digest_plan_new(contract, NULL, &plan, &error) == 0;
	used = ready ? digest_scratch_new(plan) : NULL;
	parser = json_parser_new(OUTPUT_MAX);
	input = calloc(1, INPUT_MAX + JSON_PADDING);
	turned = calloc(1, OUTPUT_MAX + JSON_PADDING);
	if (used == NULL || parser == NULL || input == NULL || turned == NULL)
		abort();
}

/* The same value with the members of every object in reverse; false when it is too wide to turn. */
static bool write_turned(const struct json_token *tokens, uint32_t index, struct buffer *out)
{
	const struct json_token *token = &tokens[index];
	uint32_t members[MEMBERS_MAX], at = index + 1;
	bool object = token->type == JSON_OBJECT;
	switch (token->type) {
	case JSON_STRING:
		return buffer_append_json(out, json_text(token)) == 0;
	case JSON_NUMBER:
		return buffer_append_slice(out, json_text(token)) == 0;
	case JSON_OBJECT:
	case JSON_ARRAY:
		break;
	default:
		return buffer_append_text(out, token->type == JSON_TRUE    ? "true"
					       : token->type == JSON_FALSE ? "false"
									   : "null") == 0;
	}
	if (token->count > MEMBERS_MAX)
		return false;
	for (uint32_t member = 0; member < token->count; member++) {
		members[member] = at;
		at = tokens[at + object].next;
	}
	(void)buffer_append_byte(out, object ? '{' : '[');
	for (uint32_t member = 0; member < token->count; member++) {
		uint32_t from = members[object ? token->count - 1 - member : member];
		(void)buffer_append_text(out, member > 0 ? "," : "");
		if (object) {
			(void)buffer_append_json(out, json_text(&tokens[from]));
			(void)buffer_append_byte(out, ':');
		}
		if (!write_turned(tokens, from + object, out))
			return false;
	}
	return buffer_append_byte(out, object ? '}' : ']') == 0;
}

static bool same(const struct image_digest *a, const struct image_digest *b)
{
	/* A row digest means something only when every value fits. */
	return a->item[0] == b->item[0] && a->item[1] == b->item[1] && a->flags == b->flags &&
	       (a->flags != 0 || a->row == b->row) && a->expires_s == b->expires_s;
}

static void check_values(struct digest_scratch *scratch, const struct json_token *tokens)
{
	struct buffer json;
	uint64_t digest, count;
	uint32_t flags;
	buffer_init(&json, 1 << 20);
	(void)digest_plan_columns(plan, &count);
	for (uint32_t column = 0; column < count; column++) {
		json.size = 0;
		int code = digest_expected_value(scratch, tokens, 0, column, &json, &digest, &flags);
		assert(code == 0 && json.size > 0 && json.size <= DIGEST_TEXT_MAX + 3);
	}
	buffer_release(&json);
}

static void check_key(struct digest_scratch *scratch, const struct json_token *tokens)
{
	struct slice key;
	struct digest_fault fault;
	struct buffer json, back;
	struct error error;
	if (!digest_key(scratch, tokens, 0, &key, &fault)) {
		assert(fault.reason != NULL);
		return;
	}
	assert(key.size <= KEY_BYTES_MAX);
	buffer_init(&json, 1 << 20);
	buffer_init(&back, 1 << 20);
	int code = key_append_json(contract, key, &json);
	(void)buffer_append_byte(&json, '\0');
	/* Text with a NUL cannot come from a command line. */
	if (code == 0 && strlen(json.data) + 1 == json.size) {
		code = key_from_text(contract, json.data, &back, &error);
		assert(code == 0 && slice_equal(key, buffer_slice(&back)));
	}
	buffer_release(&json);
	buffer_release(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct json_token *tokens;
	struct json_failure failure;
	struct digest_fault fault = {.reason = NULL};
	struct image_digest first, again;
	struct buffer text;
	size_t count;
	if (parser == NULL)
		start();
	if (size == 0 || size > INPUT_MAX)
		return 0;
	memcpy(input, data, size);
	memset(input + size, 0, JSON_PADDING);
	if (!json_parse(parser, (struct slice){input, size}, &tokens, &count, &failure))
		return 0;
	struct digest_scratch *fresh = digest_scratch_new(plan);
	if (fresh == NULL)
		abort();
	bool accepted = digest_image(used, tokens, 0, &first, &fault);
	assert(accepted || fault.reason != NULL);
	assert(digest_image(fresh, tokens, 0, &again, &fault) == accepted && (!accepted || same(&first, &again)));
	check_key(fresh, tokens);
	if (accepted)
		check_values(fresh, tokens);
	buffer_init(&text, OUTPUT_MAX);
	if (write_turned(tokens, 0, &text) && text.size <= OUTPUT_MAX) {
		memcpy(turned, text.data, text.size);
		memset(turned + text.size, 0, JSON_PADDING);
		bool parsed = json_parse(parser, (struct slice){turned, text.size}, &tokens, &count, &failure);
		assert(parsed);
		assert(digest_image(used, tokens, 0, &again, &fault) == accepted &&
		       (!accepted || same(&first, &again)));
	}
	buffer_release(&text);
	digest_scratch_free(fresh);
	return 0;
}
