#include "scenarios/pipelines/embedded/merge.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "scenarios/pipelines/embedded/commit.h"
#include "scenarios/pipelines/embedded/csv.h"
#include "scenarios/pipelines/embedded/moment.h"
#include "scenarios/pipelines/embedded/planted.h"

enum { FILE_ROWS = 25000, RECORD_MAX = 16 << 20, RACE_US = 150000 };
#define FILE_SIZE_MAX ((size_t)4 << 30)
#define TOMBSTONE_US INT64_C(120000000)

/* A record's text. It is kept, and parsed again when it is to be applied. */
struct text {
	struct slice bytes;
	struct text *next;
};

/* The newest change of a key so far in this batch. */
struct candidate {
	struct stamp stamp;
	struct slice text;
	struct text *also; /* older versions that a bug writes too */
	size_t file;
	bool wins;    /* it is to be applied: it beats the guard too */
	bool removes; /* it is a delete */
	bool stays;   /* the present row is not to be deleted */
};

struct batch {
	struct pipeline *pipeline;
	const struct merge *merge;
	struct commit commit;
	struct keymap keys;
	struct keymap rows;           /* keys of the table when the batch began; only for bugs that ask for them */
	struct candidate *candidates; /* by the key's number */
	size_t capacity;
	struct arena texts;
	struct buffer key;
	size_t file; /* being read */
	uint64_t records, file_records;
	bool given_up;   /* by the bug handler-raises */
	bool file_ended; /* by the bug poison-ends-file */
};

static bool has(const struct batch *batch, enum bug bug)
{
	return bugs_has(batch->pipeline->bugs, bug);
}

static const char *path_of(const struct batch *batch)
{
	return batch->merge->files[batch->file].path;
}

/* Wholly before the newest export: the export's item, or its absence, already says more. */
static bool is_settled(const struct pipeline *pipeline, const struct stamp *stamp)
{
	int64_t export_time = pipeline->guard.export_time_us;
	int64_t fuzz = bugs_has(pipeline->bugs, BUG_SCAN_IS_A_SNAPSHOT) ? -pipeline->fuzz_us : pipeline->fuzz_us;
	return export_time != INT64_MIN && stamp->time_us + stamp->precision_us <= export_time - fuzz;
}

static bool row_is_there(const struct batch *batch, struct slice key)
{
	size_t number;
	return keymap_find(&batch->rows, key, &number);
}

/* ---- the newest change of each key */

static bool copy_text(struct batch *batch, struct slice text, struct slice *copy)
{
	char *bytes = arena_alloc(&batch->texts, text.size + JSON_PADDING);
	if (bytes == NULL)
		return false;
	memcpy(bytes, text.data, text.size);
	memset(bytes + text.size, 0, JSON_PADDING);
	*copy = (struct slice){bytes, text.size};
	return true;
}

static int no_memory(struct error *error)
{
	return error_set(error, ERROR_INTERNAL, "out of memory for a batch; use --batch 1");
}

/* The candidate of the key, which starts as what the guard knows. */
static int find_candidate(struct batch *batch, struct slice key, struct candidate **candidate, struct error *error)
{
	size_t number;
	bool added;
	int code = keymap_add(&batch->keys, key, &number, &added, error);
	if (code != 0)
		return code;
	if (batch->capacity < batch->keys.capacity) {
		struct candidate *grown = realloc(batch->candidates, batch->keys.capacity * sizeof(*grown));
		if (grown == NULL)
			return no_memory(error);
		batch->candidates = grown;
		batch->capacity = batch->keys.capacity;
	}
	*candidate = &batch->candidates[number];
	if (!added)
		return 0;
	const struct guard_entry *entry = guard_find(&batch->pipeline->guard, key);
	**candidate = (struct candidate){.file = SIZE_MAX};
	bool expired = entry != NULL && entry->removed && has(batch, BUG_TOMBSTONES_EXPIRE) &&
		       batch->pipeline->now_us - entry->stamp.time_us > TOMBSTONE_US;
	if (entry != NULL && !expired) {
		(*candidate)->stamp = entry->stamp;
		(*candidate)->removes = entry->removed;
	}
	return 0;
}

