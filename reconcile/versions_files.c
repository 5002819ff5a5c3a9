/* Which versions there are, which files stand in each, and their rows as facts. */
#include <inttypes.h>
#include <stdlib.h>

#include <xxhash.h>

#include "reconcile/versions_internal.h"

enum { TABLES_OPEN_MAX = 64, BATCH_ROWS = 65536 };

/* Another number when the facts that rows become are others. */
#define STORE_LAYOUT (UINT64_C(1) << 32)

/* What one schema of the table comes to under the contract. */
struct versions_schema {
	struct versions_schema *next;
	const char *json;
	struct digest_plan *plan, *own; /* plan NULL: its rows' keys cannot be told; own: to be freed */
	bool same;                      /* digests mean what they mean in the run's version */
	const char *unlike;
};

static int out_of_memory(struct error *error)
{
	return error_set(error, ERROR_INTERNAL, "out of memory for the table's versions");
}

/* ---- slots */

static int open_slot(struct versions *versions, uint32_t slot, struct bridge_table **table, struct error *error)
{
	*table = versions->slots[slot].table;
	return *table != NULL
		       ? 0
		       : bridge_table_open(versions->run->contract->delta, versions->slots[slot].version, table, error);
}

/* Tables are kept open, as far as it does not cost too much. */
static void leave_slot(struct versions *versions, uint32_t slot, struct bridge_table *table)
{
	uint32_t open = 0;
	for (uint32_t i = 0; i < versions->slot_count; i++)
		open += versions->slots[i].table != NULL;
	if (versions->slots[slot].table == table)
		return;
	if (open < TABLES_OPEN_MAX)
		versions->slots[slot].table = table;
	else
		bridge_table_close(table);
}

/* The versions of the log that follow on one another to `to`. */
static int find_versions(struct versions *versions, int64_t to, struct error *error)
{
	const struct versions_options *options = &versions->options;
	const struct bridge_version *list;
	uint64_t count, first = 0;
	int code = bridge_table_versions(versions->run->table, UINT64_MAX >> 1, &list, &count, error);
	if (code != 0)
		return code;
	while (first < count && list[first].version > to)
		first++;
	uint64_t end = first;
	while (end < count && list[end].version == to - (int64_t)(end - first))
		end++;
	int64_t lowest = to - (int64_t)(end - first) + 1;
	if (end == first || options->from > to || (options->from >= 0 && options->from < lowest))
		return error_set(error, ERROR_USAGE,
				 "\"%s\": the log tells of versions %" PRId64 " to %" PRId64
				 ", not of all from %" PRId64 " to %" PRId64,
				 versions->run->contract->delta, end == first ? to : lowest,
				 count > 0 ? list[0].version : to, options->from, to);
	if (options->from >= 0)
		lowest = options->from;
	else if (lowest == 0)
		lowest = -1; /* the empty table before the first version */
	versions->slot_count = (uint32_t)(to - lowest + 1);
	versions->slots = calloc(versions->slot_count, sizeof *versions->slots);
	if (versions->slots == NULL)
		return out_of_memory(error);
	for (uint32_t i = 0; i < versions->slot_count; i++) {
		struct versions_slot *slot = &versions->slots[i];
		slot->version = lowest + i;
		slot->operation = "";
		slot->commit_us = INT64_MIN;
		if (slot->version < 0)
			continue;
		const struct bridge_version *from = &list[first + (uint64_t)(to - slot->version)];
		slot->operation = arena_copy(&versions->arena, slice_from(from->operation)).data;
		slot->commit_us = from->commit_time_ms * 1000;
		if (slot->operation == NULL)
			return out_of_memory(error);
	}
	return 0;
}

/* ---- schemas */

