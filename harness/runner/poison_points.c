#include "harness/runner/poison_points.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/whole_file.h"
#include "generators/stream_format.h"
#include "harness/runner/folder.h"

enum { LIST_MAX = 256 * 1024 * 1024, LINE_MAX_BYTES = 32 * 1024 * 1024, NUMBER_MAX = 32 };

/* A record, or an offset in one. */
struct spot {
	const char *file; /* from events/, errors/ … on */
	uint64_t offset, size;
	uint64_t line; /* where what holds it begins: the envelope's line; else the record itself */
	bool known;    /* has an offset */
};

struct spots {
	struct spot *list;
	uint32_t count, capacity;
};

struct reading {
	struct invariants *invariants;
	struct json_parser *parser;
	struct arena arena;
	struct error *error;
};

static int no_memory(struct error *error)
{
	return error_set(error, ERROR_INTERNAL, "out of memory for the records set aside");
}

/* ---- lists of records, as JSON lines */

/* What comes after the cell's landing folder, or that of one of its batches. */
static struct slice below_landing(const char *cell, struct slice path)
{
	size_t size = strlen(cell);
	const char *from = path.data, *end = path.data + path.size;

	if (path.size > size && memcmp(from, cell, size) == 0 && from[size] == '/')
		from += size + 1;
	size = (size_t)(end - from);
	if (size > 8 && memcmp(from, "landing/", 8) == 0) {
		from += 8;
	} else if (size > 8 && memcmp(from, "batches/", 8) == 0) { /* and its number */
		const char *slash = memchr(from + 8, '/', size - 8);
		from = slash != NULL ? slash + 1 : from;
	}
	return (struct slice){from, (size_t)(end - from)};
}

static bool read_number(const struct json_token *tokens, const char *name, uint64_t *number)
{
	char text[NUMBER_MAX];
	uint32_t at = json_member(tokens, 0, name);

	*number = 0;
	if (at == 0 || tokens[at].type != JSON_NUMBER || tokens[at].size >= sizeof(text))
		return false;
	snprintf(text, sizeof(text), "%.*s", (int)tokens[at].size, tokens[at].text);
	*number = strtoull(text, NULL, 10);
	return true;
}

/* `fault`: only lines whose fault begins so; NULL: all. Whether the line could be understood. */
static bool add_line(struct reading *reading, const struct json_token *tokens, const char *fault, struct spots *spots)
{
	uint32_t file = json_member(tokens, 0, "file");
	uint32_t kind = fault != NULL ? json_member(tokens, 0, "fault") : 0;

	if (fault != NULL &&
	    (kind == 0 || tokens[kind].size < strlen(fault) || memcmp(tokens[kind].text, fault, strlen(fault)) != 0))
		return true;
	if (file == 0 || tokens[file].type != JSON_STRING)
		return false;
	if (spots->count == spots->capacity) {
		uint32_t capacity = spots->capacity * 2 + 64;
		struct spot *grown = arena_array(&reading->arena, capacity, sizeof(*grown));
		if (grown == NULL)
			return false;
		if (spots->count > 0)
			memcpy(grown, spots->list, spots->count * sizeof(*grown));
		spots->list = grown;
		spots->capacity = capacity;
	}
	struct slice path = below_landing(reading->invariants->folder, json_text(&tokens[file]));
	struct spot *spot = &spots->list[spots->count++];
	*spot = (struct spot){.file = arena_text(&reading->arena, "%.*s", (int)path.size, path.data)};
	spot->known = read_number(tokens, "offset", &spot->offset);
	(void)read_number(tokens, "size", &spot->size);
	spot->line = spot->offset;
	return spot->file != NULL;
}

/* *wrong: lines that are none. */
static int read_list(struct reading *reading, const char *path, const char *fault, struct spots *spots, uint32_t *wrong)
{
	struct buffer bytes;

	*spots = (struct spots){NULL, 0, 0};
	*wrong = 0;
	if (path == NULL || !folder_has(path))
		return 0;
	buffer_init(&bytes, LIST_MAX);
	int failed = whole_file_read(path, &bytes, reading->error);
	for (size_t at = 0; at < bytes.size && failed == 0;) {
		const char *line = bytes.data + at, *end = memchr(line, '\n', bytes.size - at);
		struct slice text = {line, end != NULL ? (size_t)(end - line) : bytes.size - at};
		const struct json_token *tokens;
		struct json_failure failure;
		size_t count;
		at += text.size + 1;
		if (text.size == 0)
			continue;
		if (!json_parse(reading->parser, text, &tokens, &count, &failure) || tokens[0].type != JSON_OBJECT ||
		    !add_line(reading, tokens, fault, spots))
			++*wrong;
	}
	buffer_release(&bytes);
	return failed == 0 && reading->arena.failed ? no_memory(reading->error) : failed;
}

/* ---- one list against another */

/* The list may say where in the record it gave up. */
static bool is_in(const struct spot *spot, const struct spot *record)
{
	return strcmp(spot->file, record->file) == 0 &&
	       (!spot->known || !record->known ||
		(spot->offset >= record->offset &&
		 (spot->offset - record->offset < record->size || spot->offset == record->offset)));
}

static bool has_spot_in(const struct spots *spots, const struct spot *record)
{
	for (uint32_t i = 0; i < spots->count; i++)
		if (is_in(&spots->list[i], record))
			return true;
	return false;
}

static bool is_in_one(const struct spots *records, const struct spot *spot)
{
	for (uint32_t i = 0; i < records->count; i++)
		if (is_in(spot, &records->list[i]))
			return true;
	return false;
}

/* Whether its lines hold many records, so that who cannot read the line sets it aside as a whole. */
static bool has_envelopes(const struct invariants *invariants)
{
	int format = invariants->pipeline->changes;
	const char *name = format >= 0 ? stream_format_at((size_t)format)->name : "";
	return strcmp(name, "lambda") == 0 || strcmp(name, "kinesis-lambda") == 0;
}

