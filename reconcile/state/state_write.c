/* A batch of a state builder becomes part of the state, in one transaction. */
#include <assert.h>

#include "reconcile/state/state_builder_internal.h"

/* ---- segments */

int segment_writer_begin(struct segment_writer *writer, struct state *state, struct error *error)
{
	*writer = (struct segment_writer){.state = state, .first_block = state->block_next};
	int code = state_prepare(state, "INSERT INTO block VALUES(?, ?, ?, ?)", &writer->range, error);
	if (code == 0)
		code = state_prepare(state, "INSERT INTO block_data VALUES(?, ?)", &writer->data, error);
	return code;
}

int segment_writer_add(struct segment_writer *writer, const uint8_t *bytes, size_t size, uint32_t facts,
		       uint64_t first_key, uint64_t last_key, struct error *error)
{
	sqlite3_int64 id = writer->first_block + writer->blocks++;
	writer->facts += facts;
	sqlite3_bind_int64(writer->data, 1, id);
	sqlite3_bind_blob64(writer->data, 2, bytes, size, SQLITE_STATIC);
	int code = state_step(writer->state, writer->data, error);
	sqlite3_bind_int64(writer->range, 1, id);
	sqlite3_bind_int64(writer->range, 2, facts);
	sqlite3_bind_int64(writer->range, 3, (sqlite3_int64)first_key);
	sqlite3_bind_int64(writer->range, 4, (sqlite3_int64)last_key);
	return code != 0 ? code : state_step(writer->state, writer->range, error);
}

int segment_writer_end(struct segment_writer *writer, struct error *error)
{
	struct state *state = writer->state;
	sqlite3_stmt *segment;
	int code = state_prepare(state, "INSERT INTO segment VALUES(?, ?, ?, ?)", &segment, error);
	if (code != 0)
		return code;
	sqlite3_bind_int64(segment, 1, state->segment_next);
	sqlite3_bind_int64(segment, 2, writer->first_block);
	sqlite3_bind_int64(segment, 3, writer->blocks);
	sqlite3_bind_int64(segment, 4, (sqlite3_int64)writer->facts);
	code = state_step(state, segment, error);
	sqlite3_finalize(segment);
	return code;
}

void segment_writer_commit(const struct segment_writer *writer)
{
	assert(writer->state != NULL); /* it was opened */
	writer->state->segment_next++;
	writer->state->block_next += writer->blocks;
}

void segment_writer_release(struct segment_writer *writer)
{
	sqlite3_finalize(writer->range);
	sqlite3_finalize(writer->data);
	*writer = (struct segment_writer){0};
}

static int write_blocks(struct state_builder *builder, struct segment_writer *writer, struct error *error)
{
	int code = segment_writer_begin(writer, builder->state, error);
	for (size_t i = 0; i < builder->row_count && code == 0; i++) {
		const struct block_row *row = &builder->rows[i];
		code = segment_writer_add(writer, builder->blocks + row->offset, row->size, row->facts, row->first_key,
					  row->last_key, error);
	}
	return code != 0 ? code : segment_writer_end(writer, error);
}

/* ---- sources and what they have besides facts */

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
	sqlite3_bind_int64(statement, 16, (sqlite3_int64)pending->problems);
	sqlite3_bind_int64(statement, 17, pending->window_count);
	sqlite3_bind_int64(statement, 18, (sqlite3_int64)pending->images);
	sqlite3_bind_int64(statement, 19, pending->ended);
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
	int code = state_prepare(
		state, "INSERT OR REPLACE INTO source_file VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", &row, error);
	if (code == 0)
		code = state_prepare(state, "INSERT INTO segment_source(segment, source, facts) VALUES(?, ?, ?)",
				     &member, error);
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
		code = state_prepare(builder->state, "INSERT INTO source_problem VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
				     &statement, error);
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

static int write_batch(struct state_builder *builder, struct segment_writer *writer, struct error *error)
{
	bool dropped = false;
	int code = state_write_texts(builder->state, error);
	if (code == 0 && builder->row_count > 0)
		code = write_blocks(builder, writer, error);
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

int state_builder_commit(struct state_builder *builder, struct error *error)
{
	struct state *state = builder->state;
	struct segment_writer writer = {0};
	pthread_mutex_lock(&state->mutex);
	int code = state_begin(state, error);
	if (code == 0)
		code = state_finish(state, write_batch(builder, &writer, error), error);
	if (code == 0) {
		state_texts_stored(state);
		if (builder->row_count > 0)
			segment_writer_commit(&writer);
	}
	for (size_t i = 0; i < builder->source_count && code == 0; i++)
		if (builder->sources[i].ended)
			code = state_register(state, &builder->sources[i].source, error);
	segment_writer_release(&writer);
	pthread_mutex_unlock(&state->mutex);
	return code;
}