static bool is_new(const struct candidate *candidate)
{
	return !candidate->wins && candidate->stamp.precision_us == 0;
}

/* One instant holds a delete and a put only when the item was made anew. Only records without sequence numbers, whose
 * times are in microseconds, have to be told apart so. */
static bool recreates(const struct change *change, const struct candidate *candidate)
{
	const struct stamp *stamp = &change->stamp, *other = &candidate->stamp;
	return stamp->digits == 0 && other->digits == 0 && stamp->precision_us == 1 &&
	       stamp->time_us == other->time_us && change->remove != candidate->removes;
}

/* Whether the change is newer than the candidate, in the eyes of the bugs. */
static bool supersedes(const struct batch *batch, const struct change *change, const struct candidate *candidate)
{
	bool in_batch = candidate->wins;
	if (is_new(candidate))
		return true;
	if (has(batch, BUG_FIRST_OF_BATCH_WINS) && in_batch)
		return false;
	if (has(batch, BUG_DELETES_LAST) && in_batch && candidate->removes != change->remove)
		return change->remove;
	if (has(batch, BUG_DELETE_WITHOUT_TIME) && change->remove)
		return true;
	if (has(batch, BUG_FILE_ORDER_WINS) && candidate->file != batch->file)
		return true;
	if (recreates(change, candidate))
		return !change->remove;
	return stamp_supersedes(&change->stamp, &candidate->stamp, batch->pipeline->bugs);
}

/* Whether a bug writes the older version, too, that the change has beaten or tied with. */
static bool keeps_older(const struct batch *batch, const struct candidate *candidate, const struct change *change,
			struct slice key)
{
	if (!candidate->wins || candidate->removes || change->remove)
		return false;
	if (has(batch, BUG_RANK_KEEPS_TIES) && candidate->stamp.time_us == change->stamp.time_us)
		return true;
	return has(batch, BUG_FIRST_WRITE_DUPLICATES) && !row_is_there(batch, key);
}

static int keep_candidate(struct batch *batch, struct slice key, const struct change *change, struct slice text,
			  struct error *error)
{
	struct candidate *candidate;
	struct slice copy;
	struct text *also = NULL;
	int code = find_candidate(batch, key, &candidate, error);
	if (code != 0)
		return code;
	bool newer = supersedes(batch, change, candidate);
	bool appended = !newer && has(batch, BUG_INSERTS_APPENDED) && change->insert;
	if (!newer && !appended) {
		batch->pipeline->superseded++;
		return 0;
	}
	if (!copy_text(batch, text, &copy))
		return no_memory(error);
	bool older = newer && keeps_older(batch, candidate, change, key);
	if (older || appended) {
		also = arena_alloc(&batch->texts, sizeof(*also));
		if (also == NULL)
			return no_memory(error);
		*also = (struct text){older ? candidate->text : copy, candidate->also};
		candidate->also = also;
	} else if (has(batch, BUG_RANK_KEEPS_TIES)) {
		candidate->also = NULL;
	}
	if (appended)
		return 0;
	candidate->stamp = change->stamp;
	candidate->text = copy;
	candidate->file = batch->file;
	candidate->wins = true;
	candidate->removes = change->remove;
	return 0;
}

/* ---- reading */

static int append_change(struct batch *batch, const struct json_token *tokens, const struct change *change);

/* The bug stray-export-as-data: an export's line is an insert of now. */
static bool take_stray(const struct batch *batch, const struct json_token *tokens, uint32_t root, struct change *change)
{
	uint32_t item = tokens[root].type == JSON_OBJECT ? json_member(tokens, root, "Item") : 0;
	if (item == 0 || tokens[item].type != JSON_OBJECT || !has(batch, BUG_STRAY_EXPORT_AS_DATA))
		return false;
	*change = (struct change){.insert = true, .keys = item, .new_image = item};
	change->stamp.time_us = batch->pipeline->now_us;
	change->stamp.precision_us = 1;
	return true;
}

