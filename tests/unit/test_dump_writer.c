/* The dump writer against what EMR, scans and the CLI write: tags, separators, pages, counts, manifest, faults. */
#include "base/json.h"
#include "generators/dump_writer.h"
#include "generators/generator.h"
#include "tests/support/scratch.h"
#include "tests/support/workload.h"
#include "tests/tap.h"

enum { SHARDS = 4, PAGE = 7 };

struct dumped {
	char root[SCRATCH_PATH_MAX];
	struct export_result result;
	struct buffer bytes;
	struct json_parser *parser;
};

static const struct dump_format *format_of(const char *name)
{
	for (size_t i = 0; dump_format_at(i) != NULL; i++)
		if (strcmp(dump_format_at(i)->name, name) == 0)
			return dump_format_at(i);
	return NULL;
}

static void dump_table(struct dumped *dumped, const char *format, const char *preset, struct export_faults faults)
{
	struct generator_options options;
	struct model model;
	struct history history;
	struct output output;
	struct error error = {0, ""};
	const struct dump_request dump = {format_of(format), PAGE, false};

	test_workload(&options, preset);
	options.model.items = 150;
	options.model.changes = 100;
	scratch_make(dumped->root);
	buffer_init(&dumped->bytes, (size_t)64 << 20);
	dumped->parser = json_parser_new((size_t)4 << 20);
	if (model_init(&model, &options.model, &error) != 0 || history_run(&model, &history, &error) != 0 ||
	    output_open(&output, dumped->root, "", false, &error) != 0)
		abort();
	uint32_t *states = malloc(model.slots_max * sizeof(*states));
	struct export_request request = {.model = &model,
					 .states = states,
					 .slots = model.slots_max,
					 .time_us = INT64_C(1760001771270000),
					 .prefix = "",
					 .shards = SHARDS,
					 .faults = faults};
	history_snapshot(&model, &history, request.time_us, 60000000, states);
	if (dump_write(&dump, &request, &output, &dumped->result, &error) != 0) {
		printf("# %s\n", error.message);
		abort();
	}
	free(states);
	history_release(&history);
}

static void forget(struct dumped *dumped)
{
	scratch_remove(dumped->root);
	buffer_release(&dumped->bytes);
	json_parser_free(dumped->parser);
}

/* False when there is no such file. */
static bool read_segment(struct dumped *dumped, unsigned segment, const char *suffix)
{
	char path[SCRATCH_PATH_MAX];
	snprintf(path, sizeof(path), "%s/segment-%05u%s", dumped->result.folder, segment, suffix);
	return scratch_read(dumped->root, path, &dumped->bytes);
}

static const struct json_token *parse(struct dumped *dumped, const char *text, size_t size)
{
	const struct json_token *tokens;
	struct json_failure failure;
	size_t count;
	if (!json_parse(dumped->parser, (struct slice){text, size}, &tokens, &count, &failure)) {
		printf("# %s at %zu\n", failure.reason, failure.offset);
		abort();
	}
	return tokens;
}

/* ---- EMR */

static const char lower_tags[] = " s n b m l bOOL nULL sS nS bS ";

static uint64_t wrong_tags(const struct json_token *tokens, uint32_t object, bool list)
{
	uint64_t wrong = 0;
	for (uint32_t i = object + 1; i < tokens[object].next;) {
		uint32_t value = list ? i : i + 1;
		char tag[32];
		snprintf(tag, sizeof(tag), " %.*s ", (int)tokens[value + 1].size, tokens[value + 1].text);
		wrong += strstr(lower_tags, tag) == NULL;
		if (strcmp(tag, " m ") == 0 || strcmp(tag, " l ") == 0)
			wrong += wrong_tags(tokens, value + 2, tag[1] == 'l');
		i = tokens[value].next;
	}
	return wrong;
}

