/* Every attribute type with the values that are hardest on readers; and the wild extra attributes of --wild. */
#include "base/prng.h"
#include "generators/preset.h"
#include "generators/text.h"

enum {
	TAG_TEXT = 200,
	TAG_EXOTIC,
	TAG_SMALL,
	TAG_BINARY,
	TAG_BOOL,
	TAG_NULL,
	TAG_MAP,
	TAG_LIST,
	TAG_SETS,
	TAG_DEEP,
	TAG_LONG,
	TAG_FLIP,
	TAG_WILD
};

#define ATTRIBUTE(writer, name) item_attribute((writer), name, sizeof(name) - 1)

static const char *const texts[] = {
	"",
	" ",
	"plain",
	"\"",
	"\\",
	"\\\"",
	"\x01\x02\x1f",
	"\x7f",
	"tab\tnewline\nreturn\r",
	"\b\f",
	"caf\xc3\xa9",
	"cafe\xcc\x81",
	"\xf0\x9f\xa6\x86",
	"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb",
	("\xef\xbb\xbf"
	 "byte order mark"),
	"\xe2\x80\xa8 line separator",
	"\xef\xbf\xbd",
	"\xf4\x8f\xbf\xbf",
	"null",
	"NULL",
	"true",
	"NaN",
	"1e5",
	"{\"S\":\"nested\"}",
	"a,b\tc|d",
	"</script>",
	"%s%n",
	"2025-02-30",
};
enum { TEXT_COUNT = sizeof(texts) / sizeof(texts[0]) };

static uint64_t draw(const struct model *model, uint64_t item, uint32_t version, uint64_t tag, unsigned period)
{
	return model_random(model, item, tag, (version + item % period) / period);
}

static void value_any_text(struct item_writer *writer, uint64_t random)
{
	value_text(writer, slice_from(texts[random % TEXT_COUNT]));
}

/* Digits and exponent over the service's whole range: 1E-130 to 9.9…E+125, 1 to 38 digits. */
struct exotic_number {
	bool negative;
	size_t count;
	int exponent; /* value = 0.digits * 10^exponent */
	char digits[NUMBER_DIGITS_MAX];
};

static struct exotic_number exotic_number(uint64_t random)
{
	struct exotic_number number = {.negative = random & 1, .count = 1 + (random >> 8) % NUMBER_DIGITS_MAX};
	char *at = number.digits;

	at = text_padded(at, prng_mix(random), 19);
	text_padded(at, prng_mix(random + 1), 19);
	number.digits[0] = (char)('1' + (random >> 16) % 9);
	number.digits[number.count - 1] = (char)('1' + (random >> 24) % 9);
	/* The last digit's place must not lie below 10^-130. */
	int lowest = (int)number.count - 130;
	switch ((random >> 1) % 8) {
	case 0:
		number.exponent = 126;
		break;
	case 1:
		number.exponent = lowest;
		break;
	case 2:
		number.exponent = (int)number.count;
		break;
	case 3:
		number.exponent = 0;
		break;
	default:
		number.exponent = (int)((random >> 32) % 40) - 10;
		break;
	}
	if (number.exponent < lowest)
		number.exponent = lowest;
	return number;
}

static void value_exotic(struct item_writer *writer, uint64_t random)
{
	struct exotic_number number = exotic_number(random);
	if (random % 32 == 31)
		value_integer(writer, 0);
	else
		value_digits(writer, number.negative, number.digits, number.count, number.exponent);
}

static void value_random_binary(struct item_writer *writer, uint64_t random)
{
	uint8_t bytes[32];
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(prng_mix(random + i / 8) >> (8 * (i % 8)));
	value_binary(writer, bytes, random % 33);
}

