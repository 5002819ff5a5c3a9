/* digest - what two sides must have in common: item digest, row digest and key bytes.
 *
 * Item digest: 128 bits over the canonical item, every attribute, types kept; attribute and set order free, numbers
 * canonical, binary decoded, attributes "aws:rep:*" left out. Row digest: Spark's xxhash64 over the contract's columns
 * in order, made safe by null bits and nested digests; docs/digest.md states each rule beside its SQL. Key bytes: for
 * each key part its type letter, a 16-bit big-endian length and the value's bytes (S as UTF-8, N as canonical text, B
 * decoded); decodable, equal exactly when the keys are.
 *
 * A digest_plan is compiled once from a contract and the table's schema; it is immutable and shared by threads. A
 * digest_scratch belongs to one thread and holds all working memory: nothing is allocated per attribute. */
#ifndef LAKEPROOF_RECONCILE_DIGEST_DIGEST_H
#define LAKEPROOF_RECONCILE_DIGEST_DIGEST_H

#include "base/buffer.h"
#include "base/json.h"
#include "bridge/arrow.h"
#include "reconcile/contract/contract.h"

enum {
	KEY_MORE_MAX = 128, /* of an event's parts besides the item's key */
	KEY_BYTES_MAX = 4 * 3 + 2048 + 1024 + 2 * KEY_MORE_MAX
};

enum image_flag {
	IMAGE_LOSSY = 1,    /* a value does not fit its column (value.precision_lost): the row digest equals no row */
	IMAGE_MISTYPED = 2, /* an attribute's type cannot become its column's (column.type): likewise */
};

struct image_digest {
	uint64_t item[2];
	uint64_t row;      /* 0 when the plan has no columns */
	uint32_t flags;    /* enum image_flag */
	int64_t expires_s; /* the TTL attribute's value when it is a top-level N that is a whole number of seconds, else
			      EXPIRES_NONE */
	int64_t dated_s;   /* the scope attribute's time in seconds, cut off; DATED_NONE: none, or before 1970-02-01 */
};
#define EXPIRES_NONE INT64_MIN
/* 1970's first second, which people write for no time, is no date either. */
#define DATED_NONE 0

struct digest_plan;
struct digest_scratch;

/* Where an image or key is not what DynamoDB allows. */
struct digest_fault {
	const char *reason; /* static: "unknown type tag", "number out of range", "duplicate name", … */
	char detail[160];   /* the attribute's path and the offending tag or text, cut; never whole values */
	uint32_t token;     /* index of the offending token */
};

/* What a contract and a schema have in common, for findings. Names are borrowed from the plan. */
struct plan_report {
	const char **missing_columns; /* contract columns that the table lacks */
	uint32_t missing_count;
	const char **unmapped_columns; /* table columns neither mapped nor ignored */
	uint32_t unmapped_count;
	struct plan_mismatch {
		const char *column;
		const char *want, *have; /* type texts */
	} * mismatches;                  /* the contract states a type that is not the table's */
	uint32_t mismatch_count;
	uint32_t table_columns, compared_columns;
};

/* The plan borrows the contract. schema NULL: there is no lake to look at; every column must then state its type, or
 * row digests are not made (digest_plan_has_rows is false). ERROR_USAGE when a key attribute has no column (and there
 * are columns). */
int digest_plan_new(const struct contract *contract, const struct ArrowSchema *schema, struct digest_plan **plan,
		    struct error *error) MUST_USE;
void digest_plan_free(struct digest_plan *plan);
bool digest_plan_has_rows(const struct digest_plan *plan);
const struct plan_report *digest_plan_report(const struct digest_plan *plan);
/* Changes whenever row digests made under the plan mean something else: columns, paths, types, order. */
uint64_t digest_plan_fingerprint(const struct digest_plan *plan);
/* The lake columns a reader must deliver, in the order digest_batch expects: mapped ones, deletes column, TTL's. */
const char *const *digest_plan_columns(const struct digest_plan *plan, uint64_t *count);

/* What a compared column (below report.compared_columns) is compared by, whether listed or mapped by name, and the
 * table's type of it. */
const struct contract_column *digest_plan_rules(const struct digest_plan *plan, uint32_t column,
						const struct column_type **type);

/* The row digest as a Spark SQL expression over the table's columns (docs/digest.md): what digest_batch computes, bit
 * for bit. ERROR_DATA, and *sql says why, when a column is compared by parsed JSON, which SQL has no digest of.
 * ERROR_INTERNAL when the plan has no rows or memory runs out. */
int digest_plan_sql(const struct digest_plan *plan, struct buffer *sql) MUST_USE;

