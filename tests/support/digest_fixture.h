/* digest_fixture - a contract, its plan and a parser, and row digests by hand, for the tests of the digests.
 *
 * Functions are inline so that each test takes what it needs. */
#ifndef LAKEPROOF_TESTS_DIGEST_FIXTURE_H
#define LAKEPROOF_TESTS_DIGEST_FIXTURE_H

#include <stdlib.h>
#include <xxhash.h>

#include "base/int128.h"
#include "base/prng.h"
#include "reconcile/digest/digest.h"
#include "tests/tap.h"

struct fixture {
	struct contract *contract;
	struct digest_plan *plan;
	struct digest_scratch *scratch;
	struct json_parser *parser;
	char *text; /* of the last item, padded */
	const struct json_token *tokens;
	struct error error;
};

enum { ITEM_MAX = 4 * 1024 * 1024 };

/* `columns`: the lines under "columns:", after the key's own. */
static inline bool open_fixture(struct fixture *fixture, const char *columns, const char *extra,
				const struct ArrowSchema *schema)
{
	char *yaml = malloc(65536);
	snprintf(yaml, 65536,
		 "table: t\nkey:\n  - {attribute: pk, type: S}\nsources:\n  - {export: e}\nlake:\n  delta: lake\n%s"
		 "  columns:\n    - {column: pk, attribute: pk, type: string}\n%s",
		 extra, columns);
	*fixture = (struct fixture){.parser = json_parser_new(ITEM_MAX), .text = calloc(1, ITEM_MAX + JSON_PADDING)};
	bool whole = contract_parse("c.yaml", slice_from(yaml), &fixture->contract, &fixture->error) == 0 &&
		     digest_plan_new(fixture->contract, schema, &fixture->plan, &fixture->error) == 0;
	free(yaml);
	if (!whole) {
		printf("# %s\n", fixture->error.message);
		return false;
	}
	fixture->scratch = digest_scratch_new(fixture->plan);
	return fixture->scratch != NULL;
}

static inline void close_fixture(struct fixture *fixture)
{
	digest_scratch_free(fixture->scratch);
	digest_plan_free(fixture->plan);
	contract_free(fixture->contract);
	json_parser_free(fixture->parser);
	free(fixture->text);
}

static inline bool parse(struct fixture *fixture, const char *text)
{
	struct json_failure failure;
	size_t count, size = strlen(text);
	memcpy(fixture->text, text, size);
	bool parsed = json_parse(fixture->parser, (struct slice){fixture->text, size}, &fixture->tokens, &count,
				 &failure);
	if (!parsed)
		printf("# %s at %zu in %.200s\n", failure.reason, failure.offset, text);
	return parsed;
}

static inline bool image(struct fixture *fixture, const char *text, struct image_digest *digest,
			 struct digest_fault *fault)
{
	fault->reason = "not parsed";
	fault->detail[0] = '\0';
	return parse(fixture, text) && digest_image(fixture->scratch, fixture->tokens, 0, digest, fault);
}

/* The rules of docs/digest.md, spelled out with the library's XXH64 over little-endian bytes. */
static inline uint64_t by_hand(uint64_t seed, const void *bytes, size_t size)
{
	return XXH64(bytes, size, seed);
}

static inline uint64_t by_hand_long(uint64_t seed, uint64_t value)
{
	return by_hand(seed, &value, sizeof(value));
}

static inline int128 random_unscaled(struct prng *prng, unsigned digits)
{
	int128 value = 0;
	unsigned length = (unsigned)prng_below(prng, digits) + 1;
	for (unsigned index = 0; index < length; index++)
		value = value * 10 + (int128)prng_below(prng, 10);
	return prng_chance(prng, 1, 2) ? -value : value;
}

#endif
