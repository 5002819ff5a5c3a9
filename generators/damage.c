#include "generators/damage.h"

#include <stdio.h>

enum { DEEP = 40, HUGE_SIZE = 17 * 1024 * 1024 };

/* ---- numbers ---- */

size_t damage_respell(const char *number, size_t size, unsigned i, char *to)
{
	const char *digits = number + (number[0] == '-');
	size_t count = size - (size_t)(digits - number);
	const char *point = memchr(digits, '.', count);

	if (i % 2 == 0 || digits[0] == '0' || count > 60) { /* a trailing zero more */
		memcpy(to, number, size);
		size_t more = point != NULL ? 1 : 2;
		memcpy(to + size, point != NULL ? "0" : ".0", more);
		return size + more;
	}
	/* d.dddE+n, without the zeros at its end */
	char plain[64] = "0";
	size_t whole = point != NULL ? (size_t)(point - digits) : count, kept = 0;
	for (size_t at = 0; at < count; at++)
		if (digits[at] != '.')
			plain[kept++] = digits[at];
	while (kept > 1 && plain[kept - 1] == '0')
		kept--;
	char *at = to;
	if (number[0] == '-')
		*at++ = '-';
	*at++ = plain[0];
	if (kept > 1) {
		*at++ = '.';
		memcpy(at, plain + 1, kept - 1);
		at += kept - 1;
	}
	return (size_t)(at - to) + (size_t)snprintf(at, 8, "E+%zu", whole - 1);
}

/* Every {"N":"…"} of a text; quotes inside strings are escaped, so what looks like one is one. */
static bool respell_slice(struct arena *arena, struct slice *text)
{
	static const char mark[] = "{\"N\":\"";
	enum { MARK = sizeof(mark) - 1 };
	size_t numbers = 0;

	if (text->data == NULL)
		return true;
	const char *end = text->data + text->size;
	for (const char *at = text->data; (at = memmem(at, (size_t)(end - at), mark, MARK)) != NULL; at += MARK)
		numbers++;
	char *to = arena_alloc(arena, text->size + numbers * 8 + 8), *start = to;
	if (to == NULL)
		return false;
	const char *from = text->data;
	for (unsigned i = 0;; i++) {
		const char *found = memmem(from, (size_t)(end - from), mark, MARK);
		size_t plain = found == NULL ? (size_t)(end - from) : (size_t)(found - from) + MARK;
		memcpy(to, from, plain);
		to += plain;
		from += plain;
		if (found == NULL)
			break;
		const char *quote = memchr(from, '"', (size_t)(end - from));
		if (quote == NULL)
			return false;
		to += damage_respell(from, (size_t)(quote - from), i, to);
		from = quote;
	}
	*text = (struct slice){start, (size_t)(to - start)};
	return true;
}

/* ---- types ---- */

/* Whether the value at `at`, up to and with its text's closing quote, is one of the keys'. */
static bool is_in_keys(struct slice keys, const char *at, const char *quote)
{
	return memmem(keys.data, keys.size, at, (size_t)(quote - at) + 1) != NULL;
}

/* The quote that closes the string whose text begins at `at`. */
static const char *string_end(const char *at, const char *end)
{
	while (at < end && *at != '"')
		at += *at == '\\' ? 2 : 1;
	return at < end ? at : NULL;
}

/* Copies up to `to`; where the text goes on. */
static const char *copy_to(struct buffer *out, const char *from, const char *to)
{
	buffer_append(out, from, (size_t)(to - from));
	return to;
}

/* The text that was put together in place of the one there was. */
static bool replace(struct arena *arena, struct slice *text, struct buffer *changed)
{
	struct slice copy = arena_copy(arena, buffer_slice(changed));
	bool done = !changed->failed && copy.data != NULL;
	if (done)
		*text = copy;
	buffer_release(changed);
	return done;
}

/* Every digit behind the 17th that a double's text may have becomes 0. */
static void append_rounded(struct buffer *out, const char *number, const char *end)
{
	enum { DOUBLE_DIGITS = 17 };
	unsigned digits = 0;

	for (; number < end && *number != 'E'; number++) {
		bool counts = *number >= '1' || (*number == '0' && digits > 0);
		digits += counts;
		buffer_append_byte(out, counts && digits > DOUBLE_DIGITS ? '0' : *number);
	}
	(void)copy_to(out, number, end);
}

