#include "generators/table_image.h"

#include "base/clock.h"
#include "base/prng.h"
#include "generators/text.h"

/* What a value is drawn for. */
struct draw {
	const struct model *model;
	struct item_writer *writer;
	uint32_t count; /* of versions, for attributes that count */
};

#define AWKWARD(literal)                                                                                               \
	{                                                                                                              \
		literal, sizeof(literal) - 1                                                                           \
	}
static const struct slice awkward[] = {
	AWKWARD(""),
	AWKWARD(" "),
	AWKWARD("plain"),
	AWKWARD("\""),
	AWKWARD("\\"),
	AWKWARD("\\\""),
	AWKWARD("\x01\x02\x1f"),
	AWKWARD("nul\0inside"),
	AWKWARD("\x7f"),
	AWKWARD("tab\tnewline\nreturn\r"),
	AWKWARD("\b\f"),
	AWKWARD("caf\xc3\xa9"),
	AWKWARD("cafe\xcc\x81"),
	AWKWARD("\xf0\x9f\xa6\x86"),
	AWKWARD("\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb"),
	AWKWARD("\xef\xbb\xbf"
		"byte order mark"),
	AWKWARD("\xe2\x80\xa8 line separator"),
	AWKWARD("\xef\xbf\xbd"),
	AWKWARD("\xf4\x8f\xbf\xbf"),
	AWKWARD("null"),
	AWKWARD("NULL"),
	AWKWARD("true"),
	AWKWARD("NaN"),
	AWKWARD("1e5"),
	AWKWARD("{\"S\":\"nested\"}"),
	AWKWARD("a,b\tc|d"),
	AWKWARD("</script>"),
	AWKWARD("%s%n"),
	AWKWARD("2025-02-30"),
	AWKWARD(" spaces "),
	AWKWARD("C:\\orders\\new"),
};
enum { AWKWARD_COUNT = sizeof(awkward) / sizeof(awkward[0]) };

/* Whether a share of all words holds this one; uses its upper half only. */
static bool in_share(uint64_t random, uint32_t share)
{
	return ((random >> 32) * SHARE_ALL) >> 32 < share;
}

/* Uniform enough for content: the range is far below 2^64. */
static int64_t in_range(uint64_t random, struct table_range range)
{
	return range.min + (int64_t)(random % ((uint64_t)(range.max - range.min) + 1));
}

/* ---- values ---- */

static void write_awkward(const struct draw *draw, uint64_t random)
{
	value_text(draw->writer, awkward[random % AWKWARD_COUNT]);
}

static void write_word(const struct draw *draw, const struct table_attribute *attribute, uint64_t random)
{
	const char *word = attribute->words[random % attribute->word_count];
	if (attribute->words_plain)
		value_plain(draw->writer, word, strlen(word));
	else
		value_text(draw->writer, slice_from(word));
}

