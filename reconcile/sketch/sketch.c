#include "reconcile/sketch/sketch.h"

#include "base/clock.h"
#include "base/schema.h"
#include "reconcile/contract/where.h"
#include "reconcile/digest/digest.h"
#include "reconcile/sketch/sketch_internal.h"

static int no_memory(struct error *error)
{
	return error_set(error, ERROR_INTERNAL, "out of memory for a contract");
}

/* ---- looking */

static int add_shapes(struct sketch *sketch, struct error *error)
{
	struct arena work;
	bool failed = false;
	arena_init(&work, (size_t)64 << 20);
	for (size_t i = 0; i < sketch->sample.record_count && !failed; i++) {
		const struct sample_record *record = &sketch->sample.records[i];
		failed = record->image != 0 &&
			 !shape_add(sketch->root, &sketch->arena, &work, record->tokens, record->image);
	}
	failed = failed || work.failed;
	arena_release(&work);
	return failed ? no_memory(error) : 0;
}

/* The same for each kind of item. */
static int add_kinds(struct sketch *sketch, struct error *error)
{
	struct arena work;
	bool failed = false;
	arena_init(&work, (size_t)64 << 20);
	for (uint32_t i = 0; i < sketch->kinds.count && !failed; i++)
		failed = (sketch->kinds.kind[i].shape = shape_new(&sketch->arena)) == NULL;
	for (size_t i = 0; i < sketch->sample.record_count && !failed; i++) {
		const struct sample_record *record = &sketch->sample.records[i];
		int kind = sketch_kind_of(&sketch->kinds, &sketch->key, record, &work);
		if (kind >= 0 && record->image != 0)
			failed = !shape_add(sketch->kinds.kind[kind].shape, &sketch->arena, &work, record->tokens,
					    record->image);
	}
	failed = failed || work.failed;
	arena_release(&work);
	return failed ? no_memory(error) : 0;
}

static int look(struct sketch *sketch, struct error *error)
{
	const struct sketch_options *options = sketch->options;
	int code = sample_init(&sketch->sample, options->record_max, options->source_count, error);
	for (uint32_t i = 0; i < options->source_count && code == 0; i++)
		code = sample_add(&sketch->sample, options->sources[i], error);
	if (code == 0 && sketch->sample.record_count == 0)
		code = error_set(error, ERROR_DATA, "no record could be read, so nothing is known of the table");
	if (code == 0 && (sketch->root = shape_new(&sketch->arena)) == NULL)
		code = no_memory(error);
	if (code == 0)
		code = add_shapes(sketch, error);
	if (code == 0)
		code = sketch_key_find(&sketch->sample, sketch->root, &sketch->key, error);
	if (code == 0)
		code = sketch_kinds_find(&sketch->sample, &sketch->key, &sketch->kinds, error);
	if (code == 0)
		code = add_kinds(sketch, error);
	if (code == 0 && options->lake != NULL)
		code = sketch_tables_open(options->lake, &sketch->arena, &sketch->tables, &sketch->table_count,
					  &sketch->several, error);
	return code == 0 ? sketch_lakes_make(sketch, error) : code;
}

/* ---- trying: what the contract as it is now says of the sample */

struct trial {
	struct sketch *sketch;
	struct sketch_lake *lake;
	const struct contract *contract;
	struct digest_scratch *scratch;
	struct arena work;
};

static int take_misfit(struct trial *trial, struct error *error)
{
	struct buffer why;
	buffer_init(&why, 65536);
	const char *column = digest_misfit(trial->scratch, &why);
	const struct sketch_lake *lake = trial->lake;
	int code = 0;
	for (uint32_t i = 0; column != NULL && i < lake->table->column_count; i++) {
		if (strcmp(lake->table->columns[i].name, column) != 0)
			continue;
		if (lake->misfits[i]++ == 0) {
			lake->misfit_texts[i] = arena_copy(&trial->sketch->arena, buffer_slice(&why)).data;
			code = lake->misfit_texts[i] != NULL ? 0 : no_memory(error);
		}
		break;
	}
	buffer_release(&why);
	return code;
}

static int try_record(struct trial *trial, const struct sample_record *record, struct error *error)
{
	struct image_digest digest;
	struct digest_fault fault;
	struct slice key, row_key;
	arena_reset(&trial->work);
	if (record->image == 0 ||
	    where_image(trial->contract->where, record->tokens, record->image, &trial->work) != WHERE_INSIDE)
		return 0;
	if (digest_key(trial->scratch, record->tokens, record->keys, &key, &fault) &&
	    !digest_row_key(trial->scratch, key, &row_key, &fault))
		trial->lake->keyless++;
	if (digest_image(trial->scratch, record->tokens, record->image, &digest, &fault) && digest.flags != 0)
		return take_misfit(trial, error);
	return digest_scratch_failed(trial->scratch) ? no_memory(error) : 0;
}