static int compile(struct versions *versions, struct bridge_table *table, struct versions_schema *schema,
		   struct error *error)
{
	const struct run *run = versions->run;
	struct ArrowSchema arrow = {0};
	struct error refused = {0};
	int code = bridge_table_schema(table, &arrow, error);
	if (code != 0)
		return code;
	code = digest_plan_new(run->contract, &arrow, &schema->own, &refused);
	arrow.release(&arrow);
	if (code == ERROR_INTERNAL)
		return error_set(error, code, "%s", refused.message);
	if (code != 0) {
		schema->unlike = arena_text(&versions->arena, "its columns do not fit the contract: %s",
					    refused.message);
		return schema->unlike != NULL ? 0 : out_of_memory(error);
	}
	schema->plan = schema->own;
	const struct plan_report *report = digest_plan_report(schema->plan);
	schema->same = report->missing_count == 0 &&
		       digest_plan_fingerprint(schema->plan) == digest_plan_fingerprint(run->plan);
	schema->unlike = schema->same ? NULL
			 : report->missing_count > 0
				 ? arena_text(&versions->arena, "it has no column '%s'", report->missing_columns[0])
				 : "the types of its columns are others";
	return schema->unlike != NULL || schema->same ? 0 : out_of_memory(error);
}

static int schema_of(struct versions *versions, struct bridge_table *table, struct versions_schema **schema,
		     struct error *error)
{
	const char *json = bridge_table_info(table)->schema_json;
	struct versions_schema *found = versions->schemas;
	while (found != NULL && strcmp(found->json, json) != 0)
		found = found->next;
	*schema = found;
	if (found != NULL)
		return 0;
	found = arena_alloc(&versions->arena, sizeof *found);
	if (found == NULL)
		return out_of_memory(error);
	*found = (struct versions_schema){.next = versions->schemas,
					  .json = arena_copy(&versions->arena, slice_from(json)).data};
	if (found->json == NULL)
		return out_of_memory(error);
	versions->schemas = found;
	*schema = found;
	if (strcmp(json, bridge_table_info(versions->run->table)->schema_json) != 0)
		return compile(versions, table, found, error);
	found->plan = versions->run->plan;
	found->same = true;
	return 0;
}

const char *versions_unlike(const struct versions *versions, uint32_t slot)
{
	const struct versions_schema *schema = versions->slots[slot].schema;
	return schema == NULL || schema->same ? NULL : schema->unlike;
}

/* ---- files */

static int grow_index(struct versions *versions, struct error *error)
{
	uint64_t size = versions->index_size == 0 ? 1024 : versions->index_size * 2;
	uint32_t *index = calloc(size, sizeof *index);
	if (index == NULL)
		return out_of_memory(error);
	for (uint64_t i = 0; i < versions->file_count; i++) {
		const char *identity = versions->files[i].identity;
		uint64_t at = XXH64(identity, strlen(identity), 0) & (size - 1);
		while (index[at] != 0)
			at = (at + 1) & (size - 1);
		index[at] = (uint32_t)i + 1;
	}
	free(versions->index);
	free(versions->by_source);
	versions->index = index;
	versions->index_size = size;
	return 0;
}

static int add_file(struct versions *versions, const struct bridge_file *from, const char *identity,
		    struct versions_file **file, struct error *error)
{
	if (versions->file_count == versions->file_capacity) {
		uint64_t capacity = versions->file_capacity * 2 + 256;
		struct versions_file *grown = reallocarray(versions->files, capacity, sizeof *grown);
		if (grown == NULL)
			return out_of_memory(error);
		versions->files = grown;
		versions->file_capacity = capacity;
	}
	*file = &versions->files[versions->file_count];
	**file = (struct versions_file){.path = arena_copy(&versions->arena, slice_from(from->path)).data,
					.identity = arena_copy(&versions->arena, slice_from(identity)).data,
					.size = from->size_bytes};
	if ((*file)->path == NULL || (*file)->identity == NULL)
		return out_of_memory(error);
	versions->file_count++;
	return 0;
}

/* The file of that identity, or NULL. */
static struct versions_file *look_up(const struct versions *versions, const char *identity)
{
	uint64_t mask = versions->index_size - 1, at = XXH64(identity, strlen(identity), 0) & mask;
	for (; versions->index_size > 0 && versions->index[at] != 0; at = (at + 1) & mask) {
		struct versions_file *file = &versions->files[versions->index[at] - 1];
		if (strcmp(file->identity, identity) == 0)
			return file;
	}
	return NULL;
}

