/* One point a rule and a table row of docs/semantics.md, on docs/semantics.sql: what a few records say of one key. The
 * notation is tests/property/notation.h's. */
#include "tests/property/notation.h"
#include "tests/tap.h"

struct worked {
	const char *sentence;
	const char *records;
	const char *outcome; /* of key k0 */
};

/* An export at 1000 (940 to 1060) and a capture from 0 to 2000, for most of the examples. */
#define USUAL "usual;"

static const struct worked facts[] = {
	{"a side that knows nothing is compatible with everything",
	 USUAL "item 1 a; change seq 1 at 1100 unknown > b; row b", "b by change #2 at 1100, ROW: EQUAL"},
	{"an image is compatible with an item known to be present", USUAL "item 1 a; change seq 1 at 1100 ? > b; row b",
	 "b by change #2 at 1100, ROW: EQUAL"},
	{"an absent side is not compatible with a present one", USUAL "change seq 1 at 1100 ? > b; row b",
	 "b by change #1 at 1100, ROW: UNPROVEN, because CHAIN, breaks 1, broken #1"},
	{"images are compatible when their item digests are equal, whatever their row digests",
	 USUAL "item 1 a; change seq 1 at 1100 A > b; row b",
	 "b by change #2 at 1100, ROW: UNPROVEN, because CHAIN, breaks 1, broken #2"},
	{"a damaged change makes its key unproven, and anything possible",
	 USUAL "item 1 a; change seq 1 at 1100 unknown > ? damaged; row z",
	 "? by change #2 at 1100, ROW: UNPROVEN, because IMAGE DAMAGED"},
	{"a damaged item makes its export say that the key is present", USUAL "item 1 ? damaged; row z",
	 "? by snapshot #1 at 940, ROW: UNPROVEN, because IMAGE DAMAGED"},
};

static const struct worked stamps[] = {
	{"records of a nameless domain belong to the stream it stands for",
	 USUAL "alias 2 1; item 1 a; change seq 1 at 1100 a > b; change domain 2 seq 2 at 1100 b > c; row c",
	 "c by change #3 at 1100, ROW: EQUAL"},
	{"without the alias their order in one second is not known",
	 USUAL
	 "capture 0 to 2000 domain 2; item 1 a; change seq 1 at 1100 a > b; change domain 2 seq 2 at 1100 b > c; row c",
	 "c by change #3 at 1100, ROW: UNPROVEN, because AMBIGUOUS"},
	{"a change without a time lies inside every export", USUAL "item 1 a; change seq 1 without time a > b; row b",
	 "b by change #2, ROW: EQUAL"},
	{"as_of leaves out changes that begin at it", "as_of 1100;" USUAL "item 1 a; change seq 1 at 1100 a > b; row a",
	 "a by snapshot #1 at 940, ROW: EQUAL"},
	{"and keeps those that begin before it", "as_of 1101;" USUAL "item 1 a; change seq 1 at 1100 a > b; row b",
	 "b by change #2 at 1100, ROW: EQUAL"},
	{"items of an export that the scope does not list count for nothing", USUAL "item 2 a; row a",
	 "none by snapshot at 940, NONE: DIFFERENT row.phantom"},
	{"what as_of leaves out knows no key", "as_of 1100;" USUAL "change seq 1 at 1100 none > b; row b",
	 "none by snapshot at 940, NONE: DIFFERENT row.phantom"},
	{"a key without a row and without a fact that counts is nothing",
	 "as_of 1100;" USUAL "change seq 1 at 1100 none > b", "none by snapshot at 940, NONE: NOTHING"},
};

