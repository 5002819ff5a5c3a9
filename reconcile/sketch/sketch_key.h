/* sketch_key - which attributes are the table's key, and which kinds of items its values tell apart.
 *
 * Change records say what the key is; items alone do not, and then it is guessed from names and from what no two of
 * the items seen share: `doubt` says so. Partition and sort key are told apart by name, else by which has fewer
 * values.
 *
 * Kinds: in single-table design key values begin with what they are, CUST#1, or are a word, PROFILE. A kind is one
 * pair of such beginnings; there are kinds only when at least two, at most KINDS_MAX, take all the records seen. */
#ifndef LAKEPROOF_RECONCILE_SKETCH_SKETCH_KEY_H
#define LAKEPROOF_RECONCILE_SKETCH_SKETCH_KEY_H

#include "reconcile/sketch/sketch_sample.h"
#include "reconcile/sketch/sketch_shape.h"

enum { KINDS_MAX = 32, KIND_NAME_MAX = 48 };

struct sketch_key {
	const char *name[KEY_PARTS_MAX];
	char type[KEY_PARTS_MAX];
	uint32_t count;
	const char *doubt;       /* why it may be another; NULL: records state it */
	const char *order_doubt; /* why partition and sort key may be the other way round; NULL: their names tell */
};

enum part_form { PART_ANY, PART_PREFIX, PART_WORD };

struct kind_part {
	enum part_form form;
	struct slice text; /* "CUST#", "PROFILE" */
	bool nested;       /* a prefix; behind it stands another one in some values and not in others */
};

struct kind {
	char name[KIND_NAME_MAX]; /* "cust", "profile": unique, fit for a lake's name */
	struct kind_part part[KEY_PARTS_MAX];
	bool decides[KEY_PARTS_MAX]; /* the parts that tell it from all others */
	uint64_t count;
	struct shape *shape;
};

struct kinds {
	struct kind kind[KINDS_MAX];
	uint32_t count;
};

int sketch_key_find(struct sample *sample, const struct shape *root, struct sketch_key *key,
		    struct error *error) MUST_USE;
/* The S, N or B of a key part as text, false when it is not there. `work` is reset. */
bool sketch_key_value(const struct sketch_key *key, uint32_t part, const struct sample_record *record,
		      struct arena *work, struct slice *text);
int sketch_kinds_find(struct sample *sample, const struct sketch_key *key, struct kinds *kinds,
		      struct error *error) MUST_USE;
/* The kind's index, or -1. */
int sketch_kind_of(const struct kinds *kinds, const struct sketch_key *key, const struct sample_record *record,
		   struct arena *work);
/* How a value begins; its length where it is PART_ANY is 0. */
struct kind_part sketch_part_of(struct slice value);

#endif
