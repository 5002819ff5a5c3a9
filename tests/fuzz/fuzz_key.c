/* fuzz_key - a key as somebody writes it on a command line: what it is read as reads back as the same key. The first
 * byte chooses the table's key. */
#include <stdlib.h>

#include "reconcile/digest/digest.h"
#include "reconcile/digest/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_MAX = 8192, KEYS = 3 };

static const char *const yaml[KEYS] = {
	"table: t\nkey: [{attribute: pk, type: S}]\nsources: [{export: e}]\n",
	"table: t\nkey: [{attribute: pk, type: N}, {attribute: sk, type: S}]\nsources: [{export: e}]\n",
	"table: t\nkey: [{attribute: pk, type: B}, {attribute: s, type: N}]\nsources: [{export: e}]\n"};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct contract *contracts[KEYS];
	struct error error = {0};
	for (size_t i = 0; i < KEYS && contracts[KEYS - 1] == NULL; i++)
		if (contract_parse("c.yaml", slice_from(yaml[i]), &contracts[i], &error) != 0)
			abort();
	if (size == 0 || size > TEXT_MAX)
		return 0;
	const struct contract *contract = contracts[data[0] % KEYS];
	char text[TEXT_MAX + 1];
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	struct buffer key, json, again;
	buffer_init(&key, TEXT_MAX);
	buffer_init(&json, (size_t)TEXT_MAX * 8);
	buffer_init(&again, TEXT_MAX);
	int code = key_from_text(contract, text, &key, &error);
	if (code != 0 && (code != ERROR_USAGE || error.message[0] == '\0'))
		abort();
	if (code == 0) {
		if (key.size == 0 || key.size > KEY_BYTES_MAX ||
		    key_append_json(contract, buffer_slice(&key), &json) != 0 || buffer_append_byte(&json, '\0') != 0 ||
		    key_from_text(contract, json.data, &again, &error) != 0 ||
		    !slice_equal(buffer_slice(&key), buffer_slice(&again)))
			abort();
	}
	buffer_release(&key);
	buffer_release(&json);
	buffer_release(&again);
	return 0;
}
