/* simulated_table - a tiny table that lives through puts and deletes, and what exports and a stream tell of it.
 *
 * The truth for the model-based properties: it knows each key's state at each microsecond, and shares nothing with the
 * mergers. Records of a DynamoDB stream carry the second in which the commit fell, and its place; those of Kinesis the
 * millisecond only, and tables that are captured so see bursts of commits to one key. An export reads each key at a
 * moment of its own within its interval, as AWS promises no more. Header-only, for tests. */
#ifndef LAKEPROOF_TESTS_PROPERTY_SIMULATED_TABLE_H
#define LAKEPROOF_TESTS_PROPERTY_SIMULATED_TABLE_H

#include "base/prng.h"
#include "tests/property/notation.h"

enum { TABLE_KEYS = 12, TABLE_COMMITS_MAX = 400, TABLE_EXPORTS_MAX = 2, TABLE_LIFE_S = 2000 };

enum view { VIEW_BOTH, VIEW_NEW, VIEW_OLD, VIEW_KEYS, VIEW_COUNT };

struct commit {
	uint32_t key;
	int64_t time_us;
	char before, after; /* an image's letter, '-' absent */
};

struct simulated_table {
	struct commit commits[TABLE_COMMITS_MAX]; /* in order; every one changes something */
	uint32_t commit_count;
	uint32_t export_count;
	int64_t export_time[TABLE_EXPORTS_MAX];
	int64_t read_time[TABLE_EXPORTS_MAX][TABLE_KEYS]; /* when the export read that key */
	int64_t dump_end; /* the first export is a dump, read from its time to this one; 0: it is not */
	enum view view;
	bool kinesis;
};

/* How long the time is that a record names. */
static inline int64_t table_precision(const struct simulated_table *table)
{
	return table->kinesis ? 1000 : SECOND_US;
}

/* The key's state after every commit before `time`. */
static inline char table_state(const struct simulated_table *table, uint32_t key, int64_t time)
{
	char state = '-';
	for (uint32_t i = 0; i < table->commit_count && table->commits[i].time_us < time; i++)
		if (table->commits[i].key == key)
			state = table->commits[i].after;
	return state;
}

static inline char table_final(const struct simulated_table *table, uint32_t key)
{
	return table_state(table, key, INT64_MAX);
}

static inline bool last_of_its_key(const struct simulated_table *table, uint32_t commit)
{
	for (uint32_t i = commit + 1; i < table->commit_count; i++)
		if (table->commits[i].key == table->commits[commit].key)
			return false;
	return true;
}

/* Few images bring a key back to what it was, many let each be told from all others. */
static inline void table_live(struct simulated_table *table, struct prng *prng, enum view view, bool kinesis)
{
	memset(table, 0, sizeof *table);
	table->view = view;
	table->kinesis = kinesis;
	table->export_count = 1 + (uint32_t)prng_below(prng, TABLE_EXPORTS_MAX);
	for (uint32_t i = 0; i < table->export_count; i++) {
		int64_t earliest = i == 0 ? 300 : table->export_time[i - 1] / SECOND_US;
		table->export_time[i] = (earliest + (int64_t)prng_below(prng, 500)) * SECOND_US;
		for (uint32_t key = 0; key < TABLE_KEYS; key++)
			table->read_time[i][key] = table->export_time[i] - FUZZ_S * SECOND_US +
						   (int64_t)prng_below(prng, 2 * FUZZ_S * SECOND_US);
	}
	uint64_t images = prng_chance(prng, 1, 2) ? 3 : 26;
	char states[TABLE_KEYS];
	int64_t quiet[TABLE_KEYS];
	memset(states, '-', sizeof states);
	/* Most keys see their last commit round the newest export: what happens later would hide what went wrong there.
	 */
	for (uint32_t key = 0; key < TABLE_KEYS; key++)
		quiet[key] = prng_chance(prng, 1, 4) ? INT64_MAX
						     : table->export_time[table->export_count - 1] +
							       ((int64_t)prng_below(prng, 200) - 90) * SECOND_US;
	int64_t time = 0;
	uint32_t key = 0;
	while (table->commit_count < TABLE_COMMITS_MAX) {
		/* Half of a life falls into the four minutes round an export. */
		int64_t export = table->export_time[prng_below(prng, table->export_count)];
		bool near = time > export - 120 * SECOND_US && time < export + 120 * SECOND_US;
		bool burst = kinesis && prng_chance(prng, 1, 3);
		uint64_t pause = (near ? 2 : 30) * (uint64_t)SECOND_US;
		time += 1 + (int64_t)prng_below(prng, burst ? 800 : pause);
		if (time >= (TABLE_LIFE_S - 1) * (int64_t)SECOND_US)
			break;
		key = burst ? key : (uint32_t)prng_below(prng, TABLE_KEYS);
		char after = prng_chance(prng, 1, 4) ? '-' : (char)('a' + prng_below(prng, images));
		/* A put of what is there already writes no stream record. */
		if (after == states[key] || time > quiet[key])
			continue;
		table->commits[table->commit_count++] =
			(struct commit){.key = key, .time_us = time, .before = states[key], .after = after};
		states[key] = after;
	}
}

