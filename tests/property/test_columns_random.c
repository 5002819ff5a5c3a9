/* Random items under random rules of a column, against a naive oracle: the image's row digest is that of the Arrow row
 * the oracle builds, and where the oracle says that nothing fits, a flag says so. Arguments: [seed [trials]]. */
#include <stdio.h>

#include "tests/property/scale.h"
#include "tests/support/digest_fixture.h"
#include "tests/support/one_row.h"

/* One trial: the column's rules, the item's attributes, and what the lake holds. */
struct trial {
	char rules[512], item[8192], lake[8192];
	const char *format;
	bool null, misfit;
};

static void append(char *text, size_t size, const char *more)
{
	size_t used = strlen(text);
	snprintf(text + used, size - used, "%s", more);
}

static void put_whole(int128 value, char *text)
{
	char reversed[64];
	size_t size = 0;
	bool negative = value < 0;
	for (value = negative ? -value : value; value > 0 || size == 0; value /= 10)
		reversed[size++] = (char)('0' + (int)(value % 10));
	if (negative)
		*text++ = '-';
	while (size > 0)
		*text++ = reversed[--size];
	*text = '\0';
}

static int128 power(int exponent)
{
	int128 value = 1;
	for (; exponent > 0; exponent--)
		value *= 10;
	return value;
}

/* unscaled * 10^-scale, with an exponent or spelled out. */
static void put_decimal(struct prng *prng, int128 unscaled, int scale, char text[128])
{
	char digits[64];
	bool negative = unscaled < 0;
	put_whole(negative ? -unscaled : unscaled, digits);
	if (scale == 0 || prng_chance(prng, 1, 2)) {
		snprintf(text, 128, "%s%sE%d", negative ? "-" : "", digits, -scale);
		return;
	}
	int whole = (int)strlen(digits) - scale;
	snprintf(text, 128, "%s%.*s.", negative ? "-" : "", whole > 0 ? whole : 1, whole > 0 ? digits : "0");
	for (; whole < 0; whole++)
		append(text, 128, "0");
	append(text, 128, digits + whole);
}

static int128 floor_divide(int128 value, int128 by)
{
	int128 quotient = value / by;
	return value % by < 0 ? quotient - 1 : quotient;
}

/* ---- numbers under on_overflow */

static void make_number(struct prng *prng, struct trial *trial)
{
	static const struct {
		const char *format;
		int scale;
		int digits; /* 0: limits of an integer of `bytes` */
		int bytes;
	} targets[] = {{"c", 0, 0, 1}, {"s", 0, 0, 2},     {"i", 0, 0, 4},
		       {"l", 0, 0, 8}, {"d:5,2", 2, 5, 0}, {"d:30,10", 10, 30, 0}};
	static const char *const modes[] = {"error", "null", "round", "truncate"};
	size_t target = (size_t)prng_below(prng, 6), mode = (size_t)prng_below(prng, 4);
	int scale = (int)prng_below(prng, 8), target_scale = targets[target].scale;
	int128 unscaled = random_unscaled(prng, 24), value;
	char text[128];
	put_decimal(prng, unscaled, scale, text);
	snprintf(trial->item, sizeof(trial->item), "\"a\":{\"N\":\"%s\"}", text);
	snprintf(trial->rules, sizeof(trial->rules), "attribute: a, on_overflow: %s", modes[mode]);
	trial->format = targets[target].format;
	bool exact = true;
	if (scale <= target_scale) {
		value = unscaled * power(target_scale - scale);
	} else {
		int128 factor = power(scale - target_scale), rest = unscaled % factor;
		value = unscaled / factor;
		exact = rest == 0;
		rest = rest < 0 ? -rest : rest;
		if (mode == 2 && rest * 2 >= factor)
			value += unscaled < 0 ? -1 : 1;
	}
	int128 limit = targets[target].digits > 0 ? power(targets[target].digits) - 1
						  : ((int128)1 << (8 * targets[target].bytes - 1)) - 1;
	int128 least = targets[target].digits > 0 ? -limit : -limit - 1;
	bool fits = (exact || mode >= 2) && value <= limit && value >= least;
	trial->null = !fits && mode == 1;
	trial->misfit = !fits && mode != 1;
	put_whole(fits ? value : 0, trial->lake);
}

/* ---- times from numbers */

