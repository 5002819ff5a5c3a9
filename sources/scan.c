#include "sources/scan.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum { BLOCK = 64 };

/* One bit a byte of a block, the first byte lowest. */
struct masks {
	uint64_t quotes;
	uint64_t backslashes;
	uint64_t opens;  /* '{' '[' */
	uint64_t closes; /* '}' ']' */
	uint64_t braces; /* '{' */
	uint64_t lines;  /* '\n' */
	uint64_t before; /* bytes that may stand right before a '{' inside a value */
};

#if defined(__SSE2__)

static inline uint64_t equal(__m128i bytes, char byte)
{
	return (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte)));
}

static inline void masks_read(struct masks *masks, const char *block)
{
	const __m128i case_bit = _mm_set1_epi8(0x20);
	*masks = (struct masks){0};
	for (int part = 0; part < BLOCK / 16; part++) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(block + 16 * part));
		/* '[' and ']' differ from '{' and '}' in this bit alone. */
		__m128i folded = _mm_or_si128(bytes, case_bit);
		__m128i space = _mm_cmpeq_epi8(_mm_min_epu8(bytes, case_bit), bytes);
		int shift = 16 * part;
		masks->quotes |= equal(bytes, '"') << shift;
		masks->backslashes |= equal(bytes, '\\') << shift;
		masks->opens |= equal(folded, '{') << shift;
		masks->closes |= equal(folded, '}') << shift;
		masks->braces |= equal(bytes, '{') << shift;
		masks->lines |= equal(bytes, '\n') << shift;
		masks->before |= (equal(bytes, ':') | equal(bytes, ',') | equal(bytes, '[') |
				  (uint64_t)(uint32_t)_mm_movemask_epi8(space))
				 << shift;
	}
}

#else

static inline void masks_read(struct masks *masks, const char *block)
{
	*masks = (struct masks){0};
	for (int i = 0; i < BLOCK; i++) {
		uint64_t bit = UINT64_C(1) << i;
		unsigned char byte = (unsigned char)block[i];
		masks->quotes |= byte == '"' ? bit : 0;
		masks->backslashes |= byte == '\\' ? bit : 0;
		masks->opens |= byte == '{' || byte == '[' ? bit : 0;
		masks->closes |= byte == '}' || byte == ']' ? bit : 0;
		masks->braces |= byte == '{' ? bit : 0;
		masks->lines |= byte == '\n' ? bit : 0;
		masks->before |= byte == ':' || byte == ',' || byte == '[' || byte <= 0x20 ? bit : 0;
	}
}

#endif

/* Bit i: whether an odd number of bits up to and including i is set. */
static inline uint64_t prefix_xor(uint64_t bits)
{
	bits ^= bits << 1;
	bits ^= bits << 2;
	bits ^= bits << 4;
	bits ^= bits << 8;
	bits ^= bits << 16;
	bits ^= bits << 32;
	return bits;
}

static inline bool may_precede_object(char byte)
{
	return byte == ':' || byte == ',' || byte == '[';
}

/* The bytes that a backslash takes the meaning from; sets scan->escaped for the byte after the block's `size` bytes. */
static inline uint64_t escaped_bytes(struct scan *scan, uint64_t backslashes, size_t size)
{
	uint64_t escaped = scan->escaped ? 1 : 0;
	uint64_t last = UINT64_C(1) << (size - 1);
	scan->escaped = false;
	backslashes &= ~escaped;
	while (backslashes != 0) {
		uint64_t bit = backslashes & (~backslashes + 1);
		if (bit == last)
			scan->escaped = true;
		escaped |= bit << 1;
		backslashes &= ~(bit | bit << 1);
	}
	return escaped;
}

/* The last byte in [from, at) that is no white space, or what stood before `from`. */
static char significant_before(const struct scan *scan, const char *data, size_t from, size_t at)
{
	while (at > from && scan_is_space(data[at - 1]))
		at--;
	return at > from ? data[at - 1] : scan->significant;
}

void scan_init(struct scan *scan, char opening)
{
	*scan = (struct scan){.depth = 1, .previous = opening, .significant = opening};
}