static bool parse_change(const struct batch *batch, const struct json_token *tokens, uint32_t root, size_t size,
			 struct change *change, const char **reason)
{
	*reason = "the record is larger than 16 MB";
	if (size > RECORD_MAX)
		return false;
	if (!change_parse(batch->merge->format, tokens, root, change, reason) &&
	    !take_stray(batch, tokens, root, change))
		return false;
	planted_alter(batch->pipeline, tokens, change);
	return true;
}

/* The key, left in the batch's buffer; an image has it as well, or it is no item. */
static bool has_keys(struct batch *batch, const struct json_token *tokens, const struct change *change)
{
	const struct lake *lake = &batch->pipeline->lake;
	uint32_t parts = pipeline_key_parts(batch->pipeline);
	return (change->new_image == 0 || lake_key(tokens, change->new_image, lake, lake->key_count, &batch->key)) &&
	       lake_key(tokens, change->keys, lake, parts, &batch->key);
}

static int refuse(struct batch *batch, size_t offset, const char *reason, struct error *error)
{
	batch->file_ended = has(batch, BUG_POISON_ENDS_FILE);
	return pipeline_set_aside(batch->pipeline, path_of(batch), offset, reason, error);
}

static int take_record(void *context, const struct json_token *tokens, uint32_t root, size_t offset, struct slice text,
		       struct error *error)
{
	struct batch *batch = context;
	struct pipeline *pipeline = batch->pipeline;
	struct change change;
	const char *reason;
	size_t number;
	batch->records++;
	batch->file_records++;
	pipeline->records++;
	if (batch->file_ended)
		return 0;
	if (!parse_change(batch, tokens, root, text.size, &change, &reason))
		return refuse(batch, offset, reason, error);
	if (!has_keys(batch, tokens, &change))
		return refuse(batch, offset, "a key attribute is missing", error);
	struct slice key = buffer_slice(&batch->key);
	struct planted_view view = {
		tokens, root,      batch->merge->format,     path_of(batch),
		key,    text.size, row_is_there(batch, key), keymap_find(&batch->keys, key, &number)};
	batch->given_up = batch->given_up || (has(batch, BUG_HANDLER_RAISES) && planted_raises(tokens, root));
	if (planted_loses(pipeline, &view, &change) || !lake_takes(tokens, change.keys, &pipeline->lake))
		return 0;
	if (is_settled(pipeline, &change.stamp)) {
		pipeline->superseded++;
		return 0;
	}
	if (has(batch, BUG_APPEND_ONLY))
		return append_change(batch, tokens, &change);
	return keep_candidate(batch, key, &change, text, error);
}

static int set_aside(void *context, const char *path, size_t offset, const char *reason, struct error *error)
{
	struct batch *batch = context;
	batch->records++;
	batch->file_records++;
	return pipeline_set_aside(batch->pipeline, path, offset, reason, error);
}

static int walk_file(struct batch *batch, struct slice bytes, struct error *error)
{
	struct pipeline *pipeline = batch->pipeline;
	struct landing_sink sink = {batch, take_record, set_aside};
	if (batch->merge->format == CHANGE_DMS)
		return csv_walk(path_of(batch), bytes, &pipeline->lake, pipeline->parser, &sink, error);
	return landing_walk(path_of(batch), bytes, pipeline->parser, pipeline->bugs, &sink, error);
}

static int read_file(struct batch *batch, struct error *error)
{
	const struct landing_file *file = &batch->merge->files[batch->file];
	struct buffer bytes;
	buffer_init(&bytes, FILE_SIZE_MAX);
	batch->file_records = 0;
	batch->file_ended = false;
	int code = landing_read(file, batch->pipeline->bugs, &bytes, error);
	if (code == ERROR_DATA && has(batch, BUG_FAILED_PAGE_SKIPPED))
		code = 0;
	else if (code == 0)
		code = walk_file(batch, buffer_slice(&bytes), error);
	buffer_release(&bytes);
	if (code == 0 && file->items >= 0 && file->items != (int64_t)batch->file_records &&
	    !has(batch, BUG_COUNTS_UNCHECKED))
		code = error_set(error, ERROR_DATA,
				 "\"%s\" has %" PRIu64 " records where the manifest says %" PRId64 "; fetch it again",
				 file->path, batch->file_records, file->items);
	return code;
}

