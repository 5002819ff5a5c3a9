#include "reconcile/contract/disclosure.h"

#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>

enum { KEY_MIN = 16, KEY_RANDOM = 32, HASH_BYTES = 16 };

/* ---- which columns */

static bool same_step(const struct contract_path *a, const struct contract_path *b, uint32_t step)
{
	if (a->names[step] == NULL || b->names[step] == NULL)
		return a->names[step] == b->names[step] && a->places[step] == b->places[step];
	return strcmp(a->names[step], b->names[step]) == 0;
}

/* An event's images, and its key, are of one item: what is sensitive in one is so in all of them. */
static bool is_event_image(const char *name)
{
	return strcmp(name, "$key") == 0 || strcmp(name, "$new_image") == 0 || strcmp(name, "$old_image") == 0;
}

static bool path_holds_other(const struct contract_path *a, const struct contract_path *b)
{
	uint32_t count = a->count < b->count ? a->count : b->count;
	uint32_t begin = is_event_image(a->names[0]) && is_event_image(b->names[0]) ? 1 : 0;
	for (uint32_t step = begin; step < count; step++)
		if (!same_step(a, b, step))
			return false;
	return true;
}

static bool is_whole_item(const struct contract_column *column)
{
	return column->form >= FORM_ITEM_JSON;
}

static bool one_holds_other(const struct contract_column *a, const struct contract_column *b)
{
	if (is_whole_item(a) || is_whole_item(b))
		return true;
	for (uint32_t i = 0; i < a->source_count; i++)
		for (uint32_t j = 0; j < b->source_count; j++)
			if (path_holds_other(&a->sources[i], &b->sources[j]))
				return true;
	return false;
}

static bool is_of_part(const struct contract *contract, const struct contract_column *column,
		       const struct key_part *part)
{
	if (is_whole_item(column))
		return true;
	for (uint32_t i = 0; i < column->source_count; i++) {
		const struct contract_path *path = &column->sources[i];
		uint32_t step = contract->shape == SHAPE_EVENTS && is_event_image(path->names[0]) ? 1 : 0;
		if (step == path->count ||
		    (path->names[step] != NULL && strcmp(path->names[step], part->attribute) == 0))
			return true;
	}
	return false;
}

/* Whether a path begins with the attribute that a column by name may come from. False alarms only hide more. */
static bool may_begin(const struct contract *contract, const char *attribute, const char *column)
{
	struct buffer a, b;
	if (strcmp(attribute, column) == 0 || contract->by_name != BY_NAME_SNAKE)
		return strcmp(attribute, column) == 0;
	buffer_init(&a, 1 << 20);
	buffer_init(&b, 1 << 20);
	bool same = contract_snake(slice_from(attribute), &a) != 0 || contract_snake(slice_from(column), &b) != 0 ||
		    slice_equal(buffer_slice(&a), buffer_slice(&b));
	buffer_release(&a);
	buffer_release(&b);
	return same;
}

bool disclosure_hides(const struct contract *contract, const char *column)
{
	for (uint32_t part = 0; part < contract->key_count; part++)
		if (contract->key[part].sensitive && may_begin(contract, contract->key[part].attribute, column))
			return true;
	for (uint32_t i = 0; i < contract->column_count; i++) {
		const struct contract_column *other = &contract->columns[i];
		if (other->sensitive && is_whole_item(other))
			return true;
		for (uint32_t source = 0; other->sensitive && source < other->source_count; source++)
			if (may_begin(contract, other->sources[source].names[0], column))
				return true;
	}
	return false;
}

void disclosure_spread(struct contract *contract)
{
	for (uint32_t i = 0; i < contract->column_count; i++)
		for (uint32_t part = 0; part < contract->key_count; part++)
			if (contract->columns[i].sensitive &&
			    is_of_part(contract, &contract->columns[i], &contract->key[part]))
				contract->key[part].sensitive = true;
	for (uint32_t i = 0; i < contract->column_count; i++) {
		struct contract_column *column = &contract->columns[i];
		for (uint32_t part = 0; part < contract->key_count; part++)
			column->hidden |= contract->key[part].sensitive &&
					  is_of_part(contract, column, &contract->key[part]);
		for (uint32_t other = 0; other < contract->column_count; other++)
			column->hidden |= contract->columns[other].sensitive &&
					  one_holds_other(column, &contract->columns[other]);
		contract->any_sensitive |= column->hidden;
	}
	for (uint32_t part = 0; part < contract->key_count; part++)
		contract->any_sensitive |= contract->key[part].sensitive;
}

/* ---- the key */

static pthread_once_t random_once = PTHREAD_ONCE_INIT;
static unsigned char random_key[KEY_RANDOM];
static bool random_made;

static void make_random(void)
{
	random_made = RAND_bytes(random_key, sizeof random_key) == 1;
}

