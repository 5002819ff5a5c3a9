/* One key's rows over the versions, out of the rows of the files that stand in each. */
#include <stdlib.h>

#include "reconcile/versions_internal.h"

static int out_of_memory(struct error *error)
{
	return error_set(error, ERROR_INTERNAL, "out of memory for a key's rows");
}

/* Room for one more of `size` bytes each. */
static int make_room(void **array, uint32_t count, uint32_t *capacity, size_t size, struct error *error)
{
	if (count < *capacity)
		return 0;
	uint32_t wanted = *capacity * 2 + 16;
	void *grown = reallocarray(*array, wanted, size);
	if (grown == NULL)
		return out_of_memory(error);
	*array = grown;
	*capacity = wanted;
	return 0;
}

void versions_key_release(struct versions_key *key)
{
	free(key->rows);
	free(key->held);
	free(key->moments);
	free(key->edges);
	*key = (struct versions_key){0};
}

void versions_key_begin(struct versions_key *key, const struct fact *fact)
{
	memcpy(key->bytes, fact->key.data, fact->key.size);
	key->key = (struct slice){key->bytes, fact->key.size};
	key->hash = fact->key_hash;
	key->row_count = 0;
}

static int by_source(const void *left, const void *right)
{
	uint32_t a = (*(const struct versions_file *const *)left)->source,
		 b = (*(const struct versions_file *const *)right)->source;
	return (a > b) - (a < b);
}

int versions_key_take(struct versions *versions, struct versions_key *key, const struct fact *fact, struct error *error)
{
	const struct versions_file wanted = {.source = fact->source}, *searched = &wanted;
	struct versions_file **found = bsearch(&searched, versions->by_source, versions->by_source_count,
					       sizeof(*versions->by_source), by_source);
	int code = make_room((void **)&key->rows, key->row_count, &key->row_capacity, sizeof(*key->rows), error);
	if (code != 0 || found == NULL)
		return code;
	key->rows[key->row_count++] = (struct versions_held){.digest = fact->after.row,
							     .exact = fact->after.state == STATE_IMAGE,
							     .deleted = (fact->flags & FACT_DELETED) != 0,
							     .flags = fact->flags,
							     .time_lo_us = fact->time_lo_us,
							     .time_hi_us = fact->time_hi_us,
							     .file = *found,
							     .record = fact->record};
	return 0;
}

/* ---- moments */

static int ascending(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	return (a > b) - (a < b);
}

static int add_edge(struct versions_key *key, uint32_t slot, struct error *error)
{
	int code = make_room((void **)&key->edges, key->edge_count, &key->edge_capacity, sizeof(*key->edges), error);
	if (code == 0)
		key->edges[key->edge_count++] = slot;
	return code;
}

/* The slots at which one of the key's rows may come or go. */
static int find_edges(struct versions_key *key, uint32_t from, uint32_t to, struct error *error)
{
	key->edge_count = 0;
	int code = add_edge(key, from, error);
	for (uint32_t i = 0; i < key->row_count && code == 0; i++) {
		const struct versions_file *file = key->rows[i].file;
		for (uint32_t span = 0; span < file->span_count && code == 0; span++) {
			uint32_t begin = file->spans[span].begin, end = file->spans[span].end;
			if (begin > from && begin <= to)
				code = add_edge(key, begin, error);
			if (code == 0 && end > from && end <= to)
				code = add_edge(key, end, error);
		}
	}
	if (code == 0)
		qsort(key->edges, key->edge_count, sizeof(*key->edges), ascending);
	return code;
}

/* By what the rows hold, not by where they are. */
static int order_of(const struct versions_held *a, const struct versions_held *b)
{
	if (a->digest != b->digest)
		return a->digest < b->digest ? -1 : 1;
	if (a->exact != b->exact)
		return a->exact ? 1 : -1;
	if (a->flags != b->flags)
		return a->flags < b->flags ? -1 : 1;
	if (a->time_lo_us != b->time_lo_us)
		return a->time_lo_us < b->time_lo_us ? -1 : 1;
	return (a->time_hi_us > b->time_hi_us) - (a->time_hi_us < b->time_hi_us);
}

static int by_content(const void *left, const void *right)
{
	return order_of(left, right);
}

static void count_moves(const struct versions_key *key, const struct versions_moment *before,
			struct versions_moment *after)
{
	uint32_t i = 0, j = 0;
	while (i < before->count || j < after->count) {
		int order = i == before->count  ? 1
			    : j == after->count ? -1
						: order_of(&key->held[before->first + i], &key->held[after->first + j]);
		after->went += order < 0;
		after->came += order > 0;
		i += order <= 0;
		j += order >= 0;
	}
}

