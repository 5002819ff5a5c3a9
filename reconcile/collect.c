#include "reconcile/collect.h"

#include <stdlib.h>

#include "reconcile/digest/digest.h"

/* A max-heap of the keys kept for one id: its root is the first to go. */
struct heap {
	struct kept **entries;
	uint64_t count, capacity;
};

struct collect_worker {
	struct outcome_counts counts;
	uint64_t by_id[FINDING_COUNT], accepted[FINDING_COUNT];
	struct heap heaps[FINDING_COUNT];
	char pad[64]; /* workers count often: not on one cache line */
};

struct collect {
	uint32_t workers;
	uint64_t limit;
	struct collect_worker *worker;
	const struct kept **chosen;
	struct accept *accept; /* NULL: nothing is */
	const struct contract *contract;
};

struct collect *collect_new(uint32_t workers, uint64_t limit)
{
	struct collect *collect = calloc(1, sizeof *collect);
	if (collect == NULL)
		return NULL;
	collect->workers = workers;
	collect->limit = limit;
	collect->worker = calloc(workers, sizeof *collect->worker);
	if (collect->worker == NULL) {
		free(collect);
		return NULL;
	}
	return collect;
}

void collect_accept(struct collect *collect, struct accept *accept, const struct contract *contract)
{
	collect->accept = accept;
	collect->contract = contract;
}

void collect_accepted(const struct collect *collect, uint64_t accepted[FINDING_COUNT])
{
	for (uint32_t i = 0; i < collect->workers; i++)
		for (int id = 0; id < FINDING_COUNT; id++)
			accepted[id] += collect->worker[i].accepted[id];
}

static void kept_free(struct kept *kept)
{
	if (kept == NULL)
		return;
	free((void *)(uintptr_t)kept->judgement.key.data);
	free(kept);
}

void collect_free(struct collect *collect)
{
	if (collect == NULL)
		return;
	for (uint32_t i = 0; i < collect->workers; i++)
		for (int id = 0; id < FINDING_COUNT; id++) {
			struct heap *heap = &collect->worker[i].heaps[id];
			for (uint64_t j = 0; j < heap->count; j++)
				kept_free(heap->entries[j]);
			free(heap->entries);
		}
	free(collect->worker);
	free(collect->chosen);
	free(collect);
}

static int key_order(const struct judgement *a, const struct judgement *b)
{
	if (a->key_hash != b->key_hash)
		return a->key_hash < b->key_hash ? -1 : 1;
	return slice_compare(a->key, b->key);
}

static struct kept *kept_new(const struct judgement *judgement, enum finding_id id)
{
	struct kept *kept = malloc(sizeof *kept);
	char *key = malloc(judgement->key.size + 1);
	if (kept == NULL || key == NULL) {
		free(kept);
		free(key);
		return NULL;
	}
	memcpy(key, judgement->key.data, judgement->key.size);
	kept->judgement = *judgement;
	kept->judgement.key.data = key;
	kept->id = id;
	return kept;
}

static void sift_up(struct heap *heap, uint64_t at)
{
	while (at > 0) {
		uint64_t parent = (at - 1) / 2;
		if (key_order(&heap->entries[parent]->judgement, &heap->entries[at]->judgement) >= 0)
			return;
		struct kept *swap = heap->entries[parent];
		heap->entries[parent] = heap->entries[at];
		heap->entries[at] = swap;
		at = parent;
	}
}

static void sift_down(struct heap *heap)
{
	uint64_t at = 0;
	for (;;) {
		uint64_t child = 2 * at + 1;
		if (child >= heap->count)
			return;
		if (child + 1 < heap->count &&
		    key_order(&heap->entries[child + 1]->judgement, &heap->entries[child]->judgement) > 0)
			child++;
		if (key_order(&heap->entries[at]->judgement, &heap->entries[child]->judgement) >= 0)
			return;
		struct kept *swap = heap->entries[child];
		heap->entries[child] = heap->entries[at];
		heap->entries[at] = swap;
		at = child;
	}
}

