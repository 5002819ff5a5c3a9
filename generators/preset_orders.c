/* Orders of a shop: about 450 bytes of export JSON an item, a flat table of a dozen columns. */
#include "base/prng.h"
#include "generators/preset.h"
#include "generators/text.h"

/* Tags of model_random, one an attribute. */
enum {
	TAG_STATUS = 100,
	TAG_AMOUNT,
	TAG_QUANTITY,
	TAG_ACTIVE,
	TAG_TAGS,
	TAG_ADDR,
	TAG_NOTES,
	TAG_PAYLOAD,
	TAG_CREATED,
	TAG_HISTORY
};

struct word {
	const char *text;
	size_t size;
};
#define WORD(literal)                                                                                                  \
	{                                                                                                              \
		literal, sizeof(literal) - 1                                                                           \
	}
#define PICK(words, random) (&(words)[(random) % (sizeof(words) / sizeof((words)[0]))])
#define ATTRIBUTE(writer, name) item_attribute((writer), name, sizeof(name) - 1)

static const struct word statuses[] = {WORD("placed"),    WORD("paid"),     WORD("packed"),    WORD("shipped"),
				       WORD("delivered"), WORD("returned"), WORD("cancelled"), WORD("on hold")};
static const struct word tags[] = {WORD("gift"), WORD("express"),     WORD("fragile"), WORD("b2b"),
				   WORD("eu"),   WORD("first-order"), WORD("invoice"), WORD("caf\xc3\xa9")};
static const struct word streets[] = {WORD("Keizersgracht"),
				      WORD("Rue de l'\xc3\x89glise"),
				      WORD("High Street"),
				      WORD("Hauptstra\xc3\x9f"
					   "e"),
				      WORD("Calle Mayor"),
				      WORD("Via Roma"),
				      WORD("Nygatan"),
				      WORD("Main Street")};
static const struct word cities[] = {WORD("Utrecht"), WORD("Lyon"),    WORD("Leeds"),           WORD("K\xc3\xb6ln"),
				     WORD("Sevilla"), WORD("Bologna"), WORD("G\xc3\xb6teborg"), WORD("Springfield")};
static const struct word notes[] = {
	WORD("leave it with the neighbours, please"),          WORD("ring twice"),
	WORD("second attempt after 18:00; gate code on file"), WORD("no substitutes"),
	WORD("customer called about the delivery window"),     WORD("paid by invoice"),
	WORD("wrap as a present and leave the price out"),     WORD("fragile: this side up")};
/* What must be escaped, or is easily damaged on the way. */
static const struct word notes_awkward[] = {WORD("she said \"now\", twice"),
					    WORD("C:\\orders\\new"),
					    WORD("line one\nline two\ttabbed"),
					    WORD("bell\x07 and escape\x1b"),
					    WORD("\xf0\x9f\xa6\x86 duck, \xe2\x82\xac"
						 "5, \xe6\x97\xa5\xe6\x9c\xac"),
					    WORD("cafe\xcc\x81 is not caf\xc3\xa9"),
					    WORD("null"),
					    WORD(" spaces ")};

/* The attribute's content changes every `period` versions; items are out of step with each other. */
static uint64_t draw(const struct model *model, uint64_t item, uint32_t version, uint64_t tag, unsigned period)
{
	return model_random(model, item, tag, (version + item % period) / period);
}

/* Two to ten decimals, now and then beyond what a double or 64 bits can hold. Its last digits count the version, which
 * is what keeps neighbouring versions apart. */
static void write_amount(const struct model *model, struct item_writer *writer, uint64_t item, uint32_t version)
{
	uint64_t random = draw(model, item, version, TAG_AMOUNT, 1);
	uint64_t count = version % 64;

	ATTRIBUTE(writer, "amount");
	if (random % 64 == 0) { /* 28 digits before the point, 10 after it */
		char digits[NUMBER_DIGITS_MAX];
		char *at = digits;
		*at++ = (char)('1' + random / 64 % 9);
		at = text_padded(at, prng_mix(random), 18);
		at = text_padded(at, prng_mix(random + 1), 17);
		text_padded(at, count, 2);
		value_digits(writer, random % 128 == 0, digits, NUMBER_DIGITS_MAX, 28);
	} else if (random % 64 < 5) {
		value_scaled(writer, (int64_t)((random >> 32) * 64 + count), (unsigned)(random >> 8) % 10 + 1);
	} else {
		int64_t cents = (int64_t)((random >> 32) % 15000 * 64 + count);
		value_scaled(writer, random % 64 == 5 ? -cents : cents, 2);
	}
}

static void write_tags(const struct model *model, struct item_writer *writer, uint64_t item, uint32_t version)
{
	uint64_t random = draw(model, item, version, TAG_TAGS, 3);
	unsigned mask = (unsigned)(random & random >> 8) & 0xff;

	if (mask == 0) /* an empty set is not allowed */
		return;
	ATTRIBUTE(writer, "tags");
	value_set_begin(writer, 'S');
	for (unsigned i = 0; i < 8; i++) {
		unsigned rotated = (i + (unsigned)(random >> 16)) % 8;
		if (mask >> rotated & 1)
			set_member_plain(writer, tags[rotated].text, tags[rotated].size);
	}
	value_set_end(writer);
}

