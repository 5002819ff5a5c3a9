/* A batch of facts on its way into a state: encoded as they come, sorted by reference, written as one segment. */
#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "reconcile/state/segment.h"
#include "reconcile/state/state_builder_internal.h"

enum { MEMORY_MIN = 1 << 20, ENTRY_ROOM = SEGMENT_FACT_MAX + SEGMENT_KEY_MAX + SEGMENT_PADDING, PREFETCH_AHEAD = 12 };

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
	struct pending_source *source = open_source(builder);
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
	source->problems++;
	return 0;
}

int state_builder_attribute(struct state_builder *builder, const char *name, uint64_t count, struct error *error)
{
	struct pending_source *source = open_source(builder);
	struct pending_attribute *grown = reserve(builder->attributes, builder->attribute_count,
						  &builder->attribute_capacity, sizeof(*grown));
	const char *copy = keep_text(builder, name);
	if (grown != NULL)
		builder->attributes = grown;
	if (grown == NULL || copy == NULL)
		return no_memory(builder, error);
	builder->attributes[builder->attribute_count++] = (struct pending_attribute){builder->source_count - 1, copy,
										     count};
	source->images += count;
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

static bool widen_window(struct pending_source *source, uint32_t domain, int64_t time_lo_us, int64_t time_hi_us)
{
	struct state_domain_window *window = window_of(source, domain);
	if (window == NULL)
		return false;
	window->records++;
	if (time_lo_us == INT64_MIN || time_hi_us == INT64_MAX)
		return true;
	/* Of a day or a minute that a row says, the capture may have seen no more than the change's moment. */
	int64_t from = time_hi_us - time_lo_us > CLOCK_SECOND_US ? time_hi_us - CLOCK_SECOND_US : time_lo_us;
	int64_t to = time_hi_us - time_lo_us > CLOCK_SECOND_US ? time_lo_us + CLOCK_SECOND_US : time_hi_us;
	window->lo = from < window->lo ? from : window->lo;
	window->hi = to > window->hi ? to : window->hi;
	return true;
}

static bool note_window(struct pending_source *source, const struct fact *fact)
{
	bool timely = (fact->flags & FACT_UNTIMELY) == 0;
	return widen_window(source, fact->domain, timely ? fact->time_lo_us : INT64_MIN,
			    timely ? fact->time_hi_us : INT64_MAX);
}

int state_builder_window(struct state_builder *builder, uint32_t domain, int64_t time_lo_us, int64_t time_hi_us,
			 struct error *error)
{
	return widen_window(open_source(builder), domain, time_lo_us, time_hi_us) ? 0 : no_memory(builder, error);
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
		return error_set(error, ERROR_INTERNAL, "a key of %zu bytes is longer than any key can be",
				 fact->key.size);
	if (batch_full(builder)) {
		int code = state_builder_flush(builder, error);
		if (code != 0)
			return code;
		source = open_source(builder);
	}
	if (!reserve_fact(builder) ||
	    (fact->kind == FACT_CHANGE && !note_window(source, fact)))
		return no_memory(builder, error);
	size_t size = segment_encode(fact, source->source.id, builder->facts + builder->facts_size);
	builder->entries[builder->entry_count++] = (struct segment_entry){fact->key_hash, (uint32_t)builder->facts_size,
									  (uint32_t)size};
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
	size_t needed = builder->facts_size + (builder->facts_size / least + 2) * SEGMENT_BLOCK_HEADER +
			SEGMENT_BLOCK_MAX;
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
		code = state_builder_commit(builder, error);
	if (code != 0) {
		builder->failed = true;
		return code;
	}
	return begin_batch(builder, error);
}
