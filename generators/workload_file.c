#include "generators/workload_file.h"

#include <stdlib.h>
#include <strings.h>

#include "base/clock.h"
#include "generators/workload_schema.h"

enum { WORKLOAD_MEMORY_MAX = 64 * 1024 * 1024, ENTITIES_MAX = 100, ATTRIBUTES_MAX = 2000 };

struct workload_file {
	struct arena arena;
	struct table table;
};

struct draft_key {
	const char *name;
	int type, shape;
};

/* What the file fills in before it becomes options. */
struct draft {
	struct generator_options options;
	struct table table;
	struct draft_key *keys;
	struct table_entity *entities, alone;
	uint32_t key_count, entity_count;
	int64_t version, skew, export_shards, windows, key_awkward;
	int clock, format;
	const char *ttl_name;
	struct table_range transaction_items;
	const char **faults;
	uint32_t fault_count;
	const char **only;
	uint32_t only_count;
	bool has_start, has_rate;
};

static int check_workload(struct schema_loader *loader, yaml_node_t *node, void *target);

/* ---- the one table ---- */

#define END                                                                                                            \
	{                                                                                                              \
		NULL, 0, .offset = 0                                                                                   \
	}
#define OF(type, member) .offset = offsetof(struct type, member)
#define SHARE_KEY SCHEMA_OTHER, .type = &workload_share
#define RANGE_KEY SCHEMA_OTHER, .type = &workload_range

static const struct schema_map size_schema = {
	.keys = (const struct schema_key[]){{"share", SHARE_KEY, .required = true, OF(table_size, share),
					     .help = "how many of the items"},
					    {"bytes", RANGE_KEY, .required = true, OF(table_size, bytes),
					     .help = "their size by the service's own model, up to 400KB"},
					    END},
};

static const struct schema_map becomes_schema = {
	.keys = (const struct schema_key[]){{"at", SHARE_KEY, .required = true, OF(table_attribute, becomes_at),
					     .help = "the point of the window"},
					    {"type", SCHEMA_CHOICE, .required = true, OF(table_attribute, becomes),
					     .choices = ATTRIBUTE_KINDS, .help = "its kind from there on"},
					    END},
};

/* What attributes and members of maps have in common. */
#define VALUE_KEYS                                                                                                     \
	{"name", SCHEMA_TEXT, .required = true, OF(table_attribute, name), .help = "any text the service takes"},      \
		{"type",                                                                                               \
		 SCHEMA_CHOICE,                                                                                        \
		 .required = true,                                                                                     \
		 OF(table_attribute, kind),                                                                            \
		 .choices = ATTRIBUTE_KINDS,                                                                           \
		 .help = "what its values are"},                                                                       \
		{"range",                                                                                              \
		 RANGE_KEY,                                                                                            \
		 OF(table_attribute, range),                                                                           \
		 .also = offsetof(struct table_attribute, has_range),                                                  \
		 .fallback = "by type",                                                                                \
		 .help = "of the number itself; of bytes for text and binary; of entries for sets and lists; of "      \
			 "seconds before the window for time and epoch; of levels for nested"},                        \
		{"scale",                                                                                              \
		 SCHEMA_INTEGER,                                                                                       \
		 OF(table_attribute, scale),                                                                           \
		 .min = 0,                                                                                             \
		 .max = 30,                                                                                            \
		 .fallback = "0",                                                                                      \
		 .help = "digits after a decimal's point"},                                                            \
		{"words", SCHEMA_TEXTS, OF(table_attribute, words),                                                    \
		 .also = offsetof(struct table_attribute, word_count), .help = "for word, words and string_set"},      \
		{"present", SHARE_KEY, OF(table_attribute, present), .fallback = "100%",                               \
		 .help = "how often it is there at all"},                                                              \
		{"null", SHARE_KEY, OF(table_attribute, null), .fallback = "0%", .help = "how often it is NULL"},      \
		{"empty", SHARE_KEY, OF(table_attribute, empty), .fallback = "0%",                                     \
		 .help = "how often it is an empty text, binary, list or map"},                                        \
		{"awkward", SHARE_KEY, OF(table_attribute, awkward), .fallback = "0%",                                 \
		 .help = "how often it is a text that is hard on readers"},                                            \
		{"extreme", SHARE_KEY, OF(table_attribute, extreme), .fallback = "0%",                                 \
		 .help = "how often an integer or decimal has 38 digits"},                                             \
		{"column", SCHEMA_TEXT, OF(table_attribute, column), .fallback = "its name",                           \
		 .help = "the flat table's column, or none"},                                                          \
	{                                                                                                              \
		"column_type", SCHEMA_TEXT, OF(table_attribute, column_type), .fallback = "by type",                   \
									      .help = "by Spark's name"                \
	}