static void make_time(struct prng *prng, struct trial *trial)
{
	static const char *const units[] = {"epoch_s", "epoch_ms", "epoch_us"};
	static const char *const formats[] = {"tsu:UTC", "tsu:", "tdD"};
	size_t unit = (size_t)prng_below(prng, 3), kind = (size_t)prng_below(prng, 3);
	bool text = prng_chance(prng, 1, 4), fine = prng_chance(prng, 1, 4);
	int128 time_us = (int128)prng_below(prng, UINT64_C(8000000000000000)) - 4000000000000000;
	int128 written = fine ? time_us * 10 + 5 : time_us; /* half a microsecond below what is told */
	char number[128];
	put_decimal(prng, written, (fine ? 1 : 0) + (unit == 0 ? 6 : unit == 1 ? 3 : 0), number);
	snprintf(trial->item, sizeof(trial->item), "\"a\":{\"%s\":\"%s\"}", text ? "S" : "N", number);
	bool step = text && prng_chance(prng, 1, 2);
	snprintf(trial->rules, sizeof(trial->rules), "attribute: a, %sfrom: %s", step ? "as: number, " : "",
		 units[unit]);
	trial->format = formats[kind];
	trial->misfit = (text && !step) || (fine && kind != 2);
	put_whole(kind == 2 ? floor_divide(time_us, INT64_C(86400000000)) : time_us, trial->lake);
}

/* ---- steps on text, an array of characters of a small alphabet */

static const char *const lower_letters[] = {"a", "b", "z", "é", "я", " ", "7", "漢"};
static const char *const upper_letters[] = {"A", "B", "Z", "É", "Я", " ", "7", "漢"};
enum { LETTERS = 8, TEXT_LETTERS = 12 };

struct letters {
	unsigned which[64]; /* letter * 2 + upper */
	size_t count;
};

static void spell(const struct letters *letters, char *text, size_t size)
{
	text[0] = '\0';
	for (size_t index = 0; index < letters->count; index++)
		append(text, size,
		       (letters->which[index] % 2 == 0 ? lower_letters : upper_letters)[letters->which[index] / 2]);
}

static bool is_space(unsigned letter)
{
	return letter / 2 == 5;
}

static void cut_letters(struct letters *letters, int64_t start, int64_t length)
{
	struct letters out = {.count = 0};
	int64_t count = (int64_t)letters->count, first = start > 0 ? start - 1 : count + start;
	for (int64_t index = 0; index < count; index++)
		if (index >= first && index < first + length)
			out.which[out.count++] = letters->which[index];
	*letters = out;
}

static void apply(struct prng *prng, struct letters *letters, char *rule, size_t size)
{
	int64_t start = (int64_t)prng_below(prng, 8) - 3, length = (int64_t)prng_below(prng, 6);
	start = start == 0 ? 1 : start;
	switch (prng_below(prng, 4)) {
	case 0:
		snprintf(rule, size, "trim");
		while (letters->count > 0 && is_space(letters->which[letters->count - 1]))
			letters->count--;
		while (letters->count > 0 && is_space(letters->which[0]))
			cut_letters(letters, 2, 64);
		return;
	case 1:
	case 2:
		snprintf(rule, size, "%s", start > 1 ? "lower" : "upper");
		for (size_t index = 0; index < letters->count; index++)
			letters->which[index] = letters->which[index] / 2 * 2 + (start > 1 ? 0 : 1);
		return;
	default:
		snprintf(rule, size, "{substr: [%d, %d]}", (int)start, (int)length);
		cut_letters(letters, start, length);
	}
}

static void make_steps(struct prng *prng, struct trial *trial)
{
	struct letters letters = {.count = (size_t)prng_below(prng, TEXT_LETTERS)};
	char text[256], rule[64];
	for (size_t index = 0; index < letters.count; index++)
		letters.which[index] = (unsigned)prng_below(prng, 2 * LETTERS);
	spell(&letters, text, sizeof(text));
	snprintf(trial->item, sizeof(trial->item), "\"a\":{\"S\":\"%s\"}", text);
	snprintf(trial->rules, sizeof(trial->rules), "attribute: a, as: [");
	for (uint64_t steps = prng_below(prng, 4) + 1; steps > 0; steps--) {
		apply(prng, &letters, rule, sizeof(rule));
		append(trial->rules, sizeof(trial->rules), rule);
		append(trial->rules, sizeof(trial->rules), steps > 1 ? ", " : "");
	}
	bool hex = prng_chance(prng, 1, 3), drop = prng_chance(prng, 1, 3);
	append(trial->rules, sizeof(trial->rules), hex ? ", hex]" : "]");
	append(trial->rules, sizeof(trial->rules), drop ? ", empty_string: null" : "");
	trial->format = "u";
	spell(&letters, text, sizeof(text));
	for (size_t index = 0; hex && text[index] != '\0'; index++)
		snprintf(trial->lake + 2 * index, 3, "%02x", (unsigned)(unsigned char)text[index]);
	if (!hex)
		append(trial->lake, sizeof(trial->lake), text);
	trial->null = drop && text[0] == '\0';
}

