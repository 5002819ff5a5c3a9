/* fuzz_where - any condition on any item: what `not`, `all` and `any` make of an answer is what logic says, and what
 * the key alone decides the whole item does not decide otherwise. The input is the condition, a zero byte, the item. */
#include "reconcile/contract/where.h"

#include <stdio.h>
#include <stdlib.h>

#include "reconcile/digest/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CONDITION_MAX = 4096, ITEM_MAX = 1 << 16 };

static const char head[] =
	"table: t\nkey: [{attribute: pk, type: S}, {attribute: sk, type: N}]\nsources: [{export: e}]\n"
	"lake:\n  delta: d\n  columns: [{column: pk, attribute: pk, type: string}, {column: sk, attribute: sk, type: "
	"\"decimal(38,0)\"}]\n  where: ";

/* NULL when it is no condition. */
static struct contract *contract_of(const char *before, struct slice condition, const char *after)
{
	char yaml[sizeof(head) + CONDITION_MAX + 64];
	struct contract *contract = NULL;
	struct error error;
	int length = snprintf(yaml, sizeof(yaml), "%s%s%.*s%s\n", head, before, (int)condition.size, condition.data,
			      after);
	int code = contract_parse("c.yaml", (struct slice){yaml, (size_t)length}, &contract, &error);
	if (code != 0 && (code != ERROR_USAGE || contract != NULL))
		abort();
	return contract;
}

static void hold(const struct contract *contract, const struct json_token *tokens, struct slice condition,
		 struct arena *work)
{
	static const struct {
		const char *before, *after;
		bool turned;
	} forms[] = {{"{not: ", "}", true}, {"{all: [", "]}", false}, {"{any: [", "]}", false}};
	enum where_answer plain = where_image(contract->where, tokens, 0, work);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct contract *other = contract_of(forms[i].before, condition, forms[i].after);
		if (other == NULL) /* nested too deeply, or block style, which does not fit into braces */
			continue;
		enum where_answer answer = where_image(other->where, tokens, 0, work);
		if (answer != (forms[i].turned ? (enum where_answer)(WHERE_INSIDE - plain) : plain))
			abort();
		contract_free(other);
	}
	struct digest_plan *plan;
	struct error error;
	if (digest_plan_new(contract, NULL, &plan, &error) != 0)
		return;
	struct digest_scratch *scratch = digest_scratch_new(plan);
	struct digest_fault fault;
	struct slice key;
	if (scratch == NULL)
		abort();
	if (digest_key(scratch, tokens, 0, &key, &fault)) {
		enum where_answer of_key = where_key(contract->where, contract, key, work);
		if (of_key != WHERE_UNTOLD && plain != of_key && plain != WHERE_UNTOLD)
			abort();
	}
	digest_scratch_free(scratch);
	digest_plan_free(plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct json_parser *parser;
	static char *item;
	const uint8_t *end = size > 0 ? memchr(data, 0, size) : NULL;
	if (parser == NULL) {
		parser = json_parser_new(ITEM_MAX);
		item = calloc(1, ITEM_MAX + JSON_PADDING);
		if (parser == NULL || item == NULL)
			abort();
	}
	if (end == NULL || end - data > CONDITION_MAX || size > ITEM_MAX)
		return 0;
	struct slice condition = {(const char *)data, (size_t)(end - data)};
	struct slice text = {item, size - condition.size - 1};
	const struct json_token *tokens;
	struct json_failure failure;
	struct arena work;
	size_t count;
	struct contract *contract = contract_of("", condition, "");
	if (contract == NULL)
		return 0;
	if (text.size > 0)
		memcpy(item, end + 1, text.size);
	memset(item + text.size, 0, JSON_PADDING);
	arena_init(&work, (size_t)64 << 20);
	if (json_parse(parser, text, &tokens, &count, &failure) && tokens[0].type == JSON_OBJECT)
		hold(contract, tokens, condition, &work);
	arena_release(&work);
	contract_free(contract);
	return 0;
}
