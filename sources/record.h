/* record - one record of any source file, in one shape: what it says of one key, as tokens.
 *
 * Readers (sources/export.h, sources/events.h) deliver records to a sink. A record borrows everything from its reader
 * and dies when the sink returns. It knows nothing of contracts: images are token indexes, not digests.
 *
 * Invariant: a record that is delivered names a key object; one whose key cannot be found is a problem instead. */
#ifndef LAKEPROOF_SOURCES_RECORD_H
#define LAKEPROOF_SOURCES_RECORD_H

#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "base/slice.h"

/* What is known of an item at one moment. Ordered: higher knows more. */
enum item_state {
	STATE_UNKNOWN = 0, /* nothing */
	STATE_ABSENT = 1,
	STATE_PRESENT = 2, /* it exists, its image is not known */
	STATE_IMAGE = 3    /* it exists and the image is known */
};

enum record_kind {
	RECORD_ITEM,  /* an item as a snapshot has it: after is STATE_IMAGE */
	RECORD_CHANGE /* a change: before -> after */
};

enum ttl_mark { TTL_NO = 0, TTL_YES = 1, TTL_UNKNOWN = 2 };

/* What stamps a change. */
enum record_order {
	ORDER_STREAM = 0, /* the sequence number of a DynamoDB stream, which stream_arn names */
	ORDER_KINESIS     /* its time alone: Kinesis Data Streams, of `table` in `region` */
};

enum { SEQUENCE_SIZE = 17 }; /* bytes, big-endian: holds 40 decimal digits, so memcmp is numeric order */

enum record_flag {
	RECORD_DAMAGED = 1,  /* the key is sure, (part of) the rest is not: images must not be trusted */
	RECORD_EMULATED = 2, /* written as emulators write it and the service does not, such as an empty image */
	RECORD_FAILED =
		4 /* its delivery was given up: that it is here does not say that its neighbours were captured */
};

struct record {
	enum record_kind kind;
	uint32_t flags;
	const struct json_token *tokens;
	uint32_t keys;         /* object token that holds the key attributes: Keys, or the Item itself */
	uint32_t after_image;  /* object token; meaningful only with after == STATE_IMAGE */
	uint32_t before_image; /* likewise with before */
	enum item_state after;
	enum item_state before;
	enum ttl_mark ttl; /* of a delete: whether the TTL service made it */
	bool has_sequence;
	uint8_t sequence[SEQUENCE_SIZE];
	bool has_time;
	int64_t time_lo_us, time_hi_us; /* when it happened: [lo, hi) */
	enum record_order order;        /* of a change */
	struct slice stream_arn;        /* empty when the record does not say */
	struct slice table, region;     /* ORDER_KINESIS: likewise */
	struct slice event_id;          /* likewise */
	struct slice raw;               /* its bytes in the file, its wrapping included; of Ion as JSON */
	uint64_t number;                /* ordinal in the file, from 0, over records delivered or not */
	uint64_t offset;                /* of its first byte in the uncompressed file */
};

/* Something in a file that is not as it must be. */
struct problem {
	const char *id; /* a finding's id: "record.unreadable", "export.md5", "export.count", "export.missing", … */
	const char *path;
	bool has_position;
	uint64_t record, offset;
	struct slice raw;    /* the record's bytes in the file; empty when it could not be framed */
	bool delivered;      /* the sink got this record just before, marked RECORD_DAMAGED: only its key is in doubt */
	const char *message; /* lower case, no full stop: what, and what to do next */
};

struct record_sink {
	void *context;
	/* Nonzero stops the reader, which returns it. */
	int (*record)(void *context, const struct record *record, struct error *error);
	int (*problem)(void *context, const struct problem *problem, struct error *error);
};

/* What was seen of one file. */
struct file_result {
	uint64_t records;    /* delivered */
	uint64_t unreadable; /* set aside as problems */
	uint64_t bytes;      /* uncompressed */
	uint64_t stored_bytes;
	bool complete; /* everything the file should hold was read and every check it carries matched; when false its
			  records must not count */
};

/* Decimal text of 1 to 40 digits (any number of leading zeros) to the comparable form. */
bool sequence_parse(struct slice text, uint8_t sequence[SEQUENCE_SIZE]) MUST_USE;
/* Back to decimal text without leading zeros. */
void sequence_format(const uint8_t sequence[SEQUENCE_SIZE], char text[48]);

#endif
