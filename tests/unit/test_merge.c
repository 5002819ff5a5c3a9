#include "reconcile/judge/merge.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "reconcile/state/merge_stream.h"
#include "tests/support/random_fact.h"
#include "tests/support/scratch.h"
#include "tests/tap.h"

enum { FILES = 9, FACTS_EACH = 4000, WORKERS = 4, FACTS_MAX = FILES * FACTS_EACH };

static struct state *state;
static struct fact *all;
static char (*keys)[48];
static uint32_t ids[FILES];

static void stop_on(int code, const struct error *error)
{
	if (code == 0)
		return;
	printf("Bail out! %s\n", error->message);
	exit(1);
}

static int by_order(const void *left, const void *right)
{
	return fact_compare(left, right);
}

/* One file a call, in a segment of its own, or several. */
static uint32_t add_file(const struct fact *facts, size_t count, enum state_source_kind kind, const char *path)
{
	struct error error = {0};
	struct state_builder *builder;
	struct state_source source = {.kind = kind, .path = path, .identity = "", .group = 1, .complete = true};
	stop_on(state_builder_new(state, 0, &builder, &error), &error);
	stop_on(state_builder_begin(builder, &source, &error), &error);
	for (size_t i = 0; i < count; i++)
		stop_on(state_builder_add(builder, &facts[i], &error), &error);
	stop_on(state_builder_end(builder, &source, &error), &error);
	stop_on(state_builder_flush(builder, &error), &error);
	state_builder_free(builder);
	return source.id;
}

static void add_files(void)
{
	struct prng prng;
	prng_init(&prng, 3);
	for (int file = 0; file < FILES; file++) {
		struct fact *facts = all + file * FACTS_EACH;
		char path[20];
		snprintf(path, sizeof(path), "f%d", file);
		for (int i = 0; i < FACTS_EACH; i++) {
			facts[i] = random_fact(&prng, 3000, keys[file * FACTS_EACH + i]);
			facts[i].kind = (enum fact_kind)(file % 3);
			facts[i].domain = 1 + (uint32_t)file % 2;
			facts[i].record = (uint64_t)i;
		}
		ids[file] = add_file(facts, file == 4 ? 0 : FACTS_EACH, (enum state_source_kind)(3 - file % 3), path);
		for (int i = 0; i < FACTS_EACH; i++)
			facts[i].source = ids[file];
	}
}

/* ---- facts in order ---- */

struct expectation {
	const struct fact *facts;
	size_t at, count, wrong;
};

static int expect_fact(void *context, const struct fact *fact, struct error *error)
{
	struct expectation *expectation = context;
	(void)error;
	expectation->wrong += expectation->at >= expectation->count ||
			      fact_compare(fact, &expectation->facts[expectation->at]) != 0;
	expectation->at++;
	return 0;
}

/* The facts of the chosen files, sorted here. */
static size_t expected_facts(const uint32_t *chosen, uint64_t count, struct fact *facts)
{
	size_t total = 0;
	for (int file = 0; file < FILES; file++)
		for (uint64_t i = 0; i < count; i++)
			if (file != 4 && ids[file] == chosen[i]) {
				memcpy(facts + total, all + file * FACTS_EACH, FACTS_EACH * sizeof(*facts));
				total += FACTS_EACH;
			}
	qsort(facts, total, sizeof(*facts), by_order);
	return total;
}

static void all_facts_come_in_order(const uint32_t *chosen, uint64_t count, const char *name)
{
	struct error error = {0};
	struct fact *facts = calloc(FACTS_MAX, sizeof(*facts));
	struct merge_options options = {.sources = chosen, .source_count = count, .workers = 1, .memory_max = 1 << 26};
	struct expectation expectation = {.facts = facts};
	expectation.count = expected_facts(chosen, count, facts);
	stop_on(merge_all_facts(state, &options, expect_fact, &expectation, &error), &error);
	ok(expectation.wrong == 0 && expectation.at == expectation.count, "%s (%zu facts)", name, expectation.at);
	free(facts);
}

