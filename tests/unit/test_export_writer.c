/* The export writer against what real exports look like: layout, manifests, checksums, faults. */
#include "base/gzip.h"
#include "base/json.h"
#include "generators/compress.h"
#include "generators/generator.h"
#include "tests/support/scratch.h"
#include "tests/support/workload.h"
#include "tests/tap.h"

struct exported {
	char root[SCRATCH_PATH_MAX];
	struct output output;
	struct model model;
	struct history history;
	uint32_t *states;
	struct export_result result;
	struct buffer bytes, manifest;
};

static void export_table(struct exported *exported, unsigned shards, const char *prefix, struct export_faults faults)
{
	struct generator_options options;
	struct error error = {0, ""};

	memset(exported, 0, sizeof(*exported));
	test_workload(&options, "orders");
	options.model.items = 2000;
	options.model.changes = 1000;
	scratch_make(exported->root);
	buffer_init(&exported->bytes, (size_t)64 << 20);
	buffer_init(&exported->manifest, (size_t)64 << 20);
	if (model_init(&exported->model, &options.model, &error) != 0 ||
	    history_run(&exported->model, &exported->history, &error) != 0 ||
	    output_open(&exported->output, exported->root, "", false, &error) != 0)
		abort();
	struct export_request request = {.model = &exported->model,
					 .slots = exported->model.slots_max,
					 .time_us = INT64_C(1760001771270000),
					 .prefix = prefix,
					 .shards = shards,
					 .faults = faults};
	exported->states = malloc(request.slots * sizeof(*exported->states));
	history_snapshot(&exported->model, &exported->history, request.time_us, 0, exported->states);
	request.states = exported->states;
	if (export_write(&request, &exported->output, &exported->result, &error) != 0) {
		printf("# %s\n", error.message);
		abort();
	}
}

static void forget(struct exported *exported)
{
	scratch_remove(exported->root);
	history_release(&exported->history);
	buffer_release(&exported->bytes);
	buffer_release(&exported->manifest);
	free(exported->states);
}

static bool read_part(struct exported *exported, const char *name, struct buffer *bytes)
{
	char path[SCRATCH_PATH_MAX];
	snprintf(path, sizeof(path), "%s/%s", exported->result.folder, name);
	return scratch_read(exported->root, path, bytes);
}

/* What one line of manifest-files.json says and what the file it names really is. */
struct data_file {
	uint64_t items_said, items;
	char md5_said[64], etag_said[64], key[1400], md5[MD5_BASE64_MAX], etag[ETAG_MAX];
	bool there, complete;
	size_t stored_bytes;
};

static void read_items(struct data_file *file, const char *path)
{
	struct gzip_reader *reader;
	struct error error = {0, ""};
	enum gzip_status status = GZIP_MORE;
	char block[65536];
	size_t size;

	if (gzip_open(path, false, &reader, &error) != 0)
		abort();
	while (status == GZIP_MORE) {
		if (gzip_read(reader, block, sizeof(block), &size, &status, &error) != 0)
			abort();
		for (size_t i = 0; i < size; i++)
			file->items += block[i] == '\n';
	}
	file->complete = status == GZIP_END;
	gzip_close(reader);
}

static struct data_file data_file_of(struct exported *exported, const char *line)
{
	struct data_file file = {0};
	char path[2 * SCRATCH_PATH_MAX];
	struct error error = {0, ""};

	scratch_text(line, "md5Checksum", file.md5_said, sizeof(file.md5_said));
	scratch_text(line, "etag", file.etag_said, sizeof(file.etag_said));
	scratch_text(line, "dataFileS3Key", file.key, sizeof(file.key));
	file.items_said = scratch_number(line, "itemCount");
	file.there = scratch_read(exported->root, file.key, &exported->bytes);
	if (!file.there)
		return file;
	file.stored_bytes = exported->bytes.size;
	if (md5_base64(buffer_slice(&exported->bytes), file.md5, &error) != 0 ||
	    md5_etag(buffer_slice(&exported->bytes), file.etag, &error) != 0)
		abort();
	snprintf(path, sizeof(path), "%s/%s", exported->root, file.key);
	read_items(&file, path);
	return file;
}

