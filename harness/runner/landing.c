#include "harness/runner/landing.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/whole_file.h"
#include "harness/runner/folder.h"

enum { LANDING_MEMORY_MAX = 256 * 1024 * 1024, JSON_MAX = 64 * 1024 * 1024 };

void landing_init(struct landing *landing, const struct histories *histories, const char *cell)
{
	*landing = (struct landing){.histories = histories, .cell = cell};
	arena_init(&landing->arena, LANDING_MEMORY_MAX);
}

void landing_release(struct landing *landing)
{
	arena_release(&landing->arena);
}

static int no_memory(struct error *error)
{
	return error_set(error, ERROR_INTERNAL, "out of memory for what lands");
}

/* batch_000012.jsonl as batch_000012-again2.jsonl: before the first dot of the name. */
static const char *name_of(const char *path, unsigned naming, struct arena *arena)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	size_t stem = (size_t)(name - path) + strcspn(name, ".");

	if (naming == 0)
		return path;
	return arena_text(arena, "%.*s-again%u%s", (int)stem, path, naming, path + stem);
}

/* The files of a Delta table have the names that its log gives them. */
static bool is_of_table(const struct unit *unit)
{
	return strcmp(unit->path, "events") == 0;
}

enum { HALF_MAX = 64 * 1024 * 1024 };

/* The first half of a file's lines. What has no lines lands whole. */
static int land_half(const char *from, const char *to, struct error *error)
{
	struct buffer bytes;
	size_t lines = 0, size = 0;

	buffer_init(&bytes, HALF_MAX);
	int failed = whole_file_read(from, &bytes, error);
	for (size_t i = 0; i < bytes.size && failed == 0; i++)
		lines += bytes.data[i] == '\n';
	for (size_t left = lines / 2; left > 0 && size < bytes.size; size++)
		left -= bytes.data[size] == '\n';
	bool text = failed == 0 && size > 0 && memchr(bytes.data, '\0', bytes.size) == NULL;
	if (failed == 0)
		failed = text ? folder_write(to, (struct slice){bytes.data, size}, error)
			      : folder_link(from, to, error);
	buffer_release(&bytes);
	return failed;
}

static int land_unit(struct landing *landing, const struct landing_entry *entry, struct error *error)
{
	const struct unit *unit = &landing->histories->units[entry->unit];

	for (uint32_t i = 0; i < unit->file_count; i++) {
		const char *name = is_of_table(unit) ? unit->files[i]
						     : name_of(unit->files[i], entry->naming, &landing->arena);
		const char *from = arena_text(&landing->arena, "%s/%s", landing->histories->delivered, unit->files[i]);
		const char *to = arena_text(&landing->arena, "%s/landing/%s", landing->cell, name);
		const char *also = arena_text(&landing->arena, "%s/%s", landing->folder, name);
		if (name == NULL || from == NULL || to == NULL || also == NULL)
			return no_memory(error);
		bool anew = entry->again && entry->naming == 0 && !is_of_table(unit);
		int failed = entry->half ? land_half(from, to, error)
			     : anew      ? folder_copy(from, to, error)
					 : folder_link(from, to, error);
		if (failed != 0 ||
		    folder_link(to, also, error) != 0)
			return error_code(error);
	}
	return 0;
}

int landing_batch(struct landing *landing, const struct landing_batch *batch, struct error *error)
{
	static const char *const always[] = {"events"};
	int failed = 0;

	arena_reset(&landing->arena);
	landing->number++;
	landing->folder = arena_text(&landing->arena, "%s/batches/%02u", landing->cell, landing->number);
	landing->json = arena_text(&landing->arena, "%s/batches/%02u.json", landing->cell, landing->number);
	if (landing->folder == NULL || landing->json == NULL)
		return no_memory(error);
	/* There even when nothing has landed yet, so that nobody need ask. */
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]) && failed == 0; i++) {
		const char *one = arena_text(&landing->arena, "%s/landing/%s", landing->cell, always[i]);
		const char *other = arena_text(&landing->arena, "%s/%s", landing->folder, always[i]);
		failed = one == NULL || other == NULL ? no_memory(error) : folder_make(one, error);
		if (failed == 0)
			failed = folder_make(other, error);
	}
	for (uint32_t i = 0; i < batch->count && failed == 0; i++)
		failed = land_unit(landing, &batch->entries[i], error);
	return failed;
}

