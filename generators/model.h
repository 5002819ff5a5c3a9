/* model - a DynamoDB table as a deterministic function: it IS the table, so that what it says is the truth.
 *
 * An item is a number; its key is a pure function of (seed, item), its image of (seed, item, version). So a table of
 * any size needs four bytes an item: a version and whether it lives. Consecutive versions of an item always have
 * different images, but every so often a version repeats the image before last (A, B, A). A version is a count and the
 * phase of the window (table.h) in which it was written.
 *
 * Times are virtual, in microseconds since 1970. The model is immutable once initialised and may be shared by threads.
 * Nothing here orders or merges records: that is for the programs under test. */
#ifndef LAKEPROOF_GENERATORS_MODEL_H
#define LAKEPROOF_GENERATORS_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"
#include "generators/item_writer.h"

enum {
	KEY_NAME_MAX = 64,
	KEY_PART_MAX = 2048, /* "Partition key length" */
	SORT_KEY_MAX = 1024,
	SEQUENCE_TEXT_MAX = 41,
	EVENT_ID_MAX = 33,
	STREAM_LABEL_MAX = 40,
	VERSION_COUNT_BITS = 26,
	VERSION_COUNT_MAX = (1 << VERSION_COUNT_BITS) - 1
};

#define MODEL_ITEMS_MAX UINT64_C(4000000000)
/* The service ignores TTL values older than five years (Developer Guide, "Time to live"). */
#define TTL_AGE_MAX_S (INT64_C(5) * 365 * 86400)

/* What names the table in manifests, records and contracts alike. */
#define TABLE_REGION "eu-west-1"
#define TABLE_ACCOUNT "123456789012"
#define TABLE_ARN_PREFIX "arn:aws:dynamodb:" TABLE_REGION ":" TABLE_ACCOUNT ":table/"

struct table;
struct table_entity;

enum key_shape { KEY_MIXED = 0, KEY_PLAIN, KEY_UUID, KEY_LONG };
#define KEY_SHAPES "mixed|plain|uuid|long"

/* What users do, in percent of their writes; the rest are updates. Shares are per million. */
struct write_mix {
	int64_t insert_percent, reinsert_percent, delete_percent, no_effect_percent;
	uint32_t burst;       /* share of writes that follow their predecessor closely, often on the same key */
	int64_t burst_gap_us; /* within this time */
	uint32_t recreate;    /* share of deletes that an insert of the same key follows at once */
	uint32_t transaction; /* share of writes that are transactions: several items at one instant */
	int64_t transaction_min, transaction_max;
};

/* A global table: the 2017 version adds attributes of its own to every item. */
enum replica_kind { REPLICAS_NONE = 0, REPLICAS_2017, REPLICAS_2019 };
#define REPLICA_KINDS "none|2017|2019"

struct model_config {
	uint64_t seed;
	uint64_t items;   /* live when the window opens */
	uint64_t changes; /* writes by users within the window, those without effect included */
	int64_t start_us; /* the window: where the capture begins */
	int64_t duration_us;
	unsigned skew;    /* 0 uniform; each step makes hot keys four times hotter, up to SKEW_MAX */
	int zipf;         /* exponent of Zipf's law in hundredths, instead of skew; -1: not */
	uint32_t hot;     /* share of writes that fall on the large partition, beyond what chance gives it */
	unsigned ttl_ppm; /* share of images whose TTL falls into the window, per million; 0: no TTL attribute at all */
	char ttl_name[KEY_NAME_MAX];
	int64_t ttl_sweeps; /* passes of the service's sweeper over the table within the window */
	struct write_mix mix;
	int64_t clock_us; /* changes are stamped in steps of so much */
	int64_t shards;   /* of the stream when the window opens */
	int64_t splits;   /* within the window */
	int replicas;     /* enum replica_kind */
	uint32_t foreign; /* share of writes that another region made */
	bool wild;        /* extra attributes with awkward names, TTL values of the wrong type */
	const struct table *table;
	char key_type[2];            /* 'S', 'N' or 'B'; [1] is 0 without a sort key */
	int key_shape[2];            /* enum key_shape; of keys that no entity forms */
	int64_t partition_items;     /* in every partition but the large one */
	int64_t large_partition_max; /* the first 64th of the table is one partition, up to so many items */
	char key_name[2][KEY_NAME_MAX];
};

enum { SKEW_MAX = 8, ZIPF_MAX = 400, LINEAGE_SHARDS_MAX = 192 };

/* A shard of the stream: a range of the upper halves of partition hashes, from its birth until it splits. */
struct lineage_shard {
	uint64_t low, high;        /* [low, high), of 2^32 */
	int64_t born_us, split_us; /* INT64_MAX: stays */
	int parent;                /* index, or -1 */
	uint32_t child;            /* the first of two, once split */
};