static void ranges_are_cut_anywhere(void)
{
	struct error error = {0};
	struct prng prng;
	struct merge_plan plan;
	struct merge_reader *reader;
	struct fact *facts = calloc(FACTS_MAX, sizeof(*facts));
	struct merge_options options = {.sources = ids, .source_count = FILES, .workers = 1};
	size_t count = expected_facts(ids, FILES, facts), wrong = 0;
	prng_init(&prng, 5);
	stop_on(merge_plan_make(state, &options, &plan, &error), &error);
	stop_on(merge_reader_new(&plan, &reader, &error), &error);
	for (int round = 0; round < 200; round++) {
		const struct fact *fact;
		/* Edges between facts, at facts, and ranges in which no segment, or one, has a fact. */
		uint64_t lo = round % 2 == 0 ? facts[prng_below(&prng, count)].key_hash : prng_next(&prng);
		uint64_t hi = lo + prng_below(&prng, round % 3 == 0 ? UINT64_C(1) << 50 : UINT64_MAX - lo);
		size_t at = 0;
		while (at < count && facts[at].key_hash < lo)
			at++;
		stop_on(merge_reader_begin(reader, lo, hi, &error), &error);
		for (;;) {
			stop_on(merge_reader_next(reader, &fact, &error), &error);
			if (fact == NULL)
				break;
			wrong += at >= count || fact_compare(fact, &facts[at]) != 0;
			at++;
		}
		wrong += at < count && facts[at].key_hash <= hi;
	}
	is_int((int64_t)wrong, 0, "a range gives the facts within it, wherever it is cut");
	merge_reader_free(reader);
	merge_plan_release(&plan);
	free(facts);
}

struct one_key {
	struct slice key;
	size_t count, wrong;
};

static int take_key_fact(void *context, const struct fact *fact, struct error *error)
{
	struct one_key *one = context;
	(void)error;
	one->wrong += !slice_equal(fact->key, one->key);
	one->count++;
	return 0;
}

static void one_key_is_found(void)
{
	struct error error = {0};
	struct merge_options options = {.sources = ids, .source_count = FILES, .workers = 1};
	size_t wrong = 0;
	for (int i = 0; i < 50; i++) {
		struct one_key one = {.key = all[i * 7].key};
		size_t count = 0;
		stop_on(merge_key_facts(state, &options, one.key, take_key_fact, &one, &error), &error);
		for (int j = 0; j < FACTS_MAX; j++)
			count += j / FACTS_EACH != 4 && slice_equal(all[j].key, one.key);
		wrong += one.wrong + (one.count != count);
	}
	is_int((int64_t)wrong, 0, "a key's facts are found without the others");
	struct one_key none = {.key = slice_from("no such key")};
	stop_on(merge_key_facts(state, &options, none.key, take_key_fact, &none, &error), &error);
	is_int((int64_t)none.count, 0, "an unknown key has none");
}

/* ---- judging ---- */

struct sums {
	uint64_t keys[WORKERS], sum[WORKERS];
	int fail_at;
};

static uint64_t mix_judgement(const struct judgement *judgement)
{
	uint64_t words[] = {judgement->key_hash,          judgement->expected.state,
			    judgement->expected.item[0],  judgement->class,
			    judgement->finding,           judgement->unproven,
			    judgement->changes,           judgement->duplicates,
			    judgement->lake_rows,         judgement->decided.source,
			    judgement->decided.record,    judgement->missed,
			    fact_key_hash(judgement->key)};
	uint64_t sum = 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		sum = prng_mix(sum + words[i]);
	return sum;
}

static int sum_judgement(void *context, uint32_t worker, const struct judgement *judgement, struct error *error)
{
	struct sums *sums = context;
	sums->keys[worker]++;
	sums->sum[worker] += mix_judgement(judgement);
	if (sums->fail_at > 0 && sums->keys[worker] == (uint64_t)sums->fail_at)
		return error_set(error, ERROR_DATA, "enough");
	return 0;
}

static struct scope scope = {
	.baseline = BASELINE_EMPTY, .has_lake = true, .settle_from_us = INT64_MAX};

static void workers_agree(void)
{
	uint64_t keys_of_one = 0, sum_of_one = 0;
	for (uint32_t workers = 1; workers <= WORKERS; workers++) {
		struct error error = {0};
		struct sums sums = {.fail_at = 0};
		uint64_t key_count = 0, sum = 0;
		struct merge_options options = {
			.sources = ids, .source_count = FILES, .workers = workers, .memory_max = (size_t)1 << 28};
		stop_on(merge_run(state, &scope, &options, sum_judgement, &sums, &error), &error);
		for (uint32_t i = 0; i < WORKERS; i++) {
			key_count += sums.keys[i];
			sum += sums.sum[i];
		}
		if (workers == 1) {
			keys_of_one = key_count;
			sum_of_one = sum;
			ok(key_count > 2900 && key_count <= 3000, "one worker judges every key once (%llu)",
			   (unsigned long long)key_count);
		} else {
			ok(key_count == keys_of_one && sum == sum_of_one, "%u workers say the same", workers);
		}
	}
}

