#include "generators/export_writer.h"

#include <assert.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/prng.h"
#include "generators/compress.h"
#include "generators/export_shards.h"
#include "generators/ion_writer.h"
#include "generators/table.h"
#include "generators/text.h"

enum { DATA_STEM = 26, SHARD_JSON_MAX_GIB = 2, PATH_MAX_BYTES = EXPORT_FOLDER_MAX + 64, LINE_MAX_BYTES = 16 << 20 };

struct export_run {
	const struct export_request *request;
	struct output *output;
	struct export_result *result;
	struct compressor *compressor;
	struct export_shards shards;
	struct json_parser *parser; /* for Ion */
	struct buffer json, ion, packed, manifest;
	uint64_t billed_bytes;
};

/* ---- data files ---- */

static int render_item(const struct export_request *request, uint32_t item, struct buffer *json, uint64_t *size_bytes)
{
	uint64_t size = 0;

	if (request->increment != NULL)
		return increment_line(request->model, request->increment, item, json, size_bytes);
	if (buffer_append(json, "{\"Item\":", 8) != 0 ||
	    model_image(request->model, item, state_version(request->states[item]), json, &size) != 0 ||
	    buffer_append(json, "}\n", 2) != 0)
		return ERROR_INTERNAL;
	*size_bytes += size;
	return 0;
}

static int render_shard(struct export_run *run, unsigned shard, struct error *error)
{
	const struct export_request *request = run->request;

	run->json.size = 0;
	if (export_shards_sort(&run->shards, request->model, shard, error) != 0)
		return error->code;
	for (uint64_t i = run->shards.starts[shard]; i < run->shards.starts[shard + 1]; i++) {
		if (render_item(request, run->shards.items[i], &run->json, &run->billed_bytes) != 0)
			return error_set(error, ERROR_INTERNAL, "a data file exceeds %d GiB of JSON; use more shards",
					 SHARD_JSON_MAX_GIB);
	}
	run->ion.size = 0;
	if (!request->ion)
		return 0;
	if (buffer_reserve(&run->json, JSON_PADDING) != 0)
		return error_set(error, ERROR_INTERNAL, "out of memory for a data file; use more shards");
	return ion_write_lines(run->parser, buffer_slice(&run->json), &run->ion, error);
}

/* 26 characters of base32 in lower case. */
static void data_stem(const struct export_run *run, unsigned shard, char text[DATA_STEM + 1])
{
	uint64_t word = 0;
	for (unsigned i = 0; i < DATA_STEM; i++) {
		if (i % 12 == 0)
			word = model_random(run->request->model, (uint64_t)run->request->time_us + run->request->copy,
					    shard, i);
		text[i] = "abcdefghijklmnopqrstuvwxyz234567"[word & 31];
		word >>= 5;
	}
	text[DATA_STEM] = '\0';
}

static int write_manifest_line(struct export_run *run, const char *path, uint64_t items, struct slice sum_of,
			       struct slice stored, struct error *error)
{
	char md5[MD5_BASE64_MAX], etag[ETAG_MAX];

	if (md5_base64(sum_of, md5, error) != 0 || md5_etag(stored, etag, error) != 0)
		return error->code;
	if (buffer_printf(&run->manifest,
			  "{\"itemCount\":%llu,\"md5Checksum\":\"%s\",\"etag\":\"%s\",\"dataFileS3Key\":\"%s\"}\n",
			  (unsigned long long)items, md5, etag, path) != 0)
		return error_set(error, ERROR_INTERNAL, "out of memory for the manifest; use fewer shards");
	return 0;
}