/* ---- paths, and the rules for nothing */

static void make_path(struct prng *prng, struct trial *trial)
{
	char value[512] = "{\"S\":\"v\"}", path[256] = "", wrapped[512], step[32];
	bool absent = prng_chance(prng, 1, 3), null = prng_chance(prng, 1, 3), blank = prng_chance(prng, 1, 2);
	bool fill_absent = prng_chance(prng, 1, 2), fill_null = prng_chance(prng, 1, 2), drop = prng_chance(prng, 1, 3);
	if (null)
		snprintf(value, sizeof(value), "{\"NULL\":true}");
	else if (blank)
		snprintf(value, sizeof(value), "{\"S\":\"\"}");
	for (uint64_t depth = prng_below(prng, 4); depth > 0; depth--) {
		char before[256];
		snprintf(before, sizeof(before), "%s", path);
		bool list = prng_chance(prng, 1, 2);
		unsigned place = (unsigned)prng_below(prng, 3);
		snprintf(step, sizeof(step), list ? "[%u]" : ".m%u", list && absent ? place + 1 : place);
		if (list)
			snprintf(wrapped, sizeof(wrapped), "{\"L\":[%s%s%s]}", place > 0 ? "{\"N\":\"1\"}," : "",
				 place > 1 ? "{\"L\":[]}," : "", value);
		else
			snprintf(wrapped, sizeof(wrapped), "{\"M\":{\"x\":{\"S\":\"w\"},\"%sm%u\":%s}}",
				 absent ? "y" : "", place, value);
		snprintf(value, sizeof(value), "%s", wrapped);
		snprintf(path, sizeof(path), "%s%s", step, before);
		if (absent) { /* once is enough; what is outside of it is there */
			snprintf(wrapped, sizeof(wrapped), "{\"M\":{\"k\":%s}}", value);
			snprintf(value, sizeof(value), "%s", wrapped);
			snprintf(before, sizeof(before), ".k%s", path);
			snprintf(path, sizeof(path), "%s", before);
			break;
		}
	}
	bool there = !absent || path[0] != '\0';
	snprintf(trial->item, sizeof(trial->item), "\"%s\":%s", there ? "a" : "b", value);
	snprintf(trial->rules, sizeof(trial->rules), "attribute: \"a%s\", absent: %s, \"null\": %s, empty_string: %s",
		 path, fill_absent ? "empty" : "null", fill_null ? "empty" : "null", drop ? "null" : "keep");
	trial->format = "u";
	bool filled = absent ? fill_absent : null && fill_null;
	bool empty = filled || (!absent && !null && blank);
	trial->null = (empty && drop) || (absent && !fill_absent) || (!absent && null && !fill_null);
	if (!empty && !trial->null)
		snprintf(trial->lake, sizeof(trial->lake), "v");
}

/* ---- the same tree as an attribute and as JSON of any spelling */

struct texts {
	char item[4096], json[4096];
};

static void put_both(struct texts *texts, const char *item, const char *json)
{
	append(texts->item, sizeof(texts->item), item);
	append(texts->json, sizeof(texts->json), json);
}

static void put_tree(struct prng *prng, struct texts *texts, unsigned depth, bool *spoil)
{
	static const char *const spaces[] = {"", " ", "\n\t"};
	char name[64], text[128], other[128];
	uint64_t kind = prng_below(prng, depth > 0 ? 6 : 4), count = prng_below(prng, 4);
	put_both(texts, "", spaces[prng_below(prng, 3)]);
	bool object = kind == 5;
	int128 number = random_unscaled(prng, 12);
	switch (kind) {
	case 0:
		put_decimal(prng, number, 3, text);
		put_decimal(prng, *spoil ? number + 1 : number, 3, other);
		*spoil = false;
		put_both(texts, "{\"N\":\"", other);
		put_both(texts, text, "");
		put_both(texts, "\"}", "");
		return;
	case 1:
		put_both(texts, "{\"S\":\"é\\\"\\u0041/\"}", *spoil ? "\"e\\\"A/\"" : "\"\\u00e9\\\"A\\/\"");
		*spoil = false;
		return;
	case 2:
		put_both(texts, "{\"BOOL\":true}", *spoil ? "false" : "true");
		*spoil = false;
		return;
	case 3:
		put_both(texts, "{\"NULL\":true}", *spoil ? "\"null\"" : "null");
		*spoil = false;
		return;
	default:
		break;
	}
	/* Objects are written forwards in the item and backwards in the JSON, so their members are made first. */
	struct texts *members = calloc(count + 1, sizeof(*members));
	for (uint64_t index = 0; index < count; index++) {
		snprintf(name, sizeof(name), "\"k%d\":", (int)index);
		if (object)
			put_both(&members[index], name, name);
		put_tree(prng, &members[index], depth - 1, spoil);
	}
	put_both(texts, object ? "{\"M\":{" : "{\"L\":[", object ? "{" : "[");
	for (uint64_t index = 0; index < count; index++) {
		put_both(texts, index > 0 ? "," : "", index > 0 ? " ," : "");
		put_both(texts, members[index].item, members[object ? count - 1 - index : index].json);
	}
	put_both(texts, object ? "}}" : "]}", object ? " }" : "]");
	free(members);
}

