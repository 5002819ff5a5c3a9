/* fuzz_accept - any list of accepted findings is loaded in order, or refused by file and line. The first byte says
 * whether the contract has lakes by name. */
#include "reconcile/accept.h"

#include <stdlib.h>

#include "tests/fuzz/reading.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char one[] = "table: t\nkey: [{attribute: pk, type: S}]\nsources: [{export: e}]\naccept: known.jsonl\n"
			  "lake: {delta: d, columns: [{column: pk, attribute: pk, type: string}]}\n";
static const char two[] = "table: t\nkey: [{attribute: pk, type: S}]\nsources: [{export: e}]\naccept: known.jsonl\n"
			  "lakes:\n"
			  "  - {name: a, delta: d, columns: [{column: pk, attribute: pk, type: string}]}\n"
			  "  - {name: b, delta: f, columns: [{column: pk, attribute: pk, type: string}]}\n";

static struct contract *parsed(const char *yaml)
{
	struct contract *contract = NULL;
	struct error error;
	if (contract_parse("c.yaml", slice_from(yaml), &contract, &error) != 0)
		abort();
	return contract;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct contract *contracts[2];
	struct accept *accept = NULL;
	struct error error = {0};
	if (contracts[0] == NULL) {
		contracts[0] = parsed(one);
		contracts[1] = parsed(two);
	}
	if (size == 0)
		return 0;
	struct contract contract = data[0] & 1 ? *contracts[1]->lakes[0] : *contracts[0];
	contract.accept = reading_file(data + 1, size - 1);
	size_t path_size = strlen(contract.accept);
	int code = accept_load(&contract, INT64_C(1760000000000000), &accept, &error);
	if (code != 0) {
		if (code != ERROR_USAGE || accept != NULL || strncmp(error.message, contract.accept, path_size) != 0)
			abort();
		return 0;
	}
	for (uint64_t i = 0; i < accept->count; i++) {
		const struct accept_line *line = &accept->lines[i];
		if (!accept_covers(line->id) || line->key_json == NULL || line->digest[0] == '\0' ||
		    line->why[0] == '\0' || line->until[0] == '\0' || (i > 0 && line[-1].id > line->id))
			abort();
	}
	accept_free(accept);
	return 0;
}