/* The files that the manifest names, one after the other in dumped->bytes; *missing are not there. */
static void read_manifest(struct dumped *dumped, unsigned *named, unsigned *missing)
{
	struct buffer manifest, all;
	char path[SCRATCH_PATH_MAX];

	buffer_init(&manifest, 1 << 20);
	buffer_init(&all, (size_t)64 << 20);
	*named = *missing = 0;
	snprintf(path, sizeof(path), "%s/manifest", dumped->result.folder);
	if (!scratch_read(dumped->root, path, &manifest) ||
	    strncmp(manifest.data, "{\"name\":\"DynamoDB-export\",\"version\":3,\"entries\":[", 48) != 0)
		abort();
	for (const char *at = manifest.data; (at = strstr(at, "{\"url\":")) != NULL; at++, ++*named) {
		char url[SCRATCH_PATH_MAX];
		scratch_text(at, "url", url, sizeof(url));
		if (!scratch_read(dumped->root, url + strlen("s3://lakeproof/"), &dumped->bytes))
			++*missing;
		else
			buffer_append_slice(&all, buffer_slice(&dumped->bytes));
	}
	buffer_append_byte(&all, '\0');
	buffer_reserve(&all, JSON_PADDING);
	buffer_release(&manifest);
	buffer_release(&dumped->bytes);
	dumped->bytes = all;
}

static void test_emr(void)
{
	struct dumped dumped;
	unsigned named, missing;
	uint64_t wrong = 0, lines = 0;

	dump_table(&dumped, "emr", "kitchen-sink", EXPORT_FAULTS_NONE);
	read_manifest(&dumped, &named, &missing);
	ok(named == SHARDS && missing == 0, "EMR's manifest names every file, and they are there");
	for (const char *line = dumped.bytes.data, *end; (end = strchr(line, '\n')) != NULL; line = end + 1, lines++)
		wrong += wrong_tags(parse(&dumped, line, (size_t)(end - line)), 0, false);
	ok(wrong == 0 && lines == dumped.result.items && lines > 100,
	   "an item a line, with the tags of EMR at every level");
	ok(strstr(dumped.bytes.data, "{\"bOOL\":") != NULL && strstr(dumped.bytes.data, "{\"nULL\":true}") != NULL &&
		   strstr(dumped.bytes.data, "{\"sS\":[") != NULL,
	   "which are s, bOOL, nULL, sS");
	forget(&dumped);
}

static void test_hive(void)
{
	struct dumped dumped;
	unsigned named, missing;
	uint64_t wrong = 0, lines = 0;

	dump_table(&dumped, "emr-hive", "orders", EXPORT_FAULTS_NONE);
	read_manifest(&dumped, &named, &missing);
	for (char *line = dumped.bytes.data, *end; (end = strchr(line, '\n')) != NULL; line = end + 1, lines++) {
		*end = '\0';
		wrong += strstr(line, "pk\x03{\"s\":\"") == NULL || strstr(line, "sk\x03{\"n\":\"") == NULL ||
			 strstr(line, "}\x02") == NULL || end[-1] != '}';
	}
	ok(wrong == 0 && lines == dumped.result.items, "older Hive exports: name 0x03 value 0x02 name 0x03 value");
	forget(&dumped);
}

/* ---- scans */

static void test_pages(void)
{
	struct dumped dumped;
	uint64_t items = 0, wrong = 0, pages = 0, going_on = 0;

	dump_table(&dumped, "scan", "orders", EXPORT_FAULTS_NONE);
	for (unsigned segment = 0; segment < SHARDS; segment++) {
		if (!read_segment(&dumped, segment, ".json"))
			abort();
		for (const char *page = dumped.bytes.data, *end; (end = strchr(page, '\n')) != NULL;
		     page = end + 1, pages++) {
			const struct json_token *tokens = parse(&dumped, page, (size_t)(end - page));
			uint32_t list = json_member(tokens, 0, "Items"),
				 key = json_member(tokens, 0, "LastEvaluatedKey");
			uint64_t said = scratch_number(page, "Count");
			items += said;
			going_on += key != 0;
			wrong += list == 0 || tokens[list].count != said || said > PAGE ||
				 scratch_number(page, "ScannedCount") != said;
			/* All but a file's last page say where to go on. */
			wrong += (key != 0) != (end[1] != '\0') ||
				 (key != 0 && (tokens[key].count != 2 || said != PAGE));
		}
	}
	ok(wrong == 0 && items == dumped.result.items && pages == going_on + SHARDS && going_on > SHARDS,
	   "a scan's pages count what they hold and say where to go on");
	forget(&dumped);
}

