/* faults - what can go wrong between a table and the files that tell of it: the kinds, how they are asked for, how they
 * are logged.
 *
 * A fault is a kind, a rate, a part of the window and a target: NAME[:RATE][@FROM-TO][/TARGET], where the rate is a
 * count, a share of what the target leaves, or what its kind takes instead, FROM and TO are percent of the window by
 * the time of the change, and the target is insert, modify, remove, ttl, entity=NAME, shard=N, item=N, export=N or
 * window=N. Faults compose: each is planned on its own, from randomness of its own, in the order of the kinds. Every
 * fault is one line or more of the fault log (JSON: fault, class, file, record, offset, key …). */
#ifndef LAKEPROOF_GENERATORS_FAULTS_H
#define LAKEPROOF_GENERATORS_FAULTS_H

#include "generators/workload.h"

/* How many of n: a count, or so many per million; both 0 for none. */
struct fault_rate {
	uint64_t count;
	uint64_t ppm;
};

static inline bool fault_rate_is_set(struct fault_rate rate)
{
	return rate.count > 0 || rate.ppm > 0;
}

/* What is known afterwards: all that was known before; less; or something an emulator or a clock made up. */
enum fault_harm { FAULT_HARMLESS = 0, FAULT_LOSES, FAULT_ODD };
enum fault_stage { STAGE_LOSS = 0, STAGE_ORDER, STAGE_RECORD, STAGE_FILE, STAGE_EXPORT, STAGE_WINDOW };

/* id, name, class, stage, harm, default count, default share per million, what the rate is, what happens. Classes:
 * order and replay O, deletes and TTL D, backfill B, types T, landing L (docs/generate.md). */