static int find_file(struct versions *versions, const struct bridge_file *from, const char *identity,
		     struct versions_file **file, struct error *error)
{
	int code = versions->file_count * 2 >= versions->index_size ? grow_index(versions, error) : 0;
	if (code != 0)
		return code;
	uint64_t mask = versions->index_size - 1, at = XXH64(identity, strlen(identity), 0) & mask;
	*file = look_up(versions, identity);
	if (*file != NULL)
		return 0;
	while (versions->index[at] != 0)
		at = (at + 1) & mask;
	code = add_file(versions, from, identity, file, error);
	if (code == 0)
		versions->index[at] = (uint32_t)versions->file_count;
	return code;
}

/* Slots come in descending order. */
static int stand(struct versions_file *file, uint32_t slot, uint64_t index, struct error *error)
{
	if (file->span_count > 0 && file->spans[file->span_count - 1].begin == slot + 1) {
		file->spans[file->span_count - 1].begin = slot;
		return 0;
	}
	if (file->span_count == file->span_capacity) {
		uint32_t capacity = file->span_capacity * 2 + 1;
		struct versions_span *grown = reallocarray(file->spans, capacity, sizeof *grown);
		if (grown == NULL)
			return out_of_memory(error);
		file->spans = grown;
		file->span_capacity = capacity;
	}
	if (file->span_count == 0)
		file->last_index = index;
	file->spans[file->span_count++] = (struct versions_span){slot, slot + 1};
	return 0;
}

bool versions_stands(const struct versions_file *file, uint32_t slot)
{
	for (uint32_t i = 0; i < file->span_count; i++)
		if (file->spans[i].begin <= slot && slot < file->spans[i].end)
			return true;
	return false;
}

static int list_slot(struct versions *versions, uint32_t slot, struct bridge_table *table, struct error *error)
{
	const struct bridge_info *info = bridge_table_info(table);
	struct buffer identity;
	buffer_init(&identity, 1 << 16);
	int code = schema_of(versions, table, &versions->slots[slot].schema, error);
	versions->slots[slot].commit_us = info->commit_time_ms * 1000;
	for (uint64_t i = 0; i < info->file_count && code == 0; i++) {
		const struct bridge_file *from = bridge_table_file(table, i);
		struct versions_file *file;
		identity.size = 0;
		buffer_printf(&identity, "%s|%s|%s|%s", info->table_id, from->path, from->deletion_vector,
			      from->partition_values);
		buffer_append_byte(&identity, '\0');
		code = identity.failed ? out_of_memory(error) : find_file(versions, from, identity.data, &file, error);
		if (code == 0)
			code = stand(file, slot, i, error);
	}
	buffer_release(&identity);
	return code;
}

int versions_list(struct versions *versions, struct error *error)
{
	int64_t newest = bridge_table_info(versions->run->table)->version;
	int64_t to = versions->options.to < 0 ? newest : versions->options.to;
	if (to > newest)
		return error_set(error, ERROR_USAGE,
				 "version %" PRId64 " is after version %" PRId64 ", which the contract or --version "
				 "names",
				 to, newest);
	int code = find_versions(versions, to, error);
	versions->base = 0;
	for (uint32_t slot = versions->slot_count; slot-- > 0 && code == 0;) {
		struct bridge_table *table = NULL;
		struct error unopened = {0};
		if (versions->slots[slot].version < 0)
			break;
		code = open_slot(versions, slot, &table, &unopened);
		/* What is before a log's oldest checkpoint cannot be told any more. */
		if (code != 0 && code != ERROR_INTERNAL && versions->options.from < 0 &&
		    slot + 1 < versions->slot_count) {
			versions->base = slot + 1;
			return 0;
		}
		if (code != 0) {
			*error = unopened;
			return code;
		}
		code = list_slot(versions, slot, table, error);
		leave_slot(versions, slot, table);
	}
	return code;
}

/* ---- reading */

struct reading {
	struct versions *versions;
	struct state_builder *builder;
	struct digest_scratch *scratch;
	const struct versions_schema *schema; /* of the scratch */
	const int64_t *positions;
	bool timed;
};

