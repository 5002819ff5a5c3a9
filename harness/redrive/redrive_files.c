#include "harness/redrive/redrive_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "bridge/write.h"
#include "generators/compress.h"
#include "generators/text.h"

enum { PATH_SIZE = 4096, DEPTH_MAX = 32 };

struct redrive_files {
	struct redrive_place place;
	const struct redrive_form *form;
	struct buffer records, file, packed;
	size_t *ends; /* of the records, in `records` */
	uint64_t count, capacity, written;
	struct compressor *compressor;
	struct ArrowSchema columns; /* of Parquet */
	char folder[PATH_SIZE];
};

static int out_of_memory(struct error *error)
{
	return error_set(error, ERROR_INTERNAL, "out of memory");
}

/* ---- what is there */

/* The greatest path below `path`, as listings sort them, into `last`; relative to where it began. */
static int last_file(const char *path, size_t root, unsigned depth, char last[PATH_SIZE], struct error *error)
{
	DIR *folder = opendir(path);
	if (folder == NULL)
		return errno == ENOENT ? 0 : error_system(error, "cannot list \"%s\"", path);
	int code = 0;
	for (struct dirent *entry; code == 0 && (entry = readdir(folder)) != NULL;) {
		char below[PATH_SIZE];
		struct stat what;
		if (entry->d_name[0] == '.' || entry->d_name[0] == '_')
			continue;
		if ((size_t)snprintf(below, sizeof below, "%s/%s", path, entry->d_name) >= sizeof below ||
		    stat(below, &what) != 0)
			continue;
		if (S_ISDIR(what.st_mode) && depth < DEPTH_MAX)
			code = last_file(below, root, depth + 1, last, error);
		else if (strcmp(below + root, last) > 0)
			memmove(last, below + root, strlen(below + root) + 1);
	}
	closedir(folder);
	return code;
}

static int make_folders(char *path, size_t from, struct error *error)
{
	for (char *at = path + from; *at != '\0'; at++) {
		if (*at != '/' || at == path)
			continue;
		*at = '\0';
		int failed = mkdir(path, 0777) != 0 && errno != EEXIST ? error_system(error, "cannot make \"%s\"", path)
								       : 0;
		*at = '/';
		if (failed != 0)
			return failed;
	}
	return mkdir(path, 0777) != 0 && errno != EEXIST ? error_system(error, "cannot make \"%s\"", path) : 0;
}

/* ---- names */

static struct civil written_at(const struct redrive_files *files)
{
	return civil_from_us(files->place.now_us);
}

/* As the format's other files are called, but for the word that says what it is. */
static bool name_file(const struct redrive_files *files, uint64_t number, char name[PATH_SIZE])
{
	const struct stream_format *format = redrive_form_format(files->form);
	struct civil at = written_at(files);
	bool parquet = format->parquet != NULL;
	const char *gzip = files->place.gzip && !parquet ? ".gz" : "";
	int size;
	if (format->suffix == NULL)
		size = snprintf(name, PATH_SIZE,
				"%s/redrive-1-%04u-%02u-%02u-%02u-%02u-%02u-%08llx-0000-4000-8000-0123456789ab%s",
				files->folder, at.year, at.month, at.day, at.hour, at.minute, at.second,
				(unsigned long long)number, parquet ? ".parquet" : gzip);
	else
		size = snprintf(name, PATH_SIZE, "%s/redrive_%04u%02u%02uT%02u%02u%02uZ_%06llu%s%s", files->folder,
				at.year, at.month, at.day, at.hour, at.minute, at.second, (unsigned long long)number,
				format->suffix, gzip);
	return size < PATH_SIZE;
}

/* A pipeline that takes files in the order of their names must come to these last. */
static int check_order(struct redrive_files *files, struct error *error)
{
	char root[PATH_SIZE], first[PATH_SIZE], last[PATH_SIZE] = "";
	int size = snprintf(root, sizeof root, "%s/%s", files->place.folder, files->place.prefix);
	if (size >= (int)sizeof root || !name_file(files, 0, first))
		return error_set(error, ERROR_USAGE, "the path of the landing folder is too long");
	if (last_file(root, (size_t)size, 0, last, error) != 0)
		return error->code;
	if (last[0] != '\0' && strcmp(first + size, last) <= 0)
		return error_set(error, ERROR_USAGE,
				 "\"%s\" would not come after \"%s%s\", which is there already; choose another "
				 "--prefix",
				 first, root, last);
	return 0;
}

int redrive_files_new(const struct redrive_place *place, const struct redrive_form *form,
		      struct redrive_files **files, struct error *error)
{
	const struct stream_format *format = redrive_form_format(form);
	struct redrive_files *made = *files = calloc(1, sizeof **files);
	if (made == NULL)
		return out_of_memory(error);
	made->place = *place;
	made->form = form;
	buffer_init(&made->records, (size_t)2 << 30);
	buffer_init(&made->file, (size_t)2 << 30);
	buffer_init(&made->packed, (size_t)2 << 30);
	struct civil at = written_at(made);
	if (snprintf(made->folder, PATH_SIZE, "%s/%s%s%04u/%02u/%02u/%02u", place->folder, place->prefix,
		     place->prefix[0] == '\0' ? "" : "/", at.year, at.month, at.day, at.hour) >= PATH_SIZE)
		return error_set(error, ERROR_USAGE, "the path of the landing folder is too long");
	if (compressor_new(&made->compressor, error) != 0)
		return error->code;
	if (format->parquet != NULL) {
		format->parquet(redrive_form_style(form), &made->file);
		if (buffer_append_byte(&made->file, '\0') != 0)
			return out_of_memory(error);
		if (bridge_schema_of_json(made->file.data, &made->columns, error) != 0)
			return error->code;
	}
	return 0;
}

