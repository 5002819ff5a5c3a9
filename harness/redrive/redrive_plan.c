#include "harness/redrive/redrive_plan.h"

#include <pthread.h>
#include <stdlib.h>

#include "reconcile/collect.h"

const char *redrive_left_text(enum redrive_left left)
{
	static const char *const texts[LEFT_COUNT] = {
		[LEFT_AGREES] = "no longer differ",
		[LEFT_UNPROVEN] = "are not proven: what they should be is not known",
		[LEFT_DUPLICATE] = "are in the lake more than once: no change takes one row of several away; delete "
				   "them there, then redrive",
		[LEFT_PHANTOM] = "are known to no source, so there is no change of them to tell: find out what wrote "
				 "them, and delete them there",
		[LEFT_HISTORY] = "are of versions or events, which a change told again does not bring back",
		[LEFT_KEPT] = "were removed by TTL and should have kept their rows: no removal brings a row back",
		[LEFT_KEY] = "have a key of which the item's cannot be made again",
		[LEFT_SEQUENCE] = "have no sequence number where they are known from, and the format needs one",
		[LEFT_TIME] = "are known to a second only, and the format orders by less",
		[LEFT_IMAGE] = "have an image that the view or the source leaves out",
		[LEFT_CARRIED] = "come from files that this format cannot carry",
		[LEFT_UNREADABLE] = "have a record that is not where it was merged from",
	};
	return texts[left];
}

void redrive_plan_init(struct redrive_plan *plan)
{
	*plan = (struct redrive_plan){.count = 0};
	arena_init(&plan->arena, (size_t)8 << 30);
}

void redrive_plan_release(struct redrive_plan *plan)
{
	free(plan->keys);
	arena_release(&plan->arena);
}

