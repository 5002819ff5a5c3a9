/* bug_list - every bug that can be planted: BUG(its constant, name, class, what it needs to show, effect).
 *
 * Included more than once, each time with another BUG. `needs` says which pipelines can show it: words of "streams",
 * "kinesis", "incremental", "flat" (with its sequence numbers too), "poll", "dms", "scan", "soft" (deletes in a
 * column), "keep" (rows removed by TTL stay), and "any" for all that read changes. */
#ifndef LAKEPROOF_PIPELINE_BUG_LIST_H
#define LAKEPROOF_PIPELINE_BUG_LIST_H

/* clang-format off */
#define BUG_LIST(BUG) \
	/* order and replay */ \
	BUG(FILE_ORDER_WINS, "file-order-wins", "O1", "streams kinesis", \
	    "changes are ordered within a file only: a later file beats an earlier one") \
	BUG(ORPHAN_CHANGES_WAIT, "orphan-changes-wait", "O2", "streams kinesis", \
	    "an update of an item never seen waits for its insert, which was trimmed, for ever") \
	BUG(RETENTION_SKIPS, "retention-skips", "O3", "streams kinesis", \
	    "changes older than ten minutes when they are read are skipped as no longer kept") \
	BUG(LAST_ARRIVAL_WINS, "last-arrival-wins", "O4", "any", \
	    "the change that arrives last wins, whatever its sequence number") \
	BUG(FIRST_OF_BATCH_WINS, "first-of-batch-wins", "O5", "any", \
	    "of several changes of a key in one batch the first is applied") \
	BUG(SECONDS_TIE, "seconds-tie", "O6", "streams", \
	    "order is by ApproximateCreationDateTime alone: ties within a second fall by arrival") \
	BUG(SECONDS_AS_MILLISECONDS, "seconds-as-milliseconds", "O7", "streams flat", \
	    "seconds are taken for milliseconds: every change seems older than the export") \
	BUG(INGEST_CLOCK, "ingest-clock", "O8", "any", "changes are ordered by the time when they were read") \
	BUG(FIRST_WRITE_DUPLICATES, "first-write-duplicates", "O9", "any", \
	    "a key new to the table is inserted once for each of its versions in the batch") \
	BUG(RANK_KEEPS_TIES, "rank-keeps-ties", "O10", "streams", \
	    "the source of the MERGE keeps all versions of a key that share the newest second") \
	BUG(SEQUENCE_AS_TEXT, "sequence-as-text", "O11", "streams flat-sequence", \
	    "sequence numbers are compared as text: a shorter one can beat a longer one") \
	BUG(INSERTS_APPENDED, "inserts-appended", "O12", "any", \
	    "an INSERT is appended without looking whether it was applied before") \
	BUG(CHECKPOINT_FIRST, "checkpoint-first", "O13", "any", \
	    "the checkpoint is written before the data: a crash between the two loses the batch") \
	BUG(TWO_COMMITS, "two-commits", "O13", "any", \
	    "old rows are deleted in one commit and new ones added in the next: a crash between loses rows") \
	BUG(NAME_ALONE_COUNTS, "name-alone-counts", "O14", "any", \
	    "a file is known by its name: another upload under the same name is ignored") \
	BUG(FRESH_START_APPENDS, "fresh-start-appends", "O15", "any", \
	    "without a checkpoint the table is taken for empty: everything is appended again") \
	BUG(NO_LOCK, "no-lock", "O13", "any", "two instances at once both insert what neither saw: duplicates") \
	BUG(DISK_FULL_IGNORED, "disk-full-ignored", "O13", "any", \
	    "a write that fails is logged, the batch is taken for applied") \
	/* deletes */ \
	BUG(DROPS_REMOVE, "drops-remove", "D1", "any", "REMOVE records are ignored: deleted items stay") \
	BUG(INSERTS_ONLY, "inserts-only", "D1", "streams kinesis flat dms", "MODIFY records are ignored") \
	BUG(KEYS_FROM_NEW_IMAGE, "keys-from-new-image", "D1", "streams kinesis", \
	    "keys are taken from NewImage, which a REMOVE does not have") \
	BUG(DELETE_BEFORE_ROW_FORGOTTEN, "delete-before-row-forgotten", "D2", "any", \
	    "a delete of a row that is not there yet leaves no trace: the backfill brings the item back") \
	BUG(TOMBSTONES_FORGOTTEN, "tombstones-forgotten", "D3", "any", \
	    "a delete leaves no trace: a late older change brings the item back") \
	BUG(TOMBSTONES_EXPIRE, "tombstones-expire", "D3", "any", \
	    "a delete is forgotten after two minutes: an older change that comes later brings the item back") \
	BUG(DELETE_WITHOUT_TIME, "delete-without-time", "D4", "any", \
	    "a delete is applied without looking at its time") \
	BUG(TTL_IGNORED, "ttl-ignored", "D5", "streams kinesis", "removals by TTL are ignored: expired items stay") \
	BUG(TTL_AS_USER_DELETE, "ttl-as-user-delete", "D5", "keep", \
	    "the mark of a removal by TTL is lost: rows that were to stay go") \
	BUG(UNMARKED_EXPIRY_IGNORED, "unmarked-expiry-ignored", "D6", "streams kinesis", \
	    "a REMOVE of an expired item without the service's identity is taken for an echo of another region") \
	BUG(EXPIRED_MEANS_DELETED, "expired-means-deleted", "D7", "any", \
	    "an item past its time is taken for deleted, though the service has not deleted it yet") \
	BUG(TTL_OF_ANY_TYPE, "ttl-of-any-type", "D8", "any", \
	    "a text, milliseconds or a time long past are obeyed as a TTL, which the service ignores") \
	BUG(ABSENT_ROWS_STAY, "absent-rows-stay", "D9", "export scan", \
	    "rows that a later export or scan lacks stay") \
	BUG(DELETES_LAST, "deletes-last", "D10", "any", \
	    "the deletes of a batch are applied after its upserts: an item made anew is gone") \
	BUG(KEYS_ONLY_DROPPED, "keys-only-dropped", "D11", "incremental", \
	    "a record of an incremental export without images is dropped as unknown, though it is a delete") \
	BUG(REINSERT_STAYS_DELETED, "reinsert-stays-deleted", "D12", "soft", \
	    "the mark of a soft delete is not cleared when the item comes back") \
	/* backfill */ \
	BUG(EXPORT_TIME_NOW, "export-time-now", "B1", "export", \
	    "the export's time is taken to be now: changes since then are dropped as older") \
	BUG(EXPORT_TIME_ZERO, "export-time-zero", "B1", "export", \
	    "the export has no time: every change seems newer, however old") \
	BUG(CAPTURE_STARTS_LATE, "capture-starts-late", "B2", "export", \
	    "changes count from five minutes after the export's time, when it was done") \
	BUG(BACKFILL_OVERWRITES, "backfill-overwrites", "B3", "export", \
	    "the export is merged last and without a time guard: newer rows go back in time") \
	BUG(APPEND_ONLY, "append-only", "B4", "any", "rows are appended, never merged: duplicates") \
	BUG(EXPORT_APPENDED, "export-appended", "B4", "export", \
	    "an export is appended whenever it is met: loaded twice, it is there twice") \
	BUG(SCAN_IS_A_SNAPSHOT, "scan-is-a-snapshot", "B5", "export scan", \
	    "what was read while writes went on counts as read at the end: changes within that time are dropped") \
	BUG(WINDOW_GAP_ACCEPTED, "window-gap-accepted", "B6", "incremental", \
	    "a window of incremental exports that is missing is not missed") \
	BUG(MD5_UNCHECKED, "md5-unchecked", "B7", "export", "checksums of an export are not compared") \
	BUG(COUNTS_UNCHECKED, "counts-unchecked", "B7", "export", "item counts of an export are not compared") \
	BUG(MISSING_FILE_IGNORED, "missing-file-ignored", "B7", "export", \
	    "a data file of the export that is not there is skipped") \
	BUG(EXPORT_FILE_SKIPPED, "export-file-skipped", "B7", "export", \
	    "the first data file of the export is not loaded") \
	BUG(EMPTY_FILE_ENDS, "empty-file-ends", "B7", "export", \
	    "an empty data file is taken for the end of the export") \
	BUG(ITEM_LIMIT, "item-limit", "B8", "export", \
	    "no more than 20 items of a data file are loaded, and no count says so") \
	BUG(WINDOW_WITHOUT_GUARD, "window-without-guard", "B9", "incremental", \
	    "windows are applied as they come: an older one again takes rows back") \
	BUG(TIME_CAST_TO_NULL, "time-cast-to-null", "B10", "incremental", \
	    "the write time is cast without unwrapping {\"N\": …}: it is null and orders nothing") \
	/* polling */ \
	BUG(STRICT_CURSOR, "strict-cursor", "P1", "poll", "rows at the very time of the cursor are not read") \
	BUG(CURSOR_IS_NOW, "cursor-is-now", "P2", "poll", \
	    "the cursor is the time when the poll ended: what became visible later is never read") \
	BUG(SPARSE_INDEX, "sparse-index", "P3", "poll", \
	    "items without the attribute of the last column are not in the index that is polled") \
	BUG(PARTITION_FORGOTTEN, "partition-forgotten", "P4", "any", \
	    "a part of the partitions is not in the list and never read") \
	BUG(MOVED_ROW_STAYS, "moved-row-stays", "P5", "streams kinesis", \
	    "MERGE compares the first attribute too: when it changes the old row stays") \
	BUG(OVERLAP_TOO_SHORT, "overlap-too-short", "P6", "poll", \
	    "rows that become visible more than two seconds late are not read") \
	BUG(FAILED_PAGE_SKIPPED, "failed-page-skipped", "P7", "any", \
	    "a file that cannot be read is skipped, and the cursor advances") \
	BUG(NULL_GUARD, "null-guard", "P8", "any", \
	    "rows of the export have no guard value, so no change of theirs is ever newer") \
	/* keys */ \
	BUG(PARTIAL_KEY_MERGE, "partial-key-merge", "K1", "any", \
	    "MERGE compares the partition key only: items of one partition overwrite each other") \
	BUG(KEY_HASHED_SHORT, "key-hashed-short", "K2", "any", \
	    "rows are known by a hash of the key that is too short") \
	BUG(KEY_THROUGH_DOUBLE, "key-through-double", "T4", "any", \
	    "numeric keys pass through a double: what was changed that way cannot be deleted") \
	BUG(KEY_NUMBER_AS_TEXT, "key-number-as-text", "T1", "streams", \
	    "numeric keys are compared as they are spelled: 1 and 1.0 are two rows") \
	/* types and schema */ \
	BUG(NUMBER_TEXT_KEPT, "number-text-kept", "T1", "streams", \
	    "a number in a text column keeps its spelling") \
	BUG(INTEGERS_WRAP, "integers-wrap", "T2", "any", "integers wrap round at 32 bits") \
	BUG(DIGITS_LOST, "digits-lost", "T3", "any", "digits past the 28th are lost") \
	BUG(NUMBERS_THROUGH_DOUBLE, "numbers-through-double", "T4", "any", \
	    "numbers pass through a double: digits past the 15th are lost") \
	BUG(DECIMALS_TRUNCATED, "decimals-truncated", "T5", "any", "decimals lose what is past the first place") \
	BUG(LISTS_REVERSED, "lists-reversed", "T6", "streams kinesis incremental", "lists are written back to front") \
	BUG(SETS_DROPPED, "sets-dropped", "T6", "streams kinesis incremental", "sets become null") \
	BUG(BINARY_AS_TEXT, "binary-as-text", "T7", "any", "binary columns hold the base64 text") \
	BUG(NULL_BECOMES_EMPTY_STRING, "null-becomes-empty-string", "T8", "any", \
	    "a null or absent string is written as an empty one") \
	BUG(EMPTY_BECOMES_NULL, "empty-becomes-null", "T8", "any", "an empty string is written as null") \
	BUG(REMOVED_ATTRIBUTE_SURVIVES, "removed-attribute-survives", "T9", "streams kinesis", \
	    "an attribute removed by an update keeps its old value") \
	BUG(NEW_ATTRIBUTE_DROPPED, "new-attribute-dropped", "T10", "any", \
	    "attributes that the first commit did not have are dropped") \
	BUG(TYPE_CHANGE_TO_NULL, "type-change-to-null", "T11", "any", \
	    "a text column takes nothing but S: what changed its type is null") \
	BUG(NAMES_LOWER_CASED, "names-lower-cased", "T12", "any", \
	    "attribute names are compared without their case") \
	BUG(NUL_ENDS_TEXT, "nul-ends-text", "T13", "any", "texts end at U+0000") \
	BUG(SURROGATES_REPLACED, "surrogates-replaced", "T13", "any", \
	    "characters beyond the first plane become question marks") \
	BUG(LARGE_ITEMS_SKIPPED, "large-items-skipped", "T13", "any", \
	    "records above 64 KB are dropped on the way") \
	/* landing */ \
	BUG(FIRST_OF_LINE, "first-of-line", "L1", "any concatenated", \
	    "only the first of several JSON documents on a line is read") \
	BUG(LAST_RECORD_LOST, "last-record-lost", "L2", "any", "the last record of every event file is lost") \
	BUG(TRUNCATED_IS_END, "truncated-is-end", "L2", "any", "a file that is cut short is taken for a whole one") \
	BUG(BOM_LOSES_RECORD, "bom-loses-record", "L2", "any", \
	    "the first record behind a byte order mark is lost") \
	BUG(CRLF_LOSES_RECORD, "crlf-loses-record", "L2", "any", "records that end in CR LF are lost") \
	BUG(INVALID_UTF8_REPLACED, "invalid-utf8-replaced", "L2", "any", \
	    "bytes that are no UTF-8 are replaced, and the record counts") \
	BUG(POISON_DROPPED, "poison-dropped", "L3", "any", \
	    "a record that cannot be used is dropped and nothing says so") \
	BUG(POISON_ENDS_FILE, "poison-ends-file", "L3", "any", \
	    "what stands in a file behind a record that cannot be read is lost") \
	BUG(ERROR_PREFIX_IGNORED, "error-prefix-ignored", "L4", "firehose", \
	    "what Firehose left under its error prefix is never looked at") \
	BUG(FIRST_OF_FILE, "first-of-file", "L5", "any", "one record a file: JSON lines read as one document") \
	BUG(STRAY_EXPORT_AS_DATA, "stray-export-as-data", "L5", "streams kinesis", \
	    "an export put among the records is applied as inserts of now") \
	BUG(WRITES_NOTHING, "writes-nothing", "L6", "any", \
	    "every record is read and none applied, with success reported") \
	BUG(DOES_NOTHING, "does-nothing", "L6", "any", "exits at once and reports success") \
	BUG(HANDLER_RAISES, "handler-raises", "L6", "any", \
	    "a set or binary value makes the handler raise: the batch is retried until it is given up") \
	BUG(MODIFY_NEEDS_ROW, "modify-needs-row", "L7", "streams kinesis", \
	    "a MODIFY updates and never inserts: after an emulator's REMOVE and MODIFY the item is gone")
/* clang-format on */

#endif
