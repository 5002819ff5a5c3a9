/* table - what the items of a generated table look like: its entities, their keys and attributes. Plain data, which a
 * workload file fills in (workload_file.h); immutable once loaded, and shared by threads.
 *
 * An item belongs to one entity, by its number. Its attributes are drawn from (seed, item, version): a draw changes
 * every `every` versions. An entity has one attribute that counts versions, so that neighbouring versions never give
 * the same attributes. Attributes may appear, disappear and change their type at points of the window: between points
 * lie phases, and the phase of a write is part of the version it makes (model.h). Shares are parts per million. */
#ifndef LAKEPROOF_GENERATORS_TABLE_H
#define LAKEPROOF_GENERATORS_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum { TABLE_PHASES_MAX = 8, TABLE_WORDS_MAX = 1000, SHARE_ALL = 1000000 };
/* "Maximum item size": 400 KB, names included. */
#define ITEM_SIZE_MAX (INT64_C(400) * 1024)

enum attribute_kind {
	KIND_TEXT = 0, /* plain text of min to max bytes */
	KIND_WORD,     /* one of `words` */
	KIND_AWKWARD,  /* texts that are hard on readers: empty, quotes, controls, U+0000, unicode forms */
	KIND_UUID,
	KIND_INTEGER, /* min to max */
	KIND_DECIMAL, /* min to max, times 10^-scale */
	KIND_NUMBER,  /* the service's whole range, 1E-130 to 9.9…E+125, 1 to 38 digits */
	KIND_TIME,    /* ISO text, min to max seconds before the window */
	KIND_EPOCH,   /* the same as a number */
	KIND_BOOLEAN,
	KIND_NULL,
	KIND_BINARY,   /* min to max bytes */
	KIND_STRINGS,  /* set of min to max of `words` */
	KIND_NUMBERS,  /* set of min to max numbers */
	KIND_BINARIES, /* set of min to max binaries */
	KIND_WORDS,    /* list of min to max of `words` */
	KIND_LIST,     /* list of min to max values of any type */
	KIND_MAP,      /* `members` */
	KIND_NESTED,   /* lists and maps in each other, up to max deep; the service allows 32 with the value itself */
	KIND_MIXED,    /* type differs between items, and between versions */
	KIND_FILL      /* text or, with `binary`, bytes that bring the item to one of `sizes` */
};
/* Their names, in the order of the enum. */
#define ATTRIBUTE_KINDS                                                                                                \
	"text|word|awkward|uuid|integer|decimal|number|time|epoch|boolean|null|binary|string_set|number_set|"          \
	"binary_set|words|list|map|nested|mixed|fill"

struct table_range {
	int64_t min, max;
};

/* A share of items whose whole size lies in a range of bytes. */
struct table_size {
	uint32_t share;
	struct table_range bytes;
};

struct table_attribute {
	const char *name;
	size_t name_size;
	bool name_plain; /* needs no escaping */
	int kind;        /* enum attribute_kind */
	int64_t every;
	uint32_t present, null, empty, awkward, extreme; /* shares */
	bool has_range;
	struct table_range range;
	int64_t scale;
	bool counts; /* its last digits count the version */
	bool binary;
	const char **words;
	uint32_t word_count;
	bool words_plain;
	const struct table_attribute *members;
	uint32_t member_count;
	const struct table_size *sizes;
	uint32_t size_count;
	uint32_t from, until; /* share of the window; until 0: always */
	unsigned phase_from, phase_until, phase_becomes;
	uint32_t becomes_at;
	int becomes;             /* enum attribute_kind */
	const char *column;      /* of the flat table; NULL: the attribute's name, or that of the path's last part */
	const char *column_type; /* by Spark's name; NULL: by kind */
	bool ignored;            /* the flat table leaves it out */
	uint64_t tag;
};

struct table_entity {
	const char *name;
	uint32_t share;
	const char *pk, *sk; /* "CUST#{partition}", "ORDER#{position}"; NULL: keys as they are without entities */
	bool once;           /* one in each partition: sk has no {position} */
	const struct table_attribute *attributes;
	uint32_t attribute_count;
};

struct table {
	const char *name;
	const struct table_entity *entities;
	uint32_t entity_count, once_count;   /* the first once_count are those that are there once in a partition */
	uint32_t share_sum;                  /* of the others */
	int64_t key_awkward;                 /* one partition key in so many holds unicode, quotes and controls */
	uint32_t phase_at[TABLE_PHASES_MAX]; /* where the window's phases 1… begin */
	unsigned phase_count;                /* phases after the first */
	size_t json_max;                     /* JSON of the largest image */
};

/* The Spark type of the attribute's column; NULL for one that no column holds. */
const char *table_column_type(const struct table_attribute *attribute);

#endif
