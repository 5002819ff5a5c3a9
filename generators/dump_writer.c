#include "generators/dump_writer.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "generators/compress.h"
#include "generators/export_shards.h"
#include "generators/glue_writer.h"
#include "generators/parquet_file.h"
#include "generators/plain_format.h"
#include "generators/text.h"

enum { FILE_JSON_MAX_GIB = 2, PATH_MAX_BYTES = EXPORT_FOLDER_MAX + 64, ITEM_MAX_BYTES = 16 << 20 };

struct dump_run {
	const struct dump_request *dump;
	const struct export_request *request;
	struct output *output;
	struct export_result *result;
	struct compressor *compressor;
	struct export_shards shards;
	struct json_parser *parser;
	struct plain_scratch *plain;
	struct glue_schema *glue; /* of a Parquet format */
	const struct ArrowSchema *columns;
	struct buffer json, item, packed, manifest;
	const uint32_t *items; /* of the file that is being written */
	uint64_t count;
	uint64_t miscount; /* so many more items than there are, the file says */
};

/* What a file holds; false when it does not fit into memory. */
typedef bool dump_render(struct dump_run *run);

static bool append_item(struct dump_run *run, uint32_t item, struct buffer *json)
{
	uint64_t size_bytes;
	return model_image(run->request->model, item, state_version(run->request->states[item]), json, &size_bytes) ==
	       0;
}

/* ---- EMR's lines ---- */

static void lower_value(const struct json_token *tokens, uint32_t value, char *json);

static void lower_members(const struct json_token *tokens, uint32_t object, char *json)
{
	for (uint32_t i = object + 1; i < tokens[object].next; i = tokens[i + 1].next)
		lower_value(tokens, i + 1, json);
}

/* S becomes s, BOOL bOOL: the tag keeps its place and its length. */
static void lower_value(const struct json_token *tokens, uint32_t value, char *json)
{
	uint32_t tag = value + 1, inside = value + 2;
	struct slice name = json_text(&tokens[tag]);
	bool map = slice_is(name, "M"), list = slice_is(name, "L");

	json[tokens[tag].offset + 1] |= 0x20;
	if (map)
		lower_members(tokens, inside, json);
	for (uint32_t i = inside + 1; list && i < tokens[inside].next; i = tokens[i].next)
		lower_value(tokens, i, json);
}

/* The item in run->item, its tags in lower case; NULL when out of memory. */
static const struct json_token *emr_item(struct dump_run *run, uint32_t item)
{
	const struct json_token *tokens;
	struct json_failure failure;
	size_t count;

	run->item.size = 0;
	if (!append_item(run, item, &run->item) || buffer_reserve(&run->item, JSON_PADDING) != 0 ||
	    !json_parse(run->parser, buffer_slice(&run->item), &tokens, &count, &failure))
		return NULL;
	lower_members(tokens, 0, run->item.data);
	return tokens;
}

static bool render_emr(struct dump_run *run)
{
	for (uint64_t i = 0; i < run->count; i++) {
		if (emr_item(run, run->items[i]) == NULL)
			return false;
		buffer_append_slice(&run->json, buffer_slice(&run->item));
		buffer_append_byte(&run->json, '\n');
	}
	return !run->json.failed;
}

/* A name that the separators could be taken for is written as a JSON string. */
static void append_hive_name(struct slice name, struct buffer *json)
{
	bool plain = true;
	for (size_t i = 0; i < name.size; i++)
		plain = plain && (unsigned char)name.data[i] >= 0x20 && name.data[i] != '"';
	if (plain)
		buffer_append_slice(json, name);
	else
		buffer_append_json(json, name);
}

/* Older Hive exports: name 0x03 value 0x02 name 0x03 value. */
static bool render_hive(struct dump_run *run)
{
	for (uint64_t i = 0; i < run->count; i++) {
		const struct json_token *tokens = emr_item(run, run->items[i]);
		if (tokens == NULL)
			return false;
		for (uint32_t name = 1; name < tokens[0].next; name = tokens[name + 1].next) {
			uint32_t next = tokens[name + 1].next;
			size_t begin = tokens[name + 1].offset;
			/* A comma or the item's brace stands after the value. */
			size_t end = (next < tokens[0].next ? tokens[next].offset : run->item.size) - 1;
			if (name > 1)
				buffer_append_byte(&run->json, '\x02');
			append_hive_name(json_text(&tokens[name]), &run->json);
			buffer_append_byte(&run->json, '\x03');
			buffer_append(&run->json, run->item.data + begin, end - begin);
		}
		buffer_append_byte(&run->json, '\n');
	}
	return !run->json.failed;
}

/* ---- scans ---- */

