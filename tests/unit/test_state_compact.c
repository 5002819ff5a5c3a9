#include <sqlite3.h>
#include <sys/wait.h>

#include "reconcile/judge/merge.h"
#include "reconcile/state/state_internal.h"
#include "tests/support/failing_disk.h"
#include "tests/support/random_fact.h"
#include "tests/support/scratch.h"
#include "tests/tap.h"

enum { KEYS = 200, RUNS = 120, FACTS_EACH = 60, RUNS_KILLED = 17, LEVEL_SEGMENTS = 16 };

static void stop_on(int code, const struct error *error)
{
	if (code == 0)
		return;
	printf("Bail out! %s\n", error->message);
	exit(1);
}

static struct state *open_state(const char *folder)
{
	struct error error = {0};
	struct state *state;
	stop_on(state_open(folder, &state, &error), &error);
	return state;
}

/* One small file, in a segment of its own. */
static void add_file(struct state *state, int number, int facts)
{
	struct error error = {0};
	struct state_builder *builder;
	struct prng prng;
	char path[20];
	snprintf(path, sizeof(path), "file-%d", number);
	struct state_source source = {
		.kind = STATE_EVENTS_FILE, .group = 1, .path = path, .identity = "", .complete = true};
	prng_init(&prng, (uint64_t)number);
	stop_on(state_builder_new(state, 1 << 26, &builder, &error), &error);
	stop_on(state_builder_begin(builder, &source, &error), &error);
	for (int i = 0; i < facts; i++) {
		char key[48];
		struct fact fact = random_fact(&prng, KEYS, key);
		fact.record = (uint64_t)i;
		stop_on(state_builder_add(builder, &fact, &error), &error);
	}
	stop_on(state_builder_end(builder, &source, &error), &error);
	stop_on(state_builder_flush(builder, &error), &error);
	state_builder_free(builder);
}

/* ---- what a merge hands out, in its order */

struct digest {
	uint64_t facts, sum;
};

static int digest_fact(void *context, const struct fact *fact, struct error *error)
{
	struct digest *digest = context;
	(void)error;
	uint64_t words[] = {fact->source,	 fact->record,	     fact->offset, fact->key_hash,
			    fact->after.row,	 fact->after.item[0], fact->before.item[1],
			    fact->event_hash,	 fact->domain,	     (uint64_t)fact->time_lo_us,
			    (uint64_t)fact->kind};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		digest->sum = prng_mix(digest->sum + words[i]);
	digest->facts++;
	return 0;
}

static struct digest digest_state(struct state *state, uint32_t *segments)
{
	struct digest digest = {0};
	struct error error = {0};
	struct merge_plan plan;
	uint32_t ids[RUNS + 1];
	struct merge_options options = {.sources = ids, .workers = 1, .memory_max = 1 << 26};
	for (const struct state_source *source = state_source_next(state, 0); source != NULL;
	     source = state_source_next(state, source->id))
		ids[options.source_count++] = source->id;
	stop_on(merge_all_facts(state, &options, digest_fact, &digest, &error), &error);
	stop_on(merge_plan_make(state, &options, &plan, &error), &error);
	*segments = plan.segment_count;
	merge_plan_release(&plan);
	return digest;
}

static int64_t count(struct state *state, const char *sql)
{
	sqlite3_int64 number = -1;
	struct error error = {0};
	stop_on(state_number(state, sql, &number, &error), &error);
	return number;
}

/* Bytes of facts that no segment's source has: 0 when compaction leaves none behind. */
static bool tidy(struct state *state)
{
	return count(state, "SELECT count(*) FROM block_data WHERE id NOT IN (SELECT b.id FROM segment JOIN block b"
			    " ON b.id BETWEEN first_block AND first_block + blocks - 1)") == 0 &&
	       count(state, "SELECT count(*) FROM segment WHERE id NOT IN (SELECT segment FROM segment_source)") == 0;
}

/* ---- tests */

static uint32_t id_of(struct state *state, const char *path)
{
	const struct state_source *source = state_source_next(state, 0);
	while (source != NULL && strcmp(source->path, path) != 0)
		source = state_source_next(state, source->id);
	return source != NULL ? source->id : 0;
}

static void drop(struct state *state, int number)
{
	struct error error = {0};
	char path[20];
	snprintf(path, sizeof(path), "file-%d", number);
	uint32_t id = id_of(state, path);
	stop_on(state_drop(state, &id, 1, &error), &error);
}

