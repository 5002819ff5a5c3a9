/* events_list of sources/events.h: which files a contract's path names. */
#include "sources/events.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "sources/columnar.h"

enum { FOLDER_DEPTH_MAX = 64 };

struct list {
	char **files;
	size_t count, capacity;
	/* The folders being read, outermost first: a link back to one of them is not followed. */
	struct {
		dev_t device;
		ino_t inode;
	} open[FOLDER_DEPTH_MAX];
	size_t depth;
};

static int add_file(struct list *list, const char *path, struct error *error)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity == 0 ? 64 : list->capacity * 2;
		char **files = reallocarray(list->files, capacity, sizeof(*files));
		if (files == NULL)
			return error_set(error, ERROR_INTERNAL, "out of memory listing files");
		list->files = files;
		list->capacity = capacity;
	}
	list->files[list->count] = strdup(path);
	if (list->files[list->count] == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory listing files");
	list->count++;
	return 0;
}

static bool is_left_out(const char *name)
{
	return name[0] == '.' || name[0] == '_' || strcmp(name, "faults.jsonl") == 0;
}

static int add_folder(struct list *list, const char *path, const struct stat *status, struct error *error);

/* A file, or a folder with all that is in it. */
static int add_path(struct list *list, const char *path, struct error *error)
{
	struct stat status;
	/* What is listed and yet cannot be looked at, such as a link to nothing, is told by who reads it. Where the
	 * disk fails, it may be a folder. */
	if (stat(path, &status) != 0)
		return errno == EIO ? error_system(error, "cannot look at '%s'", path) : add_file(list, path, error);
	if (S_ISDIR(status.st_mode))
		return columnar_kind(path) == COLUMNAR_TABLE ? add_file(list, path, error)
							     : add_folder(list, path, &status, error);
	if (!S_ISREG(status.st_mode))
		return error_set(error, ERROR_DATA,
				 "'%s' is neither a file nor a folder; take it out of the source's path", path);
	return add_file(list, path, error);
}

static int add_folder(struct list *list, const char *path, const struct stat *status, struct error *error)
{
	for (size_t i = 0; i < list->depth; i++)
		if (list->open[i].device == status->st_dev && list->open[i].inode == status->st_ino)
			return 0;
	if (list->depth == FOLDER_DEPTH_MAX)
		return error_set(error, ERROR_DATA, "'%s' lies more than %d folders deep", path, FOLDER_DEPTH_MAX);
	DIR *folder = opendir(path);
	if (folder == NULL)
		return error_system(error, "cannot open folder '%s'", path);
	list->open[list->depth].device = status->st_dev;
	list->open[list->depth].inode = status->st_ino;
	list->depth++;
	int code = 0;
	while (code == 0) {
		errno = 0;
		const struct dirent *entry = readdir(folder);
		if (entry == NULL) {
			if (errno != 0)
				code = error_system(error, "cannot read folder '%s'", path);
			break;
		}
		if (is_left_out(entry->d_name))
			continue;
		char *child = NULL;
		const char *slash = path[strlen(path) - 1] == '/' ? "" : "/";
		if (asprintf(&child, "%s%s%s", path, slash, entry->d_name) < 0)
			code = error_set(error, ERROR_INTERNAL, "out of memory listing '%s'", path);
		else
			code = add_path(list, child, error);
		free(child);
	}
	list->depth--;
	(void)closedir(folder);
	return code;
}

static int add_glob(struct list *list, const char *pattern, struct error *error)
{
	if (strstr(pattern, "**") != NULL)
		return error_set(error, ERROR_USAGE,
				 "'**' in '%s' is not supported: name the folder, it is read with all "
				 "folders in it",
				 pattern);
	glob_t found;
	int status = glob(pattern, GLOB_ERR | GLOB_NOSORT, NULL, &found);
	if (status == GLOB_NOMATCH)
		return error_set(error, ERROR_DATA, "there is nothing at '%s': check the path", pattern);
	if (status == GLOB_NOSPACE)
		return error_set(error, ERROR_INTERNAL, "out of memory listing '%s'", pattern);
	if (status != 0)
		return error_set(error, ERROR_IO, "cannot read the folders of '%s'", pattern);
	int code = 0;
	for (size_t i = 0; i < found.gl_pathc && code == 0; i++) {
		const char *slash = strrchr(found.gl_pathv[i], '/');
		const char *name = slash != NULL ? slash + 1 : found.gl_pathv[i];
		if (!is_left_out(name))
			code = add_path(list, found.gl_pathv[i], error);
	}
	globfree(&found);
	return code;
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int events_list(const char *path, char ***files, size_t *count, struct error *error)
{
	struct list list = {0};
	struct stat status;
	*files = NULL;
	*count = 0;
	int code;
	if (path[0] == '\0')
		code = error_set(error, ERROR_USAGE, "an empty path names no events");
	else if (stat(path, &status) == 0)
		code = add_path(&list, path, error);
	else
		code = add_glob(&list, path, error);
	if (code != 0) {
		events_list_free(list.files, list.count);
		return code;
	}
	if (list.count > 0)
		qsort(list.files, list.count, sizeof(*list.files), compare_paths);
	*files = list.files;
	*count = list.count;
	return 0;
}

void events_list_free(char **files, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(files[i]);
	free(files);
}