static void write_uuid(const struct draw *draw, uint64_t random)
{
	static const unsigned widths[] = {8, 4, 4, 4, 12};
	char text[40];
	char *at = text;

	for (unsigned i = 0; i < 5; i++) {
		if (i > 0)
			*at++ = '-';
		at = text_hex(at, prng_mix(random + i), widths[i]);
	}
	value_plain(draw->writer, text, (size_t)(at - text));
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

static void write_exotic(const struct draw *draw, uint64_t random)
{
	struct exotic_number number = exotic_number(random);
	if (random % 32 == 31)
		value_integer(draw->writer, 0);
	else
		value_digits(draw->writer, number.negative, number.digits, number.count, number.exponent);
}

/* Beyond what a double or 64 bits hold: 38 digits, of which 10 may come after the point. */
static void write_extreme(const struct draw *draw, const struct table_attribute *attribute, uint64_t random)
{
	char digits[NUMBER_DIGITS_MAX];
	char *at = digits;
	bool integer = attribute->kind == KIND_INTEGER;

	*at++ = (char)('1' + random % 9);
	at = text_padded(at, prng_mix(random), 18);
	at = text_padded(at, prng_mix(random + 1), 17);
	text_padded(at, attribute->counts ? draw->count % 64 : random >> 40, 2);
	value_digits(draw->writer, random >> 63, digits, NUMBER_DIGITS_MAX, integer ? NUMBER_DIGITS_MAX : 28);
}

static void write_number(const struct draw *draw, const struct table_attribute *attribute, uint64_t random)
{
	int64_t value = in_range(random, attribute->range);

	if (attribute->extreme > 0 && in_share(prng_mix(random + 2), attribute->extreme)) {
		write_extreme(draw, attribute, random);
		return;
	}
	if (attribute->counts)
		value = value - value % 64 + (value < 0 ? -(int64_t)(draw->count % 64) : (int64_t)(draw->count % 64));
	value_scaled(draw->writer, value, attribute->kind == KIND_DECIMAL ? (unsigned)attribute->scale : 0);
}

static void write_time(const struct draw *draw, const struct table_attribute *attribute, bool number, uint64_t random)
{
	int64_t time_us = draw->model->config.start_us - in_range(random, attribute->range) * CLOCK_SECOND_US;
	struct civil civil = civil_from_us(time_us);
	char text[24];

	if (number) {
		value_integer(draw->writer, time_us / CLOCK_SECOND_US);
		return;
	}
	char *at = text_padded(text, civil.year, 4);
	*at++ = '-';
	at = text_padded(at, civil.month, 2);
	*at++ = '-';
	at = text_padded(at, civil.day, 2);
	*at++ = 'T';
	at = text_padded(at, civil.hour, 2);
	*at++ = ':';
	at = text_padded(at, civil.minute, 2);
	*at++ = ':';
	at = text_padded(at, civil.second, 2);
	*at++ = 'Z';
	value_plain(draw->writer, text, (size_t)(at - text));
}

static void write_binary(const struct draw *draw, size_t size, uint64_t random)
{
	uint8_t bytes[64];

	if (size > sizeof(bytes)) {
		value_filler(draw->writer, 'B', size, random);
		return;
	}
	for (size_t i = 0; i < size; i += 8) {
		uint64_t word = prng_mix(random + i / 8);
		for (size_t j = 0; j < 8; j++)
			bytes[i + j] = (uint8_t)(word >> (8 * j));
	}
	value_binary(draw->writer, bytes, size);
}

/* ---- sets: never empty, members never equal ---- */

static void write_strings(const struct draw *draw, const struct table_attribute *attribute, uint64_t random,
			  size_t count)
{
	uint32_t known = attribute->words != NULL ? attribute->word_count : AWKWARD_COUNT;
	size_t first = (size_t)((random >> 16) % known);

	value_set_begin(draw->writer, 'S');
	for (size_t i = 0; i < count && i < known; i++) {
		size_t place = (first + i) % known;
		if (attribute->words == NULL)
			set_member_text(draw->writer, awkward[place]);
		else if (attribute->words_plain)
			set_member_plain(draw->writer, attribute->words[place], strlen(attribute->words[place]));
		else
			set_member_text(draw->writer, slice_from(attribute->words[place]));
	}
	value_set_end(draw->writer);
}

static void write_numbers(const struct draw *draw, uint64_t random, size_t count)
{
	value_set_begin(draw->writer, 'N');
	for (size_t i = 0; i < count; i++) {
		struct exotic_number number = exotic_number(prng_mix(random + i));
		/* Different last digits keep the members apart whatever else was drawn. */
		number.count = NUMBER_DIGITS_MAX;
		text_padded(number.digits + NUMBER_DIGITS_MAX - 4, i * 10 + 1, 4);
		if (number.exponent < (int)number.count - 130)
			number.exponent = (int)number.count - 130;
		set_member_digits(draw->writer, number.negative, number.digits, number.count, number.exponent);
	}
	value_set_end(draw->writer);
}

static void write_binaries(const struct draw *draw, uint64_t random, size_t count)
{
	value_set_begin(draw->writer, 'B');
	for (size_t i = 0; i < count; i++) {
		uint8_t bytes[5] = {(uint8_t)(random >> 8), (uint8_t)(random >> 16), 0xff, (uint8_t)(i >> 8),
				    (uint8_t)i};
		/* The shortest member is empty, which is legal inside a set. */
		set_member_binary(draw->writer, bytes, i == 0 ? 0 : sizeof(bytes));
	}
	value_set_end(draw->writer);
}

/* ---- documents ---- */

static void write_any(const struct draw *draw, uint64_t random)
{
	switch (random % 5) {
	case 0:
		write_awkward(draw, random >> 8);
		break;
	case 1:
		write_exotic(draw, random);
		break;
	case 2:
		value_bool(draw->writer, random & 256);
		break;
	case 3:
		value_null(draw->writer);
		break;
	default:
		write_binary(draw, random % 33, random);
		break;
	}
}

static void write_list(const struct draw *draw, const struct table_attribute *attribute, uint64_t random, size_t count)
{
	value_list_begin(draw->writer);
	for (size_t i = 0; i < count; i++) {
		list_element(draw->writer);
		if (attribute->kind == KIND_WORDS)
			write_word(draw, attribute, prng_mix(random + i));
		else
			write_any(draw, prng_mix(random + i));
	}
	value_list_end(draw->writer);
}

/* One in eight as deep as it goes. */
static void write_nested(const struct draw *draw, const struct table_attribute *attribute, uint64_t random)
{
	unsigned most = (unsigned)attribute->range.max;
	unsigned depth = random % 8 == 0 ? most : (unsigned)(random % 6) % (most + 1);

	for (unsigned i = 0; i < depth; i++) {
		if (i % 2 == 0) {
			value_list_begin(draw->writer);
			list_element(draw->writer);
		} else {
			value_map_begin(draw->writer);
			map_member(draw->writer, "in", 2);
		}
	}
	write_awkward(draw, random >> 8);
	for (unsigned i = depth; i > 0; i--) {
		if ((i - 1) % 2 == 0)
			value_list_end(draw->writer);
		else
			value_map_end(draw->writer);
	}
}

static void write_value(const struct draw *draw, const struct table_attribute *attribute, int kind, uint64_t random);

static void write_map(const struct draw *draw, const struct table_attribute *attribute, uint64_t random)
{
	value_map_begin(draw->writer);
	for (uint32_t i = 0; i < attribute->member_count; i++) {
		const struct table_attribute *member = &attribute->members[i];
		uint64_t word = prng_mix(random + member->tag);
		if (!in_share(word, member->present))
			continue;
		if (member->name_plain)
			map_member(draw->writer, member->name, member->name_size);
		else
			map_member_escaped(draw->writer, slice_from(member->name));
		write_value(draw, member, member->kind, word);
	}
	value_map_end(draw->writer);
}

static void write_empty(const struct draw *draw, int kind)
{
	if (kind == KIND_BINARY) {
		value_binary(draw->writer, NULL, 0);
	} else if (kind == KIND_LIST || kind == KIND_WORDS || kind == KIND_NESTED) {
		value_list_begin(draw->writer);
		value_list_end(draw->writer);
	} else if (kind == KIND_MAP) {
		value_map_begin(draw->writer);
		value_map_end(draw->writer);
	} else {
		value_plain(draw->writer, "", 0);
	}
}

static void write_kind(const struct draw *draw, const struct table_attribute *attribute, int kind, uint64_t random)
{
	size_t size = kind == attribute->kind ? (size_t)in_range(random, attribute->range) : 4;

	switch (kind) {
	case KIND_WORD:
		write_word(draw, attribute, random);
		break;
	case KIND_AWKWARD:
		write_awkward(draw, random);
		break;
	case KIND_UUID:
		write_uuid(draw, random);
		break;
	case KIND_INTEGER:
	case KIND_DECIMAL:
		write_number(draw, attribute, random);
		break;
	case KIND_NUMBER:
		write_exotic(draw, random);
		break;
	case KIND_TIME:
	case KIND_EPOCH:
		write_time(draw, attribute, kind == KIND_EPOCH, random);
		break;
	case KIND_BOOLEAN:
		value_bool(draw->writer, random & 256);
		break;
	case KIND_NULL:
		value_null(draw->writer);
		break;
	case KIND_BINARY:
		write_binary(draw, size, random);
		break;
	case KIND_STRINGS:
		write_strings(draw, attribute, random, size);
		break;
	case KIND_NUMBERS:
		write_numbers(draw, random, size);
		break;
	case KIND_BINARIES:
		write_binaries(draw, random, size);
		break;
	case KIND_WORDS:
	case KIND_LIST:
		write_list(draw, attribute, random, size);
		break;
	case KIND_MAP:
		write_map(draw, attribute, random);
		break;
	case KIND_NESTED:
		write_nested(draw, attribute, random);
		break;
	case KIND_MIXED:
		write_any(draw, random);
		break;
	default:
		value_filler(draw->writer, 'S', size, random);
		break;
	}
}

static void write_value(const struct draw *draw, const struct table_attribute *attribute, int kind, uint64_t random)
{
	if (attribute->null + attribute->empty + attribute->awkward > 0) {
		uint64_t odd = prng_mix(random + 1);
		if (in_share(odd, attribute->null)) {
			value_null(draw->writer);
			return;
		}
		if (in_share(odd, attribute->null + attribute->empty)) {
			write_empty(draw, kind);
			return;
		}
		if (in_share(odd, attribute->null + attribute->empty + attribute->awkward)) {
			write_awkward(draw, random);
			return;
		}
	}
	write_kind(draw, attribute, kind, prng_mix(random));
}

/* ---- attributes ---- */

static void write_name(struct item_writer *writer, const struct table_attribute *attribute)
{
	if (attribute->name_plain)
		item_attribute(writer, attribute->name, attribute->name_size);
	else
		item_attribute_escaped(writer, slice_from(attribute->name));
}

static bool is_there(const struct table_attribute *attribute, unsigned phase, uint64_t random)
{
	return phase >= attribute->phase_from && phase < attribute->phase_until && in_share(random, attribute->present);
}

static uint64_t draw_random(const struct model *model, const struct table_attribute *attribute, uint64_t item,
			    uint32_t count)
{
	uint64_t every = (uint64_t)attribute->every;
	return model_random(model, item, attribute->tag, every == 0 ? 0 : (count + item % every) / every);
}

void table_image_write(const struct model *model, struct item_writer *writer, uint64_t item, uint32_t version)
{
	const struct table_entity *entity = model_entity(model, item);
	struct draw draw = {model, writer, version_count(version)};
	unsigned phase = version_phase(version);

	for (uint32_t i = 0; i < entity->attribute_count; i++) {
		const struct table_attribute *attribute = &entity->attributes[i];
		uint64_t random = draw_random(model, attribute, item, draw.count);
		if (attribute->kind == KIND_FILL || !is_there(attribute, phase, random))
			continue;
		write_name(writer, attribute);
		write_value(&draw, attribute, phase >= attribute->phase_becomes ? attribute->becomes : attribute->kind,
			    random);
	}
}

/* The size the item shall have; 0 when it keeps its own. */
static uint64_t size_wanted(const struct table_attribute *attribute, uint64_t random)
{
	uint32_t sum = 0;
	for (uint32_t i = 0; i < attribute->size_count; i++) {
		sum += attribute->sizes[i].share;
		if (in_share(random, sum))
			return (uint64_t)in_range(prng_mix(random), attribute->sizes[i].bytes);
	}
	return 0;
}

void table_image_fill(const struct model *model, struct item_writer *writer, uint64_t item, uint32_t version)
{
	const struct table_entity *entity = model_entity(model, item);
	unsigned phase = version_phase(version);

	for (uint32_t i = 0; i < entity->attribute_count; i++) {
		const struct table_attribute *attribute = &entity->attributes[i];
		if (attribute->kind != KIND_FILL)
			continue;
		uint64_t random = draw_random(model, attribute, item, version_count(version));
		uint64_t wanted = size_wanted(attribute, random);
		uint64_t least = writer->size_bytes + attribute->name_size;
		if (!is_there(attribute, phase, prng_mix(random + 3)) || wanted < least)
			continue;
		write_name(writer, attribute);
		value_filler(writer, attribute->binary ? 'B' : 'S', (size_t)(wanted - least), random);
	}
}

/* ---- wild attributes ---- */

const char *const wild_names[] = {
	"S",           "NULL",     "Item",          "Text",        "with space",
	"dotted.name", "quote\"d", "back\\slash",   "caf\xc3\xa9", "\xf0\x9f\xa6\x86",
	"semi;colon",  "tick`",    "newline\nname", "flips",       "#hash",
	":colon",      "FLIPS",    "cafe\xcc\x81",  NULL,
};

void wild_write(const struct model *model, struct item_writer *writer, uint64_t item, uint32_t version)
{
	enum { TAG_WILD = 200 };
	struct draw draw = {model, writer, version_count(version)};

	for (unsigned i = 0; wild_names[i] != NULL; i++) {
		uint64_t random = model_random(model, item, TAG_WILD + i, (draw.count + item % 2) / 2);
		if (random % 8 != 0)
			continue;
		/* The type changes between items and between versions. */
		item_attribute_escaped(writer, slice_from(wild_names[i]));
		write_any(&draw, prng_mix(random));
	}
}

const char *table_column_type(const struct table_attribute *attribute)
{
	static const char *const types[] = {
		[KIND_TEXT] = "string",
		[KIND_WORD] = "string",
		[KIND_AWKWARD] = "string",
		[KIND_UUID] = "string",
		[KIND_INTEGER] = "bigint",
		[KIND_DECIMAL] = "decimal(38,10)",
		[KIND_NUMBER] = "string", /* no decimal of a lake holds the service's whole range */
		[KIND_TIME] = "string",
		[KIND_EPOCH] = "bigint",
		[KIND_BOOLEAN] = "boolean",
		[KIND_NULL] = "string",
		[KIND_BINARY] = "binary",
		[KIND_STRINGS] = "array<string>",
		[KIND_NUMBERS] = "array<string>",
		[KIND_BINARIES] = "array<binary>",
		[KIND_WORDS] = "array<string>",
		[KIND_LIST] = NULL,
		[KIND_MAP] = NULL,
		[KIND_NESTED] = NULL,
		[KIND_MIXED] = NULL,
		[KIND_FILL] = "string",
	};
	if (attribute->ignored || (attribute->phase_becomes < TABLE_PHASES_MAX && attribute->column_type == NULL))
		return NULL;
	if (attribute->column_type != NULL)
		return attribute->column_type;
	return attribute->kind == KIND_FILL && attribute->binary ? "binary" : types[attribute->kind];
}
