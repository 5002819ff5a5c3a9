/* Stream records: what each view carries, how each shape is framed, what identities look like. */
#include <stdlib.h>

#include "generators/generator.h"
#include "generators/lineage.h"
#include "tests/support/item_size.h"
#include "tests/support/scratch.h"
#include "tests/support/workload.h"
#include "tests/tap.h"

struct world {
	struct generator_options options;
	struct model model;
	struct history history;
	struct delivery delivery;
	struct buffer json, log;
	struct record_parts parts;
	struct json_parser *parser;
	const struct json_token *tokens;
};

static void world_make(struct world *world)
{
	struct error error = {0, ""};

	memset(world, 0, sizeof(*world));
	test_workload(&world->options, "orders");
	world->options.model.items = 500;
	world->options.model.changes = 1500;
	world->options.model.ttl_ppm = 200000;
	buffer_init(&world->json, (size_t)64 << 20);
	buffer_init(&world->log, (size_t)64 << 20);
	record_parts_init(&world->parts);
	world->parser = json_parser_new((size_t)32 << 20);
	if (world->parser == NULL || model_init(&world->model, &world->options.model, &error) != 0 ||
	    history_run(&world->model, &world->history, &error) != 0)
		abort();
}

static void world_forget(struct world *world)
{
	history_release(&world->history);
	delivery_release(&world->delivery);
	buffer_release(&world->json);
	buffer_release(&world->log);
	record_parts_release(&world->parts);
	json_parser_free(world->parser);
}

static struct stream_request request_of(const struct world *world, enum stream_view view, const char *format)
{
	return (struct stream_request){.history = &world->history,
				       .delivery = &world->delivery,
				       .format = stream_format_find(format),
				       .style = {.model = &world->model, .view = view, .envelope_records = 7}};
}

/* Writes and parses one record; true when it parses. */
static bool record(struct world *world, const struct stream_request *request, uint64_t ordinal)
{
	struct json_failure failure;
	size_t count;
	world->json.size = 0;
	if (stream_record_write(request, ordinal, 0, &world->parts, &world->json) != 0 ||
	    buffer_reserve(&world->json, JSON_PADDING) != 0)
		abort();
	return json_parse(world->parser, buffer_slice(&world->json), &world->tokens, &count, &failure);
}

static bool member_is(const struct json_token *tokens, uint32_t object, const char *name, const char *text)
{
	uint32_t value = json_member(tokens, object, name);
	return value != 0 && slice_is(json_text(&tokens[value]), text);
}

/* Whether the image at `value` is exactly that of the version; an absent one is that of version 0. */
static bool image_is(struct world *world, uint32_t value, uint64_t item, uint32_t version)
{
	struct buffer image;
	uint64_t size;

	if (value == 0 || version == 0)
		return value == 0 && version == 0;
	buffer_init(&image, (size_t)1 << 20);
	if (model_image(&world->model, item, version, &image, &size) != 0)
		abort();
	uint32_t offset = world->tokens[value].offset;
	bool same = offset + image.size <= world->json.size &&
		    memcmp(world->json.data + offset, image.data, image.size) == 0;
	buffer_release(&image);
	return same;
}

static uint64_t size_of(struct world *world, uint32_t value)
{
	struct item_size size;
	return value == 0 ? 0 : item_size_of(&size, world->tokens, value);
}

