/* Whether two versions hold the same rows, and what one key's row was in each: walks over the files' rows alone. */
#include <inttypes.h>
#include <stdlib.h>

#include "reconcile/versions_internal.h"

static int out_of_memory(struct error *error)
{
	return error_set(error, ERROR_INTERNAL, "out of memory for a comparison of versions");
}

const char *versions_difference_text(enum versions_difference difference)
{
	static const char *const texts[VERSIONS_KEY_COUNT + 1] = {
		"came", "went", "differs", "stands another number of times"};
	return texts[difference];
}

static int slot_of(const struct versions *versions, int64_t version, uint32_t *slot, struct error *error)
{
	int64_t first = versions->slots[0].version, last = versions->slots[versions->slot_count - 1].version;
	if (version < 0)
		version = last;
	if (version < first || version > last)
		return error_set(error, ERROR_USAGE,
				 "version %" PRId64 " is not among those that were opened, %" PRId64 " to %" PRId64,
				 version, first, last);
	*slot = (uint32_t)(version - first);
	return 0;
}

/* ---- two versions */

struct comparing {
	struct versions *versions;
	struct versions_comparison *comparison;
	struct versions_key key;
	uint64_t limit, capacity;
};

static void row_text(const struct versions_key *key, const struct versions_moment *moment, char text[VERSIONS_ROW_TEXT])
{
	text[0] = '\0';
	if (moment->count > 0 && key->held[moment->first].exact)
		versions_row_text(key->held[moment->first].digest, text);
}

static bool same_row(const struct versions_key *key, const struct versions_moment *a, const struct versions_moment *b)
{
	const struct versions_held *first = &key->held[a->first], *second = &key->held[b->first];
	return first->digest == second->digest && first->flags == second->flags &&
	       first->time_lo_us == second->time_lo_us && first->time_hi_us == second->time_hi_us;
}

static enum versions_difference difference_of(const struct versions_key *key)
{
	const struct versions_moment *before = &key->moments[0], *after = &key->moments[1];
	if (before->count == 0)
		return VERSIONS_KEY_CAME;
	if (after->count == 0)
		return VERSIONS_KEY_WENT;
	return before->count != after->count && same_row(key, before, after) ? VERSIONS_KEY_COUNT
									     : VERSIONS_KEY_DIFFERS;
}

static int add_change(struct comparing *comparing, struct error *error)
{
	struct versions_comparison *comparison = comparing->comparison;
	const struct versions_key *key = &comparing->key;
	enum versions_difference difference = difference_of(key);
	comparison->keys_changed++;
	comparison->by_difference[difference]++;
	if (comparison->change_count >= comparing->limit)
		return 0;
	if (comparison->change_count == comparing->capacity) {
		uint64_t capacity = comparing->capacity * 2 + 16;
		struct versions_change *grown = reallocarray(comparison->changes, capacity, sizeof *grown);
		if (grown == NULL)
			return out_of_memory(error);
		comparison->changes = grown;
		comparing->capacity = capacity;
	}
	struct versions_change *change = &comparison->changes[comparison->change_count++];
	*change = (struct versions_change){.difference = difference,
					   .key = arena_copy(&comparison->arena, key->key),
					   .key_json = key_json(comparing->versions->run->contract, key->key,
								&comparison->arena),
					   .rows_before = key->moments[0].count,
					   .rows_after = key->moments[1].count};
	row_text(key, &key->moments[0], change->row_before);
	row_text(key, &key->moments[1], change->row_after);
	return change->key.data != NULL && change->key_json != NULL ? 0 : out_of_memory(error);
}

/* The slots between do not matter: the key's rows are looked at in two. */
static int compare_key(struct comparing *comparing, const uint32_t slots[2], struct error *error)
{
	struct versions_key *key = &comparing->key;
	int code = versions_key_at(key, slots, error);
	return code == 0 && key->moment_count > 1 ? add_change(comparing, error) : code;
}

static int compare_keys(struct comparing *comparing, const uint32_t slots[2], struct error *error)
{
	struct versions_stream stream;
	bool has_key = true;
	int code = versions_stream_open(comparing->versions, slots, &stream, error);
	comparing->comparison->files_read = stream.count;
	while (code == 0 && has_key) {
		code = versions_stream_next(comparing->versions, &stream, &comparing->key, &has_key, error);
		if (code == 0 && has_key)
			code = compare_key(comparing, slots, error);
	}
	versions_stream_close(&stream);
	return code;
}

