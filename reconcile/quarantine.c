#include "reconcile/quarantine.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/gzip.h"
#include "reconcile/contract/disclosure.h"
#include "reconcile/ingest/ingest_file.h"
#include "sources/events.h"

enum { MESSAGES_MAX = 1 << 28 };

/* One thing said of a record; several may be of the same. */
struct aside {
	struct run *run; /* of the lake that says it */
	const char *path, *message;
	enum state_source_kind kind;
	uint32_t group;
	bool has_position, done;
	uint64_t record, offset;
};

struct writing {
	struct run *run; /* of the present lake */
	struct aside *asides; /* sorted by path, record */
	uint64_t count, capacity;
	struct arena arena;
	FILE *file;
	uint64_t lines;
	/* of the present source */
	struct aside *begin, *end;
	uint32_t unframed;
	struct buffer line;
	struct error *error;
	int code;
};

static int out_of_memory(struct error *error)
{
	return error_set(error, ERROR_INTERNAL, "out of memory for the quarantine");
}

/* ---- what was set aside */

static int take_problem(void *context, const struct state_problem *problem)
{
	struct writing *writing = context;
	const struct state_source *source = state_source(writing->run->state, problem->source);
	if (strcmp(problem->id, "record.unreadable") != 0 || writing->count == QUARANTINE_LINES_MAX)
		return 0;
	if (writing->count == writing->capacity) {
		uint64_t capacity = writing->capacity == 0 ? 64 : writing->capacity * 2;
		struct aside *grown = reallocarray(writing->asides, capacity, sizeof *grown);
		if (grown == NULL) {
			writing->code = out_of_memory(writing->error);
			return 1;
		}
		writing->asides = grown;
		writing->capacity = capacity;
	}
	struct aside *aside = &writing->asides[writing->count++];
	*aside = (struct aside){.run = writing->run,
				.path = arena_copy(&writing->arena, slice_from(problem->path)).data,
				.message = arena_copy(&writing->arena, slice_from(problem->message)).data,
				.kind = source != NULL ? source->kind : STATE_EVENTS_FILE,
				.group = source != NULL ? source->group : 0,
				.has_position = problem->has_position,
				.record = problem->record,
				.offset = problem->offset};
	if (aside->path == NULL || aside->message == NULL)
		writing->code = out_of_memory(writing->error);
	return writing->code != 0;
}

static int aside_order(const void *left, const void *right)
{
	const struct aside *a = left, *b = right;
	int order = strcmp(a->path, b->path);
	if (order != 0)
		return order;
	if (a->has_position != b->has_position)
		return a->has_position ? 1 : -1;
	if (a->record != b->record)
		return a->record < b->record ? -1 : 1;
	return strcmp(a->message, b->message);
}

static bool same_record(const struct aside *a, const struct aside *b)
{
	return strcmp(a->path, b->path) == 0 && a->has_position == b->has_position && a->record == b->record;
}

/* ---- one line */

static void append_raw(struct writing *writing, struct slice raw, bool framed)
{
	const struct contract *contract = writing->run->contract;
	struct buffer *line = &writing->line;
	char hash[DISCLOSURE_HASH_SIZE];
	if (framed)
		buffer_printf(line, ",\"size\":%zu", raw.size);
	if (contract->any_sensitive) {
		buffer_printf(line, ",\"hash\":\"%s\"", disclosure_hash(contract, raw, hash));
		return;
	}
	bool cut = raw.size > QUARANTINE_RAW_MAX;
	buffer_append_text(line, ",\"raw\":\"");
	buffer_append_base64(line, (struct slice){raw.data, cut ? QUARANTINE_RAW_MAX : raw.size});
	buffer_append_text(line, cut ? "\",\"cut\":true" : "\"");
}