struct model {
	struct model_config config;
	uint64_t salt;        /* mixed seed */
	uint64_t slots_max;   /* items that can ever exist: the initial ones and those inserted within the window */
	uint32_t shard_count; /* shards that are ever there */
	struct lineage_shard shards[LINEAGE_SHARDS_MAX];
	char stream_label[STREAM_LABEL_MAX]; /* when the stream was enabled: well before the window */
};

/* Status of an item, kept with its version in one 32-bit state. */
enum item_status { ITEM_UNBORN = 0, ITEM_LIVE, ITEM_DELETED, ITEM_EXPIRED };

static inline uint32_t state_make(uint32_t version, enum item_status status)
{
	return version << 2 | (uint32_t)status;
}
static inline enum item_status state_status(uint32_t state)
{
	return (enum item_status)(state & 3);
}
static inline uint32_t state_version(uint32_t state)
{
	return state >> 2;
}

static inline uint32_t version_count(uint32_t version)
{
	return version & VERSION_COUNT_MAX;
}
static inline unsigned version_phase(uint32_t version)
{
	return version >> VERSION_COUNT_BITS;
}
/* The version that a write at that time makes of this one (0: of nothing). */
uint32_t model_version_after(const struct model *model, uint32_t version, int64_t time_us);

/* ERROR_USAGE when the configuration is out of bounds. */
int model_init(struct model *model, const struct model_config *config, struct error *error) MUST_USE;
/* Before the window: version 1 of the initial items. */
uint32_t model_initial_state(const struct model *model, uint64_t item);

/* ---- keys ---- */

struct key_value {
	char type; /* 'S', 'N' or 'B' */
	size_t size;
	char bytes[KEY_PART_MAX]; /* S: UTF-8, N: canonical text, B: raw */
};

/* ERROR_USAGE when the table's entities do not go with these keys. */
int model_check_keys(const struct model_config *config, struct error *error) MUST_USE;
/* 1 to 63 letters, digits, _ or -: a key attribute's name. */
bool model_name_valid(struct slice name);
unsigned model_key_count(const struct model *model);
/* Items [0, n) that make up the large partition. */
uint64_t model_large_partition(const struct model *model);
/* Whose attributes the item has. */
const struct table_entity *model_entity(const struct model *model, uint64_t item);
/* part 0 is the partition key, 1 the sort key. */
void model_key_part(const struct model *model, uint64_t item, unsigned part, struct key_value *key);
/* The key's attributes, within an item begun by the caller. */
void model_key_write(const struct model *model, struct item_writer *writer, uint64_t item);
/* The hash that places a partition key; unique for each partition key value. */
uint64_t model_partition_hash(const struct model *model, uint64_t item);

/* ---- images ---- */

/* One whole image as JSON, {"pk":{"S":…},…}; *size_bytes by the service's size model. */
int model_image(const struct model *model, uint64_t item, uint32_t version, struct buffer *json,
		uint64_t *size_bytes) MUST_USE;
int model_key_json(const struct model *model, uint64_t item, struct buffer *json, uint64_t *size_bytes) MUST_USE;
/* The version whose content this version shows: itself, or the one before last. */
uint32_t model_content_version(const struct model *model, uint64_t item, uint32_t version);

/* ---- time to live ---- */

enum ttl_kind { TTL_NONE = 0, TTL_NUMBER, TTL_TEXT, TTL_NULL };
struct ttl {
	enum ttl_kind kind;
	int64_t value; /* TTL_NUMBER, TTL_TEXT: meant as epoch seconds, but may be milliseconds */
};

#define TTL_ATTRIBUTE "expires_at" /* unless the workload names another */

/* Whether the write that made this version came from another region. */
bool model_foreign(const struct model *model, uint64_t item, uint32_t version);

struct ttl model_ttl(const struct model *model, uint64_t item, uint32_t version);
/* The service's rule: a number, in the past, and not by more than five years. */
bool ttl_expired(struct ttl ttl, int64_t now_us);

/* ---- the stream's identities ---- */

/* Sequence number of the ordinal-th record of the stream: increasing, 21 to 40 digits, so that comparing them as text
 * is wrong. */
void model_sequence(const struct model *model, uint64_t ordinal, char text[SEQUENCE_TEXT_MAX]);
/* A number between that record's and the one before. */
void model_sequence_before(const struct model *model, uint64_t ordinal, char text[SEQUENCE_TEXT_MAX]);
/* 32 hexadecimal digits. */
void model_event_id(const struct model *model, uint64_t ordinal, char text[EVENT_ID_MAX]);

/* A random word that depends on nothing but its arguments. */
uint64_t model_random(const struct model *model, uint64_t item, uint64_t tag, uint64_t epoch);

#endif