static const struct schema_map member_schema = {
	.check = workload_check_attribute,
	.keys = (const struct schema_key[]){VALUE_KEYS, END},
};

static const struct schema_map attribute_schema = {
	.check = workload_check_attribute,
	.keys =
		(const struct schema_key[]){
			VALUE_KEYS,
			{"every", SCHEMA_INTEGER, OF(table_attribute, every), .min = 0, .max = 1000, .fallback = "1",
			 .help = "it changes with every so many versions of the item; 0: never"},
			{"counts", SCHEMA_BOOLEAN, OF(table_attribute, counts), .fallback = "false",
			 .help = "an integer's or decimal's last digits count versions, so that neighbours differ; "
				 "where no attribute does, an integer `revision` is added"},
			{"from", SHARE_KEY, OF(table_attribute, from), .fallback = "0%",
			 .help = "the point of the window from which writes have it"},
			{"until", SHARE_KEY, OF(table_attribute, until), .fallback = "100%", .help = "and up to which"},
			{"becomes", SCHEMA_MAP, .map = &becomes_schema, .help = "another type from a point on"},
			{"members", SCHEMA_LIST, OF(table_attribute, members),
			 .also = offsetof(struct table_attribute, member_count), .min = 1, .max = 1000,
			 .map = &member_schema, .element_size = sizeof(struct table_attribute), .help = "of a map"},
			{"sizes", SCHEMA_LIST, OF(table_attribute, sizes),
			 .also = offsetof(struct table_attribute, size_count), .min = 1, .max = 100,
			 .map = &size_schema, .element_size = sizeof(struct table_size),
			 .help = "for fill: sizes of whole items, which it brings them to"},
			{"binary", SCHEMA_BOOLEAN, OF(table_attribute, binary), .fallback = "false",
			 .help = "fill with a binary instead of text"},
			END},
};

static const struct schema_map entity_schema = {
	.check = workload_check_entity,
	.keys = (const struct schema_key[]){{"name", SCHEMA_TEXT, .required = true, OF(table_entity, name),
					     .help = "for messages and fault targets"},
					    {"share", SHARE_KEY, OF(table_entity, share),
					     .help = "of the items that are not there once in a partition"},
					    {"pk", SCHEMA_TEXT, OF(table_entity, pk),
					     .help = "the partition key, such as CUST#{partition}"},
					    {"sk", SCHEMA_TEXT, OF(table_entity, sk),
					     .help = "the sort key, such as ORDER#{position}; without a placeholder "
						     "the entity is there once in each partition"},
					    {"attributes", SCHEMA_LIST, .required = true, OF(table_entity, attributes),
					     .also = offsetof(struct table_entity, attribute_count), .min = 1,
					     .max = ATTRIBUTES_MAX, .map = &attribute_schema,
					     .element_size = sizeof(struct table_attribute),
					     .help = "besides the key and the TTL"},
					    END},
};

static const struct schema_map key_schema = {
	.keys = (const struct schema_key[]){{"name", SCHEMA_TEXT, .required = true, OF(draft_key, name),
					     .help = "letters, digits, _ and -"},
					    {"type", SCHEMA_CHOICE, .required = true, OF(draft_key, type),
					     .choices = "S|N|B", .help = "its DynamoDB type"},
					    {"shape", SCHEMA_CHOICE, OF(draft_key, shape), .choices = KEY_SHAPES,
					     .fallback = "mixed",
					     .help = "mixed has unicode, controls and numbers up to 38 digits; long is "
						     "as long as the service allows"},
					    END},
};