#define FAULT_KINDS(KIND)                                                                                              \
	KIND(DROP_RECORD, "drop-record", "O3", LOSS, LOSES, 0, 1000, "records", "records that never arrive")           \
	KIND(DROP_REMOVE, "drop-remove", "D9", LOSS, LOSES, 0, 1000000, "removes", "removes that never arrive")        \
	KIND(LATE_START, "late-start", "B2", LOSS, LOSES, 60, 0, "seconds",                                            \
	     "the capture starts so many seconds after the export's interval; the contract does not claim otherwise")  \
	KIND(ERROR_PREFIX, "error-prefix", "L4", LOSS, LOSES, 1, 0, "records",                                         \
	     "records that land under `errors/processing-failed/` instead, as Firehose leaves what it could not "      \
	     "process")                                                                                                \
	KIND(CHILD_FIRST, "child-first", "O1", ORDER, HARMLESS, 2, 0, "files of each split",                           \
	     "files of child shards arrive before the last ones of their parent")                                      \
	KIND(LATE, "late", "D3", ORDER, HARMLESS, 600, 0, "seconds",                                                   \
	     "records arrive so many seconds after their change, and not before")                                      \
	KIND(SWAP_BATCH, "swap-batch", "O5", ORDER, HARMLESS, 0, 500000, "files",                                      \
	     "records of one key change places within a file")                                                         \
	KIND(PUT_AS_REMOVE, "put-as-remove", "L7", ORDER, ODD, 0, 1000, "modifies",                                    \
	     "an emulator's oddity: a REMOVE of the key comes before the MODIFY")                                      \
	KIND(DUPLICATE, "duplicate", "O4", ORDER, HARMLESS, 0, 10000, "records",                                       \
	     "a copy in the same file or one of the next three")                                                       \
	KIND(SHUFFLE, "shuffle", "O4", ORDER, HARMLESS, 50, 0, "records in a run",                                     \
	     "records change places within runs of so many")                                                           \
	KIND(REUPLOAD, "reupload", "O14", ORDER, HARMLESS, 1, 0, "files", "a file beside itself, as `…-copy`")         \
	KIND(REPLAY, "replay", "O12", ORDER, HARMLESS, 3, 0, "files",                                                  \
	     "earlier files again at the end, as after a lost checkpoint; 100% is the whole history")                  \
	KIND(HALF_BATCH, "half-batch", "O13", ORDER, HARMLESS, 1, 0, "files",                                         \
	     "a file's first half beside it, as `…-half`: its writer crashed and wrote it again")                    \
	KIND(NUMBER_DOUBLE, "number-double", "T4", RECORD, LOSES, 0, 1000, "records",                                  \
	     "numbers in the images that have more than 17 digits went through a double")                              \
	KIND(SET_AS_LIST, "set-as-list", "T6", RECORD, LOSES, 0, 1000, "records", "sets in the images are lists")      \
	KIND(BINARY_AS_TEXT, "binary-as-text", "T7", RECORD, LOSES, 0, 1000, "records",                                \
	     "binary values in the images are texts, in base64")                                                       \
	KIND(NUMBER_SPELLING, "number-spelling", "T1", RECORD, HARMLESS, 0, 100000, "records",                         \
	     "numbers with exponents or trailing zeros: 1.7E+12, 12.50")                                               \
	KIND(TIME_MS, "time-ms", "O7", RECORD, ODD, 0, 1000, "records", "stamps in milliseconds instead of seconds")   \
	KIND(TIME_US, "time-us", "O7", RECORD, ODD, 0, 1000, "records", "stamps in microseconds instead of seconds")   \
	KIND(NO_TTL_MARKER, "no-ttl-marker", "D5", RECORD, ODD, 0, 1000000, "TTL deletes",                             \
	     "deletes by TTL without the service's identity")                                                          \
	KIND(EMPTY_IMAGE, "empty-image", "L7", RECORD, LOSES, 1, 0, "records",                                         \
	     "an emulator's oddity: an image is `{}`")                                                                 \
	KIND(BAD_JSON, "bad-json", "L3", RECORD, LOSES, 1, 0, "records",                                               \
	     "a record's first half only; the next record follows at once")                                            \
	KIND(BAD_DUPLICATE_KEY, "bad-duplicate-key", "L3", RECORD, LOSES, 1, 0, "records",                             \
	     "the partition key twice in one object")                                                                  \
	KIND(BAD_TYPE_TAG, "bad-type-tag", "L3", RECORD, LOSES, 1, 0, "records",                                       \
	     "an attribute `{\"X\":\"1\"}` among the keys")                                                            \
	KIND(BAD_NUMBER, "bad-number", "L3", RECORD, LOSES, 1, 0, "records", "a number of 39 digits among the keys")   \
	KIND(BAD_KEY_MISSING, "bad-key-missing", "L3", RECORD, LOSES, 1, 0, "records", "no partition key")             \
	KIND(BAD_KEY_TYPE, "bad-key-type", "L3", RECORD, LOSES, 1, 0, "records", "a partition key that is BOOL")       \
	KIND(BAD_UTF8, "bad-utf8", "L2", RECORD, LOSES, 1, 0, "records", "a lone byte 0xff in a string of the keys")   \
	KIND(BAD_DEEP, "bad-deep", "L3", RECORD, LOSES, 1, 0, "records", "lists nested 40 deep among the keys")        \
	KIND(BAD_HUGE, "bad-huge", "L3", RECORD, LOSES, 1, 0, "records", "a record of 17 MB")                          \
	KIND(TRUNCATE_GZIP, "truncate-gzip", "L2", FILE, LOSES, 1, 0, "files",                                         \
	     "landed files without their last third; needs gzip")                                                      \
	KIND(TRUNCATE_LINE, "truncate-line", "L2", FILE, LOSES, 1, 0, "files",                                         \
	     "the last record's second half is gone")                                                                  \
	KIND(BOM, "bom", "L2", FILE, HARMLESS, 0, 100000, "files", "a byte order mark stands before the first record") \
	KIND(CRLF, "crlf", "L2", FILE, HARMLESS, 0, 100000, "files", "lines end in CR LF")                             \
	KIND(NO_NEWLINE, "no-newline", "L1", FILE, HARMLESS, 0, 100000, "files",                                       \
	     "nothing stands between records, as Firehose leaves them")                                                \
	KIND(EXPORT_TWICE, "export-twice", "B4", EXPORT, HARMLESS, 1, 0, "exports",                                    \
	     "the same export again, under another ID; the contract names both")                                       \
	KIND(STRAY_EXPORT, "stray-export", "L5", EXPORT, LOSES, 1, 0, "one export",                                    \
	     "the export was put under events/, among the records")                                                    \
	KIND(EXPORT_FUZZ, "export-fuzz", "B1", EXPORT, ODD, 600, 0, "seconds",                                         \
	     "items' cuts lie up to so many seconds from the export's time: more than the service promises")           \
	KIND(MISSING_EXPORT_FILE, "missing-export-file", "B7", EXPORT, LOSES, 1, 0, "one file",                        \
	     "the manifest names a data file that is not there")                                                       \
	KIND(WRONG_MD5, "wrong-md5", "B7", EXPORT, LOSES, 1, 0, "one file", "the manifest has the MD5 of other bytes") \
	KIND(WRONG_COUNT, "wrong-count", "B7", EXPORT, LOSES, 1, 0, "one file", "the manifest says one item too many") \
	KIND(TRUNCATE_EXPORT, "truncate-export", "B7", EXPORT, LOSES, 1, 0, "one file",                                \
	     "a data file without its last third")                                                                 \
	KIND(MISSING_WINDOW, "missing-window", "B6", WINDOW, LOSES, 1, 0, "one window",                                \
	     "an incremental export that was never made")                                                              \
	KIND(WINDOW_OVERLAP, "window-overlap", "B6", WINDOW, ODD, 1, 0, "one window",                                  \
	     "an incremental export begins in the middle of the one before")                                           \
	KIND(WINDOW_AGAIN, "window-again", "B9", WINDOW, HARMLESS, 1, 0, "one window",                                 \
	     "the same window exported again, after all others")

