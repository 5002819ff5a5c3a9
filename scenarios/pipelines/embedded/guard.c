#include "scenarios/pipelines/embedded/guard.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A guard file is text, one fact a line; keys in hexadecimal, since they may hold anything:
 *   export TIME_US
 *   clock TIME_US
 *   window FROM_US TO_US
 *   name HEX
 *   key HEX TIME_US PRECISION_US STREAM FLAGS SEQUENCE|-|none
 *   end
 * The last line tells a whole file from a cut one. */

enum { PATH_SIZE = 4096 };
enum { FLAG_KEPT = 1, FLAG_REMOVED = 2 };

struct guard_writer {
	FILE *file;
	bool sync;
	char path[PATH_SIZE], temporary[PATH_SIZE + 8];
};

static void guard_path(char path[PATH_SIZE], const char *folder, int64_t batch)
{
	snprintf(path, PATH_SIZE, "%s/%010" PRId64 ".guard", folder, batch);
}

static int nibble(char digit)
{
	return digit >= '0' && digit <= '9' ? digit - '0' : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* In place; false when it is no hexadecimal text. */
static bool from_hex(char *text, struct slice *bytes)
{
	size_t size = strlen(text);
	for (size_t i = 0; i + 1 < size; i += 2) {
		int high = nibble(text[i]), low = nibble(text[i + 1]);
		if (high < 0 || low < 0)
			return false;
		text[i / 2] = (char)(high << 4 | low);
	}
	*bytes = (struct slice){text, size / 2};
	return size % 2 == 0;
}

static bool write_hex(FILE *file, struct slice bytes)
{
	static const char digits[] = "0123456789abcdef";
	bool good = true;
	for (size_t i = 0; i < bytes.size; i++) {
		uint8_t byte = (uint8_t)bytes.data[i];
		good = putc(digits[byte >> 4], file) != EOF && putc(digits[byte & 15], file) != EOF && good;
	}
	return good;
}

static int remember(struct guard *guard, struct slice key, const struct guard_entry *entry, struct error *error)
{
	size_t number;
	bool added;
	int code = keymap_add(&guard->keys, key, &number, &added, error);
	if (code != 0)
		return code;
	if (guard->entry_capacity < guard->keys.capacity) {
		struct guard_entry *grown = realloc(guard->entries, guard->keys.capacity * sizeof(*grown));
		if (grown == NULL)
			return error_set(error, ERROR_INTERNAL, "out of memory for the state of keys");
		guard->entries = grown;
		guard->entry_capacity = guard->keys.capacity;
	}
	guard->entries[number] = *entry;
	if (entry->has_stamp && entry->stamp.time_us > guard->newest_us)
		guard->newest_us = entry->stamp.time_us;
	return 0;
}

/* The number at *at, and past it and the space after it. */
static bool take_number(const char **at, int64_t *number)
{
	char *end;
	errno = 0;
	*number = strtoll(*at, &end, 10);
	if (end == *at || errno != 0 || (*end != ' ' && *end != '\0'))
		return false;
	*at = *end == ' ' ? end + 1 : end;
	return true;
}

static bool read_key(char *hex, const char *rest, struct slice *key, struct guard_entry *entry)
{
	int64_t stream, flags;
	*entry = (struct guard_entry){.has_stamp = true};
	if (!take_number(&rest, &entry->stamp.time_us) || !take_number(&rest, &entry->stamp.precision_us) ||
	    !take_number(&rest, &stream) || !take_number(&rest, &flags))
		return false;
	entry->stamp.stream = (uint64_t)stream;
	entry->kept = (flags & FLAG_KEPT) != 0;
	entry->removed = (flags & FLAG_REMOVED) != 0;
	if (strcmp(rest, "none") == 0)
		entry->has_stamp = false;
	else if (strcmp(rest, "-") != 0 && !stamp_set_sequence(&entry->stamp, slice_from(rest)))
		return false;
	return from_hex(hex, key);
}

static int add_window(struct guard *guard, const struct guard_window *window, struct error *error)
{
	struct guard_window *grown = realloc(guard->windows, (guard->window_count + 1) * sizeof(*grown));
	if (grown == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory for windows");
	guard->windows = grown;
	grown[guard->window_count++] = *window;
	return 0;
}

/* A line of one time; false when it is none. */
static bool read_time(struct guard *guard, const char *word, const char *argument)
{
	int64_t time;
	bool is_export = strcmp(word, "export") == 0;
	if (!is_export && strcmp(word, "clock") != 0)
		return false;
	if (!take_number(&argument, &time))
		return false;
	int64_t *newest = is_export ? &guard->export_time_us : &guard->clock_us;
	*newest = time > *newest ? time : *newest;
	return true;
}

static bool read_window(const char *from, const char *to, struct guard_window *window)
{
	return take_number(&from, &window->from_us) && take_number(&to, &window->to_us);
}

static int read_line(struct guard *guard, char *line, const char *path, bool *ended, struct error *error)
{
	char *word = line, *argument = strchr(line, ' '), *rest = NULL;
	struct slice bytes;
	struct guard_entry entry;
	struct guard_window window;
	size_t number;
	bool added;
	line[strcspn(line, "\n")] = '\0';
	if (argument != NULL) {
		*argument++ = '\0';
		rest = strchr(argument, ' ');
	}
	if (rest != NULL)
		*rest++ = '\0';
	if (strcmp(word, "end") == 0) {
		*ended = true;
		return 0;
	}
	if (argument != NULL && read_time(guard, word, argument))
		return 0;
	if (rest != NULL && strcmp(word, "window") == 0 && read_window(argument, rest, &window))
		return add_window(guard, &window, error);
	if (argument != NULL && strcmp(word, "name") == 0 && from_hex(argument, &bytes))
		return keymap_add(&guard->names, bytes, &number, &added, error);
	if (rest != NULL && strcmp(word, "key") == 0 && read_key(argument, rest, &bytes, &entry))
		return remember(guard, bytes, &entry, error);
	return error_set(error, ERROR_DATA, "\"%s\" is damaged; build the table anew", path);
}

static int read_file(struct guard *guard, const char *path, struct error *error)
{
	FILE *file = fopen(path, "r");
	if (file == NULL && errno == ENOENT)
		return error_set(error, ERROR_DATA,
				 "\"%s\" is missing, the pipeline's state is lost; build the table anew", path);
	if (file == NULL)
		return error_system(error, "cannot read \"%s\"", path);
	char *line = NULL;
	size_t room = 0;
	bool ended = false;
	int code = 0;
	while (code == 0 && getline(&line, &room, file) >= 0)
		code = read_line(guard, line, path, &ended, error);
	free(line);
	if (code == 0 && !ended)
		code = error_set(error, ERROR_DATA, "\"%s\" is cut short; build the table anew", path);
	fclose(file);
	return code;
}

int guard_open(struct guard *guard, const char *table, int64_t last, bool sync, struct error *error)
{
	*guard = (struct guard){
		.sync = sync, .export_time_us = INT64_MIN, .newest_us = INT64_MIN, .clock_us = INT64_MIN};
	keymap_init(&guard->keys);
	keymap_init(&guard->names);
	size_t size = strlen(table) + sizeof("/_pipeline");
	guard->folder = malloc(size);
	if (guard->folder == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory for the state of keys");
	snprintf(guard->folder, size, "%s/_pipeline", table);
	if (size > PATH_SIZE - 32)
		return error_set(error, ERROR_USAGE, "the table's path is too long");
	if (mkdir(guard->folder, 0777) != 0 && errno != EEXIST)
		return error_system(error, "cannot make \"%s\"", guard->folder);
	int code = 0;
	for (int64_t batch = 1; code == 0 && batch <= last; batch++) {
		char path[PATH_SIZE];
		guard_path(path, guard->folder, batch);
		code = read_file(guard, path, error);
	}
	return code;
}

void guard_release(struct guard *guard)
{
	free(guard->folder);
	free(guard->entries);
	free(guard->windows);
	keymap_release(&guard->keys);
	keymap_release(&guard->names);
}

void guard_forget(struct guard *guard)
{
	struct guard empty = {.folder = guard->folder,
			      .sync = guard->sync,
			      .export_time_us = INT64_MIN,
			      .newest_us = INT64_MIN,
			      .clock_us = INT64_MIN};
	guard->folder = NULL;
	guard_release(guard);
	*guard = empty;
	keymap_init(&guard->keys);
	keymap_init(&guard->names);
}

const struct guard_entry *guard_find(const struct guard *guard, struct slice key)
{
	size_t number;
	if (!keymap_find(&guard->keys, key, &number) || !guard->entries[number].has_stamp)
		return NULL;
	return &guard->entries[number];
}

/* ---- writing */

int guard_begin(const struct guard *guard, int64_t batch, struct guard_writer **writer, struct error *error)
{
	*writer = calloc(1, sizeof(**writer));
	if (*writer == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory for the state of keys");
	(*writer)->sync = guard->sync;
	guard_path((*writer)->path, guard->folder, batch);
	snprintf((*writer)->temporary, sizeof((*writer)->temporary), "%s.new", (*writer)->path);
	(*writer)->file = fopen((*writer)->temporary, "w");
	if ((*writer)->file != NULL)
		return 0;
	int code = error_system(error, "cannot write \"%s\"", (*writer)->temporary);
	guard_abandon(*writer);
	*writer = NULL;
	return code;
}

static int written(const struct guard_writer *writer, bool good, struct error *error)
{
	return good ? 0 : error_system(error, "cannot write \"%s\"", writer->temporary);
}

int guard_put_export_time(struct guard_writer *writer, int64_t time_us, struct error *error)
{
	return written(writer, fprintf(writer->file, "export %" PRId64 "\n", time_us) > 0, error);
}

int guard_put_clock(struct guard_writer *writer, int64_t time_us, struct error *error)
{
	return written(writer, fprintf(writer->file, "clock %" PRId64 "\n", time_us) > 0, error);
}

int guard_put_window(struct guard_writer *writer, const struct guard_window *window, struct error *error)
{
	int size = fprintf(writer->file, "window %" PRId64 " %" PRId64 "\n", window->from_us, window->to_us);
	return written(writer, size > 0, error);
}

int guard_put_name(struct guard_writer *writer, struct slice name, struct error *error)
{
	bool good = fputs("name ", writer->file) != EOF && write_hex(writer->file, name) &&
		    putc('\n', writer->file) != EOF;
	return written(writer, good, error);
}

int guard_put(struct guard_writer *writer, struct slice key, const struct guard_entry *entry, struct error *error)
{
	const struct stamp *stamp = &entry->stamp;
	const char *sequence = !entry->has_stamp ? "none" : stamp->digits == 0 ? "-" : stamp->sequence;
	int flags = (entry->kept ? FLAG_KEPT : 0) | (entry->removed ? FLAG_REMOVED : 0);
	bool good = fputs("key ", writer->file) != EOF && write_hex(writer->file, key) &&
		    fprintf(writer->file, " %" PRId64 " %" PRId64 " %" PRId64 " %d %s\n", stamp->time_us,
			    stamp->precision_us, (int64_t)stamp->stream, flags, sequence) > 0;
	return written(writer, good, error);
}

int guard_sync(struct guard_writer *writer, struct error *error)
{
	bool good = fputs("end\n", writer->file) != EOF && fflush(writer->file) == 0 &&
		    (!writer->sync || fsync(fileno(writer->file)) == 0);
	int code = written(writer, good, error);
	if (fclose(writer->file) != 0 && code == 0)
		code = error_system(error, "cannot write \"%s\"", writer->temporary);
	writer->file = NULL;
	if (code == 0 && rename(writer->temporary, writer->path) != 0)
		code = error_system(error, "cannot rename \"%s\"", writer->temporary);
	return code;
}

int guard_adopt(struct guard *guard, struct guard_writer *writer, struct error *error)
{
	int code = read_file(guard, writer->path, error);
	guard_abandon(writer);
	return code;
}

void guard_abandon(struct guard_writer *writer)
{
	if (writer == NULL)
		return;
	if (writer->file != NULL) {
		fclose(writer->file);
		unlink(writer->temporary);
	}
	free(writer);
}
