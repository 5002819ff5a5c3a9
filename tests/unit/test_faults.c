/* Faults: how they are asked for, what each does to a delivery, and that they compose without touching each other. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/decimal.h"
#include "generators/damage.h"
#include "generators/lineage.h"
#include "generators/table.h"
#include "tests/support/workload.h"
#include "tests/tap.h"

struct world {
	struct generator_options options;
	struct model model;
	struct history history;
};

static void world_make(struct world *world)
{
	struct error error = {0, ""};

	memset(world, 0, sizeof(*world));
	test_workload(&world->options, "single-table");
	world->options.model.items = 800;
	world->options.model.changes = 3000;
	world->options.model.ttl_ppm = 100000;
	if (model_init(&world->model, &world->options.model, &error) != 0 ||
	    history_run(&world->model, &world->history, &error) != 0)
		abort();
}

/* ---- as text ---- */

static void refuses(const char *text, const char *message)
{
	struct fault fault;
	struct error error = {0, ""};
	if (fault_parse(text, &fault, &error) == ERROR_USAGE)
		is_text(error.message, message, "refused");
	else
		ok(false, "refused: %s", text);
}

static void test_parse(void)
{
	struct fault fault;
	struct error error = {0, ""};

	ok(fault_parse("drop-record", &fault, &error) == 0 && fault.id == FAULT_DROP_RECORD && fault.rate.ppm == 1000 &&
		   fault.from_percent == 0 && fault.to_percent == 100 && fault.events == 0 && fault.item == -1,
	   "a name alone has its own rate, the whole window and any target");
	ok(fault_parse("drop-record:3@40-60/modify", &fault, &error) == 0 && fault.rate.count == 3 &&
		   fault.from_percent == 40 && fault.to_percent == 60 && fault.events == 1u << CHANGE_MODIFY,
	   "rate, window and target");
	ok(fault_parse("bad-utf8/entity=order", &fault, &error) == 0 && strcmp(fault.entity, "order") == 0,
	   "an entity is a target");
	ok(fault_parse("wrong-md5/export=2", &fault, &error) == 0 && fault.export_index == 1,
	   "so is the closing export");
	refuses("gremlins", "unknown fault \"gremlins\"; see `lakeproof generate --help`");
	refuses("drop-record:lots", "fault \"drop-record\": cannot read the rate \"lots\"; write a count such as 12, a "
				    "share such as 0.5%, or none");
	refuses("late-start:5%", "fault \"late-start\" takes a number of seconds, not a share");
	refuses("wrong-md5:2", "fault \"wrong-md5\" takes no rate");
	refuses("drop-record@60-40",
		"fault \"drop-record\": \"@60-40\" must be a part of the window in percent, such as @40-60");
	refuses("drop-record/everything", "fault \"drop-record\": \"/everything\" must be insert, modify, remove, ttl, "
					  "entity=NAME, shard=N, item=N, export=N or window=N");
}

/* ---- deliveries ---- */

struct delivered {
	struct delivery delivery;
	struct buffer log;
};

static struct delivered deliver(const struct world *world, const char *faults)
{
	struct generator_options options = world->options;
	struct delivered delivered;
	struct error error = {0, ""};

	options.faults = (struct fault_plan){.records_per_file = 50, .batch_window_us = 300000000};
	buffer_init(&delivered.log, (size_t)64 << 20);
	if (generator_parse_faults(faults, &options, &error) != 0 ||
	    delivery_plan(&world->model, &world->history, &options.faults, &delivered.delivery, &delivered.log,
			  &error) != 0) {
		printf("# %s\n", error.message);
		abort();
	}
	return delivered;
}

static void undeliver(struct delivered *delivered)
{
	delivery_release(&delivered->delivery);
	buffer_release(&delivered->log);
}

/* Placements with any of the marks, and with none of the target's changes among the others. */
static uint64_t marked(const struct delivered *delivered, uint32_t marks)
{
	uint64_t count = 0;
	for (uint64_t i = 0; i < delivered->delivery.count; i++)
		count += (delivered->delivery.placements[i].marks & marks) != 0;
	return count;
}

