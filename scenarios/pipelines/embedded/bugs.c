#include "scenarios/pipelines/embedded/bugs.h"

#include <string.h>

static const struct {
	const char *name, *effect;
	enum bug bug;
} bugs_known[] = {
	{"drops-remove", "REMOVE records are ignored: deleted items stay", BUG_DROPS_REMOVE},
	{"last-arrival-wins", "the change that arrives last wins, whatever its sequence number", BUG_LAST_ARRIVAL_WINS},
	{"append-only", "rows are appended, never merged: duplicates", BUG_APPEND_ONLY},
	{"numbers-through-double", "numbers pass through a double: digits past the 15th are lost",
	 BUG_NUMBERS_THROUGH_DOUBLE},
	{"backfill-overwrites", "the export is merged last and without a time guard: newer rows go back in time",
	 BUG_BACKFILL_OVERWRITES},
	{"ttl-ignored", "removals by TTL are ignored: expired items stay", BUG_TTL_IGNORED},
	{"partial-key-merge", "MERGE compares the partition key only: items of one partition overwrite each other",
	 BUG_PARTIAL_KEY_MERGE},
	{"seconds-tie", "order is by ApproximateCreationDateTime alone: ties within a second fall by arrival",
	 BUG_SECONDS_TIE},
	{"sequence-as-text", "sequence numbers are compared as text: a shorter one can beat a longer one",
	 BUG_SEQUENCE_AS_TEXT},
	{"tombstones-forgotten", "a delete leaves no trace: a late older change brings the item back",
	 BUG_TOMBSTONES_FORGOTTEN},
	{"null-becomes-empty-string", "a null or absent string is written as an empty one",
	 BUG_NULL_BECOMES_EMPTY_STRING},
	{"lists-reversed", "lists are written back to front", BUG_LISTS_REVERSED},
	{"removed-attribute-survives", "an attribute removed by an update keeps its old value",
	 BUG_REMOVED_ATTRIBUTE_SURVIVES},
	{"binary-as-text", "binary columns hold the base64 text", BUG_BINARY_AS_TEXT},
	{"decimals-truncated", "decimals lose what is past the second place", BUG_DECIMALS_TRUNCATED},
	{"first-of-line", "only the first of several JSON documents on a line is read", BUG_FIRST_OF_LINE},
	{"last-record-lost", "the last record of every event file is lost", BUG_LAST_RECORD_LOST},
	{"export-file-skipped", "the first data file of the export is not loaded", BUG_EXPORT_FILE_SKIPPED},
	{"inserts-only", "MODIFY records are ignored", BUG_INSERTS_ONLY},
	{"writes-nothing", "every record is read and none applied, with success reported", BUG_WRITES_NOTHING},
};

enum { BUG_COUNT = sizeof(bugs_known) / sizeof(bugs_known[0]) };

int bugs_add(uint32_t *bugs, const char *name, struct error *error)
{
	for (size_t i = 0; i < BUG_COUNT; i++) {
		if (strcmp(bugs_known[i].name, name) == 0) {
			*bugs |= (uint32_t)bugs_known[i].bug;
			return 0;
		}
	}
	return error_set(error, ERROR_USAGE, "there is no bug \"%s\"; --list-bugs names them", name);
}

void bugs_list(FILE *out)
{
	for (size_t i = 0; i < BUG_COUNT; i++)
		fprintf(out, "%s\t%s\n", bugs_known[i].name, bugs_known[i].effect);
}