static const struct schema_map operations_schema = {
	.keys =
		(const struct schema_key[]){
			{"insert", SCHEMA_INTEGER, OF(draft, options.model.mix.insert_percent), .min = 0, .max = 100,
			 .fallback = "8", .help = "percent of writes that make a new item"},
			{"reinsert", SCHEMA_INTEGER, OF(draft, options.model.mix.reinsert_percent), .min = 0,
			 .max = 100, .fallback = "5", .help = "that insert a deleted key again"},
			{"delete", SCHEMA_INTEGER, OF(draft, options.model.mix.delete_percent), .min = 0, .max = 100,
			 .fallback = "11", .help = "that delete"},
			{"no_effect", SCHEMA_INTEGER, OF(draft, options.model.mix.no_effect_percent), .min = 0,
			 .max = 100, .fallback = "6", .help = "that change nothing and leave no record"},
			{"recreate", SHARE_KEY, OF(draft, options.model.mix.recreate), .fallback = "0%",
			 .help = "of deletes, followed by an insert of the same key at the same instant"},
			{"burst", SHARE_KEY, OF(draft, options.model.mix.burst), .fallback = "12%",
			 .help = "of writes that follow their predecessor closely, often on the same key"},
			{"burst_gap", SCHEMA_DURATION, OF(draft, options.model.mix.burst_gap_us), .fallback = "3ms",
			 .help = "how closely"},
			{"transaction", SHARE_KEY, OF(draft, options.model.mix.transaction), .fallback = "0%",
			 .help = "of writes that are transactions: several items at one instant"},
			{"transaction_items", RANGE_KEY, OF(draft, transaction_items), .fallback = "2..10",
			 .help = "up to 100"},
			END},
};

static const struct schema_map partitions_schema = {
	.keys = (const struct schema_key[]){{"items", SCHEMA_INTEGER, OF(draft, options.model.partition_items),
					     .min = 1, .max = 1000000, .fallback = "4",
					     .help = "in each partition, with a sort key"},
					    {"large", SCHEMA_INTEGER, OF(draft, options.model.large_partition_max),
					     .min = 0, .max = 1000000000, .fallback = "5000",
					     .help = "the first 64th of the items is one partition, up to so many"},
					    {"awkward", SCHEMA_INTEGER, OF(draft, key_awkward), .min = 1,
					     .max = 1000000000, .fallback = "64",
					     .help = "one mixed text key in so many holds unicode, quotes or controls"},
					    END},
};

static const struct schema_map ttl_schema = {
	.keys =
		(const struct schema_key[]){
			{"attribute", SCHEMA_TEXT, OF(draft, ttl_name), .fallback = TTL_ATTRIBUTE, .help = "its name"},
			{"share", SHARE_KEY, OF(draft, options.model.ttl_ppm), .fallback = "2%",
			 .help = "of images that expire within the window; none: no such attribute"},
			{"sweeps", SCHEMA_INTEGER, OF(draft, options.model.ttl_sweeps), .min = 1, .max = 100000,
			 .fallback = "6",
			 .help = "passes of the service over the table: an item outlives its time by up to one"},
			END},
};

static const struct schema_map stream_schema = {
	.keys = (const struct schema_key[]){{"shards", SCHEMA_INTEGER, OF(draft, options.model.shards), .min = 1,
					     .max = LINEAGE_SHARDS_MAX, .fallback = "4",
					     .help = "when the window opens"},
					    {"splits", SCHEMA_INTEGER, OF(draft, options.model.splits), .min = 0,
					     .max = LINEAGE_SHARDS_MAX / 2, .fallback = "1",
					     .help = "within the window, every second one that of a child"},
					    {"view", SCHEMA_CHOICE, OF(draft, options.view), .choices = STREAM_VIEWS,
					     .fallback = "NEW_AND_OLD_IMAGES", .help = "images the records carry"},
					    {"clock", SCHEMA_CHOICE, OF(draft, clock), .choices = "us|ms|s",
					     .fallback = "us", .help = "how finely changes are stamped"},
					    END},
};

