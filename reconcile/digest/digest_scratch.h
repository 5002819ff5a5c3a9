/* digest_scratch - one thread's working memory for digests: inside reconcile/digest*.c only.
 *
 * Top-level attribute names are interned: each distinct name met so far is one `attribute` with a rank in byte order,
 * so an image's attributes are put in order by setting bits, and a mapped column finds its attribute without a search.
 * The name that followed a name the last time is tried first. Names beyond ATTRIBUTES_MAX stay nameless
 * (ATTRIBUTE_OTHER) and are ordered by comparing. */
#ifndef LAKEPROOF_RECONCILE_DIGEST_DIGEST_SCRATCH_H
#define LAKEPROOF_RECONCILE_DIGEST_DIGEST_SCRATCH_H

#include "reconcile/digest/digest_arrow.h"
#include "reconcile/digest/digest_plan.h"
#include "reconcile/value/value.h"

enum {
	ATTRIBUTES_MAX = 1024 + CONTRACT_COLUMNS_MAX,
	ATTRIBUTE_OTHER = ATTRIBUTES_MAX,
	ATTRIBUTE_SLOTS = 16384, /* of the hash table: a power of two, at least twice ATTRIBUTES_MAX */
	IMAGE_DEPTH_MAX = 32,
	UNMAPPED_MAX = 4096, /* distinct names; the rest is counted under "…" */
	UNMAPPED_SLOTS = 16384,
	PATH_TEXT_MAX = 160,
	BATCH_ROWS = 1024 /* rows whose running hashes are held at once */
};

struct attribute {
	struct slice name;
	struct name_words words;
	const struct path_node *node; /* NULL when no column, key or TTL names it */
	uint32_t rank;
	uint32_t next; /* the attribute that came after it the last time */
	uint32_t alias; /* the column, plus 1, that it fills by its name in snake case; 0: none */
	bool key;
	bool ignored;    /* by ignore_attributes, or an aws:rep:* one */
	bool replicated; /* aws:rep:*: no part of an image */
	bool seen;
	bool settled;   /* nothing more to count: all of it is mapped or ignored, and that it was seen is noted */
	uint64_t image; /* the image `value` belongs to; another number means absent */
	struct value value;
};

static inline bool attribute_is(const struct attribute *attribute, struct slice name, const struct name_words *words)
{
	return name_is(attribute->name, &attribute->words, name, words);
}

struct member {
	uint32_t attribute; /* index into attributes, or ATTRIBUTE_OTHER */
	uint32_t name;      /* token of the name; its value follows */
};

/* What fills a column by its name in snake case, in the image at hand. */
struct alias {
	uint64_t image;
	bool twice; /* a second attribute would fill it too */
	struct value value;
};

struct unmapped_entry {
	uint64_t image; /* that counted it last */
	uint64_t hash;
};

/* Where the walk is, for a fault's text. */
struct path_step {
	struct slice name; /* data NULL: an index */
	uint32_t index;
};

/* Why the last value had no place in its column, for people. */
struct misfit {
	const struct column_type *type; /* NULL: none had */
	const char *column;
	enum value_tag tag;
	const char *why; /* static; NULL: the attribute's type cannot become the column's */
};

