/* contract - the YAML file that says what "equal" means, read strictly.
 *
 * Every key is known or an error with line, column and the nearest match; values are checked for type and range;
 * ${NAME} is replaced from the environment, an unset one is an error. Paths are made relative to the contract's folder.
 * Immutable once loaded; everything lives until contract_free. Documented in docs/contract.md. */
#ifndef LAKEPROOF_RECONCILE_CONTRACT_CONTRACT_H
#define LAKEPROOF_RECONCILE_CONTRACT_CONTRACT_H

#include "base/error.h"
#include "reconcile/contract/column_step.h"
#include "reconcile/contract/column_type.h"
#include "reconcile/contract/contract_rows.h"
#include "reconcile/contract/tolerance.h"
#include "reconcile/finding.h"
#include "sources/events.h"
#include "sources/items.h"

enum {
	TABLE_KEY_PARTS_MAX = 2,
	KEY_PARTS_MAX = 4, /* an event is told by the table's key, its id and its sequence number */
	LAKE_KEY_PARTS_MAX = 8, CONTRACT_COLUMNS_MAX = 4096
};

struct key_part {
	const char *attribute;
	char type; /* 'S', 'N' or 'B' */
	bool sensitive;
};

enum source_kind { SOURCE_EXPORT = 1, SOURCE_EVENTS, SOURCE_ITEMS, SOURCE_ROWS };

struct contract_source {
	enum source_kind kind;
	const char *path; /* resolved against the contract's folder */
	const char *text; /* as written, for reports */
	enum events_format format;      /* SOURCE_EVENTS */
	enum items_format items_format; /* SOURCE_ITEMS */
	struct contract_rows rows;      /* SOURCE_ROWS; SOURCE_EVENTS that are in a column: its shape.record */
	bool complete;                  /* likewise: it holds every item that was there */
	bool filtered;
	bool independent; /* exports and dumps of items always are */
	bool has_from, has_to;
	int64_t from_us, to_us;
	int line;
};

/* Changes, else a dump of items or an export. */
static inline bool contract_holds_changes(const struct contract_source *source)
{
	return source->kind == SOURCE_EVENTS || (source->kind == SOURCE_ROWS && !source->rows.shape.items);
}

/* What rows_read_file reads, not events_read_file or items_read_file. */
static inline bool contract_is_rows(const struct contract_source *source)
{
	return source->kind == SOURCE_ROWS || source->rows.shape.record != NULL;
}

/* A dump of items: it has a time at which its reading began and one at which it ended. */
static inline bool contract_is_dump(const struct contract_source *source)
{
	return source->kind == SOURCE_ITEMS || (source->kind == SOURCE_ROWS && source->rows.shape.items);
}

enum deletes_policy { DELETES_ABSENT = 0, DELETES_COLUMN };
enum ttl_policy { TTL_POLICY_DELETE = 0, TTL_POLICY_KEEP, TTL_POLICY_SOFT };
enum baseline { BASELINE_AUTO = 0, BASELINE_SNAPSHOT, BASELINE_EMPTY, BASELINE_NONE };
/* What a lake holds a row of: an item, an event, a version of an item. */
enum table_shape { SHAPE_STATE = 0, SHAPE_EVENTS, SHAPE_HISTORY };

/* SHAPE_HISTORY: a row holds from valid_from until valid_to. */
struct contract_history {
	const char *valid_from, *valid_to; /* columns */
	const char *is_current;            /* likewise; NULL: none */
	bool has_forever, has_since;
	int64_t forever_us; /* a valid_to from then on is that of a row that still holds, as null is */
	int64_t since_us; /* what was before is not asked for */
	enum { KEEP_EVERY = 0, KEEP_SOME } keep; /* whether each version has a row */
};

/* An attribute: a top-level name, then names of map entries or places in lists. */
struct contract_path {
	const char **names; /* NULL: a place in a list */
	int64_t *places;    /* from 0, where the name is NULL */
	uint32_t count;
};

/* What stands in the column. */
enum column_form {
	FORM_VALUE = 0,         /* the attribute, by type */
	FORM_JSON,              /* the attribute as plain JSON text */
	FORM_DYNAMODB_JSON,     /* with type tags */
	FORM_ITEM_JSON,         /* the whole item, the same two ways */
	FORM_ITEM_DYNAMODB_JSON,
	FORM_ITEM_MAP           /* map<string,string>: top-level names and plain values */
};
enum column_times { TIMES_DEFAULT = 0, TIMES_EPOCH_S, TIMES_EPOCH_MS, TIMES_EPOCH_US, TIMES_ISO };
enum column_overflow { OVERFLOW_ERROR = 0, OVERFLOW_NULL, OVERFLOW_ROUND, OVERFLOW_TRUNCATE };
enum column_nothing { NOTHING_NULL = 0, NOTHING_EMPTY };
enum column_empty { EMPTY_KEEP = 0, EMPTY_NULL };
enum column_compare { COMPARE_VALUE = 0, COMPARE_PRESENCE /* only whether it is null */ };

/* Whether table columns that are not listed are mapped by name, and how. */
enum by_name { BY_NAME_NONE = 0, BY_NAME_EXACT, BY_NAME_SNAKE };

