#include "scenarios/pipelines/embedded/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "scenarios/pipelines/embedded/landing.h"

enum { PATH_SIZE = 4096, MANIFEST_SIZE_MAX = 1 << 28 };

static char *member_text(const struct json_token *tokens, uint32_t object, const char *name)
{
	uint32_t member = json_member(tokens, object, name);
	if (member == 0 || tokens[member].type != JSON_STRING)
		return NULL;
	return strndup(tokens[member].text, tokens[member].size);
}

static int read_summary(const char *folder, struct json_parser *parser, struct manifest *manifest, struct error *error)
{
	char path[PATH_SIZE];
	snprintf(path, sizeof(path), "%s/manifest-summary.json", folder);
	if (access(path, R_OK) != 0)
		return error_set(error, ERROR_DATA,
				 "\"%s\" is no finished export, it has no manifest-summary.json; "
				 "give the folder named by the export's id",
				 folder);
	struct buffer bytes;
	buffer_init(&bytes, MANIFEST_SIZE_MAX);
	const struct json_token *tokens;
	size_t count;
	struct json_failure failure;
	char *time = NULL, *format = NULL;
	int code = landing_read(path, &bytes, error);
	if (code != 0)
		goto out;
	if (!json_parse(parser, buffer_slice(&bytes), &tokens, &count, &failure)) {
		code = error_set(error, ERROR_DATA, "\"%s\" is no JSON: %s; fetch it again", path, failure.reason);
		goto out;
	}
	time = member_text(tokens, 0, "exportTime");
	format = member_text(tokens, 0, "outputFormat");
	manifest->id = member_text(tokens, 0, "exportArn");
	if (manifest->id == NULL)
		manifest->id = strdup(folder);
	if (manifest->id == NULL || time == NULL || !clock_parse(slice_from(time), &manifest->export_time_us))
		code = error_set(error, ERROR_DATA, "\"%s\" has no exportTime; give a full export", path);
	else if (format != NULL && strcmp(format, "DYNAMODB_JSON") != 0)
		code = error_set(error, ERROR_DATA, "\"%s\" is in format %s; export as DYNAMODB_JSON", folder, format);
out:
	free(time);
	free(format);
	buffer_release(&bytes);
	return code;
}

static bool find_file(const char *folder, const char *key, char path[PATH_SIZE])
{
	const char *name = strrchr(key, '/');
	snprintf(path, PATH_SIZE, "%s/data/%s", folder, name == NULL ? key : name + 1);
	if (access(path, R_OK) == 0)
		return true;
	for (const char *up = ".";; up = strcmp(up, ".") == 0 ? ".." : strcmp(up, "..") == 0 ? "../.." : "") {
		if (*up == '\0')
			return false;
		snprintf(path, PATH_SIZE, "%s/%s/%s", folder, up, key);
		if (access(path, R_OK) == 0)
			return true;
	}
}

struct files_context {
	const char *folder;
	struct manifest *manifest;
};

static int add_file(void *context, const struct json_token *tokens, uint32_t root, size_t offset, struct slice text,
		    struct error *error)
{
	(void)offset;
	(void)text;
	struct files_context *files = context;
	struct manifest *manifest = files->manifest;
	char path[PATH_SIZE];
	char *key = member_text(tokens, root, "dataFileS3Key");
	uint32_t items = json_member(tokens, root, "itemCount");
	if (key == NULL)
		return error_set(error, ERROR_DATA,
				 "a line of \"%s/manifest-files.json\" names no dataFileS3Key; "
				 "fetch it again",
				 files->folder);
	bool found = find_file(files->folder, key, path);
	free(key);
	if (!found)
		return error_set(error, ERROR_DATA, "the export's data file \"%s\" is missing; fetch it again", path);
	char **grown = realloc(manifest->files, (manifest->count + 1) * sizeof(*grown));
	if (grown == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory for the list of files");
	manifest->files = grown;
	int64_t *counts = realloc(manifest->item_counts, (manifest->count + 1) * sizeof(*counts));
	if (counts == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory for the list of files");
	manifest->item_counts = counts;
	counts[manifest->count] = items != 0 && tokens[items].text != NULL ? strtoll(tokens[items].text, NULL, 10) : -1;
	grown[manifest->count] = strdup(path);
	if (grown[manifest->count] == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory for the list of files");
	manifest->count++;
	return 0;
}

static int bad_line(void *context, const char *path, size_t offset, const char *reason, struct slice text,
		    struct error *error)
{
	(void)context;
	(void)text;
	return error_set(error, ERROR_DATA, "\"%s\" is damaged at byte %zu: %s; fetch it again", path, offset, reason);
}

int manifest_open(const char *folder, struct json_parser *parser, struct manifest *manifest, struct error *error)
{
	*manifest = (struct manifest){0};
	char path[PATH_SIZE];
	if (strlen(folder) > PATH_SIZE / 2)
		return error_set(error, ERROR_USAGE, "the export's path is too long");
	struct files_context context = {folder, manifest};
	struct landing_sink sink = {&context, add_file, bad_line};
	int code = read_summary(folder, parser, manifest, error);
	snprintf(path, sizeof(path), "%s/manifest-files.json", folder);
	if (code == 0)
		code = landing_records(path, parser, (struct bug_set){0}, &sink, error);
	if (code != 0)
		manifest_release(manifest);
	return code;
}

void manifest_release(struct manifest *manifest)
{
	free(manifest->id);
	landing_list_free(manifest->files, manifest->count);
	free(manifest->item_counts);
	*manifest = (struct manifest){0};
}