/* How far each goes, where that is not told: to the line's end, else to the file's; and where its envelope begins. */
static int measure(struct reading *reading, const char *folder, struct spots *spots)
{
	bool envelopes = has_envelopes(reading->invariants);

	for (uint32_t i = 0; i < spots->count; i++) {
		struct spot *spot = &spots->list[i];
		char path[4200];
		struct buffer bytes;
		snprintf(path, sizeof(path), "%s/%s", folder, spot->file);
		if (!folder_has(path))
			continue;
		buffer_init(&bytes, LIST_MAX);
		if (whole_file_read(path, &bytes, reading->error) != 0) {
			buffer_release(&bytes);
			return error_code(reading->error);
		}
		/* Compressed: offsets are of what is in it, which is not measured here. */
		bool packed = bytes.size > 2 && memcmp(bytes.data, "\x1f\x8b", 2) == 0;
		uint64_t at = spot->offset < bytes.size ? spot->offset : bytes.size;
		const char *end = memchr(bytes.data + at, '\n', bytes.size - at);
		if (spot->size == 0)
			spot->size = packed || end == NULL ? UINT64_MAX : (size_t)(end - bytes.data) - at;
		for (spot->line = at; envelopes && !packed && spot->line > 0; spot->line--)
			if (bytes.data[spot->line - 1] == '\n')
				break;
		buffer_release(&bytes);
	}
	return 0;
}

static void add_poison(struct cell *cell, const struct spots *planted, const struct spots *listed)
{
	const struct spot *lost = NULL;
	uint64_t count = 0;

	for (uint32_t i = 0; i < planted->count; i++) {
		if (has_spot_in(listed, &planted->list[i]))
			continue;
		count++;
		lost = lost == NULL ? &planted->list[i] : lost;
	}
	const char *detail = lost == NULL ? NULL
					  : arena_text(&cell->arena,
						       "%" PRIu64 " of %" PRIu32
						       " are not on its list, such as %s at offset %" PRIu64,
						       count, planted->count, lost->file, lost->offset);
	(void)cell_add_point(cell, "poison", "every record that cannot be used is set aside",
			     lost == NULL ? POINT_OK : POINT_FAILED, detail);
	if (lost != NULL)
		(void)cell_point_finding(cell, "poison.lost", count);
}

static void add_quarantine(struct cell *cell, const struct spots *ours, const struct spots *listed, uint32_t wrong)
{
	const char *detail = NULL;
	uint64_t differ = wrong;

	if (wrong > 0)
		detail = "its list has lines that are no JSON objects with a file";
	for (uint32_t i = 0; i < ours->count; i++) {
		if (has_spot_in(listed, &ours->list[i]))
			continue;
		differ++;
		if (detail == NULL)
			detail = arena_text(&cell->arena,
					    "%s at offset %" PRIu64 " cannot be read and is not on its list",
					    ours->list[i].file, ours->list[i].offset);
	}
	for (uint32_t i = 0; i < listed->count; i++) {
		if (is_in_one(ours, &listed->list[i]))
			continue;
		differ++;
		if (detail == NULL)
			detail = arena_text(&cell->arena, "%s at offset %" PRIu64 " is on its list and can be read",
					    listed->list[i].file, listed->list[i].offset);
	}
	(void)cell_add_point(cell, "quarantine", "what it set aside is what cannot be read",
			     differ > 0 ? POINT_FAILED : POINT_OK, detail);
	if (differ > 0)
		(void)cell_point_finding(cell, "quarantine.differs", differ);
}

static int add_points(struct reading *reading, const char *own_list)
{
	struct invariants *invariants = reading->invariants;
	struct cell *cell = invariants->cell;
	struct spots planted, listed, ours;
	const char *path, *why;
	uint32_t none, wrong, ignored;
	char faults[4200], landing[4200];

	snprintf(landing, sizeof(landing), "%s/landing", invariants->folder);
	snprintf(faults, sizeof(faults), "%s/faults.jsonl", invariants->histories->delivered);
	if (read_list(reading, faults, "bad-", &planted, &none) != 0 ||
	    read_list(reading, own_list, NULL, &listed, &wrong) != 0)
		return reading->error->code;
	if (planted.count == 0 && listed.count == 0 && wrong == 0)
		return 0;
	if (planted.count > 0) {
		if (measure(reading, invariants->histories->delivered, &planted) != 0)
			return reading->error->code;
		add_poison(cell, &planted, &listed);
	}
	if (own_list == NULL)
		return 0;
	if (invariants_quarantine(invariants, &path, &why, reading->error) != 0 ||
	    read_list(reading, path, NULL, &ours, &ignored) != 0 || measure(reading, landing, &ours) != 0)
		return reading->error->code;
	if (why != NULL)
		(void)cell_add_point(cell, "quarantine", "what it set aside is what cannot be read", POINT_UNKNOWN,
				     why);
	else
		add_quarantine(cell, &ours, &listed, wrong);
	return 0;
}

int poison_points_add(struct invariants *invariants, const char *work, struct error *error)
{
	struct reading reading = {.invariants = invariants, .error = error};
	char path[4200];
	const char *list = invariants->pipeline->set_aside;

	arena_init(&reading.arena, LIST_MAX);
	reading.parser = json_parser_new(LINE_MAX_BYTES);
	if (list != NULL)
		snprintf(path, sizeof(path), "%s/%s", work, list);
	int failed = reading.parser == NULL ? no_memory(error) : add_points(&reading, list != NULL ? path : NULL);
	json_parser_free(reading.parser);
	arena_release(&reading.arena);
	return failed;
}