/* `aside` is the first of its record; what the others say goes into the same line. */
static int write_line(struct writing *writing, struct aside *aside, struct slice raw, bool framed)
{
	const struct contract *contract = writing->run->contract;
	struct buffer *line = &writing->line;
	const char *separator = "", *said = NULL;
	line->size = 0;
	buffer_append_text(line, "{\"file\":");
	buffer_append_json(line, slice_from(aside->path));
	if (aside->has_position)
		buffer_printf(line, ",\"record\":%" PRIu64 ",\"offset\":%" PRIu64, aside->record, aside->offset);
	buffer_append_text(line, ",\"reasons\":[");
	for (struct aside *each = aside; each < writing->end && same_record(each, aside); each++) {
		each->done = true;
		/* Several lakes say the same of it. */
		if (said != NULL && strcmp(each->message, said) == 0)
			continue;
		said = each->message;
		const char *reason = disclosure_message(contract, true, "record.unreadable", each->message,
							&writing->arena);
		buffer_append_text(line, separator);
		buffer_append_json(line, slice_from(reason != NULL ? reason : ""));
		separator = ",";
	}
	buffer_append_byte(line, ']');
	if (raw.size > 0)
		append_raw(writing, raw, framed);
	buffer_append_text(line, "}\n");
	if (line->failed)
		return out_of_memory(writing->error);
	writing->lines++;
	if (fwrite(line->data, 1, line->size, writing->file) != line->size)
		return error_system(writing->error, "cannot write the quarantine");
	return 0;
}

/* ---- their bytes */

static struct aside *find(const struct writing *writing, uint64_t record)
{
	struct aside *low = writing->begin, *high = writing->end;
	while (low < high) {
		struct aside *middle = low + (high - low) / 2;
		if (!middle->has_position || middle->record < record)
			low = middle + 1;
		else
			high = middle;
	}
	return low < writing->end && low->record == record ? low : NULL;
}

static int take_bytes(struct writing *writing, uint64_t record, struct slice raw)
{
	struct aside *aside = find(writing, record);
	if (aside == NULL || aside->done || raw.size == 0)
		return 0;
	return writing->code = write_line(writing, aside, raw, true);
}

static int on_record(void *context, const struct record *record, struct error *error)
{
	(void)error; /* the same as writing->error */
	return take_bytes(context, record->number, record->raw);
}

static int on_problem(void *context, const struct problem *problem, struct error *error)
{
	(void)error;
	return problem->has_position ? take_bytes(context, problem->record, problem->raw) : 0;
}

/* What stands at an offset of the inflated file. */
static size_t read_at(const char *path, uint64_t offset, char *bytes, size_t capacity)
{
	struct gzip_reader *reader = NULL;
	struct error ignored = {0};
	enum gzip_status status = GZIP_MORE;
	size_t used = 0;
	if (gzip_open(path, false, &reader, &ignored) != 0)
		return 0;
	while (status == GZIP_MORE && used < capacity) {
		size_t size = 0, wanted = offset > 0 && offset < capacity ? (size_t)offset : capacity - used;
		if (gzip_read(reader, bytes + used, wanted, &size, &status, &ignored) != 0)
			break;
		if (offset > 0)
			offset -= size;
		else
			used += size;
	}
	gzip_close(reader);
	return used;
}

static int write_unframed(struct writing *writing, struct aside *aside)
{
	struct slice raw = {NULL, 0};
	char *bytes = NULL;
	if (aside->has_position && writing->unframed++ < QUARANTINE_UNFRAMED_MAX) {
		bytes = malloc(QUARANTINE_RAW_MAX);
		if (bytes == NULL)
			return out_of_memory(writing->error);
		raw = (struct slice){bytes, read_at(aside->path, aside->offset, bytes, QUARANTINE_RAW_MAX)};
	}
	int code = write_line(writing, aside, raw, false);
	free(bytes);
	return code;
}