static const struct schema_map replicas_schema = {
	.keys = (const struct schema_key[]){{"version", SCHEMA_CHOICE, OF(draft, options.model.replicas),
					     .choices = REPLICA_KINDS, .fallback = "none",
					     .help = "a global table's; 2017 adds attributes aws:rep:*"},
					    {"share", SHARE_KEY, OF(draft, options.model.foreign), .fallback = "30%",
					     .help = "of writes from another region; TTL deletes among them carry no "
						     "identity"},
					    END},
};

static const struct schema_map export_schema = {
	.keys =
		(const struct schema_key[]){
			{"at", SCHEMA_OTHER, .type = &workload_percent, OF(draft, options.export_percent),
			 .fallback = "50", .help = "percent of the window"},
			{"second", SCHEMA_BOOLEAN, OF(draft, options.second_export), .fallback = "false",
			 .help = "another one after the window"},
			{"fuzz", SCHEMA_DURATION, OF(draft, options.fuzz_us), .fallback = "60s",
			 .help = "how far an item's cut may lie from the export's time; of a dump, half the time its "
				 "reading takes"},
			{"files", SCHEMA_INTEGER, OF(draft, export_shards), .min = 0, .max = EXPORT_SHARDS_MAX,
			 .fallback = "0, by the items", .help = "data files"},
			{"prefix", SCHEMA_TEXT, OF(draft, options.prefix), .help = "S3 prefix above AWSDynamoDB/"},
			{"format", SCHEMA_CHOICE, OF(draft, options.export_format), .choices = EXPORT_FORMATS,
			 .fallback = "json",
			 .help = "an export in DynamoDB JSON or Ion text, or a dump by EMR, a scan, DMS or Glue"},
			{"incremental", SCHEMA_INTEGER, OF(draft, windows), .min = 0, .max = GENERATOR_WINDOWS_MAX,
			 .fallback = "0", .help = "incremental exports that follow it, up to the window's end"},
			{"view", SCHEMA_CHOICE, OF(draft, options.windows_view), .choices = EXPORT_VIEWS,
			 .fallback = "NEW_AND_OLD_IMAGES", .help = "images that incremental exports carry"},
			END},
};

static const struct schema_map delivery_schema = {
	.keys =
		(const struct schema_key[]){
			{"format", SCHEMA_CHOICE, OF(draft, format), .choices = STREAM_FORMATS, .fallback = "streams",
			 .help = "how records land"},
			{"time", SCHEMA_CHOICE, OF(draft, options.time), .choices = STREAM_TIMES, .fallback = "integer",
			 .help = "how stream times are written"},
			{"gzip", SCHEMA_BOOLEAN, OF(draft, options.gzip), .fallback = "false",
			 .help = "compress the files"},
			{"records_per_file", SCHEMA_INTEGER, OF(draft, options.faults.records_per_file), .min = 1,
			 .max = 1000000, .fallback = "500", .help = "a batch is closed at so many"},
			{"batch_window", SCHEMA_DURATION, OF(draft, options.faults.batch_window_us), .fallback = "5m",
			 .help = "or when its first record is that old"},
			{"envelope_records", SCHEMA_INTEGER, OF(draft, options.envelope_records), .min = 0,
			 .max = 1000000, .fallback = "100", .help = "in each Lambda envelope; 0: one envelope a file"},
			{"duplicates", SCHEMA_OTHER, .type = &workload_rate, OF(draft, options.faults.duplicates),
			 .also = offsetof(struct draft, has_rate), .fallback = "1%", .help = "records delivered twice"},
			{"shuffle", SCHEMA_INTEGER, OF(draft, options.faults.shuffle_window), .min = 0,
			 .max = INT64_MAX, .fallback = "50", .help = "records change places within runs of so many"},
			{"replay", SCHEMA_INTEGER, OF(draft, options.faults.replay_files), .min = 0, .max = 1000000,
			 .fallback = "3", .help = "files delivered again at the end"},
			{"reupload", SCHEMA_INTEGER, OF(draft, options.faults.reupload_files), .min = 0, .max = 1000000,
			 .fallback = "0", .help = "files delivered twice, side by side"},
			END},
};

