#include "reconcile/accept.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/schema.h"
#include "reconcile/digest/digest.h"
#include "reconcile/contract/disclosure.h"

enum { LINE_MAX_BYTES = 64 * 1024, DAY_SECONDS = 86400 };

bool accept_covers(enum finding_id id)
{
	return id <= FINDING_HISTORY_END || id == FINDING_VALUE_PRECISION_LOST;
}

/* ---- what tells a difference from others */

bool accept_digest(const struct contract *contract, const struct judgement *judgement, char text[ACCEPT_DIGEST_MAX])
{
	const struct fact_side *expected = &judgement->expected;
	char plain[ACCEPT_DIGEST_MAX];
	struct slice whole = {plain, 0};
	if (expected->state != STATE_IMAGE)
		whole.size = (size_t)snprintf(plain, sizeof plain, "%s",
					      expected->state == STATE_ABSENT ? "absent" : "present");
	else if (expected->flags != 0) /* no row digest: the item's */
		whole.size = (size_t)snprintf(plain, sizeof plain, "%016" PRIx64 "%016" PRIx64, expected->item[0],
					      expected->item[1]);
	else
		whole.size = (size_t)snprintf(plain, sizeof plain, "%016" PRIx64, expected->row);
	if (judgement->lake_rows == 0)
		whole.size += (size_t)snprintf(plain + whole.size, sizeof plain - whole.size, "-none");
	else
		whole.size += (size_t)snprintf(plain + whole.size, sizeof plain - whole.size, "-%016" PRIx64,
					       judgement->lake_row);
	if (judgement->lake_rows > 1)
		whole.size +=
			(size_t)snprintf(plain + whole.size, sizeof plain - whole.size, "-%" PRIu32 "-%" PRIu32,
					 judgement->lake_rows, judgement->lake_rows_equal);
	if (judgement->lake_rows_deleted > 0)
		whole.size += (size_t)snprintf(plain + whole.size, sizeof plain - whole.size, "-deleted");
	if (!contract->any_sensitive) {
		memcpy(text, plain, whole.size + 1);
		return true;
	}
	/* A digest of few possible values could be tried out. */
	disclosure_hash(contract, whole, text);
	return contract->sensitive_key_env != NULL;
}

/* ---- the file */

struct loading {
	struct accept *accept;
	const struct contract *contract;
	struct json_parser *parser;
	struct buffer line; /* with padding */
	uint32_t number;
	struct error *error;
};

static int line_order(const void *left, const void *right)
{
	const struct accept_line *a = left, *b = right;
	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	int order = strcmp(a->key_json, b->key_json);
	return order != 0 ? order : strcmp(a->digest, b->digest);
}

__attribute__((format(printf, 2, 3))) static int refuse(struct loading *loading, const char *format, ...)
{
	char text[400];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	return error_set(loading->error, ERROR_USAGE, "%s:%" PRIu32 ": %s", loading->accept->path, loading->number,
			 text);
}

/* The key as reports print it. */
static int take_key(struct loading *loading, const struct json_token *tokens, uint32_t object, const char **text)
{
	const struct contract *contract = loading->contract;
	struct buffer json;
	int code = 0;
	if (tokens[object].type != JSON_OBJECT || tokens[object].count != contract->key_count)
		return refuse(loading, "'key' is not the key's %" PRIu32 " attributes", contract->key_count);
	buffer_init(&json, LINE_MAX_BYTES);
	buffer_append_byte(&json, '{');
	for (uint32_t part = 0; part < contract->key_count && code == 0; part++) {
		const char *name = contract->key[part].attribute;
		uint32_t value = json_member(tokens, object, name);
		if (value == 0 || tokens[value].type != JSON_STRING) {
			code = refuse(loading, "'key' has no text '%s'", name);
			continue;
		}
		buffer_append_text(&json, part > 0 ? "," : "");
		buffer_append_json(&json, slice_from(name));
		buffer_append_byte(&json, ':');
		buffer_append_json(&json, json_text(&tokens[value]));
	}
	buffer_append_byte(&json, '}');
	*text = json.failed ? NULL : arena_copy(&loading->accept->arena, buffer_slice(&json)).data;
	if (code == 0 && *text == NULL)
		code = error_set(loading->error, ERROR_INTERNAL, "out of memory");
	buffer_release(&json);
	return code;
}