static inline struct fact_side side_of_letter(char letter, bool image_known)
{
	struct fact_side side = side_unknown();
	if (letter == '-')
		side.state = STATE_ABSENT;
	else if (image_known)
		side = side_image(letter);
	else
		side.state = STATE_PRESENT;
	return side;
}

static inline struct fact *table_record(const struct simulated_table *table, struct universe *universe, uint32_t commit,
					uint32_t domain)
{
	const struct commit *what = &table->commits[commit];
	struct fact *fact = universe_add(universe, FACT_CHANGE, what->key);
	fact->domain = domain;
	fact->has_sequence = !table->kinesis;
	if (table->kinesis) {
		/* Ids in an order that says nothing. */
		fact->event_hash = (commit + 1) * UINT64_C(0x9e3779b97f4a7c15);
	} else {
		fact->sequence[SEQUENCE_SIZE - 2] = (uint8_t)((commit + 1) >> 8);
		fact->sequence[SEQUENCE_SIZE - 1] = (uint8_t)(commit + 1);
	}
	fact->time_lo_us = what->time_us / table_precision(table) * table_precision(table);
	fact->time_hi_us = fact->time_lo_us + table_precision(table);
	fact->before = side_of_letter(what->before, table->view == VIEW_BOTH || table->view == VIEW_OLD);
	fact->after = side_of_letter(what->after, table->view == VIEW_BOTH || table->view == VIEW_NEW);
	return fact;
}

static inline void table_export(const struct simulated_table *table, struct universe *universe)
{
	struct scope *scope = &universe->scope;
	for (uint32_t i = 0; i < table->export_count; i++) {
		scope->exports[scope->export_count++] =
			(struct scope_export){.group = i + 1,
					      .lo = table->export_time[i] - FUZZ_S * SECOND_US,
					      .hi = table->export_time[i] + FUZZ_S * SECOND_US,
					      .from = table->export_time[i],
					      .to = table->export_time[i],
					      .complete = true};
		if (i == 0 && table->dump_end != 0) {
			struct scope_export *dump = &scope->exports[scope->export_count - 1];
			dump->lo = dump->from = table->export_time[0];
			dump->hi = dump->to = table->dump_end;
		}
		universe->groups[SOURCE_OF_EXPORT + 1 + i] = i + 1;
		for (uint32_t key = 0; key < TABLE_KEYS; key++) {
			char letter = table_state(table, key, table->read_time[i][key]);
			if (letter == '-')
				continue;
			struct fact *fact = universe_add(universe, FACT_SNAPSHOT, key);
			fact->source = SOURCE_OF_EXPORT + 1 + i;
			fact->after = side_image(letter);
		}
	}
}

static inline void table_window(struct universe *universe, uint32_t domain, int64_t lo, int64_t hi)
{
	struct scope *scope = &universe->scope;
	scope->domains[scope->domain_count++] = (struct scope_domain){.domain = domain, .lo = lo, .hi = hi};
	universe_derive(universe);
}

/* What an incremental export of the window says: of each key the net change, none of one that came and went. */
static inline void table_increment(const struct simulated_table *table, struct universe *universe, uint32_t domain,
				   int64_t from, int64_t to)
{
	for (uint32_t key = 0; key < TABLE_KEYS; key++) {
		const struct commit *last = NULL;
		for (uint32_t i = 0; i < table->commit_count && table->commits[i].time_us < to; i++)
			if (table->commits[i].key == key && table->commits[i].time_us >= from)
				last = &table->commits[i];
		char before = table_state(table, key, from);
		if (last == NULL || (before == '-' && last->after == '-'))
			continue;
		struct fact *fact = universe_add(universe, FACT_CHANGE, key);
		fact->domain = domain;
		fact->time_lo_us = last->time_us;
		fact->time_hi_us = last->time_us + 1;
		if (table->view == VIEW_BOTH || table->view == VIEW_OLD)
			fact->before = side_of_letter(before, true);
		fact->after = side_of_letter(last->after, true);
	}
}

/* A series of incremental exports, its windows between the times. */
static inline void table_series(const struct simulated_table *table, struct universe *universe, uint32_t domain,
				const int64_t *times, uint32_t count)
{
	struct scope *scope = &universe->scope;
	for (uint32_t i = 0; i + 1 < count; i++) {
		universe->nets[scope->net_count++] =
			(struct scope_net){.domain = domain, .lo = times[i], .hi = times[i + 1]};
		table_increment(table, universe, domain, times[i], times[i + 1]);
	}
	scope->domains[scope->domain_count++] =
		(struct scope_domain){.domain = domain, .kind = DOMAIN_NET, .lo = times[0], .hi = times[count - 1]};
	universe_derive(universe);
}

static inline void table_row(struct universe *universe, uint32_t key, char letter)
{
	struct fact *fact = universe_add(universe, FACT_LAKE, key);
	fact->after = side_image(letter);
	fact->after.item[0] = fact->after.item[1] = 0;
}

/* Whether a judgement expects that state, image included. */
static inline bool expects(const struct judgement *judgement, char letter)
{
	struct fact_side side = side_of_letter(letter, true);
	return judgement->expected.state == side.state && judgement->expected.item[0] == side.item[0] &&
	       judgement->expected.item[1] == side.item[1];
}

#endif