int disclosure_key(const char *variable, struct arena *arena, struct slice *key, struct error *error)
{
	struct slice from = {(const char *)random_key, sizeof random_key};
	if (variable != NULL) {
		const char *value = getenv(variable);
		if (value == NULL)
			return error_set(error, ERROR_USAGE, "environment variable '%s' is not set", variable);
		from = slice_from(value);
		if (from.size < KEY_MIN)
			return error_set(error, ERROR_USAGE,
					 "environment variable '%s' holds fewer than %d bytes, which is no key",
					 variable, KEY_MIN);
	} else if (pthread_once(&random_once, make_random) != 0 || !random_made) {
		return error_set(error, ERROR_INTERNAL, "cannot make a random key");
	}
	*key = arena_copy(arena, from);
	return key->data == NULL ? error_set(error, ERROR_INTERNAL, "out of memory") : 0;
}

/* ---- values */

const char *disclosure_hash(const struct contract *contract, struct slice value, char text[DISCLOSURE_HASH_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char hash[EVP_MAX_MD_SIZE] = {0};
	unsigned int size = 0;
	memcpy(text, "hmac:", 6);
	if (HMAC(EVP_sha256(), contract->sensitive_key.data, (int)contract->sensitive_key.size,
		 (const unsigned char *)(value.size > 0 ? value.data : ""), value.size, hash, &size) == NULL ||
	    size < HASH_BYTES)
		return text; /* out of memory: nothing is told rather than a value */
	for (size_t i = 0; i < HASH_BYTES; i++) {
		text[5 + 2 * i] = digits[hash[i] >> 4];
		text[6 + 2 * i] = digits[hash[i] & 15];
	}
	text[5 + 2 * HASH_BYTES] = '\0';
	return text;
}

static int hide_sensitive(const struct contract *contract, struct slice json, bool cut, uint64_t digest,
			  struct buffer *out)
{
	char hash[DISCLOSURE_HASH_SIZE];
	struct buffer whole;
	buffer_init(&whole, json.size + 64);
	if (json.size >= 2 && json.data[0] == '"' && !cut) /* a key of the same text has no quotation marks */
		json = (struct slice){json.data + 1, json.size - 2};
	buffer_append_slice(&whole, json);
	if (cut)
		buffer_append(&whole, &digest, sizeof digest);
	int code = whole.failed ? ERROR_INTERNAL
				: buffer_append_text(out, disclosure_hash(contract, buffer_slice(&whole), hash));
	buffer_release(&whole);
	return code;
}

/* Characters of a JSON string's text, an escape counting as one. */
static size_t string_length(struct slice json)
{
	size_t length = 0;
	for (size_t i = 1; i + 1 < json.size; i++) {
		if (json.data[i] == '\\')
			i += json.data[i + 1] == 'u' ? 5 : 1;
		length += ((unsigned char)json.data[i] & 0xC0) != 0x80;
	}
	return length;
}

/* Elements or members on the outermost level. */
static size_t element_count(struct slice json)
{
	size_t depth = 0, count = 0;
	bool inside = false;
	for (size_t i = 0; i < json.size; i++) {
		char byte = json.data[i];
		if (inside) {
			i += byte == '\\';
			inside = byte != '"';
			continue;
		}
		inside = byte == '"';
		depth += byte == '[' || byte == '{';
		depth -= byte == ']' || byte == '}';
		count += byte == ',' && depth == 1;
	}
	return json.size <= 2 ? 0 : count + 1;
}

static int redact(struct slice json, bool cut, struct buffer *out)
{
	char first = json.size > 0 ? json.data[0] : 'n';
	if (first == 't' || first == 'f')
		return buffer_append_text(out, "boolean");
	const char *kind = first == '"' ? "string" : first == '[' ? "array" : first == '{' ? "object" : "number";
	if (cut)
		return buffer_printf(out, "%s(long)", kind);
	size_t length = first == '"'                   ? string_length(json)
			: first == '[' || first == '{' ? element_count(json)
						       : json.size;
	return buffer_printf(out, "%s(%zu)", kind, length);
}

int disclosure_value(const struct contract *contract, bool full, bool sensitive, struct slice json, bool cut,
		     uint64_t digest, struct buffer *out, bool *hidden)
{
	*hidden = !slice_is(json, "null") && (sensitive || !full);
	if (!*hidden)
		return buffer_append_slice(out, json);
	return sensitive ? hide_sensitive(contract, json, cut, digest, out) : redact(json, cut, out);
}

/* ---- messages */

const char *disclosure_message(const struct contract *contract, bool full, const char *id, const char *message,
			       struct arena *arena)
{
	static const char advice[] = "; redeliver";
	if ((full && !contract->any_sensitive) || strcmp(id, "record.unreadable") != 0)
		return message;
	const char *first = strstr(message, " '"); /* not an apostrophe */
	if (first == NULL)
		return message;
	const char *last = strrchr(++first, '\''), *end = message + strlen(message);
	bool closed = last > first && (last[1] == '\0' || strncmp(last + 1, advice, sizeof advice - 1) == 0);
	if (!closed) /* cut, or the mark is the record's own */
		last = end;
	struct slice quoted = {first + 1, (size_t)(last - first) - 1};
	if (slice_is(quoted, "events:") || slice_is(quoted, "export:")) /* a contract's key, not the record's text */
		return message;
	char hash[DISCLOSURE_HASH_SIZE];
	return arena_text(arena, "%.*s'%s'%s", (int)(first - message), message,
			  contract->any_sensitive ? disclosure_hash(contract, quoted, hash) : "…",
			  closed ? last + 1 : "");
}