static void write_map(struct item_writer *writer, uint64_t random)
{
	ATTRIBUTE(writer, "map");
	value_map_begin(writer);
	if (random % 8 != 0) {
		map_member(writer, "text", 4);
		value_any_text(writer, random >> 8);
		map_member(writer, "number", 6);
		value_exotic(writer, random);
		map_member(writer, "S", 1); /* named like a type tag */
		value_map_begin(writer);
		map_member(writer, "N", 1);
		value_null(writer);
		value_map_end(writer);
	}
	value_map_end(writer);
}

static void write_list(struct item_writer *writer, uint64_t random)
{
	ATTRIBUTE(writer, "list");
	value_list_begin(writer);
	for (unsigned i = 0; i < random % 6; i++) {
		uint64_t word = prng_mix(random + i);
		list_element(writer);
		switch (word % 5) {
		case 0:
			value_any_text(writer, word >> 8);
			break;
		case 1:
			value_exotic(writer, word);
			break;
		case 2:
			value_bool(writer, word & 256);
			break;
		case 3:
			value_null(writer);
			break;
		default:
			value_random_binary(writer, word);
			break;
		}
	}
	value_list_end(writer);
}

static void write_string_set(struct item_writer *writer, uint64_t random)
{
	ATTRIBUTE(writer, "strings");
	value_set_begin(writer, 'S');
	for (unsigned i = 0; i <= random % 5; i++)
		set_member_text(writer, slice_from(texts[(random / 8 + i * 5) % TEXT_COUNT]));
	value_set_end(writer);
}

static void write_number_set(struct item_writer *writer, uint64_t random)
{
	ATTRIBUTE(writer, "numbers");
	value_set_begin(writer, 'N');
	for (unsigned i = 0; i <= random % 5; i++) {
		struct exotic_number number = exotic_number(prng_mix(random + i));
		/* Different last digits keep the members apart whatever else was drawn. */
		number.count = NUMBER_DIGITS_MAX;
		number.digits[NUMBER_DIGITS_MAX - 1] = (char)('1' + i);
		if (number.exponent < (int)number.count - 130)
			number.exponent = (int)number.count - 130;
		set_member_digits(writer, number.negative, number.digits, number.count, number.exponent);
	}
	value_set_end(writer);
}

static void write_binary_set(struct item_writer *writer, uint64_t random)
{
	ATTRIBUTE(writer, "binaries");
	value_set_begin(writer, 'B');
	for (unsigned i = 0; i <= random % 4; i++) {
		uint8_t bytes[4] = {(uint8_t)(random >> 8), (uint8_t)(random >> 16), 0xff, (uint8_t)i};
		/* The shortest member is empty, which is legal inside a set. */
		set_member_binary(writer, bytes + (i == 0 ? 4 : 0), i == 0 ? 0 : sizeof(bytes));
	}
	value_set_end(writer);
}

/* The service nests to 32 levels, the attribute's own value included. */
static void write_deep(struct item_writer *writer, uint64_t random)
{
	unsigned depth = random % 8 == 0 ? 31 : (unsigned)(random % 6);
	ATTRIBUTE(writer, "deep");
	for (unsigned i = 0; i < depth; i++) {
		if (i % 2 == 0) {
			value_list_begin(writer);
			list_element(writer);
		} else {
			value_map_begin(writer);
			map_member(writer, "in", 2);
		}
	}
	value_any_text(writer, random >> 8);
	for (unsigned i = depth; i > 0; i--) {
		if ((i - 1) % 2 == 0)
			value_list_end(writer);
		else
			value_map_end(writer);
	}
}

static void write_scalars(const struct model *model, struct item_writer *writer, uint64_t item, uint32_t version)
{
	uint64_t random = draw(model, item, version, TAG_TEXT, 2);

	ATTRIBUTE(writer, "text");
	value_any_text(writer, random);
	ATTRIBUTE(writer, "number");
	value_exotic(writer, draw(model, item, version, TAG_EXOTIC, 1));
	/* Counts the version, which keeps neighbouring versions apart. */
	ATTRIBUTE(writer, "revision");
	value_integer(writer, (int64_t)(version % 64));
	ATTRIBUTE(writer, "binary");
	value_random_binary(writer, draw(model, item, version, TAG_BINARY, 2));
	ATTRIBUTE(writer, "flag");
	value_bool(writer, draw(model, item, version, TAG_BOOL, 2) & 1);
	random = draw(model, item, version, TAG_NULL, 2);
	if (random % 3 != 0) {
		ATTRIBUTE(writer, "maybe");
		if (random % 3 == 1)
			value_null(writer);
		else
			value_any_text(writer, random >> 8);
	}
}

