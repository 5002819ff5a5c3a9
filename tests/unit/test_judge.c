/* What the streaming judge makes of a key's history: every rule of docs/semantics.md and every row of its table, by
 * small histories in the notation of tests/property/notation.h. Each is judged again with its records shuffled over
 * files and delivered twice: nothing but origins and the count of duplicates may change. */
#include "base/prng.h"
#include "tests/property/notation.h"
#include "tests/tap.h"

struct history {
	const char *sentence, *records, *outcome;
};

/* An export at 10:00 (3600), its interval 3540 to 3660, and a stream that was captured from 0 to 7200. */
#define TABLE "export 1 at 3600; capture 0 to 7200;"

static const struct history sides[] = {
	{"an insert on what the export lacks fits", TABLE "change seq 1 at 4000 none > m; row m",
	 "m by change #1 at 4000, ROW: EQUAL"},
	{"an insert on what the export holds breaks the chain", TABLE "item 1 m; change seq 1 at 4000 none > n; row n",
	 "n by change #2 at 4000, ROW: UNPROVEN, because CHAIN, breaks 1, broken #2"},
	{"a remove of what the export lacks breaks the chain", TABLE "change seq 1 at 4000 m > none",
	 "none by change #1 at 4000, NONE: UNPROVEN, because CHAIN, breaks 1, broken #1"},
	{"keys-only records fit any live item",
	 TABLE "item 1 m; change seq 1 at 4000 ? > ?; change seq 2 at 4001 ? > n; row n",
	 "n by change #3 at 4001, ROW: EQUAL"},
	{"a damaged record fits anything and proves nothing",
	 TABLE "item 1 m; change seq 1 at 4000 unknown > none damaged; change seq 2 at 4001 none > n; row z",
	 "n by change #3 at 4001, ROW: UNPROVEN, because DAMAGED"},
	{"a damaged record before the export is healed by it",
	 TABLE "change seq 1 at 100 unknown > ? damaged; item 1 m; row m", "m by snapshot #2 at 3540, ROW: EQUAL"},
};

static const struct history groups[] = {
	{"a redelivered record is the same change",
	 TABLE "item 1 m; change seq 5 at 4000 m > n; change seq 5 at 4000 m > n; row n",
	 "n by change #2 at 4000, ROW: EQUAL, duplicates 1"},
	{"a late old put does not undo a delete",
	 TABLE "item 1 m; change seq 9 at 4100 n > none; change seq 8 at 4000 m > n",
	 "none by change #2 at 4100, NONE: DELETED"},
	{"one sequence number with two images is a conflict, either of which may be right",
	 TABLE "item 1 m; change seq 5 at 4000 m > n; change seq 5 at 4000 m > o; row n",
	 "o by change #3 at 4000, ROW: UNPROVEN, because CONFLICT, duplicates 1, conflicts 1, broken #3"},
	{"what is neither of two conflicting images is wrong",
	 TABLE "item 1 m; change seq 5 at 4000 m > n; change seq 5 at 4000 m > o; row p",
	 "o by change #3 at 4000, ROW: DIFFERENT row.differs, because CONFLICT, duplicates 1, conflicts 1, broken #3"},
	{"a conflict of the past leaves the key unproven, but its other image wrong",
	 TABLE "item 1 m; change seq 5 at 4000 m > n; change seq 5 at 4000 m > o; change seq 6 at 4001 o > p; row n",
	 "p by change #4 at 4001, ROW: DIFFERENT row.stale #2, missed 1: #4, because CONFLICT, duplicates 1, conflicts "
	 "1, "
	 "broken #3"},
	{"members with and without image are one change, the image counts",
	 TABLE "item 1 m; change seq 5 at 4000 m > ?; change seq 5 at 4000 ? > n; row n",
	 "n by change #3 at 4000, ROW: EQUAL, duplicates 1"},
	{"a delete is TTL's if any delivery says so",
	 TABLE "item 1 m; change seq 5 at 4000 m > none perhaps ttl; change seq 5 at 4000 m > none by ttl; row m",
	 "none by change #2 at 4000, by ttl, NONE: DIFFERENT row.zombie_ttl, duplicates 1"},
	{"sequence zero is a sequence",
	 TABLE "item 1 m; change seq 0 at 4000 m > n; change event 1 at 4000 m > n; row n",
	 "n by change #2 at 4000, ROW: EQUAL"},
};