struct contract_column {
	const char *column;
	struct contract_path *sources; /* one, but for concat and coalesce; none for a constant or the whole item */
	uint32_t source_count;
	const struct column_type *type; /* NULL: the table's own */
	bool unordered;                 /* an array compared as a multiset */
	struct tolerance tolerance;
	bool sensitive;                 /* as stated */
	bool hidden;                    /* sensitive, or bound up with what is: reconcile/contract/disclosure.h */
	enum column_form form;
	struct column_step *steps; /* of `as`, in their order; reconcile/contract/column_step.h */
	uint32_t step_count;
	const char *constant; /* NULL: none */
	const char *secret;   /* of hmac: the environment's value, never printed */
	enum column_times times;
	enum column_overflow overflow;
	enum column_nothing absent, null; /* what an absent attribute and NULL are in the lake */
	enum column_empty empty_string, empty;
	enum column_compare compare;
	int line;
};

/* A column of the key that a lake makes of the table's. */
struct lake_key {
	const char *column;
	const char *attribute; /* item_key[part]'s */
	const char *extract; /* ICU pattern whose one group is the value; NULL: the attribute as it is */
	uint32_t part;
	int line;
};

/* What a lake keeps only for a time, `scope:`: an item, and a row, is as old as its attribute says. */
enum retention_unit { RETENTION_S = 0, RETENTION_MS, RETENTION_US, RETENTION_ISO };

struct retention {
	const char *attribute; /* NULL: everything is kept */
	enum retention_unit unit;
	int64_t within_us;
};

struct where;

struct severity_rule {
	enum finding_id id;
	enum finding_level level;
};

struct allow_rule {
	enum finding_id id;     /* FINDING_COUNT: unproven keys */
	int64_t count_max;      /* -1 when a fraction was given */
	uint64_t fraction_ppb;  /* parts per thousand million of the keys compared */
};

struct contract {
	const char *path;   /* as given */
	const char *folder; /* its folder */
	const char *table;
	/* The DynamoDB table's; of SHAPE_EVENTS an event's: the table's as $key.NAME, then $event_id, $sequence. */
	struct key_part item_key[KEY_PARTS_MAX];
	uint32_t item_key_count;
	uint32_t table_key_count;
	/* Of facts, so of rows: the table's, or what the lake makes of it, named by its columns. */
	struct key_part key[LAKE_KEY_PARTS_MAX];
	uint32_t key_count;
	struct contract_source *sources;
	uint32_t source_count;
	/* One for each lake, with what all share: `lake:` is one, without a lake it is this. Each is a contract of its
	 * own to whatever looks at one table. `unrouted` is of the items that none of them takes, NULL when one takes
	 * all. */
	struct contract **lakes;
	uint32_t lake_count;
	struct contract *unrouted;
	/* What each lake has of its own: all from here to `baseline`. */
	const char *name;          /* under `lakes:`; else NULL */
	const struct where *where; /* which items are in it; NULL: all (reconcile/contract/where.h) */
	struct lake_key *lake_key; /* how its key is made of the table's; none: it is the table's */
	uint32_t lake_key_count;
	const char *delta; /* resolved path; NULL when the contract has no lake */
	int64_t version;   /* -1 latest */
	enum deletes_policy deletes;
	const char *deletes_column;
	const char **deletes_when; /* texts of the deletes column that mark a deleted row; none: it is boolean */
	uint32_t deletes_when_count;
	enum table_shape shape;
	struct contract_history history;
	const char *operation_insert, *operation_modify, *operation_remove; /* SHAPE_EVENTS: what $operation says */
	enum ttl_policy ttl;
	const char *ttl_attribute; /* NULL when not named */
	struct retention retain;
	struct contract_column *columns;
	uint32_t column_count;
	enum by_name by_name;
	const char **ignore;
	uint32_t ignore_count;
	const char **ignore_attributes; /* patterns: '*' any run, '?' any one character */
	uint32_t ignore_attribute_count;
	/* judging */
	enum baseline baseline; /* resolved: never AUTO after loading */
	bool require_dynamodb;
	bool has_as_of;
	int64_t as_of_us;
	int64_t settle_us; /* 0: none */
	bool ambiguous_accept;
	bool expect_empty;
	const char *accept; /* resolved path of the list of known findings, or NULL */
	const char *sensitive_key_env; /* NULL: a random key for each run */
	struct slice sensitive_key;    /* of the hashes that stand for sensitive values; empty unless any_sensitive */
	bool any_sensitive;
	bool any_tolerance;
	struct allow_rule *allow;
	uint32_t allow_count;
	struct severity_rule *severity;
	uint32_t severity_count;
	void *memory;
};

/* "10" or "0.01%"; false when it is neither. */
bool allow_rule_parse(const char *text, struct allow_rule *rule) MUST_USE;
/* ERROR_USAGE "contract.yaml:12:5: unknown key 'colums', did you mean 'columns'"; ERROR_IO. */
int contract_load(const char *path, struct contract **contract, struct error *error) MUST_USE;
/* The same from memory, folder given; for tests and fuzzing. */
int contract_parse(const char *path, struct slice text, struct contract **contract, struct error *error) MUST_USE;
void contract_free(struct contract *contract);
/* The JSON Schema of a contract: docs/contract.schema.json. */
int contract_write_schema(struct buffer *text) MUST_USE;

/* "orderId", "OrderID", "order-id" → "order_id": docs/contract.md, "Columns by name". *snake is emptied first. At most
 * twice the name's size. */
int contract_snake(struct slice name, struct buffer *snake) MUST_USE;

#endif