static const struct worked groups[] = {
	{"one sequence number is one change, however often it is delivered",
	 USUAL "item 1 a; change seq 1 at 1100 a > b; change seq 1 at 1100 a > b; change seq 1 at 1100 a > b; row b",
	 "b by change #2 at 1100, ROW: EQUAL, duplicates 2"},
	{"without sequence numbers one time and event id is one change",
	 USUAL "item 1 a; change event 1 at 1100 a > b; change event 1 at 1100 a > b; row b",
	 "b by change #2 at 1100, ROW: EQUAL, duplicates 1"},
	{"the best-knowing member gives the image",
	 USUAL "item 1 a; change seq 1 at 1100 ? > ?; change seq 1 at 1100 ? > b; row b",
	 "b by change #3 at 1100, ROW: EQUAL, duplicates 1"},
	{"members with different images are a conflict; the greatest item digest is taken",
	 USUAL "item 1 a; change seq 1 at 1100 a > b; change seq 1 at 1100 a > c; row b",
	 "c by change #3 at 1100, ROW: UNPROVEN, because CONFLICT, duplicates 1, conflicts 1, broken #3"},
	{"digests are compared unsigned",
	 USUAL "item 1 a; change seq 1 at 1100 a > z; change seq 1 at 1100 a > b; row q",
	 "z by change #2 at 1100, ROW: DIFFERENT row.differs, because CONFLICT, duplicates 1, conflicts 1, broken #2"},
	{"members of which one deletes and one puts are a conflict",
	 USUAL "item 1 a; change seq 1 at 1100 a > none; change seq 1 at 1100 a > ?; row q",
	 "? by change #3 at 1100, ROW: UNPROVEN, because IMAGE CONFLICT, duplicates 1, conflicts 1, broken #3"},
	{"members with different old images are a conflict",
	 USUAL "item 1 a; change seq 1 at 1100 a > c; change seq 1 at 1100 b > c; row c",
	 "c by change #2 at 1100, ROW: UNPROVEN, because CONFLICT CHAIN, duplicates 1, conflicts 1, breaks 1, broken "
	 "#2"},
	{"sequence numbers order one domain, not times",
	 USUAL "item 1 a; change seq 2 at 1100 b > c; change seq 1 at 1200 a > b; row c",
	 "c by change #2 at 1100, ROW: EQUAL"},
	{"a group lasts from its members' least time to their greatest",
	 USUAL "item 1 a; change seq 1 from 1100 to 1101 a > b; change seq 1 from 1090 to 1091 a > b; row b",
	 "b by change #2 at 1090, ROW: EQUAL, duplicates 1"},
};

static const struct worked scopes[] = {
	{"a hole that ends after the decision leaves the key unproven, whatever its row",
	 "export 1 at 1000; capture 1100 to 2000; item 1 a; row z",
	 "a by snapshot #1 at 940, ROW: UNPROVEN, because HOLE"},
	{"a hole that ends at the decision does not",
	 "export 1 at 1000; capture 1100 to 2000; item 1 a; change seq 1 at 1100 a > b; row b",
	 "b by change #2 at 1100, ROW: EQUAL"},
	{"a later export heals a hole",
	 "export 1 at 500; export 2 at 1000; capture 800 to 2000; item 1 a; item 2 b; row b",
	 "b by snapshot #2 at 940, ROW: EQUAL"},
	{"an unreadable record of an unknown key is a hole without end",
	 "unreadable;" USUAL "item 1 a; change seq 1 at 1900 a > b; row b",
	 "b by change #2 at 1900, ROW: UNPROVEN, because HOLE"},
	{"without a window there is no hole", "export 1 at 1000; item 1 a; row a",
	 "a by snapshot #1 at 940, ROW: EQUAL"},
};