static int take_until(struct loading *loading, struct accept_line *line)
{
	int32_t days;
	if (!clock_parse_date(slice_from(line->until), &days))
		return refuse(loading, "'until' is a day such as 2026-12-31, not '%s'", line->until);
	line->end_us = ((int64_t)days + 1) * DAY_SECONDS * CLOCK_SECOND_US;
	return 0;
}

/* Where there are several lakes a line names its own; those of the others are not this one's. */
static int take_lake(struct loading *loading, const struct json_token *tokens, bool *ours)
{
	const struct contract *contract = loading->contract;
	uint32_t value = json_member(tokens, 0, "lake");
	*ours = contract->name == NULL;
	if (*ours)
		return 0;
	if (value == 0 || tokens[value].type != JSON_STRING)
		return refuse(loading, "there is no 'lake'; the contract has several, and a line is of one");
	struct slice name = json_text(&tokens[value]);
	*ours = slice_is(name, contract->name);
	for (uint32_t i = 0; i < contract->lake_count; i++)
		if (slice_is(name, contract->lakes[i]->name))
			return 0;
	return refuse(loading, "the contract has no lake '%.*s'", (int)(name.size < 60 ? name.size : 60), name.data);
}

static int take_members(struct loading *loading, const struct json_token *tokens, struct accept_line *line)
{
	enum { ID, DIGEST, UNTIL, WHY, TEXTS };
	static const char *const names[TEXTS] = {"id", "digest", "until", "why"};
	const char *texts[TEXTS] = {NULL};
	int code = 0;
	for (uint32_t name = 1; name < tokens[0].next && code == 0; name = tokens[name + 1].next) {
		int which = 0;
		while (which < TEXTS && !slice_is(json_text(&tokens[name]), names[which]))
			which++;
		if (loading->contract->name != NULL && name + 1 == json_member(tokens, 0, "lake"))
			continue;
		if (which == TEXTS && slice_is(json_text(&tokens[name]), "key") && line->key_json == NULL)
			code = take_key(loading, tokens, name + 1, &line->key_json);
		else if (which == TEXTS || texts[which] != NULL || tokens[name + 1].type != JSON_STRING)
			code = refuse(loading,
				      "'%.*s' is unknown, there twice or no text; a line has id, key, digest, until "
				      "and why",
				      (int)(tokens[name].size < 60 ? tokens[name].size : 60), tokens[name].text);
		else
			texts[which] = arena_copy(&loading->accept->arena, json_text(&tokens[name + 1])).data;
	}
	for (int which = 0; which < TEXTS && code == 0; which++)
		if (texts[which] == NULL || texts[which][0] == '\0')
			code = refuse(loading, "there is no '%s'", names[which]);
	if (code != 0)
		return code;
	if (line->key_json == NULL)
		return refuse(loading, "there is no 'key'");
	line->id = finding_from_text(texts[ID]);
	if (line->id == FINDING_COUNT || !accept_covers(line->id))
		return refuse(loading, "'%s' is no finding of a row that could be accepted; see allow and severity",
			      texts[ID]);
	line->digest = texts[DIGEST];
	line->until = texts[UNTIL];
	line->why = texts[WHY];
	return take_until(loading, line);
}

static int take_line(struct loading *loading, struct slice text)
{
	struct accept *accept = loading->accept;
	struct accept_line *line = &accept->lines[accept->count];
	bool ours;
	const struct json_token *tokens;
	size_t count;
	struct json_failure failure;
	if (text.size > LINE_MAX_BYTES)
		return refuse(loading, "a line has at most %d bytes", LINE_MAX_BYTES);
	loading->line.size = 0;
	if (buffer_reserve(&loading->line, text.size + JSON_PADDING) != 0 ||
	    buffer_append_slice(&loading->line, text) != 0)
		return error_set(loading->error, ERROR_INTERNAL, "out of memory");
	memset(loading->line.data + text.size, 0, JSON_PADDING);
	if (!json_parse(loading->parser, buffer_slice(&loading->line), &tokens, &count, &failure))
		return refuse(loading, "%s at byte %zu", failure.reason, failure.offset);
	if (tokens[0].type != JSON_OBJECT)
		return refuse(loading, "a line is a JSON object");
	int code = take_lake(loading, tokens, &ours);
	if (code != 0 || !ours)
		return code;
	line->number = loading->number;
	accept->count++;
	return take_members(loading, tokens, line);
}

