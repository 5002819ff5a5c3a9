#include "scenarios/pipelines/embedded/manifest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"

enum { PATH_SIZE = 4096, MANIFEST_SIZE_MAX = 1 << 28 };

struct reading {
	const char *folder;
	struct json_parser *parser;
	struct bug_set bugs;
	struct manifest *manifest;
	int64_t items; /* of the files listed so far */
};

static char *member_text(const struct json_token *tokens, uint32_t object, const char *name)
{
	uint32_t member = json_member(tokens, object, name);
	if (member == 0 || tokens[member].type != JSON_STRING)
		return NULL;
	return strndup(tokens[member].text, tokens[member].size);
}

static int64_t member_count(const struct json_token *tokens, uint32_t object, const char *name)
{
	uint32_t member = json_member(tokens, object, name);
	return member != 0 && tokens[member].text != NULL ? strtoll(tokens[member].text, NULL, 10) : -1;
}

static bool member_time(const struct json_token *tokens, const char *name, int64_t *time_us)
{
	uint32_t member = json_member(tokens, 0, name);
	return member != 0 && tokens[member].type == JSON_STRING && clock_parse(json_text(&tokens[member]), time_us);
}

/* The text of NAME.md5 beside NAME.json; NULL, and no error, without one. */
static int read_md5(const struct reading *reading, const char *name, char **md5, struct error *error)
{
	char path[PATH_SIZE];
	struct buffer bytes;
	*md5 = NULL;
	snprintf(path, sizeof(path), "%s/%s.md5", reading->folder, name);
	if (access(path, F_OK) != 0)
		return 0;
	buffer_init(&bytes, 1 << 20);
	struct landing_file file = {.path = path, .items = -1};
	int code = landing_read(&file, reading->bugs, &bytes, error);
	while (code == 0 && bytes.size > 0 && bytes.data[bytes.size - 1] <= ' ')
		bytes.size--;
	if (code == 0)
		*md5 = strndup(bytes.data, bytes.size);
	buffer_release(&bytes);
	return code;
}

static int take_summary(struct reading *reading, const struct json_token *tokens, const char *path, struct error *error)
{
	struct manifest *manifest = reading->manifest;
	char *format = member_text(tokens, 0, "outputFormat");
	int code = 0;
	manifest->id = member_text(tokens, 0, "exportArn");
	if (manifest->id == NULL)
		manifest->id = strdup(reading->folder);
	manifest->item_count = member_count(tokens, 0, "itemCount");
	manifest->is_increment = member_time(tokens, "exportFromTime", &manifest->from_us) &&
				 member_time(tokens, "exportToTime", &manifest->to_us);
	if (manifest->id == NULL)
		code = error_set(error, ERROR_INTERNAL, "out of memory for a manifest");
	else if (!manifest->is_increment && !member_time(tokens, "exportTime", &manifest->export_time_us))
		code = error_set(error, ERROR_DATA, "\"%s\" has neither an exportTime nor a window", path);
	else if (format != NULL && strcmp(format, "DYNAMODB_JSON") != 0)
		code = error_set(error, ERROR_DATA, "\"%s\" is in format %s; export as DYNAMODB_JSON", path, format);
	free(format);
	return code;
}

static int read_summary(struct reading *reading, struct error *error)
{
	char path[PATH_SIZE];
	char *md5 = NULL;
	struct buffer bytes;
	const struct json_token *tokens;
	size_t count;
	struct json_failure failure;
	snprintf(path, sizeof(path), "%s/manifest-summary.json", reading->folder);
	if (access(path, R_OK) != 0)
		return error_set(error, ERROR_DATA,
				 "\"%s\" is no finished export, it has no manifest-summary.json; "
				 "give the folder named by the export's id",
				 reading->folder);
	buffer_init(&bytes, MANIFEST_SIZE_MAX);
	int code = read_md5(reading, "manifest-summary", &md5, error);
	struct landing_file file = {.path = path, .md5 = md5, .items = -1};
	if (code == 0)
		code = landing_read(&file, reading->bugs, &bytes, error);
	if (code == 0 && !json_parse(reading->parser, buffer_slice(&bytes), &tokens, &count, &failure))
		code = error_set(error, ERROR_DATA, "\"%s\" is no JSON: %s; fetch it again", path, failure.reason);
	else if (code == 0)
		code = take_summary(reading, tokens, path, error);
	free(md5);
	buffer_release(&bytes);
	return code;
}

