#include "sources/export.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "sources/events.h"
#include "sources/export_place.h"
#include "sources/frame.h"
#include "sources/incremental.h"
#include "sources/manifest.h"
#include "sources/stream.h"

enum { MESSAGE_SIZE = 600 };
static const size_t MANIFEST_MEMORY_MAX = (size_t)1024 * 1024 * 1024;

/* What struct export points at. */
struct memory {
	struct export export;
	struct arena arena;
	uint64_t capacity; /* of export.files, which grows while the manifest is read */
};

/* An export being opened. */
struct opening {
	struct export *export;
	struct memory *memory;
	const struct record_sink *sink;
	struct json_parser *parser;
	char *absolute; /* of the folder, links resolved */
	bool has_summary;
	struct error *error;
};

PRINTF_LIKE(5, 6)
static int report(const struct record_sink *sink, struct error *error, const char *id, const char *path,
		  const char *format, ...)
{
	char message[MESSAGE_SIZE];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	const struct problem problem = {.id = id, .path = path, .message = message};
	return pass_report(sink, &problem, error);
}

/* Something that leaves the manifests less than whole. */
#define FLAW(opening, id, path, ...)                                                                                   \
	((opening)->export->complete = false, report((opening)->sink, (opening)->error, id, path, __VA_ARGS__))

static int out_of_memory(const struct opening *opening)
{
	return error_set(opening->error, ERROR_INTERNAL, "out of memory reading the manifests of '%s'",
			 opening->export->folder);
}

/* Copies into the export's memory; NULL when that is exhausted. */
static const char *keep(struct opening *opening, struct slice text)
{
	return arena_copy(&opening->memory->arena, text).data;
}

/* ---- manifest files */

typedef int (*each_object)(struct opening *opening, const struct json_token *tokens, const char *path,
			   const struct frame *frame);

static int unreadable(struct opening *opening, const char *path, const struct frame *frame, const char *reason)
{
	char message[MESSAGE_SIZE];
	(void)snprintf(message, sizeof(message), "unreadable line of a manifest: %s; fetch the file again", reason);
	const struct problem problem = {.id = "record.unreadable",
					.path = path,
					.has_position = true,
					.record = frame->number,
					.offset = frame->offset,
					.message = message};
	opening->export->complete = false;
	return pass_report(opening->sink, &problem, opening->error);
}

static int read_objects(struct opening *opening, const char *path, struct frame_reader *frames, each_object each)
{
	for (;;) {
		struct frame frame;
		int code = frame_next(frames, &frame, opening->error);
		if (code != 0)
			return code;
		if (frame.kind == FRAME_END)
			return frame.ended == GZIP_END ? 0 : unreadable(opening, path, &frame, "corrupt gzip data");
		if (frame.kind == FRAME_BROKEN) {
			code = unreadable(opening, path, &frame, frame.reason);
		} else {
			const struct json_token *tokens;
			size_t count;
			struct json_failure failure;
			if (json_parse(opening->parser, frame.bytes, &tokens, &count, &failure))
				code = each(opening, tokens, path, &frame);
			else if (!frame_reject(frames))
				code = unreadable(opening, path, &frame, failure.reason);
		}
		if (code != 0)
			return code;
	}
}

/* The MD5 a checksum file states. *stated is false where there is no such file, or something else in it; a file that
 * cannot be read is no evidence either way. */
static int read_md5_file(const char *path, uint8_t md5[16], bool *stated, struct error *error)
{
	char text[64];
	size_t size = 0, got;
	enum gzip_status status = GZIP_MORE;
	struct gzip_reader *file = NULL;
	*stated = false;
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return 0;
	int code = gzip_open(path, false, &file, error);
	while (code == 0 && status == GZIP_MORE && size < sizeof(text)) {
		code = gzip_read(file, text + size, sizeof(text) - size, &got, &status, error);
		size += got;
	}
	gzip_close(file);
	*stated = code == 0 && manifest_md5_decode((struct slice){text, size}, md5);
	return code;
}

