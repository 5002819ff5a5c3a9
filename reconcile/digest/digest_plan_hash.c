#include "reconcile/contract/where.h"
#include "reconcile/digest/digest_hash.h"
#include "reconcile/digest/digest_plan.h"

/* What facts were made by, as one number: facts of another one are made anew. */
enum { PLAN_FORMAT = 3 };

uint64_t plan_mix_text(const char *text, uint64_t hash)
{
	return text == NULL ? hash_int(0, hash) : hash_slice(slice_from(text), hash_u64(strlen(text) + 1, hash));
}

static uint64_t mix_path(const struct plan_path *path, uint64_t hash)
{
	hash = hash_u64(path->count, hash);
	for (uint32_t name = 0; name < path->count; name++)
		hash = path->names[name].data != NULL
			       ? hash_slice(path->names[name], hash_u64(path->names[name].size, hash))
			       : hash_long(path->places[name], hash_u64(UINT64_MAX, hash));
	return hash;
}

/* The secret only through a step that cannot be turned back: fingerprints are written to disk. */
static uint64_t mix_secret(const char *secret, uint64_t hash)
{
	static const struct column_step step = {.kind = STEP_HMAC};
	struct step_text text = {.bytes = slice_from("fingerprint")};
	struct buffer out;
	if (secret == NULL)
		return hash_int(0, hash);
	buffer_init(&out, 4096);
	if (step_apply(&step, secret, NULL, &out, &text) == STEP_DONE)
		hash = hash_slice(text.bytes, hash);
	buffer_release(&out);
	return hash;
}

static uint64_t mix_rules(const struct plan_column *column, uint64_t hash)
{
	const struct contract_column *rules = column->rules;
	const int numbers[] = {(int)rules->form,         (int)rules->times,   (int)rules->overflow,
			       (int)rules->absent,       (int)rules->null,    (int)rules->empty_string,
			       (int)rules->empty,        (int)rules->compare, (int)rules->step_count,
			       (int)column->source_count};
	for (size_t index = 0; index < sizeof(numbers) / sizeof(numbers[0]); index++)
		hash = hash_int(numbers[index], hash);
	for (uint32_t index = 0; index < column->source_count; index++)
		hash = mix_path(&column->sources[index], hash);
	for (uint32_t index = 0; index < rules->step_count; index++) {
		const struct column_step *step = &rules->steps[index];
		hash = hash_long(step->length, hash_long(step->start, hash_int((int)step->kind, hash)));
		hash = plan_mix_text(step->text, hash);
	}
	hash = hash_int(column->snake.data != NULL, hash);
	return mix_secret(rules->secret, plan_mix_text(rules->constant, hash));
}

void plan_fingerprint(struct digest_plan *plan)
{
	const struct contract *contract = plan->contract;
	uint64_t hash = hash_int(PLAN_FORMAT, SPARK_SEED);
	for (uint32_t part = 0; part < contract->item_key_count; part++)
		hash = hash_int(contract->item_key[part].type, plan_mix_text(contract->item_key[part].attribute, hash));
	for (uint32_t part = 0; part < plan->key_count && plan->key_made; part++) {
		const struct plan_key *key = &plan->key[part];
		hash = hash_int(key->type, plan_mix_text(contract->lake_key[part].column, hash));
		hash = hash_u64(key->part, plan_mix_text(key->extract, hash));
	}
	hash = where_hash(contract->where, hash);
	/* Of a removal that cannot be told to be of this lake's item, the policy decides what the fact says. */
	hash = hash_int(contract->where != NULL ? (int)contract->ttl : 0, hash);
	hash = hash_int(plan->has_rows, hash);
	for (uint32_t index = 0; index < plan->column_count; index++) {
		const struct plan_column *column = &plan->columns[index];
		char text[COLUMN_TYPE_TEXT_MAX];
		hash = plan_mix_text(column->name, hash);
		hash = plan_mix_text(column_type_text(column->type, text, sizeof(text)), hash);
		hash = mix_rules(column, hash_int(column->unordered, hash));
	}
	hash = plan_mix_text(contract->deletes_column, hash);
	hash = plan_mix_shape(contract, hash);
	/* Which attributes count as unmapped is kept with each source. */
	for (uint32_t index = 0; index < contract->ignore_attribute_count; index++)
		hash = plan_mix_text(contract->ignore_attributes[index], hash);
	if (contract->retain.attribute != NULL)
		hash = hash_int((int)contract->retain.unit, plan_mix_text(contract->retain.attribute, hash));
	plan->fingerprint = plan_mix_text(contract->ttl_attribute, hash);
}