const struct schema_map workload_schema = {
	.check = check_workload,
	.keys =
		(const struct schema_key[]){
			{"version", SCHEMA_INTEGER, OF(draft, version), .min = 1, .max = 1, .fallback = "1",
			 .help = "of this format"},
			{"table", SCHEMA_TEXT, .required = true, OF(draft, table.name), .help = "its name"},
			{"seed", SCHEMA_INTEGER, OF(draft, options.model.seed), .min = 0, .max = INT64_MAX,
			 .fallback = "1", .help = "the same seed and workload give the same bytes"},
			{"items", SCHEMA_INTEGER, OF(draft, options.model.items), .min = 0, .max = 2000000000,
			 .fallback = "100000", .help = "when the window opens"},
			{"changes", SCHEMA_INTEGER, OF(draft, options.model.changes), .min = 0, .max = 1000000000,
			 .fallback = "20000", .help = "writes within the window"},
			{"start", SCHEMA_TIME, OF(draft, options.model.start_us),
			 .also = offsetof(struct draft, has_start), .fallback = "2025-10-09T08:22:51.270Z",
			 .help = "when the window opens"},
			{"duration", SCHEMA_DURATION, OF(draft, options.model.duration_us), .fallback = "2h",
			 .help = "how long it lasts"},
			{"key", SCHEMA_LIST, OF(draft, keys), .also = offsetof(struct draft, key_count), .min = 1,
			 .max = 2, .map = &key_schema, .element_size = sizeof(struct draft_key),
			 .fallback = "pk S, sk N", .help = "partition key, then sort key if there is one"},
			{"partitions", SCHEMA_MAP, .map = &partitions_schema, .help = "how keys spread"},
			{"attributes", SCHEMA_LIST, OF(draft, alone.attributes),
			 .also = offsetof(struct draft, alone.attribute_count), .min = 1, .max = ATTRIBUTES_MAX,
			 .map = &attribute_schema, .element_size = sizeof(struct table_attribute),
			 .help = "of every item, besides the key and the TTL; either this or entities"},
			{"entities", SCHEMA_LIST, OF(draft, entities), .also = offsetof(struct draft, entity_count),
			 .min = 1, .max = ENTITIES_MAX, .map = &entity_schema,
			 .element_size = sizeof(struct table_entity),
			 .help = "kinds of items in one table, each with keys and attributes of its own"},
			{"wild", SCHEMA_BOOLEAN, OF(draft, options.model.wild), .fallback = "false",
			 .help = "extra attributes with awkward names and changing types, TTL of the wrong type"},
			{"skew", SCHEMA_INTEGER, OF(draft, skew), .min = 0, .max = SKEW_MAX, .fallback = "2",
			 .help = "how much hotter hot keys are than others"},
			{"zipf", SCHEMA_OTHER, .type = &workload_exponent, OF(draft, options.model.zipf),
			 .fallback = "none", .help = "the exponent of Zipf's law, instead of skew"},
			{"hot", SHARE_KEY, OF(draft, options.model.hot), .fallback = "0%",
			 .help = "of writes that go to the large partition"},
			{"operations", SCHEMA_MAP, .map = &operations_schema,
			 .help = "what users do; the rest of their writes are updates"},
			{"ttl", SCHEMA_MAP, .map = &ttl_schema, .help = "time to live"},
			{"stream", SCHEMA_MAP, .map = &stream_schema, .help = "how changes are recorded"},
			{"replicas", SCHEMA_MAP, .map = &replicas_schema, .help = "other regions"},
			{"export", SCHEMA_MAP, .map = &export_schema, .help = "the full export"},
			{"delivery", SCHEMA_MAP, .map = &delivery_schema, .help = "how records land"},
			{"faults", SCHEMA_TEXTS, OF(draft, faults), .also = offsetof(struct draft, fault_count),
			 .help = "each as --fault takes it"},
			{"truth", SCHEMA_CHOICE, OF(draft, options.truth), .choices = TRUTH_LEVELS, .fallback = "full",
			 .help = "what truth.sqlite holds"},
			{"only_items", SCHEMA_TEXTS, OF(draft, only), .also = offsetof(struct draft, only_count),
			 .help = "items to tell of, by their numbers from 0: everything stays as it was, and of the "
				 "others nothing is written, nor truth.sqlite"},
			END},
};

