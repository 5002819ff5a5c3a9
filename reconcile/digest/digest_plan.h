/* digest_plan - what a contract and a schema come to, compiled: inside reconcile/digest*.c only.
 *
 * Immutable after digest_plan_new; borrows the contract, owns everything else in its arena. */
#ifndef LAKEPROOF_RECONCILE_DIGEST_DIGEST_PLAN_H
#define LAKEPROOF_RECONCILE_DIGEST_DIGEST_PLAN_H

#include "reconcile/digest/digest.h"

#define PLAN_NONE UINT32_MAX

/* A name's first 8 bytes, the next 8 (zeros beyond its end) and its size: enough to tell names of up to 16 bytes apart.
 */
struct name_words {
	uint64_t head, tail;
	size_t size;
};

/* Of a name in a token: the padding after it lets it be read without a branch on its size. */
static inline struct name_words token_words(const struct json_token *token)
{
	static const uint64_t masks[9] = {0,
					  0xff,
					  0xffff,
					  0xffffff,
					  UINT32_MAX,
					  UINT64_C(0xffffffffff),
					  UINT64_C(0xffffffffffff),
					  UINT64_C(0xffffffffffffff),
					  UINT64_MAX};
	struct name_words words;
	size_t size = token->size < 16 ? token->size : 16, head = size < 8 ? size : 8;
	memcpy(&words.head, token->text, 8);
	memcpy(&words.tail, token->text + 8, 8);
	words.head &= masks[head];
	words.tail &= masks[size - head];
	words.size = token->size;
	return words;
}

static inline struct name_words name_words(struct slice name)
{
	struct json_token token = {.size = name.size < 16 ? (uint32_t)name.size : 16};
	char padded[16] = {0};
	if (name.size > 0)
		memcpy(padded, name.data, token.size);
	token.text = padded;
	struct name_words words = token_words(&token);
	words.size = name.size;
	return words;
}

static inline bool name_is(struct slice name, const struct name_words *words, struct slice other,
			   const struct name_words *other_words)
{
	return ((words->head ^ other_words->head) | (words->tail ^ other_words->tail) |
		(words->size ^ other_words->size)) == 0 &&
	       (words->size <= 16 || memcmp(name.data, other.data, name.size) == 0);
}

/* A mapped attribute path, as a tree of names: the roots are top-level attributes. */
struct path_node {
	struct slice name; /* data NULL: a place in a list */
	int64_t place;
	struct name_words words;
	bool whole;                     /* a column takes everything from here down */
	bool has_struct;                /* … and its type names fields, so a map may hold more than the column does */
	const struct column_type *type; /* of that column; NULL when not known */
	struct path_node *children;     /* linked by `sibling` */
	struct path_node *sibling;
};

/* A top-level attribute the plan has to do with. */
struct plan_top {
	struct path_node *node; /* always there; without `whole` and children when no column takes from it */
	bool key;
};

struct plan_path {
	const struct slice *names; /* data NULL: a place in a list */
	const struct name_words *words;
	const int64_t *places;
	uint32_t count;
	uint32_t top; /* index of names[0] in tops */
};

struct plan_column {
	const char *name; /* as the table spells it */
	const struct column_type *type;
	const struct contract_column *rules;
	const struct plan_path *sources;
	uint32_t source_count;
	struct slice snake; /* what attributes are called in snake case that it comes from; data NULL: it has a path */
	uint32_t pattern; /* of its first extract step, among the plan's */
	bool unordered;
	bool plain; /* one attribute by its type, by none but the standing rules */
	bool direct; /* plain, and a top-level attribute of a name that is known */
};

/* A part of a row's key: where it is in the row, and how the item's key gives it. */
struct plan_key {
	char type;
	uint32_t part;       /* of the item's key */
	const char *extract; /* NULL: as it is */
	uint32_t reader;     /* index into reader_columns; PLAN_NONE without a schema */
};