/* Values of one tag, {"N":"…"} or {"B":"…"}, but for the keys': numbers lose digits, binaries their type. */
static bool spoil_texts(struct record_parts *parts, struct slice *text, const char *mark)
{
	enum { MARK = 6 };
	struct buffer changed;

	if (text->data == NULL)
		return true;
	buffer_init(&changed, 2 * text->size + 64);
	const char *from = text->data, *end = from + text->size, *quote;
	for (const char *at = from; (at = memmem(at, (size_t)(end - at), mark, MARK)) != NULL; at += MARK) {
		if ((quote = string_end(at + MARK, end)) == NULL || is_in_keys(parts->keys, at, quote))
			continue;
		(void)copy_to(&changed, from, at);
		from = at + MARK;
		if (mark[2] == 'N') {
			buffer_append_text(&changed, mark);
			append_rounded(&changed, from, quote);
			from = quote;
		} else {
			buffer_append_text(&changed, "{\"S\":\"");
		}
	}
	(void)copy_to(&changed, from, end);
	return replace(&parts->changed, text, &changed);
}

/* {"SS":["a","b"]} as {"L":[{"S":"a"},{"S":"b"}]}. */
static bool sets_to_lists(struct record_parts *parts, struct slice *text)
{
	static const char *const marks[] = {"{\"SS\":[", "{\"NS\":[", "{\"BS\":["};
	enum { MARK = 7 };
	bool done = true;

	for (unsigned kind = 0; kind < 3 && done && text->data != NULL; kind++) {
		struct buffer changed;
		buffer_init(&changed, 8 * text->size + 64);
		const char *from = text->data, *end = from + text->size, *at;
		while ((at = memmem(from, (size_t)(end - from), marks[kind], MARK)) != NULL) {
			(void)copy_to(&changed, from, at);
			buffer_append_text(&changed, "{\"L\":[");
			for (from = at + MARK; from < end && *from == '"';) {
				const char *quote = string_end(from + 1, end);
				if (quote == NULL)
					break;
				buffer_printf(&changed, "{\"%c\":", marks[kind][2]);
				from = copy_to(&changed, from, quote + 1);
				buffer_append_byte(&changed, '}');
				if (from < end && *from == ',')
					from = copy_to(&changed, from, from + 1);
			}
		}
		(void)copy_to(&changed, from, end);
		done = replace(&parts->changed, text, &changed);
	}
	return done;
}

static bool spoil_images(struct record_parts *parts, enum fault_id id)
{
	struct slice *const images[] = {&parts->new_image, &parts->old_image};
	bool done = true;

	for (unsigned i = 0; i < 2 && done; i++)
		done = id == FAULT_SET_AS_LIST     ? sets_to_lists(parts, images[i])
		       : id == FAULT_NUMBER_DOUBLE ? spoil_texts(parts, images[i], "{\"N\":\"")
						   : spoil_texts(parts, images[i], "{\"B\":\"");
	return done;
}

/* ---- keys ---- */

/* {"pk":…} with `text` put in place of what comes before `rest`. */
static bool put_before(struct record_parts *parts, struct slice text, size_t rest)
{
	size_t size = text.size + parts->keys.size - rest;
	char *to = arena_alloc(&parts->changed, size);
	if (to == NULL)
		return false;
	memcpy(to, text.data, text.size);
	memcpy(to + text.size, parts->keys.data + rest, parts->keys.size - rest);
	parts->keys = (struct slice){to, size};
	return true;
}

static bool put_text(struct record_parts *parts, const char *text)
{
	return put_before(parts, slice_from(text), 1);
}

static bool put_deep(struct record_parts *parts)
{
	struct buffer text;
	buffer_init(&text, 4096);
	buffer_append_text(&text, "{\"deep\":");
	for (unsigned i = 0; i < DEEP; i++)
		buffer_append_text(&text, "{\"L\":[");
	buffer_append_text(&text, "{\"NULL\":true}");
	for (unsigned i = 0; i < DEEP; i++)
		buffer_append_text(&text, "]}");
	buffer_append_byte(&text, ',');
	bool done = !text.failed && put_before(parts, buffer_slice(&text), 1);
	buffer_release(&text);
	return done;
}