/* ---- data files */

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

static int add_file(struct manifest *manifest, const char *path, char *md5, int64_t items, struct error *error)
{
	struct landing_file *grown = realloc(manifest->files, (manifest->count + 1) * sizeof(*grown));
	char *copy = strdup(path);
	if (grown != NULL)
		manifest->files = grown;
	if (grown == NULL || copy == NULL) {
		free(copy);
		free(md5);
		return error_set(error, ERROR_INTERNAL, "out of memory for the list of files");
	}
	grown[manifest->count++] = (struct landing_file){copy, md5, items};
	return 0;
}

static int take_file(void *context, const struct json_token *tokens, uint32_t root, size_t offset, struct slice text,
		     struct error *error)
{
	(void)offset;
	(void)text;
	struct reading *reading = context;
	char path[PATH_SIZE];
	char *key = member_text(tokens, root, "dataFileS3Key");
	int64_t items = member_count(tokens, root, "itemCount");
	if (key == NULL)
		return error_set(error, ERROR_DATA,
				 "a line of \"%s/manifest-files.json\" names no dataFileS3Key; fetch it again",
				 reading->folder);
	bool found = find_file(reading->folder, key, path);
	free(key);
	if (!found && bugs_has(reading->bugs, BUG_MISSING_FILE_IGNORED)) {
		reading->items += items;
		return 0;
	}
	if (!found)
		return error_set(error, ERROR_DATA, "the export's data file \"%s\" is missing; fetch it again", path);
	reading->items += items < 0 ? 0 : items;
	return add_file(reading->manifest, path, member_text(tokens, root, "md5Checksum"), items, error);
}

static int bad_line(void *context, const char *path, size_t offset, const char *reason, struct error *error)
{
	(void)context;
	return error_set(error, ERROR_DATA, "\"%s\" is damaged at byte %zu: %s; fetch it again", path, offset, reason);
}

static int read_files(struct reading *reading, struct error *error)
{
	char path[PATH_SIZE];
	char *md5 = NULL;
	struct manifest *manifest = reading->manifest;
	struct landing_sink sink = {reading, take_file, bad_line};
	snprintf(path, sizeof(path), "%s/manifest-files.json", reading->folder);
	int code = read_md5(reading, "manifest-files", &md5, error);
	struct landing_file file = {.path = path, .md5 = md5, .items = -1};
	if (code == 0)
		code = landing_records(&file, reading->parser, (struct bug_set){0}, &sink, error);
	free(md5);
	if (code == 0 && manifest->item_count >= 0 && manifest->item_count != reading->items &&
	    !bugs_has(reading->bugs, BUG_COUNTS_UNCHECKED))
		code = error_set(error, ERROR_DATA,
				 "the files of \"%s\" have %" PRId64 " items, its summary says %" PRId64
				 "; fetch it again",
				 reading->folder, reading->items, manifest->item_count);
	return code;
}

int manifest_open(const char *folder, struct json_parser *parser, struct bug_set bugs, struct manifest *manifest,
		  struct error *error)
{
	struct reading reading = {.folder = folder, .parser = parser, .bugs = bugs, .manifest = manifest};
	*manifest = (struct manifest){0};
	if (strlen(folder) > PATH_SIZE / 2)
		return error_set(error, ERROR_USAGE, "the export's path is too long");
	int code = read_summary(&reading, error);
	if (code == 0)
		code = read_files(&reading, error);
	if (code != 0)
		manifest_release(manifest);
	return code;
}

void manifest_release(struct manifest *manifest)
{
	free(manifest->id);
	for (size_t i = 0; i < manifest->count; i++) {
		free((char *)manifest->files[i].path);
		free((char *)manifest->files[i].md5);
	}
	free(manifest->files);
	*manifest = (struct manifest){0};
}