/* Reads all files the manifest names. */
static unsigned read_files(struct exported *exported, struct data_file *files, unsigned max)
{
	unsigned count = 0;
	if (!read_part(exported, "manifest-files.json", &exported->manifest))
		abort();
	for (char *line = exported->manifest.data; *line != '\0' && count < max; line = strchr(line, '\n') + 1)
		files[count++] = data_file_of(exported, line);
	return count;
}

static void test_intact(void)
{
	struct exported exported;
	struct data_file files[8];
	uint64_t items = 0, live = 0, wrong = 0, empty = 0;

	export_table(&exported, 6, "", EXPORT_FAULTS_NONE);
	unsigned count = read_files(&exported, files, 8);
	is_int(count, 6, "the manifest has a line for every data file");
	for (unsigned i = 0; i < count; i++) {
		items += files[i].items;
		empty += files[i].items == 0;
		wrong += !files[i].there || !files[i].complete || files[i].items != files[i].items_said;
		wrong += strcmp(files[i].md5, files[i].md5_said) != 0 || strcmp(files[i].etag, files[i].etag_said) != 0;
		if (files[i].items == 0) {
			is_text(files[i].md5_said,
				"FjvgqIxwymKf1RbbqtrZag==", "an empty file's MD5 is the one AWS publishes");
			is_text(files[i].etag_said, "7deb4078f238dd87d6af0538152c04e9-1", "and so is its etag");
			is_int(files[i].stored_bytes, 20, "it has 20 bytes");
		}
	}
	is_int(wrong, 0, "counts, MD5 and etag are those of the files");
	is_int(empty, 1, "one partition of six is empty");
	for (uint64_t item = 0; item < exported.model.slots_max; item++)
		live += state_status(exported.states[item]) == ITEM_LIVE;
	ok(items == live && items == exported.result.items, "the files hold the live items, each once");
	forget(&exported);
}

static void test_manifests(void)
{
	struct exported exported;
	char md5[MD5_BASE64_MAX];
	struct error error = {0, ""};
	static const char *const order[] = {"{\"version\":\"2020-06-30\",",
					    "\"exportArn\":",
					    "\"startTime\":",
					    "\"endTime\":",
					    "\"tableArn\":",
					    "\"tableId\":",
					    "\"exportTime\":\"2025-10-09T09:22:51.270Z\"",
					    "\"s3Bucket\":",
					    "\"s3Prefix\":\"a/b\"",
					    "\"s3SseAlgorithm\":\"AES256\"",
					    "\"s3SseKmsKeyId\":null",
					    "\"manifestFilesS3Key\":\"a/b/AWSDynamoDB/0176",
					    "\"billedSizeBytes\":",
					    "\"itemCount\":",
					    "\"outputFormat\":\"DYNAMODB_JSON\"}"};

	export_table(&exported, 1, "a/b", EXPORT_FAULTS_NONE);
	ok(strncmp(exported.result.id, "01760001771270-", 15) == 0 && strlen(exported.result.id) == 23,
	   "the export's ID is its start in milliseconds and eight digits");
	ok(read_part(&exported, "_started", &exported.bytes) && exported.bytes.size == 0,
	   "_started is there and empty");
	if (!read_part(&exported, "manifest-summary.json", &exported.manifest) ||
	    md5_base64(buffer_slice(&exported.manifest), md5, &error) != 0)
		abort();
	ok(read_part(&exported, "manifest-summary.md5", &exported.bytes) && exported.bytes.size == 24 &&
		   strcmp(exported.bytes.data, md5) == 0,
	   "manifest-summary.md5 is 24 bytes, the MD5 of the JSON");
	const char *at = exported.manifest.data;
	unsigned found = 0;
	for (unsigned i = 0; i < sizeof(order) / sizeof(order[0]) && at != NULL; i++) {
		at = strstr(at, order[i]);
		found += at != NULL;
	}
	is_int(found, sizeof(order) / sizeof(order[0]), "the summary has AWS's members in AWS's order");
	ok(at != NULL && strchr(exported.manifest.data, '\n') == NULL, "on one line without an end");
	forget(&exported);
}

static void test_determinism(void)
{
	struct exported one, two;
	struct data_file first[8], second[8];

	export_table(&one, 4, "", EXPORT_FAULTS_NONE);
	export_table(&two, 4, "", EXPORT_FAULTS_NONE);
	unsigned count = read_files(&one, first, 8), differ = count != read_files(&two, second, 8);
	for (unsigned i = 0; i < count; i++)
		differ += strcmp(first[i].md5, second[i].md5) != 0 || strcmp(first[i].key, second[i].key) != 0;
	is_int(differ, 0, "the same table at the same time is exported to the same bytes");
	forget(&one);
	forget(&two);
}