/* ---- applying */

/* The row that the change leaves behind, if any. */
static int append_change(struct batch *batch, const struct json_token *tokens, const struct change *change)
{
	struct pipeline *pipeline = batch->pipeline;
	struct lake *lake = &pipeline->lake;
	batch->pipeline->changes++;
	if (!change->remove) {
		uint32_t fallback = has(batch, BUG_REMOVED_ATTRIBUTE_SURVIVES) ? change->old_image : 0;
		const struct guard_entry *entry = guard_find(&pipeline->guard, buffer_slice(&batch->key));
		bool deleted = has(batch, BUG_REINSERT_STAYS_DELETED) && entry != NULL && entry->removed;
		lake_append(lake, tokens, change->new_image, fallback, deleted, &change->stamp);
	} else if (change->by_ttl && pipeline->ttl_keep) {
		if (change->old_image != 0)
			lake_append(lake, tokens, change->old_image, 0, false, &change->stamp);
	} else if (lake->deleted_column != NULL) {
		uint32_t last = change->old_image != 0 ? change->old_image : change->keys;
		lake_append(lake, tokens, last, 0, true, &change->stamp);
	}
	return 0;
}

/* Keys whose present row must go: those with a winner, but for a TTL removal that leaves the row as it is. */
static bool is_changed(void *context, struct slice key)
{
	struct batch *batch = context;
	size_t number;
	if (!keymap_find(&batch->keys, key, &number) || !batch->candidates[number].wins)
		return false;
	if (has(batch, BUG_NO_LOCK) && !row_is_there(batch, key))
		return false;
	return !batch->candidates[number].stays;
}

static int remember(struct batch *batch, struct slice key, const struct change *change, struct error *error)
{
	struct guard_entry entry = {.stamp = change->stamp,
				    .has_stamp = true,
				    .removed = change->remove,
				    .kept = change->by_ttl && batch->pipeline->ttl_keep};
	if (change->remove && has(batch, BUG_TOMBSTONES_FORGOTTEN))
		entry.has_stamp = false;
	if (change->remove && has(batch, BUG_DELETE_BEFORE_ROW_FORGOTTEN) && !row_is_there(batch, key))
		entry.has_stamp = false;
	return commit_remember(&batch->commit, key, &entry, error);
}

/* The bug moved-row-stays: MERGE does not find the row when the first attribute, which it compares too, has changed. */
static bool has_moved(const struct batch *batch, const struct json_token *tokens, const struct change *change)
{
	const struct lake *lake = &batch->pipeline->lake;
	const char *name = lake->columns[lake->key_count < lake->column_count ? lake->key_count : 0].path[0];
	uint32_t before = change->old_image == 0 ? 0 : json_member(tokens, change->old_image, name);
	uint32_t after = change->new_image == 0 ? 0 : json_member(tokens, change->new_image, name);
	if (!has(batch, BUG_MOVED_ROW_STAYS) || before == 0 || after == 0)
		return false;
	return tokens[before].count == 1 && tokens[after].count == 1 &&
	       !slice_equal(json_text(&tokens[before + 2]), json_text(&tokens[after + 2]));
}

static int parse_again(struct batch *batch, struct slice text, const struct json_token **tokens, struct change *change,
		       struct error *error)
{
	size_t count;
	struct json_failure failure;
	const char *reason;
	if (json_parse(batch->pipeline->parser, text, tokens, &count, &failure) &&
	    parse_change(batch, *tokens, 0, text.size, change, &reason))
		return 0;
	return error_set(error, ERROR_INTERNAL, "a record could be read once but not twice");
}

static int apply_older(struct batch *batch, const struct text *text, struct error *error)
{
	int code = 0;
	for (; code == 0 && text != NULL; text = text->next) {
		const struct json_token *tokens;
		struct change change;
		code = parse_again(batch, text->bytes, &tokens, &change, error);
		if (code == 0)
			code = append_change(batch, tokens, &change);
	}
	return code;
}

