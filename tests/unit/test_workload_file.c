/* Workload files: what they say comes true, what is wrong in them is refused with line and column, and they are
 * documented by the table that parses them. `test_workload_file --write` rewrites those documents. */
#include <stdlib.h>

#include "generators/table.h"
#include "tests/support/item_size.h"
#include "tests/support/schema_documents.h"
#include "tests/support/workload.h"
#include "tests/tap.h"

#define ONE "table: t\nattributes:\n  - {name: n, type: integer, range: 0..999, counts: true}\n"

struct world {
	struct generator_options options;
	struct workload_file *file;
	struct model model;
	struct history history;
	struct error error;
};

static bool world_make(struct world *world, const char *yaml)
{
	memset(world, 0, sizeof(*world));
	generator_defaults(&world->options);
	world->options.model.items = 2000;
	world->options.model.changes = 4000;
	bool made = workload_file_parse("w.yaml", slice_from(yaml), &world->options, &world->file, &world->error) ==
			    0 &&
		    model_init(&world->model, &world->options.model, &world->error) == 0 &&
		    history_run(&world->model, &world->history, &world->error) == 0;
	if (!made)
		printf("# %s\n", world->error.message);
	return made;
}

static void world_forget(struct world *world)
{
	history_release(&world->history);
	workload_file_free(world->file);
}

static void refuses(const char *yaml, const char *message)
{
	struct world world;
	if (world_make(&world, yaml))
		ok(false, "refused: %s", message);
	else
		is_text(world.error.message, message, "refused");
	world_forget(&world);
}

/* ---- what is refused ---- */

static void test_refusals(void)
{
	refuses("table: t\nattribute: []\n", "w.yaml:2:1: unknown key 'attribute', did you mean 'attributes'");
	refuses("table: t\n", "w.yaml:1:1: a table has either 'attributes' or 'entities'");
	refuses(ONE "hot: 120%\n", "w.yaml:4:6: 'hot' must be a share such as 0.5%, or none, not '120%'");
	refuses(ONE "zipf: 9\n", "w.yaml:4:7: 'zipf' must be none or 0.00 to 4.00, not '9'");
	refuses("table: t\nattributes:\n  - {name: a, type: word}\n", "w.yaml:3:5: 'a' needs words");
	refuses("table: t\nattributes:\n  - {name: a, type: number_set, range: 0..2}\n",
		"w.yaml:3:40: this type's range is within 1..100");
	refuses("table: t\nattributes:\n  - {name: a, type: text, range: 9..2}\n",
		"w.yaml:3:34: 'range' must be a range such as 5..20 or 1KB..4KB, not '9..2'");
	refuses("table: t\nattributes:\n  - {name: a, type: fill, sizes: [{share: 10%, bytes: 401KB}]}\n",
		"w.yaml:3:5: an item has at most 400KB");
	refuses("table: t\nattributes:\n  - {name: a, type: integer, counts: true, present: 5%}\n",
		"w.yaml:3:38: only an integer or decimal that is always there can count");
	refuses("table: t\nattributes:\n  - {name: a, type: text}\n  - {name: a, type: text}\n",
		"w.yaml:1:1: attribute 'a' is there twice");
	refuses("table: t\nattributes:\n  - {name: a, type: text}\n  - {name: A, type: text}\n",
		"w.yaml:1:1: attributes 'a' and 'A' mean one column; give one a 'column' of its own, or none");
	refuses("table: t\nattributes:\n  - {name: a, type: text, from: 50%, until: 50%}\n",
		"w.yaml:3:45: 'until' is not after 'from'");
	refuses("table: t\nentities:\n  - {name: e, share: 100%, pk: \"E7{partition}\", sk: \"S#{position}\", "
		"attributes: "
		"[{name: a, type: text}]}\nkey: [{name: pk, type: S}, {name: sk, type: S}]\n",
		"entity \"e\": a pk is text with one {partition}, an sk text with at most one {position}, both without "
		"other digits");
	refuses(ONE "faults: [gremlins]\n", "w.yaml:4:9: unknown fault \"gremlins\"; see `lakeproof generate --help`");
}

/* ---- what comes true ---- */