static void test_view(struct world *world, enum stream_view view)
{
	struct stream_request request = request_of(world, view, "streams");
	bool with_new = view == VIEW_NEW_IMAGE || view == VIEW_NEW_AND_OLD_IMAGES;
	bool with_old = view == VIEW_OLD_IMAGE || view == VIEW_NEW_AND_OLD_IMAGES;
	uint64_t wrong_images = 0, wrong_sizes = 0, wrong_members = 0;
	char want[32];

	for (uint64_t i = 0; i < world->history.count; i++) {
		const struct change *change = &world->history.changes[i];
		if (!record(world, &request, i))
			abort();
		uint32_t body = json_member(world->tokens, 0, "dynamodb");
		uint32_t keys = json_member(world->tokens, body, "Keys");
		uint32_t new_image = json_member(world->tokens, body, "NewImage");
		uint32_t old_image = json_member(world->tokens, body, "OldImage");
		wrong_images += !image_is(world, new_image, change->item, with_new ? change->new_version : 0);
		wrong_images += !image_is(world, old_image, change->item, with_old ? change->old_version : 0);
		snprintf(want, sizeof(want), "%llu",
			 (unsigned long long)(size_of(world, keys) + size_of(world, new_image) +
					      size_of(world, old_image)));
		wrong_sizes += !member_is(world->tokens, body, "SizeBytes", want);
		wrong_members += !member_is(world->tokens, body, "StreamViewType", stream_view_name(view));
		wrong_members += !member_is(world->tokens, 0, "eventName",
					    change->old_version == 0   ? "INSERT"
					    : change->new_version == 0 ? "REMOVE"
								       : "MODIFY");
		wrong_members += !member_is(world->tokens, 0, "eventVersion", "1.1");
	}
	ok(wrong_images == 0, "%s: every record has exactly the images it should", stream_view_name(view));
	is_int(wrong_sizes, 0, "SizeBytes is the size of keys and images");
	is_int(wrong_members, 0, "name, version and view type are right");
}

static void test_identity(struct world *world, const char *format, const char *principal, const char *type)
{
	struct stream_request request = request_of(world, VIEW_NEW_AND_OLD_IMAGES, format);
	uint64_t wrong = 0, expired = 0;

	for (uint64_t i = 0; i < world->history.count; i++) {
		if (!record(world, &request, i))
			abort();
		uint32_t identity = json_member(world->tokens, 0, "userIdentity");
		if (world->history.changes[i].kind != CHANGE_EXPIRE) {
			wrong += identity != 0;
			continue;
		}
		expired++;
		wrong += identity == 0 || !member_is(world->tokens, identity, principal, "dynamodb.amazonaws.com") ||
			 !member_is(world->tokens, identity, type, "Service");
		wrong += (json_member(world->tokens, 0, "eventSourceARN") == 0) != ((strcmp(format, "streams") == 0));
	}
	ok(expired > 20 && wrong == 0, "TTL deletes, and they alone, carry the service's %s", principal);
}

/* Of a global table's deletes by TTL those that another region made carry no identity. */
static void test_replicated(void)
{
	static const int kinds[] = {REPLICAS_2017, REPLICAS_2019};
	uint64_t expired = 0, marked = 0, wrong = 0;

	for (unsigned i = 0; i < 2; i++) {
		struct world world;
		world_make(&world);
		world.model.config.replicas = kinds[i];
		world.model.config.foreign = 400000;
		struct stream_request request = request_of(&world, VIEW_NEW_AND_OLD_IMAGES, "lambda");
		for (uint64_t change = 0; change < world.history.count; change++) {
			if (!record(&world, &request, change))
				abort();
			bool by_service = world.history.changes[change].kind == CHANGE_EXPIRE;
			bool has = json_member(world.tokens, 0, "userIdentity") != 0;
			expired += by_service;
			marked += has;
			wrong += has && !by_service;
			uint32_t body = json_member(world.tokens, 0, "dynamodb");
			uint32_t image = json_member(world.tokens, body, "NewImage");
			wrong += image != 0 && (json_member(world.tokens, image, "aws:rep:updateregion") != 0) !=
						       (kinds[i] == REPLICAS_2017);
		}
		world_forget(&world);
	}
	ok(wrong == 0 && marked * 10 > expired * 4 && marked * 10 < expired * 8,
	   "TTL deletes that another region made carry no identity; only tables of 2017 have aws:rep:*");
}

