/* The sources and texts that a state knows, in memory: found by path, named by small ids. */
#include <stdlib.h>

#include "reconcile/state/state_internal.h"

/* ---- groups and domains */

static int add_text(struct state *state, struct state_texts *texts, struct slice text, uint32_t group, bool stored,
		    struct error *error)
{
	if (texts->count == texts->capacity) {
		uint32_t capacity = texts->capacity * 2 + 16;
		struct state_text *grown = realloc(texts->texts, capacity * sizeof(*grown));
		if (grown == NULL)
			return error_set(error, ERROR_INTERNAL, "out of memory");
		texts->texts = grown;
		texts->capacity = capacity;
	}
	struct slice copy = arena_copy(&state->strings, text);
	if (copy.data == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	texts->texts[texts->count++] = (struct state_text){group, stored, copy.data};
	return 0;
}

/* There are few: the contract's sources, and the streams they name. */
static int text_id(struct state *state, struct state_texts *texts, struct slice text, uint32_t group, uint32_t *id,
		   struct error *error)
{
	int code = 0;
	pthread_mutex_lock(&state->mutex);
	uint32_t i = 0;
	while (i < texts->count && (texts->texts[i].group != group || !slice_is(text, texts->texts[i].text)))
		i++;
	if (i == texts->count)
		code = add_text(state, texts, text, group, false, error);
	pthread_mutex_unlock(&state->mutex);
	*id = i + 1;
	return code;
}

int state_group(struct state *state, const char *text, uint32_t *id, struct error *error)
{
	return text_id(state, &state->groups, slice_from(text), 0, id, error);
}

/* A stream is the same whoever names it; only a nameless domain belongs to its group. */
int state_domain(struct state *state, uint32_t group, struct slice stream_arn, uint32_t *id, struct error *error)
{
	return text_id(state, &state->domains, stream_arn, stream_arn.size == 0 ? group : 0, id, error);
}

static struct state_text text_of(const struct state *state, const struct state_texts *texts, uint32_t id)
{
	struct state_text text = {.text = ""};
	pthread_mutex_lock((pthread_mutex_t *)&state->mutex);
	if (id >= 1 && id <= texts->count)
		text = texts->texts[id - 1];
	pthread_mutex_unlock((pthread_mutex_t *)&state->mutex);
	return text;
}

const char *state_group_text(const struct state *state, uint32_t id)
{
	return text_of(state, &state->groups, id).text;
}

const char *state_domain_arn(const struct state *state, uint32_t id, uint32_t *group)
{
	struct state_text text = text_of(state, &state->domains, id);
	if (group != NULL)
		*group = text.group;
	return text.text;
}

static int write_list(struct state *state, const struct state_texts *texts, const char *sql, bool with_group,
		      struct error *error)
{
	sqlite3_stmt *statement = NULL;
	int code = 0;
	for (uint32_t i = 0; i < texts->count && code == 0; i++) {
		if (texts->texts[i].stored)
			continue;
		if (statement == NULL)
			code = state_prepare(state, sql, &statement, error);
		if (code != 0)
			break;
		sqlite3_bind_int64(statement, 1, i + 1);
		sqlite3_bind_text(statement, 2, texts->texts[i].text, -1, SQLITE_STATIC);
		if (with_group)
			sqlite3_bind_int64(statement, 3, texts->texts[i].group);
		code = state_step(state, statement, error);
	}
	sqlite3_finalize(statement);
	return code;
}

int state_write_texts(struct state *state, struct error *error)
{
	int code = write_list(state, &state->groups, "INSERT INTO text_group(id, text) VALUES(?, ?)", false, error);
	if (code == 0)
		code = write_list(state, &state->domains, "INSERT INTO domain(id, arn, text_group) VALUES(?, ?, ?)",
				  true, error);
	return code;
}

void state_texts_stored(struct state *state)
{
	for (uint32_t i = 0; i < state->groups.count; i++)
		state->groups.texts[i].stored = true;
	for (uint32_t i = 0; i < state->domains.count; i++)
		state->domains.texts[i].stored = true;
}

static int load_list(struct state *state, struct state_texts *texts, const char *sql, struct error *error)
{
	sqlite3_stmt *statement;
	int code = state_prepare(state, sql, &statement, error);
	int step = SQLITE_DONE;
	while (code == 0 && (step = sqlite3_step(statement)) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(statement, 1);
		if (sqlite3_column_int64(statement, 0) != (sqlite3_int64)texts->count + 1 || text == NULL)
			code = state_damaged(state, "ids of texts", error);
		else
			code = add_text(state, texts, slice_from(text), (uint32_t)sqlite3_column_int64(statement, 2),
					true, error);
	}
	if (code == 0 && step != SQLITE_DONE)
		code = state_error(state, state->database, error);
	sqlite3_finalize(statement);
	return code;
}

int state_load_texts(struct state *state, struct error *error)
{
	int code = load_list(state, &state->groups, "SELECT id, text, 0 FROM text_group ORDER BY id", error);
	if (code == 0)
		code = load_list(state, &state->domains, "SELECT id, arn, text_group FROM domain ORDER BY id", error);
	return code;
}

/* ---- sources */

static int reserve_sources(struct state *state, uint32_t id)
{
	if (id < state->source_capacity)
		return 0;
	uint32_t capacity = id + id / 2 + 64;
	struct state_source **grown = realloc(state->sources, capacity * sizeof(struct state_source *));
	if (grown == NULL)
		return ERROR_INTERNAL;
	memset(grown + state->source_capacity, 0, (capacity - state->source_capacity) * sizeof(struct state_source *));
	state->sources = grown;
	state->source_capacity = capacity;
	return 0;
}

int state_register(struct state *state, const struct state_source *source, struct error *error)
{
	struct state_source *copy = arena_alloc(&state->strings, sizeof(*copy));
	struct slice path = arena_copy(&state->strings, slice_from(source->path));
	struct slice identity = arena_copy(&state->strings, slice_from(source->identity));
	if (copy == NULL || path.data == NULL || identity.data == NULL || reserve_sources(state, source->id) != 0)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	*copy = *source;
	copy->path = path.data;
	copy->identity = identity.data;
	state->sources[copy->id] = copy;
	return 0;
}

const struct state_source *state_source(const struct state *constant, uint32_t id)
{
	struct state *state = (struct state *)constant;
	pthread_mutex_lock(&state->mutex);
	const struct state_source *source = id < state->source_capacity ? state->sources[id] : NULL;
	pthread_mutex_unlock(&state->mutex);
	return source;
}

const struct state_source *state_source_next(const struct state *constant, uint32_t after)
{
	struct state *state = (struct state *)constant;
	const struct state_source *source = NULL;
	pthread_mutex_lock(&state->mutex);
	for (uint64_t id = (uint64_t)after + 1; id < state->source_capacity && source == NULL; id++)
		source = state->sources[id];
	pthread_mutex_unlock(&state->mutex);
	return source;
}

static int delete_sources(struct state *state, const uint32_t *ids, uint64_t count, struct error *error)
{
	static const char *const deletes[] = {
		"DELETE FROM source_problem WHERE source = ?", "DELETE FROM source_attribute WHERE source = ?",
		"DELETE FROM source_window WHERE source = ?",  "DELETE FROM segment_source WHERE source = ?",
		"DELETE FROM source_file WHERE id = ?",
	};
	int code = 0;
	for (size_t i = 0; i < sizeof(deletes) / sizeof(deletes[0]) && code == 0; i++) {
		sqlite3_stmt *statement;
		code = state_prepare(state, deletes[i], &statement, error);
		for (uint64_t j = 0; j < count && code == 0; j++) {
			sqlite3_bind_int64(statement, 1, ids[j]);
			code = state_step(state, statement, error);
		}
		sqlite3_finalize(statement);
	}
	return code != 0 ? code : state_delete_orphans(state, error);
}

int state_drop(struct state *state, const uint32_t *ids, uint64_t count, struct error *error)
{
	if (count == 0)
		return 0;
	pthread_mutex_lock(&state->mutex);
	int code = state_begin(state, error);
	if (code == 0)
		code = state_finish(state, delete_sources(state, ids, count, error), error);
	for (uint64_t i = 0; i < count && code == 0; i++)
		if (ids[i] < state->source_capacity)
			state->sources[ids[i]] = NULL;
	pthread_mutex_unlock(&state->mutex);
	return code;
}
