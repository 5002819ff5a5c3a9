/* A batch of facts on its way into a state: encoded as they come, sorted by reference, written as one segment. */
#include <assert.h>
#include <stdlib.h>

#include "reconcile/segment.h"
#include "reconcile/segment_sort.h"
#include "reconcile/state_internal.h"

enum { MEMORY_MIN = 1 << 20, ENTRY_ROOM = SEGMENT_FACT_MAX + SEGMENT_KEY_MAX + SEGMENT_PADDING, PREFETCH_AHEAD = 12 };

/* A source that no commit has marked done. */
struct pending_source {
	struct state_source source;
	bool ended, written; /* written: a commit holds a row of it that is not done */
	uint64_t facts;       /* all it has */
	uint64_t batch_facts; /* of those, the ones in the present batch */
	uint64_t problems_written;
	struct state_domain_window *windows;
	uint32_t window_count, window_capacity;
};

struct pending_problem {
	size_t source; /* index into sources */
	struct state_problem problem;
};

struct pending_attribute {
	size_t source;
	const char *name;
	uint64_t images;
};

/* One block within `blocks`. */
struct block_row {
	size_t offset, size;
	uint32_t facts;
	uint64_t first_key, last_key;
};

struct state_builder {
	struct state *state;
	size_t memory_max;
	bool failed;
	uint8_t *facts; /* encoded one after another */
	size_t facts_size, facts_capacity;
	struct segment_entry *entries, *spare;
	size_t entry_count, entry_capacity;
	size_t begin_size, begin_count; /* where the open source's facts begin in the batch */
	uint8_t *blocks;
	size_t blocks_capacity;
	struct block_row *rows;
	size_t row_count, row_capacity;
	struct pending_source *sources; /* the last may be open */
	size_t source_count, source_capacity;
	struct pending_problem *problems;
	size_t problem_count, problem_capacity;
	struct pending_attribute *attributes;
	size_t attribute_count, attribute_capacity;
	struct arena strings;
};