static const struct history snapshots[] = {
	{"the export decides what no change touches", TABLE "item 1 m; row m", "m by snapshot #1 at 3540, ROW: EQUAL"},
	{"a complete export proves an absence", TABLE "change seq 1 at 10 none > m; row m",
	 "none by snapshot at 3540, NONE: DIFFERENT row.zombie, because OVERLAP, overlap"},
	{"an incomplete export proves no absence",
	 "export 1 at 3600 incomplete; capture 0 to 7200; change seq 1 at 10 none > m; row m",
	 "m by change #1 at 10, ROW: EQUAL"},
	{"an incomplete export's items count", "export 1 at 3600 incomplete; capture 0 to 7200; item 1 m; row m",
	 "m by snapshot #1 at 3540, ROW: EQUAL"},
	{"the change that ends as the interval begins is before it",
	 "export 1 at 3600; capture 3539 to 7200; change seq 1 at 3539 ? > m; item 1 m; row m",
	 "m by snapshot #2 at 3540, ROW: EQUAL"},
	{"the change that begins as the interval ends is after it", TABLE "item 1 m; change seq 1 at 3660 n > o; row o",
	 "o by change #2 at 3660, ROW: UNPROVEN, because CHAIN, breaks 1, broken #2"},
	{"the change a second earlier is inside, and not held to the export",
	 TABLE "item 1 m; change seq 1 at 3659 m > o; row o", "o by change #2 at 3659, ROW: EQUAL"},
	{"an export that says nothing of the key leaves the older one in charge",
	 "export 1 at 3600; export 2 at 7000 incomplete; capture 0 to 7200; item 1 m; row m",
	 "m by snapshot #1 at 3540, ROW: EQUAL"},
	{"two unlike items of one export are a conflict, both possible", TABLE "item 1 m; item 1 n; row m",
	 "n by snapshot #2 at 3540, ROW: UNPROVEN, because CONFLICT, conflicts 1, broken #2"},
	{"the same item twice is none", TABLE "item 1 m; item 1 m; row m", "m by snapshot #1 at 3540, ROW: EQUAL"},
};

static const struct history winners[] = {
	{"between streams the later time wins",
	 "capture 0 to 7200; capture 0 to 7200 domain 2; change seq 9 at 4000 ? > m; change domain 2 seq 1 at 4001 ? > "
	 "n; row n",
	 "n by change #2 at 4001, ROW: EQUAL"},
	{"in one second of two streams either may be last",
	 "capture 0 to 7200; capture 0 to 7200 domain 2; change seq 9 at 4000 ? > m; change domain 2 seq 1 at 4000 ? > "
	 "n; row m",
	 "n by change #2 at 4000, ROW: UNPROVEN, because AMBIGUOUS"},
	{"`ambiguous: accept` takes the other one",
	 "ambiguous accept; capture 0 to 7200; capture 0 to 7200 domain 2;"
	 "change seq 9 at 4000 ? > m; change domain 2 seq 1 at 4000 ? > n; row m",
	 "n by change #2 at 4000, ROW: EQUAL"},
	{"`ambiguous: accept` takes no third",
	 "ambiguous accept; capture 0 to 7200; capture 0 to 7200 domain 2;"
	 "change seq 9 at 4000 ? > m; change domain 2 seq 1 at 4000 ? > n; row o",
	 "n by change #2 at 4000, ROW: DIFFERENT row.differs"},
	{"two streams that say the same are not ambiguous",
	 "capture 0 to 7200; capture 0 to 7200 domain 2; change seq 9 at 4000 ? > m; change domain 2 seq 1 at 4000 ? > "
	 "m; row m",
	 "m by change #2 at 4000, ROW: EQUAL"},
	{"a nameless stream's records are ordered with those of the stream it stands for",
	 "alias 2 1; capture 0 to 7200; change seq 9 at 4000 ? > m; change domain 2 seq 8 at 4000 ? > n; row m",
	 "m by change #1 at 4000, ROW: EQUAL"},
	{"without sequence numbers one second is ambiguous",
	 "capture 0 to 7200; change event 1 at 4000 ? > m; change event 2 at 4000 ? > n; row m",
	 "n by change #2 at 4000, ROW: UNPROVEN, because AMBIGUOUS"},
	{"and what none of its changes left is wrong",
	 "capture 0 to 7200; change event 1 at 4000 ? > m; change event 2 at 4000 ? > n; row o",
	 "n by change #2 at 4000, ROW: DIFFERENT row.differs, because AMBIGUOUS"},
	{"without sequence numbers two seconds are not",
	 "capture 0 to 7200; change event 1 at 4000 ? > m; change event 2 at 4001 ? > n; row n",
	 "n by change #2 at 4001, ROW: EQUAL"},
	{"of three sequence-less changes the one before last is possible too, when the last two leave the same",
	 "capture 0 to 7200; change event 1 at 4000 ? > m; change event 2 at 4000 ? > n; change event 3 at 4000 ? > n; "
	 "row m",
	 "n by change #3 at 4000, ROW: UNPROVEN, because AMBIGUOUS"},
	{"a sequence-less delete that TTL may have made is possible, with the image that it carries",
	 "ttl keep; capture 0 to 7200;"
	 "change event 1 at 4000 m@3000 > none perhaps ttl; change event 2 at 4000 ? > n@3000; row m",
	 "n@3000 by change #2 at 4000, ROW: UNPROVEN, because AMBIGUOUS"},
	{"but with no other",
	 "ttl keep; capture 0 to 7200;"
	 "change event 1 at 4000 m@3000 > none perhaps ttl; change event 2 at 4000 ? > n@3000; row q",
	 "n@3000 by change #2 at 4000, ROW: DIFFERENT row.differs, because AMBIGUOUS"},
	{"when it carries none, nobody knows with which",
	 "ttl keep; capture 0 to 7200;"
	 "change event 1 at 4000 ? > none perhaps ttl; change event 2 at 4000 ? > n@3000; row q",
	 "n@3000 by change #2 at 4000, ROW: UNPROVEN, because IMAGE AMBIGUOUS"},
	{"`ambiguous: accept` takes no row for right because one of two images is not known",
	 "ambiguous accept; capture 0 to 7200;"
	 "change event 1 at 4000 ? > ?; change event 2 at 4000 ? > n; row q",
	 "n by change #2 at 4000, ROW: UNPROVEN, because IMAGE"},
	{"nor because TTL removed an item of unknown image",
	 "ambiguous accept; ttl keep; capture 0 to 7200; capture 0 to 7200 domain 2;"
	 "change seq 1 at 4000 ? > none by ttl; change domain 2 seq 1 at 4000 ? > n; row q",
	 "n by change #2 at 4000, ROW: UNPROVEN, because IMAGE"},
	{"nothing known under `baseline: none`", "capture 0 to 7200; row m",
	 "unknown by nothing, ANY: UNPROVEN, because STATE"},
	{"nothing known under `baseline: empty`", "baseline empty; capture 0 to 7200; row m",
	 "none by nothing, NONE: DIFFERENT row.phantom"},
};