/* ---- the table as a whole ---- */

/* The phase that begins at a point of the window, made when there is none yet; -1 when there are too many. */
static int phase_of(struct table *table, uint32_t at)
{
	for (unsigned i = 0; i < table->phase_count; i++)
		if (table->phase_at[i] == at)
			return 0;
	if (table->phase_count == TABLE_PHASES_MAX - 1)
		return -1;
	unsigned place = table->phase_count++;
	for (; place > 0 && table->phase_at[place - 1] > at; place--)
		table->phase_at[place] = table->phase_at[place - 1];
	table->phase_at[place] = at;
	return 0;
}

static unsigned phase_index(const struct table *table, uint32_t at)
{
	unsigned phase = 0;
	while (phase < table->phase_count && table->phase_at[phase] <= at)
		phase++;
	return phase;
}

static int set_phases(struct schema_loader *loader, yaml_node_t *node, struct table *table,
		      struct table_entity *entities)
{
	for (unsigned pass = 0; pass < 2; pass++) {
		for (uint32_t i = 0; i < table->entity_count; i++) {
			for (uint32_t j = 0; j < entities[i].attribute_count; j++) {
				struct table_attribute *attribute =
					(struct table_attribute *)&entities[i].attributes[j];
				bool full = (attribute->from > 0 && phase_of(table, attribute->from) < 0) ||
					    (attribute->until > 0 && phase_of(table, attribute->until) < 0) ||
					    (attribute->becomes >= 0 && phase_of(table, attribute->becomes_at) < 0);
				if (full)
					return schema_error(loader, node,
							    "attributes change at more than %d points of the window",
							    TABLE_PHASES_MAX - 1);
				attribute->phase_from = attribute->from > 0 ? phase_index(table, attribute->from) : 0;
				attribute->phase_until = attribute->until > 0 ? phase_index(table, attribute->until)
									      : TABLE_PHASES_MAX;
				attribute->phase_becomes = attribute->becomes >= 0
								   ? phase_index(table, attribute->becomes_at)
								   : TABLE_PHASES_MAX;
			}
		}
	}
	return 0;
}

/* Two attributes must not mean one column, unless they are one attribute of several entities. */
static int check_columns(struct schema_loader *loader, yaml_node_t *node, const struct table *table)
{
	for (uint32_t i = 0; i < table->entity_count; i++) {
		for (uint32_t j = 0; j < table->entities[i].attribute_count; j++) {
			const struct table_attribute *one = &table->entities[i].attributes[j];
			const char *type = table_column_type(one);
			for (uint32_t k = 0; k <= i && type != NULL; k++) {
				uint32_t count = k < i ? table->entities[k].attribute_count : j;
				for (uint32_t l = 0; l < count; l++) {
					const struct table_attribute *two = &table->entities[k].attributes[l];
					const char *other = table_column_type(two);
					if (other == NULL ||
					    strcasecmp(one->column != NULL ? one->column : one->name,
						       two->column != NULL ? two->column : two->name) != 0 ||
					    (strcmp(one->name, two->name) == 0 && strcmp(type, other) == 0))
						continue;
					return schema_error(loader, node,
							    "attributes '%s' and '%s' mean one column; give one a "
							    "'column' of its own, or none",
							    two->name, one->name);
				}
			}
		}
	}
	return 0;
}