static const struct worked snapshots[] = {
	{"an export decides a key without changes", USUAL "item 1 a; row a", "a by snapshot #1 at 940, ROW: EQUAL"},
	{"a complete export without the key proves its absence", USUAL "change seq 1 at 100 none > a; row a",
	 "none by snapshot at 940, NONE: DIFFERENT row.zombie, because OVERLAP, overlap"},
	{"an incomplete export without the key says nothing", "export 1 at 1000 incomplete; capture 0 to 2000; row a",
	 "unknown by nothing, ANY: UNPROVEN, because STATE"},
	{"an export older than one that says nothing is S",
	 "export 1 at 500; export 2 at 1000 incomplete; capture 0 to 2000; item 1 a; row a",
	 "a by snapshot #1 at 440, ROW: EQUAL"},
	{"the newest export is S", "export 1 at 500; export 2 at 1000; capture 600 to 2000; item 1 a; item 2 b; row b",
	 "b by snapshot #2 at 940, ROW: EQUAL"},
	{"one item delivered twice is no conflict", USUAL "item 1 a; item 1 a; row a",
	 "a by snapshot #1 at 940, ROW: EQUAL"},
	{"two items of one export for one key are a conflict, and both are possible", USUAL "item 1 a; item 1 b; row a",
	 "b by snapshot #2 at 940, ROW: UNPROVEN, because CONFLICT, conflicts 1, broken #2"},
	{"an image that is neither is wrong nevertheless", USUAL "item 1 a; item 1 b; row c",
	 "b by snapshot #2 at 940, ROW: DIFFERENT row.differs, because CONFLICT, conflicts 1, broken #2"},
	{"a change that ends where the interval begins loses to the snapshot",
	 USUAL "item 1 b; change seq 1 at 939 a > b; row b", "b by snapshot #1 at 940, ROW: EQUAL"},
	{"a change that ends a moment later is inside",
	 USUAL "item 1 b; change seq 1 from 939.000001 to 940.000001 a > b; row b",
	 "b by change #2 at 939.000001, ROW: EQUAL"},
	{"a change that begins before the interval ends is inside and not held to the snapshot",
	 USUAL "item 1 b; change seq 1 at 1059 a > b; row b", "b by change #2 at 1059, ROW: EQUAL"},
	{"a change that begins where the interval ends is after it, and held to it",
	 USUAL "item 1 b; change seq 1 at 1060 a > b; row b",
	 "b by change #2 at 1060, ROW: UNPROVEN, because CHAIN, breaks 1, broken #2"},
	{"a snapshot heals conflicts, broken chains and damage before it",
	 USUAL "item 1 c; change seq 1 at 100 none > a; change seq 1 at 100 none > b; change seq 2 at 200 z > c;"
	       "change seq 3 at 300 unknown > ? damaged; row c",
	 "c by snapshot #1 at 940, ROW: EQUAL, duplicates 1"},
};

static const struct worked expected[] = {
	{"the newest change wins after the snapshot",
	 USUAL "item 1 a; change seq 1 at 1100 a > b; change seq 2 at 1200 b > none; row a",
	 "none by change #3 at 1200, NONE: DIFFERENT row.zombie"},
	{"a late older put does not resurrect the key",
	 USUAL "item 1 a; change seq 2 at 1200 b > none; change seq 1 at 1100 a > b",
	 "none by change #2 at 1200, NONE: DELETED"},
	{"between domains the greatest time wins",
	 USUAL "item 1 a; change domain 1 seq 9 at 1100 ? > b; change domain 2 seq 1 at 1101 ? > c; row c",
	 "c by change #3 at 1101, ROW: EQUAL"},
	{"domains that overlap in time and differ are ambiguous, and both states possible",
	 USUAL "item 1 a; change domain 1 seq 9 at 1100 ? > b; change domain 2 seq 1 from 1100.5 to 1101 ? > c; row b",
	 "c by change #3 at 1100.500000, ROW: UNPROVEN, because AMBIGUOUS"},
	{"a third image is wrong all the same",
	 USUAL "item 1 a; change domain 1 seq 9 at 1100 ? > b; change domain 2 seq 1 at 1100 ? > c; row d",
	 "c by change #3 at 1100, ROW: DIFFERENT row.differs, because AMBIGUOUS"},
	{"domains that overlap in time and agree are not ambiguous",
	 USUAL "item 1 a; change domain 1 seq 9 at 1100 ? > c; change domain 2 seq 1 at 1100 ? > c; row c",
	 "c by change #3 at 1100, ROW: EQUAL"},
	{"`ambiguous: accept` takes either",
	 "ambiguous accept;" USUAL
	 "item 1 a; change domain 1 seq 9 at 1100 ? > b; change domain 2 seq 1 at 1100 ? > c; row b",
	 "c by change #3 at 1100, ROW: EQUAL"},
	{"`ambiguous: accept` takes a missing row where one of two deletes",
	 "ambiguous accept;" USUAL
	 "item 1 a; change domain 1 seq 9 at 1100 ? > none; change domain 2 seq 1 at 1100 ? > c",
	 "c by change #3 at 1100, ROW: DELETED"},
	{"equal times without sequence numbers are ambiguous",
	 USUAL "item 1 a; change event 1 at 1100 ? > b; change event 2 at 1100 ? > c; row b",
	 "c by change #3 at 1100, ROW: UNPROVEN, because AMBIGUOUS"},
	{"no change and no snapshot: the base is unknown", "capture 0 to 2000; row a",
	 "unknown by nothing, ANY: UNPROVEN, because STATE"},
	{"`baseline: empty` makes the base absent", "baseline empty; capture 0 to 2000; row a",
	 "none by nothing, NONE: DIFFERENT row.phantom"},
	{"a change decides without a snapshot", "capture 0 to 2000; change seq 1 at 100 none > a; row a",
	 "a by change #1 at 100, ROW: EQUAL"},
	{"a change inside wins where a window reaches from it to the interval's end",
	 "export 1 at 1000; capture 0 to 1060; item 1 a; change seq 1 at 1000 a > b; row b",
	 "b by change #2 at 1000, ROW: EQUAL"},
	{"a capture that ends inside is settled when image and snapshot agree",
	 "export 1 at 1000; capture 0 to 1059; item 1 b; change seq 1 at 1000 a > b; row b",
	 "b by change #2 at 1000, ROW: EQUAL"},
	{"or when the snapshot is older: it equals a member of C",
	 "export 1 at 1000; capture 0 to 1059; item 1 a; change seq 1 at 1000 a > b; row b",
	 "b by change #2 at 1000, ROW: EQUAL"},
	{"the last earlier change is a member of C",
	 "export 1 at 1000; capture 0 to 1059; item 1 a; change seq 1 at 900 ? > a; change seq 2 at 1000 ? > b; row b",
	 "b by change #3 at 1000, ROW: EQUAL"},
	{"else it is not settled, and the snapshot is possible too",
	 "export 1 at 1000; capture 0 to 1059; item 1 c; change seq 1 at 1000 a > b; row c",
	 "b by change #2 at 1000, ROW: UNPROVEN, because NOT_SETTLED"},
	{"what is neither is wrong", "export 1 at 1000; capture 0 to 1059; item 1 c; change seq 1 at 1000 a > b; row d",
	 "b by change #2 at 1000, ROW: DIFFERENT row.differs, because NOT_SETTLED"},
};

