#include "harness/runner/record_change.h"

#include "generators/plain_format.h"

enum { SHOWN_MAX = 3, VALUE_MAX = 28 };

struct telling {
	const struct json_token *tokens;
	struct buffer *out;
	uint32_t shown, more;
};

static void put_value(const struct telling *telling, uint32_t value)
{
	struct buffer text;
	buffer_init(&text, (size_t)1 << 26);
	plain_write_value(telling->tokens, value, &text);
	size_t size = text.size;
	if (size > VALUE_MAX)
		for (size = VALUE_MAX; size > 0 && ((unsigned char)text.data[size] & 0xC0) == 0x80;)
			size--;
	buffer_append(telling->out, text.data, size);
	if (size < text.size)
		buffer_append_text(telling->out, "…");
	buffer_release(&text);
}

/* Whether there is room for one more; the rest is counted. */
static bool begin(struct telling *telling, const char *before, uint32_t name)
{
	if (telling->shown == SHOWN_MAX) {
		telling->more++;
		return false;
	}
	if (telling->shown++ > 0)
		buffer_append_text(telling->out, ", ");
	buffer_append_text(telling->out, before);
	buffer_append_slice(telling->out, json_text(&telling->tokens[name]));
	return true;
}

static bool same_value(const struct json_token *tokens, uint32_t a, uint32_t b)
{
	uint32_t size = tokens[a].next - a;
	if (tokens[b].next - b != size)
		return false;
	for (uint32_t i = 0; i < size; i++)
		if (tokens[a + i].type != tokens[b + i].type || tokens[a + i].count != tokens[b + i].count ||
		    !slice_equal(json_text(&tokens[a + i]), json_text(&tokens[b + i])))
			return false;
	return true;
}

/* The value of the member of that name, or 0. */
static uint32_t find(const struct json_token *tokens, uint32_t object, struct slice name)
{
	for (uint32_t i = object + 1; i < tokens[object].next; i = tokens[i + 1].next)
		if (slice_equal(json_text(&tokens[i]), name))
			return i + 1;
	return 0;
}

static void tell_put(struct telling *telling, const struct record *record, bool insert)
{
	const struct json_token *tokens = telling->tokens;
	uint32_t after = record->after_image;
	for (uint32_t i = after + 1; i < tokens[after].next; i = tokens[i + 1].next) {
		struct slice name = json_text(&tokens[i]);
		uint32_t before = insert ? 0 : find(tokens, record->before_image, name);
		if ((insert && find(tokens, record->keys, name) != 0) ||
		    (before != 0 && same_value(tokens, before, i + 1)) ||
		    !begin(telling, before == 0 && !insert ? "+" : "", i))
			continue;
		buffer_append_byte(telling->out, ' ');
		if (before != 0) {
			put_value(telling, before);
			buffer_append_text(telling->out, " → ");
		}
		put_value(telling, i + 1);
	}
}

void record_change_text(const struct record *record, struct buffer *out)
{
	struct telling telling = {.tokens = record->tokens, .out = out};
	bool insert = record->before == STATE_ABSENT;
	if (record->after != STATE_IMAGE || (!insert && record->before != STATE_IMAGE))
		return;
	tell_put(&telling, record, insert);
	uint32_t before = record->before_image;
	for (uint32_t i = before + 1; !insert && i < record->tokens[before].next; i = record->tokens[i + 1].next)
		if (find(record->tokens, record->after_image, json_text(&record->tokens[i])) == 0)
			(void)begin(&telling, "-", i);
	if (telling.more > 0)
		buffer_printf(out, " and %u more", telling.more);
}