static bool put_huge(struct record_parts *parts)
{
	static const char open[] = "{\"huge\":{\"S\":\"", close[] = "\"},";
	size_t size = sizeof(open) - 1 + HUGE_SIZE + sizeof(close) - 1;
	char *text = arena_alloc(&parts->changed, size);
	if (text == NULL)
		return false;
	memcpy(text, open, sizeof(open) - 1);
	memset(text + sizeof(open) - 1, 'x', HUGE_SIZE);
	memcpy(text + size - (sizeof(close) - 1), close, sizeof(close) - 1);
	return put_before(parts, (struct slice){text, size}, 1);
}

/* The partition key's name stands first. */
static bool break_key(struct record_parts *parts, enum fault_id id, const char *name)
{
	const char *form = id == FAULT_BAD_KEY_MISSING ? "{\"no-%s\":"
			   : id == FAULT_BAD_KEY_TYPE  ? "{\"%s\":{\"BOOL\":true},\"other\":"
						       : "{\"%s\":{\"S\":\"1\"},\"%s\":";
	char text[2 * KEY_NAME_MAX + 64];
	snprintf(text, sizeof(text), form, name, name);
	return put_before(parts, slice_from(text), strlen(name) + 4);
}

/* ---- the whole ---- */

static bool damage_one(struct record_parts *parts, enum fault_id id, const char *key_name)
{
	switch (id) {
	case FAULT_NUMBER_SPELLING:
		return respell_slice(&parts->changed, &parts->keys) &&
		       respell_slice(&parts->changed, &parts->new_image) &&
		       respell_slice(&parts->changed, &parts->old_image);
	case FAULT_TIME_MS:
		parts->stamp_unit_us = 1000;
		return true;
	case FAULT_TIME_US:
		parts->stamp_unit_us = 1;
		return true;
	case FAULT_NO_TTL_MARKER:
		parts->expired = false;
		return true;
	case FAULT_EMPTY_IMAGE:
		*(parts->new_image.data != NULL ? &parts->new_image : &parts->old_image) = slice_from("{}");
		return true;
	case FAULT_NUMBER_DOUBLE:
	case FAULT_SET_AS_LIST:
	case FAULT_BINARY_AS_TEXT:
		return spoil_images(parts, id);
	case FAULT_BAD_TYPE_TAG:
		return put_text(parts, "{\"typed\":{\"X\":\"1\"},");
	case FAULT_BAD_NUMBER:
		return put_text(parts, "{\"numbered\":{\"N\":\"123456789012345678901234567890123456789\"},");
	case FAULT_BAD_UTF8:
		return put_text(parts, "{\"text\":{\"S\":\"\xff\"},");
	case FAULT_BAD_KEY_MISSING:
	case FAULT_BAD_KEY_TYPE:
	case FAULT_BAD_DUPLICATE_KEY:
		return break_key(parts, id, key_name);
	case FAULT_BAD_DEEP:
		return put_deep(parts);
	case FAULT_BAD_HUGE:
		return put_huge(parts);
	default:
		return true;
	}
}

int damage_parts(struct record_parts *parts, uint32_t marks, const char *key_name)
{
	arena_reset(&parts->changed);
	/* From the last on: a broken key's name must still stand first. */
	for (int id = FAULT_MARKS_FIRST; id <= FAULT_MARKS_LAST; id++) {
		bool key = id == FAULT_BAD_KEY_MISSING || id == FAULT_BAD_KEY_TYPE || id == FAULT_BAD_DUPLICATE_KEY;
		if (key && (marks & MARK_OF(id)) != 0 && !damage_one(parts, (enum fault_id)id, key_name))
			return ERROR_INTERNAL;
		if (key && (marks & MARK_OF(id)) != 0)
			break;
	}
	for (int id = FAULT_MARKS_FIRST; id <= FAULT_MARKS_LAST; id++) {
		bool key = id == FAULT_BAD_KEY_MISSING || id == FAULT_BAD_KEY_TYPE || id == FAULT_BAD_DUPLICATE_KEY;
		if (!key && (marks & MARK_OF(id)) != 0 && !damage_one(parts, (enum fault_id)id, key_name))
			return ERROR_INTERNAL;
	}
	return 0;
}