static void test_targets(const struct world *world)
{
	static const char *const faults[] = {"bad-json:100%/remove", "bad-json:100%/entity=order",
					     "bad-json:100%/shard=1", "bad-json:100%@25-50"};
	for (size_t f = 0; f < sizeof(faults) / sizeof(faults[0]); f++) {
		struct delivered delivered = deliver(world, faults[f]);
		const struct model_config *config = &world->model.config;
		uint64_t wrong = 0, hit = 0;
		for (uint64_t i = 0; i < delivered.delivery.count; i++) {
			const struct placement *placement = &delivered.delivery.placements[i];
			const struct change *change = &world->history.changes[placement->change];
			int64_t percent = (change->time_us - config->start_us) * 100 / config->duration_us;
			bool meant = f == 0   ? change->kind == CHANGE_DELETE
				     : f == 1 ? strcmp(model_entity(&world->model, change->item)->name, "order") == 0
				     : f == 2 ? lineage_shard(&world->model, change->item, change->time_us) == 1
					      : percent >= 25 && percent < 50;
			wrong += meant != (placement->marks == MARK_OF(FAULT_BAD_JSON));
			hit += meant;
		}
		ok(wrong == 0 && hit > 50 && hit < delivered.delivery.count, "%s hits its target and nothing else",
		   faults[f]);
		undeliver(&delivered);
	}
}

static void test_unknown_entity(const struct world *world)
{
	struct generator_options options = world->options;
	struct delivery delivery;
	struct buffer log;
	struct error error = {0, ""};

	options.faults.fault_count = 0;
	if (generator_parse_faults("drop-record/entity=nobody", &options, &error) != 0)
		abort();
	buffer_init(&log, 1 << 20);
	is_int(delivery_plan(&world->model, &world->history, &options.faults, &delivery, &log, &error), ERROR_USAGE,
	       "an entity that the table has not is a usage error");
	buffer_release(&log);
}

/* Files in which a record of a child comes before one of its parent's. */
static uint64_t children_first(const struct world *world, const struct delivered *delivered)
{
	uint64_t count = 0, last[LINEAGE_SHARDS_MAX] = {0};
	const struct delivery *delivery = &delivered->delivery;

	for (uint64_t i = 0; i < delivery->count; i++) {
		const struct change *change = &world->history.changes[delivery->placements[i].change];
		last[lineage_shard(&world->model, change->item, change->time_us)] = i;
	}
	for (uint64_t i = 0; i < delivery->count; i++) {
		const struct change *change = &world->history.changes[delivery->placements[i].change];
		int parent = lineage_parent(&world->model, lineage_shard(&world->model, change->item, change->time_us));
		count += parent >= 0 && i < last[parent];
	}
	return count;
}

static void test_order(const struct world *world)
{
	struct delivered clean = deliver(world, ""), children = deliver(world, "child-first:3");
	struct delivered swapped = deliver(world, "swap-batch:100%"), removes = deliver(world, "put-as-remove:20");
	uint64_t wrong = 0;

	ok(children_first(world, &clean) == 0 && children_first(world, &children) > 20,
	   "child-first lets children arrive before their parent's end");
	is_int((int64_t)children.delivery.count, (int64_t)clean.delivery.count, "and loses nothing");
	ok(marked(&swapped, MARK_SWAPPED) > 20, "swap-batch finds records of one key in one file");
	for (uint64_t i = 1; i < swapped.delivery.count; i++)
		wrong += swapped.delivery.placements[i].change < swapped.delivery.placements[i - 1].change;
	ok(wrong > 20, "and turns them round");
	wrong = 0;
	is_int((int64_t)marked(&removes, MARK_EXTRA_REMOVE), 20, "put-as-remove adds as many removes as asked for");
	for (uint64_t i = 0; i < removes.delivery.count; i++) {
		const struct placement *placement = &removes.delivery.placements[i];
		wrong += (placement->marks & MARK_EXTRA_REMOVE) != 0 &&
			 (placement[1].change != placement->change || placement[1].marks != 0);
	}
	is_int((int64_t)wrong, 0, "each right before its modify");
	undeliver(&clean);
	undeliver(&children);
	undeliver(&swapped);
	undeliver(&removes);
}

