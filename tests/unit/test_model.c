/* The table model: keys, images, time to live, the stream's identities; and the item writer below it. */
#include <stdlib.h>

#include "base/prng.h"
#include "generators/generator.h"
#include "tests/support/item_size.h"
#include "tests/support/workload.h"
#include "tests/tap.h"

static struct model model_of(const char *key, const char *preset, bool wild)
{
	struct generator_options options;
	struct model model;
	struct error error = {0, ""};

	test_workload(&options, preset);
	options.model.wild = wild;
	options.model.items = 4000;
	options.model.changes = 4000;
	if (generator_parse_key(key, &options.model, &error) != 0 || model_init(&model, &options.model, &error) != 0)
		abort();
	return model;
}

/* ---- the item writer ---- */

static struct item_writer begun(struct buffer *json)
{
	struct item_writer writer;
	buffer_init(json, (size_t)1 << 20);
	if (item_begin(&writer, json, ITEM_JSON_MAX) != 0)
		abort();
	return writer;
}

/* Ends the item and compares text and size. */
static void is_item(struct item_writer *writer, const char *text, uint64_t size_bytes, const char *name)
{
	int failed = item_end(writer);
	struct slice got = buffer_slice(writer->buffer);
	if (!ok(failed == 0 && slice_is(got, text) && writer->size_bytes == size_bytes, "%s", name))
		printf("#  got: %.*s, %llu bytes\n# want: %s, %llu bytes\n", (int)got.size, got.data,
		       (unsigned long long)writer->size_bytes, text, (unsigned long long)size_bytes);
	buffer_release(writer->buffer);
}

/* The sizes are those of the records in AWS's own examples, taken apart. */
static void test_known_sizes(void)
{
	struct buffer json;
	struct item_writer writer = begun(&json);
	item_attribute(&writer, "Id", 2);
	value_integer(&writer, 101);
	is_item(&writer, "{\"Id\":{\"N\":\"101\"}}", 5, "the key of AWS's Lambda example has 5 bytes");
	writer = begun(&json);
	item_attribute(&writer, "Message", 7);
	value_plain(&writer, "New item!", 9);
	item_attribute(&writer, "Id", 2);
	value_integer(&writer, 101);
	is_item(&writer, "{\"Message\":{\"S\":\"New item!\"},\"Id\":{\"N\":\"101\"}}", 26 - 5,
		"with the key, its new image gives the published SizeBytes 26");
	writer = begun(&json);
	item_attribute(&writer, "Message", 7);
	value_plain(&writer, "This item has changed", 21);
	item_attribute(&writer, "Id", 2);
	value_integer(&writer, 101);
	is_item(&writer, "{\"Message\":{\"S\":\"This item has changed\"},\"Id\":{\"N\":\"101\"}}", 59 - 26,
		"both images and the key give the published SizeBytes 59");
	writer = begun(&json);
	item_attribute(&writer, "ForumName", 9);
	value_plain(&writer, "DynamoDB", 8);
	item_attribute(&writer, "Subject", 7);
	value_plain(&writer, "DynamoDB Thread 3", 17);
	is_item(&writer, "{\"ForumName\":{\"S\":\"DynamoDB\"},\"Subject\":{\"S\":\"DynamoDB Thread 3\"}}", 41,
		"the key of AWS's GetRecords example gives the published SizeBytes 41");
}

static void is_number(bool negative, const char *digits, int exponent, const char *text, uint64_t size_bytes,
		      const char *name)
{
	struct buffer json;
	struct item_writer writer = begun(&json);
	char want[256];
	item_attribute(&writer, "n", 1);
	value_digits(&writer, negative, digits, strlen(digits), exponent);
	snprintf(want, sizeof(want), "{\"n\":{\"N\":\"%s\"}}", text);
	is_item(&writer, want, 1 + size_bytes, name);
}

static void test_numbers(void)
{
	char nines[39], large[160], small[160];

	memset(nines, '9', 38);
	nines[38] = '\0';
	memset(large, '0', sizeof(large));
	memcpy(large, nines, 38);
	large[126] = '\0';
	memset(small, '0', sizeof(small));
	memcpy(small, "0.", 2);
	small[2 + 129] = '1';
	small[2 + 130] = '\0';
	is_number(false, nines, 126, large, 1 + 19, "the largest number has 126 digits");
	is_number(false, "1", -129, small, 1 + 1, "the smallest positive number is spelled out");
	is_number(true, "0", 1, "0", 1, "zero has no sign and one byte");
	is_number(true, "00120", 3, "-1.2", 1 + 1 + 1 + 1, "leading and trailing zeros are dropped");
	is_number(false, "12", 0, "0.12", 1 + 1, "two digits that fill a pair need one byte");
	is_number(false, "12", 3, "120", 1 + 1 + 1, "two digits across two pairs need two");
	is_number(false, "5", 4, "5000", 1 + 1, "zeros before the point are written out");
}