static int write_shard(struct export_run *run, unsigned shard, struct error *error)
{
	const struct export_faults *faults = &run->request->faults;
	struct export_result *result = run->result;
	uint64_t items = run->shards.starts[shard + 1] - run->shards.starts[shard];
	char path[PATH_MAX_BYTES], stem[DATA_STEM + 1];
	const int64_t hits[4] = {faults->missing_file, faults->wrong_md5, faults->wrong_count, faults->truncated_file};

	if (render_shard(run, shard, error) != 0)
		return error->code;
	run->packed.size = 0;
	if (compressor_gzip(run->compressor, buffer_slice(run->request->ion ? &run->ion : &run->json), &run->packed,
			    error) != 0)
		return error->code;
	data_stem(run, shard, stem);
	/* Incremental exports share one folder for their data. */
	int folder = (int)(strlen(result->folder) - (run->request->increment != NULL ? strlen(result->id) + 1 : 0));
	snprintf(path, sizeof(path), "%.*s/data/%s.%s.gz", folder, result->folder, stem,
		 run->request->ion ? "ion" : "json");
	struct slice stored = buffer_slice(&run->packed);
	/* The wrong sum is a right one, but of other bytes: the file without its last byte. */
	struct slice summed = {stored.data, stored.size - (faults->wrong_md5 == (int64_t)shard ? 1 : 0)};
	uint64_t items_said = items + (faults->wrong_count == (int64_t)shard ? 1 : 0);
	if (write_manifest_line(run, path, items_said, summed, stored, error) != 0)
		return error->code;
	for (unsigned i = 0; i < 4; i++) {
		if (hits[i] == (int64_t)shard)
			memcpy(result->hit_file[i], path, sizeof(path));
	}
	result->items += items;
	result->json_bytes += run->request->ion ? run->ion.size : run->json.size;
	result->stored_bytes += stored.size;
	if (run->request->progress != NULL)
		run->request->progress(items, stored.size);
	if (faults->missing_file == (int64_t)shard)
		return 0;
	if (faults->truncated_file == (int64_t)shard)
		stored.size -= stored.size / 3;
	return output_write(run->output, path, stored, error);
}

/* ---- manifests ---- */

static int write_with_md5(struct export_run *run, const char *name, struct slice bytes, struct error *error)
{
	char path[PATH_MAX_BYTES], md5[MD5_BASE64_MAX];

	if (md5_base64(bytes, md5, error) != 0)
		return error->code;
	snprintf(path, sizeof(path), "%s/%s.json", run->result->folder, name);
	if (output_write(run->output, path, bytes, error) != 0)
		return error->code;
	snprintf(path, sizeof(path), "%s/%s.md5", run->result->folder, name);
	return output_write(run->output, path, slice_from(md5), error);
}

static int write_summary(struct export_run *run, struct error *error)
{
	/* The least that is billed for an incremental export. */
	enum { RUNNING_US = 341333000, BILLED_MIN = 10000000 };
	const struct export_request *request = run->request;
	const struct increment *increment = request->increment;
	uint64_t billed = increment != NULL && run->billed_bytes < BILLED_MIN ? BILLED_MIN : run->billed_bytes;
	const char *table = request->model->config.table->name;
	char start[CLOCK_TEXT_MAX], end[CLOCK_TEXT_MAX];
	uint64_t id_high = prng_mix(request->model->salt + 1), id_low = prng_mix(request->model->salt + 2);
	bool prefixed = request->prefix[0] != '\0';
	struct buffer json;
	int failed;

	buffer_init(&json, 8192);
	clock_format_ms(request->time_us, start);
	clock_format_ms(request->time_us + RUNNING_US, end);
	failed = buffer_printf(&json,
			       "{\"version\":\"%s\",\"exportArn\":\"" TABLE_ARN_PREFIX "%s/export/%s\","
			       "\"startTime\":\"%s\",\"endTime\":\"%s\",\"tableArn\":\"" TABLE_ARN_PREFIX "%s\","
			       "\"tableId\":\"%08x-%04x-4%03x-a%03x-%012llx\",",
			       increment != NULL ? "2023-08-01" : "2020-06-30", table, run->result->id, start, end,
			       table, (unsigned)(id_high >> 32), (unsigned)(id_high >> 16 & 0xffff),
			       (unsigned)(id_high & 0xfff), (unsigned)(id_low >> 52),
			       (unsigned long long)(id_low & UINT64_C(0xffffffffffff)));
	if (increment != NULL)
		failed |= buffer_printf(&json, "\"exportFromTime\":\"%s\",\"exportToTime\":\"%s\"",
					clock_format_ms(increment->from_us, start),
					clock_format_ms(increment->to_us, end));
	else
		failed |= buffer_printf(&json, "\"exportTime\":\"%s\"", start);
	failed |= buffer_append_text(&json, ",\"s3Bucket\":\"lakeproof\",\"s3Prefix\":");
	failed |= prefixed ? buffer_append_json(&json, slice_from(request->prefix)) : buffer_append_text(&json, "null");
	failed |= buffer_printf(&json,
				",\"s3SseAlgorithm\":\"AES256\",\"s3SseKmsKeyId\":null,"
				"\"manifestFilesS3Key\":\"%s/manifest-files.json\",\"billedSizeBytes\":%llu,"
				"\"itemCount\":%llu,\"outputFormat\":\"%s\"",
				run->result->folder, (unsigned long long)billed, (unsigned long long)run->result->items,
				request->ion ? "ION" : "DYNAMODB_JSON");
	if (increment != NULL)
		failed |= buffer_printf(&json, ",\"outputView\":\"%s\",\"exportType\":\"INCREMENTAL_EXPORT\"",
					increment->with_old ? "NEW_AND_OLD_IMAGES" : "NEW_IMAGE");
	failed |= buffer_append_byte(&json, '}');
	if (failed)
		failed = error_set(error, ERROR_INTERNAL, "the export's summary is too long; use a shorter prefix");
	else
		failed = write_with_md5(run, "manifest-summary", buffer_slice(&json), error);
	buffer_release(&json);
	return failed;
}

