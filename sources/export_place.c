#include "sources/export_place.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sources/events.h"
#include "sources/export.h"
#include "sources/pass.h"

bool export_place_is_folder(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

bool export_place_is_file(const char *path, uint64_t *size)
{
	struct stat status;
	if (stat(path, &status) != 0 || !S_ISREG(status.st_mode))
		return false;
	*size = (uint64_t)status.st_size;
	return true;
}

/* ---- where a data file is */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash != NULL ? slash + 1 : path;
}

static bool climbs(const char *key)
{
	for (const char *at = key; (at = strstr(at, "..")) != NULL; at++)
		if ((at == key || at[-1] == '/') && (at[2] == '/' || at[2] == '\0'))
			return true;
	return false;
}

/* The key as given below the folder's ancestors, nearest first. inside: only where that lies in the folder. */
static const char *find_below_ancestors(const struct export_place *place, const char *key, bool inside, uint64_t *size)
{
	const char *folder = place->absolute;
	size_t folder_size = strlen(folder);
	for (size_t end = folder_size;; end--) {
		if (end > 0 && end != folder_size && folder[end] != '/')
			continue;
		/* folder[0..end) is an ancestor; the key must first lead back to the folder. */
		const char *way = folder + end + (end < folder_size);
		size_t way_size = strlen(way);
		bool leads_inside = end == folder_size || (strncmp(key, way, way_size) == 0 && key[way_size] == '/');
		if (leads_inside == inside) {
			const char *path = arena_text(place->arena, "%.*s/%s", (int)end, folder, key);
			if (path != NULL && export_place_is_file(path, size))
				/* As the caller spelled the folder. */
				return !inside ? path
					       : arena_text(place->arena, "%s/%s", place->folder,
							    path + folder_size + 1);
		}
		if (end == 0)
			return NULL;
	}
}

/* The folder data that belongs to the export, in it or, shared, beside it. */
static const char *data_folder(const struct export_place *place, bool shared)
{
	const char *folder = place->folder, *name = base_name(folder);
	if (!shared)
		return arena_text(place->arena, "%s/data", folder);
	if (name == folder || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return arena_text(place->arena, "%s/../data", folder);
	return arena_text(place->arena, "%.*sdata", (int)(name - folder), folder);
}

static const char *find_in(const struct export_place *place, const char *data, const char *key, uint64_t *size)
{
	const char *path = data != NULL ? arena_text(place->arena, "%s/%s", data, base_name(key)) : NULL;
	return path != NULL && export_place_is_file(path, size) ? path : NULL;
}

/* Other copies of an export may lie near by: further away nothing is looked for if there is a data folder. */
const char *export_place_find(const struct export_place *place, const char *key, uint64_t *size)
{
	const char *path = NULL;
	bool plain = !climbs(key);
	if (plain)
		path = find_below_ancestors(place, key, true, size);
	if (path == NULL && place->shared)
		path = find_in(place, data_folder(place, true), key, size);
	if (path == NULL)
		path = find_in(place, data_folder(place, false), key, size);
	if (path != NULL)
		return path;
	const char *data = data_folder(place, place->shared);
	if (plain && data != NULL && !export_place_is_folder(data))
		return find_below_ancestors(place, key, false, size);
	return NULL;
}

/* ---- which exports a path names */

struct listing {
	const struct record_sink *sink;
	struct error *error;
	char **folders;
	size_t count, capacity;
};

static int out_of_memory(const struct listing *listing)
{
	return error_set(listing->error, ERROR_INTERNAL, "out of memory listing exports");
}

static bool has_part(const char *folder, const char *name)
{
	char path[PATH_MAX];
	uint64_t size;
	int length = snprintf(path, sizeof(path), "%s/%s", folder, name);
	return length > 0 && (size_t)length < sizeof(path) && export_place_is_file(path, &size);
}

static bool is_export(const char *folder)
{
	return has_part(folder, "manifest-summary.json") || has_part(folder, "manifest-files.json") ||
	       has_part(folder, "_started");
}

static int add(struct listing *listing, const char *folder)
{
	if (listing->count == listing->capacity) {
		size_t capacity = listing->capacity * 2 + 16;
		char **grown = reallocarray(listing->folders, capacity, sizeof(*grown));
		if (grown == NULL)
			return out_of_memory(listing);
		listing->folders = grown;
		listing->capacity = capacity;
	}
	char *copy = strdup(folder);
	if (copy == NULL)
		return out_of_memory(listing);
	listing->folders[listing->count++] = copy;
	return 0;
}

/* One of several: what is not finished is told, and the others are read. */
static int add_one(struct listing *listing, const char *folder)
{
	if (has_part(folder, "manifest-summary.json"))
		return add(listing, folder);
	const struct problem problem = {.id = "export.missing",
					.path = folder,
					.message =
						"this export has no manifest-summary.json, so it is not finished and "
						"not read; wait for it, then copy the whole folder"};
	return pass_report(listing->sink, &problem, listing->error);
}

/* The exports that are folders in `folder`. */
static int add_children(struct listing *listing, const char *folder)
{
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, NULL, alphasort);
	if (count < 0)
		return error_system(listing->error, "cannot read folder '%s'", folder);
	int code = 0;
	for (int i = 0; i < count && code == 0; i++) {
		char *child = NULL;
		if (entries[i]->d_name[0] == '.')
			continue;
		if (asprintf(&child, "%s%s%s", folder, folder[strlen(folder) - 1] == '/' ? "" : "/",
			     entries[i]->d_name) < 0)
			code = out_of_memory(listing);
		else if (is_export(child))
			code = add_one(listing, child);
		free(child);
	}
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	return code;
}

static int add_glob(struct listing *listing, const char *pattern)
{
	glob_t found;
	int status = glob(pattern, GLOB_ERR, NULL, &found);
	if (status == GLOB_NOMATCH)
		return error_set(listing->error, ERROR_DATA, "there is no folder '%s': check the path of the export",
				 pattern);
	if (status == GLOB_NOSPACE)
		return out_of_memory(listing);
	if (status != 0)
		return error_set(listing->error, ERROR_IO, "cannot read the folders of '%s'", pattern);
	int code = 0;
	for (size_t i = 0; i < found.gl_pathc && code == 0; i++) {
		const char *path = found.gl_pathv[i];
		if (is_export(path))
			code = add_one(listing, path);
		else if (export_place_is_folder(path))
			code = add_children(listing, path);
	}
	globfree(&found);
	if (code == 0 && listing->count == 0)
		code = error_set(listing->error, ERROR_DATA,
				 "no finished export at '%s': name folders AWSDynamoDB/<export id>", pattern);
	return code;
}

int export_list(const char *path, const struct record_sink *sink, char ***folders, size_t *count, struct error *error)
{
	struct listing listing = {.sink = sink, .error = error};
	int code;
	*folders = NULL;
	*count = 0;
	if (!export_place_is_folder(path))
		code = add_glob(&listing, path);
	else if (is_export(path))
		code = add(&listing, path);
	else
		code = add_children(&listing, path);
	/* Who opens it says what is wrong with it. */
	if (code == 0 && listing.count == 0)
		code = add(&listing, path);
	if (code != 0) {
		events_list_free(listing.folders, listing.count);
		return code;
	}
	*folders = listing.folders;
	*count = listing.count;
	return 0;
}