static int check_manifest_md5(struct opening *opening, const char *name, const char *path, const uint8_t md5[16])
{
	uint8_t stated[16];
	bool is_stated;
	const char *md5_path = arena_text(&opening->memory->arena, "%s/%s.md5", opening->export->folder, name);
	if (md5_path == NULL)
		return out_of_memory(opening);
	int code = read_md5_file(md5_path, stated, &is_stated, opening->error);
	if (code != 0)
		return code;
	if (!is_stated)
		return FLAW(opening, "export.md5", md5_path,
			    "no base64 MD5 of %s.json can be read here; fetch the export's %s.md5 again", name, name);
	if (memcmp(stated, md5, 16) != 0)
		return FLAW(opening, "export.md5", path, "its MD5 is not the one that %s.md5 states; fetch both again",
			    name);
	return 0;
}

/* Reads <name>.json object by object, then holds it to <name>.md5. */
static int read_manifest(struct opening *opening, const char *name, each_object each)
{
	uint8_t md5[16];
	struct gzip_reader *file = NULL;
	const char *path = arena_text(&opening->memory->arena, "%s/%s.json", opening->export->folder, name);
	if (path == NULL)
		return out_of_memory(opening);
	int code = gzip_open(path, true, &file, opening->error);
	if (code != 0)
		return code;
	struct frame_reader *frames = frame_open(byte_source_gzip(file), FRAME_WINDOW, false);
	if (frames == NULL) {
		code = out_of_memory(opening);
		goto out;
	}
	code = read_objects(opening, path, frames, each);
	if (code == 0)
		code = gzip_drain(file, opening->error);
	if (code != 0)
		goto out;
	code = gzip_md5(file, md5, opening->error);
	if (code == 0)
		code = check_manifest_md5(opening, name, path, md5);
out:
	frame_close(frames);
	gzip_close(file);
	return code;
}

/* ---- manifest-summary.json */

static int refuse(struct opening *opening, const char *why)
{
	return error_set(opening->error, ERROR_DATA, "'%s' is no export that can be read: %s", opening->export->folder,
			 why);
}

static int keep_summary(struct opening *opening, const struct manifest_summary *summary)
{
	struct export *export = opening->export;
	export->export_arn = keep(opening, summary->export_arn);
	export->table_arn = keep(opening, summary->table_arn);
	export->table_id = keep(opening, summary->table_id);
	export->output_format = keep(opening, summary->output_format);
	if (export->export_arn == NULL || export->table_arn == NULL || export->table_id == NULL ||
	    export->output_format == NULL)
		return out_of_memory(opening);
	export->item_count = summary->item_count;
	export->billed_bytes = summary->billed_bytes > 0 ? (uint64_t)summary->billed_bytes : 0;
	return 0;
}

static bool same_or_none(struct slice text, const char *usual)
{
	return text.size == 0 || slice_is(text, usual);
}

static int take_window(struct opening *opening, const struct manifest_summary *summary)
{
	struct export *export = opening->export;
	if (!clock_parse(summary->from_time, &export->from_us) || !clock_parse(summary->to_time, &export->to_us) ||
	    export->from_us >= export->to_us)
		return refuse(opening, "manifest-summary.json has no exportFromTime and exportToTime that can be read; "
				       "fetch it again");
	export->with_old = slice_is(summary->output_view, "NEW_AND_OLD_IMAGES");
	if (!export->with_old && !slice_is(summary->output_view, "NEW_IMAGE"))
		return refuse(opening, "its outputView is neither NEW_AND_OLD_IMAGES nor NEW_IMAGE; fetch "
				       "manifest-summary.json again");
	return 0;
}

/* What the export is, from its summary. */
static int take_kind(struct opening *opening, const struct manifest_summary *summary)
{
	struct export *export = opening->export;
	export->incremental = slice_is(summary->export_type, "INCREMENTAL_EXPORT");
	if (!export->incremental && !same_or_none(summary->export_type, "FULL_EXPORT"))
		return refuse(opening, "its exportType is neither FULL_EXPORT nor INCREMENTAL_EXPORT; look for a newer "
				       "lakeproof");
	export->ion = slice_is(summary->output_format, "ION");
	if (!export->ion && !same_or_none(summary->output_format, "DYNAMODB_JSON"))
		return refuse(opening, "its outputFormat is neither DYNAMODB_JSON nor ION; request it in one of them");
	if (export->incremental)
		return take_window(opening, summary);
	if (!clock_parse(summary->export_time, &export->export_time_us))
		return refuse(opening, "manifest-summary.json has no exportTime that can be read; fetch it again");
	return 0;
}

