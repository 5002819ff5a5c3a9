/* preset - what the items of a generated table look like, and the flat table that mirrors them.
 *
 * Immutable, static. `write` appends every attribute but the key and the TTL; two versions that are next to each other
 * never give the same attributes. `columns` excludes the key's and the TTL's, which depend on options. */
#ifndef LAKEPROOF_GENERATORS_PRESET_H
#define LAKEPROOF_GENERATORS_PRESET_H

#include "generators/model.h"

struct preset_column {
	const char *column;
	const char *attribute; /* path: "addr.street" */
	const char *type;      /* by Spark's names */
	bool unordered;        /* a set: its order means nothing */
};

struct preset {
	const char *name;
	const char *table;
	const char *summary;
	const char *key;                     /* default, as --key takes it */
	const struct preset_column *columns; /* ends with column NULL */
	const char *const *ignored;          /* attributes the flat table leaves out; ends with NULL */
	unsigned key_awkward;                /* one partition key in so many holds unicode, quotes and controls */
	void (*write)(const struct model *model, struct item_writer *writer, uint64_t item, uint32_t version);
};

extern const struct preset preset_orders;
extern const struct preset preset_kitchen_sink;

/* NULL when there is none of that name. */
const struct preset *preset_find(const char *name);

/* The extra attributes of a wild table, whose names are hard on tools; ends with NULL. */
extern const char *const wild_names[];
void wild_write(const struct model *model, struct item_writer *writer, uint64_t item, uint32_t version);

#endif