static const struct history inside[] = {
	{"a capture through the whole interval lets the change win",
	 TABLE "item 1 m; change seq 1 at 3600 m > n; row n", "n by change #2 at 3600, ROW: EQUAL"},
	{"a capture that ends within it is settled by agreement",
	 "export 1 at 3600; capture 0 to 3620; item 1 n; change seq 1 at 3600 m > n; row n",
	 "n by change #2 at 3600, ROW: EQUAL"},
	{"and by an export that still shows the old image",
	 "export 1 at 3600; capture 0 to 3620; item 1 m; change seq 1 at 3600 m > n; row n",
	 "n by change #2 at 3600, ROW: EQUAL"},
	{"or the last change before the interval",
	 "export 1 at 3600; capture 0 to 3620; item 1 m; change seq 1 at 100 ? > m; change seq 2 at 3600 ? > n; row n",
	 "n by change #3 at 3600, ROW: EQUAL"},
	{"otherwise it is not settled, and the export possible",
	 "export 1 at 3600; capture 0 to 3620; item 1 o; change seq 1 at 3600 m > n; row o",
	 "n by change #2 at 3600, ROW: UNPROVEN, because NOT_SETTLED"},
	{"though nothing else is", "export 1 at 3600; capture 0 to 3620; item 1 o; change seq 1 at 3600 m > n; row p",
	 "n by change #2 at 3600, ROW: DIFFERENT row.differs, because NOT_SETTLED"},
};

static const struct history contradictions[] = {
	{"an export with an image that the capture never showed contradicts it",
	 TABLE "change seq 1 at 100 ? > m; item 1 n; row n",
	 "n by snapshot #2 at 3540, ROW: UNPROVEN, because OVERLAP, overlap"},
	{"any image of the interval is allowed",
	 TABLE "item 1 n; change seq 1 at 3590 m > n; change seq 2 at 3610 n > o; row o",
	 "o by change #3 at 3610, ROW: EQUAL"},
	{"so is the one it began with", TABLE "item 1 m; change seq 1 at 3590 m > n; row n",
	 "n by change #2 at 3590, ROW: EQUAL"},
	{"an image after the interval is not",
	 TABLE "change seq 1 at 100 ? > m; item 1 n; change seq 2 at 3700 m > n; row n",
	 "n by change #3 at 3700, ROW: UNPROVEN, because CHAIN OVERLAP, breaks 1, overlap, broken #3"},
	{"a capture that began after the change contradicts nothing",
	 "export 1 at 3600; capture 200 to 7200; change seq 1 at 100 ? > m; item 1 n; row n",
	 "n by snapshot #2 at 3540, ROW: EQUAL"},
	{"a filtered capture contradicts nothing",
	 "export 1 at 3600; capture 0 to 7200 filtered; change seq 1 at 100 ? > m; item 1 n; row n",
	 "n by snapshot #2 at 3540, ROW: EQUAL"},
	{"two exports with an unbroken capture between them, and a change it lacks: capture.lost",
	 "export 1 at 1000; export 2 at 3600; capture 900 to 7200; item 1 m; item 2 n; row n",
	 "n by snapshot #2 at 3540, ROW: UNPROVEN, because OVERLAP, overlap capture_lost"},
	{"with a hole between them nothing is lost",
	 "export 1 at 1000; export 2 at 3600; capture 2000 to 7200; item 1 m; item 2 n; row n",
	 "n by snapshot #2 at 3540, ROW: EQUAL"},
	{"each old image must be its predecessor's image",
	 TABLE "item 1 m; change seq 1 at 4000 m > n; change seq 2 at 4001 o > p; change seq 3 at 4002 p > q; row q",
	 "q by change #4 at 4002, ROW: UNPROVEN, because CHAIN, breaks 1, broken #3"},
	{"the last break is named", TABLE "item 1 m; change seq 1 at 4000 l > n; change seq 2 at 4001 o > p; row p",
	 "p by change #3 at 4001, ROW: UNPROVEN, because CHAIN, breaks 2, broken #3"},
	{"the export stands between a change before it and one after",
	 "export 1 at 3600; capture 200 to 7200; change seq 1 at 100 ? > m; item 1 n; change seq 2 at 4000 n > o; row "
	 "o",
	 "o by change #3 at 4000, ROW: EQUAL"},
	{"a filtered stream has no chain",
	 "export 1 at 3600; capture 0 to 7200 filtered; item 1 m; change seq 1 at 4000 n > o; row o",
	 "o by change #2 at 4000, ROW: EQUAL"},
	{"what was captured since creation began with nothing",
	 "baseline empty; capture 0 to 7200; change seq 1 at 4000 m > n; row n",
	 "n by change #1 at 4000, ROW: UNPROVEN, because CHAIN, breaks 1, broken #1"},
	{"a wrong row is wrong in a broken chain too", TABLE "item 1 m; change seq 1 at 4000 n > o; row p",
	 "o by change #2 at 4000, ROW: DIFFERENT row.differs, because CHAIN, breaks 1, broken #2"},
};