static void test_cli(void)
{
	struct dumped dumped;
	uint64_t items = 0;

	dump_table(&dumped, "scan-cli", "kitchen-sink", EXPORT_FAULTS_NONE);
	for (unsigned segment = 0; segment < SHARDS; segment++) {
		if (!read_segment(&dumped, segment, ".json"))
			abort();
		const struct json_token *tokens = parse(&dumped, dumped.bytes.data, dumped.bytes.size);
		items += tokens[json_member(tokens, 0, "Items")].count;
	}
	is_int(items, dumped.result.items, "the CLI prints one object, all pages in it");
	const char *first = "{\n    \"Items\": [\n        {\n            \"pk\": {\n                \"S\": \"";
	ok(strncmp(dumped.bytes.data, first, strlen(first)) == 0, "indented by four");
	ok(strstr(dumped.bytes.data, "\n    \"ConsumedCapacity\": null\n}\n") != NULL, "to its end");
	forget(&dumped);
}

static void test_lines(void)
{
	struct dumped dumped;
	uint64_t items = 0;
	unsigned files = 0;

	dump_table(&dumped, "scan-lines", "orders", EXPORT_FAULTS_NONE);
	for (unsigned segment = 0; segment < SHARDS; segment++) {
		if (!read_segment(&dumped, segment, ".jsonl"))
			continue;
		files++;
		for (const char *at = dumped.bytes.data; (at = strstr(at, "\n")) != NULL; at++)
			items++;
	}
	ok(items == dumped.result.items && files == SHARDS - 1, "an item a line, and no file where there is no item");
	forget(&dumped);
}

/* ---- faults */

static void test_faults(void)
{
	struct dumped dumped;
	struct export_faults faults = EXPORT_FAULTS_NONE;
	unsigned named, missing;

	faults.missing_file = 1;
	dump_table(&dumped, "emr", "orders", faults);
	read_manifest(&dumped, &named, &missing);
	ok(named == SHARDS && missing == 1 && dumped.result.hit_file[0][0] != '\0',
	   "a file that is missing is still named");
	forget(&dumped);

	faults = EXPORT_FAULTS_NONE;
	faults.wrong_count = 0;
	faults.truncated_file = 1;
	dump_table(&dumped, "scan-cli", "orders", faults);
	if (!read_segment(&dumped, 0, ".json"))
		abort();
	const struct json_token *tokens = parse(&dumped, dumped.bytes.data, dumped.bytes.size);
	const char *count = strstr(dumped.bytes.data, "\"Count\": ");
	ok(count != NULL && strtoull(count + 9, NULL, 10) == tokens[json_member(tokens, 0, "Items")].count + 1,
	   "a count that is wrong is one too many");
	ok(read_segment(&dumped, 1, ".json") && dumped.bytes.size > 0 &&
		   dumped.bytes.data[dumped.bytes.size - 1] != '\n',
	   "a file that is cut short is not cut where a line ends");
	forget(&dumped);
}

static void test_names(void)
{
	char names[200] = "";
	size_t used = 0;
	for (size_t i = 0; dump_format_at(i) != NULL; i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", i > 0 ? "|" : "",
					 dump_format_at(i)->name);
	is_text(names, DUMP_FORMATS, "the command line offers the formats of the table");
}

int main(void)
{
	test_names();
	test_emr();
	test_hive();
	test_pages();
	test_cli();
	test_lines();
	test_faults();
	return tap_done();
}