static void test_late(const struct world *world)
{
	struct delivered clean = deliver(world, ""), late = deliver(world, "late:600@20-40/modify");
	uint64_t early = 0, untouched = 0;
	const struct delivery *delivery = &late.delivery;

	is_int((int64_t)delivery->count, (int64_t)clean.delivery.count, "what is late is not lost");
	for (uint64_t i = 0; i < delivery->count; i++) {
		const struct placement *placement = &delivery->placements[i];
		const struct change *change = &world->history.changes[placement->change];
		uint64_t file = placement->place >> 32;
		bool last = file + 1 == delivery->file_count;
		if ((placement->marks & MARK_LATE) == 0)
			untouched++;
		else
			early += change->kind != CHANGE_MODIFY ||
				 (!last && delivery->files[file].time_us < change->time_us + 600 * CLOCK_SECOND_US);
	}
	ok(marked(&late, MARK_LATE) > 50 && untouched > marked(&late, MARK_LATE), "late moves what it hits");
	is_int((int64_t)early, 0, "and nothing of it arrives before its time");
	undeliver(&clean);
	undeliver(&late);
}

static void test_composition(const struct world *world)
{
	struct delivered one = deliver(world, "number-spelling:10%"), lost = deliver(world, "drop-record:30");
	struct delivered both = deliver(world, "drop-record:30,number-spelling:10%,bom:5,bad-utf8:2,bad-deep:2");
	uint64_t shared = 0;

	ok(slice_equal(buffer_slice(&lost.log), buffer_slice(&both.log)) && lost.log.size > 0,
	   "what is lost does not depend on other faults");
	ok(marked(&one, MARK_OF(FAULT_NUMBER_SPELLING)) == one.delivery.count / 10 &&
		   marked(&both, MARK_OF(FAULT_NUMBER_SPELLING)) == both.delivery.count / 10,
	   "a share is one of what is left");
	ok(marked(&both, MARK_OF(FAULT_BAD_UTF8)) == 2 && marked(&both, MARK_OF(FAULT_BAD_DEEP)) == 2,
	   "several faults are planned side by side");
	struct delivered all = deliver(world, "number-spelling:100%,time-ms:100%,bad-utf8:100%");
	for (uint64_t i = 0; i < all.delivery.count; i++)
		shared += all.delivery.placements[i].marks ==
			  (MARK_OF(FAULT_NUMBER_SPELLING) | MARK_OF(FAULT_TIME_MS) | MARK_OF(FAULT_BAD_UTF8));
	is_int((int64_t)shared, (int64_t)all.delivery.count, "and may hit one record");
	undeliver(&one);
	undeliver(&lost);
	undeliver(&both);
	undeliver(&all);
}

/* ---- numbers ---- */

static void test_respell(void)
{
	static const char *const numbers[] = {
		"0",     "5",      "-5",   "1700000000000",
		"12.5",  "-0.001", "100",  "123456789012345678901234567890.12345678",
		"-99.9", "1.0",    "0.50",
	};
	uint64_t wrong = 0, same = 0;
	char text[200];

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		for (unsigned way = 0; way < 2; way++) {
			struct decimal before, after;
			char canonical[2][DECIMAL_TEXT_MAX];
			size_t size = damage_respell(numbers[i], strlen(numbers[i]), way, text);
			if (decimal_parse(slice_from(numbers[i]), &before) != DECIMAL_OK ||
			    decimal_parse((struct slice){text, size}, &after) != DECIMAL_OK) {
				wrong++;
				continue;
			}
			size_t one = decimal_format(&before, canonical[0]), two = decimal_format(&after, canonical[1]);
			wrong += one != two || memcmp(canonical[0], canonical[1], one) != 0;
			same += slice_is((struct slice){text, size}, numbers[i]);
		}
	}
	is_int((int64_t)wrong, 0, "a number in another spelling is the same number");
	is_int((int64_t)same, 0, "and the spelling is another");
	text[damage_respell("1700000000000", 13, 1, text)] = '\0';
	is_text(text, "1.7E+12", "as readers that parse and print leave it");
}