/* Where among the block's brackets the depth becomes 0, or BLOCK. */
static inline unsigned closing(struct scan *scan, uint64_t opens, uint64_t closes)
{
	unsigned closing_count = (unsigned)__builtin_popcountll(closes);
	if (scan->depth > closing_count) {
		scan->depth += (unsigned)__builtin_popcountll(opens);
		scan->depth -= closing_count;
		return BLOCK;
	}
	uint64_t brackets = opens | closes;
	while (brackets != 0) {
		unsigned bit = (unsigned)__builtin_ctzll(brackets);
		brackets &= brackets - 1;
		if (opens >> bit & 1)
			scan->depth++;
		else if (--scan->depth == 0)
			return bit;
	}
	return BLOCK;
}

/* Braces at the start of a line that can not be there. `from`: where this call of scan_run began. */
static uint64_t bad_line_starts(const struct scan *scan, uint64_t starts, const char *data, size_t from, size_t at)
{
	uint64_t bad = 0;
	for (; starts != 0; starts &= starts - 1) {
		unsigned bit = (unsigned)__builtin_ctzll(starts);
		if (!may_precede_object(significant_before(scan, data, from, at + bit)))
			bad |= UINT64_C(1) << bit;
	}
	return bad;
}

enum scan_status scan_run(struct scan *scan, struct slice bytes, size_t *at)
{
	const size_t from = *at;
	uint64_t inside = scan->in_string ? ~UINT64_C(0) : 0;
	uint64_t before = may_precede_object(scan->previous) || (unsigned char)scan->previous <= 0x20;
	uint64_t line = scan->previous == '\n';
	for (size_t i = from; i < bytes.size; i += BLOCK) {
		size_t size = bytes.size - i < BLOCK ? bytes.size - i : BLOCK;
		uint64_t valid = size < BLOCK ? (UINT64_C(1) << size) - 1 : ~UINT64_C(0);
		struct masks masks;
		masks_read(&masks, bytes.data + i);
		uint64_t quotes = masks.quotes & valid & ~escaped_bytes(scan, masks.backslashes & valid, size);
		uint64_t in_string = prefix_xor(quotes) ^ inside;
		inside = in_string >> (size - 1) & 1 ? ~UINT64_C(0) : 0;
		uint64_t outside = valid & ~in_string;
		uint64_t braces = masks.braces & outside;
		uint64_t broken_strings = masks.lines & valid & in_string;
		uint64_t misplaced = braces & ~(masks.before << 1 | before);
		uint64_t line_starts = braces & (masks.lines << 1 | line);
		if (line_starts != 0)
			misplaced |= bad_line_starts(scan, line_starts, bytes.data, from, i);
		uint64_t bad = broken_strings | misplaced;
		if (bad != 0)
			outside &= (bad & (~bad + 1)) - 1;
		unsigned end = closing(scan, masks.opens & outside, masks.closes & outside);
		if (end < BLOCK) {
			*at = i + end + 1;
			return SCAN_END;
		}
		if (bad != 0) {
			uint64_t first = bad & (~bad + 1);
			scan->reason = first & broken_strings
					       ? "a line break inside a string"
					       : "an object begins where none can, the record is not closed";
			*at = i + (unsigned)__builtin_ctzll(bad);
			return SCAN_BAD;
		}
		before = masks.before >> (size - 1) & 1;
		line = masks.lines >> (size - 1) & 1;
	}
	if (bytes.size > from) {
		scan->in_string = inside != 0;
		scan->previous = bytes.data[bytes.size - 1];
		scan->significant = significant_before(scan, bytes.data, from, bytes.size);
	}
	*at = bytes.size;
	return SCAN_MORE;
}

/* ---- members of an object */

static size_t skip_space(struct slice bytes, size_t at)
{
	while (at < bytes.size && scan_is_space(bytes.data[at]))
		at++;
	return at;
}

/* *at: at an opening quote, then after the closing one. */
static enum scan_status skip_string(struct slice bytes, size_t *at)
{
	size_t i = *at + 1;
	while (i < bytes.size) {
		const char *quote = memchr(bytes.data + i, '"', bytes.size - i);
		if (quote == NULL)
			break;
		size_t end = (size_t)(quote - bytes.data);
		size_t backslashes = 0;
		while (end - backslashes > *at + 1 && bytes.data[end - backslashes - 1] == '\\')
			backslashes++;
		i = end + 1;
		if (backslashes % 2 == 0) {
			*at = i;
			return SCAN_END;
		}
	}
	return SCAN_MORE;
}