static const struct worked contradictions[] = {
	{"a snapshot that equals none of what the capture allows contradicts it",
	 USUAL "item 1 c; change seq 1 at 900 none > a; change seq 2 at 1000 a > b; row b",
	 "b by change #3 at 1000, ROW: UNPROVEN, because OVERLAP, overlap"},
	{"the last image before the interval is allowed",
	 USUAL "item 1 a; change seq 1 at 900 none > a; change seq 2 at 1000 ? > b; row b",
	 "b by change #3 at 1000, ROW: EQUAL"},
	{"an old image inside the interval is allowed", USUAL "item 1 a; change seq 2 at 1000 a > b; row b",
	 "b by change #2 at 1000, ROW: EQUAL"},
	{"an image before the last earlier one is not",
	 USUAL "item 1 a; change seq 1 at 800 none > a; change seq 2 at 900 a > b; row a",
	 "a by snapshot #1 at 940, ROW: UNPROVEN, because OVERLAP, overlap"},
	{"without a window over the interval there is no contradiction",
	 "export 1 at 1000; capture 941 to 2000; item 1 c; change seq 2 at 1000 a > b; row b",
	 "b by change #2 at 1000, ROW: EQUAL"},
	{"a filtered capture contradicts nothing",
	 "export 1 at 1000; capture 0 to 2000 filtered; item 1 c; change seq 1 at 900 none > a; row c",
	 "c by snapshot #1 at 940, ROW: EQUAL"},
	{"two exports that differ with a capture in between that shows no change: records were lost",
	 "export 1 at 500; export 2 at 1000; capture 400 to 2000; item 1 a; item 2 b; row b",
	 "b by snapshot #2 at 940, ROW: UNPROVEN, because OVERLAP, overlap capture_lost"},
	{"an earlier export is not asked once an earlier change counts",
	 "export 1 at 500; export 2 at 1000; capture 400 to 2000; item 1 a; change seq 1 at 700 a > b; item 2 b; row b",
	 "b by snapshot #3 at 940, ROW: EQUAL"},
	{"a change wholly before the earlier export does not count",
	 "export 1 at 500; export 2 at 1000; capture 400 to 2000; change seq 1 at 410 none > b; item 1 a; item 2 b; "
	 "row b",
	 "b by snapshot #3 at 940, ROW: UNPROVEN, because OVERLAP, overlap capture_lost"},
	{"an old image that is not its predecessor's breaks the chain",
	 USUAL "item 1 a; change seq 1 at 1100 a > b; change seq 2 at 1200 c > d; row d",
	 "d by change #3 at 1200, ROW: UNPROVEN, because CHAIN, breaks 1, broken #3"},
	{"an INSERT on a present key breaks it too",
	 USUAL "item 1 a; change seq 1 at 1100 a > b; change seq 2 at 1200 none > d; row d",
	 "d by change #3 at 1200, ROW: UNPROVEN, because CHAIN, breaks 1, broken #3"},
	{"a broken chain does not make a wrong row right",
	 USUAL "item 1 a; change seq 1 at 1100 a > b; change seq 2 at 1200 c > d; row b",
	 "d by change #3 at 1200, ROW: DIFFERENT row.stale #2, missed 1: #3, because CHAIN, breaks 1, broken #3"},
	{"filtered domains have no chain",
	 "export 1 at 1000; capture 0 to 2000 filtered; item 1 a; change seq 1 at 1100 a > b; change seq 2 at 1200 c > "
	 "d; row d",
	 "d by change #3 at 1200, ROW: EQUAL"},
	{"from before the snapshot to inside it the chain holds",
	 USUAL "item 1 a; change seq 1 at 900 none > a; change seq 2 at 1000 b > c; row c",
	 "c by change #3 at 1000, ROW: UNPROVEN, because CHAIN, breaks 1, broken #3"},
	{"from before the snapshot to after it the snapshot stands between",
	 "export 1 at 1000; capture 950 to 2000; item 1 b; change seq 1 at 900 none > a; change seq 2 at 1100 b > c; "
	 "row c",
	 "c by change #3 at 1100, ROW: EQUAL"},
	{"the first change after the snapshot must have found the snapshot's image",
	 USUAL "item 1 a; change seq 1 at 1100 b > c; row c",
	 "c by change #2 at 1100, ROW: UNPROVEN, because CHAIN, breaks 1, broken #2"},
	{"but not when two domains changed the key",
	 USUAL "item 1 a; change domain 1 seq 1 at 1100 b > c; change domain 2 seq 1 at 1200 a > d; row d",
	 "d by change #3 at 1200, ROW: EQUAL"},
	{"captured since creation, the first change must have found nothing",
	 "baseline empty; capture 0 to 2000; change seq 1 at 100 a > b; row b",
	 "b by change #1 at 100, ROW: UNPROVEN, because CHAIN, breaks 1, broken #1"},
};