static int take_left(struct trial *trial, struct error *error)
{
	uint64_t count;
	struct sketch_lake *lake = trial->lake;
	const struct unmapped_attribute *left = digest_unmapped(trial->scratch, &count);
	lake->left = arena_array(&trial->sketch->arena, count + 1, sizeof *lake->left);
	if (lake->left == NULL)
		return no_memory(error);
	for (uint64_t i = 0; i < count; i++) {
		lake->left[i] = (struct sketch_left){arena_copy(&trial->sketch->arena, slice_from(left[i].name)).data,
						     left[i].count};
		if (lake->left[i].name == NULL)
			return no_memory(error);
	}
	lake->left_count = count;
	return 0;
}

static int try_lake(struct sketch *sketch, struct sketch_lake *lake, const struct contract *contract,
		    struct error *error)
{
	struct trial trial = {.sketch = sketch, .lake = lake, .contract = contract};
	struct digest_plan *plan = NULL;
	int code = digest_plan_new(contract, &lake->table->schema, &plan, error);
	if (code == ERROR_USAGE) {
		lake->broken = arena_text(&sketch->arena, "%s", error->message);
		return lake->broken != NULL ? 0 : no_memory(error);
	}
	if (code != 0)
		return code;
	arena_init(&trial.work, (size_t)64 << 20);
	trial.scratch = digest_scratch_new(plan);
	if (trial.scratch == NULL)
		code = no_memory(error);
	for (size_t i = 0; i < sketch->sample.record_count && code == 0; i++)
		code = try_record(&trial, &sketch->sample.records[i], error);
	if (code == 0)
		code = take_left(&trial, error);
	digest_scratch_free(trial.scratch);
	arena_release(&trial.work);
	digest_plan_free(plan);
	return code;
}

/* Loads the text: with `trying` also holds the sample to it. */
static int load(struct sketch *sketch, const struct buffer *yaml, bool trying, struct error *error)
{
	struct contract *contract = NULL;
	struct error why = {0};
	int code = contract_parse(sketch->options->output, buffer_slice(yaml), &contract, &why);
	if (code != 0)
		return error_set(error, code == ERROR_USAGE ? ERROR_INTERNAL : code,
				 "what was made of these sources does not load: %s", why.message);
	uint32_t next = 0;
	for (uint32_t i = 0; i < sketch->lake_count && code == 0 && trying; i++)
		if (sketch->lakes[i].broken == NULL)
			code = try_lake(sketch, &sketch->lakes[i], contract->lakes[next++], error);
	contract_free(contract);
	return code;
}

static void sum_up(const struct sketch *sketch, struct sketch_summary *summary)
{
	*summary = (struct sketch_summary){.records = sketch->sample.record_count};
	for (uint32_t i = 0; i < sketch->sample.source_count; i++)
		summary->unreadable += sketch->sample.sources[i].unreadable;
	for (uint32_t i = 0; i < sketch->lake_count; i++) {
		const struct sketch_lake *lake = &sketch->lakes[i];
		if (lake->broken != NULL)
			continue;
		summary->lakes++;
		summary->columns += lake->table->column_count;
		for (uint32_t j = 0; j < lake->table->column_count; j++) {
			summary->mapped += lake->matches[j].kind != MATCH_NONE && lake->matches[j].kind != MATCH_IGNORE;
			summary->ignored += lake->matches[j].kind == MATCH_IGNORE;
		}
	}
}

int sketch_write(const struct sketch_options *options, struct buffer *yaml, struct sketch_summary *summary,
		 struct error *error)
{
	struct sketch sketch = {.options = options, .now_us = clock_now_us()};
	struct buffer draft;
	buffer_init(&draft, SCHEMA_FILE_MAX);
	arena_init(&sketch.arena, (size_t)512 << 20);
	int code = look(&sketch, error);
	if (code == 0)
		code = sketch_text(&sketch, &draft, error);
	if (code == 0)
		code = load(&sketch, &draft, true, error);
	if (code == 0)
		code = sketch_text(&sketch, yaml, error);
	if (code == 0)
		code = load(&sketch, yaml, false, error);
	if (code == 0)
		sum_up(&sketch, summary);
	sketch_tables_release(sketch.tables, sketch.table_count);
	sample_release(&sketch.sample);
	arena_release(&sketch.arena);
	buffer_release(&draft);
	return code;
}