static const struct history reasons[] = {
	{"a hole after the decision makes anything possible", "export 1 at 3600; capture 4000 to 7200; item 1 m; row z",
	 "m by snapshot #1 at 3540, ROW: UNPROVEN, because HOLE"},
	{"a change after the hole is proven",
	 "export 1 at 3600; capture 4000 to 7200; item 1 m; change seq 1 at 4000 m > n; row n",
	 "n by change #2 at 4000, ROW: EQUAL"},
	{"an unreadable record makes anything possible", "unreadable;" TABLE "item 1 m; row z",
	 "m by snapshot #1 at 3540, ROW: UNPROVEN, because HOLE"},
	{"an unknown image allows any live row", TABLE "item 1 m; change seq 1 at 4000 m > ?; row z",
	 "? by change #2 at 4000, ROW: UNPROVEN, because IMAGE"},
	{"but not none", TABLE "item 1 m; change seq 1 at 4000 m > ?",
	 "? by change #2 at 4000, ROW: DIFFERENT row.missing, because IMAGE"},
	{"`settle:` holds back a judgement on a fresh change",
	 "settle 4000;" TABLE "item 1 m; change seq 1 at 4000 m > n; row m",
	 "n by change #2 at 4000, ROW: UNPROVEN, because NOT_SETTLED"},
	{"but not one on an older change", "settle 4001;" TABLE "item 1 m; change seq 1 at 4000 m > n; row m",
	 "n by change #2 at 4000, ROW: DIFFERENT row.stale #2 before, missed 1: #2"},
	{"`as_of` leaves out what came later", "as_of 4000;" TABLE "item 1 m; change seq 1 at 4000 m > n; row m",
	 "m by snapshot #1 at 3540, ROW: EQUAL"},
	{"a key of which `as_of` leaves nothing is nothing", "as_of 4000;" TABLE "change seq 1 at 4000 none > n",
	 "none by snapshot at 3540, NONE: NOTHING"},
	{"a row of which `as_of` leaves no fact is a phantom",
	 "as_of 4000;" TABLE "change seq 1 at 4000 none > n; row n",
	 "none by snapshot at 3540, NONE: DIFFERENT row.phantom"},
};

#define DELETED(maker) TABLE "item 1 m@3000; change seq 1 at 4000 m@3000 > none " maker ";"