static int on_summary(struct opening *opening, const struct json_token *tokens, const char *path,
		      const struct frame *frame)
{
	struct manifest_summary summary;
	const char *reason;
	if (opening->has_summary)
		return unreadable(opening, path, frame, "a second object after the summary");
	if (!manifest_summary_decode(tokens, &summary, &reason))
		return unreadable(opening, path, frame, reason);
	int code = take_kind(opening, &summary);
	if (code != 0)
		return code;
	opening->has_summary = true;
	code = keep_summary(opening, &summary);
	if (code == 0 && !slice_is(summary.version, "2020-06-30") && !slice_is(summary.version, "2023-08-01"))
		code = FLAW(
			opening, "export.version", path,
			"manifest version '%.*s' is unknown (known: 2020-06-30, 2023-08-01); what follows is read as "
			"if it were known",
			summary.version.size < 40 ? (int)summary.version.size : 40, summary.version.data);
	return code;
}

/* ---- manifest-files.json */

static struct export_file *add_file(struct opening *opening)
{
	struct export *export = opening->export;
	struct memory *memory = opening->memory;
	if (export->file_count == memory->capacity) {
		uint64_t capacity = memory->capacity == 0 ? 64 : memory->capacity * 2;
		struct export_file *files = reallocarray(export->files, capacity, sizeof(*files));
		if (files == NULL)
			return NULL;
		export->files = files;
		memory->capacity = capacity;
	}
	struct export_file *file = &export->files[export->file_count++];
	*file = (struct export_file){0};
	return file;
}

static int on_file(struct opening *opening, const struct json_token *tokens, const char *path,
		   const struct frame *frame)
{
	struct manifest_file line;
	const char *reason;
	if (!manifest_file_decode(tokens, &line, &reason))
		return unreadable(opening, path, frame, reason);
	struct export_file *file = add_file(opening);
	if (file == NULL)
		return out_of_memory(opening);
	file->key = keep(opening, line.key);
	file->etag = keep(opening, line.etag);
	if (file->key == NULL || file->etag == NULL)
		return out_of_memory(opening);
	file->item_count = line.item_count;
	file->has_md5 = manifest_md5_decode(line.md5, file->md5);
	const struct export_place place = {&opening->memory->arena, opening->export->folder, opening->absolute,
					   opening->export->incremental};
	file->path = export_place_find(&place, file->key, &file->size_bytes);
	int code = 0;
	if (file->path == NULL)
		code = FLAW(opening, "export.missing", opening->export->folder,
			    "the manifest's data file '%.300s' is not here; copy it into %s", file->key,
			    opening->export->incremental ? "the folder data beside this one"
							 : "this folder's data folder");
	if (code == 0 && !file->has_md5)
		code = FLAW(opening, "export.md5", path,
			    "no md5Checksum that can be read for '%.300s'; fetch manifest-files.json again", file->key);
	if (code == 0 && file->item_count < 0)
		code = FLAW(opening, "export.count", path, "no itemCount for '%.300s'; fetch manifest-files.json again",
			    file->key);
	return code;
}

/* ---- both together */

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash != NULL ? slash + 1 : path;
}

/* Names of the data files, sorted; free() them. */
static const char **sorted_names(const struct export *export, const char *(*name)(const char *))
{
	const char **names = reallocarray(NULL, export->file_count + 1, sizeof(*names));
	if (names == NULL)
		return NULL;
	for (uint64_t i = 0; i < export->file_count; i++)
		names[i] = name(export->files[i].key);
	qsort(names, export->file_count, sizeof(*names), compare_texts);
	return names;
}

static const char *same(const char *key)
{
	return key;
}

static int check_sums(struct opening *opening)
{
	const struct export *export = opening->export;
	int64_t sum = 0;
	for (uint64_t i = 0; i < export->file_count; i++)
		if (export->files[i].item_count > 0 && __builtin_add_overflow(sum, export->files[i].item_count, &sum))
			return FLAW(opening, "export.count", export->folder,
				    "the counts in manifest-files.json have no sum; fetch it again");
	if (sum != export->item_count) {
		int code = export->item_count < 0
				   ? FLAW(opening, "export.count", export->folder,
					  "manifest-summary.json has no itemCount; fetch it again")
				   : FLAW(opening, "export.count", export->folder,
					  "manifest-summary.json counts %" PRId64
					  " items, the lines of manifest-files.json %" PRId64 "; fetch both again",
					  export->item_count, sum);
		if (code != 0)
			return code;
	}
	int code = 0;
	const char **keys = sorted_names(export, same);
	if (keys == NULL)
		return out_of_memory(opening);
	for (uint64_t i = 1; i < export->file_count && code == 0; i++)
		if (strcmp(keys[i - 1], keys[i]) == 0)
			code = FLAW(opening, "export.count", export->folder,
				    "manifest-files.json names '%.300s' twice; fetch it again", keys[i]);
	free(keys);
	return code;
}