static const struct worked lake[] = {
	{"an image asks for one live row with its digest", USUAL "item 1 a; row a",
	 "a by snapshot #1 at 940, ROW: EQUAL"},
	{"items that the columns cannot tell apart are equal", USUAL "item 1 A; row a",
	 "A by snapshot #1 at 940, ROW: EQUAL"},
	{"an image that does not fit its columns equals no row", USUAL "item 1 a~; row a",
	 "a~ by snapshot #1 at 940, ROW: DIFFERENT row.differs"},
	{"an item whose image is unknown asks for any live row", USUAL "item 1 a; change seq 1 at 1100 a > ?; row z",
	 "? by change #2 at 1100, ROW: UNPROVEN, because IMAGE"},
	{"and not for none", USUAL "item 1 a; change seq 1 at 1100 a > ?",
	 "? by change #2 at 1100, ROW: DIFFERENT row.missing, because IMAGE"},
	{"`deletes: absent` asks for no row", USUAL "item 1 a; change seq 1 at 1100 a > none",
	 "none by change #2 at 1100, NONE: DELETED"},
	{"`deletes: {column}` takes a soft-deleted row",
	 "deletes column;" USUAL "item 1 a; change seq 1 at 1100 a > none; row a soft",
	 "none by change #2 at 1100, NONE: DELETED"},
	{"`deletes: {column}` takes no row", "deletes column;" USUAL "item 1 a; change seq 1 at 1100 a > none",
	 "none by change #2 at 1100, NONE: DELETED"},
	{"`deletes: {column}` does not take a live row",
	 "deletes column;" USUAL "item 1 a; change seq 1 at 1100 a > none; row a",
	 "none by change #2 at 1100, NONE: DIFFERENT row.zombie"},
	{"a soft-deleted row where a live one is asked for differs", "deletes column;" USUAL "item 1 a; row a soft",
	 "a by snapshot #1 at 940, ROW: DIFFERENT row.differs"},
	{"`ttl: keep` keeps the last image of what TTL removed",
	 "ttl keep;" USUAL "item 1 a@1050; change seq 1 at 1100 a@1050 > none by ttl; row a",
	 "none by change #2 at 1100, by ttl, ROW: EQUAL"},
	{"`ttl: keep` takes no other image",
	 "ttl keep;" USUAL "item 1 a@1050; change seq 1 at 1100 a@1050 > none by ttl; row b",
	 "none by change #2 at 1100, by ttl, ROW: DIFFERENT row.differs"},
	{"`ttl: keep` misses what is gone",
	 "ttl keep;" USUAL "item 1 a@1050; change seq 1 at 1100 a@1050 > none by ttl",
	 "none by change #2 at 1100, by ttl, ROW: DIFFERENT row.missing"},
	{"`ttl: keep` takes the export's image for the last when nothing lies between",
	 "ttl keep;" USUAL "item 1 a; change seq 1 at 1100 ? > none by ttl; row z",
	 "none by change #2 at 1100, by ttl, ROW: DIFFERENT row.differs"},
	{"`ttl: keep` proves no row when the last image is not known",
	 "ttl keep;" USUAL "item 1 a; change seq 1 at 1080 ? > ?; change seq 2 at 1100 ? > none by ttl; row a",
	 "none by change #3 at 1100, by ttl, ROW: UNPROVEN, because IMAGE"},
	{"nor does it prove one by an image before a hole",
	 "ttl keep; export 1 at 1000; capture 0 to 1010; capture 1080 to 2000; item 1 a;"
	 "change seq 1 at 1100 ? > none by ttl; row a",
	 "none by change #2 at 1100, by ttl, ROW: UNPROVEN, because IMAGE"},
	{"`ttl: delete` asks for no row", USUAL "item 1 a; change seq 1 at 1100 a > none by ttl; row a",
	 "none by change #2 at 1100, by ttl, NONE: DIFFERENT row.zombie_ttl"},
	{"a delete whose maker is unknown and whose TTL value had passed may be TTL's",
	 "ttl keep;" USUAL "item 1 a@1050; change seq 1 at 1100 a@1050 > none perhaps ttl; row a",
	 "none by change #2 at 1100, perhaps ttl, ANY: OUT_OF_SCOPE"},
	{"either outcome is accepted then",
	 "ttl keep;" USUAL "item 1 a@1050; change seq 1 at 1100 a@1050 > none perhaps ttl",
	 "none by change #2 at 1100, perhaps ttl, ANY: OUT_OF_SCOPE"},
	{"a row with another image than the last is wrong, whoever deleted the item",
	 "ttl keep;" USUAL "item 1 a@1050; change seq 1 at 1100 a@1050 > none perhaps ttl; row b",
	 "none by change #2 at 1100, perhaps ttl, ANY: DIFFERENT row.differs"},
	{"a TTL value at the end of the delete's second had passed",
	 "ttl keep;" USUAL "item 1 a; change seq 1 at 1100 a@1101 > none perhaps ttl; row a",
	 "none by change #2 at 1100, perhaps ttl, ANY: OUT_OF_SCOPE"},
	{"a TTL value after it had not",
	 "ttl keep;" USUAL "item 1 a; change seq 1 at 1100 a@1102 > none perhaps ttl; row a",
	 "none by change #2 at 1100, NONE: DIFFERENT row.zombie"},
	{"a snapshot's absence may be TTL's when the last image's TTL value had passed",
	 "ttl keep;" USUAL "change seq 1 at 100 none > a@900; change seq 2 at 930 a@900 > none perhaps ttl; row a",
	 "none by snapshot at 940, perhaps ttl, ANY: OUT_OF_SCOPE"},
	{"a row with another image than the last known is not proven",
	 "ttl keep;" USUAL "change seq 1 at 100 none > a@900; change seq 2 at 930 a@900 > none perhaps ttl; row b",
	 "none by snapshot at 940, perhaps ttl, ANY: UNPROVEN, because IMAGE"},
	{"under `ttl: delete` it asks for no row",
	 USUAL "change seq 1 at 100 none > a@900; change seq 2 at 930 a@900 > none perhaps ttl; row a",
	 "none by snapshot at 940, perhaps ttl, NONE: DIFFERENT row.zombie"},
	{"what nothing is known of asks for nothing", "capture 0 to 2000; row a",
	 "unknown by nothing, ANY: UNPROVEN, because STATE"},
};