static int find_comparable(struct comparing *comparing, const uint32_t slots[2], struct error *error)
{
	const struct versions *versions = comparing->versions;
	struct versions_comparison *comparison = comparing->comparison;
	for (int i = 0; i < 2 && comparison->why_not == NULL; i++) {
		const char *unlike = versions_unlike(versions, slots[i]);
		int64_t version = versions->slots[slots[i]].version;
		if (slots[i] < versions->base)
			comparison->why_not = arena_text(&comparison->arena, "files of version %" PRId64 " are gone",
							 version);
		else if (unlike != NULL)
			comparison->why_not = arena_text(&comparison->arena, "of version %" PRId64 ": %s", version,
							 unlike);
		else
			continue;
		if (comparison->why_not == NULL)
			return out_of_memory(error);
	}
	comparison->comparable = comparison->why_not == NULL;
	return 0;
}

int versions_compare(struct versions *versions, int64_t before, int64_t after, uint64_t limit,
		     struct versions_comparison *comparison, struct error *error)
{
	struct comparing comparing = {.versions = versions, .comparison = comparison, .limit = limit};
	uint32_t slots[2] = {0, 0};
	*comparison = (struct versions_comparison){.before = before, .after = after};
	arena_init(&comparison->arena, (size_t)1 << 30);
	int code = slot_of(versions, before, &slots[0], error);
	if (code == 0)
		code = slot_of(versions, after, &slots[1], error);
	if (code == 0) {
		comparison->before = versions->slots[slots[0]].version;
		comparison->after = versions->slots[slots[1]].version;
		code = find_comparable(&comparing, slots, error);
	}
	if (code == 0 && comparison->comparable && slots[0] != slots[1])
		code = compare_keys(&comparing, slots, error);
	versions_key_release(&comparing.key);
	if (code != 0)
		versions_comparison_release(comparison);
	return code;
}

void versions_comparison_release(struct versions_comparison *comparison)
{
	free(comparison->changes);
	arena_release(&comparison->arena);
	*comparison = (struct versions_comparison){0};
}

/* ---- one key */

static void fill_row(const struct versions *versions, const struct versions_key *key,
		     const struct versions_moment *moment, uint32_t slot, struct versions_row *row)
{
	*row = (struct versions_row){.version = versions->slots[slot].version,
				     .commit_us = versions->slots[slot].commit_us,
				     .rows = moment->count,
				     .known = moment->count == 0};
	if (moment->count == 0)
		return;
	const struct versions_held *held = &key->held[moment->first];
	row->deleted = held->deleted;
	row->known = held->exact && versions_unlike(versions, slot) == NULL;
	if (row->known) {
		row->digest = held->digest;
		versions_row_text(held->digest, row->row);
	}
}

int versions_key_history(struct versions *versions, struct slice wanted,
			 int (*each)(void *context, const struct versions_row *row, struct error *error), void *context,
			 struct error *error)
{
	struct versions_stream stream;
	struct versions_key key = {0};
	uint32_t last = versions->slot_count - 1, moment = 0;
	const struct fact asked = {.key = wanted, .key_hash = fact_key_hash(wanted)};
	if (wanted.size > SEGMENT_KEY_MAX)
		return error_set(error, ERROR_USAGE, "the key is longer than a key can be");
	int code = versions_stream_open(versions, NULL, &stream, error);
	versions_key_begin(&key, &asked);
	if (code == 0)
		code = versions_stream_seek(versions, &stream, &key, error);
	if (code == 0)
		code = versions_key_end(&key, versions->base, last, error);
	for (uint32_t slot = versions->base; slot <= last && code == 0; slot++) {
		struct versions_row row;
		while (moment + 1 < key.moment_count && key.moments[moment + 1].slot <= slot)
			moment++;
		fill_row(versions, &key, &key.moments[moment], slot, &row);
		if (row.version >= 0)
			code = each(context, &row, error);
	}
	versions_stream_close(&stream);
	versions_key_release(&key);
	return code;
}