static void test_faults(void)
{
	struct exported exported;
	struct data_file files[8];
	struct export_faults faults = EXPORT_FAULTS_NONE;

	faults.missing_file = 0;
	faults.wrong_md5 = 1;
	faults.wrong_count = 2;
	faults.truncated_file = 3;
	export_table(&exported, 8, "", faults);
	is_int(read_files(&exported, files, 8), 8, "faults leave the manifest complete");
	ok(!files[0].there && strcmp(exported.result.hit_file[0], files[0].key) == 0,
	   "a missing file is named, not there");
	ok(files[1].there && files[1].complete && strcmp(files[1].md5, files[1].md5_said) != 0 &&
		   strcmp(files[1].etag, files[1].etag_said) == 0,
	   "a wrong MD5 is that of other bytes");
	is_int(files[2].items_said, files[2].items + 1, "a wrong count is one too many");
	ok(!files[3].complete && strcmp(files[3].md5, files[3].md5_said) != 0, "a truncated file is cut short");
	ok(files[4].complete && strcmp(files[4].md5, files[4].md5_said) == 0, "its neighbours are left alone");
	forget(&exported);
}

static void test_compressor(void)
{
	static const char want[] = "\x1f\x8b\x08\0\0\0\0\0\0\xff\x03\0\0\0\0\0\0\0\0\0";
	struct compressor *compressor;
	struct buffer out;
	struct error error = {0, ""};

	buffer_init(&out, 1000);
	if (compressor_new(&compressor, &error) != 0)
		abort();
	ok(compressor_gzip(compressor, (struct slice){NULL, 0}, &out, &error) == 0 &&
		   slice_equal(buffer_slice(&out), (struct slice){want, 20}),
	   "nothing compresses to AWS's 20 bytes");
	out.size = 0;
	is_int(compressor_gzip(compressor, (struct slice){want, sizeof(want)}, &out, &error), 0,
	       "something to something");
	ok(memcmp(out.data, want, 10) == 0, "with the header AWS writes");
	static char big[4096];
	struct buffer small;
	buffer_init(&small, 64);
	is_int(compressor_gzip(compressor, (struct slice){big, sizeof(big)}, &small, &error), ERROR_INTERNAL,
	       "a buffer that is too small is an error");
	buffer_release(&small);
	buffer_release(&out);
	compressor_free(compressor);
}

/* A folder with somebody else's data is never written into. */
static void test_output(void)
{
	struct output output;
	struct error error = {0, ""};
	char root[SCRATCH_PATH_MAX];

	scratch_make(root);
	is_int(output_open(&output, root, "", false, &error), 0, "an empty folder is taken");
	is_int(output_write(&output, "events/a/b", slice_from("x"), &error), 0, "folders are made as they are needed");
	is_int(output_open(&output, root, "", false, &error), 0, "a folder of ours is taken again");
	struct buffer bytes;
	buffer_init(&bytes, 1000);
	ok(!scratch_read(root, "events/a/b", &bytes), "without what it held");
	if (output_write(&output, "events/a/b", slice_from("x"), &error) != 0)
		abort();
	char marker[SCRATCH_PATH_MAX + 32];
	snprintf(marker, sizeof(marker), "%s/%s", root, OUTPUT_MARKER);
	if (unlink(marker) != 0)
		abort();
	is_int(output_open(&output, root, "", false, &error), ERROR_USAGE, "a folder of somebody else's is refused");
	is_int(output_open(&output, root, "", true, &error), ERROR_USAGE,
	       "even by force when it holds data of the same name");
	ok(scratch_read(root, "events/a/b", &bytes), "and nothing of it is lost");
	scratch_remove(root);
	is_int(output_open(&output, "/proc/nowhere", "", false, &error), ERROR_IO,
	       "where no folder can be made is an I/O error");
	buffer_release(&bytes);
}

int main(void)
{
	test_compressor();
	test_output();
	test_intact();
	test_manifests();
	test_determinism();
	test_faults();
	return tap_done();
}
