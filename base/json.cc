/* simdjson finds the structural characters, checks the UTF-8 and refuses control characters in strings (its stage 1,
 * chosen for the processor at run time); the grammar is walked here, over those positions, so that every byte of the
 * input is accounted for and numbers keep their text. No exceptions leave this file: nothing here throws. */
#include "base/json.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include <simdjson.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace
{

constexpr size_t CAPACITY_MIN = 64 * 1024;

/* An object or array whose end has not come yet. */
struct level {
	uint32_t token;
	uint32_t count;
	char close; /* what ends it */
};

const char UNEXPECTED_END[] = "unexpected end of input";
const char UNEXPECTED_CHARACTER[] = "unexpected character";
const char INVALID_UTF8[] = "invalid UTF-8";
const char OUT_OF_MEMORY[] = "out of memory";

/* What may follow a number or a word: white space, ',', ']', '}', and the end of the input. */
struct byte_table {
	bool is[256] = {};
	constexpr byte_table()
	{
		for (char byte : {' ', '\t', '\n', '\r', ',', ']', '}', ':'})
			is[static_cast<unsigned char>(byte)] = true;
	}
};
constexpr byte_table ENDS_SCALAR;

bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* What a backslash and this letter stand for, or 0. */
char simple_escape(char letter)
{
	switch (letter) {
	case '"':
	case '\\':
	case '/':
		return letter;
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	default:
		return 0;
	}
}

int hex_value(char byte)
{
	if (is_digit(byte))
		return byte - '0';
	char lower = static_cast<char>(byte | 0x20);
	return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* The 16-bit unit of "\uXXXX" at `at`, or -1. Reads at most up to the padding. */
int32_t read_unit(const char *at)
{
	if (at[0] != '\\' || at[1] != 'u')
		return -1;
	int32_t unit = 0;
	for (int i = 2; i < 6; i++) {
		int value = hex_value(at[i]);
		if (value < 0)
			return -1;
		unit = unit * 16 + value;
	}
	return unit;
}

char *write_utf8(char *out, uint32_t point)
{
	if (point < 0x80) {
		*out++ = static_cast<char>(point);
		return out;
	}
	if (point < 0x800) {
		*out++ = static_cast<char>(0xc0 | point >> 6);
	} else {
		if (point < 0x10000) {
			*out++ = static_cast<char>(0xe0 | point >> 12);
		} else {
			*out++ = static_cast<char>(0xf0 | point >> 18);
			*out++ = static_cast<char>(0x80 | (point >> 12 & 0x3f));
		}
		*out++ = static_cast<char>(0x80 | (point >> 6 & 0x3f));
	}
	*out++ = static_cast<char>(0x80 | (point & 0x3f));
	return out;
}

/* The first '"' or '\\' at or after `at`. Stage 1 has proven that the string ends, so the loop does; the loads stay
 * within the padding. */
const char *find_quote_or_backslash(const char *at)
{
#if defined(__SSE2__)
	const __m128i quote = _mm_set1_epi8('"');
	const __m128i backslash = _mm_set1_epi8('\\');
	for (;; at += 16) {
		__m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i *>(at));
		__m128i hits = _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash));
		int mask = _mm_movemask_epi8(hits);
		if (mask != 0)
			return at + __builtin_ctz(static_cast<unsigned>(mask));
	}
#else
	while (*at != '"' && *at != '\\')
		at++;
	return at;
#endif
}

/* Where UTF-8 first goes wrong, by the Unicode standard's table 3-7 (well-formed byte sequences). Only run on input
 * that simdjson refused. */
size_t utf8_failure(const unsigned char *bytes, size_t size)
{
	size_t i = 0;
	while (i < size) {
		unsigned char lead = bytes[i];
		size_t more = lead < 0x80   ? 0
			      : lead < 0xc2 ? 9
			      : lead < 0xe0 ? 1
			      : lead < 0xf0 ? 2
			      : lead < 0xf5 ? 3
					    : 9;
		if (more > size - i - 1)
			return i;
		unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
		unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
		for (size_t k = 1; k <= more; k++) {
			if (bytes[i + k] < low || bytes[i + k] > high)
				return i;
			low = 0x80;
			high = 0xbf;
		}
		i += more + 1;
	}
	return size;
}

/* Where the first string with a raw control character has it, or where the string that never ends begins. */
size_t string_failure(const char *bytes, size_t size, bool unclosed)
{
	bool inside = false;
	size_t start = 0;
	for (size_t i = 0; i < size; i++) {
		if (bytes[i] == '"') {
			inside = !inside;
			start = i;
		} else if (inside && bytes[i] == '\\') {
			i++;
		} else if (inside && !unclosed && static_cast<unsigned char>(bytes[i]) < 0x20) {
			return i;
		}
	}
	return inside ? start : size;
}

} // namespace