/* ---- batch.json */

static void append_text(struct buffer *json, const char *name, const char *text)
{
	buffer_printf(json, ",\"%s\":", name);
	if (text == NULL)
		buffer_append_text(json, "null");
	else
		buffer_append_json(json, slice_from(text));
}

static void append_path(struct landing *landing, const char *path, bool *first, struct buffer *json)
{
	const char *full = path == NULL ? NULL : arena_text(&landing->arena, "%s/%s", landing->folder, path);

	buffer_append_text(json, *first ? "" : ",");
	buffer_append_json(json, slice_from(full != NULL ? full : ""));
	json->failed = json->failed || full == NULL;
	*first = false;
}

/* Absolute paths of the batch's units of one kind; for changes, of their files, and of those of an export that somebody
 * put among them. */
static void append_units(struct landing *landing, const struct landing_batch *batch, const char *name,
			 enum unit_kind kind, bool dumps, struct buffer *json)
{
	bool first = true, told_table = false;

	buffer_printf(json, ",\"%s\":[", name);
	for (uint32_t i = 0; i < batch->count; i++) {
		const struct landing_entry *entry = &batch->entries[i];
		const struct unit *unit = &landing->histories->units[entry->unit];
		bool stray = unit->kind == UNIT_EXPORT && strncmp(unit->path, "events/", 7) == 0;
		for (uint32_t j = 0; j < unit->file_count && stray && kind == UNIT_CHANGES; j++)
			append_path(landing, unit->files[j], &first, json);
		if (unit->kind != kind || stray || (told_table && is_of_table(unit)) ||
		    (kind == UNIT_EXPORT && dumps != (strncmp(unit->path, "dumps/", 6) == 0)))
			continue;
		told_table = told_table || is_of_table(unit);
		const char *path = name_of(unit->path, is_of_table(unit) ? 0 : entry->naming, &landing->arena);
		append_path(landing, path, &first, json);
	}
	buffer_append_byte(json, ']');
}

int landing_describe(struct landing *landing, const struct landing_batch *batch, const struct landing_facts *facts,
		     unsigned attempt, const char *crash_at, struct error *error)
{
	struct buffer json;
	const char *all = arena_text(&landing->arena, "%s/landing", landing->cell);

	if (all == NULL)
		return no_memory(error);
	buffer_init(&json, JSON_MAX);
	buffer_printf(&json, "{\"batch\":%" PRIu32 ",\"of\":%" PRIu32, landing->number, facts->of);
	append_text(&json, "landing", all);
	append_text(&json, "batch_dir", landing->folder);
	append_text(&json, "work", facts->work);
	append_text(&json, "table", facts->table);
	append_text(&json, "columns", landing->histories->columns);
	buffer_printf(&json, ",\"key\":%s", landing->histories->key);
	append_text(&json, "variant", facts->variant);
	append_text(&json, "crash_at", crash_at);
	append_units(landing, batch, "exports", UNIT_EXPORT, false, &json);
	append_units(landing, batch, "increments", UNIT_INCREMENT, false, &json);
	append_units(landing, batch, "dumps", UNIT_EXPORT, true, &json);
	append_units(landing, batch, "events", UNIT_CHANGES, false, &json);
	buffer_printf(&json, ",\"full_replay\":%s", batch->full_replay ? "true" : "false");
	append_text(&json, "scenario", facts->scenario);
	buffer_printf(&json, ",\"seed\":%" PRIu64 ",\"now_us\":%" PRId64 ",\"attempt\":%u}\n", facts->seed,
		      batch->now_us, attempt);
	int failed = json.failed ? no_memory(error) : folder_write(landing->json, buffer_slice(&json), error);
	buffer_release(&json);
	return failed;
}