static bool image_has(const struct world *world, uint64_t item, uint32_t version, const char *part)
{
	struct buffer json;
	uint64_t size;
	buffer_init(&json, (size_t)4 << 20);
	bool has = model_image(&world->model, item, version, &json, &size) == 0 &&
		   memmem(json.data, json.size, part, strlen(part)) != NULL;
	buffer_release(&json);
	return has;
}

static void test_evolution(void)
{
	struct world world;
	uint64_t wrong = 0, before = 0, after = 0;

	if (!world_make(&world, "table: t\nattributes:\n  - {name: gone, type: text, until: 40%}\n"
				"  - {name: came, type: text, from: 60%}\n"
				"  - {name: turned, type: integer, becomes: {at: 50%, type: boolean}}\n"))
		abort();
	const struct model_config *config = &world.model.config;
	for (uint64_t i = 0; i < world.history.count; i++) {
		const struct change *change = &world.history.changes[i];
		if (change->new_version == 0)
			continue;
		int64_t percent = (change->time_us - config->start_us) * 100 / config->duration_us;
		bool gone = image_has(&world, change->item, change->new_version, "\"gone\":");
		bool came = image_has(&world, change->item, change->new_version, "\"came\":");
		bool turned = image_has(&world, change->item, change->new_version, "\"turned\":{\"BOOL\"");
		wrong += gone != (percent < 40) || came != (percent >= 60) || turned != (percent >= 50);
		before += percent < 40;
		after += percent >= 60;
	}
	ok(before > 500 && after > 500 && wrong == 0,
	   "attributes come, go and change their type where the file says so");
	ok(image_has(&world, 0, 1, "\"gone\":") && !image_has(&world, 0, 1, "\"came\":"),
	   "items from before the window have what was there then");
	world_forget(&world);
}

