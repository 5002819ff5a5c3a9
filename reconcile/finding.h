/* finding - the stable ids of everything a run can find, and one found thing.
 *
 * A finding is not an error: it is counted, listed and weighed by the verdict. Ids are documented in docs/findings.md,
 * which the lint target holds against this table. Levels: fail (the lake is wrong), unknown (the evidence cannot carry
 * a PASS), warn (shown only); `severity:` in a contract can lower or raise them. */
#ifndef LAKEPROOF_RECONCILE_FINDING_H
#define LAKEPROOF_RECONCILE_FINDING_H

#include <stdint.h>

#include "base/slice.h"

enum finding_level { LEVEL_IGNORE = 0, LEVEL_WARN, LEVEL_UNKNOWN, LEVEL_FAIL };

/* FINDING(symbol, id, default level, what it says in a few words) */
#define FINDINGS                                                                                                       \
	FINDING(ROW_DUPLICATE, "row.duplicate", LEVEL_FAIL, "the lake holds the key more than once")                   \
	FINDING(ROW_MISSING, "row.missing", LEVEL_FAIL, "expected, not in the lake")                                   \
	FINDING(ROW_ZOMBIE, "row.zombie", LEVEL_FAIL, "deleted in DynamoDB, still in the lake")                        \
	FINDING(ROW_ZOMBIE_TTL, "row.zombie_ttl", LEVEL_FAIL, "removed by TTL, still in the lake")                     \
	FINDING(ROW_PHANTOM, "row.phantom", LEVEL_FAIL, "in the lake, known to no source")                             \
	FINDING(ROW_STALE, "row.stale", LEVEL_FAIL, "the lake holds an older image")                                   \
	FINDING(ROW_DIFFERS, "row.differs", LEVEL_FAIL, "the lake's values are not the item's")                        \
	FINDING(HISTORY_CURRENT, "history.current", LEVEL_FAIL,                                                        \
		"a version that still holds twice, or whose is_current and valid_to contradict")                       \
	FINDING(HISTORY_OVERLAP, "history.overlap", LEVEL_FAIL, "two versions that hold at one time")                  \
	FINDING(HISTORY_MISSING, "history.missing", LEVEL_FAIL, "a version that has no row")                           \
	FINDING(HISTORY_PHANTOM, "history.phantom", LEVEL_FAIL, "a version that begins when the item did not change")  \
	FINDING(HISTORY_DIFFERS, "history.differs", LEVEL_FAIL, "a version's values are not the item's")               \
	FINDING(HISTORY_END, "history.end", LEVEL_FAIL, "a version that ends too early, too late or not at all")       \
	FINDING(ROW_NULL_KEY, "row.null_key", LEVEL_FAIL, "a lake row whose key is null or no possible key")           \
	FINDING(VERSION_REGRESSED, "version.regressed", LEVEL_FAIL,                                                    \
		"a row that became an older image from one version to the next")                                       \
	FINDING(REPLAY_CHANGED, "replay.changed", LEVEL_FAIL, "the same input once more changed the table")            \
	FINDING(COLUMN_TYPE, "column.type", LEVEL_FAIL, "the table's column type is not the contract's")               \
	FINDING(COLUMN_UNMAPPED, "column.unmapped", LEVEL_UNKNOWN,                                                     \
		"a table column that the contract does not mention")                                                   \
	FINDING(ATTRIBUTE_UNMAPPED, "attribute.unmapped", LEVEL_UNKNOWN,                                               \
		"an item attribute that the contract does not mention")                                                \
	FINDING(VALUE_PRECISION_LOST, "value.precision_lost", LEVEL_FAIL, "a value that does not fit its column")      \
	FINDING(CHAIN_BROKEN, "chain.broken", LEVEL_UNKNOWN, "an old image is not its predecessor's image")            \
	FINDING(OVERLAP_CONTRADICTION, "overlap.contradiction", LEVEL_UNKNOWN,                                         \
		"an export's image is none that the capture allows")                                                   \
	FINDING(CAPTURE_LOST, "capture.lost", LEVEL_UNKNOWN, "two exports show a change that the capture lacks")       \
	FINDING(COVERAGE_HOLE, "coverage.hole", LEVEL_UNKNOWN, "a time that no capture covers")                        \
	FINDING(STAMP_CONFLICT, "stamp.conflict", LEVEL_UNKNOWN, "two different records with one stamp")               \
	FINDING(ORDER_AMBIGUOUS, "order.ambiguous", LEVEL_UNKNOWN, "which of the newest changes is last is not known") \
	FINDING(NOT_SETTLED, "not_settled", LEVEL_UNKNOWN, "too close to the edge of what was captured to tell")       \
	FINDING(IMAGE_UNKNOWN, "image.unknown", LEVEL_UNKNOWN, "the item exists, no source carries its last image")    \
	FINDING(STATE_UNKNOWN, "state.unknown", LEVEL_UNKNOWN, "no source says whether the item exists")               \
	FINDING(HISTORY_UNKNOWN, "history.unknown", LEVEL_UNKNOWN, "versions that no capture shows")                   \
	FINDING(KEY_COLLISION, "key.collision", LEVEL_UNKNOWN, "several items have one row's key")                     \
	FINDING(KEY_UNMATCHED, "key.unmatched", LEVEL_UNKNOWN, "an item of the lake that gives no row's key")          \
	FINDING(SCOPE_UNDATED, "scope.undated", LEVEL_WARN, "an item without the date that the lake's scope goes by")  \
	FINDING(ITEM_UNROUTED, "item.unrouted", LEVEL_WARN, "an item that no lake takes")                              \
	FINDING(SOURCE_MIXED, "source.mixed", LEVEL_UNKNOWN, "sources of different tables")                            \
	FINDING(SOURCE_GONE, "source.gone", LEVEL_UNKNOWN, "a file that was merged is no longer there")                \
	FINDING(SOURCE_CHANGED, "source.changed", LEVEL_UNKNOWN, "a file is not what it was when it was merged")       \
	FINDING(RECORD_UNREADABLE, "record.unreadable", LEVEL_UNKNOWN, "a record that cannot be read")                 \
	FINDING(RECORD_FAILED_DELIVERY, "record.failed_delivery", LEVEL_WARN,                                          \
		"records that Firehose could not deliver")                                                             \
	FINDING(RECORD_EMULATED, "record.emulated", LEVEL_WARN, "records as emulators write them")                     \
	FINDING(EXPORT_MD5, "export.md5", LEVEL_UNKNOWN, "an export's file does not match its checksum")               \
	FINDING(EXPORT_COUNT, "export.count", LEVEL_UNKNOWN, "an export's file does not hold as many items as stated") \
	FINDING(EXPORT_VERSION, "export.version", LEVEL_UNKNOWN, "an export manifest of a version not known here")     \
	FINDING(EXPORT_MISSING, "export.missing", LEVEL_UNKNOWN, "a data file named by the manifest is not there")     \
	FINDING(EXPORT_UNFINISHED, "export.unfinished", LEVEL_UNKNOWN, "a dump of items that says it is not all")      \
	FINDING(EXPORT_EXTRA, "export.extra", LEVEL_UNKNOWN, "a data file that the manifest does not name")            \
	FINDING(ACCEPT_EXPIRED, "accept.expired", LEVEL_WARN, "a known finding whose date has passed")                 \
	FINDING(ACCEPT_UNUSED, "accept.unused", LEVEL_WARN, "a known finding that is no longer there")                 \
	FINDING(LAKE_NEWER, "lake.newer", LEVEL_WARN, "the table version was committed after the evidence ends")