static bool make_json(struct prng *prng, struct trial *trial)
{
	struct texts texts = {.item = ""};
	bool spoil = prng_chance(prng, 1, 3), wanted = spoil;
	put_tree(prng, &texts, 3, &spoil);
	bool whole = prng_chance(prng, 1, 2);
	snprintf(trial->item, sizeof(trial->item), "\"a\":%s", texts.item);
	snprintf(trial->rules, sizeof(trial->rules), whole ? "as: item_json" : "attribute: a, as: json");
	snprintf(trial->lake, sizeof(trial->lake), whole ? "{\"a\":%s,\"pk\":\"k\"}" : "%s", texts.json);
	trial->format = "u";
	trial->null = !whole && strcmp(texts.item, "{\"NULL\":true}") == 0;
	return wanted && !spoil; /* some leaf was spoilt */
}

/* ---- */

static bool run_trial(const struct trial *trial, bool differs)
{
	static struct one_row row;
	struct fixture fixture;
	struct image_digest digest;
	struct digest_fault fault;
	char column[1024], item[9000];
	one_row_make(&row, "k", trial->format, trial->null ? NULL : trial->lake);
	snprintf(column, sizeof(column), "    - {column: c, %s}\n", trial->rules);
	snprintf(item, sizeof(item), "{\"pk\":{\"S\":\"k\"},%s}", trial->item);
	bool right = open_fixture(&fixture, column, "", &row.schema) && image(&fixture, item, &digest, &fault);
	if (right && trial->misfit)
		right = digest.flags != 0;
	else if (right)
		right = digest.flags == 0 && (digest.row == one_row_digest(fixture.scratch, &row)) != differs;
	if (!right)
		printf("# {%s} of {%s}: %s\n", trial->rules, trial->item,
		       trial->misfit ? "nothing fits"
		       : trial->null ? "null"
				     : trial->lake);
	close_fixture(&fixture);
	return right;
}

int main(int argument_count, char **arguments)
{
	static const char *const kinds[] = {"numbers under on_overflow", "times from numbers", "steps on text",
					    "paths and the rules for nothing", "JSON of any spelling"};
	uint64_t seed = argument_count > 1 ? strtoull(arguments[1], NULL, 10) : 4;
	uint64_t trials = argument_count > 2 ? strtoull(arguments[2], NULL, 10) : scaled(1000);
	static struct trial trial;
	for (size_t kind = 0; kind < 5; kind++) {
		uint64_t wrong = 0, nulls = 0, misfits = 0, spoilt = 0;
		for (uint64_t index = 0; index < trials && wrong < 3; index++) {
			struct prng prng;
			bool differs = false;
			prng_init(&prng, seed * 1000003 + index * 5 + kind);
			trial = (struct trial){.format = NULL};
			if (kind == 4)
				differs = make_json(&prng, &trial);
			else
				(kind == 0   ? make_number
				 : kind == 1 ? make_time
				 : kind == 2 ? make_steps
					     : make_path)(&prng, &trial);
			wrong += !run_trial(&trial, differs && !trial.null);
			nulls += trial.null;
			misfits += trial.misfit;
			spoilt += differs;
		}
		ok(wrong == 0, "seed %llu, %llu trials: %s", (unsigned long long)seed, (unsigned long long)trials,
		   kinds[kind]);
		bool reached = (kind == 1 || kind == 4 || nulls > trials / 50) && (kind > 1 || misfits > trials / 50) &&
			       (kind != 4 || spoilt > trials / 50);
		ok(reached || trials < 100, "nulls, misfits and differences were among them");
	}
	return tap_done();
}
