#include "generators/parquet_file.h"

#include <sys/stat.h>
#include <unistd.h>

int parquet_file_write(struct output *output, const char *path, const struct ArrowSchema *schema, struct slice lines,
		       uint64_t *stored, struct error *error)
{
	struct bridge_parquet *parquet = NULL;
	struct stat status;
	char full[OUTPUT_PATH_MAX];

	/* Written empty first, which makes its folders. */
	if (output_write(output, path, (struct slice){NULL, 0}, error) != 0 ||
	    output_path(output, path, full, error) != 0)
		return error->code;
	int failed = bridge_parquet_create(full, schema, 0, &parquet, error);
	if (!failed)
		failed = bridge_parquet_add_lines(parquet, lines.data, lines.size, error);
	if (failed)
		bridge_parquet_abort(parquet);
	else
		failed = bridge_parquet_finish(parquet, error);
	if (!failed && stat(full, &status) != 0)
		failed = error_system(error, "cannot look at \"%s\"", full);
	if (failed)
		return failed;
	*stored = (uint64_t)status.st_size;
	output->bytes += *stored;
	return 0;
}

int parquet_file_truncate(const struct output *output, const char *path, uint64_t stored, struct error *error)
{
	char full[OUTPUT_PATH_MAX];

	if (output_path(output, path, full, error) != 0)
		return error->code;
	return truncate(full, (off_t)(stored - stored / 3)) != 0 ? error_system(error, "cannot cut \"%s\"", full) : 0;
}