/* An upper bound of what one image's JSON can be. */
static size_t json_max(const struct table *table)
{
	enum { MEMBER = 256 };
	size_t most = 0;

	for (uint32_t i = 0; i < table->entity_count; i++) {
		size_t size = 16384;
		for (uint32_t j = 0; j < table->entities[i].attribute_count; j++) {
			const struct table_attribute *attribute = &table->entities[i].attributes[j];
			size_t words = 0;
			for (uint32_t k = 0; k < attribute->word_count; k++)
				words += 6 * strlen(attribute->words[k]) + 16;
			size += 6 * attribute->name_size + 2 * MEMBER + words;
			if (attribute->kind == KIND_TEXT || attribute->kind == KIND_BINARY)
				size += (size_t)attribute->range.max * 2;
			else if (attribute->kind >= KIND_STRINGS && attribute->kind <= KIND_NESTED)
				size += ((size_t)attribute->range.max + attribute->member_count) *
					(MEMBER + words / (attribute->word_count + 1));
			for (uint32_t k = 0; k < attribute->member_count; k++)
				size += 6 * attribute->members[k].name_size +
					(size_t)(attribute->members[k].kind == KIND_INTEGER ||
								 attribute->members[k].kind == KIND_DECIMAL
							 ? 0
							 : attribute->members[k].range.max) *
						MEMBER;
			for (uint32_t k = 0; k < attribute->size_count; k++)
				size += (size_t)attribute->sizes[k].bytes.max / 3 * 4;
		}
		most = size > most ? size : most;
	}
	return most + 2 * KEY_PART_MAX;
}

/* Entities that are there once come first. */
static int order_entities(struct schema_loader *loader, yaml_node_t *node, struct draft *draft)
{
	struct table *table = &draft->table;
	struct table_entity *ordered = arena_array(loader->arena, draft->entity_count, sizeof(*ordered));
	uint32_t count = 0;

	if (ordered == NULL)
		return schema_out_of_memory(loader);
	for (unsigned once = 0; once < 2; once++) {
		for (uint32_t i = 0; i < draft->entity_count; i++) {
			if (draft->entities[i].once == (once == 0))
				ordered[count++] = draft->entities[i];
		}
		if (once == 0)
			table->once_count = count;
	}
	for (uint32_t i = table->once_count; i < count; i++)
		table->share_sum += ordered[i].share;
	table->entities = ordered;
	table->entity_count = count;
	return set_phases(loader, node, table, ordered);
}

static int take_entities(struct schema_loader *loader, yaml_node_t *node, struct draft *draft)
{
	struct table *table = &draft->table;

	if ((draft->alone.attribute_count > 0) == (draft->entity_count > 0))
		return schema_error(loader, node, "a table has either 'attributes' or 'entities'");
	if (draft->entity_count == 0) {
		draft->alone.name = "item";
		draft->alone.share = SHARE_ALL;
		if (workload_check_entity(loader, node, &draft->alone) != 0)
			return loader->error->code;
		draft->entities = arena_array(loader->arena, 1, sizeof(*draft->entities));
		if (draft->entities == NULL)
			return schema_out_of_memory(loader);
		draft->entities[0] = draft->alone;
		draft->entity_count = 1;
	}
	for (uint32_t i = 0; i < draft->entity_count; i++)
		for (uint32_t j = 0; j < i; j++)
			if (strcmp(draft->entities[i].name, draft->entities[j].name) == 0)
				return schema_error(loader, node, "entity '%s' is there twice",
						    draft->entities[i].name);
	if (order_entities(loader, node, draft) != 0)
		return loader->error->code;
	if (table->share_sum == 0)
		return schema_error(loader, node, "no entity that can be there often has a share");
	table->key_awkward = draft->key_awkward;
	table->json_max = json_max(table);
	return check_columns(loader, node, table);
}

static int take_keys(struct schema_loader *loader, yaml_node_t *node, struct draft *draft)
{
	struct model_config *config = &draft->options.model;

	if (draft->key_count > 0)
		memset(config->key_type, 0, sizeof(config->key_type));
	for (uint32_t part = 0; part < draft->key_count; part++) {
		const struct draft_key *key = &draft->keys[part];
		if (!model_name_valid(slice_from(key->name)))
			return schema_error(loader, schema_find(loader, node, "key"),
					    "a key attribute's name has 1 to 63 letters, digits, _ or -");
		memset(config->key_name[part], 0, KEY_NAME_MAX);
		memcpy(config->key_name[part], key->name, strlen(key->name));
		config->key_type[part] = "SNB"[key->type];
		config->key_shape[part] = key->shape;
	}
	if (draft->key_count == 2 && strcmp(draft->keys[0].name, draft->keys[1].name) == 0)
		return schema_error(loader, schema_find(loader, node, "key"), "key attribute '%s' is there twice",
				    draft->keys[0].name);
	return 0;
}

