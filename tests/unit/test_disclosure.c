/* What may be told of values: whole, redacted, or as keyed hashes; nothing of a hidden value is ever in the text. */
#include "reconcile/contract/disclosure.h"

#include <stdlib.h>

#include "reconcile/digest/digest.h"
#include "tests/tap.h"

#define HEAD "table: t\nsources: [{events: e}]\n"

static struct arena arena;

static struct contract *load(const char *yaml)
{
	struct contract *contract = NULL;
	struct error error = {0};
	if (contract_parse("contract.yaml", slice_from(yaml), &contract, &error) != 0)
		printf("# %s\n", error.message);
	return contract;
}

static const char *value(const struct contract *contract, bool full, bool sensitive, const char *json, bool cut,
			 uint64_t digest)
{
	struct buffer out;
	bool hidden;
	buffer_init(&out, 10000);
	int code = disclosure_value(contract, full, sensitive, slice_from(json), cut, digest, &out, &hidden);
	const char *text = code == 0 ? arena_copy(&arena, buffer_slice(&out)).data : "failed";
	buffer_release(&out);
	return text;
}

static void test_redacted(const struct contract *contract)
{
	is_text(value(contract, true, false, "\"Zo\xc3\xab\"", false, 1), "\"Zo\xc3\xab\"", "full tells the value");
	is_text(value(contract, false, false, "\"Zo\xc3\xab\"", false, 1), "string(3)", "a string has its characters");
	is_text(value(contract, false, false, "\"a\\\"\\u0001\\\\\"", false, 1), "string(4)", "an escape is one");
	is_text(value(contract, false, false, "-12.5", false, 1), "number(5)", "a number has its length");
	is_text(value(contract, false, false, "true", false, 1), "boolean", "true is not told from false");
	is_text(value(contract, false, false, "null", false, 1), "null", "null is told");
	is_text(value(contract, false, false, "[1,[2,3],\"a,b\"]", false, 1), "array(3)", "an array has its elements");
	is_text(value(contract, false, false, "{\"a\":{\"b\":1,\"c\":2}}", false, 1), "object(1)",
		"an object has its members");
	is_text(value(contract, false, false, "[]", false, 1), "array(0)", "an empty one has none");
	is_text(value(contract, false, false, "\"aaaa\xe2\x80\xa6", true, 1), "string(long)", "what is cut is long");
}

static void test_sensitive(const struct contract *contract)
{
	const char *hash = value(contract, true, true, "\"alice\"", false, 1);
	/* printf alice | openssl dgst -sha256 -hmac 0123456789abcdef0123 */
	is_text(hash, "hmac:008325136b33f987eae0d1b267e1a154", "a sensitive value is its HMAC-SHA256, 128 bits of it");
	is_text(value(contract, false, true, "\"alice\"", false, 7), hash, "the same under --values redacted");
	is_text(value(contract, true, true, "null", false, 1), "null", "null is no value");
	ok(strcmp(value(contract, true, true, "\"aaa\xe2\x80\xa6", true, 1),
		  value(contract, true, true, "\"aaa\xe2\x80\xa6", true, 2)) != 0,
	   "long values that begin alike differ");
	struct buffer json, key;
	struct error error = {0};
	buffer_init(&json, 1000);
	buffer_init(&key, 1000);
	ok(key_from_text(contract, "pk=alice,sk=5", &key, &error) == 0 &&
		   key_append_json(contract, buffer_slice(&key), &json) == 0 && buffer_append_byte(&json, '\0') == 0,
	   "a key of a sensitive and a plain part");
	is_text(json.data, arena_text(&arena, "{\"pk\":\"%s\",\"sk\":\"5\"}", hash),
		"the sensitive part has the hash that its column has");
	key.size = 0;
	is_int(key_from_text(contract, arena_text(&arena, "pk=%s,sk=5", hash), &key, &error), ERROR_USAGE,
	       "a hash is no key to look for");
	buffer_release(&json);
	buffer_release(&key);
}

static void test_spread(const struct contract *contract)
{
	ok(contract->key[0].sensitive && !contract->key[1].sensitive, "a key column makes its part sensitive");
	ok(contract->columns[0].hidden && !contract->columns[1].hidden, "and itself");
	ok(contract->columns[2].hidden, "a column of a map that holds a sensitive attribute");
	ok(contract->columns[3].hidden, "the attribute's own");
	ok(!contract->columns[4].hidden, "but not one beside it");
}

