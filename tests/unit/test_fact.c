#include "reconcile/state/fact.h"

#include "base/prng.h"
#include "tests/tap.h"

static struct fact change(uint8_t sequence)
{
	struct fact fact = {.key_hash = 7, .key = {"k", 1}, .kind = FACT_CHANGE, .has_sequence = true};
	fact.sequence[SEQUENCE_SIZE - 1] = sequence;
	return fact;
}

static bool comes_before(struct fact a, struct fact b)
{
	return fact_compare(&a, &b) < 0 && fact_compare(&b, &a) > 0 && fact_compare(&a, &a) == 0;
}

static void order_is_by_each_part_in_turn(void)
{
	struct fact a = change(1), b = change(1);
	a.source = 9;
	b.key_hash = 8;
	ok(comes_before(a, b), "the key's hash comes first");
	b = change(1);
	b.key.data = "l";
	ok(comes_before(a, b), "then the key's bytes");
	b.key = (struct slice){"ka", 2};
	ok(comes_before(a, b), "a key that is another's beginning comes first");
	b = change(1);
	b.kind = FACT_SNAPSHOT;
	ok(comes_before(b, a), "snapshot items come before changes");
	a.kind = FACT_LAKE;
	ok(comes_before(a, b), "lake rows come before snapshot items");
	a = change(1);
	a.source = 9;
	ok(comes_before(a, change(2)), "sequence numbers order changes, whatever their source");
	b = change(0);
	ok(comes_before(b, a), "sequence numbers are compared as numbers");
	b = change(0);
	b.has_sequence = false;
	b.time_lo_us = 5;
	ok(comes_before(b, change(0)), "a change without a sequence number comes before one with zero");
}

static void order_ends_with_what_tells_copies_apart(void)
{
	struct fact a = change(1), b = change(1);
	b.time_lo_us = 1;
	a.event_hash = UINT64_MAX;
	ok(comes_before(a, b), "then the time");
	b = change(1);
	a = change(1);
	b.event_hash = UINT64_C(1) << 63;
	a.event_hash = 1;
	a.source = 2;
	ok(comes_before(a, b), "then the event, unsigned");
	a = b = change(1);
	b.source = 1;
	a.record = 5;
	ok(comes_before(a, b), "then the source");
	b.source = 0;
	ok(comes_before(b, a), "then the record");
}

static void stamps_are_of_changes_only(void)
{
	struct fact a = {.kind = FACT_SNAPSHOT, .time_lo_us = 9, .source = 1}, b = a;
	b.time_lo_us = 3;
	ok(fact_compare(&a, &b) == 0, "a snapshot item's place does not depend on what only changes have");
}

static void order_is_total(void)
{
	struct prng prng;
	prng_init(&prng, 4);
	int wrong = 0;
	for (int i = 0; i < 20000; i++) {
		struct fact facts[3];
		for (int j = 0; j < 3; j++) {
			facts[j] = change((uint8_t)prng_below(&prng, 2));
			facts[j].kind = (enum fact_kind)prng_below(&prng, 3);
			facts[j].has_sequence = prng_chance(&prng, 1, 2);
			facts[j].time_lo_us = (int64_t)prng_below(&prng, 2);
			facts[j].source = (uint32_t)prng_below(&prng, 2);
		}
		if (fact_compare(&facts[0], &facts[1]) <= 0 && fact_compare(&facts[1], &facts[2]) <= 0)
			wrong += fact_compare(&facts[0], &facts[2]) > 0;
		wrong += (fact_compare(&facts[0], &facts[1]) < 0) != (fact_compare(&facts[1], &facts[0]) > 0);
	}
	is_int(wrong, 0, "the order is one: of any three facts, it never contradicts itself");
}

int main(void)
{
	is_int((int64_t)fact_key_hash((struct slice){"", 0}), (int64_t)UINT64_C(0xef46db3751d8e999),
	       "the hash of a key is XXH64 with seed 0");
	order_is_by_each_part_in_turn();
	order_ends_with_what_tells_copies_apart();
	stamps_are_of_changes_only();
	order_is_total();
	return tap_done();
}
