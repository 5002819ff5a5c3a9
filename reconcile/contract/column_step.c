#include "reconcile/contract/column_step.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <unicode/ucasemap.h>
#include <unicode/uregex.h>

/* Patterns run on UTF-16, which is what the library takes. */
struct step_pattern {
	URegularExpression *regex;
	UChar *text;
	int32_t room;
};

enum { PATTERN_TICKS_MAX = 100, PATTERN_STACK_MAX = 8 * 1024 * 1024 };

struct step_pattern *step_pattern_new(const char *text, const char **why)
{
	UErrorCode status = U_ZERO_ERROR;
	UParseError place;
	*why = "out of memory";
	struct step_pattern *pattern = calloc(1, sizeof(*pattern));
	if (pattern == NULL)
		return NULL;
	pattern->regex = uregex_openC(text, 0, &place, &status);
	if (U_FAILURE(status)) {
		*why = "no pattern";
	} else if (uregex_groupCount(pattern->regex, &status) != 1 || U_FAILURE(status)) {
		*why = "a pattern has exactly one group";
	} else {
		/* A pattern that blows up must end. The limit counts the matcher's own steps (10,000 a tick), not time:
		 * the same text gives the same result. */
		uregex_setTimeLimit(pattern->regex, PATTERN_TICKS_MAX, &status);
		uregex_setStackLimit(pattern->regex, PATTERN_STACK_MAX, &status);
		if (U_SUCCESS(status))
			return pattern;
	}
	step_pattern_free(pattern);
	return NULL;
}

void step_pattern_free(struct step_pattern *pattern)
{
	if (pattern == NULL)
		return;
	if (pattern->regex != NULL)
		uregex_close(pattern->regex);
	free(pattern->text);
	free(pattern);
}

enum step_status step_pattern_group(struct step_pattern *pattern, struct slice text, struct buffer *out,
				    struct slice *group)
{
	UErrorCode status = U_ZERO_ERROR;
	int32_t size = 0, written = 0;
	*group = (struct slice){NULL, 0};
	out->size = 0;
	if (text.size > INT32_MAX / 4)
		return STEP_UNFIT;
	if ((int32_t)text.size >= pattern->room) {
		int32_t room = (int32_t)text.size + 1;
		UChar *more = realloc(pattern->text, (size_t)room * sizeof(*more));
		if (more == NULL)
			return STEP_NO_MEMORY;
		pattern->text = more;
		pattern->room = room;
	}
	u_strFromUTF8(pattern->text, pattern->room, &size, text.data, (int32_t)text.size, &status);
	uregex_setText(pattern->regex, pattern->text, size, &status);
	UBool found = uregex_find(pattern->regex, 0, &status);
	int32_t start = found && U_SUCCESS(status) ? uregex_start(pattern->regex, 1, &status) : -1;
	int32_t end = start >= 0 ? uregex_end(pattern->regex, 1, &status) : -1;
	if (U_FAILURE(status)) /* too many steps */
		return STEP_UNFIT;
	if (start < 0)
		return STEP_DONE;
	*group = (struct slice){"", 0};
	if (end <= start)
		return STEP_DONE;
	if (buffer_reserve(out, (size_t)(end - start) * 3 + 1) != 0)
		return STEP_NO_MEMORY;
	u_strToUTF8(out->data, (end - start) * 3 + 1, &written, pattern->text + start, end - start, &status);
	out->size = (size_t)written;
	*group = buffer_slice(out);
	return U_SUCCESS(status) ? STEP_DONE : STEP_UNFIT;
}

static enum step_status extract(struct step_pattern *pattern, struct buffer *out, struct step_text *text)
{
	struct slice group;
	enum step_status status = step_pattern_group(pattern, text->bytes, out, &group);
	text->bytes = group.data != NULL ? group : (struct slice){"", 0};
	return status;
}

static bool is_ascii(struct slice text)
{
	for (size_t index = 0; index < text.size; index++)
		if ((unsigned char)text.data[index] >= 0x80)
			return false;
	return true;
}