/* Columns that are made of several attributes, or of all. */
static void test_spread_by_rules(void)
{
	struct contract *contract = load(HEAD "key: [{attribute: pk, type: S}]\n"
					      "lake:\n  delta: l\n  columns:\n"
					      "    - {column: pk, attribute: pk}\n"
					      "    - {column: mail, attribute: \"c[0].mail\", sensitive: true}\n"
					      "    - {column: other, attribute: \"c[1].mail\"}\n"
					      "    - {column: all, attribute: c}\n"
					      "    - {column: both, attributes: [x, \"c[0].mail\"], as: coalesce}\n"
					      "    - {column: fixed, const: x}\n"
					      "    - {column: item, as: item_json}\n");
	ok(contract != NULL, "a contract with rules loads");
	if (contract == NULL)
		return;
	const bool hidden[] = {false, true, false, true, true, false, true};
	for (uint32_t i = 0; i < contract->column_count; i++)
		ok(contract->columns[i].hidden == hidden[i], "column %s is %s", contract->columns[i].column,
		   hidden[i] ? "sensitive with what it is made of" : "not bound up with it");
	contract_free(contract);
}

static void test_messages(const struct contract *sensitive, const struct contract *plain)
{
	const char *text = "item: not a number: amount: 'seven'";
	const char *id = "record.unreadable";
	is_text(disclosure_message(plain, true, id, text, &arena), text, "full quotes");
	is_text(disclosure_message(plain, false, id, text, &arena), "item: not a number: amount: '…'",
		"redacted does not");
	is_text(disclosure_message(plain, false, id, "an image's key is not the record's Keys", &arena),
		"an image's key is not the record's Keys", "an apostrophe is no quotation");
	is_text(disclosure_message(plain, false, id, "item: x: a: 'it's cut he", &arena), "item: x: a: '…'",
		"a quotation without an end reaches to the end");
	is_text(disclosure_message(plain, false, id, "unknown type 'it's'; redeliver the record", &arena),
		"unknown type '…'; redeliver the record", "advice stays");
	ok(strstr(disclosure_message(sensitive, true, id, text, &arena), "seven") == NULL &&
		   strstr(disclosure_message(sensitive, true, id, text, &arena), "'hmac:") != NULL,
	   "where something is sensitive a quotation is a hash");
	is_text(disclosure_message(plain, false, "export.md5", "manifest '/a/b' is damaged", &arena),
		"manifest '/a/b' is damaged", "other findings quote names");
}

static void test_key(void)
{
	struct slice first, second;
	struct error error = {0};
	ok(disclosure_key(NULL, &arena, &first, &error) == 0 && disclosure_key(NULL, &arena, &second, &error) == 0 &&
		   first.size == 32 && slice_equal(first, second),
	   "without a variable there is one random key for the process");
	is_int(disclosure_key("LAKEPROOF_TEST_NO_SUCH", &arena, &first, &error), ERROR_USAGE, "an unset variable");
	setenv("LAKEPROOF_TEST_KEY", "short", 1);
	is_int(disclosure_key("LAKEPROOF_TEST_KEY", &arena, &first, &error), ERROR_USAGE, "a key that is too short");
}

int main(void)
{
	arena_init(&arena, 1 << 20);
	setenv("LAKEPROOF_TEST_HMAC", "0123456789abcdef0123", 1);
	struct contract *plain = load(HEAD "key: [{attribute: pk, type: S}]\n");
	struct contract *sensitive = load(HEAD "key: [{attribute: pk, type: S}, {attribute: sk, type: N}]\n"
					       "sensitive_key_env: LAKEPROOF_TEST_HMAC\n"
					       "lake:\n  delta: l\n  columns:\n"
					       "    - {column: pk, attribute: pk, sensitive: true}\n"
					       "    - {column: sk, attribute: sk}\n"
					       "    - {column: addr, attribute: addr}\n"
					       "    - {column: street, attribute: addr.street, sensitive: true}\n"
					       "    - {column: zip, attribute: addr.zip}\n");
	ok(plain != NULL && sensitive != NULL, "contracts load");
	if (plain != NULL && sensitive != NULL) {
		test_redacted(plain);
		test_sensitive(sensitive);
		test_spread(sensitive);
		test_messages(sensitive, plain);
	}
	test_spread_by_rules();
	test_key();
	contract_free(plain);
	contract_free(sensitive);
	arena_release(&arena);
	return tap_done();
}