struct digest_plan {
	struct arena arena;
	const struct contract *contract;
	struct plan_column *columns; /* the compared ones, in the contract's order */
	uint32_t column_count;
	uint32_t pattern_count; /* extract steps of all columns */
	bool whole_item;        /* some column takes all of it, so no attribute is unmapped */
	struct plan_top *tops;
	uint32_t top_count;
	uint32_t key_top[KEY_PARTS_MAX];
	struct plan_key key[LAKE_KEY_PARTS_MAX];
	uint32_t key_count;
	bool key_made;                      /* by lake_key: the row's is not the item's */
	uint32_t ttl_top;                   /* PLAN_NONE when the contract names no TTL attribute */
	uint32_t ttl_column;
	uint32_t dated_top;                 /* PLAN_NONE without a scope: */
	uint32_t *dated_columns;            /* all that hold it */
	uint32_t dated_count;
	uint32_t deletes_column; /* index into reader_columns */
	/* Likewise, PLAN_NONE without: of a history. from_column is an event's time too, in such units. */
	uint32_t from_column, to_column, current_column;
	int64_t time_unit_us;
	const char **reader_columns;
	const struct column_type **reader_types;
	uint32_t reader_count;
	bool has_rows;
	bool has_schema;
	uint64_t fingerprint;
	struct plan_report report;
};

/* The column, plus 1, that is mapped by name to an attribute of that name in snake case; 0: none. */
uint32_t plan_snake_column(const struct digest_plan *plan, struct slice attribute, struct buffer *text);
/* Whether the name or dotted path fits one of the contract's ignore_attributes / ignore patterns. */
bool plan_ignores_attribute(const struct digest_plan *plan, struct slice name);
/* The patterns alone; the TTL attribute is ignored besides, since it need not be a column. */
bool plan_drops_attribute(const struct digest_plan *plan, struct slice name);
bool plan_ignores_column(const struct digest_plan *plan, struct slice name);
/* The attribute is the column's one source, taken whole and as it is. */
bool plan_takes(const struct plan_column *column, struct slice attribute);
bool column_type_has(const struct column_type *type, enum column_kind kind);
/* One more column to read; false when out of memory. */
bool plan_add_reader(struct digest_plan *plan, const char *name, const struct column_type *type);
uint64_t plan_mix_text(const char *text, uint64_t hash);

/* digest_shape.c: whether an attribute of an event need not be mentioned. */
bool plan_is_event_detail(const struct contract *contract, struct slice name);
uint64_t plan_mix_shape(const struct contract *contract, uint64_t hash);
/* Finds the columns that say something of their row: whether it is deleted, when it held, when its event was. */
int plan_meet_marks(struct digest_plan *plan, const struct ArrowSchema *schema, struct error *error) MUST_USE;

/* Steps of digest_plan_new, in files of their own. */

int plan_out_of_memory(struct error *error);
/* The top-level attribute of that name, added when new; PLAN_NONE when out of memory. tops has room. */
uint32_t plan_add_top(struct digest_plan *plan, struct slice name);
/* The column of that name in the table; Delta's names differ in more than case, so a second look may ignore it. */
const struct ArrowSchema *plan_table_column(const struct ArrowSchema *schema, const char *name);
/* One attribute by its type, by none but the standing rules. */
bool plan_is_plain(const struct contract_column *rules);
/* Whether a key part of that type, 'S', 'N' or 'B', may stand in such a column. */
bool plan_can_be_key(char type, const struct column_type *column);
int plan_compile_item_key(struct digest_plan *plan, struct error *error) MUST_USE;
/* The columns that are read: the compared ones, those of the key, and the one of deletes. */
int plan_compile_reader(struct digest_plan *plan, const struct ArrowSchema *schema, struct error *error) MUST_USE;
/* digest_dated.c */
int plan_compile_dated(struct digest_plan *plan, struct error *error) MUST_USE;
void plan_fingerprint(struct digest_plan *plan);

#endif
