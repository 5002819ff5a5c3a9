#include "reconcile/collect.h"

#include "base/prng.h"
#include "tests/tap.h"

static struct judgement different(uint64_t number, enum row_finding finding, char key[8])
{
	for (int i = 0; i < 8; i++)
		key[i] = (char)(number >> (8 * i));
	return (struct judgement){.key_hash = prng_mix(number),
				  .key = {key, 8},
				  .class = CLASS_DIFFERENT,
				  .finding = finding,
				  .lake_expected = LAKE_ROW,
				  .lake_rows = 1,
				  .expected = {.state = STATE_IMAGE}};
}

/* Feeds 900 stale, 90 missing and 10 zombie keys to workers in an order that depends on `seed`. */
static struct collect *fed(uint32_t workers, uint64_t limit, uint64_t seed)
{
	struct collect *collect = collect_new(workers, limit);
	struct error error;
	char key[8];
	for (uint64_t i = 0; i < 1000; i++) {
		uint64_t number = (i * 7 + seed * 13) % 1000;
		struct judgement judgement = different(number,
						       number < 900   ? ROW_STALE
						       : number < 990 ? ROW_MISSING
								      : ROW_ZOMBIE,
						       key);
		if (collect_visit(collect, (uint32_t)((i + seed) % workers), &judgement, &error) != 0)
			printf("# %s\n", error.message);
	}
	return collect;
}

static uint64_t digest(uint32_t workers, uint64_t limit, uint64_t seed, uint64_t by_kept[FINDING_COUNT],
		       uint64_t *kept_count)
{
	struct collect *collect = fed(workers, limit, seed);
	struct outcome_counts counts = {0};
	uint64_t by_id[FINDING_COUNT] = {0}, sum = 1;
	const struct kept *const *kept;
	struct error error;
	if (collect_finish(collect, &counts, by_id, &kept, kept_count, &error) != 0)
		return 0;
	memset(by_kept, 0, FINDING_COUNT * sizeof by_kept[0]);
	for (uint64_t i = 0; i < *kept_count; i++) {
		by_kept[kept[i]->id]++;
		sum = prng_mix(sum ^ kept[i]->judgement.key_hash ^ (uint64_t)kept[i]->id);
	}
	if (by_id[FINDING_ROW_STALE] != 900 || by_id[FINDING_ROW_MISSING] != 90 || by_id[FINDING_ROW_ZOMBIE] != 10 ||
	    counts.different != 1000 || counts.compared != 1000)
		sum = 0;
	collect_free(collect);
	return sum;
}

int main(void)
{
	uint64_t kept[FINDING_COUNT], count, other;
	uint64_t one = digest(1, 100, 1, kept, &count);
	ok(one != 0, "counts are complete whatever the limit");
	is_int(count, 100, "no more than the limit is kept");
	is_int(kept[FINDING_ROW_ZOMBIE], 10, "a rare finding is not crowded out");
	ok(kept[FINDING_ROW_MISSING] >= 40 && kept[FINDING_ROW_STALE] >= 40, "common ones share what is left");
	bool same = true;
	for (uint64_t seed = 1; seed < 20; seed++)
		for (uint32_t workers = 1; workers < 5; workers++)
			same = same && digest(workers, 100, seed, kept, &other) == one;
	ok(same, "the same findings are kept whatever the order and the number of workers");
	ok(digest(3, 0, 1, kept, &count) != 0 && count == 0, "a limit of 0 keeps none and counts all");
	ok(digest(3, 100000, 1, kept, &count) != 0 && count == 1000, "a large limit keeps all");
	return tap_done();
}