static enum scan_status skip_value(struct slice bytes, size_t *at)
{
	char first = bytes.data[*at];
	if (first == '"')
		return skip_string(bytes, at);
	if (first == '{' || first == '[') {
		struct scan scan;
		scan_init(&scan, first);
		++*at;
		return scan_run(&scan, bytes, at);
	}
	size_t start = *at;
	while (*at < bytes.size && !scan_is_space(bytes.data[*at]) && strchr(",:\"{}[]", bytes.data[*at]) == NULL)
		++*at;
	if (*at == bytes.size)
		return SCAN_MORE;
	return *at > start ? SCAN_END : SCAN_BAD;
}

/* *at: before a member; then before its value. SCAN_END when there is a member, SCAN_BAD when there is something else
 * (the '}' too). *name is as written, escapes and all: the names that decide need none. */
static enum scan_status next_member(struct slice bytes, size_t *at, struct slice *name)
{
	*at = skip_space(bytes, *at);
	if (*at < bytes.size && bytes.data[*at] == ',')
		*at = skip_space(bytes, *at + 1);
	if (*at == bytes.size)
		return SCAN_MORE;
	if (bytes.data[*at] != '"')
		return SCAN_BAD;
	size_t start = *at + 1;
	enum scan_status status = skip_string(bytes, at);
	if (status != SCAN_END)
		return status;
	*name = (struct slice){bytes.data + start, *at - 1 - start};
	*at = skip_space(bytes, *at);
	if (*at == bytes.size)
		return SCAN_MORE;
	if (bytes.data[*at] != ':')
		return SCAN_BAD;
	*at = skip_space(bytes, *at + 1);
	return *at == bytes.size ? SCAN_MORE : SCAN_END;
}

/* A member that a record has and an envelope has not. */
static bool is_record_member(struct slice name)
{
	return slice_is(name, "Item") || slice_is(name, "dynamodb") || slice_is(name, "eventName") ||
	       slice_is(name, "Keys");
}

static bool is_envelope_member(struct slice name)
{
	return slice_is(name, "Records") || slice_is(name, "records");
}

/* Whether {"S":"… or {"s":"… begins at `at`, by which an attribute of an item is known without looking further. */
static bool is_scalar(struct slice bytes, size_t at)
{
	return bytes.size - at > 5 && memcmp(bytes.data + at, "{\"", 2) == 0 &&
	       strchr("SsNnBb", bytes.data[at + 2]) != NULL && memcmp(bytes.data + at + 3, "\":\"", 3) == 0;
}

enum scan_shape scan_object(struct slice bytes, bool pages, size_t *elements)
{
	size_t at = 1;
	for (;;) {
		struct slice name;
		enum scan_status status = next_member(bytes, &at, &name);
		if (status != SCAN_END)
			return status == SCAN_MORE ? SHAPE_MORE : SHAPE_RECORD;
		if (is_record_member(name))
			return SHAPE_RECORD;
		bool page = pages && slice_is(name, "Items");
		if ((page || is_envelope_member(name)) && bytes.data[at] == '[') {
			size_t first = skip_space(bytes, at + 1);
			*elements = at + 1;
			if (first == bytes.size)
				return SHAPE_MORE;
			if (bytes.data[first] != '{' && bytes.data[first] != ']')
				return SHAPE_RECORD;
			return page ? SHAPE_PAGE : SHAPE_ENVELOPE;
		}
		if (pages && is_scalar(bytes, at))
			return SHAPE_RECORD;
		status = skip_value(bytes, &at);
		if (status != SCAN_END)
			return status == SCAN_MORE ? SHAPE_MORE : SHAPE_RECORD;
	}
}

bool scan_envelope_tail(struct slice bytes, bool page, const char **reason)
{
	size_t at = 0;
	for (;;) {
		struct slice name;
		enum scan_status status = next_member(bytes, &at, &name);
		if (status == SCAN_BAD && bytes.data[at] == '}' && at + 1 == bytes.size)
			return true;
		*reason = "malformed members after an envelope's Records";
		if (status != SCAN_END || skip_value(bytes, &at) != SCAN_END)
			return false;
		*reason = "an object with Records and a record's own members is neither an envelope nor a record";
		if (is_record_member(name))
			return false;
		*reason = "an envelope with two members Records, or a page with two members Items";
		if (is_envelope_member(name) || (page && slice_is(name, "Items")))
			return false;
	}
}

/* ---- lines that are no JSON */

