/* bug_list - every bug that can be planted: BUG(its constant, name, class, what it needs to show, effect).
 *
 * Included more than once, each time with another BUG. `needs` names the formats of changes, or what else must land or
 * be asked for; "any" is all of them. */
#ifndef LAKEPROOF_PIPELINE_BUG_LIST_H
#define LAKEPROOF_PIPELINE_BUG_LIST_H

#define BUG_LIST(BUG)                                                                                                  \
	BUG(DROPS_REMOVE, "drops-remove", "D1", "any", "REMOVE records are ignored: deleted items stay")               \
	BUG(LAST_ARRIVAL_WINS, "last-arrival-wins", "O4", "any",                                                       \
	    "the change that arrives last wins, whatever its sequence number")                                         \
	BUG(APPEND_ONLY, "append-only", "B4", "any", "rows are appended, never merged: duplicates")                    \
	BUG(NUMBERS_THROUGH_DOUBLE, "numbers-through-double", "T4", "any",                                             \
	    "numbers pass through a double: digits past the 15th are lost")                                            \
	BUG(BACKFILL_OVERWRITES, "backfill-overwrites", "B3", "export",                                                \
	    "the export is merged last and without a time guard: newer rows go back in time")                          \
	BUG(TTL_IGNORED, "ttl-ignored", "D5", "streams kinesis", "removals by TTL are ignored: expired items stay")    \
	BUG(PARTIAL_KEY_MERGE, "partial-key-merge", "K1", "any",                                                       \
	    "MERGE compares the partition key only: items of one partition overwrite each other")                      \
	BUG(SECONDS_TIE, "seconds-tie", "O6", "streams",                                                               \
	    "order is by ApproximateCreationDateTime alone: ties within a second fall by arrival")                     \
	BUG(SEQUENCE_AS_TEXT, "sequence-as-text", "O11", "streams flat-sequence",                                      \
	    "sequence numbers are compared as text: a shorter one can beat a longer one")                              \
	BUG(TOMBSTONES_FORGOTTEN, "tombstones-forgotten", "D3", "any",                                                 \
	    "a delete leaves no trace: a late older change brings the item back")                                      \
	BUG(NULL_BECOMES_EMPTY_STRING, "null-becomes-empty-string", "T8", "any",                                       \
	    "a null or absent string is written as an empty one")                                                      \
	BUG(LISTS_REVERSED, "lists-reversed", "T6", "any", "lists are written back to front")                          \
	BUG(REMOVED_ATTRIBUTE_SURVIVES, "removed-attribute-survives", "T9", "streams kinesis",                         \
	    "an attribute removed by an update keeps its old value")                                                   \
	BUG(BINARY_AS_TEXT, "binary-as-text", "T7", "any", "binary columns hold the base64 text")                      \
	BUG(DECIMALS_TRUNCATED, "decimals-truncated", "T5", "any", "decimals lose what is past the second place")      \
	BUG(FIRST_OF_LINE, "first-of-line", "L1", "streams concatenated firehose",                                     \
	    "only the first of several JSON documents on a line is read")                                              \
	BUG(LAST_RECORD_LOST, "last-record-lost", "L2", "any", "the last record of every event file is lost")          \
	BUG(EXPORT_FILE_SKIPPED, "export-file-skipped", "B7", "export",                                                \
	    "the first data file of the export is not loaded")                                                         \
	BUG(INSERTS_ONLY, "inserts-only", "D1", "any", "MODIFY records are ignored")                                   \
	BUG(WRITES_NOTHING, "writes-nothing", "L6", "any",                                                             \
	    "every record is read and none applied, with success reported")

#endif