struct json_parser {
	std::unique_ptr<simdjson::internal::dom_parser_implementation> stage;
	size_t input_max = 0;
	json_token *tokens = nullptr;
	size_t token_capacity = 0;
	char *texts = nullptr; /* unescaped strings; never longer than the input */
	size_t text_capacity = 0;
	size_t text_used = 0;
	level levels[JSON_DEPTH_MAX];
};

namespace
{

/* One parse: the grammar over stage 1's positions. */
struct walk {
	json_parser *parser;
	const char *input;
	size_t size;
	const uint32_t *next; /* the next structural position */
	const uint32_t *end;
	json_token *token; /* the next one to write */
	json_failure *failure;

	bool fail(size_t offset, const char *reason)
	{
		*failure = json_failure{offset, reason};
		return false;
	}

	bool fail_at_next()
	{
		if (next == end)
			return fail(size, UNEXPECTED_END);
		return fail(*next, UNEXPECTED_CHARACTER);
	}

	json_token *add(uint32_t type, uint32_t offset)
	{
		json_token *added = token++;
		added->type = type;
		added->next = static_cast<uint32_t>(token - parser->tokens);
		added->count = 0;
		added->size = 0;
		added->text = nullptr;
		added->offset = offset;
		added->reserved = 0;
		return added;
	}

	bool string(uint32_t offset)
	{
		const char *start = input + offset + 1;
		const char *stop = find_quote_or_backslash(start);
		json_token *added = add(JSON_STRING, offset);
		if (*stop != '"')
			return unescape(added, start, stop);
		added->text = start;
		added->size = static_cast<uint32_t>(stop - start);
		return true;
	}

