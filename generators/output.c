#include "generators/output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* The data folders generate makes below its root. */
static const char *const folders[] = {"AWSDynamoDB", "events", "errors", "dumps", OUTPUT_LAKE_COLUMNS};
static const char *const files[] = {OUTPUT_TRUTH,    OUTPUT_TRUTH "-journal", OUTPUT_FAULTS,
				    OUTPUT_CONTRACT, OUTPUT_CONTRACT_EXPORTS, OUTPUT_CONTRACT_LAKES, OUTPUT_COLUMNS,
				    OUTPUT_STREAM};

int output_path(const struct output *output, const char *path, char full[OUTPUT_PATH_MAX], struct error *error)
{
	int size = snprintf(full, OUTPUT_PATH_MAX, "%s/%s", output->root, path);
	if (size < 0 || size >= OUTPUT_PATH_MAX)
		return error_set(error, ERROR_USAGE, "path \"%s/%s\" is too long; choose a shorter one", output->root,
				 path);
	return 0;
}

/* Makes every folder above the last '/' of `full`. */
static int make_parents(char *full, struct error *error)
{
	for (char *slash = strchr(full + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		int failed = mkdir(full, 0777);
		if (failed != 0 && errno != EEXIST)
			return error_system(error, "cannot make folder \"%s\"", full);
		*slash = '/';
	}
	return 0;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status;
	(void)kind;
	(void)walk;
	return remove(path);
}

/* The data folders below the root: those of everybody, then the exports' when they have a prefix. NULL after the last.
 */
static const char *data_folder(size_t index, const char *prefix, char text[OUTPUT_PATH_MAX])
{
	if (index < sizeof(folders) / sizeof(folders[0]))
		return folders[index];
	if (index > sizeof(folders) / sizeof(folders[0]) || prefix[0] == '\0')
		return NULL;
	snprintf(text, OUTPUT_PATH_MAX, "%s/%s", prefix, folders[0]);
	return text;
}

static int remove_earlier(const struct output *output, const char *prefix, struct error *error)
{
	enum { OPEN_FOLDERS = 16 };
	char full[OUTPUT_PATH_MAX], text[OUTPUT_PATH_MAX];
	const char *folder;

	for (size_t i = 0; (folder = data_folder(i, prefix, text)) != NULL; i++) {
		if (output_path(output, folder, full, error) != 0)
			return error->code;
		if (nftw(full, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
			return error_system(error, "cannot remove the earlier \"%s\"", full);
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (output_path(output, files[i], full, error) != 0)
			return error->code;
		if (unlink(full) != 0 && errno != ENOENT)
			return error_system(error, "cannot remove the earlier \"%s\"", full);
	}
	return 0;
}

static int folder_is_empty(const char *path, bool *empty, struct error *error)
{
	DIR *folder = opendir(path);
	if (folder == NULL)
		return error_system(error, "cannot open folder \"%s\"", path);
	*empty = true;
	for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			*empty = false;
	}
	closedir(folder);
	return 0;
}

/* Data folders of somebody else are never written into: their files would mix with ours. */
static int refuse_foreign(const struct output *output, const char *prefix, bool force, struct error *error)
{
	char full[OUTPUT_PATH_MAX], text[OUTPUT_PATH_MAX];
	const char *folder;

	if (!force)
		return error_set(error, ERROR_USAGE,
				 "folder \"%s\" is not empty and was not made by generate; "
				 "choose another one or give --force",
				 output->root);
	for (size_t i = 0; (folder = data_folder(i, prefix, text)) != NULL; i++) {
		if (output_path(output, folder, full, error) != 0)
			return error->code;
		if (access(full, F_OK) == 0)
			return error_set(error, ERROR_USAGE,
					 "\"%s\" was not made by generate and is not overwritten even with --force; "
					 "move it away or choose another folder",
					 full);
	}
	return 0;
}

int output_open(struct output *output, const char *root, const char *prefix, bool force, struct error *error)
{
	char marker[OUTPUT_PATH_MAX];
	bool empty = true;

	*output = (struct output){.files = 0};
	size_t size = strlen(root);
	while (size > 1 && root[size - 1] == '/')
		size--;
	if (size == 0 || size >= OUTPUT_PATH_MAX)
		return error_set(error, ERROR_USAGE, "the folder's name is empty or too long");
	memcpy(output->root, root, size);
	if (output_path(output, OUTPUT_MARKER, marker, error) != 0 || make_parents(marker, error) != 0)
		return error->code;
	if (folder_is_empty(output->root, &empty, error) != 0)
		return error->code;
	if (access(marker, F_OK) == 0) {
		if (remove_earlier(output, prefix, error) != 0)
			return error->code;
	} else if (!empty && refuse_foreign(output, prefix, force, error) != 0) {
		return error->code;
	}
	/* First of all, so that a run that was cut short can be repeated. */
	return output_write(output, OUTPUT_MARKER, slice_from("{}\n"), error);
}

int output_write(struct output *output, const char *path, struct slice bytes, struct error *error)
{
	char full[OUTPUT_PATH_MAX];
	size_t done = 0;

	if (output_path(output, path, full, error) != 0 || make_parents(full, error) != 0)
		return error->code;
	int file = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (file < 0)
		return error_system(error, "cannot create \"%s\"", full);
	while (done < bytes.size) {
		ssize_t wrote = write(file, bytes.data + done, bytes.size - done);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0) {
			int code = error_system(error, "cannot write \"%s\"", full);
			close(file);
			return code;
		}
		done += (size_t)wrote;
	}
	if (close(file) != 0)
		return error_system(error, "cannot write \"%s\"", full);
	output->files++;
	output->bytes += bytes.size;
	return 0;
}