void redrive_files_free(struct redrive_files *files)
{
	if (files == NULL)
		return;
	buffer_release(&files->records);
	buffer_release(&files->file);
	buffer_release(&files->packed);
	compressor_free(files->compressor);
	if (files->columns.release != NULL)
		files->columns.release(&files->columns);
	free(files->ends);
	free(files);
}

uint64_t redrive_files_count(const struct redrive_files *files)
{
	return files->written;
}

const char *redrive_files_folder(const struct redrive_files *files)
{
	return files->folder;
}

/* ---- writing */

static int write_bytes(const char *path, struct slice bytes, struct error *error)
{
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (file < 0)
		return error_system(error, "cannot write \"%s\"", path);
	int code = 0;
	for (size_t at = 0; at < bytes.size && code == 0;) {
		ssize_t done = write(file, bytes.data + at, bytes.size - at);
		if (done < 0 && errno != EINTR)
			code = error_system(error, "cannot write \"%s\"", path);
		at += done > 0 ? (size_t)done : 0;
	}
	if (code == 0 && fsync(file) != 0)
		code = error_system(error, "cannot write \"%s\"", path);
	if (close(file) != 0 && code == 0)
		code = error_system(error, "cannot write \"%s\"", path);
	return code;
}

static int write_parquet(const struct redrive_files *files, const char *path, struct error *error)
{
	struct bridge_parquet *parquet;
	if (bridge_parquet_create(path, &files->columns, 0, &parquet, error) != 0)
		return error->code;
	if (bridge_parquet_add_lines(parquet, files->file.data, files->file.size, error) == 0)
		return bridge_parquet_finish(parquet, error);
	bridge_parquet_abort(parquet);
	return error->code;
}

static int frame_records(struct redrive_files *files, struct error *error)
{
	size_t from = 0;
	files->file.size = 0;
	for (uint64_t i = 0; i < files->count; i++) {
		redrive_form_frame(files->form, files->count, i, &files->file);
		buffer_append(&files->file, files->records.data + from, files->ends[i] - from);
		from = files->ends[i];
	}
	redrive_form_frame(files->form, files->count, files->count, &files->file);
	return files->file.failed ? out_of_memory(error) : 0;
}

/* The name is taken in one step, and only if nobody has it. */
static int write_file(struct redrive_files *files, struct error *error)
{
	char name[PATH_SIZE], hidden[PATH_SIZE];
	if (!name_file(files, files->written, name) ||
	    snprintf(hidden, sizeof hidden, "%s/.redrive.%ld.new", files->folder, (long)getpid()) >= PATH_SIZE)
		return error_set(error, ERROR_USAGE, "the path of the landing folder is too long");
	if ((files->written == 0 && check_order(files, error) != 0) || frame_records(files, error) != 0 ||
	    make_folders(files->folder, 1, error) != 0)
		return error->code;
	struct slice bytes = buffer_slice(&files->file);
	bool parquet = redrive_form_format(files->form)->parquet != NULL;
	files->packed.size = 0;
	if (files->place.gzip && !parquet) {
		if (compressor_gzip(files->compressor, bytes, &files->packed, error) != 0)
			return error->code;
		bytes = buffer_slice(&files->packed);
	}
	int code = parquet ? write_parquet(files, hidden, error) : write_bytes(hidden, bytes, error);
	if (code == 0 && link(hidden, name) != 0)
		code = errno == EEXIST
			       ? error_set(error, ERROR_USAGE, "\"%s\" is there already, and is left alone", name)
			       : error_system(error, "cannot make \"%s\"", name);
	unlink(hidden);
	files->written += code == 0;
	files->count = 0;
	files->records.size = 0;
	return code;
}

int redrive_files_add(struct redrive_files *files, struct slice record, struct error *error)
{
	if (files->count > 0 && (files->count >= files->place.records_max ||
				 files->records.size + record.size > files->place.bytes_max) &&
	    write_file(files, error) != 0)
		return error->code;
	if (files->count == files->capacity) {
		uint64_t capacity = files->capacity == 0 ? 1024 : files->capacity * 2;
		size_t *grown = realloc(files->ends, capacity * sizeof *grown);
		if (grown == NULL)
			return out_of_memory(error);
		files->ends = grown;
		files->capacity = capacity;
	}
	if (buffer_append_slice(&files->records, record) != 0)
		return out_of_memory(error);
	files->ends[files->count++] = files->records.size;
	return 0;
}

int redrive_files_finish(struct redrive_files *files, struct error *error)
{
	return files->count > 0 ? write_file(files, error) : 0;
}