	bool unescape(json_token *added, const char *start, const char *at);
	bool escape(const char *&at, char *&out);
	bool number(uint32_t offset);
	bool word(uint32_t offset, const char *text, uint32_t length, uint32_t type);
	bool scalar(uint32_t offset);
	bool is_typed_text() const;
	bool typed_text();
	bool value();
	bool run();
};

/* One escape at `at`, which is a backslash. */
bool walk::escape(const char *&at, char *&out)
{
	size_t offset = static_cast<size_t>(at - input);
	char replacement = simple_escape(at[1]);
	if (replacement != 0) {
		*out++ = replacement;
		at += 2;
		return true;
	}
	int32_t unit = read_unit(at);
	if (unit < 0)
		return fail(offset, "invalid escape in a string");
	at += 6;
	uint32_t point = static_cast<uint32_t>(unit);
	if (unit >= 0xd800 && unit < 0xe000) {
		int32_t low = unit < 0xdc00 ? read_unit(at) : -1;
		if (low < 0xdc00 || low >= 0xe000)
			return fail(offset, "lone surrogate in a string");
		point = 0x10000 + ((point - 0xd800) << 10) + (static_cast<uint32_t>(low) - 0xdc00);
		at += 6;
	}
	out = write_utf8(out, point);
	return true;
}

/* `at`: the string's first backslash. */
bool walk::unescape(json_token *added, const char *start, const char *at)
{
	if (parser->text_capacity < size + JSON_PADDING) {
		/* Nothing points into the old memory yet: it grows at a parse's first escaped string only. */
		std::free(parser->texts);
		parser->texts = static_cast<char *>(std::malloc(size + JSON_PADDING));
		parser->text_capacity = parser->texts != nullptr ? size + JSON_PADDING : 0;
		if (parser->texts == nullptr)
			return fail(added->offset, OUT_OF_MEMORY);
	}
	char *text = parser->texts + parser->text_used;
	char *out = text;
	for (;;) {
		size_t plain = static_cast<size_t>(at - start);
		std::memcpy(out, start, plain);
		out += plain;
		if (*at == '"')
			break;
		if (!escape(at, out))
			return false;
		start = at;
		at = find_quote_or_backslash(at);
	}
	added->text = text;
	added->size = static_cast<uint32_t>(out - text);
	parser->text_used += added->size;
	return true;
}

/* RFC 8259 section 6. The padding's bytes may be anything, so the end is checked by position. */
bool walk::number(uint32_t offset)
{
	const char *at = input + offset;
	const char *stop = input + size;
	const char *start = at;
	if (*at == '-')
		at++;
	const char *digits = at;
	while (at < stop && is_digit(*at))
		at++;
	if (at == digits || (*digits == '0' && at - digits > 1))
		return fail(offset, "invalid number");
	if (at < stop && *at == '.') {
		digits = ++at;
		while (at < stop && is_digit(*at))
			at++;
		if (at == digits)
			return fail(offset, "invalid number");
	}
	if (at < stop && (*at == 'e' || *at == 'E')) {
		at++;
		if (at < stop && (*at == '+' || *at == '-'))
			at++;
		digits = at;
		while (at < stop && is_digit(*at))
			at++;
		if (at == digits)
			return fail(offset, "invalid number");
	}
	if (at < stop && !ENDS_SCALAR.is[static_cast<unsigned char>(*at)])
		return fail(offset, "invalid number");
	json_token *added = add(JSON_NUMBER, offset);
	added->text = start;
	added->size = static_cast<uint32_t>(at - start);
	return true;
}

bool walk::word(uint32_t offset, const char *text, uint32_t length, uint32_t type)
{
	const char *at = input + offset;
	if (size - offset < length || std::memcmp(at, text, length) != 0)
		return fail(offset, UNEXPECTED_CHARACTER);
	if (size - offset > length && !ENDS_SCALAR.is[static_cast<unsigned char>(at[length])])
		return fail(offset, UNEXPECTED_CHARACTER);
	add(type, offset);
	return true;
}

bool walk::scalar(uint32_t offset)
{
	switch (input[offset]) {
	case '"':
		return string(offset);
	case 't':
		return word(offset, "true", 4, JSON_TRUE);
	case 'f':
		return word(offset, "false", 5, JSON_FALSE);
	case 'n':
		return word(offset, "null", 4, JSON_NULL);
	case '-':
	case '0':
	case '1':
	case '2':
	case '3':
	case '4':
	case '5':
	case '6':
	case '7':
	case '8':
	case '9':
		return number(offset);
	default:
		return fail(offset, UNEXPECTED_CHARACTER);
	}
}

/* Whether {"X":"text"} comes next, which is most of what a DynamoDB record consists of. */
bool walk::is_typed_text() const
{
	return end - next >= 5 && input[next[0]] == '{' && input[next[1]] == '"' && input[next[2]] == ':' &&
	       input[next[3]] == '"' && input[next[4]] == '}';
}

bool walk::typed_text()
{
	json_token *object = add(JSON_OBJECT, next[0]);
	if (!string(next[1]) || !string(next[3]))
		return false;
	object->count = 1;
	object->next = static_cast<uint32_t>(token - parser->tokens);
	next += 5;
	return true;
}

/* The value at `next` with all of its contents. The levels stand on a stack of their own, so that depth is bounded by
 * JSON_DEPTH_MAX and not by the thread's stack. */
bool walk::value()
{
	level *const levels = parser->levels;
	uint32_t depth = 0;
	for (;;) {
		/* A value begins here. */
		if (next == end)
			return fail_at_next();
		uint32_t offset = *next;
		char byte = input[offset];
		if (depth < JSON_DEPTH_MAX && is_typed_text()) {
			if (!typed_text())
				return false;
			if (depth == 0)
				return true;
		} else if (byte == '{' || byte == '[') {
			if (depth == JSON_DEPTH_MAX)
				return fail(offset, "nested deeper than 256 levels");
			next++;
			char close = byte == '{' ? '}' : ']';
			levels[depth++] = level{static_cast<uint32_t>(token - parser->tokens), 0, close};
			add(byte == '{' ? JSON_OBJECT : JSON_ARRAY, offset);
			if (next == end)
				return fail_at_next();
			if (input[*next] != close) {
				levels[depth - 1].count = 1;
				goto element;
			}
		} else {
			if (!scalar(offset))
				return false;
			next++;
			if (depth == 0)
				return true;
		}
		/* A value has just ended, or an empty container is about to. */
		for (;;) {
			if (next == end)
				return fail_at_next();
			char after = input[*next];
			level &open = levels[depth - 1];
			if (after == ',' && open.count > 0) {
				next++;
				open.count++;
				break;
			}
			if (after != open.close)
				return fail_at_next();
			next++;
			json_token *container = parser->tokens + open.token;
			container->next = static_cast<uint32_t>(token - parser->tokens);
			container->count = open.count;
			if (--depth == 0)
				return true;
		}
element:
		if (levels[depth - 1].close != '}')
			continue;
		/* A member's name and its colon. */
		if (next == end || input[*next] != '"')
			return fail_at_next();
		if (!string(*next++))
			return false;
		if (next == end || input[*next] != ':')
			return fail_at_next();
		next++;
	}
}

bool walk::run()
{
	if (!value())
		return false;
	if (next != end)
		return fail(*next, "more after the value's end");
	return true;
}

/* Memory for an input of this size: it grows by doubling, so that a parser for 16 MB records that only meets small ones
 * stays small. */
bool make_room(json_parser *parser, size_t size)
{
	if (size <= parser->stage->capacity())
		return true;
	size_t capacity = parser->stage->capacity() * 2;
	if (capacity < size)
		capacity = size;
	if (capacity > parser->input_max)
		capacity = parser->input_max;
	return parser->stage->set_capacity(capacity) == simdjson::SUCCESS;
}

bool make_tokens(json_parser *parser, size_t count)
{
	if (count <= parser->token_capacity)
		return true;
	size_t capacity = parser->token_capacity * 2;
	if (capacity < count)
		capacity = count;
	/* Not realloc: there is nothing to keep. */
	std::free(parser->tokens);
	parser->tokens = static_cast<json_token *>(std::calloc(capacity, sizeof(json_token)));
	parser->token_capacity = parser->tokens != nullptr ? capacity : 0;
	return parser->tokens != nullptr;
}

void explain(simdjson::error_code code, slice input, json_failure *failure)
{
	size_t start = 0;
	switch (code) {
	case simdjson::UTF8_ERROR:
		start = utf8_failure(reinterpret_cast<const unsigned char *>(input.data), input.size);
		*failure = json_failure{start, INVALID_UTF8};
		return;
	case simdjson::UNESCAPED_CHARS:
		start = string_failure(input.data, input.size, false);
		*failure = json_failure{start, "control character in a string"};
		return;
	case simdjson::UNCLOSED_STRING:
		start = string_failure(input.data, input.size, true);
		*failure = json_failure{start, "string without an end"};
		return;
	case simdjson::EMPTY:
		*failure = json_failure{input.size, UNEXPECTED_END};
		return;
	case simdjson::MEMALLOC:
		*failure = json_failure{0, OUT_OF_MEMORY};
		return;
	default:
		*failure = json_failure{0, "not JSON"};
		return;
	}
}

} // namespace