enum finding_id {
#define FINDING(symbol, id, level, summary) FINDING_##symbol,
	FINDINGS
#undef FINDING
		FINDING_COUNT
};

struct finding_kind {
	const char *id;
	enum finding_level level;
	const char *summary;
};

extern const struct finding_kind finding_kinds[FINDING_COUNT];
/* FINDING_COUNT when there is none of that id. */
enum finding_id finding_from_text(const char *id);
const char *finding_level_text(enum finding_level level);

/* A column whose two sides differ; texts are JSON values, cut when long, or where hidden, words that stand for one
 * (reconcile/contract/disclosure.h). */
struct finding_column {
	const char *name;
	const char *expected, *actual;
	bool expected_hidden, actual_hidden;
	bool same;        /* both sides are known and equal: only where every column was asked for */
	const char *note; /* "does not fit decimal(10,2)", or NULL */
};

/* A record that bears on the finding. */
struct finding_record {
	const char *role; /* "decided", "older image", "missed", "broken" */
	const char *path;
	bool has_position;
	uint64_t record, offset;
};

enum { FINDING_COLUMNS_MAX = 32, FINDING_RECORDS_MAX = 12 };

struct finding {
	enum finding_id id;
	const char *key_json;  /* NULL without a key */
	const char *digest;    /* what a line of `accept:` names this difference by; NULL when none could */
	bool within_tolerance; /* every column that differs is: the key is equal */
	const char *cause;     /* one sentence: what most likely happened */
	struct finding_column columns[FINDING_COLUMNS_MAX];
	uint32_t column_count;
	uint32_t columns_more; /* differing columns beyond those */
	struct finding_record records[FINDING_RECORDS_MAX];
	uint32_t record_count;
};

#endif