static bool is_base64_letter(char byte)
{
	return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') ||
	       byte == '+' || byte == '/';
}

enum scan_status scan_base64_line(struct slice bytes, size_t *size)
{
	size_t at = 0;
	*size = 0;
	if (bytes.size == 0 || bytes.data[0] != 'e')
		return SCAN_BAD;
	while (at < bytes.size && is_base64_letter(bytes.data[at]))
		at++;
	while (at < bytes.size && bytes.data[at] == '=')
		at++;
	*size = at;
	while (at < bytes.size && bytes.data[at] != '\n' && scan_is_space(bytes.data[at]))
		at++;
	if (at == bytes.size)
		return SCAN_MORE;
	return bytes.data[at] == '\n' ? SCAN_END : SCAN_BAD;
}

enum scan_status scan_hive_line(struct slice bytes, size_t *size)
{
	enum { NAME_SIZE_MAX = 64 * 1024 };
	const char *end = memchr(bytes.data, '\n', bytes.size);
	size_t line = end != NULL ? (size_t)(end - bytes.data) : bytes.size;
	bool marked = memchr(bytes.data, 3, line < NAME_SIZE_MAX ? line : NAME_SIZE_MAX) != NULL;
	*size = 0;
	if (!marked)
		return end == NULL && bytes.size < NAME_SIZE_MAX ? SCAN_MORE : SCAN_BAD;
	*size = line;
	while (*size > 0 && scan_is_space(bytes.data[*size - 1]))
		--*size;
	return end != NULL ? SCAN_END : SCAN_MORE;
}

/* ---- the way back after a malformed record */

size_t scan_line_indent(struct slice bytes, size_t at)
{
	size_t indent = 0;
	while (indent < at && indent < SCAN_CONTEXT) {
		char byte = bytes.data[at - indent - 1];
		if (byte == '\n')
			return indent;
		if (byte != ' ' && byte != '\t')
			return SIZE_MAX;
		indent++;
	}
	return SIZE_MAX;
}

/* Members with a string for a value: inside an item no member has one, since every attribute value is an object. */
static bool is_text_member(struct slice name)
{
	static const char *const names[] = {"awsRegion",      "eventID",      "eventName", "eventSource",
					    "eventSourceARN", "eventVersion", "tableName", "recordFormat",
					    "recordId",       "invocationId"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_is(name, names[i]))
			return true;
	return false;
}

/* Whether the '{' at `at` follows the end of another object, a comma in between or not: so it can be no attribute's
 * value. */
static bool follows_object(struct slice bytes, size_t at)
{
	bool comma = false;
	for (size_t back = 1; back <= at && back <= SCAN_CONTEXT; back++) {
		char byte = bytes.data[at - back];
		if (byte == '}')
			return true;
		if (byte == ',' && !comma)
			comma = true;
		else if (!scan_is_space(byte))
			return false;
	}
	return false;
}

/* The first member of the object at `at`, if it is near. *value: where its value begins. */
static bool first_member(struct slice bytes, size_t at, struct slice *name, size_t *value)
{
	struct slice ahead = {bytes.data + at, bytes.size - at < SCAN_CONTEXT ? bytes.size - at : SCAN_CONTEXT};
	size_t member = 1;
	if (next_member(ahead, &member, name) != SCAN_END)
		return false;
	*value = at + member;
	return true;
}

bool scan_may_be_record(struct slice bytes, size_t at)
{
	static const char *const tags[] = {"S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"};
	struct slice name;
	size_t value;
	if (!first_member(bytes, at, &name, &value))
		return false;
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		if (slice_is(name, tags[i]))
			return false;
	return true;
}

bool scan_starts_record(struct slice bytes, size_t at, size_t indent, size_t *start)
{
	*start = at;
	size_t own = scan_line_indent(bytes, at);
	if (own == 0 || own == indent)
		return true;
	if (at >= 2 && bytes.data[at - 1] == '[' && bytes.data[at - 2] == '\n') {
		*start = at - 1;
		return true;
	}
	struct slice name;
	size_t value;
	if (!first_member(bytes, at, &name, &value))
		return false;
	switch (bytes.data[value]) {
	case '"':
		return is_text_member(name);
	case '[':
		return is_envelope_member(name);
	case '{':
		return is_record_member(name) && follows_object(bytes, at);
	default:
		return false;
	}
}