static const struct worked judging[] = {
	{"without a lake a proven image is equal", "no lake;" USUAL "item 1 a", "a by snapshot #1 at 940, ROW: EQUAL"},
	{"without a lake a proven absence is deleted", "no lake;" USUAL "item 1 a; change seq 1 at 1100 a > none",
	 "none by change #2 at 1100, NONE: DELETED"},
	{"without a lake the rest is unproven", "no lake;" USUAL "item 1 a; change seq 1 at 1100 b > c",
	 "c by change #2 at 1100, ROW: UNPROVEN, because CHAIN, breaks 1, broken #2"},
	{"two rows are a duplicate whatever the evidence", "unreadable;" USUAL "item 1 a; row a; row a",
	 "a by snapshot #1 at 940, ROW: DIFFERENT row.duplicate, because HOLE"},
	{"`settle:` takes a row that is behind a recent change for unproven",
	 "settle 1850;" USUAL "item 1 a; change seq 1 at 1850 a > b; row a",
	 "b by change #2 at 1850, ROW: UNPROVEN, because NOT_SETTLED"},
	{"`settle:` does not hold back a row that is right",
	 "settle 1850;" USUAL "item 1 a; change seq 1 at 1850 a > b; row b", "b by change #2 at 1850, ROW: EQUAL"},
	{"a change that ended by then is settled", "settle 1850;" USUAL "item 1 a; change seq 1 at 1849 a > b; row a",
	 "b by change #2 at 1849, ROW: DIFFERENT row.stale #2 before, missed 1: #2"},
	{"under `ttl: keep` an unknown row whose TTL value had passed before the capture is archived",
	 "ttl keep;" USUAL "row a@-1", "none by snapshot at 940, NONE: OUT_OF_SCOPE"},
	{"one that expires when the capture runs would have been seen", "ttl keep;" USUAL "row a@0",
	 "none by snapshot at 940, NONE: DIFFERENT row.phantom"},
	{"where nothing was captured, one that expired before the export was read is archived",
	 "ttl keep; export 1 at 1000; row a@1059", "none by snapshot at 940, NONE: OUT_OF_SCOPE"},
	{"not one that expires later", "ttl keep; export 1 at 1000; row a@1060",
	 "none by snapshot at 940, NONE: DIFFERENT row.phantom"},
	{"a filtered capture might have left out the removal",
	 "ttl keep; export 1 at 1000; capture 0 to 2000 filtered; row a@1059",
	 "none by snapshot at 940, NONE: OUT_OF_SCOPE"},
	{"a table captured since creation had nothing to archive",
	 "ttl keep; baseline empty; capture 0 to 2000; row a@-1", "none by nothing, NONE: DIFFERENT row.phantom"},
	{"a key that a source knows is not archived",
	 "ttl keep;" USUAL "change seq 1 at 100 none > a; change seq 2 at 200 a > none; row a@-1",
	 "none by snapshot at 940, NONE: DIFFERENT row.zombie"},
	{"an item without a row is missing", USUAL "item 1 a", "a by snapshot #1 at 940, ROW: DIFFERENT row.missing"},
	{"a deleted item with a row is a zombie", USUAL "item 1 a; change seq 1 at 1100 a > none; row a",
	 "none by change #2 at 1100, NONE: DIFFERENT row.zombie"},
	{"an item that TTL removed, with a row, is a TTL zombie",
	 USUAL "item 1 a; change seq 1 at 1100 a > none by ttl; row z",
	 "none by change #2 at 1100, by ttl, NONE: DIFFERENT row.zombie_ttl"},
	{"a row that no source knows is a phantom", USUAL "row a",
	 "none by snapshot at 940, NONE: DIFFERENT row.phantom"},
	{"a row with an older image is stale, and its missed changes are listed",
	 USUAL "item 1 a; change seq 1 at 1100 a > b; change seq 2 at 1200 b > c; change seq 3 at 1300 c > d; row b",
	 "d by change #4 at 1300, ROW: DIFFERENT row.stale #3 before, missed 2: #3 #4"},
	{"an image that only an export holds is older too",
	 USUAL "item 1 a; change seq 1 at 1100 ? > b; change seq 2 at 1200 b > c; row a",
	 "c by change #3 at 1200, ROW: DIFFERENT row.stale #1, missed 2: #2 #3"},
	{"a change wholly before the export whose image the lake holds was not missed",
	 USUAL "change seq 1 at 900 none > ?; item 1 a; change seq 2 at 1100 ? > b; row a",
	 "b by change #3 at 1100, ROW: DIFFERENT row.stale #2, missed 1: #3"},
	{"of two facts with the lake's image the newest is meant",
	 USUAL "item 1 a; change seq 1 at 1100 a > b; change seq 2 at 1200 b > a; change seq 3 at 1300 ? > c; row a",
	 "c by change #4 at 1300, ROW: DIFFERENT row.stale #3, missed 1: #4"},
	{"a lossy image is no older image", USUAL "item 1 a~; change seq 1 at 1100 ? > b; row a",
	 "b by change #2 at 1100, ROW: DIFFERENT row.differs"},
	{"a row that no fact ever held differs", USUAL "item 1 a; row q",
	 "a by snapshot #1 at 940, ROW: DIFFERENT row.differs"},
};