static bool render_lines(struct dump_run *run)
{
	for (uint64_t i = 0; i < run->count; i++)
		if (!append_item(run, run->items[i], &run->json) || buffer_append_byte(&run->json, '\n') != 0)
			return false;
	return true;
}

static void append_counts(struct dump_run *run, uint64_t count, struct buffer *json)
{
	buffer_printf(json, "],\"Count\":%" PRIu64 ",\"ScannedCount\":%" PRIu64, count + run->miscount,
		      count + run->miscount);
	run->miscount = 0;
}

/* Pages as the API answers them, each on a line. One that its limit ended names the key to go on from, though nothing
 * may follow: then the last page is empty. */
static bool render_pages(struct dump_run *run)
{
	enum { PAGE_BYTES = 1 << 20 };
	const struct model *model = run->request->model;
	struct buffer *json = &run->json;
	uint64_t on_page = 0, page_start = 0, size_bytes;

	buffer_append_text(json, "{\"Items\":[");
	for (uint64_t i = 0; i < run->count; i++) {
		if (on_page > 0)
			buffer_append_byte(json, ',');
		if (!append_item(run, run->items[i], json))
			return false;
		on_page++;
		if (on_page != run->dump->page_items && json->size - page_start < PAGE_BYTES)
			continue;
		append_counts(run, on_page, json);
		buffer_append_text(json, ",\"LastEvaluatedKey\":");
		if (model_key_json(model, run->items[i], json, &size_bytes) != 0)
			return false;
		buffer_append_text(json, "}\n{\"Items\":[");
		page_start = json->size;
		on_page = 0;
	}
	append_counts(run, on_page, json);
	return buffer_append_text(json, "}\n") == 0;
}

static void new_line(size_t depth, struct buffer *json)
{
	buffer_append_byte(json, '\n');
	for (size_t i = 0; i < depth; i++)
		buffer_append(json, "    ", 4);
}

/* JSON without white space, as the CLI prints it at that depth: indented by four, {} and [] in one. */
static void append_indented(struct slice compact, size_t depth, struct buffer *json)
{
	bool in_string = false;

	for (size_t i = 0; i < compact.size; i++) {
		char byte = compact.data[i], before = i > 0 ? compact.data[i - 1] : '\0';
		char after = i + 1 < compact.size ? compact.data[i + 1] : '\0';
		bool escapes = in_string && byte == '\\';
		if (byte == '"')
			in_string = !in_string;
		bool opens = !in_string && (byte == '{' || byte == '['),
		     closes = !in_string && (byte == '}' || byte == ']');
		depth -= closes;
		if (closes && before != '{' && before != '[')
			new_line(depth, json);
		buffer_append_byte(json, byte);
		if (escapes)
			buffer_append_byte(json, compact.data[++i]);
		else if (!in_string && byte == ':')
			buffer_append_byte(json, ' ');
		depth += opens;
		if ((opens && after != '}' && after != ']') || (!in_string && byte == ','))
			new_line(depth, json);
	}
}

/* `aws dynamodb scan` asks for page after page and prints all of them as one. */
static bool render_cli(struct dump_run *run)
{
	buffer_append_text(&run->json, "{\n    \"Items\": [");
	for (uint64_t i = 0; i < run->count; i++) {
		buffer_append_text(&run->json, i > 0 ? ",\n        " : "\n        ");
		run->item.size = 0;
		if (!append_item(run, run->items[i], &run->item))
			return false;
		append_indented(buffer_slice(&run->item), 2, &run->json);
	}
	buffer_printf(&run->json,
		      "%s],\n    \"Count\": %" PRIu64 ",\n    \"ScannedCount\": %" PRIu64
		      ",\n    \"ConsumedCapacity\": null\n}\n",
		      run->count > 0 ? "\n    " : "", run->count + run->miscount, run->count + run->miscount);
	return !run->json.failed;
}

/* ---- a full load by Database Migration Service ---- */

static bool render_load(struct dump_run *run)
{
	for (uint64_t i = 0; i < run->count; i++) {
		run->item.size = 0;
		if (!append_item(run, run->items[i], &run->item) ||
		    plain_csv_item(run->plain, run->request->model, buffer_slice(&run->item), PLAIN_DMS_NULL,
				   &run->json) != 0)
			return false;
		buffer_append_byte(&run->json, '\n');
	}
	return !run->json.failed;
}

/* ---- items by AWS Glue ---- */

#define GLUE_ROWS "preset: glue, format: parquet"

static const struct json_token *glue_item(struct dump_run *run, uint32_t item)
{
	run->item.size = 0;
	return append_item(run, item, &run->item) ? plain_parse(run->plain, buffer_slice(&run->item)) : NULL;
}

static bool render_glue(struct dump_run *run)
{
	for (uint64_t i = 0; i < run->count; i++) {
		const struct json_token *tokens = glue_item(run, run->items[i]);
		if (tokens == NULL || !glue_row(run->glue, tokens, buffer_slice(&run->item), &run->json))
			return false;
	}
	return true;
}

