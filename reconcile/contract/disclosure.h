/* disclosure - what may be told of items' values: the one place that every printed value, key and quotation passes.
 *
 * Reports hold only what passed here, so a renderer cannot tell more. Three degrees: whole values; redacted ones, of
 * which kind and length remain ("string(12)"); and sensitive ones, which are keyed hashes in either case: "hmac:" and
 * the first 128 bits of HMAC-SHA256 in hexadecimal digits, under the contract's key. The same value has the same hash
 * in one report, whether it is told as a key, as a column or as a quotation. Null is told as null. Any thread. */
#ifndef LAKEPROOF_RECONCILE_CONTRACT_DISCLOSURE_H
#define LAKEPROOF_RECONCILE_CONTRACT_DISCLOSURE_H

#include "base/buffer.h"
#include "reconcile/contract/contract.h"

enum { DISCLOSURE_HASH_SIZE = 5 + 32 + 1 };

/* Columns whose attribute holds a sensitive one or is held by it are sensitive too, and so are key parts and their
 * columns with each other. Sets contract->any_sensitive. Done once, when a contract is loaded. */
void disclosure_spread(struct contract *contract);
/* Whether a table column that is mapped by name may come from a sensitive attribute. */
bool disclosure_hides(const struct contract *contract, const char *column);
/* The key: the variable's value, or without one 32 random bytes, the same for the whole process. ERROR_USAGE when the
 * variable is not set or holds fewer than 16 bytes. *key is copied into the arena. */
int disclosure_key(const char *variable, struct arena *arena, struct slice *key, struct error *error) MUST_USE;

/* Returns text. */
const char *disclosure_hash(const struct contract *contract, struct slice value, char text[DISCLOSURE_HASH_SIZE]);
/* How a value may be told; `json` is its whole text or, when `cut`, its beginning, then `digest` tells it from others.
 * *hidden: what was appended is no JSON, but words about the value. */
int disclosure_value(const struct contract *contract, bool full, bool sensitive, struct slice json, bool cut,
		     uint64_t digest, struct buffer *out, bool *hidden) MUST_USE;
/* What a reader said of a record: from the first quotation mark to the last it quotes the record. The text borrows from
 * `message` when nothing is hidden, else it is in the arena; NULL when out of memory. */
const char *disclosure_message(const struct contract *contract, bool full, const char *id, const char *message,
			       struct arena *arena);

#endif