static int out_of_memory(struct error *error)
{
	return error_set(error, ERROR_INTERNAL, "out of memory");
}

static int keep(struct heap *heap, uint64_t limit, const struct judgement *judgement, enum finding_id id,
		struct error *error)
{
	if (limit == 0)
		return 0;
	if (heap->count == limit && key_order(judgement, &heap->entries[0]->judgement) >= 0)
		return 0;
	struct kept *kept = kept_new(judgement, id);
	if (kept == NULL)
		return out_of_memory(error);
	if (heap->count == limit) {
		kept_free(heap->entries[0]);
		heap->entries[0] = kept;
		sift_down(heap);
		return 0;
	}
	if (heap->count == heap->capacity) {
		uint64_t capacity = heap->capacity == 0 ? 64 : heap->capacity * 2;
		struct kept **grown = realloc(heap->entries, capacity * sizeof(*grown));
		if (grown == NULL) {
			kept_free(kept);
			return out_of_memory(error);
		}
		heap->entries = grown;
		heap->capacity = capacity;
	}
	heap->entries[heap->count] = kept;
	sift_up(heap, heap->count++);
	return 0;
}

static int found(struct collect *collect, struct collect_worker *worker, enum finding_id id,
		 const struct judgement *judgement, struct error *error)
{
	bool accepted;
	worker->by_id[id]++;
	int code = accept_find(collect->accept, collect->contract, id, judgement, &accepted, error);
	if (code != 0)
		return code;
	if (accepted) {
		worker->accepted[id]++;
		return 0;
	}
	return keep(&worker->heaps[id], collect->limit, judgement, id, error);
}

static int found_row(struct collect *collect, struct collect_worker *worker, const struct judgement *judgement,
		     struct error *error)
{
	static const enum finding_id ids[] = {
		[ROW_DUPLICATE] = FINDING_ROW_DUPLICATE, [ROW_MISSING] = FINDING_ROW_MISSING,
		[ROW_ZOMBIE] = FINDING_ROW_ZOMBIE,       [ROW_ZOMBIE_TTL] = FINDING_ROW_ZOMBIE_TTL,
		[ROW_PHANTOM] = FINDING_ROW_PHANTOM,     [ROW_STALE] = FINDING_ROW_STALE,
		[ROW_DIFFERS] = FINDING_ROW_DIFFERS,     [HISTORY_CURRENT] = FINDING_HISTORY_CURRENT,
		[HISTORY_OVERLAP] = FINDING_HISTORY_OVERLAP, [HISTORY_MISSING] = FINDING_HISTORY_MISSING,
		[HISTORY_PHANTOM] = FINDING_HISTORY_PHANTOM, [HISTORY_DIFFERS] = FINDING_HISTORY_DIFFERS,
		[HISTORY_END] = FINDING_HISTORY_END};
	int code = found(collect, worker, ids[judgement->finding], judgement, error);
	bool lossy = judgement->expected.state == STATE_IMAGE && judgement->expected.flags != 0;
	if (code == 0 && lossy && judgement->lake_rows > 0)
		code = found(collect, worker, FINDING_VALUE_PRECISION_LOST, judgement, error);
	return code;
}