static void test_times(struct world *world)
{
	static const struct {
		enum stream_time form;
		int64_t time_us;
		const char *text;
	} cases[] = {
		{TIME_INTEGER, INT64_C(1760001771999999), "1760001771"},
		{TIME_POINT, INT64_C(1760001771000000), "1760001771.0"},
		{TIME_EXPONENT, INT64_C(1760001771500000), "1.760001771E9"},
		{TIME_EXPONENT, INT64_C(1760000000500000), "1.76E9"},
		{TIME_EXPONENT, INT64_C(2000000000500000), "2.0E9"},
	};
	struct stream_request request = request_of(world, VIEW_KEYS_ONLY, "streams");
	int64_t before_us = world->history.changes[0].time_us;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		world->history.changes[0].time_us = cases[i].time_us;
		request.style.time = cases[i].form;
		if (!record(world, &request, 0))
			abort();
		uint32_t time = json_member(world->tokens, json_member(world->tokens, 0, "dynamodb"),
					    "ApproximateCreationDateTime");
		ok(slice_is(json_text(&world->tokens[time]), cases[i].text), "times are floored to seconds: %s",
		   cases[i].text);
	}
	world->history.changes[0].time_us = before_us;
}

/* ---- files ---- */

struct landed {
	char root[SCRATCH_PATH_MAX];
	struct output output;
	struct stream_result result;
	struct buffer bytes;
};

static void land(struct world *world, struct landed *landed, const char *format, const struct fault_plan *plan)
{
	struct stream_request request = request_of(world, VIEW_NEW_IMAGE, format);
	struct error error = {0, ""};

	delivery_release(&world->delivery);
	world->log.size = 0;
	memset(landed, 0, sizeof(*landed));
	scratch_make(landed->root);
	buffer_init(&landed->bytes, (size_t)256 << 20);
	if (delivery_plan(&world->model, &world->history, plan, &world->delivery, &world->log, &error) != 0 ||
	    output_open(&landed->output, landed->root, "", false, &error) != 0 ||
	    stream_write(&request, &landed->output, &landed->result, &world->log, &error) != 0) {
		printf("# %s\n", error.message);
		abort();
	}
}

static void unland(struct landed *landed)
{
	scratch_remove(landed->root);
	buffer_release(&landed->bytes);
}

static const struct fault_plan one_file = {.records_per_file = 1000000, .batch_window_us = INT64_MAX};

static uint64_t count_of(const char *text, const char *part)
{
	uint64_t count = 0;
	for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
		count++;
	return count;
}

static bool parses(struct world *world, const char *text, size_t size)
{
	struct json_failure failure;
	size_t count;
	return json_parse(world->parser, (struct slice){text, size}, &world->tokens, &count, &failure);
}

/* All records of the first file, which is known by its name. */
static void read_first(struct landed *landed, const char *name)
{
	char path[128];
	snprintf(path, sizeof(path), "events/2025/10/09/09/%s", name);
	if (!scratch_read(landed->root, path, &landed->bytes))
		abort();
}

static void test_shapes(struct world *world)
{
	struct landed landed;
	uint64_t bad = 0, lines = 0;

	/* The first batch to be closed is that of the shard that splits, an hour into the window or so. */
	land(world, &landed, "streams", &one_file);
	uint64_t count = world->delivery.files[0].count;
	char name[64], path[128];
	snprintf(path, sizeof(path), "events/2025/10/09/09/batch_000000");
	snprintf(name, sizeof(name), "batch_000000.jsonl");
	read_first(&landed, name);
	for (char *line = landed.bytes.data; *line != '\0'; line = strchr(line, '\n') + 1, lines++)
		bad += !parses(world, line, (size_t)(strchr(line, '\n') - line));
	ok(bad == 0 && lines == count, "streams: a record a line, the last one ended too");
	unland(&landed);

	land(world, &landed, "lambda", &one_file);
	read_first(&landed, name);
	lines = 0;
	for (char *line = landed.bytes.data; *line != '\0'; line = strchr(line, '\n') + 1, lines++) {
		size_t size = (size_t)(strchr(line, '\n') - line);
		bad += !parses(world, line, size);
		uint32_t records = bad == 0 ? json_member(world->tokens, 0, "Records") : 0;
		bad += records == 0 || world->tokens[records].count > 7 || world->tokens[records].count == 0;
	}
	ok(bad == 0 && lines == (count + 6) / 7 && count_of(landed.bytes.data, "\"eventID\":") == count,
	   "lambda: envelopes of as many records as asked for, one a line");
	unland(&landed);

	land(world, &landed, "pipes", &one_file);
	read_first(&landed, "batch_000000.json");
	ok(parses(world, landed.bytes.data, landed.bytes.size) && world->tokens[0].type == JSON_ARRAY &&
		   world->tokens[0].count == count,
	   "pipes: one array a file");
	unland(&landed);

	land(world, &landed, "concatenated", &one_file);
	read_first(&landed, "batch_000000");
	ok(strchr(landed.bytes.data, '\n') == NULL && count_of(landed.bytes.data, "}{\"eventID\":") == count - 1,
	   "concatenated: nothing between the records");
	unland(&landed);
}