/* ---- the whole ---- */

static int name_export(struct export_run *run, struct error *error)
{
	const struct export_request *request = run->request;
	struct export_result *result = run->result;
	uint64_t suffix = prng_mix((request->model->salt ^ (uint64_t)request->time_us) + request->copy) >> 32;

	if (strlen(request->prefix) >= EXPORT_PREFIX_MAX)
		return error_set(error, ERROR_USAGE, "the S3 prefix is longer than %d bytes", EXPORT_PREFIX_MAX - 1);
	char *at = text_padded(result->id, (uint64_t)(request->time_us / 1000), 14);
	*at++ = '-';
	at = text_hex(at, suffix, 8);
	*at = '\0';
	snprintf(result->folder, sizeof(result->folder), "%s%sAWSDynamoDB/%s", request->prefix,
		 request->prefix[0] != '\0' ? "/" : "", result->id);
	return 0;
}

int export_write(const struct export_request *request, struct output *output, struct export_result *result,
		 struct error *error)
{
	struct export_run run = {.request = request, .output = output, .result = result};
	char started[PATH_MAX_BYTES];
	int failed;

	assert(request->shards >= 1 && request->shards <= EXPORT_SHARDS_MAX);
	*result = (struct export_result){.files = request->shards, .time_us = request->time_us};
	buffer_init(&run.json, (size_t)SHARD_JSON_MAX_GIB << 30);
	buffer_init(&run.ion, (size_t)SHARD_JSON_MAX_GIB << 30);
	buffer_init(&run.packed, (size_t)SHARD_JSON_MAX_GIB << 30);
	buffer_init(&run.manifest, (size_t)64 << 20);
	if ((failed = name_export(&run, error)) != 0 || (failed = compressor_new(&run.compressor, error)) != 0)
		goto out;
	if (request->ion && (run.parser = json_parser_new(LINE_MAX_BYTES)) == NULL) {
		failed = error_set(error, ERROR_INTERNAL, "out of memory for Ion");
		goto out;
	}
	snprintf(started, sizeof(started), "%s/_started", result->folder);
	if ((failed = output_write(output, started, (struct slice){NULL, 0}, error)) != 0 ||
	    (failed = export_shards_group(&run.shards, request, error)) != 0)
		goto out;
	for (unsigned shard = 0; shard < request->shards; shard++) {
		if ((failed = write_shard(&run, shard, error)) != 0)
			goto out;
	}
	/* The summary comes last: its presence says that the export is complete. */
	if ((failed = write_with_md5(&run, "manifest-files", buffer_slice(&run.manifest), error)) == 0)
		failed = write_summary(&run, error);
out:
	buffer_release(&run.json);
	buffer_release(&run.ion);
	buffer_release(&run.packed);
	buffer_release(&run.manifest);
	compressor_free(run.compressor);
	json_parser_free(run.parser);
	export_shards_release(&run.shards);
	return failed;
}