/* The same files read in as many runs, and in one. */
static void many_runs_are_as_one(void)
{
	char many[SCRATCH_PATH_MAX], one[SCRATCH_PATH_MAX];
	uint32_t segments, most = 0;
	struct error error = {0};
	scratch_make(many);
	scratch_make(one);
	for (int i = 0; i < RUNS; i++) {
		struct state *state = open_state(many);
		add_file(state, i, i == 40 ? 9000 : FACTS_EACH);
		state_close(state);
	}
	struct state *state = open_state(one);
	for (int i = 0; i < RUNS; i++)
		add_file(state, i, i == 40 ? 9000 : FACTS_EACH);
	struct digest expected = digest_state(state, &most);
	struct state *grown = open_state(many);
	struct digest digest = digest_state(grown, &segments);
	is_int(most, RUNS, "each flush is a segment of its own");
	ok(digest.facts == expected.facts && digest.sum == expected.sum, "compacted segments hold the same facts");
	ok(segments < 2 * LEVEL_SEGMENTS, "in %u segments, not %d", segments, RUNS);
	ok(tidy(grown), "and nothing of the old ones is left");
	int dropped[] = {0, 40, 41, RUNS - 1};
	for (size_t i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++) {
		drop(state, dropped[i]);
		drop(grown, dropped[i]);
	}
	expected = digest_state(state, &most);
	digest = digest_state(grown, &segments);
	ok(digest.facts == expected.facts && digest.sum == expected.sum,
	   "sources are dropped from compacted segments as from any other");
	stop_on(state_fit_memory(state, 0, &error), &error);
	stop_on(state_fit_memory(grown, 0, &error), &error);
	digest = digest_state(grown, &segments);
	ok(digest.sum == expected.sum && segments <= LEVEL_SEGMENTS, "with little memory there are fewer (%u)",
	   segments);
	digest = digest_state(state, &segments);
	ok(digest.sum == expected.sum && segments <= LEVEL_SEGMENTS, "however many one run has left (%u)", segments);
	is_int(count(state, "SELECT sum(facts) FROM segment") == (int64_t)expected.facts, true,
	       "which hold no fact of what was dropped");
	ok(tidy(state) && tidy(grown), "and nothing else");
	state_close(state);
	state_close(grown);
	scratch_remove(many);
	scratch_remove(one);
}

static void make_segments(const char *folder)
{
	struct state *state = open_state(folder);
	for (int i = 0; i < RUNS_KILLED; i++)
		add_file(state, i, 300);
	state_close(state);
}

static void killed_while_compacting(void)
{
	char folder[SCRATCH_PATH_MAX];
	int kills = 0, compacted = 0, different = 0;
	uint32_t segments;
	struct digest expected = {0};
	for (long stop = 0;; stop++) {
		scratch_make(folder);
		make_segments(folder);
		pid_t child = fork();
		if (child == 0) {
			struct error error = {0};
			struct state *state;
			fault = stop == 0 ? FAULT_NONE : FAULT_KILL;
			writes_left = stop;
			_exit(state_open(folder, &state, &error) == 0 ? 0 : 1);
		}
		int status = -1;
		waitpid(child, &status, 0);
		struct state *state = open_state(folder);
		struct digest digest = digest_state(state, &segments);
		if (stop == 0)
			expected = digest;
		different += digest.sum != expected.sum || digest.facts != expected.facts || !tidy(state);
		compacted += segments == 1;
		state_close(state);
		scratch_remove(folder);
		if (!WIFEXITED(status) || (WEXITSTATUS(status) != 9 && WEXITSTATUS(status) != 0))
			different++;
		if (stop > 0 && WEXITSTATUS(status) == 0)
			break;
		kills += stop > 0;
	}
	ok(kills > 5, "compacting was killed at each of its %d writes", kills);
	is_int(different, 0, "the facts are all there");
	is_int(compacted, kills + 2, "and the next opening compacts them");
}

static void full_while_compacting(void)
{
	char folder[SCRATCH_PATH_MAX];
	struct error error = {0};
	struct state *state;
	uint32_t segments;
	scratch_make(folder);
	make_segments(folder);
	fault = FAULT_FULL;
	writes_left = 3;
	is_int(state_open(folder, &state, &error), ERROR_IO, "a disk that is full while compacting is an error");
	ok(strstr(error.message, "make room and run again, nothing is lost") != NULL, "it says: %s", error.message);
	fault = FAULT_NONE;
	state = open_state(folder);
	is_int(digest_state(state, &segments).facts, RUNS_KILLED * 300, "nothing is lost");
	state_close(state);
	scratch_remove(folder);
}

static void lost_facts_are_found(void)
{
	char folder[SCRATCH_PATH_MAX];
	struct error error = {0};
	scratch_make(folder);
	make_segments(folder);
	sqlite3 *database;
	char path[SCRATCH_PATH_MAX + 20];
	snprintf(path, sizeof(path), "%s/state.sqlite", folder);
	if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, state_pages()) != SQLITE_OK ||
	    sqlite3_exec(database, "UPDATE segment_source SET facts = 299 WHERE source = 3", NULL, NULL, NULL) !=
		    SQLITE_OK)
		abort();
	sqlite3_close(database);
	struct state *state;
	is_int(state_open(folder, &state, &error), ERROR_IO, "segments that do not hold what they should are an error");
	ok(strstr(error.message, "delete the folder") != NULL, "it says: %s", error.message);
	scratch_remove(folder);
}

int main(void)
{
	failing_disk_begin();
	many_runs_are_as_one();
	killed_while_compacting();
	full_while_compacting();
	lost_facts_are_found();
	return tap_done();
}