static int take_lines(struct loading *loading, struct slice text)
{
	struct accept *accept = loading->accept;
	uint64_t most = 1;
	for (size_t i = 0; i < text.size; i++)
		most += text.data[i] == '\n';
	accept->lines = arena_array(&accept->arena, most, sizeof *accept->lines);
	if (accept->lines == NULL)
		return error_set(loading->error, ERROR_INTERNAL, "out of memory");
	memset(accept->lines, 0, most * sizeof *accept->lines);
	int code = 0;
	while (text.size > 0 && code == 0) {
		const char *end = memchr(text.data, '\n', text.size);
		struct slice line = {text.data, end != NULL ? (size_t)(end - text.data) : text.size};
		loading->number++;
		text.data += end != NULL ? line.size + 1 : line.size;
		text.size -= end != NULL ? line.size + 1 : line.size;
		if (line.size > 0 && !slice_is(line, "\r"))
			code = take_line(loading, line);
	}
	if (code != 0)
		return code;
	qsort(accept->lines, accept->count, sizeof *accept->lines, line_order);
	for (uint64_t i = 1; i < accept->count; i++)
		if (line_order(&accept->lines[i - 1], &accept->lines[i]) == 0) {
			loading->number = accept->lines[i].number;
			return refuse(loading, "the same as line %" PRIu32, accept->lines[i - 1].number);
		}
	return 0;
}

int accept_load(const struct contract *contract, int64_t now_us, struct accept **out, struct error *error)
{
	*out = NULL;
	if (contract->any_sensitive && contract->sensitive_key_env == NULL)
		return error_set(error, ERROR_USAGE,
				 "%s: 'accept' with sensitive values needs 'sensitive_key_env': hashes under a random "
				 "key cannot be listed",
				 contract->path);
	struct accept *accept = calloc(1, sizeof *accept);
	struct loading loading = {.accept = accept, .contract = contract, .error = error};
	struct buffer text;
	if (accept == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	arena_init(&accept->arena, (size_t)64 << 20);
	accept->path = contract->accept;
	accept->now_us = now_us;
	buffer_init(&text, SCHEMA_FILE_MAX + 65536);
	buffer_init(&loading.line, LINE_MAX_BYTES + JSON_PADDING);
	loading.parser = json_parser_new(LINE_MAX_BYTES);
	int code = loading.parser == NULL ? error_set(error, ERROR_INTERNAL, "out of memory")
					  : schema_read_file(accept->path, "list of accepted findings", &text, error);
	if (code == 0)
		code = take_lines(&loading, buffer_slice(&text));
	json_parser_free(loading.parser);
	buffer_release(&loading.line);
	buffer_release(&text);
	if (code != 0)
		accept_free(accept);
	else
		*out = accept;
	return code;
}

void accept_free(struct accept *accept)
{
	if (accept == NULL)
		return;
	arena_release(&accept->arena);
	free(accept);
}

/* ---- use */

int accept_find(struct accept *accept, const struct contract *contract, enum finding_id id,
		const struct judgement *judgement, bool *accepted, struct error *error)
{
	char digest[ACCEPT_DIGEST_MAX];
	struct buffer json;
	*accepted = false;
	if (accept == NULL || accept->count == 0 || !accept_covers(id) || !accept_digest(contract, judgement, digest))
		return 0;
	buffer_init(&json, LINE_MAX_BYTES);
	int code = key_append_json(contract, judgement->key, &json);
	if (code == 0)
		code = buffer_append_byte(&json, '\0');
	if (code != 0) {
		buffer_release(&json);
		return error_set(error, ERROR_INTERNAL, "out of memory");
	}
	struct accept_line wanted = {.id = id, .key_json = json.data, .digest = digest};
	struct accept_line *line = bsearch(&wanted, accept->lines, accept->count, sizeof wanted, line_order);
	buffer_release(&json);
	if (line == NULL)
		return 0;
	atomic_store(&line->seen, true);
	*accepted = accept->now_us < line->end_us;
	return 0;
}