/* Evidence findings stand whatever the lake holds; which of them made the key unproven is in `unproven`. */
static int found_evidence(struct collect *collect, struct collect_worker *worker, const struct judgement *judgement,
			  struct error *error)
{
	static const struct {
		uint32_t reason;
		enum finding_id id;
	} by_reason[] = {{UNPROVEN_NOT_SETTLED, FINDING_NOT_SETTLED},
			 {UNPROVEN_AMBIGUOUS, FINDING_ORDER_AMBIGUOUS},
			 {UNPROVEN_IMAGE, FINDING_IMAGE_UNKNOWN},
			 {UNPROVEN_STATE, FINDING_STATE_UNKNOWN},
			 {UNPROVEN_HISTORY, FINDING_HISTORY_UNKNOWN}};
	/* That it may be the row of an item which gives no row's key is told with that item: key.unmatched. */
	uint32_t told = judgement->expected.state == STATE_ABSENT ? UNPROVEN_STATE : 0;
	int code = 0;
	/* What else is wrong with such a key is for want of telling its items apart. */
	if ((judgement->unproven & UNPROVEN_COLLISION) != 0)
		return found(collect, worker, FINDING_KEY_COLLISION, judgement, error);
	if (judgement->conflicts > 0)
		code = found(collect, worker, FINDING_STAMP_CONFLICT, judgement, error);
	if (code == 0 && judgement->chain_breaks > 0)
		code = found(collect, worker, FINDING_CHAIN_BROKEN, judgement, error);
	if (code == 0 && judgement->overlap)
		code = found(collect, worker,
			     judgement->capture_lost ? FINDING_CAPTURE_LOST : FINDING_OVERLAP_CONTRADICTION, judgement,
			     error);
	for (size_t i = 0; i < sizeof by_reason / sizeof by_reason[0] && code == 0; i++)
		if (collect_class(collect->contract, judgement) == CLASS_UNPROVEN &&
		    (judgement->unproven & by_reason[i].reason & ~told) != 0)
			code = found(collect, worker, by_reason[i].id, judgement, error);
	return code;
}

enum key_class collect_class(const struct contract *contract, const struct judgement *judgement)
{
	bool near = contract != NULL && contract->any_tolerance && judgement->unproven != 0 &&
		    judgement->class == CLASS_DIFFERENT &&
		    (judgement->finding == ROW_STALE || judgement->finding == ROW_DIFFERS);
	return near ? CLASS_UNPROVEN : judgement->class;
}

int collect_found(struct collect *collect, uint32_t worker, enum finding_id id, const struct judgement *judgement,
		  struct error *error)
{
	return found(collect, &collect->worker[worker], id, judgement, error);
}

int collect_visit(void *context, uint32_t index, const struct judgement *judgement, struct error *error)
{
	struct collect *collect = context;
	struct collect_worker *worker = &collect->worker[index];
	struct outcome_counts *counts = &worker->counts;
	enum key_class class = collect_class(collect->contract, judgement);
	int code = 0;
	counts->keys++;
	counts->expected += judgement->lake_expected == LAKE_ROW;
	counts->expected_by_export += judgement->lake_expected == LAKE_ROW && judgement->decided_by == DECIDED_SNAPSHOT;
	counts->deleted_by_change += judgement->expected.state == STATE_ABSENT && judgement->class != CLASS_NOTHING &&
				     judgement->decided_by == DECIDED_CHANGE;
	counts->actual += judgement->lake_rows - judgement->lake_rows_deleted;
	counts->soft_deleted += judgement->lake_rows_deleted;
	counts->closed += judgement->lake_rows_closed;
	counts->changes += judgement->changes;
	counts->duplicates += judgement->duplicates;
	if (collect->contract != NULL && collect->contract->retain.attribute != NULL &&
	    judgement->expected.state == STATE_IMAGE && judgement->expected.dated_s == DATED_NONE)
		code = found(collect, worker, FINDING_SCOPE_UNDATED, judgement, error);
	switch (class) {
	case CLASS_NOTHING:
		counts->nothing++;
		break;
	case CLASS_EQUAL:
		counts->equal++;
		counts->compared++;
		break;
	case CLASS_DELETED:
		counts->deleted++;
		break;
	case CLASS_DIFFERENT:
		counts->different++;
		counts->compared++;
		code = code != 0 ? code : found_row(collect, worker, judgement, error);
		break;
	case CLASS_UNPROVEN:
		counts->unproven++;
		for (uint32_t bit = 0; bit < REASON_COUNT; bit++)
			counts->unproven_by_reason[bit] += (judgement->unproven >> bit) & 1;
		break;
	case CLASS_OUT_OF_SCOPE:
		counts->out_of_scope++;
		break;
	}
	if (code == 0 && (judgement->unproven != 0 || judgement->conflicts > 0 || judgement->chain_breaks > 0))
		code = found_evidence(collect, worker, judgement, error);
	return code;
}