int state_builder_new(struct state *state, size_t memory_max, struct state_builder **result, struct error *error)
{
	struct state_builder *builder = calloc(1, sizeof(*builder));
	*result = builder;
	if (builder == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	builder->state = state;
	builder->memory_max = memory_max < MEMORY_MIN ? MEMORY_MIN : memory_max;
	arena_init(&builder->strings, SIZE_MAX);
	return 0;
}

void state_builder_free(struct state_builder *builder)
{
	if (builder == NULL)
		return;
	for (size_t i = 0; i < builder->source_count; i++)
		free(builder->sources[i].windows);
	free(builder->facts);
	free(builder->entries);
	free(builder->spare);
	free(builder->blocks);
	free(builder->rows);
	free(builder->sources);
	free(builder->problems);
	free(builder->attributes);
	arena_release(&builder->strings);
	free(builder);
}

/* Room for one more in an array that grows by half. */
static void *reserve(void *array, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return array;
	size_t more = *capacity + *capacity / 2 + 16;
	void *grown = reallocarray(array, more, size);
	if (grown != NULL)
		*capacity = more;
	return grown;
}

static int no_memory(struct state_builder *builder, struct error *error)
{
	builder->failed = true;
	return error_set(error, ERROR_INTERNAL, "out of memory");
}

static const char *keep_text(struct state_builder *builder, const char *text)
{
	return text == NULL ? "" : arena_copy(&builder->strings, slice_from(text)).data;
}

/* ---- what a source has besides facts */

static struct pending_source *open_source(struct state_builder *builder)
{
	assert(builder->source_count > 0 && !builder->sources[builder->source_count - 1].ended);
	return &builder->sources[builder->source_count - 1];
}

int state_builder_begin(struct state_builder *builder, struct state_source *source, struct error *error)
{
	assert(builder->source_count == 0 || builder->sources[builder->source_count - 1].ended);
	struct pending_source *grown = reserve(builder->sources, builder->source_count, &builder->source_capacity,
					       sizeof(*grown));
	if (grown == NULL)
		return no_memory(builder, error);
	builder->sources = grown;
	pthread_mutex_lock(&builder->state->mutex);
	source->id = builder->state->source_next++;
	pthread_mutex_unlock(&builder->state->mutex);
	struct pending_source *pending = &builder->sources[builder->source_count++];
	*pending = (struct pending_source){.source = *source};
	pending->source.path = keep_text(builder, source->path);
	pending->source.identity = keep_text(builder, source->identity);
	if (pending->source.path == NULL || pending->source.identity == NULL)
		return no_memory(builder, error);
	builder->begin_size = builder->facts_size;
	builder->begin_count = builder->entry_count;
	return 0;
}

int state_builder_problem(struct state_builder *builder, const struct state_problem *problem, struct error *error)
{
	open_source(builder);
	struct pending_problem *grown = reserve(builder->problems, builder->problem_count, &builder->problem_capacity,
						sizeof(*grown));
	if (grown == NULL)
		return no_memory(builder, error);
	builder->problems = grown;
	struct pending_problem *pending = &builder->problems[builder->problem_count];
	*pending = (struct pending_problem){builder->source_count - 1, *problem};
	pending->problem.id = keep_text(builder, problem->id);
	pending->problem.path = keep_text(builder, problem->path);
	pending->problem.message = keep_text(builder, problem->message);
	if (problem->has_key)
		pending->problem.key = arena_copy(&builder->strings, problem->key);
	if (pending->problem.id == NULL || pending->problem.path == NULL || pending->problem.message == NULL ||
	    (problem->has_key && pending->problem.key.data == NULL))
		return no_memory(builder, error);
	builder->problem_count++;
	return 0;
}

int state_builder_attribute(struct state_builder *builder, const char *name, uint64_t count, struct error *error)
{
	open_source(builder);
	struct pending_attribute *grown = reserve(builder->attributes, builder->attribute_count,
						  &builder->attribute_capacity, sizeof(*grown));
	const char *copy = keep_text(builder, name);
	if (grown != NULL)
		builder->attributes = grown;
	if (grown == NULL || copy == NULL)
		return no_memory(builder, error);
	builder->attributes[builder->attribute_count++] =
		(struct pending_attribute){builder->source_count - 1, copy, count};
	return 0;
}

/* A file has one domain, or few. */
static struct state_domain_window *window_of(struct pending_source *source, uint32_t domain)
{
	for (uint32_t i = 0; i < source->window_count; i++)
		if (source->windows[i].domain == domain)
			return &source->windows[i];
	if (source->window_count == source->window_capacity) {
		uint32_t capacity = source->window_capacity * 2 + 2;
		struct state_domain_window *grown = reallocarray(source->windows, capacity, sizeof(*grown));
		if (grown == NULL)
			return NULL;
		source->windows = grown;
		source->window_capacity = capacity;
	}
	struct state_domain_window *window = &source->windows[source->window_count++];
	*window = (struct state_domain_window){domain, source->source.id, 0, INT64_MAX, INT64_MIN};
	return window;
}

static bool note_window(struct pending_source *source, const struct fact *fact)
{
	struct state_domain_window *window = window_of(source, fact->domain);
	if (window == NULL)
		return false;
	window->records++;
	if (fact->time_lo_us == INT64_MIN || fact->time_hi_us == INT64_MAX)
		return true;
	if (fact->time_lo_us < window->lo)
		window->lo = fact->time_lo_us;
	if (fact->time_hi_us > window->hi)
		window->hi = fact->time_hi_us;
	return true;
}

/* ---- facts */

static bool reserve_fact(struct state_builder *builder)
{
	if (builder->facts_capacity - builder->facts_size < ENTRY_ROOM) {
		size_t capacity = builder->facts_capacity + builder->facts_capacity / 2 + ((size_t)1 << 18);
		uint8_t *grown = realloc(builder->facts, capacity);
		if (grown == NULL)
			return false;
		builder->facts = grown;
		builder->facts_capacity = capacity;
	}
	if (builder->entry_count == builder->entry_capacity) {
		size_t capacity = builder->entry_capacity + builder->entry_capacity / 2 + 4096;
		struct segment_entry *grown = reallocarray(builder->entries, capacity, sizeof(*grown));
		if (grown == NULL)
			return false;
		builder->entries = grown;
		builder->entry_capacity = capacity;
	}
	return true;
}

/* What the batch will take at its largest: facts twice (as they came, and as blocks), entries twice (sorting). */
static bool batch_full(const struct state_builder *builder)
{
	size_t used = 2 * (builder->facts_size + ENTRY_ROOM) + builder->strings.used +
		      2 * builder->entry_count * sizeof(struct segment_entry);
	return used > builder->memory_max || builder->facts_size > UINT32_MAX - ENTRY_ROOM;
}

int state_builder_add(struct state_builder *builder, const struct fact *fact, struct error *error)
{
	struct pending_source *source = open_source(builder);
	if (fact->key.size > SEGMENT_KEY_MAX)
		return error_set(error, ERROR_INTERNAL, "a key of %zu bytes is longer than any key can be", fact->key.size);
	if (batch_full(builder)) {
		int code = state_builder_flush(builder, error);
		if (code != 0)
			return code;
		source = open_source(builder);
	}
	if (!reserve_fact(builder) || (fact->kind == FACT_CHANGE && !note_window(source, fact)))
		return no_memory(builder, error);
	size_t size = segment_encode(fact, source->source.id, builder->facts + builder->facts_size);
	builder->entries[builder->entry_count++] =
		(struct segment_entry){fact->key_hash, (uint32_t)builder->facts_size, (uint32_t)size};
	builder->facts_size += size;
	source->facts++;
	source->batch_facts++;
	return 0;
}

int state_builder_end(struct state_builder *builder, const struct state_source *source, struct error *error)
{
	struct pending_source *pending = open_source(builder);
	struct state_source ended = *source;
	ended.id = pending->source.id;
	ended.path = pending->source.path;
	ended.identity = pending->source.identity;
	ended.facts = pending->facts;
	if (!ended.complete) {
		builder->facts_size = builder->begin_size;
		builder->entry_count = builder->begin_count;
		pending->batch_facts = 0;
		pending->window_count = 0;
		ended.facts = 0;
	}
	pending->source = ended;
	pending->ended = true;
	return builder->failed ? error_set(error, ERROR_INTERNAL, "the batch has failed before") : 0;
}

/* ---- sorting and encoding, outside the state's mutex */

static int add_row(struct state_builder *builder, const struct segment_block *block, struct error *error)
{
	struct block_row *grown = reserve(builder->rows, builder->row_count, &builder->row_capacity, sizeof(*grown));
	if (grown == NULL)
		return no_memory(builder, error);
	builder->rows = grown;
	builder->rows[builder->row_count++] = (struct block_row){(size_t)(block->bytes - builder->blocks), block->size,
								 block->facts, block->first_key, block->last_key};
	return 0;
}

static int reserve_blocks(struct state_builder *builder, struct error *error)
{
	/* A block is closed when a fact does not fit any more, so each but the last is nearly full. */
	size_t least = SEGMENT_BLOCK_MAX - SEGMENT_FACT_MAX - SEGMENT_KEY_MAX;
	size_t needed = builder->facts_size + (builder->facts_size / least + 2) * SEGMENT_BLOCK_HEADER + SEGMENT_BLOCK_MAX;
	if (needed > builder->blocks_capacity) {
		free(builder->blocks);
		builder->blocks = malloc(needed);
		builder->blocks_capacity = builder->blocks != NULL ? needed : 0;
	}
	struct segment_entry *spare = reallocarray(builder->spare, builder->entry_capacity, sizeof(*spare));
	if (spare != NULL)
		builder->spare = spare;
	return builder->blocks == NULL || spare == NULL ? no_memory(builder, error) : 0;
}

static int encode_blocks(struct state_builder *builder, struct error *error)
{
	builder->row_count = 0;
	if (builder->entry_count == 0)
		return 0;
	int code = reserve_blocks(builder, error);
	if (code != 0)
		return code;
	size_t count = builder->entry_count;
	const struct segment_entry *sorted = segment_sort(builder->facts, builder->entries, builder->spare, count);
	struct segment_block block;
	segment_block_begin(&block, builder->blocks);
	for (size_t i = 0; i < count && code == 0; i++) {
		/* Sorted order is random order in memory. */
		if (i + PREFETCH_AHEAD < count) {
			const uint8_t *ahead = builder->facts + sorted[i + PREFETCH_AHEAD].offset;
			__builtin_prefetch(ahead);
			__builtin_prefetch(ahead + 64);
		}
		const uint8_t *fact = builder->facts + sorted[i].offset;
		if (segment_block_add(&block, fact, sorted[i].size))
			continue;
		segment_block_end(&block);
		code = add_row(builder, &block, error);
		segment_block_begin(&block, block.bytes + block.size);
		bool fits = segment_block_add(&block, fact, sorted[i].size);
		assert(fits);
		(void)fits;
	}
	segment_block_end(&block);
	return code != 0 ? code : add_row(builder, &block, error);
}

/* ---- writing, in one transaction */

static int write_blocks(struct state_builder *builder, struct error *error)
{
	struct state *state = builder->state;
	sqlite3_stmt *ranges = NULL, *data = NULL, *segment = NULL;
	int code = state_prepare(state, "INSERT INTO block VALUES(?, ?, ?, ?)", &ranges, error);
	if (code == 0)
		code = state_prepare(state, "INSERT INTO block_data VALUES(?, ?)", &data, error);
	if (code == 0)
		code = state_prepare(state, "INSERT INTO segment VALUES(?, ?, ?, ?)", &segment, error);
	for (size_t i = 0; i < builder->row_count && code == 0; i++) {
		const struct block_row *row = &builder->rows[i];
		sqlite3_bind_int64(data, 1, state->block_next + (sqlite3_int64)i);
		sqlite3_bind_blob64(data, 2, builder->blocks + row->offset, row->size, SQLITE_STATIC);
		code = state_step(state, data, error);
		sqlite3_bind_int64(ranges, 1, state->block_next + (sqlite3_int64)i);
		sqlite3_bind_int64(ranges, 2, row->facts);
		sqlite3_bind_int64(ranges, 3, (sqlite3_int64)row->first_key);
		sqlite3_bind_int64(ranges, 4, (sqlite3_int64)row->last_key);
		if (code == 0)
			code = state_step(state, ranges, error);
	}
	if (code == 0) {
		sqlite3_bind_int64(segment, 1, state->segment_next);
		sqlite3_bind_int64(segment, 2, state->block_next);
		sqlite3_bind_int64(segment, 3, (sqlite3_int64)builder->row_count);
		sqlite3_bind_int64(segment, 4, (sqlite3_int64)builder->entry_count);
		code = state_step(state, segment, error);
	}
	sqlite3_finalize(ranges);
	sqlite3_finalize(data);
	sqlite3_finalize(segment);
	return code;
}

static int write_source_row(struct state *state, sqlite3_stmt *statement, const struct pending_source *pending,
			    struct error *error)
{
	const struct state_source *source = &pending->source;
	sqlite3_bind_int64(statement, 1, source->id);
	sqlite3_bind_int64(statement, 2, source->kind);
	sqlite3_bind_int64(statement, 3, source->group);
	sqlite3_bind_text(statement, 4, source->path, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 5, source->identity, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 6, (sqlite3_int64)source->size_bytes);
	sqlite3_bind_int64(statement, 7, source->mtime_ns);
	sqlite3_bind_int64(statement, 8, (sqlite3_int64)source->content);
	sqlite3_bind_int64(statement, 9, (sqlite3_int64)source->fingerprint);
	sqlite3_bind_int64(statement, 10, source->complete);
	sqlite3_bind_int64(statement, 11, (sqlite3_int64)source->records);
	sqlite3_bind_int64(statement, 12, (sqlite3_int64)source->unreadable);
	sqlite3_bind_int64(statement, 13, (sqlite3_int64)source->bytes);
	sqlite3_bind_int64(statement, 14, (sqlite3_int64)source->stored_bytes);
	sqlite3_bind_int64(statement, 15, (sqlite3_int64)source->facts);
	sqlite3_bind_int64(statement, 16, pending->ended);
	return state_step(state, statement, error);
}

static int write_windows(struct state *state, sqlite3_stmt *statement, const struct pending_source *pending,
			 struct error *error)
{
	int code = 0;
	for (uint32_t i = 0; i < pending->window_count && code == 0; i++) {
		const struct state_domain_window *window = &pending->windows[i];
		sqlite3_bind_int64(statement, 1, window->source);
		sqlite3_bind_int64(statement, 2, window->domain);
		sqlite3_bind_int64(statement, 3, (sqlite3_int64)window->records);
		sqlite3_bind_int64(statement, 4, window->lo);
		sqlite3_bind_int64(statement, 5, window->hi);
		code = state_step(state, statement, error);
	}
	return code;
}

/* Source rows, what segment they have facts in, and their windows; *dropped: some segment may have lost its last. */
static int write_sources(struct state_builder *builder, bool *dropped, struct error *error)
{
	struct state *state = builder->state;
	sqlite3_stmt *row = NULL, *member = NULL, *window = NULL, *leave = NULL;
	int code = state_prepare(state, "INSERT OR REPLACE INTO source_file VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", &row,
				 error);
	if (code == 0)
		code = state_prepare(state, "INSERT INTO segment_source(segment, source, facts) VALUES(?, ?, ?)", &member,
				     error);
	if (code == 0)
		code = state_prepare(state, "INSERT INTO source_window VALUES(?, ?, ?, ?, ?)", &window, error);
	if (code == 0)
		code = state_prepare(state, "DELETE FROM segment_source WHERE source = ?", &leave, error);
	for (size_t i = 0; i < builder->source_count && code == 0; i++) {
		const struct pending_source *pending = &builder->sources[i];
		code = write_source_row(state, row, pending, error);
		if (code == 0 && pending->batch_facts > 0) {
			sqlite3_bind_int64(member, 1, state->segment_next);
			sqlite3_bind_int64(member, 2, pending->source.id);
			sqlite3_bind_int64(member, 3, (sqlite3_int64)pending->batch_facts);
			code = state_step(state, member, error);
		}
		if (code == 0 && pending->ended)
			code = write_windows(state, window, pending, error);
		if (code == 0 && pending->ended && !pending->source.complete && pending->written) {
			sqlite3_bind_int64(leave, 1, pending->source.id);
			code = state_step(state, leave, error);
			*dropped = true;
		}
	}
	sqlite3_finalize(row);
	sqlite3_finalize(member);
	sqlite3_finalize(window);
	sqlite3_finalize(leave);
	return code;
}

static int write_problems(struct state_builder *builder, struct error *error)
{
	sqlite3_stmt *statement = NULL;
	int code = 0;
	if (builder->problem_count > 0)
		code = state_prepare(builder->state, "INSERT INTO source_problem VALUES(?, ?, ?, ?, ?, ?, ?, ?)", &statement,
				     error);
	for (size_t i = 0; i < builder->problem_count && code == 0; i++) {
		struct pending_source *source = &builder->sources[builder->problems[i].source];
		const struct state_problem *problem = &builder->problems[i].problem;
		sqlite3_clear_bindings(statement);
		sqlite3_bind_int64(statement, 1, source->source.id);
		sqlite3_bind_int64(statement, 2, (sqlite3_int64)++source->problems_written);
		sqlite3_bind_text(statement, 3, problem->id, -1, SQLITE_STATIC);
		sqlite3_bind_text(statement, 4, problem->path, -1, SQLITE_STATIC);
		if (problem->has_position) {
			sqlite3_bind_int64(statement, 5, (sqlite3_int64)problem->record);
			sqlite3_bind_int64(statement, 6, (sqlite3_int64)problem->offset);
		}
		if (problem->has_key)
			sqlite3_bind_blob64(statement, 7, problem->key.data, problem->key.size, SQLITE_STATIC);
		sqlite3_bind_text(statement, 8, problem->message, -1, SQLITE_STATIC);
		code = state_step(builder->state, statement, error);
	}
	sqlite3_finalize(statement);
	return code;
}

static int write_attributes(struct state_builder *builder, struct error *error)
{
	sqlite3_stmt *statement = NULL;
	int code = 0;
	if (builder->attribute_count > 0)
		code = state_prepare(builder->state,
				     "INSERT INTO source_attribute VALUES(?, ?, ?) ON CONFLICT DO UPDATE"
				     " SET images = images + excluded.images",
				     &statement, error);
	for (size_t i = 0; i < builder->attribute_count && code == 0; i++) {
		const struct pending_attribute *attribute = &builder->attributes[i];
		sqlite3_bind_int64(statement, 1, builder->sources[attribute->source].source.id);
		sqlite3_bind_text(statement, 2, attribute->name, -1, SQLITE_STATIC);
		sqlite3_bind_int64(statement, 3, (sqlite3_int64)attribute->images);
		code = state_step(builder->state, statement, error);
	}
	sqlite3_finalize(statement);
	return code;
}

static int write_batch(struct state_builder *builder, struct error *error)
{
	bool dropped = false;
	int code = state_write_texts(builder->state, error);
	if (code == 0 && builder->row_count > 0)
		code = write_blocks(builder, error);
	if (code == 0)
		code = write_sources(builder, &dropped, error);
	if (code == 0)
		code = write_problems(builder, error);
	if (code == 0)
		code = write_attributes(builder, error);
	if (code == 0 && dropped)
		code = state_delete_orphans(builder->state, error);
	return code;
}

static int commit_batch(struct state_builder *builder, struct error *error)
{
	struct state *state = builder->state;
	pthread_mutex_lock(&state->mutex);
	int code = state_begin(state, error);
	if (code == 0)
		code = state_finish(state, write_batch(builder, error), error);
	if (code == 0) {
		state_texts_stored(state);
		if (builder->row_count > 0)
			state->segment_next++;
		state->block_next += (sqlite3_int64)builder->row_count;
	}
	for (size_t i = 0; i < builder->source_count && code == 0; i++)
		if (builder->sources[i].ended)
			code = state_register(state, &builder->sources[i].source, error);
	pthread_mutex_unlock(&state->mutex);
	return code;
}

/* The open source, if there is one, goes on in the next batch. */
static int begin_batch(struct state_builder *builder, struct error *error)
{
	struct pending_source open = {0};
	size_t count = builder->source_count;
	bool has_open = count > 0 && !builder->sources[count - 1].ended;
	struct arena before = builder->strings;
	if (has_open)
		open = builder->sources[count - 1];
	for (size_t i = 0; i < count - (has_open ? 1 : 0); i++)
		free(builder->sources[i].windows);
	arena_init(&builder->strings, SIZE_MAX);
	builder->source_count = 0;
	builder->problem_count = builder->attribute_count = builder->entry_count = 0;
	builder->facts_size = builder->begin_size = builder->begin_count = 0;
	if (has_open) {
		open.written = true;
		open.batch_facts = 0;
		open.source.path = keep_text(builder, open.source.path);
		open.source.identity = keep_text(builder, open.source.identity);
		builder->sources[builder->source_count++] = open;
	}
	arena_release(&before);
	return has_open && (open.source.path == NULL || open.source.identity == NULL) ? no_memory(builder, error) : 0;
}

int state_builder_flush(struct state_builder *builder, struct error *error)
{
	if (builder->failed)
		return error_set(error, ERROR_INTERNAL, "the batch has failed before");
	if (builder->source_count == 0)
		return 0;
	int code = encode_blocks(builder, error);
	if (code == 0)
		code = commit_batch(builder, error);
	if (code != 0) {
		builder->failed = true;
		return code;
	}
	return begin_batch(builder, error);
}