struct digest_scratch {
	const struct digest_plan *plan;
	struct arena names; /* lives as long as the scratch */
	struct arena work;  /* reset for every image, key and run of rows */
	struct arena batch; /* reset for every batch */
	struct attribute *attributes;
	uint32_t attribute_count;
	uint16_t *attribute_slots; /* attribute's index + 1 */
	uint16_t *by_rank;
	uint32_t first;         /* the attribute that the last image began with */
	struct member *members; /* of the image at hand, in the order of its text */
	uint32_t *order;        /* the same, by name */
	uint32_t *unsettled;    /* members that may hold something to count, in the order of the text */
	uint32_t unsettled_count;
	uint32_t member_count, member_room;
	uint32_t ordered_count; /* members that `order` is right for, attributes being those before */
	uint64_t image;         /* ordinal of the image at hand, from 1 */
	char *canonical;
	size_t canonical_size, canonical_room;
	struct path_step path[IMAGE_DEPTH_MAX + 2];
	uint32_t depth;
	const struct value **column_values; /* per compared column; NULL or a value that is not null */
	struct value *path_values;          /* where a nested path's or a derived value is kept, per column */
	struct alias *aliases;              /* per column */
	struct column_result *results;      /* of columns that are not plain; digest_cell.h */
	struct step_pattern **patterns;     /* the plan's extract steps */
	struct json_parser *json;           /* for JSON text in the lake; made when first needed */
	struct buffer text, step_text;      /* of one value at a time */
	struct misfit misfit;
	uint32_t image_token;
	bool failed; /* memory that is no arena's or buffer's ran out */
	unsigned char *key_bytes; /* KEY_BYTES_MAX */
	unsigned char *row_key_bytes;       /* likewise */
	struct step_pattern *extracts[LAKE_KEY_PARTS_MAX]; /* of the row's key; NULL: as it is */
	struct unmapped_attribute *unmapped;
	struct unmapped_entry *unmapped_entries;
	uint16_t *unmapped_slots;
	uint64_t unmapped_count;
	uint64_t seen_count;
	uint64_t seeds[BATCH_ROWS];
	uint64_t null_bits[BATCH_ROWS];
};

/* What global tables once added to items: no part of an image. */
static inline bool is_replicated(struct slice name)
{
	return name.size >= 8 && memcmp(name.data, "aws:rep:", 8) == 0;
}

/* digest_scratch.c: the index of the attribute of that name, entered when new; ATTRIBUTE_OTHER when there is no room.
 */
uint32_t attribute_intern(struct digest_scratch *scratch, struct slice name, const struct name_words *words);
/* digest_dated.c: of the image at hand, and of a row, what the lake's `scope` goes by: seconds, or DATED_NONE. */
int64_t image_dated(const struct digest_scratch *scratch);
int64_t row_dated(const struct digest_plan *plan, const struct lake_node *nodes, int64_t index);
/* digest.c: members, their attributes and the canonical item. False with *fault. */
bool image_encode(struct digest_scratch *scratch, const struct json_token *tokens, uint32_t image,
		  struct digest_fault *fault) MUST_USE;
/* digest_convert.c: finds a compared column's value (column_values, results). */
void image_find_column(struct digest_scratch *scratch, const struct json_token *tokens, uint32_t index,
		       uint32_t *flags);
/* All of them, and what has no place (misfit) from none. */
void image_find_columns(struct digest_scratch *scratch, const struct json_token *tokens, uint32_t *flags);
uint64_t image_row(struct digest_scratch *scratch, const struct json_token *tokens, uint32_t *flags);
/* D of a found column; 42 for null. */
uint64_t image_column_digest(struct digest_scratch *scratch, const struct json_token *tokens, uint32_t index,
			     uint32_t *flags);
/* The value of the map's member of that name, read into *value; false when there is none. */
bool value_map_member(struct digest_scratch *scratch, const struct json_token *tokens, uint32_t map, struct slice name,
		      const struct name_words *words, struct value *value) MUST_USE;
/* digest_unmapped.c: counts what the image at hand holds beyond the plan. */
void image_count_unmapped(struct digest_scratch *scratch, const struct json_token *tokens);
/* digest_batch.c: D(value) of a lake value; false when out of memory. */
bool lake_digest(struct arena *arena, const struct lake_node *node, int64_t index, bool unordered,
		 uint64_t *digest) MUST_USE;
/* The same of a compared column, by the column's own rules. */
bool lake_column_digest(struct digest_scratch *scratch, uint32_t column, const struct lake_node *node, int64_t index,
			uint64_t *digest) MUST_USE;
/* Binds the plan's reader columns to a batch; *nodes lives until the next batch. */
int lake_bind_batch(struct digest_scratch *scratch, const struct ArrowSchema *schema, const struct ArrowArray *batch,
		    struct lake_node **nodes, struct error *error) MUST_USE;
/* Sorts by signed value, as Spark's array_sort sorts BIGINTs. */
void sort_digests(uint64_t *digests, size_t count);
/* Digest of `count` elements' digests: xxhash64(count, array of digests). */
uint64_t fold_digests(uint64_t *digests, size_t count, bool sorted);

#endif