static void write_addr(const struct model *model, struct item_writer *writer, uint64_t item, uint32_t version)
{
	uint64_t random = draw(model, item, version, TAG_ADDR, 5);
	const struct word *street = PICK(streets, random >> 8);
	const struct word *city = PICK(cities, random >> 16);
	char line[64];

	if (random % 64 == 0)
		return;
	ATTRIBUTE(writer, "addr");
	value_map_begin(writer);
	map_member(writer, "street", 6);
	if (random % 64 == 1) {
		value_null(writer);
	} else {
		char *end = text_bytes(line, street->text, street->size);
		*end++ = ' ';
		end = text_u64(end, (random >> 24) % 400 + 1);
		value_plain(writer, line, (size_t)(end - line));
	}
	if (random % 64 != 2) {
		map_member(writer, "city", 4);
		value_plain(writer, city->text, city->size);
	}
	value_map_end(writer);
}

static void write_notes(const struct model *model, struct item_writer *writer, uint64_t item, uint32_t version)
{
	uint64_t random = draw(model, item, version, TAG_NOTES, 2);
	const struct word *word;

	if (random % 16 < 7) /* absent, which is not the same as NULL or empty */
		return;
	ATTRIBUTE(writer, "notes");
	switch (random % 16) {
	case 7:
		value_null(writer);
		break;
	case 8:
		value_plain(writer, "", 0);
		break;
	case 9:
		word = PICK(notes_awkward, random >> 8);
		value_text(writer, (struct slice){word->text, word->size});
		break;
	default:
		word = PICK(notes, random >> 8);
		value_plain(writer, word->text, word->size);
		break;
	}
}

static void write_payload(const struct model *model, struct item_writer *writer, uint64_t item, uint32_t version)
{
	uint64_t random = draw(model, item, version, TAG_PAYLOAD, 4);
	uint8_t bytes[48];
	size_t size = random % 32 == 0 ? 0 : 24 + random / 32 % 25;

	for (size_t i = 0; i < sizeof(bytes) / 8; i++) {
		uint64_t word = prng_mix(random + i);
		for (size_t j = 0; j < 8; j++)
			bytes[i * 8 + j] = (uint8_t)(word >> (8 * j));
	}
	ATTRIBUTE(writer, "payload");
	value_binary(writer, bytes, size);
}

static void write_created(const struct model *model, struct item_writer *writer, uint64_t item)
{
	uint64_t random = model_random(model, item, TAG_CREATED, 0);
	int64_t age_s = (int64_t)(random % (90 * 86400));
	struct civil civil = civil_from_us(model->config.start_us - age_s * CLOCK_SECOND_US);
	char text[24];
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
	ATTRIBUTE(writer, "created_at");
	value_plain(writer, text, (size_t)(at - text));
}

static void write_history(const struct model *model, struct item_writer *writer, uint64_t item, uint32_t version)
{
	uint64_t random = draw(model, item, version, TAG_HISTORY, 2);
	unsigned count = (unsigned)(random % 4);

	ATTRIBUTE(writer, "history");
	value_list_begin(writer);
	for (unsigned i = 0; i < count; i++) {
		const struct word *word = PICK(statuses, random >> (8 + 3 * i));
		list_element(writer);
		value_plain(writer, word->text, word->size);
	}
	value_list_end(writer);
}

static void orders_write(const struct model *model, struct item_writer *writer, uint64_t item, uint32_t version)
{
	uint64_t status = draw(model, item, version, TAG_STATUS, 2);
	const struct word *word = PICK(statuses, status);

	ATTRIBUTE(writer, "status");
	value_plain(writer, word->text, word->size);
	write_amount(model, writer, item, version);
	ATTRIBUTE(writer, "quantity");
	value_integer(writer, (int64_t)(draw(model, item, version, TAG_QUANTITY, 3) % 120));
	ATTRIBUTE(writer, "active");
	value_bool(writer, (draw(model, item, version, TAG_ACTIVE, 7) & 3) != 0);
	write_tags(model, writer, item, version);
	write_addr(model, writer, item, version);
	write_notes(model, writer, item, version);
	write_payload(model, writer, item, version);
	write_created(model, writer, item);
	write_history(model, writer, item, version);
}

static const struct preset_column orders_columns[] = {
	{"status", "status", "string", false},          {"amount", "amount", "decimal(38,10)", false},
	{"quantity", "quantity", "int", false},         {"active", "active", "boolean", false},
	{"tags", "tags", "array<string>", true},        {"street", "addr.street", "string", false},
	{"city", "addr.city", "string", false},         {"notes", "notes", "string", false},
	{"payload", "payload", "binary", false},        {"created_at", "created_at", "string", false},
	{"history", "history", "array<string>", false}, {NULL, NULL, NULL, false},
};

static const char *const orders_ignored[] = {NULL};

const struct preset preset_orders = {
	.name = "orders",
	.table = "orders",
	.summary = "a shop's orders: a dozen columns, about 450 bytes of export JSON an item",
	.key = "pk:S,sk:N",
	.columns = orders_columns,
	.ignored = orders_ignored,
	.key_awkward = 64,
	.write = orders_write,
};