static int take_only(struct schema_loader *loader, yaml_node_t *node, struct draft *draft)
{
	uint64_t *items = arena_array(loader->arena, (size_t)draft->only_count + 1, sizeof(*items));

	if (items == NULL)
		return schema_out_of_memory(loader);
	for (uint32_t i = 0; i < draft->only_count; i++) {
		char *end = NULL;
		items[i] = strtoull(draft->only[i], &end, 10);
		if (draft->only[i][0] < '0' || draft->only[i][0] > '9' || *end != '\0' || items[i] >= MODEL_ITEMS_MAX)
			return schema_error(loader, schema_find(loader, node, "only_items"),
					    "only_items takes numbers of items, not '%s'", draft->only[i]);
	}
	draft->options.only = (struct only){items, draft->only_count};
	return 0;
}

static int check_workload(struct schema_loader *loader, yaml_node_t *node, void *target)
{
	static const int64_t clocks_us[] = {1, 1000, CLOCK_SECOND_US};
	struct draft *draft = target;
	struct generator_options *options = &draft->options;
	struct write_mix *mix = &options->model.mix;

	if (take_keys(loader, node, draft) != 0 || take_entities(loader, node, draft) != 0 ||
	    take_only(loader, node, draft) != 0)
		return loader->error->code;
	if (draft->ttl_name != NULL) {
		if (!model_name_valid(slice_from(draft->ttl_name)))
			return schema_error(loader, schema_find(loader, node, "ttl"),
					    "the TTL attribute's name has 1 to 63 letters, digits, _ or -");
		memset(options->model.ttl_name, 0, KEY_NAME_MAX);
		memcpy(options->model.ttl_name, draft->ttl_name, strlen(draft->ttl_name));
	}
	mix->transaction_min = draft->transaction_items.min;
	mix->transaction_max = draft->transaction_items.max;
	if (mix->transaction_min < 1 || mix->transaction_max > 100)
		return schema_error(loader, schema_find(loader, node, "operations"),
				    "a transaction has 1 to 100 items");
	if (mix->burst_gap_us < 1)
		mix->burst_gap_us = 1;
	options->model.skew = (unsigned)draft->skew;
	options->model.clock_us = clocks_us[draft->clock];
	options->shards = (unsigned)draft->export_shards;
	options->windows = (unsigned)draft->windows;
	options->format = stream_format_at((size_t)draft->format);
	for (uint32_t i = 0; i < draft->fault_count; i++) {
		struct error why = {0, ""};
		if (generator_parse_faults(draft->faults[i], options, &why) != 0)
			return schema_error(loader, schema_find(loader, node, "faults"), "%s", why.message);
	}
	return 0;
}

/* ---- loading ---- */

int workload_file_parse(const char *path, struct slice text, struct generator_options *options,
			struct workload_file **result, struct error *error)
{
	struct workload_file *file = calloc(1, sizeof(*file));

	*result = NULL;
	if (file == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory while reading \"%s\"", path);
	arena_init(&file->arena, WORKLOAD_MEMORY_MAX);
	struct schema_loader loader = {.arena = &file->arena, .path = path, .what = "workload", .error = error};
	struct draft draft = {
		.options = *options,
		.skew = options->model.skew,
		.export_shards = options->shards,
		.windows = options->windows,
		.key_awkward = 64,
		.transaction_items = {2, 10},
	};
	if (schema_parse(&loader, &workload_schema, text, &draft) != 0) {
		workload_file_free(file);
		return error->code;
	}
	file->table = draft.table;
	*options = draft.options;
	options->model.table = &file->table;
	*result = file;
	return 0;
}

int workload_file_load(const char *path, struct generator_options *options, struct workload_file **file,
		       struct error *error)
{
	struct buffer text;

	*file = NULL;
	buffer_init(&text, SCHEMA_FILE_MAX + 65536);
	int code = schema_read_file(path, "workload", &text, error);
	if (code == 0)
		code = workload_file_parse(path, buffer_slice(&text), options, file, error);
	buffer_release(&text);
	return code;
}

void workload_file_free(struct workload_file *file)
{
	if (file != NULL)
		arena_release(&file->arena);
	free(file);
}