static int add_moment(struct versions_key *key, uint32_t slot, struct error *error)
{
	struct versions_moment moment = {.slot = slot, .first = key->held_count};
	int code = 0;
	for (uint32_t i = 0; i < key->row_count && code == 0; i++) {
		if (!versions_stands(key->rows[i].file, slot))
			continue;
		code = make_room((void **)&key->held, key->held_count, &key->held_capacity, sizeof(*key->held), error);
		if (code == 0)
			key->held[key->held_count++] = key->rows[i];
	}
	moment.count = key->held_count - moment.first;
	if (code == 0 && moment.count > 1)
		qsort(key->held + moment.first, moment.count, sizeof(*key->held), by_content);
	if (code == 0 && key->moment_count > 0)
		count_moves(key, &key->moments[key->moment_count - 1], &moment);
	if (code != 0 || (key->moment_count > 0 && moment.came + moment.went == 0)) {
		key->held_count = moment.first; /* they have only moved */
		return code;
	}
	code = make_room((void **)&key->moments, key->moment_count, &key->moment_capacity, sizeof(*key->moments),
			 error);
	if (code == 0)
		key->moments[key->moment_count++] = moment;
	return code;
}

int versions_key_end(struct versions_key *key, uint32_t from, uint32_t to, struct error *error)
{
	key->held_count = key->moment_count = 0;
	int code = find_edges(key, from, to, error);
	for (uint32_t i = 0; i < key->edge_count && code == 0; i++)
		if (i == 0 || key->edges[i] != key->edges[i - 1])
			code = add_moment(key, key->edges[i], error);
	return code;
}

int versions_key_at(struct versions_key *key, const uint32_t slots[2], struct error *error)
{
	key->held_count = key->moment_count = 0;
	int code = add_moment(key, slots[0], error);
	return code != 0 ? code : add_moment(key, slots[1], error);
}

/* ---- the files' rows, key by key */

static int prepare(struct versions *versions, struct error *error)
{
	versions->by_source_count = 0;
	if (versions->by_source == NULL)
		versions->by_source = calloc(versions->file_count + 1, sizeof(*versions->by_source));
	if (versions->by_source == NULL)
		return out_of_memory(error);
	for (uint64_t i = 0; i < versions->file_count; i++)
		if (versions->files[i].source != 0)
			versions->by_source[versions->by_source_count++] = &versions->files[i];
	qsort(versions->by_source, versions->by_source_count, sizeof(*versions->by_source), by_source);
	return 0;
}

int versions_stream_open(struct versions *versions, const uint32_t *only, struct versions_stream *stream,
			 struct error *error)
{
	*stream = (struct versions_stream){0};
	int code = prepare(versions, error);
	if (code != 0)
		return code;
	uint64_t count = 0;
	stream->sources = calloc(versions->by_source_count + 1, sizeof(*stream->sources));
	if (stream->sources == NULL)
		return out_of_memory(error);
	for (uint64_t i = 0; i < versions->by_source_count; i++) {
		const struct versions_file *file = versions->by_source[i];
		if (only == NULL || versions_stands(file, only[0]) || versions_stands(file, only[1]))
			stream->sources[count++] = file->source;
	}
	stream->count = count;
	struct merge_options options = {.sources = stream->sources,
					.source_count = count,
					.workers = 1,
					.memory_max = versions->run->options.memory_max / 2};
	code = merge_plan_make(versions->store, &options, &stream->plan, error);
	if (code == 0)
		code = merge_reader_new(&stream->plan, &stream->reader, error);
	if (code == 0)
		code = merge_reader_begin(stream->reader, 0, UINT64_MAX, error);
	if (code == 0)
		code = merge_reader_next(stream->reader, &stream->next, error);
	return code;
}

int versions_stream_next(struct versions *versions, struct versions_stream *stream, struct versions_key *key,
			 bool *has_key, struct error *error)
{
	int code = 0;
	*has_key = stream->next != NULL;
	if (stream->next == NULL)
		return 0;
	versions_key_begin(key, stream->next);
	while (code == 0 && stream->next != NULL && stream->next->key_hash == key->hash &&
	       slice_equal(stream->next->key, key->key)) {
		code = versions_key_take(versions, key, stream->next, error);
		if (code == 0)
			code = merge_reader_next(stream->reader, &stream->next, error);
	}
	return code;
}

int versions_stream_seek(struct versions *versions, struct versions_stream *stream, struct versions_key *key,
			 struct error *error)
{
	int code = merge_reader_begin(stream->reader, key->hash, key->hash, error);
	if (code == 0)
		code = merge_reader_next(stream->reader, &stream->next, error);
	while (code == 0 && stream->next != NULL && stream->next->key_hash == key->hash) {
		if (slice_equal(stream->next->key, key->key))
			code = versions_key_take(versions, key, stream->next, error);
		if (code == 0)
			code = merge_reader_next(stream->reader, &stream->next, error);
	}
	return code;
}

void versions_stream_close(struct versions_stream *stream)
{
	merge_reader_free(stream->reader);
	merge_plan_release(&stream->plan);
	free(stream->sources);
}