static const struct history table[] = {
	{"IMAGE: the row with its digest", TABLE "item 1 m; row m", "m by snapshot #1 at 3540, ROW: EQUAL"},
	{"IMAGE: no other row", TABLE "item 1 m; row n", "m by snapshot #1 at 3540, ROW: DIFFERENT row.differs"},
	{"IMAGE: never equal when it does not fit", TABLE "item 1 m~; row m",
	 "m~ by snapshot #1 at 3540, ROW: DIFFERENT row.differs"},
	{"ABSENT, deletes: absent: no row", DELETED(""), "none by change #2 at 4000, NONE: DELETED"},
	{"ABSENT, deletes: absent: a flagged row is a row", DELETED("") "row m soft",
	 "none by change #2 at 4000, NONE: DIFFERENT row.zombie"},
	{"ABSENT, deletes: column: no row", "deletes column;" DELETED(""), "none by change #2 at 4000, NONE: DELETED"},
	{"ABSENT, deletes: column: a soft-deleted row, whatever its image", "deletes column;" DELETED("") "row z soft",
	 "none by change #2 at 4000, NONE: DELETED"},
	{"ABSENT, deletes: column: no live row", "deletes column;" DELETED("") "row m",
	 "none by change #2 at 4000, NONE: DIFFERENT row.zombie"},
	{"IMAGE, deletes: column: a soft-deleted row differs", "deletes column;" TABLE "item 1 m; row m soft",
	 "m by snapshot #1 at 3540, ROW: DIFFERENT row.differs"},
	{"TTL, ttl: keep: the last image", "ttl keep;" DELETED("by ttl") "row m",
	 "none by change #2 at 4000, by ttl, ROW: EQUAL"},
	{"TTL, ttl: keep: no other", "ttl keep;" DELETED("by ttl") "row n",
	 "none by change #2 at 4000, by ttl, ROW: DIFFERENT row.differs"},
	{"TTL, ttl: keep: not none", "ttl keep;" DELETED("by ttl"),
	 "none by change #2 at 4000, by ttl, ROW: DIFFERENT row.missing"},
	{"TTL, ttl: keep: the export's image when the delete lacks it and nothing lies between",
	 "ttl keep;" TABLE "item 1 m; change seq 1 at 4000 ? > none by ttl; row m",
	 "none by change #2 at 4000, by ttl, ROW: EQUAL"},
	{"TTL, ttl: keep: then no other is right",
	 "ttl keep;" TABLE "item 1 m; change seq 1 at 4000 ? > none by ttl; row z",
	 "none by change #2 at 4000, by ttl, ROW: DIFFERENT row.differs"},
	{"TTL, ttl: keep: the image of the change before it in its stream",
	 "ttl keep;" TABLE "item 1 m; change seq 1 at 3700 ? > n; change seq 2 at 4000 ? > none by ttl; row n",
	 "none by change #3 at 4000, by ttl, ROW: EQUAL"},
	{"TTL, ttl: keep: also without an export",
	 "ttl keep; capture 0 to 7200; change seq 1 at 3700 ? > n; change seq 2 at 4000 ? > none by ttl; row n",
	 "none by change #2 at 4000, by ttl, ROW: EQUAL"},
	{"TTL, ttl: keep: an export's image is the last known one, but not the last when a change without one follows",
	 "ttl keep;" TABLE "item 1 m; change seq 1 at 3700 ? > ?; change seq 2 at 4000 ? > none by ttl; row m",
	 "none by change #3 at 4000, by ttl, ROW: UNPROVEN, because IMAGE"},
	{"TTL, ttl: keep: an image that is not proven is equal to no row, yet a row there must be",
	 "ttl keep;" TABLE "item 1 m; change seq 1 at 3700 ? > ?; change seq 2 at 4000 ? > none by ttl",
	 "none by change #3 at 4000, by ttl, ROW: DIFFERENT row.missing, because IMAGE"},
	{"TTL, ttl: keep: nothing is proven of a delete inside the export's interval",
	 "ttl keep;" TABLE "item 1 m; change seq 1 at 3600 ? > none by ttl; row z",
	 "none by change #2 at 3600, by ttl, ROW: UNPROVEN, because IMAGE"},
	{"TTL, ttl: keep: nor across a hole",
	 "ttl keep; export 1 at 3600; capture 3700 to 7200; item 1 m; change seq 1 at 4000 ? > none by ttl; row m",
	 "none by change #2 at 4000, by ttl, ROW: UNPROVEN, because IMAGE"},
	{"TTL, ttl: keep: nor of a filtered stream",
	 "ttl keep; export 1 at 3600; capture 0 to 7200 filtered; item 1 m; change seq 1 at 4000 ? > none by ttl; "
	 "row m",
	 "none by change #2 at 4000, by ttl, ROW: UNPROVEN, because IMAGE"},
	{"TTL, ttl: keep: nor where another stream has a change too",
	 "ttl keep;" TABLE "capture 0 to 7200 domain 2; item 1 m; change domain 2 seq 1 at 3700 ? > n;"
	 "change seq 1 at 4000 ? > none by ttl; row m",
	 "none by change #3 at 4000, by ttl, ROW: UNPROVEN, because IMAGE"},
	{"TTL, ttl: keep: nor where a change has no sequence",
	 "ttl keep;" TABLE "item 1 m; change event 1 at 3700 ? > n; change seq 2 at 4000 ? > none by ttl; row n",
	 "none by change #3 at 4000, by ttl, ROW: UNPROVEN, because IMAGE"},
	{"TTL, ttl: keep: nor on a key whose chain is broken",
	 "ttl keep;" TABLE "item 1 m; change seq 1 at 3700 o > n; change seq 2 at 4000 ? > none by ttl; row m",
	 "none by change #3 at 4000, by ttl, ROW: UNPROVEN, because IMAGE CHAIN, breaks 1, broken #2"},
	{"TTL, ttl: delete: does not ask for the last image",
	 TABLE "item 1 m; change seq 1 at 3700 ? > ?; change seq 2 at 4000 ? > none by ttl",
	 "none by change #3 at 4000, by ttl, NONE: DELETED"},
	{"TTL, ttl: keep: an item that a user deletes goes", "ttl keep;" DELETED("") "row m",
	 "none by change #2 at 4000, NONE: DIFFERENT row.zombie"},
	{"TTL, ttl: delete: no row", DELETED("by ttl") "row m",
	 "none by change #2 at 4000, by ttl, NONE: DIFFERENT row.zombie_ttl"},
	{"TTL, ttl: soft: a soft-deleted row", "ttl soft; deletes column;" DELETED("by ttl") "row m soft",
	 "none by change #2 at 4000, by ttl, NONE: DELETED"},
	{"TTL unknown, ttl: keep: a live row with the last image", "ttl keep;" DELETED("perhaps ttl") "row m",
	 "none by change #2 at 4000, perhaps ttl, ANY: OUT_OF_SCOPE"},
	{"TTL unknown, ttl: keep: not with another one", "ttl keep;" DELETED("perhaps ttl") "row z",
	 "none by change #2 at 4000, perhaps ttl, ANY: DIFFERENT row.differs"},
	{"TTL unknown, ttl: keep: an older image is stale",
	 "ttl keep;" TABLE "item 1 n; change seq 1 at 3700 n > m@3000; change seq 2 at 4000 m@3000 > none perhaps ttl; "
	 "row n",
	 "none by change #3 at 4000, perhaps ttl, ANY: DIFFERENT row.stale #2 before, missed 2: #2 #3"},
	{"TTL unknown, ttl: keep: where nothing proves the last image, the last known one will do",
	 "ttl keep;" TABLE
	 "item 1 m@3000; change seq 1 at 3700 ? > ?; change seq 2 at 4000 ? > none perhaps ttl; row m",
	 "none by change #3 at 4000, perhaps ttl, ANY: OUT_OF_SCOPE"},
	{"TTL unknown, ttl: keep: of any other nobody knows",
	 "ttl keep;" TABLE
	 "item 1 m@3000; change seq 1 at 3700 ? > ?; change seq 2 at 4000 ? > none perhaps ttl; row z",
	 "none by change #3 at 4000, perhaps ttl, ANY: UNPROVEN, because IMAGE"},
	{"TTL unknown, ttl: keep: or none", "ttl keep;" DELETED("perhaps ttl"),
	 "none by change #2 at 4000, perhaps ttl, ANY: OUT_OF_SCOPE"},
	{"TTL unknown, but its time had not come: as any delete",
	 "ttl keep;" TABLE "item 1 m@4002; change seq 1 at 4000 m@4002 > none perhaps ttl; row m",
	 "none by change #2 at 4000, NONE: DIFFERENT row.zombie"},
	{"TTL unknown of an absence that an export proves",
	 "ttl keep; export 1 at 1000; export 2 at 3600; item 1 m@3660; row m",
	 "none by snapshot at 3540, perhaps ttl, ANY: OUT_OF_SCOPE"},
	{"then another image than the last known is not proven wrong, and never right",
	 "ttl keep; export 1 at 1000; export 2 at 3600; item 1 m@3660; row z",
	 "none by snapshot at 3540, perhaps ttl, ANY: UNPROVEN, because IMAGE"},
	{"but not when its time had not come", "ttl keep; export 1 at 1000; export 2 at 3600; item 1 m@3661; row m",
	 "none by snapshot at 3540, NONE: DIFFERENT row.zombie"},
	{"no lake: proven is equal", "no lake;" TABLE "item 1 m", "m by snapshot #1 at 3540, ROW: EQUAL"},
	{"no lake: proven absent is deleted", "no lake;" DELETED(""), "none by change #2 at 4000, NONE: DELETED"},
};