json_parser *json_parser_new(size_t input_max)
{
	json_parser *parser = new (std::nothrow) json_parser;
	if (parser == nullptr)
		return nullptr;
	if (input_max > UINT32_MAX / 2)
		input_max = UINT32_MAX / 2;
	parser->input_max = input_max;
	size_t capacity = input_max < CAPACITY_MIN ? input_max : CAPACITY_MIN;
	simdjson::error_code code = simdjson::get_active_implementation()->create_dom_parser_implementation(
		capacity, simdjson::DEFAULT_MAX_DEPTH, parser->stage);
	if (code != simdjson::SUCCESS || !make_tokens(parser, CAPACITY_MIN / 16)) {
		json_parser_free(parser);
		return nullptr;
	}
	return parser;
}

void json_parser_free(json_parser *parser)
{
	if (parser == nullptr)
		return;
	std::free(parser->tokens);
	std::free(parser->texts);
	delete parser;
}

bool json_parse(json_parser *parser, slice input, const json_token **tokens, size_t *count, json_failure *failure)
{
	if (input.size == 0) {
		*failure = json_failure{0, UNEXPECTED_END};
		return false;
	}
	if (input.size > parser->input_max) {
		*failure = json_failure{parser->input_max, "larger than the maximum"};
		return false;
	}
	if (!make_room(parser, input.size)) {
		*failure = json_failure{0, OUT_OF_MEMORY};
		return false;
	}
	simdjson::internal::dom_parser_implementation *stage = parser->stage.get();
	simdjson::error_code code = stage->stage1(reinterpret_cast<const uint8_t *>(input.data), input.size,
						  simdjson::stage1_mode::regular);
	if (code != simdjson::SUCCESS) {
		explain(code, input, failure);
		return false;
	}
	uint32_t found = stage->n_structural_indexes;
	/* Every token begins at a structural position of its own. */
	if (!make_tokens(parser, found)) {
		*failure = json_failure{0, OUT_OF_MEMORY};
		return false;
	}
	parser->text_used = 0;
	const uint32_t *positions = stage->structural_indexes.get();
	walk walk{parser, input.data, input.size, positions, positions + found, parser->tokens, failure};
	if (!walk.run())
		return false;
	*tokens = parser->tokens;
	*count = static_cast<size_t>(walk.token - parser->tokens);
	return true;
}

uint32_t json_member(const json_token *tokens, uint32_t object, const char *name)
{
	if (tokens[object].type != JSON_OBJECT)
		return 0;
	slice wanted = slice_from(name);
	uint32_t at = object + 1;
	for (uint32_t i = 0; i < tokens[object].count; i++) {
		if (slice_equal(json_text(&tokens[at]), wanted))
			return at + 1;
		at = tokens[at + 1].next;
	}
	return 0;
}

bool json_is_utf8(slice text)
{
	return simdjson::validate_utf8(text.data, text.size);
}
