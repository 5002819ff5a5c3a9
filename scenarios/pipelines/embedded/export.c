/* Full exports and scans: the whole table at about a time. */
#include <stdlib.h>

#include "base/clock.h"
#include "scenarios/pipelines/embedded/load.h"
#include "scenarios/pipelines/embedded/manifest.h"

int pipeline_export(struct pipeline *pipeline, const char *folder, struct error *error)
{
	struct manifest manifest;
	int code = manifest_open(folder, pipeline->parser, pipeline->bugs, &manifest, error);
	if (code != 0)
		return code;
	struct snapshot snapshot = {.id = manifest.id,
				    .time_us = manifest.export_time_us,
				    .files = manifest.files,
				    .count = manifest.count};
	if (manifest.is_increment)
		code = error_set(error, ERROR_DATA, "\"%s\" is an incremental export; give a full one", folder);
	else
		code = load_apply(pipeline, &snapshot, error);
	manifest_release(&manifest);
	return code;
}

/* YYYY-MM-DD-hh-mm-ss, with which the folder's last name begins. */
static bool folder_time(const char *folder, int64_t *time_us)
{
	const char *slash = strrchr(folder, '/');
	const char *name = slash == NULL ? folder : slash + 1;
	char text[] = "YYYY-MM-DDThh:mm:ss";
	if (strlen(name) < sizeof(text) - 1)
		return false;
	memcpy(text, name, sizeof(text) - 1);
	text[10] = 'T';
	text[13] = text[16] = ':';
	return clock_parse(slice_from(text), time_us);
}

int pipeline_scan(struct pipeline *pipeline, const char *folder, struct error *error)
{
	char **paths = NULL;
	size_t count = 0;
	struct snapshot snapshot = {.id = pipeline_name(pipeline, folder), .is_scan = true};
	if (!folder_time(folder, &snapshot.time_us))
		return error_set(error, ERROR_DATA, "\"%s\" is not named by the time of the scan", folder);
	int code = landing_list(folder, &paths, &count, error);
	struct landing_file *files = calloc(count + 1, sizeof(*files));
	if (code == 0 && files == NULL)
		code = error_set(error, ERROR_INTERNAL, "out of memory for the list of files");
	for (size_t i = 0; code == 0 && i < count; i++)
		files[i] = (struct landing_file){.path = paths[i], .items = -1};
	snapshot.files = files;
	snapshot.count = count;
	if (code == 0)
		code = load_apply(pipeline, &snapshot, error);
	free(files);
	landing_list_free(paths, count);
	return code;
}