static const struct history findings[] = {
	{"two rows are a duplicate", TABLE "item 1 m; row m; row m",
	 "m by snapshot #1 at 3540, ROW: DIFFERENT row.duplicate"},
	{"and of an unproven key too", "unreadable;" TABLE "row m; row n",
	 "none by snapshot at 3540, NONE: DIFFERENT row.duplicate, because HOLE"},
	{"no row is missing", TABLE "item 1 m", "m by snapshot #1 at 3540, ROW: DIFFERENT row.missing"},
	{"a row that nobody knows is a phantom", TABLE "row m",
	 "none by snapshot at 3540, NONE: DIFFERENT row.phantom"},
	{"under `ttl: keep` an old unknown row is archived", "ttl keep;" TABLE "row m@-1",
	 "none by snapshot at 3540, NONE: OUT_OF_SCOPE"},
	{"a row that fell behind is stale, and what it missed is told",
	 TABLE "item 1 m; change seq 1 at 4000 m > n; change seq 2 at 4001 n > o; change seq 3 at 4002 o > p; row n",
	 "p by change #4 at 4002, ROW: DIFFERENT row.stale #3 before, missed 2: #3 #4"},
	{"by an after when no later record has it as its before",
	 TABLE "item 1 m; change seq 1 at 4000 m > n; change seq 2 at 4001 ? > o; row n",
	 "o by change #3 at 4001, ROW: DIFFERENT row.stale #2, missed 1: #3"},
	{"a row that the export alone holds missed the changes since",
	 TABLE "change seq 1 at 100 ? > m; item 1 m; change seq 2 at 4000 ? > n; row m",
	 "n by change #3 at 4000, ROW: DIFFERENT row.stale #1, missed 1: #3"},
	{"an older export's image is stale too", "export 1 at 1000; export 2 at 3600; item 1 m; item 2 n; row m",
	 "n by snapshot #2 at 3540, ROW: DIFFERENT row.stale #1, missed 0:"},
};

