/* Which items a lake takes: DynamoDB's comparisons, what cannot be told, and the key alone. */
#include "reconcile/contract/where.h"

#include <stdlib.h>

#include "reconcile/value/key_bytes.h"
#include "tests/tap.h"

enum { TEXT_MAX = 4096 };

static const char *const answers[] = {"outside", "untold", "inside"};

static struct contract *contract_where(const char *condition)
{
	char yaml[TEXT_MAX];
	struct contract *contract = NULL;
	struct error error = {0};
	snprintf(
		yaml, sizeof yaml,
		"table: t\nkey: [{attribute: pk, type: S}, {attribute: n, type: N}]\nsources: [{export: e}]\n"
		"lake:\n  delta: d\n  columns: [{column: pk, attribute: pk}, {column: n, attribute: n}]\n  where: %s\n",
		condition);
	if (contract_parse("c.yaml", slice_from(yaml), &contract, &error) != 0)
		printf("# %s\n", error.message);
	return contract;
}

static void image(const char *condition, const char *item, enum where_answer want)
{
	struct contract *contract = contract_where(condition);
	struct json_parser *parser = json_parser_new(TEXT_MAX);
	char text[TEXT_MAX + JSON_PADDING] = "";
	const struct json_token *tokens;
	size_t count;
	struct json_failure failure;
	struct arena work;
	arena_init(&work, 1 << 20);
	memcpy(text, item, strlen(item));
	bool parsed = json_parse(parser, (struct slice){text, strlen(item)}, &tokens, &count, &failure);
	enum where_answer got = contract != NULL && parsed ? where_image(contract->where, tokens, 0, &work)
							   : (enum where_answer) - 1;
	ok(got == want, "%s of %s: %s", condition, item, answers[want]);
	arena_release(&work);
	json_parser_free(parser);
	contract_free(contract);
}

static void key(const char *condition, enum where_answer want)
{
	struct contract *contract = contract_where(condition);
	unsigned char bytes[64];
	struct arena work;
	arena_init(&work, 1 << 20);
	size_t size = key_put(bytes, 'S', slice_from("CUST#1"));
	size += key_put(bytes + size, 'N', slice_from("10"));
	struct slice of_item = {(const char *)bytes, size};
	ok(contract != NULL && where_key(contract->where, contract, of_item, &work) == want, "%s of the key alone: %s",
	   condition, answers[want]);
	arena_release(&work);
	contract_free(contract);
}