static int keep_name(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static int compare_entries(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Files in data/ that the manifest does not name are not read, but told. */
static int report_extra_files(struct opening *opening)
{
	const struct export *export = opening->export;
	const char *data = arena_text(&opening->memory->arena, "%s/data", export->folder);
	const char **names = sorted_names(export, base_name);
	struct dirent **entries = NULL;
	int count = 0;
	int code = 0;
	if (data == NULL || names == NULL) {
		code = out_of_memory(opening);
		goto out;
	}
	count = scandir(data, &entries, keep_name, compare_entries);
	if (count < 0 && errno != ENOENT && errno != ENOTDIR) {
		code = error_system(opening->error, "cannot read folder '%s'", data);
		goto out;
	}
	for (int i = 0; i < count && code == 0; i++) {
		const char *name = entries[i]->d_name;
		if (bsearch(&name, names, export->file_count, sizeof(*names), compare_texts) != NULL)
			continue;
		const char *path = arena_text(&opening->memory->arena, "%s/%s", data, name);
		code = path == NULL
			       ? out_of_memory(opening)
			       : report(opening->sink, opening->error, "export.extra", path,
					"the manifest does not name this file, so it is not read; see which export "
					"it belongs to");
	}
out:
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	free(names);
	return code;
}

/* ---- open and close */

/* That there is an export to read, or else what to do. */
static int look(const struct opening *opening)
{
	uint64_t size;
	const char *folder = opening->export->folder;
	const char *summary = arena_text(&opening->memory->arena, "%s/manifest-summary.json", folder);
	const char *files = arena_text(&opening->memory->arena, "%s/manifest-files.json", folder);
	const char *started = arena_text(&opening->memory->arena, "%s/_started", folder);
	if (summary == NULL || files == NULL || started == NULL)
		return out_of_memory(opening);
	if (!export_place_is_folder(folder))
		return error_set(opening->error, ERROR_DATA, "there is no folder '%s': check the path of the export",
				 folder);
	if (!export_place_is_file(summary, &size) && export_place_is_file(started, &size))
		return error_set(opening->error, ERROR_DATA,
				 "the export in '%s' is not finished (no manifest-summary.json): "
				 "wait for it, then copy the whole folder",
				 folder);
	if (!export_place_is_file(summary, &size))
		return error_set(opening->error, ERROR_DATA,
				 "no manifest-summary.json in '%s': name the folder of one "
				 "export, AWSDynamoDB/<export id>",
				 folder);
	if (!export_place_is_file(files, &size))
		return error_set(opening->error, ERROR_DATA, "no manifest-files.json in '%s': copy the whole folder",
				 folder);
	return 0;
}

static int read_all(struct opening *opening)
{
	int code = look(opening);
	if (code != 0)
		return code;
	opening->absolute = realpath(opening->export->folder, NULL);
	opening->parser = json_parser_new(RECORD_SIZE_MAX);
	if (opening->absolute == NULL || opening->parser == NULL)
		return out_of_memory(opening);
	code = read_manifest(opening, "manifest-summary", on_summary);
	if (code != 0)
		return code;
	if (!opening->has_summary)
		return refuse(opening, "manifest-summary.json cannot be read; fetch it again");
	code = read_manifest(opening, "manifest-files", on_file);
	if (code != 0)
		return code;
	code = check_sums(opening);
	/* A data folder that exports share says nothing of one of them. */
	return code != 0 || opening->export->incremental ? code : report_extra_files(opening);
}

int export_open(const char *folder, const struct record_sink *sink, struct export **export, struct error *error)
{
	*export = NULL;
	struct memory *memory = calloc(1, sizeof(*memory));
	if (memory == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory opening '%s'", folder);
	arena_init(&memory->arena, MANIFEST_MEMORY_MAX);
	memory->export = (struct export){.memory = memory, .complete = true, .item_count = -1};
	struct opening opening = {.export = &memory->export, .memory = memory, .sink = sink, .error = error};
	struct slice name = slice_from(folder);
	while (name.size > 1 && name.data[name.size - 1] == '/')
		name.size--;
	memory->export.folder = keep(&opening, name);
	int code = memory->export.folder != NULL ? read_all(&opening) : out_of_memory(&opening);
	free(opening.absolute);
	json_parser_free(opening.parser);
	if (code != 0)
		export_close(&memory->export);
	else
		*export = &memory->export;
	return code;
}

void export_close(struct export *export)
{
	if (export == NULL)
		return;
	struct memory *memory = export->memory;
	free(export->files);
	arena_release(&memory->arena);
	free(memory);
}

/* ---- data files */

static int check_file(const struct export_file *file, const struct record_sink *sink, const uint8_t md5[16],
		      struct file_result *result, struct error *error)
{
	int code = 0;
	bool whole = result->complete;
	bool known = false;
	bool right = !file->has_md5 || memcmp(md5, file->md5, 16) == 0;
	if (!right) {
		result->complete = false;
		code = report(sink, error, "export.md5", file->path,
			      "its MD5 is not the one in manifest-files.json; fetch it again");
	} else if (!file->has_md5 && !manifest_etag_matches(slice_from(file->etag), md5, &known)) {
		/* Under SSE-KMS an etag is no MD5, so it is asked only when there is nothing better. */
		result->complete = false;
		code = report(sink, error, "export.md5", file->path,
			      "its MD5 does not give the etag in manifest-files.json; fetch both again");
	} else if (!file->has_md5 && !known) {
		/* export_open has told it. */
		result->complete = false;
	}
	uint64_t lines = result->records + result->unreadable;
	/* Of a file that is cut short the count says nothing new. */
	if (code == 0 && !whole)
		return 0;
	if (code == 0 && (file->item_count < 0 || lines != (uint64_t)file->item_count)) {
		result->complete = false;
		if (file->item_count >= 0)
			code = report(sink, error, "export.count", file->path,
				      "it holds %" PRIu64 " items, manifest-files.json counts %" PRId64
				      "; fetch both again",
				      lines, file->item_count);
	}
	return code;
}

/* Records of an incremental export, held to its window. */
struct window_sink {
	const struct export *export;
	const char *path;
	const struct record_sink *sink;
	uint64_t outside;
};

static int hold_to_window(void *context, const struct record *record, struct error *error)
{
	struct window_sink *window = context;
	char from[CLOCK_TEXT_MAX], to[CLOCK_TEXT_MAX], time[CLOCK_TEXT_MAX], message[MESSAGE_SIZE];
	if (record->time_lo_us >= window->export->from_us && record->time_lo_us < window->export->to_us)
		return window->sink->record(window->sink->context, record, error);
	window->outside++;
	(void)snprintf(message, sizeof(message),
		       "its time %s is outside of the export's window, %s up to %s; request the export again",
		       clock_format(record->time_lo_us, time), clock_format(window->export->from_us, from),
		       clock_format(window->export->to_us, to));
	const struct problem problem = {.id = "record.unreadable",
					.path = window->path,
					.has_position = true,
					.record = record->number,
					.offset = record->offset,
					.message = message};
	return pass_report(window->sink, &problem, error);
}

static int pass_problem(void *context, const struct problem *problem, struct error *error)
{
	struct window_sink *window = context;
	return pass_report(window->sink, problem, error);
}

int export_read_file(const struct export *export, uint64_t index, struct json_parser *parser,
		     const struct record_sink *sink, struct file_result *result, struct error *error)
{
	const struct export_file *file = &export->files[index];
	uint8_t md5[16];
	*result = (struct file_result){0};
	if (file->path == NULL)
		return 0;
	struct window_sink window = {export, file->path, sink, 0};
	const struct record_sink held = {&window, hold_to_window, pass_problem};
	const struct pass pass = {.path = file->path,
				  .ion = export->ion,
				  .decode = !export->incremental ? item_decode
					    : export->with_old   ? incremental_decode
								 : incremental_decode_new,
				  .parser = parser,
				  .sink = export->incremental ? &held : sink,
				  .with_md5 = true};
	int code = pass_run(&pass, result, md5, error);
	result->records -= window.outside;
	result->unreadable += window.outside;
	bool opened = result->complete || result->stored_bytes > 0;
	return code != 0 || !opened ? code : check_file(file, sink, md5, result, error);
}