static void test_documents(void)
{
	static const uint8_t bytes[4] = {0, 255, 16, 'a'};
	struct buffer json;
	struct item_writer writer = begun(&json);

	item_attribute(&writer, "m", 1);
	value_map_begin(&writer);
	map_member(&writer, "a", 1);
	value_list_begin(&writer);
	list_element(&writer);
	value_bool(&writer, true);
	list_element(&writer);
	value_null(&writer);
	value_list_end(&writer);
	map_member(&writer, "b", 1);
	value_binary(&writer, bytes, 4);
	value_map_end(&writer);
	item_attribute(&writer, "s", 1);
	value_set_begin(&writer, 'S');
	set_member_text(&writer, (struct slice){"x\"\n\x01", 4});
	set_member_plain(&writer, "", 0);
	value_set_end(&writer);
	is_item(&writer,
		"{\"m\":{\"M\":{\"a\":{\"L\":[{\"BOOL\":true},{\"NULL\":true}]},\"b\":{\"B\":\"AP8QYQ==\"}}},"
		"\"s\":{\"SS\":[\"x\\\"\\n\\u0001\",\"\"]}}",
		1 + 3 + (1 + 1 + 3 + 2 + 2) + (1 + 1 + 4) + 1 + 4, "documents and sets nest, escape and count");
}

static void test_overflow(void)
{
	static char text[ITEM_JSON_MAX];
	struct buffer json;
	struct item_writer writer = begun(&json);

	memset(text, 'x', sizeof(text));
	item_attribute(&writer, "a", 1);
	value_plain(&writer, text, sizeof(text));
	ok(item_end(&writer) == ERROR_INTERNAL && json.size == 0,
	   "an item that does not fit is an error and leaves no trace");
	buffer_release(&json);
}

/* ---- keys ---- */