static void test_images(void)
{
	const enum where_answer in = WHERE_INSIDE, out = WHERE_OUTSIDE, untold = WHERE_UNTOLD;
	image("{attribute: a, eq: 7}", "{\"a\":{\"N\":\"7.0\"}}", in);
	image("{attribute: a, eq: 7}", "{\"a\":{\"S\":\"7\"}}", out);
	image("{attribute: a, eq: \"7\"}", "{\"a\":{\"S\":\"7\"}}", in);
	image("{attribute: a, eq: {N: \"7e0\"}}", "{\"a\":{\"N\":\"7\"}}", in);
	image("{attribute: a, eq: {B: aGk=}}", "{\"a\":{\"B\":\"aGk=\"}}", in);
	image("{attribute: a, eq: true}", "{\"a\":{\"BOOL\":true}}", in);
	image("{attribute: a, eq: true}", "{\"a\":{\"S\":\"true\"}}", out);
	image("{attribute: a, eq: null}", "{\"a\":{\"NULL\":true}}", in);
	image("{attribute: a, in: [x, 2]}", "{\"a\":{\"N\":\"2\"}}", in);
	image("{attribute: a, begins_with: PRO}", "{\"a\":{\"S\":\"PROFILE\"}}", in);
	image("{attribute: a, begins_with: PROFILES}", "{\"a\":{\"S\":\"PROFILE\"}}", out);
	/* 2^53 and its neighbour are one double. */
	image("{attribute: a, ge: 9007199254740993}", "{\"a\":{\"N\":\"9007199254740992\"}}", out);
	image("{attribute: a, lt: 10}", "{\"a\":{\"N\":\"9\"}}", in);
	image("{attribute: a, lt: \"10\"}", "{\"a\":{\"S\":\"9\"}}", out);
	image("{attribute: a, lt: 10}", "{\"a\":{\"S\":\"9\"}}", out);
	image("{attribute: a, ge: 2, lt: 5}", "{\"a\":{\"N\":\"5\"}}", out);
	image("{attribute: a, ge: 2, lt: 5}", "{\"a\":{\"N\":\"2\"}}", in);
	image("{attribute: a, type: SS}", "{\"a\":{\"SS\":[\"x\"]}}", in);
	image("{attribute: a, exists: true}", "{\"b\":{\"S\":\"\"}}", out);
	image("{attribute: a, exists: false}", "{\"b\":{\"S\":\"\"}}", in);
	image("{not: {attribute: a, eq: 1}}", "{\"b\":{\"S\":\"\"}}", in);
	image("{attribute: a.b, eq: 1}", "{\"a\":{\"M\":{\"b\":{\"N\":\"1\"}}}}", in);
	image("{attribute: a.b, eq: 1}", "{\"a\":{\"N\":\"1\"}}", out);
	image("{attribute: \"a[1]\", eq: x}", "{\"a\":{\"L\":[{\"S\":\"y\"},{\"S\":\"x\"}]}}", in);
	image("{attribute: \"a[2]\", eq: x}", "{\"a\":{\"L\":[{\"S\":\"y\"},{\"S\":\"x\"}]}}", out);
	image("{all: [{attribute: a, eq: 1}, {attribute: b, eq: 2}]}", "{\"a\":{\"N\":\"1\"},\"b\":{\"N\":\"3\"}}",
	      out);
	image("{any: [{attribute: a, eq: 1}, {attribute: b, eq: 2}]}", "{\"a\":{\"N\":\"1\"},\"b\":{\"N\":\"3\"}}", in);
	/* What is there twice, or is nothing DynamoDB holds, is not told; what else decides is. */
	image("{attribute: a, eq: 1}", "{\"a\":{\"N\":\"1\"},\"a\":{\"N\":\"2\"}}", untold);
	image("{not: {attribute: a, eq: 1}}", "{\"a\":{\"N\":\"x\"}}", untold);
	image("{all: [{attribute: a, eq: 1}, {attribute: b, eq: 2}]}", "{\"a\":{\"N\":\"x\"},\"b\":{\"N\":\"3\"}}",
	      out);
	image("{any: [{attribute: a, eq: 1}, {attribute: b, eq: 3}]}", "{\"a\":{\"N\":\"x\"},\"b\":{\"N\":\"3\"}}", in);
}

static void test_keys(void)
{
	key("{attribute: pk, begins_with: \"CUST#\"}", WHERE_INSIDE);
	key("{attribute: pk, begins_with: \"ORDER#\"}", WHERE_OUTSIDE);
	key("{attribute: n, ge: 9.5}", WHERE_INSIDE);
	key("{attribute: state, eq: open}", WHERE_UNTOLD);
	key("{all: [{attribute: n, lt: 10}, {attribute: state, eq: open}]}", WHERE_OUTSIDE);
	key("{any: [{attribute: n, eq: 10}, {attribute: state, eq: open}]}", WHERE_INSIDE);
	key("{not: {attribute: state, eq: open}}", WHERE_UNTOLD);
	key("{attribute: pk.x, exists: true}", WHERE_OUTSIDE);
}

static void hashes(const char *condition, const char *other, bool same)
{
	struct contract *one = contract_where(condition), *two = contract_where(other);
	bool parsed = one != NULL && two != NULL;
	ok(parsed && (where_hash(one->where, 1) == where_hash(two->where, 1)) == same, "%s and %s have %s hash",
	   condition, other, same ? "one" : "not one");
	contract_free(one);
	contract_free(two);
}

/* A hash decides whether facts are made anew: it must not hold what was in memory before. */
static void test_hashes(void)
{
	hashes("{attribute: a, eq: 7}", "{attribute: a, eq: {N: \"7.0\"}}", true);
	hashes("{attribute: a, eq: x}", "{attribute: a, eq: {S: x}}", true);
	hashes("{attribute: a, eq: {B: aGk=}}", "{attribute: a, eq: {B: aGk=}}", true);
	hashes("{attribute: a, eq: 7}", "{attribute: a, eq: \"7\"}", false);
	hashes("{attribute: a, eq: true}", "{attribute: a, eq: false}", false);
}

int main(void)
{
	test_images();
	test_keys();
	test_hashes();
	return tap_done();
}