static void kitchen_sink_write(const struct model *model, struct item_writer *writer, uint64_t item, uint32_t version)
{
	uint64_t sets = draw(model, item, version, TAG_SETS, 2);
	uint64_t random = draw(model, item, version, TAG_LONG, 3);

	write_scalars(model, writer, item, version);
	write_map(writer, draw(model, item, version, TAG_MAP, 2));
	write_list(writer, draw(model, item, version, TAG_LIST, 2));
	if (sets & 0x10000000)
		write_string_set(writer, sets);
	if (sets & 0x20000000)
		write_number_set(writer, prng_mix(sets));
	if (sets & 0x40000000)
		write_binary_set(writer, sets);
	write_deep(writer, draw(model, item, version, TAG_DEEP, 2));
	if (random % 16 == 0) {
		static const char filler[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+-";
		char text[2048];
		for (size_t i = 0; i < sizeof(text); i++)
			text[i] = filler[(i * 7 + random) % 64];
		ATTRIBUTE(writer, "long");
		value_plain(writer, text, (random >> 8) % sizeof(text));
	}
}

/* ---- wild attributes ---- */

const char *const wild_names[] = {
	"S",           "NULL",     "Item",          "Text",        "with space",
	"dotted.name", "quote\"d", "back\\slash",   "caf\xc3\xa9", "\xf0\x9f\xa6\x86",
	"semi;colon",  "tick`",    "newline\nname", "flips",       "#hash",
	":colon",      NULL,
};

void wild_write(const struct model *model, struct item_writer *writer, uint64_t item, uint32_t version)
{
	for (unsigned i = 0; wild_names[i] != NULL; i++) {
		uint64_t random = draw(model, item, version, TAG_WILD + i, 2);
		if (random % 8 != 0)
			continue;
		item_attribute_escaped(writer, slice_from(wild_names[i]));
		/* The type changes between items and between versions. */
		switch (random >> 8 & 3) {
		case 0:
			value_any_text(writer, random >> 16);
			break;
		case 1:
			value_exotic(writer, random);
			break;
		case 2:
			value_bool(writer, random >> 16 & 1);
			break;
		default:
			value_random_binary(writer, random);
			break;
		}
	}
}

static const struct preset_column kitchen_sink_columns[] = {
	{"text", "text", "string", false},
	{"number", "number", "string", false}, /* no decimal of a lake holds the service's whole range */
	{"revision", "revision", "bigint", false},
	{"binary", "binary", "binary", false},
	{"flag", "flag", "boolean", false},
	{"maybe", "maybe", "string", false},
	{"strings", "strings", "array<string>", true},
	{"numbers", "numbers", "array<string>", true},
	{"binaries", "binaries", "array<binary>", true},
	{"long", "long", "string", false},
	{"map_text", "map.text", "string", false},
	{NULL, NULL, NULL, false},
};

/* No column type takes elements of several types. */
static const char *const kitchen_sink_ignored[] = {"list", "deep", "map.*", NULL};

const struct preset preset_kitchen_sink = {
	.name = "kitchen-sink",
	.table = "kitchen-sink",
	.summary = "every attribute type with its hardest values",
	.key = "pk:S,sk:N",
	.columns = kitchen_sink_columns,
	.ignored = kitchen_sink_ignored,
	.key_awkward = 4,
	.write = kitchen_sink_write,
};

const struct preset *preset_find(const char *name)
{
	static const struct preset *const all[] = {&preset_orders, &preset_kitchen_sink};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	}
	return NULL;
}