static int take_row(void *context, uint64_t index, const struct row_digest *row, struct error *error)
{
	const struct reading *reading = context;
	bool same = reading->schema->same;
	if (row->key.size == 0)
		return 0; /* reconciling tells of it: row.null_key */
	struct fact fact = {.key = row->key,
			    .key_hash = fact_key_hash(row->key),
			    .kind = FACT_LAKE,
			    .flags = (row->deleted ? FACT_DELETED : 0U) | (row->current ? FACT_CURRENT : 0U) |
				     (reading->timed ? FACT_TIMED : 0U),
			    .time_lo_us = row->time_lo_us,
			    .time_hi_us = row->time_hi_us,
			    .record = (uint64_t)reading->positions[index],
			    .after = {.state = same ? STATE_IMAGE : STATE_PRESENT,
				      .row = same ? row->row : 0,
				      .expires_s = EXPIRES_NONE},
			    .before = {.expires_s = EXPIRES_NONE}};
	return state_builder_add(reading->builder, &fact, error);
}

static int read_batches(struct reading *reading, struct ArrowArrayStream *stream, struct state_source *source,
			struct error *error)
{
	struct ArrowSchema schema = {0};
	int code = stream->get_schema(stream, &schema);
	if (code != 0)
		return error_set(error, ERROR_DATA, "%s", stream->get_last_error(stream));
	while (code == 0) {
		struct ArrowArray batch = {0};
		if (stream->get_next(stream, &batch) != 0) {
			code = error_set(error, ERROR_DATA, "%s", stream->get_last_error(stream));
			break;
		}
		if (batch.release == NULL)
			break;
		const struct ArrowArray *last = batch.children[batch.n_children - 1];
		reading->positions = (const int64_t *)last->buffers[1] + last->offset + batch.offset;
		source->records += (uint64_t)batch.length;
		code = digest_batch(reading->scratch, &schema, &batch, take_row, reading, error);
		batch.release(&batch);
	}
	schema.release(&schema);
	return code;
}

static uint64_t fingerprint_of(const struct versions_schema *schema)
{
	uint64_t mapping = strstr(schema->json, "delta.columnMapping.physicalName") != NULL
				   ? XXH64(schema->json, strlen(schema->json), 0)
				   : 0;
	return digest_plan_fingerprint(schema->plan) ^ mapping ^ (schema->same ? UINT64_C(0) : UINT64_C(1)) ^
	       STORE_LAYOUT;
}

static int use_schema(struct reading *reading, const struct versions_schema *schema, struct error *error)
{
	if (reading->schema == schema)
		return 0;
	digest_scratch_free(reading->scratch);
	reading->scratch = digest_scratch_new(schema->plan);
	reading->schema = schema;
	return reading->scratch != NULL ? 0 : out_of_memory(error);
}

/* *gone: the file cannot be read any more, and `error` says why. */
static int read_file(struct reading *reading, struct versions_file *file, struct bridge_table *table, bool *gone,
		     struct error *error)
{
	struct versions *versions = reading->versions;
	uint64_t count;
	const char *const *columns = digest_plan_columns(reading->schema->plan, &count);
	struct ArrowArrayStream stream = {0};
	struct state_source source = {.kind = STATE_LAKE_FILE,
				      .group = versions->store_group,
				      .path = file->path,
				      .identity = file->identity,
				      .size_bytes = file->size,
				      .fingerprint = fingerprint_of(reading->schema)};
	int code = bridge_file_read(table, file->last_index, columns, count, BATCH_ROWS, true, &stream, error);
	if (code == ERROR_DATA || code == ERROR_IO) {
		*gone = true;
		return code;
	}
	if (code == 0)
		code = state_builder_begin(reading->builder, &source, error);
	if (code == 0) {
		code = read_batches(reading, &stream, &source, error);
		*gone = code == ERROR_DATA || code == ERROR_IO;
		source.complete = !*gone;
		source.facts = source.records;
		struct error unended = {0};
		int ended = state_builder_end(reading->builder, &source, &unended);
		if (ended != 0 && code == 0)
			*error = unended;
		code = code != 0 ? code : ended;
	}
	if (stream.release != NULL)
		stream.release(&stream);
	file->source = source.id;
	versions->files_read += code == 0;
	return code;
}

static uint32_t last_slot(const struct versions_file *file)
{
	return file->spans[0].end - 1;
}

static bool is_touched(const struct versions *versions, const struct versions_file *file)
{
	return file->spans[0].begin > versions->base || file->spans[0].end < versions->slot_count;
}