int redrive_plan_add(struct redrive_plan *plan, struct run *run, enum finding_id id, struct slice key_json,
		     struct error *error)
{
	if (id > FINDING_ROW_DIFFERS && (id < FINDING_HISTORY_CURRENT || id > FINDING_HISTORY_END)) {
		plan->others++;
		return 0;
	}
	if (plan->count == plan->capacity) {
		uint64_t capacity = plan->capacity == 0 ? 256 : plan->capacity * 2;
		struct redrive_key *grown = realloc(plan->keys, capacity * sizeof *grown);
		if (grown == NULL)
			return error_set(error, ERROR_INTERNAL, "out of memory");
		plan->keys = grown;
		plan->capacity = capacity;
	}
	const char *json = arena_copy(&plan->arena, key_json).data;
	if (json == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	plan->keys[plan->count++] = (struct redrive_key){.run = run, .id = id, .json = json, .arn = ""};
	return 0;
}

static int by_key(const void *left, const void *right)
{
	const struct redrive_key *a = left, *b = right;
	if (a->run != b->run)
		return a->run < b->run ? -1 : 1;
	return strcmp(a->json, b->json);
}

static int by_place(const void *left, const void *right)
{
	const struct redrive_key *a = left, *b = right;
	if (a->decided.source != b->decided.source)
		return a->decided.source < b->decided.source ? -1 : 1;
	if (a->decided.record != b->decided.record)
		return a->decided.record < b->decided.record ? -1 : 1;
	return by_key(a, b);
}

/* Several findings may be of one key. */
static void sort_keys(struct redrive_plan *plan)
{
	uint64_t kept = 0;
	if (plan->count == 0)
		return;
	qsort(plan->keys, plan->count, sizeof *plan->keys, by_key);
	for (uint64_t i = 1; i < plan->count; i++)
		if (by_key(&plan->keys[kept], &plan->keys[i]) != 0)
			plan->keys[++kept] = plan->keys[i];
	plan->count = kept + 1;
}

/* ---- judging */

struct judging {
	struct redrive_plan *plan;
	struct run *run;
	pthread_mutex_t mutex; /* of all below, and of the plan's arena */
	struct buffer json;
};

static void leave(struct redrive_key *key, enum redrive_left left)
{
	key->how = REDRIVE_NOTHING;
	key->left = left;
}

static void decide_absent(struct redrive_key *key, const struct judgement *judgement)
{
	if (judgement->lake_expected == LAKE_ROW)
		leave(key, LEFT_KEPT);
	else if (judgement->decided_by == DECIDED_CHANGE && judgement->decided.source != 0)
		key->how = REDRIVE_AGAIN;
	else if (judgement->decided_by == DECIDED_SNAPSHOT && judgement->decided.source != 0)
		key->how = REDRIVE_ITEM; /* of a lake that takes some items: what it is now is elsewhere */
	else if (judgement->decided_by == DECIDED_SNAPSHOT && judgement->finding != ROW_PHANTOM)
		key->how = REDRIVE_ABSENCE;
	else
		leave(key, LEFT_PHANTOM);
}

static void decide(struct redrive_key *key, const struct judgement *judgement, enum key_class class)
{
	if (class == CLASS_UNPROVEN || (class == CLASS_DIFFERENT && judgement->unproven != 0))
		leave(key, LEFT_UNPROVEN);
	else if (class != CLASS_DIFFERENT)
		leave(key, LEFT_AGREES);
	else if (judgement->finding == ROW_DUPLICATE)
		leave(key, LEFT_DUPLICATE);
	else if (judgement->finding == ROW_PHANTOM)
		leave(key, LEFT_PHANTOM);
	else if (judgement->finding > ROW_DIFFERS || key->run->contract->shape != SHAPE_STATE)
		leave(key, LEFT_HISTORY);
	else if (judgement->expected.state == STATE_ABSENT)
		decide_absent(key, judgement);
	else if (judgement->decided.source == 0 || judgement->expected.state != STATE_IMAGE)
		leave(key, LEFT_IMAGE);
	else
		key->how = judgement->decided_by == DECIDED_CHANGE ? REDRIVE_AGAIN : REDRIVE_ITEM;
	key->decided = judgement->decided;
}

static int keep(struct judging *judging, const struct judgement *judgement, enum key_class class, struct error *error)
{
	struct redrive_plan *plan = judging->plan;
	judging->json.size = 0;
	if (key_append_json(judging->run->contract, judgement->key, &judging->json) != 0 ||
	    buffer_append_byte(&judging->json, '\0') != 0)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	struct redrive_key wanted = {.run = judging->run, .json = judging->json.data};
	struct redrive_key *key = bsearch(&wanted, plan->keys, plan->count, sizeof wanted, by_key);
	if (key == NULL)
		return 0;
	key->key = arena_copy(&plan->arena, judgement->key);
	if (key->key.data == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	decide(key, judgement, class);
	return 0;
}

static int visit(void *context, uint32_t worker, const struct judgement *judgement, struct error *error)
{
	struct judging *judging = context;
	enum key_class class = collect_class(judging->run->contract, judgement);
	(void)worker;
	if (class != CLASS_DIFFERENT && class != CLASS_UNPROVEN)
		return 0;
	pthread_mutex_lock(&judging->mutex);
	int code = keep(judging, judgement, class, error);
	pthread_mutex_unlock(&judging->mutex);
	return code;
}

/* ---- what a change of one's own making must be newer than */

static bool is_newer(const struct fact *a, const struct fact *b)
{
	if (a->has_sequence && b->has_sequence && a->domain == b->domain)
		return memcmp(a->sequence, b->sequence, SEQUENCE_SIZE) > 0;
	return a->time_lo_us > b->time_lo_us;
}

static int take_fact(void *context, const struct fact *fact, struct error *error)
{
	struct redrive_key *key = context;
	(void)error;
	if (fact->kind == FACT_CHANGE && (!key->has_newest || is_newer(fact, &key->newest))) {
		key->has_newest = true;
		key->newest = *fact;
	}
	if (fact->kind != FACT_CHANGE || !fact->has_sequence)
		return 0;
	if (!key->has_sequence || memcmp(fact->sequence, key->sequence, SEQUENCE_SIZE) > 0) {
		uint32_t group;
		const char *arn = state_domain_arn(key->run->state, fact->domain, &group);
		memcpy(key->sequence, fact->sequence, SEQUENCE_SIZE);
		key->arn = arn != NULL && strncmp(arn, "arn:", 4) == 0 ? arn : "";
	}
	key->has_sequence = true;
	return 0;
}

/* The time of the snapshot that decides: of the file it stands in, or the newest when it is an absence. */
static int64_t snapshot_time(const struct run *run, const struct fact_origin *decided)
{
	const struct state_source *source = decided->source != 0 ? state_source(run->state, decided->source) : NULL;
	int64_t time = INT64_MIN;
	for (uint32_t i = 0; i < run->export_count; i++) {
		const struct export *export = run->exports[i].export;
		bool own = source != NULL && run->exports[i].group == source->group;
		int64_t at = export->incremental ? export->to_us : export->export_time_us;
		if (own)
			return at;
		time = source == NULL && at > time ? at : time;
	}
	for (uint32_t i = 0; i < run->contract->source_count; i++) {
		const struct contract_source *dump = &run->contract->sources[i];
		if (contract_is_dump(dump) && source != NULL && run->source_groups[i] == source->group)
			return dump->has_to ? dump->to_us : dump->from_us;
		if (contract_is_dump(dump) && source == NULL && dump->has_to && dump->to_us > time)
			time = dump->to_us;
	}
	return time;
}

static bool is_of_snapshot(const struct redrive_key *key)
{
	const struct state_source *source = state_source(key->run->state, key->decided.source);
	return key->how == REDRIVE_ITEM || key->how == REDRIVE_ABSENCE ||
	       (source != NULL && source->kind == STATE_EXPORT_FILE);
}

/* The removal that an export proves was captured: a second one of what is gone would break the chain of images. An item
 * that it proves is told by the export all the same, as whoever has loaded that passes over what is older. */
static void prefer_change(struct redrive_key *key)
{
	const struct fact *newest = &key->newest;
	if (key->how != REDRIVE_ABSENCE || !key->has_newest || (newest->flags & FACT_DAMAGED) != 0 ||
	    newest->after.state != STATE_ABSENT)
		return;
	key->how = REDRIVE_AGAIN;
	key->decided = (struct fact_origin){newest->source, newest->record, newest->offset};
}

static int add_stamps(struct redrive_plan *plan, struct error *error)
{
	for (uint64_t i = 0; i < plan->count; i++) {
		struct redrive_key *key = &plan->keys[i];
		struct merge_options merge = run_merge_options(key->run);
		if (key->how == REDRIVE_NOTHING)
			continue;
		key->snapshot_us = snapshot_time(key->run, &key->decided);
		if (is_of_snapshot(key) &&
		    merge_key_facts(key->run->state, &merge, key->key, take_fact, key, error) != 0)
			return error->code;
		prefer_change(key);
		if (key->how == REDRIVE_ABSENCE && key->run->contract->lake_key_count > 0)
			leave(key, LEFT_KEY);
	}
	return 0;
}

int redrive_plan_judge(struct redrive_plan *plan, struct run *chain, struct error *error)
{
	struct judging judging = {.plan = plan};
	int code = 0;
	sort_keys(plan);
	buffer_init(&judging.json, (size_t)1 << 20);
	pthread_mutex_init(&judging.mutex, NULL);
	for (struct run *run = chain; run != NULL && code == 0 && plan->count > 0; run = run->next) {
		if (run->is_unrouted)
			continue;
		judging.run = run;
		code = run_judge(run, visit, &judging, error);
	}
	if (code == 0)
		code = add_stamps(plan, error);
	if (code == 0 && plan->count > 0)
		qsort(plan->keys, plan->count, sizeof *plan->keys, by_place);
	pthread_mutex_destroy(&judging.mutex);
	buffer_release(&judging.json);
	return code;
}