/* ---- running them */

static struct universe *read_history(const char *records)
{
	struct universe *universe = universe_new();
	universe_read(universe, records);
	return universe;
}

static bool same_judgement(const struct judgement *a, const struct judgement *b)
{
	return a->expected.state == b->expected.state && a->expected.item[1] == b->expected.item[1] &&
	       a->ttl == b->ttl && a->decided_by == b->decided_by && a->decided_time_us == b->decided_time_us &&
	       a->unproven == b->unproven && a->changes == b->changes && a->conflicts == b->conflicts &&
	       a->chain_breaks == b->chain_breaks && a->overlap == b->overlap && a->capture_lost == b->capture_lost &&
	       a->lake_expected == b->lake_expected && a->lake_rows == b->lake_rows &&
	       a->lake_rows_equal == b->lake_rows_equal && a->class == b->class && a->finding == b->finding &&
	       a->missed == b->missed && a->stale_before == b->stale_before;
}

/* Gives every change another file and place, and delivers some again. */
static void scatter(struct universe *universe, struct prng *prng)
{
	uint32_t count = universe->fact_count;
	for (uint32_t i = 0; i < count; i++) {
		struct fact *fact = &universe->facts[i];
		if (fact->kind != FACT_CHANGE)
			continue;
		fact->source = 50 + (uint32_t)prng_below(prng, 5);
		fact->record = prng_below(prng, 1000) * 1000 + i;
		if (prng_chance(prng, 1, 2)) {
			struct fact *again = &universe->facts[universe->fact_count++];
			*again = *fact;
			again->source = 60 + (uint32_t)prng_below(prng, 5);
		}
	}
	for (uint32_t i = universe->fact_count; i > 1; i--) {
		uint64_t other = prng_below(prng, i);
		struct fact fact = universe->facts[i - 1];
		universe->facts[i - 1] = universe->facts[other];
		universe->facts[other] = fact;
	}
}

static int count_strays(const char *records, const struct judgement *judgement)
{
	static struct outcome_rows rows;
	struct prng prng;
	int strays = 0;
	prng_init(&prng, 77);
	for (int round = 0; round < 20; round++) {
		struct universe *universe = read_history(records);
		scatter(universe, &prng);
		universe_judge(universe, &rows);
		strays += rows.count != 1 || !same_judgement(&rows.rows[0], judgement);
		free(universe);
	}
	return strays;
}

static void run(const char *section, const struct history *histories, size_t count)
{
	static struct outcome_rows rows;
	int strays = 0;
	for (size_t i = 0; i < count; i++) {
		struct universe *universe = read_history(histories[i].records);
		struct buffer text;
		char name[300];
		buffer_init(&text, 4096);
		universe_judge(universe, &rows);
		judgement_print(&text, &rows.rows[0]);
		buffer_append_byte(&text, '\0');
		snprintf(name, sizeof(name), "%s: %s", section, histories[i].sentence);
		if (!is_text(text.data, histories[i].outcome, name))
			universe_print(universe);
		int strayed = count_strays(histories[i].records, &rows.rows[0]);
		if (strayed > 0)
			printf("# %d of 20 scattered deliveries are judged otherwise: %s\n", strayed,
			       histories[i].sentence);
		strays += strayed;
		buffer_release(&text);
		free(universe);
	}
	ok(strays == 0, "%s: records shuffled over files and delivered twice say the same", section);
}

#define RUN(histories) run(#histories, histories, sizeof(histories) / sizeof(histories[0]))

/* ---- what only the streaming judge has limits for */

static struct fact plain_change(uint32_t domain, uint32_t sequence, int64_t time_s, char after)
{
	struct fact fact = {.key = {"k", 1}, .kind = FACT_CHANGE, .source = SOURCE_OF_CHANGES, .domain = domain};
	fact.key_hash = fact_key_hash(fact.key);
	fact.has_sequence = true;
	fact.record = sequence;
	for (int i = 0; i < 4; i++)
		fact.sequence[SEQUENCE_SIZE - 1 - i] = (uint8_t)(sequence >> 8 * i);
	fact.time_lo_us = time_s * SECOND_US;
	fact.time_hi_us = fact.time_lo_us + SECOND_US;
	fact.before = (struct fact_side){.state = STATE_PRESENT, .expires_s = EXPIRES_NONE};
	fact.after = side_image(after);
	return fact;
}

static struct fact plain_row(char letter, uint64_t record)
{
	struct fact fact = plain_change(0, 0, 0, letter);
	fact.kind = FACT_LAKE;
	fact.source = SOURCE_OF_LAKE;
	fact.record = record;
	return fact;
}