/* The columns are those of the whole table. */
static int see_items(struct dump_run *run, struct error *error)
{
	uint64_t count = run->shards.starts[run->request->shards];

	run->glue = glue_schema_new(strcmp(run->dump->format->name, "glue-simplified") == 0);
	bool seen = run->glue != NULL;
	for (uint64_t i = 0; i < count && seen; i++) {
		const struct json_token *tokens = glue_item(run, run->shards.items[i]);
		seen = tokens != NULL && glue_schema_see(run->glue, tokens);
	}
	if (seen && (run->columns = glue_schema_arrow(run->glue)) != NULL)
		return 0;
	return error_set(error, ERROR_INTERNAL, "out of memory for the columns of a dump");
}

/* ---- the table ---- */

static const struct {
	struct dump_format format;
	dump_render *render;
} formats[] = {
	{{"emr", "emr", NULL, "", true, false, false}, render_emr},
	{{"emr-hive", "emr", NULL, "", true, false, false}, render_hive},
	{{"scan", "scan", NULL, ".json", false, true, false}, render_pages},
	{{"scan-cli", "scan", NULL, ".json", false, true, false}, render_cli},
	{{"scan-lines", "scan", NULL, ".jsonl", false, false, false}, render_lines},
	{{"dms-load", NULL, NULL, ".csv", false, false, false}, render_load},
	{{"glue", NULL, GLUE_ROWS, ".parquet", false, false, true}, render_glue},
	{{"glue-simplified", NULL, GLUE_ROWS, ".parquet", false, false, true}, render_glue},
};

const struct dump_format *dump_format_at(size_t index)
{
	return index < sizeof(formats) / sizeof(formats[0]) ? &formats[index].format : NULL;
}

static dump_render *render_of(const struct dump_format *format)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (&formats[i].format == format)
			return formats[i].render;
	return NULL;
}

/* ---- files ---- */

static void file_path(struct dump_run *run, unsigned shard, char path[PATH_MAX_BYTES])
{
	const struct dump_format *format = run->dump->format;
	uint64_t random = model_random(run->request->model, (uint64_t)run->request->time_us + run->request->copy, shard,
				       0);
	int size;

	if (format->manifest)
		size = snprintf(path, PATH_MAX_BYTES, "%s/%08x-%04x-4%03x-a%03x-%012x", run->result->folder,
				(unsigned)(random >> 32), (unsigned)(random >> 16 & 0xffff), (unsigned)(random & 0xfff),
				(unsigned)(random >> 20 & 0xfff), shard);
	else if (format->parquet)
		size = snprintf(path, PATH_MAX_BYTES, "%s/part-%05u-%08x-0000-4000-8000-0123456789ab-c000.snappy",
				run->result->folder, shard, (unsigned)(random >> 32));
	else if (format->source == NULL)
		size = snprintf(path, PATH_MAX_BYTES, "%s/LOAD%08X", run->result->folder, shard + 1);
	else
		size = snprintf(path, PATH_MAX_BYTES, "%s/segment-%05u", run->result->folder, shard);
	snprintf(path + size, (size_t)(PATH_MAX_BYTES - size), "%s%s", format->suffix,
		 run->dump->gzip && !format->parquet ? ".gz" : "");
}

/* Without its last third, and never cut where a line ends, as that could not be seen. */
static struct slice truncated(struct slice stored)
{
	size_t size = stored.size - stored.size / 3;
	while (size > 0 && size < stored.size && (stored.data[size - 1] == '\n' || stored.data[size] == '\n'))
		size--;
	return (struct slice){stored.data, size};
}

static int write_parquet(struct dump_run *run, const char *path, bool cut, struct error *error)
{
	uint64_t stored;

	if (parquet_file_write(run->output, path, run->columns, buffer_slice(&run->json), &stored, error) != 0)
		return error->code;
	run->result->stored_bytes += stored;
	return cut ? parquet_file_truncate(run->output, path, stored, error) : 0;
}

static int write_text(struct dump_run *run, const char *path, bool missing, bool cut, struct error *error)
{
	struct slice stored = buffer_slice(&run->json);

	run->packed.size = 0;
	if (run->dump->gzip) {
		if (compressor_gzip(run->compressor, stored, &run->packed, error) != 0)
			return error->code;
		stored = buffer_slice(&run->packed);
	}
	run->result->stored_bytes += stored.size;
	if (missing)
		return 0;
	return output_write(run->output, path, cut ? truncated(stored) : stored, error);
}