/* ---- types ---- */

/* What a fault makes of images, the key's numbers and binaries left as they are. */
static void spoils(const char *fault_name, enum fault_id fault, const char *image, const char *want)
{
	struct record_parts parts = {.keys = slice_from(
					     "{\"pk\":{\"B\":\"AAAA\"},\"sk\":{\"N\":\"123456789012345678901\"}}"),
				     .new_image = slice_from(image)};
	arena_init(&parts.changed, 1 << 20);
	bool done = damage_parts(&parts, MARK_OF(fault), "pk") == 0;
	ok(done && slice_is(parts.new_image, want) && parts.old_image.data == NULL, "%s makes of %s what it should",
	   fault_name, image);
	if (done && !slice_is(parts.new_image, want))
		printf("# %.*s\n", (int)parts.new_image.size, parts.new_image.data);
	arena_release(&parts.changed);
}

static void test_types(void)
{
	spoils("number-double", FAULT_NUMBER_DOUBLE,
	       "{\"sk\":{\"N\":\"123456789012345678901\"},\"a\":{\"N\":\"-0.012345678901234567890\"},\"b\":{\"N\":"
	       "\"17\"}}",
	       "{\"sk\":{\"N\":\"123456789012345678901\"},\"a\":{\"N\":\"-0.012345678901234567000\"},\"b\":{\"N\":"
	       "\"17\"}}");
	spoils("number-double", FAULT_NUMBER_DOUBLE, "{\"s\":{\"S\":\"{\\\"N\\\":\\\"123456789012345678901\"}}",
	       "{\"s\":{\"S\":\"{\\\"N\\\":\\\"123456789012345678901\"}}");
	spoils("set-as-list", FAULT_SET_AS_LIST,
	       "{\"a\":{\"SS\":[\"x\",\"]\\\"},\"]},\"m\":{\"M\":{\"n\":{\"NS\":[\"1\"]},\"b\":{\"BS\":[\"AA==\"]}}}}",
	       "{\"a\":{\"L\":[{\"S\":\"x\"},{\"S\":\"]\\\"},\"}]},\"m\":{\"M\":{\"n\":{\"L\":[{\"N\":\"1\"}]},\"b\":{"
	       "\"L\":[{"
	       "\"B\":\"AA==\"}]}}}}");
	spoils("binary-as-text", FAULT_BINARY_AS_TEXT,
	       "{\"pk\":{\"B\":\"AAAA\"},\"l\":{\"L\":[{\"B\":\"AQ==\"},{\"B\":\"\"}]}}",
	       "{\"pk\":{\"B\":\"AAAA\"},\"l\":{\"L\":[{\"S\":\"AQ==\"},{\"S\":\"\"}]}}");
}

static void test_sequences(const struct world *world)
{
	char before[SEQUENCE_TEXT_MAX], between[SEQUENCE_TEXT_MAX], after[SEQUENCE_TEXT_MAX];
	uint64_t wrong = 0;

	for (uint64_t i = 1; i < world->history.count; i++) {
		model_sequence(&world->model, i - 1, before);
		model_sequence_before(&world->model, i, between);
		model_sequence(&world->model, i, after);
		wrong += strlen(between) != strlen(after) || strcmp(between, after) >= 0 ||
			 (strlen(before) == strlen(between) && strcmp(before, between) >= 0);
	}
	is_int((int64_t)wrong, 0, "a record that an emulator adds has a number between its neighbours'");
}

int main(void)
{
	struct world world;
	world_make(&world);
	test_parse();
	test_targets(&world);
	test_unknown_entity(&world);
	test_order(&world);
	test_late(&world);
	test_composition(&world);
	test_respell();
	test_types();
	test_sequences(&world);
	history_release(&world.history);
	return tap_done();
}
