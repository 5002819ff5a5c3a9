/* fuzz_export_manifest - any two manifest files: opening an export ends in an error or an export, and closes. The input
 * is manifest-summary.json, a zero byte, manifest-files.json. */
#include "sources/export.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[] = "/tmp/lakeproof-fuzz-XXXXXX";
static char summary_path[80], files_path[80];

static void clean_up(void)
{
	(void)unlink(summary_path);
	(void)unlink(files_path);
	(void)rmdir(folder);
}

static void write_file(const char *path, const uint8_t *data, size_t size)
{
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (file < 0 || write(file, data, size) != (ssize_t)size || close(file) != 0)
		abort();
}

static int on_record(void *context, const struct record *record, struct error *error)
{
	(void)context;
	(void)record;
	(void)error;
	abort(); /* opening an export delivers no records */
}

static int on_problem(void *context, const struct problem *problem, struct error *error)
{
	(void)error;
	size_t *problems = context;
	++*problems;
	if (strlen(problem->message) == 0)
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (summary_path[0] == '\0') {
		if (mkdtemp(folder) == NULL)
			abort();
		(void)snprintf(summary_path, sizeof(summary_path), "%s/manifest-summary.json", folder);
		(void)snprintf(files_path, sizeof(files_path), "%s/manifest-files.json", folder);
		(void)atexit(clean_up);
	}
	const uint8_t *end = size > 0 ? memchr(data, 0, size) : NULL;
	size_t summary_size = end != NULL ? (size_t)(end - data) : size;
	write_file(summary_path, data, summary_size);
	write_file(files_path, end != NULL ? end + 1 : data, end != NULL ? size - summary_size - 1 : 0);
	struct export *export;
	struct error error;
	size_t problems = 0;
	struct record_sink sink = {&problems, on_record, on_problem};
	if (export_open(folder, &sink, &export, &error) != 0)
		return 0;
	/* There are no checksum files, so it can never be whole. */
	if (export->complete || problems < 2)
		abort();
	for (uint64_t i = 0; i < export->file_count; i++)
		if (export->files[i].key[0] == '\0')
			abort();
	export_close(export);
	return 0;
}