static void many_groups_are_tangled(void)
{
	for (uint32_t count = JUDGE_KNOT_MAX; count <= JUDGE_KNOT_MAX + 1; count++) {
		struct universe *universe = read_history("ambiguous accept; baseline empty; capture 0 to 7200");
		struct outcome_rows rows, reference;
		for (uint32_t i = 0; i < count; i++) {
			struct fact *fact = universe_add(universe, FACT_CHANGE, 0);
			fact->domain = 1;
			fact->event_hash = 1000 - i;
			fact->time_hi_us = 1000;
			fact->before = i == 0 ? (struct fact_side){.state = STATE_ABSENT, .expires_s = EXPIRES_NONE}
					      : side_image((char)('a' + (i - 1) % 26));
			fact->after = side_image((char)('a' + i % 26));
		}
		universe_add(universe, FACT_LAKE, 0)->after = side_image('z');
		universe_judge(universe, &rows);
		universe_reference(universe, &reference);
		ok(reference_difference(&rows.rows[0], &reference.rows[0]) == NULL, "both mergers agree on it");
		if (count == JUDGE_KNOT_MAX)
			ok(rows.rows[0].class == CLASS_DIFFERENT && rows.rows[0].unproven == 0 &&
				   rows.rows[0].expected.row == side_image((char)('a' + (count - 1) % 26)).row,
			   "a knot of as many groups as the judge holds is untangled");
		else
			ok(rows.rows[0].class == CLASS_UNPROVEN && (rows.rows[0].unproven & UNPROVEN_AMBIGUOUS) != 0,
			   "one group more, and the key is ambiguous, whatever the contract accepts");
		free(universe);
	}
}

static void many_domains_are_ambiguous(void)
{
	for (uint32_t count = JUDGE_DOMAINS_MAX; count <= JUDGE_DOMAINS_MAX + 1; count++) {
		struct universe *universe = read_history("ambiguous accept; capture 0 to 7200");
		struct judge *judge = judge_new(&universe->scope, universe->groups);
		struct fact row = plain_row('z', 1);
		judge_begin(judge);
		judge_fact(judge, &row);
		for (uint32_t i = 1; i <= count; i++) {
			struct fact fact = plain_change(i, i, 100 + (int64_t)i, i == count ? 'a' : 'b');
			judge_fact(judge, &fact);
		}
		const struct judgement *judgement = judge_end(judge);
		if (count == JUDGE_DOMAINS_MAX)
			ok(judgement->class == CLASS_DIFFERENT && judgement->unproven == 0 &&
				   judgement->expected.row == side_image('a').row,
			   "as many streams as the judge holds are judged in full");
		else
			ok(judgement->class == CLASS_UNPROVEN && (judgement->unproven & UNPROVEN_AMBIGUOUS) != 0,
			   "one stream more, and the key is ambiguous, whatever the contract accepts");
		judge_free(judge);
		free(universe);
	}
}

static void missed_changes_are_all_counted(void)
{
	struct universe *universe = read_history("capture 0 to 7200");
	struct judge *judge = judge_new(&universe->scope, universe->groups);
	struct fact row = plain_row('a', 1);
	judge_begin(judge);
	judge_fact(judge, &row);
	for (uint32_t i = 1; i <= 100000; i++) {
		struct fact fact = plain_change(1, i, 100 + i / 20, i == 10 ? 'a' : 'b');
		judge_fact(judge, &fact);
	}
	const struct judgement *judgement = judge_end(judge);
	ok(judgement->finding == ROW_STALE && judgement->stale.record == 10, "the image of long ago is found");
	is_int(judgement->missed, 99990, "and all that was missed is counted");
	ok(judgement->missed_facts[0].record == 11 && judgement->missed_facts[JUDGE_MISSED_MAX - 1].record == 18,
	   "the first of them are named");
	judge_free(judge);
	free(universe);
}

static void duplicate_rows_are_counted_by_digest(void)
{
	struct universe *universe = read_history("export 1 at 3600");
	struct judge *judge = judge_new(&universe->scope, universe->groups);
	universe->groups[SOURCE_OF_EXPORT] = 1;
	judge_begin(judge);
	for (uint64_t i = 0; i < 30; i++) {
		struct fact row = plain_row(i % 3 == 0 ? 'a' : 'b', i);
		judge_fact(judge, &row);
	}
	struct fact item = plain_row('a', 0);
	item.kind = FACT_SNAPSHOT;
	item.source = SOURCE_OF_EXPORT;
	judge_fact(judge, &item);
	const struct judgement *judgement = judge_end(judge);
	ok(judgement->finding == ROW_DUPLICATE && judgement->lake_rows == 30 && judgement->lake_rows_equal == 10,
	   "of many rows for a key those with the right digest are counted");
	judge_free(judge);
	free(universe);
}

int main(void)
{
	RUN(sides);
	RUN(groups);
	RUN(snapshots);
	RUN(winners);
	RUN(inside);
	RUN(contradictions);
	RUN(reasons);
	RUN(table);
	RUN(findings);
	many_groups_are_tangled();
	many_domains_are_ambiguous();
	missed_changes_are_all_counted();
	duplicate_rows_are_counted_by_digest();
	return tap_done();
}