static int compare_text(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

static void test_keys_unique(const char *key)
{
	struct model model = model_of(key, "kitchen-sink", false);
	char **texts = calloc(model.slots_max, sizeof(*texts));
	uint64_t equal = 0, size_bytes;

	for (uint64_t item = 0; item < model.slots_max; item++) {
		struct buffer json;
		buffer_init(&json, (size_t)1 << 20);
		if (model_key_json(&model, item, &json, &size_bytes) != 0 || buffer_append_byte(&json, '\0') != 0)
			abort();
		texts[item] = json.data;
	}
	qsort(texts, model.slots_max, sizeof(*texts), compare_text);
	for (uint64_t i = 1; i < model.slots_max; i++)
		equal += strcmp(texts[i - 1], texts[i]) == 0;
	is_int(equal, 0, "no two items share a key");
	for (uint64_t i = 0; i < model.slots_max; i++)
		free(texts[i]);
	free(texts);
}

static int compare_keys(const struct key_value *a, const struct key_value *b)
{
	struct decimal left, right;
	if (a->type != 'N')
		return slice_compare((struct slice){a->bytes, a->size}, (struct slice){b->bytes, b->size});
	if (decimal_parse((struct slice){a->bytes, a->size}, &left) != DECIMAL_OK ||
	    decimal_parse((struct slice){b->bytes, b->size}, &right) != DECIMAL_OK)
		return 1;
	return decimal_compare(&left, &right);
}

static void test_sort_order(const char *key)
{
	struct model model = model_of(key, "kitchen-sink", false);
	uint64_t wrong = 0, same = 0;

	for (uint64_t item = 1; item < model.slots_max; item++) {
		struct key_value before, after;
		if (model_partition_hash(&model, item) != model_partition_hash(&model, item - 1))
			continue;
		model_key_part(&model, item - 1, 1, &before);
		model_key_part(&model, item, 1, &after);
		same++;
		wrong += compare_keys(&before, &after) >= 0;
	}
	ok(wrong == 0 && same > 1000, "%s: within a partition sort keys increase with the item", key);
}

/* ---- images ---- */

struct image_check {
	uint64_t images, unparsed, malformed, wrong_size, equal_neighbours, repeats;
	unsigned types, depth_max;
};

static void check_image(struct image_check *check, struct json_parser *parser, const struct buffer *json,
			uint64_t size_bytes)
{
	const struct json_token *tokens;
	struct json_failure failure;
	struct item_size size;
	size_t count;

	check->images++;
	if (!json_parse(parser, buffer_slice(json), &tokens, &count, &failure)) {
		check->unparsed++;
		return;
	}
	check->wrong_size += item_size_of(&size, tokens, 0) != size_bytes;
	check->malformed += !size.well_formed;
	check->types |= size.types;
	if (size.depth_max > check->depth_max)
		check->depth_max = size.depth_max;
}

static void check_versions(struct image_check *check, const struct model *model, struct json_parser *parser,
			   uint64_t item)
{
	enum { VERSIONS = 70 };
	struct buffer images[3];

	for (unsigned i = 0; i < 3; i++)
		buffer_init(&images[i], (size_t)1 << 20);
	for (uint32_t version = 1; version <= VERSIONS; version++) {
		struct buffer *now = &images[version % 3];
		uint64_t size_bytes;
		now->size = 0;
		if (model_image(model, item, version, now, &size_bytes) != 0 || buffer_reserve(now, JSON_PADDING) != 0)
			abort();
		check_image(check, parser, now, size_bytes);
		if (version > 1)
			check->equal_neighbours += slice_equal(buffer_slice(now),
							       buffer_slice(&images[(version + 2) % 3]));
		if (version > 2)
			check->repeats += slice_equal(buffer_slice(now), buffer_slice(&images[(version + 1) % 3]));
	}
	for (unsigned i = 0; i < 3; i++)
		buffer_release(&images[i]);
}

static struct image_check check_images(const char *key, const char *preset, bool wild)
{
	struct model model = model_of(key, preset, wild);
	struct json_parser *parser = json_parser_new((size_t)1 << 20);
	struct image_check check = {0};

	for (uint64_t item = 0; item < 200; item++)
		check_versions(&check, &model, parser, item * 17);
	json_parser_free(parser);
	ok(check.images == 14000 && check.unparsed == 0, "%s: every image is JSON in valid UTF-8", preset);
	is_int(check.malformed, 0, "every value has one known type, numbers are canonical, sets are not empty");
	is_int(check.wrong_size, 0, "every size is that of an independent reading of the size model");
	is_int(check.equal_neighbours, 0, "neighbouring versions always differ");
	ok(check.repeats > 200 && check.repeats < 2000, "now and then a version repeats the one before last");
	return check;
}

static void test_images(void)
{
	check_images("pk:S,sk:N", "orders", false);
	struct image_check check = check_images("id:B", "kitchen-sink", true);
	is_int(check.types, (1 << ITEM_SIZE_TYPES) - 1, "the kitchen sink has every attribute type");
	is_int(check.depth_max, 32, "and nests to the service's 32 levels, no deeper");
}

static void test_pure(void)
{
	struct model one = model_of("pk:S,sk:N", "orders", false), two = one;
	struct buffer a, b, c;
	uint64_t size;

	two.config.seed++;
	buffer_init(&a, (size_t)1 << 20);
	buffer_init(&b, (size_t)1 << 20);
	buffer_init(&c, (size_t)1 << 20);
	struct error error = {0, ""};
	if (model_init(&two, &two.config, &error) != 0 || model_image(&one, 77, 5, &a, &size) != 0 ||
	    model_image(&one, 3, 1, &b, &size) != 0)
		abort();
	b.size = 0;
	if (model_image(&one, 77, 5, &b, &size) != 0 || model_image(&two, 77, 5, &c, &size) != 0)
		abort();
	ok(slice_equal(buffer_slice(&a), buffer_slice(&b)), "an image depends on nothing that was made before it");
	ok(!slice_equal(buffer_slice(&a), buffer_slice(&c)), "another seed gives another image");
	buffer_release(&a);
	buffer_release(&b);
	buffer_release(&c);
}

/* ---- time to live ---- */

static void test_ttl_rule(void)
{
	const int64_t now_us = INT64_C(1760000000) * 1000000;
	const int64_t now_s = 1760000000;

	ok(ttl_expired((struct ttl){TTL_NUMBER, now_s - 1}, now_us), "a second past is expired");
	ok(!ttl_expired((struct ttl){TTL_NUMBER, now_s}, now_us), "this very second is not yet");
	ok(!ttl_expired((struct ttl){TTL_NUMBER, (now_s - 60) * 1000}, now_us), "milliseconds are the far future");
	ok(!ttl_expired((struct ttl){TTL_TEXT, now_s - 1}, now_us), "text is ignored");
	ok(!ttl_expired((struct ttl){TTL_NULL, 0}, now_us), "NULL is ignored");
	ok(!ttl_expired((struct ttl){TTL_NONE, 0}, now_us), "without the attribute nothing expires");
	ok(ttl_expired((struct ttl){TTL_NUMBER, now_s - TTL_AGE_MAX_S}, now_us), "five years past is expired");
	ok(!ttl_expired((struct ttl){TTL_NUMBER, now_s - TTL_AGE_MAX_S - 1}, now_us),
	   "more than five years past is ignored");
}

static void test_ttl_kinds(void)
{
	struct model model = model_of("pk:S,sk:N", "orders", true);
	uint64_t texts = 0, nulls = 0, millis = 0, old = 0, absent = 0, inside = 0;
	int64_t start_s = model.config.start_us / 1000000, end_s = start_s + model.config.duration_us / 1000000;

	for (uint64_t item = 0; item < 4000; item++) {
		struct ttl ttl = model_ttl(&model, item, 1);
		texts += ttl.kind == TTL_TEXT;
		nulls += ttl.kind == TTL_NULL;
		absent += ttl.kind == TTL_NONE;
		millis += ttl.kind == TTL_NUMBER && ttl.value > INT64_C(1000000000000);
		old += ttl.kind == TTL_NUMBER && ttl.value < start_s - TTL_AGE_MAX_S;
		inside += ttl.kind == TTL_NUMBER && ttl.value >= start_s && ttl.value <= end_s;
	}
	ok(texts > 0 && nulls > 0 && millis > 0 && old > 0 && absent > 500, "a wild table has every kind of TTL value");
	ok(inside > 40 && inside < 160, "about as many fall into the window as were asked for");
}

/* ---- identities ---- */

static int compare_sequences(const char *a, const char *b)
{
	size_t left = strlen(a), right = strlen(b);
	if (left != right)
		return left < right ? -1 : 1;
	return strcmp(a, b);
}

static void test_sequences(void)
{
	struct model model = model_of("pk:S,sk:N", "orders", false);
	char before[SEQUENCE_TEXT_MAX], after[SEQUENCE_TEXT_MAX];
	uint64_t not_increasing = 0, misleading = 0;
	size_t shortest = 99, longest = 0;

	model_sequence(&model, 0, before);
	for (uint64_t i = 1; i < 6000; i++) {
		model_sequence(&model, i, after);
		not_increasing += compare_sequences(before, after) >= 0;
		misleading += strcmp(before, after) >= 0;
		shortest = strlen(before) < shortest ? strlen(before) : shortest;
		longest = strlen(after) > longest ? strlen(after) : longest;
		memcpy(before, after, sizeof(before));
	}
	is_int(not_increasing, 0, "sequence numbers increase as numbers");
	ok(misleading >= 2, "but not as text");
	ok(shortest == 21 && longest == 40, "they have 21 to 40 digits");
}

static void test_event_ids(void)
{
	struct model model = model_of("pk:S,sk:N", "orders", false);
	char one[EVENT_ID_MAX], two[EVENT_ID_MAX];
	model_event_id(&model, 1, one);
	model_event_id(&model, 2, two);
	ok(strlen(one) == 32 && strspn(one, "0123456789abcdef") == 32, "an event ID is 32 lower hexadecimal digits");
	ok(strcmp(one, two) != 0, "and each record has its own");
}

static void test_bounds(void)
{
	struct generator_options options;
	struct model model;
	struct error error = {0, ""};

	test_workload(&options, "orders");
	options.model.skew = SKEW_MAX + 1;
	is_int(model_init(&model, &options.model, &error), ERROR_USAGE, "too much skew is a usage error");
	options.model.skew = 0;
	options.model.key_type[0] = 'M';
	is_int(model_init(&model, &options.model, &error), ERROR_USAGE, "so is a key that is a map");
	is_int(generator_parse_key("pk:S,pk:N", &options.model, &error), ERROR_USAGE,
	       "so are two key attributes of one name");
	is_int(generator_parse_key("pk:S,sk", &options.model, &error), ERROR_USAGE,
	       "so is a key attribute without a type");
}

int main(void)
{
	test_known_sizes();
	test_numbers();
	test_documents();
	test_overflow();
	static const char *const keys[] = {"pk:S", "pk:N", "pk:B", "pk:S,sk:N", "pk:N,sk:B", "pk:B,sk:S"};
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		test_keys_unique(keys[i]);
	test_sort_order("pk:S,sk:N");
	test_sort_order("pk:N,sk:S");
	test_sort_order("pk:B,sk:B");
	test_images();
	test_pure();
	test_ttl_rule();
	test_ttl_kinds();
	test_sequences();
	test_event_ids();
	test_bounds();
	return tap_done();
}