static int apply_winner(struct batch *batch, size_t number, struct error *error)
{
	struct candidate *candidate = &batch->candidates[number];
	const struct json_token *tokens;
	struct change change;
	batch->key.size = 0;
	buffer_append_slice(&batch->key, batch->keys.keys[number]);
	int code = parse_again(batch, candidate->text, &tokens, &change, error);
	if (code == 0)
		code = remember(batch, batch->keys.keys[number], &change, error);
	if (code == 0)
		code = append_change(batch, tokens, &change);
	/* Without an old image there is nothing to write a kept row from: the present one stays. */
	candidate->stays = (change.by_ttl && batch->pipeline->ttl_keep && change.old_image == 0) ||
			   has_moved(batch, tokens, &change);
	return code;
}

static int apply_winners(struct batch *batch, struct error *error)
{
	struct pipeline *pipeline = batch->pipeline;
	int code = 0;
	for (size_t i = 0; code == 0 && i < batch->keys.count; i++) {
		if (batch->candidates[i].wins)
			code = apply_winner(batch, i, error);
		if (code == 0)
			code = apply_older(batch, batch->candidates[i].also, error);
		if (code == 0 && column_length(pipeline->lake.root) >= FILE_ROWS)
			code = commit_flush(pipeline, &batch->commit, error);
	}
	return code;
}

/* ---- one commit */

static int begin(struct batch *batch, struct error *error)
{
	struct pipeline *pipeline = batch->pipeline;
	int code = 0;
	if (planted_needs_rows(pipeline->bugs))
		code = commit_rows(pipeline, &batch->rows, error);
	if (code == 0 && has(batch, BUG_NO_LOCK)) {
		/* What another instance commits meanwhile is not seen: the state was read before. */
		usleep(RACE_US);
		code = pipeline_lock(pipeline, error);
	}
	return code == 0 ? commit_begin(pipeline, &batch->commit, error) : code;
}

static int write_batch(struct batch *batch, struct error *error)
{
	struct pipeline *pipeline = batch->pipeline;
	uint64_t deleted = 0;
	int code = apply_winners(batch, error);
	if (code == 0 && batch->keys.count > 0 && !pipeline->fresh_start)
		code = commit_delete(pipeline, &batch->commit, is_changed, batch, &deleted, error);
	for (size_t i = 0; code == 0 && i < batch->merge->window_count; i++)
		code = commit_remember_window(&batch->commit, &batch->merge->windows[i], error);
	if (code == 0)
		code = commit_finish(pipeline, &batch->commit, "MERGE", error);
	if (code == 0)
		pipeline_say(pipeline,
			     "commit %" PRId64 ": %zu files, %" PRIu64 " records, %zu keys, %" PRIu64
			     " rows replaced or deleted",
			     pipeline->batch, batch->merge->count, batch->records, batch->keys.count, deleted);
	return code;
}

static int run(struct batch *batch, struct error *error)
{
	struct pipeline *pipeline = batch->pipeline;
	int code = begin(batch, error);
	for (batch->file = 0; code == 0 && batch->file < batch->merge->count; batch->file++)
		if (!planted_ignores_file(pipeline, pipeline_name(pipeline, path_of(batch))))
			code = read_file(batch, error);
	moment_reach("after-read");
	if (code == 0 && batch->given_up)
		return checkpoint_write(&pipeline->applied, error);
	return code == 0 ? write_batch(batch, error) : code;
}

int merge_apply(struct pipeline *pipeline, const struct merge *merge, struct error *error)
{
	struct batch batch = {.pipeline = pipeline, .merge = merge};
	keymap_init(&batch.keys);
	keymap_init(&batch.rows);
	arena_init(&batch.texts, SIZE_MAX / 2);
	buffer_init(&batch.key, 1 << 20);
	pipeline->lake.plain = change_is_plain(merge->format);
	int code = run(&batch, error);
	pipeline->lake.plain = false;
	commit_abandon(pipeline, &batch.commit);
	keymap_release(&batch.keys);
	keymap_release(&batch.rows);
	arena_release(&batch.texts);
	buffer_release(&batch.key);
	free(batch.candidates);
	return code;
}