#define FAULT_ID(id, name, class, stage, harm, count, ppm, unit, help) FAULT_##id,
enum fault_id { FAULT_KINDS(FAULT_ID) FAULT_COUNT };
#undef FAULT_ID

struct fault_kind {
	const char *name, *class_id;
	enum fault_stage stage;
	enum fault_harm harm;
	struct fault_rate rate; /* unless one is given */
	const char *unit, *help;
};
extern const struct fault_kind fault_kinds[FAULT_COUNT];

enum { FAULTS_MAX = 64, FAULT_ENTITY_MAX = 64 };

struct fault {
	enum fault_id id;
	struct fault_rate rate;
	unsigned from_percent, to_percent; /* of the window: [from, to), to 100 inclusive */
	unsigned events;                   /* bit per enum change_kind; 0: any */
	int64_t shard, item;               /* -1: any */
	unsigned export_index;
	unsigned window; /* which incremental export, from 1; 0: none in particular */
	char entity[FAULT_ENTITY_MAX]; /* "": any */
};

/* The whole window, any target, the kind's own rate. */
struct fault fault_make(enum fault_id id);
/* One fault as text. ERROR_USAGE with what is wrong. */
int fault_parse(const char *text, struct fault *fault, struct error *error) MUST_USE;
/* "1%", "0.05%", "12", "0" or "none". */
int fault_parse_rate(const char *text, struct fault_rate *rate, struct error *error) MUST_USE;
/* How many of n a rate asks for; a share of something asks for at least one. */
uint64_t fault_rate_of(struct fault_rate rate, uint64_t n);
/* Whether a change lies in the fault's part of the window and is of its target. */
bool fault_hits(const struct fault *fault, const struct model *model, const struct change *change);

/* One line of the log about one change; file may be NULL; record and offset count within it. */
int fault_log_record(const struct model *model, const struct history *history, enum fault_id id, const char *file,
		     uint64_t record, uint64_t offset, uint64_t change, struct buffer *log) MUST_USE;
/* One line about a file; `detail` is a further JSON member such as "\"of\":\"…\"", or NULL. */
int fault_log_file(enum fault_id id, const char *file, const char *detail, struct buffer *log) MUST_USE;

#endif