static void run_one(const char *name, const char *records, const char *outcome)
{
	struct universe *universe = universe_new();
	struct outcome_rows *rows = calloc(1, sizeof *rows);
	struct buffer text;
	assert(rows != NULL);
	buffer_init(&text, 1 << 20);
	universe_read(universe, records);
	universe_reference(universe, rows);
	assert(rows->count == 1);
	judgement_print(&text, &rows->rows[0]);
	buffer_append_byte(&text, '\0');
	if (!is_text(text.data, outcome, name))
		universe_print(universe);
	buffer_release(&text);
	free(rows);
	free(universe);
}

static void run(const char *section, const struct worked *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char name[300];
		snprintf(name, sizeof name, "%s: %s", section, cases[i].sentence);
		run_one(name, cases[i].records, cases[i].outcome);
	}
}

/* Ends the text at the last backtick before `end` and gives what lies between it and the one before; NULL without. */
static char *quoted_before(char *line, char *end)
{
	*end = '\0';
	char *close = strrchr(line, '`');
	if (close == NULL)
		return NULL;
	*close = '\0';
	char *open = strrchr(line, '`');
	return open != NULL ? open + 1 : NULL;
}

/* A line "| words | `records` | `outcome` |" of a table of examples. */
static bool run_example(char *line)
{
	char *end = strrchr(line, '|');
	if (end == NULL || end < line + 3 || end[-2] != '`')
		return false;
	char *outcome = quoted_before(line, end);
	char *records = outcome != NULL ? quoted_before(line, outcome - 1) : NULL;
	if (records == NULL)
		return false;
	char *words_end = strstr(line + 2, " | ");
	if (words_end != NULL)
		*words_end = '\0';
	char name[300];
	snprintf(name, sizeof name, "docs/semantics.md: %s", line + 2);
	run_one(name, records, outcome);
	return true;
}

/* The page's examples are what the SQL says, so that neither can change alone. */
static void run_page(void)
{
	FILE *page = fopen("docs/semantics.md", "r");
	char *line = NULL;
	size_t capacity = 0;
	uint32_t examples = 0;
	bool in_table = false;
	if (!ok(page != NULL, "docs/semantics.md can be read"))
		return;
	while (getline(&line, &capacity, page) > 0) {
		if (line[0] != '|')
			in_table = false;
		else if (strncmp(line, "| example |", 11) == 0)
			in_table = true;
		else if (in_table && strncmp(line, "|---", 4) != 0)
			ok(run_example(line), "the line before is an example");
		examples += in_table;
	}
	free(line);
	fclose(page);
	ok(examples > 60, "the page has its examples");
}

#define RUN(cases) run(#cases, cases, sizeof cases / sizeof cases[0])

int main(void)
{
	RUN(facts);
	RUN(stamps);
	RUN(groups);
	RUN(scopes);
	RUN(snapshots);
	RUN(expected);
	RUN(contradictions);
	RUN(lake);
	RUN(judging);
	run_page();
	return tap_done();
}