/* ---- broken records ---- */

static void test_broken(struct world *world)
{
	for (unsigned kind = FAULT_EMPTY_IMAGE; kind <= FAULT_BAD_HUGE; kind++) {
		struct fault_plan plan = one_file;
		struct landed landed;
		const char *name = fault_kinds[kind].name;
		plan.faults[plan.fault_count] = fault_make((enum fault_id)kind);
		plan.faults[plan.fault_count++].rate = (struct fault_rate){.count = 1};
		land(world, &landed, "streams", &plan);
		world->log.data[world->log.size - 1] = '\0';
		char file[128];
		scratch_text(world->log.data, "file", file, sizeof(file));
		unsigned long long offset = scratch_number(world->log.data, "offset");
		if (!scratch_read(landed.root, file, &landed.bytes))
			abort();
		ok(strstr(world->log.data, name) != NULL && count_of(world->log.data, "\n") == 0,
		   "%s: one record is broken and logged", name);
		char *line = landed.bytes.data + offset;
		bool at_line = offset == 0 || line[-1] == '\n';
		size_t size = (size_t)(strchr(line, '\n') - line);
		bool json = parses(world, line, size);
		bool expected = kind != FAULT_BAD_JSON && kind != FAULT_BAD_UTF8;
		ok(at_line && json == expected, "the log tells its offset");
		unland(&landed);
	}
}

static void test_lineage(struct world *world)
{
	uint64_t wrong = 0, children = 0;
	char id[SHARD_ID_MAX];

	for (uint64_t i = 0; i < world->history.count; i++) {
		const struct change *change = &world->history.changes[i];
		unsigned shard = lineage_shard(&world->model, change->item, change->time_us);
		unsigned before = lineage_shard(&world->model, change->item, world->model.config.start_us);
		wrong += shard != before && lineage_parent(&world->model, shard) != (int)before;
		children += shard >= (unsigned)world->model.config.shards;
	}
	ok(wrong == 0 && children > 50, "a key stays in its shard or moves to that shard's child");
	lineage_shard_id(&world->model, 4, id);
	ok(strlen(id) == 37 && strncmp(id, "shardId-0000000176", 18) == 0, "shards are named as AWS names them");
}

static void test_formats(void)
{
	char names[256] = "";
	for (size_t i = 0; stream_format_at(i) != NULL; i++) {
		size_t used = strlen(names);
		snprintf(names + used, sizeof(names) - used, "%s%s", i > 0 ? "|" : "", stream_format_at(i)->name);
	}
	is_text(names, STREAM_FORMATS, "the command line offers the formats of the table");
	ok(stream_format_find("csv") == NULL, "and no other");
}

int main(void)
{
	struct world world;
	world_make(&world);
	for (unsigned view = VIEW_KEYS_ONLY; view <= VIEW_NEW_AND_OLD_IMAGES; view++)
		test_view(&world, (enum stream_view)view);
	test_replicated();
	test_identity(&world, "streams", "PrincipalId", "Type");
	test_identity(&world, "lambda", "principalId", "type");
	test_identity(&world, "pipes", "principalId", "type");
	test_times(&world);
	test_shapes(&world);
	test_broken(&world);
	test_lineage(&world);
	test_formats();
	world_forget(&world);
	return tap_done();
}