/* Full Unicode case mapping without a locale, as Spark's lower and upper do it: ß becomes SS, a final Σ ς. */
static enum step_status change_case(bool upper, struct buffer *out, struct step_text *text)
{
	size_t size = text->bytes.size;
	if (buffer_reserve(out, size * 3 + 1) != 0)
		return STEP_NO_MEMORY;
	if (is_ascii(text->bytes)) {
		for (size_t index = 0; index < size; index++) {
			char byte = text->bytes.data[index];
			bool turn = upper ? byte >= 'a' && byte <= 'z' : byte >= 'A' && byte <= 'Z';
			out->data[index] = (char)(turn ? byte ^ 0x20 : byte);
		}
		out->size = size;
		text->bytes = buffer_slice(out);
		return STEP_DONE;
	}
	UErrorCode status = U_ZERO_ERROR;
	UCaseMap *map = ucasemap_open("", 0, &status);
	if (U_FAILURE(status) || size > INT32_MAX / 4)
		return STEP_NO_MEMORY;
	int32_t written = upper ? ucasemap_utf8ToUpper(map, out->data, (int32_t)size * 3 + 1, text->bytes.data,
						       (int32_t)size, &status)
				: ucasemap_utf8ToLower(map, out->data, (int32_t)size * 3 + 1, text->bytes.data,
						       (int32_t)size, &status);
	ucasemap_close(map);
	if (U_FAILURE(status))
		return STEP_UNFIT;
	out->size = (size_t)written;
	text->bytes = buffer_slice(out);
	return STEP_DONE;
}

static enum step_status put_hex(const unsigned char *bytes, size_t size, struct buffer *out, struct step_text *text)
{
	static const char digits[] = "0123456789abcdef";
	if (buffer_reserve(out, size * 2 + 1) != 0)
		return STEP_NO_MEMORY;
	for (size_t index = 0; index < size; index++) {
		out->data[2 * index] = digits[bytes[index] >> 4];
		out->data[2 * index + 1] = digits[bytes[index] & 15];
	}
	out->size = size * 2;
	*text = (struct step_text){.bytes = buffer_slice(out)};
	return STEP_DONE;
}

static enum step_status put_hash(const struct column_step *step, const char *secret, struct buffer *out,
				 struct step_text *text)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	bool done = step->kind == STEP_HMAC
			    ? HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)text->bytes.data,
				   text->bytes.size, hash, &size) != NULL
			    : EVP_Digest(text->bytes.data, text->bytes.size, hash, &size,
					 step->kind == STEP_MD5 ? EVP_md5() : EVP_sha256(), NULL) == 1;
	return done ? put_hex(hash, size, out, text) : STEP_NO_MEMORY;
}

static size_t next_character(struct slice text, size_t at)
{
	for (at++; at < text.size && ((unsigned char)text.data[at] & 0xC0) == 0x80;)
		at++;
	return at;
}

/* Spark's substr: 1 is the first character, -1 the last; what lies before the text is part of the length. */
static void cut_out(const struct column_step *step, struct slice *text)
{
	int64_t count = 0, place = 0;
	for (size_t at = 0; at < text->size; at = next_character(*text, at))
		count++;
	int64_t start = step->start > 0 ? step->start - 1 : count + step->start;
	int64_t end = step->length < 0 || step->length > count - start ? count : start + step->length;
	size_t from = text->size, to = text->size, at = 0;
	for (; at < text->size; at = next_character(*text, at), place++) {
		if (place == (start < 0 ? 0 : start))
			from = at;
		if (place == end)
			to = at;
	}
	*text = end <= start || end <= 0 || from >= to ? (struct slice){"", 0}
						       : (struct slice){text->data + from, to - from};
}

enum step_status step_apply(const struct column_step *step, const char *secret, struct step_pattern *pattern,
			    struct buffer *out, struct step_text *text)
{
	struct slice *bytes = &text->bytes;
	out->size = 0;
	switch (step->kind) {
	case STEP_SHA256:
	case STEP_MD5:
	case STEP_HMAC:
		return put_hash(step, secret, out, text);
	case STEP_HEX:
		return put_hex((const unsigned char *)bytes->data, bytes->size, out, text);
	case STEP_BASE64:
		if (buffer_append_base64(out, *bytes) != 0)
			return STEP_NO_MEMORY;
		*text = (struct step_text){.bytes = out->size > 0 ? buffer_slice(out) : (struct slice){"", 0}};
		return STEP_DONE;
	default:
		break;
	}
	if (text->binary)
		return STEP_UNFIT;
	switch (step->kind) {
	case STEP_TRIM:
		for (; bytes->size > 0 && bytes->data[0] == ' '; bytes->size--)
			bytes->data++;
		while (bytes->size > 0 && bytes->data[bytes->size - 1] == ' ')
			bytes->size--;
		return STEP_DONE;
	case STEP_LOWER:
	case STEP_UPPER:
		return change_case(step->kind == STEP_UPPER, out, text);
	case STEP_EXTRACT:
		return extract(pattern, out, text);
	case STEP_SUBSTR:
		cut_out(step, bytes);
		return STEP_DONE;
	default:
		return STEP_UNFIT;
	}
}