/* Of one slot, the files that stand in it and in no later one. *gone_at: beyond the slot in which one is gone. */
static int read_slot(struct reading *reading, uint32_t slot, struct error *error)
{
	struct versions *versions = reading->versions;
	struct bridge_table *table = NULL;
	const struct versions_schema *schema = versions->slots[slot].schema;
	int code = 0;
	for (uint64_t i = 0; i < versions->file_count && code == 0 && versions->base <= slot; i++) {
		struct versions_file *file = &versions->files[i];
		if (last_slot(file) != slot || !(versions->whole || is_touched(versions, file)))
			continue;
		struct error unread = {0};
		bool gone = schema->plan == NULL;
		const struct state_source *known = state_source(versions->store, file->source);
		file->needed = true;
		if (!gone && known != NULL && known->fingerprint == fingerprint_of(schema))
			continue;
		file->source = 0;
		if (table == NULL)
			code = open_slot(versions, slot, &table, error);
		if (code == 0 && !gone)
			code = use_schema(reading, schema, error);
		if (code == 0 && !gone)
			code = read_file(reading, file, table, &gone, &unread);
		if (gone && slot + 1 < versions->slot_count) {
			code = 0;
			versions->base = slot + 1;
			versions->files_gone++;
			versions->gone = arena_text(&versions->arena, "%s",
						    schema->plan == NULL ? schema->unlike : unread.message);
			if (versions->gone == NULL)
				code = out_of_memory(error);
		} else if (code != 0 && unread.code != 0) {
			*error = unread;
		}
	}
	if (table != NULL)
		leave_slot(versions, slot, table);
	return code;
}

/* What was read of them by an earlier run. */
static void meet_store(struct versions *versions)
{
	for (const struct state_source *source = state_source_next(versions->store, 0); source != NULL;
	     source = state_source_next(versions->store, source->id)) {
		struct versions_file *file = look_up(versions, source->identity);
		if (file != NULL && source->complete)
			file->source = source->id;
	}
}

static bool is_used(const struct versions *versions, const struct state_source *source)
{
	const struct versions_file *file = look_up(versions, source->identity);
	return file != NULL && file->source == source->id;
}

/* What no slot holds any more serves nothing. */
static int drop_stale(struct versions *versions, struct error *error)
{
	uint64_t count = 0;
	const struct state_source *source = NULL;
	while ((source = state_source_next(versions->store, source == NULL ? 0 : source->id)) != NULL)
		count += !is_used(versions, source);
	uint32_t *ids = calloc(count + 1, sizeof *ids);
	if (ids == NULL)
		return out_of_memory(error);
	count = 0;
	while ((source = state_source_next(versions->store, source == NULL ? 0 : source->id)) != NULL)
		if (!is_used(versions, source))
			ids[count++] = source->id;
	int code = count > 0 ? state_drop(versions->store, ids, count, error) : 0;
	free(ids);
	return code;
}

int versions_read(struct versions *versions, struct error *error)
{
	struct reading reading = {.versions = versions,
				  .timed = versions->run->contract->shape == SHAPE_HISTORY ||
					   versions->run->contract->shape == SHAPE_EVENTS};
	meet_store(versions);
	int code = state_builder_new(versions->store, versions->run->options.memory_max / 2, &reading.builder, error);
	for (uint32_t slot = versions->slot_count; slot-- > 0 && slot >= versions->base && code == 0;)
		if (versions->slots[slot].version >= 0)
			code = read_slot(&reading, slot, error);
	if (code == 0)
		code = state_builder_flush(reading.builder, error);
	state_builder_free(reading.builder);
	digest_scratch_free(reading.scratch);
	if (code == 0)
		code = drop_stale(versions, error);
	if (code == 0)
		code = state_fit_memory(versions->store, versions->run->options.memory_max / 2, error);
	return code;
}

void versions_release_files(struct versions *versions)
{
	for (uint32_t i = 0; i < versions->slot_count; i++)
		bridge_table_close(versions->slots[i].table);
	for (uint64_t i = 0; i < versions->file_count; i++)
		free(versions->files[i].spans);
	for (struct versions_schema *schema = versions->schemas; schema != NULL; schema = schema->next)
		digest_plan_free(schema->own);
	free(versions->slots);
	free(versions->files);
	free(versions->index);
	free(versions->by_source);
}
