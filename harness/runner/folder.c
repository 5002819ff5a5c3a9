#include "harness/runner/folder.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/whole_file.h"

enum { OPEN_FOLDERS = 16, DEPTH_MAX = 64 };

static int make_until(char *path, char *end, struct error *error)
{
	char kept = *end;
	*end = '\0';
	int failed = mkdir(path, 0777) != 0 && errno != EEXIST ? error_system(error, "cannot make folder \"%s\"", path)
							       : 0;
	*end = kept;
	return failed;
}

/* Makes every folder above the last '/' of `full`; mostly the last one is there already. */
static int make_parents(char *full, struct error *error)
{
	char *last = strrchr(full, '/');

	if (last == NULL || last == full)
		return 0;
	*last = '\0';
	bool there = access(full, F_OK) == 0;
	*last = '/';
	for (char *slash = there ? NULL : strchr(full + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/'))
		if (make_until(full, slash, error) != 0)
			return error->code;
	return 0;
}

static int own_path(const char *path, char own[PATH_MAX], struct error *error)
{
	int size = snprintf(own, PATH_MAX, "%s", path);
	return size >= 0 && size < PATH_MAX ? 0 : error_set(error, ERROR_IO, "path \"%s\" is too long", path);
}

int folder_make(const char *path, struct error *error)
{
	char own[PATH_MAX];

	if (own_path(path, own, error) != 0 || make_parents(own, error) != 0)
		return error->code;
	return make_until(own, own + strlen(own), error);
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status;
	(void)kind;
	(void)walk;
	return remove(path);
}

int folder_remove(const char *path, struct error *error)
{
	if (nftw(path, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT)
		return 0;
	return error_system(error, "cannot remove \"%s\"", path);
}

int folder_write(const char *path, struct slice bytes, struct error *error)
{
	char own[PATH_MAX];

	if (own_path(path, own, error) != 0 || make_parents(own, error) != 0)
		return error->code;
	return whole_file_write(own, bytes, error);
}

int folder_copy(const char *from, const char *to, struct error *error)
{
	struct buffer bytes;

	buffer_init(&bytes, (size_t)4 << 30);
	int failed = whole_file_read(from, &bytes, error);
	if (failed == 0)
		failed = folder_write(to, buffer_slice(&bytes), error);
	buffer_release(&bytes);
	return failed;
}

int folder_link(const char *from, const char *to, struct error *error)
{
	char own[PATH_MAX];

	if (own_path(to, own, error) != 0 || make_parents(own, error) != 0)
		return error->code;
	if (link(from, to) == 0)
		return 0;
	return folder_copy(from, to, error);
}

bool folder_has(const char *path)
{
	return access(path, F_OK) == 0;
}

/* ---- listing */

static int no_memory(const char *path, struct error *error)
{
	return error_set(error, ERROR_INTERNAL, "out of memory for the files of \"%s\"", path);
}

static int list_add(const char *path, struct arena *arena, struct folder_list *list)
{
	if (list->count == list->capacity) {
		uint32_t capacity = list->capacity * 2 + 32;
		const char **grown = arena_array(arena, capacity, sizeof(*grown));
		if (grown == NULL)
			return -1;
		if (list->count > 0)
			memcpy(grown, list->paths, list->count * sizeof(*grown));
		list->paths = grown;
		list->capacity = capacity;
	}
	list->paths[list->count] = arena_text(arena, "%s", path);
	return list->paths[list->count++] == NULL ? -1 : 0;
}

static int list_below(const char *root, const char *below, unsigned depth, struct arena *arena,
		      struct folder_list *list, struct error *error)
{
	char path[PATH_MAX], child[PATH_MAX];
	int failed = 0;

	if (depth > DEPTH_MAX)
		return error_set(error, ERROR_IO, "\"%s\" is nested deeper than %d folders", root, DEPTH_MAX);
	snprintf(path, sizeof(path), "%s%s%s", root, below[0] != '\0' ? "/" : "", below);
	DIR *folder = opendir(path);
	if (folder == NULL)
		return errno == ENOENT && depth == 0 ? 0 : error_system(error, "cannot list \"%s\"", path);
	struct dirent *entry;
	while (failed == 0 && (entry = readdir(folder)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(child, sizeof(child), "%s%s%s", below, below[0] != '\0' ? "/" : "", entry->d_name);
		if (entry->d_type == DT_DIR)
			failed = list_below(root, child, depth + 1, arena, list, error);
		else if (list_add(child, arena, list) != 0)
			failed = no_memory(root, error);
	}
	closedir(folder);
	return failed;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int folder_list(const char *path, struct arena *arena, struct folder_list *list, struct error *error)
{
	*list = (struct folder_list){NULL, 0, 0};
	int failed = list_below(path, "", 0, arena, list, error);
	if (failed == 0 && list->count > 1)
		qsort(list->paths, list->count, sizeof(*list->paths), by_text);
	return failed;
}