static int write_bytes(struct dump_run *run, unsigned shard, struct error *error)
{
	const struct export_faults *faults = &run->request->faults;
	const int64_t hits[4] = {faults->missing_file, -1, faults->wrong_count, faults->truncated_file};
	struct export_result *result = run->result;
	bool cut = faults->truncated_file == (int64_t)shard;
	uint64_t before = result->stored_bytes;
	char path[PATH_MAX_BYTES];

	file_path(run, shard, path);
	if (buffer_printf(&run->manifest, "%s{\"url\":\"s3://lakeproof/%s\",\"mandatory\":true}",
			  run->manifest.size > 0 ? "," : "", path) != 0)
		return error_set(error, ERROR_INTERNAL, "out of memory for the manifest; use fewer shards");
	for (unsigned i = 0; i < 4; i++)
		if (hits[i] == (int64_t)shard)
			memcpy(result->hit_file[i], path, sizeof(path));
	result->items += run->count;
	result->json_bytes += run->json.size;
	int failed = run->dump->format->parquet
			     ? write_parquet(run, path, cut, error)
			     : write_text(run, path, faults->missing_file == (int64_t)shard, cut, error);
	if (!failed && run->request->progress != NULL)
		run->request->progress(run->count, result->stored_bytes - before);
	return failed;
}

static int write_file(struct dump_run *run, unsigned shard, struct error *error)
{
	run->items = run->shards.items + run->shards.starts[shard];
	run->count = run->shards.starts[shard + 1] - run->shards.starts[shard];
	run->miscount = run->request->faults.wrong_count == (int64_t)shard;
	run->json.size = 0;
	if (export_shards_sort(&run->shards, run->request->model, shard, error) != 0)
		return error->code;
	if (!render_of(run->dump->format)(run))
		return error_set(error, ERROR_INTERNAL, "a file of the dump exceeds %d GiB of JSON; use more shards",
				 FILE_JSON_MAX_GIB);
	/* An empty file of lines says no more than that a scan failed; no file says that there was nothing. */
	if (run->json.size == 0 && !run->dump->format->manifest)
		return 0;
	return write_bytes(run, shard, error);
}

static int write_manifest(struct dump_run *run, struct error *error)
{
	char path[PATH_MAX_BYTES];

	run->json.size = 0;
	buffer_append_text(&run->json, "{\"name\":\"DynamoDB-export\",\"version\":3,\"entries\":[");
	buffer_append_slice(&run->json, buffer_slice(&run->manifest));
	if (buffer_append_text(&run->json, "]}") != 0)
		return error_set(error, ERROR_INTERNAL, "out of memory for the manifest; use fewer shards");
	snprintf(path, sizeof(path), "%s/manifest", run->result->folder);
	return output_write(run->output, path, buffer_slice(&run->json), error);
}

int dump_write(const struct dump_request *dump, const struct export_request *request, struct output *output,
	       struct export_result *result, struct error *error)
{
	struct dump_run run = {.dump = dump, .request = request, .output = output, .result = result};
	struct civil civil = civil_from_us(request->time_us);
	int failed;

	assert(request->increment == NULL && request->faults.wrong_md5 < 0);
	assert(dump->format->manifest || request->faults.missing_file < 0);
	assert(dump->format->counts || request->faults.wrong_count < 0);
	*result = (struct export_result){.files = request->shards, .time_us = request->time_us};
	snprintf(result->folder, sizeof(result->folder), "dumps/%04u-%02u-%02u-%02u-%02u-%02u%s", civil.year,
		 civil.month, civil.day, civil.hour, civil.minute, civil.second, request->copy ? "-again" : "");
	buffer_init(&run.json, (size_t)FILE_JSON_MAX_GIB << 30);
	buffer_init(&run.item, ITEM_MAX_BYTES);
	buffer_init(&run.packed, (size_t)FILE_JSON_MAX_GIB << 30);
	buffer_init(&run.manifest, (size_t)64 << 20);
	if ((failed = compressor_new(&run.compressor, error)) != 0)
		goto out;
	if ((run.parser = json_parser_new(ITEM_MAX_BYTES)) == NULL || (run.plain = plain_scratch_new()) == NULL) {
		failed = error_set(error, ERROR_INTERNAL, "out of memory for a dump");
		goto out;
	}
	failed = export_shards_group(&run.shards, request, error);
	if (!failed && dump->format->parquet)
		failed = see_items(&run, error);
	for (unsigned shard = 0; shard < request->shards && !failed; shard++)
		failed = write_file(&run, shard, error);
	if (!failed && dump->format->manifest)
		failed = write_manifest(&run, error);
out:
	buffer_release(&run.json);
	buffer_release(&run.item);
	buffer_release(&run.packed);
	buffer_release(&run.manifest);
	compressor_free(run.compressor);
	json_parser_free(run.parser);
	plain_scratch_free(run.plain);
	glue_schema_free(run.glue);
	export_shards_release(&run.shards);
	return failed;
}