static int compare_texts(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

static void test_entities(void)
{
	struct generator_options options;
	struct model model;
	struct error error = {0, ""};
	enum { ITEMS = 6000 };
	static char *keys[ITEMS];
	uint64_t wrong = 0, orders = 0, equal = 0;

	test_workload(&options, "single-table");
	options.model.items = ITEMS;
	if (model_init(&model, &options.model, &error) != 0)
		abort();
	for (uint64_t item = 0; item < ITEMS; item++) {
		struct buffer json;
		uint64_t size;
		const char *entity = model_entity(&model, item)->name;
		buffer_init(&json, (size_t)1 << 20);
		if (model_key_json(&model, item, &json, &size) != 0 || buffer_append_byte(&json, '\0') != 0)
			abort();
		wrong += (strcmp(entity, "customer") == 0) != (strstr(json.data, "\"PROFILE\"") != NULL);
		wrong += (strcmp(entity, "order") == 0) != (strstr(json.data, "\"ORDER#") != NULL);
		wrong += (strcmp(entity, "product") == 0) != (strstr(json.data, "\"PROD#") != NULL);
		orders += strcmp(entity, "order") == 0;
		keys[item] = json.data;
	}
	qsort(keys, ITEMS, sizeof(*keys), compare_texts);
	for (size_t i = 1; i < ITEMS; i++)
		equal += strcmp(keys[i - 1], keys[i]) == 0;
	for (size_t i = 0; i < ITEMS; i++)
		free(keys[i]);
	is_int(wrong, 0, "every entity has keys of its own form");
	is_int(equal, 0, "and no two items one key");
	ok(orders > ITEMS / 2 && orders < ITEMS * 3 / 4, "entities have their shares");
}

static void test_sizes(void)
{
	struct world world;
	uint64_t wrong = 0, large = 0;

	if (!world_make(&world, "table: t\nitems: 300\nchanges: 0\nattributes:\n  - {name: b, type: binary}\n"
				"  - {name: fill, type: fill, binary: true, sizes: [{share: 80%, bytes: 500..2KB}, "
				"{share: 20%, bytes: 399KB..400KB}]}\n"))
		abort();
	struct json_parser *parser = json_parser_new((size_t)4 << 20);
	for (uint64_t item = 0; item < 300; item++) {
		struct buffer json;
		struct item_size measured;
		const struct json_token *tokens;
		struct json_failure failure;
		size_t count;
		uint64_t said;
		buffer_init(&json, (size_t)8 << 20);
		if (model_image(&world.model, item, 1, &json, &said) != 0 || buffer_reserve(&json, JSON_PADDING) != 0 ||
		    !json_parse(parser, buffer_slice(&json), &tokens, &count, &failure))
			abort();
		uint64_t size = item_size_of(&measured, tokens, 0);
		bool small = size >= 500 && size <= 2048, big = size >= 399 * 1024 && size <= 400 * 1024;
		wrong += size != said || !measured.well_formed || !(small || big);
		large += big;
		buffer_release(&json);
	}
	json_parser_free(parser);
	ok(wrong == 0 && large > 30 && large < 90, "items have the sizes the file gives, up to 400 KB");
	world_forget(&world);
}

static void test_keys(void)
{
	struct world world;
	struct key_value key;

	if (!world_make(&world, "table: t\nkey: [{name: p, type: S, shape: long}, {name: s, type: B, shape: long}]\n"
				"attributes: [{name: a, type: text}]\n"))
		abort();
	model_key_part(&world.model, 7, 0, &key);
	is_int((int64_t)key.size, 2048, "a long partition key has 2048 bytes");
	model_key_part(&world.model, 7, 1, &key);
	is_int((int64_t)key.size, 1024, "a long sort key 1024");
	world_forget(&world);
}

/* ---- the history ---- */

/* How many changes of items that one in a hundred of all items, the most written ones, have. */
static int compare_counts(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	return (a < b) - (a > b);
}

static uint64_t hottest_percent(const struct world *world)
{
	uint64_t sum = 0, slots = world->model.slots_max;
	uint32_t *counts = calloc(slots, sizeof(*counts));
	for (uint64_t i = 0; i < world->history.count; i++)
		counts[world->history.changes[i].item]++;
	qsort(counts, slots, sizeof(*counts), compare_counts);
	for (uint64_t i = 0; i < slots / 100; i++)
		sum += counts[i];
	free(counts);
	return sum * 100 / world->history.count;
}

static void test_skew(void)
{
	static const struct {
		const char *yaml;
		uint64_t low, high; /* percent of changes on the hottest hundredth */
	} cases[] = {
		/* Of 10,000 ranks the first 100 have ln 100 / ln 10,000, half of the weight, with s = 1. */
		{ONE "items: 10000\nchanges: 40000\nskew: 0\noperations: {insert: 0, reinsert: 0, burst: 0%}\n", 1, 5},
		{ONE "items: 10000\nchanges: 40000\nzipf: 1\noperations: {insert: 0, reinsert: 0, burst: 0%}\n", 44,
		 60},
		{ONE "items: 10000\nchanges: 40000\nzipf: 2\noperations: {insert: 0, reinsert: 0, burst: 0%}\n", 97,
		 100},
		{ONE
		 "items: 10000\nchanges: 40000\nskew: 0\nhot: 50%\noperations: {insert: 0, reinsert: 0, burst: 0%}\n",
		 30, 60},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world world;
		if (!world_make(&world, cases[i].yaml))
			abort();
		uint64_t percent = hottest_percent(&world);
		ok(percent >= cases[i].low && percent <= cases[i].high,
		   "the hottest hundredth takes %llu%% of the writes", (unsigned long long)percent);
		world_forget(&world);
	}
}

static void test_writes(void)
{
	struct world world;
	uint64_t ties = 0, twice = 0, recreated = 0, fine = 0;

	if (!world_make(&world, ONE "operations: {transaction: 20%, transaction_items: 5, recreate: 50%, burst: 0%}\n"
				    "stream: {clock: ms, shards: 3, splits: 3}\n"))
		abort();
	const struct change *changes = world.history.changes;
	for (uint64_t i = 1; i < world.history.count; i++) {
		bool same_time = changes[i].time_us == changes[i - 1].time_us;
		bool same_item = changes[i].item == changes[i - 1].item;
		ties += same_time && !same_item;
		recreated += same_time && same_item && changes[i - 1].kind == CHANGE_DELETE &&
			     changes[i].kind == CHANGE_INSERT;
		twice += same_time && same_item && changes[i - 1].kind != CHANGE_DELETE;
		fine += changes[i].time_us % 1000 != 0;
	}
	ok(world.history.transactions > 500 && ties > 4 * 500, "transactions write several items at one instant");
	ok(recreated > 50, "deletes are undone at once");
	is_int((int64_t)fine, 0, "a clock of milliseconds stamps milliseconds");
	ok(twice < 5, "but an item once");
	is_int(world.model.shard_count, 9, "three shards that split three times");
	is_int(world.model.shards[5].parent, world.model.shards[3].split_us < INT64_MAX ? 3 : 0,
	       "every second split is that of a child");
	world_forget(&world);
}

static void test_replicas(void)
{
	struct world world;
	uint64_t foreign = 0, wrong = 0;

	if (!world_make(&world, ONE "replicas: {version: \"2017\", share: 40%}\n"))
		abort();
	for (uint64_t item = 0; item < 1000; item++) {
		bool away = image_has(&world, item, 1, "\"aws:rep:updateregion\":{\"S\":\"us-west-2\"}");
		foreign += away;
		wrong += away != model_foreign(&world.model, item, 1) ||
			 !image_has(&world, item, 1, "\"aws:rep:updatetime\":{\"N\":\"1");
	}
	ok(foreign > 300 && foreign < 500 && wrong == 0, "a table of 2017 says which region wrote an item");
	world_forget(&world);
}

static void test_presets(void)
{
	char names[256] = "";
	for (size_t i = 0; workload_preset_name(i) != NULL; i++) {
		struct generator_options options;
		size_t used = strlen(names);
		snprintf(names + used, sizeof(names) - used, "%s%s", i > 0 ? "|" : "", workload_preset_name(i));
		test_workload(&options, workload_preset_name(i));
	}
	is_text(names, WORKLOAD_PRESETS, "every preset loads, and the command line offers all");
}

/* ---- documentation ---- */

static const char begin_mark[] = "<!-- keys: written by test_workload_file --write -->\n";
static const char end_mark[] = "<!-- end of keys -->\n";
static const char faults_mark[] = "<!-- faults: written by test_workload_file --write -->\n";
static const char faults_end_mark[] = "<!-- end of faults -->\n";

static void put_rate(struct buffer *text, const struct fault_kind *kind)
{
	if (strncmp(kind->unit, "one ", 4) == 0)
		buffer_append_text(text, kind->unit);
	else if (kind->rate.ppm > 0)
		buffer_printf(text, "%llu.%llu %% of the %s", (unsigned long long)kind->rate.ppm / 10000,
			      (unsigned long long)kind->rate.ppm % 10000 / 1000, kind->unit);
	else
		buffer_printf(text, "%llu %s", (unsigned long long)kind->rate.count, kind->unit);
}

static void put_faults(struct buffer *text)
{
	static const char *const harms[] = {"nothing", "something", "odd"};
	buffer_append_text(text, "\n| fault | class | loses | default | what happens |\n|---|---|---|---|---|\n");
	for (unsigned id = 0; id < FAULT_COUNT; id++) {
		const struct fault_kind *kind = &fault_kinds[id];
		buffer_printf(text, "| `%s` | %s | %s | ", kind->name, kind->class_id, harms[kind->harm]);
		put_rate(text, kind);
		buffer_printf(text, " | %s |\n", kind->help);
	}
	buffer_append_byte(text, '\n');
}

/* docs/generate.md with the parts between the marks replaced. */
static bool with_tables(const char *document, struct buffer *whole)
{
	const char *begin = strstr(document, begin_mark), *end = strstr(document, end_mark);
	const char *faults = strstr(document, faults_mark), *faults_end = strstr(document, faults_end_mark);
	if (begin == NULL || end == NULL || faults == NULL || faults_end == NULL)
		return false;
	begin += strlen(begin_mark);
	faults += strlen(faults_mark);
	buffer_append(whole, document, (size_t)(begin - document));
	bool written = schema_write_markdown(&workload_schema, "the workload", whole) == 0;
	buffer_append_text(whole, "\n");
	buffer_append(whole, end, (size_t)(faults - end));
	put_faults(whole);
	buffer_append_text(whole, faults_end);
	return written;
}

static const struct schema_documents documents = {.schema = &workload_schema,
						  .title = "lakeproof workload",
						  .page = "docs/generate.md",
						  .json = "docs/workload.schema.json",
						  .how = "test_workload_file --write",
						  .with_tables = with_tables};

int main(int argc, char **argv)
{
	test_refusals();
	test_evolution();
	test_entities();
	test_sizes();
	test_keys();
	test_skew();
	test_writes();
	test_replicas();
	test_presets();
	documents_test(&documents, argc == 2 && strcmp(argv[1], "--write") == 0);
	return tap_done();
}
