#include "reconcile/judge/merge.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "reconcile/state/merge_stream.h"

enum { WORKERS_MAX = 256, RANGES_PER_WORKER = 8, BLOCKS_PER_RANGE = 4 };

struct merging {
	const struct merge_plan *plan;
	const struct scope *scope;
	merge_visit visit;
	void *context;
	uint32_t range_count;
	uint64_t hash_max;
	_Atomic uint32_t range_next;
	atomic_bool stop;
};

struct worker {
	struct merging *merging;
	uint32_t number;
	pthread_t thread;
	struct merge_reader *reader;
	struct judge *judge;
	struct slice key; /* of the key being judged */
	uint64_t key_hash;
	char key_bytes[SEGMENT_KEY_MAX];
	int code;
	struct error error;
};

/* ---- one range */

static int finish_key(struct worker *worker)
{
	const struct judgement *judgement = judge_end(worker->judge);
	return worker->merging->visit(worker->merging->context, worker->number, judgement, &worker->error);
}

static void begin_key(struct worker *worker, const struct fact *fact)
{
	memcpy(worker->key_bytes, fact->key.data, fact->key.size);
	worker->key = (struct slice){worker->key_bytes, fact->key.size};
	worker->key_hash = fact->key_hash;
	judge_begin(worker->judge);
}

static int judge_range(struct worker *worker, uint64_t lo, uint64_t hi)
{
	const struct fact *fact;
	bool has_key = false;
	int code = merge_reader_begin(worker->reader, lo, hi, &worker->error);
	while (code == 0) {
		code = merge_reader_next(worker->reader, &fact, &worker->error);
		if (code != 0 || fact == NULL)
			break;
		if (!has_key || fact->key_hash != worker->key_hash || !slice_equal(fact->key, worker->key)) {
			if (has_key)
				code = finish_key(worker);
			begin_key(worker, fact);
			has_key = true;
		}
		judge_fact(worker->judge, fact);
	}
	if (code == 0 && has_key)
		code = finish_key(worker);
	return code;
}

/* ---- workers */

/* Where a range begins: ranges are of equal width, and hashes spread evenly. */
static uint64_t range_begin(const struct merging *merging, uint32_t range)
{
	return merging->hash_max / merging->range_count * range;
}

static void *work(void *argument)
{
	struct worker *worker = argument;
	struct merging *merging = worker->merging;
	worker->code = merge_reader_new(merging->plan, &worker->reader, &worker->error);
	if (worker->code == 0) {
		worker->judge = judge_new(merging->scope, merging->plan->groups);
		if (worker->judge == NULL)
			worker->code = error_set(&worker->error, ERROR_INTERNAL, "out of memory");
	}
	while (worker->code == 0 && !atomic_load(&merging->stop)) {
		uint32_t range = atomic_fetch_add(&merging->range_next, 1), count = merging->range_count;
		if (range >= count)
			break;
		uint64_t hi = range + 1 == count ? merging->hash_max : range_begin(merging, range + 1) - 1;
		worker->code = judge_range(worker, range_begin(merging, range), hi);
	}
	if (worker->code != 0)
		atomic_store(&merging->stop, true);
	judge_free(worker->judge);
	merge_reader_free(worker->reader);
	return NULL;
}

/* As many as asked for and as memory allows, but one at least. */
static uint32_t count_workers(const struct merge_plan *plan, const struct merge_options *options)
{
	size_t each = merge_plan_reader_bytes(plan) + 1;
	uint64_t workers = options->workers < 1 ? 1 : options->workers;
	if (workers > WORKERS_MAX)
		workers = WORKERS_MAX;
	if (workers > options->memory_max / each)
		workers = options->memory_max / each;
	return workers < 1 ? 1 : (uint32_t)workers;
}

/* Enough ranges for workers to end together; few enough that blocks cut by a range's edge are few. */
static uint32_t count_ranges(const struct merge_plan *plan, uint32_t workers)
{
	if (workers == 1)
		return 1;
	uint64_t most = plan->block_count / ((uint64_t)plan->segment_count * BLOCKS_PER_RANGE + 1);
	uint64_t ranges = (uint64_t)workers * RANGES_PER_WORKER;
	if (ranges > most)
		ranges = most;
	return ranges < workers ? workers : (uint32_t)ranges;
}

static int run_workers(struct merging *merging, uint32_t count, struct error *error)
{
	struct worker *workers = calloc(count, sizeof(*workers));
	if (workers == NULL)
		return error_set(error, ERROR_INTERNAL, "out of memory");
	uint32_t started = 1;
	for (uint32_t i = 0; i < count; i++) {
		workers[i].merging = merging;
		workers[i].number = i;
	}
	while (started < count && pthread_create(&workers[started].thread, NULL, work, &workers[started]) == 0)
		started++;
	work(&workers[0]);
	int code = workers[0].code;
	if (code != 0)
		*error = workers[0].error;
	for (uint32_t i = 1; i < started; i++) {
		pthread_join(workers[i].thread, NULL);
		if (workers[i].code != 0 && code == 0) {
			code = workers[i].code;
			*error = workers[i].error;
		}
	}
	free(workers);
	return code;
}

int merge_run(struct state *state, const struct scope *scope, const struct merge_options *options, merge_visit visit,
	      void *context, struct error *error)
{
	struct merge_plan plan;
	int code = merge_plan_make(state, options, &plan, error);
	if (code == 0 && plan.block_count > 0) {
		uint32_t workers = count_workers(&plan, options);
		struct merging merging = {.plan = &plan, .scope = scope, .visit = visit, .context = context};
		merging.range_count = count_ranges(&plan, workers);
		merging.hash_max = options->hash_max != 0 ? options->hash_max : UINT64_MAX;
		code = run_workers(&merging, workers, error);
	}
	merge_plan_release(&plan);
	return code;
}

/* ---- facts without a judge */

static int each_fact(struct state *state, const struct merge_options *options, uint64_t lo, uint64_t hi,
		     const struct slice *key, int (*each)(void *context, const struct fact *fact, struct error *error),
		     void *context, struct error *error)
{
	struct merge_plan plan;
	struct merge_reader *reader = NULL;
	const struct fact *fact;
	int code = merge_plan_make(state, options, &plan, error);
	if (code == 0)
		code = merge_reader_new(&plan, &reader, error);
	if (code == 0)
		code = merge_reader_begin(reader, lo, hi, error);
	while (code == 0) {
		code = merge_reader_next(reader, &fact, error);
		if (code != 0 || fact == NULL)
			break;
		if (key == NULL || slice_equal(fact->key, *key))
			code = each(context, fact, error);
	}
	merge_reader_free(reader);
	merge_plan_release(&plan);
	return code;
}

int merge_key_facts(struct state *state, const struct merge_options *options, struct slice key,
		    int (*each)(void *context, const struct fact *fact, struct error *error), void *context,
		    struct error *error)
{
	uint64_t hash = fact_key_hash(key);
	return each_fact(state, options, hash, hash, &key, each, context, error);
}

int merge_all_facts(struct state *state, const struct merge_options *options,
		    int (*each)(void *context, const struct fact *fact, struct error *error), void *context,
		    struct error *error)
{
	return each_fact(state, options, 0, UINT64_MAX, NULL, each, context, error);
}