static int write_source(struct writing *writing, struct json_parser *parser)
{
	struct record_sink sink = {writing, on_record, on_problem};
	size_t count = 0;
	uint64_t *numbers = calloc((size_t)(writing->end - writing->begin), sizeof *numbers);
	if (numbers == NULL)
		return out_of_memory(writing->error);
	for (struct aside *aside = writing->begin; aside < writing->end; aside++)
		if (aside->has_position && (count == 0 || numbers[count - 1] != aside->record))
			numbers[count++] = aside->record;
	writing->unframed = 0;
	const struct state_source source = {.kind = writing->begin->kind,
					    .group = writing->begin->group,
					    .path = writing->begin->path};
	int code = ingest_reread(writing->begin->run, &source, numbers, count, parser, &sink, writing->error);
	if (writing->code == 0 && (code == ERROR_IO || code == ERROR_DATA))
		code = 0; /* gone or changed: its records are listed without their bytes */
	for (struct aside *aside = writing->begin; aside < writing->end && code == 0; aside++)
		if (!aside->done)
			code = write_unframed(writing, aside);
	free(numbers);
	return code;
}

static int write_sources(struct writing *writing)
{
	struct json_parser *parser = json_parser_new(RECORD_SIZE_MAX);
	int code = parser == NULL ? out_of_memory(writing->error) : 0;
	for (uint64_t i = 0; i < writing->count && code == 0;) {
		writing->begin = writing->end = &writing->asides[i];
		for (; i < writing->count && strcmp(writing->asides[i].path, writing->begin->path) == 0; i++)
			writing->end++;
		code = write_source(writing, parser);
	}
	json_parser_free(parser);
	return code;
}

/* ---- the file: whole or not at all */

static int write_file(struct writing *writing, const char *path)
{
	const char *aside = arena_text(&writing->arena, "%s.new", path);
	int code = 0;
	if (aside == NULL)
		return out_of_memory(writing->error);
	int descriptor = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	writing->file = descriptor < 0 ? NULL : fdopen(descriptor, "w");
	if (writing->file == NULL) {
		code = error_system(writing->error, "cannot write the quarantine \"%s\"", aside);
		if (descriptor >= 0)
			close(descriptor);
		return code;
	}
	code = write_sources(writing);
	if (fclose(writing->file) != 0 && code == 0)
		code = error_system(writing->error, "cannot write the quarantine \"%s\"", aside);
	if (code == 0 && rename(aside, path) != 0)
		code = error_system(writing->error, "cannot rename the quarantine to \"%s\"", path);
	if (code != 0)
		(void)unlink(aside);
	return code;
}

/* Of each lake: what one can read, another may not. */
static int take_problems(struct writing *writing, struct run *run)
{
	int code = 0;
	for (; run != NULL && code == 0; run = run->next) {
		writing->run = run;
		for (uint64_t i = 0; i < run->problem_count && writing->code == 0; i++)
			take_problem(writing, &run->problems[i]);
		code = writing->code;
		if (code == 0)
			code = state_problems(run->state, run->sources, run->source_count, take_problem, writing,
					      writing->error);
		if (code == 0)
			code = writing->code;
	}
	return code;
}

int quarantine_write(struct run *run, struct quarantine *quarantine, struct error *error)
{
	struct writing writing = {.error = error};
	bool named = run->options.quarantine != NULL;
	*quarantine = (struct quarantine){.path = run->options.quarantine};
	if (!named)
		quarantine->path = arena_text(&run->arena, "%s/quarantine.jsonl", run->whole_folder);
	if (quarantine->path == NULL)
		return out_of_memory(error);
	arena_init(&writing.arena, MESSAGES_MAX);
	buffer_init(&writing.line, MESSAGES_MAX);
	int code = take_problems(&writing, run);
	writing.run = run;
	if (code == 0 && writing.count > 0)
		qsort(writing.asides, writing.count, sizeof *writing.asides, aside_order);
	if (code == 0 && (named || writing.count > 0))
		code = write_file(&writing, quarantine->path);
	else if (code == 0 && unlink(quarantine->path) != 0 && errno != ENOENT)
		code = error_system(error, "cannot remove the quarantine \"%s\"", quarantine->path);
	quarantine->lines = writing.lines;
	free(writing.asides);
	buffer_release(&writing.line);
	arena_release(&writing.arena);
	return code;
}