void outcome_counts_add(struct outcome_counts *sum, const struct outcome_counts *counts)
{
	sum->keys += counts->keys;
	sum->expected += counts->expected;
	sum->actual += counts->actual;
	sum->soft_deleted += counts->soft_deleted;
	sum->closed += counts->closed;
	sum->compared += counts->compared;
	sum->equal += counts->equal;
	sum->different += counts->different;
	sum->unproven += counts->unproven;
	sum->out_of_scope += counts->out_of_scope;
	sum->deleted += counts->deleted;
	sum->expected_by_export += counts->expected_by_export;
	sum->deleted_by_change += counts->deleted_by_change;
	sum->nothing += counts->nothing;
	sum->changes += counts->changes;
	sum->duplicates += counts->duplicates;
	for (int i = 0; i < REASON_COUNT; i++)
		sum->unproven_by_reason[i] += counts->unproven_by_reason[i];
}

static int kept_order(const void *left, const void *right)
{
	const struct kept *a = *(const struct kept *const *)left;
	const struct kept *b = *(const struct kept *const *)right;
	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	return key_order(&a->judgement, &b->judgement);
}

/* How many of each id are told: all if they fit, else every id gets the same, and what one leaves the others share. */
static void share_limit(const uint64_t available[FINDING_COUNT], uint64_t limit, uint64_t share[FINDING_COUNT])
{
	uint64_t left = limit;
	bool grew = true;
	memset(share, 0, FINDING_COUNT * sizeof share[0]);
	while (left > 0 && grew) {
		uint64_t wanting = 0;
		for (int id = 0; id < FINDING_COUNT; id++)
			wanting += share[id] < available[id];
		uint64_t each = wanting == 0 ? 0 : left / wanting;
		if (each == 0)
			each = 1;
		grew = false;
		for (int id = 0; id < FINDING_COUNT && left > 0; id++) {
			uint64_t more = available[id] - share[id];
			if (more > each)
				more = each;
			if (more > left)
				more = left;
			share[id] += more;
			left -= more;
			grew = grew || more > 0;
		}
	}
}

int collect_finish(struct collect *collect, struct outcome_counts *counts, uint64_t by_id[FINDING_COUNT],
		   const struct kept *const **kept, uint64_t *kept_count, struct error *error)
{
	uint64_t total = 0, chosen = 0, available[FINDING_COUNT] = {0}, share[FINDING_COUNT],
		 taken[FINDING_COUNT] = {0};
	for (uint32_t i = 0; i < collect->workers; i++) {
		outcome_counts_add(counts, &collect->worker[i].counts);
		for (int id = 0; id < FINDING_COUNT; id++) {
			by_id[id] += collect->worker[i].by_id[id];
			available[id] += collect->worker[i].heaps[id].count;
			total += collect->worker[i].heaps[id].count;
		}
	}
	share_limit(available, collect->limit, share);
	collect->chosen = calloc(total + 1, sizeof(*collect->chosen));
	if (collect->chosen == NULL)
		return out_of_memory(error);
	uint64_t all = 0;
	for (uint32_t i = 0; i < collect->workers; i++)
		for (int id = 0; id < FINDING_COUNT; id++)
			for (uint64_t j = 0; j < collect->worker[i].heaps[id].count; j++)
				collect->chosen[all++] = collect->worker[i].heaps[id].entries[j];
	qsort(collect->chosen, all, sizeof(*collect->chosen), kept_order);
	for (uint64_t i = 0; i < all; i++)
		if (taken[collect->chosen[i]->id]++ < share[collect->chosen[i]->id])
			collect->chosen[chosen++] = collect->chosen[i];
	*kept = collect->chosen;
	*kept_count = chosen;
	return 0;
}