static void errors_stop_all(void)
{
	struct error error = {0};
	struct sums sums = {.fail_at = 5};
	struct merge_options options = {
		.sources = ids, .source_count = FILES, .workers = 3, .memory_max = (size_t)1 << 28};
	is_int(merge_run(state, &scope, &options, sum_judgement, &sums, &error), ERROR_DATA,
	       "a visitor's error is returned");
	is_text(error.message, "enough", "with its message");
	options.source_count = 0;
	sums = (struct sums){.fail_at = 0};
	is_int(merge_run(state, &scope, &options, sum_judgement, &sums, &error), 0, "no sources are no error");
	is_int((int64_t)sums.keys[0], 0, "and no keys");
}

/* ---- hot keys ---- */

static int keep_judgement(void *context, uint32_t worker, const struct judgement *judgement, struct error *error)
{
	(void)worker;
	(void)error;
	*(struct judgement *)context = *judgement;
	return 0;
}

static long resident_kb(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

/* A million changes of one key, by several files whose sequence numbers interleave. */
static void hot_keys_take_no_memory(void)
{
	enum { PARTS = 4, CHANGES = 250000 };
	struct error error = {0};
	struct judgement judgement = {0};
	uint32_t hot[PARTS];
	for (uint32_t part = 0; part < PARTS; part++) {
		struct state_builder *builder;
		struct state_source source = {
			.kind = STATE_EVENTS_FILE, .path = "hot", .identity = "", .complete = true};
		stop_on(state_builder_new(state, 1 << 22, &builder, &error), &error);
		stop_on(state_builder_begin(builder, &source, &error), &error);
		for (uint32_t i = 0; i < CHANGES; i++) {
			struct fact fact = {
				.kind = FACT_CHANGE, .key = {"hot", 3}, .record = i, .domain = 1, .has_sequence = true};
			uint32_t sequence = i * PARTS + part;
			fact.key_hash = fact_key_hash(fact.key);
			for (int byte = 0; byte < 4; byte++)
				fact.sequence[SEQUENCE_SIZE - 1 - byte] = (uint8_t)(sequence >> 8 * byte);
			fact.time_lo_us = (int64_t)(sequence / 100) * 1000000;
			fact.time_hi_us = fact.time_lo_us + 1000000;
			fact.after = (struct fact_side){STATE_IMAGE, 0, {sequence + 1, 1}, sequence + 1, EXPIRES_NONE,
							DATED_NONE};
			fact.before = (struct fact_side){STATE_IMAGE, 0, {sequence, 1}, sequence, EXPIRES_NONE,
							DATED_NONE};
			if (sequence == 0)
				fact.before = (struct fact_side){.state = STATE_ABSENT, .expires_s = EXPIRES_NONE};
			stop_on(state_builder_add(builder, &fact, &error), &error);
		}
		stop_on(state_builder_end(builder, &source, &error), &error);
		stop_on(state_builder_flush(builder, &error), &error);
		state_builder_free(builder);
		hot[part] = source.id;
	}
	struct merge_options options = {
		.sources = hot, .source_count = PARTS, .workers = 2, .memory_max = (size_t)1 << 28};
	long before = resident_kb();
	stop_on(merge_run(state, &scope, &options, keep_judgement, &judgement, &error), &error);
	long grown = resident_kb() - before;
	is_int(judgement.changes, PARTS * CHANGES, "a million changes of one key are judged");
	is_int(judgement.chain_breaks, 0, "as one unbroken chain");
	is_int((int64_t)judgement.expected.row, PARTS * CHANGES, "to the last image");
	/* Blocks of some tens of segments for two workers, and the judges. */
	ok(grown < 24 * 1024, "in memory that has nothing to do with their number: %ld KB", grown);
}

int main(void)
{
	char folder[SCRATCH_PATH_MAX];
	struct error error = {0};
	all = calloc(FACTS_MAX, sizeof(*all));
	keys = calloc(FACTS_MAX, sizeof(*keys));
	scratch_make(folder);
	if (all == NULL || keys == NULL)
		return 1;
	stop_on(state_open(folder, &state, &error), &error);
	add_files();
	all_facts_come_in_order(ids, FILES, "facts of all files come in fact order");
	uint32_t some[] = {ids[7], ids[2], ids[5]};
	all_facts_come_in_order(some, 3, "facts of chosen files do, without the others");
	all_facts_come_in_order(&ids[4], 1, "an empty file has none");
	ranges_are_cut_anywhere();
	one_key_is_found();
	workers_agree();
	errors_stop_all();
	hot_keys_take_no_memory();
	state_close(state);
	scratch_remove(folder);
	free(all);
	free(keys);
	return tap_done();
}