struct digest_scratch *digest_scratch_new(const struct digest_plan *plan);
void digest_scratch_free(struct digest_scratch *scratch);
/* Memory ran out at some time: what was said of images since, a fault or a flag among it, means nothing. */
bool digest_scratch_failed(const struct digest_scratch *scratch);

/* Key bytes of the object token `keys` (other attributes in it are passed over). False: key attribute missing, of the
 * wrong type, empty or too long; *fault says which. */
bool digest_key(struct digest_scratch *scratch, const struct json_token *tokens, uint32_t keys, struct slice *key,
		struct digest_fault *fault) MUST_USE;
/* The key of the row that an item of that key has: the same, or what the lake makes of it. False: none can be made;
 * *fault says why. Borrows from scratch, or is item_key itself. */
bool digest_row_key(struct digest_scratch *scratch, struct slice item_key, struct slice *row_key,
		    struct digest_fault *fault) MUST_USE;
/* False when the image is not one DynamoDB can hold; *fault says why. key and digest borrow from scratch until the next
 * call of the same function. */
bool digest_image(struct digest_scratch *scratch, const struct json_token *tokens, uint32_t image,
		  struct image_digest *digest, struct digest_fault *fault) MUST_USE;
/* Attributes (top-level names, or paths below a partly mapped map) met so far that are neither mapped, ignored, nor the
 * key: name and how many images had it. */
struct unmapped_attribute {
	const char *name;
	uint64_t count;
};
const struct unmapped_attribute *digest_unmapped(const struct digest_scratch *scratch, uint64_t *count);
/* Distinct attributes (same granularity) met so far, mapped ones included, ignored ones and "aws:rep:*" not. */
uint64_t digest_attributes_seen(const struct digest_scratch *scratch);

/* One lake row's digest. */
struct row_digest {
	struct slice key; /* size 0: a key column is null or holds what no key can be (row.null_key) */
	uint64_t row;
	bool deleted;      /* the deletes column is true */
	int64_t expires_s; /* from the TTL attribute's column, or EXPIRES_NONE */
	int64_t dated_s;   /* from the scope attribute's column, or DATED_NONE */
	/* A lake of events: its time, twice, where a column tells it. A history: valid_from and valid_to. Else, and
	 * where null, INT64_MIN and INT64_MAX, as is a valid_to that means that the row still holds. */
	int64_t time_lo_us, time_hi_us;
	bool current; /* SHAPE_HISTORY: is_current says so, or without that column valid_to */
};
/* Digests every row of the batch, whose children are digest_plan_columns in order, and calls `each` with the row's
 * index in the batch. */
int digest_batch(struct digest_scratch *scratch, const struct ArrowSchema *schema, const struct ArrowArray *batch,
		 int (*each)(void *context, uint64_t index, const struct row_digest *row, struct error *error),
		 void *context, struct error *error) MUST_USE;

/* A key's parts as JSON: {"pk":"a","sk":"7"}; S as text, N as canonical text, B as base64. */
int key_append_json(const struct contract *contract, struct slice key, struct buffer *json) MUST_USE;
/* The same, kept in the arena; NULL when out of memory. */
const char *key_json(const struct contract *contract, struct slice key, struct arena *arena);
/* The reverse, from a command line: `pk=a,sk=7`, a JSON object as above, or the bare value for a one-part key. */
int key_from_text(const struct contract *contract, const char *text, struct buffer *key, struct error *error) MUST_USE;
/* Text of a column's expected value from an image / actual value from a batch row, for findings: JSON spelling, cut
 * with "…" beyond DIGEST_TEXT_MAX bytes (no longer JSON then). `column` counts within the first compared_columns of
 * digest_plan_columns. *digest is the same on both sides exactly when the values are (42 for null). Where *flags is not
 * 0, the expected text is the attribute as DynamoDB spells it, type tag and all. ERROR_INTERNAL: out of memory, or the
 * image is not one that digest_image accepts. */
enum { DIGEST_TEXT_MAX = 1000 };
int digest_expected_value(struct digest_scratch *scratch, const struct json_token *tokens, uint32_t image,
			  uint32_t column, struct buffer *json, uint64_t *digest, uint32_t *flags) MUST_USE;
/* Why the last image or expected value had no place in a column, without its value: "a number with a fraction does not
 * fit bigint". The column's name, or NULL when all of it had. */
const char *digest_misfit(const struct digest_scratch *scratch, struct buffer *text);
int digest_actual_value(struct digest_scratch *scratch, const struct ArrowSchema *schema,
			const struct ArrowArray *batch, uint64_t row, uint32_t column, struct buffer *json,
			uint64_t *digest) MUST_USE;

#endif
